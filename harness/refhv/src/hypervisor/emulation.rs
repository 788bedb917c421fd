//! Emulation of the guest kernel's privileged instructions: what hardware would do, done to the guest's state.

use sprig_isa::cpu::Family;
use sprig_isa::exception::Class;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::{Spr, Write, number};

use super::deviation::{Deviation, SWAPPED_SPRGS, swapped};
use super::shared::Slot;
use super::{Design, Hypervisor, debug, policy, shared};
use crate::cpu::opcode::{primary, x31};
use crate::cpu::{Access, Core, Direction, Insn, Interrupt, Privileged, undefined_spr};
use crate::mmu::{Effect, Mmu, Operands, Registers};
use crate::msr::{Writer, implemented, write};
use crate::trace::Tracer;
use crate::vector::{Resume, return_from};

/// An instruction that the hypervisor emulates for the guest kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emulated {
    Privileged(Privileged),
    Special(Direction),
}

impl Hypervisor {
    /// The emulated instruction this is, if it is one. Moves of special registers are all of them emulated, whether the
    /// hardware found the number privileged or undefined.
    pub(super) fn emulated(&self, insn: Insn) -> Option<Emulated> {
        match (insn.primary(), insn.extended()) {
            (primary::X31, x31::MFSPR) => Some(Emulated::Special(Direction::Read)),
            (primary::X31, x31::MTSPR) => Some(Emulated::Special(Direction::Write)),
            _ => Privileged::decode(insn, self.cpu).map(Emulated::Privileged),
        }
    }

    /// Executes it on the guest's state. `core.state.nia` is where the guest goes on.
    ///
    /// # Errors
    /// The interrupt the instruction causes instead.
    pub(super) fn emulate(&mut self, core: &mut Core, instruction: Emulated) -> Result<(), Interrupt> {
        match instruction {
            Emulated::Privileged(instruction) => self.privileged_instruction(core, instruction),
            Emulated::Special(direction) => self.move_special(core, direction),
        }
    }

