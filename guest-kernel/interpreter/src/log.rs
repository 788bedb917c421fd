//! Writing the log: plain stores to memory that has been touched before.

use sprig_wire::log::{
    AT_BEGUN, AT_CASE, AT_INDEX, AT_KEPT, AT_LENGTH, AT_RESUME, AT_SEQUENCE, AT_STATE, AT_STEP, AT_VERSION, ENTRIES,
    ENTRY_HEADER, Entries, Interrupt, Kind, MAGIC, NO_STEP, RACE_OUTCOMES, State, Width,
};

/// A value, as a narrow entry has it.
pub(crate) type Word = [u8; 4];

/// The log does not hold another entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// An entry that is being written after the log.
pub(crate) struct Draft {
    /// Where it begins.
    start: usize,
    /// Where it goes on.
    at: usize,
    width: Width,
    /// Values so far.
    values: u32,
}

/// The log of the running case.
pub(crate) struct Log<'a> {
    memory: &'a mut [u8],
    /// Where the running race began to log.
    race: Option<usize>,
    /// It stays in memory and is not sent.
    pub(crate) is_silent: bool,
    /// Where the entries of cases that have ended are kept, if that is asked for.
    pub(crate) kept: Option<&'a mut [u8]>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, race: None, is_silent: false, kept: None }
    }

    /// The header's 32-bit field at this offset.
    pub(crate) fn field(&self, at: u32) -> u32 {
        let mut bytes = [0; 4];
        if let Some(field) = self.memory.get(at as usize..at as usize + 4) {
            bytes.copy_from_slice(field);
        }
        u32::from_be_bytes(bytes)
    }

    pub(crate) fn set_field(&mut self, at: u32, value: u32) {
        self.store(at as usize, &value.to_be_bytes());
    }

    fn store(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.memory.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// True if the guest was reset by the case that is running, and has to go on with it.
    pub(crate) fn is_resetting(&self) -> bool {
        let state = self.field(AT_STATE & !3) & 0xffff;
        self.field(0) == MAGIC && state == State::Resetting as u32
    }

    /// Starts the log of a case.
    pub(crate) fn begin(&mut self, case: u32, index: u32) {
        self.store(0, &MAGIC.to_be_bytes());
        self.store(AT_VERSION as usize, &sprig_wire::VERSION.to_be_bytes());
        self.set_field(AT_CASE, case);
        self.set_field(AT_STEP, NO_STEP);
        self.set_field(AT_INDEX, index);
        for at in [AT_LENGTH, AT_RESUME, AT_BEGUN] {
            self.set_field(at, 0);
        }
        self.set_state(State::Running);
        self.race = None;
    }

    /// Tells which step begins now, before it does.
    pub(crate) fn begin_step(&mut self, step: u32) {
        self.set_field(AT_STEP, step);
        self.set_field(AT_BEGUN, self.field(AT_BEGUN).wrapping_add(1));
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.store(AT_STATE as usize, &(state as u16).to_be_bytes());
    }

    /// The next frame's sequence number.
    pub(crate) fn next_sequence(&mut self) -> u16 {
        let sequence = self.field(AT_SEQUENCE);
        self.set_field(AT_SEQUENCE, sequence.wrapping_add(1));
        sequence as u16
    }

    pub(crate) fn start_session(&mut self) {
        self.set_field(AT_SEQUENCE, 0);
        self.set_field(AT_KEPT, 0);
    }

    /// Bytes that are filled, the header among them.
    pub(crate) fn filled(&self) -> usize {
        ENTRIES as usize + self.length()
    }

    /// All of it.
    pub(crate) fn memory(&mut self) -> &mut [u8] {
        self.memory
    }

    fn length(&self) -> usize {
        self.field(AT_LENGTH) as usize
    }

    /// The bytes of the entries.
    pub(crate) fn entries(&self) -> &[u8] {
        self.tail(0)
    }

    fn tail(&self, from: usize) -> &[u8] {
        let start = ENTRIES as usize;
        self.memory.get(start + from..start + self.length()).unwrap_or(&[])
    }

    /// Keeps the entries where later cases leave them alone, and says where; none if that is not asked for or there is
    /// no room.
    pub(crate) fn keep(&mut self) -> Option<u32> {
        let (offset, length) = (self.field(AT_KEPT), self.field(AT_LENGTH));
        let entries = self.memory.get(ENTRIES as usize..)?.get(..length as usize)?;
        let room = self.kept.as_deref_mut()?.get_mut(offset as usize..)?.get_mut(..length as usize)?;
        room.copy_from_slice(entries);
        self.set_field(AT_KEPT, offset + length);
        Some(offset)
    }

    pub(crate) fn begin_race(&mut self) {
        self.race = Some(self.length());
    }

    pub(crate) fn end_race(&mut self) {
        self.race = None;
    }

    /// Begins an entry, which is part of the log when it is added. `values` has the bits of all values that it will
    /// have.
    #[inline(always)]
    pub(crate) fn draft(&mut self, interrupt: Option<&Interrupt>, values: u64) -> Result<Draft, Full> {
        let start = ENTRIES as usize + self.length();
        let mut draft = Draft { start, at: start + ENTRY_HEADER, width: Width::of(values), values: 0 };
        if let Some(interrupt) = interrupt {
            self.put_interrupt(&mut draft, interrupt, values)?;
        }
        Ok(draft)
    }

    /// Begins an entry of a CPU whose registers are words, and the room for so many values.
    #[inline(always)]
    pub(crate) fn draft_of_words(
        &mut self,
        interrupt: Option<&Interrupt>,
        values: usize,
    ) -> Result<(Draft, &mut [Word]), Full> {
        let mut draft = self.draft(interrupt, 0)?;
        let start = draft.at;
        draft.at += values * size_of::<Word>();
        draft.values = values as u32;
        let room = self.memory.get_mut(start..draft.at).ok_or(Full)?;
        Ok((draft, room.as_chunks_mut().0))
    }

    #[inline(always)]
    fn put_interrupt(&mut self, draft: &mut Draft, interrupt: &Interrupt, values: u64) -> Result<(), Full> {
        let Interrupt { exception, syndrome, srr0, srr1, dar } = *interrupt;
        draft.width = Width::of(values | srr0 | srr1 | dar);
        let exception = [exception, 0, 0, 0];
        match draft.width {
            Width::Narrow => {
                let [syndrome, srr0, srr1, dar] =
                    [syndrome, srr0 as u32, srr1 as u32, dar as u32].map(u32::to_be_bytes);
                self.write_all(&mut draft.at, [exception, syndrome, srr0, srr1, dar])
            }
            Width::Wide => {
                self.write(&mut draft.at, exception)?;
                [syndrome.into(), srr0, srr1, dar].into_iter().try_for_each(|number| self.put(draft, number))
            }
        }
    }

    /// Adds a value to a draft.
    #[inline(always)]
    pub(crate) fn put_value(&mut self, draft: &mut Draft, value: u64) -> Result<(), Full> {
        draft.values += 1;
        self.put(draft, value)
    }

    #[inline(always)]
    fn put(&mut self, draft: &mut Draft, number: u64) -> Result<(), Full> {
        match draft.width {
            Width::Narrow => self.write(&mut draft.at, (number as u32).to_be_bytes()),
            Width::Wide => self.write(&mut draft.at, number.to_be_bytes()),
        }
    }

    /// Adds an entry; in a race only if the step has not logged the same before.
    #[inline(always)]
    pub(crate) fn add(&mut self, Draft { start, at, width, values }: Draft, step: u16, kind: Kind) -> Result<(), Full> {
        let [high, low] = step.to_be_bytes();
        let values = u8::try_from(values).map_err(|_| Full)?;
        self.write(&mut start.clone(), [high, low, width.with_kind(kind), values])?;
        match self.race {
            None => self.commit(at),
            Some(race) => self.add_in_race(race, start, at, step),
        }
    }

    fn add_in_race(&mut self, race: usize, start: usize, at: usize, step: u16) -> Result<(), Full> {
        let (same, outcomes) = self.compare(race, step, start, at);
        if same {
            Ok(())
        } else if outcomes >= RACE_OUTCOMES {
            // What was written is not part of the log until its length says so.
            self.overflow(race, step, start)
        } else {
            self.commit(at)
        }
    }

    /// Notes once that a step has more outcomes than are kept.
    fn overflow(&mut self, race: usize, step: u16, start: usize) -> Result<(), Full> {
        let mut at = start;
        let [high, low] = step.to_be_bytes();
        self.write(&mut at, [high, low, Kind::Overflow as u8, 0])?;
        if self.compare(race, step, start, at).0 { Ok(()) } else { self.commit(at) }
    }

    fn commit(&mut self, end: usize) -> Result<(), Full> {
        let length = u32::try_from(end - ENTRIES as usize).map_err(|_| Full)?;
        self.set_field(AT_LENGTH, length);
        Ok(())
    }

    /// Several words with one look at the room.
    #[inline(always)]
    fn write_all<const WORDS: usize>(&mut self, at: &mut usize, words: [[u8; 4]; WORDS]) -> Result<(), Full> {
        let room = self.memory.get_mut(*at..).ok_or(Full)?.as_chunks_mut().0;
        *room.first_chunk_mut().ok_or(Full)? = words;
        *at += size_of_val(&words);
        Ok(())
    }

    #[inline(always)]
    fn write<const BYTES: usize>(&mut self, at: &mut usize, bytes: [u8; BYTES]) -> Result<(), Full> {
        *self.memory.get_mut(*at..).and_then(<[u8]>::first_chunk_mut).ok_or(Full)? = bytes;
        *at += BYTES;
        Ok(())
    }

    /// Whether an entry equal to the bytes from `start` to `end` stands in the race's part of the log, and how many the
    /// step has there.
    fn compare(&self, race: usize, step: u16, start: usize, end: usize) -> (bool, usize) {
        let candidate = self.memory.get(start..end).unwrap_or(&[]);
        let mut rest = self.tail(race);
        let (mut same, mut outcomes) = (false, 0);
        while let Some(length) = entry_length(rest) {
            let (entry, behind) = rest.split_at(length);
            same |= entry == candidate;
            outcomes += usize::from(entry.get(..2) == Some(&step.to_be_bytes()[..]));
            rest = behind;
        }
        (same, outcomes)
    }
}

/// Length of the entry these bytes begin with, none at their end.
fn entry_length(bytes: &[u8]) -> Option<usize> {
    Some(Entries::new(bytes).next()?.ok()?.size)
}
