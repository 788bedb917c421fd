//! The interrupts a guest can take, under one name on every family.
//!
//! A guest reports an interrupt by its [`Exception`] number here, so that a transcript reads the same whether the CPU
//! got there by vector 0x700 or by IVOR6.

use crate::cpu::{CpuSet, Family};

/// Which save/restore registers an interrupt uses (EREF, section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// SRR0, SRR1; return by rfi (rfid).
    Base,
    /// CSRR0, CSRR1; return by rfci.
    Critical,
    /// MCSRR0, MCSRR1 (SRR0/1 on the server families); return by rfmci.
    MachineCheck,
}

/// One kind of interrupt. The discriminant is its number in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the ISA's; each row of EXCEPTIONS describes one
pub enum Exception {
    SystemReset = 1,
    MachineCheck = 2,
    DataStorage = 3,
    DataSegment = 4,
    InstructionStorage = 5,
    InstructionSegment = 6,
    External = 7,
    Alignment = 8,
    Program = 9,
    FloatingPointUnavailable = 10,
    Decrementer = 11,
    SystemCall = 12,
    Trace = 13,
    CriticalInput = 14,
    Watchdog = 15,
    FixedIntervalTimer = 16,
    DataTlbError = 17,
    InstructionTlbError = 18,
    Debug = 19,
    AuxiliaryUnavailable = 20,
    VectorUnavailable = 21,
    PerformanceMonitor = 22,
    HypervisorDecrementer = 23,
    HypervisorEmulationAssist = 24,
    VsxUnavailable = 25,
    FacilityUnavailable = 26,
    HypervisorFacilityUnavailable = 27,
    EmbeddedFpData = 28,
    EmbeddedFpRound = 29,
    InstructionBreakpoint = 30,
    SystemManagement = 31,
    Thermal = 32,
    VectorAssist = 33,
    HypervisorDataStorage = 34,
    HypervisorInstructionStorage = 35,
    DirectedPrivilegedDoorbell = 36,
    Doorbell = 37,
    CriticalDoorbell = 38,
    DataLoadTlbMiss = 39,
    DataStoreTlbMiss = 40,
}

/// The interrupt vector offset register that says where the handler of an interrupt is.
#[derive(Clone, Copy, Debug)]
pub struct Ivor {
    /// Its number: 0 for IVOR0 (`spr::number::ivor` has the SPR).
    pub number: u8,
    /// The CPUs on which it is this interrupt's: cores give numbers from 32 on to different interrupts.
    pub cpus: CpuSet,
}

/// IVPR: the bits that an interrupt's address begins with (e500 core manual, section 2.7.1.4; PPC440x5 user manual,
/// section 6.4.9).
pub const IVPR_PREFIX: u32 = 0xffff_0000;
/// IVORn: those that it ends with, bits 48-59 (e500 core manual, section 2.7.1.5).
pub const IVOR_OFFSET: u32 = 0xfff0;

/// What is known about one kind of interrupt.
#[derive(Debug)]
pub struct Description {
    /// The interrupt.
    pub exception: Exception,
    /// Its name in scripts, transcripts and messages.
    pub name: &'static str,
    /// Vector offset on the server families.
    pub vector: Option<u16>,
    /// Its IVOR on the embedded families.
    pub ivor: Option<Ivor>,
    /// Which save/restore registers it uses on the embedded families.
    pub class: Class,
    /// True if it belongs to no step: it comes from a timer or a wire, is counted, and the step goes on. (A machine
    /// check may come from a wire too, but ends the step that it comes in.)
    pub asynchronous: bool,
}

