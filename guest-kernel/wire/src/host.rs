//! Host steps: what a script asks of the host side while the guest waits.
//!
//! The guest fills the host block and stores to [`crate::board::HOST_CALL`]; the VMM (or the reference hypervisor)
//! reads the block, does what it says, writes results and status, and lets the guest go on.
//!
//! ```text
//!   HOST_BLOCK + 0x00  u16 call, u16 argument count, u32 status
//!              + 0x08  8 x u64 arguments
//!              + 0x48  8 x u64 results
//! ```

/// Most arguments, and most results, of one step.
pub const VALUES: usize = 8;
/// Offset of the arguments in the block, bytes.
pub const ARGUMENTS: u32 = 0x08;
/// Offset of the results in the block, bytes.
pub const RESULTS: u32 = ARGUMENTS + 8 * VALUES as u32;
/// Size of the block, bytes.
pub const BLOCK_SIZE: u32 = RESULTS + 8 * VALUES as u32;
const _: () = assert!(crate::layout::HOST_BLOCK + BLOCK_SIZE <= crate::layout::CODE_BASE);

/// The step was carried out.
pub const STATUS_OK: u32 = 0;
/// The host side does not know this step, or this register.
pub const STATUS_UNKNOWN: u32 = 1;
/// The host side refused: an ioctl failed. Result 0 holds the errno.
pub const STATUS_REFUSED: u32 = 2;

/// Why a call was refused, as result 0 has it (include/uapi/asm-generic/errno-base.h and errno.h).
pub mod errno {
    /// Operation not permitted.
    pub const EPERM: u32 = 1;
    /// No such thing.
    pub const ENOENT: u32 = 2;
    /// No such process.
    pub const ESRCH: u32 = 3;
    /// A signal arrived.
    pub const EINTR: u32 = 4;
    /// I/O error.
    pub const EIO: u32 = 5;
    /// Try again.
    pub const EAGAIN: u32 = 11;
    /// Permission denied.
    pub const EACCES: u32 = 13;
    /// It is there already.
    pub const EEXIST: u32 = 17;
    /// Busy.
    pub const EBUSY: u32 = 16;
    /// No such device.
    pub const ENODEV: u32 = 19;
    /// Invalid argument.
    pub const EINVAL: u32 = 22;
    /// No space left.
    pub const ENOSPC: u32 = 28;
    /// Timer expired.
    pub const ETIME: u32 = 62;
    /// Not according to protocol: a call of KVM's has succeeded with an answer that it does not have.
    pub const EPROTO: u32 = 71;
}

/// Bytes that [`Call::ReplaceSlot`] replaces: the largest page of a host, of which a memory slot has whole ones.
pub const SLOT_SIZE: u32 = 0x1_0000;

