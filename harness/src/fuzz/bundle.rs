//! Bundles: several scripts as one, where each would have a virtual machine of its own.
//!
//! ```text
//!   scripts --eight in a row, as one--> a machine --nothing is wrong--> so nothing is with any of them
//!                                            '------something is------> each by itself, in the next session
//! ```
//!
//! To make a machine costs an emulated host more than all that a script does in it. The contract follows a bundle as it follows a script,
//! with what one leaves behind for the next.

use super::campaign::Error;
use super::judge::Finding;
use super::runner::{Drawn, Runner};

/// Scripts of a bundle.
const SIZE: usize = 8;

impl Runner<'_> {
    /// Runs scripts in bundles; those that something may be wrong with are left to run by themselves.
    pub(super) fn bundled<'e>(&mut self, batch: Vec<Drawn<'e>>) -> Result<Vec<Drawn<'e>>, Error> {
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
        let (bundles, mut rest): (Vec<_>, Vec<_>) = bundles.into_iter().partition(|bundle| bundle.len() > 1);
        let mut candidates = Vec::new();
        for bundle in &bundles {
            let steps: Vec<_> = bundle.iter().flat_map(|drawn| drawn.steps.iter().copied()).collect();
            if let Some(first) = bundle.first() {
                candidates.push(self.judge().candidate(first.environment, &steps)?);
            }
        }
        let ran = self.run(candidates, true);
        for (bundle, ran) in bundles.into_iter().zip(ran) {
            let harmless = |finding: &Finding| self.changes_nothing(&ran.candidate, finding);
            match &ran.findings {
                Some(findings) if findings.iter().all(harmless) => {
                    self.outcome.compared += if ran.is_compared() { bundle.len() as u64 } else { 0 };
                    for finding in findings {
                        self.count_known(&ran.candidate, finding);
                    }
                }
                _ => rest.push(bundle),
            }
        }
        Ok(rest.into_iter().flatten().collect())
    }
}
