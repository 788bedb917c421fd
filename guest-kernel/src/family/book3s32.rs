//! 750 and 74xx: BATs for the kernel, the hashed page table for scripts (7400 manual, chapter 5).
//!
//! ```text
//!   IBAT0, DBAT0   0..16 MiB at EA = PA, both privileges
//!   DBAT1          device registers, supervisor state (problem state too on the board)
//!   page table     what scripts map; segment n has VSID n, Ks = 0, Kp = 1, so that PP speaks of problem state
//! ```

use super::pages::Pages;
use crate::address::IoWindow;
use crate::cell::Exclusive;
use crate::cpu;
use crate::spr::{clear_blocks, mfspr, mtspr, synchronize};
use core::arch::asm;
use sprig_interpreter::Unsupported;
use sprig_isa::cpu::CpuSet;
use sprig_isa::mmu::{PAGE_SHIFT, SEGMENT_SHIFT, hash32};
use sprig_isa::spr::number;
use sprig_wire::bytecode::permission::hashed_protection;
use sprig_wire::layout::{HASH_TABLE, RAM_SIZE};

/// Size of the smallest page table, the one SDR1\[HTABMASK\] = 0 means, bytes.
const TABLE_SIZE: u32 = 64 * 1024;
const GROUPS: u32 = TABLE_SIZE / (hash32::PTE_SIZE * hash32::PTES_PER_GROUP) as u32;
/// log2 of the size of the smallest block a BAT maps.
const BLOCK_LOG2_SIZE: u32 = 17;
/// Upper and lower half of a BAT.
type Block = (u32, u32);
/// A BAT that translates nothing.
const NO_BLOCK: Block = (0, 0);
/// Segment registers.
pub(crate) const SEGMENTS: usize = 16;
/// tlbie has to be done for each of these to empty the TLB (as arch/powerpc/mm does it; the 7450 has the most sets).
const TLB_SETS: u32 = 64;
/// Page index within a segment.
const PAGE_INDEX: u32 = 0xffff;

/// The page table entry of each page.
static PAGES_MAPPED: Exclusive<Pages<u32>> = Exclusive::new(Pages::new());
static TABLE_CLEARED: Exclusive<bool> = Exclusive::new(false);
/// The board's CPU has translated nothing when it enters the image (`sprig_wire::board`).
static TLB_IS_EMPTY: Exclusive<bool> = Exclusive::new(cfg!(feature = "board"));

/// Translation is off while this runs.
pub(super) fn translate(io: Option<&IoWindow>) {
    let ram = block(0, 0, RAM_SIZE.ilog2(), true, 0);
    let io = io.map_or(NO_BLOCK, |io| {
        let attributes = hash32::PTE_I | hash32::PTE_G;
        block(io.ea, io.pa as u32, io.log2_size.max(BLOCK_LOG2_SIZE), io.user, attributes)
    });
    // SAFETY: real mode, so nothing the kernel uses depends on what changes here.
    unsafe {
        write_bats(&[ram, NO_BLOCK], &[ram, io]);
        write_segments(HASH_TABLE, core::array::from_fn(|segment| hash32::SR_KP | segment as u32));
    }
}

/// Gives the CPU a page table and segments, and empties its TLB; nothing of it if it has them.
///
/// # Safety
/// Translation is off.
unsafe fn write_segments(sdr1: u32, segments: [u32; SEGMENTS]) {
    let ea = |segment: usize| (segment as u32) << SEGMENT_SHIFT;
    // SAFETY: nothing is translated now.
    unsafe {
        let has = |(number, segment): (usize, &u32)| {
            let found: u32;
            asm!("mfsrin {}, {}", out(reg) found, in(reg) ea(number), options(nostack));
            found == *segment
        };
        if mfspr::<{ number::SDR1 }>() == sdr1 && segments.iter().enumerate().all(has) {
            return;
        }
        for (number, segment) in segments.into_iter().enumerate() {
            asm!("mtsrin {}, {}", in(reg) segment, in(reg) ea(number), options(nostack));
        }
        synchronize();
        mtspr::<{ number::SDR1 }>(sdr1);
        // Under a hypervisor each of them costs as much as all else that is done here.
        if !TLB_IS_EMPTY.with(|is_empty| core::mem::replace(is_empty, false)) {
            for set in 0..TLB_SETS {
                asm!("tlbie {}", in(reg) set << PAGE_SHIFT, options(nostack));
            }
        }
    }
    synchronize();
}

/// Translation as a script wants it: by a page table and segments alone.
///
/// # Safety
/// Translation is off.
#[cfg(feature = "mac")]
pub(crate) unsafe fn translate_by_segments(sdr1: u32, segments: &[u32; SEGMENTS]) {
    // SAFETY: the caller's duty.
    unsafe {
        write_bats(&[NO_BLOCK; 2], &[NO_BLOCK; 2]);
        write_segments(sdr1, *segments);
    }
}

/// Removes what scripts have mapped.
pub(super) fn forget_pages() {
    PAGES_MAPPED.with(|pages| {
        while let Some((ea, entry)) = pages.pop() {
            remove(ea, entry);
        }
    });
}

