//! Decrementer, fixed-interval timer and watchdog.
//!
//! Nothing counts: each timer is a point on the clock's scale of ticks, computed when it is read. The families differ
//! in what the decrementer's exception is:
//!
//! ```text
//!   embedded        reaching 0 sets TSR[DIS], a level until software clears it; DEC stays 0 or reloads from DECAR
//!   32-bit server   passing from 0 to -1 is an edge, held until its interrupt is taken
//!   64-bit server   a level as long as DEC is negative
//! ```
//!
//! A third time-out of the watchdog has no effect of its own, whatever TCR\[WRC\] asks for: what it resets is up to the
//! board. It is counted for whoever has asked.

use sprig_isa::cpu::Family;
use sprig_isa::spr::{Spr, number};
use sprig_isa::timer::{tcr, tsr};

use crate::clock::Clock;
use crate::cpu::Sprs;
use crate::sources::Sources;

/// Ticks until a 32-bit decrementer is back where it was.
const DECREMENTER_WRAP: u64 = 1 << 32;
/// The sign of the decrementer.
const DECREMENTER_SIGN: u64 = 1 << 31;
/// The half of the time base that TBWL writes.
const LOWER: u64 = u32::MAX as u64;
/// The time base bits of a 440's shortest fixed interval, 2^13 ticks, and watchdog period, 2^21; each next period is 16
/// times as long.
const INTERVAL_44X: u32 = 12;
const WATCHDOG_44X: u32 = 20;
const PERIODS_44X: u32 = 4;

/// The timers of one CPU. TCR, TSR and DECAR are its special-purpose registers.
#[derive(Clone, Debug)]
pub struct Timers {
    family: Family,
    /// The tick at which DEC is zero.
    zero_at: u64,
    /// Embedded: DEC counts down to `zero_at` and has not reached it yet. Server: always true.
    running: bool,
    /// 32-bit server: the edge has happened and its interrupt has not been taken.
    edge: bool,
    /// Ticks up to which everything that happened is known.
    seen: u64,
    /// The time base at that moment.
    seen_time_base: u64,
    /// The watchdog's third time-outs, each once TCR\[WRC\] asks for something; none where nobody counts them.
    last_time_outs: Option<u64>,
}

impl Timers {
    /// The timers of a CPU of this family at power-on. A server CPU's decrementer starts at its greatest positive
    /// value, an embedded one's at zero.
    #[must_use]
    pub fn new(family: Family, clock: &Clock) -> Self {
        let server = !family.is_booke();
        let zero_at = clock.ticks() + if server { DECREMENTER_SIGN - 1 } else { 0 };
        let (seen, seen_time_base) = (clock.ticks(), clock.time_base());
        Self { family, zero_at, running: server, edge: false, seen, seen_time_base, last_time_outs: None }
    }

    /// From now on the watchdog's last time-outs are counted.
    pub fn count_last_time_outs(&mut self) {
        self.last_time_outs.get_or_insert(0);
    }

    /// How many there were.
    #[must_use]
    pub fn last_time_outs(&self) -> u64 {
        self.last_time_outs.unwrap_or(0)
    }

    /// The value of DEC now: what it has counted down to, stopped at zero, or begun anew with.
    #[must_use]
    pub fn decrementer(&mut self, clock: &Clock, sprs: &mut Sprs) -> u64 {
        self.advance(clock, sprs);
        self.count(clock)
    }

    /// The same, of timers that have been advanced.
    fn count(&self, clock: &Clock) -> u64 {
        if self.running { self.zero_at.wrapping_sub(clock.ticks()) & (DECREMENTER_WRAP - 1) } else { 0 }
    }

    /// True of the registers that [`Self::write`] writes.
    #[inline]
    #[must_use]
    pub fn is_written(&self, cell: u16) -> bool {
        match cell {
            number::DEC | number::TBWL | number::TBWU => true,
            number::TSR | number::TCR | number::DECAR => self.family.is_booke(),
            _ => false,
        }
    }

