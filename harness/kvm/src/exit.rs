//! Why KVM_RUN returned: the head of `struct kvm_run` (include/uapi/linux/kvm.h).
//!
//! ```text
//!   +0x08  u32 exit_reason
//!   +0x20  by reason:  MMIO     u64 address, u8 data[8], u32 length, u8 is_write
//!                      UNKNOWN  u64 hardware_exit_reason
//!                      PAPR     u64 nr, u64 ret, u64 args[9]
//!                      DEBUG    u64 address, u32 status
//!                      EPR      u32 epr
//!                      OSI      u64 gprs[32]
//! ```

use sprig_isa::answer::HCALL_REGISTERS;

/// Bytes of `struct kvm_run` that are looked at.
pub const HEAD: usize = AT_ARGUMENTS + size_of::<[u64; HCALL_REGISTERS]>();
/// Where the data of an MMIO exit lie; what is stored there is what a load gets.
pub const AT_DATA: usize = AT_UNION + 8;
/// Where the answer to a hypercall goes, r3 of the guest.
pub const AT_STATUS: usize = AT_UNION + 8;
/// Where the arguments of a hypercall are, r4 to r12 of the guest, and where what it gets there goes.
pub const AT_ARGUMENTS: usize = AT_UNION + 16;
/// Where the interrupt vector goes that the kernel has asked for.
pub const AT_VECTOR: usize = AT_UNION;
/// Where a call of Mac-on-Linux has the guest's general registers, and where what they are to be goes.
pub const AT_GPRS: usize = AT_UNION;

const AT_REASON: usize = 0x08;
const AT_UNION: usize = 0x20;
const AT_DEBUG_STATUS: usize = AT_UNION + 8;
const AT_LENGTH: usize = AT_UNION + 16;
const AT_IS_WRITE: usize = AT_UNION + 20;

/// KVM_EXIT_*.
mod reason {
    pub(super) const UNKNOWN: u32 = 0;
    pub(super) const DEBUG: u32 = 4;
    pub(super) const MMIO: u32 = 6;
    pub(super) const SHUTDOWN: u32 = 8;
    pub(super) const FAIL_ENTRY: u32 = 9;
    pub(super) const INTR: u32 = 10;
    pub(super) const NMI: u32 = 16;
    pub(super) const INTERNAL_ERROR: u32 = 17;
    pub(super) const OSI: u32 = 18;
    pub(super) const PAPR_HCALL: u32 = 19;
    pub(super) const WATCHDOG: u32 = 21;
    pub(super) const EPR: u32 = 23;
    pub(super) const SYSTEM_EVENT: u32 = 24;
}

/// An access to memory that is not there. The data have the guest's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mmio {
    /// Guest-physical address.
    pub address: u64,
    /// Bytes, at most eight.
    pub length: usize,
    /// What is stored; none for a load.
    pub stored: Option<[u8; 8]>,
}

/// A hypercall of a partition that the kernel does not answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypercall {
    /// Which, of `sprig_isa::hcall::papr`.
    pub token: u64,
    /// r4 to r12.
    pub arguments: [u64; HCALL_REGISTERS],
}

/// What the kernel says about a guest that has stopped for its debugger: `struct kvm_debug_exit_arch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Where.
    pub address: u64,
    /// Why: KVMPPC_DEBUG_*.
    pub status: u32,
}

/// A return of KVM_RUN that is not the board's business: the hypervisor did not know how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected {
    /// KVM_EXIT_*.
    pub reason: u32,
    /// What the kernel says of it: `hardware_exit_reason` and the like, the address of an MMIO access.
    pub detail: u64,
}

/// A return of KVM_RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// An access to where no memory is.
    Mmio(Mmio),
    /// A partition's hypercall.
    Hypercall(Hypercall),
    /// The guest has stopped for its debugger.
    Debug(Stopped),
    /// An external interrupt has been delivered: which is it?
    Vector,
    /// The watchdog's last time-out has come.
    Watchdog,
    /// A call of Mac-on-Linux.
    Osi,
    /// A signal.
    Interrupted,
    /// Anything else.
    Unexpected(Unexpected),
}

impl Exit {
    /// Reads the head of `struct kvm_run`.
    #[must_use]
    pub fn decode(run: &[u8; HEAD]) -> Self {
        let reason = u32::from_ne_bytes(field(run, AT_REASON));
        let double = u64::from_ne_bytes(field(run, AT_UNION));
        let word = u32::from_ne_bytes(field(run, AT_UNION));
        let detail = match reason {
            reason::INTR => return Self::Interrupted,
            reason::EPR => return Self::Vector,
            reason::WATCHDOG => return Self::Watchdog,
            reason::OSI => return Self::Osi,
            reason::DEBUG => {
                let status = u32::from_ne_bytes(field(run, AT_DEBUG_STATUS));
                return Self::Debug(Stopped { address: double, status });
            }
            reason::MMIO => {
                let data: [u8; 8] = field(run, AT_DATA);
                return Self::Mmio(Mmio {
                    address: double,
                    length: (u32::from_ne_bytes(field(run, AT_LENGTH)) as usize).min(data.len()),
                    stored: (field::<1>(run, AT_IS_WRITE) != [0]).then_some(data),
                });
            }
            reason::PAPR_HCALL => {
                let argument = |index: usize| u64::from_ne_bytes(field(run, AT_ARGUMENTS + 8 * index));
                return Self::Hypercall(Hypercall { token: double, arguments: core::array::from_fn(argument) });
            }
            reason::UNKNOWN | reason::FAIL_ENTRY => double,
            reason::INTERNAL_ERROR | reason::SYSTEM_EVENT => word.into(),
            _ => 0,
        };
        Self::Unexpected(Unexpected { reason, detail })
    }
}

