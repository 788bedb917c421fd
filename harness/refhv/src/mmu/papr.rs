//! Hypercalls of a PAPR partition. Its page table is outside its memory, written by hypercalls (LoPAR, section
//! "Page frame table access"). `sc 1` in supervisor state: r3 token, r4 flags, r5 index, r6 and r7 an entry; out r3
//! status, r4 and up.

use sprig_isa::hcall::papr::{
    H_ANDCOND, H_AVPN, H_BULK_REMOVE, H_ENTER, H_EXACT, H_FUNCTION, H_NOT_FOUND, H_P2, H_P3, H_P4, H_PARAMETER,
    H_PROTECT, H_PTEG_FULL, H_READ, H_READ_4, H_REMOVE, H_SET_MODE, H_SUCCESS, H_UNSUPPORTED_FLAG, SET_MODE_BIG_ENDIAN,
    SET_MODE_LITTLE_ENDIAN, SET_MODE_RESOURCE_LE, bulk_remove,
};
use sprig_isa::mmu::hash64::{
    PTE_AVPN, PTE_C, PTE_KEY, PTE_KEY_LOW, PTE_N, PTE_PP, PTE_PP0, PTE_R, PTE_SIZE, PTE_V, PTES_PER_GROUP, SLB_B,
};
use sprig_isa::msr::lpcr;
use sprig_isa::spr::number;

use super::{Effect, HashedPageTable, Registers};

/// log2 of the size of a table in bytes: the smallest there is, enough for a guest of 16 MiB.
const SIZE_SHIFT: u32 = 18;

/// H_PROTECT: by how much PP0 is further up in an entry than in the flags of r4.
const PP0_SHIFT: u32 = 55;
/// H_PROTECT: the same of the upper bits of the key.
const KEY_HIGH_SHIFT: u32 = 48;
/// H_BULK_REMOVE: how many requests there may be (book3s_pr_papr.c, H_BULK_REMOVE_MAX_BATCH).
const REQUESTS: usize = 4;
/// H_BULK_REMOVE: by how much its conditions are further up than in r4 of H_REMOVE.
const FLAGS_SHIFT: u32 = bulk_remove::AVPN.trailing_zeros() - H_AVPN.trailing_zeros();
/// H_BULK_REMOVE: by how much R and C are further up than in the entry (book3s_hv_rm_mmu.c, kvmppc_h_bulk_remove).
const USED_SHIFT: u32 = bulk_remove::RC.trailing_zeros() - PTE_C.trailing_zeros();

const STATUS: usize = 3;
const FLAGS: usize = 4;
const INDEX: usize = 5;
const ENTRY: usize = 6;
const RESULTS: usize = 4;

/// The calls that there are.
const CALLS: [u32; 6] = [H_ENTER, H_REMOVE, H_PROTECT, H_BULK_REMOVE, H_READ, H_SET_MODE];

/// True if there is a call of this number.
pub(super) fn has_call(number: u64) -> bool {
    CALLS.iter().any(|call| u64::from(*call) == number)
}

/// A page table outside guest memory.
#[derive(Clone, Debug)]
pub(super) struct PaprTable {
    entries: Vec<(u64, u64)>,
}

impl PaprTable {
    pub(super) fn new() -> Self {
        Self { entries: vec![(0, 0); (1 << SIZE_SHIFT) / PTE_SIZE as usize] }
    }

    fn entry(&mut self, index: u64) -> Option<&mut (u64, u64)> {
        self.entries.get_mut(usize::try_from(index).ok()?)
    }

    /// Carries out the call that r3 names.
    pub(super) fn call<R: Registers>(&mut self, regs: &mut R, gpr: &mut [u64; 32]) -> Effect {
        let (flags, index, avpn) = (gpr[FLAGS], gpr[INDEX], gpr[ENTRY]);
        let result = match u32::try_from(gpr[STATUS]).unwrap_or(u32::MAX) {
            H_ENTER => self.enter(flags, index, (gpr[ENTRY], gpr[ENTRY + 1])).map(|index| gpr[RESULTS] = index),
            H_REMOVE => self.remove(flags, index, avpn).map(|(word0, word1)| {
                gpr[RESULTS] = word0;
                gpr[RESULTS + 1] = word1;
            }),
            H_PROTECT => self.protect(flags, index, avpn),
            H_BULK_REMOVE => self.bulk_remove(gpr),
            H_READ => self.read_entries(flags, index, gpr),
            H_SET_MODE => set_mode(regs, flags, index, (gpr[ENTRY], gpr[ENTRY + 1])),
            _ => Err(H_FUNCTION),
        };
        gpr[STATUS] = result.err().unwrap_or(H_SUCCESS) as u64;
        Effect::Changed
    }

    fn enter(&mut self, flags: u64, index: u64, entry: (u64, u64)) -> Result<u64, i64> {
        let (first, count) =
            if flags & H_EXACT != 0 { (index, 1) } else { (index & !(PTES_PER_GROUP - 1), PTES_PER_GROUP) };
        if self.read(first).is_none() {
            return Err(H_PARAMETER);
        }
        let is_free = |index: &u64| self.read(*index).is_some_and(|(word0, _)| word0 & PTE_V == 0);
        let index = (first..first + count).find(is_free).ok_or(H_PTEG_FULL)?;
        *self.entry(index).ok_or(H_PARAMETER)? = entry;
        Ok(index)
    }

