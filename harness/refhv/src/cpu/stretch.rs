//! Instructions that are executed one behind the other, counted when the last of them is reached.
//!
//! ```text
//!   page | ... | counted | from                 pc | ...             | end | ...
//!                          '---- not yet ----'       '-- may follow --'
//! ```
//!
//! `end` is where the page ends or the clock's alarm is due, so that the loop asks for both at once. Whoever has to know the
//! time in the middle, or may move the alarm or the page, calls [`Core::settle`] first.

use super::code::PAGE;
use super::{Core, INSTRUCTION};

/// The stretch that is being executed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    /// The address of the first instruction that is not counted.
    from: u64,
    /// The address that may not be reached without a look at page and clock.
    end: u64,
}

impl Core {
    /// Begins with the instruction at `pc`, which is counted already.
    #[inline]
    pub(super) fn begin_stretch(&mut self) {
        let pc = self.state.pc;
        let from = pc.wrapping_add(INSTRUCTION);
        let in_page = if self.lookaside.is_in_last_page(pc) { (PAGE - 1 - pc % PAGE) / INSTRUCTION } else { 0 };
        let end = from.wrapping_add(INSTRUCTION * in_page.min(self.clock.left()));
        self.stretch = Stretch { from, end };
    }

    /// True if the instruction at an address, that behind the last one, belongs to the stretch too.
    #[inline]
    pub(super) fn is_in_stretch(&self, address: u64) -> bool {
        address < self.stretch.end
    }

    /// Counts the instruction at `pc` and those before it.
    #[inline]
    pub(super) fn count_stretch(&mut self) {
        let following = self.state.pc.wrapping_add(INSTRUCTION);
        self.clock.count(following.wrapping_sub(self.stretch.from) / INSTRUCTION);
        self.stretch.from = following;
    }

    /// The same, and the stretch ends here: the instruction at `pc` does more than to change registers and memory.
    #[inline]
    pub(super) fn settle(&mut self) {
        self.count_stretch();
        self.stretch.end = 0;
    }
}