    /// `mtspr` to a register of the timers.
    pub fn write(&mut self, clock: &mut Clock, sprs: &mut Sprs, row: &Spr, value: u64) {
        // What has happened meanwhile is in TSR: cleared too, if so written.
        self.advance(clock, sprs);
        let time_base = clock.time_base();
        match row.cell {
            number::DEC => self.set_decrementer(clock, value),
            number::TBWL => clock.set_time_base(time_base & !LOWER | value & LOWER),
            number::TBWU => clock.set_time_base(time_base & LOWER | value << 32),
            cell => {
                let old = sprs.get(cell);
                // Once set, a watchdog reset cannot be taken back (EREF, table 3-27; Power ISA 2.07 lifts this).
                let stays = if cell == number::TCR { old & u64::from(tcr::WRC) } else { 0 };
                sprs.set(cell, row.write.apply(old, value) | stays);
            }
        }
        self.time_base_written(time_base, clock, sprs);
        clock.wake_now();
    }

    /// Writes DEC, after [`Self::advance`]. On the 32-bit server family a write that makes it negative is an edge too.
    pub fn set_decrementer(&mut self, clock: &Clock, value: u64) {
        let value = value & (DECREMENTER_WRAP - 1);
        let was_negative = self.count(clock) & DECREMENTER_SIGN != 0;
        if self.family == Family::Book3s32 && value & DECREMENTER_SIGN != 0 && !was_negative {
            self.edge = true;
        }
        self.running = value != 0 || !self.family.is_booke();
        self.zero_at = clock.ticks().wrapping_add(value);
        if value & DECREMENTER_SIGN != 0 && !self.family.is_booke() {
            self.zero_at = self.zero_at.wrapping_sub(DECREMENTER_WRAP);
        }
        self.seen = clock.ticks();
    }

    /// Takes note of all that has happened up to now, in TSR or as an edge.
    pub fn advance(&mut self, clock: &Clock, sprs: &mut Sprs) {
        let now = clock.ticks();
        if self.family.is_booke() {
            self.advance_embedded(now, sprs);
            self.count_periods(clock, sprs);
        } else if self.family == Family::Book3s32 {
            // The edge is one tick after zero; if it has passed too, it comes again after a whole turn.
            let since = now.wrapping_sub(self.zero_at) as i64;
            if since > 0 {
                if self.seen.wrapping_sub(self.zero_at) as i64 <= 0 {
                    self.edge = true;
                }
                let turns = since as u64 / DECREMENTER_WRAP;
                self.edge |= turns > 0;
                self.zero_at = self.zero_at.wrapping_add(turns * DECREMENTER_WRAP);
            }
        }
        self.seen = now;
        self.seen_time_base = clock.time_base();
    }

    fn advance_embedded(&mut self, now: u64, sprs: &mut Sprs) {
        if !self.running || now < self.zero_at {
            return;
        }
        set_status(sprs, tsr::DIS);
        let reload = sprs.get(number::DECAR);
        if sprs.get(number::TCR) & u64::from(tcr::ARE) != 0 && reload != 0 {
            let periods = (now - self.zero_at) / reload + 1;
            self.zero_at += periods * reload;
        } else {
            self.running = false;
        }
    }

    /// FIT and watchdog: each time-out is a change from 0 to 1 of a time base bit that TCR chooses.
    fn count_periods(&mut self, clock: &Clock, sprs: &mut Sprs) {
        let control = sprs.get(number::TCR) as u32;
        let rises = |bit: u32| rises(bit, self.seen_time_base, clock.time_base());
        if rises(self.fixed_interval_bit(control)) > 0 {
            set_status(sprs, tsr::FIS);
        }
        // What more there are the last of them stands for.
        for _ in 0..rises(self.watchdog_bit(control)).min(3) {
            self.watchdog_times_out(sprs, control);
        }
    }

    fn watchdog_times_out(&mut self, sprs: &mut Sprs, control: u32) {
        let status = sprs.get(number::TSR) as u32;
        if status & tsr::ENW == 0 {
            set_status(sprs, tsr::ENW);
        } else if status & tsr::WIS == 0 {
            set_status(sprs, tsr::WIS);
        } else if control & tcr::WRC != 0 {
            self.last_time_outs = self.last_time_outs.map(|count| count + 1);
        }
    }

