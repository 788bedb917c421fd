//! The main job: cases on targets, judged and reported, a target on each core.
//!
//! ```text
//!   worker --target 1--> records --.
//!   worker --target 2--> records --+--> one target after the other --> Reporter
//! ```
//!
//! Cases are assembled as sessions ask for them, and a record is all that is kept of one.

use crate::case::{Case, Profile};
use crate::judge::{Golden, Status, Subject, Verdict, judge};
use crate::report::{Counts, Record, TargetReport};
use crate::script::Instance;
use crate::session::{self, Progress};
use crate::suite::Suite;
use crate::target::{Limits, Target};
use crate::transcript::{Fate, RunResult};
use std::borrow::Borrow;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A case that was asked for.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The case.
    pub instance: Instance,
    /// How to name it on a command line.
    pub argument: String,
    /// It is one of the suite's own, so that it has a golden.
    pub own: bool,
}

/// Cases on targets.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What they are judged by.
    pub suite: &'a Suite,
    /// The cases.
    pub cases: &'a [Selected],
    /// What counts as a hang.
    pub limits: &'a Limits,
    /// The command in front of a case and a target that shows it again.
    pub again: &'a str,
}

/// What judging needs of a target, asked for once.
#[derive(Clone, Debug)]
pub struct On {
    /// Its name.
    pub target: String,
    /// Its CPU and features.
    pub profile: Profile,
    /// Its goldens' folders.
    pub chain: Vec<String>,
    /// The target whose known failures may be its own.
    pub resembles: Option<&'static str>,
}

impl On {
    /// Asks a target.
    #[must_use]
    pub fn new(target: &dyn Target) -> Self {
        Self {
            target: target.id().to_owned(),
            profile: target.profile(),
            chain: target.golden_chain(),
            resembles: target.resembles(),
        }
    }
}

/// What a target has to say.
enum Message {
    Record(Box<Record>),
    Ended(TargetReport),
}

/// A case on its way through a session.
#[derive(Debug)]
pub struct Job<'a> {
    /// Assembled for a target.
    pub case: Case,
    /// As it was asked for.
    pub selected: &'a Selected,
}

impl Borrow<Case> for Job<'_> {
    fn borrow(&self) -> &Case {
        &self.case
    }
}

impl<'a> Run<'a> {
    /// Runs the cases on one target. Each gives one record.
    pub fn on(&self, target: &dyn Target, progress: &dyn Progress, mut sink: impl FnMut(Record)) -> TargetReport {
        let on = On::new(target);
        self.judged(target, progress, |selected, verdict| sink(self.record(&on, selected, verdict)))
    }

