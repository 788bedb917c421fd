//! Hypercalls: what a guest kernel asks for by `sc` with KVM's magic number in r0 (and, of a partition, by `sc 1`).

use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::hcall::{
    EV_IDLE, EV_SUCCESS, EV_UNIMPLEMENTED, KVM_FEATURE_MAGIC_PAGE, KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE,
    KVM_SC_MAGIC_R0, MAGIC_PAGE_FLAG_NOT_MAPPED_NX, MAGIC_PAGE_FLAGS, TOKEN_REGISTER,
};
use sprig_isa::msr::{self, lpcr};
use sprig_isa::spr::number;

use super::page::Mapping;
use super::shared::ByteOrder;
use super::{Design, Deviation, Exit, Hypervisor, policy};
use crate::cpu::{Core, Interrupt};
use crate::mmu::Effect;

/// Registers of a call (ppc-pv.rst, KVM hypercalls).
const STATUS: usize = 3;
const RESULT: usize = 4;
/// Where a hypervisor that describes its layout puts the offset of the first field.
const LAYOUT: usize = 5;
/// The level of a system call that is a PAPR hypercall.
const HYPERVISOR_LEVEL: u32 = 1;

impl Hypervisor {
    /// sc: a hypercall, or the guest's own system call.
    pub(super) fn system_call(&mut self, core: &mut Core, interrupt: Interrupt) {
        let supervisor = self.msr & msr::PR == 0;
        let is_partition = interrupt.syndrome == HYPERVISOR_LEVEL && self.mmu.is_partition();
        if supervisor && is_partition {
            self.exit(core, Exit::Hypercall);
            core.state.pc = core.state.nia;
            let mut registers = self.registers.view(&mut core.memory);
            if self.mmu.papr_call(&mut registers, &mut core.state.gpr) == Some(Effect::Changed) {
                self.flush(core);
            }
        } else if (supervisor || self.deviates(Deviation::HypercallFromUser))
            && core.state.effective(core.state.gpr[0]) == u64::from(KVM_SC_MAGIC_R0)
        {
            self.exit(core, Exit::Hypercall);
            core.state.pc = core.state.nia;
            self.hypercall(core);
        } else {
            self.exit(core, Exit::Reflected);
            let return_address = core.state.nia;
            self.inject(core, Interrupt::new(Exception::SystemCall), return_address);
        }
    }

    fn hypercall(&mut self, core: &mut Core) {
        let argument = |number: usize| core.state.effective(core.state.gpr[number]);
        let (first, second) = (argument(STATUS), argument(RESULT));
        // A token is an int: the upper half of a 64-bit register does not count.
        let token = core.state.gpr[usize::from(TOKEN_REGISTER)] as u32;
        let none = policy::HYPERCALL_WITHOUT_RESULT;
        let (status, result) = match token {
            // What the feature announces has the fixed layout.
            KVM_HC_FEATURES if self.offers_page && !self.has_design(Design::LayoutDescribed) => {
                (EV_SUCCESS, 1 << KVM_FEATURE_MAGIC_PAGE)
            }
            KVM_HC_FEATURES => (EV_SUCCESS, 0),
            KVM_HC_PPC_MAP_MAGIC_PAGE if self.offers_page => {
                self.map_page(core, first, second);
                (EV_SUCCESS, policy::PAGE_FEATURES)
            }
            EV_IDLE => {
                self.idle(core);
                (EV_SUCCESS, none)
            }
            _ => (EV_UNIMPLEMENTED, none),
        };
        core.state.gpr[STATUS] = status.into();
        core.state.gpr[RESULT] = result.into();
        if token == KVM_HC_PPC_MAP_MAGIC_PAGE && self.has_design(Design::LayoutDescribed) {
            core.state.gpr[LAYOUT] = Design::layout_offset(self.design);
        }
    }

    /// r3 is the physical address, r4 the effective one with the flags in its low bits: the calls of the kernel's own guest
    /// code decide, ppc-pv.rst has the two the wrong way round.
    fn map_page(&mut self, core: &mut Core, physical: u64, effective: u64) {
        let flags = u64::from(MAGIC_PAGE_FLAGS);
        let (pa, ea) = (physical & !flags, effective & !flags);
        let (pa, ea) = if self.deviates(Deviation::MapArgumentsSwapped) { (ea, pa) } else { (pa, ea) };
        let unmaps = policy::ZERO_UNMAPS_ON_BOOK3S && !self.cpu.family.is_booke() && ea == 0 && pa == 0;
        let keeps_no_execute =
            self.cpu.family != Family::Book3s64 || effective & u64::from(MAGIC_PAGE_FLAG_NOT_MAPPED_NX) != 0;
        self.mapping = (!unmaps).then_some(Mapping { ea, pa, keeps_no_execute });
        self.choose_byte_order(core);
        // Always, whatever the flags say: the contract wants the page there, not what was there before.
        if !self.deviates(Deviation::MapWithoutFlush) {
            self.flush(core);
        }
    }

    /// The page is in the byte order in which the guest takes interrupts, as its kernel was built: KVM decides it anew at each
    /// call (arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv).
    fn choose_byte_order(&mut self, core: &mut Core) {
        let little = self.mmu.is_partition() && self.registers.cells.get(number::LPCR) & lpcr::ILE != 0;
        let order = if little { ByteOrder::Little } else { ByteOrder::Big };
        self.shared.set_order(&mut core.memory, order);
        self.registers.set_order(order);
    }

    /// Stops executing until an interrupt is pending, whether or not the guest has it enabled.
    pub(super) fn idle(&mut self, core: &mut Core) {
        if self.interrupt_sources(core).is_empty() {
            core.waiting = true;
            core.clock.wake_now();
        }
    }
}
