//! Hypercalls: what a guest kernel asks for by `sc` with KVM's magic number in r0 (and, of a partition, by `sc 1`).

use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::hcall::{
    EV_IDLE, EV_SUCCESS, EV_UNIMPLEMENTED, KVM_FEATURE_MAGIC_PAGE, KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE,
    KVM_MAGIC_FEAT_SR, KVM_SC_MAGIC_R0, KVM_SC_SEQUENCE, MAGIC_PAGE_FLAG_NOT_MAPPED_NX, MAGIC_PAGE_FLAGS,
    TOKEN_REGISTER, papr,
};
use sprig_isa::msr::{self, lpcr};
use sprig_isa::osi;
use sprig_isa::spr::number;

use super::deviation::HOST_POINTER;
use super::page::Mapping;
use super::shared::ByteOrder;
use super::{Design, Deviation, Exit, Hypervisor, policy};
use crate::cpu::{Core, Insn, Interrupt, Stop};

/// Registers of a call (ppc-pv.rst, KVM hypercalls).
pub(super) const STATUS: usize = 3;
const RESULT: usize = 4;
/// Where a hypervisor that describes its layout puts the offset of the first field.
const LAYOUT: usize = 5;
/// A token that no call has.
const NO_TOKEN: u32 = u32::MAX;

/// True if this is an sc in the other byte order.
pub(super) fn is_reversed(insn: Insn) -> bool {
    insn.0 == KVM_SC_SEQUENCE[2].swap_bytes()
}

impl Hypervisor {
    /// sc: a hypercall, or the guest's own system call.
    pub(super) fn system_call(&mut self, core: &mut Core, interrupt: Interrupt) {
        let supervisor = self.msr & msr::PR == 0;
        if self.deviates(Deviation::SystemCallStopsHost) {
            return core.stop(Stop::GivenUp);
        }
        let is_osi = self.asked.responder.is_some() || self.deviates(Deviation::OsiAnswered);
        if is_osi && osi::is_call(&core.state.gpr) {
            self.exit(core, Exit::Mmio);
            core.state.pc = core.state.nia;
            self.osi_call(core);
            return;
        }
        let is_partition = interrupt.syndrome == papr::LEV && self.mmu.is_partition();
        if (supervisor || self.deviates(Deviation::PaprFromUser)) && is_partition {
            self.exit(core, Exit::Hypercall);
            core.state.pc = core.state.nia;
            self.partition_call(core);
        } else if (supervisor || self.deviates(Deviation::HypercallFromUser))
            // A word, whatever the mode (kvmppc_handle_exit_pr).
            && core.state.gpr[0] as u32 == KVM_SC_MAGIC_R0
        {
            self.exit(core, Exit::Hypercall);
            core.state.pc = core.state.nia;
            self.hypercall(core);
        } else {
            self.exit(core, Exit::Reflected);
            let mut return_address = core.state.nia;
            if self.deviates(Deviation::CallAfterInterrupt) {
                core.state.pc = return_address;
                self.deliver(core);
                return_address = core.state.pc;
            }
            self.inject(core, Interrupt::new(Exception::SystemCall), return_address);
        }
    }

    /// Mac-on-Linux' call, which user space answers, if anybody does.
    fn osi_call(&mut self, core: &mut Core) {
        let mut gprs = core.state.gpr;
        if let Some(responder) = &mut self.asked.responder {
            responder.answer(&mut gprs);
        }
        if !self.deviates(Deviation::OsiAnswerLost) {
            core.state.gpr = gprs;
        }
    }

