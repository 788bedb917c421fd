//! Conditions of `expect`.

use super::constant::{bits, constant, low_bits};
use super::lookup::Lookup;
use super::scope::{View, as_exception};
use crate::ast::{Expr, ExprKind, Item, Reference};
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::setting::GuestWord;
use crate::span::Span;
use sprig_isa::exception::{EXCEPTIONS, Exception};
use sprig_judge::case::{Comparison, Condition, Term};
use sprig_judge::feature::Feature;
use std::collections::BTreeSet;

/// What a constant is to an observation that has fewer bits.
const NEVER_EQUAL: &str = "never equal";

impl View<'_> {
    /// A condition that can be true and can be false.
    pub(super) fn expectation(&self, lookup: &mut Lookup<'_>, expr: &Expr) -> Option<Condition> {
        let condition = self.condition(lookup, expr)?;
        let mut steps = BTreeSet::new();
        collect_steps(&condition, &mut steps);
        if steps.is_empty() {
            lookup.report(of_nothing_observed(expr.span));
            return None;
        }
        let in_race = |step: &&usize| self.program.steps.get(**step).is_some_and(|step| step.in_race);
        if steps.iter().filter(in_race).count() > 1 {
            let found = Diagnostic::error("an expectation can name only one observation of a race");
            let found = found.at(expr.span, "speaks of several");
            lookup.report(
                found
                    .note("which of their outcomes were seen in the same round is not kept")
                    .help("relate them in the race: `same = let a ^ b`"),
            );
            return None;
        }
        Some(condition)
    }

    fn condition(&self, lookup: &mut Lookup<'_>, expr: &Expr) -> Option<Condition> {
        let condition = self.operation(lookup, expr)?;
        // What depends on a parameter or a loop may say something in another round.
        if expr.mentions(&|name| lookup.variables.iter().any(|(known, _)| known == name)) {
            return Some(condition);
        }
        self.varying(lookup, expr.span, condition)
    }

    /// Reports a comparison that comes out the same whatever is observed.
    fn varying(&self, lookup: &mut Lookup<'_>, span: Span, condition: Condition) -> Option<Condition> {
        let mut steps = BTreeSet::new();
        collect_steps(&condition, &mut steps);
        if steps.is_empty() {
            lookup.report(of_nothing_observed(span));
            return None;
        }
        let widest = match self.guard.says(Feature::Wide) {
            Some(false) => GuestWord::Bits32,
            _ => GuestWord::Bits64,
        };
        if let Some(constant) = constant(self.program, &condition, widest) {
            let found = Diagnostic::error(format!("this is always {}", constant.truth));
            lookup.report(found.at(span, "whatever is observed").note(constant.why));
            return None;
        }
        Some(condition)
    }

    fn operation(&self, lookup: &mut Lookup<'_>, expr: &Expr) -> Option<Condition> {
        match &expr.kind {
            ExprKind::And(left, right) => {
                let (left, right) = (self.condition(lookup, left), self.condition(lookup, right));
                Some(Condition::And(vec![left?, right?]))
            }
            ExprKind::Or(left, right) => {
                let (left, right) = (self.condition(lookup, left), self.condition(lookup, right));
                Some(Condition::Or(vec![left?, right?]))
            }
            ExprKind::Not(inner) => Some(Condition::Not(Box::new(self.condition(lookup, inner)?))),
            ExprKind::Compare(comparison, left, right) => {
                if let Some(reference) = as_exception(lookup, left) {
                    return self.compare_exception(lookup, reference, *comparison, right);
                }
                if let Some(reference) = as_exception(lookup, right) {
                    return self.compare_exception(lookup, reference, *comparison, left);
                }
                let (left_term, right_term) = (lookup.term(left, self), lookup.term(right, self));
                let (left_term, right_term) = (left_term?, right_term?);
                let label = match comparison {
                    Comparison::Equal | Comparison::NotEqual => NEVER_EQUAL,
                    _ => "larger than any value of it",
                };
                self.can_be(lookup, &left_term, &right_term, right.span, label)?;
                self.can_be(lookup, &right_term, &left_term, left.span, label)?;
                Some(Condition::Compare(*comparison, left_term, right_term))
            }
            ExprKind::In(left, members) => match as_exception(lookup, left) {
                Some(reference) => self.exception_in(lookup, reference, members),
                None => self.value_in(lookup, left, members),
            },
            _ => {
                let found = Diagnostic::error("expected a condition, found a value").at(expr.span, "a value");
                lookup.report(found.help("compare it: `x == 0`, `x in {0, 1}`, `(x & MSR.EE) != 0`"));
                None
            }
        }
    }

    fn compare_exception(
        &self,
        lookup: &mut Lookup<'_>,
        reference: &Reference,
        comparison: Comparison,
        other: &Expr,
    ) -> Option<Condition> {
        let step = self.exception(lookup, reference);
        let exception = exception_name(lookup, other);
        let equal = match comparison {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => {
                let found = Diagnostic::error("exceptions have no order").at(reference.name_span.to(other.span), "");
                lookup.report(found.help("compare them with `==` or `!=`"));
                None
            }
        };
        Some(Condition::Exception { step: step?, exception: exception?, equal: equal? })
    }

    fn exception_in(&self, lookup: &mut Lookup<'_>, reference: &Reference, members: &[Item]) -> Option<Condition> {
        let step = self.exception(lookup, reference);
        let exceptions: Vec<_> = members
            .iter()
            .map(|member| match member {
                Item::One(name) => exception_name(lookup, name),
                Item::Range(..) => {
                    lookup.report(Diagnostic::error("exceptions have no order").at(member.span(), "not a range"));
                    None
                }
            })
            .collect();
        let step = step?;
        let is = |exception| Some(Condition::Exception { step, exception: exception?, equal: true });
        Some(Condition::Or(exceptions.into_iter().map(is).collect::<Option<_>>()?))
    }

    fn value_in(&self, lookup: &mut Lookup<'_>, left: &Expr, members: &[Item]) -> Option<Condition> {
        let value = lookup.term(left, self);
        let (mut ranges, mut others) = (Vec::new(), Vec::new());
        let mut complete = true;
        for member in members {
            let (low, high) = match member {
                Item::One(one) => {
                    let term = lookup.term(one, self);
                    (term.clone(), term)
                }
                Item::Range(low, high) => (lookup.term(low, self), lookup.term(high, self)),
            };
            let (Some(low), Some(high)) = (low, high) else {
                complete = false;
                continue;
            };
            if let Some(value) = &value {
                let (first, last) = match member {
                    Item::One(one) => (one.span, one.span),
                    Item::Range(first, last) => (first.span, last.span),
                };
                complete &= self.can_be(lookup, value, &low, first, NEVER_EQUAL).is_some();
                complete &= self.can_be(lookup, value, &high, last, NEVER_EQUAL).is_some();
            }
            match (low, high) {
                (Term::Constant(low), Term::Constant(high)) if low <= high => ranges.push((low, high)),
                (Term::Constant(low), Term::Constant(high)) => {
                    let message = format!("the range {low:#x}..{high:#x} is empty");
                    lookup.report(Diagnostic::error(message).at(member.span(), ""));
                    complete = false;
                }
                (low, _) if matches!(member, Item::One(_)) => others.push(low),
                _ => {
                    let found = Diagnostic::error("the ends of a range are constants").at(member.span(), "");
                    lookup.report(found.help("compare with both: `a <= x and x <= b`"));
                    complete = false;
                }
            }
        }
        let value = value.filter(|_| complete)?;
        if others.is_empty() {
            return Some(Condition::In(value, ranges));
        }
        let equal = |other| Condition::Compare(Comparison::Equal, value.clone(), other);
        let mut alternatives: Vec<_> = others.into_iter().map(equal).collect();
        if !ranges.is_empty() {
            alternatives.push(Condition::In(value, ranges));
        }
        Some(Condition::Or(alternatives))
    }

    /// Reports a constant that an observation is too narrow to be on every guest for which the line is: it would be a
    /// typing error that no run can show.
    fn can_be(&self, lookup: &mut Lookup<'_>, observed: &Term, constant: &Term, span: Span, label: &str) -> Option<()> {
        let (Term::Observed { step, part }, Term::Constant(value)) = (observed, constant) else { return Some(()) };
        let bits = bits(self.program, *step, *part, lookup.word)?;
        if value & !low_bits(bits) == 0 {
            return Some(());
        }
        let room = if bits == 1 { "one bit".to_owned() } else { format!("{bits} bits") };
        let message = format!("{value:#x} has more than the {room} of the observation");
        let found = Diagnostic::error(message).at(span, label);
        let complement = value.leading_ones() >= u64::BITS - bits;
        let help = complement.then(|| {
            let mask = low_bits(bits);
            let has_wider = super::constant::bits(self.program, *step, *part, GuestWord::Bits64) != Some(bits);
            let sides = if has_wider { ", on both sides if a 64-bit guest runs the case too" } else { "" };
            format!(
                "constants have 64 bits; of a complement or a negative number keep the low ones: `& {mask:#x}`{sides}"
            )
        });
        lookup.report(found.maybe_help(help));
        None
    }
}

