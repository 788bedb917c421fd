//! Guest-physical RAM: one block from address 0, big-endian.
//!
//! Every accessor checks bounds; an address outside is the caller's business (a device, or a machine check). Every
//! change of a byte is counted, by page.

mod block;
mod pages;

use block::Block;
pub(crate) use block::Version;
pub(crate) use pages::Pages;

/// log2 of the bytes whose writes are counted together, and that are cleared or copied at once.
const CHUNK_SHIFT: u32 = 12;
const CHUNK: usize = 1 << CHUNK_SHIFT;
/// Set in a page's count of writes: the next write is to be reported.
const WATCHED: u64 = 1 << 63;

/// RAM from guest-physical address 0 upwards.
pub struct Memory {
    block: Block,
}

impl Memory {
    /// RAM of `bytes` bytes, all zero.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { block: Block::new(bytes) }
    }

    /// Adds `bytes` bytes at the end, all zero; returns the address of the first. Who adds them sees to it that no
    /// guest reaches them.
    pub fn append(&mut self, bytes: usize) -> u64 {
        let address = self.size();
        self.block.append(bytes);
        address
    }

    /// Notes that `len` bytes from `address` on, all of them RAM, are written to. Every change of a byte goes through
    /// here.
    #[inline]
    fn touch(&mut self, address: usize, len: usize) {
        let (first, last) = (address >> CHUNK_SHIFT, (address + len.saturating_sub(1)) >> CHUNK_SHIFT);
        self.block.count_write(first);
        if first != last {
            self.touch_rest(first + 1, last);
        }
    }

    #[cold]
    fn touch_rest(&mut self, first: usize, last: usize) {
        (first..=last).for_each(|chunk| self.block.count_write(chunk));
    }

    /// How often the page around a guest-physical address has been written to. As long as that is the same, so are its
    /// bytes.
    #[must_use]
    pub fn writes(&self, address: u64) -> u64 {
        self.page_state(address / CHUNK as u64) & !WATCHED
    }

    /// The same of the page with this number, with whether it is watched.
    #[inline]
    pub(crate) fn page_state(&self, page: u64) -> u64 {
        self.block.writes.get(page as usize).copied().unwrap_or_default()
    }

    /// From now on, until it happens, a write to the page around a guest-physical address is told by
    /// [`Self::written_watched`]. What the page holds; none if it is not RAM.
    pub(crate) fn watch(&mut self, address: u64) -> Option<Version> {
        let chunk = usize::try_from(address).ok()? >> CHUNK_SHIFT;
        let writes = self.block.writes.get_mut(chunk)?;
        if *writes == 0 {
            // What is cleared for the next machine is what has been written to.
            self.block.written.push(chunk);
            *writes = 1;
        }
        *writes |= WATCHED;
        Some(self.block.version(chunk))
    }

    /// A page that was watched until it has been written to, each told once.
    #[inline]
    pub fn written_watched(&mut self) -> Option<u64> {
        self.block.watched_written.pop().map(|chunk| (chunk << CHUNK_SHIFT) as u64)
    }

    /// Makes `len` bytes from a guest-physical address on zero, without a look at those that are; none, and nothing
    /// done, if they are not all RAM.
    #[must_use]
    pub fn clear(&mut self, address: u64, len: usize) -> Option<()> {
        let start = usize::try_from(address).ok()?;
        let end = start.checked_add(len).filter(|end| *end <= self.block.ram.len())?;
        for chunk in (start >> CHUNK_SHIFT)..end.div_ceil(CHUNK) {
            if self.block.writes.get(chunk).is_some_and(|writes| *writes & !WATCHED > 0) {
                self.block.count_write(chunk);
                let (first, last) = ((chunk << CHUNK_SHIFT).max(start), ((chunk + 1) << CHUNK_SHIFT).min(end));
                self.block.ram[first..last].fill(0);
            }
        }
        Some(())
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
        let is_watched = self.block.is_watched(address >> CHUNK_SHIFT);
        let place = self.block.ram.get_mut(address..)?.first_chunk_mut()?;
        // A watcher of a page has to look at all of it again: a guest stores what is already there to have a page
        // mapped.
        if is_watched && *place == bytes {
            return Some(());
        }
        *place = bytes;
        self.touch(address, N);
        Some(())
    }

    /// [`Self::read`] at an address that is a multiple of `N`, which is a power of two.
    #[inline]
    #[must_use]
    pub fn read_aligned<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let address = usize::try_from(address).ok()?;
        self.block.ram.as_chunks().0.get(address / N).copied()
    }

    /// [`Self::write`] at an address that is a multiple of `N`, which is a power of two; none, and nothing stored, if
    /// it is the first one to the page or the page is watched.
    #[inline(always)]
    #[must_use]
    pub fn write_aligned_again<const N: usize>(&mut self, address: u64, bytes: [u8; N]) -> Option<()> {
        let address = usize::try_from(address).ok()?;
        let Block { ram, writes, .. } = &mut self.block;
        let count = writes.get_mut(address >> CHUNK_SHIFT).filter(|count| **count as i64 > 0)?;
        *ram.as_chunks_mut().0.get_mut(address / N)? = bytes;
        *count = count.wrapping_add(1);
        Some(())
    }

    /// `count` pieces of `N` bytes from an address on that is a multiple of `N`, which is a power of two.
    #[inline]
    #[must_use]
    pub fn chunks<const N: usize>(&self, address: u64, count: usize) -> Option<&[[u8; N]]> {
        let address = usize::try_from(address).ok()?;
        self.block.ram.as_chunks().0.get(address / N..)?.get(..count)
    }

    /// The same, all in one page, to be changed; none if this is the first write to the page or the page is watched.
    #[inline]
    #[must_use]
    pub fn chunks_again<const N: usize>(&mut self, address: u64, count: usize) -> Option<&mut [[u8; N]]> {
        let address = usize::try_from(address).ok()?;
        let Block { ram, writes, .. } = &mut self.block;
        let writes = writes.get_mut(address >> CHUNK_SHIFT).filter(|count| **count as i64 > 0)?;
        let chunks = ram.as_chunks_mut().0.get_mut(address / N..)?.get_mut(..count)?;
        *writes = writes.wrapping_add(1);
        Some(chunks)
    }

    /// [`Self::write`] at an address that is a multiple of `N`, which is a power of two.
    #[inline(always)]
    #[must_use]
    pub fn write_aligned<const N: usize>(&mut self, address: u64, bytes: [u8; N]) -> Option<()> {
        match self.write_aligned_again(address, bytes) {
            Some(()) => Some(()),
            None => self.write(address, bytes),
        }
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
    fn drop(&mut self) {
        std::mem::replace(&mut self.block, Block::NONE).keep();
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
    fn every_way_to_change_a_byte_is_a_write_to_its_page_and_to_no_other() {
        const AT: u64 = CHUNK as u64;
        let mut memory = Memory::new(4 * CHUNK);
        let changes: [fn(&mut Memory); 5] = [
            |memory| assert_eq!(memory.write(AT, [1]), Some(())),
            |memory| assert_eq!(memory.write_u32(AT + 4, 1), Some(())),
            |memory| assert_eq!(memory.write_u64(AT + 8, 1), Some(())),
            |memory| memory.slice_mut(AT, CHUNK).expect("in RAM").fill(0xff),
            |memory| assert_eq!(memory.clear(AT, 4), Some(())),
        ];
        for change in changes {
            let before = [0, 1, 2].map(|page| memory.writes(page * AT));
            change(&mut memory);
            let after = [0, 1, 2].map(|page| memory.writes(page * AT));
            assert_eq!((after[0], after[2]), (before[0], before[2]));
            assert_ne!(after[1], before[1]);
        }
        let before = [1, 2].map(|page| memory.writes(page * AT));
        assert_eq!(memory.write_u32(2 * AT - 2, 1), Some(()));
        assert!([1, 2].map(|page| memory.writes(page * AT)).iter().zip(before).all(|(after, before)| *after != before));
    }

    #[test]
    fn the_next_write_to_a_watched_page_is_told_once() {
        const AT: u64 = CHUNK as u64;
        let mut memory = Memory::new(4 * CHUNK);
        assert_eq!(memory.watch(4 * AT), None, "not RAM");
        let version = memory.watch(AT).expect("RAM");
        assert_eq!(memory.write_aligned_again(AT + 8, [1; 4]), None, "left to `write`");
        assert_eq!(memory.written_watched(), None);
        assert_eq!(memory.write(AT + 8, [1; 4]), Some(()));
        assert_eq!(memory.write(3 * AT, [1; 4]), Some(()));
        assert_eq!((memory.written_watched(), memory.written_watched()), (Some(AT), None));
        assert_ne!(memory.block.version(1), version);
        assert_eq!(memory.write_aligned_again(AT + 8, [2; 4]), Some(()));
        assert_eq!((memory.read_aligned(AT + 8), memory.written_watched()), (Some([2; 4]), None));
    }

    #[test]
    fn a_store_of_what_is_there_is_no_write_to_a_watched_page() {
        let mut memory = Memory::new(CHUNK);
        assert_eq!(memory.write(8, [1; 4]), Some(()));
        let version = memory.watch(0).expect("RAM");
        assert_eq!(memory.write(8, [1; 4]), Some(()));
        assert_eq!((memory.written_watched(), memory.block.version(0)), (None, version));
        assert_eq!(memory.write(8, [1, 1, 1, 2]), Some(()));
        assert_eq!((memory.written_watched(), memory.read(8)), (Some(0), Some([1, 1, 1, 2])));
    }

    #[test]
    fn a_page_that_was_watched_and_not_written_to_is_as_any_for_the_next_machine() {
        let mut memory = Memory::new(CHUNK);
        memory.watch(0).expect("RAM");
        drop(memory);
        let mut next = Memory::new(CHUNK);
        assert_eq!(next.write(0, [1]), Some(()));
        assert_eq!(next.written_watched(), None);
    }

    #[test]
    fn what_is_cleared_is_zero_and_nothing_else() {
        const SIZE: usize = 4 * CHUNK;
        let mut memory = Memory::new(SIZE);
        memory.slice_mut(0, 3 * CHUNK).expect("in RAM").fill(0xff);
        assert_eq!(memory.clear(4, 2 * CHUNK), Some(()));
        let bytes = memory.slice(0, SIZE).expect("in RAM");
        let ones: Vec<usize> = (0..SIZE).filter(|at| bytes[*at] != 0).collect();
        assert_eq!(ones, (0..4).chain(2 * CHUNK + 4..3 * CHUNK).collect::<Vec<_>>());
        assert_eq!(memory.clear(SIZE as u64 - 1, 2), None);
        assert_eq!(memory.clear(u64::MAX, 2), None);
    }

    #[test]
    fn memory_of_other_sizes_does_not_keep_a_block_from_being_used_again() {
        let address = |size: usize| Memory::new(size).slice(0, 1).expect("in RAM").as_ptr();
        for other in 1..10 {
            let before = address(16 * CHUNK);
            address(other * CHUNK);
            assert_eq!(address(16 * CHUNK), before);
        }
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
