//! A folder in which a fake QEMU plays: its links, its orders, and what it leaves behind.

use crate::fake::Does;
use crate::role;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use sprig::case::Case;
use sprig::session::empty_guest;
use sprig::target::kvm::{self, Kvm, Local};
use sprig::target::qemu::{MACHINES, Qemu};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// One line a session: cases in it, and whether it was loud.
pub(crate) const SESSIONS: &str = "sessions";
/// Locked while a fake lives.
pub(crate) const ALIVE: &str = "alive";
/// Exists if a fake outlived its harness.
pub(crate) const ORPHANED: &str = "orphaned";
/// What is wrong with the machine.
pub(crate) const SICK: &str = "sick";
/// The version to claim.
pub(crate) const VERSION: &str = "version";
/// The host's kernel.
pub(crate) const KERNEL: &str = "vmlinux";
/// A pipe on which the test is told one of the following.
const SIGNAL: &str = "signal";
/// A fake hangs.
pub(crate) const HANGS: [u8; 5] = *b"hangs";
/// A test process has its result.
pub(crate) const ENDED: [u8; 5] = *b"ended";

pub(crate) struct Stage {
    folder: PathBuf,
    /// Removes the folder in the end; only the test has it, not the programs on the stage.
    _own: Option<tempfile::TempDir>,
}

impl Stage {
    /// A new stage.
    pub(crate) fn new() -> Self {
        let own = tempfile::tempdir().expect("a temporary folder");
        let stage = Self { folder: own.path().to_path_buf(), _own: Some(own) };
        let program = std::env::current_exe().expect("this program has a path");
        for role in [role::QEMU, role::HARNESS, role::TEST_PROCESS] {
            symlink(&program, stage.path(role)).expect("an empty folder");
        }
        for file in [SESSIONS, ALIVE] {
            File::create(stage.path(file)).expect("an empty folder");
        }
        stage
    }

    /// The stage in a folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder, _own: None }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the stage can be written");
    }

    /// The sessions so far.
    pub(crate) fn sessions(&self) -> Vec<String> {
        self.read(SESSIONS).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The target whose QEMU is the fake of this stage.
    pub(crate) fn target(&self) -> Qemu {
        let machine = MACHINES.iter().find(|machine| machine.name == "ppce500").expect("a machine of the table");
        let model = machine.models.iter().find(|model| model.cpu == "e500v2").expect("a CPU of the table");
        Qemu::new(machine, model).expect("a CPU of the table").with_binary(self.path(role::QEMU))
    }

    /// The target whose QEMU, a Linux host in it, is the fake of this stage.
    pub(crate) fn host(&self) -> Kvm {
        let machine = &kvm::MACHINES[0];
        // What begins like a uImage is left to QEMU, the fake one here.
        self.write(KERNEL, "\x27\x05\x19\x56");
        let target = Kvm::new(machine, &machine.kernels[0]).expect("a CPU of the table");
        target.with_binary(self.path(role::QEMU)).with_kernel(self.path(KERNEL))
    }

    /// The target whose VMM, run on this machine, is the fake of this stage.
    pub(crate) fn local(&self) -> Local {
        Local::on(kvm::MACHINES[0].cpu).expect("a CPU of the table").with_vmm(self.path(role::QEMU))
    }

    /// Makes the pipe on which signals are heard, and listens from now on.
    pub(crate) fn listen(&self) -> File {
        let path = self.path(SIGNAL);
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("an empty folder");
        // Open for writing too: the pipe then has no end before something is said.
        File::options().read(true).write(true).open(path).expect("the pipe has just been made")
    }

    /// Tells the test something, if it listens.
    pub(crate) fn signal(&self, what: [u8; 5]) {
        // Without a listener the pipe does not open.
        let open = rustix::fs::open(self.path(SIGNAL), OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty());
        if let Ok(pipe) = open {
            rustix::io::write(pipe, &what).expect("the pipe is empty");
        }
    }
}

/// A case that does something to the machine.
pub(crate) fn case(does: Does) -> Case {
    let mut case = empty_guest();
    case.name = format!("test/{does:?}");
    case.parts.constants = vec![does as u64];
    case
}
