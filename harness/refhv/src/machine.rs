//! A whole machine: a CPU with its supervisor and RAM, an image and a batch in it, run until something ends it.

use std::fmt;
use std::sync::Arc;

use sprig_isa::cpu::Cpu;
use sprig_wire::{board, layout, log};

use crate::bare::Bare;
use crate::cpu::{Core, Pause, Processor, Stop, Supervisor};
use crate::host::{Host, serve};
use crate::hypervisor::{Hypervisor, Setup};
use crate::image::{Image, ImageError};
use crate::memory::Memory;

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
    image: Arc<Image>,
    /// What else has been put into memory, and where.
    placed: Vec<(u32, Vec<u8>)>,
}

impl Machine<Bare> {
    /// A bare machine of this CPU model.
    ///
    /// # Errors
    /// If the image does not fit its memory.
    pub fn bare(profile: &'static Cpu, image: Arc<Image>) -> Result<Self, ImageError> {
        Self::new(profile, image, Bare::new)
    }
}

impl Machine<Hypervisor> {
    /// A hypervisor whose guest has this CPU model.
    ///
    /// # Errors
    /// If the image does not fit its memory.
    pub fn guest(profile: &'static Cpu, image: Arc<Image>, setup: Setup) -> Result<Self, ImageError> {
        Self::new(profile, image, |core| Hypervisor::new(core, setup))
    }
}

impl<S: Supervisor> Machine<S> {
    /// A machine of this CPU model, about to enter the image as [`sprig_wire::board`] describes.
    ///
    /// # Errors
    /// If the image does not fit its memory.
    pub fn new(
        profile: &'static Cpu,
        image: Arc<Image>,
        supervisor: impl FnOnce(&mut Core) -> S,
    ) -> Result<Self, ImageError> {
        let mut core = Core::new(profile, Memory::new(layout::RAM_SIZE as usize));
        let supervisor = supervisor(&mut core);
        let mut machine = Self { processor: Processor::new(core, supervisor), image, placed: Vec::new() };
        machine.enter()?;
        Ok(machine)
    }

    /// A machine that has been running, and has nothing placed in its memory.
    pub(crate) fn going_on(processor: Processor<S>, image: Arc<Image>) -> Self {
        Self { processor, image, placed: Vec::new() }
    }

    /// The image it was entered with.
    pub(crate) fn image(&self) -> Arc<Image> {
        Arc::clone(&self.image)
    }

    /// Puts image and placed bytes into memory and sets the registers to what they are at entry.
    fn enter(&mut self) -> Result<(), ImageError> {
        let Processor { core, supervisor } = &mut self.processor;
        self.image.load(&mut core.memory)?;
        for (address, bytes) in &self.placed {
            if let Some(place) = core.memory.slice_mut((*address).into(), bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        core.reset();
        core.state.pc = core.state.register(self.image.entry());
        core.state.gpr[board::MAGIC_REGISTER] = u64::from(board::EPAPR_MAGIC);
        supervisor.reset(core);
        Ok(())
    }

    /// Puts bytes into RAM, for instance the batch, now and after each reset; false, and nothing done, if they do not
    /// fit there.
    #[must_use]
    pub fn place(&mut self, address: u32, bytes: &[u8]) -> bool {
        let Some(place) = self.core_mut().memory.slice_mut(address.into(), bytes.len()) else { return false };
        place.copy_from_slice(bytes);
        self.placed.push((address, bytes.to_vec()));
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
                    if std::mem::take(&mut self.core_mut().board.reset) && self.enter().is_err() {
                        // It fitted at first, and the memory has not become smaller.
                        return Outcome::Hang { pc: self.core().state.pc };
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

    /// What changes when the guest begins another step.
    fn progress(&self) -> [Option<u32>; 2] {
        let field = |offset: u32| self.core().memory.read_u32(u64::from(layout::LOG_BASE + offset));
        [field(log::AT_CASE), field(log::AT_BEGUN)]
    }
}