    fn remove(&mut self, flags: u64, index: u64, avpn: u64) -> Result<(u64, u64), i64> {
        let entry = self.entry(index).ok_or(H_PARAMETER)?;
        let old = *entry;
        let (has_other_avpn, has_bits) = ((old.0 ^ avpn) & (SLB_B | PTE_AVPN) != 0, old.0 & avpn != 0);
        if old.0 & PTE_V == 0 || flags & H_AVPN != 0 && has_other_avpn || flags & H_ANDCOND != 0 && has_bits {
            return Err(H_NOT_FOUND);
        }
        *entry = (0, 0);
        Ok(old)
    }

    fn bulk_remove(&mut self, gpr: &mut [u64; 32]) -> Result<(), i64> {
        for request in gpr[RESULTS..].as_chunks_mut().0.iter_mut().take(REQUESTS) {
            let [word, avpn] = *request;
            match word & bulk_remove::TYPE {
                bulk_remove::REQUEST => {}
                bulk_remove::END => break,
                _ => return Err(H_PARAMETER),
            }
            let conditions = word & bulk_remove::FLAGS;
            let result = match conditions {
                // One of them at most (book3s_hv_rm_mmu.c, kvmppc_h_bulk_remove).
                bulk_remove::FLAGS => Err(H_PARAMETER),
                _ => self.remove(conditions >> FLAGS_SHIFT, word & bulk_remove::PTEX, avpn),
            };
            let answer = match result {
                Ok((_, word1)) => (word1 & (PTE_R | PTE_C)) << USED_SHIFT,
                Err(H_NOT_FOUND) => bulk_remove::NOT_FOUND,
                Err(_) => bulk_remove::PARM,
            };
            request[0] = bulk_remove::RESPONSE | answer | conditions | word & bulk_remove::PTEX;
            if answer == bulk_remove::PARM {
                return Err(H_PARAMETER);
            }
        }
        Ok(())
    }

    fn protect(&mut self, flags: u64, index: u64, avpn: u64) -> Result<(), i64> {
        let entry = self.entry(index).ok_or(H_PARAMETER)?;
        if entry.0 & PTE_V == 0 || flags & H_AVPN != 0 && (entry.0 ^ avpn) & (SLB_B | PTE_AVPN) != 0 {
            return Err(H_NOT_FOUND);
        }
        let high = flags << PP0_SHIFT & PTE_PP0 | flags << KEY_HIGH_SHIFT & PTE_KEY & !PTE_KEY_LOW;
        let rights = high | flags & (PTE_PP | PTE_N | PTE_KEY_LOW);
        entry.1 = entry.1 & !(PTE_PP0 | PTE_KEY | PTE_PP | PTE_N) | rights;
        Ok(())
    }

    fn read_entries(&self, flags: u64, index: u64, gpr: &mut [u64; 32]) -> Result<(), i64> {
        let (first, count) = if flags & H_READ_4 != 0 { (index & !3, 4) } else { (index, 1) };
        for offset in 0..count {
            let (word0, word1) = self.read(first + offset).ok_or(H_PARAMETER)?;
            let result = RESULTS + 2 * offset as usize;
            gpr[result..result + 2].copy_from_slice(&[word0, word1]);
        }
        Ok(())
    }
}

/// H_SET_MODE, of the one mode there is here: the byte order in which interrupts are taken.
fn set_mode<R: Registers>(regs: &mut R, flags: u64, resource: u64, values: (u64, u64)) -> Result<(), i64> {
    const LE: u64 = SET_MODE_RESOURCE_LE as u64;
    const BIG: u64 = SET_MODE_BIG_ENDIAN as u64;
    const LITTLE: u64 = SET_MODE_LITTLE_ENDIAN as u64;
    let others = regs.get(number::LPCR) & !lpcr::ILE;
    let value = match (resource, values, flags) {
        (LE, (0, 0), BIG) => others,
        (LE, (0, 0), LITTLE) => others | lpcr::ILE,
        (LE, (0, 0), _) => return Err(H_UNSUPPORTED_FLAG),
        (LE, (0, _), _) => return Err(H_P4),
        (LE, ..) => return Err(H_P3),
        _ => return Err(H_P2),
    };
    regs.set(number::LPCR, value);
    Ok(())
}

impl HashedPageTable for PaprTable {
    fn read(&self, index: u64) -> Option<(u64, u64)> {
        self.entries.get(usize::try_from(index).ok()?).copied()
    }

    fn set_bits(&mut self, index: u64, bits: u64) {
        if let Some(entry) = self.entry(index) {
            entry.1 |= bits;
        }
    }

    fn group_mask(&self) -> u64 {
        self.entries.len() as u64 / PTES_PER_GROUP - 1
    }
}
