//! The four CPU families: translation, timers, and what their interrupts need to fall silent.
//!
//! A platform decides what is outside the CPU, the family what is inside. Which family it is follows from the PVR at run
//! time, so one image serves all of them.
//!
//! | family | file | memory is mapped by | a script's page by |
//! |---|---|---|---|
//! | BookE e500 | `booke_e500.rs` | two 16 MiB entries of TLB1, one per address space | a 4 KiB entry of TLB1 |
//! | BookE 44x | `booke_44x.rs` | the same in the unified TLB | a 4 KiB entry |
//! | Book3S-32 | `book3s32.rs` | an IBAT and a DBAT | an entry of the hashed page table |
//! | Book3S-64 | `book3s64.rs` | large pages in the hashed page table | a 4 KiB entry of it |
//!
//! All of Sprig's memory is open to problem state: the interpreter runs there too. Nothing under test is shielded by that;
//! the rights of the pages scripts map are as they ask.

pub(crate) mod book3s32;
pub(crate) mod book3s64;
mod booke;
pub(crate) mod booke_44x;
pub(crate) mod booke_e500;
mod hash;
mod pages;

use crate::cpu;
use crate::platform;
use crate::save::{Frame, flags};
use crate::spr::mtspr;
use core::sync::atomic::Ordering::Relaxed;
use sprig_interpreter::Unsupported;
use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use sprig_isa::syndrome::srr1;
use sprig_wire::layout::is_for_scripts;

/// Device registers a platform wants mapped, cache-inhibited and guarded.
pub(crate) struct IoWindow {
    /// Effective address. Equal to the physical one where that fits.
    pub(crate) ea: u32,
    /// Physical address.
    pub(crate) pa: u64,
    /// log2 of the size; even, since TLBs have pages of powers of four.
    pub(crate) log2_size: u32,
    /// Open to problem state as well.
    pub(crate) user: bool,
}

/// The machine state the kernel runs in: interrupts off, machine checks on, translation on.
pub(crate) fn kernel_msr() -> u32 {
    let server = msr::ME | msr::book3s::RI | msr::book3s::IR | msr::book3s::DR;
    (if cpu().family.is_booke() { msr::ME } else { server }) as u32
}

/// Bits of SRR1 that outlive an interrupt in a step: not those that say why it happened, nor those that would make the
/// kernel trap at each instruction or run with the other byte order or word size. Problem state is as the interpreter has
/// it, see `save::Flags::user`.
fn resume_mask() -> u32 {
    // Power ISA Book III-S, interrupt definitions: SRR1 bits 33-36 and 42-47 are the interrupt's.
    const SRR1_REASON: u32 = 0x783f_0000;
    // QEMU sets the server families' reasons of a program interrupt on embedded CPUs as well; asm/interrupts.s takes care
    // of the one that is MSR[CE] there.
    const QEMU_REASON: u32 = (srr1::FP | srr1::ILLEGAL | srr1::PRIVILEGED) as u32;
    let dropped = if cpu().family.is_booke() {
        (msr::booke::WE | msr::booke::DE) as u32 | QEMU_REASON
    } else {
        SRR1_REASON | (msr::book3s::SE | msr::book3s::BE | msr::book3s::LE) as u32
    };
    !(dropped | msr::PR as u32)
}

/// Sets up translation, timers and machine state; or puts them back to that. Vectors must be in place.
pub(crate) fn start() {
    flags().resume_mask.store(resume_mask(), Relaxed);
    match cpu().family {
        Family::BookeE500 => booke_e500::forget_pages(),
        Family::Booke44x => booke_44x::forget_pages(),
        Family::Book3s32 => book3s32::forget_pages(),
        Family::Book3s64 => book3s64::forget_pages(),
    }
    translate();
    if cpu().family.is_booke() {
        booke::stop_timers();
    } else {
        park_decrementer();
    }
}

/// Looks at the code of the case that is about to run for what [`start`] will have to put back behind it.
pub(crate) fn note_code(code: &[u8]) {
    if cpu().family == Family::BookeE500 {
        booke_e500::note_code(code);
    }
}

