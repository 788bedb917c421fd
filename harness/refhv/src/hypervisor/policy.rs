//! What the contract leaves open: each decision is a constant here, and has a case of its own in the goldens.
//!
//! The contract is, in this order: kvm_para.h and the calls as the kernel's own guest code makes them; ppc-pv.rst;
//! ePAPR; the Power ISA.

use sprig_isa::hcall::{KVM_MAGIC_FEAT_MAS0_TO_SPRG7, KVM_MAGIC_FEAT_SR};

/// Instructions a guest may run without an exit until the host takes the CPU for a moment: its timer, other work.
/// Counted from the last exit, so that where the host comes in depends on nothing that ran before. A real host comes in
/// every million instructions or so; this one is busier, so that a guest that waits for it need not wait long.
pub const HOST_SLICE: u64 = 20_000;

/// What MAP_MAGIC_PAGE reports. KVM reports both on every CPU, so a guest may find fields that shadow nothing there.
pub const PAGE_FEATURES: u32 = KVM_MAGIC_FEAT_SR | KVM_MAGIC_FEAT_MAS0_TO_SPRG7;

/// Result registers of a hypercall from r4 on: r4 is always written, zero where the call has no result; the others keep
/// what they held.
pub const HYPERCALL_WITHOUT_RESULT: u32 = 0;

/// A stored `critical` withholds interrupts only once the guest has mapped the page: before that it cannot have meant
/// it, and a guest with r1 = 0 would get none.
pub const CRITICAL_NEEDS_MAPPED_PAGE: bool = true;

/// On the embedded families the page is there in both address spaces: the hypercall names an effective address, no
/// space.
pub const PAGE_IN_BOTH_ADDRESS_SPACES: bool = true;

/// On the embedded families instructions cannot be fetched from the page: it is a data TLB's entry (KVM maps it without
/// execute permission).
pub const PAGE_EXECUTABLE_ON_BOOKE: bool = false;

/// A guest's own translation to the physical address of the page reaches RAM: only real mode has the page there.
pub const PAGE_BEHIND_TRANSLATION: bool = false;

/// MAP_MAGIC_PAGE with r3 = r4 = 0 (but for flags) unmaps the page on the server families, as KVM's test of the address
/// has it; on the embedded families effective address 0 is one like any other.
pub const ZERO_UNMAPS_ON_BOOK3S: bool = true;

/// Reset unmaps the page and clears it: firmware and the next kernel have not asked for it.
pub const PAGE_SURVIVES_RESET: bool = false;

/// A guest restored from what the host interface can save has no page until it asks again: no ioctl carries the
/// mapping.
pub const PAGE_SURVIVES_MIGRATION: bool = false;

/// Bits other than EE and RI that a guest stores to the page's `msr` are not taken, and are overwritten by the real
/// ones at the next exit.
pub const UNSAFE_MSR_BITS_TAKEN: bool = false;
