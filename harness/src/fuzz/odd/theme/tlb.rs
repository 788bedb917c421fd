//! The TLBs of an e500: four ways of one set, for page A, page C in the other space, and page B of two processes; and
//! two places of TLB1.

use super::super::{Odd, Says};
use super::{Theme, load, step};
use crate::feature::Feature;

const E500: &[Feature] = &[Feature::E500];

const TLB: Says = Says::Open("mmu.mapped-page-is-reached");
const TLB_SEARCH: Says = Says::Open("mmu.search-finds-entry");
const TLB_GONE: Says = Says::Open("mmu.invalidated-is-forgotten");

/// The theme.
pub(super) const THEME: Theme = Theme {
    opening: &["tlb-empty-a", "tlb-empty-b", "tlb-empty-1", "tlb-memory", "tlb-search-a"],
    phrases: &[
        &["tlb-write-a"],
        &["tlb-write-a", "tlb-load-a"],
        &["tlb-write-a-read-only"],
        &["tlb-write-a-elsewhere"],
        &["tlb-write-a-invalid"],
        &["tlb-write-c-of-other-space"],
        &["tlb-write-b-of-5", "tlb-process-5", "tlb-load-b"],
        &["tlb-write-b-of-6", "tlb-process-6", "tlb-load-b"],
        &["tlb-write-large", "tlb-load-large"],
        &["tlb-write-last", "tlb-load-last"],
        &["tlb-write-last-protected"],
        &["tlb-load-a"],
        &["tlb-load-a@user"],
        &["tlb-load-c-of-other-space"],
        &["tlb-store-a", "tlb-memory-at-a"],
        &["tlb-load-b"],
        &["tlb-load-b@user"],
        &["tlb-load-large"],
        &["tlb-load-large@user"],
        &["tlb-load-last"],
        &["tlb-process-0"],
        &["tlb-process-5", "tlb-load-b"],
        &["tlb-process-6", "tlb-load-b"],
        &["tlb-search-a"],
        &["tlb-search-c-of-other-space"],
        &["tlb-search-b-of-5"],
        &["tlb-search-b-of-6"],
        &["tlb-search-large"],
        &["tlb-read-a"],
        &["tlb-read-b-of-5"],
        &["tlb-read-large"],
        &["tlb-load-nothing", "tlb-assists"],
        &["tlb-process-5", "tlb-load-nothing", "tlb-assists"],
        &["tlb-defaults", "tlb-load-nothing", "tlb-assists"],
        &["tlb-defaults", "tlb-search-large"],
        &["tlb-write-c-of-other-space", "tlb-search-c-of-other-space"],
        // What is forgotten, is forgotten for either state.
        &["tlb-write-a", "tlb-load-a", "tlb-load-a@user", "tlb-write-a-invalid", "tlb-load-a@user", "tlb-load-a"],
        &["tlb-write-a", "tlb-load-a@user", "tlb-load-a", "tlb-write-a-elsewhere", "tlb-load-a", "tlb-load-a@user"],
        &["tlb-load-nothing-other-space", "tlb-assists"],
        &["tlb-invalidate-a", "tlb-load-a"],
        &["tlb-invalidate-b", "tlb-load-b"],
        &["tlb-invalidate-c", "tlb-load-c-of-other-space"],
        &["tlb-invalidate-large", "tlb-load-large"],
        &["tlb-invalidate-last", "tlb-load-last"],
        &["tlb-invalidate-tlb0", "tlb-load-a"],
        &["tlb-invalidate-tlb1", "tlb-load-last"],
        &["tlb-flash-tlb0", "tlb-load-a"],
        &["tlb-flash-tlb1", "tlb-load-large"],
    ],
    closing: &["tlb-process-0", "tlb-empty-a", "tlb-empty-b", "tlb-empty-1"],
    steps: STEPS,
};

