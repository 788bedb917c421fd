//! Instructions of chance that a hypervisor executes, translates or interprets without being asked.
//!
//! ```text
//!   table: mnemonic, forms, what computes it --draw--> Execution --text--> run subfe. r7, r21, r4 with ... gives r7, cr, xer
//!   rtl, decisions: what the manual says                   '----outcome--> r7, cr and xer as they must be
//! ```
//!
//! None of them makes a hypervisor run, so nothing else of a script changes by one; and each says all of what it works
//! on, so one by itself shows what it showed among others.

mod branch;
mod decisions;
mod fixed;
mod given;
mod rtl;
mod table;
#[cfg(test)]
mod tests;
mod transfer;

use super::dice::Dice;
use super::environment::Environment;
use super::prediction::Allowed;
use crate::lockstep::program::{ROWS, Row};
use branch::Branch;
use fixed::Computation;
use sprig_isa::cpu::CpuSet;
use sprig_isa::xer;
use transfer::Transfer;

/// The rule about all of them.
pub(super) const RULE: &str = "spr.instruction-gives-its-result";

/// The condition register's first field.
const CR0: u32 = 0xf000_0000;

/// One of them with all that it works on.
#[derive(Clone, Copy, Debug)]
pub enum Execution {
    /// Arithmetic and the like.
    Computation(Computation),
    /// A load or store.
    Transfer(Transfer),
    /// A branch.
    Branch(Branch),
}

/// What it must leave behind.
#[derive(Debug)]
pub(super) enum Outcome {
    /// These, by what the script language calls them, in the order of its line.
    Values(Vec<(String, Allowed)>),
    /// It traps.
    Trap,
}

/// Which of them scripts of an environment can have, one draw of each: for scripts of single things.
pub(super) fn each(environment: &Environment, dice: &mut Dice) -> Vec<Execution> {
    let computations = fixed::here(environment).map(|row| Computation::draw(dice, environment, row));
    let mut all: Vec<Execution> = computations.map(Execution::Computation).collect();
    all.extend(transfer::here(environment).map(|row| Execution::Transfer(Transfer::draw(dice, environment, row))));
    all.extend(branch::ALL.iter().map(|kind| Execution::Branch(Branch::draw(dice, environment, kind))));
    all
}

/// Each computation where its result changes.
pub(super) fn at_edges(environment: &Environment, dice: &mut Dice) -> Vec<Execution> {
    fixed::here(environment)
        .flat_map(|row| Computation::at_edges(dice, environment, row))
        .map(Execution::Computation)
        .collect()
}

/// Any of them.
pub(super) fn any(environment: &Environment, dice: &mut Dice) -> Option<Execution> {
    Some(match dice.below(10) {
        0 => {
            let kind = dice.pick(branch::ALL)?;
            Execution::Branch(Branch::draw(dice, environment, kind))
        }
        1 | 2 => {
            let rows: Vec<_> = transfer::here(environment).collect();
            let row = *dice.pick(&rows)?;
            Execution::Transfer(Transfer::draw(dice, environment, row))
        }
        _ => {
            let rows: Vec<_> = fixed::here(environment).collect();
            let row = *dice.pick(&rows)?;
            Execution::Computation(Computation::draw(dice, environment, row))
        }
    })
}

impl Execution {
    /// Its mnemonic.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Computation(computation) => computation.name(),
            Self::Transfer(transfer) => transfer.name().to_owned(),
            Self::Branch(branch) => branch.name().to_owned(),
        }
    }

    /// The line of the script language.
    pub(super) fn text(&self, environment: &Environment) -> String {
        match self {
            Self::Computation(computation) => computation.text(environment),
            Self::Transfer(transfer) => transfer.text(environment),
            Self::Branch(branch) => branch.text(),
        }
    }

    /// True if the line gives a value: all but those that may trap do.
    pub(super) fn gives_value(&self) -> bool {
        match self {
            Self::Computation(computation) => computation.gives_value(),
            Self::Transfer(_) | Self::Branch(_) => true,
        }
    }

    /// True if another run may give another value, or another host: a POWER9 of QEMU's has OV32 and CA32 in XER, also
    /// where its guest is a POWER8.
    pub(super) fn varies(&self, environment: &Environment) -> bool {
        match self {
            Self::Computation(_) => environment.cpu.set.intersects(CpuSet::POWER),
            Self::Transfer(transfer) => transfer.varies(),
            Self::Branch(_) => false,
        }
    }

    /// True if problem state may do it too.
    pub(super) fn is_unprivileged(&self) -> bool {
        !matches!(self, Self::Transfer(_))
    }

    /// What it must leave behind.
    pub(super) fn outcome(&self, environment: &Environment) -> Outcome {
        match self {
            Self::Computation(computation) => computation.outcome(environment),
            Self::Transfer(transfer) => Outcome::Values(transfer.values(environment)),
            Self::Branch(branch) => Outcome::Values(branch.values(environment)),
        }
    }

    /// The same with simpler values.
    pub(super) fn plainer(&self) -> Vec<Self> {
        match self {
            Self::Computation(computation) => computation.plainer().into_iter().map(Self::Computation).collect(),
            Self::Transfer(transfer) => transfer.plainer().into_iter().map(Self::Transfer).collect(),
            Self::Branch(branch) => branch.plainer().into_iter().map(Self::Branch).collect(),
        }
    }
}

/// The copy of SO that a field of the condition register gets.
fn summary(xer: u32) -> u32 {
    u32::from(xer & xer::SO != 0)
}

/// What lockstep knows of an instruction.
fn row(mnemonic: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.mnemonic == mnemonic)
}

/// True if 64-bit kernels alone try an instruction: so are all that lockstep has not.
fn is_wide(mnemonic: &str) -> bool {
    row(mnemonic).is_none_or(|row| row.wide)
}

/// A value of a general register: the lower word, where a 64-bit CPU runs a 32-bit kernel.
fn seen(environment: &Environment, value: u64) -> Allowed {
    let word = u64::from(u32::MAX);
    if environment.is_wide() || !environment.cpu.is_64bit {
        Allowed::OneOf(vec![environment.cut(value)])
    } else {
        Allowed::Bits(word, value & word)
    }
}
