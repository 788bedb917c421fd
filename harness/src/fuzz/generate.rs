//! Random scripts.
//!
//! A script has a *focus*, a few registers, pages and interrupts, so that its steps have to do with each other; and
//! *phrases*, steps in an order that means something (raise a line, let it in, ask), with others in between. Everything
//! else is left to chance, with more of it where hypervisors go wrong.

use super::action::{Action, ExitKind, MsrWriter, STACK, Size, Step};
use super::bystanders::Instruction;
use super::dice::Dice;
use super::environment::{ELSEWHERE, Environment, MEMORY, WINDOW, ZERO};
use super::execution;
use super::odd::Place;
use super::vocabulary::{Vocabulary, is_plain, is_segment};
use crate::feature::Feature;
use sprig_isa::cpu::Family;
use sprig_isa::exception::Class;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_isa::msr;
use sprig_isa::page::Field;
use sprig_isa::spr::{Spr, number};

/// Fewest and most steps that are drawn; a phrase may add some.
const STEPS: std::ops::Range<usize> = 4..16;
/// One of so many scripts is of a theme.
const THEMED: u64 = 4;
/// One of so many scripts executes instructions that no hypervisor is asked about: that of this remainder.
const EXECUTING: u64 = 8;
const EXECUTED: u64 = 5;
/// General registers that a script's own instructions use; the first two are stacks.
const GENERAL: std::ops::Range<usize> = 2..32;
/// The decrementer's start: it runs out within any wait.
pub(super) const TICKS: u64 = 0x10;
/// Segment registers that no guest kernel needs.
pub(super) const SEGMENTS: [u8; 4] = [5, 9, 10, 11];
/// Where memory is looked at: where the low word of the page's sprg0 would be.
pub(super) const OFFSET: u64 = 0x24;
/// Bits of a segment register that an ordinary segment has: Ks, Kp, N and the virtual segment.
pub(super) const SEGMENT: u64 = 0x70ff_ffff;

/// Makes scripts.
#[derive(Debug)]
pub struct Generator {
    environment: Environment,
    vocabulary: Vocabulary,
}

/// What one script is about.
pub(super) struct Focus {
    pub(super) registers: Vec<&'static Spr>,
    /// A field of the page that is no register.
    field: Option<&'static Field>,
    pages: [u64; 2],
    interrupts: bool,
}

