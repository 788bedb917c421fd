//! The MMU of the 64-bit server family: SLB and hashed page table (Power ISA 2.07 Book III-S, "Address Translation").
//!
//! ```text
//!   EA --SLB--> VSID, base page size --hash--> PTEG, primary then secondary --> PTE --> RA, R and C set
//!
//!   page table:  in guest memory at SDR1        where the guest is its own hypervisor (970)
//!                kept by the hypervisor         a PAPR guest (POWER8): written by H_ENTER and H_REMOVE
//! ```

use sprig_isa::cpu::{Cpu, CpuSet, Family};
use sprig_isa::mmu::hash64::{self, PTE_SIZE, PTES_PER_GROUP};
use sprig_isa::msr;
use sprig_isa::spr::number as n;

use super::slb::{BadEntry, Segment};
use super::{Effect, Operands, PaprTable, REAL_MODE_ADDRESS, Registers, Slb, relocated};
use crate::cpu::{Access, Fault, Interrupt, Privileged, Translation};
use crate::memory::Memory;

const OFFSET_256M: u64 = 0x0fff_ffff;
const OFFSET_1T: u64 = 0xff_ffff_ffff;
/// The hash of a 1 TiB segment takes its VSID twice, once moved left by this.
const HASH_1T_SHIFT: u32 = 25;
/// The parts of a PTE's first doubleword that a search compares.
const PTE_COMPARED: u64 = hash64::SLB_B | hash64::PTE_AVPN | hash64::PTE_H | hash64::PTE_V;
/// What slbfee. leaves in RT when no entry matches.
const NOT_FOUND: u64 = 0;

/// mtsr and mfsr of 64-bit cores act on the SLB entry of the same number (Power ISA 2.07 Book III-S, "Bridge to SLB
/// Architecture").
mod bridge {
    /// ESID of segment register N: N in bits 32-35.
    pub(super) const ESID_SHIFT: u32 = 28;
    pub(super) const VSID: u64 = 0x0fff_ffff;
    /// Ks, Kp and N stand at bits 30-28 of the register, at bits 11-9 of the SLB entry.
    pub(super) const KEYS_SHIFT: u32 = 28;
    pub(super) const KEYS: u64 = 0x7;
    pub(super) const SLB_KEYS_SHIFT: u32 = 9;
}

/// A hashed page table: groups of eight entries, each two doublewords.
pub(super) trait HashedPageTable {
    /// The two doublewords of an entry, if the table has it.
    fn read(&self, index: u64) -> Option<(u64, u64)>;
    /// Sets bits in the second doubleword of an entry.
    fn set_bits(&mut self, index: u64, bits: u64);
    /// Mask of a hash that chooses a group.
    fn group_mask(&self) -> u64;
}

/// A page table in guest memory.
struct InMemory<'a> {
    memory: &'a mut Memory,
    base: u64,
    groups: u64,
}

impl<'a> InMemory<'a> {
    fn new(sdr1: u64, memory: &'a mut Memory) -> Self {
        let size = (sdr1 & hash64::SDR1_HTABSIZE).min(hash64::HTABSIZE_MAX);
        Self { memory, base: sdr1 & hash64::SDR1_HTABORG, groups: 1 << (hash64::HTABSIZE_BASE as u64 + size) }
    }
}

impl HashedPageTable for InMemory<'_> {
    fn read(&self, index: u64) -> Option<(u64, u64)> {
        let at = self.base + index * PTE_SIZE;
        Some((self.memory.read_u64(at)?, self.memory.read_u64(at + PTE_SIZE / 2)?))
    }

    fn set_bits(&mut self, index: u64, bits: u64) {
        let at = self.base + index * PTE_SIZE + PTE_SIZE / 2;
        let word = self.memory.read_u64(at).unwrap_or(0);
        // Only called for entries that `read` has returned, which are in RAM.
        let _ = self.memory.write_u64(at, word | bits);
    }

    fn group_mask(&self) -> u64 {
        self.groups - 1
    }
}

