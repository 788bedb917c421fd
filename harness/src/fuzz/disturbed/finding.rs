//! What a case has shown, and the smallest text that shows it.

use super::text::Text;
use crate::fuzz::prediction::Part;
use crate::judge::Failure;
use std::collections::BTreeSet;

/// What a case has shown.
#[derive(Clone, Debug)]
pub(in crate::fuzz) struct Broken {
    pub(in crate::fuzz) part: Part,
    pub(in crate::fuzz) rule: String,
    pub(in crate::fuzz) expected: String,
    pub(in crate::fuzz) actual: String,
    pub(super) step: String,
    /// Line of the step, and of what says that it is wrong.
    pub(super) seen: usize,
    pub(super) shows: usize,
}

impl Broken {
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.part == other.part && self.rule == other.rule
    }
}

impl Broken {
    /// By a failure of the case.
    pub(super) fn by(failure: Failure) -> Self {
        let part = if failure.is_given_up { Part::GivenUp } else { Part::Value };
        let shows = failure.line;
        let (seen, step, expected, actual) = match failure.findings.into_iter().next() {
            Some(found) => (found.line.unwrap_or(shows), found.step.unwrap_or_default(), found.expected, found.actual),
            None => (shows, String::new(), failure.statement.clone(), "not so".to_owned()),
        };
        Self { part, rule: failure.rule, expected, actual, step, seen, shows }
    }
}

/// A finding with the smallest text that shows it.
#[derive(Debug)]
pub struct Shrunk {
    pub(in crate::fuzz) broken: Broken,
    pub(in crate::fuzz) text: Text,
    /// Its steps, and those of the case.
    pub(in crate::fuzz) steps: (usize, usize),
    /// Other cases that show the same.
    pub(in crate::fuzz) also: BTreeSet<String>,
}