/// What a host step does; its number in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Call {
    /// KVM_GET_REGS: the register with this index in [`REGS`].
    GetRegs = 1,
    /// KVM_SET_REGS: index and value.
    SetRegs = 2,
    /// KVM_GET_SREGS: the register with this index in [`SREGS`].
    GetSregs = 3,
    /// KVM_SET_SREGS: index and value.
    SetSregs = 4,
    /// KVM_GET_ONE_REG: a KVM_REG_PPC_* identifier.
    GetOneReg = 5,
    /// KVM_SET_ONE_REG: identifier and value.
    SetOneReg = 6,
    /// Saves what the interface can save and goes on in a new VM: the migration question.
    Migrate = 7,
    /// The external interrupt line goes up.
    RaiseExternal = 8,
    /// And down.
    LowerExternal = 9,
    /// The critical interrupt line goes up.
    RaiseCritical = 10,
    /// And down.
    LowerCritical = 11,
    /// The number of the virtual CPU.
    VcpuId = 12,
    /// Another virtual machine runs on this CPU (sprig_isa::other_vm). The assembler adds the registers that it has.
    OtherVm = 13,
    /// The same as `migrate`, with KVM_SET_SREGS in front of KVM_SET_REGS.
    MigrateSregsFirst = 14,
    /// The same as `other-vm`, but both machines run until the second is ended: the scheduler takes the CPU from one in
    /// the middle of its KVM_RUN.
    StartOtherVm = 15,
    /// Ends that one: what it has seen differ.
    EndOtherVm = 16,
    /// KVM_PPC_GET_PVINFO: the flags, and the four words of `hcall`.
    Pvinfo = 17,
    /// KVM_SET_GUEST_DEBUG (sprig_isa::debug): control, and type and address of two breakpoints.
    SetGuestDebug = 18,
    /// What was seen of KVM_EXIT_DEBUG since then: sprig_isa::debug::Debugger::seen.
    DebugStops = 19,
    /// KVM_TRANSLATE: the physical address, and whether there is one.
    Translate = 20,
    /// KVM_CAP_PPC_EPR: on or off, and the vector that KVM_EXIT_EPR is answered with, one more each time.
    ExternalProxy = 21,
    /// KVM_EXIT_PAPR_HCALL (sprig_isa::answer): number, status, and the first of the registers after it.
    AnswerHcall = 22,
    /// What a register of the last call held that was answered so, and how many there were.
    HcallArgument = 23,
    /// KVM_CAP_PPC_ENABLE_HCALL: number, and on or off. Its result is the errno, if it is refused.
    EnableHcall = 24,
    /// KVM_CHECK_EXTENSION of the machine, by the number of the capability.
    Capability = 25,
    /// KVM_ENABLE_CAP of the vCPU: the number of the capability, flags, and the first argument.
    EnableCapability = 26,
    /// As `set-sregs`, with other values in MCSR, TSR and DEC, which are to be left alone then.
    SetSregsBeside = 27,
    /// KVM_INTERRUPT with KVM_INTERRUPT_SET: once, where `raise-external` is until it is lowered.
    RaiseExternalOnce = 28,
    /// How often KVM_RUN has returned with KVM_EXIT_WATCHDOG.
    WatchdogExits = 29,
    /// An entry of the TLB that an e500 guest has in memory of user space, TLB0's first: MAS1, MAS2, MAS7 and MAS3.
    GetTlb = 30,
    /// The same the other way round, with KVM_DIRTY_TLB.
    SetTlb = 31,
    /// Other memory takes the place of the guest's pages from this address on, so many bytes at once, and has this word
    /// throughout.
    ReplaceMemory = 32,
    /// KVM_MEM_LOG_DIRTY_PAGES of the guest's memory on or off.
    LogDirty = 33,
    /// KVM_GET_DIRTY_LOG: whether the page of this address has been written to since logging began, or since the last
    /// time.
    Dirty = 34,
    /// KVM_SET_USER_MEMORY_REGION: the guest's memory is taken away and given back, and the [`SLOT_SIZE`] bytes with
    /// this address, which are not at either end, are other memory, with this word throughout.
    ReplaceSlot = 35,
    /// KVM_REGISTER_COALESCED_MMIO of the board's latch, or KVM_UNREGISTER_COALESCED_MMIO.
    CoalesceMmio = 36,
    /// KVM_CAP_SW_TLB of an e500 guest that runs: how many entries TLB0 has and its ways, and the same of TLB1. TLB0 is
    /// empty then. Its result is the errno, if it is refused.
    ConfigureTlb = 37,
    /// KVM_GET_ONE_REG of a register of 128 bits: its first doubleword in memory, and its second.
    GetWideReg = 38,
    /// KVM_SET_ONE_REG of one: identifier, first doubleword and second.
    SetWideReg = 39,
    /// Type and address of two breakpoints more, which each following [`Self::SetGuestDebug`] has as well.
    MoreBreakpoints = 40,
    /// KVM_CAP_PPC_OSI of the vCPU, and what KVM_EXIT_OSI is answered with (sprig_isa::osi): the first of the registers.
    AnswerOsi = 41,
    /// What a general register held at the last KVM_EXIT_OSI, and how many there were.
    OsiRegister = 42,
    /// KVM_SET_USER_MEMORY_REGION: number of the slot, guest-physical address, length and flags; its memory is the guest's
    /// own, from its beginning.
    GiveSlot = 43,
    /// KVM_GET_STATS_FD of the vCPU: the counter with this index in [`STATISTICS`].
    Statistic = 44,
}

