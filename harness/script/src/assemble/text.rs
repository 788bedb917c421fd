//! What a step does, in assembler or the script's words with all names resolved: what a failure shows.

use super::stub::Context;
use crate::program::{Action, Computation, Instruction, Program, SprRef, Value};
use crate::resolve::register_name;
use sprig_isa::hcall::HYPERCALLS;
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::Field;
use sprig_isa::spr::Spr;
use sprig_judge::describe;
use sprig_wire::bytecode::permission;
use std::fmt::Write;

impl Context<'_> {
    /// The text of a step.
    pub(super) fn text(self, program: &Program, action: &Action) -> String {
        let value = |value: &Value| value_text(program, value);
        match action {
            Action::Mfspr(spr) => format!("mfspr r3, {}", self.spr(*spr)),
            Action::Mtspr(spr, given) => format!("mtspr {}, r3 = {}", self.spr(*spr), value(given)),
            Action::Mfmsr => "mfmsr r3".to_owned(),
            Action::Mtmsr(given) => format!("{} r3 = {}", self.mtmsr(), value(given)),
            Action::LoadField(field) => {
                let (load, _, displacement) = self.field_access(field);
                format!("{load} r3, {displacement}(0) (page.{})", field.name)
            }
            Action::StoreField(field, given) => {
                let (_, store, displacement) = self.field_access(field);
                format!("{store} r3, {displacement}(0) (page.{}), r3 = {}", field.name, value(given))
            }
            Action::Load(size, address) => format!("load{} {}", size.bits(), value(address)),
            Action::Store(size, address, given) => {
                format!("store{} {}, {}", size.bits(), value(address), value(given))
            }
            Action::Hcall { token, arguments } => {
                let mut text = format!("hcall {}", token_text(program, token));
                for (register, given) in arguments {
                    // Writing to a String cannot fail.
                    let _ = write!(text, ", r{register} = {}", value(given));
                }
                text
            }
            Action::MapPage { ea, pa, flags } => format!("map-page at {ea:#x} physical {pa:#x} flags {flags:#x}"),
            Action::Exit(kind) => format!("exit {}", kind.name()),
            Action::Run { instructions, with, .. } => {
                let words: Vec<_> = instructions.iter().map(|instruction| self.instruction(instruction)).collect();
                let mut text = words.join("; ");
                for (index, (register, given)) in with.iter().enumerate() {
                    let join = if index == 0 { " with" } else { "," };
                    let _ = write!(text, "{join} {} = {}", register_name(*register), value(given));
                }
                text
            }
            Action::Patch(instruction) => format!("patch {}", self.instruction(instruction)),
            Action::Let(computation) => format!("let {}", computation_text(program, computation, true)),
            Action::Taken { exception, rounds: 0 } => format!("taken {}", exception.name()),
            Action::Taken { exception, rounds } => format!("taken {} within {rounds}", exception.name()),
            Action::Hold => "hold".to_owned(),
            Action::Spin(rounds) => format!("spin {rounds}"),
            Action::Map { ea, pa, rights } => {
                format!("map {} to {} as {}", value(ea), value(pa), rights_text(*rights))
            }
            Action::Unmap(ea) => format!("unmap {}", value(ea)),
            Action::Host { call, arguments } => {
                let mut texts: Vec<_> = arguments.iter().map(value).collect();
                let registers = call.call.structure().map_or(&[][..], |structure| structure.registers);
                if let (Some(text), Some(Value::Constant(index))) = (texts.first_mut(), arguments.first())
                    && let Some(register) = usize::try_from(*index).ok().and_then(|index| registers.get(index))
                {
                    *text = (*register).to_owned();
                }
                format!("host {} {}", call.name, texts.join(", ")).trim_end().to_owned()
            }
            Action::Firmware { name, arguments, .. } => {
                let texts: Vec<_> = arguments.iter().map(value).collect();
                format!("firmware {name} {}", texts.join(", ")).trim_end().to_owned()
            }
            Action::Restore => "restore".to_owned(),
            Action::Reset => "reset".to_owned(),
            Action::EnterUser => "enter problem state".to_owned(),
            Action::LeaveUser => "leave problem state".to_owned(),
            Action::RaceBegin(None) => "race as long as hold".to_owned(),
            Action::RaceBegin(Some(rounds)) => format!("race of {rounds} rounds"),
            Action::RaceEnd => "end of the race".to_owned(),
        }
    }

    /// `260 (USPRG4)`: the number, and the name it has on this CPU.
    fn spr(self, spr: SprRef) -> String {
        let number = self.number(spr);
        match Spr::lookup(self.profile.cpu, number) {
            Some(row) => format!("{number} ({})", row.name),
            None => number.to_string(),
        }
    }

    fn instruction(self, instruction: &Instruction) -> String {
        let row = match instruction {
            Instruction::Word(word) => return format!("word {word:#010x}"),
            Instruction::Papr => return "papr".to_owned(),
            Instruction::Row { row, .. } => row,
        };
        let mut text = row.mnemonic().to_owned();
        let mut displacement = false;
        for (index, (field, value)) in row.fields().zip(self.operands(instruction)).enumerate() {
            text.push_str(match (index, displacement) {
                (0, _) => " ",
                (_, true) => "(",
                (_, false) => ", ",
            });
            text.push_str(&match field {
                Field::Common(Operand::RaOrZero) if value == 0 => "0".to_owned(),
                field if field.is_gpr() => format!("r{value}"),
                Field::Common(Operand::Spr) => self.spr(SprRef::Number(u16::try_from(value).unwrap_or_default())),
                field => format!("{}{value}", field.register_file().unwrap_or_default()),
            });
            if displacement {
                text.push(')');
            }
            displacement = field.is_displacement();
        }
        text
    }
}

