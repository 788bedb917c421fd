//! What an assembled case really exercises: its bytecode and stubs are followed from the first operation to the last,
//! with as much of the machine's state as tells cells apart.
//!
//! ```text
//!   mtspr SPRG4, r3      the register has been written, by an instruction   <-- `written`
//!   stw r3, -3884(0)     written again, by the page (it is mapped)
//!   mfspr r3, PVR        an exit                                            <-- `exits`
//!   mfspr r3, USPRG4     spr/USPRG4/read/supervisor/page/after, field/sprg4/write/supervisor/trap/after
//! ```
//!
//! An exit is here what is one under a hypervisor that runs the guest's kernel in problem state: a change of state, a
//! call, a return from an interrupt, a privileged instruction, anything that the step says may take an exception and
//! that the CPU does not allow.

use super::cell::{Cell, Deed, Kind, Moment, PATCHER_REGISTERS, Path, Privilege, access, patch_name};
use super::stub::{StubRun, segment};
use crate::case::Case;
use sprig_interpreter::patcher;
use sprig_isa::cpu::Cpu;
use sprig_isa::hcall::{HYPERCALLS, KVM_HC_PPC_MAP_MAGIC_PAGE, KVM_SC_MAGIC_R0, TOKEN_REGISTER, papr};
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::page::{FIELDS, Field, PAGE_SIZE};
use sprig_isa::replacement::{Action, Replacement, Trampoline};
use sprig_isa::spr::{PRIVILEGED_BIT, SPRS, Spr, number};
use sprig_wire::board;
use sprig_wire::bytecode::{self, Op, Transfers};
use sprig_wire::layout::UNMAPPED_EA;
use std::collections::{BTreeMap, BTreeSet};

/// Where a value is kept, under whatever names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Storage {
    /// The special register of this number.
    Spr(u16),
    Msr,
    Segment(u8),
    /// A field of the page that shadows no register.
    Field(&'static str),
}

/// What a cell says about one end of a value's way.
type Subject = (Kind, String, Deed);

/// The last write to a storage.
#[derive(Clone, Debug)]
struct Written {
    path: Path,
    subjects: Vec<Subject>,
    privilege: Privilege,
    /// How many exits there had been.
    exits: u32,
}

/// Registers an interrupt writes.
const INTERRUPT_REGISTERS: [u16; 6] =
    [number::SRR0, number::SRR1, number::DEAR, number::ESR, number::DAR, number::DSISR];

/// Registers that the guest's interpreter uses between two steps.
const STEP_REGISTERS: [u16; 3] = [number::LR, number::CTR, number::XER];

struct Walk<'c> {
    case: &'c Case,
    cpu: &'static Cpu,
    found: BTreeSet<Cell>,
    privilege: Privilege,
    exits: u32,
    /// Where the page is mapped.
    page: Option<u32>,
    written: BTreeMap<Storage, Written>,
    /// The stub whose only instruction is patched, and the entry of the list.
    patched: Option<(u32, &'static Replacement)>,
}

