//! A device of the minimal board that keeps what is stored to it.

use super::super::{Odd, Says};
use super::{Theme, step};
use crate::feature::Feature;

const DEVICE: &[Feature] = &[Feature::Host];
const DEVICE_DOUBLE: &[Feature] = &[Feature::Host, Feature::Wide];

const DEVICE_ACCESS: Says = Says::Open("host.device-access");

/// The theme.
pub(super) const THEME: Theme = Theme {
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
    steps: STEPS,
};

const STEPS: &[Odd] = &[
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
