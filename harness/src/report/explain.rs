//! A record in words: everything that is needed to understand it without running anything.

use super::record::{Change, Elsewhere, Record};
use crate::judge::{Concern, Exits, Failure, Finding, Status};
use std::fmt::Write;

/// Width of the labels in front.
const LABEL: usize = 10;

/// Lines of text with a label in front of each, or under the label of the line before.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, text: &str) {
        for (index, line) in text.trim_end().lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(self.0, "  {}", format!("{label:LABEL$}{line}").trim_end());
        }
    }
}

impl Record {
    /// What there is to say about it in addition to its status; empty if nothing.
    #[must_use]
    pub fn explain(&self) -> String {
        explain(self)
    }
}

fn explain(record: &Record) -> String {
    let mut lines = Lines::default();
    for failure in &record.failures {
        broken(&mut lines, &record.source, failure);
    }
    if let Some(detail) = &record.detail {
        lines.add(if record.status == Status::Skip { "because" } else { "seen" }, detail);
    }
    if let Some(listed) = &record.listed {
        lines.add("listed", &format!("{}: {} ({})", listed.outcome, listed.reason, listed.link));
        if record.status == Status::UnexpectedPass {
            // What is gated is not what was reviewed: the expectation stays.
            let what = match record.concern {
                Concern::News => "it holds with this build",
                _ => "it holds now: remove the expectation from golden/expectations.toml",
            };
            lines.add("", what);
        }
    }
    if let Some(Elsewhere { target, listed }) = &record.elsewhere {
        lines.add("known", &format!("on {target}: {}: {} ({})", listed.outcome, listed.reason, listed.link));
    }
    // Of a broken rule the values above say more than the lines that differ.
    if let Some(change) = record.change.as_ref().filter(|_| record.status == Status::Changed) {
        changed(&mut lines, change);
        if record.concern != Concern::News {
            lines.add("record", &change.record);
        }
    }
    if let Some(baseline) = record.baseline {
        lines.add("baseline", baseline.name());
    }
    if let Some(again) = record.again.as_ref().filter(|_| record.concern != Concern::None) {
        lines.add("again", again);
    }
    lines.0
}

fn broken(lines: &mut Lines, source: &str, failure: &Failure) {
    lines.add("where", &format!("{source}:{}: {}", failure.line, failure.statement));
    lines.add("rule", &format!("{}: {}", failure.rule, failure.sentence));
    if !failure.source.is_empty() {
        lines.add("source", &failure.source);
    }
    for finding in &failure.findings {
        found(lines, finding);
    }
}

fn found(lines: &mut Lines, finding: &Finding) {
    let Finding { line, step, observed, expected, actual, compared: _, exits } = finding;
    if let (Some(line), Some(step)) = (line, step) {
        lines.add("step", &format!("line {line}: {step}"));
    }
    lines.add("expected", &format!("{observed} {expected}"));
    lines.add("actual", actual);
    if let Some(exits) = exits {
        lines.add("exits", &around(exits));
    }
}

fn around(exits: &Exits) -> String {
    let before = match &exits.last_before {
        Some((line, step, counted)) => format!("last before: {counted}, in line {line}: {step}"),
        None => "none before".to_owned(),
    };
    format!("{before}\nduring the step: {}", exits.during)
}

fn changed(lines: &mut Lines, change: &Change) {
    let what = if change.missing { "there is no golden; this was seen:" } else { "golden (-) and seen (+):" };
    lines.add("changed", what);
    for line in change.diff.lines() {
        lines.add("", line);
    }
}
