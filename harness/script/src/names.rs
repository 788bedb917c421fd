//! The names a script may use: constants, registers, the words of the language; and the nearest one to a mistyped name.

use super::diagnostic::Diagnostic;
use super::gpr;
use super::setting::GuestWord;
use super::span::Span;
use sprig_isa::bit::{Bit, REGISTERS};
use sprig_isa::capability::{self, CAPABILITIES, COUNTS};
use sprig_isa::mmu::hash64;
use sprig_isa::spr::{NUMBERS_BY_NAME, SPRS};
use sprig_isa::{debug, hcall, one_reg, page, sregs};
use sprig_judge::nearest::nearest;
use sprig_wire::{board, layout};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What a register holds before a step reads into it: a read that does nothing shows.
pub const POISON: u64 = 0xdead_beef;

/// Constants that are neither bits nor in another table.
static OTHERS: &[(&str, u64)] = &[
    ("EV_EPAPR_VENDOR_ID", hcall::EPAPR_VENDOR as u64),
    ("EV_FSL_VENDOR_ID", hcall::FSL_VENDOR as u64),
    ("EV_KVM_VENDOR_ID", hcall::KVM_VENDOR as u64),
    ("KVM_SC_MAGIC_R0", hcall::KVM_SC_MAGIC_R0 as u64),
    ("KVM_FEATURE_MAGIC_PAGE", hcall::KVM_FEATURE_MAGIC_PAGE as u64),
    ("KVM_MAGIC_FEAT_SR", hcall::KVM_MAGIC_FEAT_SR as u64),
    ("KVM_MAGIC_FEAT_MAS0_TO_SPRG7", hcall::KVM_MAGIC_FEAT_MAS0_TO_SPRG7 as u64),
    ("MAGIC_PAGE_FLAG_NOT_MAPPED_NX", hcall::MAGIC_PAGE_FLAG_NOT_MAPPED_NX as u64),
    ("KVM_GUESTDBG_ENABLE", debug::ENABLE as u64),
    ("KVM_GUESTDBG_SINGLESTEP", debug::SINGLESTEP as u64),
    ("KVM_GUESTDBG_USE_SW_BP", debug::USE_SW_BP as u64),
    ("KVM_GUESTDBG_USE_HW_BP", debug::USE_HW_BP as u64),
    ("KVMPPC_DEBUG_BREAKPOINT", debug::BREAKPOINT as u64),
    ("KVMPPC_DEBUG_WATCH_WRITE", debug::WATCH_WRITE as u64),
    ("KVMPPC_DEBUG_WATCH_READ", debug::WATCH_READ as u64),
    ("KVMPPC_INST_SW_BREAKPOINT", debug::SOFTWARE_BREAKPOINT as u64),
    ("HPTES_PER_GROUP", hash64::PTES_PER_GROUP),
    (MAGIC_PAGE, page::DEFAULT_EA),
    ("SCRATCH", layout::SCRATCH_BASE as u64),
    ("BOARD", board::REGISTERS as u64),
    ("POISON", POISON),
];

/// The one constant whose value depends on the word size: -4096.
pub const MAGIC_PAGE: &str = "MAGIC_PAGE";

