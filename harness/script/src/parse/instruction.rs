//! The instructions of `run` and `patched`, and those that are a value: `insn(...)`.

use super::cursor::{Cursor, Parsed};
use crate::ast::{Expr, ExprKind, Instruction, Name, Run};
use crate::diagnostic::Diagnostic;
use crate::limit;
use crate::names;
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::{Field, Row};

/// A mnemonic that assemblers know in addition to the ISA's own (Power ISA, Book I, appendix "Assembler Extended
/// Mnemonics").
#[derive(Debug)]
pub(super) struct Extended {
    mnemonic: &'static str,
    operands: &'static str,
    /// What to write instead.
    instead: &'static str,
}

const fn extended(mnemonic: &'static str, operands: &'static str, instead: &'static str) -> Extended {
    Extended { mnemonic, operands, instead }
}

static EXTENDED: &[Extended] = &[
    extended("li", "RT, SI", "addi RT, 0, SI"),
    extended("lis", "RT, SI", "addis RT, 0, SI"),
    extended("la", "RT, D(RA)", "addi RT, RA, D"),
    extended("subi", "RT, RA, SI", "addi RT, RA, -SI"),
    extended("sub", "RT, RA, RB", "subf RT, RB, RA"),
    extended("mr", "RA, RS", "or RA, RS, RS"),
    extended("not", "RA, RS", "nor RA, RS, RS"),
    extended("mflr", "RT", "mfspr RT, LR"),
    extended("mtlr", "RS", "mtspr LR, RS"),
    extended("mfctr", "RT", "mfspr RT, CTR"),
    extended("mtctr", "RS", "mtspr CTR, RS"),
    extended("mfxer", "RT", "mfspr RT, XER"),
    extended("mtxer", "RS", "mtspr XER, RS"),
    extended("mfpvr", "RT", "mfspr RT, PVR"),
    extended("mfdec", "RT", "mfspr RT, DEC"),
    extended("mtdec", "RS", "mtspr DEC, RS"),
    extended("mfsrr0", "RT", "mfspr RT, SRR0"),
    extended("mtsrr0", "RS", "mtspr SRR0, RS"),
    extended("mfsrr1", "RT", "mfspr RT, SRR1"),
    extended("mtsrr1", "RS", "mtspr SRR1, RS"),
    extended("mfsprg", "RT, n", "mfspr RT, 272 + n"),
    extended("mtsprg", "n, RS", "mtspr 272 + n, RS"),
    extended("mfesr", "RT", "mfspr RT, ESR"),
    extended("mfdear", "RT", "mfspr RT, DEAR"),
    extended("mfdar", "RT", "mfspr RT, DAR"),
    extended("mfdsisr", "RT", "mfspr RT, DSISR"),
    extended("mtcr", "RS", "mtcrf 255, RS"),
    extended("cmpwi", "RA, SI", "cmpi 0, 0, RA, SI"),
    extended("cmplwi", "RA, UI", "cmpli 0, 0, RA, UI"),
    extended("cmpd", "RA, RB", "cmp 0, 1, RA, RB"),
    extended("cmpld", "RA, RB", "cmpl 0, 1, RA, RB"),
    extended("cmpdi", "RA, SI", "cmpi 0, 1, RA, SI"),
    extended("cmpldi", "RA, UI", "cmpli 0, 1, RA, UI"),
    extended("slwi", "RA, RS, n", "rlwinm RA, RS, n, 0, 31 - n"),
    extended("srwi", "RA, RS, n", "rlwinm RA, RS, 32 - n, n, 31"),
    extended("clrlwi", "RA, RS, n", "rlwinm RA, RS, 0, n, 31"),
    extended("clrrwi", "RA, RS, n", "rlwinm RA, RS, 0, 0, 31 - n"),
    extended("rotlwi", "RA, RS, n", "rlwinm RA, RS, n, 0, 31"),
    extended("sldi", "RA, RS, n", "rldicr RA, RS, n, 63 - n"),
    extended("srdi", "RA, RS, n", "rldicl RA, RS, 64 - n, n"),
    extended("clrldi", "RA, RS, n", "rldicl RA, RS, 0, n"),
    extended("blt", "BD", "bc 12, 0, BD"),
    extended("bge", "BD", "bc 4, 0, BD"),
    extended("bgt", "BD", "bc 12, 1, BD"),
    extended("ble", "BD", "bc 4, 1, BD"),
    extended("beq", "BD", "bc 12, 2, BD"),
    extended("bne", "BD", "bc 4, 2, BD"),
    extended("bdnz", "BD", "bc 16, 0, BD"),
    extended("bdz", "BD", "bc 18, 0, BD"),
    extended("beqlr", "", "bclr 12, 2"),
    extended("bnelr", "", "bclr 4, 2"),
    extended("msync", "", "sync"),
    extended("lwsync", "", "word insn(sync) + (1 << 21)"),
    extended("ptesync", "", "word insn(sync) + (2 << 21)"),
    extended("mbar", "", "eieio"),
];

