//! A QEMU build in the place of a target's own: the fake, whose cases end it as their first constant says. `sprig gate`
//! judges it, `repro` and `fuzz` try it.

#[path = "../small/mod.rs"]
mod small;

use crate::fake::{Does, sick};
use crate::stage::{self, Stage};
use crate::{role, trials};
use libtest_mimic::Trial;
use small::Small;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    trials![gate:
        a_new_crash_closes_it,
        a_listed_crash_does_not,
        what_the_baseline_does_as_well_does_not,
        a_baseline_that_shows_nothing_leaves_it_open,
        a_build_that_does_not_start_is_not_judged,
        a_build_that_does_not_boot_is_not_judged,
        an_error_is_not_judged,
        no_build_at_all_is_wrong_usage,
        a_part_that_the_target_does_not_have_is_wrong_usage,
        a_build_that_is_not_there_is_not_judged,
        what_it_does_to_a_case_is_shown_again_with_it,
        scripts_are_tried_on_it,
    ]
}

const TARGET: &str = "qemu-ppce500-e500v2";
const CASE: &str = "t/only";

/// A suite of one case, which ends the fake in this way.
fn suite(does: Does) -> Small {
    let small = Small::new();
    for name in ["good", "broken", "dead"] {
        small.remove(&format!("cases/t/{name}.probe"));
    }
    small.write("golden/expectations.toml", "");
    let number = does as u64;
    let script =
        format!("# A kernel.\nrule t.holds\n\nmtspr SPRG0, {number}\nread = mfspr SPRG0\n\nexpect read != 0xff\n");
    small.write(&format!("cases/{CASE}.probe"), &script);
    small
}

fn gate(small: &Small, arguments: &[&str]) -> (i32, String) {
    sprig("gate", small, arguments)
}

fn sprig(command: &str, small: &Small, arguments: &[&str]) -> (i32, String) {
    let mut sprig = Command::new(env!("CARGO_BIN_EXE_sprig"));
    ended(sprig.env("SPRIG_ROOT", small.root()).args([command, "--target", TARGET]).args(arguments))
}

/// Exit status and everything it printed.
fn ended(sprig: &mut Command) -> (i32, String) {
    let output = sprig.output().expect("it starts");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.code().expect("no signal"), text)
}

/// Gates the fake of this stage.
fn gate_fake(small: &Small, stage: &Stage, more: &[&str]) -> (i32, String) {
    let build = stage.path(role::QEMU).display().to_string();
    gate(small, &[&["--qemu", &build], more].concat())
}

