//! Signals: the watchdog's ticks, and those that mean a mistake of ours.

use crate::linux::{self, SigAction, SignalSet};
use crate::panic;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use sprig_kvm::watchdog::{SOON_MICROSECONDS, TIMER_MICROSECONDS};

// include/uapi/asm-generic/signal.h
const SIGILL: usize = 4;
const SIGBUS: usize = 7;
const SIGSEGV: usize = 11;
const SIGALRM: usize = 14;

static TICKS: AtomicU32 = AtomicU32::new(0);

/// Starts the timer, and sees to it that a mistake of this program is not taken for the host's: a first process that is
/// killed takes its kernel along.
pub(crate) fn install() {
    // Not SA_RESTART: KVM_RUN is to return.
    let action = |handler| SigAction { handler, flags: 0, restorer: 0, mask: SignalSet::default() };
    // SAFETY: one handler counts, the other ends the program.
    unsafe {
        linux::sigaction(SIGALRM, &action(tick));
        for signal in [SIGILL, SIGBUS, SIGSEGV] {
            linux::sigaction(signal, &action(fault));
        }
    }
    linux::unblock_signals();
    linux::start_timer(TIMER_MICROSECONDS, TIMER_MICROSECONDS);
}

/// Has the next tick come soon, and the others when they would.
pub(crate) fn tick_soon() {
    linux::start_timer(SOON_MICROSECONDS, TIMER_MICROSECONDS);
}

/// Ticks so far.
pub(crate) fn ticks() -> u32 {
    TICKS.load(Relaxed)
}

extern "C" fn tick(_signal: i32) {
    TICKS.fetch_add(1, Relaxed);
}

extern "C" fn fault(signal: i32) {
    panic::end(format_args!("the VMM got signal {signal}"))
}
