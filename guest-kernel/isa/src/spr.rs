//! Special-purpose registers: one table for their numbers, privilege, aliases and page fields.
//!
//! A register is one row, for reads and writes alike. Two places drift apart: KVM on e500v2 emulates mtspr of SPRG4-7,
//! but not mfspr (arch/powerpc/kvm/booke_emulate.c).
//!
//! ```text
//!   mfspr/mtspr number --lookup(cpu)--> Spr --cell()--> the register that keeps the value
//!                                        |--access--> who may read or write it under this number
//!                                        '--page----> the magic-page field that shadows it
//! ```
//!
//! A number that has no row on a CPU is undefined there. The Power ISA (Book III, mtspr and mfspr) decides what it
//! does by one bit of the number, see [`undefined`].

mod by_number;
pub mod number;
mod table;
mod unsafe_to_write;

use crate::cpu::{Cpu, CpuSet};
use crate::page::Field;
use core::ops::RangeInclusive;

pub use by_number::NUMBERS_BY_NAME;
pub use table::SPRS;
pub use unsafe_to_write::{UNSAFE_TO_WRITE, UnsafeToWrite};

/// The rows of one CPU, for repeated look-ups.
#[derive(Clone, Copy, Debug)]
pub struct Rows(&'static table::Places);

impl Rows {
    /// Those of a CPU; none of what is no row of [`crate::cpu::CPUS`].
    #[inline]
    #[must_use]
    pub fn of(cpu: &Cpu) -> Option<Self> {
        table::ROWS.get(cpu.set.bits().trailing_zeros() as usize).map(Self)
    }

    /// The row for a number.
    #[inline]
    #[must_use]
    pub fn row(self, number: u16) -> Option<&'static Spr> {
        SPRS.get(usize::from(*self.0.get(usize::from(number))?))
    }
}

/// What may be done with a register under one number in one privilege state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Neither read nor written.
    None,
    /// Read only.
    Read,
    /// Written only.
    Write,
    /// Read and written.
    ReadWrite,
}

impl Access {
    /// True if mfspr works.
    #[inline]
    #[must_use]
    pub const fn can_read(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// True if mtspr works.
    #[inline]
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// The value that mtspr leaves in the register, on the CPU as hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// The register takes it.
    Plain,
    /// The register takes these bits of it; the others are zero.
    Mask(u32),
    /// Ones set bits of the register.
    SetOnes,
    /// Ones clear bits of the register.
    ClearOnes,
    /// The register stays as it is.
    Ignored,
}

impl Write {
    /// What the register holds after a write of `value` over `old`.
    #[must_use]
    pub const fn apply(self, old: u64, value: u64) -> u64 {
        match self {
            Self::Plain => value,
            Self::Mask(mask) => value & mask as u64,
            Self::SetOnes => old | value,
            Self::ClearOnes => old & !value,
            Self::Ignored => old,
        }
    }
}

/// One SPR number on a set of CPUs.
#[derive(Debug)]
pub struct Spr {
    /// The name scripts use; for numbers with two names the one that says what it is for.
    pub name: &'static str,
    /// The number in mfspr and mtspr.
    pub number: u16,
    /// Access in problem state.
    pub problem: Access,
    /// Access in supervisor state.
    pub supervisor: Access,
    /// The number whose register this one shows; its own unless it is an alias.
    pub cell: u16,
    /// The magic-page field that shadows it.
    pub page_field: Option<&'static Field>,
    /// What a write does.
    pub write: Write,
    /// Its value after power-on.
    pub reset: u32,
    /// The CPUs this row holds for.
    pub cpus: CpuSet,
}

/// What mfspr or mtspr does with a number that is undefined on a CPU: as arch/powerpc/kvm/book3s_emulate.c does it,
/// which the e500, 440 and 7400 manuals allow (cases/rules.toml, spr.illegal-in-problem-state).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// Illegal-instruction program interrupt (or emulation assist).
    Illegal,
    /// Privileged-instruction program interrupt.
    Privileged,
    /// No operation: the registers stay as they are.
    NoOp,
}

/// Numbers that mfspr and mtspr can have: the field has ten bits.
pub const NUMBERS: u16 = 1 << 10;

