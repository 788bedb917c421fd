//! The gate: is this build worse than allowed?
//!
//! A run asks whether an implementation is as it was reviewed. The gate asks less of a build that somebody is working
//! on: it may differ from the goldens and may fix what is listed, but it may not break a rule where the target's
//! expectations do not list it and the build it is compared with does not break it too.
//!
//! ```text
//!   baseline --judged--> verdicts --.
//!   build -----judged--> verdicts --+--weigh--> Concern, case by case --> exit status
//!   reviewed --judged--> verdicts --'
//! ```
//!
//! The third is the target with its own part, on the cases where the build breaks what is listed in another way.

use crate::judge::{Concern, Finding, Status, Verdict};

/// True if the goldens and the expectations leave open what a verdict means: a listed case fails otherwise than when it
/// was reviewed. That may be a cure of a part of it, or another bug; the verdict on the build that was reviewed tells
/// which.
#[must_use]
pub fn is_open(verdict: &Verdict) -> bool {
    verdict.status == Status::Changed && breaks(verdict)
}

/// What a verdict on a build means to the gate, given that on the same case of the build it is compared with, and of
/// the one that was reviewed.
#[must_use]
pub fn weigh(verdict: &Verdict, baseline: Option<&Verdict>, reviewed: Option<&Verdict>, strict: bool) -> Concern {
    if verdict.status == Status::Error {
        return Concern::Failure;
    }
    let concern = match baseline {
        // Whether it is any worse nobody knows.
        Some(baseline) if baseline.status == Status::Error => Concern::News,
        Some(baseline) if is_same(verdict, baseline) => Concern::None,
        Some(_) => alone(verdict, reviewed).max(Concern::News),
        None => alone(verdict, reviewed),
    };
    match concern {
        Concern::News if strict => Concern::Failure,
        concern => concern,
    }
}

/// What it means without a build to compare with.
fn alone(verdict: &Verdict, reviewed: Option<&Verdict>) -> Concern {
    match verdict.status {
        Status::Pass | Status::Skip | Status::ExpectedFail => Concern::None,
        Status::Fail if is_behind(verdict) => Concern::News,
        Status::Changed if is_open(verdict) && !reviewed.is_some_and(|reviewed| is_part(verdict, reviewed)) => {
            Concern::Failure
        }
        Status::Changed | Status::UnexpectedPass => Concern::News,
        Status::Fail | Status::Crash | Status::Hang | Status::Error => Concern::Failure,
    }
}

/// True if all that fails is what the listed deviation hides, and that is gone: another one, listed as well, shows in its
/// place.
fn is_behind(verdict: &Verdict) -> bool {
    let mut findings = verdict.failures.iter().flat_map(|failure| &failure.findings).peekable();
    findings.peek().is_some() && findings.all(|finding| hides(verdict, finding))
}

/// True if the listed deviation is known to hide just this.
fn hides(verdict: &Verdict, finding: &Finding) -> bool {
    let seen = verdict.listed.as_ref().and_then(|listed| listed.behind.get(&finding.observed));
    seen.is_some_and(|seen| seen.matches(&finding.actual))
}

/// True if a rule is broken, listed or not: a machine that dies or hangs breaks the one that a guest must not do that.
fn breaks(verdict: &Verdict) -> bool {
    !verdict.failures.is_empty()
        || matches!(verdict.status, Status::ExpectedFail | Status::Fail | Status::Crash | Status::Hang)
}

/// True if every failure is one that the reviewed build has too, or hides; it may have fewer. That build counts only if
/// it does what was reviewed. Findings are compared by rule, step (which names the register), expected and observed value, not
/// by line, which does not tell the rounds of a loop apart. Of an unexpected interrupt only kind and cause are
/// compared, since a fix of something else may change the MSR that it saves; a wrong saved MSR is a finding of its own
/// where a rule covers it.
fn is_part(verdict: &Verdict, reviewed: &Verdict) -> bool {
    fn findings(verdict: &Verdict) -> impl Iterator<Item = (&str, &Finding)> {
        let failures = verdict.failures.iter();
        failures.flat_map(|failure| failure.findings.iter().map(|found| (failure.rule.as_str(), found)))
    }
    fn gave(finding: &Finding) -> &String {
        finding.compared.as_ref().unwrap_or(&finding.actual)
    }
    let same = |(rule, found): (&str, &Finding), (other, seen): (&str, &Finding)| {
        (rule, &found.step, &found.observed, &found.expected, gave(found))
            == (other, &seen.step, &seen.observed, &seen.expected, gave(seen))
    };
    reviewed.status == Status::ExpectedFail
        && findings(verdict).all(|found| hides(verdict, found.1) || findings(reviewed).any(|seen| same(found, seen)))
}

