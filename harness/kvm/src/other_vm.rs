//! Another virtual machine on the same CPU: [`sprig_isa::other_vm`] has its program.
//!
//! ```text
//!   other-vm        the case's   KVM_RUN |                           | KVM_RUN
//!                   the other            | KVM_RUN ... power-off     |
//!
//!   start-other-vm  the case's   KVM_RUN    |preempted|        |preempted|    |  end-other-vm
//!                   the other     KVM_RUN ..|         |........|         |....  power-off
//! ```
//!
//! In between two KVM_RUNs of the case's, or by turns with one: then it is in a process of its own, which the host's
//! scheduler knows to be another's, and begins its program again until it is told to end.

use crate::board::{self, Latch, Request};
use crate::entry;
use crate::exit::Exit;
use crate::papr;
use crate::registers::{Regs, Sregs};
use crate::system::{EAGAIN, EINTR, Errno, Failure, Vm};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sprig_isa::other_vm::{self, Ending, PAUSE_INSTRUCTIONS, Registers};
use sprig_wire::board::{POWER_OFF, REGISTERS};
use sprig_wire::host::errno;
use sprig_wire::layout::CODE_BASE;

/// Returns of KVM_RUN, or of waiting for it, for a signal, after which it gets nowhere: some seconds, where it takes
/// the part of one.
pub const PATIENCE: u32 = 200;
/// Rounds of its program where it begins again and again, and how long it pauses between two of them, a millisecond at
/// 1 GHz: the scheduler takes the CPU in the middle of them, and it is soon at its end when it is to end. Without the
/// pause it would do nothing but leave the guest, which some hosts take very long for that are emulated.
const TURN_ROUNDS: u64 = 5;
const TURN_PAUSE: u64 = 1_000_000 / PAUSE_INSTRUCTIONS;
/// It left for something that its program does not do.
const EIO: Errno = Errno(errno::EIO);
/// It does not come to its end.
pub const ETIME: Errno = Errno(errno::ETIME);

/// Another machine.
#[derive(Debug)]
pub struct OtherVm<V> {
    vm: V,
    pristine: Sregs,
    /// What is in them at the beginning of its program.
    regs: Regs,
}

impl<V: Vm> OtherVm<V> {
    /// Makes it.
    ///
    /// # Errors
    /// The call that failed.
    fn new(beside: &V, value: u32, registers: Registers, [rounds, pause]: [u64; 2]) -> Result<Self, Failure> {
        let mut vm = beside.another()?;
        let pristine = vm.sregs().map_err(|errno| errno.of("KVM_GET_SREGS"))?;
        let ending = if vm.is_hv() { Ending::Hypercall } else { Ending::Store };
        let code = vm.ram().get_mut(CODE_BASE as usize..).unwrap_or(&mut []);
        for (place, word) in code.as_chunks_mut().0.iter_mut().zip(other_vm::program(registers, ending)) {
            *place = word.to_be_bytes();
        }
        let mut regs = Regs::at(CODE_BASE.into());
        regs.gpr = other_vm::general_registers(value, (REGISTERS + POWER_OFF).into(), pause);
        regs.set_ctr(rounds);
        Ok(Self { vm, pristine, regs })
    }

    /// Makes one that runs by turns with the case's.
    ///
    /// # Errors
    /// The call that failed.
    pub fn taking_turns(beside: &V, value: u32, registers: Registers) -> Result<Self, Failure> {
        Self::new(beside, value, registers, [TURN_ROUNDS, TURN_PAUSE])
    }

    /// Runs its program from beginning to end; the registers that ever held something else than it had written, as
    /// [`Registers::bits`].
    fn run(&mut self) -> Result<u64, Failure> {
        entry::enter(&mut self.vm, &self.pristine, &self.regs)?;
        let failed = |errno: Errno| errno.of("KVM_RUN of the other machine");
        for _ in 0..PATIENCE {
            let access = match self.vm.run() {
                Err(EINTR | EAGAIN) | Ok(Exit::Interrupted) => continue,
                Ok(Exit::Mmio(access)) => Some(access),
                Ok(Exit::Hypercall(call)) => papr::store(&call),
                Ok(Exit::Debug(_) | Exit::Vector | Exit::Watchdog | Exit::Osi | Exit::Unexpected(_)) => None,
                Err(errno) => return Err(failed(errno)),
            };
            return match access.map(|access| board::request(&access, &mut Latch::default())) {
                Some(Request::PowerOff(differed)) => Ok(differed.into()),
                _ => Err(failed(EIO)),
            };
        }
        Err(failed(ETIME))
    }

