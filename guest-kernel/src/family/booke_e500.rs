//! e500v2, e500mc, e5500, e6500: TLB1, written through the MAS registers (EREF, section 6.5).
//!
//! ```text
//!   TLB1 slot   EA           PA    size    AS  rights
//!   initial     0            0     16 MiB  0   all            the entry we were started with, made ours
//!   others      0            0     16 MiB  1   all            interrupts switch to AS 0, a script may be in AS 1
//!               IO.ea        ...           0+1 supervisor     device registers; problem state too on the board
//!               a script's   ...    4 KiB  0   as it asks
//! ```
//!
//! TLB0 stays empty. On the board all of this is there at entry. Slots are counted from 0, leaving out the initial one.

use super::pages::{PAGES, Pages};
use crate::address::IoWindow;
use crate::cell::Exclusive;
use crate::cpu;
use crate::platform::{Here, Platform};
use crate::spr::{self, mfspr, mtspr};
use core::arch::asm;
use sprig_interpreter::Unsupported;
use sprig_isa::cpu::CpuSet;
use sprig_isa::mmu::{PAGE_SHIFT, mas, size_code, tlbcfg};
use sprig_isa::spr::number;
use sprig_wire::board::TRANSLATIONS;
use sprig_wire::bytecode::permission;
use sprig_wire::effect::WRITES_TLB;
use sprig_wire::layout::{IMAGE_BASE, RAM_SIZE};

const TLB1: u32 = 1;

const RAM_LOG2_SIZE: u32 = RAM_SIZE.ilog2();
/// Slots of the entries that are always there, counted without the initial one.
const RAM_AS1: u32 = 0;
const IO: u32 = 1;
const IO_AS1: u32 = 2;
const FIRST_PAGE: u32 = 3;

/// Where the board's translations have the kernel.
const ENTERED_SLOT: u32 = 0;
const _: () = {
    let [kernel, other, io, io_other] = TRANSLATIONS;
    let of_kernel = kernel.space == 0 && other.space == 1 && !kernel.device && !other.device;
    let of_board = io.space == 0 && io_other.space == 1 && io.device && io_other.device;
    assert!(of_kernel && slot(RAM_AS1, ENTERED_SLOT) == 1, "the board's translations are the kernel's");
    assert!(of_board && slot(IO, ENTERED_SLOT) == 2 && slot(IO_AS1, ENTERED_SLOT) == 3, "and so are the others");
};

/// Whether the TLB may hold anything but what this module puts there: what was there when we were started, or what a
/// case does to it. Nothing but tlbwe can make, change or, with IPROT, remove an entry of ours (EREF, section 6.5.3.8).
static TLB_MAY_BE_CHANGED: Exclusive<bool> = Exclusive::new(!Here::ENTERS_CLEAR);
static PAGES_MAPPED: Exclusive<Pages<()>> = Exclusive::new(Pages::new());

struct Entry {
    slot: u32,
    ea: u32,
    pa: u64,
    log2_size: u32,
    /// MAS1\[TS\] or 0.
    space: u32,
    attributes: u32,
    permissions: u32,
}

impl Entry {
    fn write(&self) {
        let tsize = size_code(self.log2_size);
        write(
            self.slot,
            mas::VALID | mas::IPROT | self.space | tsize << mas::TSIZE_SHIFT,
            self.ea | self.attributes,
            self.pa as u32 | self.permissions,
            (self.pa >> 32) as u32,
        );
    }
}

/// Makes a slot of TLB1 hold this. One that does is left alone: an emulator of the TLB has to forget everything when it
/// changes, and a sweep over all registers restores it after each.
fn write(slot: u32, mas1: u32, mas2: u32, mas3: u32, mas7: u32) {
    // SAFETY: supervisor state on an e500. The kernel's own entry is only replaced by one that maps the kernel again.
    unsafe {
        mtspr::<{ number::MAS0 }>(TLB1 << mas::TLBSEL_SHIFT | slot << mas::ESEL_SHIFT);
        if mas1 & mas::VALID != 0 {
            // Where HID0[EN_MAS7_UPDATE] is off, tlbre leaves MAS7 as it is: then the slot counts as another.
            mtspr::<{ number::MAS7 }>(!mas7);
        }
        asm!("tlbre", options(nostack));
        let held = mfspr::<{ number::MAS1 }>();
        let is_off = (mas1 | held) & mas::VALID == 0;
        if is_off
            || held == mas1
                && mfspr::<{ number::MAS2 }>() == mas2
                && mfspr::<{ number::MAS3 }>() == mas3
                && mfspr::<{ number::MAS7 }>() == mas7
        {
            return;
        }
        mtspr::<{ number::MAS1 }>(mas1);
        mtspr::<{ number::MAS2 }>(mas2);
        mtspr::<{ number::MAS3 }>(mas3);
        mtspr::<{ number::MAS7 }>(mas7);
        asm!("isync", "tlbwe", "isync", options(nostack));
    }
}

