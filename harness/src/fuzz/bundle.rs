//! Bundles: several scripts as one, where each would have a virtual machine of its own.
//!
//! ```text
//!   scripts --sixteen in a row, as one--> a machine --nothing is wrong--> so nothing is with any of them
//!                                             '------something is------> those before it: nothing is wrong with them
//!                                                                        the one with it: by itself, in the next session
//!                                                                        those after it: in smaller bundles, in the same
//! ```
//!
//! Creating a machine costs an emulated host more than all that a script does in it, and booting the host as much as a
//! hundred machines. The contract follows a bundle as it follows a script, with what each script leaves behind for the
//! next.

use super::action::{Action, MsrWriter, Step};
use super::campaign::Error;
use super::environment::Environment;
use super::generate::step;
use super::judge::Finding;
use super::prediction::Part;
use super::runner::{Drawn, Ran, Runner};
use std::iter::once;

/// Scripts of a bundle, session by session. Scripts that follow each other are alike: something is wrong with many of
/// those that come after one that something is wrong with.
pub(super) const SIZES: [usize; 2] = [16, 4];
/// Fewer scripts than this have a machine each, which costs less than the session it may save.
const FEW: usize = 100;
/// Steps between two scripts of a bundle.
const BETWEEN: usize = 1;

/// Scripts that have not run yet, or that ran after something wrong.
#[derive(Default)]
struct Waiting<'e> {
    /// Something may be wrong with these: each is to run by itself.
    suspects: Vec<Drawn<'e>>,
    others: Vec<Drawn<'e>>,
}

impl Runner<'_> {
    /// Runs scripts, each to its own verdict or as one of a bundle that nothing is wrong with.
    pub(super) fn run_batch(&mut self, batch: Vec<Drawn<'_>>, alone: bool) -> Result<(), Error> {
        let has_sessions = self.campaign.target.cases_per_session() > 1;
        let mut waiting = Waiting { others: batch, ..Waiting::default() };
        for size in SIZES.into_iter().filter(|_| has_sessions).chain(once(1)) {
            let Waiting { suspects, others } = waiting;
            let size = if suspects.len() + others.len() < FEW { 1 } else { size };
            let mut bundles: Vec<_> = suspects.into_iter().map(|drawn| vec![drawn]).collect();
            bundles.extend(in_bundles(others, size));
            waiting = self.session(bundles, alone)?;
        }
        Ok(())
    }

    /// One session. Those that come after something wrong are given back, for it may be what is wrong with them.
    fn session<'e>(&mut self, bundles: Vec<Vec<Drawn<'e>>>, alone: bool) -> Result<Waiting<'e>, Error> {
        let mut candidates = Vec::new();
        for bundle in &bundles {
            if let Some(first) = bundle.first() {
                let steps = joined(bundle.iter().map(|drawn| &drawn.steps[..]), first.environment);
                candidates.push(self.judge().candidate(first.environment, &steps)?);
            }
        }
        let mut waiting = Waiting::default();
        let ran = self.run(candidates, true);
        if self.outcome.dead.is_some() {
            // It is not the scripts', and each that was shrunk would cost boots without end.
            return Ok(waiting);
        }
        for (bundle, ran) in bundles.into_iter().zip(ran) {
            let mut bundle = match <[Drawn<'_>; 1]>::try_from(bundle) {
                Ok([drawn]) => {
                    self.verdict(&drawn, ran, alone)?;
                    continue;
                }
                Err(bundle) => bundle,
            };
            let well = self.well(&bundle, &ran);
            let mut suspects = bundle.split_off(well);
            self.outcome.compared += if ran.is_compared() { bundle.len() as u64 } else { 0 };
            if !suspects.is_empty() {
                waiting.others.extend(suspects.split_off(1));
                waiting.suspects.extend(suspects);
            }
        }
        Ok(waiting)
    }

    /// How many scripts come before the first that something is wrong with. What is known of them is counted.
    fn well(&mut self, bundle: &[Drawn<'_>], ran: &Ran) -> usize {
        // How far a machine that died was right is not known.
        let Some(findings) = &ran.findings else { return 0 };
        let harmful = findings.iter().find(|finding| !self.changes_nothing(&ran.candidate, finding));
        let well = harmful.map_or(bundle.len(), |finding| match finding.part {
            Part::Fate => 0,
            _ => holder(bundle, finding.step),
        });
        let is_well = |finding: &&Finding| holder(bundle, finding.step) < well;
        for finding in findings.iter().filter(is_well) {
            self.count_known(&ran.candidate, finding);
        }
        well
    }
}

/// Scripts in bundles of at most this many, each for one environment.
fn in_bundles(scripts: Vec<Drawn<'_>>, size: usize) -> Vec<Vec<Drawn<'_>>> {
    let mut bundles: Vec<Vec<Drawn<'_>>> = Vec::new();
    for drawn in scripts {
        let fits = |bundle: &&mut Vec<Drawn<'_>>| {
            let like = |other: &Drawn<'_>| std::ptr::eq(other.environment, drawn.environment);
            bundle.len() < size && bundle.first().is_some_and(like)
        };
        match bundles.iter_mut().rev().find(fits) {
            Some(bundle) => bundle.push(drawn),
            None => bundles.push(vec![drawn]),
        }
    }
    bundles
}

/// All steps of several scripts. Between two the MSR becomes what every script expects: what is not known of it behind
/// one would be unknown to all that follow.
pub(super) fn joined<'s>(scripts: impl IntoIterator<Item = &'s [Step]>, environment: &Environment) -> Vec<Step> {
    let msr = step(false, Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: environment.msr() });
    scripts.into_iter().collect::<Vec<_>>().join(&[msr; BETWEEN][..])
}

/// Which script of a bundle this step of all is one of, or comes behind.
fn holder(bundle: &[Drawn<'_>], step: usize) -> usize {
    let ends = bundle.iter().scan(0, |end, drawn| {
        *end += drawn.steps.len() + BETWEEN;
        Some(*end)
    });
    ends.take_while(|end| *end <= step).count().min(bundle.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    fn script(number: u64, environment: &Environment, steps: usize) -> Drawn<'_> {
        Drawn { number, environment, steps: vec![step(false, Action::Illegal); steps] }
    }

    #[test]
    fn a_step_of_a_bundle_is_one_of_the_script_that_has_it() {
        let environment = &environment("ref-e500v2-pr");
        let bundle = [script(0, environment, 2), script(1, environment, 1), script(2, environment, 3)];
        let holders: Vec<usize> = (0..8).map(|step| holder(&bundle, step)).collect();
        assert_eq!(holders, [0, 0, 0, 1, 1, 2, 2, 2]);
        assert_eq!(joined(bundle.iter().map(|drawn| &drawn.steps[..]), environment).len(), holders.len());
    }

    #[test]
    fn bundles_are_full_and_each_is_for_one_environment() {
        let (one, other) = (&environment("ref-e500v2-pr"), &environment("ref-e500v2-bare"));
        let scripts = (0..9).map(|number| script(number, if number % 2 == 0 { one } else { other }, 1)).collect();
        let numbers = |bundle: &Vec<Drawn<'_>>| bundle.iter().map(|drawn| drawn.number).collect::<Vec<_>>();
        let bundles: Vec<_> = in_bundles(scripts, 3).iter().map(numbers).collect();
        assert_eq!(bundles, [vec![0, 2, 4], vec![1, 3, 5], vec![6, 8], vec![7]]);
    }
}
