//! Which case is to blame when a session dies, shown on a target that does what its cases tell it to.

use sprig::case::{Case, Hold, Profile};
use sprig::feature::FeatureSet;
use sprig::session::{self, EMPTY_GUEST, Summary, Unwatched, empty_guest};
use sprig::target::{Availability, Boot, ByHand, Limits, Stop, Target, Unprepared};
use sprig::transcript::{Fate, RunResult};
use sprig_isa::cpu::Cpu;
use sprig_wire::log::State;
use std::path::Path;
use std::sync::Mutex;

/// What a case does to the target; the target finds it in the case's first constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Ends,
    Dies,
    DiesAfterItsEnd,
    DiesBehindOthers,
    DiesUnlessLoud,
    IsGarbled,
    GoesAstray,
}

const STEP_OF_DEATH: u32 = 5;

/// A target in memory. `sick`: it cannot run anything.
#[derive(Debug, Default)]
struct Scripted {
    sick: bool,
    most: Option<usize>,
    sessions: Mutex<Vec<String>>,
}

impl Scripted {
    fn sessions(&self) -> Vec<String> {
        self.sessions.lock().expect("no test panics in a session").clone()
    }

    fn run_all(&self, cases: &[Case]) -> (Vec<RunResult>, Summary) {
        session::run_all(self, cases, &Limits::default(), &Unwatched)
    }
}

impl Target for Scripted {
    fn id(&self) -> &str {
        "scripted"
    }

    fn profile(&self) -> Profile {
        let cpu = Cpu::by_name("e500v2").expect("a CPU");
        Profile { cpu, features: FeatureSet::default(), hold: Hold::NO_HOST }
    }

    fn availability(&self) -> Availability {
        Availability::Yes
    }

    fn golden_chain(&self) -> Vec<String> {
        Vec::new()
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn cases_per_session(&self) -> usize {
        self.most.unwrap_or(usize::MAX)
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let names: Vec<_> = boot.cases.iter().map(|case| case.name.as_str()).collect();
        let loud = if boot.loud { " loud" } else { "" };
        self.sessions.lock().expect("no test panics in a session").push(format!("{}{loud}", names.join(" ")));
        let crash = Fate::Crashed("bang".to_owned());
        if self.sick {
            return Err(Stop { fate: crash, running: None });
        }
        for (index, case) in boot.cases.iter().enumerate() {
            let last_step = boot.loud.then_some(STEP_OF_DEATH);
            let running = |fate: &Fate| {
                let state = State::Running as u16;
                Some(Box::new(RunResult { fate: fate.clone(), state, last_step, entries: vec![], exits: None }))
            };
            let dies = match does(case) {
                Does::Ends | Does::DiesAfterItsEnd | Does::GoesAstray => false,
                Does::Dies => true,
                Does::DiesBehindOthers => index > 0,
                Does::DiesUnlessLoud => !boot.loud,
                Does::IsGarbled => {
                    let fate = Fate::Error("garbled".to_owned());
                    return Err(Stop { running: running(&fate), fate });
                }
            };
            if dies {
                return Err(Stop { running: running(&crash), fate: crash });
            }
            ended(end());
            match does(case) {
                Does::DiesAfterItsEnd => return Err(Stop { fate: crash, running: None }),
                Does::GoesAstray => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    fn by_hand(&self, _: &Path, _: &[&Case], _: &ByHand) -> Result<Option<String>, Unprepared> {
        Ok(None)
    }
}

fn end() -> RunResult {
    let state = State::Ended as u16;
    RunResult { fate: Fate::Ended, state, last_step: Some(9), entries: vec![], exits: None }
}

fn case(name: &str, does: Does) -> Case {
    let mut case = empty_guest();
    case.name = name.to_owned();
    case.parts.constants = vec![does as u64];
    case
}

fn does(case: &Case) -> Does {
    let known = [
        Does::Ends,
        Does::Dies,
        Does::DiesAfterItsEnd,
        Does::DiesBehindOthers,
        Does::DiesUnlessLoud,
        Does::IsGarbled,
        Does::GoesAstray,
    ];
    let number = case.parts.constants.first().copied().unwrap_or(Does::Ends as u64);
    known.into_iter().find(|does| *does as u64 == number).expect("one of the known")
}

fn message(result: &RunResult) -> &str {
    match &result.fate {
        Fate::Ended => "ended",
        Fate::Crashed(how) | Fate::Hung(how) | Fate::Error(how) => how,
    }
}

#[test]
fn cases_share_one_session() {
    let target = Scripted::default();
    let (results, summary) = target.run_all(&[case("a", Does::Ends), case("b", Does::Ends)]);
    assert_eq!(results, [end(), end()]);
    assert_eq!(target.sessions(), ["a b"]);
    assert_eq!(summary, Summary { sessions: 1, boots: true, dead: None });
}

#[test]
fn a_killer_is_rerun_alone_and_the_others_go_on() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::Dies), case("c", Does::Ends)]);
    assert_eq!(target.sessions(), ["a b c", "b loud", "c"]);
    assert_eq!([&results[0], &results[2]], [&end(), &end()]);
    assert_eq!(results[1].fate, Fate::Crashed("bang".to_owned()));
    assert_eq!(results[1].last_step, Some(STEP_OF_DEATH));
}

