//! The text of a case: what may be put between its lines, and what is simpler.
//!
//! A line is a statement, or begins or ends a block. Which texts make sense only the language knows: what is no script
//! is left out by whoever parses it.

mod line;
mod simpler;

use crate::fuzz::dice::Dice;
use crate::rules::UNSPECIFIED;
use crate::script::names::{self, Place};
use crate::script::{self, ExitKind, Instance};
use std::path::PathBuf;

/// What the line of the rules begins with.
const RULE: &str = "rule";
/// What an expectation begins with.
const EXPECT: &str = "expect";
/// What an observation begins with that changes nothing.
const LOOKS: [&str; 7] = ["mfspr", "mfmsr", "load8", "load16", "load32", "load64", "let"];
/// Exits put into one text, at most.
const DISTURBANCES: usize = 3;

/// A case as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::fuzz) struct Text {
    path: PathBuf,
    /// The case that it was made of, with its parameters.
    origin: String,
    /// The case's name, its parameters included.
    name: String,
    head: Vec<String>,
    body: Vec<String>,
}

impl Text {
    /// The text of a case of the suite, without its comments.
    pub(super) fn of(instance: &Instance) -> Self {
        let source = instance.source();
        let lines = source.text.lines().map(without_comment).filter(|line| !line.is_empty());
        let mut head: Vec<String> = lines.map(str::to_owned).collect();
        // A step may observe under such a name.
        let is_header = |line: &String| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [word, behind, ..] => begins_header(word) && behind != "=",
            _ => begins_header(line),
        };
        let body = head.split_off(head.iter().take_while(|line| is_header(line)).count());
        let name = instance.name().to_owned();
        Self { path: source.path.clone(), origin: name.clone(), name, head, body }
    }

    /// The case of the suite that it was made of, with its parameters.
    pub(in crate::fuzz) fn origin(&self) -> &str {
        &self.origin
    }

    /// What the case is called besides the name of its script: `@SPRG4`; nothing if it has no parameters.
    pub(in crate::fuzz) fn parameters(&self) -> &str {
        self.name.find('@').map_or("", |at| &self.name[at..])
    }

    /// The whole text behind a comment, which says what it is about.
    pub(in crate::fuzz) fn with_prose(&self, prose: &[String]) -> String {
        let prose = prose.iter().map(|line| format!("# {line}\n")).collect::<String>();
        let section = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let mut depth = 0;
        let body = self.body.iter().map(|line| {
            depth -= usize::from(line.starts_with('}')).min(depth);
            let indented = format!("{}{line}\n", "    ".repeat(depth));
            depth += usize::from(line.ends_with('{'));
            indented
        });
        let head: Vec<String> = self.head.iter().map(|line| self.with_rules_of_use(line)).collect();
        format!("{prose}{}\n{}", section(&head), body.collect::<String>())
    }

    /// A line of the header; of rules the first, and those by which the body still expects something.
    fn with_rules_of_use(&self, line: &str) -> String {
        let Some((first, others)) = line.strip_prefix(RULE).and_then(|rules| rules.trim().split_once(' ')) else {
            return line.to_owned();
        };
        let is_of_use = |rule: &&str| {
            let is_expected = |line: &String| line.strip_suffix(rule).is_some_and(|line| line.ends_with(" by "));
            rule.starts_with(UNSPECIFIED) || self.body.iter().any(is_expected)
        };
        let rules = [first].into_iter().chain(others.split_whitespace().filter(is_of_use));
        format!("{RULE}   {}", rules.collect::<Vec<_>>().join(" "))
    }

    /// The case of this text, if there is one.
    pub(super) fn instance(&self, rules: &[&str]) -> Option<Instance> {
        let text = self.with_prose(&["A case of the suite.".to_owned()]);
        let source = script::source(&self.path, text.into_bytes()).ok()?;
        let script = script::parse_citing(source, rules).ok()?;
        script.instances().iter().find(|instance| instance.name() == self.name).cloned()
    }

    /// Statements that are no expectations.
    pub(super) fn steps(&self) -> usize {
        self.body.iter().filter(|line| !line.starts_with(EXPECT) && *line != "}").count()
    }

    /// The place in the body of a line of [`Self::instance`], from 1.
    fn place(&self, line: usize) -> Option<usize> {
        // Behind the comment, the header and an empty line.
        let place = line.checked_sub(self.head.len() + 3)?;
        (place < self.body.len()).then_some(place)
    }

    /// With exits between its statements.
    pub(super) fn disturbed(&self, dice: &mut Dice, kinds: &[ExitKind]) -> Self {
        let mut text = self.clone();
        for _ in 0..=dice.below(DISTURBANCES) {
            let place = dice.below(text.body.len());
            if let Some(kind) = dice.pick(kinds) {
                text.body.insert(place, format!("exit {}", kind.name()));
            }
        }
        text
    }

    /// Without what is not needed to see what line `shows` shows of line `seen`: other expectations, and what comes
    /// later.
    pub(super) fn cut_behind(&self, seen: usize, shows: usize) -> Vec<Self> {
        let (Some(seen), Some(shows)) = (self.place(seen), self.place(shows)) else { return Vec::new() };
        let is_other = |place: usize| self.body[place].starts_with(EXPECT) && place != shows;
        let alone = self.kept(|place| !is_other(place));
        let short = self.kept(|place| !is_other(place) && (place <= seen || place == shows));
        vec![short.without_unused(), alone.without_unused(), short, alone]
    }

    /// Without observations that change nothing, and that nothing refers to.
    fn without_unused(&self) -> Self {
        let mut text = self.clone();
        loop {
            let is_used = |place: usize, name: &str| {
                let mut others = text.body.iter().enumerate().filter(|(other, _)| *other != place);
                others.any(|(_, line)| line::places(line, name).next().is_some())
            };
            let is_unused = |place: usize| match text.body[place].split_whitespace().collect::<Vec<_>>()[..] {
                [name, "=", "varying", what, ..] | [name, "=", what, ..] => {
                    LOOKS.contains(&what) && !is_used(place, name)
                }
                _ => false,
            };
            let shorter = text.kept(|place| !is_unused(place));
            if shorter.body.len() == text.body.len() {
                return text;
            }
            text = shorter;
        }
    }

    /// What another text has less, and what it has instead.
    pub(super) fn change_to(&self, other: &Self) -> Vec<String> {
        let missing = |some: &Self, others: &Self| {
            let mut others = others.body.clone();
            let is_missing = |line: &&String| match others.iter().position(|other| other == *line) {
                Some(place) => {
                    others.swap_remove(place);
                    false
                }
                None => true,
            };
            some.body.iter().filter(is_missing).cloned().collect::<Vec<_>>()
        };
        [missing(self, other), missing(other, self)].concat()
    }

    fn kept(&self, is_kept: impl Fn(usize) -> bool) -> Self {
        let lines = self.body.iter().enumerate().filter(|(place, _)| is_kept(*place));
        Self { body: lines.map(|(_, line)| line.clone()).collect(), ..self.clone() }
    }
}

