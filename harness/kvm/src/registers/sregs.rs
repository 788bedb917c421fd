//! `struct kvm_sregs`: one of the embedded family's, or as many bytes of a server CPU's.

use sprig_wire::host::SREGS;

/// The lower word of a value.
const LOW: u64 = u32::MAX as u64;

/// Which member of the union in `struct kvm_sregs` a vCPU has, and what else depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `u.e`. User space has the TLB.
    Embedded,
    /// `u.s`: SDR1, and the SLB or the segment registers and BATs.
    Server,
}

/// `struct kvm_sregs` of the embedded family: the member `u.e`, up to where `u` ends. A server CPU's is as large, and
/// what it holds after the PVR is saved and set as a whole.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // names as in kvm.h
pub struct Sregs {
    pub pvr: u32,
    /// The union that follows is aligned to 8 bytes.
    pub alignment: u32,
    /// `u.e.impl`: words with SVR, MCAR, HID0 and PIDs of Freescale's cores.
    pub implementation: [u32; 64],
    pub features: u32,
    pub impl_id: u32,
    pub update_special: u32,
    pub pir: u32,
    pub sprg8: u64,
    pub sprg9: u64,
    pub csrr0: u64,
    pub dsrr0: u64,
    pub mcsrr0: u64,
    pub csrr1: u32,
    pub dsrr1: u32,
    pub mcsrr1: u32,
    pub esr: u32,
    pub dear: u64,
    pub ivpr: u64,
    pub mcivpr: u64,
    pub mcsr: u64,
    pub tsr: u32,
    pub tcr: u32,
    pub decar: u32,
    pub dec: u32,
    pub tb: u64,
    pub dbsr: u32,
    pub dbcr: [u32; 3],
    pub iac: [u32; 4],
    pub dac: [u32; 2],
    pub dvc: [u32; 2],
    pub breakpoints: [u8; 4],
    pub epr: u32,
    pub vrsave: u32,
    pub epcr: u32,
    pub mas0: u32,
    pub mas1: u32,
    pub mas2: u64,
    pub mas7_3: u64,
    pub mas4: u32,
    pub mas6: u32,
    pub ivor_low: [u32; 16],
    pub ivor_high: [u32; 18],
    pub mmucfg: u32,
    pub eptcfg: u32,
    pub tlbcfg: [u32; 4],
    /// Other page sizes and external PIDs; then what only the server families use of the union.
    pub rest: [u64; 73],
}

/// KVM_SREGS_E_UPDATE_*: registers that KVM_SET_SREGS leaves alone unless the bit is set, since they change by
/// themselves.
mod update {
    pub(super) const MCSR: u32 = 1 << 0;
    pub(super) const TSR: u32 = 1 << 1;
    pub(super) const DEC: u32 = 1 << 2;

    /// The bit that setting this register needs.
    pub(super) fn of(name: &str) -> u32 {
        match name {
            "MCSR" => MCSR,
            "TSR" => TSR,
            "DEC" => DEC,
            _ => 0,
        }
    }
}

