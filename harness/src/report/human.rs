//! The report for people: what went wrong with all that explains it, then a summary.

use super::{Counts, Missing, Question, Record, Reporter, Summary, TargetReport};
use crate::judge::{Concern, Exit, Status};
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default().bold();

fn style(status: Status) -> Style {
    match status {
        Status::Pass | Status::ExpectedFail => GOOD,
        Status::Skip | Status::Error => ODD,
        _ => BAD,
    }
}

/// Targets named in one line before the rest is counted.
const NAMED: usize = 3;

pub(super) struct Human<'a> {
    out: &'a mut dyn Write,
    details: Details,
    skips: Skips,
    /// Cases that do on a build what would fail it, if they did not do the same on the baseline.
    as_before: Vec<String>,
}

impl<'a> Human<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, details: Details::default(), skips: Skips::default(), as_before: Vec::new() }
    }
}

/// What cases lacked: of interest only where none of those that were asked for ran.
#[derive(Default)]
struct Skips {
    /// Target, what is missing there, and how many cases miss it.
    reasons: Vec<(String, String, usize)>,
}

impl Skips {
    fn record(&mut self, record: &Record) {
        let Some(reason) = record.detail.as_ref().filter(|_| record.status == Status::Skip) else { return };
        let same = |(target, known, _): &&mut (String, String, usize)| *target == record.target && known == reason;
        match self.reasons.iter_mut().find(same) {
            Some((.., cases)) => *cases += 1,
            None => self.reasons.push((record.target.clone(), reason.clone(), 1)),
        }
    }

    fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut reasons = self.reasons.iter();
        reasons.try_for_each(|(target, reason, cases)| {
            writeln!(out, "{} skipped on {target}: {reason}", number(*cases, "case"))
        })
    }
}

/// The cases that are of concern, one after the other: what breaks a rule as soon as it is known, and behind it what
/// only differs, of which one broken rule may cause much.
#[derive(Default)]
pub(super) struct Details {
    /// What only differs, of this target.
    different: Vec<Record>,
    /// What the last case said that had nothing to say of its own, and how many more said the same.
    repeated: Option<(String, usize)>,
}

impl Details {
    /// Tells a case with all that explains it, if it is of concern: now, or at the target's end.
    pub(super) fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        match record.status {
            _ if record.concern == Concern::None => Ok(()),
            Status::Changed | Status::UnexpectedPass => {
                self.different.push(record.clone());
                Ok(())
            }
            _ => self.tell(out, record),
        }
    }

    /// Tells what is left of a target.
    pub(super) fn target_ends(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for record in std::mem::take(&mut self.different) {
            self.tell(out, &record)?;
        }
        self.end_repetition(out)
    }

    fn tell(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let cause = record.detail.as_ref().filter(|_| record.failures.is_empty());
        if let (Some(cause), Some((said, more))) = (cause, &mut self.repeated)
            && cause == said
        {
            *more += 1;
            return Ok(());
        }
        self.end_repetition(out)?;
        self.repeated = cause.map(|cause| (cause.clone(), 0));
        let (style, status) = (style(record.status), record.status.name().to_uppercase());
        writeln!(out, "{style}{status}{style:#} {} on {}", record.case, record.target)?;
        writeln!(out, "{}", record.explain())
    }

    /// Says how many cases said what was said once.
    fn end_repetition(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.repeated.take() {
            Some((_, more)) if more > 0 => writeln!(out, "  the same for {more} more of its cases\n"),
            _ => Ok(()),
        }
    }
}

/// How many cases each target has of each status, and what the statuses mean.
pub(super) fn totals(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let width = summary.targets.iter().map(|target| target.target.len()).max().unwrap_or(0);
    for target in &summary.targets {
        let version = target.version.as_ref().map(|version| format!("  ({version})")).unwrap_or_default();
        writeln!(out, "{:width$}  {}{version}", target.target, counted(&target.counts))?;
    }
    let all = summary.counts();
    let cases = summary.targets.iter().map(|target| target.counts.total()).max().unwrap_or(0);
    let targets = summary.targets.len();
    let results = if targets > 1 { format!(", {}", number(all.total(), "result")) } else { String::new() };
    writeln!(out, "\n{} on {}{results}: {}", number(cases, "case"), number(targets, "target"), counted(&all))?;
    for status in Status::ALL.into_iter().filter(|status| all.of(*status) > 0) {
        if let Some(meaning) = meaning(status) {
            writeln!(out, "  {:15}  {meaning}", status.name())?;
        }
    }
    Ok(())
}

