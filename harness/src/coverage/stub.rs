//! A stub's general registers, as far as they are known without running it: what addresses and hypercalls are made of.

use sprig_isa::insn::{Insn, Operand};
use sprig_wire::bytecode::{Register, Transfers};

/// The guest's own in every step that does not set it.
const STACK_POINTER: i64 = 1;

/// What is known of a stub's registers while it runs.
pub(super) struct StubRun {
    pub(super) observed: bool,
    outputs: Vec<Register>,
    values: [Option<u64>; 32],
}

impl StubRun {
    /// At the first instruction, with what the step gives; every other register is zero but the stack pointer.
    pub(super) fn new(observed: bool, inputs: Transfers<'_>, outputs: Transfers<'_>, constants: &[u64]) -> Self {
        let outputs = outputs.iter().flatten().map(|transfer| transfer.register).collect();
        let mut run = Self { observed, outputs, values: [Some(0); 32] };
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

    /// True if the step observes what the instruction leaves in this register.
    pub(super) fn shows(&self, gpr: i64) -> bool {
        self.observed
            && self.outputs.iter().any(|output| output.special().is_err() && i64::from(output.number()) == gpr)
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
    }
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
