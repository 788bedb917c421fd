//! Which instruction a guest may replace by which access to the magic page: the patch list.
//!
//! The authority is the kernel's own guest code, arch/powerpc/kernel/kvm.c (kvm_check_ins); ppc-pv.rst has an older and
//! shorter list. A row says what stands in for an instruction; how the words are put together is the patcher's work.

use crate::cpu::CpuSet;
use crate::page::Feature;
use crate::spr::number as n;

/// What stands in for the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A load of this page field into the instruction's RT.
    Load(&'static str),
    /// A store of the instruction's RS to this page field.
    Store(&'static str),
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
}

const fn row(pattern: Pattern, action: Action, feature: Feature, cpus: CpuSet) -> Replacement {
    Replacement { pattern, action, feature, cpus }
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
        row(Mnemonic("mfmsr"), Load("msr"), Base, ALL),
        row(Mfspr(n::SPRG0), Load("sprg0"), Base, ALL),
        row(Mfspr(n::SPRG1), Load("sprg1"), Base, ALL),
        row(Mfspr(n::SPRG2), Load("sprg2"), Base, ALL),
        row(Mfspr(n::SPRG3), Load("sprg3"), Base, ALL),
        row(Mfspr(n::SRR0), Load("srr0"), Base, ALL),
        row(Mfspr(n::SRR1), Load("srr1"), Base, ALL),
        row(Mfspr(n::DEAR), Load("dar"), Base, BOOKE),
        row(Mfspr(n::DAR), Load("dar"), Base, BOOK3S),
        row(Mfspr(n::DSISR), Load("dsisr"), Base, BOOK3S),
        row(Mfspr(n::MAS0), Load("mas0"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS1), Load("mas1"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS2), Load("mas2"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS3), Load("mas3"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS4), Load("mas4"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS6), Load("mas6"), Mas0ToSprg7, E500),
        row(Mfspr(n::MAS7), Load("mas7"), Mas0ToSprg7, E500),
        row(Mfspr(n::SPRG4), Load("sprg4"), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG5), Load("sprg5"), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG6), Load("sprg6"), Mas0ToSprg7, ALL),
        row(Mfspr(n::SPRG7), Load("sprg7"), Mas0ToSprg7, ALL),
        row(Mfspr(n::USPRG4), Load("sprg4"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG5), Load("sprg5"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG6), Load("sprg6"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::USPRG7), Load("sprg7"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::ESR), Load("esr"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::BOOKE_PIR), Load("pir"), Mas0ToSprg7, BOOKE),
        row(Mfspr(n::BOOK3S_PIR), Load("pir"), Mas0ToSprg7, BOOK3S),
        row(Mtspr(n::SPRG0), Store("sprg0"), Base, ALL),
        row(Mtspr(n::SPRG1), Store("sprg1"), Base, ALL),
        row(Mtspr(n::SPRG2), Store("sprg2"), Base, ALL),
        row(Mtspr(n::SPRG3), Store("sprg3"), Base, ALL),
        row(Mtspr(n::SRR0), Store("srr0"), Base, ALL),
        row(Mtspr(n::SRR1), Store("srr1"), Base, ALL),
        row(Mtspr(n::DEAR), Store("dar"), Base, BOOKE),
        row(Mtspr(n::DAR), Store("dar"), Base, BOOK3S),
        row(Mtspr(n::DSISR), Store("dsisr"), Base, BOOK3S),
        row(Mtspr(n::MAS0), Store("mas0"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS1), Store("mas1"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS2), Store("mas2"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS3), Store("mas3"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS4), Store("mas4"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS6), Store("mas6"), Mas0ToSprg7, E500),
        row(Mtspr(n::MAS7), Store("mas7"), Mas0ToSprg7, E500),
        row(Mtspr(n::SPRG4), Store("sprg4"), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG5), Store("sprg5"), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG6), Store("sprg6"), Mas0ToSprg7, ALL),
        row(Mtspr(n::SPRG7), Store("sprg7"), Mas0ToSprg7, ALL),
        row(Mtspr(n::ESR), Store("esr"), Mas0ToSprg7, BOOKE),
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
    use crate::page::Field;

    #[test]
    fn every_field_a_row_names_is_in_the_page() {
        for replacement in REPLACEMENTS {
            if let Action::Load(field) | Action::Store(field) = replacement.action {
                assert!(Field::by_name(field).is_some(), "{field}");
            }
        }
    }
}
