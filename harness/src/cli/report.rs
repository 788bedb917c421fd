//! `sprig report`: a run whose results are pages to browse.

use super::args;
use super::error::Error;
use super::progress::Bar;
use super::run::{missing, runnable, workers};
use super::select::{self, Targets};
use crate::html::{self, Matrix, WriteError};
use crate::judge::{Exit, Status};
use crate::run::{Event, Run, statuses};
use crate::target::{self, Limits};
use std::convert::Infallible;
use std::io::{ErrorKind, Write};

pub(super) fn report(arguments: &args::Report, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let cases = select::cases(&suite, &arguments.cases)?;
    let Targets { here, named_but_missing } = select::targets(&target::all(), &arguments.targets)?;
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: "" };
    let mut matrix = Matrix::new(&suite);
    // Before minutes are spent on the run; an earlier report stays until there is a new one.
    html::claim(&arguments.folder).map_err(unwritten)?;
    let bar = Bar::new(runnable(&run, &here));
    let ran = run.on_all(&here, workers(arguments.jobs), &bar, |event| -> Result<(), Infallible> {
        match event {
            Event::Begins(_) => {}
            Event::Record(record) => matrix.record(*record),
            Event::Ends(report) => matrix.target_ends(report),
        }
        Ok(())
    });
    let Ok(reports) = ran;
    bar.end();
    html::write(&arguments.folder, &matrix).map_err(unwritten)?;
    for missing in named_but_missing.iter().filter_map(|target| missing(&**target)) {
        writeln!(out, "Not here: {}: {}\n  to add it: {}", missing.targets.join(", "), missing.reason, missing.remedy)?;
    }
    writeln!(out, "Written: {}", arguments.folder.join("index.html").display())?;
    let open = named_but_missing.iter().map(|_| Status::Error);
    Ok(Exit::of(statuses(&reports).chain(open)))
}

fn unwritten(error: WriteError) -> Error {
    let advice = match &error {
        WriteError::NotOurs(_) => "name a folder that is not there yet",
        WriteError::Write { error, .. } if error.kind() == ErrorKind::StorageFull => {
            "make room, or name a folder on another disk"
        }
        WriteError::Write { .. } => "name another folder",
    };
    Error::usage(error.to_string(), advice)
}
