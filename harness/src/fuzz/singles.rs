//! Every single thing by itself: a campaign begins with these.
//!
//! What is wrong by itself is found here, in two or three steps, and left out of the random scripts, where it would
//! hide what only an interleaving shows. The steps are also what coverage counts.

mod interrupts;

use super::action::{Action, ExitKind, MsrWriter, Rights, Size, Step};
use super::bystanders::{CALLS, FIRSTS, Instruction};
use super::dice::Dice;
use super::environment::{ELSEWHERE, MEMORY, WINDOW, ZERO};
use super::execution;
use super::generate::{Generator, OFFSET, SEGMENTS, implemented, step};
use super::vocabulary::is_segment;
use crate::feature::Feature;
use sprig_isa::exception::Class;
use sprig_isa::msr;
use sprig_isa::page::Field;
use sprig_isa::spr::{Spr, number};

/// A value with no two bytes alike, aligned as an instruction's address.
pub(super) const VALUE: u64 = 0x1234_5678;
/// Another.
const OTHER: u64 = 0x9abc_def0;
/// Bits that an address of vectors does not have, and some that it has.
const RESERVED: u64 = 0x0001_567f;
/// General registers that neither the kernel nor an ABI has plans with.
const FROM: u8 = 17;
/// The same.
const TO: u8 = 29;

/// So often an instruction is tried that no hypervisor is asked about.
const EXECUTIONS: u64 = 8;
/// So many of those with numbers at which something changes are one script.
const EDGES: usize = 16;
/// So many exits by instructions are tried in one script.
const TRAPPING: usize = 8;

pub(super) fn supervisor(action: Action) -> Step {
    step(false, action)
}

pub(super) fn user(action: Action) -> Step {
    step(true, action)
}

impl Generator {
    /// The scripts of single things, in the order of the tables.
    #[must_use]
    pub fn singles(&self) -> Vec<Vec<Step>> {
        let mut scripts = self.registers();
        scripts.extend(self.page());
        scripts.extend(self.state());
        scripts.extend(self.calls_and_host());
        scripts.extend(self.exits_and_memory());
        scripts.extend(self.interrupts());
        scripts.extend(self.executions());
        scripts.extend(self.seldom());
        scripts.retain(|script| script.iter().all(|step| self.spares(step)));
        scripts
    }

    /// Scripts of everything at once: all registers written and all read, in either order, and the same by the page.
    /// One that takes another's value shows it whichever two they are, and one that compares two by a value they all
    /// have. And each event with all of it before and after.
    #[must_use]
    pub fn everything(&self) -> Vec<Vec<Step>> {
        let held = &self.vocabulary().held;
        let value = |index: usize| VALUE + 0x0101_0104 * index as u64;
        let writes: Vec<Step> =
            held.iter().enumerate().map(|(index, spr)| supervisor(Action::WriteSpr(spr, value(index)))).collect();
        let reads: Vec<Step> = held.iter().map(|spr| supervisor(Action::ReadSpr(spr))).collect();
        let mut scripts = vec![
            writes.iter().chain(&reads).copied().collect::<Vec<_>>(),
            writes.iter().rev().chain(&reads).copied().collect(),
            held.iter().map(|spr| supervisor(Action::WriteSpr(spr, VALUE))).chain(reads.iter().copied()).collect(),
        ];
        if self.is_paged() {
            let plain =
                |field: &&'static Field| !["msr", "int_pending", "pir"].contains(&field.name) && !is_segment(field);
            let fields: Vec<&'static Field> =
                self.vocabulary().fields.iter().filter(|field| plain(field)).copied().collect();
            let stored = fields.iter().enumerate();
            let stores: Vec<Step> =
                stored.map(|(index, field)| supervisor(Action::StoreField(field, value(index)))).collect();
            let loads: Vec<Step> = fields.iter().map(|field| supervisor(Action::LoadField(field))).collect();
            let map = [self.map_page()];
            scripts.push(map.iter().chain(&stores).chain(&loads).chain(&reads).copied().collect());
            scripts.push(map.iter().chain(stores.iter().rev()).chain(&loads).copied().collect());
            scripts.push(map.iter().chain(&writes).chain(&loads).copied().collect());
            for event in self.events() {
                scripts.push(map.iter().chain(&stores).chain(&[event]).chain(&loads).copied().collect());
            }
        }
        for event in self.events() {
            scripts.push(writes.iter().chain(&[event]).chain(&reads).copied().collect());
        }
        // What problem state reads in the hardware, which the host or another guest has used meanwhile: in the state
        // they have come in, since the way to another has exits of its own.
        let aliases: Vec<Step> = self.vocabulary().aliases.iter().map(|alias| user(Action::ReadSpr(alias))).collect();
        for Step { action, .. } in self.absences().filter(|_| !aliases.is_empty()) {
            scripts.push(writes.iter().chain(&[user(action)]).chain(&aliases).copied().collect());
        }
        for script in &mut scripts {
            script.retain(|step| self.spares(step));
        }
        scripts
    }

