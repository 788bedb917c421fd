//! Which targets a line is for: what `needs` and the `on` blocks around it say of features, and what follows from that.
//!
//! Everything here is about all targets that can exist, not about one: it lets the check find what is wrong in a block
//! whatever the target. A CPU's features come from the tables of `sprig-isa`, so that `on booke` and `on book3s` are
//! known to exclude each other; of the others only [`HYPERVISORS`] is known.

use crate::feature::{Feature, FeatureSet};
use sprig_isa::cpu::{CPUS, Cpu};
use sprig_isa::spr::Spr;
use std::sync::{Arc, LazyLock};

/// A feature that is there or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Literal {
    pub(super) feature: Feature,
    pub(super) present: bool,
}

/// The hypervisors there can be, by what they declare: none that answers (`bare` or not said), one that answers
/// hypercalls, and one that offers the page, which it does by answering a hypercall.
static HYPERVISORS: &[&[Feature]] =
    &[&[], &[Feature::Bare], &[Feature::Hypercall], &[Feature::Hypercall, Feature::MagicPage]];

/// Every CPU with its features.
static CPU_FEATURES: LazyLock<Vec<(&Cpu, FeatureSet)>> =
    LazyLock::new(|| CPUS.iter().map(|cpu| (cpu, FeatureSet::of_cpu(cpu))).collect());

/// The features that the CPU decides about.
static DECIDED_BY_CPU: LazyLock<FeatureSet> =
    LazyLock::new(|| CPU_FEATURES.iter().fold(FeatureSet::default(), |all, (_, features)| all.union(*features)));

/// Everything that is known of the target where a line runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Guard(Arc<[Literal]>);

impl Guard {
    pub(super) fn new(features: impl IntoIterator<Item = Feature>) -> Self {
        Self(features.into_iter().map(|feature| Literal { feature, present: true }).collect())
    }

    /// This and one thing more.
    pub(super) fn and(&self, feature: Feature, present: bool) -> Self {
        Self(self.0.iter().copied().chain([Literal { feature, present }]).collect())
    }

    fn both(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(other.0.iter()).copied().collect())
    }

    /// True if it holds for a target with these features.
    pub(super) fn holds(&self, features: FeatureSet) -> bool {
        self.0.iter().all(|literal| features.contains(literal.feature) == literal.present)
    }

    /// True if nothing speaks against it in a choice between sets of features, which together decide about `decided`.
    fn allows(&self, decided: FeatureSet, chosen: FeatureSet) -> bool {
        let mut literals = self.0.iter().filter(|literal| decided.contains(literal.feature));
        literals.all(|literal| chosen.contains(literal.feature) == literal.present)
    }

    /// The CPUs a target can have for which it holds.
    fn cpus(&self) -> impl Iterator<Item = &'static Cpu> {
        CPU_FEATURES.iter().filter(|(_, features)| self.allows(*DECIDED_BY_CPU, *features)).map(|(cpu, _)| *cpu)
    }

    /// True if some target can be like this.
    pub(super) fn is_possible(&self) -> bool {
        let contradicted = |one: &Literal| self.0.contains(&Literal { present: !one.present, ..*one });
        let decided = HYPERVISORS.iter().flat_map(|features| features.iter().copied()).collect();
        !self.0.iter().any(contradicted)
            && HYPERVISORS.iter().any(|features| self.allows(decided, FeatureSet::of(features)))
            && self.cpus().next().is_some()
    }

    /// True if every target like this is also like `other`.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let follows = |wanted: &Literal| !self.and(wanted.feature, !wanted.present).is_possible();
        other.0.iter().all(|wanted| self.0.contains(wanted) || follows(wanted))
    }

    /// True if every target like this is also like one of `others`.
    pub(super) fn is_covered_by(&self, others: &[&Self]) -> bool {
        let decided_by_hypervisor: FeatureSet =
            HYPERVISORS.iter().flat_map(|features| features.iter().copied()).collect();
        let decided = DECIDED_BY_CPU.union(decided_by_hypervisor);
        let literals = [self].into_iter().chain(others.iter().copied()).flat_map(|guard| guard.0.iter());
        // What is not decided can be there or not in any combination. There are few such features.
        let mentioned: FeatureSet = literals.map(|literal| literal.feature).collect();
        let free: Vec<Feature> = mentioned.without(decided).iter().collect();
        let combinations = (0..1u32 << free.len()).map(|bits| {
            let chosen = free.iter().enumerate().filter(move |(index, _)| bits & 1 << index != 0);
            chosen.map(|(_, feature)| *feature).collect::<FeatureSet>()
        });
        combinations.into_iter().all(|free| {
            CPU_FEATURES.iter().all(|(_, cpu)| {
                HYPERVISORS.iter().all(|hypervisor| {
                    let target = free.union(*cpu).union(FeatureSet::of(hypervisor));
                    !self.holds(target) || others.iter().any(|other| other.holds(target))
                })
            })
        })
    }

    /// True if every target like this has the feature.
    pub(super) fn has(&self, feature: Feature) -> bool {
        !self.and(feature, false).is_possible()
    }

    /// Whether it says outright that the feature is there, or that it is not.
    pub(super) fn says(&self, feature: Feature) -> Option<bool> {
        self.0.iter().rev().find(|literal| literal.feature == feature).map(|literal| literal.present)
    }

    /// True if one target can be like both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.both(other).is_possible()
    }

    /// True if some target like this has the special register.
    pub(super) fn can_have(&self, register: &str) -> bool {
        self.cpus().any(|cpu| has_register(cpu, register))
    }
}

