//! Whether a set of comparisons has shown what it is meant to: every instruction executed, every known difference met.

use super::compare::Figures;
use super::known::KNOWN;
use super::program::{Row, rows};
use sprig_isa::cpu::Cpu;
use std::collections::BTreeSet;

/// How many instructions programs for a CPU are made of, variants apart.
#[must_use]
pub fn kinds(cpu: &Cpu) -> usize {
    all(cpu).count()
}

/// The instructions, variants apart, that no comparison with this CPU has executed.
#[must_use]
pub fn not_executed(cpu: &Cpu, figures: &Figures) -> Vec<String> {
    let executed: BTreeSet<(&str, &str)> = figures
        .words
        .keys()
        .filter_map(|word| Row::decode(*word))
        .map(|(row, suffix)| (row.mnemonic, suffix))
        .collect();
    let left_out = all(cpu).filter(|variant| !executed.contains(variant));
    left_out.map(|(mnemonic, suffix)| format!("{mnemonic}{suffix}")).collect()
}

/// Mnemonic and suffix of each.
fn all(cpu: &Cpu) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    rows(cpu).flat_map(|row| row.variants().iter().map(|(_, suffix)| (row.mnemonic, *suffix)))
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
        let cpu = Cpu::by_name("7447").expect("a CPU of the table");
        let mut figures = Figures::default();
        // add r0,r0,r0 and its OE form.
        figures.words.extend([(0x7c00_0214, 1), (0x7c00_0614, 1)]);
        let missing = not_executed(cpu, &figures);
        let has = |name: &str| missing.iter().any(|missing| missing == name);
        assert_eq!(["add", "addo", "add.", "addo.", "subf"].map(has), [false, false, true, true, true]);
    }

    #[test]
    fn programs_for_a_32bit_cpu_need_not_have_what_only_others_execute() {
        let [narrow, wide] = ["7447", "970"].map(|name| Cpu::by_name(name).expect("a CPU of the table"));
        let has = |cpu: &Cpu| not_executed(cpu, &Figures::default()).contains(&"mulld.".to_owned());
        assert!(!has(narrow) && has(wide));
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
