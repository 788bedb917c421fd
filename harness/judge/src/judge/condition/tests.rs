//! What holds, and how it is reported what does not.

use super::*;
use crate::example::{self, alias, alias_transcript, output, trapped};
use crate::transcript::Taken;
use sprig_isa::exception::Exception;
use sprig_isa::syndrome::esr;
use sprig_wire::bytecode::Alu;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

const fn constant(value: u64) -> Term {
    Term::Constant(value)
}

fn part(step: usize, part: Part) -> Term {
    Term::Observed { step, part }
}

fn equal(a: Term, b: u64) -> Condition {
    Condition::Compare(Comparison::Equal, a, constant(b))
}

/// Whether the condition holds if `before` has read 5 and `after` has taken a program interrupt.
fn holds(condition: &Condition) -> bool {
    counterexamples(condition, &seen()).expect("observed").is_empty()
}

fn seen() -> Transcript {
    let mut seen = alias_transcript(5, 0);
    seen.outcomes.insert(4, vec![trapped(Exception::Program)]);
    seen
}

/// What is said of a condition that does not hold: what was compared, what it should have been, and what it was.
fn said(condition: &Condition) -> Vec<[String; 3]> {
    let (case, seen) = (alias(), seen());
    let broken = counterexamples(condition, &seen).expect("observed");
    let leaves = broken
        .iter()
        .flat_map(|(part, choice)| Explainer { case: &case, choice, family: Family::BookeE500 }.leaves(part, true));
    leaves.map(|leaf| [leaf.term, leaf.expected, leaf.actual]).collect()
}

/// Each row: the comparison, whether 1, 2 and 3 compare so with 2, and what is expected of what is observed where a
/// script has it on the left, on the right, and on the left after a `not`.
#[test]
fn each_comparison_holds_and_is_told_as_its_symbol_says() {
    let rows = [
        ([false, true, false], ["== 0x2", "== 0x2", "!= 0x2"]),
        ([true, false, true], ["!= 0x2", "!= 0x2", "== 0x2"]),
        ([true, false, false], ["< 0x2", "> 0x2", ">= 0x2"]),
        ([true, true, false], ["<= 0x2", ">= 0x2", "> 0x2"]),
        ([false, false, true], ["> 0x2", "< 0x2", "<= 0x2"]),
        ([false, true, true], [">= 0x2", "<= 0x2", "< 0x2"]),
    ];
    let case = alias();
    for (comparison, (results, texts)) in COMPARISONS.into_iter().zip(rows) {
        assert_eq!([1, 2, 3].map(|a| comparison.holds(a, 2)), results, "{comparison:?}");
        let left = Condition::Compare(comparison, output(2), constant(2));
        let right = Condition::Compare(comparison, constant(2), output(2));
        let explainer = Explainer { case: &case, choice: &Choice::new(), family: Family::BookeE500 };
        let expected = |condition, wanted| explainer.leaves(condition, wanted).remove(0).expected;
        assert_eq!([expected(&left, true), expected(&right, true), expected(&left, false)], texts, "{comparison:?}");
    }
}

#[test]
fn a_set_has_both_ends_of_its_ranges_and_is_written_as_scripts_do() {
    let ranges = vec![(1, 1), (4, 6)];
    let rows = [(0, false), (1, true), (2, false), (3, false), (4, true), (5, true), (6, true), (7, false)];
    for (value, member) in rows {
        let condition = Condition::In(constant(value), ranges.clone());
        assert_eq!(evaluate(&condition, &Choice::new()), Some(member), "{value}");
    }
    assert_eq!(describe::set(&ranges), "{0x1, 0x4..0x6}");
    let not = Condition::Not(Box::new(Condition::In(output(2), vec![(5, 5)])));
    assert_eq!(said(&not), [["before", "not in {0x5}", "0x5"]]);
}

/// Each row: an operator, 12 and 2 joined by it, and its symbol.
#[test]
fn terms_are_computed_and_shown() {
    let rows = [
        (Alu::Add, 14, "+"),
        (Alu::Subtract, 10, "-"),
        (Alu::And, 0, "&"),
        (Alu::Or, 14, "|"),
        (Alu::Xor, 14, "^"),
        (Alu::ShiftLeft, 48, "<<"),
        (Alu::ShiftRight, 3, ">>"),
    ];
    for (alu, result, symbol) in rows {
        let term = Term::Binary(alu, Box::new(constant(12)), Box::new(constant(2)));
        assert!(holds(&equal(term.clone(), result)), "{alu:?}");
        assert_eq!(said(&equal(term, 77))[0][0], format!("(0xc {symbol} 0x2)"));
    }
    let complement = Term::Complement(Box::new(output(2)));
    assert!(holds(&equal(complement.clone(), !5)));
    assert_eq!(said(&equal(complement, 0)), [["~before", "== 0x0", "0xfffffffffffffffa"]]);
    let other = Condition::Compare(Comparison::Equal, output(2), Term::Complement(Box::new(constant(1))));
    assert_eq!(said(&other), [["before", "== ~0x1 (0xfffffffffffffffe)", "0x5"]]);
}

