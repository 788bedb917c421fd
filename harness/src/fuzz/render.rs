//! A script as text, as a person would have written it.

use super::action::{Action, ExitKind, Step};
use super::contract::predict;
use super::environment::Environment;
use super::prediction::{Expectation, Prediction, Trap};
use crate::feature::Feature;
use std::fmt::Write;

/// A script's text, and where everything of it stands.
#[derive(Clone, Debug)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// By step.
    pub(super) lines: Vec<Place>,
    /// The expectations with their lines and steps.
    pub(super) expectations: Vec<(usize, usize, Expectation)>,
}

/// Where a step stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// From 1.
    pub(super) number: usize,
    /// Under which name it is observed.
    pub(super) name: Option<String>,
    /// The rule that decides about what no expectation speaks of.
    pub(super) rule: &'static str,
}

/// What else a text says.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Lines of the comment at the beginning.
    pub(super) prose: Vec<String>,
    /// All it says of observations, in place of what the contract does: by step.
    pub(super) instead: Option<Vec<(usize, Expectation)>>,
    /// The rule that decides where no expectation does.
    pub(super) rule: Option<&'static str>,
    /// Comments after the steps.
    pub(super) behind: Vec<String>,
}

/// Writes a script.
pub(super) fn render(environment: &Environment, steps: &[Step], frame: &Frame) -> Rendered {
    let mut predictions = predict(environment, steps);
    if let Some(instead) = &frame.instead {
        for prediction in &mut predictions {
            prediction.expectations.clear();
        }
        for (step, expectation) in instead {
            if let Some(prediction) = predictions.get_mut(*step) {
                prediction.expectations.push(expectation.clone());
            }
        }
    }
    let mut writer = Writer { text: String::new(), line: 1 };
    if frame.prose.is_empty() {
        writer.say("# A random script.");
    }
    for line in &frame.prose {
        writer.say(format!("# {line}").trim_end());
    }
    let rules = rules(&predictions, frame.rule);
    writer.say(&format!("rule   {}", rules.join(" ")));
    let needs = needs(environment, steps);
    if !needs.is_empty() {
        let names: Vec<&str> = needs.into_iter().map(Feature::name).collect();
        writer.say(&format!("needs  {}", names.join(" ")));
    }
    if environment.is_wide() {
        writer.say("word   64");
    }
    writer.say("");
    let lines = body(environment, steps, &predictions, &mut writer);
    let mut expectations = Vec::new();
    for (index, (prediction, line)) in predictions.iter().zip(&lines).enumerate() {
        for expectation in &prediction.expectations {
            if expectations.is_empty() {
                writer.say("");
            }
            let Some(name) = &line.name else { continue };
            expectations.push((writer.line, index, expectation.clone()));
            writer.say(&expectation.text(name));
        }
    }
    if !frame.behind.is_empty() {
        writer.say("");
    }
    for line in &frame.behind {
        writer.say(format!("# {line}").trim_end());
    }
    Rendered { text: writer.text, lines, expectations }
}

struct Writer {
    text: String,
    line: usize,
}

impl Writer {
    fn say(&mut self, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
        self.line += 1;
    }
}

fn body(environment: &Environment, steps: &[Step], predictions: &[Prediction], writer: &mut Writer) -> Vec<Place> {
    let mut lines = Vec::new();
    let mut user = false;
    for (index, (step, prediction)) in steps.iter().zip(predictions).enumerate() {
        if step.user != user {
            writer.say(if step.user { "user {" } else { "}" });
            user = step.user;
        }
        let named = step.action.gives_value() || !prediction.expectations.is_empty();
        let name = named.then(|| format!("{}-{}", noun(&step.action), index + 1));
        let mut line = if user { "    ".to_owned() } else { String::new() };
        if let Some(name) = &name {
            line += &format!("{name} = ");
        }
        if prediction.trap != Trap::Never {
            line += "try ";
        }
        if prediction.varies {
            line += "varying ";
        }
        line += &step.action.text(environment);
        if prediction.waits {
            line += &format!(" within {}", environment.patience);
        }
        lines.push(Place { number: writer.line, name, rule: prediction.rule });
        writer.say(&line);
    }
    if user {
        writer.say("}");
    }
    lines
}