    /// What may have effects on state that it should leave alone.
    fn events(&self) -> Vec<Step> {
        let mut events: Vec<Step> = self.exit_kinds().into_iter().map(|kind| supervisor(Action::Exit(kind))).collect();
        events.extend(self.vocabulary().calls.iter().map(|token| supervisor(Action::Hcall(*token, OTHER))));
        events.push(supervisor(Action::Illegal));
        events.push(user(Action::ReadMsr));
        events.extend(self.exit_kinds().into_iter().map(|kind| user(Action::Exit(kind))));
        events.push(supervisor(Action::Return { class: Class::Base, value: self.environment().msr() }));
        events.push(supervisor(Action::Map(WINDOW, MEMORY, Rights::Srw)));
        if self.is_paged() {
            events.push(self.map_page());
        }
        if self.environment().has(Feature::Ioctl) {
            events.push(supervisor(Action::Migrate));
        }
        events.extend(self.absences());
        events
    }

    /// The guest does not have the CPU for a while.
    fn absences(&self) -> impl Iterator<Item = Step> {
        let absences = [Action::Hold, Action::OtherVm(OTHER as u32)];
        absences.into_iter().filter(|_| self.environment().has(Feature::Ioctl)).map(supervisor)
    }

    pub(super) fn is_paged(&self) -> bool {
        self.environment().has(Feature::MagicPage)
    }

    pub(super) fn map_page(&self) -> Step {
        supervisor(Action::MapPage(self.environment().page()))
    }

