//! Runs programs in the reference interpreter and in QEMU, and compares all registers after every instruction.

use clap::Parser;
use sprig::lockstep::compare::{Figures, OnDifference, Verdict};
use sprig::lockstep::{MODELS, Model, Subject, coverage, image, program, run};
use sprig::project;
use std::process::ExitCode;

/// Compare the reference interpreter with QEMU, instruction by instruction.
#[derive(Parser)]
struct Arguments {
    /// The CPU, e500v2 or 7447; both if not given.
    #[arg(long, value_parser = cpu)]
    cpu: Option<String>,
    /// Seed of the first random program; each further one has the next number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many random programs.
    #[arg(long, default_value_t = 10)]
    programs: u64,
    /// How often each instruction is in a program.
    #[arg(long, default_value_t = 4)]
    rounds: u32,
    /// Compare the guest image for ppce500 with its cases instead, on e500v2.
    #[arg(long)]
    image: bool,
    /// With --image: a folder of cases; may be given several times.
    #[arg(long, default_values = image::AREAS)]
    area: Vec<String>,
    /// With --image: stop after this many instructions.
    #[arg(long)]
    limit: Option<u64>,
    /// Go on after a difference, from QEMU's state, and list each kind once.
    #[arg(long)]
    all: bool,
}

fn cpu(name: &str) -> Result<String, String> {
    let names: Vec<_> = MODELS.iter().map(|model| model.name).collect();
    if names.contains(&name) { Ok(name.to_owned()) } else { Err(format!("one of {}", names.join(", "))) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen = |model: &&Model| arguments.cpu.as_ref().is_none_or(|name| model.name == name);
    let mut same = true;
    if arguments.image {
        let Some(model) = MODELS.iter().find(|model| model.name == image::CPU) else { return ExitCode::FAILURE };
        match image::subject(&project::root(), &arguments.area) {
            Ok(mut subject) => {
                let mut figures = Figures::default();
                subject.scope.limit = arguments.limit.unwrap_or(subject.scope.limit);
                same &= compare(model, "guest image", &subject, arguments.all, &mut figures);
                print(model, &figures);
            }
            Err(error) => {
                eprintln!("guest image: {error}");
                same = false;
            }
        }
    } else {
        for model in MODELS.iter().filter(chosen) {
            same &= programs(model, &arguments);
        }
    }
    if same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn programs(model: &Model, arguments: &Arguments) -> bool {
    let Some(cpu) = model.cpu() else { return false };
    let mut figures = Figures::default();
    let sweep = std::iter::once(("sweep".to_owned(), program::sweep(cpu)));
    let seeds = arguments.seed..arguments.seed.saturating_add(arguments.programs);
    let random = seeds.map(|seed| (format!("seed {seed}"), program::random(cpu, seed, arguments.rounds)));
    let mut same = true;
    for (name, program) in sweep.chain(random) {
        same &= match Subject::program(&program) {
            Ok(subject) => compare(model, &name, &subject, arguments.all, &mut figures),
            Err(error) => {
                eprintln!("{} {name}: {error}", model.name);
                false
            }
        };
    }
    print(model, &figures);
    let missing = coverage::not_executed(&figures);
    if !missing.is_empty() {
        println!("  not executed: {}", missing.join(" "));
    }
    same
}

fn compare(model: &Model, name: &str, subject: &Subject, all: bool, figures: &mut Figures) -> bool {
    let on_difference = if all { OnDifference::GoOn } else { OnDifference::Stop };
    match run(model, subject, on_difference) {
        Ok((verdict, comparison)) => {
            figures.add(&comparison.figures);
            for difference in &comparison.differences {
                eprintln!("{} {name}: {difference}", model.name);
            }
            match verdict {
                Verdict::Ended => return comparison.differences.is_empty(),
                other => eprintln!("{} {name}: {other}", model.name),
            }
        }
        Err(error) => eprintln!("{} {name}: {error}", model.name),
    }
    false
}

fn print(model: &Model, figures: &Figures) {
    println!("{}: {} instructions, {} register values", model.name, figures.instructions, figures.registers);
    if figures.device_accesses > 0 {
        println!("  device accesses left to QEMU: {}", figures.device_accesses);
    }
    for (name, count) in &figures.known {
        println!("  known difference {name}: {count} times");
    }
}
