//! The shadow TLB: the translations the hypervisor has given the hardware for its guest.
//!
//! It knows pages by effective address, kind of access and *space* (the guest's MSR bits that translation depends on),
//! and forgets all of them whenever the guest changes any translation, and when the page is mapped: the contract wants
//! the page there whatever was touched before. A translation that is in it costs no exit.

use sprig_isa::mmu::PAGE_SIZE;

use crate::cpu::Access;

const BUCKETS: usize = 256;
/// After the last entry of a bucket.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Entry {
    page: u64,
    space: u8,
    access: Access,
    host: u64,
    /// The entry of the same bucket that was there before.
    next: u32,
}

/// The shadow TLB. Its entries lie one after the other: every machine gets a copy.
#[derive(Clone, Debug)]
pub(super) struct ShadowTlb {
    entries: Vec<Entry>,
    /// For each bucket its last entry.
    buckets: [u32; BUCKETS],
}

impl ShadowTlb {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), buckets: [NONE; BUCKETS] }
    }

    /// The host address for an access to an effective address.
    pub(super) fn find(&self, address: u64, space: u8, access: Access) -> Option<u64> {
        let page = address & !(PAGE_SIZE - 1);
        let mut bucket =
            std::iter::successors(self.entry(self.buckets[bucket(page, access)]), |entry| self.entry(entry.next));
        bucket
            .find(|entry| entry.page == page && entry.space == space && entry.access == access)
            .map(|entry| entry.host | address & (PAGE_SIZE - 1))
    }

    fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// Remembers that an access to the page around `address` is one to the page around `host`.
    pub(super) fn insert(&mut self, address: u64, space: u8, access: Access, host: u64) {
        let page = address & !(PAGE_SIZE - 1);
        let bucket = &mut self.buckets[bucket(page, access)];
        // A guest has fewer pages.
        let next = std::mem::replace(bucket, self.entries.len() as u32);
        self.entries.push(Entry { page, space, access, host: host & !(PAGE_SIZE - 1), next });
    }

    pub(super) fn flush(&mut self) {
        self.entries.clear();
        self.buckets = [NONE; BUCKETS];
    }
}

const fn bucket(page: u64, access: Access) -> usize {
    /// Kinds of access, up to a power of two.
    const ACCESSES: usize = 4;
    ((page / PAGE_SIZE) as usize * ACCESSES + access as usize) % BUCKETS
}
