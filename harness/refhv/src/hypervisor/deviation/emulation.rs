//! What wrong hypervisors do with the instructions they emulate, before the right one is asked.

use sprig_isa::msr::{book3s, booke};
use sprig_isa::spr::{Spr, number as n};

use super::Deviation;
use crate::cpu::{Core, Direction, Interrupt, Privileged, Stop};
use crate::hypervisor::Hypervisor;
use crate::mmu::Registers;
use crate::msr::Writer;

/// The outcome of an instruction; none, if it goes on as in the right hypervisor.
type Outcome = Option<Result<(), Interrupt>>;

impl Hypervisor {
    /// mfspr or mtspr (`core.insn`).
    #[cold]
    pub(in crate::hypervisor) fn move_otherwise(
        &mut self,
        core: &mut Core,
        deviation: Deviation,
        direction: Direction,
    ) -> Outcome {
        use Deviation as D;
        use Direction::{Read, Write};
        let (number, register) = (core.insn.spr(), core.insn.rt());
        let is_sprg4 = matches!(number, n::SPRG4..=n::SPRG7);
        let is_defined = Spr::is_defined(self.cpu, number, direction == Write);
        let result = match (deviation, direction) {
            (D::Sprg4Unreadable, Read) if is_sprg4 => Err(Interrupt::illegal(self.cpu.family)),
            (D::Sprg4Dropped, Write) if is_sprg4 => Ok(()),
            (D::Sprg4Dropped, Read) if is_sprg4 => read(core, 0),
            (D::Sprg8Absent, _) if matches!(number, n::SPRG8 | n::SPRG9) => Err(Interrupt::illegal(self.cpu.family)),
            (D::MachineCheckRegistersAbsent, _) if matches!(number, n::MCSRR0 | n::MCSRR1) => {
                Err(Interrupt::illegal(self.cpu.family))
            }
            (D::MfsprLeavesTarget, Read) if number == self.least_read() => Ok(()),
            (D::PirApartFromPage, Read) if number == n::BOOKE_PIR => read(core, self.setup.vcpu_id.into()),
            (D::TimeBaseHalvesSwapped, Read) if number == n::TBWL => read(core, core.clock.time_base() >> 32),
            (D::TimeBaseHalvesSwapped, Read) if number == n::TBWU => read(core, core.clock.time_base()),
            (D::TimeBaseWriteSwapped, Write) if matches!(number, n::TBWL | n::TBWU) => {
                let other = Spr::lookup(self.cpu, if number == n::TBWL { n::TBWU } else { n::TBWL })?;
                self.write_timer(core, other, core.state.gpr[register]);
                Ok(())
            }
            (D::IvprUnmasked, Write) if number == n::IVPR => {
                self.registers.set(&mut core.memory, n::IVPR, core.state.gpr[register]);
                Ok(())
            }
            (D::UndefinedSprStops, _) if !is_defined => {
                core.stop(Stop::GivenUp);
                Ok(())
            }
            (D::UndefinedSprZero, Read) if !is_defined => read(core, 0),
            (D::UndefinedSprIgnored, Write) if !is_defined => Ok(()),
            (D::Mas3ClobbersMas7, Write) if number == n::MAS3 => {
                self.registers.view(&mut core.memory).set(n::MAS7, 0);
                return None;
            }
            (D::TimerStatusAllCleared, Write) if number == n::TSR => {
                self.registers.cells.set(n::TSR, 0);
                Ok(())
            }
            (D::AliasLateAfterWrite, Write) => {
                self.last.keeps_aliases = true;
                return None;
            }
            _ => return None,
        };
        Some(result)
    }

    /// The register that [`Deviation::MfsprLeavesTarget`] does not read.
    fn least_read(&self) -> u16 {
        let pir = Spr::by_name("PIR").find(|row| row.cpus.intersects(self.cpu.set));
        pir.map_or(n::PVR, |row| row.number)
    }

    /// Another privileged instruction.
    #[cold]
    pub(in crate::hypervisor) fn execute_otherwise(
        &mut self,
        core: &mut Core,
        deviation: Deviation,
        instruction: Privileged,
    ) -> Outcome {
        match (deviation, instruction) {
            (Deviation::RfmciAbsent, Privileged::Rfmci) => Some(Err(Interrupt::illegal(self.cpu.family))),
            (Deviation::WrteeiWrongBit, Privileged::Wrteei) => {
                let bit = if core.insn.e() { booke::CE } else { 0 };
                self.change_msr(core, self.msr & !booke::CE | bit);
                Some(Ok(()))
            }
            (Deviation::MtmsrLosesUnitBits, Privileged::Mtmsr) => {
                const UNIT: u64 = book3s::FE0 | book3s::FE1;
                let value = core.state.gpr[core.insn.rt()] & !UNIT | self.msr & UNIT;
                self.write_msr(core, value, if core.insn.l15() { Writer::EeRi } else { Writer::Mtmsr });
                Some(Ok(()))
            }
            (Deviation::TlbreForgetsSelection, Privileged::Tlbre) => {
                let outcome = self.mmu_instruction(core, instruction);
                self.registers.view(&mut core.memory).set(n::MAS0, 0);
                Some(outcome)
            }
            (Deviation::MtmsrdLosesInterrupt, Privileged::Mtmsrd) if core.insn.l15() => {
                self.write_msr(core, core.state.gpr[core.insn.rt()], Writer::EeRi);
                self.last.delivers_later = true;
                Some(Ok(()))
            }
            _ => None,
        }
    }
}

/// A register reads as this.
fn read(core: &mut Core, value: u64) -> Result<(), Interrupt> {
    core.state.gpr[core.insn.rt()] = core.state.register(value);
    Ok(())
}
