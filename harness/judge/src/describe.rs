//! Outcomes in words: the same in goldens, failure messages and reports.
//!
//! ```text
//!   0xb0000004 r4=0x3
//!   program ESR=PPR srr0=+0 srr1=PR|ME
//!   data-storage DSISR=STORE|PROTECTION DAR=0xa00000 srr0=+0 srr1=EE|DR
//! ```
//!
//! Only what the interrupt sets is shown: DAR after a program interrupt is what some earlier case left there.

use crate::case::{Case, Step};
use crate::transcript::{GivenUp, Outcome, Taken};
use sprig_isa::bit::{self, Bit};
use sprig_isa::cpu::Family;
use sprig_kvm::exit::reason_name;
use sprig_wire::bytecode::Alu;
use sprig_wire::host::STATUS_UNKNOWN;
use sprig_wire::layout::{IMAGE_BASE, IMAGE_END};
use std::fmt::Write;
use std::ops::BitOr;

/// A value.
#[must_use]
pub fn value(value: u64) -> String {
    format!("{value:#x}")
}

/// An operation as scripts write it.
#[must_use]
pub const fn operator(alu: Alu) -> &'static str {
    match alu {
        Alu::Add => "+",
        Alu::Subtract => "-",
        Alu::And => "&",
        Alu::Or => "|",
        Alu::Xor => "^",
        Alu::ShiftLeft => "<<",
        Alu::ShiftRight => ">>",
    }
}

/// How a call went that was not carried out.
#[must_use]
pub const fn status(status: u64) -> &'static str {
    if status == STATUS_UNKNOWN as u64 { "not known to the other side" } else { "refused" }
}

/// A set as scripts write it.
#[must_use]
pub fn set(ranges: &[(u64, u64)]) -> String {
    let member = |(low, high): &(u64, u64)| {
        if low == high { value(*low) } else { format!("{}..{}", value(*low), value(*high)) }
    };
    format!("{{{}}}", ranges.iter().map(member).collect::<Vec<_>>().join(", "))
}

/// A register whose bits have names: the names of those set, and what is left as a number.
#[must_use]
pub fn bits(value: u64, names: impl IntoIterator<Item = Bit>) -> String {
    let mut left = value;
    let mut text = String::new();
    for bit in names {
        if left & bit.mask != 0 {
            left &= !bit.mask;
            join(&mut text, bit.name);
        }
    }
    if left != 0 || text.is_empty() {
        join(&mut text, &format!("{left:#x}"));
    }
    text
}

fn join(text: &mut String, part: &str) {
    if !text.is_empty() {
        text.push('|');
    }
    text.push_str(part);
}

/// SRR1 after an exception.
#[must_use]
pub fn srr1(taken: &Taken, family: Family) -> String {
    bits(taken.srr1, bit::srr1(family, taken.exception).iter().chain(bit::msr(family)).copied())
}

/// ESR or DSISR after an exception.
#[must_use]
pub fn syndrome(taken: &Taken, family: Family) -> String {
    if family.is_booke() {
        bits(taken.syndrome.into(), bit::ESR.iter().copied())
    } else {
        bits(taken.syndrome.into(), bit::DSISR.iter().copied())
    }
}

/// SRR0 after an exception: bytes from the step's first instruction, or where else.
#[must_use]
pub fn srr0(taken: &Taken) -> String {
    match taken.offset {
        Some(offset) => format!("+{offset}"),
        // An address in the guest kernel is another one in another build.
        None if (u64::from(IMAGE_BASE)..u64::from(IMAGE_END)).contains(&taken.srr0) => "guest-kernel".to_owned(),
        None => value(taken.srr0),
    }
}

/// An exception with all that it tells.
#[must_use]
pub fn exception(taken: &Taken, family: Family) -> String {
    exception_at(taken, family, &value(taken.dar))
}

/// The same, with this for its data address.
fn exception_at(taken: &Taken, family: Family, address: &str) -> String {
    let mut text = taken.exception.name().to_owned();
    let (syndrome_name, address_name) = if family.is_booke() { ("ESR", "DEAR") } else { ("DSISR", "DAR") };
    if taken.exception.sets_syndrome(family) {
        // Writing to a String cannot fail.
        let _ = write!(text, " {syndrome_name}={}", syndrome(taken, family));
    }
    if taken.exception.sets_data_address() {
        let _ = write!(text, " {address_name}={address}");
    }
    let _ = write!(text, " srr0={} srr1={}", srr0(taken), srr1(taken, family));
    text
}

