//! Themes: odd steps that have to do with each other in any order, for random scripts about nothing else.
//!
//! ```text
//!   opening --- phrase --- phrase --- phrase ... --- closing
//!                  \__________|__________/
//!          chance says which, and what makes the hypervisor run between them
//! ```
//!
//! The contract knows nothing of what they change; the reference is asked. So what they do is defined whatever comes before: each place
//! that translates has one effective page, whose translations no other place has.

use super::{Odd, Place, Says};
use crate::feature::Feature;

/// A theme: names of odd steps, those in problem state marked by [`super::scene::USER`].
#[derive(Debug)]
pub(in crate::fuzz) struct Theme {
    /// What every script of it begins with. A target that lacks what one of these steps needs does not have the theme.
    pub(in crate::fuzz) opening: &'static [&'static str],
    /// What it is made of, where the target has what it needs.
    pub(in crate::fuzz) phrases: &'static [&'static [&'static str]],
    /// What it ends with, so that the next script finds what it expects.
    pub(in crate::fuzz) closing: &'static [&'static str],
}

/// All of them.
pub(in crate::fuzz) static THEMES: &[Theme] = &[
    Theme {
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
    },
    Theme {
        opening: &["hpt-empty", "hpt-memory"],
        phrases: &[
            &["hpt-enter"],
            &["hpt-enter-taken"],
            &["hpt-enter", "hpt-load"],
            &["hpt-enter-read-only"],
            &["hpt-enter-no-execute"],
            &["hpt-remove-second", "hpt-enter-anywhere"],
            &["hpt-load"],
            &["hpt-load@user"],
            &["hpt-store"],
            &["hpt-store@user"],
            &["hpt-load-second"],
            &["hpt-protect-none"],
            &["hpt-protect-read"],
            &["hpt-protect-all"],
            &["hpt-protect-other"],
            &["hpt-protect-key"],
            &["hpt-remove"],
            &["hpt-remove-other"],
            &["hpt-remove-condition"],
            &["hpt-remove-condition-met"],
            &["hpt-bulk-remove"],
            &["hpt-bulk-remove-other"],
            &["hpt-remove-second"],
        ],
        closing: &["hpt-empty"],
    },
    Theme {
        opening: &["slb-empty"],
        phrases: &[
            &["slb-write"],
            &["slb-write", "slb-load"],
            &["slb-write-no-execute"],
            &["slb-write-elsewhere"],
            &["slb-write-second"],
            &["slb-invalidate"],
            &["slb-invalidate", "slb-load"],
            &["slb-invalidate-second"],
            &["slb-read"],
            &["slb-read-second"],
            &["slb-load"],
            &["slb-load@user"],
            &["slb-load-second"],
        ],
        closing: &["slb-empty"],
    },
    Theme {
        opening: &["device-clear"],
        phrases: &[
            &["device-byte"],
            &["device-half"],
            &["device-word"],
            &["device-reversed"],
            &["device-half-reversed"],
            &["device-load-byte"],
            &["device-load-half"],
            &["device-load-algebraic"],
            &["device-load-half-reversed"],
            &["device-load-word"],
            &["device-load-reversed"],
            &["device-load-indexed"],
            &["device-load-update"],
            &["device-update"],
            &["device-load-double"],
            &["device-double"],
        ],
        closing: &[],
    },
];

