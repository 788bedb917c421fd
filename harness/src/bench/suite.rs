//! Our own costs: the suite in boots of an empty guest, and its growth.

use super::{Figure, Unmeasured, cpu_time, median, memory};
use crate::case::Case;
use crate::judge::Status;
use crate::run::Run;
use crate::session::{self, Unwatched, empty_guest};
use crate::target::{Boot, Limits, Target};
use crate::transcript::Fate;

/// Rounds of each measurement.
const ROUNDS: usize = 5;
/// Of one whose rounds take a tenth of a second each: short enough that what else a machine does falls on some and not
/// on others.
const SHORT_ROUNDS: usize = 25;
/// All cases on the reference cost less than one boot.
pub const REFERENCE_LIMIT: f64 = 1.0;
/// All cases on one QEMU target cost at most this many boots.
pub const QEMU_LIMIT: f64 = 5.0;
/// The gate with all cases on an emulated host costs at most this many boots of that host.
pub const HOST_LIMIT: f64 = 3.0;
/// Ten times the cases cost ten times the time; what a measurement on a shared machine may add to that.
const GROWTH_LIMIT: f64 = 11.0;
/// Cases of the smaller run that growth is measured with, at least: all of them as often as that takes, so that both
/// runs have the same ones.
const FEW: usize = 1000;
/// The larger run has this many times as many.
const TIMES: usize = 10;
/// Ten times the cases take the same memory, give or take an allocator's mood.
const MEMORY_LIMIT: f64 = 1.05;

fn measure(rounds: usize, mut action: impl FnMut()) -> nix::Result<f64> {
    let times: nix::Result<Vec<f64>> = (0..rounds).map(|_| cpu_time::of(&mut action)).collect();
    Ok(median(times?).unwrap_or_default())
}

/// What an action costs, in runs of another. They are measured by turns, so that what a shared machine does to one it
/// does to the other as well.
fn ratio(rounds: usize, mut action: impl FnMut(), mut unit: impl FnMut()) -> nix::Result<f64> {
    let ratios: nix::Result<Vec<f64>> = (0..rounds)
        .map(|_| {
            let unit = cpu_time::of(&mut unit)?;
            Ok(cpu_time::of(&mut action)? / unit)
        })
        .collect();
    Ok(median(ratios?).unwrap_or_default())
}

fn run_all(target: &dyn Target, cases: &[Case]) {
    session::run_all(target, cases, &Limits::default(), &Unwatched);
}

/// Runs them once, to see that there is something to measure: that the target comes up and runs cases.
fn is_up(target: &dyn Target, cases: &[Case], what: &'static str) -> Result<(), Unmeasured> {
    let (_, summary) = session::run_all(target, cases, &Limits::default(), &Unwatched);
    let how = match summary.dead.and_then(Fate::how) {
        Some(how) => how,
        None if summary.boots => return Ok(()),
        None => "it does not boot".to_owned(),
    };
    Err(Unmeasured::Unfinished { what, target: target.id().to_owned(), how })
}

/// What everything is counted in: boots of this target of QEMU with an empty guest.
#[derive(Clone, Copy, Debug)]
pub struct Boots<'a> {
    /// The target.
    pub qemu: &'a dyn Target,
}

impl Boots<'_> {
    /// What one costs, as a line of the report.
    ///
    /// # Errors
    /// [`Unmeasured`].
    pub fn figure(self) -> Result<Figure, Unmeasured> {
        is_up(self.qemu, &[empty_guest()], "a boot")?;
        let what = format!("one boot of {} with an empty guest", self.qemu.id());
        Ok(Figure { what, value: measure(SHORT_ROUNDS, || self.boot())? * 1e3, unit: "ms of CPU time", limit: None })
    }

    /// What cases cost on a target, of which [`REFERENCE_LIMIT`] or [`QEMU_LIMIT`] is the limit.
    ///
    /// # Errors
    /// [`Unmeasured`].
    pub fn count(self, target: &dyn Target, cases: &[Case], limit: f64) -> Result<Figure, Unmeasured> {
        is_up(target, cases, "what all cases cost")?;
        let value = ratio(SHORT_ROUNDS, || run_all(target, cases), || self.boot())?;
        let what = format!("all {} cases on {}", cases.len(), target.id());
        Ok(Figure { what, value, unit: "boots of an empty guest", limit: Some(limit) })
    }

    fn boot(self) {
        run_all(self.qemu, &[empty_guest()]);
    }
}

/// What the gate costs on an emulated host: every case assembled, run and judged, in boots of that host with nothing to
/// run.
///
/// # Errors
/// [`Unmeasured`].
pub fn gate(run: &Run<'_>, host: &dyn Target) -> Result<[Figure; 2], Unmeasured> {
    is_up(host, &[empty_guest()], "the gate")?;
    let limits = Limits::default();
    let boots = || drop(host.run(Boot::new(&[], &limits), &mut |_| {}));
    let boot = measure(ROUNDS, boots)?;
    let mut judged = 0;
    let judge = || {
        judged = 0;
        run.judged(host, &Unwatched, |_, verdict| judged += usize::from(verdict.status != Status::Skip));
    };
    let gate = ratio(ROUNDS, judge, boots)?;
    let what = format!("one boot of the host of {} with nothing to run", host.id());
    let all = format!("the gate, all {judged} cases on {}", host.id());
    Ok([
        Figure { what, value: boot * 1e3, unit: "ms of CPU time", limit: None },
        Figure { what: all, value: gate, unit: "boots of that host", limit: Some(HOST_LIMIT) },
    ])
}

/// Whether ten times as many cases cost ten times as much, in the same memory.
///
/// # Errors
/// [`Unmeasured`].
pub fn growth(target: &dyn Target, cases: &[Case]) -> Result<Vec<Figure>, Unmeasured> {
    let few_cases = FEW.next_multiple_of(cases.len().max(1));
    let run = |count: usize| {
        let stream = cases.iter().cycle().take(count).cloned();
        session::run(target, stream, &Limits::default(), &Unwatched, |_, _| {});
    };
    // The first run fills what all of them share.
    run(few_cases);
    let few = memory::peak(|| run(few_cases))?;
    let many = memory::peak(|| run(few_cases * TIMES))?;
    let ratio = ratio(ROUNDS, || run(few_cases * TIMES), || run(few_cases))?;
    Ok(vec![
        Figure {
            what: format!("{} cases on {}", few_cases * TIMES, target.id()),
            value: ratio,
            unit: "times the time of a tenth",
            limit: Some(GROWTH_LIMIT),
        },
        Figure {
            what: "their memory".to_owned(),
            value: many as f64 / few as f64,
            unit: "times that of a tenth",
            limit: Some(MEMORY_LIMIT),
        },
    ])
}
