//! The reference in bare mode against QEMU of the same CPU: every observation equal, except those in
//! golden/differences.toml.

use crate::Context;
use crate::plan::{Plan, Standing, ignored};
use libtest_mimic::{Failed, Trial};
use sprig::case::Profile;
use sprig::differences::{Disagreement, Met};
use sprig::feature::Feature;
use sprig::script::Instance;
use sprig::target::Target;
use sprig::transcript::{Fate, RunResult, Transcript};
use sprig_wire::log::State;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// In front of the QEMU target's name.
const PREFIX: &str = "agreement::";
/// Which targets are compared.
const QEMU: &str = "qemu-";
/// With which.
const REFERENCE: &str = "ref-";
const BARE: &str = "-bare";
/// Places shown of one disagreement.
const SHOWN: usize = 5;

/// The reference that a QEMU target has to agree with: of the same CPU, with a guest kernel of the same kind.
fn reference(context: &Context, qemu: usize) -> Option<usize> {
    let kind = |target: &dyn Target| {
        let Profile { cpu, features, .. } = target.profile();
        (cpu.name, [Feature::Wide, Feature::LittleEndian].map(|feature| features.contains(feature)))
    };
    let target = context.targets[qemu].as_ref();
    let is_bare = |id: &str| id.starts_with(REFERENCE) && id.ends_with(BARE);
    let reference =
        context.targets.iter().position(|other| is_bare(other.id()) && kind(other.as_ref()) == kind(target));
    reference.filter(|_| target.id().starts_with(QEMU))
}

/// A trial for each QEMU target whose CPU the reference knows.
pub(crate) fn trials(context: &Arc<Context>, plan: &Plan) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (qemu, target) in context.targets.iter().enumerate() {
        let Some(reference) = reference(context, qemu) else { continue };
        let name = format!("{PREFIX}{}", target.id());
        let trial = match (&plan.standing[reference], &plan.standing[qemu]) {
            (Standing::Here, Standing::Here) => {
                let on_reference: BTreeSet<&str> = plan.runnable(reference).map(Instance::name).collect();
                let on_both = plan.runnable(qemu).filter(|instance| on_reference.contains(instance.name()));
                let (context, cases) = (Arc::clone(context), on_both.cloned().collect::<Vec<_>>());
                Trial::test(name, move || compare(&context, reference, qemu, &cases))
            }
            (Standing::RequiredButMissing(reason), _) | (_, Standing::RequiredButMissing(reason)) => {
                let reason = reason.clone();
                Trial::test(name, move || Err(Failed::from(format!("required, and not here: {reason}"))))
            }
            (Standing::Missing(reason), _) | (_, Standing::Missing(reason)) => ignored(&name, reason),
        };
        trials.push(trial);
    }
    trials
}

/// The targets that a trial compares, if it is one of these.
pub(crate) fn targets(context: &Context, trial: &str) -> Vec<usize> {
    let compared = trial.strip_prefix(PREFIX).and_then(|id| {
        let qemu = context.targets.iter().position(|target| target.id() == id)?;
        Some(vec![reference(context, qemu)?, qemu])
    });
    compared.unwrap_or_default()
}

fn compare(context: &Context, reference: usize, qemu: usize, cases: &[Instance]) -> Result<(), Failed> {
    let (ours, theirs) = (context.on(reference), context.on(qemu));
    let (mut found, mut met, mut unread, mut compared) = (Vec::new(), Met::new(), false, 0);
    for instance in cases {
        let (Ok(our_case), Ok(their_case)) = (instance.assemble(&ours.profile), instance.assemble(&theirs.profile))
        else {
            continue;
        };
        let our_result = context.result(reference, instance.name());
        let their_result = context.result(qemu, instance.name());
        let transcripts = (read(&our_case, &our_result), read(&their_case, &their_result));
        // A case that did not end fails in its own trial; there is nothing to compare.
        let (Some(our), Some(their)) = transcripts else {
            unread = true;
            continue;
        };
        compared += 1;
        let differences = &context.suite.differences;
        let cpu = theirs.profile.cpu;
        found.extend(differences.compare(&theirs.target, cpu, (&our_case, &our), (&their_case, &their), &mut met));
    }
    let mut text = String::new();
    for ((reference, qemu), places) in grouped(&found) {
        let _ = writeln!(text, "\n    reference  {reference}\n    QEMU       {qemu}");
        let (shown, more) = (places.iter().take(SHOWN), places.len().saturating_sub(SHOWN));
        let shown: Vec<&str> = shown.map(String::as_str).collect();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let _ = writeln!(text, "      in {}{more}", shown.join(", "));
    }
    if !unread {
        for problem in context.suite.differences.unused(&theirs.target, &met) {
            let _ = writeln!(text, "{problem}");
        }
    }
    let (ours, theirs) = (&ours.target, &theirs.target);
    if compared == 0 {
        return Err(Failed::from(format!("there is no case that both {ours} and {theirs} have ended")));
    }
    if text.is_empty() {
        return Ok(());
    }
    Err(Failed::from(format!(
        "{ours} and {theirs} disagree: find out who is right, correct the reference or list the difference in \
         golden/differences.toml\n{text}"
    )))
}

/// Disagreements by what the two sides show, each with its places.
fn grouped(found: &[Disagreement]) -> BTreeMap<(String, String), Vec<String>> {
    let mut groups: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for disagreement in found {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(not observed)".to_owned());
        let Disagreement { case, observation, reference, qemu } = disagreement;
        groups.entry((side(reference), side(qemu))).or_default().push(format!("{case}: {observation}"));
    }
    groups
}

fn read(case: &sprig::case::Case, result: &RunResult) -> Option<Transcript> {
    let ended = result.fate == Fate::Ended && result.state() == Some(State::Ended);
    ended.then(|| Transcript::decode(case, result).ok()).flatten()
}
