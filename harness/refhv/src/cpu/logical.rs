//! Logic, bit counts, sign extension and shifts (Power ISA Book I).

use super::{Insn, State};

/// The bit of a shift amount that shifts a word out entirely.
const WORD_OUT: u64 = 0x20;
/// The same for doublewords.
const DOUBLEWORD_OUT: u64 = 0x40;

impl State {
    /// A logical instruction: RA := f(RS, RB).
    #[inline]
    pub(super) fn logical(&mut self, insn: Insn, f: impl FnOnce(u64, u64) -> u64) {
        let value = f(self.gpr[insn.rt()], self.gpr[insn.rb()]);
        self.set_result(insn, insn.ra(), value);
    }

    /// A logical instruction with an immediate operand, which records if `record`.
    #[inline]
    pub(super) fn logical_immediate(&mut self, insn: Insn, value: u64, record: bool) {
        self.set_gpr(insn.ra(), value);
        if record {
            self.record(value);
        }
    }

    /// slw: shifts of 32 and more give zero.
    pub(super) fn slw(&mut self, insn: Insn) {
        self.logical(insn, |s, n| if n & WORD_OUT != 0 { 0 } else { u64::from((s as u32) << (n & 0x1f)) });
    }

    pub(super) fn srw(&mut self, insn: Insn) {
        self.logical(insn, |s, n| if n & WORD_OUT != 0 { 0 } else { u64::from(s as u32 >> (n & 0x1f)) });
    }

    pub(super) fn sld(&mut self, insn: Insn) {
        self.logical(insn, |s, n| if n & DOUBLEWORD_OUT != 0 { 0 } else { s << (n & 0x3f) });
    }

    pub(super) fn srd(&mut self, insn: Insn) {
        self.logical(insn, |s, n| if n & DOUBLEWORD_OUT != 0 { 0 } else { s >> (n & 0x3f) });
    }

    /// Algebraic right shift of a word: CA says that a negative number lost one bits. Shifts of 32 and more leave the
    /// sign.
    fn shift_word_algebraic(&mut self, insn: Insn, amount: u32) {
        let source = self.gpr[insn.rt()] as i32;
        let shifted = i64::from(source) >> amount.min(32);
        let lost = i64::from(source) != shifted << amount.min(32);
        self.set_carry(source < 0 && lost);
        self.set_result(insn, insn.ra(), shifted as u64);
    }

    pub(super) fn sraw(&mut self, insn: Insn) {
        self.shift_word_algebraic(insn, self.gpr[insn.rb()] as u32 & 0x3f);
    }

    pub(super) fn srawi(&mut self, insn: Insn) {
        self.shift_word_algebraic(insn, insn.sh());
    }

    fn shift_doubleword_algebraic(&mut self, insn: Insn, amount: u32) {
        let source = self.gpr[insn.rt()] as i64;
        let shifted = source >> amount.min(63);
        // A shift by 64 or more loses every bit.
        let lost = if amount > 63 { source != 0 } else { source != shifted << amount };
        self.set_carry(source < 0 && lost);
        self.set_result(insn, insn.ra(), shifted as u64);
    }

    pub(super) fn srad(&mut self, insn: Insn) {
        self.shift_doubleword_algebraic(insn, self.gpr[insn.rb()] as u32 & 0x7f);
    }

    pub(super) fn sradi(&mut self, insn: Insn) {
        self.shift_doubleword_algebraic(insn, insn.sh64());
    }

    /// A unary instruction: RA := f(RS).
    #[inline]
    pub(super) fn unary(&mut self, insn: Insn, f: impl FnOnce(u64) -> u64) {
        let value = f(self.gpr[insn.rt()]);
        self.set_result(insn, insn.ra(), value);
    }

    /// A unary instruction without record form, whose lowest bit is reserved.
    #[inline]
    pub(super) fn count(&mut self, insn: Insn, f: impl FnOnce(u64) -> u64) {
        self.set_gpr(insn.ra(), f(self.gpr[insn.rt()]));
    }

    /// cmpb: bytes equal in RS and RB become all ones.
    pub(super) fn cmpb(&mut self, insn: Insn) {
        let (a, b) = (self.gpr[insn.rt()].to_be_bytes(), self.gpr[insn.rb()].to_be_bytes());
        let equal = std::array::from_fn(|i| if a[i] == b[i] { 0xff } else { 0 });
        self.set_gpr(insn.ra(), u64::from_be_bytes(equal));
    }

