//! Real KVM without PowerPC hardware: QEMU emulates a machine, Linux with KVM runs on it, and our guest is its guest.
//!
//! ```text
//!   L0  sprig --starts--> QEMU, a PowerPC machine by TCG
//!   L1                      '-- Linux from ci/l1, /init = the VMM (harness/vmm)
//!   L2                            '-- /dev/kvm: the guest kernel, a VM for each case
//!
//!   machine  the machines and kernels, one row each      initramfs  what the host's kernel finds as its root
//!   local    no machine: the KVM of this one
//! ```
//!
//! A session is one boot of L1. The VMM reports for its guests on the console; what the kernel prints is text. See
//! docs/kvm.md.

mod initramfs;
mod local;
mod machine;
mod vmlinux;

pub use local::Local;
pub use machine::{Host, Kernel, MACHINES, Machine};

use super::console::{Receiver, Tail};
use super::l1::{self, Kernels};
use super::qemu::{self, Program, path_of, unnamed_or_stop};
use super::{
    Availability, Backend, Boot, ByHand, GUEST_IMAGE, HostProgram, Limits, Part, REBUILD_IMAGES, Stop, Target,
    Unprepared, batch,
};
use crate::case::{Case, Hold, Profile};
use crate::project;
use crate::transcript::{Fate, RunResult};
use initramfs::Contents;
use sprig_isa::cpu::{Cpu, Family};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What makes the first oops of the host its end, said on the console, and the end of QEMU with it; and keeps quiet
/// what is less than that: KVM logs every instruction it does not know.
const ALWAYS: &str = "quiet loglevel=1 oops=panic panic=-1";
/// How a panic begins (kernel/panic.c).
const PANIC: &str = "Kernel panic - not syncing:";
/// A restart is how the host ends, in order or not.
const NO_REBOOT: &str = "-no-reboot";
/// [`Clock::Instructions`]; and the random numbers that QEMU gives the host, where its stacks are among it, are the
/// same too.
const ICOUNT: [&str; 4] = ["-icount", "shift=0,sleep=off", "-seed", "1"];

/// Tells the VMM so (`sprig_kvm::options`).
const COUNTED: &str = "counted=1";
/// Tells the VMM that the host's memory is read, too.
const ASIDE: &str = "aside=1";

/// Says `free` where the clock of emulated hosts is to be [`Clock::Free`].
pub const CLOCK_VARIABLE: &str = "SPRIG_L1_CLOCK";

/// How an emulated machine's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// A nanosecond for each instruction: the same session gives the same verdicts, however loaded this machine is, and
    /// but for powernv the same bytes.
    #[default]
    Instructions,
    /// As on this machine. Timers of the emulated one come late where it is starved, and so do interrupts that a case
    /// waits for.
    Free,
}

impl Clock {
    /// The clock that the environment names.
    ///
    /// # Errors
    /// What it says, if that is no clock.
    fn from_environment() -> Result<Self, OsString> {
        match std::env::var_os(CLOCK_VARIABLE) {
            None => Ok(Self::default()),
            Some(name) if name == "free" => Ok(Self::Free),
            Some(other) => Err(other),
        }
    }

    /// How long a guest is held for several ticks of the host's timer.
    const fn hold(self) -> Hold {
        match self {
            Self::Free => Hold::TICKING_HOST,
            Self::Instructions => Hold::COUNTED_HOST,
        }
    }

    /// Tenths of a second that a guest may be without progress.
    const fn patience(self) -> u32 {
        match self {
            // Ten minutes of a clock that a starved emulator does not keep up with: what counts is the CPU time that
            // `Limits` allow.
            Self::Free => 6000,
            // Two thousand million instructions: twice what the longest step takes that a script can ask for.
            Self::Instructions => 20,
        }
    }
}

/// CPU time from QEMU's start to the VMM's first word: no firmware runs, and the slowest of these hosts takes two
/// seconds of it.
const BOOT_CPU: Duration = Duration::from_secs(20);

