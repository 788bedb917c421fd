use super::*;
use crate::fuzz::action::Action;
use crate::fuzz::generate::step;
use crate::fuzz::testing::{Death, Like};
use crate::known::Known;
use crate::project;
use crate::session::Unwatched;
use crate::suite::Suite;
use crate::target::{self, Model, Reference};
use sprig_isa::spr::{Spr, number};
use sprig_refhv::hypervisor::Deviation;
use std::path::Path;
use std::sync::Arc;

/// The singles of the registers alone: each way to die is among the first of them.
const SCRIPTS: u64 = 300;

/// An entry that is about everything.
const ALL: &str = r#"
[[known]]
target = "*"
step = "*"
rule = "*"
reason = "everything"
link = "https://example.org"
"#;

/// What tests are made of; each says what else matters to it.
struct Parts {
    suite: Suite,
    known: Known,
    limits: Limits,
}

impl Parts {
    fn new(known: &str) -> Self {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        Self { suite, known: Known::parse(Path::new("fuzz.toml"), known).expect("good"), limits: limits() }
    }

    fn campaign<'a>(&'a self, target: &'a dyn Target, reference: Option<&'a dyn Target>, scripts: u64) -> Campaign<'a> {
        let Self { suite, known, limits } = self;
        let (program, build, seed, budget) = ("sprig", "", 1, Budget::Scripts(scripts));
        Campaign {
            suite,
            known,
            target,
            program,
            build,
            reference,
            seed,
            budget,
            limits,
            progress: &Unwatched,
            stand_ins: &[],
        }
    }
}

fn campaign(target: &dyn Target, reference: Option<&dyn Target>, known: &str) -> Outcome {
    Parts::new(known).campaign(target, reference, SCRIPTS).run().expect("it can go on")
}

#[test]
fn a_death_is_found_whatever_is_known_of_the_step() {
    let target = Like::dying("ref-e500v2-pr", Death::At("mfspr r3, 272 (SPRG0)"));
    let outcome = campaign(&target, None, ALL);
    assert!(outcome.known.is_empty(), "{:?}", outcome.known);
    let found = |shrunk: &Shrunk| (shrunk.finding.part, shrunk.steps());
    assert!(!outcome.findings.is_empty() && outcome.findings.iter().all(|shrunk| found(shrunk) == (Part::Fate, 1)));
}

#[test]
fn what_is_known_is_counted_and_no_longer_shown() {
    let model = Model::by_label("e500v2").expect("a model");
    let target = Reference::deviating(model, Deviation::SprgsSwapped).expect("a target");
    let outcome = campaign(&target, None, ALL);
    assert!(outcome.findings.is_empty());
    assert!(outcome.known["everything"].count > 0);
    assert!(!campaign(&target, None, "").findings.is_empty());
}

#[test]
fn a_consequence_is_known_behind_its_cause_alone() {
    const CAUSED: &str = r#"
[[known]]
target = "*"
step = "mfspr r3, 273 (SPRG1)"
rule = "*"
then = "mfspr r3, 62 (ESR)"
reason = "the cause"
link = "https://example.org"
"#;
    let (parts, target) = (Parts::new(CAUSED), target::by_id("ref-e500v2-pr").expect("a target"));
    let campaign = parts.campaign(&*target, None, 0);
    let own = Generator::new(Environment::of(&*target));
    let runner = Runner::new(&campaign, &own);
    let read = |number| Action::ReadSpr(Spr::lookup(target.profile().cpu, number).expect("a register"));
    let steps = [number::ESR, number::SPRG1, number::ESR].map(|number| step(false, read(number)));
    let candidate = runner.judge().candidate(own.environment(), &steps).expect("a script");
    let finding = |step, part| Finding {
        witness: Witness::Contract,
        step,
        part,
        rule: "spr.mfspr-writes-target",
        expected: "== 0x1".to_owned(),
        actual: "0x0".to_owned(),
        bits: Some(1),
    };
    let unknown = |findings: &[Finding]| {
        let (_, unknown) = runner.told_apart(&candidate, findings);
        unknown.iter().map(|finding| finding.step).collect::<Vec<_>>()
    };
    let value = |step| finding(step, Part::Value);
    assert!(unknown(&[value(1), value(2)]).is_empty());
    assert_eq!(unknown(&[value(0), value(1), value(2)]), [0], "it stands before its cause");
    assert_eq!(unknown(&[value(2)]), [2], "the cause is there and was not found");
    assert_eq!(unknown(&[value(1), finding(2, Part::GivenUp)]), [2]);
    assert_eq!(unknown(&[value(1), finding(2, Part::Fate)]), [2]);
}

#[test]
fn a_target_or_a_reference_that_runs_nothing_is_told() {
    let (well, sick) = (target::by_id("ref-e500v2-pr").expect("a target"), Like::dying("ref-e500v2-pr", Death::AtOnce));
    let told = |target, reference| campaign(target, reference, "").dead.expect("told");
    assert_eq!(told(&sick, Some(&*well)), "the target dying cannot run anything: session/empty-guest: bang");
    assert_eq!(told(&*well, Some(&sick)), "the reference dying cannot run anything: session/empty-guest: bang");
}