/// A write of a TLB entry (e500 manual, 6.5.3.2): MAS0, MAS1, MAS2 and MAS3.
macro_rules! tlb_write {
    ($mas0:literal, $mas1:literal, $mas2:literal, $mas3:literal) => {
        concat!(
            "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r8; isync; tlbwe; isync \
                with r4 =",
            $mas0,
            ", r5 = ",
            $mas1,
            ", r6 = ",
            $mas2,
            ", r7 = ",
            $mas3,
            ", r8 = 0"
        )
    };
}

/// Two entries with nothing in them: MAS2, MAS1, and MAS0 of either.
macro_rules! tlb_empty {
    ($ea:literal, $mas1:literal, $first:literal, $second:literal) => {
        concat!(
            "run mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r9; mtspr MAS7, r9; mtspr MAS0, r7; isync; tlbwe; \
                mtspr MAS0, r8; isync; tlbwe; isync with r5 =",
            $mas1,
            ", r6 = ",
            $ea,
            ", r7 = ",
            $first,
            ", r8 = ",
            $second,
            ", r9 = 0"
        )
    };
}

/// A search of the TLBs. Of MAS0 the selected array is told: where a miss would be put is the hypervisor's choice. Nor
/// does the manual say what number of a page MAS2 has if nothing is found.
macro_rules! tlb_search {
    ($ea:literal, $mas6:literal) => {
        concat!(
            "run mtspr MAS6, r5; isync; tlbsx 0, r4; mfspr r3, MAS1; mfspr r6, MAS2; mfspr r7, MAS3; mfspr r8, MAS0; \
                rlwinm r8, r8, 0, 2, 3; srawi r9, r3, 31; ori r9, r9, 0x1f; and r6, r6, r9 with r4 =",
            $ea,
            ", r5 = ",
            $mas6,
            " gives r3, r6, r7, r8"
        )
    };
}

/// What an entry holds, nothing if it is not valid: what else is in such an entry no document says.
macro_rules! tlb_read {
    ($mas0:literal, $ea:literal) => {
        concat!(
            "run mtspr MAS0, r4; mtspr MAS2, r6; isync; tlbre; mfspr r3, MAS1; mfspr r6, MAS2; mfspr r7, MAS3; \
                srawi r9, r3, 31; and r3, r3, r9; and r6, r6, r9; and r7, r7, r9 with r4 =",
            $mas0,
            ", r6 = ",
            $ea,
            " gives r3, r6, r7"
        )
    };
}

macro_rules! tlb_invalidate {
    ($ea:literal) => {
        concat!("run tlbivax 0, r4; tlbsync; isync with r4 = ", $ea)
    };
}

/// A load in the other address space, after which the MSR is the kernel's again, unless the load has ended the step.
macro_rules! load_other_space {
    ($ea:literal) => {
        concat!(
            "run mtmsr r4; isync; lwz r3, 0x24(r6); mtmsr r5; isync with r3 = POISON, r4 = {other-space}, r5 = {msr}, \
                r6 =",
            $ea,
            " gives r3"
        )
    };
}

