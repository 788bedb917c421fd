//! The reference interpreter does what QEMU does, instruction by instruction.
//!
//! A bounded part of what `sprig lockstep` can do: the same programs each time. Where there is no QEMU the
//! trials are listed as ignored, with the reason.

use libtest_mimic::{Arguments, Failed, Trial};
use sprig::lockstep::compare::{Figures, OnDifference, Verdict};
use sprig::lockstep::program;
use sprig::lockstep::{MODELS, Model, Subject, coverage, image, missing, run};
use sprig::project;
use std::process::ExitCode;

/// Seeds of the random programs, for each CPU.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;
/// How often each instruction is in a program.
const ROUNDS: u32 = 4;

fn main() -> ExitCode {
    let reason = missing().map(|missing| missing.to_string());
    let mut trials =
        vec![Trial::test("lockstep::programs", programs), Trial::test("lockstep::guest_image", guest_image)];
    if let Some(reason) = reason {
        trials = trials.into_iter().map(|trial| trial.with_ignored_flag(true).with_kind(reason.clone())).collect();
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Every instruction is executed on every CPU without a difference that is not on record, and no record is needless.
fn programs() -> Result<(), Failed> {
    let mut all = Figures::default();
    for model in MODELS {
        let cpu = model.cpu().ok_or("no such CPU")?;
        let mut figures = Figures::default();
        let random = SEEDS.map(|seed| (format!("seed {seed}"), program::random(cpu, seed, ROUNDS)));
        for (name, program) in std::iter::once(("sweep".to_owned(), program::sweep(cpu))).chain(random) {
            figures.add(&same(model, &name, &Subject::program(&program)?)?);
        }
        let left_out = coverage::not_executed(cpu, &figures);
        if !left_out.is_empty() {
            return Err(format!("{}: never executed: {}", model.name, left_out.join(" ")).into());
        }
        all.add(&figures);
    }
    let unused = coverage::not_met(&all);
    if unused.is_empty() { Ok(()) } else { Err(format!("known differences nobody met: {}", unused.join(" ")).into()) }
}

/// The guest image runs a batch of cases, from its entry to power-off.
fn guest_image() -> Result<(), Failed> {
    let model = MODELS.iter().find(|model| model.name == image::CPU).ok_or("no such CPU")?;
    let figures = same(model, "guest image", &image::subject(&project::root(), &["exception"])?)?;
    if figures.device_accesses == 0 { Err("the image has not reached its console".into()) } else { Ok(()) }
}

fn same(model: &Model, name: &str, subject: &Subject) -> Result<Figures, Failed> {
    match run(model, subject, OnDifference::Stop)? {
        (Verdict::Ended, comparison) => Ok(comparison.figures),
        (verdict, _) => Err(format!("{} {name}: {verdict}", model.name).into()),
    }
}
