//! One test for each way a result becomes a verdict.

use super::{Golden, Mismatch, Status, Subject, Verdict, judge};
use crate::case::{Case, Comparison, Condition, Hold, Part, Profile, Step, Term};
use crate::example::{self, alias, alias_transcript, output, result};
use crate::expectations::Expectations;
use crate::feature::FeatureSet;
use crate::rules::Rules;
use crate::transcript::{ExitCount, Fate, GivenUp, Outcome, RunResult, Transcript};
use sprig_isa::cpu::Cpu;
use sprig_isa::exception::Exception;
use sprig_wire::log::State;
use std::path::Path;

const RULES: &str = r#"
[[rule]]
id = "alias.consistent-after-exit"
text = "After an exit the alias equals the page's field."
source = "kvm_para.h"

[[unspecified]]
topic = "after-exit"
reason = "Nobody says."
searched = "ePAPR"
"#;
const STALE: u64 = 0xa000_0004;
const FRESH: u64 = 0xb000_0004;

fn verdict_of(case: &Case, result: &RunResult, listed: Option<&str>, golden: Golden<'_>) -> Verdict {
    let cpu = Cpu::by_name("e500v2").expect("a CPU");
    let profile = Profile { cpu, features: FeatureSet::of_cpu(cpu), hold: Hold::NO_HOST };
    let rules = Rules::parse(Path::new("rules.toml"), RULES).expect("good rules");
    let entry = listed.map_or_else(String::new, |outcome| {
        format!("[[expectation]]\ntarget='t'\ncase='*'\noutcome='{outcome}'\nreason='known'\nlink='there'\n")
    });
    let expectations = Expectations::parse(Path::new("e.toml"), &entry).expect("good expectations");
    let expectation = expectations.of("t", &case.name);
    judge(&Subject { case, result, profile: &profile, rules: &rules, expectation, golden })
}

fn of_values(after: u64, listed: Option<&str>, golden: Golden<'_>) -> Verdict {
    let case = alias();
    verdict_of(&case, &result(&case, &alias_transcript(STALE, after)), listed, golden)
}

fn golden(after: u64) -> String {
    format!(
        "before: mfspr r3, 260 (USPRG4) -> in {{0xa0000004, 0xb0000004}}\n\
         after: mfspr r3, 260 (USPRG4) -> {after:#x}"
    )
}

#[test]
fn rules_that_hold_and_an_equal_golden_are_a_pass() {
    let verdict = of_values(FRESH, None, Golden::Text(&golden(FRESH)));
    assert_eq!((verdict.status, verdict.failures.len(), verdict.golden), (Status::Pass, 0, None));
    assert_eq!(verdict.transcript, Some(golden(FRESH) + "\n"));
}

#[test]
fn a_script_without_a_golden_is_judged_by_rules_alone() {
    assert_eq!(of_values(FRESH, None, Golden::NotKept).status, Status::Pass);
    assert_eq!(of_values(STALE, None, Golden::NotKept).status, Status::Fail);
}

#[test]
fn another_golden_or_none_is_a_change() {
    let differing = golden(STALE);
    let verdict = of_values(FRESH, None, Golden::Text(&differing));
    assert_eq!((verdict.status, verdict.golden), (Status::Changed, Some(Mismatch::Golden(differing))));
    let verdict = of_values(FRESH, None, Golden::Missing);
    assert_eq!((verdict.status, verdict.golden), (Status::Changed, Some(Mismatch::NoGolden)));
}

#[test]
fn a_broken_rule_names_the_instruction_the_register_and_both_values() {
    let verdict = of_values(STALE, None, Golden::Text(&golden(STALE)));
    assert_eq!(verdict.status, Status::Fail);
    let failure = &verdict.failures[0];
    assert_eq!((failure.line, failure.rule.as_str()), (13, "alias.consistent-after-exit"));
    assert_eq!(failure.sentence, "After an exit the alias equals the page's field.");
    assert_eq!(failure.statement, "expect after == 0xb0000004");
    let finding = &failure.findings[0];
    assert_eq!(finding.step.as_deref(), Some("mfspr r3, 260 (USPRG4)"));
    assert_eq!(finding.line, Some(10));
    assert_eq!((finding.expected.as_str(), finding.actual.as_str()), ("== 0xb0000004", "0xa0000004"));
    assert_eq!(finding.exits, None);
}

#[test]
fn a_listed_failure_is_expected_and_its_reason_is_kept() {
    let verdict = of_values(STALE, Some("fail"), Golden::Text(&golden(STALE)));
    assert_eq!(verdict.status, Status::ExpectedFail);
    assert_eq!(verdict.listed.map(|listed| listed.reason), Some("known".to_owned()));
    assert_eq!(verdict.failures.len(), 1);
}