#[test]
fn what_an_exception_tells_is_compared_and_shown_by_its_bits() {
    let rows = [
        (Part::Srr0, 0, "after.srr0", "0x0"),
        (Part::Srr1, 0x1000, "after.srr1", "0x1000 (ME)"),
        (Part::Syndrome, esr::PIL.into(), "after.syndrome", "0x8000000 (PIL)"),
        (Part::Dar, 0, "after.dar", "0x0"),
    ];
    for (of, value, name, shown) in rows {
        assert!(holds(&equal(part(4, of), value)), "{name}");
        assert_eq!(said(&equal(part(4, of), 77)), [[name, "== 0x4d", shown]]);
    }
}

#[test]
fn an_exception_is_the_one_named_or_none() {
    let taken = |step, exception, equal| Condition::Exception { step, exception, equal };
    let program = Some(Exception::Program);
    let all = "program ESR=PIL srr0=+0 srr1=ME";
    for (condition, term, expected, actual) in [
        (taken(4, program, false), "after.exception", "!= program", all),
        (taken(4, None, true), "after.exception", "== none", all),
        (taken(4, Some(Exception::SystemCall), true), "after.exception", "== system-call", all),
        (taken(2, program, true), "before.exception", "== program", "none"),
        (taken(2, None, false), "before.exception", "!= none", "none"),
    ] {
        assert_eq!(said(&condition), [[term, expected, actual]]);
        assert!(holds(&Condition::Not(Box::new(condition))), "{term} {expected}");
    }
}

#[test]
fn a_value_that_is_not_there_says_why() {
    let rows = [
        (part(2, Part::Srr1), "no value: `before` took no exception"),
        (output(4), "no value: `after` took program ESR=PIL srr0=+0 srr1=ME"),
    ];
    for (term, why) in rows {
        assert_eq!(said(&equal(term, 0))[0][2], why);
    }
    let beside = Condition::Compare(Comparison::Equal, output(2), output(4));
    assert_eq!(said(&beside), [["before", "== after", "0x5"]]);
}

/// A value that is not there is neither equal nor different: `and`, `or` and `not` are Kleene's.
#[test]
fn what_is_neither_true_nor_false_does_not_hold_but_may_not_matter() {
    let (good, bad, unknown) = (equal(output(2), 5), equal(output(2), 6), equal(output(4), 0));
    let (and, or) = (|operands| Condition::And(operands), |operands| Condition::Or(operands));
    let not = |operand| Condition::Not(Box::new(operand));
    let rows = [
        (unknown.clone(), false),
        (not(unknown.clone()), false),
        (or(vec![bad.clone(), unknown.clone()]), false),
        (or(vec![unknown.clone(), good.clone()]), true),
        (or(vec![and(vec![good.clone(), unknown.clone()])]), false),
        (not(and(vec![unknown.clone(), bad])), true),
        (not(and(vec![unknown, good])), false),
    ];
    for (condition, expected) in rows {
        assert_eq!(holds(&condition), expected, "{condition:?}");
    }
}

#[test]
fn so_many_combinations_of_raced_steps_are_tried_and_no_more() {
    let two = |_| vec![Outcome { taken: None, values: vec![1] }, Outcome { taken: None, values: vec![2] }];
    let transcript = |steps| Transcript { outcomes: (0..steps).map(|step| (step, two(step))).collect(), ..seen() };
    // It fails in the last combination alone.
    let condition = |steps| Condition::Or((0..steps).map(|step| equal(output(step), 1)).collect());
    let steps = COMBINATIONS.ilog2() as usize;
    let (enough, many) = (transcript(steps), transcript(steps + 1));
    let condition_of_all = condition(steps);
    let found = counterexamples(&condition_of_all, &enough).expect("few enough");
    assert!(found[0].1.values().all(|outcome| outcome.values == [2]), "the one that fails");
    assert_eq!(counterexamples(&condition(steps + 1), &many), Err(Unclear::TooManyCombinations));
}

#[test]
fn a_step_without_an_outcome_was_not_observed() {
    let nothing = Transcript { outcomes: BTreeMap::from([(2, Vec::new())]), ..Transcript::default() };
    for condition in [equal(output(2), 5), Condition::In(output(4), vec![(0, 9)])] {
        let step = if matches!(condition, Condition::In(..)) { 4 } else { 2 };
        assert_eq!(counterexamples(&condition, &nothing), Err(Unclear::NotObserved(step)));
    }
}

#[test]
fn the_step_that_is_spoken_of_is_the_first_of_the_term() {
    let (case, seen) = (example::alias(), seen());
    let sum = Term::Binary(Alu::Add, Box::new(part(4, Part::Dar)), Box::new(output(2)));
    let condition = equal(sum, 0);
    let broken = counterexamples(&condition, &seen).expect("observed");
    let explainer = Explainer { case: &case, choice: &broken[0].1, family: Family::BookeE500 };
    assert_eq!(explainer.leaves(&condition, true)[0].step, Some(2));
    let taken: Option<Taken> = seen.outcomes[&4][0].taken;
    assert_eq!(explainer.shown(&part(4, Part::Output(0)), 7), "0x7", "{taken:?}");
}