const STEPS: &[Odd] = &[
    step("tlb-empty-a", E500, tlb_empty!("0xd005a000", "0", "MAS0.ESEL(0)", "MAS0.ESEL(1)"), TLB),
    step("tlb-empty-b", E500, tlb_empty!("0xd00da000", "0", "MAS0.ESEL(2)", "MAS0.ESEL(3)"), TLB),
    step(
        "tlb-empty-1",
        E500,
        tlb_empty!("0xd005b000", "MAS1.TSIZE(1)", "MAS0.TLBSEL(1) | MAS0.ESEL(14)", "MAS0.TLBSEL(1) | MAS0.ESEL(15)"),
        TLB,
    ),
    step(
        "tlb-memory",
        E500,
        "run mtspr MAS4, r8; stw r5, 0x24(r4); stw r6, 0x1024(r4); stw r7, 0x2024(r4); stw r9, 0x28(r4); \
            stw r9, 0x1028(r4) with r4 = SCRATCH + 0x20000, r5 = 0xa5a50000, r6 = 0xa5a51000, r7 = 0xa5a52000, \
            r8 = MAS4.TSIZED(1), r9 = 0",
        TLB,
    ),
    step("tlb-memory-at-a", E500, "run lwz r3, 0x28(r4) with r4 = SCRATCH + 0x20000 gives r3", TLB),
    step(
        "tlb-write-a",
        E500,
        tlb_write!(
            "MAS0.ESEL(0)",
            "MAS1.V | MAS1.TSIZE(1)",
            "0xd005a000",
            "SCRATCH + 0x20000 | MAS3.UW | MAS3.SW | MAS3.UR | MAS3.SR"
        ),
        TLB,
    ),
    step(
        "tlb-write-a-read-only",
        E500,
        tlb_write!("MAS0.ESEL(0)", "MAS1.V | MAS1.TSIZE(1)", "0xd005a000", "SCRATCH + 0x20000 | MAS3.SR"),
        TLB,
    ),
    step(
        "tlb-write-a-elsewhere",
        E500,
        tlb_write!(
            "MAS0.ESEL(0)",
            "MAS1.V | MAS1.TSIZE(1)",
            "0xd005a000 | MAS2.M",
            "SCRATCH + 0x21000 | MAS3.UR | MAS3.SW | MAS3.SR"
        ),
        TLB,
    ),
    step("tlb-write-a-invalid", E500, tlb_write!("MAS0.ESEL(0)", "MAS1.TSIZE(1)", "0xd005a000", "0"), TLB_GONE),
    step(
        "tlb-write-c-of-other-space",
        E500,
        tlb_write!(
            "MAS0.ESEL(1)",
            "MAS1.V | MAS1.TS | MAS1.TSIZE(1)",
            "0xd015a000 | MAS2.G",
            "SCRATCH + 0x22000 | MAS3.UR | MAS3.SR"
        ),
        TLB,
    ),
    step(
        "tlb-write-b-of-5",
        E500,
        tlb_write!(
            "MAS0.ESEL(2)",
            "MAS1.V | MAS1.TID(5) | MAS1.TSIZE(1)",
            "0xd00da000",
            "SCRATCH + 0x21000 | MAS3.UW | MAS3.SW | MAS3.UR | MAS3.SR"
        ),
        Says::Open("mmu.process"),
    ),
    step(
        "tlb-write-b-of-6",
        E500,
        tlb_write!("MAS0.ESEL(3)", "MAS1.V | MAS1.TID(6) | MAS1.TSIZE(1)", "0xd00da000", "SCRATCH + 0x22000 | MAS3.SR"),
        Says::Open("mmu.process"),
    ),
    step(
        "tlb-write-large",
        E500,
        tlb_write!(
            "MAS0.TLBSEL(1) | MAS0.ESEL(14)",
            "MAS1.V | MAS1.TSIZE(2)",
            "0xd0100000",
            "SCRATCH + 0x20000 | MAS3.UW | MAS3.SW | MAS3.UR | MAS3.SR"
        ),
        TLB,
    ),
    step(
        "tlb-write-last",
        E500,
        tlb_write!(
            "MAS0.TLBSEL(1) | MAS0.ESEL(15)",
            "MAS1.V | MAS1.TSIZE(1)",
            "0xd005b000",
            "SCRATCH + 0x22000 | MAS3.UR | MAS3.SR"
        ),
        TLB,
    ),
    step(
        "tlb-write-last-protected",
        E500,
        tlb_write!(
            "MAS0.TLBSEL(1) | MAS0.ESEL(15)",
            "MAS1.V | MAS1.IPROT | MAS1.TSIZE(1)",
            "0xd005b000",
            "SCRATCH + 0x21000 | MAS3.UR | MAS3.SR"
        ),
        TLB,
    ),
    step("tlb-load-a", E500, load!("0xd005a000"), TLB),
    step(
        "tlb-load-c-of-other-space",
        E500,
        load_other_space!("0xd015a000"),
        Says::OpenMsr("mmu.mapped-page-is-reached"),
    ),
    step("tlb-store-a", E500, "run stw r5, 0x28(r4) with r4 = 0xd005a000, r5 = 0x5a5a0028", TLB),
    step("tlb-load-b", E500, load!("0xd00da000"), Says::Open("mmu.process")),
    // In the third of the four pages.
    step("tlb-load-large", E500, load!("0xd0102000"), TLB),
    step("tlb-load-last", E500, load!("0xd005b000"), TLB),
    step("tlb-load-nothing", E500, load!("0xd0345000"), Says::Open("mmu.miss-sets-mas")),
    step("tlb-load-nothing-other-space", E500, load_other_space!("0xd0345000"), Says::OpenMsr("mmu.miss-sets-mas")),
    step(
        "tlb-assists",
        E500,
        "run mfspr r3, MAS1; mfspr r4, MAS2; mfspr r5, MAS3; mfspr r6, MAS6; mfspr r8, MAS0; rlwinm r8, r8, 0, 2, 3 \
            gives r3, r4, r5, r6, r8",
        Says::Open("mmu.miss-sets-mas"),
    ),
    step(
        "tlb-defaults",
        E500,
        "run mtspr MAS4, r4 with r4 = MAS4.TLBSELD(1) | MAS4.TIDSELD(1) | MAS4.TSIZED(2) | MAS4.GD | MAS4.ED",
        Says::Open("mmu.miss-sets-mas"),
    ),
    step("tlb-process-0", E500, "run mtspr PID, r4; isync with r4 = 0", Says::Open("mmu.process")),
    step("tlb-process-5", E500, "run mtspr PID, r4; isync with r4 = 5", Says::Open("mmu.process")),
    step("tlb-process-6", E500, "run mtspr PID, r4; isync with r4 = 6", Says::Open("mmu.process")),
    step("tlb-search-a", E500, tlb_search!("0xd005a123", "0"), TLB_SEARCH),
    step("tlb-search-c-of-other-space", E500, tlb_search!("0xd015a123", "MAS6.SAS"), TLB_SEARCH),
    step("tlb-search-b-of-5", E500, tlb_search!("0xd00da123", "MAS6.SPID(5)"), TLB_SEARCH),
    step("tlb-search-b-of-6", E500, tlb_search!("0xd00da123", "MAS6.SPID(6)"), TLB_SEARCH),
    step("tlb-search-large", E500, tlb_search!("0xd0103123", "MAS6.SPID(5)"), TLB_SEARCH),
    step("tlb-read-a", E500, tlb_read!("MAS0.ESEL(0)", "0xd005a000"), TLB_SEARCH),
    step("tlb-read-b-of-5", E500, tlb_read!("MAS0.ESEL(2)", "0xd00da000"), TLB_SEARCH),
    step("tlb-read-large", E500, tlb_read!("MAS0.TLBSEL(1) | MAS0.ESEL(14)", "0"), TLB_SEARCH),
    step("tlb-invalidate-a", E500, tlb_invalidate!("0xd005a000"), TLB_GONE),
    step("tlb-invalidate-b", E500, tlb_invalidate!("0xd00da000"), TLB_GONE),
    step("tlb-invalidate-c", E500, tlb_invalidate!("0xd015a000"), TLB_GONE),
    // The lower bits of a tlbivax: 8 selects TLB1, 4 all of an array.
    step("tlb-invalidate-large", E500, tlb_invalidate!("0xd0101008"), TLB_GONE),
    step("tlb-invalidate-last", E500, tlb_invalidate!("0xd005b008"), TLB_GONE),
    step("tlb-invalidate-tlb0", E500, tlb_invalidate!("0x4"), TLB_GONE),
    step("tlb-invalidate-tlb1", E500, tlb_invalidate!("0xc"), TLB_GONE),
    step("tlb-flash-tlb0", E500, "run mtspr MMUCSR0, r4; isync with r4 = MMUCSR0.TLB0_FI", TLB_GONE),
    step("tlb-flash-tlb1", E500, "run mtspr MMUCSR0, r4; isync with r4 = MMUCSR0.TLB1_FI", TLB_GONE),
];
