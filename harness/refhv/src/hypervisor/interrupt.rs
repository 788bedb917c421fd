//! Interrupts of the guest: which are pending, which may be delivered, and delivering them.
//!
//! ```text
//!   pending     line raised, timer expired                 -> int_pending in the page
//!     | enabled by the guest's EE or CE
//!     | not withheld: page.critical == r1 in supervisor state
//!     v
//!   inject      SRR, DAR, ESR or DSISR, MSR into the shared state; the guest goes on at its vector
//! ```

use std::mem;

use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;

use super::{Deviation, Hypervisor, policy, shared};
use crate::cpu::{Core, Interrupt, Stop};
use crate::sources::Sources;
use crate::vector::take;

/// The stack pointer, which marks a critical section.
const STACK_POINTER: usize = 1;

impl Hypervisor {
    /// Gives the guest an interrupt; `address` is where it returns to.
    pub(super) fn inject(&mut self, core: &mut Core, interrupt: Interrupt, address: u64) {
        let exception = interrupt.exception;
        if exception == Exception::MachineCheck && self.msr & msr::ME == 0 {
            return core.stop(Stop::Checkstop);
        }
        let keeps_syndrome =
            exception == Exception::VectorUnavailable && self.deviates(Deviation::UnitOffKeepsSyndrome);
        let syndrome = keeps_syndrome.then(|| self.registers.get(&core.memory, number::ESR));
        let mut registers = self.registers.view(&mut core.memory);
        let Some(resume) = take(self.cpu, &mut registers, self.msr, address, &interrupt) else {
            return core.stop(Stop::NoVector(exception));
        };
        if resume.address == address && resume.msr == self.msr && !exception.description().asynchronous {
            return core.stop(Stop::HandlerFaults(exception));
        }
        if let Some(syndrome) = syndrome {
            self.registers.set(&mut core.memory, number::ESR, syndrome);
        }
        core.waiting = false;
        self.tracer.interrupted();
        core.state.pc = resume.address;
        self.msr = resume.msr;
        if self.deviates(Deviation::HandlerWithoutMe) {
            self.msr &= !msr::ME;
        }
        if exception == Exception::MachineCheck && self.deviates(Deviation::MachineCheckKeepsMe) {
            self.msr |= msr::ME;
        }
    }

    /// Delivers what is pending, enabled and not withheld; returns what is still pending.
    #[inline(never)]
    pub(super) fn deliver(&mut self, core: &mut Core) -> Sources {
        while let Some(exception) = self.deliverable(core) {
            match exception {
                Exception::Decrementer => self.timers.decrementer_taken(),
                Exception::External => self.acknowledge(core),
                _ => {}
            }
            let address = core.state.pc;
            self.inject(core, Interrupt::new(exception), address);
        }
        self.interrupt_sources(core)
    }

    /// An external interrupt is delivered: where the interrupt controller is asked, EPR says which (api.rst,
    /// KVM_EXIT_EPR).
    fn acknowledge(&mut self, core: &mut Core) {
        self.asked.external_once = false;
        if mem::take(&mut self.asked.line_once) {
            core.board.external = false;
        }
        if let Some(vector) = self.asked.next_vector.filter(|_| !self.deviates(Deviation::VectorNotAsked)) {
            self.registers.cells.set(number::EPR, vector.into());
            self.asked.next_vector = Some(vector.wrapping_add(1));
        }
    }

    /// The interrupt to deliver next.
    pub(super) fn deliverable(&self, core: &Core) -> Option<Exception> {
        let pending = self.interrupt_sources(core);
        if pending.is_empty() || self.is_withheld(core) {
            return None;
        }
        pending.enabled(self.msr).first()
    }

    /// What wants to interrupt the guest, whether or not its MSR lets it: what the page's int_pending says.
    #[inline(always)]
    pub(super) fn interrupt_sources(&self, core: &Core) -> Sources {
        let external = core.board.external || self.asked.external_once;
        let lines = Sources::lines(self.cpu.family, external, core.board.critical);
        let timers = self.timers.sources(&core.clock, &self.registers.cells);
        lines.with(timers)
    }

    /// True while the guest kernel is in a section it has marked by storing r1 to the page's `critical`.
    fn is_withheld(&self, core: &Core) -> bool {
        let user = self.msr & msr::PR != 0 && !self.deviates(Deviation::CriticalInUser);
        let needs_page = policy::CRITICAL_NEEDS_MAPPED_PAGE && !self.deviates(Deviation::CriticalBeforeMap);
        let unmapped = needs_page && self.mapping.is_none();
        if user || unmapped || self.deviates(Deviation::CriticalIgnored) {
            return false;
        }
        let critical = self.shared.get(&core.memory, shared::CRITICAL);
        core.state.effective(critical) == core.state.effective(core.state.gpr[STACK_POINTER])
    }
}
