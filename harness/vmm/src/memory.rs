//! Memory from the kernel, given back when it is dropped.

use crate::linux::{self, Backing};
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut, Range};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use sprig_isa::mmu::hash64::{HTABSIZE_BASE, PTE_SIZE, PTES_PER_GROUP};
use sprig_kvm::system::Errno;
use sprig_wire::layout::RAM_SIZE;

/// A piece of memory.
pub(crate) struct Mapping {
    address: usize,
    length: usize,
}

impl Mapping {
    pub(crate) fn new(length: usize, backing: Backing) -> Result<Self, Errno> {
        linux::map(length, backing).map(|address| Self { address, length })
    }

    pub(crate) const fn address(&self) -> usize {
        self.address
    }

    /// A pointer to something in it.
    pub(crate) fn at<T>(&self, offset: usize) -> *mut T {
        let is_within = offset + size_of::<T>() <= self.length;
        assert!(is_within && (self.address + offset).is_multiple_of(align_of::<T>()), "not of this memory");
        (self.address + offset) as *mut T
    }

    /// All of it.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: readable and writable memory that this owns. A guest changes it only while KVM_RUN runs, and then
        // nobody holds this reference.
        unsafe { core::slice::from_raw_parts_mut(self.address as *mut u8, self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and references to it do not outlive this.
        unsafe { linux::unmap(self.address, self.length) };
    }
}

/// The hashed page table of a partition under KVM-PR: it lies in user space's memory, on a boundary of its own size
/// (Power ISA Book III-S, "Storage Description Register 1").
pub(crate) struct HashTable(Mapping);

impl HashTable {
    /// Bytes: the smallest there is.
    pub(crate) const SIZE: usize = (GROUPS * PTES_PER_GROUP * PTE_SIZE) as usize;

    pub(crate) fn new() -> Result<Self, Errno> {
        Mapping::new(2 * Self::SIZE, Backing::Nothing).map(Self)
    }

    pub(crate) const fn address(&self) -> usize {
        self.0.address().next_multiple_of(Self::SIZE)
    }

    pub(crate) fn clear(&mut self) {
        self.0.bytes().fill(0);
    }
}

/// Groups of the smallest hashed page table.
const GROUPS: u64 = 1 << HTABSIZE_BASE;

/// A guest's memory. What one machine had the next one gets, so that pages it is to keep are the same ones:
///
/// ```text
///   the guest's:    zero, new pages | kept: as the machine before left it | zero, new pages
/// ```
///
/// An emulator of this host has translated the code in them; it would start over with each machine in pages that are
/// new.
pub(crate) struct Ram(ManuallyDrop<Mapping>);

/// Address of the memory that no machine has now; 0 where there is none.
static SPARE: AtomicUsize = AtomicUsize::new(0);
const LENGTH: usize = RAM_SIZE as usize;

impl Ram {
    /// Of what is to be kept, whole pages of the host's are.
    pub(crate) fn new(kept: Range<usize>, page_size: usize) -> Result<Self, Errno> {
        let address = SPARE.swap(0, Relaxed);
        if address == 0 {
            return Mapping::new(LENGTH, Backing::Nothing).map(|mapping| Self(ManuallyDrop::new(mapping)));
        }
        let ram = Self(ManuallyDrop::new(Mapping { address, length: LENGTH }));
        let first = kept.start.next_multiple_of(page_size);
        let behind = (kept.end / page_size * page_size).max(first);
        for Range { start, end } in [0..first, behind..LENGTH] {
            assert!(start <= end && end <= LENGTH);
            if start == end {
                continue;
            }
            // SAFETY: within what `Mapping::new` has made; the machine that had it is gone.
            unsafe { linux::renew(address + start, end - start) }?;
        }
        Ok(ram)
    }
}

impl Deref for Ram {
    type Target = Mapping;

    fn deref(&self) -> &Mapping {
        &self.0
    }
}

impl DerefMut for Ram {
    fn deref_mut(&mut self) -> &mut Mapping {
        &mut self.0
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        let other = SPARE.swap(self.address, Relaxed);
        if other != 0 {
            drop(Mapping { address: other, length: LENGTH });
        }
    }
}
