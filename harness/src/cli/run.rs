//! `sprig run`: the main job.

use super::args;
use super::error::Error;
use super::progress::Bar;
use super::select::{self, Targets};
use crate::judge::{Exit, Status};
use crate::report::{Missing, Question, Summary, reporter};
use crate::run::{Event, Run, statuses};
use crate::target::{self, Availability, Limits, Target};
use std::io::Write;
use std::sync::Arc;

pub(super) fn run(arguments: &args::Run, out: &mut dyn Write) -> Result<Exit, Error> {
    if let Some(log) = &arguments.from {
        return super::from::from(log, arguments.format, out);
    }
    let suite = super::suite()?;
    let all = target::all();
    let cases = select::cases(&suite, &arguments.cases)?;
    let Targets { here, named_but_missing } = select::targets(&all, &arguments.targets)?;
    let again = format!("{} repro", super::program());
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: &again };
    let bar = Bar::new(runnable(&run, &here));

    let mut reporter = reporter(arguments.format, out);
    reporter.begin(here.len() + named_but_missing.len())?;
    let reports = run.on_all(&here, workers(arguments.jobs), &bar, |event| {
        bar.suspend(|| match event {
            Event::Begins(target) => reporter.target_begins(&target, cases.len()),
            Event::Record(record) => reporter.record(&record),
            Event::Ends(report) => reporter.target_ends(&report),
        })
    })?;
    bar.end();
    for target in &named_but_missing {
        if let Some(missing) = missing(&**target) {
            reporter.target_missing(target.id(), &missing)?;
        }
    }
    // A target that was named and cannot run leaves the question open.
    let open = named_but_missing.iter().map(|_| Status::Error);
    let exit = Exit::of(statuses(&reports).chain(open));
    let asked = |target: &&Arc<dyn Target>| here.iter().any(|asked| asked.id() == target.id());
    // Who names a target does not ask for others.
    let is_told = |target: &&Arc<dyn Target>| arguments.targets.is_empty() && !asked(target);
    let rest: Vec<_> = all.iter().filter(is_told).collect();
    reporter.end(&Summary {
        targets: reports,
        missing: all_missing(rest.iter().map(|target| &***target)),
        not_asked: rest.iter().filter(|target| target.availability().is_yes()).map(|t| t.id().to_owned()).collect(),
        question: Question::Conformance,
        exit,
    })?;
    Ok(exit)
}

/// How many work at the same time: this many, or one on each core.
pub(super) fn workers(jobs: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    jobs.map_or_else(cores, usize::from)
}

/// How many cases are going to run on all targets together.
pub(super) fn runnable(run: &Run<'_>, targets: &[Arc<dyn Target>]) -> u64 {
    let on = |target: &Arc<dyn Target>| {
        let profile = target.profile();
        run.cases.iter().filter(|selected| selected.instance.missing(&profile).is_none()).count() as u64
    };
    targets.iter().map(on).sum()
}

/// Why a target cannot run here.
pub(super) fn missing(target: &dyn Target) -> Option<Missing> {
    match target.availability() {
        Availability::Yes => None,
        Availability::No { reason, remedy } => Some(Missing { targets: vec![target.id().to_owned()], reason, remedy }),
    }
}

/// The target, if it can run.
pub(super) fn here(target: Arc<dyn Target>) -> Result<Arc<dyn Target>, Error> {
    match missing(&*target) {
        None => Ok(target),
        Some(missing) => {
            let message = format!("{} cannot run here: {}", target.id(), missing.reason);
            Err(Error::not_judged(message, format!("to add it: {}", missing.remedy)))
        }
    }
}

/// The targets that cannot run here, those together that lack the same.
fn all_missing<'a>(targets: impl Iterator<Item = &'a dyn Target>) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    for missing in targets.filter_map(missing) {
        match all.iter_mut().find(|known| known.reason == missing.reason && known.remedy == missing.remedy) {
            Some(known) => known.targets.extend(missing.targets),
            None => all.push(missing),
        }
    }
    all
}
