//! One case in a machine of its own: from the board's entry state to the end of the VM.
//!
//! ```text
//!             .---------- KVM_RUN <-----------.
//!             v                               |
//!   store to the board, a hypercall ----> done -+     power-off, a watchdog that barks, KVM_RUN that fails: the end
//!   a signal ------------> still getting on? -+
//!   anything else --> noted as the step's own -'
//! ```

use crate::board::{self, Latch, Request};
use crate::entry;
use crate::exit::{Exit, Mmio, Unexpected};
use crate::host::Host;
use crate::image::{BadImage, Image};
use crate::papr::{self, Answer};
use crate::registers::{Family, Regs, Sregs};
use crate::report::{Reporter, Text};
use crate::returns::Returns;
use crate::system::{EAGAIN, EINTR, Errno, Failure, System, Vm, interrupt};
use crate::watchdog::{Progress, Stuck, Watchdog};
use core::fmt;
use sprig_isa::hcall::papr::H_SUCCESS;
use sprig_isa::msr;
use sprig_wire::batch::{Batch, LOUD, SILENT};
use sprig_wire::board::{COUNTED, EPAPR_MAGIC, KIND_REGISTER, MAGIC_REGISTER, NO_DEVICES_IN_REAL_MODE, RADIX};
use sprig_wire::bytecode;
use sprig_wire::frame::{LINE, PAYLOAD, Record, decode};
use sprig_wire::layout::{BATCH_BASE, BATCH_SIZE};
use sprig_wire::{Malformed, log};

/// What is put into a machine's memory.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The guest kernel.
    pub image: Image<'a>,
    /// The batch its case is taken from.
    pub batch: Batch<'a>,
    /// The case's place in it.
    pub index: u32,
    /// Tenths of a second that it may be without progress.
    pub patience: u32,
    /// The host's clock counts instructions.
    pub counted: bool,
}

/// A machine could not be set up. Not the guest's doing, nor anything it could change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// The image does not fit the machine.
    Image,
    /// The batch is not one.
    Batch(Malformed),
    /// A system call failed.
    Call(Failure),
}

impl SetupError {
    /// What somebody can do about it who runs the VMM by hand.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Image | Self::Batch(_) => {
                Some("the files are not those of an export, or are damaged: copy them again")
            }
            Self::Call(failure) => failure.advice(),
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image => write!(f, "the guest image is damaged"),
            Self::Batch(malformed) => malformed.fmt(f),
            Self::Call(failure) => failure.fmt(f),
        }
    }
}

impl From<BadImage> for SetupError {
    fn from(_: BadImage) -> Self {
        Self::Image
    }
}

impl From<Malformed> for SetupError {
    fn from(malformed: Malformed) -> Self {
        Self::Batch(malformed)
    }
}

impl From<Failure> for SetupError {
    fn from(failure: Failure) -> Self {
        Self::Call(failure)
    }
}

/// How a machine came to its end.
#[derive(Debug)]
pub enum End {
    /// The guest switched it off; with its last words, if it gave up.
    PoweredOff(Text),
    /// It got nowhere any more; with its registers, where they can be read.
    Hung(Option<Regs>),
    /// KVM_RUN failed.
    Failed(Errno),
    /// KVM_RUN returned for nothing that can be served, before the case had begun.
    GivenUp(Unexpected),
    /// KVM_RUN returned for more reasons than are kept; this is the last.
    TooManyReturns(Unexpected),
}

/// What has become of a return of KVM_RUN.
#[allow(clippy::large_enum_variant)] // there is one at a time, and no heap
enum Served {
    /// It is served.
    Done,
    /// The board has this access to serve.
    Access(Mmio),
    /// It is the machine's end.
    Ended(End),
}

impl From<Option<End>> for Served {
    fn from(end: Option<End>) -> Self {
        end.map_or(Self::Done, Self::Ended)
    }
}

/// What a machine has outside of its CPU and memory.
struct Devices {
    console: Console,
    latch: Latch,
    host: Host,
}

/// A machine with a case in it.
#[derive(Debug)]
pub struct Machine<'a, V> {
    /// The virtual machine.
    pub vm: V,
    program: Program<'a>,
    /// The registers as the kernel makes them.
    pristine: Sregs,
}

impl<'a, V: Vm> Machine<'a, V> {
    /// Puts a case into a new virtual machine, about to enter the image as [`sprig_wire::board`] describes.
    ///
    /// # Errors
    /// [`SetupError`]: nothing can be run.
    pub fn new(mut vm: V, program: Program<'a>) -> Result<Self, SetupError> {
        let pristine = vm.sregs().map_err(|errno| errno.of("KVM_GET_SREGS"))?;
        let mut machine = Self { vm, program, pristine };
        machine.enter(true)?;
        Ok(machine)
    }

