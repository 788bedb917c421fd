//! CPU time of this process and of the processes it has waited for, and the memory that this process takes.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use std::{fs, io};

/// User and system time so far, seconds, children that have ended included.
///
/// # Errors
/// What the operating system says; it has no reason to refuse.
pub fn now() -> nix::Result<f64> {
    let own = getrusage(UsageWho::RUSAGE_SELF)?;
    let children = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok([own, children].iter().map(|usage| seconds(usage.user_time()) + seconds(usage.system_time())).sum())
}

/// Largest resident size of this process while an action runs, KiB: what it took before does not count (proc_pid_clear_refs(5)).
///
/// # Errors
/// What the operating system says if it does not have or allow it.
pub fn peak_memory(action: impl FnOnce()) -> io::Result<u64> {
    const FORGET_PEAK: &str = "5";
    fs::write("/proc/self/clear_refs", FORGET_PEAK)?;
    action();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.ok_or_else(|| io::Error::other("/proc/self/status has no VmHWM"))
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
