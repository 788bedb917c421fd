//! What is simpler than a text: fewer lines, a block's lines without the block, a value in the place of its name, fewer
//! instructions, operands, results or bits in a line.
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
//! on = let old | MSR.EE       -->  mtmsr old | MSR.EE
//! mtmsr on
//! ```

use super::Text;
use super::line::{places, replaced, with_value, without_bits, without_instruction, without_operand};

/// What blocks begin with, and the lines of a header that ask for features.
const ON: &str = "on ";
const NOT: &str = "not ";
const FOR: &str = "for ";
const IN: &str = " in ";
const NEEDS: &str = "needs";
/// Lines of a header after which a script is several cases, and what the name of a case has its values behind.
const PARAM: &str = "param";
const PRIVILEGE: &str = "privilege";
const VALUES: char = '@';
/// What a block in problem state begins with, and what the name of a case says that is.
const USER: &str = "user";
/// What gives a value a name.
const LET: &str = " = let ";

impl Text {
    /// Simpler texts, the simplest first: without a half of its lines, a quarter, one; without a block, or what makes
    /// it one; without a name for a value; without one of a line's instructions, operands, results or bits.
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
        texts.extend((0..self.body.len()).filter_map(|place| self.without_name(place)));
        texts.sort_by_key(|text| text.body.len());
        for (place, line) in self.body.iter().enumerate() {
            let lines = [without_instruction(line), without_operand(line), without_bits(line)].concat();
            texts.extend(lines.into_iter().map(|line| {
                let mut text = self.clone();
                text.body[place] = line;
                text
            }));
        }
        texts
    }

    /// Texts without the other values of parameters, or without a choice that the target makes in any case, or what only
    /// others run: the simplest one first.
    pub(in crate::fuzz::disturbed) fn decided(&self) -> Vec<Self> {
        let is_choice = |block: &(usize, usize)| self.body[block.0].starts_with(ON);
        let choices = self.blocks().into_iter().filter(is_choice);
        let decided = choices.flat_map(|(begin, end)| {
            let without = self.kept(|place| !(begin..=end).contains(&place));
            [Some(without), self.without_choice((begin, end))].into_iter().flatten()
        });
        let mut texts: Vec<Self> = decided.chain(self.without_parameter()).chain(self.without_privilege()).collect();
        texts.sort_by_key(|text| text.body.len());
        texts
    }

    /// With the value that the first parameter has in this case, as others of the script have another.
    fn without_parameter(&self) -> Option<Self> {
        let (script, values) = self.name.split_once(VALUES)?;
        let (value, others) = values.split_once(',').unwrap_or((values, ""));
        let place = self.head.iter().position(|line| first_word(line) == PARAM)?;
        let name = self.head[place].split_whitespace().nth(1)?;
        let mut text = self.clone();
        text.body = self.body.iter().map(|line| replaced(line, name, value)).collect();
        text.head.remove(place);
        text.name = if others.is_empty() { script.to_owned() } else { format!("{script}{VALUES}{others}") };
        Some(text)
    }

    /// In problem state, or not, as this case is.
    fn without_privilege(&self) -> Option<Self> {
        let place = self.head.iter().position(|line| first_word(line) == PRIVILEGE)?;
        let is_user = self.parameters().split([VALUES, ',']).any(|value| value == USER);
        let mut text = self.clone();
        text.head.remove(place);
        text.name = self.name.replace(&format!(",{USER}"), "").replace(&format!("{VALUES}{USER}"), "");
        let by_privilege = format!("in {PRIVILEGE} {{");
        let ends = self.blocks().into_iter().filter(|block| self.body[block.0] == by_privilege);
        let ends: Vec<usize> = ends.flat_map(|(begin, end)| if is_user { vec![] } else { vec![begin, end] }).collect();
        for line in text.body.iter_mut().filter(|line| **line == by_privilege) {
            *line = format!("{USER} {{");
        }
        Some(text.kept(|place| !ends.contains(&place)))
    }

    /// With a value in the one place where its name is used.
    fn without_name(&self, place: usize) -> Option<Self> {
        let (name, value) = self.body[place].split_once(LET)?;
        let others = self.body.iter().enumerate().filter(|(other, _)| *other != place);
        let mut users = others.filter(|(_, line)| places(line, name).next().is_some());
        let ((user, line), None) = (users.next()?, users.next()) else { return None };
        let mut text = self.clone();
        text.body[user] = with_value(line, name, value)?;
        Some(text.kept(|other| other != place))
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
            match text.head.iter_mut().find(|line| first_word(line) == NEEDS) {
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

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// What targets without a feature have, or with it: `not x` of `x`, and `x` of `not x`.
fn negated(feature: &str) -> String {
    feature.strip_prefix(NOT).map_or_else(|| format!("{NOT}{feature}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{text, text_named, text_of};
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
    fn a_choice_of_the_targets_is_decided_without_a_question() {
        let text = text_of(
            "# What fails.\nrule alias.one\n\non e500 {\n    mtspr SPRG0, 1\n}\non 44x {\n    mtspr SPRG1, 2\n}\n\
             v = mfspr SPRG0\nexpect v == 1\n",
        );
        let decided: Vec<String> = text.decided().iter().map(|text| text.body.join("|")).collect();
        let end = "v = mfspr SPRG0|expect v == 1";
        assert!(decided.contains(&format!("on e500 {{|mtspr SPRG0, 1|}}|{end}")), "{decided:?}");
        assert!(decided.contains(&format!("mtspr SPRG0, 1|on 44x {{|mtspr SPRG1, 2|}}|{end}")), "{decided:?}");
        assert_eq!(decided.len(), 4);
        assert!(text_of("# What fails.\nrule alias.one\n\nexit mfpvr\n").decided().is_empty());
    }

    #[test]
    fn a_case_of_several_is_the_one_that_it_is() {
        const CASES: &str = "# What fails.\nrule alias.one\nparam reg = SPRG4 SPRG5\nparam n = 1 2\nprivilege supervisor user\n\n\
            in privilege {\n    mtspr reg, n\n}\nv = mfspr reg\nexpect v == n\n";
        let decided = |case: &str| {
            let mut text = text_named(CASES, case);
            while let Some(next) = text.decided().into_iter().find(|text| text.instance(&["alias.one"]).is_some()) {
                text = next;
            }
            (text.name.clone(), text.head.join("|"), text.body.join("|"))
        };
        let alone = |body: &str| ("alias/case".to_owned(), "rule alias.one".to_owned(), body.to_owned());
        assert_eq!(decided("alias/case@SPRG5,1"), alone("mtspr SPRG5, 1|v = mfspr SPRG5|expect v == 1"));
        assert_eq!(decided("alias/case@SPRG4,2,user"), alone("user {|mtspr SPRG4, 2|}|v = mfspr SPRG4|expect v == 2"));
    }

    #[test]
    fn a_value_stands_in_the_one_place_where_its_name_was() {
        let simpler = |lines: &str| {
            let text = text_of(&format!("# What fails.\nrule alias.one\n\n{lines}\n"));
            text.without_name(0).map(|text| text.body.join("|"))
        };
        let is = |lines: &str, expected: &str| assert_eq!(simpler(lines).as_deref(), Some(expected), "{lines}");
        is("on = let 1 | 2\nmtmsr on", "mtmsr 1 | 2");
        is("on = let 1 | 2\nx = run nop with r3 = on, r4 = 1 gives r3", "x = run nop with r3 = 1 | 2, r4 = 1 gives r3");
        is("on = let 1 | 2\nx = run nop with r3 = on gives r3", "x = run nop with r3 = 1 | 2 gives r3");
        is("on = let 1 | 2\nx = let on & 4", "x = let (1 | 2) & 4");
        is("on = let 1 | 2\nx = let 4 & on", "x = let 4 & (1 | 2)");
        is("on = let 1 | 2\nexpect on == 3", "expect (1 | 2) == 3");
        is("on = let 1 | 2\nexpect 3 == on", "expect 3 == 1 | 2");
        for several in
            ["on = let 1\nmtmsr on\nx = let on", "on = let 1\nx = let on + on", "on = let 1\nexit mfpvr", "exit mfpvr"]
        {
            assert_eq!(simpler(several), None);
        }
    }
}
