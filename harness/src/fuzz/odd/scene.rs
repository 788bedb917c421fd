//! Scenes: odd steps that show something only one after the other. Most are about what user space asks for and looks at
//! later.
//!
//! Each step is a row of its own, so that shrinking can leave out those that a finding does not need.

use super::{Odd, Place, Says};
use crate::feature::Feature;

/// What a step of a scene ends with that is taken in problem state.
pub(in crate::fuzz) const USER: &str = "@user";

const IOCTL: &[Feature] = &[Feature::Host, Feature::Ioctl];
const DEBUGGED: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::Hypercall];
const DEBUGGED_BOOKE: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::Hypercall, Feature::Booke];
const IOCTL_BOOKE: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::Booke];
const PROCESSES: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::E500];
const PROXY: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::E500, Feature::External];
const PARTITION: &[Feature] = &[Feature::Host, Feature::Ioctl, Feature::Power8];
const SEGMENTS: &[Feature] = &[Feature::MagicPage, Feature::Book3s32];

const OF_USER_SPACE: &str = "host.debug-registers-are-user-spaces";

/// All scenes: names of odd steps in their order.
pub(in crate::fuzz) static SCENES: &[&[&str]] = &[
    &["msr-units"],
    &["vector-unavailable"],
    &["vector-unavailable@user"],
    &["cache-locked"],
    &["cache-locked@user"],
    &["timers-expired", "one-timer-seen"],
    &["set-sprg4", "page-mapped", "load-sprg4"],
    &["pvinfo"],
    &["hcall-unknown-enabled"],
    // A debugger's breakpoints, in either state; its steps; its hardware breakpoints, which a guest tries to move.
    &["debug-breakpoints", "breakpoints-met", "debug-stops", "debug-off"],
    &["debug-breakpoints", "breakpoints-met@user", "debug-stops", "debug-off"],
    &["debug-steps", "stepped", "debug-stops", "debug-off"],
    &["debug-hardware", "hardware-moved", "hardware-told", "debug-off"],
    &["debug-hardware", "data-moved", "data-told", "debug-off"],
    // Who has a translation, when user space changes the process and when it asks.
    &["process-mapped", "process-5", "process-load", "process-6", "process-load", "process-0"],
    &["process-mapped", "translate-5", "translate-6"],
    &["process-written", "process-shown", "process-0"],
    &["process-6", "process-read", "process-0"],
    // What user space may not set.
    &["vcpu-id-set"],
    &["version-set"],
    &["capability-of-nobody"],
    &["vrsave-set", "vrsave-read"],
    &["breakpoint-shown"],
    // Ones clear what user space says has happened; a cache is flushed at once.
    &["machine-check-happened", "machine-check-seen", "machine-check-left", "machine-check-over"],
    &["cache-flushed"],
    // A partition's calls that user space answers, and one that the hypervisor is not to answer any more.
    &["call-answered", "call-made", "call-first-argument", "call-last-argument"],
    &["remove-answered", "remove-off", "remove-called", "call-first-argument", "remove-on"],
    // A segment that the guest changes in the page, where it has used a translation.
    &["page-mapped", "window-mapped", "segment-used", "segment-stored", "segment-used", "segment-back"],
    &["critical-wakes"],
];

