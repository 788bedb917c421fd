//! Arithmetic, logic, shifts, comparisons, traps: one instruction with registers and values of chance.

use super::super::dice::Dice;
use super::super::environment::Environment;
use super::super::prediction::Allowed;
use super::given::{Given, Named};
use super::rtl::{self, Effect, Known};
use super::table::{Does, INSTRUCTIONS, Instruction};
use super::{CR0, Outcome, summary};
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::{Field, Row};
use sprig_isa::xer;

/// What all CPUs have in XER.
const XER: u32 = xer::FLAGS | xer::COUNT;

/// Operands that any of them has at most.
const OPERANDS: usize = 5;
/// General registers that a step may use; 0 too, as an operand that stands for zero.
const GENERAL: std::ops::Range<usize> = 3..32;
/// Those whose RB is an amount.
const SHIFTS: [&str; 9] = ["slw", "srw", "sraw", "sld", "srd", "srad", "rlwnm", "rldcl", "rldcr"];
/// Amounts at which something changes.
const AMOUNTS: [u64; 9] = [0, 1, 31, 32, 33, 63, 64, 65, 127];
/// A count of a string's bytes, which no computation changes.
const STRING: u32 = 0x55;
/// Selectors of bpermd at both ends of the register, and beyond it.
const SELECTORS: u64 = 0x3f40_417f_80ff_0001;
/// What is in r0.
const NOT_ZERO: u64 = 0x7777;

/// One instruction with all that it works on.
#[derive(Clone, Copy, Debug)]
pub struct Computation {
    instruction: &'static Instruction,
    /// Bits in the word beside those of the mnemonic, and what they add to it: an `o` for OE, a period for Rc.
    variant: (u32, &'static str),
    /// In assembler order.
    operands: [i64; OPERANDS],
    /// What is in the general register that an operand names.
    held: [u64; OPERANDS],
    pub(super) cr: u32,
    pub(super) xer: u32,
}

/// All that scripts of this environment can have, without their forms.
pub(super) fn here(environment: &Environment) -> impl Iterator<Item = &'static Instruction> + use<> {
    let (wide, cpus) = (environment.is_wide(), environment.cpu.set);
    INSTRUCTIONS.iter().filter(move |row| row.cpus.intersects(cpus) && (wide || !row.is_wide()))
}

impl Instruction {
    fn encoding(&self) -> Option<Row> {
        Row::by_mnemonic(self.mnemonic)
    }
}

impl Computation {
    /// One of this instruction.
    pub(super) fn draw(dice: &mut Dice, environment: &Environment, instruction: &'static Instruction) -> Self {
        let variant = dice.pick(instruction.variants()).copied().unwrap_or((0, ""));
        let (mut operands, mut held) = ([0; OPERANDS], [0; OPERANDS]);
        let fields = instruction.encoding().into_iter().flat_map(Row::fields);
        for ((field, operand), held) in fields.zip(&mut operands).zip(&mut held) {
            *operand = operand_of(dice, environment, instruction, field);
            *held = value(dice, environment);
        }
        // Numbers that are the same, or nearly, are what comparisons and carries are about.
        if dice.percent(20) {
            let one = held[dice.below(OPERANDS)];
            held = held.map(|other| if dice.percent(60) { one } else { other });
        }
        // The number of a string's bytes is nobody's here.
        let count = dice.below(xer::COUNT as usize + 1) as u32;
        let flags = [xer::SO, xer::OV, xer::CA].into_iter().filter(|_| dice.percent(50));
        let xer = flags.fold(count, |xer, flag| xer | flag);
        let cr = if dice.percent(50) { 0 } else { dice.value(32) as u32 };
        Self { instruction, variant, operands, held, cr, xer }
    }

    /// Those with the numbers at which carries, overflows and shifts change, each with each, in the variants without
    /// Rc, which changes nothing of that.
    pub(super) fn at_edges(dice: &mut Dice, environment: &Environment, instruction: &'static Instruction) -> Vec<Self> {
        let fields: Vec<Field> = instruction.encoding().into_iter().flat_map(Row::fields).collect();
        let mut all = Vec::new();
        for variant in instruction.variants().iter().copied().filter(|(_, suffix)| !suffix.ends_with('.')) {
            let first = Self { instruction, variant, operands: [0; OPERANDS], held: [0; OPERANDS], cr: 0, xer: 0 };
            let mut some = vec![first];
            for (index, field) in fields.iter().copied().enumerate() {
                let choices = edges(dice, environment, instruction, field, GENERAL.start + index);
                let with = |one: &Self, (operand, held): (i64, u64)| {
                    let mut one = *one;
                    (one.operands[index], one.held[index]) = (operand, held);
                    one
                };
                some = some.iter().flat_map(|one| choices.iter().map(move |choice| with(one, *choice))).collect();
            }
            let flags = [(xer::SO | STRING, u32::MAX), (xer::CA, 0)].into_iter().cycle();
            all.extend(some.into_iter().zip(flags).map(|(one, (xer, cr))| Self { xer, cr, ..one }));
        }
        all
    }

