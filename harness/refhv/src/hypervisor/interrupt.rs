//! Interrupts of the guest: which are pending, which may be delivered, and delivering them.
//!
//! ```text
//!   pending     line raised, timer expired                 -> int_pending in the page
//!     | enabled by the guest's EE or CE
//!     | not withheld: page.critical == r1 in supervisor state
//!     v
//!   inject      SRR, DAR, ESR or DSISR, MSR into the shared state; the guest goes on at its vector
//! ```

use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, booke};
use sprig_isa::spr::number;
use sprig_isa::timer::{tcr, tsr};

use super::sources::Sources;
use super::{Deviation, Hypervisor, policy, shared};
use crate::cpu::{Core, Interrupt, Stop};
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
        let mut registers = self.registers.view(&mut core.memory);
        let Some(resume) = take(self.cpu, &mut registers, self.msr, address, &interrupt) else {
            return core.stop(Stop::NoVector(exception));
        };
        if resume.address == address && resume.msr == self.msr && !exception.description().asynchronous {
            return core.stop(Stop::HandlerFaults(exception));
        }
        core.waiting = false;
        core.state.pc = resume.address;
        self.msr = resume.msr;
    }

    /// Delivers what is pending, enabled and not withheld; returns what is still pending.
    #[inline(never)]
    pub(super) fn deliver(&mut self, core: &mut Core) -> Sources {
        while let Some(exception) = self.deliverable(core) {
            match exception {
                Exception::Decrementer => self.timers.decrementer_taken(),
                Exception::External => self.acknowledge(),
                _ => {}
            }
            let address = core.state.pc;
            self.inject(core, Interrupt::new(exception), address);
        }
        self.interrupt_sources(core)
    }

    /// An external interrupt is delivered: where the interrupt controller is asked, EPR says which (api.rst, KVM_EXIT_EPR).
    fn acknowledge(&mut self) {
        self.asked.external_once = false;
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
        let critical = Sources::CRITICAL_CLASS.when(self.msr & booke::CE != 0);
        let base = Sources::BASE_CLASS.when(self.msr & msr::EE != 0);
        pending.both(critical.with(base)).first()
    }

    /// What wants to interrupt the guest, whether or not its MSR lets it: what the page's int_pending says.
    #[inline(always)]
    pub(super) fn interrupt_sources(&self, core: &Core) -> Sources {
        let external = Sources::EXTERNAL_LINE.when(core.board.external || self.asked.external_once);
        let cells = &self.registers.cells;
        if !self.cpu.family.is_booke() {
            let decrementer = self.timers.decrementer_pending(&core.clock, cells);
            return external.with(Sources::DECREMENTER.when(decrementer));
        }
        let lines = external.with(Sources::CRITICAL_LINE.when(core.board.critical));
        let (control, status) = (cells.get(number::TCR) as u32, cells.get(number::TSR) as u32);
        // At most exits no timer has expired.
        if status == 0 {
            return lines;
        }
        let timer =
            |source: Sources, enable: u32, happened: u32| source.when(control & enable != 0 && status & happened != 0);
        lines
            .with(timer(Sources::WATCHDOG, tcr::WIE, tsr::WIS))
            .with(timer(Sources::FIXED_INTERVAL, tcr::FIE, tsr::FIS))
            .with(timer(Sources::DECREMENTER, tcr::DIE, tsr::DIS))
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
