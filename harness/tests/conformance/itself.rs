//! The test harness tested: this program, started again on a small suite that is then broken in one place.

use crate::small::{REACHED, Small, TARGET};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs this program on the suite with these arguments.
struct Harness<'a> {
    small: &'a Small,
    environment: Vec<(&'a str, String)>,
}

impl<'a> Harness<'a> {
    /// On a machine without QEMU.
    fn new(small: &'a Small) -> Self {
        let empty = small.path("no-qemu");
        fs::create_dir_all(&empty).expect("a folder");
        let mut harness = Self { small, environment: Vec::new() };
        harness.set("INSTA_UPDATE", "no");
        harness.set("SPRIG_QEMU_PATH", &empty.display().to_string());
        harness
    }

    fn set(&mut self, name: &'a str, value: &str) -> &mut Self {
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value.to_owned()));
        self
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        for inherited in ["CARGO_TARGET_DIR", "NEXTEST", "NEXTEST_RUN_ID", "NEXTEST_ATTEMPT", "SPRIG_REQUIRE", "CI"] {
            command.env_remove(inherited);
        }
        command.env("SPRIG_ROOT", self.small.root()).envs(self.environment.iter().map(|(name, value)| (name, value)));
        let Output { status, stdout, stderr } = command.args(arguments).output().expect("this program starts");
        (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
    }

    /// Every case on the reference, and the suite's own trials.
    fn run_suite(&self) -> (bool, String) {
        let (cases, mut text) = self.run(&[&format!("{TARGET}::")]);
        let (invariants, more) = self.run(&["suite::"]);
        text += &more;
        (cases && invariants, text)
    }

    #[track_caller]
    fn fails_with(&self, expected: &str) {
        let (passed, text) = self.run_suite();
        assert!(!passed && text.contains(expected), "expected a failure with\n{expected}\ngot\n{text}");
    }
}

fn a_suite_with_nothing_wrong_passes() {
    let (passed, text) = Harness::new(&Small::new()).run_suite();
    assert!(passed, "{text}");
    assert!(text.contains("ref-e500v2-bare::t::good") && text.contains("3 passed"), "{text}");
}

fn what_is_in_use_cannot_be_removed() {
    let golden = "golden/bare/t/good.snap";
    let small = Small::new();
    small.remove(golden);
    Harness::new(&small)
        .fails_with("there is no golden; this was seen:\n            +read: mfspr r3, 272 (SPRG0) -> 0x1234");

    let small = Small::new();
    small.write("golden/expectations.toml", "");
    let harness = Harness::new(&small);
    harness.fails_with("fail\n  where     ");
    harness.fails_with("crash\n  seen      the machine was powered off");

    let small = Small::new();
    small.remove("cases/t/broken.probe");
    let harness = Harness::new(&small);
    harness.fails_with("no case cites `t.breaks`");
    harness.fails_with("no case `t/broken` can run on a target `ref-*`");
    harness.fails_with("bare/t/broken.snap: no target's case has this golden");

    let small = Small::new();
    let cell = "spr/SPRG1/read/supervisor/trap/before";
    small.replace("cases/uncovered.toml", &format!("    \"{cell}\",\n"), "");
    Harness::new(&small).fails_with(&format!("no case reaches {cell}: write one"));

    let small = Small::new();
    small.replace("cases/rules.toml", "t.breaks", "t.other");
    Harness::new(&small).fails_with("unknown rule `t.breaks`");
}

fn what_nobody_uses_cannot_stay() {
    let small = Small::new();
    small.append("cases/rules.toml", "[[rule]]\nid = 't.unused'\ntext = 'Nothing.'\nsource = 'x'\n");
    Harness::new(&small).fails_with("no case cites `t.unused`");

    let small = Small::new();
    small.replace("cases/t/good.probe", "rule t.holds", "rule t.holds t.breaks");
    Harness::new(&small).fails_with("nothing is expected `by t.breaks`");

    let small = Small::new();
    small.append(
        "golden/expectations.toml",
        "[[expectation]]\ntarget = 'ref-*'\ncase = 't/none'\noutcome = 'fail'\nreason = 'x'\nlink = 'x'\n",
    );
    Harness::new(&small).fails_with("no case `t/none` can run");

    let small = Small::new();
    let reason = |cell: &str| format!("[[uncovered]]\ncells = ['{cell}']\nreason = 'x'\nsource = 'x'\n");
    small.append("cases/uncovered.toml", &reason("spr/NONE/read/supervisor"));
    small.append("cases/uncovered.toml", &reason(REACHED));
    let harness = Harness::new(&small);
    harness.fails_with("there is no cell `spr/NONE/read/supervisor`: remove it");
    harness.fails_with(&format!("excuses {REACHED}, which t/broken reaches: make it narrower"));

    let small = Small::new();
    small.write("golden/e500v2-bare/t/none.snap", "x\n");
    Harness::new(&small).fails_with("t/none.snap: no target's case has this golden");

    let small = Small::new();
    small.write("golden/e500v2-bare/t/good.snap", "read: mfspr r3, 272 (SPRG0) -> 0x1234\n");
    Harness::new(&small).fails_with("good.snap says already: remove it");

    let small = Small::new();
    small.write(
        "golden/differences.toml",
        "[[difference]]\ntarget = 'qemu-none'\ncase = '*'\nobservation = 'x'\nreference = '1'\nqemu = '2'\n\
         right = 'both'\nreason = 'x'\nsource = 'x'\n",
    );
    Harness::new(&small).fails_with("there is no target `qemu-none`");
}

