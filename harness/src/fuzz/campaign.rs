//! A campaign: scripts in batches on the target and on the reference, judged, and what is wrong shrunk.
//!
//! ```text
//!   singles, then random scripts --batch--> target --judge--> findings --known?--> counted
//!                                    '----> reference ---'        |
//!                                                                 '--first of its kind--> shrunk, batch by batch --> a .probe file
//! ```

use super::cover::Coverage;
use super::environment::Environment;
use super::generate::Generator;
use super::judge::{Candidate, Finding, Invalid};
use super::known::Known;
use super::runner::Runner;
use crate::case::Case;
use crate::session::Progress;
use crate::suite::Suite;
use crate::target::{Limits, Target};
use crate::transcript::RunResult;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Rounds within which the reference has delivered whatever is due.
const PATIENCE: u32 = 100_000;

/// When a campaign ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// After so many scripts.
    Scripts(u64),
    /// When so much CPU time has been used, the targets' included.
    Cpu(Duration),
}

/// What a campaign is made of.
pub struct Campaign<'a> {
    /// Rules and reviewed differences.
    pub suite: &'a Suite,
    /// What is known to be wrong.
    pub known: &'a Known,
    /// What is tried.
    pub target: &'a dyn Target,
    /// What it is compared with; without, the contract alone judges.
    pub reference: Option<&'a dyn Target>,
    /// Decides what the scripts are.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
    /// What counts as a hang.
    pub limits: &'a Limits,
    /// Is told of sessions and cases.
    pub progress: &'a dyn Progress,
}

/// A finding with the smallest script that shows it.
#[derive(Debug)]
pub struct Shrunk {
    /// What is wrong.
    pub finding: Finding,
    /// The script.
    pub(super) candidate: Candidate,
    /// For these it was written.
    pub(super) environment: Environment,
    /// What the target and the reference made of it.
    pub(super) results: (RunResult, Option<(Case, RunResult)>),
    /// Number of the script it was found in.
    pub number: u64,
    /// Steps of that.
    pub steps_before: usize,
    /// Operations and registers that show the same in scripts of the same shape.
    pub also: BTreeSet<String>,
}

impl Shrunk {
    /// Steps of the smallest script.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.candidate.steps.len()
    }
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Outcome {
    /// Scripts that ran.
    pub scripts: u64,
    /// Of these, on the reference too.
    pub compared: u64,
    /// Of these, about which nothing could be said: an error of ours or the environment's.
    pub unjudged: u64,
    /// Sessions of the target.
    pub sessions: u32,
    /// Every kind of finding, shrunk.
    pub findings: Vec<Shrunk>,
    /// Findings that are as these, or beyond what is shrunk.
    pub repeated: u64,
    /// Findings that were known: how often, by the reason.
    pub known: BTreeMap<String, u64>,
    /// What the scripts have done.
    pub coverage: Coverage,
    /// CPU seconds.
    pub cpu: f64,
    /// The target cannot even run nothing.
    pub dead: Option<String>,
}

/// A campaign could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The generator made a script that is none.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The operating system does not say how much CPU time was used.
    #[error("cannot read the CPU time: {0}")]
    CpuTime(#[from] nix::Error),
}

impl Campaign<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error`]: a mistake of ours.
    pub fn run(&self) -> Result<Outcome, Error> {
        let profile = self.target.profile();
        let reference = self.reference.map(Target::profile);
        let own = Generator::new(Environment::new(&profile, patience(self.target)));
        let shared = reference.as_ref().map(|other| Generator::new(own.environment().shared_with(other)));
        let mut runner = Runner {
            campaign: self,
            outcome: Outcome {
                scripts: 0,
                compared: 0,
                unjudged: 0,
                sessions: 0,
                findings: Vec::new(),
                repeated: 0,
                known: BTreeMap::new(),
                coverage: Coverage::of(&own),
                cpu: 0.0,
                dead: None,
            },
            profile,
            reference,
            seen: BTreeSet::new(),
            avoided: BTreeSet::new(),
        };
        runner.all(&own, shared.as_ref())?;
        Ok(runner.outcome)
    }
}

/// What counts as a hang: no script needs more than a few waits.
#[must_use]
pub fn limits() -> Limits {
    Limits { instructions: 20 * u64::from(PATIENCE), ..Limits::default() }
}

/// Rounds after which an interrupt that is due has been taken: an emulator's timers may have a thread of their own.
fn patience(target: &dyn Target) -> u32 {
    if target.cases_per_session() == 1 { PATIENCE } else { 100 * PATIENCE }
}
