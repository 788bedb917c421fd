//! The hashed page table of a partition: one page of the window in one place, another where the hypervisor puts it.

use super::super::{Odd, Says};
use super::{Theme, load, step};
use crate::feature::Feature;

const HASHED: &[Feature] = &[Feature::Power8, Feature::Hashed];

const HPT: Says = Says::Open("mmu.mapped-page-is-reached");

/// The theme.
pub(super) const THEME: Theme = Theme {
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
    steps: STEPS,
};

/// A hypercall of a partition, whose result is the lower word of r3.
macro_rules! papr {
    ($before:literal, $with:expr) => {
        concat!("run ", $before, "papr; rlwinm r3, r3, 0, 0, 31 with ", $with, " gives r3")
    };
}

/// An entry for the page in the one place.
macro_rules! enter {
    ($second:literal) => {
        papr!(
            "rldicr r4, r4, 32, 31; ",
            concat!(
                "r3 = H_ENTER, r4 = H_EXACT >> 32, r5 = 12 * HPTES_PER_GROUP + 4, r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 \
                    = ",
                $second
            )
        )
    };
}

const STEPS: &[Odd] = &[
    step(
        "hpt-empty",
        HASHED,
        "run papr; addi r3, r14, 0; addi r4, r15, 0; addi r5, r16, 0; papr with r3 = H_REMOVE, r4 = 0, \
            r5 = 12 * HPTES_PER_GROUP + 4, r14 = H_REMOVE, r15 = 0, r16 = 13 * HPTES_PER_GROUP",
        HPT,
    ),
    step(
        "hpt-memory",
        HASHED,
        "run stw r5, 0x24(r4); stw r6, 0x1024(r4); stw r7, 0x28(r4); stw r7, 0x1028(r4) with r4 = SCRATCH + 0x20000, \
            r5 = 0xa5a50000, r6 = 0xa5a51000, r7 = 0",
        HPT,
    ),
    step("hpt-enter", HASHED, enter!("SCRATCH + 0x20000 | HPTE.M | HPTE.PP(2)"), Says::Open("hcall.enter")),
    step("hpt-enter-taken", HASHED, enter!("SCRATCH + 0x21000 | HPTE.M | HPTE.PP(2)"), Says::Open("hcall.enter")),
    step("hpt-enter-read-only", HASHED, enter!("SCRATCH + 0x20000 | HPTE.M | HPTE.PP(3)"), Says::Open("hcall.enter")),
    step(
        "hpt-enter-no-execute",
        HASHED,
        enter!("SCRATCH + 0x20000 | HPTE.M | HPTE.N | HPTE.PP(1)"),
        Says::Open("hcall.enter"),
    ),
    step(
        "hpt-enter-anywhere",
        HASHED,
        "run papr; rlwinm r3, r3, 0, 0, 31 with r3 = H_ENTER, r4 = 0, r5 = 13 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x21000 | HPTE.M | HPTE.PP(2) gives r3, r4",
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
        papr!("", "r3 = H_REMOVE, r4 = 0, r5 = 12 * HPTES_PER_GROUP + 4"),
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
        "run rldicr r4, r4, 32, 31; rldicr r6, r6, 32, 31; ori r4, r4, 100; papr; rlwinm r3, r3, 0, 0, 31; \
            rldicl r4, r4, 8, 56; rlwinm r4, r4, 0, 24, 27 with r3 = H_BULK_REMOVE, r4 = H_BULK_REMOVE_REQUEST >> 32, \
            r5 = 0, r6 = H_BULK_REMOVE_END >> 32 gives r3, r4",
        Says::Open("hcall.bulk-remove"),
    ),
    step(
        "hpt-bulk-remove-other",
        HASHED,
        "run rldicr r4, r4, 32, 31; rldicr r6, r6, 32, 31; ori r4, r4, 100; papr; rlwinm r3, r3, 0, 0, 31; \
            rldicl r4, r4, 8, 56; rlwinm r4, r4, 0, 24, 27 with r3 = H_BULK_REMOVE, \
            r4 = (H_BULK_REMOVE_REQUEST | H_BULK_REMOVE_AVPN) >> 32, r5 = HPTE.AVPN(15 << 5), \
            r6 = H_BULK_REMOVE_END >> 32 gives r3, r4",
        Says::Open("hcall.bulk-remove"),
    ),
    step(
        "hpt-remove-second",
        HASHED,
        papr!("", "r3 = H_REMOVE, r4 = 0, r5 = 13 * HPTES_PER_GROUP"),
        Says::Open("hcall.remove"),
    ),
];
