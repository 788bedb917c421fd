//! A machine's CPU as [`sprig_wire::board`] describes it at entry.

use crate::papr;
use crate::registers::{Family, Regs, Sregs};
use crate::system::{Errno, Failure, Vm};
use crate::tlb;

/// Puts registers and translation to what they are at entry: a server CPU starts in real mode, an embedded one with
/// what is in its TLB. `pristine` are the special registers as the kernel makes them.
///
/// # Errors
/// The call that failed.
pub fn enter(vm: &mut impl Vm, pristine: &Sregs, regs: &Regs) -> Result<(), Failure> {
    let family = vm.family();
    let call = |what| move |errno: Errno| errno.of(what);
    if vm.is_partition() {
        papr::reset(vm).map_err(call("reset of a partition"))?;
    }
    vm.set_sregs(&pristine.complete(family)).map_err(call("KVM_SET_SREGS"))?;
    vm.set_regs(regs).map_err(call("KVM_SET_REGS"))?;
    if family == Family::Embedded {
        tlb::reset(vm.tlb());
        vm.dirty_tlb().map_err(call("KVM_DIRTY_TLB"))?;
    }
    Ok(())
}