#[test]
fn a_case_that_dies_only_behind_others_is_still_a_crash_and_says_so() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::DiesBehindOthers)]);
    assert_eq!(target.sessions(), ["a b", "b loud", "b"]);
    assert!(matches!(&results[1].fate, Fate::Crashed(how) if how.contains("alone it runs to its end")), "{results:?}");
}

#[test]
fn a_case_that_survives_being_watched_is_a_crash_without_a_step() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::DiesUnlessLoud)]);
    assert_eq!(target.sessions(), ["a b", "b loud", "b"]);
    assert!(message(&results[1]).contains("not known"), "{results:?}");
    assert_eq!(results[1].last_step, None);
}

#[test]
fn a_target_that_dies_right_after_a_case_died_of_it() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::DiesAfterItsEnd), case("b", Does::Ends)]);
    assert_eq!(target.sessions(), ["a b", "a loud", "b"]);
    assert!(matches!(&results[0].fate, Fate::Crashed(how) if how.contains("had ended")), "{results:?}");
    assert_eq!(results[1], end());
}

#[test]
fn the_last_case_is_blamed_for_a_death_behind_it() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::DiesAfterItsEnd)]);
    assert!(matches!(&results[1].fate, Fate::Crashed(_)), "{results:?}");
}

#[test]
fn a_garbled_line_is_an_error_of_its_case_and_is_not_tried_again() {
    let target = Scripted::default();
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::IsGarbled), case("c", Does::Ends)]);
    assert_eq!(target.sessions(), ["a b c", "c"]);
    assert_eq!(results[1].fate, Fate::Error("garbled".to_owned()));
    assert_eq!(results[2], end());
}

#[test]
fn a_guest_that_cannot_go_on_is_followed_by_another() {
    let target = Scripted::default();
    let (results, summary) =
        target.run_all(&[case("a", Does::Ends), case("b", Does::GoesAstray), case("c", Does::Ends)]);
    assert_eq!(target.sessions(), ["a b c", "c"]);
    assert_eq!(results, [end(), end(), end()]);
    assert_eq!(summary, Summary { sessions: 2, boots: true, dead: None });
}

#[test]
fn known_killers_run_alone_and_last_and_raise_no_suspicion() {
    let target = Scripted::default();
    let killer = Case { kills: true, ..case("k", Does::Dies) };
    let (results, summary) = target.run_all(&[killer, case("a", Does::Ends)]);
    assert_eq!(target.sessions(), ["a", "k", "k loud"]);
    assert_eq!((message(&results[0]), message(&results[1])), ("bang", "ended"));
    assert_eq!(summary.dead, None);
}

#[test]
fn when_two_first_cases_die_an_empty_guest_clears_the_target() {
    let target = Scripted::default();
    let (results, summary) = target.run_all(&[case("a", Does::Dies), case("b", Does::Ends)]);
    assert_eq!(target.sessions(), ["a b", "a loud", EMPTY_GUEST, "b"]);
    assert_eq!((message(&results[0]), &results[1]), ("bang", &end()));
    assert_eq!(summary, Summary { sessions: 4, boots: true, dead: None });
}

#[test]
fn a_target_that_cannot_run_nothing_is_reported_once_and_left_alone() {
    let target = Scripted { sick: true, ..Scripted::default() };
    let cases = [case("a", Does::Ends), case("b", Does::Ends), case("c", Does::Ends)];
    let (results, summary) = target.run_all(&cases);
    assert_eq!(target.sessions(), ["a b c", "a b c", EMPTY_GUEST]);
    let dead = Fate::Crashed(format!("{EMPTY_GUEST}: bang"));
    assert_eq!(results.iter().map(|result| &result.fate).collect::<Vec<_>>(), [&dead, &dead, &dead]);
    assert_eq!(summary, Summary { sessions: 3, boots: false, dead: Some(dead) });
}

#[test]
fn a_sick_target_runs_no_killers_either() {
    let target = Scripted { sick: true, most: Some(1), ..Scripted::default() };
    let killer = Case { kills: true, ..case("k", Does::Ends) };
    let (results, _) = target.run_all(&[case("a", Does::Ends), case("b", Does::Ends), killer]);
    assert_eq!(target.sessions(), ["a", "a", EMPTY_GUEST]);
    assert!(results.iter().all(|result| message(result).starts_with(EMPTY_GUEST)), "{results:?}");
}

#[test]
fn cases_are_taken_from_a_stream_as_sessions_need_them() {
    let target = Scripted { most: Some(1), ..Scripted::default() };
    let taken = std::cell::Cell::new(0);
    let cases = (0..100).map(|number| {
        taken.set(taken.get() + 1);
        case(&number.to_string(), Does::Ends)
    });
    let mut given = 0;
    let summary = session::run(&target, cases, &Limits::default(), &Unwatched, |_, _| {
        given += 1;
        // The one after has been looked at.
        assert!(taken.get() <= given + 1, "{} taken, {given} given", taken.get());
    });
    assert_eq!((given, summary.sessions), (100, 100));
}
