//! Which instruction a guest may replace by which access to the magic page: the patch list.
//!
//! The authority is the kernel's own guest code, arch/powerpc/kernel/kvm.c (kvm_check_ins); ppc-pv.rst has an older and
//! shorter list. A row says what stands in for an instruction; how the words are put together is the patcher's work.

use crate::cpu::CpuSet;
use crate::insn::{Insn, Operand};
use crate::page::{Feature, Field};
use crate::spr::number as n;

/// What stands in for the instruction.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A load of this page field into the instruction's RT.
    Load(&'static Field),
    /// A store of the instruction's RS to this page field.
    Store(&'static Field),
    /// A no-operation.
    Nop,
    /// A branch to the trampoline that emulates it.
    Trampoline(Trampoline),
}

/// Sequences longer than one instruction (arch/powerpc/kernel/kvm_emul.S).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trampoline {
    /// mtmsrd with L = 1: EE and RI only.
    MtmsrdL1,
    /// mtmsr, mtmsrd with L = 0: in the page if only EE and RI change, else the instruction itself.
    Mtmsr,
    /// wrtee, wrteei 1.
    Wrtee,
    /// wrteei 0.
    WrteeiZero,
    /// mtsrin in real mode.
    Mtsrin,
}

/// An instruction that can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// mfspr of this number.
    Mfspr(u16),
    /// mtspr of this number.
    Mtspr(u16),
    /// Any instruction of this mnemonic.
    Mnemonic(&'static str),
    /// mtmsrd with this L field.
    Mtmsrd(bool),
    /// wrteei with this E field.
    Wrteei(bool),
}

/// One row of the list.
#[derive(Debug)]
pub struct Replacement {
    /// What is replaced.
    pub pattern: Pattern,
    /// By what.
    pub action: Action,
    /// The feature the hypervisor must have announced.
    pub feature: Feature,
    /// On which CPUs.
    pub cpus: CpuSet,
    /// Bits of a word that the pattern is about, and what they are then.
    mask: u32,
    bits: u32,
}

impl Replacement {
    /// True if the word is what is replaced.
    #[must_use]
    pub const fn is_about(&self, word: u32) -> bool {
        word & self.mask == self.bits
    }
}

impl Pattern {
    /// The instruction, and an operand that has one value alone.
    const fn parts(self) -> (&'static Insn, Option<(Operand, i64)>) {
        match self {
            Self::Mfspr(number) => (Insn::named("mfspr"), Some((Operand::Spr, number as i64))),
            Self::Mtspr(number) => (Insn::named("mtspr"), Some((Operand::Spr, number as i64))),
            Self::Mnemonic(mnemonic) => (Insn::named(mnemonic), None),
            Self::Mtmsrd(l) => (Insn::named("mtmsrd"), Some((Operand::L, l as i64))),
            Self::Wrteei(e) => (Insn::named("wrteei"), Some((Operand::E, e as i64))),
        }
    }
}

const fn row(pattern: Pattern, action: Action, feature: Feature, cpus: CpuSet) -> Replacement {
    let (insn, operand) = pattern.parts();
    let (mut mask, mut bits) = (insn.fixed_mask, insn.word);
    if let Some((operand, value)) = operand {
        mask |= operand.mask();
        bits |= match operand.insert(value) {
            Some(bits) => bits,
            None => panic!("the operand does not have this value"),
        };
    }
    Replacement { pattern, action, feature, cpus, mask, bits }
}

