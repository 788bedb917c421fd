//! Steps with their names looked up.

use super::lookup::NoObservations;
use super::{Need, Resolver};
use crate::ast::{self, ExitKind, Expr, ExprKind, Field, Size};
use crate::diagnostic::Diagnostic;
use crate::limit;
use crate::program::{Action, Computation, Output, Value, Width};
use crate::setting::Meaning;
use crate::span::Span;
use crate::{gpr, names};
use sprig_isa::hcall;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_isa::one_reg;
use sprig_isa::page;
use sprig_isa::spr::Spr;
use sprig_judge::case::{self, Part, Term};
use sprig_judge::feature::Feature;
use sprig_wire::bytecode::Alu;
use sprig_wire::host::{Call, HostCall, Structure};
use std::ops::RangeInclusive;

/// Registers a hypercall takes arguments in, and those it may change.
const ARGUMENTS: RangeInclusive<u8> = 3..=10;
const RESULTS: RangeInclusive<u8> = 3..=12;

/// What a step is and what it logs.
type Done = (Action, Vec<Output>);

fn own(width: Width) -> Vec<Output> {
    vec![Output { name: "", register: None, width }]
}

impl Resolver<'_, '_> {
    pub(super) fn action(&mut self, step: &ast::Step) -> Option<Done> {
        let word = self.lookup.word.bits();
        let register = "a register";
        Some(match &step.action {
            ast::Action::Mfspr(spr) => (Action::Mfspr(self.lookup.spr(spr)?), own(Width::Word)),
            ast::Action::Mtspr(spr, value) => {
                let (spr, value) = (self.lookup.spr(spr), self.value(value, word, register));
                (Action::Mtspr(spr?, value?), vec![])
            }
            ast::Action::Mfmsr => (Action::Mfmsr, own(Width::Word)),
            ast::Action::Mtmsr(value) => (Action::Mtmsr(self.value(value, word, register)?), vec![]),
            ast::Action::LoadField(field) => {
                let field = self.field(field)?;
                (Action::LoadField(field), own(field_width(field)))
            }
            ast::Action::StoreField(field, value) => {
                let Some(field) = self.field(field) else {
                    self.value(value, u64::BITS, "");
                    return None;
                };
                (
                    Action::StoreField(
                        field,
                        self.value(value, field_width(field).bits(self.lookup.word), "the field")?,
                    ),
                    vec![],
                )
            }
            ast::Action::Load(size, address) => {
                (Action::Load(*size, self.value(address, word, "an address")?), own(Width::Bits(size.bits())))
            }
            ast::Action::Store(size, address, value) => {
                let (address, value) = (self.value(address, word, "an address"), self.stored(*size, value));
                (Action::Store(*size, address?, value?), vec![])
            }
            ast::Action::Hcall { token, arguments } => {
                let (token, arguments) = (self.value(token, word, register), self.arguments(arguments));
                (Action::Hcall { token: token?, arguments: arguments? }, results())
            }
            ast::Action::MapPage { ea, pa, flags } => self.map_page(ea.as_ref(), pa.as_ref(), flags.as_ref())?,
            // More than one step: see `code`.
            ast::Action::Code(..) => return None,
            ast::Action::Exit(kind) => (Action::Exit(self.exit(*kind, step)?), vec![]),
            ast::Action::Run(run) | ast::Action::Patched(run) => {
                let (instructions, with, gives) = self.run(run)?;
                let outputs = self.run_outputs(&gives);
                (Action::Run { instructions, with, gives }, outputs)
            }
            ast::Action::Let(expr) => {
                let term = self.term(expr)?;
                if step.name.is_none() {
                    let found = Diagnostic::error("this value goes nowhere").at(step.span, "");
                    self.lookup.report(found.help("give it a name: `x = let ...`"));
                }
                (Action::Let(self.computation(term, expr.span)?), own(Width::Bits(u64::BITS)))
            }
            ast::Action::Taken { exception, within } => {
                let rounds = within.as_ref().map_or(Some(0), |rounds| self.rounds(rounds, 0..=limit::SPIN_ROUNDS))?;
                (Action::Taken { exception: *exception, rounds }, own(Width::Bits(1)))
            }
            ast::Action::Spin(rounds) => (Action::Spin(self.rounds(rounds, 1..=limit::SPIN_ROUNDS)?), vec![]),
            ast::Action::Hold => (Action::Hold, vec![]),
            ast::Action::Map { ea, pa, rights } => (self.map(ea, pa, *rights, step.span)?, vec![]),
            ast::Action::Unmap(ea) => (self.unmap(ea)?, vec![]),
            ast::Action::Host { call, arguments } => self.host(call, arguments, step.span)?,
            ast::Action::Firmware { service, arguments } => {
                self.require(Feature::Firmware, step.span);
                let arguments: Vec<_> = arguments.iter().map(|value| self.value(value, u64::BITS, "")).collect();
                let arguments = arguments.into_iter().collect::<Option<_>>()?;
                let action = Action::Firmware { name: service.name, service: service.number, arguments };
                (action, call_results(service.results))
            }
            ast::Action::Restore => {
                self.unmap_all();
                (Action::Restore, vec![])
            }
            ast::Action::Reset => {
                self.require(Feature::Reset, step.span);
                self.unmap_all();
                (Action::Reset, vec![])
            }
        })
    }

