//! What reports are made of.

use crate::expectations::Expectation;
use crate::golden;
use crate::judge::{Concern, Exit, Failure, Listed, Mismatch, Status, Verdict};
use similar::TextDiff;

/// Lines around a change that a diff shows.
const CONTEXT: usize = 2;

/// One case on one target.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Record {
    /// The target.
    pub target: String,
    /// The case.
    pub case: String,
    /// What it is.
    pub status: Status,
    /// What that means to the question that was asked.
    pub concern: Concern,
    /// Its file.
    pub source: String,
    /// The rules it broke.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// What happened, where that is no broken rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The expectation that holds for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// What is listed for a target that this one resembles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// How the transcript differs from its golden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The transcript, if the case ran to its end.
    #[serde(skip)]
    pub transcript: Option<String>,
    /// What the case is on the build that this one is compared with, if that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Status>,
    /// The command that shows this again; none for what did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
}

/// An expectation for another target.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Elsewhere {
    /// That target.
    pub target: &'static str,
    /// What is listed for it.
    #[serde(flatten)]
    pub listed: Listed,
}

/// A transcript that is not its golden.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The lines that differ, and some around them; every line where there is no golden.
    pub diff: String,
    /// There is no golden.
    pub missing: bool,
    /// The command that records what was seen.
    pub record: String,
}

impl Record {
    /// What reports need of a verdict, and no more. It means what it means to a strict run.
    #[must_use]
    pub fn new(target: &str, case: &str, source: &str, verdict: Verdict) -> Self {
        let concern = verdict.status.concern();
        let Verdict { status, failures, detail, listed, golden, transcript } = verdict;
        let change = golden.zip(transcript.as_ref()).map(|(golden, transcript)| Change {
            diff: difference(&golden, transcript),
            missing: golden == Mismatch::NoGolden,
            record: golden::record_command(case),
        });
        let failures = failures.into_iter().map(Failure::abridged).collect();
        let (target, case, source) = (target.to_owned(), case.to_owned(), source.to_owned());
        Self {
            target,
            case,
            status,
            concern,
            source,
            failures,
            detail,
            listed,
            elsewhere: None,
            change,
            transcript,
            baseline: None,
            again: None,
        }
    }

    /// With what is known of the case on a target that this one resembles, if it is wrong here.
    #[must_use]
    pub fn known_elsewhere(self, known: Option<(&'static str, &Expectation)>) -> Self {
        let elsewhere = known.filter(|_| self.concern != Concern::None && self.status != Status::Error);
        Self { elsewhere: elsewhere.map(|(target, known)| Elsewhere { target, listed: known.into() }), ..self }
    }

    /// What it means to another question than that of a strict run, and what the case is on the build compared with.
    #[must_use]
    pub fn weighed(self, concern: Concern, baseline: Option<Status>) -> Self {
        Self { concern, baseline, ..self }
    }

    /// With the command that shows this again.
    #[must_use]
    pub fn again(self, command: String) -> Self {
        let again = (self.status != Status::Skip).then_some(command);
        Self { again, ..self }
    }
}

/// The lines of two transcripts that differ, each group behind the observation that it is part of, as of a sweep over
/// many registers.
fn difference(golden: &Mismatch, transcript: &str) -> String {
    let transcript = transcript.trim_end();
    let Mismatch::Golden(golden) = golden else {
        return transcript.lines().map(|line| format!("+{line}\n")).collect();
    };
    let lines: Vec<&str> = golden.lines().collect();
    let diff = TextDiff::from_lines(golden.trim_end(), transcript);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT).missing_newline_hint(false);
    let hunks = unified.iter_hunks().map(|hunk| {
        let start = hunk.ops().first().map_or(0, |op| op.old_range().start);
        let before = lines.get(..start).unwrap_or_default();
        let heading = before.iter().rev().find(|line| line.starts_with(|letter: char| !letter.is_whitespace()));
        let text = hunk.to_string();
        match (heading, text.split_once('\n')) {
            (Some(heading), Some((ranges, changes))) => format!("{ranges} {heading}\n{changes}"),
            _ => text,
        }
    });
    hunks.collect()
}

/// How many cases have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; Status::ALL.len()]);

impl Counts {
    /// One more.
    pub fn add(&mut self, status: Status) {
        if let Some(count) = self.0.get_mut(status as usize) {
            *count += 1;
        }
    }

    /// All of those too.
    pub fn add_all(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// How many have this status.
    #[must_use]
    pub fn of(&self, status: Status) -> usize {
        self.0.get(status as usize).copied().unwrap_or(0)
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Every status that occurs, with how often, in the order of [`Status::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Status, usize)> {
        Status::ALL.into_iter().map(|status| (status, self.of(status))).filter(|(_, count)| *count > 0)
    }
}

impl serde::Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// A target whose cases have been judged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TargetReport {
    /// The target.
    pub target: String,
    /// Version of the implementation, if it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its cases.
    pub counts: Counts,
    /// Some case has begun.
    pub boots: bool,
    /// How an empty guest ended, if the target cannot run even that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead: Option<String>,
}

/// Why targets cannot run here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Missing {
    /// The targets.
    pub targets: Vec<String>,
    /// What is missing.
    pub reason: String,
    /// The command that makes them available.
    pub remedy: String,
}

impl Missing {
    /// The pronoun for the targets.
    pub(super) const fn them(&self) -> &'static str {
        if self.targets.len() == 1 { "it" } else { "them" }
    }
}

/// What a run is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is everything as expected?
    Conformance,
    /// Is this build worse than allowed?
    Gate,
}

/// What there is to say at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The targets that ran, in their order.
    pub targets: Vec<TargetReport>,
    /// Targets that cannot run here, asked for or not.
    pub missing: Vec<Missing>,
    /// Targets that could have run but were not asked for.
    pub not_asked: Vec<String>,
    /// What was asked.
    pub question: Question,
    /// What the run's exit status is going to be.
    pub exit: Exit,
}

impl Summary {
    /// The counts of all targets.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for target in &self.targets {
            all.add_all(&target.counts);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_which_observation_it_is_part_of() {
        let sweep = |name: &str, cause: &str| {
            let line = |number: u32| format!("  {number}: {}\n", if number == 276 { cause } else { "none" });
            format!("{name}\n{}", (270..280).map(line).collect::<String>())
        };
        let golden = sweep("kept: mfspr r3, *", "PRIVILEGED") + &sweep("write: mtspr *", "PRIVILEGED");
        let seen = sweep("kept: mfspr r3, *", "PRIVILEGED") + &sweep("write: mtspr *", "ILLEGAL");
        let shown = difference(&Mismatch::Golden(golden), &seen);
        let expected = "@@ -17,5 +17,5 @@ write: mtspr *\n   274: none\n   275: none\n-  276: PRIVILEGED\n+  276: ILLEGAL\n   277: none\n   278: none\n";
        assert_eq!(shown, expected);
        assert_eq!(difference(&Mismatch::Golden("a\n".to_owned()), "b"), "@@ -1 +1 @@\n-a\n+b\n");
    }
}
