//! Frames: records as lines on a serial port.
//!
//! ```text
//!   #SSSS V base64... CCCCCCCC\n
//!    |    | |         '-- CRC-32 of everything between '#' and the blank before it
//!    |    | '-- payload in base64 without padding: a console costs a device access for each character
//!    |    '-- verb, one letter
//!    '-- sequence number, four hexadecimal digits, from 0, modulo 65536
//! ```
//!
//! A line that is lost leaves a gap in the sequence, a garbled one fails its checksum; both are the harness's or the
//! machine's fault and never become a verdict. Lines that do not begin with '#' come from elsewhere (firmware, a
//! hypervisor's last words) and are kept as text.

use crate::cursor::Cursor;
use crate::log::State;
use crate::{CRC, Malformed, VERSION};
use base64ct::{Base64Unpadded, Encoding};

/// Most payload bytes of one frame.
pub const PAYLOAD: usize = 192;
/// Characters of the longest payload.
const ENCODED: usize = PAYLOAD.div_ceil(3) * 4;
/// Longest line with its newline: '#', sequence, blank, verb, blank, payload, blank, checksum, newline.
pub const LINE: usize = 1 + 4 + 1 + 1 + 1 + ENCODED + 1 + 8 + 1;
/// Most bytes of entries one [`Record::Log`] carries.
pub const LOG_CHUNK: usize = PAYLOAD - 8;
/// Most bytes of text one [`Record::Fate`] carries.
pub const FATE_TEXT: usize = PAYLOAD - 5;
/// Most bytes of a name one [`Record::Exits`] carries.
pub const EXIT_REASON: usize = PAYLOAD - 12;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The guest is up: protocol version, PVR, number of cases in its batch. Verb `B`.
    Boot {
        /// The guest's [`VERSION`].
        version: u16,
        /// Processor version register.
        pvr: u32,
        /// Cases in the batch.
        cases: u32,
    },
    /// A case begins. Verb `C`.
    Case {
        /// Its number.
        case: u32,
    },
    /// Loud mode: a step is about to run. Verb `S`.
    Step {
        /// Number of the case.
        case: u32,
        /// The step.
        step: u32,
    },
    /// A piece of the case's log entries. Verb `L`.
    Log {
        /// Number of the case.
        case: u32,
        /// Offset of these bytes in the entries.
        offset: u32,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A case has ended. Verb `E`.
    End {
        /// Its number.
        case: u32,
        /// How it ended.
        state: State,
        /// Last step begun.
        step: u32,
        /// Bytes of entries.
        length: u32,
        /// CRC-32 of the entries.
        checksum: u32,
    },
    /// A case has ended, and its entries are kept in memory, see [`crate::batch::KEEP`]. Verb `K`.
    Kept {
        /// Its number.
        case: u32,
        /// How it ended.
        state: State,
        /// Last step begun.
        step: u32,
        /// Where the entries begin, bytes from [`crate::layout::KEPT_BASE`].
        offset: u32,
        /// Bytes of entries.
        length: u32,
        /// CRC-32 of the entries.
        checksum: u32,
    },
    /// Every case of the batch has run. Verb `D`.
    Done,
    /// The guest cannot go on; the bytes are a sentence in ASCII. Verb `P`.
    Panic(&'a [u8]),
    /// From a host that gives each case a machine: the running case's machine came to an end of its own before the case
    /// did. Comes before the case's end. Verb `F`.
    Fate {
        /// Number of the case.
        case: u32,
        /// It made no progress any more, and was ended.
        hung: bool,
        /// How, a sentence in ASCII.
        how: &'a [u8],
    },
    /// The same: exits of the running case's machine for one reason, in all. Comes before the case's end. Verb `X`.
    Exits {
        /// Number of the case.
        case: u32,
        /// How many.
        count: u64,
        /// The hypervisor's name of the reason, in ASCII.
        reason: &'a [u8],
    },
    /// The same: the next frames are not here but in memory, see [`crate::aside`]. Its number in the sequence is that
    /// of the first of them. Verb `M`.
    Aside {
        /// Where they begin in all that has been put aside, bytes.
        offset: u32,
        /// Bytes of them.
        length: u32,
        /// CRC-32 of them.
        checksum: u32,
    },
    /// The same: no machine can be had here, so nothing can be said about one; a sentence in ASCII. Verb `U`.
    Unfit(&'a [u8]),
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// One line being written, without an allocator.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Line {
    /// The line for a record. Text longer than a frame holds is cut.
    #[must_use]
    pub fn new(sequence: u16, record: &Record<'_>) -> Self {
        let mut line = Self { bytes: [0; LINE], length: 0 };
        line.push(b'#');
        line.hex(&sequence.to_be_bytes());
        line.push(b' ');
        line.push(record.verb());
        line.push(b' ');
        line.base64(Bytes::of(record).as_slice());
        let checksum = CRC.checksum(line.as_bytes().get(1..).unwrap_or(&[]));
        line.push(b' ');
        line.hex(&checksum.to_be_bytes());
        line.push(b'\n');
        line
    }

    /// The line with its newline.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(HEX[usize::from(byte >> 4)]);
            self.push(HEX[usize::from(byte & 0xf)]);
        }
    }

    fn base64(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        // A line has room for the longest payload.
        self.length += Base64Unpadded::encode(bytes, room).map_or(0, str::len);
    }
}

