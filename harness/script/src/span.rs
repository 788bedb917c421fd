//! Places in the text of a script.

use std::ops::Range;

/// A place in a file's text, in bytes. Always on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The place between two offsets. Files are shorter than 4 GiB: see [`SOURCE_BYTES`](super::limit::SOURCE_BYTES).
    pub(super) fn new(start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: offset(start), end: offset(end) }
    }

    /// From the start of this place to the end of another.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The place just after this one.
    pub(super) fn after(self) -> Self {
        Self { start: self.end, end: self.end }
    }

    /// As indices.
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text there.
    pub(super) fn text(self, source: &str) -> &str {
        source.get(self.range()).unwrap_or("")
    }
}
