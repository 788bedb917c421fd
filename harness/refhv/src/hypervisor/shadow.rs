//! The shadow TLB: the translations the hypervisor has given the hardware for its guest.
//!
//! It knows pages by effective address, kind of access and *space* (the guest's MSR bits that translation depends on), and
//! forgets all of them whenever the guest changes any translation, and when the page is mapped: the contract wants the page
//! there whatever was touched before. A translation that is in it costs no exit.

use crate::cpu::Access;

/// Bytes of a page.
pub(super) const PAGE: u64 = 4096;
const BUCKETS: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    page: u64,
    space: u8,
    access: Access,
    host: u64,
}

/// The shadow TLB.
#[derive(Clone, Debug)]
pub(super) struct ShadowTlb {
    buckets: Vec<Vec<Entry>>,
}

impl ShadowTlb {
    pub(super) fn new() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS] }
    }

    /// The host address for an access to an effective address.
    pub(super) fn find(&self, address: u64, space: u8, access: Access) -> Option<u64> {
        let page = address & !(PAGE - 1);
        self.buckets[bucket(page)]
            .iter()
            .find(|entry| entry.page == page && entry.space == space && entry.access == access)
            .map(|entry| entry.host | address & (PAGE - 1))
    }

    /// Remembers that an access to the page around `address` is one to the page around `host`.
    pub(super) fn insert(&mut self, address: u64, space: u8, access: Access, host: u64) {
        let page = address & !(PAGE - 1);
        self.buckets[bucket(page)].push(Entry { page, space, access, host: host & !(PAGE - 1) });
    }

    pub(super) fn flush(&mut self) {
        for bucket in &mut self.buckets {
            bucket.clear();
        }
    }
}

const fn bucket(page: u64) -> usize {
    (page / PAGE) as usize % BUCKETS
}
