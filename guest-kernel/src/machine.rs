//! The interpreter's machine: this kernel.

use crate::address::Ea;
#[cfg(target_pointer_width = "32")]
use crate::changes::Ran;
use crate::platform::{Here, Platform};
use crate::save::flags;
use crate::{cpu, exec, family, registers, spr, vectors};
use core::arch::asm;
use sprig_interpreter::{CallResult, Kernel, Machine, Unsupported, Used};
use sprig_isa::cpu::Cpu;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_wire::bytecode::Register;
use sprig_wire::layout::{
    BATCH_BASE, BATCH_SIZE, BOOKE_VECTORS, CODE_BASE, CODE_SIZE, IMAGE_BASE, KEPT_BASE, KEPT_SIZE, LOG_BASE, LOG_SIZE,
    SAVE_BASE, SCRATCH_BASE, SCRATCH_CLEARED, SLOTS, SLOTS_BASE, STEP_RETURN,
};
use sprig_wire::log::Interrupt;

const PAGE: usize = PAGE_SIZE as usize;
/// How much of the log is touched in advance, beginning with the page that is being filled. A case that observes more
/// than this between two changes of privilege takes a translation's exit at a time of its own.
const LOG_AHEAD: usize = 4 * PAGE;

/// How much of its stack the kernel uses: the interpreter, and what sends a log. Handlers of interrupts use less than a
/// page of theirs.
const STACK_USED: usize = 2 * PAGE;

unsafe extern "C" {
    /// End of what the kernel only reads: code and constants (link.ld).
    static __data_start: u8;
    /// Start of the kernel's stacks (link.ld), and the end of each (asm/image.s).
    static __stacks_start: u8;
    static __stack_top: u8;
    static __interrupt_stack_top: u8;
    static __critical_stack_top: u8;
}

/// The machine under the interpreter.
pub(crate) struct Guest {
    pvr: u32,
    /// The CPU's registers have 64 bits.
    is_64bit: bool,
    /// Bytes of the running case's code.
    code: usize,
    /// A case has run since the boot.
    used: bool,
    /// Since the state was last put back.
    #[cfg(target_pointer_width = "32")]
    ran: Ran,
}

impl Guest {
    /// On the CPU of [`cpu`], which says that it has this PVR.
    pub(crate) fn new(pvr: u32) -> Self {
        Self {
            pvr,
            is_64bit: cpu().is_64bit,
            code: 0,
            used: false,
            #[cfg(target_pointer_width = "32")]
            ran: Ran::More,
        }
    }
}

/// The batch, as the harness put it there.
pub(crate) fn batch() -> &'static [u8] {
    // SAFETY: memory every platform has; the kernel only reads it, and scripts have SCRATCH to write to.
    unsafe { core::slice::from_raw_parts(BATCH_BASE as *const u8, BATCH_SIZE as usize) }
}

/// The log.
///
/// # Safety
/// No other reference to it is used while this one is.
pub(crate) unsafe fn log() -> &'static mut [u8] {
    // SAFETY: memory every platform has and nothing else uses; exclusive by the caller's duty.
    unsafe { core::slice::from_raw_parts_mut(LOG_BASE as *mut u8, LOG_SIZE as usize) }
}

/// Where logs of cases that have ended are kept.
///
/// # Safety
/// No other reference to it is used while this one is.
pub(crate) unsafe fn kept() -> &'static mut [u8] {
    // SAFETY: as for `log`.
    unsafe { core::slice::from_raw_parts_mut(KEPT_BASE as *mut u8, KEPT_SIZE as usize) }
}

/// The slots.
///
/// # Safety
/// No other reference to them is used while this one is.
pub(crate) unsafe fn slots() -> &'static mut [u64] {
    // SAFETY: as for `log`; SLOTS_BASE is aligned.
    unsafe { core::slice::from_raw_parts_mut(SLOTS_BASE as *mut u64, usize::from(SLOTS)) }
}

/// Loads from each page of a range.
///
/// # Safety
/// It is memory of the kernel's.
unsafe fn touch(start: usize, bytes: usize) {
    let mut page = start & !(PAGE - 1);
    // Counted: an emulator has a comparison less to do for each.
    for _ in 0..pages(start, bytes) {
        // SAFETY: the caller's duty.
        unsafe { (page as *const u8).read_volatile() };
        page += PAGE;
    }
}

/// Number of pages that a range lies in.
const fn pages(start: usize, bytes: usize) -> usize {
    (start % PAGE + bytes).div_ceil(PAGE)
}

