//! Bystanders: registers that an emulated instruction must not change. The guest's CR, XER, LR and CTR are in the
//! hardware while it runs, and its general registers in the host's hands while it does not.

use super::prediction::{Allowed, Expectation, Part};
use crate::script::names;
use sprig_isa::hcall::{HYPERCALLS, KVM_SC_MAGIC_R0};
use sprig_isa::spr::Spr;

/// The rule about what an instruction leaves alone.
const RULE: &str = "spr.instruction-changes-its-targets";

/// The register the instruction itself has.
const OPERAND: u8 = 3;
/// Where CTR is read into.
const COUNT_SEEN: u8 = 8;
/// General registers looked at with one instruction, and how far they are apart among those that scripts may use.
const LOOKED_AT: u8 = 4;
const APART: u8 = 7;
const USABLE: std::ops::Range<u8> = 2..32;

/// Steps that together look at every general register.
pub(super) const FIRSTS: u8 = USABLE.end - USABLE.start - (LOOKED_AT - 1) * APART;

/// Every field another value.
const CR: u64 = 0x1248_8421;
/// SO, CA, and a byte count of string instructions.
const XER: u64 = 0xa000_0013;
const LR: u64 = 0x0007_0704;
const CTR: u64 = 0x0008_0808;

/// The instruction that they stand by.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the names say it
pub enum Instruction {
    Read(&'static Spr),
    Write(&'static Spr, u64),
    ReadMsr,
}

impl Instruction {
    fn text(self) -> String {
        match self {
            Self::Read(spr) => format!("mfspr r{OPERAND}, {}", spr.name),
            Self::Write(spr, _) => format!("mtspr {}, r{OPERAND}", spr.name),
            Self::ReadMsr => format!("mfmsr r{OPERAND}"),
        }
    }

    /// What the operand holds before.
    const fn operand(self) -> u64 {
        match self {
            Self::Write(_, value) => value,
            Self::Read(_) | Self::ReadMsr => names::POISON,
        }
    }
}

/// The general registers looked at from this one on, with what they hold.
fn general(first: u8) -> impl Iterator<Item = (u8, u64)> {
    let usable = USABLE.end - USABLE.start;
    let registers = (0..LOOKED_AT).map(move |index| USABLE.start + (first + index * APART) % usable);
    let others = registers.filter(|register| ![OPERAND, COUNT_SEEN].contains(register));
    others.map(|register| (register, held(register)))
}

/// General registers that a hypercall preserves, but for the stack (cases/rules.toml, hcall.nonvolatile-registers).
const PRESERVED: [u8; 20] = [2, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

/// Those of one call, from this one of them on; each of as many calls as the second number has others.
fn preserved(first: u8) -> [u8; LOOKED_AT as usize] {
    std::array::from_fn(|index| PRESERVED[(usize::from(first) + index * CALLS) % PRESERVED.len()])
}

/// Calls that together look at each of the registers that a call preserves.
pub(super) const CALLS: usize = PRESERVED.len() / LOOKED_AT as usize;

/// What a register holds that is to be left alone.
fn held(register: u8) -> u64 {
    0x5a00_0000 + u64::from(register) * 0x0001_0101
}

/// A call's name, as the script language has it; a number if it has no name.
pub(super) fn call_name(token: u32) -> String {
    let known = HYPERCALLS.iter().find(|call| call.token == token);
    known.map_or_else(|| format!("{token:#x}"), |call| call.name.to_owned())
}

/// A call, as the script language has it.
pub(super) fn call(token: u32, first: u8) -> String {
    let set = preserved(first).map(|register| format!("r{register} = {:#x}", held(register))).join(", ");
    let seen = preserved(first).map(|register| format!("r{register}")).join(", ");
    let token = call_name(token);
    let [high, low] = [KVM_SC_MAGIC_R0 >> 16, KVM_SC_MAGIC_R0 & 0xffff];
    format!(
        "run addis r0, r0, {high:#x}; ori r0, r0, {low:#x}; sc with r11 = {token}, {set} \
            gives r3, {seen}    # hcall {token}"
    )
}

/// What they have to hold after a call.
pub(super) fn unchanged_by_call(first: u8) -> impl Iterator<Item = Expectation> {
    let rule = "hcall.nonvolatile-registers";
    let held =
        |register| Expectation { part: Part::Register(register), allowed: Allowed::OneOf(vec![held(register)]), rule };
    preserved(first).into_iter().map(held)
}

/// The step, as the script language has it.
pub(super) fn text(instruction: Instruction, first: u8) -> String {
    let (set, seen): (Vec<_>, Vec<_>) =
        general(first).map(|(register, value)| (format!("r{register} = {value:#x}"), format!("r{register}"))).unzip();
    format!(
        "run mtspr CTR, r{COUNT_SEEN}; {}; mfspr r{COUNT_SEEN}, CTR with r{OPERAND} = {:#x}, r{COUNT_SEEN} = {CTR:#x}, {}, cr = {CR:#x}, xer = {XER:#x}, lr = {LR:#x} gives r{OPERAND}, r{COUNT_SEEN}, {}, cr, xer, lr",
        instruction.text(),
        instruction.operand(),
        set.join(", "),
        seen.join(", ")
    )
}

/// What they have to hold afterwards.
pub(super) fn unchanged(first: u8) -> impl Iterator<Item = Expectation> {
    let special = [("cr", CR), ("xer", XER), ("lr", LR)].map(|(name, value)| (Part::Special(name), value));
    let general = general(first).map(|(register, value)| (Part::Register(register), value));
    let all = [(Part::Register(COUNT_SEEN), CTR)].into_iter().chain(general).chain(special);
    all.map(|(part, value)| Expectation { part, allowed: Allowed::OneOf(vec![value]), rule: RULE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_general_register_is_looked_at_by_some_step() {
        let seen: BTreeSet<u8> = (0..FIRSTS).flat_map(general).map(|(register, _)| register).collect();
        let all: BTreeSet<u8> = USABLE.filter(|register| ![OPERAND, COUNT_SEEN].contains(register)).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn so_many_calls_look_at_each_register_that_a_call_preserves_once() {
        let mut seen: Vec<u8> = (0..CALLS).flat_map(|first| preserved(first as u8)).collect();
        seen.sort_unstable();
        assert_eq!(seen, PRESERVED);
    }
}
