//! Files, whole.

use crate::linux::{self, Backing};
use core::ffi::CStr;
use sprig_kvm::system::Failure;

/// The contents of a file, for as long as the program runs.
pub(crate) fn read(path: &CStr) -> Result<&'static [u8], Failure> {
    let file = linux::open(path, false).map_err(|errno| errno.of("cannot open the guest image or the batch"))?;
    let length = linux::length(file).map_err(|errno| errno.of("lseek"))?;
    if length == 0 {
        return Ok(&[]);
    }
    let address = linux::map(length, Backing::File(file)).map_err(|errno| errno.of("mmap of a file"))?;
    linux::close(file);
    // SAFETY: the kernel has just mapped so much of the file there, and it is never unmapped.
    Ok(unsafe { core::slice::from_raw_parts(address as *const u8, length) })
}
