//! Memory: what is where, and what of it an access reaches.

use super::super::action::{Rights, Size};
use super::super::environment::{ELSEWHERE, Environment, MEMORY, WINDOW, ZERO};
use crate::feature::Feature;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_wire::layout;
use std::collections::BTreeMap;

/// What an access reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Memory at this physical address.
    Memory(u64),
    /// The magic page, at this offset.
    Page(u64),
    /// Nothing: it is not mapped.
    Unmapped,
    /// A page that does not allow it.
    Protected,
    /// This cannot be known.
    Unknown,
}

/// Where the magic page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapped {
    /// Nowhere.
    No,
    /// At this effective address.
    At(u64),
    /// This cannot be known.
    Unknown,
}

/// Memory and translations.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    bytes: BTreeMap<u64, u8>,
    pages: BTreeMap<u64, (u64, Rights)>,
    pub(super) mapped: Mapped,
    /// Memory whose physical address is the magic page's: which of the two is there no document says
    /// (unspecified.page-behind-translation).
    pub(super) behind: Option<u64>,
    little: bool,
    page: u64,
}

impl Memory {
    pub(super) fn new(environment: &Environment) -> Self {
        Self {
            bytes: BTreeMap::new(),
            pages: BTreeMap::new(),
            mapped: Mapped::No,
            behind: None,
            little: environment.has(Feature::LittleEndian),
            page: environment.page(),
        }
    }

    /// The page has been asked for here.
    pub(super) fn map_magic(&mut self, ea: u64) {
        self.mapped = Mapped::At(ea);
    }

    /// True if the page is where `page.FIELD` looks.
    pub(super) fn page_is_there(&self) -> bool {
        self.mapped == Mapped::At(self.page)
    }

    pub(super) fn map(&mut self, ea: u64, pa: u64, rights: Rights) {
        self.hide(ea);
        self.pages.insert(ea, (pa, rights));
    }

    pub(super) fn unmap(&mut self, ea: u64) {
        self.hide(ea);
        self.pages.remove(&ea);
    }

    /// The guest makes a translation of its own where the magic page is: which of the two is there then no document
    /// says.
    fn hide(&mut self, ea: u64) {
        if self.mapped == Mapped::At(ea) {
            self.mapped = Mapped::Unknown;
        }
    }

    /// A patched kernel has stored where the page would be: into the guest's own memory, if there is some.
    pub(super) fn forget_in_place_of_page(&mut self) {
        if let Some((pa, _)) = self.pages.get(&self.page).copied() {
            self.bytes.retain(|at, _| !(pa..pa + PAGE_SIZE).contains(at));
        }
    }

    /// What an access reaches.
    pub(super) fn reach(&self, ea: u64, user: bool, store: bool) -> Reached {
        let page = ea & !(PAGE_SIZE - 1);
        let offset = ea - page;
        match self.mapped {
            // What the guest sees where the page was cannot be known.
            Mapped::Unknown if [self.page, ELSEWHERE].contains(&page) => return Reached::Unknown,
            Mapped::At(at) if at == page && !user => return Reached::Page(offset),
            _ => {}
        }
        match self.pages.get(&page) {
            Some((pa, _)) if self.behind == Some(*pa) => Reached::Unknown,
            Some((pa, rights)) if rights.allow(user, store) => Reached::Memory(pa + offset),
            Some(_) => Reached::Protected,
            None if page == self.page || page & 0xf000_0000 == WINDOW => Reached::Unmapped,
            None if page == ZERO || page & !u64::from(layout::SCRATCH_CLEARED - 1) == MEMORY => Reached::Memory(ea),
            None => Reached::Unknown,
        }
    }

    /// What is there, if it was ever stored.
    pub(super) fn load(&self, pa: u64, size: Size) -> Option<u64> {
        let bytes: Option<Vec<u8>> = (pa..pa + size.bytes()).map(|at| self.bytes.get(&at).copied()).collect();
        let mut bytes = bytes?;
        if self.little {
            bytes.reverse();
        }
        Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(super) fn store(&mut self, pa: u64, size: Size, value: u64) {
        let bytes = size.bytes();
        for index in 0..bytes {
            let shift = 8 * if self.little { index } else { bytes - 1 - index };
            self.bytes.insert(pa + index, (value >> shift) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    #[test]
    fn the_page_is_the_supervisor_s_and_hides_what_is_mapped_there() {
        let mut memory = Memory::new(&environment("ref-e500v2-pr"));
        let page = memory.page;
        assert_eq!(memory.reach(page + 4, false, false), Reached::Unmapped);
        memory.map(page, MEMORY, Rights::Srw);
        assert_eq!(memory.reach(page + 4, false, false), Reached::Memory(MEMORY + 4));
        memory.map_magic(page);
        assert_eq!(memory.reach(page + 4, false, false), Reached::Page(4));
        assert_eq!(memory.reach(page + 4, true, false), Reached::Protected);
    }

    #[test]
    fn what_was_stored_is_loaded_in_any_width() {
        let mut memory = Memory::new(&environment("ref-e500v2-pr"));
        memory.store(MEMORY, Size::Word, 0x0102_0304);
        assert_eq!(memory.load(MEMORY + 1, Size::Half), Some(0x0203));
        assert_eq!(memory.load(MEMORY + 2, Size::Word), None);
        memory.little = true;
        memory.store(MEMORY, Size::Word, 0x0102_0304);
        assert_eq!(memory.load(MEMORY, Size::Byte), Some(4));
    }
}
