//! Exceptions that a step causes, and what they leave behind.

use super::super::prediction::{Allowed, Part, Prediction, Trap};
use super::Contract;
use super::registers::Way;
use sprig_isa::cpu::{CpuSet, Family};
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use sprig_isa::syndrome::{dsisr, esr, srr1};

/// Those of a program interrupt that tell its causes apart.
const SRR1_PROGRAM: u64 = srr1::FP | srr1::ILLEGAL | srr1::PRIVILEGED | srr1::TRAP;

/// Why a step takes an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// No such instruction.
    Illegal,
    /// No such special register, for problem state.
    NoSuchRegister,
    /// Not for problem state.
    Privileged,
    /// A trap instruction.
    Trap,
    /// A system call.
    SystemCall,
    /// No translation.
    Unmapped {
        /// The address.
        ea: u64,
        /// It is stored to.
        store: bool,
    },
    /// A translation that does not allow it.
    Protected {
        /// The address.
        ea: u64,
        /// It is stored to.
        store: bool,
    },
}

impl Cause {
    fn exceptions(self, family: Family, cpus: CpuSet) -> &'static [Exception] {
        use Exception::{DataSegment, DataStorage, DataTlbError, HypervisorEmulationAssist, Program, SystemCall};
        match self {
            Self::Illegal | Self::NoSuchRegister if cpus.intersects(CpuSet::POWER) => {
                &[Program, HypervisorEmulationAssist]
            }
            Self::Illegal | Self::NoSuchRegister | Self::Privileged | Self::Trap => &[Program],
            Self::SystemCall => &[SystemCall],
            Self::Unmapped { .. } if family.is_booke() => &[DataTlbError],
            Self::Unmapped { .. } if family == Family::Book3s64 => &[DataStorage, DataSegment],
            Self::Unmapped { .. } | Self::Protected { .. } => &[DataStorage],
        }
    }

    /// ESR or DSISR, where the interrupt sets it and what it says is laid down.
    fn syndrome(self, family: Family) -> Option<u32> {
        let stores = |store: bool, bit: u32| if store { bit } else { 0 };
        match (self, family.is_booke()) {
            (Self::Illegal | Self::NoSuchRegister, true) => Some(esr::PIL),
            (Self::Privileged, true) => Some(esr::PPR),
            (Self::Trap, true) => Some(esr::PTR),
            (Self::Unmapped { store, .. } | Self::Protected { store, .. }, true) => Some(stores(store, esr::ST)),
            (Self::Unmapped { store, .. }, false) if family == Family::Book3s32 => {
                Some(dsisr::NO_TRANSLATION | stores(store, dsisr::STORE))
            }
            (Self::Protected { store, .. }, false) => Some(dsisr::PROTECTION | stores(store, dsisr::STORE)),
            _ => None,
        }
    }

    /// The bit of SRR1 that says why, on the server families.
    fn reason(self, cpus: CpuSet) -> Option<u64> {
        match self {
            Self::Illegal if !cpus.intersects(CpuSet::POWER) => Some(srr1::ILLEGAL),
            Self::Privileged => Some(srr1::PRIVILEGED),
            Self::Trap => Some(srr1::TRAP),
            _ => None,
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Illegal => "exception.illegal-instruction",
            Self::NoSuchRegister => "spr.illegal-in-problem-state",
            Self::Privileged => "exception.privileged-instruction",
            Self::Trap => "exception.trap-instruction",
            Self::SystemCall => "exception.system-call",
            Self::Unmapped { .. } => "mmu.unmapped-page-interrupts",
            Self::Protected { .. } => "mmu.protection",
        }
    }
}

impl Contract<'_> {
    /// The step takes this exception at this offset of its stub, and has no other effect.
    pub(super) fn takes(&mut self, cause: Cause, srr0: u64) -> Prediction {
        self.takes_by(cause, srr0, cause.rule())
    }

    /// The same, because of another rule than that of the exception.
    pub(super) fn takes_by(&mut self, cause: Cause, srr0: u64, rule: &'static str) -> Prediction {
        // An exception is an exit: what was stored to the page's msr is in force when SRR1 is saved.
        self.exit();
        let (family, cpus) = (self.environment.family(), self.environment.cpu.set);
        let mut prediction = Prediction { trap: Trap::Expected, rule, ..Prediction::default() }
            .with(Part::Exception, Some(Allowed::Exceptions(cause.exceptions(family, cpus))))
            .with(Part::Srr0, Some(Allowed::OneOf(vec![srr0])));
        if let Some(syndrome) = cause.syndrome(family) {
            prediction = prediction.with(Part::Syndrome, Some(Allowed::OneOf(vec![syndrome.into()])));
        }
        if let Cause::Unmapped { ea, .. } | Cause::Protected { ea, .. } = cause {
            prediction = prediction.with(Part::Dar, Some(Allowed::OneOf(vec![ea])));
        }
        if !family.is_booke()
            && let Some(reason) = cause.reason(cpus)
        {
            prediction = prediction.with(Part::Srr1, Some(Allowed::Bits(SRR1_PROGRAM, reason)));
        }
        if let Some(state) = self.current_msr() {
            prediction.rule =
                if family.is_booke() { "exception.srr1-is-the-msr" } else { "exception.srr1-shows-state" };
            let mask = self.environment.cut(!srr1::REASON);
            let allowed =
                if family.is_booke() { Allowed::OneOf(vec![state]) } else { Allowed::Bits(mask, state & mask) };
            prediction = prediction.with(Part::Srr1, Some(allowed));
            prediction.rule = rule;
        }
        self.leave_behind(cause);
        prediction
    }

    fn leave_behind(&mut self, cause: Cause) {
        let (family, cpus) = (self.environment.family(), self.environment.cpu.set);
        self.registers.of(number::SRR0).set(None, Way::Interrupt);
        let state = self.current_msr().filter(|_| !self.user);
        let saved = state.and_then(|state| {
            if family.is_booke() {
                Some(state)
            } else {
                cause.reason(cpus).map(|reason| state & !srr1::REASON | reason)
            }
        });
        self.registers.of(number::SRR1).set(saved, Way::Interrupt);
        let (syndrome, address) =
            if family.is_booke() { (number::ESR, number::DEAR) } else { (number::DSISR, number::DAR) };
        let has_address = matches!(cause, Cause::Unmapped { .. } | Cause::Protected { .. });
        if let Cause::Unmapped { ea, .. } | Cause::Protected { ea, .. } = cause {
            self.registers.of(address).set(Some(ea), Way::Interrupt);
            self.forget_assists();
        }
        if let Some(value) = cause.syndrome(family) {
            self.registers.of(syndrome).set(Some(value.into()), Way::Interrupt);
        } else if has_address {
            self.registers.of(syndrome).set(None, Way::Interrupt);
        }
        // What says why is not part of the state the guest kernel goes on in; waiting and debugging it leaves out too.
        self.run_interrupts();
    }

    /// The MSR as an interrupt finds it.
    pub(super) fn current_msr(&self) -> Option<u64> {
        let state = self.msr?;
        if !self.user {
            return Some(state);
        }
        // rfid to problem state enables interrupts (Power ISA Book III-S, rfid: MSR[EE] = SRR1[EE] | SRR1[PR]).
        let enabled = if self.environment.family() == Family::Book3s64 { msr::EE } else { 0 };
        Some(state | msr::PR | enabled)
    }
}
