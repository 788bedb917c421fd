//! Hypercalls of a partition (`sc 1`): those that the hypervisor answers itself, unless user space wants them
//! (KVM_CAP_PPC_ENABLE_HCALL), and the others, which it gets (KVM_EXIT_PAPR_HCALL).

use sprig_isa::answer::{Answer, HCALL_REGISTERS};
use sprig_isa::hcall::papr::H_FUNCTION;

use super::host::EINVAL;
use super::hypercall::STATUS;
use super::{Deviation, Hypervisor};
use crate::cpu::Core;
use crate::host::Refusal;
use crate::mmu::{Effect, Mmu};

/// Where the registers of a call begin that are not its number.
const FIRST: usize = STATUS + 1;

impl Hypervisor {
    /// Carries out the call that r3 names.
    pub(super) fn partition_call(&mut self, core: &mut Core) {
        if self.answers(core.state.gpr[STATUS]) {
            let mut registers = self.registers.view(&mut core.memory);
            if self.mmu.papr_call(&mut registers, &mut core.state.gpr) == Some(Effect::Changed) {
                self.flush(core);
            }
        } else {
            self.ask_user_space(core);
        }
    }

    /// True if the call of this number is not user space's.
    fn answers(&self, number: u64) -> bool {
        let is_off = self.asked.switched_off.contains(&number) && !self.deviates(Deviation::SwitchedOffAnswered);
        Mmu::has_papr_call(number) && !is_off
    }

    /// KVM_CAP_PPC_ENABLE_HCALL.
    ///
    /// # Errors
    /// If this is not for 1 or 0, or there is no such call here (arch/powerpc/kvm/powerpc.c, kvm_vm_ioctl_enable_cap).
    pub(super) fn enable_hypercall(&mut self, number: u64, on: u64) -> Result<(), Refusal> {
        let has_call = self.mmu.is_partition() && Mmu::has_papr_call(number);
        if !self.deviates(Deviation::EnablesUnknownHcall) && (!has_call || on > 1) {
            return Err(Refusal::Errno(EINVAL));
        }
        self.asked.switched_off.retain(|other| *other != number);
        if on == 0 {
            self.asked.switched_off.push(number);
        }
        Ok(())
    }

    /// KVM_EXIT_PAPR_HCALL, and back.
    fn ask_user_space(&mut self, core: &mut Core) {
        let gpr = &mut core.state.gpr;
        let number = gpr[STATUS];
        let mut arguments: [u64; HCALL_REGISTERS] = std::array::from_fn(|index| gpr[FIRST + index]);
        if self.deviates(Deviation::HcallArgumentsShifted) {
            arguments.rotate_left(1);
        }
        match self.asked.answerer.answer(number, &arguments) {
            Some(Answer { status, registers }) => {
                gpr[STATUS] = status as u64;
                let returned =
                    if self.deviates(Deviation::HcallLastRegisterKept) { HCALL_REGISTERS - 1 } else { HCALL_REGISTERS };
                gpr[FIRST..FIRST + returned].copy_from_slice(&registers[..returned]);
            }
            None => gpr[STATUS] = H_FUNCTION as u64,
        }
    }
}
