//! Fields of what translates addresses: TLB entries, segments, page table entries.
//!
//! The guest kernel builds these words, the reference hypervisor takes them apart; both do it with the names below.

/// Size of the smallest page every family has, bytes.
pub const PAGE_SIZE: u64 = 4096;
/// Bits of an address within such a page.
pub const PAGE_SHIFT: u32 = PAGE_SIZE.ilog2();
/// Bits of an address within a segment of 256 MiB, the only size on 32-bit CPUs (7400 manual, section 5.4) and the
/// smaller on 64-bit ones.
pub const SEGMENT_SHIFT: u32 = 28;

/// How large a page of an embedded CPU is, as MAS1\[TSIZE\] and a 44x's SIZE say it: it has 4 to the power of that KiB.
/// From log2 of its bytes.
#[must_use]
pub const fn size_code(log2_bytes: u32) -> u32 {
    (log2_bytes - KIB_SHIFT) / 2
}

/// Bytes of a page whose size has this code.
#[must_use]
pub const fn size_of_code(code: u32) -> u64 {
    1 << (KIB_SHIFT + 2 * code)
}

const KIB_SHIFT: u32 = 10;

/// MMU assist registers of e500 (e500 core manual, "MMU Assist Registers").
pub mod mas {
    /// MAS0\[TLBSEL\]: which TLB; position of its lowest bit.
    pub const TLBSEL_SHIFT: u32 = 28;
    /// MAS0\[TLBSEL\]: mask of the value.
    pub const TLBSEL: u32 = 0x3;
    /// MAS0\[ESEL\]: which way of TLB0, which entry of TLB1; position of its lowest bit.
    pub const ESEL_SHIFT: u32 = 16;
    /// MAS0\[ESEL\]: mask of the value.
    pub const ESEL: u32 = 0xfff;
    /// MAS0\[NV\]: the way of TLB0 to replace next.
    pub const NV: u32 = 0xfff;

    /// MAS1\[V\]: the entry is valid.
    pub const VALID: u32 = 1 << 31;
    /// MAS1\[IPROT\]: the entry survives invalidation (TLB1).
    pub const IPROT: u32 = 1 << 30;
    /// MAS1\[TID\]: process the entry belongs to, 0 for all; position of its lowest bit.
    pub const TID_SHIFT: u32 = 16;
    /// MAS1\[TID\]: mask of the value.
    pub const TID: u32 = 0x3fff;
    /// MAS1\[TS\]: address space of the entry.
    pub const TS: u32 = 1 << 12;
    /// MAS1\[TSIZE\]: size of the page; position of its lowest bit.
    pub const TSIZE_SHIFT: u32 = 8;
    /// MAS1\[TSIZE\]: mask of the value.
    pub const TSIZE: u32 = 0xf;
    /// The TSIZE of 4 KiB.
    pub const TSIZE_4K: u32 = super::size_code(super::PAGE_SHIFT);

    /// MAS2: bits below the effective page number: VLE or X0, X1, W, I, M, G, E.
    pub const ATTRIBUTES: u64 = 0x7f;
    /// MAS2\[X0\], MAS2\[X1\]: attributes of the system's own (e500 core manual, table "MAS2 field descriptions").
    pub const X0: u32 = 1 << 6;
    /// The same.
    pub const X1: u32 = 1 << 5;
    /// MAS2\[W\]: stores go through to memory.
    pub const WRITE_THROUGH: u32 = 1 << 4;
    /// MAS2\[I\]: cache-inhibited.
    pub const INHIBITED: u32 = 1 << 3;
    /// MAS2\[M\]: memory coherence required.
    pub const COHERENT: u32 = 1 << 2;
    /// MAS2\[G\]: guarded.
    pub const GUARDED: u32 = 1 << 1;
    /// MAS2\[E\]: little-endian.
    pub const LITTLE_ENDIAN: u32 = 1 << 0;
    /// MAS2\[EPN\]: effective page number.
    pub const EPN: u64 = !0xfff;

