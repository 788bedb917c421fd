//! The KVM of this machine, which is a PowerPC Linux host: the VMM as an ordinary process, and no QEMU.
//!
//! Elsewhere the target is listed with the reason why it cannot run; what `sprig export` writes is for it, and is
//! judged by its name.

use super::golden_chain;
use super::machine::{MACHINES, Machine};
use crate::case::{Case, Hold, Profile};
use crate::feature::{Feature, FeatureSet};
use crate::target::console::Receiver;
use crate::target::qemu::{self, Program};
use crate::target::{Availability, Boot, ByHand, GUEST_IMAGE, HostProgram, Stop, Target, Unprepared, batch};
use crate::transcript::RunResult;
use sprig_isa::cpu::{CPUS, Cpu};
use sprig_kvm::system::{Errno, OPEN_KVM};
use sprig_kvm::watchdog::PATIENCE;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where Linux tells what it runs on.
const CPUINFO: &str = "/proc/cpuinfo";
/// The way to KVM.
const DEVICE: &str = "/dev/kvm";
/// What to do elsewhere.
const EXPORT: &str = "sprig export DIR, and run it on a PowerPC Linux host";

/// This machine's KVM, or that of one like it.
#[derive(Clone, Debug)]
pub struct Local {
    /// The emulated machine whose guests are the same.
    machine: &'static Machine,
    cpu: &'static Cpu,
    unavailable: Option<Unavailable>,
    /// Run instead of the VMM.
    vmm: Option<PathBuf>,
}

/// Why it cannot run here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unavailable {
    reason: String,
    remedy: &'static str,
}

/// What can be done where KVM cannot be opened; the VMM says the same.
fn remedy(error: &io::Error) -> &'static str {
    let errno = error.raw_os_error().and_then(|errno| u32::try_from(errno).ok());
    errno.and_then(|errno| Errno(errno).of(OPEN_KVM).advice()).unwrap_or(EXPORT)
}

impl Local {
    /// Its name.
    pub const ID: &str = "kvm-local";

    /// Of this machine; none if there is no CPU whose KVM is known at all.
    #[must_use]
    pub fn here() -> Option<Self> {
        let unavailable = |reason, remedy| Some(Unavailable { reason, remedy });
        let other = |reason| MACHINES.first().map(|machine| (machine.cpu, unavailable(reason, EXPORT)));
        let (cpu, unavailable) = if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64")) {
            let found = cpu_of(&fs::read_to_string(CPUINFO).unwrap_or_default());
            match found.map(|cpu| cpu.name).filter(|name| MACHINES.iter().any(|machine| machine.cpu == *name)) {
                None => other(format!("{CPUINFO} names no CPU whose KVM sprig knows"))?,
                Some(cpu) => match File::options().read(true).write(true).open(DEVICE) {
                    Ok(_) => (cpu, None),
                    Err(error) => (cpu, unavailable(format!("cannot open {DEVICE}: {error}"), remedy(&error))),
                },
            }
        } else {
            other(format!("this is no PowerPC Linux host ({})", std::env::consts::ARCH))?
        };
        Some(Self { unavailable, ..Self::on(cpu)? })
    }

    /// Of some host with this CPU; none if its KVM is not known.
    #[must_use]
    pub fn on(cpu: &str) -> Option<Self> {
        let machine = MACHINES.iter().find(|machine| machine.cpu == cpu)?;
        Some(Self { machine, cpu: Cpu::by_name(cpu)?, unavailable: None, vmm: None })
    }

    /// The CPUs of the hosts that are known.
    pub fn cpus() -> impl Iterator<Item = &'static str> {
        let is_first =
            |(index, machine): &(usize, &Machine)| !MACHINES.iter().take(*index).any(|m| m.cpu == machine.cpu);
        MACHINES.iter().enumerate().filter(is_first).map(|(_, machine)| machine.cpu)
    }

    /// The same with another program in the VMM's place.
    #[must_use]
    pub fn with_vmm(self, vmm: PathBuf) -> Self {
        Self { vmm: Some(vmm), ..self }
    }

    /// Puts the files of a session into a folder; the program and its arguments.
    fn files(&self, folder: &Path, cases: &[&Case], loud: bool) -> Result<(PathBuf, Vec<OsString>), Unprepared> {
        let vmm = match &self.vmm {
            Some(vmm) => vmm.clone(),
            None => {
                let path = qemu::write(folder, "sprig-vmm", &self.machine.host.vmm.bytes()?)?;
                let executable = fs::set_permissions(&path, Permissions::from_mode(0o755));
                executable.map_err(|error: io::Error| Unprepared::Write { path: path.clone(), error })?;
                path
            }
        };
        let guest = qemu::write(folder, GUEST_IMAGE, &self.machine.guest.bytes()?)?;
        let batch = qemu::write(folder, "batch", &batch(cases, loud)?)?;
        let options = self.program_for_host().options(PATIENCE).into_iter().map(OsString::from);
        Ok((vmm, [guest.into(), batch.into()].into_iter().chain(options).collect()))
    }

    const fn program_for_host(&self) -> HostProgram {
        self.machine.program(self.cpu)
    }
}

