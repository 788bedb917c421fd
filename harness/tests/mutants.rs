//! Does the suite notice a wrong hypervisor, and does it say what is wrong?
//!
//! Every mutant of the reference (`sprig_refhv::hypervisor::DEVIATIONS`) against every case. Each has to be killed, by
//! the scripts that `golden/mutants.toml` records at least, without any rule being broken that it does not record; and
//! for some the message is checked here.

use goldenfile::Mint;
use libtest_mimic::{Arguments, Failed, Trial};
use sprig::case::script_of;
use sprig::judge::Status;
use sprig::mutants::record::{MUTANTS, Recorded, Records};
use sprig::mutants::{Fate, Mutant, Plan, limits};
use sprig::project;
use sprig::run::{Run, Selected};
use sprig::suite::Suite;
use sprig::target::{Limits, Model};
use sprig_refhv::hypervisor::{DEVIATIONS, Description, Deviation};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::OnceLock;

/// What the failure of a case says: the instruction with the register, what was expected, what was seen.
struct Says {
    of: Deviation,
    case: &'static str,
    lines: &'static [&'static str],
}

const fn says(of: Deviation, case: &'static str, lines: &'static [&'static str]) -> Says {
    Says { of, case, lines }
}

const SAYS: &[Says] = &[
    says(
        Deviation::AliasNotReloaded,
        "alias/after-exit@SPRG4",
        &["mfspr r3, 260 (USPRG4)", "expected  after == 0xb0000004", "actual    0x0"],
    ),
    says(
        Deviation::AliasReloadedRarely,
        "alias/after-exit@SPRG7",
        &["mfspr r3, 263 (USPRG7)", "expected  after == 0xb0000004", "last before: 1 emulated"],
    ),
    says(
        Deviation::AliasesSwapped,
        "alias/after-exit@SPRG5",
        &["mfspr r3, 261 (USPRG5)", "expected  after == 0xb0000004", "actual    0x0"],
    ),
    says(
        Deviation::AliasHighWord,
        "alias/sprg3-after-exit",
        &["mfspr r3, 259 (USPRG3)", "expected  after == 0xb0000003", "actual    0x0"],
    ),
    says(
        Deviation::SprgsSwapped,
        "spr/sprg-value@SPRG1",
        &["mfspr r3, 273 (SPRG1)", "expected  ones == 0xffffffff", "actual    0x0"],
    ),
    says(
        Deviation::PageMsrUnsafe,
        "page/msr-unsafe",
        &["golden (-) and seen (+):", "-seen: mfmsr r3 -> 0x1000", "+seen: mfmsr r3 -> 0x1900"],
    ),
    says(Deviation::PageMsrIgnored, "page/msr-ee", &["mfmsr r3", "expected  (seen & 0x8000) != 0x0", "actual    0x0"]),
    says(
        Deviation::PageInProblemState,
        "page/supervisor-only",
        &["load32 0xfffff024", "expected  seen.exception != none", "actual    none"],
    ),
    says(
        Deviation::PageAtZero,
        "page/absent-at-zero",
        &["mfspr r3, 272 (SPRG0)", "expected  by-trap == 0x5a5a5a5a", "actual    0x11223344"],
    ),
    says(
        Deviation::MapArgumentsSwapped,
        "page/elsewhere",
        &["load32 0xe000002c", "expected  there takes no exception", "DEAR=0xe000002c"],
    ),
    says(
        Deviation::MapWithoutFlush,
        "firmware/map-after-touch@1",
        &["load32 0xfffff024", "at-once == 0x600d600d", "actual    0xf00f00f0"],
    ),
    says(
        Deviation::HypercallFromUser,
        "hcall/from-problem-state",
        &["r11 = 0x2a0003", "expected  call[KVM_HC_FEATURES].exception == system-call", "actual    none"],
    ),
    says(
        Deviation::IntPendingZero,
        "irq/external-by-page",
        &["(page.int_pending)", "expected  pending != 0", "actual    0x0"],
    ),
    says(
        Deviation::IntPendingOne,
        "irq/external-by-page",
        &["(page.int_pending)", "expected  quiet == 0", "actual    0x1"],
    ),
    says(
        Deviation::CriticalIgnored,
        "irq/external-in-critical-section",
        &["taken external", "withheld == 0", "actual    0x1"],
    ),
    says(
        Deviation::CriticalInUser,
        "irq/critical-in-problem-state",
        &["page.critical-in-problem-state", "came == as-program (0xd000)", "actual    0x0"],
    ),
];

/// What every trial needs, read once.
struct Bench {
    suite: Suite,
    cases: Vec<Selected>,
    limits: Limits,
    records: Records,
}

impl Bench {
    fn get() -> Result<&'static Self, Failed> {
        static BENCH: OnceLock<Result<Bench, String>> = OnceLock::new();
        BENCH.get_or_init(Self::read).as_ref().map_err(Failed::from)
    }

    fn read() -> Result<Self, String> {
        let suite = Suite::load(&project::root())
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        let own = |instance: &sprig::script::Instance| Selected {
            instance: instance.clone(),
            argument: instance.name().to_owned(),
            own: true,
        };
        let cases = suite.instances().map(own).collect();
        let text = fs::read_to_string(project::root().join(MUTANTS)).unwrap_or_default();
        let records = Records::parse(&text).map_err(|problem| problem.to_string())?;
        Ok(Self { suite, cases, limits: limits(), records })
    }

    fn plan(&self) -> Plan<'_> {
        let run = Run { suite: &self.suite, cases: &self.cases, limits: &self.limits, again: "sprig repro" };
        Plan { mutants: DEVIATIONS.iter().collect(), models: Model::all().collect(), run, jobs: 1 }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if std::env::var_os("UPDATE_GOLDENFILES").is_some() && !arguments.list {
        return match record() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failed) => {
                eprintln!("{}", failed.message().unwrap_or("the records could not be written"));
                ExitCode::FAILURE
            }
        };
    }
    let mut trials = vec![
        Trial::test("mutants::every_record_is_of_a_mutant", every_record_is_of_a_mutant),
        Trial::test("mutants::judging_only_what_differs_finds_the_same", judging_only_what_differs_finds_the_same),
        Trial::test("mutants::without_the_script_that_kills_it_a_mutant_survives", a_missing_case_is_noticed),
    ];
    trials.extend(DEVIATIONS.iter().map(|row| Trial::test(format!("mutants::{}", row.id), move || check(row))));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn a_missing_case_is_noticed() -> Result<(), Failed> {
    let bench = Bench::get()?;
    let row = Deviation::Sprg4NotReordered.description();
    let recorded = bench.records.of(row.id).ok_or_else(|| unrecorded("nothing is recorded of it"))?;
    let is_other = |case: &&Selected| !recorded.scripts.iter().any(|script| script_of(case.instance.name()) == script);
    let cases: Vec<Selected> = bench.cases.iter().filter(is_other).cloned().collect();
    let plan = bench.plan();
    let mutant = Plan { run: Run { cases: &cases, ..plan.run }, ..plan }.one(row, &[]);
    if mutant.fate() == Fate::Survived {
        Ok(())
    } else {
        Err(format!("{:?} without {:?}", mutant.fate(), recorded.scripts).into())
    }
}

