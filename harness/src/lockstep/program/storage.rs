//! Snippets that access storage: a base and a displacement or index that together make an address worth accessing.

use super::builder::Builder;
use super::{Row, layout};
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::Field;
use sprig_isa::spr::number;
use sprig_isa::xer;

/// The most bytes an instruction moves: 32 registers.
const LARGEST: u32 = 128;
const WORD: u32 = 4;

/// An address, and how an instruction is to reach it.
struct Reach {
    base: u32,
    /// Register of the index, or the displacement.
    offset: i64,
}

impl Builder {
    /// An address of data at which `size` bytes can be accessed, if anything is mapped there.
    fn data_address(&mut self, size: u32) -> u32 {
        let start = self.rng.u32(0..=layout::DATA_TOUCHED_SIZE - size);
        if self.has_window() && self.once_in(2) {
            return self.window_address(start);
        }
        layout::DATA_TOUCHED + start
    }

    /// Any load, store or cache instruction.
    pub(super) fn access(&mut self, row: &Row, bits: u32) {
        let address = self.data_address(WORD);
        self.access_at(row, bits, address);
        if self.once_in(2) {
            // What a store has done is seen at once.
            let register = self.register_but(&[0]);
            self.set(register, address & !3);
            self.op("lwz", &[register.into(), 0, register.into()]);
        }
    }

    /// The same, at an address.
    pub(super) fn access_at(&mut self, row: &Row, bits: u32, address: u32) {
        let data: Vec<(Field, i64)> =
            row.fields.iter().map(|field| (*field, self.operand_of(row.kind, *field))).collect();
        for (field, register) in &data {
            if *field == Field::Common(Operand::Rs) {
                self.maybe_set(*register);
            }
        }
        let reach = self.reach(row, address);
        let operands: Vec<i64> = data
            .iter()
            .map(|(field, value)| match field {
                Field::Common(Operand::D | Operand::Ds | Operand::Rb) => reach.offset,
                Field::Common(Operand::RaOrZero | Operand::RaUpdate) => reach.base.into(),
                _ => *value,
            })
            .collect();
        self.encode(row, bits, &operands);
    }

    /// Sets registers so that an instruction's address operands make an address. With 0 as base a displacement reaches
    /// low memory only, so it goes there then.
    fn reach(&mut self, row: &Row, address: u32) -> Reach {
        // A displacement of an instruction for doublewords is a multiple of four.
        let low_bits = if row.has(Operand::Ds) { 3 } else { 0 };
        let update = row.has(Operand::RaUpdate);
        let zero = self.once_in(8);
        if row.has(Operand::D) || row.has(Operand::Ds) {
            if zero && !update {
                let offset = layout::LOW_DATA + self.rng.u32(0..layout::LOW_DATA_SIZE - LARGEST);
                return Reach { base: 0, offset: (offset & !low_bits).into() };
            }
            let base = self.register_but(&[0]);
            let displacement = self.rng.i16(..) & !(low_bits as i16);
            self.set(base, address.wrapping_sub(i32::from(displacement) as u32));
            // With 0 as base an update form is invalid, so nothing is accessed.
            return Reach { base: if zero { 0 } else { base }, offset: displacement.into() };
        }
        let index = self.register();
        if zero {
            self.set(index, address);
            return Reach { base: 0, offset: index.into() };
        }
        let base = self.register_but(&[0, index]);
        let value = self.value();
        self.set_value(index, value);
        self.set_value(base, u64::from(address).wrapping_sub(value));
        Reach { base, offset: index.into() }
    }

    /// dcbtls and its kin, where an access is allowed, since that is all QEMU knows of them. What they leave in L1CSR0
    /// and L1CSR1 is the supervisor's to read.
    pub(super) fn lock(&mut self, row: &Row, bits: u32) {
        let address = layout::DATA_TOUCHED + self.rng.u32(0..layout::DATA_TOUCHED_SIZE);
        self.access_at(row, bits, address);
        self.supervisor();
        for number in [number::L1CSR0, number::L1CSR1] {
            let register = self.register();
            self.op("mfspr", &[register.into(), number.into()]);
        }
    }

    /// lwarx and stwcx.: the store comes right after a load, of the same word or of another, since QEMU gives up a
    /// reservation when the word has changed meanwhile, by whomever.
    pub(super) fn access_reserved(&mut self, row: &Row, bits: u32) {
        let aligned = !self.once_in(8);
        let doubleword = row.wide;
        let size = if doubleword { 2 * WORD } else { WORD };
        let address = self.data_address(2 * size) & if aligned { !(size - 1) } else { !0 };
        if row.has(Operand::Rs) {
            let other = if self.once_in(4) { size } else { 0 };
            let (index, target) = (self.register(), self.register());
            self.set(index, address + other);
            self.op(if doubleword { "ldarx" } else { "lwarx" }, &[target.into(), 0, index.into()]);
        }
        self.access_at(row, bits, address);
    }

    /// lmw, stmw: the base is not one of the registers that are moved.
    pub(super) fn access_multiple(&mut self, row: &Row, bits: u32) {
        let first = self.rng.u32(1..32);
        let base = self.rng.u32(0..first);
        let size = WORD * (32 - first);
        if base == 0 {
            let offset = layout::LOW_DATA + self.rng.u32(0..layout::LOW_DATA_SIZE - LARGEST);
            return self.encode(row, bits, &[first.into(), offset.into(), 0]);
        }
        let (address, displacement) = (self.whole_address(size), self.rng.i16(..));
        self.set(base, address.wrapping_sub(i32::from(displacement) as u32));
        self.encode(row, bits, &[first.into(), displacement.into(), base.into()]);
    }

    /// lswi, lswx, stswi, stswx. A register that is loaded and makes the address makes the form invalid, which is tried
    /// too.
    pub(super) fn access_string(&mut self, row: &Row, bits: u32, indexed: bool) {
        let first = self.register();
        let (base, index) = (self.register_but(&[0]), self.register());
        let address = self.whole_address(LARGEST);
        if !indexed {
            let count = self.rng.u32(0..32);
            self.set(base, address);
            return self.encode(row, bits, &[first.into(), base.into(), count.into()]);
        }
        let xer = self.rng.u32(..) & xer::FLAGS | self.rng.u32(0..LARGEST);
        self.set(index, xer);
        self.op("mtspr", &[number::XER.into(), index.into()]);
        self.set(index, address);
        self.encode(row, bits, &[first.into(), 0, index.into()]);
    }

    /// An address of data at which all of `size` bytes are in one page of the window, or not in the window at all: how
    /// much of a multiple or string access is done before an interrupt is left open (Power ISA Book II, "Instruction
    /// Restart").
    fn whole_address(&mut self, size: u32) -> u32 {
        let half = layout::DATA_TOUCHED_SIZE / 2;
        let start = self.rng.u32(0..=half - size);
        let start = if self.once_in(2) { start } else { start + half };
        if self.has_window() && self.once_in(2) {
            return self.window_address(start);
        }
        layout::DATA_TOUCHED + start
    }
}