    /// MAS3\[U0\]: the kernel's own, and so the next three.
    pub const U0: u32 = 1 << 9;
    /// MAS3\[U1\].
    pub const U1: u32 = 1 << 8;
    /// MAS3\[U2\].
    pub const U2: u32 = 1 << 7;
    /// MAS3\[U3\].
    pub const U3: u32 = 1 << 6;
    /// MAS3\[UX\]: problem state may execute.
    pub const UX: u32 = 1 << 5;
    /// MAS3\[SX\]: supervisor state may execute.
    pub const SX: u32 = 1 << 4;
    /// MAS3\[UW\]: problem state may store.
    pub const UW: u32 = 1 << 3;
    /// MAS3\[SW\]: supervisor state may store.
    pub const SW: u32 = 1 << 2;
    /// MAS3\[UR\]: problem state may load.
    pub const UR: u32 = 1 << 1;
    /// MAS3\[SR\]: supervisor state may load.
    pub const SR: u32 = 1 << 0;
    /// Every permission.
    pub const ALL_PERMISSIONS: u32 = UX | SX | UW | SW | UR | SR;

    /// MAS4\[TLBSELD\], \[TSIZED\]: the defaults for TLBSEL and TSIZE, at the same places.
    pub const TLBSELD: u32 = TLBSEL << TLBSEL_SHIFT;
    /// MAS4\[TSIZED\]: the default for TSIZE, at the same place.
    pub const TSIZED: u32 = TSIZE << TSIZE_SHIFT;
    /// MAS4\[TIDSELD\]: which PID is the default for TID (3: none, the TID is zero); position of its lowest bit.
    pub const TIDSELD_SHIFT: u32 = 16;
    /// MAS4\[TIDSELD\]: mask of the value.
    pub const TIDSELD: u32 = 0x3;

    /// MAS6\[SPID0\]: the process tlbsx searches for; position of its lowest bit.
    pub const SPID_SHIFT: u32 = 16;
    /// MAS6\[SPID0\]: mask of the value.
    pub const SPID: u32 = 0x3fff;
    /// MAS6\[SAS\]: the address space tlbsx searches in.
    pub const SAS: u32 = 1 << 0;

    /// MMUCSR0\[TLB0_FI\]: invalidate all of TLB0.
    pub const MMUCSR0_TLB0_FI: u32 = 1 << 2;
    /// MMUCSR0\[TLB1_FI\]: invalidate TLB1 but for its protected entries.
    pub const MMUCSR0_TLB1_FI: u32 = 1 << 1;

    /// tlbivax: bit of the address that chooses TLB1.
    pub const TLBIVAX_TLB1: u64 = 1 << 3;
    /// tlbivax: bit of the address that means all entries.
    pub const TLBIVAX_ALL: u64 = 1 << 2;
}

/// TLBnCFG (EREF 2.0, "TLB Configuration Registers").
pub mod tlbcfg {
    /// TLBnCFG\[ASSOC\]: ways; position of its lowest bit.
    pub const ASSOC_SHIFT: u32 = 24;
    /// TLBnCFG\[MINSIZE\]: the smallest page, as TSIZE; position of its lowest bit.
    pub const MINSIZE_SHIFT: u32 = 20;
    /// TLBnCFG\[MAXSIZE\]: the largest.
    pub const MAXSIZE_SHIFT: u32 = 16;
    /// TLBnCFG\[IPROT\]: entries can be protected.
    pub const IPROT: u32 = 1 << 15;
    /// TLBnCFG\[AVAIL\]: each entry can be of any of these sizes.
    pub const AVAIL: u32 = 1 << 14;
    /// TLBnCFG\[NENTRY\]: number of entries.
    pub const NENTRY: u32 = 0xfff;
}

/// The sizes of e500's TLBs (e500 core manual, chapter 12; e500mc and e5500 core manuals, "Memory Management Units").
pub mod e500 {
    /// Entries of TLB0 on e500v2, e500mc and e5500.
    pub const TLB0_ENTRIES: usize = 512;
    /// Ways of TLB0.
    pub const TLB0_WAYS: usize = 4;
    /// Entries, and ways, of TLB1 on e500v2.
    pub const TLB1_ENTRIES_E500V2: usize = 16;
    /// The same on e500mc and e5500.
    pub const TLB1_ENTRIES_E500MC: usize = 64;
}

/// The TLB of 44x (PPC440 user manual, section "TLB entries" and "MMU control register").
pub mod tlb44x {
    /// Number of entries.
    pub const ENTRIES: usize = 64;

