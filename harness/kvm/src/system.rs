//! What a session asks of the operating system: the seam between logic and system calls, and the structures that go
//! over it.

use crate::exit::{Exit, Mmio};
use crate::registers::{Family, Regs, Sregs};
use crate::tlb;
use core::fmt;
use core::ops::Range;
use sprig_isa::answer::HCALL_REGISTERS;
use sprig_isa::osi;
use sprig_isa::other_vm::Registers;
use sprig_wire::aside::Page;
use sprig_wire::host::errno;

/// A signal arrived.
pub const EINTR: Errno = Errno(errno::EINTR);
/// Try again; KVM_RUN says so where a vCPU has not been started.
pub const EAGAIN: Errno = Errno(errno::EAGAIN);
/// Invalid argument.
pub const EINVAL: Errno = Errno(errno::EINVAL);
/// No space left.
pub const ENOSPC: Errno = Errno(errno::ENOSPC);
/// No such process.
pub const ESRCH: Errno = Errno(errno::ESRCH);
/// Busy.
pub const EBUSY: Errno = Errno(errno::EBUSY);
/// Not according to protocol: no call of KVM's says so itself.
pub const EPROTO: Errno = Errno(errno::EPROTO);

/// Why a system call failed: a number of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

/// A system call that had to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which: `KVM_CREATE_VM`, `open /dev/kvm`.
    pub what: &'static str,
    /// Why not.
    pub errno: Errno,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: errno {}", self.what, self.errno.0)
    }
}

/// What opening KVM is called in a [`Failure`].
pub const OPEN_KVM: &str = "no KVM: open /dev/kvm";
/// What making a machine is called.
pub const CREATE_VM: &str = "no KVM backend: KVM_CREATE_VM";

impl Failure {
    /// What somebody can do about it who runs the VMM by hand.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match (self.what, self.errno.0) {
            (OPEN_KVM, errno::EPERM | errno::EACCES) => Some(
                "you may not open /dev/kvm: run this as root, or as a member of the group that owns it (ls -l \
                    /dev/kvm)",
            ),
            (OPEN_KVM, errno::ENOENT) => Some(
                "there is no /dev/kvm: this kernel is built without KVM, or its module is not loaded (modprobe kvm-pr, \
                    kvm-hv)",
            ),
            (OPEN_KVM, _) => {
                Some("/dev/kvm is there and KVM is not: no module for this CPU is loaded, or it has no KVM")
            }
            (CREATE_VM, _) => Some("KVM is there and makes no virtual machine: the kernel's log says why (dmesg)"),
            _ => None,
        }
    }
}

impl Errno {
    /// The failure of this call.
    #[must_use]
    pub const fn of(self, what: &'static str) -> Failure {
        Failure { what, errno: self }
    }
}

/// The system on which sessions run.
pub trait System {
    /// Its virtual machines.
    type Vm: Vm;

    /// Makes a machine with one vCPU, its interrupt vectors at 0. Memory and TLB are zero, but for these bytes of
    /// memory, whole pages: there it may be what the machine before has left, and stays in the same place as it was
    /// then.
    ///
    /// # Errors
    /// The call that failed.
    fn create_vm(&mut self, kept: Range<usize>) -> Result<Self::Vm, Failure>;

    /// Writes to the console, and returns when it has been sent: a host that dies then does not take it along.
    fn console(&mut self, bytes: &[u8]);

    /// Memory in which frames can be put aside, of zeros; none where nobody could read them there.
    fn aside(&mut self) -> &mut [Page];

    /// Has the next tick of the watchdog's timer come after [`crate::watchdog::SOON_MICROSECONDS`].
    fn tick_soon(&mut self);

    /// Ticks of the watchdog's timer since the program began.
    fn ticks(&self) -> u32;
}

/// A virtual machine with one vCPU.
pub trait Vm {
    /// KVM_RUN.
    ///
    /// # Errors
    /// The kernel's.
    fn run(&mut self) -> Result<Exit, Errno>;

    /// Ends the access that KVM_RUN returned for, and executes nothing: only then the registers are the guest's
    /// (api.rst, section 5, KVM_EXIT_MMIO). KVM_RUN with `immediate_exit`.
    ///
    /// # Errors
    /// The kernel's.
    fn complete(&mut self) -> Result<(), Errno>;