/// True if both builds did the same. Two crashes are the same whatever was printed last, which may be chance.
fn is_same(verdict: &Verdict, baseline: &Verdict) -> bool {
    verdict.status == baseline.status && verdict.transcript == baseline.transcript
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expectations::{Behind, Deviation};
    use crate::judge::{Failure, Listed};
    use crate::pattern::Patterns;

    const NO_REVIEW: Option<&Verdict> = None;

    fn verdict(status: Status, transcript: &str) -> Verdict {
        let failure = Failure {
            line: 1,
            rule: "t.rule".to_owned(),
            sentence: String::new(),
            source: String::new(),
            statement: String::new(),
            findings: Vec::new(),
            is_given_up: false,
        };
        let broken = matches!(status, Status::Fail | Status::ExpectedFail);
        Verdict {
            status,
            failures: if broken { vec![failure] } else { Vec::new() },
            transcript: Some(transcript.to_owned()),
            ..Verdict::skip("")
        }
    }

    fn listed_but_otherwise() -> Verdict {
        Verdict { status: Status::Changed, ..verdict(Status::ExpectedFail, "other") }
    }

    /// Each row: the status, and what it means to a gate and to a strict one.
    #[test]
    fn only_broken_rules_that_nobody_listed_close_the_gate() {
        use Concern::{Failure, News, None};
        let rows = [
            (Status::Pass, [None, None]),
            (Status::Skip, [None, None]),
            (Status::ExpectedFail, [None, None]),
            (Status::Changed, [News, Failure]),
            (Status::UnexpectedPass, [News, Failure]),
            (Status::Fail, [Failure, Failure]),
            (Status::Crash, [Failure, Failure]),
            (Status::Hang, [Failure, Failure]),
            (Status::Error, [Failure, Failure]),
        ];
        for (status, concerns) in rows {
            let verdict = verdict(status, "");
            assert_eq!(
                [false, true].map(|strict| weigh(&verdict, Option::None, NO_REVIEW, strict)),
                concerns,
                "{status}"
            );
        }
    }

    #[test]
    fn a_listed_case_that_fails_in_another_way_closes_the_gate() {
        assert_eq!(weigh(&listed_but_otherwise(), None, NO_REVIEW, false), Concern::Failure);
    }

    fn finding((step, actual): (&str, &str)) -> Finding {
        Finding {
            line: Some(2),
            step: Some(step.to_owned()),
            observed: "the step".to_owned(),
            expected: String::new(),
            actual: actual.to_owned(),
            compared: None,
            exits: None,
        }
    }

    /// A listed case in which these steps are broken.
    fn breaking(status: Status, findings: &[(&str, &str)]) -> Verdict {
        let mut verdict = Verdict { status, ..listed_but_otherwise() };
        verdict.failures[0].findings = findings.iter().copied().map(finding).collect();
        verdict
    }

    /// Each row: what a listed case of which `a` and `b` were reviewed as broken breaks now, and what that means. All
    /// steps are those of one line, as the rounds of a loop are.
    #[test]
    fn a_listed_case_may_be_cured_in_part_and_break_nothing_else() {
        let reviewed = breaking(Status::ExpectedFail, &[("mtspr a", "1"), ("mtspr b", "2")]);
        let rows: [(&[(&str, &str)], Concern); 5] = [
            (&[("mtspr b", "2")], Concern::News),
            (&[("mtspr b", "2"), ("mtspr c", "3")], Concern::Failure),
            (&[("mtspr a", "1"), ("mtspr b", "3")], Concern::Failure),
            (&[("mtspr c", "1")], Concern::Failure),
            (&[("mtspr a", "1"), ("mtspr b", "2")], Concern::News),
        ];
        for (findings, concern) in rows {
            let now = breaking(Status::Changed, findings);
            assert_eq!(weigh(&now, None, Some(&reviewed), false), concern, "{findings:?}");
        }
    }

    /// Each row: whether the expectation says that an observation `b` of 2 is behind its deviation, what fails, and what
    /// that means: of a case that was reviewed to crash, and of one that was reviewed to break `a`.
    #[test]
    fn what_a_cured_deviation_has_hidden_may_show() {
        let behind = Behind::from([("b".to_owned(), Patterns::from("2"))]);
        let listed = |behind| Listed { outcome: Deviation::Crash, reason: String::new(), link: String::new(), behind };
        let rows = [
            (true, "b2", [Concern::News, Concern::News]),
            (true, "a1 b2", [Concern::Failure, Concern::News]),
            (true, "b3", [Concern::Failure, Concern::Failure]),
            (true, "b2 c2", [Concern::Failure, Concern::Failure]),
            (false, "b2", [Concern::Failure, Concern::Failure]),
        ];
        let breaking_each = |status, seen: &str| {
            let seen: Vec<_> = seen.split(' ').map(|seen| seen.split_at(1)).collect();
            let mut verdict = breaking(status, &seen);
            for (finding, (name, _)) in verdict.failures[0].findings.iter_mut().zip(seen) {
                finding.observed = name.to_owned();
            }
            verdict
        };
        let reviewed = breaking_each(Status::ExpectedFail, "a1");
        for (is_behind, seen, [crashed, failed]) in rows {
            let listed = listed(if is_behind { behind.clone() } else { Behind::new() });
            let now = |status| Verdict { listed: Some(listed.clone()), ..breaking_each(status, seen) };
            assert_eq!(weigh(&now(Status::Fail), None, None, false), crashed, "{seen}");
            assert_eq!(weigh(&now(Status::Changed), None, Some(&reviewed), false), failed, "{seen}");
        }
    }

    #[test]
    fn a_cure_may_move_the_line_of_what_is_left() {
        let reviewed = breaking(Status::ExpectedFail, &[("mtspr a", "1"), ("mtspr b", "2")]);
        let mut now = breaking(Status::Changed, &[("mtspr b", "2")]);
        now.failures[0].line += 1;
        assert_eq!(weigh(&now, None, Some(&reviewed), false), Concern::News);
    }

    #[test]
    fn a_cure_may_change_the_msr_that_a_wrong_interrupt_saves_but_not_which_it_is_and_why() {
        let taking = |status, interrupt: &str, srr1: &str| {
            let mut verdict = breaking(status, &[("mfspr a", &format!("{interrupt} srr1={srr1}"))]);
            verdict.failures[0].findings[0].compared = Some(interrupt.to_owned());
            verdict
        };
        let reviewed = taking(Status::ExpectedFail, "program (PIL)", "0x4000");
        for (interrupt, concern) in
            [("program (PIL)", Concern::News), ("program (PPR)", Concern::Failure), ("data-storage", Concern::Failure)]
        {
            let now = taking(Status::Changed, interrupt, "0xc000");
            assert_eq!(weigh(&now, None, Some(&reviewed), false), concern, "{interrupt}");
        }
    }

    #[test]
    fn a_reviewed_build_that_is_not_as_it_was_reviewed_excuses_nothing() {
        let both = breaking(Status::Changed, &[("mtspr a", "1")]);
        assert_eq!(weigh(&both, None, Some(&both), false), Concern::Failure);
    }

    #[test]
    fn what_the_baseline_does_as_well_is_not_spoken_of() {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Error) {
            let verdict = verdict(status, "seen");
            assert_eq!(weigh(&verdict, Some(&verdict), NO_REVIEW, true), Concern::None, "{status}");
        }
        assert_eq!(weigh(&listed_but_otherwise(), Some(&listed_but_otherwise()), NO_REVIEW, false), Concern::None);
    }

    #[test]
    fn a_case_that_fails_otherwise_than_on_the_baseline_closes_the_gate() {
        let (one, other) = (verdict(Status::Fail, "one"), verdict(Status::Fail, "other"));
        assert_eq!(weigh(&one, Some(&other), NO_REVIEW, false), Concern::Failure);
    }

    #[test]
    fn what_could_not_be_judged_before_is_no_reason_to_call_it_worse() {
        let unclear = verdict(Status::Error, "");
        for status in [Status::Pass, Status::Fail, Status::Crash] {
            assert_eq!(weigh(&verdict(status, "now"), Some(&unclear), NO_REVIEW, false), Concern::News, "{status}");
        }
    }

    #[test]
    fn every_difference_to_the_baseline_is_spoken_of() {
        let (good, bad) = (verdict(Status::Pass, "good"), verdict(Status::Fail, "bad"));
        assert_eq!(weigh(&good, Some(&bad), NO_REVIEW, false), Concern::News);
        assert_eq!(weigh(&bad, Some(&good), NO_REVIEW, false), Concern::Failure);
        let (listed, cured) = (verdict(Status::ExpectedFail, "bad"), verdict(Status::UnexpectedPass, "good"));
        assert_eq!(weigh(&listed, Some(&cured), NO_REVIEW, false), Concern::News);
        assert_eq!(weigh(&cured, Some(&listed), NO_REVIEW, false), Concern::News);
    }

    #[test]
    fn an_error_is_never_the_same_as_another() {
        let error = Verdict::error("no disk");
        assert_eq!(weigh(&error, Some(&error), NO_REVIEW, false), Concern::Failure);
    }
}