fn a_changed_golden_fails_and_shows_the_lines() {
    let small = Small::new();
    small.replace("golden/bare/t/good.snap", "0x1234", "0x5678");
    let harness = Harness::new(&small);
    harness.fails_with(
        "            -read: mfspr r3, 272 (SPRG0) -> 0x5678\n            +read: mfspr r3, 272 (SPRG0) -> 0x1234",
    );
    assert!(!small.path("golden/bare/t/good.snap.new").exists());
}

fn a_change_is_proposed_or_recorded_as_insta_is_told() {
    let small = Small::new();
    small.remove("golden/bare/t/good.snap");
    let case = format!("{TARGET}::t::good");
    let (passed, text) = Harness::new(&small).set("INSTA_UPDATE", "new").run(&[&case]);
    assert!(!passed && small.path("golden/bare/t/good.snap.new").exists(), "{text}");
    let (passed, text) = Harness::new(&small).set("INSTA_UPDATE", "always").run(&[&case]);
    assert!(passed && small.path("golden/bare/t/good.snap").exists(), "{text}");
    let (passed, text) = Harness::new(&small).run_suite();
    assert!(passed, "{text}");
}

fn what_differs_is_recorded_as_general_as_it_is() {
    let small = Small::new();
    small.replace("golden/bare/t/good.snap", "0x1234", "0x5678");
    // Targets that are not here keep what was reviewed, and would share the folder: this case is not for them.
    small.replace("cases/t/good.probe", "rule t.holds", "rule t.holds\nneeds host");
    let (passed, text) = Harness::new(&small).set("INSTA_UPDATE", "always").run(&["ref-e500v2-bare::t::good"]);
    assert!(passed, "{text}");
    let general = fs::read_to_string(small.path("golden/bare/t/good.snap")).expect("still there");
    assert!(general.contains("0x5678"), "{general}");
    let own = fs::read_to_string(small.path("golden/e500v2-bare/t/good.snap")).expect("recorded");
    assert!(own.ends_with("---\nread: mfspr r3, 272 (SPRG0) -> 0x1234\n"), "{own}");
    // If all of them do it, it is what bare targets do, and the override goes.
    let (passed, text) = Harness::new(&small).set("INSTA_UPDATE", "always").run(&["bare::t::good"]);
    assert!(passed, "{text}");
    let general = fs::read_to_string(small.path("golden/bare/t/good.snap")).expect("still there");
    assert!(general.contains("0x1234") && !small.path("golden/e500v2-bare/t/good.snap").exists(), "{general}");
}

fn a_target_that_is_not_here_is_ignored_with_the_reason_unless_required() {
    let small = Small::new();
    let mut harness = Harness::new(&small);
    let case = ["qemu-ppce500-e500v2::t::good"];
    let (passed, text) = harness.run(&case);
    assert!(passed && text.contains("ignored (qemu-system-ppc is not installed; to add it: "), "{text}");
    for required in ["qemu-ppce500-e500v2", "ref-440-bare, qemu-*"] {
        let (passed, text) = harness.set("SPRIG_REQUIRE", required).run(&case);
        assert!(!passed && text.contains("required, and not here: qemu-system-ppc is not installed"), "{text}");
    }
    let (passed, text) = harness.set("SPRIG_REQUIRE", "ref-e500v2-bear").run(&case);
    assert!(!passed && text.contains("SPRIG_REQUIRE names `ref-e500v2-bear`, and there is no such target"), "{text}");
}

fn a_process_per_test_is_told_what_is_ignored_when_it_lists() {
    let small = Small::new();
    let mut harness = Harness::new(&small);
    harness.set("NEXTEST", "1");
    let (_, ignored) = harness.run(&["--list", "--ignored"]);
    let (_, all) = harness.run(&["--list"]);
    let missing = "qemu-ppce500-e500v2::t::good: test";
    assert!(ignored.contains(missing) && all.contains(missing), "{ignored}");
    let here = "ref-e500v2-bare::t::good: test";
    assert!(!ignored.contains(here) && all.contains(here), "{all}");
}

