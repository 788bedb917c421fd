//! Exits of each step, where a target counts those of a whole case.
//!
//! Telling the host's side at each step would be an exit, after which nothing is stale any more. So the case is run
//! once for each of its steps and once more, and ends at a different place each time. What a run has more than the one
//! before is what the step between the two places caused:
//!
//! ```text
//!   run 0:  end | step 0   step 1   step 2
//!   run 1:        step 0 | end | step 1   step 2
//!   run 2:        step 0   step 1 | end | step 2
//! ```
//!
//! Each run is a session of its own. On a host whose machine counts instructions it does to its end exactly what the
//! next one does so far, down to the ticks of the host's timer and the entries of its TLB; what ran on the host before
//! would show in both.
//!
//! The end is one operation more, a store to the board's power-off register, which problem state reaches as well. What
//! is after it stays where it is, so that each run touches the same pages beforehand. A race is one piece: in the
//! middle of it there is only its first round. A translation of the board's page is the end's own in every run: of the
//! step that is the first to need it, it does not show.

use crate::case::Case;
use crate::target::{Boot, Limits, Target};
use crate::transcript::RunResult;
use rayon::prelude::*;
use sprig_isa::insn::word::{assemble, branch_absolute};
use sprig_wire::Malformed;
use sprig_wire::board::{POWER_OFF, REGISTERS};
use sprig_wire::bytecode::{self, Encoder, Op};
use sprig_wire::layout::STEP_RETURN;
use std::collections::BTreeMap;

/// The step that the end is: none of the script's, which are numbered from 0 and fewer.
const END: u16 = u16::MAX;

/// What a step caused, by kind. Below zero is what a run did not meet that the one before it met, where two runs are
/// not the same so far: a tick of the host's at another place.
pub type Exits = BTreeMap<String, i64>;

