//! Numbers of KVM's ioctls. PowerPC encodes an ioctl in a way of its own (arch/powerpc/include/uapi/asm/ioctl.h): three
//! bits of direction with other values than x86's, and one bit less of size.
//!
//! ```text
//!   31  29 28        16 15      8 7       0
//!   [ dir ][   size    ][  type  ][ number ]       _IOC_NONE 1, _IOC_READ 2, _IOC_WRITE 4
//! ```

use crate::registers::{Regs, Sregs};
use crate::system::{
    CoalescedZone, DirtyLog, EnableCap, GetHtabFd, GuestDebug, Interrupt, MemoryRegion, MmuV3, OneReg, Pvinfo,
    Translation,
};
use crate::tlb::Dirty;

const NONE: u32 = 1;
const READ: u32 = 2;
const WRITE: u32 = 4;
const DIRECTION_SHIFT: u32 = 29;
const SIZE_SHIFT: u32 = 16;
const TYPE_SHIFT: u32 = 8;
/// KVMIO (include/uapi/linux/kvm.h).
const KVM: u32 = 0xae;
/// _IOC_SIZEMASK.
const SIZE_MASK: usize = 0x1fff;

const fn encode(direction: u32, number: u32, size: usize) -> u32 {
    assert!(size <= SIZE_MASK, "the structure's size fits the number");
    direction << DIRECTION_SHIFT | (size as u32) << SIZE_SHIFT | KVM << TYPE_SHIFT | number
}

/// An ioctl without a structure (_IO).
const fn plain(number: u32) -> u32 {
    encode(NONE, number, 0)
}

/// An ioctl that fills a structure (_IOR).
const fn reads<T>(number: u32) -> u32 {
    encode(READ, number, size_of::<T>())
}

/// An ioctl that takes a structure (_IOW).
const fn takes<T>(number: u32) -> u32 {
    encode(WRITE, number, size_of::<T>())
}

/// KVM_GET_API_VERSION: [`API_VERSION`].
pub const GET_API_VERSION: u32 = plain(0x00);
/// KVM_CREATE_VM: a file descriptor.
pub const CREATE_VM: u32 = plain(0x01);
/// KVM_CHECK_EXTENSION: not 0 where the host has this capability.
pub const CHECK_EXTENSION: u32 = plain(0x03);
/// KVM_GET_VCPU_MMAP_SIZE: bytes of `struct kvm_run` with what follows it.
pub const GET_VCPU_MMAP_SIZE: u32 = plain(0x04);
/// KVM_CREATE_VCPU: a file descriptor.
pub const CREATE_VCPU: u32 = plain(0x41);
/// KVM_GET_DIRTY_LOG. _IOW in kvm.h: it takes where to put the bits.
pub const GET_DIRTY_LOG: u32 = takes::<DirtyLog>(0x42);
/// KVM_SET_USER_MEMORY_REGION.
pub const SET_USER_MEMORY_REGION: u32 = takes::<MemoryRegion>(0x46);
/// KVM_REGISTER_COALESCED_MMIO: stores to this zone are collected in a ring ([`crate::coalesced`]).
pub const REGISTER_COALESCED_MMIO: u32 = takes::<CoalescedZone>(0x67);
/// KVM_UNREGISTER_COALESCED_MMIO.
pub const UNREGISTER_COALESCED_MMIO: u32 = takes::<CoalescedZone>(0x68);
/// KVM_RUN.
pub const RUN: u32 = plain(0x80);
/// KVM_GET_REGS.
pub const GET_REGS: u32 = reads::<Regs>(0x81);
/// KVM_SET_REGS.
pub const SET_REGS: u32 = takes::<Regs>(0x82);
/// KVM_GET_SREGS.
pub const GET_SREGS: u32 = reads::<Sregs>(0x83);
/// KVM_SET_SREGS.
pub const SET_SREGS: u32 = takes::<Sregs>(0x84);
/// KVM_TRANSLATE. _IOWR in kvm.h.
pub const TRANSLATE: u32 = encode(READ | WRITE, 0x85, size_of::<Translation>());
/// KVM_INTERRUPT.
pub const INTERRUPT: u32 = takes::<Interrupt>(0x86);
/// KVM_SET_GUEST_DEBUG.
pub const SET_GUEST_DEBUG: u32 = takes::<GuestDebug>(0x9b);
/// KVM_PPC_GET_PVINFO. _IOW in kvm.h, and fills the structure.
pub const GET_PVINFO: u32 = takes::<Pvinfo>(0xa1);
/// KVM_ENABLE_CAP, of a vCPU or a VM.
pub const ENABLE_CAP: u32 = takes::<EnableCap>(0xa3);
/// KVM_PPC_ALLOCATE_HTAB: gives a VM of KVM-HV a hashed page table of this size, log2 of its bytes, or empties the one
/// it has. _IOWR in kvm.h.
pub const ALLOCATE_HTAB: u32 = encode(READ | WRITE, 0xa7, size_of::<u32>());
/// KVM_PPC_GET_HTAB_FD: a file descriptor, from which the page table of a VM of KVM-HV is read, or to which it is
/// written ([`HTAB_WRITE`]), in a form that is the kernel's concern (api.rst, section 4.78).
pub const GET_HTAB_FD: u32 = takes::<GetHtabFd>(0xaa);
/// KVM_DIRTY_TLB.
pub const DIRTY_TLB: u32 = takes::<Dirty>(0xaa);
/// KVM_PPC_CONFIGURE_V3_MMU: how a VM of KVM-HV translates on POWER9 and later.
pub const CONFIGURE_V3_MMU: u32 = takes::<MmuV3>(0xaf);
/// KVM_GET_ONE_REG. _IOW in kvm.h: it takes where to put the value.
pub const GET_ONE_REG: u32 = takes::<OneReg>(0xab);
/// KVM_SET_ONE_REG.
pub const SET_ONE_REG: u32 = takes::<OneReg>(0xac);
/// KVM_GET_STATS_FD: a file descriptor, see [`crate::stats`].
pub const GET_STATS_FD: u32 = plain(0xce);