    /// What the load that KVM_RUN returned for gets.
    fn answer_load(&mut self, data: [u8; 8]);

    /// What the hypercall that KVM_RUN returned for gets in r3.
    fn answer_hypercall(&mut self, status: i64);

    /// What it gets in r4 to r12; what it had there, if nobody says.
    fn answer_registers(&mut self, registers: &[u64; HCALL_REGISTERS]);

    /// The general registers of the call of Mac-on-Linux that KVM_RUN returned for.
    fn osi_registers(&mut self) -> [u64; osi::REGISTERS];

    /// What they are when the guest goes on.
    fn answer_osi(&mut self, gprs: &[u64; osi::REGISTERS]);

    /// True if the guest is a PAPR partition.
    fn is_partition(&self) -> bool;

    /// True under KVM-HV.
    fn is_hv(&self) -> bool;

    /// True if the guest translates by a radix tree. Where it does not, KVM-HV translates its real mode, too, by a page
    /// table of the kernel's, and there are no devices in it.
    fn is_radix(&self) -> bool;

    /// KVM_PPC_CONFIGURE_V3_MMU.
    ///
    /// # Errors
    /// The kernel's.
    fn configure_mmu(&mut self, config: MmuV3) -> Result<(), Errno>;

    /// Empties a partition's hashed page table, which is not in its memory. KVM-PR looks at it again when it is given
    /// the special registers.
    ///
    /// # Errors
    /// The kernel's, where the table is its own.
    fn clear_hash_table(&mut self) -> Result<(), Errno>;

    /// The guest's memory, [`sprig_wire::layout::RAM_SIZE`] bytes.
    fn ram(&mut self) -> &mut [u8];

    /// The family of its vCPU.
    fn family(&self) -> Family;

    /// The guest's TLB, which the kernel keeps in memory of ours, of [`Family::Embedded`].
    fn tlb(&mut self) -> tlb::Tlbs<'_>;

    /// Gives the guest TLBs of this geometry (KVM_CAP_SW_TLB): TLB0 is empty, TLB1 has what it had.
    ///
    /// # Errors
    /// The kernel's.
    fn configure_tlb(&mut self, params: tlb::Params) -> Result<(), Errno>;

    /// KVM_DIRTY_TLB, for all of it.
    ///
    /// # Errors
    /// The kernel's.
    fn dirty_tlb(&mut self) -> Result<(), Errno>;

    /// KVM_GET_REGS.
    ///
    /// # Errors
    /// The kernel's.
    fn regs(&mut self) -> Result<Regs, Errno>;

    /// KVM_SET_REGS.
    ///
    /// # Errors
    /// The kernel's.
    fn set_regs(&mut self, regs: &Regs) -> Result<(), Errno>;

    /// KVM_GET_SREGS.
    ///
    /// # Errors
    /// The kernel's.
    fn sregs(&mut self) -> Result<Sregs, Errno>;

    /// KVM_SET_SREGS.
    ///
    /// # Errors
    /// The kernel's.
    fn set_sregs(&mut self, sregs: &Sregs) -> Result<(), Errno>;

    /// KVM_GET_ONE_REG, of a register of at most eight bytes.
    ///
    /// # Errors
    /// The kernel's.
    fn one_reg(&mut self, id: u64) -> Result<u64, Errno>;

    /// KVM_SET_ONE_REG, of a register of at most eight bytes.
    ///
    /// # Errors
    /// The kernel's.
    fn set_one_reg(&mut self, id: u64, value: u64) -> Result<(), Errno>;

    /// KVM_GET_ONE_REG, of a register of sixteen bytes: its doublewords, in the order of memory.
    ///
    /// # Errors
    /// The kernel's.
    fn wide_reg(&mut self, id: u64) -> Result<[u64; 2], Errno>;

    /// KVM_SET_ONE_REG, of a register of sixteen bytes.
    ///
    /// # Errors
    /// The kernel's.
    fn set_wide_reg(&mut self, id: u64, value: [u64; 2]) -> Result<(), Errno>;

    /// KVM_INTERRUPT with one of [`interrupt`].
    ///
    /// # Errors
    /// The kernel's.
    fn interrupt(&mut self, what: u32) -> Result<(), Errno>;

