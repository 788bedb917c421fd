//! Which pages scripts have mapped: a small table, the same for every family.

use crate::address::Ea;
use sprig_interpreter::Unsupported;

pub(super) use sprig_wire::layout::MAPPED_PAGES as PAGES;

/// The pages mapped at the moment, with what the family needs to remove one.
pub(super) struct Pages<T> {
    pages: [Option<(Ea, T)>; PAGES],
}

impl<T: Copy> Pages<T> {
    pub(super) const fn new() -> Self {
        Self { pages: [None; PAGES] }
    }

    /// Notes a page in a free place; the place's index.
    pub(super) fn insert(&mut self, ea: Ea, note: T) -> Result<usize, Unsupported> {
        let index = self.free().ok_or(Unsupported)?;
        self.pages[index] = Some((page(ea), note));
        Ok(index)
    }

    /// Index of the place the next page will have.
    pub(super) fn free(&self) -> Option<usize> {
        self.pages.iter().position(Option::is_none)
    }

    /// Forgets a page; its place and note.
    pub(super) fn remove(&mut self, ea: Ea) -> Option<(usize, T)> {
        let index = self.pages.iter().position(|entry| entry.is_some_and(|(known, _)| known == page(ea)))?;
        self.pages[index].take().map(|(_, note)| (index, note))
    }

    /// Each page that is mapped, and its note.
    pub(super) fn notes(&self) -> impl Iterator<Item = (Ea, T)> {
        self.pages.iter().flatten().copied()
    }

    /// True if the page is mapped.
    #[cfg(all(feature = "board", target_pointer_width = "32"))]
    pub(super) fn contains(&self, ea: Ea) -> bool {
        self.pages.iter().flatten().any(|(known, _)| *known == page(ea))
    }

    /// The same as [`Self::pop`], with the page's place.
    #[cfg(target_pointer_width = "32")]
    pub(super) fn pop_place(&mut self) -> Option<(usize, T)> {
        let mut places = self.pages.iter_mut().enumerate();
        places.find_map(|(index, page)| page.take().map(|(_, note)| (index, note)))
    }

    /// Forgets all pages, one at each call.
    pub(super) fn pop(&mut self) -> Option<(Ea, T)> {
        self.pages.iter_mut().find_map(Option::take)
    }
}

/// The page of an address.
pub(super) const fn page(ea: Ea) -> Ea {
    ea & !(sprig_isa::mmu::PAGE_SIZE as Ea - 1)
}
