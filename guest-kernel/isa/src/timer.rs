//! The timer registers of the embedded families (e500 core manual, sections 2.6.1 and 2.6.2; reg_booke.h; PPC440 user
//! manual, chapter "Timer facilities").

/// TCR: timer control.
pub mod tcr {
    /// WP: watchdog period, two bits.
    pub const WP_SHIFT: u32 = 30;
    /// WRC: what the watchdog resets; cannot be cleared once set.
    pub const WRC: u32 = 3 << 28;
    /// Watchdog interrupt enable.
    pub const WIE: u32 = 1 << 27;
    /// Decrementer interrupt enable.
    pub const DIE: u32 = 1 << 26;
    /// FP: fixed-interval timer period, two bits.
    pub const FP_SHIFT: u32 = 24;
    /// Fixed-interval timer interrupt enable.
    pub const FIE: u32 = 1 << 23;
    /// The decrementer reloads itself from DECAR.
    pub const ARE: u32 = 1 << 22;
    /// WPEXT: four more bits of the watchdog period, above WP (e500).
    pub const WPEXT_SHIFT: u32 = 17;
    /// FPEXT: four more bits of the fixed-interval timer period, above FP (e500).
    pub const FPEXT_SHIFT: u32 = 13;
    /// The bits of WP and of FP.
    pub const PERIOD: u32 = 3;
    /// The bits of WPEXT and of FPEXT.
    pub const PERIOD_EXTENSION: u32 = 0xf;
}

/// TSR: timer status; each bit is cleared by writing one.
pub mod tsr {
    /// Enable next watchdog: the first watchdog time-out has passed.
    pub const ENW: u32 = 1 << 31;
    /// Watchdog interrupt status.
    pub const WIS: u32 = 1 << 30;
    /// WRS: what the watchdog has reset.
    pub const WRS: u32 = 3 << 28;
    /// Decrementer interrupt status.
    pub const DIS: u32 = 1 << 27;
    /// Fixed-interval timer interrupt status.
    pub const FIS: u32 = 1 << 26;
}
