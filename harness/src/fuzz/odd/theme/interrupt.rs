//! A line and an embedded CPU's timers, each waiting or not, enabled or not, inside a critical section of the guest's
//! and outside.
//!
//! The timers do not run out by themselves here: user space says that they have. So nothing depends on a clock.

use super::super::{Odd, Says};
use super::{Theme, step};
use crate::feature::Feature;

const TIMERS: &[Feature] = &[Feature::Booke, Feature::Host, Feature::Ioctl, Feature::MagicPage, Feature::External];
const TIMERS_E500: &[Feature] = &[Feature::E500, Feature::Host, Feature::Ioctl, Feature::MagicPage, Feature::External];

const ENABLES: Says = Says::Pending("irq.timer-enables");
const STATUS: Says = Says::Pending("irq.timer-status");
const SET: Says = Says::Pending("host.set-one-reg");
const TAKEN: Says = Says::Pending("irq.pending-is-taken-when-enabled");
const WITHHELD: Says = Says::Pending("page.critical-withholds");

/// The theme.
pub(super) const THEME: Theme = Theme {
    opening: &[
        "interrupt-page",
        "interrupt-timers-off",
        "interrupt-line-down",
        "interrupt-was-external",
        "interrupt-was-decrementer",
        "interrupt-was-watchdog",
    ],
    phrases: &[
        &["interrupt-line-up"],
        &["interrupt-line-down"],
        &["interrupt-decrementer"],
        &["interrupt-watchdog"],
        &["interrupt-both"],
        &["interrupt-neither"],
        &["interrupt-enable-decrementer"],
        &["interrupt-enable-watchdog"],
        &["interrupt-enable-both"],
        &["interrupt-enable-neither"],
        &["interrupt-seen-decrementer", "interrupt-status"],
        &["interrupt-seen-watchdog", "interrupt-status"],
        &["interrupt-sets-decrementer", "interrupt-status"],
        &["interrupt-clears-decrementer", "interrupt-status"],
        &["interrupt-status"],
        &["interrupt-msr-both", "interrupt-was-external", "interrupt-was-decrementer", "interrupt-was-watchdog"],
        &["interrupt-msr-ee", "interrupt-was-external", "interrupt-was-decrementer", "interrupt-was-watchdog"],
        &["interrupt-msr-ce", "interrupt-was-watchdog", "interrupt-was-decrementer"],
        &["interrupt-section", "interrupt-was-external", "interrupt-was-decrementer", "interrupt-was-watchdog"],
        &["interrupt-line-up", "interrupt-section-program", "interrupt-was-external"],
        &["interrupt-line-up", "interrupt-section", "interrupt-was-external"],
        &["interrupt-watchdog", "interrupt-enable-watchdog", "interrupt-section", "interrupt-was-watchdog"],
        &["interrupt-decrementer", "interrupt-enable-decrementer", "interrupt-section", "interrupt-was-decrementer"],
        &["interrupt-watchdog", "interrupt-enable-watchdog", "interrupt-critical-class"],
    ],
    closing: &["interrupt-line-down", "interrupt-timers-off"],
    steps: STEPS,
};

/// A moment with these bits of the MSR on, at an instruction that is emulated.
macro_rules! moment {
    ($bits:literal) => {
        concat!("run mtmsr r4; mfspr r6, PVR; mtmsr r5 with r4 = {msr} | ", $bits, ", r5 = {msr}")
    };
}

/// Timers that have run out, as user space says.
macro_rules! expired {
    ($bits:literal) => {
        concat!("host set-sregs TSR, ", $bits)
    };
}

macro_rules! enable {
    ($bits:literal) => {
        concat!("mtspr TCR, ", $bits)
    };
}

/// The guest has seen some of them.
macro_rules! seen {
    ($bits:literal) => {
        concat!("mtspr TSR, ", $bits)
    };
}

