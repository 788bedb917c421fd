//! The save area: the kernel's registers and flags at absolute addresses, where a store with r0 as base reaches them.
//!
//! ```text
//!   SAVE_BASE + 0x000  STEP            registers of the step, as the stub left them
//!             + 0x200  INTERRUPT       what an asynchronous interrupt interrupted
//!             + 0x400  CRITICAL        the same of the critical class, and what a debug interrupt ended
//!             + 0x600  MACHINE_CHECK   what a machine check ended
//!             + 0x800  CONTEXT         the kernel's own registers while a stub runs
//!             + 0xa00  FLAGS
//!             + 0xd00  INPUTS          registers of the step, as the stub gets them
//! ```
//!
//! A class of interrupts that can interrupt the handler of another has a frame of its own.

use core::mem::offset_of;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU32, AtomicUsize};
use sprig_wire::bytecode::Register;
use sprig_wire::layout::{SAVE_BASE, SAVE_END};
use sprig_wire::log::Interrupt;

/// Registers that a step has of its own, where the assembler loads and stores them.
#[repr(C)]
#[derive(Clone)]
pub(crate) struct Registers {
    /// General registers: of a 64-bit CPU a doubleword each, of a 32-bit one a word, as lmw and stmw have them.
    gpr: [u32; 2 * GPRS],
    /// The others are doublewords everywhere. 32-bit CPUs have the upper halves zero.
    special: [u64; Register::SPECIAL.len()],
}

const GPRS: usize = Register::GPRS as usize;

impl Registers {
    /// A register of a CPU of this width.
    #[inline(always)]
    pub(crate) fn get(&self, is_64bit: bool, register: Register) -> u64 {
        match register.special() {
            Ok(place) => self.special.get(place).copied().unwrap_or_default(),
            Err(number) if is_64bit => {
                let words = self.gpr.as_chunks().0.get(number).copied().unwrap_or_default();
                let [high, low] = if cfg!(target_endian = "big") { words } else { [words[1], words[0]] };
                u64::from(high) << 32 | u64::from(low)
            }
            Err(number) => self.gpr.get(number).copied().unwrap_or_default().into(),
        }
    }

    /// Sets a register of a CPU of this width.
    #[inline(always)]
    pub(crate) fn set(&mut self, is_64bit: bool, register: Register, value: u64) {
        let [high, low] = [(value >> 32) as u32, value as u32];
        match register.special() {
            Ok(place) => {
                if let Some(special) = self.special.get_mut(place) {
                    *special = value;
                }
            }
            Err(number) if is_64bit => {
                if let Some(words) = self.gpr.as_chunks_mut().0.get_mut(number) {
                    *words = if cfg!(target_endian = "big") { [high, low] } else { [low, high] };
                }
            }
            Err(number) => {
                if let Some(word) = self.gpr.get_mut(number) {
                    *word = low;
                }
            }
        }
    }
}

/// The registers at one moment.
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) registers: Registers,
    pub(crate) ctr: u64,
    /// SRR0, or CSRR0 or MCSRR0 by the interrupt's class.
    pub(crate) srr0: u64,
    /// SRR1, or CSRR1 or MCSRR1.
    pub(crate) srr1: u64,
    /// ESR or DSISR.
    pub(crate) syndrome: u64,
    /// DEAR or DAR.
    pub(crate) dar: u64,
    /// Number of the interrupt ([`sprig_isa::exception::Exception`]); 0 where a stub ran to its end.
    pub(crate) exception: u64,
}

impl Frame {
    /// The interrupt that ended the step, or the kernel's own code, if one did.
    pub(crate) fn interrupt(&self) -> Option<Interrupt> {
        (self.exception != 0).then_some(Interrupt {
            exception: self.exception as u8,
            syndrome: self.syndrome as u32,
            srr0: self.srr0,
            srr1: self.srr1,
            dar: self.dar,
        })
    }
}

/// Exceptions have numbers below this.
const EXCEPTIONS: usize = 64;
const _: () = assert!(sprig_isa::exception::EXCEPTIONS.len() <= EXCEPTIONS);

/// What the kernel and its interrupt handlers tell each other.
#[repr(C)]
pub(crate) struct Flags {
    /// 1 while a stub runs.
    pub(crate) in_step: AtomicU32,
    /// 1 while `leave_user` is under way.
    pub(crate) leaving_user: AtomicU32,
    /// MSR\[PR\] in the interpreter's privilege.
    pub(crate) user: AtomicU32,
    /// The machine state to go on with after problem state.
    pub(crate) supervisor_msr: AtomicUsize,
    /// Bits of SRR1 that outlive a step's interrupt: of the low word. A 64-bit kernel stays in 64-bit mode.
    pub(crate) resume_mask: AtomicU32,
    /// How often each asynchronous interrupt was taken, by exception number. Its handler alone writes this.
    pub(crate) taken: [AtomicU32; EXCEPTIONS],
    /// `taken` when it was last asked for. The handlers do not write this: an interrupt that comes while it is asked
    /// about is not lost.
    pub(crate) told: [AtomicU32; EXCEPTIONS],
    /// How often any was taken. The handlers alone write this.
    pub(crate) all_taken: AtomicU32,
    /// `all_taken` when all were last forgotten.
    pub(crate) all_told: AtomicU32,
}

