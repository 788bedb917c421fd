//! QEMU's trace as it comes: bytes in, one [`Record`] for each instruction out, nothing kept but the record at hand.
//!
//! ```text
//!   NIP 00100004   LR 00000000 CTR 00000000 XER 00000000 CPU#0           a record begins
//!   TB 00000000 00153490 DECR 0                                          time: not compared
//!   GPR00 0000000000000000 0000000000fffff8 ...                          four a line
//!   CR 00000000  [ -  -  -  -  -  -  -  -  ]     RES 000@ffffffff        reservation: size@address, or none
//!    SRR0 00000000  SRR1 00000000    PVR 80210022 VRSAVE 00000000        name, value, name, value ...
//! ```
//!
//! A record is complete when the next one begins, or the trace ends.

use super::register::{Register, Unknown};
use sprig_isa::cpu::Cpu;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::Range;

/// The registers before one instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Each register and its value, in the order of printing. 32-bit registers are zero-extended.
    pub values: Vec<(Register, u64)>,
}

impl Record {
    /// The value of a register; none if QEMU does not print it for this CPU.
    #[must_use]
    pub fn get(&self, register: Register) -> Option<u64> {
        self.values.iter().find(|(found, _)| *found == register).map(|(_, value)| *value)
    }

    /// Address of the instruction.
    #[must_use]
    pub fn pc(&self) -> u64 {
        self.get(Register::Nip).unwrap_or_default()
    }
}

/// This is not a trace, or not one of this CPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It has a register too many.
    #[error(transparent)]
    Register(#[from] Unknown),
    /// It cannot be read.
    #[error("QEMU's trace has a line that cannot be read: {0:?}")]
    Line(String),
    /// It does not end.
    #[error("QEMU's trace has a line of more than {LINE_MAX} bytes")]
    Endless,
}

/// Value of [`Register::Reservation`] without one: the address QEMU keeps then.
pub const NO_RESERVATION: u64 = u64::MAX;
/// The longest line a trace may have; QEMU's have less than 100 bytes.
const LINE_MAX: usize = 1024;
/// First word of a record.
const FIRST: &str = "NIP";
/// General registers follow their first one's name, this and a number.
const GPR: &str = "GPR";

/// A line of the record before, and where its values are.
#[derive(Debug)]
struct Line {
    text: Vec<u8>,
    values: Range<usize>,
}

/// Puts records together from a trace that comes in pieces.
///
/// Most lines of a record are the same as in the one before. Those are not read again, which is what makes this fast
/// enough in a build without optimisation too.
#[derive(Debug)]
pub struct Parser {
    cpu: &'static Cpu,
    /// Bytes of a line that has not ended.
    rest: Vec<u8>,
    /// The lines of the record at hand that have come, then those of the one before.
    lines: Vec<Line>,
    /// How many have come.
    seen: usize,
    record: Record,
    /// The registers whose names have been looked up.
    names: BTreeMap<String, Option<Register>>,
}

impl Parser {
    /// A parser for the trace of this CPU.
    #[must_use]
    pub fn new(cpu: &'static Cpu) -> Self {
        let (rest, lines, names) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { cpu, rest, lines, seen: 0, record: Record::default(), names }
    }

