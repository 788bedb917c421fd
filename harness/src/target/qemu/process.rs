//! A process that dies with the harness, and its two streams.
//!
//! ```text
//!   harness --fork--> setpriv --exec--> sh --exec--> qemu        one process, one id
//!                     asks for SIGKILL  checks that the
//!                     when its parent   parent is still
//!                     thread ends       the harness
//! ```
//!
//! The kernel sends the signal when the *thread* that forked ends, so a thread that starts a process here stays until
//! it has ended: [`super::Qemu`] runs a session in one call. A parent that dies before setpriv has asked is what the
//! check is for.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Runs its arguments only if process $0 is still the parent.
const CHECK_PARENT: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;
/// Most bytes taken from a stream at once.
const CHUNK: usize = 64 << 10;

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    title: &'static str,
    child: Child,
    handle: OwnedFd,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// What a wait found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Bytes on standard output.
    pub(super) stdout: Vec<u8>,
    /// Bytes on standard error.
    pub(super) stderr: Vec<u8>,
    /// The process has ended, and both streams are read to their end.
    pub(super) ended: bool,
}

impl Process {
    /// Starts `program` so that it does not outlive this thread.
    pub(super) fn start(
        title: &'static str,
        setpriv: &Path,
        program: &Path,
        arguments: &[OsString],
    ) -> io::Result<Self> {
        let mut child = Command::new(setpriv)
            .args(["--pdeathsig", "KILL", "--", "/bin/sh", "-c", CHECK_PARENT])
            .arg(std::process::id().to_string())
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(handle) => Ok(Self { title, child, handle, stdout, stderr }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error.into())
            }
        }
    }

    /// What messages call it.
    pub(super) const fn title(&self) -> &'static str {
        self.title
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until there is something to read, the process has ended, or the time is over.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<Found> {
        let mut fds = vec![PollFd::new(&self.handle, PollFlags::IN)];
        let streams = [self.stdout.as_ref().map(AsFd::as_fd), self.stderr.as_ref().map(AsFd::as_fd)];
        fds.extend(streams.iter().flatten().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Found::default()),
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let gone = ready.next().unwrap_or(false);
        let stdout_ready = self.stdout.is_some() && ready.next().unwrap_or(false);
        let stderr_ready = self.stderr.is_some() && ready.next().unwrap_or(false);
        let mut found = Found::default();
        if stdout_ready {
            found.stdout = read_some(&mut self.stdout)?;
        }
        if stderr_ready {
            found.stderr = read_some(&mut self.stderr)?;
        }
        // With the process gone, nothing more comes: what is not ready now is empty, even if something else holds the
        // pipe.
        found.ended = gone && !stdout_ready && !stderr_ready;
        Ok(found)
    }

    /// How it ended; waits for it.
    pub(super) fn status(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// One read; the stream is dropped at its end.
fn read_some<R: Read>(stream: &mut Option<R>) -> io::Result<Vec<u8>> {
    let Some(reader) = stream else { return Ok(Vec::new()) };
    let mut bytes = vec![0; CHUNK];
    let length = match reader.read(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Vec::new()),
        read => read?,
    };
    if length == 0 {
        *stream = None;
    }
    bytes.truncate(length);
    Ok(bytes)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended and been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
