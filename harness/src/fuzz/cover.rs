//! What the scripts of a campaign have done: operation, register, privilege, page state.

use super::action::Step;
use super::generate::{Generator, allowed_in_user};
use crate::feature::Feature;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One thing to do in one state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cell {
    /// What is done.
    pub operation: String,
    /// With which register, field, call or line.
    pub register: String,
    /// In problem state.
    pub user: bool,
    /// The magic page has been mapped.
    pub page: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, register, user, page } = self;
        let privilege = if *user { "problem" } else { "supervisor" };
        let page = if *page { "page" } else { "no page" };
        write!(f, "{operation}/{register}/{privilege}/{page}")
    }
}

/// Which cells there are, and how often each was reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    reached: BTreeMap<Cell, u64>,
}

impl Coverage {
    /// Nothing yet, of everything that scripts of this generator can do.
    #[must_use]
    pub fn of(generator: &Generator) -> Self {
        let pages = if generator.environment().has(Feature::MagicPage) { &[false, true][..] } else { &[false] };
        let steps = generator.singles().into_iter().flatten();
        let subjects: BTreeSet<_> = steps.map(|step| (step.action.subject(), allowed_in_user(&step.action))).collect();
        let mut reached = BTreeMap::new();
        for ((operation, register), in_user) in subjects {
            for user in [false, true].into_iter().filter(|user| !user || in_user) {
                for page in pages.iter().copied() {
                    let (operation, register) = (operation.to_owned(), register.clone());
                    reached.insert(Cell { operation, register, user, page }, 0);
                }
            }
        }
        Self { reached }
    }

    /// A script has run.
    pub(super) fn add(&mut self, steps: &[Step]) {
        let mut page = false;
        for step in steps {
            let (operation, register) = step.action.subject();
            let cell = Cell { operation: operation.to_owned(), register, user: step.user, page };
            if let Some(count) = self.reached.get_mut(&cell) {
                *count += 1;
            }
            page |= matches!(step.action, super::action::Action::MapPage(_)) && !step.user;
        }
    }

    /// Every cell, and how often it was reached.
    pub fn cells(&self) -> impl Iterator<Item = (&Cell, u64)> {
        self.reached.iter().map(|(cell, count)| (cell, *count))
    }

    /// How many were reached, of how many.
    #[must_use]
    pub fn figures(&self) -> (usize, usize) {
        (self.reached.values().filter(|count| **count > 0).count(), self.reached.len())
    }

    /// The same by operation.
    #[must_use]
    pub fn by_operation(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut figures: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (cell, count) in &self.reached {
            let (reached, all) = figures.entry(&cell.operation).or_default();
            *reached += usize::from(*count > 0);
            *all += 1;
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    #[test]
    fn the_singles_reach_each_operation_and_random_scripts_the_states() {
        let generator = Generator::new(environment("ref-e500v2-pr"));
        let mut coverage = Coverage::of(&generator);
        generator.singles().iter().for_each(|steps| coverage.add(steps));
        assert!(coverage.by_operation().values().all(|(reached, _)| *reached > 0));
        let (before, all) = coverage.figures();
        (0..500).for_each(|number| coverage.add(&generator.script(1, number)));
        let (after, _) = coverage.figures();
        assert!(before < after && after <= all);
        assert!(coverage.cells().any(|(cell, count)| count > 0 && cell.to_string() == "mfspr/USPRG4/problem/page"));
    }
}
