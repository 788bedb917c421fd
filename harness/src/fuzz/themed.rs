//! Random scripts of a theme: odd steps about one thing, in any order.

use super::action::{Action, MsrWriter, Step};
use super::dice::Dice;
use super::generate::{Generator, step};
use super::odd::Says;
use super::odd::theme::{THEMES, Theme};

/// Fewest and most phrases.
const PHRASES: std::ops::Range<usize> = 4..16;

impl Generator {
    /// A script of one of the themes, if the target has any.
    pub(super) fn themed(&self, dice: &mut Dice) -> Option<Vec<Step>> {
        let has = |theme: &&Theme| self.played(theme.opening).is_some();
        let theme = *dice.pick(&THEMES.iter().filter(has).collect::<Vec<_>>())?;
        let mut steps = self.played(theme.opening)?;
        for _ in 0..PHRASES.start + dice.below(PHRASES.len()) {
            if dice.percent(15) {
                steps.extend(self.exit_action(dice).map(|action| step(false, action)));
            }
            steps.extend(dice.pick(theme.phrases).and_then(|phrase| self.played(phrase)).unwrap_or_default());
        }
        steps.extend(self.played(theme.closing)?);
        Some(steps.into_iter().flat_map(|step| [Some(step), self.msr_behind(&step)]).flatten().collect())
    }

    /// What makes the MSR the kernel's again behind a step that may have left another.
    fn msr_behind(&self, behind: &Step) -> Option<Step> {
        let leaves_another = matches!(behind.action, Action::Odd(odd) if matches!(odd.says, Says::OpenMsr(_)));
        let value = self.environment().msr();
        leaves_another.then(|| step(false, Action::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value }))
    }
}
