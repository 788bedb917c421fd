//! One session for many processes: cargo-nextest runs every test in a process of its own.
//!
//! ```text
//!   target/sprig/sessions/<run id>/<target>/lock      held by the process that runs the sessions
//!                                          /results   one line per case; appears complete, by rename
//!                                          /boots     one line per session that was started
//! ```
//!
//! The first process to get the lock runs every case of the target; the others wait for the lock, find the results and
//! judge. The lock is the kernel's (flock), so it is free as soon as its owner is dead, and the next in line takes
//! over.

use super::Progress;
use crate::project;
use crate::target::Target;
use crate::transcript::RunResult;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Results of runs older than this are removed by the next run.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder the processes of one test run share.
#[derive(Clone, Debug)]
pub(super) struct Share {
    folder: PathBuf,
}

/// The share could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot share sessions through {path}: {error}")]
pub(super) struct ShareError {
    path: PathBuf,
    error: io::Error,
}

impl Share {
    /// The share of the nextest run this process belongs to, if it does.
    pub(super) fn from_environment() -> Option<Self> {
        let run = std::env::var("NEXTEST_RUN_ID").ok().filter(|run| !run.is_empty())?;
        // In a stress run the same tests run again and again under one id; each round is to boot again.
        let round = std::env::var("NEXTEST_STRESS_CURRENT").ok().filter(|round| round.parse::<u32>().is_ok());
        let name = round.map_or(run.clone(), |round| format!("{run}-{round}"));
        Some(Self { folder: project::scratch().join("sessions").join(name) })
    }

    /// The result of a case; `run` makes the results of all of the target's cases if nobody has. None if the case is
    /// not among them.
    pub(super) fn result(
        &self,
        target: &str,
        case: &str,
        run: impl FnOnce(&dyn Progress) -> BTreeMap<String, RunResult>,
    ) -> Result<Option<RunResult>, ShareError> {
        let folder = self.folder.join(target);
        let failed = |error| ShareError { path: folder.clone(), error };
        let results = folder.join("results");
        if let Some(found) = look_up(&results, case).map_err(failed)? {
            return Ok(found);
        }
        if !self.folder.exists() {
            remove_old(self.folder.parent());
        }
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::create(folder.join("lock")).map_err(failed)?;
        wait_for(&lock).map_err(failed)?;
        if let Some(found) = look_up(&results, case).map_err(failed)? {
            return Ok(found);
        }
        let boots = OpenOptions::new().create(true).append(true).open(folder.join("boots")).map_err(failed)?;
        let mut made = run(&Boots(boots));
        publish(&folder, &results, &made).map_err(failed)?;
        Ok(made.remove(case))
    }
}

/// Finds a case in published results: none if there are no results yet, `Some(None)` if it is not among them.
fn look_up(results: &Path, case: &str) -> io::Result<Option<Option<RunResult>>> {
    let file = match File::open(results) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    for line in BufReader::new(file).lines() {
        let line = line?;
        if let Some((name, result)) = line.split_once('\t')
            && name == case
        {
            return Ok(Some(Some(serde_json::from_str(result)?)));
        }
    }
    Ok(Some(None))
}

/// Writes results so that a reader finds all of them or none.
fn publish(folder: &Path, results: &Path, made: &BTreeMap<String, RunResult>) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = BufWriter::new(&mut file);
    for (name, result) in made {
        writeln!(writer, "{name}\t{}", serde_json::to_string(result)?)?;
    }
    writer.flush()?;
    drop(writer);
    file.persist(results)?;
    Ok(())
}

fn wait_for(lock: &File) -> io::Result<()> {
    loop {
        match flock(lock, FlockOperation::LockExclusive) {
            Err(rustix::io::Errno::INTR) => {}
            locked => return Ok(locked?),
        }
    }
}

/// Removes what old runs have left. Nothing depends on it, so a failure is not reported.
fn remove_old(sessions: Option<&Path>) {
    let Some(entries) = sessions.and_then(|sessions| std::fs::read_dir(sessions).ok()) else { return };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > KEPT) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Notes each session in a file.
struct Boots(File);

impl Progress for Boots {
    fn session_starts(&self, target: &dyn Target, cases: usize) {
        // The count is for people and tests; a session is not given up for it.
        let _ = (&self.0).write_all(format!("{} {cases}\n", target.id()).as_bytes());
    }
}
