//! What operations cost on a target: exits of each kind, and time in units of a plain instruction.
//!
//! ```text
//!   plain = time of a loop of loads, sums, rotations and stores / (rounds x 14)
//!   cost  = (time of a loop of the operation / rounds - 2 x plain) / 12 / plain
//!   exits = (exits of a case with so many rounds - exits of one with one round) / (12 x the rounds more)
//! ```
//!
//! Whose time? An emulator's own costs are CPU time of this machine (`HostClock`). A guest of KVM has a clock of its
//! own, the time base, which is a real CPU's, or that of a machine that counts instructions (`GuestClock`): then a trap
//! costs as many plain instructions as the host's kernel executes for it.

use super::operation::{COUNTING, Guest, IN_LOOP, OPERATIONS, Operation, PLAIN, PLAIN_ROUND, is_clock};
use super::{Figure, Unmeasured, cpu_time, median};
use crate::case::Case;
use crate::judge::counted;
use crate::session::{self, Unwatched};
use crate::target::{Limits, Target};
use crate::transcript::{Fate, RunResult, Transcript};
use sprig_kvm::watchdog::EXITS;
use sprig_wire::log::State;
use std::collections::BTreeMap;

/// Measurements of each loop, of which the median counts.
const TIMES: u32 = 5;
/// A trap in the reference costs at most this many plain instructions.
const TRAP_LIMIT: f64 = 5.0;
/// Fewer exits of a kind for each operation are chance: a tick of the host's.
const CHANCE: f64 = 0.02;

/// Exits by kind.
type Exits = BTreeMap<String, f64>;

/// What a round of a loop takes.
struct Round {
    /// In the clock's own unit.
    time: f64,
    /// Where they are counted.
    exits: Option<Exits>,
}

/// An operation of a guest that does it.
#[derive(Clone, Copy)]
struct Row {
    operation: &'static Operation,
    guest: Guest,
}

/// How time is taken.
trait Clock {
    /// What a plain instruction takes is shown in this unit, of which a unit of the clock has so many.
    const UNIT: (&'static str, f64);

    /// What a round of the loop of [`PLAIN`] takes now.
    fn plain(&self) -> Result<f64, Unmeasured>;

    /// What a round of an operation's loop takes, and one of [`PLAIN`] next to it, as often as is measured; exits of
    /// the last.
    fn rounds(&self, row: Row) -> Result<Vec<(Round, f64)>, Unmeasured>;
}

/// Cost of each operation on this target, each measured when the iterator comes to it, first of a guest as it stands
/// and then of one that has patched itself, where that makes a difference.
///
/// # Errors
/// [`Unmeasured`].
pub fn costs(target: &dyn Target) -> Result<Box<dyn Iterator<Item = Result<Figure, Unmeasured>> + '_>, Unmeasured> {
    // Under KVM there is a CPU with a time base.
    Ok(if target.host_program().is_some() {
        figures(target, GuestClock::new(target)?)
    } else {
        figures(target, HostClock::new(target)?)
    })
}

fn figures<'t, C: Clock + 't>(
    target: &'t dyn Target,
    clock: C,
) -> Box<dyn Iterator<Item = Result<Figure, Unmeasured>> + 't> {
    let (unit, scale) = C::UNIT;
    let value = clock.plain().map(|round| round / f64::from(PLAIN_ROUND) * scale);
    let plain =
        value.map(|value| Figure { what: format!("{} on {}", PLAIN.what, target.id()), value, unit, limit: None });
    let costs = rows(target).map(move |row| Ok(figure(target, row, &clock.rounds(row)?)));
    Box::new(std::iter::once(plain).chain(costs))
}

/// Every operation that this target has, of either guest.
fn rows(target: &dyn Target) -> impl Iterator<Item = Row> + '_ {
    let profile = target.profile();
    let here = OPERATIONS.iter().filter(move |operation| operation.is_for(profile.features));
    let both = here.flat_map(|operation| [Guest::Unpatched, Guest::Patched].map(|guest| Row { operation, guest }));
    both.filter(move |row| row.operation.assemble(&profile, row.guest, 1, 1).is_some())
}

