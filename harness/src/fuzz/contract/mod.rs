//! What the contract allows, step by step: a small model of what a guest may see, made from the rules and knowing no
//! hypervisor.
//!
//! ```text
//!   steps --predict--> Prediction: exceptions, and the values that an observation may have, each with its rule
//!             |
//!             registers: value, the way it came, what an alias may still show     (stale or new until an exit, then new)
//!             memory: bytes, pages, where the magic page is
//!             interrupts: pending, enabled, taken; yes, no, or nobody can tell
//! ```
//!
//! A difference between two hypervisors says that one of them is wrong, or that the contract leaves something open; a
//! prediction says which rule is broken, and by whom, where there is nothing to compare with too. So predictions come
//! first, and what they leave open is compared. What is not known (what a register held before anybody wrote it, what
//! no document says) is not predicted.

mod exception;
mod interrupts;
mod memory;
mod odd;
mod registers;
mod step;
mod storage;
mod waiting;

pub(super) use interrupts::ASKED;

use super::action::Step;
use super::environment::Environment;
use super::prediction::Prediction;
use crate::feature::Feature;
use interrupts::{Answer, Source};
use memory::Memory;
use registers::Registers;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use std::collections::BTreeMap;

/// What is known while a script runs.
#[derive(Clone, Debug)]
pub(super) struct Contract<'a> {
    environment: &'a Environment,
    registers: Registers,
    memory: Memory,
    /// Fields of the page that are no register.
    fields: BTreeMap<&'static str, u64>,
    /// The MSR of supervisor state.
    msr: Option<u64>,
    /// What `page.msr` holds if it was stored to and nothing has run since.
    stored_msr: Option<u64>,
    external: Source,
    decrementer: Source,
    critical: Source,
    user: bool,
    /// Nothing that interrupts has changed since a hypervisor ran.
    settled: bool,
    /// The guest has stored to `int_pending`, which is the hypervisor's.
    pending_stored: bool,
    /// What waits was withheld by the guest's critical section.
    withheld: bool,
    /// The last step was a loop long enough for everything that is due.
    looped: bool,
}

/// What the contract says of each step of a script.
pub(super) fn predict(environment: &Environment, steps: &[Step]) -> Vec<Prediction> {
    let mut contract = Contract::new(environment);
    steps.iter().map(|step| contract.step(step)).collect()
}

