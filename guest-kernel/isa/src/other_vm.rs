//! The program of another virtual machine on the same CPU: it has values of its own in its SPRGs, and reads them and
//! their aliases over and over.
//!
//! ```text
//!   at entry:  r3 = 0   r5 = where to store   r7 = pause   r16-r23 = what SPRG0-7 are to hold   CTR = rounds
//!
//!              mfmsr r4;  oris r4, r4, VEC or SPE;  ori r4, r4, FP;  mtmsr r4;  isync      what it has of these
//!              lfd fn, 0(0);  mtfsfi 7, 1                               for each n
//!              vspltisw vn, 5;  mtvscr v0
//!              evmergelo rn, r16, rn;  evmra r16, r16;  mtspr SPEFSCR, r3
//!              mtspr  SPRGn, r(16+n)                                    for each
//!     round:   mfspr  r4, SPRGn;  xor r4, r4, r(16+n)                   for each, and for each alias
//!              neg r6, r4;  or r6, r6, r4                               its first bit is 1 unless r4 is zero
//!              rlwinm r6, r6, to the register's bit;  or r3, r3, r6
//!              mfctr r8;  mtctr r7
//!     pause:   no-ops;  bdnz pause                                      computes, for as long as it is told
//!              mtctr r8
//!              bdnz   round
//!              stw    r3, 0(r5)                                         which ever held something else
//!     or:      H_LOGICAL_CI_STORE of r3 to r5
//! ```
//!
//! It uses the registers that its CPU has; the script says which, so that the host's side need not know. SPRG4-7 are
//! read only under their aliases if they have any: Linux's KVM does not emulate mfspr of them on embedded CPUs. The
//! registers of the floating-point unit, the vector unit and the SPE it only fills: a hypervisor leaves a unit to the
//! guest that uses it until another wants it, so what is not saved is lost then.

use crate::branch;
use crate::cpu::{Cpu, CpuSet};
use crate::hcall::papr::H_LOGICAL_CI_STORE;
use crate::insn::script::OnlyInScripts;
use crate::insn::{Insn, Operand};
use crate::msr;
use crate::spr::{Spr, number};

/// SPRG0-7.
const SPRGS: u16 = 8;
/// An alias has the number of its register less this: USPRG4 (260) of SPRG4 (276).
const ALIAS_DISTANCE: u16 = number::SPRG4 - number::USPRG4;
/// After the bits of the registers.
const ALIASES_SHIFT: u16 = SPRGS;
/// After those of the aliases.
const UNITS_SHIFT: u16 = 2 * SPRGS;

const RESULT: u16 = 3;
const READ: u16 = 4;
const DEVICE: u16 = 5;
const DIFFERS: u16 = 6;
const PAUSE: u16 = 7;
const ROUNDS_LEFT: u16 = 8;
/// The first of those that hold what the registers are to hold.
const EXPECTED: u16 = 16;

/// How often every register is read. Each takes an exit, but for the aliases: this is several ticks of a host's timer.
pub const ROUNDS: u64 = 500;

/// Instructions of a round of the pause: where the host is emulated and counts instructions, a loop costs its branches.
pub const PAUSE_INSTRUCTIONS: u64 = 64;
const PAUSE_NO_OPS: usize = PAUSE_INSTRUCTIONS as usize - 1;

/// The instructions of a check, without what depends on the register.
const CHECK: [u32; 6] = [
    rt("mfspr", READ),
    logical("xor", READ, READ) & !field(Operand::Rb, READ),
    rt("neg", DIFFERS) | field(Operand::Ra, READ),
    logical("or", DIFFERS, READ),
    Insn::named("rlwinm").word | field(Operand::RaTarget, DIFFERS) | field(Operand::Rs, DIFFERS),
    logical("or", RESULT, DIFFERS),
];

/// A unit with registers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    FloatingPoint,
    Vector,
    Spe,
}

impl Unit {
    const ALL: [Self; 3] = [Self::FloatingPoint, Self::Vector, Self::Spe];

    /// The CPUs with one, as far as their KVM was tried.
    const fn cpus(self) -> CpuSet {
        match self {
            Self::FloatingPoint => CpuSet::BOOK3S,
            Self::Vector => CpuSet::G4_7447.union(CpuSet::BOOK3S64),
            Self::Spe => CpuSet::E500V2,
        }
    }

    const fn bit(self) -> u16 {
        UNITS_SHIFT + self as u16
    }

    /// Its bit in the MSR.
    const fn msr(self) -> u64 {
        match self {
            Self::FloatingPoint => msr::FP,
            Self::Vector => msr::book3s::VEC,
            Self::Spe => msr::booke::SPE,
        }
    }

