//! Targets: implementations that can run the guest, behind one trait.
//!
//! ```text
//!   list       every target, from CPUs x platforms: one row each
//!   reference  the embedded reference hypervisor: a machine per case, its log read from memory
//!   qemu       a QEMU process per session, its console read by `console` of the judge
//!   kvm        the same, with a Linux host in it whose KVM runs the guest
//!   image      the guest images
//!   l1         the L1 kernels: Linux with KVM, to boot under QEMU
//!   limits     what counts as a hang
//! ```
//!
//! A target runs one session at a time; which cases go into which session, and which is to blame when one
//! dies, is decided in [`crate::session`].

pub mod image;
pub mod kvm;
pub mod l1;
mod limits;
mod list;
pub mod qemu;
mod reference;

pub use limits::Limits;
pub use list::{all, by_id, deviating};
pub use reference::{DEVIATES, Mode, Model, Reference};

pub use sprig_judge::console;

use crate::case::{Case, Profile};
use crate::feature::Feature;
use crate::transcript::{Fate, RunResult};
use console::Expected;
use image::Image;
use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_kvm::ioctl::{VM_TYPE_HV, VM_TYPE_PR};
use sprig_wire::batch::{BatchBuilder, TooLarge};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The guest image in a folder for running by hand.
const GUEST_IMAGE: &str = "guest.elf";
/// The command that makes the guest images.
pub(crate) const REBUILD_IMAGES: &str = "ci/guest-build golden/guest";

/// Whether a target can run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Yes,
    /// It cannot.
    No {
        /// What is missing, as a sentence without a full stop.
        reason: String,
        /// The command that makes it available.
        remedy: String,
    },
}

impl Availability {
    /// True if it can run.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// One session to run.
pub struct Boot<'a> {
    /// Its cases, in order.
    pub cases: &'a [&'a Case],
    /// When it counts as hung.
    pub limits: &'a Limits,
    /// Report every step before it runs: disturbs what is measured, but shows where a target dies.
    pub loud: bool,
    /// Gets a copy of everything the console says.
    pub console: Option<&'a mut dyn Write>,
}

impl<'a> Boot<'a> {
    /// What a guest on this CPU has to say that runs these cases, and speaks for itself.
    ///
    /// # Errors
    /// [`Stop`] where there are more cases than can be numbered.
    pub fn expected(&self, cpu: &'static Cpu) -> Result<Expected, Stop> {
        let cases = u32::try_from(self.cases.len()).map_err(|_| Stop::error("more than 2^32 cases in one session"))?;
        Ok(Expected { cpu, cases, loud: self.loud, hosted: false })
    }

    /// A session that measures.
    #[must_use]
    pub fn new(cases: &'a [&'a Case], limits: &'a Limits) -> Self {
        Self { cases, limits, loud: false, console: None }
    }
}

impl fmt::Debug for Boot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.cases.iter().map(|case| &case.name).collect();
        f.debug_struct("Boot").field("cases", &names).field("limits", self.limits).field("loud", &self.loud).finish()
    }
}

/// A session that did not end in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// How.
    pub fate: Fate,
    /// What is known of the case that was running; none if the session ended before the next case began.
    pub running: Option<Box<RunResult>>,
}

impl Stop {
    /// The environment or the harness failed before any case began.
    #[must_use]
    pub fn error(reason: impl fmt::Display) -> Self {
        Self { fate: Fate::Error(reason.to_string()), running: None }
    }
}

/// How to run a session by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Report every step before it runs.
    pub loud: bool,
    /// Stop before the first instruction and wait for a debugger.
    pub gdb: bool,
    /// Write a trace of every instruction and interrupt into the folder.
    pub trace: bool,
}

/// A part of a target that is built, and that can be replaced by another build of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The kernel of the host whose KVM runs the guest.
    Kernel,
    /// The QEMU that is the machine.
    Qemu,
    /// The firmware that starts the guest.
    Firmware,
}

impl Part {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Qemu => "QEMU",
            Self::Firmware => "firmware",
        }
    }
}

/// How KVM runs a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// KVM-PR: the guest's kernel in problem state, its privileged instructions emulated; a server CPU as it is asked
    /// for.
    Pr,
    /// KVM-HV: in the CPU's own supervisor state, under a CPU with a hypervisor state; the host's CPU.
    Hv,
    /// The same, and the guest translates by a radix tree, as its host does.
    HvRadix,
}

/// What runs the guest on a Linux host with KVM: a program without libc, and the guest image it is given.
#[derive(Clone, Copy, Debug)]
pub struct HostProgram {
    /// The program.
    pub vmm: Image,
    /// The guest image.
    pub guest: Image,
    /// The guest's CPU.
    pub cpu: &'static Cpu,
    /// How it is run.
    pub backend: Backend,
}