impl Generator {
    /// For scripts of this environment.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        let vocabulary = Vocabulary::new(&environment);
        Self { environment, vocabulary }
    }

    /// What its scripts can count on.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What there is to speak of.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The script of this number.
    #[must_use]
    pub fn script(&self, seed: u64, number: u64) -> Vec<Step> {
        let dice = &mut Dice::of_script(seed, number);
        let of_one_kind = match number {
            _ if number % EXECUTING == EXECUTED => Some(self.executing(dice)),
            _ if number % THEMED == THEMED - 1 => self.themed(dice),
            _ => None,
        };
        let mut steps = of_one_kind.unwrap_or_else(|| self.mixed(dice));
        steps.retain(|step| self.spares(step));
        steps
    }

    /// A script of instructions by which nothing changes but what they say.
    fn executing(&self, dice: &mut Dice) -> Vec<Step> {
        let length = STEPS.start + dice.below(STEPS.len());
        let mut execute = || {
            let user = dice.percent(25);
            let execution = execution::any(&self.environment, dice)?;
            Some(step(user && execution.is_unprivileged(), Action::Execute(execution)))
        };
        (0..length).filter_map(|_| execute()).collect()
    }

    /// A script about a few registers, pages and interrupts.
    fn mixed(&self, dice: &mut Dice) -> Vec<Step> {
        let focus = self.focus(dice);
        let mut steps = Vec::new();
        if self.has(Feature::MagicPage) && dice.percent(85) {
            let at = if dice.percent(92) { self.environment.page() } else { ELSEWHERE };
            steps.push(step(false, Action::MapPage(at)));
        }
        let length = STEPS.start + dice.below(STEPS.len());
        let mut user = false;
        while steps.len() < length {
            user = if user { dice.percent(60) } else { dice.percent(12) };
            if focus.interrupts && dice.percent(25) {
                self.phrase(dice, &mut steps);
            } else if let Some(action) = self.action(dice, &focus) {
                steps.push(step(user && allowed_in_user(&action), action));
            }
        }
        let mut mapped = None;
        // The effect of the guest's own translation where the page is already cannot be known.
        steps.retain(|step| match step.action {
            Action::MapPage(ea) if !step.user => {
                mapped = Some(ea);
                true
            }
            Action::Map(ea, ..) | Action::Unmap(ea) => mapped != Some(ea),
            _ => true,
        });
        self.keep_unsafe_bits(&mut steps);
        steps
    }

    /// True if a step does not end the target.
    pub(super) fn spares(&self, step: &Step) -> bool {
        self.environment.deadly.is_empty() || self.environment.spares(&step.action.text(&self.environment))
    }

    /// Stores to the page's msr change what it may change and leave the rest as it is: what becomes of other bits no
    /// document says, and they have scripts of their own.
    fn keep_unsafe_bits(&self, steps: &mut [Step]) {
        let mut kept = self.environment.msr();
        for Step { user, action } in steps {
            match action {
                _ if *user => {}
                Action::WriteMsr { by: MsrWriter::Mtmsr, value, .. }
                | Action::Return { value, .. }
                | Action::PatchedWriteMsr(MsrWriter::Mtmsr, _, value) => kept = *value,
                Action::CriticalSection => kept = self.environment.msr(),
                Action::StoreField(field, value) if field.name == "msr" => {
                    *value = kept & !msr::PAGE_SAFE | *value & msr::PAGE_SAFE;
                }
                _ => {}
            }
        }
    }

    pub(super) fn has(&self, feature: Feature) -> bool {
        self.environment.has(feature)
    }

    fn focus(&self, dice: &mut Dice) -> Focus {
        let shadowed: Vec<&'static Spr> =
            self.vocabulary.held.iter().filter(|spr| self.environment.field_of(spr).is_some()).copied().collect();
        let count = 1 + dice.below(3);
        let registers = (0..count).filter_map(|_| {
            let from = if dice.percent(70) { &shadowed } else { &self.vocabulary.held };
            dice.pick(from).copied()
        });
        let registers = registers.collect();
        let pages = [WINDOW, WINDOW + PAGE_SIZE, self.environment.page()];
        let fields: Vec<&'static Field> =
            self.vocabulary.fields.iter().filter(|field| is_plain(field)).copied().collect();
        let field = dice.pick(&fields).copied();
        let mut page = || pages[dice.below(pages.len())];
        Focus { registers, field, pages: [page(), page()], interrupts: dice.percent(35) }
    }

    fn action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        match dice.below(100) {
            0..30 => self.register_action(dice, focus),
            30..52 => self.page_action(dice, focus),
            52..64 => self.exit_action(dice),
            64..72 => self.memory_action(dice, focus),
            72..80 => self.patched_action(dice, focus),
            80..86 => self.msr_action(dice),
            86 => Some(self.return_action(dice)),
            87..92 => self.call_action(dice),
            92..96 => self.host_action(dice, focus),
            96..98 => self.other_register(dice),
            98 => self.odd(dice),
            _ => self.segment(dice),
        }
    }

    pub(super) fn value_of(&self, dice: &mut Dice, spr: &Spr) -> u64 {
        let value = self.environment.spared(spr, dice.value(self.environment.word()));
        match spr.number {
            // The low bits of an instruction's address may be lost (cases/rules.toml,
            // spr.interrupt-registers-hold-value).
            number::SRR0 | number::CSRR0 | number::MCSRR0 | number::DSRR0 => value & !3,
            number::IAC1..=number::IAC4 => value & !3,
            _ if spr.write == sprig_isa::spr::Write::Plain => value,
            _ => value & u64::from(u32::MAX),
        }
    }

    fn register_action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        let spr = *dice.pick(&focus.registers)?;
        let alias = self.vocabulary.aliases.iter().find(|alias| alias.cell == spr.cell);
        Some(match dice.below(20) {
            0..6 => Action::WriteSpr(spr, self.value_of(dice, spr)),
            6..9 => Action::ReadSpr(spr),
            9 => self.around(dice, spr),
            10 | 11 => {
                let (from, to) = (general(dice), general(dice));
                if from == to {
                    return None;
                }
                Action::Through { spr, from, to, value: self.value_of(dice, spr) }
            }
            _ => match alias {
                Some(alias) if dice.percent(90) => Action::ReadSpr(alias),
                Some(alias) => Action::WriteSpr(alias, self.value_of(dice, alias)),
                None => Action::ReadSpr(spr),
            },
        })
    }

    fn page_action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        if !self.has(Feature::MagicPage) {
            return None;
        }
        let focused = dice.pick(&focus.registers).and_then(|spr| self.environment.field_of(spr));
        let field: &'static Field = match (focused, focus.field) {
            (_, Some(field)) if dice.percent(25) => field,
            (Some(field), _) if dice.percent(75) => field,
            _ => dice.pick(&self.vocabulary.fields).copied()?,
        };
        if dice.percent(40) {
            return Some(Action::LoadField(field));
        }
        let value = match field.name {
            "msr" => self.msr_value(dice),
            // A segment register that is in use must stay as it is.
            _ if is_segment(field) => return Some(Action::LoadField(field)),
            "srr0" => dice.value(self.environment.word()) & !3,
            "critical" if dice.percent(70) => STACK,
            // What r1 is in part.
            "critical" if dice.percent(50) => STACK ^ 1 << dice.below(32),
            name if field.size == 8 && !name.starts_with("mas") => dice.value(self.environment.word()),
            _ => dice.value(32),
        };
        Some(Action::StoreField(field, value))
    }

    /// What makes a hypervisor run here.
    pub(super) fn exit_kinds(&self) -> Vec<ExitKind> {
        let mut kinds = vec![ExitKind::Mfpvr, ExitKind::Mfmsr, ExitKind::Sc, ExitKind::Trap, ExitKind::Rfi];
        if self.has(Feature::Hypercall) {
            kinds.push(ExitKind::Hcall);
        }
        if self.has(Feature::Host) {
            kinds.push(ExitKind::Mmio);
        }
        if self.environment.family().is_booke() {
            kinds.push(ExitKind::TlbMiss);
        }
        kinds
    }

    pub(super) fn exit_action(&self, dice: &mut Dice) -> Option<Action> {
        Some(match dice.pick(&self.exit_kinds()) {
            Some(kind) if dice.percent(88) => Action::Exit(*kind),
            _ => Action::Illegal,
        })
    }

    fn memory_action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        let page = *dice.pick(&focus.pages)?;
        let memory = MEMORY + PAGE_SIZE * dice.below(2) as u64;
        match dice.below(10) {
            0..2 => return Some(Action::Map(page, memory, *dice.pick(&self.environment.rights())?)),
            2 => return Some(Action::Unmap(page)),
            _ => {}
        }
        let base = *dice.pick(&[page, page, memory, ZERO])?;
        let size = *dice.pick(&[Size::Word, Size::Word, Size::Half, Size::Byte])?;
        // Aligned as it must be, and no further: an address that loses its low bits shows it.
        let base = base + size.bytes() * dice.below(4) as u64 % 4;
        let (ea, update) = (base + OFFSET, size == Size::Word && dice.percent(30));
        if dice.percent(50) {
            return Some(if update { Action::LoadUpdate(ea) } else { Action::Load(size, ea) });
        }
        let value = dice.value(32) & (u64::MAX >> (64 - 8 * size.bytes()));
        Some(if update { Action::StoreUpdate(ea, value) } else { Action::Store(size, ea, value) })
    }

    /// The instructions that write the MSR here.
    pub(super) fn msr_writers(&self) -> &'static [MsrWriter] {
        match self.environment.family() {
            Family::BookeE500 | Family::Booke44x => &[MsrWriter::Mtmsr, MsrWriter::Wrtee, MsrWriter::Wrteei],
            Family::Book3s64 => &[MsrWriter::Mtmsr, MsrWriter::MtmsrdL1],
            Family::Book3s32 => &[MsrWriter::Mtmsr],
        }
    }

    pub(super) fn msr_writer(&self, dice: &mut Dice) -> MsrWriter {
        dice.pick(self.msr_writers()).copied().unwrap_or(MsrWriter::Mtmsr)
    }

    pub(super) fn msr_value(&self, dice: &mut Dice) -> u64 {
        let changed = self.environment.changeable().iter().filter(|_| dice.percent(35)).fold(0, |bits, bit| bits | bit);
        self.environment.msr() ^ changed
    }

    fn msr_action(&self, dice: &mut Dice) -> Option<Action> {
        Some(match dice.below(3) {
            0 => Action::ReadMsr,
            1 => Action::ReadMsrInto(general(dice)),
            _ => {
                let from = if dice.percent(50) { 3 } else { general(dice) };
                Action::WriteMsr { by: self.msr_writer(dice), from, value: self.msr_value(dice) }
            }
        })
    }

    fn return_action(&self, dice: &mut Dice) -> Action {
        let class = *dice.pick(self.environment.classes()).unwrap_or(&Class::Base);
        Action::Return { class, value: self.msr_value(dice) }
    }

    fn around(&self, dice: &mut Dice, spr: &'static Spr) -> Action {
        let instruction = match dice.below(5) {
            0 | 1 => Instruction::Read(spr),
            2 | 3 => Instruction::Write(spr, self.value_of(dice, spr)),
            _ => Instruction::ReadMsr,
        };
        Action::Around(instruction, general(dice))
    }
}

