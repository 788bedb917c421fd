//! `sprig gate`: is this build worse than allowed?

use super::args;
use super::build::built;
use super::error::Error;
use super::progress::Bar;
use super::select;
use crate::gate::{is_open, weigh};
use crate::judge::{Exit, Status, Verdict};
use crate::report::{Question, Summary, TargetReport, reporter};
use crate::run::{On, Run, Selected};
use crate::target::{self, Availability, Limits, Target};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub(super) fn gate(arguments: &args::Gate, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let target = select::target(&target::all(), &arguments.target)?;
    let cases = select::cases(&suite, &arguments.cases)?;
    let Some((part, path)) = arguments.build.part() else {
        return Err(Error::usage("there is no build to judge", "add --kernel, --qemu or --firmware"));
    };
    let build = built(&*target, part, path)?;
    let baseline = arguments.baseline.as_deref().map(|path| built(&*target, part, path)).transpose()?;
    let again = again(arguments);
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: &again };

    let on = On::new(&*target);
    let runnable = cases.iter().filter(|case| case.instance.missing(&on.profile).is_none()).count() as u64;
    let bar = Bar::new(runnable * if baseline.is_some() { 2 } else { 1 });
    let before = match (baseline, &arguments.baseline) {
        (Some(baseline), Some(path)) => {
            let (before, report) = verdicts(&run, &*baseline, &bar);
            if !report.boots {
                bar.end();
                return Err(no_baseline(path, &report));
            }
            Some(before)
        }
        _ => None,
    };
    let (verdicts, report) = verdicts(&run, &*build, &bar);
    bar.end();
    let reviewed = reviewed(&run, &*target, &verdicts);

    let weighed: Vec<_> = cases
        .iter()
        .filter_map(|selected| {
            let verdict = verdicts.get(&selected.argument)?;
            let before = before.as_ref().and_then(|before| before.get(&selected.argument));
            let reviewed = reviewed.get(&selected.argument);
            Some((selected, verdict, before, weigh(verdict, before, reviewed, arguments.strict)))
        })
        .collect();
    // What does not boot says nothing about its hypervisor.
    // Nor is anything known of a case that is compared with one that could not be judged.
    let weights = weighed.iter().map(|(_, verdict, before, concern)| match before {
        Some(Verdict { status: Status::Error, .. }) => (Status::Error, *concern),
        _ => (verdict.status, *concern),
    });
    let exit = if report.boots { Exit::of_weighed(weights) } else { Exit::NotJudged };
    let mut reporter = reporter(arguments.format, out);
    reporter.begin(1)?;
    reporter.target_begins(target.id(), weighed.len())?;
    for (selected, verdict, before, concern) in weighed {
        let before = before.map(|before| before.status).filter(|status| *status != verdict.status);
        let again = arguments.build.again(&again, &selected.argument, target.id());
        let record = run.record(&on, selected, verdict.clone()).weighed(concern, before);
        reporter.record(&record.again(again))?;
    }
    reporter.target_ends(&report)?;
    let (targets, question) = (vec![report], Question::Gate);
    reporter.end(&Summary { targets, missing: Vec::new(), not_asked: Vec::new(), question, exit })?;
    Ok(exit)
}

/// The beginning of the command that judges it again in the same way.
fn again(arguments: &args::Gate) -> String {
    let mut words = vec!["gate".to_owned()];
    if let Some(baseline) = &arguments.baseline {
        words.extend(["--baseline".to_owned(), baseline.display().to_string()]);
    }
    if arguments.strict {
        words.push("--strict".to_owned());
    }
    format!("{} {}", super::program(), shell_words::join(words))
}

/// What it is to be compared with shows nothing.
fn no_baseline(path: &Path, report: &TargetReport) -> Error {
    let why = report.dead.as_deref().and_then(|dead| dead.lines().next()).unwrap_or("it does not boot");
    let message = format!("nothing can be compared with the baseline {}: {why}", path.display());
    Error::not_judged(
        message,
        "give a build that runs the cases, or none: then the build is compared with what was reviewed",
    )
}

/// The verdicts of the target as it was reviewed, with its own parts, on the cases that are open without. Where it is
/// not here they stay so.
fn reviewed(run: &Run<'_>, target: &dyn Target, verdicts: &BTreeMap<String, Verdict>) -> BTreeMap<String, Verdict> {
    let open = |selected: &&Selected| verdicts.get(&selected.argument).is_some_and(is_open);
    let cases: Vec<_> = run.cases.iter().filter(open).cloned().collect();
    if cases.is_empty() || !matches!(target.availability(), Availability::Yes) {
        return BTreeMap::new();
    }
    let bar = Bar::new(cases.len() as u64);
    let reviewed = self::verdicts(&Run { cases: &cases, ..*run }, target, &bar).0;
    bar.end();
    reviewed
}

/// The verdict on each case, by the case's name on a command line.
fn verdicts(run: &Run<'_>, target: &dyn Target, bar: &Bar) -> (BTreeMap<String, Verdict>, TargetReport) {
    let mut verdicts = BTreeMap::new();
    let report = run.judged(target, bar, |selected, verdict| {
        verdicts.insert(selected.argument.clone(), verdict);
    });
    (verdicts, report)
}
