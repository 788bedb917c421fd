//! The receiver: frames in the only order a guest may send them.
//!
//! ```text
//!   (text) B  { C  { S }  ( { L } E | K ) }  D          S: loud mode only
//!               '-- of each case of the batch, in order
//! ```
//!
//! What a case has logged comes in frames (L), or its last frame says where in the guest's memory it is kept (K).
//!
//! A host that gives each case a machine of its own speaks for its guests. Before the end of a case it may say how
//! often the guest left for which reason (X) and that the machine came to an end of its own (F); at any time, that
//! nothing can be run (U), and that the next frames are in its memory (M).
//!
//! A case may reset the machine; the guest then goes on where it was, in the same sequence. After a case in which the
//! guest's own code took an exception nothing follows, unless each case has a machine: that guest cannot be trusted
//! with another case.
//!
//! Everything else is a [`Fault`]: most are the line's or the harness's and end as errors; a guest that starts over or
//! gives up is the target's.

use super::aside::Pages;
use super::fault::{Fault, what};
use super::lines::{Lines, Tail};
use crate::transcript::{ExitCount, Fate, RunResult};
use sprig_isa::cpu::Cpu;
use sprig_wire::CRC;
use sprig_wire::frame::{self, PAYLOAD, Record};
use sprig_wire::layout::{KEPT_BASE, KEPT_SIZE, LOG_SIZE};
use sprig_wire::log::{self, Header, State};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// What the receiver must hear to believe that this is the right guest.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The CPU the target is named after.
    pub cpu: &'static Cpu,
    /// Cases in the batch.
    pub cases: u32,
    /// Every step is reported.
    pub loud: bool,
    /// A host speaks, which gives each case a machine of its own.
    pub hosted: bool,
}

impl Expected {
    /// The same, of a host that gives each case a machine of its own.
    #[must_use]
    pub const fn by_host(mut self) -> Self {
        self.hosted = true;
        self
    }
}

/// What some bytes brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// A step of progress.
    pub progress: bool,
    /// The guest has nothing more to say: it has run its batch, or cannot run the rest of it.
    pub done: bool,
}

/// The case that is running.
#[derive(Debug, Default)]
struct Running {
    step: Option<u32>,
    entries: Vec<u8>,
    /// The case's machine came to an end of its own.
    fate: Option<Fate>,
    exits: Vec<ExitCount>,
}

/// Listens to one session.
#[derive(Debug)]
pub struct Receiver {
    expected: Expected,
    /// The machine's memory: a physical address is an offset in the file.
    memory: Option<File>,
    /// Where in it a host puts frames aside.
    aside: Pages,
    /// They are being heard.
    is_aside: bool,
    lines: Lines,
    text: Tail,
    sequence: u16,
    booted: bool,
    /// Number of the case that runs or is due.
    case: u32,
    running: Option<Running>,
    done: bool,
    silent: u64,
}

impl Receiver {
    /// A receiver for a session that has not begun, with the guest's memory where that can be read.
    #[must_use]
    pub fn new(expected: Expected, memory: Option<File>) -> Self {
        Self {
            expected,
            memory,
            aside: Pages::default(),
            is_aside: false,
            lines: Lines::default(),
            text: Tail::default(),
            sequence: 0,
            booted: false,
            case: 0,
            running: None,
            done: false,
            silent: 0,
        }
    }

    /// Takes bytes from the console; each case that ends goes to `ended`, in the order of the batch.
    ///
    /// # Errors
    /// [`Fault`]: the session cannot go on.
    pub fn hear(&mut self, bytes: &[u8], ended: &mut dyn FnMut(RunResult)) -> Result<Heard, Fault> {
        let mut heard = Heard { progress: false, done: self.done };
        let mut rest = bytes;
        while !rest.is_empty() && !self.done {
            let before = rest.len();
            let (after, complete) = self.lines.take(rest);
            rest = after;
            self.silent += (before - rest.len()) as u64;
            if complete {
                let line = self.lines.finish();
                heard.progress |= self.line(&line, ended)?;
            }
        }
        heard.done = self.done;
        Ok(heard)
    }