/// What names, numbers and mnemonics are made of.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_')
}

fn begins_header(word: &str) -> bool {
    names::WORDS.contains(&(word, Place::Header))
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const CASE: &str = "# What fails.\nrule alias.one\nneeds magic-page\n\nword = mfspr SPRG0   # looks like a header\nother = mfspr SPRG1\n\
        user {\n    try exit\n}\nboth = let word ^ other\nlast = mfspr SPRG2\nexpect both == 0\nexpect last == 1\n";

    pub(super) fn text() -> Text {
        text_of(CASE)
    }

    pub(super) fn text_of(case: &str) -> Text {
        text_named(case, "alias/case")
    }

    pub(super) fn text_named(script: &str, name: &str) -> Text {
        let source = script::source(Path::new("cases/alias/case.probe"), script.into()).expect("text");
        let script = script::parse_citing(source, &["alias.one", "alias.two", "alias.two-more"]).expect("a script");
        Text::of(script.instances().iter().find(|instance| instance.name() == name).expect("a case"))
    }

    #[test]
    fn a_text_is_the_case_it_was_made_of() {
        let text = text();
        assert_eq!((text.head.len(), text.body.len(), text.steps()), (2, 9, 6));
        let written = text.with_prose(&["x".to_owned()]);
        assert!(written.starts_with("# x\nrule alias.one\nneeds magic-page\n\nword = mfspr SPRG0\n"), "{written}");
        assert!(written.contains("user {\n    try exit\n}\n"), "{written}");
    }

    #[test]
    fn a_rule_by_which_nothing_is_expected_any_more_goes() {
        let mut text = text_of(
            "# What fails.\nrule alias.one alias.two alias.two-more\n\nx = mfspr SPRG0\nexpect x == 1 by alias.two\n\
             expect x == 1 by alias.two-more\n",
        );
        let head = |text: &Text| text.with_prose(&["x".to_owned()]).lines().nth(1).map(str::to_owned);
        assert_eq!(head(&text).as_deref(), Some("rule   alias.one alias.two alias.two-more"));
        text.body.remove(1);
        assert_eq!(head(&text).as_deref(), Some("rule   alias.one alias.two-more"));
        text.body.remove(1);
        assert_eq!(head(&text).as_deref(), Some("rule   alias.one"));
    }

    #[test]
    fn behind_what_was_seen_only_what_shows_it_is_kept() {
        let text = text();
        let line =
            |wanted: &str| text.head.len() + 3 + text.body.iter().position(|line| line == wanted).expect("a line");
        let cut = text.cut_behind(line("both = let word ^ other"), line("expect both == 0"));
        let kept = "word = mfspr SPRG0|other = mfspr SPRG1|user {|try exit|}|both = let word ^ other|expect both == 0";
        assert_eq!(cut[0].body.join("|"), kept);
        let cut = text.cut_behind(line("last = mfspr SPRG2"), line("expect last == 1"));
        assert_eq!(cut[0].body.join("|"), "user {|try exit|}|last = mfspr SPRG2|expect last == 1");
    }

    #[test]
    fn exits_are_put_between_its_lines_and_nothing_else_is_changed() {
        let text = text();
        for number in 0..50 {
            let mut disturbed = text.disturbed(&mut Dice::of_script(1, number), &[ExitKind::Mfpvr]);
            assert!((1..=DISTURBANCES).contains(&(disturbed.body.len() - text.body.len())));
            disturbed.body.retain(|line| line != "exit mfpvr");
            assert_eq!(disturbed, text);
        }
    }
}
