//! A script as it was written: names not yet looked up, loops not yet written out.

use super::diagnostic::Diagnostic;
use super::setting::{ByteOrder, GuestWord, Privilege};
use super::span::Span;
use sprig_isa::exception::Exception;
use sprig_isa::insn::script::Row;
use sprig_judge::case::Comparison;
use sprig_judge::feature::Feature;
use sprig_wire::bytecode::Alu;
use sprig_wire::firmware::Service;
use sprig_wire::host::HostCall;

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A whole file.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) header: Header,
    pub(super) body: Vec<Statement>,
}

/// Everything in front of the first step.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The comment at the beginning, without `#`, lines kept.
    pub(super) prose: String,
    pub(super) rules: Vec<Name>,
    pub(super) needs: Vec<(Feature, Span)>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) privilege: Option<(Vec<Privilege>, Span)>,
    pub(super) word: Option<(Vec<GuestWord>, Span)>,
    pub(super) order: Option<(Vec<ByteOrder>, Span)>,
    pub(super) kills: Option<Span>,
    /// A line of the header was wrong: what is missing may have been on it.
    pub(super) broken: bool,
    /// What it needs may have been on a wrong line.
    pub(super) needs_more: bool,
    /// Words of the line being read that are wrong, while the line as a whole is not.
    pub(super) mistakes: Vec<Diagnostic>,
    /// Parameters that wrong lines were to define.
    pub(super) unknown: Vec<String>,
}

/// One `param` line.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: Name,
    pub(super) values: Values,
}

/// The values of a parameter or a loop.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) items: Vec<Item>,
    pub(super) except: Vec<Item>,
    pub(super) span: Span,
}

/// One value, or a range with both ends.
#[derive(Debug)]
pub(super) enum Item {
    One(Expr),
    Range(Expr, Expr),
}

impl Item {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::One(value) => value.span,
            Self::Range(low, high) => low.span.to(high.span),
        }
    }

    /// True if one of these names is in it.
    pub(super) fn mentions(&self, is: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::One(value) => value.mentions(is),
            Self::Range(low, high) => low.mentions(is) || high.mentions(is),
        }
    }
}

/// One line, or one block with the lines inside.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) line: u32,
    pub(super) kind: StatementKind,
}

#[derive(Debug)]
pub(super) enum StatementKind {
    Step(Box<Step>),
    Expect(Expect),
    Block(Block),
    /// A line that means nothing and has been reported; it was to observe this.
    Broken(Option<Name>),
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: Option<Name>,
    pub(super) may_trap: Option<Span>,
    pub(super) varying: Option<Span>,
    pub(super) action: Action,
    /// The step without its name.
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Expect {
    pub(super) condition: Expr,
    pub(super) rule: Option<Name>,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) header: BlockHeader,
    /// The line that opens it, without the brace.
    pub(super) span: Span,
    pub(super) body: Vec<Statement>,
    /// Line of the closing brace.
    pub(super) end_line: u32,
}

#[derive(Debug)]
pub(super) enum BlockHeader {
    User,
    Privilege,
    /// Its rounds; none: as many as a `hold` takes.
    Race(Option<Expr>),
    For {
        variable: Name,
        values: Values,
    },
    On {
        feature: Feature,
        present: bool,
    },
    /// A wrong line that ended in `{`; it was to define this loop variable.
    Broken(Option<Name>),
}

/// Width of a load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Byte,
    Half,
    Word,
    Double,
}

impl Size {
    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::Byte => 8,
            Self::Half => 16,
            Self::Word => 32,
            Self::Double => 64,
        }
    }
}

/// Something that makes a hypervisor run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // docs/language.md describes each
pub enum ExitKind {
    Mfpvr,
    Mfmsr,
    Hcall,
    Sc,
    Trap,
    Rfi,
    Mmio,
    TlbMiss,
}

