//! The programs that are compared: whole memory images made from a seed.
//!
//! ```text
//!   0x0000_0000  interrupt handlers at the server family's vectors
//!   0x0000_2000  the same for IVOR0 and up
//!   0x0000_3000  returns: targets for branches to absolute addresses
//!   0x0000_4000  where handlers save a register
//!   0x0000_7000  data reached with 0 as base
//!   0x0010_0000  set up, snippets in random order, memory checksum, branch to itself
//!   0x0020_0000  data, accessed around the boundary of two pages
//!   0x0020_2000  a page of returns
//!   0x0021_0000  hashed page table
//!   0x0024_0000  the page table of 64-bit CPUs
//!   0x4000_0000  window: pages that snippets map to the data and the returns
//! ```
//!
//! On 64-bit CPUs there is no window: all of that lies in one page at its physical address, or is not translated.
//!
//! A *snippet* is an instruction with what it needs: operands worth trying, an address, a state. An interrupt that one
//! causes goes to a handler that skips the instruction and disturbs nothing, so a program is a straight line whatever
//! happens in it, and the generator always knows in which state it is.

mod builder;
mod control;
mod handlers;
mod row;
mod slb;
mod snippet;
mod special;
mod storage;
mod sweep;
mod translation;

pub use row::{Forms, Kind, ROWS, Row, rows};
pub use sweep::sweep;

use super::elf::{self, Segment};
use builder::Builder;
use sprig_isa::cpu::Cpu;

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its memory.
    pub segments: Vec<Segment>,
    /// Address of its first instruction.
    pub entry: u32,
    /// Address of its last instruction, a branch to itself.
    pub end: u32,
    /// More instructions than it executes.
    pub limit: u64,
}

impl Program {
    /// The program as an ELF file; none if it is larger than such a file can be.
    #[must_use]
    pub fn elf(&self) -> Option<Vec<u8>> {
        elf::executable(self.entry, &self.segments)
    }
}

/// The name of the instruction with this word, without the suffixes of its variants; empty if it is not an instruction.
#[must_use]
pub fn mnemonic(word: u32) -> &'static str {
    Row::decode(word).map_or("", |(row, _)| row.mnemonic)
}

/// Where things are.
mod layout {
    /// Handlers of the server families are at these offsets; this is where the last one ends.
    pub(super) const VECTORS_END: u32 = 0x2000;
    /// Handler of IVOR0; the others follow at this distance.
    pub(super) const IVOR_HANDLERS: u32 = 0x2000;
    pub(super) const IVOR_HANDLER_SIZE: u32 = 0x20;
    /// Returns for branches to absolute addresses.
    pub(super) const LOW_RETURNS: u32 = 0x3000;
    pub(super) const LOW_RETURNS_SIZE: u32 = 0x100;
    /// Where a handler saves r31.
    pub(super) const SAVE: u32 = 0x4000;
    /// Data for addresses with 0 as base: a signed displacement reaches 0x7fff.
    pub(super) const LOW_DATA: u32 = 0x7000;
    pub(super) const LOW_DATA_SIZE: u32 = 0x400;
    pub(super) const CODE: u32 = 0x10_0000;
    pub(super) const PAGE: u32 = 0x1000;
    /// Two pages of data.
    pub(super) const DATA: u32 = 0x20_0000;
    pub(super) const DATA_PAGES: u32 = 2;
    /// Around the boundary of those pages: where accesses go.
    pub(super) const DATA_TOUCHED: u32 = DATA + PAGE - 0x100;
    pub(super) const DATA_TOUCHED_SIZE: u32 = 0x200;
    /// A page of returns, right after the data.
    pub(super) const RETURNS: u32 = DATA + DATA_PAGES * PAGE;
    /// Hashed page table, 64 KiB.
    pub(super) const HASH_TABLE: u32 = 0x21_0000;
    pub(super) const HASH_TABLE_SIZE: u32 = 0x1_0000;
    /// Page table of 64-bit CPUs, the smallest, 256 KiB.
    pub(super) const PAGE_TABLE: u32 = 0x24_0000;
    /// Effective addresses that are only mapped by snippets.
    pub(super) const WINDOW: u32 = 0x4000_0000;
    /// Pages of the window that are mapped to data, then those that are mapped to returns.
    pub(super) const WINDOW_DATA: u32 = 6;
    pub(super) const WINDOW_RETURNS: u32 = 2;
}

/// A program of random snippets: every row of [`ROWS`] in all its variants, at least `rounds` times each.
#[must_use]
pub fn random(cpu: &'static Cpu, seed: u64, rounds: u32) -> Program {
    let mut builder = Builder::new(cpu, seed);
    builder.set_up();
    for _ in 0..rounds {
        builder.round();
    }
    builder.finish()
}
