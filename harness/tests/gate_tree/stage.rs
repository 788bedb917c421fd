//! A small tree that has what ci/gate-tree looks for in a kernel's, and programs that stand in for those it runs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The script.
pub(crate) const GATE_TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/gate-tree");
/// Where K1 is.
pub(crate) const INTERRUPTS: &str = "arch/powerpc/kvm/booke_interrupts.S";
/// Where K2 is.
pub(crate) const VECTORS: &str = "arch/powerpc/kernel/head_85xx.S";
/// What a series of these tests changes.
pub(crate) const EMULATE: &str = "arch/powerpc/kvm/booke_emulate.c";
/// With this file in it a tree does not build.
pub(crate) const BROKEN: &str = "arch/powerpc/kvm/broken.c";

/// As much of K1's file as its fix looks at.
const HAS_K1: &str = "\tmr\tr3, r4\n\tlwz\tr2, HOST_R2(r1)\n\tmr\tr14, r4 /* Save vcpu pointer. */\n\n\
    \tbctrl\t/* kvmppc_handle_exit() */\n\n";
/// As much of K2's.
const HAS_K2: &str = "\t/* System Call Interrupt */\n\tSTART_EXCEPTION(SystemCall)\n\
    \tSYSCALL_ENTRY   0xc00 BOOKE_INTERRUPT_SYSCALL SPRN_SRR1\n\n\
    \t/* Auxiliary Processor Unavailable Interrupt */\n\
    \tEXCEPTION(0x2900, AP_UNAVAIL, AuxillaryProcessorUnavailable, unknown_exception)\n\n";

/// The kernel of this make: every source, one after the other. Like Kbuild it links each object that it has once made.
const MAKE: &str = r#"#!/bin/sh
while [ $# != 0 ]; do
  case $1 in -C) tree=$2; shift ;; O=*) build=${1#O=} ;; esac
  target=$1
  shift
done
echo "$target" >>"${0%/*}/made"
case $target in
  allnoconfig) cp "$KCONFIG_ALLCONFIG" "$build/.config" ;;
  vmlinux)
    if [ -f "$tree/arch/powerpc/kvm/broken.c" ]; then echo "broken.c:1: error: broken" >&2; exit 2; fi
    cd "$tree" && find arch -type f -name '*.[cS]' | while read -r source; do
      object=$build/${source%.*}.o
      mkdir -p "${object%/*}"
      cp "$source" "$object"
      echo "source := $tree/$source" >"${object%/*}/.${object##*/}.cmd"
    done
    cd "$build" && find arch -name '*.o' | sort | xargs cat >vmlinux
    ;;
esac
"#;
/// A gate that knows every case but `alais`, keeps what it is given, and says what it is told to of a kernel that is
/// one.
const SPRIG: &str = r#"#!/bin/sh
stage=${0%/*}
if [ "$1" = targets ]; then echo "kvm-e500v2 e500v2-6.12"; exit; fi
case " $* " in
  *" alais "*) echo "error: there is no case \`alais\`" >&2; exit 2 ;;
  *" --kernel "*/gate-tree" "*) exit 125 ;;
esac
echo "$*" >"$stage/asked"
rm -f "$stage/kernel" "$stage/baseline"
while [ $# != 0 ]; do
  case $1 in --kernel) cp "$2" "$stage/kernel" ;; --baseline) cp "$2" "$stage/baseline" ;; esac
  shift
done
exit "$(cat "$stage/verdict")"
"#;
const COMPILER: &str = "#!/bin/sh\necho version 1\n";

/// A tree, and what stands around it.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

/// What a run of the script gave.
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) said: String,
}

impl Stage {
    /// A tree with both bugs, and a gate that is content with anything.
    pub(crate) fn new() -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let programs =
            [("make", MAKE), ("sprig", SPRIG), ("powerpc-linux-gnu-gcc", COMPILER), ("powerpc-linux-gnu-ld", COMPILER)];
        for (name, text) in programs {
            stage.program(name, text);
        }
        stage.says(0);
        stage.put("Kbuild", "");
        stage.put("Makefile", "VERSION = 9\nPATCHLEVEL = 8\n");
        stage.put(INTERRUPTS, HAS_K1);
        stage.put(VECTORS, HAS_K2);
        stage.put(EMULATE, "one\ntwo\nthree\n");
        stage
    }

    /// A program that the script finds before any other of its name.
    pub(crate) fn program(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it is ours");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.path("tree")
    }

    /// Puts a file into the tree.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.tree().join(name);
        fs::create_dir_all(path.parent().expect("it is in the tree")).expect("it is ours");
        fs::write(path, text).expect("it is ours");
    }

    pub(crate) fn get(&self, name: &str) -> String {
        fs::read_to_string(self.tree().join(name)).expect("it is in the tree")
    }

    /// What the gate is going to say.
    pub(crate) fn says(&self, status: u8) {
        fs::write(self.path("verdict"), status.to_string()).expect("it is ours");
    }

    /// What make was asked to make since the last time.
    pub(crate) fn made(&self) -> Vec<String> {
        let made = fs::read_to_string(self.path("made")).unwrap_or_default();
        let _ = fs::remove_file(self.path("made"));
        made.lines().map(str::to_owned).collect()
    }

    /// The kernel, or baseline, that the gate was given.
    pub(crate) fn given(&self, which: &str) -> Option<String> {
        fs::read_to_string(self.path(which)).ok()
    }

    /// Runs git in the tree.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = git(&self.tree(), arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the script on the tree.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let tree = self.tree().to_string_lossy().into_owned();
        let arguments = [&[tree.as_str()], arguments].concat();
        self.run_with(&arguments)
    }

    pub(crate) fn run_with(&self, arguments: &[&str]) -> Ran {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new(GATE_TREE)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .env("SPRIG", self.path("sprig"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .output()
            .expect("the script is there");
        let said = [output.stdout, output.stderr].concat();
        Ran { status: output.status.code(), said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// Every file of the tree with its text and its time.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
        let mut state = BTreeMap::new();
        let mut folders = vec![self.tree()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it is ours") {
                let path = entry.expect("it is ours").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let changed = fs::metadata(&path).and_then(|data| data.modified()).expect("it is ours");
                    state.insert(path.clone(), (fs::read(path).expect("it is ours"), changed));
                }
            }
        }
        state
    }
}

/// Runs git in a folder, as nobody in particular.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut git = Command::new("git");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "Somebody").env(format!("GIT_{who}_EMAIL"), "somebody@example.org");
        git.env(format!("GIT_{who}_DATE"), "2024-01-01T00:00:00Z");
    }
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    git.arg("-C").arg(folder).args(["-c", "init.defaultBranch=main"]).args(arguments).output().expect("git is there")
}
