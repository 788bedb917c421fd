//! What the interpreter asks of the machine it runs on.

use sprig_isa::cpu::Cpu;
use sprig_wire::bytecode::Register;
use sprig_wire::host;
use sprig_wire::log::Interrupt;

/// The memory a guest sets aside for the protocol, see [`sprig_wire::layout`].
#[derive(Debug)]
pub struct Memory<'a> {
    /// The batch, as the harness put it there.
    pub batch: &'a [u8],
    /// The log.
    pub log: &'a mut [u8],
    /// Where logs of cases that have ended are kept.
    pub kept: &'a mut [u8],
    /// The slots.
    pub slots: &'a mut [u64],
}

/// Memory that the coming operations of a case use.
#[derive(Debug)]
pub struct Used<'a> {
    /// The operations.
    pub ops: &'a [u8],
    /// All slots.
    pub slots: &'a mut [u64],
    /// How many of them the case uses.
    pub slots_used: usize,
    /// The log: its header, and where the next entries go.
    pub log: &'a mut [u8],
    /// Bytes of the log that are filled.
    pub log_filled: usize,
}

/// The platform or the build of the guest does not have what an operation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;

/// What a host step or a firmware call gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallResult {
    /// Results; those the call does not have are zero.
    pub results: [u64; host::VALUES],
    /// [`host::STATUS_OK`] or what else the other side said.
    pub status: u32,
}

/// What a guest kernel is built as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Its registers have 64 bits.
    pub wide: bool,
    /// It is little-endian, and so is what it finds in the magic page.
    pub little: bool,
}

/// A machine that can run a case.
pub trait Machine {
    /// What the guest kernel is built as.
    const KERNEL: Kernel;

    /// The CPU, by its PVR; none if the tables do not know it.
    fn cpu(&self) -> Option<&'static Cpu>;

    /// The processor version register, read at boot.
    fn pvr(&self) -> u32;

    /// Puts SPRGs, vectors, translations and interrupt state to where every case begins.
    fn reset_guest_state(&mut self);

    /// The same without the SPRGs. False if nothing can have changed, and nothing was done.
    fn restore(&mut self) -> bool;

    /// Copies stubs that have these [`sprig_wire::effect`]s to [`sprig_wire::layout::CODE_BASE`] and makes them
    /// executable.
    fn load_code(&mut self, code: &[u8], effects: u32);

    /// One word of the code, at this offset in bytes.
    fn read_code(&self, offset: u32) -> u32;

    /// Replaces words of the code, from this offset in bytes on, and makes them executable.
    fn write_code(&mut self, offset: u32, words: &[u32]);

    /// Touches every page the coming operations use, in the current privilege state: the guest's own instructions, data
    /// and stack, the code, and these. Later accesses then need no exit to translate them.
    fn touch_everything(&mut self, used: Used<'_>);

    /// True if the CPU's registers have 32 bits.
    fn has_word_registers(&self) -> bool;

    /// Makes a register hold this value when a stub begins, from the next one on. Without that it is zero.
    fn set_input(&mut self, register: Register, value: u64);

    /// The same, of a CPU that [has word registers](Self::has_word_registers).
    fn set_input_word(&mut self, register: Register, value: u32);

    /// Runs the stub at this offset in the code, which may be a plain one ([`sprig_wire::effect::is_plain`]). The
    /// exception, if there was one.
    fn exec(&mut self, stub: u32, is_plain: bool) -> Option<Interrupt>;

    /// A register as the last stub left it.
    fn output(&self, register: Register) -> u64;

    /// The same, of a CPU that [has word registers](Self::has_word_registers).
    fn output_word(&self, register: Register) -> u32;

    /// The stack pointer a stub gets in r1 when it does not ask for another value: never zero, since KVM compares r1
    /// with the page's `critical` field.
    fn stack_pointer(&self) -> u64;

    /// Goes on in problem state.
    fn enter_user(&mut self);

    /// Goes on in supervisor state.
    fn leave_user(&mut self);

    /// True if the asynchronous interrupt with this number has been taken since the case began or this was last asked.
    fn take_interrupt(&mut self, exception: u8) -> bool;

    /// Loops without causing an exit, for four instructions each round.
    fn spin(&mut self, rounds: u32);

    /// Translates the 4 KiB page at `ea` to the one at `pa`, with [`sprig_wire::bytecode::permission`]s.
    ///
    /// # Errors
    /// [`Unsupported`] where the guest cannot make that translation.
    fn map(&mut self, ea: u64, pa: u64, permissions: u8) -> Result<(), Unsupported>;

    /// Takes the translation of that page away.
    ///
    /// # Errors
    /// [`Unsupported`] where the guest cannot.
    fn unmap(&mut self, ea: u64) -> Result<(), Unsupported>;

    /// Has the host side carry out a step of [`sprig_wire::host`].
    ///
    /// # Errors
    /// [`Unsupported`] where the platform has no host side.
    fn host(&mut self, call: u16, arguments: &[u64]) -> Result<CallResult, Unsupported>;

    /// Calls the firmware, see [`sprig_wire::firmware`].
    ///
    /// # Errors
    /// [`Unsupported`] where the guest was not started by one.
    fn firmware(&mut self, service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported>;

    /// Resets the machine. Returns only if it cannot.
    fn reset(&mut self) -> Unsupported;

    /// Writes to the console. In problem state this has to go through the supervisor.
    fn console(&mut self, bytes: &[u8]);
}
