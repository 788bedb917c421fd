//! TLB0 of an e500: pages of 4 KiB in sets, of which the address chooses one (api.rst, section 6.3: (MAS2 >> 12) &
//! (sets - 1)).

use std::sync::Arc;

use sprig_isa::mmu::PAGE_SHIFT;

use super::Entry;

/// Its entries, set by set.
#[derive(Clone, Debug)]
pub(super) struct Tlb0 {
    /// Shared by the machines that are made from one moment, until one of them writes to its own: few of them do.
    entries: Arc<[Entry]>,
    ways: usize,
}

impl Tlb0 {
    /// Invalid entries; both numbers and their quotient, which is how many sets there are, are powers of two.
    pub(super) fn new(entries: usize, ways: usize) -> Self {
        Self { entries: vec![Entry::default(); entries].into(), ways }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) const fn ways(&self) -> usize {
        self.ways
    }

    /// The number of the set that has the page with this address.
    pub(super) fn number_of(&self, address: u64) -> usize {
        (address >> PAGE_SHIFT) as usize & (self.len() / self.ways - 1)
    }

    /// That set.
    pub(super) fn set_with(&self, address: u64) -> &[Entry] {
        let first = self.number_of(address) * self.ways;
        &self.entries[first..first + self.ways]
    }

    pub(super) fn set_mut(&mut self, number: usize) -> &mut [Entry] {
        let first = number * self.ways;
        let ways = self.ways;
        &mut self.all_mut()[first..first + ways]
    }

    pub(super) fn all_mut(&mut self) -> &mut [Entry] {
        Arc::make_mut(&mut self.entries)
    }
}
