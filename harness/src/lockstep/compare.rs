//! The comparison: one record of the trace, one step of the reference, and so on to the program's end.

use super::executed::Executed;
use super::known::{KNOWN, Known};
use super::program::Row;
use super::reference::Reference;
use super::register::Register;
use super::trace::Record;
use sprig_isa::cpu::Cpu;
use sprig_refhv::cpu::Pause;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// An instruction after which a register is not the same.
#[derive(Clone, Debug)]
pub struct Difference {
    cpu: &'static Cpu,
    /// How many instructions came before.
    pub index: u64,
    /// The instruction's address.
    pub address: u64,
    /// Its word; zero if it could not be fetched.
    pub word: u32,
    /// The register.
    pub register: Register,
    /// Its value in the reference.
    pub reference: u64,
    /// Its value in QEMU.
    pub qemu: u64,
    /// All registers before the instruction.
    pub before: Record,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, address, word, reference, qemu, .. } = self;
        let register = self.register.name(self.cpu);
        writeln!(f, "after instruction {index} on {}:", self.cpu.name)?;
        writeln!(f, "  {address:08x}: {word:08x}  {}", Row::disassemble(*word))?;
        writeln!(f, "{register} is {reference:08x} in the reference and {qemu:08x} in QEMU")?;
        write!(f, "registers before it:")?;
        for (place, (register, value)) in self.before.values.iter().enumerate() {
            let separator = if place % REGISTERS_PER_LINE == 0 { "\n  " } else { "  " };
            write!(f, "{separator}{:>11} {value:08x}", register.name(self.cpu))?;
        }
        Ok(())
    }
}

const REGISTERS_PER_LINE: usize = 6;

/// Why a comparison stopped.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The program has ended, and so far everything was the same.
    Ended,
    /// Something was not the same.
    Differs(Box<Difference>),
    /// The reference has stopped by itself.
    Stopped {
        /// How.
        pause: Pause,
        /// Where.
        address: u64,
    },
    /// The program has not ended within the instructions it was given.
    Endless {
        /// Where it was.
        address: u64,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("no difference"),
            Self::Differs(difference) => difference.fmt(f),
            Self::Stopped { pause, address } => write!(f, "the reference stopped at {address:#x}: {pause}"),
            Self::Endless { address } => write!(f, "the program has not ended, and is at {address:#x}"),
        }
    }
}

/// What has been compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Instructions.
    pub instructions: u64,
    /// Registers, all instructions together.
    pub registers: u64,
    /// How often each word was executed.
    pub words: BTreeMap<u32, u64>,
    /// How often each known difference was met, by its name.
    pub known: BTreeMap<&'static str, u64>,
    /// Loads and stores of devices, which only QEMU has.
    pub device_accesses: u64,
}

impl Figures {
    /// Adds what another comparison has seen.
    pub fn add(&mut self, other: &Self) {
        self.instructions += other.instructions;
        self.registers += other.registers;
        self.device_accesses += other.device_accesses;
        for (word, count) in &other.words {
            *self.words.entry(*word).or_default() += count;
        }
        for (name, count) in &other.known {
            *self.known.entry(name).or_default() += count;
        }
    }
}

/// What to do about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDifference {
    /// Stop.
    Stop,
    /// Note it, unless the same instruction has differed in the same register before, and go on from QEMU's state. A
    /// store that went wrong is not put right by that.
    GoOn,
}

/// What is compared of a program, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The last thing the program does.
    pub end: End,
    /// Most instructions.
    pub limit: u64,
    /// Effective addresses of devices, which only QEMU has. The reference leaves out a store there; a load gets what
    /// QEMU has loaded.
    pub devices: Range<u64>,
}

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the instruction with this address.
    At(u64),
    /// With a store to this effective address, which is a device's.
    Store(u64),
}

/// A comparison under way.
pub struct Comparison {
    reference: Reference,
    scope: Scope,
    on_difference: OnDifference,
    /// The general register that a load from a device has just set.
    from_device: Option<Register>,
    /// The state before the instruction the reference executed last, and its word.
    before: Option<(Record, u32)>,
    /// What has been compared so far.
    pub figures: Figures,
    /// The differences it has gone on after.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// A comparison that has not begun.
    #[must_use]
    pub fn new(reference: Reference, scope: Scope, on_difference: OnDifference) -> Self {
        let (figures, differences) = (Figures::default(), Vec::new());
        Self { reference, scope, on_difference, from_device: None, before: None, figures, differences }
    }

