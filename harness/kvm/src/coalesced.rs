//! The ring in which KVM collects stores that user space need not see at once (`struct kvm_coalesced_mmio_ring`,
//! include/uapi/linux/kvm.h; api.rst, section 4.116). It is a page of the host's behind `struct kvm_run`:
//!
//! ```text
//!   +0  u32 first    the next one that user space takes     behind the last place comes the first one again;
//!   +4  u32 last     the next one that the kernel writes    empty: first == last
//!   +8  places:      u64 address, u32 length, u32, u8 data[8]
//! ```

use crate::exit::Mmio;

/// Where the kernel's half of the head is.
pub const AT_LAST: usize = size_of::<u32>();
const HEAD: usize = 2 * size_of::<u32>();

/// `struct kvm_coalesced_mmio`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Coalesced {
    pub phys_addr: u64,
    pub len: u32,
    pub pio: u32,
    pub data: [u8; 8],
}

impl Coalesced {
    /// The access that it was.
    #[must_use]
    pub fn access(&self) -> Mmio {
        let length = (self.len as usize).min(self.data.len());
        Mmio { address: self.phys_addr, length, stored: Some(self.data) }
    }
}

/// Where a place is in the ring, and which one comes after it, on a host with pages of this size; none if the ring has
/// no such place.
#[must_use]
pub const fn place(index: u32, page_size: usize) -> Option<(usize, u32)> {
    // KVM_COALESCED_MMIO_MAX.
    let places = (page_size - HEAD) / size_of::<Coalesced>();
    if index as usize >= places {
        return None;
    }
    let next = (index + 1) % places as u32;
    Some((HEAD + index as usize * size_of::<Coalesced>(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_behind_the_head_and_the_first_follows_the_last() {
        assert_eq!(size_of::<Coalesced>(), 24);
        assert_eq!(place(0, 0x1000), Some((8, 1)));
        assert_eq!(place(169, 0x1000), Some((0xfe0, 0)));
        assert_eq!(place(170, 0x1000), None);
        assert_eq!(place(2729, 0x10000), Some((8 + 2729 * 24, 0)));
    }

    #[test]
    fn an_entry_is_the_store_that_was_made() {
        let entry = Coalesced { phys_addr: 0x0f00_0020, len: 2, pio: 0, data: *b"xy......" };
        assert_eq!(entry.access(), Mmio { address: 0x0f00_0020, length: 2, stored: Some(*b"xy......") });
        assert_eq!(Coalesced { len: 9, ..entry }.access().length, 8);
    }
}
