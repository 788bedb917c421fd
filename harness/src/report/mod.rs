//! Reports: the verdicts of a run, as people and programs want to read them.
//!
//! ```text
//!   human   failures with all that explains them, then a summary           terminals, logs
//!   ktap    the kernel's test format: a subtest for each target            kernel developers' tools
//!   junit   a suite for each target                                        CI systems
//!   json    everything, for your own programs
//!   mail    plain text in 75 columns, the answer first                     mailing lists
//! ```
//!
//! A verdict is handed over once and not kept, so that a run of any length fits in memory (but for JUnit and mail,
//! which have totals first).

mod explain;
mod human;
mod json;
mod junit;
mod ktap;
mod mail;
mod record;

pub(crate) use human::named;
pub(crate) use human::number;
pub use record::{Counts, Missing, Question, Record, Summary, TargetReport};

use std::io::{self, Write};

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// The kernel's test format (Documentation/dev-tools/ktap.rst).
    Ktap,
    /// JUnit XML.
    Junit,
    /// JSON.
    Json,
    /// Plain text in 75 columns, for a mailing list.
    Mail,
}

/// What is handed over, in this order: `begin`, then for each target `target_begins`, its records, `target_ends`, then
/// `end`.
pub trait Reporter {
    /// This many targets are going to run.
    ///
    /// # Errors
    /// As for all of these, those of the writer.
    fn begin(&mut self, targets: usize) -> io::Result<()>;
    /// This many records of a target follow.
    ///
    /// # Errors
    /// Those of the writer.
    fn target_begins(&mut self, target: &str, cases: usize) -> io::Result<()>;
    /// A case on the target.
    ///
    /// # Errors
    /// Those of the writer.
    fn record(&mut self, record: &Record) -> io::Result<()>;
    /// The target's last record was the one before.
    ///
    /// # Errors
    /// Those of the writer.
    fn target_ends(&mut self, report: &TargetReport) -> io::Result<()>;
    /// A target that was asked for is not here.
    ///
    /// # Errors
    /// Those of the writer.
    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()>;
    /// That was all.
    ///
    /// # Errors
    /// Those of the writer.
    fn end(&mut self, summary: &Summary) -> io::Result<()>;
}

/// A reporter of this format that writes to `out`. Colours are written always; a writer that knows its terminal takes
/// them out.
#[must_use]
pub fn reporter<'a>(format: Format, out: &'a mut dyn Write) -> Box<dyn Reporter + 'a> {
    match format {
        Format::Human => Box::new(human::Human::new(out)),
        Format::Ktap => Box::new(ktap::Ktap::new(out)),
        Format::Junit => Box::new(junit::Junit::new(out)),
        Format::Json => Box::new(json::Json::new(out)),
        Format::Mail => Box::new(mail::Mail::new(out)),
    }
}

#[cfg(test)]
mod tests;
