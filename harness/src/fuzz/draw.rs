//! Random steps that need no other of their script: patched instructions, calls, the host's, registers that do
//! something.

use super::action::Action;
use super::bystanders;
use super::dice::Dice;
use super::generate::{Focus, Generator, SEGMENT, SEGMENTS, general, implemented};
use super::odd::Place;
use crate::feature::Feature;
use sprig_isa::spr::Spr;

/// Something that the host does with all of the guest. What takes several ticks of its timer is as long as fifty other
/// scripts.
fn seldom(dice: &mut Dice) -> Action {
    match dice.below(50) {
        0 => Action::Hold,
        1 => Action::OtherVm(dice.value(32) as u32),
        _ => Action::Migrate,
    }
}

impl Generator {
    pub(super) fn patched_action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        let vocabulary = self.vocabulary();
        let gpr = general(dice);
        let focused = |sprs: &[&'static Spr]| {
            sprs.iter().find(|spr| focus.registers.iter().any(|focus| focus.cell == spr.cell)).copied()
        };
        match dice.below(10) {
            0..4 => {
                let spr =
                    focused(&vocabulary.patched_reads).or_else(|| dice.pick(&vocabulary.patched_reads).copied())?;
                Some(Action::PatchedRead(spr, gpr))
            }
            4..8 => {
                let spr =
                    focused(&vocabulary.patched_writes).or_else(|| dice.pick(&vocabulary.patched_writes).copied())?;
                Some(Action::PatchedWrite(spr, gpr, self.value_of(dice, spr)))
            }
            _ if vocabulary.patched_reads.is_empty() => None,
            8 => Some(Action::PatchedMfmsr(gpr)),
            _ => Some(Action::PatchedWriteMsr(self.msr_writer(dice), gpr, self.msr_value(dice))),
        }
    }

    pub(super) fn call_action(&self, dice: &mut Dice) -> Option<Action> {
        let token = *dice.pick(&self.vocabulary().calls)?;
        if dice.percent(30) {
            return Some(Action::HcallPreserves(token, dice.below(bystanders::CALLS) as u8));
        }
        Some(Action::Hcall(token, dice.value(32)))
    }

    pub(super) fn host_action(&self, dice: &mut Dice, focus: &Focus) -> Option<Action> {
        let focused = |sprs: &[&'static Spr], dice: &mut Dice| {
            let found = sprs.iter().find(|spr| focus.registers.iter().any(|focus| focus.cell == spr.cell)).copied();
            found.or_else(|| dice.pick(sprs).copied())
        };
        match dice.below(12) {
            0..3 => focused(&self.vocabulary().regs, dice).map(Action::GetRegs),
            3..5 => focused(&self.vocabulary().regs, dice).map(|spr| Action::SetRegs(spr, self.value_of(dice, spr))),
            5..7 => focused(&self.vocabulary().sregs, dice).map(Action::GetSregs),
            7 => focused(&self.vocabulary().sregs, dice).map(|spr| Action::SetSregs(spr, self.value_of(dice, spr))),
            8 => self.has(Feature::Ioctl).then(|| seldom(dice)),
            get_or_set => {
                let (register, spr) = *dice.pick(&self.vocabulary().one_regs)?;
                let set = get_or_set == 9;
                let value = self.value_of(dice, spr);
                Some(if set { Action::SetOneReg(register, spr, value) } else { Action::GetOneReg(register, spr) })
            }
        }
    }

    pub(super) fn other_register(&self, dice: &mut Dice) -> Option<Action> {
        if dice.percent(40) {
            return dice.pick(&self.vocabulary().read).map(|spr| Action::ReadSpr(spr));
        }
        let spr = *dice.pick(&self.vocabulary().exchanged)?;
        Some(Action::Exchange(spr, implemented(spr, self.value_of(dice, spr))))
    }

    /// True if no register has this number, not even one to be written alone.
    pub(super) fn is_of_no_register(&self, number: u16) -> bool {
        Spr::lookup(self.environment().cpu, number).is_none()
    }

    /// Something seldom done, or a number that is no register's.
    pub(super) fn odd(&self, dice: &mut Dice) -> Option<Action> {
        if dice.percent(40) {
            let number = *dice.pick(&self.vocabulary().numbers)?;
            let write = dice.percent(50) && self.is_of_no_register(number);
            return Some(if write { Action::WriteNumber(number) } else { Action::ReadNumber(number) });
        }
        let anywhere: Vec<_> = self.vocabulary().odds.iter().filter(|odd| odd.place != Place::Arranged).collect();
        dice.pick(&anywhere).map(|odd| Action::Odd(odd))
    }

    pub(super) fn segment(&self, dice: &mut Dice) -> Option<Action> {
        let here = self.has(Feature::Book3s32);
        let register = *dice.pick(&SEGMENTS).filter(|_| here)?;
        Some(Action::Segment { register, value: dice.value(32) & SEGMENT, indirect: dice.percent(50) })
    }
}
