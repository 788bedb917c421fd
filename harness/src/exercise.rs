//! Where each rule is really put to the test.
//!
//! ```text
//!   cases x targets ---> not skipped there ---> an expectation by the rule is for that target ---> exercised
//! ```
//!
//! A case that is skipped exercises nothing, and neither does an expectation inside an `on` block that is not for the
//! target. A rule that a case cites without expecting anything by it is judged by how the case ends.

use crate::problem::Problem;
use crate::rules::Rules;
use crate::script::Instance;
use crate::target::Target;
use std::collections::{BTreeMap, BTreeSet};

/// For each rule the targets that exercise it, in their order.
#[derive(Debug, Default)]
pub struct Exercise<'a> {
    targets: BTreeMap<String, Vec<&'a str>>,
}

/// Indices into the targets.
#[derive(Default)]
struct Where {
    runs: BTreeSet<usize>,
    judges: BTreeSet<usize>,
}

impl<'a> Exercise<'a> {
    /// Follows every case for every target, be it here or not.
    #[must_use]
    pub fn of<'c>(cases: impl Iterator<Item = &'c Instance>, targets: &[&'a dyn Target]) -> Self {
        let profiles: Vec<_> = targets.iter().map(|target| target.profile()).collect();
        let mut exercised: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for instance in cases {
            let mut cited: BTreeMap<&str, Where> = instance.rules().map(|rule| (rule, Where::default())).collect();
            for (index, profile) in profiles.iter().enumerate() {
                if instance.missing(profile).is_some() {
                    continue;
                }
                let expected = instance.expects_by(profile.features);
                for (rule, place) in &mut cited {
                    place.runs.insert(index);
                    if expected.contains(*rule) {
                        place.judges.insert(index);
                    }
                }
            }
            for (rule, Where { runs, judges }) in cited {
                exercised.entry(rule.to_owned()).or_default().extend(if judges.is_empty() { runs } else { judges });
            }
        }
        let named =
            |(rule, found): (String, BTreeSet<usize>)| (rule, found.iter().map(|at| targets[*at].id()).collect());
        Self { targets: exercised.into_iter().map(named).collect() }
    }

    /// The targets that exercise a rule.
    #[must_use]
    pub fn targets(&self, rule: &str) -> &[&'a str] {
        self.targets.get(rule).map_or(&[], Vec::as_slice)
    }

    /// A [`Problem`] for every rule that cases cite and no target exercises.
    #[must_use]
    pub fn problems(&self, rules: &Rules) -> Vec<Problem> {
        let idle = rules.iter().filter(|rule| self.targets.get(&rule.id).is_some_and(Vec::is_empty));
        idle.map(|rule| {
            rules.problem(rule, format!("no target exercises `{}`: its cases are skipped everywhere", rule.id))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;
    use crate::suite::Suite;
    use crate::target;

    #[test]
    fn a_rule_is_exercised_where_an_expectation_by_it_is_left() {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        let all = target::all();
        let targets: Vec<_> = all.iter().map(|target| &**target).collect();
        let exercise = Exercise::of(suite.instances(), &targets);
        // Every CPU has SPRGs; only a hypervisor has a page; only embedded ones have wrteei.
        assert_eq!(exercise.targets("spr.sprg-holds-value").len(), targets.len());
        let page = exercise.targets("page.field-holds-value");
        assert!(page.contains(&"ref-e500v2-pr") && !page.contains(&"ref-e500v2-bare"), "{page:?}");
        let wrteei = exercise.targets("irq.wrteei-changes-ee-only");
        assert!(wrteei.contains(&"ref-e500v2-bare") && !wrteei.contains(&"ref-970-bare"), "{wrteei:?}");
        // Its cases expect nothing by it: what counts is that they end.
        assert!(!exercise.targets("unspecified.reserved-bits").is_empty());
        assert_eq!(exercise.targets("spr.no-such-rule"), [""; 0]);
    }
}