    /// Runs the cases on one target. Each gives one verdict.
    pub fn judged(
        &self,
        target: &dyn Target,
        progress: &dyn Progress,
        mut sink: impl FnMut(&Selected, Verdict),
    ) -> TargetReport {
        let on = On::new(target);
        let mut counts = Counts::default();
        let mut record = |selected: &Selected, verdict: Verdict| {
            counts.add(verdict.status);
            sink(selected, verdict);
        };
        let here = self.here(&on.profile, &mut record);
        let unassembled = RefCell::new(Vec::new());
        let jobs = here.into_iter().filter_map(|selected| match assemble(selected, &on.profile) {
            Ok(job) => Some(job),
            Err(reason) => {
                unassembled.borrow_mut().push((selected, Verdict::error(reason)));
                None
            }
        });
        let summary = session::run(target, jobs, self.limits, progress, |job: Job<'_>, result: RunResult| {
            let verdict = self.verdict(&on, job.selected, &job.case, &result);
            record(job.selected, verdict);
        });
        for (selected, verdict) in unassembled.into_inner() {
            record(selected, verdict);
        }
        let dead = summary.dead.and_then(Fate::how);
        let boots = summary.boots;
        TargetReport { target: target.id().to_owned(), version: target.version(), counts, boots, dead }
    }

    /// The cases that can run on a target, assembled all at once; the others go to `settled`, each with its verdict.
    pub fn jobs(&self, profile: &Profile, mut settled: impl FnMut(&Selected, Verdict)) -> Vec<Job<'a>> {
        let mut jobs = Vec::new();
        for selected in self.here(profile, &mut settled) {
            match assemble(selected, profile) {
                Ok(job) => jobs.push(job),
                Err(reason) => settled(selected, Verdict::error(reason)),
            }
        }
        jobs
    }

    /// The cases for which a target lacks nothing; the others go to `settled`.
    fn here(&self, profile: &Profile, settled: &mut impl FnMut(&Selected, Verdict)) -> Vec<&'a Selected> {
        let mut here = Vec::new();
        for selected in self.cases {
            match selected.instance.missing(profile) {
                Some(missing) => settled(selected, Verdict::skip(missing.to_string())),
                None => here.push(selected),
            }
        }
        here
    }

    /// Judges what a target gave back for one of the cases.
    #[must_use]
    pub fn verdict(&self, on: &On, selected: &Selected, case: &Case, result: &RunResult) -> Verdict {
        let golden = match self.suite.goldens.find(&on.chain, &case.name) {
            _ if !selected.own => Golden::NotKept,
            Some(found) => Golden::Text(found.text),
            None => Golden::Missing,
        };
        judge(&Subject {
            case,
            result,
            profile: &on.profile,
            rules: &self.suite.rules,
            expectation: self.suite.expectations.of(&on.target, &case.name),
            golden,
        })
    }

    /// A verdict on one of the cases as reports want it.
    #[must_use]
    pub fn record(&self, on: &On, selected: &Selected, verdict: Verdict) -> Record {
        let (target, case) = (&on.target, selected.instance.name());
        let source = selected.instance.source().path.display().to_string();
        let again = format!("{} {} --target {target}", self.again, shell_words::quote(&selected.argument));
        let known = on.resembles.and_then(|target| Some((target, self.suite.expectations.of(target, case)?)));
        Record::new(target, case, &source, verdict).again(again).known_elsewhere(known)
    }

    /// Runs the cases on every target, this many at a time, and hands over their results in the order of the targets.
    ///
    /// # Errors
    /// The first error of `sink`. Targets that have begun still run to their end; no other begins.
    pub fn on_all<E>(
        &self,
        targets: &[Arc<dyn Target>],
        workers: usize,
        progress: &dyn Progress,
        mut sink: impl FnMut(Event) -> Result<(), E>,
    ) -> Result<Vec<TargetReport>, E> {
        let (senders, receivers): (Vec<Sender<Message>>, Vec<Receiver<Message>>) =
            targets.iter().map(|_| channel()).unzip();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..workers.clamp(1, targets.len().max(1)) {
                let (senders, next) = (senders.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let (Some(target), Some(sender)) = (targets.get(index), senders.get(index)) else { break };
                        // After an error of the sink nothing is listening any more, and nothing is sent.
                        let say = |message| drop(sender.send(message));
                        let report = self.on(&**target, progress, |record| say(Message::Record(Box::new(record))));
                        say(Message::Ended(report));
                    }
                });
            }
            drop(senders);
            let reports = hand_over(targets, receivers, &mut sink);
            if reports.is_err() {
                next.store(targets.len(), Ordering::Relaxed);
            }
            reports
        })
    }
}

fn assemble<'a>(selected: &'a Selected, profile: &Profile) -> Result<Job<'a>, String> {
    let case = selected.instance.assemble(profile).map_err(|error| error.to_string())?;
    Ok(Job { case, selected })
}

/// Hands over what targets say, one target after the other.
fn hand_over<E>(
    targets: &[Arc<dyn Target>],
    receivers: Vec<Receiver<Message>>,
    sink: &mut impl FnMut(Event) -> Result<(), E>,
) -> Result<Vec<TargetReport>, E> {
    let mut reports = Vec::new();
    for (target, receiver) in targets.iter().zip(receivers) {
        sink(Event::Begins(target.id().to_owned()))?;
        for message in receiver {
            match message {
                Message::Record(record) => sink(Event::Record(record))?,
                Message::Ended(report) => {
                    sink(Event::Ends(report.clone()))?;
                    reports.push(report);
                    // The sender lives as long as the workers.
                    break;
                }
            }
        }
    }
    Ok(reports)
}

/// What [`Run::on_all`] hands over.
#[derive(Debug)]
pub enum Event {
    /// The records of this target follow.
    Begins(String),
    /// A record.
    Record(Box<Record>),
    /// That was its last.
    Ends(TargetReport),
}

/// Every status of these reports, as often as it occurs.
pub fn statuses(reports: &[TargetReport]) -> impl Iterator<Item = Status> {
    reports
        .iter()
        .flat_map(|report| report.counts.iter())
        .flat_map(|(status, count)| std::iter::repeat_n(status, count))
}
