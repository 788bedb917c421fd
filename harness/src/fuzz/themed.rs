//! Random scripts of a theme: odd steps about one thing, in any order.

use super::action::{Action, MsrWriter, Step};
use super::dice::Dice;
use super::generate::{Generator, step};
use super::odd::Says;
use super::odd::theme::THEMES;

/// Fewest and most phrases.
const PHRASES: std::ops::Range<usize> = 4..16;

/// A theme as scripts of an environment have it.
#[derive(Debug)]
pub(super) struct Played {
    opening: Vec<Step>,
    phrases: Vec<Vec<Step>>,
    closing: Vec<Step>,
}

impl Generator {
    /// The themes of this environment.
    pub(super) fn themes(&self) -> Vec<Played> {
        let themes = THEMES.iter().filter_map(|theme| {
            let (opening, closing) = (self.played(theme.opening)?, self.played(theme.closing)?);
            let phrases = theme.phrases.iter().filter_map(|phrase| self.played(phrase)).collect();
            Some(Played { opening, phrases, closing })
        });
        themes.collect()
    }

    /// A script of one of the themes, if there are any.
    pub(super) fn themed(&self, dice: &mut Dice, themes: &[Played]) -> Option<Vec<Step>> {
        let theme = dice.pick(themes)?;
        let mut steps = theme.opening.clone();
        for _ in 0..PHRASES.start + dice.below(PHRASES.len()) {
            if dice.percent(15) {
                steps.extend(self.exit_action(dice).map(|action| step(false, action)));
            }
            steps.extend(dice.pick(&theme.phrases).into_iter().flatten());
        }
        steps.extend(&theme.closing);
        Some(steps.into_iter().flat_map(|step| [Some(step), self.msr_behind(&step)]).flatten().collect())
    }

    /// What makes the MSR the kernel's again behind a step that may have left another.
    fn msr_behind(&self, behind: &Step) -> Option<Step> {
        let leaves_another = matches!(behind.action, Action::Odd(odd) if matches!(odd.says, Says::OpenMsr(_)));
        let value = self.environment().msr();
        leaves_another.then(|| step(false, Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value }))
    }
}
