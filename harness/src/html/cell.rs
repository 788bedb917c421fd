//! One place of the matrix.

use super::Outcome;
use crate::judge::Status;

/// How a target holds a rule; what is worse is larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    /// Each case that ran holds it.
    Held,
    /// It is broken as an expectation lists.
    Listed,
    /// A case did what it did not do when it was last reviewed, and no rule is broken but as listed.
    Changed,
    /// Nothing is known: the harness or the environment failed.
    Unknown,
    /// It is broken, or the target died of a case that cites it.
    Broken,
}

impl Cell {
    pub(super) const ALL: [Self; 5] = [Self::Held, Self::Listed, Self::Changed, Self::Unknown, Self::Broken];

    /// Of a rule, by what cases did that cite it; none if none ran.
    pub(super) fn of<'o>(rule: &str, outcomes: impl Iterator<Item = &'o Outcome>) -> Option<Self> {
        outcomes.map(|outcome| Self::by(rule, outcome)).max()
    }

    /// By one case. A failure counts for the rule that it breaks, and a death for each that the case cites.
    fn by(rule: &str, outcome: &Outcome) -> Self {
        let is_anothers = !outcome.failures.is_empty() && outcome.failures.iter().all(|failure| failure.rule != rule);
        match outcome.status {
            Status::ExpectedFail | Status::Fail if is_anothers => Self::Held,
            status => Self::of_status(status),
        }
    }

    /// A case by itself.
    pub(super) const fn of_status(status: Status) -> Self {
        match status {
            Status::Pass | Status::UnexpectedPass | Status::Skip => Self::Held,
            Status::ExpectedFail => Self::Listed,
            Status::Changed => Self::Changed,
            Status::Error => Self::Unknown,
            Status::Fail | Status::Crash | Status::Hang => Self::Broken,
        }
    }

    /// As it is printed: colours are not all that tells them apart.
    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Held => "\u{2713}",
            Self::Listed => "\u{2260}",
            Self::Changed => "\u{0394}",
            Self::Unknown => "?",
            Self::Broken => "\u{2717}",
        }
    }

    /// Its class in style.css.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Listed => "listed",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }

    /// In words.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Held => "held by each case that ran",
            Self::Listed => "broken as golden/expectations.toml lists",
            Self::Changed => "not what was reviewed, and no rule is broken but as listed",
            Self::Unknown => "nothing is known",
            Self::Broken => "broken, or the target died",
        }
    }
}
