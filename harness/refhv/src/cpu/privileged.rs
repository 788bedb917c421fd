//! The privileged instructions: which word is which, on which family.
//!
//! Decoded apart from their execution, since three parties ask: the CPU (privileged or illegal?), the bare machine and
//! the hypervisor's emulation (what does it do?). mfspr and mtspr are not here: whether they are privileged depends on
//! the register.

use sprig_isa::cpu::{Cpu, CpuSet};

use super::opcode::{x19, x31};
use super::{Insn, opcode::primary};

/// A privileged instruction. Operands are read from the word when it is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the mnemonics
pub enum Privileged {
    Mfmsr,
    Mtmsr,
    Mtmsrd,
    Rfi,
    Rfid,
    Hrfid,
    Rfci,
    Rfdi,
    Rfmci,
    Wrtee,
    Wrteei,
    Mfsr,
    Mfsrin,
    Mtsr,
    Mtsrin,
    Tlbie,
    Tlbiel,
    Tlbsync,
    Tlbwe,
    Tlbre,
    Tlbsx,
    /// tlbsx. of 44x: sets CR0.
    TlbsxRecord,
    Tlbivax,
    Tlbilx,
    Slbmte,
    Slbmfee,
    Slbmfev,
    Slbfee,
    Slbie,
    Slbia,
    Dcbi,
    Msgsnd,
    Msgclr,
    Dccci,
    Iccci,
    Mfdcr,
    Mtdcr,
    Nap,
    Doze,
    Sleep,
    Rvwinkle,
}

impl Privileged {
    /// The privileged instruction this word is on a CPU, if it is one.
    #[must_use]
    pub fn decode(insn: Insn, cpu: &Cpu) -> Option<Self> {
        let (instruction, cpus) = Self::row(insn)?;
        cpus.intersects(cpu.set).then_some(instruction)
    }

    fn row(insn: Insn) -> Option<(Self, CpuSet)> {
        const ALL: CpuSet = CpuSet::all();
        const BOOKE: CpuSet = CpuSet::BOOKE;
        const BOOK3S: CpuSet = CpuSet::BOOK3S;
        const BOOK3S32: CpuSet = CpuSet::BOOK3S32;
        const BOOK3S64: CpuSet = CpuSet::BOOK3S64;
        const E500_HV: CpuSet = CpuSet::E500_HV;
        Some(match (insn.primary(), insn.extended()) {
            (primary::X31, x31::MFMSR) => (Self::Mfmsr, ALL),
            (primary::X31, x31::MTMSR) => (Self::Mtmsr, ALL),
            (primary::X31, x31::MTMSRD) => (Self::Mtmsrd, BOOK3S64),
            (primary::X19, x19::RFI) => (Self::Rfi, BOOKE.union(BOOK3S32)),
            (primary::X19, x19::RFID) => (Self::Rfid, BOOK3S64),
            (primary::X19, x19::HRFID) => (Self::Hrfid, BOOK3S64),
            (primary::X19, x19::RFCI) => (Self::Rfci, BOOKE),
            (primary::X19, x19::RFDI) => (Self::Rfdi, E500_HV),
            (primary::X19, x19::RFMCI) => (Self::Rfmci, BOOKE),
            (primary::X31, x31::WRTEE) => (Self::Wrtee, BOOKE),
            (primary::X31, x31::WRTEEI) => (Self::Wrteei, BOOKE),
            (primary::X31, x31::MFSR) => (Self::Mfsr, BOOK3S),
            (primary::X31, x31::MFSRIN) => (Self::Mfsrin, BOOK3S),
            (primary::X31, x31::MTSR) => (Self::Mtsr, BOOK3S),
            (primary::X31, x31::MTSRIN) => (Self::Mtsrin, BOOK3S),
            (primary::X31, x31::TLBIE) => (Self::Tlbie, BOOK3S),
            (primary::X31, x31::TLBIEL) => (Self::Tlbiel, BOOK3S64),
            (primary::X31, x31::TLBSYNC) => (Self::Tlbsync, ALL),
            (primary::X31, x31::TLBWE) => (Self::Tlbwe, BOOKE),
            (primary::X31, x31::TLBRE) => (Self::Tlbre, BOOKE),
            (primary::X31, x31::TLBSX) if insn.rc() => (Self::TlbsxRecord, CpuSet::PPC440),
            (primary::X31, x31::TLBSX) => (Self::Tlbsx, BOOKE),
            (primary::X31, x31::TLBIVAX) => (Self::Tlbivax, BOOKE),
            (primary::X31, x31::TLBILX) => (Self::Tlbilx, E500_HV),
            (primary::X31, x31::SLBMTE) => (Self::Slbmte, BOOK3S64),
            (primary::X31, x31::SLBMFEE) => (Self::Slbmfee, BOOK3S64),
            (primary::X31, x31::SLBMFEV) => (Self::Slbmfev, BOOK3S64),
            (primary::X31, x31::SLBFEE) => (Self::Slbfee, CpuSet::POWER),
            (primary::X31, x31::SLBIE) => (Self::Slbie, BOOK3S64),
            (primary::X31, x31::SLBIA) => (Self::Slbia, BOOK3S64),
            (primary::X31, x31::DCBI) => (Self::Dcbi, BOOKE.union(BOOK3S32)),
            (primary::X31, x31::MSGSND) => (Self::Msgsnd, E500_HV),
            (primary::X31, x31::MSGCLR) => (Self::Msgclr, E500_HV),
            (primary::X31, x31::DCCCI) => (Self::Dccci, CpuSet::PPC440),
            (primary::X31, x31::ICCCI) => (Self::Iccci, CpuSet::PPC440),
            (primary::X31, x31::MFDCR) => (Self::Mfdcr, CpuSet::PPC440),
            (primary::X31, x31::MTDCR) => (Self::Mtdcr, CpuSet::PPC440),
            (primary::X19, x19::DOZE) => (Self::Doze, CpuSet::POWER8),
            (primary::X19, x19::NAP) => (Self::Nap, CpuSet::POWER8),
            (primary::X19, x19::SLEEP) => (Self::Sleep, CpuSet::POWER8),
            (primary::X19, x19::RVWINKLE) => (Self::Rvwinkle, CpuSet::POWER8),
            _ => return None,
        })
    }

    /// True if it is the hypervisor's on a CPU that here is a partition (MSR\[HV\] = 0): privileged even in supervisor
    /// state.
    #[must_use]
    pub fn belongs_to_hypervisor(self, cpu: &Cpu) -> bool {
        cpu.set.intersects(CpuSet::POWER)
            && matches!(
                self,
                Self::Hrfid | Self::Tlbie | Self::Tlbsync | Self::Nap | Self::Doze | Self::Sleep | Self::Rvwinkle
            )
    }
}