/// Every interrupt a guest reports. Server vectors: Power ISA Book III-S, interrupt definitions, and the 750 and 7400
/// user manuals for those of one core, to which 0x1300 and those behind it belong: a 970 or POWER core has others there,
/// of its vector unit and for maintenance, which nothing that a script can ask for raises; IVORs: e500 core manual,
/// table 2-8, and of the other e500 cores what Linux sets (arch/powerpc/kernel/exceptions-64e.S and head_85xx.S,
/// `setup_altivec_ivors` and the others beside it).
pub static EXCEPTIONS: &[Description] = {
    use Class::{Base, Critical, MachineCheck as Mcheck};
    use Exception as E;
    &[
        row(E::SystemReset, "system-reset", Some(0x100), None, Base, true),
        row(E::MachineCheck, "machine-check", Some(0x200), booke(1), Mcheck, false),
        row(E::DataStorage, "data-storage", Some(0x300), booke(2), Base, false),
        row(E::DataSegment, "data-segment", Some(0x380), None, Base, false),
        row(E::InstructionStorage, "instruction-storage", Some(0x400), booke(3), Base, false),
        row(E::InstructionSegment, "instruction-segment", Some(0x480), None, Base, false),
        row(E::External, "external", Some(0x500), booke(4), Base, true),
        row(E::Alignment, "alignment", Some(0x600), booke(5), Base, false),
        row(E::Program, "program", Some(0x700), booke(6), Base, false),
        row(E::FloatingPointUnavailable, "fp-unavailable", Some(0x800), booke(7), Base, false),
        row(E::Decrementer, "decrementer", Some(0x900), booke(10), Base, true),
        row(E::HypervisorDecrementer, "hypervisor-decrementer", Some(0x980), None, Base, true),
        row(E::DirectedPrivilegedDoorbell, "privileged-doorbell", Some(0xa00), None, Base, true),
        row(E::SystemCall, "system-call", Some(0xc00), booke(8), Base, false),
        row(E::Trace, "trace", Some(0xd00), None, Base, false),
        row(E::HypervisorDataStorage, "hypervisor-data-storage", Some(0xe00), None, Base, false),
        row(E::HypervisorInstructionStorage, "hypervisor-instruction-storage", Some(0xe20), None, Base, false),
        row(E::HypervisorEmulationAssist, "emulation-assist", Some(0xe40), None, Base, false),
        row(E::PerformanceMonitor, "performance-monitor", Some(0xf00), on(35, CpuSet::E500), Base, true),
        row(
            E::VectorUnavailable,
            "vector-unavailable",
            Some(0xf20),
            on(32, CpuSet::E500V2.union(CpuSet::E6500)),
            Base,
            false,
        ),
        row(E::VsxUnavailable, "vsx-unavailable", Some(0xf40), None, Base, false),
        row(E::FacilityUnavailable, "facility-unavailable", Some(0xf60), None, Base, false),
        row(E::HypervisorFacilityUnavailable, "hypervisor-facility-unavailable", Some(0xf80), None, Base, false),
        row(E::InstructionTlbError, "instruction-tlb-miss", Some(0x1000), booke(14), Base, false),
        row(E::DataLoadTlbMiss, "data-load-tlb-miss", Some(0x1100), None, Base, false),
        row(E::DataStoreTlbMiss, "data-store-tlb-miss", Some(0x1200), None, Base, false),
        row(E::InstructionBreakpoint, "instruction-breakpoint", Some(0x1300), None, Base, false),
        row(E::SystemManagement, "system-management", Some(0x1400), None, Base, true),
        row(E::VectorAssist, "vector-assist", Some(0x1600), on(33, CpuSet::E6500), Base, false),
        row(E::Thermal, "thermal", Some(0x1700), None, Base, true),
        row(E::CriticalInput, "critical-input", None, booke(0), Critical, true),
        row(E::AuxiliaryUnavailable, "ap-unavailable", None, booke(9), Base, false),
        row(E::FixedIntervalTimer, "fixed-interval-timer", None, booke(11), Base, true),
        row(E::Watchdog, "watchdog", None, booke(12), Critical, true),
        row(E::DataTlbError, "data-tlb-miss", None, booke(13), Base, false),
        row(E::Debug, "debug", None, booke(15), Critical, false),
        row(E::EmbeddedFpData, "embedded-fp-data", None, on(33, CpuSet::E500V2), Base, false),
        row(E::EmbeddedFpRound, "embedded-fp-round", None, on(34, CpuSet::E500V2), Base, false),
        row(E::Doorbell, "doorbell", None, on(36, CpuSet::E500_HV), Base, true),
        row(E::CriticalDoorbell, "critical-doorbell", None, on(37, CpuSet::E500_HV), Critical, true),
    ]
};

/// For each number its place among the rows: interrupts are looked up often where they are delivered. The rows have the
/// numbers from 1 to as many as they are, so that a variant without a row has no place here.
const ROWS: [u8; EXCEPTIONS.len() + 1] = {
    let mut rows = [0; EXCEPTIONS.len() + 1];
    let mut index = 0;
    while index < EXCEPTIONS.len() {
        rows[EXCEPTIONS[index].exception as usize] = index as u8;
        index += 1;
    }
    rows
};

