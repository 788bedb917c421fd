//! The cells: everything that a case can say about one register, field, call or patch entry, derived from the tables of
//! `sprig-isa`.

use sprig_isa::hcall::{HYPERCALLS, papr};
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::page::FIELDS;
use sprig_isa::replacement::{Action, Pattern, REPLACEMENTS, Replacement};
use sprig_isa::spr::{Access, SPRS, Spr};
use std::collections::BTreeSet;
use std::fmt;

/// What kind of thing a cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A special register under one name, read by mfspr and written by mtspr.
    Spr,
    /// A field of the magic page, loaded and stored.
    Field,
    /// A hypercall.
    Hypercall,
    /// An instruction of the patch list, patched.
    Patch,
}

/// What a case does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deed {
    /// Reads it.
    Read,
    /// Writes it.
    Write,
    /// Calls it.
    Call,
    /// Executes it patched.
    Patched,
    /// Executes it patched, with this general register as operand.
    With(u8),
}

/// In which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Privilege {
    /// `MSR[PR]` = 0.
    Supervisor,
    /// `MSR[PR]` = 1.
    Problem,
}

/// How the value travels at its other end: how a value that is read was written, how a value that is written is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Path {
    /// By an instruction, which traps where a hypervisor has to emulate it.
    Trap,
    /// By a load or store of the page.
    Page,
}

/// Whether a hypervisor has run between write and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing between them is an exit.
    Before,
    /// Something is.
    After,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// What kind of thing it is about.
    pub kind: Kind,
    /// Its name in the tables.
    pub name: String,
    /// What is done with it.
    pub deed: Deed,
    /// In which state.
    pub privilege: Privilege,
    /// The other end and the moment; none where there is no other end: the state refuses the access, nobody can write
    /// what is read or read what is written, or there is no value.
    pub travel: Option<(Path, Moment)>,
}

/// Registers that the patcher needs itself in its longer sequences, and so has to treat apart (kvm.c:
/// kvm_patch_ins_mtmsr and its kin reload r30 and r31 from the scratch fields).
pub(super) const PATCHER_REGISTERS: [u8; 2] = [30, 31];

impl fmt::Display for Cell {
    /// As reasons speak of it: `spr/USPRG4/read/problem/page/after`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Spr => "spr",
            Kind::Field => "field",
            Kind::Hypercall => "hcall",
            Kind::Patch => "patch",
        };
        write!(f, "{kind}/{}/", self.name)?;
        match self.deed {
            Deed::Read => f.write_str("read")?,
            Deed::Write => f.write_str("write")?,
            Deed::Call => f.write_str("call")?,
            Deed::Patched => f.write_str("patched")?,
            Deed::With(gpr) => write!(f, "with-r{gpr}")?,
        }
        f.write_str(match self.privilege {
            Privilege::Supervisor => "/supervisor",
            Privilege::Problem => "/problem",
        })?;
        let Some((path, moment)) = self.travel else { return Ok(()) };
        f.write_str(match path {
            Path::Trap => "/trap",
            Path::Page => "/page",
        })?;
        f.write_str(match moment {
            Moment::Before => "/before",
            Moment::After => "/after",
        })
    }
}

/// Every cell there is.
#[must_use]
pub fn universe() -> BTreeSet<Cell> {
    let mut cells = BTreeSet::new();
    let names: BTreeSet<&str> = SPRS.iter().map(|spr| spr.name).collect();
    for name in names {
        cells.extend(of_spr(name));
    }
    for field in FIELDS {
        let cell =
            |deed, privilege, travel| Cell { kind: Kind::Field, name: field.name.to_owned(), deed, privilege, travel };
        for deed in [Deed::Read, Deed::Write] {
            cells.extend(both_paths().map(|travel| cell(deed, Privilege::Supervisor, Some(travel))));
            // Problem state does not reach the page.
            cells.insert(cell(deed, Privilege::Problem, None));
        }
    }
    let kvm = HYPERCALLS.iter().map(|call| call.name);
    for call in kvm.chain(papr::CALLS.iter().map(|call| call.name)) {
        for privilege in [Privilege::Supervisor, Privilege::Problem] {
            let (kind, deed) = (Kind::Hypercall, Deed::Call);
            cells.insert(Cell { kind, name: call.to_owned(), deed, privilege, travel: None });
        }
    }
    cells.extend(REPLACEMENTS.iter().flat_map(of_replacement));
    cells
}

fn both_paths() -> impl Iterator<Item = (Path, Moment)> {
    [Path::Trap, Path::Page].into_iter().flat_map(|path| [(path, Moment::Before), (path, Moment::After)])
}

