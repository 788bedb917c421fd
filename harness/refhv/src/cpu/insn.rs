//! The fields of an instruction word, by their names in the Power ISA (Book I, section 1.6).

use super::opcode;

/// An instruction word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insn(pub u32);

impl Insn {
    /// ori 0, 0, 0, the preferred form (Power ISA Book I, section 3.3.13).
    pub(super) const NOP: Self = Self(opcode::primary::ORI << 26);

    #[inline]
    const fn five(self, shift: u32) -> usize {
        (self.0 >> shift & 0x1f) as usize
    }

    /// Primary opcode.
    #[inline]
    #[must_use]
    pub const fn primary(self) -> u32 {
        self.0 >> 26
    }

    /// Extended opcode of ten bits (X, XL, XFX form; XO form with OE as its highest bit).
    #[inline]
    #[must_use]
    pub const fn extended(self) -> u32 {
        self.0 >> 1 & 0x3ff
    }

    /// RT or RS.
    #[inline]
    #[must_use]
    pub const fn rt(self) -> usize {
        self.five(21)
    }

    /// RA.
    #[inline]
    #[must_use]
    pub const fn ra(self) -> usize {
        self.five(16)
    }

    /// RB.
    #[inline]
    #[must_use]
    pub const fn rb(self) -> usize {
        self.five(11)
    }

    /// SI or D: the signed immediate.
    #[inline]
    #[must_use]
    pub const fn si(self) -> u64 {
        self.0 as i16 as u64
    }

    /// UI: the unsigned immediate.
    #[inline]
    #[must_use]
    pub const fn ui(self) -> u64 {
        self.0 as u16 as u64
    }

    /// DS: a signed displacement of whole words.
    #[inline]
    #[must_use]
    pub const fn ds(self) -> u64 {
        (self.0 as i16 & !3) as u64
    }

    /// SPR or TBR: the register number, its halves put right.
    #[inline]
    #[must_use]
    pub const fn spr(self) -> u16 {
        (self.0 >> 16 & 0x1f | self.0 >> 6 & 0x3e0) as u16
    }

    /// SR: segment register.
    #[inline]
    #[must_use]
    pub const fn sr(self) -> usize {
        self.five(16) & 0xf
    }

    /// SH: shift amount of 32-bit shifts; NB of string instructions.
    #[inline]
    #[must_use]
    pub const fn sh(self) -> u32 {
        self.five(11) as u32
    }

    /// SH of 64-bit shifts: six bits, the highest apart (MD and XS form).
    #[inline]
    #[must_use]
    pub const fn sh64(self) -> u32 {
        self.sh() | (self.0 & 2) << 4
    }

    /// MB: mask begin.
    #[inline]
    #[must_use]
    pub const fn mb(self) -> u32 {
        self.five(6) as u32
    }

    /// ME: mask end.
    #[inline]
    #[must_use]
    pub const fn me(self) -> u32 {
        self.five(1) as u32
    }

    /// MB or ME of 64-bit rotates: six bits, the highest apart (MD form).
    #[inline]
    #[must_use]
    pub const fn mb64(self) -> u32 {
        self.mb() | self.0 & 0x20
    }

    /// Rc: set CR0.
    #[inline]
    #[must_use]
    pub const fn rc(self) -> bool {
        self.0 & 1 != 0
    }

    /// OE: set OV and SO.
    #[inline]
    #[must_use]
    pub const fn oe(self) -> bool {
        self.0 & 0x400 != 0
    }

    /// LK: set LR.
    #[inline]
    #[must_use]
    pub const fn lk(self) -> bool {
        self.0 & 1 != 0
    }

    /// AA: the target is absolute.
    #[inline]
    #[must_use]
    pub const fn aa(self) -> bool {
        self.0 & 2 != 0
    }

    /// LI: the target or displacement of an unconditional branch.
    #[inline]
    #[must_use]
    pub const fn li(self) -> u64 {
        (((self.0 << 6) as i32 >> 6) & !3) as u64
    }

    /// BD: the target or displacement of a conditional branch.
    #[inline]
    #[must_use]
    pub const fn bd(self) -> u64 {
        self.ds()
    }

    /// BO: branch condition.
    #[inline]
    #[must_use]
    pub const fn bo(self) -> u32 {
        self.five(21) as u32
    }

    /// BI: condition register bit.
    #[inline]
    #[must_use]
    pub const fn bi(self) -> u32 {
        self.five(16) as u32
    }

    /// BF: condition register field set.
    #[inline]
    #[must_use]
    pub const fn bf(self) -> u32 {
        self.0 >> 23 & 7
    }

    /// BFA: condition register field read.
    #[inline]
    #[must_use]
    pub const fn bfa(self) -> u32 {
        self.0 >> 18 & 7
    }

    /// L of compares: 64-bit operands.
    #[inline]
    #[must_use]
    pub const fn compare_doubleword(self) -> bool {
        self.0 & 0x0020_0000 != 0
    }

    /// L of mtmsr and mtmsrd: change EE and RI only.
    #[inline]
    #[must_use]
    pub const fn l15(self) -> bool {
        self.0 & 0x0001_0000 != 0
    }

    /// E of wrteei.
    #[inline]
    #[must_use]
    pub const fn e(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// FXM: mask of condition register fields.
    #[inline]
    #[must_use]
    pub const fn fxm(self) -> u32 {
        self.0 >> 12 & 0xff
    }

    /// The bit that tells mtocrf from mtcrf, mfocrf from mfcr.
    #[inline]
    #[must_use]
    pub const fn one_field(self) -> bool {
        self.0 & 0x0010_0000 != 0
    }

    /// TO: trap condition.
    #[inline]
    #[must_use]
    pub const fn to(self) -> u32 {
        self.five(21) as u32
    }

    /// BC of isel: condition register bit.
    #[inline]
    #[must_use]
    pub const fn bc(self) -> u32 {
        self.mb()
    }

    /// LEV of sc: 1 calls the hypervisor.
    #[inline]
    #[must_use]
    pub const fn lev(self) -> u32 {
        self.0 >> 5 & 0x7f
    }
}

#[cfg(test)]
mod tests {
    use super::Insn;

    #[test]
    fn fields_are_where_the_assembler_puts_them() {
        assert_eq!(Insn(0x7fd0_43a6).spr(), 272, "mtsprg 0,r30");
        assert_eq!(Insn(0x83e0_f0d4).si() as i64, -3884, "lwz r31,-3884(0)");
        assert_eq!(Insn(0x4bff_fffc).li() as i64, -4, "b .-4");
        assert_eq!((Insn(0x7864_802c).sh64(), Insn(0x7864_802c).mb64()), (16, 32), "rldimi r4,r3,16,32");
        assert_eq!((Insn(0x7864_07c6).sh64(), Insn(0x7864_07c6).mb64()), (32, 31), "sldi r4,r3,32");
    }
}
