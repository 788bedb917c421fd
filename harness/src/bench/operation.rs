//! What an operation costs on a target: exits, and time in units of a plain instruction.
//!
//! ```text
//!   race N { run op ; op ; ... (16 times) }     minus the same with nothing in the stub
//!   ------------------------------------------------------------------------------
//!                           N x 16
//! ```

use super::{Figure, cpu_time, median};
use crate::case::{Case, SourceFile};
use crate::script;
use crate::session::{self, Unwatched};
use crate::target::{Limits, Target};
use std::path::PathBuf;
use std::sync::Arc;

/// Operations in one stub: the most `run` takes.
const IN_STUB: usize = 16;
/// Rounds of the race: enough to make start-up small.
const RACE: usize = 20_000;
/// Rounds of each measurement.
const ROUNDS: usize = 5;
/// A trap in the reference costs at most so many plain instructions.
const TRAP_LIMIT: f64 = 5.0;

/// An operation: its name and the instruction.
struct Operation {
    what: &'static str,
    instruction: &'static str,
    needs_page: bool,
}

/// The unit: an instruction that neither loads nor traps.
const PLAIN: &str = "addi r4, r4, 1";
/// Nothing that counts: one plain instruction, so that the stub is not empty.
const NOTHING: &str = "nop";

const OPERATIONS: &[Operation] = &[
    Operation { what: "mfspr SPRG0, by trap", instruction: "mfspr r3, SPRG0", needs_page: false },
    Operation { what: "mtspr SPRG0, by trap", instruction: "mtspr SPRG0, r3", needs_page: false },
    Operation { what: "mfmsr, by trap", instruction: "mfmsr r3", needs_page: false },
    Operation { what: "mfspr SPRG0, by page", instruction: "lwz r3, -4060(r0)", needs_page: true },
    Operation { what: "mtspr SPRG0, by page", instruction: "stw r3, -4060(r0)", needs_page: true },
    Operation { what: "mfmsr, by page", instruction: "lwz r3, -4004(r0)", needs_page: true },
];

/// A benchmark's script is our own, so it parses and assembles; if not, there is nothing to measure.
fn case(target: &dyn Target, instruction: &str, count: usize, needs_page: bool) -> Option<Case> {
    let stub = vec![instruction; count].join(" ; ");
    let map = if needs_page { "map-page\n" } else { "" };
    let text = format!(
        "# Measures the cost of one operation.\nrule unspecified.cost\n\n{map}race {RACE} {{\n    run {stub}\n}}\n"
    );
    let script = script::parse(Arc::new(SourceFile { path: PathBuf::from("bench.probe"), text })).ok()?;
    script.instances().first()?.assemble(&target.profile()).ok()
}

/// CPU time and exits of one run.
fn run(target: &dyn Target, case: &Case) -> nix::Result<(f64, u64)> {
    let mut times = Vec::new();
    let mut exits = 0;
    for _ in 0..ROUNDS {
        let mut results = Vec::new();
        times.push(cpu_time::of(|| {
            results = session::run_all(target, std::slice::from_ref(case), &Limits::default(), &Unwatched).0;
        })?);
        let counts = results.iter().filter_map(|result| result.exits.as_ref()).flatten();
        exits = counts.map(|count| count.count).sum();
    }
    Ok((median(times).unwrap_or_default(), exits))
}

/// Cost of each operation on this target. Of a target without the page, those by page are left out.
///
/// # Errors
/// Where CPU time cannot be read.
pub fn costs(target: &dyn Target) -> nix::Result<Vec<Figure>> {
    let operations = (RACE * IN_STUB) as f64;
    let measured = |instruction: &str, needs_page: bool| -> nix::Result<Option<(f64, f64)>> {
        let full = case(target, instruction, IN_STUB, needs_page);
        let bare = case(target, NOTHING, 1, needs_page);
        let (Some(full), Some(bare)) = (full, bare) else { return Ok(None) };
        let (with, without) = (run(target, &full)?, run(target, &bare)?);
        let exits = with.1.saturating_sub(without.1);
        Ok(Some(((with.0 - without.0) / operations, exits as f64 / operations)))
    };
    let Some((plain, _)) = measured(PLAIN, false)? else { return Ok(Vec::new()) };
    let mut figures = vec![Figure {
        what: format!("a plain instruction on {}", target.id()),
        value: plain * 1e9,
        unit: "ns of CPU time",
        limit: None,
    }];
    let has_page = target.profile().features.contains(crate::feature::Feature::MagicPage);
    for operation in OPERATIONS.iter().filter(|operation| has_page || !operation.needs_page) {
        let Some((time, exits)) = measured(operation.instruction, operation.needs_page)? else { continue };
        let is_trap_on_reference = !operation.needs_page && target.id().starts_with("ref-");
        figures.push(Figure {
            what: format!("{}: {exits:.2} exits", operation.what),
            value: time / plain,
            unit: "plain instructions",
            limit: is_trap_on_reference.then_some(TRAP_LIMIT),
        });
    }
    Ok(figures)
}
