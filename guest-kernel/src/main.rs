//! The kernel that runs Sprig's scripted probes inside the machine under test.
//!
//! ```text
//!   _start (asm/entry.s)
//!     Here::prepare         what only works before we take over: firmware, PCI
//!     vectors::install      from here on every exception is reported
//!     family::start         translation, timers, machine state
//!     Here::start           console
//!     run_batch             the interpreter, on the machine of machine.rs
//!     Here::power_off
//! ```
//!
//! 32-bit big-endian code that every family runs, or 64-bit code of either byte order for the 64-bit server CPUs; the
//! family is found by the PVR, platform, word size and byte order are chosen at build time. The kernel keeps nothing in
//! a register under test: no SPRG, no magic page, no user-readable alias.
#![no_std]
#![no_main]

mod address;
mod asm;
mod cell;
#[cfg(target_pointer_width = "32")]
mod changes;
mod exec;
mod family;
mod machine;
mod mmio;
mod papr;
mod platform;
mod registers;
mod report;
mod save;
mod spr;
mod vectors;

use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use machine::Guest;
use platform::{EntryRegisters, Here, Platform};
use sprig_interpreter::{Memory, run_batch};
use sprig_isa::cpu::{CPUS, Cpu};
use sprig_isa::spr::number;
use sprig_wire::board::{STATUS_DONE, STATUS_PANIC};

static CPU: AtomicPtr<Cpu> = AtomicPtr::new(core::ptr::null_mut());

/// The CPU we run on.
fn cpu() -> &'static Cpu {
    // SAFETY: null or a row of the CPU table, put there by `boot`.
    unsafe { CPU.load(Relaxed).as_ref() }.unwrap_or(&CPUS[0])
}

/// Called by the entry code with the registers as they were at entry.
extern "C" fn boot(r3: usize, r4: usize, r5: usize, r6: usize, r7: usize) -> ! {
    // SAFETY: every PowerPC has it, and we are in supervisor state.
    let pvr = unsafe { spr::mfspr::<{ number::PVR }>() };
    let known = Cpu::by_pvr(pvr);
    CPU.store(core::ptr::from_ref(known.unwrap_or(platform::usual_cpu())).cast_mut(), Relaxed);
    save::clear();
    let [r3, r4, r5, r6, r7] = [r3, r4, r5, r6, r7].map(|register| register as u32);
    Here::prepare(EntryRegisters { r3, r4, r5, r6, r7 });
    family::prepare();
    vectors::install(cpu());
    family::start();
    Here::start();
    if known.is_none() {
        report::unknown_cpu(pvr);
    }
    // SAFETY: the only references to these until the kernel ends; `report` takes one of its own to the log when it
    // does, and what it interrupted never goes on.
    let memory = unsafe {
        Memory { batch: machine::batch(), log: machine::log(), kept: machine::kept(), slots: machine::slots() }
    };
    let status = match run_batch(&mut Guest::new(pvr), memory) {
        Ok(()) => STATUS_DONE,
        Err(_) => STATUS_PANIC,
    };
    Here::power_off(status)
}
