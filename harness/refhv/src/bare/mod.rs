//! The CPU as hardware: privileged instructions are executed, interrupts go to their vectors.
//!
//! POWER8 is the exception, being no bare machine but a partition (MSR\[HV\] = 0): what belongs to the hypervisor is
//! privileged even in supervisor state, and `sc 1` is a PAPR hypercall.

mod host;
mod interrupt;
mod special;
mod timers;

use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::{Class, Exception};
use sprig_isa::hcall::papr;
use sprig_isa::msr::{self, booke};
use sprig_isa::spr::{SPRS, number};

pub use host::Wires;
pub use timers::Timers;

use crate::cpu::{
    Access, Core, Direction, Fault, Insn, Interrupt, Pause, Privileged, Processor, Supervisor, Translation,
};
use crate::mmu::{Effect, Mmu, Operands, space};
use crate::msr::{Writer, write};
use crate::trace::Tracer;

/// msgsnd and msgclr, RB (EREF, table 7-46).
mod message {
    /// Message type, bits 32-36.
    pub(super) const TYPE_SHIFT: u32 = 27;
    pub(super) const TYPE: u64 = 0x1f;
    pub(super) const DOORBELL: u64 = 0;
    pub(super) const CRITICAL_DOORBELL: u64 = 1;
    /// To every processor.
    pub(super) const BROADCAST: u64 = 1 << 26;
    /// To the processor with this PIR.
    pub(super) const TAG: u64 = 0x3fff;
}

/// The supervisor state of a bare CPU, as far as it is not in its registers.
#[derive(Clone)]
pub struct Bare {
    /// Translation.
    pub mmu: Mmu,
    /// Timers.
    pub timers: Timers,
    tracer: Tracer,
    doorbell: bool,
    critical_doorbell: bool,
}

impl Bare {
    /// The supervisor state of `core` after power-on.
    #[must_use]
    pub fn new(core: &mut Core) -> Self {
        let profile = core.state.profile;
        let mut bare = Self {
            mmu: Mmu::new(profile, &mut core.state.spr),
            timers: Timers::new(profile.family, &core.clock),
            tracer: Tracer::default(),
            doorbell: false,
            critical_doorbell: false,
        };
        bare.reset(core);
        bare
    }

    /// Sets MSR and all that follows from it.
    pub fn set_msr(&mut self, core: &mut Core, value: u64) {
        // POW of the server cores is the same bit.
        core.waiting = value & booke::WE != 0;
        core.set_msr(value, space(value));
        // Something may have become deliverable, or there is nothing to do until it is.
        if core.waiting || value & (msr::EE | booke::CE) != 0 || Tracer::is_asked(core, value) {
            core.clock.wake_now();
        }
    }

    fn write_msr(&mut self, core: &mut Core, writer: Writer, value: u64) {
        self.set_msr(core, write(core.state.profile, core.state.msr(), value, writer));
    }

    /// msgsnd (`on`), msgclr.
    fn message(&mut self, core: &mut Core, on: bool) {
        let rb = core.state.gpr[core.insn.rb()];
        if rb & message::BROADCAST == 0 && rb & message::TAG != core.state.spr.get(number::BOOKE_PIR) {
            return;
        }
        match rb >> message::TYPE_SHIFT & message::TYPE {
            message::DOORBELL => self.doorbell = on,
            message::CRITICAL_DOORBELL => self.critical_doorbell = on,
            _ => {}
        }
        core.clock.wake_now();
    }

    /// The instructions of the MMU.
    fn execute_in_mmu(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt> {
        let state = &mut core.state;
        let operands = Operands {
            insn: core.insn,
            address_mask: state.effective(u64::MAX),
            xer: state.xer,
            gpr: &mut state.gpr,
            cr: &mut state.cr,
        };
        match self.mmu.execute(&mut state.spr, instruction, operands) {
            Some(Ok(Effect::Changed)) => core.lookaside.flush(),
            Some(Ok(Effect::None)) => {}
            Some(Err(interrupt)) => return Err(interrupt),
            None => return Err(Interrupt::illegal(state.profile.family)),
        }
        Ok(())
    }

    /// dcbi: a store as far as protection goes.
    fn invalidate_block(&mut self, core: &mut Core) -> Result<(), Interrupt> {
        let state = &core.state;
        let base = if core.insn.ra() == 0 { 0 } else { state.gpr[core.insn.ra()] };
        let address = state.effective(base.wrapping_add(state.gpr[core.insn.rb()]));
        let family = state.profile.family;
        match self.translate(core, address, Access::Store) {
            Ok(_) => Ok(()),
            Err(fault) => Err(Interrupt::storage(family, fault, Access::Store, address)),
        }
    }
}

impl Supervisor for Bare {
    fn run(processor: &mut Processor<Self>, limit: u64) -> Pause {
        processor.run_loop(limit)
    }