/// The bits of a value that the register has: what becomes of reserved ones no document says
/// (unspecified.reserved-bits).
pub(super) const fn implemented(spr: &Spr, value: u64) -> u64 {
    spr.write.apply(0, value)
}

pub(super) fn step(user: bool, action: Action) -> Step {
    Step { user, action }
}

pub(super) fn general(dice: &mut Dice) -> u8 {
    (GENERAL.start + dice.below(GENERAL.len())) as u8
}

/// The script language has these in supervisor state alone.
pub(super) fn allowed_in_user(action: &Action) -> bool {
    if let Action::Odd(odd) = action {
        return matches!(odd.place, Place::Anywhere);
    }
    if let Action::Execute(execution) = action {
        return execution.is_unprivileged();
    }
    !matches!(
        action,
        Action::Around(..)
            | Action::Map(..)
            | Action::Unmap(_)
            | Action::CriticalSection
            | Action::Migrate
            | Action::ReadNumber(_)
            | Action::WriteNumber(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::judge::Judge;
    use crate::fuzz::render::{Frame, render};
    use crate::known::Cause;
    use crate::project;
    use crate::suite::Suite;
    use crate::target;

    fn generator(id: &str) -> Generator {
        Generator::new(crate::fuzz::testing::environment(id))
    }

    #[test]
    fn every_script_is_one_that_the_language_accepts_and_the_target_can_run() {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        for target in target::all() {
            let generator = Generator::new(Environment::of(&*target));
            let judge = Judge { suite: &suite, target: target.id(), profile: &target.profile() };
            for number in 0..50 {
                let steps = generator.script(1, number);
                if let Err(invalid) = judge.candidate(generator.environment(), &steps) {
                    panic!("{}, script {number}: {invalid}", target.id());
                }
            }
        }
    }

    #[test]
    fn what_ends_a_target_is_not_written_there() {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        let target = target::by_id("qemu-bamboo-440ep").expect("a target");
        let plain = Environment::of(&*target);
        let dvc1 = Spr::lookup(plain.cpu, number::DVC1).expect("a register");
        let deadly = 0x2_0000;
        let written = |environment: Environment| {
            let (generator, dice) = (Generator::new(environment), &mut Dice::of_script(1, 1));
            (0..500).fold(0, |bits, _| bits | generator.value_of(dice, dvc1)) & deadly
        };
        assert_eq!(written(plain.clone()), deadly);
        assert_eq!(written(plain.sparing(&*target, &suite.known)), 0);
    }

    #[test]
    fn what_is_said_to_end_a_target_is_something_that_scripts_have() {
        let suite = Suite::load(&project::root()).expect("nothing is wrong");
        for target in target::all() {
            let generator = Generator::new(Environment::of(&*target));
            let environment = generator.environment();
            let lines: Vec<String> =
                generator.singles().iter().flatten().map(|step| step.action.text(environment)).collect();
            for cause in suite.known.deadly(target.id()) {
                let is_there = match cause {
                    Cause::Bits(register, _) => generator.vocabulary.held.iter().any(|spr| spr.name == register),
                    Cause::Steps(steps) => lines.iter().any(|line| steps.matches(line)),
                };
                assert!(is_there, "{}: {cause:?}", target.id());
            }
        }
    }

    #[test]
    fn a_seed_and_a_number_are_a_script() {
        let generator = generator("ref-e500v2-pr");
        let text =
            |seed, number| render(generator.environment(), &generator.script(seed, number), &Frame::default()).text;
        assert_eq!(text(3, 5), text(3, 5));
        assert_ne!(text(3, 5), text(3, 6));
        assert_ne!(text(3, 5), text(4, 5));
    }
}
