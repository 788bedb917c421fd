//! The `sprig` command on a small suite: what it prints, and its exit status.

mod small;

use duct::{Expression, cmd};
use small::{Small, TARGET};
use std::io::Read;
use std::process::{Command, Stdio};

const SPRIG: &str = env!("CARGO_BIN_EXE_sprig");

/// The command on a suite and a machine without QEMU.
fn sprig(small: &Small, arguments: &[&str]) -> Expression {
    let none = small.path("no-qemu");
    cmd(SPRIG, arguments)
        .env("SPRIG_ROOT", small.root())
        .env("SPRIG_QEMU_PATH", none)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("CARGO")
}

/// Its exit status, standard output and standard error. Paths are shown from the root of the suite.
fn run(small: &Small, arguments: &[&str]) -> (i32, String, String) {
    let output = sprig(small, arguments).stdout_capture().stderr_capture().unchecked().run().expect("it starts");
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace(&format!("{}/", small.root().display()), "").replace(SPRIG, "sprig")
    };
    (output.status.code().expect("no signal"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_run_that_is_as_expected_ends_with_a_summary_and_zero() {
    let (status, out, err) = run(&Small::new(), &["run", "--target", TARGET]);
    assert_eq!((status, err.as_str()), (0, ""));
    let expected = "\
ref-e500v2-bare  1 pass, 2 expected fail

3 cases on 1 target: 1 pass, 2 expected fail
  expected fail    a known deviation: golden/expectations.toml says why
Everything is as expected.
";
    assert_eq!(out, expected);
}

#[test]
fn without_arguments_every_case_runs_on_every_bare_and_pr_reference() {
    let (status, out, _) = run(&Small::new(), &[]);
    assert_eq!(status, 0, "{out}");
    for target in ["ref-e500v2-bare", "ref-e500v2-pr", "ref-power8-bare", "ref-power8-pr"] {
        assert!(out.lines().any(|line| line.split_whitespace().next() == Some(target)), "{out}");
    }
    assert!(out.contains("3 cases on 16 targets, 48 results: "), "{out}");
    let told = [
        "\n\nInstalled, but not asked for: ref-",
        " more. To run one, add `--target NAME`.\n\nNot here: qemu-ppce500-e500v2, ",
    ];
    assert!(told.iter().all(|told| out.contains(told)), "{out}");
    assert!(out.contains("qemu-system-ppc is not installed.\n  to add them: ci/setup"), "{out}");
}

#[test]
fn a_broken_rule_is_shown_with_all_that_explains_it_and_one() {
    let small = Small::new();
    small.write("golden/expectations.toml", "");
    let (status, out, _) = run(&small, &["run", "t/broken", "--target", TARGET]);
    assert_eq!(status, 1);
    let expected = "\
FAIL t/broken on ref-e500v2-bare
  where     cases/t/broken.probe:7: expect read == 0x2
  rule      t.breaks: What is written is not read.
  source    another manual, section 2
  step      line 5: mfspr r3, 272 (SPRG0)
  expected  read == 0x2
  actual    0x1
  again     sprig repro t/broken --target ref-e500v2-bare

";
    assert!(out.starts_with(expected), "{out}");
    assert!(out.contains("Not as expected: see above (exit status 1)."), "{out}");
}

#[test]
fn the_command_that_shows_a_failure_again_does_so() {
    let small = Small::new();
    small.write("golden/expectations.toml", "");
    let (status, out, _) = run(&small, &["repro", "t/broken", "--target", TARGET]);
    assert_eq!(status, 1);
    let expected = "\
cases/t/broken.probe
  line 4  mtspr 272 (SPRG0), r3 = 0x1
  line 5  mfspr r3, 272 (SPRG0)        read = 0x1
";
    assert!(out.starts_with(expected), "{out}");
    assert!(out.contains("\nFAIL t/broken on ref-e500v2-bare\n"), "{out}");
}

#[test]
fn a_target_that_counts_exits_tells_them() {
    let small = Small::new();
    small.write("golden/expectations.toml", "");
    let (_, out, _) = run(&small, &["run", "t/broken", "--target", "ref-e500v2-pr"]);
    assert!(out.contains("  exits     last before: ") && out.contains(", in line 4: mtspr 272 (SPRG0)"), "{out}");
}

#[test]
fn a_wrong_hypervisor_is_a_target_for_whoever_names_it() {
    let small = Small::new();
    let text = "# A test.\nrule t.holds\n\nmtspr SPRG5, 0x1234\nread = mfspr USPRG5\n\nexpect read == 0x1234\n";
    small.write("mine.probe", text);
    let file = small.path("mine.probe").display().to_string();
    let (exit, out, _) = run(&small, &["run", &file, "--target", "ref-e500v2-pr+aliases-swapped"]);
    assert_eq!(exit, 1, "{out}");
    assert!(out.contains("mfspr r3, 261 (USPRG5)") && out.contains("actual    0x0"), "{out}");
    let (_, out, _) = run(&small, &["targets"]);
    assert!(!out.contains('+'), "{out}");
    let (exit, _, wrong) = run(&small, &["run", "--target", "ref-e500v2-pr+alias-swapped"]);
    assert!(exit == 2 && wrong.contains("did you mean `ref-e500v2-pr+aliases-swapped`?"), "{wrong}");
}

#[test]
fn a_dead_machine_is_a_crash_at_its_last_step() {
    let small = Small::new();
    small.write("golden/expectations.toml", "");
    let (status, out, _) = run(&small, &["run", "t/dead", "--target", TARGET]);
    assert_eq!(status, 1);
    let expected = "CRASH t/dead on ref-e500v2-bare\n  seen      the machine was powered off";
    assert!(out.starts_with(expected) && out.contains(", at cases/t/dead.probe:5: "), "{out}");
}

#[test]
fn a_file_is_judged_by_rules_alone() {
    let small = Small::new();
    let text = std::fs::read_to_string(small.path("cases/t/good.probe")).expect("a case");
    small.write("elsewhere/mine.probe", &text);
    let mine = small.path("elsewhere/mine.probe").display().to_string();
    let (status, out, _) = run(&small, &["run", &mine, "--target", TARGET]);
    assert_eq!(status, 0, "{out}");
    small.write("elsewhere/mine.probe", &text.replace("== 0x1234", "== 0x4321"));
    let (status, out, _) = run(&small, &["run", &mine, "--target", TARGET]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("  again     sprig repro elsewhere/mine.probe --target ref-e500v2-bare\n"), "{out}");
    assert_eq!(run(&small, &["repro", &mine, "--target", TARGET]).0, 1);
}

#[test]
fn wrong_usage_names_what_was_probably_meant_and_two() {
    let small = Small::new();
    let cases: [(&[&str], &str); 11] = [
        (
            &["run", "t/god"],
            "error: there is no case `t/god`; did you mean `t/good`?\n  `sprig list` shows every case\n",
        ),
        (
            &["run", "--target", "ref-e500v2-bear"],
            "error: there is no target `ref-e500v2-bear`; did you mean `ref-e500v2-bare`?\n  \
             `sprig targets` shows every target\n",
        ),
        (&["repro", "t/god"], "error: there is no case `t/god`; did you mean `t/good`?\n"),
        (&["repro", "t", "--target", TARGET], "error: `t` names 3 cases\n  choose one: t/broken, t/dead, t/good\n"),
        (&["run", "none.probe"], "error: cannot read none.probe: No such file or directory"),
        (&["run", "tt"], "error: there is no case `tt`; did you mean `t`?"),
        (&["repro", "t/good", "--target", "ref-*"], "error: `ref-*` may name several targets: one is wanted here\n"),
        (&["repro", "t/good", "--target", TARGET, "--gdb"], "error: ref-e500v2-bare runs inside sprig"),
        (&["repro", "alias-desync", "--trace"], "error: alias-desync is a story: --trace is about one case"),
        (&["bench", "--target", "none"], "error: there is no target `none`"),
        (&["export", "/dev/null"], "error: cannot write /dev/null: "),
    ];
    for (arguments, expected) in cases {
        let (status, out, err) = run(&small, arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        assert!(err.starts_with(expected), "{err}");
    }
    assert_eq!(run(&small, &["walk"]).0, 2);
}

#[test]
fn a_finding_that_cannot_be_written_is_printed() {
    let small = Small::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let fuzz = |out: &str| {
        let arguments =
            ["fuzz", "--target", "ref-e500v2-pr+sprgs-swapped", "--seed", "1", "--count", "60", "--out", out];
        let output = cmd(SPRIG, arguments).env("SPRIG_ROOT", root).stdout_capture().stderr_capture().unchecked().run();
        let output = output.expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    // Where it would write there is a folder.
    let found = small.path("found");
    std::fs::create_dir_all(found.join("spr-sprg-holds-value-1-57.probe")).expect("it is ours");
    let (status, text) = fuzz(&found.display().to_string());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("    mtspr SPRG1, 0x4\n") && text.contains("error: cannot write "), "{text}");
    let (status, text) = fuzz("/proc/none");
    assert_eq!(status, Some(2), "{text}");
    assert!(!text.contains("FOUND"), "it is known before anything has run: {text}");
}

#[test]
fn what_is_not_here_is_named_and_leaves_the_question_open() {
    let small = Small::new();
    for arguments in [&["run", "--target", "qemu-*"][..], &["bench", "--target", "qemu-ppce500-e500v2"]] {
        let (status, out, err) = run(&small, arguments);
        assert_eq!(status, 125, "{out}{err}");
        assert!(out.contains("qemu-ppce500-e500v2 cannot run here"), "{out}");
    }
}

#[test]
fn a_script_runs_once_however_often_it_is_named_and_two_of_a_name_do_not_run() {
    let small = Small::new();
    let text = std::fs::read_to_string(small.path("cases/t/good.probe")).expect("a case");
    for folder in ["one", "other"] {
        small.write(&format!("{folder}/mine.probe"), &text);
    }
    let path = |name: &str| small.path(name).display().to_string();
    let twice = [&path("one/mine.probe")[..], &path("other/../one/mine.probe")];
    let (status, out, _) = run(&small, &[&["run", "--target", TARGET][..], &twice].concat());
    assert_eq!((status, out.lines().next()), (0, Some("ref-e500v2-bare  1 pass")), "{out}");
    let (status, _, err) = run(&small, &["run", "--target", TARGET, twice[0], &path("other/mine.probe")]);
    assert_eq!(status, 2, "{err}");
    assert!(err.starts_with("error: two scripts are called `mine`: one/mine.probe and other/mine.probe\n"), "{err}");
}

#[test]
fn a_bad_script_is_shown_as_rustc_would_and_two() {
    let small = Small::new();
    small.replace("cases/t/good.probe", "mfspr SPRG0", "mfspr SPGR0");
    for arguments in [&["run"][..], &["check"], &["check", "cases/t/good.probe"]] {
        let output = sprig(&small, arguments).dir(small.root()).stderr_capture().unchecked().run().expect("it starts");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains("cases/t/good.probe:5:14") && err.contains("5 | read = mfspr SPGR0"), "{err}");
        assert!(err.contains("a register with a similar name: `SPRG0`"), "{err}");
    }
}

#[test]
fn the_mistakes_of_all_scripts_are_shown_at_once() {
    let small = Small::new();
    for name in ["one", "two"] {
        small.write(&format!("{name}.probe"), "# What fails.\nrule unspecified.mine\nexti\n");
    }
    let files = ["one.probe", "two.probe"].map(|name| small.path(name).display().to_string());
    let (status, _, err) = run(&small, &["run", &files[0], &files[1], "--target", TARGET]);
    assert_eq!(status, 2);
    assert!(err.contains("--> one.probe:3:1") && err.contains("--> two.probe:3:1"), "{err}");
}

#[test]
fn a_rule_that_does_not_exist_is_a_mistake_of_the_script() {
    let small = Small::new();
    small.write("mine.probe", "# A kernel.\nrule t.hold\n\nmtspr SPRG0, 1\n");
    let mine = small.path("mine.probe").display().to_string();
    for command in ["check", "run"] {
        let (status, _, err) = run(&small, &[command, &mine]);
        assert_eq!(status, 2);
        assert!(err.contains("unknown rule `t.hold`") && err.contains("`t.holds`"), "{err}");
    }
}

#[test]
fn what_cannot_be_judged_is_125() {
    let small = Small::new();
    let (status, out, _) = run(&small, &["run", "t/good", "--target", "qemu-ppce500-e500v2"]);
    assert_eq!(status, 125);
    let expected = "ERROR qemu-ppce500-e500v2 cannot run here: qemu-system-ppc is not installed\n  to add it: ";
    assert!(out.starts_with(expected), "{out}");
    small.replace("cases/t/good.probe", "rule t.holds", "rule t.holds\nneeds magic-page");
    let (status, out, _) = run(&small, &["run", "t/good", "--target", TARGET]);
    assert_eq!(status, 125, "{out}");
    assert!(out.contains("\n1 case skipped on ref-e500v2-bare: needs magic-page\nNot everything"), "{out}");
    let (_, out, _) = run(&small, &["run", "t/good", "t/broken", "--target", TARGET]);
    assert!(!out.contains("needs magic-page"), "{out}");
    assert_eq!(run(&small, &["repro", "t/good", "--target", TARGET]).0, 125);
    // A target that was named leaves the question open, whatever the others say; but a broken rule is an answer.
    let both = ["run", "t/broken", "--target", "qemu-ppce500-e500v2", "--target", TARGET];
    assert_eq!(run(&small, &both).0, 125);
    small.write("golden/expectations.toml", "");
    assert_eq!(run(&small, &both).0, 1);
}

#[test]
fn without_qemu_there_is_nothing_to_compare_the_interpreter_with() {
    let (exit, out, wrong) = run(&Small::new(), &["lockstep", "--cpu", "7447"]);
    assert_eq!((exit, out.as_str()), (125, ""));
    assert!(wrong.starts_with("error: qemu-system-ppc is not installed") && wrong.contains("ci/setup"), "{wrong}");
    let (exit, _, wrong) = run(&Small::new(), &["lockstep", "--cpu", "750"]);
    assert!(exit == 2 && wrong.contains("[possible values: e500v2, 7447, 970]"), "{wrong}");
}

#[test]
fn every_format_tells_the_same() {
    let small = Small::new();
    let (status, ktap, _) = run(&small, &["run", "--target", TARGET, "--format", "ktap"]);
    assert_eq!(status, 0);
    assert!(
        ktap.starts_with("KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: ref-e500v2-bare\n  1..3\n"),
        "{ktap}"
    );
    assert!(ktap.contains("  ok ") && ktap.contains(" t/broken # XFAIL it expects nonsense\n"), "{ktap}");
    let (_, json, _) = run(&small, &["run", "--target", TARGET, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["targets"][0]["counts"]["expected-fail"], 2);
    let (_, junit, _) = run(&small, &["run", "--target", TARGET, "--format", "junit"]);
    assert!(
        junit.contains(r#"<testsuite name="ref-e500v2-bare" tests="3" skipped="2" errors="0" failures="0">"#),
        "{junit}"
    );
}

#[test]
fn the_suite_is_checked_as_a_whole() {
    let small = Small::new();
    let (status, out, _) = run(&small, &["check"]);
    assert_eq!((status, out.as_str()), (0, "3 scripts with 3 cases, 2 rules: nothing is wrong\n"));
    small.append("cases/rules.toml", "[[rule]]\nid = 't.unused'\ntext = 'Nothing.'\nsource = 'x'\n");
    small.append("golden/expectations.toml", "[[expectation]]\n");
    let (status, _, err) = run(&small, &["check"]);
    assert_eq!(status, 2);
    assert!(err.contains("golden/expectations.toml:15: missing field"), "{err}");
    small.replace(
        "golden/expectations.toml",
        "it switches the machine off\"\nlink = \"https://example.org/dead\"\n[[expectation]]\n",
        "x\"\nlink = \"x\"\n",
    );
    let (_, _, err) = run(&small, &["check"]);
    assert_eq!(err, "error: cases/rules.toml:12: no case cites `t.unused`: write one or remove it\n");
}

#[test]
fn cases_rules_features_and_targets_are_listed() {
    let small = Small::new();
    let (_, cases, _) = run(&small, &["list"]);
    assert!(cases.contains("t/good\n    A kernel loses what it keeps in SPRG0.\n    rules t.holds\n"), "{cases}");
    let (_, rules, _) = run(&small, &["list", "--rules"]);
    let rule = "t.holds\n    What is written is read.\n    source: a manual, section 1\n    cases: t/dead t/good\n    \
        targets: all ";
    assert!(rules.contains(rule), "{rules}");
    small.write("golden/mutants.toml", "[loses-sprg0]\ncpu = 'e500v2'\nscripts = ['t/good']\nrules = ['t.holds']\n");
    let (_, rules, _) = run(&small, &["list", "--rules"]);
    assert!(rules.contains("    mutants: loses-sprg0\nt.breaks\n"), "{rules}");
    let (_, sentences, _) = run(&small, &["list", "--sentences"]);
    let held = "a manual (first)\n    section 1: What is written is read.\n        rules: t.holds\n";
    let outside = "    section 2: The cover is blue.\n        outside: no guest sees it\n";
    assert_eq!(sentences, format!("{held}{outside}"));
    let (_, features, _) = run(&small, &["list", "--features"]);
    assert!(features.contains("| `magic-page` | a hypervisor that offers the magic page |\n"), "{features}");
    let (_, coverage, _) = run(&small, &["list", "--coverage"]);
    // Two scripts reach it; everything else has the first reason.
    let line = coverage.lines().find(|line| line.starts_with("mfspr SPRG0 ")).unwrap_or_default();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells, ["mfspr", "SPRG0", "2", "(1)", "(1)", "(1)", "(1)"], "{coverage}");
    assert!(coverage.ends_with("(1) three cases are enough here [none]\n"), "{coverage}");
    let (_, targets, _) = run(&small, &["targets"]);
    // The columns are as wide as the longest name.
    let line = |id: &str| {
        let line = targets.lines().find(|line| line.split_whitespace().next() == Some(id)).unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("ref-e500v2-bare"), "ref-e500v2-bare available (e500v2)");
    let missing = "qemu-ppce500-e500v2 not here: qemu-system-ppc is not installed; to add it: ";
    assert!(line("qemu-ppce500-e500v2").starts_with(missing), "{targets}");
}

#[test]
fn a_repro_needs_a_target_and_a_story_has_its_own() {
    let small = Small::new();
    let (status, _, error) = run(&small, &["repro", "t/good"]);
    assert_eq!(status, 2);
    assert!(error.contains("on which target is t/good to run?") && error.contains("--target T"), "{error}");
    let (status, _, error) = run(&small, &["repro", "alias-desync", "--target", TARGET]);
    assert_eq!(status, 2);
    assert!(error.contains("alias-desync is a story") && error.contains("leave out `--target`"), "{error}");
}

#[test]
fn an_error_that_cannot_be_written_is_told_by_the_exit_status() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let status = |command: Expression| command.unchecked().run().expect("it starts").status.code();
    let small = Small::new();
    let wrong = sprig(&small, &["run", "t/god"]);
    assert_eq!(status(wrong.stderr_file(full.try_clone().expect("a copy"))), Some(2));
    let right = sprig(&small, &["list"]);
    assert_eq!(status(right.stdout_file(full.try_clone().expect("a copy")).stderr_file(full)), Some(125));
}

#[test]
fn a_file_without_an_end_is_no_script() {
    let small = Small::new();
    std::os::unix::fs::symlink("/dev/zero", small.path("endless.probe")).expect("a link");
    let (status, _, err) = run(&small, &["check", &small.path("endless.probe").display().to_string()]);
    assert_eq!((status, err.lines().next()), (2, Some("error: a script has at most 262144 bytes, this file has more")));
    let (status, _, err) = run(&small, &["run", &small.path("cases").display().to_string()]);
    assert_eq!(status, 2);
    assert!(err.ends_with("a script is given as the path of a file that ends in `.probe`\n"), "{err}");
}

#[test]
fn a_report_is_a_folder_of_pages_and_takes_nobody_elses() {
    let small = Small::new();
    let folder = small.path("pages").display().to_string();
    let (status, out, err) = run(&small, &["report", &folder, "--target", TARGET]);
    assert_eq!((status, err.as_str()), (0, ""), "the run is as expected");
    assert_eq!(out, "Written: pages/index.html\n");
    let index = std::fs::read_to_string(small.path("pages/index.html")).expect("a page");
    assert!(index.contains(TARGET) && index.contains("rules/t.holds.html"), "{index}");
    let (status, out, _) = run(&small, &["report", &folder, "--target", "qemu-ppce500-e500v2"]);
    assert_eq!(status, 125, "a target that was named and is not here leaves the question open: {out}");
    let root = small.root().display().to_string();
    let (status, _, err) = run(&small, &["report", &root, "--target", TARGET]);
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("is not empty, and no earlier report") && small.path("cases/rules.toml").is_file(), "{err}");
}

#[test]
fn what_reads_the_output_may_stop_reading() {
    let small = Small::new();
    let mut command = Command::new(SPRIG);
    command.args(["list", "--rules"]).env("SPRIG_ROOT", small.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // More than a pipe holds.
    let text = "Nothing ".repeat(1000);
    let filler = |n| format!("[[rule]]\nid = 't.r{n}'\ntext = '{text}.'\nsource = 'x'\n");
    small.append("cases/rules.toml", &(0..100).map(filler).collect::<String>());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
    let status = child.wait().expect("it ends");
    assert_eq!((status.code(), err.as_str()), (Some(141), ""), "as if by SIGPIPE, and no verdict");
}

/// The bytes that a terminal gets of a run.
fn on_a_terminal(small: &Small, environment: &[(&str, &str)]) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal");
    let name = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("text");
    let end = std::fs::OpenOptions::new().read(true).write(true).open(name).expect("its other end");
    let mut command = Command::new(SPRIG);
    command.args(["run", "t/good", "--target", TARGET]).env("SPRIG_ROOT", small.root()).env("TERM", "xterm");
    command.env_remove("NO_COLOR").env_remove("CLICOLOR").env_remove("CI").envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(end.try_clone().expect("a copy")).stderr(end);
    let mut child = command.spawn().expect("it starts");
    drop(command);
    let mut bytes = Vec::new();
    let mut terminal = std::fs::File::from(terminal);
    // Reading ends with an error when nobody holds the other end any more.
    let _ = terminal.read_to_end(&mut bytes);
    child.wait().expect("it ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let small = Small::new();
    let green = "\u{1b}[32m";
    assert!(on_a_terminal(&small, &[]).contains(green));
    assert!(!on_a_terminal(&small, &[("NO_COLOR", "1")]).contains(green));
    let (_, out, err) = run(&small, &["run", "t/good", "--target", TARGET]);
    assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{out}{err}");
}

#[test]
fn progress_is_for_terminals() {
    let small = Small::new();
    assert!(on_a_terminal(&small, &[]).contains("/1 cases"));
}
