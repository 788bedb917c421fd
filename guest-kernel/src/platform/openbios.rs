//! Calling OpenBIOS, the firmware of QEMU's Macs, from a kernel that has taken over its machine.
//!
//! OpenBIOS maps what it touches when it faults: calls need its vectors, its hash table and segments, and SPRG0, where
//! it keeps the top of its exception stack (OpenBIOS arch/ppc/qemu/start.S and ofmem.c). Those are put in place for the
//! time of a call:
//!
//! ```text
//!   kernel, real mode --vectors, SDR1, segments, no BATs, SPRG0--> firmware's machine state --call--> firmware
//!     '<-- own vectors, own translation, the script's SPRGs <-----------------------------------------'
//! ```
//!
//! Its mapping of memory below 2 GiB is EA = PA, as ours is, so that the code that switches keeps running.

use super::client::{Call, Firmware};
use crate::cell::Exclusive;
use crate::family::{self, book3s32::SEGMENTS};
use crate::spr::{flush_code, mfmsr, mfspr, mtmsr, mtspr};
use crate::vectors;
use core::arch::asm;
use sprig_isa::mmu::SEGMENT_SHIFT;
use sprig_isa::msr;
use sprig_isa::spr::number as n;

/// Where its vectors are; ours end where they do at the latest.
const VECTORS: usize = 0x100;
const VECTORS_SIZE: usize = sprig_wire::layout::VECTORS_END as usize - VECTORS;

/// The firmware's machine, as it was when it started us.
pub(super) struct OpenBios {
    entry: u32,
    msr: u32,
    sdr1: u32,
    sprg0: u32,
    segments: [u32; SEGMENTS],
}

/// Its vectors.
static MEMORY: Exclusive<[u8; VECTORS_SIZE]> = Exclusive::new([0; VECTORS_SIZE]);

impl OpenBios {
    /// Keeps what the firmware needs and leaves its translation for real mode.
    ///
    /// `entry` is what it left in r5.
    pub(super) fn take_over(entry: u32) -> Self {
        let mut segments = [0; SEGMENTS];
        for (number, segment) in (0u32..).zip(&mut segments) {
            // SAFETY: supervisor state on a 32-bit server CPU; reads a register.
            unsafe {
                asm!("mfsrin {}, {}", out(reg) *segment, in(reg) number << SEGMENT_SHIFT, options(nostack));
            }
        }
        let msr = mfmsr();
        // SAFETY: supervisor state on a 32-bit server CPU; EA = PA for everything we use, with translation and without.
        unsafe {
            let kept = Self { entry, msr, sdr1: mfspr::<{ n::SDR1 }>(), sprg0: mfspr::<{ n::SPRG0 }>(), segments };
            mtmsr(msr & !(msr::EE | msr::FP | msr::book3s::IR | msr::book3s::DR) as u32);
            MEMORY
                .with(|memory| core::ptr::copy_nonoverlapping(VECTORS as *const u8, memory.as_mut_ptr(), VECTORS_SIZE));
            kept
        }
    }
}

impl Firmware for OpenBios {
    fn enter(&self, call: &mut Call) {
        // SAFETY: supervisor state on a 32-bit server CPU. The kernel is at EA = PA in all three translations: ours,
        // none, the firmware's. Nothing interrupts: EE is off, and the kernel causes no exception but the firmware's
        // page faults until its own vectors are back. The firmware keeps what a called function keeps.
        unsafe {
            let sprgs = [mfspr::<{ n::SPRG0 }>(), mfspr::<{ n::SPRG1 }>()];
            mtmsr(mfmsr() & !(msr::EE | msr::book3s::IR | msr::book3s::DR) as u32);
            MEMORY.with(|memory| core::ptr::copy_nonoverlapping(memory.as_ptr(), VECTORS as *mut u8, VECTORS_SIZE));
            flush_code(VECTORS, VECTORS_SIZE);
            family::book3s32::translate_by_segments(self.sdr1, &self.segments);
            mtspr::<{ n::SPRG0 }>(self.sprg0);
            mtmsr(self.msr);
            let entry: extern "C" fn(*mut Call) -> i32 = core::mem::transmute(self.entry as *const ());
            entry(call);
            mtmsr(mfmsr() & !(msr::EE | msr::book3s::IR | msr::book3s::DR) as u32);
            vectors::install(crate::cpu());
            family::translate();
            mtspr::<{ n::SPRG0 }>(sprgs[0]);
            mtspr::<{ n::SPRG1 }>(sprgs[1]);
        }
    }
}
