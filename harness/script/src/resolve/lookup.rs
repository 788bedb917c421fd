//! What a name stands for: a parameter or loop variable, a register, a constant.

use crate::ast::{Expr, ExprKind, Name, Reference};
use crate::diagnostic::Diagnostic;
use crate::program::SprRef;
use crate::setting::{Binding, GuestWord, Meaning};
use crate::span::Span;
use crate::{gpr, names};
use sprig_isa::exception::Exception;
use sprig_isa::spr::{NUMBERS, Spr};
use sprig_judge::case::Term;
use sprig_wire::bytecode::Alu;
use std::collections::{HashMap, HashSet};

/// The mistakes found so far, each once however often its line is visited.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(crate) list: Vec<Diagnostic>,
    seen: HashSet<(Option<Span>, String)>,
    /// Lines that are wrong in some round: visiting them again would find the same, and looking for similar names takes
    /// its time.
    pub(super) wrong_lines: HashSet<u32>,
}

impl Reports {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.span(), diagnostic.message().to_owned())) {
            self.list.push(diagnostic);
        }
    }
}

/// What observations there are to speak of at some place of a script.
pub(super) trait Observations {
    /// What the name of an observation stands for; none if that has been reported as wrong.
    fn observed(&self, lookup: &mut Lookup<'_>, reference: &Reference, span: Span) -> Option<Term>;
}

/// Where a value must be known before the guest runs.
pub(super) struct NoObservations;

impl Observations for NoObservations {
    fn observed(&self, lookup: &mut Lookup<'_>, reference: &Reference, span: Span) -> Option<Term> {
        let message = format!("`{}` is known only when the guest runs", reference.name);
        lookup.report(Diagnostic::error(message).at(span, "a constant is needed here"));
        None
    }
}

/// The names of one instance, but for its observations; and where mistakes go.
pub(super) struct Lookup<'a> {
    pub(super) source: &'a str,
    pub(super) reports: &'a mut Reports,
    /// Parameters, then the variables of the loops around, each with its value.
    pub(super) variables: Vec<(String, Binding)>,
    /// Every name that some step of the file defines, with the first place that does.
    pub(super) declared: &'a HashMap<&'a str, Span>,
    pub(super) word: GuestWord,
    /// Parameters that anything has spoken of.
    pub(super) used: &'a mut HashSet<String>,
    /// Variables the statement at hand speaks of: what it says depends on them.
    pub(super) used_here: Vec<usize>,
    /// Special registers the statement at hand names.
    pub(super) mentioned: Vec<(&'static str, Span)>,
}

impl Lookup<'_> {
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        let bindings = self.used_here.iter().filter_map(|index| self.variables.get(*index));
        let known = bindings.filter(|(_, binding)| binding.meaning != Meaning::Unknown);
        let values: Vec<_> = known.map(|(name, binding)| format!("`{name}` is {}", binding.text)).collect();
        if !values.is_empty() {
            // The other rounds are wrong in the same way, or will be found when this one is right.
            if self.reports.list.iter().any(|known| known.span() == diagnostic.span()) {
                return;
            }
            diagnostic = diagnostic.note(format!("where {}", values.join(" and ")));
        }
        self.reports.push(diagnostic);
    }

    /// The statement's mistake is one of this round only.
    pub(super) fn depends_on_everything(&mut self) {
        self.used_here = (0..self.variables.len()).collect();
    }

    /// What a parameter or loop variable stands for here, if the name is one.
    pub(super) fn variable(&mut self, name: &str) -> Option<Meaning> {
        let index = self.variables.iter().position(|(known, _)| known == name)?;
        if !self.used_here.contains(&index) {
            self.used_here.push(index);
        }
        if !self.used.contains(name) {
            self.used.insert(name.to_owned());
        }
        self.variables.get(index).map(|(_, binding)| binding.meaning)
    }

    /// The value of an expression, as far as it is known now.
    pub(super) fn term(&mut self, expr: &Expr, scope: &dyn Observations) -> Option<Term> {
        match &expr.kind {
            ExprKind::Number(value) => Some(Term::Constant(*value)),
            ExprKind::Name(reference) => self.name(reference, expr.span, scope),
            ExprKind::NumberOf(register) => self.number_of(register),
            ExprKind::AliasOf(_) => {
                self.register_as_value(expr.span);
                None
            }
            ExprKind::FieldOf(field, value) => self.field_of(field, value, expr.span).map(Term::Constant),
            ExprKind::Insn(instruction) => self.word_of(instruction, expr.span).map(Term::Constant),
            ExprKind::Negate(inner) => {
                let inner = self.term(inner, scope)?;
                Some(binary(Alu::Subtract, Term::Constant(0), inner))
            }
            ExprKind::Complement(inner) => Some(match self.term(inner, scope)? {
                Term::Constant(value) => Term::Constant(!value),
                inner => Term::Complement(Box::new(inner)),
            }),
            ExprKind::Multiply(left, right) => {
                let (left, right) = (self.term(left, scope), self.term(right, scope));
                if let (Term::Constant(left), Term::Constant(right)) = (left?, right?) {
                    return Some(Term::Constant(left.wrapping_mul(right)));
                }
                self.report(Diagnostic::error("only constants can be multiplied").at(expr.span, ""));
                None
            }
            ExprKind::Binary(alu, left, right) => {
                let (left, right) = (self.term(left, scope), self.term(right, scope));
                Some(binary(*alu, left?, right?))
            }
            ExprKind::Compare(..) | ExprKind::In(..) | ExprKind::Not(_) | ExprKind::And(..) | ExprKind::Or(..) => {
                self.report(Diagnostic::error("expected a value, found a condition").at(expr.span, "a condition"));
                None
            }
        }
    }

    /// The value of an expression that is known before the guest runs.
    pub(super) fn constant(&mut self, expr: &Expr) -> Option<u64> {
        match self.term(expr, &NoObservations)? {
            Term::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The field of a register with a number in it.
    fn field_of(&mut self, field: &Name, value: &Expr, span: Span) -> Option<u64> {
        let value = self.constant(value);
        let Some(bits) = names::field(&field.text) else {
            let found = names::unknown("field of a register", &field.text, field.span, names::field_names());
            self.report(found);
            return None;
        };
        let value = value?;
        if let Some(placed) = bits.with(value) {
            return Some(placed);
        }
        let message = format!("{value:#x} does not fit the field {}: 0 to {:#x}", field.text, bits.highest());
        self.report(Diagnostic::error(message).at(span, ""));
        None
    }

    fn name(&mut self, reference: &Reference, span: Span, scope: &dyn Observations) -> Option<Term> {
        let name = reference.name.as_str();
        let simple = reference.round.is_empty() && reference.part.is_none();
        if simple && let Some(meaning) = self.variable(name) {
            return match meaning {
                Meaning::Number(value) => Some(Term::Constant(value)),
                Meaning::Unknown => None,
                Meaning::Spr(_) | Meaning::Gpr(_) => {
                    self.register_as_value(span);
                    None
                }
            };
        }
        let dotted = match &reference.part {
            Some(part) if reference.round.is_empty() => format!("{name}.{}", part.text),
            _ => name.to_owned(),
        };
        if let Some(value) = names::constant(&dotted, self.word).filter(|_| reference.round.is_empty()) {
            return Some(Term::Constant(value));
        }
        if self.declared.contains_key(name) {
            return scope.observed(self, reference, span);
        }
        if reference.part.is_some() && reference.round.is_empty() && names::has_fields(name) {
            self.report(names::unknown("field of a register", &dotted, span, names::field_names()));
            return None;
        }
        if names::spr(name).is_some() || gpr::by_name(name).is_some() {
            self.register_as_value(span);
            return None;
        }
        self.unknown(&dotted, name, span);
        None
    }

    fn unknown(&mut self, dotted: &str, name: &str, span: Span) {
        let mut known: Vec<&str> = names::constant_names().collect();
        known.extend(self.declared.keys());
        known.extend(self.variables.iter().map(|(name, _)| name.as_str()));
        // Hash maps have no order, and of two names equally near always the same one is to be shown.
        known.sort_unstable();
        let mut found = names::unknown("name", dotted, span, known);
        if names::is_step(name) {
            found = found.help(format!("`{name}` is a step: a line `x = {name} ...` observes `x`"));
        }
        if Exception::by_name(name).is_some() {
            found = found.help(format!("`x.exception == {name}` says which exception the step of `x` took"));
        }
        // `a-b` is one name: perhaps a difference was meant.
        let is_known = |part: &str| {
            self.declared.contains_key(part)
                || self.variables.iter().any(|(name, _)| name == part)
                || names::constant(part, self.word).is_some()
        };
        if let Some((left, right)) = dotted.split_once('-').filter(|(left, _)| is_known(left)) {
            found = found.help(format!("a difference needs white space: `{left} - {right}`"));
        }
        self.report(found);
    }

    fn register_as_value(&mut self, span: Span) {
        let found = Diagnostic::error("expected a value, found a register").at(span, "a register");
        self.report(
            found.help("a step reads it, as in `x = mfspr SPRG4`; `number(SPRG4)` is a special register's number"),
        );
    }

    fn number_of(&mut self, register: &Expr) -> Option<Term> {
        let name = self.named_spr(register)?;
        self.number_of_name(name, register.span).map(|number| Term::Constant(number.into()))
    }

    /// The number that a special register has on every CPU.
    pub(super) fn number_of_name(&mut self, name: &str, span: Span) -> Option<u16> {
        let mut numbers = Spr::by_name(name).map(|spr| spr.number);
        let number = numbers.next()?;
        if numbers.any(|other| other != number) {
            let message = format!("the number of {name} is not the same on every CPU");
            self.report(Diagnostic::error(message).at(span, "").help("write the number that is meant"));
            return None;
        }
        Some(number)
    }

    /// A special register by its name, not its number.
    pub(super) fn named_spr(&mut self, expr: &Expr) -> Option<&'static str> {
        match self.spr(expr)? {
            SprRef::Named(name) => Some(name),
            SprRef::Number(_) => {
                let found = Diagnostic::error("expected the name of a special register, found a number");
                self.report(found.at(expr.span, "a number"));
                None
            }
        }
    }

    /// A special register.
    pub(super) fn spr(&mut self, expr: &Expr) -> Option<SprRef> {
        if let Some(meaning) = self.register_name(expr, "register", names::spr_names().chain(names::spr_number_names()))
        {
            return match meaning? {
                Meaning::Spr(name) => {
                    self.mentioned.push((name, expr.span));
                    Some(SprRef::Named(name))
                }
                Meaning::Number(number) => self.spr_number(number, expr.span),
                Meaning::Gpr(_) => {
                    let found = Diagnostic::error("expected a special register, found a general register");
                    self.report(found.at(expr.span, "a general register"));
                    None
                }
                Meaning::Unknown => None,
            };
        }
        let number = self.constant(expr)?;
        self.spr_number(number, expr.span)
    }

    fn spr_number(&mut self, number: u64, span: Span) -> Option<SprRef> {
        const LAST: u16 = NUMBERS - 1;
        match u16::try_from(number) {
            Ok(number) if number <= LAST => Some(SprRef::Number(number)),
            _ => {
                let message = format!("there is no special register {number}: the last number is {LAST}");
                self.report(Diagnostic::error(message).at(span, ""));
                None
            }
        }
    }

    /// A general register.
    pub(super) fn gpr(&mut self, expr: &Expr) -> Option<u8> {
        if let Some(meaning) = self.register_name(expr, "register", gpr::NAMES) {
            let found = match meaning? {
                Meaning::Gpr(number) => return Some(number),
                Meaning::Unknown => return None,
                Meaning::Spr(_) => "a special register",
                Meaning::Number(_) => "a number",
            };
            let message = format!("expected a general register, found {found}");
            self.report(Diagnostic::error(message).at(expr.span, "expected `r0` to `r31`"));
            return None;
        }
        self.report(Diagnostic::error("expected a general register").at(expr.span, "expected `r0` to `r31`"));
        None
    }

    /// What an expression that can name a register stands for; none if it is something else, `Some(None)` if it is
    /// wrong. A name of none is compared with those that are wanted.
    fn register_name(
        &mut self,
        expr: &Expr,
        what: &str,
        wanted: impl IntoIterator<Item = &'static str>,
    ) -> Option<Option<Meaning>> {
        let reference = match &expr.kind {
            ExprKind::AliasOf(register) => return Some(self.alias(register).map(Meaning::Spr)),
            ExprKind::Name(reference) if reference.round.is_empty() && reference.part.is_none() => reference,
            _ => return None,
        };
        let name = reference.name.as_str();
        if let Some(meaning) = self.variable(name) {
            return Some(Some(meaning));
        }
        if let Some(spr) = names::spr(name) {
            return Some(Some(Meaning::Spr(spr)));
        }
        if let Some(gpr) = gpr::by_name(name) {
            return Some(Some(Meaning::Gpr(gpr)));
        }
        if names::constant(name, self.word).is_some() || self.declared.contains_key(name) {
            return None;
        }
        let mut known: Vec<&str> = wanted.into_iter().collect();
        known.extend(self.variables.iter().map(|(name, _)| name.as_str()));
        let found = names::unknown(what, name, expr.span, known);
        self.report(found);
        Some(None)
    }

    fn alias(&mut self, register: &Expr) -> Option<&'static str> {
        let name = self.named_spr(register)?;
        let alias = Spr::by_name(name).find_map(|spr| spr.user_alias()).map(|alias| alias.name);
        match alias {
            Some(alias) => {
                self.mentioned.push((alias, register.span));
                Some(alias)
            }
            None => {
                let message = format!("{name} has no alias that problem state can read");
                let found = Diagnostic::error(message).at(register.span, "");
                self.report(found.note("SPRG3 has USPRG3, SPRG4 to SPRG7 have USPRG4 to USPRG7"));
                None
            }
        }
    }

    /// What a value of a loop or a parameter, or one in brackets after an observation's name, stands for.
    pub(super) fn meaning(&mut self, expr: &Expr) -> Option<Meaning> {
        let registers = match &expr.kind {
            ExprKind::AliasOf(_) => true,
            ExprKind::Name(reference) if reference.round.is_empty() && reference.part.is_none() => {
                let name = reference.name.as_str();
                names::constant(name, self.word).is_none() && !self.declared.contains_key(name)
            }
            _ => false,
        };
        let names = names::spr_names().chain(gpr::NAMES).chain(names::constant_names());
        if registers && let Some(meaning) = self.register_name(expr, "value", names) {
            return meaning;
        }
        self.constant(expr).map(Meaning::Number)
    }
}

/// An operation, done at once if both sides are known.
fn binary(alu: Alu, left: Term, right: Term) -> Term {
    match (left, right) {
        (Term::Constant(left), Term::Constant(right)) => Term::Constant(alu.apply(left, right)),
        (left, right) => Term::Binary(alu, Box::new(left), Box::new(right)),
    }
}
