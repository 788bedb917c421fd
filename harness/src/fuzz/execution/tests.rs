//! What instructions must leave behind, by examples that their descriptions decide.

use super::super::prediction::Allowed;
use super::fixed::Computation;
use super::*;
use crate::fuzz::testing::environment;
use sprig_isa::xer::{CA, OV, SO};

/// The values of an instruction, by what its line calls them.
fn values(environment: &Environment, execution: Execution) -> Vec<(String, u64)> {
    let Outcome::Values(values) = execution.outcome(environment) else { return vec![("trap".to_owned(), 1)] };
    let number = |allowed: Allowed| match allowed {
        Allowed::OneOf(values) => values.last().copied().expect("a value"),
        Allowed::Bits(_, value) => value,
        other => panic!("{other:?} is no number"),
    };
    values.into_iter().map(|(name, allowed)| (name, number(allowed))).collect()
}

/// The same of arithmetic and the like, with XER before, without names.
fn computed(target: &str, mnemonic: &str, operands: &[i64], held: &[u64], xer: u32) -> Vec<u64> {
    let environment = environment(target);
    let computation = Computation::of(mnemonic, operands, held, xer).expect("an instruction");
    values(&environment, Execution::Computation(computation)).into_iter().map(|(_, value)| value).collect()
}

const E500: &str = "ref-e500v2-pr";
const POWER8: &str = "ref-power8-64-pr";

#[test]
fn a_carry_is_one_of_the_mode_s_width() {
    // addc r3, r4, r5
    let carried = |target, a, b| computed(target, "addc", &[3, 4, 5], &[0, a, b], 0);
    assert_eq!(carried(E500, 0xffff_ffff, 1), [0, 0, CA.into()]);
    assert_eq!(carried(POWER8, 0xffff_ffff, 1), [1 << 32, 0, 0]);
    assert_eq!(carried(POWER8, u64::MAX, 1), [0, 0, CA.into()]);
}

#[test]
fn a_difference_carries_where_it_does_not_borrow() {
    let difference = |xer| computed(E500, "subfe", &[3, 4, 5], &[0, 5, 5], xer);
    assert_eq!(difference(CA), [0, 0, CA.into()]);
    assert_eq!(difference(0), [0xffff_ffff, 0, 0]);
}

#[test]
fn an_overflow_stays_in_so_and_is_copied_to_cr() {
    let sum = |a, b, xer| computed(E500, "addo.", &[3, 4, 5], &[0, a, b], xer);
    assert_eq!(sum(0x7fff_ffff, 1, 0), [0x8000_0000, 0x9000_0000, (SO | OV).into()]);
    assert_eq!(sum(1, 1, SO | OV), [2, 0x5000_0000, SO.into()]);
}

#[test]
fn a_quotient_that_is_none_is_undefined_and_an_overflow() {
    for held in [[0, 7, 0], [0, 0x8000_0000, 0xffff_ffff]] {
        assert_eq!(computed(E500, "divwo", &[3, 4, 5], &held, 0), [0, (SO | OV).into()], "CR and XER alone");
        assert_eq!(computed(E500, "divwo.", &[3, 4, 5], &held, 0), [u64::from(SO | OV)], "XER alone");
    }
}

#[test]
fn a_shift_to_the_right_carries_if_ones_of_a_negative_number_are_lost() {
    let shifted = |value, amount| computed(E500, "sraw", &[3, 4, 5], &[0, value, amount], 0);
    assert_eq!(shifted(0x8000_0010, 4), [0xf800_0001, 0, 0]);
    assert_eq!(shifted(0x8000_001f, 4), [0xf800_0001, 0, CA.into()]);
    assert_eq!(shifted(0x8000_0000, 0x3f), [0xffff_ffff, 0, CA.into()], "the sign alone is left");
    assert_eq!(computed(POWER8, "srad", &[3, 4, 5], &[0, 1 << 63, 0x7f], 0), [u64::MAX, 0, CA.into()]);
}

#[test]
fn a_mask_that_ends_before_it_begins_goes_round_the_end() {
    assert_eq!(computed(E500, "rlwinm", &[3, 4, 0, 24, 7], &[0, 0x1234_5678], 0)[0], 0x1200_0078);
    assert_eq!(computed(POWER8, "rlwinm", &[3, 4, 0, 24, 7], &[0, 0x1234_5678], 0)[0], 0x1234_5678_1200_0078);
    assert_eq!(computed(E500, "rlwimi", &[3, 4, 8, 16, 23], &[0x1111_1111, 0xab], 0)[0], 0x1111_ab11);
    assert_eq!(
        computed(POWER8, "rldimi", &[3, 4, 8, 40], &[0x1111_1111_1111_1111, 0xabcd], 0)[0],
        0x1111_1111_11ab_cd11
    );
}

