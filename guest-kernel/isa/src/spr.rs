//! Special-purpose registers: one table for their numbers, privilege, aliases and page fields.
//!
//! The complaint that began the discussion Sprig comes from was that a hypervisor handled SPRG0-3 in one place and
//! SPRG4-7 in another, and reads apart from writes. Here a register is one row, for reads and writes alike:
//!
//! ```text
//!   mfspr/mtspr number --lookup(cpu)--> Spr --cell()--> the register that keeps the value
//!                                        |--access--> who may read or write it under this number
//!                                        '--page----> the magic-page field that shadows it
//! ```
//!
//! A number that has no row on a CPU is undefined there. The Power ISA (Book III, mtspr and mfspr) decides what it
//! does by one bit of the number, see [`undefined`].

use crate::cpu::{Cpu, CpuSet};
use crate::page::Field;

/// What may be done with a register under one number in one privilege state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Neither read nor written.
    None,
    /// Read only.
    Read,
    /// Written only.
    Write,
    /// Read and written.
    ReadWrite,
}

impl Access {
    /// True if mfspr works.
    #[must_use]
    pub const fn can_read(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// True if mtspr works.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// One SPR number on a set of CPUs.
#[derive(Debug)]
pub struct Spr {
    /// The name scripts use; for numbers with two names the one that says what it is for.
    pub name: &'static str,
    /// The number in mfspr and mtspr.
    pub number: u16,
    /// Access in problem state.
    pub problem: Access,
    /// Access in supervisor state.
    pub supervisor: Access,
    /// The number whose register this one shows; its own unless it is an alias.
    pub cell: u16,
    /// Name of the magic-page field that shadows it, empty if none does.
    pub page_field: &'static str,
    /// The CPUs this row holds for.
    pub cpus: CpuSet,
}

/// What mfspr or mtspr does with a number that is undefined on a CPU (Power ISA 2.07 Book III-S, section 4.4.4:
/// "if the SPR field contains a value that is not defined").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// Illegal-instruction program interrupt (or emulation assist).
    Illegal,
    /// Privileged-instruction program interrupt.
    Privileged,
    /// No operation: the registers stay as they are.
    NoOp,
}

/// Bit of the SPR number (spr0 in the ISA's split notation) that marks privileged registers.
pub const PRIVILEGED_BIT: u16 = 0x10;

/// Numbers that are reserved for the MQ and old decrementer registers of the POWER architecture: in supervisor state
/// they raise an interrupt where others do nothing.
pub const LEGACY_POWER: [u16; 4] = [0, 4, 5, 6];

/// What an undefined number does in the given privilege state.
#[must_use]
pub fn undefined(number: u16, problem_state: bool) -> Undefined {
    if number & PRIVILEGED_BIT != 0 {
        if problem_state { Undefined::Privileged } else { Undefined::NoOp }
    } else if problem_state || LEGACY_POWER.contains(&number) {
        Undefined::Illegal
    } else {
        Undefined::NoOp
    }
}

const fn spr(name: &'static str, number: u16, problem: Access, supervisor: Access, cpus: CpuSet) -> Spr {
    Spr { name, number, problem, supervisor, cell: number, page_field: "", cpus }
}

impl Spr {
    const fn in_page(self, page_field: &'static str) -> Self {
        Self { page_field, ..self }
    }

    const fn alias_of(self, cell: u16) -> Self {
        Self { cell, ..self }
    }

    /// True if this number shows a register whose own number is another.
    #[must_use]
    pub const fn is_alias(&self) -> bool {
        self.cell != self.number
    }

    /// The row for a number on a CPU.
    #[must_use]
    pub fn lookup(cpu: &Cpu, number: u16) -> Option<&'static Self> {
        SPRS.iter().find(|spr| spr.number == number && spr.cpus.intersects(cpu.set))
    }

    /// Every row of this name (a name may stand for several numbers: DEAR and DAR do not, PIR does).
    pub fn by_name(name: &str) -> impl Iterator<Item = &'static Self> {
        SPRS.iter().filter(move |spr| spr.name == name)
    }

    /// The user-readable alias of the register this row names, if it has one.
    #[must_use]
    pub fn user_alias(&self) -> Option<&'static Self> {
        SPRS.iter().find(|alias| alias.is_alias() && alias.cell == self.cell && alias.problem.can_read())
    }

    /// The magic-page field that shadows it.
    #[must_use]
    pub fn field(&self) -> Option<&'static Field> {
        Field::by_name(self.page_field)
    }
}

