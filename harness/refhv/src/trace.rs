//! Trace interrupts of the server families: MSR\[SE\] asks for one behind each instruction, MSR\[BE\] behind each
//! branch.
//!
//! ```text
//!   mtmsr        addi          the handler
//!   sets SE |----------------|
//!           poll: begins     poll: has completed with SE, so it is traced
//! ```
//!
//! What an instruction begins with decides, so that the one that sets the bits is not traced itself. One that an
//! interrupt ends has not completed, also where that interrupt is the hypervisor's, as of a hypercall; and a return
//! from an interrupt is not traced at all (7400 manual section 4.6.11, 603e manual section 4.5.11; QEMU,
//! target/ppc/translate.c, gen_debug_exception). The clock is asked to come back after each instruction.

use std::mem;

use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::Exception;
use sprig_isa::msr::book3s::{BE, SE};
use sprig_isa::syndrome::srr1;

use crate::cpu::opcode::{primary, x19};
use crate::cpu::{Core, Insn, Interrupt};

/// What is known of the instruction that is about to be executed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tracer {
    /// MSR\[SE\] and MSR\[BE\] as it begins.
    bits: u64,
    /// The count of instructions before it.
    executed: u64,
}

impl Tracer {
    /// True if a CPU with this MSR traces: the clock has to be woken then.
    pub(crate) fn is_asked(core: &Core, msr: u64) -> bool {
        !core.state.profile.family.is_booke() && msr & (SE | BE) != 0
    }

    /// An interrupt has taken the place of whatever was to be executed.
    pub(crate) fn interrupted(&mut self) {
        self.bits = 0;
    }

    /// An instruction begins with this MSR.
    pub(crate) fn begins(&mut self, core: &mut Core, msr: u64) {
        self.bits = 0;
        if Self::is_asked(core, msr) {
            *self = Self { bits: msr & (SE | BE), executed: core.clock.executed() };
            core.clock.wake_behind_next();
        }
    }

    /// The interrupt, once, if the instruction has completed and is one that is traced. What POWER CPUs say of loads
    /// and stores is left out: SRR1\[35\], SRR1\[36\], SIAR, SDAR.
    pub(crate) fn due(&mut self, core: &Core) -> Option<Interrupt> {
        let bits = mem::take(&mut self.bits);
        let has_completed = bits != 0 && core.clock.executed() > self.executed;
        let is_traced = has_completed && !is_switch(core.insn) && (bits & SE != 0 || is_branch(core.insn));
        let says_so = core.state.profile.set.intersects(CpuSet::POWER);
        let syndrome = if says_so { srr1::TRACED as u32 } else { 0 };
        is_traced.then(|| Interrupt { syndrome, ..Interrupt::new(Exception::Trace) })
    }
}

/// True of a system call, whoever answers it, and of a return from an interrupt.
fn is_switch(insn: Insn) -> bool {
    match insn.primary() {
        primary::SC => true,
        primary::X19 => matches!(insn.extended(), x19::RFI | x19::RFID | x19::HRFID),
        _ => false,
    }
}

fn is_branch(insn: Insn) -> bool {
    match insn.primary() {
        primary::B | primary::BC => true,
        primary::X19 => matches!(insn.extended(), x19::BCLR | x19::BCCTR),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use sprig_isa::exception::Exception;

    use super::*;
    use crate::cpu::testing::{Run, asm};

    /// What follows an instruction that begins with these bits.
    fn behind(cpu: &str, bits: u64, word: u32) -> Option<Interrupt> {
        let mut processor = Run::new(cpu).processor(&[word, asm("nop", &[])]);
        let mut tracer = Tracer::default();
        tracer.begins(&mut processor.core, bits);
        processor.run(1);
        let due = tracer.due(&processor.core);
        assert_eq!(tracer.due(&processor.core), None, "once");
        due
    }

    #[test]
    fn each_instruction_is_traced_or_branches_alone() {
        let (add, branch) = (asm("addi", &[3, 3, 1]), asm("b", &[8]));
        let is_traced = |bits, word| behind("7447", bits, word).map(|interrupt| interrupt.exception);
        assert_eq!(is_traced(SE, add), Some(Exception::Trace));
        assert_eq!(is_traced(SE, branch), Some(Exception::Trace));
        assert_eq!(is_traced(BE, add), None);
        assert_eq!(
            [branch, asm("blr", &[]), asm("bc", &[16, 0, 8])].map(|word| is_traced(BE, word)),
            [Some(Exception::Trace); 3]
        );
        assert_eq!(is_traced(0, add), None);
    }

    #[test]
    fn a_system_call_is_not_traced_even_if_the_hypervisor_answers_it() {
        assert_eq!(behind("7447", SE, asm("sc", &[])), None);
    }

    #[test]
    fn power_says_in_srr1_that_it_has_traced() {
        let add = asm("addi", &[3, 3, 1]);
        assert_eq!(behind("970", SE, add).map(|trace| trace.syndrome), Some(0));
        assert_eq!(behind("power8", SE, add).map(|trace| trace.syndrome), Some(0x4000_0000));
    }

    #[test]
    fn an_embedded_cpu_has_other_bits_there() {
        assert_eq!(behind("e500v2", SE | BE, asm("addi", &[3, 3, 1])), None);
    }

    #[test]
    fn what_an_interrupt_ends_has_not_completed() {
        let mut processor = Run::new("7447").processor(&[asm("nop", &[])]);
        let mut tracer = Tracer::default();
        tracer.begins(&mut processor.core, SE);
        assert_eq!(tracer.due(&processor.core), None, "nothing is executed yet");
        tracer.begins(&mut processor.core, SE);
        processor.run(1);
        tracer.interrupted();
        assert_eq!(tracer.due(&processor.core), None);
    }
}
