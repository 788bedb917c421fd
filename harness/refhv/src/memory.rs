//! Guest-physical RAM: one block from address 0, big-endian.
//!
//! A machine is made for every case, and most of its cost would be memory: not its size, which the operating system only
//! hands out page by page, but the faults of the pages it touches. So a block that is no longer needed is cleared where it
//! was written to and serves the thread's next machine. Every accessor checks bounds; an address outside is the caller's
//! business (a device, or a machine check).

use std::cell::RefCell;

/// Bytes of a block that the C library always takes fresh from the system, as it does not with smaller ones: it reuses those
/// and has to clear all of them at once (glibc, DEFAULT_MMAP_THRESHOLD_MAX). What is not touched costs nothing.
const FRESH: usize = (32 << 20) + 1;
/// log2 of the bytes that are cleared at once.
const CHUNK_SHIFT: u32 = 12;
const CHUNK: usize = 1 << CHUNK_SHIFT;
/// Blocks a thread keeps: its machines run one after the other.
const KEPT: usize = 1;

thread_local! {
    /// Blocks to be used again, all zero.
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// A piece of memory, and where it has been written to.
struct Block {
    ram: Vec<u8>,
    /// For each chunk, whether it may hold something else than zero.
    touched: Vec<bool>,
}

/// RAM from guest-physical address 0 upwards.
pub struct Memory {
    block: Block,
    /// Its size when it was made.
    initial: usize,
}

impl Memory {
    /// RAM of `bytes` bytes, all zero.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let used = BLOCKS.with_borrow_mut(|blocks| {
            let place = blocks.iter().position(|block| block.ram.len() == bytes)?;
            Some(blocks.swap_remove(place))
        });
        let block = used.unwrap_or_else(|| {
            let mut ram = vec![0; bytes.max(FRESH)];
            ram.truncate(bytes);
            Block { ram, touched: vec![false; bytes.div_ceil(CHUNK)] }
        });
        Self { block, initial: bytes }
    }

    /// Adds `bytes` bytes at the end, all zero; returns the address of the first. Who adds them sees to it that no guest
    /// reaches them.
    pub fn append(&mut self, bytes: usize) -> u64 {
        let address = self.size();
        let Block { ram, touched } = &mut self.block;
        ram.reserve_exact(bytes);
        ram.resize(ram.len() + bytes, 0);
        touched.resize(ram.len().div_ceil(CHUNK), false);
        address
    }

    /// Notes that `len` bytes from `address` on, all of them RAM, may no longer be zero.
    #[inline]
    fn touch(&mut self, address: usize, len: usize) {
        let last = (address + len.saturating_sub(1)) >> CHUNK_SHIFT;
        for chunk in address >> CHUNK_SHIFT..=last {
            if let Some(touched) = self.block.touched.get_mut(chunk) {
                *touched = true;
            }
        }
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.block.ram.len() as u64
    }

    /// The `N` bytes at a guest-physical address, if all of them are RAM.
    #[inline]
    #[must_use]
    pub fn read<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        self.block.ram.get(usize::try_from(address).ok()?..)?.first_chunk().copied()
    }

    /// Stores `N` bytes at a guest-physical address; none, and nothing stored, if any of them is not RAM.
    #[inline]
    #[must_use]
    pub fn write<const N: usize>(&mut self, address: u64, bytes: [u8; N]) -> Option<()> {
        let address = usize::try_from(address).ok()?;
        *self.block.ram.get_mut(address..)?.first_chunk_mut()? = bytes;
        self.touch(address, N);
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
        self.block.ram.get(usize::try_from(address).ok()?..)?.get(..len)
    }

    /// `len` bytes from a guest-physical address on, to be changed.
    #[must_use]
    pub fn slice_mut(&mut self, address: u64, len: usize) -> Option<&mut [u8]> {
        let address = usize::try_from(address).ok()?;
        if self.block.ram.get(address..)?.len() >= len {
            self.touch(address, len);
        }
        self.block.ram.get_mut(address..)?.get_mut(..len)
    }
}

impl Drop for Memory {
    /// Keeps the block for the next machine, unless the thread has enough of them or is at its end.
    fn drop(&mut self) {
        let mut block =
            Block { ram: std::mem::take(&mut self.block.ram), touched: std::mem::take(&mut self.block.touched) };
        let _ = BLOCKS.try_with(|blocks| {
            let Ok(mut blocks) = blocks.try_borrow_mut() else { return };
            if blocks.len() < KEPT {
                block.clear(self.initial);
                blocks.push(block);
            }
        });
    }
}

impl Block {
    /// Makes it as it was when it was new, with this size.
    fn clear(&mut self, size: usize) {
        for (chunk, touched) in self.ram.chunks_mut(CHUNK).zip(&mut self.touched) {
            if std::mem::take(touched) {
                chunk.fill(0);
            }
        }
        self.ram.truncate(size);
        self.touched.truncate(size.div_ceil(CHUNK));
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

    #[test]
    fn memory_is_zero_however_its_last_user_left_it() {
        const SIZE: usize = 3 * CHUNK + 5;
        let mut used = Memory::new(SIZE);
        let appended = used.append(CHUNK);
        let across = CHUNK as u64 - 2;
        assert_eq!(used.write_u32(across, u32::MAX), Some(()));
        assert_eq!(used.write(SIZE as u64 - 1, [0xff]), Some(()));
        used.slice_mut(appended, CHUNK).expect("in RAM").fill(0xff);
        let address = used.slice(0, SIZE).expect("in RAM").as_ptr();
        drop(used);
        let mut next = Memory::new(SIZE);
        assert_eq!(next.slice(0, SIZE).expect("in RAM").as_ptr(), address, "the block is used again");
        assert!(next.slice(0, SIZE).expect("in RAM").iter().all(|byte| *byte == 0));
        assert_eq!(next.slice(0, SIZE + 1), None);
        let appended = next.append(CHUNK);
        assert!(next.slice(appended, CHUNK).expect("in RAM").iter().all(|byte| *byte == 0));
    }
}