    fn registers(&self) -> Vec<Vec<Step>> {
        let vocabulary = self.vocabulary();
        let mut scripts = Vec::new();
        for spr in vocabulary.held.iter().copied() {
            let write = supervisor(Action::WriteSpr(spr, VALUE));
            scripts.push(vec![supervisor(Action::ReadSpr(spr))]);
            scripts.push(vec![write, supervisor(Action::ReadSpr(spr))]);
            scripts.push(vec![supervisor(Action::Through { spr, from: FROM, to: TO, value: OTHER })]);
            let first = (spr.number % 32) as u8;
            scripts.push(vec![write, supervisor(Action::Around(Instruction::Read(spr), first))]);
            scripts.push(vec![supervisor(Action::Around(Instruction::Write(spr, VALUE), first))]);
            scripts.push(vec![user(Action::ReadSpr(spr))]);
            scripts.push(vec![write, user(Action::WriteSpr(spr, OTHER)), supervisor(Action::ReadSpr(spr))]);
        }
        // Each into the next one's neighbour: what is written to one is read from another.
        let pairs = vocabulary.held.iter().zip(vocabulary.held.iter().cycle().skip(1));
        for (spr, next) in pairs {
            let writes = [supervisor(Action::WriteSpr(spr, VALUE)), supervisor(Action::WriteSpr(next, OTHER & !3))];
            scripts.push(writes.into_iter().chain([supervisor(Action::ReadSpr(spr))]).collect());
        }
        for alias in vocabulary.aliases.iter().copied() {
            let base = vocabulary.held.iter().find(|spr| spr.number == alias.cell).copied();
            let write = base.map(|spr| supervisor(Action::WriteSpr(spr, VALUE)));
            scripts.push(write.into_iter().chain([supervisor(Action::ReadSpr(alias))]).collect());
            scripts.push(write.into_iter().chain([user(Action::ReadSpr(alias))]).collect());
            scripts.push(vec![supervisor(Action::WriteSpr(alias, OTHER))]);
            scripts.push(vec![user(Action::WriteSpr(alias, OTHER))]);
        }
        scripts.extend(
            vocabulary.exchanged.iter().map(|spr| vec![supervisor(Action::Exchange(spr, implemented(spr, OTHER)))]),
        );
        // What becomes of reserved bits no document says; where interrupts go they are to be the same as on the
        // reference.
        let vectors = vocabulary.exchanged.iter().filter(|spr| spr.name == "IVPR" || spr.name.starts_with("IVOR"));
        scripts.extend(vectors.map(|spr| vec![supervisor(Action::Exchange(spr, RESERVED))]));
        for spr in vocabulary.read.iter().copied() {
            scripts.push(vec![supervisor(Action::ReadSpr(spr))]);
            scripts.push(vec![user(Action::ReadSpr(spr))]);
        }
        scripts
    }

    fn page(&self) -> Vec<Vec<Step>> {
        let mut scripts = Vec::new();
        let field_value = |field: &Field| if field.name == "msr" { self.environment().msr() | msr::EE } else { VALUE };
        for field in self.vocabulary().fields.iter().copied() {
            let (map, load) = (self.map_page(), supervisor(Action::LoadField(field)));
            let store = supervisor(Action::StoreField(field, field_value(field)));
            scripts.push(vec![map, load]);
            scripts.push(vec![load]);
            scripts.push(vec![map, user(Action::LoadField(field))]);
            scripts.push(vec![map, user(Action::StoreField(field, field_value(field)))]);
            if !is_segment(field) {
                scripts.push(vec![map, store, load]);
                scripts.push(vec![map, store, supervisor(Action::Exit(ExitKind::Mfpvr)), load]);
            }
        }
        scripts.extend(self.page_at_traps());
        let shadowed = |spr: &Spr| self.environment().field_of(spr).filter(|_| self.is_paged());
        for spr in self.vocabulary().held.iter().copied() {
            let Some(field) = shadowed(spr) else { continue };
            let (map, read) = (self.map_page(), supervisor(Action::ReadSpr(spr)));
            let store = supervisor(Action::StoreField(field, VALUE));
            scripts.push(vec![map, supervisor(Action::WriteSpr(spr, VALUE)), supervisor(Action::LoadField(field))]);
            scripts.push(vec![map, store, read]);
            let aliases = self.vocabulary().aliases.iter().filter(|alias| alias.cell == spr.cell);
            for alias in aliases.copied() {
                let exit = supervisor(Action::Exit(ExitKind::Mfpvr));
                scripts.push(vec![map, store, supervisor(Action::ReadSpr(alias))]);
                scripts.push(vec![map, store, exit, supervisor(Action::ReadSpr(alias))]);
                scripts.push(vec![map, store, user(Action::ReadSpr(alias))]);
            }
        }
        for spr in self.vocabulary().read.iter().copied() {
            let Some(field) = shadowed(spr) else { continue };
            let store = supervisor(Action::StoreField(field, VALUE));
            scripts.push(vec![self.map_page(), store, supervisor(Action::ReadSpr(spr))]);
        }
        for spr in self.vocabulary().patched_reads.iter().copied() {
            scripts.push(vec![self.map_page(), supervisor(Action::PatchedRead(spr, TO))]);
        }
        for spr in self.vocabulary().patched_writes.iter().copied() {
            let write = supervisor(Action::PatchedWrite(spr, FROM, VALUE));
            scripts.push(vec![self.map_page(), write, supervisor(Action::ReadSpr(spr))]);
        }
        scripts
    }

