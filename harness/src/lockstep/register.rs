//! What is compared: the registers QEMU prints, by the names it prints them under.

use sprig_isa::cpu::Cpu;
use sprig_isa::spr::{Spr, number};
use std::fmt;

/// QEMU prints a register that the reference does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("QEMU prints a register {name:?}, which {cpu} does not have by our tables")]
pub struct Unknown {
    /// Its name in the trace.
    pub name: String,
    /// The CPU.
    pub cpu: &'static str,
}

/// One register of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Register {
    /// Address of the next instruction.
    Nip,
    /// A general-purpose register.
    Gpr(u8),
    /// Condition register.
    Cr,
    /// Machine state register.
    Msr,
    /// The reservation of lwarx: its address, or none.
    Reservation,
    /// A special-purpose register, by its number.
    Spr(u16),
}

/// QEMU's name for VRSAVE, and for USPRG0 on embedded CPUs.
const VRSAVE: &str = "VRSAVE";

/// What a trace has in addition to registers of the CPU: HF is QEMU's own; EPCR and EPR are printed on every embedded
/// CPU, but only those with the hypervisor category have them.
const NOT_COMPARED: [&str; 3] = ["HF", "EPCR", "EPR"];

/// These are printed for every server CPU. Not all have them: neither 970's SPRG4-7, which do not exist, nor the
/// reference its HID0, which says how the core is to be run.
const NOT_OF_ALL: [&str; 5] = ["SPRG4", "SPRG5", "SPRG6", "SPRG7", "HID0"];

impl Register {
    /// The register printed under this name for this CPU; none if it is not one that is compared.
    ///
    /// # Errors
    /// [`Unknown`] if the reference has no register of that name: then something is not compared.
    pub fn by_name(cpu: &Cpu, name: &str) -> Result<Option<Self>, Unknown> {
        Ok(Some(match name {
            "NIP" => Self::Nip,
            "CR" => Self::Cr,
            "MSR" => Self::Msr,
            VRSAVE => Self::Spr(number::USPRG0),
            _ if NOT_COMPARED.contains(&name) => return Ok(None),
            _ => {
                let row = Spr::by_name(name).find(|spr| spr.cpus.intersects(cpu.set));
                if row.is_none() && NOT_OF_ALL.contains(&name) {
                    return Ok(None);
                }
                Self::Spr(row.ok_or_else(|| Unknown { name: name.to_owned(), cpu: cpu.name })?.number)
            }
        }))
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self, cpu: &Cpu) -> String {
        match self {
            Self::Spr(number) => {
                Spr::lookup(cpu, number).map_or_else(|| format!("SPR {number}"), |spr| spr.name.to_owned())
            }
            Self::Gpr(number) => format!("r{number}"),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nip => f.write_str("NIP"),
            Self::Gpr(number) => write!(f, "r{number}"),
            Self::Cr => f.write_str("CR"),
            Self::Msr => f.write_str("MSR"),
            Self::Reservation => f.write_str("reservation"),
            Self::Spr(number) => write!(f, "SPR {number}"),
        }
    }
}
