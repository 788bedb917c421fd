//! Privileged registers and instructions that no single module owns.

use core::arch::asm;
use sprig_isa::spr::number;

/// Reads a special-purpose register (its low word on a 64-bit CPU).
///
/// # Safety
/// The register exists on this CPU and the kernel runs in supervisor state.
#[inline(always)]
pub(crate) unsafe fn mfspr<const NUMBER: u16>() -> u32 {
    let value: usize;
    // SAFETY: reading has no effect on memory; that it does not trap is the caller's duty.
    unsafe { asm!("mfspr {}, {}", out(reg) value, const NUMBER, options(nostack)) };
    value as u32
}

/// Writes a special-purpose register; of a 64-bit one the upper half is not determined where the kernel is a 32-bit
/// one.
///
/// # Safety
/// The register exists on this CPU, the kernel runs in supervisor state, and it can go on with the value.
#[inline(always)]
pub(crate) unsafe fn mtspr<const NUMBER: u16>(value: u32) {
    // SAFETY: the caller's duty.
    unsafe { asm!("mtspr {}, {}", const NUMBER, in(reg) value as usize, options(nostack)) };
}

/// Makes a special-purpose register hold a value. One that does is left alone: to an emulator of the CPU, a write to a
/// timer or a process identifier means more than a read.
///
/// # Safety
/// As for [`mfspr`] and [`mtspr`].
#[cfg(target_pointer_width = "32")]
pub(crate) unsafe fn set<const NUMBER: u16>(value: u32) {
    // SAFETY: the caller's duty.
    unsafe {
        if mfspr::<NUMBER>() != value {
            mtspr::<NUMBER>(value);
        }
    }
}

/// Reads the machine state register (its low word).
#[cfg(any(feature = "board", target_pointer_width = "32"))]
pub(crate) fn mfmsr() -> u32 {
    let value: usize;
    // SAFETY: reading has no effect; in problem state it is an interrupt that ends the kernel with a report.
    unsafe { asm!("mfmsr {}", out(reg) value, options(nostack)) };
    value as u32
}

/// Writes the low word of the machine state register.
///
/// # Safety
/// The kernel's code, stack and data are at the same addresses under the new state.
#[cfg(all(target_pointer_width = "32", any(feature = "mac", feature = "pseries")))]
pub(crate) unsafe fn mtmsr(value: u32) {
    // SAFETY: the caller's duty.
    unsafe { asm!("mtmsr {}", "isync", in(reg) value, options(nostack)) };
}

/// Writes the machine state register by a return from interrupt, which unlike mtmsr sets MSR\[ME\] everywhere (QEMU's
/// mtmsr follows the server architecture on embedded CPUs too). Changes SRR0 and SRR1.
///
/// # Safety
/// Not a 64-bit server CPU. The kernel's code, stack and data are at the same addresses under the new state.
#[cfg(target_pointer_width = "32")]
pub(crate) unsafe fn set_msr_by_rfi(value: u32) {
    // SAFETY: the caller's duty; rfi continues after itself.
    unsafe {
        asm!(
            "lis {at}, 2f@ha", "addi {at}, {at}, 2f@l",
            "mtspr {srr0}, {at}", "mtspr {srr1}, {value}", "rfi", "2:",
            at = out(reg_nonzero) _, value = in(reg) value,
            srr0 = const number::SRR0, srr1 = const number::SRR1,
            options(nostack),
        );
    }
}

/// The same on a 64-bit server CPU: the low word changes, the high one stays.
///
/// # Safety
/// As for [`set_msr_by_rfi`].
pub(crate) unsafe fn set_msr_by_rfid(value: u32) {
    // SAFETY: the caller's duty; rfid continues after itself.
    unsafe {
        asm!(
            "lis {at}, 2f@ha", "addi {at}, {at}, 2f@l",
            "mfmsr {msr}", "clrrdi {msr}, {msr}, 32", "clrldi {value}, {value}, 32", "or {msr}, {msr}, {value}",
            "mtspr {srr0}, {at}", "mtspr {srr1}, {msr}", "rfid", "2:",
            at = out(reg_nonzero) _, msr = out(reg) _, value = inout(reg) value as usize => _,
            srr0 = const number::SRR0, srr1 = const number::SRR1,
            options(nostack),
        );
    }
}

/// The stack pointer.
pub(crate) fn stack_pointer() -> usize {
    let value;
    // SAFETY: reads a register.
    unsafe { asm!("mr {}, 1", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Waits until earlier stores and cache operations are performed and later instructions see them.
pub(crate) fn synchronize() {
    // SAFETY: ordering only.
    unsafe { asm!("sync", "isync", options(nostack)) };
}

/// Smallest cache block of the CPUs we know, bytes: stepping by it misses none.
const CACHE_BLOCK: usize = 32;

/// Clears whole cache blocks, by far the fastest way.
///
/// # Safety
/// It is memory of the kernel's to which nobody has a reference. Start and size are multiples of the largest block there
/// is, 128 bytes, and there is something to clear: bdnz takes a count of 0 for 2 to the power of 32.
pub(crate) unsafe fn clear_blocks(start: u32, bytes: u32) {
    let block = usize::from(crate::cpu().cache_block);
    let (start, bytes) = (start as usize, bytes as usize);
    // SAFETY: the caller's duty.
    unsafe {
        asm!(
            "mtctr {count}",
            "2: dcbz 0, {at}", "add {at}, {at}, {block}", "bdnz 2b",
            count = in(reg) bytes / block, at = inout(reg) start => _, block = in(reg) block,
            out("ctr") _,
            options(nostack),
        );
    }
}

/// Makes instructions that were written as data visible to instruction fetch (Power ISA Book II, "Instruction
/// Storage").
pub(crate) fn flush_code(start: usize, bytes: usize) {
    let first = start & !(CACHE_BLOCK - 1);
    let blocks = (start + bytes - first).div_ceil(CACHE_BLOCK);
    if blocks == 0 {
        return;
    }
    // SAFETY: writes cache blocks back, and drops copies of instructions, which are fetched again; memory keeps its
    // value.
    unsafe {
        asm!(
            "mtctr {count}",
            "2: dcbst 0, {at}", "addi {at}, {at}, {BLOCK}", "bdnz 2b",
            "sync", "isync",
            "mtctr {count}",
            "3: addi {at}, {at}, -{BLOCK}", "icbi 0, {at}", "bdnz 3b",
            count = in(reg) blocks, at = inout(reg_nonzero) first => _, BLOCK = const CACHE_BLOCK,
            out("ctr") _,
            options(nostack),
        );
    }
    synchronize();
}
