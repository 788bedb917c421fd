//! Snippets for special-purpose registers.

use super::Row;
use super::builder::Builder;
use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::spr::{NUMBERS, SPRS, Spr, number as n};
use std::ops::RangeInclusive;

/// Registers that programs do not write, and why.
static NOT_WRITTEN: &[(CpuSet, RangeInclusive<u16>, &str)] = &[
    (CpuSet::all(), n::DEC..=n::DEC, "an interrupt would come at a time nobody knows"),
    (CpuSet::all(), n::DECAR..=n::DECAR, "the same"),
    (CpuSet::all(), n::TBWL..=n::TBWU, "time cannot be compared"),
    (CpuSet::BOOKE, n::TCR..=n::TCR, "timer interrupts; the watchdog resets the machine"),
    (CpuSet::BOOKE, n::DBCR0..=n::DBCR0, "DBCR0[RST] resets the machine"),
    (CpuSet::BOOKE, n::IVPR..=n::IVPR, "the handlers would not be found"),
    (CpuSet::BOOKE, n::IVOR0..=n::IVOR0 + 15, "the same"),
    (CpuSet::G5_970, n::HIOR..=n::HIOR, "the same"),
];

/// Registers that programs do not write while addresses are translated by them.
pub(super) static TRANSLATION: &[RangeInclusive<u16>] =
    &[n::SDR1..=n::SDR1, n::IBAT0U..=n::DBAT0U + 7, n::IBAT4U..=n::DBAT4U + 7];

/// Registers that programs write some bits of only, and why.
static BITS_WRITTEN: &[(u16, u32, &str)] = &[
    (
        n::PID,
        PROCESS,
        "processes have numbers of eight bits (e500 core manual, section 2.12.1); neither side cuts them",
    ),
    (n::PID1, PROCESS, "the same"),
    (n::PID2, PROCESS, "the same"),
    (n::MAS4, !TSIZED_EXTENSION, "TSIZED has four bits (e500 core manual, \"MAS4\"); QEMU's has five"),
];
const PROCESS: u32 = 0xff;
const TSIZED_EXTENSION: u32 = 0x80;

/// True if programs do not write this register.
pub(super) fn is_denied(cpu: &Cpu, number: u16) -> bool {
    NOT_WRITTEN.iter().any(|(cpus, numbers, _)| cpus.intersects(cpu.set) && numbers.contains(&number))
}

/// The registers of a server CPU by which addresses are translated.
pub(super) fn translates(cpu: &Cpu, number: u16) -> bool {
    !cpu.family.is_booke() && TRANSLATION.iter().any(|numbers| numbers.contains(&number))
}

impl Builder {
    /// mfspr of any number, every other time of one that exists; mftb of one of its two.
    pub(super) fn read_spr(&mut self, row: &Row, bits: u32) {
        let number = if row.mnemonic == "mftb" {
            self.rng.u16(n::TBL..=n::TBU)
        } else if self.once_in(2) {
            self.rng.u16(0..NUMBERS)
        } else {
            self.existing(|_| true)
        };
        let register = self.register();
        self.encode(row, bits, &[register.into(), number.into()]);
    }

    /// mtspr, and the value read back.
    pub(super) fn write_spr(&mut self, row: &Row, bits: u32) {
        let cpu = self.cpu;
        let number = self.existing(|spr| !is_denied(cpu, spr.number) && !translates(cpu, spr.number));
        let mask = BITS_WRITTEN
            .iter()
            .find(|(restricted, ..)| *restricted == number)
            .map_or(u64::MAX, |(_, mask, _)| (*mask).into());
        let value = self.value() & mask;
        let (register, other) = (self.register(), self.register());
        self.set_value(register, value);
        self.encode(row, bits, &[number.into(), register.into()]);
        self.op("mfspr", &[other.into(), number.into()]);
    }

    fn existing(&mut self, allowed: impl Fn(&Spr) -> bool) -> u16 {
        let set = self.cpu.set;
        let numbers: Vec<u16> =
            SPRS.iter().filter(|row| row.cpus.intersects(set) && allowed(row)).map(|row| row.number).collect();
        self.rng.choice(numbers).unwrap_or(n::SPRG0)
    }
}
