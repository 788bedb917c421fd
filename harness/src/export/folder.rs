//! The folder: everything a host needs, and a script that runs it.

use super::{Batch, Label, Plan};
use crate::case::Case;
use crate::target::HostProgram;
use crate::target::image::ImageError;
use sprig_kvm::watchdog::PATIENCE;
use std::borrow::Borrow;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The VMM.
const VMM: &str = "sprig-vmm";
/// The guest image.
const GUEST: &str = "guest.elf";
/// The script.
const RUN: &str = "run";
/// Everybody may read and run it.
const PROGRAM: u32 = 0o755;

/// What `run` begins with: it needs a shell and nothing else.
const HEAD: &str = r#"#!/bin/sh
# Runs these cases on this machine's KVM: a PowerPC Linux host with /dev/kvm, as a user who may open it.
# Everything that is printed is the log; `sprig run --from LOG` judges it.
cd "$(dirname "$0")" || exit
status=0
"#;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The script that runs it.
    pub run: PathBuf,
    /// How many batches there are.
    pub batches: usize,
}

/// A folder that was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There are files in it already.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// It, or a file in it, cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// There is no VMM or guest image.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// Writes a folder that is not there yet, or empty.
///
/// # Errors
/// [`WriteError`]; what was in the folder before is untouched, and nothing else is in it.
pub fn write<C: Borrow<Case>>(
    folder: &Path,
    program: HostProgram,
    plan: &Plan,
    batches: &[Batch<C>],
) -> Result<Exported, WriteError> {
    let (vmm, guest) = (program.vmm.bytes()?, program.guest.bytes()?);
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |error| WriteError::Write { path, error }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    if fs::read_dir(folder).map_err(failed(folder))?.next().is_some() {
        return Err(WriteError::NotEmpty(folder.to_path_buf()));
    }
    let mut created = Vec::new();
    let mut put = |name: &str, bytes: &[u8], mode: Option<u32>| {
        let path = folder.join(name);
        let mut written = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            created.push(path.clone());
            file.write_all(bytes)?;
            mode.map_or(Ok(()), |mode| file.set_permissions(Permissions::from_mode(mode)))
        };
        written().map_err(failed(&path))
    };
    let mut fill = || {
        put(VMM, &vmm, Some(PROGRAM))?;
        put(GUEST, &guest, None)?;
        let mut run = HEAD.to_owned();
        for (number, batch) in (1..).zip(batches) {
            let name = format!("batch-{number}");
            put(&name, &batch.bytes, None)?;
            let label = Label { plan: plan.clone(), number, of: batches.len(), digest: batch.digest() }.to_string();
            let files = [format!("./{VMM}"), GUEST.to_owned(), name];
            let options = program.options(PATIENCE).into_iter().chain([format!("label={label}")]);
            let command = shell_words::join(files.into_iter().chain(options));
            // Writing to a string does not fail.
            let _ = writeln!(run, "{command} || status=1");
        }
        put(RUN, format!("{run}exit $status\n").as_bytes(), Some(PROGRAM))
    };
    fill().inspect_err(|_| {
        for path in &created {
            // What went wrong is told already.
            let _ = fs::remove_file(path);
        }
    })?;
    Ok(Exported { run: folder.join(RUN), batches: batches.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::empty_guest;
    use crate::target::{Backend, image};
    use sprig_isa::cpu::CPUS;

    const PROGRAM: HostProgram =
        HostProgram { vmm: image::VMM, guest: image::BOARD, cpu: &CPUS[0], backend: Backend::Pr };

    fn plan() -> Plan {
        Plan { target: "kvm-local".into(), cpu: "e500v2".into(), cases: vec!["a b".into()], revision: "r".into() }
    }

    fn batches() -> Vec<Batch<Case>> {
        let killer = Case { kills: true, ..empty_guest() };
        Batch::all([killer, empty_guest()]).expect("small")
    }

    #[test]
    fn each_batch_is_a_command_with_its_label() {
        let folder = tempfile::tempdir().unwrap();
        let exported = write(folder.path(), PROGRAM, &plan(), &batches()).unwrap();
        assert_eq!(exported.batches, 2, "a case that kills its host runs last and by itself");
        let script = fs::read_to_string(&exported.run).unwrap();
        for (number, batch) in (1..).zip(batches()) {
            let label = Label { plan: plan(), number, of: 2, digest: batch.digest() };
            let command = script.lines().find(|line| line.contains(&format!("batch-{number}"))).expect("a command");
            let words = shell_words::split(command.strip_suffix(" || status=1").expect("the others run all the same"));
            let options = ["patience=300".to_owned(), format!("label={label}")];
            let files = ["./sprig-vmm".to_owned(), "guest.elf".to_owned(), format!("batch-{number}")];
            assert_eq!(words.unwrap(), files.into_iter().chain(options).collect::<Vec<_>>());
            assert_eq!(fs::read(folder.path().join(format!("batch-{number}"))).unwrap(), batch.bytes);
        }
        for program in ["run", "sprig-vmm"] {
            let mode = fs::metadata(folder.path().join(program)).unwrap().permissions().mode();
            assert_eq!(mode & 0o111, 0o111, "{program}");
        }
    }

    #[test]
    fn a_folder_in_which_something_is_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run"), "mine").unwrap();
        let error = write(folder.path(), PROGRAM, &plan(), &batches()).unwrap_err();
        assert!(matches!(&error, WriteError::NotEmpty(path) if path == folder.path()), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(folder.path().join("run")).unwrap(), "mine");
    }

    #[test]
    fn a_folder_that_cannot_be_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = write(&file.path().join("below"), PROGRAM, &plan(), &batches()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot write {}/below: ", file.path().display())), "{error}");
    }
}