    /// That of a mnemonic with the suffix of a variant; none if there is none.
    #[cfg(test)]
    pub(super) fn of(mnemonic: &str, operands: &[i64], held: &[u64], xer: u32) -> Option<Self> {
        let all = INSTRUCTIONS.iter().flat_map(|row| row.variants().iter().map(move |variant| (row, *variant)));
        let (instruction, variant) =
            all.into_iter().find(|(row, (_, suffix))| mnemonic.strip_prefix(row.mnemonic) == Some(*suffix))?;
        let mut computation = Self { instruction, variant, operands: [0; OPERANDS], held: [0; OPERANDS], cr: 0, xer };
        computation.operands[..operands.len()].copy_from_slice(operands);
        computation.held[..held.len()].copy_from_slice(held);
        Some(computation)
    }

    /// The same with simpler values.
    pub(super) fn plainer(&self) -> Vec<Self> {
        let mut plainer = vec![Self { cr: 0, ..*self }, Self { xer: 0, ..*self }];
        for index in 0..OPERANDS {
            for value in [0, 1] {
                let mut held = self.held;
                held[index] = value;
                plainer.push(Self { held, ..*self });
            }
        }
        plainer
    }

    /// The mnemonic with the suffix of the variant.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.instruction.mnemonic, self.variant.1)
    }

    /// All that it works on.
    fn given(&self, environment: &Environment) -> Given {
        let fields = self.instruction.encoding().into_iter().flat_map(Row::fields);
        let operands = fields.zip(self.operands.into_iter().zip(self.held));
        let operands = operands.map(|(field, (value, held))| Named { field, value, held }).collect();
        Given { operands, cr: self.cr, xer: self.xer, wide: environment.is_wide() }
    }

    fn word(&self, given: &Given) -> u32 {
        let values: Vec<i64> = given.operands.iter().map(|named| named.value).collect();
        self.instruction.encoding().and_then(|row| row.encode(&values)).unwrap_or_default() | self.variant.0
    }

    /// As an assembler has it.
    fn assembler(&self, given: &Given) -> String {
        let operand = |named: &Named| format!("{}{}", if named.is_register() { "r" } else { "" }, named.value);
        let operands: Vec<String> = given.operands.iter().map(operand).collect();
        format!("{} {}", self.name(), operands.join(", "))
    }

    /// The register that it writes.
    fn target(given: &Given) -> Option<i64> {
        given.operands.iter().find(|named| named.field.writes_gpr()).map(|named| named.value)
    }

    /// The line of the script language.
    pub(super) fn text(&self, environment: &Environment) -> String {
        let given = self.given(environment);
        let assembler = self.assembler(&given);
        // Scripts have no mnemonics with an `o`.
        let (instruction, comment) = if Row::by_mnemonic(&self.name()).is_none() {
            (format!("word {:#010x}", self.word(&given)), format!("    # {assembler}"))
        } else {
            (assembler, String::new())
        };
        let mut set: Vec<String> = Vec::new();
        for Named { value: register, .. } in given.operands.iter().filter(|named| named.is_register()) {
            let assignment = format!("r{register} = {:#x}", given.general(*register));
            if !set.contains(&assignment) {
                set.push(assignment);
            }
        }
        // Where zero is meant, r0 is something else.
        if given.operands.iter().any(Named::means_zero) {
            set.push(format!("r0 = {NOT_ZERO:#x}"));
        }
        set.push(format!("cr = {:#x}", self.cr));
        set.push(format!("xer = {:#x}", self.xer));
        // What is not laid down of a target nobody sees.
        let rest = match (Self::target(&given), self.effect(&given).map(|effect| effect.known)) {
            (Some(target), Some(Known::Word)) if environment.cpu.is_64bit => {
                format!(" ; rlwinm r{target}, r{target}, 0, 0, 31")
            }
            (Some(target), Some(Known::Field(field))) => {
                format!(" ; rlwinm r{target}, r{target}, 0, {}, {}", 4 * field, 4 * field + 3)
            }
            _ => String::new(),
        };
        let gives = match self.outcome(environment) {
            Outcome::Values(values) if !values.is_empty() => {
                let names: Vec<String> = values.into_iter().map(|(name, _)| name).collect();
                format!(" gives {}", names.join(", "))
            }
            _ => String::new(),
        };
        format!("run {instruction}{rest} with {}{gives}{comment}", set.join(", "))
    }

    /// True if the line gives a value: all but those that may trap do.
    pub(super) fn gives_value(&self) -> bool {
        !matches!(self.instruction.does, Does::Trap(_))
    }

    fn effect(&self, given: &Given) -> Option<Effect> {
        match self.instruction.does {
            Does::Compute(by) => Some(by(given)),
            _ => None,
        }
    }

    /// What it must leave behind.
    pub(super) fn outcome(&self, environment: &Environment) -> Outcome {
        let given = self.given(environment);
        match self.instruction.does {
            Does::Compute(by) => Outcome::Values(self.computed(environment, &given, by(&given))),
            Does::Decide(by) => Outcome::Values(vec![of_cr(by(&given)), of_xer(self.xer)]),
            Does::TakeXer => {
                let flags = self.xer & xer::FLAGS;
                let cr = given.with_field(given.bf(), flags >> 28);
                Outcome::Values(vec![of_cr(cr), of_xer(self.xer & !flags)])
            }
            Does::Trap(by) if by(&given) => Outcome::Trap,
            Does::Trap(_) => Outcome::Values(Vec::new()),
        }
    }

    fn computed(&self, environment: &Environment, given: &Given, effect: Effect) -> Vec<(String, Allowed)> {
        let mut xer = self.xer;
        if let Some(carry) = effect.ca {
            xer = xer & !xer::CA | if carry { xer::CA } else { 0 };
        }
        if self.variant.1.starts_with('o') {
            xer = xer & !xer::OV | if effect.ov { xer::SO | xer::OV } else { 0 };
        }
        let mut values = Vec::new();
        let known = match effect.known {
            Known::All => Some(u64::MAX),
            Known::Word => Some(u32::MAX.into()),
            Known::Field(field) => Some((CR0 >> (4 * field)).into()),
            Known::Nothing => None,
        };
        let seen = known.map(|known| super::seen(environment, effect.value & known));
        values.extend(Self::target(given).zip(seen).map(|(target, allowed)| (format!("r{target}"), allowed)));
        let records = self.name().ends_with('.');
        let is_compared = match effect.known {
            Known::Nothing => false,
            Known::Word => !given.wide,
            Known::All | Known::Field(_) => true,
        };
        if !records {
            values.push(of_cr(self.cr));
        } else if is_compared {
            values.push(of_cr(given.with_field(0, rtl::recorded(given, effect.value) | summary(xer))));
        }
        values.push(of_xer(xer));
        values
    }
}

