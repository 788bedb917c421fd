//! Frames that are put aside: a host that gives each case a machine leaves them in its own memory, where that can be
//! read from outside, and says so in one frame ([`crate::frame::Record::Aside`]). An emulated console is expensive.
//!
//! Neither it nor the reader knows where that memory is: the pages are found by what they begin with.
//!
//! ```text
//!   each page:  MARK | its number, u32 | bytes that are put aside, the next ones of the page before
//! ```

/// Bytes of a page; a page of the host's has one or several.
pub const PAGE: usize = 4096;
/// What each page in use begins with.
pub const MARK: [u8; 12] = *b"sprig aside:";
/// Bytes of mark and number.
pub const HEAD: usize = MARK.len() + size_of::<u32>();
/// What a page holds of what is put aside, bytes.
pub const ROOM: usize = PAGE - HEAD;
/// Most pages.
pub const PAGES: usize = 512;

/// One page.
pub type Page = [u8; PAGE];

/// What the page with this number begins with.
#[must_use]
pub const fn head(number: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let (mark, rest) = head.split_at_mut(MARK.len());
    mark.copy_from_slice(&MARK);
    rest.copy_from_slice(&number.to_be_bytes());
    head
}

/// The pieces of what is put aside from an offset on: page, offset in the page, and bytes.
pub fn pieces(offset: usize, length: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut at = offset;
    let end = offset.saturating_add(length);
    core::iter::from_fn(move || {
        (at < end).then(|| {
            let (page, within) = (at / ROOM, at % ROOM);
            let bytes = (ROOM - within).min(end - at);
            at += bytes;
            (page, HEAD + within, bytes)
        })
    })
}
