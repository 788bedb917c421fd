//! The program that leaves nothing to chance: every special-purpose register number and every opcode, in both states.

use super::builder::Builder;
use super::special;
use super::{Program, Row};
use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::spr::{NUMBERS, SPRS, Spr};
use sprig_refhv::cpu::opcode::{primary, x19, x31};

/// What is written to each register: all ones show which bits it has, the others that it keeps them apart.
const VALUES: [u64; 3] = [u64::MAX, 0x5a5a_a5a5_5a5a_a5a5, 0];
/// What the register holds that a number is read into, and the number added.
const KEPT: u32 = 0x1234_0000;
/// Values of the primary opcode, and of an extended opcode of ten bits.
const PRIMARIES: u32 = 64;
const EXTENDED: u32 = 1024;
const MCRF_MODULUS: u32 = 32;

/// Primary opcodes with an extended opcode.
const WITH_EXTENDED: [u32; 2] = [primary::X19, primary::X31];
/// Opcodes that QEMU takes for instructions though the CPU does not have them, or ignores reserved bits of, and those
/// that the CPU has and the reference has not. What a program must not do, and no guest of the reference does.
const NOT_SWEPT: &[(CpuSet, u32, &[u32], &str)] = &[
    (CpuSet::all(), primary::X31, &[x31::MULHW | x31::OE, x31::MULHWU | x31::OE], "mulhw, mulhwu with a reserved bit"),
    (
        CpuSet::all(),
        primary::X31,
        &[x31::STBCX, x31::STHCX, x31::STWCX, x31::STDCX],
        "conditional stores without Rc: the reference takes them for those with it",
    ),
    (CpuSet::all(), primary::X31, &[658, 690, 722, 754], "mtsr, mtsrin with a reserved bit"),
    (CpuSet::E500V2, primary::X31, &[x31::TLBILX], "tlbilx: of e500mc"),
    (
        CpuSet::E500V2,
        primary::X31,
        &[31, 63, 95, 127, 159, 223, 255, 287, 319, 415, 607, 735, 991, 1023],
        "loads, stores and cache instructions by external PID: of e500mc",
    ),
    (CpuSet::G5_970, primary::X31, &[x31::MULHD | x31::OE, x31::MULHDU | x31::OE], "mulhd, mulhdu with a reserved bit"),
    (CpuSet::G5_970, primary::X31, &[822], "dss: of 970, not of the reference"),
    (CpuSet::G4_7447, primary::X31, &[x31::TLBIEL], "tlbiel: of 64-bit CPUs"),
    (CpuSet::G4_7447, primary::X31, &[370], "tlbia: of none of these CPUs"),
    (CpuSet::G4_7447, primary::X31, &[310, 438, 822], "eciwx, ecowx, dss: of 7447, not of the reference"),
];
/// Primary opcodes of units that are switched off: whether an undefined instruction of one is illegal, or the unit
/// unavailable, is the implementation's choice.
const OF_UNITS: [u32; 3] = [primary::VECTOR, primary::FP59, primary::FP63];
/// Some instructions that they do define.
const DEFINED_BY_UNITS: [(&str, CpuSet, u32); 7] = [
    ("evaddw", CpuSet::E500V2, primary::VECTOR << 26 | 0x200),
    ("evldd", CpuSet::E500V2, primary::VECTOR << 26 | 0x301),
    ("vaddubm", CpuSet::G4_7447, primary::VECTOR << 26),
    ("vand", CpuSet::G4_7447, primary::VECTOR << 26 | 0x404),
    ("fadds", CpuSet::G4_7447, primary::FP59 << 26 | 0x2a),
    ("fadd", CpuSet::G4_7447, primary::FP63 << 26 | 0x2a),
    ("fmr", CpuSet::G4_7447, primary::FP63 << 26 | 0x90),
];

/// Every number by mfspr and mtspr, and every opcode that has no row, each in supervisor and in problem state.
#[must_use]
pub fn sweep(cpu: &'static Cpu) -> Program {
    let mut builder = Builder::new(cpu, 0);
    builder.set_up();
    for problem in [false, true] {
        if problem {
            builder.change_state();
        }
        for number in 0..NUMBERS {
            let register = builder.register();
            // What a number that does not exist leaves as it is.
            builder.set(register, KEPT + u32::from(number));
            builder.op("mfspr", &[register.into(), number.into()]);
            if problem {
                builder.op("mtspr", &[number.into(), register.into()]);
            } else if !special::is_denied(cpu, number) {
                builder.write_and_restore(number);
            }
        }
        for word in undefined(cpu).chain(builder.of_units()) {
            builder.word(word);
        }
    }
    builder.finish()
}

/// One word for each opcode that no row has, all fields zero.
fn undefined(cpu: &Cpu) -> impl Iterator<Item = u32> + use<> {
    let opcodes = (0..PRIMARIES).filter(|primary| !OF_UNITS.contains(primary)).flat_map(|primary| {
        let extended = if WITH_EXTENDED.contains(&primary) { EXTENDED } else { 1 };
        (0..extended).map(move |extended| (primary, extended))
    });
    let (cpu, is_64bit) = (cpu.set, cpu.is_64bit);
    let swept = move |(primary, extended): &(u32, u32)| {
        // QEMU looks at five bits of mcrf's extended opcode only.
        let mcrf = *primary == primary::X19 && extended % MCRF_MODULUS == x19::MCRF;
        let listed = |(cpus, of, list, _): &(CpuSet, u32, &[u32], &str)| {
            cpus.intersects(cpu) && of == primary && list.contains(extended)
        };
        !mcrf && !NOT_SWEPT.iter().any(listed)
    };
    opcodes
        .filter(swept)
        .map(|(primary, extended)| primary << 26 | extended << 1)
        .filter(move |word| Row::decode(*word).is_none_or(|(row, _)| row.wide && !is_64bit))
}

impl Builder {
    /// Instructions of units that this CPU has and the program leaves off.
    fn of_units(&self) -> impl Iterator<Item = u32> + use<> {
        let cpu = self.cpu.set;
        DEFINED_BY_UNITS.into_iter().filter(move |(_, cpus, _)| cpus.intersects(cpu)).map(|(_, _, word)| word)
    }

    /// The number by which a register is read that is written by this one.
    fn read_as(&self, number: u16) -> u16 {
        let cell = Spr::lookup(self.cpu, number).map_or(number, |spr| spr.cell);
        let reads = |spr: &&Spr| spr.cell == cell && spr.cpus.intersects(self.cpu.set) && spr.is_defined_for(false);
        if Spr::is_defined(self.cpu, number, false) {
            number
        } else {
            SPRS.iter().find(reads).map_or(number, |spr| spr.number)
        }
    }

    /// Values written to a register and read back, and at last the one it had.
    fn write_and_restore(&mut self, number: u16) {
        let old = self.register();
        let (new, other) = (self.register_but(&[old]), self.register_but(&[old]));
        let read = self.read_as(number);
        self.op("mfspr", &[old.into(), read.into()]);
        for value in VALUES {
            self.set_value(other, value);
            self.op("mtspr", &[number.into(), other.into()]);
            self.op("mfspr", &[new.into(), read.into()]);
        }
        self.op("mtspr", &[number.into(), old.into()]);
    }
}
