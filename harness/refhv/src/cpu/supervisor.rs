//! The seam between the processor and the kind of machine it is in.

use super::{Core, Fault, Interrupt, Pause, Privileged, Processor};

/// What an address is translated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Instruction fetch.
    Fetch,
    /// Load (and the cache instructions that are treated as loads).
    Load,
    /// Store (and dcbz, dcbi).
    Store,
}

/// mfspr or mtspr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// mfspr: RT := SPR.
    Read,
    /// mtspr: SPR := RS.
    Write,
}

/// A privileged instruction that problem state may not execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// mfspr or mtspr of a register that the CPU has.
    Move(Direction),
    /// Another.
    Privileged(Privileged),
}

/// Where an effective address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Guest-physical address.
    pub physical: u64,
    /// True if the 4 KiB page around the address is mapped alike, so that the translation may be kept in the
    /// [`super::Lookaside`].
    pub whole_page: bool,
}

/// Everything that depends on what kind of machine the CPU is in.
pub trait Supervisor: Sized {
    /// Runs a processor: calls its `run_loop` and nothing else. The loop is generic and would be compiled where it is
    /// used, with whatever optimisation there is; called from here it is compiled in this crate, which is always
    /// optimised.
    fn run(processor: &mut Processor<Self>, limit: u64) -> Pause;

    /// The machine has been switched on, or reset: `core` has the registers it has at entry, and everything the
    /// supervisor knows of the past is gone, but for what outlives a reset on this kind of machine.
    fn reset(&mut self, core: &mut Core);

    /// Translates an effective address (already cut to the mode's width). Called when the lookaside does not know it.
    ///
    /// # Errors
    /// Why there is no translation. The CPU makes it an [`Interrupt`] and calls [`Self::interrupt`].
    fn translate(&mut self, core: &mut Core, address: u64, access: Access) -> Result<Translation, Fault>;

    /// Executes a privileged instruction (`core.insn`) in supervisor state, MSR\[PR\] = 0. `core.state.nia` is the
    /// following instruction and may be changed.
    ///
    /// # Errors
    /// The interrupt the instruction causes instead.
    fn privileged(&mut self, core: &mut Core, instruction: Privileged) -> Result<(), Interrupt>;

    /// Executes mfspr or mtspr (`core.insn`) in supervisor state, MSR\[PR\] = 0, for a register that is not open to
    /// problem state.
    ///
    /// # Errors
    /// The interrupt the instruction causes instead.
    fn special(&mut self, core: &mut Core, direction: Direction, number: u16) -> Result<(), Interrupt>;

    /// The instruction at `core.state.pc` has caused an interrupt: deliver it, or emulate the instruction. Execution
    /// goes on at what this leaves in `core.state.pc`. System calls come here with `core.state.nia` as their return
    /// address.
    fn interrupt(&mut self, core: &mut Core, interrupt: Interrupt);

    /// `core.insn` is privileged, and the hardware in problem state. As [`Self::interrupt`] with the program interrupt
    /// that this causes: what a guest's kernel does most under a hypervisor need not be told from all the others first.
    fn refused(&mut self, core: &mut Core, _instruction: Refused) {
        let privileged = Interrupt::privileged(core.state.profile.family);
        self.interrupt(core, privileged);
    }

    /// Timers and interrupt lines: called before an instruction once the clock's alarm is due. Delivers what is pending
    /// and enabled (return address `core.state.pc`) and sets the next alarm.
    fn poll(&mut self, core: &mut Core);

    /// A load or store of the guest has reached a device instead of RAM. For counting exits.
    fn device_access(&mut self, _core: &mut Core) {}
}