#[test]
fn a_case_of_the_suite_finds_what_it_is_about_and_what_an_exit_changes_is_not_held_against_it() {
    let parts = Parts::new("");
    let model = Model::by_label("7447").expect("a model");
    let right: Arc<dyn Target> = Arc::new(Reference::with_page(model).expect("a target"));
    let wrong: Arc<dyn Target> =
        Arc::new(Reference::deviating(model, Deviation::SegmentsNotFlushed).expect("a target"));
    let cases_of = |target: &Arc<dyn Target>, reference: Option<&dyn Target>| {
        let campaign = parts.campaign(&**target, reference, 0);
        let own = Generator::new(Environment::of(&**target));
        let mut runner = Runner::new(&campaign, &own);
        let mut cases = Cases::new(&campaign, &own);
        runner.cases(&mut cases);
        runner.disturbed_cases(&mut cases, 1, 4000);
        runner.outcome.told(&campaign)
    };
    assert!(cases_of(&right, None).is_empty() && cases_of(&right, Some(&*right)).is_empty());
    let found = cases_of(&wrong, Some(&*right));
    assert!(!found.is_empty());
    for told in &found {
        assert!(told.steps <= told.steps_before && told.steps <= 8, "{}", told.probe);
    }
    assert_eq!(cases_of(&wrong, Some(&*wrong)).len(), found.len(), "also where the reference is no better");
}

#[test]
fn who_stands_in_for_a_reference_that_is_wrong_as_well_lets_a_case_shrink() {
    let parts = Parts::new("");
    let model = Model::by_label("7447").expect("a model");
    let right: Arc<dyn Target> = Arc::new(Reference::with_page(model).expect("a target"));
    let wrong = Reference::deviating(model, Deviation::SegmentsNotFlushed).expect("a target");
    let first_steps = |stand_ins: &[Arc<dyn Target>]| {
        let campaign = Campaign { stand_ins, ..parts.campaign(&wrong, Some(&wrong), 0) };
        let own = Generator::new(Environment::of(&wrong));
        let mut runner = Runner::new(&campaign, &own);
        runner.cases(&mut Cases::new(&campaign, &own));
        let told = runner.outcome.told(&campaign);
        let first = told.first().expect("a case finds it");
        (first.steps, first.steps_before)
    };
    let (steps, before) = first_steps(&[]);
    let (with_stand_in, _) = first_steps(&[right]);
    assert!(with_stand_in < steps && steps < before, "{with_stand_in} of {steps} of {before}");
    let also_wrong: Arc<dyn Target> =
        Arc::new(Reference::deviating(model, Deviation::SegmentsNotFlushed).expect("a target"));
    assert_eq!(first_steps(&[also_wrong]).0, steps, "one that holds nothing is of no use");
}

#[test]
fn what_runs_nothing_has_no_findings_to_shrink() {
    let sick = Like::host(Arc::new(Like::dying("ref-e500v2-pr", Death::AtOnce)));
    let outcome = campaign(&sick, None, "");
    assert!(outcome.dead.is_some() && outcome.findings.is_empty());
    assert_eq!(outcome.sessions, 3, "two, and one with an empty guest");
}

#[test]
fn what_the_reference_did_not_bring_to_an_end_is_not_compared() {
    let well = target::by_id("ref-e500v2-pr").expect("a target");
    let outcome = campaign(&*well, Some(&Like::dying("ref-e500v2-pr", Death::At("mfspr r3, 272 (SPRG0)"))), "");
    assert!(outcome.compared > 0 && outcome.compared < outcome.scripts);
}

/// What is found: the kinds of finding, and how many scripts show one.
fn found(outcome: &Outcome) -> (BTreeSet<Key>, u64) {
    let keys = outcome.findings.iter().map(|shrunk| key_of_shrunk(&shrunk.candidate, &shrunk.finding).0);
    (keys.collect(), outcome.findings.len() as u64 + outcome.repeated)
}

#[test]
fn a_bundle_hides_nothing_that_a_script_by_itself_shows() {
    let model = Model::by_label("e500v2").expect("a model");
    let wrong: Arc<dyn Target> = Arc::new(Reference::deviating(model, Deviation::SprgsSwapped).expect("a target"));
    let by_itself = found(&campaign(&*wrong, None, ""));
    assert!(!by_itself.0.is_empty());
    assert_eq!(found(&campaign(&Like::host(wrong), None, "")), by_itself);
    let dying = Like::host(Arc::new(Like::dying("ref-e500v2-pr", Death::At("mfspr r3, 272 (SPRG0)"))));
    let outcome = campaign(&dying, None, "");
    let is_death = |shrunk: &Shrunk| (shrunk.finding.part, shrunk.steps()) == (Part::Fate, 1);
    assert!(!outcome.findings.is_empty() && outcome.findings.iter().all(is_death));
}

#[test]
fn bundles_that_nothing_is_wrong_with_need_one_session_and_count_as_their_scripts() {
    let well = target::by_id("ref-e500v2-pr").expect("a target");
    let outcome = campaign(&Like::host(well.clone()), Some(&*well), "");
    assert!(outcome.findings.is_empty());
    assert_eq!((outcome.scripts, outcome.compared, outcome.sessions), (SCRIPTS, SCRIPTS, 1));
}
