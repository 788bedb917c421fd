//! The MMU of the 32-bit server family: BATs, segment registers, hashed page table (7400 manual, chapter 5).
//!
//! ```text
//!   EA --BAT hit--------------------------------------------------------------------------> RA
//!      '-> segment register --VSID--> hash --PTEG at SDR1, primary then secondary--> PTE ---> RA, R and C set
//! ```

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::mmu::hash32::{self, PP_READ_WRITE, PTE_SIZE, PTES_PER_GROUP};
use sprig_isa::mmu::{PAGE_SHIFT, SEGMENT_SHIFT};
use sprig_isa::msr;
use sprig_isa::spr::number as n;

use super::{Effect, Operands, Registers, relocated};
use crate::cpu::{Access, Fault, Privileged, Translation};
use crate::memory::Memory;

/// Pairs of BATs every core has, at consecutive numbers.
const LOW_BATS: u16 = 4;
/// Pairs of BATs of the 7447. A real one wants `HID0[HIGH_BAT_EN]` for the upper four, which reset leaves invalid
/// anyway.
const BATS_7447: u16 = 8;
const OFFSET: u32 = (1 << PAGE_SHIFT) - 1;
const SEGMENT_OFFSET: u32 = (1 << SEGMENT_SHIFT) - 1;
const GROUP_SIZE: u64 = PTES_PER_GROUP * PTE_SIZE;
/// Byte of a PTE that holds R in its lowest bit, and the one that holds C in its highest.
const R_BYTE: u64 = 6;
const C_BYTE: u64 = 7;

/// The MMU of a 32-bit server core.
#[derive(Clone, Debug)]
pub struct Hash32 {
    /// Segment registers.
    pub segments: [u32; 16],
    bats: u16,
}

/// A page table entry, and where it is.
#[derive(Clone, Copy)]
struct Pte {
    at: u64,
    word1: u32,
}

impl Hash32 {
    pub(super) fn new(cpu: &Cpu) -> Self {
        Self { segments: [0; 16], bats: if cpu.set == CpuSet::G4_7447 { BATS_7447 } else { LOW_BATS } }
    }