/// Every constant on a 32-bit guest, in the order of the documentation.
static CONSTANTS: LazyLock<Vec<(String, u64)>> = LazyLock::new(|| {
    let mut all: Vec<(String, u64)> = Vec::new();
    for (name, bit) in bits() {
        // The families share some bits of MSR.
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name, bit.mask));
        }
    }
    all.extend(hcall::HYPERCALLS.iter().map(|call| (call.name.to_owned(), call.token.into())));
    all.extend(hcall::STATUSES.iter().map(|status| (status.name.to_owned(), status.value.into())));
    let papr = hcall::papr::CALLS.iter().chain(hcall::papr::NAMES);
    all.extend(papr.map(|named| (named.name.to_owned(), named.value)));
    all.extend(one_reg::ONE_REGS.iter().map(|register| (register.name.to_owned(), register.id)));
    all.extend(CAPABILITIES.iter().map(|capability| (capability.name.to_owned(), capability.number.into())));
    all.extend(
        COUNTS.iter().chain(capability::OTHER_NAMES).map(|(name, number)| ((*name).to_owned(), (*number).into())),
    );
    all.extend(one_reg::OF_PARTITION.iter().chain(one_reg::OTHER_NAMES).map(|(name, id)| ((*name).to_owned(), *id)));
    all.extend(sregs::NAMES.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    all.extend(NUMBERS_BY_NAME.iter().map(|(name, number)| ((*name).to_owned(), (*number).into())));
    all.extend(OTHERS.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    all
});

/// Every bit and field of a register, as `REGISTER.NAME`.
fn bits() -> impl Iterator<Item = (String, Bit)> {
    let named = |register: &'static str| move |bit: &Bit| (format!("{register}.{}", bit.name), *bit);
    REGISTERS.iter().flat_map(move |(register, tables)| tables.iter().copied().flatten().map(named(register)))
}

/// Those by name.
static FIELDS: LazyLock<HashMap<String, Bit>> = LazyLock::new(|| bits().collect());

/// The same by name: a script asks for hundreds, and again in each round of a loop.
static VALUES: LazyLock<HashMap<&str, u64>> =
    LazyLock::new(|| CONSTANTS.iter().map(|(name, value)| (name.as_str(), *value)).collect());

/// The special registers' names, for the same reason.
static SPR_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| spr_names().collect());

/// Every constant's name.
pub fn constant_names() -> impl Iterator<Item = &'static str> {
    CONSTANTS.iter().map(|(name, _)| name.as_str())
}

/// The constant of this name.
#[must_use]
pub fn constant(name: &str, word: GuestWord) -> Option<u64> {
    if name == MAGIC_PAGE {
        return Some(magic_page(word));
    }
    VALUES.get(name).copied()
}

/// The bit or field of this name, to be given a number.
pub(super) fn field(name: &str) -> Option<Bit> {
    FIELDS.get(name).copied()
}

/// True if the register has any.
pub(super) fn has_fields(register: &str) -> bool {
    REGISTERS.iter().any(|(known, _)| *known == register)
}

/// Every one of their names.
pub(super) fn field_names() -> impl Iterator<Item = &'static str> {
    constant_names().filter(|name| FIELDS.contains_key(*name))
}

/// What `MAGIC_PAGE` is: where the magic page is unless a step says otherwise.
#[must_use]
pub const fn magic_page(word: GuestWord) -> u64 {
    match word {
        GuestWord::Bits32 => page::DEFAULT_EA,
        GuestWord::Bits64 => 0u64.wrapping_sub(page::PAGE_SIZE),
    }
}

/// The special register of this name, as the table spells it.
pub(super) fn spr(name: &str) -> Option<&'static str> {
    SPR_NAMES.get(name).copied()
}

/// Every special register's name.
pub(super) fn spr_names() -> impl Iterator<Item = &'static str> {
    SPRS.iter().map(|spr| spr.name)
}

/// Every name of a special register's number.
pub(super) fn spr_number_names() -> impl Iterator<Item = &'static str> {
    NUMBERS_BY_NAME.iter().map(|(name, _)| *name)
}

/// A word of the language and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Begins a line of the header.
    Header,
    /// Begins a step, or comes after `=`.
    Step,
    /// Begins a block.
    Block,
    /// Stands within a line.
    Within,
    /// Says more about one step.
    Detail,
}

