//! Sessions: boot once, run many, and find out who is to blame when one dies.
//!
//! ```text
//!   cases --batch--> session --ended--> results
//!                       '--died in case X--> X alone, every step reported   X is blamed, with its last step
//!                                            the others in a new session
//!                       '--first case of two sessions died--> an empty guest: dies too? then it is the target
//! ```
//!
//! - [`run`] takes a stream of cases and keeps no more than one session's worth of them.
//! - [`Pool`] is for a test harness: it starts a target's sessions when the first result is asked for, and shares them
//!   between processes where the harness runs a process per test.

mod batch;
mod pool;
mod progress;
mod share;

pub use pool::{Cases, Pool};
pub use progress::{Progress, Unwatched};

use crate::case::{Case, SourceFile};
use crate::target::{Boot, Limits, Stop, Target};
use crate::transcript::{Fate, RunResult};
use batch::Batches;
use sprig_wire::batch::CaseParts;
use sprig_wire::log::State;
use std::borrow::Borrow;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// The name under which a target that cannot even run nothing is reported.
pub const EMPTY_GUEST: &str = "session/empty-guest";
/// After this many sessions in a row whose first case dies, the target itself is suspected.
const SUSPICIOUS: u32 = 2;

/// A case that does nothing.
#[must_use]
pub fn empty_guest() -> Case {
    Case {
        name: EMPTY_GUEST.to_owned(),
        source: Arc::new(SourceFile { path: PathBuf::new(), text: String::new() }),
        rules: Vec::new(),
        kills: false,
        steps: Vec::new(),
        checks: Vec::new(),
        parts: CaseParts::default(),
    }
}

/// What there is to say about a target apart from its cases' results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sessions started.
    pub sessions: u32,
    /// In some session a case has begun: the target boots.
    pub boots: bool,
    /// How an empty guest ended, if the target cannot even run that. Every case without a result of its own has this
    /// one.
    pub dead: Option<Fate>,
}

/// Runs cases on a target; each goes to `sink` with its result, in the order in which the results become final.
pub fn run<C: Borrow<Case>>(
    target: &dyn Target,
    cases: impl IntoIterator<Item = C>,
    limits: &Limits,
    progress: &dyn Progress,
    mut sink: impl FnMut(C, RunResult),
) -> Summary {
    let mut runner = Runner { target, limits, progress, proven: false, first_died: 0, summary: Summary::default() };
    for batch in batches(cases.into_iter(), target.cases_per_session()) {
        runner.batch(batch, &mut sink);
    }
    runner.summary
}

/// Runs cases on a target; their results in the same order.
pub fn run_all(
    target: &dyn Target,
    cases: &[impl Borrow<Case>],
    limits: &Limits,
    progress: &dyn Progress,
) -> (Vec<RunResult>, Summary) {
    let mut results: Vec<Option<RunResult>> = vec![None; cases.len()];
    let numbered = cases.iter().map(Borrow::borrow).enumerate().map(|(index, case)| Numbered { index, case });
    let summary = run(target, numbered, limits, progress, |numbered, result| {
        if let Some(place) = results.get_mut(numbered.index) {
            *place = Some(result);
        }
    });
    // Each case reaches the sink exactly once, so none is missing here.
    (results.into_iter().flatten().collect(), summary)
}

/// Cuts cases into sessions of no more than `most`, each as many as fit the guest's memory; known killers last, one by
/// one.
pub fn batches<C: Borrow<Case>>(cases: impl Iterator<Item = C>, most: usize) -> impl Iterator<Item = VecDeque<C>> {
    Batches::new(cases, most)
}

struct Numbered<'a> {
    index: usize,
    case: &'a Case,
}

impl Borrow<Case> for Numbered<'_> {
    fn borrow(&self) -> &Case {
        self.case
    }
}

struct Runner<'a> {
    target: &'a dyn Target,
    limits: &'a Limits,
    progress: &'a dyn Progress,
    /// Some case has run to its end here.
    proven: bool,
    /// Sessions in a row whose first case died.
    first_died: u32,
    summary: Summary,
}