/// Bit of the SPR number (spr0 in the ISA's split notation) that marks privileged registers.
pub const PRIVILEGED_BIT: u16 = 0x10;

/// Number of the MQ register of the POWER architecture: in supervisor state it raises an interrupt where others do
/// nothing.
const LEGACY_MQ: u16 = 0;
/// Numbers under which the POWER architecture reads its real-time clock and decrementer: mfspr of them does the same.
const LEGACY_CLOCK: [u16; 3] = [4, 5, 6];
/// Numbers that do nothing in any state since POWER8 (Power ISA 3.0B Book III, section 4.4.4, mtspr and mfspr).
const RESERVED_NO_OPS: RangeInclusive<u16> = 808..=811;

/// What an undefined number does on a CPU in the given privilege state, if read (`write` false) or written.
#[must_use]
pub fn undefined(cpu: &Cpu, number: u16, problem_state: bool, write: bool) -> Undefined {
    let legacy = number == LEGACY_MQ || !write && LEGACY_CLOCK.contains(&number);
    if cpu.set.intersects(CpuSet::POWER) && RESERVED_NO_OPS.contains(&number) {
        Undefined::NoOp
    } else if number & PRIVILEGED_BIT != 0 {
        if problem_state { Undefined::Privileged } else { Undefined::NoOp }
    } else if problem_state || legacy {
        Undefined::Illegal
    } else {
        Undefined::NoOp
    }
}

const fn spr(name: &'static str, number: u16, problem: Access, supervisor: Access, cpus: CpuSet) -> Spr {
    Spr { name, number, problem, supervisor, cell: number, page_field: None, write: Write::Plain, reset: 0, cpus }
}

impl Spr {
    /// A field that is not in the page does not compile.
    const fn in_page(self, field: &str) -> Self {
        Self { page_field: Some(Field::named(field)), ..self }
    }

    const fn alias_of(self, cell: u16) -> Self {
        Self { cell, ..self }
    }

    const fn written(self, write: Write) -> Self {
        Self { write, ..self }
    }

    const fn resets_to(self, reset: u32) -> Self {
        Self { reset, ..self }
    }

    /// True if this number shows a register whose own number is another.
    #[must_use]
    pub const fn is_alias(&self) -> bool {
        self.cell != self.number
    }

    /// The row for a number on a CPU.
    #[inline]
    #[must_use]
    pub fn lookup(cpu: &Cpu, number: u16) -> Option<&'static Self> {
        Rows::of(cpu)?.row(number)
    }

    /// Every row of this name (a name may stand for several numbers: DEAR and DAR do not, PIR does).
    pub fn by_name(name: &str) -> impl Iterator<Item = &'static Self> {
        SPRS.iter().filter(move |spr| spr.name == name)
    }

    /// The user-readable alias of the register this row names, if it has one.
    #[must_use]
    pub fn user_alias(&self) -> Option<&'static Self> {
        SPRS.iter().find(|alias| alias.is_alias() && alias.cell == self.cell && alias.problem.can_read())
    }

    /// True if the number is defined for mtspr (`write`) or mfspr: a number that can only be read is undefined for
    /// mtspr (Power ISA 3.0B Book III, section 4.4.4, the hyphens in the table of SPRs).
    #[must_use]
    pub fn is_defined(cpu: &Cpu, number: u16, write: bool) -> bool {
        Self::lookup(cpu, number).is_some_and(|row| row.is_defined_for(write))
    }

    /// True if this row's number is defined for mtspr (`write`) or mfspr.
    #[inline]
    #[must_use]
    pub const fn is_defined_for(&self, write: bool) -> bool {
        if write { self.supervisor.can_write() } else { self.supervisor.can_read() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CPUS;

    #[test]
    fn a_number_has_at_most_one_row_on_a_cpu() {
        for cpu in CPUS {
            for number in 0..NUMBERS {
                let rows = SPRS.iter().filter(|spr| spr.number == number && spr.cpus.intersects(cpu.set)).count();
                assert!(rows <= 1, "{number} on {}", cpu.name);
            }
        }
    }

    #[test]
    fn sprg4_is_shown_to_user_code_by_260() {
        let sprg4 = Spr::by_name("SPRG4").next().expect("in the table");
        assert_eq!(sprg4.user_alias().map(|alias| alias.number), Some(260));
    }
}
