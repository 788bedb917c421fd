//! Instructions executed one after the other, counted when the last of them is reached.
//!
//! ```text
//!   page | ... | counted | from                 pc | ...             | end | ...
//!                          '---- not yet ----'       '-- may follow --'
//! ```
//!
//! `end` is the nearer of the page's end and the clock's alarm, so that the loop makes one comparison. A branch within
//! the page shifts both `from`, the first uncounted address, and the alarm by the distance that it skips or repeats.
//! Their difference therefore never changes, and only that is stored: a loop of the guest's is one stretch, however
//! often it runs. Code that needs the time in the middle of a stretch, or may move the alarm or the page, calls
//! [`Core::settle`] first.

use sprig_isa::mmu::PAGE_SIZE;

use super::{Core, INSTRUCTION};

/// No page begins here.
const NO_PAGE: u64 = 1;

/// The stretch that is being executed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch {
    /// How far the first instruction that is not counted lies before `alarm`, bytes.
    uncounted: u64,
    /// The address that would be reached when the alarm is due, were there no page's end.
    alarm: u64,
    /// The effective address of the page, if more than one instruction of it may be executed.
    page: u64,
    /// The address that may not be reached without a look at page and clock.
    end: u64,
}

impl Stretch {
    /// The first of alarm and the page's end. Where addresses wrap around that comes early, which is only slow.
    #[inline]
    fn limit(&mut self) {
        self.end = self.alarm.min(self.page.wrapping_add(PAGE_SIZE));
    }
}

impl Core {
    /// Begins with the instruction at `pc`, which is counted already.
    #[inline]
    pub(super) fn begin_stretch(&mut self) {
        let pc = self.state.pc;
        let uncounted = self.clock.left().wrapping_mul(INSTRUCTION);
        let alarm = pc.wrapping_add(INSTRUCTION).wrapping_add(uncounted);
        if self.lookaside.is_in_last_page(pc) {
            self.stretch = Stretch { uncounted, alarm, page: pc & !(PAGE_SIZE - 1), end: 0 };
            self.stretch.limit();
        } else {
            self.stretch = Stretch { uncounted, alarm, page: NO_PAGE, end: 0 };
        }
    }

    /// True if the instruction at an address, the next one, belongs to the stretch too.
    #[inline]
    pub(super) fn is_in_stretch(&self, address: u64) -> bool {
        address < self.stretch.end
    }

    /// Goes on after an instruction, at this address. False if the stretch ends there; then it is counted.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, following: u64) -> bool {
        if self.is_in_stretch(following) {
            self.state.pc = following;
            return true;
        }
        self.count_stretch(following);
        self.state.pc = self.state.effective(following);
        false
    }

    /// The instruction at `pc` branches to an address. It goes on within the page, where what is counted goes along; or
    /// the stretch ends here.
    #[inline]
    pub(super) fn branch_in_stretch(&mut self, target: u64) {
        let over = target.wrapping_sub(self.state.pc.wrapping_add(INSTRUCTION));
        let stretch = &mut self.stretch;
        stretch.alarm = stretch.alarm.wrapping_add(over);
        if target & !(PAGE_SIZE - 1) == stretch.page {
            stretch.limit();
        } else {
            stretch.end = 0;
        }
    }

    /// Counts the instructions before an address, that after the last one.
    #[inline]
    pub(super) fn count_stretch(&mut self, following: u64) {
        let uncounted = self.stretch.alarm.wrapping_sub(following);
        self.clock.count(self.stretch.uncounted.wrapping_sub(uncounted) / INSTRUCTION);
        self.stretch.uncounted = uncounted;
    }

    /// Counts the instruction at `pc` and those before it, and the stretch ends here: the instruction does more than to
    /// change registers and memory.
    #[inline]
    pub(super) fn settle(&mut self) {
        self.count_stretch(self.state.pc.wrapping_add(INSTRUCTION));
        self.stretch.end = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, Flat, Run, asm};
    use super::super::{Core, Processor};
    use super::PAGE_SIZE;

    /// Branches forwards and backwards, by CTR and LR, within a page and over its end.
    fn program() -> Vec<u32> {
        vec![
            asm("addi", &[3, 3, 1]),
            asm("bc", &[16, 0, 12]), // bdnz, over two
            asm("addi", &[4, 4, 1]),
            asm("b", &[-12]),
            asm("mtspr", &[8, 31]), // the page after, by LR
            asm("addi", &[5, 5, 1]),
            asm("blr", &[]),
        ]
    }

    #[test]
    fn what_is_executed_in_one_go_and_step_by_step_is_the_same() {
        // The code lies at the end of a page, so that it goes over into the next, too.
        let last = PAGE_SIZE - 8;
        let behind =
            [asm("addi", &[6, 6, 1]), asm("addi", &[7, 7, 1]), asm("nop", &[]), asm("b", &[-(last as i64) - 8])];
        let machine = || {
            let mut cpu = Run::new("e500v2").gpr(31, BASE + last).ctr(5).processor(&program());
            for (place, word) in behind.iter().enumerate() {
                cpu.core.memory.write_u32(BASE + last + 4 * place as u64, *word).expect("in RAM");
            }
            cpu
        };
        for limit in 1..120 {
            let [mut at_once, mut stepped] = [(); 2].map(|()| machine());
            at_once.run(limit);
            for limit in 1..=limit {
                stepped.run(limit);
            }
            let seen = |cpu: &Processor<Flat>| {
                let Core { state, clock, .. } = &cpu.core;
                (state.pc, state.gpr, state.ctr, state.lr, clock.executed())
            };
            assert_eq!(seen(&at_once), seen(&stepped), "{limit} instructions");
            assert_eq!(at_once.core.clock.executed(), limit);
        }
    }

    #[test]
    fn a_loop_is_left_when_the_alarm_is_due_at_whichever_of_its_instructions() {
        let words = [asm("addi", &[3, 3, 1]), asm("addi", &[3, 3, 1]), asm("b", &[-8])];
        for limit in 1..30 {
            let mut cpu = Run::new("e500v2").processor(&words);
            cpu.run(limit);
            let at = limit % 3;
            assert_eq!((cpu.core.state.pc, cpu.core.clock.executed()), (BASE + 4 * at, limit));
        }
    }
}