    /// The number the vCPU was made with.
    fn vcpu_id(&self) -> u32;

    /// KVM_PPC_GET_PVINFO.
    ///
    /// # Errors
    /// The kernel's.
    fn pvinfo(&mut self) -> Result<Pvinfo, Errno>;

    /// KVM_SET_GUEST_DEBUG.
    ///
    /// # Errors
    /// The kernel's.
    fn set_guest_debug(&mut self, debug: &GuestDebug) -> Result<(), Errno>;

    /// KVM_TRANSLATE.
    ///
    /// # Errors
    /// The kernel's.
    fn translate(&mut self, translation: &mut Translation) -> Result<(), Errno>;

    /// KVM_CHECK_EXTENSION of the machine.
    ///
    /// # Errors
    /// The kernel's.
    fn capability(&mut self, number: u32) -> Result<u32, Errno>;

    /// KVM_ENABLE_CAP of the vCPU, with its first argument.
    ///
    /// # Errors
    /// The kernel's.
    fn enable_capability(&mut self, number: u32, flags: u32, argument: u64) -> Result<(), Errno>;

    /// Has other memory where the host's pages with these bytes of the guest's memory are, of the same content, by one
    /// mmap.
    ///
    /// # Errors
    /// The kernel's.
    fn replace(&mut self, bytes: Range<usize>) -> Result<(), Errno>;

    /// Takes the guest's memory away and gives it back in three slots: the [`SLOT_SIZE`](sprig_wire::host::SLOT_SIZE)
    /// bytes with this one, not at either end of the memory, are other memory from then on, with this word throughout,
    /// and are nothing that [`Self::ram`] shows.
    ///
    /// # Errors
    /// The kernel's.
    fn replace_slot(&mut self, at: usize, word: u32) -> Result<(), Errno>;

    /// KVM_SET_USER_MEMORY_REGION: number, guest-physical address, length and flags. Its memory is the guest's own, from
    /// its beginning.
    ///
    /// # Errors
    /// The kernel's.
    fn give_slot(&mut self, number: u32, address: u64, length: u64, flags: u32) -> Result<(), Errno>;

    /// A counter of the vCPU by its name, in capitals (KVM_GET_STATS_FD).
    fn statistic(&mut self, name: &str) -> Option<u64>;

    /// Has the kernel collect the stores to these bytes of guest-physical addresses, or not.
    ///
    /// # Errors
    /// The kernel's.
    fn collect_stores(&mut self, zone: CoalescedZone, on: bool) -> Result<(), Errno>;

    /// The first store that the kernel has collected, and that nobody has taken yet.
    fn next_collected(&mut self) -> Option<Mmio>;

    /// Has the kernel keep a log of the pages that are written to, or not: KVM_MEM_LOG_DIRTY_PAGES.
    ///
    /// # Errors
    /// The kernel's.
    fn log_dirty(&mut self, on: bool) -> Result<(), Errno>;

    /// KVM_GET_DIRTY_LOG: whether the host's page with this byte of the guest's memory has been written to.
    ///
    /// # Errors
    /// The kernel's.
    fn is_dirty(&mut self, at: usize) -> Result<bool, Errno>;

    /// Has the kernel ask for the vector of each external interrupt that it delivers, or not: KVM_CAP_PPC_EPR.
    ///
    /// # Errors
    /// The kernel's.
    fn enable_external_proxy(&mut self, on: bool) -> Result<(), Errno>;

    /// Has the kernel answer a partition's hypercalls of this number itself, or not, which is 1 or 0:
    /// KVM_CAP_PPC_ENABLE_HCALL.
    ///
    /// # Errors
    /// The kernel's.
    fn enable_hypercall(&mut self, number: u64, on: u64) -> Result<(), Errno>;

    /// The vector that KVM_RUN returned for.
    fn answer_vector(&mut self, vector: u32);

    /// Makes another machine of the same kind, with memory and translations of its own, all zero.
    ///
    /// # Errors
    /// The call that failed.
    fn another(&self) -> Result<Self, Failure>
    where
        Self: Sized;

    /// Makes another machine that runs by turns with this one ([`crate::other_vm::OtherVm::run_until`]), in a process
    /// of its own on the same CPU.
    ///
    /// # Errors
    /// The call that failed; EBUSY if there is one already.
    fn start_other(&mut self, value: u32, registers: Registers) -> Result<(), Failure>;