/// Where `u.e` has a register.
enum Member<'a> {
    Word(&'a mut u32),
    Doubleword(&'a mut u64),
    /// The low word of one that holds two registers.
    Low(&'a mut u64),
    /// Its high word.
    High(&'a mut u64),
    /// A doubleword of the union, two words of a member of ours.
    Pair(&'a mut [u32; 2]),
}

impl Member<'_> {
    fn get(self) -> u64 {
        match self {
            Self::Word(word) => (*word).into(),
            Self::Doubleword(value) => *value,
            Self::Low(both) => *both & LOW,
            Self::High(both) => *both >> u32::BITS,
            Self::Pair(words) => joined(*words),
        }
    }

    /// Words take the low word of the value.
    fn set(self, value: u64) {
        match self {
            Self::Word(word) => *word = value as u32,
            Self::Doubleword(place) => *place = value,
            Self::Low(both) => *both = *both & !LOW | value & LOW,
            Self::High(both) => *both = *both & LOW | value << u32::BITS,
            Self::Pair(words) => *words = split(value),
        }
    }
}

/// A doubleword as two words, in the order of memory.
const fn split(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_ne_bytes();
    [u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])]
}

/// And back.
const fn joined([first, second]: [u32; 2]) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// What the server families have in the union, in doublewords: `u.s.sdr1`, and from 1 on `u.s.ppc64.slb`, `slbe` and
/// `slbv` of each entry.
mod server {
    pub(super) const SDR1: usize = 0;
    pub(super) const SLBE14: usize = 1 + 2 * 14;
    pub(super) const SLBV14: usize = SLBE14 + 1;
}

/// Words of `u.e.impl.fsl` in [`Sregs::implementation`].
mod fsl {
    pub(super) const SVR: usize = 1;
    /// A doubleword.
    pub(super) const MCAR: usize = 1;
    pub(super) const HID0: usize = 4;
}
/// Number of the interrupt vector that [`Sregs::ivor_high`] begins with.
const FIRST_HIGH_IVOR: usize = 32;

impl Sregs {
    /// The same of a server CPU with its hashed page table there, of the smallest size: what SDR1 says. `u.s.sdr1` is
    /// what a server CPU has first in the union.
    #[must_use]
    pub const fn with_hash_table(mut self, address: u64) -> Self {
        [self.implementation[0], self.implementation[1]] = split(address);
        self
    }

    /// All zero, to be filled by KVM_GET_SREGS.
    pub const EMPTY: Self = Self {
        pvr: 0,
        alignment: 0,
        implementation: [0; 64],
        features: 0,
        impl_id: 0,
        update_special: 0,
        pir: 0,
        sprg8: 0,
        sprg9: 0,
        csrr0: 0,
        dsrr0: 0,
        mcsrr0: 0,
        csrr1: 0,
        dsrr1: 0,
        mcsrr1: 0,
        esr: 0,
        dear: 0,
        ivpr: 0,
        mcivpr: 0,
        mcsr: 0,
        tsr: 0,
        tcr: 0,
        decar: 0,
        dec: 0,
        tb: 0,
        dbsr: 0,
        dbcr: [0; 3],
        iac: [0; 4],
        dac: [0; 2],
        dvc: [0; 2],
        breakpoints: [0; 4],
        epr: 0,
        vrsave: 0,
        epcr: 0,
        mas0: 0,
        mas1: 0,
        mas2: 0,
        mas7_3: 0,
        mas4: 0,
        mas6: 0,
        ivor_low: [0; 16],
        ivor_high: [0; 18],
        mmucfg: 0,
        eptcfg: 0,
        tlbcfg: [0; 4],
        rest: [0; 73],
    };

    /// The same, with nothing left alone when it is set: "everything is restored, even new features that the caller
    /// doesn't know about" (kvm.h). The server family has no such reserve.
    #[must_use]
    pub const fn complete(mut self, family: Family) -> Self {
        if let Family::Embedded = family {
            self.update_special = u32::MAX;
        }
        self
    }

    /// Where the register of this name is, if the family has it: PVR is in front of the union, of which each family has
    /// a part of its own.
    fn member(&mut self, family: Family, name: &str) -> Option<Member<'_>> {
        use Member::{Doubleword, High, Low, Word};
        let member = match name {
            "PVR" => Word(&mut self.pvr),
            "CSRR0" => Doubleword(&mut self.csrr0),
            "CSRR1" => Word(&mut self.csrr1),
            "ESR" => Word(&mut self.esr),
            "DEAR" => Doubleword(&mut self.dear),
            "MCSR" => Doubleword(&mut self.mcsr),
            "TSR" => Word(&mut self.tsr),
            "TCR" => Word(&mut self.tcr),
            "DEC" => Word(&mut self.dec),
            "VRSAVE" => Word(&mut self.vrsave),
            "PIR" => Word(&mut self.pir),
            "DECAR" => Word(&mut self.decar),
            "IVPR" => Doubleword(&mut self.ivpr),
            "MCSRR0" => Doubleword(&mut self.mcsrr0),
            "MCSRR1" => Word(&mut self.mcsrr1),
            "MAS0" => Word(&mut self.mas0),
            "MAS1" => Word(&mut self.mas1),
            "MAS2" => Doubleword(&mut self.mas2),
            "MAS3" => Low(&mut self.mas7_3),
            "MAS7" => High(&mut self.mas7_3),
            "MAS4" => Word(&mut self.mas4),
            "MAS6" => Word(&mut self.mas6),
            "MMUCFG" => Word(&mut self.mmucfg),
            "TLB0CFG" => Word(&mut self.tlbcfg[0]),
            "TLB1CFG" => Word(&mut self.tlbcfg[1]),
            "SVR" => Word(&mut self.implementation[fsl::SVR]),
            "MCAR" => self.doubleword(fsl::MCAR)?,
            "HID0" => Word(&mut self.implementation[fsl::HID0]),
            "TB" => Doubleword(&mut self.tb),
            "FEATURES" => Word(&mut self.features),
            "IMPL_ID" => Word(&mut self.impl_id),
            "SDR1" => self.doubleword(server::SDR1)?,
            "SLBE14" => self.doubleword(server::SLBE14)?,
            "SLBV14" => self.doubleword(server::SLBV14)?,
            name => Word(self.ivor(name)?),
        };
        let is_of_server = matches!(name, "SDR1" | "SLBE14" | "SLBV14");
        let is_here = match family {
            Family::Embedded => !is_of_server,
            Family::Server => is_of_server || name == "PVR",
        };
        is_here.then_some(member)
    }

    /// A doubleword of the union, in which the server families' part begins where `u.e.impl` does.
    fn doubleword(&mut self, index: usize) -> Option<Member<'_>> {
        self.implementation.as_chunks_mut().0.get_mut(index).map(Member::Pair)
    }

    /// The register with this index in [`SREGS`], if the family has it.
    #[must_use]
    pub fn get(&self, family: Family, index: usize) -> Option<u64> {
        let mut copy = *self;
        Some(copy.member(family, SREGS.get(index)?)?.get())
    }

    /// An interrupt's vector, by the name of its register.
    fn ivor(&mut self, name: &str) -> Option<&mut u32> {
        let number: usize = name.strip_prefix("IVOR")?.parse().ok()?;
        match number.checked_sub(FIRST_HIGH_IVOR) {
            Some(high) => self.ivor_high.get_mut(high),
            None => self.ivor_low.get_mut(number),
        }
    }

    /// The same with other values in the registers that are left alone unless they are asked for.
    #[must_use]
    pub fn beside(mut self, family: Family) -> Self {
        if family == Family::Embedded {
            let leaves = |bit| self.update_special & bit == 0;
            let (mcsr, tsr, dec) = (leaves(update::MCSR), leaves(update::TSR), leaves(update::DEC));
            self.mcsr = if mcsr { !self.mcsr & LOW } else { self.mcsr };
            self.tsr = if tsr { !self.tsr } else { self.tsr };
            self.dec = if dec { !self.dec } else { self.dec };
        }
        self
    }

    /// Changes the register with this index in [`SREGS`]; false if the family has none. 32-bit members take the low
    /// word.
    #[must_use]
    pub fn set(&mut self, family: Family, index: usize, value: u64) -> bool {
        let Some(name) = SREGS.get(index) else { return false };
        let is_there = self.member(family, name).map(|member| member.set(value)).is_some();
        self.update_special |= if is_there { update::of(name) } else { 0 };
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::Regs;
    use core::mem::offset_of;
    use std::vec::Vec;

    /// As powerpc-linux-gnu-gcc 12 has them from the headers of Linux 6.12.
    #[test]
    fn members_lie_where_the_kernels_headers_have_them() {
        assert_eq!((size_of::<Regs>(), size_of::<Sregs>()), (0x188, 0x4d0));
        let offsets = [
            offset_of!(Sregs, implementation),
            offset_of!(Sregs, features),
            offset_of!(Sregs, csrr0),
            offset_of!(Sregs, dear),
            offset_of!(Sregs, tsr),
            offset_of!(Sregs, vrsave),
            offset_of!(Sregs, epcr),
            offset_of!(Sregs, mas7_3),
            offset_of!(Sregs, ivor_low),
            offset_of!(Sregs, ivor_high),
            offset_of!(Sregs, tlbcfg),
        ];
        assert_eq!(offsets, [0x8, 0x108, 0x128, 0x150, 0x170, 0x1c0, 0x1c4, 0x1d8, 0x1e8, 0x228, 0x278]);
    }

    #[test]
    fn every_register_scripts_may_name_is_set_and_read_back() {
        for family in [Family::Embedded, Family::Server] {
            let of_family = |index: &usize| Sregs::EMPTY.get(family, *index).is_some();
            let all: Vec<_> = (0..SREGS.len()).filter(of_family).collect();
            for index in &all {
                let mut sregs = Sregs::EMPTY;
                assert!(sregs.set(family, *index, 0x89ab_cdef), "{}", SREGS[*index]);
                for other in &all {
                    let expected = if other == index { 0x89ab_cdef } else { 0 };
                    assert_eq!(sregs.get(family, *other), Some(expected), "{} and {}", SREGS[*index], SREGS[*other]);
                }
            }
            assert_eq!(Sregs::EMPTY.get(family, SREGS.len()), None);
            assert!(!Sregs::EMPTY.clone().set(family, SREGS.len(), 0));
        }
    }

    #[test]
    fn a_server_cpu_has_its_own_and_the_rest_is_not_touched() {
        for (index, name) in SREGS.iter().enumerate() {
            let mut sregs = Sregs::EMPTY;
            let [of_server, of_embedded] = [Family::Server, Family::Embedded].map(|family| sregs.set(family, index, 7));
            assert_eq!(of_server, ["PVR", "SDR1", "SLBE14", "SLBV14"].contains(name), "{name}");
            assert!(*name == "PVR" || of_server != of_embedded, "{name}");
        }
        let sregs = Sregs { pvr: 7, ..Sregs::EMPTY };
        assert_eq!(sregs.complete(Family::Server), sregs);
    }

    /// As the headers of Linux 6.12 have them: `u` at 8, `u.s.sdr1` first, then the SLB's entries of 16 bytes.
    #[test]
    fn a_server_cpus_registers_lie_where_the_kernels_headers_have_them() {
        let words = |name: &str| {
            let mut sregs = Sregs::EMPTY;
            let index = SREGS.iter().position(|register| *register == name).expect("a register");
            assert!(sregs.set(Family::Server, index, u64::MAX));
            sregs.implementation.iter().position(|word| *word != 0).map(|word| 8 + 4 * word)
        };
        let places = ["SDR1", "SLBE14", "SLBV14"].map(words);
        assert_eq!(places, [Some(8), Some(16 + 14 * 16), Some(24 + 14 * 16)]);
        assert_eq!(Sregs::EMPTY.with_hash_table(7).get(Family::Server, SREGS.len() - 3), Some(7));
    }

    #[test]
    fn what_changes_by_itself_is_set_only_when_it_is_asked_for() {
        let special = |name: &str| {
            let mut sregs = Sregs::EMPTY;
            let index = SREGS.iter().position(|register| *register == name).expect("a register");
            assert!(sregs.set(Family::Embedded, index, 1));
            sregs.update_special
        };
        assert_eq!(["MCSR", "TSR", "DEC", "TCR", "ESR"].map(special), [1, 2, 4, 0, 0]);
    }

    #[test]
    fn what_is_not_asked_for_has_other_values_beside() {
        let before = Sregs { tsr: 1, dec: 2, mcsr: 3, esr: 4, ..Sregs::EMPTY };
        let beside = before.beside(Family::Embedded);
        assert_eq!((beside.tsr, beside.dec, beside.mcsr), (!1, !2, 0xffff_fffc));
        assert_eq!(Sregs { tsr: 1, dec: 2, mcsr: 3, ..beside }, before);
        assert_eq!(before.beside(Family::Server), before);
        let asked = Sregs { update_special: update::TSR, ..before }.beside(Family::Embedded);
        assert_eq!((asked.tsr, asked.dec, asked.mcsr), (1, !2, 0xffff_fffc));
    }
}
