//! What resolving finds out in addition to the program: what it needs of a CPU, and what all instances have in common.

use super::lookup::Reports;
use super::pages;
use crate::assemble::rights_text;
use crate::guard::has_register;
use crate::limit;
use sprig_judge::case::Profile;
use std::collections::HashSet;

/// What a line needs of the CPU it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// This special register.
    Register(&'static str),
    /// Address translation whose misses are interrupts: `exit tlb-miss`.
    TlbMiss,
    /// Page tables that know these rights, see [`sprig_wire::bytecode::permission`].
    Rights(u8),
}

impl Need {
    /// The register, if it is one.
    pub(crate) const fn register(self) -> Option<&'static str> {
        match self {
            Self::Register(name) => Some(name),
            _ => None,
        }
    }

    /// Why a target does not have it, if it does not.
    pub(crate) fn missing(self, profile: &Profile) -> Option<String> {
        let cpu = profile.cpu;
        match self {
            Self::Register(name) => (!has_register(cpu, name)).then(|| format!("the {} has no {name}", cpu.name)),
            Self::TlbMiss => (!cpu.family.is_booke()).then(|| format!("the {} takes no TLB miss interrupt", cpu.name)),
            Self::Rights(rights) => (!pages::are_known(rights, profile.features))
                .then(|| format!("the page tables of the {} know no page `{}`", cpu.name, rights_text(rights))),
        }
    }
}

/// What resolving the instances of one script has in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reports: Reports,
    /// Parameters that some instance speaks of.
    pub(crate) used: HashSet<String>,
    /// What is left of [`limit::WORK`].
    pub(super) work: usize,
    /// Something has become too large: nothing more is resolved.
    pub(super) stopped: bool,
}

impl Default for Shared {
    fn default() -> Self {
        Self { reports: Reports::default(), used: HashSet::new(), work: limit::WORK, stopped: false }
    }
}
