//! Every instruction that scripts know: those of [`INSNS`], and those that no guest kernel and no reference has to
//! know, in [`ONLY_IN_SCRIPTS`]: the other integer instructions, floating point, vectors, SPE, more loads and stores.
//!
//! The second table is apart, and its fields are none of [`Operand`], because an image has all of a table in which its
//! kernel looks up a single row, and little room.

mod table;
#[cfg(test)]
mod tests;

pub use table::ONLY_IN_SCRIPTS;

use super::{INSNS, Insn, Operand};
use crate::name::is_equal;

/// A field of the instruction word and what it holds. The highest bit of one that is in two parts is elsewhere than its
/// five others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// One that [`INSNS`] has, too.
    Common(Operand),
    /// SH: shift amount of a doubleword, bits 16-20 and 30.
    Sh6,
    /// MB: mask begin in a doubleword, bits 21-25 and 26.
    Mb6,
    /// ME: mask end in a doubleword, at the same place.
    Me6,
    /// UI: unsigned displacement of SPE, a multiple of eight, bits 16-20; written like [`Operand::D`].
    Ui8,
    /// U: unsigned immediate, bits 16-19 (mtfsfi).
    U,
    /// FLM: which fields of the FPSCR are written, bits 7-14 (mtfsf).
    Flm,
    /// BT: bit of the FPSCR or of the condition register, bits 6-10, written (mtfsb1, crand).
    Bt,
    /// BA: bit of the condition register, bits 11-15, read.
    Ba,
    /// BB: bit of the condition register, bits 16-20, read.
    Bb,
    /// BC: bit of the condition register, bits 21-25 (isel).
    Bc,
    /// BFA: condition register field, bits 11-13, read (mcrf).
    Bfa,
    /// L: doublewords are compared, bit 10 (cmp).
    L10,
    /// FRT: floating-point register, bits 6-10, written.
    Frt,
    /// FRS: floating-point register, bits 6-10, read.
    Frs,
    /// FRB: floating-point register, bits 16-20, read.
    Frb,
    /// VRT: vector register, bits 6-10, written.
    Vrt,
    /// VRS: vector register, bits 6-10, read.
    Vrs,
    /// VRA: vector register, bits 11-15, read.
    Vra,
    /// VRB: vector register, bits 16-20, read.
    Vrb,
    /// XT: vector-scalar register, bits 6-10 and 31, written.
    Xt,
    /// XS: vector-scalar register, bits 6-10 and 31, read.
    Xs,
    /// XA: vector-scalar register, bits 11-15 and 29, read.
    Xa,
    /// XB: vector-scalar register, bits 16-20 and 30, read.
    Xb,
}

/// Where the bits of a field are, each counted from the word's lowest.
struct Place {
    /// The lowest five, or all.
    shift: u32,
    width: u32,
    /// The highest one, if it is elsewhere.
    upper: Option<u32>,
}

/// How many bits of a field in two parts are in the lower part.
const LOWER: u32 = 5;
const LOWER_MASK: u32 = (1 << LOWER) - 1;

impl Field {
    /// Where it is; none for one of the other table, which knows itself.
    const fn place(self) -> Option<Place> {
        let (shift, width, upper) = match self {
            Self::Common(_) => return None,
            Self::Frt | Self::Frs | Self::Vrt | Self::Vrs => (21, 5, None),
            Self::Vra => (16, 5, None),
            Self::Frb | Self::Vrb | Self::Ui8 => (11, 5, None),
            Self::U => (12, 4, None),
            Self::Flm => (17, 8, None),
            Self::Bt => (21, 5, None),
            Self::Ba => (16, 5, None),
            Self::Bb => (11, 5, None),
            Self::Bc => (6, 5, None),
            Self::Bfa => (18, 3, None),
            Self::L10 => (21, 1, None),
            Self::Sh6 | Self::Xb => (11, 6, Some(1)),
            Self::Mb6 | Self::Me6 => (6, 6, Some(5)),
            Self::Xt | Self::Xs => (21, 6, Some(0)),
            Self::Xa => (16, 6, Some(2)),
        };
        Some(Place { shift, width, upper })
    }

    /// The lowest and the highest value that it holds, and of what each is a multiple.
    #[must_use]
    pub const fn values(self) -> (i64, i64, i64) {
        let (width, scale, signed) = match (self, self.place()) {
            (Self::Common(operand), _) => (operand.width(), operand.scale(), operand.is_signed()),
            (Self::Ui8, Some(place)) => (place.width, 3, false),
            (_, Some(place)) => (place.width, 0, false),
            (_, None) => (0, 0, false),
        };
        let count = 1i64 << width;
        let low = if signed { -(count / 2) } else { 0 };
        (low << scale, (low + count - 1) << scale, 1 << scale)
    }

    /// The bits of the word that it occupies.
    #[must_use]
    pub const fn mask(self) -> u32 {
        match (self, self.place()) {
            (Self::Common(operand), _) => operand.mask(),
            (_, Some(Place { shift, upper: Some(upper), .. })) => LOWER_MASK << shift | 1 << upper,
            (_, Some(Place { shift, width, upper: None })) => ((1 << width) - 1) << shift,
            (_, None) => 0,
        }
    }

