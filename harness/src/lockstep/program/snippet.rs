//! Snippets: which operands an instruction gets, and what has to come before it.

use super::builder::Builder;
use super::{Kind, Row};
use sprig_isa::insn::Operand;

impl Builder {
    /// An instruction, in the variant with these bits, with everything around it that it needs.
    pub(super) fn snippet(&mut self, row: &Row, bits: u32) {
        match row.kind {
            Kind::Compute | Kind::OneField | Kind::CopyField => self.compute(row, bits),
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
        let word = row.insn.encode(operands).unwrap_or_default();
        self.word(word | bits);
    }

    /// A value for an operand, any that fits.
    pub(super) fn operand(&mut self, operand: Operand) -> i64 {
        let edges = operand.is_signed() || operand == Operand::Ui;
        let raw = if edges { self.value() } else { self.rng.u32(..).into() };
        let raw = (raw & ((1 << operand.width()) - 1)) as i64;
        let sign = 1 << (operand.width() - 1);
        let value = if operand.is_signed() && raw & sign != 0 { raw - 2 * sign } else { raw };
        value << operand.scale()
    }

    /// Gives a register a value worth computing with, every other time.
    pub(super) fn maybe_set(&mut self, register: i64) {
        if self.once_in(2) {
            let value = self.value();
            self.set_value(register as u32, value);
        }
    }

    fn compute(&mut self, row: &Row, bits: u32) {
        let operands: Vec<i64> = row.insn.operands.iter().map(|operand| self.operand_of(row.kind, *operand)).collect();
        for (operand, value) in row.insn.operands.iter().zip(&operands) {
            if operand.reads_gpr() {
                self.maybe_set(*value);
            }
        }
        self.encode(row, bits, &operands);
    }

    /// A value for an operand that fits the instruction too.
    pub(super) fn operand_of(&mut self, kind: Kind, operand: Operand) -> i64 {
        /// CR fields have four bits each.
        const FIELD: u32 = 4;
        match (kind, operand) {
            (Kind::OneField, Operand::Fxm) => 1 << self.rng.u32(0..8),
            // The cache of the core itself, which every CPU has.
            (_, Operand::Ct) => 0,
            (Kind::CopyField, Operand::Bi) => (self.rng.u32(0..8) * FIELD).into(),
            _ => self.operand(operand),
        }
    }
}
