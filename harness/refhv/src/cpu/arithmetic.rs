//! Fixed-point arithmetic (Power ISA Book I).
//!
//! CA and OV come from a carry or overflow out of the highest bit of the mode: bit 31 in 32-bit mode, also on 64-bit
//! CPUs whose registers then keep all 64 bits of the sum.

use super::{Insn, State};

impl State {
    /// `a + b + carry`, with CA set if `set_carry`, and OV if the instruction has OE: the whole add and subtract
    /// family, as `a - b` is `a + !b + 1`.
    #[inline]
    fn sum(&mut self, insn: Insn, a: u64, b: u64, carry: u64, set_carry: bool, has_oe: bool) {
        let result = a.wrapping_add(b).wrapping_add(carry);
        if set_carry {
            let out = if self.is_64bit_mode() {
                (u128::from(a) + u128::from(b) + u128::from(carry)) >> 64 != 0
            } else {
                (low(a) + low(b) + carry) >> 32 != 0
            };
            self.set_carry(out);
        }
        if has_oe && insn.oe() {
            let overflow = (a ^ result) & (b ^ result) & self.sign_bit() != 0;
            self.set_overflow(overflow);
        }
        self.set_gpr(insn.rt(), result);
        if has_oe && insn.rc() {
            self.record(result);
        }
    }

    #[inline]
    fn sign_bit(&self) -> u64 {
        if self.is_64bit_mode() { 1 << 63 } else { 1 << 31 }
    }

    #[inline]
    pub(super) fn add(&mut self, insn: Insn) {
        self.sum(insn, self.gpr[insn.ra()], self.gpr[insn.rb()], 0, false, true);
    }

    pub(super) fn addc(&mut self, insn: Insn) {
        self.sum(insn, self.gpr[insn.ra()], self.gpr[insn.rb()], 0, true, true);
    }

    pub(super) fn adde(&mut self, insn: Insn) {
        self.sum(insn, self.gpr[insn.ra()], self.gpr[insn.rb()], self.carry(), true, true);
    }

    pub(super) fn addme(&mut self, insn: Insn) {
        self.sum(insn, self.gpr[insn.ra()], u64::MAX, self.carry(), true, true);
    }

    pub(super) fn addze(&mut self, insn: Insn) {
        self.sum(insn, self.gpr[insn.ra()], 0, self.carry(), true, true);
    }