    /// Something a step is given: a constant that fits, or an observation.
    pub(super) fn value(&mut self, expr: &Expr, bits: u32, what: &str) -> Option<Value> {
        match self.term(expr)? {
            Term::Constant(value) => {
                let above = value.checked_shr(bits).unwrap_or(0);
                let all_ones = u64::MAX.checked_shr(bits).unwrap_or(0);
                if above == 0 || above == all_ones {
                    let mask = u64::MAX.checked_shr(u64::BITS - bits).unwrap_or(0);
                    return Some(Value::Constant(value & mask));
                }
                let message = format!("{value:#x} does not fit the {bits} bits of {what}");
                self.lookup.report(Diagnostic::error(message).at(expr.span, ""));
                None
            }
            Term::Observed { step, part } => self.observed_value(step, part, expr.span),
            Term::Binary(..) | Term::Complement(_) => {
                let found = Diagnostic::error("a step is given a constant or an observation").at(expr.span, "computed");
                self.lookup.report(found.help("compute it in a step of its own: `y = let x | 1`"));
                None
            }
        }
    }

    /// An output of an earlier step, as a value of a later one.
    fn observed_value(&mut self, step: usize, part: Part, span: Span) -> Option<Value> {
        let outputs = self.program.steps.get(step).map_or(&[][..], |step| &step.outputs);
        let what = match part {
            Part::Output(output) if outputs.get(output).is_some_and(|output| output.name == case::Step::STATUS) => {
                "the status of a call"
            }
            Part::Output(output) => return Some(Value::Observed { step, output }),
            _ => "what an exception leaves in the registers",
        };
        let found = Diagnostic::error(format!("{what} is not a value of later steps"));
        self.lookup.report(found.at(span, "only `expect` can name it"));
        None
    }

    /// A value as the guest computes it.
    fn computation(&mut self, term: Term, span: Span) -> Option<Computation> {
        Some(match term {
            Term::Constant(value) => Computation::Value(Value::Constant(value)),
            Term::Observed { step, part } => Computation::Value(self.observed_value(step, part, span)?),
            Term::Binary(alu, left, right) => {
                let (left, right) = (self.computation(*left, span), self.computation(*right, span));
                Computation::Binary(alu, Box::new(left?), Box::new(right?))
            }
            // There is no operation for it, and none is needed.
            Term::Complement(inner) => {
                let ones = Computation::Value(Value::Constant(u64::MAX));
                Computation::Binary(Alu::Xor, Box::new(self.computation(*inner, span)?), Box::new(ones))
            }
        })
    }

    fn stored(&mut self, size: Size, value: &Expr) -> Option<Value> {
        self.value(value, size.bits(), "the store")
    }

    fn rounds(&mut self, expr: &Expr, allowed: RangeInclusive<u64>) -> Option<u32> {
        let rounds = self.lookup.constant(expr)?;
        match u32::try_from(rounds).ok().filter(|_| allowed.contains(&rounds)) {
            Some(rounds) => Some(rounds),
            None => {
                let message = format!("{rounds} rounds: there can be {} to {}", allowed.start(), allowed.end());
                self.lookup.report(Diagnostic::error(message).at(expr.span, ""));
                None
            }
        }
    }