/// The patch list, in the order of kvm_check_ins.
pub static REPLACEMENTS: &[Replacement] = {
    use Action::{Load, Nop, Store};
    use Feature::{Base, Mas0ToSprg7, Sr};
    use Pattern::{Mfspr, Mnemonic, Mtmsrd, Mtspr, Wrteei};
    const ALL: CpuSet = CpuSet::all();
    const E500: CpuSet = CpuSet::E500;
    const BOOKE: CpuSet = CpuSet::BOOKE;
    const BOOK3S: CpuSet = CpuSet::BOOK3S;
    &[
        row(Mnemonic("mfmsr"), Load(Field::named("msr")), Base, ALL),
        row(Mfspr(n::SPRG0), Load(Field::named("sprg0")), Base, ALL),
        row(Mfspr(n::SPRG1), Load(Field::named("sprg1")), Base, ALL),
        row(Mfspr(n::SPRG2), Load(Field::named("sprg2")), Base, ALL),
        row(Mfspr(n::SPRG3), Load(Field::named("sprg3")), Base, ALL),
        row(Mfspr(n::SRR0), Load(Field::named("srr0")), Base, ALL),
        row(Mfspr(n::SRR1), Load(Field::named("srr1")), Base, ALL),
        row(Mfspr(n::DEAR), Load(Field::named("dar")), Base, BOOKE),
        row(Mfspr(n::DAR), Load(Field::named("dar")), Base, BOOK3S),
        row(Mfspr(n::DSISR), Load(Field::named("dsisr")), Base, BOOK3S),
        row(Mfspr(n::MAS0), Load(Field::named("mas0")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS1), Load(Field::named("mas1")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS2), Load(Field::named("mas2")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS3), Load(Field::named("mas3")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS4), Load(Field::named("mas4")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS6), Load(Field::named("mas6")), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS7), Load(Field::named("mas7")), Mas0ToSprg7, E500),
        row(Mfspr(n::SPRG4), Load(Field::named("sprg4")), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG5), Load(Field::named("sprg5")), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG6), Load(Field::named("sprg6")), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG7), Load(Field::named("sprg7")), Mas0ToSprg7, ALL),
        row(Mfspr(n::USPRG4), Load(Field::named("sprg4")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG5), Load(Field::named("sprg5")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG6), Load(Field::named("sprg6")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG7), Load(Field::named("sprg7")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::ESR), Load(Field::named("esr")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::BOOKE_PIR), Load(Field::named("pir")), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::BOOK3S_PIR), Load(Field::named("pir")), Mas0ToSprg7, BOOK3S),
        row(Mtspr(n::SPRG0), Store(Field::named("sprg0")), Base, ALL),
        row(Mtspr(n::SPRG1), Store(Field::named("sprg1")), Base, ALL),
        row(Mtspr(n::SPRG2), Store(Field::named("sprg2")), Base, ALL),
        row(Mtspr(n::SPRG3), Store(Field::named("sprg3")), Base, ALL),
        row(Mtspr(n::SRR0), Store(Field::named("srr0")), Base, ALL),
        row(Mtspr(n::SRR1), Store(Field::named("srr1")), Base, ALL),
        row(Mtspr(n::DEAR), Store(Field::named("dar")), Base, BOOKE),
        row(Mtspr(n::DAR), Store(Field::named("dar")), Base, BOOK3S),
        row(Mtspr(n::DSISR), Store(Field::named("dsisr")), Base, BOOK3S),
        row(Mtspr(n::MAS0), Store(Field::named("mas0")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS1), Store(Field::named("mas1")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS2), Store(Field::named("mas2")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS3), Store(Field::named("mas3")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS4), Store(Field::named("mas4")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS6), Store(Field::named("mas6")), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS7), Store(Field::named("mas7")), Mas0ToSprg7, E500),
        row(Mtspr(n::SPRG4), Store(Field::named("sprg4")), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG5), Store(Field::named("sprg5")), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG6), Store(Field::named("sprg6")), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG7), Store(Field::named("sprg7")), Mas0ToSprg7, ALL),
        row(Mtspr(n::ESR), Store(Field::named("esr")), Mas0ToSprg7, BOOKE),
        row(Mnemonic("tlbsync"), Nop, Base, ALL),
        row(Mtmsrd(true), Action::Trampoline(Trampoline::MtmsrdL1), Base, ALL),
        row(Mtmsrd(false), Action::Trampoline(Trampoline::Mtmsr), Base, ALL),
        row(Mnemonic("mtmsr"), Action::Trampoline(Trampoline::Mtmsr), Base, ALL),
        row(Mnemonic("wrtee"), Action::Trampoline(Trampoline::Wrtee), Base, BOOKE),
        row(Wrteei(true), Action::Trampoline(Trampoline::Wrtee), Base, BOOKE),
        row(Wrteei(false), Action::Trampoline(Trampoline::WrteeiZero), Base, BOOKE),
        row(Mnemonic("mtsrin"), Action::Trampoline(Trampoline::Mtsrin), Sr, CpuSet::BOOK3S32),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::word::assemble;

    #[test]
    fn a_row_is_about_its_instruction_and_about_no_other_row_s() {
        for (index, row) in REPLACEMENTS.iter().enumerate() {
            let (insn, operand) = row.pattern.parts();
            let value = |of: &Operand| operand.filter(|(only, _)| only == of).map_or(0, |(_, value)| value);
            let mut values = [0; 4];
            values.iter_mut().zip(insn.operands).for_each(|(to, operand)| *to = value(operand));
            let word = assemble(insn.mnemonic, &values[..insn.operands.len()]).expect("an instruction");
            assert!(row.is_about(word), "{:?}", row.pattern);
            for (other, same) in REPLACEMENTS.iter().enumerate() {
                let both = same.is_about(word) && same.cpus.intersects(row.cpus);
                assert_eq!(both, index == other, "{:?} and {:?}", row.pattern, same.pattern);
            }
        }
    }
}