/// The slot of TLB1 that maps the kernel in address space 0.
fn kernel_slot() -> u32 {
    if Here::ENTERS_CLEAR && !TLB_MAY_BE_CHANGED.with(|changed| *changed) {
        return ENTERED_SLOT;
    }
    // SAFETY: supervisor state on an e500; a search changes the MAS registers only.
    unsafe {
        mtspr::<{ number::MAS6 }>(0);
        asm!("tlbsx 0, {}", in(reg) IMAGE_BASE, options(nostack));
        mfspr::<{ number::MAS0 }>() >> mas::ESEL_SHIFT & mas::ESEL
    }
}

/// The slot with this number, counted without the kernel's.
const fn slot(number: u32, kernel: u32) -> u32 {
    if number < kernel { number } else { number + 1 }
}

fn ram(slot: u32, space: u32) -> Entry {
    Entry { slot, ea: 0, pa: 0, log2_size: RAM_LOG2_SIZE, space, attributes: 0, permissions: mas::ALL_PERMISSIONS }
}

fn device(slot: u32, space: u32, io: &IoWindow) -> Entry {
    Entry {
        slot,
        ea: io.ea,
        pa: io.pa,
        log2_size: io.log2_size,
        space,
        attributes: mas::INHIBITED | mas::GUARDED,
        permissions: if io.user { mas::ALL_PERMISSIONS } else { mas::SR | mas::SW },
    }
}

pub(super) fn translate(io: Option<&IoWindow>) {
    // SAFETY: supervisor state on an e500. Our entries belong to every process, so the PIDs may change.
    unsafe {
        spr::set::<{ number::PID }>(0);
        if CpuSet::THREE_PIDS.contains(cpu().set) {
            spr::set::<{ number::PID1 }>(0);
            spr::set::<{ number::PID2 }>(0);
        }
    }
    if !TLB_MAY_BE_CHANGED.with(|changed| *changed) {
        return;
    }
    let kernel = kernel_slot();
    ram(kernel, 0).write();
    // SAFETY: every e500 has the register.
    let entries = unsafe { mfspr::<{ number::TLB1CFG }>() } & tlbcfg::NENTRY;
    for number in 0..entries.saturating_sub(1) {
        let slot = slot(number, kernel);
        match (number, io) {
            (RAM_AS1, _) => ram(slot, mas::TS).write(),
            (IO, Some(io)) => device(slot, 0, io).write(),
            (IO_AS1, Some(io)) => device(slot, mas::TS, io).write(),
            _ => write(slot, 0, 0, 0, 0),
        }
    }
    // SAFETY: every e500 has the register; nothing of ours is in TLB0.
    unsafe { mtspr::<{ number::MMUCSR0 }>(mas::MMUCSR0_TLB0_FI) };
}

/// The code of another case, with these effects, is about to run. Only if it may change the TLB has that to be looked
/// at after it.
pub(super) fn begin_code(effects: u32) {
    TLB_MAY_BE_CHANGED.with(|changed| *changed = effects & WRITES_TLB != 0);
}

/// Removes what scripts have mapped.
pub(super) fn forget_pages() {
    while let Some((index, ())) = PAGES_MAPPED.with(Pages::pop_place) {
        write(slot(FIRST_PAGE + index as u32, kernel_slot()), 0, 0, 0, 0);
    }
}

pub(super) fn map(ea: u32, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    const { assert!(FIRST_PAGE + PAGES as u32 <= 15, "the smallest TLB1 has 16 entries") };
    unmap(ea);
    let index = PAGES_MAPPED.with(|pages| pages.insert(ea, ()))?;
    let bits = [
        (permission::SUPERVISOR_READ, mas::SR),
        (permission::SUPERVISOR_WRITE, mas::SW),
        (permission::SUPERVISOR_EXECUTE, mas::SX),
        (permission::USER_READ, mas::UR),
        (permission::USER_WRITE, mas::UW),
        (permission::USER_EXECUTE, mas::UX),
    ];
    let granted = bits.iter().filter(|(asked, _)| permissions & asked != 0).fold(0, |all, (_, bit)| all | bit);
    Entry {
        slot: slot(FIRST_PAGE + index as u32, kernel_slot()),
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
        write(slot(FIRST_PAGE + index as u32, kernel_slot()), 0, 0, 0, 0);
    }
}