    /// What the guest has stored to the page is taken at each exit: of each kind, and by each instruction that is
    /// emulated.
    fn page_at_traps(&self) -> Vec<Vec<Step>> {
        if !self.is_paged() {
            return Vec::new();
        }
        let base = self.environment().msr();
        let exits = || self.exit_kinds().into_iter().map(|kind| supervisor(Action::Exit(kind)));
        let mut scripts = Vec::new();
        let vocabulary = self.vocabulary();
        for alias in vocabulary.aliases.iter().copied() {
            let cell = vocabulary.held.iter().find(|spr| spr.number == alias.cell);
            let Some(field) = cell.and_then(|spr| self.environment().field_of(spr)) else { continue };
            let others = || vocabulary.held.iter().filter(|spr| spr.cell != alias.cell);
            let write_msr = |by, value| supervisor(Action::WriteMsr { by, from: FROM, value });
            let traps = exits()
                .chain(others().map(|spr| supervisor(Action::WriteSpr(spr, OTHER & !3))))
                .chain(others().map(|spr| supervisor(Action::ReadSpr(spr))))
                .chain(self.msr_writers().iter().map(|by| write_msr(*by, base ^ msr::EE)))
                .chain([write_msr(MsrWriter::Mtmsr, base)])
                .filter(|step| self.spares(step));
            // Each has a value of its own behind it.
            let tried = (0..).zip(traps).flat_map(|(number, trap)| {
                let value = (VALUE + 0x0101_0104 * number) & 0xffff_fffc;
                [supervisor(Action::StoreField(field, value)), trap, supervisor(Action::ReadSpr(alias))]
            });
            let tried: Vec<Step> = tried.collect();
            let scripts_of = tried.chunks(3 * TRAPPING).map(|some| [&[self.map_page()], some].concat());
            scripts.extend(scripts_of);
        }
        let Some(field) = Field::by_name("msr") else { return scripts };
        for exit in exits() {
            let store = |value| supervisor(Action::StoreField(field, value));
            let [seen, read] = [supervisor(Action::LoadField(field)), supervisor(Action::ReadMsr)];
            let (on, off) = (store(base | msr::EE), store(base & !msr::EE));
            scripts.push(vec![self.map_page(), on, exit, seen, read, off, exit, seen, read]);
        }
        scripts
    }

