//! From a script that shows something wrong to the smallest one that does.
//!
//! ```text
//!   script --simpler: steps taken away, privilege given back, values made plain--> variants --all in one session--> those that still show it
//!      ^                                                                                                            |
//!      '------------------------------------ the smallest of them, until there is none ------------------------------'
//! ```
//!
//! Delta debugging in rounds: all variants of a round run together, since a session of a target may cost as much as
//! thousands of cases. Each round's script is smaller by [`weight`] than the one before, so it ends.

use super::action::{Action, Size, Step};
use super::bystanders::Instruction;
use super::environment::Environment;

/// A script with what it costs a reader: steps, steps in problem state, digits.
fn weight(environment: &Environment, steps: &[Step]) -> (usize, usize, usize) {
    let user = steps.iter().filter(|step| step.user).count();
    let digits = steps.iter().map(|step| step.action.text(environment).len()).sum();
    (steps.len(), user, digits)
}

/// Simpler scripts, each smaller than the given one, the smallest first.
pub(super) fn simpler(environment: &Environment, steps: &[Step]) -> Vec<Vec<Step>> {
    let mut variants = without_runs(steps);
    variants.extend(plainer(environment, steps));
    let own = weight(environment, steps);
    variants.retain(|variant| weight(environment, variant) < own);
    variants.sort_by_key(|variant| weight(environment, variant));
    variants
}

/// The script without each run of steps of half its length, a quarter, and so on down to one, and without each pair of
/// steps.
fn without_runs(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut variants = Vec::new();
    let mut length = steps.len() / 2;
    while length > 0 {
        for start in (0..steps.len()).step_by(length) {
            let end = (start + length).min(steps.len());
            variants.push([&steps[..start], &steps[end..]].concat());
        }
        length /= 2;
    }
    if steps.len() <= PAIRS_UP_TO {
        for first in 0..steps.len() {
            for second in first + 1..steps.len() {
                let kept = steps.iter().enumerate().filter(|(index, _)| *index != first && *index != second);
                variants.push(kept.map(|(_, step)| *step).collect());
            }
        }
    }
    variants.retain(|variant| !variant.is_empty());
    variants
}

/// Pairs of steps that depend on each other are looked for in scripts of at most this many.
const PAIRS_UP_TO: usize = 10;

/// The script with one of its steps made plainer.
fn plainer(environment: &Environment, steps: &[Step]) -> Vec<Vec<Step>> {
    let mut variants = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let mut with = |changed: Step| {
            let mut variant = steps.to_vec();
            variant[index] = changed;
            variants.push(variant);
        };
        if step.user {
            with(Step { user: false, ..*step });
        }
        for action in plainer_actions(environment, &step.action) {
            with(Step { action, ..*step });
        }
    }
    variants
}

/// Values that a reader takes in at once, from the shortest.
const PLAIN: [u64; 4] = [0, 1, 0x1234, 0xa000_0004];