/// Loads from each page of a range and stores what it loaded, so that the page is writable under a hypervisor that maps
/// what was only read as read-only.
///
/// # Safety
/// It is memory of the kernel's, to whole pages, and nobody uses a reference to it meanwhile. No interrupt handler
/// changes the last byte of one of these pages.
unsafe fn touch_for_writing(start: usize, bytes: usize) {
    let mut page = start & !(PAGE - 1);
    for _ in 0..pages(start, bytes) {
        let last = (page + PAGE - 1) as *mut u8;
        // SAFETY: the caller's duty.
        unsafe { last.write_volatile(last.read_volatile()) };
        page += PAGE;
    }
}

impl Machine for Guest {
    const KERNEL: Kernel = Kernel { wide: cfg!(target_pointer_width = "64"), little: cfg!(target_endian = "little") };

    fn cpu(&self) -> Option<&'static Cpu> {
        Some(cpu())
    }

    fn pvr(&self) -> u32 {
        self.pvr
    }

    fn reset_guest_state(&mut self) {
        // The first case of a boot finds everything as the boot made it; after a reset that is the memory it had.
        if self.used {
            self.restore();
            // SAFETY: scripts' own memory, to which the kernel has no reference; 64 KiB.
            unsafe { spr::clear_blocks(SCRATCH_BASE, SCRATCH_CLEARED) };
        }
        registers::clear(!self.used);
        flags().forget_news();
    }

    fn restore(&mut self) -> bool {
        #[cfg(target_pointer_width = "32")]
        if !core::mem::replace(&mut self.ran, Ran::Plain).may_have_changed_state() {
            return false;
        }
        vectors::point(cpu());
        family::restore();
        true
    }

    fn load_code(&mut self, code: &[u8], effects: u32) {
        self.used = true;
        self.anything_may_happen();
        self.code = code.len().min(CODE_SIZE as usize);
        #[cfg(target_pointer_width = "32")]
        family::begin_code(effects);
        registers::note_effects(effects);
        // The batch is big-endian; instructions are fetched in the kernel's byte order.
        // SAFETY: CODE is the kernel's own and as large as `self.code` at least.
        let place = unsafe { core::slice::from_raw_parts_mut(CODE_BASE as *mut u32, self.code / 4) };
        for (place, word) in place.iter_mut().zip(code.as_chunks().0) {
            *place = u32::from_be_bytes(*word);
        }
        spr::flush_code(CODE_BASE as usize, self.code);
    }

    fn read_code(&self, offset: u32) -> u32 {
        if !self.has_code(offset) {
            return 0;
        }
        // SAFETY: within the code, aligned.
        unsafe { ((CODE_BASE + offset) as *const u32).read_volatile() }
    }

    fn write_code(&mut self, offset: u32, words: &[u32]) {
        let end = offset.saturating_add(size_of_val(words) as u32);
        if words.is_empty() || !self.has_code(offset) || !self.has_code(end - size_of::<u32>() as u32) {
            return;
        }
        // SAFETY: within the code, aligned.
        let place = unsafe { core::slice::from_raw_parts_mut((CODE_BASE + offset) as *mut u32, words.len()) };
        place.copy_from_slice(words);
        self.anything_may_happen();
        spr::flush_code((CODE_BASE + offset) as usize, size_of_val(words));
    }

    fn touch_everything(&mut self, used: Used<'_>) {
        let Used { ops, slots, slots_used, log, log_filled } = used;
        let (data, stacks) = ((&raw const __data_start) as usize, (&raw const __stacks_start) as usize);
        let slots_size = (slots_used * size_of::<u64>()).min(size_of_val(slots));
        // From the page that is being filled on.
        let log_page = (log_filled / PAGE * PAGE).min(log.len());
        let ahead = LOG_AHEAD.min(log.len() - log_page);
        let (slots, log) = (slots.as_mut_ptr() as usize, log.as_mut_ptr() as usize);
        // SAFETY: the image, its stacks and what the layout sets aside are the kernel's. What is stored to is what the
        // caller has lent, in whole pages (slots and log are), or data, vectors, save area and code, of which nothing is
        // borrowed now, or a byte of a stack: this thread's own, below which handlers do not begin, and which keeps its
        // value. Handlers change none of the pages' last bytes.
        unsafe {
            // An emulator translates code again that a store may have changed.
            touch(IMAGE_BASE as usize, data - IMAGE_BASE as usize);
            touch_for_writing(data, stacks - data);
            touch_for_writing((&raw const __stack_top) as usize - STACK_USED, STACK_USED);
            touch_for_writing((&raw const __interrupt_stack_top) as usize - PAGE, PAGE);
            touch_for_writing((&raw const __critical_stack_top) as usize - PAGE, PAGE);
            if cpu().family.is_booke() {
                touch(BOOKE_VECTORS as usize, PAGE);
            }
            touch(STEP_RETURN as usize, PAGE);
            touch_for_writing(SAVE_BASE as usize, PAGE);
            touch(ops.as_ptr() as usize, ops.len());
            touch_for_writing(CODE_BASE as usize, self.code);
            touch_for_writing(slots, slots_size);
            touch_for_writing(log, PAGE);
            touch_for_writing(log + log_page, ahead);
        }
    }

    fn has_word_registers(&self) -> bool {
        cfg!(target_pointer_width = "32") && !self.is_64bit
    }

    fn set_input_word(&mut self, register: Register, value: u32) {
        exec::set_input(false, register, value.into());
    }

    fn output_word(&self, register: Register) -> u32 {
        exec::output(false, register) as u32
    }

    fn set_input(&mut self, register: Register, value: u64) {
        exec::set_input(self.is_64bit, register, value);
    }

    fn output(&self, register: Register) -> u64 {
        exec::output(self.is_64bit, register)
    }

    #[inline(always)]
    fn exec(
        &mut self,
        stub: u32,
        #[cfg_attr(target_pointer_width = "64", expect(unused_variables))] is_plain: bool,
    ) -> Option<Interrupt> {
        let interrupt = exec::run(cpu(), CODE_BASE + stub);
        #[cfg(target_pointer_width = "32")]
        {
            self.ran = self.ran.then(is_plain, interrupt.as_ref());
        }
        interrupt
    }

    fn stack_pointer(&self) -> u64 {
        spr::stack_pointer() as u64
    }

    fn enter_user(&mut self) {
        self.anything_may_happen();
        exec::enter_user(cpu());
    }

    fn leave_user(&mut self) {
        exec::leave_user();
    }

    fn take_interrupt(&mut self, exception: u8) -> bool {
        flags().take_news(usize::from(exception))
    }

    fn spin(&mut self, rounds: u32) {
        let rounds = if Here::is_counted() { spin_long(rounds) } else { rounds };
        if rounds == 0 {
            return;
        }
        // To an emulator a short loop is no cheaper a round than a longer one. Its alignment keeps it in one cache
        // block. SAFETY: changes CTR alone.
        unsafe {
            asm!(
                "mtctr {}", ".p2align 4", "2: nop", "nop", "nop", "bdnz 2b",
                in(reg) rounds as usize, out("ctr") _, options(nomem, nostack, preserves_flags),
            );
        }
    }

    fn map(&mut self, ea: u64, pa: u64, permissions: u8) -> Result<(), Unsupported> {
        self.anything_may_happen();
        let ea = Ea::try_from(ea).map_err(|_| Unsupported)?;
        self.in_supervisor_state(|| family::map(ea, pa, permissions))
    }

    fn unmap(&mut self, ea: u64) -> Result<(), Unsupported> {
        self.anything_may_happen();
        let ea = Ea::try_from(ea).map_err(|_| Unsupported)?;
        self.in_supervisor_state(|| {
            family::unmap(ea);
            Ok(())
        })
    }

    fn host(&mut self, call: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        self.anything_may_happen();
        Here::host(call, arguments)
    }

    fn firmware(&mut self, service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        self.anything_may_happen();
        self.in_supervisor_state(|| Here::firmware(service, arguments))
    }

    fn reset(&mut self) -> Unsupported {
        Here::reset()
    }

    fn console(&mut self, bytes: &[u8]) {
        self.in_supervisor_state(|| Here::write(bytes));
    }
}

