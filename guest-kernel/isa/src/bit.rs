//! Bits by name: what scripts write (`MSR.EE`, `ESR.PIL`) and transcripts show.
//!
//! The values stand in [`crate::msr`] and [`crate::syndrome`]; here are their names, by register and family.

use crate::cpu::Family;
use crate::exception::Exception;
use crate::{msr, syndrome};

/// One bit of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Its name in the manuals, or a word where they have none.
    pub name: &'static str,
    /// The register with this bit alone set.
    pub mask: u64,
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

/// ESR. Two names share a bit (instruction cache locking on e500, auxiliary processor on 44x): [`esr`] knows which.
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

/// The bits of MSR.
#[must_use]
pub const fn msr(family: Family) -> &'static [Bit] {
    if family.is_booke() { MSR_BOOKE } else { MSR_BOOK3S }
}

/// The bits SRR1 has after an interrupt in addition to those of the MSR. They are tried first: NOT_PRECISE is also MSR's ILE.
#[must_use]
pub const fn srr1(family: Family, exception: Exception) -> &'static [Bit] {
    match exception {
        _ if family.is_booke() => &[],
        Exception::Program => SRR1_PROGRAM,
        Exception::InstructionStorage => SRR1_INSTRUCTION_STORAGE,
        _ => &[],
    }
}

/// The bits of ESR that a family has.
pub fn esr(family: Family) -> impl Iterator<Item = Bit> {
    let other = if matches!(family, Family::Booke44x) { "ILK" } else { "AP" };
    ESR.iter().copied().filter(move |bit| bit.name != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_register_has_two_names_for_a_bit_or_two_bits_of_a_name() {
        for table in [MSR_BOOKE, MSR_BOOK3S, DSISR, SRR1_PROGRAM, SRR1_INSTRUCTION_STORAGE] {
            for (index, a) in table.iter().enumerate() {
                assert_eq!(a.mask.count_ones(), 1, "{}", a.name);
                assert!(table[index + 1..].iter().all(|b| b.name != a.name && b.mask != a.mask), "{}", a.name);
            }
        }
    }

    #[test]
    fn the_bit_two_cores_use_differently_has_one_name_on_each() {
        for (family, name) in [(Family::BookeE500, "ILK"), (Family::Booke44x, "AP")] {
            let named: [Bit; 1] = {
                let mut bits = esr(family).filter(|bit| bit.mask == u64::from(syndrome::esr::AP));
                [bits.next().expect("a name")]
            };
            assert_eq!(named[0].name, name);
            assert_eq!(esr(family).filter(|bit| bit.mask == named[0].mask).count(), 1);
        }
    }
}