fn figure(target: &dyn Target, row: Row, measured: &[(Round, f64)]) -> Figure {
    let ratio = |(round, plain): &(Round, f64)| {
        let plain = plain / f64::from(PLAIN_ROUND);
        (round.time - plain * f64::from(COUNTING)) / f64::from(IN_LOOP) / plain
    };
    let exits = measured.last().and_then(|(round, _)| round.exits.as_ref()).map(|exits| format!(": {}", shown(exits)));
    let is_limited = row.operation.is_one_access && row.guest == Guest::Unpatched && target.is_reference();
    Figure {
        what: format!("{}, {}{}", row.operation.what, row.guest.name(), exits.unwrap_or_default()),
        value: median(measured.iter().map(ratio).collect()).unwrap_or_default(),
        unit: "plain instructions",
        limit: is_limited.then_some(TRAP_LIMIT),
    }
}

/// Exits of one operation, from those of a round.
fn shown(exits: &Exits) -> String {
    let each = exits.iter().map(|(reason, count)| (reason, count / f64::from(IN_LOOP)));
    let mut kinds: Vec<_> = each.filter(|(_, count)| *count >= CHANCE).collect();
    kinds.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let parts: Vec<String> = kinds.into_iter().map(|(reason, count)| format!("{count:.2} {reason}")).collect();
    if parts.is_empty() { "no exits".to_owned() } else { parts.join(", ") }
}

