//! Phrases: steps about an interrupt in an order that means something.

use super::action::{Action, ExitKind, Line, MsrWriter, STACK, Step, enabling_bit};
use super::contract::ASKED;
use super::dice::Dice;
use super::generate::{Generator, TICKS, step};
use crate::feature::Feature;
use sprig_isa::exception::Exception;
use sprig_isa::page::Field;

/// The decrementer's start where something else is to be done before it runs out.
pub(super) const SOME_TICKS: u64 = 0x800;

impl Generator {
    /// Steps about an interrupt, with others in between.
    pub(super) fn phrase(&self, dice: &mut Dice, steps: &mut Vec<Step>) {
        let exception = ASKED[dice.below(ASKED.len())];
        let line = Line::of(exception);
        if line.is_some_and(|line| !(self.has(Feature::Host) && self.has(line.feature()))) {
            return;
        }
        let on = self.environment().msr() | enabling_bit(exception);
        let mut say = |action| steps.push(step(false, action));
        match line {
            None => {
                say(Action::Arm(TICKS));
                if dice.percent(85) {
                    say(Action::Spin);
                }
            }
            Some(line) => {
                say(Action::Line(line, true));
                if dice.percent(15) {
                    say(Action::Line(line, false));
                }
            }
        }
        if dice.percent(30) {
            say(Action::Taken(exception));
        }
        let paged = self.has(Feature::MagicPage);
        let field = |name| Field::by_name(name).filter(|_| paged);
        if let Some(pending) = field("int_pending").filter(|_| dice.percent(40)) {
            say(Action::Exit(ExitKind::Mfpvr));
            say(Action::LoadField(pending));
        }
        match (dice.below(8), field("msr"), field("critical")) {
            (0..2, Some(msr), _) => {
                say(Action::StoreField(msr, on));
                say(Action::Exit(ExitKind::Mfpvr));
            }
            (2, Some(_), _) if !self.environment().is_wide() => say(Action::CriticalSection),
            (3 | 4, _, Some(critical)) => {
                let near = if dice.percent(30) { 1 << dice.below(32) } else { 0 };
                say(Action::StoreField(critical, STACK ^ near));
                say(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: on });
                if exception == Exception::Decrementer {
                    say(Action::Arm(SOME_TICKS));
                    let user = dice.percent(80);
                    steps.push(step(user, Action::Loop(STACK)));
                    steps.push(step(user, Action::Taken(exception)));
                    return;
                }
            }
            (5, ..) => {}
            _ => say(Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value: on }),
        }
        if dice.percent(85) {
            say(Action::Taken(exception));
        }
    }
}