    /// Takes the next bytes and hands on the records that are complete. `each` says whether it wants more; once it does
    /// not, the bytes after that record are dropped.
    ///
    /// # Errors
    /// [`Malformed`] where this is not a trace.
    pub fn hear(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&Record) -> bool) -> Result<bool, Malformed> {
        // Reading from memory cannot fail.
        while bytes.read_until(b'\n', &mut self.rest).is_ok_and(|length| length > 0) {
            if self.rest.len() > LINE_MAX {
                return Err(Malformed::Endless);
            }
            if !self.rest.ends_with(b"\n") {
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            if line.starts_with(FIRST.as_bytes()) {
                if self.seen > 0 && !self.complete(each) {
                    return Ok(false);
                }
                self.seen = 0;
            }
            self.rest = self.line(line)?;
            self.rest.clear();
        }
        Ok(true)
    }

    /// The trace has ended: the record at hand, if there is one, is as complete as it will be.
    pub fn finish(mut self, each: &mut dyn FnMut(&Record) -> bool) {
        if self.seen > 0 {
            self.complete(each);
        }
    }

    /// The record at hand is complete: what is left of a longer one before goes.
    fn complete(&mut self, each: &mut dyn FnMut(&Record) -> bool) -> bool {
        self.lines.truncate(self.seen);
        self.record.values.truncate(self.lines.last().map_or(0, |line| line.values.end));
        each(&self.record)
    }

    /// Takes a line and gives back memory for another.
    fn line(&mut self, line: Vec<u8>) -> Result<Vec<u8>, Malformed> {
        let start = match self.seen.checked_sub(1).and_then(|last| self.lines.get(last)) {
            Some(last) => last.values.end,
            None => 0,
        };
        let place = self.seen;
        self.seen += 1;
        if self.lines.get(place).is_some_and(|known| known.text == line && known.values.start == start) {
            return Ok(line);
        }
        let malformed = || Malformed::Line(String::from_utf8_lossy(&line).trim_end().to_owned());
        let text = std::str::from_utf8(&line).map_err(|_| malformed())?;
        let mut values = Vec::new();
        self.words(text, &mut values)?.ok_or_else(malformed)?;
        let end = start + values.len();
        // A line that has kept its number of values is put into its place; any other moves those after it.
        let old = self.lines.get(place).map_or(start..start, |known| known.values.clone());
        if old == (start..end) {
            self.record.values.splice(old, values);
        } else {
            self.record.values.truncate(start);
            self.record.values.extend(values);
            self.lines.truncate(place);
        }
        let new = Line { text: line, values: start..end };
        match self.lines.get_mut(place) {
            Some(known) => Ok(std::mem::replace(known, new).text),
            None => {
                self.lines.push(new);
                Ok(Vec::new())
            }
        }
    }

    fn words(&mut self, line: &str, values: &mut Vec<(Register, u64)>) -> Result<Option<()>, Unknown> {
        let mut words = line.split_ascii_whitespace();
        while let Some(name) = words.next() {
            let read = match name {
                // Which CPU this is; the condition register once more, in letters.
                _ if name.starts_with("CPU#") || letters_of_cr(name) => Some(()),
                "RES" => words.next().and_then(reservation).map(|value| values.push((Register::Reservation, value))),
                // Time, which follows the host's clock; QEMU's own numbers. Not all of them are hexadecimal.
                "TB" => words.next().and(words.next()).map(|_| ()),
                "iidx" | "didx" | "DECR" => words.next().map(|_| ()),
                _ if name.starts_with(GPR) => general(name, &mut words, values),
                _ => match words.next().and_then(hexadecimal) {
                    Some(value) => {
                        values.extend(self.register(name)?.map(|register| (register, value)));
                        Some(())
                    }
                    None => None,
                },
            };
            if read.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn register(&mut self, name: &str) -> Result<Option<Register>, Unknown> {
        if let Some(known) = self.names.get(name) {
            return Ok(*known);
        }
        let register = Register::by_name(self.cpu, name)?;
        self.names.insert(name.to_owned(), register);
        Ok(register)
    }
}

/// The general registers of a line, from the one its name says.
fn general<'a>(name: &str, words: &mut impl Iterator<Item = &'a str>, values: &mut Vec<(Register, u64)>) -> Option<()> {
    let first: u8 = name.strip_prefix(GPR)?.parse().ok()?;
    for (number, value) in (first..).zip(words) {
        values.push((Register::Gpr(number), hexadecimal(value)?));
    }
    Some(())
}

/// `004@00001000`: size and address; QEMU's address without a reservation is -1.
fn reservation(word: &str) -> Option<u64> {
    let (_, address) = word.split_once('@')?;
    let none = address.bytes().all(|byte| byte == b'f');
    if none { Some(NO_RESERVATION) } else { hexadecimal(address) }
}

/// A field of CR as QEMU draws it: L, G, E and O for its bits, or the bracket that is stuck to one.
fn letters_of_cr(word: &str) -> bool {
    word.len() <= LETTERS_MAX && word.bytes().all(|byte| b"LGEO-[]".contains(&byte))
}

/// The longest such word: three letters, or two and a bracket.
const LETTERS_MAX: usize = 3;

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
NIP 00100004   LR 00000001 CTR 00000002 XER 20000000 CPU#0
MSR 00001000 HID0 00000000  HF 24000002 iidx 1 didx 1
TB 00000000 00153490 DECR 4294954534
GPR00 0000000000000000 0000000000fffff8 0000000000000000 00000000ffffffff
GPR04 0000000000000000 0000000000000000 0000000045504150 0000000004000000
CR 84000001  [ L  G  -  -  -  -  -  O  ]     RES 004@00001234
 SRR0 00000003  SRR1 00000004    PVR 80210022 VRSAVE 00000000
NIP 00100008   LR 00000001 CTR 00000002 XER 20000000 CPU#0
CR 84000001  [ L  G  -  -  -  -  -  O  ]     RES 000@ffffffff
NIP 0010000c";

    fn records(pieces: &[&[u8]]) -> Vec<Record> {
        let cpu = Cpu::by_name("e500v2").expect("a CPU of the table");
        let (mut parser, mut found) = (Parser::new(cpu), Vec::new());
        for piece in pieces {
            let heard = parser.hear(piece, &mut |record| {
                found.push(record.clone());
                true
            });
            assert_eq!(heard, Ok(true));
        }
        found
    }

    #[test]
    fn a_record_has_every_register_of_its_lines() {
        let found = records(&[TRACE.as_bytes(), b"\n"]);
        let values: Vec<_> = [
            Register::Nip,
            Register::Gpr(3),
            Register::Gpr(6),
            Register::Cr,
            Register::Msr,
            Register::Reservation,
            Register::Spr(27),
        ]
        .map(|register| found.first().and_then(|record| record.get(register)))
        .into();
        let expected = [0x0010_0004, 0xffff_ffff, 0x4550_4150, 0x8400_0001, 0x1000, 0x1234, 4];
        assert_eq!(values, expected.map(Some));
        assert_eq!(found.get(1).and_then(|record| record.get(Register::Reservation)), Some(NO_RESERVATION));
        assert_eq!(
            found.get(1).and_then(|record| record.get(Register::Msr)),
            None,
            "nothing is left of the one before"
        );
    }

    #[test]
    fn it_does_not_matter_where_the_trace_is_cut() {
        let whole = records(&[TRACE.as_bytes(), b"\n"]);
        let bytes: Vec<&[u8]> = TRACE.as_bytes().chunks(1).chain([&b"\n"[..]]).collect();
        assert_eq!(records(&bytes), whole);
    }

    #[test]
    fn the_last_record_is_there_once_the_trace_has_ended() {
        let cpu = Cpu::by_name("e500v2").expect("a CPU of the table");
        let (mut parser, mut last) = (Parser::new(cpu), None);
        assert_eq!(parser.hear(b"NIP 00100004   LR 00000001\n", &mut |_| false), Ok(true));
        parser.finish(&mut |record| {
            last = Some(record.pc());
            true
        });
        assert_eq!(last, Some(0x0010_0004));
    }

    #[test]
    fn what_is_no_trace_is_an_error() {
        let cpu = Cpu::by_name("7447").expect("a CPU of the table");
        let hear = |bytes: &[u8]| Parser::new(cpu).hear(bytes, &mut |_| true);
        assert_eq!(hear(b"qemu: fatal\n"), Err(Malformed::Line("qemu: fatal".to_owned())));
        let unknown = Unknown { name: "ESR".to_owned(), cpu: "7447" };
        assert_eq!(hear(b"ESR 00000000\n"), Err(Malformed::Register(unknown)));
        assert_eq!(hear(&[b' '; LINE_MAX + 1]), Err(Malformed::Endless));
    }

    #[test]
    fn nothing_is_read_behind_the_last_record_wanted() {
        let cpu = Cpu::by_name("7447").expect("a CPU of the table");
        let mut seen = 0;
        let heard = Parser::new(cpu).hear(TRACE.as_bytes(), &mut |_| {
            seen += 1;
            false
        });
        assert_eq!((heard, seen), (Ok(false), 1));
    }
}
