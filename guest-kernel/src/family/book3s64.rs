//! 970 and POWER8 to POWER10: SLB and hashed page table (Power ISA 2.07 Book III-S, "Address Translation").
//!
//! ```text
//!   SLB n, segment n   one for each of the sixteen 256 MiB segments of a 32-bit address space; a 64-bit kernel has one
//!                      more for the last segment of all, where the magic page goes
//!   segment 0          large pages: 0..16 MiB at EA = PA, both privileges; on the board its registers too
//!   segment of IO      large pages: device registers
//!   all others         4 KiB pages: what scripts map
//! ```
//!
//! The VSID of a segment is its ESID plus one (the last segment's: as if it were the seventeenth); Ks = 0, Kp = 1, so
//! that PP speaks of problem state. A 970 has the page table at HASH_TABLE and large pages of 16 MiB. From POWER8 on
//! the guest is a partition: the page table is the hypervisor's and entries are made by H_ENTER (LoPAR, section "Page
//! frame table access"); large pages are of 64 KiB, since QEMU allows a partition no larger ones by default.

use super::pages::Pages;
use super::radix64;
use crate::address::{Ea, IoWindow};
use crate::cell::Exclusive;
use crate::cpu;
use crate::papr::{self, Call};
use crate::platform::{Here, Platform};
use crate::spr::{clear_blocks, mtspr, synchronize};
use core::arch::asm;
use sprig_interpreter::Unsupported;
use sprig_isa::cpu::CpuSet;
use sprig_isa::mmu::{PAGE_SHIFT, SEGMENT_SHIFT, hash64};
use sprig_isa::spr::number;
use sprig_wire::bytecode::permission::{SUPERVISOR_EXECUTE, USER_EXECUTE, hashed_protection};
use sprig_wire::layout::{HASH_TABLE, RAM_SIZE};

/// Offset of an address in its segment.
const SEGMENT_OFFSET: Ea = (1 << SEGMENT_SHIFT) - 1;
/// log2 of the number of groups in the smallest page table, which is what a 970 gets.
const SMALLEST_LOG2_GROUPS: u32 = hash64::HTABSIZE_BASE;
const GROUP_SIZE: u32 = (hash64::PTE_SIZE * hash64::PTES_PER_GROUP) as u32;
/// Segments of a 32-bit address space.
const LOW_SEGMENTS: Ea = 16;
/// Segments that have a translation.
const SEGMENTS: Ea = LOW_SEGMENTS + if cfg!(target_pointer_width = "64") { 1 } else { 0 };

/// A page size, as SLB and page table speak of it.
#[derive(Clone, Copy)]
struct PageSize {
    log2: u32,
    /// SLB L and LP.
    llp: Ea,
    /// L of the page table entry.
    l: Ea,
    /// LP of the page table entry, at its place.
    lp: Ea,
}

const SMALL: PageSize = PageSize { log2: PAGE_SHIFT, llp: 0, l: 0, lp: 0 };
/// QEMU, target/ppc/mmu-hash64.c, ppc_hash64_opts_POWER7.
const LARGE_64K: PageSize =
    PageSize { log2: hash64::SHIFT_64K, llp: 0x110, l: hash64::PTE_L as Ea, lp: 1 << hash64::PTE_LP_SHIFT };
/// arch/powerpc/mm/book3s64/hash_utils.c, mmu_psize_defaults_gp.
const LARGE_16M: PageSize = PageSize { log2: hash64::SHIFT_16M, llp: 0x100, l: hash64::PTE_L as Ea, lp: 0 };

/// How to get at the page table.
#[derive(Clone, Copy)]
enum Table {
    /// It is in our memory.
    Own,
    /// The hypervisor has it; log2 of its number of groups.
    Partition { log2_groups: u32 },
    /// None: there is a radix tree.
    Radix,
}

/// Where an entry is: its address in our own table, its index in a partition's.
type Place = Ea;

static PAGES_MAPPED: Exclusive<Pages<Place>> = Exclusive::new(Pages::new());
/// The page table, once it maps the kernel.
static TABLE: Exclusive<Option<Table>> = Exclusive::new(None);

fn large() -> PageSize {
    if cpu().set == CpuSet::G5_970 { LARGE_16M } else { LARGE_64K }
}

/// True in the segments of the RAM and the device registers.
fn is_large(ea: Ea) -> bool {
    let segment = ea >> SEGMENT_SHIFT;
    segment == 0 || Here::io().is_some_and(|io| Ea::from(io.ea) >> SEGMENT_SHIFT == segment)
}

const fn vsid(ea: Ea) -> Ea {
    let segment = ea >> SEGMENT_SHIFT;
    (if segment < LOW_SEGMENTS { segment } else { LOW_SEGMENTS }) + 1
}

