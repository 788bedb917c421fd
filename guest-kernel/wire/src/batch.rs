//! The batch: every case of one session, ready to run, as it lies at [`crate::layout::BATCH_BASE`].
//!
//! ```text
//!   +0x00  u32 magic, u16 version, u16 flags, u32 case count, u32 length of it all,
//!          u32 CRC-32 of what follows byte 0x14, or 0 in a silent batch
//!   +0x14  case count x { u32 offset, u32 length }
//!          cases, each at a multiple of eight:
//!            u32 id, u16 slots, u16 constants, u32 length of the bytecode, u32 words of code,
//!            u32 effects of the code, u32 zero
//!            constants, u64 each: the values of slots 0, 1, ...
//!            bytecode, padded to a multiple of four
//!            code: the stubs
//! ```

use crate::cursor::Cursor;
use crate::{CRC, Malformed, VERSION};

/// "SPRB".
pub const MAGIC: u32 = 0x5350_5242;
/// Flag: report every step on the console before it runs. Disturbs what is measured; for finding where a guest dies.
pub const LOUD: u16 = 1 << 0;

/// Flag: send no frames, except of a panic or of an exception of the kernel's own code. For a host that reads the log
/// of a batch's one case from memory when the guest has switched itself off. The guest does not check the batch's
/// checksum then.
pub const SILENT: u16 = 1 << 1;

/// Flag: the reader of the console can read the guest's memory too, while the guest runs. The entries of a case that
/// has ended are kept at [`crate::layout::KEPT_BASE`] as long as there is room, and a frame says where.
pub const KEEP: u16 = 1 << 2;

const HEADER: usize = 0x14;
const DIRECTORY_ENTRY: usize = 8;
#[cfg(feature = "alloc")]
const CASE_HEADER: usize = 24;
/// Bytes a batch takes in addition to the `CaseParts::size` of its cases.
pub const OVERHEAD: usize = HEADER.next_multiple_of(8);

/// A batch in memory, its header checked.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    bytes: &'a [u8],
    flags: u16,
    cases: u32,
}

/// One case of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The number the harness knows it by.
    pub id: u32,
    /// Number of slots it uses.
    pub slots: u16,
    constants: &'a [u8],
    /// Its bytecode, see [`crate::bytecode`].
    pub ops: &'a [u8],
    /// Its stubs, to be copied to [`crate::layout::CODE_BASE`].
    pub code: &'a [u8],
    /// What they may do: [`crate::effect`].
    pub effects: u32,
}

impl<'a> Case<'a> {
    /// The values of the first slots.
    pub fn constants(&self) -> impl Iterator<Item = u64> + use<'a> {
        self.constants.chunks_exact(8).map(|chunk| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(chunk);
            u64::from_be_bytes(bytes)
        })
    }
}

impl<'a> Batch<'a> {
    /// Checks the header and, unless the batch is a silent one, the checksum: a host that reads the log in the guest's
    /// memory has put the batch there the same way, by no line that could lose a byte.
    ///
    /// # Errors
    /// [`Malformed`] where the magic, version, length or checksum is wrong.
    pub fn open(memory: &'a [u8]) -> Result<Self, Malformed> {
        let mut c = Cursor::new(memory, "batch");
        let malformed = c.malformed();
        let (magic, version, flags, cases) = (c.u32()?, c.u16()?, c.u16()?, c.u32()?);
        let (length, checksum) = (c.u32()?, c.u32()?);
        if magic != MAGIC || version != VERSION {
            return Err(malformed);
        }
        let bytes = usize::try_from(length).ok().and_then(|length| memory.get(..length)).ok_or(malformed)?;
        let body = bytes.get(HEADER..).ok_or(malformed)?;
        if checksum != checksum_of(flags, body) {
            return Err(Malformed { what: "batch (checksum)", at: HEADER });
        }
        Ok(Self { bytes, flags, cases })
    }

    /// True if every step is to be reported on the console.
    #[must_use]
    pub const fn is_loud(&self) -> bool {
        self.flags & LOUD != 0
    }

