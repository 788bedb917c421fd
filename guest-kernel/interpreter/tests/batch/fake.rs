//! A machine whose stubs are closures of the test's.

use sprig_interpreter::{CallResult, Kernel, Machine, Unsupported, Used};
use sprig_isa::cpu::Cpu;
use sprig_wire::bytecode::Register;
use sprig_wire::log::Interrupt;

/// Registers as they are when a stub begins, or when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) gpr: [u64; 32],
    pub(crate) cr: u64,
    pub(crate) xer: u64,
    pub(crate) lr: u64,
}

impl Registers {
    pub(crate) fn place(&mut self, register: Register) -> &mut u64 {
        match register {
            Register::CR => &mut self.cr,
            Register::XER => &mut self.xer,
            Register::LR => &mut self.lr,
            gpr => &mut self.gpr[usize::from(gpr.number())],
        }
    }
}

/// A machine whose stubs are closures: `stub` says what the stub at an offset does to the registers.
pub(crate) struct Fake<F> {
    pub(crate) stub: F,
    pub(crate) inputs: Registers,
    pub(crate) outputs: Registers,
    pub(crate) console: Vec<u8>,
    pub(crate) calls: Vec<&'static str>,
    pub(crate) in_problem_state: bool,
    pub(crate) interrupts: Vec<u8>,
    /// Rounds that have been spun.
    pub(crate) spun: u32,
    /// The interrupt that comes when so many have been.
    pub(crate) comes_after: Option<(u8, u32)>,
    /// A reset ends the machine, as a real one does, by a panic of the test's.
    pub(crate) resets: bool,
    /// What [`Machine::restore`] answers: there was something to put back.
    pub(crate) restores: bool,
    /// The effects of each code that was loaded.
    pub(crate) effects: Vec<u32>,
    /// Of each stub that ran, whether it was said to be a plain one.
    pub(crate) plain: Vec<bool>,
    /// The CPU's registers have 32 bits.
    pub(crate) has_word_registers: bool,
}

impl<F: FnMut(u32, &mut Registers) -> Option<Interrupt>> Fake<F> {
    pub(crate) fn new(stub: F) -> Self {
        Self {
            stub,
            inputs: Registers::default(),
            outputs: Registers::default(),
            spun: 0,
            comes_after: None,
            console: Vec::new(),
            calls: Vec::new(),
            in_problem_state: false,
            interrupts: Vec::new(),
            resets: false,
            restores: true,
            effects: Vec::new(),
            plain: Vec::new(),
            has_word_registers: true,
        }
    }
}

impl<F: FnMut(u32, &mut Registers) -> Option<Interrupt>> Machine for Fake<F> {
    const KERNEL: Kernel = Kernel { wide: false, little: false };

    fn cpu(&self) -> Option<&'static Cpu> {
        Cpu::by_name("e500v2")
    }

    fn pvr(&self) -> u32 {
        0x8021_0022
    }

    fn reset_guest_state(&mut self) {
        self.calls.push("reset_guest_state");
    }

    fn restore(&mut self) -> bool {
        self.calls.push("restore");
        self.restores
    }

    fn load_code(&mut self, _: &[u8], effects: u32) {
        self.calls.push("load_code");
        self.effects.push(effects);
    }

    fn read_code(&self, _: u32) -> u32 {
        0
    }

    fn write_code(&mut self, _: u32, _: &[u32]) {}

    fn touch_everything(&mut self, _: Used<'_>) {
        self.calls.push("touch");
    }

    fn has_word_registers(&self) -> bool {
        self.has_word_registers
    }

    fn set_input_word(&mut self, register: Register, value: u32) {
        self.set_input(register, value.into());
    }

    fn output_word(&self, register: Register) -> u32 {
        u32::try_from(self.output(register)).expect("a word")
    }

    fn set_input(&mut self, register: Register, value: u64) {
        *self.inputs.place(register) = value;
    }

    fn exec(&mut self, stub: u32, is_plain: bool) -> Option<Interrupt> {
        self.plain.push(is_plain);
        self.outputs = self.inputs.clone();
        (self.stub)(stub, &mut self.outputs)
    }

    fn output(&self, register: Register) -> u64 {
        *self.outputs.clone().place(register)
    }

    fn stack_pointer(&self) -> u64 {
        0x1000
    }

    fn enter_user(&mut self) {
        self.calls.push("enter_user");
        self.in_problem_state = true;
    }

    fn leave_user(&mut self) {
        self.calls.push("leave_user");
        self.in_problem_state = false;
    }

    fn take_interrupt(&mut self, exception: u8) -> bool {
        let position = self.interrupts.iter().position(|pending| *pending == exception);
        position.map(|at| self.interrupts.remove(at)).is_some()
    }

    fn spin(&mut self, rounds: u32) {
        self.spun += rounds;
        if let Some(exception) =
            self.comes_after.take_if(|(_, rounds)| self.spun >= *rounds).map(|(exception, _)| exception)
        {
            self.interrupts.push(exception);
        }
    }

    fn map(&mut self, _: u64, _: u64, _: u8) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    fn unmap(&mut self, _: u64) -> Result<(), Unsupported> {
        Ok(())
    }

    fn host(&mut self, call: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        let mut results = [0; 8];
        results[0] = u64::from(call) + arguments.iter().sum::<u64>();
        Ok(CallResult { results, status: 0 })
    }

    fn firmware(&mut self, _: u16, _: &[u64]) -> Result<CallResult, Unsupported> {
        Err(Unsupported)
    }

    fn reset(&mut self) -> Unsupported {
        assert!(!self.resets, "the machine is reset here");
        Unsupported
    }

    fn console(&mut self, bytes: &[u8]) {
        assert!(!bytes.is_empty());
        self.console.extend(bytes);
    }
}
