//! A folder in which a fake QEMU plays: its links, its orders, and what it leaves behind.

use crate::fake::Does;
use crate::role;
use sprig::case::Case;
use sprig::session::empty_guest;
use sprig::target::qemu::{MACHINES, Qemu};
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

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
/// A fake that hangs opens this pipe for writing.
const SIGNAL: &str = "signal";

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

    /// Makes the pipe on which [`signal`] is heard.
    pub(crate) fn expect_signal(&self) {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, self.path(SIGNAL), rustix::fs::FileType::Fifo, mode, 0)
            .expect("an empty folder");
    }

    /// Waits until a fake hangs.
    pub(crate) fn wait_for_signal(&self) {
        File::open(self.path(SIGNAL)).expect("a pipe has been made");
    }
}

/// Tells the test that this fake hangs now.
pub(crate) fn signal(folder: &Path) {
    File::options().write(true).open(folder.join(SIGNAL)).expect("a pipe has been made");
}

/// A case that does something to the machine.
pub(crate) fn case(does: Does) -> Case {
    let mut case = empty_guest();
    case.name = format!("test/{does:?}");
    case.parts.constants = vec![does as u64];
    case
}
