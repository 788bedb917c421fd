//! Debugging a guest from user space: KVM_SET_GUEST_DEBUG, and the answer to each KVM_EXIT_DEBUG.
//!
//! The debugger lets the guest run from one software breakpoint to the next, and if it was asked for steps, it steps
//! through what lies between two of them: so a case says which of its instructions are stepped through, and those of
//! the guest kernel are not.
//!
//! ```text
//!   KVM_SET_GUEST_DEBUG           breakpoint    breakpoint
//!   ------------------------------>|+++++++++++>|-------->     + steps
//!     asked for, without steps     '------------'-- the guest continues after it
//! ```
//!
//! Stops are reported as places, in instructions from the first stop, so that they are the same wherever the code is.

/// KVM_GUESTDBG_ENABLE (include/uapi/linux/kvm.h).
pub const ENABLE: u32 = 1 << 0;
/// KVM_GUESTDBG_SINGLESTEP.
pub const SINGLESTEP: u32 = 1 << 1;
/// KVM_GUESTDBG_USE_SW_BP (arch/powerpc/include/uapi/asm/kvm.h).
pub const USE_SW_BP: u32 = 1 << 16;
/// KVM_GUESTDBG_USE_HW_BP.
pub const USE_HW_BP: u32 = 1 << 17;

/// KVMPPC_DEBUG_BREAKPOINT: what a hardware breakpoint is set for, and why the guest has stopped.
pub const BREAKPOINT: u32 = 1 << 1;
/// KVMPPC_DEBUG_WATCH_WRITE.
pub const WATCH_WRITE: u32 = 1 << 2;
/// KVMPPC_DEBUG_WATCH_READ.
pub const WATCH_READ: u32 = 1 << 3;

/// The software breakpoint: an instruction that no CPU has (arch/powerpc/include/asm/kvm_ppc.h,
/// KVMPPC_INST_SW_BREAKPOINT).
pub const SOFTWARE_BREAKPOINT: u32 = 0x00dd_dd00;

/// Bits of DBCR0 of an embedded CPU (e500 core manual, section 2.14.1; arch/powerpc/include/asm/reg_booke.h). User
/// space's debugging sets some of them (arch/powerpc/kvm/booke.c, kvm_arch_vcpu_ioctl_set_guest_debug).
pub mod dbcr0 {
    /// The debug registers do not belong to the guest.
    pub const EDM: u32 = 1 << 31;
    /// Debug events interrupt.
    pub const IDM: u32 = 1 << 30;
    /// Each instruction is one.
    pub const ICMP: u32 = 1 << 27;
    /// Each branch that is taken.
    pub const BRT: u32 = 1 << 26;
    /// Each interrupt that is not of the critical class.
    pub const IRPT: u32 = 1 << 25;
    /// Each trap whose condition holds.
    pub const TRAP: u32 = 1 << 24;
    /// An instruction at IAC1, IAC2.
    pub const IAC: [u32; 2] = [1 << 23, 1 << 22];
    /// A load at DAC1, DAC2.
    pub const DAC_READ: [u32; 2] = [1 << 19, 1 << 17];
    /// A store.
    pub const DAC_WRITE: [u32; 2] = [1 << 18, 1 << 16];
    /// Each return from an interrupt.
    pub const RET: u32 = 1 << 15;
    /// Each interrupt of the critical class.
    pub const CIRPT: u32 = 1 << 6;
    /// Each return from one.
    pub const CRET: u32 = 1 << 5;
}

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;

/// The guest has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its program counter.
    pub pc: u64,
    /// Where the hypervisor says it is: `address` of `struct kvm_debug_exit_arch`.
    pub address: u64,
    /// Why, as the hypervisor says: KVMPPC_DEBUG_*, 0 for none of those.
    pub status: u32,
    /// A software breakpoint is there.
    pub is_breakpoint: bool,
}

