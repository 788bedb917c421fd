//! What a run of a random script shows: the rules it broke, and where it differs from the reference.
//!
//! ```text
//!   result on the target --judge--> broken expectations, exceptions nobody asked for, death      by the contract
//!                    '--compare--> with the result on the reference, less golden/differences.toml    where the contract is silent
//! ```

use super::action::Step;
use super::environment::Environment;
use super::prediction::Part;
use super::render::{Frame, Rendered, render};
use crate::case::{Case, Profile};
use crate::differences::Met;
use crate::judge::{self, Failure, Golden, Status, Subject};
use crate::script::{self, Diagnostics, Instance};
use crate::suite::Suite;
use crate::transcript::{Outcome, RunResult, Transcript};
use sprig_isa::cpu::Family;
use sprig_wire::layout::{CODE_BASE, CODE_SIZE, IMAGE_BASE, IMAGE_END, STEP_RETURN};
use sprig_wire::log::State;
use std::borrow::Borrow;
use std::path::Path;

/// Who says that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// A rule.
    Contract,
    /// The reference, which did otherwise.
    Reference,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Who says so.
    pub witness: Witness,
    /// The step that shows it.
    pub step: usize,
    /// What of it.
    pub part: Part,
    /// The rule that is broken, or that comes closest.
    pub rule: &'static str,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
}

impl Finding {
    /// True if the other may well have the same cause: what shrinking keeps.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.witness, self.part, self.rule) == (other.witness, other.part, other.rule)
    }
}

/// A script ready to run.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) steps: Vec<Step>,
    pub(super) rendered: Rendered,
    pub(super) instance: Instance,
    pub(super) case: Case,
}

impl Borrow<Case> for Candidate {
    fn borrow(&self) -> &Case {
        &self.case
    }
}

/// Why a script is none: the fault of whoever generates them.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// The language does not know it.
    #[error("a generated script is no script:\n{}", .0.render(false))]
    Script(#[from] Diagnostics),
    /// It cannot be assembled.
    #[error("a generated script was not assembled: {0}")]
    Assemble(#[from] script::AssembleError),
}

/// The suite's part in judging, and the target's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    pub(super) suite: &'a Suite,
    pub(super) target: &'a str,
    pub(super) profile: &'a Profile,
}

