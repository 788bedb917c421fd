//! What is simpler than a line of a case, as text: without one of its instructions, operands, results or bits.
//!
//! ```text
//! called = run mtmsr r4 ; sc with r3 = 1, r4 = on gives r3, r5
//!              \___________/      \_____________/       \____/
//!              instructions        operands              results
//! ```

use super::is_of_word;

/// What instructions stand behind: those that run, and, with an address between, those that are stored.
const RUN: &str = "run ";
const CODE: &str = "code ";
/// What their operands and results stand behind.
const WITH: &str = " with ";
const GIVES: &str = " gives ";

/// Where a word begins, and is no part of another.
pub(super) fn places(line: &str, word: &str) -> impl Iterator<Item = usize> {
    let is_word = |at: &usize| !line[..*at].ends_with(is_of_word) && !line[at + word.len()..].starts_with(is_of_word);
    line.match_indices(word).map(|(at, _)| at).filter(is_word)
}

/// The line with a value where it has a name, of which it is the only place: in parentheses but where an operand may be.
pub(super) fn with_value(line: &str, name: &str, value: &str) -> Option<String> {
    let mut places = places(line, name);
    let (place, None) = (places.next()?, places.next()) else { return None };
    let (before, behind) = (&line[..place], &line[place + name.len()..]);
    let begins = before.trim_end().ends_with(|letter| is_of_word(letter) || matches!(letter, ',' | '='));
    let ends = behind.is_empty() || behind.starts_with(',') || behind.starts_with(GIVES);
    Some(if begins && ends { format!("{before}{value}{behind}") } else { format!("{before}({value}){behind}") })
}

/// The line with another word in the place of one.
pub(super) fn replaced(line: &str, word: &str, by: &str) -> String {
    let mut text = String::new();
    let mut end = 0;
    for place in places(line, word) {
        text.extend([&line[end..place], by]);
        end = place + word.len();
    }
    text + &line[end..]
}

/// The line without one of its instructions, for each if it has several.
pub(super) fn without_instruction(line: &str) -> Vec<String> {
    const BETWEEN: &str = " ; ";
    // What is before the first instruction ends with the step's name, or the address of code.
    let run = line.find(RUN).map(|at| at + RUN.len());
    let code = || line.strip_prefix(CODE).and_then(|rest| Some(CODE.len() + rest.find(", ")? + ", ".len()));
    let Some(begin) = run.or_else(code) else { return Vec::new() };
    let end = [WITH, GIVES].iter().filter_map(|word| line.find(word)).min().unwrap_or(line.len());
    let instructions = line[begin..end].split(BETWEEN).collect::<Vec<_>>();
    let without = |place: usize| {
        let others = [&instructions[..place], &instructions[place + 1..]].concat().join(BETWEEN);
        format!("{}{others}{}", &line[..begin], &line[end..])
    };
    let places = if instructions.len() > 1 { 0..instructions.len() } else { 0..0 };
    places.map(without).collect()
}

/// The line without one of what a step is given, and without one of its results besides the first.
pub(super) fn without_operand(line: &str) -> Vec<String> {
    const BETWEEN: &str = ", ";
    let mut lines = Vec::new();
    let gives = line.find(GIVES).unwrap_or(line.len());
    if let Some(with) = line.find(WITH).filter(|with| *with < gives) {
        let operands = line[with + WITH.len()..gives].split(BETWEEN).collect::<Vec<_>>();
        lines.extend((0..operands.len()).map(|place| {
            let others = [&operands[..place], &operands[place + 1..]].concat().join(BETWEEN);
            let with = if others.is_empty() { String::new() } else { format!("{WITH}{others}") };
            line[..line.find(WITH).unwrap_or(gives)].to_owned() + &with + &line[gives..]
        }));
    }
    if line[gives..].contains(BETWEEN) {
        lines.extend(line.rfind(BETWEEN).map(|last| line[..last].to_owned()));
    }
    lines
}

