//! The hypervisor of a PAPR partition, as far as KVM leaves it to user space (Documentation/virt/kvm/api.rst, KVM_EXIT_PAPR_HCALL):
//! LoPAR, chapter "Hypervisor".

use crate::exit::Hypercall;
use crate::system::{Errno, Vm};
use sprig_isa::hcall::papr::{
    H_FUNCTION, H_P2, H_SET_MODE, H_SUCCESS, H_UNSUPPORTED_FLAG, SET_MODE_BIG_ENDIAN, SET_MODE_LITTLE_ENDIAN,
    SET_MODE_RESOURCE_LE,
};
use sprig_isa::msr::lpcr;
use sprig_isa::one_reg::LPCR;

/// Makes a partition what it is before it runs: nothing in its page table, interrupts in big-endian mode.
///
/// # Errors
/// The kernel's.
pub fn reset(vm: &mut impl Vm) -> Result<(), Errno> {
    vm.clear_hash_table();
    take_interrupts(vm, false)
}

/// Answers a hypercall; the status.
///
/// # Errors
/// The kernel's.
pub fn serve(vm: &mut impl Vm, call: &Hypercall) -> Result<i64, Errno> {
    const BIG: u64 = SET_MODE_BIG_ENDIAN as u64;
    const LITTLE: u64 = SET_MODE_LITTLE_ENDIAN as u64;
    let [mode, resource] = call.arguments;
    if call.token != H_SET_MODE.into() {
        return Ok(H_FUNCTION);
    }
    if resource != SET_MODE_RESOURCE_LE.into() {
        return Ok(H_P2);
    }
    match mode {
        BIG => take_interrupts(vm, false)?,
        LITTLE => take_interrupts(vm, true)?,
        _ => return Ok(H_UNSUPPORTED_FLAG),
    }
    Ok(H_SUCCESS)
}

/// Chooses the byte order in which interrupts are taken.
fn take_interrupts(vm: &mut impl Vm, little_endian: bool) -> Result<(), Errno> {
    let others = vm.one_reg(LPCR)? & !lpcr::ILE;
    vm.set_one_reg(LPCR, others | if little_endian { lpcr::ILE } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeVm;

    const OTHERS: u64 = 1 << 60 | 1;

    fn partition() -> FakeVm {
        let mut vm = FakeVm::default();
        vm.one_regs.insert(LPCR, OTHERS);
        vm
    }

    fn set_mode(mode: u64, resource: u64) -> Hypercall {
        Hypercall { token: H_SET_MODE.into(), arguments: [mode, resource] }
    }

    #[test]
    fn a_partition_chooses_the_byte_order_of_its_interrupts_and_changes_nothing_else() {
        let mut vm = partition();
        assert_eq!(serve(&mut vm, &set_mode(1, 4)), Ok(H_SUCCESS));
        assert_eq!(vm.one_regs[&LPCR], OTHERS | 1 << 25);
        assert_eq!(serve(&mut vm, &set_mode(0, 4)), Ok(H_SUCCESS));
        assert_eq!(vm.one_regs[&LPCR], OTHERS);
    }

    #[test]
    fn there_is_no_other_call() {
        let mut vm = partition();
        let unknown = Hypercall { token: 0x58, arguments: [1, 4] };
        for (call, status) in [(set_mode(2, 4), H_UNSUPPORTED_FLAG), (set_mode(1, 3), H_P2), (unknown, H_FUNCTION)] {
            assert_eq!(serve(&mut vm, &call), Ok(status), "{call:?}");
        }
        assert_eq!(vm.one_regs[&LPCR], OTHERS);
    }

    #[test]
    fn a_reset_takes_back_what_the_partition_chose() {
        let mut vm = partition();
        assert_eq!(serve(&mut vm, &set_mode(1, 4)), Ok(H_SUCCESS));
        assert_eq!(reset(&mut vm), Ok(()));
        assert_eq!((vm.one_regs[&LPCR], vm.cleared), (OTHERS, 1));
    }
}
