//! Values and conditions: C's operators and precedence, but that a comparison binds less than `&`, `^` and `|`.
//!
//! ```text
//!   condition   or  and  not  == != < <= > >= in        each binds less than those to its right
//!   value       |  ^  &  << >>  + -  *  unary - ~
//! ```

use super::cursor::{Cursor, Parsed};
use crate::ast::{Expr, ExprKind, Item, Name, Reference};
use crate::diagnostic::Diagnostic;
use crate::lexer::{Kind, Token};
use crate::limit;
use crate::span::Span;
use sprig_judge::case::Comparison;
use sprig_wire::bytecode::Alu;

/// The binary operators of values, how much each binds, and what it computes; nothing: multiplication, which is the
/// constants' alone.
const OPERATORS: [(&str, u8, Option<Alu>); 8] = [
    ("|", 0, Some(Alu::Or)),
    ("^", 1, Some(Alu::Xor)),
    ("&", 2, Some(Alu::And)),
    ("<<", 3, Some(Alu::ShiftLeft)),
    (">>", 3, Some(Alu::ShiftRight)),
    ("+", 4, Some(Alu::Add)),
    ("-", 4, Some(Alu::Subtract)),
    ("*", 5, None),
];

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

/// Operators of other languages, whose first half is one here.
const OTHER_OPERATORS: [(&str, &str); 4] = [
    ("&&", "conditions are joined by `and`"),
    ("||", "conditions are joined by `or`"),
    ("<>", "values that differ are compared with `!=`"),
    ("===", "values are compared with `==`"),
];

