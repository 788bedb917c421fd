//! What a target can have and a case can need.
//!
//! Features are declared, never probed: listing starts nothing, and a target that loses one fails instead of skipping.
//! Those of the CPU follow from the tables of `sprig-isa`; those of the platform and of the hypervisor are declared by
//! each target.

use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::spr::{Spr, number};
use std::fmt;

/// One feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // FEATURES describes each
#[repr(u8)]
pub enum Feature {
    Booke,
    Book3s,
    E500,
    Ppc44x,
    Book3s32,
    Book3s64,
    Power8,
    Usprg0,
    Usprg3,
    Sprg4,
    Usprg4,
    Sprg8,
    Bare,
    Hypercall,
    MagicPage,
    RealMode,
    Host,
    Ioctl,
    Reset,
    External,
    Critical,
    Firmware,
    Wide,
    LittleEndian,
    ExitCounts,
    EmulatedHost,
    Hashed,
    FakeSc1,
}

/// A feature's name and meaning.
#[derive(Debug)]
pub struct Description {
    /// The feature.
    pub feature: Feature,
    /// Its name in scripts.
    pub name: &'static str,
    /// What a target that declares it has.
    pub meaning: &'static str,
}

/// Every feature, in the order of the documentation.
pub static FEATURES: &[Description] = &[
    row(Feature::Booke, "booke", "an embedded core: IVPR and IVORs, ESR, DEAR, no real mode"),
    row(Feature::Book3s, "book3s", "a server core: fixed vectors, DSISR, DAR, real mode"),
    row(Feature::E500, "e500", "the Freescale MMU with its MAS registers"),
    row(Feature::Ppc44x, "44x", "the 44x MMU"),
    row(Feature::Book3s32, "book3s-32", "segment registers and BATs"),
    row(Feature::Book3s64, "book3s-64", "an SLB and 64-bit registers"),
    row(Feature::Power8, "power8", "POWER8 or later"),
    row(Feature::Usprg0, "usprg0", "USPRG0 (256)"),
    row(Feature::Usprg3, "usprg3", "SPRG3 is readable as 259"),
    row(Feature::Sprg4, "sprg4", "SPRG4-7 (276-279)"),
    row(Feature::Usprg4, "usprg4", "SPRG4-7 are readable as 260-263"),
    row(Feature::Sprg8, "sprg8", "SPRG8 and SPRG9 (604, 605)"),
    row(
        Feature::Bare,
        "bare",
        "no KVM hypercalls and no magic page: the CPU's own supervisor state, or that of a partition",
    ),
    row(Feature::Hypercall, "hypercall", "a hypervisor that answers the KVM hypercalls"),
    row(Feature::MagicPage, "magic-page", "a hypervisor that offers the magic page"),
    row(Feature::RealMode, "real-mode", "the guest can run with translation off"),
    row(Feature::Host, "host", "host steps"),
    row(Feature::Ioctl, "ioctl", "host steps read and set registers, as KVM's ioctls do"),
    row(Feature::Reset, "reset", "the guest can be reset and goes on"),
    row(Feature::External, "external", "an external interrupt line that host steps move"),
    row(Feature::Critical, "critical", "a critical interrupt line that host steps move"),
    row(Feature::Firmware, "firmware", "a firmware, or what stands in for one, offers its client interface"),
    row(Feature::Wide, "64-bit", "a guest kernel in 64-bit mode"),
    row(Feature::LittleEndian, "little-endian", "a little-endian guest kernel"),
    row(Feature::ExitCounts, "exit-counts", "exits are counted by step"),
    row(
        Feature::EmulatedHost,
        "emulated-host",
        "the hypervisor's own machine is a QEMU that counts instructions, which ends when ATBL or ATBU (526, 527) is \
            read",
    ),
    row(Feature::Hashed, "hashed", "segments, and hashed page tables"),
    row(Feature::FakeSc1, "fake-sc1", "`papr` is an instruction that no CPU has, as KVM-PR takes it for `sc1`"),
];

const fn row(feature: Feature, name: &'static str, meaning: &'static str) -> Description {
    Description { feature, name, meaning }
}

impl Feature {
    /// The feature of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        FEATURES.iter().find(|row| row.name == name).map(|row| row.feature)
    }

    /// Its name in scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        FEATURES.iter().find(|row| row.feature == self).map_or("", |row| row.name)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FeatureSet(u64);

impl FeatureSet {
    /// The set of these.
    #[must_use]
    pub fn of(features: &[Feature]) -> Self {
        features.iter().copied().collect()
    }