impl Runner<'_> {
    /// Runs the cases of one batch, in as many sessions as it takes.
    fn batch<C: Borrow<Case>>(&mut self, mut rest: VecDeque<C>, sink: &mut impl FnMut(C, RunResult)) {
        while !rest.is_empty() && self.summary.dead.is_none() {
            let cases: Vec<&Case> = rest.iter().map(Borrow::borrow).collect();
            let alone = cases.len() == 1;
            let (mut results, stop) = self.session(&cases, false);
            let aftermath = stop.as_ref().and_then(|stop| aftermath(stop, &mut results));
            for result in results {
                if let Some(case) = rest.pop_front() {
                    sink(case, result);
                }
            }
            let (Some(stop), Some(case)) = (stop, rest.front()) else { continue };
            let Some(result) = self.blame(case.borrow(), stop, aftermath, alone) else { continue };
            if let Some(case) = rest.pop_front() {
                sink(case, result);
            }
        }
        if let Some(fate) = &self.summary.dead {
            for case in rest {
                let result = not_run(fate.clone());
                sink(case, result);
            }
        }
    }

    /// One session; the results of the cases that ended, and how it stopped if not in order.
    fn session(&mut self, cases: &[&Case], loud: bool) -> (Vec<RunResult>, Option<Stop>) {
        self.summary.sessions += 1;
        self.progress.session_starts(self.target, cases.len());
        let mut results = Vec::new();
        let boot = Boot { loud, ..Boot::new(cases, self.limits) };
        let stop = self.target.run(boot, &mut |result| {
            if let Some(case) = cases.get(results.len())
                && !loud
            {
                self.progress.case_ended(self.target, case);
            }
            results.push(result);
        });
        let stop = stop.err().or_else(|| {
            let nothing = results.is_empty() && !cases.is_empty();
            nothing.then(|| Stop::error(format!("{} ended without a result", self.target.id())))
        });
        self.summary.boots |= !results.is_empty() || stop.as_ref().is_some_and(|stop| stop.running.is_some());
        if results.is_empty() && stop.is_some() {
            self.first_died += 1;
        } else {
            self.first_died = 0;
            self.proven = true;
        }
        (results, stop)
    }

    /// A session stopped before this case had a final result. Its result, or none if it deserves another session.
    fn blame(&mut self, case: &Case, stop: Stop, aftermath: Option<RunResult>, alone: bool) -> Option<RunResult> {
        let result = match stop.running.map(|running| *running).or(aftermath) {
            // A broken line or environment says nothing about the case, and a rerun would not make it say more.
            Some(running) if matches!(running.fate, Fate::Error(_)) => running,
            Some(running) => self.rerun(case, running, alone),
            // It has used up all that a boot may cost, and nothing has ever begun here: another boot with cases shows
            // no more.
            None if matches!(stop.fate, Fate::Hung(_)) && !self.summary.boots => {
                self.empty_guest();
                return self.summary.dead.clone().map(not_run);
            }
            // It ended between two cases or before the first: no case is to blame yet.
            None if self.first_died < SUSPICIOUS => return None,
            None => not_run(stop.fate),
        };
        let known_killer = case.kills && self.proven;
        if self.first_died >= SUSPICIOUS && !known_killer {
            self.empty_guest();
        }
        Some(self.summary.dead.clone().map_or(result, not_run))
    }

    /// Runs a case that killed its session by itself, to see that it does so alone, and at which step.
    fn rerun(&mut self, case: &Case, first: RunResult, was_alone: bool) -> RunResult {
        if let Some(stop) = self.session(&[case], true).1 {
            let last_step = stop.running.map_or(first.last_step, |running| running.last_step);
            return RunResult { last_step, ..first };
        }
        let survives = !was_alone && self.session(&[case], false).1.is_none();
        let note = if survives {
            "alone it runs to its end: the cases before it, or chance, have a part in this"
        } else {
            "at which step is not known: when every step is reported it survives"
        };
        RunResult { fate: noted(first.fate, note), ..first }
    }

    /// Runs nothing. If even that fails, it is the target.
    fn empty_guest(&mut self) {
        let empty = empty_guest();
        let (_, stop) = self.session(&[&empty], false);
        self.first_died = 0;
        self.summary.dead = stop.map(|stop| match stop.fate {
            Fate::Crashed(how) => Fate::Crashed(format!("{EMPTY_GUEST}: {how}")),
            Fate::Hung(how) => Fate::Hung(format!("{EMPTY_GUEST}: {how}")),
            Fate::Error(how) => Fate::Error(format!("{EMPTY_GUEST}: {how}")),
            Fate::Ended => Fate::Error(format!("{EMPTY_GUEST}: the session ended early")),
        });
    }
}

/// A target that dies right after a case has ended died of it: takes that case's result back, with the new fate.
fn aftermath(stop: &Stop, results: &mut Vec<RunResult>) -> Option<RunResult> {
    let died = stop.running.is_none() && matches!(stop.fate, Fate::Crashed(_) | Fate::Hung(_));
    let last = if died { results.pop() } else { None }?;
    Some(RunResult { fate: noted(stop.fate.clone(), "when the case had ended and the next had not begun"), ..last })
}

/// The result of a case that has not begun.
pub(crate) fn not_run(fate: Fate) -> RunResult {
    RunResult { fate, state: State::Idle as u16, last_step: None, entries: Vec::new(), exits: None }
}

/// A fate with a remark after the first line of its message.
fn noted(fate: Fate, note: &str) -> Fate {
    let add = |how: String| match how.split_once('\n') {
        Some((line, rest)) => format!("{line} ({note})\n{rest}"),
        None => format!("{how} ({note})"),
    };
    match fate {
        Fate::Ended => Fate::Ended,
        Fate::Crashed(how) => Fate::Crashed(add(how)),
        Fate::Hung(how) => Fate::Hung(add(how)),
        Fate::Error(how) => Fate::Error(add(how)),
    }
}