/// The MMU of a 64-bit server core.
#[derive(Clone, Debug)]
pub struct Hash64 {
    slb: Slb,
    /// The page table of a PAPR guest; none where SDR1 says where it is.
    pub(super) papr: Option<PaprTable>,
}

impl Hash64 {
    pub(super) fn new(cpu: &Cpu) -> Self {
        let papr = CpuSet::POWER.contains(cpu.set).then(PaprTable::new);
        Self { slb: Slb::new(cpu), papr }
    }

    pub(super) fn translate<R: Registers>(
        &mut self,
        regs: &R,
        memory: &mut Memory,
        msr: u64,
        address: u64,
        access: Access,
    ) -> Result<Translation, Fault> {
        if !relocated(msr, access) {
            return Ok(Translation { physical: address & REAL_MODE_ADDRESS, whole_page: true });
        }
        let segment = self.slb.find(address).ok_or(Fault::NoSegment)?;
        let problem = msr & msr::PR != 0;
        let physical = match &mut self.papr {
            Some(table) => walk(table, segment, problem, address, access)?,
            None => walk(&mut InMemory::new(regs.get(n::SDR1), memory), segment, problem, address, access)?,
        };
        Ok(Translation { physical, whole_page: true })
    }

    pub(super) fn execute(
        &mut self,
        instruction: Privileged,
        mut operands: Operands<'_>,
    ) -> Option<Result<Effect, Interrupt>> {
        let (rs, rb, sr) = (operands.rs(), operands.rb(), operands.insn.sr());
        let by_register = (rb >> bridge::ESID_SHIFT & 0xf) as usize;
        let result = match instruction {
            Privileged::Slbmte => self.slb.write(rs, rb).map(|()| Effect::Changed),
            Privileged::Slbmfee => self.slb.esid(rb).map(|esid| read(&mut operands, esid)),
            Privileged::Slbmfev => self.slb.vsid(rb).map(|vsid| read(&mut operands, vsid)),
            Privileged::Slbfee => {
                let found = self.slb.find(rb).map(|segment| segment.vsid);
                operands.set_cr0_found(found.is_some());
                Ok(read(&mut operands, found.unwrap_or(NOT_FOUND)))
            }
            Privileged::Slbie => {
                self.slb.invalidate(rb);
                Ok(Effect::Changed)
            }
            Privileged::Slbia => {
                self.slb.invalidate_all();
                Ok(Effect::Changed)
            }
            Privileged::Mtsr => self.mtsr(sr, rs),
            Privileged::Mtsrin => self.mtsr(by_register, rs),
            Privileged::Mfsr => Ok(read(&mut operands, self.mfsr(sr))),
            Privileged::Mfsrin => Ok(read(&mut operands, self.mfsr(by_register))),
            Privileged::Tlbie | Privileged::Tlbiel => Ok(Effect::Changed),
            Privileged::Tlbsync => Ok(Effect::None),
            _ => return None,
        };
        Some(result.map_err(|BadEntry| Interrupt::illegal(Family::Book3s64)))
    }

    fn mtsr(&mut self, register: usize, value: u64) -> Result<Effect, BadEntry> {
        let esid = (register as u64) << bridge::ESID_SHIFT | hash64::SLB_V | register as u64;
        let keys = (value >> bridge::KEYS_SHIFT & bridge::KEYS) << bridge::SLB_KEYS_SHIFT;
        let vsid = (value & bridge::VSID) << hash64::SLB_VSID_SHIFT | keys;
        self.slb.write(vsid, esid).map(|()| Effect::Changed)
    }

    fn mfsr(&self, register: usize) -> u64 {
        let vsid = self.slb.vsid(register as u64).unwrap_or(0);
        let keys = (vsid >> bridge::SLB_KEYS_SHIFT & bridge::KEYS) << bridge::KEYS_SHIFT;
        keys | vsid >> hash64::SLB_VSID_SHIFT & bridge::VSID
    }

