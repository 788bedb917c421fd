//! Interrupts of the bare CPU: taking them, returning from them, and which asynchronous one is next.

use sprig_isa::exception::{Class, Exception};
use sprig_isa::msr;
use sprig_isa::spr::number;

use super::Bare;
use crate::cpu::{Core, Interrupt, Stop};
use crate::msr::{Writer, write};
use crate::sources::Sources;
use crate::vector::{Resume, return_from, take};

impl Bare {
    /// Takes an interrupt; `address` is where it returns to. An interrupt that cannot be taken stops the CPU: a machine
    /// check with MSR\[ME\] = 0 (EREF, section 7.8.2; 7400 manual, section 4.3.1), one that this CPU has no vector for,
    /// or one whose handler would cause it again and again.
    pub(super) fn deliver(&mut self, core: &mut Core, interrupt: Interrupt, address: u64) {
        let exception = interrupt.exception;
        let msr = core.state.msr();
        if exception == Exception::MachineCheck && msr & msr::ME == 0 {
            return core.stop(Stop::Checkstop);
        }
        let Some(resume) = take(core.state.profile, &mut core.state.spr, msr, address, &interrupt) else {
            return core.stop(Stop::NoVector(exception));
        };
        if resume.address == address && resume.msr == msr && !exception.description().asynchronous {
            return core.stop(Stop::HandlerFaults(exception));
        }
        self.tracer.interrupted();
        self.set_msr(core, resume.msr);
        core.state.pc = resume.address;
    }

    /// rfi, rfid, rfci, rfmci.
    pub(super) fn return_from_interrupt(&mut self, core: &mut Core, class: Class) {
        let state = &core.state;
        let Resume { address, msr } = return_from(state.profile, &state.spr, state.msr(), class);
        self.set_msr(core, msr);
        core.state.nia = address;
    }

    /// rfdi, of the cores that save debug interrupts apart.
    pub(super) fn return_from_debug(&mut self, core: &mut Core) {
        let state = &core.state;
        let address = state.spr.get(number::DSRR0) & !3;
        let msr = write(state.profile, state.msr(), state.spr.get(number::DSRR1), Writer::Return);
        self.set_msr(core, msr);
        core.state.nia = core.state.effective(address);
    }

    /// The asynchronous interrupt to take now, if one is pending and enabled.
    pub(super) fn pending(&self, core: &Core) -> Option<Exception> {
        Sources::lines(core.state.profile.family, core.board.external, core.board.critical)
            .with(Sources::DOORBELL.when(self.doorbell))
            .with(Sources::CRITICAL_DOORBELL.when(self.critical_doorbell))
            .with(self.timers.sources(&core.clock, &core.state.spr))
            .enabled(core.state.msr())
            .first()
    }

    /// An interrupt has been chosen by [`Self::pending`]: what its delivery clears.
    pub(super) fn acknowledge(&mut self, exception: Exception) {
        match exception {
            Exception::Decrementer => self.timers.decrementer_taken(),
            Exception::Doorbell => self.doorbell = false,
            Exception::CriticalDoorbell => self.critical_doorbell = false,
            _ => {}
        }
    }
}