/// The first address of the segment with this place in the SLB.
const fn segment_address(index: Ea) -> Ea {
    if index < LOW_SEGMENTS { index << SEGMENT_SHIFT } else { !SEGMENT_OFFSET }
}

/// Has the hypervisor choose little-endian mode at each interrupt.
#[cfg(target_endian = "little")]
pub(super) fn take_interrupts_little_endian() {
    // A hypervisor without the call takes them as it does, and the first shows it.
    use papr::token::{H_SET_MODE, SET_MODE_LITTLE_ENDIAN, SET_MODE_RESOURCE_LE};
    Call::new(H_SET_MODE, [SET_MODE_LITTLE_ENDIAN.into(), SET_MODE_RESOURCE_LE.into(), 0, 0]).make();
}

/// Translation is off while this runs.
pub(super) fn translate(io: Option<&IoWindow>) {
    if Here::is_radix() {
        let made = TABLE.with(|table| table.replace(Table::Radix));
        return radix64::translate(io, made.is_some());
    }
    let table = TABLE.with(|table| *table).unwrap_or_else(|| {
        let made = create_table(io);
        TABLE.with(|table| *table = Some(made));
        made
    });
    if let Table::Own = table {
        // SAFETY: real mode on a 970; the table maps the kernel. Size 0: the smallest.
        unsafe { mtspr::<{ number::SDR1 }>(HASH_TABLE) };
    }
    // SAFETY: real mode, so nothing the kernel uses is translated by the SLB now.
    unsafe { asm!("slbia", "isync", options(nostack)) };
    for index in 0..SEGMENTS {
        let ea = segment_address(index);
        write_segment(index, ea, if is_large(ea) { large() } else { SMALL });
    }
}

/// Removes what scripts have mapped.
pub(super) fn forget_pages() {
    let Some(table) = TABLE.with(|table| *table) else { return };
    if let Table::Radix = table {
        return radix64::forget_pages();
    }
    PAGES_MAPPED.with(|pages| {
        while let Some((ea, place)) = pages.pop() {
            remove(table, ea, place);
        }
    });
}

fn create_table(io: Option<&IoWindow>) -> Table {
    let table = if cpu().set == CpuSet::G5_970 {
        // SAFETY: nothing refers to the table but the hardware; groups of 128 bytes.
        unsafe { clear_blocks(HASH_TABLE, GROUP_SIZE << SMALLEST_LOG2_GROUPS) };
        Table::Own
    } else {
        Table::Partition { log2_groups: Here::hash_table_log2_groups() }
    };
    const READ_WRITE: Ea = 2;
    // A table that has no room for the kernel would show at once, at the first instruction with translation on.
    let _ = insert_block(table, 0, 0, RAM_SIZE, hash64::PTE_M as Ea | READ_WRITE);
    if let Some(io) = io {
        let rights = if io.user { READ_WRITE } else { 0 };
        let attributes = (hash64::PTE_I | hash64::PTE_G) as Ea;
        let _ = insert_block(table, io.ea.into(), io.pa, 1 << io.log2_size, attributes | rights);
    }
    table
}

fn insert_block(table: Table, ea: Ea, pa: u64, bytes: u32, low_bits: Ea) -> Result<(), Unsupported> {
    let size = large();
    for offset in (0..bytes).step_by(1 << size.log2).map(Ea::from) {
        insert(table, ea + offset, pa as Ea + offset, size, low_bits)?;
    }
    Ok(())
}

/// Makes a page table entry; `low_bits` are WIMG, N and PP.
fn insert(table: Table, ea: Ea, pa: Ea, size: PageSize, low_bits: Ea) -> Result<Place, Unsupported> {
    // VSIDs are small, so that everything fits the lower words.
    let word0 = avpn(ea) | size.l | hash64::PTE_V as Ea;
    let word1 = pa & !((1 << size.log2) - 1) | size.lp | low_bits | (hash64::PTE_R | hash64::PTE_C) as Ea;
    let hash = vsid(ea) ^ (ea & SEGMENT_OFFSET) >> size.log2;
    match table {
        Table::Own => {
            let group = Ea::from(HASH_TABLE) + (hash & ((1 << SMALLEST_LOG2_GROUPS) - 1)) * Ea::from(GROUP_SIZE);
            let entry = (0..hash64::PTES_PER_GROUP as Ea)
                .map(|place| group + place * hash64::PTE_SIZE as Ea)
                .find(|entry| read_word0(*entry) & hash64::PTE_V as Ea == 0)
                .ok_or(Unsupported)?;
            write(entry, word0, word1);
            Ok(entry)
        }
        Table::Partition { log2_groups } => {
            let index = (hash & ((1 << log2_groups) - 1)) * hash64::PTES_PER_GROUP as Ea;
            let mut call = Call::new(papr::token::H_ENTER, [0, index, word0, word1]);
            if call.make() == papr::H_SUCCESS { Ok(call.value() as Ea) } else { Err(Unsupported) }
        }
        Table::Radix => Err(Unsupported),
    }
}

