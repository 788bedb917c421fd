//! Memory slots that user space deletes and creates anew (KVM_SET_USER_MEMORY_REGION): one piece of a guest's memory is
//! other memory then.
//!
//! ```text
//!   slots before   0: all of the memory
//!   and after      0: up to the piece | 1: the piece, memory of its own | 2: behind it
//! ```
//!
//! What was deleted stays allocated and keeps its content, so that a guest that still reaches it shows it. It is as the
//! board has it when user space takes devices' memory away and gives others in its place.

use crate::kernel::{File, MEMORY_SLOT, Slot, give_slot};
use crate::linux::Backing;
use crate::memory::Mapping;
use core::ops::Range;
use sprig_kvm::system::{EINVAL, ENOSPC, Errno};
use sprig_wire::host::SLOT_SIZE;
use sprig_wire::layout::RAM_SIZE;

const SIZE: usize = SLOT_SIZE as usize;
const END: usize = RAM_SIZE as usize;

/// The pieces of a machine; the last one is the guest's, and those before it were.
#[derive(Default)]
pub(crate) struct Pieces {
    taken: [Option<Mapping>; 4],
    at: usize,
}

impl Pieces {
    /// Puts another piece with this word throughout where the guest has this address.
    pub(crate) fn replace(&mut self, vm: &File, ram: &Mapping, at: usize, word: u32) -> Result<(), Errno> {
        let at = at / SIZE * SIZE;
        let behind = at.checked_add(SIZE).filter(|behind| at > 0 && *behind < END).ok_or(EINVAL)?;
        let slots = if self.last().is_some() { 3 } else { 1 };
        let place = self.taken.iter_mut().find(|place| place.is_none()).ok_or(ENOSPC)?;
        let piece = place.insert(Mapping::new(SIZE, Backing::Nothing)?);
        for place in piece.bytes().as_chunks_mut().0 {
            *place = word.to_be_bytes();
        }
        for number in MEMORY_SLOT..slots {
            give_slot(vm, Slot { number, flags: 0, guest: 0..0, memory: ram, offset: 0 })?;
        }
        self.at = at;
        let part = |number, guest: Range<usize>| Slot { number, flags: 0, offset: guest.start, guest, memory: ram };
        give_slot(vm, part(MEMORY_SLOT, 0..at))?;
        give_slot(vm, Slot { memory: piece, offset: 0, ..part(MEMORY_SLOT + 1, at..behind) })?;
        give_slot(vm, part(MEMORY_SLOT + 2, behind..END))
    }

    fn last(&mut self) -> Option<&mut Mapping> {
        self.taken.iter_mut().flatten().last()
    }

    /// Puts what the guest has in its piece to where a machine with one slot has it.
    pub(crate) fn copy_to(&mut self, ram: &mut Mapping) {
        let at = self.at;
        if let Some(piece) = self.last() {
            ram.bytes()[at..at + SIZE].copy_from_slice(piece.bytes());
        }
    }
}
