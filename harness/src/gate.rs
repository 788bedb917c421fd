//! The gate: is this build worse than allowed?
//!
//! A run asks whether an implementation is as it was reviewed. The gate asks less of a build that somebody is working on: it may
//! differ from the goldens and it may cure what is listed, but it may break no rule that the target's expectations, or the
//! build it is compared with, do not.
//!
//! ```text
//!   baseline --judged--> verdicts --.
//!                                   +--weigh--> Concern, case by case --> exit status
//!   build -----judged--> verdicts --'
//! ```

use crate::judge::{Concern, Status, Verdict};

/// What a verdict on a build means to the gate, given that on the same case of the build it is compared with.
#[must_use]
pub fn weigh(verdict: &Verdict, baseline: Option<&Verdict>, strict: bool) -> Concern {
    if verdict.status == Status::Error {
        return Concern::Failure;
    }
    let concern = match baseline {
        Some(baseline) if is_same(verdict, baseline) => Concern::None,
        Some(_) => alone(verdict).max(Concern::News),
        None => alone(verdict),
    };
    match concern {
        Concern::News if strict => Concern::Failure,
        concern => concern,
    }
}

/// What it means without a build to compare with.
fn alone(verdict: &Verdict) -> Concern {
    match verdict.status {
        Status::Pass | Status::Skip | Status::ExpectedFail => Concern::None,
        // A listed case that fails in another way than the reviewed one.
        Status::Changed if breaks(verdict) => Concern::Failure,
        Status::Changed | Status::UnexpectedPass => Concern::News,
        Status::Fail | Status::Crash | Status::Hang | Status::Error => Concern::Failure,
    }
}

/// True if a rule is broken, listed or not: a machine that dies or hangs breaks the one that a guest must not do that.
fn breaks(verdict: &Verdict) -> bool {
    !verdict.failures.is_empty()
        || matches!(verdict.status, Status::ExpectedFail | Status::Fail | Status::Crash | Status::Hang)
}

/// True if both builds did the same, as far as it is no chance: two deaths are the same, however their last words differ.
fn is_same(verdict: &Verdict, baseline: &Verdict) -> bool {
    verdict.status == baseline.status && verdict.transcript == baseline.transcript
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Failure;

    fn verdict(status: Status, transcript: &str) -> Verdict {
        let failure = Failure {
            line: 1,
            rule: "t.rule".to_owned(),
            sentence: String::new(),
            source: String::new(),
            statement: String::new(),
            findings: Vec::new(),
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
            assert_eq!([false, true].map(|strict| weigh(&verdict, Option::None, strict)), concerns, "{status}");
        }
    }

    #[test]
    fn a_listed_case_that_fails_in_another_way_closes_the_gate() {
        assert_eq!(weigh(&listed_but_otherwise(), None, false), Concern::Failure);
    }

    #[test]
    fn what_the_baseline_does_as_well_is_not_spoken_of() {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Error) {
            let verdict = verdict(status, "seen");
            assert_eq!(weigh(&verdict, Some(&verdict), true), Concern::None, "{status}");
        }
        assert_eq!(weigh(&listed_but_otherwise(), Some(&listed_but_otherwise()), false), Concern::None);
    }

    #[test]
    fn a_case_that_fails_otherwise_than_on_the_baseline_closes_the_gate() {
        let (one, other) = (verdict(Status::Fail, "one"), verdict(Status::Fail, "other"));
        assert_eq!(weigh(&one, Some(&other), false), Concern::Failure);
    }

    #[test]
    fn every_difference_to_the_baseline_is_spoken_of() {
        let (good, bad) = (verdict(Status::Pass, "good"), verdict(Status::Fail, "bad"));
        assert_eq!(weigh(&good, Some(&bad), false), Concern::News);
        assert_eq!(weigh(&bad, Some(&good), false), Concern::Failure);
        let (listed, cured) = (verdict(Status::ExpectedFail, "bad"), verdict(Status::UnexpectedPass, "good"));
        assert_eq!(weigh(&listed, Some(&cured), false), Concern::News);
        assert_eq!(weigh(&cured, Some(&listed), false), Concern::News);
    }

    #[test]
    fn an_error_is_never_the_same_as_another() {
        let error = Verdict::error("no disk");
        assert_eq!(weigh(&error, Some(&error), false), Concern::Failure);
    }
}
