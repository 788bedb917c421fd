//! Cases and transcripts made by hand, for tests of the stages after the script language.

use crate::case::{Case, Check, Comparison, Condition, Part, SourceFile, Step, Term};
use crate::transcript::{Fate, Outcome, RunResult, Taken, Transcript};
use sprig_isa::exception::Exception;
use sprig_isa::{msr, syndrome};
use sprig_wire::layout::CODE_BASE;
use sprig_wire::log::{self, Kind, State};
use std::collections::BTreeMap;
use std::sync::Arc;

fn step(line: usize, text: &str, observation: Option<&str>) -> Step {
    Step {
        line,
        text: text.to_owned(),
        observation: observation.map(str::to_owned),
        outputs: observation.map(|_| String::new()).into_iter().collect(),
        stub: Some((4 * u32::try_from(line).unwrap_or_default(), 1)),
        may_trap: false,
        varying: false,
        in_race: false,
    }
}

fn case(name: &str, rules: &[&str], steps: Vec<Step>, checks: Vec<Check>) -> Case {
    Case {
        name: name.to_owned(),
        source: Arc::new(SourceFile { path: format!("cases/{name}.probe").into(), text: String::new() }),
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        kills: false,
        steps,
        checks,
        parts: Default::default(),
    }
}

/// The output of a step as a term.
pub(crate) fn output(step: usize) -> Term {
    Term::Observed { step, part: Part::Output(0) }
}

/// The case of the language reference: a page store reaches the alias after the next exit.
pub(crate) fn alias() -> Case {
    let steps = vec![
        step(6, "mtspr 276 (SPRG4), r3", None),
        step(7, "stw page.sprg4", None),
        step(8, "mfspr r3, 260 (USPRG4)", Some("before")),
        step(9, "exit mfpvr", None),
        step(10, "mfspr r3, 260 (USPRG4)", Some("after")),
    ];
    let allowed = vec![(0xa000_0004, 0xa000_0004), (0xb000_0004, 0xb000_0004)];
    let check = |line, text: &str, condition| Check { line, text: text.to_owned(), rule: 0, condition };
    let checks = vec![
        check(12, "before in {0xa0000004, 0xb0000004}", Condition::In(output(2), allowed)),
        check(13, "after == 0xb0000004", Condition::Compare(Comparison::Equal, output(4), Term::Constant(0xb000_0004))),
    ];
    case("alias/after-exit", &["alias.consistent-after-exit"], steps, checks)
}

/// What [`alias`] observes.
pub(crate) fn alias_transcript(before: u64, after: u64) -> Transcript {
    let outcome = |value| vec![Outcome { taken: None, values: vec![value] }];
    Transcript { outcomes: BTreeMap::from([(2, outcome(before)), (4, outcome(after))]), ..Transcript::default() }
}

/// A case that runs [`alias`]'s read in a loop over these numbers, and what it observed.
pub(crate) fn looped(numbers: &[u64], observe: impl Fn(u64) -> Result<u64, Exception>) -> (Case, Transcript) {
    let mut steps = Vec::new();
    let mut transcript = Transcript::default();
    for (index, number) in numbers.iter().enumerate() {
        steps.push(step(5, &format!("mfspr r3, {number}"), Some(&format!("v[{number}]"))));
        let outcome = match observe(*number) {
            Ok(value) => Outcome { taken: None, values: vec![value] },
            Err(exception) => trapped(exception),
        };
        transcript.outcomes.insert(index, vec![outcome]);
    }
    (case("spr/all", &["unspecified.spr"], steps, Vec::new()), transcript)
}

/// An outcome with an exception, as an illegal instruction would have on an embedded core.
pub(crate) fn trapped(exception: Exception) -> Outcome {
    let taken = Taken {
        exception,
        offset: Some(0),
        srr0: CODE_BASE.into(),
        srr1: msr::ME,
        syndrome: syndrome::esr::PIL,
        dar: 0,
    };
    Outcome { taken: Some(taken), values: Vec::new() }
}

/// What a target that saw this transcript gives back.
pub(crate) fn result(case: &Case, transcript: &Transcript) -> RunResult {
    let mut entries = Vec::new();
    let number = |step: &usize| u16::try_from(*step).unwrap_or(u16::MAX);
    for (step, times) in &transcript.given_up {
        for time in times {
            entries.extend(log::encode(number(step), Kind::GivenUp, None, &[time.reason.into(), time.detail]));
        }
    }
    for (step, outcomes) in &transcript.outcomes {
        for outcome in outcomes {
            let interrupt = outcome.taken.map(|taken| {
                let stub = case.steps[*step].stub.map_or(0, |(offset, _)| offset);
                log::Interrupt {
                    exception: taken.exception as u8,
                    syndrome: taken.syndrome,
                    srr0: u64::from(CODE_BASE + stub) + taken.offset.unwrap_or(0),
                    srr1: taken.srr1,
                    dar: taken.dar,
                }
            });
            let kind = if interrupt.is_some() { Kind::Exception } else { Kind::Completed };
            entries.extend(log::encode(number(step), kind, interrupt.as_ref(), &outcome.values));
        }
    }
    let last_step = u32::try_from(case.steps.len().saturating_sub(1)).ok();
    RunResult { fate: Fate::Ended, state: State::Ended as u16, last_step, entries, exits: None }
}