/// True if the CPU has a special register of this name.
pub(super) fn has_register(cpu: &Cpu, register: &str) -> bool {
    number_on(cpu, register).is_some()
}

/// The number of a special register on a CPU.
pub(super) fn number_on(cpu: &Cpu, register: &str) -> Option<u16> {
    Spr::by_name(register).find(|spr| spr.cpus.intersects(cpu.set)).map(|spr| spr.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_a_cpu_exclude_and_imply_each_other() {
        let booke = Guard::new([Feature::Booke]);
        let book3s = Guard::new([Feature::Book3s]);
        assert!(!booke.overlaps(&book3s));
        assert!(Guard::new([Feature::E500]).implies(&booke));
        assert!(!booke.implies(&Guard::new([Feature::E500])));
        assert!(Guard::default().and(Feature::Booke, false).implies(&book3s));
        assert!(booke.overlaps(&Guard::new([Feature::Usprg4])));
    }

    #[test]
    fn blocks_together_can_be_for_every_target() {
        let (booke, book3s) = (Guard::new([Feature::Booke]), Guard::new([Feature::Book3s]));
        assert!(Guard::default().is_covered_by(&[&booke, &book3s]));
        assert!(!Guard::default().is_covered_by(&[&booke]));
        assert!(Guard::new([Feature::E500]).is_covered_by(&[&booke]));
        let (host, no_host) = (Guard::new([Feature::Host]), Guard::default().and(Feature::Host, false));
        assert!(Guard::default().is_covered_by(&[&host, &no_host]));
        assert!(!Guard::default().is_covered_by(&[&host, &booke]));
    }

    #[test]
    fn the_page_needs_a_hypervisor_that_answers() {
        assert!(Guard::new([Feature::MagicPage]).has(Feature::Hypercall));
        assert!(!Guard::new([Feature::MagicPage, Feature::Bare]).is_possible());
        assert!(!Guard::default().has(Feature::Hypercall));
    }

    #[test]
    fn registers_belong_to_cpus() {
        assert!(!Guard::new([Feature::Book3s]).can_have("ESR"));
        assert!(Guard::new([Feature::Book3s]).can_have("SPRG4"));
        assert!(!Guard::new([Feature::Book3s64]).can_have("SPRG4"));
    }
}
