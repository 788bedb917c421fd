//! What is built and what is said, on a tree whose kernel is its sources one after the other.

use crate::stage::{BROKEN, EMULATE, INTERRUPTS, Stage, VECTORS};
use libtest_mimic::Trial;
use std::fs;

const TARGET: [&str; 2] = ["--target", "kvm-e500v2"];
/// What shows that K1 and K2 are cured.
const FIXES: [&str; 2] = ["mr\tr4, r5", ".space\t32"];
const NOT_JUDGED: Option<i32> = Some(125);
const USAGE: Option<i32> = Some(129);

macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        vec![$(Trial::test(stringify!($name), || { $name(); Ok(()) })),*]
    };
}

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        fixes_are_put_on_and_the_tree_stays_as_it_is,
        a_fix_that_is_there_is_not_put_on_again,
        a_repository_may_be_dirty_and_its_products_are_left_out,
        only_what_has_changed_is_copied_and_what_is_gone_is_removed,
        another_tree_of_the_same_version_is_told_by_its_contents,
        what_was_gated_before_is_kept,
        a_series_is_compared_with_the_tree_without_it,
        a_series_may_hold_one_of_the_fixes,
        a_series_may_add_and_delete_files,
        a_series_that_does_not_apply_leaves_it_open,
        what_does_not_build_leaves_it_open,
        a_fix_of_which_nobody_can_say_leaves_a_bad_verdict_open,
        the_status_is_the_gates,
        what_fails_before_the_gate_has_spoken_is_no_verdict,
        what_could_not_be_copied_is_not_gated_and_is_copied_next_time,
        what_cannot_be_meant_is_said,
    ]
}

