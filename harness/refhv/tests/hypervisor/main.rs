//! The hypervisor, as a guest of a few instructions and its user space see it.

mod alias;
mod emulation;
mod exits;
mod host;
mod hypercalls;
mod interrupts;
mod page;
mod translation;

use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::hcall::{EV_SUCCESS, KVM_HC_PPC_MAP_MAGIC_PAGE, KVM_SC_MAGIC_R0, MAGIC_PAGE_FLAG_NOT_MAPPED_NX};
use sprig_isa::insn::word::assemble;
use sprig_isa::page::{DEFAULT_EA, Field};
use sprig_isa::spr::number as n;
use sprig_refhv::cpu::{Core, Processor, Supervisor};
use sprig_refhv::hypervisor::{Exit, Hypervisor, Setup};
use sprig_refhv::memory::Memory;
use sprig_wire::layout;

/// Where a test's instructions lie.
const CODE: u64 = 0x1_0000;
/// Where embedded CPUs have their vectors: interrupt n at this plus 0x100 n.
const VECTORS: u64 = 0x2_0000;
const VECTOR_STEP: u64 = 0x100;
/// Where a test's data lies.
const DATA: u64 = 0x4_0000;
/// A guest's stack pointer is not zero, or it would be in a critical section until it stores something else there.
const STACK_POINTER: usize = 1;
const STACK: u64 = 0x8_0000;
/// A general register that tests leave to the rig.
const SCRATCH: usize = 30;

/// One CPU of each family, and the models that differ from it.
const CPUS: [&str; 6] = ["e500v2", "440", "750", "7447", "970", "power8"];
/// A register read in supervisor state to leave for the hypervisor.
const EXIT: u16 = n::PVR;

fn asm(mnemonic: &str, operands: &[i64]) -> u32 {
    assemble(mnemonic, operands).unwrap_or_else(|| panic!("{mnemonic} {operands:?} does not assemble"))
}

/// Displacement of a page field's 32-bit access from register 0, with the page at -4096.
fn at(field: &str) -> i64 {
    let field = Field::by_name(field).unwrap_or_else(|| panic!("no field {field}"));
    DEFAULT_EA as i32 as i64 + i64::from(field.offset32)
}

/// A guest about to execute instructions in supervisor state.
struct Guest {
    processor: Processor<Hypervisor>,
}

impl Guest {
    fn new(cpu: &str) -> Self {
        Self::with(cpu, Setup::default())
    }

