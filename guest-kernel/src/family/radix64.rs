//! POWER9 and later if the hypervisor makes the partition translate by a radix tree (Power ISA 3.0 Book III, "Radix
//! Tree Translation"). The tree is in our memory, the hypervisor is told where its root is, and that is all.
//!
//! ```text
//!   process table, process 0 --> ROOT, 8192 entries of 512 GiB: the first
//!                                 '--> DIRECTORY, 512 of 1 GiB: four
//!                                       '--> MIDDLES, 512 of 2 MiB each
//!                                             leaf: memory and device registers, at EA = PA, open to both states
//!                                             '--> TABLES, 512 of 4 KiB each: where scripts have mapped pages
//! ```

use super::pages::Pages;
use crate::address::{Ea, IoWindow};
use crate::cell::Exclusive;
use crate::papr::{Call, token};
use crate::spr::{clear_blocks, synchronize};
use core::arch::asm;
use sprig_interpreter::Unsupported;
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::mmu::PAGE_SHIFT;
use sprig_isa::mmu::radix::{
    ATTRIBUTE_NON_IDEMPOTENT, C, EXECUTE, LEAF, NEXT_BITS, PRIVILEGED, R, READ, ROOT_BITS, TREE_52_BITS, VALID, WRITE,
};
use sprig_isa::spr::number;
use sprig_wire::bytecode::permission::{
    SUPERVISOR_EXECUTE, SUPERVISOR_READ, SUPERVISOR_WRITE, USER_EXECUTE, USER_READ, USER_WRITE, has_radix_entry,
};
use sprig_wire::layout::{HASH_TABLE, MAPPED_PAGES, RAM_SIZE};

const PTE_SIZE: u32 = 8;
/// Bytes of a table of any level but the first.
const TABLE_SIZE: u32 = PTE_SIZE << NEXT_BITS;
/// Gibibytes that are reached: a 32-bit address space.
const DIRECTORIES: u32 = 4;
// All of it lies where other CPUs have their page table. The first is as large as it is aligned.
const ROOT: u32 = HASH_TABLE;
const DIRECTORY: u32 = ROOT + (PTE_SIZE << ROOT_BITS);
const MIDDLES: u32 = DIRECTORY + TABLE_SIZE;
const TABLES: u32 = MIDDLES + DIRECTORIES * TABLE_SIZE;
const PROCESS_TABLE: u32 = TABLES + MAPPED_PAGES as u32 * TABLE_SIZE;
const END: u32 = PROCESS_TABLE + TABLE_SIZE;
/// log2 of the bytes that a leaf of MIDDLES maps.
const LARGE: u32 = 21;
/// log2 of a page of TABLES.
const SMALL: u32 = PAGE_SHIFT;
const INDEX: u32 = (1 << NEXT_BITS) - 1;

/// What scripts have mapped: the number in TABLES of the table that a page's entry is in.
static PAGES: Exclusive<Pages<u32>> = Exclusive::new(Pages::new());

/// Makes the tree, the first time, and tells the hypervisor; translation is off while this runs.
pub(super) fn translate(io: Option<&IoWindow>, is_made: bool) {
    if !is_made {
        // SAFETY: nothing refers to the tables; whole pages.
        unsafe { clear_blocks(ROOT, END - ROOT) };
        write(PROCESS_TABLE, TREE_52_BITS | u64::from(ROOT) | u64::from(ROOT_BITS));
        link(ROOT, DIRECTORY);
        for directory in 0..DIRECTORIES {
            link(DIRECTORY + directory * PTE_SIZE, MIDDLES + directory * TABLE_SIZE);
        }
        for address in (0..RAM_SIZE).step_by(1 << LARGE) {
            write(middle(address), leaf(address.into()) | READ | WRITE | EXECUTE);
        }
        if let Some(io) = io {
            let state = if io.user { 0 } else { PRIVILEGED };
            write(middle(io.ea), leaf(io.pa) | ATTRIBUTE_NON_IDEMPOTENT | READ | WRITE | state);
        }
        synchronize();
        // A hypervisor that refuses shows at once, at the first instruction with translation on.
        let flags = token::PROC_TABLE_NEW | token::PROC_TABLE_RADIX | token::PROC_TABLE_GTSE;
        let log2_pages = 0;
        Call::new(token::H_REGISTER_PROC_TBL, [flags as Ea, PROCESS_TABLE as Ea, 0, log2_pages]).make();
    }
    // SAFETY: real mode, so nothing the kernel uses is translated now; process 0 is the one that the table has.
    unsafe {
        asm!("li {zero}, 0", "mtspr {pid}, {zero}", "isync", zero = out(reg) _, pid = const number::PID, options(nostack))
    };
    forget_translations();
}

/// Removes what scripts have mapped.
pub(super) fn forget_pages() {
    PAGES.with(|pages| {
        while let Some((ea, table)) = pages.pop() {
            write(entry(table, ea as u32), 0);
            write(middle(ea as u32), 0);
        }
    });
}

