//! The four CPU families: translation, timers, and what their interrupts need to fall silent.
//!
//! A 64-bit kernel has only the last one. A platform decides what is outside the CPU, the family what is inside. Which
//! family it is follows from the PVR at run time, so one image serves all of them.
//!
//! | family | file | memory is mapped by | a script's page by |
//! |---|---|---|---|
//! | BookE e500 | `booke_e500.rs` | two 16 MiB entries of TLB1, one per address space | a 4 KiB entry of TLB1 |
//! | BookE 44x | `booke_44x.rs` | the same in the unified TLB | a 4 KiB entry |
//! | Book3S-32 | `book3s32.rs` | an IBAT and a DBAT | an entry of the hashed page table |
//! | Book3S-64 | `book3s64.rs` | large pages in the hashed page table | a 4 KiB entry of it |
//! | the same | `radix64.rs` | large pages in the radix tree | a 4 KiB entry of it |
//!
//! All of Sprig's memory is open to problem state: the interpreter runs there too. Nothing under test is shielded by
//! that; the rights of the pages scripts map are as they ask.

#[cfg(target_pointer_width = "32")]
pub(crate) mod book3s32;
pub(crate) mod book3s64;
#[cfg(target_pointer_width = "32")]
mod booke;
#[cfg(target_pointer_width = "32")]
pub(crate) mod booke_44x;
#[cfg(target_pointer_width = "32")]
pub(crate) mod booke_e500;
mod pages;
mod radix64;

use crate::address::Ea;
use crate::cpu;
use crate::platform::{Here, Platform};
use crate::save::{Frame, flags};
use crate::spr::mtspr;
use core::sync::atomic::Ordering::Relaxed;
use sprig_interpreter::Unsupported;
#[cfg(target_pointer_width = "32")]
use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use sprig_isa::syndrome::srr1;
use sprig_wire::layout::is_for_scripts;

/// Calls the function of this name of the CPU's family.
macro_rules! of_family {
    ($function:ident($($argument:expr),*)) => {{
        #[cfg(target_pointer_width = "32")]
        match cpu().family {
            Family::BookeE500 => booke_e500::$function($($argument),*),
            Family::Booke44x => booke_44x::$function($($argument),*),
            Family::Book3s32 => book3s32::$function($($argument),*),
            Family::Book3s64 => book3s64::$function($($argument),*),
        }
        #[cfg(target_pointer_width = "64")]
        book3s64::$function($($argument),*)
    }};
}

/// The machine state the kernel runs in, its low word: interrupts off, machine checks on, translation on.
pub(crate) fn kernel_msr() -> u32 {
    let order = if cfg!(target_endian = "little") { msr::book3s::LE } else { 0 };
    let server = msr::ME | msr::book3s::RI | msr::book3s::IR | msr::book3s::DR | order;
    (if cpu().family.is_booke() { msr::ME } else { server }) as u32
}

/// Bits of SRR1 that outlive an interrupt in a step: not those that say why it happened, nor those that would make the
/// kernel trap at each instruction or run with the other byte order or word size. Problem state is as the interpreter
/// has it, see `save::Flags::user`.
fn resume_mask() -> u32 {
    // QEMU sets the server families' reasons of a program interrupt on embedded CPUs as well; asm/interrupts.s takes
    // care of the one that is MSR[CE] there.
    const QEMU_REASON: u32 = (srr1::FP | srr1::ILLEGAL | srr1::PRIVILEGED) as u32;
    let dropped = if cpu().family.is_booke() {
        (msr::booke::WE | msr::booke::DE) as u32 | QEMU_REASON
    } else {
        let order = if cfg!(target_endian = "little") { 0 } else { msr::book3s::LE };
        srr1::REASON as u32 | (msr::book3s::SE | msr::book3s::BE | order) as u32
    };
    !(dropped | msr::PR as u32)
}

/// True if an interrupt with this in its SRR1 has the kernel go on in its own machine state.
#[cfg(target_pointer_width = "32")]
pub(crate) fn resumes_as_kernel(srr1: u32) -> bool {
    srr1 & flags().resume_mask.load(Relaxed) == kernel_msr()
}

/// Before vectors are in place: makes the CPU take interrupts in the kernel's byte order.
pub(crate) fn prepare() {
    #[cfg(target_endian = "little")]
    book3s64::take_interrupts_little_endian();
}

