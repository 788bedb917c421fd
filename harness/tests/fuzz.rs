//! Does `sprig fuzz` find a wrong hypervisor, shrink what it found, and find nothing on a right one?
//!
//! Each of some deviations of the reference (`sprig_refhv::hypervisor::DEVIATIONS`) is a mistake that the fuzzer has
//! not heard of: it has to be found, in a script of at most six steps that breaks its rule on the wrong hypervisor and
//! passes on the right one.

use libtest_mimic::{Arguments, Failed, Trial};
use sprig::fuzz::{Budget, Campaign, Outcome, limits};
use sprig::judge::{Golden, Status, Subject, judge};
use sprig::known::Known;
use sprig::project;
use sprig::script;
use sprig::session::{self, Unwatched};
use sprig::suite::Suite;
use sprig::target::{self, Limits, Model, Reference, Target};
use sprig_refhv::hypervisor::Deviation;
use std::path::Path;
use std::process::ExitCode;

/// Most steps of a script that shows one mistake.
const STEPS: usize = 6;
/// Scripts in which each of them is found: those of the single things, and random ones.
const SCRIPTS: u64 = 1800;
const SEED: u64 = 1;

/// The mistakes, each with the CPU to find it on.
const DEVIATIONS: [(Deviation, &str); 58] = [
    (Deviation::AliasNotReloaded, "e500v2"),
    (Deviation::AliasReloadedRarely, "440"),
    (Deviation::AliasesSwapped, "e500v2"),
    (Deviation::AliasHighWord, "e500v2"),
    (Deviation::SprgsSwapped, "7447"),
    (Deviation::PageMsrUnsafe, "e500v2"),
    (Deviation::PageMsrIgnored, "970"),
    (Deviation::PageInProblemState, "e500v2"),
    (Deviation::PageAtZero, "e500v2"),
    (Deviation::MapArgumentsSwapped, "e500v2"),
    (Deviation::MapWithoutFlush, "e500v2"),
    (Deviation::HypercallFromUser, "970"),
    (Deviation::IntPendingZero, "e500v2"),
    (Deviation::IntPendingOne, "440"),
    (Deviation::CriticalIgnored, "e500v2"),
    (Deviation::CriticalInUser, "e500v2"),
    (Deviation::MasNotSet, "e500v2"),
    (Deviation::AliasClobberedByHost, "e500v2"),
    (Deviation::AliasesOfOtherGuest, "e500v2"),
    (Deviation::HostLosesUsprg0, "e500v2"),
    (Deviation::RfmciAbsent, "e500v2"),
    (Deviation::UndefinedSprZero, "e500v2"),
    (Deviation::TimeBaseHalvesSwapped, "e500v2"),
    (Deviation::TimeBaseWriteSwapped, "e500v2"),
    (Deviation::IvprUnmasked, "e500v2"),
    (Deviation::Sprg4NotReordered, "power8-64le"),
    (Deviation::PageMissingInRealMode, "7447"),
    (Deviation::PageSurvivesReset, "e500v2"),
    (Deviation::PageInOneSpace, "e500v2"),
    (Deviation::PageBehindTranslation, "7447"),
    (Deviation::CriticalBeforeMap, "e500v2"),
    (Deviation::NoExecuteKept, "970"),
    (Deviation::NoExecuteIgnored, "970"),
    (Deviation::ResultKept, "e500v2"),
    (Deviation::TokenWide, "power8-64"),
    (Deviation::OsiAnswered, "e500v2"),
    (Deviation::PaprFromUser, "power8"),
    (Deviation::ReversedCallSkips, "power8-64le"),
    (Deviation::AliasStaleInHandler, "e500v2"),
    (Deviation::MtmsrLosesUnitBits, "e500v2"),
    (Deviation::TimerStatusAllCleared, "e500v2"),
    (Deviation::NoExecuteLiftedForPrograms, "970"),
    (Deviation::SegmentsNotFlushed, "7447"),
    (Deviation::ProcessNotFlushed, "e500v2"),
    (Deviation::PvinfoLowHalfTwice, "440"),
    (Deviation::BreakpointReflected, "e500v2"),
    (Deviation::StepOverEmulated, "e500v2"),
    (Deviation::DebugRegistersAreGuests, "440"),
    (Deviation::TranslateAnyProcess, "e500v2"),
    (Deviation::VectorNotAsked, "e500v2"),
    (Deviation::SwitchedOffAnswered, "power8"),
    (Deviation::EnablesUnknownHcall, "440"),
    (Deviation::HcallArgumentsShifted, "power8"),
    (Deviation::HcallLastRegisterKept, "power8"),
    (Deviation::CacheLockingOpen, "e500v2"),
    (Deviation::TraceOverEmulated, "7447"),
    (Deviation::CallAfterInterrupt, "e500v2"),
    (Deviation::VectorUnavailableIllegal, "7447"),
];

/// Right hypervisors and CPUs, of every family, word size and byte order.
const RIGHT: [&str; 8] = [
    "ref-e500v2-pr",
    "ref-e500v2-bare",
    "ref-440-pr",
    "ref-7447-pr",
    "ref-750-pr-nopage",
    "ref-970-pr",
    "ref-power8-64-pr",
    "ref-power8-64le-pr",
];

