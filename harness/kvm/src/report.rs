//! Frames to the harness: the records a guest sends itself elsewhere, and those only a host can send.
//!
//! Where the harness reads this system's memory, they are put aside there, and the console has one that says where.

use crate::returns::Returns;
use crate::system::System;
use core::fmt::{self, Write};
use sprig_wire::CRC;
use sprig_wire::aside::{self, HEAD};
use sprig_wire::frame::{LINE, LOG_CHUNK, Line, PAYLOAD, Record};
use sprig_wire::log::Header;

/// Bytes of frames that are sent at once. Waiting for a console costs more than some frames do.
const PENDING: usize = 4096;
const _: () = assert!(PENDING >= LINE);

/// Pages that get their mark at once: what a kernel gives one after the other lies side by side as a rule, and there is
/// the next page looked for first.
const AHEAD: usize = 32;

/// Sends frames one after the other.
#[derive(Debug)]
pub struct Reporter<'a, S> {
    /// The system whose console they go to.
    pub system: &'a mut S,
    sequence: u16,
    pending: [u8; PENDING],
    filled: usize,
    /// The number of the first frame that is pending.
    first: u16,
    /// Bytes that have been put aside.
    aside: usize,
}

impl<'a, S: System> Reporter<'a, S> {
    /// A reporter that has said nothing.
    pub fn new(system: &'a mut S) -> Self {
        Self { system, sequence: 0, pending: [0; PENDING], filled: 0, first: 0, aside: 0 }
    }

    /// Sends one record, and those that wait. Whatever could end the host comes after this.
    pub fn send(&mut self, record: &Record<'_>) {
        self.add(record);
        self.flush();
    }

    /// Has a record sent with the next one, if it can wait for that.
    pub fn add(&mut self, record: &Record<'_>) {
        let line = Line::new(self.sequence, record);
        self.sequence = self.sequence.wrapping_add(1);
        if self.filled + line.as_bytes().len() > PENDING {
            self.flush();
        }
        if self.filled == 0 {
            self.first = self.sequence.wrapping_sub(1);
        }
        for (place, byte) in self.pending.iter_mut().skip(self.filled).zip(line.as_bytes()) {
            *place = *byte;
            self.filled += 1;
        }
    }

    /// Sends what has waited.
    pub fn flush(&mut self) {
        let pending = self.pending.get(..self.filled).unwrap_or(&self.pending);
        let (offset, length) = (self.aside as u32, pending.len() as u32);
        let line = Line::new(self.first, &Record::Aside { offset, length, checksum: CRC.checksum(pending) });
        // A single frame is no longer than one that says where it is.
        if line.as_bytes().len() < pending.len() && put_aside(self.system.aside(), self.aside, pending) {
            self.aside += pending.len();
            self.system.console(line.as_bytes());
        } else {
            self.system.console(pending);
        }
        self.filled = 0;
    }

    /// Says that nothing can be run here, and why.
    pub fn unfit(&mut self, why: impl fmt::Display) {
        self.send(&Record::Unfit(Text::of(why).as_bytes()));
    }

    /// Says that a case's machine came to an end of its own, and how, before its log does.
    pub fn fate(&mut self, case: u32, hung: bool, how: impl fmt::Display) {
        self.add(&Record::Fate { case, hung, how: Text::of(how).as_bytes() });
    }

    /// Has a case's entries sent with the next record, with what KVM_RUN returned for among them, and that the case has
    /// ended.
    pub fn log(&mut self, header: &Header, entries: &[u8], returns: &Returns) {
        let (mut digest, mut length) = (CRC.digest(), 0);
        let mut chunk = Chunk { case: header.case, offset: 0, bytes: [0; LOG_CHUNK], filled: 0 };
        returns.merge(entries, |piece| {
            digest.update(piece);
            // What a log holds and what returns are kept is less than 2^32 bytes.
            length += piece.len() as u32;
            chunk.fill(piece, self);
        });
        chunk.send(self);
        let Header { case, state, step, .. } = *header;
        // With what comes next: that is soon.
        self.add(&Record::End { case, state, step, length, checksum: digest.finalize() });
    }
}

/// Appends bytes after this many others; false if there is no room.
fn put_aside(pages: &mut [aside::Page], offset: usize, bytes: &[u8]) -> bool {
    if offset + bytes.len() > pages.len() * aside::ROOM {
        return false;
    }
    let mut rest = bytes;
    for (number, within, size) in aside::pieces(offset, bytes.len()) {
        if within == HEAD && number.is_multiple_of(AHEAD) {
            let ahead = pages.iter_mut().enumerate().skip(number).take(AHEAD);
            ahead.for_each(|(number, page)| page[..HEAD].copy_from_slice(&aside::head(number as u32)));
        }
        let (Some(page), Some((piece, after))) = (pages.get_mut(number), rest.split_at_checked(size)) else {
            return false;
        };
        if let Some(place) = page.get_mut(within..within + size) {
            place.copy_from_slice(piece);
        }
        rest = after;
    }
    true
}

