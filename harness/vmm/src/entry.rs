//! Where the kernel enters the program, and the arguments it put on the stack (Power Architecture 32-bit ABI supplement,
//! section "Process initialization").
//!
//! ```text
//!   r1 --> argc
//!          argv[0] ... argv[argc - 1], 0
//! ```

use crate::linux;
use core::ffi::{CStr, c_char};

core::arch::global_asm!(
    "        .globl  _start",
    "_start: mr      3, 1",
    "        clrrwi  1, 1, 4",
    "        li      0, 0",
    "        stwu    0, -16(1)               # end of the chain of stack frames",
    "        bl      {start}",
    start = sym start,
);

/// The program's arguments.
pub(crate) struct Arguments {
    count: usize,
    first: *const *const c_char,
}

impl Arguments {
    /// The argument with this number, from 1.
    pub(crate) fn get(&self, index: usize) -> Option<&CStr> {
        // SAFETY: the kernel put `count` pointers to strings there, for as long as the program runs.
        (index < self.count).then(|| unsafe { CStr::from_ptr(*self.first.add(index)) })
    }
}

/// # Safety
/// `stack` is the stack pointer the kernel entered the program with.
unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: the caller's duty.
    let arguments = unsafe { Arguments { count: *stack, first: stack.add(1).cast() } };
    linux::exit(crate::main(&arguments))
}
