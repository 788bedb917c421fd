//! Host steps ([`sprig_wire::host`]) by KVM's ioctls.

use crate::other_vm;
use crate::registers::Family;
use crate::system::{Errno, Failure, Vm, interrupt};
use sprig_isa::one_reg::{LPCR, ONE_REGS};
use sprig_isa::other_vm::Registers;
use sprig_wire::host::{
    ARGUMENTS, END_OTHER_VM, HOST_CALLS, OTHER_VM, REGS, RESULTS, START_OTHER_VM, STATUS_OK, STATUS_REFUSED,
    STATUS_UNKNOWN, VALUES,
};
use sprig_wire::layout::HOST_BLOCK;

/// Why a step was not carried out.
enum Refusal {
    /// There is no such step or register.
    Unknown,
    /// An ioctl failed.
    Errno(Errno),
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Errno(failure.errno)
    }
}

/// Which registers a new machine gets first.
#[derive(Clone, Copy)]
enum First {
    /// Those of KVM_SET_REGS, as QEMU has it (kvm_arch_put_registers).
    Regs,
    /// Those of KVM_SET_SREGS. KVM-PR on Book3S-64 keeps the segments of real mode then (docs/findings).
    Sregs,
}

/// Carries out the step the host block describes and writes its status and results there.
pub fn serve(vm: &mut impl Vm) {
    let block = HOST_BLOCK as usize;
    let number = u16::from_be_bytes(field(vm, block));
    let argument = |vm: &mut _, index: usize| u64::from_be_bytes(field(vm, block + ARGUMENTS as usize + 8 * index));
    let arguments = [argument(vm, 0), argument(vm, 1)];
    let name = HOST_CALLS.iter().find(|call| call.call == number).map(|call| call.name);
    let (status, result) = match name.map_or(Err(Refusal::Unknown), |name| call(vm, name, arguments)) {
        Ok(result) => (STATUS_OK, result),
        Err(Refusal::Unknown) => (STATUS_UNKNOWN, 0),
        Err(Refusal::Errno(Errno(number))) => (STATUS_REFUSED, number.into()),
    };
    store(vm, block + size_of::<u32>(), &status.to_be_bytes());
    let mut results = [0; 8 * VALUES];
    results[..8].copy_from_slice(&result.to_be_bytes());
    store(vm, block + RESULTS as usize, &results);
}

fn call(vm: &mut impl Vm, name: &str, [first, second]: [u64; 2]) -> Result<u64, Refusal> {
    // The guest's store to the board is not over until then.
    vm.complete()?;
    let index = usize::try_from(first).unwrap_or(usize::MAX);
    match name {
        "get-regs" => {
            let regs = vm.regs()?;
            regs.named.get(index).copied().ok_or(Refusal::Unknown)
        }
        "set-regs" => {
            let mut regs = vm.regs()?;
            *regs.named.get_mut(index).filter(|_| index < REGS.len()).ok_or(Refusal::Unknown)? = second;
            Ok(vm.set_regs(&regs).map(|()| 0)?)
        }
        "get-sregs" => vm.sregs()?.get(vm.family(), index).ok_or(Refusal::Unknown),
        "set-sregs" => {
            let mut sregs = vm.sregs()?;
            if !sregs.set(vm.family(), index, second) {
                return Err(Refusal::Unknown);
            }
            Ok(vm.set_sregs(&sregs).map(|()| 0)?)
        }
        "get-one-reg" => Ok(vm.one_reg(first)?),
        "set-one-reg" => Ok(vm.set_one_reg(first, second).map(|()| 0)?),
        "migrate" => migrate(vm, First::Regs),
        "migrate-sregs-first" => migrate(vm, First::Sregs),
        "raise-external" => Ok(vm.interrupt(interrupt::SET_LEVEL).map(|()| 0)?),
        "lower-external" => Ok(vm.interrupt(interrupt::UNSET).map(|()| 0)?),
        "vcpu-id" => Ok(vm.vcpu_id().into()),
        OTHER_VM => Ok(other_vm::run(vm, first as u32, Registers::from_bits(second as u16))?),
        START_OTHER_VM => Ok(vm.start_other(first as u32, Registers::from_bits(second as u16)).map(|()| 0)?),
        END_OTHER_VM => Ok(vm.end_other()?),
        // The critical line among them: KVM_INTERRUPT knows the external one only.
        _ => Err(Refusal::Unknown),
    }
}

