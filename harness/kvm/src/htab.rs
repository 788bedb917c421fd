//! What KVM_PPC_GET_HTAB_FD reads and writes: a page table in records (Documentation/virt/kvm/api.rst,
//! KVM_PPC_GET_HTAB_FD).
//!
//! ```text
//!   | index, 4 | n_valid, 2 | n_invalid, 2 | n_valid entries of 16 bytes |     in the host's byte order
//! ```

use sprig_isa::mmu::hash64::PTE_SIZE;

/// `struct kvm_get_htab_header`.
const HEADER: usize = 8;
/// Where `n_valid` is in it.
const N_VALID: usize = 4;

/// The records that were read, one by one: `kvm_htab_write()` (arch/powerpc/kvm/book3s_64_mmu_hv.c) takes several in
/// one write, and looks for the second one where the first one's entries are.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let n_valid = u16::from_ne_bytes(*bytes.get(N_VALID..)?.first_chunk()?);
        let (record, rest) = bytes.split_at_checked(HEADER + usize::from(n_valid) * PTE_SIZE as usize)?;
        bytes = rest;
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    fn record(index: u32, n_valid: u16, n_invalid: u16) -> Vec<u8> {
        let mut bytes = index.to_ne_bytes().to_vec();
        bytes.extend(n_valid.to_ne_bytes());
        bytes.extend(n_invalid.to_ne_bytes());
        bytes.extend((0..usize::from(n_valid) * 16).map(|at| at as u8));
        bytes
    }

    #[test]
    fn each_record_has_its_header_and_its_entries() {
        let all = [record(0, 1, 7), record(8, 0, 3), record(16, 2, 0)];
        assert_eq!(records(&all.concat()).collect::<Vec<_>>(), all);
    }

    #[test]
    fn a_record_that_breaks_off_is_none() {
        let whole = [record(0, 1, 0), record(1, 2, 0)].concat();
        for length in [whole.len() - 1, 24 + HEADER, 24 + N_VALID, 24] {
            assert_eq!(records(&whole[..length]).count(), 1, "{length}");
        }
        assert_eq!(records(&[]).count(), 0);
    }
}
