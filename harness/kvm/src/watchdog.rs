//! Is the guest still getting anywhere? A stuck guest spins for ever; a timer interrupts KVM_RUN, and a machine that has not
//! begun another step for so many ticks is ended.
//!
//! Ticks are counted, not time: a host that is starved of CPU loses ticks and guest instructions alike, and one tick that
//! comes late is one tick.

use sprig_wire::layout::LOG_BASE;
use sprig_wire::log::{AT_CASE, AT_LENGTH, AT_STEP};

/// Between two ticks, microseconds.
pub const TICK_MICROSECONDS: u32 = 100_000;
/// Ticks without progress that end a machine, unless its host is told otherwise: half a minute, on hardware.
pub const PATIENCE: u32 = 300;

/// What changes when the guest begins another step: the case, the step and the length of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress([u32; 3]);

impl Progress {
    /// As the log in the guest's memory has it.
    #[must_use]
    pub fn of(ram: &[u8]) -> Self {
        Self([AT_CASE, AT_STEP, AT_LENGTH].map(|field| {
            let at = (LOG_BASE + field) as usize;
            let mut bytes = [0; 4];
            if let Some(field) = ram.get(at..at + 4) {
                bytes.copy_from_slice(field);
            }
            u32::from_be_bytes(bytes)
        }))
    }

    /// Bytes of entries in the log.
    #[must_use]
    pub const fn length(self) -> u32 {
        self.0[2]
    }
}

/// Watches one machine.
#[derive(Debug)]
pub struct Watchdog {
    patience: u32,
    seen: Progress,
    since: u32,
}

impl Watchdog {
    /// Begins to watch a machine that may be without progress for `patience` ticks.
    #[must_use]
    pub fn new(patience: u32, ticks: u32) -> Self {
        Self { patience, seen: Progress::default(), since: ticks }
    }

    /// True if the machine has got nowhere for too long.
    pub fn is_hung(&mut self, ticks: u32, progress: Progress) -> bool {
        if progress != self.seen {
            (self.seen, self.since) = (progress, ticks);
        }
        ticks.wrapping_sub(self.since) >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_progress_is_hung_after_so_many_ticks() {
        let mut watchdog = Watchdog::new(PATIENCE, 7);
        assert!(!watchdog.is_hung(7 + PATIENCE - 1, Progress::default()));
        assert!(watchdog.is_hung(7 + PATIENCE, Progress::default()));
    }

    #[test]
    fn each_step_is_given_all_the_time_anew() {
        let mut watchdog = Watchdog::new(PATIENCE, u32::MAX - 3);
        for step in 1..100 {
            let ticks = (u32::MAX - 3).wrapping_add(step * (PATIENCE - 1));
            assert!(!watchdog.is_hung(ticks, Progress([0, step, 0])), "step {step}");
        }
    }
}
