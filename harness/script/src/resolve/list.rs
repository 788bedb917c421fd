//! The values of a loop or a parameter: single ones, ranges and the numbers of a table, less those to leave out.

use super::lookup::Lookup;
use crate::ast::{Expr, ExprKind, Item, Values};
use crate::diagnostic::Diagnostic;
use crate::limit;
use crate::setting::{Binding, Meaning};
use crate::span::Span;
use crate::{gpr, names};
use sprig_isa::spr::UNSAFE_TO_WRITE;
use std::collections::{HashMap, HashSet};

/// Stands for the numbers of [`UNSAFE_TO_WRITE`] in a list.
const UNSAFE_NUMBERS: &str = "UNSAFE_TO_WRITE";

impl Lookup<'_> {
    /// The values in order; none if something was wrong and has been reported.
    pub(super) fn list(&mut self, values: &Values) -> Option<Vec<Binding>> {
        let all = self.items(&values.items, values.span);
        let except = self.items(&values.except, values.span);
        let (all, except) = (all?, except?);
        let mut seen = HashMap::new();
        for (binding, span) in &all {
            let first = seen.insert(binding.meaning, *span).filter(|_| binding.meaning != Meaning::Unknown);
            if let Some(first) = first {
                let message = format!("the value {} is given twice", binding.text);
                self.report(Diagnostic::error(message).at(*span, "a second time").at(first, "the first"));
                return None;
            }
        }
        let mut left_out = HashSet::new();
        for (binding, span) in &except {
            if !seen.contains_key(&binding.meaning) {
                let message = format!("{} is not among the values it is to be left out of", binding.text);
                self.report(Diagnostic::error(message).at(*span, ""));
                return None;
            }
            left_out.insert(binding.meaning);
        }
        let all = all.into_iter().map(|(binding, _)| binding);
        let left: Vec<_> = all.filter(|binding| !left_out.contains(&binding.meaning)).collect();
        if left.is_empty() {
            self.report(Diagnostic::error("no value is left").at(values.span, ""));
            return None;
        }
        Some(left)
    }

    /// Each value with the item it comes from.
    fn items(&mut self, items: &[Item], span: Span) -> Option<Vec<(Binding, Span)>> {
        let mut bindings = Vec::new();
        let mut complete = true;
        for item in items {
            let found = match item {
                Item::One(value) if is_named(value, UNSAFE_NUMBERS) => Some(unsafe_numbers()),
                Item::One(value) => self.binding(value).map(|binding| vec![binding]),
                Item::Range(low, high) => self.range(low, high),
            };
            complete &= found.is_some();
            bindings.extend(found.unwrap_or_default().into_iter().map(|binding| (binding, item.span())));
            if bindings.len() > limit::VALUES {
                self.report(too_many(span));
                return None;
            }
        }
        complete.then_some(bindings)
    }

    fn binding(&mut self, value: &Expr) -> Option<Binding> {
        let meaning = self.meaning(value)?;
        let plain = match (&value.kind, meaning) {
            // A literal and a named constant stay as they were written.
            (ExprKind::Number(_), _) => value.span.text(self.source).to_owned(),
            (ExprKind::Name(reference), Meaning::Number(number)) => {
                let part = reference.part.as_ref().map(|part| format!(".{}", part.text)).unwrap_or_default();
                let name = format!("{}{part}", reference.name);
                if names::constant(&name, self.word) == Some(number) { name } else { number.to_string() }
            }
            (_, Meaning::Number(number)) => number.to_string(),
            _ => return Some(Binding::register(meaning)),
        };
        Some(Binding { meaning, text: plain })
    }

    fn range(&mut self, low: &Expr, high: &Expr) -> Option<Vec<Binding>> {
        let span = low.span.to(high.span);
        match (self.meaning(low)?, self.meaning(high)?) {
            (Meaning::Number(first), Meaning::Number(last)) => {
                if first > last {
                    self.report(Diagnostic::error(format!("the range {first}..{last} is empty")).at(span, ""));
                    return None;
                }
                if last - first >= limit::VALUES as u64 {
                    self.report(too_many(span));
                    return None;
                }
                let number = |value: u64| Binding { meaning: Meaning::Number(value), text: value.to_string() };
                Some((first..=last).map(number).collect())
            }
            (Meaning::Unknown, _) | (_, Meaning::Unknown) => None,
            (first @ (Meaning::Spr(_) | Meaning::Gpr(_)), last @ (Meaning::Spr(_) | Meaning::Gpr(_))) => {
                let (first, last) = (Binding::register(first).text, Binding::register(last).text);
                self.registers(&first, &last, span)
            }
            _ => {
                self.report(Diagnostic::error("a range from a number to a register means nothing").at(span, ""));
                None
            }
        }
    }

    /// Registers whose names differ by a number alone.
    fn registers(&mut self, first: &str, last: &str, span: Span) -> Option<Vec<Binding>> {
        let ends = numbered(first).zip(numbered(last));
        let same =
            ends.filter(|((prefix, low, suffix), last)| (*prefix, *suffix) == (last.0, last.2) && *low <= last.1);
        let Some(((prefix, low, suffix), (_, high, _))) = same else {
            let message = format!("{first}..{last} is not a range of registers");
            let found = Diagnostic::error(message).at(span, "");
            self.report(found.note("the names of a range differ only in their last number, and the lower comes first"));
            return None;
        };
        let mut registers = Vec::new();
        for number in low..=high {
            let name = format!("{prefix}{number}{suffix}");
            match names::spr(&name).map(Meaning::Spr).or_else(|| gpr::by_name(&name).map(Meaning::Gpr)) {
                Some(meaning) => registers.push(Binding::register(meaning)),
                None => {
                    let message = format!("{first}..{last} includes {name}, which is no register");
                    let found = Diagnostic::error(message).at(span, "");
                    self.report(found.help("write several ranges, separated by white space"));
                    return None;
                }
            }
        }
        Some(registers)
    }
}

fn is_named(value: &Expr, name: &str) -> bool {
    matches!(&value.kind, ExprKind::Name(reference)
        if reference.name == name && reference.round.is_empty() && reference.part.is_none())
}

fn unsafe_numbers() -> Vec<Binding> {
    let number = |number: u16| Binding { meaning: Meaning::Number(number.into()), text: number.to_string() };
    UNSAFE_TO_WRITE.iter().map(|row| number(row.number)).collect()
}

fn too_many(span: Span) -> Diagnostic {
    Diagnostic::error(format!("a loop or parameter has at most {} values", limit::VALUES)).at(span, "more than that")
}

/// A register's name as what stands before its last number, the number, and what comes after it.
fn numbered(name: &str) -> Option<(&str, u32, &str)> {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let end = name.rfind(is_digit)? + 1;
    let (head, suffix) = name.split_at(end);
    let start = head.trim_end_matches(is_digit).len();
    let (prefix, digits) = head.split_at(start);
    Some((prefix, digits.parse().ok()?, suffix))
}
