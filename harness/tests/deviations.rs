//! Does the suite notice a wrong hypervisor, and does it say what is wrong?
//!
//! Every deviation of the reference (`sprig_refhv::hypervisor::DEVIATIONS`) against every case, on one embedded and one
//! server CPU. For each it is known which cases have to turn red, which rules may be broken, and what a reader is told.

use libtest_mimic::{Arguments, Failed, Trial};
use sprig::judge::Status;
use sprig::pattern::Pattern;
use sprig::project;
use sprig::report::Record;
use sprig::run::{Run, Selected};
use sprig::session::Unwatched;
use sprig::suite::Suite;
use sprig::target::{Limits, Model, Reference};
use sprig_refhv::hypervisor::{DEVIATIONS, Deviation};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// The CPUs a deviation is tried on.
const CPUS: [&str; 2] = ["e500v2", "970"];

/// What has to come of a deviation.
struct Expected {
    deviation: Deviation,
    /// Cases that turn red, parameters apart; on one of the CPUs at least.
    cases: &'static [&'static str],
    /// The rules that cases find broken, as patterns: no others.
    rules: &'static [&'static str],
    /// What the failure of one case says, on one of the CPUs: the instruction with the register, expected, actual.
    says: Says,
}

struct Says {
    case: &'static str,
    lines: &'static [&'static str],
}