/// One kernel on one machine.
#[derive(Clone, Debug)]
pub struct Kvm {
    machine: &'static Machine,
    kernel: &'static Kernel,
    cpu: &'static Cpu,
    program: Program,
    clock: Clock,
    /// Booted instead of the one in the cache.
    image: Option<PathBuf>,
}

impl Kvm {
    /// The target for a kernel on a machine; none if the CPU is not in the table of CPUs.
    #[must_use]
    pub fn new(machine: &'static Machine, kernel: &'static Kernel) -> Option<Self> {
        let cpu = Cpu::by_name(machine.cpu)?;
        Some(Self {
            machine,
            kernel,
            cpu,
            program: Program::of(cpu),
            clock: Clock::from_environment().unwrap_or_default(),
            image: None,
        })
    }

    /// The same, run by this binary.
    #[must_use]
    pub fn with_binary(mut self, binary: PathBuf) -> Self {
        self.program.choose(binary);
        self
    }

    /// The same with this kernel image.
    #[must_use]
    pub fn with_kernel(self, image: PathBuf) -> Self {
        Self { image: Some(image), ..self }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The host's kernel.
    fn image(&self) -> Result<PathBuf, NoKernel> {
        let no = |reason: String, remedy: String| NoKernel { reason, remedy };
        if let Some(image) = &self.image {
            let missing =
                || no(format!("there is no kernel {}", image.display()), "name the vmlinux of a build".to_owned());
            if !image.is_file() {
                return Err(missing());
            }
            if let Some(unfit) = vmlinux::unfit(image, self.cpu.is_64bit) {
                return Err(no(format!("{} {}", image.display(), unfit.reason()), unfit.remedy().to_owned()));
            }
            return Ok(image.clone());
        }
        let kernels = Kernels::load(&project::root())
            .map_err(|problem| no(problem.to_string(), "run it in a checkout of sprig".to_owned()))?;
        let found = kernels.find(self.kernel.name, &l1::cache(|variable| std::env::var_os(variable)));
        found.map_err(|missing| no(missing.to_string(), missing.remedy()))
    }

    /// The host's root file system with these cases in it.
    fn root(&self, cases: &[&Case], loud: bool) -> Result<Vec<u8>, Unprepared> {
        let (vmm, guest) = (self.machine.host.vmm.bytes()?, self.machine.guest.bytes()?);
        let batch = batch(cases, loud)?;
        let contents = Contents { vmm: &vmm, guest: &guest, batch: &batch };
        initramfs::archive(&contents).map_err(|error| Unprepared::Write { path: "initramfs".into(), error })
    }

    /// `memory` is a file to be the machine's.
    fn arguments(&self, kernel: &Path, root: &Path, memory: Option<&Path>, how: &ByHand) -> Vec<OsString> {
        let mut arguments = qemu::common();
        arguments.extend(self.machine.host.arguments.iter().map(OsString::from));
        let megabytes = self.machine.host.memory;
        arguments.extend(["-m".into(), megabytes.to_string().into()]);
        arguments.extend(memory.into_iter().flat_map(|file| qemu::shared(file, megabytes << 20)));
        arguments.extend(["-cpu", self.machine.host.qemu_cpu, NO_REBOOT].map(OsString::from));
        arguments.extend(["-accel", if how.trace { "tcg,one-insn-per-tb=on" } else { "tcg" }].map(OsString::from));
        if self.clock == Clock::Instructions {
            arguments.extend(ICOUNT.map(OsString::from));
        }
        let files: [(&str, &OsStr); 2] = [("-kernel", kernel.as_os_str()), ("-initrd", root.as_os_str())];
        arguments.extend(files.iter().flat_map(|(option, file)| [OsString::from(option), (*file).to_owned()]));
        let console = self.machine.host.kernel_arguments;
        let mut options = self.program_for_host().options(self.clock.patience());
        options.extend((self.clock == Clock::Instructions).then(|| COUNTED.to_owned()));
        options.extend(memory.is_some().then(|| ASIDE.to_owned()));
        let options = options.join(" ");
        arguments.extend(["-append".into(), format!("{console} {ALWAYS} -- {options}").into()]);
        arguments
    }

    /// What runs on the host.
    const fn program_for_host(&self) -> HostProgram {
        self.machine.program(self.cpu)
    }
}

/// Last part of the names of the goldens of KVM-PR.
const PR: &str = "pr";
/// Of the bare machine.
const BARE: &str = "bare";
/// The folder of what every KVM-HV does.
const KVM_HV: &str = "kvm-hv";

/// The names under which goldens are looked for. Before those that do not depend on who the hypervisor is come those of
/// what every Linux does alike on this architecture, whatever its version and patches; and before these those of one
/// guest, whatever its host is, where there may be several.
fn golden_chain(id: &str, profile: &Profile, backend: Backend) -> Vec<String> {
    let mode = match backend {
        Backend::Pr => PR,
        Backend::Hv | Backend::HvRadix => {
            return golden_chain_of_hv(super::golden_chain(id, profile, BARE), profile.cpu.name);
        }
    };
    let mut chain = super::golden_chain(id, profile, mode);
    let guest = format!("{}-", profile.cpu.name);
    let has_hosts = profile.cpu.family == Family::Book3s64;
    let of_guest = chain.iter().skip(1).filter(|name| has_hosts && name.starts_with(&guest));
    let of_guest = of_guest.filter_map(|name| name.strip_suffix(mode)?.strip_suffix('-'));
    let of_kvm: Vec<_> = of_guest.chain([super::architecture(profile.cpu)]).map(|name| format!("kvm-{name}")).collect();
    chain.splice(1..1, of_kvm);
    chain
}

/// A guest of KVM-HV does as on the bare machine, but for what every KVM-HV does. What 64-bit kernels do was first
/// recorded of a POWER8; a later CPU's folder has what it does otherwise.
fn golden_chain_of_hv(bare: Vec<String>, cpu: &str) -> Vec<String> {
    let (prefix, of_cpu) = (format!("{cpu}-64"), format!("{cpu}-{BARE}"));
    let of_power8 = |name: &String| name.strip_prefix(&prefix).map(|rest| format!("power8-64{rest}"));
    let before = |name: &String| (*name == of_cpu).then(|| KVM_HV.to_owned());
    bare.into_iter().flat_map(|name| [before(&name), Some(name.clone()), of_power8(&name)]).flatten().collect()
}

impl Target for Kvm {
    fn id(&self) -> &str {
        self.kernel.target
    }

