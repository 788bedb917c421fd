//! `sprig run --from LOG`: the verdicts on what an exported folder has printed.

use super::error::Error;
use super::{export, select};
use crate::export::{Batch, Log, LogError, plain};
use crate::judge::Exit;
use crate::report::{Counts, Format, Question, Record, Summary, TargetReport, reporter};
use crate::run::{On, Run, statuses};
use crate::target::Limits;
use crate::target::kvm::Local;
use std::io::{Read, Write};
use std::path::Path;

/// Names standard input.
const STDIN: &str = "-";

pub(super) fn from(path: &Path, format: Format, out: &mut dyn Write) -> Result<Exit, Error> {
    let bytes = plain(&read(path)?);
    let log = Log::open(&bytes).map_err(|error| refused(path, &error))?;
    let suite = super::suite()?;
    let plan = log.plan();
    let target = export::target(&plan.target, Some(&plan.cpu))?;
    let cases = select::cases(&suite, &plan.cases)?;
    // The host is elsewhere: what shows it again is an export of the case alone.
    let cpu = if target.id() == Local::ID { format!(" --cpu {}", plan.cpu) } else { String::new() };
    let again = format!("{} export NEW-FOLDER{cpu}", super::program());
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: &again };

    let on = On::new(&*target);
    let mut records: Vec<Record> = Vec::new();
    let jobs = run.jobs(&on.profile, |selected, verdict| records.push(run.record(&on, selected, verdict)));
    let batches = Batch::all(jobs)
        .map_err(|error| refused(path, &error))
        .and_then(|batches| log.check(&batches).map(|()| batches).map_err(|error| refused(path, &error)))?;
    let mut boots = false;
    for (place, batch) in batches.iter().enumerate() {
        for (job, result) in batch.cases.iter().zip(log.results(place, batch.cases.len(), on.profile.cpu)) {
            boots |= result.last_step.is_some();
            let verdict = run.verdict(&on, job.selected, &job.case, &result);
            records.push(run.record(&on, job.selected, verdict));
        }
    }

    let mut counts = Counts::default();
    records.iter().for_each(|record| counts.add(record.status));
    let version = Some(format!("from {}", path.display()));
    let report = TargetReport { target: target.id().to_owned(), version, counts, boots, dead: None };
    let targets = vec![report.clone()];
    let exit = Exit::of(statuses(&targets));
    let mut reporter = reporter(format, out);
    reporter.begin(1)?;
    reporter.target_begins(target.id(), records.len())?;
    for record in &records {
        reporter.record(record)?;
    }
    reporter.target_ends(&report)?;
    let question = Question::Conformance;
    reporter.end(&Summary { targets, missing: Vec::new(), not_asked: Vec::new(), question, exit })?;
    Ok(exit)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = if path == Path::new(STDIN) {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    let message = |error| format!("cannot read the log {}: {error}", path.display());
    read.map_err(|error| Error::usage(message(error), "LOG is the file with what an export's `run` printed"))?;
    Ok(bytes)
}

/// A log that cannot be judged, with what to do about it.
fn refused(path: &Path, error: &(dyn std::error::Error + 'static)) -> Error {
    let advice = match error.downcast_ref() {
        Some(LogError::Several { .. }) => "cut it to one run",
        Some(LogError::Other { .. } | LogError::Count { .. }) => {
            "export again and run that, or judge it with the scripts of that revision"
        }
        _ => "LOG is the file with what an export's `run` printed",
    };
    Error::not_judged(format!("{} cannot be judged: {error}", path.display()), advice)
}
