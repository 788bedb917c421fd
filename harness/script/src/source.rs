//! Script files: reading them.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::limit;
use super::span::Span;
use sprig_judge::case::SourceFile;
use std::path::Path;
use std::sync::Arc;

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