/// Gives the first BATs these blocks, of instructions and of data, and the others none. One that has its block already
/// is left alone: a hypervisor throws away all it has translated when a BAT is written.
///
/// # Safety
/// Translation is off.
unsafe fn write_bats(instructions: &[Block; 2], data: &[Block; 2]) {
    macro_rules! write {
        ($($upper:expr => $block:expr),*) => {
            $(
                let block: Block = $block;
                // SAFETY: the caller's duty; the CPU has these.
                unsafe {
                    if (mfspr::<{ $upper }>(), mfspr::<{ $upper + 1 }>()) != block {
                        mtspr::<{ $upper + 1 }>(block.1);
                        mtspr::<{ $upper }>(block.0);
                    }
                }
            )*
        };
    }
    write!(
        number::IBAT0U => instructions[0], number::IBAT0U + 2 => instructions[1],
        number::IBAT0U + 4 => NO_BLOCK, number::IBAT0U + 6 => NO_BLOCK,
        number::DBAT0U => data[0], number::DBAT0U + 2 => data[1],
        number::DBAT0U + 4 => NO_BLOCK, number::DBAT0U + 6 => NO_BLOCK
    );
    // 750 and 74xx have BAT0-3, the 7447 BAT4-7.
    if cpu().set == CpuSet::G4_7447 {
        write!(
            number::IBAT4U => NO_BLOCK, number::IBAT4U + 2 => NO_BLOCK,
            number::IBAT4U + 4 => NO_BLOCK, number::IBAT4U + 6 => NO_BLOCK,
            number::DBAT4U => NO_BLOCK, number::DBAT4U + 2 => NO_BLOCK,
            number::DBAT4U + 4 => NO_BLOCK, number::DBAT4U + 6 => NO_BLOCK
        );
    }
}

/// Upper and lower BAT of a block.
const fn block(ea: u32, pa: u32, log2_size: u32, user: bool, attributes: u32) -> Block {
    let length = ((1 << (log2_size - BLOCK_LOG2_SIZE)) - 1) << hash32::BATU_BL_SHIFT;
    let valid = hash32::BATU_VS | if user { hash32::BATU_VP } else { 0 };
    (ea & hash32::BATU_BEPI | length | valid, pa & hash32::BATL_BRPN | attributes | hash32::PP_READ_WRITE)
}

/// An effective address's segment, which is its VSID too, and page index.
const fn split(ea: u32) -> (u32, u32) {
    (ea >> SEGMENT_SHIFT, ea >> PAGE_SHIFT & PAGE_INDEX)
}

fn read_word0(entry: u32) -> u32 {
    // SAFETY: an entry of the page table, which is ours.
    unsafe { (entry as *const u32).read_volatile() }
}

/// Writes an entry, the word with the valid bit last.
fn write(entry: u32, word0: u32, word1: u32) {
    // SAFETY: an entry of the page table, which is ours.
    unsafe {
        (entry as *mut u32).write_volatile(0);
        synchronize();
        (entry as *mut u32).add(1).write_volatile(word1);
        synchronize();
        (entry as *mut u32).write_volatile(word0);
    }
    synchronize();
}

pub(super) fn map(ea: u32, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    let protection = hashed_protection(permissions).ok_or(Unsupported)?;
    TABLE_CLEARED.with(|cleared| {
        if !core::mem::replace(cleared, true) {
            // SAFETY: nothing refers to the table but SDR1; 64 KiB, the smallest there is.
            unsafe { clear_blocks(HASH_TABLE, TABLE_SIZE) };
        }
    });
    unmap(ea);
    let (vsid, index) = split(ea);
    let group = HASH_TABLE + ((vsid ^ index) & (GROUPS - 1)) * (hash32::PTE_SIZE * hash32::PTES_PER_GROUP) as u32;
    let entry = (0..hash32::PTES_PER_GROUP as u32)
        .map(|place| group + place * hash32::PTE_SIZE as u32)
        .find(|entry| read_word0(*entry) & hash32::PTE_V == 0)
        .ok_or(Unsupported)?;
    PAGES_MAPPED.with(|pages| pages.insert(ea, entry))?;
    let word0 = hash32::PTE_V | vsid << hash32::PTE_VSID_SHIFT | index >> hash32::API_SHIFT & hash32::PTE_API;
    write(entry, word0, pa as u32 & hash32::PTE_RPN | hash32::PTE_R | hash32::PTE_C | protection);
    Ok(())
}

#[cfg(feature = "board")]
pub(super) fn is_mapped(ea: u32) -> bool {
    PAGES_MAPPED.with(|pages| pages.contains(ea))
}

pub(super) fn unmap(ea: u32) {
    if let Some((_, entry)) = PAGES_MAPPED.with(|pages| pages.remove(ea)) {
        remove(ea, entry);
    }
}

fn remove(ea: u32, entry: u32) {
    write(entry, 0, 0);
    // SAFETY: supervisor state; a translation that is gone is dropped.
    unsafe { asm!("tlbie {}", in(reg) ea, options(nostack)) };
    synchronize();
}
