//! The QEMU program that a target runs.

use super::binary::{self, Version};
use super::process::Process;
use super::{REMEDY, SETPRIV, session};
use crate::target::console::Receiver;
use crate::target::{Availability, Boot, Stop};
use crate::transcript::RunResult;
use sprig_isa::cpu::Cpu;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program that has every machine.
const WIDE: &str = "qemu-system-ppc64";

/// A QEMU program.
#[derive(Clone, Debug)]
pub(in crate::target) struct Program {
    name: &'static str,
    /// What messages call it.
    title: &'static str,
    /// Used instead of the one that is found.
    chosen: Option<PathBuf>,
}

impl Program {
    /// The one that has this CPU.
    pub(in crate::target) const fn of(cpu: &Cpu) -> Self {
        let name = if cpu.is_64bit { WIDE } else { "qemu-system-ppc" };
        Self { name, title: "QEMU", chosen: None }
    }

    /// A program that is no QEMU and speaks like the guest of one on its standard output.
    pub(in crate::target) const fn other(title: &'static str, file: PathBuf) -> Self {
        Self { name: title, title, chosen: Some(file) }
    }

    /// This file instead of the one that is found.
    pub(in crate::target) fn choose(&mut self, file: PathBuf) {
        self.chosen = Some(file);
    }

    /// The same of another build: a file, or a folder in which it is. The program for 64-bit CPUs has the 32-bit ones'
    /// machines, too, and may be all that was built.
    pub(in crate::target) fn built(&self, path: &Path) -> Self {
        let own = path.join(self.name);
        let wide = path.join(WIDE);
        let file = match path.is_dir() {
            true if wide.is_file() && !own.is_file() => wide,
            true => own,
            false => path.to_path_buf(),
        };
        Self { chosen: Some(file), ..self.clone() }
    }

    /// Where it is.
    fn found(&self) -> Option<PathBuf> {
        self.chosen.clone().or_else(|| binary::find(self.name))
    }

    /// Where it is, or its name where it is not.
    pub(in crate::target) fn path(&self) -> PathBuf {
        self.found().unwrap_or_else(|| PathBuf::from(self.name))
    }

    /// Its version, if it tells.
    pub(in crate::target) fn release(&self) -> Option<Version> {
        binary::version(&self.found()?)
    }

    /// Whether sessions can be run.
    pub(in crate::target) fn availability(&self) -> Availability {
        let no = |reason, remedy: &str| Availability::No { reason, remedy: remedy.to_owned() };
        let Some(path) = self.found() else {
            return no(format!("{} is not installed", self.name), REMEDY);
        };
        let floor = Version::FLOOR.major;
        // To install one changes nothing where another was named.
        let remedy = match self.chosen {
            Some(_) => format!("name a {} of version {floor} or later", self.name),
            None => REMEDY.to_owned(),
        };
        let is_executable = |path: &Path| path.metadata().is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
        match binary::version(&path) {
            None if !path.is_file() => return no(format!("there is no file {}", path.display()), &remedy),
            None if !is_executable(&path) => return no(format!("{} is not executable", path.display()), &remedy),
            None => return no(format!("{} does not tell its version", path.display()), &remedy),
            Some(version) if version < Version::FLOOR => {
                return no(format!("{} is version {version}, older than {floor}", path.display()), &remedy);
            }
            Some(_) => {}
        }
        if binary::find_system(SETPRIV).is_none() {
            return no(format!("{SETPRIV} is not installed"), "apt-get install util-linux");
        }
        Availability::Yes
    }

    /// Runs a session with these arguments and listens to its console.
    pub(in crate::target) fn run(
        &self,
        arguments: &[OsString],
        receiver: &mut Receiver,
        boot: Boot<'_>,
        ended: &mut dyn FnMut(RunResult),
    ) -> Result<(), Stop> {
        let setpriv = binary::find_system(SETPRIV).ok_or_else(|| Stop::error(format!("{SETPRIV} is not installed")))?;
        let path = self.found().ok_or_else(|| Stop::error(format!("{} is not installed: run {REMEDY}", self.name)))?;
        let mut process = Process::start(self.title, &setpriv, &path, arguments)
            .map_err(|error| Stop::error(format!("cannot start {}: {error}", path.display())))?;
        session::listen(&mut process, receiver, boot, ended)
    }
}
