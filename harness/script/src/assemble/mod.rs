//! Program to bytecode and stubs, for one target.
//!
//! Constants are the first slots of a case, and how many there are is known only when everything is encoded; so, like
//! early assemblers, this one makes two passes: the first collects the constants, the second knows where the other
//! slots begin. Outputs that no later step uses share a few slots: the guest logs them at once.

mod slots;
mod stub;
mod text;

use super::diagnostic::Diagnostic;
use super::limit;
use super::program::{Action, Computation, Program, Step, Value};
use super::setting::BuiltIn;
use super::span::Span;
use slots::Slots;
use sprig_interpreter::patcher::TRAMPOLINE_WORDS;
use sprig_isa::insn::word::branch_absolute;
use sprig_isa::other_vm::Registers;
use sprig_judge::case::{Check, Condition, Profile, Step as CaseStep, Term};
use sprig_wire::batch::{self, CaseParts};
use sprig_wire::bytecode::{Alu, Encoder, Part, Transfer};
use sprig_wire::layout::{BATCH_SIZE, STEP_RETURN};
use sprig_wire::log::{ENTRY_HEADER, Interrupt, RACE_OUTCOMES};
use stub::Context;
pub(super) use text::rights_text;

/// What a target runs and the judge reads.
pub(super) struct Assembled {
    pub(super) steps: Vec<CaseStep>,
    pub(super) checks: Vec<Check>,
    pub(super) parts: CaseParts,
}

/// Assembles the lines that are for this target.
///
/// # Errors
/// Says what is too large for the guest's memory.
pub(super) fn assemble(
    source: &str,
    program: &Program,
    profile: &Profile,
    built_in: &BuiltIn,
) -> Result<Assembled, Diagnostic> {
    let here: Vec<usize> = (0..program.steps.len())
        .filter(|index| program.steps.get(*index).is_some_and(|step| step.guard.holds(profile.features)))
        .collect();
    let context = Context { profile, built_in };
    let mut slots = Slots::new(program, &here);
    Pass::new(program, context, &mut slots).run(&here)?;
    let mut pass = Pass::new(program, context, &mut slots);
    pass.run(&here)?;
    let Pass { steps, encoder, code, .. } = pass;
    let parts = CaseParts { slots: slots.count(), constants: slots.into_constants(), ops: encoder.into_bytes(), code };
    // A case must fit a batch of its own.
    if parts.size() + batch::OVERHEAD > BATCH_SIZE as usize {
        let message = format!("the case has {} bytes, a batch at most {BATCH_SIZE}", parts.size());
        return Err(Diagnostic::error(message));
    }
    let position = |step: usize| here.binary_search(&program.run_by(step, &here)?).ok();
    let checks = program.checks.iter().filter(|check| check.guard.holds(profile.features));
    let checks = checks.filter_map(|check| {
        let condition = renumbered(&check.condition, &position)?;
        Some(Check { line: check.line as usize, text: check.span.text(source).to_owned(), rule: check.rule, condition })
    });
    let checks = checks.collect();
    Ok(Assembled { steps, checks, parts })
}

/// One pass over the steps.
struct Pass<'p, 's> {
    program: &'p Program,
    context: Context<'p>,
    slots: &'s mut Slots,
    encoder: Encoder,
    code: Vec<u32>,
    steps: Vec<CaseStep>,
    /// The stub of the step after a patch, which the patch needs to know first: its offset and words.
    prepared: Option<(u32, u8)>,
    /// The last step that mapped the page.
    mapped: Option<usize>,
    /// What the case may log at most, bytes.
    log: usize,
}

impl<'p, 's> Pass<'p, 's> {
    fn new(program: &'p Program, context: Context<'p>, slots: &'s mut Slots) -> Self {
        Self {
            program,
            context,
            slots,
            encoder: Encoder::default(),
            code: Vec::new(),
            steps: Vec::new(),
            prepared: None,
            mapped: None,
            log: 0,
        }
    }

    fn run(&mut self, here: &[usize]) -> Result<(), Diagnostic> {
        for (position, index) in here.iter().enumerate() {
            let Some(step) = self.program.steps.get(*index) else { continue };
            // limit::STEPS is the largest u16.
            let number = u16::try_from(position).unwrap_or(u16::MAX);
            let stub = self.encode(*index, step, number);
            let outputs = step.outputs.iter().filter(|_| may_be_logged(step)).map(|output| output.name.to_owned());
            self.steps.push(CaseStep {
                line: step.line as usize,
                text: self.context.text(self.program, &step.action),
                observation: step.name.as_deref().map(str::to_owned),
                outputs: outputs.collect(),
                stub,
                may_trap: step.may_trap,
                varying: step.varying,
                in_race: step.in_race,
            });
            self.check_size(step)?;
        }
        Ok(())
    }

