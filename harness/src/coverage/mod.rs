//! Whether the cases cover what there is: counts follow from coverage, not the other way round.
//!
//! ```text
//!   tables of sprig-isa ---> cells that there are            {register, field, call, patch entry} x {state}
//!                              |                                x {by trap, by page} x {before, after an exit}
//!   cases, assembled    ---> cells that are reached ---.
//!                              |                       |---> missing: neither a case nor a reason
//!   uncovered.toml      ---> cells that need no case --'---> wrong: a reason for nothing, or for what a case does reach
//! ```

mod cell;
mod matrix;
mod reason;
mod stub;
mod walk;

pub use cell::{Cell, Deed, Kind, Moment, Path, Privilege, universe};
pub use matrix::print;
pub use reason::{Reason, Reasons};

use crate::case::{Profile, script_of};
use crate::problem::Problem;
use crate::script::Instance;
use std::collections::{BTreeMap, BTreeSet};

/// Which cases reach each cell.
#[derive(Debug)]
pub struct Coverage {
    /// Every cell there is, with the names of the scripts that reach it.
    pub reached: BTreeMap<Cell, BTreeSet<String>>,
}

impl Coverage {
    /// Follows every case for every profile that can run it.
    #[must_use]
    pub fn of<'a>(instances: impl Iterator<Item = &'a Instance>, profiles: &[Profile]) -> Self {
        let mut reached: BTreeMap<Cell, BTreeSet<String>> =
            universe().into_iter().map(|cell| (cell, BTreeSet::new())).collect();
        for instance in instances {
            let mut assembler = instance.assembler();
            for profile in distinct(profiles) {
                // What cannot run there or is too large for it says nothing.
                let Ok(case) = assembler.assemble(profile) else { continue };
                for cell in walk::cells(&case, profile.cpu) {
                    if let Some(cases) = reached.get_mut(&cell) {
                        cases.insert(script_of(instance.name()).to_owned());
                    }
                }
            }
        }
        Self { reached }
    }

    /// A [`Problem`] for every cell with neither a case nor a reason, and for every reason that is none.
    #[must_use]
    pub fn problems(&self, reasons: &Reasons) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (cell, cases) in &self.reached {
            if cases.is_empty() && reasons.of(cell).is_none() {
                let message = format!("no case reaches {cell}: write one, or say here why there is none");
                problems.push(Problem::of(&reasons.path, message));
            }
        }
        // Every pattern is held against every cell: each cell is put into words once.
        let named: Vec<(String, &BTreeSet<String>)> =
            self.reached.iter().map(|(cell, cases)| (cell.to_string(), cases)).collect();
        for entry in &reasons.entries {
            for pattern in &entry.cells {
                let matching = || named.iter().filter(|(cell, _)| pattern.matches(cell));
                if matching().next().is_none() {
                    let message = format!("there is no cell `{pattern}`: remove it");
                    problems.push(Problem::at(&reasons.path, entry.line, message));
                }
                for (cell, cases) in matching() {
                    if let Some(case) = cases.first() {
                        let message =
                            format!("`{pattern}` excuses {cell}, which {case} reaches: make it narrower, or remove it");
                        problems.push(Problem::at(&reasons.path, entry.line, message));
                    }
                }
            }
        }
        problems
    }
}

impl Reasons {
    /// Why a cell has no case.
    #[must_use]
    pub fn of(&self, cell: &Cell) -> Option<&Reason> {
        let name = cell.to_string();
        self.entries.iter().find(|entry| entry.cells.iter().any(|pattern| pattern.matches(&name)))
    }
}

/// Profiles for which cases assemble alike stand for each other.
fn distinct(profiles: &[Profile]) -> impl Iterator<Item = &Profile> {
    let mut seen = BTreeSet::new();
    profiles.iter().filter(move |profile| {
        let features: Vec<&str> = profile.features.iter().map(crate::feature::Feature::name).collect();
        seen.insert((profile.cpu.name, features))
    })
}
