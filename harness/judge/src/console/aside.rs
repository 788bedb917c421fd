//! What a host has put aside in its memory ([`sprig_wire::aside`]), found in the file that its machine has as memory.

use sprig_wire::aside::{HEAD, PAGE, PAGES, ROOM, head, pieces};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

/// Pages that have been found: where each begins in the file.
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
        if offset.checked_add(length).is_none_or(|end| end as usize > PAGES * ROOM) {
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

    /// Where a page begins. They are used one after the other, and a host has rarely moved far for the next one.
    fn find(&mut self, file: &File, page: usize) -> io::Result<u64> {
        while self.found.len() <= page {
            let next = self.search(file, self.found.len() as u32)?;
            self.found.push(next);
        }
        Ok(self.found[page])
    }

    fn search(&self, file: &File, number: u32) -> io::Result<u64> {
        let pages = file.metadata()?.len() / PAGE as u64;
        let near = self.found.last().map_or(0, |last| last / PAGE as u64);
        let head = head(number);
        let is_it = |page: u64| {
            let mut found = [0; HEAD];
            file.read_exact_at(&mut found, page * PAGE as u64).map(|()| found == head)
        };
        // To both sides of the last one.
        for distance in 0..pages {
            for page in [near.checked_add(distance), near.checked_sub(distance)].into_iter().flatten() {
                if page < pages && is_it(page)? {
                    return Ok(page * PAGE as u64);
                }
            }
        }
        Err(ErrorKind::NotFound.into())
    }
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
    fn what_is_not_there_is_not_found() {
        let (file, room) = (memory(&[(5, 0, b'a'), (7, 2, b'c')]), ROOM as u32);
        let mut pages = Pages::default();
        assert_eq!(pages.read(&file, room - 1, 2).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
        assert_eq!(pages.read(&file, u32::MAX, u32::MAX).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
        assert!(pages.read(&file, 0, room).is_ok());
    }
}
