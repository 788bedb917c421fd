//! The reference as one side of the comparison: a bare machine, one instruction at a time, its registers by name.

use super::elf::Segment;
use super::program::{Kind, Row};
use super::register::Register;
use super::trace::{NO_RESERVATION, Record};
use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::insn::Operand;
use sprig_isa::spr::Spr;
use sprig_refhv::bare::Bare;
use sprig_refhv::cpu::{Core, Insn, Pause, Processor};
use sprig_refhv::image::{Image, ImageError};
use sprig_refhv::memory::Memory;

/// RAM of the reference: what QEMU's machines have by default. Memory is only taken where it is touched.
const RAM_SIZE: usize = 128 << 20;
/// The TLB1 entry that QEMU's ppce500 starts with (hw/ppc/e500.c, mmubooke_create_initial_mapping) ...
const INITIAL_ENTRY: usize = 0;
/// ... and the general register in which it says how much that maps, bytes (ePAPR 1.1, section 5.4.1).
const INITIAL_SIZE: Register = Register::Gpr(7);

/// A load or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageAccess {
    /// The instruction.
    pub word: u32,
    /// The effective address.
    pub address: u64,
    /// The register that it loads; none if it stores.
    pub target: Option<Register>,
}

/// The reference machine.
pub struct Reference {
    processor: Processor<Bare>,
}

impl Reference {
    /// A bare machine of this CPU with a program in its memory, and something else that was put there.
    ///
    /// # Errors
    /// If the program does not fit there.
    pub fn new(cpu: &'static Cpu, image: &Image, placed: Option<&Segment>) -> Result<Self, ImageError> {
        let mut core = Core::new(cpu, Memory::new(RAM_SIZE));
        image.load(&mut core.memory)?;
        if let Some(Segment { address, bytes }) = placed {
            let (address, size) = (u64::from(*address), bytes.len());
            let place = core.memory.slice_mut(address, size);
            place.ok_or(ImageError::OutsideRam { address, size: size as u64 })?.copy_from_slice(bytes);
        }
        let bare = Bare::new(&mut core);
        Ok(Self { processor: Processor::new(core, bare) })
    }

    /// Takes over what the machine, not the CPU, decides about the state at entry: where it is, general registers, MSR, and
    /// what is mapped. Everything else has to be as the CPU's reset leaves it.
    pub fn enter(&mut self, first: &Record) {
        for (register, value) in &first.values {
            if matches!(register, Register::Nip | Register::Gpr(_) | Register::Msr) {
                self.set(*register, *value);
            }
        }
        if self.cpu().family == Family::BookeE500 {
            let size = first.get(INITIAL_SIZE).unwrap_or_default();
            self.processor.supervisor.mmu.map_initially(INITIAL_ENTRY, 0, size);
        }
    }

    /// The CPU model.
    #[must_use]
    pub fn cpu(&self) -> &'static Cpu {
        self.processor.core.state.profile
    }

    /// Executes one instruction and returns its word; zero if there was none to fetch.
    ///
    /// # Errors
    /// How the machine stopped instead.
    pub fn step(&mut self) -> Result<u32, Pause> {
        let core = &mut self.processor.core;
        core.insn = Insn(0);
        let next = core.clock.executed() + 1;
        match self.processor.run(next) {
            Pause::Limit => Ok(self.processor.core.insn.0),
            pause => Err(pause),
        }
    }

    /// The load or store that comes next, if one does. Only where code is at its physical address.
    #[must_use]
    pub fn storage_access(&self) -> Option<StorageAccess> {
        let core = &self.processor.core;
        let word = core.memory.read_u32(core.state.pc)?;
        let (row, _) = Row::decode(word).filter(|(row, _)| row.kind == Kind::Storage)?;
        let gpr = |operand: Operand| self.get(Register::Gpr(operand.extract(word) as u8));
        let has = |operand: Operand| row.insn.operands.contains(&operand);
        let offset = if has(Operand::D) { Operand::D.extract(word) as u64 } else { gpr(Operand::Rb) };
        let base = if Operand::Ra.extract(word) == 0 { 0 } else { gpr(Operand::Ra) };
        let address = base.wrapping_add(offset) & u64::from(u32::MAX);
        let target = has(Operand::Rt).then(|| Register::Gpr(Operand::Rt.extract(word) as u8));
        Some(StorageAccess { word, address, target })
    }

    /// Leaves out the next instruction.
    pub fn skip(&mut self) {
        /// Bytes of an instruction.
        const INSTRUCTION: u64 = 4;
        self.set(Register::Nip, self.get(Register::Nip).wrapping_add(INSTRUCTION));
    }

    /// The value of a register.
    #[must_use]
    pub fn get(&self, register: Register) -> u64 {
        let core = &self.processor.core;
        let state = &core.state;
        match register {
            Register::Nip => state.pc,
            Register::Gpr(number) => state.gpr.get(usize::from(number)).copied().unwrap_or_default(),
            Register::Cr => state.cr.into(),
            Register::Msr => state.msr(),
            Register::Reservation => state.reservation.map_or(NO_RESERVATION, |held| held.address),
            Register::Spr(number) => {
                core.read_spr_cell(Spr::lookup(state.profile, number).map_or(number, |row| row.cell))
            }
        }
    }

    /// Sets a register, so that a difference that is allowed does not turn up again and again.
    pub fn set(&mut self, register: Register, value: u64) {
        use sprig_isa::spr::number;
        let Processor { core, supervisor } = &mut self.processor;
        let state = &mut core.state;
        match register {
            Register::Nip => state.pc = value,
            Register::Gpr(number) => {
                if let Some(cell) = state.gpr.get_mut(usize::from(number)) {
                    *cell = value;
                }
            }
            Register::Cr => state.cr = value as u32,
            Register::Msr => supervisor.set_msr(core, value),
            Register::Reservation => {
                state.reservation = state.reservation.filter(|_| value != NO_RESERVATION);
                if let Some(held) = &mut state.reservation {
                    held.address = value;
                }
            }
            Register::Spr(number::XER) => state.xer = value as u32,
            Register::Spr(number::LR) => state.lr = value,
            Register::Spr(number::CTR) => state.ctr = value,
            Register::Spr(number) => state.spr.set(number, value),
        }
    }
}