fn of_cr(cr: u32) -> (String, Allowed) {
    ("cr".to_owned(), Allowed::OneOf(vec![cr.into()]))
}

fn of_xer(xer: u32) -> (String, Allowed) {
    ("xer".to_owned(), Allowed::Bits(XER.into(), xer.into()))
}

/// A value of a general register: often a small number, since many are amounts of a shift, or a negative one.
fn value(dice: &mut Dice, environment: &Environment) -> u64 {
    let least = 1 << (environment.word() - 1);
    match dice.below(8) {
        0 => dice.below(130) as u64,
        1 => environment.cut((dice.below(40) as u64).wrapping_neg()),
        2 => [least, environment.cut(u64::MAX), least - 1][dice.below(3)],
        _ => dice.value(environment.word()),
    }
}

/// What a field may be, and what the register that it names, or this one, may hold, at which an instruction does
/// something else.
fn edges(
    dice: &mut Dice,
    environment: &Environment,
    instruction: &Instruction,
    field: Field,
    register: usize,
) -> Vec<(i64, u64)> {
    let least = 1u64 << (environment.word() - 1);
    let mut numbers = vec![0, 1, environment.cut(u64::MAX), least, least - 1];
    numbers.extend(environment.is_wide().then_some(1 << 31));
    numbers.extend((instruction.mnemonic == "bpermd").then_some(SELECTORS));
    let held = |number: u64| (register as i64, number);
    match field {
        _ if field.is_gpr() && field.writes_gpr() && field != Field::Common(Operand::RaUpdate) => vec![held(0)],
        Field::Common(Operand::Rb) if SHIFTS.contains(&instruction.mnemonic) => AMOUNTS.map(held).to_vec(),
        _ if field.is_gpr() => {
            let zero = (field == Field::Common(Operand::RaOrZero)).then_some((0, 0));
            numbers.into_iter().map(held).chain(zero).collect()
        }
        Field::Common(Operand::Si) => [0, 1, -1, 0x7fff, -0x8000].map(|value| (value, 0)).to_vec(),
        Field::Common(Operand::Sh) => [0, 1, 31].map(|value| (value, 0)).to_vec(),
        _ => vec![(operand_of(dice, environment, instruction, field), 0)],
    }
}

/// Any value that fits an operand.
fn operand_of(dice: &mut Dice, environment: &Environment, instruction: &Instruction, field: Field) -> i64 {
    let any = |dice: &mut Dice, field: Field| {
        let (low, high, multiple) = field.values();
        let count = (high - low) / multiple + 1;
        low + multiple * dice.below(usize::try_from(count).unwrap_or(1)) as i64
    };
    match field {
        // Zero is a value there, not a register.
        Field::Common(Operand::RaOrZero) if dice.percent(15) => 0,
        _ if field.is_gpr() => (GENERAL.start + dice.below(GENERAL.len())) as i64,
        Field::L10 if !environment.is_wide() => 0,
        Field::Common(Operand::Fxm) if instruction.is_of_one_field() => 1 << dice.below(8),
        Field::Common(Operand::Si) if dice.percent(40) => {
            const EDGES: [i64; 5] = [0, 1, -1, 0x7fff, -0x8000];
            EDGES[dice.below(EDGES.len())]
        }
        _ => any(dice, field),
    }
}
