//! Snippets: which operands an instruction gets, and what has to come before it.

use super::builder::Builder;
use super::{Kind, Row};
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::Field;

impl Builder {
    /// An instruction, in the variant with these bits, with everything around it that it needs.
    pub(super) fn snippet(&mut self, row: &Row, bits: u32) {
        match row.kind {
            Kind::Compute | Kind::OneField => self.compute(row, bits),
            Kind::Storage => self.access(row, bits),
            Kind::CacheLock => self.lock(row, bits),
            Kind::Reservation => self.access_reserved(row, bits),
            Kind::Multiple => self.access_multiple(row, bits),
            Kind::String(indexed) => self.access_string(row, bits, indexed),
            Kind::Branch => self.branch(row, bits),
            Kind::BranchToLr => self.branch_to_lr(row, bits),
            Kind::BranchToCtr => self.branch_to_ctr(row, bits),
            Kind::SystemCall => self.system_call(row, bits),
            Kind::FromSpr => self.read_spr(row, bits),
            Kind::ToSpr => self.write_spr(row, bits),
            Kind::ToMsr => self.write_msr(row, bits),
            Kind::Return => self.return_from_interrupt(row, bits),
            Kind::Tlb => self.tlb(row, bits),
            Kind::Segment if self.is_64bit() => self.segment_of_slb(row, bits),
            Kind::Segment => self.segment(row, bits),
        }
    }

    /// An instruction with these operands.
    pub(super) fn encode(&mut self, row: &Row, bits: u32, operands: &[i64]) {
        let word = row.encode(operands).unwrap_or_default();
        self.word(word | bits);
    }

    /// A value for an operand, any that fits.
    pub(super) fn operand(&mut self, field: Field) -> i64 {
        let (low, high, multiple) = field.values();
        let edges = low < 0 || field == Field::Common(Operand::Ui);
        let raw = if edges { self.value() } else { self.rng.u32(..).into() };
        let count = (high - low) / multiple + 1;
        let raw = (raw & (count as u64 - 1)) as i64;
        multiple * if low < 0 && raw >= count / 2 { raw - count } else { raw }
    }

    /// Gives a register a value worth computing with, every other time.
    pub(super) fn maybe_set(&mut self, register: i64) {
        if self.once_in(2) {
            let value = self.value();
            self.set_value(register as u32, value);
        }
    }

    fn compute(&mut self, row: &Row, bits: u32) {
        let operands: Vec<i64> = row.fields.iter().map(|field| self.operand_of(row.kind, *field)).collect();
        for (field, value) in row.fields.iter().zip(&operands) {
            if field.reads_gpr() {
                self.maybe_set(*value);
            }
        }
        self.encode(row, bits, &operands);
    }

    /// A value for an operand that fits the instruction too.
    pub(super) fn operand_of(&mut self, kind: Kind, field: Field) -> i64 {
        match (kind, field) {
            (Kind::OneField, Field::Common(Operand::Fxm)) => 1 << self.rng.u32(0..8),
            // The cache of the core itself, which every CPU has.
            (_, Field::Common(Operand::Ct)) => 0,
            // Doublewords are compared by 64-bit CPUs only.
            (_, Field::L10) if !self.is_64bit() => 0,
            _ => self.operand(field),
        }
    }
}
