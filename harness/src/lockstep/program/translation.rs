//! Snippets that map the window, and ask about what is mapped.
//!
//! ```text
//!                      window page 0 1 2 3 4 5    6 7          a block for each of three TLB1 entries
//!   maps to             data page  0 1 0 1 0 1    returns      the data and what is around it
//! ```
//!
//! Who may do what in a page, in which address space and process, is left to chance. No two translations for one
//! address exist at a time: that is an error of software, with undefined results.

use super::builder::Builder;
use super::{Row, layout};
use sprig_isa::mmu::{e500, hash32, mas};
use sprig_isa::spr::number as n;

/// TLB1 entries for the program itself, in address space 0 and 1.
const PROGRAM_ENTRIES: u32 = 2;
/// TSIZE of 64 MiB.
const TSIZE_64M: u32 = 8;
/// TLB1 entries for blocks of the window; they come after the program's.
const BLOCKS: u32 = 3;
/// The largest TSIZE of a block: the data and the handlers are below 4 MiB.
const BLOCK_TSIZE_MAX: u32 = 5;
/// Address of the first block, and the distance to the next.
const BLOCK_BASE: u32 = 0x5000_0000;
const BLOCK_STRIDE: u32 = 0x0100_0000;
/// Processes: small numbers, so that they are often the same.
const PIDS: u32 = 3;
const ADDRESS_SPACES: u32 = 2;
/// Ways of TLB0.
const WAYS: u32 = e500::TLB0_WAYS as u32;
/// The defaults that MAS4 holds: TLB0 or TLB1, a process, a size, attributes.
const MAS4_FIELDS: u32 =
    1 << mas::TLBSEL_SHIFT | mas::TIDSELD << mas::TIDSELD_SHIFT | mas::TSIZED | mas::ATTRIBUTES as u32;
/// The window's segment, and the virtual segments it may be.
const WINDOW_SEGMENT: u32 = layout::WINDOW >> 28;
const SEGMENTS: u32 = 3;
/// Groups of the smallest page table.
const GROUPS: u32 = 1024;
const GROUP_SIZE: u32 = (hash32::PTES_PER_GROUP * hash32::PTE_SIZE) as u32;
const WINDOW_PAGES: u32 = layout::WINDOW_DATA + layout::WINDOW_RETURNS;
/// Groups that pages of the window are in, from either end of the table.
const GROUPS_USED: u32 = 16;

impl Builder {
    /// The program's own translation.
    pub(super) fn set_up_translation(&mut self) {
        if self.is_e500() {
            for entry in 0..PROGRAM_ENTRIES {
                let (mas0, space) = (1 << mas::TLBSEL_SHIFT | entry << mas::ESEL_SHIFT, entry * mas::TS);
                let mas1 = mas::VALID | mas::IPROT | space | TSIZE_64M << mas::TSIZE_SHIFT;
                self.set_mas([mas0, mas1, 0, mas::ALL_PERMISSIONS]);
                self.op("tlbwe", &[]);
            }
            return;
        }
        const ALL_256_MIB: u32 = hash32::BATU_BL << hash32::BATU_BL_SHIFT;
        for upper in [n::IBAT0U, n::DBAT0U] {
            self.set_spr(upper, ALL_256_MIB | hash32::BATU_VS | hash32::BATU_VP);
            self.set_spr(upper + 1, hash32::PP_READ_WRITE);
        }
        self.set_spr(n::SDR1, layout::HASH_TABLE);
        self.set_window_segment();
    }

    /// An address of the window at which the touched part of the data is `offset` bytes on, if it is mapped.
    pub(super) fn window_address(&mut self, offset: u32) -> u32 {
        let address = layout::DATA_TOUCHED + offset - layout::DATA;
        if self.is_e500() && self.once_in(3) {
            return BLOCK_BASE + self.rng.u32(0..BLOCKS) * BLOCK_STRIDE + address;
        }
        let pair = self.rng.u32(0..layout::WINDOW_DATA / layout::DATA_PAGES);
        layout::WINDOW + pair * layout::DATA_PAGES * layout::PAGE + address
    }

