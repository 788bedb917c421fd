//! Why and when the guest left for the hypervisor, counted.

use sprig_wire::{layout, log};

use crate::memory::Memory;

/// Why the guest left for the hypervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// A privileged instruction of the guest kernel, emulated.
    Emulated,
    /// A hypercall.
    Hypercall,
    /// An interrupt that an instruction caused and the guest's own handler gets.
    Reflected,
    /// A translation the guest has and the shadow TLB had not.
    ShadowMiss,
    /// An access to a device, done by user space.
    Mmio,
    /// User space debugs the guest, which has come to where it is to stop.
    Debug,
    /// A timer of the guest's has expired: a timer interrupt of the host.
    Timer,
    /// The host wanted the CPU.
    Host,
}

impl Exit {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Emulated,
        Self::Hypercall,
        Self::Reflected,
        Self::ShadowMiss,
        Self::Mmio,
        Self::Debug,
        Self::Timer,
        Self::Host,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emulated => "emulated",
            Self::Hypercall => "hypercall",
            Self::Reflected => "reflected",
            Self::ShadowMiss => "shadow-miss",
            Self::Mmio => "mmio",
            Self::Debug => "debug",
            Self::Timer => "timer",
            Self::Host => "host",
        }
    }
}

/// How often the guest left, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Exit::ALL.len()]);

impl Counts {
    /// Exits for this reason.
    #[must_use]
    pub const fn of(&self, reason: Exit) -> u64 {
        self.0[reason as usize]
    }

    /// All exits.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, other: &Self) {
        for (count, other) in self.0.iter_mut().zip(other.0) {
            *count += other;
        }
    }
}

/// A step of a script: what the guest's log says it is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Number of the case in the batch.
    pub case: u32,
    /// Number of the step in the case; [`log::NO_STEP`] before the first.
    pub step: u32,
}

impl Step {
    /// The step the guest has noted last.
    fn current(memory: &Memory) -> Self {
        const {
            assert!(
                log::AT_STEP == log::AT_CASE + 4 && log::AT_CASE.is_multiple_of(8),
                "one doubleword holds \
            both"
            )
        };
        let both = memory.read_aligned(u64::from(layout::LOG_BASE + log::AT_CASE)).map_or(0, u64::from_be_bytes);
        Self { case: (both >> 32) as u32, step: both as u32 }
    }
}

/// Every exit of a guest, by step and reason.
#[derive(Clone, Debug, Default)]
pub struct Exits {
    /// In the order of their steps, which is nearly always that in which a guest comes to them.
    steps: Vec<(Step, Counts)>,
    current: Step,
    /// Exits of the current step that are not in `steps` yet.
    counts: Counts,
}

impl Exits {
    #[inline]
    pub(super) fn count(&mut self, memory: &Memory, reason: Exit) {
        let step = Step::current(memory);
        if step != self.current {
            self.begin(step);
        }
        self.counts.0[reason as usize] += 1;
    }

    /// Exits for this reason so far.
    pub(super) fn total_of(&self, reason: Exit) -> u64 {
        self.steps.iter().map(|(_, counts)| counts.of(reason)).sum::<u64>() + self.counts.of(reason)
    }

    #[cold]
    fn begin(&mut self, step: Step) {
        match self.place(self.current) {
            Ok(place) => self.steps[place].1.add(&self.counts),
            Err(place) => self.steps.insert(place, (self.current, self.counts)),
        }
        self.counts = Counts::default();
        self.current = step;
    }

    /// Where a step is in `steps`, or would be.
    fn place(&self, step: Step) -> Result<usize, usize> {
        self.steps.binary_search_by_key(&step, |(step, _)| *step)
    }

    /// Tells the exits of a case, for each step and reason that has any. What leads up to the first step does not
    /// belong to the case.
    pub fn tell_of_case(&self, case: u32, tell: &mut dyn FnMut(u32, Exit, u64)) {
        let (first, last) = (Step { case, step: 0 }, Step { case, step: log::NO_STEP });
        let mut tell_all = |step: Step, counts: &Counts| {
            for (reason, count) in Exit::ALL.into_iter().zip(counts.0).filter(|(_, count)| *count > 0) {
                tell(step.step, reason, count);
            }
        };
        let is_current_known = self.place(self.current).is_ok();
        let [first_place, last_place] = [first, last].map(|step| self.place(step).unwrap_or_else(|place| place));
        for (step, counts) in &self.steps[first_place..last_place] {
            if *step == self.current { tell_all(*step, &self.of_step(*step)) } else { tell_all(*step, counts) }
        }
        if (first..last).contains(&self.current) && !is_current_known {
            tell_all(self.current, &self.counts);
        }
    }

    /// The exits of a step.
    #[must_use]
    pub fn of_step(&self, step: Step) -> Counts {
        let mut counts = self.place(step).map_or_else(|_| Counts::default(), |place| self.steps[place].1);
        if step == self.current {
            counts.add(&self.counts);
        }
        counts
    }

    /// All exits.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = self.counts;
        for (_, counts) in &self.steps {
            total.add(counts);
        }
        total
    }
}
