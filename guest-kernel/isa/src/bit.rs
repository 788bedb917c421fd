//! Bits and fields of registers by name: what scripts write (`MSR.EE`, `MAS1.TSIZE(1)`) and transcripts show.
//!
//! The values stand in [`crate::msr`], [`crate::syndrome`], [`crate::timer`], [`crate::config`], [`crate::debug`] and
//! [`crate::mmu`]; here are their names, by register and family. [`REGISTERS`] has every register.

use crate::cpu::Family;
use crate::exception::Exception;
use crate::mmu::{hash32, hash64, mas};
use crate::{config, debug, msr, syndrome, timer};

/// One bit of a register, or several beside each other that are one number: a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Its name in the manuals, or a word where they have none.
    pub name: &'static str,
    /// The register with this bit, or every bit of the field, and no other set.
    pub mask: u64,
}

impl Bit {
    /// The register with this number in the field and all else clear; none if it has more bits than the field.
    #[must_use]
    pub const fn with(&self, value: u64) -> Option<u64> {
        if value > self.highest() { None } else { Some(value << self.mask.trailing_zeros()) }
    }

    /// The highest number that the field holds.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.mask >> self.mask.trailing_zeros()
    }
}

const fn bit(name: &'static str, mask: u64) -> Bit {
    Bit { name, mask }
}

/// MSR of the embedded families.
pub static MSR_BOOKE: &[Bit] = &[
    bit("UCLE", msr::booke::UCLE),
    bit("SPE", msr::booke::SPE),
    bit("WE", msr::booke::WE),
    bit("CE", msr::booke::CE),
    bit("EE", msr::EE),
    bit("PR", msr::PR),
    bit("FP", msr::FP),
    bit("ME", msr::ME),
    bit("DE", msr::booke::DE),
    bit("IS", msr::booke::IS),
    bit("DS", msr::booke::DS),
    bit("PMM", msr::booke::PMM),
];

/// MSR of the server families.
pub static MSR_BOOK3S: &[Bit] = &[
    bit("SF", msr::book3s::SF),
    bit("HV", msr::book3s::HV),
    bit("VEC", msr::book3s::VEC),
    bit("VSX", msr::book3s::VSX),
    bit("POW", msr::book3s::POW),
    bit("ILE", msr::book3s::ILE),
    bit("EE", msr::EE),
    bit("PR", msr::PR),
    bit("FP", msr::FP),
    bit("ME", msr::ME),
    bit("FE0", msr::book3s::FE0),
    bit("SE", msr::book3s::SE),
    bit("BE", msr::book3s::BE),
    bit("FE1", msr::book3s::FE1),
    bit("IP", msr::book3s::IP),
    bit("IR", msr::book3s::IR),
    bit("DR", msr::book3s::DR),
    bit("PMM", msr::book3s::PMM),
    bit("RI", msr::book3s::RI),
    bit("LE", msr::book3s::LE),
];

/// ESR.
pub static ESR: &[Bit] = &[
    bit("PIL", syndrome::esr::PIL as u64),
    bit("PPR", syndrome::esr::PPR as u64),
    bit("PTR", syndrome::esr::PTR as u64),
    bit("FP", syndrome::esr::FP as u64),
    bit("ST", syndrome::esr::ST as u64),
    bit("DLK", syndrome::esr::DLK as u64),
    bit("ILK", syndrome::esr::ILK as u64),
    bit("AP", syndrome::esr::AP as u64),
    bit("PUO", syndrome::esr::PUO as u64),
    bit("BO", syndrome::esr::BO as u64),
    bit("SPV", syndrome::esr::SPV as u64),
];

/// DSISR of a data storage interrupt.
pub static DSISR: &[Bit] = &[
    bit("NO_TRANSLATION", syndrome::dsisr::NO_TRANSLATION as u64),
    bit("PROTECTION", syndrome::dsisr::PROTECTION as u64),
    bit("UNSUPPORTED", syndrome::dsisr::UNSUPPORTED as u64),
    bit("STORE", syndrome::dsisr::STORE as u64),
];

/// SRR1 of a program interrupt of the server families, apart from the MSR bits.
pub static SRR1_PROGRAM: &[Bit] = &[
    bit("FP_ENABLED", syndrome::srr1::FP),
    bit("ILLEGAL", syndrome::srr1::ILLEGAL),
    bit("PRIVILEGED", syndrome::srr1::PRIVILEGED),
    bit("TRAP", syndrome::srr1::TRAP),
    bit("NOT_PRECISE", syndrome::srr1::NOT_PRECISE),
];

