//! What `sprig export` writes, run by hand on a Linux host whose first process is another, and `sprig run --from` on
//! what it prints: the same verdicts as those of the target.
//!
//! The host is the emulated machine and kernel of a KVM target. Ignored, with the reason, where there is none.

use cpio::newc::{Builder, ModeFileType};
use duct::cmd;
use libtest_mimic::{Arguments, Failed, Trial};
use sprig::session::empty_guest;
use sprig::target::kvm::{Clock, Kvm, MACHINES};
use sprig::target::{Availability, ByHand, Target};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

const SPRIG: &str = env!("CARGO_BIN_EXE_sprig");
/// The first process: started instead of the VMM, which it starts.
const LAUNCHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/by_hand/launcher.s");
/// GNU binutils for PowerPC, which link the guest as well.
const BINUTILS: &str = "powerpc-linux-gnu";

/// What is tried on each machine.
type Test = fn(&Kvm) -> Result<(), Failed>;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    // The first kernel of a machine is the one that runs its guests.
    let mut targets = MACHINES.iter().filter_map(|machine| Kvm::new(machine, machine.kernels.first()?));
    // The launcher is a 32-bit program. Of its machines the one that boots fastest: what is tried is the export, and
    // each trial boots its host with every case.
    let first = targets.find(|target| !target.profile().cpu.is_64bit);
    let target = first.expect("the table has a 32-bit machine");
    let target = Arc::new(target.with_clock(Clock::Instructions));
    let reason = match target.availability() {
        Availability::Yes if cmd!(format!("{BINUTILS}-as"), "--version").stdout_null().run().is_err() => {
            Some(format!("{BINUTILS}-as is not installed; to add it: ci/setup"))
        }
        Availability::Yes => None,
        Availability::No { reason, remedy } => Some(format!("{reason}; to add it: {remedy}")),
    };
    let tests: [(&str, Test); 2] = [
        ("an_export_run_by_hand_gives_the_verdicts_of_the_target", same_verdicts),
        ("without_kvm_whoever_runs_it_is_told_so", without_kvm),
    ];
    for (name, test) in tests {
        let target = Arc::clone(&target);
        let trial = Trial::test(format!("{}::{name}", target.id()), move || test(&target));
        trials.push(match &reason {
            Some(reason) => trial.with_ignored_flag(true).with_kind(reason),
            None => trial,
        });
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn same_verdicts(target: &Kvm) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    fs::write(&log, run_by_hand(target, folder.path(), true)?)?;
    let by_hand = verdicts(&["--from", &log.to_string_lossy()])?;
    let on_target = verdicts(&["--target", target.id()])?;
    if by_hand.0.len() < 100 {
        return Err(format!("only {} cases were run", by_hand.0.len()).into());
    }
    for (case, verdict) in &on_target.0 {
        let other = by_hand.0.get(case);
        if other != Some(verdict) {
            return Err(format!("{case}: by hand {other:?}\n  on {} {verdict:?}", target.id()).into());
        }
    }
    assert_eq!((by_hand.0.len(), by_hand.1), (on_target.0.len(), on_target.1));
    // A log that breaks off leaves cases open, and the others as they are.
    let whole = fs::read(&log)?;
    fs::write(&log, &whole[..whole.len() / 2])?;
    let (half, exit) = verdicts(&["--from", &log.to_string_lossy()])?;
    let open = |verdict: &Verdict| verdict.0 == "error";
    let (left, judged): (Vec<_>, Vec<_>) = half.iter().partition(|(_, verdict)| open(verdict));
    assert!(!left.is_empty() && judged.iter().all(|(case, verdict)| on_target.0.get(*case) == Some(*verdict)));
    assert_eq!(exit, Some(125), "no rule is broken that is not listed, and not all is known");
    Ok(())
}

fn without_kvm(target: &Kvm) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let console = run_by_hand(target, folder.path(), false)?;
    let text = String::from_utf8_lossy(&console);
    let sentence = "sprig-vmm: no KVM: open /dev/kvm: errno 2";
    assert!(text.contains(sentence), "{text}");
    assert!(text.contains("there is no /dev/kvm"), "{text}");
    // What comes after shows that the program left the machine alone.
    assert!(text.contains("launcher: it ended with status 1"), "{text}");
    Ok(())
}

/// The status, and which statements of which rules do not hold. What was seen instead may be a host's pointer.
type Verdict = (String, String);

