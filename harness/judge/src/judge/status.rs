//! The nine statuses and how one comes about. Every transition is in [`decide`].

use crate::expectations::Deviation;
use std::fmt;

/// What a case is on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Every rule holds, and the transcript is the golden.
    Pass,
    /// A rule is broken.
    Fail,
    /// An expectation lists it, with the outcome seen.
    ExpectedFail,
    /// An expectation lists it, but every rule holds.
    UnexpectedPass,
    /// The transcript is not the golden, or there is none; rules hold, or are broken only as an expectation lists.
    Changed,
    /// The target died.
    Crash,
    /// The target made no progress any more.
    Hang,
    /// The harness or the environment failed: nothing is known about the target.
    Error,
    /// The target lacks something the case needs.
    Skip,
}

impl Status {
    /// Every status, in the order of summaries.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::ExpectedFail,
        Self::Skip,
        Self::Fail,
        Self::Changed,
        Self::UnexpectedPass,
        Self::Crash,
        Self::Hang,
        Self::Error,
    ];

    /// True if a strict run fails by it.
    #[must_use]
    pub const fn fails(self) -> bool {
        !matches!(self, Self::Pass | Self::ExpectedFail | Self::Skip)
    }

    /// What it means to a strict run.
    #[must_use]
    pub const fn concern(self) -> Concern {
        if self.fails() { Concern::Failure } else { Concern::None }
    }

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::ExpectedFail => "expected fail",
            Self::UnexpectedPass => "unexpected pass",
            Self::Changed => "changed",
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a status means to the question that a run is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// Nothing to speak of.
    None,
    /// It is reported and decides nothing.
    News,
    /// The answer is no; of an error, that there is no answer.
    Failure,
}

/// What was seen of a case on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It could not be judged.
    Unclear,
    /// The target died.
    Crashed,
    /// The target made no progress.
    Hung,
    /// It ran to its end, and a rule is broken.
    Broken,
    /// It ran to its end, and every rule holds.
    Held,
}

/// How a transcript compares with its golden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Equal, or the case has no golden because it is not one of the suite's own.
    Same,
    /// Different, or its golden is missing.
    Different,
}

/// The status, from what was seen, how the transcript compares with the golden, and what the expectations list.
#[must_use]
pub const fn decide(seen: Seen, golden: Match, listed: Option<Deviation>) -> Status {
    match (seen, listed, golden) {
        (Seen::Unclear, _, _) => Status::Error,
        (Seen::Crashed, Some(Deviation::Crash), _) | (Seen::Hung, Some(Deviation::Hang), _) => Status::ExpectedFail,
        (Seen::Crashed, _, _) => Status::Crash,
        (Seen::Hung, _, _) => Status::Hang,
        // A listed failure that looks different from the reviewed one is news.
        (Seen::Broken, Some(Deviation::Fail), Match::Different) => Status::Changed,
        (Seen::Broken, Some(Deviation::Fail), Match::Same) => Status::ExpectedFail,
        (Seen::Broken, _, _) => Status::Fail,
        (Seen::Held, Some(_), _) => Status::UnexpectedPass,
        (Seen::Held, None, Match::Different) => Status::Changed,
        (Seen::Held, None, Match::Same) => Status::Pass,
    }
}

/// What a run tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as expected.
    AsExpected = 0,
    /// A verdict fails the run.
    Failed = 1,
    /// Wrong usage or a bad script.
    Usage = 2,
    /// Nothing could be judged; `git bisect run` skips such a commit.
    NotJudged = 125,
}