    pub(super) fn mtspr<R: Registers>(&self, regs: &mut R, number: u16, value: u64) -> Option<Effect> {
        if number != n::SDR1 {
            return None;
        }
        if value & hash64::SDR1_HTABSIZE <= hash64::HTABSIZE_MAX {
            regs.set(number, value & (hash64::SDR1_HTABORG | hash64::SDR1_HTABSIZE));
        }
        Some(Effect::Changed)
    }
}

fn read(operands: &mut Operands<'_>, value: u64) -> Effect {
    *operands.rt() = value;
    Effect::None
}

/// Finds the entry for an address of a segment, checks the access and records it.
fn walk<T: HashedPageTable>(
    table: &mut T,
    segment: Segment,
    problem: bool,
    address: u64,
    access: Access,
) -> Result<u64, Fault> {
    let fetch = access == Access::Fetch;
    if fetch && segment.vsid & hash64::SLB_N != 0 {
        return Err(Fault::NoExecute);
    }
    let (index, pte1, page_shift) = find(table, segment, address).ok_or(Fault::Miss)?;
    if fetch && pte1 & (hash64::PTE_N | hash64::PTE_G) != 0 {
        return Err(Fault::NoExecute);
    }
    let key = segment.vsid & if problem { hash64::SLB_KP } else { hash64::SLB_KS } != 0;
    let pp = pte1 & hash64::PTE_PP | if pte1 & hash64::PTE_PP0 != 0 { 4 } else { 0 };
    if !page_allows(key, pp, access) {
        return Err(Fault::Protection);
    }
    let used = hash64::PTE_R | if access == Access::Store { hash64::PTE_C } else { 0 };
    if pte1 & used != used {
        table.set_bits(index, used);
    }
    let offset = (1 << page_shift) - 1;
    Ok(pte1 & hash64::PTE_RPN & !offset | address & offset)
}

/// The entry for an address: its index, second doubleword, and log2 of its page's size.
fn find<T: HashedPageTable>(table: &T, segment: Segment, address: u64) -> Option<(u64, u64, u32)> {
    let Segment { vsid, size } = segment;
    let is_1t = vsid & hash64::SLB_B == hash64::SLB_B_1T;
    let page_offset = (1 << size.shift) - 1;
    let offset = address & if is_1t { OFFSET_1T } else { OFFSET_256M } & !page_offset;
    let hash = if is_1t {
        let vsid = (vsid & hash64::SLB_VSID) >> hash64::SLB_VSID_SHIFT_1T;
        vsid ^ vsid << HASH_1T_SHIFT ^ offset >> size.shift
    } else {
        (vsid & hash64::SLB_VSID) >> hash64::SLB_VSID_SHIFT ^ offset >> size.shift
    };
    let avpn = vsid & (hash64::SLB_B | hash64::SLB_VSID)
        | offset >> hash64::AVPN_FROM_OFFSET_SHIFT & hash64::PTE_AVPN
        | hash64::PTE_V;
    [(hash, avpn), (!hash, avpn | hash64::PTE_H)].into_iter().find_map(|(hash, avpn)| {
        let group = (hash & table.group_mask()) * PTES_PER_GROUP;
        (group..group + PTES_PER_GROUP).find_map(|index| {
            let (pte0, pte1) = table.read(index)?;
            let page_shift = (pte0 & PTE_COMPARED == avpn).then(|| size.page_of(pte0, pte1))??;
            Some((index, pte1, page_shift))
        })
    })
}

/// Page protection (Power ISA 2.07 Book III-S, figure 32); PP values the figure reserves allow
/// nothing.
const fn page_allows(key: bool, pp: u64, access: Access) -> bool {
    let store = matches!(access, Access::Store);
    match (key, pp) {
        (false, 0 | 1) | (_, 2) => true,
        (_, 3) | (true, 1) | (false, 6) => !store,
        _ => false,
    }
}