    /// The time base was this and may have been written since, after [`Self::advance`]. On a 440 a bit that becomes one
    /// by that is a time-out like any other (440 manual sections 7.3 and 7.4); of the e500 no such sentence was to be
    /// had, and in QEMU it is none.
    fn time_base_written(&mut self, before: u64, clock: &Clock, sprs: &mut Sprs) {
        self.seen_time_base = clock.time_base();
        if self.family != Family::Booke44x {
            return;
        }
        let control = sprs.get(number::TCR) as u32;
        let has_risen = |bit: u32| !before & self.seen_time_base & 1 << bit != 0;
        let (interval, watchdog) = (has_risen(self.fixed_interval_bit(control)), has_risen(self.watchdog_bit(control)));
        if interval {
            set_status(sprs, tsr::FIS);
        }
        if watchdog {
            self.watchdog_times_out(sprs, control);
        }
    }

    fn fixed_interval_bit(&self, control: u32) -> u32 {
        let period = control >> tcr::FP_SHIFT & tcr::PERIOD;
        match self.family {
            Family::Booke44x => INTERVAL_44X + PERIODS_44X * period,
            _ => time_base_bit(control >> tcr::FPEXT_SHIFT, period),
        }
    }

    fn watchdog_bit(&self, control: u32) -> u32 {
        let period = control >> tcr::WP_SHIFT & tcr::PERIOD;
        match self.family {
            Family::Booke44x => WATCHDOG_44X + PERIODS_44X * period,
            _ => time_base_bit(control >> tcr::WPEXT_SHIFT, period),
        }
    }

    /// The timers that want to interrupt the CPU, whether or not its MSR lets them.
    #[inline(always)]
    pub(crate) fn sources(&self, clock: &Clock, sprs: &Sprs) -> Sources {
        if !self.family.is_booke() {
            return Sources::DECREMENTER.when(self.decrementer_pending(clock, sprs));
        }
        let (control, status) = (sprs.get(number::TCR) as u32, sprs.get(number::TSR) as u32);
        // Mostly no timer has expired.
        if status == 0 {
            return Sources::NONE;
        }
        let timer =
            |source: Sources, enable: u32, happened: u32| source.when(control & enable != 0 && status & happened != 0);
        timer(Sources::WATCHDOG, tcr::WIE, tsr::WIS)
            .with(timer(Sources::FIXED_INTERVAL, tcr::FIE, tsr::FIS))
            .with(timer(Sources::DECREMENTER, tcr::DIE, tsr::DIS))
    }

    /// True if the decrementer's interrupt is pending (TCR and MSR apart).
    #[must_use]
    pub fn decrementer_pending(&self, clock: &Clock, sprs: &Sprs) -> bool {
        match self.family {
            Family::BookeE500 | Family::Booke44x => sprs.get(number::TSR) as u32 & tsr::DIS != 0,
            Family::Book3s32 => self.edge,
            Family::Book3s64 => self.count(clock) & DECREMENTER_SIGN != 0,
        }
    }

    /// The decrementer's interrupt has been taken.
    pub fn decrementer_taken(&mut self) {
        self.edge = false;
    }

