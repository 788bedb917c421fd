//! A walk along one line's tokens, and the words for what was expected there.

use crate::ast::Name;
use crate::diagnostic::Diagnostic;
use crate::lexer::{Kind, Line, Token};
use crate::names::{Place, WORDS};
use crate::span::Span;

/// What a function of the parser gives: the thing, or the mistake that ends the reading of the line.
pub(super) type Parsed<T> = Result<T, Diagnostic>;

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Nesting of the expression being read.
    pub(super) depth: usize,
    /// Operands and operators read on this line.
    pub(super) nodes: usize,
    /// Mistakes that do not keep the rest of the line from being read.
    pub(super) mistakes: Vec<Diagnostic>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, line: &'a Line) -> Self {
        Self { text, tokens: &line.tokens, at: 0, depth: 0, nodes: 0, mistakes: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<Token> {
        self.tokens.get(self.at + 1).copied()
    }

    /// True if nothing of the line has been read.
    pub(super) fn is_at_start(&self) -> bool {
        self.at == 0
    }

    pub(super) fn text(&self, token: Token) -> &'a str {
        token.span.text(self.text)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    /// The next token's place, or the place after the last one.
    pub(super) fn here(&self) -> Span {
        let last = || self.tokens.last().map_or(Span::new(0, 0), |token| token.span.after());
        self.peek().map_or_else(last, |token| token.span)
    }

    /// The place of the token read last.
    pub(super) fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or_else(|| self.here(), |token| token.span)
    }

    pub(super) fn next_is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Symbol(found), .. }) if found == symbol)
    }

    pub(super) fn second_is(&self, symbol: &str) -> bool {
        matches!(self.peek_second(), Some(Token { kind: Kind::Symbol(found), .. }) if found == symbol)
    }

    /// The next token if it is a word.
    pub(super) fn peek_word(&self) -> Option<&'a str> {
        self.peek().filter(|token| token.kind == Kind::Word).map(|token| self.text(token))
    }

    pub(super) fn next_is_word(&self, word: &str) -> bool {
        self.peek_word() == Some(word)
    }

    /// Goes past the symbol if it is next.
    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.next_is(symbol);
        self.at += usize::from(found);
        found
    }

    /// Goes past the next symbol if it means something.
    pub(super) fn eat_meaning<T>(&mut self, meaning: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let Some(Token { kind: Kind::Symbol(next), .. }) = self.peek() else { return None };
        let found = meaning(next);
        self.at += usize::from(found.is_some());
        found
    }

    /// Goes past the word if it is next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.next_is_word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.expected(&format!("`{symbol}`"))) }
    }

    /// The next word, which must be there.
    pub(super) fn word(&mut self, what: &str) -> Parsed<Name> {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => {
                self.at += 1;
                Ok(Name { text: self.text(token).to_owned(), span: token.span })
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Goes on to where this holds, or to the end of the line.
    pub(super) fn skip_to(&mut self, found: impl Fn(&Self) -> bool) {
        while !self.is_at_end() && !found(self) {
            self.at += 1;
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Parsed<()> {
        self.end_or(None)
    }

    /// Nothing may follow but this, which does not.
    pub(super) fn end_or(&self, other: Option<&str>) -> Parsed<()> {
        if self.is_at_end() {
            return Ok(());
        }
        let end = "the end of the line";
        let found = self.expected(&other.map_or_else(|| end.to_owned(), |other| format!("{other} or {end}")));
        Err(if self.next_is(";") {
            found.help("a line is one statement, and `#` begins a comment")
        } else if self.compares() {
            found.help("`expect` says what must hold: `expect x == 1`")
        } else {
            found
        })
    }

    /// What stands here is not what should.
    pub(super) fn expected(&self, what: &str) -> Diagnostic {
        let found = match self.peek() {
            Some(token) => format!("`{}`", self.text(token)),
            None => "the end of the line".to_owned(),
        };
        Diagnostic::error(format!("expected {what}, found {found}")).at(self.here(), format!("expected {what}"))
    }

    /// True if the line's last token opens a block.
    pub(super) fn opens(&self) -> bool {
        matches!(self.tokens.last(), Some(Token { kind: Kind::Symbol("{"), .. }))
    }

    /// True if the line is a brace that opens a block which the line above has begun.
    pub(super) fn is_lone_brace(&self) -> bool {
        self.opens() && self.tokens.len() == 1
    }

    /// True if the line begins as a block does and has no brace at all.
    pub(super) fn forgot_to_open(&self) -> bool {
        let begins = WORDS.iter().any(|(word, place)| *place == Place::Block && self.next_is_word(word));
        begins && !self.second_is("=") && !self.tokens.iter().any(|token| matches!(token.kind, Kind::Symbol("{" | "}")))
    }

    /// True if the line begins with a closing brace.
    pub(super) fn closes(&self) -> bool {
        matches!(self.tokens.first(), Some(Token { kind: Kind::Symbol("}"), .. }))
    }

    /// What stands in front of `=` at the beginning of the line, if that is more than one word, as in `x.y = mfmsr`.
    pub(super) fn misnamed(&self) -> Option<Name> {
        let first = self.peek_word().filter(|word| WORDS.iter().all(|(known, _)| known != word))?;
        let joined = [".", "[", "-"].iter().any(|symbol| self.second_is(symbol));
        let equals = self.tokens.iter().position(|token| token.kind == Kind::Symbol("=")).filter(|_| joined)?;
        let span = self.here().to(self.tokens.get(equals.checked_sub(1)?)?.span);
        debug_assert!(span.text(self.text).starts_with(first));
        Some(Name { text: span.text(self.text).to_owned(), span })
    }

    /// The name after `param`, without going past it.
    pub(super) fn parameter_name(&self) -> Option<String> {
        let name = self.peek_second().filter(|token| token.kind == Kind::Word && self.next_is_word("param"))?;
        Some(self.text(name).to_owned())
    }

    /// The name in `WORD NAME = ...`, as after a misspelt `param`.
    pub(super) fn name_of_definition(&self) -> Option<String> {
        let name = self.peek_second().filter(|token| token.kind == Kind::Word && self.peek_word().is_some())?;
        let equals = self.tokens.get(self.at + 2).filter(|token| token.kind == Kind::Symbol("="));
        equals.map(|_| self.text(name).to_owned())
    }
}
