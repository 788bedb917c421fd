//! The MMU of 44x: one TLB of 64 entries, each written as three words (PPC440 user manual, chapter "Memory
//! management").
//!
//! ```text
//!   word 0   EPN, V, TS, SIZE     and with it the entry's TID, from MMUCR[STID]
//!   word 1   RPN, ERPN
//!   word 2   attributes, permissions of problem and supervisor state
//! ```
//!
//! Pages are big-endian, whatever their attribute E says.

use sprig_isa::cpu::Family;
use sprig_isa::mmu::{PAGE_SIZE, size_of_code, tlb44x};
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_wire::board::Translation as Translated;

use super::{Effect, Operands, Registers, relocated};
use crate::cpu::{Access, Fault, Interrupt, Privileged, Translation};

/// What tlbsx leaves in RT when no entry matches. The manual calls it undefined; this is what QEMU leaves.
const NOT_FOUND: u64 = 0xffff_ffff;
/// The WS field of tlbre and tlbwe.
const WORDS: u32 = 3;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    word0: u32,
    word1: u32,
    word2: u32,
    tid: u32,
}

impl Entry {
    const fn is_valid(&self) -> bool {
        self.word0 & tlb44x::VALID != 0
    }

    const fn size(&self) -> u64 {
        size_of_code(self.word0 >> tlb44x::SIZE_SHIFT & tlb44x::SIZE)
    }

    fn matches(&self, address: u64, tid: u64, space: bool) -> bool {
        self.is_valid()
            && address & !(self.size() - 1) == u64::from(self.word0 & tlb44x::EPN)
            && (self.tid == 0 || u64::from(self.tid) == tid)
            && (self.word0 & tlb44x::TS != 0) == space
    }

    fn allows(&self, problem: bool, access: Access) -> bool {
        let bit = match (access, problem) {
            (Access::Fetch, true) => tlb44x::UX,
            (Access::Fetch, false) => tlb44x::SX,
            (Access::Load, true) => tlb44x::UR,
            (Access::Load, false) => tlb44x::SR,
            (Access::Store, true) => tlb44x::UW,
            (Access::Store, false) => tlb44x::SW,
        };
        self.word2 & bit != 0
    }

    fn physical(&self, address: u64) -> u64 {
        let offset = self.size() - 1;
        let base = u64::from(self.word1 & tlb44x::RPN) | u64::from(self.word1 & tlb44x::ERPN) << 32;
        base & !offset | address & offset
    }
}

/// The MMU of a 44x core.
#[derive(Clone, Debug)]
pub struct Ppc44x {
    entries: Box<[Entry; tlb44x::ENTRIES]>,
}

impl Ppc44x {
    pub(super) fn new() -> Self {
        Self { entries: Box::new([Entry::default(); tlb44x::ENTRIES]) }
    }

    pub(super) fn map_initially(&mut self, index: usize, translation: &Translated) {
        let Translated { address, size, space, device } = *translation;
        let Some(code) = (0..=tlb44x::SIZE).find(|code| size_of_code(*code) == size.into()) else { return };
        let space = if space == 0 { 0 } else { tlb44x::TS };
        let attributes = if device { tlb44x::INHIBITED | tlb44x::GUARDED } else { 0 };
        if let Some(entry) = self.entries.get_mut(index) {
            let page = address & tlb44x::EPN;
            *entry = Entry {
                word0: page | tlb44x::VALID | space | code << tlb44x::SIZE_SHIFT,
                word1: page,
                word2: attributes | tlb44x::ALL_PERMISSIONS,
                tid: 0,
            };
        }
    }

    pub(super) fn translate<R: Registers>(
        &self,
        regs: &R,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Fault> {
        let entry = self.find(address, regs.get(n::PID), relocated(msr, access)).ok_or(Fault::Miss)?;
        let entry = &self.entries[entry];
        if !entry.allows(msr & msr::PR != 0, access) {
            return Err(Fault::Protection);
        }
        Ok(Translation { physical: entry.physical(address), whole_page: entry.size() >= PAGE_SIZE })
    }

    fn find(&self, address: u64, tid: u64, space: bool) -> Option<usize> {
        self.entries.iter().position(|entry| entry.matches(address, tid, space))
    }

    pub(super) fn execute<R: Registers>(
        &mut self,
        regs: &mut R,
        instruction: Privileged,
        mut operands: Operands<'_>,
    ) -> Option<Result<Effect, Interrupt>> {
        let word = operands.insn.sh();
        let entry = operands.ra() as usize % tlb44x::ENTRIES;
        let effect = match instruction {
            Privileged::Tlbwe | Privileged::Tlbre if word >= WORDS => {
                return Some(Err(Interrupt::illegal(Family::Booke44x)));
            }
            Privileged::Tlbwe => self.tlbwe(regs, entry, word, operands.rs() as u32),
            Privileged::Tlbre => {
                *operands.rt() = self.tlbre(regs, entry, word).into();
                Effect::None
            }
            Privileged::Tlbsx | Privileged::TlbsxRecord => {
                let mmucr = regs.get(n::MMUCR) as u32;
                let tid = u64::from(mmucr & tlb44x::MMUCR_STID);
                let found = self.find(operands.effective_address(), tid, mmucr & tlb44x::MMUCR_STS != 0);
                *operands.rt() = found.map_or(NOT_FOUND, |entry| entry as u64);
                if instruction == Privileged::TlbsxRecord {
                    operands.set_cr0_found(found.is_some());
                }
                Effect::None
            }
            Privileged::Tlbsync => Effect::None,
            _ => return None,
        };
        Some(Ok(effect))
    }

    fn tlbwe<R: Registers>(&mut self, regs: &R, entry: usize, word: u32, value: u32) -> Effect {
        let entry = &mut self.entries[entry];
        match word {
            0 => {
                const SIZE: u32 = tlb44x::SIZE << tlb44x::SIZE_SHIFT;
                entry.word0 = value & (tlb44x::EPN | tlb44x::VALID | tlb44x::TS | SIZE);
                entry.tid = regs.get(n::MMUCR) as u32 & tlb44x::MMUCR_STID;
            }
            1 => entry.word1 = value & (tlb44x::RPN | tlb44x::ERPN),
            _ => entry.word2 = value & (tlb44x::ATTRIBUTES | tlb44x::ALL_PERMISSIONS),
        }
        Effect::Changed
    }

    fn tlbre<R: Registers>(&self, regs: &mut R, entry: usize, word: u32) -> u32 {
        let entry = &self.entries[entry];
        match word {
            0 => {
                let mmucr = regs.get(n::MMUCR) as u32;
                regs.set(n::MMUCR, (mmucr & !tlb44x::MMUCR_STID | entry.tid).into());
                entry.word0
            }
            1 => entry.word1,
            _ => entry.word2,
        }
    }
}
