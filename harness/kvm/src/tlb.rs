//! The TLB of an e500 guest, which lies in memory of user space (KVM_CAP_SW_TLB; Documentation/virt/kvm/api.rst,
//! KVM_CAP_SW_TLB and KVM_DIRTY_TLB): where the minimal board's first translations go.
//!
//! KVM sets up an entry of its own for a vCPU's first instructions, but not one that its first TLB miss would find.

use sprig_isa::mmu::e500::{TLB0_ENTRIES, TLB0_WAYS, TLB1_ENTRIES_E500V2};
use sprig_isa::mmu::{mas, size_code};
use sprig_wire::board::{TRANSLATIONS, Translation};

/// Entries of both TLBs.
pub const ENTRIES: usize = TLB0_ENTRIES + TLB1_ENTRIES_E500V2;
/// KVM_MMU_FSL_BOOKE_NOHV.
pub const MMU_TYPE: u32 = 0;

/// `struct kvm_book3e_206_tlb_entry`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Entry {
    pub mas8: u32,
    pub mas1: u32,
    pub mas2: u64,
    pub mas7_3: u64,
}

/// `struct kvm_book3e_206_tlb_params`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Params {
    pub tlb_sizes: [u32; 4],
    pub tlb_ways: [u32; 4],
    pub reserved: [u32; 8],
}

impl Params {
    /// The e500v2's.
    pub const E500V2: Self = Self {
        tlb_sizes: [TLB0_ENTRIES as u32, TLB1_ENTRIES_E500V2 as u32, 0, 0],
        tlb_ways: [TLB0_WAYS as u32, TLB1_ENTRIES_E500V2 as u32, 0, 0],
        reserved: [0; 8],
    };
}

/// `struct kvm_config_tlb`: addresses in user space.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Config {
    pub params: u64,
    pub array: u64,
    pub mmu_type: u32,
    pub array_len: u32,
}

/// `struct kvm_dirty_tlb`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Dirty {
    pub bitmap: u64,
    pub num_dirty: u32,
    pub padding: u32,
}

/// Puts the TLB to where the board starts: its translations, and nothing else.
pub fn reset(entries: &mut [Entry; ENTRIES]) {
    *entries = [Entry::default(); ENTRIES];
    let (_, tlb1) = entries.split_at_mut(TLB0_ENTRIES);
    for (entry, translation) in tlb1.iter_mut().zip(&TRANSLATIONS) {
        *entry = identity(translation);
    }
}

/// An entry of TLB1 that maps addresses to themselves.
fn identity(&Translation { address, size, space, device }: &Translation) -> Entry {
    let tsize = size_code(size.ilog2());
    let space = if space == 0 { 0 } else { mas::TS };
    let attributes = if device { mas::INHIBITED | mas::GUARDED } else { 0 };
    Entry {
        mas8: 0,
        mas1: mas::VALID | mas::IPROT | space | tsize << mas::TSIZE_SHIFT,
        mas2: (address | attributes).into(),
        mas7_3: u64::from(address | mas::ALL_PERMISSIONS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_as_large_as_the_kernels() {
        assert_eq!(
            (size_of::<Entry>(), size_of::<Params>(), size_of::<Config>(), size_of::<Dirty>()),
            (24, 64, 24, 16)
        );
    }

    #[test]
    fn the_board_starts_with_memory_and_register_page_mapped_in_both_spaces_and_nothing_else() {
        let mut entries = [Entry { mas1: mas::VALID, ..Entry::default() }; ENTRIES];
        reset(&mut entries);
        let valid: std::vec::Vec<_> = entries.iter().filter(|entry| entry.mas1 & mas::VALID != 0).collect();
        let size = |entry: &Entry| entry.mas1 >> mas::TSIZE_SHIFT & mas::TSIZE;
        let as_mapped: std::vec::Vec<_> =
            valid.iter().map(|entry| (entry.mas2, entry.mas7_3, size(entry), entry.mas1 & mas::TS != 0)).collect();
        // 4^7 KiB are 16 MiB, 4^1 are 4 KiB; I and G are 8 and 2.
        let (ram, registers) = ((0, 0x3f, 7), (0x0f00_000a, 0x0f00_003f, 1));
        let in_space = |(mas2, mas7_3, size), space| (mas2, mas7_3, size, space);
        let expected = [(ram, false), (ram, true), (registers, false), (registers, true)];
        assert_eq!(as_mapped, expected.map(|(entry, space)| in_space(entry, space)));
        assert_eq!(entries[TLB0_ENTRIES], *valid[0], "in TLB1, which has pages of that size");
    }
}
