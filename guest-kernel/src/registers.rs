//! Putting the registers scripts look at back to zero before a case.
//!
//! What an interrupt or the kernel's own start leaves in SRR0, ESR or MAS0 depends on what ran before, so those are
//! cleared as well as the SPRGs. Some registers must not be written on every host: KVM ends a virtual machine that
//! writes its SPRG8. They are cleared only after a case with an instruction that writes them, since the machine has
//! survived that.

use crate::cell::Exclusive;
use crate::cpu;
use crate::platform::{Here, Platform};
use crate::spr::mtspr;
use sprig_isa::cpu::CpuSet;
use sprig_isa::spr::{SPRS, number as n};
use sprig_wire::effect;

/// The CPUs that have a register, found at compile time: the table itself is not in the image.
const fn holders(number: u16) -> CpuSet {
    let mut cpus = CpuSet::empty();
    let mut row = 0;
    while row < SPRS.len() {
        if SPRS[row].number == number {
            cpus = cpus.union(SPRS[row].cpus);
        }
        row += 1;
    }
    cpus
}

/// Clears one register where the CPU has it.
fn clear_register<const NUMBER: u16>() {
    if const { holders(NUMBER) }.contains(cpu().set) {
        // SAFETY: the CPU has the register, and the kernel keeps nothing in it.
        unsafe { mtspr::<NUMBER>(0) };
    }
}

macro_rules! clear {
    ($($number:ident),*) => { $(clear_register::<{ n::$number }>();)* };
}

/// What the case before, or the one that is running, writes ([`effect`]).
static WRITES: Exclusive<u32> = Exclusive::new(0);

/// Clears what the next case may look at; `is_first` if none has run since a machine of ours was entered as new.
pub(crate) fn clear(is_first: bool) {
    // Not the hypervisor's to give to a machine that is new: USPRG0 is VRSAVE, which problem state has.
    clear!(USPRG0);
    if is_first && Here::ENTERS_CLEAR && cpu().family.is_booke() {
        // The boot has written no other (family::start).
        return;
    }
    clear!(SPRG0, SPRG1, SPRG2, SPRG3, SPRG4, SPRG5, SPRG6, SPRG7);
    clear!(SRR0, SRR1, CSRR0, CSRR1, DEAR, ESR, DAR, DSISR);
    clear!(MAS0, MAS1, MAS2, MAS3, MAS4, MAS6, MAS7);
    let written = WRITES.with(core::mem::take);
    if written & effect::WRITES_SPRG8 != 0 {
        clear!(SPRG8);
    }
    if written & effect::WRITES_SPRG9 != 0 {
        clear!(SPRG9);
    }
    if written & effect::WRITES_MCSRR0 != 0 {
        clear!(MCSRR0);
    }
    if written & effect::WRITES_MCSRR1 != 0 {
        clear!(MCSRR1);
    }
}

/// The code of a case that is about to run has these effects.
pub(crate) fn note_effects(effects: u32) {
    WRITES.with(|written| *written |= effects);
}
