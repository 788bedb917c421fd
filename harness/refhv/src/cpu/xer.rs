//! XER: summary overflow, overflow, carry and the byte count of string instructions (Power ISA 2.03 Book I, section 3.2.2).

use super::State;

/// Summary overflow.
pub const SO: u32 = 1 << 31;
/// Overflow.
pub const OV: u32 = 1 << 30;
/// Carry.
pub const CA: u32 = 1 << 29;
/// Number of bytes lswx and stswx move.
pub const COUNT: u32 = 0x7f;

impl State {
    /// The carry bit as a number.
    #[inline]
    pub(super) fn carry(&self) -> u64 {
        u64::from(self.xer & CA != 0)
    }

    /// Sets or clears the carry bit.
    #[inline]
    pub(super) fn set_carry(&mut self, carry: bool) {
        self.xer = if carry { self.xer | CA } else { self.xer & !CA };
    }

    /// Sets or clears OV; SO stays set once it is.
    #[inline]
    pub(super) fn set_overflow(&mut self, overflow: bool) {
        self.xer = if overflow { self.xer | SO | OV } else { self.xer & !OV };
    }
}