    /// An address of the window at which there is a return, if it is mapped.
    pub(super) fn window_returns_address(&mut self) -> u32 {
        let page = layout::WINDOW_DATA + self.rng.u32(0..layout::WINDOW_RETURNS);
        layout::WINDOW + page * layout::PAGE + 4 * self.rng.u32(0..layout::PAGE / 4)
    }

    /// The physical address of a page of the window, and whether stores may be allowed there.
    const fn physical(page: u32) -> (u32, bool) {
        if page < layout::WINDOW_DATA {
            (layout::DATA + page % layout::DATA_PAGES * layout::PAGE, true)
        } else {
            (layout::RETURNS, false)
        }
    }

    /// Accesses to the window, of each kind.
    fn use_window(&mut self) {
        let register = self.register_but(&[0]);
        for mnemonic in ["lwz", "stw"] {
            let (address, data) = (self.window_address(0), self.register());
            self.set(register, address);
            self.op(mnemonic, &[data.into(), 0, register.into()]);
        }
        self.call_window();
    }

    /// The instructions of the TLB of e500, each with the MAS registers it uses. On other CPUs none of that exists.
    pub(super) fn tlb(&mut self, row: &Row, bits: u32) {
        match row.mnemonic {
            "tlbwe" => {
                let entry = self.random_entry();
                self.set_mas(entry);
                let defaults = self.rng.u32(..) & MAS4_FIELDS;
                self.set_spr(n::MAS4, defaults);
                self.encode(row, bits, &[]);
            }
            "tlbre" => {
                let [mas0, _, mas2, _] = self.random_entry();
                self.set_spr(n::MAS0, mas0);
                self.set_spr(n::MAS2, mas2);
                self.encode(row, bits, &[]);
            }
            "tlbsx" => {
                let pid = self.rng.u32(0..PIDS) << mas::SPID_SHIFT;
                let space = self.rng.u32(0..ADDRESS_SPACES) * mas::SAS;
                self.set_spr(n::MAS6, pid | space);
                let address = if self.once_in(8) { self.value() as u32 } else { self.window_address(0) };
                self.access_at(row, bits, address);
            }
            _ => {
                let what = self.rng.u32(..) & (mas::TLBIVAX_TLB1 | mas::TLBIVAX_ALL) as u32;
                let address = self.window_address(0) & mas::EPN as u32 | what;
                self.access_at(row, bits, address);
            }
        }
        self.op("isync", &[]);
        if self.is_e500() {
            self.use_window();
        }
    }

    fn set_mas(&mut self, [mas0, mas1, mas2, mas3]: [u32; 4]) {
        for (number, value) in [(n::MAS0, mas0), (n::MAS1, mas1), (n::MAS2, mas2), (n::MAS3, mas3), (n::MAS7, 0)] {
            self.set_spr(number, value);
        }
    }

    /// MAS0 to MAS3 of an entry that maps some of the window: a page always in the same way of TLB0, a block always in
    /// the same entry of TLB1, so that each replaces the one before.
    fn random_entry(&mut self) -> [u32; 4] {
        let valid = if self.once_in(8) { 0 } else { mas::VALID };
        let process = self.rng.u32(0..PIDS) << mas::TID_SHIFT;
        let mas1 = valid | process | (self.rng.u32(0..ADDRESS_SPACES) * mas::TS);
        let attributes = self.rng.u32(..) & mas::GUARDED;
        let permissions = self.rng.u32(..) & mas::ALL_PERMISSIONS;
        if self.once_in(3) {
            let block = self.rng.u32(0..BLOCKS);
            let mas0 = 1 << mas::TLBSEL_SHIFT | (PROGRAM_ENTRIES + block) << mas::ESEL_SHIFT;
            let tsize = self.rng.u32(mas::TSIZE_4K..=BLOCK_TSIZE_MAX) << mas::TSIZE_SHIFT;
            let mas2 = (BLOCK_BASE + block * BLOCK_STRIDE) | attributes;
            return [mas0, mas1 | tsize, mas2, layout::DATA | permissions];
        }
        let page = self.rng.u32(0..WINDOW_PAGES);
        let (physical, stores) = Self::physical(page);
        let mas0 = (page % WAYS) << mas::ESEL_SHIFT;
        let mas2 = (layout::WINDOW + page * layout::PAGE) | attributes;
        let permissions = if stores { permissions } else { permissions & !(mas::UW | mas::SW) };
        [mas0, mas1 | mas::TSIZE_4K << mas::TSIZE_SHIFT, mas2, physical | permissions]
    }

