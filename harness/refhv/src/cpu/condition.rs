//! The condition register: record forms, compares, logic on its bits, moves (Power ISA Book I).

use super::{Insn, State, opcode::x19, xer};

/// The four bits of a CR field.
pub mod field {
    /// Negative, or less than.
    pub const LT: u32 = 8;
    /// Positive, or greater than.
    pub const GT: u32 = 4;
    /// Zero, or equal.
    pub const EQ: u32 = 2;
    /// A copy of XER\[SO\].
    pub const SO: u32 = 1;
}

impl State {
    /// Sets a CR field to four bits.
    #[inline]
    pub(super) fn set_cr_field(&mut self, index: u32, bits: u32) {
        let shift = 28 - 4 * index;
        self.cr = self.cr & !(0xf << shift) | (bits & 0xf) << shift;
    }

    #[inline]
    fn cr_field(&self, index: u32) -> u32 {
        self.cr >> (28 - 4 * index) & 0xf
    }

    /// A bit of CR, numbered from the left.
    #[inline]
    pub(super) fn cr_bit(&self, index: u32) -> bool {
        self.cr << index & 1 << 31 != 0
    }

    /// XER\[SO\] as it is copied into a CR field.
    #[inline]
    pub(super) fn summary(&self) -> u32 {
        if self.xer & xer::SO != 0 { field::SO } else { 0 }
    }

    /// Sets CR0 from a result: what is compared with zero is as wide as the mode.
    #[inline]
    pub(super) fn record(&mut self, value: u64) {
        let signed = if self.is_64bit_mode() { value as i64 } else { i64::from(value as i32) };
        self.compare(0, signed, 0);
    }

    #[inline]
    fn compare<T: Ord>(&mut self, index: u32, a: T, b: T) {
        let bits = match a.cmp(&b) {
            std::cmp::Ordering::Less => field::LT,
            std::cmp::Ordering::Greater => field::GT,
            std::cmp::Ordering::Equal => field::EQ,
        };
        let summary = self.summary();
        self.set_cr_field(index, bits | summary);
    }

    /// cmp, cmpi. On 32-bit CPUs the L bit is ignored.
    #[inline]
    pub(super) fn compare_signed(&mut self, insn: Insn, a: u64, b: u64) {
        if insn.compare_doubleword() && self.profile.is_64bit {
            self.compare(insn.bf(), a as i64, b as i64);
        } else {
            self.compare(insn.bf(), a as i32, b as i32);
        }
    }

    /// cmpl, cmpli.
    #[inline]
    pub(super) fn compare_unsigned(&mut self, insn: Insn, a: u64, b: u64) {
        if insn.compare_doubleword() && self.profile.is_64bit {
            self.compare(insn.bf(), a, b);
        } else {
            self.compare(insn.bf(), a as u32, b as u32);
        }
    }

    /// crand and the other seven.
    pub(super) fn cr_logical(&mut self, insn: Insn) {
        let (target, a, b) = (insn.rt() as u32, insn.ra() as u32, insn.rb() as u32);
        let (a, b) = (self.cr_bit(a), self.cr_bit(b));
        let bit = match insn.extended() {
            x19::CRAND => a && b,
            x19::CRANDC => a && !b,
            x19::CREQV => a == b,
            x19::CRNAND => !(a && b),
            x19::CRNOR => !(a || b),
            x19::CROR => a || b,
            x19::CRORC => a || !b,
            _ => a != b,
        };
        let mask = 1 << 31 >> target;
        self.cr = if bit { self.cr | mask } else { self.cr & !mask };
    }

    /// mcrf: copies one field to another.
    pub(super) fn mcrf(&mut self, insn: Insn) {
        let bits = self.cr_field(insn.bfa());
        self.set_cr_field(insn.bf(), bits);
    }

    /// mcrxr: moves SO, OV and CA to a field and clears them. The fourth bit is reserved and counts as zero.
    pub(super) fn mcrxr(&mut self, insn: Insn) {
        self.set_cr_field(insn.bf(), (self.xer & xer::FLAGS) >> 28);
        self.xer &= !xer::FLAGS;
    }

