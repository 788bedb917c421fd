//! Is the guest still getting anywhere? A stuck guest spins for ever; a timer interrupts KVM_RUN, and a machine that has not
//! begun another step for so many ticks is ended. Sooner still where it does not spin itself but the hypervisor does, with a miss or
//! an interrupt that comes again at once: such a machine leaves its guest more often than any step of a script can cause.
//!
//! Ticks are counted, not time: a host that is starved of CPU loses ticks and guest instructions alike, and one tick that
//! comes late is one tick.

use sprig_wire::layout::LOG_BASE;
use sprig_wire::log::{AT_CASE, AT_LENGTH, AT_STATE, AT_STEP, State};

/// Between two ticks of the timer, microseconds: so long a machine may leave its guest unnoticed, a hundred thousand times and more.
pub const TIMER_MICROSECONDS: u32 = 20_000;
/// What patience is counted in, microseconds.
const TICK_MICROSECONDS: u32 = 100_000;
const TIMER_TICKS: u32 = TICK_MICROSECONDS / TIMER_MICROSECONDS;
/// Tenths of a second without progress that end a machine, unless its host is told otherwise: half a minute, on hardware.
pub const PATIENCE: u32 = 300;
/// Such a part of the patience has a guest that has not come as far as its case: booting takes no time.
pub const BOOT_PART: u32 = 10;
/// Ticks of the timer after which a machine that is getting on is said to, a second: whoever listens cannot tell one that takes long from a
/// host that hangs.
pub const SILENCE: u32 = 10 * TIMER_TICKS;

/// Exits of the guest without progress that end a machine.
pub const EXITS: u64 = 100_000;
/// A race of one step begins the same step in each round and seems to get nowhere: time and exits are as much again for each so many rounds.
/// A step is sixteen instructions at most, each of which may leave the guest a few times.
pub const ROUNDS: u32 = 2000;

/// How far a guest has come, by its log: something of this changes when it begins another step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The guest kernel has booted: its log tells of a case.
    pub has_begun: bool,
    /// The case.
    pub case: u32,
    /// The step.
    pub step: u32,
    /// Bytes of entries.
    pub length: u32,
}

impl Progress {
    /// As the log in the guest's memory has it.
    #[must_use]
    pub fn of(ram: &[u8]) -> Self {
        let word = |field| u32::from_be_bytes(bytes(ram, field));
        Self {
            has_begun: u16::from_be_bytes(bytes(ram, AT_STATE)) != State::Idle as u16,
            case: word(AT_CASE),
            step: word(AT_STEP),
            length: word(AT_LENGTH),
        }
    }
}

/// A field of the log's header.
fn bytes<const N: usize>(ram: &[u8], field: u32) -> [u8; N] {
    let at = (LOG_BASE + field) as usize;
    ram.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

/// Watches one machine.
#[derive(Debug)]
pub struct Watchdog {
    /// Ticks of the timer.
    patience: u32,
    /// Exits.
    most: u64,
    seen: Progress,
    since: u32,
    /// The tick at which it last looked: between two there is nothing to be seen.
    looked: u32,
    /// Exits until the first tick without progress.
    exits: Option<u64>,
    told: (Progress, u32),
}

impl Watchdog {
    /// Begins to watch a machine that may be without progress for `patience` tenths of a second; `ticks` are the timer's, `rounds` those of
    /// the longest race of its case.
    #[must_use]
    pub fn new(patience: u32, rounds: u32, ticks: u32) -> Self {
        let times = 1 + rounds / ROUNDS;
        Self {
            patience: patience.saturating_mul(TIMER_TICKS).saturating_mul(times),
            most: EXITS * u64::from(times),
            seen: Progress::default(),
            since: ticks,
            looked: ticks,
            exits: None,
            told: (Progress::default(), ticks),
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
        let patience = if progress.has_begun { self.patience } else { self.patience.div_ceil(BOOT_PART) };
        ticks.wrapping_sub(self.since) >= patience || exits.saturating_sub(before) >= self.most
    }

    /// True if the machine has been silent for long and got somewhere meanwhile; then it is taken to be said.
    pub fn is_to_be_told(&mut self, ticks: u32) -> bool {
        let (progress, since) = self.told;
        let due = ticks.wrapping_sub(since) >= SILENCE && progress != self.seen;
        if due {
            self.told = (self.seen, ticks);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const fn at_step(step: u32) -> Progress {
        Progress { has_begun: true, case: 0, step, length: 0 }
    }

    #[test]
    fn the_first_step_of_the_first_case_is_no_boot() {
        let mut ram = vec![0; (LOG_BASE + sprig_wire::log::ENTRIES) as usize];
        assert_eq!(Progress::of(&ram), Progress::default());
        let state = (LOG_BASE + AT_STATE) as usize;
        ram[state..state + 2].copy_from_slice(&(State::Running as u16).to_be_bytes());
        assert_eq!(Progress::of(&ram), at_step(0));
        assert_eq!(Progress::of(&[]), Progress::default());
    }

    #[test]
    fn a_machine_without_progress_is_hung_after_so_many_ticks() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 7);
        let stuck = at_step(1);
        assert!(!watchdog.is_hung(8, stuck, || 0));
        assert!(!watchdog.is_hung(8 + PATIENCE * TIMER_TICKS - 1, stuck, || 0));
        assert!(watchdog.is_hung(8 + PATIENCE * TIMER_TICKS, stuck, || 0));
    }

    #[test]
    fn a_machine_that_boots_is_hung_earlier() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(PATIENCE * TIMER_TICKS / BOOT_PART - 1, Progress::default(), || 0));
        assert!(watchdog.is_hung(PATIENCE * TIMER_TICKS / BOOT_PART, Progress::default(), || 0));
    }

    #[test]
    fn only_a_machine_that_gets_on_is_told_and_not_at_each_step() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        let told: u32 = (1..=10 * SILENCE)
            .map(|tick| {
                assert!(!watchdog.is_hung(tick, at_step(tick.min(5 * SILENCE)), || 0));
                u32::from(watchdog.is_to_be_told(tick))
            })
            .sum();
        assert_eq!(told, 5);
    }

    #[test]
    fn each_step_is_given_all_the_time_anew() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, u32::MAX - 3);
        for step in 1..100 {
            let ticks = (u32::MAX - 3).wrapping_add(step * (PATIENCE * TIMER_TICKS - 1));
            assert!(!watchdog.is_hung(ticks, at_step(step), || u64::from(step) * EXITS), "step {step}");
        }
    }

    #[test]
    fn a_machine_that_only_leaves_its_guest_is_hung_before() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(1, at_step(1), || 5), "they came before the step, for all it knows");
        assert!(!watchdog.is_hung(2, at_step(1), || 5 + EXITS - 1));
        assert!(watchdog.is_hung(3, at_step(1), || 5 + EXITS));
    }

    #[test]
    fn a_long_race_is_given_as_much_for_each_of_its_parts() {
        let stuck = at_step(1);
        let mut watchdog = Watchdog::new(PATIENCE, 3 * ROUNDS, 0);
        assert!(!watchdog.is_hung(1, stuck, || 0));
        assert!(!watchdog.is_hung(2, stuck, || 4 * EXITS - 1));
        assert!(watchdog.is_hung(3, stuck, || 4 * EXITS));
        assert!(!watchdog.is_hung(1 + 4 * PATIENCE * TIMER_TICKS - 1, stuck, || 0));
        assert!(watchdog.is_hung(1 + 4 * PATIENCE * TIMER_TICKS, stuck, || 0));
    }
}