    /// bpermd: gathers the bits of RB that the bytes of RS name.
    pub(super) fn bpermd(&mut self, insn: Insn) {
        let source = self.gpr[insn.rb()];
        let selectors = self.gpr[insn.rt()].to_le_bytes();
        let bits = selectors.iter().enumerate().fold(0, |bits, (place, selector)| {
            let bit = 1u64 << 63 >> (selector & 0x3f) & source != 0 && *selector < 64;
            bits | u64::from(bit) << place
        });
        self.set_gpr(insn.ra(), bits);
    }
}

/// Population count of each byte.
pub(super) fn popcntb(value: u64) -> u64 {
    u64::from_be_bytes(value.to_be_bytes().map(|byte| byte.count_ones() as u8))
}

/// Population count of each word.
pub(super) fn popcntw(value: u64) -> u64 {
    u64::from((value >> 32).count_ones()) << 32 | u64::from((value as u32).count_ones())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Run, asm};
    use super::super::xer;

    #[test]
    fn word_shifts_of_32_and_more_give_zero() {
        for (mnemonic, amount, result) in
            [("slw", 4, 0x2345_6780), ("srw", 4, 0x0123_4567), ("slw", 32, 0), ("srw", 63, 0), ("slw", 64, 0x1234_5678)]
        {
            let state = Run::new("e500v2").gpr(3, 0x1234_5678).gpr(4, amount).step(asm(mnemonic, &[5, 3, 4]));
            assert_eq!(state.gpr[5], result, "{mnemonic} by {amount}");
        }
    }

    #[test]
    fn an_algebraic_shift_carries_when_a_negative_number_loses_ones() {
        let sraw = asm("sraw", &[5, 3, 4]);
        for (value, amount, result, carry) in [
            (0x8000_0001, 1, 0xc000_0000, xer::CA),
            (0x8000_0000, 1, 0xc000_0000, 0),
            (0x8000_0000, 40, 0xffff_ffff, xer::CA),
            (0x7fff_ffff, 40, 0, 0),
        ] {
            let state = Run::new("e500v2").gpr(3, value).gpr(4, amount).step(sraw);
            assert_eq!((state.gpr[5], state.xer), (result, carry), "{value:#x} by {amount}");
        }
        let state = Run::new("e500v2").gpr(3, 0xffff_fff9).step(asm("srawi", &[5, 3, 1]));
        assert_eq!((state.gpr[5], state.xer), (0xffff_fffc, xer::CA));
    }

    #[test]
    fn word_results_are_sign_extended_on_a_64bit_cpu() {
        let state = Run::new("970").gpr(3, 0x8000_0000).step(asm("srawi", &[5, 3, 4]));
        assert_eq!(state.gpr[5], 0xffff_ffff_f800_0000);
    }

    #[test]
    fn doubleword_shifts_work_on_all_64_bits() {
        // sradi r5,r3,33 ; srad r6,r3,r4
        let sradi = 31 << 26 | 3 << 21 | 5 << 16 | 1 << 11 | 413 << 2 | 2;
        let srad = 31 << 26 | 3 << 21 | 6 << 16 | 4 << 11 | 794 << 1;
        let run = Run::new("970").sixty_four(true).gpr(3, 1 << 63 | 1).gpr(4, 64);
        let state = run.clone().step(sradi);
        assert_eq!((state.gpr[5], state.xer), ((-1i64 << 30) as u64, xer::CA));
        let state = run.step(srad);
        assert_eq!((state.gpr[6], state.xer), (u64::MAX, xer::CA));
    }

    #[test]
    fn zeros_are_counted_in_the_low_word() {
        let state = Run::new("970").gpr(3, 1 << 40 | 0x0001_0000).step(asm("cntlzw", &[4, 3]));
        assert_eq!(state.gpr[4], 15);
        assert_eq!(Run::new("e500v2").gpr(3, 0).step(asm("cntlzw", &[4, 3])).gpr[4], 32);
    }

    #[test]
    fn bytes_are_compared_and_counted_each() {
        // cmpb r5,r3,r4
        let cmpb = 31 << 26 | 3 << 21 | 5 << 16 | 4 << 11 | 508 << 1;
        let state = Run::new("power8").gpr(3, 0x0102_0304).gpr(4, 0x0100_0300).step(cmpb);
        assert_eq!(state.gpr[5], 0xffff_ffff_ff00_ff00);
        assert_eq!(super::popcntb(0xff01_0300_0000_0080), 0x0801_0200_0000_0001);
    }

    #[test]
    fn bpermd_gathers_named_bits() {
        let bpermd = 31 << 26 | 3 << 21 | 5 << 16 | 4 << 11 | 252 << 1;
        // Lowest selector 63 is the lowest bit of the source; 200 is out of range and gives zero.
        let state = Run::new("power8").gpr(3, 0x0000_0000_0000_c83f).gpr(4, 1 << 63 | 1).step(bpermd);
        assert_eq!(state.gpr[5], 0b1111_1101);
    }
}
