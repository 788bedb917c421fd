//! Translation on 64-bit CPUs: a program's own, and snippets that change the SLB.
//!
//! Problem state has translation switched on (Power ISA Book III-S, "rfid": MSR\[IR\] and \[DR\] are ORed with PR), so
//! all of a program lies in one large page at its physical address. Nothing else is mapped: how translations are found
//! is what the 32-bit CPUs are compared in, where programs have a window that comes and goes. Entries of other segments
//! are written, read and invalidated, and none is used.

use super::builder::Builder;
use super::{Row, layout};
use crate::lockstep::elf::Segment;
use sprig_isa::mmu::hash64 as h;
use sprig_isa::spr::number as n;

/// The virtual segment that a program is in.
const VSID: u64 = 0x10;
/// Bytes of a group of the page table.
const GROUP_SIZE: u32 = 128;
/// log2 of the bytes of a segment.
const SEGMENT_SHIFT: u32 = 28;
/// PP: everybody may load and store.
const READ_WRITE: u64 = 2;
/// Entries of the 970's SLB.
const ENTRIES: u32 = 64;
/// QEMU takes this bit of mtsr for L of the entry, the reference ignores it.
const MTSR_L: u64 = 1 << 27;
/// Bits of a virtual segment's number on the 970: 37.
const VSIDS: u64 = (1 << 37) - 1;
/// Segments that mtsr knows.
const SEGMENT_REGISTERS: u32 = 16;

impl Builder {
    /// The page table: one entry, for a page of 16 MiB at address 0. None on CPUs that keep theirs elsewhere.
    pub(super) fn large_page_table(&self) -> Option<Segment> {
        let upper = VSID << h::SLB_VSID_SHIFT | h::PTE_L | h::PTE_V;
        let lower = h::PTE_R | h::PTE_C | h::PTE_M | READ_WRITE;
        let bytes = [upper, lower].map(u64::to_be_bytes).concat();
        // The hash of page 0 is the virtual segment's number.
        let table = Segment { address: layout::PAGE_TABLE + VSID as u32 * GROUP_SIZE, bytes };
        self.is_64bit().then_some(table)
    }

    /// The first segment in the first entry of the SLB, which slbia keeps.
    pub(super) fn set_up_slb(&mut self) {
        let (entry, segment) = (3, 4);
        self.set_value(entry, VSID << h::SLB_VSID_SHIFT | h::SLB_L);
        self.set_value(segment, h::SLB_V);
        self.op("slbmte", &[entry.into(), segment.into()]);
        self.set_spr(n::SDR1, layout::PAGE_TABLE);
    }

    /// An entry of the SLB but the first. Each is for one segment, since no two may be for the same.
    fn entry_of_slb(&mut self, entries: u32) -> u32 {
        self.rng.u32(1..entries)
    }

    /// The instructions of segments.
    pub(super) fn segment_of_slb(&mut self, row: &Row, bits: u32) {
        let (value, place) = (self.register(), self.register());
        let place = if place == value { (place + 1) % 32 } else { place };
        let entry = match row.mnemonic {
            "mtsr" | "mtsrin" => self.entry_of_slb(SEGMENT_REGISTERS),
            _ => self.entry_of_slb(ENTRIES),
        };
        let segment = u64::from(entry) << SEGMENT_SHIFT;
        let random = self.value();
        match row.mnemonic {
            "slbmte" => {
                let fields = h::SLB_KS | h::SLB_KP | h::SLB_N | h::SLB_L | VSIDS << h::SLB_VSID_SHIFT;
                let valid = if self.once_in(4) { 0 } else { h::SLB_V };
                self.set_value(value, random & fields);
                self.set_value(place, segment | valid | u64::from(entry));
                self.encode(row, bits, &[value.into(), place.into()]);
            }
            "slbmfee" | "slbmfev" => {
                self.set_value(place, entry.into());
                self.encode(row, bits, &[value.into(), place.into()]);
            }
            "mtsr" => {
                self.set_value(value, random & !MTSR_L);
                self.encode(row, bits, &[entry.into(), value.into()]);
            }
            "mtsrin" => {
                self.set_value(value, random & !MTSR_L);
                self.set_value(place, segment);
                self.encode(row, bits, &[value.into(), place.into()]);
            }
            "slbia" => self.encode(row, bits, &[]),
            // slbie; tlbie and tlbiel, which leave nothing to see.
            _ => {
                self.set_value(place, segment);
                self.encode(row, bits, &[place.into()]);
            }
        }
        self.op("isync", &[]);
    }
}