pub(super) fn map(ea: Ea, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    let rights = rights(permissions)?;
    unmap(ea);
    let address = u32::try_from(ea).map_err(|_| Unsupported)?;
    PAGES.with(|pages| {
        let shared = pages.notes().find(|(other, _)| *other >> LARGE == ea >> LARGE).map(|(_, table)| table);
        let is_free = |table: &u32| pages.notes().all(|(_, used)| used != *table);
        let table = shared.or_else(|| (0..MAPPED_PAGES as u32).find(is_free)).ok_or(Unsupported)?;
        pages.insert(ea, table)?;
        write(entry(table, address), leaf(pa) | rights);
        link(middle(address), TABLES + table * TABLE_SIZE);
        Ok(())
    })?;
    synchronize();
    Ok(())
}

#[cfg(all(feature = "board", target_pointer_width = "32"))]
pub(super) fn is_mapped(ea: Ea) -> bool {
    PAGES.with(|pages| pages.contains(ea))
}

pub(super) fn unmap(ea: Ea) {
    let is_gone = PAGES.with(|pages| {
        let Some((_, table)) = pages.remove(ea) else { return false };
        write(entry(table, ea as u32), 0);
        if pages.notes().all(|(_, used)| used != table) {
            write(middle(ea as u32), 0);
        }
        true
    });
    if is_gone {
        forget_translations();
    }
}

/// The rights of an entry: there is one for both states, or problem state has none.
fn rights(permissions: u8) -> Result<u64, Unsupported> {
    const BITS: [(u8, u64); 3] = [(SUPERVISOR_READ, READ), (SUPERVISOR_WRITE, WRITE), (SUPERVISOR_EXECUTE, EXECUTE)];
    if !has_radix_entry(permissions) {
        return Err(Unsupported);
    }
    let allowed = BITS.iter().filter(|(right, _)| permissions & right != 0).fold(0, |all, (_, bit)| all | bit);
    let is_for_both = permissions & (USER_READ | USER_WRITE | USER_EXECUTE) != 0;
    Ok(if is_for_both { allowed } else { PRIVILEGED | allowed })
}

/// The entry for 2 MiB.
const fn middle(ea: u32) -> u32 {
    let directory = ea >> (LARGE + NEXT_BITS);
    MIDDLES + directory * TABLE_SIZE + (ea >> LARGE & INDEX) * PTE_SIZE
}

/// The entry for a page in one of TABLES.
const fn entry(table: u32, ea: u32) -> u32 {
    TABLES + table * TABLE_SIZE + (ea >> SMALL & INDEX) * PTE_SIZE
}

/// A leaf, without rights.
const fn leaf(pa: u64) -> u64 {
    VALID | LEAF | R | C | pa
}

/// Makes an entry lead to the next table.
fn link(entry: u32, table: u32) {
    write(entry, VALID | u64::from(table) | u64::from(NEXT_BITS));
}

/// Writes an entry, big-endian as the tree is: the word with the valid bit last where it comes, first where it goes.
fn write(entry: u32, value: u64) {
    let words = entry as *mut u32;
    let [high, low] = [(value >> 32) as u32, value as u32].map(u32::to_be);
    // SAFETY: an entry of our tree, or the process table: callers have it from `entry` or `middle`, or from the
    // constants above.
    unsafe {
        words.write_volatile(0);
        synchronize();
        words.add(1).write_volatile(low);
        synchronize();
        words.write_volatile(high);
    }
    synchronize();
}

/// Has the CPU forget every translation of process 0 and what it knows of the tree: tlbie r6, r5 with what ISA 3.0 has
/// added to it.
fn forget_translations() {
    /// RIC: translations, and what is cached of the tree and of the process table.
    const ALL: u32 = 2 << 18;
    /// PRS: of a process.
    const PROCESS: u32 = 1 << 17;
    /// R: of a radix tree.
    const RADIX: u32 = 1 << 16;
    const WORD: u32 =
        Insn::named("tlbie").word | 5 << Operand::Rs.shift() | ALL | PROCESS | RADIX | 6 << Operand::Rb.shift();
    /// IS in RB: those of the process in RS.
    const OF_PROCESS: u32 = 1 << 10;
    // SAFETY: supervisor state of a partition that may invalidate translations (GTSE); they are made again from the
    // tree.
    unsafe {
        asm!(
            "ptesync", "li 5, 0", "li 6, {of_process}", ".4byte {word}", "eieio", "tlbsync", "ptesync", "isync",
            of_process = const OF_PROCESS, word = const WORD, out("r5") _, out("r6") _,
            options(nostack),
        );
    }
}

const _: () = assert!(ROOT.is_multiple_of(PTE_SIZE << ROOT_BITS) && END <= HASH_TABLE + (256 << 10));