impl<'a> Contract<'a> {
    fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            registers: Registers::new(environment.shared),
            memory: Memory::new(environment),
            fields: BTreeMap::new(),
            msr: Some(environment.msr()),
            stored_msr: None,
            external: Source::default(),
            decrementer: Source::default(),
            critical: Source::default(),
            user: false,
            settled: true,
            pending_stored: false,
            withheld: false,
            looped: false,
        }
    }

    /// True if the guest's privileged instructions are a hypervisor's to emulate.
    fn is_paged(&self) -> bool {
        self.environment.has(Feature::MagicPage)
    }

    /// A hypervisor runs: what was stored to the page is in force, and aliases show it.
    fn exit(&mut self) {
        self.registers.exit();
        self.settle();
    }

    /// What a hypervisor does when it runs, whether or not it was seen to: but for the aliases, which may show either.
    fn settle(&mut self) {
        self.take_stored_msr();
        self.settled = true;
        self.run_interrupts();
    }

    /// A hypervisor may have run, and the next instruction writes the MSR: what waits for a bit that the page alone has
    /// set comes before that instruction, or once it is done and if it leaves the bit set.
    fn settle_before_msr_write(&mut self) {
        self.run_interrupts();
        self.take_stored_msr();
        self.settled = true;
    }

    /// What was stored to the page's msr is the MSR.
    fn take_stored_msr(&mut self) {
        if let (Some(stored), Some(old)) = (self.stored_msr.take(), self.msr) {
            let taken = msr::PAGE_SAFE & self.writable_by_page();
            let new = old & !taken | stored & taken;
            // Bits that are not the page's to change may be taken or not: no document says.
            self.msr = ((stored ^ old) & !taken == 0).then_some(new);
        }
    }

    /// What a store to the page's msr changes for sure.
    fn writable_by_page(&self) -> u64 {
        if self.environment.family().is_booke() { msr::EE } else { msr::PAGE_SAFE }
    }

    /// Whether an interrupt that waits for a bit of the MSR is let in.
    fn enabled(&self, bit: u64) -> Answer {
        let now = match self.current_msr() {
            Some(state) if state & bit != 0 => Answer::Yes,
            Some(_) => Answer::No,
            None => Answer::Maybe,
        };
        match self.stored_msr {
            Some(stored) if self.msr.is_some_and(|old| (old ^ stored) & bit != 0) => Answer::Maybe,
            _ => now,
        }
    }

    /// What waits and is let in interrupts the guest.
    fn run_interrupts(&mut self) {
        let ee = self.enabled(msr::EE);
        let by_problem_state = self.user && self.msr.is_some_and(|state| state & msr::EE == 0);
        let (mut taken, mut some_time) = (false, false);
        for source in [&mut self.external, &mut self.decrementer] {
            let now = source.pending == Answer::Yes && ee == Answer::Yes;
            if source.let_in(ee) {
                source.by_problem_state = by_problem_state;
                taken = true;
                some_time |= !now;
            }
        }
        if self.environment.family().is_booke() {
            let ce = self.enabled(msr::booke::CE);
            let now = self.critical.pending == Answer::Yes && ce == Answer::Yes;
            if self.critical.let_in(ce) {
                self.interrupts(number::CSRR0, number::CSRR1, !now);
            }
        }
        if taken {
            self.interrupts(number::SRR0, number::SRR1, some_time);
        }
    }

    /// An asynchronous interrupt saves address and state here; `some_time`: then, or before, or it will.
    fn interrupts(&mut self, address: u16, state: u16, some_time: bool) {
        self.registers.forget(address);
        self.registers.forget(state);
        // Between which two instructions cannot be known.
        self.registers.of(address).open = true;
        self.registers.of(state).open = some_time;
        self.settled = false;
    }

    /// The page's `critical` equals this r1, and the page is there to say so.
    fn is_critical(&self, stack: u64) -> bool {
        !self.user && self.memory.page_is_there() && self.fields.get("critical").is_some_and(|value| *value == stack)
    }

    fn source(&mut self, exception: Exception) -> &mut Source {
        match exception {
            Exception::External => &mut self.external,
            Exception::CriticalInput => &mut self.critical,
            _ => &mut self.decrementer,
        }
    }

    /// Goes to problem state or back, as the script's block begins or ends.
    fn change_privilege(&mut self, user: bool) {
        if self.user == user {
            return;
        }
        self.exit();
        self.user = user;
        self.exit();
        self.registers.forget(number::SRR0);
        self.registers.forget(number::SRR1);
    }

    /// The guest kernel has done something with a translation.
    fn kernel_translates(&mut self) {
        self.forget_assists();
        self.registers.may_change(number::SRR0);
        self.registers.may_change(number::SRR1);
    }

    /// A miss and the guest kernel's own work with translations leave something in the registers for them.
    fn forget_assists(&mut self) {
        for cell in [
            number::MAS0,
            number::MAS1,
            number::MAS2,
            number::MAS3,
            number::MAS4,
            number::MAS6,
            number::MAS7,
            number::MMUCR,
        ] {
            self.registers.forget(cell);
        }
        // How much of it a miss replaces: the e500 manual names SPID0 and SAS, KVM keeps SPID1, QEMU does not.
        self.registers.of(number::MAS6).open = true;
        // Which entry the hardware proposes to replace, now and the next time, is its own affair.
        self.registers.of(number::MAS0).open = true;
    }

    fn critical_section(&self) -> bool {
        // The section's own stores must be those of `critical`, and nothing but it may let an interrupt in.
        self.memory.page_is_there() && self.msr == Some(self.environment.msr()) && self.stored_msr.is_none()
    }
}
