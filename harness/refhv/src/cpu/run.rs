//! The loop: fetch, execute, look at the clock.

use std::fmt;

use sprig_isa::exception::Exception;

use super::code::Page;
use super::execute::Flow;
use super::interrupt::Raised;
use super::{Core, INSTRUCTION, Supervisor};

/// A CPU together with the kind of machine it is in.
#[repr(C)]
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
    /// The hypervisor does not go on with its guest.
    GivenUp,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board => f.write_str("a store to a register of the board"),
            Self::Limit => f.write_str("the limit of instructions"),
            Self::Stopped(stop) => stop.fmt(f),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkstop => write!(f, "checkstop: a machine check while they are disabled"),
            Self::GivenUp => write!(f, "the hypervisor has given its guest up"),
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
            if self.core.clock.tick() {
                self.core.begin_stretch();
                match self.turn_page() {
                    Ok(page) => self.run_in(&page),
                    Err(raised) => self.interrupt(raised),
                }
            } else if let Some(pause) = self.look_up(limit) {
                return pause;
            }
        }
    }

    /// Executes the instruction at `pc`, which is counted already and lies in this page, and those after it until one
    /// lies in another page or something has to be looked at.
    fn run_in(&mut self, page: &Page) {
        self.core.begin_stretch();
        loop {
            let pc = self.core.state.pc;
            let (insn, operation) = page.at(pc);
            match self.execute(page, operation, insn) {
                Ok(Flow::Next) => {
                    if self.core.goes_on(pc.wrapping_add(INSTRUCTION)) {
                        continue;
                    }
                }
                Ok(Flow::Tested) => {
                    if self.core.goes_on(self.core.state.pc.wrapping_add(INSTRUCTION)) {
                        continue;
                    }
                }
                Ok(Flow::Branch) => {
                    let target = self.core.state.nia;
                    self.core.branch_in_stretch(target);
                    self.core.state.pc = target;
                    if self.core.is_in_stretch(target) {
                        continue;
                    }
                    self.core.count_stretch(target);
                }
                Ok(Flow::Jump) => {
                    self.core.count_stretch(pc.wrapping_add(INSTRUCTION));
                    self.core.state.pc = self.core.state.nia;
                }
                Ok(Flow::Elsewhere) => {}
                Ok(Flow::Again) => {
                    page.decode(pc);
                    continue;
                }
                Err(raised) => {
                    self.core.begin(insn);
                    self.interrupt(raised);
                    self.core.update_code();
                }
            }
            self.core.insn = insn;
            if !self.core.lookaside.is_in_last_page(self.core.state.pc) || !self.core.clock.tick() {
                break;
            }
            self.core.begin_stretch();
        }
    }

    /// The last instruction has caused an interrupt.
    #[inline]
    fn interrupt(&mut self, _: Raised) {
        let interrupt = self.core.raised;
        self.supervisor.interrupt(&mut self.core, interrupt);
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
    use sprig_isa::cpu::Family;
    use sprig_isa::msr;

    use super::super::testing::{BASE, Flat, Run, asm};
    use super::super::{Access, Direction, Fault, Interrupt, Privileged, Translation};
    use super::*;
    use crate::memory::Memory;
    use sprig_isa::mmu::PAGE_SIZE;

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

    #[test]
    fn code_that_is_changed_from_outside_runs_as_changed() {
        let nop = asm("nop", &[]);
        let mut cpu = machine(&[nop, asm("addi", &[5, 0, 6]), nop, asm("b", &[-12])]);
        cpu.run(4);
        assert_eq!(cpu.core.state.gpr[5], 6);
        cpu.core.memory.write_u32(BASE + 4, asm("addi", &[5, 0, 7])).expect("in RAM");
        cpu.run(8);
        assert_eq!(cpu.core.state.gpr[5], 7);
    }

    #[test]
    fn the_next_machine_runs_its_own_code() {
        for value in [6, 7] {
            assert_eq!(Run::new("e500v2").step(asm("addi", &[5, 0, value])).gpr[5], value as u64);
        }
        let isel = 31 << 26 | 3 << 21 | 5 << 11 | 2 << 6 | 15 << 1;
        Run::new("e500v2").step(isel);
        assert_eq!(Run::new("7447").interrupt(isel).exception, Exception::Program, "no such instruction on this CPU");
    }

    #[test]
    fn an_instruction_that_is_not_at_a_multiple_of_four_is_what_is_there() {
        let mut cpu = machine(&[0x3800_38a0, 0x0007_0000]);
        cpu.core.state.pc = BASE + 2;
        cpu.run(1);
        assert_eq!((cpu.core.state.gpr[5], cpu.core.state.pc), (7, BASE + 6));
    }

    #[test]
    fn the_same_words_are_other_instructions_in_the_other_byte_order() {
        let mut cpu = Run::new("power8").processor(&[asm("addi", &[5, 5, 1]), asm("addi", &[6, 6, 1]).swap_bytes()]);
        cpu.run(1);
        cpu.core.set_msr(msr::book3s::LE, 0);
        cpu.run(2);
        assert_eq!(cpu.core.state.gpr[5..7], [1, 1]);
    }

    /// Counts in r5, by an instruction that is about to be changed, until it has been gone through so often.
    fn counting() -> Processor<Flat> {
        let mut cpu = machine(&[asm("addi", &[5, 5, 1]), asm("b", &[-4])]);
        cpu.run(20);
        assert_eq!(cpu.core.state.gpr[5], 10);
        cpu
    }

    #[test]
    fn code_that_a_loop_has_gone_through_runs_as_changed_whoever_changes_it() {
        let new = asm("addi", &[5, 5, 100]);
        let changes: [fn(&mut Memory, u32); 3] = [
            |memory, word| memory.write_u32(BASE, word).expect("in RAM"),
            |memory, word| memory.write_aligned(BASE, word.to_be_bytes()).expect("in RAM"),
            |memory, word| memory.slice_mut(BASE, 4).expect("in RAM").copy_from_slice(&word.to_be_bytes()),
        ];
        for change in changes {
            let mut cpu = counting();
            change(&mut cpu.core.memory, new);
            cpu.run(40);
            assert_eq!(cpu.core.state.gpr[5], 1010);
        }
    }

    #[test]
    fn a_loop_that_changes_itself_runs_as_changed_from_then_on() {
        // The loop stores to its first instruction each time, and adds what is there then the next time.
        let (first, then) = (asm("addi", &[5, 5, 1]), asm("addi", &[5, 5, 100]));
        // stmw r31,0(r4)
        let stmw = 47 << 26 | 31 << 21 | 4 << 16;
        for store in [asm("stw", &[3, 0, 4]), asm("stwu", &[3, 0, 4]), stmw] {
            let run = Run::new("e500v2").gpr(3, then.into()).gpr(31, then.into()).gpr(4, BASE);
            let mut cpu = run.processor(&[first, store, asm("b", &[-8])]);
            cpu.run(3 * 5);
            assert_eq!(cpu.core.state.gpr[5], 1 + 4 * 100, "{store:#x}");
        }
    }

    #[test]
    fn code_that_dcbz_clears_is_no_code_any_more() {
        let words = [asm("addi", &[5, 5, 1]), asm("dcbz", &[0, 4]), asm("nop", &[]), asm("b", &[-12])];
        // In another line at first, then in its own.
        let mut cpu = Run::new("e500v2").gpr(4, BASE + 0x100).processor(&words);
        cpu.run(8);
        assert_eq!((cpu.core.state.gpr[5], cpu.supervisor.taken()), (2, None));
        cpu.core.state.gpr[4] = BASE;
        cpu.run(12);
        assert_eq!(cpu.supervisor.taken(), Some(Interrupt::illegal(Family::BookeE500)), "the words are zero");
    }

    #[test]
    fn a_patched_instruction_behind_icbi_runs_as_patched() {
        let words = [
            asm("addi", &[5, 5, 1]),
            asm("stw", &[3, 0, 4]),
            asm("icbi", &[0, 4]),
            asm("isync", &[]),
            asm("b", &[-16]),
        ];
        let mut cpu = Run::new("e500v2").gpr(3, asm("nop", &[]).into()).gpr(4, BASE).processor(&words);
        cpu.run(5 * 10);
        assert_eq!(cpu.core.state.gpr[5], 1);
    }

    /// Effective addresses are physical ones in space 0 and a page further on in space 1, to which mtmsr changes; after
    /// a tlbwe they are two pages further on.
    struct Spaces {
        moved: u64,
    }

    impl Supervisor for Spaces {
        fn run(processor: &mut Processor<Self>, limit: u64) -> Pause {
            processor.run_loop(limit)
        }

        fn reset(&mut self, _: &mut Core) {}

        fn translate(&mut self, core: &mut Core, address: u64, _: Access) -> Result<Translation, Fault> {
            let space = if core.state.msr() & msr::booke::IS != 0 { PAGE_SIZE } else { 0 };
            Ok(Translation { physical: address + space + self.moved, whole_page: true })
        }

        fn privileged(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt> {
            if instruction == Privileged::Mtmsr {
                let value = core.state.gpr[core.insn.rt()];
                core.set_msr(value, u8::from(value & msr::booke::IS != 0));
            } else {
                self.moved = 2 * PAGE_SIZE;
                core.lookaside.flush();
            }
            Ok(())
        }

        fn special(&mut self, core: &mut Core, _: Direction, _: u16) -> Result<(), Interrupt> {
            Err(Interrupt::illegal(core.state.profile.family))
        }

        fn interrupt(&mut self, core: &mut Core, _: Interrupt) {
            core.stop(Stop::Checkstop);
        }

        fn poll(&mut self, _: &mut Core) {}
    }

    #[test]
    fn code_is_where_translation_says_when_it_has_changed() {
        let is = msr::booke::IS;
        let page = |first: u32, added: i64| [first, asm("addi", &[5, 5, added]), asm("b", &[-8])];
        for (change, behind) in [(asm("mtmsr", &[3]), PAGE_SIZE), (asm("tlbwe", &[]), 2 * PAGE_SIZE)] {
            let Processor { core, .. } = Run::new("e500v2").gpr(3, is).processor(&page(asm("nop", &[]), 1));
            let mut cpu = Processor::new(core, Spaces { moved: 0 });
            for (place, word) in page(asm("nop", &[]), 100).iter().enumerate() {
                cpu.core.memory.write_u32(BASE + behind + 4 * place as u64, *word).expect("in RAM");
            }
            cpu.run(9);
            assert_eq!(cpu.core.state.gpr[5], 3);
            cpu.core.memory.write_u32(BASE, change).expect("in RAM");
            cpu.run(9 + 9);
            assert_eq!(cpu.core.state.gpr[5], 303, "{change:#x}");
        }
    }
}
