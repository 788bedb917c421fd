//! What memory this process takes.

use std::{fs, io};

/// Largest resident size of this process while an action runs, KiB: what it took before does not count
/// (proc_pid_clear_refs(5)).
///
/// # Errors
/// What the operating system says if it does not have or allow it.
pub(super) fn peak(action: impl FnOnce()) -> io::Result<u64> {
    const FORGET_PEAK: &str = "5";
    fs::write("/proc/self/clear_refs", FORGET_PEAK)?;
    action();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.ok_or_else(|| io::Error::other("/proc/self/status has no VmHWM"))
}
