//! A broken rule and what shows it: enough to understand the mistake without running anything again.

use crate::case::{Case, Step};
use crate::rules::{Rule, Rules};
use crate::transcript::{ExitCount, RunResult};

/// A rule that a case found broken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// Line of the expectation, or of the step that took an exception, from 1.
    pub line: usize,
    /// The rule's id.
    pub rule: String,
    /// Its sentence.
    pub sentence: String,
    /// The document that says so.
    pub source: String,
    /// What does not hold: the expectation as the script has it, or the exception no script allowed.
    pub statement: String,
    /// The values that show it.
    pub findings: Vec<Finding>,
    /// It is that the hypervisor gave the guest up.
    #[serde(skip)]
    pub is_given_up: bool,
}

/// One value that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Line of the step that observed it.
    pub line: Option<usize>,
    /// The instruction, or the step in the script's words.
    pub step: Option<String>,
    /// What was observed: the observation's name and part.
    pub observed: String,
    /// What it should have been.
    pub expected: String,
    /// What it was.
    pub actual: String,
    /// Of that what a build that is cured of something else gives as well, where it is less: of an interrupt which it
    /// is and its syndrome, without the rest of what it has left in registers.
    #[serde(skip)]
    pub compared: Option<String>,
    /// The exits around the step, where the target counts them.
    pub exits: Option<Exits>,
}

/// The exits around a step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exits {
    /// Line, text and exits of the last step before it that caused any.
    pub last_before: Option<(usize, String, String)>,
    /// Exits of the step itself.
    pub during: String,
}

impl Finding {
    /// Of a whole step, by its place in the case: what is expected of it, and what it did.
    pub(super) fn of_step(case: &Case, result: &RunResult, index: usize, expected: &str, actual: String) -> Self {
        let step = case.steps.get(index);
        let observed = step.and_then(|step| step.observation.clone());
        Self {
            line: step.map(|step| step.line),
            step: step.map(|step| step.text.clone()),
            observed: observed.unwrap_or_else(|| "the step".to_owned()),
            expected: expected.to_owned(),
            actual,
            compared: None,
            exits: exits_around(case, result, index),
        }
    }
}

/// At most this many occurrences are shown: a sweep over all registers meets hundreds.
const SHOWN: usize = 4;

impl Failure {
    /// With as many findings as a report shows.
    #[must_use]
    pub fn abridged(mut self) -> Self {
        if self.is_given_up {
            self.findings.truncate(SHOWN);
        }
        self
    }

    /// A failure of a rule, by the rule's index in the case.
    pub(super) fn new(case: &Case, rules: &Rules, rule: usize, line: usize, statement: String) -> Self {
        let id = case.rules.get(rule).cloned().unwrap_or_default();
        let cited = rules.get(&id);
        Self {
            line,
            // Nothing is known of a topic that a script outside the suite has thought of.
            sentence: cited.map_or("no document speaks of it, says the script", |rule| &rule.text).to_owned(),
            source: cited.map(source).unwrap_or_default(),
            rule: id,
            statement,
            findings: Vec::new(),
            is_given_up: false,
        }
    }
}

fn source(rule: &Rule) -> String {
    if rule.is_unspecified() { format!("none found in {}", rule.source) } else { rule.source.clone() }
}

/// The exits around a step.
pub(super) fn exits_around(case: &Case, result: &RunResult, step: usize) -> Option<Exits> {
    let exits = result.exits.as_deref()?;
    let steps = exits.iter().filter(|exit| exit.count > 0).map(|exit| exit.step);
    // Counts of a whole case say nothing about a step.
    let steps = steps.map(|step| step.map(|step| step as usize)).collect::<Option<Vec<usize>>>()?;
    let last_before = steps.into_iter().filter(|caused| *caused < step).max().and_then(|before| {
        let caused: &Step = case.steps.get(before)?;
        Some((caused.line, caused.text.clone(), counted(exits, Some(before))))
    });
    Some(Exits { last_before, during: counted(exits, Some(step)) })
}

/// The exits of one step, or those counted for the whole case: `2 mtspr, 1 decrementer`, or `none`.
#[must_use]
pub fn counted(exits: &[ExitCount], step: Option<usize>) -> String {
    let own = exits.iter().filter(|exit| exit.step.map(|step| step as usize) == step && exit.count > 0);
    let parts: Vec<String> = own.map(|exit| format!("{} {}", exit.count, exit.reason)).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
