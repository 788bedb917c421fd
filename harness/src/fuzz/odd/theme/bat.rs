//! A 32-bit server's block registers: two blocks of data and one of code, and what each half of a register changes.
//! Code and data are apart, since released kernels do not tell their translations apart (mmu/block-of-code-alone).

use super::super::{Odd, Says};
use super::{Theme, load, memory, step};
use crate::feature::Feature;

/// Under a hypervisor: QEMU's own CPUs forget a translation only when an upper half is written, and have the same ones
/// for data and code (mmu/block-moved, mmu/block-of-code-alone), so that next to nothing here would be as it should.
const SERVER32: &[Feature] = &[Feature::Book3s32, Feature::Hypercall];
/// The CPUs of the family that have SPRG4 to SPRG7 have eight pairs of either kind.
const EIGHT: &[Feature] = &[Feature::Book3s32, Feature::Hypercall, Feature::Sprg4];

const BLOCK: Says = Says::Open("mmu.block");
const BLOCK_MAPPED: Says = Says::Done("mmu.mapped-page-is-reached");
const RIGHTS: Says = Says::Open("mmu.protection");

/// The theme.
pub(super) const THEME: Theme = Theme {
    opening: &["bat-memory", "bat-other-memory", "bat-none"],
    phrases: &[
        &["bat-data"],
        &["bat-data", "bat-load"],
        &["bat-data-of-programs", "bat-load@user"],
        &["bat-data-of-kernel", "bat-load@user"],
        &["bat-data-read-only", "bat-store"],
        &["bat-data-without-rights", "bat-load"],
        &["bat-data-elsewhere", "bat-load"],
        &["bat-data-lower", "bat-load"],
        &["bat-data-lower-read-only", "bat-store", "bat-stored"],
        &["bat-data-large", "bat-load-second"],
        &["bat-data-gone", "bat-load"],
        &["bat-code", "bat-called"],
        &["bat-code-of-programs", "bat-called@user"],
        &["bat-code-of-kernel", "bat-called@user"],
        &["bat-code-lower", "bat-called"],
        &["bat-code-gone", "bat-called"],
        &["bat-upper", "bat-load-upper"],
        &["bat-upper-lower", "bat-load-upper"],
        &["bat-upper-gone", "bat-load-upper"],
        &["bat-paged", "bat-load"],
        &["bat-paged", "bat-load@user"],
        &["bat-load"],
        &["bat-load@user"],
        &["bat-store", "bat-stored"],
        &["bat-store@user", "bat-stored"],
        &["bat-load-second"],
        &["bat-called"],
        &["bat-called@user"],
        &["bat-load-upper"],
        &["bat-read"],
    ],
    closing: &["bat-none", "bat-not-paged"],
    steps: STEPS,
};

/// A pair of block registers is written: nothing, the lower half, the upper half (7400 manual, page 2-6: each half is
/// written by itself).
macro_rules! block {
    ($pair:literal, $upper:literal, $lower:literal) => {
        concat!(
            "run mtspr ",
            $pair,
            "U, r8; mtspr ",
            $pair,
            "L, r5; mtspr ",
            $pair,
            "U, r4; isync with r8 = 0, r4 = ",
            $upper,
            ", r5 = ",
            $lower
        )
    };
}

/// One half alone.
macro_rules! half {
    ($half:literal, $value:literal) => {
        concat!("run mtspr ", $half, ", r5; isync with r5 = ", $value)
    };
}