    /// Goes on behind a fault of the line if a later case begins with this one: where each case has a machine of its
    /// own, nothing of it depends on what was lost. The number of that case.
    pub fn resume(&mut self, line: &[u8]) -> Option<u32> {
        let mut payload = [0; PAYLOAD];
        let Ok((sequence, Record::Case { case })) = frame::decode(line.trim_ascii_end(), &mut payload) else {
            return None;
        };
        let due = self.case + u32::from(self.running.is_some());
        if !(self.expected.hosted && self.booted && (due..self.expected.cases).contains(&case)) {
            return None;
        }
        self.lines = Lines::default();
        (self.sequence, self.case, self.running) = (sequence, case, None);
        Some(case)
    }

    /// The end of the stream: what is left without a newline is text.
    pub fn end(&mut self) {
        let rest = self.lines.finish();
        self.text.push(&rest);
    }

    /// The last lines that were no frames.
    #[must_use]
    pub const fn text(&self) -> &Tail {
        &self.text
    }

    /// True once the guest has said its first word.
    #[must_use]
    pub const fn has_booted(&self) -> bool {
        self.booted
    }

    /// Bytes heard since a case began or ended.
    #[must_use]
    pub const fn silent(&self) -> u64 {
        self.silent
    }

    /// What is known of the case that was running, with the fate that ended it; none between cases.
    #[must_use]
    pub fn interrupted(&self, fate: &Fate) -> Option<RunResult> {
        self.running.as_ref().map(|running| RunResult {
            // A host that ends the session after a guest's fate does so because of that.
            fate: running.fate.as_ref().unwrap_or(fate).clone(),
            state: State::Running as u16,
            last_step: running.step,
            entries: Vec::new(),
            exits: None,
        })
    }

