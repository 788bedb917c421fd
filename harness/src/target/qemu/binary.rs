//! Finding QEMU and asking for its version, once for each binary.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Folders to search for QEMU instead of those of `PATH`.
pub const PATH_VARIABLE: &str = "SPRIG_QEMU_PATH";

/// A version of QEMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Before the first dot.
    pub major: u32,
    /// After it.
    pub minor: u32,
    /// Bug fixes only.
    pub patch: u32,
}

impl Version {
    /// The oldest one whose behaviour the goldens record.
    pub const FLOOR: Self = Self { major: 10, minor: 0, patch: 0 };
    /// QEMU makes three releases a year: x.0, x.1, x.2.
    const LAST_MINOR: u32 = 2;

    /// Reads the first line of `--version`.
    fn parse(output: &str) -> Option<Self> {
        let rest = output.strip_prefix("QEMU emulator version ")?;
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { major: next()?, minor: next()?, patch: next()? })
    }

    /// The releases since the floor, newest first, the floor itself left out: each may have changed what a guest sees.
    pub fn since_floor(self) -> impl Iterator<Item = (u32, u32)> {
        let floor = (Self::FLOOR.major, Self::FLOOR.minor);
        let last = (self.major, self.minor);
        let minors = move |major| (0..=Self::LAST_MINOR.max(if major == last.0 { last.1 } else { 0 })).rev();
        (floor.0..=last.0)
            .rev()
            .flat_map(move |major| minors(major).map(move |minor| (major, minor)))
            .filter(move |release| *release > floor && *release <= last)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Finds a program: in the folders of [`PATH_VARIABLE`] if that is set, else of `PATH`.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    search(name, &std::env::var_os(PATH_VARIABLE).or_else(|| std::env::var_os("PATH"))?)
}

/// Finds a program of the system.
pub(super) fn find_system(name: &str) -> Option<PathBuf> {
    search(name, &std::env::var_os("PATH")?)
}

fn search(name: &str, folders: &std::ffi::OsStr) -> Option<PathBuf> {
    std::env::split_paths(folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The version a binary says it has; none if it does not say.
pub(super) fn version(binary: &Path) -> Option<Version> {
    static KNOWN: Mutex<BTreeMap<PathBuf, Option<Version>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(binary.to_path_buf()).or_insert_with(|| {
        let output = Command::new(binary).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        Version::parse(&String::from_utf8_lossy(&output.stdout))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_whatever_the_distribution_appends() {
        let parsed = Version::parse("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\nCopyright");
        assert_eq!(parsed, Some(Version { major: 10, minor: 0, patch: 2 }));
        assert_eq!(
            Version::parse("QEMU emulator version 11.1.50-dirty"),
            Some(Version { major: 11, minor: 1, patch: 50 })
        );
        assert_eq!(Version::parse("qemu"), None);
    }

    #[test]
    fn releases_count_down_to_the_floor() {
        let since = |major, minor| Version { major, minor, patch: 3 }.since_floor().collect::<Vec<_>>();
        assert_eq!(since(10, 0), []);
        assert_eq!(since(11, 1), [(11, 1), (11, 0), (10, 2), (10, 1)]);
    }
}
