//! The hypervisor of a PAPR partition, as far as KVM leaves it to user space (Documentation/virt/kvm/api.rst,
//! KVM_EXIT_PAPR_HCALL): LoPAR, chapter "Hypervisor".

use crate::exit::{Hypercall, Mmio};
use crate::ioctl::{MMUV3_GTSE, MMUV3_RADIX};
use crate::system::{Errno, MmuV3, Vm};
use sprig_isa::hcall::papr::{
    H_FUNCTION, H_LOGICAL_CI_STORE, H_P2, H_PARAMETER, H_REGISTER_PROC_TBL, H_SET_MODE, H_SUCCESS, H_UNSUPPORTED_FLAG,
    PROC_TABLE_GTSE, PROC_TABLE_NEW, PROC_TABLE_RADIX, SET_MODE_BIG_ENDIAN, SET_MODE_LITTLE_ENDIAN,
    SET_MODE_RESOURCE_LE,
};
use sprig_isa::msr::lpcr;
use sprig_isa::one_reg::LPCR;

/// Makes a partition what it is before it runs: nothing in its page table, interrupts in big-endian mode.
///
/// # Errors
/// The kernel's.
pub fn reset(vm: &mut impl Vm) -> Result<(), Errno> {
    vm.clear_hash_table()?;
    take_interrupts(vm, false)
}

/// What comes of a hypercall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This status, and nothing else is to be done.
    Status(i64),
    /// The guest has this store made, which cannot fail.
    Store(Mmio),
}

/// Answers a hypercall.
///
/// # Errors
/// The kernel's.
pub fn serve(vm: &mut impl Vm, call: &Hypercall) -> Result<Answer, Errno> {
    if let Some(access) = store(call) {
        return Ok(Answer::Store(access));
    }
    const SET_MODE: u64 = H_SET_MODE as u64;
    const REGISTER_PROC_TBL: u64 = H_REGISTER_PROC_TBL as u64;
    let status = match call.token {
        SET_MODE => set_mode(vm, call)?,
        REGISTER_PROC_TBL if vm.is_radix() => register_process_table(vm, call)?,
        _ => H_FUNCTION,
    };
    Ok(Answer::Status(status))
}

/// H_REGISTER_PROC_TBL: a new process table, of radix trees, by a partition that invalidates translations itself.
/// Nothing else is served.
fn register_process_table(vm: &mut impl Vm, call: &Hypercall) -> Result<i64, Errno> {
    const FLAGS: u64 = (PROC_TABLE_NEW | PROC_TABLE_RADIX | PROC_TABLE_GTSE) as u64;
    let [flags, address, _, log2_pages, ..] = call.arguments;
    if flags != FLAGS {
        return Ok(H_PARAMETER);
    }
    // Address and size as in the second doubleword of a partition table entry (Power ISA 3.0 Book III, "Partition
    // Table"), with what is GR there (arch/powerpc/kvm/book3s_hv.c, kvmhv_configure_mmu).
    const GUEST_RADIX: u64 = 1 << 63;
    vm.configure_mmu(MmuV3 { flags: MMUV3_RADIX | MMUV3_GTSE, process_table: GUEST_RADIX | address | log2_pages })?;
    Ok(H_SUCCESS)
}

/// H_SET_MODE.
fn set_mode(vm: &mut impl Vm, call: &Hypercall) -> Result<i64, Errno> {
    const BIG: u64 = SET_MODE_BIG_ENDIAN as u64;
    const LITTLE: u64 = SET_MODE_LITTLE_ENDIAN as u64;
    let [mode, resource, ..] = call.arguments;
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

/// The store to a device that a partition asks for; none if this is another call.
#[must_use]
pub fn store(call: &Hypercall) -> Option<Mmio> {
    let [size, address, value, ..] = call.arguments;
    let length = usize::try_from(size).ok().filter(|size| *size <= size_of::<u64>())?;
    let mut data = value.to_be_bytes();
    data.rotate_right(length);
    (call.token == H_LOGICAL_CI_STORE.into()).then_some(Mmio { address, length, stored: Some(data) })
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

    /// A call with the first of its arguments.
    fn call(token: u64, [first, second, third, fourth]: [u64; 4]) -> Hypercall {
        Hypercall { token, arguments: [first, second, third, fourth, 0, 0, 0, 0, 0] }
    }

    fn set_mode(mode: u64, resource: u64) -> Hypercall {
        call(H_SET_MODE.into(), [mode, resource, 0, 0])
    }

    #[test]
    fn a_partition_chooses_the_byte_order_of_its_interrupts_and_changes_nothing_else() {
        let mut vm = partition();
        assert_eq!(serve(&mut vm, &set_mode(1, 4)), Ok(Answer::Status(H_SUCCESS)));
        assert_eq!(vm.one_regs[&LPCR], OTHERS | 1 << 25);
        assert_eq!(serve(&mut vm, &set_mode(0, 4)), Ok(Answer::Status(H_SUCCESS)));
        assert_eq!(vm.one_regs[&LPCR], OTHERS);
    }

    #[test]
    fn there_is_no_other_call() {
        let mut vm = partition();
        let unknown = call(0x58, [1, 4, 0, 0]);
        for (call, status) in [(set_mode(2, 4), H_UNSUPPORTED_FLAG), (set_mode(1, 3), H_P2), (unknown, H_FUNCTION)] {
            assert_eq!(serve(&mut vm, &call), Ok(Answer::Status(status)), "{call:?}");
        }
        assert_eq!(vm.one_regs[&LPCR], OTHERS);
    }

    #[test]
    fn a_store_that_is_asked_for_is_the_one_that_the_guest_would_make() {
        let asked = |token, size| call(token, [size, 0x0f00_0004, 0x1_0203_0405, 0]);
        let stored = Some([2, 3, 4, 5, 0, 0, 0, 1]);
        let access = Mmio { address: 0x0f00_0004, length: 4, stored };
        assert_eq!(store(&asked(0x40, 4)), Some(access));
        assert_eq!(serve(&mut partition(), &asked(0x40, 4)), Ok(Answer::Store(access)));
        assert_eq!((store(&asked(0x40, 9)), store(&asked(0x3c, 4))), (None, None));
    }

    #[test]
    fn a_partition_that_translates_by_a_radix_tree_says_where_its_process_table_is() {
        let call = |flags| call(0x37c, [flags, 0x009d_d000, 0, 1]);
        let mut vm = partition();
        assert_eq!(serve(&mut vm, &call(0x1d)), Ok(Answer::Status(H_FUNCTION)), "this one does not");
        vm.is_radix = true;
        assert_eq!(serve(&mut vm, &call(0x1c)), Ok(Answer::Status(H_PARAMETER)));
        assert_eq!(vm.mmu, None);
        assert_eq!(serve(&mut vm, &call(0x1d)), Ok(Answer::Status(H_SUCCESS)));
        assert_eq!(vm.mmu, Some(MmuV3 { flags: 3, process_table: 0x8000_0000_009d_d001 }));
    }

    #[test]
    fn a_reset_takes_back_what_the_partition_chose() {
        let mut vm = partition();
        assert_eq!(serve(&mut vm, &set_mode(1, 4)), Ok(Answer::Status(H_SUCCESS)));
        assert_eq!(reset(&mut vm), Ok(()));
        assert_eq!((vm.one_regs[&LPCR], vm.cleared), (OTHERS, 1));
    }
}
