//! What the BookE families have in common: timers and debug (EREF, chapters 8 and 9; PPC440 user manual).

use crate::spr::{self, mfspr, mtspr};
use sprig_isa::exception::Exception;
use sprig_isa::spr::number;
use sprig_isa::timer::tsr;

/// Writing ones clears.
const ALL: u32 = !0;

/// Disables every timer and debug event and forgets those that are pending.
pub(super) fn stop_timers() {
    // SAFETY: every BookE CPU has these; the kernel uses neither timers nor debug events.
    unsafe {
        spr::set::<{ number::TCR }>(0);
        spr::set::<{ number::DEC }>(0);
        spr::set::<{ number::DBCR0 }>(0);
        forget::<{ number::TSR }>();
        forget::<{ number::DBSR }>();
    }
}

/// Clears a status register, in which writing ones clears.
///
/// # Safety
/// The CPU has this register.
unsafe fn forget<const NUMBER: u16>() {
    // SAFETY: the caller's duty; no caller waits for any of its bits.
    unsafe {
        if mfspr::<NUMBER>() != 0 {
            mtspr::<NUMBER>(ALL);
        }
    }
}

/// Clears a timer's interrupt; false if it is not a timer's.
pub(super) fn acknowledge(exception: Exception) -> bool {
    let bits = match exception {
        Exception::Decrementer => tsr::DIS,
        Exception::FixedIntervalTimer => tsr::FIS,
        Exception::Watchdog => tsr::ENW | tsr::WIS,
        _ => return false,
    };
    // SAFETY: every BookE CPU has it; nothing waits for the bit.
    unsafe { mtspr::<{ number::TSR }>(bits) };
    true
}
