//! Wrong on purpose: hypervisors that break the contract in one place each, to see whether the suite notices.
//!
//! A deviation is one row of [`DEVIATIONS`] and one question, [`Hypervisor::deviates`], at the place that does otherwise.
//! Those places are where the guest leaves, is entered or misses a translation: between two exits none is asked about, so
//! that one that is not active costs nothing there and the comparison of a byte elsewhere.

use sprig_isa::spr::number;
use std::fmt;

use super::Hypervisor;

/// The part of the hypervisor that does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// What a privileged instruction does.
    Emulation,
    /// Where the page is seen, what is in it, and the aliases of its registers.
    Page,
    /// Who may call, and what calls do.
    Hypercall,
    /// What is pending, withheld, delivered.
    Interrupt,
    /// What the guest's accesses reach.
    Mmu,
}

/// What a hypervisor does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // DEVIATIONS describes each
#[repr(u8)]
pub enum Deviation {
    AliasNotReloaded,
    AliasReloadedRarely,
    AliasesSwapped,
    AliasHighWord,
    SprgsSwapped,
    PageMsrUnsafe,
    PageMsrIgnored,
    PageInProblemState,
    PageAtZero,
    MapArgumentsSwapped,
    MapWithoutFlush,
    HypercallFromUser,
    IntPendingZero,
    IntPendingOne,
    CriticalIgnored,
    CriticalInUser,
}

/// A deviation in words.
#[derive(Debug)]
pub struct Description {
    /// The deviation.
    pub deviation: Deviation,
    /// Its name on a command line.
    pub id: &'static str,
    /// Where it sits.
    pub layer: Layer,
    /// What such a hypervisor does, in one line.
    pub prose: &'static str,
}

/// Every deviation.
pub static DEVIATIONS: &[Description] = &[
    row(
        Deviation::AliasNotReloaded,
        "alias-not-reloaded",
        Layer::Page,
        "entry does not load the alias registers: USPRG3-7 show what they held at power-on",
    ),
    row(
        Deviation::AliasReloadedRarely,
        "alias-reloaded-rarely",
        Layer::Page,
        "the alias registers are loaded when user space or the host had the CPU, not after an emulated trap",
    ),
    row(
        Deviation::AliasesSwapped,
        "aliases-swapped",
        Layer::Page,
        "entry loads sprg5 into the register of USPRG6 and sprg6 into that of USPRG5",
    ),
    row(
        Deviation::AliasHighWord,
        "alias-high-word",
        Layer::Page,
        "entry loads the high word of the page's 64-bit field instead of the low one",
    ),
    row(
        Deviation::SprgsSwapped,
        "sprgs-swapped",
        Layer::Emulation,
        "an emulated mtspr to SPRG1 writes SPRG2 and the other way round",
    ),
    row(
        Deviation::PageMsrUnsafe,
        "page-msr-unsafe",
        Layer::Page,
        "every bit the guest stores to the page's msr is taken, not EE and RI alone",
    ),
    row(
        Deviation::PageMsrIgnored,
        "page-msr-ignored",
        Layer::Page,
        "what the guest stores to the page's msr is not taken: EE set there enables nothing",
    ),
    row(
        Deviation::PageInProblemState,
        "page-in-problem-state",
        Layer::Mmu,
        "the page's address reaches the page in problem state as well",
    ),
    row(
        Deviation::PageAtZero,
        "page-at-zero",
        Layer::Page,
        "on embedded CPUs the page is at effective address 0 before the guest maps it",
    ),
    row(
        Deviation::MapArgumentsSwapped,
        "map-arguments-swapped",
        Layer::Hypercall,
        "MAP_MAGIC_PAGE takes r3 for the effective and r4 for the physical address, as ppc-pv.rst has it",
    ),
    row(
        Deviation::MapWithoutFlush,
        "map-without-flush",
        Layer::Mmu,
        "MAP_MAGIC_PAGE keeps translations made before: memory that was touched hides the page",
    ),
    row(
        Deviation::HypercallFromUser,
        "hypercall-from-user",
        Layer::Hypercall,
        "the hypercall sequence is answered in problem state too",
    ),
    row(Deviation::IntPendingZero, "int-pending-zero", Layer::Interrupt, "the page's int_pending is always 0"),
    row(Deviation::IntPendingOne, "int-pending-one", Layer::Interrupt, "the page's int_pending is always 1"),
    row(
        Deviation::CriticalIgnored,
        "critical-ignored",
        Layer::Interrupt,
        "interrupts are delivered whatever the page's critical field says",
    ),
    row(
        Deviation::CriticalInUser,
        "critical-in-user",
        Layer::Interrupt,
        "critical equal to r1 withholds interrupts in problem state too",
    ),
];

const fn row(deviation: Deviation, id: &'static str, layer: Layer, prose: &'static str) -> Description {
    Description { deviation, id, layer, prose }
}

impl Deviation {
    /// The deviation of this name.
    #[must_use]
    pub fn by_id(id: &str) -> Option<Self> {
        DEVIATIONS.iter().find(|row| row.id == id).map(|row| row.deviation)
    }

    /// Its description.
    #[must_use]
    pub fn description(self) -> &'static Description {
        &DEVIATIONS[self as usize]
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description().id)
    }
}

impl Hypervisor {
    /// True if this hypervisor does otherwise in this respect.
    #[inline]
    pub(super) fn deviates(&self, deviation: Deviation) -> bool {
        self.deviation == Some(deviation)
    }
}

/// The register that this one is taken for where two are swapped.
pub(super) const fn swapped(cell: u16, pair: (u16, u16)) -> u16 {
    match cell {
        _ if cell == pair.0 => pair.1,
        _ if cell == pair.1 => pair.0,
        _ => cell,
    }
}

/// What [`Deviation::AliasesSwapped`] swaps.
pub(super) const SWAPPED_ALIASES: (u16, u16) = (number::SPRG5, number::SPRG6);
/// What [`Deviation::SprgsSwapped`] swaps.
pub(super) const SWAPPED_SPRGS: (u16, u16) = (number::SPRG1, number::SPRG2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deviation_has_one_row_at_its_place_and_a_name_of_its_own() {
        for (index, row) in DEVIATIONS.iter().enumerate() {
            assert_eq!(row.deviation as usize, index, "{}", row.id);
            assert_eq!(Deviation::by_id(row.id), Some(row.deviation));
        }
    }
}
