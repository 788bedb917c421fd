//! Which targets a line is for: what `needs` and the `on` blocks around it say of features, and what follows from that.
//!
//! Everything here is about all targets that can exist, not about one: it lets the check find what is wrong in a block
//! whatever the target. A CPU's features come from the tables of `sprig-isa`, so that `on booke` and `on book3s` are
//! known to exclude each other; about the others [`machines`] and [`HYPERVISORS`] say what is known.

use sprig_isa::cpu::{CPUS, Cpu, CpuSet, Family};
use sprig_isa::spr::Spr;
use sprig_judge::feature::{Feature, FeatureSet};
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

/// Every CPU, once with the features of each of its [`machines`].
static MACHINES: LazyLock<Vec<(&Cpu, FeatureSet)>> = LazyLock::new(|| CPUS.iter().flat_map(machines).collect());

/// The features that the machine decides about.
static DECIDED_BY_MACHINE: LazyLock<FeatureSet> =
    LazyLock::new(|| MACHINES.iter().fold(FeatureSet::default(), |all, (_, features)| all.union(*features)));

/// What a CPU can be part of, by the features: there are guest kernels in 64-bit mode for server cores, little-endian
/// ones among them, and since Power ISA 3.0 a partition has hashed page tables or a radix tree as its hypervisor gives
/// it.
fn machines(cpu: &'static Cpu) -> impl Iterator<Item = (&'static Cpu, FeatureSet)> {
    const RADIX: CpuSet = CpuSet::POWER9.union(CpuSet::POWER10);
    const NARROW: &[Feature] = &[];
    const WIDE: &[Feature] = &[Feature::Wide];
    const LITTLE: &[Feature] = &[Feature::Wide, Feature::LittleEndian];
    let kernels: &[&[Feature]] = if cpu.family == Family::Book3s64 { &[NARROW, WIDE, LITTLE] } else { &[NARROW] };
    let hashed = FeatureSet::of_cpu(cpu);
    let radix = cpu.set.intersects(RADIX).then(|| hashed.without(FeatureSet::of(&[Feature::Hashed])));
    let tables = [hashed].into_iter().chain(radix);
    tables.flat_map(move |of_cpu| kernels.iter().map(move |kernel| (cpu, of_cpu.union(FeatureSet::of(kernel)))))
}

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
        MACHINES.iter().filter(|(_, features)| self.allows(*DECIDED_BY_MACHINE, *features)).map(|(cpu, _)| *cpu)
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
        let decided = DECIDED_BY_MACHINE.union(decided_by_hypervisor);
        let literals = [self].into_iter().chain(others.iter().copied()).flat_map(|guard| guard.0.iter());
        // What is not decided can be there or not in any combination. There are few such features.
        let mentioned: FeatureSet = literals.map(|literal| literal.feature).collect();
        let free: Vec<Feature> = mentioned.without(decided).iter().collect();
        let combinations = (0..1u32 << free.len()).map(|bits| {
            let chosen = free.iter().enumerate().filter(move |(index, _)| bits & 1 << index != 0);
            chosen.map(|(_, feature)| *feature).collect::<FeatureSet>()
        });
        combinations.into_iter().all(|free| {
            MACHINES.iter().all(|(_, machine)| {
                HYPERVISORS.iter().all(|hypervisor| {
                    let target = free.union(*machine).union(FeatureSet::of(hypervisor));
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

    /// True if everything that it says is said by another as well.
    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.0.iter().all(|literal| other.0.contains(literal))
    }

    /// True if some target like this has all of these special registers.
    pub(super) fn can_have(&self, registers: &[&str]) -> bool {
        self.cpus().any(|cpu| registers.iter().all(|register| has_register(cpu, register)))
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
    fn a_server_core_can_have_a_radix_tree_and_a_wide_guest_kernel_and_no_other_can() {
        let not_hashed = |feature| Guard::new([feature]).and(Feature::Hashed, false).is_possible();
        assert!(not_hashed(Feature::Power8) && !not_hashed(Feature::Book3s32));
        assert!(!Guard::new([Feature::Power8]).has(Feature::Hashed));
        assert!(Guard::new([Feature::Book3s32]).has(Feature::Hashed));
        assert!(Guard::new([Feature::Wide]).has(Feature::Book3s64));
        assert!(Guard::new([Feature::LittleEndian]).has(Feature::Wide));
        assert!(!Guard::new([Feature::Book3s64]).has(Feature::Wide));
    }

    #[test]
    fn the_page_needs_a_hypervisor_that_answers() {
        assert!(Guard::new([Feature::MagicPage]).has(Feature::Hypercall));
        assert!(!Guard::new([Feature::MagicPage, Feature::Bare]).is_possible());
        assert!(!Guard::default().has(Feature::Hypercall));
    }

    #[test]
    fn registers_belong_to_cpus() {
        assert!(!Guard::new([Feature::Book3s]).can_have(&["ESR"]));
        assert!(Guard::new([Feature::Book3s]).can_have(&["SPRG4"]));
        assert!(!Guard::new([Feature::Book3s64]).can_have(&["SPRG4"]));
    }
}
