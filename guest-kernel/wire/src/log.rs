//! The log: what the guest observed, as it lies at [`crate::layout::LOG_BASE`].
//!
//! Written with plain stores while a case runs, so that observing causes no exit. When the case has ended it is sent
//! over the console, or kept or left in memory for a host that can read it.
//!
//! ```text
//!   +0x00  u32 magic, u16 version, u16 state, u32 case id, u32 current step, u32 bytes of entries
//!   +0x14  u32 index of the case in the batch, u32 offset in its bytecode, u32 frame sequence number: where to go on
//!          after a reset
//!   +0x20  u32 bytes of entries kept of earlier cases, u32 steps begun
//!   +0x28  entries:
//!            u16 step, u8 kind and width, u8 number of values
//!            if kind tells of an exception:  u8 exception, three zeros; the numbers ESR or DSISR, SRR0, SRR1, DEAR or DAR
//!            values, a number each
//!          a number: 32 bits, or 64 where one of the entry's is so large
//! ```
//!
//! Everything is at a multiple of four: an unaligned access is expensive in an emulator.

use crate::Malformed;
use crate::cursor::Cursor;

/// "SLOG".
pub const MAGIC: u32 = 0x534c_4f47;
/// Offset of the entries from the start of the log, bytes.
pub const ENTRIES: u32 = 0x28;
/// Offset of the version in the header, bytes.
pub const AT_VERSION: u32 = 4;
/// Offset of the state in the header, bytes.
pub const AT_STATE: u32 = 6;
/// Offset of the case id in the header, bytes.
pub const AT_CASE: u32 = 8;
/// Offset of the current step in the header, bytes: the guest stores it before each operation, and a host that counts
/// exits reads it to say which step caused one. After the last step it is one more.
pub const AT_STEP: u32 = 12;
/// What stands there before the first step: the guest puts itself into the state where every case begins.
pub const NO_STEP: u32 = u32::MAX;
/// The step that the header's field names, if one has begun.
#[must_use]
pub const fn begun(step: u32) -> Option<u32> {
    if step == NO_STEP { None } else { Some(step) }
}

/// Offset of the length of the entries in the header, bytes.
pub const AT_LENGTH: u32 = 16;

/// Offset of the index of the running case in its batch, bytes.
pub const AT_INDEX: u32 = 20;
/// Offset of the place in the bytecode where a reset guest goes on, bytes.
pub const AT_RESUME: u32 = 24;
/// Offset of the next frame's sequence number, kept over a reset, bytes.
pub const AT_SEQUENCE: u32 = 28;
/// Offset of the number of bytes that are in use at [`crate::layout::KEPT_BASE`], kept over a reset, bytes.
pub const AT_KEPT: u32 = 32;
/// Offset of the number of steps that the case has begun, bytes: each round of a race begins its steps again. A host
/// sees by it that the guest gets somewhere.
pub const AT_BEGUN: u32 = 36;

/// How far a case has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum State {
    /// No case has begun.
    Idle = 0,
    /// The case is running.
    Running = 1,
    /// The case ran to its end.
    Ended = 2,
    /// The guest's own code took an exception it should not have; the last entry describes it.
    Stray = 3,
    /// The bytecode is not what this guest understands.
    BadBytecode = 4,
    /// The log is full.
    Full = 5,
    /// An operation asks for something this platform does not have.
    Unsupported = 6,
    /// The case has asked for a reset and continues after it when the guest starts again.
    Resetting = 7,
}

impl State {
    /// The state with this number.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            0 => Self::Idle,
            1 => Self::Running,
            2 => Self::Ended,
            3 => Self::Stray,
            4 => Self::BadBytecode,
            5 => Self::Full,
            6 => Self::Unsupported,
            7 => Self::Resetting,
            _ => return None,
        })
    }
}

/// What an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The step ran to its end.
    Completed = 0,
    /// The step's stub took an exception.
    Exception = 1,
    /// The guest's own code took an exception during this step.
    Stray = 2,
    /// In a race: the step had more different outcomes than are kept.
    Overflow = 3,
    /// The hypervisor did not know how to go on and gave the guest up to user space, which let it go on all the same.
    /// Put there by the host; values: the reason and what the hypervisor says of it (KVM_EXIT_*,
    /// `hardware_exit_reason`).
    GivenUp = 4,
}

/// Different outcomes a race keeps of one step.
pub const RACE_OUTCOMES: usize = 8;

/// How many bits each number of an entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32.
    Narrow,
    /// 64: `Self::FLAG` is set next to the kind.
    Wide,
}

impl Width {
    /// Set in the kind's byte in addition to the kind, if numbers are of 64 bits.
    const FLAG: u8 = 1 << 7;

    /// That of an entry whose numbers are all in this one, ORed together.
    #[inline(always)]
    #[must_use]
    pub const fn of(numbers: u64) -> Self {
        if numbers >> u32::BITS == 0 { Self::Narrow } else { Self::Wide }
    }

    /// The byte in an entry's header that says this and its kind.
    #[inline(always)]
    #[must_use]
    pub const fn with_kind(self, kind: Kind) -> u8 {
        match self {
            Self::Narrow => kind as u8,
            Self::Wide => kind as u8 | Self::FLAG,
        }
    }

    fn decode(self, c: &mut Cursor<'_>) -> Result<u64, Malformed> {
        match self {
            Self::Narrow => c.u32().map(u64::from),
            Self::Wide => c.u64(),
        }
    }
}