/// Why exits are not known by step.
#[derive(Debug, thiserror::Error)]
pub enum Uncounted {
    /// The target counts none.
    #[error("{0} counts no exits")]
    Never(String),
    /// A run ended somewhere else.
    #[error("the case does not come as far as its step in line {line}")]
    NotReached {
        /// The step's.
        line: usize,
    },
    /// The same, behind the last step.
    #[error("the case does not come to its end")]
    NotEnded,
    /// The bytecode is malformed.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The exits of each step, by its place in the case; those of a race stand with its first line.
///
/// # Errors
/// [`Uncounted`].
pub fn by_step(target: &dyn Target, case: &Case) -> Result<BTreeMap<usize, Exits>, Uncounted> {
    let places = places(&case.parts.ops)?;
    let ends: Vec<Case> = places.iter().map(|(at, _)| ending(case, *at)).collect();
    let totals = run_each(target, &ends);
    let not_reached = |step: u16| match case.steps.get(usize::from(step)) {
        Some(step) => Uncounted::NotReached { line: step.line },
        None => Uncounted::NotEnded,
    };
    let mut before: Option<(Exits, u16)> = None;
    let mut pieces = BTreeMap::new();
    for (index, (_, step)) in places.iter().enumerate() {
        let total = totals.get(index).and_then(Option::as_ref).filter(|result| result.last_step == Some(END.into()));
        let total = total.ok_or_else(|| not_reached(*step))?;
        let total = sum(total).ok_or_else(|| Uncounted::Never(target.id().to_owned()))?;
        if let Some((less, piece)) = before.replace((total.clone(), *step)) {
            pieces.insert(usize::from(piece), difference(total, &less));
        }
    }
    Ok(pieces)
}

/// Runs each case in a session of its own, as many at the same time as this machine has CPUs.
fn run_each(target: &dyn Target, cases: &[Case]) -> Vec<Option<RunResult>> {
    let run = |case: &Case| {
        let mut found = None;
        // Each is said to have died, since its guest switched the machine off. Whether it came so far is seen by its
        // step.
        let _ = target.run(Boot::new(&[case], &Limits::default()), &mut |result| found = Some(result));
        found
    };
    cases.par_iter().with_max_len(1).map(run).collect()
}

/// All exits of a run, by kind.
fn sum(result: &RunResult) -> Option<Exits> {
    let mut exits = Exits::new();
    for count in result.exits.as_ref()? {
        *exits.entry(count.reason.to_string()).or_default() += count.count.cast_signed();
    }
    Some(exits)
}

fn difference(mut more: Exits, less: &Exits) -> Exits {
    for (reason, count) in less {
        *more.entry(reason.clone()).or_default() -= count;
    }
    more.retain(|_, count| *count != 0);
    more
}

/// In words: `2 emulated_inst, 1 mmio`, or `none`.
#[must_use]
pub fn shown(exits: &Exits) -> String {
    let parts: Vec<String> = exits.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Where a case can end, in bytes of bytecode, with the step that begins there; last the end itself.
fn places(ops: &[u8]) -> Result<Vec<(usize, u16)>, Malformed> {
    let (mut places, mut at) = (Vec::new(), 0);
    let (mut in_race, mut last) = (false, None);
    while let Some(rest) = ops.get(at..).filter(|rest| !rest.is_empty()) {
        let (step, size) = bytecode::decode(rest)?;
        if !in_race && last != Some(step.step) {
            places.push((at, step.step));
        }
        in_race = match step.op {
            Op::RaceBegin { .. } => true,
            Op::RaceEnd => false,
            _ => in_race,
        };
        last = Some(step.step);
        at += size;
    }
    places.push((at, END));
    Ok(places)
}

/// The same case with its end at this place.
fn ending(case: &Case, at: usize) -> Case {
    let mut ending = case.clone();
    let parts = &mut ending.parts;
    let stub = 4 * parts.code.len();
    let store = store();
    parts.code.extend(store);
    parts.code.push(branch_absolute(STEP_RETURN));
    let mut encoder = Encoder::default();
    // A case's code is far smaller than 4 GiB.
    encoder.exec(END, false, stub as u32, &store, &[], &[]);
    let (before, behind) = case.parts.ops.split_at(at);
    parts.ops = [before, &encoder.into_bytes(), behind].concat();
    ending
}

/// `lis r4, REGISTERS@h; stw r3, POWER_OFF(r4)`. r3 is zero, as every register is that a stub is not given.
fn store() -> [u32; 2] {
    const _: () = assert!(REGISTERS & 0xffff == 0 && REGISTERS < 1 << 31);
    let word = |mnemonic, operands: &[i64]| assemble(mnemonic, operands).unwrap_or_default();
    [word("addis", &[4, 0, (REGISTERS >> 16).into()]), word("stw", &[3, POWER_OFF.into(), 4])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SourceFile;
    use crate::script;
    use crate::target;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// With a race, problem state, and what the host's side does.
    const SCRIPT: &str = "# Exits of every kind of step.
rule   alias.consistent-after-exit
needs  magic-page usprg4 host ioctl

map-page
mtspr SPRG4, 1
page.sprg4 = 2
before = mfspr USPRG4
exit sc
race 3 {
    mtspr SPRG0, 5
    seen = mfspr SPRG0
}
user {
    in-problem-state = mfspr USPRG4
    exit sc
}
exit hcall
";

    fn assembled(target: &dyn Target) -> Case {
        let source = SourceFile { path: PathBuf::from("exits.probe"), text: SCRIPT.to_owned() };
        let script = script::parse(Arc::new(source)).expect("a script");
        script.instances()[0].assemble(&target.profile()).expect("assembles")
    }

    fn target(id: &str) -> Arc<dyn Target> {
        target::all().into_iter().find(|target| target.id() == id).expect("a target")
    }

    #[test]
    fn a_target_that_counts_by_step_counts_the_same() {
        let target = target("ref-e500v2-pr");
        let case = assembled(&*target);
        let mut counted = None;
        target.run(Boot::new(&[&case], &Limits::default()), &mut |result| counted = result.exits).expect("it runs");
        let found = by_step(&*target, &case).expect("counted");
        // The steps of a race stand together with its first.
        let first = |step: usize| *found.range(..=step).next_back().expect("a piece").0;
        let mut expected: BTreeMap<usize, Exits> = found.keys().map(|step| (*step, Exits::new())).collect();
        for count in counted
            .expect("it counts")
            .into_iter()
            .filter(|count| count.step.is_some_and(|step| (step as usize) < case.steps.len()))
        {
            let piece = expected.entry(first(count.step.unwrap_or_default() as usize)).or_default();
            *piece.entry(count.reason.into_owned()).or_default() += count.count.cast_signed();
        }
        expected.values_mut().for_each(|exits| exits.retain(|_, count| *count != 0));
        assert_eq!(found, expected);
        assert!(found.len() + 3 == case.steps.len(), "a race's two steps and its end are with its beginning");
    }

    #[test]
    fn a_target_that_counts_none_says_so() {
        let target = target("ref-e500v2-bare");
        let case = {
            let mut case = assembled(&*self::target("ref-e500v2-pr"));
            case.parts.ops.clear();
            case
        };
        assert!(matches!(by_step(&*target, &case), Err(Uncounted::Never(id)) if id == "ref-e500v2-bare"));
    }
}
