//! JSON: one object, its results written as they come.
//!
//! ```text
//!   {"format": 1, "results": [{"target", "case", "status", "source", "failures", ...}, ...],
//!    "targets": [{"target", "version", "counts"}], "missing": [{"targets", "reason", "remedy"}], "exit": 0}
//! ```
//!
//! `format` grows when a field changes its meaning or is removed; fields may be added at any time.

use super::{Missing, Record, Reporter, Summary, TargetReport};
use std::io::{self, Write};

const FORMAT: u32 = 1;

pub(super) struct Json<'a> {
    out: &'a mut dyn Write,
    first: bool,
    /// Targets asked for that are not here.
    missing: Vec<Missing>,
}

impl<'a> Json<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, first: true, missing: Vec::new() }
    }
}

impl Reporter for Json<'_> {
    fn begin(&mut self, _: usize) -> io::Result<()> {
        write!(self.out, "{{\"format\":{FORMAT},\"results\":[")
    }

    fn target_begins(&mut self, _: &str, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        let separator = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        write!(self.out, "{separator}{}", serde_json::to_string(record)?)
    }

    fn target_ends(&mut self, _: &TargetReport) -> io::Result<()> {
        Ok(())
    }

    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()> {
        self.missing.push(Missing { targets: vec![target.to_owned()], ..missing.clone() });
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.missing.extend(summary.missing.iter().cloned());
        let targets = serde_json::to_string(&summary.targets)?;
        let missing = serde_json::to_string(&self.missing)?;
        let exit = summary.exit.code();
        writeln!(self.out, "\n],\n\"targets\":{targets},\n\"missing\":{missing},\n\"exit\":{exit}}}")
    }
}
