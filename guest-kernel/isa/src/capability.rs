//! What KVM says of itself by KVM_CHECK_EXTENSION: the KVM_CAP_* numbers (include/uapi/linux/kvm.h) that scripts may
//! name.

use crate::cpu::Family;

/// Whose guests a capability is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Every CPU's.
    Every,
    /// The embedded families'.
    Embedded,
    /// Those of Freescale's MMU.
    E500,
    /// The server families'.
    Server,
    /// Those of 64 bits.
    Server64,
}

/// A capability.
#[derive(Debug)]
pub struct Capability {
    /// Its name in the kernel's header.
    pub name: &'static str,
    /// Its number.
    pub number: u32,
    /// Who has it (arch/powerpc/kvm/powerpc.c, kvm_vm_ioctl_check_extension).
    pub of: Of,
}

const fn row(name: &'static str, number: u32, of: Of) -> Capability {
    Capability { name, number, of }
}

/// Every capability with a name in scripts, in the order of the header. Those of which the answer is a number, and not
/// whether, are [`COUNTS`].
pub static CAPABILITIES: &[Capability] = &[
    row("KVM_CAP_USER_MEMORY", 3, Of::Every),
    row("KVM_CAP_COALESCED_MMIO", COALESCED_MMIO, Of::Every),
    row("KVM_CAP_SYNC_MMU", 16, Of::Every),
    row("KVM_CAP_SET_GUEST_DEBUG", 23, Of::Every),
    row("KVM_CAP_PPC_SEGSTATE", 43, Of::Server),
    row("KVM_CAP_PPC_OSI", PPC_OSI, Of::Server),
    row("KVM_CAP_PPC_UNSET_IRQ", 53, Of::Every),
    row("KVM_CAP_ENABLE_CAP", 54, Of::Every),
    row("KVM_CAP_PPC_GET_PVINFO", 57, Of::Every),
    row("KVM_CAP_PPC_IRQ_LEVEL", 58, Of::Every),
    row("KVM_CAP_PPC_BOOKE_SREGS", PPC_BOOKE_SREGS, Of::Embedded),
    row("KVM_CAP_PPC_HIOR", 67, Of::Server),
    row("KVM_CAP_PPC_PAPR", PPC_PAPR, Of::Server),
    row("KVM_CAP_SW_TLB", SW_TLB, Of::E500),
    row("KVM_CAP_ONE_REG", 70, Of::Every),
    row("KVM_CAP_PPC_BOOKE_WATCHDOG", WATCHDOG, Of::Embedded),
    row("KVM_CAP_PPC_EPR", PPC_EPR, Of::Embedded),
    row("KVM_CAP_PPC_ENABLE_HCALL", PPC_ENABLE_HCALL, Of::Server64),
    row("KVM_CAP_IMMEDIATE_EXIT", 136, Of::Every),
];

/// KVM_CAP_COALESCED_MMIO: which page of a vCPU's mapping is the ring of stores that user space need not see at once.
pub const COALESCED_MMIO: u32 = 15;
/// KVM_CAP_PPC_OSI: Mac-on-Linux' calls go to user space.
pub const PPC_OSI: u32 = 52;
/// KVM_CAP_PPC_BOOKE_SREGS: KVM_GET_SREGS has the embedded families' registers.
pub const PPC_BOOKE_SREGS: u32 = 62;
/// KVM_CAP_PPC_PAPR: the guest is a PAPR partition.
pub const PPC_PAPR: u32 = 68;
/// KVM_CAP_SW_TLB: the guest's TLB lies in memory of user space.
pub const SW_TLB: u32 = 69;
/// KVM_CAP_PPC_BOOKE_WATCHDOG: user space is told of the watchdog's last time-out.
pub const WATCHDOG: u32 = 83;
/// KVM_CAP_PPC_EPR: an external interrupt asks user space for its vector.
pub const PPC_EPR: u32 = 86;
/// KVM_CAP_PPC_ENABLE_HCALL: the kernel answers a hypercall itself, or leaves it to user space. Enabled for a VM.
pub const PPC_ENABLE_HCALL: u32 = 104;

