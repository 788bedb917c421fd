//! What was reviewed matches what scripts say.

use super::action::Step;
use super::bundle::{SIZES, joined};
use super::environment::Environment;
use super::generate::Generator;
use super::judge::Judge;
use crate::known::Entry;
use crate::pattern::Pattern;
use crate::project;
use crate::suite::Suite;
use crate::target;
use std::collections::BTreeSet;

/// Random scripts among which each step of a known finding comes up.
const SCRIPTS: u64 = 4000;

#[test]
fn each_step_of_a_known_finding_is_one_that_some_script_has() {
    let suite = Suite::load(&project::root()).expect("nothing is wrong");
    let (mut listed, mut said) = (BTreeSet::new(), BTreeSet::new());
    // Under KVM a script has more kinds of steps; those targets come last in the list.
    for target in target::all().into_iter().rev() {
        let entries: Vec<_> = suite.known.about(target.id()).collect();
        let named = |entry: &Entry, step: &Pattern| (entry.reason.clone(), step.to_string());
        let all = entries.iter().flat_map(|entry| entry.steps().map(|step| named(entry, step)));
        let mut open: BTreeSet<_> = all.filter(|step| !said.contains(step)).collect();
        listed.extend(open.iter().cloned());
        let profile = target.profile();
        let judge = Judge { suite: &suite, target: target.id(), profile: &profile };
        let generator = Generator::new(Environment::of(&*target));
        let random = (0..SCRIPTS).map(|number| generator.script(1, number));
        let mut scripts = generator.singles().into_iter().chain(random);
        while !open.is_empty() {
            // As they run: what one shows may be the consequence of another before it.
            let bundle: Vec<Vec<Step>> = scripts.by_ref().take(SIZES[0]).collect();
            if bundle.is_empty() {
                break;
            }
            let steps = joined(bundle.iter().map(Vec::as_slice), generator.environment());
            let candidate = judge.candidate(generator.environment(), &steps).expect("a script");
            let texts: Vec<&str> = candidate.case.steps.iter().map(|step| step.text.as_str()).collect();
            let is_open = |entry: &&&Entry| entry.steps().any(|step| open.contains(&named(entry, step)));
            let asked: Vec<_> = entries.iter().filter(is_open).collect();
            for step in asked.into_iter().flat_map(|entry| entry.about(&texts).map(|step| named(entry, step))) {
                open.remove(&step);
                said.insert(step);
            }
        }
    }
    assert!(!listed.is_empty());
    let unsaid: Vec<_> = listed.difference(&said).collect();
    assert!(unsaid.is_empty(), "no script has a step that is meant: {unsaid:#?}");
}
