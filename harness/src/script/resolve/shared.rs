//! What resolving finds out besides the program: what it needs of a CPU, and what all instances have in common.

use super::super::guard::has_register;
use super::super::limit;
use super::lookup::Reports;
use sprig_isa::cpu::Cpu;
use std::collections::HashSet;

/// What a line needs of the CPU it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Need {
    /// This special register.
    Register(&'static str),
    /// Address translation whose misses are interrupts: `exit tlb-miss`.
    TlbMiss,
}

impl Need {
    /// Why the CPU does not have it, if it does not.
    pub(in super::super) fn missing(self, cpu: &Cpu) -> Option<String> {
        match self {
            Self::Register(name) => (!has_register(cpu, name)).then(|| format!("the {} has no {name}", cpu.name)),
            Self::TlbMiss => (!cpu.family.is_booke()).then(|| format!("the {} takes no TLB miss interrupt", cpu.name)),
        }
    }
}

/// What resolving the instances of one script has in common.
#[derive(Debug)]
pub(in super::super) struct Shared {
    pub(in super::super) reports: Reports,
    /// Parameters that some instance speaks of.
    pub(in super::super) used: HashSet<String>,
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
