//! The TLB of an e500 guest, which lies in memory of user space (KVM_CAP_SW_TLB; Documentation/virt/kvm/api.rst,
//! KVM_CAP_SW_TLB and KVM_DIRTY_TLB): where the minimal board's first translations go.
//!
//! KVM sets up an entry of its own for a vCPU's first instructions, but not one that its first TLB miss would find.

use sprig_isa::mmu::e500::{TLB0_ENTRIES, TLB0_WAYS, TLB1_ENTRIES_E500V2};
use sprig_isa::mmu::{mas, size_code};
use sprig_wire::board::{TRANSLATIONS, Translation};

/// Entries of both TLBs, and of the array whatever geometry they have.
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
    pub const E500V2: Self = Self::new(TLB0_ENTRIES as u32, TLB0_WAYS as u32, TLB1_ENTRIES_E500V2 as u32);

    /// A TLB0 of so many entries, with so many ways, and a TLB1 of so many, any of which may hold any page.
    #[must_use]
    pub const fn new(entries: u32, ways: u32, tlb1: u32) -> Self {
        Self::of([entries, tlb1], [ways, tlb1])
    }

    /// The entries of both TLBs, and their ways.
    #[must_use]
    pub const fn of([tlb0, tlb1]: [u32; 2], [ways0, ways1]: [u32; 2]) -> Self {
        Self { tlb_sizes: [tlb0, tlb1, 0, 0], tlb_ways: [ways0, ways1, 0, 0], reserved: [0; 8] }
    }

    /// Both TLBs in an array of these; none if it has no room for them.
    pub fn split(self, entries: &mut [Entry; ENTRIES]) -> Option<Tlbs<'_>> {
        let [tlb0, tlb1, ..] = self.tlb_sizes.map(|size| size as usize);
        let (tlb0, behind) = entries.split_at_mut_checked(tlb0)?;
        Some(Tlbs { tlb0, tlb1: behind.get_mut(..tlb1)? })
    }
}

/// The two TLBs: sets of TLB0 one behind the other, and TLB1.
#[derive(Debug)]
#[allow(missing_docs)] // as the manual calls them
pub struct Tlbs<'a> {
    pub tlb0: &'a mut [Entry],
    pub tlb1: &'a mut [Entry],
}

impl<'a> Tlbs<'a> {
    /// An entry by its number, TLB0's first.
    #[must_use]
    pub fn entry(self, number: usize) -> Option<&'a mut Entry> {
        self.tlb0.iter_mut().chain(self.tlb1).nth(number)
    }
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
pub fn reset(Tlbs { tlb0, tlb1 }: Tlbs<'_>) {
    tlb0.fill(Entry::default());
    tlb1.fill(Entry::default());
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
    fn tlb1_lies_behind_tlb0_whatever_their_geometry() {
        let mut entries = [Entry::default(); ENTRIES];
        let tlbs = Params::new(256, 4, 16).split(&mut entries).expect("room for both");
        assert_eq!((tlbs.tlb0.len(), tlbs.tlb1.len()), (256, 16));
        tlbs.entry(256).expect("the first of TLB1").mas1 = 1;
        assert_eq!(entries[256].mas1, 1);
        assert!(Params::E500V2.split(&mut entries).expect("room for both").entry(ENTRIES).is_none());
        assert!(Params::new(512, 4, 17).split(&mut entries).is_none());
        assert!(Params::new(u32::MAX, 4, 16).split(&mut entries).is_none());
    }

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
        reset(Params::E500V2.split(&mut entries).expect("room for both"));
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