/// The line without one of the values that an `|` joins.
pub(super) fn without_bits(line: &str) -> Vec<String> {
    const OR: &str = " | ";
    let mut lines: Vec<String> = Vec::new();
    for (at, _) in line.match_indices(OR) {
        let (before, behind) = (&line[..at], &line[at + OR.len()..]);
        let begin = at - value_length(before.chars().rev(), ')', '(');
        if !before[..begin].ends_with(OR) {
            lines.push(format!("{}{behind}", &before[..begin]));
        }
        lines.push(format!("{before}{}", &behind[value_length(behind.chars(), '(', ')')..]));
    }
    lines.iter().map(|line| without_parentheses(line)).collect()
}

/// The line without parentheses around what is one word.
fn without_parentheses(line: &str) -> String {
    let mut text = line.to_owned();
    for (begin, _) in line.rmatch_indices('(') {
        let Some(end) = line[begin..].find(')').map(|length| begin + length) else { continue };
        let is_word = line[begin + 1..end].chars().all(is_of_value_name) && !line[..begin].ends_with(is_of_word);
        if is_word {
            text.remove(end);
            text.remove(begin);
        }
    }
    text
}

/// What the name of a value is made of: `MSR.EE`, `old`.
fn is_of_value_name(letter: char) -> bool {
    is_of_word(letter) || letter == '.'
}

/// Length of the value at the begin of a text: to white space or a comma, or to what closes a parenthesis around it.
fn value_length(text: impl Iterator<Item = char>, opens: char, closes: char) -> usize {
    let mut depth = 0_usize;
    let is_of_value = |letter: &char| match *letter {
        letter if letter == opens => {
            depth += 1;
            true
        }
        letter if letter == closes => depth.checked_sub(1).map(|less| depth = less).is_some(),
        letter => depth > 0 || !(letter.is_whitespace() || letter == ','),
    };
    text.take_while(is_of_value).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_line_is_simpler_without_an_operand_or_the_last_result() {
        let simpler = |line: &str| without_operand(line).join("|");
        let expected = "x = run sc with r4 = on gives r4, r5|x = run sc with r3 = 1 gives r4, r5|x = run sc with r3 = 1, r4 = on gives r4";
        assert_eq!(simpler("x = run sc with r3 = 1, r4 = on gives r4, r5"), expected);
        assert_eq!(simpler("x = run sc with r3 = 1 gives r4"), "x = run sc gives r4");
        assert_eq!(simpler("run sc with r3 = 1"), "run sc");
        assert_eq!(simpler("x = run sc gives r4"), "");
        assert_eq!(simpler("mtspr TSR, 1"), "");
    }

    #[test]
    fn a_line_is_simpler_without_bits() {
        let simpler = |line: &str| without_bits(line).join("\n");
        assert_eq!(
            simpler("on = let old | A.B(1 + 2) | C"),
            "on = let A.B(1 + 2) | C\non = let old | C\non = let old | A.B(1 + 2)"
        );
        assert_eq!(
            simpler("expect (x & (A | B)) == A | B"),
            "expect (x & B) == A | B\nexpect (x & A) == A | B\nexpect (x & (A | B)) == B\nexpect (x & (A | B)) == A"
        );
        assert_eq!(simpler("mtspr TSR, 1 | 2, 3"), "mtspr TSR, 2, 3\nmtspr TSR, 1, 3");
        assert_eq!(simpler("mtspr TSR, 1"), "");
    }

    #[test]
    fn a_word_is_replaced_and_no_part_of_another() {
        assert_eq!(replaced("mtspr spr, spr-2 + (spr)", "spr", "SPRG0"), "mtspr SPRG0, spr-2 + (SPRG0)");
        assert_eq!(replaced("", "spr", "SPRG0"), "");
        assert_eq!(with_value("store32 con, on", "on", "1 | 2").as_deref(), Some("store32 con, 1 | 2"));
        assert_eq!(with_value("store32 con, on & 4", "on", "1 | 2").as_deref(), Some("store32 con, (1 | 2) & 4"));
    }
}
