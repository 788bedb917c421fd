//! Whatever a guest executes, the machine goes on or stops in an orderly way; and it does the same again.

use sprig_isa::insn::INSNS;
use sprig_isa::msr::{self, book3s};
use sprig_isa::spr::{SPRS, number};
use sprig_refhv::bare::Wires;
use sprig_refhv::machine::{Limits, Outcome};

use crate::{CPUS, DATA, HANDLERS, Rig, VECTORS, asm};

/// A small generator of numbers (xorshift64*), so that a failure names its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A word: any at all, or one of the table's instructions with any operands, or a move of a register that exists.
    fn word(&mut self) -> u32 {
        match self.below(4) {
            0 => self.next() as u32,
            1 => {
                let spr = &SPRS[self.below(SPRS.len())];
                let register = self.below(32) as i64;
                if self.below(2) == 0 {
                    asm("mfspr", &[register, spr.number.into()])
                } else {
                    asm("mtspr", &[spr.number.into(), register])
                }
            }
            _ => {
                let row = &INSNS[self.below(INSNS.len())];
                row.word | self.next() as u32 & !row.fixed_mask
            }
        }
    }

    /// A register value: often one at a border.
    fn value(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX - self.below(256) as u64,
            2 => DATA + self.below(0x1000) as u64,
            3 => 0xffff_ff00 + self.below(512) as u64,
            4 => 1 << self.below(64),
            _ => self.next(),
        }
    }
}

const ROUNDS: u64 = 60;
const WORDS: usize = 400;
const LIMITS: Limits = Limits { step: 20_000, total: 20_000 };

fn machine(cpu: &str, seed: u64) -> Rig {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let words: Vec<u32> = (0..WORDS).map(|_| random.word()).collect();
    let mut rig = Rig::new(cpu).code(&words);
    // Handlers that continue after what caused them, by way of registers a program may have ruined.
    let rfi =
        if rig.machine.core().state.profile.set.intersects(sprig_isa::cpu::CpuSet::BOOK3S64) { "rfid" } else { "rfi" };
    let skip = [asm("mfspr", &[2, 26]), asm("addi", &[2, 2, 4]), asm("mtspr", &[26, 2]), asm(rfi, &[])];
    for vector in (0..HANDLERS).step_by(0x100) {
        rig = rig.at(vector, &skip).at(VECTORS + vector, &skip);
    }
    for register in 0..32 {
        rig = rig.gpr(register, random.value());
    }
    // Programs of chance would seldom bring the timers to a border.
    rig.machine.core_mut().clock.set_time_base(random.value());
    if rig.family().is_booke() {
        rig = rig.spr(number::TCR, random.next() as u32 as u64).spr(number::DECAR, random.value() as u32 as u64);
    }
    rig.state().ctr = random.value();
    rig.state().lr = random.value();
    let mode = [0, msr::PR, book3s::SF, book3s::LE, msr::EE | msr::ME, book3s::DR][random.below(6)];
    let mode = if rig.machine.core().state.profile.is_64bit { mode } else { mode & u64::from(u32::MAX) };
    rig.msr(mode)
}

#[test]
fn a_program_of_chance_ends_in_an_orderly_way() {
    for cpu in CPUS {
        for seed in 0..ROUNDS {
            let mut rig = machine(cpu, seed);
            let outcome = rig.machine.run(LIMITS, &mut Wires);
            let executed = rig.machine.core().clock.executed();
            assert!(executed <= LIMITS.total || matches!(outcome, Outcome::Hang { .. }), "{cpu} {seed}: {outcome}");
        }
    }
}

#[test]
fn the_same_program_does_the_same_again() {
    for cpu in CPUS {
        let run = || {
            let mut rig = machine(cpu, 4711);
            let outcome = rig.machine.run(LIMITS, &mut Wires);
            let core = rig.machine.core();
            (outcome, core.clock.executed(), core.state.pc, core.state.gpr, core.state.cr, core.state.xer)
        };
        assert_eq!(run(), run(), "{cpu}");
    }
}

#[test]
fn a_32_bit_cpu_keeps_32_bits() {
    for cpu in ["e500v2", "440", "750", "7447"] {
        for seed in 0..ROUNDS {
            let mut rig = machine(cpu, seed);
            for register in 0..32 {
                rig.state().gpr[register] &= u64::from(u32::MAX);
            }
            rig.state().ctr &= u64::from(u32::MAX);
            rig.state().lr &= u64::from(u32::MAX);
            rig.machine.run(LIMITS, &mut Wires);
            let state = &rig.machine.core().state;
            let wide = |value: u64| value > u64::from(u32::MAX);
            assert!(!state.gpr.iter().copied().any(wide), "{cpu} {seed}: {:x?}", state.gpr);
            assert!(!wide(state.ctr) && !wide(state.lr) && !wide(state.pc), "{cpu} {seed}");
        }
    }
}
