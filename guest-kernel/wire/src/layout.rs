//! Where everything is in guest-physical memory.
//!
//! The same on every platform, so that the harness can assemble stubs at their final address and read the log of a dead
//! guest. Effective and physical addresses are equal for all of it.
//!
//! ```text
//!   0x0000_0000  vectors: Book3S at the architecture's offsets, BookE from BOOKE_VECTORS
//!   0x0000_3000  STEP_RETURN, where every stub ends
//!   0x0000_4000  save area: reached by one store with r0 as base, whatever the registers hold
//!   0x0010_0000  the guest kernel: image, bss, stacks
//!   0x0043_0000  BATCH: cases, bytecode, stubs
//!   0x0070_0000  KEPT: logs of cases that have ended, for a host that reads them there
//!   0x0084_0000  LOG: header and entries of the running case
//!   0x008f_0000  SLOTS: the running case's values
//!   0x0091_0000  HOST_BLOCK: arguments and results of a host step
//!   0x0092_0000  CODE: the running case's stubs, copied from the batch
//!   0x009c_0000  HASH_TABLE: hashed page table, where the family has one of its own
//!   0x00a0_0000  SCRATCH: pages for scripts
//!   0x00ff_f000  FIRMWARE_PAGE: the stack of the stand-in firmware, where a platform has one
//!   0x0100_0000  end of the memory Sprig uses
//! ```
//!
//! Page 0 holds no data: before the magic page is mapped, an e500v2 host may show it at EA 0. The top 4 KiB are the
//! magic page's.
//!
//! What the interpreter uses at each step lies in different sets of a TLB of 128: under KVM a guest's memory has an
//! entry for each of its pages, and one for each privilege, in the four ways of an e500's TLB0, and pages that lie one
//! after the other in all areas would evict each other.

use sprig_isa::mmu::{PAGE_SHIFT, SEGMENT_SHIFT};

/// Sets of TLB0 of an e500v2, by the number of the page (e500 core manual, section 12.3).
const SETS: u32 = 128;
const _: () = {
    let hot = [SAVE_BASE, IMAGE_BASE, BATCH_BASE, LOG_BASE, SLOTS_BASE, CODE_BASE];
    let (mut one, mut other) = (0, 1);
    while one + 1 < hot.len() {
        assert!(
            hot[one] >> PAGE_SHIFT & (SETS - 1) != hot[other] >> PAGE_SHIFT & (SETS - 1),
            "they are in each other's way"
        );
        other += 1;
        if other == hot.len() {
            one += 1;
            other = one + 1;
        }
    }
};

/// Where the vectors of embedded cores begin; those of server CPUs are where the architecture has them.
pub const BOOKE_VECTORS: u32 = 0x2000;
/// End of the area where interrupt vectors are written.
pub const VECTORS_END: u32 = 0x3000;
/// Address every stub branches to when its instruction is done.
pub const STEP_RETURN: u32 = 0x3000;
/// Start of the save area.
pub const SAVE_BASE: u32 = 0x4000;
/// End of the save area: the last address a 16-bit signed displacement reaches, plus one.
pub const SAVE_END: u32 = 0x8000;
/// Where the guest kernel is linked.
pub const IMAGE_BASE: u32 = 0x0010_0000;
/// End of the guest kernel with its bss and stacks.
pub const IMAGE_END: u32 = BATCH_BASE;
/// Where the harness puts the batch.
pub const BATCH_BASE: u32 = 0x0043_0000;
/// Largest batch, bytes.
pub const BATCH_SIZE: u32 = KEPT_BASE - BATCH_BASE;
/// Where the guest keeps the entries of cases that have ended, where it is asked to: see [`crate::batch::KEEP`].
pub const KEPT_BASE: u32 = 0x0070_0000;
/// Room for them, bytes. What finds none is sent over the console.
pub const KEPT_SIZE: u32 = LOG_BASE - KEPT_BASE;
/// Where the guest writes the log.
pub const LOG_BASE: u32 = 0x0084_0000;
/// Size of the log with its header, bytes.
pub const LOG_SIZE: u32 = SLOTS_BASE - LOG_BASE;
/// Where the guest keeps the slots, 8 bytes each.
pub const SLOTS_BASE: u32 = 0x008f_0000;
/// Number of slots a case may use.
pub const SLOTS: u16 = ((HOST_BLOCK - SLOTS_BASE) / 8) as u16;
/// Where a host step's arguments and results stand.
pub const HOST_BLOCK: u32 = 0x0091_0000;
/// Where the guest copies the running case's stubs: their addresses are the same whatever the batch.
pub const CODE_BASE: u32 = 0x0092_0000;
/// Most code a case may have, bytes.
pub const CODE_SIZE: u32 = HASH_TABLE - CODE_BASE;
/// Where the guest keeps its hashed page table, 256 KiB, aligned to that; scripts leave it alone.
pub const HASH_TABLE: u32 = 0x009c_0000;
/// Start of the pages that scripts may map, store to and load from.
pub const SCRATCH_BASE: u32 = 0x00a0_0000;
/// How much of the scratch area is zero when a case begins, bytes; what comes after keeps what earlier cases left.
pub const SCRATCH_CLEARED: u32 = 64 * 1024;
/// The last page: where OpenBIOS has the memory that it maps at -4096.
pub const FIRMWARE_PAGE: u32 = RAM_SIZE - 0x1000;
/// The memory a platform must have, bytes.
pub const RAM_SIZE: u32 = 0x0100_0000;

/// Segments (256 MiB of effective addresses) in which a guest kernel has translations of its own, on one platform or
/// the other: memory in the first, device registers in these. They are large ones, and a second translation of an
/// address is a programming error to a TLB, so scripts map pages in the other segments.
pub const KERNEL_SEGMENTS: [u32; 3] = [0x0, 0x8, 0xe];
/// Segments of a 32-bit address space. A 64-bit kernel has one more, the last of all, in which the magic page is.
const LOW_SEGMENTS: u64 = 16;
const LAST_SEGMENT: u64 = u64::MAX >> SEGMENT_SHIFT;

/// True if scripts may map a page at this effective address.
#[must_use]
pub const fn is_for_scripts(ea: u64) -> bool {
    let [first, second, third] = KERNEL_SEGMENTS;
    let segment = ea >> SEGMENT_SHIFT;
    let kernel = segment == first as u64 || segment == second as u64 || segment == third as u64;
    !kernel && (segment < LOW_SEGMENTS || segment == LAST_SEGMENT)
}

/// Pages a script may have mapped at once.
pub const MAPPED_PAGES: usize = 8;

/// Start of 256 MiB of effective addresses that no guest kernel translates: where a script takes a TLB miss.
pub const UNMAPPED_EA: u32 = 0xd000_0000;