    /// Word 0: effective page number, for the smallest page (1 KiB).
    pub const EPN: u32 = 0xffff_fc00;
    /// Word 0, V: the entry is valid.
    pub const VALID: u32 = 1 << 9;
    /// Word 0, TS: address space of the entry.
    pub const TS: u32 = 1 << 8;
    /// Word 0, SIZE: 4 to the power of SIZE KiB; position of its lowest bit.
    pub const SIZE_SHIFT: u32 = 4;
    /// Word 0, SIZE: mask of the value.
    pub const SIZE: u32 = 0xf;
    /// The SIZE of 4 KiB.
    pub const SIZE_4K: u32 = super::size_code(super::PAGE_SHIFT);

    /// Word 1: real page number, bits 32-53 of the address.
    pub const RPN: u32 = 0xffff_fc00;
    /// Word 1, ERPN: bits 28-31 of the 36-bit address.
    pub const ERPN: u32 = 0xf;

    /// Word 2: storage attributes (arch/powerpc/include/asm/nohash/32/mmu-44x.h, PPC44x_TLB_ATTR_MASK).
    pub const ATTRIBUTES: u32 = 0xff80;
    /// Word 2, I: cache-inhibited.
    pub const INHIBITED: u32 = 1 << 10;
    /// Word 2, G: guarded.
    pub const GUARDED: u32 = 1 << 8;
    /// Word 2, UX: problem state may execute.
    pub const UX: u32 = 1 << 5;
    /// Word 2, UW: problem state may store.
    pub const UW: u32 = 1 << 4;
    /// Word 2, UR: problem state may load.
    pub const UR: u32 = 1 << 3;
    /// Word 2, SX: supervisor state may execute.
    pub const SX: u32 = 1 << 2;
    /// Word 2, SW: supervisor state may store.
    pub const SW: u32 = 1 << 1;
    /// Word 2, SR: supervisor state may load.
    pub const SR: u32 = 1 << 0;
    /// Every permission.
    pub const ALL_PERMISSIONS: u32 = UX | UW | UR | SX | SW | SR;

    /// MMUCR\[STID\]: the process tlbwe gives an entry, and tlbsx searches for.
    pub const MMUCR_STID: u32 = 0xff;
    /// MMUCR\[STS\]: the address space tlbsx searches in.
    pub const MMUCR_STS: u32 = 1 << 16;
}

/// Segments, blocks and the hashed page table of the 32-bit server family (7400 manual, chapter 5; 8240 manual, table
/// E-13).
pub mod hash32 {
    /// Segment register, T: direct-store segment.
    pub const SR_T: u32 = 1 << 31;
    /// Segment register, Ks: supervisor state's protection key.
    pub const SR_KS: u32 = 1 << 30;
    /// Segment register, Kp: problem state's protection key.
    pub const SR_KP: u32 = 1 << 29;
    /// Segment register, N: no-execute.
    pub const SR_N: u32 = 1 << 28;
    /// Segment register: virtual segment id.
    pub const SR_VSID: u32 = 0x00ff_ffff;

    /// Upper BAT: block effective page index.
    pub const BATU_BEPI: u32 = 0xfffe_0000;
    /// Upper BAT, BL: block length mask; position of its lowest bit.
    pub const BATU_BL_SHIFT: u32 = 2;
    /// Upper BAT, BL: mask of the value. A set bit is an address bit of the block above 128 KiB.
    pub const BATU_BL: u32 = 0x7ff;
    /// Upper BAT, Vs: valid in supervisor state.
    pub const BATU_VS: u32 = 1 << 1;
    /// Upper BAT, Vp: valid in problem state.
    pub const BATU_VP: u32 = 1 << 0;
    /// Lower BAT: block real page number.
    pub const BATL_BRPN: u32 = 0xfffe_0000;
    /// Upper BAT: every bit that it has (G2 core manual, figure 2-9).
    pub const BATU: u32 = BATU_BEPI | BATU_BL << BATU_BL_SHIFT | BATU_VS | BATU_VP;
    /// Lower BAT: block protection, one of those below.
    pub const BATL_PP: u32 = 0x3;
    /// PP of a block: no access. Of a page this depends on the segment's key, and so does 1.
    pub const PP_NONE: u32 = 0;
    /// PP of a block or page: read and write.
    pub const PP_READ_WRITE: u32 = 2;
    /// PP of a block or page: read only; of a block 1 is, too.
    pub const PP_READ_ONLY: u32 = 3;
    /// Lower BAT: every bit that it has.
    pub const BATL: u32 = BATL_BRPN | PTE_W | PTE_I | PTE_M | PTE_G | BATL_PP;

