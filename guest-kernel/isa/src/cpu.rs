//! The CPU models Sprig knows: how the guest recognises one, and which family's exception and MMU model it has.

use bitflags::bitflags;

/// The exception and MMU architecture of a CPU: what the guest kernel has to know to run on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// BookE with the Freescale MMU (TLB0, TLB1, MAS registers): e500 and its successors.
    BookeE500,
    /// BookE with the IBM/AMCC MMU (one software TLB of 64 entries): 44x.
    Booke44x,
    /// 32-bit server architecture: segment registers, BATs, hashed page table.
    Book3s32,
    /// 64-bit server architecture: SLB, hashed page table.
    Book3s64,
}

impl Family {
    /// True for the embedded families, which have IVPR/IVORs, ESR and DEAR instead of fixed vectors, DSISR and DAR.
    #[inline]
    #[must_use]
    pub const fn is_booke(self) -> bool {
        matches!(self, Self::BookeE500 | Self::Booke44x)
    }
}

bitflags! {
    /// A set of CPU models, used by the tables to say where a row holds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CpuSet: u16 {
        /// Freescale e500v2 (MPC8548 and others).
        const E500V2 = 1 << 0;
        /// Freescale e500mc (P4080 and others).
        const E500MC = 1 << 1;
        /// Freescale e5500 (P5020 and others).
        const E5500 = 1 << 2;
        /// Freescale e6500 (T2080 and others).
        const E6500 = 1 << 3;
        /// AMCC 440EP.
        const PPC440 = 1 << 4;
        /// Motorola 7447 (G4).
        const G4_7447 = 1 << 5;
        /// IBM 750 (G3).
        const G3_750 = 1 << 6;
        /// IBM 970FX (G5).
        const G5_970 = 1 << 7;
        /// IBM POWER8.
        const POWER8 = 1 << 8;
        /// IBM POWER9.
        const POWER9 = 1 << 9;
        /// IBM POWER10.
        const POWER10 = 1 << 10;

        /// Every e500 core.
        const E500 = Self::E500V2.bits() | Self::E500MC.bits() | Self::E5500.bits() | Self::E6500.bits();
        /// e500 cores with the embedded hypervisor category.
        const E500_HV = Self::E500MC.bits() | Self::E5500.bits() | Self::E6500.bits();
        /// e500 cores with three process registers instead of one. QEMU says it of all but e6500
        /// (target/ppc/cpu_init.c, nb_pids).
        const THREE_PIDS = Self::E500V2.bits() | Self::E500MC.bits() | Self::E5500.bits();
        /// Every embedded core.
        const BOOKE = Self::E500.bits() | Self::PPC440.bits();
        /// 32-bit server cores.
        const BOOK3S32 = Self::G4_7447.bits() | Self::G3_750.bits();
        /// POWER8 and later.
        const POWER = Self::POWER8.bits() | Self::POWER9.bits() | Self::POWER10.bits();
        /// 64-bit server cores.
        const BOOK3S64 = Self::G5_970.bits() | Self::POWER.bits();
        /// Every server core.
        const BOOK3S = Self::BOOK3S32.bits() | Self::BOOK3S64.bits();
    }
}

/// One CPU model.
#[derive(Debug)]
pub struct Cpu {
    /// The model's name in target names and messages.
    pub name: &'static str,
    /// This model as a set of one, to look it up in the other tables.
    pub set: CpuSet,
    /// Exception and MMU architecture.
    pub family: Family,
    /// True if its registers have 64 bits.
    pub is_64bit: bool,
    /// The version half of the PVR (upper 16 bits); the revision half is not looked at.
    pub pvr_version: u16,
    /// Bytes of a cache block: what dcbz clears.
    pub cache_block: u16,
    /// The complete PVR that the reference hypervisor presents: the revision QEMU's default model of this name has.
    pub pvr: u32,
}

/// Every CPU model, in the order of the documentation.
pub static CPUS: &[Cpu] = &[
    cpu("e500v2", CpuSet::E500V2, Family::BookeE500, 32, 0x8021_0022),
    cpu("e500mc", CpuSet::E500MC, Family::BookeE500, 64, 0x8023_0020),
    cpu64("e5500", CpuSet::E5500, Family::BookeE500, 64, 0x8024_0020),
    cpu64("e6500", CpuSet::E6500, Family::BookeE500, 64, 0x8040_0020),
    cpu("440", CpuSet::PPC440, Family::Booke44x, 32, 0x4222_18d3),
    cpu("7447", CpuSet::G4_7447, Family::Book3s32, 32, 0x8002_0101),
    cpu("750", CpuSet::G3_750, Family::Book3s32, 32, 0x0008_0301),
    cpu64("970", CpuSet::G5_970, Family::Book3s64, 128, 0x003c_0301),
    cpu64("power8", CpuSet::POWER8, Family::Book3s64, 128, 0x004d_0200),
    cpu64("power9", CpuSet::POWER9, Family::Book3s64, 128, 0x004e_1202),
    cpu64("power10", CpuSet::POWER10, Family::Book3s64, 128, 0x0080_1200),
];

const fn cpu(name: &'static str, set: CpuSet, family: Family, cache_block: u16, pvr: u32) -> Cpu {
    Cpu { name, set, family, is_64bit: false, pvr_version: (pvr >> 16) as u16, cache_block, pvr }
}

const fn cpu64(name: &'static str, set: CpuSet, family: Family, cache_block: u16, pvr: u32) -> Cpu {
    Cpu { name, set, family, is_64bit: true, pvr_version: (pvr >> 16) as u16, cache_block, pvr }
}

impl Cpu {
    /// The model whose PVR this is, if it is one of ours.
    #[must_use]
    pub fn by_pvr(pvr: u32) -> Option<&'static Self> {
        CPUS.iter().find(|cpu| u32::from(cpu.pvr_version) == pvr >> 16)
    }

    /// The model of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        CPUS.iter().find(|cpu| cpu.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cpu_is_found_by_its_own_pvr_and_name() {
        for cpu in CPUS {
            assert_eq!(Cpu::by_pvr(cpu.pvr).map(|found| found.name), Some(cpu.name));
            assert_eq!(Cpu::by_name(cpu.name).map(|found| found.pvr), Some(cpu.pvr));
        }
    }
}