    /// The instruction that sets it in the MSR's image, in the half where it is.
    const fn enables(self) -> u32 {
        let (mnemonic, bits) = match self.msr() >> 16 {
            0 => ("ori", self.msr() as u16),
            upper => ("oris", upper as u16),
        };
        Insn::named(mnemonic).word | field(Operand::RaTarget, READ) | field(Operand::Rs, READ) | bits as u32
    }

    /// The instruction that fills its register `n`.
    const fn fills(self, n: u16) -> u32 {
        const LFD: u32 = OnlyInScripts::word_of("lfd");
        const EVMERGELO: u32 = OnlyInScripts::word_of("evmergelo");
        /// vspltisw v0, 5 (Power ISA, Book I, "Vector Splat Immediate Signed Word"), which no script knows.
        const VSPLTISW_5: u32 = 4 << 26 | 5 << 16 | 908;
        match self {
            Self::FloatingPoint => LFD | field(Operand::Rt, n),
            Self::Vector => VSPLTISW_5 | field(Operand::Rt, n),
            Self::Spe => EVMERGELO | field(Operand::Rt, n) | field(Operand::Ra, EXPECTED) | field(Operand::Rb, n),
        }
    }

    /// Those that fill what else it has: FPSCR; VSCR; the accumulator and SPEFSCR.
    const fn fills_status(self) -> &'static [u32] {
        /// mtfsfi 7, 1: BF is at bit 6, U at bit 16.
        const MTFSFI: u32 = OnlyInScripts::word_of("mtfsfi") | 7 << 23 | 1 << 12;
        const MTVSCR: u32 = OnlyInScripts::word_of("mtvscr");
        const EVMRA: u32 =
            OnlyInScripts::word_of("evmra") | field(Operand::Rt, EXPECTED) | field(Operand::Ra, EXPECTED);
        const MTSPEFSCR: u32 = rt("mtspr", RESULT) | field(Operand::Spr, number::SPEFSCR);
        match self {
            Self::FloatingPoint => &[MTFSFI],
            Self::Vector => &[MTVSCR],
            Self::Spe => &[EVMRA, MTSPEFSCR],
        }
    }
}

/// Registers that such a machine has and reads, and units that it has and uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers(u32);

impl Registers {
    /// Those of a CPU: what has a number as an SPRG, and what problem state reads of it elsewhere.
    #[must_use]
    pub fn of(cpu: &Cpu) -> Self {
        let has = |number: u16, cell: u16| Spr::lookup(cpu, number).is_some_and(|row| row.cell == cell);
        let bits = (0..SPRGS).map(|n| (n, number::SPRG0 + n)).fold(0, |bits, (n, cell)| {
            let (register, alias) = (has(cell, cell), has(cell - ALIAS_DISTANCE, cell));
            bits | u32::from(register) << n | u32::from(register && alias) << (ALIASES_SHIFT + n)
        });
        let units = Unit::ALL.into_iter().filter(|unit| unit.cpus().contains(cpu.set));
        Self(units.fold(bits, |bits, unit| bits | 1 << unit.bit()))
    }

    /// As one number: a bit for each of SPRG0-7 from the lowest on, then one for the alias of each. So the program
    /// says, too, which differed. Then one for each unit, of which it says nothing.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From such a number.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Without the units, for a machine that has none.
    #[must_use]
    pub const fn without_units(self) -> Self {
        Self(self.0 & ((1 << UNITS_SHIFT) - 1))
    }

    fn has(self, bit: u16) -> bool {
        self.0 >> bit & 1 != 0
    }
}

/// How it tells what it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It stores to the device.
    Store,
    /// It has its hypervisor store there: the real mode of a partition reaches no device.
    Hypercall,
}

impl Ending {
    fn instructions(self) -> &'static [u32] {
        /// Bytes that are stored.
        const SIZE: i64 = 4;
        const STORE: [u32; 1] = [rt("stw", RESULT) | field(Operand::RaOrZero, DEVICE)];
        // Token and arguments in r3 to r6, of which r5 holds the address already.
        const HYPERCALL: [u32; 4] = [
            rt("addi", 6) | field(Operand::RaOrZero, RESULT),
            rt("addi", 4) | immediate(SIZE),
            rt("addi", 3) | immediate(H_LOGICAL_CI_STORE as i64),
            Insn::named("sc1").word,
        ];
        match self {
            Self::Store => &STORE,
            Self::Hypercall => &HYPERCALL,
        }
    }
}

const fn immediate(value: i64) -> u32 {
    match Operand::Si.insert(value) {
        Some(bits) => bits,
        None => panic!("larger than the field"),
    }
}