    /// SDR1: real address of the page table.
    pub const SDR1_HTABORG: u32 = 0xffff_0000;
    /// SDR1: mask of the page table's size, in units of 64 KiB.
    pub const SDR1_HTABMASK: u32 = 0x1ff;

    /// PTE word 0: valid.
    pub const PTE_V: u32 = 1 << 31;
    /// PTE word 0: virtual segment id; position of its lowest bit.
    pub const PTE_VSID_SHIFT: u32 = 7;
    /// PTE word 0, H: found by the secondary hash.
    pub const PTE_H: u32 = 1 << 6;
    /// PTE word 0: abbreviated page index, the six highest bits of the page index.
    pub const PTE_API: u32 = 0x3f;
    /// Position of those six bits in the page index.
    pub const API_SHIFT: u32 = 10;
    /// PTE word 1: real page number.
    pub const PTE_RPN: u32 = 0xffff_f000;
    /// PTE word 1, R: referenced.
    pub const PTE_R: u32 = 1 << 8;
    /// PTE word 1, C: changed.
    pub const PTE_C: u32 = 1 << 7;
    /// PTE word 1 (and lower BAT), W: stores go through to memory.
    pub const PTE_W: u32 = 1 << 6;
    /// PTE word 1 (and lower BAT), M: memory coherence required.
    pub const PTE_M: u32 = 1 << 4;
    /// PTE word 1 (and lower BAT), I: cache-inhibited.
    pub const PTE_I: u32 = 1 << 5;
    /// PTE word 1 (and lower BAT), G: guarded.
    pub const PTE_G: u32 = 1 << 3;
    /// PTE word 1: page protection.
    pub const PTE_PP: u32 = 0x3;
    /// Entries in a group.
    pub const PTES_PER_GROUP: u64 = 8;
    /// Size of an entry, bytes.
    pub const PTE_SIZE: u64 = 8;
}

/// SLB and hashed page table of the 64-bit server family (Power ISA 2.07 Book III-S, "Address Translation", "SLB
/// Management Instructions").
pub mod hash64 {
    /// Bits of an address within a page of 64 KiB, log2 of its bytes.
    pub const SHIFT_64K: u32 = 16;
    /// And of one of 16 MiB.
    pub const SHIFT_16M: u32 = 24;

    /// slbmte RB: effective segment id of a 256 MiB segment.
    pub const SLB_ESID: u64 = 0xffff_ffff_f000_0000;
    /// slbmte RB, V: valid.
    pub const SLB_V: u64 = 1 << 27;
    /// slbmte RB: index of the entry.
    pub const SLB_INDEX: u64 = 0xfff;
    /// slbmte RS, B: segment size.
    pub const SLB_B: u64 = 0xc000_0000_0000_0000;
    /// The B of 1 TiB.
    pub const SLB_B_1T: u64 = 0x4000_0000_0000_0000;
    /// slbmte RS: virtual segment id of a 256 MiB segment; position of its lowest bit.
    pub const SLB_VSID_SHIFT: u32 = 12;
    /// The same of a 1 TiB segment.
    pub const SLB_VSID_SHIFT_1T: u32 = 24;
    /// slbmte RS: virtual segment id.
    pub const SLB_VSID: u64 = 0x3fff_ffff_ffff_f000;
    /// slbmte RS, Ks: supervisor state's protection key.
    pub const SLB_KS: u64 = 1 << 11;
    /// slbmte RS, Kp: problem state's protection key.
    pub const SLB_KP: u64 = 1 << 10;
    /// slbmte RS, N: no-execute.
    pub const SLB_N: u64 = 1 << 9;
    /// slbmte RS, L: a page larger than 4 KiB.
    pub const SLB_L: u64 = 0x100;
    /// slbmte RS, LP: which of the larger ones.
    pub const SLB_LP: u64 = 0x30;
    /// slbmte RS, L and LP: base page size.
    pub const SLB_LLP: u64 = SLB_L | SLB_LP;

    /// SDR1: real address of the page table.
    pub const SDR1_HTABORG: u64 = 0x0fff_ffff_fffc_0000;
    /// SDR1: log2 of the page table's size in groups, less 11.
    pub const SDR1_HTABSIZE: u64 = 0x1f;
    /// Largest HTABSIZE.
    pub const HTABSIZE_MAX: u64 = 28;
    /// log2 of the smallest page table's number of groups.
    pub const HTABSIZE_BASE: u32 = 11;

