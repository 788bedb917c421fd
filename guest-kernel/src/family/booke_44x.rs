//! 440EP: one TLB of 64 entries, written word by word (PPC440 user manual, chapter "Memory management").
//!
//! The entries are those of e500 (see `booke_e500.rs`) in another notation.

use super::pages::{PAGES, Pages};
use crate::address::IoWindow;
use crate::cell::Exclusive;
use crate::spr::mtspr;
use core::arch::asm;
use sprig_interpreter::Unsupported;
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::mmu::{PAGE_SHIFT, size_code, tlb44x};
use sprig_isa::spr::number;
use sprig_wire::bytecode::permission;
use sprig_wire::layout::{IMAGE_BASE, RAM_SIZE};

const RAM_LOG2_SIZE: u32 = RAM_SIZE.ilog2();
/// Entries that are always there, counted without the initial one.
const RAM_AS1: u32 = 0;
const IO: u32 = 1;
const IO_AS1: u32 = 2;
const FIRST_PAGE: u32 = 3;

static PAGES_MAPPED: Exclusive<Pages<()>> = Exclusive::new(Pages::new());

struct Entry {
    index: u32,
    ea: u32,
    pa: u64,
    log2_size: u32,
    /// TS or 0.
    space: u32,
    attributes: u32,
    permissions: u32,
}

impl Entry {
    fn write(&self) {
        let size = size_code(self.log2_size);
        write(
            self.index,
            self.ea | tlb44x::VALID | self.space | size << tlb44x::SIZE_SHIFT,
            self.pa as u32 & tlb44x::RPN | (self.pa >> 32) as u32 & tlb44x::ERPN,
            self.attributes | self.permissions,
        );
    }
}

/// tlbwe r4, r3, 0 (PPC440 user manual, "TLB instructions"). LLVM's assembler knows the one-bit WS of other cores only,
/// and makes 0 of a 2.
const TLBWE_R4_R3: u32 = Insn::named("tlbwe44").word | 4 << Operand::Rs.shift() | 3 << Operand::Ra.shift();

/// Writes one word of an entry.
///
/// # Safety
/// Supervisor state on a 44x; with the entry as it is then, the kernel can go on.
unsafe fn write_word<const WS: u32>(index: u32, word: u32) {
    // SAFETY: the caller's duty.
    unsafe {
        asm!(
            ".long {tlbwe}", "isync",
            tlbwe = const TLBWE_R4_R3 | WS << Operand::Nb.shift(),
            in("r3") index, in("r4") word,
            options(nostack),
        );
    }
}

/// Writes the attributes first: the entry the kernel runs from must be usable between any two words.
fn write(index: u32, word0: u32, word1: u32, word2: u32) {
    // SAFETY: the kernel's own entry is only replaced by one that maps the kernel again.
    unsafe {
        write_word::<2>(index, word2);
        write_word::<1>(index, word1);
        write_word::<0>(index, word0);
    }
}

/// The entry that maps the kernel in address space 0.
fn kernel_index() -> u32 {
    let index;
    // SAFETY: supervisor state on a 44x; MMUCR says which process and address space the search and new entries mean.
    unsafe {
        mtspr::<{ number::MMUCR }>(0);
        asm!("tlbsx {}, 0, {}", out(reg) index, in(reg) IMAGE_BASE, options(nostack));
    }
    index
}

/// The entry with this number, counted without the kernel's.
const fn entry(number: u32, kernel: u32) -> u32 {
    if number < kernel { number } else { number + 1 }
}

fn ram(index: u32, space: u32) -> Entry {
    Entry { index, ea: 0, pa: 0, log2_size: RAM_LOG2_SIZE, space, attributes: 0, permissions: tlb44x::ALL_PERMISSIONS }
}

pub(super) fn translate(io: Option<&IoWindow>) {
    // SAFETY: every 44x has it. Our entries belong to every process.
    unsafe { mtspr::<{ number::PID }>(0) };
    let kernel = kernel_index();
    ram(kernel, 0).write();
    for number in 0..tlb44x::ENTRIES as u32 - 1 {
        write(entry(number, kernel), 0, 0, 0);
    }
    ram(entry(RAM_AS1, kernel), tlb44x::TS).write();
    if let Some(io) = io {
        for (number, space) in [(IO, 0), (IO_AS1, tlb44x::TS)] {
            Entry {
                index: entry(number, kernel),
                ea: io.ea,
                pa: io.pa,
                log2_size: io.log2_size,
                space,
                attributes: tlb44x::INHIBITED | tlb44x::GUARDED,
                permissions: if io.user { tlb44x::ALL_PERMISSIONS } else { tlb44x::SR | tlb44x::SW },
            }
            .write();
        }
    }
}

/// Forgets what scripts have mapped; `translate` removes it.
pub(super) fn forget_pages() {
    PAGES_MAPPED.with(|pages| while pages.pop().is_some() {});
}

pub(super) fn map(ea: u32, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    const { assert!(FIRST_PAGE as usize + PAGES < tlb44x::ENTRIES) };
    unmap(ea);
    let index = PAGES_MAPPED.with(|pages| pages.insert(ea, ()))?;
    let bits = [
        (permission::SUPERVISOR_READ, tlb44x::SR),
        (permission::SUPERVISOR_WRITE, tlb44x::SW),
        (permission::SUPERVISOR_EXECUTE, tlb44x::SX),
        (permission::USER_READ, tlb44x::UR),
        (permission::USER_WRITE, tlb44x::UW),
        (permission::USER_EXECUTE, tlb44x::UX),
    ];
    let granted = bits.iter().filter(|(asked, _)| permissions & asked != 0).fold(0, |all, (_, bit)| all | bit);
    Entry {
        index: entry(FIRST_PAGE + index as u32, kernel_index()),
        ea: super::pages::page(ea),
        pa,
        log2_size: PAGE_SHIFT,
        space: 0,
        attributes: 0,
        permissions: granted,
    }
    .write();
    Ok(())
}

#[cfg(feature = "board")]
pub(super) fn is_mapped(ea: u32) -> bool {
    PAGES_MAPPED.with(|pages| pages.contains(ea))
}

pub(super) fn unmap(ea: u32) {
    if let Some((index, ())) = PAGES_MAPPED.with(|pages| pages.remove(ea)) {
        write(entry(FIRST_PAGE + index as u32, kernel_index()), 0, 0, 0);
    }
}