fn value_text(program: &Program, value: &Value) -> String {
    match value {
        Value::Constant(value) => format!("{value:#x}"),
        Value::Observed { step, output } => {
            let step = program.steps.get(*step);
            let name = step.and_then(|step| step.name.as_deref()).unwrap_or_default();
            let part = step.and_then(|step| step.outputs.get(*output)).map_or("", |output| output.name);
            if part.is_empty() { name.to_owned() } else { format!("{name}.{part}") }
        }
    }
}

fn token_text(program: &Program, token: &Value) -> String {
    let text = value_text(program, token);
    let known = |value: &u64| HYPERCALLS.iter().find(|call| u64::from(call.token) == *value);
    match token {
        Value::Constant(value) => known(value).map_or(text.clone(), |call| format!("{text} ({})", call.name)),
        Value::Observed { .. } => text,
    }
}

fn computation_text(program: &Program, computation: &Computation, outermost: bool) -> String {
    match computation {
        Computation::Value(value) => value_text(program, value),
        Computation::Binary(alu, left, right) => {
            let operator = describe::operator(*alu);
            let (left, right) = (computation_text(program, left, false), computation_text(program, right, false));
            if outermost { format!("{left} {operator} {right}") } else { format!("({left} {operator} {right})") }
        }
    }
}

/// The rights of a page as scripts write them.
pub(crate) fn rights_text(rights: u8) -> String {
    use permission as p;
    let state = |letter: char, bits: [u8; 3]| {
        let allowed: String =
            "rwx".chars().zip(bits).filter(|(_, bit)| rights & bit != 0).map(|(right, _)| right).collect();
        if allowed.is_empty() { None } else { Some(format!("{letter}{allowed}")) }
    };
    let supervisor = state('s', [p::SUPERVISOR_READ, p::SUPERVISOR_WRITE, p::SUPERVISOR_EXECUTE]);
    let user = state('u', [p::USER_READ, p::USER_WRITE, p::USER_EXECUTE]);
    let both: Vec<_> = supervisor.into_iter().chain(user).collect();
    if both.is_empty() { "s".to_owned() } else { both.join(",") }
}
