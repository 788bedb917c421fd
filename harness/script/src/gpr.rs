//! The general registers by their names.

/// Names of the general registers, by number.
pub(super) static NAMES: [&str; 32] = [
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17",
    "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31",
];

/// The register of this name.
pub(super) fn by_name(name: &str) -> Option<u8> {
    let number: u8 = name.strip_prefix('r')?.parse().ok()?;
    // `r03` and `r+3` are numbers and no names.
    (NAMES.get(usize::from(number)) == Some(&name)).then_some(number)
}

/// The name of the register of this number, empty if there is none.
pub(super) fn name(number: u8) -> &'static str {
    NAMES.get(usize::from(number)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_has_one_name() {
        for (number, name) in (0u8..).zip(NAMES) {
            assert_eq!(by_name(name), Some(number));
        }
        for other in ["r32", "r03", "r+3", "r256", "r", "3", "R3", ""] {
            assert_eq!(by_name(other), None, "{other}");
        }
    }
}