/// Entries on their way out, in frames as full as they can be.
struct Chunk {
    case: u32,
    offset: u32,
    bytes: [u8; LOG_CHUNK],
    filled: usize,
}

impl Chunk {
    fn fill<S: System>(&mut self, piece: &[u8], reporter: &mut Reporter<'_, S>) {
        for byte in piece {
            if let Some(place) = self.bytes.get_mut(self.filled) {
                *place = *byte;
                self.filled += 1;
            }
            if self.filled == LOG_CHUNK {
                self.send(reporter);
            }
        }
    }

    fn send<S: System>(&mut self, reporter: &mut Reporter<'_, S>) {
        let bytes = self.bytes.get(..self.filled).unwrap_or(&self.bytes);
        if !bytes.is_empty() {
            reporter.add(&Record::Log { case: self.case, offset: self.offset, bytes });
        }
        self.offset += self.filled as u32;
        self.filled = 0;
    }
}

/// A sentence that fits a frame; what does not is cut.
#[derive(Debug)]
pub struct Text {
    bytes: [u8; PAYLOAD],
    length: usize,
}

impl Text {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; PAYLOAD], length: 0 };

    /// What this displays.
    #[must_use]
    pub fn of(what: impl fmt::Display) -> Self {
        let mut text = Self::EMPTY;
        // It never fails: what does not fit is dropped.
        let _ = write!(text, "{what}");
        text
    }

    /// The text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| f.write_char(char::from(*byte)))
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..).unwrap_or(&mut []);
        for (place, byte) in room.iter_mut().zip(text.bytes()) {
            *place = byte;
            self.length += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Unexpected;
    use crate::testing::{Fake, Said};
    use sprig_wire::log::State;
    use std::vec::Vec;

    #[test]
    fn entries_arrive_whole_whatever_their_length() {
        for length in [0, 1, LOG_CHUNK - 1, LOG_CHUNK, LOG_CHUNK + 1, 3 * LOG_CHUNK] {
            let entries: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let mut fake = Fake::default();
            let header = Header { state: State::Ended, case: 3, step: 9, length: length as u32 };
            let mut reporter = Reporter::new(&mut fake);
            reporter.log(&header, &entries, &Returns::new());
            reporter.flush();
            let said = fake.said();
            let received: Vec<u8> = said.iter().flat_map(|said| said.log_bytes()).copied().collect();
            assert_eq!(received, entries);
            let checksum = CRC.checksum(&entries);
            let Some(Said::End { length: sent, checksum: found, .. }) = said.last() else { panic!("an end") };
            assert_eq!((*sent as usize, *found), (length, checksum));
        }
    }

    #[test]
    fn the_checksum_covers_what_was_put_among_the_entries() {
        let mut fake = Fake::default();
        let mut returns = Returns::new();
        assert_eq!(returns.note(1, 0, Unexpected { reason: 0, detail: 7 }), Ok(()));
        let header = Header { state: State::Ended, case: 0, step: 1, length: 0 };
        let mut reporter = Reporter::new(&mut fake);
        reporter.log(&header, &[], &returns);
        reporter.flush();
        let said = fake.said();
        let received: Vec<u8> = said.iter().flat_map(|said| said.log_bytes()).copied().collect();
        let Some(Said::End { length, checksum, .. }) = said.last() else { panic!("an end") };
        assert_eq!((*length as usize, *checksum), (received.len(), CRC.checksum(&received)));
    }

    #[test]
    fn what_finds_room_aside_is_put_there_and_the_rest_is_sent() {
        let entries: Vec<u8> = (0..5 * PENDING).map(|byte| byte as u8).collect();
        let header = Header { state: State::Ended, case: 3, step: 9, length: entries.len() as u32 };
        let whole = |pages| {
            let mut fake = Fake { aside: std::vec![[0; aside::PAGE]; pages], ..Fake::default() };
            let mut reporter = Reporter::new(&mut fake);
            reporter.send(&Record::Case { case: 3 });
            reporter.log(&header, &entries, &Returns::new());
            reporter.send(&Record::Done);
            let said = fake.said();
            assert_eq!((&said[0], said.last()), (&Said::Case(3), Some(&Said::Done)));
            let received: Vec<u8> = said.iter().flat_map(|said| said.log_bytes()).copied().collect();
            assert!(received == entries, "{pages} pages");
            fake.console.len()
        };
        let sent: Vec<usize> = [0, 3, 20].map(whole).into();
        assert!(sent[0] > entries.len() && sent[1] < sent[0] && sent[2] < entries.len() / 10, "{sent:?}");
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut() {
        let long = "0123456789".repeat(PAYLOAD);
        assert_eq!(Text::of(&long).as_bytes(), &long.as_bytes()[..PAYLOAD]);
    }
}
