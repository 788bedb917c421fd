//! Script files: reading them, and places in their text.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::limit;
use crate::case::SourceFile;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A place in a file's text, in bytes. Always on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The place between two offsets. Files are shorter than 4 GiB: see [`limit::SOURCE_BYTES`].
    pub(super) fn new(start: usize, end: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: offset(start), end: offset(end) }
    }

    /// From the start of this place to the end of another.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The place just behind this one.
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

/// Makes a source file of bytes from anywhere.
///
/// # Errors
/// [`Diagnostics`] where the bytes are too many or are not UTF-8.
pub fn source(path: &Path, bytes: Vec<u8>) -> Result<Arc<SourceFile>, Diagnostics> {
    let path = path.to_path_buf();
    if bytes.len() > limit::SOURCE_BYTES {
        let found =
            Diagnostic::error(format!("a script has at most {} bytes, this file has more", limit::SOURCE_BYTES));
        return Err(Diagnostics::new(Arc::new(SourceFile { path, text: String::new() }), vec![found]));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::new(SourceFile { path, text })),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            // Everything before the first wrong byte is as it was, so its replacement character stands there.
            let span = Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
            let found = Diagnostic::error("this file is not UTF-8 text").at(span, "the first byte that is not");
            Err(Diagnostics::new(Arc::new(SourceFile { path, text }), vec![found]))
        }
    }
}