    /// mfcr and mfocrf. mfocrf of no or several fields is an invalid form and leaves the target as it is.
    pub(super) fn mfcr(&mut self, insn: Insn) {
        if !insn.one_field() {
            self.set_gpr(insn.rt(), u64::from(self.cr));
        } else if insn.fxm().is_power_of_two() {
            self.set_gpr(insn.rt(), u64::from(self.cr & expand(insn.fxm())));
        }
    }

    /// mtcrf and mtocrf; the same form rule.
    pub(super) fn mtcrf(&mut self, insn: Insn) {
        if !insn.one_field() || insn.fxm().is_power_of_two() {
            let mask = expand(insn.fxm());
            self.cr = self.cr & !mask | self.gpr[insn.rt()] as u32 & mask;
        }
    }

    /// isel: one of two registers, by a bit of CR.
    pub(super) fn isel(&mut self, insn: Insn) {
        let value = if self.cr_bit(insn.bc()) { self.base(insn.ra()) } else { self.gpr[insn.rb()] };
        self.set_gpr(insn.rt(), value);
    }
}

/// Eight field bits as a mask of 32 CR bits.
fn expand(fields: u32) -> u32 {
    (0..8).filter(|index| fields & 0x80 >> index != 0).fold(0, |mask, index| mask | 0xf000_0000 >> (4 * index))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Run, asm};
    use super::*;

    #[test]
    fn compares_are_signed_or_unsigned_and_copy_so() {
        let run = Run::new("e500v2").gpr(3, 0xffff_ffff).gpr(4, 1).xer(xer::SO);
        assert_eq!(run.clone().step(asm("cmpw", &[2, 3, 4])).cr, (field::LT | field::SO) << 20);
        assert_eq!(run.clone().step(asm("cmplw", &[7, 3, 4])).cr, field::GT | field::SO);
        assert_eq!(run.step(asm("cmpw", &[0, 4, 4])).cr, (field::EQ | field::SO) << 28);
    }

    #[test]
    fn a_doubleword_compare_looks_at_64_bits_on_a_64bit_cpu_only() {
        let cmpd = asm("cmpw", &[0, 3, 4]) | 0x0020_0000;
        let run = |cpu| Run::new(cpu).gpr(3, 1 << 32).gpr(4, 1).step(cmpd).cr >> 28;
        assert_eq!(run("970"), field::GT);
        assert_eq!(run("7447"), field::LT, "register values keep within 32 bits");
    }

    #[test]
    fn logic_on_bits_touches_the_target_bit_only() {
        // crnor 31,0,1 ; crxor 0,0,0
        let state = Run::new("e500v2").cr(0).step(19 << 26 | 31 << 21 | 1 << 11 | x19::CRNOR << 1);
        assert_eq!(state.cr, 1);
        let state = Run::new("e500v2").cr(u32::MAX).step(19 << 26 | x19::CRXOR << 1);
        assert_eq!(state.cr, 0x7fff_ffff);
    }

    #[test]
    fn mtcrf_writes_the_named_fields_and_mfocrf_reads_one() {
        let state = Run::new("e500v2").cr(0x1111_1111).gpr(3, 0xabcd_ef98).step(asm("mtcrf", &[0x81, 3]));
        assert_eq!(state.cr, 0xa111_1118);
        // mfocrf r5,0x40
        let state = Run::new("e500v2").cr(0x1234_5678).step(asm("mfcr", &[5]) | 0x0010_0000 | 0x40 << 12);
        assert_eq!(state.gpr[5], 0x0200_0000);
    }

    #[test]
    fn mcrxr_empties_the_flags_it_moves() {
        let state = Run::new("7447").xer(xer::SO | xer::CA | 5).step(31 << 26 | 6 << 23 | 512 << 1);
        assert_eq!((state.cr, state.xer), (0xa0, 5));
    }

    #[test]
    fn isel_takes_ra_or_zero_when_the_bit_is_set() {
        // isel r3,0,r5,cr bit 2
        let isel = 31 << 26 | 3 << 21 | 5 << 11 | 2 << 6 | 15 << 1;
        assert_eq!(Run::new("e500v2").gpr(5, 9).gpr(0, 7).cr(field::EQ << 28).step(isel).gpr[3], 0);
        assert_eq!(Run::new("e500v2").gpr(5, 9).gpr(0, 7).cr(0).step(isel).gpr[3], 9);
    }
}