/// KVM_PPC_MMUV3_RADIX: by radix trees.
pub const MMUV3_RADIX: u64 = 1;
/// KVM_PPC_MMUV3_GTSE: and the guest invalidates translations itself.
pub const MMUV3_GTSE: u64 = 2;
/// KVM_GET_HTAB_WRITE: the file descriptor is one to write to.
pub const HTAB_WRITE: u64 = 2;

/// KVM_MEM_LOG_DIRTY_PAGES.
pub const MEM_LOG_DIRTY_PAGES: u32 = 1;

/// What KVM_GET_API_VERSION has answered since 2007.
pub const API_VERSION: usize = 12;
/// Type of the VM for KVM_CREATE_VM: what the host has, HV before PR (arch/powerpc/kvm/powerpc.c, kvm_arch_init_vm).
pub const VM_TYPE_DEFAULT: usize = 0;
/// KVM_VM_PPC_HV: guests run in the CPU's own supervisor state.
pub const VM_TYPE_HV: usize = 1;
/// KVM_VM_PPC_PR: guests run in problem state.
pub const VM_TYPE_PR: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// As powerpc-linux-gnu-gcc 12 has them from the headers of Linux 6.12.
    #[test]
    fn numbers_are_those_of_the_kernels_headers() {
        assert_eq!(
            [GET_API_VERSION, CREATE_VM, CHECK_EXTENSION, GET_VCPU_MMAP_SIZE, CREATE_VCPU, RUN, GET_STATS_FD],
            [0x2000_ae00, 0x2000_ae01, 0x2000_ae03, 0x2000_ae04, 0x2000_ae41, 0x2000_ae80, 0x2000_aece]
        );
        assert_eq!([GET_REGS, SET_REGS, GET_SREGS, SET_SREGS], [0x4188_ae81, 0x8188_ae82, 0x44d0_ae83, 0x84d0_ae84]);
        assert_eq!(
            [
                SET_USER_MEMORY_REGION,
                GET_DIRTY_LOG,
                INTERRUPT,
                ENABLE_CAP,
                ALLOCATE_HTAB,
                GET_HTAB_FD,
                CONFIGURE_V3_MMU,
                DIRTY_TLB,
                GET_ONE_REG,
                SET_ONE_REG,
                TRANSLATE,
                SET_GUEST_DEBUG,
                GET_PVINFO,
                REGISTER_COALESCED_MMIO,
                UNREGISTER_COALESCED_MMIO
            ],
            [
                0x8020_ae46,
                0x8010_ae42,
                0x8004_ae86,
                0x8068_aea3,
                0xc004_aea7,
                0x8020_aeaa,
                0x8010_aeaf,
                0x8010_aeaa,
                0x8010_aeab,
                0x8010_aeac,
                0xc018_ae85,
                0x8108_ae9b,
                0x8080_aea1,
                0x8010_ae67,
                0x8010_ae68
            ]
        );
    }
}