/// The numbers the table and the code that emulates registers speak of.
#[allow(missing_docs)] // the names are the ISA's; the table describes each
pub mod number {
    pub const XER: u16 = 1;
    pub const LR: u16 = 8;
    pub const CTR: u16 = 9;
    pub const DSISR: u16 = 18;
    pub const DAR: u16 = 19;
    pub const DEC: u16 = 22;
    pub const SDR1: u16 = 25;
    pub const SRR0: u16 = 26;
    pub const SRR1: u16 = 27;
    pub const PID: u16 = 48;
    pub const DECAR: u16 = 54;
    pub const CSRR0: u16 = 58;
    pub const CSRR1: u16 = 59;
    pub const DEAR: u16 = 61;
    pub const ESR: u16 = 62;
    pub const IVPR: u16 = 63;
    pub const USPRG0: u16 = 256;
    pub const USPRG3: u16 = 259;
    pub const USPRG4: u16 = 260;
    pub const USPRG5: u16 = 261;
    pub const USPRG6: u16 = 262;
    pub const USPRG7: u16 = 263;
    pub const TBL: u16 = 268;
    pub const TBU: u16 = 269;
    pub const SPRG0: u16 = 272;
    pub const SPRG1: u16 = 273;
    pub const SPRG2: u16 = 274;
    pub const SPRG3: u16 = 275;
    pub const SPRG4: u16 = 276;
    pub const SPRG5: u16 = 277;
    pub const SPRG6: u16 = 278;
    pub const SPRG7: u16 = 279;
    pub const TBWL: u16 = 284;
    pub const TBWU: u16 = 285;
    pub const BOOKE_PIR: u16 = 286;
    pub const PVR: u16 = 287;
    pub const DBSR: u16 = 304;
    pub const DBCR0: u16 = 308;
    pub const TSR: u16 = 336;
    pub const TCR: u16 = 340;
    pub const IVOR0: u16 = 400;
    pub const ATBL: u16 = 526;
    pub const ATBU: u16 = 527;
    pub const IVOR32: u16 = 528;
    pub const IBAT0U: u16 = 528;
    pub const DBAT0U: u16 = 536;
    pub const IBAT4U: u16 = 560;
    pub const DBAT4U: u16 = 568;
    pub const MCSRR0: u16 = 570;
    pub const MCSRR1: u16 = 571;
    pub const MCSR: u16 = 572;
    pub const DSRR0: u16 = 574;
    pub const DSRR1: u16 = 575;
    pub const SPRG8: u16 = 604;
    pub const SPRG9: u16 = 605;
    pub const MAS0: u16 = 624;
    pub const MAS1: u16 = 625;
    pub const MAS2: u16 = 626;
    pub const MAS3: u16 = 627;
    pub const MAS4: u16 = 628;
    pub const MAS6: u16 = 630;
    pub const PID1: u16 = 633;
    pub const PID2: u16 = 634;
    pub const TLB0CFG: u16 = 688;
    pub const TLB1CFG: u16 = 689;
    pub const MAS7: u16 = 944;
    pub const MMUCR: u16 = 946;
    pub const L1CSR0: u16 = 1010;
    pub const MMUCSR0: u16 = 1012;
    pub const MMUCFG: u16 = 1015;
    pub const BOOK3S_PIR: u16 = 1023;
}

