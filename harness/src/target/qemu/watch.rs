//! Is it still getting anywhere? What a process did since the last step of progress, from samples of /proc.
//!
//! A sample counts as idle only if no thread runs or wants to run, no CPU time was used and nothing was printed since
//! the one before. A process that is starved, stopped or in a debugger does not count as idle, and a suspended machine
//! takes no samples: so a hang never depends on wall time.

use crate::target::Limits;
use procfs::process::{ProcState, Process};
use std::time::Duration;

/// What a process has done so far and does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// CPU time it has used, all threads.
    pub(super) cpu: Duration,
    /// All its threads sleep.
    pub(super) asleep: bool,
}

impl Sample {
    /// Looks at a process; none if it is gone.
    pub(super) fn take(id: u32) -> Option<Self> {
        let process = Process::new(i32::try_from(id).ok()?).ok()?;
        let stat = process.stat().ok()?;
        let ticks = stat.utime + stat.stime;
        let asleep = process
            .tasks()
            .ok()?
            .all(|task| task.and_then(|task| task.stat()?.state()).is_ok_and(|state| state == ProcState::Sleeping));
        let cpu = Duration::from_secs(ticks).checked_div(u32::try_from(procfs::ticks_per_second()).ok()?)?;
        Some(Self { cpu, asleep })
    }
}

/// Why a target counts as hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Hang {
    #[error("it used {0:?} of CPU time without a step of progress")]
    Busy(Duration),
    #[error("it was asleep for {0:?} without a step of progress")]
    Idle(Duration),
    #[error("it printed {0} bytes without a step of progress")]
    Flood(u64),
}

/// Counts what a process uses up between two steps of progress.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    /// The last sample before the last step of progress, or the start.
    mark: Duration,
    last: Duration,
    idle: Duration,
}

impl Watch {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { limits, mark: Duration::ZERO, last: Duration::ZERO, idle: Duration::ZERO }
    }

    /// Something was done since the last sample.
    pub(super) const fn progress(&mut self) {
        self.mark = self.last;
        self.idle = Duration::ZERO;
    }

    /// Takes a sample; `quiet`: nothing was printed since the one before. An error is a verdict.
    pub(super) fn sample(&mut self, sample: Sample, booted: bool, quiet: bool) -> Result<(), Hang> {
        if sample.asleep && quiet && sample.cpu == self.last {
            self.idle += self.limits.sample;
        }
        self.last = sample.cpu;
        let used = sample.cpu.saturating_sub(self.mark);
        if used > if booted { self.limits.case_cpu } else { self.limits.boot_cpu } {
            return Err(Hang::Busy(used));
        }
        if self.idle > self.limits.idle {
            return Err(Hang::Idle(self.idle));
        }
        Ok(())
    }

    /// Looks at how much was printed since a case began or ended.
    pub(super) const fn output(&self, bytes: u64) -> Result<(), Hang> {
        if bytes > self.limits.output { Err(Hang::Flood(bytes)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn watch() -> Watch {
        Watch::new(Limits {
            boot_cpu: 9 * SECOND,
            case_cpu: 3 * SECOND,
            idle: 3 * SECOND,
            sample: SECOND,
            ..Limits::default()
        })
    }

    fn busy(cpu: u32) -> Sample {
        Sample { cpu: SECOND * cpu, asleep: false }
    }

    #[test]
    fn cpu_time_counts_from_the_last_progress() {
        let mut watch = watch();
        assert_eq!(watch.sample(busy(3), true, true), Ok(()));
        watch.progress();
        assert_eq!(watch.sample(busy(6), true, true), Ok(()));
        assert_eq!(watch.sample(busy(7), true, true), Err(Hang::Busy(4 * SECOND)));
    }

    #[test]
    fn booting_has_a_limit_of_its_own() {
        let mut watch = watch();
        assert_eq!(watch.sample(busy(9), false, true), Ok(()));
        assert_eq!(watch.sample(busy(10), false, true), Err(Hang::Busy(10 * SECOND)));
    }

    #[test]
    fn a_process_that_waits_for_the_cpu_or_prints_is_not_idle() {
        let mut watch = watch();
        for _ in 0..100 {
            assert_eq!(watch.sample(busy(1), true, true), Ok(()));
            assert_eq!(watch.sample(Sample { asleep: true, ..busy(1) }, true, false), Ok(()));
        }
    }

    #[test]
    fn sleeping_counts_however_often_it_is_interrupted() {
        let mut watch = watch();
        let asleep = Sample { asleep: true, ..busy(0) };
        for _ in 0..3 {
            assert_eq!(watch.sample(asleep, true, true), Ok(()));
            assert_eq!(watch.sample(asleep, true, false), Ok(()));
        }
        assert_eq!(watch.sample(asleep, true, true), Err(Hang::Idle(4 * SECOND)));
    }
}