    /// True if only a panic is to be reported on the console.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.flags & SILENT != 0
    }

    /// True if the entries of cases that have ended are to be kept in memory.
    #[must_use]
    pub const fn keeps(&self) -> bool {
        self.flags & KEEP != 0
    }

    /// Number of cases.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.cases
    }

    /// True if there is no case.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cases == 0
    }

    /// The case at this place in the batch.
    ///
    /// # Errors
    /// [`Malformed`] where it does not lie within the batch or its parts do not fit it.
    pub fn case(&self, index: u32) -> Result<Case<'a>, Malformed> {
        let mut c = Cursor::new(self.bytes_of(index)?, "case");
        let malformed = c.malformed();
        let (id, slots, constants) = (c.u32()?, c.u16()?, c.u16()?);
        let (ops, words) = (c.u32()? as usize, c.u32()? as usize);
        let (effects, _) = (c.u32()?, c.u32()?);
        let constants = c.take(usize::from(constants) * 8)?;
        let ops = c.take(ops)?;
        c.take(ops.len().wrapping_neg() & 3)?;
        let code = c.take(words.checked_mul(4).ok_or(malformed)?)?;
        Ok(Case { id, slots, constants, ops, code, effects })
    }

    /// The bytes of the case at this place.
    fn bytes_of(&self, index: u32) -> Result<&'a [u8], Malformed> {
        let malformed = Malformed { what: "batch directory", at: HEADER };
        let index = usize::try_from(index).ok().filter(|_| index < self.cases).ok_or(malformed)?;
        let entry = index.checked_mul(DIRECTORY_ENTRY).and_then(|at| at.checked_add(HEADER)).ok_or(malformed)?;
        let mut directory = Cursor::new(self.bytes.get(entry..).ok_or(malformed)?, "batch directory");
        let (offset, length) = (directory.u32()?, directory.u32()?);
        let start = usize::try_from(offset).map_err(|_| malformed)?;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or(malformed)?;
        self.bytes.get(start..end).ok_or(malformed)
    }
}

/// The checksum of a batch with these flags and this body; none of a silent one, which has no line to lose a byte on.
fn checksum_of(flags: u16, body: &[u8]) -> u32 {
    if flags & SILENT == 0 { CRC.checksum(body) } else { 0 }
}

impl Batch<'_> {
    /// Writes a batch of this one case, with flags of its own: for a host that gives each case a machine.
    ///
    /// # Errors
    /// [`Malformed`] where there is no such case, or `room` is too small.
    pub fn write_single(&self, index: u32, flags: u16, room: &mut [u8]) -> Result<(), Malformed> {
        const CASE: usize = (HEADER + DIRECTORY_ENTRY).next_multiple_of(8);
        let case = self.bytes_of(index)?;
        let total = CASE + case.len();
        let malformed = Malformed { what: "room for a batch", at: room.len() };
        // A case is shorter than a batch, whose length has 32 bits.
        let directory = [CASE as u32, case.len() as u32];
        let place = room.get_mut(..total).ok_or(malformed)?;
        place[..CASE].fill(0);
        place[CASE..].copy_from_slice(case);
        for (field, value) in place[HEADER..].chunks_exact_mut(4).zip(directory) {
            field.copy_from_slice(&value.to_be_bytes());
        }
        let checksum = checksum_of(flags, &place[HEADER..]);
        let versions = u32::from(VERSION) << 16 | u32::from(flags);
        for (field, value) in place.chunks_exact_mut(4).zip([MAGIC, versions, 1, total as u32, checksum]) {
            field.copy_from_slice(&value.to_be_bytes());
        }
        Ok(())
    }
}

#[cfg(feature = "alloc")]
pub use encode::{BatchBuilder, CaseParts, TooLarge};

#[cfg(feature = "alloc")]
mod encode {
    use super::{CASE_HEADER, DIRECTORY_ENTRY, HEADER, KEEP, LOUD, MAGIC, SILENT, checksum_of};
    use crate::layout::BATCH_SIZE;
    use crate::{VERSION, effect};
    use alloc::vec::Vec;

