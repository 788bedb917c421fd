//! Properties of every assembled case; any input leads to one or to a diagnostic. The fuzz target includes this file.

use sprig::case::{Case, Condition, Hold, Part, Profile, Term};
use sprig::feature::{Feature, FeatureSet};
use sprig::script::{self, Instance};
use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::insn::word::branch_absolute;
use sprig_wire::bytecode::{self, Op};
use sprig_wire::layout::{SLOTS, STEP_RETURN};
use std::path::Path;

/// Whatever the bytes are: nothing panics, what is wrong is shown, and what is right can be assembled.
pub(crate) fn anything_goes(bytes: &[u8]) {
    /// Instances of a script that are assembled; the others differ in their parameters' values alone.
    const INSTANCES: usize = 3;
    let parsed = script::source(Path::new("area.probe"), bytes.to_vec()).and_then(script::parse);
    let script = match parsed {
        Err(diagnostics) => {
            assert!(!diagnostics.list().is_empty());
            let text = &diagnostics.source().text;
            for span in diagnostics.list().iter().filter_map(script::Diagnostic::span) {
                assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} in {text:?}");
            }
            assert!(diagnostics.render(false).starts_with("error: "));
            return;
        }
        Ok(script) => script,
    };
    for instance in script.instances().iter().take(INSTANCES) {
        for cpu in ["e500v2", "7447", "970"] {
            for virtual_machine in [false, true] {
                let profile = profile_for(instance, Cpu::by_name(cpu).expect("a CPU"), virtual_machine);
                if let Ok(case) = instance.assemble(&profile) {
                    check(&case);
                }
            }
        }
    }
}

/// The same with the guest kernel that an instance asks for, if the CPU can have it.
pub(crate) fn profile_for(instance: &Instance, cpu: &'static Cpu, virtual_machine: bool) -> Profile {
    let mut profile = profile(cpu, virtual_machine);
    let kernels = [Feature::Wide, Feature::LittleEndian].into_iter();
    for kernel in kernels.filter(|kernel| cpu.family == Family::Book3s64 && instance.needs().contains(*kernel)) {
        profile.features.insert(kernel);
    }
    profile
}

/// A CPU with a hypervisor and a platform that have everything, or with neither, and a 32-bit big-endian guest kernel.
pub(crate) fn profile(cpu: &'static Cpu, virtual_machine: bool) -> Profile {
    let platform = [
        Feature::Hypercall,
        Feature::MagicPage,
        Feature::Host,
        Feature::Ioctl,
        Feature::Reset,
        Feature::External,
        Feature::Critical,
        Feature::Firmware,
    ];
    let platform = if virtual_machine { &platform[..] } else { &[Feature::Bare] };
    Profile { cpu, features: FeatureSet::of_cpu(cpu).union(FeatureSet::of(platform)), hold: Hold::NO_HOST }
}

/// Checks what a guest, the decoder of logs and the judge rely on.
pub(crate) fn check(case: &Case) {
    let parts = &case.parts;
    assert!(parts.slots <= SLOTS && parts.constants.len() <= usize::from(parts.slots), "{}", case.name);
    let mut rest = &parts.ops[..];
    while !rest.is_empty() {
        let (step, used) = bytecode::decode(rest).expect("bytecode");
        let described = &case.steps[usize::from(step.step)];
        let slot = |slot: u16| assert!(slot < parts.slots, "{}: slot {slot} of {}", case.name, parts.slots);
        let written = |to: u16| {
            slot(to);
            assert!(usize::from(to) >= parts.constants.len(), "{}: a constant is written", case.name);
        };
        match step.op {
            Op::Exec { stub, words, inputs, outputs } => {
                assert_eq!(described.stub, Some((stub, words)));
                let start = stub as usize / 4;
                let code = &parts.code[start..start + usize::from(words)];
                assert!(!code.is_empty());
                assert_eq!(parts.code[start + usize::from(words)], branch_absolute(STEP_RETURN));
                inputs.iter().flatten().for_each(|transfer| slot(transfer.slot));
                outputs.iter().flatten().for_each(|transfer| written(transfer.slot));
                let logged =
                    outputs.iter().flatten().filter(|transfer| transfer.part == bytecode::Part::Native).count();
                assert!(!step.is_observed() || logged == described.outputs.len(), "{}: {described:?}", case.name);
            }
            Op::Compute { to, a, b, .. } => {
                written(to);
                slot(a);
                slot(b);
            }
            Op::Patch { at, trampoline, room, features, to } => {
                let end = trampoline as usize / 4 + usize::from(room);
                assert!(at < trampoline && end <= parts.code.len());
                slot(features);
                written(to);
            }
            Op::Host { arguments, results, .. } | Op::Firmware { arguments, results, .. } => {
                arguments.iter().for_each(slot);
                results.iter().for_each(written);
            }
            Op::Map { ea, pa, .. } => {
                slot(ea);
                slot(pa);
            }
            Op::Unmap { ea } => slot(ea),
            Op::Taken { to, .. } => written(to),
            Op::EnterUser
            | Op::LeaveUser
            | Op::RaceBegin { .. }
            | Op::RaceEnd
            | Op::Spin { .. }
            | Op::Restore
            | Op::Touch
            | Op::Reset => {}
        }
        rest = &rest[used..];
    }
    for check in &case.checks {
        assert!(check.rule < case.rules.len());
        check_condition(case, &check.condition);
    }
    for step in &case.steps {
        let is_logged = step.observation.is_some() || step.is_call();
        assert!(!step.text.is_empty() && (is_logged || step.outputs.is_empty()), "{step:?}");
    }
}

fn check_condition(case: &Case, condition: &Condition) {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| check_condition(case, one)),
        Condition::Not(inner) => check_condition(case, inner),
        Condition::Compare(_, left, right) => {
            check_term(case, left);
            check_term(case, right);
        }
        Condition::In(term, ranges) => {
            check_term(case, term);
            assert!(!ranges.is_empty() && ranges.iter().all(|(low, high)| low <= high));
        }
        Condition::Exception { step, .. } => assert!(case.steps[*step].stub.is_some() && case.steps[*step].may_trap),
    }
}

fn check_term(case: &Case, term: &Term) {
    match term {
        Term::Constant(_) => {}
        Term::Observed { step, part } => {
            let step = &case.steps[*step];
            assert!(step.observation.is_some());
            match part {
                Part::Output(output) => assert!(*output < step.outputs.len()),
                _ => assert!(step.may_trap && step.stub.is_some()),
            }
        }
        Term::Binary(_, left, right) => {
            check_term(case, left);
            check_term(case, right);
        }
        Term::Complement(inner) => check_term(case, inner),
    }
}
