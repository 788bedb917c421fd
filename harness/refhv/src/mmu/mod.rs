//! The four translation models, as the CPUs of each family have them.
//!
//! ```text
//!   Mmu --- E500    TLB0 (4 ways of 4 KiB pages), TLB1 (any size), MAS registers      e500v2, e500mc, e5500
//!       |-- Ppc44x  64 entries written word by word, MMUCR                            440
//!       |-- Hash32  BATs, 16 segment registers, hashed page table at SDR1             750, 7447
//!       '-- Hash64  SLB, hashed page table at SDR1 or kept by the hypervisor          970, POWER8
//! ```
//!
//! A model holds what the instructions write into it and nothing else: registers belong to what runs the CPU (the bare
//! machine's own, or those the hypervisor shows its guest) and are reached through [`Registers`]; the MSR is handed in.
//! So the same model serves as the MMU of the bare machine and as the guest's MMU under the hypervisor.
//!
//! Models do not cache. [`crate::cpu::Lookaside`] does, and the [`Effect`] of an instruction says when it has to
//! forget.

mod e500;
mod hash32;
mod hash64;
mod papr;
mod ppc44x;
mod slb;

pub use e500::E500;
pub use hash32::Hash32;
pub use hash64::Hash64;
use hash64::HashedPageTable;
use papr::PaprTable;
pub use ppc44x::Ppc44x;
use slb::Slb;

use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_wire::board::{TRANSLATIONS, Translation as Translated};

use crate::cpu::condition::field;
use crate::cpu::{Access, Fault, Insn, Interrupt, Privileged, Sprs, Translation, xer};
use crate::memory::Memory;

/// In real mode the four highest bits of an address are ignored (Power ISA 2.07 Book III-S, section 5.7.3; KVM_PAM).
pub(crate) const REAL_MODE_ADDRESS: u64 = 0x0fff_ffff_ffff_ffff;

/// The special-purpose registers translation works with, wherever they are kept.
pub trait Registers {
    /// The value of the register with this number.
    fn get(&self, number: u16) -> u64;
    /// Sets the register with this number.
    fn set(&mut self, number: u16, value: u64);
}

impl Registers for Sprs {
    fn get(&self, number: u16) -> u64 {
        Self::get(self, number)
    }

    fn set(&mut self, number: u16, value: u64) {
        Self::set(self, number, value);
    }
}

/// What an instruction did to translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it only read.
    None,
    /// It may have changed some: cached ones must be forgotten.
    Changed,
}

/// What KVM_TRANSLATE finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    /// There is no such call: KVM on the 44x no longer exists.
    Unsupported,
    /// It succeeds and sets nothing, for a server CPU (arch/powerpc/kvm/book3s.c, kvm_arch_vcpu_ioctl_translate).
    NotLookedFor,
    /// Nothing is translated there.
    NotMapped,
    /// The physical address.
    At(u64),
}

/// The registers of an instruction that is being executed.
pub struct Operands<'a> {
    /// The instruction word.
    pub insn: Insn,
    /// General-purpose registers.
    pub gpr: &'a mut [u64; 32],
    /// Condition register.
    pub cr: &'a mut u32,
    /// Fixed-point exception register, for the instructions that copy its SO bit.
    pub xer: u32,
    /// Bits an effective address has.
    pub address_mask: u64,
}

impl Operands<'_> {
    fn rt(&mut self) -> &mut u64 {
        &mut self.gpr[self.insn.rt()]
    }

    fn rs(&self) -> u64 {
        self.gpr[self.insn.rt()]
    }

    fn ra(&self) -> u64 {
        self.gpr[self.insn.ra()]
    }

    fn rb(&self) -> u64 {
        self.gpr[self.insn.rb()]
    }

    /// (RA|0) + (RB), cut to the mode's width.
    fn effective_address(&self) -> u64 {
        let base = if self.insn.ra() == 0 { 0 } else { self.ra() };
        base.wrapping_add(self.rb()) & self.address_mask
    }

    /// Sets CR0 to EQ or not, with SO as XER has it: how a search says whether it found something.
    fn set_cr0_found(&mut self, found: bool) {
        const CR0_SHIFT: u32 = 28;
        let summary = if self.xer & xer::SO != 0 { field::SO } else { 0 };
        let field = if found { field::EQ } else { 0 } | summary;
        *self.cr = *self.cr & !(0xf << CR0_SHIFT) | field << CR0_SHIFT;
    }
}

