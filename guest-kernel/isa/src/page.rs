//! The magic page: `struct kvm_vcpu_arch_shared` of include/uapi/asm/kvm_para.h, field by field.
//!
//! KVM shadows the registers a guest touches on every exception in a page the guest can read and write without a trap.
//! 64-bit fields hold 32-bit registers in their low word, which a big-endian 32-bit guest finds at offset + 4. The
//! scratch fields are the exception: they are native longs at offset + 0 (arch/powerpc/kernel/kvm_emul.S).

use crate::cpu::CpuSet;
use crate::name::is_equal;

/// Where a guest maps the page unless it has a reason not to: -4096, so that a 16-bit signed displacement from
/// register 0 reaches every field (Linux: KVM_MAGIC_PAGE).
pub const DEFAULT_EA: u64 = 0xffff_f000;

/// Size of the page, bytes.
pub const PAGE_SIZE: u64 = crate::mmu::PAGE_SIZE;

/// Size of the structure, bytes; the rest of the page reads as zero when the vCPU is created.
pub const STRUCT_SIZE: u16 = 240;

/// Which feature bit of KVM_HC_PPC_MAP_MAGIC_PAGE's answer stands for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// In the page since the beginning.
    Base,
    /// KVM_MAGIC_FEAT_SR.
    Sr,
    /// KVM_MAGIC_FEAT_MAS0_TO_SPRG7.
    Mas0ToSprg7,
}

/// One field of the page.
#[derive(Debug)]
pub struct Field {
    /// Its name in kvm_para.h; `mas7_3` stands in two halves, `mas7` and `mas3`.
    pub name: &'static str,
    /// Offset of the bytes that a 32-bit register access uses in a big-endian page, from the start of the page.
    pub offset32: u16,
    /// Offset of the whole field, from the start of the page.
    pub offset: u16,
    /// Size of the whole field, bytes (4 or 8).
    pub size: u8,
    /// The feature bit that says the field is there.
    pub feature: Feature,
    /// The CPUs for which the field means something; elsewhere it is plain memory.
    pub cpus: CpuSet,
}

impl Field {
    /// The field of this name (`sr0`..`sr15` for the segment registers).
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name == name)
    }

    /// The field of a name that is known at build time; one that is not in the page does not compile.
    #[must_use]
    pub const fn named(name: &str) -> &'static Self {
        let mut index = 0;
        while index < FIELDS.len() {
            if is_equal(FIELDS[index].name, name) {
                return &FIELDS[index];
            }
            index += 1;
        }
        panic!("no such field in the page")
    }
}

/// A 64-bit field that holds a register: a 32-bit access uses the low word.
const fn double(name: &'static str, offset: u16, feature: Feature, cpus: CpuSet) -> Field {
    Field { name, offset32: offset + 4, offset, size: 8, feature, cpus }
}

/// A 32-bit field.
const fn word(name: &'static str, offset: u16, feature: Feature, cpus: CpuSet) -> Field {
    Field { name, offset32: offset, offset, size: 4, feature, cpus }
}

/// A native long: 32-bit code uses the first word.
const fn long(name: &'static str, offset: u16) -> Field {
    Field { name, offset32: offset, offset, size: 8, feature: Feature::Base, cpus: CpuSet::all() }
}

/// Offset of segment register 0; the sixteen follow each other as words.
pub const SR_OFFSET: u16 = 0x068;

/// Every field, in the order of the structure.
pub static FIELDS: &[Field] = {
    use Feature::{Base, Mas0ToSprg7, Sr};
    const ALL: CpuSet = CpuSet::all();
    const SR: CpuSet = CpuSet::BOOK3S32;
    &[
        long("scratch1", 0x000),
        long("scratch2", 0x008),
        long("scratch3", 0x010),
        double("critical", 0x018, Base, ALL),
        double("sprg0", 0x020, Base, ALL),
        double("sprg1", 0x028, Base, ALL),
        double("sprg2", 0x030, Base, ALL),
        double("sprg3", 0x038, Base, ALL),
        double("srr0", 0x040, Base, ALL),
        double("srr1", 0x048, Base, ALL),
        double("dar", 0x050, Base, ALL),
        double("msr", 0x058, Base, ALL),
        word("dsisr", 0x060, Base, CpuSet::BOOK3S),
        word("int_pending", 0x064, Base, ALL),
        word("sr0", SR_OFFSET, Sr, SR),
        word("sr1", SR_OFFSET + 4, Sr, SR),
        word("sr2", SR_OFFSET + 8, Sr, SR),
        word("sr3", SR_OFFSET + 12, Sr, SR),
        word("sr4", SR_OFFSET + 16, Sr, SR),
        word("sr5", SR_OFFSET + 20, Sr, SR),
        word("sr6", SR_OFFSET + 24, Sr, SR),
        word("sr7", SR_OFFSET + 28, Sr, SR),
        word("sr8", SR_OFFSET + 32, Sr, SR),
        word("sr9", SR_OFFSET + 36, Sr, SR),
        word("sr10", SR_OFFSET + 40, Sr, SR),
        word("sr11", SR_OFFSET + 44, Sr, SR),
        word("sr12", SR_OFFSET + 48, Sr, SR),
        word("sr13", SR_OFFSET + 52, Sr, SR),
        word("sr14", SR_OFFSET + 56, Sr, SR),
        word("sr15", SR_OFFSET + 60, Sr, SR),
        word("mas0", 0x0a8, Mas0ToSprg7, CpuSet::E500),
        word("mas1", 0x0ac, Mas0ToSprg7, CpuSet::E500),
        word("mas7", 0x0b0, Mas0ToSprg7, CpuSet::E500),
        word("mas3", 0x0b4, Mas0ToSprg7, CpuSet::E500),
        double("mas2", 0x0b8, Mas0ToSprg7, CpuSet::E500),
        word("mas4", 0x0c0, Mas0ToSprg7, CpuSet::E500),
        word("mas6", 0x0c4, Mas0ToSprg7, CpuSet::E500),
        word("esr", 0x0c8, Mas0ToSprg7, CpuSet::BOOKE),
        word("pir", 0x0cc, Mas0ToSprg7, CpuSet::BOOKE),
        double("sprg4", 0x0d0, Mas0ToSprg7, CpuSet::BOOKE),
        double("sprg5", 0x0d8, Mas0ToSprg7, CpuSet::BOOKE),
        double("sprg6", 0x0e0, Mas0ToSprg7, CpuSet::BOOKE),
        double("sprg7", 0x0e8, Mas0ToSprg7, CpuSet::BOOKE),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_each_other_without_overlap_and_fill_the_structure() {
        let mut end = 0;
        for field in FIELDS {
            assert_eq!(field.offset, end, "{}", field.name);
            end = field.offset + u16::from(field.size);
        }
        assert_eq!(end, STRUCT_SIZE);
    }
}
