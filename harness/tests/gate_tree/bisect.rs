//! `git bisect run ci/gate-tree` over eight kernels: it finds the one that breaks an alias, in a history that has K1
//! from its second commit on, and passes over one that does not build and one that does not boot.
//!
//! ```text
//!   1 good     as Debian has it, K1 fixed         5 does not boot
//!   2 K1       any guest kills the host           6 boots again
//!   3 innocent                                    7 breaks alias/after-exit@SPRG6      <-- the first bad one
//!   4 does not build                              8 innocent                           <-- known to be bad
//! ```
//!
//! Real kernels, made from what the L1 kernels are made of: some minutes of CPU the first time, then one or two.
//! Ignored unless `SPRIG_BISECT` is set, as ci/test does.

use crate::stage::{GATE_TREE, INTERRUPTS, git};
use libtest_mimic::{Failed, Trial};
use sprig::project;
use sprig::target::{self, l1};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Asks for it.
const WANTED: &str = "SPRIG_BISECT";
const TARGET: &str = "kvm-e500v2";
/// What is gated at each commit.
const CASES: &str = "alias/after-exit";
const SKIP: i32 = 125;

/// What of Linux the configuration needs, apart from what describes the configuration itself.
const FOLDERS: [&str; 27] = [
    "arch/powerpc",
    "block",
    "certs",
    "crypto",
    "drivers/base",
    "drivers/bus",
    "drivers/char",
    "drivers/irqchip",
    "drivers/of",
    "drivers/pci",
    "drivers/rtc",
    "drivers/tty",
    "fs",
    "include",
    "init",
    "io_uring",
    "ipc",
    "kernel",
    "lib",
    "mm",
    "rust",
    "scripts",
    "security",
    "tools/include",
    "tools/scripts",
    "usr",
    "virt",
];
/// What every folder has that the configuration or make looks into.
const DESCRIPTIONS: [&str; 3] = ["Kconfig", "Makefile", "Kbuild"];

const EMULATE: &str = "arch/powerpc/kvm/booke_emulate.c";
const BOARD: &str = "arch/powerpc/platforms/85xx/qemu_e500.c";
/// A line each of these commits changes, and what it becomes.
const COMMITS: [(&str, &str, &str, &str); 7] = [
    ("KVM: PPC: booke: Drop a superfluous move", INTERRUPTS, "\tmr\tr4, r5 /* exit_nr */\n", ""),
    ("KVM: PPC: booke: Spell a comment", EMULATE, "SPRG4-7 are user-readable.", "SPRG4-7 can be read by user code."),
    (
        "KVM: PPC: booke: Prepare for a clean-up",
        EMULATE,
        "SPRG4-7 can",
        "SPRG4-7 */ int undeclared = SPRN_SPRG10; /* can",
    ),
    (
        "powerpc/85xx: Check the board",
        BOARD,
        "define_machine(qemu_e500) {",
        "static int __init qemu_e500_check(void)\n{\n\tpanic(\"qemu_e500: no board\");\n}\n\
         late_initcall(qemu_e500_check);\n\ndefine_machine(qemu_e500) {",
    ),
    ("powerpc/85xx: The board is there", BOARD, "\tpanic(\"qemu_e500: no board\");", "\treturn 0;"),
    (
        "KVM: PPC: booke: Unify the loads of SPRGs",
        INTERRUPTS,
        "\tPPC_LD(r3, VCPU_SHARED_SPRG6, r5)",
        "\tPPC_LD(r3, VCPU_SHARED_SPRG5, r5)",
    ),
    ("KVM: PPC: booke: Spell it otherwise", EMULATE, "SPRG4-7 can be read", "SPRG4-7 may be read"),
];
/// Places in the history, from 0.
const UNBUILDABLE: usize = 3;
const UNBOOTABLE: usize = 4;
const FIRST_BAD: usize = 6;

pub(crate) fn trial() -> Trial {
    let trial = Trial::test("bisect_finds_what_breaks_an_alias", bisect);
    let wanted = std::env::var_os(WANTED).is_some();
    match (missing(), wanted) {
        (None, true) => trial,
        (Some(missing), true) => Trial::test("bisect_finds_what_breaks_an_alias", move || Err(missing.into())),
        (_, false) => trial.with_ignored_flag(true).with_kind(format!("builds kernels for some minutes: set {WANTED}")),
    }
}

/// Where Debian's source is, unpacked.
fn source() -> Option<PathBuf> {
    let folder = l1::cache(|name| std::env::var_os(name)).join("source");
    let mut found = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    found.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("linux-source-6.12-")))
}

