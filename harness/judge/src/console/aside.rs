//! What a host has put aside in its memory ([`sprig_wire::aside`]), found in the file that its machine has as memory.

use sprig_wire::aside::{HEAD, PAGE, PAGES, ROOM, head, pieces};
use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

/// Pages that have been found, by their places in the file.
#[derive(Debug, Default)]
pub(super) struct Pages {
    found: Vec<u64>,
}

impl Pages {
    /// Bytes that were put aside from an offset on.
    ///
    /// # Errors
    /// The operating system's; [`ErrorKind::NotFound`] where there is no such page in the file.
    pub(super) fn read(&mut self, file: &File, offset: u32, length: u32) -> io::Result<Vec<u8>> {
        if !is_room(offset, length) {
            return Err(ErrorKind::NotFound.into());
        }
        let mut bytes = vec![0; length as usize];
        let mut rest = &mut bytes[..];
        for (page, within, size) in pieces(offset as usize, length as usize) {
            let (piece, after) = rest.split_at_mut(size);
            file.read_exact_at(piece, self.find(file, page)? + within as u64)?;
            rest = after;
        }
        Ok(bytes)
    }

    /// Where a page begins.
    fn find(&mut self, file: &File, page: usize) -> io::Result<u64> {
        while self.found.len() <= page {
            let head = head(self.found.len() as u32);
            let in_file = file.metadata()?.len() / PAGE as u64;
            let next = search(&self.found, in_file, |page| {
                let mut found = [0; HEAD];
                file.read_exact_at(&mut found, page * PAGE as u64).map(|()| found == head)
            })?;
            self.found.push(next);
        }
        Ok(self.found[page] * PAGE as u64)
    }
}

/// True if a host can have put as much aside from an offset on. A console may say anything, and nobody should make room
/// for that.
fn is_room(offset: u32, length: u32) -> bool {
    offset.checked_add(length).is_some_and(|end| end as usize <= PAGES * ROOM)
}

/// The next page. They are used one after the other, and a host takes them from a few places in its memory by turns: so
/// what is looked at is to both sides of each that has been found, and then of each that has been looked at.
fn search(found: &[u64], in_file: u64, mut is_it: impl FnMut(u64) -> io::Result<bool>) -> io::Result<u64> {
    let beside = |page: u64| [Some(page + 1), page.checked_sub(1)].into_iter().flatten();
    let mut known: HashSet<u64> = found.iter().copied().collect();
    let mut next: VecDeque<u64> = found.iter().rev().copied().flat_map(beside).collect();
    if found.is_empty() {
        next.push_back(0);
    }
    while let Some(page) = next.pop_front() {
        if page < in_file && known.insert(page) {
            if is_it(page)? {
                return Ok(page);
            }
            next.extend(beside(page));
        }
    }
    Err(ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with these pages in it, and of each its number and what it holds.
    fn memory(pages: &[(u64, u32, u8)]) -> File {
        let file = tempfile::tempfile().expect("a temporary file");
        file.set_len(64 * PAGE as u64).expect("it can be made larger");
        for (place, number, byte) in pages {
            let bytes = [&head(*number)[..], &[*byte; ROOM]].concat();
            file.write_all_at(&bytes, place * PAGE as u64).expect("it can be written");
        }
        file
    }

    #[test]
    fn bytes_are_found_wherever_their_pages_are() {
        let file = memory(&[(40, 0, b'a'), (3, 1, b'b'), (63, 2, b'c')]);
        let mut pages = Pages::default();
        let (room, all) = (ROOM as u32, [[b'a'; ROOM], [b'b'; ROOM], [b'c'; ROOM]].concat());
        for (offset, length) in [(0, 0), (0, 1), (room - 1, 2), (1, 2 * room), (2 * room, room), (0, 3 * room)] {
            let expected = &all[offset as usize..][..length as usize];
            assert!(pages.read(&file, offset, length).expect("it is there") == expected, "{length} bytes at {offset}");
        }
    }

    #[test]
    fn no_more_is_read_than_a_host_puts_aside() {
        let most = (PAGES * ROOM) as u32;
        assert!(is_room(0, most) && is_room(most - 1, 1) && is_room(most, 0));
        assert!(!is_room(1, most) && !is_room(most, 1) && !is_room(u32::MAX, u32::MAX));
    }

    #[test]
    fn a_page_is_looked_for_beside_all_that_have_been_found() {
        let looked_at = |found: &[u64], place: u64| {
            let mut looked_at = Vec::new();
            let is_it = |page| {
                looked_at.push(page);
                Ok(page == place)
            };
            assert_eq!(search(found, 1000, is_it).expect("it is there"), place);
            looked_at
        };
        assert_eq!(looked_at(&[], 3), [0, 1, 2, 3]);
        assert_eq!(looked_at(&[500], 499), [501, 499]);
        // What lies between two places is not gone through to come from one to the other.
        assert_eq!(looked_at(&[0, 900], 2), [901, 899, 1, 902, 898, 2]);
        assert_eq!(looked_at(&[999, 0], 997), [1, 998, 2, 997]);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let (file, room) = (memory(&[(5, 0, b'a'), (7, 2, b'c')]), ROOM as u32);
        let mut pages = Pages::default();
        assert_eq!(pages.read(&file, room - 1, 2).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
        assert_eq!(pages.read(&file, u32::MAX, u32::MAX).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
        assert!(pages.read(&file, 0, room).is_ok());
    }
}