    /// What follows from the CPU alone.
    #[must_use]
    pub fn of_cpu(cpu: &Cpu) -> Self {
        let has = |number| Spr::lookup(cpu, number).is_some();
        let mut set = match cpu.family {
            Family::BookeE500 => Self::of(&[Feature::Booke, Feature::E500]),
            Family::Booke44x => Self::of(&[Feature::Booke, Feature::Ppc44x]),
            Family::Book3s32 => Self::of(&[Feature::Book3s, Feature::Book3s32, Feature::RealMode, Feature::Hashed]),
            Family::Book3s64 => Self::of(&[Feature::Book3s, Feature::Book3s64, Feature::RealMode, Feature::Hashed]),
        };
        for (feature, number) in [
            (Feature::Usprg3, number::USPRG3),
            (Feature::Sprg4, number::SPRG4),
            (Feature::Usprg4, number::USPRG4),
            (Feature::Sprg8, number::SPRG8),
        ] {
            if has(number) {
                set.insert(feature);
            }
        }
        if cpu.set.intersects(CpuSet::POWER) {
            set.insert(Feature::Power8);
        }
        if Spr::lookup(cpu, number::USPRG0).is_some_and(|spr| spr.name == "USPRG0") {
            set.insert(Feature::Usprg0);
        }
        set
    }

    /// Adds a feature.
    pub fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u8;
    }

    /// True if the feature is in the set.
    #[must_use]
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & 1 << feature as u8 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The features of `self` that `other` lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The features in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        FEATURES.iter().map(|row| row.feature).filter(move |feature| self.contains(*feature))
    }
}

impl FromIterator<Feature> for FeatureSet {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Self {
        let mut set = Self::default();
        for feature in features {
            set.insert(feature);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_one_row_and_a_bit_of_its_own() {
        for (index, row) in FEATURES.iter().enumerate() {
            assert_eq!(row.feature as usize, index, "{}", row.name);
            assert_eq!(Feature::by_name(row.name), Some(row.feature));
        }
    }

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        let (host, power) = (FeatureSet::of(&[Feature::Host, Feature::Ioctl]), FeatureSet::of(&[Feature::Power8]));
        assert!(host.contains(Feature::Host) && host.contains(Feature::Ioctl) && !host.contains(Feature::Power8));
        assert!(FeatureSet::default().is_empty() && !host.is_empty());
        let both = host.union(power);
        assert!(both.iter().eq([Feature::Power8, Feature::Host, Feature::Ioctl]), "in the order of the table");
        assert_eq!((both.without(host), host.without(both).is_empty(), host.union(both)), (power, true, both));
        let mut again = power;
        again.insert(Feature::Power8);
        assert_eq!(again, power);
    }

    #[test]
    fn a_feature_has_its_name() {
        assert_eq!(Feature::MagicPage.name(), "magic-page");
        assert_eq!(Feature::MagicPage.to_string(), "magic-page");
        assert_eq!(Feature::by_name("magic-pages"), None);
    }

    /// Each row: a CPU, and all that follows from it.
    #[test]
    fn the_cpu_decides_about_family_and_registers() {
        use Feature as F;
        let rows: [(&str, &[Feature]); 5] = [
            ("e500v2", &[F::Booke, F::E500, F::Usprg0, F::Usprg3, F::Sprg4, F::Usprg4, F::Sprg8]),
            ("7447", &[F::Book3s, F::Book3s32, F::Sprg4, F::Usprg4, F::RealMode, F::Hashed]),
            ("750", &[F::Book3s, F::Book3s32, F::RealMode, F::Hashed]),
            ("970", &[F::Book3s, F::Book3s64, F::Usprg3, F::RealMode, F::Hashed]),
            ("power8", &[F::Book3s, F::Book3s64, F::Power8, F::Usprg3, F::RealMode, F::Hashed]),
        ];
        for (name, features) in rows {
            let cpu = Cpu::by_name(name).expect("a CPU");
            assert_eq!(FeatureSet::of_cpu(cpu).iter().collect::<Vec<_>>(), features, "{name}");
        }
        let of_440 = FeatureSet::of_cpu(Cpu::by_name("440").expect("a CPU"));
        assert!(FeatureSet::of(&[F::Booke, F::Ppc44x]).without(of_440).is_empty() && !of_440.contains(F::E500));
    }

    #[test]
    fn the_cpu_decides_about_the_aliases() {
        let e500v2 = FeatureSet::of_cpu(Cpu::by_name("e500v2").expect("a CPU"));
        assert!(e500v2.contains(Feature::Usprg4) && e500v2.contains(Feature::Usprg3));
        let g3 = FeatureSet::of_cpu(Cpu::by_name("750").expect("a CPU"));
        assert!(!g3.contains(Feature::Sprg4) && !g3.contains(Feature::Usprg3));
    }
}