/// A record's payload being put together.
struct Bytes {
    bytes: Payload,
    length: usize,
}

impl Bytes {
    fn of(record: &Record<'_>) -> Self {
        let mut payload = Self { bytes: [0; PAYLOAD], length: 0 };
        match *record {
            Record::Boot { version, pvr, cases } => {
                payload.put(&version.to_be_bytes());
                payload.put(&pvr.to_be_bytes());
                payload.put(&cases.to_be_bytes());
            }
            Record::Case { case } => payload.put(&case.to_be_bytes()),
            Record::Step { case, step } => {
                payload.put(&case.to_be_bytes());
                payload.put(&step.to_be_bytes());
            }
            Record::Log { case, offset, bytes } => {
                payload.put(&case.to_be_bytes());
                payload.put(&offset.to_be_bytes());
                payload.put(bytes);
            }
            Record::End { case, state, step, length, checksum } => {
                payload.put(&case.to_be_bytes());
                payload.put(&(state as u16).to_be_bytes());
                payload.put(&step.to_be_bytes());
                payload.put(&length.to_be_bytes());
                payload.put(&checksum.to_be_bytes());
            }
            Record::Kept { case, state, step, offset, length, checksum } => {
                payload.put(&case.to_be_bytes());
                payload.put(&(state as u16).to_be_bytes());
                payload.put(&step.to_be_bytes());
                payload.put(&offset.to_be_bytes());
                payload.put(&length.to_be_bytes());
                payload.put(&checksum.to_be_bytes());
            }
            Record::Done => {}
            Record::Panic(text) | Record::Unfit(text) => payload.put(text),
            Record::Fate { case, hung, how } => {
                payload.put(&case.to_be_bytes());
                payload.put(&[hung.into()]);
                payload.put(how);
            }
            Record::Exits { case, count, reason } => {
                payload.put(&case.to_be_bytes());
                payload.put(&count.to_be_bytes());
                payload.put(reason);
            }
            Record::Aside { offset, length, checksum } => {
                payload.put(&offset.to_be_bytes());
                payload.put(&length.to_be_bytes());
                payload.put(&checksum.to_be_bytes());
            }
        }
        payload
    }

    /// Appends bytes; what there is no room for is cut.
    fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        self.length += room.len().min(bytes.len());
        room.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

impl Record<'_> {
    const fn verb(&self) -> u8 {
        match self {
            Self::Boot { .. } => b'B',
            Self::Case { .. } => b'C',
            Self::Step { .. } => b'S',
            Self::Log { .. } => b'L',
            Self::End { .. } => b'E',
            Self::Kept { .. } => b'K',
            Self::Done => b'D',
            Self::Panic(_) => b'P',
            Self::Fate { .. } => b'F',
            Self::Exits { .. } => b'X',
            Self::Aside { .. } => b'M',
            Self::Unfit(_) => b'U',
        }
    }
}