/// SRR1 of an instruction storage interrupt of the server families, apart from the MSR bits.
pub static SRR1_INSTRUCTION_STORAGE: &[Bit] = &[
    bit("NO_TRANSLATION", syndrome::srr1::ISI_NO_TRANSLATION),
    bit("NO_EXECUTE", syndrome::srr1::ISI_NO_EXECUTE),
    bit("PROTECTION", syndrome::srr1::ISI_PROTECTION),
];

/// A field: so many of the lowest bits as `values` has, at `shift`.
const fn field(name: &'static str, values: u32, shift: u32) -> Bit {
    bit(name, (values as u64) << shift)
}

/// TCR of the embedded families.
pub static TCR: &[Bit] = {
    use timer::tcr::*;
    &[
        field("WP", PERIOD, WP_SHIFT),
        bit("WRC", WRC as u64),
        bit("WIE", WIE as u64),
        bit("DIE", DIE as u64),
        field("FP", PERIOD, FP_SHIFT),
        bit("FIE", FIE as u64),
        bit("ARE", ARE as u64),
        field("WPEXT", PERIOD_EXTENSION, WPEXT_SHIFT),
        field("FPEXT", PERIOD_EXTENSION, FPEXT_SHIFT),
    ]
};

/// TSR of the embedded families.
pub static TSR: &[Bit] = {
    use timer::tsr::*;
    &[
        bit("ENW", ENW as u64),
        bit("WIS", WIS as u64),
        bit("WRS", WRS as u64),
        bit("DIS", DIS as u64),
        bit("FIS", FIS as u64),
    ]
};

/// DBCR0 of the embedded families.
pub static DBCR0: &[Bit] = {
    use debug::dbcr0::*;
    &[
        bit("EDM", EDM as u64),
        bit("IDM", IDM as u64),
        bit("ICMP", ICMP as u64),
        bit("BRT", BRT as u64),
        bit("IRPT", IRPT as u64),
        bit("TRAP", TRAP as u64),
        bit("IAC1", IAC[0] as u64),
        bit("IAC2", IAC[1] as u64),
        bit("DAC1R", DAC_READ[0] as u64),
        bit("DAC1W", DAC_WRITE[0] as u64),
        bit("DAC2R", DAC_READ[1] as u64),
        bit("DAC2W", DAC_WRITE[1] as u64),
        bit("RET", RET as u64),
        bit("CIRPT", CIRPT as u64),
        bit("CRET", CRET as u64),
    ]
};

/// DBSR of the embedded families: each event is where DBCR0 asks for it (reg_booke.h, DBSR_IC and others), behind EDM and
/// IDM, which ask for none.
pub static DBSR: &[Bit] = DBCR0.split_at(2).1;

/// MAS0 of e500.
pub static MAS0: &[Bit] = &[
    field("TLBSEL", mas::TLBSEL, mas::TLBSEL_SHIFT),
    field("ESEL", mas::ESEL, mas::ESEL_SHIFT),
    bit("NV", mas::NV as u64),
];

/// MAS1 of e500.
pub static MAS1: &[Bit] = &[
    bit("V", mas::VALID as u64),
    bit("IPROT", mas::IPROT as u64),
    field("TID", mas::TID, mas::TID_SHIFT),
    bit("TS", mas::TS as u64),
    field("TSIZE", mas::TSIZE, mas::TSIZE_SHIFT),
];

/// MAS2 of e500.
pub static MAS2: &[Bit] = &[
    bit("EPN", mas::EPN),
    bit("W", mas::WRITE_THROUGH as u64),
    bit("I", mas::INHIBITED as u64),
    bit("M", mas::COHERENT as u64),
    bit("G", mas::GUARDED as u64),
    bit("E", mas::LITTLE_ENDIAN as u64),
];

/// MAS3 of e500.
pub static MAS3: &[Bit] = &[
    bit("U0", mas::U0 as u64),
    bit("U1", mas::U1 as u64),
    bit("U2", mas::U2 as u64),
    bit("U3", mas::U3 as u64),
    bit("UX", mas::UX as u64),
    bit("SX", mas::SX as u64),
    bit("UW", mas::UW as u64),
    bit("SW", mas::SW as u64),
    bit("UR", mas::UR as u64),
    bit("SR", mas::SR as u64),
];