    fn check_size(&mut self, step: &Step) -> Result<(), Diagnostic> {
        let values = if may_be_logged(step) { size_of::<u64>() * step.outputs.len() } else { 0 };
        let interrupt = if step.action.has_stub() { Interrupt::MOST } else { 0 };
        // In a race, as many different outcomes as are kept, and a note that there were more.
        let times = if step.in_race { RACE_OUTCOMES + 1 } else { 1 };
        if values + interrupt > 0 {
            self.log += times * (ENTRY_HEADER + interrupt + values);
        }
        let too_large = |what: &str, least: usize, most: usize, span: Span| {
            let message = format!("this case needs {least} {what}, the guest has {most}");
            Err(Diagnostic::error(message).at(span, "too much with this step"))
        };
        let (code, slots) = (4 * self.code.len(), self.slots.needed());
        if code > limit::CODE_BYTES {
            return too_large("bytes for its code", code, limit::CODE_BYTES, step.span);
        }
        if slots > limit::SLOTS {
            return too_large("slots for its values", slots, limit::SLOTS, step.span);
        }
        if self.log > limit::LOG_BYTES {
            return too_large("bytes for what it may log", self.log, limit::LOG_BYTES, step.span);
        }
        Ok(())
    }

    /// Puts words and the way back after the code so far; the offset of the first.
    fn place(&mut self, words: &[u32]) -> (u32, u8) {
        // limit::CODE_BYTES keeps the offset small, limit::INSTRUCTIONS the number of words.
        let offset = u32::try_from(4 * self.code.len()).unwrap_or(u32::MAX);
        self.code.extend(words);
        self.code.push(branch_absolute(STEP_RETURN));
        (offset, u8::try_from(words.len()).unwrap_or(u8::MAX))
    }

    /// Encodes a step; gives the place of its stub.
    fn encode(&mut self, index: usize, step: &Step, number: u16) -> Option<(u32, u8)> {
        let observe = step.name.is_some();
        if let Some(stub) = self.context.stub(&step.action) {
            let place = self.prepared.take().unwrap_or_else(|| self.place(&stub.words));
            let inputs: Vec<_> = stub
                .inputs
                .iter()
                .map(|(register, part, value)| Transfer {
                    register: *register,
                    part: *part,
                    slot: self.slots.value(*value),
                })
                .collect();
            let mut outputs: Vec<Transfer> = Vec::new();
            for (register, part) in &stub.outputs {
                let slot = match (part, outputs.last()) {
                    (Part::High, Some(completed)) => completed.slot,
                    _ => self.slots.output(index, outputs.len()),
                };
                outputs.push(Transfer { register: *register, part: *part, slot });
            }
            self.encoder.exec(number, observe, place.0, &stub.words, &inputs, &outputs);
            if matches!(step.action, Action::MapPage { .. }) {
                self.mapped = Some(index);
            }
            if step.action.may_flush() {
                self.encoder.touch(number);
            }
            return Some(place);
        }
        match &step.action {
            Action::Patch(instruction) => self.patch(index, number, observe, self.context.encode(instruction)),
            Action::Let(computation) => self.compute(index, number, observe, computation),
            Action::Taken { exception, rounds } => {
                let to = self.slots.output(index, 0);
                self.encoder.taken(number, observe, *exception as u8, self.stretched(*rounds), to);
            }
            Action::Spin(rounds) => self.encoder.spin(number, self.stretched(*rounds)),
            Action::Hold => self.encoder.spin(number, self.context.profile.hold.spin),
            Action::Map { ea, pa, rights } => {
                let (ea, pa) = (self.slots.value(*ea), self.slots.value(*pa));
                self.encoder.map(number, ea, pa, *rights);
            }
            Action::Unmap(ea) => {
                let ea = self.slots.value(*ea);
                self.encoder.unmap(number, ea);
            }
            Action::Host { call, arguments } => {
                let (mut arguments, results) = self.call(index, step, arguments);
                if call.call.makes_other_vm() {
                    let registers = Registers::of(self.context.profile.cpu).bits();
                    arguments.push(self.slots.value(Value::Constant(registers.into())));
                }
                self.encoder.host(number, observe, call.call, &arguments, &results);
            }
            Action::Firmware { service, arguments, .. } => {
                let (arguments, results) = self.call(index, step, arguments);
                self.encoder.firmware(number, observe, *service, &arguments, &results);
            }
            Action::Restore => self.encoder.restore(number),
            Action::Reset => self.encoder.reset(number),
            Action::EnterUser => self.encoder.enter_user(number),
            Action::LeaveUser => self.encoder.leave_user(number),
            Action::RaceBegin(rounds) => {
                self.encoder.race_begin(number, rounds.unwrap_or(self.context.profile.hold.race));
            }
            Action::RaceEnd => self.encoder.race_end(number),
            // Every other action has a stub.
            _ => {}
        }
        None
    }

