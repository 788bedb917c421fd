//! The judge: from what a target returned for a case to a verdict. A pure function.
//!
//! ```text
//!   RunResult --decode--> Transcript --+-- rules:   does every expectation hold, did no step trap unasked? --+
//!                                      |                                                                     +--> Status
//!                                      '-- golden:  is it what this implementation did when last reviewed? --+
//!                                                            expectations: is this deviation a known one? ---'
//! ```
//!
//! The two layers never mix: a golden never excuses a broken rule, and a rule never excuses a change.

mod condition;
mod failure;
mod status;

pub use failure::{Exits, Failure, Finding, counted};
pub use status::{Concern, Exit, Match, Seen, Status, decide};

use crate::case::{Case, Profile, Step};
use crate::describe;
use crate::expectations::{Behind, Deviation, Expectation};
use crate::golden::render;
use crate::rules::Rules;
use crate::transcript::{Fate, RunResult, Transcript};
use condition::{Explainer, Unclear, counterexamples};
use sprig_wire::log::{RACE_OUTCOMES, State};

/// Everything a verdict depends on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The case as assembled for the target.
    pub case: &'a Case,
    /// What the target gave back.
    pub result: &'a RunResult,
    /// The target's CPU and features.
    pub profile: &'a Profile,
    /// The sentences of the rules that the case cites.
    pub rules: &'a Rules,
    /// What the expectations list.
    pub expectation: Option<&'a Expectation>,
    /// What the golden says.
    pub golden: Golden<'a>,
}

/// What to compare the transcript with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Golden<'a> {
    /// Nothing: the script is not one of the suite's own.
    NotKept,
    /// There should be one and is not.
    Missing,
    /// This.
    Text(&'a str),
}

/// What a case is on a target, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it is.
    pub status: Status,
    /// The rules it broke.
    pub failures: Vec<Failure>,
    /// What happened, where that is no broken rule: how the target died, what is missing, what went wrong with us.
    pub detail: Option<String>,
    /// The expectation that holds for it: what it lists, why, and where to read about it.
    pub listed: Option<Listed>,
    /// The golden, if the transcript is not it.
    pub golden: Option<Mismatch>,
    /// The transcript as goldens show it, if the case ran to its end.
    pub transcript: Option<String>,
}

/// What a transcript that is not its golden was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Nothing: there is no golden yet.
    NoGolden,
    /// This text.
    Golden(String),
}

/// An expectation, as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// What is listed.
    pub outcome: Deviation,
    /// Why.
    pub reason: String,
    /// Where it is described.
    pub link: String,
    /// What fails where it is gone and what it hides is not ([`Expectation::behind`]).
    #[serde(skip)]
    pub behind: Behind,
}

impl From<&Expectation> for Listed {
    fn from(entry: &Expectation) -> Self {
        let Expectation { outcome, reason, link, behind, .. } = entry;
        Self { outcome: *outcome, reason: reason.clone(), link: link.clone(), behind: behind.clone() }
    }
}

impl Verdict {
    fn bare(status: Status, detail: Option<String>) -> Self {
        Self { status, failures: Vec::new(), detail, listed: None, golden: None, transcript: None }
    }

    /// The target lacks something the case needs.
    #[must_use]
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::bare(Status::Skip, Some(reason.into()))
    }

    /// The harness or the environment failed.
    #[must_use]
    pub fn error(reason: impl Into<String>) -> Self {
        Self::bare(Status::Error, Some(reason.into()))
    }
}

/// Judges a case on a target.
#[must_use]
pub fn judge(subject: &Subject<'_>) -> Verdict {
    let listed = subject.expectation.map(Listed::from);
    let verdict = match look(subject) {
        Look::Ended { failures, transcript } => {
            let seen = if failures.is_empty() { Seen::Held } else { Seen::Broken };
            let (golden, differing) = match subject.golden {
                Golden::NotKept => (Match::Same, None),
                Golden::Missing => (Match::Different, Some(Mismatch::NoGolden)),
                Golden::Text(text) if text.trim_end() == transcript.trim_end() => (Match::Same, None),
                Golden::Text(text) => (Match::Different, Some(Mismatch::Golden(text.to_owned()))),
            };
            let status = decide(seen, golden, listed.as_ref().map(|listed| listed.outcome));
            Verdict { failures, golden: differing, transcript: Some(transcript), ..Verdict::bare(status, None) }
        }
        Look::Otherwise { seen, detail } => {
            let status = decide(seen, Match::Same, listed.as_ref().map(|listed| listed.outcome));
            Verdict::bare(status, Some(detail))
        }
    };
    Verdict { listed, ..verdict }
}