    /// Sets the registers that do not start as zero. Embedded CPUs get their initial translations.
    fn reset(&mut self, core: &mut Core) {
        let profile = core.state.profile;
        for row in SPRS.iter().filter(|row| row.cpus.intersects(profile.set)) {
            core.state.spr.set(row.number, u64::from(row.reset));
        }
        core.state.spr.set(number::PVR, u64::from(profile.pvr));
        self.mmu = Mmu::new(profile, &mut core.state.spr);
        self.mmu.map_board();
        self.timers = Timers::new(profile.family, &core.clock);
        self.tracer = Tracer::default();
        self.doorbell = false;
        self.critical_doorbell = false;
        // A partition is entered with machine checks enabled and cannot disable them (LoPAR, "Processor state at
        // entry"); the board enters an embedded CPU so.
        let is_enabled = profile.set.intersects(CpuSet::POWER) || profile.family.is_booke();
        self.set_msr(core, if is_enabled { msr::ME } else { 0 });
    }

    fn translate(&mut self, core: &mut Core, address: u64, access: Access) -> Result<Translation, Fault> {
        let state = &mut core.state;
        let msr = state.msr();
        let result = self.mmu.translate(&state.spr, &mut core.memory, msr, address, access);
        if let Err(fault) = result {
            self.mmu.note_fault(&mut state.spr, msr, address, access, fault);
        }
        result
    }

    fn privileged(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt> {
        let insn: Insn = core.insn;
        let profile = core.state.profile;
        let rs = core.state.gpr[insn.rt()];
        let or_short = |whole| if insn.l15() && profile.is_64bit { Writer::EeRi } else { whole };
        if instruction.belongs_to_hypervisor(profile) {
            return Err(Interrupt::privileged(profile.family));
        }
        match instruction {
            Privileged::Mfmsr => core.state.gpr[insn.rt()] = core.state.msr(),
            Privileged::Mtmsr => self.write_msr(core, or_short(Writer::Mtmsr), rs),
            Privileged::Mtmsrd => self.write_msr(core, or_short(Writer::Mtmsrd), rs),
            Privileged::Wrtee => self.write_msr(core, Writer::Ee, rs),
            Privileged::Wrteei => self.write_msr(core, Writer::Ee, if insn.e() { msr::EE } else { 0 }),
            Privileged::Rfi | Privileged::Rfid => self.return_from_interrupt(core, Class::Base),
            Privileged::Rfci => self.return_from_interrupt(core, Class::Critical),
            Privileged::Rfmci => self.return_from_interrupt(core, Class::MachineCheck),
            Privileged::Rfdi => self.return_from_debug(core),
            Privileged::Dcbi => return self.invalidate_block(core),
            Privileged::Msgsnd => self.message(core, true),
            Privileged::Msgclr => self.message(core, false),
            // Neither caches nor other processors to tell.
            Privileged::Dccci | Privileged::Iccci | Privileged::Tlbsync => {}
            // No device is on the DCR bus.
            Privileged::Mfdcr => core.state.gpr[insn.rt()] = 0,
            Privileged::Mtdcr => {}
            _ => return self.execute_in_mmu(core, instruction),
        }
        Ok(())
    }

    fn special(&mut self, core: &mut Core, direction: Direction, number: u16) -> Result<(), Interrupt> {
        self.move_special(core, direction, number)
    }

    fn interrupt(&mut self, core: &mut Core, interrupt: Interrupt) {
        if interrupt.exception != Exception::SystemCall {
            return self.deliver(core, interrupt, core.state.pc);
        }
        if interrupt.syndrome == papr::LEV
            && !core.state.in_problem_state()
            && let Some(effect) = self.mmu.papr_call(&mut core.state.spr, &mut core.state.gpr)
        {
            if effect == Effect::Changed {
                core.lookaside.flush();
            }
            core.state.pc = core.state.nia;
            return;
        }
        self.deliver(core, interrupt, core.state.nia);
    }

    fn poll(&mut self, core: &mut Core) {
        self.timers.advance(&core.clock, &mut core.state.spr);
        if let Some(trace) = self.tracer.due(core) {
            self.deliver(core, trace, core.state.pc);
        }
        if let Some(exception) = self.pending(core) {
            self.acknowledge(exception);
            self.deliver(core, Interrupt::new(exception), core.state.pc);
        }
        core.clock.wake_at_tick(self.timers.next_event(&core.clock, &core.state.spr));
        let msr = core.state.msr();
        self.tracer.begins(core, msr);
    }
}