const STEPS: &[Odd] = &[
    step("bat-memory", SERVER32, memory!("SCRATCH + 0x40000", "0xb10c0004", "addi r3, r0, 4"), BLOCK),
    step("bat-other-memory", SERVER32, memory!("SCRATCH + 0x80000", "0xb10c0008", "addi r3, r0, 8"), BLOCK),
    step(
        "bat-none",
        SERVER32,
        "run mtspr DBAT2U, r4; mtspr DBAT3U, r4; mtspr IBAT2U, r4; mtspr IBAT3U, r4; isync with r4 = 0",
        BLOCK,
    ),
    step(
        "bat-data",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.VS | BATU.VP", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-data-of-programs",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.VP", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-data-of-kernel",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.VS", "(SCRATCH + 0x80000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-data-read-only",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.VS | BATU.VP", "(SCRATCH + 0x80000) | BATL.PP(1)"),
        RIGHTS,
    ),
    step(
        "bat-data-without-rights",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.VS | BATU.VP", "SCRATCH + 0x40000"),
        RIGHTS,
    ),
    step(
        "bat-data-elsewhere",
        SERVER32,
        block!("DBAT2", "0xb0040000 | BATU.VS | BATU.VP", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-data-large",
        SERVER32,
        block!("DBAT2", "0xb0000000 | BATU.BL(1) | BATU.VS | BATU.VP", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step("bat-data-lower", SERVER32, half!("DBAT2L", "(SCRATCH + 0x80000) | BATL.PP(2)"), BLOCK),
    step("bat-data-lower-read-only", SERVER32, half!("DBAT2L", "(SCRATCH + 0x40000) | BATL.PP(1)"), RIGHTS),
    step("bat-data-gone", SERVER32, half!("DBAT2U", "0"), BLOCK),
    step(
        "bat-code",
        SERVER32,
        block!("IBAT3", "0xb2000000 | BATU.VS | BATU.VP", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-code-of-programs",
        SERVER32,
        block!("IBAT3", "0xb2000000 | BATU.VP", "(SCRATCH + 0x80000) | BATL.PP(2)"),
        BLOCK,
    ),
    step(
        "bat-code-of-kernel",
        SERVER32,
        block!("IBAT3", "0xb2000000 | BATU.VS", "(SCRATCH + 0x40000) | BATL.PP(2)"),
        BLOCK,
    ),
    step("bat-code-lower", SERVER32, half!("IBAT3L", "(SCRATCH + 0x80000) | BATL.PP(2)"), BLOCK),
    step("bat-code-gone", SERVER32, half!("IBAT3U", "0"), BLOCK),
    // The upper pairs take effect where HID0[HIGH_BAT_EN] says so (reg.h, HID0_HIGH_BAT).
    step(
        "bat-upper",
        EIGHT,
        "run mfspr r6, HID0; oris r6, r6, 0x80; mtspr HID0, r6; isync; mtspr DBAT5U, r8; mtspr DBAT5L, r5; \
            mtspr DBAT5U, r4; isync with r8 = 0, r4 = 0xb0060000 | BATU.VS | BATU.VP, \
            r5 = (SCRATCH + 0x40000) | BATL.PP(2)",
        BLOCK,
    ),
    step("bat-upper-lower", EIGHT, half!("DBAT5L", "(SCRATCH + 0x80000) | BATL.PP(2)"), BLOCK),
    step("bat-upper-gone", EIGHT, half!("DBAT5U", "0"), BLOCK),
    // What a block covers its page table does not translate.
    step("bat-paged", SERVER32, "map 0xb0000000 to SCRATCH + 0x80000 as srw,urw", BLOCK_MAPPED),
    step("bat-not-paged", SERVER32, "unmap 0xb0000000", BLOCK_MAPPED),
    step("bat-load", SERVER32, load!("0xb0000000"), BLOCK),
    step("bat-load-second", SERVER32, load!("0xb0020000"), BLOCK),
    step("bat-load-upper", SERVER32, load!("0xb0060000"), BLOCK),
    step("bat-store", SERVER32, "run stw r5, 0x28(r4) with r4 = 0xb0000000, r5 = 0x900d900d", RIGHTS),
    step(
        "bat-stored",
        SERVER32,
        "run lwz r3, 0x28(r4); lwz r5, 0x28(r6) with r4 = SCRATCH + 0x40000, r6 = SCRATCH + 0x80000 gives r3, r5",
        RIGHTS,
    ),
    step("bat-called", SERVER32, "run mtspr CTR, r4; bctrl with r3 = POISON, r4 = 0xb2000040 gives r3", BLOCK),
    step(
        "bat-read",
        SERVER32,
        "run mfspr r3, DBAT2U; mfspr r4, DBAT2L; mfspr r5, IBAT3U; mfspr r6, IBAT3L gives r3, r4, r5, r6",
        BLOCK,
    ),
];
