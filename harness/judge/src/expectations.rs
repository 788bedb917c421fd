//! Expectations: reviewed deviations, where a case is known to fail, crash or hang on a target
//! (`golden/expectations.toml`).
//!
//! ```toml
//! [[expectation]]
//! target = "kvm-e500v2"                 # `*` and `?` as in file names; or a list of such
//! case = ["alias/sprg3-after-exit"]
//! outcome = "fail"                      # fail, crash or hang
//! reason = "mfspr 259 does not trap and returns the host's SPRG3"
//! link = "https://..."
//! varies = ["at-once"]                  # optional: observations whose values another run or build may not show
//! ```

use crate::pattern::Patterns;
use crate::problem::{Lines, Problem, parse_toml};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The outcomes other than a pass that can be expected.
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

/// What is seen of observations, by their names as reports have them.
pub type Behind = BTreeMap<String, Patterns>;

/// One reviewed deviation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// On which targets.
    pub target: Patterns,
    /// In which cases.
    pub case: Patterns,
    /// What happens.
    pub outcome: Deviation,
    /// Why.
    pub reason: String,
    /// Where it is discussed or described.
    pub link: String,
    /// Observations whose values are not what goldens may hold: a host's address, say.
    pub varies: Patterns,
    /// Observations that break a rule where this deviation is gone and another one is not, which it hides: a guest that
    /// dies shows nothing else. The gate allows that if what is seen then is this.
    pub behind: Behind,
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
    target: Spanned<Patterns>,
    case: Patterns,
    outcome: Deviation,
    reason: String,
    link: String,
    #[serde(default)]
    varies: Patterns,
    #[serde(default)]
    behind: Behind,
}

impl Expectations {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, or an entry without a reason or a link.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for table in file.expectation {
            let line = lines.number(table.target.span().start);
            for (field, content) in [("reason", &table.reason), ("link", &table.link)] {
                if content.trim().is_empty() {
                    problems.push(Problem::at(path, line, format!("an expectation needs a {field}")));
                }
            }
            let Table { target, case, outcome, reason, link, varies, behind } = table;
            let target = target.into_inner();
            entries.push(Expectation { target, case, outcome, reason, link, varies, behind, line });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }

    /// What is expected of a case on a target, if it is not a pass.
    #[must_use]
    pub fn of(&self, target: &str, case: &str) -> Option<&Expectation> {
        self.entries.iter().find(|entry| entry.target.matches(target) && entry.case.matches(case))
    }

    /// A [`Problem`] for every pattern of an entry that holds for none of the pairs of target and case that can run.
    #[must_use]
    pub fn unused<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Problem> {
        let mut used = BTreeSet::new();
        for (target, case) in pairs {
            let matching = |entry: &Expectation| entry.target.matches(target) && entry.case.matches(case);
            if let Some((index, entry)) = self.entries.iter().enumerate().find(|(_, entry)| matching(entry)) {
                used.extend(entry.target.matching(target).map(|pattern| (index, Of::Target, pattern)));
                used.extend(entry.case.matching(case).map(|pattern| (index, Of::Case, pattern)));
            }
        }
        let problem = |entry: &Expectation, case: &dyn fmt::Display, target: &dyn fmt::Display| {
            let message = format!(
                "no case `{case}` can run on a target `{target}` (or an entry above holds for it): remove this \
                    expectation"
            );
            Problem::at(&self.path, entry.line, message)
        };
        let mut problems = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let is_used = |of, pattern| used.contains(&(index, of, pattern));
            if !used.iter().any(|(used, ..)| *used == index) {
                problems.push(problem(entry, &entry.case, &entry.target));
                continue;
            }
            let targets = entry.target.iter().enumerate().filter(|(pattern, _)| !is_used(Of::Target, *pattern));
            problems.extend(targets.map(|(_, target)| problem(entry, &entry.case, target)));
            let cases = entry.case.iter().enumerate().filter(|(pattern, _)| !is_used(Of::Case, *pattern));
            problems.extend(cases.map(|(_, case)| problem(entry, case, &entry.target)));
        }
        problems
    }
}

/// What of an entry a pattern is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Target,
    Case,
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
    fn an_outcome_is_called_what_the_file_calls_it() {
        for outcome in [Deviation::Fail, Deviation::Crash, Deviation::Hang] {
            let text = TWO.replace("\"crash\"", &format!("\"{outcome}\""));
            let entries = Expectations::parse(Path::new("e.toml"), &text).expect("good");
            assert_eq!(entries.of("kvm-x", "alias/a").map(|entry| entry.outcome), Some(outcome));
        }
    }

    #[test]
    fn an_entry_that_holds_for_nothing_is_unused() {
        let all = [("kvm-e500v2", "alias/a"), ("kvm-e500v2", "alias/b")];
        assert_eq!(two().unused(all), []);
        let unused = two().unused([all[0]]);
        assert_eq!(unused.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(10)]);
    }

    #[test]
    fn one_of_several_patterns_that_holds_for_nothing_is_unused() {
        let text = TWO.replace(r#""alias/*""#, r#"["alias/b", "alias/c"]"#);
        let entries = Expectations::parse(Path::new("expectations.toml"), &text).expect("good");
        let unused = entries.unused([("kvm-e500v2", "alias/a"), ("kvm-e500v2", "alias/b")]);
        let messages: Vec<_> = unused.iter().map(|problem| problem.message.as_str()).collect();
        assert!(matches!(messages[..], [message] if message.starts_with("no case `alias/c` can run")), "{messages:?}");
    }

    #[test]
    fn an_entry_needs_a_reason_and_a_known_outcome() {
        let parse = |text: &str| Expectations::parse(Path::new("e.toml"), text).expect_err("a mistake")[0].to_string();
        assert_eq!(parse(&TWO.replace("it dies", "")), "e.toml:3: an expectation needs a reason");
        let odd = parse(&TWO.replace("\"fail\"", "\"skip\""));
        assert!(odd.starts_with("e.toml:12: unknown variant `skip`"), "{odd}");
    }
}
