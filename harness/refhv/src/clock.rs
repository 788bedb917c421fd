//! Time, counted in instructions: the same program sees the same time base on every run.

/// Instructions the CPU executes while the time base advances by one. Real cores have a time base of a sixteenth to a
/// thirtieth of the core clock; a small power of two keeps waiting loops of guests short.
pub const INSTRUCTIONS_PER_TICK: u64 = 8;

/// The alarm is due after this many instructions at the latest: four times that is far from the end of an address
/// space.
const MOST: u64 = 1 << 32;

/// The instruction counter, the time base derived from it, and the alarm that makes the CPU look at its timers.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// The count of instructions at which the CPU looks up.
    alarm: u64,
    /// Instructions until then.
    left: u64,
    /// What mtspr TBL/TBU added to the time base.
    offset: u64,
}

impl Clock {
    /// Instructions executed since power-on.
    #[inline]
    #[must_use]
    pub fn executed(&self) -> u64 {
        self.alarm - self.left
    }

    /// The 64-bit time base.
    #[must_use]
    pub fn time_base(&self) -> u64 {
        self.ticks().wrapping_add(self.offset)
    }

    /// Sets the time base, as mtspr TBL and TBU do.
    pub fn set_time_base(&mut self, value: u64) {
        self.offset = value.wrapping_sub(self.ticks());
    }

    /// Ticks since power-on, which no guest can set: the scale on which timers keep their deadlines.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.executed() / INSTRUCTIONS_PER_TICK
    }

    /// Makes the CPU call [`Supervisor::poll`](crate::cpu::Supervisor::poll) once `ticks` has reached this value, or
    /// earlier; a poll must set the alarm again.
    pub fn wake_at_tick(&mut self, tick: u64) {
        let executed = tick.saturating_mul(INSTRUCTIONS_PER_TICK);
        if executed < self.alarm {
            self.set_alarm(executed);
        }
    }

    /// Makes the CPU call [`Supervisor::poll`](crate::cpu::Supervisor::poll) before the next instruction: after
    /// anything that may have made an interrupt deliverable.
    pub fn wake_now(&mut self) {
        self.set_alarm(0);
    }

    /// The same after the next instruction.
    pub(crate) fn wake_behind_next(&mut self) {
        self.set_alarm(self.executed() + 1);
    }

    /// Time passes without instructions, up to the alarm.
    pub(crate) fn skip_to_alarm(&mut self) {
        self.left = 0;
    }

    /// Counts an instruction that is about to be executed; false, and it is not, if the alarm is due.
    #[inline]
    pub(crate) fn tick(&mut self) -> bool {
        let (left, is_due) = self.left.overflowing_sub(1);
        if !is_due {
            self.left = left;
        }
        !is_due
    }

    /// The count of instructions at which the alarm is due.
    #[inline]
    pub(crate) fn alarm(&self) -> u64 {
        self.alarm
    }

    /// Instructions until the alarm is due.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Counts instructions that have been executed, before the alarm was due.
    #[inline]
    pub(crate) fn count(&mut self, instructions: u64) {
        self.left -= instructions;
    }

    /// The alarm is due when this many instructions have been executed, or now if they have been. It may come earlier,
    /// since what it wakes looks at what is due.
    pub(crate) fn set_alarm(&mut self, executed: u64) {
        let now = self.executed();
        self.left = executed.saturating_sub(now).min(MOST);
        self.alarm = now + self.left;
    }
}
