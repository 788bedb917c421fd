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
//! To judge takes several times as long as to run: of what a mutant's guests say only what differs from that is judged.

pub mod cover;
pub mod matrix;
pub mod record;
pub mod report;

pub use matrix::{Fate, Kill, Matrix, Mutant};

use crate::bench::cpu_time;
use crate::case::Case;
use crate::judge::{Status, Verdict};
use crate::report::Record;
use crate::run::{Job, On, Run, Selected};
use crate::session::{self, Unwatched};
use crate::target::{Limits, Model, Reference};
use crate::transcript::{self, RunResult};
use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};
use sprig_refhv::hypervisor::Description;
use std::borrow::Borrow;

/// What counts as a hang of a mutant, in instructions without another step: more than any step of any case takes on the
/// right hypervisor, or that would not be green.
pub const STEP: u64 = 1_000_000;

/// The limits of a mutant's run.
#[must_use]
pub fn limits() -> Limits {
    Limits { instructions: Some(STEP), ..Limits::default() }
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
    /// There are no threads to run mutants on.
    #[error("no threads to run mutants on")]
    Threads(#[from] ThreadPoolBuildError),
}

/// The cases on one CPU of the reference, and what each gives on the hypervisor without a bug.
#[derive(Debug)]
pub struct Right<'a> {
    model: &'static Model,
    jobs: Vec<Job<'a>>,
    results: Vec<RunResult>,
}

/// A case of a mutant's, and what it gives on the right hypervisor.
struct Compared<'a> {
    job: &'a Job<'a>,
    right: &'a RunResult,
}

impl Borrow<Case> for Compared<'_> {
    fn borrow(&self) -> &Case {
        &self.job.case
    }
}

impl<'a> Plan<'a> {
    /// Runs the cases on the right hypervisor and then on each mutant. `progress` is called as each has been done.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn carry_out(&self, progress: &(dyn Fn() + Sync)) -> Result<Matrix, Unanswered> {
        let mut plain = None;
        let (mut rights, mut red) = (Vec::new(), Vec::new());
        for model in self.models.iter().filter(|model| self.mutants.iter().any(|mutant| model.is_concerned(mutant))) {
            let Some(target) = Reference::with_page(model) else { continue };
            let before = cpu_time::now()?;
            let (jobs, results) =
                self.judge(&target, Status::fails, |record| red.push(format!("{} on {}", record.case, record.target)));
            let (cases, seconds) = (jobs.len(), cpu_time::now()? - before);
            plain.get_or_insert(matrix::Plain { model: model.label, cases, seconds });
            rights.push(Right { model, jobs, results });
        }
        if !red.is_empty() {
            return Err(Unanswered::Red(red));
        }
        let before = cpu_time::now()?;
        let mutants = self.all(&rights, progress)?;
        Ok(Matrix { mutants, plain, seconds: cpu_time::now()? - before })
    }

    /// Runs the cases that a target can run; those whose status is one of these go to `sink`. Those cases, and what
    /// each gave.
    fn judge(
        &self,
        target: &Reference,
        is_told: fn(Status) -> bool,
        mut sink: impl FnMut(Record),
    ) -> (Vec<Job<'a>>, Vec<RunResult>) {
        let on = On::new(target);
        let mut tell = |selected: &Selected, verdict: Verdict| {
            if is_told(verdict.status) {
                sink(self.run.record(&on, selected, verdict));
            }
        };
        let jobs = self.run.jobs(&on.profile, &mut tell);
        let (results, _) = session::run_all(target, &jobs, self.run.limits, &Unwatched);
        for (job, result) in jobs.iter().zip(&results) {
            tell(job.selected, self.run.verdict(&on, job.selected, &job.case, result));
        }
        (jobs, results)
    }

    /// Every mutant in the plan's order, as many at a time as that says.
    fn all(&self, rights: &[Right<'a>], progress: &(dyn Fn() + Sync)) -> Result<Vec<Mutant>, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new().num_threads(self.jobs.max(1)).build()?;
        let one = |description: &&'static Description| {
            let mutant = self.one(description, rights);
            progress();
            mutant
        };
        Ok(pool.install(|| self.mutants.par_iter().with_max_len(1).map(one).collect()))
    }

    /// One mutant, on one CPU after the other until it is killed. Where it is known what the right hypervisor does,
    /// what is the same is not judged.
    #[must_use]
    pub fn one(&self, description: &'static Description, rights: &[Right<'a>]) -> Mutant {
        let mut mutant = Mutant { description, tried: Vec::new(), dead: None, kills: Vec::new() };
        for model in self.models.iter().filter(|model| model.is_concerned(description)) {
            let Some(target) = Reference::deviating(model, description.deviation) else { continue };
            mutant.tried.push(model.label);
            mutant.dead = self.empty_guest(&target);
            if mutant.dead.is_some() {
                break;
            }
            let sink = |record| mutant.kills.push(Kill::new(record));
            match rights.iter().find(|right| right.model.label == model.label) {
                Some(right) => self.compare(right, &target, sink),
                None => drop(self.judge(&target, is_red, sink)),
            }
            if !mutant.kills.is_empty() {
                break;
            }
        }
        mutant
    }

    /// Runs the cases on a wrong hypervisor, and judges those that do something else than on the right one; those that
    /// are red go to `sink`.
    fn compare(&self, right: &Right<'a>, target: &Reference, mut sink: impl FnMut(Record)) {
        let on = On::new(target);
        let cases = right.jobs.iter().zip(&right.results).map(|(job, right)| Compared { job, right });
        session::run(target, cases, self.run.limits, &Unwatched, |Compared { job, right }, result| {
            if result != *right {
                let verdict = self.run.verdict(&on, job.selected, &job.case, &result);
                if is_red(verdict.status) {
                    sink(self.run.record(&on, job.selected, verdict));
                }
            }
        });
    }

    /// How a guest that does nothing ends, if not in order: then every case says the same, and none has to be run.
    fn empty_guest(&self, target: &Reference) -> Option<String> {
        let (results, _) = session::run_all(target, &[session::empty_guest()], self.run.limits, &Unwatched);
        match results.into_iter().next()?.fate {
            transcript::Fate::Crashed(how) | transcript::Fate::Hung(how) => Some(how),
            transcript::Fate::Ended | transcript::Fate::Error(_) => None,
        }
    }
}

/// True if a case notices a wrong hypervisor by ending like this.
fn is_red(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Changed | Status::Crash | Status::Hang)
}