enum Look {
    Ended { failures: Vec<Failure>, transcript: String },
    Otherwise { seen: Seen, detail: String },
}

fn look(subject: &Subject<'_>) -> Look {
    let Subject { case, result, profile, .. } = *subject;
    let family = profile.cpu.family;
    let unclear = |detail: String| Look::Otherwise { seen: Seen::Unclear, detail };
    let step = result.last_step.and_then(|step| case.steps.get(step as usize));
    let place = step.map_or_else(|| "at a step nobody saw".to_owned(), |step| place(case, step));
    match &result.fate {
        Fate::Crashed(how) => return Look::Otherwise { seen: Seen::Crashed, detail: placed(how, &place) },
        Fate::Hung(how) => return Look::Otherwise { seen: Seen::Hung, detail: placed(how, &place) },
        Fate::Error(why) => return unclear(why.clone()),
        Fate::Ended => {}
    }
    let transcript = match Transcript::decode(case, result) {
        Ok(transcript) => transcript,
        Err(malformed) => return unclear(format!("the guest's log cannot be read: {malformed}")),
    };
    match result.state() {
        Some(State::Ended) => {}
        Some(State::Stray) => {
            let what = match &transcript.stray {
                Some((_, taken)) => describe::exception(taken, family),
                None => "an exception it did not describe".to_owned(),
            };
            let detail = format!("the guest kernel itself took {what}, {place}");
            return Look::Otherwise { seen: Seen::Crashed, detail };
        }
        // Its bytecode was checked before it got it: what it has is no longer that, or not what it reads.
        Some(State::BadBytecode) => {
            let detail = format!("the guest does not understand its bytecode any more, {place}");
            return Look::Otherwise { seen: Seen::Crashed, detail };
        }
        Some(State::Full) => return unclear(format!("the guest's log is full, {place}")),
        Some(State::Unsupported) => {
            return unclear(format!(
                "this guest kernel cannot do this on this machine (docs/language.md says what steps need, and what can be mapped), \
                 {place}"
            ));
        }
        Some(State::Idle | State::Running | State::Resetting) => {
            return unclear("the log ends before the case does".to_owned());
        }
        None => return unclear(format!("the log's state is {}, which means nothing", result.state)),
    }
    // A guest kernel goes through its steps one by one, and nothing on the way loses an entry without a word.
    if let Some(step) = unlogged(case, &transcript) {
        let detail =
            format!("the guest has lost its way: its log has no entry of the observation {}", self::place(case, step));
        return Look::Otherwise { seen: Seen::Crashed, detail };
    }
    match broken(subject, &transcript) {
        Ok(failures) => {
            let varies = subject.expectation.map(|entry| entry.varies.clone()).unwrap_or_default();
            Look::Ended { failures, transcript: render::transcript(case, &transcript, family, &varies) }
        }
        Err(why) => unclear(why),
    }
}

/// How a target died, and where; in front of its last words, which are lines of their own.
fn placed(how: &str, place: &str) -> String {
    match how.split_once('\n') {
        Some((line, rest)) => format!("{line}, {place}\n{rest}"),
        None => format!("{how}, {place}"),
    }
}

fn place(case: &Case, step: &Step) -> String {
    format!("at {}:{}: {}", case.source.path.display(), step.line, step.text)
}

/// The first step that the guest should have logged and has not.
fn unlogged<'a>(case: &'a Case, transcript: &Transcript) -> Option<&'a Step> {
    let is_logged = |index: &usize| transcript.outcomes.get(index).is_some_and(|outcomes| !outcomes.is_empty());
    let mut steps = case.steps.iter().enumerate();
    steps.find(|(index, step)| step.observation.is_some() && !is_logged(index)).map(|(_, step)| step)
}

