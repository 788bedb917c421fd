//! Bits that say why an interrupt was taken: SRR1 and DSISR on the server families, ESR on the embedded ones.

/// SRR1 of a program interrupt on the server families (arch/powerpc/include/asm/reg.h, SRR1_PROGILL and others).
pub mod srr1 {
    /// The bits that an interrupt sets or clears as its definition says, and that do not come from the MSR: 33 to 36
    /// and 42 to 47 (Power ISA 2.07 Book III-S, "Interrupt Processing").
    pub const REASON: u64 = 0x783f_0000;
    /// Floating-point enabled exception.
    pub const FP: u64 = 0x0010_0000;
    /// Illegal instruction.
    pub const ILLEGAL: u64 = 0x0008_0000;
    /// Privileged instruction in problem state.
    pub const PRIVILEGED: u64 = 0x0004_0000;
    /// Trap instruction.
    pub const TRAP: u64 = 0x0002_0000;
    /// SRR0 does not hold the address of the instruction (imprecise).
    pub const NOT_PRECISE: u64 = 0x0001_0000;
    /// Instruction storage interrupt: no translation.
    pub const ISI_NO_TRANSLATION: u64 = 0x4000_0000;
    /// Instruction storage interrupt: no-execute or guarded storage.
    pub const ISI_NO_EXECUTE: u64 = 0x1000_0000;
    /// Instruction storage interrupt: protection.
    pub const ISI_PROTECTION: u64 = 0x0800_0000;
    /// Trace interrupt of POWER CPUs: an instruction has completed with MSR\[SE\] or MSR\[BE\] (QEMU,
    /// target/ppc/excp_helper.c, helper_book3s_trace; Power ISA 2.07 Book III-S, section 6.5.15).
    pub const TRACED: u64 = 0x4000_0000;
}

/// DSISR of a data storage interrupt on the server families (arch/powerpc/include/asm/reg.h, DSISR_NOHPTE and others).
pub mod dsisr {
    /// No translation for the address.
    pub const NO_TRANSLATION: u32 = 0x4000_0000;
    /// Protection violation.
    pub const PROTECTION: u32 = 0x0800_0000;
    /// The storage does not support this kind of access (lwarx, stwcx. on cache-inhibited or write-through storage).
    pub const UNSUPPORTED: u32 = 0x0400_0000;
    /// The access was a store.
    pub const STORE: u32 = 0x0200_0000;
}

/// Exception syndrome register of the embedded families (e500 core manual, table 5-6; reg_booke.h).
pub mod esr {
    /// Illegal instruction.
    pub const PIL: u32 = 0x0800_0000;
    /// Privileged instruction in problem state.
    pub const PPR: u32 = 0x0400_0000;
    /// Trap instruction.
    pub const PTR: u32 = 0x0200_0000;
    /// Floating-point operation.
    pub const FP: u32 = 0x0100_0000;
    /// The access was a store.
    pub const ST: u32 = 0x0080_0000;
    /// Data cache locking.
    pub const DLK: u32 = 0x0020_0000;
    /// Instruction cache locking.
    pub const ILK: u32 = 0x0010_0000;
    /// Auxiliary processor operation.
    pub const AP: u32 = 0x0008_0000;
    /// Unimplemented operation.
    pub const PUO: u32 = 0x0004_0000;
    /// Byte ordering.
    pub const BO: u32 = 0x0002_0000;
    /// SPE or embedded floating-point operation.
    pub const SPV: u32 = 0x0000_0080;
}