    /// Rounds of a race.
    pub(super) fn race_rounds(&mut self, expr: &Expr) -> Option<u32> {
        self.rounds(expr, 1..=limit::RACE_ROUNDS)
    }

    fn field(&mut self, field: &Field) -> Option<&'static page::Field> {
        let register = match field {
            Field::Named(field) => return Some(field),
            Field::Shadowing(register) => register,
        };
        let name = self.lookup.named_spr(register)?;
        let field = Spr::by_name(name).find_map(|spr| spr.page_field);
        if field.is_none() {
            let found = Diagnostic::error(format!("no field of the page shadows {name}")).at(register.span, "");
            self.lookup.report(found);
        }
        field
    }

    fn arguments(&mut self, arguments: &[(Expr, Expr)]) -> Option<Vec<(u8, Value)>> {
        let bits = self.lookup.word.bits();
        let mut given: Vec<(u8, Value)> = Vec::new();
        let mut complete = true;
        for (register, value) in arguments {
            let (number, value) = (self.lookup.gpr(register), self.value(value, bits, "a register"));
            let (Some(number), Some(value)) = (number, value) else {
                complete = false;
                continue;
            };
            let wrong = if !ARGUMENTS.contains(&number) {
                Some(("a hypercall takes its arguments in r3 to r10", "not one of them"))
            } else if given.iter().any(|(known, _)| *known == number) {
                Some(("this argument is given twice", "a second time"))
            } else {
                None
            };
            if let Some((message, label)) = wrong {
                let found = Diagnostic::error(message).at(register.span, label);
                let token = (number == hcall::TOKEN_REGISTER).then(|| "r11 holds the token".to_owned());
                self.lookup.report(found.maybe_help(token));
                complete = false;
            }
            given.push((number, value));
        }
        complete.then_some(given)
    }

    fn map_page(&mut self, ea: Option<&Expr>, pa: Option<&Expr>, flags: Option<&Expr>) -> Option<Done> {
        let word = self.lookup.word;
        let page = names::magic_page(word);
        let mut address = |expr: Option<&Expr>| {
            let Some(expr) = expr else { return Some(page) };
            let Value::Constant(address) = self.constant_value(expr, word.bits(), "an address")? else { return None };
            if !address.is_multiple_of(PAGE_SIZE) {
                let found = Diagnostic::error(format!("{address:#x} is not the address of a page")).at(expr.span, "");
                self.lookup.report(found.note("the low 12 bits of what the hypercall takes are flags: `flags N`"));
                return None;
            }
            Some(address)
        };
        let (ea, pa) = (address(ea), address(pa));
        let flags = match flags {
            None => Some(hcall::MAGIC_PAGE_FLAG_NOT_MAPPED_NX.into()),
            Some(expr) => {
                let flags = self.lookup.constant(expr)?;
                if flags > u64::from(hcall::MAGIC_PAGE_FLAGS) {
                    let message = format!("{flags:#x} has more than the 12 bits of the flags");
                    self.lookup.report(Diagnostic::error(message).at(expr.span, ""));
                }
                Some(flags)
            }
        };
        Some((Action::MapPage { ea: ea?, pa: pa?, flags: flags? }, results()))
    }

    pub(super) fn constant_value(&mut self, expr: &Expr, bits: u32, what: &str) -> Option<Value> {
        self.lookup.term(expr, &NoObservations)?;
        self.value(expr, bits, what)
    }

    fn exit(&mut self, kind: Option<ExitKind>, step: &ast::Step) -> Option<ExitKind> {
        let kind = kind.unwrap_or(if self.user { ExitKind::Sc } else { ExitKind::Mfpvr });
        match kind {
            ExitKind::Mmio => self.require(Feature::Host, step.span),
            ExitKind::Mfpvr | ExitKind::Mfmsr | ExitKind::Rfi if self.user && step.may_trap.is_none() => {
                let message = format!("`{}` is privileged: in problem state it is a program interrupt", kind.name());
                let found = Diagnostic::error(message).at(step.span, "this fails");
                self.lookup.report(found.help("say `try` before it if that is what the case is about"));
            }
            ExitKind::TlbMiss => {
                self.need(Need::TlbMiss);
            }
            _ => {}
        }
        Some(kind)
    }

    fn host(&mut self, call: &'static HostCall, arguments: &[Expr], span: Span) -> Option<Done> {
        self.require(Feature::Host, span);
        match call.call {
            // The line's other end is the interrupt controller's, so that no bare machine has an interrupt without a
            // level.
            Call::RaiseExternalOnce => {
                self.require(Feature::External, span);
                self.require(Feature::Ioctl, span);
            }
            Call::RaiseExternal | Call::LowerExternal => self.require(Feature::External, span),
            Call::RaiseCritical | Call::LowerCritical => self.require(Feature::Critical, span),
            Call::VcpuId => {}
            _ => self.require(Feature::Ioctl, span),
        }
        let structure = call.call.structure();
        let mut values = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            values.push(match structure {
                Some(structure) if index == 0 => self.host_register(argument, structure),
                _ => {
                    let bits = one_reg_bits(call.call, values.first()).unwrap_or(u64::BITS);
                    self.value(argument, bits, "the register")
                }
            });
        }
        let arguments = values.into_iter().collect::<Option<_>>()?;
        Some((Action::Host { call, arguments }, call_results(call.results)))
    }

    /// A register of one of the structures the host side reads and writes, as its index.
    fn host_register(&mut self, expr: &Expr, structure: &Structure) -> Option<Value> {
        let known = structure.registers;
        let name = match &expr.kind {
            ExprKind::Name(reference) if known.contains(&reference.name.as_str()) => reference.name.clone(),
            ExprKind::Name(reference) => match self.lookup.variable(&reference.name) {
                Some(Meaning::Spr(name)) => name.to_owned(),
                Some(Meaning::Unknown) => return None,
                _ => reference.name.clone(),
            },
            _ => {
                let message = format!("expected the name of a register of {}", structure.name);
                let found = Diagnostic::error(message).at(expr.span, "no name");
                self.lookup.report(found.note(format!("expected one of {}", known.join(", "))));
                return None;
            }
        };
        match known.iter().position(|known| *known == name) {
            Some(index) => Some(Value::Constant(index as u64)),
            None => {
                let what = format!("register of {}", structure.name);
                self.lookup.report(names::unknown(&what, &name, expr.span, known.iter().copied()));
                None
            }
        }
    }
}

