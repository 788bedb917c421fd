//! Effects of a case's code that few cases have and that a kernel has to undo afterwards: a bit each, in the case's
//! header.
//!
//! The kernel could find them in the code itself; but that would take thousands of instructions for each case, on every
//! target, and the harness has the code at hand.

/// Writes an entry of the TLB by tlbwe, as e500 has it.
pub const WRITES_TLB: u32 = 1 << 0;
/// Writes SPRG8.
pub const WRITES_SPRG8: u32 = 1 << 1;
/// Writes SPRG9.
pub const WRITES_SPRG9: u32 = 1 << 2;
/// Writes MCSRR0.
pub const WRITES_MCSRR0: u32 = 1 << 3;
/// Writes MCSRR1.
pub const WRITES_MCSRR1: u32 = 1 << 4;

#[cfg(feature = "alloc")]
pub use code::{is_plain, of};

#[cfg(feature = "alloc")]
mod code {
    use super::{WRITES_MCSRR0, WRITES_MCSRR1, WRITES_SPRG8, WRITES_SPRG9, WRITES_TLB};
    use sprig_isa::insn::{Insn, Operand};
    use sprig_isa::spr::number as n;

    const MFSPR: &Insn = Insn::named("mfspr");
    const MTSPR: &Insn = Insn::named("mtspr");
    const TLBWE: &Insn = Insn::named("tlbwe");
    /// What a sweep over all registers computes with: these change a general register and nothing else.
    const COMPUTING: [&Insn; 3] = [Insn::named("ori"), Insn::named("or"), Insn::named("xor")];

    /// The effects of code, of all its words together.
    #[must_use]
    pub fn of(code: &[u32]) -> u32 {
        code.iter().fold(0, |effects, word| effects | of_word(*word))
    }

    fn of_word(word: u32) -> u32 {
        match written(word) {
            _ if TLBWE.is(word) => WRITES_TLB,
            Some(n::SPRG8) => WRITES_SPRG8,
            Some(n::SPRG9) => WRITES_SPRG9,
            Some(n::MCSRR0) => WRITES_MCSRR0,
            Some(n::MCSRR1) => WRITES_MCSRR1,
            _ => 0,
        }
    }

    /// The register that an mtspr writes.
    fn written(word: u32) -> Option<u16> {
        // A number has ten bits.
        MTSPR.is(word).then(|| Operand::Spr.extract(word) as u16)
    }

    /// True of a stub that changes no state that a kernel puts back before the next case, and continues after each of
    /// its instructions: it loads and compares special registers, and those that nobody puts back it writes. A sweep
    /// over all registers has everything put back after each, and under a hypervisor each register of it is an exit.
    /// This speaks of e500 alone.
    #[must_use]
    pub fn is_plain(stub: &[u32]) -> bool {
        let computes = |word| MFSPR.is(word) || COMPUTING.iter().any(|insn| insn.is(word));
        stub.iter().all(|word| computes(*word) || written(*word).is_some_and(|number| !is_put_back(number)))
    }

    /// True of a register that the guest kernel puts back: `vectors::point`, `family::restore`. What does not agree
    /// with these is found by `harness/tests/session_reference.rs`.
    const fn is_put_back(number: u16) -> bool {
        const IVOR15: u16 = n::ivor(15);
        const IVOR37: u16 = n::ivor(37);
        matches!(
            number,
            n::IVPR | n::IVOR0..=IVOR15 | n::IVOR32..=IVOR37 | n::PID | n::PID1 | n::PID2 | n::MMUCSR0 | n::TCR | n::TSR | n::DEC | n::DBCR0 | n::DBSR
        )
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn each_effect_is_seen_among_other_code() {
            let nop = 0x6000_0000;
            // tlbwe; mtspr of SPRG8 = 604, SPRG9 = 605, MCSRR0 = 570, MCSRR1 = 571, all from r5; mtspr SPRG7 = 279;
            // mfspr r5, SPRG8.
            let mtspr = |number: u32| 0x7ca0_03a6 | (number & 0x1f) << 16 | (number >> 5) << 11;
            for (word, effects) in [
                (0x7c00_07a4, WRITES_TLB),
                (mtspr(604), WRITES_SPRG8),
                (mtspr(605), WRITES_SPRG9),
                (mtspr(570), WRITES_MCSRR0),
                (mtspr(571), WRITES_MCSRR1),
                (mtspr(279), 0),
                (mtspr(604) & !0x100, 0),
            ] {
                assert_eq!(of(&[nop, word, nop]), effects, "{word:#010x}");
            }
            assert_eq!(of(&[0x7c00_07a4, mtspr(604)]), WRITES_TLB | WRITES_SPRG8);
        }

        #[test]
        fn a_stub_is_plain_if_each_instruction_is() {
            // ori r4, r3, 0; or r7, r7, r6; xor r7, r4, r3; mfspr r3, IVPR = 63; mtspr of SPRG0 = 272, IVPR, IVOR15 =
            // 415, IVOR37 = 533, DEC = 22; addi r3, r3, 1.
            let (ori, or, xor, mfspr) = (0x6064_0000, 0x7ce7_3378, 0x7c87_1a78, 0x7c7f_0aa6);
            let mtspr = |number: u32| 0x7c60_03a6 | (number & 0x1f) << 16 | (number >> 5) << 11;
            assert!(is_plain(&[mfspr, ori, mtspr(272), mfspr, xor, or]));
            assert!(is_plain(&[]));
            for other in [mtspr(63), mtspr(415), mtspr(533), mtspr(22), 0x3863_0001] {
                assert!(!is_plain(&[mfspr, other, ori]), "{other:#010x}");
            }
        }
    }
}