/// The instruction words.
pub fn program(registers: Registers, ending: Ending) -> impl Iterator<Item = u32> {
    let sprgs = (0..SPRGS).filter(move |n| registers.has(*n));
    let set =
        sprgs.clone().map(|n| const { rt("mtspr", 0) } | field(Operand::Rs, EXPECTED + n) | spr(number::SPRG0 + n));
    let is_shown = move |n: &u16| registers.has(ALIASES_SHIFT + n);
    let by_trap = sprgs.filter(move |n| number::SPRG0 + n < number::SPRG4 || !is_shown(n));
    let by_trap = by_trap.map(|n| (n, n, number::SPRG0 + n));
    let aliases = (0..SPRGS).filter(is_shown).map(|n| (ALIASES_SHIFT + n, n, number::SPRG0 + n - ALIAS_DISTANCE));
    let reads = by_trap.chain(aliases);
    let back = -(4 * (CHECK.len() * reads.clone().count() + PAUSE_LENGTH) as i64);
    let checks = reads.flat_map(|(bit, n, number)| {
        let [mfspr, xor, neg, or, rlwinm, collect] = CHECK;
        let place = LAST_BIT - bit;
        let to_bit = field(Operand::Sh, bit + 1) | field(Operand::Mb, place) | field(Operand::Me, place);
        [mfspr | spr(number), xor | field(Operand::Rb, EXPECTED + n), neg, or, rlwinm | to_bit, collect]
    });
    units(registers)
        .chain(set)
        .chain(checks)
        .chain(pause())
        .chain([bdnz(back)])
        .chain(ending.instructions().iter().copied())
}

/// Fills the units, if there are any.
fn units(registers: Registers) -> impl Iterator<Item = u32> {
    const MFMSR: u32 = rt("mfmsr", READ);
    const MTMSR: u32 = rt("mtmsr", 0) | field(Operand::Rs, READ);
    const ISYNC: u32 = Insn::named("isync").word;
    const FILLED: u16 = 32;
    let present = Unit::ALL.into_iter().filter(move |unit| registers.has(unit.bit()));
    let has_any = registers != registers.without_units();
    let begin = has_any.then_some(MFMSR).into_iter().chain(present.clone().map(Unit::enables));
    let enabled = has_any.then_some([MTMSR, ISYNC]).into_iter().flatten();
    let filled =
        present.flat_map(|unit| (0..FILLED).map(move |n| unit.fills(n)).chain(unit.fills_status().iter().copied()));
    begin.chain(enabled).chain(filled)
}

const PAUSE_LENGTH: usize = PAUSE_NO_OPS + 4;

fn pause() -> impl Iterator<Item = u32> {
    const MOVE: [u32; 3] = [
        rt("mfspr", ROUNDS_LEFT) | field(Operand::Spr, number::CTR),
        rt("mtspr", 0) | field(Operand::Rs, PAUSE) | field(Operand::Spr, number::CTR),
        rt("mtspr", 0) | field(Operand::Rs, ROUNDS_LEFT) | field(Operand::Spr, number::CTR),
    ];
    /// ori r0, r0, 0
    const NO_OP: u32 = Insn::named("ori").word;
    let [save, start, restore] = MOVE;
    let again = bdnz(-(4 * PAUSE_NO_OPS as i64));
    [save, start].into_iter().chain([NO_OP; PAUSE_NO_OPS]).chain([again, restore])
}

fn bdnz(displacement: i64) -> u32 {
    const BDNZ: u32 = Insn::named("bc").word | field(Operand::Bo, branch::DECREMENTED as u16);
    BDNZ | Operand::Bd.insert(displacement).expect("the program is shorter than a conditional branch reaches")
}

/// What the general registers hold at entry. It pauses for `pause` rounds of [`PAUSE_INSTRUCTIONS`] between two rounds
/// of its program.
#[must_use]
pub fn general_registers(value: u32, device: u64, pause: u64) -> [u64; 32] {
    let mut registers = [0; 32];
    registers[usize::from(DEVICE)] = device;
    registers[usize::from(PAUSE)] = pause;
    for n in 0..SPRGS {
        registers[usize::from(EXPECTED + n)] = value.wrapping_add(n.into()).into();
    }
    registers
}

/// The last bit of a word, as the rotate instructions count.
const LAST_BIT: u16 = 31;

const fn field(operand: Operand, value: u16) -> u32 {
    match operand.insert(value as i64) {
        Some(bits) => bits,
        None => panic!("larger than the field"),
    }
}

fn spr(number: u16) -> u32 {
    field(Operand::Spr, number)
}

const fn rt(mnemonic: &str, register: u16) -> u32 {
    Insn::named(mnemonic).word | field(Operand::Rt, register)
}