/// The interrupt an entry describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Number of the exception (`sprig_isa::exception`).
    pub exception: u8,
    /// ESR on the embedded families, DSISR on the server ones.
    pub syndrome: u32,
    /// Where it happened: SRR0, or CSRR0 or MCSRR0 by the exception's class.
    pub srr0: u64,
    /// The machine state it saved: SRR1, CSRR1 or MCSRR1.
    pub srr1: u64,
    /// DEAR or DAR.
    pub dar: u64,
}

impl Interrupt {
    /// Most bytes it takes in an entry.
    pub const MOST: usize = EXCEPTION + 4 * size_of::<u64>();

    fn decode(c: &mut Cursor<'_>, width: Width) -> Result<Self, Malformed> {
        let [exception, ..] = c.array::<EXCEPTION>()?;
        let malformed = c.malformed();
        let syndrome = u32::try_from(width.decode(c)?).map_err(|_| malformed)?;
        Ok(Self { exception, syndrome, srr0: width.decode(c)?, srr1: width.decode(c)?, dar: width.decode(c)? })
    }
}

/// Size of an entry's fixed part, bytes.
pub const ENTRY_HEADER: usize = 4;
/// Bytes of the exception's number and what fills it up.
pub const EXCEPTION: usize = 4;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The script step.
    pub step: u16,
    /// What it tells.
    pub kind: Kind,
    /// The exception, unless the step ran to its end.
    pub interrupt: Option<Interrupt>,
    width: Width,
    values: &'a [u8],
    /// Bytes it takes in the log.
    pub size: usize,
}

impl<'a> Entry<'a> {
    /// The values observed, in the order of the step's outputs.
    pub fn values(&self) -> impl Iterator<Item = u64> + use<'a> {
        let mut c = Cursor::new(self.values, "log entry");
        let width = self.width;
        // They were read once when the entry was.
        core::iter::from_fn(move || if c.is_at_end() { None } else { width.decode(&mut c).ok() })
    }
}

/// The bytes of an entry, as a guest writes them.
#[cfg(feature = "alloc")]
#[must_use]
pub fn encode(step: u16, kind: Kind, interrupt: Option<&Interrupt>, values: &[u64]) -> alloc::vec::Vec<u8> {
    let mut numbers = alloc::vec::Vec::new();
    if let Some(Interrupt { syndrome, srr0, srr1, dar, .. }) = interrupt.copied() {
        numbers.extend([syndrome.into(), srr0, srr1, dar]);
    }
    numbers.extend(values);
    let width = Width::of(numbers.iter().fold(0, |all, number| all | number));
    let [high, low] = step.to_be_bytes();
    // No step gives more values than an operation can list.
    let count = u8::try_from(values.len()).unwrap_or(u8::MAX);
    let mut bytes = alloc::vec::Vec::from([high, low, width.with_kind(kind), count]);
    bytes.extend(interrupt.map(|interrupt| [interrupt.exception, 0, 0, 0]).iter().flatten());
    for number in numbers {
        match width {
            Width::Narrow => bytes.extend((number as u32).to_be_bytes()),
            Width::Wide => bytes.extend(number.to_be_bytes()),
        }
    }
    bytes
}

/// Reads the entries of a log one after the other.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
}

impl<'a> Entries<'a> {
    /// The entries in these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn decode(&mut self) -> Result<Entry<'a>, Malformed> {
        let mut c = Cursor::new(self.bytes, "log entry");
        let malformed = c.malformed();
        let step = c.u16()?;
        let kind = c.u8()?;
        let width = if kind & Width::FLAG == 0 { Width::Narrow } else { Width::Wide };
        let kind = match kind & !Width::FLAG {
            0 => Kind::Completed,
            1 => Kind::Exception,
            2 => Kind::Stray,
            3 => Kind::Overflow,
            4 => Kind::GivenUp,
            _ => return Err(malformed),
        };
        let count = c.u8()?;
        let interrupt = match kind {
            Kind::Completed | Kind::Overflow | Kind::GivenUp => None,
            Kind::Exception | Kind::Stray => Some(Interrupt::decode(&mut c, width)?),
        };
        let start = c.position();
        for _ in 0..count {
            width.decode(&mut c)?;
        }
        let values = self.bytes.get(start..c.position()).ok_or(malformed)?;
        let size = c.position();
        self.bytes = self.bytes.get(size..).ok_or(malformed)?;
        Ok(Entry { step, kind, interrupt, width, values, size })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let entry = self.decode();
        if entry.is_err() {
            self.bytes = &[];
        }
        Some(entry)
    }
}

/// The header of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How far the case has come.
    pub state: State,
    /// The case's number.
    pub case: u32,
    /// The step that runs or ran last, as [`begun`] takes it.
    pub step: u32,
    /// Bytes of entries.
    pub length: u32,
}

/// Reads a log from guest memory: its header and the bytes of its entries.
///
/// # Errors
/// [`Malformed`] where the magic, version or state is wrong, or the entries do not fit.
pub fn open(memory: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    let mut c = Cursor::new(memory, "log");
    let malformed = c.malformed();
    let (magic, version, state) = (c.u32()?, c.u16()?, c.u16()?);
    let (case, step, length) = (c.u32()?, c.u32()?, c.u32()?);
    if magic != MAGIC || version != crate::VERSION {
        return Err(malformed);
    }
    let state = State::from_number(state).ok_or(malformed)?;
    let start = ENTRIES as usize;
    let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(malformed)?;
    let entries = memory.get(start..end).ok_or(malformed)?;
    Ok((Header { state, case, step, length }, entries))
}
