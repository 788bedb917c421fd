//! PAPR hypercalls (LoPAR, chapter "Hypervisor"): what a partition asks its hypervisor for. Made in supervisor state by
//! `sc 1`: r3 token, r4-r9 arguments; r3 status, r4-r7 results, 64 bits each.
//!
//! Where KVM-PR's host is a partition itself, `sc 1` of its guest, which runs in problem state, is answered by the
//! host's own hypervisor: with H_PRIVILEGE. KVM has an instruction for it that no CPU has
//! (arch/powerpc/kvm/book3s_emulate.c, OP_31_XOP_FAKE_SC1).

use crate::address::Ea;
use core::arch::asm;
use sprig_isa::insn::Insn;

pub(crate) use sprig_isa::hcall::papr as token;

/// The call worked.
pub(crate) const H_SUCCESS: i32 = token::H_SUCCESS as i32;

/// `sc 1`.
const SC_1: u32 = Insn::named("sc1").word;

/// The registers of a call, r3 to r9, in memory: 32-bit code reaches their upper halves by 64-bit loads and stores
/// only.
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
        const H_PRIVILEGE: i32 = token::H_PRIVILEGE as i32;
        let arguments = self.0;
        match self.make_by::<SC_1>() {
            H_PRIVILEGE => {
                self.0 = arguments;
                self.make_by::<{ token::FAKE_SC_1 }>()
            }
            status => status,
        }
    }

    /// Makes the call by this instruction; the status.
    fn make_by<const INSTRUCTION: u32>(&mut self) -> i32 {
        // SAFETY: a 64-bit server CPU in supervisor state. The hypervisor keeps r13-r31, CR2-4 and memory but for what
        // the call says (Documentation/arch/powerpc/papr_hcalls.rst, "Register Conventions"); interrupts keep whole
        // registers.
        unsafe {
            asm!(
                "ld 3, 0(14)", "ld 4, 8(14)", "ld 5, 16(14)", "ld 6, 24(14)", "ld 7, 32(14)", "ld 8, 40(14)", "ld 9, 48(14)",
                ".4byte {instruction}",
                "std 3, 0(14)", "std 4, 8(14)", "std 5, 16(14)", "std 6, 24(14)", "std 7, 32(14)",
                instruction = const INSTRUCTION,
                in("r14") &raw mut self.0,
                out("r0") _, out("r3") _, out("r4") _, out("r5") _, out("r6") _, out("r7") _, out("r8") _, out("r9") _,
                out("r10") _, out("r11") _, out("r12") _, out("cr0") _, out("cr1") _, out("cr5") _, out("cr6") _, out("cr7") _,
                out("xer") _, out("ctr") _, out("lr") _,
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
