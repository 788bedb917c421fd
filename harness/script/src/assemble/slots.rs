//! Which slot a value has.
//!
//! ```text
//!   0 ..             constants, each once
//!   constants ..     outputs that a later step uses
//!   variables ..     scratch, shared by all other outputs and by what `let` computes on the way
//! ```

use crate::program::{Action, Computation, Program, Value};
use std::collections::HashMap;

/// Which of a page mapping's outputs holds the page's features: r4 comes after r3.
pub(super) const FEATURES_OUTPUT: usize = 1;

#[derive(Debug, Default)]
pub(super) struct Slots {
    constants: Vec<u64>,
    known: HashMap<u64, usize>,
    /// Steps that values speak of, with the one of the same name that this target runs.
    runs: HashMap<usize, usize>,
    /// Outputs with a slot of their own: (step, output).
    variables: HashMap<(usize, usize), usize>,
    /// Most scratch slots asked for.
    scratch: usize,
}

impl Slots {
    /// Finds the outputs that need a slot of their own.
    pub(super) fn new(program: &Program, here: &[usize]) -> Self {
        let mut slots = Self::default();
        let mut mapped = None;
        for index in here {
            let Some(step) = program.steps.get(*index) else { continue };
            for_each_value(&step.action, &mut |value| {
                if let Value::Observed { step, output } = value {
                    let runs = program.run_by(step, here).unwrap_or(step);
                    slots.runs.insert(step, runs);
                    slots.own((runs, output));
                }
            });
            match step.action {
                Action::MapPage { .. } => mapped = Some(*index),
                Action::Patch(_) => {
                    if let Some(map) = mapped {
                        slots.own((map, FEATURES_OUTPUT));
                    }
                }
                _ => {}
            }
        }
        slots
    }

    fn own(&mut self, output: (usize, usize)) {
        let next = self.variables.len();
        self.variables.entry(output).or_insert(next);
    }

    /// The slot of something a step is given.
    pub(super) fn value(&mut self, value: Value) -> u16 {
        match value {
            Value::Constant(value) => {
                let next = self.constants.len();
                let slot = *self.known.entry(value).or_insert(next);
                if slot == next {
                    self.constants.push(value);
                }
                number(slot)
            }
            Value::Observed { step, output } => self.output(self.runs.get(&step).copied().unwrap_or(step), output),
        }
    }

    /// The slot of a step's output.
    pub(super) fn output(&mut self, step: usize, output: usize) -> u16 {
        match self.variables.get(&(step, output)) {
            Some(variable) => number(self.constants.len() + variable),
            None => self.scratch(output),
        }
    }

    /// A slot whose value is not needed for long.
    pub(super) fn scratch(&mut self, index: usize) -> u16 {
        self.scratch = self.scratch.max(index + 1);
        number(self.constants.len() + self.variables.len() + index)
    }

    /// How many slots there are so far.
    pub(super) fn needed(&self) -> usize {
        self.constants.len() + self.variables.len() + self.scratch
    }

    pub(super) fn count(&self) -> u16 {
        number(self.needed())
    }

    pub(super) fn into_constants(self) -> Vec<u64> {
        self.constants
    }
}

/// A slot's number. The size check of the same step reports a case with more slots than there are numbers.
fn number(slot: usize) -> u16 {
    u16::try_from(slot).unwrap_or(u16::MAX)
}

fn for_each_value(action: &Action, visit: &mut impl FnMut(Value)) {
    match action {
        Action::Mtspr(_, value)
        | Action::Mtmsr(value)
        | Action::StoreField(_, value)
        | Action::Load(_, value)
        | Action::Unmap(value) => visit(*value),
        Action::Store(_, first, second) | Action::Map { ea: first, pa: second, .. } => {
            visit(*first);
            visit(*second);
        }
        Action::Hcall { token, arguments } => {
            visit(*token);
            arguments.iter().for_each(|(_, value)| visit(*value));
        }
        Action::Run { with, .. } => with.iter().for_each(|(_, value)| visit(*value)),
        Action::Host { arguments, .. } | Action::Firmware { arguments, .. } => {
            arguments.iter().for_each(|value| visit(*value));
        }
        Action::Let(computation) => for_each_operand(computation, visit),
        Action::Mfspr(_)
        | Action::Mfmsr
        | Action::LoadField(_)
        | Action::MapPage { .. }
        | Action::Exit(_)
        | Action::Patch(_)
        | Action::Taken { .. }
        | Action::Spin(_)
        | Action::Hold
        | Action::Restore
        | Action::Reset
        | Action::EnterUser
        | Action::LeaveUser
        | Action::RaceBegin(_)
        | Action::RaceEnd => {}
    }
}

fn for_each_operand(computation: &Computation, visit: &mut impl FnMut(Value)) {
    match computation {
        Computation::Value(value) => visit(*value),
        Computation::Binary(_, left, right) => {
            for_each_operand(left, visit);
            for_each_operand(right, visit);
        }
    }
}
