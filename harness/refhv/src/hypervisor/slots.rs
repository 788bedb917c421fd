//! Memory slots: where user space has memory for the guest (KVM_SET_USER_MEMORY_REGION, Documentation/virt/kvm/api.rst
//! section 4.35).
//!
//! Only what is refused is modelled. A slot that is given adds nothing to what the guest has, and none is searched for an access: the
//! reference's memory is one piece.

use sprig_isa::page::PAGE_SIZE;
use sprig_wire::host::errno::{EEXIST, EINVAL};
use sprig_wire::layout;

/// The slot is watched for stores; of the flags it is the one that every host knows.
const KVM_MEM_LOG_DIRTY_PAGES: u64 = 1 << 0;
/// Numbers that slots may have (include/linux/kvm_host.h, KVM_USER_MEM_SLOTS). The upper half of one is its address space, of which there
/// is one.
const KVM_USER_MEM_SLOTS: u64 = i16::MAX as u64;

/// A slot: bytes of guest-physical addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u64,
    pub(super) address: u64,
    /// 0 deletes it.
    pub(super) length: u64,
    pub(super) flags: u64,
}

impl Slot {
    fn overlaps(&self, other: &Self) -> bool {
        self.address < other.address + other.length && other.address < self.address + self.length
    }

    fn is_valid(&self) -> bool {
        let whole_pages = (self.address | self.length).is_multiple_of(PAGE_SIZE);
        let ends = self.address.checked_add(self.length).is_some();
        self.number < KVM_USER_MEM_SLOTS && self.flags & !KVM_MEM_LOG_DIRTY_PAGES == 0 && whole_pages && ends
    }
}

/// All slots of a guest, whose memory is the first.
#[derive(Clone, Debug)]
pub(super) struct Slots(Vec<Slot>);

impl Default for Slots {
    fn default() -> Self {
        Self(vec![Slot { number: 0, address: 0, length: layout::RAM_SIZE.into(), flags: 0 }])
    }
}

impl Slots {
    /// Makes a slot, moves it, sets its flags, or deletes it (virt/kvm/kvm_main.c, `__kvm_set_memory_region`).
    ///
    /// # Errors
    /// [`EINVAL`] for what is none, [`EEXIST`] where there is another one.
    pub(super) fn give(&mut self, new: Slot) -> Result<(), u32> {
        let old = self.0.iter().position(|slot| slot.number == new.number);
        let same_length = old.is_none_or(|old| self.0[old].length == new.length);
        if !new.is_valid() || (new.length == 0 && old.is_none()) || (new.length != 0 && !same_length) {
            return Err(EINVAL);
        }
        let is_in_the_way = |slot: &Slot| slot.number != new.number && slot.overlaps(&new);
        if new.length != 0 && self.0.iter().any(is_in_the_way) {
            return Err(EEXIST);
        }
        if let Some(old) = old {
            self.0.remove(old);
        }
        if new.length != 0 {
            self.0.push(new);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 0x4000_0000;

    fn slot(number: u64, address: u64, length: u64) -> Slot {
        Slot { number, address, length, flags: 0 }
    }

    #[test]
    fn slots_lie_side_by_side_and_not_over_one_another() {
        let mut slots = Slots::default();
        assert_eq!(slots.give(slot(1, AT, 0x3000)), Ok(()));
        for (address, length) in
            [(AT - 0x1000, 0x2000), (AT + 0x2000, 0x1000), (AT + 0x1000, 0x1000), (AT - 0x1000, 0x5000)]
        {
            assert_eq!(slots.give(slot(2, address, length)), Err(EEXIST));
        }
        assert_eq!(slots.give(slot(2, AT + 0x3000, 0x1000)), Ok(()));
        assert_eq!(slots.give(slot(3, AT - 0x1000, 0x1000)), Ok(()));
        assert_eq!(slots.give(slot(4, u64::from(layout::RAM_SIZE) - 0x1000, 0x1000)), Err(EEXIST));
    }

    #[test]
    fn a_slot_is_moved_and_deleted_and_not_resized() {
        let mut slots = Slots::default();
        assert_eq!(slots.give(slot(1, AT, 0)), Err(EINVAL));
        assert_eq!(slots.give(slot(1, AT, 0x2000)), Ok(()));
        assert_eq!(slots.give(slot(1, AT, 0x1000)), Err(EINVAL));
        assert_eq!(slots.give(slot(1, AT + 0x1000, 0x2000)), Ok(()));
        assert_eq!(slots.give(slot(2, AT, 0x1000)), Ok(()));
        assert_eq!(slots.give(slot(1, AT, 0)), Ok(()));
        assert_eq!(slots.give(slot(1, AT + 0x1000, 0x1000)), Ok(()));
    }

    #[test]
    fn what_is_no_slot_is_refused() {
        let mut slots = Slots::default();
        let flagged = Slot { flags: 0x80, ..slot(1, AT, 0x1000) };
        let crooked = [slot(1, AT + 0x800, 0x1000), slot(1, AT, 0x1800), slot(1, !0xfff, 0x2000), flagged];
        let numbers = [slot(KVM_USER_MEM_SLOTS, AT, 0x1000), slot(0x1_0001, AT, 0x1000)];
        assert!(crooked.into_iter().chain(numbers).all(|slot| slots.give(slot) == Err(EINVAL)));
        assert_eq!(slots.give(Slot { flags: KVM_MEM_LOG_DIRTY_PAGES, ..slot(1, AT, 0x1000) }), Ok(()));
    }
}
