//! Lines out of a stream, and the tail of those that are only text. Bounded, however much is poured in.

use std::collections::VecDeque;
use std::fmt;

/// Longest line that is kept; longer ones lose their end. No frame is as long.
const LONGEST: usize = 1024;
/// Text lines kept for messages: the oops of a host kernel, with registers and both call traces.
const KEPT: usize = 64;

/// Collects bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    current: Vec<u8>,
}

impl Lines {
    /// Takes bytes up to and including the first newline; the rest, and true if a line is complete now.
    pub(super) fn take<'b>(&mut self, bytes: &'b [u8]) -> (&'b [u8], bool) {
        let (line, rest, complete) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let (line, rest) = bytes.split_at(end);
                (line, rest.get(1..).unwrap_or(&[]), true)
            }
            None => (bytes, &[][..], false),
        };
        let room = LONGEST.saturating_sub(self.current.len()).min(line.len());
        self.current.extend(line.iter().take(room));
        (rest, complete)
    }

    /// The line collected so far, without line end; the next begins.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.current);
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        line
    }
}

/// The last lines of a text.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    lines: VecDeque<String>,
    dropped: u64,
}

impl Tail {
    /// Appends a line; control characters are shown escaped, so that a guest cannot play with a terminal.
    pub fn push(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        let text = String::from_utf8_lossy(line.get(..LONGEST).unwrap_or(line));
        let visible = text.chars().flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        });
        self.lines.push_back(visible.collect());
    }

    /// True if there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "({} earlier lines)", self.dropped)?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{line}")?;
        }
        Ok(())
    }
}

/// The tail of a stream that is nothing but text.
#[derive(Debug, Default)]
pub struct Text {
    lines: Lines,
    tail: Tail,
}

impl Text {
    /// Takes bytes of the stream.
    pub fn hear(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (after, complete) = self.lines.take(rest);
            rest = after;
            if complete {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = self.lines.finish();
        self.tail.push(&line);
    }

    /// The stream's end: its last lines.
    #[must_use]
    pub fn finish(mut self) -> Tail {
        self.end_line();
        self.tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in chunks {
            let mut rest = *chunk;
            while !rest.is_empty() {
                let (after, complete) = lines.take(rest);
                rest = after;
                if complete {
                    found.push(lines.finish());
                }
            }
        }
        found
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive() {
        let whole: &[u8] = b"one\r\n\ntwo\nrest";
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(split(&[whole]), split(&bytes));
        assert_eq!(split(&[whole]), [&b"one"[..], b"", b"two"]);
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_the_longest() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            assert!(!lines.take(&[b'x'; 1000]).1);
        }
        assert_eq!(lines.finish().len(), LONGEST);
    }

    #[test]
    fn a_tail_keeps_the_end_and_says_how_much_is_missing() {
        let mut tail = Tail::default();
        for number in 0..KEPT + 2 {
            tail.push(format!("line {number}").as_bytes());
        }
        let text = tail.to_string();
        assert!(text.starts_with("(2 earlier lines)\nline 2\n"), "{text}");
        assert!(text.ends_with(&format!("line {}", KEPT + 1)), "{text}");
    }

    #[test]
    fn a_tail_that_lost_nothing_says_nothing_of_it() {
        let mut tail = Tail::default();
        assert!(tail.is_empty() && tail.to_string().is_empty());
        tail.push(b"");
        assert!(tail.is_empty(), "an empty line is none");
        for number in 0..KEPT {
            tail.push(format!("line {number}").as_bytes());
        }
        assert!(!tail.is_empty());
        assert_eq!((tail.lines().count(), tail.lines().next()), (KEPT, Some("line 0")));
        let text = tail.to_string();
        assert!(text.starts_with("line 0\nline 1\n") && text.ends_with("\nline 63"), "{text}");
    }

    #[test]
    fn a_stream_of_text_ends_with_what_has_no_newline() {
        let mut text = Text::default();
        text.hear(b"one\r\r\ntw");
        text.hear(b"o\nthree");
        assert!(text.finish().lines().eq(["one", "two", "three"]));
    }

    #[test]
    fn a_tail_shows_control_characters_instead_of_sending_them() {
        let mut tail = Tail::default();
        tail.push(b"\x1b[2Jcleared");
        assert_eq!(tail.to_string(), "\\u{1b}[2Jcleared");
    }
}
