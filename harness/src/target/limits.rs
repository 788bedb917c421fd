//! What a target may use up before it counts as hung.
//!
//! Nothing here is a wall-clock limit: a loaded machine, a suspended laptop or a debugger must not turn a slow case
//! into a hang. What counts is what the target itself did since the last step of progress: CPU time it used, or time
//! during which it was seen to sleep.

use std::time::Duration;

/// Limits of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of the target's process from its start to the guest's first word. Real firmware needs ten seconds of
    /// it.
    pub boot_cpu: Duration,
    /// CPU time of the target's process without a step of progress.
    pub case_cpu: Duration,
    /// Time the target's process was seen asleep, all threads of it, without a step of progress.
    pub idle: Duration,
    /// How often the process is looked at: the resolution of the limits above.
    pub sample: Duration,
    /// Console bytes without a step of progress.
    pub output: u64,
    /// Instructions of an interpreted machine without a step of progress; none if they follow from the longest wait of
    /// the case.
    pub instructions: Option<u64>,
}

impl Limits {
    /// Ten times what the slowest firmware needs.
    pub const BOOT_CPU: Duration = Duration::from_secs(120);
    /// A thousand times what the longest case needs.
    pub const CASE_CPU: Duration = Duration::from_secs(20);
    /// No guest of ours ever waits for anything but its own timers, which fire within milliseconds.
    pub const IDLE: Duration = Duration::from_secs(20);
    /// Cheap enough not to be noticed, fine enough for all of the above.
    pub const SAMPLE: Duration = Duration::from_millis(50);
    /// The longest log, in frames, is a thirtieth of this.
    pub const OUTPUT: u64 = 64 << 20;
    /// About the work [`Self::CASE_CPU`] buys on an interpreter of 100 million instructions a second, divided by ten: a
    /// machine that counts instructions is never starved.
    const INSTRUCTIONS: u64 = 200_000_000;
    /// More than a round of a wait takes.
    const INSTRUCTIONS_PER_ROUND: u64 = 8;

    /// Instructions without a step of progress for a case whose longest wait has so many rounds.
    #[must_use]
    pub fn instructions(&self, longest_wait: u32) -> u64 {
        let needed = Self::INSTRUCTIONS_PER_ROUND * u64::from(longest_wait);
        self.instructions.unwrap_or(Self::INSTRUCTIONS.max(needed))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            boot_cpu: Self::BOOT_CPU,
            case_cpu: Self::CASE_CPU,
            idle: Self::IDLE,
            sample: Self::SAMPLE,
            output: Self::OUTPUT,
            instructions: None,
        }
    }
}
