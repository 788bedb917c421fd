//! Whether a set of comparisons has shown what it is meant to: every instruction executed, every known difference met.

use super::compare::Figures;
use super::known::KNOWN;
use super::program::{ROWS, Row};
use std::collections::BTreeSet;

/// How many instructions there are, variants apart.
pub const KINDS: usize = {
    let (mut kinds, mut row) = (0, 0);
    while row < ROWS.len() {
        kinds += ROWS[row].variants().len();
        row += 1;
    }
    kinds
};

/// The instructions, variants apart, that no comparison has executed.
#[must_use]
pub fn not_executed(figures: &Figures) -> Vec<String> {
    let executed: BTreeSet<(&str, &str)> = figures
        .words
        .keys()
        .filter_map(|word| Row::decode(*word))
        .map(|(row, suffix)| (row.insn.mnemonic, suffix))
        .collect();
    let all = ROWS.iter().flat_map(|row| row.variants().iter().map(|(_, suffix)| (row.insn.mnemonic, *suffix)));
    all.filter(|variant| !executed.contains(variant)).map(|(mnemonic, suffix)| format!("{mnemonic}{suffix}")).collect()
}

/// The known differences that no comparison has met.
#[must_use]
pub fn not_met(figures: &Figures) -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).filter(|name| !figures.known.contains_key(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_covered_by_itself_only() {
        let mut figures = Figures::default();
        // add r0,r0,r0 and its OE form.
        figures.words.extend([(0x7c00_0214, 1), (0x7c00_0614, 1)]);
        let missing = not_executed(&figures);
        let has = |name: &str| missing.iter().any(|missing| missing == name);
        assert_eq!(["add", "addo", "add.", "addo.", "subf"].map(has), [false, false, true, true, true]);
    }

    #[test]
    fn a_known_difference_that_was_not_met_is_named() {
        let mut figures = Figures::default();
        assert_eq!(not_met(&figures).len(), KNOWN.len());
        figures.known.insert("time", 1);
        assert!(!not_met(&figures).contains(&"time"));
        assert_eq!(not_met(&figures).len(), KNOWN.len() - 1);
    }
}
