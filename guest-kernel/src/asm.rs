//! The assembler files of `asm/`, put together with the constants they use. What each does is explained at its caller:
//! entry in `main.rs`, steps in `exec.rs`, interrupts in `vectors.rs`; memcpy is called by the compiler.

use crate::save::{self, at};
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use sprig_wire::layout::{IMAGE_BASE, IMAGE_END};

/// Size of each of the kernel's three stacks (kernel, interrupts, critical interrupts), bytes.
const STACK: usize = 16 * 1024;

#[cfg(target_pointer_width = "32")]
macro_rules! entry {
    () => {
        include_str!("asm/entry.s")
    };
}
#[cfg(target_pointer_width = "64")]
macro_rules! entry {
    () => {
        include_str!("asm/entry64.s")
    };
}

core::arch::global_asm!(
    include_str!("asm/macros.s"),
    entry!(),
    include_str!("asm/image.s"),
    include_str!("asm/step.s"),
    include_str!("asm/interrupts.s"),
    include_str!("asm/copy.s"),
    NATIVE = const size_of::<usize>(),
    LOW_WORD = const if cfg!(target_endian = "big") { 4 } else { 0 },
    MSR_ORDER = const if cfg!(target_endian = "big") { 0 } else { msr::book3s::LE },
    MSR_FIRMWARE_OFF = const msr::EE | msr::book3s::IR | msr::book3s::DR | msr::book3s::LE,
    STACK = const STACK,
    IMAGE_BASE = const IMAGE_BASE,
    IMAGE_END = const IMAGE_END,
    STEP = const save::STEP,
    INPUTS = const save::INPUTS,
    INTERRUPT = const save::INTERRUPT,
    CRITICAL = const save::CRITICAL,
    MACHINE_CHECK = const save::MACHINE_CHECK,
    CONTEXT_LR = const at::CONTEXT_LR,
    CONTEXT_CR = const at::CONTEXT_CR,
    CONTEXT_MSR = const at::CONTEXT_MSR,
    CONTEXT_GPR = const at::CONTEXT_GPR,
    IN_STEP = const at::IN_STEP,
    LEAVING_USER = const at::LEAVING_USER,
    USER = const at::USER,
    SUPERVISOR_MSR = const at::SUPERVISOR_MSR,
    RESUME_MASK = const at::RESUME_MASK,
    CR = const at::CR,
    XER = const at::XER,
    LR = const at::LR,
    CTR = const at::CTR,
    AT_SRR0 = const at::SRR0,
    AT_SRR1 = const at::SRR1,
    SYNDROME = const at::SYNDROME,
    DAR = const at::DAR,
    EXCEPTION = const at::EXCEPTION,
    SYSTEM_CALL = const Exception::SystemCall as u32,
    MSR_PR = const msr::PR,
    MSR_EE_BIT = const msr::EE.leading_zeros() - u32::BITS,
    MSR_ME = const msr::ME,
    MSR_CE_DE = const msr::booke::CE | msr::booke::DE,
    MSR_CE_BIT = const msr::booke::CE.leading_zeros() - u32::BITS,
    SRR0 = const number::SRR0,
    SRR1 = const number::SRR1,
    CSRR0 = const number::CSRR0,
    CSRR1 = const number::CSRR1,
    DSRR0 = const number::DSRR0,
    DSRR1 = const number::DSRR1,
    MCSRR0 = const number::MCSRR0,
    MCSRR1 = const number::MCSRR1,
    ESR = const number::ESR,
    DEAR = const number::DEAR,
    DSISR = const number::DSISR,
    DAR_SPR = const number::DAR,
    boot = sym crate::boot,
    asynchronous_interrupt = sym crate::vectors::asynchronous_interrupt,
    stray_interrupt = sym crate::report::stray_interrupt,
);
