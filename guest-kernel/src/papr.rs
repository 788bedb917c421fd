//! PAPR hypercalls (LoPAR, chapter "Hypervisor"): what a partition asks its hypervisor for. Made in supervisor state by
//! `sc 1`: r3 token, r4-r9 arguments; r3 status, r4-r7 results, 64 bits each.

use crate::family::Ea;
use core::arch::asm;

pub(crate) use sprig_isa::hcall::papr as token;

/// The call worked.
pub(crate) const H_SUCCESS: i32 = 0;

/// The registers of a call, r3 to r9, in memory: 32-bit code reaches their upper halves by 64-bit loads and stores only.
#[repr(C, align(8))]
pub(crate) struct Call([u64; 7]);

impl Call {
    /// A call with up to four arguments as wide as the kernel's registers.
    pub(crate) const fn new(token: u32, [r4, r5, r6, r7]: [Ea; 4]) -> Self {
        Self::wide(token, [r4 as u64, r5 as u64, r6 as u64, r7 as u64])
    }

    /// A call with up to four arguments of 64 bits.
    pub(crate) const fn wide(token: u32, [r4, r5, r6, r7]: [u64; 4]) -> Self {
        Self([token as u64, r4, r5, r6, r7, 0, 0])
    }

    /// Makes the call; the status.
    pub(crate) fn make(&mut self) -> i32 {
        // SAFETY: a 64-bit server CPU in supervisor state. The hypervisor keeps r13-r31 and memory but for what the call
        // says; interrupts keep whole registers.
        unsafe {
            asm!(
                "ld 3, 0(14)", "ld 4, 8(14)", "ld 5, 16(14)", "ld 6, 24(14)", "ld 7, 32(14)", "ld 8, 40(14)", "ld 9, 48(14)",
                "sc 1",
                "std 3, 0(14)", "std 4, 8(14)", "std 5, 16(14)", "std 6, 24(14)", "std 7, 32(14)",
                in("r14") &raw mut self.0,
                out("r0") _, out("r3") _, out("r4") _, out("r5") _, out("r6") _, out("r7") _, out("r8") _, out("r9") _,
                out("r10") _, out("r11") _, out("r12") _, out("cr0") _, out("xer") _, out("ctr") _,
                options(nostack),
            );
        }
        self.0[0] as i32
    }

    /// The first value the call gave back, in r4.
    pub(crate) const fn value(&self) -> u64 {
        self.0[1]
    }
}
