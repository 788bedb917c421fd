use super::*;
use crate::fuzz::testing::Dying;
use crate::known::Known;
use crate::project;
use crate::session::Unwatched;
use crate::suite::Suite;
use crate::target::{self, Model, Reference};
use sprig_refhv::hypervisor::Deviation;
use std::path::Path;

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

fn campaign(target: &dyn Target, reference: Option<&dyn Target>, known: &str) -> Outcome {
    let suite = Suite::load(&project::root()).expect("nothing is wrong");
    let known = Known::parse(Path::new("fuzz.toml"), known).expect("good");
    let (limits, budget) = (limits(), Budget::Scripts(SCRIPTS));
    let (seed, progress) = (1, &Unwatched);
    Campaign { suite: &suite, known: &known, target, reference, seed, budget, limits: &limits, progress }
        .run()
        .expect("it can go on")
}

#[test]
fn a_death_is_found_whatever_is_known_of_the_step() {
    let target = Dying::new("ref-e500v2-pr", Some("mfspr r3, 272 (SPRG0)"));
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
fn a_target_or_a_reference_that_runs_nothing_is_told() {
    let (well, sick) = (target::by_id("ref-e500v2-pr").expect("a target"), Dying::new("ref-e500v2-pr", None));
    let told = |target, reference| campaign(target, reference, "").dead.expect("told");
    assert_eq!(told(&sick, Some(&*well)), "the target dying cannot run anything: session/empty-guest: bang");
    assert_eq!(told(&*well, Some(&sick)), "the reference dying cannot run anything: session/empty-guest: bang");
}

#[test]
fn what_the_reference_did_not_bring_to_an_end_is_not_compared() {
    let well = target::by_id("ref-e500v2-pr").expect("a target");
    let outcome = campaign(&*well, Some(&Dying::new("ref-e500v2-pr", Some("mfspr r3, 272 (SPRG0)"))), "");
    assert!(outcome.compared > 0 && outcome.compared < outcome.scripts);
}