    /// The parts of one assembled case. A case can lie anywhere in a batch: its code runs at a fixed address.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct CaseParts {
        /// Number of slots it uses, constants included.
        pub slots: u16,
        /// Values of the first slots.
        pub constants: Vec<u64>,
        /// Bytecode.
        pub ops: Vec<u8>,
        /// Instruction words of the stubs.
        pub code: Vec<u32>,
    }

    impl CaseParts {
        /// Bytes this case takes in a batch, its directory entry included.
        #[must_use]
        pub fn size(&self) -> usize {
            DIRECTORY_ENTRY
                + (CASE_HEADER + self.constants.len() * 8 + self.ops.len().next_multiple_of(4) + self.code.len() * 4)
                    .next_multiple_of(8)
        }
    }

    /// The batch would not fit its place in guest memory.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TooLarge {
        /// Its size, bytes.
        pub bytes: usize,
    }

    impl core::fmt::Display for TooLarge {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write!(f, "a batch of {} bytes does not fit the {BATCH_SIZE} bytes the guest has for it", self.bytes)
        }
    }

    impl core::error::Error for TooLarge {}

    /// Collects cases into a batch.
    #[derive(Debug, Default)]
    pub struct BatchBuilder<'a> {
        cases: Vec<(u32, &'a CaseParts)>,
        flags: u16,
    }

    impl<'a> BatchBuilder<'a> {
        /// An empty batch; `loud` asks for a report before every step.
        #[must_use]
        pub const fn new(loud: bool) -> Self {
            Self { cases: Vec::new(), flags: if loud { LOUD } else { 0 } }
        }

        /// The same batch, run without frames: see [`SILENT`].
        #[must_use]
        pub fn silent(mut self) -> Self {
            self.flags |= SILENT;
            self
        }

        /// The same batch, whose logs are kept in memory: see [`KEEP`].
        #[must_use]
        pub fn keep(mut self) -> Self {
            self.flags |= KEEP;
            self
        }

        /// Adds a case under a number of the harness's choice.
        pub fn push(&mut self, id: u32, case: &'a CaseParts) {
            self.cases.push((id, case));
        }

        /// The batch's bytes.
        ///
        /// # Errors
        /// [`TooLarge`] where it would not fit the guest's memory.
        pub fn finish(&self) -> Result<Vec<u8>, TooLarge> {
            let directory = (HEADER + self.cases.len() * DIRECTORY_ENTRY).next_multiple_of(8);
            let total: usize =
                self.cases.iter().map(|(_, case)| case.size() - DIRECTORY_ENTRY).sum::<usize>() + directory;
            if total > BATCH_SIZE as usize {
                return Err(TooLarge { bytes: total });
            }
            // Everything below is smaller than BATCH_SIZE, so the conversions to u32 keep every bit.
            let mut body = Vec::with_capacity(total);
            let mut offset = directory;
            for (_, case) in &self.cases {
                let length = case.size() - DIRECTORY_ENTRY;
                body.extend((offset as u32).to_be_bytes());
                body.extend((length as u32).to_be_bytes());
                offset += length;
            }
            body.resize(directory - HEADER, 0);
            for (id, case) in &self.cases {
                body.extend(id.to_be_bytes());
                body.extend(case.slots.to_be_bytes());
                body.extend((case.constants.len() as u16).to_be_bytes());
                body.extend((case.ops.len() as u32).to_be_bytes());
                for field in [case.code.len() as u32, effect::of(&case.code), 0] {
                    body.extend(field.to_be_bytes());
                }
                for constant in &case.constants {
                    body.extend(constant.to_be_bytes());
                }
                body.extend(&case.ops);
                body.resize(body.len() + (case.ops.len().wrapping_neg() & 3), 0);
                for word in &case.code {
                    body.extend(word.to_be_bytes());
                }
                body.resize((HEADER + body.len()).next_multiple_of(8) - HEADER, 0);
            }
            let mut bytes = Vec::with_capacity(total);
            bytes.extend(MAGIC.to_be_bytes());
            bytes.extend(VERSION.to_be_bytes());
            bytes.extend(self.flags.to_be_bytes());
            bytes.extend((self.cases.len() as u32).to_be_bytes());
            bytes.extend((total as u32).to_be_bytes());
            bytes.extend(checksum_of(self.flags, &body).to_be_bytes());
            bytes.extend(body);
            Ok(bytes)
        }
    }
}