const fn says(case: &'static str, lines: &'static [&'static str]) -> Says {
    Says { case, lines }
}

const EXPECTED: &[Expected] = &[
    Expected {
        deviation: Deviation::AliasNotReloaded,
        cases: &[
            "alias/after-exit",
            "alias/by-trap",
            "alias/each-exit",
            "alias/held",
            "alias/in-problem-state",
            "alias/sprg3-after-exit",
            "alias/sprg3-in-problem-state",
        ],
        rules: &["alias.*", "spr.alias-shows-register", "host.migrate", "host.set-regs"],
        says: says(
            "alias/after-exit@SPRG4",
            &["mfspr r3, 260 (USPRG4)", "expected  after == 0xb0000004", "actual    0x0"],
        ),
    },
    Expected {
        deviation: Deviation::AliasReloadedRarely,
        cases: &["alias/after-exit", "alias/each-exit", "alias/in-problem-state", "alias/sprg3-after-exit"],
        rules: &["alias.*", "spr.alias-shows-register"],
        says: says(
            "alias/after-exit@SPRG7",
            &["mfspr r3, 263 (USPRG7)", "expected  after == 0xb0000004", "last before: 1 emulated"],
        ),
    },
    Expected {
        deviation: Deviation::AliasesSwapped,
        cases: &["alias/after-exit", "alias/all-at-once", "alias/by-trap", "alias/in-problem-state"],
        rules: &["alias.*", "spr.alias-shows-register", "host.migrate", "host.set-regs"],
        says: says(
            "alias/after-exit@SPRG5",
            &["mfspr r3, 261 (USPRG5)", "expected  after == 0xb0000004", "actual    0x0"],
        ),
    },
    Expected {
        deviation: Deviation::AliasHighWord,
        cases: &["alias/after-exit", "alias/by-trap", "alias/in-problem-state", "alias/sprg3-after-exit"],
        rules: &["alias.*", "spr.alias-shows-register", "host.migrate", "host.set-regs"],
        says: says(
            "alias/sprg3-after-exit",
            &["mfspr r3, 259 (USPRG3)", "expected  after == 0xb0000003", "actual    0x0"],
        ),
    },
    Expected {
        deviation: Deviation::SprgsSwapped,
        cases: &["spr/sprg-value", "spr/sprg-independent", "page/every-way", "patch/mfspr"],
        rules: &["spr.*", "page.*", "patch.*", "host.*"],
        says: says("spr/sprg-value@SPRG1", &["mfspr r3, 273 (SPRG1)", "expected  ones == 0xffffffff", "actual    0x0"]),
    },
    Expected {
        deviation: Deviation::PageMsrUnsafe,
        cases: &["page/msr-unsafe"],
        // No rule forbids it, so its golden judges.
        rules: &[],
        says: says(
            "page/msr-unsafe",
            &["golden (-) and seen (+):", "-seen: mfmsr r3 -> 0x1000", "+seen: mfmsr r3 -> 0x1900"],
        ),
    },
    Expected {
        deviation: Deviation::PageMsrIgnored,
        cases: &["page/msr-ee", "irq/external-by-page", "irq/decrementer-by-page", "patch/mtmsr"],
        rules: &["page.*", "irq.pending-is-taken-when-enabled", "patch.same-effect", "host.get-regs"],
        says: says("page/msr-ee", &["mfmsr r3", "expected  (seen & 0x8000) != 0x0", "actual    0x0"]),
    },
    Expected {
        deviation: Deviation::PageInProblemState,
        cases: &["page/supervisor-only"],
        rules: &["page.supervisor-only"],
        says: says(
            "page/supervisor-only",
            &["load32 0xfffff024", "expected  seen.exception != none", "actual    none"],
        ),
    },
    Expected {
        deviation: Deviation::PageAtZero,
        cases: &["page/absent-at-zero"],
        rules: &["page.absent-before-map", "irq.pending-is-taken-when-enabled"],
        says: says(
            "page/absent-at-zero",
            &["mfspr r3, 272 (SPRG0)", "expected  by-trap == 0x5a5a5a5a", "actual    0x11223344"],
        ),
    },
    Expected {
        deviation: Deviation::MapArgumentsSwapped,
        cases: &["page/elsewhere"],
        rules: &["page.*"],
        says: says("page/elsewhere", &["load32 0xe000002c", "expected  there no exception", "DEAR=0xe000002c"]),
    },
    Expected {
        deviation: Deviation::MapWithoutFlush,
        cases: &["firmware/map-after-touch", "firmware/map-after-call"],
        rules: &["firmware.*", "page.*"],
        says: says(
            "firmware/map-after-touch@1",
            &["load32 0xfffff024", "at-once == 0x600d600d", "actual    0xf00f00f0"],
        ),
    },
    Expected {
        deviation: Deviation::HypercallFromUser,
        cases: &["hcall/from-problem-state"],
        rules: &["hcall.*"],
        says: says(
            "hcall/from-problem-state",
            &["r11 = 0x2a0003", "expected  call[KVM_HC_FEATURES].exception == system-call", "actual    none"],
        ),
    },
    Expected {
        deviation: Deviation::IntPendingZero,
        cases: &["irq/external-by-page", "irq/decrementer-by-page"],
        rules: &["page.int-pending"],
        says: says("irq/external-by-page", &["(page.int_pending)", "expected  pending != 0", "actual    0x0"]),
    },
    Expected {
        deviation: Deviation::IntPendingOne,
        cases: &["irq/external-by-page"],
        rules: &["page.int-pending"],
        says: says("irq/external-by-page", &["(page.int_pending)", "expected  quiet == 0", "actual    0x1"]),
    },
    Expected {
        deviation: Deviation::CriticalIgnored,
        cases: &["irq/external-in-critical-section", "irq/decrementer-in-critical-section"],
        rules: &["page.critical-withholds"],
        says: says("irq/external-in-critical-section", &["taken external", "withheld == 0", "actual    0x1"]),
    },
    Expected {
        deviation: Deviation::CriticalInUser,
        cases: &["irq/critical-in-problem-state"],
        rules: &["page.critical-in-problem-state"],
        says: says("irq/critical-in-problem-state", &["taken decrementer", "delivered == 0x1", "actual    0x0"]),
    },
];

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("deviations::each_is_expected_to_be_noticed", || {
        let expected = EXPECTED.iter().map(|expected| expected.deviation);
        let known = DEVIATIONS.iter().map(|row| row.deviation);
        if expected.eq(known) {
            Ok(())
        } else {
            Err("the table of this test and the deviations are not the same".into())
        }
    })];
    trials.extend(
        EXPECTED.iter().map(|expected| Trial::test(format!("deviations::{}", expected.deviation), || check(expected))),
    );
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(expected: &Expected) -> Result<(), Failed> {
    let mut red = Vec::new();
    for cpu in CPUS {
        red.extend(red_cases(cpu, expected.deviation)?);
    }
    let names: BTreeSet<&str> = red.iter().map(|record| script(&record.case)).collect();
    let Expected { cases, rules, says, .. } = expected;
    if let Some(green) = cases.iter().find(|case| !names.contains(*case)) {
        return Err(format!("{green} does not notice it; these do: {names:?}").into());
    }
    let may_break = |rule: &str| rules.iter().any(|pattern| Pattern::new(pattern).matches(rule));
    for record in &red {
        let told = format!("{} {}\n{}", record.case, record.status, record.explain());
        if !matches!(record.status, Status::Fail | Status::Changed) {
            return Err(format!("neither a broken rule nor another transcript: {told}").into());
        }
        if record.failures.iter().any(|failure| !may_break(&failure.rule)) {
            return Err(format!("this rule has nothing to do with it: {told}").into());
        }
    }
    let told: Vec<String> = red.iter().filter(|record| record.case == says.case).map(Record::explain).collect();
    let says_all = |text: &String| says.lines.iter().all(|line| text.contains(line));
    if told.iter().any(says_all) {
        Ok(())
    } else {
        Err(format!("{} should say all of {:#?}, and says\n{}", says.case, says.lines, told.join("\n")).into())
    }
}

/// The name of a case without its parameters.
fn script(case: &str) -> &str {
    case.split('@').next().unwrap_or(case)
}

/// The cases that fail under a deviation on a CPU.
fn red_cases(cpu: &str, deviation: Deviation) -> Result<Vec<Record>, Failed> {
    let suite = Suite::load(&project::root())
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let own = |instance: &sprig::script::Instance| Selected {
        instance: instance.clone(),
        argument: instance.name().to_owned(),
        own: true,
    };
    let cases: Vec<Selected> = suite.instances().map(own).collect();
    let model = Model::by_label(cpu).ok_or("the reference has no such model")?;
    let target = Reference::deviating(model, deviation).ok_or("no such CPU")?;
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: "sprig repro" };
    let mut red = Vec::new();
    run.on(&target, &Unwatched, |record| {
        if record.status.fails() {
            red.push(record);
        }
    });
    Ok(red)
}
