//! Why an instruction did not complete: interrupts as the CPU raises them, before anybody delivers them.

use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::exception::Exception;
use sprig_isa::syndrome::{dsisr, esr, srr1};

use super::opcode::primary;
use super::{Access, Core, Insn};

/// Why an address has no usable translation. One word for the four models; [`Interrupt::storage`] says which interrupt
/// that is on which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No TLB entry, or no page table entry.
    Miss,
    /// No segment (Book3S-64: no SLB entry).
    NoSegment,
    /// The page does not allow this access.
    Protection,
    /// The page or its segment does not allow execution.
    NoExecute,
    /// The access touches storage of a kind that does not support it (reservation or dcbz on cache-inhibited storage,
    /// direct-store segment).
    Unsupported,
}

/// An interrupt an instruction causes, in the words of no family: what SRR1, ESR or DSISR get is worked out here, where
/// it is put is the business of the one who delivers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Which interrupt.
    pub exception: Exception,
    /// Its syndrome: ESR on the embedded families; on the server families SRR1 bits for program, instruction storage
    /// and trace interrupts, DSISR for data storage and alignment. For a system call it is the call's level.
    pub syndrome: u32,
    /// The effective address at fault (DEAR or DAR), for the interrupts that have one.
    pub address: Option<u64>,
}

/// The instruction has caused an interrupt: [`Core::raised`] says which. The loop asks after every instruction, so what
/// it asks for fits a register.
#[derive(Debug)]
pub(super) struct Raised(());

impl Core {
    /// The instruction has caused this interrupt.
    #[inline]
    pub(super) fn raise(&mut self, interrupt: Interrupt) -> Raised {
        self.raised = interrupt;
        Raised(())
    }

    /// The same if it has.
    #[inline]
    pub(super) fn raise_any<T>(&mut self, result: Result<T, Interrupt>) -> Result<T, Raised> {
        result.map_err(|interrupt| self.raise(interrupt))
    }
}

impl Interrupt {
    /// An interrupt without syndrome or address.
    #[must_use]
    pub const fn new(exception: Exception) -> Self {
        Self { exception, syndrome: 0, address: None }
    }

    /// A program interrupt: the instruction does not exist.
    #[must_use]
    pub const fn illegal(family: Family) -> Self {
        Self::program(if family.is_booke() { esr::PIL } else { srr1::ILLEGAL as u32 })
    }

    /// A program interrupt: the instruction is privileged and MSR\[PR\] is 1.
    #[must_use]
    pub const fn privileged(family: Family) -> Self {
        Self::program(if family.is_booke() { esr::PPR } else { srr1::PRIVILEGED as u32 })
    }

    /// A program interrupt: a trap instruction's condition holds.
    #[must_use]
    pub const fn trap(family: Family) -> Self {
        Self::program(if family.is_booke() { esr::PTR } else { srr1::TRAP as u32 })
    }

    const fn program(syndrome: u32) -> Self {
        Self { exception: Exception::Program, syndrome, address: None }
    }

    /// An alignment interrupt. The embedded families say whether it was a store; the server families describe it in
    /// DSISR: the opcode bits that tell the access apart, RT and RA (MPC750 user manual, table "DSISR bit settings").
    #[must_use]
    pub fn alignment(cpu: &Cpu, insn: Insn, access: Access, address: u64) -> Self {
        let syndrome = if cpu.family.is_booke() {
            store(access, esr::ST)
        } else {
            let opcode = if insn.primary() == primary::X31 {
                (insn.0 >> 1 & 3) << 15 | (insn.0 >> 6 & 1) << 14 | (insn.0 >> 7 & 0xf) << 10
            } else {
                (insn.0 >> 26 & 1) << 14 | (insn.0 >> 27 & 0xf) << 10
            };
            opcode | (insn.0 >> 16 & 0x3ff)
        };
        Self { exception: Exception::Alignment, syndrome, address: Some(address) }
    }

    /// The interrupt for a failed translation.
    #[must_use]
    pub fn storage(family: Family, fault: Fault, access: Access, address: u64) -> Self {
        let fetch = access == Access::Fetch;
        let (exception, syndrome) = match (family.is_booke(), fault) {
            (true, Fault::Miss | Fault::NoSegment) if fetch => (Exception::InstructionTlbError, 0),
            (true, Fault::Miss | Fault::NoSegment) => (Exception::DataTlbError, store(access, esr::ST)),
            (true, _) if fetch => (Exception::InstructionStorage, 0),
            (true, _) => (Exception::DataStorage, store(access, esr::ST)),
            (false, Fault::NoSegment) if fetch => (Exception::InstructionSegment, 0),
            (false, Fault::NoSegment) => (Exception::DataSegment, 0),
            (false, _) if fetch => (
                Exception::InstructionStorage,
                match fault {
                    Fault::Miss | Fault::NoSegment => srr1::ISI_NO_TRANSLATION as u32,
                    Fault::Protection => srr1::ISI_PROTECTION as u32,
                    Fault::NoExecute | Fault::Unsupported => srr1::ISI_NO_EXECUTE as u32,
                },
            ),
            (false, _) => (
                Exception::DataStorage,
                store(access, dsisr::STORE)
                    | match fault {
                        Fault::Miss | Fault::NoSegment => dsisr::NO_TRANSLATION,
                        Fault::Protection | Fault::NoExecute => dsisr::PROTECTION,
                        Fault::Unsupported => dsisr::UNSUPPORTED,
                    },
            ),
        };
        Self { exception, syndrome, address: (!fetch).then_some(address) }
    }
}

fn store(access: Access, bit: u32) -> u32 {
    if access == Access::Store { bit } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dsisr_of_an_alignment_interrupt_has_the_bits_of_the_word_that_tell_the_access() {
        let cpu = Cpu::by_name("750").expect("a CPU of the table");
        let of_form = |word: u32| Interrupt::alignment(cpu, Insn(word), Access::Load, 0).syndrome;
        let syndrome = |word: u32| of_form(primary::X31 << 26 | word & 0x03ff_ffff);
        // Bits 29 and 30, 25, 21 to 24, 6 to 15 of the word, as they are numbered from the left.
        assert_eq!(syndrome(0b11 << 1), 0b11 << 15);
        assert_eq!(syndrome(1 << 6), 1 << 14);
        assert_eq!(syndrome(0b1111 << 7), 0b1111 << 10);
        assert_eq!(syndrome(0x3ff << 16), 0x3ff);
        // Of D-form bit 5, and 1 to 4.
        assert_eq!(of_form(0b10_0001 << 26), 1 << 14);
        assert_eq!(of_form(0b01_1110 << 26 | 0xffff), 0b1111 << 10);
        // None of the others.
        assert_eq!(syndrome(!(0b11 << 1 | 1 << 6 | 0b1111 << 7 | 0x3ff << 16)), 0);
    }
}