fn missing() -> Option<String> {
    let target = target::by_id(TARGET)?;
    if let target::Availability::No { reason, remedy } = target.availability() {
        return Some(format!("{reason}; to add it: {remedy}"));
    }
    let compiler = Command::new("powerpc-linux-gnu-gcc").arg("--version").stdout(Stdio::null()).status();
    let there = compiler.is_ok() && source().is_some();
    (!there).then(|| "no source of Linux 6.12 or no compiler for it; to add them: ci/setup kvm".to_owned())
}

fn bisect() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let tree = folder.path().join("linux");
    let commits = history(&tree)?;
    let (good, bad) = (&commits[0], &commits[COMMITS.len()]);
    run(&tree, &["bisect", "start", bad, good])?;
    let gate = ["bisect", "run", GATE_TREE, ".", "--target", TARGET, CASES];
    let output = sprig(Command::new("git").arg("-C").arg(&tree).args(gate)).output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    println!("{said}");
    let first_bad = format!("{} is the first bad commit", commits[FIRST_BAD]);
    if !said.contains(&first_bad) {
        return Err(format!("not found: {first_bad}\n{said}").into());
    }
    let log = run(&tree, &["bisect", "log"])?;
    let is_skipped = |place: usize| log.contains(&format!("git bisect skip {}", commits[place]));
    assert!(is_skipped(UNBOOTABLE) || is_skipped(UNBUILDABLE), "{log}");
    // Whichever of the two the search had no need of.
    for place in [UNBUILDABLE, UNBOOTABLE].into_iter().filter(|place| !is_skipped(*place)) {
        run(&tree, &["checkout", "--quiet", &commits[place]])?;
        let mut gate = Command::new(GATE_TREE);
        let output = sprig(gate.arg(&tree).args(["--target", TARGET, CASES])).output()?;
        assert_eq!(output.status.code(), Some(SKIP), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(run(&tree, &["status", "--porcelain"])?, "", "the tree is as it was");
    Ok(())
}

fn sprig(command: &mut Command) -> &mut Command {
    command.env("SPRIG", env!("CARGO_BIN_EXE_sprig"))
}

/// The history; its commits, the oldest first.
fn history(tree: &Path) -> Result<Vec<String>, Failed> {
    let source = source().ok_or("no source")?;
    copy(&source, tree, Path::new(""))?;
    // Debian's keeps out everything that is not its packaging.
    fs::remove_file(tree.join(".gitignore"))?;
    fs::write(tree.join(".gitignore"), "*.o\n")?;
    run(tree, &["init", "--quiet"])?;
    for (key, value) in [("core.compression", "0"), ("gc.auto", "0"), ("advice.detachedHead", "false")] {
        run(tree, &["config", key, value])?;
    }
    let fix = project::root().join("ci/l1/patches/0001-booke-pass-exit-number.patch");
    run(tree, &["apply", &fix.to_string_lossy()])?;
    let mut commits = vec![commit(tree, "Linux, with the exit number passed")?];
    for (title, file, before, after) in COMMITS {
        // What the commit before broke is mended.
        let broken = tree.join(EMULATE);
        let text =
            fs::read_to_string(&broken)?.replace("SPRG4-7 */ int undeclared = SPRN_SPRG10; /* can", "SPRG4-7 can");
        fs::write(&broken, text)?;
        let text = fs::read_to_string(tree.join(file))?;
        assert_eq!(text.matches(before).count(), 1, "{file}: {before}");
        fs::write(tree.join(file), text.replacen(before, after, 1))?;
        commits.push(commit(tree, title)?);
    }
    Ok(commits)
}

/// Copies what is needed of a folder.
fn copy(source: &Path, tree: &Path, folder: &Path) -> Result<(), Failed> {
    for entry in fs::read_dir(source.join(folder))? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, folder.join(entry.file_name()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let whole = FOLDERS.iter().any(|wanted| path.starts_with(wanted));
        let is_description = DESCRIPTIONS.iter().any(|description| name.starts_with(description));
        let on_the_way = folder == Path::new("") || is_description;
        if name == ".git" || name == ".sprig-aside" {
            continue;
        }
        if kind.is_dir() {
            copy(source, tree, &path)?;
        } else if whole || on_the_way {
            let to = tree.join(&path);
            fs::create_dir_all(to.parent().unwrap_or(tree))?;
            if kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(entry.path())?, to)?;
            } else {
                fs::copy(entry.path(), to)?;
            }
        }
    }
    Ok(())
}

fn commit(tree: &Path, title: &str) -> Result<String, Failed> {
    run(tree, &["add", "--all", "--force"])?;
    run(tree, &["commit", "--quiet", "--message", title])?;
    Ok(run(tree, &["rev-parse", "HEAD"])?.trim().to_owned())
}

/// Runs git in the tree; what it says.
fn run(tree: &Path, arguments: &[&str]) -> Result<String, Failed> {
    let Output { status, stdout, stderr } = git(tree, arguments);
    if !status.success() {
        return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&stderr)).into());
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
