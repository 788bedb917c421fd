//! Another guest on the same CPU: [`sprig_isa::other_vm`] has its program.
//!
//! ```text
//!   ours   ...exit |                                                 | entry...
//!   other          | entry   program: its SPRGs, their aliases  exit |
//!   alias registers of the CPU:   ours -----> the other's ---------> the other's, until the next entry loads ours
//! ```
//!
//! It runs to its end while ours waits for a host step, or runs whenever the host takes the CPU from ours.

use sprig_isa::other_vm::{self, Registers};
use sprig_isa::page::PAGE_SIZE;
use sprig_wire::board::{POWER_OFF, REGISTERS};
use sprig_wire::host::errno;

use super::registers::Alias;
use super::{Deviation, Hypervisor};
use crate::cpu::{Core, Pause, Processor, State};
use crate::host::Refusal;
use crate::memory::Memory;
use crate::moment::Moment;

/// There is none to end.
const ESRCH: u64 = errno::ESRCH as u64;
/// It did not come to the end of its program.
const EIO: u64 = errno::EIO as u64;
/// It has not had the CPU.
const EAGAIN: u64 = errno::EAGAIN as u64;
/// There is one already.
const EBUSY: u64 = errno::EBUSY as u64;
/// Its program is all that it has: one page, not the first.
const CODE: u64 = PAGE_SIZE;
const MEMORY: u64 = 2 * PAGE_SIZE;
/// Rounds of its program. A real host's timer needs [`other_vm::ROUNDS`] to come; here a turn ends in the middle of one
/// of these, and what it reads in the first round after a turn it reads in the next.
const ROUNDS: u64 = 8;
/// Instructions of its own that end it: several for each that its program can have.
const LIMIT: u64 = 1000 * ROUNDS;
/// Instructions of its own until the host takes the CPU from it: more than a whole program, so that it writes its
/// registers in each turn, and not a multiple of its rounds, so that it loses the CPU now here, now there.
const TURN: u64 = 1_999;

/// Another guest, with its hypervisor's side, as its last turn has left it.
#[derive(Clone)]
pub(super) struct OtherVm {
    moment: Moment<Hypervisor>,
    value: u32,
    /// The registers that ever held something else than it had written, as [`Registers::bits`].
    differed: u64,
    /// How often it has come to the end of its program.
    ends: u64,
    /// How often it had the CPU while ours was in the middle of something.
    turns: u64,
}

impl OtherVm {
    /// A guest at the beginning of its program, under a hypervisor as this one was set up.
    fn new(ours: &Hypervisor, value: u32, registers: Registers) -> Result<Self, Refusal> {
        let mut core = Core::new(ours.cpu, Memory::new(MEMORY as usize));
        let hypervisor = Hypervisor::new(&mut core, ours.setup);
        for (place, word) in (CODE..MEMORY).step_by(4).zip(other_vm::program(registers, other_vm::Ending::Store)) {
            core.memory.write_u32(place, word).ok_or(Refusal::Errno(EIO))?;
        }
        begin(&mut core, value);
        let moment = Moment::of(&Processor::new(core, hypervisor));
        Ok(Self { moment, value, differed: 0, ends: 0, turns: 0 })
    }

    /// Runs it for a number of instructions, again from its beginning when it reaches its end, or only to its end if
    /// `once`.
    fn run(&mut self, processor: &mut Processor<Hypervisor>, instructions: u64, once: bool) {
        let limit = processor.core.clock.executed() + instructions;
        while processor.run(limit) == Pause::Board {
            let Some(differed) = processor.core.board.powered_off.take() else { return };
            self.differed |= u64::from(differed);
            self.ends += 1;
            if once {
                return;
            }
            begin(&mut processor.core, self.value);
        }
    }

    /// What differed, if it ever came to the end of its program.
    fn outcome(&self) -> Result<u64, Refusal> {
        if self.ends > 0 { Ok(self.differed) } else { Err(Refusal::Errno(EIO)) }
    }
}

/// Puts a guest at the beginning of the program.
fn begin(core: &mut Core, value: u32) {
    core.state.pc = CODE;
    core.state.gpr = other_vm::general_registers(value, (REGISTERS + POWER_OFF).into(), 1);
    core.state.ctr = ROUNDS;
}

impl Hypervisor {
    /// Runs another guest to its end; the registers that ever held something else than it had written, as
    /// [`Registers::bits`].
    ///
    /// # Errors
    /// If it does not come to its end.
    pub(super) fn run_other(&mut self, core: &mut Core, value: u32, registers: Registers) -> Result<u64, Refusal> {
        let mut other = OtherVm::new(self, value, registers)?;
        self.give_cpu(core, &mut other, LIMIT, true);
        other.outcome()
    }

    /// From now on another guest has the CPU, too, by turns with ours.
    ///
    /// # Errors
    /// If there is one already.
    pub(super) fn start_other(&mut self, value: u32, registers: Registers) -> Result<u64, Refusal> {
        if self.other.is_some() {
            return Err(Refusal::Errno(EBUSY));
        }
        self.other = Some(Box::new(OtherVm::new(self, value, registers)?));
        Ok(0)
    }

    /// Ends it, after the end of its program; what differed, as of [`Self::run_other`].
    ///
    /// # Errors
    /// If there is none, if it never had the CPU, or if it does not come to its end.
    pub(super) fn end_other(&mut self, core: &mut Core) -> Result<u64, Refusal> {
        let mut other = self.other.take().ok_or(Refusal::Errno(ESRCH))?;
        if other.turns == 0 {
            return Err(Refusal::Errno(EAGAIN));
        }
        self.give_cpu(core, &mut other, LIMIT, true);
        other.outcome()
    }

    /// The host's scheduler gives the CPU to the other guest, if there is one, for as long as a guest has it.
    pub(super) fn schedule_other(&mut self, core: &mut Core) {
        if let Some(mut other) = self.other.take() {
            self.give_cpu(core, &mut other, TURN, false);
            other.turns += 1;
            self.other = Some(other);
        }
    }

    fn give_cpu(&mut self, core: &mut Core, other: &mut OtherVm, instructions: u64, once: bool) {
        let mut processor = other.moment.to_processor();
        // One CPU: each finds what the one before it has left in these.
        hand_over(&self.aliases.loaded, &core.state, &mut processor.core.state);
        processor.supervisor.is_given_cpu();
        processor.supervisor.enter(&mut processor.core);
        other.run(&mut processor, instructions, once);
        hand_over(&self.aliases.loaded, &processor.core.state, &mut core.state);
        other.moment = Moment::of(&processor);
        self.last.delivery_due = true;
        self.is_given_cpu();
    }

    /// What the CPU holds is another guest's.
    fn is_given_cpu(&mut self) {
        if !self.deviates(Deviation::AliasesOfOtherGuest) {
            self.last.version = None;
        }
    }
}

fn hand_over(aliases: &[Alias], from: &State, to: &mut State) {
    aliases.iter().for_each(|alias| to.spr.set(alias.cell, from.spr.get(alias.cell)));
}