/// The MMU of one CPU.
#[derive(Clone, Debug)]
pub enum Mmu {
    /// e500v2 and its successors.
    E500(E500),
    /// 44x.
    Ppc44x(Ppc44x),
    /// 32-bit server family.
    Hash32(Hash32),
    /// 64-bit server family.
    Hash64(Hash64),
}

impl Mmu {
    /// The MMU of this CPU model after reset: nothing is mapped. Sets the registers that describe it.
    #[must_use]
    pub fn new<R: Registers>(cpu: &Cpu, regs: &mut R) -> Self {
        match cpu.family {
            Family::BookeE500 => Self::E500(E500::new(cpu, regs)),
            Family::Booke44x => Self::Ppc44x(Ppc44x::new()),
            Family::Book3s32 => Self::Hash32(Hash32::new(cpu)),
            Family::Book3s64 => Self::Hash64(Hash64::new(cpu)),
        }
    }

    /// Puts a translation for everybody and every kind of access into entry `index` of the TLB, as firmware does before
    /// it enters a kernel (ePAPR 1.1, initial mapped area). Only the embedded families start translated; the others
    /// ignore it.
    pub fn map_initially(&mut self, index: usize, translation: &Translated) {
        match self {
            Self::E500(e500) => e500.map_initially(index, translation),
            Self::Ppc44x(tlb) => tlb.map_initially(index, translation),
            Self::Hash32(_) | Self::Hash64(_) => {}
        }
    }

    /// The board's.
    pub(crate) fn map_board(&mut self) {
        for (index, translation) in TRANSLATIONS.iter().enumerate() {
            self.map_initially(index, translation);
        }
    }