impl Extended {
    pub(super) fn by_mnemonic(mnemonic: &str) -> Option<&'static Self> {
        EXTENDED.iter().find(|known| known.mnemonic == mnemonic)
    }

    /// What to write instead, behind `before`.
    pub(super) fn help(&self, before: &str) -> String {
        let Self { mnemonic, operands, instead } = self;
        let between = if operands.is_empty() { "" } else { " " };
        format!("it is an extended mnemonic: for `{mnemonic}{between}{operands}` write `{before}{instead}`")
    }
}

impl Cursor<'_> {
    /// `INSN [; INSN]...`.
    pub(super) fn instructions(&mut self) -> Parsed<Vec<Instruction>> {
        let mut instructions = vec![self.instruction_of_run()];
        while self.eat(";") {
            if instructions.len() == limit::INSTRUCTIONS {
                let message = format!("a step has at most {} instructions", limit::INSTRUCTIONS);
                return Err(Diagnostic::error(message).at(self.here(), "one too many"));
            }
            instructions.push(self.instruction_of_run());
        }
        Ok(instructions)
    }

    /// `INSN [; INSN]... [with REG = VALUE, ...] [gives REG, ...]`.
    pub(super) fn run(&mut self) -> Parsed<Run> {
        let instructions = self.instructions()?;
        let mut with = Vec::new();
        if self.eat_word("with") {
            loop {
                let register = self.value_of("a register")?;
                self.expect("=")?;
                with.push((register, self.value()?));
                if !self.eat(",") {
                    break;
                }
            }
            if !self.next_is_word("gives") {
                self.end_or(Some("`,`, `gives`"))?;
            }
        }
        let mut gives = Vec::new();
        if self.eat_word("gives") {
            loop {
                gives.push(self.value_of("a register")?);
                if !self.eat(",") {
                    break;
                }
            }
            let found = self.end_or(Some("`,`"));
            found.map_err(|error| match self.next_is_word("with") {
                true => error.help("`with` comes before `gives`"),
                false => error,
            })?;
        }
        Ok(Run { instructions, with, gives })
    }

    /// `(INSN)`, after `insn`: the instruction as a value.
    pub(super) fn enclosed_instruction(&mut self) -> Parsed<Expr> {
        let start = self.here();
        self.expect("(")?;
        let instruction = self.instruction(true)?;
        self.expect(")")?;
        self.node(start.to(self.before()), ExprKind::Insn(Box::new(instruction)))
    }

    /// One of several instructions: a mistake in it does not keep the others from being read.
    fn instruction_of_run(&mut self) -> Instruction {
        self.instruction(false).unwrap_or_else(|mistake| {
            self.mistakes.push(mistake);
            self.skip_to(Self::is_behind_instruction);
            Instruction::Broken
        })
    }

    /// What may follow an instruction of `run`.
    fn is_behind_instruction(&self) -> bool {
        self.is_at_end() || self.next_is(";") || self.next_is_word("with") || self.next_is_word("gives")
    }

    /// One instruction; in parentheses it ends where they do.
    fn instruction(&mut self, is_enclosed: bool) -> Parsed<Instruction> {
        if self.is_behind_instruction() {
            return Err(self.expected("an instruction"));
        }
        let name = self.word("an instruction")?;
        if name.text == "word" {
            return Ok(Instruction::Word(self.value()?));
        }
        if name.text == "papr" {
            return Ok(Instruction::Papr);
        }
        // A dot that follows at once belongs to the mnemonic: `stwcx.`.
        let name = if self.next_is(".") && self.here().start == name.span.end {
            self.eat(".");
            Name { text: format!("{}.", name.text), span: name.span.to(self.before()) }
        } else {
            name
        };
        let row = Row::by_mnemonic(&name.text);
        let Some(row) = row else {
            let mnemonics = || Row::all().map(Row::mnemonic).chain(["word", "papr"]);
            let found =
                Diagnostic::error(format!("unknown instruction `{}`", name.text)).at(name.span, "not a mnemonic");
            return Err(match Extended::by_mnemonic(&name.text) {
                Some(extended) => found.help(extended.help("")),
                None => found
                    .maybe_help(names::similar("an instruction", &name.text, mnemonics()))
                    .help("any instruction can be written as `word 0x...`"),
            });
        };
        let start = self.here();
        let operands = self.operands(row, is_enclosed)?;
        if operands.len() != row.fields().len() {
            let taken = match row.fields().len() {
                0 => "no operands".to_owned(),
                1 => format!("one operand: {}", signature(row)),
                many => format!("{many} operands: {}", signature(row)),
            };
            let given = operands.len();
            let span = if given == 0 { name.span } else { start.to(self.before()) };
            return Err(
                Diagnostic::error(format!("`{}` takes {taken}", row.mnemonic())).at(span, format!("{given} given"))
            );
        }
        Ok(Instruction::Mnemonic { row, operands })
    }

    fn operands(&mut self, row: Row, is_enclosed: bool) -> Parsed<Vec<Expr>> {
        let mut operands = Vec::new();
        let ends = |cursor: &Self| if is_enclosed { cursor.next_is(")") } else { cursor.is_behind_instruction() };
        if ends(self) {
            return Ok(operands);
        }
        loop {
            let field = row.fields().nth(operands.len()).map(field_name);
            operands.push(
                self.value_of(&field.map_or_else(|| "a value".to_owned(), |field| format!("the operand {field}")))?,
            );
            // A displacement and its base register: `d(ra)`.
            if self.next_is("(") && row.fields().nth(operands.len() - 1).is_some_and(Field::is_displacement) {
                operands.push(self.parenthesised()?);
            }
            if !self.eat(",") {
                break;
            }
        }
        let may_follow = if is_enclosed { "`,` or `)`" } else { "`,`, `;`, `with`, `gives` or the end of the line" };
        if ends(self) { Ok(operands) } else { Err(self.expected(may_follow)) }
    }
}

