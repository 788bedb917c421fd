//! Registers that a hypervisor's user space reaches by KVM_GET_ONE_REG and KVM_SET_ONE_REG, one at a time: the
//! KVM_REG_PPC_* identifiers of uapi/asm/kvm.h (powerpc) that scripts may name.
//!
//! ```text
//!   63   60        52                                    0
//!   +----+---------+-------------------------------------+
//!   | 1  | log2 of |  index                              |     1: KVM_REG_PPC
//!   |    |  bytes  |                                     |
//!   +----+---------+-------------------------------------+
//! ```

use crate::spr::number as n;

/// KVM_REG_PPC: the architecture's part of an identifier.
const PPC: u64 = 0x1000_0000_0000_0000;
/// KVM_REG_ARCH_MASK.
const ARCH_MASK: u64 = 0xff00_0000_0000_0000;
/// KVM_REG_SIZE_SHIFT.
const SIZE_SHIFT: u32 = 52;
/// KVM_REG_SIZE_MASK, at bit 0.
const SIZE_MASK: u64 = 0xf;

const fn u32_reg(index: u64) -> u64 {
    PPC | 2 << SIZE_SHIFT | index
}

const fn u64_reg(index: u64) -> u64 {
    PPC | 3 << SIZE_SHIFT | index
}

const fn u128_reg(index: u64) -> u64 {
    PPC | 4 << SIZE_SHIFT | index
}

/// What an identifier stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The special register with this number.
    Spr(u16),
    /// A write sets these bits of TSR. It cannot be read.
    OrTsr,
    /// A write clears these bits of TSR. It cannot be read.
    ClearTsr,
    /// MAS7 in the high and MAS3 in the low word.
    Mas7And3,
    /// The instruction that stops the guest where user space debugs it ([`crate::debug`]). It cannot be written.
    Breakpoint,
    /// A register of the hypervisor's privilege, which a partition has set for it (H_SET_MODE).
    OfHypervisor,
}

/// A register with a KVM_REG_PPC_* identifier.
#[derive(Debug)]
pub struct OneReg {
    /// Its name in the kernel's header.
    pub name: &'static str,
    /// Its identifier.
    pub id: u64,
    /// What it is.
    pub meaning: Meaning,
}

const fn row(name: &'static str, id: u64, meaning: Meaning) -> OneReg {
    OneReg { name, id, meaning }
}

/// KVM_REG_PPC_HIOR: where the interrupt vectors of a server CPU begin.
pub const HIOR: u64 = u64_reg(0x01);
/// KVM_REG_PPC_LPCR_64: what a partition may see, the byte order of its interrupts among it ([`crate::msr::lpcr`]).
pub const LPCR: u64 = u64_reg(0xb5);

/// KVM_REG_PPC_FPR0: the first of [`REGISTERS`] floating-point registers.
pub const FPR0: u64 = u64_reg(0x20);
/// KVM_REG_PPC_VR0: the first of as many vector registers.
pub const VR0: u64 = u128_reg(0x40);
/// KVM_REG_PPC_VSR0: the first of as many vector-scalar registers; the others are the vector registers.
pub const VSR0: u64 = u128_reg(0x60);
/// So many registers have numbers behind [`FPR0`], [`VR0`] and [`VSR0`].
pub const REGISTERS: u64 = 32;

