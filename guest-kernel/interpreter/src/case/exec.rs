//! The operation that most cases consist of: a stub with its registers.
//!
//! ```text
//!   slots --inputs--> registers --stub--> registers --outputs--> slots
//!                                                       '------> log, if the script observes the step
//! ```
//!
//! What is done here is what a step costs. Where every value is a word, as most are on a 32-bit CPU, an output goes to
//! its slot and to the log at once; elsewhere the log has to know all values before the first, for their width.

use super::{Runner, Stop};
use crate::machine::Machine;
use sprig_wire::bytecode::{Part, Register, Step, Transfer, Transfers};
use sprig_wire::log::{Interrupt, Kind, State};

const STACK_POINTER: Register = Register::gpr(1);
const BAD: Stop = Stop(State::BadBytecode);

fn kind(interrupt: Option<&Interrupt>) -> Kind {
    if interrupt.is_some() { Kind::Exception } else { Kind::Completed }
}

impl<M: Machine> Runner<'_, '_, M> {
    pub(super) fn exec(
        &mut self,
        step: &Step<'_>,
        stub: u32,
        inputs: &Transfers<'_>,
        outputs: &Transfers<'_>,
    ) -> Result<(), Stop> {
        self.machine.set_input(STACK_POINTER, self.machine.stack_pointer());
        if self.machine.has_word_registers() && !step.has_halves() {
            self.exec_words(step, stub, inputs, outputs)
        } else {
            self.exec_any(step, stub, inputs, outputs)
        }
    }

    #[inline(always)]
    fn exec_words(
        &mut self,
        step: &Step<'_>,
        stub: u32,
        inputs: &Transfers<'_>,
        outputs: &Transfers<'_>,
    ) -> Result<(), Stop> {
        for transfer in inputs.whole() {
            let Some((register, slot)) = transfer else { return Err(BAD) };
            let value = self.slot(slot)?;
            self.machine.set_input_word(register, value as u32);
        }
        let interrupt = self.machine.exec(stub, step.is_plain());
        for register in inputs.registers() {
            self.machine.set_input_word(register, 0);
        }
        let Self { machine, slots, log, .. } = self;
        if step.is_observed() {
            let (draft, places) = log.draft_of_words(interrupt.as_ref(), outputs.len())?;
            for (place, transfer) in places.iter_mut().zip(outputs.whole()) {
                let Some((register, slot)) = transfer else { return Err(BAD) };
                let value = machine.output_word(register);
                *slots.get_mut(usize::from(slot)).ok_or(BAD)? = value.into();
                *place = value.to_be_bytes();
            }
            log.add(draft, step.step, kind(interrupt.as_ref()))?;
            return Ok(());
        }
        for transfer in outputs.whole() {
            let Some((register, slot)) = transfer else { return Err(BAD) };
            *slots.get_mut(usize::from(slot)).ok_or(BAD)? = machine.output_word(register).into();
        }
        if interrupt.is_some() {
            let draft = log.draft(interrupt.as_ref(), 0)?;
            log.add(draft, step.step, Kind::Exception)?;
        }
        Ok(())
    }

    fn exec_any(
        &mut self,
        step: &Step<'_>,
        stub: u32,
        inputs: &Transfers<'_>,
        outputs: &Transfers<'_>,
    ) -> Result<(), Stop> {
        for transfer in inputs.iter() {
            let Transfer { register, part, slot } = transfer.ok_or(BAD)?;
            let value = self.slot(slot)?;
            self.machine.set_input(register, if part == Part::High { upper(value) } else { value });
        }
        let interrupt = self.machine.exec(stub, step.is_plain());
        for register in inputs.registers() {
            self.machine.set_input(register, 0);
        }
        let mut all = 0;
        for transfer in outputs.iter() {
            let transfer = transfer.ok_or(BAD)?;
            let value = self.merged(&transfer)?;
            self.set_slot(transfer.slot, value)?;
            all |= value;
        }
        if interrupt.is_some() || step.is_observed() {
            let mut draft = self.log.draft(interrupt.as_ref(), all)?;
            if step.is_observed() {
                // The high half of a value completes the slot its low half is in; it is no value of its own.
                for slot in outputs.native_slots() {
                    let value = self.slot(slot)?;
                    self.log.put_value(&mut draft, value)?;
                }
            }
            self.log.add(draft, step.step, kind(interrupt.as_ref()))?;
        }
        Ok(())
    }

    /// What a slot becomes when this register is stored to it.
    fn merged(&mut self, transfer: &Transfer) -> Result<u64, Stop> {
        let value = self.machine.output(transfer.register);
        let low = value & u64::from(u32::MAX);
        Ok(match transfer.part {
            Part::Native if M::KERNEL.wide => value,
            Part::Native => low,
            Part::High => low << 32 | self.slot(transfer.slot)? & u64::from(u32::MAX),
        })
    }
}

/// The upper half of a value: rare enough that the kernel jumps to it rather than that each value is shifted by 0 or
/// 32.
#[cold]
fn upper(value: u64) -> u64 {
    value >> u32::BITS
}
