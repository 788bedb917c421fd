//! Putting the registers scripts look at back to zero before a case.
//!
//! What an interrupt or the kernel's own start leaves in SRR0, ESR or MAS0 depends on what ran before, so those are
//! cleared as well as the SPRGs. Some registers must not be written on every host: KVM ends a virtual machine that writes
//! its SPRG8. They are cleared only after a case with an instruction that writes them, which then has survived that.

use crate::cell::Exclusive;
use crate::cpu;
use crate::platform;
use crate::spr::mtspr;
use sprig_isa::cpu::CpuSet;
use sprig_isa::insn::Operand;
use sprig_isa::spr::{SPRS, number as n};

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

/// Numbers of the registers that are cleared only after a case that writes them.
const DELICATE: [u16; 4] = [n::SPRG8, n::SPRG9, n::MCSRR0, n::MCSRR1];

/// Whether the case before, or the one that is running, writes a delicate register.
static WRITES_DELICATE: Exclusive<[bool; DELICATE.len()]> = Exclusive::new([false; DELICATE.len()]);

/// Clears what the next case may look at; `is_first` if none has run since a machine of ours was entered as new.
pub(crate) fn clear(is_first: bool) {
    // Not the hypervisor's to give to a machine that is new: USPRG0 is VRSAVE, which problem state has.
    clear!(USPRG0);
    if is_first && platform::ENTERS_CLEAR && cpu().family.is_booke() {
        // The boot has written no other (family::start).
        return;
    }
    clear!(SPRG0, SPRG1, SPRG2, SPRG3, SPRG4, SPRG5, SPRG6, SPRG7);
    clear!(SRR0, SRR1, CSRR0, CSRR1, DEAR, ESR, DAR, DSISR);
    clear!(MAS0, MAS1, MAS2, MAS3, MAS4, MAS6, MAS7);
    let [sprg8, sprg9, mcsrr0, mcsrr1] = WRITES_DELICATE.with(|written| core::mem::take(written));
    if sprg8 {
        clear!(SPRG8);
    }
    if sprg9 {
        clear!(SPRG9);
    }
    if mcsrr0 {
        clear!(MCSRR0);
    }
    if mcsrr1 {
        clear!(MCSRR1);
    }
}

/// Notes which delicate register an instruction of a case writes, if it does.
pub(crate) fn note_write(word: u32) {
    /// mtspr: primary opcode 31, extended opcode 467 (Power ISA 3.0B Book III, section 4.4.4).
    const MTSPR: u32 = 31 << 26 | 467 << 1;
    let operands = Operand::Rs.mask() | Operand::Spr.mask();
    if word & !operands == MTSPR {
        let number = Operand::Spr.extract(word);
        let place = DELICATE.iter().position(|delicate| i64::from(*delicate) == number);
        if let Some(place) = place {
            WRITES_DELICATE.with(|written| written[place] = true);
        }
    }
}
