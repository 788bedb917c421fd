//! A bench for single instructions: a CPU in a machine without supervisor, translation or devices.

use sprig_isa::cpu::Cpu;
use sprig_isa::insn::word;
use sprig_isa::msr;

use super::*;

/// Where a test's instructions lie.
pub(crate) const BASE: u64 = 0x1000;

/// Effective addresses are physical ones; an interrupt is kept and stops the test.
#[derive(Default)]
pub(crate) struct Flat {
    taken: Option<Interrupt>,
}

impl Flat {
    /// The interrupt that was taken, if one was.
    pub(crate) fn taken(&self) -> Option<Interrupt> {
        self.taken
    }
}

impl Supervisor for Flat {
    fn run(processor: &mut Processor<Self>, limit: u64) -> Pause {
        processor.run_loop(limit)
    }

    fn reset(&mut self, _core: &mut Core) {}

    fn translate(&mut self, _core: &mut Core, address: u64, _access: Access) -> Result<Translation, Fault> {
        Ok(Translation { physical: address, whole_page: true })
    }

    fn privileged(&mut self, core: &mut Core, _instruction: Privileged) -> Result<(), Interrupt> {
        Err(Interrupt::illegal(core.state.profile.family))
    }

    fn special(&mut self, core: &mut Core, _direction: Direction, _number: u16) -> Result<(), Interrupt> {
        Err(Interrupt::illegal(core.state.profile.family))
    }

    fn interrupt(&mut self, core: &mut Core, interrupt: Interrupt) {
        self.taken = Some(interrupt);
        core.stop(Stop::Checkstop);
    }

    fn poll(&mut self, _core: &mut Core) {}
}

/// The word of an instruction of the table.
pub(crate) fn asm(mnemonic: &str, operands: &[i64]) -> u32 {
    word::assemble(mnemonic, operands).unwrap_or_else(|| panic!("{mnemonic} {operands:?} does not assemble"))
}

/// Registers and memory before, for a few instructions.
#[derive(Clone)]
pub(crate) struct Run {
    state: State,
    data: Vec<(u64, Vec<u8>)>,
}

impl Run {
    pub(crate) fn new(cpu: &str) -> Self {
        let mut state = State::new(Cpu::by_name(cpu).unwrap_or_else(|| panic!("no CPU {cpu}")));
        state.pc = BASE;
        Self { state, data: Vec::new() }
    }

    pub(crate) fn gpr(mut self, register: usize, value: u64) -> Self {
        self.state.gpr[register] = value;
        self
    }

    pub(crate) fn cr(mut self, value: u32) -> Self {
        self.state.cr = value;
        self
    }

    pub(crate) fn xer(mut self, value: u32) -> Self {
        self.state.xer = value;
        self
    }

    pub(crate) fn lr(mut self, value: u64) -> Self {
        self.state.lr = value;
        self
    }

    pub(crate) fn ctr(mut self, value: u64) -> Self {
        self.state.ctr = value;
        self
    }

    pub(crate) fn spr(mut self, number: u16, value: u64) -> Self {
        self.state.spr.set(number, value);
        self
    }

    pub(crate) fn msr(mut self, value: u64) -> Self {
        self.state.msr = value;
        self
    }

    pub(crate) fn problem(self) -> Self {
        self.msr(msr::PR)
    }

    pub(crate) fn sixty_four(self, on: bool) -> Self {
        if on { self.msr(msr::book3s::SF) } else { self }
    }

    /// Bytes in memory.
    pub(crate) fn data(mut self, address: u64, bytes: &[u8]) -> Self {
        self.data.push((address, bytes.to_vec()));
        self
    }

    pub(crate) fn processor(self, words: &[u32]) -> Processor<Flat> {
        let mut core = Core::new(self.state.profile, Memory::new(1 << 20));
        core.state = self.state;
        core.set_msr(core.state.msr, 0);
        for (address, bytes) in self.data {
            core.memory.slice_mut(address, bytes.len()).expect("data lies in RAM").copy_from_slice(&bytes);
        }
        for (index, word) in words.iter().enumerate() {
            core.memory.write_u32(BASE + 4 * index as u64, *word).expect("code lies in RAM");
        }
        Processor::new(core, Flat::default())
    }

    /// Runs as many instructions as there are words.
    pub(crate) fn run(self, words: &[u32]) -> Processor<Flat> {
        let mut cpu = self.processor(words);
        cpu.run(words.len() as u64);
        cpu
    }

    pub(crate) fn steps(self, words: &[u32]) -> State {
        let cpu = self.run(words);
        assert_eq!(cpu.supervisor.taken, None, "no interrupt expected");
        cpu.core.state
    }

    pub(crate) fn step(self, word: u32) -> State {
        self.steps(&[word])
    }

    /// The interrupt an instruction causes.
    pub(crate) fn interrupt(self, word: u32) -> Interrupt {
        self.run(&[word]).supervisor.taken.expect("an interrupt is expected")
    }
}
