//! The log: what the guest observed, as it lies at [`crate::layout::LOG_BASE`].
//!
//! Written with plain stores while a case runs, so that observing causes no exit. When the case has ended it is sent over the
//! console, or kept or left in memory for whoever can read that.
//!
//! ```text
//!   +0x00  u32 magic, u16 version, u16 state, u32 case id, u32 current step, u32 bytes of entries
//!   +0x14  u32 index of the case in the batch, u32 offset in its bytecode, u32 frame sequence number: where to go on
//!          after a reset
//!   +0x20  u32 bytes of entries kept of earlier cases
//!   +0x24  entries:
//!            u16 step, u8 kind, u8 number of values
//!            if kind tells of an exception:  u8 exception; the numbers ESR or DSISR, SRR0, SRR1, DEAR or DAR
//!            values, a number each
//!          a number: u8 length (0, 1, 2, 4 or 8), so many bytes
//! ```
//!
//! Most numbers are small, and a console is slow.

use crate::Malformed;
use crate::cursor::Cursor;

/// "SLOG".
pub const MAGIC: u32 = 0x534c_4f47;
/// Offset of the entries from the start of the log, bytes.
pub const ENTRIES: u32 = 0x24;
/// Offset of the version in the header, bytes.
pub const AT_VERSION: u32 = 4;
/// Offset of the state in the header, bytes.
pub const AT_STATE: u32 = 6;
/// Offset of the case id in the header, bytes.
pub const AT_CASE: u32 = 8;
/// Offset of the current step in the header, bytes: the guest stores it before each operation, and whoever counts exits
/// reads it to say which step caused one. Behind the last step it is one more.
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
    /// The case has asked for a reset and goes on behind it when the guest starts again.
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
    /// The hypervisor did not know how to go on and gave the guest up to user space, which let it go on all the same. Put
    /// there by the host; values: the reason and what the hypervisor says of it (KVM_EXIT_*, `hardware_exit_reason`).
    GivenUp = 4,
}

/// Different outcomes a race keeps of one step.
pub const RACE_OUTCOMES: usize = 8;

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
    pub const MOST: usize = 1 + 4 * NUMBER;

    /// What stands behind the exception in an entry.
    #[inline]
    #[must_use]
    pub fn numbers(&self) -> [u64; 4] {
        [self.syndrome.into(), self.srr0, self.srr1, self.dar]
    }

    fn decode(c: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let exception = c.u8()?;
        let malformed = c.malformed();
        let syndrome = u32::try_from(decode_number(c)?).map_err(|_| malformed)?;
        Ok(Self { exception, syndrome, srr0: decode_number(c)?, srr1: decode_number(c)?, dar: decode_number(c)? })
    }
}

/// Size of an entry's fixed part, bytes.
pub const ENTRY_HEADER: usize = 4;
/// Most bytes a number takes in an entry.
pub const NUMBER: usize = 1 + 8;

/// Writes a number as it stands in an entry to the beginning of `room`, and says how many bytes of it that is. What is behind
/// them may have changed: a guest kernel does this several times a step, and one store of four bytes takes the place of a choice.
#[inline(always)]
pub fn encode_number(number: u64, room: &mut [u8; NUMBER]) -> usize {
    let [length, digits @ ..] = room;
    let [high, low] = [(number >> 32) as u32, number as u32];
    if high != 0 {
        *length = 8;
        *digits = number.to_be_bytes();
        return NUMBER;
    }
    let bytes = match low {
        0 => 0,
        0x1..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    *length = bytes as u8;
    // To the left. Shifted by 32, which is by 0, it is zero all the same.
    let first = low.wrapping_shl(u32::BITS - 8 * bytes);
    *digits = (u64::from(first) << 32).to_be_bytes();
    1 + bytes as usize
}

fn decode_number(c: &mut Cursor<'_>) -> Result<u64, Malformed> {
    let malformed = c.malformed();
    match c.u8()? {
        0 => Ok(0),
        1 => c.u8().map(u64::from),
        2 => c.u16().map(u64::from),
        4 => c.u32().map(u64::from),
        8 => c.u64(),
        _ => Err(malformed),
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The script step.
    pub step: u16,
    /// What it tells.
    pub kind: Kind,
    /// The exception, unless the step ran to its end.
    pub interrupt: Option<Interrupt>,
    values: &'a [u8],
    /// Bytes it takes in the log.
    pub size: usize,
}

impl<'a> Entry<'a> {
    /// The values observed, in the order of the step's outputs.
    pub fn values(&self) -> impl Iterator<Item = u64> + use<'a> {
        let mut c = Cursor::new(self.values, "log entry");
        // They were read once when the entry was.
        core::iter::from_fn(move || if c.is_at_end() { None } else { decode_number(&mut c).ok() })
    }
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
        let kind = match c.u8()? {
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
            Kind::Exception | Kind::Stray => Some(Interrupt::decode(&mut c)?),
        };
        let start = c.position();
        for _ in 0..count {
            decode_number(&mut c)?;
        }
        let values = self.bytes.get(start..c.position()).ok_or(malformed)?;
        let size = c.position();
        self.bytes = self.bytes.get(size..).ok_or(malformed)?;
        Ok(Entry { step, kind, interrupt, values, size })
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
