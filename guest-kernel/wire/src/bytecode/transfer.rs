//! The registers of a stub, and the slots that they are loaded from and stored to. A guest goes through these at each
//! step, so they are looked at where they are used and no sooner.

use crate::Malformed;
use crate::cursor::Cursor;

/// A register an [`super::Op::Exec`] loads or stores: a number, as it stands in the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register(u8);

impl Register {
    /// General registers; their numbers are their own.
    pub const GPRS: u8 = 32;
    /// Condition register.
    pub const CR: Self = Self(Self::GPRS);
    /// Fixed-point exception register.
    pub const XER: Self = Self(Self::GPRS + 1);
    /// Link register.
    pub const LR: Self = Self(Self::GPRS + 2);
    /// Those that are no general registers, in the order of their numbers.
    pub const SPECIAL: [Self; 3] = [Self::CR, Self::XER, Self::LR];

    /// The general register with this number, of which the five low bits count.
    #[must_use]
    pub const fn gpr(number: u8) -> Self {
        Self(number % Self::GPRS)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its place among [`Self::SPECIAL`], or as a general register.
    ///
    /// # Errors
    /// The number of a general register.
    #[inline(always)]
    pub const fn special(self) -> Result<usize, usize> {
        match (self.0 as usize).checked_sub(Self::GPRS as usize) {
            Some(place) => Ok(place),
            None => Err(self.0 as usize),
        }
    }

    /// The register with this number, if there is one.
    #[inline(always)]
    const fn from_number(number: u8) -> Option<Self> {
        if number <= Self::LR.0 { Some(Self(number)) } else { None }
    }
}

/// Which part of a slot a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// As many low bits as the guest's registers have; storing to a slot clears the others.
    Native,
    /// Bits 63-32: a 32-bit guest's second register of a 64-bit value. Storing leaves the low half as it is.
    High,
}

/// One register of an [`super::Op::Exec`] and the slot it is loaded from or stored to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The register.
    pub register: Register,
    /// Which part of the slot.
    pub part: Part,
    /// The slot.
    pub slot: u16,
}

impl Transfer {
    const SIZE: usize = 4;

    /// None where register or part do not exist.
    #[inline(always)]
    const fn decode([register, part, high, low]: [u8; Self::SIZE]) -> Option<Self> {
        let Some(register) = Register::from_number(register) else { return None };
        let part = match part {
            0 => Part::Native,
            1 => Part::High,
            _ => return None,
        };
        Some(Self { register, part, slot: u16::from_be_bytes([high, low]) })
    }

    #[cfg(feature = "alloc")]
    pub(super) fn encode(self) -> [u8; Self::SIZE] {
        let [high, low] = self.slot.to_be_bytes();
        [self.register.number(), matches!(self.part, Part::High).into(), high, low]
    }
}

/// A list of transfers, each decoded when it is come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfers<'a>(&'a [[u8; Transfer::SIZE]]);

impl<'a> Transfers<'a> {
    /// Two lists, one after the other.
    #[inline(always)]
    pub(super) fn decode_two(cursor: &mut Cursor<'a>, first: u8, second: u8) -> Result<(Self, Self), Malformed> {
        let malformed = cursor.malformed();
        let (first, second) = (usize::from(first), usize::from(second));
        let (transfers, _) = cursor.take((first + second) * Transfer::SIZE)?.as_chunks();
        transfers.split_at_checked(first).map(|(first, second)| (Self(first), Self(second))).ok_or(malformed)
    }

    /// The transfers in order; none in place of one whose register or part does not exist.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = Option<Transfer>> + use<'a> {
        self.0.iter().map(|bytes| Transfer::decode(*bytes))
    }

    /// The registers and slots in order, of a list that has no [`Part::High`]; none in place of one that has, or whose
    /// register does not exist.
    #[inline(always)]
    pub fn whole(&self) -> impl Iterator<Item = Option<(Register, u16)>> + use<'a> {
        self.0.iter().map(|bytes| {
            // Taken from one word: each field by itself is a load.
            let word = u32::from_be_bytes(*bytes);
            let [register, part] = ((word >> u16::BITS) as u16).to_be_bytes();
            match (part, Register::from_number(register)) {
                (0, Some(register)) => Some((register, word as u16)),
                _ => None,
            }
        })
    }

    /// How many there are.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their registers, as far as they exist, of a list that has been gone through by [`Self::iter`].
    #[inline(always)]
    pub fn registers(&self) -> impl Iterator<Item = Register> + use<'a> {
        self.0.iter().map(|[register, ..]| Register(*register))
    }

    /// The slots of [`Part::Native`], of a list that has been gone through by [`Self::iter`].
    #[inline(always)]
    pub fn native_slots(&self) -> impl Iterator<Item = u16> + use<'a> {
        let native = self.0.iter().filter(|[_, part, ..]| *part == 0);
        native.map(|[_, _, high, low]| u16::from_be_bytes([*high, *low]))
    }
}
