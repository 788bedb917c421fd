//! What wants to interrupt a CPU, as a set; and which of it comes first.
//!
//! The bare CPU and the hypervisor fill the set from their own lines, doorbells and timers. What the MSR lets through
//! and in which order is the architecture's, and is here.

use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, booke};

/// Sources of asynchronous interrupts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(u8);

impl Sources {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const CRITICAL_LINE: Self = Self(1 << 0);
    pub(crate) const WATCHDOG: Self = Self(1 << 1);
    pub(crate) const EXTERNAL_LINE: Self = Self(1 << 2);
    pub(crate) const FIXED_INTERVAL: Self = Self(1 << 3);
    pub(crate) const DECREMENTER: Self = Self(1 << 4);
    pub(crate) const CRITICAL_DOORBELL: Self = Self(1 << 5);
    pub(crate) const DOORBELL: Self = Self(1 << 6);

    /// Those that interrupt where MSR\[CE\] is on; all others do where MSR\[EE\] is.
    pub(crate) const CRITICAL_CLASS: Self = Self(Self::CRITICAL_LINE.0 | Self::WATCHDOG.0 | Self::CRITICAL_DOORBELL.0);
    /// Those that time brings about.
    pub(crate) const TIMERS: Self = Self(Self::WATCHDOG.0 | Self::FIXED_INTERVAL.0 | Self::DECREMENTER.0);

    /// The interrupt of each, in the order of their priorities (EREF, table 7-44; all equal on a server CPU: Power ISA
    /// 2.07 Book III-S, section 6.8).
    const EXCEPTIONS: [(Self, Exception); 7] = [
        (Self::CRITICAL_LINE, Exception::CriticalInput),
        (Self::WATCHDOG, Exception::Watchdog),
        (Self::CRITICAL_DOORBELL, Exception::CriticalDoorbell),
        (Self::EXTERNAL_LINE, Exception::External),
        (Self::FIXED_INTERVAL, Exception::FixedIntervalTimer),
        (Self::DECREMENTER, Exception::Decrementer),
        (Self::DOORBELL, Exception::Doorbell),
    ];

    /// The lines that are raised. A server CPU has no critical input.
    #[inline]
    pub(crate) fn lines(family: Family, external: bool, critical: bool) -> Self {
        Self::EXTERNAL_LINE.when(external).with(Self::CRITICAL_LINE.when(critical && family.is_booke()))
    }

    /// This set, if a condition holds.
    #[inline]
    pub(crate) const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    #[inline]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[inline]
    pub(crate) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that this MSR lets interrupt.
    pub(crate) const fn enabled(self, msr: u64) -> Self {
        let critical = Self::CRITICAL_CLASS.when(msr & booke::CE != 0);
        let base = self.without(Self::CRITICAL_CLASS).when(msr & msr::EE != 0);
        self.both(critical).with(base)
    }

    /// The interrupt of the source that comes first.
    pub(crate) fn first(self) -> Option<Exception> {
        Self::EXCEPTIONS.iter().find(|(source, _)| !self.both(*source).is_empty()).map(|(_, exception)| *exception)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Sources = Sources(0x7f);

    #[test]
    fn critical_sources_need_ce_and_all_others_ee() {
        assert_eq!(ALL.enabled(0), Sources::NONE);
        let critical = Sources::CRITICAL_LINE.with(Sources::WATCHDOG).with(Sources::CRITICAL_DOORBELL);
        assert_eq!(ALL.enabled(booke::CE), critical);
        assert_eq!(ALL.enabled(msr::EE), ALL.without(critical));
        assert_eq!(ALL.enabled(booke::CE | msr::EE), ALL);
    }

    #[test]
    fn one_comes_after_the_other_and_the_critical_ones_come_before_the_others() {
        let mut left = ALL;
        let order: Vec<_> = std::iter::from_fn(|| {
            let first = left.first()?;
            let (source, _) = Sources::EXCEPTIONS.iter().find(|(_, exception)| *exception == first)?;
            left = left.without(*source);
            Some(first)
        })
        .collect();
        let critical = [Exception::CriticalInput, Exception::Watchdog, Exception::CriticalDoorbell];
        let base = [Exception::External, Exception::FixedIntervalTimer, Exception::Decrementer, Exception::Doorbell];
        assert_eq!(order, [&critical[..], &base[..]].concat());
    }
}