/// Every word of the language.
pub static WORDS: &[(&str, Place)] = {
    use Place::{Block, Detail, Header, Step, Within};
    &[
        ("rule", Header),
        ("needs", Header),
        ("param", Header),
        ("privilege", Header),
        ("word", Header),
        ("order", Header),
        ("kills", Header),
        ("mfspr", Step),
        ("mtspr", Step),
        ("mfmsr", Step),
        ("mtmsr", Step),
        ("page", Step),
        ("load8", Step),
        ("load16", Step),
        ("load32", Step),
        ("load64", Step),
        ("store8", Step),
        ("store16", Step),
        ("store32", Step),
        ("store64", Step),
        ("hcall", Step),
        ("map-page", Step),
        ("exit", Step),
        ("code", Step),
        ("run", Step),
        ("patched", Step),
        ("let", Step),
        ("taken", Step),
        ("spin", Step),
        ("hold", Step),
        ("map", Step),
        ("unmap", Step),
        ("host", Step),
        ("firmware", Step),
        ("restore", Step),
        ("reset", Step),
        ("expect", Step),
        ("user", Block),
        ("in", Block),
        ("race", Block),
        ("for", Block),
        ("on", Block),
        ("try", Within),
        ("varying", Within),
        ("with", Within),
        ("gives", Within),
        ("within", Detail),
        ("at", Detail),
        ("physical", Detail),
        ("flags", Detail),
        ("to", Detail),
        ("as", Detail),
        ("except", Within),
        ("by", Within),
        ("and", Within),
        ("or", Within),
        ("not", Within),
        ("none", Within),
        ("number", Within),
        ("alias", Within),
        ("insn", Within),
    ]
};

/// True if the word begins a step.
pub(super) fn is_step(word: &str) -> bool {
    WORDS.iter().any(|(known, place)| *place == Place::Step && *known == word)
}

/// Why a name cannot be given to something new, if it cannot. The words that begin a line can, since `=` or `in`
/// follows where a name is given, and so can those that cannot be taken for a name where they stand.
pub(super) fn taken_by_language(name: &str) -> Option<&'static str> {
    let reserved =
        |(word, place): &(&str, Place)| *word == name && (*place == Place::Within || ["page", "in"].contains(&name));
    if WORDS.iter().any(reserved) {
        Some("a word of the language")
    } else if constant(name, GuestWord::Bits32).is_some() {
        Some("a named constant")
    } else if spr(name).is_some() || gpr::by_name(name).is_some() || ["cr", "xer", "lr"].contains(&name) {
        Some("a register")
    } else {
        None
    }
}

/// The suggestion of a diagnostic: `a register with a similar name: SPRG4`.
pub(super) fn similar<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|nearest| format!("{what} with a similar name: `{nearest}`"))
}

/// A diagnostic for a name that is not among those known: all of them if they are few, and the nearest.
pub(super) fn unknown<'a>(what: &str, name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    /// Up to this many names are compared faster than looked up.
    const FEW: usize = 18;
    let known: Vec<&str> = known.into_iter().collect();
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let found = Diagnostic::error(format!("unknown {what} `{name}`")).at(span, format!("not {article} {what}"));
    let few = (2..=FEW).contains(&known.len());
    let found = if few { found.note(format!("expected one of {}", known.join(", "))) } else { found };
    found.maybe_help(similar(&format!("{article} {what}"), name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name() {
        assert_eq!(nearest("SPGR4", spr_names()), Some("SPRG4"));
        assert_eq!(nearest("sprg4", spr_names()), Some("SPRG4"));
        assert_eq!(nearest("banana", spr_names()), None);
    }

    #[test]
    fn constants_have_one_name_each_and_tokens_are_among_them() {
        let names: Vec<_> = constant_names().collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[index + 1..].contains(name), "{name}");
            assert!(constant(name, GuestWord::Bits32).is_some(), "{name}");
        }
        assert_eq!(constant("KVM_HC_FEATURES", GuestWord::Bits32), Some(0x2a_0003));
        assert_eq!(constant("MAGIC_PAGE", GuestWord::Bits64), Some(0xffff_ffff_ffff_f000));
    }
}
