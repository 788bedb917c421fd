//! Branches (Power ISA Book I).

use super::code::Page;
use super::execute::Flow;
use super::{Core, INSTRUCTION, Insn, Interrupt, State};

/// Bits of the BO field.
mod bo {
    /// Do not look at the condition.
    pub(super) const NO_CONDITION: u32 = 16;
    /// The value the condition must have.
    pub(super) const SENSE: u32 = 8;
    /// Do not decrement CTR.
    pub(super) const NO_DECREMENT: u32 = 4;
    /// Branch if CTR is then zero (else: if it is not).
    pub(super) const ON_ZERO: u32 = 2;
}

impl Insn {
    /// True of a bc that looks at a bit of CR alone, neither absolute nor with a link.
    pub(super) const fn is_plain_condition(self) -> bool {
        self.bo() & (bo::NO_CONDITION | bo::NO_DECREMENT) == bo::NO_DECREMENT && !self.aa() && !self.lk()
    }

    /// True of a bc that counts CTR down and looks at no bit of CR, neither absolute nor with a link.
    pub(super) const fn is_plain_count(self) -> bool {
        self.bo() & (bo::NO_CONDITION | bo::NO_DECREMENT) == bo::NO_CONDITION && !self.aa() && !self.lk()
    }
}

impl Core {
    /// Executes the branch after the instruction at `pc` along with that, where it belongs to the stretch: it looks at
    /// a bit of CR alone.
    #[inline(always)]
    pub(super) fn test(&mut self, page: &Page) -> Flow {
        let following = self.state.pc.wrapping_add(INSTRUCTION);
        if !self.is_in_stretch(following) {
            return Flow::Next;
        }
        self.state.pc = following;
        match self.state.branch_if(page.at(following).0) {
            Flow::Next => Flow::Tested,
            flow => flow,
        }
    }

    /// Executes at once whole rounds of a loop that counts CTR down and does nothing else, which is to be gone through
    /// again: up to its last round, or to where the clock has to be looked at. A guest waits like that.
    pub(super) fn skip_rounds(&mut self, instructions: u64) {
        self.settle();
        let rounds = self.state.effective(self.state.ctr).saturating_sub(1).min(self.clock.left() / instructions);
        self.state.ctr -= rounds;
        self.clock.count(rounds * instructions);
    }
}

impl State {
    /// Goes to `target` and, if LK, leaves the return address.
    #[inline]
    fn go(&mut self, insn: Insn, taken: bool, target: u64) -> Flow {
        let following = self.following();
        if insn.lk() {
            self.lr = following;
        }
        self.nia = if taken { self.effective(target & !3) } else { following };
        Flow::Branch
    }

    /// The target of a branch with a displacement.
    #[inline]
    fn target(&self, insn: Insn, displacement: u64) -> u64 {
        if insn.aa() { displacement } else { self.pc.wrapping_add(displacement) }
    }

    /// b, ba, bl, bla.
    #[inline]
    pub(super) fn branch(&mut self, insn: Insn) -> Flow {
        let target = self.target(insn, insn.li());
        self.go(insn, true, target)
    }

    /// Decrements CTR; true if it is then what BO asks for.
    #[inline]
    fn count_down(&mut self, bo: u32) -> bool {
        self.ctr = self.register(self.ctr.wrapping_sub(1));
        (self.effective(self.ctr) == 0) == (bo & bo::ON_ZERO != 0)
    }

    /// Decrements CTR if BO says so; true if BO and BI are satisfied.
    #[inline]
    fn condition_holds(&mut self, insn: Insn) -> bool {
        let bo = insn.bo();
        let counter = bo & bo::NO_DECREMENT != 0 || self.count_down(bo);
        let condition = bo & bo::NO_CONDITION != 0 || self.cr_bit(insn.bi()) == (bo & bo::SENSE != 0);
        counter && condition
    }

    /// bc, bca, bcl, bcla.
    #[inline]
    pub(super) fn branch_conditional(&mut self, insn: Insn) -> Flow {
        let target = self.target(insn, insn.bd());
        let taken = self.condition_holds(insn);
        self.go(insn, taken, target)
    }

    /// bc that looks at a bit of CR alone, neither absolute nor with a link.
    #[inline]
    pub(super) fn branch_if(&mut self, insn: Insn) -> Flow {
        self.go_if(insn, self.cr_bit(insn.bi()) == (insn.bo() & bo::SENSE != 0))
    }

