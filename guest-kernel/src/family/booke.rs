//! What the BookE families have in common: timers and debug (EREF, chapters "Timers" and "Debug"; PPC440 user manual).

use crate::spr::mtspr;
use sprig_isa::exception::Exception;
use sprig_isa::spr::number;
use sprig_isa::timer::tsr;

/// Writing ones clears.
const ALL: u32 = !0;

/// Disables every timer and debug event and forgets those that are pending.
pub(super) fn stop_timers() {
    // SAFETY: every BookE CPU has these; the kernel uses neither timers nor debug events.
    unsafe {
        mtspr::<{ number::TCR }>(0);
        mtspr::<{ number::DEC }>(0);
        mtspr::<{ number::TSR }>(ALL);
        mtspr::<{ number::DBCR0 }>(0);
        mtspr::<{ number::DBSR }>(ALL);
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
    // SAFETY: every BookE CPU has it; nobody waits for the bit.
    unsafe { mtspr::<{ number::TSR }>(bits) };
    true
}
