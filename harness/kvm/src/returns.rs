//! Unexpected returns of KVM_RUN, as observations of the step that caused them.
//!
//! The hypervisor gives the guest up (an instruction it cannot emulate); the VM is entered again and the guest goes on.
//! What was noted is put into the guest's log when the case has ended, at the place the log had reached: the guest's
//! memory is not touched.
//!
//! ```text
//!   log:      [ entry ][ entry ]          [ entry ]
//!   noted:                       ^ GivenUp at this offset
//!   sent:     [ entry ][ entry ][ GivenUp ][ entry ]
//! ```

use crate::exit::Unexpected;
use sprig_wire::log::{Kind, Width};

/// Most different returns of one case: more than two for each of 1024 special registers.
pub const MOST: usize = 4096;

/// One return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Return {
    /// Bytes of entries in the log when it happened.
    at: u32,
    step: u16,
    what: Unexpected,
}

/// The returns of one case: each different one of a step once, as in a race.
#[derive(Debug)]
pub struct Returns {
    noted: [Return; MOST],
    count: usize,
}

/// There were more than are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Returns {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { noted: [Return { at: 0, step: 0, what: Unexpected { reason: 0, detail: 0 } }; MOST], count: 0 }
    }

    /// Forgets all of them.
    pub const fn clear(&mut self) {
        self.count = 0;
    }

    fn all(&self) -> &[Return] {
        self.noted.get(..self.count).unwrap_or(&self.noted)
    }

    /// Notes a return during a step, when the log had so many bytes of entries.
    ///
    /// # Errors
    /// [`TooMany`]: it is not kept.
    pub fn note(&mut self, step: u16, at: u32, what: Unexpected) -> Result<(), TooMany> {
        if self.all().iter().any(|known| (known.step, known.what) == (step, what)) {
            return Ok(());
        }
        *self.noted.get_mut(self.count).ok_or(TooMany)? = Return { at, step, what };
        self.count += 1;
        Ok(())
    }

    /// The entries of a log with those of the returns among them, in pieces.
    pub fn merge(&self, entries: &[u8], mut each: impl FnMut(&[u8])) {
        let mut sent = 0;
        // Noted in the order in which the log grew.
        for noted in self.all() {
            let at = (noted.at as usize).clamp(sent, entries.len());
            each(entries.get(sent..at).unwrap_or(&[]));
            sent = at;
            noted.encode(&mut each);
        }
        each(entries.get(sent..).unwrap_or(&[]));
    }
}

impl Default for Returns {
    fn default() -> Self {
        Self::new()
    }
}

impl Return {
    /// The entry, in pieces.
    fn encode(self, each: &mut impl FnMut(&[u8])) {
        let [high, low] = self.step.to_be_bytes();
        let Unexpected { reason, detail } = self.what;
        let width = Width::of(detail);
        each(&[high, low, width.with_kind(Kind::GivenUp), 2]);
        match width {
            Width::Narrow => [reason, detail as u32].iter().for_each(|value| each(&value.to_be_bytes())),
            Width::Wide => [reason.into(), detail].iter().for_each(|value: &u64| each(&value.to_be_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprig_wire::log::Entries;
    use std::vec::Vec;

    const WHAT: Unexpected = Unexpected { reason: 0, detail: 0xffff_ffff_0000_0001 };

    fn entry(step: u8) -> Vec<u8> {
        Vec::from([0, step, Kind::Completed as u8, 0])
    }

    fn merged(returns: &Returns, entries: &[u8]) -> Vec<(u16, Kind, Vec<u64>)> {
        let mut bytes = Vec::new();
        returns.merge(entries, |piece| bytes.extend(piece));
        let read = Entries::new(&bytes).map(|entry| entry.expect("well formed"));
        read.map(|entry| (entry.step, entry.kind, entry.values().collect())).collect()
    }

    #[test]
    fn a_return_stands_before_the_entry_of_its_step() {
        let mut returns = Returns::new();
        let entries = [entry(1), entry(2)].concat();
        assert_eq!(returns.note(2, 4, WHAT), Ok(()));
        let expected = [
            (1, Kind::Completed, Vec::new()),
            (2, Kind::GivenUp, Vec::from([0, 0xffff_ffff_0000_0001])),
            (2, Kind::Completed, Vec::new()),
        ];
        assert_eq!(merged(&returns, &entries), expected);
        returns.clear();
        assert_eq!(merged(&returns, &entries).len(), 2);
    }

    #[test]
    fn a_step_that_is_given_up_again_and_again_is_noted_once() {
        let mut returns = Returns::new();
        let other = Unexpected { detail: 1, ..WHAT };
        for _ in 0..MOST + 1 {
            assert_eq!((returns.note(0, 0, WHAT), returns.note(0, 0, other)), (Ok(()), Ok(())));
        }
        assert_eq!(merged(&returns, &[]).len(), 2);
    }

    #[test]
    fn a_log_that_is_shorter_than_it_was_is_sent_whole() {
        let mut returns = Returns::new();
        assert_eq!(returns.note(0, 4000, WHAT), Ok(()));
        let kinds: Vec<Kind> = merged(&returns, &entry(1)).into_iter().map(|(_, kind, _)| kind).collect();
        assert_eq!(kinds, [Kind::Completed, Kind::GivenUp]);
    }

    #[test]
    fn more_than_are_kept_is_said() {
        let mut returns = Returns::new();
        for step in 0..MOST as u16 {
            assert_eq!(returns.note(step, 0, WHAT), Ok(()));
        }
        assert_eq!(returns.note(MOST as u16, 0, WHAT), Err(TooMany));
    }
}
