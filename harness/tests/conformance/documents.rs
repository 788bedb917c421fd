//! Every sample in the documents is what the command above it prints, and every path they name exists.
//!
//! ````text
//!   ```console               commands, each after `$ `, and what they print
//!   $ sprig check mine.probe
//!   mine.probe: 1 case, nothing is wrong
//!   ```
//!   ```console kvm-e500v2    the same on that target: without it the document is not followed
//!   ```probe mine.probe      a file: the commands after it find it
//!   ```sh, ```toml, ```text  no sample: commands for the reader, excerpts, pictures
//! ````
//!
//! A document is followed from top to bottom in a copy of the suite, on a machine without QEMU except for blocks that name a target, and
//! rewritten with what its commands print there. The two must be the same; `UPDATE_GOLDENFILES=1` keeps the new one. What differs from run
//! to run is written as `[..]`.

use crate::plan::is_nextest;
use goldenfile::Mint;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use sprig::project;
use sprig::target::{self, Availability};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// In front of a document's name.
const PREFIX: &str = "documents::";
/// Begins and ends a block.
const FENCE: &str = "```";
/// In front of a command.
const PROMPT: &str = "$ ";
/// Begins a block of commands that need the target whose name follows.
const ON_TARGET: &str = "```console ";
/// Stands for anything.
const ANYTHING: &str = "[..]";
/// What a block may be. The first word after the fence, so that none is forgotten.
const KINDS: [&str; 5] = ["console", "probe", "sh", "toml", "text"];
/// Stands in the table of targets for each CPU of the last column.
const CPU: &str = "CPU";
/// The folders of the tree that documents speak of.
const FOLDERS: [&str; 7] = [".config", "cases", "ci", "docs", "golden", "guest-kernel", "harness"];
/// What tells a document's commands of their surroundings; none of it is to reach them.
const SURROUNDINGS: [&str; 11] = [
    "CARGO",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "INSTA_UPDATE",
    "NEXTEST",
    "NEXTEST_RUN_ID",
    "NO_COLOR",
    "SPRIG_L1_CLOCK",
    "SPRIG_REQUIRE",
    "UPDATE_GOLDENFILES",
];

/// `cargo` for a reader who stands in the tree: what it would start has been built already.
const CARGO: &str = r#"#!/bin/sh
subcommand=$1
shift
while [ $# != 0 ]; do
  case $1 in
    -q | --test | conformance) shift ;;
    --) shift; break ;;
    *) echo "cargo $subcommand: the test of the documents does not know $1" >&2; exit 101 ;;
  esac
done
case $subcommand in
  run) CARGO=cargo exec sprig "$@" ;;
  test) exec conformance "$@" ;;
esac
"#;

/// A trial for each document.
pub(crate) fn trials(arguments: &Arguments) -> Vec<Trial> {
    let named = |path: PathBuf| {
        let name = path.strip_prefix(project::root()).unwrap_or(&path).display().to_string();
        (format!("{PREFIX}{name}"), path)
    };
    let trial = |(name, path): (String, PathBuf)| {
        // Under nextest, who asks what is ignored has to be told; a process that runs another trial need not look.
        let asks = is_nextest() && (arguments.list || arguments.filter.as_ref().is_some_and(|filter| name == *filter));
        let is_ignored = asks && missing(&path).is_some();
        let follows = move || match missing(&path) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => follow(&path).map(|()| Completion::Completed),
        };
        Trial::ignorable_test(name, follows).with_ignored_flag(is_ignored)
    };
    let documents = documents();
    let table = documents.first().map(|_| Trial::test(format!("{PREFIX}table-of-targets"), table_of_targets));
    documents.into_iter().map(named).map(trial).chain(table).collect()
}

/// Every document of the tree this was built from.
fn documents() -> Vec<PathBuf> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // A suite for a test has no documents.
    let root = project::root();
    if fs::canonicalize(&root).ok() != fs::canonicalize(built_from).ok() {
        return Vec::new();
    }
    let folders = [root.clone(), root.join("docs"), root.join("docs/findings")];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut documents: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    documents.sort();
    documents
}

/// Why a document cannot be followed: the first of the targets it names that is not here.
fn missing(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let named: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix(ON_TARGET)).collect();
    let targets = target::all();
    named.into_iter().find_map(|name| match targets.iter().find(|target| target.id() == name)?.availability() {
        Availability::Yes => None,
        Availability::No { reason, remedy } => Some(format!("{name}: {reason}; to add it: {remedy}")),
    })
}

fn follow(path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let lost: Vec<String> =
        named_paths(&text).into_iter().filter(|path| !project::root().join(path).exists()).collect();
    if !lost.is_empty() {
        return Err(Failed::from(format!("{} names what is not there: {}", path.display(), lost.join(", "))));
    }
    let renewed = renew(&text)?;
    if renewed != text {
        println!("to renew the samples: UPDATE_GOLDENFILES=1 cargo test --test conformance -- {PREFIX}");
    }
    let mut mint = Mint::new(path.parent().unwrap_or(path));
    mint.new_goldenfile(path.file_name().unwrap_or_default())?.write_all(renewed.as_bytes())?;
    Ok(())
}