impl Guest {
    /// The next step is not one whose instructions say what it changes.
    fn anything_may_happen(&mut self) {
        #[cfg(target_pointer_width = "32")]
        {
            self.ran = Ran::More;
        }
    }

    fn has_code(&self, offset: u32) -> bool {
        offset.is_multiple_of(4) && (offset as usize) < self.code
    }

    /// Runs `f` in supervisor state; where the interpreter is in problem state, it goes there and back.
    fn in_supervisor_state<R>(&self, f: impl FnOnce() -> R) -> R {
        if !exec::in_user() {
            return f();
        }
        exec::leave_user();
        let result = f();
        exec::enter_user(cpu());
        result
    }
}

/// Most of these rounds of the loop in [`Guest::spin`], as many instructions, in one with fewer branches; the rounds
/// that are left.
fn spin_long(rounds: u32) -> u32 {
    /// Rounds of the short loop, of four instructions, that one of the long one is.
    const SHORT: u32 = 32;
    if rounds >= SHORT {
        // SAFETY: changes CTR alone.
        unsafe {
            asm!(
                "mtctr {}", ".p2align 4", "2:", ".rept {NOPS}", "nop", ".endr", "bdnz 2b",
                in(reg) (rounds / SHORT) as usize, out("ctr") _, NOPS = const 4 * SHORT - 1,
                options(nomem, nostack, preserves_flags),
            );
        }
    }
    rounds % SHORT
}
