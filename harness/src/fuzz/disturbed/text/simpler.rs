//! What is simpler than a text: fewer lines, a block's lines without the block, fewer instructions in a line.
//!
//! ```text
//! on book3s-64 {       -->  needs book3s-64     or
//!     called = run rfid       called = run rfid      called = run rfi
//! }
//! on not book3s-64 {
//!     called = run rfi
//! }
//! for ivor in IVOR2 IVOR13 {  -->  mtspr IVOR2, 0x100   or   mtspr IVOR13, 0x100
//!     mtspr ivor, 0x100
//! }
//! ```

use super::{Text, is_of_word};

/// What instructions stand behind: those that run, and, with an address between, those that are stored.
const RUN: &str = "run ";
const CODE: &str = "code ";
/// What blocks begin with, and the lines of a header that ask for features.
const ON: &str = "on ";
const NOT: &str = "not ";
const FOR: &str = "for ";
const IN: &str = " in ";
const NEEDS: &str = "needs";

impl Text {
    /// Simpler texts, the simplest first: without a half of its lines, a quarter, one; without a block, or what makes
    /// it one; without one of a line's instructions.
    pub(in crate::fuzz::disturbed) fn simpler(&self) -> Vec<Self> {
        let mut texts = Vec::new();
        let mut size = self.body.len().div_ceil(2);
        while size > 0 {
            for start in (0..self.body.len()).step_by(size) {
                texts.push(self.kept(|place| !(start..start + size).contains(&place)));
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        for block in self.blocks() {
            texts.push(self.kept(|place| !(block.0..=block.1).contains(&place)));
            texts.push(self.kept(|place| place != block.0 && place != block.1));
            texts.extend(self.without_choice(block));
            texts.extend(self.without_loop(block));
        }
        texts.sort_by_key(|text| text.body.len());
        for (place, line) in self.body.iter().enumerate() {
            texts.extend(without_instruction(line).into_iter().map(|line| {
                let mut text = self.clone();
                text.body[place] = line;
                text
            }));
        }
        texts
    }

    /// With the lines of a block that only some targets run as lines for all, which are those targets; what others run
    /// in its place, right before it or behind it, goes.
    fn without_choice(&self, (begin, end): (usize, usize)) -> Option<Self> {
        let feature = self.body[begin].strip_prefix(ON)?.strip_suffix('{')?.trim();
        let is_other = |line: &str| {
            let other = line.strip_prefix(ON).and_then(|line| line.strip_suffix('{')).map(str::trim);
            other.is_some_and(|other| negated(other) == feature || other == negated(feature))
        };
        let others = self
            .blocks()
            .into_iter()
            .find(|(other, last)| (last + 1 == begin || *other == end + 1) && is_other(&self.body[*other]));
        let is_kept = |place: usize| {
            let is_others = others.is_some_and(|(first, last)| (first..=last).contains(&place));
            place != begin && place != end && !is_others
        };
        let mut text = self.kept(is_kept);
        if !feature.starts_with(NOT) {
            match text.head.iter_mut().find(|line| line.split_whitespace().next() == Some(NEEDS)) {
                Some(line) => line.push_str(&format!(" {feature}")),
                None => text.head.push(format!("{NEEDS}  {feature}")),
            }
        }
        Some(text)
    }

    /// With the lines of a loop once, for each of its values.
    fn without_loop(&self, (begin, end): (usize, usize)) -> Vec<Self> {
        let header = self.body[begin].strip_prefix(FOR).and_then(|header| header.strip_suffix('{'));
        let Some((variable, values)) = header.and_then(|header| header.split_once(IN)) else { return Vec::new() };
        let values = values.split_whitespace().flat_map(|value| value.split(".."));
        let with = |value: &str| {
            let mut text = self.clone();
            for line in &mut text.body[begin + 1..end] {
                *line = replaced(line, variable.trim(), value);
            }
            text.kept(|place| place != begin && place != end)
        };
        values.map(with).collect()
    }

    /// The first and the last line of each block.
    fn blocks(&self) -> Vec<(usize, usize)> {
        let (mut open, mut blocks) = (Vec::new(), Vec::new());
        for (place, line) in self.body.iter().enumerate() {
            if line.starts_with('}') {
                blocks.extend(open.pop().map(|begin| (begin, place)));
            }
            if line.ends_with('{') {
                open.push(place);
            }
        }
        blocks
    }
}

/// What targets without a feature have, or with it: `not x` of `x`, and `x` of `not x`.
fn negated(feature: &str) -> String {
    feature.strip_prefix(NOT).map_or_else(|| format!("{NOT}{feature}"), str::to_owned)
}

/// The line with another word in the place of one.
fn replaced(line: &str, word: &str, by: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(begin) = rest.find(is_of_word) {
        let end = rest[begin..].find(|letter| !is_of_word(letter)).map_or(rest.len(), |length| begin + length);
        text.push_str(&rest[..begin]);
        text.push_str(if &rest[begin..end] == word { by } else { &rest[begin..end] });
        rest = &rest[end..];
    }
    text + rest
}

/// The line without one of its instructions, for each if it has several.
fn without_instruction(line: &str) -> Vec<String> {
    const BETWEEN: &str = " ; ";
    // What is before the first instruction ends with the step's name, or the address of code.
    let run = line.find(RUN).map(|at| at + RUN.len());
    let code = || line.strip_prefix(CODE).and_then(|rest| Some(CODE.len() + rest.find(", ")? + ", ".len()));
    let Some(begin) = run.or_else(code) else { return Vec::new() };
    let end = [" with ", " gives "].iter().filter_map(|word| line.find(word)).min().unwrap_or(line.len());
    let instructions = line[begin..end].split(BETWEEN).collect::<Vec<_>>();
    let without = |place: usize| {
        let others = [&instructions[..place], &instructions[place + 1..]].concat().join(BETWEEN);
        format!("{}{others}{}", &line[..begin], &line[end..])
    };
    let places = if instructions.len() > 1 { 0..instructions.len() } else { 0..0 };
    places.map(without).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{text, text_of};
    use super::*;

    #[test]
    fn what_is_simpler_has_fewer_lines_and_each_line_is_left_out_once() {
        let text = text();
        let simpler = text.simpler();
        assert!(simpler.iter().all(|simpler| simpler.body.len() < text.body.len()));
        for (place, line) in text.body.iter().enumerate() {
            let without = [&text.body[..place], &text.body[place + 1..]].concat();
            assert!(simpler.iter().any(|simpler| simpler.body == without), "{line}");
        }
        let mut unwrapped = text.body.clone();
        unwrapped.retain(|line| !line.contains(['{', '}']));
        assert!(simpler.iter().any(|simpler| simpler.body == unwrapped));
    }

    #[test]
    fn a_line_of_several_instructions_is_simpler_without_one() {
        let simpler = |line: &str| without_instruction(line).join("|");
        let expected = "x = run sc ; isync with r3 = 1 gives r4|x = run nop ; isync with r3 = 1 gives r4|x = run nop ; sc with r3 = 1 gives r4";
        assert_eq!(simpler("x = run nop ; sc ; isync with r3 = 1 gives r4"), expected);
        assert_eq!(
            simpler("code SCRATCH + 4, mtspr TSR, r11 ; rfci"),
            "code SCRATCH + 4, rfci|code SCRATCH + 4, mtspr TSR, r11"
        );
        assert_eq!(simpler("run sc"), "");
        assert_eq!(simpler("mtspr TSR, 1"), "");
    }

    #[test]
    fn a_choice_is_made_and_a_loop_is_gone_through_once() {
        let text = text_of(
            "# What fails.\nrule alias.one\n\non book3s-64 {\n    v = let 1\n}\non not book3s-64 {\n    v = let 2\n}\n\
             for spr in SPRG0 SPRG2..SPRG4 {\n    mtspr spr, 1\n}\nexpect v == 1\n",
        );
        let simpler = text.simpler();
        let has = |needs: Option<&str>, body: &str| {
            let is_there = |text: &&Text| text.body.join("|") == body;
            let with_needs = |text: &Text| text.head.last().map(String::as_str) == needs.or(Some("rule alias.one"));
            simpler.iter().find(is_there).is_some_and(with_needs)
        };
        let others = "for spr in SPRG0 SPRG2..SPRG4 {|mtspr spr, 1|}|expect v == 1";
        assert!(has(Some("needs  book3s-64"), &format!("v = let 1|{others}")));
        assert!(has(None, &format!("v = let 2|{others}")));
        let choice = "on book3s-64 {|v = let 1|}|on not book3s-64 {|v = let 2|}";
        for spr in ["SPRG0", "SPRG2", "SPRG4"] {
            assert!(has(None, &format!("{choice}|mtspr {spr}, 1|expect v == 1")), "{spr}");
        }
    }

    #[test]
    fn a_word_is_replaced_and_no_part_of_another() {
        assert_eq!(replaced("mtspr spr, spr-2 + (spr)", "spr", "SPRG0"), "mtspr SPRG0, spr-2 + (SPRG0)");
        assert_eq!(replaced("", "spr", "SPRG0"), "");
    }
}
