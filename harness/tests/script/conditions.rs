//! What expectations become: comparisons, sets and exceptions by name, and how they bind.

use crate::assemble::HEADER;
use crate::listing::assemble;
use sprig::case::{Comparison, Condition, Part, Term};
use sprig_wire::bytecode;

fn condition(text: &str) -> Condition {
    let text = format!("{HEADER}x = try mfspr SPRG0\ny = mfspr SPRG1\nexpect {text}\n");
    assemble(&text, "e500v2").checks.remove(0).condition
}

#[test]
fn conditions_bind_as_the_reference_says() {
    let x = || Term::Observed { step: 0, part: Part::Output(0) };
    let equal = |value| Condition::Compare(Comparison::Equal, x(), Term::Constant(value));
    assert_eq!(
        condition("x == 1 or x == 2 and not x == 3"),
        Condition::Or(vec![equal(1), Condition::And(vec![equal(2), Condition::Not(Box::new(equal(3)))])])
    );
    assert_eq!(
        condition("x & 0x3f == 1 + 2 * 3 << 1 | 1"),
        Condition::Compare(
            Comparison::Equal,
            Term::Binary(bytecode::Alu::And, Box::new(x()), Box::new(Term::Constant(0x3f))),
            Term::Constant(15)
        )
    );
    assert_eq!(condition("x in {1, 4..6}"), Condition::In(x(), vec![(1, 1), (4, 6)]));
    let y = Term::Observed { step: 1, part: Part::Output(0) };
    let is_y = Condition::Compare(Comparison::Equal, x(), y);
    assert_eq!(condition("x in {y, 1}"), Condition::Or(vec![is_y, Condition::In(x(), vec![(1, 1)])]));
}

/// See `diagnostics/always.probe` for what is not let pass.
#[test]
fn an_expectation_that_says_something_on_some_guest_or_in_some_round_is_let_pass() {
    for expectation in [
        "expect x <= 0xffffffff",
        "expect x + 1 >= 1",
        "expect (x & 0xff) < 0xff",
        "expect x in {0..3, 5..0xffffffff}",
        "for n in 0..1 {\n expect x >= n\n}",
    ] {
        let case = assemble(&format!("{HEADER}x = mfspr SPRG0\n{expectation}\n"), "e500v2");
        assert!(!case.checks.is_empty(), "{expectation}");
    }
}

#[test]
fn exceptions_are_compared_by_name() {
    use sprig_isa::exception::Exception;
    let is = |exception, equal| Condition::Exception { step: 0, exception, equal };
    assert_eq!(condition("x.exception == none"), is(None, true));
    assert_eq!(condition("program != x.exception"), is(Some(Exception::Program), false));
    assert_eq!(
        condition("x.exception in {program, emulation-assist}"),
        Condition::Or(vec![is(Some(Exception::Program), true), is(Some(Exception::HypervisorEmulationAssist), true)])
    );
    let syndrome = Term::Observed { step: 0, part: Part::Syndrome };
    assert_eq!(
        condition("x.syndrome == ESR.PIL"),
        Condition::Compare(Comparison::Equal, syndrome, Term::Constant(0x0800_0000))
    );
}
