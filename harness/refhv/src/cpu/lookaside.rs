//! Translations used lately, so that most accesses need no walk of the MMU.
//!
//! Entries are kept per kind of access, hence hold no permissions: an entry exists only if that very access was allowed.
//! Each is tagged with the *space* it was made in, a number the supervisor derives from whatever MSR bits its
//! translations depend on; a change of MSR alone then needs no flush. Everything else that changes a translation (TLB
//! and segment writes, PID, page table base) must call [`Lookaside::flush`].
//!
//! Most instructions are in the page of the one before: that page's entry is kept apart, where it need not be looked for.

use super::Access;

/// Bytes of the page an entry covers.
pub(crate) const PAGE: u64 = 4096;
const OFFSET: u64 = PAGE - 1;
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
        let misaligned = size as u64 - 1;
        (self.tag == address & (!OFFSET | misaligned) | space).then_some(self.page | address & OFFSET)
    }
}

/// The lookaside of one CPU.
pub struct Lookaside {
    space: u64,
    /// The entry of the last fetch.
    last_fetch: Entry,
    fetch: [Entry; ENTRIES],
    load: [Entry; ENTRIES],
    store: [Entry; ENTRIES],
}

impl Default for Lookaside {
    fn default() -> Self {
        let empty = [Entry::EMPTY; ENTRIES];
        Self { space: 0, last_fetch: Entry::EMPTY, fetch: empty, load: empty, store: empty }
    }
}

impl Lookaside {
    /// Forgets everything.
    pub fn flush(&mut self) {
        *self = Self { space: self.space, ..Self::default() };
    }

    /// From now on translations belong to this space (a number below 256).
    pub fn set_space(&mut self, space: u8) {
        self.space = u64::from(space) << SPACE_SHIFT;
    }

    /// The guest-physical address of an instruction, if it is in the page of the last one.
    #[inline]
    pub(crate) fn find_again(&self, address: u64) -> Option<u64> {
        self.last_fetch.lead(address, 1, self.space)
    }

    /// The guest-physical address of an instruction, if the page is known.
    pub(crate) fn find_fetch(&mut self, address: u64) -> Option<u64> {
        let entry = self.fetch[index(address)];
        let found = entry.lead(address, 1, self.space)?;
        self.last_fetch = entry;
        Some(found)
    }

    /// The guest-physical address of an access of `size` bytes, if the page is known and the access aligned, which is to say
    /// within the page.
    #[inline]
    pub(crate) fn find(&self, address: u64, size: usize, access: Access) -> Option<u64> {
        let entries = match access {
            Access::Fetch => &self.fetch,
            Access::Load => &self.load,
            Access::Store => &self.store,
        };
        entries[index(address)].lead(address, size, self.space)
    }

    /// Remembers a translation that holds for the whole page.
    pub(crate) fn insert(&mut self, address: u64, access: Access, physical: u64) {
        let entries = match access {
            Access::Fetch => &mut self.fetch,
            Access::Load => &mut self.load,
            Access::Store => &mut self.store,
        };
        entries[index(address)] = Entry { tag: address & !OFFSET | self.space, page: physical & !OFFSET };
    }
}

/// Folds the page number, since what a guest uses together often lies a round distance apart.
#[inline]
fn index(address: u64) -> usize {
    let page = (address / PAGE) as usize;
    (page ^ page >> 5) % ENTRIES
}