    fn profile(&self) -> Profile {
        Profile { cpu: self.cpu, features: self.machine.features(self.cpu), hold: self.clock.hold() }
    }

    fn availability(&self) -> Availability {
        if let Err(other) = Clock::from_environment() {
            let reason = format!("{CLOCK_VARIABLE} is `{}`", other.display());
            return Availability::No { reason, remedy: format!("set {CLOCK_VARIABLE} to `free`, or unset it") };
        }
        let images = [self.machine.host.vmm, self.machine.guest];
        if let Some(error) = images.iter().find_map(|image| image.bytes().err()) {
            return Availability::No { reason: error.to_string(), remedy: REBUILD_IMAGES.to_owned() };
        }
        match (self.program.availability(), self.image()) {
            (Availability::Yes, Err(NoKernel { reason, remedy })) => Availability::No { reason, remedy },
            (availability, _) => availability,
        }
    }

    /// A target that is named as a variant of another does what that one does, where nothing says otherwise.
    fn golden_chain(&self) -> Vec<String> {
        let mut chain = golden_chain(self.id(), &self.profile(), self.machine.backend);
        let others = self.machine.kernels.iter().map(|kernel| kernel.target);
        let variant = |of: &str| self.id().strip_prefix(of).is_some_and(|rest| rest.starts_with('-'));
        chain.splice(1..1, others.filter(|of| variant(of)).map(str::to_owned));
        chain
    }

    /// Several versions of one kernel are not a majority.
    fn leads(&self) -> bool {
        false
    }

