//! Is the guest still getting anywhere? A stuck guest spins for ever; a timer interrupts KVM_RUN, and a machine that
//! has not begun another step for a number of ticks is ended. A hypervisor that spins, with a miss or an interrupt that
//! comes again at once, is found sooner: such a machine leaves its guest more often than any step of a script can
//! cause; or it has left it often without a change in its registers, so that it goes round in a circle, or executes
//! nothing at all.
//!
//! Ticks are counted, not time: a host that is starved of CPU loses ticks and guest instructions alike, and one tick
//! that comes late is one tick.

use crate::registers::Regs;
use sprig_wire::layout::LOG_BASE;
use sprig_wire::log::{AT_BEGUN, AT_CASE, AT_STATE, State};

/// Microseconds between two ticks of the timer: the longest time that a spinning machine, with a hundred thousand exits
/// and more, goes unnoticed.
pub const TIMER_MICROSECONDS: u32 = 20_000;
/// Microseconds to the first look at a new machine, and to the next look at one that has left its guest suspiciously
/// often. A spinning hypervisor makes [`EXITS_IN_A_CIRCLE`] exits in that time; most cases end sooner.
pub const SOON_MICROSECONDS: u32 = 4_000;
/// The unit of patience, microseconds.
const PATIENCE_UNIT_MICROSECONDS: u32 = 100_000;
const TIMER_TICKS: u32 = PATIENCE_UNIT_MICROSECONDS / TIMER_MICROSECONDS;
/// Tenths of a second without progress that end a machine, unless its host is told otherwise: half a minute, on
/// hardware.
pub const PATIENCE: u32 = 300;
/// A guest that has not reached its case has this fraction of the patience: booting takes no time.
pub const BOOT_PART: u32 = 10;
/// Ticks of the timer, a second in all, after which a machine's progress is reported: a listener cannot tell one that
/// takes long from a host that hangs.
pub const SILENCE: u32 = 10 * TIMER_TICKS;

/// Exits of the guest without progress that end a machine.
pub const EXITS: u64 = 100_000;
/// Exits of the guest without progress that end a machine whose registers are the same as before them. A loop of a
/// script has a counter, which is a register. The exception is a host that is told to be more patient than hardware: it
/// goes by the clock of a machine that may starve it, whose ticks may come faster than it serves them. Then the guest
/// leaves at each and gets nowhere for a while.
pub const EXITS_IN_A_CIRCLE: u64 = 1000;
/// A step that waits for long gets nowhere meanwhile: its case may be without progress for as long again for each so
/// many rounds.
pub const WAITED: u32 = 1 << 26;

/// How far a guest has come, by its log: something of this changes when it begins another step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The guest kernel has booted: its log tells of a case.
    pub has_begun: bool,
    /// The case.
    pub case: u32,
    /// Steps begun, those of a race once for each round.
    pub begun: u32,
}

impl Progress {
    /// As the log in the guest's memory has it.
    #[must_use]
    pub fn of(ram: &[u8]) -> Self {
        let word = |field| u32::from_be_bytes(bytes(ram, field));
        Self {
            has_begun: u16::from_be_bytes(bytes(ram, AT_STATE)) != State::Idle as u16,
            case: word(AT_CASE),
            begun: word(AT_BEGUN),
        }
    }
}

/// A field of the log's header.
fn bytes<const N: usize>(ram: &[u8], field: u32) -> [u8; N] {
    let at = (LOG_BASE + field) as usize;
    ram.get(at..at + N).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; N])
}

/// A machine that gets nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stuck {
    /// Exits of its life, 0 where nobody counts.
    pub exits: u64,
    /// The guest's registers, where they can be read.
    pub registers: Option<Regs>,
}

/// Watches one machine.
#[derive(Debug)]
pub struct Watchdog {
    /// Ticks of the timer.
    patience: u32,
    /// Exits where registers are the same.
    most_in_a_circle: u64,
    seen: Progress,
    since: u32,
    /// The tick at which it last looked: between two there is nothing to be seen.
    looked: u32,
    /// At the first tick without progress.
    stuck: Option<Stuck>,
    /// Exits until it last looked.
    exits: u64,
    is_suspicious: bool,
    told: (Progress, u32),
}

impl Watchdog {
    /// Begins to watch a machine that may be without progress for `patience` tenths of a second; `ticks` are the
    /// timer's, `waited` the rounds of the longest wait of its case.
    #[must_use]
    pub fn new(patience: u32, waited: u32, ticks: u32) -> Self {
        let times = 1 + waited / WAITED;
        Self {
            patience: patience.saturating_mul(TIMER_TICKS).saturating_mul(times),
            most_in_a_circle: if patience <= PATIENCE { EXITS_IN_A_CIRCLE } else { u64::MAX },
            seen: Progress::default(),
            since: ticks,
            looked: ticks,
            stuck: None,
            exits: 0,
            is_suspicious: false,
            told: (Progress::default(), ticks),
        }
    }

    /// True if the machine has got nowhere for too long. `look` looks at it more closely than at each exit.
    pub fn is_hung(&mut self, ticks: u32, progress: Progress, look: impl FnOnce() -> Stuck) -> bool {
        if progress != self.seen {
            // A guest that has lost its place may reboot again and again: it gets somewhere each time.
            if self.seen.has_begun && progress.begun < self.seen.begun {
                return true;
            }
            (self.seen, self.since, self.stuck) = (progress, ticks, None);
        }
        self.is_suspicious = false;
        if ticks == self.looked {
            return false;
        }
        self.looked = ticks;
        let now = look();
        let is_first = self.stuck.is_none();
        let before = *self.stuck.get_or_insert(now);
        self.is_suspicious = is_first && now.exits.saturating_sub(self.exits) >= self.most_in_a_circle;
        self.exits = now.exits;
        let most =
            if now.registers.is_some() && now.registers == before.registers { self.most_in_a_circle } else { EXITS };
        let patience = if progress.has_begun { self.patience } else { self.patience.div_ceil(BOOT_PART) };
        ticks.wrapping_sub(self.since) >= patience || now.exits.saturating_sub(before.exits) >= most.min(EXITS)
    }