    fn with(cpu: &str, setup: Setup) -> Self {
        let cpu = Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}"));
        let mut core = Core::new(cpu, Memory::new(layout::RAM_SIZE as usize));
        let mut hypervisor = Hypervisor::new(&mut core, setup);
        hypervisor.reset(&mut core);
        let mut guest = Self { processor: Processor::new(core, hypervisor) };
        guest.set_gpr(STACK_POINTER, STACK);
        if cpu.family.is_booke() {
            guest.mtspr(n::IVPR, VECTORS);
            for ivor in 0..16 {
                guest.mtspr(n::IVOR0 + ivor, u64::from(ivor) * VECTOR_STEP);
            }
        }
        guest
    }

    /// A guest that has mapped the page at -4096 and touched it.
    fn mapped(cpu: &str) -> Self {
        Self::new(cpu).map()
    }

    fn map(self) -> Self {
        let mut guest = self.map_again();
        guest.page("scratch1");
        guest.store("scratch1", 0);
        guest
    }

    /// The page mapped at -4096, and nothing stored to it.
    fn map_again(mut self) -> Self {
        assert_eq!(self.map_page(DEFAULT_EA, DEFAULT_EA | u64::from(MAGIC_PAGE_FLAG_NOT_MAPPED_NX)), EV_SUCCESS);
        self
    }

    /// KVM_HC_PPC_MAP_MAGIC_PAGE: the status.
    fn map_page(&mut self, physical: u64, effective: u64) -> u32 {
        self.hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &[physical, effective])[0] as u32
    }

    /// A hypercall with arguments in r3 and up: r3 to r11 after it.
    fn hypercall(&mut self, token: u32, arguments: &[u64]) -> [u64; 9] {
        let core = &mut self.processor.core;
        core.state.gpr[3..3 + arguments.len()].copy_from_slice(arguments);
        core.state.gpr[0] = KVM_SC_MAGIC_R0.into();
        core.state.gpr[11] = token.into();
        self.run(&[asm("sc", &[])]);
        let gpr = &self.processor.core.state.gpr;
        std::array::from_fn(|index| gpr[3 + index])
    }

    fn core(&mut self) -> &mut Core {
        &mut self.processor.core
    }

    fn gpr(&self, register: usize) -> u64 {
        self.processor.core.state.gpr[register]
    }

    fn set_gpr(&mut self, register: usize, value: u64) {
        self.processor.core.state.gpr[register] = value;
    }

    fn pc(&self) -> u64 {
        self.processor.core.state.pc
    }

    fn family(&self) -> Family {
        self.processor.core.state.profile.family
    }

    /// The address of an interrupt's handler.
    fn vector(&self, server: u64, ivor: u64) -> u64 {
        if self.family().is_booke() { VECTORS + ivor * VECTOR_STEP } else { server }
    }

    /// Executes these instructions, and exactly as many.
    fn run(&mut self, words: &[u32]) {
        self.place(CODE, words);
        self.core().state.pc = CODE;
        self.steps(words.len() as u64);
    }

    /// Executes some instructions from where the guest is.
    fn steps(&mut self, instructions: u64) {
        let until = self.core().clock.executed() + instructions;
        self.processor.run(until);
    }

    fn place(&mut self, address: u64, words: &[u32]) {
        for (index, word) in words.iter().enumerate() {
            self.core().memory.write_u32(address + 4 * index as u64, *word).expect("lies in RAM");
        }
    }

    /// Runs one instruction of the guest kernel that traps, for nothing but the trap.
    fn exit(&mut self) {
        self.mfspr(EXIT);
    }

    fn mfspr(&mut self, number: u16) -> u64 {
        self.run(&[asm("mfspr", &[SCRATCH as i64, number.into()])]);
        self.gpr(SCRATCH)
    }

    fn mtspr(&mut self, number: u16, value: u64) {
        self.set_gpr(SCRATCH, value);
        self.run(&[asm("mtspr", &[number.into(), SCRATCH as i64])]);
    }

    fn mfmsr(&mut self) -> u64 {
        self.run(&[asm("mfmsr", &[SCRATCH as i64])]);
        self.gpr(SCRATCH)
    }

    /// Writes the guest's MSR by the instruction its family has for all of it.
    fn mtmsr(&mut self, value: u64) {
        self.set_gpr(SCRATCH, value);
        let wide = self.family() == Family::Book3s64;
        self.run(&[if wide { asm("mtmsrd", &[SCRATCH as i64, 0]) } else { asm("mtmsr", &[SCRATCH as i64]) }]);
    }

    /// Goes to problem state by rfi or rfid, at `CODE`.
    fn enter_problem_state(&mut self, msr: u64) {
        self.mtspr(n::SRR0, CODE);
        self.mtspr(n::SRR1, msr | sprig_isa::msr::PR);
        let wide = self.family() == Family::Book3s64;
        self.run(&[asm(if wide { "rfid" } else { "rfi" }, &[])]);
    }

    /// The word a load from the page gives.
    fn page(&mut self, field: &str) -> u64 {
        self.run(&[asm("lwz", &[SCRATCH as i64, at(field), 0])]);
        self.gpr(SCRATCH)
    }

    /// A field of the page, looked at from outside.
    fn field(&self, name: &str) -> u64 {
        let field = Field::by_name(name).unwrap_or_else(|| panic!("no field {name}"));
        self.processor.supervisor.shared_field(&self.processor.core, field)
    }

    /// Stores a word to the page.
    fn store(&mut self, field: &str, value: u64) {
        self.set_gpr(SCRATCH, value);
        self.run(&[asm("stw", &[SCRATCH as i64, at(field), 0])]);
    }

    fn exits(&self) -> u64 {
        self.processor.supervisor.exits().total().total()
    }

    fn exits_for(&self, reason: Exit) -> u64 {
        self.processor.supervisor.exits().total().of(reason)
    }
}