/// The operands of an instruction as a manual writes them: `RT, D(RA)`.
fn signature(row: Row) -> String {
    let mut text = String::new();
    let mut in_parentheses = false;
    for field in row.fields() {
        if !text.is_empty() {
            text.push_str(if in_parentheses { "(" } else { ", " });
        }
        text.push_str(field_name(field));
        if in_parentheses {
            text.push(')');
        }
        in_parentheses = field.is_displacement();
    }
    text
}

/// A field's name in the manuals.
pub(crate) const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Common(operand) => operand_name(operand),
        Field::Sh6 => "SH",
        Field::Mb6 => "MB",
        Field::Me6 => "ME",
        Field::Ui8 => "UI",
        Field::U => "U",
        Field::Flm => "FLM",
        Field::Bt => "BT",
        Field::Ba => "BA",
        Field::Bb => "BB",
        Field::Bc => "BC",
        Field::Bfa => "BFA",
        Field::L10 => "L",
        Field::Frt => "FRT",
        Field::Frs => "FRS",
        Field::Frb => "FRB",
        Field::Vrt => "VRT",
        Field::Vrs => "VRS",
        Field::Vra => "VRA",
        Field::Vrb => "VRB",
        Field::Xt => "XT",
        Field::Xs => "XS",
        Field::Xa => "XA",
        Field::Xb => "XB",
    }
}

const fn operand_name(operand: Operand) -> &'static str {
    match operand {
        Operand::Rt => "RT",
        Operand::Rs => "RS",
        Operand::Ra | Operand::RaOrZero | Operand::RaTarget | Operand::RaUpdate => "RA",
        Operand::Rb => "RB",
        Operand::Si => "SI",
        Operand::Ui => "UI",
        Operand::D => "D",
        Operand::Ds => "DS",
        Operand::Spr => "SPR",
        Operand::Sr => "SR",
        Operand::Sh => "SH",
        Operand::Mb => "MB",
        Operand::Me => "ME",
        Operand::To => "TO",
        Operand::Fxm => "FXM",
        Operand::Bf => "BF",
        Operand::Bo => "BO",
        Operand::Bi => "BI",
        Operand::E => "E",
        Operand::L => "L",
        Operand::Nb => "NB",
        Operand::Li => "LI",
        Operand::Bd => "BD",
        Operand::Ct => "CT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::path::Path;

    /// A word, and what ends it, with an operand in the place of its name.
    fn sample(word: &str) -> String {
        const SAMPLES: [(&str, &str); 9] = [
            ("RT", "r3"),
            ("RS", "r3"),
            ("RA", "r4"),
            ("RB", "r5"),
            ("SI", "5"),
            ("UI", "5"),
            ("D", "5"),
            ("BD", "8"),
            ("n", "5"),
        ];
        let name = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let end = &word[name.len()..];
        let operand = SAMPLES.iter().find(|(known, _)| *known == name).map_or(name, |(_, operand)| operand);
        format!("{operand}{end}")
    }

    #[test]
    fn what_stands_for_an_extended_mnemonic_is_an_instruction() {
        for Extended { mnemonic, instead, .. } in EXTENDED {
            assert!(Row::by_mnemonic(mnemonic).is_none(), "{mnemonic}");
            let instead: String =
                instead.split_inclusive(|letter: char| !letter.is_alphanumeric()).map(sample).collect();
            let text = format!("# What fails.\nrule unspecified.test\nrun {instead}\n");
            let source = crate::source(Path::new("case.probe"), text.into()).expect("text");
            crate::parse(source).unwrap_or_else(|error| panic!("{mnemonic}: {instead}: {error}"));
        }
    }
}
