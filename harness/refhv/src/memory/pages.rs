//! What a memory holds, apart from it: to make others from that hold the same.

use super::{Block, Memory, WATCHED};

/// The bytes of a memory, where it has been written to.
#[derive(Clone)]
pub(crate) struct Pages {
    /// Its size when it was made, and what it has become.
    initial: usize,
    size: usize,
    /// Each chunk that has been written to, and how often.
    written: Vec<(usize, u64)>,
    /// Their bytes, one behind the other.
    bytes: Vec<u8>,
}

impl Memory {
    /// What it holds.
    pub(crate) fn pages(&self) -> Pages {
        let Block { ram, writes, written, .. } = &self.block;
        let mut pages = Pages { initial: self.initial, size: ram.len(), written: Vec::new(), bytes: Vec::new() };
        for chunk in written {
            pages.written.push((*chunk, writes[*chunk] & !WATCHED));
            pages.bytes.extend_from_slice(&ram[self.block.range(*chunk)]);
        }
        pages
    }

    /// Memory that holds the same, and says the same of who has written to it.
    pub(crate) fn of_pages(pages: &Pages) -> Self {
        let mut memory = Self::new(pages.initial);
        memory.append(pages.size - pages.initial);
        let mut rest = pages.bytes.as_slice();
        for (chunk, writes) in &pages.written {
            let range = memory.block.range(*chunk);
            let Some((bytes, behind)) = rest.split_at_checked(range.len()) else { break };
            memory.block.ram[range].copy_from_slice(bytes);
            memory.block.writes[*chunk] = *writes;
            memory.block.written.push(*chunk);
            rest = behind;
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::super::CHUNK;
    use super::*;

    #[test]
    fn memory_of_pages_holds_the_same_and_counts_on() {
        const AT: u64 = CHUNK as u64;
        let mut memory = Memory::new(3 * CHUNK);
        let appended = memory.append(CHUNK);
        assert_eq!([AT, AT + 8, appended].map(|address| memory.write(address, [1; 4])), [Some(()); 3]);
        memory.watch(0).expect("RAM");
        let pages = memory.pages();
        let mut copy = Memory::of_pages(&pages);
        assert_eq!(copy.slice(0, 4 * CHUNK), memory.slice(0, 4 * CHUNK));
        assert_eq!([0, AT, 2 * AT, appended].map(|address| copy.writes(address)), [1, 2, 0, 1]);
        assert_eq!(copy.write(0, [1]), Some(()));
        assert_eq!(copy.written_watched(), None, "it is the other one that somebody watches");
        drop(copy);
        let clear = Memory::new(3 * CHUNK);
        assert!(clear.slice(0, 3 * CHUNK).expect("in RAM").iter().all(|byte| *byte == 0));
    }
}