    /// Puts image and case into memory, and the CPU to what it is at entry. After a reset memory holds what the guest
    /// has left.
    fn enter(&mut self, is_new: bool) -> Result<(), SetupError> {
        let Program { image, batch, index, counted, .. } = &self.program;
        let ram = self.vm.ram();
        image.load(ram, is_new)?;
        // Each case has a machine of its own, so the batch in it has one case; frames are the host's to send, but for
        // those that tell each step.
        let flags = if batch.is_loud() { LOUD } else { SILENT };
        let start = BATCH_BASE as usize;
        let room = ram.get_mut(start..start + BATCH_SIZE as usize).unwrap_or(&mut []);
        batch.write_single(*index, flags, room)?;
        let mut regs = Regs::at(image.entry());
        if self.vm.family() == Family::Embedded {
            regs.set_msr(msr::ME);
        }
        regs.gpr[MAGIC_REGISTER] = EPAPR_MAGIC.into();
        let partition = match (self.vm.is_hv(), self.vm.is_radix()) {
            (true, true) => RADIX,
            (true, false) => NO_DEVICES_IN_REAL_MODE,
            (false, _) => 0,
        };
        regs.gpr[KIND_REGISTER] = (partition | if *counted { COUNTED } else { 0 }).into();
        Ok(entry::enter(&mut self.vm, &self.pristine, &regs)?)
    }