impl HostProgram {
    /// The program's options (`sprig_kvm::options`). On the embedded families KVM has the host's CPU, on the others
    /// KVM-PR shows the guest the one that it is asked for. A guest on POWER8 and later is a partition.
    #[must_use]
    pub fn options(&self, patience: u32) -> Vec<String> {
        let mut options = vec![format!("patience={patience}")];
        if !self.cpu.family.is_booke() && self.backend == Backend::Pr {
            options.push(format!("pvr={:#x}", self.cpu.pvr));
        }
        if CpuSet::POWER.contains(self.cpu.set) {
            let vm_type = match self.backend {
                Backend::Pr => VM_TYPE_PR,
                Backend::Hv | Backend::HvRadix => VM_TYPE_HV,
            };
            options.extend([format!("type={vm_type}"), "papr=1".to_owned()]);
            options.extend((self.backend == Backend::HvRadix).then(|| "radix=1".to_owned()));
        }
        options
    }
}

/// One implementation that can run the guest.
pub trait Target: Send + Sync + fmt::Debug {
    /// Its name.
    fn id(&self) -> &str;

    /// CPU and declared features: what cases are assembled for. Starts nothing.
    fn profile(&self) -> Profile;

    /// Whether it can run here.
    fn availability(&self) -> Availability;

    /// Names of the goldens that hold for it, most specific first. `NAME>=V` holds from version V of the
    /// implementation.
    fn golden_chain(&self) -> Vec<String>;

    /// Whether what it does may become the golden of a folder that it shares with targets of another kind.
    fn leads(&self) -> bool {
        true
    }

    /// True for the reference.
    fn is_reference(&self) -> bool {
        false
    }

    /// What says, unless somebody else is asked, what should come out here: a target of the reference. None if no model
    /// is like this one.
    fn counterpart(&self) -> Option<Reference> {
        Reference::like(&self.profile())
    }

    /// The target with the same KVM on hardware that was reviewed: what is listed for that one may be seen here too.
    fn resembles(&self) -> Option<&'static str> {
        None
    }

    /// Version of the implementation, if it has one of its own.
    fn version(&self) -> Option<String>;

    /// What a host needs to run the guest under its KVM; none if this is no KVM.
    fn host_program(&self) -> Option<HostProgram> {
        None
    }

    /// Name in ci/l1/kernels.toml of the kernel of the host whose KVM runs the guest; none if it boots no host.
    fn host_kernel(&self) -> Option<&str> {
        None
    }

    /// The same target with another build of one of its parts; none if it has no such part. Whether the file is any
    /// good shows when it is asked for its availability or run.
    fn with_part(&self, part: Part, path: &Path) -> Option<Arc<dyn Target>> {
        let _ = (part, path);
        None
    }

    /// Most cases one session takes: 1 where each case has a machine of its own and none can harm another.
    fn cases_per_session(&self) -> usize {
        usize::MAX
    }

    /// Runs one session. The result of each case that ends is given to `ended`, in order. There may be fewer results
    /// than cases: a guest that cannot trust itself any more stops in order, and the rest wants another session.
    ///
    /// # Errors
    /// [`Stop`]: the session did not end in order.
    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop>;

    /// Puts everything a session of these cases needs into a folder and returns the command line that runs it from a
    /// shell; none where there is no other program to run.
    ///
    /// # Errors
    /// [`Unprepared`] where the folder cannot be filled.
    fn by_hand(&self, folder: &Path, cases: &[&Case], how: &ByHand) -> Result<Option<String>, Unprepared>;

    /// The programs that a debugger of such a session wants the symbols of, the one that runs first first.
    fn symbols(&self, folder: &Path) -> Vec<PathBuf> {
        let _ = folder;
        Vec::new()
    }
}

/// A session could not be made ready to run.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// The cases are too large.
    #[error(transparent)]
    Batch(#[from] TooLarge),
    /// There is no guest image.
    #[error(transparent)]
    Image(#[from] image::ImageError),
    /// A file could not be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// The bytes of a batch of these cases; a case's number is its place.
///
/// # Errors
/// [`TooLarge`] where they do not fit the guest's memory.
pub fn batch(cases: &[&Case], loud: bool) -> Result<Vec<u8>, TooLarge> {
    batch_builder(cases, loud).finish()
}

fn batch_builder<'a>(cases: &[&'a Case], loud: bool) -> BatchBuilder<'a> {
    let mut builder = BatchBuilder::new(loud);
    for (id, case) in (0u32..).zip(cases) {
        builder.push(id, &case.parts);
    }
    builder
}

/// The names under which goldens of a CPU in a mode are looked for: the target's, those of the CPU with a guest kernel
/// of that word size and byte order, the CPU's, the architecture's, the mode's.
fn golden_chain(id: &str, profile: &Profile, mode: &str) -> Vec<String> {
    let cpu = profile.cpu.name;
    let family = architecture(profile.cpu);
    let little = profile.features.contains(Feature::LittleEndian).then(|| format!("{cpu}-64le-{mode}"));
    let wide = profile.features.contains(Feature::Wide).then(|| format!("{cpu}-64-{mode}"));
    let general = [format!("{cpu}-{mode}"), format!("{family}-{mode}"), mode.to_owned()];
    [id.to_owned()].into_iter().chain(little).chain(wide).chain(general).collect()
}

/// The architecture's part in the name of a folder of goldens.
fn architecture(cpu: &sprig_isa::cpu::Cpu) -> &'static str {
    if cpu.family.is_booke() { "booke" } else { "book3s" }
}
