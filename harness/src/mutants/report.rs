//! The matrix, as people and programs want to read it.

use super::matrix::{Fate, Matrix, Mutant};
use crate::report::number;
use anstyle::{AnsiColor, Style};
use sprig_refhv::hypervisor::{Description, INEXPRESSIBLE, Inexpressible};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// At most this many of the scripts that kill a mutant are named.
const NAMED: usize = 3;
/// Columns of text that is wrapped.
const WIDTH: usize = 118;
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
/// Grows when a field of the JSON changes its meaning or goes.
const FORMAT: u32 = 1;

/// For people.
///
/// # Errors
/// Those of the writer.
pub fn human(out: &mut dyn Write, matrix: &Matrix, program: &str) -> io::Result<()> {
    table(out, matrix)?;
    for mutant in matrix.of(Fate::Survived) {
        survivor(out, mutant, program)?;
    }
    for mutant in matrix.of(Fate::NotEquivalent) {
        writeln!(
            out,
            "\n{BAD}NOT EQUIVALENT{BAD:#} {}: the table says that no case can tell it, and",
            mutant.description.id
        )?;
        wrapped(out, "  ", &mutant.scripts().into_iter().collect::<Vec<_>>().join(" "))?;
    }
    for mutant in matrix.of(Fate::Equivalent) {
        writeln!(out, "\nequivalent: {}: {}", mutant.description.id, mutant.description.prose)?;
        wrapped(out, "  ", mutant.description.equivalent.unwrap_or_default())?;
    }
    summary(out, matrix)
}

/// A line for each mutant that was killed, most telling scripts first.
fn table(out: &mut dyn Write, matrix: &Matrix) -> io::Result<()> {
    let victims: BTreeMap<&str, usize> = {
        let scripts = matrix.mutants.iter().flat_map(Mutant::scripts);
        scripts.map(|script| (script, matrix.victims(script))).collect()
    };
    let name = matrix.mutants.iter().map(|mutant| mutant.description.id.len()).max().unwrap_or(0).max("mutant".len());
    let cpu = matrix.mutants.iter().map(|mutant| mutant.cpu().len()).max().unwrap_or(0);
    let mut layer = "";
    for mutant in matrix.of(Fate::Killed) {
        if layer != mutant.description.layer.name() {
            layer = mutant.description.layer.name();
            writeln!(out, "{layer}")?;
        }
        writeln!(out, "  {:name$}  {:cpu$}  {}", mutant.description.id, mutant.cpu(), killers(mutant, &victims))?;
    }
    Ok(())
}

/// Who kills a mutant: those scripts first that kill the fewest others, since they are about what it does.
fn killers(mutant: &Mutant, victims: &BTreeMap<&str, usize>) -> String {
    if let Some(how) = &mutant.dead {
        return format!("every script: no guest gets through, {how}");
    }
    let mut scripts: Vec<&str> = mutant.scripts().into_iter().collect();
    scripts.sort_by_key(|script| victims.get(script).copied().unwrap_or(0));
    match &*scripts {
        [only] => format!("only {only}"),
        named if named.len() <= NAMED => named.join(" "),
        named => format!("{} and {} more", named[..NAMED].join(" "), named.len() - NAMED),
    }
}

fn survivor(out: &mut dyn Write, mutant: &Mutant, program: &str) -> io::Result<()> {
    let description = mutant.description;
    writeln!(out, "\n{BAD}SURVIVED{BAD:#} {} on {}", description.id, mutant.tried.join(", "))?;
    wrapped(out, "  it does     ", description.prose)?;
    wrapped(out, "  stands for  ", description.stands_for)?;
    writeln!(out, "  so          a case is missing that tells it from the right one: docs/mutants.md")?;
    writeln!(
        out,
        "  try it      {program} run --target ref-{}-pr+{}",
        mutant.tried.first().unwrap_or(&"CPU"),
        description.id
    )
}