/// Each mutant's own trial judges everything; the matrix does not.
fn judging_only_what_differs_finds_the_same() -> Result<(), Failed> {
    let bench = Bench::get()?;
    let matrix = bench.plan().carry_out(&|| {}).map_err(|unanswered| unanswered.to_string())?;
    for mutant in &matrix.mutants {
        let id = mutant.description.id;
        let recorded = bench.records.of(id).ok_or_else(|| unrecorded("nothing is recorded of it"))?;
        let differences = recorded.differences(&Recorded::of(mutant));
        if !differences.is_empty() {
            return Err(unrecorded(&format!("{id}: {}", differences.join("\n"))));
        }
    }
    Ok(())
}

/// Writes down what kills each.
fn record() -> Result<(), Failed> {
    let plan = Bench::get()?.plan();
    let mutants: Vec<Mutant> = plan.mutants.iter().map(|row| plan.one(row, &[])).collect();
    let mut mint = Mint::new(project::root());
    let mut file = mint.new_goldenfile(MUTANTS)?;
    write!(file, "{}", Records::render(&mutants))?;
    Ok(())
}

fn check(row: &'static Description) -> Result<(), Failed> {
    let bench = Bench::get()?;
    let mutant = bench.plan().one(row, &[]);
    match mutant.fate() {
        Fate::Killed => {}
        Fate::Equivalent => return Ok(()),
        fate => return Err(format!("{fate:?}: `sprig mutants {}` says more", row.id).into()),
    }
    if let Some(red) =
        mutant.kills.iter().find(|kill| kill.record.failures.is_empty() && kill.record.status == Status::Fail)
    {
        return Err(format!("{} fails and says nothing of why", red.case).into());
    }
    let recorded = bench.records.of(row.id).ok_or_else(|| unrecorded("nothing is recorded of it"))?;
    let differences = recorded.differences(&Recorded::of(&mutant));
    if !differences.is_empty() {
        return Err(unrecorded(&differences.join("\n")));
    }
    SAYS.iter().filter(|says| says.of == row.deviation).try_for_each(|says| told(bench, says))
}

fn unrecorded(what: &str) -> Failed {
    format!("{what}\n  if that is right: UPDATE_GOLDENFILES=1 cargo test --test mutants, and review {MUTANTS}").into()
}

/// A reader who runs the case is told what is wrong: with the limits of `sprig run`, so that what waits long is no
/// hang.
fn told(bench: &Bench, says: &Says) -> Result<(), Failed> {
    let cases: Vec<Selected> = bench.cases.iter().filter(|case| case.instance.name() == says.case).cloned().collect();
    let plan = bench.plan();
    let mutant = Plan { run: Run { cases: &cases, limits: &Limits::default(), ..plan.run }, ..plan }
        .one(says.of.description(), &[]);
    let told: Vec<String> = mutant.kills.iter().map(|kill| kill.record.explain()).collect();
    let says_all = |text: &String| says.lines.iter().all(|line| text.contains(line));
    if told.iter().any(says_all) {
        return Ok(());
    }
    Err(format!("{} should say all of {:#?}, and says\n{}", says.case, says.lines, told.join("\n")).into())
}

fn every_record_is_of_a_mutant() -> Result<(), Failed> {
    let known: BTreeSet<&str> = DEVIATIONS.iter().map(|row| row.id).collect();
    match Bench::get()?.records.ids().find(|id| !known.contains(id)) {
        Some(id) => Err(unrecorded(&format!("there is no mutant {id}"))),
        None => Ok(()),
    }
}