/// The steps of scenes.
pub(super) static STEPS: &[Odd] = &[
    step("pvinfo", DEBUGGED, "host pvinfo", Says::Done("hcall.pvinfo")),
    step("hcall-unknown-enabled", IOCTL, "host enable-hcall 0x5, 1", Says::Done("hcall.enable-unknown")),
    step(
        "debug-breakpoints",
        DEBUGGED,
        "host set-guest-debug KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, 0, 0, 0, 0",
        Says::Done("host.software-breakpoint"),
    ),
    step(
        "breakpoints-met",
        DEBUGGED,
        "run addi r3, r3, 1; word KVMPPC_INST_SW_BREAKPOINT; addi r3, r3, 2 with r3 = 0x10 gives r3",
        Says::Open("host.software-breakpoint"),
    ),
    step(
        "debug-steps",
        DEBUGGED,
        "host set-guest-debug KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP, 0, 0, 0, 0",
        Says::Done("host.single-step"),
    ),
    step(
        "stepped",
        DEBUGGED,
        // From one breakpoint to the other; mfspr is emulated.
        "run word KVMPPC_INST_SW_BREAKPOINT; addi r3, r3, 1; mfspr r4, SPRG0; addi r3, r3, 2; \
            word KVMPPC_INST_SW_BREAKPOINT with r3 = 0x10 gives r3",
        Says::Open("host.single-step"),
    ),
    step("debug-stops", DEBUGGED, "host debug-stops", Says::Done("host.single-step")),
    step("debug-off", DEBUGGED, "host set-guest-debug 0, 0, 0, 0, 0", Says::Done("host.software-breakpoint")),
    step(
        "debug-hardware",
        DEBUGGED_BOOKE,
        "host set-guest-debug KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, KVMPPC_DEBUG_BREAKPOINT, 0xd0101010, 0, 0",
        Says::Done("host.hardware-breakpoint"),
    ),
    step("hardware-moved", DEBUGGED_BOOKE, "run mtspr IAC1, r4 with r4 = 0x00202020", Says::Open(OF_USER_SPACE)),
    step("hardware-told", DEBUGGED_BOOKE, "host get-one-reg KVM_REG_PPC_IAC1", Says::Done(OF_USER_SPACE)),
    step("data-moved", DEBUGGED_BOOKE, "run mtspr DAC1, r4 with r4 = 0x00202020", Says::Open(OF_USER_SPACE)),
    step("data-told", DEBUGGED_BOOKE, "host get-one-reg KVM_REG_PPC_DAC1", Says::Done(OF_USER_SPACE)),
    step(
        "process-mapped",
        PROCESSES,
        // An entry of process 5 in TLB0, at an address of no other step's.
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; isync; tlbwe; isync \
            with r4 = 0, r5 = MAS1.V | MAS1.TID(5) | MAS1.TSIZE(1), r6 = 0xd005a000, r7 = SCRATCH | MAS3.SW | MAS3.SR",
        Says::Open("mmu.process"),
    ),
    step("process-5", PROCESSES, "host set-regs PID, 5", Says::Done("host.set-regs")),
    step("process-6", PROCESSES, "host set-regs PID, 6", Says::Done("host.set-regs")),
    step("process-0", PROCESSES, "host set-regs PID, 0", Says::Done("host.set-regs")),
    step(
        "process-load",
        PROCESSES,
        "run lwz r3, 0(r4) with r3 = POISON, r4 = 0xd005a000 gives r3",
        Says::Open("mmu.unmapped-page-interrupts"),
    ),
    step("process-written", PROCESSES, "run mtspr PID, r4 with r4 = 5", Says::Done("host.get-regs")),
    step("process-shown", PROCESSES, "host get-regs PID", Says::Done("host.get-regs")),
    step("process-read", PROCESSES, "mfspr PID", Says::Done("host.set-regs")),
    step("vcpu-id-set", IOCTL_BOOKE, "host set-sregs PIR, 0x33", Says::Refused("host.vcpu-id")),
    step("version-set", IOCTL_BOOKE, "host set-sregs PVR, 0x12345678", Says::Refused("host.set-sregs-pvr")),
    step("vrsave-set", PROCESSES, "host set-one-reg KVM_REG_PPC_VRSAVE, 0x50607080", Says::Done("host.set-one-reg")),
    step("vrsave-read", PROCESSES, "mfspr USPRG0", Says::Done("host.set-one-reg")),
    step(
        "capability-of-nobody",
        IOCTL,
        "host enable-capability 0x7fff0000, 0, 0",
        Says::Refused("host.enable-capability"),
    ),
    step(
        "breakpoint-shown",
        IOCTL_BOOKE,
        "host get-one-reg KVM_REG_PPC_DEBUG_INST",
        Says::Done("host.software-breakpoint"),
    ),
    step("machine-check-happened", PROCESSES, "host set-sregs MCSR, 0x80008000", Says::Done("host.set-sregs")),
    step(
        "machine-check-seen",
        PROCESSES,
        "run mtspr MCSR, r4; mfspr r3, MCSR with r4 = 0x8000 gives r3",
        Says::Done("spr.mcsr-is-cleared-by-ones"),
    ),
    step("machine-check-left", PROCESSES, "host get-sregs MCSR", Says::Done("host.get-sregs")),
    step("machine-check-over", PROCESSES, "host set-sregs MCSR, 0", Says::Done("host.set-sregs")),
    step(
        "cache-flushed",
        &[Feature::E500],
        "run mtspr L1CSR0, r4; mfspr r3, L1CSR0; mtspr L1CSR0, r5 with r4 = L1CSR0.CPE | L1CSR0.CFI | L1CSR0.CE, \
            r5 = L1CSR0.CPE | L1CSR0.CE gives r3",
        Says::Open("spr.configuration-holds-value"),
    ),
    step("translate-5", PROCESSES, "host translate 0x5d005a124", Says::Done("host.translate")),
    step("translate-6", PROCESSES, "host translate 0x6d005a124", Says::Done("host.translate")),
    step("proxy-on", PROXY, "host external-proxy 1, 0x41", Says::Done("irq.external-proxy")),
    step("proxy-vector", PROXY, "mfspr EPR", Says::Done("irq.external-proxy")),
    step("proxy-off", PROXY, "host external-proxy 0, 0", Says::Done("irq.external-proxy")),
    step(
        "call-answered",
        PARTITION,
        "host answer-hcall H_PUT_TERM_CHAR, 0x1122330, 0x71000000",
        Says::Done("hcall.user-space"),
    ),
    step(
        "call-made",
        PARTITION,
        "run papr with r3 = H_PUT_TERM_CHAR, r4 = 0xa4, r5 = 0xa5, r6 = 0xa6, r7 = 0xa7, r8 = 0xa8, r9 = 0xa9, r10 = \
            0xaa, r11 = 0xab, r12 = 0xac gives r3, r4, r5, r6, r7, r8, r9, r10, r11, r12",
        Says::Open("hcall.user-space"),
    ),
    step("call-first-argument", PARTITION, "host hcall-argument 0", Says::Done("hcall.user-space")),
    step("call-last-argument", PARTITION, "host hcall-argument 8", Says::Done("hcall.user-space")),
    step(
        "remove-answered",
        PARTITION,
        "host answer-hcall H_REMOVE, 0x5757, 0x71000000",
        Says::Done("hcall.switched-off"),
    ),
    step("remove-off", PARTITION, "host enable-hcall H_REMOVE, 0", Says::Done("hcall.switched-off")),
    step("remove-on", PARTITION, "host enable-hcall H_REMOVE, 1", Says::Done("hcall.switched-off")),
    step(
        "remove-called",
        PARTITION,
        // Of an entry that no script uses.
        "run papr with r3 = H_REMOVE, r4 = 0, r5 = 116, r6 = 0 gives r3, r4",
        Says::Open("hcall.switched-off"),
    ),
    step(
        "segment-used",
        SEGMENTS,
        "run lwz r3, 0(r4) with r3 = POISON, r4 = 0xd0000000 gives r3",
        Says::Open("page.traps-act-on-page"),
    ),
    // By physical addresses, since a translation of the page's may be one of those that go. The second value is the
    // guest kernel's.
    step(
        "segment-stored",
        SEGMENTS,
        "run mfmsr r5; rlwinm r6, r5, 0, 28, 25; mtmsr r6; isync; stw r4, -3940(r0); mtmsr r5; isync \
            with r4 = SR.KP | SR.VSID(0x4321)    # sr13",
        Says::OpenMsr("page.traps-act-on-page"),
    ),
    step(
        "segment-back",
        SEGMENTS,
        "run mfmsr r5; rlwinm r6, r5, 0, 28, 25; mtmsr r6; isync; stw r4, -3940(r0); mtmsr r5; isync \
            with r4 = SR.KP | SR.VSID(13)    # sr13",
        Says::OpenMsr("page.traps-act-on-page"),
    ),
    step(
        "critical-wakes",
        &[Feature::E500, Feature::Hypercall],
        // A handler of the script's own, `addi r16, r16, 1; mtspr TCR, r10; mtspr CSRR1, r5; rfci`, of the watchdog,
        // for which the guest waits with MSR[CE] alone.
        "run stw r9, 0x300(r3); stw r6, 0x304(r3); stw r7, 0x308(r3); stw r8, 0x30c(r3); dcbst r3, r11; sync; \
            icbi r3, r11; mfspr r14, IVPR; mfspr r15, IVOR12; mtspr IVPR, r3; mtspr IVOR12, r11; mtspr TSR, r12; \
            mtspr TCR, r13; mtmsr r4; mtspr IVPR, r14; mtspr IVOR12, r15 with r3 = SCRATCH + 0x10000, r4 = {waiting}, \
            r5 = {msr}, r6 = insn(mtspr TCR, r10), r7 = insn(mtspr CSRR1, r5), r8 = insn(rfci), \
            r9 = insn(addi r16, r16, 1), r10 = 0, r11 = 0x300, r12 = 0xffffffff, \
            r13 = TCR.WIE | TCR.WPEXT(50 >> 2) | TCR.WP(50 & 3), r16 = 0 gives r16",
        Says::Woken("irq.pending-is-taken-when-enabled"),
    ),
];

const fn step(name: &'static str, needs: &'static [Feature], line: &'static str, says: Says) -> Odd {
    Odd { name, line, needs, lacks: &[], place: Place::Arranged, says }
}
