//! Running a step's stub, and changing privilege between steps.
//!
//! ```text
//!   run(stub) --save own registers, load the step's inputs, bctr--> stub: the instructions under test; ba STEP_RETURN
//!      ^                                                              |                  |
//!      |                                                          exception         step_done: store registers
//!      '------ settle: the kernel's registers back <--------------- frame ---------------'
//! ```
//!
//! Running a step executes nothing privileged, so that it costs no exit but its own, in problem state too; entering and
//! leaving problem state does.

use crate::save::{self, Frame, flags};
use core::sync::atomic::Ordering::Relaxed;
use sprig_isa::cpu::Cpu;
#[cfg(target_pointer_width = "32")]
use sprig_isa::cpu::Family;
use sprig_wire::bytecode::Register;
use sprig_wire::log::Interrupt;

unsafe extern "C" {
    #[cfg(target_pointer_width = "32")]
    fn exec_32(stub: u32) -> *const Frame;
    fn exec_64(stub: u32) -> *const Frame;
    #[cfg(target_pointer_width = "32")]
    static step_return_32: u32;
    static step_return_64: u32;
    #[cfg(target_pointer_width = "32")]
    fn enter_user_32();
    fn enter_user_book3s64();
    #[link_name = "leave_user"]
    fn leave_user_asm();
}

/// One of two by the width of the CPU's registers. A 64-bit kernel has the first alone.
macro_rules! by_width {
    ($cpu:expr, $wide:expr, $narrow:expr) => {{
        #[cfg(target_pointer_width = "32")]
        if $cpu.is_64bit {
            $wide
        } else {
            $narrow
        }
        #[cfg(target_pointer_width = "64")]
        {
            let _: &Cpu = $cpu;
            $wide
        }
    }};
}

/// The word at STEP_RETURN.
pub(crate) fn step_return_word(cpu: &Cpu) -> u32 {
    // SAFETY: one word of the image's text each, never written.
    unsafe { by_width!(cpu, step_return_64, step_return_32) }
}

/// Sets a register for the next stub; `wide`, all 64 bits of it.
pub(crate) fn set_input(wide: bool, register: Register, value: u64) {
    // SAFETY: nobody but the assembler looks there, when a stub begins; there is one thread, and this is its only
    // reference.
    unsafe { save::registers(save::INPUTS) }.set(wide, register, value);
}

/// A register as the last stub left it; `wide`, all 64 bits of it.
pub(crate) fn output(wide: bool, register: Register) -> u64 {
    // SAFETY: the handlers touch this frame only while a stub runs; otherwise the same.
    unsafe { save::registers(save::STEP) }.get(wide, register)
}

/// Runs the stub at this address with what [`set_input`] has set, for [`output`]; the exception that ended it, if one
/// did.
#[inline(always)]
pub(crate) fn run(cpu: &Cpu, stub: u32) -> Option<Interrupt> {
    // SAFETY: the stub can do anything, which is its purpose; whatever it does to the registers, the kernel's own come
    // back from the save area.
    let ended = unsafe { by_width!(cpu, exec_64(stub), exec_32(stub)) };
    // SAFETY: one of the save area's frames, to which there is no other reference now.
    let frame = unsafe { &*ended };
    if ended as u32 != save::STEP {
        // A debug interrupt or a machine check has a frame of its own.
        // SAFETY: the stub has ended, and this is another frame than the one above.
        *unsafe { save::registers(save::STEP) } = frame.registers.clone();
    }
    frame.interrupt()
}

/// Goes on in problem state.
pub(crate) fn enter_user(#[cfg_attr(target_pointer_width = "64", expect(unused_variables))] cpu: &Cpu) {
    #[cfg(target_pointer_width = "32")]
    if cpu.family != Family::Book3s64 {
        // SAFETY: all the kernel's memory is open to problem state, and between here and `leave_user` it executes
        // nothing privileged.
        return unsafe { enter_user_32() };
    }
    // SAFETY: the same.
    unsafe { enter_user_book3s64() };
}

/// Goes back to supervisor state by a system call.
pub(crate) fn leave_user() {
    // SAFETY: the handler of the system call returns here with the kernel's registers.
    unsafe { leave_user_asm() };
}

/// True in problem state.
pub(crate) fn in_user() -> bool {
    flags().user.load(Relaxed) != 0
}
