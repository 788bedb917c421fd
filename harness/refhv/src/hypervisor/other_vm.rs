//! Another guest on the same CPU, while ours waits: [`sprig_isa::other_vm`] has its program.
//!
//! ```text
//!   ours   ...exit |                                                 | entry...
//!   other          | entry   program: its SPRGs, their aliases  exit |
//!   alias registers of the CPU:   ours -----> the other's ---------> the other's, until the next entry loads ours
//! ```

use sprig_isa::other_vm::{self, Registers};
use sprig_isa::page::PAGE_SIZE;
use sprig_wire::board::{POWER_OFF, REGISTERS};

use super::{Alias, Deviation, Hypervisor, Setup};
use crate::cpu::{Core, Processor, State};
use crate::host::Refusal;
use crate::memory::Memory;

/// errno: I/O error. It did not come to the end of its program.
const EIO: u64 = 5;
/// Its program is all that it has: one page, not the first.
const CODE: u64 = PAGE_SIZE;
const MEMORY: u64 = 2 * PAGE_SIZE;
/// Instructions of its own that end it, a hundred for each that its program can have.
const LIMIT: u64 = 10_000 * other_vm::ROUNDS;

impl Hypervisor {
    /// Runs it to its end; the registers that ever held something else than it had written, as [`Registers::bits`].
    ///
    /// # Errors
    /// If it does not come to its end.
    pub(super) fn run_other(&mut self, core: &mut Core, value: u32, registers: Registers) -> Result<u64, Refusal> {
        let mut other = Core::new(self.cpu, Memory::new(MEMORY as usize));
        let mut hypervisor = Self::new(&mut other, self.setup());
        for (place, word) in (CODE..MEMORY).step_by(4).zip(other_vm::program(registers, other_vm::Ending::Store)) {
            other.memory.write_u32(place, word).ok_or(Refusal::Errno(EIO))?;
        }
        other.state.pc = CODE;
        other.state.gpr = other_vm::general_registers(value, (REGISTERS + POWER_OFF).into());
        other.state.ctr = other_vm::ROUNDS;
        // One CPU: each finds what the one before it has left in these.
        hand_over(&self.aliases, &core.state, &mut other.state);
        hypervisor.entered_version = None;
        hypervisor.enter(&mut other);
        let mut processor = Processor::new(other, hypervisor);
        processor.run(LIMIT);
        hand_over(&self.aliases, &processor.core.state, &mut core.state);
        self.delivery_due = true;
        if !self.deviates(Deviation::AliasesOfOtherGuest) {
            self.entered_version = None;
        }
        processor.core.board.powered_off.map(u64::from).ok_or(Refusal::Errno(EIO))
    }

    /// How it was set up.
    fn setup(&self) -> Setup {
        let Self { offers_page, vcpu_id, design, deviation, .. } = *self;
        Setup { offers_page, vcpu_id, design, deviation }
    }
}

fn hand_over(aliases: &[Alias], from: &State, to: &mut State) {
    aliases.iter().for_each(|alias| to.spr.set(alias.cell, from.spr.get(alias.cell)));
}