#[test]
fn a_listed_failure_that_looks_different_is_a_change() {
    assert_eq!(of_values(STALE, Some("fail"), Golden::Text("before: other")).status, Status::Changed);
}

#[test]
fn a_listed_failure_that_is_gone_is_an_unexpected_pass() {
    assert_eq!(of_values(FRESH, Some("fail"), Golden::Text(&golden(FRESH))).status, Status::UnexpectedPass);
}

#[test]
fn a_dead_target_is_a_crash_and_a_stuck_one_a_hang_at_the_step_reached() {
    let case = alias();
    let ended = result(&case, &alias_transcript(STALE, FRESH));
    let crashed = RunResult { fate: Fate::Crashed("signal 6".into()), last_step: Some(3), ..ended.clone() };
    let verdict = verdict_of(&case, &crashed, None, Golden::Missing);
    assert_eq!(verdict.status, Status::Crash);
    assert_eq!(verdict.detail.as_deref(), Some("signal 6, at cases/alias/after-exit.probe:9: exit mfpvr"));
    let hung = RunResult { fate: Fate::Hung("10 CPU-s without progress".into()), last_step: None, ..ended };
    let verdict = verdict_of(&case, &hung, None, Golden::Missing);
    assert_eq!(verdict.status, Status::Hang);
    assert_eq!(verdict.detail.as_deref(), Some("10 CPU-s without progress, at a step nobody saw"));
    assert_eq!(verdict_of(&case, &crashed, Some("crash"), Golden::Missing).status, Status::ExpectedFail);
    assert_eq!(verdict_of(&case, &crashed, Some("hang"), Golden::Missing).status, Status::Crash);
    assert_eq!(verdict_of(&case, &hung, Some("hang"), Golden::Missing).status, Status::ExpectedFail);
}

#[test]
fn a_failing_environment_is_an_error_whatever_is_listed() {
    let case = alias();
    let ended = result(&case, &alias_transcript(STALE, FRESH));
    let failed = RunResult { fate: Fate::Error("no QEMU".into()), ..ended };
    assert_eq!(verdict_of(&case, &failed, Some("fail"), Golden::Missing).status, Status::Error);
}

#[test]
fn a_guest_kernel_that_took_an_exception_itself_was_killed() {
    let case = alias();
    let mut stray = result(&case, &Transcript::default());
    stray.state = State::Stray as u16;
    stray.last_step = Some(1);
    let trapped = example::trapped(Exception::MachineCheck);
    stray.entries =
        result(&case, &Transcript { outcomes: [(1, vec![trapped])].into(), ..Transcript::default() }).entries;
    stray.entries[2] = sprig_wire::log::Kind::Stray as u8;
    let verdict = verdict_of(&case, &stray, None, Golden::Missing);
    assert_eq!(verdict.status, Status::Crash);
    let detail = verdict.detail.expect("a reason");
    assert!(detail.starts_with("the guest kernel itself took machine-check srr0=+0"), "{detail}");
    assert!(detail.ends_with("after-exit.probe:7: stw page.sprg4"), "{detail}");
}

#[test]
fn a_log_that_says_too_little_is_an_error() {
    let case = alias();
    let whole = result(&case, &alias_transcript(STALE, FRESH));
    for state in [State::Idle, State::Running, State::Resetting, State::Full, State::Unsupported] {
        let result = RunResult { state: state as u16, ..whole.clone() };
        assert_eq!(verdict_of(&case, &result, None, Golden::NotKept).status, Status::Error, "{state:?}");
    }
    let meaningless = RunResult { state: 99, ..whole.clone() };
    assert_eq!(verdict_of(&case, &meaningless, None, Golden::NotKept).status, Status::Error);
    let cut = RunResult { entries: whole.entries[..whole.entries.len() - 1].to_vec(), ..whole.clone() };
    assert_eq!(verdict_of(&case, &cut, None, Golden::NotKept).status, Status::Error);
}

#[test]
fn an_exception_nobody_allowed_breaks_the_first_rule() {
    let mut case = alias();
    let mut transcript = alias_transcript(STALE, FRESH);
    transcript.outcomes.insert(0, vec![example::trapped(Exception::Program)]);
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(verdict.failures[0].statement, "took program (PIL), which the script does not allow");
    let finding = &verdict.failures[0].findings[0];
    assert_eq!((finding.line, finding.step.as_deref()), (Some(6), Some("mtspr 276 (SPRG4), r3")));
    assert_eq!((&*finding.observed, &*finding.expected), ("the step", "takes no exception"));
    assert_eq!(finding.actual, "program ESR=PIL srr0=+0 srr1=ME");
    assert_eq!(finding.compared.as_deref(), Some("program (PIL)"));
    assert_eq!(verdict.failures[0].rule, "alias.consistent-after-exit");
    assert_eq!(verdict.failures[0].line, 6);
    case.steps[0].may_trap = true;
    assert_eq!(verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept).status, Status::Pass);
}

