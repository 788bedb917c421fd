//! The bytes of a memory, and where they have been written to; kept for the thread's next machine.
//!
//! ```text
//!   Memory::new ------> all zero ------> written to --drop--> zero again where it was ------.
//!   Memory::of_pages -> those pages ---> written to --drop--> those pages again where it was -+-> kept
//! ```
//!
//! A machine is made for every case, all of them from one moment of the same kernel: what a case has left alone is
//! neither cleared nor copied for the next.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{CHUNK, CHUNK_SHIFT, WATCHED};

/// Bytes of a block that the C library always takes fresh from the system, as it does not with smaller ones: it reuses
/// those and has to clear all of them at once (glibc, DEFAULT_MMAP_THRESHOLD_MAX). What is not touched costs nothing.
const FRESH: usize = (32 << 20) + 1;
/// Blocks a thread keeps, those used last: its machines run one after the other, and next to one there may be another
/// VM.
const KEPT: usize = 2;

thread_local! {
    /// Blocks to be used again, each as it was when its last user got it.
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// What a chunk holds: two of the same version, of whichever memories, hold the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Who has counted the writes: a block, or what it was made from if it has not been written to there since.
    counted_by: u64,
    writes: u64,
}

/// A number that nobody else has who counts writes.
fn counter() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// What a block holds where it has been written to, to be shared by all that are made from it.
pub(super) struct Content {
    counter: u64,
    /// The block's size when it was made, and what it has become.
    initial: usize,
    size: usize,
    /// Each chunk that has been written to, and how often; in the order of their addresses.
    written: Vec<(usize, u64)>,
    /// Their bytes, one after the other, a whole chunk for each.
    bytes: Vec<u8>,
}

impl Content {
    /// How often a chunk has been written to, if ever.
    fn writes(&self, chunk: usize) -> Option<u64> {
        let place = self.written.binary_search_by_key(&chunk, |(chunk, _)| *chunk).ok()?;
        Some(self.written[place].1)
    }
}

/// A piece of memory, and where it has been written to.
pub(super) struct Block {
    /// That of its user.
    counter: u64,
    pub(super) ram: Vec<u8>,
    /// For each chunk, how often it has been written to since all of it was zero; and [`WATCHED`].
    pub(super) writes: Vec<u64>,
    /// The chunks that have been.
    pub(super) written: Vec<usize>,
    /// Watched ones that were written to since this was last asked.
    pub(super) watched_written: Vec<usize>,
    /// Its size when it was made.
    initial: usize,
    /// What its user got it with; none: zeros. The chunks of that are the first of those that have been written to.
    origin: Option<Arc<Content>>,
}

impl Block {
    /// One of no bytes.
    pub(super) const NONE: Self = Self {
        counter: u64::MAX,
        ram: Vec::new(),
        writes: Vec::new(),
        written: Vec::new(),
        watched_written: Vec::new(),
        initial: 0,
        origin: None,
    };

    /// One of zeros.
    pub(super) fn new(bytes: usize) -> Self {
        let Some(mut block) = take(|block| block.initial == bytes) else {
            let mut ram = vec![0; bytes.max(FRESH)];
            ram.truncate(bytes);
            return Self {
                counter: counter(),
                ram,
                writes: vec![0; bytes.div_ceil(CHUNK)],
                initial: bytes,
                ..Self::NONE
            };
        };
        if block.origin.take().is_some() {
            block.restore();
        }
        block.counter = counter();
        block
    }

    /// One that holds these pages, and says the same of who has written to them.
    pub(super) fn of(content: &Arc<Content>) -> Self {
        let is_same = |block: &Self| block.origin.as_ref().is_some_and(|origin| Arc::ptr_eq(origin, content));
        let block = take(is_same).map(|block| Self { counter: counter(), ..block });
        block.unwrap_or_else(|| {
            let mut block = Self::new(content.initial);
            block.append(content.size - content.initial);
            for (index, (chunk, writes)) in content.written.iter().enumerate() {
                block.copy(content, index);
                block.writes[*chunk] = *writes;
                block.written.push(*chunk);
            }
            block.origin = Some(Arc::clone(content));
            block
        })
    }

