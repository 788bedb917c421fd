//! Every wrong hypervisor, and every known bug that none of them has.

use sprig_isa::spr::number as n;

use super::Applies::{Embedded, Every, LittleEndian, Partition, Register, Server, Server32, Server64, Wide};
use super::{Description, Inexpressible, Layer};

/// A row makes the variant and its description:
///
/// ```text
/// Variant, "name", Layer, whom it concerns,
///     "what such a hypervisor does",
///     "the bug it stands for";
/// ```
macro_rules! deviations {
    ($($variant:ident, $id:literal, $layer:ident, $applies:expr, $prose:literal, $stands_for:literal
        $(, equivalent: $why:literal)?;)*) => {
        /// What a hypervisor does otherwise than it should.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // DEVIATIONS describes each
        #[repr(u8)]
        pub enum Deviation {
            $($variant,)*
        }

        /// Every deviation.
        pub static DEVIATIONS: &[Description] = &[$(Description {
            deviation: Deviation::$variant,
            id: $id,
            layer: Layer::$layer,
            applies: $applies,
            prose: $prose,
            stands_for: $stands_for,
            equivalent: deviations!(@why $($why)?),
        },)*];
    };
    (@why) => { None };
    (@why $why:literal) => { Some($why) };
}

deviations! {
    // ---- cpu: what the hardware's registers hold while the guest runs ----

    AliasClobberedByHost, "alias-clobbered-by-host", Cpu, Every,
        "an interrupt of the host leaves a host value in the last alias register",
        "Linux 8b64a9dfb091, powerpc/booke64: use SPRG0/3 scratch for bolted TLB miss & crit int: SPRG4-7 were the host's scratch";
    AliasShowsHost, "alias-shows-host", Cpu, Register(n::USPRG3),
        "the register of USPRG3 holds a host pointer while the guest runs",
        "Linux 6.12, arch/powerpc/kvm/booke_interrupts.S, live: SPRG3 is the host's thread pointer, and mfspr 259 does not trap";
    Sprg3NotLoaded, "sprg3-not-loaded", Cpu, Register(n::USPRG3),
        "entry loads the register of USPRG4-7 and not that of USPRG3",
        "Linux c8ae0ace104f, KVM: PPC: Book3S PR: load up SPRG3 register with guest value on guest entry";
    Sprg3BigEndian, "sprg3-big-endian", Cpu, LittleEndian,
        "entry takes the page for big-endian when it loads the register of USPRG3",
        "Linux 5deb8e7ad8ac, KVM: PPC: make shared struct aka magic page guest endian: book3s_interrupts.S loads by the page's order";
    AliasHighWord, "alias-high-word", Cpu, Register(n::USPRG4),
        "entry loads the high word of the page's 64-bit field instead of the low one",
        "arch/powerpc/kvm/booke_interrupts.S, lightweight_exit, with the offset of the doubleword for that of its low word";
    AliasesSwapped, "aliases-swapped", Cpu, Register(n::USPRG4),
        "entry loads sprg5 into the register of USPRG6 and sprg6 into that of USPRG5",
        "arch/powerpc/kvm/booke_interrupts.S, lightweight_exit, with two offsets interchanged";
    AliasNotReloaded, "alias-not-reloaded", Cpu, Every,
        "entry does not load the alias registers: USPRG3-7 show what they held at power-on",
        "Linux before b59049720dd9, KVM: PPC: paravirtualize SPRG4-7, ESR, PIR, MASn, had it had the page's fields";
    AliasReloadedRarely, "alias-reloaded-rarely", Cpu, Every,
        "the alias registers are loaded when user space or the host had the CPU, not after an emulated trap",
        "arch/powerpc/kvm/booke_interrupts.S, with the loads in heavyweight_exit instead of lightweight_exit";
    AliasLateAfterWrite, "alias-late-after-write", Cpu, Every,
        "an emulated mtspr writes the page, and the alias registers are loaded at the exit after that one",
        "kvm_para.h, comment above sprg4: the trap of the mtspr is the intervening exit";
    AliasesOfOtherGuest, "aliases-of-other-guest", Cpu, Register(n::USPRG4),
        "entry leaves the alias registers alone where the guest has not changed the page since it was last entered, though another guest had the CPU",
        "arch/powerpc/kvm/e500mc.c, kvmppc_core_vcpu_load_e500mc: what a CPU was last loaded with is kept by CPU (last_vcpu_of_lpid), and would be missed if it were kept by guest";
    HostLosesUsprg0, "host-loses-usprg0", Cpu, Register(n::USPRG0),
        "an interrupt of the host leaves zero in USPRG0, which the guest's problem state owns",
        "arch/powerpc/kvm/powerpc.c, kvm_arch_vcpu_load and kvm_arch_vcpu_put, without the lines about VRSAVE";
    AliasStaleInHandler, "alias-stale-in-handler", Cpu, Every,
        "the alias registers are not loaded where the guest goes on in a handler for what it did itself",
        "arch/powerpc/kvm/booke_interrupts.S, lightweight_exit, had an interrupt that is delivered at once a way of its own into the guest";
    CacheLockingOpen, "cache-locking-open", Cpu, Register(n::MAS0),
        "a program of the guest locks lines of the caches whatever its MSR[UCLE] says",
        "arch/powerpc/kvm/booke.c, kvmppc_core_vcpu_create: the shadow MSR is MSR_USER | MSR_IS | MSR_DS, and MSR_UCLE if it let a guest kernel lock";

    // ---- emulation: what a privileged instruction does ----

    SprgsSwapped, "sprgs-swapped", Emulation, Every,
        "an emulated mtspr to SPRG1 writes SPRG2 and vice versa",
        "arch/powerpc/kvm/emulate.c, kvmppc_emulate_mtspr, with two cases interchanged";
    MfsprLeavesTarget, "mfspr-leaves-target", Emulation, Every,
        "an emulated mfspr of PIR or, where the CPU has none, of PVR leaves its target register as it was",
        "Linux 54771e6217ce, KVM: PPC: emulator: clean up SPR reads and writes: a bare break left the target alone";
    Mas3ClobbersMas7, "mas3-clobbers-mas7", Emulation, Register(n::MAS3),
        "an emulated mtspr to MAS3 writes all of mas7_3, so that MAS7 becomes zero",
        "arch/powerpc/kvm/e500_emulate.c, SPRN_MAS3, without the mask that keeps the half of MAS7";
    Sprg4Unreadable, "sprg4-unreadable", Emulation, Register(n::SPRG4),
        "mfspr of SPRG4-7 is an illegal instruction, mtspr is not",
        "Linux 6.12, arch/powerpc/kvm/booke_emulate.c, kvmppc_booke_emulate_mfspr, live: there is no case for 276 to 279";
    Sprg8Absent, "sprg8-absent", Emulation, Register(n::SPRG8),
        "mfspr and mtspr of SPRG8 and SPRG9 are illegal instructions",
        "Linux 6.12, arch/powerpc/kvm/booke_emulate.c, live: there is no case for 604 and 605";
    MachineCheckRegistersAbsent, "machine-check-registers-absent", Emulation, Register(n::MCSRR0),
        "mfspr and mtspr of MCSRR0 and MCSRR1 are illegal instructions",
        "Linux 6.12, arch/powerpc/kvm/booke_emulate.c, live: there is no case for 570 and 571";
    RfmciAbsent, "rfmci-absent", Emulation, Embedded,
        "rfmci is an illegal instruction",
        "Linux 6.12, arch/powerpc/kvm/booke_emulate.c, kvmppc_booke_emulate_op, live: it has rfi, rfci and rfdi";
    Sprg4Dropped, "sprg4-dropped", Emulation, Register(n::SPRG4),
        "an emulated mtspr to SPRG4-7 does nothing, and mfspr gives zero, whatever the page holds",
        "Linux 6.12, arch/powerpc/kvm/book3s_emulate.c, live: no case for 276 to 279, though the feature bit claims the fields";
    UndefinedSprStops, "undefined-spr-stops", Emulation, Every,
        "mfspr and mtspr of a number the CPU does not have end the virtual machine",
        "Linux 6.12, arch/powerpc/kvm/booke.c, emulation_exit, live: KVM_EXIT_UNKNOWN for what fails to be emulated";
    UndefinedSprZero, "undefined-spr-zero", Emulation, Every,
        "mfspr of a number the CPU does not have gives zero and causes no interrupt",
        "Linux 6.12, arch/powerpc/kvm/book3s_emulate.c, kvmppc_core_emulate_mfspr_pr by default, live";
    UndefinedSprIgnored, "undefined-spr-ignored", Emulation, Every,
        "mtspr of a number the CPU does not have does nothing and causes no interrupt",
        "Linux 6.12, arch/powerpc/kvm/book3s_emulate.c, kvmppc_core_emulate_mtspr_pr by default, live";
    WrteeiWrongBit, "wrteei-wrong-bit", Emulation, Embedded,
        "wrteei changes MSR[CE], not MSR[EE]",
        "QEMU fbe73008f23e, fix wrong bit/mask of wrteei";
    MtmsrdLosesInterrupt, "mtmsrd-loses-interrupt", Emulation, Server64,
        "mtmsrd with L = 1 that sets EE delivers nothing: what is pending waits for another exit",
        "QEMU 5ed195065cc6, target/ppc: fix mtmsr(d) L=1 variant that loses interrupts";
    TimeBaseHalvesSwapped, "time-base-halves-swapped", Emulation, Register(n::TBWL),
        "mfspr of the numbers that write the time base reads it, and each gives the other's half",
        "Linux 6.12, arch/powerpc/kvm/emulate.c, kvmppc_emulate_mfspr, SPRN_TBWL and SPRN_TBWU, live";
    TimeBaseWriteSwapped, "time-base-write-swapped", Emulation, Register(n::TBWL),
        "an emulated mtspr to TBWL writes the upper half of the time base, one to TBWU the lower",
        "the same two cases of arch/powerpc/kvm/emulate.c, had they written it";
    IvprUnmasked, "ivpr-unmasked", Emulation, Register(n::IVPR),
        "an emulated mtspr to IVPR keeps the low 16 bits",
        "Linux 6.12, arch/powerpc/kvm/booke_emulate.c, SPRN_IVPR, live";
    EmulatedInProblemState, "emulated-in-problem-state", Emulation, Every,
        "a privileged instruction of the guest's problem state is emulated as its kernel's is",
        "QEMU 04f20795ac81, which mended from where SPRG4-7 may be read";
    PirApartFromPage, "pir-apart-from-page", Emulation, Embedded,
        "an emulated mfspr of PIR gives the number of the virtual CPU, whatever the page's pir holds",
        "Linux 6.12, arch/powerpc/kvm/emulate.c, SPRN_PIR, live: a patched mfspr reads what the guest has stored, a trapped one does not";
    MtmsrLosesUnitBits, "mtmsr-loses-unit-bits", Emulation, Every,
        "an emulated mtmsr leaves FE0 and FE1 as they were",
        "arch/powerpc/kvm/book3s_pr.c, kvmppc_set_msr_pr: what is written is cut by msr_mask, had that too few bits";
    TimerStatusAllCleared, "timer-status-all-cleared", Emulation, Embedded,
        "an emulated mtspr to TSR clears all of it, whatever bits are written",
        "arch/powerpc/kvm/booke_emulate.c, SPRN_TSR, with kvmppc_set_tsr(vcpu, 0) for kvmppc_clr_tsr_bits";
    TlbreForgetsSelection, "tlbre-forgets-selection", Emulation, Embedded,
        "an emulated tlbre clears MAS0, and with it which entry was read",
        "arch/powerpc/kvm/e500_mmu.c, kvmppc_e500_emul_tlbre, with an assignment of MAS0_NV for clearing and setting it";

    // ---- page: where it is seen and what is in it ----

    PageMsrUnsafe, "page-msr-unsafe", Page, Every,
        "every bit the guest stores to the page's msr is taken, not only EE and RI",
        "Documentation/virt/kvm/ppc-pv.rst, MSR bits: any other needs the real instruction";
    PageMsrIgnored, "page-msr-ignored", Page, Every,
        "what the guest stores to the page's msr is not taken: EE set there enables nothing",
        "Documentation/virt/kvm/ppc-pv.rst, MSR bits: EE and RI are interpreted when entering the guest";
    PageAtZero, "page-at-zero", Page, Embedded,
        "the page is at effective address 0 before the guest maps it",
        "Linux 6.12, arch/powerpc/kvm/booke.c, BOOKE_INTERRUPT_DTLB_MISS, live: magic_page_ea is zero until it is set";
    PageBigEndian, "page-big-endian", Page, LittleEndian,
        "the page is big-endian for every guest",
        "Linux before 5deb8e7ad8ac, KVM: PPC: make shared struct aka magic page guest endian";
    PageLittleEndian, "page-little-endian", Page, Partition,
        "the page is in the byte order of a little-endian host for every guest that maps it",
        "Linux 6.12, arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, without the call of kvmppc_swab_shared";
    Sprg4NotReordered, "sprg4-not-reordered", Page, LittleEndian,
        "when the page changes its byte order sprg4 to sprg7 keep the old one",
        "Linux 6.12, arch/powerpc/kvm/powerpc.c, kvmppc_swab_shared, live: it does not have them";
    PageMissingInRealMode, "page-missing-in-real-mode", Page, Server,
        "with data translation off the page is nowhere",
        "arch/powerpc/kvm/book3s_pr.c, kvmppc_visible_gpa, without the test for magic_page_pa";
    PageReadOnly, "page-read-only", Page, Every,
        "stores of the guest to the page's address do not reach it",
        "arch/powerpc/kvm/e500_mmu_host.c, kvmppc_map_magic, without MAS3_UW";
    PageSurvivesReset, "page-survives-reset", Page, Every,
        "a reset of the guest leaves the page mapped, with what is in it",
        "Linux 6.12, arch/powerpc/kvm/powerpc.c, live: nothing but the hypercall writes magic_page_ea";
    PageInOneSpace, "page-in-one-space", Page, Embedded,
        "the page is in address space 0 only: with MSR[DS] = 1 its address is not mapped",
        "Linux 6.12, arch/powerpc/kvm/e500_mmu_host.c, kvmppc_map_magic, live: the entry is tagged for address space 0";
    PageBehindTranslation, "page-behind-translation", Page, Server,
        "the guest's own translation to the physical address of the page reaches the page, in problem state too",
        "Linux 6.12, arch/powerpc/kvm/book3s.c, kvmppc_gpa_to_pfn, live: it does not ask for MSR[PR]";
    PageSliceWrong, "page-slice-wrong", Page, Partition,
        "where the host's pages are 64 KiB the guest sees the 4 KiB of them that its physical address chooses, not those with the page",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv: on such a host it moves the structure to where its address says";
    CriticalBeforeMap, "critical-before-map", Page, Every,
        "r1 = 0 withholds interrupts before the guest maps the page, whose critical field is 0",
        "Linux 6.12, arch/powerpc/kvm/booke.c, kvmppc_booke_irqprio_deliver, live: it compares whether or not there is a page";

    // ---- hypercall ----

    MapArgumentsSwapped, "map-arguments-swapped", Hypercall, Every,
        "MAP_MAGIC_PAGE takes r3 for the effective and r4 for the physical address, as ppc-pv.rst has it",
        "Documentation/virt/kvm/ppc-pv.rst, The magic page, live: it has the two parameters the wrong way round";
    MapFlagsInAddress, "map-flags-in-address", Hypercall, Every,
        "MAP_MAGIC_PAGE takes the flags in r4 for part of the address, so that no page matches it",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, without the mask of magic_page_ea";
    MapMapsNothing, "map-maps-nothing", Hypercall, Every,
        "MAP_MAGIC_PAGE reports success and features, and maps nothing",
        "Linux 6.12, arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv on e500mc, live";
    NoExecuteKept, "no-execute-kept", Hypercall, Server64,
        "MAP_MAGIC_PAGE without MAGIC_PAGE_FLAG_NOT_MAPPED_NX leaves no-execute pages as they are",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, disable_kernel_nx: older Linux guests have their trampolines in such pages";
    NoExecuteIgnored, "no-execute-ignored", Hypercall, Server64,
        "MAP_MAGIC_PAGE makes no-execute pages executable whatever its flags say",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, without the test for MAGIC_PAGE_FLAG_NOT_MAPPED_NX";
    HypercallFromUser, "hypercall-from-user", Hypercall, Every,
        "the hypercall sequence is answered in problem state too",
        "arch/powerpc/kvm/booke.c, BOOKE_INTERRUPT_SYSCALL, without the test of MSR[PR]";
    FeaturesAsNumber, "features-as-number", Hypercall, Every,
        "KVM_HC_FEATURES answers with the number of the feature's bit, not with the bit",
        "include/linux/kvm_para.h, kvm_para_has_feature: 1 << feature";
    FeaturesEmpty, "features-empty", Hypercall, Every,
        "KVM_HC_FEATURES does not report the page that MAP_MAGIC_PAGE maps",
        "arch/powerpc/kvm/powerpc.c, KVM_HC_FEATURES, with a CPU missing from its #if";
    MapFeaturesOne, "map-features-one", Hypercall, Every,
        "MAP_MAGIC_PAGE reports only the segment registers",
        "Linux before b59049720dd9, KVM: PPC: paravirtualize SPRG4-7, ESR, PIR, MASn: KVM_MAGIC_FEAT_SR was all";
    MapFeaturesNone, "map-features-none", Hypercall, Every,
        "MAP_MAGIC_PAGE reports no features",
        "Documentation/virt/kvm/ppc-pv.rst, Magic page features: a second return value";
    UnknownCallSucceeds, "unknown-call-succeeds", Hypercall, Every,
        "a hypercall the hypervisor does not know returns EV_SUCCESS",
        "Documentation/virt/kvm/ppc-pv.rst, KVM hypercalls, return codes";
    UnknownCallMinusOne, "unknown-call-minus-one", Hypercall, Every,
        "a hypercall the hypervisor does not know returns -1",
        "QEMU target/ppc/kvm.c, kvmppc_get_hypercall: what the sequence does where the kernel has none to offer";
    UnknownCallStops, "unknown-call-stops", Hypercall, Every,
        "a hypercall the hypervisor does not know ends the virtual machine",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv by default, with an exit to user space";
    ResultKept, "result-kept", Hypercall, Every,
        "a hypercall without a result leaves r4 as it was",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv: it always writes r4";
    ResultsClobbered, "results-clobbered", Hypercall, Every,
        "a hypercall leaves something in r5",
        "Documentation/virt/kvm/ppc-pv.rst, KVM hypercalls: r5 may be a result, of which no call has one";
    TokenWide, "token-wide", Hypercall, Wide,
        "the upper half of r11 is part of the token",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, with a long for the int";
    VendorIgnored, "vendor-ignored", Hypercall, Every,
        "the number of a hypercall decides, whatever its vendor",
        "arch/powerpc/include/uapi/asm/epapr_hcalls.h, _EV_HCALL_TOKEN: the vendor is the token's upper half";
    OsiAnswered, "osi-answered", Hypercall, Every,
        "sc with the magic values of the OSI interface goes to user space, from problem state too",
        "arch/powerpc/kvm/book3s_pr.c, BOOK3S_INTERRUPT_SYSCALL, without the test of osi_enabled, which comes before that of MSR[PR]";
    OsiAnswerLost, "osi-answer-lost", Hypercall, Server,
        "the registers that user space answers a call of the OSI interface with do not reach the guest",
        "arch/powerpc/kvm/powerpc.c, kvm_arch_vcpu_ioctl_run, without osi_needed";
    PaprFromUser, "papr-from-user", Hypercall, Partition,
        "sc with LEV = 1 in problem state is answered as a call to PAPR",
        "arch/powerpc/kvm/book3s_pr.c, BOOK3S_INTERRUPT_SYSCALL, without the test of MSR[PR]";
    ReversedCallSkips, "reversed-call-skips", Hypercall, LittleEndian,
        "a hypercall instruction in the other byte order returns EV_UNIMPLEMENTED and skips the next instruction",
        "Linux 6.12, arch/powerpc/kvm/book3s_emulate.c, the case of 0x44000002 reversed, live: measured, the PC moves by 8";
    SystemCallStopsHost, "system-call-stops-host", Hypercall, Every,
        "an sc of the guest ends the host",
        "Linux 6.12, arch/powerpc/kernel/head_85xx.S, live: KVM's copy of the system call's handler does not fit its vector";
    HypercallSetsSrr, "hypercall-sets-srr", Hypercall, Every,
        "a hypercall leaves the address and the MSR of its sc in SRR0 and SRR1, as a system call does",
        "arch/powerpc/kvm/booke.c, BOOKE_INTERRUPT_SYSCALL, with both of its branches instead of one";

    // ---- interrupt ----

    IntPendingZero, "int-pending-zero", Interrupt, Every,
        "the page's int_pending is always 0",
        "arch/powerpc/kvm/booke.c, kvmppc_core_prepare_to_enter, without its last lines";
    IntPendingOne, "int-pending-one", Interrupt, Every,
        "the page's int_pending is always 1",
        "arch/powerpc/kvm/book3s.c, kvmppc_update_int_pending, without the case that clears it";
    IntPendingWithoutEe, "int-pending-without-ee", Interrupt, Every,
        "the page's int_pending is set only while EE is off, and not for what a critical section withholds",
        "arch/powerpc/kvm/booke.c, kvmppc_core_prepare_to_enter, if it had the page's EE in its condition";
    CriticalIgnored, "critical-ignored", Interrupt, Every,
        "interrupts are delivered whatever the page's critical field says",
        "kvm_para.h, critical: guest may not get interrupts if == r1";
    CriticalInUser, "critical-in-user", Interrupt, Every,
        "critical equal to r1 withholds interrupts in problem state too",
        "arch/powerpc/kvm/book3s.c, kvmppc_critical_section, without the test of MSR[PR]";
    UnitOffKeepsSyndrome, "unit-off-keeps-syndrome", Interrupt, Register(n::SPEFSCR),
        "the interrupt for an SPE instruction leaves in ESR what an earlier one has left",
        "Linux 6.12, arch/powerpc/kvm/booke.c, kvmppc_booke_irqprio_deliver, live: SPE_UNAVAIL lies behind the labels that update ESR";
    HandlerWithoutMe, "handler-without-me", Interrupt, Server32,
        "every handler begins with MSR[ME] off",
        "Linux 6.12, arch/powerpc/kvm/book3s_pr.c, kvmppc_inject_interrupt_pr, live: intr_msr is 0 for a 32-bit guest";
    ResetAtEntry, "reset-at-entry", Interrupt, Server32,
        "every entry injects a system reset",
        "Linux 6.12, arch/powerpc/kvm/book3s.c, kvmppc_core_prepare_to_enter, live: __ffs(0)";
    TraceOverEmulated, "trace-over-emulated", Interrupt, Server,
        "the trace interrupt of an instruction that the hypervisor emulates comes after the next one",
        "Linux 6.12, arch/powerpc/kvm/book3s_pr.c, kvmppc_exit_pr_progint, live: it gives a guest the CPU's trace interrupts alone";
    ExitStopsHost, "exit-stops-host", Interrupt, Every,
        "the hypervisor takes the number of an exit from the wrong register, and ends at the first",
        "Linux 6.12, arch/powerpc/kvm/booke_interrupts.S, live: kvmppc_handle_exit is called with exit_nr in r5";
    CallAfterInterrupt, "call-after-interrupt", Interrupt, Every,
        "of a system call and an interrupt that both wait, the interrupt is delivered first, and the call in its handler",
        "arch/powerpc/kvm/booke.h, BOOKE_IRQPRIO_SYSCALL behind BOOKE_IRQPRIO_DECREMENTER";
    IdleDeafToCritical, "idle-deaf-to-critical", Interrupt, Embedded,
        "a guest that waits is woken by what MSR[EE] lets through alone: a watchdog's interrupt leaves it asleep",
        "arch/powerpc/kvm/booke.c, kvmppc_core_check_exceptions and kvm_arch_vcpu_runnable, without the critical class";
    MachineCheckKeepsMe, "machine-check-keeps-me", Interrupt, Register(n::MCSRR0),
        "the handler of a machine check begins with machine checks enabled",
        "arch/powerpc/kvm/booke.c, kvmppc_booke_irqprio_deliver, with MSR_ME in msr_mask as a critical interrupt has it";
    VectorUnavailableIllegal, "vector-unavailable-illegal", Interrupt, Server,
        "a vector instruction is an illegal one while the guest's MSR[VEC] is off",
        "arch/powerpc/kvm/book3s_pr.c, kvmppc_handle_exit_pr, without BOOK3S_INTERRUPT_ALTIVEC among those for kvmppc_handle_ext";

    // ---- mmu ----

    MapWithoutFlush, "map-without-flush", Mmu, Every,
        "MAP_MAGIC_PAGE keeps translations made before: memory that was touched hides the page",
        "arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, without KVM_REQ_TLB_FLUSH";
    MapWithFlagWithoutFlush, "map-with-flag-without-flush", Mmu, Every,
        "MAP_MAGIC_PAGE with MAGIC_PAGE_FLAG_NOT_MAPPED_NX keeps translations made before",
        "Linux 6.12, arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv, live: it flushes only where the flag is missing";
    PageInProblemState, "page-in-problem-state", Mmu, Every,
        "the page's address reaches the page in problem state as well",
        "arch/powerpc/kvm/booke.c, BOOKE_INTERRUPT_DTLB_MISS, without the test of MSR[PR]";
    NoExecuteLiftedForPrograms, "no-execute-lifted-for-programs", Mmu, Server64,
        "MAP_MAGIC_PAGE without MAGIC_PAGE_FLAG_NOT_MAPPED_NX makes the no-execute pages of programs executable too",
        "arch/powerpc/kvm/book3s_64_mmu.c, kvmppc_mmu_book3s_64_xlate, disable_kernel_nx without the test of MSR_PR";
    SegmentsNotFlushed, "segments-not-flushed", Mmu, Server32,
        "segment registers that the guest has stored to the page are taken, and translations by the old ones stay",
        "arch/powerpc/kvm/book3s_32_mmu.c, kvmppc_mmu_book3s_32_mtsrin: it flushes the segment, which a store to the page does not reach";

    // ---- host ----

    GetRegsWithoutSprg4, "get-regs-without-sprg4", Host, Every,
        "KVM_GET_REGS does not fill in sprg4 to sprg7",
        "arch/powerpc/kvm/booke.c, kvm_arch_vcpu_ioctl_get_regs, without its lines about them";
    RegsShifted, "regs-shifted", Host, Every,
        "KVM_GET_REGS and KVM_SET_REGS take each of sprg4 to sprg6 for the next",
        "arch/powerpc/include/uapi/asm/kvm.h, struct kvm_regs: sprg0 to sprg7, one after the other";
    VrsaveNotSet, "vrsave-not-set", Host, Register(n::USPRG0),
        "VRSAVE of KVM_SET_SREGS is lost",
        "Linux 6.12, arch/powerpc/kvm/booke.c, kvm_arch_vcpu_ioctl_set_sregs, live: vcpu_put overwrites what was set";
    ProcessNotFlushed, "process-not-flushed", Host, Embedded,
        "PID of KVM_SET_REGS changes the register, and translations of the process before stay",
        "arch/powerpc/kvm/booke.c, kvm_arch_vcpu_ioctl_set_regs, with a store to pid for kvmppc_set_pid";
    MasNotSet, "mas-not-set", Host, Register(n::MAS0),
        "KVM_SET_ONE_REG of a MAS register reports success and sets nothing",
        "Linux 6.12, arch/powerpc/kvm/e500.c, kvmppc_set_one_reg_e500, live: it calls the function that reads";
    PvinfoLowHalfTwice, "pvinfo-low-half-twice", Host, Every,
        "the instructions that KVM_PPC_GET_PVINFO gives load the low half of the magic number twice",
        "arch/powerpc/kvm/powerpc.c, kvm_vm_ioctl_get_pvinfo, without its shift by 16";
    BreakpointReflected, "breakpoint-reflected", Host, Every,
        "a debugger's breakpoint in problem state is an illegal instruction in the guest",
        "Linux 6.12, arch/powerpc/kvm/book3s_pr.c, kvmppc_exit_pr_progint, live: it hands on what problem state does first";
    StepOverEmulated, "step-over-emulated", Host, Every,
        "a step does not end after an instruction that the hypervisor emulates",
        "Linux 6.12, arch/powerpc/kvm/emulate.c, kvmppc_emulate_instruction, live: a step ends by the CPU's interrupt alone";
    DebugRegistersAreGuests, "debug-registers-are-guests", Host, Embedded,
        "a guest that user space debugs can change its breakpoints",
        "arch/powerpc/kvm/booke_emulate.c, kvmppc_booke_emulate_mtspr, without its tests of guest_debug";
    TranslateAnyProcess, "translate-any-process", Host, Register(n::MAS0),
        "KVM_TRANSLATE does not check whose a translation is",
        "arch/powerpc/kvm/e500_mmu.c, kvmppc_core_vcpu_translate, with 0 for the process of the address";
    VectorNotAsked, "vector-not-asked", Host, Register(n::EPR),
        "an external interrupt leaves EPR as it was",
        "arch/powerpc/kvm/booke.c, kvmppc_booke_irqprio_deliver: external proxy looked for before EXTERNAL_LEVEL becomes EXTERNAL";
    EdgeLeavesMark, "edge-leaves-mark", Host, Every,
        "behind an external interrupt of KVM_INTERRUPT_SET that was taken back, a level is delivered once and forgotten",
        "Linux 6.12, arch/powerpc/kvm/book3s.c, kvmppc_core_dequeue_external, live: external_oneshot stays set";
    SwitchedOffAnswered, "switched-off-answered", Host, Partition,
        "a hypercall that user space has switched off is answered all the same",
        "Linux 6.12, arch/powerpc/kvm/book3s_hv.c, kvmhv_p9_guest_entry, live: H_CEDE is carried out before anybody looks";
    EnablesUnknownHcall, "enables-unknown-hcall", Host, Every,
        "KVM_CAP_PPC_ENABLE_HCALL of a hypercall that there is not reports success",
        "arch/powerpc/kvm/powerpc.c, kvm_vm_ioctl_enable_cap, without its test of kvmppc_book3s_hcall_implemented";
    HcallArgumentsShifted, "hcall-arguments-shifted", Host, Partition,
        "user space is told of a hypercall's registers from r5 on, and of r4 last",
        "arch/powerpc/kvm/book3s_pr.c, BOOK3S_INTERRUPT_SYSCALL, with 5 + i for the register of an argument";
    HcallLastRegisterKept, "hcall-last-register-kept", Host, Partition,
        "r12 is not loaded with what user space answers there",
        "arch/powerpc/kvm/powerpc.c, kvm_arch_vcpu_ioctl_run, with 8 for the registers of a hypercall's answer";
}

