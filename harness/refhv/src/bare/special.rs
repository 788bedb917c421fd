//! mfspr and mtspr of supervisor state: the registers that are more than a cell.

use sprig_isa::spr::{Spr, number};

use super::Bare;
use crate::cpu::{Core, Direction, Interrupt, undefined_spr};
use crate::mmu::Effect;

impl Bare {
    pub(super) fn move_special(&mut self, core: &mut Core, direction: Direction, number: u16) -> Result<(), Interrupt> {
        let profile = core.state.profile;
        let register = core.insn.rt();
        let Some(row) = Spr::lookup(profile, number) else {
            return undefined_spr(profile, number, false, direction);
        };
        match direction {
            Direction::Read if row.supervisor.can_read() => {
                core.state.gpr[register] = self.read(core, row.cell);
                Ok(())
            }
            Direction::Write if row.supervisor.can_write() => {
                let value = core.state.gpr[register];
                self.write(core, row, value);
                Ok(())
            }
            // A register that cannot be used this way under this number.
            _ => Err(Interrupt::privileged(profile.family)),
        }
    }

    fn read(&mut self, core: &mut Core, cell: u16) -> u64 {
        match cell {
            number::DEC => self.timers.decrementer(&core.clock, &mut core.state.spr),
            number::TSR if core.state.profile.family.is_booke() => {
                self.timers.advance(&core.clock, &mut core.state.spr);
                core.state.spr.get(cell)
            }
            _ => core.read_spr_cell(cell),
        }
    }

    fn write(&mut self, core: &mut Core, row: &Spr, value: u64) {
        if self.timers.is_written(row.cell) {
            return self.timers.write(&mut core.clock, &mut core.state.spr, row, value);
        }
        let value = row.write.apply(core.state.spr.get(row.cell), value);
        match self.mmu.mtspr(&mut core.state.spr, row.cell, value) {
            Some(Effect::Changed) => core.lookaside.flush(),
            Some(Effect::None) => {}
            None => core.state.spr.set(row.cell, value),
        }
    }
}