#[test]
fn in_a_race_every_outcome_has_to_be_allowed() {
    let case = alias();
    let value = |value| crate::transcript::Outcome { taken: None, values: vec![value] };
    let mut transcript = alias_transcript(STALE, FRESH);
    transcript.outcomes.insert(2, vec![value(STALE), value(FRESH)]);
    assert_eq!(verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept).status, Status::Pass);
    transcript.outcomes.insert(2, vec![value(STALE), value(7)]);
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    assert_eq!(verdict.status, Status::Fail);
    let finding = &verdict.failures[0].findings[0];
    assert_eq!((finding.expected.as_str(), finding.actual.as_str()), ("in {0xa0000004, 0xb0000004}", "0x7"));
}

#[test]
fn raced_observations_are_compared_in_every_combination() {
    let mut case = alias();
    case.checks.remove(0);
    let value = |value| crate::transcript::Outcome { taken: None, values: vec![value] };
    let mut transcript = Transcript::default();
    transcript.outcomes.insert(2, vec![value(1), value(2)]);
    transcript.outcomes.insert(4, vec![value(3), value(4)]);
    let differ = |a, b| Condition::Not(Box::new(Condition::Compare(Comparison::Equal, a, b)));
    let both =
        |value| Term::Binary(sprig_wire::bytecode::Alu::Add, Box::new(output(2)), Box::new(Term::Constant(value)));
    for (apart, status) in [(1, Status::Fail), (2, Status::Fail), (3, Status::Fail), (4, Status::Pass)] {
        case.checks[0].condition = differ(both(apart), output(4));
        let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
        assert_eq!(verdict.status, status, "{apart} apart");
    }
}

#[test]
fn more_outcomes_than_a_race_keeps_cannot_be_judged_unless_they_vary_anyway() {
    let mut case = alias();
    let mut overflowed = result(&case, &alias_transcript(STALE, FRESH));
    overflowed.entries.extend([0, 2, sprig_wire::log::Kind::Overflow as u8, 0]);
    assert_eq!(verdict_of(&case, &overflowed, None, Golden::NotKept).status, Status::Error);
    case.steps[2].varying = true;
    assert_eq!(verdict_of(&case, &overflowed, None, Golden::NotKept).status, Status::Pass);
}

#[test]
fn what_an_exception_would_have_told_is_no_value_if_there_was_none() {
    let mut case = alias();
    let srr1 = Term::Observed { step: 4, part: Part::Srr1 };
    let no_value = Condition::Compare(Comparison::NotEqual, srr1, Term::Constant(1));
    case.checks[1].condition = Condition::Not(Box::new(no_value.clone()));
    let transcript = alias_transcript(STALE, FRESH);
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(verdict.failures[0].findings[0].actual, "no value: `after` took no exception");
    let holds = Condition::Compare(Comparison::Equal, output(4), Term::Constant(FRESH));
    case.checks[1].condition = Condition::Or(vec![Condition::And(vec![no_value.clone(), holds])]);
    assert_eq!(verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept).status, Status::Fail);
    let none = Condition::Exception { step: 4, exception: None, equal: true };
    case.checks[1].condition = Condition::Or(vec![no_value, none]);
    assert_eq!(verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept).status, Status::Pass);
}

#[test]
fn of_an_interrupt_that_should_be_another_what_counts_is_which_and_why() {
    let mut case = alias();
    case.steps[4].may_trap = true;
    case.checks.drain(1..);
    case.checks[0].condition = Condition::Exception { step: 4, exception: None, equal: true };
    let mut transcript = alias_transcript(STALE, FRESH);
    transcript.outcomes.insert(4, vec![example::trapped(Exception::Program)]);
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    let finding = &verdict.failures[0].findings[0];
    assert_eq!(finding.actual, "program ESR=PIL srr0=+0 srr1=ME");
    assert_eq!(finding.compared.as_deref(), Some("program (PIL)"));
}