/// MAS4 of e500: the defaults for the other registers, at the same places.
pub static MAS4: &[Bit] = &[
    bit("TLBSELD", mas::TLBSELD as u64),
    field("TIDSELD", mas::TIDSELD, mas::TIDSELD_SHIFT),
    bit("TSIZED", mas::TSIZED as u64),
    bit("WD", mas::WRITE_THROUGH as u64),
    bit("ID", mas::INHIBITED as u64),
    bit("MD", mas::COHERENT as u64),
    bit("GD", mas::GUARDED as u64),
    bit("ED", mas::LITTLE_ENDIAN as u64),
];

/// MAS6 of e500.
pub static MAS6: &[Bit] = &[field("SPID", mas::SPID, mas::SPID_SHIFT), bit("SAS", mas::SAS as u64)];

/// MMUCSR0 of e500.
pub static MMUCSR0: &[Bit] =
    &[bit("TLB0_FI", mas::MMUCSR0_TLB0_FI as u64), bit("TLB1_FI", mas::MMUCSR0_TLB1_FI as u64)];

/// HID0 of e500.
pub static HID0: &[Bit] = &[bit("TBEN", config::hid0::TBEN as u64)];

/// HID1 of e500.
pub static HID1: &[Bit] = &[bit("ABE", config::hid1::ABE as u64)];

/// L1CSR0 of e500: the data cache.
pub static L1CSR0: &[Bit] = {
    use config::l1csr::*;
    &[bit("CPE", PARITY as u64), bit("CLFC", UNLOCK as u64), bit("CFI", INVALIDATE as u64), bit("CE", ENABLE as u64)]
};

/// L1CSR1 of e500: the instruction cache.
pub static L1CSR1: &[Bit] = {
    use config::l1csr::*;
    &[
        bit("ICPE", PARITY as u64),
        bit("ICLFC", UNLOCK as u64),
        bit("ICFI", INVALIDATE as u64),
        bit("ICE", ENABLE as u64),
    ]
};

/// Upper halves of the block registers of the 32-bit server family.
pub static BATU: &[Bit] = &[
    bit("BEPI", hash32::BATU_BEPI as u64),
    field("BL", hash32::BATU_BL, hash32::BATU_BL_SHIFT),
    bit("VS", hash32::BATU_VS as u64),
    bit("VP", hash32::BATU_VP as u64),
];

/// Lower halves of the block registers of the 32-bit server family.
pub static BATL: &[Bit] = &[
    bit("BRPN", hash32::BATL_BRPN as u64),
    bit("W", hash32::PTE_W as u64),
    bit("I", hash32::PTE_I as u64),
    bit("M", hash32::PTE_M as u64),
    bit("G", hash32::PTE_G as u64),
    bit("PP", hash32::BATL_PP as u64),
];

/// Segment registers of the 32-bit server family.
pub static SR: &[Bit] = &[
    bit("T", hash32::SR_T as u64),
    bit("KS", hash32::SR_KS as u64),
    bit("KP", hash32::SR_KP as u64),
    bit("N", hash32::SR_N as u64),
    bit("VSID", hash32::SR_VSID as u64),
];

/// Segment lookaside buffer of the 64-bit server family: RB and RS of slbmte.
pub static SLB: &[Bit] = &[
    bit("ESID", hash64::SLB_ESID),
    bit("V", hash64::SLB_V),
    bit("INDEX", hash64::SLB_INDEX),
    bit("B", hash64::SLB_B),
    bit("VSID", hash64::SLB_VSID),
    bit("KS", hash64::SLB_KS),
    bit("KP", hash64::SLB_KP),
    bit("N", hash64::SLB_N),
    bit("L", hash64::SLB_L),
    bit("LP", hash64::SLB_LP),
];

/// Both doublewords of a hashed page table entry of the 64-bit server family.
pub static HPTE: &[Bit] = &[
    bit("B", hash64::PTE_B),
    bit("AVPN", hash64::PTE_AVPN),
    bit("L", hash64::PTE_L),
    bit("H", hash64::PTE_H),
    bit("V", hash64::PTE_V),
    bit("PP0", hash64::PTE_PP0),
    bit("KEY_HI", hash64::PTE_KEY & !hash64::PTE_KEY_LOW),
    bit("RPN", hash64::PTE_RPN),
    bit("KEY_LO", hash64::PTE_KEY_LOW),
    bit("R", hash64::PTE_R),
    bit("C", hash64::PTE_C),
    bit("W", hash64::PTE_W),
    bit("I", hash64::PTE_I),
    bit("M", hash64::PTE_M),
    bit("G", hash64::PTE_G),
    bit("N", hash64::PTE_N),
    bit("PP", hash64::PTE_PP),
];

/// FSCR of POWER8 and later.
pub static FSCR: &[Bit] = {
    use msr::fscr::*;
    &[bit("IC", IC), bit("TAR", TAR), bit("EBB", EBB), bit("TM", TM), bit("DSCR", DSCR)]
};

