//! `sprig repro`: one case on one target, with everything there is to see.

use super::args;
use super::error::Error;
use super::select;
use super::story;
use crate::case::{Case, Step};
use crate::describe::{self, Shown};
use crate::judge::{Exit, counted};
use crate::project;
use crate::report::{Counts, Format, Question, Summary, TargetReport, reporter};
use crate::run::{On, Run, Selected, statuses};
use crate::suite::Suite;
use crate::target::{self, Boot, ByHand, Limits, Target};
use crate::transcript::{ExitCount, Fate, RunResult, Transcript};
use sprig_isa::cpu::Family;
use sprig_wire::log::State;
use std::io::Write;
use std::path::PathBuf;

/// Room for what a step gave, in front of its exits; few need more.
const OUTCOME: usize = 40;

pub(super) fn repro(arguments: &args::Repro, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let target = match (&arguments.target, story::by_name(&arguments.case)) {
        (None, Some(story)) => return story::tell(story, &suite, out),
        (Some(_), Some(story)) => {
            let message = format!("{} is a story, which has targets of its own", story.name);
            return Err(Error::usage(message, "leave out `--target`"));
        }
        (Some(target), None) => select::target(&target::all(), target)?,
        (None, None) => {
            let hint = "add `--target T`; `sprig targets` shows every target";
            return Err(Error::usage(format!("on which target is {} to run?", arguments.case), hint));
        }
    };
    let selected = one_case(&suite, &arguments.case)?;
    if let Some(missing) = super::run::missing(&*target) {
        let message = format!("{} cannot run here: {}", target.id(), missing.reason);
        return Err(Error::not_judged(message, format!("to add it: {}", missing.remedy)));
    }
    let case = selected.instance.assemble(&target.profile()).map_err(|error| {
        let message = format!("{} cannot run on {}: {error}", selected.argument, target.id());
        Error::not_judged(message, "`sprig targets` shows every target")
    })?;

    let (console, result) = boot(&*target, &case, false);
    steps(&case, &result, target.profile().cpu.family, out)?;
    log(&console, "The console:", out)?;
    if result.state() != Some(State::Ended) || result.fate != Fate::Ended {
        let (console, _) = boot(&*target, &case, true);
        log(&console, "The console, each step reported before it runs:", out)?;
    }
    by_hand(&*target, &case, arguments, out)?;
    writeln!(out)?;
    verdict(&suite, selected, &*target, &case, &result, out)
}

/// The one case that an argument names.
pub(super) fn one_case(suite: &Suite, argument: &str) -> Result<Selected, Error> {
    let mut cases = select::cases(suite, &[argument.to_owned()])?;
    // A script's name is also that of its case without parameters, where it has such a case.
    let exact = cases.iter().position(|case| case.argument == argument);
    match (exact, cases.len()) {
        (Some(index), _) => Ok(cases.swap_remove(index)),
        (None, 1) => Ok(cases.swap_remove(0)),
        (None, count) => {
            let names: Vec<&str> = cases.iter().map(|case| case.argument.as_str()).collect();
            Err(Error::usage(format!("`{argument}` names {count} cases"), format!("choose one of {}", names.join(" "))))
        }
    }
}

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

/// Each step with its outcome and its exits.
pub(super) fn steps(case: &Case, result: &RunResult, family: Family, out: &mut dyn Write) -> Result<(), Error> {
    let transcript = Transcript::decode(case, result);
    writeln!(out, "{}", case.source.path.display())?;
    let outcomes = |index: usize, step: &Step| {
        let outcomes = transcript.as_ref().ok().and_then(|transcript| transcript.outcomes.get(&index));
        let outcomes = outcomes.map(|outcomes| {
            let show = |_, value| Shown::Value(describe::value(value));
            let all = outcomes.iter().map(|outcome| describe::outcome(outcome, &step.outputs, family, show));
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
        let exits = by_step.map(|exits| format!("  exits: {}", counted(exits, Some(index)))).unwrap_or_default();
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

fn log(console: &[u8], title: &str, out: &mut dyn Write) -> Result<(), Error> {
    if console.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for line in String::from_utf8_lossy(console).lines() {
        writeln!(out, "  {}", line.trim_end())?;
    }
    Ok(())
}

/// How to run this without sprig.
fn by_hand(target: &dyn Target, case: &Case, arguments: &args::Repro, out: &mut dyn Write) -> Result<(), Error> {
    let folder = project::scratch().join("repro").join(target.id()).join(&case.name);
    let how = ByHand { loud: false, gdb: arguments.gdb, trace: arguments.trace };
    let prepared = target.by_hand(&folder, &[case], &how).map_err(|error| {
        let doing = format!("preparing {}", folder.display());
        Error::Internal { doing, cause: std::io::Error::other(error) }
    })?;
    match prepared {
        Some(command) => {
            writeln!(out, "\nBy hand:\n  {command}")?;
            if arguments.gdb {
                writeln!(out, "  {}", debugger(&target.symbols(&folder)))?;
            }
            Ok(())
        }
        None if arguments.gdb || arguments.trace => {
            let message = format!("{} runs inside sprig: there is nothing to attach to or to trace", target.id());
            Err(Error::usage(message, "--gdb and --trace are for QEMU"))
        }
        None => Ok(()),
    }
}

/// The debugger that goes with it, with the symbols of these programs.
fn debugger(symbols: &[PathBuf]) -> String {
    let mut command = "gdb-multiarch -ex 'target remote localhost:1234'".to_owned();
    for (index, program) in symbols.iter().enumerate() {
        let program = program.to_string_lossy();
        let argument = shell_words::quote(&program);
        command += &match index {
            0 => format!(" {argument}"),
            _ => format!(" -ex {}", shell_words::quote(&format!("add-symbol-file {argument}"))),
        };
    }
    command
}

/// The verdict, as a run would report it.
fn verdict(
    suite: &Suite,
    selected: Selected,
    target: &dyn Target,
    case: &Case,
    result: &RunResult,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let again = format!("{} repro", super::program());
    let cases = [selected];
    let [selected] = &cases;
    let run = Run { suite, cases: &cases, limits: &Limits::default(), again: &again };
    let record = run.record(target.id(), selected, run.verdict(&On::new(target), selected, case, result));
    let mut counts = Counts::default();
    counts.add(record.status);
    let boots = result.last_step.is_some();
    let report = TargetReport { target: target.id().to_owned(), version: target.version(), counts, boots, dead: None };
    let targets = vec![report.clone()];
    let exit = Exit::of(statuses(&targets));
    let mut reporter = reporter(Format::Human, out);
    reporter.record(&record)?;
    reporter.target_ends(&report)?;
    let question = Question::Conformance;
    reporter.end(&Summary { targets, missing: Vec::new(), not_asked: Vec::new(), question, exit })?;
    Ok(exit)
}
