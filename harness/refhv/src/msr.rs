//! The machine state register: which bits a CPU has, and what software can make of them.
//!
//! Used by the bare machine for the register itself and by the hypervisor for the one it shows its guest.

use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::msr::{self, book3s, booke};

/// The bits this CPU implements; the others stay zero ("Machine State Register" in the e500 core, PPC440,
/// MPC7400 and 750 manuals and in Power ISA 2.07 Book III-S, section 3.2.1; the 970: QEMU, target/ppc/cpu_init.c,
/// msr_mask).
#[must_use]
pub const fn implemented(cpu: &Cpu) -> u64 {
    const COMMON: u64 = msr::EE | msr::PR | msr::FP | msr::ME | book3s::FE0 | book3s::FE1 | book3s::IR | book3s::DR;
    const BOOKE: u64 = COMMON | booke::WE | booke::CE | booke::DWE | booke::DE;
    const E500: u64 = BOOKE | booke::UCLE | booke::SPE;
    const BOOK3S: u64 = COMMON | book3s::SE | book3s::BE | book3s::PMM | book3s::RI;
    const BOOK3S32: u64 = BOOK3S | book3s::POW | book3s::ILE | book3s::IP | book3s::LE;
    const BOOK3S64: u64 = BOOK3S | book3s::SF | book3s::HV | book3s::VEC;
    match cpu.family {
        Family::BookeE500 => E500,
        Family::Booke44x => BOOKE,
        Family::Book3s32 if cpu.set.contains(CpuSet::G4_7447) => BOOK3S32 | book3s::VEC,
        Family::Book3s32 => BOOK3S32,
        Family::Book3s64 if cpu.set.contains(CpuSet::G5_970) => BOOK3S64 | book3s::POW,
        Family::Book3s64 => BOOK3S64 | book3s::VSX | book3s::LE,
    }
}

/// An instruction that writes the MSR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// mtmsr: the low word.
    Mtmsr,
    /// mtmsrd: the whole.
    Mtmsrd,
    /// mtmsr or mtmsrd with L = 1: EE and RI.
    EeRi,
    /// wrtee and wrteei: EE.
    Ee,
    /// rfi, rfci, rfmci, rfid: everything the save register holds.
    Return,
}

impl Writer {
    /// The bits it changes.
    const fn mask(self, family: Family) -> u64 {
        // mtmsr and mtmsrd (Book III-S): these change by an interrupt or a return from one only.
        const BY_RETURN_ONLY: u64 = msr::ME | book3s::LE;
        const LOW_WORD: u64 = 0xffff_ffff;
        match (self, family) {
            (Self::Ee, _) => msr::EE,
            (Self::EeRi, _) => msr::EE | book3s::RI,
            (Self::Mtmsr, Family::Book3s64) => LOW_WORD & !BY_RETURN_ONLY,
            (Self::Mtmsrd, _) => !(BY_RETURN_ONLY | book3s::HV),
            (Self::Mtmsr, _) => LOW_WORD,
            // Hypervisor state is left by hrfid only, and nothing here enters it. POW is the same bit as WE.
            // SRR1[10:15] of a 32-bit server CPU are the cause's, and ILE is bit 15 (7400 manual, table 4-12 and rfi).
            (Self::Return, Family::Book3s32) => !(book3s::POW | book3s::ILE),
            (Self::Return, _) => !(book3s::HV | book3s::POW),
        }
    }
}

/// The MSR after software has written `value` over `old`.
#[must_use]
pub const fn write(cpu: &Cpu, old: u64, value: u64, writer: Writer) -> u64 {
    let mask = match (writer, cpu.family) {
        // rfid restores ME in hypervisor state only (Power ISA 2.07 Book III-S, "System Linkage Instructions").
        (Writer::Return, Family::Book3s64) if old & book3s::HV == 0 => writer.mask(cpu.family) & !msr::ME,
        (_, family) => writer.mask(family),
    };
    let new = (value & mask | old & !mask) & implemented(cpu);
    // mtmsr and mtmsrd (Book III-S): problem state is translated and interruptible.
    let forced = matches!(cpu.family, Family::Book3s64) && !matches!(writer, Writer::EeRi | Writer::Ee);
    if forced && new & msr::PR != 0 { new | msr::EE | book3s::IR | book3s::DR } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(name: &str) -> &'static Cpu {
        Cpu::by_name(name).expect("a CPU of the table")
    }

    #[test]
    fn a_write_keeps_what_the_cpu_does_not_have_at_zero() {
        assert_eq!(write(cpu("e500v2"), 0, u64::MAX, Writer::Mtmsr), implemented(cpu("e500v2")));
        assert_eq!(write(cpu("440"), 0, booke::SPE | msr::EE, Writer::Mtmsr), msr::EE);
        assert_eq!(write(cpu("750"), 0, book3s::VEC | book3s::RI, Writer::Return), book3s::RI);
    }

    #[test]
    fn wrtee_changes_ee_and_nothing_else() {
        let old = msr::ME | booke::CE;
        assert_eq!(write(cpu("e500v2"), old, u64::MAX, Writer::Ee), old | msr::EE);
        assert_eq!(write(cpu("e500v2"), old | msr::EE, 0, Writer::Ee), old);
    }

    #[test]
    fn mtmsr_of_a_64_bit_cpu_leaves_the_high_word_and_me_alone() {
        let old = book3s::SF | msr::ME;
        assert_eq!(write(cpu("970"), old, 0, Writer::Mtmsr), old);
        assert_eq!(write(cpu("970"), old, 0, Writer::Mtmsrd), msr::ME);
    }

    #[test]
    fn rfid_restores_me_in_hypervisor_state_only() {
        assert_eq!(write(cpu("970"), msr::ME, book3s::SF, Writer::Return), book3s::SF | msr::ME);
        assert_eq!(write(cpu("970"), book3s::HV | msr::ME, 0, Writer::Return), book3s::HV);
        assert_eq!(write(cpu("7447"), msr::ME, 0, Writer::Return), 0);
    }

    #[test]
    fn mtmsrd_with_l_changes_ee_and_ri() {
        assert_eq!(write(cpu("power8"), book3s::SF, u64::MAX, Writer::EeRi), book3s::SF | msr::EE | book3s::RI);
    }

    #[test]
    fn problem_state_of_a_64_bit_cpu_is_translated_and_interruptible() {
        let forced = msr::PR | msr::EE | book3s::IR | book3s::DR;
        assert_eq!(write(cpu("970"), 0, msr::PR, Writer::Return), forced);
        assert_eq!(write(cpu("7447"), 0, msr::PR, Writer::Return), msr::PR);
    }
}
