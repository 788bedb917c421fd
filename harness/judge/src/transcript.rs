//! What a target returns for a case, and the transcript read from it.
//!
//! A target returns bytes (the guest's log) and a fate; decoding them into the case's own words happens here, once for
//! every target.

use crate::case::{Case, Step};
use sprig_isa::exception::Exception;
use sprig_wire::Malformed;
use sprig_wire::host::STATUS_OK;
use sprig_wire::layout::CODE_BASE;
use sprig_wire::log::{Entries, Kind, State};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How a case ended on a target.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fate {
    /// The guest ran it to its end, or stopped in an orderly way (see the log's state).
    Ended,
    /// The target died; how it looked from outside.
    Crashed(String),
    /// The target made no progress any more; how that was noticed.
    Hung(String),
    /// The environment or the harness failed: nothing can be said about the target.
    Error(String),
}

impl Fate {
    /// How it ended out of order; none if it did not.
    #[must_use]
    pub fn how(self) -> Option<String> {
        match self {
            Self::Crashed(how) | Self::Hung(how) | Self::Error(how) => Some(how),
            Self::Ended => None,
        }
    }
}

/// What a target gives back for one case.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunResult {
    /// How it ended.
    pub fate: Fate,
    /// How far the guest's log says the case has come, as a number of [`State`].
    pub state: u16,
    /// The last step begun; none if the target died and the step is not known.
    pub last_step: Option<u32>,
    /// The log's entries.
    pub entries: Vec<u8>,
    /// Exits by step and reason, where the target counts them.
    pub exits: Option<Vec<ExitCount>>,
}

/// Exits of one step for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ExitCount {
    /// The step during which they happened; none where the target counts those of a whole case.
    pub step: Option<u32>,
    /// Why, in the hypervisor's words.
    pub reason: Cow<'static, str>,
    /// How many.
    pub count: u64,
}

/// The exception a step took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub exception: Exception,
    /// Where, in bytes from the step's first instruction; none if it happened outside the stub.
    pub offset: Option<u64>,
    /// SRR0 itself (CSRR0, MCSRR0).
    pub srr0: u64,
    /// SRR1 (CSRR1, MCSRR1).
    pub srr1: u64,
    /// ESR or DSISR.
    pub syndrome: u32,
    /// DEAR or DAR.
    pub dar: u64,
}

/// The hypervisor did not know how to go on and gave the guest up to user space, which let it go on all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// KVM_EXIT_*.
    pub reason: u32,
    /// What it says of it, `hardware_exit_reason` among it.
    pub detail: u64,
}

/// One outcome of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The exception, if it took one.
    pub taken: Option<Taken>,
    /// The observed values, in the order of the step's outputs.
    pub values: Vec<u64>,
}

/// All observations of one case on one target, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Outcomes by step; several only within a race.
    pub outcomes: BTreeMap<usize, Vec<Outcome>>,
    /// Steps with more different outcomes than the guest keeps.
    pub overflowed: Vec<usize>,
    /// By step, for what the hypervisor gave the guest up; each different reason once.
    pub given_up: BTreeMap<usize, Vec<GivenUp>>,
    /// The guest's own code took an exception: during which step, and which.
    pub stray: Option<(usize, Taken)>,
}

/// Why a log cannot be read in the words of its case: it is another case's, or of a guest that speaks another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no log at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An entry is of a step that the case does not have.
    #[error("an entry of the log is of step {found}, and the case has {steps}")]
    Step {
        /// The step's number.
        found: usize,
        /// How many the case has.
        steps: usize,
    },
    /// An entry has an interrupt that nobody knows.
    #[error("the entry of step {step} in the log has an unknown interrupt, number {found}")]
    Exception {
        /// The interrupt's number.
        found: u8,
        /// The step.
        step: usize,
    },
    /// An entry says that the hypervisor gave the guest up, and not why.
    #[error("the entry of step {step} in the log does not say why the hypervisor gave the guest up")]
    GivenUp {
        /// The step.
        step: usize,
    },
}

impl Transcript {
    /// The status of a call that was not carried out, where the script looks at nothing it answers.
    #[must_use]
    pub fn refused_unseen(&self, index: usize, step: &Step) -> Option<u64> {
        const OK: u64 = STATUS_OK as u64;
        if step.observation.is_some() || !step.is_call() {
            return None;
        }
        let outcomes = self.outcomes.get(&index)?;
        outcomes.iter().filter_map(|outcome| outcome.values.last()).copied().find(|status| *status != OK)
    }

