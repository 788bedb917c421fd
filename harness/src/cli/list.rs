//! `sprig targets` and `sprig list`: what there is.

use super::args;
use super::error::Error;
use super::run::missing;
use crate::coverage;
use crate::exercise::Exercise;
use crate::feature::FEATURES;
use crate::judge::Exit;
use crate::mutants::record::Records;
use crate::rules::Rule;
use crate::script::Script;
use crate::sentences::{Document, Fate, Sentence, Sentences};
use crate::suite::Suite;
use crate::target::{self, Target};
use std::io::Write;

pub(super) fn targets(arguments: &args::Targets, out: &mut dyn Write) -> Result<Exit, Error> {
    let all = target::all();
    if arguments.host_kernels {
        for (target, kernel) in all.iter().filter_map(|target| Some((target, target.host_kernel()?))) {
            writeln!(out, "{} {kernel}", target.id())?;
        }
        return Ok(Exit::AsExpected);
    }
    let width = all.iter().map(|target| target.id().len()).max().unwrap_or(0);
    for target in &all {
        let cpu = target.profile().cpu.name;
        match missing(&**target) {
            None => {
                let version = target.version().map(|version| format!(", {version}")).unwrap_or_default();
                writeln!(out, "{:width$}  available ({cpu}{version})", target.id())?;
            }
            Some(missing) => {
                writeln!(out, "{:width$}  not here: {}; to add it: {}", target.id(), missing.reason, missing.remedy)?;
            }
        }
    }
    Ok(Exit::AsExpected)
}

pub(super) fn list(arguments: &args::List, out: &mut dyn Write) -> Result<Exit, Error> {
    if arguments.features {
        features(out)?;
        return Ok(Exit::AsExpected);
    }
    let suite = super::suite()?;
    let all = target::all();
    let targets: Vec<_> = all.iter().map(|target| &**target).collect();
    if arguments.coverage {
        coverage::print(out, &suite.coverage(&targets), &suite.uncovered)?;
    } else if arguments.rules {
        rules(out, &suite, &targets)?;
    } else if arguments.sentences {
        sentences(out, &suite.sentences)?;
    } else {
        cases(out, &suite.scripts)?;
    }
    Ok(Exit::AsExpected)
}

/// Each script with its first sentence, and the cases it makes.
fn cases(out: &mut dyn Write, scripts: &[Script]) -> Result<(), Error> {
    for script in scripts {
        writeln!(out, "{}", script.name())?;
        writeln!(out, "    {}", first_sentence(script.prose()))?;
        let rules: Vec<&str> = script.rules().collect();
        writeln!(out, "    rules {}", rules.join(" "))?;
        let needs: Vec<&str> = script.needs().map(|feature| feature.name()).collect();
        if !needs.is_empty() {
            writeln!(out, "    needs {}", needs.join(" "))?;
        }
        let parameters = script.instances().iter().filter_map(|instance| instance.name().strip_prefix(script.name()));
        let parameters: Vec<&str> = parameters.filter(|parameters| !parameters.is_empty()).collect();
        if !parameters.is_empty() {
            writeln!(out, "    with  {}", parameters.join(" "))?;
        }
    }
    Ok(())
}

/// A script's prose up to its first full stop, in one line.
fn first_sentence(prose: &str) -> String {
    let text = prose.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => text,
    }
}

/// Each rule with its source, the scripts that cite it, the targets that exercise it, and the mutants that break it.
fn rules(out: &mut dyn Write, suite: &Suite, targets: &[&dyn Target]) -> Result<(), Error> {
    let exercise = Exercise::of(suite.instances(), targets);
    let mutants = Records::load(&super::root()).map_err(|problem| Error::Mistakes(format!("error: {problem}\n")))?;
    for rule in suite.rules.iter() {
        let Rule { id, text, source, .. } = rule;
        let origin = if rule.is_unspecified() { "searched" } else { "source" };
        writeln!(out, "{id}\n    {text}\n    {origin}: {source}")?;
        let citing = suite.scripts.iter().filter(|script| script.rules().any(|cited| cited == id)).map(Script::name);
        let citing: Vec<&str> = citing.collect();
        writeln!(out, "    cases: {}", citing.join(" "))?;
        let exercising = exercise.targets(id);
        if exercising.len() == targets.len() {
            writeln!(out, "    targets: all {}", targets.len())?;
        } else {
            writeln!(out, "    targets: {}", exercising.join(" "))?;
        }
        let broken: Vec<&str> = mutants.breaking(id).collect();
        if !broken.is_empty() {
            writeln!(out, "    mutants: {}", broken.join(" "))?;
        }
    }
    Ok(())
}

/// Each document with its sentences, and the rules that cover each.
fn sentences(out: &mut dyn Write, sentences: &Sentences) -> Result<(), Error> {
    for Document { name, edition, sentences } in sentences.iter() {
        writeln!(out, "{name} ({edition})")?;
        for Sentence { at, says, fate, .. } in sentences {
            writeln!(out, "    {at}: {says}")?;
            match fate {
                Fate::Rules(rules) => writeln!(out, "        rules: {}", rules.join(" "))?,
                Fate::Outside(reason) => writeln!(out, "        outside: {reason}")?,
            }
        }
    }
    Ok(())
}

/// The table of the language reference.
fn features(out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "| feature | a target that has it |\n|---|---|")?;
    for feature in FEATURES {
        writeln!(out, "| `{}` | {} |", feature.name, feature.meaning)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_ends_at_the_first_full_stop_before_a_space() {
        assert_eq!(first_sentence("It reads\nSPR 2.07. And more.\n"), "It reads SPR 2.07.");
        assert_eq!(first_sentence("No stop at all"), "No stop at all");
    }
}