/// The table of targets in the README has every target, and no other.
fn table_of_targets() -> Result<(), Failed> {
    let readme = fs::read_to_string(project::root().join("README.md"))?;
    let mut listed = BTreeSet::new();
    for row in readme.lines().filter_map(|line| line.strip_prefix("| `")) {
        let Some((pattern, rest)) = row.split_once('`') else { continue };
        let cpus = rest.rsplit(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2);
        match pattern {
            _ if pattern.contains(' ') => {}
            _ if pattern.contains(CPU) => listed.extend(cpus.map(|cpu| pattern.replace(CPU, cpu))),
            _ => listed.extend([pattern.to_owned()]),
        }
    }
    let targets: BTreeSet<String> = target::all().iter().map(|target| target.id().to_owned()).collect();
    let only = |these: &BTreeSet<String>, those| these.difference(those).cloned().collect::<Vec<_>>().join(" ");
    let (missing, unknown) = (only(&targets, &listed), only(&listed, &targets));
    if missing.is_empty() && unknown.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!(
        "the table of targets in README.md lacks [{missing}] and has no business with [{unknown}]"
    )))
}

/// Paths below the root that stand in backquotes or after a link, but for patterns.
fn named_paths(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let words = quoted.chain(text.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    let is_path = |word: &&str| {
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/@".contains(c));
        plain && word.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder))
    };
    words.filter(is_path).map(str::to_owned).collect()
}

/// The document with what its commands print now.
fn renew(text: &str) -> Result<String, Failed> {
    let stage = Stage::new()?;
    let mut renewed = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(renewed, "{line}");
        let Some(tag) = line.strip_prefix(FENCE) else { continue };
        let (kind, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        if !KINDS.contains(&kind) {
            return Err(Failed::from(format!("a block is one of {}, not `{line}`", KINDS.join(", "))));
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
        match kind {
            "console" => renewed += &stage.console(&block, !rest.is_empty())?,
            _ => renewed += &block.iter().map(|line| format!("{line}\n")).collect::<String>(),
        }
        if kind == "probe" && !rest.is_empty() {
            fs::write(stage.root.join(rest), block.join("\n") + "\n")?;
        }
        let _ = writeln!(renewed, "{FENCE}");
    }
    Ok(renewed)
}

/// A copy of the suite, and programs that do what a reader's would.
struct Stage {
    folder: TempDir,
    root: PathBuf,
}

impl Stage {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let root = fs::canonicalize(folder.path())?.join("sprig");
        for part in [".config", "cases", "ci/l1", "docs", "golden"] {
            copy(&project::root().join(part), &root.join(part))?;
        }
        let stage = Self { folder, root };
        fs::create_dir(stage.programs())?;
        fs::create_dir(stage.no_qemu())?;
        symlink(env!("CARGO_BIN_EXE_sprig"), stage.programs().join("sprig"))?;
        symlink(std::env::current_exe()?, stage.programs().join("conformance"))?;
        let cargo = stage.programs().join("cargo");
        fs::write(&cargo, CARGO)?;
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
        Ok(stage)
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("programs")
    }

    fn no_qemu(&self) -> PathBuf {
        self.folder.path().join("no-qemu")
    }

    /// The lines of a block with what its commands print now, on a machine with QEMU or without.
    fn console(&self, block: &[&str], with_qemu: bool) -> Result<String, Failed> {
        if !block.first().is_some_and(|line| line.starts_with(PROMPT)) {
            return Err(Failed::from(format!("a console block begins with a command: {block:?}")));
        }
        let mut renewed = String::new();
        for part in block.chunk_by(|_, next| !next.starts_with(PROMPT)) {
            let [line, shown @ ..] = part else { continue };
            let printed = self.print(line.trim_start_matches(PROMPT), with_qemu)?;
            let _ = writeln!(renewed, "{line}");
            for (index, line) in printed.lines().map(str::trim_end).enumerate() {
                let here = shown.get(index).filter(|shown| **shown == line || stands_for(shown, line));
                // Where there are more lines now, or fewer, it stands above or below.
                let elsewhere = || shown.iter().find(|shown| !shown.starts_with(ANYTHING) && stands_for(shown, line));
                let _ = writeln!(renewed, "{}", here.or_else(elsewhere).unwrap_or(&line));
            }
        }
        Ok(renewed)
    }

    /// What a command prints, paths from the root.
    fn print(&self, command: &str, with_qemu: bool) -> Result<String, Failed> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([self.programs()].into_iter().chain(std::env::split_paths(&path)))?;
        let mut shell = Command::new("sh");
        for name in SURROUNDINGS {
            shell.env_remove(name);
        }
        shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(&self.root).stdin(Stdio::null());
        shell.env("PATH", path).env("SPRIG_ROOT", &self.root);
        if !with_qemu {
            shell.env("SPRIG_QEMU_PATH", self.no_qemu());
        }
        // insta would ask cargo.
        shell.env("INSTA_WORKSPACE_ROOT", &self.root);
        let output = shell.output()?;
        Ok(String::from_utf8_lossy(&output.stdout).replace(&format!("{}/", self.root.display()), ""))
    }
}

/// True if the line of the document says that this may stand in its place.
fn stands_for(shown: &str, line: &str) -> bool {
    let Some((start, rest)) = shown.split_once(ANYTHING) else { return false };
    let (middle, end) = rest.rsplit_once(ANYTHING).unwrap_or(("", rest));
    let between = line.strip_prefix(start).and_then(|line| line.strip_suffix(end));
    let mut parts = middle.split(ANYTHING);
    between.is_some_and(|rest| parts.try_fold(rest, |rest, part| Some(rest.split_once(part)?.1)).is_some())
}

/// Copies the texts of a folder: not the guest images.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let copied = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &copied)?;
        } else if path.extension().is_some_and(|extension| extension != "elf") {
            fs::copy(&path, copied)?;
        }
    }
    Ok(())
}
