//! What can interrupt the guest, as a set.

use sprig_isa::exception::Exception;

/// Sources of asynchronous interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources(u8);

impl Sources {
    pub(super) const NONE: Self = Self(0);
    pub(super) const CRITICAL_LINE: Self = Self(1 << 0);
    pub(super) const WATCHDOG: Self = Self(1 << 1);
    pub(super) const EXTERNAL_LINE: Self = Self(1 << 2);
    pub(super) const FIXED_INTERVAL: Self = Self(1 << 3);
    pub(super) const DECREMENTER: Self = Self(1 << 4);

    /// Those that interrupt where MSR\[CE\] is on.
    pub(super) const CRITICAL_CLASS: Self = Self(Self::CRITICAL_LINE.0 | Self::WATCHDOG.0);
    /// Those that interrupt where MSR\[EE\] is on.
    pub(super) const BASE_CLASS: Self = Self(Self::EXTERNAL_LINE.0 | Self::TIMERS.0 & !Self::WATCHDOG.0);
    /// Those that time brings about.
    pub(super) const TIMERS: Self = Self(Self::WATCHDOG.0 | Self::FIXED_INTERVAL.0 | Self::DECREMENTER.0);

    /// The interrupt of each, in the order of their priorities (EREF, "Interrupt priorities"; Power ISA 2.07 Book III-S,
    /// section 6.9).
    const EXCEPTIONS: [(Self, Exception); 5] = [
        (Self::CRITICAL_LINE, Exception::CriticalInput),
        (Self::WATCHDOG, Exception::Watchdog),
        (Self::EXTERNAL_LINE, Exception::External),
        (Self::FIXED_INTERVAL, Exception::FixedIntervalTimer),
        (Self::DECREMENTER, Exception::Decrementer),
    ];

    /// This set, if a condition holds.
    #[inline]
    pub(super) const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    #[inline]
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline]
    pub(super) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[inline]
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The interrupt of the source that comes first.
    pub(super) fn first(self) -> Option<Exception> {
        Self::EXCEPTIONS.iter().find(|(source, _)| !self.both(*source).is_empty()).map(|(_, exception)| *exception)
    }
}