impl Judge<'_> {
    /// Makes a candidate of a script.
    pub(super) fn candidate(&self, environment: &Environment, steps: &[Step]) -> Result<Candidate, Invalid> {
        let rendered = render(environment, steps, &Frame::default());
        let rules: Vec<&str> = self.suite.rules.ids().collect();
        let source = script::source(Path::new("fuzz.probe"), rendered.text.clone().into_bytes())?;
        let script = script::parse_citing(source, &rules)?;
        // It has no parameters.
        let instance = script.instances()[0].clone();
        let case = instance.assemble(self.profile)?;
        Ok(Candidate { steps: steps.to_vec(), rendered, instance, case })
    }

    /// Everything a result shows, the first step first; none if nothing can be said.
    pub(super) fn findings(
        &self,
        candidate: &Candidate,
        result: &RunResult,
        other: Option<(&Case, &RunResult)>,
    ) -> Option<Vec<Finding>> {
        let Candidate { case, rendered, .. } = candidate;
        let verdict = judge::judge(&Subject {
            case,
            result,
            profile: self.profile,
            rules: &self.suite.rules,
            expectation: None,
            golden: Golden::NotKept,
        });
        match verdict.status {
            Status::Crash | Status::Hang => return Some(vec![self.death(candidate, result, verdict.detail)]),
            Status::Error | Status::Skip => return None,
            _ => {}
        }
        let mut findings = broken(rendered, verdict.failures)?;
        if let Some((other_case, other_result)) = other
            && are_comparable(result, other_result)
        {
            findings.extend(self.differences(candidate, result, other_case, other_result));
        }
        findings.sort_by_key(|finding| (finding.step, finding.witness, finding.part));
        Some(findings)
    }

    fn death(&self, candidate: &Candidate, result: &RunResult, detail: Option<String>) -> Finding {
        let line = result.last_step.and_then(|step| candidate.case.steps.get(step as usize)).map(|step| step.line);
        let last = candidate.steps.len().saturating_sub(1);
        let step = line.and_then(|line| candidate.rendered.step_on(line)).unwrap_or(last);
        let rule = candidate.rendered.lines.get(step).map_or("", |place| place.rule);
        let how = detail.unwrap_or_default();
        Finding {
            witness: Witness::Contract,
            step,
            part: Part::Fate,
            rule,
            expected: "the guest goes on".to_owned(),
            actual: how.lines().next().unwrap_or_default().to_owned(),
        }
    }

    fn differences(
        &self,
        candidate: &Candidate,
        result: &RunResult,
        other_case: &Case,
        other_result: &RunResult,
    ) -> Vec<Finding> {
        let Candidate { case, rendered, .. } = candidate;
        let decoded = (Transcript::decode(other_case, other_result), Transcript::decode(case, result));
        let (Ok(reference), Ok(target)) = decoded else { return Vec::new() };
        let found = self.suite.differences.compare(
            self.target,
            self.profile.cpu,
            (other_case, &reference),
            (case, &target),
            &mut Met::new(),
        );
        let mut findings = Vec::new();
        for disagreement in found {
            let named = rendered.step_named(&disagreement.observation);
            let unnamed = || {
                let step = case.steps.iter().find(|step| step.text == disagreement.observation)?;
                rendered.step_on(step.line)
            };
            let Some(step) = named.or_else(unnamed) else { continue };
            let Some(place) = rendered.lines.get(step) else { continue };
            let outcomes = |case: &Case, transcript: &Transcript| {
                let index = case.steps.iter().position(|step| step.line == place.number)?;
                transcript.outcomes.get(&index).and_then(|outcomes| outcomes.first()).cloned()
            };
            let outputs = case.steps.iter().find(|step| step.line == place.number).map(|step| step.outputs.as_slice());
            let outcomes = (outcomes(other_case, &reference), outcomes(case, &target));
            let Some(part) = differing(outputs.unwrap_or_default(), outcomes.0, outcomes.1) else { continue };
            let shown = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
            findings.push(Finding {
                witness: Witness::Reference,
                step,
                part,
                rule: place.rule,
                expected: shown(disagreement.reference),
                actual: shown(disagreement.qemu),
            });
        }
        findings
    }

    /// What a result says of each observation, as a golden would.
    pub(super) fn transcript(&self, case: &Case, result: &RunResult) -> String {
        let family: Family = self.profile.cpu.family;
        match Transcript::decode(case, result) {
            Ok(transcript) => {
                let none = crate::pattern::Patterns::default();
                let seen = crate::golden::render::observations(case, &transcript, family, &none);
                let line = |seen: &crate::golden::render::Observation| {
                    let name = if seen.name.is_empty() { String::new() } else { format!("{}: ", seen.name) };
                    format!("{name}{} -> {}\n", seen.step, seen.outcome)
                };
                let text: String = seen.iter().map(line).collect();
                if text.is_empty() { "(no observations)\n".to_owned() } else { text }
            }
            Err(malformed) => format!("(the log cannot be read: {malformed})\n"),
        }
    }
}

/// Findings of the rules that a script broke, each of those of a failure; none if one is about no step of it.
fn broken(rendered: &Rendered, failures: Vec<Failure>) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for failure in failures {
        let expectation = rendered.expectation_on(failure.line);
        let part = if failure.is_given_up() { Part::GivenUp } else { Part::Exception };
        for told in failure.findings {
            let (step, part, rule) = match expectation {
                Some(found) => found,
                // That the guest was given up is one failure, wherever it was.
                None => {
                    let step = rendered.step_on(told.line?)?;
                    (step, part, rendered.lines.get(step)?.rule)
                }
            };
            let (expected, actual) = (told.expected, told.actual);
            findings.push(Finding { witness: Witness::Contract, step, part, rule, expected, actual });
        }
    }
    Some(findings)
}

/// True if a result can be compared with another's: both ran to their ends.
pub(super) fn are_comparable(result: &RunResult, other: &RunResult) -> bool {
    [result, other].iter().all(|result| result.state() == Some(State::Ended))
}