    fn state(&self) -> Vec<Vec<Step>> {
        let base = self.environment().msr();
        let mut scripts = vec![
            vec![supervisor(Action::ReadMsr)],
            vec![supervisor(Action::ReadMsrInto(TO))],
            vec![user(Action::ReadMsr)],
        ];
        scripts.extend((0..FIRSTS).map(|first| vec![supervisor(Action::Around(Instruction::ReadMsr, first))]));
        let classes = self.environment().classes();
        for (bit, class) in
            self.environment().changeable().iter().flat_map(|bit| classes.iter().map(move |class| (bit, *class)))
        {
            let [changed, back] = [base ^ bit, base].map(|value| Action::Return { class, value });
            scripts.push(vec![supervisor(changed), supervisor(Action::ReadMsr)]);
            scripts.push(vec![supervisor(changed), supervisor(back), supervisor(Action::ReadMsr)]);
            scripts.push(vec![user(changed)]);
        }
        for by in self.msr_writers() {
            // All bits at once where EE alone is taken, or EE and RI: from the others the guest would not come back.
            let takes_few = matches!(by, MsrWriter::Wrtee | MsrWriter::MtmsrdL1);
            let all = takes_few.then(|| self.environment().cut(u64::MAX));
            for bits in self.environment().changeable().iter().copied().chain(all) {
                let write = Action::WriteMsr { by: *by, from: FROM, value: base ^ bits };
                scripts.push(vec![supervisor(write), supervisor(Action::ReadMsr)]);
                scripts.push(vec![user(write)]);
                if self.is_paged() {
                    let patched = supervisor(Action::PatchedWriteMsr(*by, FROM, base ^ bits));
                    scripts.push(vec![self.map_page(), patched, supervisor(Action::ReadMsr)]);
                }
            }
        }
        for bit in self.environment().changeable() {
            // The state as an interrupt shows it.
            let write = supervisor(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: base ^ bit });
            scripts.push(vec![write, supervisor(Action::Exit(ExitKind::Trap)), supervisor(Action::ReadMsr)]);
        }
        if let Some(field) = Field::by_name("msr").filter(|_| self.is_paged()) {
            // EE and RI are the page's to change, the others are not.
            for bit in self.environment().changeable() {
                let store = supervisor(Action::StoreField(field, base ^ bit));
                let exit = supervisor(Action::Exit(ExitKind::Mfpvr));
                scripts.push(vec![self.map_page(), store, exit, supervisor(Action::ReadMsr)]);
            }
            scripts.push(vec![self.map_page(), supervisor(Action::PatchedMfmsr(TO))]);
        }
        if self.environment().has(Feature::Book3s32) {
            for (register, indirect) in SEGMENTS.iter().flat_map(|register| [(*register, false), (*register, true)]) {
                scripts.push(vec![supervisor(Action::Segment { register, value: 0x2012_3456, indirect })]);
            }
        }
        scripts
    }

    fn calls_and_host(&self) -> Vec<Vec<Step>> {
        let vocabulary = self.vocabulary();
        let mut scripts = Vec::new();
        for token in vocabulary.calls.iter().copied() {
            scripts.push(vec![supervisor(Action::Hcall(token, OTHER & 0xffff_ffff))]);
            scripts.push(vec![user(Action::Hcall(token, 0))]);
        }
        for (index, token) in vocabulary.calls.iter().enumerate() {
            scripts.push(vec![supervisor(Action::HcallPreserves(*token, (index % CALLS) as u8))]);
        }
        for (register, spr) in vocabulary.one_regs.iter().copied() {
            let (get, set) = (Action::GetOneReg(register, spr), Action::SetOneReg(register, spr, VALUE));
            scripts.push(vec![supervisor(Action::WriteSpr(spr, VALUE)), supervisor(get)]);
            scripts.push(vec![supervisor(set), supervisor(Action::ReadSpr(spr))]);
            scripts.push(vec![supervisor(set), supervisor(get)]);
        }
        let moves = [(&vocabulary.regs, true), (&vocabulary.sregs, false)];
        for (spr, regs) in moves.into_iter().flat_map(|(sprs, regs)| sprs.iter().map(move |spr| (*spr, regs))) {
            let (get, set) = if regs {
                (Action::GetRegs(spr), Action::SetRegs(spr, VALUE))
            } else {
                (Action::GetSregs(spr), Action::SetSregs(spr, VALUE))
            };
            scripts.push(vec![supervisor(Action::WriteSpr(spr, VALUE)), supervisor(get)]);
            scripts.push(vec![supervisor(set), supervisor(Action::ReadSpr(spr))]);
            scripts.push(vec![supervisor(set), supervisor(get)]);
            scripts.push(vec![
                supervisor(Action::WriteSpr(spr, VALUE)),
                supervisor(Action::Migrate),
                supervisor(Action::ReadSpr(spr)),
            ]);
            // What one structure sets an identifier gets, and the other way round.
            let named = vocabulary.one_regs.iter().filter(|(_, other)| other.cell == spr.cell);
            for (register, spr) in named.copied() {
                scripts.push(vec![supervisor(set), supervisor(Action::GetOneReg(register, spr))]);
                scripts.push(vec![supervisor(Action::SetOneReg(register, spr, VALUE)), supervisor(get)]);
            }
        }
        scripts
    }

    fn exits_and_memory(&self) -> Vec<Vec<Step>> {
        let mut scripts = vec![vec![supervisor(Action::Illegal)], vec![user(Action::Illegal)]];
        for kind in self.exit_kinds() {
            scripts.push(vec![supervisor(Action::Exit(kind))]);
            scripts.push(vec![user(Action::Exit(kind))]);
        }
        let (load, store) =
            (Action::Load(Size::Word, WINDOW + OFFSET), Action::Store(Size::Word, WINDOW + OFFSET, VALUE));
        let load_update = Action::LoadUpdate(WINDOW + OFFSET);
        let store_update = Action::StoreUpdate(WINDOW + OFFSET, VALUE);
        scripts.push(vec![supervisor(load)]);
        scripts.push(vec![supervisor(store)]);
        scripts.push(vec![supervisor(Action::Load(Size::Byte, WINDOW + OFFSET + 3))]);
        scripts.push(vec![supervisor(Action::Store(Size::Half, WINDOW + OFFSET + 2, 1))]);
        for rights in self.environment().rights() {
            let map = supervisor(Action::Map(WINDOW, MEMORY, rights));
            for access in [load, store, load_update, store_update] {
                scripts.push(vec![map, supervisor(access)]);
                scripts.push(vec![map, user(access)]);
            }
            scripts.push(vec![map, supervisor(Action::Unmap(WINDOW)), supervisor(load)]);
        }
        for base in [MEMORY, ZERO] {
            let address = base + OFFSET;
            scripts
                .push(vec![supervisor(Action::StoreUpdate(address, VALUE)), supervisor(Action::LoadUpdate(address))]);
            for size in [Size::Byte, Size::Half, Size::Word] {
                let value = VALUE & (u64::MAX >> (64 - 8 * size.bytes()));
                scripts.push(vec![
                    supervisor(Action::Store(size, address, value)),
                    supervisor(Action::Load(size, address)),
                ]);
            }
        }
        if let Some(sprg0) = self.vocabulary().held.iter().find(|spr| spr.number == number::SPRG0).copied() {
            // If the page is not mapped, memory is memory.
            scripts.push(vec![
                supervisor(Action::WriteSpr(sprg0, VALUE)),
                supervisor(Action::Store(Size::Word, ZERO + OFFSET, OTHER & 0xffff_ffff)),
                supervisor(Action::ReadSpr(sprg0)),
            ]);
        }
        if self.is_paged() {
            // Where the effective address is not the physical one.
            let elsewhere = [Action::MapPage(ELSEWHERE), Action::Load(Size::Word, ELSEWHERE + OFFSET)];
            scripts.push(elsewhere.map(supervisor).to_vec());
            let page = self.environment().page();
            let touched = [Action::Map(page, MEMORY, Rights::Srw), Action::Store(Size::Word, page + OFFSET, VALUE)];
            let looked = [self.map_page(), supervisor(Action::Load(Size::Word, page + OFFSET))];
            scripts.push(touched.map(supervisor).into_iter().chain(looked).collect());
        }
        scripts
    }

    /// Each instruction that no hypervisor is asked about, with several things to work on.
    fn executions(&self) -> Vec<Vec<Step>> {
        let mut draw = |number| execution::each(self.environment(), &mut Dice::of_script(0, number)).into_iter();
        let mut draws: Vec<_> = (0..EXECUTIONS).map(&mut draw).collect();
        let mut scripts = Vec::new();
        loop {
            let script: Vec<Step> = draws
                .iter_mut()
                .filter_map(Iterator::next)
                .map(|execution| supervisor(Action::Execute(execution)))
                .collect();
            if script.is_empty() {
                break;
            }
            scripts.push(script);
        }
        let edges = execution::at_edges(self.environment(), &mut Dice::of_script(0, EXECUTIONS));
        let edges: Vec<Step> = edges.into_iter().map(|execution| supervisor(Action::Execute(execution))).collect();
        scripts.extend(edges.chunks(EDGES).map(<[Step]>::to_vec));
        scripts
    }
}
