//! `sprig repro`: one case on one target, with everything there is to see.

use super::args;
use super::error::Error;
use super::select;
use super::steps::{boot, steps};
use super::story;
use crate::case::Case;
use crate::exits::{self, Exits};
use crate::judge::Exit;
use crate::project;
use crate::report::{Counts, Format, Question, Summary, TargetReport, named, reporter};
use crate::run::{On, Run, Selected, statuses};
use crate::script::Instance;
use crate::suite::Suite;
use crate::target::{self, ByHand, Limits, Target};
use crate::transcript::{Fate, RunResult};
use sprig_wire::log::State;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// What to do about a case that a target cannot run.
fn where_instead(case: &Instance) -> String {
    let can_run = |target: &Arc<dyn Target>| target.availability().is_yes() && case.assemble(&target.profile()).is_ok();
    let targets: Vec<String> =
        target::all().iter().filter(|target| can_run(target)).map(|t| t.id().to_owned()).collect();
    match targets.is_empty() {
        true => "no target that is available can run it".to_owned(),
        false => format!("these can: {}", named(&targets)),
    }
}

pub(super) fn repro(arguments: &args::Repro, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let target = match (&arguments.target, story::by_name(&arguments.case)) {
        (None, Some(story)) => {
            if let Some(option) = arguments.about_one_target() {
                let message = format!("{} is a story: {option} is about one case on one target", story.name);
                return Err(Error::usage(message, format!("leave out `{option}`, or name the case and a target")));
            }
            return story::tell(story, &suite, out);
        }
        (Some(_), Some(story)) => {
            let message = format!("{} is a story, which has targets of its own", story.name);
            return Err(Error::usage(message, "leave out `--target`"));
        }
        (Some(target), None) => select::target(&target::all(), target)?,
        (None, None) => {
            // A case that is not there is the first thing to say.
            select::one_case(&suite, &arguments.case)?;
            let hint = "add `--target T`; `sprig targets` shows every target";
            return Err(Error::usage(format!("on which target is {} to run?", arguments.case), hint));
        }
    };
    let selected = select::one_case(&suite, &arguments.case)?;
    let target = arguments.build.instead(target)?;
    let case = selected.instance.assemble(&target.profile()).map_err(|error| {
        let message = format!("{} cannot run on {}: {error}", selected.argument, target.id());
        Error::not_judged(message, where_instead(&selected.instance))
    })?;

    let by_hand = by_hand(&*target, &case, arguments)?;
    let (console, result) = boot(&*target, &case, false);
    let exits = if arguments.exits { Some(by_step(&*target, &case)?) } else { None };
    steps(&case, &result, target.profile().cpu.family, exits.as_ref(), out)?;
    log(&console, "The console:", out)?;
    if result.state() != Some(State::Ended) || result.fate != Fate::Ended {
        let (console, _) = boot(&*target, &case, true);
        log(&console, "The console, each step reported before it runs:", out)?;
    }
    by_hand.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out)?;
    let again = arguments.build.again(&format!("{} repro", super::program()), &selected.argument, target.id());
    verdict(&suite, selected, &*target, &case, (&result, again), out)
}

/// The exits of each step by themselves.
fn by_step(target: &dyn Target, case: &Case) -> Result<BTreeMap<usize, Exits>, Error> {
    exits::by_step(target, case).map_err(|error| {
        let advice = "leave out `--exits` to see the exits that the target counts by itself, if it does";
        Error::not_judged(format!("the exits of each step are not known: {error}"), advice)
    })
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

/// How to run this without sprig; no lines where it cannot be.
fn by_hand(target: &dyn Target, case: &Case, arguments: &args::Repro) -> Result<Vec<String>, Error> {
    let folder = project::scratch().join("repro").join(target.id()).join(&case.name);
    let how = ByHand { loud: false, gdb: arguments.gdb, trace: arguments.trace };
    let prepared = target.by_hand(&folder, &[case], &how).map_err(|error| {
        let doing = format!("preparing {}", folder.display());
        Error::Internal { doing, cause: std::io::Error::other(error) }
    })?;
    match prepared {
        Some(command) => {
            let debugger = arguments.gdb.then(|| debugger(&target.symbols(&folder)));
            let lines = debugger.into_iter().flatten().map(|line| format!("  {line}"));
            Ok([String::new(), "By hand:".to_owned(), format!("  {command}")].into_iter().chain(lines).collect())
        }
        None if arguments.gdb || arguments.trace => {
            let message = format!("{} runs inside sprig: there is nothing to attach to or to trace", target.id());
            Err(Error::usage(message, "--gdb and --trace are for QEMU"))
        }
        None => Ok(Vec::new()),
    }
}

/// What the guest's debugging information calls the tree that it was built in (ci/guest-build).
const BUILT_IN: &str = "/sprig";

/// The debugger that goes with it, with the symbols of these programs, the guest's last; and what to tell it.
fn debugger(symbols: &[PathBuf]) -> [String; 2] {
    let sources = format!("set substitute-path {BUILT_IN} {}", project::root().display());
    let mut command = format!("gdb-multiarch -ex 'target remote 127.0.0.1:1234' -ex {}", shell_words::quote(&sources));
    for (index, program) in symbols.iter().enumerate() {
        let program = program.to_string_lossy();
        let argument = shell_words::quote(&program);
        command += &match index {
            0 => format!(" {argument}"),
            _ => format!(" -ex {}", shell_words::quote(&format!("add-symbol-file {argument}"))),
        };
    }
    let has_symbols =
        symbols.last().is_some_and(|guest| guest.extension().is_some_and(|extension| extension == "debug"));
    let hint = if has_symbols {
        "and there: hbreak boot, then continue; a function of the guest kernel has its name alone"
    } else {
        "the guest kernel has no symbols: ci/guest-build DIR makes them, in this tree's target folder"
    };
    [command, hint.to_owned()]
}

/// The verdict, as a run would report it.
fn verdict(
    suite: &Suite,
    selected: Selected,
    target: &dyn Target,
    case: &Case,
    (result, again): (&RunResult, String),
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let cases = [selected];
    let [selected] = &cases;
    let run = Run { suite, cases: &cases, limits: &Limits::default(), again: "" };
    let on = On::new(target);
    let record = run.record(&on, selected, run.verdict(&on, selected, case, result));
    let mut counts = Counts::default();
    counts.add(record.status);
    let record = record.again(again);
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

impl args::Repro {
    /// An option that a story, told on targets of its own, has no use for.
    fn about_one_target(&self) -> Option<String> {
        let options = [(self.exits, "--exits"), (self.gdb, "--gdb"), (self.trace, "--trace")];
        let given = options.into_iter().find_map(|(given, option)| given.then(|| option.to_owned()));
        given.or_else(|| self.build.words().into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debugger_finds_the_guests_sources_and_is_told_where_its_symbols_are_missing() {
        let [command, hint] = debugger(&["vmlinux", "board.debug"].map(PathBuf::from));
        let sources = format!("'set substitute-path {BUILT_IN} {}'", project::root().display());
        assert!(
            command.contains(&sources) && command.ends_with("vmlinux -ex 'add-symbol-file board.debug'"),
            "{command}"
        );
        assert!(hint.contains("hbreak boot"), "{hint}");
        let [command, hint] = debugger(&[PathBuf::from("guest.elf")]);
        assert!(command.ends_with(" guest.elf") && hint.contains("ci/guest-build"), "{command} {hint}");
    }
}
