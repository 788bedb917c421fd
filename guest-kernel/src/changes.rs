//! Whether code that ran since the kernel's state was last restored can have changed any of it ([`Machine::restore`]).
//! A sweep over all special registers restores it after each, and under a hypervisor each of its registers costs an
//! exit.
//!
//! What is not known for sure counts as changed. This is about e500 only.
//!
//! [`Machine::restore`]: sprig_interpreter::Machine::restore

use crate::cpu;
use crate::family;
use sprig_isa::cpu::Family;
use sprig_wire::log::Interrupt;

/// What ran.
#[derive(Clone, Copy)]
pub(crate) enum Ran {
    /// Nothing that changes what is put back.
    Plain,
    /// Anything.
    More,
}

impl Ran {
    /// With a stub after it, which may be a plain one ([`sprig_wire::effect::is_plain`]).
    pub(crate) fn then(self, is_plain: bool, interrupt: Option<&Interrupt>) -> Self {
        // An interrupt that says that the step was in another machine state has the kernel go on in that.
        let goes_on = || interrupt.is_none_or(|taken| family::resumes_as_kernel(taken.srr1 as u32));
        if is_plain && matches!(self, Self::Plain) && goes_on() { Self::Plain } else { Self::More }
    }

    /// False if all that the kernel puts back is as it left it.
    pub(crate) fn may_have_changed_state(self) -> bool {
        matches!(self, Self::More) || cpu().family != Family::BookeE500
    }
}
