//! Files for a QEMU process.

use crate::target::{Stop, Unprepared};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// A file without a name: gone with this process, whatever ends it.
pub(crate) fn unnamed(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// The same, for a session.
pub(in crate::target) fn unnamed_or_stop(bytes: &[u8]) -> Result<File, Stop> {
    unnamed(bytes).map_err(|error| {
        let folder = std::env::temp_dir();
        Stop::error(format!("cannot write a temporary file in {} (TMPDIR): {error}", folder.display()))
    })
}

/// The memory of a machine, as a file that only memory holds: the same to two processes, gone with both.
pub(in crate::target) fn memory(bytes: u64) -> Result<File, Stop> {
    let made = || -> io::Result<File> {
        let file = File::from(memfd_create("sprig-guest-memory", MemfdFlags::CLOEXEC)?);
        file.set_len(bytes)?;
        Ok(file)
    };
    made().map_err(|error| Stop::error(format!("cannot make {bytes} bytes of memory to share with QEMU: {error}")))
}

/// A path under which another process can open it as long as this one holds it.
pub(crate) fn path_of(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
}

/// Writes a file for starting QEMU by hand; its path.
pub(in crate::target) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Unprepared> {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|error| Unprepared::Write { path: path.clone(), error })?;
    Ok(path)
}