/// The cells of the registers of a name, on whatever CPU.
fn of_spr(name: &str) -> Vec<Cell> {
    let rows: Vec<&Spr> = Spr::by_name(name).collect();
    let mut cells = Vec::new();
    for privilege in [Privilege::Supervisor, Privilege::Problem] {
        for (deed, allows) in [(Deed::Read, reads as fn(Access) -> bool), (Deed::Write, writes)] {
            let cell = |travel| Cell { kind: Kind::Spr, name: name.to_owned(), deed, privilege, travel };
            let may = |spr: &&&Spr| allows(access(spr, privilege));
            let Some(row) = rows.iter().find(may) else {
                cells.push(cell(None));
                continue;
            };
            let other_end = match deed {
                Deed::Read => writes as fn(Access) -> bool,
                _ => reads,
            };
            if !has_end(row, Privilege::Supervisor, other_end) && !has_end(row, Privilege::Problem, other_end) {
                cells.push(cell(None));
                continue;
            }
            // Changing the state is an exit: problem state sees a value without one in between only if it wrote it
            // itself.
            if privilege == Privilege::Supervisor || has_end(row, Privilege::Problem, other_end) {
                cells.push(cell(Some((Path::Trap, Moment::Before))));
            }
            cells.push(cell(Some((Path::Trap, Moment::After))));
            if rows.iter().any(|row| row.page_field.is_some()) {
                if privilege == Privilege::Supervisor {
                    cells.push(cell(Some((Path::Page, Moment::Before))));
                }
                cells.push(cell(Some((Path::Page, Moment::After))));
            }
        }
    }
    cells
}

/// True if some number that shows the same register allows the other end's access in that state.
fn has_end(row: &Spr, privilege: Privilege, allows: fn(Access) -> bool) -> bool {
    let same = |other: &&Spr| other.cell == row.cell && other.cpus.intersects(row.cpus);
    SPRS.iter().filter(same).any(|other| allows(access(other, privilege)))
}

fn reads(access: Access) -> bool {
    access.can_read()
}

fn writes(access: Access) -> bool {
    access.can_write()
}

/// What a state may do with a register under a number.
pub(super) fn access(spr: &Spr, privilege: Privilege) -> Access {
    match privilege {
        Privilege::Supervisor => spr.supervisor,
        Privilege::Problem => spr.problem,
    }
}

fn of_replacement(row: &Replacement) -> Vec<Cell> {
    let cell = |deed, privilege, travel| Cell { kind: Kind::Patch, name: patch_name(row), deed, privilege, travel };
    let mut cells = vec![cell(Deed::Patched, Privilege::Problem, None)];
    if matches!(row.action, Action::Nop) {
        cells.push(cell(Deed::Patched, Privilege::Supervisor, None));
    } else {
        cells.extend(both_paths().map(|travel| cell(Deed::Patched, Privilege::Supervisor, Some(travel))));
    }
    if has_general_register(row) {
        cells.extend(PATCHER_REGISTERS.map(|gpr| cell(Deed::With(gpr), Privilege::Supervisor, None)));
    }
    cells
}

fn has_general_register(row: &Replacement) -> bool {
    let mnemonic = match row.pattern {
        Pattern::Mfspr(_) => "mfspr",
        Pattern::Mtspr(_) => "mtspr",
        Pattern::Mnemonic(mnemonic) => mnemonic,
        Pattern::Mtmsrd(_) => "mtmsrd",
        Pattern::Wrteei(_) => "wrteei",
    };
    let is_value = |operand: &Operand| matches!(operand, Operand::Rt | Operand::Rs);
    Insn::by_mnemonic(mnemonic).is_some_and(|insn| insn.operands.iter().any(is_value))
}

/// The name of a patch entry: the instruction as assembler.
pub(super) fn patch_name(row: &Replacement) -> String {
    let register = |number: u16| {
        let here = |spr: &&Spr| spr.number == number && spr.cpus.intersects(row.cpus);
        SPRS.iter().find(here).map_or_else(|| number.to_string(), |spr| spr.name.to_owned())
    };
    match row.pattern {
        Pattern::Mfspr(number) => format!("mfspr {}", register(number)),
        Pattern::Mtspr(number) => format!("mtspr {}", register(number)),
        Pattern::Mnemonic(mnemonic) => mnemonic.to_owned(),
        Pattern::Mtmsrd(l) => format!("mtmsrd L={}", u8::from(l)),
        Pattern::Wrteei(e) => format!("wrteei {}", u8::from(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(start: &str) -> Vec<String> {
        universe().iter().map(Cell::to_string).filter(|name| name.starts_with(start)).collect()
    }

    #[test]
    fn an_alias_is_read_in_both_states_by_both_paths_and_written_in_none() {
        let alias = [
            "spr/USPRG4/read/supervisor/trap/before",
            "spr/USPRG4/read/supervisor/trap/after",
            "spr/USPRG4/read/supervisor/page/before",
            "spr/USPRG4/read/supervisor/page/after",
            // Nothing is "before": entering problem state is an exit.
            "spr/USPRG4/read/problem/trap/after",
            "spr/USPRG4/read/problem/page/after",
            "spr/USPRG4/write/supervisor",
            "spr/USPRG4/write/problem",
        ];
        assert_eq!(names("spr/USPRG4/"), alias);
    }

    #[test]
    fn what_problem_state_writes_it_can_read_before_an_exit() {
        assert!(names("spr/USPRG0/").contains(&"spr/USPRG0/read/problem/trap/before".to_owned()));
    }

    #[test]
    fn a_patch_entry_with_a_general_register_has_cells_for_the_patchers_own() {
        assert!(names("patch/mtmsr/").contains(&"patch/mtmsr/with-r31/supervisor".to_owned()));
        assert_eq!(names("patch/tlbsync/"), ["patch/tlbsync/patched/supervisor", "patch/tlbsync/patched/problem"]);
    }
}
