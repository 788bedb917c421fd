//! Scripts to cases in one line, and cases as text.

use crate::valid::profile;
use sprig::case::{Case, Profile};
use sprig::feature::{Feature, FeatureSet};
use sprig::script::{self, Script};
use sprig_isa::cpu::{CPUS, Cpu, Family};
use sprig_wire::bytecode::{self, Op, Register, Transfer};
use std::fmt::Write;
use std::path::Path;

/// A script that is right.
pub(crate) fn parse(text: &str) -> Script {
    let source = script::source(Path::new("area.probe"), text.into()).unwrap_or_else(|error| panic!("{error}"));
    script::parse(source).unwrap_or_else(|error| panic!("{error}"))
}

/// Every CPU, both ways; 64-bit server ones with guest kernels of each kind.
pub(crate) fn profiles() -> impl Iterator<Item = Profile> {
    let both = CPUS.iter().flat_map(|cpu| [profile(cpu, true), profile(cpu, false)]);
    both.flat_map(|narrow| {
        let wide = with_kernel(narrow, &[Feature::Wide]);
        let little = with_kernel(narrow, &[Feature::Wide, Feature::LittleEndian]);
        let kernels = if narrow.cpu.family == Family::Book3s64 { vec![narrow, wide, little] } else { vec![narrow] };
        kernels.into_iter()
    })
}

/// The same target with a guest kernel of another kind.
pub(crate) fn with_kernel(profile: Profile, kernel: &[Feature]) -> Profile {
    Profile { features: profile.features.union(FeatureSet::of(kernel)), ..profile }
}

/// The only instance of a script, for a CPU with everything.
pub(crate) fn assemble(text: &str, cpu: &str) -> Case {
    let script = parse(text);
    assert_eq!(script.instances().len(), 1);
    let profile = profile(Cpu::by_name(cpu).expect("a CPU"), true);
    script.instances()[0].assemble(&profile).unwrap_or_else(|error| panic!("{error}"))
}

/// A case as text, every byte of its bytecode and every word of its code included.
pub(crate) fn describe(case: &Case) -> String {
    let mut text = format!("{}\nrules {}\n", case.name, case.rules.join(" "));
    let parts = &case.parts;
    let constants: Vec<_> = parts.constants.iter().map(|value| format!("{value:#x}")).collect();
    writeln!(text, "slots {}, constants {}\n", parts.slots, constants.join(" ")).expect("a string");
    let mut rest = &parts.ops[..];
    let mut last = None;
    while !rest.is_empty() {
        let (step, used) = bytecode::decode(rest).expect("bytecode");
        let described = &case.steps[usize::from(step.step)];
        if last != Some(step.step) {
            let name = described.observation.as_deref().map(|name| format!("{name} = ")).unwrap_or_default();
            let marks = [(described.may_trap, "try "), (described.varying, "varying "), (described.in_race, "race ")];
            let marks: String = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect();
            let (number, line) = (step.step, described.line);
            write!(text, "{number:3} line {line:3}  {name}{marks}{}", described.text).expect("a string");
            let outputs = described.outputs.iter().map(|output| if output.is_empty() { "." } else { output });
            let outputs: Vec<_> = outputs.collect();
            writeln!(text, "{}{}", if outputs.is_empty() { "" } else { "  -> " }, outputs.join(" ")).expect("a string");
        }
        last = Some(step.step);
        writeln!(text, "        {}", operation(&step.op)).expect("a string");
        if let Op::Exec { stub, words, .. } = step.op {
            let start = stub as usize / 4;
            let words: Vec<_> =
                parts.code[start..=start + usize::from(words)].iter().map(|word| format!("{word:08x}")).collect();
            writeln!(text, "        +{stub:#x}: {}", words.join(" ")).expect("a string");
        }
        let bytes: Vec<_> = rest[..used].iter().map(|byte| format!("{byte:02x}")).collect();
        for line in bytes.chunks(32) {
            writeln!(text, "        {}", line.join("")).expect("a string");
        }
        rest = &rest[used..];
    }
    if !case.checks.is_empty() {
        text.push('\n');
    }
    for check in &case.checks {
        let (line, rule) = (check.line, &case.rules[check.rule]);
        writeln!(text, "line {line:3}  {} by {rule}\n        {:?}", check.text, check.condition).expect("a string");
    }
    text
}

fn operation(op: &Op<'_>) -> String {
    let transfers = |list: bytecode::Transfers<'_>| {
        let texts: Vec<_> = list.iter().flatten().map(transfer).collect();
        texts.join(" ")
    };
    match op {
        Op::Exec { inputs, outputs, .. } => {
            format!("exec ({}) -> ({})", transfers(*inputs), transfers(*outputs))
        }
        Op::Host { call, arguments, results } => format!(
            "host {call} {:?} -> {:?}",
            arguments.iter().collect::<Vec<_>>(),
            results.iter().collect::<Vec<_>>()
        ),
        Op::Firmware { service, arguments, results } => format!(
            "firmware {service} {:?} -> {:?}",
            arguments.iter().collect::<Vec<_>>(),
            results.iter().collect::<Vec<_>>()
        ),
        other => format!("{other:?}"),
    }
}

fn transfer(transfer: Transfer) -> String {
    let register = match transfer.register {
        Register::CR => "cr".to_owned(),
        Register::XER => "xer".to_owned(),
        Register::LR => "lr".to_owned(),
        gpr => format!("r{}", gpr.number()),
    };
    let part = if transfer.part == bytecode::Part::High { ".high" } else { "" };
    format!("{register}{part}:{}", transfer.slot)
}
