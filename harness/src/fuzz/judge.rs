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
use std::collections::BTreeSet;
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
    /// The bits in which it is not what should have been, where both are numbers.
    pub bits: Option<u64>,
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

/// Why a script is invalid: the fault of the generator.
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
            let told = findings.iter().map(|finding| (finding.step, finding.part)).collect();
            findings.extend(self.differences(candidate, result, other_case, other_result, &told));
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
            bits: None,
        }
    }

    /// Where the two differ, but for what the contract has told of the target.
    fn differences(
        &self,
        candidate: &Candidate,
        result: &RunResult,
        other_case: &Case,
        other_result: &RunResult,
        told: &BTreeSet<(usize, Part)>,
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
        let mut findings: Vec<Finding> = Vec::new();
        for disagreement in found {
            let named = rendered.step_named(&disagreement.observation);
            // Several steps without a name may have the same text.
            let unnamed = case.steps.iter().filter(|step| step.text == disagreement.observation);
            let unnamed = unnamed.filter_map(|step| rendered.step_on(step.line));
            let steps: Vec<usize> = named.map_or_else(|| unnamed.collect(), |step| vec![step]);
            let differing = steps.into_iter().find_map(|step| {
                let place = rendered.lines.get(step)?;
                let outcome = |case: &Case, transcript: &Transcript| {
                    let index = case.steps.iter().position(|step| step.line == place.number)?;
                    transcript.outcomes.get(&index).and_then(|outcomes| outcomes.first()).cloned()
                };
                let outputs = case.steps.iter().find(|step| step.line == place.number)?.outputs.as_slice();
                let (reference, target) = (outcome(other_case, &reference), outcome(case, &target));
                let parts = differing(self.profile.cpu.family, outputs, reference, target);
                let is_told = |part: &Part| {
                    told.contains(&(step, *part))
                        || findings.iter().any(|found| (found.step, found.part) == (step, *part))
                };
                let (part, bits) = parts.into_iter().find(|(part, _)| !is_told(part))?;
                Some((step, place, part, bits))
            });
            let Some((step, place, part, bits)) = differing else { continue };
            let shown = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
            findings.push(Finding {
                witness: Witness::Reference,
                step,
                part,
                rule: place.rule,
                expected: shown(disagreement.reference),
                actual: shown(disagreement.qemu),
                bits,
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
        let part = if failure.is_given_up { Part::GivenUp } else { Part::Exception };
        for told in failure.findings {
            let (step, part, rule, bits) = match expectation {
                Some((step, said)) => {
                    let bits = number_in(&told.actual).and_then(|seen| said.allowed.differing(seen));
                    (step, said.part, said.rule, bits)
                }
                // That the guest was given up is one failure, wherever it was.
                None => {
                    let step = rendered.step_on(told.line?)?;
                    (step, part, rendered.lines.get(step)?.rule, None)
                }
            };
            let (expected, actual) = (told.expected, told.actual);
            findings.push(Finding { witness: Witness::Contract, step, part, rule, expected, actual, bits });
        }
    }
    Some(findings)
}

/// The number that what was seen begins with.
fn number_in(seen: &str) -> Option<u64> {
    let digits = seen.split(' ').next()?.strip_prefix("0x")?;
    u64::from_str_radix(digits, 16).ok()
}

/// True if a result can be compared with another's: both ran to their ends.
pub(super) fn are_comparable(result: &RunResult, other: &RunResult) -> bool {
    [result, other].iter().all(|result| result.state() == Some(State::Ended))
}

/// What of two outcomes of a step with these outputs is not the same, and in which bits; nothing if they are but for
/// addresses in the guest kernel, which has an image for each platform, for where a pending interrupt was let in, after
/// a script's step or at its end, as an exit came there or did not, and for what the contract judges: that the guest
/// was given up. What an interrupt leaves in a register that it does not set is no part of it: that is an earlier
/// one's.
fn differing(
    family: Family,
    outputs: &[String],
    reference: Option<Outcome>,
    target: Option<Outcome>,
) -> Vec<(Part, Option<u64>)> {
    let (reference, target) = match (reference, target) {
        (Some(reference), Some(target)) => (reference, target),
        (None, None) => return Vec::new(),
        _ => return vec![(Part::Exception, None)],
    };
    let mut parts = Vec::new();
    match (reference.taken, target.taken) {
        (None, None) => {}
        (Some(reference), Some(target)) if reference.exception == target.exception => {
            if reference.offset != target.offset {
                parts.push((Part::Srr0, None));
            }
            let exception = reference.exception;
            let of_interrupt = [
                (Part::Srr1, true, reference.srr1 ^ target.srr1),
                (Part::Syndrome, exception.sets_syndrome(family), u64::from(reference.syndrome ^ target.syndrome)),
                (Part::Dar, exception.sets_data_address(), reference.dar ^ target.dar),
            ];
            let differ = of_interrupt.into_iter().filter(|(_, is_set, bits)| *is_set && *bits != 0);
            parts.extend(differ.map(|(part, _, bits)| (part, Some(bits))));
        }
        _ => return vec![(Part::Exception, None)],
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
    let differ = values.filter(|(_, (reference, target))| !same(reference, target));
    let part = |name: &str| Part::of_output(name).unwrap_or(Part::Value);
    parts.extend(differ.map(|(name, (reference, target))| (part(name), Some(reference ^ target))));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::action::{Action, ExitKind};
    use crate::fuzz::generate::step;
    use crate::fuzz::runner::limits;
    use crate::fuzz::testing::environment;
    use crate::project;
    use crate::session::{self, Unwatched};
    use crate::target::{self, Model, Reference, Target};
    use crate::transcript::Taken;
    use sprig_isa::exception::Exception;
    use sprig_isa::spr::{Spr, number};
    use sprig_refhv::hypervisor::Deviation;

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
            statement: String::new(),
            findings: vec![told(0), told(2)],
            is_given_up: true,
        };
        let found = broken(&rendered, vec![failure]).expect("each is about a step");
        let found: Vec<_> = found.iter().map(|finding| (finding.step, finding.part)).collect();
        assert_eq!(found, [(0, Part::GivenUp), (2, Part::GivenUp)]);
    }

    #[test]
    fn what_the_contract_tells_of_a_step_the_reference_does_not_tell_again() {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        let model = Model::by_label("e500v2").expect("a model");
        let target = Reference::deviating(model, Deviation::SprgsSwapped).expect("a target");
        let reference = target::by_id("ref-e500v2-pr").expect("a target");
        let judge = Judge { suite: &suite, target: target.id(), profile: &target.profile() };
        let sprg1 = Spr::lookup(target.profile().cpu, number::SPRG1).expect("a register");
        let steps = [step(false, Action::WriteSpr(sprg1, 4)), step(false, Action::ReadSpr(sprg1))];
        let candidate = judge.candidate(&environment("ref-e500v2-pr"), &steps).expect("a script");
        let ran = |target: &dyn Target| {
            let (mut results, _) = session::run_all(target, &[&candidate.case], &limits(), &Unwatched);
            results.remove(0)
        };
        let (result, other) = (ran(&target), ran(&*reference));
        let found = |other| {
            let findings = judge.findings(&candidate, &result, other).expect("it ran to its end");
            findings.iter().map(|finding| (finding.step, finding.part, finding.witness)).collect::<Vec<_>>()
        };
        assert_eq!(found(Some((&candidate.case, &other))), [(1, Part::Value, Witness::Contract)]);
        let told = judge.differences(&candidate, &result, &candidate.case, &other, &BTreeSet::new());
        assert_eq!(told.len(), 1, "the reference tells it where the contract does not");
    }

    #[test]
    fn what_an_interrupt_does_not_set_is_no_part_of_it() {
        let taken = |exception, syndrome, dar| {
            let taken = Taken { exception, offset: Some(0), srr0: 0, srr1: 0, syndrome, dar };
            Some(Outcome { taken: Some(taken), values: Vec::new() })
        };
        let parts = |exception, family| {
            let differ = differing(family, &[], taken(exception, 1, 1), taken(exception, 3, 5));
            differ.into_iter().map(|(part, _)| part).collect::<Vec<_>>()
        };
        let booke = Family::BookeE500;
        assert_eq!(parts(Exception::SystemCall, booke), []);
        assert_eq!(parts(Exception::Program, booke), [Part::Syndrome]);
        assert_eq!(parts(Exception::Program, Family::Book3s32), []);
        assert_eq!(parts(Exception::DataTlbError, booke), [Part::Syndrome, Part::Dar]);
    }

    #[test]
    fn what_differs_is_every_part_that_is_not_the_same() {
        let outputs = ["", "r4", "r17"].map(str::to_owned);
        let parts = |reference: [u64; 3], target: [u64; 3]| {
            let outcome = |values: [u64; 3]| Some(Outcome { taken: None, values: values.to_vec() });
            differing(Family::BookeE500, &outputs, outcome(reference), outcome(target))
        };
        let value = |bits| (Part::Value, Some(bits));
        assert_eq!(parts([0, 1, 2], [9, 9, 2]), [value(9), (Part::Register(4), Some(8))]);
        assert_eq!(parts([0, 1, 2], [0, 9, 9]), [(Part::Register(4), Some(8)), (Part::Register(17), Some(11))]);
        assert_eq!(parts([0, 1, 2], [0, 1, 9]), [(Part::Register(17), Some(11))]);
        let kernel = u64::from(IMAGE_BASE);
        assert_eq!(parts([kernel, 1, 2], [kernel + 4, 1, 2]), []);
        assert_eq!(parts([kernel, 1, 2], [0, 1, 2]), [value(kernel)]);
        let (end, code) = (u64::from(STEP_RETURN), u64::from(CODE_BASE));
        assert_eq!(parts([code, 1, 2], [end, 1, 2]), []);
        assert_eq!(parts([end, 1, 2], [code, 1, 2]), []);
        assert_eq!(parts([code, 1, 2], [code + 4, 1, 2]), [value(4)]);
        assert_eq!(parts([end, 1, 2], [end + 4, 1, 2]), [value(end ^ (end + 4))]);
    }
}