/// Every register with a row. Sources: EREF and the e500 core manual, chapter "Register model"; PPC440 user manual,
/// appendix on SPR numbers; MPC7450 and 750 manuals, "PowerPC register set"; Power ISA 2.07 Book III-S, figure "SPR
/// encodings"; page fields: arch/powerpc/kernel/kvm.c.
pub static SPRS: &[Spr] = {
    use Access::{None as Deny, Read as Ro, ReadWrite as Rw, Write as Wo};
    use number as n;
    const ALL: CpuSet = CpuSet::all();
    const SPRG4_7: CpuSet = CpuSet::BOOKE.union(CpuSet::G4_7447);
    const USPRG3: CpuSet = CpuSet::E500.union(CpuSet::BOOK3S64);
    &[
        spr("XER", n::XER, Rw, Rw, ALL),
        spr("LR", n::LR, Rw, Rw, ALL),
        spr("CTR", n::CTR, Rw, Rw, ALL),
        spr("DSISR", n::DSISR, Deny, Rw, CpuSet::BOOK3S).in_page("dsisr"),
        spr("DAR", n::DAR, Deny, Rw, CpuSet::BOOK3S).in_page("dar"),
        spr("DEC", n::DEC, Deny, Rw, ALL),
        spr("SDR1", n::SDR1, Deny, Rw, CpuSet::BOOK3S32.union(CpuSet::G5_970)),
        spr("SRR0", n::SRR0, Deny, Rw, ALL).in_page("srr0"),
        spr("SRR1", n::SRR1, Deny, Rw, ALL).in_page("srr1"),
        spr("PID", n::PID, Deny, Rw, CpuSet::BOOKE),
        spr("DECAR", n::DECAR, Deny, Wo, CpuSet::BOOKE),
        spr("CSRR0", n::CSRR0, Deny, Rw, CpuSet::BOOKE),
        spr("CSRR1", n::CSRR1, Deny, Rw, CpuSet::BOOKE),
        spr("DEAR", n::DEAR, Deny, Rw, CpuSet::BOOKE).in_page("dar"),
        spr("ESR", n::ESR, Deny, Rw, CpuSet::BOOKE).in_page("esr"),
        spr("IVPR", n::IVPR, Deny, Rw, CpuSet::BOOKE),
        // USPRG0 on the embedded cores; the same number is VRSAVE where there is a vector unit.
        spr("USPRG0", n::USPRG0, Rw, Rw, CpuSet::BOOKE),
        spr("VRSAVE", n::USPRG0, Rw, Rw, CpuSet::G4_7447.union(CpuSet::BOOK3S64)),
        spr("USPRG3", n::USPRG3, Ro, Ro, USPRG3).alias_of(n::SPRG3).in_page("sprg3"),
        spr("USPRG4", n::USPRG4, Ro, Ro, SPRG4_7).alias_of(n::SPRG4).in_page("sprg4"),
        spr("USPRG5", n::USPRG5, Ro, Ro, SPRG4_7).alias_of(n::SPRG5).in_page("sprg5"),
        spr("USPRG6", n::USPRG6, Ro, Ro, SPRG4_7).alias_of(n::SPRG6).in_page("sprg6"),
        spr("USPRG7", n::USPRG7, Ro, Ro, SPRG4_7).alias_of(n::SPRG7).in_page("sprg7"),
        spr("TBL", n::TBL, Ro, Ro, ALL),
        spr("TBU", n::TBU, Ro, Ro, ALL),
        spr("SPRG0", n::SPRG0, Deny, Rw, ALL).in_page("sprg0"),
        spr("SPRG1", n::SPRG1, Deny, Rw, ALL).in_page("sprg1"),
        spr("SPRG2", n::SPRG2, Deny, Rw, ALL).in_page("sprg2"),
        spr("SPRG3", n::SPRG3, Deny, Rw, ALL).in_page("sprg3"),
        spr("SPRG4", n::SPRG4, Deny, Rw, SPRG4_7).in_page("sprg4"),
        spr("SPRG5", n::SPRG5, Deny, Rw, SPRG4_7).in_page("sprg5"),
        spr("SPRG6", n::SPRG6, Deny, Rw, SPRG4_7).in_page("sprg6"),
        spr("SPRG7", n::SPRG7, Deny, Rw, SPRG4_7).in_page("sprg7"),
        spr("TBWL", n::TBWL, Deny, Wo, ALL),
        spr("TBWU", n::TBWU, Deny, Wo, ALL),
        spr("PIR", n::BOOKE_PIR, Deny, Rw, CpuSet::BOOKE).in_page("pir"),
        spr("PVR", n::PVR, Deny, Ro, ALL),
        spr("DBSR", n::DBSR, Deny, Rw, CpuSet::BOOKE),
        spr("DBCR0", n::DBCR0, Deny, Rw, CpuSet::BOOKE),
        spr("TSR", n::TSR, Deny, Rw, CpuSet::BOOKE),
        spr("TCR", n::TCR, Deny, Rw, CpuSet::BOOKE),
        spr("MCSRR0", n::MCSRR0, Deny, Rw, CpuSet::BOOKE),
        spr("MCSRR1", n::MCSRR1, Deny, Rw, CpuSet::BOOKE),
        spr("MCSR", n::MCSR, Deny, Rw, CpuSet::BOOKE),
        spr("SPRG8", n::SPRG8, Deny, Rw, CpuSet::BOOKE),
        spr("SPRG9", n::SPRG9, Deny, Rw, CpuSet::BOOKE),
        spr("MAS0", n::MAS0, Deny, Rw, CpuSet::E500).in_page("mas0"),
        spr("MAS1", n::MAS1, Deny, Rw, CpuSet::E500).in_page("mas1"),
        spr("MAS2", n::MAS2, Deny, Rw, CpuSet::E500).in_page("mas2"),
        spr("MAS3", n::MAS3, Deny, Rw, CpuSet::E500).in_page("mas3"),
        spr("MAS4", n::MAS4, Deny, Rw, CpuSet::E500).in_page("mas4"),
        spr("MAS6", n::MAS6, Deny, Rw, CpuSet::E500).in_page("mas6"),
        spr("PID1", n::PID1, Deny, Rw, CpuSet::E500),
        spr("PID2", n::PID2, Deny, Rw, CpuSet::E500),
        spr("MAS7", n::MAS7, Deny, Rw, CpuSet::E500).in_page("mas7"),
        spr("MMUCR", n::MMUCR, Deny, Rw, CpuSet::PPC440),
        spr("MMUCSR0", n::MMUCSR0, Deny, Rw, CpuSet::E500),
        spr("IBAT0U", n::IBAT0U, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT0L", n::IBAT0U + 1, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT1U", n::IBAT0U + 2, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT1L", n::IBAT0U + 3, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT2U", n::IBAT0U + 4, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT2L", n::IBAT0U + 5, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT3U", n::IBAT0U + 6, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT3L", n::IBAT0U + 7, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT0U", n::DBAT0U, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT0L", n::DBAT0U + 1, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT1U", n::DBAT0U + 2, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT1L", n::DBAT0U + 3, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT2U", n::DBAT0U + 4, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT2L", n::DBAT0U + 5, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT3U", n::DBAT0U + 6, Deny, Rw, CpuSet::BOOK3S32),
        spr("DBAT3L", n::DBAT0U + 7, Deny, Rw, CpuSet::BOOK3S32),
        spr("IBAT4U", n::IBAT4U, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT4L", n::IBAT4U + 1, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT5U", n::IBAT4U + 2, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT5L", n::IBAT4U + 3, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT6U", n::IBAT4U + 4, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT6L", n::IBAT4U + 5, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT7U", n::IBAT4U + 6, Deny, Rw, CpuSet::G4_7447),
        spr("IBAT7L", n::IBAT4U + 7, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT4U", n::DBAT4U, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT4L", n::DBAT4U + 1, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT5U", n::DBAT4U + 2, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT5L", n::DBAT4U + 3, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT6U", n::DBAT4U + 4, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT6L", n::DBAT4U + 5, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT7U", n::DBAT4U + 6, Deny, Rw, CpuSet::G4_7447),
        spr("DBAT7L", n::DBAT4U + 7, Deny, Rw, CpuSet::G4_7447),
        spr("TLB0CFG", n::TLB0CFG, Deny, Ro, CpuSet::E500),
        spr("TLB1CFG", n::TLB1CFG, Deny, Ro, CpuSet::E500),
        spr("MMUCFG", n::MMUCFG, Deny, Ro, CpuSet::E500),
        spr("PIR", n::BOOK3S_PIR, Deny, Rw, CpuSet::BOOK3S64.union(CpuSet::G4_7447)),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CPUS;

    #[test]
    fn a_number_has_at_most_one_row_on_a_cpu() {
        for cpu in CPUS {
            for number in 0..1024 {
                let rows = SPRS.iter().filter(|spr| spr.number == number && spr.cpus.intersects(cpu.set)).count();
                assert!(rows <= 1, "{number} on {}", cpu.name);
            }
        }
    }

    #[test]
    fn every_page_field_a_row_names_is_in_the_page() {
        for spr in SPRS {
            assert!(spr.page_field.is_empty() || spr.field().is_some(), "{}", spr.name);
        }
    }

    #[test]
    fn sprg4_is_shown_to_user_code_by_260() {
        let sprg4 = Spr::by_name("SPRG4").next().expect("in the table");
        assert_eq!(sprg4.user_alias().map(|alias| alias.number), Some(260));
    }
}