    /// Gives the window's segment another virtual segment and other keys.
    fn set_window_segment(&mut self) {
        let register = self.register();
        let value = self.random_segment();
        self.set(register, value);
        self.op("mtsr", &[WINDOW_SEGMENT.into(), register.into()]);
    }

    fn random_segment(&mut self) -> u32 {
        self.rng.u32(..) & (hash32::SR_KS | hash32::SR_KP | hash32::SR_N) | self.rng.u32(1..=SEGMENTS)
    }

    /// The instructions of segments and page tables. On e500 none of that exists.
    pub(super) fn segment(&mut self, row: &Row, bits: u32) {
        match row.mnemonic {
            "tlbie" => self.write_pte(row, bits),
            mnemonic => {
                let register = self.register();
                let segment = if self.once_in(2) { WINDOW_SEGMENT } else { self.rng.u32(0..16) };
                let value = if segment == WINDOW_SEGMENT {
                    self.random_segment()
                } else {
                    self.value() as u32 & hash32::SR_VSID
                };
                if mnemonic == "mtsr" {
                    self.set(register, value);
                    self.encode(row, bits, &[segment.into(), register.into()]);
                } else {
                    let index = self.register_but(&[register]);
                    self.set(register, value);
                    let within = self.rng.u32(..) >> 4;
                    self.set(index, segment << 28 | within);
                    self.encode(row, bits, &[register.into(), index.into()]);
                }
            }
        }
        // Without this the CPU may go on with the old translation (PEM, "Synchronization requirements").
        self.op("isync", &[]);
        if !self.is_e500() && self.has_window() {
            self.use_window();
        }
    }

    /// Writes a page table entry for a page of the window, and invalidates what was cached of the old one. A page is
    /// always in the same slot of its group, odd pages in the secondary one.
    fn write_pte(&mut self, row: &Row, bits: u32) {
        self.supervisor();
        let (page, segment) = (self.rng.u32(0..WINDOW_PAGES), self.rng.u32(1..=SEGMENTS));
        let secondary = page % 2 != 0;
        let hash = segment ^ page;
        let group = if secondary { GROUPS - 1 - hash } else { hash };
        let address = layout::HASH_TABLE + group * GROUP_SIZE + segment * hash32::PTE_SIZE as u32;
        let valid = if self.once_in(8) { 0 } else { hash32::PTE_V };
        let upper = valid | segment << hash32::PTE_VSID_SHIFT | if secondary { hash32::PTE_H } else { 0 };
        let (physical, stores) = Self::physical(page);
        let protection = if stores { self.rng.u32(..) & hash32::PTE_PP } else { hash32::PP_READ_ONLY };
        // Not G on code: QEMU fetches from guarded pages, which Power ISA 2.07 Book III-S, 5.7.9.2, forbids, and marks
        // them referenced. What it has stored then cannot be put right.
        let flags = hash32::PTE_R | hash32::PTE_C | if stores { hash32::PTE_G } else { 0 };
        let lower = physical | self.rng.u32(..) & flags | protection;
        let (base, value) = (self.register_but(&[0]), 0);
        self.set(base, address);
        for (word, offset) in [(upper, 0), (lower, 4)] {
            self.set(value, word);
            self.op("stw", &[value.into(), offset, base.into()]);
        }
        self.set(base, layout::WINDOW + page * layout::PAGE);
        self.encode(row, bits, &[base.into()]);
    }

    /// The parts of the page table that entries of the window are in; none on CPUs without one.
    pub(super) fn page_table_parts(&self) -> Vec<(u32, u32)> {
        let size = GROUPS_USED * GROUP_SIZE;
        if self.is_e500() || self.is_64bit() {
            return Vec::new();
        }
        vec![(layout::HASH_TABLE, size), (layout::HASH_TABLE + layout::HASH_TABLE_SIZE - size, size)]
    }
}
