//! What is asked about an instruction that has been executed, to tell whether a difference is a known one.

use super::reference::Reference;
use super::register::Register;
use super::trace::Record;
use sprig_isa::exception::{EXCEPTIONS, Exception};
use sprig_isa::insn::Operand;
use sprig_isa::spr::{PRIVILEGED_BIT, Spr};

/// An instruction that has been executed.
#[derive(Clone, Copy)]
pub struct Executed<'a> {
    /// The instruction; zero if it could not be fetched.
    pub word: u32,
    /// The registers before it.
    pub before: &'a Record,
    /// The registers after it, in QEMU.
    pub after: &'a Record,
    /// Where the reference itself is after it.
    pub reached: u64,
    /// The machine it was executed in, which knows where its interrupt handlers are.
    pub reference: &'a Reference,
}

impl Executed<'_> {
    /// True if it is this instruction, in any variant.
    pub(super) fn is(&self, mnemonic: &str) -> bool {
        super::program::mnemonic(self.word) == mnemonic
    }

    /// True if it moves this special-purpose register from (`mfspr`) or to (`mtspr`) a general one.
    pub(super) fn moves(&self, mnemonic: &str, number: u16) -> bool {
        self.is(mnemonic) && Operand::Spr.extract(self.word) == i64::from(number)
    }

    /// True if it caused this interrupt.
    pub(super) fn caused(&self, exception: Exception) -> bool {
        self.reference.handler(exception) == Some(self.after.pc())
    }

    /// True if it caused this interrupt in QEMU alone.
    pub(super) fn caused_in_qemu_alone(&self, exception: Exception) -> bool {
        self.caused(exception) && self.reference.handler(exception) != Some(self.reached)
    }

    /// True if it caused any interrupt.
    pub(super) fn interrupted(&self) -> bool {
        EXCEPTIONS.iter().any(|row| self.caused(row.exception))
    }

    /// The register in its RT field.
    pub(super) fn target(&self) -> Register {
        Register::Gpr(Operand::Rt.extract(self.word) as u8)
    }

    /// True if it names a special-purpose register that this CPU does not have, with spr0 = 0.
    pub(super) fn names_undefined_open_spr(&self) -> bool {
        let number = Operand::Spr.extract(self.word) as u16;
        self.names_undefined_spr() && number & PRIVILEGED_BIT == 0
    }

    /// True if it is a conditional branch that decrements CTR.
    pub(super) fn decrements_ctr(&self) -> bool {
        /// BO: do not decrement.
        const KEEP: i64 = 0b00100;
        Operand::Bo.extract(self.word) & KEEP == 0
    }

    /// True if it names a special-purpose register that this CPU does not have.
    pub(super) fn names_undefined_spr(&self) -> bool {
        let number = Operand::Spr.extract(self.word) as u16;
        (self.is("mfspr") || self.is("mtspr")) && !Spr::is_defined(self.reference.cpu(), number, self.is("mtspr"))
    }

    /// (RA|0) + (RB).
    pub(super) fn indexed_address(&self) -> u64 {
        let value = |operand: Operand| self.before.get(Register::Gpr(operand.extract(self.word) as u8)).unwrap_or(0);
        let base = if Operand::Ra.extract(self.word) == 0 { 0 } else { value(Operand::Ra) };
        base.wrapping_add(value(Operand::Rb)) & u64::from(u32::MAX)
    }
}