/// The abbreviated virtual page number of an address, at its place.
const fn avpn(ea: Ea) -> Ea {
    let offset = (ea & SEGMENT_OFFSET) >> hash64::AVPN_FROM_OFFSET_SHIFT;
    vsid(ea) << hash64::SLB_VSID_SHIFT | offset & hash64::PTE_AVPN as Ea
}

fn remove(table: Table, ea: Ea, place: Place) {
    match table {
        Table::Own => {
            write(place, 0, 0);
            // The virtual address has more than 32 bits, so the register is put together by 64-bit instructions.
            // SAFETY: supervisor state on a 970; a translation that is gone is dropped.
            unsafe {
                asm!(
                    "sldi {vsid}, {vsid}, 28",
                    "clrldi {offset}, {offset}, 36",
                    "or {vsid}, {vsid}, {offset}",
                    "tlbie {vsid}",
                    vsid = inout(reg) vsid(ea) => _, offset = inout(reg) super::pages::page(ea) => _,
                    options(nostack),
                );
            }
            synchronize();
        }
        Table::Partition { .. } => {
            // What is not there need not be removed.
            Call::new(papr::token::H_REMOVE, [0, place, 0, 0]).make();
        }
        Table::Radix => {}
    }
}

/// The low word of an entry's first doubleword. The table is big-endian.
fn read_word0(entry: Place) -> Ea {
    // SAFETY: an entry of our page table.
    u32::from_be(unsafe { (entry as *const u32).add(1).read_volatile() }) as Ea
}

/// Writes an entry of our own table, the word with the valid bit last.
fn write(entry: Place, word0: Ea, word1: Ea) {
    let words = entry as *mut u32;
    let [word0, word1] = [word0, word1].map(|word| (word as u32).to_be());
    // SAFETY: an entry of our page table.
    unsafe {
        words.add(1).write_volatile(0);
        synchronize();
        words.write_volatile(0);
        words.add(2).write_volatile(0);
        words.add(3).write_volatile(word1);
        synchronize();
        words.add(1).write_volatile(word0);
    }
    synchronize();
}

fn write_segment(index: Ea, ea: Ea, size: PageSize) {
    let segment = vsid(ea) << hash64::SLB_VSID_SHIFT | hash64::SLB_KP as Ea | size.llp;
    let esid = ea & hash64::SLB_ESID as Ea | hash64::SLB_V as Ea | index;
    #[cfg(target_pointer_width = "64")]
    // SAFETY: supervisor state on a 64-bit server CPU.
    unsafe {
        asm!("slbmte {}, {}", "isync", in(reg) segment, in(reg) esid, options(nostack));
    }
    #[cfg(target_pointer_width = "32")]
    // SAFETY: the same. The upper halves of registers may hold anything in 32-bit code.
    unsafe {
        asm!(
            "clrldi {segment}, {segment}, 32",
            "clrldi {esid}, {esid}, 32",
            "slbmte {segment}, {esid}",
            "isync",
            segment = inout(reg) segment => _, esid = inout(reg) esid => _,
            options(nostack),
        );
    }
}

pub(super) fn map(ea: Ea, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    let table = TABLE.with(|table| *table).ok_or(Unsupported)?;
    if let Table::Radix = table {
        return radix64::map(ea, pa, permissions);
    }
    let protection = hashed_protection(permissions).ok_or(Unsupported)?;
    unmap(ea);
    // There is one N for both states.
    let executable = permissions & (SUPERVISOR_EXECUTE | USER_EXECUTE) != 0;
    let attributes = hash64::PTE_M | if executable { 0 } else { hash64::PTE_N };
    let place = insert(table, ea, pa as Ea, SMALL, Ea::from(protection) | attributes as Ea)?;
    if PAGES_MAPPED.with(|pages| pages.insert(ea, place)).is_err() {
        remove(table, ea, place);
        return Err(Unsupported);
    }
    Ok(())
}

#[cfg(all(feature = "board", target_pointer_width = "32"))]
pub(super) fn is_mapped(ea: Ea) -> bool {
    if Here::is_radix() { radix64::is_mapped(ea) } else { PAGES_MAPPED.with(|pages| pages.contains(ea)) }
}

pub(super) fn unmap(ea: Ea) {
    if Here::is_radix() {
        return radix64::unmap(ea);
    }
    let table = TABLE.with(|table| *table);
    if let (Some(table), Some((_, place))) = (table, PAGES_MAPPED.with(|pages| pages.remove(ea))) {
        remove(table, ea, place);
    }
}