    fn hypercall(&mut self, core: &mut Core) {
        let argument = |number: usize| core.state.effective(core.state.gpr[number]);
        let (first, second) = (argument(STATUS), argument(RESULT));
        let token = self.token(core.state.gpr[usize::from(TOKEN_REGISTER)]);
        let none = policy::HYPERCALL_WITHOUT_RESULT;
        let (status, result) = match token {
            // What the feature announces has the fixed layout.
            KVM_HC_FEATURES if self.setup.offers_page && !self.has_design(Design::LayoutDescribed) => {
                (EV_SUCCESS, 1 << KVM_FEATURE_MAGIC_PAGE)
            }
            KVM_HC_FEATURES => (EV_SUCCESS, 0),
            KVM_HC_PPC_MAP_MAGIC_PAGE if self.setup.offers_page => {
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
            core.state.gpr[LAYOUT] = Design::layout_offset(self.setup.design);
        }
        if self.deviates(Deviation::HypercallSetsSrr) {
            self.registers.set(&mut core.memory, number::SRR0, core.state.pc);
            self.registers.set(&mut core.memory, number::SRR1, self.msr);
        }
        if let Some(deviation) = self.setup.deviation {
            answer_otherwise(core, deviation, token, second);
        }
    }

    /// What r11 asks for. A token is an int: the upper half of a 64-bit register does not count.
    fn token(&self, register: u64) -> u32 {
        let token = register as u32;
        match self.setup.deviation {
            Some(Deviation::TokenWide) if register != token.into() => NO_TOKEN,
            Some(Deviation::VendorIgnored) => {
                let known = [KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE, EV_IDLE];
                known.into_iter().find(|known| *known as u16 == token as u16).unwrap_or(token)
            }
            _ => token,
        }
    }

    /// r3 is the physical address, r4 the effective one with the flags in its low bits: the calls of the kernel's own
    /// guest code decide, ppc-pv.rst has the two the wrong way round.
    fn map_page(&mut self, core: &mut Core, physical: u64, effective: u64) {
        let flags = u64::from(MAGIC_PAGE_FLAGS);
        let (pa, ea) = (physical & !flags, effective & !flags);
        let (pa, ea) = if self.deviates(Deviation::MapArgumentsSwapped) { (ea, pa) } else { (pa, ea) };
        let zero = policy::ZERO_UNMAPS_ON_BOOK3S && !self.cpu.family.is_booke() && ea == 0 && pa == 0;
        let unmaps = match self.setup.deviation {
            Some(Deviation::MapMapsNothing) => true,
            Some(Deviation::MapFlagsInAddress) => zero || effective & flags != 0,
            _ => zero,
        };
        let not_mapped = effective & u64::from(MAGIC_PAGE_FLAG_NOT_MAPPED_NX) != 0;
        let keeps_no_execute = match self.setup.deviation {
            Some(Deviation::NoExecuteKept) => true,
            Some(Deviation::NoExecuteIgnored) => false,
            _ => self.cpu.family != Family::Book3s64 || not_mapped,
        };
        self.mapping = (!unmaps).then_some(Mapping { ea, pa, keeps_no_execute });
        self.choose_byte_order(core);
        // Always, whatever the flags say: the contract wants the page there, not what was there before.
        let flushes = match self.setup.deviation {
            Some(Deviation::MapWithoutFlush) => false,
            Some(Deviation::MapWithFlagWithoutFlush) => !not_mapped,
            _ => true,
        };
        if flushes {
            self.flush(core);
        }
    }

    /// The page is in the byte order in which the guest takes interrupts, as its kernel was built: KVM decides it again
    /// at each call (arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv).
    fn choose_byte_order(&mut self, core: &mut Core) {
        let little = self.mmu.is_partition()
            && match self.setup.deviation {
                Some(Deviation::PageBigEndian) => false,
                Some(Deviation::PageLittleEndian) => true,
                _ => self.registers.cells.get(number::LPCR) & lpcr::ILE != 0,
            };
        let order = if little { ByteOrder::Little } else { ByteOrder::Big };
        let but_for: &[&str] = match self.setup.deviation {
            Some(Deviation::Sprg4NotReordered) => &["sprg4", "sprg5", "sprg6", "sprg7"],
            _ => &[],
        };
        self.shared.set_order(&mut core.memory, order, but_for);
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

/// What wrong hypervisors answer; `r4` is what that register held before.
#[cold]
fn answer_otherwise(core: &mut Core, deviation: Deviation, token: u32, r4: u64) {
    use Deviation as D;
    let minus_one = core.state.register(u64::MAX);
    let gpr = &mut core.state.gpr;
    let is_unknown = gpr[STATUS] == u64::from(EV_UNIMPLEMENTED);
    let is_map = token == KVM_HC_PPC_MAP_MAGIC_PAGE && !is_unknown;
    match deviation {
        D::FeaturesAsNumber if token == KVM_HC_FEATURES => gpr[RESULT] = KVM_FEATURE_MAGIC_PAGE.into(),
        D::FeaturesEmpty if token == KVM_HC_FEATURES => gpr[RESULT] = 0,
        D::MapFeaturesOne if is_map => gpr[RESULT] = KVM_MAGIC_FEAT_SR.into(),
        D::MapFeaturesNone if is_map => gpr[RESULT] = 0,
        D::UnknownCallSucceeds if is_unknown => gpr[STATUS] = EV_SUCCESS.into(),
        D::UnknownCallMinusOne if is_unknown => gpr[STATUS] = minus_one,
        D::UnknownCallStops if is_unknown => core.stop(Stop::GivenUp),
        D::ResultKept if is_unknown || token == EV_IDLE => gpr[RESULT] = r4,
        D::ResultsClobbered => gpr[RESULT + 1] = HOST_POINTER,
        _ => {}
    }
}
