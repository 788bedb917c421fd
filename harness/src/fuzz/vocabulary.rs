//! The vocabulary of random scripts on a CPU: registers, fields, calls, from the tables of `sprig-isa`.
//!
//! ```text
//!   held        keep what is written to them and do nothing with it: written, read, shadowed, interleaved
//!   exchanged   do something: written, read back and put back within one stub
//!   read        only read
//! ```
//!
//! What translates, counts or resets the machine under the guest kernel's feet is in none of these.

use super::environment::Environment;
use super::odd::{self, Odd};
use crate::feature::Feature;
use sprig_isa::hcall::{EV_IDLE, HYPERCALLS, KVM_HC_PPC_MAP_MAGIC_PAGE};
use sprig_isa::one_reg::{Meaning, ONE_REGS, OneReg};
use sprig_isa::page::{FIELDS, Field};
use sprig_isa::replacement::{Pattern, REPLACEMENTS};
use sprig_isa::spr::{self, Spr, number};
use sprig_wire::host::{REGS, SREGS};

/// Registers that hold what software puts there, as long as no interrupt changes them. The address compares do nothing
/// while no debug event is enabled.
const HELD: &[&str] = &[
    "SPRG0", "SPRG1", "SPRG2", "SPRG3", "SPRG4", "SPRG5", "SPRG6", "SPRG7", "SPRG8", "SPRG9", "USPRG0", "VRSAVE",
    "SRR0", "SRR1", "DAR", "DSISR", "DEAR", "ESR", "CSRR0", "CSRR1", "MCSRR0", "MCSRR1", "DSRR0", "DSRR1", "MAS0",
    "MAS1", "MAS2", "MAS3", "MAS4", "MAS6", "MAS7", "IAC1", "IAC2", "IAC3", "IAC4", "DAC1", "DAC2", "DVC1", "DVC2",
    "BBEAR", "BBTAR", "MCAR", "NPIDR", "EPLC", "EPSC", "TAR", "EBBHR", "EBBRR", "DSCR", "INV0", "INV1", "INV2", "INV3",
    "ITV0", "ITV1", "ITV2", "ITV3", "DNV0", "DNV1", "DNV2", "DNV3", "DTV0", "DTV1", "DTV2", "DTV3", "EAR",
];
/// Registers that decide where interrupts go or what the core does: put back before anything else happens.
const EXCHANGED: &[&str] = &[
    "IVPR", "IVOR1", "IVOR2", "IVOR3", "IVOR5", "IVOR6", "IVOR7", "IVOR9", "IVOR11", "IVOR12", "IVOR13", "IVOR14",
    "IVOR15", "IVOR32", "IVOR33", "IVOR34", "IVOR35", "DBCR1", "DBCR2", "CCR0", "DVLIM", "IVLIM", "MMCR2", "ICTRL",
    "LDSTCR", "FSCR", "PID", "PID1", "PID2",
];
/// Registers that say what the CPU is.
const READ: &[&str] = &["PVR", "SVR", "PIR", "MMUCFG", "TLB0CFG", "TLB1CFG", "RSTCFG"];
/// Numbers that are no register's on most CPUs: low and high, privileged and not, next to registers and far from them
/// (as in cases/spr/unknown-is-no-crash.probe). The last two write the time base, and are not there to be read.
const NUMBERS: [u16; 11] = [2, 3, 90, 270, 281, 300, 600, 700, 900, number::TBWL, number::TBWU];

/// What scripts speak of.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    pub(super) held: Vec<&'static Spr>,
    pub(super) exchanged: Vec<&'static Spr>,
    pub(super) read: Vec<&'static Spr>,
    /// What problem state sees of a register that the page shadows.
    pub(super) aliases: Vec<&'static Spr>,
    pub(super) fields: Vec<&'static Field>,
    pub(super) patched_reads: Vec<&'static Spr>,
    pub(super) patched_writes: Vec<&'static Spr>,
    pub(super) calls: Vec<u32>,
    pub(super) regs: Vec<&'static Spr>,
    pub(super) sregs: Vec<&'static Spr>,
    /// Registers that user space reaches one at a time.
    pub(super) one_regs: Vec<(&'static OneReg, &'static Spr)>,
    /// Numbers that are no register's.
    pub(super) numbers: Vec<u16>,
    pub(super) odds: Vec<&'static Odd>,
}