/// One host step.
#[derive(Debug)]
pub struct HostCall {
    /// What it does.
    pub call: Call,
    /// Name in scripts.
    pub name: &'static str,
    /// Number of arguments.
    pub arguments: u8,
    /// Number of results.
    pub results: u8,
}

/// Every host step.
pub static HOST_CALLS: &[HostCall] = &[
    row(Call::GetRegs, "get-regs", 1, 1),
    row(Call::SetRegs, "set-regs", 2, 0),
    row(Call::GetSregs, "get-sregs", 1, 1),
    row(Call::SetSregs, "set-sregs", 2, 0),
    row(Call::GetOneReg, "get-one-reg", 1, 1),
    row(Call::SetOneReg, "set-one-reg", 2, 0),
    row(Call::Migrate, "migrate", 0, 0),
    row(Call::RaiseExternal, "raise-external", 0, 0),
    row(Call::LowerExternal, "lower-external", 0, 0),
    row(Call::RaiseCritical, "raise-critical", 0, 0),
    row(Call::LowerCritical, "lower-critical", 0, 0),
    row(Call::VcpuId, "vcpu-id", 0, 1),
    row(Call::OtherVm, "other-vm", 1, 1),
    row(Call::MigrateSregsFirst, "migrate-sregs-first", 0, 0),
    row(Call::StartOtherVm, "start-other-vm", 1, 0),
    row(Call::EndOtherVm, "end-other-vm", 0, 1),
    row(Call::Pvinfo, "pvinfo", 0, 5),
    row(Call::SetGuestDebug, "set-guest-debug", 5, 0),
    row(Call::DebugStops, "debug-stops", 0, 4),
    row(Call::Translate, "translate", 1, 2),
    row(Call::ExternalProxy, "external-proxy", 2, 0),
    row(Call::AnswerHcall, "answer-hcall", 3, 0),
    row(Call::HcallArgument, "hcall-argument", 1, 2),
    row(Call::EnableHcall, "enable-hcall", 2, 1),
    row(Call::Capability, "capability", 1, 1),
    row(Call::EnableCapability, "enable-capability", 3, 0),
    row(Call::SetSregsBeside, "set-sregs-beside", 2, 0),
    row(Call::RaiseExternalOnce, "raise-external-once", 0, 0),
    row(Call::WatchdogExits, "watchdog-exits", 0, 1),
    row(Call::GetTlb, "get-tlb", 1, 3),
    row(Call::SetTlb, "set-tlb", 4, 0),
    row(Call::ReplaceMemory, "replace-memory", 3, 0),
    row(Call::LogDirty, "log-dirty", 1, 0),
    row(Call::Dirty, "dirty", 1, 1),
    row(Call::ReplaceSlot, "replace-slot", 2, 0),
    row(Call::CoalesceMmio, "coalesce-mmio", 1, 0),
    row(Call::ConfigureTlb, "configure-tlb", 4, 1),
    row(Call::GetWideReg, "get-wide-reg", 1, 2),
    row(Call::SetWideReg, "set-wide-reg", 3, 0),
    row(Call::MoreBreakpoints, "more-breakpoints", 4, 0),
    row(Call::AnswerOsi, "answer-osi", 1, 0),
    row(Call::OsiRegister, "osi-register", 1, 2),
    row(Call::GiveSlot, "give-slot", 4, 1),
    row(Call::Statistic, "statistic", 1, 1),
];

/// The first row's number; each row's is that of the one before it and one.
const FIRST: usize = 1;
const _: () = {
    let mut index = 0;
    while index < HOST_CALLS.len() {
        assert!(HOST_CALLS[index].call as usize == FIRST + index);
        index += 1;
    }
};

