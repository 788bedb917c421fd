//! How fast the machine is: plain instructions, instructions that trap, and new machines. Prints figures; judges
//! nothing.
//!
//! ```text
//! cargo bench -p sprig-refhv
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use sprig_isa::cpu::Cpu;
use sprig_isa::insn::word::assemble;
use sprig_isa::spr::number;
use sprig_refhv::bare::Bare;
use sprig_refhv::cpu::{Core, Processor};
use sprig_refhv::hypervisor::Setup;
use sprig_refhv::image::Image;
use sprig_refhv::machine::Machine;
use sprig_refhv::memory::Memory;

const RAM: usize = 1 << 20;
const CODE: u64 = 0x1_0000;
const DATA: u64 = 0x2_0000;
const HANDLER: u64 = 0x3_0000;
const INSTRUCTIONS: u64 = 100_000_000;

fn asm(mnemonic: &str, operands: &[i64]) -> u32 {
    assemble(mnemonic, operands).unwrap_or_else(|| panic!("{mnemonic} {operands:?} does not assemble"))
}

/// A bare CPU with a loop at CODE and its handlers at HANDLER.
fn machine(cpu: &str, code: &[u32], handler: &[u32]) -> Processor<Bare> {
    let profile = Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}"));
    let mut core = Core::new(profile, Memory::new(RAM));
    let bare = Bare::new(&mut core);
    core.state.spr.set(number::IVPR, HANDLER);
    for (base, words) in [(CODE, code), (HANDLER, handler), (0xc00, handler)] {
        for (index, word) in words.iter().enumerate() {
            core.memory.write_u32(base + 4 * index as u64, *word).expect("in RAM");
        }
    }
    core.state.pc = CODE;
    core.state.gpr[3] = DATA;
    core.state.gpr[4] = DATA + 0x1000;
    Processor::new(core, bare)
}

fn measure(mut processor: Processor<Bare>) -> Duration {
    let start = Instant::now();
    processor.run(INSTRUCTIONS);
    start.elapsed()
}

/// Nanoseconds of a round of two instructions in a guest of the hypervisor, whose first one traps.
fn trap(cpu: &str) -> f64 {
    let profile = Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}"));
    let image = Arc::new(Image::empty(CODE));
    let mut machine = Machine::guest(profile, image, Setup::default()).expect("nothing to load");
    let words = [asm("mfspr", &[3, 272]), asm("b", &[-4])];
    assert!(machine.place(CODE as u32, &words.map(u32::to_be_bytes).concat()));
    let start = Instant::now();
    machine.processor.run(INSTRUCTIONS);
    start.elapsed().as_secs_f64() * 1e9 / (INSTRUCTIONS / 2) as f64
}

/// A machine from nothing to its first instruction, and away again.
fn fresh(cpu: &str) -> Duration {
    const MACHINES: u32 = 1000;
    let profile = Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}"));
    let image = Arc::new(Image::empty(CODE));
    let start = Instant::now();
    for _ in 0..MACHINES {
        let mut machine = Machine::bare(profile, Arc::clone(&image)).expect("nothing to load");
        assert!(machine.place(CODE as u32, &[0; 4096]));
    }
    start.elapsed() / MACHINES
}

fn main() {
    for cpu in ["e500v2", "7447", "970"] {
        let plain = [
            asm("lwz", &[5, 0, 3]),
            asm("addi", &[6, 6, 1]),
            asm("xor", &[5, 5, 6]),
            asm("rlwinm", &[5, 5, 5, 0, 31]),
            asm("stw", &[5, 0, 4]),
            asm("lbz", &[7, 3, 4]),
            asm("cmpw", &[0, 7, 5]),
            asm("bc", &[12, 2, 4]),
            asm("add", &[8, 8, 7]),
            asm("b", &[-36]),
        ];
        let plain = measure(machine(cpu, &plain, &[]));
        let per_instruction = plain.as_secs_f64() / INSTRUCTIONS as f64;
        let rfi = if cpu == "970" { asm("rfid", &[]) } else { asm("rfi", &[]) };
        let calls = measure(machine(cpu, &[asm("sc", &[]), asm("b", &[-4])], &[rfi]));
        // Three instructions a round, one of them plain.
        let round = calls.as_secs_f64() / (INSTRUCTIONS / 3) as f64;
        let special = measure(machine(cpu, &[asm("mfspr", &[3, 272]), asm("b", &[-4])], &[]));
        let special = special.as_secs_f64() / (INSTRUCTIONS / 2) as f64;
        println!(
            "{cpu:8} {:4.0} MIPS; system call and return {:3.0} ns; supervisor mfspr {:3.0} ns, trapped {:3.0} ns; \
                machine {:3.0} us",
            1e-6 / per_instruction,
            (round - per_instruction) * 1e9,
            (special - per_instruction) * 1e9,
            trap(cpu) - per_instruction * 1e9,
            fresh(cpu).as_secs_f64() * 1e6,
        );
    }
}