/// Every register with a name in scripts, in the order of the header.
pub static ONE_REGS: &[OneReg] = &[
    row("KVM_REG_PPC_HIOR", HIOR, Meaning::Spr(n::HIOR)),
    row("KVM_REG_PPC_IAC1", u64_reg(0x02), Meaning::Spr(n::IAC1)),
    row("KVM_REG_PPC_IAC2", u64_reg(0x03), Meaning::Spr(n::IAC2)),
    row("KVM_REG_PPC_DAC1", u64_reg(0x06), Meaning::Spr(n::DAC1)),
    row("KVM_REG_PPC_DAC2", u64_reg(0x07), Meaning::Spr(n::DAC2)),
    row("KVM_REG_PPC_DABR", u64_reg(0x08), Meaning::OfHypervisor),
    row("KVM_REG_PPC_DAR", u64_reg(0x0c), Meaning::Spr(n::DAR)),
    row("KVM_REG_PPC_DSISR", u32_reg(0x0d), Meaning::Spr(n::DSISR)),
    row("KVM_REG_PPC_EPR", u32_reg(0x86), Meaning::Spr(n::EPR)),
    row("KVM_REG_PPC_OR_TSR", u32_reg(0x87), Meaning::OrTsr),
    row("KVM_REG_PPC_CLEAR_TSR", u32_reg(0x88), Meaning::ClearTsr),
    row("KVM_REG_PPC_TCR", u32_reg(0x89), Meaning::Spr(n::TCR)),
    row("KVM_REG_PPC_TSR", u32_reg(0x8a), Meaning::Spr(n::TSR)),
    row("KVM_REG_PPC_DEBUG_INST", u32_reg(0x8b), Meaning::Breakpoint),
    row("KVM_REG_PPC_MAS0", u32_reg(0x8c), Meaning::Spr(n::MAS0)),
    row("KVM_REG_PPC_MAS1", u32_reg(0x8d), Meaning::Spr(n::MAS1)),
    row("KVM_REG_PPC_MAS2", u64_reg(0x8e), Meaning::Spr(n::MAS2)),
    row("KVM_REG_PPC_MAS7_3", u64_reg(0x8f), Meaning::Mas7And3),
    row("KVM_REG_PPC_MAS4", u32_reg(0x90), Meaning::Spr(n::MAS4)),
    row("KVM_REG_PPC_MAS6", u32_reg(0x91), Meaning::Spr(n::MAS6)),
    row("KVM_REG_PPC_MMUCFG", u32_reg(0x92), Meaning::Spr(n::MMUCFG)),
    row("KVM_REG_PPC_TLB0CFG", u32_reg(0x93), Meaning::Spr(n::TLB0CFG)),
    row("KVM_REG_PPC_TLB1CFG", u32_reg(0x94), Meaning::Spr(n::TLB1CFG)),
    row("KVM_REG_PPC_FSCR", u64_reg(0xa3), Meaning::Spr(n::FSCR)),
    row("KVM_REG_PPC_EBBHR", u64_reg(0xa5), Meaning::Spr(n::EBBHR)),
    row("KVM_REG_PPC_EBBRR", u64_reg(0xa6), Meaning::Spr(n::EBBRR)),
    row("KVM_REG_PPC_BESCR", u64_reg(0xa7), Meaning::Spr(n::BESCR)),
    row("KVM_REG_PPC_TAR", u64_reg(0xa8), Meaning::Spr(n::TAR)),
    row("KVM_REG_PPC_DAWR", u64_reg(0xaa), Meaning::OfHypervisor),
    row("KVM_REG_PPC_DAWRX", u64_reg(0xab), Meaning::OfHypervisor),
    row("KVM_REG_PPC_CIABR", u64_reg(0xac), Meaning::OfHypervisor),
    row("KVM_REG_PPC_VRSAVE", u32_reg(0xb4), Meaning::Spr(n::USPRG0)),
    row("KVM_REG_PPC_DABRX", u32_reg(0xb8), Meaning::OfHypervisor),
    row("KVM_REG_PPC_SPRG9", u64_reg(0xba), Meaning::Spr(n::SPRG9)),
];

/// Registers that a partition of a server core has besides, and a migration carries. The reference's partitions have
/// none of them.
pub static OF_PARTITION: [(&str, u64); 5] = [
    ("KVM_REG_PPC_DSCR", u64_reg(0x09)),
    ("KVM_REG_PPC_AMR", u64_reg(0x0e)),
    ("KVM_REG_PPC_UAMOR", u64_reg(0x0f)),
    ("KVM_REG_PPC_IAMR", u64_reg(0x9f)),
    ("KVM_REG_PPC_PSPB", u32_reg(0xa4)),
];

