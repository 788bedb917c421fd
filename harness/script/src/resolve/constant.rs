//! Comparisons whose result does not depend on what is observed.
//!
//! One that is always true looks like a check and is not, and no run shows it. So it is a mistake wherever the text
//! alone shows that. A bound that comes from a parameter or a loop is allowed: it may say nothing in one round and
//! something in the next.

use crate::program::Program;
use crate::setting::GuestWord;
use sprig_judge::case::{Comparison, Condition, Part, Term};
use sprig_wire::bytecode::Alu;

/// What a comparison always comes to, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) truth: bool,
    pub(super) why: String,
}

/// The widest that an observation is on the guests of this word, bits.
pub(super) fn bits(program: &Program, step: usize, part: Part, word: GuestWord) -> Option<u32> {
    Some(match part {
        Part::Output(output) => program.steps.get(step)?.outputs.get(output)?.width.bits(word),
        Part::Syndrome => u32::BITS,
        Part::Srr0 | Part::Srr1 | Part::Dar => word.bits(),
    })
}

/// This many of the lowest bits.
pub(super) fn low_bits(bits: u32) -> u64 {
    u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0)
}

/// What one comparison always comes to on guests of at most this word; none if it depends on what is observed, or if
/// that is not known.
pub(super) fn constant(program: &Program, condition: &Condition, widest: GuestWord) -> Option<Constant> {
    let possible = |term: &Term| possible(program, term, widest);
    match condition {
        Condition::Compare(comparison, left, right) if left == right => {
            let truth = matches!(comparison, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual);
            Some(Constant { truth, why: "both sides are the same".to_owned() })
        }
        Condition::Compare(comparison, left, Term::Constant(value)) => compare(*comparison, possible(left), *value),
        Condition::Compare(comparison, Term::Constant(value), right) => {
            compare(comparison.mirrored(), possible(right), *value)
        }
        Condition::In(term, ranges) => among(possible(term), ranges),
        // `x in {x, 1}` has one that is always true; those that a script joins itself have been looked at one by one.
        Condition::Or(alternatives) => {
            let mut found = alternatives.iter().filter_map(|one| constant(program, one, widest));
            found.find(|found| found.truth)
        }
        _ => None,
    }
}

/// A value that has no other bits than the possible ones, compared with a constant.
fn compare(comparison: Comparison, possible: u64, value: u64) -> Option<Constant> {
    let always = |truth, why| Some(Constant { truth, why });
    let unsigned = || "no value is below 0: they are unsigned".to_owned();
    let at_most = || format!("the value is at most {possible:#x}");
    match comparison {
        Comparison::Less if value == 0 => always(false, unsigned()),
        Comparison::GreaterOrEqual if value == 0 => always(true, unsigned()),
        Comparison::Less if value > possible => always(true, at_most()),
        Comparison::GreaterOrEqual if value > possible => always(false, at_most()),
        Comparison::LessOrEqual if value >= possible => always(true, at_most()),
        Comparison::Greater if value >= possible => always(false, at_most()),
        Comparison::Equal | Comparison::NotEqual if possible == 0 && value == 0 => {
            always(comparison == Comparison::Equal, "the value is always 0".to_owned())
        }
        Comparison::Equal | Comparison::NotEqual if value & !possible != 0 => {
            let why = format!("no bits of the value but {possible:#x} can be set");
            always(comparison == Comparison::NotEqual, why)
        }
        _ => None,
    }
}

/// The same among ranges, both ends included.
fn among(possible: u64, ranges: &[(u64, u64)]) -> Option<Constant> {
    if ranges.iter().all(|(low, _)| *low > possible) {
        return Some(Constant { truth: false, why: format!("the value is at most {possible:#x}") });
    }
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable();
    // All below this is in some range.
    let mut next = 0u64;
    for (low, high) in ranges {
        if low > next {
            return None;
        }
        if high >= possible {
            return Some(Constant { truth: true, why: format!("every value up to {possible:#x} is among them") });
        }
        next = next.max(high + 1);
    }
    None
}

/// The bits that can be set in a term.
fn possible(program: &Program, term: &Term, widest: GuestWord) -> u64 {
    let of = |term| possible(program, term, widest);
    match term {
        Term::Constant(value) => *value,
        Term::Observed { step, part } => bits(program, *step, *part, widest).map_or(u64::MAX, low_bits),
        Term::Binary(Alu::And, left, right) => of(left) & of(right),
        Term::Binary(Alu::Or | Alu::Xor, left, right) => of(left) | of(right),
        Term::Binary(alu @ (Alu::ShiftLeft | Alu::ShiftRight), left, right) => match &**right {
            Term::Constant(count) => alu.apply(of(left), *count),
            _ => u64::MAX,
        },
        Term::Binary(Alu::Add | Alu::Subtract, ..) | Term::Complement(_) => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: u64 = 0xf0;

    fn truth(comparison: Comparison, mask: u64, value: u64) -> Option<bool> {
        compare(comparison, mask, value).map(|constant| constant.truth)
    }

    /// Every comparison with every small constant, against all the values there can be.
    #[test]
    fn a_comparison_is_constant_only_if_no_value_makes_it_come_out_otherwise() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for (comparison, mask) in [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]
            .into_iter()
            .flat_map(|comparison| [MASK, 0].map(|mask| (comparison, mask)))
        {
            for constant in 0..0x200 {
                let values = (0..=mask).filter(|value| value & !mask == 0);
                let outcomes: Vec<bool> = values.map(|value| comparison.holds(value, constant)).collect();
                let same = outcomes.iter().all(|outcome| *outcome == outcomes[0]).then_some(outcomes[0]);
                assert_eq!(truth(comparison, mask, constant), same, "{comparison:?} {mask:#x} {constant:#x}");
            }
        }
    }

    #[test]
    fn ranges_that_leave_no_value_out_are_always_true() {
        let truth = |ranges: &[_]| among(MASK, ranges).map(|constant| constant.truth);
        assert_eq!(truth(&[(0x80, u64::MAX), (0, 0x7f)]), Some(true));
        assert_eq!(truth(&[(0, 0xf0)]), Some(true));
        assert_eq!(truth(&[(0, 0x10), (0x12, 0xff)]), None);
        assert_eq!(truth(&[(0, 0xef)]), None);
        assert_eq!(truth(&[(0xf1, 0xff), (0x100, 0x100)]), Some(false));
    }
}