/// BUCSR of e500.
pub static BUCSR: &[Bit] = &[bit("BBFI", config::bucsr::BBFI as u64), bit("BPEN", config::bucsr::BPEN as u64)];

/// LPCR of POWER8 and later.
pub static LPCR: &[Bit] = &[bit("ILE", msr::lpcr::ILE)];

/// MMCR0 of the server families.
pub static MMCR0: &[Bit] = &[bit("FC", config::mmcr0::FC as u64)];

/// Every register with names in scripts: its own, and the tables that have them.
pub static REGISTERS: &[(&str, &[&[Bit]])] = &[
    ("MSR", &[MSR_BOOKE, MSR_BOOK3S]),
    ("ESR", &[ESR]),
    ("SRR1", &[SRR1_PROGRAM, SRR1_INSTRUCTION_STORAGE]),
    ("DSISR", &[DSISR]),
    ("TCR", &[TCR]),
    ("TSR", &[TSR]),
    ("DBCR0", &[DBCR0]),
    ("DBSR", &[DBSR]),
    ("MAS0", &[MAS0]),
    ("MAS1", &[MAS1]),
    ("MAS2", &[MAS2]),
    ("MAS3", &[MAS3]),
    ("MAS4", &[MAS4]),
    ("MAS6", &[MAS6]),
    ("MMUCSR0", &[MMUCSR0]),
    ("HID0", &[HID0]),
    ("HID1", &[HID1]),
    ("L1CSR0", &[L1CSR0]),
    ("L1CSR1", &[L1CSR1]),
    ("BUCSR", &[BUCSR]),
    ("BATU", &[BATU]),
    ("BATL", &[BATL]),
    ("SR", &[SR]),
    ("SLB", &[SLB]),
    ("HPTE", &[HPTE]),
    ("FSCR", &[FSCR]),
    ("LPCR", &[LPCR]),
    ("MMCR0", &[MMCR0]),
];

/// The bits of MSR.
#[must_use]
pub const fn msr(family: Family) -> &'static [Bit] {
    if family.is_booke() { MSR_BOOKE } else { MSR_BOOK3S }
}

/// The bits SRR1 has after an interrupt in addition to those of the MSR. They are tried first: NOT_PRECISE is also
/// MSR's ILE.
#[must_use]
pub const fn srr1(family: Family, exception: Exception) -> &'static [Bit] {
    match exception {
        _ if family.is_booke() => &[],
        Exception::Program => SRR1_PROGRAM,
        Exception::InstructionStorage => SRR1_INSTRUCTION_STORAGE,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_has_two_names_for_a_bit_or_two_bits_of_a_name() {
        // HPTE has the fields of both doublewords of an entry.
        for (register, tables) in REGISTERS.iter().filter(|(register, _)| *register != "HPTE") {
            for table in *tables {
                for (index, a) in table.iter().enumerate() {
                    let is_other = |b: &Bit| b.name != a.name && b.mask != a.mask;
                    assert!(table[index + 1..].iter().all(is_other), "{register}.{}", a.name);
                }
            }
        }
    }

    #[test]
    fn a_field_is_bits_beside_each_other_and_a_register_has_one_of_a_name() {
        for (register, tables) in REGISTERS {
            for (index, table) in tables.iter().enumerate() {
                for (place, bit) in table.iter().enumerate() {
                    let run = bit.mask >> bit.mask.trailing_zeros();
                    assert_eq!(run & run.wrapping_add(1), 0, "{register}.{}", bit.name);
                    assert!(table[place + 1..].iter().all(|other| other.name != bit.name), "{register}.{}", bit.name);
                    // Families that share a name share the bit.
                    let others = tables[index + 1..].iter().copied().flatten();
                    assert!(others.filter(|other| other.name == bit.name).all(|other| other.mask == bit.mask));
                }
            }
        }
    }

    #[test]
    fn a_number_goes_to_the_place_of_its_field() {
        let field = |table: &[Bit], name: &str| *table.iter().find(|bit| bit.name == name).expect("a field");
        assert_eq!(field(MAS1, "TSIZE").with(1), Some(0x100));
        assert_eq!(field(MAS1, "TSIZE").with(16), None);
        assert_eq!(field(MAS0, "ESEL").with(0xfff), Some(0x0fff_0000));
        assert_eq!(field(HPTE, "AVPN").with(u64::MAX), None);
        assert_eq!(field(TCR, "DIE").with(1), Some(0x0400_0000));
    }
}
