//! Designs of the shared page that were proposed when it was invented, and that KVM did not take: each can be tried on
//! a guest.
//!
//! They come from the discussion "kvm BookE and SPRGs" on the kvm-ppc list, 2009, and the patches of 2008 that it
//! speaks of. A design is one row of [`DESIGNS`] and one question, [`Hypervisor::has_design`], at the place that
//! behaves differently; what the page holds in addition to its fields is put together here.
//!
//! Unlike a deviation a design is not a mistake: it is a choice, which saves something and breaks something.

use sprig_interpreter::Kernel;
use sprig_interpreter::patcher::{Place, patch};
use sprig_isa::branch;
use sprig_isa::cpu::Cpu;
use sprig_isa::insn::Insn;
use sprig_isa::msr;
use sprig_isa::page::{DEFAULT_EA, Field, PAGE_SIZE};

use super::{Hypervisor, Mapping, policy};
use crate::cpu::{Access, Core};
use crate::memory::Memory;

/// The row of an instruction, found when this is built.
macro_rules! row {
    ($mnemonic:literal) => {
        const { Insn::named($mnemonic) }
    };
}

/// A design other than the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// An instruction of the patch list that traps is replaced in the guest's memory by the access to the page.
    HypervisorPatches,
    /// An alias register is loaded when a trapping mtspr is emulated, and never at entry.
    AliasOnWrite,
    /// The alias registers are never loaded.
    AliasNever,
    /// The page is at -4096 from reset on, without a hypercall.
    PageAtStart,
    /// The fields begin where r5 of MAP_MAGIC_PAGE says, not at the start of the page.
    LayoutDescribed,
    /// The page is executable and holds code that guests can branch to.
    CodeInPage,
    /// dcbz clears 32 bytes, as it did on CPUs before this one, for guests that rely on it.
    Dcbz32,
}

/// A design as a target.
#[derive(Debug)]
pub struct Row {
    /// The design.
    pub design: Design,
    /// Its name; `ref-NAME` is the target.
    pub id: &'static str,
    /// The CPU to show it on, as targets name it.
    pub cpu: &'static str,
    /// Its page is the one of kvm_para.h, so that what is written for the magic page can run.
    pub has_magic_page: bool,
}

const fn row(design: Design, id: &'static str, cpu: &'static str) -> Row {
    Row { design, id, cpu, has_magic_page: true }
}

/// Every design.
pub static DESIGNS: &[Row] = &[
    row(Design::HypervisorPatches, "hv-patches", "e500v2"),
    row(Design::AliasOnWrite, "alias-on-write", "e500v2"),
    row(Design::AliasNever, "alias-never", "e500v2"),
    row(Design::PageAtStart, "page-at-start", "e500v2"),
    Row { has_magic_page: false, ..row(Design::LayoutDescribed, "layout-described", "e500v2") },
    row(Design::CodeInPage, "code-in-page", "e500v2"),
    row(Design::Dcbz32, "dcbz-32", "970"),
];

/// Where the fields begin in the page of [`Design::LayoutDescribed`].
const DESCRIBED_OFFSET: u64 = 0x100;
/// Where the code begins in the page of [`Design::CodeInPage`]: what sets MSR\[EE\] by the page.
const CODE_OFFSET: u64 = 0x800;
/// And where an instruction that faults is.
const FAULT_OFFSET: u64 = 0x840;
/// Bytes that dcbz clears on older CPUs.
const OLD_CACHE_BLOCK: u16 = 32;

impl Design {
    /// Offset of the first field from the start of the page, bytes.
    pub(super) const fn layout_offset(design: Option<Self>) -> u64 {
        match design {
            Some(Self::LayoutDescribed) => DESCRIBED_OFFSET,
            _ => 0,
        }
    }

    /// Bytes that dcbz clears.
    pub(super) fn cache_block(design: Option<Self>, cpu: &Cpu) -> u16 {
        match design {
            Some(Self::Dcbz32) => OLD_CACHE_BLOCK,
            _ => cpu.cache_block,
        }
    }

