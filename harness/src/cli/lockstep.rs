//! `sprig lockstep`: programs in the reference interpreter and in QEMU, all registers compared after every instruction.

use super::args;
use super::error::Error;
use crate::judge::Exit;
use crate::lockstep::compare::{Figures, OnDifference, Verdict};
use crate::lockstep::image::{self, ImageSubjectError};
use crate::lockstep::known::Known;
use crate::lockstep::{MODELS, Model, RunError, Subject, coverage, missing, program, run};
use crate::project;
use std::io::Write;

/// What the comparisons with one CPU came to.
struct Outcome<'a> {
    model: &'static Model,
    arguments: &'a args::Lockstep,
    figures: Figures,
    differences: usize,
}

pub(super) fn lockstep(arguments: &args::Lockstep, out: &mut dyn Write) -> Result<Exit, Error> {
    if let Some(missing) = missing() {
        return Err(Error::not_judged(missing.to_string(), "to add it: ci/setup"));
    }
    let mut same = true;
    if arguments.image {
        let model = MODELS.iter().find(|model| model.name == image::CPU);
        let mut outcome = Outcome::new(model.ok_or_else(|| not_compared(RunError::Model(image::CPU)))?, arguments);
        let mut subject = image::subject(&project::root(), &arguments.areas).map_err(no_subject)?;
        subject.scope.limit = arguments.limit.unwrap_or(subject.scope.limit);
        outcome.compare("guest image", &subject, out)?;
        same &= outcome.tell(out)?;
    } else {
        let chosen = |model: &&'static Model| arguments.cpu.as_ref().is_none_or(|name| model.name == name);
        for model in MODELS.iter().filter(chosen) {
            let mut outcome = Outcome::new(model, arguments);
            outcome.programs(out)?;
            same &= outcome.tell(out)?;
        }
    }
    Ok(if same { Exit::AsExpected } else { Exit::Failed })
}

impl<'a> Outcome<'a> {
    fn new(model: &'static Model, arguments: &'a args::Lockstep) -> Self {
        Self { model, arguments, figures: Figures::default(), differences: 0 }
    }

    /// The program that has every special register, and random ones.
    fn programs(&mut self, out: &mut dyn Write) -> Result<(), Error> {
        let cpu = self.model.cpu().ok_or_else(|| not_compared(RunError::Model(self.model.name)))?;
        let args::Lockstep { seed, programs, rounds, .. } = *self.arguments;
        let sweep = std::iter::once(("sweep".to_owned(), program::sweep(cpu)));
        let seeds = seed..seed.saturating_add(programs);
        let random = seeds.map(|seed| (format!("seed {seed}"), program::random(cpu, seed, rounds)));
        for (name, program) in sweep.chain(random) {
            self.compare(&name, &Subject::program(&program).map_err(not_compared)?, out)?;
        }
        Ok(())
    }

    fn compare(&mut self, name: &str, subject: &Subject, out: &mut dyn Write) -> Result<(), Error> {
        let on_difference = if self.arguments.all { OnDifference::GoOn } else { OnDifference::Stop };
        let (verdict, comparison) = run(self.model, subject, on_difference).map_err(not_compared)?;
        self.figures.add(&comparison.figures);
        for difference in &comparison.differences {
            writeln!(out, "{} {name}: {difference}", self.model.name)?;
        }
        self.differences += comparison.differences.len();
        // Who says after how many instructions to stop has not asked for the program's end.
        let is_enough = self.arguments.limit.is_some() && matches!(verdict, Verdict::Endless { .. });
        if !matches!(verdict, Verdict::Ended) && !is_enough {
            writeln!(out, "{} {name}: {verdict}", self.model.name)?;
            self.differences += 1;
        }
        Ok(())
    }

    /// What has been compared; true if it was all the same, and if programs have executed every instruction.
    fn tell(&self, out: &mut dyn Write) -> Result<bool, Error> {
        let Figures { instructions, registers, device_accesses, known, .. } = &self.figures;
        let differences = self.differences;
        writeln!(
            out,
            "{}: {instructions} instructions, {registers} register values, {differences} differences",
            self.model.name
        )?;
        if *device_accesses > 0 {
            writeln!(out, "  device accesses left to QEMU: {device_accesses}")?;
        }
        for (name, count) in known {
            let cause = Known::by_name(name).map_or_else(String::new, |known| known.cause.to_string());
            writeln!(out, "  known difference {name}: {count} times ({cause})")?;
        }
        if self.arguments.image {
            return Ok(differences == 0);
        }
        let cpu = self.model.cpu().ok_or_else(|| not_compared(RunError::Model(self.model.name)))?;
        let (left_out, kinds) = (coverage::not_executed(cpu, &self.figures), coverage::kinds(cpu));
        writeln!(out, "  {} of {kinds} kinds of instruction executed", kinds - left_out.len())?;
        if !left_out.is_empty() {
            writeln!(out, "  not executed: {}", left_out.join(" "))?;
        }
        Ok(differences == 0 && left_out.is_empty())
    }
}

fn not_compared(error: RunError) -> Error {
    Error::not_judged(format!("nothing was compared: {error}"), "QEMU 10 is what the comparison was made for: ci/setup")
}

fn no_subject(error: ImageSubjectError) -> Error {
    match error {
        ImageSubjectError::Suite(mistakes) => Error::Mistakes(mistakes.iter().map(ToString::to_string).collect()),
        ImageSubjectError::Area(_) => Error::usage(error.to_string(), "`sprig list` shows every case, area first"),
        other => Error::not_judged(
            format!("the guest image cannot be compared: {other}"),
            "`sprig check` says what is wrong",
        ),
    }
}
