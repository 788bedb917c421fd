//! The special-purpose registers of the guest: in the shared state those that the page shadows, in cells the rest.
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

use super::deviation::{Deviation, SWAPPED_ALIASES, swapped};
use super::shared::{ByteOrder, Shared, Slot};
use crate::cpu::{Sprs, State};
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
            slots[usize::from(row.cell)] = row.page_field.map(Slot::of);
            cells.set(row.number, row.reset.into());
        }
        cells.set(number::PVR, cpu.pvr.into());
        let mask = if cpu.is_64bit { u64::MAX } else { u32::MAX.into() };
        Self { cells, slots, shared, mask }
    }

    /// The shared state is in this byte order now.
    pub(super) fn set_order(&mut self, order: ByteOrder) {
        self.shared.know_order(order);
    }

    pub(super) fn view<'a>(&'a mut self, memory: &'a mut Memory) -> View<'a> {
        View { file: self, memory }
    }

    /// Where a register is in the shared state, if it is there.
    #[inline(always)]
    pub(super) fn slot(&self, cell: u16) -> Option<Slot> {
        self.slots.get(usize::from(cell)).copied().flatten()
    }

    /// Reads without a view.
    #[inline(always)]
    pub(super) fn get(&self, memory: &Memory, cell: u16) -> u64 {
        match self.slot(cell) {
            Some(slot) => self.shared.get(memory, slot) & self.mask,
            None => self.cells.get(cell),
        }
    }

    /// Writes one that is in the shared state.
    #[inline(always)]
    pub(super) fn set_slot(&self, memory: &mut Memory, slot: Slot, value: u64) {
        self.shared.set(memory, slot, value & self.mask);
    }

    /// Writes without a view.
    #[inline]
    pub(super) fn set(&mut self, memory: &mut Memory, cell: u16, value: u64) {
        match self.slot(cell) {
            Some(slot) => self.set_slot(memory, slot, value),
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

/// A hardware register that problem state reads under an alias number and that the guest can change by the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alias {
    /// Its cell.
    pub(super) cell: u16,
    /// The part of the field that is loaded: all of it on 64-bit CPUs, else its low word.
    part: Slot,
}

impl Alias {
    /// Copies the field's part into the hardware register.
    #[inline]
    pub(super) fn load(self, shared: Shared, memory: &Memory, hardware: &mut State) {
        hardware.spr.set(self.cell, shared.get(memory, self.part));
    }
}

/// The registers that problem state of a CPU reads under an alias number.
#[derive(Clone, Debug)]
pub(super) struct Aliases {
    /// Those that are in the page: entry loads them into the hardware.
    pub(super) loaded: Vec<Alias>,
    /// For each cell, whether it is one of these.
    is_loaded: Vec<bool>,
    /// The cells of those that no page shadows: kept the same when written.
    pub(super) mirrored: Vec<u16>,
}

impl Aliases {
    pub(super) fn new(cpu: &Cpu, deviation: Option<Deviation>) -> Self {
        let loaded = in_page(cpu, deviation);
        let mut is_loaded = vec![false; Sprs::COUNT];
        for alias in &loaded {
            is_loaded[usize::from(alias.cell)] = true;
        }
        let outside = aliased(cpu).filter(|row| row.page_field.is_none());
        Self { loaded, is_loaded, mirrored: outside.map(|row| row.cell).collect() }
    }

    /// True of a register that problem state reads under an alias number, and that entry loads.
    #[inline(always)]
    pub(super) fn shows(&self, cell: u16) -> bool {
        self.is_loaded.get(usize::from(cell)).is_some_and(|loaded| *loaded)
    }
}

/// The registers of a CPU that problem state reads under an alias number.
fn aliased(cpu: &Cpu) -> impl Iterator<Item = &'static Spr> {
    SPRS.iter().filter(|row| row.cpus.intersects(cpu.set) && row.is_alias() && row.problem.can_read())
}

/// Those of them that are in the page and that entry loads.
fn in_page(cpu: &Cpu, deviation: Option<Deviation>) -> Vec<Alias> {
    let source_of = |cell| match deviation {
        Some(Deviation::AliasesSwapped) => swapped(cell, SWAPPED_ALIASES),
        _ => cell,
    };
    let part = |cell: u16| {
        let field = Spr::lookup(cpu, cell)?.page_field.filter(|field| field.size == 8)?;
        Some(match deviation {
            _ if cpu.is_64bit => Slot::of(field),
            Some(Deviation::AliasHighWord) => Slot::high_word(field),
            _ => Slot::low_word(field),
        })
    };
    let alias = |row: &Spr| Some(Alias { cell: row.cell, part: part(source_of(row.cell))? });
    let loaded = aliased(cpu).filter(|row| match deviation {
        Some(Deviation::AliasNotReloaded) => false,
        Some(Deviation::Sprg3NotLoaded) => row.cell != number::SPRG3,
        _ => true,
    });
    loaded.filter_map(alias).collect()
}