    /// Slots of a call's arguments and results; its status, which comes last among its outputs, has none.
    /// What a script's rounds of waiting are on this target ([`sprig_judge::case::Hold::stretch`]).
    fn stretched(&self, rounds: u32) -> u32 {
        let most = rounds.max(limit::SPIN_ROUNDS as u32);
        rounds.saturating_mul(self.context.profile.hold.stretch).min(most)
    }

    fn call(&mut self, index: usize, step: &Step, arguments: &[Value]) -> (Vec<u16>, Vec<u16>) {
        let arguments = arguments.iter().map(|value| self.slots.value(*value)).collect();
        let results = (0..step.outputs.len().saturating_sub(1)).map(|output| self.slots.output(index, output));
        (arguments, results.collect())
    }

    fn patch(&mut self, index: usize, number: u16, observe: bool, word: u32) {
        let place = self.place(&[word]);
        let trampoline = u32::try_from(4 * self.code.len()).unwrap_or(u32::MAX);
        self.code.extend([0; TRAMPOLINE_WORDS]);
        let room = u8::try_from(TRAMPOLINE_WORDS).unwrap_or(u8::MAX);
        let features = match self.mapped {
            Some(map) => self.slots.output(map, slots::FEATURES_OUTPUT),
            None => self.slots.value(Value::Constant(0)),
        };
        let to = self.slots.output(index, 0);
        self.encoder.patch(number, observe, place.0, trampoline, room, features, to);
        self.prepared = Some(place);
    }

    fn compute(&mut self, index: usize, number: u16, observe: bool, computation: &Computation) {
        let to = self.slots.output(index, 0);
        let (alu, a, b) = match computation {
            Computation::Value(value) => (Alu::Or, self.slots.value(*value), self.slots.value(Value::Constant(0))),
            Computation::Binary(alu, left, right) => {
                let left = self.operand(number, left, 1);
                (*alu, left, self.operand(number, right, 2))
            }
        };
        self.encoder.compute(number, observe, alu, to, a, b);
    }

    /// The slot of an operand, computed first if it must be. Slots from `free` on are not in use.
    fn operand(&mut self, number: u16, computation: &Computation, free: usize) -> u16 {
        match computation {
            Computation::Value(value) => self.slots.value(*value),
            Computation::Binary(alu, left, right) => {
                let a = self.operand(number, left, free);
                let b = self.operand(number, right, free + 1);
                let to = self.slots.scratch(free);
                self.encoder.compute(number, false, *alu, to, a, b);
                to
            }
        }
    }
}

/// True if the guest may log its outputs: a call that is not carried out is logged, whether it is observed or not.
fn may_be_logged(step: &Step) -> bool {
    step.name.is_some() || matches!(step.action, Action::Host { .. } | Action::Firmware { .. })
}

/// A condition with steps as indices into those of the case.
fn renumbered(condition: &Condition, position: &impl Fn(usize) -> Option<usize>) -> Option<Condition> {
    let term = |term: &Term| renumbered_term(term, position);
    let all = |all: &[Condition]| all.iter().map(|one| renumbered(one, position)).collect::<Option<Vec<_>>>();
    Some(match condition {
        Condition::And(conditions) => Condition::And(all(conditions)?),
        Condition::Or(conditions) => Condition::Or(all(conditions)?),
        Condition::Not(inner) => Condition::Not(Box::new(renumbered(inner, position)?)),
        Condition::Compare(comparison, left, right) => Condition::Compare(*comparison, term(left)?, term(right)?),
        Condition::In(value, ranges) => Condition::In(term(value)?, ranges.clone()),
        Condition::Exception { step, exception, equal } => {
            Condition::Exception { step: position(*step)?, exception: *exception, equal: *equal }
        }
    })
}

fn renumbered_term(term: &Term, position: &impl Fn(usize) -> Option<usize>) -> Option<Term> {
    Some(match term {
        Term::Constant(value) => Term::Constant(*value),
        Term::Observed { step, part } => Term::Observed { step: position(*step)?, part: *part },
        Term::Binary(alu, left, right) => {
            let (left, right) = (renumbered_term(left, position)?, renumbered_term(right, position)?);
            Term::Binary(*alu, Box::new(left), Box::new(right))
        }
        Term::Complement(inner) => Term::Complement(Box::new(renumbered_term(inner, position)?)),
    })
}
