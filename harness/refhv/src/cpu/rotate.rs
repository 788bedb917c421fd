//! Rotate and mask (Power ISA Book I).

use super::{Insn, State, opcode::md30};

impl State {
    /// RS's low word rotated left, in both halves of 64 bits: the ISA's ROTL32.
    #[inline]
    fn rotate_word(&self, insn: Insn, amount: u32) -> u64 {
        let word = u64::from((self.gpr[insn.rt()] as u32).rotate_left(amount));
        word << 32 | word
    }

    #[inline]
    pub(super) fn rlwinm(&mut self, insn: Insn) {
        let value = self.rotate_word(insn, insn.sh()) & word_mask(insn);
        self.set_result(insn, insn.ra(), value);
    }

    pub(super) fn rlwnm(&mut self, insn: Insn) {
        let value = self.rotate_word(insn, self.gpr[insn.rb()] as u32 & 0x1f) & word_mask(insn);
        self.set_result(insn, insn.ra(), value);
    }

    pub(super) fn rlwimi(&mut self, insn: Insn) {
        let mask = word_mask(insn);
        let value = self.rotate_word(insn, insn.sh()) & mask | self.gpr[insn.ra()] & !mask;
        self.set_result(insn, insn.ra(), value);
    }

    /// The doubleword rotates of primary opcode 30; false if the word is not one of them.
    pub(super) fn rotate_doubleword(&mut self, insn: Insn) -> bool {
        let source = self.gpr[insn.rt()];
        let begin = insn.mb64();
        let value = match insn.0 >> 1 & 0xf {
            // MD form: an opcode of three bits, then the highest bit of the shift amount.
            opcode if opcode >> 1 == md30::RLDICL => source.rotate_left(insn.sh64()) & mask(begin, 63),
            opcode if opcode >> 1 == md30::RLDICR => source.rotate_left(insn.sh64()) & mask(0, begin),
            opcode if opcode >> 1 == md30::RLDIC => source.rotate_left(insn.sh64()) & mask(begin, 63 - insn.sh64()),
            opcode if opcode >> 1 == md30::RLDIMI => {
                let mask = mask(begin, 63 - insn.sh64());
                source.rotate_left(insn.sh64()) & mask | self.gpr[insn.ra()] & !mask
            }
            md30::RLDCL => source.rotate_left(self.gpr[insn.rb()] as u32 & 0x3f) & mask(begin, 63),
            md30::RLDCR => source.rotate_left(self.gpr[insn.rb()] as u32 & 0x3f) & mask(0, begin),
            _ => return false,
        };
        self.set_result(insn, insn.ra(), value);
        true
    }
}

/// The mask of a word rotate: bits MB + 32 to ME + 32. One that wraps covers the whole upper word too.
#[inline]
fn word_mask(insn: Insn) -> u64 {
    mask(insn.mb() + 32, insn.me() + 32)
}

/// Ones from bit `begin` to bit `end`, counted from the left, around the end of the register if `begin > end`.
#[inline]
fn mask(begin: u32, end: u32) -> u64 {
    let from_begin = u64::MAX >> begin;
    let to_end = u64::MAX << (63 - end);
    if begin <= end { from_begin & to_end } else { from_begin | to_end }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Run, asm};
    use super::*;

    #[test]
    fn a_mask_may_wrap_around() {
        assert_eq!(mask(0, 63), u64::MAX);
        assert_eq!(mask(62, 0), 1 << 63 | 3);
        assert_eq!(mask(32, 32), 1 << 31);
    }

    #[test]
    fn rlwinm_extracts_and_wraps() {
        // srwi r4,r3,24 ; rlwinm r4,r3,0,28,3
        let run = Run::new("e500v2").gpr(3, 0x8765_4321);
        assert_eq!(run.clone().step(asm("rlwinm", &[4, 3, 8, 24, 31])).gpr[4], 0x87);
        assert_eq!(run.step(asm("rlwinm", &[4, 3, 0, 28, 3])).gpr[4], 0x8000_0001);
    }

    #[test]
    fn a_wrapping_word_mask_reaches_the_upper_word_on_a_64bit_cpu() {
        let state = Run::new("970").gpr(3, 0x8765_4321).step(asm("rlwinm", &[4, 3, 0, 28, 3]));
        assert_eq!(state.gpr[4], 0x8765_4321_8000_0001);
    }

    #[test]
    fn rlwimi_keeps_what_is_outside_the_mask() {
        // rlwimi r4,r3,8,16,23
        let rlwimi = 20 << 26 | 3 << 21 | 4 << 16 | 8 << 11 | 16 << 6 | 23 << 1;
        let state = Run::new("e500v2").gpr(3, 0xab).gpr(4, 0x1111_1111).step(rlwimi);
        assert_eq!(state.gpr[4], 0x1111_ab11);
    }

    #[test]
    fn doubleword_rotates_place_their_masks() {
        let run = Run::new("970").sixty_four(true).gpr(3, 0x0123_4567_89ab_cdef).gpr(4, u64::MAX).gpr(5, 8);
        for (what, word, result) in [
            ("rldicl r4,r3,48,16", 0x7864_8402, 0x0000_0123_4567_89ab),
            ("rldicr r4,r3,12,40", 0x7864_6224, 0x3456_789a_bc80_0000),
            ("rldic r4,r3,20,8", 0x7864_a208, 0x0078_9abc_def0_0000),
            ("rldimi r4,r3,16,32", 0x7864_802c, 0xffff_ffff_cdef_ffff),
            ("rldcl r4,r3,r5,20", 0x7864_2d10, 0x0000_0789_abcd_ef01),
            ("rldcr r4,r3,r5,20", 0x7864_2d12, 0x2345_6000_0000_0000),
        ] {
            assert_eq!(run.clone().step(word).gpr[4], result, "{what}");
        }
    }
}
