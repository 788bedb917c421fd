//! The instructions of `run` and `patched`, and the registers they are given and give back.

use super::Resolver;
use super::lookup::Lookup;
use crate::ast::{self, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::parse::instruction::field_name;
use crate::program::{Instruction, Output, SprRef, Value, Width};
use crate::span::Span;
use crate::{gpr, names};
use sprig_isa::insn::script::Field;
use sprig_isa::insn::{Insn, Operand};
use sprig_wire::bytecode::Register;

impl Resolver<'_, '_> {
    /// What a `run` runs, is given, and gives back.
    #[allow(clippy::type_complexity)] // the three lists of Action::Run
    pub(super) fn run(&mut self, run: &ast::Run) -> Option<(Vec<Instruction>, Vec<(Register, Value)>, Vec<Register>)> {
        let instructions: Vec<_> =
            run.instructions.iter().map(|instruction| self.lookup.instruction(instruction)).collect();
        let mut with: Vec<(Register, Value)> = Vec::new();
        let mut complete = true;
        for (expr, value) in &run.with {
            let register = self.register(expr);
            let bits = register.map_or(Width::Word, width).bits(self.lookup.word);
            let value = self.value(value, bits, "a register");
            let (Some(register), Some(value)) = (register, value) else {
                complete = false;
                continue;
            };
            if with.iter().any(|(known, _)| *known == register) {
                self.lookup.report(Diagnostic::error("this register is given twice").at(expr.span, "a second time"));
                complete = false;
            }
            with.push((register, value));
        }
        let mut gives: Vec<Register> = Vec::new();
        for expr in &run.gives {
            let Some(register) = self.register(expr) else {
                complete = false;
                continue;
            };
            if gives.contains(&register) {
                self.lookup.report(Diagnostic::error("this register is given twice").at(expr.span, "a second time"));
                complete = false;
            }
            gives.push(register);
        }
        let instructions: Vec<Instruction> = instructions.into_iter().collect::<Option<_>>()?;
        if run.gives.is_empty() {
            gives.extend(instructions.last().and_then(written).map(Register::gpr));
        }
        complete.then_some((instructions, with, gives))
    }

    /// The values a `run` logs.
    pub(super) fn run_outputs(&self, gives: &[Register]) -> Vec<Output> {
        let output = |(index, register): (usize, &Register)| {
            let (name, width) = (register_name(*register), width(*register));
            // The first is the step's value; its register is another name for it.
            if index == 0 {
                Output { name: "", register: Some(name), width }
            } else {
                Output { name, register: None, width }
            }
        };
        gives.iter().enumerate().map(output).collect()
    }

    fn register(&mut self, expr: &Expr) -> Option<Register> {
        if let ExprKind::Name(reference) = &expr.kind
            && reference.part.is_none()
            && reference.round.is_empty()
        {
            match reference.name.as_str() {
                "cr" => return Some(Register::CR),
                "xer" => return Some(Register::XER),
                "lr" => return Some(Register::LR),
                name if self.lookup.variable(name).is_none() && gpr::by_name(name).is_none() => {
                    let message = format!("`with` and `gives` know no register `{name}`");
                    let found = Diagnostic::error(message).at(expr.span, "expected `r0` to `r31`, `cr`, `xer` or `lr`");
                    let known = gpr::NAMES.into_iter().chain(["cr", "xer", "lr"]);
                    self.lookup.report(found.maybe_help(names::similar("a register", name, known)));
                    return None;
                }
                _ => {}
            }
        }
        self.lookup.gpr(expr).map(Register::gpr)
    }
}

impl Lookup<'_> {
    /// An instruction that is a value, as what it is in memory.
    pub(super) fn word_of(&mut self, instruction: &ast::Instruction, span: Span) -> Option<u64> {
        let word = match self.instruction(instruction)? {
            Instruction::Word(word) => word,
            Instruction::Papr => {
                let found = Diagnostic::error("`papr` is not the same instruction on every target").at(span, "");
                self.report(found.help("`sc1` is what a CPU has"));
                return None;
            }
            Instruction::Row { row, mut operands, spr } => {
                if let Some(name) = spr {
                    let number = self.number_of_name(name, span)?;
                    let fields = row.fields().zip(&mut operands);
                    fields.filter(|(field, _)| *field == SPR).for_each(|(_, operand)| *operand = number.into());
                }
                // Each operand fits, or it would have been reported.
                row.encode(&operands)?
            }
        };
        Some(word.into())
    }

    fn instruction(&mut self, instruction: &ast::Instruction) -> Option<Instruction> {
        match instruction {
            ast::Instruction::Word(expr) => {
                let word = self.constant(expr)?;
                match u32::try_from(word) {
                    Ok(word) => Some(Instruction::Word(word)),
                    Err(_) => {
                        let message = format!("{word:#x} has more than the 32 bits of an instruction");
                        self.report(Diagnostic::error(message).at(expr.span, ""));
                        None
                    }
                }
            }
            ast::Instruction::Papr => Some(Instruction::Papr),
            ast::Instruction::Broken => None,
            ast::Instruction::Mnemonic { row, operands } => {
                let mut spr = None;
                let fields = row.fields().zip(operands);
                let values: Vec<_> = fields.map(|(field, expr)| self.operand(field, expr, &mut spr)).collect();
                Some(Instruction::Row { row: *row, operands: values.into_iter().collect::<Option<_>>()?, spr })
            }
        }
    }

    fn operand(&mut self, field: Field, expr: &Expr, spr: &mut Option<&'static str>) -> Option<i64> {
        if field == Field::Common(Operand::RaOrZero) && matches!(expr.kind, ExprKind::Number(0)) {
            return Some(0);
        }
        if field.is_gpr() {
            return self.gpr(expr).map(i64::from);
        }
        if let Some(file) = field.register_file()
            && let Some(found) = self.register_of_file(file, field, expr)
        {
            return found;
        }
        if field == SPR {
            return match self.spr(expr)? {
                SprRef::Number(number) => Some(i64::from(number)),
                SprRef::Named(name) => {
                    *spr = Some(name);
                    Some(0)
                }
            };
        }
        // Negative numbers are their two's complement.
        let value = self.constant(expr)?.cast_signed();
        if field.insert(value).is_some() {
            return Some(value);
        }
        let (low, high, multiple) = field.values();
        let multiple = if multiple == 1 { String::new() } else { format!(", a multiple of {multiple}") };
        let name = field_name(field);
        let message = format!("{value} does not fit the field {name}: {low} to {high}{multiple}");
        self.report(Diagnostic::error(message).at(expr.span, ""));
        None
    }

    /// The number of a register of another file than the general ones, if the expression is a name: of one (`f1`, `v1`,
    /// `vs33`), or none of any. None at all if it is a number, as in the rounds of a loop.
    fn register_of_file(&mut self, file: &str, field: Field, expr: &Expr) -> Option<Option<i64>> {
        let ExprKind::Name(reference) = &expr.kind else { return None };
        let name = reference.name.as_str();
        if reference.part.is_some() || !reference.round.is_empty() || self.variable(name).is_some() {
            return None;
        }
        let number = name.strip_prefix(file).and_then(|digits| digits.parse::<i64>().ok());
        // `f01` is no name.
        let number = number.filter(|number| field.insert(*number).is_some() && name == format!("{file}{number}"));
        if number.is_none() {
            let (low, high, _) = field.values();
            let message = format!("expected a register for the field {}, found `{name}`", field_name(field));
            let label = format!("expected `{file}{low}` to `{file}{high}`, or a number");
            self.report(Diagnostic::error(message).at(expr.span, label));
        }
        Some(number)
    }
}

/// Where an instruction has the number of a special register.
const SPR: Field = Field::Common(Operand::Spr);

/// How wide a register of a `run` is.
const fn width(register: Register) -> Width {
    match register {
        Register::CR | Register::XER => Width::Bits(u32::BITS),
        _ => Width::Word,
    }
}

/// The first general register an instruction writes.
fn written(instruction: &Instruction) -> Option<u8> {
    let number = match instruction {
        Instruction::Word(word) => {
            let operand = Insn::decode(*word)?.operands.iter().find(|operand| operand.writes_gpr())?;
            operand.extract(*word)
        }
        Instruction::Papr => return None,
        Instruction::Row { row, operands, .. } => {
            let index = row.fields().position(Field::writes_gpr)?;
            *operands.get(index)?
        }
    };
    u8::try_from(number).ok()
}

/// A register's name in scripts.
pub(crate) fn register_name(register: Register) -> &'static str {
    match register {
        Register::CR => "cr",
        Register::XER => "xer",
        Register::LR => "lr",
        _ => gpr::name(register.number()),
    }
}
