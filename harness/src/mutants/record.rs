//! What kills each mutant, recorded and reviewed: `golden/mutants.toml`.
//!
//! A recorded script that no longer kills its mutant has become weaker, and a rule that is broken and not
//! recorded has nothing to do with what the mutant does, or has to be reviewed. One more script that kills it is
//! welcome.

use super::Mutant;
use crate::problem::Problem;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

/// Below the root: the file.
pub const MUTANTS: &str = "golden/mutants.toml";

const HEAD: &str = "\
# What kills each mutant (docs/mutants.md): the scripts that turn red, and the rules they find broken. A mutant may be killed by
# more; one of these that does not kill it any more, or another broken rule, fails the tests. Written by
#   UPDATE_GOLDENFILES=1 cargo test --test mutants
";

/// Columns of the file.
const WIDTH: usize = 118;

/// What is recorded of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The CPU it is killed on.
    pub cpu: String,
    /// The scripts that turn red; none, if not even a guest that does nothing gets through.
    pub scripts: BTreeSet<String>,
    /// The rules they find broken.
    pub rules: BTreeSet<String>,
}

/// What is recorded, by mutant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records(BTreeMap<String, Recorded>);

impl Recorded {
    /// What there is to record of a mutant.
    #[must_use]
    pub fn of(mutant: &Mutant) -> Self {
        let scripts = mutant.scripts().into_iter().map(str::to_owned).collect();
        let failures = mutant.kills.iter().flat_map(|kill| &kill.record.failures);
        Self { cpu: mutant.cpu().to_owned(), scripts, rules: failures.map(|failure| failure.rule.clone()).collect() }
    }

    /// What is not as it is recorded.
    #[must_use]
    pub fn differences(&self, seen: &Self) -> Vec<String> {
        let mut told = Vec::new();
        if self.cpu != seen.cpu {
            told.push(format!("it is killed on {}, and no longer on {}", seen.cpu, self.cpu));
        }
        let weaker = self.scripts.difference(&seen.scripts).map(|script| format!("{script} kills it no longer"));
        let others = seen.rules.difference(&self.rules);
        told.extend(weaker);
        told.extend(others.map(|rule| format!("a case finds {rule} broken, which is not recorded of it")));
        told
    }
}

impl Records {
    /// Reads the file below a root; where there is none, nothing is recorded.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(root: &Path) -> Result<Self, Problem> {
        match std::fs::read_to_string(root.join(MUTANTS)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Problem::of(Path::new(MUTANTS), error.to_string())),
        }
    }

    /// Reads its text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map(Self).map_err(|error| Problem::of(Path::new(MUTANTS), error.to_string()))
    }

    /// What is recorded of a mutant.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&Recorded> {
        self.0.get(id)
    }

    /// The mutants that break a rule.
    pub fn breaking<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(_, recorded)| recorded.rules.contains(rule)).map(|(id, _)| id.as_str())
    }

    /// The mutants that have a record.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The file that says this of these mutants.
    #[must_use]
    pub fn render<'a>(mutants: impl IntoIterator<Item = &'a Mutant>) -> String {
        let mut text = HEAD.to_owned();
        for mutant in mutants {
            let Recorded { cpu, scripts, rules } = Recorded::of(mutant);
            text += &format!(
                "\n[{}]\ncpu = {cpu:?}\n{}{}",
                mutant.description.id,
                list("scripts", &scripts),
                list("rules", &rules)
            );
        }
        text
    }
}

fn list(name: &str, values: &BTreeSet<String>) -> String {
    if values.is_empty() {
        return format!("{name} = []\n");
    }
    let values: Vec<String> = values.iter().map(|value| format!("{value:?},")).collect();
    let options = textwrap::Options::new(WIDTH).initial_indent("    ").subsequent_indent("    ").break_words(false);
    let lines = textwrap::fill(&values.join(" "), options.word_splitter(textwrap::WordSplitter::NoHyphenation));
    format!("{name} = [\n{lines}\n]\n")
}
