//! The report of a campaign: for people and as JSON.

use super::campaign::{Campaign, Outcome, Times};
use super::told::Told;
use crate::judge::Exit;
use crate::report::number;
use crate::target::Target;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

/// Since 2 the script is named by a text, since it may come from a case.
const FORMAT: u32 = 2;

/// What a campaign ends with.
#[must_use]
pub fn exit(outcome: &Outcome) -> Exit {
    if !outcome.findings.is_empty() || !outcome.broken.is_empty() {
        return Exit::Failed;
    }
    let open = outcome.dead.is_some() || outcome.unjudged > 0;
    if open { Exit::NotJudged } else { Exit::AsExpected }
}

/// For people; `files` are those of the findings, if they were written.
///
/// # Errors
/// Those of the writer.
pub fn human(campaign: &Campaign<'_>, outcome: &Outcome, files: &[PathBuf], out: &mut dyn Write) -> io::Result<()> {
    for (index, told) in outcome.told(campaign).iter().enumerate() {
        writeln!(out, "FOUND {} on {}", told.rule, campaign.target.id())?;
        writeln!(out, "  expected  {}", told.expected)?;
        writeln!(out, "  seen      {}", told.actual)?;
        writeln!(out, "  script    {}, {} of {}", told.origin, number(told.steps, "step"), told.steps_before)?;
        if !told.also.is_empty() {
            let also: Vec<&str> = told.also.iter().map(String::as_str).collect();
            writeln!(out, "  also      {}", also.join(", "))?;
        }
        match files.get(index) {
            Some(file) => {
                writeln!(out, "  again     {}", campaign.again(file, &told.parameters))?;
            }
            None => {
                for line in told.probe.lines() {
                    writeln!(out, "{}", format!("    {line}").trim_end())?;
                }
            }
        }
        writeln!(out)?;
    }
    figures(campaign, outcome, out)
}

fn figures(campaign: &Campaign<'_>, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let against = campaign.reference.map_or_else(String::new, |reference| format!(" against {}", reference.id()));
    writeln!(out, "{}{against}, seed {}", campaign.target.id(), campaign.seed)?;
    let scripts = usize::try_from(outcome.scripts).unwrap_or(usize::MAX);
    let rate = outcome.scripts as f64 / outcome.cpu.max(0.001);
    writeln!(
        out,
        "  {}, {} compared, {} in all; {:.1} s of CPU time, {rate:.0} scripts a second of it",
        number(scripts, "script"),
        outcome.compared,
        number(outcome.sessions as usize, "session"),
        outcome.cpu
    )?;
    if campaign.target.cases_per_session() > 1 {
        let scripts = outcome.scripts_per_boot();
        writeln!(out, "  a boot takes {:.1} s of it: {scripts:.0} scripts in the CPU time of one", outcome.boot)?;
    }
    if outcome.unjudged > 0 {
        writeln!(out, "  {} could not be judged", outcome.unjudged)?;
    }
    for (reason, Times { count, link }) in &outcome.known {
        writeln!(out, "  known, {count} times: {reason} ({link})")?;
    }
    for line in outcome.dead.iter().flat_map(|dead| dead.lines()) {
        writeln!(out, "  {line}")?;
    }
    // What the scripts would have done says nothing of a target that ran none of them.
    if outcome.dead.is_none() {
        let (reached, all) = outcome.coverage.figures();
        writeln!(out, "  coverage: {reached} of {all} (operation, register, privilege, page state)")?;
        for (operation, (reached, all)) in outcome.coverage.by_operation() {
            writeln!(out, "    {operation:<14} {reached:>4} of {all}")?;
        }
    }
    match outcome.findings.len() + outcome.broken.len() {
        0 if outcome.dead.is_some() && outcome.compared == 0 => writeln!(out, "nothing could be judged"),
        0 if outcome.dead.is_some() => writeln!(out, "nothing found before it ended early"),
        0 => writeln!(out, "nothing found"),
        found => writeln!(out, "{found} found, and {} like them", outcome.repeated),
    }
}

/// As one JSON object.
///
/// # Errors
/// Those of the writer.
pub fn json(campaign: &Campaign<'_>, outcome: &Outcome, files: &[PathBuf], out: &mut dyn Write) -> io::Result<()> {
    let finding = |(index, told): (usize, &Told)| {
        serde_json::json!({
            "rule": told.rule,
            "witness": told.witness,
            "part": told.part,
            "expected": told.expected,
            "actual": told.actual,
            "script": told.origin,
            "steps": told.steps,
            "steps_before": told.steps_before,
            "also": told.also,
            "file": files.get(index),
            "probe": told.probe,
        })
    };
    let findings: Vec<_> = outcome.told(campaign).iter().enumerate().map(finding).collect();
    let cells =
        outcome.coverage.cells().map(|(cell, count)| serde_json::json!({"cell": cell.to_string(), "count": count}));
    let (reached, all) = outcome.coverage.figures();
    let known: BTreeMap<&str, u64> =
        outcome.known.iter().map(|(reason, times)| (reason.as_str(), times.count)).collect();
    let report = serde_json::json!({
        "format": FORMAT,
        "target": campaign.target.id(),
        "build": campaign.build,
        "against": campaign.reference.map(Target::id),
        "seed": campaign.seed,
        "scripts": outcome.scripts,
        "compared": outcome.compared,
        "unjudged": outcome.unjudged,
        "sessions": outcome.sessions,
        "cpu_seconds": outcome.cpu,
        "boot_cpu_seconds": outcome.boot,
        "findings": findings,
        "repeated": outcome.repeated,
        "known": known,
        "dead": outcome.dead,
        "coverage": {"reached": reached, "all": all, "cells": cells.collect::<Vec<_>>()},
        "exit": exit(outcome).code(),
    });
    writeln!(out, "{report}")
}