/// Room for a decoded payload.
pub type Payload = [u8; PAYLOAD];

/// Decodes a line without its newline: the sequence number and what it says. `payload` is where the record's bytes go.
///
/// # Errors
/// [`Malformed`] where the line is no frame, its checksum is wrong, or the payload does not fit the verb.
pub fn decode<'a>(line: &[u8], payload: &'a mut Payload) -> Result<(u16, Record<'a>), Malformed> {
    let malformed = |at| Malformed { what: "frame", at };
    let body = line.strip_prefix(b"#").ok_or(malformed(0))?;
    let split = body.len().checked_sub(9).ok_or(malformed(line.len()))?;
    let (covered, tail) = body.split_at_checked(split).ok_or(malformed(split))?;
    let digits = tail.strip_prefix(b" ").ok_or(malformed(split))?;
    let mut checksum = [0; 4];
    unhex(digits, &mut checksum).ok_or(malformed(split))?;
    if u32::from_be_bytes(checksum) != CRC.checksum(covered) {
        return Err(Malformed { what: "frame (checksum)", at: split });
    }
    let mut sequence = [0; 2];
    unhex(covered.get(..4).ok_or(malformed(1))?, &mut sequence).ok_or(malformed(1))?;
    let [b' ', verb, b' ', encoded @ ..] = covered.get(4..).ok_or(malformed(5))? else {
        return Err(malformed(5));
    };
    let payload: &'a [u8] = Base64Unpadded::decode(encoded, payload).map_err(|_| malformed(8))?;
    let mut c = Cursor::new(payload, "frame payload");
    let record = match verb {
        b'B' => Record::Boot { version: c.u16()?, pvr: c.u32()?, cases: c.u32()? },
        b'C' => Record::Case { case: c.u32()? },
        b'S' => Record::Step { case: c.u32()?, step: c.u32()? },
        b'L' => {
            let (case, offset) = (c.u32()?, c.u32()?);
            Record::Log { case, offset, bytes: c.take(payload.len().saturating_sub(8))? }
        }
        b'E' => Record::End {
            case: c.u32()?,
            state: State::from_number(c.u16()?).ok_or(malformed(8))?,
            step: c.u32()?,
            length: c.u32()?,
            checksum: c.u32()?,
        },
        b'K' => Record::Kept {
            case: c.u32()?,
            state: State::from_number(c.u16()?).ok_or(malformed(8))?,
            step: c.u32()?,
            offset: c.u32()?,
            length: c.u32()?,
            checksum: c.u32()?,
        },
        b'D' => Record::Done,
        b'P' => Record::Panic(c.take(payload.len())?),
        b'F' => {
            let (case, hung) = (c.u32()?, c.u8()?);
            Record::Fate { case, hung: hung != 0, how: c.take(payload.len().saturating_sub(PAYLOAD - FATE_TEXT))? }
        }
        b'X' => {
            let (case, count) = (c.u32()?, c.u64()?);
            Record::Exits { case, count, reason: c.take(payload.len().saturating_sub(PAYLOAD - EXIT_REASON))? }
        }
        b'M' => Record::Aside { offset: c.u32()?, length: c.u32()?, checksum: c.u32()? },
        b'U' => Record::Unfit(c.take(payload.len())?),
        _ => return Err(malformed(6)),
    };
    if !c.is_at_end() {
        return Err(c.malformed());
    }
    Ok((u16::from_be_bytes(sequence), record))
}

/// Decodes lower-case hexadecimal digits; none if a digit is wrong or there is no room.
fn unhex(digits: &[u8], bytes: &mut [u8]) -> Option<()> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| HEX.iter().position(|known| *known == byte).and_then(|value| u8::try_from(value).ok());
    for (index, pair) in digits.chunks_exact(2).enumerate() {
        *bytes.get_mut(index)? = 16 * digit(pair[0])? + digit(pair[1])?;
    }
    Some(())
}

/// True if a guest of this protocol version can be understood.
#[must_use]
pub const fn is_our_version(version: u16) -> bool {
    version == VERSION
}