impl Reporter for Human<'_> {
    fn begin(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn target_begins(&mut self, _: &str, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.skips.record(record);
        if record.status.fails() && record.concern == Concern::None {
            self.as_before.push(record.case.clone());
        }
        self.details.record(self.out, record)
    }

    fn target_ends(&mut self, _: &TargetReport) -> io::Result<()> {
        self.details.target_ends(self.out)?;
        self.out.flush()
    }

    fn target_missing(&mut self, target: &str, missing: &Missing) -> io::Result<()> {
        writeln!(self.out, "{ODD}ERROR{ODD:#} {target} cannot run here: {}", missing.reason)?;
        writeln!(self.out, "  to add it: {}\n", missing.remedy)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if !summary.targets.is_empty() {
            totals(self.out, summary)?;
            let all = summary.counts();
            if all.of(Status::Skip) == all.total() {
                self.skips.tell(self.out)?;
            }
            if summary.question == Question::Gate && !self.as_before.is_empty() {
                writeln!(self.out, "The same as on the baseline: {}.", named(&self.as_before))?;
            }
        }
        let style = match summary.exit {
            Exit::AsExpected => GOOD,
            Exit::Failed | Exit::Usage => BAD,
            Exit::NotJudged => ODD,
        };
        let answer = answer(summary.question, summary.exit);
        let rest = match summary.exit {
            Exit::AsExpected => ".".to_owned(),
            exit => format!(": see above (exit status {}).", exit.code()),
        };
        writeln!(self.out, "{style}{answer}{rest}{style:#}")?;
        if !summary.not_asked.is_empty() {
            let named = named(&summary.not_asked);
            writeln!(self.out, "\nInstalled, but not asked for: {named}. To run one, add `--target NAME`.")?;
        }
        for missing in &summary.missing {
            let names = named(&missing.targets);
            let them = missing.them();
            writeln!(self.out, "\nNot here: {names}: {}.\n  to add {them}: {}", missing.reason, missing.remedy)?;
        }
        Ok(())
    }
}

/// `1 case`, `2 cases`.
pub(crate) fn number(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `41 pass, 12 skip`.
fn counted(counts: &Counts) -> String {
    let part = |(status, count): (Status, usize)| {
        let style = style(status);
        format!("{style}{count}{style:#} {status}")
    };
    let parts: Vec<String> = counts.iter().map(part).collect();
    if parts.is_empty() { "nothing ran".to_owned() } else { parts.join(", ") }
}

/// `a, b, c and 5 more`.
pub(crate) fn named(names: &[String]) -> String {
    match names.get(..NAMED) {
        Some(first) if names.len() > NAMED + 1 => format!("{} and {} more", first.join(", "), names.len() - NAMED),
        _ => names.join(", "),
    }
}

/// What a status means to someone who sees it for the first time.
const fn meaning(status: Status) -> Option<&'static str> {
    match status {
        Status::Pass => None,
        Status::ExpectedFail => Some("a known deviation: golden/expectations.toml says why"),
        Status::Skip => Some("the target lacks something the case needs"),
        Status::Fail => Some("a rule is broken"),
        Status::Changed => Some("the target did not do this when last reviewed; no rule is broken but as listed"),
        Status::UnexpectedPass => Some("a known deviation is gone"),
        Status::Crash => Some("the target died"),
        Status::Hang => Some("the target made no progress any more"),
        Status::Error => Some("nothing is known: the environment or Sprig itself failed"),
    }
}

/// The answer to what was asked, without its full stop.
pub(super) const fn answer(question: Question, exit: Exit) -> &'static str {
    match (question, exit) {
        (Question::Conformance, Exit::AsExpected) => "Everything is as expected",
        (Question::Conformance, Exit::Failed) => "Not as expected",
        (Question::Gate, Exit::AsExpected) => "This build is not worse than allowed",
        (Question::Gate, Exit::Failed) => "This build is worse than allowed",
        (_, Exit::Usage) => "A script is wrong",
        (_, Exit::NotJudged) => "Not everything could be judged",
    }
}