/// An exception in short, for the middle of a sentence: `program (PRIVILEGED)`.
#[must_use]
pub fn exception_in_short(taken: &Taken, family: Family) -> String {
    let name = taken.exception.name();
    let table = bit::srr1(family, taken.exception);
    let why = if taken.exception.sets_syndrome(family) {
        syndrome(taken, family)
    } else if table.is_empty() {
        return name.to_owned();
    } else {
        let mask = table.iter().map(|bit| bit.mask).fold(0, u64::bitor);
        bits(taken.srr1 & mask, table.iter().copied())
    };
    format!("{name} ({why})")
}

/// What stands for a value that varies.
const VARIES: &str = "(varies)";

/// One outcome of a step with these outputs, whose values may vary. `show` gives the text of one by its index.
#[must_use]
pub fn outcome(
    outcome: &Outcome,
    (outputs, varying): (&[String], bool),
    family: Family,
    show: impl Fn(usize, u64) -> Shown,
) -> String {
    let mut parts = Vec::new();
    if let Some(taken) = &outcome.taken {
        let address = if varying { VARIES.to_owned() } else { value(taken.dar) };
        parts.push(exception_at(taken, family, &address));
    }
    for (index, observed) in outcome.values.iter().enumerate() {
        let name = outputs.get(index).map_or("", String::as_str);
        let (relation, text) = match show(index, *observed) {
            Shown::Value(text) => ("=", text),
            Shown::Member(text) => (" in ", text),
            Shown::Varies => ("=", VARIES.to_owned()),
        };
        parts.push(match (name, relation) {
            ("", "=") => text,
            ("", relation) => format!("{}{text}", relation.trim_start()),
            (name, relation) => format!("{name}{relation}{text}"),
        });
    }
    if parts.is_empty() { "done".to_owned() } else { parts.join(" ") }
}

/// That the hypervisor gave the guest up, and why: `KVM_EXIT_UNKNOWN insn=+0`. The instruction it did not know is shown
/// by its place in the step, as SRR0 is.
#[must_use]
pub fn given_up(given_up: &GivenUp, case: &Case, step: &Step) -> String {
    /// What KVM puts in front of the instruction (kvmppc_handle_exit of booke.c).
    const INSTRUCTION: u64 = 0xffff_ffff << 32;
    let GivenUp { reason, detail } = *given_up;
    let name = reason_name(reason).map_or_else(|| reason.to_string(), |name| format!("KVM_EXIT_{name}"));
    let stub = step.stub.and_then(|(offset, words)| {
        let start = usize::try_from(offset / 4).ok()?;
        case.parts.code.get(start..start + usize::from(words))
    });
    let own = stub
        .filter(|_| detail & INSTRUCTION == INSTRUCTION)
        .and_then(|stub| stub.iter().position(|word| u64::from(*word) == detail & !INSTRUCTION));
    match own {
        Some(index) => format!("{name} insn=+{}", 4 * index),
        None => format!("{name} {detail:#x}"),
    }
}

/// The same after a step's outcome, for each time; nothing where it did not happen.
#[must_use]
pub fn given_up_behind(times: Option<&Vec<GivenUp>>, case: &Case, step: &Step) -> String {
    times.into_iter().flatten().map(|time| format!(", given up: {}", given_up(time, case, step))).collect()
}

