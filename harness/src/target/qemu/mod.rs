//! QEMU's TCG machines: one process per session, the batch put into guest memory, the console read from standard
//! output, what cases have observed read from guest memory: an emulated UART is slow, and QEMU writes each of its bytes
//! by itself.
//!
//! ```text
//!   machine  the machines and CPUs, one row each      process  a QEMU that dies with the harness
//!   binary   where QEMU is, which version             watch    progress, or a hang
//!   program  the binary of a target                   session  one run from start to end
//!   command  its arguments                            stream   a run for its output alone
//!   file     files it is given
//! ```

mod binary;
mod command;
pub(crate) mod file;
mod machine;
mod process;
mod program;
mod session;
mod stream;
mod watch;

pub use binary::{PATH_VARIABLE, Version};
pub use machine::{MACHINES, Machine, Model, Start};
pub use stream::{StreamError, missing, stream};

pub(super) use machine::pseries;

pub(super) use command::{common, debugging, line, shared};
pub(super) use file::{memory, path_of, unnamed_or_stop, write};
pub(super) use program::Program;

use super::console::Receiver;
use super::{Availability, Boot, ByHand, Part, REBUILD_IMAGES, Stop, Target, Unprepared, batch_builder};
use crate::case::{Case, Hold, Profile};
use crate::feature::{Feature, FeatureSet};
use crate::transcript::RunResult;
use command::Files;
use sprig_isa::cpu::Cpu;
use sprig_wire::batch::BatchBuilder;
use std::borrow::Cow;
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
    program: Program,
    /// Used instead of the one that comes with QEMU.
    firmware: Option<PathBuf>,
}

impl Qemu {
    /// The target for a CPU in a machine; none if the CPU is not in the table of CPUs.
    #[must_use]
    pub fn new(machine: &'static Machine, model: &'static Model) -> Option<Self> {
        let cpu = Cpu::by_name(model.cpu)?;
        let id = format!("qemu-{}-{}", machine.name, model.label);
        Some(Self { id, machine, model, cpu, program: Program::of(cpu), firmware: None })
    }

    /// The same, run by this binary.
    #[must_use]
    pub fn with_binary(mut self, binary: PathBuf) -> Self {
        self.program.choose(binary);
        self
    }

    fn prepare(&self, batch: &BatchBuilder<'_>) -> Result<(Cow<'static, [u8]>, Vec<u8>), Unprepared> {
        Ok((self.machine.image.bytes()?, batch.finish()?))
    }
}

impl Target for Qemu {
    fn id(&self) -> &str {
        &self.id
    }

    fn profile(&self) -> Profile {
        let features = FeatureSet::of_cpu(self.cpu).union(FeatureSet::of(self.machine.features));
        Profile { cpu: self.cpu, features, hold: Hold::NO_HOST }
    }

    fn availability(&self) -> Availability {
        match (self.program.availability(), self.machine.image.bytes()) {
            (Availability::Yes, Err(error)) => {
                Availability::No { reason: error.to_string(), remedy: REBUILD_IMAGES.to_owned() }
            }
            (availability, _) => availability,
        }
    }

    fn golden_chain(&self) -> Vec<String> {
        let releases = self.program.release().into_iter().flat_map(Version::since_floor);
        let keyed = releases.map(|(major, minor)| format!("{}>={major}.{minor}", self.id));
        keyed.chain(super::golden_chain(&self.id, &self.profile(), "bare")).collect()
    }

    fn version(&self) -> Option<String> {
        self.program.release().map(|version| format!("QEMU {version}"))
    }

    fn with_part(&self, part: Part, path: &Path) -> Option<Arc<dyn Target>> {
        let build = match part {
            Part::Qemu => Self { program: self.program.built(path), ..self.clone() },
            Part::Firmware if self.machine.features.contains(&Feature::Firmware) => {
                Self { firmware: Some(path.to_path_buf()), ..self.clone() }
            }
            Part::Firmware | Part::Kernel => return None,
        };
        Some(Arc::new(build))
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let batch = batch_builder(boot.cases, boot.loud);
        // A reader of the console wants to see everything there.
        let keeps = boot.console.is_none();
        let (image, batch) = self.prepare(&if keeps { batch.keep() } else { batch }).map_err(Stop::error)?;
        let (image, batch) = (unnamed_or_stop(&image)?, unnamed_or_stop(&batch)?);
        let memory = if keeps { Some(file::memory(self.machine.memory)?) } else { None };
        let shared = memory.as_ref().map(path_of);
        let files = Files {
            image: &path_of(&image),
            batch: &path_of(&batch),
            firmware: self.firmware.as_deref(),
            memory: shared.as_deref(),
        };
        let arguments = command::arguments(self.machine, self.model, &files, None);
        let mut receiver = Receiver::new(boot.expected(self.cpu)?, memory);
        self.program.run(&arguments, &mut receiver, boot, ended)
    }

    fn by_hand(&self, folder: &Path, cases: &[&Case], how: &ByHand) -> Result<Option<String>, Unprepared> {
        let (image, batch) = self.prepare(&batch_builder(cases, how.loud))?;
        let (image, batch) = (write(folder, super::GUEST_IMAGE, &image)?, write(folder, "batch.bin", &batch)?);
        let files = Files { image: &image, batch: &batch, firmware: self.firmware.as_deref(), memory: None };
        let arguments = command::arguments(self.machine, self.model, &files, Some((how, folder)));
        Ok(Some(line(&self.program.path(), &arguments)))
    }

    fn symbols(&self, folder: &Path) -> Vec<PathBuf> {
        vec![self.machine.image.with_symbols().unwrap_or_else(|| folder.join(super::GUEST_IMAGE))]
    }
}