    /// `value` in its place, or none if it does not fit.
    #[must_use]
    pub const fn insert(self, value: i64) -> Option<u32> {
        if let Self::Common(operand) = self {
            return operand.insert(value);
        }
        let (low, high, multiple) = self.values();
        let Some(Place { shift, upper, .. }) = self.place() else { return None };
        if value < low || value > high || value % multiple != 0 {
            return None;
        }
        let raw = (value / multiple) as u32;
        Some(match upper {
            Some(upper) => (raw & LOWER_MASK) << shift | (raw >> LOWER) << upper,
            None => raw << shift,
        })
    }

    /// What it holds in a word.
    #[must_use]
    pub fn extract(self, word: u32) -> i64 {
        if let Self::Common(operand) = self {
            return operand.extract(word);
        }
        let Some(Place { shift, width, upper }) = self.place() else { return 0 };
        let (_, _, multiple) = self.values();
        let raw = match upper {
            Some(upper) => word >> shift & LOWER_MASK | (word >> upper & 1) << LOWER,
            None => word >> shift & ((1 << width) - 1),
        };
        i64::from(raw) * multiple
    }

    /// True if the next field is the base register of this one: `d(ra)`.
    #[must_use]
    pub const fn is_displacement(self) -> bool {
        matches!(self, Self::Common(Operand::D | Operand::Ds) | Self::Ui8)
    }

    /// True if it names a general register.
    #[must_use]
    pub const fn is_gpr(self) -> bool {
        matches!(self, Self::Common(operand) if operand.is_gpr())
    }

    /// True if it names a general register that the instruction reads.
    #[must_use]
    pub const fn reads_gpr(self) -> bool {
        matches!(self, Self::Common(operand) if operand.reads_gpr())
    }

    /// True if it names a general register that the instruction writes.
    #[must_use]
    pub const fn writes_gpr(self) -> bool {
        matches!(self, Self::Common(operand) if operand.writes_gpr())
    }

    /// What the names of the registers begin with that it names, if those are no general ones.
    #[must_use]
    pub const fn register_file(self) -> Option<&'static str> {
        match self {
            Self::Frt | Self::Frs | Self::Frb => Some("f"),
            Self::Vrt | Self::Vrs | Self::Vra | Self::Vrb => Some("v"),
            Self::Xt | Self::Xs | Self::Xa | Self::Xb => Some("vs"),
            _ => None,
        }
    }
}

/// An instruction that only scripts know.
#[derive(Debug)]
pub struct OnlyInScripts {
    /// The mnemonic.
    pub mnemonic: &'static str,
    /// The fixed bits.
    pub word: u32,
    fields: &'static [Field],
}

impl OnlyInScripts {
    /// The word of the instruction of this mnemonic, with all operands zero, for constants.
    ///
    /// # Panics
    /// If the table has none: when the constant is evaluated, at compile time.
    #[must_use]
    pub const fn word_of(mnemonic: &str) -> u32 {
        let mut row = 0;
        while row < ONLY_IN_SCRIPTS.len() {
            if is_equal(ONLY_IN_SCRIPTS[row].mnemonic, mnemonic) {
                return ONLY_IN_SCRIPTS[row].word;
            }
            row += 1;
        }
        panic!("no such instruction in the table")
    }
}

/// An instruction of either table.
#[derive(Clone, Copy, Debug)]
pub enum Row {
    /// Of [`INSNS`].
    Common(&'static Insn),
    /// Of [`ONLY_IN_SCRIPTS`].
    Only(&'static OnlyInScripts),
}

impl Row {
    /// Every instruction.
    pub fn all() -> impl Iterator<Item = Self> {
        INSNS.iter().map(Self::Common).chain(ONLY_IN_SCRIPTS.iter().map(Self::Only))
    }

    /// The instruction of this mnemonic.
    #[must_use]
    pub fn by_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::all().find(|row| row.mnemonic() == mnemonic)
    }

    /// Its mnemonic.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Common(insn) => insn.mnemonic,
            Self::Only(row) => row.mnemonic,
        }
    }

    /// Its operands in assembler order.
    pub fn fields(self) -> impl ExactSizeIterator<Item = Field> {
        let count = match self {
            Self::Common(insn) => insn.operands.len(),
            Self::Only(row) => row.fields.len(),
        };
        (0..count).map(move |index| match self {
            Self::Common(insn) => Field::Common(insn.operands[index]),
            Self::Only(row) => row.fields[index],
        })
    }

    /// Its word with all operands zero.
    #[must_use]
    pub const fn word(self) -> u32 {
        match self {
            Self::Common(insn) => insn.word,
            Self::Only(row) => row.word,
        }
    }

    /// The instruction word with these operand values, in assembler order; none if their number or one's range is off.
    #[must_use]
    pub fn encode(self, values: &[i64]) -> Option<u32> {
        if values.len() != self.fields().len() {
            return None;
        }
        self.fields().zip(values).try_fold(self.word(), |word, (field, value)| Some(word | field.insert(*value)?))
    }
}