/// How a value is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As itself.
    Value(String),
    /// As a member of the set that a rule allows.
    Member(String),
    /// Not at all: another correct run may have another.
    Varies,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use sprig_isa::exception::Exception;
    use sprig_isa::{msr, syndrome};

    fn taken(exception: Exception) -> Taken {
        Taken { exception, offset: Some(0), srr0: 0x92_0000, srr1: msr::PR | msr::ME, syndrome: 0, dar: 0xdead_beef }
    }

    #[test]
    fn a_program_interrupt_shows_what_its_family_sets_and_no_stale_address() {
        let booke = Taken { syndrome: syndrome::esr::PPR, ..taken(Exception::Program) };
        assert_eq!(exception(&booke, Family::BookeE500), "program ESR=PPR srr0=+0 srr1=PR|ME");
        let server = Taken { srr1: syndrome::srr1::PRIVILEGED | msr::PR, ..taken(Exception::Program) };
        assert_eq!(exception(&server, Family::Book3s32), "program srr0=+0 srr1=PRIVILEGED|PR");
        assert_eq!(exception_in_short(&booke, Family::BookeE500), "program (PPR)");
        assert_eq!(exception_in_short(&server, Family::Book3s32), "program (PRIVILEGED)");
    }

    #[test]
    fn an_access_shows_its_address_under_its_family_s_name() {
        let store = Taken { syndrome: syndrome::dsisr::STORE, ..taken(Exception::DataStorage) };
        assert_eq!(exception(&store, Family::Book3s64), "data-storage DSISR=STORE DAR=0xdeadbeef srr0=+0 srr1=PR|ME");
        assert_eq!(
            exception(&taken(Exception::DataTlbError), Family::BookeE500),
            "data-tlb-miss ESR=0x0 DEAR=0xdeadbeef srr0=+0 srr1=PR|ME"
        );
    }

    #[test]
    fn bits_without_a_name_are_kept_as_a_number() {
        assert_eq!(bits(msr::EE | 1 << 40, bit::MSR_BOOKE.iter().copied()), "EE|0x10000000000");
        assert_eq!(bits(0, bit::MSR_BOOKE.iter().copied()), "0x0");
    }

    #[test]
    fn an_address_in_the_guest_kernel_is_not_shown() {
        let elsewhere = Taken { offset: None, srr0: u64::from(IMAGE_BASE) + 0x40, ..taken(Exception::Program) };
        assert_eq!(srr0(&elsewhere), "guest-kernel");
        assert_eq!(srr0(&Taken { offset: None, srr0: 0x40, ..elsewhere }), "0x40");
    }

    #[test]
    fn an_instruction_the_hypervisor_did_not_know_is_shown_by_its_place() {
        let mut case = example::alias();
        case.parts.code = (0x7c00_0000..).take(16).collect();
        let step = &case.steps[0];
        let word = case.parts.code[step.stub.expect("it has one").0 as usize / 4];
        let text = |reason, detail| given_up(&GivenUp { reason, detail }, &case, step);
        assert_eq!(text(0, 0xffff_ffff << 32 | u64::from(word)), "KVM_EXIT_UNKNOWN insn=+0");
        assert_eq!(text(0, word.into()), format!("KVM_EXIT_UNKNOWN {word:#x}"));
        assert_eq!(text(77, 1), "77 0x1");
        assert_eq!(given_up_behind(None, &case, step), "");
    }

    #[test]
    fn values_have_the_names_of_their_outputs() {
        let three = Outcome { taken: None, values: vec![1, 2, 3] };
        let names = ["".to_owned(), "r4".to_owned(), "cr".to_owned()];
        let show = |index, observed| match index {
            1 => Shown::Member("{0x1, 0x2}".to_owned()),
            2 => Shown::Varies,
            _ => Shown::Value(value(observed)),
        };
        assert_eq!(outcome(&three, (&names, false), Family::BookeE500, show), "0x1 r4 in {0x1, 0x2} cr=(varies)");
        let nothing = Outcome { taken: None, values: vec![] };
        assert_eq!(outcome(&nothing, (&[], false), Family::BookeE500, show), "done");
    }

    #[test]
    fn an_address_varies_with_the_values() {
        let trapped = Outcome { taken: Some(taken(Exception::Alignment)), values: vec![1] };
        let shown = |varying| outcome(&trapped, (&[String::new()], varying), Family::Book3s64, |_, _| Shown::Varies);
        assert_eq!(shown(true), "alignment DSISR=0x0 DAR=(varies) srr0=+0 srr1=PR|ME (varies)");
        assert_eq!(shown(false), "alignment DSISR=0x0 DAR=0xdeadbeef srr0=+0 srr1=PR|ME (varies)");
    }
}
