//! Nothing in the suite is unused: a trial for each kind of thing that could be.

use crate::Context;
use libtest_mimic::{Failed, Trial};
use sprig::suite::{Find, INVARIANTS};
use std::sync::Arc;

/// The trials.
pub(crate) fn trials(context: &Arc<Context>) -> Vec<Trial> {
    let trial = |(name, find): (&str, Find)| {
        let context = Arc::clone(context);
        Trial::test(format!("suite::{name}"), move || {
            let targets: Vec<_> = context.targets.iter().map(|target| &**target).collect();
            let problems = find(&context.suite, &targets);
            let text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            if text.is_empty() { Ok(()) } else { Err(Failed::from(text)) }
        })
    };
    INVARIANTS.into_iter().map(trial).collect()
}