    fn version(&self) -> Option<String> {
        let kernel =
            self.image.as_ref().map_or_else(|| self.kernel.name.to_owned(), |image| image.display().to_string());
        Some(format!("Linux {kernel}, QEMU {}", self.program.release()?))
    }

    fn host_program(&self) -> Option<HostProgram> {
        Some(self.program_for_host())
    }

    fn host_kernel(&self) -> Option<&str> {
        Some(self.kernel.name)
    }

    fn with_part(&self, part: Part, path: &Path) -> Option<Arc<dyn Target>> {
        Some(Arc::new(match part {
            Part::Kernel => self.clone().with_kernel(path.to_path_buf()),
            Part::Qemu => Self { program: self.program.built(path), ..self.clone() },
            Part::Firmware => return None,
        }))
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let no_kernel = |NoKernel { reason, remedy }| Stop::error(format!("{reason}: {remedy}"));
        let kernel = self.image().map_err(no_kernel)?;
        let root = self.root(boot.cases, boot.loud).map_err(Stop::error)?;
        let root = unnamed_or_stop(&root)?;
        // A reader of the console wants to see everything there.
        let memory = if boot.console.is_none() { Some(qemu::memory(self.machine.host.memory << 20)?) } else { None };
        let shared = memory.as_ref().map(path_of);
        let arguments = self.arguments(&kernel, &path_of(&root), shared.as_deref(), &ByHand::default());
        let mut receiver = Receiver::new(boot.expected(self.cpu)?.by_host(), memory);
        let limits = Limits { boot_cpu: boot.limits.boot_cpu.min(BOOT_CPU), ..*boot.limits };
        let console = boot.console.map(|console| -> &mut dyn Write { console });
        let boot = Boot { cases: boot.cases, limits: &limits, loud: boot.loud, console };
        let stop = self.program.run(&arguments, &mut receiver, boot, ended);
        // A host that never came as far as the VMM says nothing about its KVM.
        stop.map_err(|stop| if receiver.has_booted() { died(stop, receiver.text()) } else { unbooted(stop) })
    }

    fn by_hand(&self, folder: &Path, cases: &[&Case], how: &ByHand) -> Result<Option<String>, Unprepared> {
        let root = qemu::write(folder, "initramfs.cpio", &self.root(cases, how.loud)?)?;
        if how.gdb {
            qemu::write(folder, GUEST_IMAGE, &self.machine.guest.bytes()?)?;
        }
        let kernel = self.image().unwrap_or_else(|_| PathBuf::from("vmlinux"));
        let mut arguments = self.arguments(&kernel, &root, None, how);
        arguments.extend(qemu::debugging(how, folder));
        Ok(Some(qemu::line(&self.program.path(), &arguments)))
    }

    fn symbols(&self, folder: &Path) -> Vec<PathBuf> {
        // The host's first: its kernel is what runs until there is a guest, and has a table of symbols.
        let guest = self.machine.guest.with_symbols().unwrap_or_else(|| folder.join(GUEST_IMAGE));
        self.image().ok().into_iter().chain([guest]).collect()
    }
}

/// There is no kernel to boot.
struct NoKernel {
    reason: String,
    /// What to do about it.
    remedy: String,
}

/// The stop of a session whose host did not come up.
fn unbooted(stop: Stop) -> Stop {
    match stop.fate {
        Fate::Crashed(how) | Fate::Hung(how) => Stop::error(format!("the host kernel does not come up: {how}")),
        fate => Stop { fate, ..stop },
    }
}

/// The stop of a session whose host came up, with the kernel's own word for it where that panicked.
pub(crate) fn died(stop: Stop, text: &Tail) -> Stop {
    let Some((_, reason)) = text.lines().find_map(|line| line.split_once(PANIC)) else { return stop };
    let named = |fate| match fate {
        Fate::Crashed(how) => Fate::Crashed(format!("the host kernel panicked ({}): {how}", reason.trim())),
        fate => fate,
    };
    let running = stop.running.map(|running| Box::new(RunResult { fate: named(running.fate), ..*running }));
    Stop { fate: named(stop.fate), running }
}
