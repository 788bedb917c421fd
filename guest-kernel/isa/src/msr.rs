//! Machine state register bits, 32-bit numbering as in the kernel's reg.h and reg_booke.h (bit 63 of the ISA = 1 << 0).
//!
//! The families share EE, PR, FP and ME; the others mean different things, so they live in a module each.

/// External interrupt enable (both families).
pub const EE: u64 = 1 << 15;
/// Problem state (both families).
pub const PR: u64 = 1 << 14;
/// Floating-point available (both families).
pub const FP: u64 = 1 << 13;
/// Machine check enable (both families).
pub const ME: u64 = 1 << 12;

/// Bits of the embedded families (PPC440x5 user manual, "Machine State Register"; reg.h, reg_booke.h).
pub mod booke {
    /// User-mode cache lock enable (e500).
    pub const UCLE: u64 = 1 << 26;
    /// SPE available (e500v1/v2).
    pub const SPE: u64 = 1 << 25;
    /// Wait state enable.
    pub const WE: u64 = 1 << 18;
    /// Critical interrupt enable.
    pub const CE: u64 = 1 << 17;
    /// Debug wait enable (44x); user BTB lock enable (e500).
    pub const DWE: u64 = 1 << 10;
    /// Debug interrupt enable.
    pub const DE: u64 = 1 << 9;
    /// Instruction address space.
    pub const IS: u64 = 1 << 5;
    /// Data address space.
    pub const DS: u64 = 1 << 4;
    /// Performance monitor mark (e500).
    pub const PMM: u64 = 1 << 2;
}

/// Bits of the server families (Power ISA Book III-S, "Machine State Register").
pub mod book3s {
    /// Sixty-four-bit mode.
    pub const SF: u64 = 1 << 63;
    /// Hypervisor state.
    pub const HV: u64 = 1 << 60;
    /// Vector available.
    pub const VEC: u64 = 1 << 25;
    /// VSX available (POWER8).
    pub const VSX: u64 = 1 << 23;
    /// Power management enable (32-bit cores, 970).
    pub const POW: u64 = 1 << 18;
    /// Interrupt little-endian (32-bit cores; in LPCR on POWER7 and later).
    pub const ILE: u64 = 1 << 16;
    /// Floating-point exception mode 0.
    pub const FE0: u64 = 1 << 11;
    /// Single-step trace.
    pub const SE: u64 = 1 << 10;
    /// Branch trace.
    pub const BE: u64 = 1 << 9;
    /// Floating-point exception mode 1.
    pub const FE1: u64 = 1 << 8;
    /// Interrupt prefix: vectors at 0xfff00000 (32-bit cores).
    pub const IP: u64 = 1 << 6;
    /// Instruction relocate.
    pub const IR: u64 = 1 << 5;
    /// Data relocate.
    pub const DR: u64 = 1 << 4;
    /// Performance monitor mark.
    pub const PMM: u64 = 1 << 2;
    /// Recoverable interrupt.
    pub const RI: u64 = 1 << 1;
    /// Little-endian.
    pub const LE: u64 = 1 << 0;
}

/// Bits of LPCR, the hypervisor's register of what its partition may see (Power ISA 2.07 Book III-S, "Logical
/// Partitioning Control Register").
pub mod lpcr {
    /// Interrupt little-endian: MSR\[LE\] after an interrupt.
    pub const ILE: u64 = 1 << 25;
}

/// Bits of FSCR, by which a kernel lets programs use what POWER8 has besides (Power ISA 2.07 Book III-S, "Facility
/// Status and Control Register"; reg.h, FSCR_TAR_LG and others).
pub mod fscr {
    /// IC: which facility it was that a program did not have.
    pub const IC: u64 = 0xff << 56;
    /// The register TAR, and the branch to it.
    pub const TAR: u64 = 1 << 8;
    /// Event-based branches.
    pub const EBB: u64 = 1 << 7;
    /// Transactions (reg.h alone: Power ISA 2.07 has this bit reserved, and MSR\[TM\] instead).
    pub const TM: u64 = 1 << 5;
    /// The register DSCR by the number of problem state.
    pub const DSCR: u64 = 1 << 2;
}

/// The bits a guest may change by a store to the page's `msr` field: the kernel's documentation names these two only
/// (Documentation/virt/kvm/ppc-pv.rst, "MSR bits").
pub const PAGE_SAFE: u64 = EE | book3s::RI;