fn plainer_actions(environment: &Environment, action: &Action) -> Vec<Action> {
    let values = |make: &dyn Fn(u64) -> Action| PLAIN.iter().map(|value| make(*value)).collect::<Vec<_>>();
    match *action {
        Action::WriteSpr(spr, _) => values(&|value| Action::WriteSpr(spr, aligned(value))),
        Action::Through { spr, value, .. } => vec![Action::WriteSpr(spr, value), Action::ReadSpr(spr)],
        Action::ReadMsrInto(_) | Action::Around(Instruction::ReadMsr, _) => vec![Action::ReadMsr],
        Action::Around(Instruction::Read(spr), _) => vec![Action::ReadSpr(spr)],
        Action::Around(Instruction::Write(spr, value), _) => vec![Action::WriteSpr(spr, value)],
        Action::Return { class, value } => {
            let bits = environment.changeable().iter();
            let fewer = bits.map(|bit| value ^ (value ^ environment.msr()) & bit).filter(|fewer| *fewer != value);
            fewer.map(|value| Action::Return { class, value }).collect()
        }
        Action::WriteMsr { by, from, value } => {
            let base = environment.msr();
            let mut plainer = vec![Action::WriteMsr { by, from: 3, value }];
            for bit in environment.changeable() {
                plainer.push(Action::WriteMsr { by, from, value: base ^ bit });
                plainer.push(Action::WriteMsr { by, from: 3, value: base ^ bit });
            }
            plainer
        }
        Action::StoreField(field, _) if field.name != "msr" => {
            values(&|value| Action::StoreField(field, aligned(value)))
        }
        Action::Store(size, ea, _) => vec![Action::Store(size, ea, 0), Action::Store(size, ea, 1)],
        Action::LoadUpdate(ea) => vec![Action::Load(Size::Word, ea)],
        Action::StoreUpdate(ea, value) => {
            vec![Action::Store(Size::Word, ea, value), Action::StoreUpdate(ea, 0), Action::StoreUpdate(ea, 1)]
        }
        Action::Hcall(token, _) => vec![Action::Hcall(token, 0)],
        Action::PatchedRead(spr, _) => vec![Action::ReadSpr(spr), Action::PatchedRead(spr, 3)],
        Action::PatchedWrite(spr, _, value) => {
            vec![Action::WriteSpr(spr, value), Action::PatchedWrite(spr, 3, aligned(1))]
        }
        Action::PatchedMfmsr(_) => vec![Action::ReadMsr],
        Action::SetRegs(spr, _) => values(&|value| Action::SetRegs(spr, aligned(value))),
        Action::SetSregs(spr, _) => values(&|value| Action::SetSregs(spr, aligned(value))),
        Action::SetOneReg(register, spr, _) => values(&|value| Action::SetOneReg(register, spr, aligned(value))),
        Action::Execute(execution) => execution.plainer().into_iter().map(Action::Execute).collect(),
        Action::Exit(kind) => {
            [super::action::ExitKind::Mfpvr].into_iter().filter(|plain| *plain != kind).map(Action::Exit).collect()
        }
        _ => Vec::new(),
    }
}

/// What every register can hold, those of addresses among them.
const fn aligned(value: u64) -> u64 {
    value & !3 | if value == 1 { 4 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::generate::Generator;
    use crate::fuzz::testing::environment;

    /// Shrinks by this question alone, as a campaign does by running variants.
    fn shrink(environment: &Environment, mut steps: Vec<Step>, shows: impl Fn(&[Step]) -> bool) -> Vec<Step> {
        while let Some(smaller) = simpler(environment, &steps).into_iter().find(|variant| shows(variant)) {
            assert!(weight(environment, &smaller) < weight(environment, &steps), "each round is smaller");
            steps = smaller;
        }
        steps
    }

    fn subjects(steps: &[Step]) -> Vec<String> {
        steps.iter().map(|step| step.action.subject().1).collect()
    }

    #[test]
    fn what_shows_it_is_all_that_is_left() {
        let generator = Generator::new(environment("ref-e500v2-pr"));
        let environment = generator.environment();
        for number in 0..40 {
            let steps = generator.script(9, number);
            let (first, last) = (steps[0].action.subject().1, steps[steps.len() - 1].action.subject().1);
            let shows = |variant: &[Step]| {
                let subjects = subjects(variant);
                let at = subjects.iter().position(|subject| *subject == first);
                at.is_some_and(|at| subjects[at..].iter().skip(1).any(|subject| *subject == last))
            };
            let shrunk = shrink(environment, steps, shows);
            assert_eq!(subjects(&shrunk), [first.as_str(), last.as_str()], "script {number}");
            assert!(simpler(environment, &shrunk).iter().all(|variant| !shows(variant)));
        }
    }

    #[test]
    fn a_script_that_nothing_is_needed_of_becomes_one_plain_step() {
        let generator = Generator::new(environment("ref-970-pr"));
        let shrunk = shrink(generator.environment(), generator.script(2, 3), |_| true);
        assert_eq!(shrunk.len(), 1);
        assert!(!shrunk[0].user);
    }
}