    #[inline]
    pub(super) fn subf(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], self.gpr[insn.rb()], 1, false, true);
    }

    pub(super) fn subfc(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], self.gpr[insn.rb()], 1, true, true);
    }

    pub(super) fn subfe(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], self.gpr[insn.rb()], self.carry(), true, true);
    }

    pub(super) fn subfme(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], u64::MAX, self.carry(), true, true);
    }

    pub(super) fn subfze(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], 0, self.carry(), true, true);
    }

    pub(super) fn neg(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], 0, 1, false, true);
    }

    /// addic, and addic. with `record`.
    #[inline]
    pub(super) fn addic(&mut self, insn: Insn, record: bool) {
        self.sum(insn, self.gpr[insn.ra()], insn.si(), 0, true, false);
        if record {
            self.record(self.gpr[insn.rt()]);
        }
    }

    pub(super) fn subfic(&mut self, insn: Insn) {
        self.sum(insn, !self.gpr[insn.ra()], insn.si(), 1, true, false);
    }

    /// A product or quotient: OV if it does not fit, then the result and CR0.
    #[inline]
    fn set_checked(&mut self, insn: Insn, value: u64, overflow: bool) {
        if insn.oe() {
            self.set_overflow(overflow);
        }
        self.set_result(insn, insn.rt(), value);
    }

    pub(super) fn mulli(&mut self, insn: Insn) {
        self.set_gpr(insn.rt(), self.gpr[insn.ra()].wrapping_mul(insn.si()));
    }

    /// mullw: on a 64-bit CPU the target gets the whole 64-bit product.
    pub(super) fn mullw(&mut self, insn: Insn) {
        let product = i64::from(self.gpr[insn.ra()] as i32) * i64::from(self.gpr[insn.rb()] as i32);
        self.set_checked(insn, product as u64, product != i64::from(product as i32));
    }

    pub(super) fn mulld(&mut self, insn: Insn) {
        let (product, overflow) = (self.gpr[insn.ra()] as i64).overflowing_mul(self.gpr[insn.rb()] as i64);
        self.set_checked(insn, product as u64, overflow);
    }

    /// mulhw; the upper half of the target is undefined on a 64-bit CPU, here zero.
    pub(super) fn mulhw(&mut self, insn: Insn) {
        let product = i64::from(self.gpr[insn.ra()] as i32) * i64::from(self.gpr[insn.rb()] as i32);
        self.set_result(insn, insn.rt(), low((product >> 32) as u64));
    }

    /// mulhwu; the upper half of the target is undefined on a 64-bit CPU, here zero.
    pub(super) fn mulhwu(&mut self, insn: Insn) {
        self.set_result(insn, insn.rt(), (low(self.gpr[insn.ra()]) * low(self.gpr[insn.rb()])) >> 32);
    }

    pub(super) fn mulhd(&mut self, insn: Insn) {
        let product = i128::from(self.gpr[insn.ra()] as i64) * i128::from(self.gpr[insn.rb()] as i64);
        self.set_result(insn, insn.rt(), (product >> 64) as u64);
    }

    pub(super) fn mulhdu(&mut self, insn: Insn) {
        let product = u128::from(self.gpr[insn.ra()]) * u128::from(self.gpr[insn.rb()]);
        self.set_result(insn, insn.rt(), (product >> 64) as u64);
    }

    // Where a quotient cannot be represented or does not exist, the architecture leaves the target undefined; here it
    // is the dividend, as if divided by one, which is what QEMU gives. The upper half after a word division, undefined
    // too, is zero.

    pub(super) fn divw(&mut self, insn: Insn) {
        let (a, b) = (self.gpr[insn.ra()] as i32, self.gpr[insn.rb()] as i32);
        let quotient = a.checked_div(b);
        self.set_checked(insn, u64::from(quotient.unwrap_or(a) as u32), quotient.is_none());
    }

    pub(super) fn divwu(&mut self, insn: Insn) {
        let (a, b) = (self.gpr[insn.ra()] as u32, self.gpr[insn.rb()] as u32);
        let quotient = a.checked_div(b);
        self.set_checked(insn, u64::from(quotient.unwrap_or(a)), quotient.is_none());
    }

    pub(super) fn divd(&mut self, insn: Insn) {
        let (a, b) = (self.gpr[insn.ra()] as i64, self.gpr[insn.rb()] as i64);
        let quotient = a.checked_div(b);
        self.set_checked(insn, quotient.unwrap_or(a) as u64, quotient.is_none());
    }

    pub(super) fn divdu(&mut self, insn: Insn) {
        let (a, b) = (self.gpr[insn.ra()], self.gpr[insn.rb()]);
        let quotient = a.checked_div(b);
        self.set_checked(insn, quotient.unwrap_or(a), quotient.is_none());
    }
}

