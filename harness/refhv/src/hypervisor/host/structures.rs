//! What user space gets and sets a guest's registers by: `struct kvm_regs`, `struct kvm_sregs` and KVM_GET/SET_ONE_REG.
//!
//! Each names the registers in a way of its own; behind them are the same ones.

use sprig_isa::cpu::Family;
use sprig_isa::debug::SOFTWARE_BREAKPOINT;
use sprig_isa::one_reg::{Meaning, OneReg};
use sprig_isa::page::Field;
use sprig_isa::spr::{Spr, number as n};
use sprig_isa::sregs;

use super::super::shared::{self, Slot};
use super::super::{Deviation, Hypervisor};
use super::EINVAL;
use crate::cpu::Core;
use crate::host::Refusal;
use crate::mmu::Registers;
use crate::msr::implemented;

impl Hypervisor {
    /// The shared state's field for SPRG0-7, which KVM_GET_REGS shows on every CPU, whether or not it has the register.
    fn sprg_slot(&self, name: &str) -> Option<Slot> {
        let number = match name.strip_prefix("SPRG")?.parse::<u8>().ok()? {
            number @ 4..7 if self.deviates(Deviation::RegsShifted) => number + 1,
            number => number,
        };
        Field::by_name(&format!("sprg{number}")).map(Slot::of)
    }

    /// A register of `struct kvm_regs`, by its name in [`sprig_wire::host::REGS`].
    ///
    /// # Errors
    /// If there is no such register.
    pub fn get_regs(&mut self, core: &Core, name: &str) -> Result<u64, Refusal> {
        let state = &core.state;
        Ok(match name {
            "PC" => state.pc,
            "CR" => state.cr.into(),
            "CTR" => state.ctr,
            "LR" => state.lr,
            "XER" => state.xer.into(),
            "MSR" => self.msr,
            "SRR0" => self.registers.get(&core.memory, n::SRR0),
            "SRR1" => self.registers.get(&core.memory, n::SRR1),
            "PID" => self.registers.get(&core.memory, n::PID),
            "SPRG4" | "SPRG5" | "SPRG6" | "SPRG7" if self.deviates(Deviation::GetRegsWithoutSprg4) => 0,
            _ => state.register(self.shared.get(&core.memory, self.sprg_slot(name).ok_or(Refusal::Unknown)?)),
        })
    }

    /// Sets a register of `struct kvm_regs`.
    ///
    /// # Errors
    /// If there is no such register.
    pub fn set_regs(&mut self, core: &mut Core, name: &str, value: u64) -> Result<(), Refusal> {
        let value = core.state.register(value);
        self.last.delivery_due = true;
        match name {
            "PC" => core.state.pc = core.state.effective(value),
            "CR" => core.state.cr = value as u32,
            "CTR" => core.state.ctr = value,
            "LR" => core.state.lr = value,
            "XER" => core.state.xer = value as u32,
            "MSR" => {
                self.change_msr(core, value & implemented(self.cpu));
                self.shared.set(&mut core.memory, shared::MSR, self.msr);
            }
            "SRR0" => self.set_register(core, n::SRR0, value),
            "SRR1" => self.set_register(core, n::SRR1, value),
            "PID" => self.set_register(core, n::PID, value),
            _ => self.shared.set(&mut core.memory, self.sprg_slot(name).ok_or(Refusal::Unknown)?, value),
        }
        Ok(())
    }

    /// Sets a register as user space does: without the rules for writes by instructions.
    fn set_register(&mut self, core: &mut Core, number: u16, value: u64) {
        let keeps_translations = number == n::PID && self.deviates(Deviation::ProcessNotFlushed);
        let mut registers = self.registers.view(&mut core.memory);
        match self.mmu.mtspr(&mut registers, number, value) {
            Some(_) if keeps_translations => {}
            Some(_) => self.flush(core),
            None => registers.set(number, value),
        }
    }

    /// A register of `struct kvm_sregs`, by its name in [`sprig_wire::host::SREGS`].
    ///
    /// # Errors
    /// If this CPU has no such register.
    pub fn get_sregs(&mut self, core: &Core, name: &str) -> Result<u64, Refusal> {
        let family = self.cpu.family;
        match name {
            "DEC" => return Ok(self.timers.decrementer(&core.clock, &mut self.registers.cells)),
            "TB" if family.is_booke() => return Ok(core.clock.time_base()),
            "FEATURES" if family.is_booke() => return Ok(sregs_features(family).into()),
            "IMPL_ID" if family.is_booke() => {
                return Ok(if family == Family::BookeE500 { sregs::IMPL_FSL.into() } else { 0 });
            }
            _ => {}
        }
        let number = self.sreg(name)?;
        // The virtual CPU's number, whatever the guest has stored to the page's pir (get_sregs_arch206 of booke.c).
        if name == "PIR" { Ok(self.setup.vcpu_id.into()) } else { self.get_spr(core, number) }
    }