#[test]
fn of_a_word_s_product_on_64_bits_the_upper_half_is_not_laid_down() {
    let text = |target, mnemonic| {
        let computation = Computation::of(mnemonic, &[3, 4, 5], &[0, 7, 9], 0).expect("an instruction");
        computation.text(&environment(target))
    };
    let values = "r3 = 0x0, r4 = 0x7, r5 = 0x9, cr = 0x0, xer = 0x0";
    assert_eq!(text(E500, "mulhw"), format!("run mulhw r3, r4, r5 with {values} gives r3, cr, xer"));
    let cleared = "run mulhw r3, r4, r5 ; rlwinm r3, r3, 0, 0, 31";
    assert_eq!(text(POWER8, "mulhw"), format!("{cleared} with {values} gives r3, cr, xer"));
    let recorded = text(POWER8, "mulhw.");
    assert!(recorded.ends_with("gives r3, xer"), "what CR0 compares is not laid down: {recorded}");
    assert!(text(E500, "addo").ends_with("    # addo r3, r4, r5"), "scripts have no such mnemonic");
}

#[test]
fn a_trap_compares_words_with_and_without_signs() {
    let traps = |target, mnemonic, to, a: u64, b: u64| computed(target, mnemonic, &[to, 3, 4], &[0, a, b], 0) == [1];
    // Signed less, greater, equal, unsigned less, greater.
    for (to, less, equal, negative) in [
        (16, true, false, true),
        (8, false, false, false),
        (4, false, true, false),
        (2, true, false, false),
        (1, false, false, true),
    ] {
        assert_eq!(traps(E500, "tw", to, 1, 2), less, "{to}");
        assert_eq!(traps(E500, "tw", to, 2, 2), equal, "{to}");
        assert_eq!(traps(E500, "tw", to, 0xffff_fffe, 2), negative, "{to}");
    }
    assert!(traps(POWER8, "tw", 4, 1 << 32 | 5, 5) && !traps(POWER8, "td", 4, 1 << 32 | 5, 5));
}

#[test]
fn a_condition_register_instruction_changes_its_target_alone() {
    let decided = |mnemonic, operands: &[i64]| {
        let mut computation = Computation::of(mnemonic, operands, &[0; 3], SO | CA).expect("an instruction");
        computation.cr = 0x8000_0001;
        let values = values(&environment(E500), Execution::Computation(computation));
        values[0].1
    };
    assert_eq!(decided("cror", &[5, 0, 1]), 0x8400_0001);
    assert_eq!(decided("crnor", &[0, 0, 1]), 0x0000_0001);
    assert_eq!(decided("mcrf", &[3, 7]), 0x8001_0001);
    assert_eq!(decided("mcrxr", &[1]), 0x8a00_0001);
    assert_eq!(decided("cmpi", &[2, 0, 4, -1]), 0x8050_0001, "zero is greater, and SO is copied");
}

#[test]
fn bits_and_bytes_are_counted_compared_and_picked_each_for_itself() {
    let result = |mnemonic, rs: u64, rb: u64| computed(POWER8, mnemonic, &[3, 4, 5], &[0, rs, rb], 0)[0];
    assert_eq!(result("bpermd", 0x4041_4243_4445_3f00, 1 | 1 << 63), 0b11, "there is no bit 64");
    assert_eq!(result("cmpb", 0x1122_3344_5566_7788, 0x1100_3300_5500_0088), 0xff00_ff00_ff00_00ff);
    let counted = |mnemonic| computed(POWER8, mnemonic, &[3, 4], &[0, 0xff01_0003_0000_0007], 0)[0];
    assert_eq!(counted("popcntb"), 0x0801_0002_0000_0003);
    assert_eq!(counted("popcntw"), 0x0000_000b_0000_0003);
    assert_eq!(counted("popcntd"), 14);
}

#[test]
fn register_0_is_no_zero() {
    let chosen = |cr| {
        let mut computation = Computation::of("isel", &[3, 0, 5, 2], &[0, 0, 9], 0).expect("an instruction");
        computation.cr = cr;
        let environment = environment(E500);
        assert!(computation.text(&environment).contains("isel r3, 0, r5, 2 with r3 = 0x0, r5 = 0x9, r0 = 0x7777,"));
        values(&environment, Execution::Computation(computation))[0].1
    };
    assert_eq!((chosen(0x2000_0000), chosen(0)), (0, 9));
}