    /// Takes the state QEMU is in, which the reference should be in too, and lets the reference execute the instruction
    /// there; or says how the comparison has ended.
    pub fn take(&mut self, record: &Record) -> Option<Verdict> {
        if self.before.is_none() {
            self.reference.enter(record);
        }
        if let Some(register) = self.from_device.take()
            && let Some(value) = record.get(register)
        {
            self.reference.set(register, value);
        }
        if let Some(difference) = self.compare(record) {
            // QEMU prints nothing for an instruction that cannot be fetched, but the reference has yet to find that
            // out.
            let elsewhere = difference.register == Register::Nip;
            let fetched = !elsewhere || self.reference.step().is_ok_and(|word| word != 0);
            let difference = if fetched { Some(difference) } else { self.compare(record) };
            if let Some(difference) = difference {
                if self.on_difference == OnDifference::Stop {
                    return Some(Verdict::Differs(Box::new(difference)));
                }
                self.go_on(difference, record);
            }
        }
        if self.scope.end == End::At(record.pc()) {
            return Some(Verdict::Ended);
        }
        if self.figures.instructions == self.scope.limit {
            return Some(Verdict::Endless { address: record.pc() });
        }
        let device = self.reference.storage_access().filter(|access| self.scope.devices.contains(&access.address));
        if device.as_ref().is_some_and(|access| self.scope.end == End::Store(access.address)) {
            return Some(Verdict::Ended);
        }
        let word = match device {
            Some(access) => {
                self.figures.device_accesses += 1;
                self.from_device = access.target;
                self.reference.skip();
                access.word
            }
            None => match self.reference.step() {
                Ok(word) => word,
                Err(pause) => return Some(Verdict::Stopped { pause, address: record.pc() }),
            },
        };
        self.figures.instructions += 1;
        *self.figures.words.entry(word).or_default() += 1;
        match &mut self.before {
            Some((before, before_word)) => {
                before.values.clone_from(&record.values);
                *before_word = word;
            }
            None => self.before = Some((record.clone(), word)),
        }
        None
    }

    /// The first register that is not the same, for no known reason.
    fn compare(&mut self, record: &Record) -> Option<Difference> {
        let reached = self.reference.get(Register::Nip);
        for (register, qemu) in &record.values {
            self.figures.registers += 1;
            let reference = self.reference.get(*register);
            if reference != *qemu && !self.is_known(record, *register, [reference, *qemu], reached) {
                let (before, word) = self.before.clone().unwrap_or_default();
                let (cpu, index) = (self.reference.cpu(), self.figures.instructions.saturating_sub(1));
                let (address, register, qemu) = (before.pc(), *register, *qemu);
                return Some(Difference { cpu, index, address, word, register, reference, qemu, before });
            }
        }
        None
    }

    /// True if this difference is on record; the reference takes over QEMU's value then.
    fn is_known(&mut self, record: &Record, register: Register, [reference, qemu]: [u64; 2], reached: u64) -> bool {
        let Some((before, word)) = &self.before else { return false };
        let executed = Executed { word: *word, before, after: record, reached, reference: &self.reference };
        let cpu = self.reference.cpu();
        let explains = |known: &&Known| {
            known.cpus.intersects(cpu.set) && (reference ^ qemu) & !(known.differing)(&executed, register) == 0
        };
        let Some(known) = KNOWN.iter().find(explains) else { return false };
        *self.figures.known.entry(known.name).or_default() += 1;
        self.reference.set(register, qemu);
        true
    }

