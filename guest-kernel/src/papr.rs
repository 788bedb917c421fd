//! PAPR hypercalls (LoPAR, chapter "Hypervisor"): what a partition asks its hypervisor for. Made in supervisor state by
//! `sc 1`: r3 token, r4-r9 arguments; r3 status, r4-r7 results, 64 bits each.

use core::arch::asm;

pub(crate) use sprig_isa::hcall::papr as token;

/// The call worked.
pub(crate) const H_SUCCESS: i32 = 0;
const ARGUMENTS: usize = 6;
const RESULTS: usize = 4;

/// What a call answered.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) values: [u64; RESULTS],
}

/// The registers as a block in memory: 32-bit code reaches their upper halves by 64-bit loads and stores only.
#[repr(C, align(8))]
struct Block {
    token: u64,
    arguments: [u64; ARGUMENTS],
}

/// Makes a call with 32-bit arguments; missing ones are zero.
pub(crate) fn hcall(token: u32, arguments: &[u32]) -> Answer {
    let mut wide = [0; ARGUMENTS];
    for (wide, argument) in wide.iter_mut().zip(arguments) {
        *wide = u64::from(*argument);
    }
    hcall64(token, wide)
}

/// Makes a call.
pub(crate) fn hcall64(token: u32, arguments: [u64; ARGUMENTS]) -> Answer {
    let mut block = Block { token: u64::from(token), arguments };
    // SAFETY: a 64-bit server CPU in supervisor state. The hypervisor keeps r13-r31 and memory but for what the call says;
    // interrupts, which keep whole registers, are off anyway.
    unsafe {
        asm!(
            "ld 3, 0(12)", "ld 4, 8(12)", "ld 5, 16(12)", "ld 6, 24(12)", "ld 7, 32(12)", "ld 8, 40(12)", "ld 9, 48(12)",
            "mr 14, 12",
            "sc 1",
            "std 3, 0(14)", "std 4, 8(14)", "std 5, 16(14)", "std 6, 24(14)", "std 7, 32(14)",
            in("r12") &raw mut block,
            out("r14") _,
            out("r0") _, out("r3") _, out("r4") _, out("r5") _, out("r6") _, out("r7") _, out("r8") _, out("r9") _,
            out("r10") _, out("r11") _, out("cr0") _, out("xer") _, out("ctr") _,
            options(nostack),
        );
    }
    let Block { token, arguments: [r4, r5, r6, r7, ..] } = block;
    Answer { status: token as i32, values: [r4, r5, r6, r7] }
}
