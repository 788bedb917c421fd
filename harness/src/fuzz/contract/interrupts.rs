//! Asynchronous interrupts: what wants to interrupt the guest, whether it is let, and whether it has.
//!
//! ```text
//!   line raised, decrementer run out --pending--> enabled by MSR[EE] or [CE] --> taken, and its source silenced by the guest
//! ```
//!
//! Where nobody can tell without a clock, the answer is `Maybe`; once a `Maybe` was asked about, it stays one until its
//! source is set up again.

use sprig_isa::exception::Exception;

/// An answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    #[default]
    No,
    Maybe,
    Yes,
}

/// Something that interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source {
    pub(super) pending: Answer,
    taken: Answer,
    /// If it is not pending, it has been taken since it was set up.
    due: bool,
    doubtful: bool,
    /// It was problem state alone that let in what has not been asked about: it enables interrupts whatever the
    /// kernel's MSR has.
    pub(super) by_problem_state: bool,
}

impl Source {
    /// It wants to interrupt from now on, or may, or does not any more.
    pub(super) fn wants(&mut self, pending: Answer) {
        self.pending = pending;
        self.due = pending == Answer::Yes;
        self.doubtful &= pending == Answer::Maybe;
    }

    /// What may be pending has had the time it needs.
    pub(super) fn expire(&mut self) {
        if self.pending == Answer::Maybe && !self.doubtful {
            self.due = true;
            if self.taken == Answer::No {
                self.pending = Answer::Yes;
            }
        }
    }

    /// No longer known.
    pub(super) fn doubt(&mut self) {
        *self = Self { pending: Answer::Maybe, taken: Answer::Maybe, due: false, doubtful: true, ..*self };
    }

    /// It may interrupt now, for sure or perhaps. True if it may have done so.
    pub(super) fn let_in(&mut self, enabled: Answer) -> bool {
        if self.pending == Answer::No || enabled == Answer::No {
            return false;
        }
        match enabled {
            _ if self.taken == Answer::Yes => self.doubt(),
            Answer::Yes if self.due => {
                *self = Self { pending: Answer::No, taken: Answer::Yes, due: false, doubtful: false, ..*self };
            }
            _ => (self.pending, self.taken) = (Answer::Maybe, Answer::Maybe),
        }
        true
    }

    /// Whether it has interrupted since it was last asked about.
    pub(super) fn taken_answer(&self) -> Answer {
        self.taken
    }

    /// The guest asks whether it has.
    pub(super) fn ask(&mut self) -> Answer {
        let answer = std::mem::take(&mut self.taken);
        self.by_problem_state = false;
        if answer == Answer::Maybe {
            self.doubt();
        }
        answer
    }
}

/// The exceptions that scripts ask about.
pub(in super::super) const ASKED: [Exception; 3] =
    [Exception::External, Exception::Decrementer, Exception::CriticalInput];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_once_when_it_is_let_in() {
        let mut line = Source::default();
        line.wants(Answer::Yes);
        assert!(!line.let_in(Answer::No));
        assert_eq!(line.ask(), Answer::No);
        assert!(line.let_in(Answer::Yes));
        assert_eq!((line.ask(), line.ask()), (Answer::Yes, Answer::No));
        assert!(!line.let_in(Answer::Yes), "it has been silenced");
    }

    #[test]
    fn what_may_have_been_taken_stays_in_doubt_once_asked_about() {
        let mut decrementer = Source::default();
        decrementer.wants(Answer::Maybe);
        assert!(decrementer.let_in(Answer::Yes));
        assert_eq!(decrementer.ask(), Answer::Maybe);
        decrementer.expire();
        decrementer.let_in(Answer::Yes);
        assert_eq!(decrementer.ask(), Answer::Maybe);
    }

    #[test]
    fn what_runs_out_while_it_is_let_in_has_been_taken() {
        let mut decrementer = Source::default();
        decrementer.wants(Answer::Maybe);
        decrementer.let_in(Answer::Yes);
        decrementer.expire();
        decrementer.let_in(Answer::Yes);
        assert_eq!(decrementer.ask(), Answer::Yes);
    }
}
