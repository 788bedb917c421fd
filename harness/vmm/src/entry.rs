//! Where the kernel enters the program, and the arguments it put on the stack (Power Architecture 32-bit ABI
//! supplement, section "Process initialization"; 64-bit ELF V2 ABI, section 4.1.2).
//!
//! ```text
//!   r1 --> argc
//!          argv[0] ... argv[argc - 1], 0
//!          the environment, 0
//!          pairs of a type and a value, the last of type 0: the auxiliary vector
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

/// Bytes of the largest page that a PowerPC Linux has.
const LARGEST_PAGE: usize = 256 << 10;

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

    /// Bytes of a page of the host's.
    pub(crate) fn page_size(&self) -> usize {
        // include/uapi/linux/auxvec.h
        const AT_NULL: usize = 0;
        const AT_PAGESZ: usize = 6;
        // SAFETY: after the arguments and the 0 there the kernel put the environment with a 0, and then the pairs, for
        // as long as the program runs.
        unsafe {
            let mut next: *const usize = self.first.add(self.count + 1).cast();
            while *next != 0 {
                next = next.add(1);
            }
            let mut pair: *const [usize; 2] = next.add(1).cast();
            loop {
                match *pair {
                    [AT_PAGESZ, size] => return size,
                    // The kernel says it on every host; whatever page a host has, this is whole ones.
                    [AT_NULL, _] => return LARGEST_PAGE,
                    _ => pair = pair.add(1),
                }
            }
        }
    }
}

/// # Safety
/// `stack` is the stack pointer the kernel entered the program with.
unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: the caller's duty.
    let arguments = unsafe { Arguments { count: *stack, first: stack.add(1).cast() } };
    linux::exit(crate::main(&arguments))
}
