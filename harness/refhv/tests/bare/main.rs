//! The bare machine, as programs of a few instructions see it.

mod copy;
mod instructions;
mod interrupts;
mod limits;
mod registers;
mod robust;
mod timers;

use std::sync::Arc;

use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::exception::EXCEPTIONS;
use sprig_isa::insn::word::assemble;
use sprig_isa::spr::number;
use sprig_refhv::bare::{Bare, Wires};
use sprig_refhv::cpu::{Processor, State};
use sprig_refhv::image::Image;
use sprig_refhv::machine::{Limits, Machine, Outcome};

/// Where a test's program lies.
const CODE: u64 = 0x1_0000;
/// Where embedded CPUs have their vectors: interrupt n at this plus 0x100 n.
const VECTORS: u64 = 0x2_0000;
/// Distance of two vectors.
const VECTOR_STEP: u64 = 0x100;
/// Bytes of all handlers.
const HANDLERS: u64 = 0x3000;
/// Where a test's data lies.
const DATA: u64 = 0x4_0000;

fn asm(mnemonic: &str, operands: &[i64]) -> u32 {
    assemble(mnemonic, operands).unwrap_or_else(|| panic!("{mnemonic} {operands:?} does not assemble"))
}

/// Instructions a test's machine may execute.
const BUDGET: u64 = 1_000_000;

/// A bare machine with a program and, on an embedded CPU, distinct vectors.
struct Rig {
    machine: Machine<Bare>,
}

impl Rig {
    fn new(cpu: &str) -> Self {
        let cpu = Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}"));
        let machine = Machine::bare(cpu, Arc::new(Image::empty(CODE))).expect("nothing to load");
        let mut rig = Self { machine };
        if cpu.family.is_booke() {
            rig.state().spr.set(number::IVPR, VECTORS);
            for ivor in EXCEPTIONS.iter().filter_map(|row| row.ivor_on(cpu.set)) {
                rig.state().spr.set(number::ivor(ivor), u64::from(ivor) * VECTOR_STEP);
            }
        }
        // Handlers that do nothing, for tests that look at what they were entered with.
        let idle = vec![asm("nop", &[]); HANDLERS as usize / 4];
        rig.at(0, &idle).at(VECTORS, &idle)
    }

    fn state(&mut self) -> &mut State {
        &mut self.machine.core_mut().state
    }

    fn gpr(mut self, register: usize, value: u64) -> Self {
        self.state().gpr[register] = value;
        self
    }

    fn spr(mut self, number: u16, value: u64) -> Self {
        self.state().spr.set(number, value);
        self
    }

    fn msr(mut self, value: u64) -> Self {
        let Processor { core, supervisor } = &mut self.machine.processor;
        supervisor.set_msr(core, value);
        self
    }

    fn code(self, words: &[u32]) -> Self {
        self.at(CODE, words)
    }

    /// Words at an address.
    fn at(mut self, address: u64, words: &[u32]) -> Self {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert!(self.machine.place(address as u32, &bytes), "lies in RAM");
        self
    }

    /// Runs some instructions.
    fn run(mut self, instructions: u64) -> Self {
        let until = self.machine.core().clock.executed() + instructions;
        self.machine.processor.run(until);
        self
    }

    /// Runs until the machine ends.
    fn finish(&mut self) -> Outcome {
        self.machine.run(Limits { step: BUDGET, total: BUDGET }, &mut Wires)
    }

    /// The address of an interrupt's handler.
    fn vector(&self, server: u64, ivor: u16) -> u64 {
        let family = self.machine.core().state.profile.family;
        if family.is_booke() { VECTORS + u64::from(ivor) * VECTOR_STEP } else { server }
    }

    fn family(&self) -> Family {
        self.machine.core().state.profile.family
    }

    fn get(&self, number: u16) -> u64 {
        self.machine.core().state.spr.get(number)
    }

    fn pc(&self) -> u64 {
        self.machine.core().state.pc
    }
}

/// One CPU of each family, and the models that differ from it.
const CPUS: [&str; 7] = ["e500v2", "e500mc", "440", "750", "7447", "970", "power8"];