impl ExitKind {
    pub(super) const ALL: [(&'static str, Self); 8] = [
        ("mfpvr", Self::Mfpvr),
        ("mfmsr", Self::Mfmsr),
        ("hcall", Self::Hcall),
        ("sc", Self::Sc),
        ("trap", Self::Trap),
        ("rfi", Self::Rfi),
        ("mmio", Self::Mmio),
        ("tlb-miss", Self::TlbMiss),
    ];

    /// Its name in scripts.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

#[derive(Debug)]
pub(super) enum Action {
    Mfspr(Expr),
    Mtspr(Expr, Expr),
    Mfmsr,
    Mtmsr(Expr),
    LoadField(Field),
    StoreField(Field, Expr),
    Load(Size, Expr),
    Store(Size, Expr, Expr),
    Hcall { token: Expr, arguments: Vec<(Expr, Expr)> },
    MapPage { ea: Option<Expr>, pa: Option<Expr>, flags: Option<Expr> },
    Exit(Option<ExitKind>),
    Code(Expr, Vec<Instruction>),
    Run(Run),
    Patched(Run),
    Let(Expr),
    Taken { exception: Exception, within: Option<Expr> },
    Spin(Expr),
    Hold,
    Map { ea: Expr, pa: Expr, rights: u8 },
    Unmap(Expr),
    Host { call: &'static HostCall, arguments: Vec<Expr> },
    Firmware { service: &'static Service, arguments: Vec<Expr> },
    Restore,
    Reset,
}

/// A field of the magic page.
#[derive(Debug)]
pub(super) enum Field {
    Named(&'static sprig_isa::page::Field),
    /// The one that shadows this register.
    Shadowing(Expr),
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) instructions: Vec<Instruction>,
    pub(super) with: Vec<(Expr, Expr)>,
    pub(super) gives: Vec<Expr>,
}

#[derive(Debug)]
pub(super) enum Instruction {
    Word(Expr),
    /// A partition's hypercall.
    Papr,
    Mnemonic {
        row: Row,
        operands: Vec<Expr>,
    },
    /// One with a mistake, which has been reported.
    Broken,
}

/// A value, a register, or a condition: which of them is decided by where it stands.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    Number(u64),
    /// `name`, `name[round]`, `name.part`, `name[round].part`.
    Name(Reference),
    /// `number(REG)`.
    NumberOf(Box<Expr>),
    /// `alias(REG)`.
    AliasOf(Box<Expr>),
    /// `REGISTER.FIELD(value)`.
    FieldOf(Name, Box<Expr>),
    /// `insn(INSN)`.
    Insn(Box<Instruction>),
    Negate(Box<Expr>),
    Complement(Box<Expr>),
    Multiply(Box<Expr>, Box<Expr>),
    Binary(Alu, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Item>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
}

#[derive(Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) name_span: Span,
    /// The values in brackets.
    pub(super) round: Vec<Expr>,
    pub(super) part: Option<Name>,
}

impl Expr {
    /// True if one of these names is in it.
    pub(super) fn mentions(&self, is: &dyn Fn(&str) -> bool) -> bool {
        match &self.kind {
            ExprKind::Number(_) => false,
            ExprKind::Name(reference) => is(&reference.name) || reference.round.iter().any(|round| round.mentions(is)),
            ExprKind::NumberOf(inner)
            | ExprKind::AliasOf(inner)
            | ExprKind::FieldOf(_, inner)
            | ExprKind::Negate(inner)
            | ExprKind::Complement(inner)
            | ExprKind::Not(inner) => inner.mentions(is),
            ExprKind::Insn(instruction) => match &**instruction {
                Instruction::Word(word) => word.mentions(is),
                Instruction::Papr | Instruction::Broken => false,
                Instruction::Mnemonic { operands, .. } => operands.iter().any(|operand| operand.mentions(is)),
            },
            ExprKind::Multiply(left, right)
            | ExprKind::Binary(_, left, right)
            | ExprKind::Compare(_, left, right)
            | ExprKind::And(left, right)
            | ExprKind::Or(left, right) => left.mentions(is) || right.mentions(is),
            ExprKind::In(left, members) => left.mentions(is) || members.iter().any(|member| member.mentions(is)),
        }
    }
}
