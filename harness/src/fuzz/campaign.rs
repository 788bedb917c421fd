//! A campaign: scripts in batches on the target and on the reference, judged, and shrunk if something is wrong.
//!
//! ```text
//!   singles, then random scripts --batch--> target --judge--> findings --known?--> counted
//!                                    '----> reference ---'        |
//!                                                                 '--first of its kind--> shrunk, batch by batch --> a .probe file
//! ```

use super::cover::Coverage;
use super::disturbed;
use super::environment::Environment;
use super::judge::{Candidate, Finding, Invalid};
use crate::case::Case;
use crate::known::Known;
use crate::session::Progress;
use crate::suite::Suite;
use crate::target::{Limits, Target};
use crate::transcript::RunResult;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// When a campaign ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// After this many scripts.
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
    /// How a command line begins that runs sprig.
    pub program: &'a str,
    /// What a command line says of the build that is tried in it (`--kernel vmlinux`); empty if it is as it is.
    pub build: &'a str,
    /// What it is compared with; without, the contract alone judges.
    pub reference: Option<&'a dyn Target>,
    /// Others with this CPU, to be asked where the reference is wrong too or cannot run a case: does what is simpler
    /// still make sense?
    pub stand_ins: &'a [std::sync::Arc<dyn Target>],
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

impl Campaign<'_> {
    /// How a command line names what is tried.
    #[must_use]
    pub fn subject(&self) -> String {
        let (target, build) = (self.target.id(), self.build);
        if build.is_empty() { format!("--target {target}") } else { format!("--target {target} {build}") }
    }

    /// The command that runs a script of it again, the case with these parameters; `sprig run` has no builds.
    #[must_use]
    pub fn again(&self, file: &Path, parameters: &str) -> String {
        let command = if self.build.is_empty() { "run" } else { "repro" };
        let file = format!("{}{parameters}", file.display());
        format!("{} {command} {} {}", self.program, shell_words::quote(&file), self.subject())
    }
}

impl Shrunk {
    /// Steps of the smallest script.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.candidate.steps.len()
    }
}

/// The outcome of a campaign.
#[derive(Debug)]
pub struct Outcome {
    /// Scripts that ran.
    pub scripts: u64,
    /// Of these, to their end on the target and on the reference.
    pub compared: u64,
    /// Of these, about which nothing could be said: an error of ours or the environment's.
    pub unjudged: u64,
    /// Sessions of the target.
    pub sessions: u32,
    /// Every kind of finding, shrunk.
    pub findings: Vec<Shrunk>,
    /// Every rule that a case of the suite has shown to be broken.
    pub broken: Vec<disturbed::Shrunk>,
    /// Findings that are as these, or beyond what is shrunk.
    pub repeated: u64,
    /// Findings that were known, by the reason.
    pub known: BTreeMap<String, Times>,
    /// What the scripts have done.
    pub coverage: Coverage,
    /// CPU seconds, the target's and the reference's included.
    pub cpu: f64,
    /// CPU seconds of a session of the target that runs nothing, measured once, before the first script; not in `cpu`.
    pub boot: f64,
    /// The target or the reference cannot even run nothing: which, and how it ended.
    pub dead: Option<String>,
}

impl Outcome {
    /// How many scripts were drawn, run on both, judged and shrunk in the CPU time of one boot; boots of their own
    /// included.
    #[must_use]
    pub fn scripts_per_boot(&self) -> f64 {
        self.scripts as f64 * self.boot / self.cpu.max(f64::MIN_POSITIVE)
    }
}

/// How often something known was found.
#[derive(Clone, Debug)]
pub struct Times {
    /// So often.
    pub count: u64,
    /// Where to read about it.
    pub link: String,
}

/// A campaign could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The generator made an invalid script.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The operating system does not say how much CPU time was used.
    #[error("cannot read the CPU time: {0}")]
    CpuTime(#[from] nix::Error),
}
