//! The loop: fetch, execute, look at the clock.

use std::fmt;

use sprig_isa::exception::Exception;

use super::{Core, Insn, Supervisor};

/// A CPU together with the kind of machine it is in.
pub struct Processor<S> {
    /// Registers, memory, board and time.
    pub core: Core,
    /// What its supervisor state is.
    pub supervisor: S,
}

/// Why [`Processor::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The guest has stored to a board register that asks for something.
    Board,
    /// The instruction counter has reached the limit.
    Limit,
    /// The CPU has stopped for good.
    Stopped(Stop),
}

/// Why a CPU stops for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A machine check while machine check interrupts are disabled.
    Checkstop,
    /// An interrupt this CPU has no vector for.
    NoVector(Exception),
    /// The first instruction of an interrupt's handler causes that interrupt: it would go on for ever.
    HandlerFaults(Exception),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkstop => write!(f, "checkstop: a machine check while they are disabled"),
            Self::NoVector(exception) => write!(f, "no vector for a {} interrupt", exception.name()),
            Self::HandlerFaults(exception) => {
                write!(f, "the handler of the {} interrupt causes one with its first instruction", exception.name())
            }
        }
    }
}

impl<S: Supervisor> Processor<S> {
    /// A CPU in a machine.
    #[must_use]
    pub fn new(core: Core, supervisor: S) -> Self {
        Self { core, supervisor }
    }

    /// Runs until the board wants attention or `limit` instructions have been executed since power-on.
    pub fn run(&mut self, limit: u64) -> Pause {
        S::run(self, limit)
    }

    /// [`Self::run`], for [`Supervisor::run`] to call.
    pub(crate) fn run_loop(&mut self, limit: u64) -> Pause {
        // Whatever happened outside may have raised a line.
        self.core.clock.wake_now();
        loop {
            while !self.core.clock.alarm_is_due() {
                self.step();
            }
            if let Some(pause) = self.look_up(limit) {
                return pause;
            }
        }
    }

    /// Executes one instruction, whatever the clock says.
    #[inline]
    fn step(&mut self) {
        let pc = self.core.state.pc;
        self.core.state.nia = self.core.state.effective(pc.wrapping_add(4));
        self.core.clock.tick();
        let outcome = self.fetch(pc).and_then(|word| {
            self.core.insn = Insn(word);
            self.execute(Insn(word))
        });
        match outcome {
            Ok(()) => self.core.state.pc = self.core.state.nia,
            Err(interrupt) => self.supervisor.interrupt(&mut self.core, interrupt),
        }
    }

    /// The alarm is due: the board, the limit, then timers and interrupt lines.
    #[cold]
    fn look_up(&mut self, limit: u64) -> Option<Pause> {
        if let Some(stop) = self.core.stopped {
            return Some(Pause::Stopped(stop));
        }
        if self.core.board.wants_attention() {
            return Some(Pause::Board);
        }
        if self.core.clock.executed() >= limit {
            return Some(Pause::Limit);
        }
        self.core.clock.set_alarm(limit);
        self.supervisor.poll(&mut self.core);
        if self.core.waiting {
            self.core.clock.skip_to_alarm();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, Flat, Run, asm};
    use super::*;

    fn machine(words: &[u32]) -> Processor<Flat> {
        Run::new("e500v2").processor(words)
    }

    #[test]
    fn the_limit_is_exact() {
        let mut cpu = machine(&[asm("addi", &[3, 3, 1]), asm("b", &[-4])]);
        assert_eq!(cpu.run(1001), Pause::Limit);
        assert_eq!((cpu.core.clock.executed(), cpu.core.state.gpr[3]), (1001, 501));
    }

    #[test]
    fn waiting_passes_time_up_to_the_limit() {
        let mut cpu = machine(&[asm("nop", &[])]);
        cpu.core.waiting = true;
        assert_eq!(cpu.run(1_000_000_000_000), Pause::Limit);
        assert_eq!(cpu.core.state.pc, BASE);
    }

    #[test]
    fn code_that_changes_itself_runs_as_changed() {
        // stw r3,12(r4) replaces the fourth instruction.
        let run = Run::new("e500v2").gpr(3, u64::from(asm("addi", &[5, 0, 7]))).gpr(4, BASE);
        let nop = asm("nop", &[]);
        let state = run.steps(&[asm("stw", &[3, 12, 4]), nop, nop, asm("addi", &[5, 0, 6])]);
        assert_eq!(state.gpr[5], 7);
    }
}
