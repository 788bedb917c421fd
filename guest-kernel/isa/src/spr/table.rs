//! The rows.

use super::{Access, NUMBERS, Spr, Write, number as n, spr};
use crate::config::l1csr;
use crate::cpu::CpuSet;
use crate::exception::{IVOR_OFFSET, IVPR_PREFIX};
use crate::mmu::hash32::{BATL, BATU};
use Access::{None as Deny, Read as Ro, ReadWrite as Rw, Write as Wo};

/// Bits 44 and 45 of XER are OV32 and CA32 from Power ISA 3.0 on and read as zero before; the other reserved bits keep
/// what is written.
const XER_BEFORE_ISA_3_0: u32 = !0x000c_0000;
/// EPLC and EPSC: EPR, EAS, EPID (EREF, section 3.12.7).
const EXTERNAL_PID: u32 = 0xc000_00ff;
/// L1CSR0 and L1CSR1: parity and cache enable; the bits that start an operation clear themselves when it is done, which
/// is at once (EREF, section 3.10).
const L1CSR_ENABLES: u32 = l1csr::PARITY | l1csr::ENABLE;
/// L1CFG0 and L1CFG1: 32 KiB in eight ways and blocks of 32 bytes, as an e500v2 has them; blocks of 64 on its
/// successors (QEMU, target/ppc/cpu_init.c, init_proc_e500).
const L1CFG_BLOCKS_OF_32: u32 = 0x3820;
const L1CFG_BLOCKS_OF_64: u32 = 1 << 24 | L1CFG_BLOCKS_OF_32;
/// HIOR: where vectors begin, a multiple of 1 MiB.
const HIOR_PREFIX: u32 = 0xfff0_0000;
/// PIR of a 7447: the number of the processor, one of sixteen.
const PIR_NUMBER: u32 = 0xf;

const ALL: CpuSet = CpuSet::all();
const BOOKE: CpuSet = CpuSet::BOOKE;
const E500: CpuSet = CpuSet::E500;
const E500V2: CpuSet = CpuSet::E500V2;
const E500_HV: CpuSet = CpuSet::E500_HV;
const PPC440: CpuSet = CpuSet::PPC440;
const BOOK3S32: CpuSet = CpuSet::BOOK3S32;
const G4_7447: CpuSet = CpuSet::G4_7447;
const SPRG4_7: CpuSet = BOOKE.union(G4_7447);
/// Where the time base is the kernel's to set. On POWER it is the hypervisor's: Linux there writes it by TBU40, which
/// is hyper (arch/powerpc/include/asm/reg.h), and QEMU has TBL and TBU open to the hypervisor only
/// (target/ppc/cpu_init.c).
const TIME_BASE_WRITERS: CpuSet = CpuSet::all().difference(CpuSet::POWER);
const USPRG3: CpuSet = E500.union(CpuSet::BOOK3S64);

const fn ivor(name: &'static str, number: u16, cpus: CpuSet) -> Spr {
    spr(name, number, Deny, Rw, cpus).written(Write::Mask(IVOR_OFFSET))
}

const fn bat_upper(name: &'static str, number: u16, cpus: CpuSet) -> Spr {
    spr(name, number, Deny, Rw, cpus).written(Write::Mask(BATU))
}

const fn bat_lower(name: &'static str, number: u16, cpus: CpuSet) -> Spr {
    spr(name, number, Deny, Rw, cpus).written(Write::Mask(BATL))
}

