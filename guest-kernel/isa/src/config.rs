//! Bits of registers that configure a core: what a kernel sets once while it starts.

/// HID0 of e500 (e500 core manual, section 2.10.1; reg.h, HID0_TBEN).
pub mod hid0 {
    /// The time base counts.
    pub const TBEN: u32 = 1 << 14;
}

/// HID1 of e500 (e500 core manual, section 2.10.2; reg_booke.h, HID1_ABE).
pub mod hid1 {
    /// Cache and TLB operations are broadcast.
    pub const ABE: u32 = 1 << 12;
}

/// L1CSR0 for the data cache and L1CSR1 for that of instructions, alike (e500 core manual, sections 2.11.1 and 2.11.2;
/// reg_booke.h, L1CSR0_CPE, L1CSR0_CUL, L1CSR0_CLFC, L1CSR0_DCFI, L1CSR0_DCE and their kin).
pub mod l1csr {
    /// Parity is checked.
    pub const PARITY: u32 = 1 << 16;
    /// A line could not be locked (CUL).
    pub const UNABLE_TO_LOCK: u32 = 1 << 10;
    /// Unlock all of it; clears itself.
    pub const UNLOCK: u32 = 1 << 8;
    /// Invalidate all of it; clears itself.
    pub const INVALIDATE: u32 = 1 << 1;
    /// The cache is on.
    pub const ENABLE: u32 = 1 << 0;
}

/// BUCSR of e500: branch prediction (reg_booke.h, BUCSR_BBFI and BUCSR_BPEN).
pub mod bucsr {
    /// Invalidate all of the branch target buffer; clears itself.
    pub const BBFI: u32 = 1 << 9;
    /// Branches are predicted.
    pub const BPEN: u32 = 1 << 0;
}

/// MMCR0 of the server families (reg.h, MMCR0_FC).
pub mod mmcr0 {
    /// The counters stand.
    pub const FC: u32 = 1 << 31;
}