    /// PTE doubleword 0, V: valid.
    pub const PTE_V: u64 = 1 << 0;
    /// PTE doubleword 0, H: found by the secondary hash.
    pub const PTE_H: u64 = 1 << 1;
    /// PTE doubleword 0, L: larger than 4 KiB.
    pub const PTE_L: u64 = 1 << 2;
    /// PTE doubleword 0, B: segment size.
    pub const PTE_B: u64 = 0xc000_0000_0000_0000;
    /// PTE doubleword 0: abbreviated virtual page number (with B above it).
    pub const PTE_AVPN: u64 = 0x3fff_ffff_ffff_ff80;
    /// An offset in a segment moves right by this to stand at its place in the AVPN.
    pub const AVPN_FROM_OFFSET_SHIFT: u32 = 16;
    /// PTE doubleword 1, the highest bit of PP.
    pub const PTE_PP0: u64 = 1 << 63;
    /// PTE doubleword 1: the storage key, in two parts (asm/book3s/64/mmu-hash.h, HPTE_R_KEY).
    pub const PTE_KEY: u64 = 0x3000_0000_0000_0000 | PTE_KEY_LOW;
    /// PTE doubleword 1: the lower part of the key.
    pub const PTE_KEY_LOW: u64 = 0x0e00;
    /// PTE doubleword 1: real page number, LP.
    pub const PTE_RPN: u64 = 0x0fff_ffff_ffff_f000;
    /// Position of LP's lowest bit.
    pub const PTE_LP_SHIFT: u32 = 12;
    /// PTE doubleword 1, R: referenced.
    pub const PTE_R: u64 = 1 << 8;
    /// PTE doubleword 1, C: changed.
    pub const PTE_C: u64 = 1 << 7;
    /// PTE doubleword 1, W: stores go through to memory.
    pub const PTE_W: u64 = 1 << 6;
    /// PTE doubleword 1, I: cache-inhibited.
    pub const PTE_I: u64 = 1 << 5;
    /// PTE doubleword 1, M: memory coherence required.
    pub const PTE_M: u64 = 1 << 4;
    /// PTE doubleword 1, G: guarded.
    pub const PTE_G: u64 = 1 << 3;
    /// PTE doubleword 1, N: no-execute.
    pub const PTE_N: u64 = 1 << 2;
    /// PTE doubleword 1: page protection, without its highest bit.
    pub const PTE_PP: u64 = 0x3;
    /// Entries in a group.
    pub const PTES_PER_GROUP: u64 = 8;
    /// Size of an entry, bytes.
    pub const PTE_SIZE: u64 = 16;
}

/// Radix trees of POWER9 and later (Power ISA 3.0 Book III, "Radix Tree Translation"): process table and tree,
/// big-endian doublewords.
pub mod radix {
    /// Process table entry, doubleword 0, RTS: 52 bits of effective address are translated (31 + 21; 21 = 0b10101 in
    /// two parts).
    pub const TREE_52_BITS: u64 = 0b10 << 61 | 0b101 << 5;
    /// RPDS: log2 of the number of entries of the root (POWER9 user's manual, section "Radix tree": the only size there
    /// is).
    pub const ROOT_BITS: u32 = 13;
    /// NLS: log2 of the number of entries of each table that it points to.
    pub const NEXT_BITS: u32 = 9;
    /// Directory or table entry: valid.
    pub const VALID: u64 = 1 << 63;
    /// It maps a page.
    pub const LEAF: u64 = 1 << 62;
    /// Referenced.
    pub const R: u64 = 1 << 8;
    /// Changed.
    pub const C: u64 = 1 << 7;
    /// Attributes: device registers, cache-inhibited and guarded.
    pub const ATTRIBUTE_NON_IDEMPOTENT: u64 = 0b10 << 4;
    /// Rights: none for problem state.
    pub const PRIVILEGED: u64 = 1 << 3;
    /// Rights: load.
    pub const READ: u64 = 1 << 2;
    /// Rights: store.
    pub const WRITE: u64 = 1 << 1;
    /// Rights: execute.
    pub const EXECUTE: u64 = 1 << 0;
}