/// Every register with a row. Sources: those of [`n`]; page fields: arch/powerpc/kernel/kvm.c; values after power-on:
/// the core manuals' configuration registers.
pub static SPRS: &[Spr] = &[
    // Every CPU.
    spr("XER", n::XER, Rw, Rw, ALL).written(Write::Mask(XER_BEFORE_ISA_3_0)),
    spr("LR", n::LR, Rw, Rw, ALL),
    spr("CTR", n::CTR, Rw, Rw, ALL),
    spr("DEC", n::DEC, Deny, Rw, ALL),
    spr("SRR0", n::SRR0, Deny, Rw, ALL).in_page("srr0"),
    spr("SRR1", n::SRR1, Deny, Rw, ALL).in_page("srr1"),
    spr("TBL", n::TBL, Ro, Ro, ALL),
    spr("TBU", n::TBU, Ro, Ro, ALL),
    spr("SPRG0", n::SPRG0, Deny, Rw, ALL).in_page("sprg0"),
    spr("SPRG1", n::SPRG1, Deny, Rw, ALL).in_page("sprg1"),
    spr("SPRG2", n::SPRG2, Deny, Rw, ALL).in_page("sprg2"),
    spr("SPRG3", n::SPRG3, Deny, Rw, ALL).in_page("sprg3"),
    spr("TBWL", n::TBWL, Deny, Wo, TIME_BASE_WRITERS),
    spr("TBWU", n::TBWU, Deny, Wo, TIME_BASE_WRITERS),
    spr("PVR", n::PVR, Deny, Ro, ALL),
    // The SPRGs beyond, and what problem state sees of them.
    spr("SPRG4", n::SPRG4, Deny, Rw, SPRG4_7).in_page("sprg4"),
    spr("SPRG5", n::SPRG5, Deny, Rw, SPRG4_7).in_page("sprg5"),
    spr("SPRG6", n::SPRG6, Deny, Rw, SPRG4_7).in_page("sprg6"),
    spr("SPRG7", n::SPRG7, Deny, Rw, SPRG4_7).in_page("sprg7"),
    spr("SPRG8", n::SPRG8, Deny, Rw, BOOKE),
    spr("SPRG9", n::SPRG9, Deny, Rw, BOOKE),
    spr("USPRG3", n::USPRG3, Ro, Ro, USPRG3).alias_of(n::SPRG3).in_page("sprg3"),
    spr("USPRG4", n::USPRG4, Ro, Ro, SPRG4_7).alias_of(n::SPRG4).in_page("sprg4"),
    spr("USPRG5", n::USPRG5, Ro, Ro, SPRG4_7).alias_of(n::SPRG5).in_page("sprg5"),
    spr("USPRG6", n::USPRG6, Ro, Ro, SPRG4_7).alias_of(n::SPRG6).in_page("sprg6"),
    spr("USPRG7", n::USPRG7, Ro, Ro, SPRG4_7).alias_of(n::SPRG7).in_page("sprg7"),
    // USPRG0 on the embedded cores; the same number is VRSAVE where there is a vector unit.
    spr("USPRG0", n::USPRG0, Rw, Rw, BOOKE),
    spr("VRSAVE", n::USPRG0, Rw, Rw, G4_7447.union(CpuSet::BOOK3S64)).written(Write::Mask(u32::MAX)),
    // Embedded CPUs: interrupts, timers, debug.
    spr("PID", n::PID, Deny, Rw, BOOKE),
    spr("DECAR", n::DECAR, Deny, Wo, BOOKE),
    spr("CSRR0", n::CSRR0, Deny, Rw, BOOKE),
    spr("CSRR1", n::CSRR1, Deny, Rw, BOOKE),
    spr("DEAR", n::DEAR, Deny, Rw, BOOKE).in_page("dar"),
    spr("ESR", n::ESR, Deny, Rw, BOOKE).in_page("esr"),
    spr("IVPR", n::IVPR, Deny, Rw, BOOKE).written(Write::Mask(IVPR_PREFIX)),
    spr("PIR", n::BOOKE_PIR, Deny, Rw, BOOKE).in_page("pir").written(Write::Ignored),
    spr("DBSR", n::DBSR, Deny, Rw, BOOKE).written(Write::ClearOnes),
    spr("DBCR0", n::DBCR0, Deny, Rw, BOOKE),
    spr("DBCR1", n::DBCR1, Deny, Rw, BOOKE),
    spr("DBCR2", n::DBCR2, Deny, Rw, BOOKE),
    spr("IAC1", n::IAC1, Deny, Rw, BOOKE),
    spr("IAC2", n::IAC2, Deny, Rw, BOOKE),
    spr("IAC3", n::IAC3, Deny, Rw, PPC440),
    spr("IAC4", n::IAC4, Deny, Rw, PPC440),
    spr("DAC1", n::DAC1, Deny, Rw, BOOKE),
    spr("DAC2", n::DAC2, Deny, Rw, BOOKE),
    spr("DVC1", n::DVC1, Deny, Rw, PPC440),
    spr("DVC2", n::DVC2, Deny, Rw, PPC440),
    spr("TSR", n::TSR, Deny, Rw, BOOKE).written(Write::ClearOnes),
    spr("TCR", n::TCR, Deny, Rw, BOOKE),
    ivor("IVOR0", n::ivor(0), BOOKE),
    ivor("IVOR1", n::ivor(1), BOOKE),
    ivor("IVOR2", n::ivor(2), BOOKE),
    ivor("IVOR3", n::ivor(3), BOOKE),
    ivor("IVOR4", n::ivor(4), BOOKE),
    ivor("IVOR5", n::ivor(5), BOOKE),
    ivor("IVOR6", n::ivor(6), BOOKE),
    ivor("IVOR7", n::ivor(7), BOOKE),
    ivor("IVOR8", n::ivor(8), BOOKE),
    ivor("IVOR9", n::ivor(9), BOOKE),
    ivor("IVOR10", n::ivor(10), BOOKE),
    ivor("IVOR11", n::ivor(11), BOOKE),
    ivor("IVOR12", n::ivor(12), BOOKE),
    ivor("IVOR13", n::ivor(13), BOOKE),
    ivor("IVOR14", n::ivor(14), BOOKE),
    ivor("IVOR15", n::ivor(15), BOOKE),
    ivor("IVOR32", n::ivor(32), E500V2.union(CpuSet::E6500)),
    ivor("IVOR33", n::ivor(33), E500),
    ivor("IVOR34", n::ivor(34), E500),
    ivor("IVOR35", n::ivor(35), E500),
    ivor("IVOR36", n::ivor(36), E500_HV),
    ivor("IVOR37", n::ivor(37), E500_HV),
    ivor("IVOR38", n::ivor(38), E500_HV),
    ivor("IVOR39", n::ivor(39), E500_HV),
    ivor("IVOR40", n::ivor(40), E500_HV),
    ivor("IVOR41", n::ivor(41), E500_HV),
    spr("MCSRR0", n::MCSRR0, Deny, Rw, BOOKE),
    spr("MCSRR1", n::MCSRR1, Deny, Rw, BOOKE),
    spr("MCSR", n::MCSR, Deny, Rw, BOOKE).written(Write::ClearOnes),
    spr("MCAR", n::MCAR, Deny, Rw, E500),
    spr("DSRR0", n::DSRR0, Deny, Rw, BOOKE),
    spr("DSRR1", n::DSRR1, Deny, Rw, BOOKE),
    // e500: MMU, caches, core.
    spr("MAS0", n::MAS0, Deny, Rw, E500).in_page("mas0"),
    spr("MAS1", n::MAS1, Deny, Rw, E500).in_page("mas1"),
    spr("MAS2", n::MAS2, Deny, Rw, E500).in_page("mas2"),
    spr("MAS3", n::MAS3, Deny, Rw, E500).in_page("mas3"),
    spr("MAS4", n::MAS4, Deny, Rw, E500).in_page("mas4"),
    spr("MAS6", n::MAS6, Deny, Rw, E500).in_page("mas6"),
    spr("MAS7", n::MAS7, Deny, Rw, E500).in_page("mas7"),
    spr("PID1", n::PID1, Deny, Rw, CpuSet::THREE_PIDS),
    spr("PID2", n::PID2, Deny, Rw, CpuSet::THREE_PIDS),
    spr("TLB0CFG", n::TLB0CFG, Deny, Ro, E500),
    spr("TLB1CFG", n::TLB1CFG, Deny, Ro, E500),
    spr("MMUCSR0", n::MMUCSR0, Deny, Rw, E500),
    spr("MMUCFG", n::MMUCFG, Deny, Ro, E500),
    spr("EPR", n::EPR, Deny, Ro, E500),
    spr("EPLC", n::EPLC, Deny, Rw, E500).written(Write::Mask(EXTERNAL_PID)),
    spr("EPSC", n::EPSC, Deny, Rw, E500).written(Write::Mask(EXTERNAL_PID)),
    spr("SPEFSCR", n::SPEFSCR, Rw, Rw, E500V2),
    spr("BBEAR", n::BBEAR, Deny, Rw, E500),
    spr("BBTAR", n::BBTAR, Deny, Rw, E500),
    spr("L1CFG0", n::L1CFG0, Ro, Ro, E500V2).resets_to(L1CFG_BLOCKS_OF_32),
    spr("L1CFG0", n::L1CFG0, Ro, Ro, E500_HV).resets_to(L1CFG_BLOCKS_OF_64),
    spr("L1CFG1", n::L1CFG1, Ro, Ro, E500V2).resets_to(L1CFG_BLOCKS_OF_32),
    spr("L1CFG1", n::L1CFG1, Ro, Ro, E500_HV).resets_to(L1CFG_BLOCKS_OF_64),
    spr("NPIDR", n::NPIDR, Deny, Rw, E500),
    spr("ATBL", n::ATBL, Ro, Ro, E500),
    spr("ATBU", n::ATBU, Ro, Ro, E500),
    spr("L1CSR0", n::L1CSR0, Deny, Rw, E500).written(Write::Mask(L1CSR_ENABLES)),
    spr("L1CSR1", n::L1CSR1, Deny, Rw, E500).written(Write::Mask(L1CSR_ENABLES)),
    spr("BUCSR", n::BUCSR, Deny, Rw, E500),
    spr("SVR", n::SVR, Deny, Ro, E500),
    // 440: MMU, cache control, debug of the caches.
    spr("MMUCR", n::MMUCR, Deny, Rw, PPC440),
    spr("INV0", n::INV0, Deny, Rw, PPC440),
    spr("INV1", n::INV0 + 1, Deny, Rw, PPC440),
    spr("INV2", n::INV0 + 2, Deny, Rw, PPC440),
    spr("INV3", n::INV0 + 3, Deny, Rw, PPC440),
    spr("ITV0", n::ITV0, Deny, Rw, PPC440),
    spr("ITV1", n::ITV0 + 1, Deny, Rw, PPC440),
    spr("ITV2", n::ITV0 + 2, Deny, Rw, PPC440),
    spr("ITV3", n::ITV0 + 3, Deny, Rw, PPC440),
    spr("DNV0", n::DNV0, Deny, Rw, PPC440),
    spr("DNV1", n::DNV0 + 1, Deny, Rw, PPC440),
    spr("DNV2", n::DNV0 + 2, Deny, Rw, PPC440),
    spr("DNV3", n::DNV0 + 3, Deny, Rw, PPC440),
    spr("DTV0", n::DTV0, Deny, Rw, PPC440),
    spr("DTV1", n::DTV0 + 1, Deny, Rw, PPC440),
    spr("DTV2", n::DTV0 + 2, Deny, Rw, PPC440),
    spr("DTV3", n::DTV0 + 3, Deny, Rw, PPC440),
    spr("CCR0", n::CCR0, Deny, Rw, PPC440),
    spr("CCR1", n::CCR1, Deny, Rw, PPC440),
    spr("DVLIM", n::DVLIM, Deny, Rw, PPC440),
    spr("IVLIM", n::IVLIM, Deny, Rw, PPC440),
    spr("DBDR", n::DBDR, Deny, Rw, PPC440),
    spr("RSTCFG", n::RSTCFG, Deny, Ro, PPC440),
    spr("DCDBTRL", n::DCDBTRL, Deny, Ro, PPC440),
    spr("DCDBTRH", n::DCDBTRH, Deny, Ro, PPC440),
    spr("ICDBTRL", n::ICDBTRL, Deny, Ro, PPC440),
    spr("ICDBTRH", n::ICDBTRH, Deny, Ro, PPC440),
    spr("ICDBDR", n::ICDBDR, Deny, Ro, PPC440),
    // Server CPUs.
    spr("DSISR", n::DSISR, Deny, Rw, CpuSet::BOOK3S).in_page("dsisr").written(Write::Mask(u32::MAX)),
    spr("DAR", n::DAR, Deny, Rw, CpuSet::BOOK3S).in_page("dar"),
    spr("SDR1", n::SDR1, Deny, Rw, BOOK3S32.union(CpuSet::G5_970)),
    spr("HIOR", n::HIOR, Deny, Rw, CpuSet::G5_970).written(Write::Mask(HIOR_PREFIX)),
    spr("CTRL", n::CTRL_READ, Ro, Ro, CpuSet::BOOK3S64).alias_of(n::CTRL_WRITE),
    // It has 32 bits (Power ISA 2.07 Book III-S, "Control Register").
    spr("CTRL", n::CTRL_WRITE, Deny, Wo, CpuSet::BOOK3S64).written(Write::Mask(u32::MAX)),
    spr("CFAR", n::CFAR, Deny, Rw, CpuSet::POWER),
    spr("PIR", n::BOOK3S_PIR, Deny, Rw, G4_7447).written(Write::Mask(PIR_NUMBER)),
    spr("PIR", n::BOOK3S_PIR, Deny, Ro, CpuSet::BOOK3S64),
    // 32-bit server CPUs: BATs.
    bat_upper("IBAT0U", n::IBAT0U, BOOK3S32),
    bat_lower("IBAT0L", n::IBAT0U + 1, BOOK3S32),
    bat_upper("IBAT1U", n::IBAT0U + 2, BOOK3S32),
    bat_lower("IBAT1L", n::IBAT0U + 3, BOOK3S32),
    bat_upper("IBAT2U", n::IBAT0U + 4, BOOK3S32),
    bat_lower("IBAT2L", n::IBAT0U + 5, BOOK3S32),
    bat_upper("IBAT3U", n::IBAT0U + 6, BOOK3S32),
    bat_lower("IBAT3L", n::IBAT0U + 7, BOOK3S32),
    bat_upper("DBAT0U", n::DBAT0U, BOOK3S32),
    bat_lower("DBAT0L", n::DBAT0U + 1, BOOK3S32),
    bat_upper("DBAT1U", n::DBAT0U + 2, BOOK3S32),
    bat_lower("DBAT1L", n::DBAT0U + 3, BOOK3S32),
    bat_upper("DBAT2U", n::DBAT0U + 4, BOOK3S32),
    bat_lower("DBAT2L", n::DBAT0U + 5, BOOK3S32),
    bat_upper("DBAT3U", n::DBAT0U + 6, BOOK3S32),
    bat_lower("DBAT3L", n::DBAT0U + 7, BOOK3S32),
    bat_upper("IBAT4U", n::IBAT4U, G4_7447),
    bat_lower("IBAT4L", n::IBAT4U + 1, G4_7447),
    bat_upper("IBAT5U", n::IBAT4U + 2, G4_7447),
    bat_lower("IBAT5L", n::IBAT4U + 3, G4_7447),
    bat_upper("IBAT6U", n::IBAT4U + 4, G4_7447),
    bat_lower("IBAT6L", n::IBAT4U + 5, G4_7447),
    bat_upper("IBAT7U", n::IBAT4U + 6, G4_7447),
    bat_lower("IBAT7L", n::IBAT4U + 7, G4_7447),
    bat_upper("DBAT4U", n::DBAT4U, G4_7447),
    bat_lower("DBAT4L", n::DBAT4U + 1, G4_7447),
    bat_upper("DBAT5U", n::DBAT4U + 2, G4_7447),
    bat_lower("DBAT5L", n::DBAT4U + 3, G4_7447),
    bat_upper("DBAT6U", n::DBAT4U + 4, G4_7447),
    bat_lower("DBAT6L", n::DBAT4U + 5, G4_7447),
    bat_upper("DBAT7U", n::DBAT4U + 6, G4_7447),
    bat_lower("DBAT7L", n::DBAT4U + 7, G4_7447),
    // 32-bit server CPUs: core control.
    spr("EAR", n::EAR, Deny, Rw, BOOK3S32),
    spr("HID0", n::HID0, Deny, Rw, BOOK3S32),
    spr("HID1", n::HID1, Deny, Rw, BOOK3S32),
    spr("IABR", n::IABR, Deny, Rw, BOOK3S32),
    spr("DABR", n::DABR, Deny, Rw, BOOK3S32),
    spr("L2CR", n::L2CR, Deny, Rw, BOOK3S32),
    spr("ICTC", n::ICTC, Deny, Rw, BOOK3S32),
    spr("ICTRL", n::ICTRL, Deny, Rw, G4_7447),
    spr("MSSCR0", n::MSSCR0, Deny, Rw, G4_7447),
    spr("MSSSR0", n::MSSSR0, Deny, Rw, G4_7447),
    spr("LDSTCR", n::LDSTCR, Deny, Rw, G4_7447),
    spr("THRM1", n::THRM1, Deny, Rw, CpuSet::G3_750),
    spr("THRM2", n::THRM2, Deny, Rw, CpuSet::G3_750),
    spr("THRM3", n::THRM3, Deny, Rw, CpuSet::G3_750),
    // The e500's core control has the same numbers.
    spr("HID0", n::HID0, Deny, Rw, E500),
    spr("HID1", n::HID1, Deny, Rw, E500),
    // 32-bit server CPUs: performance monitor, and what problem state sees of it.
    spr("MMCR0", n::MMCR0, Deny, Rw, BOOK3S32),
    spr("PMC1", n::PMC1, Deny, Rw, BOOK3S32),
    spr("PMC2", n::PMC2, Deny, Rw, BOOK3S32),
    spr("MMCR1", n::MMCR1, Deny, Rw, BOOK3S32),
    spr("PMC3", n::PMC3, Deny, Rw, BOOK3S32),
    spr("PMC4", n::PMC4, Deny, Rw, BOOK3S32),
    spr("MMCR2", n::MMCR2, Deny, Rw, G4_7447),
    spr("PMC5", n::PMC5, Deny, Rw, G4_7447),
    spr("PMC6", n::PMC6, Deny, Rw, G4_7447),
    spr("SIAR", n::SIAR, Deny, Ro, BOOK3S32),
    spr("BAMR", n::BAMR, Deny, Rw, G4_7447),
    spr("UMMCR0", n::UMMCR0, Ro, Ro, BOOK3S32).alias_of(n::MMCR0),
    spr("UPMC1", n::UPMC1, Ro, Ro, BOOK3S32).alias_of(n::PMC1),
    spr("UPMC2", n::UPMC2, Ro, Ro, BOOK3S32).alias_of(n::PMC2),
    spr("UMMCR1", n::UMMCR1, Ro, Ro, BOOK3S32).alias_of(n::MMCR1),
    spr("UPMC3", n::UPMC3, Ro, Ro, BOOK3S32).alias_of(n::PMC3),
    spr("UPMC4", n::UPMC4, Ro, Ro, BOOK3S32).alias_of(n::PMC4),
    spr("UMMCR2", n::UMMCR2, Ro, Ro, G4_7447).alias_of(n::MMCR2),
    spr("UPMC5", n::UPMC5, Ro, Ro, G4_7447).alias_of(n::PMC5),
    spr("UPMC6", n::UPMC6, Ro, Ro, G4_7447).alias_of(n::PMC6),
    spr("USIAR", n::USIAR, Ro, Ro, BOOK3S32).alias_of(n::SIAR),
    // POWER8: facilities that FSCR opens to problem state.
    spr("DSCR", n::DSCR, Deny, Rw, CpuSet::POWER),
    spr("FSCR", n::FSCR, Deny, Rw, CpuSet::POWER),
    spr("BESCRS", n::BESCRS, Rw, Rw, CpuSet::POWER).alias_of(n::BESCR).written(Write::SetOnes),
    spr("BESCRR", n::BESCRR, Rw, Rw, CpuSet::POWER).alias_of(n::BESCR).written(Write::ClearOnes),
    spr("EBBHR", n::EBBHR, Rw, Rw, CpuSet::POWER),
    spr("EBBRR", n::EBBRR, Rw, Rw, CpuSet::POWER),
    spr("BESCR", n::BESCR, Rw, Rw, CpuSet::POWER),
    spr("TAR", n::TAR, Rw, Rw, CpuSet::POWER),
    // POWER8 as a partition: registers of the hypervisor (Power ISA 3.0B Book III, section 4.4.4).
    spr("TBWL", n::TBWL, Deny, Deny, CpuSet::POWER),
    spr("TBWU", n::TBWU, Deny, Deny, CpuSet::POWER),
    spr("HSPRG0", n::HSPRG0, Deny, Deny, CpuSet::POWER),
    spr("HSPRG1", n::HSPRG1, Deny, Deny, CpuSet::POWER),
    spr("HDEC", n::HDEC, Deny, Deny, CpuSet::POWER),
    spr("RMOR", n::RMOR, Deny, Deny, CpuSet::POWER),
    spr("HRMOR", n::HRMOR, Deny, Deny, CpuSet::POWER),
    spr("HSRR0", n::HSRR0, Deny, Deny, CpuSet::POWER),
    spr("HSRR1", n::HSRR1, Deny, Deny, CpuSet::POWER),
    spr("LPCR", n::LPCR, Deny, Deny, CpuSet::POWER),
    spr("LPIDR", n::LPIDR, Deny, Deny, CpuSet::POWER),
    spr("HMER", n::HMER, Deny, Deny, CpuSet::POWER),
    spr("HMEER", n::HMEER, Deny, Deny, CpuSet::POWER),
    spr("PCR", n::PCR, Deny, Deny, CpuSet::POWER),
    spr("HEIR", n::HEIR, Deny, Deny, CpuSet::POWER),
    spr("AMOR", n::AMOR, Deny, Deny, CpuSet::POWER),
    spr("SDR1", n::SDR1, Deny, Deny, CpuSet::POWER8),
];

/// CPU models, by the bits of [`CpuSet`].
const MODELS: usize = CpuSet::all().bits().count_ones() as usize;
/// No row.
const NONE: u8 = u8::MAX;
const _: () = assert!(SPRS.len() < NONE as usize);

/// For each number its place among the rows.
pub(super) type Places = [u8; NUMBERS as usize];

/// For each model those of its registers, so that an instruction finds its register at once.
pub(super) static ROWS: [Places; MODELS] = {
    let mut rows = [[NONE; NUMBERS as usize]; MODELS];
    let mut index = 0;
    while index < SPRS.len() {
        let row = &SPRS[index];
        let mut model = 0;
        while model < MODELS {
            if row.cpus.bits() & 1 << model != 0 {
                rows[model][row.number as usize] = index as u8;
            }
            model += 1;
        }
        index += 1;
    }
    rows
};
