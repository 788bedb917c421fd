//! Host steps: what a script asks of the host side while the guest waits.
//!
//! The guest fills the host block and stores to [`crate::board::HOST_CALL`]; the VMM (or the reference hypervisor) reads
//! the block, does what it says, writes results and status, and lets the guest go on.
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

/// The step was carried out.
pub const STATUS_OK: u32 = 0;
/// The host side does not know this step, or this register.
pub const STATUS_UNKNOWN: u32 = 1;
/// The host side refused: an ioctl failed. Result 0 holds the errno.
pub const STATUS_REFUSED: u32 = 2;

/// One host step.
#[derive(Debug)]
pub struct HostCall {
    /// Name in scripts.
    pub name: &'static str,
    /// Number in the block.
    pub call: u16,
    /// Number of arguments.
    pub arguments: u8,
    /// Number of results.
    pub results: u8,
}

/// The name of the step that runs another virtual machine.
pub const OTHER_VM: &str = "other-vm";
/// Of the one that starts another, which runs by turns with the guest's.
pub const START_OTHER_VM: &str = "start-other-vm";
/// Of the one that ends it.
pub const END_OTHER_VM: &str = "end-other-vm";

/// Every host step. `get-regs N` and its kin take the index of a register in [`REGS`] or [`SREGS`]; the one_reg calls take
/// a KVM_REG_PPC_* identifier.
pub static HOST_CALLS: &[HostCall] = &[
    HostCall { name: "get-regs", call: 1, arguments: 1, results: 1 },
    HostCall { name: "set-regs", call: 2, arguments: 2, results: 0 },
    HostCall { name: "get-sregs", call: 3, arguments: 1, results: 1 },
    HostCall { name: "set-sregs", call: 4, arguments: 2, results: 0 },
    HostCall { name: "get-one-reg", call: 5, arguments: 1, results: 1 },
    HostCall { name: "set-one-reg", call: 6, arguments: 2, results: 0 },
    // Saves what the interface can save and goes on in a new VM: the migration question.
    HostCall { name: "migrate", call: 7, arguments: 0, results: 0 },
    HostCall { name: "raise-external", call: 8, arguments: 0, results: 0 },
    HostCall { name: "lower-external", call: 9, arguments: 0, results: 0 },
    HostCall { name: "raise-critical", call: 10, arguments: 0, results: 0 },
    HostCall { name: "lower-critical", call: 11, arguments: 0, results: 0 },
    HostCall { name: "vcpu-id", call: 12, arguments: 0, results: 1 },
    // Another virtual machine runs on this CPU (sprig_isa::other_vm). The assembler adds the registers that it has.
    HostCall { name: OTHER_VM, call: 13, arguments: 1, results: 1 },
    // The same as `migrate`, with KVM_SET_SREGS in front of KVM_SET_REGS.
    HostCall { name: "migrate-sregs-first", call: 14, arguments: 0, results: 0 },
    // The same as `other-vm`, but both machines run until the second is ended: the scheduler takes the CPU from one in the
    // middle of its KVM_RUN.
    HostCall { name: START_OTHER_VM, call: 15, arguments: 1, results: 0 },
    HostCall { name: END_OTHER_VM, call: 16, arguments: 0, results: 1 },
    // KVM_PPC_GET_PVINFO: the flags, and the four words of `hcall`.
    HostCall { name: "pvinfo", call: 17, arguments: 0, results: 5 },
    // KVM_SET_GUEST_DEBUG (sprig_isa::debug): control, and type and address of two breakpoints.
    HostCall { name: "set-guest-debug", call: 18, arguments: 5, results: 0 },
    // What was seen of KVM_EXIT_DEBUG since then: sprig_isa::debug::Debugger::seen.
    HostCall { name: "debug-stops", call: 19, arguments: 0, results: 4 },
    // KVM_TRANSLATE: the physical address, and whether there is one.
    HostCall { name: "translate", call: 20, arguments: 1, results: 2 },
    // KVM_CAP_PPC_EPR: on or off, and the vector that KVM_EXIT_EPR is answered with, one more each time.
    HostCall { name: "external-proxy", call: 21, arguments: 2, results: 0 },
    // KVM_EXIT_PAPR_HCALL (sprig_isa::answer): number, status, and the first of the registers behind it.
    HostCall { name: "answer-hcall", call: 22, arguments: 3, results: 0 },
    // What a register of the last call held that was answered so, and how many there were.
    HostCall { name: "hcall-argument", call: 23, arguments: 1, results: 2 },
    // KVM_CAP_PPC_ENABLE_HCALL: number, and on or off. Its result is the errno, if it is refused.
    HostCall { name: "enable-hcall", call: 24, arguments: 2, results: 1 },
];

impl HostCall {
    /// True if a number of its registers (`sprig_isa::other_vm::Registers`) is added to the arguments of a script.
    #[must_use]
    pub fn makes_other_vm(&self) -> bool {
        matches!(self.name, OTHER_VM | START_OTHER_VM)
    }

    /// The step of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        HOST_CALLS.iter().find(|call| call.name == name)
    }
}

/// Registers of `struct kvm_regs` (uapi/asm/kvm.h) that scripts may name, by index.
pub static REGS: &[&str] = &[
    "PC", "CR", "CTR", "LR", "XER", "MSR", "SRR0", "SRR1", "PID", "SPRG0", "SPRG1", "SPRG2", "SPRG3", "SPRG4", "SPRG5",
    "SPRG6", "SPRG7",
];

/// Registers of `struct kvm_sregs` (uapi/asm/kvm.h) that scripts may name, by index.
pub static SREGS: &[&str] =
    &["PVR", "CSRR0", "CSRR1", "ESR", "DEAR", "MCSR", "TSR", "TCR", "DEC", "VRSAVE", "PIR", "DECAR", "IVPR"];