#[test]
fn only_the_comparisons_that_fail_are_shown() {
    let mut case = alias();
    let equal = |value| Condition::Compare(Comparison::Equal, output(4), Term::Constant(value));
    let greater = Condition::Compare(Comparison::Less, Term::Constant(5), output(2));
    case.checks[1].condition = Condition::And(vec![greater.clone(), Condition::Or(vec![equal(1), equal(2)])]);
    let verdict = verdict_of(&case, &result(&case, &alias_transcript(STALE, FRESH)), None, Golden::NotKept);
    let expected: Vec<_> = verdict.failures[0].findings.iter().map(|finding| finding.expected.as_str()).collect();
    assert_eq!(expected, ["== 0x1", "== 0x2"]);
    case.checks[1].condition = Condition::Not(Box::new(greater));
    let verdict = verdict_of(&case, &result(&case, &alias_transcript(STALE, FRESH)), None, Golden::NotKept);
    assert_eq!(verdict.failures[0].findings[0].expected, "<= 0x5");
}

#[test]
fn a_guest_that_its_hypervisor_gave_up_breaks_the_rule_whatever_the_script_allows() {
    let mut case = alias();
    case.steps.iter_mut().for_each(|step| step.may_trap = true);
    let mut transcript = alias_transcript(STALE, FRESH);
    for step in 0..case.steps.len() {
        transcript.given_up.insert(step, vec![GivenUp { reason: 0, detail: 7 }]);
    }
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    assert_eq!((verdict.status, verdict.failures.len()), (Status::Fail, 1));
    let failure = &verdict.failures[0];
    assert_eq!((&*failure.rule, failure.line), ("alias.consistent-after-exit", 6));
    assert_eq!(failure.statement, "the hypervisor gave the guest up to user space, 5 times");
    assert_eq!(failure.findings.len(), 5);
    let abridged = failure.clone().abridged();
    let shown: Vec<_> = abridged.findings.iter().map(|finding| (finding.line, finding.actual.as_str())).collect();
    let first = (Some(6), "KVM_RUN returned: KVM_EXIT_UNKNOWN 0x7");
    assert_eq!((shown.len(), shown[0]), (4, first), "not all of them, which may be a thousand");
}

#[test]
fn a_call_that_was_not_carried_out_fails_the_case_that_does_not_look() {
    let mut case = alias();
    case.steps[3].outputs = vec![Step::STATUS.to_owned()];
    let looked_at = |status| {
        let mut transcript = alias_transcript(STALE, FRESH);
        transcript.outcomes.insert(3, vec![Outcome { taken: None, values: vec![status] }]);
        transcript
    };
    let verdict = |case: &Case, status| verdict_of(case, &result(case, &looked_at(status)), None, Golden::NotKept);
    for (status, actual) in [(1, "not known to the other side"), (2, "refused")] {
        let failures = verdict(&case, status).failures;
        assert_eq!((failures.len(), failures[0].line), (1, case.steps[3].line));
        assert_eq!(failures[0].findings[0].actual, actual);
    }
    assert_eq!(verdict(&case, 0).failures.len(), 0);
    case.steps[3].observation = Some("call".to_owned());
    assert_eq!(verdict(&case, 2).failures.len(), 0, "the script can look");
}

#[test]
fn that_a_guest_was_given_up_once_is_told_without_a_number() {
    let case = alias();
    let mut transcript = alias_transcript(STALE, FRESH);
    transcript.given_up.insert(4, vec![GivenUp { reason: 0, detail: 7 }]);
    let verdict = verdict_of(&case, &result(&case, &transcript), None, Golden::NotKept);
    assert_eq!(verdict.failures[0].statement, "the hypervisor gave the guest up to user space");
    assert!(verdict.failures[0].is_given_up);
    let broken = of_values(STALE, None, Golden::NotKept).failures.remove(0);
    assert!(!broken.is_given_up);
}

#[test]
fn what_cannot_be_judged_says_which_line_and_why() {
    let transcript = alias_transcript(STALE, FRESH);
    let why = |case: &Case| {
        let verdict = verdict_of(case, &result(case, &transcript), None, Golden::NotKept);
        assert_eq!((verdict.status, verdict.failures.len()), (Status::Error, 0));
        verdict.detail.expect("a reason")
    };
    let mut case = alias();
    let of_step = |step| Condition::Compare(Comparison::Equal, output(step), Term::Constant(0));
    case.checks[1].condition = of_step(3);
    assert_eq!(why(&case), "cases/alias/after-exit.probe:13: the log has no entry of `exit mfpvr`");
    case.checks[1].condition = of_step(99);
    assert_eq!(why(&case), "cases/alias/after-exit.probe:13: it speaks of a step that does not exist");
}