/// Saves what the interface can save and goes on in a new VM with the same memory, TLB or page table. Of the registers of
/// KVM_GET_ONE_REG those are set again that could be read: each CPU has some of them.
fn migrate(vm: &mut impl Vm, first: First) -> Result<u64, Refusal> {
    let (regs, sregs) = (vm.regs()?, vm.sregs()?);
    let lpcr = if vm.is_partition() { Some(vm.one_reg(LPCR)?) } else { None };
    let values: [_; ONE_REGS.len()] = core::array::from_fn(|index| &ONE_REGS[index])
        .map(|register| register.is_state().then(|| vm.one_reg(register.id)));
    vm.renew()?;
    if let Some(lpcr) = lpcr {
        vm.set_one_reg(LPCR, lpcr)?;
    }
    let sregs = sregs.complete(vm.family());
    match first {
        First::Regs => vm.set_regs(&regs).and_then(|()| vm.set_sregs(&sregs))?,
        First::Sregs => vm.set_sregs(&sregs).and_then(|()| vm.set_regs(&regs))?,
    }
    for (register, value) in ONE_REGS.iter().zip(values) {
        if let Some(Ok(value)) = value {
            vm.set_one_reg(register.id, value)?;
        }
    }
    if vm.family() == Family::Embedded {
        vm.dirty_tlb()?;
    }
    Ok(0)
}

fn field<const N: usize>(vm: &mut impl Vm, at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(field) = vm.ram().get(at..at + N) {
        bytes.copy_from_slice(field);
    }
    bytes
}

fn store(vm: &mut impl Vm, at: usize, bytes: &[u8]) {
    if let Some(place) = vm.ram().get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::Regs;
    use crate::system::EINVAL;
    use crate::testing::FakeVm;
    use sprig_wire::host::{HostCall, SREGS};

    /// Rings the bell with these arguments; status and first result.
    fn ask(vm: &mut FakeVm, name: &str, arguments: &[u64]) -> (u32, u64) {
        let call = HostCall::by_name(name).expect("a call");
        let block = HOST_BLOCK as usize;
        store(vm, block, &call.call.to_be_bytes());
        for (index, argument) in arguments.iter().enumerate() {
            store(vm, block + ARGUMENTS as usize + 8 * index, &argument.to_be_bytes());
        }
        serve(vm);
        let results = block + RESULTS as usize;
        (u32::from_be_bytes(field(vm, block + 4)), u64::from_be_bytes(field(vm, results)))
    }

    fn index(names: &[&str], name: &str) -> u64 {
        names.iter().position(|known| *known == name).expect("a register") as u64
    }

    #[test]
    fn a_register_is_set_and_read_back() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "set-regs", &[index(REGS, "SPRG4"), 0x1234]), (STATUS_OK, 0));
        assert_eq!(vm.regs.named[13], 0x1234);
        assert_eq!(ask(&mut vm, "get-regs", &[index(REGS, "SPRG4")]), (STATUS_OK, 0x1234));
        assert_eq!(ask(&mut vm, "set-sregs", &[index(SREGS, "DEC"), 7]), (STATUS_OK, 0));
        assert_eq!((vm.sregs.dec, vm.sregs.update_special), (7, 4));
        assert_eq!(ask(&mut vm, "get-sregs", &[index(SREGS, "DEC")]), (STATUS_OK, 7));
        assert_eq!(ask(&mut vm, "get-regs", &[99]), (STATUS_UNKNOWN, 0));
        assert_eq!(ask(&mut vm, "set-sregs", &[u64::MAX, 0]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn an_ioctl_that_fails_is_refused_with_its_errno() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "get-one-reg", &[1]), (STATUS_REFUSED, EINVAL.0.into()));
    }

    #[test]
    fn the_external_line_is_a_level_and_there_is_no_critical_one() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "raise-external", &[]), (STATUS_OK, 0));
        assert_eq!(ask(&mut vm, "lower-external", &[]), (STATUS_OK, 0));
        assert_eq!(vm.interrupts, [interrupt::SET_LEVEL, interrupt::UNSET]);
        assert_eq!(ask(&mut vm, "raise-critical", &[]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn a_migrated_guest_has_its_registers_and_a_new_machine() {
        for (name, order) in [("migrate", ["regs", "sregs"]), ("migrate-sregs-first", ["sregs", "regs"])] {
            let mut vm = FakeVm::default();
            let vrsave = ONE_REGS.iter().find(|register| register.name == "KVM_REG_PPC_VRSAVE").expect("a register").id;
            vm.one_regs.insert(vrsave, 5);
            vm.regs = Regs { gpr: [3; 32], ..Regs::at(0x100) };
            vm.sregs.ivpr = 0x2000;
            vm.tlb[0].mas1 = 9;
            let before = (vm.regs, vm.sregs.ivpr);
            assert_eq!(ask(&mut vm, name, &[]), (STATUS_OK, 0));
            assert_eq!((vm.regs, vm.sregs.ivpr), before);
            assert_eq!(vm.one_regs.get(&vrsave), Some(&5));
            assert_eq!((vm.renewed, vm.tlb[0].mas1, vm.is_tlb_dirty), (1, 9, true));
            assert_eq!(vm.sregs.update_special, u32::MAX, "nothing is left alone");
            assert_eq!(vm.set, order, "{name}");
        }
    }

    #[test]
    fn a_step_begins_when_the_store_that_asked_for_it_is_over() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "vcpu-id", &[]), (STATUS_OK, 0));
        assert_eq!(vm.completed, 1);
    }
}
