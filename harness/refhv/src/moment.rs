//! A processor at one moment: a machine can be made from it that continues there, and another guest is kept as one
//! between its turns.

use crate::board::Board;
use crate::clock::Clock;
use crate::cpu::{Core, Insn, Processor, State, Supervisor};
use crate::memory::{Memory, Pages};

/// Everything a processor is, but what it may forget at any time: its lookaside, and code that it has decoded.
#[derive(Clone)]
pub(crate) struct Moment<S> {
    state: State,
    /// That of its translations.
    space: u8,
    pages: Pages,
    board: Board,
    clock: Clock,
    insn: Insn,
    waiting: bool,
    supervisor: S,
}

impl<S: Supervisor + Clone> Moment<S> {
    pub(crate) fn of(processor: &Processor<S>) -> Self {
        let Processor { core, supervisor } = processor;
        Self {
            state: core.state.clone(),
            space: core.lookaside.space(),
            pages: core.memory.pages(),
            board: core.board.clone(),
            clock: core.clock.clone(),
            insn: core.insn,
            waiting: core.waiting,
            supervisor: supervisor.clone(),
        }
    }

    /// A processor that goes on from here.
    pub(crate) fn to_processor(&self) -> Processor<S> {
        let mut core = Core::new(self.state.profile, Memory::of_pages(&self.pages));
        core.state = self.state.clone();
        core.lookaside.set_space(self.space);
        core.board = self.board.clone();
        core.clock = self.clock.clone();
        core.insn = self.insn;
        core.waiting = self.waiting;
        Processor::new(core, self.supervisor.clone())
    }
}

impl<S> Moment<S> {
    /// Instructions executed until then.
    pub(crate) fn executed(&self) -> u64 {
        self.clock.executed()
    }
}
