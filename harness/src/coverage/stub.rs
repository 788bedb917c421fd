//! A stub's general registers, as far as they are known without running it: what addresses and hypercalls are made of.

use sprig_isa::insn::{Insn, Operand};
use sprig_wire::bytecode::Transfers;

/// A sweep shows by these which bits of two values differ.
const COMBINING: [&str; 2] = ["or", "xor"];

/// The guest's own in every step that does not set it.
const STACK_POINTER: i64 = 1;

/// What is known of a stub's registers while it runs.
pub(super) struct StubRun {
    pub(super) observed: bool,
    /// For each instruction, a bit for each general register whose value behind it comes to an output.
    shown: Vec<u32>,
    /// The number of the instruction that is looked at.
    at: usize,
    values: [Option<u64>; 32],
}

impl StubRun {
    /// At the first instruction, with what the step gives; every other register is zero but the stack pointer.
    pub(super) fn new(
        observed: bool,
        code: &[u32],
        inputs: Transfers<'_>,
        outputs: Transfers<'_>,
        constants: &[u64],
    ) -> Self {
        let registers = outputs.iter().flatten().map(|transfer| transfer.register);
        let given = registers.filter(|register| register.special().is_err());
        let given = given.fold(0, |all, register| all | bit(register.number().into()));
        let mut run = Self { observed, shown: shown(code, given), at: 0, values: [Some(0); 32] };
        run.set(STACK_POINTER, None);
        for transfer in inputs.iter().flatten() {
            if transfer.register.special().is_err() {
                run.set(transfer.register.number().into(), constants.get(usize::from(transfer.slot)).copied());
            }
        }
        run
    }

    /// What a register holds, if that is known.
    pub(super) fn value(&self, gpr: i64) -> Option<u64> {
        *self.values.get(usize::try_from(gpr).ok()?)?
    }

    fn set(&mut self, gpr: i64, value: Option<u64>) {
        if let Some(place) = usize::try_from(gpr).ok().and_then(|gpr| self.values.get_mut(gpr)) {
            *place = value;
        }
    }

    /// True if the step observes what the instruction leaves in this register, or what is computed from it.
    pub(super) fn shows(&self, gpr: i64) -> bool {
        self.observed && self.shown.get(self.at).is_some_and(|shown| shown & bit(gpr) != 0)
    }

    /// The address of a load or store with a displacement.
    pub(super) fn address(&self, insn: &Insn, word: u32) -> Option<u32> {
        let displacement = insn.operands.iter().find(|operand| matches!(operand, Operand::D | Operand::Ds))?;
        let base = match Operand::RaOrZero.extract(word) {
            0 => 0,
            base => self.value(base)?,
        };
        Some((base as u32).wrapping_add(displacement.extract(word) as u32))
    }

    /// Follows constants through the instructions that make them, and forgets what others write.
    pub(super) fn execute(&mut self, insn: &Insn, word: u32) {
        let operand = |operand: Operand| operand.extract(word);
        let base = match operand(Operand::RaOrZero) {
            0 => Some(0),
            base => self.value(base),
        };
        let value = match insn.mnemonic {
            "addi" => base.map(|base| base.wrapping_add_signed(operand(Operand::Si))),
            "addis" => base.map(|base| base.wrapping_add_signed(operand(Operand::Si) << 16)),
            "ori" => self.value(operand(Operand::Rs)).map(|source| source | operand(Operand::Ui).unsigned_abs()),
            _ => None,
        };
        for written in insn.operands.iter().filter(|operand| operand.writes_gpr()) {
            self.set(written.extract(word), value);
        }
        self.at += 1;
    }
}

/// For each instruction, the general registers whose values behind it come to an output: as they are, or combined with
/// others by instructions that do nothing else.
fn shown(code: &[u32], outputs: u32) -> Vec<u32> {
    let mut shown = outputs;
    let mut backwards = Vec::with_capacity(code.len());
    for word in code.iter().rev() {
        backwards.push(shown);
        let Some(insn) = Insn::decode(*word) else { continue };
        let of = |is_meant: fn(Operand) -> bool| {
            let registers =
                insn.operands.iter().filter(|operand| is_meant(**operand)).map(|operand| operand.extract(*word));
            registers.fold(0, |all, register| all | bit(register))
        };
        let written = of(Operand::writes_gpr);
        if shown & written != 0 {
            let sources = if COMBINING.contains(&insn.mnemonic) { of(Operand::reads_gpr) } else { 0 };
            shown = shown & !written | sources;
        }
    }
    backwards.reverse();
    backwards
}

/// The bit of a general register.
fn bit(gpr: i64) -> u32 {
    u32::try_from(gpr).ok().and_then(|gpr| 1_u32.checked_shl(gpr)).unwrap_or(0)
}

/// The segment register an instruction names, by its number or by an address in it.
pub(super) fn segment(insn: &Insn, word: u32, run: &StubRun) -> Option<u8> {
    let by_number = insn.operands.contains(&Operand::Sr);
    let number = if by_number {
        Operand::Sr.extract(word)
    } else {
        i64::from(run.value(Operand::Rb.extract(word))? as u32 >> 28)
    };
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprig_isa::spr::number;

    const PVR: i64 = number::PVR as i64;

    /// For each instruction of a stub that gives r7, whether what it leaves in r3 is shown.
    fn shows_r3(code: &[(&str, &[i64])]) -> Vec<bool> {
        let word = |(mnemonic, operands): &(&str, &[i64])| {
            Insn::by_mnemonic(mnemonic).and_then(|insn| insn.encode(operands)).expect("an instruction of the table")
        };
        let code: Vec<u32> = code.iter().map(word).collect();
        shown(&code, bit(7)).into_iter().map(|shown| shown & bit(3) != 0).collect()
    }

    #[test]
    fn a_value_is_shown_by_what_is_combined_with_it() {
        let read: (&str, &[i64]) = ("mfspr", &[3, PVR]);
        assert_eq!(shows_r3(&[read, ("xor", &[7, 4, 3])]), [true, false]);
        assert_eq!(shows_r3(&[read, ("xor", &[6, 4, 3]), ("or", &[7, 7, 6])]), [true, false, false]);
    }

    #[test]
    fn a_value_that_is_not_used_or_only_by_another_instruction_is_not() {
        let read: (&str, &[i64]) = ("mfspr", &[3, PVR]);
        assert_eq!(shows_r3(&[read, ("xor", &[6, 4, 3])]), [false; 2], "r6 is not given");
        assert_eq!(shows_r3(&[read, ("mtspr", &[PVR, 3])]), [false; 2]);
        assert_eq!(shows_r3(&[read, ("mfspr", &[3, PVR]), ("or", &[7, 7, 3])]), [false, true, false], "overwritten");
        assert_eq!(shows_r3(&[read, ("or", &[7, 7, 3]), ("mfspr", &[7, PVR])]), [false; 3], "the result is");
    }
}
