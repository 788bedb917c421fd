//! `sprig report`: a folder of pages to browse.
//!
//! ```text
//!   index.html          rules x targets: does the target hold the rule?
//!     rules/RULE.html   the rule's sentence and source; its cases x targets
//!       cases/CASE.html the script; what it showed, targets that showed the same together, side by side
//! ```
//!
//! Everything is in the pages themselves, links are relative, and nothing is loaded from elsewhere: the folder can be
//! put on a server or sent as it is. The same results give the same bytes.

mod cell;
mod folder;
mod pages;

pub use folder::{WriteError, claim, write};

use crate::judge::{Failure, Listed, Status};
use crate::report::{Record, TargetReport};
use crate::rules::Rule;
use crate::script::Instance;
use crate::suite::Suite;
use cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What a case did on a target that did not skip it.
#[derive(Clone, Debug)]
struct Outcome {
    status: Status,
    failures: Vec<Failure>,
    detail: Option<String>,
    listed: Option<Listed>,
    transcript: Option<Arc<str>>,
}

/// The results of a run, by case and target.
#[derive(Debug)]
pub struct Matrix<'a> {
    suite: &'a Suite,
    targets: Vec<TargetReport>,
    /// By the case's name; the numbers are indices into the targets.
    outcomes: BTreeMap<String, BTreeMap<usize, Outcome>>,
    /// Targets of a family have most transcripts in common.
    texts: HashSet<Arc<str>>,
}

impl<'a> Matrix<'a> {
    /// Without results.
    #[must_use]
    pub fn new(suite: &'a Suite) -> Self {
        Self { suite, targets: Vec::new(), outcomes: BTreeMap::new(), texts: HashSet::new() }
    }

    /// A case on the target whose turn it is.
    pub fn record(&mut self, record: Record) {
        if record.status == Status::Skip {
            return;
        }
        let transcript = record.transcript.map(|text| self.intern(&text));
        let Record { case, status, failures, detail, listed, .. } = record;
        let outcome = Outcome { status, failures, detail, listed, transcript };
        self.outcomes.entry(case).or_default().insert(self.targets.len(), outcome);
    }

    /// The last record of that target was the one before.
    pub fn target_ends(&mut self, report: TargetReport) {
        self.targets.push(report);
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn on(&self, case: &str) -> impl Iterator<Item = (usize, &Outcome)> {
        self.outcomes.get(case).into_iter().flatten().map(|(target, outcome)| (*target, outcome))
    }

    /// The cases that cite a rule and ran somewhere.
    fn cases_of<'m>(&'m self, rule: &'m str) -> impl Iterator<Item = &'m Instance> {
        let cites = move |instance: &&Instance| instance.rules().any(|cited| cited == rule);
        self.suite.instances().filter(cites).filter(|instance| self.outcomes.contains_key(instance.name()))
    }

    /// How a target holds a rule, by all cases that cite it.
    fn cell(&self, rule: &Rule, target: usize) -> Option<Cell> {
        let outcomes = self.cases_of(&rule.id).filter_map(|case| self.outcomes.get(case.name())?.get(&target));
        Cell::of(&rule.id, outcomes)
    }
}

#[cfg(test)]
mod tests;