impl Flags {
    /// Notes that the asynchronous interrupt with this number has been taken. Its handler calls this, with interrupts
    /// off.
    pub(crate) fn note_taken(&self, exception: usize) {
        for count in self.taken.get(exception).into_iter().chain([&self.all_taken]) {
            count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }

    /// No interrupt is news any more.
    pub(crate) fn forget_news(&self) {
        let count = self.all_taken.load(Relaxed);
        if count != self.all_told.load(Relaxed) {
            self.all_told.store(count, Relaxed);
            for exception in 0..EXCEPTIONS {
                self.take_news(exception);
            }
        }
    }

    /// True if the asynchronous interrupt with this number has been taken since this was last asked of it.
    pub(crate) fn take_news(&self, exception: usize) -> bool {
        let (Some(taken), Some(told)) = (self.taken.get(exception), self.told.get(exception)) else { return false };
        let count = taken.load(Relaxed);
        let news = count != told.load(Relaxed);
        told.store(count, Relaxed);
        news
    }
}

const FRAME_STRIDE: u32 = 0x200;
pub(crate) const STEP: u32 = SAVE_BASE;
pub(crate) const INTERRUPT: u32 = STEP + FRAME_STRIDE;
pub(crate) const CRITICAL: u32 = INTERRUPT + FRAME_STRIDE;
pub(crate) const MACHINE_CHECK: u32 = CRITICAL + FRAME_STRIDE;
/// LR, CR, MSR, then r0-r31, as wide as the kernel's registers; r0 and the registers a call may change are not kept.
pub(crate) const CONTEXT: u32 = MACHINE_CHECK + FRAME_STRIDE;
const NATIVE: u32 = size_of::<usize>() as u32;
const CONTEXT_SIZE: u32 = NATIVE * (3 + 32);
pub(crate) const FLAGS: u32 = SAVE_BASE + 0xa00;
pub(crate) const INPUTS: u32 = SAVE_BASE + 0xd00;
/// End of what the kernel keeps here.
pub(crate) const END: u32 = INPUTS + size_of::<Registers>() as u32;

const _: () = {
    assert!(offset_of!(Frame, registers.gpr) == 0, "the assembler counts general registers from the start of a frame");
    assert!(size_of::<Frame>() <= FRAME_STRIDE as usize);
    assert!(CONTEXT + CONTEXT_SIZE <= FLAGS);
    assert!(FLAGS + size_of::<Flags>() as u32 <= INPUTS);
    assert!(END <= SAVE_END);
};

/// Offsets for the assembler.
pub(crate) mod at {
    use super::{CONTEXT, FLAGS, Flags, Frame, NATIVE, Register, offset_of};

    const fn special(register: Register) -> usize {
        match register.special() {
            Ok(place) => offset_of!(Frame, registers.special) + place * size_of::<u64>(),
            Err(_) => panic!("it is a general register"),
        }
    }

    pub(crate) const CR: usize = special(Register::CR);
    pub(crate) const XER: usize = special(Register::XER);
    pub(crate) const LR: usize = special(Register::LR);
    pub(crate) const CTR: usize = offset_of!(Frame, ctr);
    pub(crate) const SRR0: usize = offset_of!(Frame, srr0);
    pub(crate) const SRR1: usize = offset_of!(Frame, srr1);
    pub(crate) const SYNDROME: usize = offset_of!(Frame, syndrome);
    pub(crate) const DAR: usize = offset_of!(Frame, dar);
    pub(crate) const EXCEPTION: usize = offset_of!(Frame, exception);

    pub(crate) const CONTEXT_LR: u32 = CONTEXT;
    pub(crate) const CONTEXT_CR: u32 = CONTEXT + NATIVE;
    /// While a firmware runs.
    pub(crate) const CONTEXT_MSR: u32 = CONTEXT + 2 * NATIVE;
    pub(crate) const CONTEXT_GPR: u32 = CONTEXT + 3 * NATIVE;

    pub(crate) const IN_STEP: u32 = FLAGS + offset_of!(Flags, in_step) as u32;
    pub(crate) const LEAVING_USER: u32 = FLAGS + offset_of!(Flags, leaving_user) as u32;
    pub(crate) const USER: u32 = FLAGS + offset_of!(Flags, user) as u32;
    pub(crate) const SUPERVISOR_MSR: u32 = FLAGS + offset_of!(Flags, supervisor_msr) as u32;
    pub(crate) const RESUME_MASK: u32 = FLAGS + offset_of!(Flags, resume_mask) as u32;
}

/// The flags.
pub(crate) fn flags() -> &'static Flags {
    // SAFETY: FLAGS is aligned memory below 0x8000 that every platform has, nothing else is kept there (asserted
    // above), and what shares it with the handlers does so through atomics.
    unsafe { &*(FLAGS as *const Flags) }
}

/// The registers at the beginning of a frame, or at [`INPUTS`].
///
/// # Safety
/// `address` is one of these constants here, and no other reference to those registers lives.
pub(crate) unsafe fn registers(address: u32) -> &'static mut Registers {
    // SAFETY: as for `flags`; that it is the only reference is the caller's duty.
    unsafe { &mut *(address as *mut Registers) }
}

/// Clears the whole save area: a machine's memory may hold anything after a reset.
pub(crate) fn clear() {
    // SAFETY: the save area, as the kernel begins: nobody has a reference to it yet.
    unsafe { crate::spr::clear_blocks(SAVE_BASE, (END - SAVE_BASE).next_multiple_of(128)) };
}
