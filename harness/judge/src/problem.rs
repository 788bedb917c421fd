//! A mistake in one of the files people review: rules, expectations, differences, goldens.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Problem {
    /// A mistake in a line.
    pub fn at(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), message: message.into() }
    }

    /// A mistake that a whole file is.
    pub fn of(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Where the lines of a text end, so that the text is gone through once for all of its entries.
#[derive(Clone, Debug)]
pub struct Lines {
    /// Byte offsets, rising.
    ends: Vec<usize>,
}

impl Lines {
    /// Those of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { ends: text.match_indices('\n').map(|(offset, _)| offset).collect() }
    }

    /// The line, from 1, of a byte offset.
    #[must_use]
    pub fn number(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < offset)
    }
}

/// Reads a TOML file into its tables.
///
/// # Errors
/// One [`Problem`] with the line and the parser's words.
pub fn parse_toml<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| Lines::of(text).number(span.start));
        Problem { path: path.to_owned(), line, message: error.message().to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let path = Path::new("rules.toml");
        assert_eq!(Problem::at(path, 7, "it is wrong").to_string(), "rules.toml:7: it is wrong");
        assert_eq!(Problem::of(path, "it is wrong").to_string(), "rules.toml: it is wrong");
    }

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("one\ntwo\nthree");
        assert_eq!([0, 3, 4, 8, 99].map(|offset| lines.number(offset)), [1, 1, 2, 3, 3]);
    }

    #[test]
    fn what_the_parser_finds_has_its_line_and_its_words() {
        let parsed = parse_toml::<toml::Table>(Path::new("x.toml"), "a = 1\nb = \n");
        let problem = parsed.expect_err("no value");
        assert_eq!((problem.line, problem.message.is_empty()), (Some(2), false), "{problem}");
    }
}
