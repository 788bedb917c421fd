//! The reference as one side of the comparison: a bare machine, one instruction at a time, its registers by name.

use super::elf::Segment;
use super::program::{Kind, Row};
use super::register::Register;
use super::trace::{NO_RESERVATION, Record};
use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::exception::Exception;
use sprig_isa::insn::Operand;
use sprig_isa::mmu::mas;
use sprig_isa::spr::{Spr, number};
use sprig_refhv::bare::Bare;
use sprig_refhv::cpu::{Core, Insn, Pause, Privileged, Processor, Sprs};
use sprig_refhv::image::{Image, ImageError};
use sprig_refhv::memory::Memory;
use sprig_refhv::mmu::Operands;
use sprig_wire::board::TRANSLATIONS;

/// RAM of the reference: what QEMU's machines have by default. Memory is only taken where it is touched.
const RAM_SIZE: usize = 128 << 20;
/// QEMU's ppce500 starts with one entry, the first of TLB1 (hw/ppc/e500.c, mmubooke_create_initial_mapping). This
/// general register says how much it maps, bytes (ePAPR 1.1, initial mapped area).
const INITIAL_SIZE: Register = Register::Gpr(7);
/// A page has 4 to the power of TSIZE KiB.
const BITS_PER_TSIZE: u32 = 2;
const KIB_SHIFT: u32 = 10;

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

    /// Takes over what the machine, not the CPU, decides about the state at entry: where it is, general registers, MSR,
    /// and what is mapped. Everything else has to be as the CPU's reset leaves it.
    pub fn enter(&mut self, first: &Record) {
        for (register, value) in &first.values {
            if matches!(register, Register::Nip | Register::Gpr(_) | Register::Msr) {
                self.set(*register, *value);
            }
        }
        if self.cpu().family == Family::BookeE500 {
            self.map_initially(first.get(INITIAL_SIZE).unwrap_or_default());
        }
    }

    /// Maps the first `size` bytes as QEMU's ppce500 does, and nothing else. Its entry is not protected from
    /// invalidation, unlike those our board starts with: all of that is the machine's choice.
    fn map_initially(&mut self, size: u64) {
        let Processor { core, supervisor } = &mut self.processor;
        let kib = u32::try_from(size >> KIB_SHIFT).unwrap_or(0);
        let tsize = kib.checked_ilog2().unwrap_or(0) / BITS_PER_TSIZE;
        let mapped = (mas::VALID | tsize << mas::TSIZE_SHIFT, mas::ALL_PERMISSIONS);
        let entries = std::iter::once(mapped).chain(std::iter::repeat((0, 0)));
        for (slot, (mas1, mas3)) in (0u64..).zip(entries.take(TRANSLATIONS.len())) {
            let mut assist = Sprs::new();
            assist.set(number::MAS0, 1 << mas::TLBSEL_SHIFT | slot << mas::ESEL_SHIFT);
            assist.set(number::MAS1, mas1.into());
            assist.set(number::MAS3, mas3.into());
            let state = &mut core.state;
            let (insn, xer, address_mask) = (Insn(0), state.xer, u32::MAX.into());
            let operands = Operands { insn, gpr: &mut state.gpr, cr: &mut state.cr, xer, address_mask };
            // An entry of a size that does not exist is refused, and then there is none: the first fetch shows it.
            let _ = supervisor.mmu.execute(&mut assist, Privileged::Tlbwe, operands);
        }
        core.lookaside.flush();
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

    /// Where the handler of an interrupt is; none if the CPU has no such interrupt.
    #[must_use]
    pub fn handler(&self, exception: Exception) -> Option<u64> {
        let row = exception.description();
        if !self.cpu().family.is_booke() {
            return row.vector.map(u64::from);
        }
        let vector_offset = Register::Spr(number::ivor(row.ivor_on(self.cpu().set)?));
        Some(self.get(Register::Spr(number::IVPR)) | self.get(vector_offset))
    }

    /// The load or store that comes next, if one does. Only where code is at its physical address.
    #[must_use]
    pub fn storage_access(&self) -> Option<StorageAccess> {
        let core = &self.processor.core;
        let word = core.memory.read_u32(core.state.pc)?;
        let (row, _) = Row::decode(word).filter(|(row, _)| row.kind == Kind::Storage)?;
        let gpr = |operand: Operand| self.get(Register::Gpr(operand.extract(word) as u8));
        let offset = if row.has(Operand::D) { Operand::D.extract(word) as u64 } else { gpr(Operand::Rb) };
        let base = if Operand::Ra.extract(word) == 0 { 0 } else { gpr(Operand::Ra) };
        let address = base.wrapping_add(offset) & u64::from(u32::MAX);
        let target = row.has(Operand::Rt).then(|| Register::Gpr(Operand::Rt.extract(word) as u8));
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