#[test]
fn a_guest_that_has_not_logged_what_it_observes_has_lost_its_way() {
    let case = alias();
    let mut unobserved = alias_transcript(STALE, FRESH);
    unobserved.outcomes.remove(&2);
    let verdict = verdict_of(&case, &result(&case, &unobserved), None, Golden::NotKept);
    assert_eq!(verdict.status, Status::Crash);
    let detail = verdict.detail.expect("a reason");
    assert!(detail.starts_with("the guest has lost its way"), "{detail}");
    assert!(detail.contains("after-exit.probe:8: mfspr"), "{detail}");
}

#[test]
fn a_topic_without_a_rule_names_the_places_searched() {
    let mut case = alias();
    case.rules = vec!["unspecified.after-exit".into()];
    let failure =
        verdict_of(&case, &result(&case, &alias_transcript(STALE, STALE)), None, Golden::NotKept).failures.remove(0);
    assert_eq!((&*failure.rule, &*failure.source), ("unspecified.after-exit", "none found in ePAPR"));
}

/// Only exits that happened count, and a step's own are not those before it.
#[test]
fn the_last_exits_before_a_step_are_of_another_step_and_did_happen() {
    let case = alias();
    let mut counted = result(&case, &alias_transcript(STALE, STALE));
    let exit = |step, reason: &str, count| ExitCount { step: Some(step), reason: reason.to_owned().into(), count };
    counted.exits = Some(vec![exit(0, "mtspr", 3), exit(3, "mfpvr", 0), exit(4, "tlb-miss", 2), exit(4, "dec", 0)]);
    let verdict = verdict_of(&case, &counted, None, Golden::NotKept);
    let exits = verdict.failures[0].findings[0].exits.clone().expect("counted");
    assert_eq!(exits.last_before, Some((6, "mtspr 276 (SPRG4), r3".into(), "3 mtspr".into())));
    assert_eq!(exits.during, "2 tlb-miss");
    assert_eq!(super::counted(&[ExitCount { step: None, reason: "mmio".into(), count: 4 }], None), "4 mmio");
}

#[test]
fn exits_of_a_whole_case_are_not_told_around_a_step() {
    let case = alias();
    let mut counted = result(&case, &alias_transcript(STALE, STALE));
    counted.exits = Some(vec![ExitCount { step: None, reason: "mmio".into(), count: 1 }]);
    let verdict = verdict_of(&case, &counted, None, Golden::NotKept);
    assert_eq!(verdict.failures[0].findings[0].exits, None);
}

/// What it was given was checked: somebody has changed it, or what the guest reads it with.
#[test]
fn a_guest_that_no_longer_understands_its_bytecode_crashed() {
    let case = alias();
    let mut lost = result(&case, &alias_transcript(STALE, FRESH));
    lost.state = State::BadBytecode as u16;
    let verdict = verdict_of(&case, &lost, None, Golden::NotKept);
    assert_eq!(verdict.status, Status::Crash);
}

#[test]
fn the_place_of_a_death_stands_before_the_last_words() {
    let case = alias();
    let died = RunResult {
        fate: Fate::Crashed("it died\nconsole:\noops".into()),
        last_step: Some(3),
        ..result(&case, &Transcript::default())
    };
    let detail = verdict_of(&case, &died, None, Golden::NotKept).detail.expect("a reason");
    assert_eq!(detail, "it died, at cases/alias/after-exit.probe:9: exit mfpvr\nconsole:\noops");
}

#[test]
fn what_an_expectation_says_to_vary_is_kept_out_of_the_golden() {
    let golden = "before: mfspr r3, 260 (USPRG4) -> in {0xa0000004, 0xb0000004}\n\
                  after: mfspr r3, 260 (USPRG4) -> (varies)";
    let listed = "fail'\nvaries='after";
    for after in [1, 2] {
        assert_eq!(of_values(after, Some(listed), Golden::Text(golden)).status, Status::ExpectedFail);
    }
}

#[test]
fn the_exits_around_a_step_are_told_where_they_are_counted() {
    let case = alias();
    let mut counted = result(&case, &alias_transcript(STALE, STALE));
    let exit = |step, reason: &str, count| ExitCount { step: Some(step), reason: reason.to_owned().into(), count };
    counted.exits = Some(vec![exit(0, "mtspr", 1), exit(3, "mfpvr", 1), exit(3, "decrementer", 2)]);
    let verdict = verdict_of(&case, &counted, None, Golden::NotKept);
    let exits = verdict.failures[0].findings[0].exits.clone().expect("counted");
    assert_eq!(exits.last_before, Some((9, "exit mfpvr".into(), "1 mfpvr, 2 decrementer".into())));
    assert_eq!(exits.during, "none");
}
