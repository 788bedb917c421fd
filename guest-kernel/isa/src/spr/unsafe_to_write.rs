//! Numbers that a sweep must not write, not even with what reading them gave: one table, with the reason for each.
//!
//! A sweep writes back what it has read. That is harmless (a debugger that saves and restores every register does the
//! same) except where reading gives something other than the register.

use super::number as n;
use crate::cpu::CpuSet;

/// A number that is not to be written.
#[derive(Debug)]
pub struct UnsafeToWrite {
    /// The number.
    pub number: u16,
    /// On these CPUs.
    pub cpus: CpuSet,
    /// Why.
    pub reason: &'static str,
}

const fn row(number: u16, cpus: CpuSet, reason: &'static str) -> UnsafeToWrite {
    UnsafeToWrite { number, cpus, reason }
}

/// Every such number.
pub static UNSAFE_TO_WRITE: &[UnsafeToWrite] = &[
    row(
        n::DECAR,
        CpuSet::BOOKE,
        "write only: reading gives nothing to put back, and the decrementer would reload what was left in the register",
    ),
    row(
        n::CTRL_WRITE,
        CpuSet::BOOK3S64,
        "write only: read as CTRL (136); what was left in the register would stop the thread's run latch",
    ),
    row(
        n::TBWL,
        CpuSet::all(),
        "write only: read as TBL (268), which has gone on; the time base is what everybody's timers count by",
    ),
    row(
        n::TBWU,
        CpuSet::all(),
        "write only: read as TBU (269), which has gone on; the time base is what everybody's timers count by",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CPUS;
    use crate::spr::{NUMBERS, Spr};

    #[test]
    fn every_register_that_is_written_and_never_read_is_unsafe_to_write_back() {
        for cpu in CPUS {
            for number in 0..NUMBERS {
                let write_only = Spr::lookup(cpu, number)
                    .is_some_and(|spr| spr.supervisor.can_write() && !spr.supervisor.can_read());
                let listed = UNSAFE_TO_WRITE.iter().any(|row| row.number == number && row.cpus.intersects(cpu.set));
                assert!(!write_only || listed, "{number} on {}", cpu.name);
            }
        }
    }
}
