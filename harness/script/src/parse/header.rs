//! The lines before the first step: what a case is about, what it needs, its parameters.

use super::cursor::{Cursor, Parsed};
use crate::ast::{Header, Name, Parameter, Values};
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::setting::{ByteOrder, GuestWord, Privilege};
use crate::span::Span;
use sprig_judge::feature::{FEATURES, Feature};

impl Cursor<'_> {
    /// Reads a line that begins with one of the header's words.
    pub(super) fn header_line(&mut self, header: &mut Header) -> Parsed<()> {
        let word = self.word("a line of the header")?;
        match word.text.as_str() {
            "rule" => self.rules(header)?,
            "needs" => self.needs(header)?,
            "param" => self.parameter(header)?,
            "privilege" => {
                let known = [("supervisor", Privilege::Supervisor), ("user", Privilege::User)];
                self.built_in(&word, &known, &mut header.privilege, &mut header.mistakes)?;
            }
            "word" => {
                let known = [("32", GuestWord::Bits32), ("64", GuestWord::Bits64)];
                self.built_in(&word, &known, &mut header.word, &mut header.mistakes)?;
            }
            "order" => {
                let known = [("be", ByteOrder::Big), ("le", ByteOrder::Little)];
                self.built_in(&word, &known, &mut header.order, &mut header.mistakes)?;
            }
            "kills" if header.kills.is_some() => {
                return Err(Diagnostic::error("`kills` was said already").at(word.span, "a second time"));
            }
            "kills" => header.kills = Some(word.span),
            _ => return Err(self.expected("a line of the header")),
        }
        self.end()
    }

    fn rules(&mut self, header: &mut Header) -> Parsed<()> {
        loop {
            let rule = self.rule_id()?;
            if header.rules.iter().any(|known| known.text == rule.text) {
                header.mistakes.push(twice(&rule.text, rule.span));
            } else {
                header.rules.push(rule);
            }
            self.no_comma(&mut header.mistakes);
            if self.is_at_end() {
                return Ok(());
            }
        }
    }

    /// Goes past a comma, of which a line of the header has none.
    fn no_comma(&mut self, mistakes: &mut Vec<Diagnostic>) {
        if self.next_is(",") {
            let found = self.expected("white space");
            mistakes.push(found.help("the words of a line of the header are separated by white space"));
            self.eat(",");
        }
    }

    /// `area.sentence`.
    pub(super) fn rule_id(&mut self) -> Parsed<Name> {
        let mut id = self.word("a rule, like `alias.consistent-after-exit`")?;
        if !self.next_is(".") {
            return Err(Diagnostic::error(format!("`{}` is not a rule", id.text))
                .at(id.span, "")
                .note("a rule is written `area.sentence`, as in cases/rules.toml"));
        }
        while self.eat(".") {
            let part = self.word("the rest of a rule")?;
            id = Name { text: format!("{}.{}", id.text, part.text), span: id.span.to(part.span) };
        }
        Ok(id)
    }

    fn needs(&mut self, header: &mut Header) -> Parsed<()> {
        loop {
            let name = self.word("a feature")?;
            if name.text == "not" {
                let found = Diagnostic::error("`needs` says only what a target must have").at(name.span, "");
                return Err(found.help("`on not FEATURE { }` is for targets without a feature"));
            }
            match named_feature(&name) {
                Ok(feature) if header.needs.iter().any(|(known, _)| *known == feature) => {
                    header.mistakes.push(twice(&name.text, name.span));
                }
                Ok(feature) => header.needs.push((feature, name.span)),
                Err(unknown) => header.mistakes.push(unknown),
            }
            self.no_comma(&mut header.mistakes);
            if self.is_at_end() {
                return Ok(());
            }
        }
    }

    /// The name of a feature.
    pub(super) fn feature(&mut self) -> Parsed<(Feature, Span)> {
        let name = self.word("a feature")?;
        named_feature(&name).map(|feature| (feature, name.span))
    }

    fn parameter(&mut self, header: &mut Header) -> Parsed<()> {
        let name = self.new_name()?;
        if let Some(first) = header.parameters.iter().find(|known| known.name.text == name.text) {
            return Err(twice(&name.text, name.span).at(first.name.span, "the first"));
        }
        self.expect("=")?;
        let values = self.values(&[])?;
        header.parameters.push(Parameter { name, values });
        Ok(())
    }

    /// Values, and those of them to leave out, up to one of `ends` or the end of the line.
    pub(super) fn values(&mut self, ends: &[&str]) -> Parsed<Values> {
        let start = self.here();
        let items = self.items(&[ends, &["except"]].concat())?;
        let except = if self.eat_word("except") { self.items(ends)? } else { Vec::new() };
        Ok(Values { items, except, span: start.to(self.before()) })
    }

    /// A name the script gives to something.
    pub(super) fn new_name(&mut self) -> Parsed<Name> {
        let name = self.word("a name")?;
        may_be_given(&name)?;
        Ok(name)
    }

    fn built_in<T: Copy + PartialEq>(
        &mut self,
        word: &Name,
        known: &[(&str, T)],
        place: &mut Option<(Vec<T>, Span)>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Parsed<()> {
        if let Some((_, first)) = place {
            return Err(twice(&word.text, word.span).at(*first, "the first"));
        }
        let values = known.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        let mut chosen = Vec::new();
        loop {
            let name = self.word(&values)?;
            match known.iter().find(|(known, _)| *known == name.text) {
                Some((_, value)) if chosen.contains(value) => mistakes.push(twice(&name.text, name.span)),
                Some((_, value)) => chosen.push(*value),
                None => {
                    let message = format!("`{}` is {values}, not `{}`", word.text, name.text);
                    mistakes.push(Diagnostic::error(message).at(name.span, format!("expected {values}")));
                }
            }
            self.no_comma(mistakes);
            if self.is_at_end() {
                break;
            }
        }
        if !chosen.is_empty() {
            *place = Some((chosen, word.span));
        }
        Ok(())
    }
}

fn named_feature(name: &Name) -> Parsed<Feature> {
    let known = FEATURES.iter().map(|row| row.name);
    let unknown = || names::unknown("feature", &name.text, name.span, known);
    Feature::by_name(&name.text).ok_or_else(|| unknown().note("`sprig list --features` shows every feature"))
}

fn twice(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(format!("`{what}` is given twice")).at(span, "a second time")
}

/// Checks that a name is made of letters, digits and `-`, and is not one of the language's own.
pub(super) fn may_be_given(name: &Name) -> Parsed<()> {
    if let Some(what) = names::taken_by_language(&name.text) {
        let message = format!("`{}` cannot be a name: it is {what}", name.text);
        return Err(Diagnostic::error(message).at(name.span, "choose another name"));
    }
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if name.text.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.text.chars().all(belongs)
        && !name.text.ends_with('-')
    {
        return Ok(());
    }
    let found = Diagnostic::error(format!("`{}` cannot be a name", name.text)).at(name.span, "");
    Err(found.note("a name is letters, digits and `-`, beginning with a letter and not ending with `-`"))
}