/// Known bugs that no row has, and why.
pub static INEXPRESSIBLE: &[Inexpressible] = &[
    Inexpressible {
        prose: "the page's pir is zero on every virtual CPU, while mfspr of PIR by trap gives its number",
        stands_for: "Linux 6.12, arch/powerpc/kvm/book3s_pr.c, live: nothing writes it",
        reason: "the reference's guest has one virtual CPU, with number 0: nobody can tell the two",
    },
    Inexpressible {
        prose: "msgsnd of a critical doorbell delivers a normal one",
        stands_for: "Linux 4ab969199e, arch/powerpc/kvm/e500_emulate.c, live: dbell2prio of the register's number",
        reason: "doorbells are e500mc's, and the reference has no CPU with the embedded hypervisor category",
    },
    Inexpressible {
        prose: "KVM_GET_ONE_REG and KVM_SET_ONE_REG of EPR use the register of whatever virtual CPU ran last",
        stands_for: "Linux 6.12, arch/powerpc/include/asm/kvm_ppc.h, kvmppc_get_epr, live: no vcpu_load",
        reason: "as above, and it takes two virtual CPUs",
    },
    Inexpressible {
        prose: "each translation of the page takes a reference to its memory that is never given back",
        stands_for: "Linux 6.12, arch/powerpc/kvm/e500_mmu_host.c, kvmppc_map_magic, live: get_page without put_page",
        reason: "neither a guest nor its user space sees the host's memory",
    },
    Inexpressible {
        prose: "after a store to the page's sprg3 USPRG3 shows the old value until the next entry",
        stands_for: "kvm_para.h, comment above sprg4",
        reason: "no bug: the contract allows it, and the right hypervisor does it",
    },
    Inexpressible {
        prose: "a Linux guest never patches itself, because its test of the page is refused",
        stands_for: "Linux 6.12, arch/powerpc/kernel/kvm.c, kvm_use_magic_page, live",
        reason: "a bug of a guest: Sprig is the guest",
    },
    Inexpressible {
        prose: "QEMU with KVM-PR ends when the guest sets DAWR by H_SET_MODE",
        stands_for: "QEMU 10.0.2, hw/ppc/spapr_hcall.c, live: an assertion",
        reason: "a bug of user space, in a resource of H_SET_MODE that the reference's does not have",
    },
];
