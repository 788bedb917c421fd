//! Which mutant is killed by which case.

use super::cover::cover;
use crate::case::script_of;
use crate::report::Record;
use sprig_refhv::hypervisor::Description;
use std::collections::BTreeSet;

/// Every mutant and its outcome.
#[derive(Debug)]
pub struct Matrix {
    /// The mutants, in the order of their table.
    pub mutants: Vec<Mutant>,
    /// What the same cases cost on the right hypervisor.
    pub plain: Option<Plain>,
    /// CPU time of all mutants, seconds.
    pub seconds: f64,
}

/// A run of all cases on the right hypervisor.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    /// On this CPU.
    pub model: &'static str,
    /// Cases that ran.
    pub cases: usize,
    /// Its CPU time.
    pub seconds: f64,
}

/// One mutant.
#[derive(Debug)]
pub struct Mutant {
    /// What it does wrong.
    pub description: &'static Description,
    /// The CPUs it was tried on; on the last one it was killed, if it was.
    pub tried: Vec<&'static str>,
    /// How a guest that does nothing ends, if not in order: every case would notice.
    pub dead: Option<String>,
    /// The cases that turned red.
    pub kills: Vec<Kill>,
}

/// A case that turned red.
#[derive(Debug)]
pub struct Kill {
    /// The case.
    pub case: String,
    /// What it was.
    pub record: Record,
}

/// The outcome of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Some case turns red.
    Killed,
    /// None does: one is missing.
    Survived,
    /// None does, and none can: the table says why.
    Equivalent,
    /// The table says that no case can, and one does.
    NotEquivalent,
    /// It concerns none of the CPUs that were asked for.
    NotTried,
}

impl Kill {
    pub(super) fn new(record: Record) -> Self {
        Self { case: record.case.clone(), record }
    }

    /// The case's script.
    #[must_use]
    pub fn script(&self) -> &str {
        script_of(&self.case)
    }
}

impl Mutant {
    /// Its outcome.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match (self.kills.is_empty() && self.dead.is_none(), self.description.equivalent) {
            _ if self.tried.is_empty() => Fate::NotTried,
            (false, None) => Fate::Killed,
            (false, Some(_)) => Fate::NotEquivalent,
            (true, None) => Fate::Survived,
            (true, Some(_)) => Fate::Equivalent,
        }
    }

    /// The scripts that kill it.
    #[must_use]
    pub fn scripts(&self) -> BTreeSet<&str> {
        self.kills.iter().map(Kill::script).collect()
    }

    /// The CPU it was killed on, or tried on last.
    #[must_use]
    pub fn cpu(&self) -> &'static str {
        self.tried.last().copied().unwrap_or("no CPU")
    }
}

impl Matrix {
    /// Those with this fate.
    pub fn of(&self, fate: Fate) -> impl Iterator<Item = &Mutant> {
        self.mutants.iter().filter(move |mutant| mutant.fate() == fate)
    }

    /// True if no case is missing and no argument wrong.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.mutants.iter().all(|mutant| !matches!(mutant.fate(), Fate::Survived | Fate::NotEquivalent))
    }

    /// How many mutants a script kills.
    #[must_use]
    pub fn victims(&self, script: &str) -> usize {
        self.mutants.iter().filter(|mutant| mutant.scripts().contains(script)).count()
    }

    /// The fewest scripts that kill all.
    #[must_use]
    pub fn cover(&self) -> Vec<&str> {
        // What no guest survives asks for no particular one.
        let kills: Vec<_> = self.of(Fate::Killed).filter(|mutant| mutant.dead.is_none()).map(Mutant::scripts).collect();
        cover(&kills)
    }

    /// The cost of all mutants in runs of the same cases on the right hypervisor.
    #[must_use]
    pub fn plain_runs(&self) -> Option<f64> {
        self.plain.filter(|plain| plain.seconds > 0.0).map(|plain| self.seconds / plain.seconds)
    }
}
