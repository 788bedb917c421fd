//! Nothing in the suite is unused: a trial for each kind of thing that could be.

use crate::Context;
use libtest_mimic::{Failed, Trial};
use sprig::problem::Problem;
use sprig::suite::Suite;
use sprig::target::Target;
use std::sync::Arc;

/// What finds the unused things of a kind.
type Find = fn(&Suite, &[&dyn Target]) -> Vec<Problem>;

/// The trials.
pub(crate) fn trials(context: &Arc<Context>) -> Vec<Trial> {
    let kinds: [(&str, Find); 8] = [
        ("suite::every-rule-has-a-case", |suite, _| suite.unused_rules()),
        ("suite::every-rule-of-a-case-is-expected-by", |suite, _| suite.rules_without_expectation()),
        ("suite::every-rule-is-exercised", Suite::unexercised_rules),
        ("suite::every-cell-has-a-case-or-a-reason", Suite::uncovered),
        ("suite::every-expectation-is-used", Suite::unused_expectations),
        ("suite::every-golden-is-used", Suite::unused_goldens),
        ("suite::every-difference-has-a-target", Suite::differences_without_target),
        ("suite::every-known-finding-has-a-target", Suite::known_without_target),
    ];
    let trial = |(name, find): (&'static str, Find)| {
        let context = Arc::clone(context);
        Trial::test(name, move || {
            let targets: Vec<_> = context.targets.iter().map(|target| &**target).collect();
            let problems = find(&context.suite, &targets);
            let text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            if text.is_empty() { Ok(()) } else { Err(Failed::from(text)) }
        })
    };
    kinds.into_iter().map(trial).collect()
}
