//! CPU time of this process and of the processes it has waited for.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// User and system time so far, seconds, children that have ended included.
///
/// # Errors
/// What the operating system says; it has no reason to refuse.
pub fn now() -> nix::Result<f64> {
    let own = getrusage(UsageWho::RUSAGE_SELF)?;
    let children = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok([own, children].iter().map(|usage| seconds(usage.user_time()) + seconds(usage.system_time())).sum())
}

fn seconds(time: TimeVal) -> f64 {
    // A bench does not run for 2^52 microseconds.
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// CPU time an action takes, seconds.
///
/// # Errors
/// As for [`now`].
pub fn of(action: impl FnOnce()) -> nix::Result<f64> {
    let before = now()?;
    action();
    Ok(now()? - before)
}
