//! QEMU run for its output, outside a session: its standard output goes to a caller until the caller stops reading.

use super::binary;
use super::process::Process;
use super::watch::{Hang, Sample, Watch};
use super::{REMEDY, SETPRIV};
use crate::target::Limits;
use crate::target::console::Text;
use std::ffi::OsString;
use std::io;
use std::time::Instant;

/// QEMU did not print what it was run for.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It, or something it needs, is not installed.
    #[error("{program} is not installed: run {REMEDY}")]
    Missing {
        /// What.
        program: String,
    },
    /// The operating system refused something.
    #[error("cannot run QEMU: {0}")]
    Io(#[from] io::Error),
    /// It ended before the caller had had enough.
    #[error("QEMU ended too early, {status}{messages}")]
    Ended {
        /// How.
        status: std::process::ExitStatus,
        /// What it said on standard error, on lines of its own.
        messages: String,
    },
    /// It got nowhere.
    #[error("QEMU hangs: {0}")]
    Hung(String),
}

impl From<Hang> for StreamError {
    fn from(hang: Hang) -> Self {
        Self::Hung(hang.to_string())
    }
}

/// Says which of the programs that [`stream`] needs is not installed.
#[must_use]
pub fn missing(program: &str) -> Option<StreamError> {
    let absent = |program: &str| StreamError::Missing { program: program.to_owned() };
    if binary::find(program).is_none() {
        return Some(absent(program));
    }
    binary::find_system(SETPRIV).is_none().then(|| absent(SETPRIV))
}

/// Runs a QEMU program with these arguments and gives `each` the bytes of its standard output, until `each` returns
/// false. QEMU is killed then.
///
/// # Errors
/// [`StreamError`] where that does not happen.
pub fn stream(program: &str, arguments: &[OsString], each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), StreamError> {
    let absent = || StreamError::Missing { program: program.to_owned() };
    let qemu = binary::find(program).ok_or_else(absent)?;
    let setpriv = binary::find_system(SETPRIV).ok_or(StreamError::Missing { program: SETPRIV.to_owned() })?;
    let mut process = Process::start("QEMU", &setpriv, &qemu, arguments)?;
    let limits = Limits::default();
    let (mut watch, mut messages) = (Watch::new(limits), Text::default());
    let (mut sampled, mut quiet, mut booted) = (Instant::now(), true, false);
    loop {
        let found = process.wait(limits.sample.saturating_sub(sampled.elapsed()))?;
        messages.hear(&found.stderr);
        if !found.stdout.is_empty() {
            (quiet, booted) = (false, true);
            watch.progress();
            if !each(&found.stdout) {
                return Ok(());
            }
        }
        if found.ended {
            let messages = messages.finish();
            let messages = if messages.is_empty() { String::new() } else { format!(":\n{messages}") };
            return Err(StreamError::Ended { status: process.status()?, messages });
        }
        if sampled.elapsed() >= limits.sample {
            if let Some(sample) = Sample::take(process.id()) {
                watch.sample(sample, booted, quiet)?;
            }
            (sampled, quiet) = (Instant::now(), true);
        }
    }
}
