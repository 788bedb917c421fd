//! XER by name (Power ISA 2.03 Book I, section 3.2.2).

use super::State;
pub use sprig_isa::xer::{CA, COUNT, FLAGS, OV, SO};

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
