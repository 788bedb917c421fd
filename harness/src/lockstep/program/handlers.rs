//! Interrupt handlers, and assembling by mnemonic.
//!
//! A handler changes nothing but where execution continues: after the instruction that caused the interrupt. Three need
//! more: a system call ends problem state, an instruction that cannot be fetched was called from where LR says, and the
//! interrupts of the critical class have save registers of their own.

use super::layout;
use crate::lockstep::elf::Segment;
use sprig_isa::branch;
use sprig_isa::cpu::Cpu;
use sprig_isa::exception::{Class, EXCEPTIONS, Exception};
use sprig_isa::insn::script;
use sprig_isa::msr;
use sprig_isa::spr::number;

/// The register a handler works with, and its place while it does.
const WORK: i64 = 31;
/// BO: branch always.
pub(super) const ALWAYS: i64 = branch::ALWAYS as i64;

/// The word of an instruction of the table; an instruction that is not there is one that no CPU has.
pub(super) fn assemble(mnemonic: &str, operands: &[i64]) -> u32 {
    script::Row::by_mnemonic(mnemonic).and_then(|row| row.encode(operands)).unwrap_or_default()
}

/// Words as they are in memory.
pub(super) fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The number of every IVOR of this CPU that has a handler.
pub(super) fn ivors(cpu: &Cpu) -> impl Iterator<Item = u8> {
    EXCEPTIONS.iter().filter_map(|row| row.ivor_on(cpu.set))
}

/// Where the handler of an IVOR is.
pub(super) const fn ivor_address(ivor: u8) -> u32 {
    layout::IVOR_HANDLERS + layout::IVOR_HANDLER_SIZE * ivor as u32
}

/// Where the handler of an interrupt is; none if the CPU has no such interrupt.
fn address(cpu: &Cpu, exception: Exception) -> Option<u64> {
    let row = exception.description();
    if cpu.family.is_booke() {
        row.ivor_on(cpu.set).map(ivor_address).map(u64::from)
    } else {
        row.vector.map(u64::from)
    }
}

/// The handlers and the returns in low memory.
pub(super) fn segments(cpu: &Cpu) -> Vec<Segment> {
    let booke = cpu.family.is_booke();
    let (start, end) = if booke { (layout::IVOR_HANDLERS, layout::LOW_RETURNS) } else { (0, layout::VECTORS_END) };
    let mut memory = vec![0; (end - start) as usize];
    for row in EXCEPTIONS {
        let address = address(cpu, row.exception).and_then(|address| u32::try_from(address).ok());
        let Some(address) = address.filter(|address| (start..end).contains(address)) else { continue };
        let class = if booke { row.class } else { Class::Base };
        let code = bytes(&handler(cpu, row.exception, class));
        let place = (address - start) as usize;
        if let Some(place) = memory.get_mut(place..place + code.len()) {
            place.copy_from_slice(&code);
        }
    }
    let returns = |address, size: u32| Segment {
        address,
        bytes: bytes(&vec![assemble("bclr", &[ALWAYS, 0]); size as usize / 4]),
    };
    vec![
        Segment { address: start, bytes: memory },
        returns(layout::LOW_RETURNS, layout::LOW_RETURNS_SIZE),
        returns(layout::RETURNS, layout::PAGE),
    ]
}

fn handler(cpu: &Cpu, exception: Exception, class: Class) -> Vec<u32> {
    let (srr0, srr1, back) = match class {
        Class::Base => (number::SRR0, number::SRR1, if cpu.is_64bit { "rfid" } else { "rfi" }),
        Class::Critical => (number::CSRR0, number::CSRR1, "rfci"),
        Class::MachineCheck => (number::MCSRR0, number::MCSRR1, "rfmci"),
    };
    let (store, load) = if cpu.is_64bit { ("std", "ld") } else { ("stw", "lwz") };
    let save = i64::from(layout::SAVE);
    let from = |spr: u16| assemble("mfspr", &[WORK, spr.into()]);
    let to = |spr: u16| assemble("mtspr", &[spr.into(), WORK]);
    let mut words = vec![assemble(store, &[WORK, save, 0])];
    match exception {
        Exception::SystemCall => {
            words.push(from(srr1));
            words.extend(without_pr(cpu));
            words.push(to(srr1));
        }
        Exception::InstructionStorage | Exception::InstructionTlbError => words.extend([from(number::LR), to(srr0)]),
        _ => words.extend([from(srr0), assemble("addi", &[WORK, WORK, 4]), to(srr0)]),
    }
    words.extend([assemble(load, &[WORK, save, 0]), assemble(back, &[])]);
    words
}

/// Clears MSR\[PR\] in the register a handler works with.
fn without_pr(cpu: &Cpu) -> Vec<u32> {
    let from_left = msr::PR.leading_zeros();
    if cpu.is_64bit {
        let (left, back) = (i64::from(from_left), i64::from(u64::BITS - from_left));
        return [(left, 1), (back, 0)].map(|(by, begin)| assemble("rldicl", &[WORK, WORK, by, begin])).to_vec();
    }
    let bit = i64::from(from_left - u32::BITS);
    vec![assemble("rlwinm", &[WORK, WORK, 0, bit + 1, bit - 1])]
}