/// A write of a TLB entry (e500 manual, 6.5.3.2): MAS0, MAS1, MAS2 and MAS3.
macro_rules! tlb_write {
    ($mas0:literal, $mas1:literal, $mas2:literal, $mas3:literal) => {
        concat!(
            "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r8; isync; tlbwe; isync with r4 = ",
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
            "run mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r9; mtspr MAS7, r9; mtspr MAS0, r7; isync; tlbwe; mtspr MAS0, r8; isync; tlbwe; isync with r5 = ",
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

/// A search of the TLBs. Of MAS0 the selected array is told: where a miss would be put is the hypervisor's choice. Nor does the manual say what
/// number of a page MAS2 has if nothing is found.
macro_rules! tlb_search {
    ($ea:literal, $mas6:literal) => {
        concat!(
            "run mtspr MAS6, r5; isync; tlbsx 0, r4; mfspr r3, MAS1; mfspr r6, MAS2; mfspr r7, MAS3; mfspr r8, MAS0; rlwinm r8, r8, 0, 2, 3; srawi r9, r3, 31; ori r9, r9, 0x1f; and r6, r6, r9 with r4 = ",
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
            "run mtspr MAS0, r4; mtspr MAS2, r6; isync; tlbre; mfspr r3, MAS1; mfspr r6, MAS2; mfspr r7, MAS3; srawi r9, r3, 31; and r3, r3, r9; and r6, r6, r9; and r7, r7, r9 with r4 = ",
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

macro_rules! load {
    ($ea:literal) => {
        concat!("run lwz r3, 0x24(r4) with r3 = POISON, r4 = ", $ea, " gives r3")
    };
}

/// A load in the other address space, after which the MSR is the kernel's again, unless the load has ended the step.
macro_rules! load_other_space {
    ($ea:literal) => {
        concat!(
            "run mtmsr r4; isync; lwz r3, 0x24(r6); mtmsr r5; isync with r3 = POISON, r4 = {other-space}, r5 = {msr}, r6 = ",
            $ea,
            " gives r3"
        )
    };
}

/// What an entry of the SLB holds, nothing if it is not valid.
macro_rules! slb_read {
    ($index:literal) => {
        concat!(
            "run slbmfee r3, r5; slbmfev r4, r5; rlwinm r9, r3, 5, 31, 31; neg r9, r9; and r3, r3, r9; and r4, r4, r9 with r5 = ",
            $index,
            " gives r3, r4"
        )
    };
}

/// A hypercall of a partition, whose result is the lower word of r3.
macro_rules! papr {
    ($before:literal, $with:literal) => {
        concat!("run ", $before, "papr; rlwinm r3, r3, 0, 0, 31 with ", $with, " gives r3")
    };
}

const E500: &[Feature] = &[Feature::E500];
const HASHED: &[Feature] = &[Feature::Power8, Feature::Hashed];
const SERVER64: &[Feature] = &[Feature::Book3s64, Feature::Hashed];
const DEVICE: &[Feature] = &[Feature::Host];
const DEVICE_DOUBLE: &[Feature] = &[Feature::Host, Feature::Wide];

/// What is right for the entries that a theme writes.
const TLB: Says = Says::Open("mmu.mapped-page-is-reached");
const TLB_SEARCH: Says = Says::Open("mmu.search-finds-entry");
const TLB_GONE: Says = Says::Open("mmu.invalidated-is-forgotten");
const HPT: Says = Says::Open("mmu.mapped-page-is-reached");
const SLB: Says = Says::Open("mmu.segment-entry");
const DEVICE_ACCESS: Says = Says::Open("host.device-access");

/// The steps of themes.
pub(super) static STEPS: &[Odd] = &[
    // ---- the TLBs of an e500: four ways of one set, for page A, page C in the other space, and page B of two processes; and two places of TLB1 ----
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
        "run mtspr MAS4, r8; stw r5, 0x24(r4); stw r6, 0x1024(r4); stw r7, 0x2024(r4) with r4 = SCRATCH + 0x20000, r5 = 0xa5a50000, r6 = 0xa5a51000, r7 = 0xa5a52000, r8 = MAS4.TSIZED(1)",
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
        "run mfspr r3, MAS1; mfspr r4, MAS2; mfspr r5, MAS3; mfspr r6, MAS6; mfspr r8, MAS0; rlwinm r8, r8, 0, 2, 3 gives r3, r4, r5, r6, r8",
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
    // ---- the hashed page table of a partition: one page of the window in one place, another where the hypervisor puts it ----
    step(
        "hpt-empty",
        HASHED,
        "run papr; addi r3, r14, 0; addi r4, r15, 0; addi r5, r16, 0; papr with r3 = H_REMOVE, r4 = 0, r5 = 12 * HPTES_PER_GROUP + 4, r14 = H_REMOVE, r15 = 0, r16 = 13 * HPTES_PER_GROUP",
        HPT,
    ),
    step(
        "hpt-memory",
        HASHED,
        "run stw r5, 0x24(r4); stw r6, 0x1024(r4) with r4 = SCRATCH + 0x20000, r5 = 0xa5a50000, r6 = 0xa5a51000",
        HPT,
    ),
    step(
        "hpt-enter",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_ENTER, r4 = H_EXACT >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x20000 | HPTE.M | HPTE.PP(2)"
        ),
        Says::Open("hcall.enter"),
    ),
    step(
        "hpt-enter-taken",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_ENTER, r4 = H_EXACT >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x21000 | HPTE.M | HPTE.PP(2)"
        ),
        Says::Open("hcall.enter"),
    ),
    step(
        "hpt-enter-read-only",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_ENTER, r4 = H_EXACT >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x20000 | HPTE.M | HPTE.PP(3)"
        ),
        Says::Open("hcall.enter"),
    ),
    step(
        "hpt-enter-no-execute",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_ENTER, r4 = H_EXACT >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x20000 | HPTE.M | HPTE.N | HPTE.PP(1)"
        ),
        Says::Open("hcall.enter"),
    ),
    step(
        "hpt-enter-anywhere",
        HASHED,
        "run papr; rlwinm r3, r3, 0, 0, 31 with r3 = H_ENTER, r4 = 0, r5 = 13 * HPTES_PER_GROUP, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x21000 | HPTE.M | HPTE.PP(2) gives r3, r4",
        Says::Open("hcall.enter"),
    ),
    step("hpt-load", HASHED, load!("0xd0002000"), HPT),
    step("hpt-store", HASHED, "run stw r5, 0x28(r4) with r4 = 0xd0002000, r5 = 0x5a5a0028", HPT),
    step("hpt-load-second", HASHED, load!("0xd0003000"), HPT),
    step(
        "hpt-protect-none",
        HASHED,
        papr!("", "r3 = H_PROTECT, r4 = HPTE.PP(0), r5 = 12 * HPTES_PER_GROUP + 4"),
        Says::Open("hcall.protect"),
    ),
    step(
        "hpt-protect-read",
        HASHED,
        papr!("", "r3 = H_PROTECT, r4 = HPTE.PP(3) | HPTE.N, r5 = 12 * HPTES_PER_GROUP + 4"),
        Says::Open("hcall.protect"),
    ),
    step(
        "hpt-protect-all",
        HASHED,
        papr!("", "r3 = H_PROTECT, r4 = HPTE.PP(2), r5 = 12 * HPTES_PER_GROUP + 4"),
        Says::Open("hcall.protect"),
    ),
    step(
        "hpt-protect-other",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ori r4, r4, 3; ",
            "r3 = H_PROTECT, r4 = H_AVPN >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(15 << 5)"
        ),
        Says::Open("hcall.protect"),
    ),
    step(
        "hpt-protect-key",
        HASHED,
        papr!("", "r3 = H_PROTECT, r4 = HPTE.KEY_LO | HPTE.PP(2), r5 = 12 * HPTES_PER_GROUP + 4"),
        Says::Open("hcall.protect"),
    ),
    step(
        "hpt-remove",
        HASHED,
        "run papr; rlwinm r3, r3, 0, 0, 31; rldicl r4, r4, 0, 32; rlwinm r5, r5, 0, 30, 22 with r3 = H_REMOVE, r4 = 0, r5 = 12 * HPTES_PER_GROUP + 4 gives r3",
        Says::Open("hcall.remove"),
    ),
    step(
        "hpt-remove-other",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_REMOVE, r4 = H_AVPN >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(15 << 5)"
        ),
        Says::Open("hcall.remove"),
    ),
    step(
        "hpt-remove-condition",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_REMOVE, r4 = H_ANDCOND >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.V"
        ),
        Says::Open("hcall.remove"),
    ),
    step(
        "hpt-remove-condition-met",
        HASHED,
        papr!(
            "rldicr r4, r4, 32, 31; ",
            "r3 = H_REMOVE, r4 = H_ANDCOND >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = 0x2"
        ),
        Says::Open("hcall.remove"),
    ),
    step(
        "hpt-bulk-remove",
        HASHED,
        "run rldicr r4, r4, 32, 31; rldicr r6, r6, 32, 31; ori r4, r4, 100; papr; rlwinm r3, r3, 0, 0, 31; rldicl r4, r4, 8, 56; rlwinm r4, r4, 0, 24, 27 with r3 = H_BULK_REMOVE, r4 = H_BULK_REMOVE_REQUEST >> 32, r5 = 0, r6 = H_BULK_REMOVE_END >> 32 gives r3, r4",
        Says::Open("hcall.bulk-remove"),
    ),
    step(
        "hpt-bulk-remove-other",
        HASHED,
        "run rldicr r4, r4, 32, 31; rldicr r6, r6, 32, 31; ori r4, r4, 100; papr; rlwinm r3, r3, 0, 0, 31; rldicl r4, r4, 8, 56; rlwinm r4, r4, 0, 24, 27 with r3 = H_BULK_REMOVE, r4 = (H_BULK_REMOVE_REQUEST | H_BULK_REMOVE_AVPN) >> 32, r5 = HPTE.AVPN(15 << 5), r6 = H_BULK_REMOVE_END >> 32 gives r3, r4",
        Says::Open("hcall.bulk-remove"),
    ),
    step(
        "hpt-remove-second",
        HASHED,
        papr!("", "r3 = H_REMOVE, r4 = 0, r5 = 13 * HPTES_PER_GROUP"),
        Says::Open("hcall.remove"),
    ),
    // ---- two segments of a 64-bit server that no kernel has ----
    step("slb-empty", SERVER64, "run slbie r5; slbie r6; isync with r5 = 0xa0000000, r6 = 0xb0000000", SLB),
    step(
        "slb-write",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0xd) | SLB.KP, r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-no-execute",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0xd) | SLB.KS | SLB.N, r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-elsewhere",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0x234) | SLB.KP, r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-second",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xb0000000, r6 = SLB.VSID(0x345) | SLB.KS | SLB.KP, r7 = 0xb0000000 | SLB.V | SLB.INDEX(21)",
        SLB,
    ),
    step("slb-invalidate", SERVER64, "run slbie r5; isync with r5 = 0xa0000000", SLB),
    step("slb-invalidate-second", SERVER64, "run slbie r5; isync with r5 = 0xb0000000", SLB),
    step("slb-read", SERVER64, slb_read!("20"), SLB),
    step("slb-read-second", SERVER64, slb_read!("21"), SLB),
    step("slb-load", SERVER64, load!("0xa0000000"), SLB),
    step("slb-load-second", SERVER64, load!("0xb0000000"), SLB),
    // ---- a device of the minimal board that keeps what is stored to it ----
    step("device-clear", DEVICE, "run stw r5, 0x20(r4); stw r5, 0x24(r4) with r4 = BOARD, r5 = 0", DEVICE_ACCESS),
    step("device-byte", DEVICE, "run stb r5, 0x21(r4) with r4 = BOARD, r5 = 0xeeeeee81", DEVICE_ACCESS),
    step("device-half", DEVICE, "run sth r5, 0x22(r4) with r4 = BOARD, r5 = 0xeeee8234", DEVICE_ACCESS),
    step("device-word", DEVICE, "run stw r5, 0x20(r4) with r4 = BOARD, r5 = 0x81a2c3e4", DEVICE_ACCESS),
    step("device-reversed", DEVICE, "run stwbrx r5, 0, r4 with r4 = BOARD + 0x20, r5 = 0x05162738", DEVICE_ACCESS),
    step("device-half-reversed", DEVICE, "run sthbrx r5, 0, r4 with r4 = BOARD + 0x20, r5 = 0xeeee9abc", DEVICE_ACCESS),
    step("device-load-byte", DEVICE, "run lbz r17, 0x21(r4) with r4 = BOARD, r17 = POISON gives r17", DEVICE_ACCESS),
    step("device-load-half", DEVICE, "run lhz r3, 0x22(r4) with r3 = POISON, r4 = BOARD gives r3", DEVICE_ACCESS),
    step("device-load-algebraic", DEVICE, "run lha r3, 0x20(r4) with r3 = POISON, r4 = BOARD gives r3", DEVICE_ACCESS),
    step(
        "device-load-half-reversed",
        DEVICE,
        "run lhbrx r3, 0, r4 with r3 = POISON, r4 = BOARD + 0x22 gives r3",
        DEVICE_ACCESS,
    ),
    step("device-load-word", DEVICE, "run lwz r29, 0x20(r4) with r4 = BOARD, r29 = POISON gives r29", DEVICE_ACCESS),
    step(
        "device-load-reversed",
        DEVICE,
        "run lwbrx r3, 0, r4 with r3 = POISON, r4 = BOARD + 0x20 gives r3",
        DEVICE_ACCESS,
    ),
    step(
        "device-load-indexed",
        DEVICE,
        "run lwzx r3, r4, r5 with r3 = POISON, r4 = BOARD, r5 = 0x20 gives r3",
        DEVICE_ACCESS,
    ),
    step(
        "device-load-update",
        DEVICE,
        "run lwzu r3, 0x20(r4) with r3 = POISON, r4 = BOARD gives r3, r4",
        DEVICE_ACCESS,
    ),
    step("device-update", DEVICE, "run stwu r5, 0x20(r4) with r4 = BOARD, r5 = 0x5060708 gives r4", DEVICE_ACCESS),
    step(
        "device-double",
        DEVICE_DOUBLE,
        "run std r5, 0x20(r4) with r4 = BOARD, r5 = 0x8192a3b4c5d6e7f8",
        DEVICE_ACCESS,
    ),
    step(
        "device-load-double",
        DEVICE_DOUBLE,
        "run ld r3, 0x20(r4) with r3 = POISON, r4 = BOARD gives r3",
        DEVICE_ACCESS,
    ),
];

const fn step(name: &'static str, needs: &'static [Feature], line: &'static str, says: Says) -> Odd {
    Odd { name, line, needs, lacks: &[], place: Place::Arranged, says }
}