    fn go_on(&mut self, difference: Difference, record: &Record) {
        for (register, value) in &record.values {
            self.reference.set(*register, *value);
        }
        /// The opcodes of an instruction word.
        const OPCODES: u32 = 0xfc00_07fe;
        let kind = |difference: &Difference| match super::program::mnemonic(difference.word) {
            "" => (String::from("undefined"), difference.word & OPCODES, difference.register),
            mnemonic => (mnemonic.to_owned(), 0, difference.register),
        };
        if !self.differences.iter().any(|known| kind(known) == kind(&difference)) {
            self.differences.push(difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::elf::{Segment, executable};
    use super::*;
    use sprig_isa::insn::word;
    use sprig_isa::spr::number;
    use sprig_refhv::image::Image;

    const CODE: u32 = 0x1000;
    const SRR1: Register = Register::Spr(number::SRR1);

    /// A comparison of a program on 7447, and the state it begins in.
    fn comparison(words: &[u32], on_difference: OnDifference) -> (Comparison, Record) {
        let bytes = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let file = executable(CODE, &[Segment { address: CODE, bytes }]).expect("it is small");
        let cpu = Cpu::by_name("7447").expect("a CPU of the table");
        let image = Image::parse(&file).expect("an ELF file");
        let reference = Reference::new(cpu, &image, None).expect("it fits");
        let end = End::At(u64::from(CODE) + 4 * words.len() as u64);
        let values = vec![(Register::Nip, CODE.into()), (Register::Gpr(3), 5), (Register::Msr, 0), (SRR1, 0)];
        (Comparison::new(reference, Scope { end, limit: 10, devices: 0..0 }, on_difference), Record { values })
    }

    fn addi() -> u32 {
        word::assemble("addi", &[3, 3, 1]).expect("it assembles")
    }

    fn with(mut record: Record, changes: &[(Register, u64)]) -> Record {
        for (register, value) in &mut record.values {
            if let Some((_, new)) = changes.iter().find(|(changed, _)| changed == register) {
                *value = *new;
            }
        }
        record
    }

    #[test]
    fn the_first_register_that_is_not_the_same_is_reported_with_the_state_before() {
        let (mut comparison, first) = comparison(&[addi()], OnDifference::Stop);
        assert!(comparison.take(&first).is_none());
        let second = with(first.clone(), &[(Register::Nip, 0x1004), (Register::Gpr(3), 7)]);
        let Some(Verdict::Differs(found)) = comparison.take(&second) else { panic!("a difference is expected") };
        assert_eq!((found.address, found.word, found.register), (CODE.into(), addi(), Register::Gpr(3)));
        assert_eq!((found.reference, found.qemu, found.before), (6, 7, first));
    }

    #[test]
    fn a_program_without_difference_ends_at_its_end() {
        let (mut comparison, first) = comparison(&[addi()], OnDifference::Stop);
        assert!(comparison.take(&first).is_none());
        let second = with(first, &[(Register::Nip, 0x1004), (Register::Gpr(3), 6)]);
        assert!(matches!(comparison.take(&second), Some(Verdict::Ended)));
        assert_eq!(comparison.figures.instructions, 1);
    }

    #[test]
    fn going_on_takes_over_the_other_state_and_notes_the_difference_once() {
        let (mut comparison, first) = comparison(&[addi(), addi(), addi()], OnDifference::GoOn);
        assert!(comparison.take(&first).is_none());
        for (pc, value) in [(0x1004, 17), (0x1008, 29)] {
            let next = with(first.clone(), &[(Register::Nip, pc), (Register::Gpr(3), value)]);
            assert!(comparison.take(&next).is_none());
        }
        let last = with(first, &[(Register::Nip, 0x100c), (Register::Gpr(3), 30)]);
        assert!(matches!(comparison.take(&last), Some(Verdict::Ended)), "from 29 on both are the same");
        assert_eq!(comparison.differences.len(), 1);
    }

    #[test]
    fn a_known_difference_excuses_no_other_bits() {
        // mfspr r3,0: undefined, illegal by the architecture, privileged in QEMU.
        let mfspr = word::assemble("mfspr", &[3, 0]).expect("it assembles");
        for (srr1, excused) in [(0x4_0000, true), (0x4_0001, false)] {
            let (mut comparison, first) = comparison(&[mfspr], OnDifference::Stop);
            assert!(comparison.take(&first).is_none());
            let verdict = comparison.take(&with(first, &[(Register::Nip, 0x700), (SRR1, srr1)]));
            // There is no handler, so the reference goes no further; what counts is that this is no difference.
            assert_eq!(!matches!(verdict, Some(Verdict::Differs(_))), excused, "{srr1:#x}");
        }
    }
}