    /// Ends it; what it has seen. Dropping this machine ends it, too.
    ///
    /// # Errors
    /// The call that failed; ESRCH if there is none, ETIME if it does not end.
    fn end_other(&mut self) -> Result<u64, Failure>;

    /// Replaces the kernel's side by a new VM and vCPU. Memory, TLB and page table stay.
    ///
    /// # Errors
    /// The call that failed.
    fn renew(&mut self) -> Result<(), Failure>;

    /// The vCPU's counters, by name; nothing where the kernel does not show them.
    fn counters(&mut self, each: &mut dyn FnMut(&[u8], u64));
}

/// `struct kvm_userspace_memory_region`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // names as in kvm.h
pub struct MemoryRegion {
    pub slot: u32,
    pub flags: u32,
    pub guest_phys_addr: u64,
    pub memory_size: u64,
    pub userspace_addr: u64,
}

/// `struct kvm_coalesced_mmio_zone`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct CoalescedZone {
    pub addr: u64,
    pub size: u32,
    pub pio: u32,
}

/// `struct kvm_dirty_log`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // names as in kvm.h
pub struct DirtyLog {
    pub slot: u32,
    pub padding: u32,
    /// A pointer, in what has room for one of 64 bits: where it is shorter it comes first.
    pub dirty_bitmap: [usize; size_of::<u64>() / size_of::<usize>()],
}

/// `struct kvm_ppc_pvinfo`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Pvinfo {
    pub flags: u32,
    /// Instructions, big-endian (kvm_vm_ioctl_get_pvinfo): as they go into a device tree.
    pub hcall: [[u8; 4]; 4],
    pub pad: [u8; 108],
}

/// `struct kvm_guest_debug`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct GuestDebug {
    pub control: u32,
    pub pad: u32,
    pub bp: [Breakpoint; 16],
}

/// A hardware breakpoint of `struct kvm_guest_debug_arch`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Breakpoint {
    pub addr: u64,
    pub kind: u32,
    pub reserved: u32,
}

/// `struct kvm_translation`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Translation {
    pub linear_address: u64,
    pub physical_address: u64,
    pub valid: u8,
    pub writeable: u8,
    pub usermode: u8,
    pub pad: [u8; 5],
}

/// `struct kvm_get_htab_fd`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // names as in kvm.h
pub struct GetHtabFd {
    pub flags: u64,
    pub start_index: u64,
    pub reserved: [u64; 2],
}

/// `struct kvm_ppc_mmuv3_cfg`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct MmuV3 {
    pub flags: u64,
    pub process_table: u64,
}

/// `struct kvm_one_reg`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // names as in kvm.h
pub struct OneReg {
    pub id: u64,
    pub addr: u64,
}

/// `struct kvm_interrupt`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Interrupt {
    pub irq: u32,
}

/// `struct kvm_enable_cap`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // names as in kvm.h
pub struct EnableCap {
    pub cap: u32,
    pub flags: u32,
    pub args: [u64; 4],
    pub pad: [u8; 64],
}

/// What KVM_INTERRUPT takes on PowerPC (arch/powerpc/include/uapi/asm/kvm.h).
pub mod interrupt {
    /// KVM_INTERRUPT_SET: one external interrupt, which is over when it has been delivered.
    pub const SET: u32 = -1_i32 as u32;
    /// KVM_INTERRUPT_UNSET: the external line is low.
    pub const UNSET: u32 = -2_i32 as u32;
    /// KVM_INTERRUPT_SET_LEVEL: it is high, until it is lowered.
    pub const SET_LEVEL: u32 = -3_i32 as u32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_cannot_open_kvm_is_told_what_to_do() {
        let advice = |what, errno| Errno(errno).of(what).advice().unwrap_or_default();
        assert!(advice(OPEN_KVM, 13).contains("as root"));
        assert!(advice(OPEN_KVM, 2).contains("modprobe"));
        assert!(advice(OPEN_KVM, 19).contains("no module for this CPU"));
        assert!(advice(CREATE_VM, 22).contains("dmesg"));
        assert_eq!(Errno(12).of("mmap of memory").advice(), None);
    }
}