fn a_new_crash_closes_it() {
    let (stage, small) = (Stage::new(), suite(Does::IsKilled));
    let (status, text) = gate_fake(&small, &stage, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(text.starts_with("CRASH t/only on qemu-ppce500-e500v2\n"), "{text}");
    let again = format!("gate {CASE} --target {TARGET} --qemu {}\n", stage.path(role::QEMU).display());
    assert!(text.contains(&again), "{text}");
    assert!(text.ends_with("This build is worse than allowed: see above (exit status 1).\n"), "{text}");
}

fn a_listed_crash_does_not() {
    let (stage, small) = (Stage::new(), suite(Does::IsKilled));
    let entry = format!("target = '{TARGET}'\ncase = '{CASE}'\noutcome = 'crash'\nreason = 'it is'\nlink = 'x'\n");
    small.write("golden/expectations.toml", &format!("[[expectation]]\n{entry}"));
    let (status, text) = gate_fake(&small, &stage, &["--strict"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("1 expected fail") && text.ends_with("This build is not worse than allowed.\n"), "{text}");
}

fn what_the_baseline_does_as_well_does_not() {
    let (build, baseline, small) = (Stage::new(), Stage::new(), suite(Does::IsKilled));
    let path = baseline.path(role::QEMU).display().to_string();
    let (status, text) = gate_fake(&small, &build, &["--baseline", &path, "--strict"]);
    assert_eq!(status, 0, "{text}");
    assert!(!text.contains("CRASH"), "nothing is different: {text}");
    assert!(text.contains("The same as on the baseline: t/only.\n"), "{text}");
    assert!(!baseline.sessions().is_empty() && !build.sessions().is_empty(), "both have run");
}

fn a_baseline_that_shows_nothing_leaves_it_open() {
    for sickness in [sick::REFUSES, sick::DIES_AT_ONCE] {
        let (build, baseline, small) = (Stage::new(), Stage::new(), suite(Does::Ends));
        baseline.write(stage::SICK, sickness);
        let path = baseline.path(role::QEMU).display().to_string();
        let (status, text) = gate_fake(&small, &build, &["--baseline", &path]);
        assert_eq!(status, 125, "{text}");
        assert!(text.contains(&format!("error: nothing can be compared with the baseline {path}: ")), "{text}");
        assert!(build.sessions().is_empty(), "it is known before the build has run");
    }
}

fn a_build_that_does_not_start_is_not_judged() {
    let (stage, small) = (Stage::new(), suite(Does::Ends));
    stage.write(stage::SICK, sick::REFUSES);
    let (status, text) = gate_fake(&small, &stage, &[]);
    assert_eq!(status, 125, "{text}");
    assert!(text.contains("unsupported machine type"), "{text}");
}

fn a_build_that_does_not_boot_is_not_judged() {
    let (stage, small) = (Stage::new(), suite(Does::Ends));
    stage.write(stage::SICK, sick::DIES_AT_ONCE);
    let (status, text) = gate_fake(&small, &stage, &[]);
    assert_eq!(status, 125, "{text}");
    assert!(text.contains("CRASH t/only"), "{text}");
}

fn an_error_is_not_judged() {
    let (stage, small) = (Stage::new(), suite(Does::GarblesALine));
    let (status, text) = gate_fake(&small, &stage, &[]);
    assert_eq!(status, 125, "{text}");
    assert!(text.contains("a console line is garbled"), "{text}");
}

fn a_part_that_the_target_does_not_have_is_wrong_usage() {
    let small = suite(Does::Ends);
    let image = small.path("cases/rules.toml").display().to_string();
    for part in ["--kernel", "--firmware"] {
        let (status, text) = gate(&small, &[part, &image]);
        assert_eq!(status, 2, "{text}");
        assert!(text.starts_with("error: qemu-ppce500-e500v2 has no ") && text.contains("stand in for"), "{text}");
    }
}

/// `git bisect run` skips it: it takes 2 for a bad commit.
fn a_build_that_is_not_there_is_not_judged() {
    let (stage, small) = (Stage::new(), suite(Does::Ends));
    let folder = small.path("cases");
    for (part, path) in [("--qemu", stage.path("nothing")), ("--qemu", folder.clone()), ("--kernel", folder)] {
        let (status, text) = gate(&small, &[part, &path.display().to_string()]);
        assert_eq!(status, 125, "{part}: {text}");
        assert!(text.starts_with("error: ") && text.lines().count() == 2, "{text}");
    }
}

fn no_build_at_all_is_wrong_usage() {
    let (status, text) = gate(&suite(Does::Ends), &[]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("add --kernel, --qemu or --firmware"), "{text}");
}

fn what_it_does_to_a_case_is_shown_again_with_it() {
    let (stage, small) = (Stage::new(), suite(Does::IsKilled));
    let build = stage.path(role::QEMU).display().to_string();
    let (status, text) = sprig("repro", &small, &[CASE, "--qemu", &build]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("CRASH t/only on qemu-ppce500-e500v2\n"), "{text}");
    assert!(text.contains(&format!("repro {CASE} --target {TARGET} --qemu {build}\n")), "{text}");
}

fn scripts_are_tried_on_it() {
    let stage = Stage::new();
    stage.write(stage::SICK, sick::REFUSES);
    // By the project's own rules, which its scripts are made of.
    let mut sprig = Command::new(env!("CARGO_BIN_EXE_sprig"));
    let (status, text) =
        ended(sprig.args(["fuzz", "--target", TARGET, "--count", "1", "--qemu"]).arg(stage.path(role::QEMU)));
    assert_eq!(status, 125, "{text}");
    assert!(text.contains("cannot run anything") && text.contains("unsupported machine type"), "{text}");
}