/// What of two outcomes of a step with these outputs is not the same; none if it is but for addresses in the guest kernel, which has
/// an image for each platform, for where a pending interrupt was let in, behind a script's step or at its end, as an exit came there or
/// did not, and for what the contract judges: that the guest was given up.
fn differing(outputs: &[String], reference: Option<Outcome>, target: Option<Outcome>) -> Option<Part> {
    let (Some(reference), Some(target)) = (reference, target) else { return Some(Part::Exception) };
    match (reference.taken, target.taken) {
        (None, None) => {}
        (Some(reference), Some(target)) if reference.exception == target.exception => match () {
            () if reference.offset != target.offset => return Some(Part::Srr0),
            () if reference.srr1 != target.srr1 => return Some(Part::Srr1),
            () if reference.syndrome != target.syndrome => return Some(Part::Syndrome),
            () if reference.dar != target.dar => return Some(Part::Dar),
            () => {}
        },
        _ => return Some(Part::Exception),
    }
    let is_kernels = |value: &u64| (u64::from(IMAGE_BASE)..u64::from(IMAGE_END)).contains(value);
    let is_scripts = |value: &u64| (u64::from(CODE_BASE)..u64::from(CODE_BASE + CODE_SIZE)).contains(value);
    let is_end = |value: &u64| *value == u64::from(STEP_RETURN);
    let same = |one: &u64, other: &u64| {
        one == other
            || is_kernels(one) && is_kernels(other)
            || is_end(one) && is_scripts(other)
            || is_scripts(one) && is_end(other)
    };
    let values = outputs.iter().zip(reference.values.iter().zip(&target.values));
    let mut differ = values.filter(|(_, (reference, target))| !same(reference, target));
    differ.next().map(|(name, _)| Part::of_output(name).unwrap_or(Part::Value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::action::{Action, ExitKind};
    use crate::fuzz::generate::step;
    use crate::fuzz::testing::environment;

    #[test]
    fn each_step_at_which_the_guest_was_given_up_is_a_finding() {
        let exit = |kind| step(false, Action::Exit(kind));
        let steps = [exit(ExitKind::Mfpvr), exit(ExitKind::Mfmsr), exit(ExitKind::Trap)];
        let rendered = render(&environment("ref-e500v2-pr"), &steps, &Frame::default());
        let told = |place: usize| judge::Finding {
            line: Some(rendered.lines[place].number),
            step: None,
            observed: String::new(),
            expected: String::new(),
            actual: String::new(),
            compared: None,
            exits: None,
        };
        let failure = Failure {
            line: rendered.lines[0].number,
            rule: String::new(),
            sentence: String::new(),
            source: String::new(),
            statement: format!("{} twice", Failure::GIVEN_UP),
            findings: vec![told(0), told(2)],
        };
        let found = broken(&rendered, vec![failure]).expect("each is about a step");
        let found: Vec<_> = found.iter().map(|finding| (finding.step, finding.part)).collect();
        assert_eq!(found, [(0, Part::GivenUp), (2, Part::GivenUp)]);
    }

    #[test]
    fn the_first_output_that_differs_is_what_differs() {
        let outputs = ["", "r4", "r17"].map(str::to_owned);
        let part = |reference: [u64; 3], target: [u64; 3]| {
            let outcome = |values: [u64; 3]| Some(Outcome { taken: None, values: values.to_vec() });
            differing(&outputs, outcome(reference), outcome(target))
        };
        assert_eq!(part([0, 1, 2], [9, 9, 2]), Some(Part::Value));
        assert_eq!(part([0, 1, 2], [0, 9, 9]), Some(Part::Register(4)));
        assert_eq!(part([0, 1, 2], [0, 1, 9]), Some(Part::Register(17)));
        let kernel = u64::from(IMAGE_BASE);
        assert_eq!(part([kernel, 1, 2], [kernel + 4, 1, 2]), None);
        assert_eq!(part([kernel, 1, 2], [0, 1, 2]), Some(Part::Value));
        let (end, code) = (u64::from(STEP_RETURN), u64::from(CODE_BASE));
        assert_eq!(part([code, 1, 2], [end, 1, 2]), None);
        assert_eq!(part([end, 1, 2], [code, 1, 2]), None);
        assert_eq!(part([code, 1, 2], [code + 4, 1, 2]), Some(Part::Value));
        assert_eq!(part([end, 1, 2], [end + 4, 1, 2]), Some(Part::Value));
    }
}