    /// Runs its program again and again until it is told to end; what differed in any of them, as of [`run`].
    ///
    /// # Errors
    /// The call that failed; [`EAGAIN`] if it had not come to its end twice when it was told to, so that nobody knows
    /// whether it ran at all meanwhile.
    pub fn run_until(&mut self, ended: &AtomicBool) -> Result<u64, Failure> {
        let mut differed = 0;
        let mut turns = 0;
        while !ended.load(Relaxed) {
            differed |= self.run()?;
            // The store by which it says so is over then.
            self.vm.complete().map_err(|errno| errno.of("KVM_RUN of the other machine"))?;
            turns += 1;
        }
        if turns > 1 { Ok(differed) } else { Err(EAGAIN.of("turns of the other machine")) }
    }
}

/// Makes another machine, runs it to its end, and gives it up; the registers that ever held something else than it had
/// written, as [`Registers::bits`].
///
/// # Errors
/// The call that failed.
pub fn run<V: Vm>(beside: &V, value: u32, registers: Registers) -> Result<u64, Failure> {
    OtherVm::new(beside, value, registers, [other_vm::ROUNDS, 1])?.run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Hypercall, Unexpected};
    use crate::system::ESRCH;
    use crate::testing::{Act, FakeVm, stores};
    use sprig_isa::hcall::papr::H_LOGICAL_CI_STORE;
    use std::boxed::Box;
    use std::vec::Vec;

    const SPRG0: Registers = Registers::from_bits(1);

    fn outcome(acts: Vec<Act>) -> Result<u64, Failure> {
        let vm = FakeVm::default();
        vm.others.borrow_mut().extend(acts);
        run(&vm, 0x1234, SPRG0)
    }

    #[test]
    fn it_starts_with_its_program_and_its_values_and_ends_with_what_differed() {
        let looks: Act = Box::new(|vm| {
            let first = other_vm::program(SPRG0, Ending::Store).next().expect("a program");
            assert_eq!(vm.ram[CODE_BASE as usize..][..4], first.to_be_bytes());
            assert_eq!((vm.regs.named[0], vm.regs.named[2]), (CODE_BASE.into(), other_vm::ROUNDS));
            assert_eq!((vm.regs.gpr[5], vm.regs.gpr[16]), ((REGISTERS + POWER_OFF).into(), 0x1234));
            assert!(vm.is_tlb_dirty);
            Err(EINTR)
        });
        assert_eq!(outcome(Vec::from([looks, stores(POWER_OFF, 4, &[0, 0, 0, 6])])), Ok(6));
    }

    #[test]
    fn under_kvm_hv_it_ends_by_a_hypercall() {
        let mut vm = FakeVm::default();
        vm.is_hv = true;
        let device = (REGISTERS + POWER_OFF).into();
        let calls: Act = Box::new(move |vm| {
            let last = other_vm::program(SPRG0, Ending::Hypercall).last().expect("a program");
            assert!(vm.ram[CODE_BASE as usize..][..0x400].as_chunks().0.contains(&last.to_be_bytes()));
            Ok(Exit::Hypercall(Hypercall {
                token: H_LOGICAL_CI_STORE.into(),
                arguments: [4, device, 6, 0, 0, 0, 0, 0, 0],
            }))
        });
        vm.others.borrow_mut().push_back(calls);
        assert_eq!(run(&vm, 0x1234, SPRG0), Ok(6));
    }

    /// The program comes to its end, with what differed; after it the machine has to end.
    fn ends(differed: u8, is_last: bool) -> Act {
        let store = stores(POWER_OFF, 4, &[0, 0, 0, differed]);
        Box::new(move |vm| {
            vm.ended.store(is_last, Relaxed);
            store(vm)
        })
    }

    #[test]
    fn by_turns_it_runs_from_its_beginning_until_it_is_told_to_end() {
        let outcome = |acts: Vec<Act>| {
            let mut vm = FakeVm::default();
            vm.others.borrow_mut().extend(acts);
            assert_eq!(vm.start_other(0x1234, SPRG0), Ok(()));
            vm.end_other().map_err(|failure| failure.errno)
        };
        let begins: Act = Box::new(|vm| {
            assert_eq!((vm.regs.named[0], vm.regs.named[2], vm.completed), (CODE_BASE.into(), TURN_ROUNDS, 1));
            vm.regs.named[0] += 4;
            Err(EINTR)
        });
        assert_eq!(outcome(Vec::from([ends(2, false), begins, ends(4, true)])), Ok(6));
        // Nobody knows whether the guest was preempted.
        assert_eq!(outcome(Vec::from([ends(2, true)])), Err(EAGAIN));
        assert_eq!(FakeVm::default().end_other().map_err(|failure| failure.errno), Err(ESRCH));
    }

    #[test]
    fn one_that_does_otherwise_or_nothing_is_refused() {
        let errno = |acts| outcome(acts).map_err(|failure| failure.errno);
        let given_up: Act = Box::new(|_| Ok(Exit::Unexpected(Unexpected { reason: 0, detail: 7 })));
        assert_eq!(errno(Vec::from([given_up])), Err(EIO));
        assert_eq!(errno(Vec::from([stores(0, 1, b"x")])), Err(EIO));
        assert_eq!(errno(Vec::new()), Err(ETIME));
    }
}
