//! Whether code that ran since the kernel's state was last put back can have changed any of it ([`Machine::restore`]). A sweep over all
//! special registers has it put back after each, and under a hypervisor each register of it is an exit.
//!
//! What is not known for sure counts as changed. This speaks of e500 alone.
//!
//! [`Machine::restore`]: sprig_interpreter::Machine::restore

use crate::cpu;
use crate::family;
use sprig_isa::cpu::Family;
use sprig_isa::insn::Operand;
use sprig_isa::insn::word::branch_absolute;
use sprig_isa::spr::number as n;
use sprig_wire::layout::{CODE_BASE, STEP_RETURN};
use sprig_wire::log::Interrupt;

/// What ran.
#[derive(Clone, Copy)]
pub(crate) enum Ran {
    /// Nothing of a case.
    Nothing,
    /// One stub, at this offset in the code.
    Stub(u32),
    /// Anything.
    More,
}

/// Instructions of a stub that are looked at.
const LONGEST: usize = 16;
/// The last one.
const END: u32 = branch_absolute(STEP_RETURN);

impl Ran {
    /// With a stub behind it.
    pub(crate) fn then(self, stub: u32, interrupt: Option<&Interrupt>) -> Self {
        // An interrupt that says that the step was in another machine state has the kernel go on in that.
        let is_plain = interrupt.is_none_or(|taken| family::resumes_as_kernel(taken.srr1 as u32));
        if matches!(self, Self::Nothing) && is_plain { Self::Stub(stub) } else { Self::More }
    }

    /// False if all that the kernel puts back is as it left it. `code` are the bytes of code there are.
    pub(crate) fn may_have_changed_state(self, code: usize) -> bool {
        match self {
            _ if cpu().family != Family::BookeE500 => true,
            Self::Nothing => false,
            Self::More => true,
            Self::Stub(stub) => {
                let words = (stub..code as u32).step_by(4).take(LONGEST);
                // SAFETY: within the case's code, aligned.
                let words = words.map(|offset| unsafe { ((CODE_BASE + offset) as *const u32).read_volatile() });
                // It ends by its last word or by an interrupt, which comes before that.
                !words.take_while(|word| *word != END).all(is_harmless)
            }
        }
    }
}

/// True of an instruction that changes no state that the kernel puts back, and goes on behind itself.
fn is_harmless(word: u32) -> bool {
    // Power ISA 3.0B Book I, section 3.3.13, and Book III, section 4.4.4.
    const ORI: u32 = 24;
    const MFSPR: u32 = 31 << 26 | 339 << 1;
    const MTSPR: u32 = 31 << 26 | 467 << 1;
    let operands = Operand::Rs.mask() | Operand::Spr.mask();
    word >> 26 == ORI
        || word & !operands == MFSPR
        || word & !operands == MTSPR && !is_put_back(Operand::Spr.extract(word) as u16)
}

/// True of a register that the kernel puts back: `vectors::point`, `family::restore`.
const fn is_put_back(number: u16) -> bool {
    /// IVOR0 to IVOR15, and IVOR32 to IVOR37.
    const LOW: u16 = n::IVOR0 + 15;
    const HIGH: u16 = n::IVOR32 + 5;
    matches!(
        number,
        n::IVPR | n::IVOR0..=LOW | n::IVOR32..=HIGH | n::PID | n::PID1 | n::PID2 | n::MMUCSR0 | n::TCR | n::TSR | n::DEC | n::DBCR0 | n::DBSR
    )
}