/// Runs cases in one session where the target can. Each has to come to its end, without an exception on the way.
fn run(target: &dyn Target, cases: &[(&'static str, Case)]) -> Result<Vec<RunResult>, Unmeasured> {
    let only: Vec<&Case> = cases.iter().map(|(_, case)| case).collect();
    let (results, _) = session::run_all(target, &only, &Limits::default(), &Unwatched);
    for ((what, case), result) in cases.iter().zip(&results) {
        if let Some(how) = unfinished(case, result) {
            return Err(Unmeasured::Unfinished { what, target: target.id().to_owned(), how });
        }
    }
    Ok(results)
}

/// How a case ended that did not finish undisturbed: it is not known how often its loop ran.
fn unfinished(case: &Case, result: &RunResult) -> Option<String> {
    let how = match &result.fate {
        Fate::Ended if result.state() == Some(State::Ended) => exception(case, result)?,
        Fate::Ended => format!("the guest stopped in state {}", result.state),
        other => other.clone().how()?,
    };
    let exits = result.exits.as_ref().map(|exits| format!(" (exits: {})", counted(exits, None)));
    Some(how + &exits.unwrap_or_default())
}

/// The exception or the return of KVM_RUN that a case took and that is no part of the operation.
fn exception(case: &Case, result: &RunResult) -> Option<String> {
    let transcript = match Transcript::decode(case, result) {
        Ok(transcript) => transcript,
        Err(malformed) => return Some(malformed.to_string()),
    };
    let taken = transcript.outcomes.values().flatten().find_map(|outcome| outcome.taken);
    let given_up = transcript.given_up.values().flatten().next();
    taken
        .map(|taken| format!("it took a {} exception", taken.exception.name()))
        .or_else(|| given_up.map(|given_up| format!("KVM_RUN returned with reason {}", given_up.reason)))
}

/// Exits of one round: what the longer of two runs of a loop has more than the other.
fn exits_of_round(long: &RunResult, short: &RunResult, rounds: f64) -> Option<Exits> {
    let mut exits = Exits::new();
    for (result, sign) in [(long, 1.0), (short, -1.0)] {
        for count in result.exits.as_ref()? {
            *exits.entry(count.reason.to_string()).or_default() += sign * count.count as f64 / rounds;
        }
    }
    Some(exits)
}

/// CPU time of this machine, seconds: a loop so long that the start of a machine is negligible.
struct HostClock<'t> {
    target: &'t dyn Target,
    plain: HostLoop,
}

/// A loop with enough rounds.
struct HostLoop {
    what: &'static str,
    case: Case,
    /// The same with one round.
    start: Case,
    rounds: u32,
}

/// Rounds of the loop that are tried first, and by how much they grow until they are enough.
const FIRST_ROUNDS: u32 = 1 << 12;
const GROWTH: u32 = 4;
const MOST_ROUNDS: u32 = 1 << 24;
/// A loop is long enough if it takes this many times what a machine takes to start, and this many seconds.
const TIMES_START: f64 = 5.0;
const LEAST_SECONDS: f64 = 0.02;

impl<'t> HostClock<'t> {
    fn new(target: &'t dyn Target) -> Result<Self, Unmeasured> {
        let plain = Row { operation: &PLAIN, guest: Guest::Unpatched };
        Ok(Self { target, plain: HostLoop::calibrated(target, plain)? })
    }
}

impl HostLoop {
    fn of(target: &dyn Target, row: Row, rounds: u32) -> Result<Self, Unmeasured> {
        Ok(Self {
            what: row.operation.what,
            case: assemble(target, row, rounds, 1)?,
            start: assemble(target, row, 1, 1)?,
            rounds,
        })
    }

    /// With enough rounds on this target.
    fn calibrated(target: &dyn Target, row: Row) -> Result<Self, Unmeasured> {
        let mut rounds = FIRST_ROUNDS;
        loop {
            let found = Self::of(target, row, rounds)?;
            let start = found.timed(target, &found.start)?.0;
            let (seconds, _) = found.timed(target, &found.case)?;
            if seconds >= LEAST_SECONDS.max(TIMES_START * start) || rounds >= MOST_ROUNDS {
                return Ok(found);
            }
            rounds *= GROWTH;
        }
    }

    fn timed(&self, target: &dyn Target, case: &Case) -> Result<(f64, Option<RunResult>), Unmeasured> {
        let mut results = Ok(Vec::new());
        let seconds = cpu_time::of(|| results = run(target, &[(self.what, case.clone())]))?;
        Ok((seconds, results?.pop()))
    }

    fn round(&self, target: &dyn Target) -> Result<Round, Unmeasured> {
        let (start, all) = (self.timed(target, &self.start)?, self.timed(target, &self.case)?);
        let rounds = f64::from(self.rounds - 1);
        let exits = all.1.zip(start.1).and_then(|(long, short)| exits_of_round(&long, &short, rounds));
        Ok(Round { time: (all.0 - start.0) / rounds, exits })
    }
}

impl Clock for HostClock<'_> {
    const UNIT: (&'static str, f64) = ("ns of CPU time", 1e9);

    fn plain(&self) -> Result<f64, Unmeasured> {
        let times: Result<Vec<f64>, Unmeasured> = (0..TIMES).map(|_| Ok(self.plain.round(self.target)?.time)).collect();
        Ok(median(times?).unwrap_or_default())
    }

    fn rounds(&self, row: Row) -> Result<Vec<(Round, f64)>, Unmeasured> {
        let measured = HostLoop::calibrated(self.target, row)?;
        let both = |_| {
            let plain = self.plain.round(self.target)?.time;
            Ok((measured.round(self.target)?, plain))
        };
        (0..TIMES).map(both).collect()
    }
}

/// The guest's time base: all loops are cases of one session.
struct GuestClock {
    plain: f64,
    measured: Vec<(&'static str, Guest, Vec<f64>, Option<Exits>)>,
}

/// So few exits has one measurement, if each instruction is one. The VMM's watchdog, which ends a guest that does
/// nothing but leave ([`EXITS`]), has no reason to then, and an emulated Book3S-32, to which an exit is a millisecond,
/// is done in a minute.
const EXITS_OF_A_STEP: u32 = (EXITS / 64) as u32;

impl GuestClock {
    fn new(target: &dyn Target) -> Result<Self, Unmeasured> {
        let plain = Row { operation: &PLAIN, guest: Guest::Unpatched };
        let rows: Vec<Row> = [plain].into_iter().chain(rows(target)).collect();
        let rounds = |row: &Row| EXITS_OF_A_STEP / (IN_LOOP * row.operation.length());
        let mut cases = Vec::new();
        for row in &rows {
            for rounds in [rounds(row), 1] {
                cases.push((row.operation.what, assemble(target, *row, rounds, TIMES)?));
            }
        }
        let results = run(target, &cases)?;
        let mut measured = Vec::new();
        for (row, (cases, results)) in rows.iter().zip(cases.chunks(2).zip(results.chunks(2))) {
            let ([(_, case), _], [long, short]) = (cases, results) else { continue };
            let more = f64::from(rounds(row) - 1);
            let times = ticks(case, long).zip(ticks(case, short)).map(|(long, short)| (long - short) / more);
            let exits = exits_of_round(long, short, f64::from(TIMES) * more);
            measured.push((row.operation.what, row.guest, times.collect::<Vec<f64>>(), exits));
        }
        let plain = median(measured.remove(0).2).unwrap_or_default();
        Ok(Self { plain, measured })
    }
}

/// Ticks of the time base that each loop of a case took.
fn ticks(case: &Case, result: &RunResult) -> impl Iterator<Item = f64> {
    let transcript = Transcript::decode(case, result).unwrap_or_default();
    let loops = case.steps.iter().enumerate().filter(|(_, step)| step.observation.as_deref().is_some_and(is_clock));
    let loops: Vec<usize> = loops.map(|(index, _)| index).collect();
    loops.into_iter().filter_map(move |index| match transcript.outcomes.get(&index)?.first()?.values[..] {
        // The low word on every CPU; a loop takes far less than its 2^32 ticks.
        [before, behind] => Some(f64::from((behind as u32).wrapping_sub(before as u32))),
        _ => None,
    })
}

impl Clock for GuestClock {
    const UNIT: (&'static str, f64) = ("ticks of its time base", 1.0);

    fn plain(&self) -> Result<f64, Unmeasured> {
        Ok(self.plain)
    }

    fn rounds(&self, row: Row) -> Result<Vec<(Round, f64)>, Unmeasured> {
        let found = self.measured.iter().find(|(what, guest, ..)| (*what, *guest) == (row.operation.what, row.guest));
        let rounds = found.into_iter().flat_map(|(_, _, times, exits)| {
            times.iter().map(|time| (Round { time: *time, exits: exits.clone() }, self.plain))
        });
        Ok(rounds.collect())
    }
}

fn assemble(target: &dyn Target, row: Row, rounds: u32, times: u32) -> Result<Case, Unmeasured> {
    row.operation.assemble(&target.profile(), row.guest, rounds, times).ok_or_else(|| Unmeasured::Unfinished {
        what: row.operation.what,
        target: target.id().to_owned(),
        how: "it cannot be assembled".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::ExitCount;

    fn result(exits: &[(&str, u64)]) -> RunResult {
        let count = |(reason, count): &(&str, u64)| ExitCount {
            step: None,
            reason: (*reason).to_owned().into(),
            count: *count,
        };
        RunResult {
            fate: Fate::Ended,
            state: State::Ended as u16,
            last_step: None,
            entries: Vec::new(),
            exits: Some(exits.iter().map(count).collect()),
        }
    }

    #[test]
    fn exits_of_an_operation_are_what_more_rounds_have_more() {
        let (long, short) = (
            result(&[("emulated_inst", 5 + 12 * 100), ("dec", 2), ("mmio", 1)]),
            result(&[("emulated_inst", 5), ("mmio", 1)]),
        );
        let exits = exits_of_round(&long, &short, 100.0).expect("counted");
        assert_eq!(shown(&exits), "1.00 emulated_inst");
        assert_eq!(shown(&exits_of_round(&short, &short, 100.0).expect("counted")), "no exits");
        assert!(exits_of_round(&long, &RunResult { exits: None, ..short }, 100.0).is_none());
    }

    #[test]
    fn a_loop_that_was_ended_in_the_middle_is_no_measurement() {
        let case = session::empty_guest();
        assert_eq!(unfinished(&case, &result(&[])), None);
        // As the VMM ends a guest that does nothing but leave: with many of the exits, and not all.
        let hung =
            RunResult { fate: Fate::Hung("no step of progress".to_owned()), ..result(&[("emulated_inst", 163_715)]) };
        assert_eq!(unfinished(&case, &hung).as_deref(), Some("no step of progress (exits: 163715 emulated_inst)"));
        let full = RunResult { state: State::Full as u16, ..result(&[]) };
        assert!(unfinished(&case, &full).is_some());
    }

    #[test]
    fn the_longest_row_stays_below_what_the_watchdog_ends() {
        let most = OPERATIONS.iter().map(Operation::length).max().expect("a row");
        assert!(EXITS_OF_A_STEP >= 10 * IN_LOOP * most, "enough rounds for a mean");
        assert!(u64::from(EXITS_OF_A_STEP) * 4 < EXITS);
    }
}