fn main() -> ExitCode {
    let found = |(deviation, cpu): (Deviation, &'static str)| {
        Trial::test(format!("fuzz::finds::{deviation}"), move || finds(deviation, cpu))
    };
    let right = |id: &'static str| Trial::test(format!("fuzz::leaves_alone::{id}"), move || leaves_alone(id));
    let mut trials: Vec<Trial> = DEVIATIONS.into_iter().map(found).chain(RIGHT.map(right)).collect();
    trials.push(Trial::test("fuzz::a_seed_gives_the_same_scripts_and_findings", same_again));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn suite() -> Result<Suite, Failed> {
    Suite::load(&project::root())
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into())
}

/// Runs a campaign and hands over what came of it, while it is still known what it was made of.
fn campaign<T>(
    target: &dyn Target,
    reference: Option<&dyn Target>,
    scripts: u64,
    tell: impl FnOnce(&Campaign<'_>, Outcome) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let (suite, known, limits) = (suite()?, Known::default(), limits());
    let budget = Budget::Scripts(scripts);
    let (seed, progress) = (SEED, &Unwatched);
    let campaign = Campaign {
        suite: &suite,
        known: &known,
        target,
        program: "sprig",
        build: "",
        reference,
        stand_ins: &[],
        seed,
        budget,
        limits: &limits,
        progress,
    };
    let outcome = campaign.run()?;
    tell(&campaign, outcome)
}

fn finds(deviation: Deviation, cpu: &str) -> Result<(), Failed> {
    let model = Model::by_label(cpu).ok_or("the reference has no such model")?;
    let wrong = Reference::deviating(model, deviation).ok_or("no such CPU")?;
    let right = target::by_id(&format!("ref-{cpu}-pr")).ok_or("no such target")?;
    campaign(&wrong, Some(&*right), SCRIPTS, |campaign, outcome| {
        if outcome.unjudged > 0 {
            return Err(format!("{} scripts could not be judged", outcome.unjudged).into());
        }
        let Some(smallest) = outcome.findings.iter().min_by_key(|shrunk| shrunk.steps()) else {
            return Err("nothing was found".into());
        };
        let probe = smallest.probe(campaign);
        if smallest.steps() > STEPS {
            return Err(format!("{} steps are too many:\n{probe}", smallest.steps()).into());
        }
        for (target, expected) in [(&wrong as &dyn Target, Status::Fail), (&*right, Status::Pass)] {
            let seen = replay(campaign.suite, target, &probe)?;
            if seen != expected {
                return Err(format!("{} is a {seen} on {}:\n{probe}", "the file", target.id()).into());
            }
        }
        Ok(())
    })
}

/// What `sprig run FILE` makes of a file.
fn replay(suite: &Suite, target: &dyn Target, probe: &str) -> Result<Status, Failed> {
    let rules: Vec<&str> = suite.rules.ids().collect();
    let source = script::source(Path::new("found.probe"), probe.as_bytes().to_vec())?;
    let script = script::parse_citing(source, &rules).map_err(|mistakes| mistakes.render(false))?;
    let profile = target.profile();
    let case = script.instances()[0].assemble(&profile)?;
    let (results, _) = session::run_all(target, std::slice::from_ref(&case), &Limits::default(), &Unwatched);
    let result = results.first().ok_or("the case did not run")?;
    let (rules, expectation, golden) = (&suite.rules, None, Golden::NotKept);
    Ok(judge(&Subject { case: &case, result, profile: &profile, rules, expectation, golden }).status)
}

fn leaves_alone(id: &str) -> Result<(), Failed> {
    let target = target::by_id(id).ok_or("no such target")?;
    // A CPU without a hypervisor is compared with nothing: the contract alone has to find it right.
    let bare = match id.rsplit_once("-pr") {
        Some((cpu, _)) => Some(target::by_id(&format!("{cpu}-bare")).ok_or("it has no CPU")?),
        None => None,
    };
    campaign(&*target, bare.as_deref(), SCRIPTS + 200, |campaign, outcome| {
        if outcome.unjudged > 0 {
            return Err(format!("{} scripts could not be judged", outcome.unjudged).into());
        }
        match outcome.findings.first() {
            Some(found) => Err(format!("found, and not wrong:\n{}", found.probe(campaign)).into()),
            None => Ok(()),
        }
    })
}

fn same_again() -> Result<(), Failed> {
    let model = Model::by_label("e500v2").ok_or("the reference has no such model")?;
    let wrong = Reference::deviating(model, Deviation::SprgsSwapped).ok_or("no such CPU")?;
    let probes = || {
        campaign(&wrong, None, SCRIPTS, |campaign, outcome| {
            Ok(outcome.findings.iter().map(|shrunk| shrunk.probe(campaign)).collect::<Vec<_>>())
        })
    };
    let (first, second) = (probes()?, probes()?);
    if first.is_empty() || first != second {
        return Err(format!("{first:#?}\nand then\n{second:#?}").into());
    }
    Ok(())
}