    /// bc that counts CTR down and looks at no bit of CR, neither absolute nor with a link.
    #[inline]
    pub(super) fn branch_counting(&mut self, insn: Insn) -> Flow {
        let taken = self.count_down(insn.bo());
        self.go_if(insn, taken)
    }

    /// Goes to the target of a bc that is neither absolute nor has a link.
    #[inline]
    fn go_if(&mut self, insn: Insn, taken: bool) -> Flow {
        if !taken {
            return Flow::Next;
        }
        self.nia = self.effective(self.pc.wrapping_add(insn.bd()));
        Flow::Branch
    }

    /// bclr, bclrl.
    #[inline]
    pub(super) fn branch_to_lr(&mut self, insn: Insn) -> Flow {
        let target = self.lr;
        let taken = self.condition_holds(insn);
        self.go(insn, taken, target)
    }

    /// bcctr, bcctrl. CTR cannot be target and counter at once: an invalid form, here illegal.
    #[inline]
    pub(super) fn branch_to_ctr(&mut self, insn: Insn) -> Result<Flow, Interrupt> {
        if insn.bo() & bo::NO_DECREMENT == 0 {
            return Err(Interrupt::illegal(self.profile.family));
        }
        let target = self.ctr;
        let taken = self.condition_holds(insn);
        Ok(self.go(insn, taken, target))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, Flat, Run, asm};
    use super::super::{Core, Interrupt, Processor, condition::field};

    #[test]
    fn relative_and_absolute_targets() {
        assert_eq!(Run::new("e500v2").step(asm("b", &[-8])).pc, BASE - 8);
        let state = Run::new("e500v2").step(asm("b", &[0x3000]) | 3);
        assert_eq!((state.pc, state.lr), (0x3000, BASE + 4), "bla");
        let state = Run::new("e500v2").lr(0x2003).step(asm("blr", &[]));
        assert_eq!(state.pc, 0x2000, "the two lowest bits of LR are ignored");
    }

    #[test]
    fn a_counted_branch_decrements_whether_taken_or_not() {
        let bdnz = asm("bc", &[16, 0, 0x40]);
        let state = Run::new("e500v2").ctr(2).step(bdnz);
        assert_eq!((state.pc, state.ctr), (BASE + 0x40, 1));
        let state = Run::new("e500v2").ctr(1).step(bdnz);
        assert_eq!((state.pc, state.ctr), (BASE + 4, 0));
        let state = Run::new("e500v2").ctr(0).step(bdnz);
        assert_eq!((state.pc, state.ctr), (BASE + 0x40, 0xffff_ffff));
        let state = Run::new("970").ctr(1 << 32 | 1).step(bdnz);
        assert_eq!((state.pc, state.ctr), (BASE + 4, 1 << 32), "in 32-bit mode the low word counts");
    }

    #[test]
    fn a_loop_that_only_counts_is_the_same_in_one_go_and_step_by_step() {
        let (nop, addi) = (asm("nop", &[]), asm("addi", &[3, 3, 1]));
        let back = |words: i64| asm("bc", &[16, 0, -4 * words]);
        let programs = [
            [back(0), addi, addi, addi, addi],
            [nop, back(1), addi, addi, addi],
            [nop, nop, nop, back(3), addi],
            // Not those: something else is done in them.
            [nop, addi, nop, back(3), addi],
            [addi, nop, nop, back(3), addi],
        ];
        for program in programs {
            for (cpu, ctr) in
                [("e500v2", 1), ("e500v2", 2), ("e500v2", 9), ("e500v2", 0), ("970", 5 << 32 | 3), ("970", 1 << 32)]
            {
                for limit in 1..45 {
                    let [mut at_once, mut stepped] = [(); 2].map(|()| Run::new(cpu).ctr(ctr).processor(&program));
                    at_once.run(limit);
                    for limit in 1..=limit {
                        stepped.run(limit);
                    }
                    let seen = |processor: &Processor<Flat>| {
                        let Core { state, clock, .. } = &processor.core;
                        (state.pc, state.ctr, state.gpr[3], clock.executed())
                    };
                    assert_eq!(
                        seen(&at_once),
                        seen(&stepped),
                        "{program:x?}, {cpu}, CTR {ctr:#x}, {limit} instructions"
                    );
                }
            }
        }
    }