/// The cells that a case reaches on a CPU; some may be none of [`super::cell::universe`].
pub(super) fn cells(case: &Case, cpu: &'static Cpu) -> BTreeSet<Cell> {
    let mut walk = Walk {
        case,
        cpu,
        found: BTreeSet::new(),
        privilege: Privilege::Supervisor,
        exits: 0,
        page: None,
        written: BTreeMap::new(),
        patched: None,
    };
    let mut rest = case.parts.ops.as_slice();
    // The assembler's own bytecode decodes to its end.
    while let Ok((step, length)) = bytecode::decode(rest) {
        walk.operation(step.op, usize::from(step.step));
        rest = rest.get(length..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
    }
    walk.found
}

impl Walk<'_> {
    fn operation(&mut self, op: Op<'_>, step: usize) {
        match op {
            Op::Exec { stub, words, inputs, outputs } => {
                let first = stub as usize / 4;
                let code = self.case.parts.code.get(first..first + usize::from(words)).unwrap_or_default();
                self.exec(stub, code, step, inputs, outputs);
            }
            Op::EnterUser => self.enter(Privilege::Problem),
            Op::LeaveUser => self.enter(Privilege::Supervisor),
            Op::Taken { rounds, .. } if rounds > 0 => self.interrupt(),
            Op::Map { .. } | Op::Unmap { .. } | Op::Host { .. } | Op::Firmware { .. } => self.exits += 1,
            Op::Restore => {
                self.exits += 1;
                self.written.retain(|storage, _| match storage {
                    Storage::Spr(number) => self::name(self.cpu, *number).is_some_and(|name| name.contains("SPRG")),
                    Storage::Field(_) => true,
                    Storage::Msr | Storage::Segment(_) => false,
                });
            }
            Op::Reset => {
                self.exits += 1;
                self.written.clear();
            }
            Op::Patch { at, .. } => {
                let word = self.case.parts.code.get(at as usize / 4).copied().unwrap_or_default();
                let row = patcher::replacement(self.cpu, u32::MAX, word).filter(|_| self.page.is_some());
                self.patched = row.map(|row| (at, row));
            }
            Op::Compute { .. }
            | Op::RaceBegin { .. }
            | Op::RaceEnd
            | Op::Spin { .. }
            | Op::Taken { .. }
            | Op::Touch => {}
        }
    }

    fn enter(&mut self, privilege: Privilege) {
        self.exits += 1;
        self.privilege = privilege;
    }

    /// An interrupt of the guest may have come: an exit, and it writes registers.
    fn interrupt(&mut self) {
        self.exits += 1;
        let (path, subjects, privilege, exits) = (Path::Trap, Vec::new(), self.privilege, self.exits);
        for number in INTERRUPT_REGISTERS {
            let written = Written { path, subjects: subjects.clone(), privilege, exits };
            self.written.insert(Storage::Spr(number), written);
        }
    }

    fn exec(&mut self, stub: u32, code: &[u32], step: usize, inputs: Transfers<'_>, outputs: Transfers<'_>) {
        STEP_REGISTERS.iter().for_each(|number| {
            self.written.remove(&Storage::Spr(*number));
        });
        let (observed, may_trap) =
            self.case.steps.get(step).map_or((false, false), |step| (step.observation.is_some(), step.may_trap));
        let mut stub_run = StubRun::new(observed, code, inputs, outputs, &self.case.parts.constants);
        let plain = code.iter().all(|word| self.is_allowed_special(*word));
        match self.patched.take_if(|(at, _)| *at == stub) {
            Some((_, row)) => {
                code.iter().for_each(|word| self.patched_instruction(row, *word, &stub_run));
            }
            None => {
                for word in code {
                    self.instruction(*word, &mut stub_run);
                }
            }
        }
        if may_trap && !plain {
            self.interrupt();
        }
    }

    /// True for an mfspr or mtspr that the state allows: it takes no exception, whatever the step fears.
    fn is_allowed_special(&self, word: u32) -> bool {
        let Some(insn) = Insn::decode(word) else { return false };
        let number = u16::try_from(Operand::Spr.extract(word)).unwrap_or_default();
        Spr::lookup(self.cpu, number).is_some_and(|row| match insn.mnemonic {
            "mfspr" => access(row, self.privilege).can_read(),
            "mtspr" => access(row, self.privilege).can_write(),
            _ => false,
        })
    }

    fn instruction(&mut self, word: u32, run: &mut StubRun) {
        if word == papr::FAKE_SC_1 {
            self.partition_call(run);
        }
        let Some(insn) = Insn::decode(word) else { return };
        let operand = |operand: Operand| operand.extract(word);
        let (rt, spr) = (operand(Operand::Rt), u16::try_from(operand(Operand::Spr)).unwrap_or_default());
        match insn.mnemonic {
            "mfspr" | "mftb" => self.special(spr, Deed::Read, run, rt),
            "mtspr" => self.special(spr, Deed::Write, run, rt),
            "mfmsr" => {
                self.read(Storage::Msr, &[], Path::Trap, run.shows(rt));
                self.exits += 1;
            }
            "mtmsr" | "mtmsrd" | "wrtee" | "wrteei" => {
                self.exits += 1;
                self.write(Storage::Msr, Vec::new(), Path::Trap);
            }
            "mtsr" | "mtsrin" => {
                self.exits += 1;
                if let Some(segment) = segment(insn, word, run) {
                    self.write(Storage::Segment(segment), Vec::new(), Path::Trap);
                }
            }
            "mfsr" | "mfsrin" => {
                if let Some(segment) = segment(insn, word, run) {
                    self.read(Storage::Segment(segment), &[], Path::Trap, run.shows(rt));
                }
                self.exits += 1;
            }
            "sc" => self.system_call(run),
            "sc1" => self.partition_call(run),
            "trap" => self.interrupt(),
            "rfi" | "rfid" | "rfci" | "rfmci" | "tlbsync" | "tlbwe" | "tlbwe44" | "tlbre" | "tlbre44" => {
                self.exits += 1
            }
            _ => {
                if let Some(ea) = run.address(insn, word) {
                    self.access(ea, insn, run, rt);
                }
            }
        }
        run.execute(insn, word);
    }

    /// mfspr or mtspr.
    fn special(&mut self, number: u16, deed: Deed, run: &StubRun, gpr: i64) {
        let exit = u32::from(number & PRIVILEGED_BIT != 0);
        let row = Spr::lookup(self.cpu, number);
        if let Some(row) = row {
            let subject = (Kind::Spr, row.name.to_owned(), deed);
            let allowed = access(row, self.privilege);
            match deed {
                Deed::Read if allowed.can_read() => {
                    self.read(Storage::Spr(row.cell), &[subject], Path::Trap, run.shows(gpr));
                }
                Deed::Write if allowed.can_write() => {
                    if run.observed {
                        self.find(subject.clone(), self.privilege, None);
                    }
                    self.exits += exit;
                    self.write(Storage::Spr(row.cell), vec![subject], Path::Trap);
                    return;
                }
                _ if run.observed => self.find(subject, self.privilege, None),
                _ => {}
            }
        }
        self.exits += exit;
    }

    fn system_call(&mut self, run: &StubRun) {
        let call = run.value(0) == Some(KVM_SC_MAGIC_R0.into());
        let token = run.value(TOKEN_REGISTER.into()).filter(|_| call);
        if let Some(token) = token {
            let named = HYPERCALLS.iter().find(|call| u64::from(call.token) == token);
            if let Some(named) = named.filter(|_| run.observed) {
                self.find((Kind::Hypercall, named.name.to_owned(), Deed::Call), self.privilege, None);
            }
            if token == u64::from(KVM_HC_PPC_MAP_MAGIC_PAGE) && self.privilege == Privilege::Supervisor {
                self.page = run.value(4).map(|argument| argument as u32 & !(PAGE_SIZE as u32 - 1));
            }
            self.exits += 1;
        } else {
            self.interrupt();
        }
    }

    /// A hypercall of PAPR's.
    fn partition_call(&mut self, run: &StubRun) {
        let token = run.value(papr::TOKEN_REGISTER.into());
        let named = papr::CALLS.iter().find(|call| Some(call.value) == token);
        if let Some(named) = named.filter(|_| run.observed) {
            self.find((Kind::Hypercall, named.name.to_owned(), Deed::Call), self.privilege, None);
        }
        self.exits += 1;
    }

    /// A load or store.
    fn access(&mut self, ea: u32, insn: &Insn, run: &StubRun, gpr: i64) {
        let device = board::REGISTERS..board::REGISTERS + board::REGISTERS_SIZE;
        if ea == UNMAPPED_EA || device.contains(&ea) {
            self.exits += 1;
        }
        let Some(offset) = self.page.and_then(|page| ea.checked_sub(page)) else { return };
        let inside = |field: &&Field| {
            (u32::from(field.offset)..u32::from(field.offset) + u32::from(field.size)).contains(&offset)
        };
        let Some(field) = FIELDS.iter().find(inside) else { return };
        let loads = insn.operands.first() == Some(&Operand::Rt);
        let subject = (Kind::Field, field.name.to_owned(), if loads { Deed::Read } else { Deed::Write });
        if self.privilege == Privilege::Problem {
            if run.observed {
                self.find(subject, self.privilege, None);
            }
        } else if loads {
            self.read(self.behind(field), &[subject], Path::Page, run.shows(gpr));
        } else {
            self.write(self.behind(field), vec![subject], Path::Page);
        }
    }

    /// An instruction that the guest's patcher has replaced.
    fn patched_instruction(&mut self, row: &'static Replacement, word: u32, run: &StubRun) {
        let name = patch_name(row);
        if self.privilege == Privilege::Problem {
            if run.observed {
                self.find((Kind::Patch, name, Deed::Patched), self.privilege, None);
            }
            return;
        }
        let gpr = Operand::Rt.extract(word);
        let mut subjects = vec![(Kind::Patch, name.clone(), Deed::Patched)];
        let special = PATCHER_REGISTERS.into_iter().find(|special| i64::from(*special) == gpr);
        subjects.extend(special.map(|special| (Kind::Patch, name, Deed::With(special))));
        match row.action {
            Action::Load(field) => {
                subjects.push((Kind::Field, field.name.to_owned(), Deed::Read));
                self.read(self.behind(field), &subjects, Path::Page, run.shows(gpr));
            }
            Action::Store(field) => {
                subjects.push((Kind::Field, field.name.to_owned(), Deed::Write));
                self.write(self.behind(field), subjects, Path::Page);
            }
            Action::Nop => {
                if run.observed {
                    subjects.into_iter().for_each(|subject| self.find(subject, self.privilege, None));
                }
            }
            Action::Trampoline(Trampoline::Mtsrin) => {
                if let Some(segment) = Insn::decode(word).and_then(|insn| segment(insn, word, run)) {
                    self.write(Storage::Segment(segment), subjects, Path::Page);
                }
            }
            Action::Trampoline(_) => self.write(Storage::Msr, subjects, Path::Page),
        }
    }

    /// What a field of the page shadows.
    fn behind(&self, field: &'static Field) -> Storage {
        let shadows = |spr: &&Spr| spr.page_field.is_some_and(|shadowed| shadowed.name == field.name);
        let here = |spr: &&Spr| shadows(spr) && !spr.is_alias() && spr.cpus.intersects(self.cpu.set);
        if field.name == "msr" {
            return Storage::Msr;
        }
        if let Some(segment) = segment_field(field) {
            return Storage::Segment(segment);
        }
        SPRS.iter().find(here).map_or(Storage::Field(field.name), |spr| Storage::Spr(spr.number))
    }

    fn write(&mut self, storage: Storage, subjects: Vec<Subject>, path: Path) {
        let (privilege, exits) = (self.privilege, self.exits);
        self.written.insert(storage, Written { path, subjects, privilege, exits });
    }

    fn read(&mut self, storage: Storage, subjects: &[Subject], path: Path, seen: bool) {
        if !seen {
            return;
        }
        let written = self.written.get(&storage).cloned();
        // What the guest has not written to the page the hypervisor has.
        let origin = written.as_ref().map(|written| (written.path, written.exits));
        let origin = origin.or_else(|| (path == Path::Page).then_some((Path::Trap, 0)));
        let now = self.exits;
        let moment = |exits| if now > exits { Moment::After } else { Moment::Before };
        let travel = origin.map(|(from, exits)| (from, moment(exits)));
        for subject in subjects {
            self.find(subject.clone(), self.privilege, travel);
            if travel.is_some() {
                self.find(subject.clone(), self.privilege, None);
            }
        }
        if let Some(written) = written {
            for subject in written.subjects {
                self.find(subject, written.privilege, Some((path, moment(written.exits))));
            }
        }
    }

    fn find(&mut self, (kind, name, deed): Subject, privilege: Privilege, travel: Option<(Path, Moment)>) {
        let travel = travel.filter(|_| !matches!(deed, Deed::With(_)));
        self.found.insert(Cell { kind, name, deed, privilege, travel });
    }
}

/// The name of a special register.
fn name(cpu: &Cpu, number: u16) -> Option<&'static str> {
    Spr::lookup(cpu, number).map(|spr| spr.name)
}

/// The number of the segment register that a field shadows.
fn segment_field(field: &Field) -> Option<u8> {
    field.name.strip_prefix("sr")?.parse().ok()
}
