//! A 32-bit server's segment registers: whose translations a segment has, and which key decides about them.

use super::super::{Odd, Says};
use super::{Theme, load, memory, step};
use crate::feature::Feature;

const SERVER32: &[Feature] = &[Feature::Book3s32];

const SEGMENT: Says = Says::Open("mmu.segment-key");
const MAPPED: Says = Says::Done("mmu.mapped-page-is-reached");
const RIGHTS: Says = Says::Open("mmu.protection");
const REGISTER: Says = Says::Open("mmu.segment-register");

/// The theme.
pub(super) const THEME: Theme = Theme {
    opening: &["sr-memory", "sr-other-memory", "sr-kernels"],
    phrases: &[
        &["sr-page-of-kernel"],
        &["sr-page-shared"],
        &["sr-page-read-only"],
        &["sr-page-elsewhere", "sr-load"],
        &["sr-page-gone", "sr-load"],
        &["sr-kernels", "sr-load"],
        &["sr-key-of-kernel", "sr-load"],
        &["sr-kernels", "sr-load@user"],
        &["sr-key-of-both", "sr-store"],
        &["sr-no-key", "sr-load@user"],
        &["sr-no-execute", "sr-called"],
        &["sr-another", "sr-load"],
        &["sr-by-address", "sr-load"],
        &["sr-read"],
        &["sr-read-by-address"],
        &["sr-load"],
        &["sr-load@user"],
        &["sr-store", "sr-stored"],
        &["sr-store@user", "sr-stored"],
        &["sr-called"],
        &["sr-called@user"],
    ],
    closing: &["sr-page-gone", "sr-kernels"],
    steps: STEPS,
};

/// Segment 13 is written; the guest kernel has VSID 13 there, and the key of programs.
macro_rules! segment {
    ($value:literal) => {
        concat!("run mtsr 13, r5; isync with r5 = ", $value)
    };
}

const STEPS: &[Odd] = &[
    step("sr-memory", SERVER32, memory!("SCRATCH + 0x40000", "0x5e900004", "addi r3, r0, 4"), MAPPED),
    step("sr-other-memory", SERVER32, memory!("SCRATCH + 0x60000", "0x5e900006", "addi r3, r0, 6"), MAPPED),
    step("sr-page-of-kernel", SERVER32, "map 0xd0005000 to SCRATCH + 0x40000 as srwx", MAPPED),
    step("sr-page-shared", SERVER32, "map 0xd0005000 to SCRATCH + 0x40000 as srwx,urwx", MAPPED),
    step("sr-page-read-only", SERVER32, "map 0xd0005000 to SCRATCH + 0x40000 as srwx,urx", MAPPED),
    step("sr-page-elsewhere", SERVER32, "map 0xd0005000 to SCRATCH + 0x60000 as srwx,urwx", MAPPED),
    step("sr-page-gone", SERVER32, "unmap 0xd0005000", MAPPED),
    step("sr-kernels", SERVER32, segment!("SR.KP | SR.VSID(13)"), SEGMENT),
    step("sr-key-of-kernel", SERVER32, segment!("SR.KS | SR.VSID(13)"), SEGMENT),
    step("sr-key-of-both", SERVER32, segment!("SR.KS | SR.KP | SR.VSID(13)"), SEGMENT),
    step("sr-no-key", SERVER32, segment!("SR.VSID(13)"), SEGMENT),
    step("sr-no-execute", SERVER32, segment!("SR.KP | SR.N | SR.VSID(13)"), SEGMENT),
    // One that has no translations.
    step("sr-another", SERVER32, segment!("SR.KP | SR.VSID(0x4d)"), SEGMENT),
    step(
        "sr-by-address",
        SERVER32,
        "run mtsrin r5, r4; isync with r4 = 0xd0123456, r5 = SR.KS | SR.VSID(13)",
        REGISTER,
    ),
    step("sr-read", SERVER32, "run mfsr r3, 13 gives r3", REGISTER),
    step("sr-read-by-address", SERVER32, "run mfsrin r3, r4 with r4 = 0xdfffffff gives r3", REGISTER),
    step("sr-load", SERVER32, load!("0xd0005000"), SEGMENT),
    step("sr-store", SERVER32, "run stw r5, 0x28(r4) with r4 = 0xd0005000, r5 = 0x900d900d", RIGHTS),
    step(
        "sr-stored",
        SERVER32,
        "run lwz r3, 0x28(r4); lwz r5, 0x28(r6) with r4 = SCRATCH + 0x40000, r6 = SCRATCH + 0x60000 gives r3, r5",
        RIGHTS,
    ),
    step("sr-called", SERVER32, "run mtspr CTR, r4; bctrl with r3 = POISON, r4 = 0xd0005040 gives r3", SEGMENT),
];
