//! Translations used lately, so that most accesses need no walk of the MMU.
//!
//! Entries are kept per kind of access, hence hold no permissions: an entry exists only if that very access was
//! allowed. Each is tagged with the *space* it was made in, a number the supervisor derives from whatever MSR bits its
//! translations depend on; a change of MSR alone then needs no flush. Everything else that changes a translation (TLB
//! and segment writes, PID, page table base) must call [`Lookaside::flush`].
//!
//! Most instructions are in the page of the one before: that page's tag is kept apart, where it need not be looked for.

use std::rc::Rc;

use sprig_isa::mmu::PAGE_SIZE;

use super::code::Page;
use super::{Access, INSTRUCTION};

const OFFSET: u64 = PAGE_SIZE - 1;
/// Entries for each kind of access, found by the low bits of the page number.
const ENTRIES: usize = 32;
/// log2 of the largest size of an access. Between those bits and the page number a tag has the space.
const SPACE_SHIFT: u32 = 3;
/// A tag no address has: the space field is wider than any space number.
const EMPTY: u64 = OFFSET;

#[derive(Clone, Copy)]
struct Entry {
    /// Effective page number and space.
    tag: u64,
    /// Guest-physical address of the page.
    page: u64,
}

impl Entry {
    const EMPTY: Self = Self { tag: EMPTY, page: 0 };

    /// Where an address of this space leads, if it is in this page and a multiple of `size`, a power of two.
    #[inline]
    fn lead(&self, address: u64, size: usize, space: u64) -> Option<u64> {
        (self.tag == tag(address, size, space)).then_some(self.page | address & OFFSET)
    }
}

/// The same for instructions, which leads to them decoded.
struct CodeEntry {
    tag: u64,
    page: Option<Rc<Page>>,
}

impl CodeEntry {
    const EMPTY: Self = Self { tag: EMPTY, page: None };
}

/// The lookaside of one CPU.
pub struct Lookaside {
    space: u64,
    /// The tag of the page of the last instruction.
    last_fetch: u64,
    fetch: [CodeEntry; ENTRIES],
    load: [Entry; ENTRIES],
    store: [Entry; ENTRIES],
}

impl Default for Lookaside {
    fn default() -> Self {
        let empty = [Entry::EMPTY; ENTRIES];
        Self { space: 0, last_fetch: EMPTY, fetch: [CodeEntry::EMPTY; ENTRIES], load: empty, store: empty }
    }
}

impl Lookaside {
    /// Forgets everything.
    pub fn flush(&mut self) {
        self.forget_code();
        self.load = [Entry::EMPTY; ENTRIES];
        self.store = [Entry::EMPTY; ENTRIES];
    }

    /// Forgets where instructions are, and with it how they are decoded.
    pub(super) fn forget_code(&mut self) {
        self.forget_last_page();
        self.fetch = [CodeEntry::EMPTY; ENTRIES];
    }

    /// From now on translations belong to this space (a number below 256).
    pub fn set_space(&mut self, space: u8) {
        let space = u64::from(space) << SPACE_SHIFT;
        if space != self.space {
            self.space = space;
            self.forget_last_page();
        }
    }

    /// The space that translations belong to.
    pub(crate) fn space(&self) -> u8 {
        (self.space >> SPACE_SHIFT) as u8
    }

    /// True if an address is that of an instruction in the page of the last one.
    #[inline]
    pub(super) fn is_in_last_page(&self, address: u64) -> bool {
        self.last_fetch == tag(address, INSTRUCTION as usize, self.space)
    }

    /// The page of an instruction, if it is known and the address a multiple of four.
    pub(super) fn find_code(&mut self, address: u64) -> Option<Rc<Page>> {
        let CodeEntry { tag: known, page } = &self.fetch[index(address)];
        if *known != tag(address, INSTRUCTION as usize, self.space) {
            return None;
        }
        self.last_fetch = *known;
        page.clone()
    }

    /// Remembers where the instructions of a page are.
    pub(super) fn insert_code(&mut self, address: u64, page: &Rc<Page>) {
        self.last_fetch = tag(address, 1, self.space);
        self.fetch[index(address)] = CodeEntry { tag: self.last_fetch, page: Some(Rc::clone(page)) };
    }

    /// The next instruction is in no known page.
    pub(super) fn forget_last_page(&mut self) {
        self.last_fetch = EMPTY;
    }

    /// The guest-physical address of a load or store of `size` bytes, if the page is known and the access aligned,
    /// which is to say within the page.
    #[inline]
    pub(crate) fn find(&self, address: u64, size: usize, access: Access) -> Option<u64> {
        let entries = if access == Access::Store { &self.store } else { &self.load };
        entries[index(address)].lead(address, size, self.space)
    }

    /// Remembers a translation of a load or store that holds for the whole page.
    pub(crate) fn insert(&mut self, address: u64, access: Access, physical: u64) {
        let entries = if access == Access::Store { &mut self.store } else { &mut self.load };
        entries[index(address)] = Entry { tag: tag(address, 1, self.space), page: physical & !OFFSET };
    }
}

/// The tag of an address of this space that is a multiple of `size`; one that is not has a tag of no page.
#[inline]
const fn tag(address: u64, size: usize, space: u64) -> u64 {
    let misaligned = size as u64 - 1;
    address & (!OFFSET | misaligned) | space
}

/// Folds the page number, since what a guest uses together often lies a round distance apart.
#[inline]
fn index(address: u64) -> usize {
    let page = (address / PAGE_SIZE) as usize;
    (page ^ page >> 5) % ENTRIES
}