    /// Sets a register of `struct kvm_sregs`.
    ///
    /// # Errors
    /// If this CPU has no such register, or if PVR or PIR would change.
    pub fn set_sregs(&mut self, core: &mut Core, name: &str, value: u64) -> Result<(), Refusal> {
        self.last.delivery_due = true;
        match name {
            "DEC" => {
                self.timers.advance(&core.clock, &mut self.registers.cells);
                self.timers.set_decrementer(&core.clock, value);
                core.clock.wake_now();
                Ok(())
            }
            // The CPU is what it is (kvm_arch_vcpu_ioctl_set_sregs and set_sregs_arch206 of booke.c).
            "PVR" | "PIR" if value == self.get_sregs(core, name)? => Ok(()),
            "PVR" | "PIR" => Err(Refusal::Errno(EINVAL)),
            "VRSAVE" if self.deviates(Deviation::VrsaveNotSet) => Ok(()),
            "TB" | "FEATURES" | "IMPL_ID" if self.cpu.family.is_booke() => Ok(()),
            _ => self.set_spr(core, self.sreg(name)?, value),
        }
    }

    /// The number of a register of `struct kvm_sregs` on this CPU.
    fn sreg(&self, name: &str) -> Result<u16, Refusal> {
        // The member is called vrsave, the register USPRG0 on embedded CPUs.
        let name = if name == "VRSAVE" && self.cpu.family.is_booke() { "USPRG0" } else { name };
        let row = Spr::by_name(name).find(|row| row.cpus.intersects(self.cpu.set));
        // The server families' structure holds other registers than PVR.
        let has = row.filter(|row| self.cpu.family.is_booke() || row.number == n::PVR);
        has.map(|row| row.number).ok_or(Refusal::Unknown)
    }

    /// A register by its KVM_REG_PPC_* identifier.
    ///
    /// # Errors
    /// If this CPU has no such register.
    pub fn get_one_reg(&mut self, core: &Core, id: u64) -> Result<u64, Refusal> {
        match self.one_reg(id)? {
            Meaning::Spr(number) => self.get_spr(core, number),
            Meaning::Mas7And3 => Ok(self.get_spr(core, n::MAS7)? << 32 | self.get_spr(core, n::MAS3)?),
            Meaning::Breakpoint => Ok(SOFTWARE_BREAKPOINT.into()),
            Meaning::OrTsr | Meaning::ClearTsr | Meaning::OfHypervisor => Err(Refusal::Errno(EINVAL)),
        }
    }

    /// Sets a register by its KVM_REG_PPC_* identifier.
    ///
    /// # Errors
    /// If this CPU has no such register.
    pub fn set_one_reg(&mut self, core: &mut Core, id: u64, value: u64) -> Result<(), Refusal> {
        self.last.delivery_due = true;
        match self.one_reg(id)? {
            Meaning::Spr(n::MAS0..=n::MAS6) if self.deviates(Deviation::MasNotSet) => Ok(()),
            Meaning::Spr(number) => self.set_spr(core, number, value),
            Meaning::Mas7And3 => {
                self.set_spr(core, n::MAS7, value >> 32)?;
                self.set_spr(core, n::MAS3, value & u64::from(u32::MAX))
            }
            Meaning::Breakpoint | Meaning::OfHypervisor => Err(Refusal::Errno(EINVAL)),
            Meaning::OrTsr => {
                let old = self.get_spr(core, n::TSR)?;
                self.set_spr(core, n::TSR, old | value)
            }
            Meaning::ClearTsr => {
                let old = self.get_spr(core, n::TSR)?;
                self.set_spr(core, n::TSR, old & !value)
            }
        }
    }

    /// What an identifier stands for on this CPU.
    fn one_reg(&self, id: u64) -> Result<Meaning, Refusal> {
        let meaning = OneReg::by_id(id).ok_or(Refusal::Errno(EINVAL))?.meaning;
        let is_missing = meaning == Meaning::Mas7And3 && self.cpu.family != Family::BookeE500;
        if is_missing { Err(Refusal::Errno(EINVAL)) } else { Ok(meaning) }
    }

    fn get_spr(&mut self, core: &Core, number: u16) -> Result<u64, Refusal> {
        let row = Spr::lookup(self.cpu, number).ok_or(Refusal::Errno(EINVAL))?;
        self.timers.advance(&core.clock, &mut self.registers.cells);
        // What problem state may write, the hardware has.
        let native = row.problem.can_write();
        Ok(if native { core.state.spr.get(row.cell) } else { self.registers.get(&core.memory, row.cell) })
    }

    fn set_spr(&mut self, core: &mut Core, number: u16, value: u64) -> Result<(), Refusal> {
        let row = Spr::lookup(self.cpu, number).ok_or(Refusal::Errno(EINVAL))?;
        let value = core.state.register(value);
        if row.problem.can_write() {
            core.state.spr.set(row.cell, value);
        } else {
            self.set_register(core, row.cell, value);
        }
        core.clock.wake_now();
        Ok(())
    }
}

/// What `struct kvm_sregs` of an embedded CPU holds: as get_sregs_base, get_sregs_arch206 and kvmppc_get_sregs_ivor of
/// booke.c and kvmppc_core_get_sregs_e500 of e500.c say it.
const fn sregs_features(family: Family) -> u32 {
    let every = sregs::BASE | sregs::ARCH206 | sregs::IVOR;
    match family {
        Family::BookeE500 => every | sregs::ARCH206_MMU | sregs::SPE | sregs::PM,
        _ => every,
    }
}
