//! The contents of a memory by themselves, to make other memories that hold the same.

use std::sync::Arc;

use super::Memory;
use super::block::{Block, Content};

/// The bytes of a memory, where it has been written to.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Content>);

impl Memory {
    /// What it holds.
    pub(crate) fn pages(&self) -> Pages {
        Pages(Arc::new(self.block.content()))
    }

    /// Memory that holds the same, and says the same of who has written to it.
    pub(crate) fn of_pages(pages: &Pages) -> Self {
        Self { block: Block::of(&pages.0) }
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

    #[test]
    fn a_page_is_of_one_version_in_all_of_them_until_it_is_written_to() {
        let mut memory = Memory::new(2 * CHUNK);
        assert_eq!(memory.write(0, [1; 4]), Some(()));
        let pages = memory.pages();
        let mut versions = Vec::new();
        for value in 0..3 {
            let mut copy = Memory::of_pages(&pages);
            let as_made = copy.watch(0).expect("RAM");
            assert_eq!(copy.write(0, [value; 4]), Some(()));
            let written = copy.watch(0).expect("RAM");
            versions.push((as_made, written));
        }
        let [(first, one), (second, two), (third, three)] = versions[..] else { panic!("there were three") };
        assert_eq!([second, third], [first; 2]);
        assert!(one != two && two != three && three != one, "each has been written to once, with something else");
        let mut zero = Memory::new(2 * CHUNK);
        assert_eq!(zero.write(0, [4; 4]), Some(()));
        assert_ne!(zero.watch(0), Some(first), "written to once, too");
    }

    #[test]
    fn what_one_of_them_is_written_to_the_next_does_not_have() {
        const AT: u64 = CHUNK as u64;
        let mut memory = Memory::new(4 * CHUNK);
        let appended = memory.append(CHUNK);
        assert_eq!([AT, AT, appended].map(|address| memory.write(address, [1; 4])), [Some(()); 3]);
        let pages = memory.pages();
        let place = |memory: &Memory| memory.slice(0, 1).expect("in RAM").as_ptr();
        let changes: [fn(&mut Memory); 6] = [
            |memory| assert_eq!(memory.write(AT + 8, [2; 4]), Some(())),
            |memory| assert_eq!(memory.write_aligned_again(AT, [2; 4]), Some(())),
            |memory| assert_eq!(memory.write(2 * AT - 2, [2; 4]), Some(())),
            |memory| memory.slice_mut(0, 5 * CHUNK).expect("in RAM").fill(2),
            |memory| assert!(memory.watch(AT).is_some()),
            |memory| assert_eq!(memory.append(CHUNK), 5 * AT),
        ];
        let mut block = None;
        for change in changes {
            let mut copy = Memory::of_pages(&pages);
            assert_eq!(*block.get_or_insert_with(|| place(&copy)), place(&copy), "the block is used again");
            assert_eq!(copy.size(), memory.size());
            assert_eq!(copy.slice(0, 5 * CHUNK), memory.slice(0, 5 * CHUNK));
            assert_eq!([0, AT, 2 * AT, appended].map(|address| copy.writes(address)), [0, 2, 0, 1]);
            assert_eq!(copy.written_watched(), None);
            change(&mut copy);
        }
        let zero = Memory::new(4 * CHUNK);
        assert_eq!(Some(place(&zero)), block, "the block is used again");
        assert!(zero.slice(0, 4 * CHUNK).expect("in RAM").iter().all(|byte| *byte == 0));
        assert_eq!((zero.size(), zero.writes(AT)), (4 * AT, 0));
    }
}
