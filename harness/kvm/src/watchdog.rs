//! Is the guest still getting anywhere? A stuck guest spins for ever; a timer interrupts KVM_RUN, and a machine that has not
//! begun another step for so many ticks is ended. Sooner still where it does not spin itself but the hypervisor does, with a miss or
//! an interrupt that comes again at once: such a machine leaves its guest more often than any step of a script can cause.
//!
//! Ticks are counted, not time: a host that is starved of CPU loses ticks and guest instructions alike, and one tick that
//! comes late is one tick.

use sprig_wire::layout::LOG_BASE;
use sprig_wire::log::{AT_CASE, AT_LENGTH, AT_STEP};

/// Between two ticks of the timer, microseconds: so long a machine may leave its guest unnoticed, a hundred thousand times and more.
pub const TIMER_MICROSECONDS: u32 = 20_000;
/// What patience is counted in, microseconds.
const TICK_MICROSECONDS: u32 = 100_000;
const TIMER_TICKS: u32 = TICK_MICROSECONDS / TIMER_MICROSECONDS;
/// Tenths of a second without progress that end a machine, unless its host is told otherwise: half a minute, on hardware.
pub const PATIENCE: u32 = 300;

/// Exits of the guest without progress that end a machine. What causes most is a race, some exits in each of its thousands of rounds, and
/// it begins another step in each.
pub const EXITS: u64 = 100_000;

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
    /// The tick at which it last looked: between two there is nothing to be seen.
    looked: u32,
    /// Exits until the first tick without progress.
    exits: Option<u64>,
}

impl Watchdog {
    /// Begins to watch a machine that may be without progress for `patience` tenths of a second; `ticks` are the timer's.
    #[must_use]
    pub fn new(patience: u32, ticks: u32) -> Self {
        Self {
            patience: patience.saturating_mul(TIMER_TICKS),
            seen: Progress::default(),
            since: ticks,
            looked: ticks,
            exits: None,
        }
    }

    /// True if the machine has got nowhere for too long. `exits` counts those of the machine's life, 0 where nobody counts.
    pub fn is_hung(&mut self, ticks: u32, progress: Progress, exits: impl FnOnce() -> u64) -> bool {
        if progress != self.seen {
            (self.seen, self.since, self.exits) = (progress, ticks, None);
        }
        if ticks == self.looked {
            return false;
        }
        self.looked = ticks;
        let exits = exits();
        let before = *self.exits.get_or_insert(exits);
        ticks.wrapping_sub(self.since) >= self.patience || exits.saturating_sub(before) >= EXITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_progress_is_hung_after_so_many_ticks() {
        let mut watchdog = Watchdog::new(PATIENCE, 7);
        assert!(!watchdog.is_hung(7 + PATIENCE * TIMER_TICKS - 1, Progress::default(), || 0));
        assert!(watchdog.is_hung(7 + PATIENCE * TIMER_TICKS, Progress::default(), || 0));
    }

    #[test]
    fn each_step_is_given_all_the_time_anew() {
        let mut watchdog = Watchdog::new(PATIENCE, u32::MAX - 3);
        for step in 1..100 {
            let ticks = (u32::MAX - 3).wrapping_add(step * (PATIENCE * TIMER_TICKS - 1));
            assert!(!watchdog.is_hung(ticks, Progress([0, step, 0]), || u64::from(step) * EXITS), "step {step}");
        }
    }

    #[test]
    fn a_machine_that_only_leaves_its_guest_is_hung_before() {
        let mut watchdog = Watchdog::new(PATIENCE, 0);
        assert!(!watchdog.is_hung(1, Progress([0, 1, 0]), || 5), "they came before the step, for all it knows");
        assert!(!watchdog.is_hung(2, Progress([0, 1, 0]), || 5 + EXITS - 1));
        assert!(watchdog.is_hung(3, Progress([0, 1, 0]), || 5 + EXITS));
    }
}
