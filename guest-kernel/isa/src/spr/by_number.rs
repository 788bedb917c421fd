//! Numbers of server CPUs' registers that a script calls by a name although they have no row of [`super::SPRS`] there:
//! what is known of these registers is only that they exist, and no implementation here models them. CTRL has rows, but
//! two numbers.
//!
//! The names are Linux's (arch/powerpc/include/asm/reg.h); the counters that problem state may write are QEMU's
//! SPR_POWER_UPMC1 to 6 (target/ppc/cpu.h).

use super::number as n;

/// Name and number.
pub static NUMBERS_BY_NAME: &[(&str, u16)] = &[
    ("SPRN_AMR", n::AMR),
    ("SPRN_PID", n::PID),
    ("SPRN_IAMR", n::IAMR),
    ("SPRN_CTRLF", n::CTRL_READ),
    ("SPRN_CTRLT", n::CTRL_WRITE),
    ("SPRN_UAMOR", n::UAMOR),
    ("SPRN_PSPB", n::PSPB),
    ("SPRN_UPMC1", n::POWER_UPMC1),
    ("SPRN_UPMC2", n::POWER_UPMC1 + 1),
    ("SPRN_UPMC3", n::POWER_UPMC1 + 2),
    ("SPRN_UPMC4", n::POWER_UPMC1 + 3),
    ("SPRN_UPMC5", n::POWER_UPMC1 + 4),
    ("SPRN_UPMC6", n::POWER_UPMC1 + 5),
    ("SPRN_SIER", n::POWER_SIER),
    ("SPRN_MMCR2", n::POWER_MMCR2),
    ("SPRN_MMCRA", n::POWER_MMCRA),
    ("SPRN_SIAR", n::POWER_SIAR),
    ("SPRN_SDAR", n::POWER_SDAR),
    ("SPRN_MMCR1", n::POWER_MMCR1),
    ("SPRN_VTB", n::VTB),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spr::{NUMBERS, SPRS};

    #[test]
    fn each_is_one_number_and_no_row_has_its_name() {
        for (place, (name, number)) in NUMBERS_BY_NAME.iter().enumerate() {
            assert!(*number < NUMBERS, "{name}");
            let again = NUMBERS_BY_NAME[..place].iter().any(|(other, same)| other == name || same == number);
            assert!(!again && SPRS.iter().all(|row| row.name != *name), "{name}");
        }
    }
}