    /// Runs it to its end. Returns of KVM_RUN that nobody asked for go to `returns`; in a loud batch each step is told.
    ///
    /// # Errors
    /// [`SetupError`] where a reset fails.
    pub fn run(&mut self, reporter: &mut Reporter<'_, impl System>, returns: &mut Returns) -> Result<End, SetupError> {
        // From here on: what ticks a machine sees does not depend on those before it.
        reporter.system.tick_soon();
        let mut watchdog = Watchdog::new(self.program.patience, self.longest_wait(), reporter.system.ticks());
        let mut devices = Devices { console: Console::new(), latch: Latch::default(), host: Host::default() };
        loop {
            let exit = self.vm.run();
            let progress = Progress::of(self.vm.ram());
            let look = || {
                let mut exits = 0;
                self.vm.counters(&mut |_, count| exits += count);
                Stuck { exits, registers: self.vm.regs().ok() }
            };
            if watchdog.is_hung(reporter.system.ticks(), progress, look) {
                return Ok(End::Hung(self.vm.regs().ok()));
            }
            if watchdog.is_suspicious() {
                reporter.system.tick_soon();
            }
            if watchdog.is_to_be_told(reporter.system.ticks()) {
                self.tell(reporter);
            }
            let end = match self.serve(exit, &mut devices.host, returns) {
                Served::Done => None,
                Served::Access(access) => self.access(&access, &mut devices, reporter, returns)?,
                Served::Ended(end) => Some(end),
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Serves a return of KVM_RUN, up to an access to the board.
    fn serve(&mut self, exit: Result<Exit, Errno>, host: &mut Host, returns: &mut Returns) -> Served {
        let failed = |errno| Served::Ended(End::Failed(errno));
        match exit {
            Err(EINTR | EAGAIN) | Ok(Exit::Interrupted) => Served::Done,
            Err(errno) => failed(errno),
            Ok(Exit::Mmio(access)) => Served::Access(access),
            Ok(Exit::Hypercall(call)) if host.answer(&mut self.vm, &call) => Served::Done,
            Ok(Exit::Hypercall(call)) => match papr::serve(&mut self.vm, &call) {
                Ok(Answer::Status(status)) => {
                    self.vm.answer_hypercall(status);
                    Served::Done
                }
                Ok(Answer::Store(access)) => {
                    self.vm.answer_hypercall(H_SUCCESS);
                    Served::Access(access)
                }
                Err(errno) => failed(errno),
            },
            Ok(Exit::Vector) => {
                host.tell_vector(&mut self.vm);
                Served::Done
            }
            Ok(Exit::Watchdog) if host.hears_watchdog() => Served::Done,
            Ok(Exit::Watchdog) => self.note(Unexpected::WATCHDOG, returns).into(),
            Ok(Exit::Osi) if host.answers_osi(&mut self.vm) => Served::Done,
            Ok(Exit::Osi) => self.note(Unexpected::OSI, returns).into(),
            Ok(Exit::Debug(why)) => match host.stopped(&mut self.vm, why) {
                Ok(true) => Served::Done,
                Ok(false) => self.note(why.unexpected(), returns).into(),
                Err(errno) => failed(errno),
            },
            Ok(Exit::Unexpected(what)) => self.note(what, returns).into(),
        }
    }

    /// Does what an access to the board asks for; the end where it is that.
    fn access(
        &mut self,
        access: &Mmio,
        devices: &mut Devices,
        reporter: &mut Reporter<'_, impl System>,
        returns: &mut Returns,
    ) -> Result<Option<End>, SetupError> {
        let Devices { console, latch, host } = devices;
        // The board has those before it that were collected for it: they mean nothing but to the latch.
        while let Some(store) = self.vm.next_collected() {
            board::request(&store, latch);
        }
        match board::request(access, latch) {
            Request::Console(byte) => console.hear(byte, reporter),
            Request::PowerOff(_) => {
                return Ok(Some(End::PoweredOff(core::mem::replace(&mut console.last_words, Text::EMPTY))));
            }
            Request::HostCall => host.serve(&mut self.vm),
            Request::HostCallByLoad(data) => {
                self.vm.answer_load(data);
                host.serve(&mut self.vm);
            }
            Request::LowerExternal => return Ok(self.vm.interrupt(interrupt::UNSET).err().map(End::Failed)),
            Request::Reset => self.enter(false)?,
            Request::Load(data) => self.vm.answer_load(data),
            Request::Ignored => {}
            Request::NoDevice => {
                self.vm.answer_load([0; 8]);
                return Ok(self.note(access.unexpected(), returns));
            }
        }
        Ok(None)
    }

    /// Notes a return that nobody asked for as the running step's; the end where that cannot be.
    fn note(&mut self, what: Unexpected, returns: &mut Returns) -> Option<End> {
        // Before the first step there is no observation it could belong to.
        let Some((step, length)) = self.step() else { return Some(End::GivenUp(what)) };
        returns.note(step, length, what).is_err().then_some(End::TooManyReturns(what))
    }

    /// Says at which step the case is.
    fn tell(&mut self, reporter: &mut Reporter<'_, impl System>) {
        if let Ok((log::Header { case, step, .. }, _)) = log::open(self.log()) {
            reporter.send(&Record::Step { case, step });
        }
    }

    /// Rounds of the longest wait of the case.
    fn longest_wait(&self) -> u32 {
        let Program { batch, index, .. } = &self.program;
        batch.case(*index).map_or(0, |case| bytecode::longest_wait(case.ops))
    }

    /// The step that runs, if the case has come so far, and how long the log is.
    fn step(&mut self) -> Option<(u16, u32)> {
        let (header, entries) = log::open(self.log()).ok()?;
        // Steps are numbered in 16 bits, see `sprig_wire::bytecode`.
        Some((log::begun(header.step)?.try_into().ok()?, entries.len().try_into().ok()?))
    }

    /// The guest's log.
    pub fn log(&mut self) -> &[u8] {
        let start = sprig_wire::layout::LOG_BASE as usize;
        self.vm.ram().get(start..start + sprig_wire::layout::LOG_SIZE as usize).unwrap_or(&[])
    }
}

/// The guest's console: frames of its own, which say at which step it is, and its last words.
struct Console {
    line: [u8; LINE],
    length: usize,
    last_words: Text,
}

impl Console {
    const fn new() -> Self {
        Self { line: [0; LINE], length: 0, last_words: Text::EMPTY }
    }

    fn hear(&mut self, byte: u8, reporter: &mut Reporter<'_, impl System>) {
        if byte != b'\n' {
            if let Some(place) = self.line.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
            return;
        }
        let line = self.line.get(..self.length).unwrap_or(&self.line);
        let mut payload = [0; PAYLOAD];
        match decode(line, &mut payload) {
            Ok((_, step @ Record::Step { .. })) => reporter.send(&step),
            Ok((_, Record::Panic(words))) => self.last_words = Text::of(Ascii(words)),
            // What else it says the host says itself, from the log.
            _ => {}
        }
        self.length = 0;
    }
}

struct Ascii<'a>(&'a [u8]);

impl fmt::Display for Ascii<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

/// The log's header and entries, if the guest has come as far as the case.
#[must_use]
pub fn read_log(log: &[u8], case: u32) -> Option<(log::Header, &[u8])> {
    // In memory that is zero there is no log; a case may also have written over it.
    log::open(log).ok().filter(|(header, _)| header.case == case)
}