    /// What it holds.
    pub(super) fn content(&self) -> Content {
        let Self { ram, writes, written, initial, .. } = self;
        let mut content =
            Content { counter: counter(), initial: *initial, size: ram.len(), written: Vec::new(), bytes: Vec::new() };
        let mut written = written.clone();
        written.sort_unstable();
        for chunk in written {
            content.written.push((chunk, writes[chunk] & !WATCHED));
            content.bytes.extend_from_slice(&ram[range(chunk, ram.len())]);
            content.bytes.resize(content.written.len() * CHUNK, 0);
        }
        content
    }

    /// More zeros at the end.
    pub(super) fn append(&mut self, bytes: usize) {
        self.ram.reserve_exact(bytes);
        self.ram.resize(self.ram.len() + bytes, 0);
        self.writes.resize(self.ram.len().div_ceil(CHUNK), 0);
    }

    /// Gives its chunk at this place of the content the bytes that it has there.
    fn copy(&mut self, content: &Content, index: usize) {
        let range = range(content.written[index].0, self.ram.len());
        let start = index * CHUNK;
        let len = range.len();
        self.ram[range].copy_from_slice(&content.bytes[start..start + len]);
    }

    /// What a chunk holds.
    pub(super) fn version(&self, chunk: usize) -> Version {
        let writes = self.writes[chunk] & !WATCHED;
        let origin = self.origin.as_ref().filter(|origin| origin.writes(chunk) == Some(writes));
        Version { counted_by: origin.map_or(self.counter, |origin| origin.counter), writes }
    }

    /// True if the next write to this chunk is to be reported.
    #[inline]
    pub(super) fn is_watched(&self, chunk: usize) -> bool {
        self.writes.get(chunk).is_some_and(|writes| writes & WATCHED != 0)
    }

    #[inline]
    pub(super) fn count_write(&mut self, chunk: usize) {
        if let Some(writes) = self.writes.get_mut(chunk) {
            *writes += 1;
            // 1, or below zero where it is watched.
            if (*writes as i64) < 2 {
                self.note_write(chunk);
            }
        }
    }

    /// The first write to a chunk, or one to a watched chunk.
    #[cold]
    fn note_write(&mut self, chunk: usize) {
        if self.writes[chunk] & WATCHED == 0 {
            self.written.push(chunk);
        } else {
            self.writes[chunk] &= !WATCHED;
            self.watched_written.push(chunk);
        }
    }

    /// Makes it as its user got it, or zero if it has no origin any more.
    fn restore(&mut self) {
        let origin = self.origin.take();
        let (kept, size) = origin.as_ref().map_or((0, self.initial), |origin| (origin.written.len(), origin.size));
        for chunk in self.written.drain(kept..) {
            self.writes[chunk] = 0;
            let range = range(chunk, self.ram.len());
            self.ram[range].fill(0);
        }
        self.watched_written.clear();
        self.ram.truncate(size);
        self.writes.truncate(size.div_ceil(CHUNK));
        if let Some(content) = &origin {
            for (index, (chunk, writes)) in content.written.iter().enumerate() {
                let before = std::mem::replace(&mut self.writes[*chunk], *writes);
                if before & !WATCHED != *writes {
                    self.copy(content, index);
                }
            }
        }
        self.origin = origin;
    }

    /// Keeps it for the next machine, unless the thread is at its end.
    pub(super) fn keep(mut self) {
        let _ = BLOCKS.try_with(|blocks| {
            let Ok(mut blocks) = blocks.try_borrow_mut() else { return };
            if blocks.len() == KEPT {
                blocks.remove(0);
            }
            self.restore();
            blocks.push(self);
        });
    }
}

/// The addresses of a chunk in memory of a size.
fn range(chunk: usize, size: usize) -> Range<usize> {
    chunk << CHUNK_SHIFT..size.min((chunk + 1) << CHUNK_SHIFT)
}

/// One of the blocks that are kept.
fn take(is_meant: impl Fn(&Block) -> bool) -> Option<Block> {
    BLOCKS.with_borrow_mut(|blocks| blocks.iter().position(is_meant).map(|place| blocks.swap_remove(place)))
}