/// Makes the CPU translate as the kernel wants it, whatever it did before, and goes on in the kernel's machine state. On
/// the server families what scripts have mapped stays.
pub(crate) fn translate() {
    let io = platform::io();
    let io = io.as_ref();
    let booke = cpu().family.is_booke();
    let real_mode = kernel_msr() & !(msr::book3s::IR | msr::book3s::DR) as u32;
    // SAFETY: all the kernel uses is at EA = PA, in real mode and in address space 0, and mapped so before and after.
    unsafe { set_msr(if booke { kernel_msr() } else { real_mode }) };
    match cpu().family {
        Family::BookeE500 => booke_e500::translate(io),
        Family::Booke44x => booke_44x::translate(io),
        Family::Book3s32 => book3s32::translate(io),
        Family::Book3s64 => book3s64::translate(io),
    }
    if !booke {
        // SAFETY: `translate` has mapped what the kernel uses.
        unsafe { set_msr(kernel_msr()) };
    }
}

/// # Safety
/// The kernel's code, stack and data are at the same addresses under the new state.
unsafe fn set_msr(value: u32) {
    // SAFETY: the caller's duty.
    unsafe {
        match cpu().family {
            Family::Book3s64 => crate::spr::set_msr_by_rfid(value),
            _ => crate::spr::set_msr_by_rfi(value),
        }
    }
}

/// Maps a 4 KiB page for a script; an earlier mapping of the same page is replaced. `permissions` are
/// [`sprig_wire::bytecode::permission`]'s.
pub(crate) fn map(ea: u32, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    if !is_for_scripts(ea) {
        return Err(Unsupported);
    }
    match cpu().family {
        Family::BookeE500 => booke_e500::map(ea, pa, permissions),
        Family::Booke44x => booke_44x::map(ea, pa, permissions),
        Family::Book3s32 => book3s32::map(ea, pa, permissions),
        Family::Book3s64 => book3s64::map(ea, pa, permissions),
    }
}

/// Removes a page that [`map`] made; nothing happens if there is none.
pub(crate) fn unmap(ea: u32) {
    match cpu().family {
        Family::BookeE500 => booke_e500::unmap(ea),
        Family::Booke44x => booke_44x::unmap(ea),
        Family::Book3s32 => book3s32::unmap(ea),
        Family::Book3s64 => book3s64::unmap(ea),
    }
}

/// True if [`map`] has mapped the page at this address and nobody has removed it.
#[cfg(feature = "board")]
pub(crate) fn is_mapped(ea: u32) -> bool {
    match cpu().family {
        Family::BookeE500 => booke_e500::is_mapped(ea),
        Family::Booke44x => booke_44x::is_mapped(ea),
        Family::Book3s32 => book3s32::is_mapped(ea),
        Family::Book3s64 => book3s64::is_mapped(ea),
    }
}

/// Sets the decrementer to its largest value. A server CPU cannot switch it off, and rfid to problem state enables it.
fn park_decrementer() {
    // SAFETY: every CPU has it; two seconds at least pass until it ends, and then it is parked again.
    unsafe { mtspr::<{ number::DEC }>(i32::MAX as u32) };
}

/// Makes the source of an asynchronous interrupt stop asking, or masks it where the source is not known.
pub(crate) fn silence(exception: Exception, frame: &mut Frame) {
    let silenced = match exception {
        Exception::External => platform::acknowledge_external(),
        Exception::CriticalInput => platform::acknowledge_critical(),
        Exception::Doorbell | Exception::CriticalDoorbell | Exception::SystemReset => true,
        Exception::Decrementer if !cpu().family.is_booke() => {
            park_decrementer();
            true
        }
        _ if cpu().family.is_booke() => booke::acknowledge(exception),
        _ => false,
    };
    if !silenced {
        let mask = if exception == Exception::CriticalInput { msr::booke::CE } else { msr::EE };
        frame.srr1 &= !mask;
    }
}