    /// Takes one line; true if it was a step of progress.
    fn line(&mut self, line: &[u8], ended: &mut dyn FnMut(RunResult)) -> Result<bool, Fault> {
        if line.first() != Some(&b'#') {
            self.text.push(line);
            return Ok(false);
        }
        let mut payload = [0; PAYLOAD];
        let (sequence, record) = match frame::decode(line, &mut payload) {
            Ok(decoded) => decoded,
            // A firmware may begin a line with '#' too; once the guest speaks, nobody else does.
            Err(_) if !self.booted => {
                self.text.push(line);
                return Ok(false);
            }
            Err(reason) => {
                return Err(Fault::Garbled { reason, line: String::from_utf8_lossy(line).into_owned() });
            }
        };
        // Whatever came before: it may be the last word of a host that has lost its place.
        if let (Record::Unfit(why), true) = (record, self.expected.hosted) {
            return Err(Fault::Unfit(String::from_utf8_lossy(why).into_owned()));
        }
        if sequence == 0 && self.sequence != 0 && matches!(record, Record::Boot { .. }) {
            return Err(Fault::Restarted);
        }
        if sequence != self.sequence {
            return Err(Fault::Gap { expected: self.sequence, found: sequence });
        }
        if let (Record::Aside { offset, length, checksum }, true) = (record, self.expected.hosted && !self.is_aside) {
            return self.aside(offset, length, checksum, ended);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.record(&record, ended)?;
        if !matches!(record, Record::Step { .. } | Record::Log { .. }) {
            self.silent = 0;
        }
        Ok(true)
    }

    fn record(&mut self, record: &Record<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Fault> {
        match (*record, self.running.as_mut()) {
            (Record::Panic(text), _) => Err(Fault::Panic(String::from_utf8_lossy(text).into_owned())),
            (Record::Boot { version, pvr, cases }, None) if !self.booted => {
                self.booted = true;
                self.boot(version, pvr, cases)
            }
            (Record::Case { case }, None) if self.booted && case == self.case && case < self.expected.cases => {
                self.running = Some(Running::default());
                Ok(())
            }
            (Record::Step { case, step }, Some(running))
                if case == self.case && (self.expected.loud || self.expected.hosted) =>
            {
                running.step = Some(step);
                Ok(())
            }
            (Record::Log { case, offset, bytes }, Some(running))
                if case == self.case
                    && usize::try_from(offset) == Ok(running.entries.len())
                    && running.entries.len() + bytes.len() <= LOG_SIZE as usize =>
            {
                running.entries.extend(bytes);
                Ok(())
            }
            (Record::Exits { case, count, reason }, Some(running)) if case == self.case && self.expected.hosted => {
                let reason = String::from_utf8_lossy(reason).into_owned();
                running.exits.push(ExitCount { step: None, reason: reason.into(), count });
                Ok(())
            }
            (Record::Fate { case, hung, how }, Some(running)) if case == self.case && self.expected.hosted => {
                let how = String::from_utf8_lossy(how).into_owned();
                running.fate = Some(if hung { Fate::Hung(how) } else { Fate::Crashed(how) });
                Ok(())
            }
            (Record::End { case, state, step, length, checksum }, Some(running)) if case == self.case => {
                let running = std::mem::take(running);
                self.end_case(running, &Header { state, case, step, length }, checksum, ended)
            }
            (Record::Kept { case, state, step, offset, length, checksum }, Some(running))
                if case == self.case && running.entries.is_empty() && is_kept(offset, length) =>
            {
                let mut running = std::mem::take(running);
                running.entries = self.kept(offset, length)?;
                self.end_case(running, &Header { state, case, step, length }, checksum, ended)
            }
            (Record::Done, None) if self.booted && self.case == self.expected.cases => {
                self.done = true;
                Ok(())
            }
            (record, _) => Err(Fault::Order { found: what(&record), place: self.place() }),
        }
    }

    /// Hears what a host has put aside; true if there was a step of progress in it.
    fn aside(
        &mut self,
        offset: u32,
        length: u32,
        checksum: u32,
        ended: &mut dyn FnMut(RunResult),
    ) -> Result<bool, Fault> {
        let Some(memory) = &self.memory else { return Err(Fault::Memory("it is not shared".to_owned())) };
        let frames = self.aside.read(memory, offset, length).map_err(|error| Fault::Memory(error.to_string()))?;
        if CRC.checksum(&frames) != checksum {
            return Err(Fault::Memory("it does not hold what the host has put aside".to_owned()));
        }
        self.is_aside = true;
        let heard = self.hear(&frames, ended);
        self.is_aside = false;
        heard.map(|heard| heard.progress)
    }

    /// Reads what the guest has kept.
    fn kept(&self, offset: u32, length: u32) -> Result<Vec<u8>, Fault> {
        let Some(memory) = &self.memory else { return Err(Fault::Memory("it is not shared".to_owned())) };
        let mut entries = vec![0; length as usize];
        memory
            .read_exact_at(&mut entries, u64::from(KEPT_BASE + offset))
            .map_err(|error| Fault::Memory(error.to_string()))?;
        Ok(entries)
    }

    /// The running case has ended as the header says.
    fn end_case(
        &mut self,
        running: Running,
        header: &Header,
        checksum: u32,
        ended: &mut dyn FnMut(RunResult),
    ) -> Result<(), Fault> {
        let Running { entries, fate, exits, .. } = running;
        let checksum = CRC.checksum(&entries) == checksum;
        if usize::try_from(header.length) != Ok(entries.len()) || !checksum {
            return Err(Fault::Log { received: entries.len(), sent: header.length, checksum });
        }
        self.running = None;
        self.case += 1;
        self.done = header.state == State::Stray && !self.expected.hosted;
        let (fate, state) = (fate.unwrap_or(Fate::Ended), header.state as u16);
        let exits = self.expected.hosted.then_some(exits);
        ended(RunResult { fate, state, last_step: log::begun(header.step), entries, exits });
        Ok(())
    }

    fn boot(&self, version: u16, pvr: u32, cases: u32) -> Result<(), Fault> {
        if !frame::is_our_version(version) {
            return Err(Fault::Version(version));
        }
        if pvr >> 16 != u32::from(self.expected.cpu.pvr_version) {
            return Err(Fault::Cpu { found: pvr, expected: self.expected.cpu.name });
        }
        if cases != self.expected.cases {
            return Err(Fault::Cases { found: cases, expected: self.expected.cases });
        }
        Ok(())
    }

    fn place(&self) -> &'static str {
        match (self.booted, &self.running) {
            (false, _) => "it has not said that it is up",
            (true, None) => "no case is running",
            (true, Some(_)) => "a case is running",
        }
    }
}

/// True if this lies where a guest keeps logs.
fn is_kept(offset: u32, length: u32) -> bool {
    offset.checked_add(length).is_some_and(|end| end <= KEPT_SIZE)
}

/// The reason of a guest that gave up, in a console that otherwise need not follow the rules.
#[must_use]
pub fn find_panic(console: &[u8]) -> Option<String> {
    console.split(|byte| *byte == b'\n').find_map(|line| match frame::decode(line, &mut [0; PAYLOAD]) {
        Ok((_, Record::Panic(text))) => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    })
}
