//! Patterns over names of cases, targets and observations: `*` stands for any characters, `?` for one.
//!
//! Nothing else is special, so that a name like `old[SPRG4]` matches itself.

use std::fmt;
use wildmatch::WildMatch;

/// A pattern.
#[derive(Clone, PartialEq)]
pub struct Pattern(WildMatch);

// Two are the same if their text is.
impl Eq for Pattern {}

impl Pattern {
    /// Reads a pattern; every text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(WildMatch::new(text))
    }

    /// True if the whole name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches(name)
    }
}

/// True if the text is more than a name.
#[must_use]
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

impl<'de> serde::Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

/// One pattern or several, as a file has them: a text or a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(from = "OneOrMore")]
pub struct Patterns(Vec<Pattern>);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Pattern),
    More(Vec<Pattern>),
}

impl From<OneOrMore> for Patterns {
    fn from(patterns: OneOrMore) -> Self {
        match patterns {
            OneOrMore::One(pattern) => Self(vec![pattern]),
            OneOrMore::More(patterns) => Self(patterns),
        }
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(Pattern::to_string).collect();
        f.write_str(&names.join(", "))
    }
}

impl From<&str> for Patterns {
    fn from(pattern: &str) -> Self {
        Self(vec![Pattern::new(pattern)])
    }
}

impl Patterns {
    /// Which of them match the whole name.
    pub fn matching(&self, name: &str) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(move |(_, pattern)| pattern.matches(name)).map(|(index, _)| index)
    }

    /// True if one of them matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matching(name).next().is_some()
    }

    /// Each of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Pattern> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_star_or_a_question_mark_is_more_than_a_name() {
        assert!(is_glob("alias/*") && is_glob("SPRG?") && !is_glob("old[SPRG4]"));
    }

    #[test]
    fn each_of_several_patterns_counts_and_is_shown() {
        #[derive(serde::Deserialize)]
        struct File {
            of: Patterns,
        }
        let read = |text: &str| toml::from_str::<File>(text).expect("good").of;
        let several = read("of = ['spr/*', 'alias/held', '*']");
        assert!(several.matching("alias/held").eq([1, 2]));
        assert!(several.matches("x") && !read("of = ['a', 'b']").matches("c") && !Patterns::default().matches("a"));
        assert_eq!((several.to_string(), several.iter().count()), ("spr/*, alias/held, *".to_owned(), 3));
        assert_eq!(read("of = 'spr/*'"), Patterns::from("spr/*"));
        assert_eq!(format!("{:?}", Pattern::new("a?")), "Pattern(a?)");
    }

    #[test]
    fn a_name_with_brackets_matches_itself_and_stars_match_anything() {
        assert!(Pattern::new("old[SPRG4]").matches("old[SPRG4]"));
        assert!(Pattern::new("alias/*@user").matches("alias/after-exit@user"));
        assert!(!Pattern::new("alias/*@user").matches("alias/after-exit"));
    }
}