impl Unexpected {
    /// A watchdog's last time-out that nobody has asked for.
    pub const WATCHDOG: Self = Self { reason: reason::WATCHDOG, detail: 0 };
    /// A call of Mac-on-Linux that nobody answers.
    pub const OSI: Self = Self { reason: reason::OSI, detail: 0 };
}

impl Stopped {
    /// The stop as an unexpected return: nobody debugs the guest.
    #[must_use]
    pub const fn unexpected(&self) -> Unexpected {
        Unexpected { reason: reason::DEBUG, detail: self.status as u64 }
    }
}

impl Mmio {
    /// The access as an unexpected return: nothing is at this address.
    #[must_use]
    pub const fn unexpected(&self) -> Unexpected {
        Unexpected { reason: reason::MMIO, detail: self.address }
    }
}

/// Name of an exit reason, without KVM_EXIT_; none if it is none that PowerPC has.
#[must_use]
pub const fn reason_name(reason: u32) -> Option<&'static str> {
    Some(match reason {
        reason::UNKNOWN => "UNKNOWN",
        reason::DEBUG => "DEBUG",
        reason::MMIO => "MMIO",
        reason::SHUTDOWN => "SHUTDOWN",
        reason::FAIL_ENTRY => "FAIL_ENTRY",
        reason::NMI => "NMI",
        reason::INTERNAL_ERROR => "INTERNAL_ERROR",
        reason::OSI => "OSI",
        reason::PAPR_HCALL => "PAPR_HCALL",
        reason::WATCHDOG => "WATCHDOG",
        reason::EPR => "EPR",
        reason::SYSTEM_EVENT => "SYSTEM_EVENT",
        _ => return None,
    })
}

/// Bytes at a constant place of the head.
fn field<const N: usize>(run: &[u8; HEAD], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(source) = run.get(at..at + N) {
        bytes.copy_from_slice(source);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{mmio, unknown};

    #[test]
    fn a_store_and_a_load_are_told_apart() {
        let store = mmio(0x0f00_0004, 4, Some([1, 2, 3, 4, 0, 0, 0, 0]));
        let expected = Mmio { address: 0x0f00_0004, length: 4, stored: Some([1, 2, 3, 4, 0, 0, 0, 0]) };
        assert_eq!(Exit::decode(&store), Exit::Mmio(expected));
        let expected = Mmio { address: 0x0f00_0014, length: 4, stored: None };
        assert_eq!(Exit::decode(&mmio(0x0f00_0014, 4, None)), Exit::Mmio(expected));
    }

    #[test]
    fn a_hypercall_has_its_token_and_arguments() {
        let mut run = [0; HEAD];
        run[0x08..0x0c].copy_from_slice(&19u32.to_ne_bytes());
        run[0x20..0x28].copy_from_slice(&0x31c_u64.to_ne_bytes());
        run[0x28..0x30].copy_from_slice(&7_u64.to_ne_bytes());
        let arguments = [1, 4, 9, 2, 5, 8, 3, 6, 7];
        for (place, argument) in run[0x30..0x78].chunks_exact_mut(8).zip(arguments) {
            place.copy_from_slice(&u64::to_ne_bytes(argument));
        }
        assert_eq!(Exit::decode(&run), Exit::Hypercall(Hypercall { token: 0x31c, arguments }));
    }

    #[test]
    fn a_stop_has_its_address_and_status_and_a_vector_is_asked_for() {
        let mut run = [0; HEAD];
        run[0x08..0x0c].copy_from_slice(&4u32.to_ne_bytes());
        run[0x20..0x28].copy_from_slice(&0x1234u64.to_ne_bytes());
        run[0x28..0x2c].copy_from_slice(&2u32.to_ne_bytes());
        let stopped = Stopped { address: 0x1234, status: 2 };
        assert_eq!(Exit::decode(&run), Exit::Debug(stopped));
        assert_eq!(stopped.unexpected(), Unexpected { reason: 4, detail: 2 });
        run[0x08..0x0c].copy_from_slice(&23u32.to_ne_bytes());
        assert_eq!(Exit::decode(&run), Exit::Vector);
        run[0x08..0x0c].copy_from_slice(&21u32.to_ne_bytes());
        assert_eq!(Exit::decode(&run), Exit::Watchdog);
        run[0x08..0x0c].copy_from_slice(&18u32.to_ne_bytes());
        assert_eq!(Exit::decode(&run), Exit::Osi);
    }

    #[test]
    fn a_length_larger_than_the_data_is_cut() {
        let Exit::Mmio(Mmio { length, .. }) = Exit::decode(&mmio(0, 4000, None)) else { panic!("an access") };
        assert_eq!(length, 8);
    }

    #[test]
    fn a_hypervisor_that_does_not_know_on_says_why() {
        let expected = Unexpected { reason: 0, detail: 0xffff_ffff_7c00_0000 };
        assert_eq!(Exit::decode(&unknown(0xffff_ffff_7c00_0000)), Exit::Unexpected(expected));
    }
}