fn a_process_per_test_asks_no_other_target() {
    let small = Small::new();
    let (bin, started) = pretended_qemu(&small);
    let mut harness = Harness::new(&small);
    harness.set("SPRIG_QEMU_PATH", &bin).set("NEXTEST", "1").set("NEXTEST_RUN_ID", "one");
    let (passed, text) = harness.run(&["--exact", "ref-e500v2-bare::t::good"]);
    assert!(passed && text.contains("1 passed"), "{text}");
    assert!(!started.exists());
    // Its own it does: the check above can fail.
    harness.run(&["--exact", "qemu-ppce500-e500v2::t::good"]);
    assert!(started.exists());
}

fn a_process_per_test_reads_what_its_own_trial_needs() {
    let small = Small::new();
    small.replace("cases/t/broken.probe", "mfspr SPRG0", "mfspr SPGR0");
    small.append("golden/differences.toml", "[[difference]]\n");
    let mut harness = Harness::new(&small);
    harness.set("NEXTEST", "1").set("NEXTEST_RUN_ID", "one");
    let (passed, text) = harness.run(&["--exact", "ref-e500v2-bare::t::good"]);
    assert!(passed && text.contains("1 passed"), "{text}");
    // Each mistake is still one: of the case whose script has it, and of what reads the whole suite.
    let (passed, text) = harness.run(&["--exact", "ref-e500v2-bare::t::broken"]);
    assert!(!passed && text.contains("broken.probe:5:14") && !text.contains("differences.toml"), "{text}");
    let (passed, text) = harness.run(&["--exact", "suite::every-golden-is-used"]);
    assert!(!passed && text.contains("broken.probe:5:14") && text.contains("differences.toml:"), "{text}");
}

/// A program in the place of QEMU that notes what it is started with, and the file where it does.
fn pretended_qemu(small: &Small) -> (String, PathBuf) {
    let (bin, started) = (small.path("bin"), small.path("started"));
    fs::create_dir_all(&bin).expect("a folder");
    let qemu = bin.join("qemu-system-ppc");
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\necho QEMU emulator version 10.0.2\n", started.display());
    fs::write(&qemu, script).expect("a program");
    fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)).expect("an executable");
    (bin.display().to_string(), started)
}

fn listing_starts_nothing() {
    let small = Small::new();
    let (bin, started) = pretended_qemu(&small);
    let mut harness = Harness::new(&small);
    harness.set("SPRIG_QEMU_PATH", &bin);
    let trial = "qemu-ppce500-e500v2::t::good";
    let (_, text) = harness.run(&["--list"]);
    assert!(text.contains(&format!("{trial}: test")), "{text}");
    assert!(!started.exists());
    // What a process per test ignores has to be known when it lists, and a QEMU may be too old. More is not asked.
    harness.set("NEXTEST", "1").run(&["--list"]);
    let asked = fs::read_to_string(&started).expect("it was asked");
    assert!(asked.lines().all(|arguments| arguments == "--version"), "{asked}");
    // A trial does start it: the checks above can fail.
    harness.set("NEXTEST", "0").run(&[trial]);
    let asked = fs::read_to_string(&started).expect("it was asked");
    assert!(asked.lines().any(|arguments| arguments.contains("-nodefaults")), "{asked}");
}

fn a_mistake_in_the_suite_is_shown_and_fails() {
    let small = Small::new();
    small.replace("cases/t/good.probe", "mfspr SPRG0", "mfspr SPGR0");
    Harness::new(&small).fails_with("good.probe:5:14");
}

/// A trial of each function, under its own name.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$(Trial::test(concat!("itself::", stringify!($test)), || { $test(); Ok(()) })),*]
    };
}

/// The trials.
pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_suite_with_nothing_wrong_passes,
        what_is_in_use_cannot_be_removed,
        what_nobody_uses_cannot_stay,
        a_changed_golden_fails_and_shows_the_lines,
        a_change_is_proposed_or_recorded_as_insta_is_told,
        what_differs_is_recorded_as_general_as_it_is,
        a_target_that_is_not_here_is_ignored_with_the_reason_unless_required,
        a_process_per_test_is_told_what_is_ignored_when_it_lists,
        a_process_per_test_asks_no_other_target,
        a_process_per_test_reads_what_its_own_trial_needs,
        listing_starts_nothing,
        a_mistake_in_the_suite_is_shown_and_fails,
    ]
}