fn summary(out: &mut dyn Write, matrix: &Matrix) -> io::Result<()> {
    let count = |fate| matrix.of(fate).count();
    let cover = matrix.cover();
    if !cover.is_empty() {
        let kill = if cover.len() == 1 { "kills" } else { "kill" };
        writeln!(out, "\n{} {kill} all that are killed:", number(cover.len(), "script"))?;
        wrapped(out, "  ", &cover.join(" "))?;
    }
    let lone = matrix.of(Fate::Killed).filter(|mutant| mutant.scripts().len() == 1);
    match lone.count() {
        0 => {}
        lone => {
            writeln!(out, "{} by one script alone: `--without SCRIPT` shows that it is missed", number(lone, "mutant"))?
        }
    }
    let (killed, survived) = (count(Fate::Killed), count(Fate::Survived));
    let style = if matrix.is_complete() { GOOD } else { BAD };
    let all = number(killed + survived, "mutant");
    writeln!(
        out,
        "\n{style}{killed} of {all} killed, {survived} survived{style:#}; {} equivalent",
        count(Fate::Equivalent)
    )?;
    if count(Fate::NotTried) > 0 {
        writeln!(out, "{} not tried: none of the CPUs asked for is concerned", count(Fate::NotTried))?;
    }
    if let (Some(runs), Some(plain)) = (matrix.plain_runs(), matrix.plain) {
        let cases = number(plain.cases, "case");
        writeln!(out, "cost: {runs:.1} plain runs, each of {cases} on ref-{}-pr", plain.model)?;
    }
    Ok(())
}

/// What each mutant does and stands for, and the known bugs that none has.
///
/// # Errors
/// Those of the writer.
pub fn list(out: &mut dyn Write, mutants: &[&Description]) -> io::Result<()> {
    for Description { id, layer, applies, prose, stands_for, equivalent, .. } in mutants {
        writeln!(out, "{id} ({}, {applies})", layer.name())?;
        wrapped(out, "    does        ", prose)?;
        wrapped(out, "    stands for  ", stands_for)?;
        if let Some(argument) = equivalent {
            wrapped(out, "    equivalent  ", argument)?;
        }
    }
    writeln!(out, "\nKnown bugs that the reference cannot have:")?;
    for Inexpressible { prose, stands_for, reason } in INEXPRESSIBLE {
        wrapped(out, "- ", prose)?;
        wrapped(out, "    where  ", stands_for)?;
        wrapped(out, "    why    ", reason)?;
    }
    Ok(())
}

/// Text after a heading, the lines that follow indented as far.
fn wrapped(out: &mut dyn Write, heading: &str, text: &str) -> io::Result<()> {
    let indent = " ".repeat(heading.len());
    let options = textwrap::Options::new(WIDTH).initial_indent(heading).subsequent_indent(&indent);
    writeln!(
        out,
        "{}",
        textwrap::fill(text, options.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation))
    )
}

/// For programs.
///
/// # Errors
/// Those of the writer.
pub fn json(out: &mut dyn Write, matrix: &Matrix) -> io::Result<()> {
    let mutants: Vec<_> = matrix.mutants.iter().map(described).collect();
    let missing: Vec<_> = INEXPRESSIBLE
        .iter()
        .map(|row| serde_json::json!({"does": row.prose, "stands-for": row.stands_for, "reason": row.reason}))
        .collect();
    let report = serde_json::json!({
        "format": FORMAT,
        "mutants": mutants,
        "cover": matrix.cover(),
        "complete": matrix.is_complete(),
        "plain-runs": matrix.plain_runs(),
        "inexpressible": missing,
    });
    writeln!(out, "{}", serde_json::to_string_pretty(&report)?)
}

fn described(mutant: &Mutant) -> serde_json::Value {
    let description = mutant.description;
    let kills: Vec<_> =
        mutant.kills.iter().map(|kill| serde_json::json!({"case": kill.case, "status": kill.record.status})).collect();
    serde_json::json!({
        "name": description.id,
        "layer": description.layer.name(),
        "concerns": description.applies.to_string(),
        "does": description.prose,
        "stands-for": description.stands_for,
        "equivalent": description.equivalent,
        "fate": mutant.fate(),
        "tried": mutant.tried,
        "dead": mutant.dead,
        "killed-by": kills,
    })
}