impl Vocabulary {
    /// What there is to speak of.
    pub(super) fn new(environment: &Environment) -> Self {
        let rows = || (0..spr::NUMBERS).filter_map(|number| Spr::lookup(environment.cpu, number));
        let named = |names: &[&str]| rows().filter(|spr| names.contains(&spr.name)).collect::<Vec<_>>();
        let held = named(HELD);
        let patched = |write: bool| {
            let here = REPLACEMENTS.iter().filter(|row| environment.cpu.set.intersects(row.cpus));
            let numbers = here.filter_map(move |row| match row.pattern {
                Pattern::Mfspr(number) if !write => Some(number),
                Pattern::Mtspr(number) if write => Some(number),
                _ => None,
            });
            let sprs = numbers.filter_map(|number| Spr::lookup(environment.cpu, number));
            sprs.filter(|spr| environment.field_of(spr).is_some()).collect::<Vec<_>>()
        };
        let paged = environment.has(Feature::MagicPage);
        let hosted = environment.has(Feature::Ioctl);
        let if_here = |condition: bool, sprs: Vec<&'static Spr>| if condition { sprs } else { Vec::new() };
        let of_host = |names: &[&str]| {
            let known = |spr: &&&'static Spr| names.contains(&super::action::sreg(spr));
            held.iter().filter(known).copied().collect::<Vec<_>>()
        };
        let calls = HYPERCALLS.iter().map(|call| call.token);
        // One waits for an interrupt, one has a step of its own.
        let calls = calls.filter(|token| ![EV_IDLE, KVM_HC_PPC_MAP_MAGIC_PAGE].contains(token));
        Self {
            exchanged: named(EXCHANGED),
            read: named(READ),
            aliases: rows().filter(|spr| spr.is_alias() && environment.field_of(spr).is_some()).collect(),
            fields: FIELDS.iter().filter(|field| paged && environment.cpu.set.intersects(field.cpus)).collect(),
            patched_reads: if_here(paged, patched(false)),
            patched_writes: if_here(paged, patched(true)),
            calls: if environment.has(Feature::Hypercall) { calls.chain(UNKNOWN_CALLS).collect() } else { Vec::new() },
            regs: if_here(hosted, of_host(REGS)),
            one_regs: if hosted { one_regs(&held) } else { Vec::new() },
            numbers: NUMBERS.into_iter().filter(|number| !is_readable(environment, *number)).collect(),
            odds: odd::here(environment),
            sregs: if_here(hosted && environment.family().is_booke(), of_host(SREGS)),
            held,
        }
    }
}

/// True if the CPU has a register of this number that a kernel can read.
fn is_readable(environment: &Environment, number: u16) -> bool {
    Spr::lookup(environment.cpu, number).is_some_and(|spr| spr.supervisor.can_read())
}

/// Those of these registers that have an identifier of their own.
fn one_regs(held: &[&'static Spr]) -> Vec<(&'static OneReg, &'static Spr)> {
    let of = |register: &'static OneReg| match register.meaning {
        Meaning::Spr(number) => held.iter().find(|spr| spr.number == number).map(|spr| (register, *spr)),
        Meaning::OrTsr | Meaning::ClearTsr | Meaning::Mas7And3 | Meaning::Breakpoint | Meaning::OfHypervisor => None,
    };
    ONE_REGS.iter().filter_map(of).collect()
}

/// True for the fields of the segment registers: one that is in use must stay as it is.
pub(super) fn is_segment(field: &Field) -> bool {
    field.name.strip_prefix("sr").is_some_and(|rest| rest.parse::<u8>().is_ok())
}

/// True for the fields that are no registers and hold what is stored to them.
pub(super) fn is_plain(field: &Field) -> bool {
    field.name.starts_with("scratch") || field.name == "critical"
}

/// Tokens without a meaning: a number of KVM's, the same under another vendor, none.
const UNKNOWN_CALLS: [u32; 3] = [0x002a_7fff, 0x0001_7fff, 0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::testing::environment;

    #[test]
    fn every_name_of_the_lists_is_a_register_s() {
        for name in HELD.iter().chain(EXCHANGED).chain(READ) {
            assert!(Spr::by_name(name).next().is_some(), "{name}");
        }
    }

    #[test]
    fn each_cpu_has_its_own_registers_and_only_a_page_has_fields() {
        let names = |id: &str| Vocabulary::new(&environment(id)).held.iter().map(|spr| spr.name).collect::<Vec<_>>();
        assert!(names("ref-e500v2-pr").contains(&"MAS7") && !names("ref-440-pr").contains(&"MAS7"));
        assert!(names("ref-970-pr").contains(&"DAR") && !names("ref-970-pr").contains(&"SPRG4"));
        let fields = |id: &str| Vocabulary::new(&environment(id)).fields.len();
        assert!(fields("ref-e500v2-pr") > 20 && fields("ref-e500v2-bare") == 0);
    }
}