    /// The tick at which something next happens that may cause an interrupt.
    #[must_use]
    pub fn next_event(&self, clock: &Clock, sprs: &Sprs) -> u64 {
        if !self.family.is_booke() {
            let past_zero = self.zero_at.wrapping_add(1);
            let is_ahead = past_zero.wrapping_sub(clock.ticks()) as i64 > 0;
            return if is_ahead { past_zero } else { past_zero.wrapping_add(DECREMENTER_WRAP) };
        }
        let control = sprs.get(number::TCR) as u32;
        let enabled = |interrupt: u32| control & interrupt != 0;
        let rise = |bit: u32| clock.ticks().saturating_add(until_rise(bit, clock.time_base()));
        [
            (enabled(tcr::DIE) && self.running).then_some(self.zero_at),
            enabled(tcr::FIE).then(|| rise(self.fixed_interval_bit(control))),
            enabled(tcr::WIE).then(|| rise(self.watchdog_bit(control))),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(u64::MAX)
    }
}

fn set_status(sprs: &mut Sprs, bits: u32) {
    sprs.set(number::TSR, sprs.get(number::TSR) | u64::from(bits));
}

/// e500 numbers time base bits from the left, extension first.
fn time_base_bit(extension: u32, period: u32) -> u32 {
    63 - ((extension & tcr::PERIOD_EXTENSION) << 2 | period)
}

/// How often a bit of a counter changes from 0 to 1 on the way from one value to another. A guest can write the time
/// base, so it wraps.
fn rises(bit: u32, from: u64, to: u64) -> u64 {
    let since_zero = |counter: u128| (counter + (1 << bit)) >> (bit + 1);
    let passed = u128::from(to.wrapping_sub(from));
    (since_zero(u128::from(from) + passed) - since_zero(from.into())) as u64
}

/// How many ticks until it does so again: at least one, and of the highest bit up to 2^64, for which the greatest
/// number stands.
fn until_rise(bit: u32, counter: u64) -> u64 {
    let half = 1u128 << bit;
    let phase = u128::from(counter) & (2 * half - 1);
    let ticks = if phase < half { half - phase } else { 3 * half - phase };
    ticks.try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::INSTRUCTIONS_PER_TICK;

    struct Bench {
        timers: Timers,
        clock: Clock,
        sprs: Sprs,
    }

    impl Bench {
        fn new(family: Family) -> Self {
            let clock = Clock::default();
            Self { timers: Timers::new(family, &clock), clock, sprs: Sprs::new() }
        }

        fn pass(&mut self, ticks: u64) {
            self.clock.set_alarm(self.clock.executed() + ticks * INSTRUCTIONS_PER_TICK);
            self.clock.skip_to_alarm();
            self.timers.advance(&self.clock, &mut self.sprs);
        }

        fn set(&mut self, value: u64) {
            self.timers.set_decrementer(&self.clock, value);
        }

        fn pending(&self) -> bool {
            self.timers.decrementer_pending(&self.clock, &self.sprs)
        }

        fn decrementer(&mut self) -> u64 {
            self.timers.decrementer(&self.clock, &mut self.sprs)
        }
    }

    #[test]
    fn an_embedded_decrementer_stops_at_zero_and_stays_pending_until_cleared() {
        let mut bench = Bench::new(Family::BookeE500);
        bench.set(10);
        bench.pass(9);
        assert_eq!((bench.decrementer(), bench.pending()), (1, false));
        bench.pass(5);
        assert_eq!((bench.decrementer(), bench.pending()), (0, true));
        bench.sprs.set(number::TSR, 0);
        bench.pass(100);
        assert!(!bench.pending());
    }

    #[test]
    fn an_embedded_decrementer_reloads_if_told_to() {
        let mut bench = Bench::new(Family::Booke44x);
        bench.sprs.set(number::TCR, u64::from(tcr::ARE | tcr::DIE));
        bench.sprs.set(number::DECAR, 7);
        bench.set(3);
        assert_eq!(bench.timers.next_event(&bench.clock, &bench.sprs), 3);
        bench.pass(4);
        assert_eq!((bench.decrementer(), bench.pending()), (6, true));
        bench.pass(20);
        assert_eq!(bench.decrementer(), 7);
    }

    #[test]
    fn writing_zero_is_no_time_out_on_an_embedded_cpu() {
        let mut bench = Bench::new(Family::BookeE500);
        bench.set(0);
        bench.pass(10);
        assert!(!bench.pending());
    }

    #[test]
    fn a_32_bit_server_decrementer_interrupts_once_per_pass_through_zero() {
        let mut bench = Bench::new(Family::Book3s32);
        bench.set(5);
        assert_eq!(bench.timers.next_event(&bench.clock, &bench.sprs), 6);
        bench.pass(5);
        assert!(!bench.pending());
        bench.pass(1);
        assert_eq!((bench.decrementer(), bench.pending()), (0xffff_ffff, true));
        bench.timers.decrementer_taken();
        bench.pass(100);
        assert!(!bench.pending());
    }

    #[test]
    fn on_a_32_bit_server_cpu_making_it_negative_is_an_edge() {
        let mut bench = Bench::new(Family::Book3s32);
        bench.set(5);
        bench.set(0x8000_0000);
        assert!(bench.pending());
        bench.timers.decrementer_taken();
        bench.set(0xffff_0000);
        assert!(!bench.pending(), "negative before");
        bench.set(5);
        assert!(!bench.pending());
    }

    #[test]
    fn a_64_bit_server_decrementer_is_a_level() {
        let mut bench = Bench::new(Family::Book3s64);
        bench.set(0xffff_ffff);
        bench.timers.decrementer_taken();
        assert!(bench.pending());
        bench.set(5);
        assert!(!bench.pending());
        bench.pass(6);
        assert!(bench.pending());
    }

    #[test]
    fn the_fixed_interval_timer_follows_its_time_base_bit() {
        let mut bench = Bench::new(Family::BookeE500);
        // FPEXT || FP = 59: the bit worth 16.
        bench.sprs.set(number::TCR, u64::from(tcr::FIE | 14 << tcr::FPEXT_SHIFT | 3 << tcr::FP_SHIFT));
        assert_eq!(bench.timers.next_event(&bench.clock, &bench.sprs), 16);
        bench.pass(15);
        assert_eq!(bench.sprs.get(number::TSR), 0);
        bench.pass(1);
        assert_eq!(bench.sprs.get(number::TSR), u64::from(tsr::FIS));
        assert_eq!(bench.timers.next_event(&bench.clock, &bench.sprs), 48);
    }

    #[test]
    fn a_time_base_that_wraps_times_out_like_any_other() {
        for (bit, start) in [(4, u64::MAX - 3), (63, u64::MAX >> 1)] {
            let mut bench = Bench::new(Family::BookeE500);
            let period = 63 - bit;
            let control = period >> 2 << tcr::FPEXT_SHIFT | (period & tcr::PERIOD) << tcr::FP_SHIFT;
            bench.sprs.set(number::TCR, control.into());
            for (name, half) in [("TBWU", start >> 32), ("TBWL", start & LOWER)] {
                let row = Spr::by_name(name).next().expect("a register of the table");
                bench.timers.write(&mut bench.clock, &mut bench.sprs, row, half);
            }
            bench.pass((1u64 << bit).wrapping_sub(start) - 1);
            let has_timed_out = |bench: &Bench| bench.sprs.get(number::TSR) & u64::from(tsr::FIS) != 0;
            assert!(!has_timed_out(&bench), "bit {bit}");
            assert_eq!(until_rise(bit, bench.clock.time_base()), 1, "bit {bit}");
            bench.pass(1);
            assert!(has_timed_out(&bench), "bit {bit}");
            assert!(until_rise(bit, bench.clock.time_base()) > 1 << bit, "bit {bit}");
        }
    }

    #[test]
    fn on_a_440_a_bit_of_the_time_base_that_is_written_one_is_a_time_out() {
        for (family, status) in [(Family::Booke44x, tsr::FIS | tsr::ENW), (Family::BookeE500, 0)] {
            let mut bench = Bench::new(family);
            let row = Spr::by_name("TBWL").next().expect("a register of the table");
            // FP = WP = 0 of a 440: the bits worth 4096 and 2^20.
            bench.timers.write(&mut bench.clock, &mut bench.sprs, row, 0x10_1000);
            assert_eq!(bench.sprs.get(number::TSR), u64::from(status), "{family:?}");
            bench.sprs.set(number::TSR, 0);
            bench.timers.write(&mut bench.clock, &mut bench.sprs, row, 0);
            assert_eq!(bench.sprs.get(number::TSR), 0, "{family:?}");
        }
    }

    #[test]
    fn the_watchdog_needs_two_time_outs_to_interrupt() {
        let mut bench = Bench::new(Family::BookeE500);
        // WPEXT || WP = 62: the bit worth 2.
        bench.sprs.set(number::TCR, u64::from(tcr::WIE | 15 << tcr::WPEXT_SHIFT | 2 << tcr::WP_SHIFT));
        bench.pass(2);
        assert_eq!(bench.sprs.get(number::TSR), u64::from(tsr::ENW));
        bench.pass(4);
        assert_eq!(bench.sprs.get(number::TSR), u64::from(tsr::ENW | tsr::WIS));
    }
}
