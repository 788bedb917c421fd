//! Another virtual machine on the same CPU, between two KVM_RUNs of the case's: [`sprig_isa::other_vm`] has its program.

use crate::board::{self, Request};
use crate::entry;
use crate::exit::Exit;
use crate::papr;
use crate::registers::Regs;
use crate::system::{EAGAIN, EINTR, Errno, Failure, Vm};
use sprig_isa::other_vm::{self, Ending, Registers};
use sprig_wire::board::{POWER_OFF, REGISTERS};
use sprig_wire::layout::CODE_BASE;

/// Returns of KVM_RUN for a signal, after which it gets nowhere: some seconds, where it takes the part of one.
const PATIENCE: u32 = 200;
/// errno: I/O error. It left for something that its program does not do.
const EIO: Errno = Errno(5);
/// errno: timer expired.
const ETIME: Errno = Errno(62);

/// Makes it, runs it to its end, and gives it up; the registers that ever held something else than it had written, as [`Registers::bits`].
///
/// # Errors
/// The call that failed.
pub fn run<V: Vm>(beside: &V, value: u32, registers: Registers) -> Result<u64, Failure> {
    let mut vm = beside.another()?;
    let pristine = vm.sregs().map_err(|errno| errno.of("KVM_GET_SREGS"))?;
    let ending = if vm.is_hv() { Ending::Hypercall } else { Ending::Store };
    let code = vm.ram().get_mut(CODE_BASE as usize..).unwrap_or(&mut []);
    for (place, word) in code.as_chunks_mut().0.iter_mut().zip(other_vm::program(registers, ending)) {
        *place = word.to_be_bytes();
    }
    let mut regs = Regs::at(CODE_BASE.into());
    regs.gpr = other_vm::general_registers(value, (REGISTERS + POWER_OFF).into());
    regs.set_ctr(other_vm::ROUNDS);
    entry::enter(&mut vm, &pristine, &regs)?;
    let run = |errno: Errno| errno.of("KVM_RUN of the other machine");
    for _ in 0..PATIENCE {
        let access = match vm.run() {
            Err(EINTR | EAGAIN) | Ok(Exit::Interrupted) => continue,
            Ok(Exit::Mmio(access)) => Some(access),
            Ok(Exit::Hypercall(call)) => papr::store(&call),
            Ok(Exit::Unexpected(_)) => None,
            Err(errno) => return Err(run(errno)),
        };
        return match access.map(|access| board::request(&access)) {
            Some(Request::PowerOff(differed)) => Ok(differed.into()),
            _ => Err(run(EIO)),
        };
    }
    Err(run(ETIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Hypercall, Unexpected};
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
            assert!(vm.ram[CODE_BASE as usize..][..0x100].as_chunks().0.contains(&last.to_be_bytes()));
            Ok(Exit::Hypercall(Hypercall { token: H_LOGICAL_CI_STORE.into(), arguments: [4, device, 6, 0] }))
        });
        vm.others.borrow_mut().push_back(calls);
        assert_eq!(run(&vm, 0x1234, SPRG0), Ok(6));
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