/// Registers that scripts name as well, while neither a migration carries them nor the reference has them: the
/// performance monitor's, a partition's, and what the guest's own program leaves alone. Of those with a number the
/// first, which the others follow.
pub static OTHER_NAMES: &[(&str, u64)] = &[
    ("KVM_REG_PPC_PURR", u64_reg(0x0a)),
    ("KVM_REG_PPC_SPURR", u64_reg(0x0b)),
    ("KVM_REG_PPC_MMCR0", u64_reg(0x10)),
    ("KVM_REG_PPC_MMCR1", u64_reg(0x11)),
    ("KVM_REG_PPC_MMCRA", u64_reg(0x12)),
    ("KVM_REG_PPC_MMCR2", u64_reg(0x13)),
    ("KVM_REG_PPC_MMCRS", u64_reg(0x14)),
    ("KVM_REG_PPC_SIAR", u64_reg(0x15)),
    ("KVM_REG_PPC_SDAR", u64_reg(0x16)),
    ("KVM_REG_PPC_SIER", u64_reg(0x17)),
    ("KVM_REG_PPC_PMC1", u32_reg(0x18)),
    ("KVM_REG_PPC_PMC2", u32_reg(0x19)),
    ("KVM_REG_PPC_PMC3", u32_reg(0x1a)),
    ("KVM_REG_PPC_PMC4", u32_reg(0x1b)),
    ("KVM_REG_PPC_PMC5", u32_reg(0x1c)),
    ("KVM_REG_PPC_PMC6", u32_reg(0x1d)),
    ("KVM_REG_PPC_PMC7", u32_reg(0x1e)),
    ("KVM_REG_PPC_PMC8", u32_reg(0x1f)),
    ("KVM_REG_PPC_FPR0", FPR0),
    ("KVM_REG_PPC_VR0", VR0),
    ("KVM_REG_PPC_VSR0", VSR0),
    ("KVM_REG_PPC_FPSCR", u64_reg(0x80)),
    ("KVM_REG_PPC_VSCR", u32_reg(0x81)),
    ("KVM_REG_PPC_VPA_ADDR", u64_reg(0x82)),
    ("KVM_REG_PPC_VPA_SLB", u128_reg(0x83)),
    ("KVM_REG_PPC_VPA_DTL", u128_reg(0x84)),
    ("KVM_REG_PPC_ICP_STATE", u64_reg(0x8c)),
    ("KVM_REG_PPC_TLB2CFG", u32_reg(0x95)),
    ("KVM_REG_PPC_EPTCFG", u32_reg(0x9b)),
    ("KVM_REG_PPC_TB_OFFSET", u64_reg(0x9c)),
    ("KVM_REG_PPC_SPMC1", u32_reg(0x9d)),
    ("KVM_REG_PPC_SPMC2", u32_reg(0x9e)),
    ("KVM_REG_PPC_DPDES", u64_reg(0xa9)),
    ("KVM_REG_PPC_IC", u64_reg(0xad)),
    ("KVM_REG_PPC_VTB", u64_reg(0xae)),
    ("KVM_REG_PPC_CSIGR", u64_reg(0xaf)),
    ("KVM_REG_PPC_TACR", u64_reg(0xb0)),
    ("KVM_REG_PPC_TCSCR", u64_reg(0xb1)),
    ("KVM_REG_PPC_PID", u64_reg(0xb2)),
    ("KVM_REG_PPC_ACOP", u64_reg(0xb3)),
    ("KVM_REG_PPC_LPCR", u32_reg(0xb5)),
    ("KVM_REG_PPC_LPCR_64", LPCR),
    ("KVM_REG_PPC_PPR", u64_reg(0xb6)),
    ("KVM_REG_PPC_ARCH_COMPAT", u32_reg(0xb7)),
    ("KVM_REG_PPC_WORT", u64_reg(0xb9)),
    ("KVM_REG_PPC_TIDR", u64_reg(0xbc)),
    ("KVM_REG_PPC_DEC_EXPIRY", u64_reg(0xbe)),
    ("KVM_REG_PPC_PTCR", u64_reg(0xc0)),
    ("KVM_REG_PPC_MMCR3", u64_reg(0xc1)),
    ("KVM_REG_PPC_SIER2", u64_reg(0xc2)),
    ("KVM_REG_PPC_SIER3", u64_reg(0xc3)),
    ("KVM_REG_PPC_DAWR1", u64_reg(0xc4)),
    ("KVM_REG_PPC_DAWRX1", u64_reg(0xc5)),
    ("KVM_REG_PPC_DEXCR", u64_reg(0xc6)),
    ("KVM_REG_PPC_HASHKEYR", u64_reg(0xc7)),
    ("KVM_REG_PPC_HASHPKEYR", u64_reg(0xc8)),
];

impl OneReg {
    /// The register with this identifier.
    #[must_use]
    pub fn by_id(id: u64) -> Option<&'static Self> {
        ONE_REGS.iter().find(|register| register.id == id)
    }

    /// True if reading it and writing the value back keeps it: what a migration carries.
    #[must_use]
    pub fn is_state(&self) -> bool {
        !matches!(self.meaning, Meaning::OrTsr | Meaning::ClearTsr | Meaning::Breakpoint)
    }
}

/// True if this is an identifier of the architecture's.
#[must_use]
pub const fn is_identifier(id: u64) -> bool {
    id & ARCH_MASK == PPC
}

/// Bytes of the register with this identifier, known here or not.
#[must_use]
pub const fn size(id: u64) -> usize {
    1 << (id >> SIZE_SHIFT & SIZE_MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_the_header() {
        let id = |name: &str| ONE_REGS.iter().find(|register| register.name == name).map(|register| register.id);
        assert_eq!(id("KVM_REG_PPC_HIOR"), Some(0x1030_0000_0000_0001));
        assert_eq!(id("KVM_REG_PPC_TCR"), Some(0x1020_0000_0000_0089));
        assert_eq!((size(u32_reg(1)), size(u64_reg(1)), size(PPC | 4 << SIZE_SHIFT)), (4, 8, 16));
    }

    #[test]
    fn no_two_registers_share_an_identifier() {
        for (index, register) in ONE_REGS.iter().enumerate() {
            assert!(ONE_REGS.iter().skip(index + 1).all(|other| other.id != register.id), "{}", register.name);
        }
        let others = || OF_PARTITION.iter().chain(OTHER_NAMES);
        for (index, (name, id)) in others().enumerate() {
            assert!(OneReg::by_id(*id).is_none(), "{name}");
            assert!(others().skip(index + 1).all(|(_, other)| other != id), "{name}");
        }
    }
}