    /// True if it is worth another look soon: at a tick without progress the machine had left its guest often since the
    /// preceding tick.
    #[must_use]
    pub const fn is_suspicious(&self) -> bool {
        self.is_suspicious
    }

    /// True if the machine has been silent for long and got somewhere meanwhile; then this counts as reported.
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

    const fn at_step(begun: u32) -> Progress {
        Progress { has_begun: true, case: 0, begun }
    }

    /// So many exits, and registers that cannot be read.
    fn exits(exits: u64) -> impl FnOnce() -> Stuck {
        move || Stuck { exits, registers: None }
    }

    #[test]
    fn a_guest_that_begins_anew_gets_nowhere() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(1, at_step(4), exits(0)));
        assert!(!watchdog.is_hung(1, at_step(5), exits(0)));
        assert!(watchdog.is_hung(1, at_step(0), exits(0)));
    }

    #[test]
    fn a_guest_that_is_seen_before_the_first_step_does_not_begin_anew() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        for progress in [Progress::default(), at_step(0), at_step(1)] {
            assert!(!watchdog.is_hung(1, progress, exits(0)), "{progress:?}");
        }
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
        assert!(!watchdog.is_hung(8, stuck, exits(0)));
        assert!(!watchdog.is_hung(8 + PATIENCE * TIMER_TICKS - 1, stuck, exits(0)));
        assert!(watchdog.is_hung(8 + PATIENCE * TIMER_TICKS, stuck, exits(0)));
    }

    #[test]
    fn a_machine_that_boots_is_hung_earlier() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(PATIENCE * TIMER_TICKS / BOOT_PART - 1, Progress::default(), exits(0)));
        assert!(watchdog.is_hung(PATIENCE * TIMER_TICKS / BOOT_PART, Progress::default(), exits(0)));
    }

    #[test]
    fn only_a_machine_that_gets_on_is_told_and_not_at_each_step() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        let told: u32 = (1..=10 * SILENCE)
            .map(|tick| {
                assert!(!watchdog.is_hung(tick, at_step(tick.min(5 * SILENCE)), exits(0)));
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
            assert!(!watchdog.is_hung(ticks, at_step(step), exits(u64::from(step) * EXITS)), "step {step}");
        }
    }

    #[test]
    fn a_machine_that_only_leaves_its_guest_is_hung_before() {
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(1, at_step(1), exits(5)), "they came before the step, for all it knows");
        assert!(!watchdog.is_hung(2, at_step(1), exits(5 + EXITS - 1)));
        assert!(watchdog.is_hung(3, at_step(1), exits(5 + EXITS)));
    }

    #[test]
    fn a_machine_that_goes_round_in_a_circle_is_hung_much_before() {
        let at = |pc, exits| move || Stuck { exits, registers: Some(Regs::at(pc)) };
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        assert!(!watchdog.is_hung(1, at_step(1), at(0x100, 5)));
        assert!(!watchdog.is_hung(2, at_step(1), at(0x100, 5 + EXITS_IN_A_CIRCLE - 1)));
        assert!(!watchdog.is_hung(3, at_step(1), at(0x104, 5 + EXITS_IN_A_CIRCLE)), "it gets on");
        assert!(watchdog.is_hung(4, at_step(1), at(0x100, 5 + EXITS_IN_A_CIRCLE)));
        // One that leaves its guest more often between two ticks than it may in a circle is looked at again soon, once.
        let mut watchdog = Watchdog::new(PATIENCE, 0, 0);
        let mut suspicions = 0;
        for (tick, exits) in [(1, 5), (2, 5), (3, EXITS_IN_A_CIRCLE + 5), (3, 0), (4, EXITS_IN_A_CIRCLE + 5)] {
            assert!(!watchdog.is_hung(tick, at_step(tick.min(3)), at(tick.into(), exits)));
            assert_eq!(watchdog.is_suspicious(), (tick, exits) == (3, EXITS_IN_A_CIRCLE + 5));
            suspicions += u32::from(watchdog.is_suspicious());
        }
        assert_eq!(suspicions, 1);
        // On a host that may be starved it is given as many as one that gets on.
        let mut watchdog = Watchdog::new(PATIENCE + 1, 0, 0);
        assert!(!watchdog.is_hung(1, at_step(1), at(0x100, 0)));
        assert!(!watchdog.is_hung(2, at_step(1), at(0x100, EXITS - 1)));
        assert!(watchdog.is_hung(3, at_step(1), at(0x100, EXITS)));
    }

    #[test]
    fn a_long_wait_is_given_as_much_for_each_of_its_parts() {
        let stuck = at_step(1);
        let mut watchdog = Watchdog::new(PATIENCE, 3 * WAITED, 0);
        assert!(!watchdog.is_hung(1, stuck, exits(0)));
        assert!(!watchdog.is_hung(1 + 4 * PATIENCE * TIMER_TICKS - 1, stuck, exits(0)));
        assert!(watchdog.is_hung(1 + 4 * PATIENCE * TIMER_TICKS, stuck, exits(0)));
    }
}
