//! One run with every status, in each format.

use super::*;
use crate::expectations::{Behind, Deviation, Expectations};
use crate::judge::{Concern, Exit, Exits, Failure, Finding, Listed, Mismatch, Status, Verdict};
use std::path::Path;

fn verdict(status: Status) -> Verdict {
    Verdict { status, failures: Vec::new(), detail: None, listed: None, golden: None, transcript: None }
}

fn broken() -> Verdict {
    let finding = Finding {
        line: Some(10),
        step: Some("mfspr r3, 260 (USPRG4)".into()),
        observed: "after".into(),
        expected: "== 0xb0000004".into(),
        actual: "0xa0000004".into(),
        compared: None,
        exits: Some(Exits { last_before: Some((9, "exit mfpvr".into(), "1 mfpvr".into())), during: "none".into() }),
    };
    let failure = Failure {
        line: 13,
        rule: "alias.consistent-after-exit".into(),
        sentence: "After an exit the alias equals the field.".into(),
        source: "kvm_para.h".into(),
        statement: "expect after == 0xb0000004".into(),
        findings: vec![finding],
        is_given_up: false,
    };
    Verdict { failures: vec![failure], ..verdict(Status::Fail) }
}

fn records() -> Vec<Record> {
    let listed = Some(Listed {
        outcome: Deviation::Fail,
        reason: "K6".into(),
        link: "https://k6".into(),
        behind: Behind::new(),
    });
    let verdicts = [
        ("pass", verdict(Status::Pass)),
        ("skip", Verdict::skip("needs magic-page")),
        ("expected", Verdict { listed: listed.clone(), status: Status::ExpectedFail, ..broken() }),
        ("broken", broken()),
        (
            "changed",
            Verdict {
                golden: Some(Mismatch::Golden("a: x -> 0x1\n".into())),
                transcript: Some("a: x -> 0x2\n".into()),
                ..verdict(Status::Changed)
            },
        ),
        (
            "new",
            Verdict {
                golden: Some(Mismatch::NoGolden),
                transcript: Some("a: x -> 0x2\n".into()),
                ..verdict(Status::Changed)
            },
        ),
        ("fixed", Verdict { listed, ..verdict(Status::UnexpectedPass) }),
        ("dead", Verdict { detail: Some("signal 6\nlast line".into()), ..verdict(Status::Crash) }),
        ("dead-2", Verdict { detail: Some("signal 6\nlast line".into()), ..verdict(Status::Crash) }),
        ("stuck", Verdict { detail: Some("no progress".into()), ..verdict(Status::Hang) }),
        ("unclear", Verdict::error("no disk")),
    ];
    let record = |(name, verdict)| {
        let case = format!("alias/{name}");
        let source = format!("cases/{case}.probe");
        Record::new("t1", &case, &source, verdict).again(format!("sprig repro {case} --target t1"))
    };
    verdicts.into_iter().map(record).collect()
}

fn rendered(format: Format, records: &[Record], exit: Exit) -> String {
    let mut out = Vec::new();
    let mut reporter = reporter(format, &mut out);
    let mut counts = Counts::default();
    records.iter().for_each(|record| counts.add(record.status));
    let target =
        TargetReport { target: "t1".into(), version: Some("QEMU 10.0.2".into()), counts, boots: true, dead: None };
    let missing = Missing { targets: vec!["t2".into()], reason: "no QEMU".into(), remedy: "ci/setup".into() };
    let summary = Summary {
        targets: vec![target.clone()],
        missing: vec![missing.clone()],
        not_asked: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
        question: Question::Conformance,
        exit,
    };
    let mut write = || -> io::Result<()> {
        reporter.begin(2)?;
        reporter.target_begins("t1", records.len())?;
        records.iter().try_for_each(|record| reporter.record(record))?;
        reporter.target_ends(&target)?;
        reporter.target_missing("t3", &missing)?;
        reporter.end(&summary)
    };
    write().expect("a vector takes everything");
    drop(reporter);
    anstream::adapter::strip_str(&String::from_utf8(out).expect("text")).to_string()
}

