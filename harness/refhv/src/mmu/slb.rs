//! The segment lookaside buffer of the 64-bit server family (Power ISA 2.07 Book III-S, "SLB Management Instructions").

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::mmu::PAGE_SIZE;
use sprig_isa::mmu::hash64::{self, SHIFT_16M, SHIFT_64K};

/// Entries of the 970's SLB.
const ENTRIES_970: usize = 64;
/// Entries of the POWER8's.
const ENTRIES_POWER8: usize = 32;
/// Effective segment id of a 1 TiB segment.
const ESID_1T: u64 = !0xff_ffff_ffff;

/// A page size that a segment of some base page size may contain: log2 of it, and its encoding in a PTE's LP field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageSize {
    pub(super) shift: u32,
    pub(super) lp: u64,
}

/// A base page size: log2 of it, its encoding in L and LP of an SLB entry, and the page sizes it allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SegmentPageSize {
    pub(super) shift: u32,
    llp: u64,
    pub(super) pages: &'static [PageSize],
}

/// The LP of an SLB entry whose base page size is 64 KiB.
const LP_64K: u64 = 1 << hash64::SLB_LP.trailing_zeros();

const SHIFT_4K: u32 = PAGE_SIZE.ilog2();

/// 970: 4 KiB and 16 MiB (QEMU, target/ppc/mmu-hash64.c, ppc_hash64_opts_basic).
static SIZES_970: &[SegmentPageSize] = &[
    SegmentPageSize { shift: SHIFT_4K, llp: 0, pages: &[PageSize { shift: SHIFT_4K, lp: 0 }] },
    SegmentPageSize { shift: SHIFT_16M, llp: hash64::SLB_L, pages: &[PageSize { shift: SHIFT_16M, lp: 0 }] },
];

/// POWER8: 4 KiB, 64 KiB and 16 MiB, mixed in a segment (QEMU, target/ppc/mmu-hash64.c, ppc_hash64_opts_POWER7).
static SIZES_POWER8: &[SegmentPageSize] = &[
    SegmentPageSize {
        shift: SHIFT_4K,
        llp: 0,
        pages: &[
            PageSize { shift: SHIFT_4K, lp: 0 },
            PageSize { shift: SHIFT_64K, lp: 0x7 },
            PageSize { shift: SHIFT_16M, lp: 0x38 },
        ],
    },
    SegmentPageSize {
        shift: SHIFT_64K,
        llp: hash64::SLB_L | LP_64K,
        pages: &[PageSize { shift: SHIFT_64K, lp: 0x1 }, PageSize { shift: SHIFT_16M, lp: 0x8 }],
    },
    SegmentPageSize { shift: SHIFT_16M, llp: hash64::SLB_L, pages: &[PageSize { shift: SHIFT_16M, lp: 0 }] },
];

impl SegmentPageSize {
    /// The size of the page a PTE describes in a segment of this base page size; none if its L and LP say nothing here.
    pub(super) fn page_of(&self, pte0: u64, pte1: u64) -> Option<u32> {
        if pte0 & hash64::PTE_L == 0 {
            return (self.shift == SHIFT_4K).then_some(SHIFT_4K);
        }
        let is_encoded = |page: &&PageSize| {
            let mask = ((1 << page.shift) - 1) & hash64::PTE_RPN;
            page.shift != SHIFT_4K && pte1 & mask == page.lp << hash64::PTE_LP_SHIFT
        };
        self.pages.iter().find(is_encoded).map(|page| page.shift)
    }
}

/// An entry as slbmte writes it and slbmfee and slbmfev read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    esid: u64,
    vsid: u64,
}

impl Entry {
    const fn is_valid(&self) -> bool {
        self.esid & hash64::SLB_V != 0
    }

    const fn is_1t(&self) -> bool {
        self.vsid & hash64::SLB_B == hash64::SLB_B_1T
    }

    const fn covers(&self, address: u64) -> bool {
        let mask = if self.is_1t() { ESID_1T } else { hash64::SLB_ESID };
        self.is_valid() && self.esid & hash64::SLB_ESID == address & mask
    }
}

/// A segment an address is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) vsid: u64,
    pub(super) size: &'static SegmentPageSize,
}

/// What the instructions give an entry is not a segment of this CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadEntry;

/// The SLB.
#[derive(Clone, Debug)]
pub(super) struct Slb {
    entries: Vec<Entry>,
    sizes: &'static [SegmentPageSize],
    has_1t: bool,
}

impl Slb {
    pub(super) fn new(cpu: &Cpu) -> Self {
        let power = CpuSet::POWER.contains(cpu.set);
        let (entries, sizes) = if power { (ENTRIES_POWER8, SIZES_POWER8) } else { (ENTRIES_970, SIZES_970) };
        Self { entries: vec![Entry::default(); entries], sizes, has_1t: power }
    }

    /// The segment an address is in.
    pub(super) fn find(&self, address: u64) -> Option<Segment> {
        let entry = self.entries.iter().find(|entry| entry.covers(address))?;
        Some(Segment { vsid: entry.vsid, size: self.size(entry.vsid)? })
    }

    fn size(&self, vsid: u64) -> Option<&'static SegmentPageSize> {
        self.sizes.iter().find(|size| size.llp == vsid & hash64::SLB_LLP)
    }

    /// slbmte: RS is the VSID half, RB the ESID half with the index.
    ///
    /// # Errors
    /// [`BadEntry`] where the index, a reserved bit, the segment size or the page size is wrong.
    pub(super) fn write(&mut self, rs: u64, rb: u64) -> Result<(), BadEntry> {
        let (esid, index) = (rb & !hash64::SLB_INDEX, (rb & hash64::SLB_INDEX) as usize);
        let is_bad_segment = match rs & hash64::SLB_B {
            0 => false,
            hash64::SLB_B_1T => !self.has_1t,
            _ => true,
        };
        if esid & !(hash64::SLB_ESID | hash64::SLB_V) != 0 || is_bad_segment || self.size(rs).is_none() {
            return Err(BadEntry);
        }
        *self.entries.get_mut(index).ok_or(BadEntry)? = Entry { esid, vsid: rs };
        Ok(())
    }

    /// slbmfee.
    ///
    /// # Errors
    /// [`BadEntry`] where there is no such index.
    pub(super) fn esid(&self, rb: u64) -> Result<u64, BadEntry> {
        self.at(rb).map(|entry| entry.esid)
    }

    /// slbmfev.
    ///
    /// # Errors
    /// [`BadEntry`] where there is no such index.
    pub(super) fn vsid(&self, rb: u64) -> Result<u64, BadEntry> {
        self.at(rb).map(|entry| entry.vsid)
    }

    fn at(&self, rb: u64) -> Result<&Entry, BadEntry> {
        self.entries.get((rb & hash64::SLB_INDEX) as usize).ok_or(BadEntry)
    }

    /// slbie.
    pub(super) fn invalidate(&mut self, address: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.covers(address)) {
            entry.esid &= !hash64::SLB_V;
        }
    }

    /// slbia: all but entry 0, which holds the kernel's bolted segment.
    pub(super) fn invalidate_all(&mut self) {
        for entry in self.entries.iter_mut().skip(1) {
            entry.esid &= !hash64::SLB_V;
        }
    }
}
