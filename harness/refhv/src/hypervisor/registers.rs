//! The special-purpose registers the guest believes to have: in the shared state those the page shadows, in cells the rest.
//!
//! ```text
//!   mfspr, mtspr (emulated)  --\                  in_page: shared state, at once visible to the guest
//!   interrupt delivery       ---> View::get, set -|
//!   guest's MMU, host side   --/                  else: a cell
//! ```
//!
//! One row of [`sprig_isa::spr::SPRS`] says where a register is, for reads and writes alike.

use sprig_isa::cpu::Cpu;
use sprig_isa::spr::{SPRS, Spr, number};

use super::shared::{Shared, Slot};
use crate::cpu::Sprs;
use crate::memory::Memory;
use crate::mmu::Registers;

/// The guest's registers.
#[derive(Clone)]
pub(super) struct RegisterFile {
    /// Those that are not in the shared state.
    pub(super) cells: Sprs,
    /// For each cell its place in the shared state.
    slots: Vec<Option<Slot>>,
    shared: Shared,
    /// Bits a register of this CPU has.
    mask: u64,
}

/// The guest's registers together with the memory that holds some of them.
pub(super) struct View<'a> {
    file: &'a mut RegisterFile,
    memory: &'a mut Memory,
}

impl RegisterFile {
    /// The registers of a CPU after power-on.
    pub(super) fn new(cpu: &Cpu, shared: Shared) -> Self {
        let mut slots = vec![None; Sprs::COUNT];
        let mut cells = Sprs::new();
        for row in SPRS.iter().filter(|row| row.cpus.intersects(cpu.set)) {
            slots[usize::from(row.cell)] = row.field().map(Slot::of);
            cells.set(row.number, row.reset.into());
        }
        cells.set(number::PVR, cpu.pvr.into());
        let mask = if cpu.is_64bit { u64::MAX } else { u32::MAX.into() };
        Self { cells, slots, shared, mask }
    }

    pub(super) fn view<'a>(&'a mut self, memory: &'a mut Memory) -> View<'a> {
        View { file: self, memory }
    }

    /// Reads without a view.
    #[inline]
    pub(super) fn get(&self, memory: &Memory, cell: u16) -> u64 {
        match self.slots.get(usize::from(cell)).copied().flatten() {
            Some(slot) => self.shared.get(memory, slot) & self.mask,
            None => self.cells.get(cell),
        }
    }

    #[inline]
    fn set(&mut self, memory: &mut Memory, cell: u16, value: u64) {
        match self.slots.get(usize::from(cell)).copied().flatten() {
            Some(slot) => self.shared.set(memory, slot, value & self.mask),
            None => self.cells.set(cell, value & self.mask),
        }
    }
}

impl Registers for View<'_> {
    fn get(&self, number: u16) -> u64 {
        self.file.get(self.memory, number)
    }

    fn set(&mut self, number: u16, value: u64) {
        self.file.set(self.memory, number, value);
    }
}

/// A register that problem state reads in the hardware under an alias number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alias {
    /// Cell of the hardware register.
    pub(super) cell: u16,
    /// True if the page shadows it: then the guest can change it without an exit.
    pub(super) in_page: bool,
}

/// The aliases of a CPU.
pub(super) fn aliases(cpu: &Cpu) -> Vec<Alias> {
    let is_alias = |row: &&Spr| row.cpus.intersects(cpu.set) && row.is_alias() && row.problem.can_read();
    SPRS.iter().filter(is_alias).map(|row| Alias { cell: row.cell, in_page: row.field().is_some() }).collect()
}
