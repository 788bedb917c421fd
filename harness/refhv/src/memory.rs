//! Guest-physical RAM: one block from address 0, big-endian.
//!
//! The block is allocated zeroed, which the operating system does lazily, so a fresh machine costs the pages it touches
//! and not its RAM size. Every accessor checks bounds; an address outside is the caller's business (a device, or a
//! machine check).

/// Bytes of a block that the C library always takes fresh from the system, as it does not with smaller ones: it reuses those
/// and has to clear all of them at once (glibc, DEFAULT_MMAP_THRESHOLD_MAX). What is not touched costs nothing.
const FRESH: usize = (32 << 20) + 1;

/// RAM from guest-physical address 0 upwards.
pub struct Memory {
    ram: Vec<u8>,
}

impl Memory {
    /// RAM of `bytes` bytes, all zero.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let mut ram = vec![0; bytes.max(FRESH)];
        ram.truncate(bytes);
        Self { ram }
    }

    /// Adds `bytes` bytes at the end, all zero; returns the address of the first. Who adds them sees to it that no guest
    /// reaches them.
    pub fn append(&mut self, bytes: usize) -> u64 {
        let address = self.size();
        self.ram.reserve_exact(bytes);
        self.ram.resize(self.ram.len() + bytes, 0);
        address
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.ram.len() as u64
    }

    /// The `N` bytes at a guest-physical address, if all of them are RAM.
    #[inline]
    #[must_use]
    pub fn read<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        self.ram.get(usize::try_from(address).ok()?..)?.first_chunk().copied()
    }

    /// Stores `N` bytes at a guest-physical address; none, and nothing stored, if any of them is not RAM.
    #[inline]
    #[must_use]
    pub fn write<const N: usize>(&mut self, address: u64, bytes: [u8; N]) -> Option<()> {
        *self.ram.get_mut(usize::try_from(address).ok()?..)?.first_chunk_mut()? = bytes;
        Some(())
    }

    /// The big-endian word at a guest-physical address.
    #[inline]
    #[must_use]
    pub fn read_u32(&self, address: u64) -> Option<u32> {
        self.read(address).map(u32::from_be_bytes)
    }

    /// Stores a big-endian word.
    #[inline]
    #[must_use]
    pub fn write_u32(&mut self, address: u64, value: u32) -> Option<()> {
        self.write(address, value.to_be_bytes())
    }

    /// The big-endian doubleword at a guest-physical address.
    #[inline]
    #[must_use]
    pub fn read_u64(&self, address: u64) -> Option<u64> {
        self.read(address).map(u64::from_be_bytes)
    }

    /// Stores a big-endian doubleword.
    #[inline]
    #[must_use]
    pub fn write_u64(&mut self, address: u64, value: u64) -> Option<()> {
        self.write(address, value.to_be_bytes())
    }

    /// `len` bytes from a guest-physical address on.
    #[must_use]
    pub fn slice(&self, address: u64, len: usize) -> Option<&[u8]> {
        self.ram.get(usize::try_from(address).ok()?..)?.get(..len)
    }

    /// `len` bytes from a guest-physical address on, to be changed.
    #[must_use]
    pub fn slice_mut(&mut self, address: u64, len: usize) -> Option<&mut [u8]> {
        self.ram.get_mut(usize::try_from(address).ok()?..)?.get_mut(..len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_big_endian() {
        let mut memory = Memory::new(16);
        assert_eq!(memory.write_u32(4, 0x0102_0304), Some(()));
        assert_eq!(memory.slice(4, 4), Some(&[1, 2, 3, 4][..]));
        assert_eq!(memory.read_u64(0), Some(0x0102_0304));
    }

    #[test]
    fn an_access_that_is_not_wholly_in_ram_does_nothing() {
        let mut memory = Memory::new(16);
        assert_eq!(memory.write_u32(14, u32::MAX), None);
        assert_eq!(memory.read_u32(12), Some(0));
        assert_eq!(memory.read_u32(14), None);
        assert_eq!(memory.read_u32(u64::MAX), None);
    }
}
