//! Where the kernel enters the program, and the arguments it put on the stack (Power Architecture 32-bit ABI supplement,
//! section "Process initialization"; 64-bit ELF V2 ABI, section 4.1.2).
//!
//! ```text
//!   r1 --> argc
//!          argv[0] ... argv[argc - 1], 0
//! ```

use crate::linux;
use core::ffi::{CStr, c_char};

#[cfg(target_pointer_width = "32")]
core::arch::global_asm!(
    "        .globl  _start",
    "_start: mr      3, 1",
    "        clrrwi  1, 1, 4",
    "        li      0, 0",
    "        stwu    0, -16(1)               # end of the chain of stack frames",
    "        bl      {start}",
    start = sym start,
);

// r12 holds the address of the entry point; 32 bytes are the smallest frame.
#[cfg(target_pointer_width = "64")]
core::arch::global_asm!(
    "        .globl  _start",
    "_start: addis   2, 12, .TOC. - _start@ha",
    "        addi    2, 2, .TOC. - _start@l",
    "        mr      3, 1",
    "        clrrdi  1, 1, 4",
    "        li      0, 0",
    "        stdu    0, -32(1)               # end of the chain of stack frames",
    "        bl      {start}",
    "        nop",
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
