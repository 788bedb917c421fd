//! `sprig repro STORY`: one case, step by step, on the targets that together tell a story.

use super::error::Error;
use super::select;
use super::steps::{boot, steps};
use crate::judge::{Exit, Failure};
use crate::run::{On, Run};
use crate::suite::Suite;
use crate::target::{self, Limits};
use std::io::Write;

/// A story.
pub(super) struct Story {
    /// Its name on the command line.
    pub(super) name: &'static str,
    title: &'static str,
    /// The case whose steps are shown; its prose opens the story.
    case: &'static str,
    /// The targets, and what each is.
    scenes: &'static [(&'static str, &'static str)],
}

/// Every story.
pub(super) static STORIES: &[Story] = &[Story {
    name: "alias-desync",
    title: "How the user-readable alias of an SPRG comes to differ from the SPRG",
    case: "alias/desync@SPRG4",
    scenes: &[
        ("ref-e500v2-pr", "each mtspr traps, and the next entry loads the alias"),
        ("ref-hv-patches", "the hypervisor replaces the mtspr by a store to the page when it first traps"),
    ],
}];

/// The story of this name.
pub(super) fn by_name(name: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.name == name)
}

/// Shows the steps on each target, and what they break there.
pub(super) fn tell(story: &Story, suite: &Suite, out: &mut dyn Write) -> Result<Exit, Error> {
    let selected = [select::one_case(suite, story.case)?];
    let [case] = &selected;
    writeln!(out, "{}\n", story.title)?;
    if let Some(script) = suite.scripts.iter().find(|script| script.instance(story.case).is_some()) {
        writeln!(out, "{}\n", script.prose().trim_end())?;
    }
    let run = Run { suite, cases: &selected, limits: &Limits::default(), again: "" };
    for (id, what) in story.scenes {
        let unknown = || Error::usage(format!("there is no target `{id}`"), "`sprig targets` shows every target");
        let target = target::by_id(id).ok_or_else(unknown)?;
        let assembled = case.instance.assemble(&target.profile()).map_err(|error| {
            Error::not_judged(
                format!("{} cannot run on {id}: {error}", story.case),
                "`sprig targets` shows every target",
            )
        })?;
        writeln!(out, "{id}: {what}")?;
        let (_, result) = boot(&*target, &assembled, false);
        steps(&assembled, &result, target.profile().cpu.family, None, out)?;
        let verdict = run.verdict(&On::new(&*target), case, &assembled, &result);
        if verdict.failures.is_empty() {
            writeln!(out, "  Every expectation holds.")?;
        }
        for Failure { line, rule, statement, .. } in &verdict.failures {
            writeln!(out, "  Broken in line {line}, {statement}: {rule}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "docs/designs.md has the other designs.")?;
    Ok(Exit::AsExpected)
}