    /// Whether instructions are fetched from the page on embedded CPUs.
    pub(super) const fn is_executable(design: Option<Self>) -> bool {
        matches!(design, Some(Self::CodeInPage)) || policy::PAGE_EXECUTABLE_ON_BOOKE
    }

    /// Where the page is before the guest has asked for it.
    pub(super) const fn initial_mapping(design: Option<Self>) -> Option<Mapping> {
        match design {
            Some(Self::PageAtStart) => Some(Mapping { ea: DEFAULT_EA, pa: DEFAULT_EA, keeps_no_execute: true }),
            _ => None,
        }
    }
}

impl Hypervisor {
    /// True if this hypervisor is of that design.
    #[inline]
    pub(super) fn has_design(&self, design: Design) -> bool {
        self.setup.design == Some(design)
    }

    /// Replaces the instruction that has just been emulated by the access to the page, where the guest's own patcher
    /// would: once the page is where one instruction reaches it ([`Design::HypervisorPatches`]).
    pub(super) fn patch_guest(&mut self, core: &mut Core, address: u64, word: u32) {
        if self.mapping.is_none_or(|mapping| mapping.ea != DEFAULT_EA) {
            return;
        }
        // There is no room for trampolines: what takes more than one instruction goes on trapping.
        let nowhere = Place { instruction: 0, trampoline: 0, room: 0 };
        let Some(patched) = patch(Kernel::default(), self.cpu, policy::PAGE_FEATURES, word, nowhere) else { return };
        if let Ok(reach) = self.resolve(core, address, Access::Fetch) {
            let _ = core.memory.write_u32(reach.host(), patched.word);
        }
    }
}

/// Writes the code of [`Design::CodeInPage`] into the page at `base`.
pub(super) fn install_code(memory: &mut Memory, base: u64) {
    let displacement = |field: &Field| i64::from(field.offset32) - PAGE_SIZE as i64;
    let msr = displacement(const { Field::named("msr") });
    let int_pending = displacement(const { Field::named("int_pending") });
    let code = [
        row!("lwz").encode(&[0, msr, 0]),
        row!("ori").encode(&[0, 0, msr::EE as i64]),
        row!("stw").encode(&[0, msr, 0]),
        row!("lwz").encode(&[0, int_pending, 0]),
        row!("andi.").encode(&[0, 0, 1]),
        row!("bc").encode(&[branch::IF_SET.into(), branch::CR0_EQ.into(), 8]),
        // An interrupt waits: any exit delivers it.
        row!("mfmsr").encode(&[0]),
        row!("blr").encode(&[]),
    ];
    let fault = [row!("tw").encode(&[branch::TRAP_ALWAYS.into(), 0, 0])];
    for (offset, words) in [(CODE_OFFSET, code.as_slice()), (FAULT_OFFSET, &fault)] {
        for (index, word) in (0..).zip(words) {
            let _ = memory.write_u32(base + offset + 4 * index, word.unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_has_a_name_of_its_own_and_a_cpu_that_there_is() {
        for (index, row) in DESIGNS.iter().enumerate() {
            assert!(
                DESIGNS[..index].iter().all(|other| other.id != row.id && other.design != row.design),
                "{}",
                row.id
            );
            assert!(Cpu::by_name(row.cpu).is_some(), "{}", row.cpu);
        }
    }

    #[test]
    fn every_word_of_the_code_in_the_page_is_an_instruction() {
        let mut memory = Memory::new(PAGE_SIZE as usize);
        install_code(&mut memory, 0);
        let words = (CODE_OFFSET..CODE_OFFSET + 4 * 8).step_by(4).chain([FAULT_OFFSET]);
        for address in words {
            let word = memory.read_u32(address).expect("in the page");
            assert!(Insn::decode(word).is_some(), "{address:#x}: {word:#x}");
        }
    }
}