fn of_nothing_observed(span: Span) -> Diagnostic {
    Diagnostic::error("this names no observation").at(span, "always the same")
}

/// The exception of this name; `Some(None)` is `none`.
fn exception_name(lookup: &mut Lookup<'_>, expr: &Expr) -> Option<Option<Exception>> {
    let name = match &expr.kind {
        ExprKind::Name(reference) if reference.round.is_empty() && reference.part.is_none() => reference.name.as_str(),
        _ => {
            let found = Diagnostic::error("expected the name of an exception, or `none`").at(expr.span, "");
            lookup.report(found);
            return None;
        }
    };
    if name == "none" {
        return Some(None);
    }
    let exception = Exception::by_name(name);
    if exception.is_none() {
        let known = EXCEPTIONS.iter().map(|row| row.name).chain(["none"]);
        lookup.report(names::unknown("exception", name, expr.span, known));
    }
    exception.map(Some)
}

fn collect_steps(condition: &Condition, steps: &mut BTreeSet<usize>) {
    fn of_term(term: &Term, steps: &mut BTreeSet<usize>) {
        match term {
            Term::Constant(_) => {}
            Term::Observed { step, .. } => {
                steps.insert(*step);
            }
            Term::Binary(_, left, right) => {
                of_term(left, steps);
                of_term(right, steps);
            }
            Term::Complement(inner) => of_term(inner, steps),
        }
    }
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| collect_steps(one, steps)),
        Condition::Not(inner) => collect_steps(inner, steps),
        Condition::Compare(_, left, right) => {
            of_term(left, steps);
            of_term(right, steps);
        }
        Condition::In(term, _) => of_term(term, steps),
        Condition::Exception { step, .. } => {
            steps.insert(*step);
        }
    }
}