#[test]
fn a_person_reads_the_failures_with_all_that_explains_them_and_a_summary() {
    let text = rendered(Format::Human, &records(), Exit::Failed);
    let failure = "\
FAIL alias/broken on t1
  where     cases/alias/broken.probe:13: expect after == 0xb0000004
  rule      alias.consistent-after-exit: After an exit the alias equals the field.
  source    kvm_para.h
  step      line 10: mfspr r3, 260 (USPRG4)
  expected  after == 0xb0000004
  actual    0xa0000004
  exits     last before: 1 mfpvr, in line 9: exit mfpvr
            during the step: none
  again     sprig repro alias/broken --target t1
";
    assert!(text.starts_with(failure), "{text}");
    let changed = "\
CHANGED alias/changed on t1
  changed   golden (-) and seen (+):
            @@ -1 +1 @@
            -a: x -> 0x1
            +a: x -> 0x2
  record    INSTA_UPDATE=always cargo test --test conformance -- alias::changed
";
    assert!(text.contains(changed), "{text}");
    assert!(text.contains("  changed   there is no golden; this was seen:\n            +a: x -> 0x2\n"), "{text}");
    let fixed = "\
UNEXPECTED PASS alias/fixed on t1
  listed    fail: K6 (https://k6)
            it holds now: remove the expectation from golden/expectations.toml
";
    assert!(text.contains(fixed), "{text}");
    let summary = "\
t1  1 pass, 1 expected fail, 1 skip, 1 fail, 2 changed, 1 unexpected pass, 2 crash, 1 hang, 1 error  (QEMU 10.0.2)

11 cases on 1 target: 1 pass, 1 expected fail, 1 skip, 1 fail, 2 changed, 1 unexpected pass, 2 crash, 1 hang, 1 error
  expected fail    a known deviation: golden/expectations.toml says why
  skip             the target lacks something the case needs
  fail             a rule is broken
  changed          the target did not do this when last reviewed; no rule is broken but as listed
  unexpected pass  a known deviation is gone
  crash            the target died
  hang             the target made no progress any more
  error            nothing is known: the environment or Sprig itself failed
Not as expected: see above (exit status 1).

Installed, but not asked for: a, b, c and 2 more. To run one, add `--target NAME`.

Not here: t2: no QEMU.
  to add it: ci/setup
";
    assert!(text.ends_with(summary), "{text}");
    assert!(!text.contains("alias/pass") && !text.contains("alias/expected") && !text.contains("alias/skip"), "{text}");
}

#[test]
fn a_broken_rule_comes_before_what_only_differs() {
    let mut records = records();
    records.reverse();
    let text = rendered(Format::Human, &records, Exit::Failed);
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    for first in ["FAIL alias/broken", "CRASH alias/dead", "HANG alias/stuck"] {
        for then in ["CHANGED alias/changed", "UNEXPECTED PASS alias/fixed"] {
            assert!(place(first) < place(then), "{first} {then}: {text}");
        }
    }
}

/// To a gate a change is news, and what the baseline breaks as well is nothing.
#[test]
fn a_gate_tells_news_without_failing_by_it() {
    let weigh = |record: Record| match record.status {
        Status::Changed => record.weighed(Concern::News, Some(Status::Pass)),
        Status::Fail => record.weighed(Concern::None, None),
        _ => record,
    };
    let chosen = |record: &Record| matches!(&*record.case, "alias/pass" | "alias/broken" | "alias/changed");
    let records: Vec<Record> = records().into_iter().filter(chosen).map(weigh).collect();
    let human = rendered(Format::Human, &records, Exit::AsExpected);
    assert!(human.starts_with("CHANGED alias/changed on t1\n"), "{human}");
    assert!(human.contains("\n  baseline  pass\n  again     sprig repro alias/changed --target t1\n"), "{human}");
    let ktap = rendered(Format::Ktap, &records, Exit::AsExpected);
    let lines = ["ok 1 alias/pass", "ok 2 alias/broken # XFAIL as in the baseline", "ok 3 alias/changed # changed"];
    assert!(lines.iter().all(|line| ktap.contains(&format!("\n  {line}\n"))), "{ktap}");
    assert!(ktap.contains("\nok 1 t1\n"), "{ktap}");
    let junit = rendered(Format::Junit, &records, Exit::AsExpected);
    assert!(junit.contains(r#"<testsuite name="t1" tests="3" skipped="1" errors="0" failures="0">"#), "{junit}");
    let json: serde_json::Value =
        serde_json::from_str(&rendered(Format::Json, &records, Exit::AsExpected)).expect("JSON");
    assert_eq!((&json["results"][2]["concern"], &json["results"][2]["baseline"]), (&"news".into(), &"pass".into()));
}

#[test]
fn what_is_known_of_a_target_like_this_one_is_said_where_a_case_fails() {
    let expectations =
        "[[expectation]]\ntarget = 't2'\ncase = '*'\noutcome = 'fail'\nreason = 'K6'\nlink = 'https://k6'";
    let expectations = Expectations::parse(Path::new("expectations.toml"), expectations).expect("it is right");
    let record = |verdict| {
        Record::new("t1", "c", "c.probe", verdict)
            .known_elsewhere(expectations.of("t2", "c").map(|entry| ("t2", entry)))
    };
    let text = record(broken()).explain();
    assert!(text.contains("\n  known     on t2: fail: K6 (https://k6)\n"), "{text}");
    for silent in [verdict(Status::Pass), Verdict::error("no disk")] {
        assert_eq!(record(silent).elsewhere, None);
    }
}

#[test]
fn what_many_cases_say_alike_is_said_once() {
    let text = rendered(Format::Human, &records(), Exit::Failed);
    assert_eq!(text.matches("signal 6").count(), 1, "{text}");
    assert!(text.contains("  the same for 1 more of its cases\n\nHANG alias/stuck on t1"), "{text}");
}

#[test]
fn ktap_drops_nothing() {
    let text = rendered(Format::Ktap, &records(), Exit::Failed);
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("  # ")).collect();
    assert_eq!(
        lines,
        [
            "KTAP version 1",
            "1..2",
            "  KTAP version 1",
            "  1..11",
            "  ok 1 alias/pass",
            "  ok 2 alias/skip # SKIP needs magic-page",
            "  ok 3 alias/expected # XFAIL K6",
            "  not ok 4 alias/broken # fail",
            "  not ok 5 alias/changed # changed",
            "  not ok 6 alias/new # changed",
            "  not ok 7 alias/fixed # unexpected pass",
            "  not ok 8 alias/dead # crash",
            "  not ok 9 alias/dead-2 # crash",
            "  not ok 10 alias/stuck # TIMEOUT",
            "  not ok 11 alias/unclear # ERROR",
            "not ok 1 t1",
            "not ok 2 t3 # ERROR no QEMU; to add it: ci/setup",
            "# not here: t2: no QEMU; to add it: ci/setup",
            "# exit status 1",
        ]
    );
    assert!(text.contains("  # again     sprig repro alias/broken --target t1\n"), "{text}");
}

#[test]
fn junit_has_every_case_and_why() {
    let text = rendered(Format::Junit, &records(), Exit::Failed);
    assert!(text.contains(r#"<testsuite name="t1" tests="11" skipped="2" errors="1" failures="7">"#), "{text}");
    for (status, count) in [("<failure ", 7), ("<error ", 2), ("<skipped ", 3), ("<testcase ", 13)] {
        assert_eq!(text.matches(status).count(), count, "{status}\n{text}");
    }
    assert!(text.contains(r#"message="fail: expect after == 0xb0000004""#), "{text}");
    assert!(text.contains(r#"message="expected fail: K6""#), "{text}");
}

#[test]
fn json_is_one_object_with_everything() {
    let text = rendered(Format::Json, &records(), Exit::Failed);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["results"].as_array().map(Vec::len), Some(11));
    assert_eq!(json["results"][3]["failures"][0]["findings"][0]["actual"], "0xa0000004");
    assert_eq!(json["results"][3]["status"], "fail");
    assert_eq!(json["targets"][0]["counts"]["crash"], 2);
    assert_eq!((&json["missing"][0]["targets"][0], &json["missing"][1]["targets"][0]), (&"t3".into(), &"t2".into()));
    assert_eq!(json["exit"], 1);
}

#[test]
fn a_good_run_says_so_and_no_more() {
    let text = rendered(Format::Human, &records()[..1], Exit::AsExpected);
    assert!(
        text.contains("t1  1 pass  (QEMU 10.0.2)\n\n1 case on 1 target: 1 pass\nEverything is as expected.\n"),
        "{text}"
    );
    let empty: serde_json::Value = serde_json::from_str(&rendered(Format::Json, &[], Exit::NotJudged)).expect("JSON");
    assert_eq!(empty["exit"], 125);
}

#[test]
fn a_mail_has_the_answer_first_and_no_long_line() {
    let text = rendered(Format::Mail, &records(), Exit::Failed);
    assert!(text.starts_with("Not as expected.\n\nt1  1 pass, 1 expected fail, 1 skip, 1 fail, 2 changed,"), "{text}");
    assert!(text.contains("\nFAIL alias/broken on t1\n  where     cases/alias/broken.probe:13: "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 75), "{text}");
    assert!(!text.contains("Installed"), "what this machine could do as well is nothing for a list: {text}");
}