    /// Translates an effective address for an access under a given MSR. Sets referenced and changed bits in memory.
    ///
    /// # Errors
    /// Why the access is not allowed. If that becomes an interrupt of the guest, [`Self::note_fault`] has to be told.
    pub fn translate<R: Registers>(
        &mut self,
        regs: &R,
        memory: &mut Memory,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Fault> {
        match self {
            Self::E500(e500) => e500.translate(regs, msr, address, access),
            Self::Ppc44x(tlb) => tlb.translate(regs, msr, address, access),
            Self::Hash32(hash) => hash.translate(regs, memory, msr, address, access),
            Self::Hash64(hash) => hash.translate(regs, memory, msr, address, access),
        }
    }

    /// What KVM_TRANSLATE says of an address that names address space and process (bits 40, and 32 to 39;
    /// arch/powerpc/kvm/e500_mmu.c, kvmppc_core_vcpu_translate), or of one of any process.
    #[must_use]
    pub fn search(&self, linear: u64, process: Option<u8>) -> Searched {
        const SPACE_SHIFT: u32 = 40;
        match self {
            Self::E500(e500) => {
                let is_space_1 = linear >> SPACE_SHIFT & 1 != 0;
                let found = e500.search(linear & u64::from(u32::MAX), process, is_space_1);
                found.map_or(Searched::NotMapped, Searched::At)
            }
            Self::Ppc44x(_) => Searched::Unsupported,
            Self::Hash32(_) | Self::Hash64(_) => Searched::NotLookedFor,
        }
    }

    /// An entry of the TLB that user space has for an e500 (KVM_CAP_SW_TLB), by its number, TLB0's first: MAS1, MAS2,
    /// and MAS7 and MAS3.
    #[must_use]
    pub fn tlb_entry(&mut self, index: u64) -> Option<[u64; 3]> {
        match self {
            Self::E500(e500) => e500.numbered(index),
            Self::Ppc44x(_) | Self::Hash32(_) | Self::Hash64(_) => None,
        }
    }

    /// Sets it; none if there is no such entry.
    #[must_use]
    pub fn set_tlb_entry(&mut self, index: u64, values: [u64; 3]) -> Option<()> {
        match self {
            Self::E500(e500) => e500.set_numbered(index, values),
            Self::Ppc44x(_) | Self::Hash32(_) | Self::Hash64(_) => None,
        }
    }

    /// Gives an e500 TLBs of another geometry: the entries of TLB0 and its ways, and the same of TLB1. None if there is
    /// none such.
    #[must_use]
    pub fn configure_tlb<R: Registers>(&mut self, regs: &mut R, geometry: [u64; 4]) -> Option<()> {
        match self {
            Self::E500(e500) => e500.configure(regs, geometry),
            Self::Ppc44x(_) | Self::Hash32(_) | Self::Hash64(_) => None,
        }
    }

    /// Does what a failed translation does in addition to its interrupt: a miss of e500 sets the MAS registers.
    pub fn note_fault<R: Registers>(&mut self, regs: &mut R, msr: u64, address: u64, access: Access, fault: Fault) {
        if let (Self::E500(e500), Fault::Miss) = (self, fault) {
            e500.set_mas_for_miss(regs, address, relocated(msr, access));
        }
    }

    /// Executes an instruction of the MMU; none if the instruction is not one.
    ///
    /// # Errors
    /// The interrupt it causes instead.
    pub fn execute<R: Registers>(
        &mut self,
        regs: &mut R,
        instruction: Privileged,
        operands: Operands<'_>,
    ) -> Option<Result<Effect, Interrupt>> {
        match self {
            Self::E500(e500) => e500.execute(regs, instruction, operands),
            Self::Ppc44x(tlb) => tlb.execute(regs, instruction, operands),
            Self::Hash32(hash) => hash.execute(instruction, operands).map(Ok),
            Self::Hash64(hash) => hash.execute(instruction, operands),
        }
    }

    /// Carries out the PAPR hypercall that r3 names, with its arguments in r4 and up; status and results go to r3 and
    /// up. None, and nothing done, if this CPU is not a partition's.
    pub fn papr_call<R: Registers>(&mut self, regs: &mut R, gpr: &mut [u64; 32]) -> Option<Effect> {
        match self {
            Self::Hash64(Hash64 { papr: Some(table), .. }) => Some(table.call(regs, gpr)),
            _ => None,
        }
    }

    /// True if [`Self::papr_call`] of a partition has this call.
    #[must_use]
    pub fn has_papr_call(number: u64) -> bool {
        papr::has_call(number)
    }

    /// True if the CPU runs a PAPR partition, whose page table is written by hypercalls.
    #[must_use]
    pub const fn is_partition(&self) -> bool {
        matches!(self, Self::Hash64(Hash64 { papr: Some(_), .. }))
    }

    /// Writes a register that translation depends on, with what the register keeps of `value`; none, and nothing
    /// written, if the register is not one of those.
    pub fn mtspr<R: Registers>(&mut self, regs: &mut R, number: u16, value: u64) -> Option<Effect> {
        match self {
            Self::E500(e500) => e500.mtspr(regs, number, value),
            Self::Ppc44x(_) => matches!(number, n::PID | n::MMUCR).then(|| {
                regs.set(number, value);
                Effect::Changed
            }),
            Self::Hash32(hash) => hash.mtspr(regs, number, value),
            Self::Hash64(hash) => hash.mtspr(regs, number, value),
        }
    }
}

/// The MSR bits that choose between translations, as a small number: equal numbers mean that a translation made under
/// one MSR holds under the other. For [`crate::cpu::Lookaside::set_space`].
#[must_use]
pub const fn space(msr: u64) -> u8 {
    // IS and DS of the embedded families are the same two bits as IR and DR of the server ones.
    let relocation = (msr & (msr::book3s::IR | msr::book3s::DR)) >> msr::book3s::DR.trailing_zeros();
    let problem = if msr & msr::PR != 0 { 4 } else { 0 };
    relocation as u8 | problem
}

/// True if this access is translated in address space 1 (embedded), or translated at all (server).
pub(crate) const fn relocated(msr: u64, access: Access) -> bool {
    let bit = match access {
        Access::Fetch => msr::book3s::IR,
        Access::Load | Access::Store => msr::book3s::DR,
    };
    msr & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_tells_apart_what_translation_depends_on_and_nothing_else() {
        let is_ds = msr::booke::IS | msr::booke::DS;
        assert_eq!(is_ds, msr::book3s::IR | msr::book3s::DR);
        assert_eq!(space(msr::EE | msr::ME), space(0));
        let mut seen: Vec<u8> = [0, msr::PR, msr::booke::IS, msr::booke::DS, is_ds, is_ds | msr::PR].map(space).into();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }
}