const fn row(call: Call, name: &'static str, arguments: u8, results: u8) -> HostCall {
    HostCall { call, name, arguments, results }
}

/// A structure of KVM's whose registers scripts name: they are counted in the block.
#[derive(Debug)]
pub struct Structure {
    /// What it is called in uapi/asm/kvm.h.
    pub name: &'static str,
    /// Its registers, by index.
    pub registers: &'static [&'static str],
}

impl Call {
    /// The structure whose register the first argument is, if it is one.
    #[must_use]
    pub const fn structure(self) -> Option<&'static Structure> {
        match self {
            Self::GetRegs | Self::SetRegs => Some(&Structure { name: "struct kvm_regs", registers: REGS }),
            Self::GetSregs | Self::SetSregs | Self::SetSregsBeside => {
                Some(&Structure { name: "struct kvm_sregs", registers: SREGS })
            }
            Self::Statistic => Some(&Structure { name: "the statistics of a vCPU", registers: STATISTICS }),
            _ => None,
        }
    }

    /// True if a number of its registers (`sprig_isa::other_vm::Registers`) is added to the arguments of a script.
    #[must_use]
    pub const fn makes_other_vm(self) -> bool {
        matches!(self, Self::OtherVm | Self::StartOtherVm)
    }

    /// Its row.
    #[must_use]
    pub fn description(self) -> &'static HostCall {
        &HOST_CALLS[self as usize - FIRST]
    }
}

impl HostCall {
    /// The step with this number in the block.
    #[must_use]
    pub fn by_number(number: u16) -> Option<&'static Self> {
        HOST_CALLS.get(usize::from(number).checked_sub(FIRST)?)
    }

    /// The step of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        HOST_CALLS.iter().find(|call| call.name == name)
    }
}

/// Registers of `struct kvm_regs` (uapi/asm/kvm.h) that scripts may name, by index.
pub const REGS: &[&str] = &[
    "PC", "CR", "CTR", "LR", "XER", "MSR", "SRR0", "SRR1", "PID", "SPRG0", "SPRG1", "SPRG2", "SPRG3", "SPRG4", "SPRG5",
    "SPRG6", "SPRG7",
];

/// Counters of a vCPU that scripts may name, by index: `kvm_vcpu_stats_desc` (arch/powerpc/kvm/booke.c) has them in small
/// letters.
pub const STATISTICS: &[&str] = &[
    "MMIO_EXITS",
    "EMULATED_INST_EXITS",
    "SYSCALL_EXITS",
    "DSI_EXITS",
    "DTLB_REAL_MISS_EXITS",
    "ITLB_REAL_MISS_EXITS",
];

/// Registers of `struct kvm_sregs` (uapi/asm/kvm.h) that scripts may name, by index: MAS7 and MAS3 are halves of one
/// member. TB is the time base, FEATURES and IMPL_ID say what else the structure holds; KVM_SET_SREGS changes none of
/// these. What follows is of the server families: SDR1, and both halves of entry 14 of the SLB, which stands for all of
/// them.
pub const SREGS: &[&str] = &[
    "PVR", "CSRR0", "CSRR1", "ESR", "DEAR", "MCSR", "TSR", "TCR", "DEC", "VRSAVE", "PIR", "DECAR", "IVPR", "MCSRR0",
    "MCSRR1", "MAS0", "MAS1", "MAS2", "MAS3", "MAS7", "MAS4", "MAS6", "IVOR0", "IVOR1", "IVOR2", "IVOR3", "IVOR4",
    "IVOR5", "IVOR6", "IVOR7", "IVOR8", "IVOR9", "IVOR10", "IVOR11", "IVOR12", "IVOR13", "IVOR14", "IVOR15", "IVOR32",
    "IVOR33", "IVOR34", "IVOR35", "MMUCFG", "TLB0CFG", "TLB1CFG", "SVR", "MCAR", "HID0", "TB", "FEATURES", "IMPL_ID",
    "SDR1", "SLBE14", "SLBV14",
];
