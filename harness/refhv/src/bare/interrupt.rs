//! Interrupts of the bare CPU: taking them, returning from them, and which asynchronous one is next.

use sprig_isa::exception::{Class, Exception};
use sprig_isa::msr::{self, booke};
use sprig_isa::spr::number;
use sprig_isa::timer::{tcr, tsr};

use super::Bare;
use crate::cpu::{Core, Interrupt, Stop};
use crate::msr::{Writer, write};
use crate::vector::{Resume, return_from, take};

impl Bare {
    /// Takes an interrupt; `address` is where it returns to. An interrupt that cannot be taken stops the CPU: a machine
    /// check with MSR\[ME\] = 0 (EREF, "Checkstop state"), one that this CPU has no vector for, or one whose handler would
    /// cause it again and again.
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

    /// The asynchronous interrupt to take now, if one is pending and enabled. In the order of the embedded families' and
    /// the servers' priorities (EREF, "Interrupt priorities"; Power ISA 2.07 Book III-S, "Interrupt Priorities").
    pub(super) fn pending(&self, core: &Core) -> Option<Exception> {
        let state = &core.state;
        let on = |bit: u64| state.msr() & bit != 0;
        if !state.profile.family.is_booke() {
            return match () {
                () if !on(msr::EE) => None,
                () if core.board.external => Some(Exception::External),
                () if self.timers.decrementer_pending(&core.clock, &state.spr) => Some(Exception::Decrementer),
                () => None,
            };
        }
        let timer = |enable: u32, status: u32| {
            state.spr.get(number::TCR) as u32 & enable != 0 && state.spr.get(number::TSR) as u32 & status != 0
        };
        if on(booke::CE) {
            if core.board.critical {
                return Some(Exception::CriticalInput);
            }
            if timer(tcr::WIE, tsr::WIS) {
                return Some(Exception::Watchdog);
            }
            if self.critical_doorbell {
                return Some(Exception::CriticalDoorbell);
            }
        }
        if on(msr::EE) {
            if core.board.external {
                return Some(Exception::External);
            }
            if timer(tcr::FIE, tsr::FIS) {
                return Some(Exception::FixedIntervalTimer);
            }
            if timer(tcr::DIE, tsr::DIS) {
                return Some(Exception::Decrementer);
            }
            if self.doorbell {
                return Some(Exception::Doorbell);
            }
        }
        None
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
