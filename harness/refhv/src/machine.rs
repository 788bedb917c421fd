//! A whole machine: a CPU with its supervisor and RAM, an image and a batch in it, run until something ends it.

use std::fmt;

use sprig_isa::cpu::Cpu;
use sprig_wire::{board, layout, log};

use crate::bare::Bare;
use crate::cpu::{Core, Pause, Processor, Stop, Supervisor};
use crate::host::{Host, serve};
use crate::hypervisor::{Hypervisor, Setup};
use crate::image::{ImageError, load};

/// How long a machine may run, in instructions: the same program always gets equally far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without the guest beginning another step.
    pub step: u64,
    /// In all.
    pub total: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest switched the machine off with this status.
    PoweredOff(u32),
    /// The guest has not begun another step for the limit, or has used up the total.
    Hang {
        /// Where it was.
        pc: u64,
    },
    /// The CPU has stopped for good.
    Crash {
        /// Why.
        stop: Stop,
        /// Where it was.
        pc: u64,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoweredOff(status) => write!(f, "powered off with status {status}"),
            Self::Hang { pc } => write!(f, "no progress, at {pc:#x}"),
            Self::Crash { stop, pc } => write!(f, "{stop}, at {pc:#x}"),
        }
    }
}

/// A machine.
pub struct Machine<S> {
    /// Its CPU, with memory and board.
    pub processor: Processor<S>,
}

impl Machine<Bare> {
    /// A bare machine of this CPU model, about to run an ELF image. Embedded CPUs have their initial translations: the RAM
    /// in entry 0 of the TLB (TLB1 of e500), the board's registers in entry 1.
    ///
    /// # Errors
    /// If the image is not one.
    pub fn bare(profile: &'static Cpu, image: &[u8]) -> Result<Self, ImageError> {
        let mut core = load(profile, image)?;
        let mut bare = Bare::new(&mut core);
        bare.mmu.map_initially(0, 0, layout::RAM_SIZE.into());
        bare.mmu.map_initially(1, board::REGISTERS.into(), board::REGISTERS_SIZE.into());
        bare.set_msr(&mut core, 0);
        Ok(Self { processor: Processor::new(core, bare) })
    }
}

impl Machine<Hypervisor> {
    /// A hypervisor whose guest has this CPU model and is about to run an ELF image, with the same initial translations.
    ///
    /// # Errors
    /// If the image is not one.
    pub fn guest(profile: &'static Cpu, image: &[u8], setup: Setup) -> Result<Self, ImageError> {
        let mut core = load(profile, image)?;
        let mut hypervisor = Hypervisor::new(&mut core, setup);
        hypervisor.mmu.map_initially(0, 0, layout::RAM_SIZE.into());
        hypervisor.mmu.map_initially(1, board::REGISTERS.into(), board::REGISTERS_SIZE.into());
        Ok(Self { processor: Processor::new(core, hypervisor) })
    }
}

impl<S: Supervisor> Machine<S> {
    /// Puts bytes into RAM, for instance the batch; false, and nothing done, if they do not fit there.
    #[must_use]
    pub fn place(&mut self, address: u32, bytes: &[u8]) -> bool {
        let Some(place) = self.core_mut().memory.slice_mut(address.into(), bytes.len()) else { return false };
        place.copy_from_slice(bytes);
        true
    }

    /// The log as it lies in memory.
    #[must_use]
    pub fn log(&self) -> &[u8] {
        self.core().memory.slice(layout::LOG_BASE.into(), layout::LOG_SIZE as usize).unwrap_or(&[])
    }

    /// What the guest has written to the console.
    #[must_use]
    pub fn console(&self) -> &[u8] {
        &self.core().board.console
    }

    /// The CPU's registers, its memory and its board.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.processor.core
    }

    /// The same, to be changed.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.processor.core
    }

    /// Runs until the machine ends or a limit is reached.
    pub fn run(&mut self, limits: Limits, host: &mut dyn Host<S>) -> Outcome {
        let mut seen = self.progress();
        let mut deadline = limits.step;
        loop {
            match self.processor.run(deadline.min(limits.total)) {
                Pause::Board => {
                    if let Some(status) = self.core().board.powered_off {
                        return Outcome::PoweredOff(status);
                    }
                    if self.core_mut().board.host_call.take().is_some() {
                        let Processor { core, supervisor } = &mut self.processor;
                        serve(host, core, supervisor);
                    }
                }
                Pause::Stopped(stop) => return Outcome::Crash { stop, pc: self.core().state.pc },
                Pause::Limit => {
                    let now = self.progress();
                    let executed = self.core().clock.executed();
                    if now == seen || executed >= limits.total {
                        return Outcome::Hang { pc: self.core().state.pc };
                    }
                    seen = now;
                    deadline = executed.saturating_add(limits.step);
                }
            }
        }
    }

    /// What changes when the guest begins another step: the case, the step and the length of the log.
    fn progress(&self) -> [Option<u32>; 3] {
        let field = |offset: u32| self.core().memory.read_u32(u64::from(layout::LOG_BASE + offset));
        [field(log::AT_CASE), field(log::AT_STEP), field(log::AT_LENGTH)]
    }
}