/// The diff between two texts of a file, as a mail.
fn mail(subject: &str, files: &[(&str, Option<&str>, Option<&str>)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |side: usize| {
        crate::stage::git(folder.path(), &["rm", "-qrf", "--ignore-unmatch", "."]);
        for (name, before, after) in files {
            let path = folder.path().join(name);
            if let Some(text) = [before, after][side] {
                fs::create_dir_all(path.parent().expect("a folder")).expect("it is ours");
                fs::write(path, text).expect("it is ours");
            }
        }
        crate::stage::git(folder.path(), &["add", "-A"]);
        crate::stage::git(folder.path(), &["commit", "-q", "--allow-empty", "-m", subject]);
    };
    crate::stage::git(folder.path(), &["init", "-q"]);
    put(0);
    put(1);
    let output = crate::stage::git(folder.path(), &["format-patch", "-1", "--stdout", "--no-renames"]);
    String::from_utf8(output.stdout).expect("a mail of these tests")
}

fn fixes_are_put_on_and_the_tree_stays_as_it_is() {
    let stage = Stage::new();
    let before = stage.state();
    let ran = stage.run(&TARGET);
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    let kernel = stage.given("kernel").expect("a kernel");
    assert!(FIXES.iter().all(|fix| kernel.matches(fix).count() == 1), "{kernel}");
    assert_eq!(stage.given("baseline"), None);
    assert_eq!(stage.state(), before);
}

fn a_fix_that_is_there_is_not_put_on_again() {
    let stage = Stage::new();
    stage.run(&TARGET);
    let cured = stage.path("cache/sprig/l1/trees/e500v2-9.8/source");
    let text = fs::read_to_string(cured.join(INTERRUPTS)).expect("it was built there");
    stage.put(INTERRUPTS, &text);
    stage.says(1);
    let ran = stage.run(&TARGET);
    assert_eq!(ran.status, Some(1), "it is known to be there: {}", ran.said);
    let kernel = stage.given("kernel").expect("a kernel");
    assert!(FIXES.iter().all(|fix| kernel.matches(fix).count() == 1), "{kernel}");
}

fn a_repository_may_be_dirty_and_its_products_are_left_out() {
    let stage = Stage::new();
    stage.put(".gitignore", "*.o\ngenerated.c\n");
    stage.git(&["init", "-q"]);
    stage.git(&["add", "-A"]);
    stage.git(&["commit", "-qm", "tree"]);
    stage.put(EMULATE, "dirty\n");
    stage.put("arch/powerpc/kvm/new.c", "untracked\n");
    stage.put("arch/powerpc/kvm/generated.c", "product\n");
    let before = stage.state();
    assert_eq!(stage.run(&TARGET).status, Some(0));
    let kernel = stage.given("kernel").expect("a kernel");
    assert!(kernel.contains("dirty") && kernel.contains("untracked") && !kernel.contains("product"), "{kernel}");
    assert_eq!(stage.state(), before, "the repository's own files are among them");
}

fn only_what_has_changed_is_copied_and_what_is_gone_is_removed() {
    let stage = Stage::new();
    stage.put("arch/powerpc/kvm/old.c", "old\n");
    stage.run(&TARGET);
    assert_eq!(stage.made(), ["allnoconfig", "vmlinux"]);
    let source = stage.path("cache/sprig/l1/trees/e500v2-9.8/source");
    let time = |file: &str| fs::metadata(source.join(file)).and_then(|data| data.modified()).expect("it was built");
    let files = [INTERRUPTS, VECTORS, EMULATE];
    let times = files.map(time);
    // The same text, written again: make must not see a difference.
    stage.put(INTERRUPTS, &stage.get(INTERRUPTS));
    stage.put(EMULATE, &stage.get(EMULATE));
    fs::remove_file(stage.tree().join("arch/powerpc/kvm/old.c")).expect("it is ours");
    stage.run(&TARGET);
    assert_eq!(files.map(time), times);
    assert!(!stage.given("kernel").expect("a kernel").contains("old"));
    assert_eq!(stage.made(), ["vmlinux"], "nothing that the configuration depends on has changed");
    stage.put(EMULATE, "changed\n");
    stage.run(&TARGET);
    assert!(time(EMULATE) > times[2] && time(INTERRUPTS) == times[0]);
}

fn another_tree_of_the_same_version_is_told_by_its_contents() {
    let stage = Stage::new();
    stage.run(&TARGET);
    let other = Stage::new();
    other.put(EMULATE, "other\n");
    let tree = other.tree().to_string_lossy().into_owned();
    let ran = stage.run_with(&[&[tree.as_str()], &TARGET[..]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    assert!(ran.said.contains(": 1 files of "), "{}", ran.said);
    assert!(stage.given("kernel").expect("a kernel").contains("other"));
}

fn what_was_gated_before_is_kept() {
    let stage = Stage::new();
    let gated = |text: &str| {
        stage.put(EMULATE, text);
        stage.run(&TARGET);
        let asked = stage.given("asked").expect("a gate");
        let kernel = asked.split_whitespace().skip_while(|word| *word != "--kernel").nth(1).expect("a kernel");
        fs::read_to_string(kernel).map(|_| kernel.to_owned()).expect("it is kept")
    };
    let (first, second) = (gated("first\n"), gated("second\n"));
    assert_eq!(gated("first\n"), first, "the same kernel has the same name");
    let kept = fs::read_to_string(second).expect("another kernel does not replace it");
    assert!(kept.contains("second"), "{kept}");
}

fn a_series_is_compared_with_the_tree_without_it() {
    let stage = Stage::new();
    let before = stage.state();
    let (one, two, three) = ("one\ntwo\nthree\n", "one\n2\nthree\n", "one\n2\n3\n");
    let cover = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 0/2] \
        count\n\nHello.\n\n";
    let series =
        [cover, &mail("two", &[(EMULATE, Some(one), Some(two))]), &mail("3", &[(EMULATE, Some(two), Some(three))])];
    fs::write(stage.path("series.mbox"), series.concat()).expect("it is ours");
    let ran = stage.run(&[&TARGET[..], &["--series", "series.mbox", "alias", "--strict", "--format", "mail"]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    let (kernel, baseline) = (stage.given("kernel").expect("a kernel"), stage.given("baseline").expect("a baseline"));
    assert!(kernel.contains(three) && baseline.contains(one), "{kernel}\n{baseline}");
    assert!(FIXES.iter().all(|fix| kernel.contains(fix) && baseline.contains(fix)));
    assert!(stage.given("asked").expect("a gate").ends_with(" alias --strict --format mail\n"));
    assert_eq!(stage.state(), before);
    // Without it the tree is what it was.
    stage.run(&TARGET);
    assert_eq!(stage.given("kernel"), Some(baseline));
}

fn a_series_may_hold_one_of_the_fixes() {
    let stage = Stage::new();
    let patch = concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/l1/patches/0001-booke-pass-exit-number.patch");
    let ran = stage.run(&[&TARGET[..], &["--series", patch]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    assert_eq!(stage.given("kernel"), stage.given("baseline"));
    assert!(ran.said.contains("the series changes nothing of what is built"), "{}", ran.said);
}

fn a_series_may_add_and_delete_files() {
    let stage = Stage::new();
    let new = "arch/powerpc/kvm/new.c";
    let text = mail("move", &[(EMULATE, Some("one\ntwo\nthree\n"), None), (new, None, Some("new\n"))]);
    fs::write(stage.path("series"), text).expect("it is ours");
    let ran = stage.run(&[&TARGET[..], &["--series", "series"]].concat());
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    let kernel = stage.given("kernel").expect("a kernel");
    assert!(kernel.contains("new") && !kernel.contains("three"), "{kernel}");
    stage.run(&TARGET);
    let kernel = stage.given("kernel").expect("a kernel");
    assert!(!kernel.contains("new") && kernel.contains("three"), "{kernel}");
}

fn a_series_that_does_not_apply_leaves_it_open() {
    let stage = Stage::new();
    fs::write(stage.path("series"), mail("two", &[(EMULATE, Some("1\n2\n"), Some("1\n3\n"))])).expect("it is ours");
    let ran = stage.run(&[&TARGET[..], &["--series", "series"]].concat());
    assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
    assert!(ran.said.contains("does not apply"), "{}", ran.said);
    fs::write(stage.path("series"), "Subject: hello\n\nno patch\n").expect("it is ours");
    let ran = stage.run(&[&TARGET[..], &["--series", "series"]].concat());
    assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
    assert!(ran.said.contains("there is no patch in "), "{}", ran.said);
    let series = mail("two", &[(EMULATE, Some("one\nzwei\nthree\n"), Some("one\ntwo\nthree\n"))]);
    fs::write(stage.path("series"), series).expect("it is ours");
    let ran = stage.run(&[&TARGET[..], &["--series", "series"]].concat());
    assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
    assert!(ran.said.contains("it is in the tree already"), "{}", ran.said);
    assert_eq!((stage.given("asked"), stage.made()), (None, Vec::new()), "nothing is built for it either");
}

fn what_does_not_build_leaves_it_open() {
    let stage = Stage::new();
    stage.put(BROKEN, "");
    let ran = stage.run(&TARGET);
    assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
    assert!(ran.said.contains("broken.c:1: error: broken") && ran.said.contains("does not build"), "{}", ran.said);
    fs::remove_file(stage.tree().join(BROKEN)).expect("it is ours");
    assert_eq!(stage.run(&TARGET).status, Some(0), "the next commit is built as if nothing had been");
}

fn a_fix_of_which_nobody_can_say_leaves_a_bad_verdict_open() {
    let stage = Stage::new();
    stage.put(INTERRUPTS, "rewritten\n");
    assert_eq!(stage.run(&TARGET).status, Some(0), "a good one stands");
    stage.says(1);
    let ran = stage.run(&TARGET);
    assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
    let fix = "0001-booke-pass-exit-number.patch";
    assert!(ran.said.contains(&format!("neither has {fix} nor does it take it")), "{}", ran.said);
    assert_eq!(stage.run(&[&TARGET[..], &["--without", fix]].concat()).status, Some(1));
}

fn the_status_is_the_gates() {
    let stage = Stage::new();
    for status in [0, 1, 125] {
        stage.says(status);
        assert_eq!(stage.run(&TARGET).status, Some(status.into()));
    }
    stage.says(2);
    assert_eq!(stage.run(&TARGET).status, USAGE, "which is no bad commit");
}

fn what_fails_before_the_gate_has_spoken_is_no_verdict() {
    let stage = Stage::new();
    // A file where the cache's folder is to be; then a sprig that does not even start.
    fs::write(stage.path("cache"), "").expect("it is ours");
    assert_eq!(stage.run(&TARGET).status, NOT_JUDGED);
    fs::remove_file(stage.path("cache")).expect("it is ours");
    for status in [101, 2] {
        stage.program("sprig", &format!("#!/bin/sh\nexit {status}\n"));
        let ran = stage.run(&TARGET);
        assert_eq!(ran.status, NOT_JUDGED, "{}", ran.said);
        assert!(ran.said.contains("nothing is said"), "{}", ran.said);
    }
}

fn what_could_not_be_copied_is_not_gated_and_is_copied_next_time() {
    let stage = Stage::new();
    assert_eq!(stage.run(&TARGET).status, Some(0));
    stage.put(EMULATE, "changed\n");
    for tool in ["tar", "sort"] {
        stage.program(tool, "#!/bin/sh\nexit 2\n");
        let ran = stage.run(&TARGET);
        assert_eq!(ran.status, NOT_JUDGED, "{tool}: {}", ran.said);
        fs::remove_file(stage.path(tool)).expect("it is ours");
    }
    assert_eq!(stage.run(&TARGET).status, Some(0));
    assert!(stage.given("kernel").is_some_and(|kernel| kernel.contains("changed")));
}

fn what_cannot_be_meant_is_said() {
    let stage = Stage::new();
    let refused = |arguments: &[&str], why: &str| {
        let ran = stage.run_with(arguments);
        assert_eq!(ran.status, USAGE, "{arguments:?}: {}", ran.said);
        assert!(ran.said.contains(why), "{arguments:?}: {}", ran.said);
    };
    refused(&[], "which tree?");
    refused(&["tree"], "which target?");
    refused(&["cache", "--target", "kvm-e500v2"], "cache is no source tree of Linux");
    refused(&["tree", "--target", "kvm-440"], "there is no target kvm-440 that boots a kernel; there are: kvm-e500v2");
    refused(&["tree", "--target", "kvm-e500v2", "--series", "none"], "cannot read none");
    refused(&["tree", "--target", "kvm-e500v2", "--kernel", "x"], "what is gated is built here");
    refused(&["tree", "--target", "kvm-e500v2", "--without", "K1"], "there is no fix K1; there are: 0001");
    refused(&["tree", "--target"], "--target needs a value");
    refused(&["tree", "--target", "kvm-e500v2", "alais"], "there is no case `alais`");
    assert_eq!(stage.made(), [""; 0]);
}