/// Sets up translation, timers and machine state, where the CPU is not entered with them. Vectors must be in place.
pub(crate) fn start() {
    flags().resume_mask.store(resume_mask(), Relaxed);
    // What the kernel writes here is not to be cleared before the first case either: registers::clear.
    if !(Here::ENTERS_CLEAR && cpu().family.is_booke()) {
        restore();
    }
}

/// Puts translation, timers and machine state to where a case begins.
pub(crate) fn restore() {
    of_family!(forget_pages());
    translate();
    #[cfg(target_pointer_width = "32")]
    if cpu().family.is_booke() {
        return booke::stop_timers();
    }
    park_decrementer();
}

/// The code of another case is about to run, with these effects, which [`restore`] has to put back after it. Where the
/// CPU is no e500 nobody asks.
#[cfg(target_pointer_width = "32")]
pub(crate) fn begin_code(effects: u32) {
    booke_e500::begin_code(effects);
}

/// Makes the CPU translate as the kernel wants it, whatever it did before, and goes on in the kernel's machine state.
/// On the server families what scripts have mapped stays.
pub(crate) fn translate() {
    let io = Here::io();
    let io = io.as_ref();
    let booke = cpu().family.is_booke();
    let real_mode = kernel_msr() & !(msr::book3s::IR | msr::book3s::DR) as u32;
    // SAFETY: all the kernel uses is at EA = PA, in real mode and in address space 0, and mapped so before and after.
    unsafe { set_msr(if booke { kernel_msr() } else { real_mode }) };
    of_family!(translate(io));
    if !booke {
        // SAFETY: `translate` has mapped what the kernel uses.
        unsafe { set_msr(kernel_msr()) };
    }
}

/// # Safety
/// The kernel's code, stack and data are at the same addresses under the new state.
unsafe fn set_msr(value: u32) {
    #[cfg(target_pointer_width = "32")]
    if !matches!(cpu().family, Family::Book3s64) {
        // Reading it is one exit, changing it three.
        if crate::spr::mfmsr() != value {
            // SAFETY: the caller's duty.
            unsafe { crate::spr::set_msr_by_rfi(value) };
        }
        return;
    }
    // SAFETY: the caller's duty.
    unsafe { crate::spr::set_msr_by_rfid(value) };
}

/// Maps a 4 KiB page for a script; an earlier mapping of the same page is replaced. `permissions` are
/// [`sprig_wire::bytecode::permission`]'s.
pub(crate) fn map(ea: Ea, pa: u64, permissions: u8) -> Result<(), Unsupported> {
    if !is_for_scripts(ea.into()) {
        return Err(Unsupported);
    }
    of_family!(map(ea, pa, permissions))
}

/// Removes a page that [`map`] made; nothing happens if there is none.
pub(crate) fn unmap(ea: Ea) {
    of_family!(unmap(ea));
}

/// True if [`map`] has mapped the page at this address and it was not removed.
#[cfg(all(feature = "board", target_pointer_width = "32"))]
pub(crate) fn is_mapped(ea: Ea) -> bool {
    of_family!(is_mapped(ea))
}

/// Sets the decrementer to its largest value. A server CPU cannot switch it off, and rfid to problem state enables it.
fn park_decrementer() {
    // SAFETY: every CPU has it; two seconds at least pass until it ends, and then it is parked again.
    unsafe { mtspr::<{ number::DEC }>(i32::MAX as u32) };
}

/// Makes the source of an asynchronous interrupt stop asking, or masks it where the source is not known.
pub(crate) fn silence(exception: Exception, frame: &mut Frame) {
    let silenced = match exception {
        Exception::External => Here::acknowledge_external(),
        Exception::CriticalInput => Here::acknowledge_critical(),
        Exception::Doorbell | Exception::CriticalDoorbell | Exception::SystemReset => true,
        Exception::Decrementer if !cpu().family.is_booke() => {
            park_decrementer();
            true
        }
        #[cfg(target_pointer_width = "32")]
        _ if cpu().family.is_booke() => booke::acknowledge(exception),
        _ => false,
    };
    if !silenced {
        let mask = if exception == Exception::CriticalInput { msr::booke::CE } else { msr::EE };
        frame.srr1 &= !mask;
    }
}
