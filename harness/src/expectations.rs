//! Expectations: reviewed deviations, where a case is known to fail, crash or hang on a target
//! (`golden/expectations.toml`).
//!
//! ```toml
//! [[expectation]]
//! target = "kvm-e500v2"                 # `*` and `?` as in file names
//! case = "alias/reads-sprg3*"
//! outcome = "fail"                      # fail, crash or hang
//! reason = "mfspr 259 does not trap and returns the host's SPRG3"
//! link = "https://..."
//! ```

use crate::pattern::Pattern;
use crate::problem::{Problem, line_of, parse_toml};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The outcomes that can be expected besides a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deviation {
    /// A rule is broken.
    Fail,
    /// The target dies.
    Crash,
    /// The target stops making progress.
    Hang,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Crash => "crash",
            Self::Hang => "hang",
        })
    }
}

/// One reviewed deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// On which targets.
    pub target: Pattern,
    /// In which cases.
    pub case: Pattern,
    /// What happens.
    pub outcome: Deviation,
    /// Why.
    pub reason: String,
    /// Where it is discussed or described.
    pub link: String,
    /// Line in the file, from 1.
    pub line: usize,
}

/// Every expectation, in the order of the file: the first that matches holds.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    path: PathBuf,
    entries: Vec<Expectation>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expectation: Vec<Table>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Spanned<Pattern>,
    case: Pattern,
    outcome: Deviation,
    reason: String,
    link: String,
}

impl Expectations {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, or an entry without a reason or a link.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for table in file.expectation {
            let line = line_of(text, table.target.span().start);
            for (field, content) in [("reason", &table.reason), ("link", &table.link)] {
                if content.trim().is_empty() {
                    problems.push(Problem::at(path, line, format!("an expectation needs a {field}")));
                }
            }
            let Table { target, case, outcome, reason, link } = table;
            entries.push(Expectation { target: target.into_inner(), case, outcome, reason, link, line });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }

    /// What is expected of a case on a target, if it is not a pass.
    #[must_use]
    pub fn of(&self, target: &str, case: &str) -> Option<&Expectation> {
        self.entries.iter().find(|entry| entry.target.matches(target) && entry.case.matches(case))
    }

    /// A [`Problem`] for every entry that holds for none of the pairs of target and case that can run.
    #[must_use]
    pub fn unused<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Problem> {
        let mut used = vec![false; self.entries.len()];
        for (target, case) in pairs {
            let matching = |entry: &Expectation| entry.target.matches(target) && entry.case.matches(case);
            if let Some(index) = self.entries.iter().position(matching) {
                used[index] = true;
            }
        }
        let unused = self.entries.iter().zip(used).filter(|(_, used)| !used);
        unused
            .map(|(entry, _)| {
                let message = format!(
                    "no case `{}` can run on a target `{}` (or an entry above holds for it): remove this expectation",
                    entry.case, entry.target
                );
                Problem::at(&self.path, entry.line, message)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
[[expectation]]
target = "kvm-*"
case = "alias/a"
outcome = "crash"
reason = "it dies"
link = "https://example.org/1"

[[expectation]]
target = "kvm-e500v2"
case = "alias/*"
outcome = "fail"
reason = "it is wrong"
link = "https://example.org/2"
"#;

    fn two() -> Expectations {
        Expectations::parse(Path::new("expectations.toml"), TWO).expect("good")
    }

    #[test]
    fn the_first_entry_that_matches_holds() {
        let expected = |target, case| two().of(target, case).map(|entry| entry.outcome);
        assert_eq!(expected("kvm-e500v2", "alias/a"), Some(Deviation::Crash));
        assert_eq!(expected("kvm-e500v2", "alias/b"), Some(Deviation::Fail));
        assert_eq!(expected("ref-e500v2-pr", "alias/a"), None);
    }

    #[test]
    fn an_entry_that_holds_for_nothing_is_unused() {
        let all = [("kvm-e500v2", "alias/a"), ("kvm-e500v2", "alias/b")];
        assert_eq!(two().unused(all), []);
        let unused = two().unused([all[0]]);
        assert_eq!(unused.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(10)]);
    }

    #[test]
    fn an_entry_needs_a_reason_and_a_known_outcome() {
        let parse = |text: &str| Expectations::parse(Path::new("e.toml"), text).expect_err("a mistake")[0].to_string();
        assert_eq!(parse(&TWO.replace("it dies", "")), "e.toml:3: an expectation needs a reason");
        let odd = parse(&TWO.replace("\"fail\"", "\"skip\""));
        assert!(odd.starts_with("e.toml:12: unknown variant `skip`"), "{odd}");
    }
}
