//! One case by itself, step by step: what each step was, returned and cost.

use super::error::Error;
use crate::case::{Case, Step};
use crate::describe::{self, Shown};
use crate::exits::{self, Exits};
use crate::judge::counted;
use crate::target::{Boot, Limits, Target};
use crate::transcript::{ExitCount, Fate, RunResult, Transcript};
use sprig_isa::cpu::Family;
use sprig_wire::log::State;
use std::collections::BTreeMap;
use std::io::Write;

/// Room for what a step gave, in front of its exits; few need more.
const OUTCOME: usize = 40;

/// Runs the case by itself; what the console said, and the result.
pub(super) fn boot(target: &dyn Target, case: &Case, loud: bool) -> (Vec<u8>, RunResult) {
    let (mut console, mut result) = (Vec::new(), None);
    let cases = [case];
    let limits = Limits::default();
    let boot = Boot { loud, console: Some(&mut console), ..Boot::new(&cases, &limits) };
    let stop = target.run(boot, &mut |ended| result = Some(ended));
    let nothing =
        |fate| RunResult { fate, state: State::Idle as u16, last_step: None, entries: Vec::new(), exits: None };
    let result = match (stop, result) {
        (Ok(()), Some(result)) => result,
        (Ok(()), None) => nothing(Fate::Error(format!("{} ended without a result", target.id()))),
        (Err(stop), Some(ended)) => RunResult { fate: stop.fate, ..ended },
        (Err(stop), None) => stop.running.map_or_else(|| nothing(stop.fate), |running| *running),
    };
    (console, result)
}

/// Each step with its outcome and its exits, which are counted `apart` where the target does not count them by step.
pub(super) fn steps(
    case: &Case,
    result: &RunResult,
    family: Family,
    apart: Option<&BTreeMap<usize, Exits>>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let transcript = Transcript::decode(case, result);
    writeln!(out, "{}", case.source.path.display())?;
    let outcomes = |index: usize, step: &Step| {
        let outcomes = transcript.as_ref().ok().and_then(|transcript| transcript.outcomes.get(&index));
        let outcomes = outcomes.map(|outcomes| {
            let show = |_, value| Shown::Value(describe::value(value));
            let all = outcomes.iter().map(|outcome| describe::outcome(outcome, (&step.outputs, false), family, show));
            let given_up = transcript.as_ref().ok().and_then(|transcript| transcript.given_up.get(&index));
            all.collect::<Vec<_>>().join(" or ") + &describe::given_up_behind(given_up, case, step)
        });
        match outcomes {
            Some(outcomes) => format!("{}{outcomes}", named(step)),
            None if result.last_step.is_some_and(|last| (last as usize) < index) => "not reached".to_owned(),
            None => String::new(),
        }
    };
    let seen: Vec<String> = case.steps.iter().enumerate().map(|(index, step)| outcomes(index, step)).collect();
    let width = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let text = width(&mut case.steps.iter().map(|step| &step.text));
    let outcome = width(&mut seen.iter()).min(OUTCOME);
    let line = case.steps.last().map_or(0, |step| step.line.to_string().len());
    let in_all = |exits: &&Vec<ExitCount>| exits.iter().any(|exit| exit.step.is_none());
    let (whole, by_step) = (result.exits.as_ref().filter(in_all), result.exits.as_ref().filter(|exits| !in_all(exits)));
    for (index, (step, seen)) in case.steps.iter().zip(&seen).enumerate() {
        let exits = match apart {
            Some(exits) => exits.get(&index).map(exits::shown),
            None => by_step.map(|exits| counted(exits, Some(index))),
        };
        let exits = exits.map(|exits| format!("  exits: {exits}")).unwrap_or_default();
        let shown = format!("  line {:line$}  {:text$}  {seen:outcome$}{exits}", step.line, step.text);
        writeln!(out, "{}", shown.trim_end())?;
    }
    if let Some(exits) = whole {
        writeln!(out, "  exits in all: {}", counted(exits, None))?;
    }
    if let Err(malformed) = transcript {
        writeln!(out, "  the log cannot be read: {malformed}")?;
    }
    Ok(())
}

fn named(step: &Step) -> String {
    step.observation.as_ref().map(|name| format!("{name} = ")).unwrap_or_default()
}
