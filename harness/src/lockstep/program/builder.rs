//! A program under construction: code, the generator's random numbers, and the state execution is in at this point.

use super::{Program, Row, handlers, layout, rows};
use crate::lockstep::elf::Segment;
use fastrand::Rng;
use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::msr::{self, book3s};
use sprig_isa::spr::number;

/// Instructions a program may execute for each one it consists of: handlers take a few, the checksum's loop more.
const LIMIT_FACTOR: u64 = 100;
/// A condition register bit that does not matter: BO says that no condition is asked for.
const ANY: i64 = 0;
/// BO: decrement CTR, branch if it is not zero then.
const DECREMENT_NOT_ZERO: i64 = 16;

pub(super) struct Builder {
    pub(super) cpu: &'static Cpu,
    pub(super) rng: Rng,
    words: Vec<u32>,
    /// MSR at this point, but for the bits that do not change what instructions do.
    pub(super) msr: u64,
}

impl Builder {
    pub(super) fn new(cpu: &'static Cpu, seed: u64) -> Self {
        Self { cpu, rng: Rng::with_seed(seed), words: Vec::new(), msr: 0 }
    }

    pub(super) const fn is_e500(&self) -> bool {
        matches!(self.cpu.family, Family::BookeE500)
    }

    pub(super) const fn is_64bit(&self) -> bool {
        self.cpu.is_64bit
    }

    /// True if the next instruction runs in problem state.
    pub(super) const fn in_problem_state(&self) -> bool {
        self.msr & msr::PR != 0
    }

    /// True if addresses of the window mean something: always on e500, with translation on 7447, never on 64-bit CPUs.
    pub(super) const fn has_window(&self) -> bool {
        self.is_e500() || !self.is_64bit() && self.msr & book3s::DR != 0
    }

    /// Address of the next instruction.
    pub(super) fn here(&self) -> u32 {
        layout::CODE + 4 * self.words.len() as u32
    }

    pub(super) fn word(&mut self, word: u32) {
        self.words.push(word);
    }

    /// An instruction of the table.
    pub(super) fn op(&mut self, mnemonic: &str, operands: &[i64]) {
        self.word(handlers::assemble(mnemonic, operands));
    }

    /// A general register is set to a constant.
    pub(super) fn set(&mut self, register: u32, value: u32) {
        let register = i64::from(register);
        self.op("addis", &[register, 0, i64::from((value >> 16) as i16)]);
        self.op("ori", &[register, register, i64::from(value & 0xffff)]);
    }

    /// The same, with all bits that a register has.
    pub(super) fn set_value(&mut self, register: u32, value: u64) {
        let low = value as u32;
        if !self.is_64bit() || value == low as i32 as u64 {
            return self.set(register, low);
        }
        self.set(register, (value >> u32::BITS) as u32);
        let number = i64::from(register);
        self.op("rldicr", &[number, number, u32::BITS.into(), i64::from(u32::BITS) - 1]);
        self.op("oris", &[number, number, i64::from(low >> 16)]);
        self.op("ori", &[number, number, i64::from(low & 0xffff)]);
    }

    /// A special-purpose register is set to a constant, by way of a general one.
    pub(super) fn set_spr(&mut self, number: u16, value: u32) {
        let register = self.register();
        self.set(register, value);
        self.op("mtspr", &[number.into(), register.into()]);
    }

    /// The same, with all bits that a register has.
    pub(super) fn set_spr_value(&mut self, number: u16, value: u64) {
        let register = self.register();
        self.set_value(register, value);
        self.op("mtspr", &[number.into(), register.into()]);
    }

    /// Any general register.
    pub(super) fn register(&mut self) -> u32 {
        self.rng.u32(0..32)
    }

    /// Any general register but these.
    pub(super) fn register_but(&mut self, but: &[u32]) -> u32 {
        loop {
            let register = self.register();
            if !but.contains(&register) {
                return register;
            }
        }
    }

