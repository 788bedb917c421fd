//! QEMU's TCG machines: one process a session, the batch put into guest memory, the console read from standard output.
//!
//! ```text
//!   machine  the machines and CPUs, one row each      process  a QEMU that dies with the harness
//!   binary   where QEMU is, which version             watch    progress, or a hang
//!   command  its arguments                            session  one run from start to end
//!                                                     stream   a run for its output alone
//! ```

mod binary;
mod command;
mod machine;
mod process;
mod session;
mod stream;
mod watch;

pub use binary::{PATH_VARIABLE, Version};
pub use machine::{MACHINES, Machine, Model, Start};
pub use stream::{StreamError, missing, stream};

use super::console::{Expected, Receiver};
use super::{Availability, Boot, ByHand, Part, REBUILD_IMAGES, Stop, Target, Unprepared, batch};
use crate::case::{Case, Profile};
use crate::feature::{Feature, FeatureSet};
use crate::transcript::RunResult;
use command::Files;
use process::Process;
use sprig_isa::cpu::Cpu;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What installs everything that is missing.
const REMEDY: &str = "ci/setup";
/// Makes a process die with its parent; part of util-linux.
const SETPRIV: &str = "setpriv";

/// One CPU in one machine.
#[derive(Clone, Debug)]
pub struct Qemu {
    id: String,
    machine: &'static Machine,
    model: &'static Model,
    cpu: &'static Cpu,
    /// Used instead of the one that is found.
    binary: Option<PathBuf>,
    /// Used instead of the one that comes with QEMU.
    firmware: Option<PathBuf>,
}

impl Qemu {
    /// The target for a CPU in a machine; none if the CPU is not in the table of CPUs.
    #[must_use]
    pub fn new(machine: &'static Machine, model: &'static Model) -> Option<Self> {
        let cpu = Cpu::by_name(model.cpu)?;
        let id = format!("qemu-{}-{}", machine.name, model.label);
        Some(Self { id, machine, model, cpu, binary: None, firmware: None })
    }

    /// The same, run by this binary.
    #[must_use]
    pub fn with_binary(self, binary: PathBuf) -> Self {
        Self { binary: Some(binary), ..self }
    }

    /// Name of the program that has this CPU.
    const fn program(&self) -> &'static str {
        if self.cpu.is_64bit { "qemu-system-ppc64" } else { "qemu-system-ppc" }
    }

    fn binary(&self) -> Option<PathBuf> {
        self.binary.clone().or_else(|| binary::find(self.program()))
    }

    fn release(&self) -> Option<Version> {
        binary::version(&self.binary()?)
    }

    fn prepare(&self, cases: &[&Case], loud: bool) -> Result<(Cow<'static, [u8]>, Vec<u8>), Unprepared> {
        Ok((self.machine.image.bytes()?, batch(cases, loud)?))
    }
}

impl Target for Qemu {
    fn id(&self) -> &str {
        &self.id
    }

    fn profile(&self) -> Profile {
        let features = FeatureSet::of_cpu(self.cpu).union(FeatureSet::of(self.machine.features));
        Profile { cpu: self.cpu, features }
    }

    fn availability(&self) -> Availability {
        let no = |reason, remedy: &str| Availability::No { reason, remedy: remedy.to_owned() };
        let Some(path) = self.binary() else {
            return no(format!("{} is not installed", self.program()), REMEDY);
        };
        match binary::version(&path) {
            None => return no(format!("{} does not tell its version", path.display()), REMEDY),
            Some(version) if version < Version::FLOOR => {
                let floor = Version::FLOOR.major;
                return no(format!("{} is version {version}, older than {floor}", path.display()), REMEDY);
            }
            Some(_) => {}
        }
        if binary::find_system(SETPRIV).is_none() {
            return no(format!("{SETPRIV} is not installed"), "apt-get install util-linux");
        }
        if let Err(error) = self.machine.image.bytes() {
            return no(error.to_string(), REBUILD_IMAGES);
        }
        Availability::Yes
    }

    fn golden_chain(&self) -> Vec<String> {
        let releases = self.release().into_iter().flat_map(Version::since_floor);
        let keyed = releases.map(|(major, minor)| format!("{}>={major}.{minor}", self.id));
        keyed.chain(super::golden_chain(&self.id, self.cpu, "bare")).collect()
    }

    fn version(&self) -> Option<String> {
        self.release().map(|version| format!("QEMU {version}"))
    }

    fn with_part(&self, part: Part, path: &Path) -> Option<Arc<dyn Target>> {
        let build = match part {
            Part::Qemu => {
                let binary = if path.is_dir() { path.join(self.program()) } else { path.to_path_buf() };
                Self { binary: Some(binary), ..self.clone() }
            }
            Part::Firmware if self.machine.features.contains(&Feature::Firmware) => {
                Self { firmware: Some(path.to_path_buf()), ..self.clone() }
            }
            Part::Firmware | Part::Kernel => return None,
        };
        Some(Arc::new(build))
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let (image, batch) = self.prepare(boot.cases, boot.loud).map_err(Stop::error)?;
        let setpriv = binary::find_system(SETPRIV).ok_or_else(|| Stop::error(format!("{SETPRIV} is not installed")))?;
        let program =
            self.binary().ok_or_else(|| Stop::error(format!("{} is not installed: run {REMEDY}", self.program())))?;
        let unwritten = |error| {
            let folder = std::env::temp_dir();
            Stop::error(format!("cannot write a temporary file in {} (TMPDIR): {error}", folder.display()))
        };
        let (image, batch) = (unnamed(&image).map_err(unwritten)?, unnamed(&batch).map_err(unwritten)?);
        let files = Files { image: &path_of(&image), batch: &path_of(&batch), firmware: self.firmware.as_deref() };
        let arguments = command::arguments(self.machine, self.model, &files, None);
        let mut process = Process::start(&setpriv, &program, &arguments)
            .map_err(|error| Stop::error(format!("cannot start {}: {error}", program.display())))?;
        let cases = u32::try_from(boot.cases.len()).map_err(|_| Stop::error("more than 2^32 cases in one session"))?;
        let mut receiver = Receiver::new(Expected { cpu: self.cpu, cases, loud: boot.loud });
        session::listen(&mut process, &mut receiver, boot, ended)
    }

    fn by_hand(&self, folder: &Path, cases: &[&Case], how: &ByHand) -> Result<Option<String>, Unprepared> {
        let (image, batch) = self.prepare(cases, how.loud)?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, bytes))
                .map_err(|error| Unprepared::Write { path: path.clone(), error })?;
            Ok::<_, Unprepared>(path)
        };
        let (image, batch) = (write("guest.elf", &image)?, write("batch.bin", &batch)?);
        let files = Files { image: &image, batch: &batch, firmware: self.firmware.as_deref() };
        let arguments = command::arguments(self.machine, self.model, &files, Some((how, folder)));
        let program = self.binary().unwrap_or_else(|| PathBuf::from(self.program()));
        Ok(Some(command::line(&program, &arguments)))
    }
}

/// A file without a name: gone with this process, whatever ends it.
fn unnamed(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// A path under which another process can open it as long as this one holds it.
fn path_of(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
}
