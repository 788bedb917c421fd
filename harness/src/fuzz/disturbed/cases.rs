//! Which cases of the suite a campaign runs.

use crate::case::Profile;
use crate::feature::Feature;
use crate::fuzz::campaign::Campaign;
use crate::fuzz::generate::Generator;
use crate::script::{ExitKind, Instance};
use std::collections::BTreeSet;

/// On an emulated host cases have at most so many steps, and wait for nothing; as they are the gate runs them.
const SHORT: usize = 40;
const WAITS: [&str; 4] = ["hold", "within", "watchdog", "other-vm"];

/// The cases that a campaign may run, and what it has seen of them.
pub(in crate::fuzz) struct Cases<'a> {
    pub(super) instances: Vec<&'a Instance>,
    pub(super) rules: Vec<&'a str>,
    pub(super) kinds: Vec<ExitKind>,
    pub(super) seen: BTreeSet<(String, &'static str)>,
    pub(super) has_host: bool,
    /// An exit is one of a hypervisor's; on a bare machine it is an interrupt like any other.
    pub(super) has_exits: bool,
}

impl<'a> Cases<'a> {
    /// Those that the target has everything for, and of which it is not known that it fails them.
    pub(in crate::fuzz) fn new(campaign: &Campaign<'a>, own: &Generator) -> Self {
        let target = campaign.target;
        let (profile, has_host) = (target.profile(), target.host_program().is_some());
        let may_run = |instance: &&Instance| {
            instance.missing(&profile).is_none()
                && !instance.kills()
                && campaign.suite.expectations.of(target.id(), instance.name()).is_none()
                && (!has_host || is_short(instance, &profile))
        };
        Self {
            instances: campaign.suite.instances().filter(may_run).collect(),
            rules: campaign.suite.rules.ids().collect(),
            kinds: own.exit_kinds(),
            seen: BTreeSet::new(),
            has_host,
            has_exits: has_host || profile.features.contains(Feature::ExitCounts),
        }
    }
}

fn is_short(instance: &Instance, profile: &Profile) -> bool {
    let waits = WAITS.iter().any(|word| instance.source().text.contains(word));
    !waits && instance.assemble(profile).is_ok_and(|case| case.steps.len() <= SHORT)
}
