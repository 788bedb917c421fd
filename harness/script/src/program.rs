//! One instance of a script with every name looked up and every loop written out, still for any target: steps and
//! expectations carry the guard of the `on` blocks around them.

use super::ast::{ExitKind, Size};
use super::guard::Guard;
use super::setting::GuestWord;
use super::span::Span;
use sprig_isa::exception::Exception;
use sprig_isa::insn::script::Row;
use sprig_isa::page::Field;
use sprig_judge::case::Condition;
use sprig_wire::bytecode::{Alu, Register};
use sprig_wire::host::HostCall;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Steps in different `on` blocks that observe under one name, by the one that terms and values speak of: each
    /// stands for whichever of them a target runs.
    pub(super) joined: BTreeMap<usize, Vec<usize>>,
    pub(super) checks: Vec<Check>,
}

impl Program {
    /// The step that a term or value speaks of on a target that runs the steps `here`, which are in order.
    pub(super) fn run_by(&self, step: usize, here: &[usize]) -> Option<usize> {
        let runs = |step: &usize| here.binary_search(step).is_ok();
        let others = self.joined.get(&step).into_iter().flatten().copied();
        std::iter::once(step).chain(others).find(runs)
    }
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: u32,
    pub(super) span: Span,
    pub(super) guard: Guard,
    /// The observation's name with the values of the loops around it.
    pub(super) name: Option<Arc<str>>,
    pub(super) may_trap: bool,
    pub(super) varying: bool,
    pub(super) in_race: bool,
    pub(super) action: Action,
    pub(super) outputs: Vec<Output>,
}

/// A value that a step logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// Its name after the dot; empty for the step's own value.
    pub(super) name: &'static str,
    /// The name of the register it was found in, which is another name for it.
    pub(super) register: Option<&'static str>,
    /// How many of its bits can be other than zero.
    pub(super) width: Width,
}

/// How wide a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// This many bits, whatever the guest kernel.
    Bits(u32),
    /// As wide as the guest kernel's registers.
    Word,
}

impl Width {
    /// Of a guest kernel with this word size, bits.
    pub(super) const fn bits(self, word: GuestWord) -> u32 {
        match self {
            Self::Bits(bits) => bits,
            Self::Word => word.bits(),
        }
    }
}

/// One expectation.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) line: u32,
    pub(super) guard: Guard,
    /// Where it stands, without `expect`.
    pub(super) span: Span,
    pub(super) rule: usize,
    /// Steps are indices into [`Program::steps`].
    pub(super) condition: Condition,
}

/// A special register: by name, or by number whatever it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SprRef {
    Named(&'static str),
    Number(u16),
}

/// What a step is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Constant(u64),
    /// An output of an earlier step.
    Observed {
        step: usize,
        output: usize,
    },
}

/// An instruction with its operands in assembler order.
#[derive(Clone, Debug)]
pub(super) enum Instruction {
    Word(u32),
    /// A partition's hypercall: `sc1`, or what stands in for it on the target.
    Papr,
    Row {
        row: Row,
        /// A named special register is filled in by the CPU: its place holds zero.
        operands: Vec<i64>,
        spr: Option<&'static str>,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    Mfspr(SprRef),
    Mtspr(SprRef, Value),
    Mfmsr,
    Mtmsr(Value),
    LoadField(&'static Field),
    StoreField(&'static Field, Value),
    Load(Size, Value),
    Store(Size, Value, Value),
    /// Registers are r3 to r10.
    Hcall {
        token: Value,
        arguments: Vec<(u8, Value)>,
    },
    MapPage {
        ea: u64,
        pa: u64,
        flags: u64,
    },
    Exit(ExitKind),
    Run {
        instructions: Vec<Instruction>,
        with: Vec<(Register, Value)>,
        gives: Vec<Register>,
    },
    /// The patcher over the only instruction of the next step, which is a [`Action::Run`].
    Patch(Instruction),
    Let(Computation),
    Taken {
        exception: Exception,
        rounds: u32,
    },
    Spin(u32),
    Hold,
    Map {
        ea: Value,
        pa: Value,
        rights: u8,
    },
    Unmap(Value),
    Host {
        call: &'static HostCall,
        arguments: Vec<Value>,
    },
    Firmware {
        name: &'static str,
        service: u16,
        arguments: Vec<Value>,
    },
    Restore,
    Reset,
    EnterUser,
    LeaveUser,
    /// Rounds; none: as many as a hold takes.
    RaceBegin(Option<u32>),
    RaceEnd,
}

/// What `let` computes.
#[derive(Clone, Debug)]
pub(super) enum Computation {
    Value(Value),
    Binary(Alu, Box<Computation>, Box<Computation>),
}

impl Action {
    /// True if it asks for an exit in which a hypervisor may forget translations.
    pub(super) const fn may_flush(&self) -> bool {
        matches!(self, Self::Hcall { .. } | Self::MapPage { .. } | Self::Exit(_))
    }

    /// True if it runs instructions in a stub of its own, and so can take an exception.
    pub(super) const fn has_stub(&self) -> bool {
        matches!(
            self,
            Self::Mfspr(_)
                | Self::Mtspr(..)
                | Self::Mfmsr
                | Self::Mtmsr(_)
                | Self::LoadField(_)
                | Self::StoreField(..)
                | Self::Load(..)
                | Self::Store(..)
                | Self::Hcall { .. }
                | Self::MapPage { .. }
                | Self::Exit(_)
                | Self::Run { .. }
        )
    }
}