/// How wide the register is that KVM_SET_ONE_REG sets, as its identifier says, if it is one.
fn one_reg_bits(call: Call, identifier: Option<&Option<Value>>) -> Option<u32> {
    let (Call::SetOneReg, Some(&Some(Value::Constant(id)))) = (call, identifier) else { return None };
    let bits = one_reg::size(id) as u32 * u8::BITS;
    (one_reg::is_identifier(id) && bits <= u64::BITS).then_some(bits)
}

/// What a guest accesses of a field: 32-bit ones the low word of a long one.
const fn field_width(field: &page::Field) -> Width {
    let bits = field.size as u32 * u8::BITS;
    if bits < u64::BITS { Width::Bits(bits) } else { Width::Word }
}

/// r3 to r12 of a hypercall; r3 is its value.
fn results() -> Vec<Output> {
    let first = Output { name: "", register: Some(gpr::name(*RESULTS.start())), width: Width::Word };
    let others = RESULTS.skip(1).map(|number| Output { name: gpr::name(number), register: None, width: Width::Word });
    std::iter::once(first).chain(others).collect()
}

/// The results of a call to the host or the firmware: the first is its value, the others are numbered, and after them
/// stands how the call went, which is logged but in no slot.
fn call_results(count: u8) -> Vec<Output> {
    const NAMES: [&str; sprig_wire::host::VALUES] = ["", "1", "2", "3", "4", "5", "6", "7"];
    let result = |name| Output { name, register: None, width: Width::Bits(u64::BITS) };
    let status = Output { name: case::Step::STATUS, register: None, width: Width::Bits(u32::BITS) };
    NAMES.into_iter().take(count.into()).map(result).chain([status]).collect()
}
