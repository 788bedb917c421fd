//! What scripts assemble is what the reference executes: it decodes words by numbers of its own, so that a wrong number
//! in either description does not go unnoticed.

use std::collections::BTreeSet;

use sprig_isa::cpu::CPUS;
use sprig_isa::insn::INSNS;
use sprig_isa::insn::script::ONLY_IN_SCRIPTS;

use super::operation::Operation;
use super::{Insn, Privileged};

/// The record bit.
const RC: u32 = 1;

/// Extended mnemonics, and instructions of which several do the same here: they are decoded as something of another
/// name.
const OTHERWISE: &[(&str, &str)] = &[
    ("nop", "ori"),
    ("cmpw", "cmp"),
    ("cmplw", "cmpl"),
    ("bl", "b"),
    ("blr", "bclr"),
    ("bctr", "bcctr"),
    ("bctrl", "bcctr"),
    ("trap", "tw"),
    ("sc1", "sc"),
    ("mftb", "mfspr"),
    ("tlbre44", "tlbre"),
    ("tlbwe44", "tlbwe"),
    ("sync", "noop"),
    ("isync", "noop"),
    ("eieio", "noop"),
    ("dcbst", "touchblock"),
    ("dcbf", "touchblock"),
    ("icbi", "touchblock"),
    ("dcbt", "noop"),
    ("dcbtls", "lockdata"),
    ("dcbtstls", "lockdata"),
    ("dcblc", "unlockdata"),
    ("icbtls", "lockinstruction"),
    ("icblc", "unlockinstruction"),
    ("rldicl", "rotatedoubleword"),
    ("rldicr", "rotatedoubleword"),
    ("tlbsx.", "tlbsxrecord"),
    ("rldic", "rotatedoubleword"),
    ("rldimi", "rotatedoubleword"),
    ("rldcl", "rotatedoubleword"),
    ("rldcr", "rotatedoubleword"),
    ("crand", "crlogical"),
    ("cror", "crlogical"),
    ("crxor", "crlogical"),
    ("crnand", "crlogical"),
    ("crnor", "crlogical"),
    ("creqv", "crlogical"),
    ("crandc", "crlogical"),
    ("crorc", "crlogical"),
    ("bcl", "bc"),
    ("bclrl", "bclr"),
    ("bcctrl", "bcctr"),
    ("dcbtst", "noop"),
    ("dcba", "noop"),
    ("icbt", "noop"),
    ("mfocrf", "mfcr"),
    ("mtocrf", "mtcrf"),
];

/// The names of what some CPU takes a word for.
fn names(word: u32) -> BTreeSet<String> {
    let of = |cpu| match Operation::decode(Insn(word), cpu) {
        Operation::Privileged => Privileged::decode(Insn(word), cpu).map(|privileged| format!("{privileged:?}")),
        Operation::Rest => None,
        operation => Some(format!("{operation:?}")),
    };
    CPUS.iter().filter_map(of).map(|name| name.to_lowercase()).collect()
}

/// The name of what an instruction is to be decoded as.
fn name(mnemonic: &str, word: u32) -> String {
    let otherwise = |mnemonic: &str| OTHERWISE.iter().find(|(other, _)| *other == mnemonic).map(|(_, name)| *name);
    if let Some(name) = otherwise(mnemonic) {
        return name.to_owned();
    }
    match mnemonic.strip_suffix('.') {
        // Most have Rc for that; in the forms with an immediate operand the primary opcode says it.
        Some(plain) if word & RC != 0 => otherwise(plain).unwrap_or(plain).to_owned(),
        Some(plain) => format!("{plain}record"),
        None => mnemonic.to_owned(),
    }
}

#[test]
fn what_guest_and_scripts_know_is_decoded_as_that() {
    for row in INSNS {
        let names = names(row.word);
        assert!(names.contains(&name(row.mnemonic, row.word)), "{} is decoded as {names:?}", row.mnemonic);
    }
}

#[test]
fn what_only_scripts_know_is_decoded_as_that_or_not_at_all() {
    for row in ONLY_IN_SCRIPTS {
        let names = names(row.word);
        let is_right = names.is_empty() || names.contains(&name(row.mnemonic, row.word));
        assert!(is_right, "{} is decoded as {names:?}", row.mnemonic);
    }
}

#[test]
fn every_other_name_is_of_an_instruction() {
    let known = |mnemonic: &str| {
        INSNS.iter().any(|row| row.mnemonic == mnemonic) || ONLY_IN_SCRIPTS.iter().any(|row| row.mnemonic == mnemonic)
    };
    for (mnemonic, _) in OTHERWISE {
        assert!(known(mnemonic), "{mnemonic}");
    }
}
