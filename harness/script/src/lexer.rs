//! Text to lines of tokens.
//!
//! A `-` belongs to a name if a letter or digit follows it (`after-exit`), and to something that begins with a digit
//! only if a letter follows (`64-bit`, but `8-4` is a difference). Everything else is one symbol or the longest of
//! several.

use super::diagnostic::Diagnostic;
use super::limit;
use super::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a number.
    Word,
    /// Punctuation or an operator.
    Symbol(&'static str),
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// One line of the file.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u32,
    pub(super) tokens: Vec<Token>,
    /// The comment's text, without `#`.
    pub(super) comment: Option<Span>,
    /// Something in it is no token: it has been reported, and the line means nothing.
    pub(super) broken: bool,
}

/// Every symbol; where one is the beginning of another, the longer comes first.
const SYMBOLS: [&str; 26] = [
    "..", "==", "!=", "<<", "<=", "<", ">>", ">=", ">", "=", "+", "-", "*", "&", "|", "^", "~", "(", ")", "{", "}",
    "[", "]", ",", ";", ".",
];

/// May stand at the beginning of a file and means nothing there.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// The file's lines; what is no token goes to `errors`.
pub(super) fn lines(text: &str, errors: &mut Vec<Diagnostic>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    for (index, raw) in text.get(start..).unwrap_or("").split('\n').enumerate() {
        let content = raw.strip_suffix('\r').unwrap_or(raw);
        // SOURCE_BYTES bounds the number of lines.
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        lines.push(line(content, start, number, errors));
        start += raw.len() + 1;
    }
    lines
}

fn line(content: &str, start: usize, number: u32, errors: &mut Vec<Diagnostic>) -> Line {
    let mut line = Line { number, tokens: Vec::new(), comment: None, broken: false };
    if content.len() > limit::LINE_BYTES {
        let span = Span::new(start, start + content.chars().next().map_or(0, char::len_utf8));
        let message = format!("a line has at most {} bytes, this one has {}", limit::LINE_BYTES, content.len());
        errors.push(Diagnostic::error(message).at(span, "the line begins here"));
        line.broken = true;
        return line;
    }
    let mut at = 0;
    while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let place = |length: usize| Span::new(start + at, start + at + length);
        let length = if first == ' ' || first == '\t' {
            1
        } else if first == '#' {
            line.comment = Some(Span::new(start + at + 1, start + content.len()));
            // Text of an old Mac has no other line ends, and would be one comment.
            if let Some(within) = rest.find('\r').filter(|_| !line.broken) {
                let found = unexpected(rest, '\r', Span::new(start + at + within, start + at + within + 1));
                errors.push(found);
                line.broken = true;
            }
            rest.len()
        } else if first.is_ascii_alphanumeric() {
            let length = word_length(rest.as_bytes());
            if length > limit::WORD_BYTES {
                let message = format!("a name or number has at most {} characters", limit::WORD_BYTES);
                errors.push(Diagnostic::error(message).at(place(length), format!("this one has {length}")));
                line.broken = true;
            }
            line.tokens.push(Token { kind: Kind::Word, span: place(length) });
            length
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            line.tokens.push(Token { kind: Kind::Symbol(symbol), span: place(symbol.len()) });
            symbol.len()
        } else {
            // One such character seldom comes alone; the rest is read for the name it defines, the block it opens.
            if !line.broken {
                errors.push(unexpected(rest, first, place(first.len_utf8())));
            }
            line.broken = true;
            first.len_utf8()
        };
        at += length;
    }
    line
}

fn word_length(bytes: &[u8]) -> usize {
    let numeric = bytes.first().is_some_and(u8::is_ascii_digit);
    let belongs = |index: usize, byte: u8| {
        let next = bytes.get(index + 1).copied().unwrap_or(b' ');
        byte.is_ascii_alphanumeric()
            || byte == b'_'
            || byte == b'-' && (next.is_ascii_alphabetic() || !numeric && next.is_ascii_digit())
    };
    bytes.iter().enumerate().take_while(|(index, byte)| belongs(*index, **byte)).count()
}

/// Whether it is punctuation or a symbol that can be seen, of the blocks that people's keyboards and editors have: marks,
/// dashes and quotation marks, arrows and what is mathematical.
const fn is_sign(letter: char) -> bool {
    letter.is_ascii_graphic()
        || matches!(letter, '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{bf}' | '\u{d7}' | '\u{f7}')
        || matches!(letter, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20c0}' | '\u{2190}'..='\u{2bff}')
}

/// No token begins with this character.
fn unexpected(rest: &str, found: char, span: Span) -> Diagnostic {
    let shown = if found.is_alphanumeric() || is_sign(found) {
        format!("the character `{found}` means nothing here")
    } else {
        // It may be one that is not seen.
        format!("the character U+{:04X} means nothing here", u32::from(found))
    };
    let help = match found {
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '"' | '\'' => {
            Some("the language has no quotation marks".to_owned())
        }
        '\u{2013}' | '\u{2014}' | '\u{2212}' => Some("the minus sign is `-`".to_owned()),
        '\u{a0}' => Some("this is a no-break space; write a plain one".to_owned()),
        '/' if rest.starts_with("//") || rest.starts_with("/*") => Some("a comment begins with `#`".to_owned()),
        '/' => Some("there is no division: `>>` divides by a power of two".to_owned()),
        '%' if rest.starts_with("% ") => Some("there is no remainder: `&` keeps the low bits".to_owned()),
        '%' => Some("a register is written without `%`: `r3`".to_owned()),
        '!' => Some("a condition is negated by `not`".to_owned()),
        '_' => Some("a name begins with a letter, a number with a digit".to_owned()),
        '\\' => Some("a statement is one line: it does not go on in the next".to_owned()),
        '\r' => Some("a line ends with a line feed, which one carriage return may precede".to_owned()),
        _ => None,
    };
    Diagnostic::error(shown).at(span, "").maybe_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut errors = Vec::new();
        let lines = lines(text, &mut errors);
        assert_eq!(errors, []);
        lines.iter().flat_map(|line| &line.tokens).map(|token| token.span.text(text).to_owned()).collect()
    }

    #[test]
    fn a_hyphen_joins_names_and_separates_numbers() {
        assert_eq!(
            words("after-exit 64-bit book3s-32 8-4 a - b a -1"),
            ["after-exit", "64-bit", "book3s-32", "8", "-", "4", "a", "-", "b", "a", "-", "1"]
        );
    }

    #[test]
    fn ranges_and_parts_are_words_and_dots() {
        assert_eq!(
            words("SPRG0..SPRG3 x.r4 0..1023 stwcx. a<<2<=b"),
            ["SPRG0", "..", "SPRG3", "x", ".", "r4", "0", "..", "1023", "stwcx", ".", "a", "<<", "2", "<=", "b"]
        );
    }

    #[test]
    fn line_ends_tabs_and_a_byte_order_mark_are_white_space() {
        assert_eq!(words("\u{feff}exit\r\n\texit\r\nexit"), ["exit", "exit", "exit"]);
    }

    #[test]
    fn a_carriage_return_within_a_line_is_no_white_space() {
        let mut errors = Vec::new();
        let lines = lines("exit\rexit\n", &mut errors);
        assert!(lines[0].broken);
        assert_eq!(errors[0].message(), "the character U+000D means nothing here");
    }
}
