//! How good is the suite? It is as good as the wrong hypervisors it rejects, so it is run on many.
//!
//! ```text
//!   sprig_refhv::hypervisor::DEVIATIONS         a wrong hypervisor each, with the guests it concerns
//!        |  on the first CPU of the reference that it concerns; if nothing is red there, on the next
//!        v
//!   cases that pass on the right one  --run-->  those that turn red: they kill it
//!                                               none: it survives, and a case is missing
//!        |
//!        v
//!   Matrix: mutants x scripts --cover--> the fewest scripts that kill all
//! ```
//!
//! What is red on the right hypervisor says nothing about a wrong one, so that one is run first, and has to be green.

pub mod cover;
pub mod matrix;
pub mod record;
pub mod report;

pub use matrix::{Fate, Kill, Matrix, Mutant};

use crate::bench::cpu_time;
use crate::judge::Status;
use crate::report::Record;
use crate::run::Run;
use crate::session::{self, Unwatched};
use crate::target::{Limits, Model, Reference};
use crate::transcript;
use sprig_refhv::hypervisor::Description;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What counts as a hang of a mutant, in instructions without another step: more than any step of any case takes on the right
/// hypervisor, or that would not be green.
pub const STEP: u64 = 1_000_000;

/// The limits of a mutant's run.
#[must_use]
pub fn limits() -> Limits {
    Limits { instructions: STEP, ..Limits::default() }
}

/// Which mutants are tried, and where.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The mutants.
    pub mutants: Vec<&'static Description>,
    /// CPUs of the reference, in the order in which they are tried.
    pub models: Vec<&'static Model>,
    /// The cases, with [`limits`].
    pub run: Run<'a>,
    /// How many mutants at a time.
    pub jobs: usize,
}

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The right hypervisor is red.
    #[error("not as expected on the hypervisor without a bug: {}", .0.join(", "))]
    Red(Vec<String>),
    /// CPU time cannot be read.
    #[error("the CPU time of this process cannot be read")]
    Clock(#[from] nix::Error),
}

impl Plan<'_> {
    /// Runs the cases on the right hypervisor and then on each mutant. `progress` is called as each has been done.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn carry_out(&self, progress: &(dyn Fn() + Sync)) -> Result<Matrix, Unanswered> {
        let mut plain = None;
        let mut red = Vec::new();
        for model in self.models.iter().filter(|model| self.mutants.iter().any(|mutant| model.is_concerned(mutant))) {
            let Some(target) = Reference::with_page(model) else { continue };
            let before = cpu_time::now()?;
            let cases = self.judge(&target, |record| red.push(format!("{} on {}", record.case, record.target)));
            plain.get_or_insert(matrix::Plain { model: model.label, cases, seconds: cpu_time::now()? - before });
        }
        if !red.is_empty() {
            return Err(Unanswered::Red(red));
        }
        let before = cpu_time::now()?;
        let mutants = self.all(progress);
        Ok(Matrix { mutants, plain, seconds: cpu_time::now()? - before })
    }

    /// Every mutant, this many at a time.
    fn all(&self, progress: &(dyn Fn() + Sync)) -> Vec<Mutant> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, self.mutants.len().max(1)) {
                scope.spawn(|| {
                    while let Some(description) = self.mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mutant = self.one(description);
                        progress();
                        done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(mutant);
                    }
                });
            }
        });
        let mut mutants = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        mutants.sort_by_key(|mutant| mutant.description.deviation as u8);
        mutants
    }

    /// One mutant, on one CPU after the other until it is killed.
    #[must_use]
    pub fn one(&self, description: &'static Description) -> Mutant {
        let mut mutant = Mutant { description, tried: Vec::new(), dead: None, kills: Vec::new() };
        for model in self.models.iter().filter(|model| model.is_concerned(description)) {
            let Some(target) = Reference::deviating(model, description.deviation) else { continue };
            mutant.tried.push(model.label);
            mutant.dead = self.empty_guest(&target);
            if mutant.dead.is_some() {
                break;
            }
            self.judge(&target, |record| mutant.kills.push(Kill::new(record)));
            if !mutant.kills.is_empty() {
                break;
            }
        }
        mutant
    }

    /// How a guest that does nothing ends, if not in order: then every case says the same, and none has to be run.
    fn empty_guest(&self, target: &Reference) -> Option<String> {
        let (results, _) = session::run_all(target, &[session::empty_guest()], self.run.limits, &Unwatched);
        match results.into_iter().next()?.fate {
            transcript::Fate::Crashed(how) | transcript::Fate::Hung(how) => Some(how),
            transcript::Fate::Ended | transcript::Fate::Error(_) => None,
        }
    }

    /// Runs the cases on a target; those that turn red go to `sink`. How many could run there?
    fn judge(&self, target: &Reference, mut sink: impl FnMut(Record)) -> usize {
        let mut cases = 0;
        self.run.on(target, &Unwatched, |record| {
            cases += usize::from(record.status != Status::Skip);
            if matches!(record.status, Status::Fail | Status::Changed | Status::Crash | Status::Hang) {
                sink(record);
            }
        });
        cases
    }
}