    /// A value worth computing with: often one at which something changes.
    pub(super) fn value(&mut self) -> u64 {
        const EDGES: [u64; 8] =
            [1 << 63, 1 << 63 | 1, i64::MAX as u64, 1 << 32, 1 << 31, 0xffff_ffff, 1 << 62, u64::MAX << 32];
        if !self.is_64bit() {
            return self.word_value().into();
        }
        match self.rng.u8(0..6) {
            0 => *self.rng.choice(&EDGES).unwrap_or(&0),
            1 => u64::MAX << self.rng.u32(0..64),
            2 => u64::MAX >> self.rng.u32(0..64),
            3 => self.rng.u64(..),
            _ => self.word_value() as i32 as u64,
        }
    }

    /// The same for the low word.
    fn word_value(&mut self) -> u32 {
        const EDGES: [u32; 10] =
            [0, 1, 2, 0xffff_ffff, 0xffff_fffe, 0x8000_0000, 0x8000_0001, 0x7fff_ffff, 0x0000_8000, 0x0001_0000];
        match self.rng.u8(0..4) {
            0 => *self.rng.choice(&EDGES).unwrap_or(&0),
            1 => self.rng.u32(0..64),
            2 => u32::MAX << self.rng.u32(0..32),
            _ => self.rng.u32(..),
        }
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: u32) -> bool {
        self.rng.u32(0..times) == 0
    }

    /// The part every program begins with: known values everywhere, handlers, translation.
    pub(super) fn set_up(&mut self) {
        if self.is_e500() {
            self.set_spr(number::IVPR, 0);
            for ivor in handlers::ivors(self.cpu) {
                self.set_spr(number::ivor(ivor), handlers::ivor_address(ivor));
            }
        } else {
            // The CPU starts with its vectors at the top of the address space.
            self.set(0, 0);
            self.op("mtmsr", &[0]);
            self.set_spr(number::DEC, i32::MAX as u32);
        }
        if self.is_64bit() {
            self.set_up_slb();
        } else {
            self.set_up_translation();
        }
        for register in 0..32 {
            let value = self.value();
            self.set_value(register, value);
        }
        for (mnemonic, operands) in [("mtcrf", [0xff, 0]), ("mtspr", [1, 0]), ("mtspr", [8, 1]), ("mtspr", [9, 2])] {
            self.op(mnemonic, &operands);
        }
    }

    /// The part every program ends with: whatever the stores have done turns up in a register.
    pub(super) fn finish(mut self) -> Program {
        let (address, value, sum) = (3, 4, 5);
        self.supervisor();
        let mut areas = self.page_table_parts();
        areas.push((layout::LOW_DATA, layout::LOW_DATA_SIZE));
        areas.push((layout::DATA_TOUCHED, layout::DATA_TOUCHED_SIZE));
        for (start, size) in areas {
            self.set(address, start - 4);
            self.set(value, size / 4);
            self.op("mtspr", &[number::CTR.into(), value.into()]);
            self.op("lwzu", &[value.into(), 4, address.into()]);
            self.op("rlwinm", &[sum, sum, 1, 0, 31]);
            self.op("xor", &[sum, sum, value.into()]);
            self.op("bc", &[DECREMENT_NOT_ZERO, ANY, -12]);
        }
        let end = self.here();
        self.op("b", &[0]);
        let limit = LIMIT_FACTOR * self.words.len() as u64;
        let mut segments = handlers::segments(self.cpu);
        segments.extend(self.large_page_table());
        segments.push(Segment { address: layout::CODE, bytes: handlers::bytes(&self.words) });
        segments.push(self.data(layout::LOW_DATA, layout::LOW_DATA_SIZE));
        segments.push(self.data(layout::DATA, layout::DATA_PAGES * layout::PAGE));
        Program { segments, entry: layout::CODE, end, limit }
    }

    fn data(&mut self, address: u32, size: u32) -> Segment {
        Segment { address, bytes: (0..size).map(|_| self.rng.u8(..)).collect() }
    }

    /// Every row in every variant, once, in random order, with changes of state between.
    pub(super) fn round(&mut self) {
        let mut variants: Vec<(&'static Row, u32)> =
            rows(self.cpu).flat_map(|row| row.variants().iter().map(move |(bits, _)| (row, *bits))).collect();
        self.rng.shuffle(&mut variants);
        for (row, bits) in variants {
            if self.once_in(CHANGE_OF_STATE) {
                self.change_state();
            }
            self.snippet(row, bits);
        }
    }
}

/// Snippets between two changes of state, on average.
const CHANGE_OF_STATE: u32 = 8;