impl Exit {
    /// Its number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit status of a run with these statuses.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        Self::of_weighed(statuses.into_iter().map(|status| (status, status.concern())))
    }

    /// The exit status of a run whose cases have these statuses, which mean this.
    pub fn of_weighed(cases: impl IntoIterator<Item = (Status, Concern)>) -> Self {
        let (mut judged, mut unclear) = (false, false);
        for case in cases {
            match case {
                (Status::Error, _) => unclear = true,
                (Status::Skip, _) => {}
                (_, Concern::Failure) => return Self::Failed,
                (_, Concern::None | Concern::News) => judged = true,
            }
        }
        if unclear || !judged { Self::NotJudged } else { Self::AsExpected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: what was seen, and the status if nothing is listed, and if fail, crash or hang is.
    #[test]
    fn every_transition() {
        use Deviation as D;
        use Match::{Different, Same};
        use Status as S;
        let rows = [
            (Seen::Unclear, Same, [S::Error, S::Error, S::Error, S::Error]),
            (Seen::Crashed, Same, [S::Crash, S::Crash, S::ExpectedFail, S::Crash]),
            (Seen::Hung, Same, [S::Hang, S::Hang, S::Hang, S::ExpectedFail]),
            (Seen::Broken, Same, [S::Fail, S::ExpectedFail, S::Fail, S::Fail]),
            (Seen::Broken, Different, [S::Fail, S::Changed, S::Fail, S::Fail]),
            (Seen::Held, Same, [S::Pass, S::UnexpectedPass, S::UnexpectedPass, S::UnexpectedPass]),
            (Seen::Held, Different, [S::Changed, S::UnexpectedPass, S::UnexpectedPass, S::UnexpectedPass]),
        ];
        for (seen, golden, statuses) in rows {
            for (listed, status) in [None, Some(D::Fail), Some(D::Crash), Some(D::Hang)].into_iter().zip(statuses) {
                assert_eq!(decide(seen, golden, listed), status, "{seen:?} {golden:?} {listed:?}");
            }
        }
    }

    #[test]
    fn only_pass_expected_fail_and_skip_let_a_strict_run_pass() {
        let fine: Vec<_> = Status::ALL.into_iter().filter(|status| !status.fails()).collect();
        assert_eq!(fine, [Status::Pass, Status::ExpectedFail, Status::Skip]);
    }

    #[test]
    fn a_status_is_called_what_it_is() {
        let names = Status::ALL.map(|status| status.to_string());
        let expected =
            ["pass", "expected fail", "skip", "fail", "changed", "unexpected pass", "crash", "hang", "error"];
        assert_eq!(names, expected);
        assert_eq!(format!("{:<6}|", Status::Pass), "pass  |", "a table pads it");
    }

    #[test]
    fn what_a_strict_run_fails_by_is_its_concern() {
        assert_eq!(Status::Changed.concern(), Concern::Failure);
        assert_eq!(Status::Skip.concern(), Concern::None);
    }

    /// `git bisect run` knows 125, and a script that calls sprig the others.
    #[test]
    fn exit_statuses_have_their_numbers() {
        let all = [Exit::AsExpected, Exit::Failed, Exit::Usage, Exit::NotJudged];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 125]);
    }

    #[test]
    fn news_is_an_answer_and_an_error_beside_it_leaves_it_open() {
        let news = (Status::Changed, Concern::News);
        assert_eq!(Exit::of_weighed([news]), Exit::AsExpected);
        assert_eq!(Exit::of_weighed([news, (Status::Error, Concern::Failure)]), Exit::NotJudged);
    }

    #[test]
    fn exit_statuses() {
        use Status as S;
        assert_eq!(Exit::of([S::Pass, S::Skip, S::ExpectedFail]), Exit::AsExpected);
        assert_eq!(Exit::of([S::Pass, S::Error]), Exit::NotJudged);
        assert_eq!(Exit::of([S::Skip]), Exit::NotJudged);
        assert_eq!(Exit::of([]), Exit::NotJudged);
        for failing in [S::Fail, S::Changed, S::UnexpectedPass, S::Crash, S::Hang] {
            assert_eq!(Exit::of([S::Error, failing]), Exit::Failed, "{failing}");
        }
    }
}
