//! Time, counted in instructions: the same program sees the same time base on every run.

/// Instructions the CPU executes while the time base advances by one. Real cores have a time base of a sixteenth to a
/// thirtieth of the core clock; a small power of two keeps waiting loops of guests short.
pub const INSTRUCTIONS_PER_TICK: u64 = 8;

/// The instruction counter, the time base derived from it, and the alarm that makes the CPU look at its timers.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    executed: u64,
    alarm: u64,
    /// What mtspr TBL/TBU added to the time base.
    offset: u64,
}

impl Clock {
    /// Instructions executed since power-on.
    #[inline]
    #[must_use]
    pub fn executed(&self) -> u64 {
        self.executed
    }

    /// The 64-bit time base.
    #[must_use]
    pub fn time_base(&self) -> u64 {
        (self.executed / INSTRUCTIONS_PER_TICK).wrapping_add(self.offset)
    }

    /// Sets the time base, as mtspr TBL and TBU do.
    pub fn set_time_base(&mut self, value: u64) {
        self.offset = value.wrapping_sub(self.executed / INSTRUCTIONS_PER_TICK);
    }

    /// Ticks since power-on, which no guest can set: the scale on which timers keep their deadlines.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.executed / INSTRUCTIONS_PER_TICK
    }

    /// Makes the CPU call [`Supervisor::poll`](crate::cpu::Supervisor::poll) once `ticks` has reached this value, or
    /// earlier; a poll must set the alarm again.
    pub fn wake_at_tick(&mut self, tick: u64) {
        self.alarm = self.alarm.min(tick.saturating_mul(INSTRUCTIONS_PER_TICK));
    }

    /// Makes the CPU call [`Supervisor::poll`](crate::cpu::Supervisor::poll) before the next instruction: after
    /// anything that may have made an interrupt deliverable.
    pub fn wake_now(&mut self) {
        self.alarm = 0;
    }

    /// Time passes without instructions, up to the alarm.
    pub(crate) fn skip_to_alarm(&mut self) {
        self.executed = self.executed.max(self.alarm);
    }

    #[inline]
    pub(crate) fn tick(&mut self) {
        self.executed += 1;
    }

    #[inline]
    pub(crate) fn alarm_is_due(&self) -> bool {
        self.executed >= self.alarm
    }

    pub(crate) fn set_alarm(&mut self, executed: u64) {
        self.alarm = executed;
    }
}
