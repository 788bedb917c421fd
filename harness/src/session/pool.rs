//! Sessions for a test harness: one asks for the result of one case, the pool sees to it that a target boots once.
//!
//! In one process a target's sessions start when the first of its results is asked for. Where every test has a process
//! of its own (cargo-nextest) they are shared, see [`super::share`]; a retry runs its case alone, or it would only get
//! the old result again.

use super::share::Share;
use super::{Progress, Unwatched, not_run, run, run_all};
use crate::case::Case;
use crate::target::{Limits, Target};
use crate::transcript::{Fate, RunResult};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Makes the cases of a target: called when its sessions start, in the process that starts them.
pub type Cases = Box<dyn Fn() -> Vec<Arc<Case>> + Send + Sync>;

/// The sessions of a test run.
pub struct Pool {
    targets: BTreeMap<String, Slot>,
    limits: Limits,
    mode: Mode,
}

struct Slot {
    target: Arc<dyn Target>,
    cases: Cases,
    results: OnceLock<BTreeMap<String, RunResult>>,
}

#[derive(Debug)]
enum Mode {
    /// This process runs every test.
    Process,
    /// A process per test: they share.
    Shared(Share),
    /// A process per test, and this one tries again.
    Retry,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets: Vec<_> = self.targets.keys().collect();
        f.debug_struct("Pool").field("targets", &targets).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Pool {
    /// An empty pool, for the kind of test run that the environment tells of.
    #[must_use]
    pub fn from_environment(limits: Limits) -> Self {
        let mode = match Share::from_environment() {
            None => Mode::Process,
            Some(_) if is_retry() => Mode::Retry,
            Some(share) => Mode::Shared(share),
        };
        Self { targets: BTreeMap::new(), limits, mode }
    }

    /// Adds a target with the cases of one session: in one process what the filter leaves, else all.
    pub fn add(&mut self, target: Arc<dyn Target>, cases: Cases) {
        let slot = Slot { target, cases, results: OnceLock::new() };
        self.targets.insert(slot.target.id().to_owned(), slot);
    }

    /// The result of one case on one target. Waits for the session that runs it.
    #[must_use]
    pub fn result(&self, target: &str, case: &str) -> RunResult {
        let error = |reason: String| not_run(Fate::Error(reason));
        let Some(slot) = self.targets.get(target) else {
            return error(format!("no target {target} in this run"));
        };
        let missing = || error(format!("no case {case} in this run of {target}"));
        match &self.mode {
            Mode::Process => {
                let results = slot.results.get_or_init(|| slot.run(&self.limits, &Unwatched));
                results.get(case).cloned().unwrap_or_else(missing)
            }
            Mode::Shared(share) => share
                .result(target, case, |progress| slot.run(&self.limits, progress))
                .map_or_else(|failure| error(failure.to_string()), |result| result.unwrap_or_else(missing)),
            Mode::Retry => {
                let one: Vec<_> = (slot.cases)().into_iter().filter(|known| known.name == case).collect();
                let (mut results, _) = run_all(&*slot.target, &one, &self.limits, &Unwatched);
                results.pop().unwrap_or_else(missing)
            }
        }
    }
}

impl Slot {
    fn run(&self, limits: &Limits, progress: &dyn Progress) -> BTreeMap<String, RunResult> {
        let mut results = BTreeMap::new();
        run(&*self.target, (self.cases)(), limits, progress, |case, result| {
            results.insert(case.name.clone(), result);
        });
        results
    }
}

/// True in a process that nextest started because an earlier attempt failed (nextest 0.9.116 and later tell).
fn is_retry() -> bool {
    std::env::var("NEXTEST_ATTEMPT")
        .ok()
        .and_then(|attempt| attempt.parse::<u32>().ok())
        .is_some_and(|attempt| attempt > 1)
}