#[inline]
fn low(value: u64) -> u64 {
    u64::from(value as u32)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Run, asm};
    use super::super::xer;

    /// The OE bit of an XO-form instruction.
    const OE: u32 = 0x400;
    const RC: u32 = 1;

    #[test]
    fn addition_wraps_at_32_bits_on_a_32bit_cpu() {
        let state = Run::new("e500v2").gpr(3, 0xffff_ffff).gpr(4, 2).step(asm("add", &[5, 3, 4]) | RC);
        assert_eq!((state.gpr[5], state.cr >> 28), (1, 0b0100));
    }

    #[test]
    fn overflow_is_sticky_in_so_and_seen_by_the_record_form() {
        let addo = asm("add", &[5, 3, 4]) | OE | RC;
        let state = Run::new("e500v2").gpr(3, 0x7fff_ffff).gpr(4, 1).step(addo);
        assert_eq!(state.xer, xer::SO | xer::OV);
        assert_eq!(state.cr >> 28, 0b1001);
        let state = Run::new("e500v2").gpr(3, 1).gpr(4, 1).xer(xer::SO | xer::OV).step(addo);
        assert_eq!(state.xer, xer::SO);
    }

    #[test]
    fn carry_is_that_of_the_mode() {
        let addic = asm("addic", &[5, 3, 1]);
        let carry = |cpu, sf, value| Run::new(cpu).sixty_four(sf).gpr(3, value).step(addic).xer & xer::CA != 0;
        assert!(carry("e500v2", false, 0xffff_ffff));
        assert!(carry("970", false, 0xffff_ffff));
        assert!(!carry("970", true, 0xffff_ffff));
        assert!(carry("970", true, u64::MAX));
    }

    #[test]
    fn subtraction_carries_when_it_does_not_borrow() {
        let subfc = 31 << 26 | 5 << 21 | 3 << 16 | 4 << 11 | 8 << 1;
        let state = Run::new("e500v2").gpr(3, 1).gpr(4, 1).step(subfc);
        assert_eq!((state.gpr[5], state.xer), (0, xer::CA));
        let state = Run::new("e500v2").gpr(3, 2).gpr(4, 1).step(subfc);
        assert_eq!((state.gpr[5], state.xer), (0xffff_ffff, 0));
    }

    #[test]
    fn a_64_bit_sum_made_of_words_is_right() {
        // addc r7,r3,r5 ; adde r8,r4,r6
        let addc = 31 << 26 | 7 << 21 | 3 << 16 | 5 << 11 | 10 << 1;
        let adde = 31 << 26 | 8 << 21 | 4 << 16 | 6 << 11 | 138 << 1;
        let run = Run::new("e500v2").gpr(3, 0x9000_0000).gpr(5, 0x8000_0000).gpr(4, 1).gpr(6, 2);
        let state = run.steps(&[addc, adde]);
        assert_eq!((state.gpr[7], state.gpr[8]), (0x1000_0000, 4));
    }

    #[test]
    fn negating_the_most_negative_number_overflows() {
        let state = Run::new("e500v2").gpr(3, 0x8000_0000).step(asm("neg", &[4, 3]) | OE);
        assert_eq!((state.gpr[4], state.xer), (0x8000_0000, xer::SO | xer::OV));
    }

    #[test]
    fn products_overflow_when_they_do_not_fit() {
        let mullwo = asm("mullw", &[5, 3, 4]) | OE;
        let state = Run::new("e500v2").gpr(3, 0x1_0000).gpr(4, 0x1_0000).step(mullwo);
        assert_eq!((state.gpr[5], state.xer), (0, xer::SO | xer::OV));
        let state = Run::new("970").gpr(3, 0x1_0000).gpr(4, 0x1_0000).step(mullwo);
        assert_eq!((state.gpr[5], state.xer), (1 << 32, xer::SO | xer::OV));
        let state = Run::new("e500v2").gpr(3, 0xffff_fffd).step(asm("mulli", &[5, 3, -7]));
        assert_eq!(state.gpr[5], 21);
    }

    #[test]
    fn high_halves_are_signed_or_unsigned() {
        let mulhw = 31 << 26 | 5 << 21 | 3 << 16 | 4 << 11 | 75 << 1;
        let mulhwu = 31 << 26 | 5 << 21 | 3 << 16 | 4 << 11 | 11 << 1;
        let run = Run::new("e500v2").gpr(3, 0xffff_ffff).gpr(4, 0xffff_ffff);
        assert_eq!(run.clone().step(mulhw).gpr[5], 0);
        assert_eq!(run.step(mulhwu).gpr[5], 0xffff_fffe);
    }

    #[test]
    fn a_quotient_that_does_not_exist_sets_ov() {
        for (mnemonic, a, b) in [("divw", 0x8000_0000, 0xffff_ffff), ("divw", 5, 0), ("divwu", 5, 0)] {
            let state = Run::new("e500v2").gpr(3, a).gpr(4, b).step(asm(mnemonic, &[5, 3, 4]) | OE);
            assert_eq!(state.xer, xer::SO | xer::OV, "{mnemonic} {a:#x} {b:#x}");
        }
        let state = Run::new("e500v2").gpr(3, 0xffff_fff9).gpr(4, 2).step(asm("divw", &[5, 3, 4]) | OE);
        assert_eq!((state.gpr[5], state.xer), (0xffff_fffd, 0), "-7 / 2 rounds towards zero");
    }
}