/// Every broken rule, or why that cannot be said.
fn broken(subject: &Subject<'_>, transcript: &Transcript) -> Result<Vec<Failure>, String> {
    let Subject { case, result, profile, rules, .. } = *subject;
    let mut failures = unasked_exceptions(subject, transcript);
    failures.extend(given_up(subject, transcript));
    failures.extend(refused(subject, transcript));
    for check in &case.checks {
        let unclear = |unclear| format!("{}: {}", position(case, check.line), why_unclear(case, &unclear));
        let broken = counterexamples(&check.condition, transcript).map_err(unclear)?;
        if broken.is_empty() {
            continue;
        }
        let leaves = broken
            .iter()
            .flat_map(|(part, choice)| Explainer { case, choice, family: profile.cpu.family }.leaves(part, true));
        let findings = leaves.map(|leaf| {
            let step = leaf.step.and_then(|step| case.steps.get(step));
            Finding {
                line: step.map(|step| step.line),
                step: step.map(|step| step.text.clone()),
                observed: leaf.term,
                expected: leaf.expected,
                actual: leaf.actual,
                compared: leaf.compared,
                exits: leaf.step.and_then(|step| failure::exits_around(case, result, step)),
            }
        });
        let findings = findings.collect();
        let statement = format!("expect {}", check.text);
        failures.push(Failure { findings, ..Failure::new(case, rules, check.rule, check.line, statement) });
    }
    // What was kept has been judged; a broken rule in it stands, but its absence says nothing.
    let overflowed = transcript.overflowed.iter().filter_map(|index| case.steps.get(*index));
    if let Some(step) = overflowed.into_iter().find(|step| !step.varying && failures.is_empty()) {
        return Err(format!(
            "more different outcomes than the {RACE_OUTCOMES} that a race keeps (observe fewer bits of it, by `let x & ...`), {}",
            place(case, step)
        ));
    }
    Ok(failures)
}

/// The failures of steps that took an exception which the script does not allow.
fn unasked_exceptions(subject: &Subject<'_>, transcript: &Transcript) -> Vec<Failure> {
    let Subject { case, result, profile, rules, .. } = *subject;
    let family = profile.cpu.family;
    let unasked = case.steps.iter().enumerate().filter(|(_, step)| !step.may_trap).filter_map(|(index, step)| {
        let taken = transcript.outcomes.get(&index)?.iter().find_map(|outcome| outcome.taken)?;
        let short = describe::exception_in_short(&taken, family);
        let statement = format!("took {short}, which the script does not allow");
        let actual = describe::exception(&taken, family);
        let finding =
            Finding { compared: Some(short), ..Finding::of_step(case, result, index, "takes no exception", actual) };
        Some(Failure { findings: vec![finding], ..Failure::new(case, rules, 0, step.line, statement) })
    });
    unasked.collect()
}

/// The failure of a guest that its hypervisor gave up: no document lets it, whatever the script allows.
fn given_up(subject: &Subject<'_>, transcript: &Transcript) -> Option<Failure> {
    let Subject { case, result, rules, .. } = *subject;
    let times = transcript.given_up.iter().filter_map(|(index, times)| Some((*index, case.steps.get(*index)?, times)));
    let times: Vec<_> =
        times.flat_map(|(index, step, times)| times.iter().map(move |time| (index, step, time))).collect();
    let line = times.first()?.1.line;
    let findings = times.iter().map(|(index, step, time)| {
        let actual = format!("KVM_RUN returned: {}", describe::given_up(time, case, step));
        Finding::of_step(case, result, *index, "stays in the hypervisor's hands", actual)
    });
    let often = if times.len() > 1 { format!(", {} times", times.len()) } else { String::new() };
    let statement = format!("the hypervisor gave the guest up to user space{often}");
    Some(Failure { findings: findings.collect(), is_given_up: true, ..Failure::new(case, rules, 0, line, statement) })
}

/// The failures of calls that were not carried out, where the script looks at nothing they answer: it goes on as if
/// they had been, and what it sees then shows nothing.
fn refused(subject: &Subject<'_>, transcript: &Transcript) -> Vec<Failure> {
    let Subject { case, result, rules, .. } = *subject;
    let refused = case.steps.iter().enumerate().filter_map(|(index, step)| {
        let status = transcript.refused_unseen(index, step)?;
        let finding = Finding::of_step(case, result, index, "carried out", describe::status(status).to_owned());
        let finding = Finding { observed: "the call".to_owned(), ..finding };
        let statement = format!("`{}` was not carried out", step.text);
        Some(Failure { findings: vec![finding], ..Failure::new(case, rules, 0, step.line, statement) })
    });
    refused.collect()
}

fn position(case: &Case, line: usize) -> String {
    format!("{}:{line}", case.source.path.display())
}

fn why_unclear(case: &Case, unclear: &Unclear) -> String {
    match unclear {
        Unclear::NotObserved(step) => match case.steps.get(*step) {
            Some(step) => format!("the log has no entry of `{}`", step.text),
            None => "it speaks of a step that does not exist".to_owned(),
        },
        Unclear::TooManyCombinations => "it speaks of more raced steps at once than can be combined".to_owned(),
    }
}

#[cfg(test)]
mod tests;
