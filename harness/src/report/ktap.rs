//! The kernel's test format, a subtest for each target (Documentation/dev-tools/ktap.rst).

use super::{Missing, Record, Reporter, Summary, TargetReport};
use crate::judge::{Concern, Status};
use std::io::{self, Write};

const VERSION: &str = "KTAP version 1";

pub(super) struct Ktap<'a> {
    out: &'a mut dyn Write,
    targets: usize,
    cases: usize,
    failed: bool,
}

impl<'a> Ktap<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, targets: 0, cases: 0, failed: false }
    }
}

impl Reporter for Ktap<'_> {
    fn begin(&mut self, targets: usize) -> io::Result<()> {
        writeln!(self.out, "{VERSION}\n1..{targets}")
    }

    fn target_begins(&mut self, target: &str, cases: usize) -> io::Result<()> {
        (self.cases, self.failed) = (0, false);
        writeln!(self.out, "  {VERSION}\n  # Subtest: {target}\n  1..{cases}")
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.cases += 1;
        let (result, directive) = result(record);
        writeln!(self.out, "  {result} {} {}{directive}", self.cases, record.case)?;
        self.failed |= record.concern == Concern::Failure;
        if record.concern != Concern::None {
            for line in record.explain().lines() {
                writeln!(self.out, "  # {}", line.trim())?;
            }
        }
        Ok(())
    }

    fn target_ends(&mut self, report: &TargetReport) -> io::Result<()> {
        self.targets += 1;
        let counts = &report.counts;
        let parts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
        writeln!(self.out, "  # {}", parts.join(", "))?;
        let result = if self.failed { "not ok" } else { "ok" };
        writeln!(self.out, "{result} {} {}", self.targets, report.target)
    }

    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()> {
        self.targets += 1;
        let Missing { reason, remedy, .. } = missing;
        writeln!(self.out, "not ok {} {target} # ERROR {}; to add it: {remedy}", self.targets, one_line(Some(reason)))
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for missing in &summary.missing {
            let Missing { targets, reason, remedy } = missing;
            let (names, reason, them) = (targets.join(", "), one_line(Some(reason)), missing.them());
            writeln!(self.out, "# not here: {names}: {reason}; to add {them}: {remedy}")?;
        }
        writeln!(self.out, "# exit status {}", summary.exit.code())
    }
}

/// The first words of a record's line, and its directive.
fn result(record: &Record) -> (&'static str, String) {
    match (record.status, record.concern) {
        (Status::Pass, _) => ("ok", String::new()),
        (Status::Skip, _) => ("ok", format!(" # SKIP {}", one_line(record.detail.as_deref()))),
        (Status::Hang, Concern::Failure) => ("not ok", " # TIMEOUT".to_owned()),
        (Status::Error, _) => ("not ok", " # ERROR".to_owned()),
        (status, Concern::Failure) => ("not ok", format!(" # {}", status.name())),
        // A broken rule that is allowed here: it is listed, or the baseline breaks it as well.
        (Status::ExpectedFail | Status::Fail | Status::Crash | Status::Hang, _) => {
            let reason = record.listed.as_ref().map_or("as in the baseline", |listed| listed.reason.as_str());
            // As kselftest.h has it (ksft_test_result_xfail): kunit.py takes every `not ok` for a failure.
            ("ok", format!(" # XFAIL {}", one_line(Some(reason))))
        }
        (status @ (Status::Changed | Status::UnexpectedPass), _) => ("ok", format!(" # {}", status.name())),
    }
}

/// A directive ends with its line.
fn one_line(text: Option<&str>) -> &str {
    text.and_then(|text| text.lines().next()).unwrap_or_default()
}
