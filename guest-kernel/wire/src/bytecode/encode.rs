//! Writing bytecode, which only the harness does.

use super::{ALIGNMENT, Alu, HALVES, OBSERVE, PLAIN, Part, Transfer, opcode};
use crate::effect;
use crate::host::Call;
use alloc::vec::Vec;

/// Writes operations one after the other; the counterpart of [`super::decode`].
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    /// The operations before the last, each with its padding, and the last without.
    bytes: Vec<u8>,
}

/// A count in a byte.
///
/// # Panics
/// Where it does not fit. The assembler's limits are far below: 32 registers, eight slots, stubs of two hundred words.
fn count(length: usize) -> u8 {
    u8::try_from(length).expect("no operation lists so many")
}

impl Encoder {
    /// The operations written so far.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.pad();
        self.bytes
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }

    fn begin(&mut self, opcode: u8, step: u16, observe: bool) -> &mut Vec<u8> {
        self.begin_with(opcode, step, if observe { OBSERVE } else { 0 })
    }

    fn begin_with(&mut self, opcode: u8, step: u16, flags: u8) -> &mut Vec<u8> {
        self.pad();
        self.bytes.extend([opcode, flags]);
        self.bytes.extend(step.to_be_bytes());
        &mut self.bytes
    }

    /// [`super::Op::Exec`] of a stub of these words, which lie at this offset in the code.
    pub fn exec(
        &mut self,
        step: u16,
        observe: bool,
        stub: u32,
        words: &[u32],
        inputs: &[Transfer],
        outputs: &[Transfer],
    ) {
        let observe = if observe { OBSERVE } else { 0 };
        let plain = if effect::is_plain(words) { PLAIN } else { 0 };
        let in_halves = |transfers: &[Transfer]| transfers.iter().any(|transfer| transfer.part == Part::High);
        let halves = if in_halves(inputs) || in_halves(outputs) { HALVES } else { 0 };
        let bytes = self.begin_with(opcode::EXEC, step, observe | plain | halves);
        bytes.extend(stub.to_be_bytes());
        bytes.extend([words.len(), inputs.len(), outputs.len()].map(count));
        bytes.push(0);
        for transfer in inputs.iter().chain(outputs) {
            bytes.extend(transfer.encode());
        }
    }

    /// [`super::Op::Compute`].
    pub fn compute(&mut self, step: u16, observe: bool, alu: Alu, to: u16, a: u16, b: u16) {
        let bytes = self.begin(opcode::COMPUTE, step, observe);
        bytes.extend([alu as u8, 0]);
        for slot in [to, a, b] {
            bytes.extend(slot.to_be_bytes());
        }
    }

    /// [`super::Op::EnterUser`].
    pub fn enter_user(&mut self, step: u16) {
        self.begin(opcode::ENTER_USER, step, false);
    }

    /// [`super::Op::LeaveUser`].
    pub fn leave_user(&mut self, step: u16) {
        self.begin(opcode::LEAVE_USER, step, false);
    }

    /// [`super::Op::RaceBegin`].
    pub fn race_begin(&mut self, step: u16, rounds: u32) {
        self.begin(opcode::RACE_BEGIN, step, false).extend(rounds.to_be_bytes());
    }

    /// [`super::Op::RaceEnd`].
    pub fn race_end(&mut self, step: u16) {
        self.begin(opcode::RACE_END, step, false);
    }

    /// [`super::Op::Spin`].
    pub fn spin(&mut self, step: u16, rounds: u32) {
        self.begin(opcode::SPIN, step, false).extend(rounds.to_be_bytes());
    }

    /// [`super::Op::Taken`].
    pub fn taken(&mut self, step: u16, observe: bool, exception: u8, rounds: u32, to: u16) {
        let bytes = self.begin(opcode::TAKEN, step, observe);
        bytes.push(exception);
        bytes.extend(rounds.to_be_bytes());
        bytes.extend(to.to_be_bytes());
    }

    /// [`super::Op::Map`].
    pub fn map(&mut self, step: u16, ea: u16, pa: u16, permissions: u8) {
        let bytes = self.begin(opcode::MAP, step, false);
        bytes.extend(ea.to_be_bytes());
        bytes.extend(pa.to_be_bytes());
        bytes.push(permissions);
    }

    /// [`super::Op::Unmap`].
    pub fn unmap(&mut self, step: u16, ea: u16) {
        self.begin(opcode::UNMAP, step, false).extend(ea.to_be_bytes());
    }

    fn call(&mut self, opcode: u8, step: u16, observe: bool, number: u16, arguments: &[u16], results: &[u16]) {
        let bytes = self.begin(opcode, step, observe);
        bytes.extend(number.to_be_bytes());
        bytes.extend([count(arguments.len()), count(results.len())]);
        for slot in arguments.iter().chain(results) {
            bytes.extend(slot.to_be_bytes());
        }
    }

    /// [`super::Op::Host`].
    pub fn host(&mut self, step: u16, observe: bool, call: Call, arguments: &[u16], results: &[u16]) {
        self.call(opcode::HOST, step, observe, call as u16, arguments, results);
    }

    /// [`super::Op::Firmware`].
    pub fn firmware(&mut self, step: u16, observe: bool, service: u16, arguments: &[u16], results: &[u16]) {
        self.call(opcode::FIRMWARE, step, observe, service, arguments, results);
    }

    /// [`super::Op::Patch`].
    #[allow(clippy::too_many_arguments)] // the fields of the operation
    pub fn patch(&mut self, step: u16, observe: bool, at: u32, trampoline: u32, room: u8, features: u16, to: u16) {
        let bytes = self.begin(opcode::PATCH, step, observe);
        bytes.extend(at.to_be_bytes());
        bytes.extend(trampoline.to_be_bytes());
        bytes.push(room);
        bytes.extend(features.to_be_bytes());
        bytes.extend(to.to_be_bytes());
    }

    /// [`super::Op::Restore`].
    pub fn restore(&mut self, step: u16) {
        self.begin(opcode::RESTORE, step, false);
    }

    /// [`super::Op::Touch`].
    pub fn touch(&mut self, step: u16) {
        self.begin(opcode::TOUCH, step, false);
    }

    /// [`super::Op::Reset`].
    pub fn reset(&mut self, step: u16) {
        self.begin(opcode::RESET, step, false);
    }
}