/// The debugger of a guest.
#[derive(Clone, Debug, Default)]
pub struct Debugger {
    asked: u32,
    is_stepping: bool,
    first: Option<u64>,
    stops: u64,
    statuses: u32,
    by_pc: u64,
    by_address: u64,
}

impl Debugger {
    /// One that is asked for this: KVM_GUESTDBG_*.
    #[must_use]
    pub fn new(asked: u32) -> Self {
        Self { asked, ..Self::default() }
    }

    /// What KVM_SET_GUEST_DEBUG is to be told now.
    #[must_use]
    pub const fn control(&self) -> u32 {
        if self.is_stepping { self.asked } else { self.asked & !SINGLESTEP }
    }

    /// True if there is anything to debug.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.asked & ENABLE != 0
    }

    /// True if it is told of software breakpoints.
    #[must_use]
    pub const fn uses_breakpoints(&self) -> bool {
        self.is_enabled() && self.asked & USE_SW_BP != 0
    }

    /// True if it steps through the guest's instructions now.
    #[must_use]
    pub const fn is_stepping(&self) -> bool {
        self.is_stepping
    }

    /// Notes a stop. It may change [`Self::control`]; at a breakpoint the guest has to continue after it.
    pub fn note(&mut self, stop: &Stop) {
        let first = *self.first.get_or_insert(stop.pc);
        self.stops += 1;
        self.statuses |= stop.status;
        self.by_pc |= place(first, stop.pc);
        self.by_address |= place(first, stop.address);
        if stop.is_breakpoint {
            self.is_stepping = !self.is_stepping && self.asked & SINGLESTEP != 0;
        } else if !self.is_stepping {
            // A hardware breakpoint: the guest would not come past it.
            self.asked = 0;
        }
    }

    /// What was seen: how many stops, every reason that was given for one, where they were (bit n: n instructions after
    /// the first), and where they were said to be.
    #[must_use]
    pub fn seen(&self) -> [u64; 4] {
        [self.stops, self.statuses.into(), self.by_pc, self.by_address]
    }
}

/// The bit of a place after the first stop, if there is one for it.
fn place(first: u64, at: u64) -> u64 {
    u32::try_from(at.wrapping_sub(first) / INSTRUCTION).ok().and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(pc: u64, is_breakpoint: bool) -> Stop {
        Stop { pc, address: pc, status: 0, is_breakpoint }
    }

    #[test]
    fn it_steps_from_one_breakpoint_to_the_next() {
        let all = ENABLE | SINGLESTEP | USE_SW_BP;
        let mut debugger = Debugger::new(all);
        assert_eq!(debugger.control(), all & !SINGLESTEP);
        debugger.note(&stop(0x1000, true));
        assert_eq!(debugger.control(), all);
        debugger.note(&stop(0x1008, false));
        debugger.note(&stop(0x1010, true));
        assert_eq!(debugger.control(), all & !SINGLESTEP);
        assert_eq!(debugger.seen(), [3, 0, 0b1_0101, 0b1_0101]);
    }

    #[test]
    fn who_was_not_asked_for_steps_makes_none() {
        let mut debugger = Debugger::new(ENABLE | USE_SW_BP);
        debugger.note(&stop(0x1000, true));
        assert!(!debugger.is_stepping() && debugger.uses_breakpoints());
    }

    #[test]
    fn a_hardware_breakpoint_is_the_last_stop() {
        let mut debugger = Debugger::new(ENABLE | USE_HW_BP);
        debugger.note(&Stop { status: BREAKPOINT, address: 0x2000, ..stop(0x1000, false) });
        assert_eq!((debugger.control(), debugger.is_enabled()), (0, false));
        assert_eq!(debugger.seen(), [1, BREAKPOINT.into(), 1, 0]);
    }

    #[test]
    fn a_place_that_is_far_away_has_no_bit() {
        assert_eq!((place(0x1000, 0xffc), place(0x1000, 0x1100), place(0x1000, 0x10fc)), (0, 0, 1 << 63));
    }
}