    pub(super) fn translate<R: Registers>(
        &self,
        regs: &R,
        memory: &mut Memory,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Fault> {
        if !relocated(msr, access) {
            return Ok(Translation { physical: address, whole_page: true });
        }
        let (ea, problem) = (address as u32, msr & msr::PR != 0);
        let physical = match self.block(regs, problem, ea, access) {
            Some(block) => block?,
            None => self.page(regs, memory, problem, ea, access)?,
        };
        Ok(Translation { physical: physical.into(), whole_page: true })
    }

    /// Block address translation: none if no BAT covers the address.
    fn block<R: Registers>(&self, regs: &R, problem: bool, ea: u32, access: Access) -> Option<Result<u32, Fault>> {
        let (low, high) = if access == Access::Fetch { (n::IBAT0U, n::IBAT4U) } else { (n::DBAT0U, n::DBAT4U) };
        let valid = if problem { hash32::BATU_VP } else { hash32::BATU_VS };
        for bat in 0..self.bats {
            let number = if bat < LOW_BATS { low + 2 * bat } else { high + 2 * (bat - LOW_BATS) };
            let (upper, lower) = (regs.get(number) as u32, regs.get(number + 1) as u32);
            let mask = block_mask(upper);
            if upper & valid != 0 && ea & mask == upper & mask {
                let allowed = match lower & hash32::BATL_PP {
                    hash32::PP_NONE => false,
                    PP_READ_WRITE => true,
                    _ => access != Access::Store,
                };
                return Some(if allowed { Ok(lower & mask | ea & !mask) } else { Err(Fault::Protection) });
            }
        }
        None
    }

    fn page<R: Registers>(
        &self,
        regs: &R,
        memory: &mut Memory,
        problem: bool,
        ea: u32,
        access: Access,
    ) -> Result<u32, Fault> {
        let sr = self.segments[(ea >> SEGMENT_SHIFT) as usize];
        let fetch = access == Access::Fetch;
        if sr & hash32::SR_T != 0 {
            return Err(if fetch { Fault::NoExecute } else { Fault::Unsupported });
        }
        if fetch && sr & hash32::SR_N != 0 {
            return Err(Fault::NoExecute);
        }
        let pte = find(regs.get(n::SDR1) as u32, memory, sr & hash32::SR_VSID, ea).ok_or(Fault::Miss)?;
        if fetch && pte.word1 & hash32::PTE_G != 0 {
            return Err(Fault::NoExecute);
        }
        let key = sr & if problem { hash32::SR_KP } else { hash32::SR_KS } != 0;
        if !page_allows(key, pte.word1 & hash32::PTE_PP, access) {
            return Err(Fault::Protection);
        }
        record_use(memory, pte, access);
        Ok(pte.word1 & hash32::PTE_RPN | ea & OFFSET)
    }

    pub(super) fn execute(&mut self, instruction: Privileged, mut operands: Operands<'_>) -> Option<Effect> {
        let by_register = (operands.rb() as u32 >> SEGMENT_SHIFT) as usize;
        Some(match instruction {
            Privileged::Mtsr => {
                self.segments[operands.insn.sr()] = operands.rs() as u32;
                Effect::Changed
            }
            Privileged::Mtsrin => {
                self.segments[by_register] = operands.rs() as u32;
                Effect::Changed
            }
            Privileged::Mfsr => {
                *operands.rt() = self.segments[operands.insn.sr()].into();
                Effect::None
            }
            Privileged::Mfsrin => {
                *operands.rt() = self.segments[by_register].into();
                Effect::None
            }
            Privileged::Tlbie => Effect::Changed,
            Privileged::Tlbsync => Effect::None,
            _ => return None,
        })
    }

    pub(super) fn mtspr<R: Registers>(&self, regs: &mut R, number: u16, value: u64) -> Option<Effect> {
        let pairs_from = |first: u16, pairs: u16| first..first + 2 * pairs;
        let is_bat = pairs_from(n::IBAT0U, 2 * LOW_BATS).contains(&number)
            || pairs_from(n::IBAT4U, 2 * (self.bats - LOW_BATS)).contains(&number);
        if !is_bat && number != n::SDR1 {
            return None;
        }
        regs.set(number, value);
        Some(Effect::Changed)
    }
}

/// Bits of an address that lie above the block.
const fn block_mask(upper: u32) -> u32 {
    const BL_TO_ADDRESS: u32 = 17;
    hash32::BATU_BEPI & !((upper >> hash32::BATU_BL_SHIFT & hash32::BATU_BL) << BL_TO_ADDRESS)
}

/// The page table entry for an address of a segment: primary group first.
fn find(sdr1: u32, memory: &Memory, vsid: u32, ea: u32) -> Option<Pte> {
    let page = (ea & SEGMENT_OFFSET) >> PAGE_SHIFT;
    let hash = vsid ^ page;
    let tag = hash32::PTE_V | vsid << hash32::PTE_VSID_SHIFT | page >> hash32::API_SHIFT;
    let base = u64::from(sdr1 & hash32::SDR1_HTABORG);
    let table_mask = u64::from((sdr1 & hash32::SDR1_HTABMASK) << 16 | 0xffff);
    [(hash, tag), (!hash, tag | hash32::PTE_H)].into_iter().find_map(|(hash, tag)| {
        let group = base + ((u64::from(hash) * GROUP_SIZE) & table_mask);
        (0..PTES_PER_GROUP).map(|index| group + index * PTE_SIZE).find_map(|at| {
            (memory.read_u32(at)? == tag).then_some(Pte { at, word1: memory.read_u32(at + PTE_SIZE / 2)? })
        })
    })
}

/// Page protection (arch/powerpc/kvm/book3s_32_mmu.c, kvmppc_mmu_book3s_32_xlate_pte).
const fn page_allows(key: bool, pp: u32, access: Access) -> bool {
    let store = matches!(access, Access::Store);
    match (key, pp) {
        (true, 0) => false,
        (false, 0 | 1) | (_, PP_READ_WRITE) => true,
        _ => !store,
    }
}

/// Sets R, and C for a store. Each is one byte store, as the hardware does it.
fn record_use(memory: &mut Memory, pte: Pte, access: Access) {
    // The entry has just been read from RAM, so the stores cannot fail.
    if pte.word1 & hash32::PTE_R == 0 {
        let byte = ((pte.word1 | hash32::PTE_R) >> 8) as u8;
        let _ = memory.write(pte.at + R_BYTE, [byte]);
    }
    if access == Access::Store && pte.word1 & hash32::PTE_C == 0 {
        let byte = (pte.word1 | hash32::PTE_C) as u8;
        let _ = memory.write(pte.at + C_BYTE, [byte]);
    }
}
