//! Two segments of a 64-bit server that no kernel has.

use super::super::{Odd, Says};
use super::{Theme, load, step};
use crate::feature::Feature;

const SERVER64: &[Feature] = &[Feature::Book3s64, Feature::Hashed];

const SLB: Says = Says::Open("mmu.segment-entry");

/// The theme.
pub(super) const THEME: Theme = Theme {
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
    steps: STEPS,
};

/// What an entry of the SLB holds, nothing if it is not valid.
macro_rules! slb_read {
    ($index:literal) => {
        concat!(
            "run slbmfee r3, r5; slbmfev r4, r5; rlwinm r9, r3, 5, 31, 31; neg r9, r9; and r3, r3, r9; and r4, r4, r9 \
                with r5 =",
            $index,
            " gives r3, r4"
        )
    };
}

const STEPS: &[Odd] = &[
    step("slb-empty", SERVER64, "run slbie r5; slbie r6; isync with r5 = 0xa0000000, r6 = 0xb0000000", SLB),
    step(
        "slb-write",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0xd) | SLB.KP, \
            r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-no-execute",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0xd) | SLB.KS | SLB.N, \
            r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-elsewhere",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xa0000000, r6 = SLB.VSID(0x234) | SLB.KP, \
            r7 = 0xa0000000 | SLB.V | SLB.INDEX(20)",
        SLB,
    ),
    step(
        "slb-write-second",
        SERVER64,
        "run slbie r5; slbmte r6, r7; isync with r5 = 0xb0000000, r6 = SLB.VSID(0x345) | SLB.KS | SLB.KP, \
            r7 = 0xb0000000 | SLB.V | SLB.INDEX(21)",
        SLB,
    ),
    step("slb-invalidate", SERVER64, "run slbie r5; isync with r5 = 0xa0000000", SLB),
    step("slb-invalidate-second", SERVER64, "run slbie r5; isync with r5 = 0xb0000000", SLB),
    step("slb-read", SERVER64, slb_read!("20"), SLB),
    step("slb-read-second", SERVER64, slb_read!("21"), SLB),
    step("slb-load", SERVER64, load!("0xa0000000"), SLB),
    step("slb-load-second", SERVER64, load!("0xb0000000"), SLB),
];