    /// Reads a result in the words of its case.
    ///
    /// # Errors
    /// [`Unreadable`] where the log is not one of this case.
    pub fn decode(case: &Case, result: &RunResult) -> Result<Self, Unreadable> {
        let mut transcript = Self::default();
        for entry in Entries::new(&result.entries) {
            let entry = entry?;
            let mut index = usize::from(entry.step);
            // Behind its last step the guest says that the case is over. What becomes of it there, such as a debugger's stop that
            // nobody asked for, is told with that step.
            if matches!(entry.kind, Kind::GivenUp | Kind::Stray) && index == case.steps.len() {
                index = index.saturating_sub(1);
            }
            let step = case.steps.get(index).ok_or(Unreadable::Step { found: index, steps: case.steps.len() })?;
            let taken = entry.interrupt.map(|interrupt| {
                let exception = Exception::from_number(interrupt.exception)
                    .ok_or(Unreadable::Exception { found: interrupt.exception, step: index })?;
                let offset = step.stub.and_then(|(offset, words)| {
                    let start = u64::from(CODE_BASE) + u64::from(offset);
                    // The word after the stub's own is its final branch: a system call reports its address.
                    let end = start + 4 * u64::from(words);
                    (start..=end).contains(&interrupt.srr0).then(|| interrupt.srr0 - start)
                });
                Ok::<_, Unreadable>(Taken {
                    exception,
                    offset,
                    srr0: interrupt.srr0,
                    srr1: interrupt.srr1,
                    syndrome: interrupt.syndrome,
                    dar: interrupt.dar,
                })
            });
            let taken = taken.transpose()?;
            match entry.kind {
                Kind::Overflow => transcript.overflowed.push(index),
                Kind::GivenUp => {
                    let mut values = entry.values();
                    let unreadable = Unreadable::GivenUp { step: index };
                    let (Some(reason), Some(detail)) = (values.next(), values.next()) else { return Err(unreadable) };
                    let reason = u32::try_from(reason).map_err(|_| unreadable)?;
                    transcript.given_up.entry(index).or_default().push(GivenUp { reason, detail });
                }
                Kind::Stray => transcript.stray = taken.map(|taken| (index, taken)),
                Kind::Completed | Kind::Exception => {
                    let outcome = Outcome { taken, values: entry.values().collect() };
                    transcript.outcomes.entry(index).or_default().push(outcome);
                }
            }
        }
        Ok(transcript)
    }
}

impl RunResult {
    /// How far the case has come, if the number means anything.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        State::from_number(self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{alias, alias_transcript, result, trapped};
    use sprig_wire::log;

    /// Where the exception of step 0 happened by its SRR0, in bytes from the beginning of its stub, which is one of two
    /// words.
    fn offset(from_stub: i64) -> Option<u64> {
        let mut case = alias();
        case.steps[0].stub = Some((8, 2));
        let mut transcript = Transcript::default();
        transcript.outcomes.insert(0, vec![trapped(Exception::Program)]);
        let mut bytes = result(&case, &transcript);
        // The stub's own address is the first 4-byte number of the entry, after step, kind, count, exception and ESR.
        let at = bytes.entries.windows(4).position(|word| word == (CODE_BASE + 8).to_be_bytes()).expect("SRR0");
        let srr0 = u32::try_from(i64::from(CODE_BASE) + 8 + from_stub).expect("an address");
        bytes.entries[at..at + 4].copy_from_slice(&srr0.to_be_bytes());
        Transcript::decode(&case, &bytes).expect("whole").outcomes[&0][0].taken.expect("an exception").offset
    }

    #[test]
    fn an_exception_in_the_stub_or_right_behind_it_has_a_place_there() {
        let rows = [(-4, None), (0, Some(0)), (4, Some(4)), (8, Some(8)), (12, None)];
        for (from_stub, expected) in rows {
            assert_eq!(offset(from_stub), expected, "{from_stub}");
        }
    }

    #[test]
    fn a_log_of_another_case_is_malformed() {
        let case = alias();
        let mut other = alias();
        other.steps.truncate(3);
        let whole = result(&case, &alias_transcript(1, 2));
        assert!(Transcript::decode(&case, &whole).is_ok_and(|transcript| transcript.outcomes.len() == 2));
        let error = Transcript::decode(&other, &whole).expect_err("of another case");
        assert_eq!(error, Unreadable::Step { found: 4, steps: 3 });
        assert_eq!(error.to_string(), "an entry of the log is of step 4, and the case has 3");
    }

    #[test]
    fn what_becomes_of_a_guest_behind_the_last_step_is_of_that_step() {
        let case = alias();
        let end = case.steps.len();
        let decoded = |step: usize, kind| {
            let mut result = result(&case, &alias_transcript(1, 2));
            let step = u16::try_from(step).expect("a number of a step");
            result.entries.extend(log::encode(step, kind, None, &[4, 0]));
            Transcript::decode(&case, &result)
        };
        let given_up = decoded(end, Kind::GivenUp).expect("of the last step").given_up;
        assert_eq!(given_up[&(end - 1)], [GivenUp { reason: 4, detail: 0 }]);
        assert_eq!(decoded(end + 1, Kind::GivenUp).err(), Some(Unreadable::Step { found: end + 1, steps: end }));
        assert_eq!(decoded(end, Kind::Completed).err(), Some(Unreadable::Step { found: end, steps: end }));
    }

    #[test]
    fn a_fate_out_of_order_says_how() {
        let how = || "it died".to_owned();
        assert_eq!(
            [Fate::Crashed(how()), Fate::Hung(how()), Fate::Error(how())].map(Fate::how),
            [(); 3].map(|()| Some(how()))
        );
        assert_eq!(Fate::Ended.how(), None);
    }
}
