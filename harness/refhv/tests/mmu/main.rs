//! The four translation models, as instructions and accesses see them.

mod e500;
mod hash32;
mod hash64;
mod ppc44x;

use sprig_isa::cpu::Cpu;
use sprig_isa::insn::word::assemble;
use sprig_refhv::cpu::{Access, Fault, Insn, Interrupt, Privileged, Sprs};
use sprig_refhv::memory::Memory;
use sprig_refhv::mmu::{Effect, Mmu, Operands};

/// RAM of every rig, bytes.
const RAM: usize = 4 << 20;

/// An MMU with registers and RAM around it.
struct Rig {
    cpu: &'static Cpu,
    mmu: Mmu,
    regs: Sprs,
    memory: Memory,
    gpr: [u64; 32],
    cr: u32,
    msr: u64,
}

impl Rig {
    fn new(cpu: &str) -> Self {
        let cpu = Cpu::by_name(cpu).expect("a CPU of the table");
        let mut regs = Sprs::new();
        let mmu = Mmu::new(cpu, &mut regs);
        Self { cpu, mmu, regs, memory: Memory::new(RAM), gpr: [0; 32], cr: 0, msr: 0 }
    }

    fn mtspr(&mut self, number: u16, value: u64) {
        if self.mmu.mtspr(&mut self.regs, number, value).is_none() {
            self.regs.set(number, value);
        }
    }

    fn word(&mut self, word: u32) -> Result<Effect, Interrupt> {
        let instruction = Privileged::decode(Insn(word), self.cpu).expect("a privileged instruction of this CPU");
        let operands = Operands {
            insn: Insn(word),
            gpr: &mut self.gpr,
            cr: &mut self.cr,
            xer: 0,
            address_mask: if self.cpu.is_64bit { u64::MAX } else { u64::from(u32::MAX) },
        };
        self.mmu.execute(&mut self.regs, instruction, operands).expect("an instruction of this MMU")
    }

    fn run(&mut self, mnemonic: &str, operands: &[i64]) -> Result<Effect, Interrupt> {
        self.word(assemble(mnemonic, operands).expect("operands that fit"))
    }

    fn translate(&mut self, address: u64, access: Access) -> Result<u64, Fault> {
        let result = self.mmu.translate(&self.regs, &mut self.memory, self.msr, address, access);
        if let Err(fault) = result {
            self.mmu.note_fault(&mut self.regs, self.msr, address, access, fault);
        }
        result.map(|translation| translation.physical)
    }

    fn load(&mut self, address: u64) -> Result<u64, Fault> {
        self.translate(address, Access::Load)
    }

    fn store(&mut self, address: u64) -> Result<u64, Fault> {
        self.translate(address, Access::Store)
    }

    fn fetch(&mut self, address: u64) -> Result<u64, Fault> {
        self.translate(address, Access::Fetch)
    }
}
