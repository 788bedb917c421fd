//! The state a guest shares with its hypervisor: `struct kvm_vcpu_arch_shared`, which *is* the magic page's memory.
//!
//! It comes after the guest's RAM, where no guest-physical address reaches it. It is big-endian until a guest that
//! takes its interrupts in little-endian mode maps it.

use sprig_isa::page::{FIELDS, Field, PAGE_SIZE, SR_OFFSET, STRUCT_SIZE};

use crate::memory::Memory;

/// The byte order of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ByteOrder {
    #[default]
    Big,
    Little,
}

/// Fields that are the guest's alone, so that they stay as its kernel stored them.
const GUEST_S: [&str; 4] = ["scratch1", "scratch2", "scratch3", "critical"];

/// Where a field is, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    offset: u16,
    size: u8,
}

impl Slot {
    /// The field's value.
    #[inline]
    pub(super) fn get(self, page: &Structure, order: ByteOrder) -> u64 {
        let bytes = page.get(usize::from(self.offset)..).unwrap_or_default();
        match (self.size, order) {
            (8, ByteOrder::Big) => bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)),
            (8, ByteOrder::Little) => bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)),
            (_, ByteOrder::Big) => bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes).into()),
            (_, ByteOrder::Little) => bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes).into()),
        }
    }

    /// Sets the field.
    #[inline]
    pub(super) fn set(self, page: &mut Structure, order: ByteOrder, value: u64) {
        let bytes = page.get_mut(usize::from(self.offset)..).unwrap_or_default();
        match (self.size, order) {
            (8, ByteOrder::Big) => bytes.first_chunk_mut().map(|bytes| *bytes = value.to_be_bytes()),
            (8, ByteOrder::Little) => bytes.first_chunk_mut().map(|bytes| *bytes = value.to_le_bytes()),
            (_, ByteOrder::Big) => bytes.first_chunk_mut().map(|bytes| *bytes = (value as u32).to_be_bytes()),
            (_, ByteOrder::Little) => bytes.first_chunk_mut().map(|bytes| *bytes = (value as u32).to_le_bytes()),
        };
    }

    pub(super) const fn of(field: &Field) -> Self {
        Self { offset: field.offset, size: field.size }
    }

    /// The high word of a doubleword, for 32-bit CPUs, whose guests are big-endian.
    pub(super) const fn high_word(field: &Field) -> Self {
        Self { offset: field.offset, size: 4 }
    }

    /// The low word, for the same.
    pub(super) const fn low_word(field: &Field) -> Self {
        Self { offset: field.offset32, size: 4 }
    }

    /// The field of this name; a name that is not in the page does not compile.
    const fn named(name: &str) -> Self {
        Self::of(Field::named(name))
    }
}

pub(super) const CRITICAL: Slot = Slot::named("critical");
pub(super) const MSR: Slot = Slot::named("msr");
pub(super) const INT_PENDING: Slot = Slot::named("int_pending");
pub(super) const PIR: Slot = Slot::named("pir");

/// Size of the structure, bytes.
const SIZE: usize = STRUCT_SIZE as usize;
/// The structure as it lies in memory.
pub(super) type Structure = [u8; SIZE];
/// Number of segment registers.
const SEGMENTS: usize = 16;
/// The segment registers as they stand in the page.
pub(super) type Segments = [u8; 4 * SEGMENTS];

/// The shared state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    base: u64,
    /// Of the structure in the page, bytes.
    offset: u64,
    order: ByteOrder,
}

impl Shared {
    /// Room for the shared state after the guest's RAM, `offset` bytes into a page.
    pub(super) fn allocate(memory: &mut Memory, offset: u64) -> Self {
        Self { base: memory.append(PAGE_SIZE as usize), offset, order: ByteOrder::Big }
    }

    /// Address of the page's first byte, which is also the end of the guest's RAM.
    pub(super) const fn base(self) -> u64 {
        self.base
    }

    /// The byte order of its fields.
    #[inline]
    pub(super) const fn order(self) -> ByteOrder {
        self.order
    }

    /// Puts every field that the hypervisor keeps into another byte order, except those that are named; holders of a
    /// copy of this have to be told as well.
    pub(super) fn set_order(&mut self, memory: &mut Memory, order: ByteOrder, but_for: &[&str]) {
        let old = std::mem::replace(&mut self.order, order);
        if old == order {
            return;
        }
        if let Some(page) = self.page_mut(memory) {
            let kept = |field: &&Field| !GUEST_S.contains(&field.name) && !but_for.contains(&field.name);
            for slot in FIELDS.iter().filter(kept).map(Slot::of) {
                slot.set(page, order, slot.get(page, old));
            }
        }
    }

    /// For a copy, where the fields are in that order already.
    pub(super) fn know_order(&mut self, order: ByteOrder) {
        self.order = order;
    }

    /// Something that is another number whenever the page has been written to, by whomever.
    #[inline]
    pub(super) fn version(self, memory: &Memory) -> u64 {
        memory.page_state(self.base / PAGE_SIZE)
    }

    /// The structure's bytes, to be changed. The page has been allocated with the memory, so they are always there.
    #[inline]
    pub(super) fn page_mut(self, memory: &mut Memory) -> Option<&mut Structure> {
        memory.slice_mut(self.base + self.offset, SIZE)?.first_chunk_mut()
    }

    /// A field's value.
    #[inline(always)]
    pub(super) fn get(self, memory: &Memory, slot: Slot) -> u64 {
        let address = self.base + self.offset + u64::from(slot.offset);
        match (slot.size, self.order) {
            (8, ByteOrder::Big) => memory.read_aligned(address).map_or(0, u64::from_be_bytes),
            (8, ByteOrder::Little) => memory.read_aligned(address).map_or(0, u64::from_le_bytes),
            (_, ByteOrder::Big) => memory.read_aligned(address).map_or(0, |bytes| u32::from_be_bytes(bytes).into()),
            (_, ByteOrder::Little) => memory.read_aligned(address).map_or(0, |bytes| u32::from_le_bytes(bytes).into()),
        }
    }

    /// Sets a field.
    #[inline(always)]
    pub(super) fn set(self, memory: &mut Memory, slot: Slot, value: u64) {
        let address = self.base + self.offset + u64::from(slot.offset);
        let _ = match (slot.size, self.order) {
            (8, ByteOrder::Big) => memory.write_aligned(address, value.to_be_bytes()),
            (8, ByteOrder::Little) => memory.write_aligned(address, value.to_le_bytes()),
            (_, ByteOrder::Big) => memory.write_aligned(address, (value as u32).to_be_bytes()),
            (_, ByteOrder::Little) => memory.write_aligned(address, (value as u32).to_le_bytes()),
        };
    }

    /// The segment registers.
    pub(super) fn segments(self, memory: &Memory) -> Segments {
        memory.read(self.base + self.offset + u64::from(SR_OFFSET)).unwrap_or([0; 4 * SEGMENTS])
    }

    pub(super) fn set_segments(self, memory: &mut Memory, segments: &[u32; SEGMENTS]) {
        for (index, segment) in segments.iter().enumerate() {
            let _ = memory.write_u32(self.base + self.offset + u64::from(SR_OFFSET) + 4 * index as u64, *segment);
        }
    }

    pub(super) fn clear(self, memory: &mut Memory) {
        if let Some(page) = memory.slice_mut(self.base, PAGE_SIZE as usize) {
            page.fill(0);
        }
    }
}

/// The segment registers' values.
pub(super) fn segment_values(bytes: &Segments) -> [u32; SEGMENTS] {
    std::array::from_fn(|index| {
        let at = 4 * index;
        u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    })
}