/// The CPU of which a PowerPC Linux says, in a line `revision : 3.0 (pvr 8021 1030)`, that it runs on it.
fn cpu_of(cpuinfo: &str) -> Option<&'static Cpu> {
    let (_, pvr) = cpuinfo.split_once("(pvr ")?;
    let version = u16::from_str_radix(pvr.get(..4)?, 16).ok()?;
    CPUS.iter().find(|cpu| cpu.pvr_version == version)
}

impl Target for Local {
    fn id(&self) -> &str {
        Self::ID
    }

    fn profile(&self) -> Profile {
        let emulated = FeatureSet::of(&[Feature::EmulatedHost]);
        let features = self.machine.features(self.cpu).without(emulated);
        Profile { cpu: self.cpu, features, hold: Hold::TICKING_HOST }
    }

    fn availability(&self) -> Availability {
        match &self.unavailable {
            None => Availability::Yes,
            Some(Unavailable { reason, remedy }) => {
                Availability::No { reason: reason.clone(), remedy: (*remedy).to_owned() }
            }
        }
    }

    fn golden_chain(&self) -> Vec<String> {
        let mut chain = golden_chain(self.id(), &self.profile(), self.machine.backend);
        // What the same KVM does on emulated hardware, as long as no hardware's own is recorded.
        chain.splice(1..1, self.resembles().map(str::to_owned));
        chain
    }

    fn resembles(&self) -> Option<&'static str> {
        self.machine.kernels.first().map(|kernel| kernel.target)
    }

    fn version(&self) -> Option<String> {
        fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| format!("Linux {}", release.trim()))
    }

    fn host_program(&self) -> Option<HostProgram> {
        Some(self.program_for_host())
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let folder = tempfile::tempdir()
            .map_err(|error| Stop::error(format!("cannot make a temporary folder (TMPDIR): {error}")))?;
        let (vmm, arguments) = self.files(folder.path(), boot.cases, boot.loud).map_err(Stop::error)?;
        let mut receiver = Receiver::new(boot.expected(self.cpu)?.by_host(), None);
        Program::other("the VMM", vmm).run(&arguments, &mut receiver, boot, ended)
    }

    fn by_hand(&self, folder: &Path, cases: &[&Case], how: &ByHand) -> Result<Option<String>, Unprepared> {
        let (vmm, arguments) = self.files(folder, cases, how.loud)?;
        Ok(Some(qemu::line(&vmm, &arguments)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_not_open_kvm_is_not_told_to_load_it() {
        let told = |errno| remedy(&io::Error::from_raw_os_error(errno));
        assert!(told(13).contains("as root"), "EACCES: {}", told(13));
        assert!(told(2).contains("modprobe kvm-pr"), "ENOENT: {}", told(2));
    }

    #[test]
    fn the_cpu_is_told_by_its_pvr() {
        let cpuinfo = "processor\t: 0\ncpu\t\t: e500v2\nclock\t\t: 1333.333330MHz\nrevision\t: 3.0 (pvr 8021 1030)\n";
        assert_eq!(cpu_of(cpuinfo).map(|cpu| cpu.name), Some("e500v2"));
        for other in ["", "processor\t: 0\nflags: fpu", "revision : 1 (pvr ffff 0000)", "(pvr 80"] {
            assert_eq!(cpu_of(other).map(|cpu| cpu.name), None, "{other}");
        }
    }

    #[test]
    #[cfg(not(any(target_arch = "powerpc", target_arch = "powerpc64")))]
    fn elsewhere_it_says_what_to_do() {
        let reason = format!("this is no PowerPC Linux host ({})", std::env::consts::ARCH);
        let expected = Availability::No { reason, remedy: EXPORT.to_owned() };
        assert_eq!(Local::here().map(|target| target.availability()), Some(expected));
    }

    #[test]
    fn hardware_is_no_emulated_host() {
        for cpu in Local::cpus() {
            let profile = Local::on(cpu).expect("a CPU of the table").profile();
            assert!(profile.features.contains(Feature::Host) && !profile.features.contains(Feature::EmulatedHost));
        }
    }
}
