//! What an operation costs on a target: exits, and time in units of a plain instruction.
//!
//! ```text
//!   stub:  mtctr r5                 CTR := rounds
//!          op ; op ; ... (12 times) \  rounds times: so many that the machine's start is small beside them
//!          bdnz                     /
//!
//!   plain = time of the stub with loads, sums, rotations and stores / (rounds x 13)
//!   cost  = (time of the stub with op / rounds - plain) / 12 / plain
//! ```

use super::{Figure, cpu_time, median};
use crate::case::{Case, SourceFile};
use crate::feature::Feature;
use crate::script;
use crate::session::{self, Unwatched};
use crate::target::{Limits, Target};
use std::path::PathBuf;
use std::sync::Arc;

/// Operations in the stub's loop.
const IN_LOOP: u32 = 12;
/// Rounds of the loop that are tried first, and by how much they grow until they are enough.
const FIRST_ROUNDS: u32 = 1 << 12;
const GROWTH: u32 = 4;
/// Most rounds: with every operation an exit that is a minute on the slowest target.
const MOST_ROUNDS: u32 = 1 << 24;
/// A loop is long enough when it takes so many times what a machine takes to start, and so many seconds.
const TIMES_START: f64 = 5.0;
const LEAST_SECONDS: f64 = 0.02;
/// Measurements of each operation, each with its unit beside it.
const ROUNDS: usize = 5;
/// A trap in the reference costs at most so many plain instructions.
const TRAP_LIMIT: f64 = 5.0;

/// An operation: its name and its instructions, one after the other in the loop.
struct Operation {
    what: &'static str,
    instructions: &'static [&'static str],
    needs_page: bool,
}

/// The unit: the average instruction of code that does not trap. It loads, computes and stores.
const PLAIN: Operation = Operation {
    what: "a plain instruction",
    instructions: &["lwz r6, 0(r10)", "add r7, r7, r6", "rlwinm r8, r7, 3, 0, 31", "stw r8, 4(r10)"],
    needs_page: false,
};

const OPERATIONS: &[Operation] = &[
    Operation { what: "mfspr SPRG0, by trap", instructions: &["mfspr r3, SPRG0"], needs_page: false },
    Operation { what: "mtspr SPRG0, by trap", instructions: &["mtspr SPRG0, r3"], needs_page: false },
    Operation { what: "mfmsr, by trap", instructions: &["mfmsr r3"], needs_page: false },
    Operation { what: "mfspr SPRG0, by page", instructions: &["lwz r3, -4060(r0)"], needs_page: true },
    Operation { what: "mtspr SPRG0, by page", instructions: &["stw r3, -4060(r0)"], needs_page: true },
    Operation { what: "mfmsr, by page", instructions: &["lwz r3, -4004(r0)"], needs_page: true },
];

/// A loop of one operation, ready to run.
struct Loop {
    case: Case,
    rounds: u32,
}

/// What one run took.
struct Taken {
    seconds: f64,
    exits: u64,
}

impl Loop {
    /// A benchmark's script is our own, so it parses and assembles; if not, there is nothing to measure.
    fn new(target: &dyn Target, operation: &Operation, rounds: u32) -> Option<Self> {
        let instructions = operation.instructions.iter().copied().cycle().take(IN_LOOP as usize);
        let body = instructions.collect::<Vec<_>>().join(" ; ");
        let back = 4 * IN_LOOP;
        let map = if operation.needs_page { "map-page\n" } else { "" };
        let text = format!(
            "# Measures the cost of one operation.\nrule unspecified.cost\n\n{map}\
             run mtspr 9, r5 ; {body} ; bc 16, 0, -{back} with r5 = {rounds}, r10 = SCRATCH\n"
        );
        let script = script::parse(Arc::new(SourceFile { path: PathBuf::from("bench.probe"), text })).ok()?;
        let case = script.instances().first()?.assemble(&target.profile()).ok()?;
        Some(Self { case, rounds })
    }

