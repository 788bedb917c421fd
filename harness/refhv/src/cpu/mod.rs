//! The PowerPC processor as problem state sees it: registers, decode and execution of every instruction.
//!
//! Nothing here knows whether the machine is bare or a guest. Whatever depends on that goes through [`Supervisor`]:
//!
//! ```text
//!   fetch --Lookaside hit-------------------------> code (decoded) -> execute -> next
//!         '-miss-> Supervisor::translate                             |
//!                                                                    |-- load, store: Lookaside, else translate
//!   an instruction faults, or MSR[PR] = 1 and it is privileged ----> Supervisor::interrupt
//!   MSR[PR] = 0 and it is privileged ------------------------------> Supervisor::privileged
//!   the clock's alarm ---------------------------------------------> Supervisor::poll
//! ```
//!
//! MSR here is always the register the hardware has. Under the hypervisor it has PR = 1 throughout, whatever the guest
//! believes its own MSR to be; that is what makes the guest kernel's privileged instructions exit.

mod arithmetic;
mod branch;
mod code;
pub mod condition;
#[cfg(test)]
mod encodings;
mod execute;
mod insn;
mod interrupt;
mod load_store;
mod logical;
mod lookaside;
pub mod opcode;
mod operation;
mod privileged;
mod rotate;
mod run;
mod special;
mod state;
mod storage;
mod stretch;
mod supervisor;
#[cfg(test)]
pub(crate) mod testing;
pub mod xer;

pub use insn::Insn;
pub use interrupt::{Fault, Interrupt};
pub use lookaside::Lookaside;
pub use privileged::Privileged;
pub use run::{Pause, Processor, Stop};
pub(crate) use special::undefined_spr;
pub use state::{Reservation, Sprs, State};
pub use supervisor::{Access, Direction, Refused, Supervisor, Translation};

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::exception::Exception;
use sprig_isa::msr;

use code::Code;
use stretch::Stretch;

use crate::board::Board;
use crate::clock::Clock;
use crate::memory::Memory;

/// Bytes of an instruction.
pub(crate) const INSTRUCTION: u64 = 4;

/// What a supervisor works on: the registers, the RAM and the time of one CPU. What every instruction uses comes first,
/// as in [`State`].
#[repr(C)]
pub struct Core {
    /// What is executed of the code.
    stretch: Stretch,
    /// The registers.
    pub state: State,
    /// Guest-physical RAM.
    pub memory: Memory,
    /// Devices and interrupt lines.
    pub board: Board,
    /// Time.
    pub clock: Clock,
    /// Translations used lately.
    pub lookaside: Lookaside,
    /// Its code.
    code: Code,
    /// The interrupt raised by the most recent instruction that raised one.
    raised: Interrupt,
    /// The instruction that the supervisor is emulating, else the last one executed.
    pub insn: Insn,
    /// The CPU executes nothing until an interrupt (wait, MSR\[WE\], MSR\[POW\], nap). Delivering one clears this.
    pub waiting: bool,
    /// The CPU has stopped for good; set by [`Core::stop`].
    pub stopped: Option<Stop>,
}

impl Core {
    /// A CPU of this model with its RAM, everything zero.
    #[must_use]
    pub fn new(profile: &'static Cpu, memory: Memory) -> Self {
        Self {
            stretch: Stretch::default(),
            state: State::new(profile),
            memory,
            board: Board::default(),
            clock: Clock::default(),
            lookaside: Lookaside::default(),
            code: Code::new(),
            raised: Interrupt::new(Exception::MachineCheck),
            insn: Insn(0),
            waiting: false,
            stopped: None,
        }
    }

    /// Registers, interrupt lines and time base as at power-on. Memory, console and the count of instructions stay.
    pub fn reset(&mut self) {
        self.state = State::new(self.state.profile);
        self.board.external = false;
        self.board.critical = false;
        self.clock.set_time_base(0);
        self.lookaside.flush();
        self.waiting = false;
        self.stopped = None;
    }

    /// An instruction is about to be executed by code that may need to know which, and when, or continue elsewhere.
    #[inline]
    fn announce(&mut self, insn: Insn) {
        self.count_stretch(self.state.pc.wrapping_add(INSTRUCTION));
        self.insn = insn;
        self.state.nia = self.state.following();
    }

    /// The same, and the stretch ends here.
    #[inline]
    fn begin(&mut self, insn: Insn) {
        self.announce(insn);
        self.settle();
    }

    /// Instructions are decoded again where memory has been written to.
    #[inline]
    fn update_code(&mut self) {
        self.code.update(&mut self.memory);
    }

    /// Stops the CPU for good.
    pub fn stop(&mut self, reason: Stop) {
        self.stopped = Some(reason);
        self.clock.wake_now();
    }

    /// Sets the hardware's MSR. `space` tells the lookaside which translations hold now: a supervisor gives a different
    /// number for each combination of whatever its translations depend on (see [`Lookaside::set_space`]). If an
    /// interrupt may have become deliverable, the clock has to be woken too.
    pub fn set_msr(&mut self, value: u64, space: u8) {
        self.state.msr = self.state.register(value);
        self.state.address_mask = if self.state.msr & msr::book3s::SF != 0 { u64::MAX } else { u64::from(u32::MAX) };
        let little_endian = self.state.msr & msr::book3s::LE != 0 && self.state.profile.set.intersects(CpuSet::POWER);
        if little_endian != self.state.little_endian {
            self.state.little_endian = little_endian;
            self.lookaside.forget_code();
        }
        self.lookaside.set_space(space);
    }
}
