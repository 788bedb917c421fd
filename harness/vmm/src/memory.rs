//! Memory from the kernel, given back when it is dropped.

use crate::linux::{self, Backing};
use sprig_kvm::system::Errno;

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
        assert!(offset + size_of::<T>() <= self.length && (self.address + offset).is_multiple_of(align_of::<T>()));
        (self.address + offset) as *mut T
    }

    /// All of it.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: readable and writable memory that this owns. A guest changes it only while KVM_RUN runs, and then nobody
        // holds this reference.
        unsafe { core::slice::from_raw_parts_mut(self.address as *mut u8, self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and references to it do not outlive this.
        unsafe { linux::unmap(self.address, self.length) };
    }
}
