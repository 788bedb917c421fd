//! Odd steps of a guest's, and those of user space that go with them.

use super::super::prediction::Part;
use super::{Bits, Laid, Odd, Place, Says};
use crate::feature::Feature;
use sprig_isa::exception::Exception;

const CALL: &[Feature] = &[Feature::Hypercall];
const NO_EXECUTE: &[Feature] = &[Feature::MagicPage, Feature::Book3s64];
const OTHER_ORDER: &[Feature] = &[Feature::MagicPage, Feature::LittleEndian, Feature::Host, Feature::Ioctl];

const TIMERS: &[Feature] = &[Feature::Booke, Feature::Host, Feature::Ioctl];
/// What a guest does, and what is done to it.
pub(super) static GUESTS: &[Odd] = &[
    Odd {
        name: "osi",
        // The two magic values of Mac-on-Linux.
        line: "run sc with r3 = 0x113724fa, r4 = 0x77810f9b gives r3, r4",
        needs: CALL,
        lacks: &[],
        place: Place::Anywhere,
        says: Says::SystemCall("hcall.osi-is-a-system-call", [0x1137_24fa, 0x7781_0f9b]),
    },
    Odd {
        name: "level-1",
        line: "run sc1 with r11 = KVM_HC_FEATURES, r3 = 0xdead0000 gives r3",
        needs: CALL,
        lacks: &[],
        place: Place::Anywhere,
        says: Says::Open("unspecified.sc-level-1"),
    },
    Odd {
        name: "reversed-call",
        // The `sc` of the sequence as a little-endian kernel sees the words of the device tree.
        line: "run addis r0, 0, 0x4b56; ori r0, r0, 0x4d21; word 0x02000044; addi r4, r4, 1; addi r5, r5, 1 \
            with r3 = 0x33, r4 = 0x40, r5 = 0x50, r11 = KVM_HC_FEATURES gives r3, r4, r5",
        needs: &[Feature::Hypercall, Feature::LittleEndian],
        lacks: &[],
        place: Place::Anywhere,
        says: Says::Open("unspecified.byte-reversed-hypercall"),
    },
    Odd {
        name: "wide-token",
        line: "run addis r0, 0, 0x4b56; ori r0, r0, 0x4d21; sc with r11 = 0x12345678_00000000 | KVM_HC_FEATURES \
            gives r3",
        needs: &[Feature::Hypercall, Feature::Wide],
        lacks: &[],
        place: Place::Supervisor,
        says: Says::Value("hcall.token-is-an-int", &[0]),
    },
    Odd {
        name: "time-base-written",
        // As it is: KVM ignores it, and no timer sees a jump.
        line: "run mfspr r5, TBU; mfspr r4, TBL; mtspr TBWU, r5; mtspr TBWL, r4; mfspr r3, TBU; subf r3, r5, r3 \
            gives r3",
        needs: &[],
        lacks: &[Feature::Book3s64],
        place: Place::Supervisor,
        says: Says::Value("spr.write-only-is-written", &[0, 1]),
    },
    Odd {
        name: "real-mode-load",
        line: "run mfmsr r5; rlwinm r6, r5, 0, 28, 26; mtmsr r6; isync; lwz r3, -4060(r0); mtmsr r5; isync \
            gives r3    # sprg0",
        needs: &[Feature::MagicPage, Feature::RealMode],
        lacks: &[Feature::LittleEndian],
        place: Place::Arranged,
        says: Says::OpenMsr("page.mapped-in-real-mode"),
    },
    Odd {
        name: "other-space-load",
        line: "run mtmsr r4; isync; lwz r3, -4060(r0); mtmsr r5 with r3 = POISON, r4 = {other-space}, r5 = {msr} \
            gives r3    # sprg0",
        needs: &[Feature::MagicPage, Feature::Booke],
        lacks: &[],
        place: Place::Arranged,
        says: Says::OpenMsr("page.access-ends"),
    },
    Odd {
        name: "alias-in-handler",
        // The handler of a system call, `mfspr r5, USPRG4; rfi`, in memory that no other step is about. The first load
        // is refused where the page is not there, before anything else is done.
        line: "run lwz r12, -3884(r0); stw r6, 0x100(r4); stw r7, 0x104(r4); dcbst r4, r10; sync; icbi r4, r10; sync; \
            isync; mfspr r8, IVPR; mfspr r9, IVOR8; mtspr IVPR, r4; mtspr IVOR8, r10; stw r11, -3884(r0); sc; \
            mtspr IVPR, r8; mtspr IVOR8, r9 with r4 = SCRATCH + 0x10000, r5 = POISON, r6 = insn(mfspr r5, USPRG4), \
            r7 = insn(rfi), r10 = 0x100, r11 = 0xa0000008 gives r5    # sprg4",
        needs: &[Feature::MagicPage, Feature::Booke, Feature::Usprg4],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Handler("alias.consistent-after-exit", 0xa000_0008),
    },
    Odd {
        name: "msr-units",
        // UCLE, SPE, FP, FE0, DE, FE1, of which each CPU has its own (cases/exception/msr-each-bit.probe).
        line: "run mtmsr r4; isync; mfmsr r3; mtmsr r5; isync with r4 = {units}, r5 = {msr} gives r3",
        needs: &[Feature::Booke],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("exception.msr-unit-bits"),
    },
    Odd {
        name: "traced",
        line: "run mfmsr r4; ori r4, r4, MSR.SE; mtmsr r4; addi r5, r5, 1; addi r5, r5, 1 with r5 = 0 gives r5",
        needs: &[Feature::Book3s],
        lacks: &[],
        place: Place::Supervisor,
        says: Says::Laid(Laid {
            rule: "exception.trace",
            exception: Some((Exception::Trace, 16)),
            values: &[(Part::Value, Bits { mask: u64::MAX, value: 1 })],
        }),
    },
    Odd {
        name: "branch-traced",
        // The branch is not taken, and completes all the same.
        line: "run mfmsr r4; ori r4, r4, MSR.BE; mtmsr r4; addi r5, r5, 1; bc 4, 2, 8; addi r5, r5, 1 \
            with r5 = 0, cr = 0x20000000 gives r5",
        needs: &[Feature::Book3s],
        lacks: &[],
        place: Place::Supervisor,
        says: Says::Laid(Laid {
            rule: "exception.trace",
            exception: Some((Exception::Trace, 20)),
            values: &[(Part::Value, Bits { mask: u64::MAX, value: 1 })],
        }),
    },
    Odd {
        name: "emulated-traced",
        line: "run mfmsr r4; ori r4, r4, MSR.SE; mtmsr r4; mfspr r6, SPRG0; addi r5, r5, 1 with r5 = 0 gives r5",
        needs: &[Feature::Book3s],
        lacks: &[],
        place: Place::Supervisor,
        says: Says::Open("exception.trace"),
    },
    Odd {
        name: "vector-unavailable",
        line: "run nop; lvx v1, 0, r4; addi r5, r5, 1 with r4 = SCRATCH, r5 = 0 gives r5",
        needs: &[Feature::Book3s],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("exception.vector-unavailable"),
    },
    Odd {
        name: "cache-locked",
        // Which MSR[UCLE] decides in problem state.
        line: "run nop; dcbtls 0, 0, r4 with r4 = SCRATCH + 0x24",
        needs: &[Feature::E500],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("exception.cache-locking"),
    },
    Odd {
        name: "timers-expired",
        line: "host set-sregs TSR, TSR.WIS | TSR.DIS | TSR.FIS",
        needs: TIMERS,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Pending("host.set-sregs"),
    },
    Odd {
        name: "one-timer-seen",
        line: "run mtspr TSR, r4; mfspr r3, TSR; mtspr TSR, r5 with r4 = TSR.FIS, r5 = 0xffffffff gives r3",
        needs: TIMERS,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Pending("irq.timer-status"),
    },
    Odd {
        name: "reset",
        line: "reset",
        needs: &[Feature::Reset],
        lacks: &[],
        place: Place::Arranged,
        says: Says::Reset,
    },
    Odd {
        name: "map-page-behind-memory",
        line: "map-page physical SCRATCH + 0x10000",
        needs: &[Feature::MagicPage, Feature::Book3s],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsPageBehindMemory,
    },
    Odd {
        name: "map-page-without-flag",
        line: "map-page flags 0",
        needs: &[Feature::MagicPage],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsPage,
    },
    Odd {
        name: "page-mapped",
        line: "map-page",
        needs: &[Feature::MagicPage],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsPage,
    },
    Odd {
        name: "window-mapped",
        line: "map 0xd0000000 to SCRATCH as srwx,urwx",
        needs: &[Feature::MagicPage, Feature::Book3s],
        lacks: &[],
        place: Place::Arranged,
        says: Says::MapsWindow,
    },
    Odd {
        name: "segment-no-execute",
        // The segment of the window as the guest kernel has it, and N.
        line: "run slbie r5; slbmte r6, r7; isync with r5 = 0xd0000000, r6 = SLB.VSID(14) | SLB.KP | SLB.N, \
            r7 = 0xd0000000 | SLB.V | SLB.INDEX(13)",
        needs: NO_EXECUTE,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("page.flag-keeps-no-execute"),
    },
    Odd {
        name: "code-called",
        line: "run mtspr CTR, r4; bctrl with r4 = 0xd0000000 gives r3",
        needs: NO_EXECUTE,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Open("page.flag-keeps-no-execute"),
    },
    Odd {
        name: "set-sprg4",
        line: "host set-regs SPRG4, 0x0123456789abcdef",
        needs: OTHER_ORDER,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("host.set-regs"),
    },
    Odd {
        name: "load-sprg4",
        line: "page.sprg4",
        needs: OTHER_ORDER,
        lacks: &[],
        place: Place::Arranged,
        says: Says::Done("page.byte-order"),
    },
];