/// The verdict on each case, and the exit status.
fn verdicts(arguments: &[&str]) -> Result<(BTreeMap<String, Verdict>, Option<i32>), Failed> {
    let output = cmd(SPRIG, [&["run", "--format", "json"], arguments].concat()).stdout_capture().unchecked().run()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let mut verdicts = BTreeMap::new();
    for record in report["results"].as_array().into_iter().flatten() {
        let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let failures = record["failures"].as_array().into_iter().flatten();
        let broken: Vec<String> =
            failures.map(|failure| text(failure, "rule") + ": " + &text(failure, "statement")).collect();
        verdicts.insert(text(record, "case"), (text(record, "status"), broken.join("; ")));
    }
    Ok((verdicts, output.status.code()))
}

/// Boots the target's host with a root file system that holds what `sprig export` writes, and runs on it what `run`
/// says; what the console said.
fn run_by_hand(target: &Kvm, folder: &Path, has_kvm: bool) -> Result<Vec<u8>, Failed> {
    let exported = folder.join("export");
    cmd!(SPRIG, "export", &exported, "--target", target.id()).stdout_null().run()?;
    let run = fs::read_to_string(exported.join("run"))?;
    let mut commands = run.lines().filter_map(|line| line.strip_suffix(" || status=1"));
    let command = shell_words::split(commands.next().ok_or("nothing is run")?)?;
    assert_eq!(commands.next(), None, "the first process of this test runs one command");

    let (object, launcher) = (folder.join("launcher.o"), folder.join("launcher"));
    cmd!(format!("{BINUTILS}-as"), LAUNCHER, "-o", &object).run()?;
    cmd!(format!("{BINUTILS}-ld"), "-static", &object, "-o", &launcher).run()?;
    let root = folder.join("root.cpio");
    fs::write(&root, archive(&launcher, &exported, has_kvm)?)?;

    let by_hand = target.by_hand(folder, &[&empty_guest()], &ByHand::default())?;
    let mut qemu = shell_words::split(&by_hand.ok_or("there is no QEMU")?)?;
    let mut replace = |option: &str, with: &dyn Fn(&str) -> String| {
        let value = qemu.iter().position(|word| word == option).and_then(|at| qemu.get_mut(at + 1));
        value.map(|value| *value = with(value)).ok_or(format!("QEMU is started without {option}"))
    };
    replace("-initrd", &|_| root.to_string_lossy().into_owned())?;
    // The kernel gives its first process what comes after `--`, where quotes keep words together.
    let quoted: Vec<String> = command.iter().map(|word| format!("\"{word}\"")).collect();
    replace("-append", &|line| {
        let kernels = line.split(" -- ").next().unwrap_or_default();
        format!("{kernels} rdinit=/launcher -- {}", quoted.join(" "))
    })?;
    let alone = ["--pdeathsig".to_owned(), "KILL".to_owned(), "--".to_owned()];
    let output = cmd("setpriv", alone.into_iter().chain(qemu)).stdin_null().stdout_capture().unchecked().run()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("launcher: it ended with status "), "the machine was up until the end:\n{text}");
    Ok(output.stdout)
}

/// The root file system: the launcher, the exported folder, the console, and KVM if there is to be any.
fn archive(launcher: &Path, exported: &Path, has_kvm: bool) -> io::Result<Vec<u8>> {
    const FOLDER: ModeFileType = ModeFileType::Directory;
    const DEVICE: ModeFileType = ModeFileType::Char;
    let mut archive = Vec::new();
    let mut inode = 0;
    let mut entry = |name: &str, kind: ModeFileType, device: (u32, u32), data: &[u8]| {
        inode += 1;
        let builder = Builder::new(name).ino(inode).mode(0o755).set_mode_file_type(kind);
        let builder = builder.rdev_major(device.0).rdev_minor(device.1);
        let mut writer = builder.write(&mut archive, u32::try_from(data.len()).map_err(io::Error::other)?);
        writer.write_all(data)?;
        writer.finish().map(|_| ())
    };
    entry("dev", FOLDER, (0, 0), &[])?;
    // Documentation/admin-guide/devices.txt
    entry("dev/console", DEVICE, (5, 1), &[])?;
    if has_kvm {
        entry("dev/kvm", DEVICE, (10, 232), &[])?;
    }
    entry("launcher", ModeFileType::Regular, (0, 0), &fs::read(launcher)?)?;
    entry("export", FOLDER, (0, 0), &[])?;
    for file in fs::read_dir(exported)? {
        let file = file?;
        let name = format!("export/{}", file.file_name().to_string_lossy());
        entry(&name, ModeFileType::Regular, (0, 0), &fs::read(file.path())?)?;
    }
    cpio::newc::trailer(&mut archive)?;
    Ok(archive)
}