/// Those of which the answer is how many there may be.
pub static COUNTS: &[(&str, u32)] =
    &[("KVM_CAP_NR_VCPUS", 9), ("KVM_CAP_NR_MEMSLOTS", 10), ("KVM_CAP_MAX_VCPUS", 66), ("KVM_CAP_MAX_VCPU_ID", 128)];

/// Those that scripts name and no guest of the reference has: every kernel's, KVM-PR's, a partition's, KVM-HV's, and
/// nobody's any more.
pub static OTHER_NAMES: &[(&str, u32)] = &[
    ("KVM_CAP_IOEVENTFD", 36),
    ("KVM_CAP_PPC_PAIRED_SINGLES", 48),
    ("KVM_CAP_SPAPR_TCE", 63),
    ("KVM_CAP_PPC_RMA", 65),
    ("KVM_CAP_PPC_GET_SMMU_INFO", 78),
    ("KVM_CAP_PPC_ALLOC_HTAB", 80),
    ("KVM_CAP_PPC_HTAB_FD", 84),
    ("KVM_CAP_DEVICE_CTRL", 89),
    ("KVM_CAP_PPC_RTAS", 91),
    ("KVM_CAP_IRQ_XICS", 92),
    ("KVM_CAP_SPAPR_MULTITCE", 94),
    ("KVM_CAP_PPC_FIXUP_HCALL", 103),
    ("KVM_CAP_SPAPR_TCE_64", 125),
    ("KVM_CAP_SPAPR_RESIZE_HPT", 133),
    ("KVM_CAP_PPC_MMU_RADIX", 134),
    ("KVM_CAP_PPC_MMU_HASH_V3", 135),
    ("KVM_CAP_PPC_FWNMI", 146),
    ("KVM_CAP_PPC_SMT_POSSIBLE", 147),
    ("KVM_CAP_PPC_GET_CPU_CHAR", 151),
    ("KVM_CAP_PPC_NESTED_HV", 160),
    ("KVM_CAP_PPC_GUEST_DEBUG_SSTEP", 176),
    ("KVM_CAP_PPC_SECURE_GUEST", 181),
    ("KVM_CAP_PPC_DAWR1", 194),
    ("KVM_CAP_PPC_AIL_MODE_3", 210),
];

impl Capability {
    /// The capability with this number.
    #[must_use]
    pub fn by_number(number: u32) -> Option<&'static Self> {
        CAPABILITIES.iter().find(|capability| capability.number == number)
    }

    /// True if guests on CPUs of this family have it.
    #[must_use]
    pub fn is_of(&self, family: Family) -> bool {
        match self.of {
            Of::Every => true,
            Of::Embedded => family.is_booke(),
            Of::E500 => family == Family::BookeE500,
            Of::Server => !family.is_booke(),
            Of::Server64 => family == Family::Book3s64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tlb_of_user_space_is_e500s_and_registers_one_at_a_time_are_everybodys() {
        let of = |number, family| Capability::by_number(number).expect("a capability").is_of(family);
        assert!(of(SW_TLB, Family::BookeE500) && !of(SW_TLB, Family::Booke44x) && !of(SW_TLB, Family::Book3s64));
        assert!(of(PPC_BOOKE_SREGS, Family::Booke44x) && !of(PPC_BOOKE_SREGS, Family::Book3s32));
        assert!(of(67, Family::Book3s32) && !of(67, Family::BookeE500));
        assert!(of(PPC_ENABLE_HCALL, Family::Book3s64) && !of(PPC_ENABLE_HCALL, Family::Book3s32));
        assert!(of(70, Family::Book3s64) && of(70, Family::Booke44x));
        assert!(Capability::by_number(0).is_none());
    }
}
