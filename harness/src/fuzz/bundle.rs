//! Bundles: several scripts as one, where each would have a virtual machine of its own.
//!
//! ```text
//!   scripts --sixteen in a row, as one--> a machine --nothing is wrong--> so nothing is with any of them
//!                                             '------something is------> those before it: nothing is wrong with them
//!                                                                        the one with it: by itself, in a later session
//!                                                                        those after it: in other bundles, in the next session
//! ```
//!
//! Creating a machine costs an emulated host more than all that a script does in it. The contract follows a bundle as it follows a script,
//! with what each script leaves behind for the next.

use super::campaign::Error;
use super::judge::Finding;
use super::prediction::Part;
use super::runner::{Drawn, Runner};

/// Scripts of a bundle.
const SIZE: usize = 16;
/// Sessions of bundles, before those that are left have a machine each.
const ROUNDS: usize = 2;

impl Runner<'_> {
    /// Runs scripts in bundles; those that something may be wrong with are left to run by themselves.
    pub(super) fn bundled<'e>(&mut self, batch: Vec<Drawn<'e>>) -> Result<Vec<Drawn<'e>>, Error> {
        let (mut alone, mut rest) = (Vec::new(), batch);
        for _ in 0..ROUNDS {
            // A session costs as much as dozens of scripts.
            if rest.len() < 2 * SIZE {
                break;
            }
            rest = self.round(rest, &mut alone)?;
        }
        alone.extend(rest);
        Ok(alone)
    }

    /// One session of bundles. Those that come after something wrong are given back, for it may be what is wrong with them.
    fn round<'e>(&mut self, batch: Vec<Drawn<'e>>, alone: &mut Vec<Drawn<'e>>) -> Result<Vec<Drawn<'e>>, Error> {
        let mut bundles: Vec<Vec<Drawn<'e>>> = Vec::new();
        for drawn in batch {
            let fits = |bundle: &&mut Vec<Drawn<'e>>| {
                let like = |other: &Drawn<'_>| std::ptr::eq(other.environment, drawn.environment);
                bundle.len() < SIZE && bundle.first().is_some_and(like)
            };
            match bundles.iter_mut().rev().find(fits) {
                Some(bundle) => bundle.push(drawn),
                None => bundles.push(vec![drawn]),
            }
        }
        let mut candidates = Vec::new();
        for bundle in &bundles {
            let steps: Vec<_> = bundle.iter().flat_map(|drawn| drawn.steps.iter().copied()).collect();
            if let Some(first) = bundle.first() {
                candidates.push(self.judge().candidate(first.environment, &steps)?);
            }
        }
        let ran = self.run(candidates, true);
        let mut behind = Vec::new();
        for (mut bundle, ran) in bundles.into_iter().zip(ran) {
            let harmful = |finding: &&Finding| !self.changes_nothing(&ran.candidate, finding);
            // The first script that something is wrong with; how far a machine that died was right is not known.
            let wrong = match &ran.findings {
                Some(findings) => findings.iter().find(harmful).map(|finding| match finding.part {
                    Part::Fate => 0,
                    _ => holder(&bundle, finding.step),
                }),
                None => Some(0),
            };
            let is_well = |finding: &&Finding| wrong.is_none_or(|wrong| holder(&bundle, finding.step) < wrong);
            for finding in ran.findings.iter().flatten().filter(is_well) {
                self.count_known(&ran.candidate, finding);
            }
            let mut suspects = bundle.split_off(wrong.unwrap_or(bundle.len()));
            self.outcome.compared += if ran.is_compared() { bundle.len() as u64 } else { 0 };
            if !suspects.is_empty() {
                behind.extend(suspects.split_off(1));
                alone.extend(suspects);
            }
        }
        Ok(behind)
    }
}

/// Which script of a bundle this step of all is one of.
fn holder(bundle: &[Drawn<'_>], step: usize) -> usize {
    let ends = bundle.iter().scan(0, |end, drawn| {
        *end += drawn.steps.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= step).count().min(bundle.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::action::Action;
    use crate::fuzz::generate::step;
    use crate::fuzz::testing::environment;

    #[test]
    fn a_step_of_a_bundle_is_one_of_the_script_that_has_it() {
        let environment = &environment("ref-e500v2-pr");
        let script = |steps: usize| Drawn { number: 0, environment, steps: vec![step(false, Action::Illegal); steps] };
        let bundle = [script(2), script(1), script(3)];
        let holders: Vec<usize> = (0..6).map(|step| holder(&bundle, step)).collect();
        assert_eq!(holders, [0, 0, 1, 2, 2, 2]);
    }
}
