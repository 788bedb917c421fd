//! What programs that record a console add to its lines: a time, a name, the terminal's colours, blanks at the end.
//!
//! ```text
//!   ESC [ 3 2 m [   12.345678] #0001 C AAAAAA 42ff3e5f SPACE CR LF
//!                              '---------------------'  is ours: it has a checksum
//! ```

use super::label::Label;
use anstream::adapter::strip_bytes;
use sprig_wire::frame::{PAYLOAD, decode};

/// The log as it was printed: of each line that has one of ours in it that alone, of the others what is no control
/// sequence.
#[must_use]
pub fn plain(log: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(log.len());
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let text = strip_bytes(line).into_vec();
        let text = text.trim_ascii_end();
        plain.extend_from_slice(ours(text).unwrap_or(text));
        plain.extend(line.ends_with(b"\n").then_some(b'\n'));
    }
    plain
}

/// What is ours of a line: from where a label or a frame begins.
fn ours(line: &[u8]) -> Option<&[u8]> {
    let mut rests = (0..line.len()).filter_map(|at| line.get(at..));
    rests.find(|rest| {
        let is_frame = || rest.starts_with(b"#") && decode(rest, &mut [0; PAYLOAD]).is_ok();
        Label::begins(rest) || is_frame()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprig_wire::frame::{Line, Record};

    fn frame() -> Vec<u8> {
        Line::new(7, &Record::Case { case: 3 }).as_bytes().to_vec()
    }

    #[test]
    fn a_frame_is_what_is_left_of_its_line() {
        let frame = frame();
        let ours = frame.trim_ascii_end();
        for (before, behind) in [
            ("", ""),
            ("[   12.345678] ", ""),
            ("Nov 29 22:10:02 board kernel: ", "\r"),
            ("\x1b[32m", "\x1b[0m  \r"),
            ("a #1 of two, ", "\t"),
        ] {
            let line = [before.as_bytes(), ours, behind.as_bytes(), b"\n"].concat();
            assert_eq!(plain(&line), frame, "{before:?} {behind:?}");
        }
    }

    #[test]
    fn a_label_begins_its_line_and_what_is_not_ours_stays() {
        assert_eq!(plain(b"[ 1.0] sprig-export: batch 1 \r\nlogin: root\r\n"), b"sprig-export: batch 1\nlogin: root\n");
        let mut damaged = frame();
        damaged[9] ^= 1;
        assert_eq!(plain(&damaged), damaged, "its checksum is another");
        assert_eq!(plain(b"no end"), b"no end");
        assert_eq!(plain(b"\x1b[31"), b"", "a sequence that is cut off");
    }
}
