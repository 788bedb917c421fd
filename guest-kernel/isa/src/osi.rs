//! Mac-on-Linux' calls of its host, OSI: KVM_CAP_PPC_OSI and KVM_EXIT_OSI (Documentation/virt/kvm/api.rst, sections 5 and 6.1).
//!
//! ```text
//!   guest        r0 ... r2   r3  ...  r12      r13 ... r31
//!                 |           |        |        |       |
//!                 v           v        v        v       v
//!   kvm_run      gprs[0] ... gprs[3] ... [12]  ...     [31]    noted
//!                 |           |        |        |       |
//!                 v           v        v        v       v
//!   guest        as it was   first .. first+9  as it was
//! ```
//!
//! All of them go both ways, also those that the guest kernel needs itself and that user space leaves alone.

use core::ops::RangeInclusive;

/// What `sc` has in r3 and r4, words whatever the mode (arch/powerpc/include/asm/kvm_book3s.h, OSI_SC_MAGIC_R3 and _R4).
pub const MAGIC: [u32; 2] = [0x1137_24fa, 0x7781_0f9b];
/// Which registers these are.
pub const MAGIC_REGISTERS: [usize; 2] = [3, 4];
/// General registers.
pub const REGISTERS: usize = 32;
/// Those that user space changes: the ones in which a function returns something, or need not keep anything.
pub const CHANGED: RangeInclusive<usize> = 3..=12;

/// True if an `sc` with these registers is such a call.
#[must_use]
pub fn is_call(gprs: &[u64; REGISTERS]) -> bool {
    MAGIC_REGISTERS.map(|register| gprs[register] as u32) == MAGIC
}

/// User space: what it answers, and what it has been called with.
#[derive(Clone, Copy, Debug)]
pub struct Responder {
    first: u64,
    calls: u64,
    last: [u64; REGISTERS],
}

impl Responder {
    /// One that answers with `first`, and with one more in each following register.
    #[must_use]
    pub const fn new(first: u64) -> Self {
        Self { first, calls: 0, last: [0; REGISTERS] }
    }

    /// Answers a call, and notes what it was called with.
    pub fn answer(&mut self, gprs: &mut [u64; REGISTERS]) {
        self.calls += 1;
        self.last = *gprs;
        for (index, register) in (0..).zip(CHANGED) {
            gprs[register] = self.first.wrapping_add(index);
        }
    }

    /// What a register held at the last call, and how many there were; none if there is no such register.
    #[must_use]
    pub fn seen(&self, register: u64) -> Option<[u64; 2]> {
        let register = self.last.get(usize::try_from(register).ok()?)?;
        Some([*register, self.calls])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_compared() {
        let mut gprs = [7; REGISTERS];
        [gprs[3], gprs[4]] = [0x5_1137_24fa, 0x6_7781_0f9b];
        assert!(is_call(&gprs));
        gprs[4] ^= 1;
        assert!(!is_call(&gprs));
    }

    #[test]
    fn it_changes_ten_registers_and_remembers_all_of_the_last_call() {
        let mut responder = Responder::new(u64::MAX);
        assert_eq!(responder.seen(0), Some([0, 0]));
        responder.answer(&mut [9; REGISTERS]);
        let called: [u64; REGISTERS] = core::array::from_fn(|register| 0x100 + register as u64);
        let mut gprs = called;
        responder.answer(&mut gprs);
        assert_eq!((gprs[..3].to_vec(), gprs[13..].to_vec()), (called[..3].to_vec(), called[13..].to_vec()));
        assert_eq!(gprs[3..13], [u64::MAX, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            (responder.seen(31), responder.seen(0), responder.seen(32)),
            (Some([0x11f, 2]), Some([0x100, 2]), None)
        );
    }
}