impl Cursor<'_> {
    /// A condition, as after `expect`.
    pub(super) fn condition(&mut self) -> Parsed<Expr> {
        let mut left = self.conjunction()?;
        while self.eat_word("or") {
            let right = self.conjunction()?;
            left = self.binary(left, right, ExprKind::Or)?;
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let mut left = self.negation()?;
        while self.eat_word("and") {
            let right = self.negation()?;
            left = self.binary(left, right, ExprKind::And)?;
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let start = self.here();
        if !self.eat_word("not") {
            return self.comparison();
        }
        let inner = self.nested(start, Self::negation)?;
        self.node(start.to(inner.span), ExprKind::Not(Box::new(inner)))
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.value()?;
        if self.eat_word("in") {
            let members = self.set()?;
            return self.node(left.span.to(self.before()), ExprKind::In(Box::new(left), members));
        }
        let Some(comparison) = self.eat_one_of(&COMPARISONS) else { return Ok(left) };
        let right = self.value()?;
        let compared = self.binary(left, right, |left, right| ExprKind::Compare(comparison, left, right))?;
        let here = self.here();
        match self.eat_one_of(&COMPARISONS) {
            None => Ok(compared),
            Some(_) => Err(Diagnostic::error("comparisons do not chain")
                .at(here, "a second comparison")
                .help("join them: `a < b and b < c`")),
        }
    }

    fn set(&mut self) -> Parsed<Vec<Item>> {
        self.expect("{")?;
        let mut members = Vec::new();
        loop {
            members.push(self.item(Self::value)?);
            if self.eat("}") {
                return Ok(members);
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    /// One value or a range, each end read by `end`.
    fn item(&mut self, end: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Item> {
        let low = end(self)?;
        Ok(if self.eat("..") { Item::Range(low, end(self)?) } else { Item::One(low) })
    }

    /// Values and ranges separated by white space, up to one of `ends` or the end of the line. An operator needs
    /// parentheses here.
    pub(super) fn items(&mut self, ends: &[&str]) -> Parsed<Vec<Item>> {
        let mut items = Vec::new();
        while let Some(token) = self.peek().filter(|token| !ends.contains(&self.text(*token))) {
            if let Kind::Symbol(symbol @ ("," | "+" | "*" | "&" | "|" | "^" | "<<" | ">>")) = token.kind {
                let help = match symbol {
                    "," => "values are separated by white space: `SPRG0 SPRG4..SPRG7`",
                    _ => "a computed value stands in parentheses",
                };
                return Err(self.expected("a value").help(help));
            }
            items.push(self.item(Self::unary)?);
        }
        if items.is_empty() { Err(self.expected("a value")) } else { Ok(items) }
    }

    /// A value: everything that binds more than a comparison.
    pub(super) fn value(&mut self) -> Parsed<Expr> {
        self.joined(0)
    }

    /// The same, of which it can be said what it is to be.
    pub(super) fn value_of(&mut self, what: &str) -> Parsed<Expr> {
        match self.peek() {
            Some(Token { kind: Kind::Word | Kind::Symbol("(" | "-" | "~"), .. }) => self.value(),
            _ => Err(self.expected(what)),
        }
    }

    /// Operands joined by operators that bind at least so much.
    fn joined(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let binds = |next: &str| OPERATORS.iter().find(|(symbol, strength, _)| *symbol == next && *strength >= least);
        while let Some((_, strength, alu)) = self.eat_meaning(binds) {
            // What binds as much as this operator is left to this loop: it joins from left to right.
            let right = self.joined(strength + 1)?;
            left = self.binary(left, right, |left, right| match alu {
                Some(alu) => ExprKind::Binary(*alu, left, right),
                None => ExprKind::Multiply(left, right),
            })?;
        }
        Ok(left)
    }

    /// True if a comparison is next.
    pub(super) fn compares(&self) -> bool {
        self.next_is_word("in") || COMPARISONS.iter().any(|(symbol, _)| self.next_is(symbol))
    }

    /// What stands for an operator of other languages whose second half is next.
    fn other_operator(&self) -> Option<String> {
        let whole = self.before().to(self.here()).text(self.text);
        OTHER_OPERATORS.iter().find(|(operator, _)| *operator == whole).map(|(_, help)| (*help).to_owned())
    }

    fn eat_one_of<T: Copy>(&mut self, operators: &[(&str, T)]) -> Option<T> {
        self.eat_meaning(|next| operators.iter().find(|(symbol, _)| *symbol == next).map(|(_, meaning)| *meaning))
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.here();
        let kind: fn(Box<Expr>) -> ExprKind = if self.eat("-") {
            ExprKind::Negate
        } else if self.eat("~") {
            ExprKind::Complement
        } else {
            return self.primary();
        };
        let inner = self.nested(start, Self::unary)?;
        self.node(start.to(inner.span), kind(Box::new(inner)))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let start = self.here();
        if self.eat("(") {
            // Whether a condition or a value was wanted is found out when it is used.
            let inner = self.nested(start, Self::condition)?;
            self.expect(")")?;
            return Ok(Expr { kind: inner.kind, span: start.to(self.before()) });
        }
        let Some(Token { kind: Kind::Word, span }) = self.peek() else {
            return Err(self.expected("a value").maybe_help(self.other_operator()));
        };
        let name = self.word("a value")?;
        if name.text.starts_with(|first: char| first.is_ascii_digit()) {
            let value = number(&name)?;
            return self.node(span, ExprKind::Number(value));
        }
        match name.text.as_str() {
            "number" => self.call(span, ExprKind::NumberOf),
            "alias" => self.call(span, ExprKind::AliasOf),
            "insn" => {
                let inner = self.nested(span, Self::enclosed_instruction)?;
                Ok(Expr { kind: inner.kind, span: span.to(self.before()) })
            }
            "page" if self.next_is(".") => Err(Diagnostic::error("a field of the page is not a value")
                .at(span, "")
                .help("read it in a step of its own, `x = page.sprg0`, and use `x`")),
            _ => self.reference(name),
        }
    }

    /// A register in parentheses, as in `alias(SPRG4)`.
    fn call(&mut self, start: Span, kind: fn(Box<Expr>) -> ExprKind) -> Parsed<Expr> {
        let inner = self.parenthesised()?;
        self.node(start.to(self.before()), kind(Box::new(inner)))
    }

    /// `(value)`.
    pub(super) fn parenthesised(&mut self) -> Parsed<Expr> {
        let start = self.here();
        self.expect("(")?;
        let inner = self.nested(start, Self::value)?;
        self.expect(")")?;
        Ok(inner)
    }

    fn reference(&mut self, name: Name) -> Parsed<Expr> {
        let mut round = Vec::new();
        if self.eat("[") {
            loop {
                round.push(self.nested(name.span, Self::value)?);
                if self.eat("]") {
                    break;
                }
                if !self.eat(",") {
                    return Err(self.expected("`,` or `]`"));
                }
            }
        }
        let part = if self.eat(".") { Some(self.word("a part: `r4`, `exception`, ...")?) } else { None };
        let span = name.span.to(self.before());
        // A parenthesis that follows at once gives the field of a register a number: in a list another value may
        // follow.
        if let Some(part) =
            part.as_ref().filter(|_| round.is_empty() && self.next_is("(") && self.here().start == span.end)
        {
            let field = Name { text: format!("{}.{}", name.text, part.text), span };
            let value = self.parenthesised()?;
            return self.node(span.to(self.before()), ExprKind::FieldOf(field, Box::new(value)));
        }
        self.node(span, ExprKind::Name(Reference { name: name.text, name_span: name.span, round, part }))
    }

    fn binary(&mut self, left: Expr, right: Expr, kind: impl Fn(Box<Expr>, Box<Expr>) -> ExprKind) -> Parsed<Expr> {
        self.node(left.span.to(right.span), kind(Box::new(left), Box::new(right)))
    }

    pub(super) fn node(&mut self, span: Span, kind: ExprKind) -> Parsed<Expr> {
        self.nodes += 1;
        if self.nodes > limit::EXPRESSION_NODES {
            let message = format!("a line has at most {} operands and operators", limit::EXPRESSION_NODES);
            return Err(Diagnostic::error(message).at(span, "one too many"));
        }
        Ok(Expr { kind, span })
    }

    fn nested(&mut self, start: Span, inner: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > limit::EXPRESSION_DEPTH {
            let message = format!("an expression is nested at most {} deep", limit::EXPRESSION_DEPTH);
            return Err(Diagnostic::error(message).at(start, "one level too many"));
        }
        let found = inner(self)?;
        self.depth -= 1;
        Ok(found)
    }
}

/// The value of a word that begins with a digit.
fn number(word: &Name) -> Parsed<u64> {
    let digits: String = word.text.chars().filter(|digit| *digit != '_').collect();
    let (digits, radix, what) = match digits.strip_prefix("0x") {
        Some(digits) => (digits.to_owned(), 16, "hexadecimal"),
        None => (digits, 10, "decimal"),
    };
    let wrong = || Diagnostic::error(format!("`{}` is not a number", word.text)).at(word.span, "");
    match u64::from_str_radix(&digits, radix) {
        Ok(value) => Ok(value),
        Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => {
            Err(Diagnostic::error(format!("`{}` has more than 64 bits", word.text)).at(word.span, ""))
        }
        Err(_) if word.text.contains('-') => Err(wrong().help("a difference needs white space around `-`")),
        Err(_) if digits.is_empty() => Err(wrong().note("digits were expected after `0x`")),
        Err(_) => Err(wrong().note(format!("a {what} digit was expected; hexadecimal numbers begin with `0x`"))),
    }
}