/// `mnemonic target, target, source`.
const fn logical(mnemonic: &str, target: u16, source: u16) -> u32 {
    Insn::named(mnemonic).word
        | field(Operand::RaTarget, target)
        | field(Operand::Rs, target)
        | field(Operand::Rb, source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::script;
    use crate::insn::word::assemble;

    fn registers_of(name: &str) -> u32 {
        Registers::of(Cpu::by_name(name).expect("a CPU of the table")).bits()
    }

    #[test]
    fn a_cpu_has_the_registers_of_the_table() {
        let names = ["e500v2", "440", "7447", "750", "power8"];
        assert_eq!(names.map(registers_of), [0x4_f8ff, 0xf0ff, 0x3_f0ff, 0x1_000f, 0x3_080f]);
    }

    #[test]
    fn the_program_is_the_one_that_is_described() {
        let check = |number: i64, bit: i64| {
            let to_bit = [6, 6, bit + 1, 31 - bit, 31 - bit];
            let differs = [assemble("xor", &[4, 4, 19]), assemble("neg", &[6, 4]), assemble("or", &[6, 6, 4])];
            let collected = [assemble("rlwinm", &to_bit), assemble("or", &[3, 3, 6])];
            [assemble("mfspr", &[4, number])].into_iter().chain(differs).chain(collected)
        };
        let expected = [assemble("mtspr", &[275, 19])]
            .into_iter()
            .chain(check(275, 3))
            .chain(check(259, 11))
            .chain([assemble("mfspr", &[8, 9]), assemble("mtspr", &[9, 7])])
            .chain([assemble("ori", &[0, 0, 0]); 63])
            .chain([assemble("bc", &[16, 0, -252]), assemble("mtspr", &[9, 8])])
            .chain([assemble("bc", &[16, 0, -48 - 268]), assemble("stw", &[3, 0, 5])]);
        let bits = Registers::from_bits(1 << 11 | 1 << 3);
        assert!(program(bits, Ending::Store).map(Some).eq(expected));
        // The call's token in r3: bytes, address and value in r4 to r6.
        let call = [
            assemble("addi", &[6, 3, 0]),
            assemble("addi", &[4, 0, 4]),
            assemble("addi", &[3, 0, 0x40]),
            assemble("sc1", &[]),
        ];
        let others = program(bits, Ending::Store).count() - 1;
        assert!(program(bits, Ending::Hypercall).skip(others).map(Some).eq(call));
    }

    #[test]
    fn units_are_filled_before_anything_else() {
        let scripts =
            |mnemonic: &str, values: &[i64]| script::Row::by_mnemonic(mnemonic).and_then(|row| row.encode(values));
        let starts = |bits, expected: &[Option<u32>]| {
            let program = program(Registers::from_bits(bits), Ending::Store).map(Some);
            assert!(program.take(expected.len()).eq(expected.iter().copied()), "{bits:#x}");
        };
        let [mfmsr, mtmsr, isync] = [assemble("mfmsr", &[4]), assemble("mtmsr", &[4]), assemble("isync", &[])];
        let floating: [_; 32] = core::array::from_fn(|n| scripts("lfd", &[n as i64, 0, 0]));
        let begin = [mfmsr, assemble("ori", &[4, 4, 0x2000]), mtmsr, isync];
        starts(1 << 16, &[&begin[..], &floating, &[scripts("mtfsfi", &[7, 1])]].concat());
        let upper: [_; 32] = core::array::from_fn(|n| scripts("evmergelo", &[n as i64, 16, n as i64]));
        let begin = [mfmsr, assemble("oris", &[4, 4, 0x200]), mtmsr, isync];
        let end = [scripts("evmra", &[16, 16]), assemble("mtspr", &[512, 3])];
        starts(1 << 18, &[&begin[..], &upper, &end].concat());
        let vectors: [_; 32] = core::array::from_fn(|n| Some(0x1005_038c | (n as u32) << 21));
        starts(1 << 17, &[&begin[..], &vectors, &[scripts("mtvscr", &[0])]].concat());
        assert_eq!(Registers::from_bits(0x7_f8ff).without_units(), Registers::from_bits(0xf8ff));
    }

    #[test]
    fn a_register_from_sprg4_on_is_read_under_its_alias() {
        let reads = |bits| {
            let is_read = |word: &u32| Insn::named("mfspr").is(*word) && Some(*word) != assemble("mfspr", &[8, 9]);
            program(Registers::from_bits(bits), Ending::Store).filter(is_read).count()
        };
        assert_eq!((reads(1 << 4), reads(1 << 4 | 1 << 12), reads(1 << 3 | 1 << 11)), (1, 1, 2));
    }
}