const STEPS: &[Odd] = &[
    step("interrupt-page", TIMERS, "map-page", Says::MapsPage),
    step(
        "interrupt-timers-off",
        TIMERS,
        "run mtspr TCR, r4; mtspr DEC, r5; mtspr TSR, r6 with r4 = 0, r5 = 0x7fffffff, r6 = 0xffffffff",
        ENABLES,
    ),
    step("interrupt-line-up", TIMERS, "host raise-external", TAKEN),
    step("interrupt-line-down", TIMERS, "host lower-external", TAKEN),
    step("interrupt-decrementer", TIMERS, expired!("TSR.DIS"), STATUS),
    step("interrupt-watchdog", TIMERS, expired!("TSR.ENW | TSR.WIS"), STATUS),
    step("interrupt-both", TIMERS, expired!("TSR.ENW | TSR.WIS | TSR.DIS"), STATUS),
    step("interrupt-neither", TIMERS, expired!("0"), STATUS),
    // The same bit by bit.
    step("interrupt-sets-decrementer", TIMERS, "host set-one-reg KVM_REG_PPC_OR_TSR, TSR.DIS", SET),
    step("interrupt-clears-decrementer", TIMERS, "host set-one-reg KVM_REG_PPC_CLEAR_TSR, TSR.DIS", SET),
    step("interrupt-enable-decrementer", TIMERS, enable!("TCR.DIE"), ENABLES),
    step("interrupt-enable-watchdog", TIMERS, enable!("TCR.WIE"), ENABLES),
    step("interrupt-enable-both", TIMERS, enable!("TCR.DIE | TCR.WIE"), ENABLES),
    step("interrupt-enable-neither", TIMERS, enable!("0"), ENABLES),
    step("interrupt-seen-decrementer", TIMERS, seen!("TSR.DIS"), STATUS),
    step("interrupt-seen-watchdog", TIMERS, seen!("TSR.ENW | TSR.WIS"), STATUS),
    step(
        "interrupt-status",
        TIMERS,
        // The fixed-interval timer goes on.
        "run mfspr r3, TSR; and r3, r3, r4 with r4 = TSR.ENW | TSR.WIS | TSR.DIS gives r3",
        STATUS,
    ),
    step("interrupt-msr-both", TIMERS, moment!("MSR.EE | MSR.CE"), TAKEN),
    step("interrupt-msr-ee", TIMERS, moment!("MSR.EE"), TAKEN),
    step("interrupt-msr-ce", TIMERS, moment!("MSR.CE"), TAKEN),
    step("interrupt-was-external", TIMERS, "taken external", TAKEN),
    step("interrupt-was-decrementer", TIMERS, "taken decrementer", TAKEN),
    step("interrupt-was-watchdog", TIMERS, "taken watchdog", TAKEN),
    step(
        "interrupt-section",
        TIMERS,
        // `critical` is where the page ends, less 4068.
        "run stw r1, -4068(r0); mtmsr r4; mfspr r6, PVR; mfspr r6, PVR; mtmsr r5; stw r2, -4068(r0) \
            with r1 = 0x00a01000, r2 = 1, r4 = {msr} | MSR.EE | MSR.CE, r5 = {msr}",
        WITHHELD,
    ),
    step(
        "interrupt-section-program",
        TIMERS,
        // A program has the same value in r1. It begins 0x14 behind the instruction that LR is the address of, and ends
        // with a trap.
        "run stw r1, -4068(r0); bl 4; mfspr r4, LR; addi r4, r4, 0x14; mtspr SRR0, r4; mtspr SRR1, r6; rfi; nop; trap \
            with r1 = 0x00a01000, r6 = {msr} | MSR.PR | MSR.EE",
        Says::OpenMsr("page.critical-in-problem-state"),
    ),
    step(
        "interrupt-critical-class",
        TIMERS_E500,
        // The handler is the script's own, of a watchdog that is pending: `mfmsr r16; mfspr r17, CSRR1; mtspr TCR, r10;
        // mtspr CSRR1, r5; rfci`.
        "run stw r6, 0x300(r3); stw r7, 0x304(r3); stw r8, 0x308(r3); stw r9, 0x30c(r3); stw r12, 0x310(r3); \
            dcbst r3, r11; sync; icbi r3, r11; isync; mfspr r14, IVPR; mfspr r15, IVOR12; mtspr IVPR, r3; \
            mtspr IVOR12, r11; mtmsr r4; mtspr IVPR, r14; mtspr IVOR12, r15 with r3 = SCRATCH + 0x30000, \
            r4 = {msr} | MSR.CE | MSR.DE, r5 = {msr}, r6 = insn(mfmsr r16), r7 = insn(mfspr r17, CSRR1), \
            r8 = insn(mtspr TCR, r10), r9 = insn(mtspr CSRR1, r5), r10 = 0, r11 = 0x300, r12 = insn(rfci), r16 = 0, \
            r17 = 0 gives r16, r17",
        Says::OpenMsr("exception.critical-class-msr"),
    ),
];