    pub(super) fn privileged_instruction(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt> {
        let insn = core.insn;
        let rs = core.state.gpr[insn.rt()];
        let or_short = |whole| if insn.l15() && self.cpu.is_64bit { Writer::EeRi } else { whole };
        if instruction.belongs_to_hypervisor(self.cpu) {
            return Err(Interrupt::privileged(self.cpu.family));
        }
        if let Some(deviation) = self.setup.deviation
            && let Some(outcome) = self.execute_otherwise(core, deviation, instruction)
        {
            return outcome;
        }
        match instruction {
            Privileged::Mfmsr => {
                core.state.gpr[insn.rt()] = self.msr;
                self.last.is_prepared = self.last.is_unchanged;
            }
            Privileged::Mtmsr => self.write_msr(core, rs, or_short(Writer::Mtmsr)),
            Privileged::Mtmsrd => self.write_msr(core, rs, or_short(Writer::Mtmsrd)),
            Privileged::Wrtee => self.write_msr(core, rs, Writer::Ee),
            Privileged::Wrteei => self.write_msr(core, if insn.e() { msr::EE } else { 0 }, Writer::Ee),
            Privileged::Rfi | Privileged::Rfid => self.return_from_interrupt(core, Class::Base),
            Privileged::Rfci => self.return_from_interrupt(core, Class::Critical),
            Privileged::Rfmci => self.return_from_interrupt(core, Class::MachineCheck),
            Privileged::Dcbi => return self.invalidate_block(core),
            // The hypervisor keeps caches and TLBs coherent anyway.
            Privileged::Dccci | Privileged::Iccci | Privileged::Tlbsync => {}
            // No device is on the DCR bus.
            Privileged::Mfdcr => core.state.gpr[insn.rt()] = 0,
            Privileged::Mtdcr => {}
            _ => return self.mmu_instruction(core, instruction),
        }
        Ok(())
    }

    pub(super) fn write_msr(&mut self, core: &mut Core, value: u64, writer: Writer) {
        self.change_msr(core, write(self.cpu, self.msr, value, writer));
    }

    /// Gives the guest a new MSR. WE (POW of the server families, the same bit) makes it wait. WE stays until an
    /// interrupt, which saves it with the rest (440 manual section 6.5.5, SRR1); POW is off again when the guest has
    /// waited (arch/powerpc/kvm/book3s_pr.c, `kvmppc_set_msr_pr`).
    pub(super) fn change_msr(&mut self, core: &mut Core, value: u64) {
        self.msr = if self.cpu.family.is_booke() { value } else { value & !book3s::POW };
        if Tracer::is_asked(core, value) {
            core.clock.wake_now();
        }
        if value & booke::WE != 0 {
            self.idle(core);
        }
    }

    fn return_from_interrupt(&mut self, core: &mut Core, class: Class) {
        let registers = self.registers.view(&mut core.memory);
        let Resume { address, msr } = return_from(self.cpu, &registers, self.msr, class);
        core.state.nia = address;
        self.change_msr(core, msr);
    }

    /// dcbi: a store as far as protection goes.
    fn invalidate_block(&mut self, core: &mut Core) -> Result<(), Interrupt> {
        let state = &core.state;
        let base = if core.insn.ra() == 0 { 0 } else { state.gpr[core.insn.ra()] };
        let address = state.effective(base.wrapping_add(state.gpr[core.insn.rb()]));
        self.resolve(core, address, Access::Store).map(|_| ()).map_err(|fault| {
            let mut registers = self.registers.view(&mut core.memory);
            self.mmu.note_fault(&mut registers, self.msr, address, Access::Store, fault);
            Interrupt::storage(self.cpu.family, fault, Access::Store, address)
        })
    }

    pub(super) fn mmu_instruction(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt> {
        let state = &mut core.state;
        let operands = Operands {
            insn: core.insn,
            address_mask: state.effective(u64::MAX),
            xer: state.xer,
            gpr: &mut state.gpr,
            cr: &mut state.cr,
        };
        let mut registers = self.registers.view(&mut core.memory);
        match self.mmu.execute(&mut registers, instruction, operands) {
            Some(Ok(Effect::Changed)) => {
                if let Mmu::Hash32(hash) = &self.mmu {
                    self.shared.set_segments(&mut core.memory, &hash.segments);
                    self.segments = self.shared.segments(&core.memory);
                }
                self.flush(core);
            }
            Some(Ok(Effect::None)) => {}
            Some(Err(interrupt)) => return Err(interrupt),
            None => return Err(Interrupt::illegal(self.cpu.family)),
        }
        Ok(())
    }

    /// mfspr and mtspr, by the one table for both.
    #[inline(always)]
    pub(super) fn move_special(&mut self, core: &mut Core, direction: Direction) -> Result<(), Interrupt> {
        let register = core.insn.rt();
        let number = core.insn.spr();
        if let Some(deviation) = self.setup.deviation
            && let Some(outcome) = self.move_otherwise(core, deviation, direction)
        {
            return outcome;
        }
        let Some(row) = self.special.and_then(|rows| rows.row(number)) else {
            return undefined_spr(self.cpu, number, false, direction);
        };
        match direction {
            Direction::Read if row.supervisor.can_read() => {
                core.state.gpr[register] = self.read_special(core, row);
                Ok(())
            }
            Direction::Write if row.supervisor.can_write() => {
                let value = core.state.gpr[register];
                self.write_special(core, row, value);
                Ok(())
            }
            _ => Err(Interrupt::privileged(self.cpu.family)),
        }
    }

    #[inline(always)]
    fn read_special(&mut self, core: &mut Core, row: &Spr) -> u64 {
        match row.cell {
            number::DEC => self.timers.decrementer(&core.clock, &mut self.registers.cells),
            number::TSR if self.cpu.family.is_booke() => {
                self.timers.advance(&core.clock, &mut self.registers.cells);
                self.registers.cells.get(row.cell)
            }
            cell => {
                self.last.is_prepared = self.last.is_unchanged;
                self.registers.get(&core.memory, cell)
            }
        }
    }

    #[inline(always)]
    fn write_special(&mut self, core: &mut Core, row: &Spr, value: u64) {
        let cell = match self.setup.deviation {
            Some(Deviation::SprgsSwapped) => swapped(row.cell, SWAPPED_SPRGS),
            _ => row.cell,
        };
        if let Some(slot) = self.registers.slot(cell) {
            let value = match row.write {
                Write::Plain => value,
                write => write.apply(self.shared.get(&core.memory, slot), value),
            };
            return self.set_in_page(core, cell, slot, value);
        }
        if self.debug.debugger.is_enabled() && self.is_user_spaces(row.cell) {
            return;
        }
        if self.timers.is_written(row.cell) {
            return self.write_timer(core, row, value);
        }
        let value = row.write.apply(self.registers.get(&core.memory, row.cell), value) & debug::of_guest(row.cell);
        let mut registers = self.registers.view(&mut core.memory);
        match self.mmu.mtspr(&mut registers, row.cell, value) {
            Some(Effect::Changed) => self.flush(core),
            Some(Effect::None) => {}
            None => registers.set(row.cell, value),
        }
        self.mirror(core, row.cell);
    }

    /// Sets a register in the page; none of them is a timer or translation's. Where the rest is as the last entry has
    /// made it, the register's alias is all that the next one would have to load, and is loaded here.
    #[inline(always)]
    fn set_in_page(&mut self, core: &mut Core, cell: u16, slot: Slot, value: u64) {
        self.registers.set_slot(&mut core.memory, slot, value);
        let has_alias = self.aliases.shows(cell);
        let completes = self.last.is_unchanged && (!has_alias || self.setup.deviation.is_none());
        if has_alias && !self.has_design(Design::AliasNever) && (completes || self.has_design(Design::AliasOnWrite)) {
            core.state.spr.set(cell, core.state.register(value));
        }
        if completes {
            self.last.version = Some(self.shared.version(&core.memory));
            self.last.is_prepared = true;
        }
    }

    pub(super) fn write_timer(&mut self, core: &mut Core, row: &Spr, value: u64) {
        self.timers.write(&mut core.clock, &mut self.registers.cells, row, value);
    }

    /// Takes what the guest may change in the page without an exit: EE and RI, and the segment registers. True if it
    /// has changed nothing.
    #[inline]
    pub(super) fn take_from_page(&mut self, core: &mut Core) -> bool {
        let as_entered = self.last.msr == Some(self.msr) && self.is_page_as_entered(core);
        if !as_entered {
            self.take_changes(core);
        }
        as_entered
    }

    #[inline(never)]
    fn take_changes(&mut self, core: &mut Core) {
        let stored = self.shared.get(&core.memory, shared::MSR);
        if stored != self.msr {
            let taken = match self.setup.deviation {
                Some(Deviation::PageMsrUnsafe) => u64::MAX,
                Some(Deviation::PageMsrIgnored) => 0,
                _ if policy::UNSAFE_MSR_BITS_TAKEN => u64::MAX,
                _ => msr::PAGE_SAFE,
            } & implemented(self.cpu);
            self.msr = self.msr & !taken | stored & taken;
        }
        if self.cpu.family == Family::Book3s32 {
            self.take_segments(core);
        }
    }

    fn take_segments(&mut self, core: &mut Core) {
        let segments = self.shared.segments(&core.memory);
        if let Mmu::Hash32(hash) = &mut self.mmu
            && segments != self.segments
        {
            hash.segments = shared::segment_values(&segments);
            self.segments = segments;
            if !self.deviates(Deviation::SegmentsNotFlushed) {
                self.flush(core);
            }
        }
    }
}