    /// The loop with enough rounds on this target.
    fn calibrated(target: &dyn Target, operation: &Operation) -> nix::Result<Option<Self>> {
        let start = run(target, &session::empty_guest())?.seconds;
        let mut rounds = FIRST_ROUNDS;
        loop {
            let Some(found) = Self::new(target, operation, rounds) else { return Ok(None) };
            let seconds = run(target, &found.case)?.seconds;
            if seconds >= LEAST_SECONDS.max(TIMES_START * start) || rounds >= MOST_ROUNDS {
                return Ok(Some(found));
            }
            rounds *= GROWTH;
        }
    }

    /// Seconds and exits of one round, those of the machine's start taken off.
    fn round(&self, target: &dyn Target) -> nix::Result<(f64, f64)> {
        let (start, all) = (run(target, &session::empty_guest())?, run(target, &self.case)?);
        let rounds = f64::from(self.rounds);
        Ok(((all.seconds - start.seconds) / rounds, all.exits.saturating_sub(start.exits) as f64 / rounds))
    }
}

/// Runs a case once.
fn run(target: &dyn Target, case: &Case) -> nix::Result<Taken> {
    let mut results = Vec::new();
    let seconds = cpu_time::of(|| {
        results = session::run_all(target, std::slice::from_ref(case), &Limits::default(), &Unwatched).0;
    })?;
    let counts = results.iter().filter_map(|result| result.exits.as_ref()).flatten();
    Ok(Taken { seconds, exits: counts.map(|count| count.count).sum() })
}

/// Cost of each operation on this target, each measured when the iterator comes to it. Of a target without the page, those
/// by page are left out.
///
/// # Errors
/// Where CPU time cannot be read.
pub fn costs(target: &dyn Target) -> nix::Result<impl Iterator<Item = nix::Result<Figure>>> {
    let has_page = target.profile().features.contains(Feature::MagicPage);
    let here = OPERATIONS.iter().filter(move |operation| has_page || !operation.needs_page);
    let plain = Loop::calibrated(target, &PLAIN)?;
    Ok(plain.into_iter().flat_map(move |plain| {
        let unit = unit(target, &plain);
        std::iter::once(unit)
            .chain(here.clone().filter_map(move |operation| cost(target, &plain, operation).transpose()))
    }))
}

fn unit(target: &dyn Target, plain: &Loop) -> nix::Result<Figure> {
    let times: nix::Result<Vec<f64>> = (0..ROUNDS).map(|_| Ok(plain.round(target)?.0)).collect();
    let value = median(times?).unwrap_or_default() / f64::from(IN_LOOP + 1) * 1e9;
    Ok(Figure { what: format!("{} on {}", PLAIN.what, target.id()), value, unit: "ns of CPU time", limit: None })
}

fn cost(target: &dyn Target, plain: &Loop, operation: &Operation) -> nix::Result<Option<Figure>> {
    let Some(measured) = Loop::calibrated(target, operation)? else { return Ok(None) };
    let (mut ratios, mut exits) = (Vec::new(), 0.0);
    for _ in 0..ROUNDS {
        let plain = plain.round(target)?.0 / f64::from(IN_LOOP + 1);
        let (seconds, exits_of_round) = measured.round(target)?;
        ratios.push((seconds - plain) / f64::from(IN_LOOP) / plain);
        exits = exits_of_round / f64::from(IN_LOOP);
    }
    let counted = target.profile().features.contains(Feature::ExitCounts);
    let is_trap_on_reference = !operation.needs_page && target.id().starts_with("ref-");
    Ok(Some(Figure {
        what: if counted { format!("{}: {exits:.2} exits", operation.what) } else { operation.what.to_owned() },
        value: median(ratios).unwrap_or_default(),
        unit: "plain instructions",
        limit: is_trap_on_reference.then_some(TRAP_LIMIT),
    }))
}