    #[test]
    fn a_loop_that_only_counted_runs_as_changed() {
        let nop = asm("nop", &[]);
        let mut cpu = Run::new("e500v2").ctr(100).processor(&[nop, nop, nop, asm("bc", &[16, 0, -12])]);
        cpu.run(40);
        cpu.core.memory.write_u32(BASE + 4, asm("addi", &[3, 3, 1])).expect("in RAM");
        cpu.run(400);
        assert_eq!((cpu.core.state.gpr[3], cpu.core.state.ctr), (90, 0));
    }

    const fn cmpwi(field: u32, ra: u32, immediate: u32) -> u32 {
        11 << 26 | field << 23 | ra << 16 | immediate
    }

    #[test]
    fn a_compare_with_a_branch_behind_is_the_same_in_one_go_and_step_by_step() {
        let compares = [
            cmpwi(0, 3, 3),
            10 << 26 | 3 << 16 | 3, // cmplwi r3,3
            asm("cmpw", &[0, 3, 4]),
            asm("cmplw", &[0, 3, 4]),
            cmpwi(1, 3, 3),
            asm("andi.", &[7, 3, 3]),
            29 << 26 | 3 << 21 | 7 << 16 | 3, // andis. r7,r3,3
        ];
        for compare in compares {
            // bne over the addition to r6; beq; bne of another field; bnel, which is no plain one.
            for branch in [[4, 2], [12, 2], [4, 6], [4, 2]].map(|[bo, bi]| asm("bc", &[bo, bi, 8])) {
                for (branch, before) in [(branch, 0), (branch, 13), (branch, 14), (branch | 1, 0)] {
                    let mut program = vec![asm("nop", &[]); before];
                    program.extend([
                        asm("addi", &[3, 3, 1]),
                        compare,
                        branch,
                        asm("addi", &[6, 6, 1]),
                        asm("b", &[-16]),
                    ]);
                    for limit in before as u64 + 1..before as u64 + 30 {
                        let [mut at_once, mut stepped] =
                            [(); 2].map(|()| Run::new("e500v2").gpr(4, 3).processor(&program));
                        at_once.run(limit);
                        for limit in 1..=limit {
                            stepped.run(limit);
                        }
                        let seen = |processor: &Processor<Flat>| {
                            let Core { state, clock, .. } = &processor.core;
                            (state.pc, state.cr, state.lr, state.gpr, clock.executed())
                        };
                        assert_eq!(seen(&at_once), seen(&stepped), "{program:x?}, {limit} instructions");
                    }
                }
            }
        }
    }

    #[test]
    fn a_compare_whose_branch_is_changed_runs_as_changed() {
        // Counts in r3 to three and goes on; then never to its end.
        let program = [asm("addi", &[3, 3, 1]), cmpwi(0, 3, 3), asm("bc", &[4, 2, -8]), asm("addi", &[5, 5, 1])];
        let mut cpu = Run::new("e500v2").processor(&program);
        cpu.run(4);
        cpu.core.memory.write_u32(BASE + 8, asm("b", &[-8])).expect("in RAM");
        cpu.run(40);
        assert_eq!((cpu.core.state.gpr[3], cpu.core.state.gpr[5]), (14, 0));
    }

    #[test]
    fn a_conditional_branch_sets_lr_even_if_not_taken() {
        // beql +0x40
        let beql = asm("bc", &[12, 2, 0x40]) | 1;
        let state = Run::new("e500v2").cr(0).step(beql);
        assert_eq!((state.pc, state.lr), (BASE + 4, BASE + 4));
        let state = Run::new("e500v2").cr(field::EQ << 28).step(beql);
        assert_eq!(state.pc, BASE + 0x40);
        let bne = asm("bc", &[4, 2, 0x40]);
        assert_eq!(Run::new("e500v2").cr(field::EQ << 28).step(bne).pc, BASE + 4);
    }

    #[test]
    fn bctrl_returns_to_the_next_instruction() {
        let state = Run::new("e500v2").ctr(0x2000).step(asm("bctrl", &[]));
        assert_eq!((state.pc, state.lr), (0x2000, BASE + 4));
    }

    #[test]
    fn a_branch_to_ctr_that_counts_is_illegal() {
        let bdnzctr = 19 << 26 | 16 << 21 | 528 << 1;
        let family = sprig_isa::cpu::Family::BookeE500;
        assert_eq!(Run::new("e500v2").ctr(8).interrupt(bdnzctr), Interrupt::illegal(family));
    }

    #[test]
    fn targets_wrap_at_32_bits_in_32_bit_mode() {
        let state = Run::new("970").lr(0x1_0000_2000).step(asm("blr", &[]));
        assert_eq!(state.pc, 0x2000);
    }
}