/// The first word of an observation's name.
fn noun(action: &Action) -> &'static str {
    match action {
        Action::ReadSpr(_)
        | Action::Through { .. }
        | Action::Exchange(..)
        | Action::Around(..)
        | Action::Return { .. }
        | Action::ReadMsr
        | Action::ReadMsrInto(_) => "read",
        Action::LoadField(_) | Action::StoreField(..) => "field",
        Action::Load(..) | Action::Store(..) | Action::LoadUpdate(..) | Action::StoreUpdate(..) => "access",
        Action::Hcall(..) | Action::HcallPreserves(..) | Action::MapPage(_) => "call",
        Action::PatchedRead(..) | Action::PatchedWrite(..) | Action::PatchedMfmsr(_) | Action::PatchedWriteMsr(..) => {
            "patched"
        }
        Action::Taken(_) => "taken",
        Action::CriticalSection => "inside",
        Action::GetRegs(_) | Action::SetRegs(..) | Action::GetSregs(_) | Action::SetSregs(..) => "host",
        Action::GetOneReg(..) | Action::SetOneReg(..) => "host",
        Action::ReadNumber(_) => "read",
        Action::Odd(_) => "odd",
        Action::Execute(_) => "result",
        _ => "step",
    }
}

/// The rules a script tests, each once.
fn rules(predictions: &[Prediction], first: Option<&'static str>) -> Vec<&'static str> {
    let expected = predictions.iter().flat_map(|prediction| prediction.expectations.iter().map(|said| said.rule));
    let mut rules: Vec<&'static str> = first.into_iter().collect();
    for rule in expected {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.is_empty() {
        rules.extend(predictions.last().map(|prediction| prediction.rule));
    }
    rules
}

/// What the steps need of a target, apart from registers.
fn needs(environment: &Environment, steps: &[Step]) -> Vec<Feature> {
    let mut needs = Vec::new();
    let mut need = |feature| {
        if !needs.contains(&feature) {
            needs.push(feature);
        }
    };
    for step in steps {
        match step.action {
            Action::Odd(odd) => odd.needs.iter().copied().for_each(&mut need),
            Action::MapPage(_)
            | Action::LoadField(_)
            | Action::StoreField(..)
            | Action::PatchedRead(..)
            | Action::PatchedWrite(..)
            | Action::PatchedMfmsr(_)
            | Action::PatchedWriteMsr(..)
            | Action::CriticalSection => need(Feature::MagicPage),
            Action::Hcall(..) | Action::HcallPreserves(..) => need(Feature::Hypercall),
            // If nothing answers it, it is another step.
            Action::Exit(ExitKind::Hcall) if !step.user && environment.has(Feature::Hypercall) => {
                need(Feature::Hypercall)
            }
            Action::Exit(ExitKind::Mmio) => need(Feature::Host),
            Action::Line(line, _) => {
                need(Feature::Host);
                need(line.feature());
            }
            Action::GetRegs(_)
            | Action::SetRegs(..)
            | Action::GetSregs(_)
            | Action::SetSregs(..)
            | Action::GetOneReg(..)
            | Action::SetOneReg(..)
            | Action::Migrate
            | Action::OtherVm(_) => {
                need(Feature::Host);
                need(Feature::Ioctl);
            }
            _ => {}
        }
        if let Action::LoadField(field) | Action::StoreField(field, _) = step.action {
            // A field of one family's is named in scripts for it.
            if field.cpus != sprig_isa::cpu::CpuSet::all() {
                need(family_feature(environment));
            }
        }
    }
    needs
}

fn family_feature(environment: &Environment) -> Feature {
    if environment.family().is_booke() { Feature::Booke } else { Feature::Book3s }
}

impl Rendered {
    /// The step observed under this name.
    pub(super) fn step_named(&self, name: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.name.as_deref() == Some(name))
    }

    /// The step on this line.
    pub(super) fn step_on(&self, line: usize) -> Option<usize> {
        self.lines.iter().position(|known| known.number == line)
    }

    /// The expectation on this line, with its step.
    pub(super) fn expectation_on(&self, line: usize) -> Option<(usize, &Expectation)> {
        let found = self.expectations.iter().find(|(number, ..)| *number == line);
        found.map(|(_, step, expectation)| (*step, expectation))
    }
}
