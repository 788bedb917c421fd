//! What an instruction works on, by the names that the descriptions have for it.

use super::{CR0, summary};
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::Field;
use sprig_isa::xer;

/// An operand: its field, what is in it, and what is in the general register that it names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) field: Field,
    pub(super) value: i64,
    pub(super) held: u64,
}

impl Named {
    /// True if it is a general register.
    pub(super) fn is_register(&self) -> bool {
        self.field.is_gpr() && !self.means_zero()
    }

    /// True if RA is 0 and means zero.
    pub(super) fn means_zero(&self) -> bool {
        (self.field, self.value) == (Field::Common(Operand::RaOrZero), 0)
    }
}

/// All that an instruction works on.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) operands: Vec<Named>,
    pub(super) cr: u32,
    pub(super) xer: u32,
    /// In 64-bit mode.
    pub(super) wide: bool,
}

impl Given {
    fn operand(&self, is: impl Fn(Field) -> bool) -> i64 {
        self.operands.iter().find(|named| is(named.field)).map_or(0, |named| named.value)
    }

    fn common(&self, operand: Operand) -> i64 {
        self.operand(|field| field == Field::Common(operand))
    }

    /// What is in a general register: what the first operand that names it says.
    pub(super) fn general(&self, register: i64) -> u64 {
        let named = self.operands.iter().find(|named| named.is_register() && named.value == register);
        named.map_or(0, |named| named.held)
    }

    fn register(&self, operand: Operand) -> u64 {
        self.general(self.common(operand))
    }

    /// RA, or zero.
    pub(super) fn ra(&self) -> u64 {
        let or_zero = self.operands.iter().find(|named| named.field == Field::Common(Operand::RaOrZero));
        match or_zero {
            Some(named) if named.is_register() => self.general(named.value),
            Some(_) => 0,
            None => self.register(Operand::Ra),
        }
    }

    pub(super) fn rb(&self) -> u64 {
        self.register(Operand::Rb)
    }

    pub(super) fn rs(&self) -> u64 {
        self.register(Operand::Rs)
    }

    /// What the target held before (rlwimi).
    pub(super) fn before(&self) -> u64 {
        self.register(Operand::RaTarget)
    }

    /// SI with its sign, or UI.
    pub(super) fn immediate(&self) -> u64 {
        self.operand(|field| matches!(field, Field::Common(Operand::Si | Operand::Ui))) as u64
    }

    pub(super) fn shift(&self) -> u32 {
        self.operand(|field| matches!(field, Field::Common(Operand::Sh) | Field::Sh6)) as u32
    }

    pub(super) fn mask_begin(&self) -> u32 {
        self.operand(|field| matches!(field, Field::Common(Operand::Mb) | Field::Mb6)) as u32
    }

    pub(super) fn mask_end(&self) -> u32 {
        self.operand(|field| matches!(field, Field::Common(Operand::Me) | Field::Me6)) as u32
    }

    pub(super) fn carry(&self) -> bool {
        self.xer & xer::CA != 0
    }

    pub(super) fn trap_on(&self) -> u32 {
        self.common(Operand::To) as u32
    }

    pub(super) fn long(&self) -> bool {
        self.operand(|field| field == Field::L10) != 0
    }

    pub(super) fn bf(&self) -> u32 {
        self.common(Operand::Bf) as u32
    }

    pub(super) fn bfa(&self) -> u32 {
        self.operand(|field| field == Field::Bfa) as u32
    }

    pub(super) fn bc(&self) -> u32 {
        self.operand(|field| field == Field::Bc) as u32
    }

    pub(super) fn ba(&self) -> bool {
        self.bit(self.operand(|field| field == Field::Ba) as u32)
    }

    pub(super) fn bb(&self) -> bool {
        self.bit(self.operand(|field| field == Field::Bb) as u32)
    }

    /// FXM.
    pub(super) fn field_mask(&self) -> u32 {
        self.common(Operand::Fxm) as u32
    }

    /// The field that an FXM with one bit means.
    pub(super) fn field_of_mask(&self) -> u32 {
        (self.field_mask() as u8).leading_zeros() & 7
    }

    /// A bit of the condition register, from the left.
    pub(super) fn bit(&self, bit: u32) -> bool {
        self.cr & 1 << (31 - bit) != 0
    }

    /// A field of it.
    pub(super) fn field(&self, field: u32) -> u32 {
        self.cr << (4 * field) >> 28
    }

    /// It with another field.
    pub(super) fn with_field(&self, field: u32, bits: u32) -> u32 {
        self.cr & !(CR0 >> (4 * field)) | bits << 28 >> (4 * field)
    }

    /// It with what a comparison says in its field, and a copy of SO.
    pub(super) fn with_comparison(&self, bits: u32) -> u32 {
        self.with_field(self.bf(), bits | summary(self.xer))
    }

    /// It with the target bit of its operations.
    pub(super) fn with_bit(&self, to: bool) -> u32 {
        let bit = 1 << (31 - self.operand(|field| field == Field::Bt) as u32);
        if to { self.cr | bit } else { self.cr & !bit }
    }
}