const fn row(
    exception: Exception,
    name: &'static str,
    vector: Option<u16>,
    ivor: Option<Ivor>,
    class: Class,
    asynchronous: bool,
) -> Description {
    Description { exception, name, vector, ivor, class, asynchronous }
}

/// An IVOR that every embedded CPU has for the same interrupt.
const fn booke(number: u8) -> Option<Ivor> {
    on(number, CpuSet::BOOKE)
}

const fn on(number: u8, cpus: CpuSet) -> Option<Ivor> {
    Some(Ivor { number, cpus })
}

impl Description {
    /// The number of its IVOR on this CPU; none where the CPU has no such interrupt.
    #[must_use]
    pub fn ivor_on(&self, cpu: CpuSet) -> Option<u8> {
        self.ivor.filter(|ivor| ivor.cpus.contains(cpu)).map(|ivor| ivor.number)
    }
}

impl Exception {
    /// The interrupt with this number in the log.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        EXCEPTIONS.iter().map(|row| row.exception).find(|exception| *exception as u8 == number)
    }

    /// The interrupt of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        EXCEPTIONS.iter().find(|row| row.name == name).map(|row| row.exception)
    }

    /// This interrupt's row.
    #[must_use]
    pub fn description(self) -> &'static Description {
        &EXCEPTIONS[ROWS[self as usize] as usize]
    }

    /// Its name in scripts, transcripts and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// True if it sets DEAR or DAR to the address of the access; after any other interrupt the register still holds
    /// what an earlier one left there (Power ISA 2.07 Book III-S, section 6.2.3, a machine check apart; PPC440x5 user
    /// manual, section 6.4.8).
    #[must_use]
    pub const fn sets_data_address(self) -> bool {
        matches!(
            self,
            Self::DataStorage
                | Self::DataSegment
                | Self::Alignment
                | Self::DataTlbError
                | Self::DataLoadTlbMiss
                | Self::DataStoreTlbMiss
        )
    }

    /// True if it sets ESR on the embedded families (e500 core manual, table 5-6 and page 1-23: the interrupts that
    /// update it clear all other bits) or DSISR on the server ones (Power ISA 2.07 Book III-S, sections 6.5.3 and
    /// 6.5.8).
    #[must_use]
    pub const fn sets_syndrome(self, family: Family) -> bool {
        if family.is_booke() {
            matches!(
                self,
                Self::DataStorage
                    | Self::InstructionStorage
                    | Self::Alignment
                    | Self::Program
                    | Self::DataTlbError
                    | Self::VectorUnavailable
                    | Self::VectorAssist
                    | Self::EmbeddedFpData
                    | Self::EmbeddedFpRound
            )
        } else {
            matches!(self, Self::DataStorage | Self::Alignment)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CPUS;
    use crate::spr::{Spr, number};

    #[test]
    fn rows_have_the_numbers_from_one_to_as_many_as_they_are() {
        for number in 1..=EXCEPTIONS.len() {
            assert_eq!(EXCEPTIONS.iter().filter(|row| row.exception as usize == number).count(), 1, "{number}");
        }
    }

    #[test]
    fn each_finds_its_own_row() {
        assert!(EXCEPTIONS.iter().all(|row| row.exception.description().name == row.name));
    }

    #[test]
    fn names_and_vectors_are_unique() {
        for (index, a) in EXCEPTIONS.iter().enumerate() {
            for b in &EXCEPTIONS[index + 1..] {
                assert_ne!(a.name, b.name);
                assert!(a.vector.is_none() || a.vector != b.vector, "{} {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn an_ivor_has_one_interrupt_on_a_cpu_that_has_the_register() {
        for cpu in CPUS.iter().filter(|cpu| cpu.family.is_booke()) {
            let mut seen = 0_u64;
            for ivor in EXCEPTIONS.iter().filter_map(|row| row.ivor_on(cpu.set)) {
                assert_eq!(seen & 1 << ivor, 0, "IVOR{ivor} of {}", cpu.name);
                seen |= 1 << ivor;
                assert!(Spr::lookup(cpu, number::ivor(ivor)).is_some(), "IVOR{ivor} of {}", cpu.name);
            }
        }
    }
}
