//! `struct kvm_regs` and `struct kvm_sregs` (arch/powerpc/include/uapi/asm/kvm.h), and KVM_REG_PPC_* identifiers.
//!
//! Scripts name registers as in [`sprig_wire::host`]; the members of `kvm_regs` are in that order.

pub mod one_reg;
mod sregs;

pub use sregs::{Family, Sregs};

use sprig_wire::host::REGS;

/// Members of `struct kvm_regs` in front of the general registers.
const NAMED: usize = 17;
/// Index of the program counter in [`Regs::named`].
const PC: usize = 0;
/// Of the machine state register.
const MSR: usize = 5;
/// Of the save/restore registers.
const SRR0: usize = 6;
const SRR1: usize = 7;
/// What [`Regs::place`] tells.
const PLACE: [usize; 4] = [PC, MSR, SRR0, SRR1];
/// And of the count register.
const CTR: usize = 2;

/// `struct kvm_regs`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regs {
    /// The registers that [`REGS`] names, in its order.
    pub named: [u64; NAMED],
    /// General registers.
    pub gpr: [u64; 32],
}

const _: () = assert!(NAMED == REGS.len(), "kvm_regs has the registers that scripts may name");

impl Regs {
    /// Every register zero, and execution begins here.
    #[must_use]
    pub const fn at(pc: u64) -> Self {
        let mut named = [0; NAMED];
        named[PC] = pc;
        Self { named, gpr: [0; 32] }
    }

    /// The program counter.
    #[must_use]
    pub const fn pc(&self) -> u64 {
        self.named[PC]
    }

    /// Execution goes on there.
    pub const fn set_pc(&mut self, pc: u64) {
        self.named[PC] = pc;
    }

    /// Sets the machine state register.
    pub const fn set_msr(&mut self, msr: u64) {
        self.named[MSR] = msr;
    }

    /// Where a guest that gets nowhere is: the instruction, the state, and the last interrupt. By name.
    pub fn place(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        PLACE.iter().filter_map(|index| Some((*REGS.get(*index)?, *self.named.get(*index)?)))
    }

    /// Sets the count register.
    pub const fn set_ctr(&mut self, count: u64) {
        self.named[CTR] = count;
    }
}
