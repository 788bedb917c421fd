//! The suite: cases, rules, and everything people have reviewed, read once and checked against each other.

use crate::coverage::{Coverage, Reasons};
use crate::differences::Differences;
use crate::exercise::Exercise;
use crate::expectations::Expectations;
use crate::golden::{Store, Use};
use crate::known::Known;
use crate::problem::Problem;
use crate::rules::Rules;
use crate::script::{self, Instance, LoadError, Loaded, Script};
use crate::sentences::Sentences;
use crate::target::Target;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Below the root: the cases.
pub const CASES: &str = "cases";
/// Below the root: the rules.
pub const RULES: &str = "cases/rules.toml";
/// Below the root: what the documents say, and which rules hold it.
pub const SENTENCES: &str = "cases/sentences.toml";
/// Below the root: the cells without a case.
pub const UNCOVERED: &str = "cases/uncovered.toml";
/// Below the root: the goldens.
pub const GOLDEN: &str = "golden";
/// Below the root: the expectations.
pub const EXPECTATIONS: &str = "golden/expectations.toml";
/// Below the root: the differences.
pub const DIFFERENCES: &str = "golden/differences.toml";
/// Below the root: what `sprig fuzz` finds and somebody has looked into.
pub const KNOWN: &str = "golden/fuzz.toml";

/// Everything a run is judged by.
#[derive(Debug, Default)]
pub struct Suite {
    /// Every script below `cases/`, by name.
    pub scripts: Vec<Script>,
    /// What they may cite.
    pub rules: Rules,
    /// The documents the rules are from.
    pub sentences: Sentences,
    /// Why there is no case for what has none.
    pub uncovered: Reasons,
    /// Known deviations.
    pub expectations: Expectations,
    /// Where the reference and QEMU differ.
    pub differences: Differences,
    /// What random scripts find and somebody has looked into.
    pub known: Known,
    /// What every target did when last reviewed.
    pub goldens: Store,
}

/// Something that keeps the suite from being used.
#[derive(Debug)]
pub enum Mistake {
    /// In a script.
    Script(LoadError),
    /// In a file of rules, reasons, expectations or differences.
    Problem(Problem),
    /// A file could not be read.
    Unreadable(PathBuf, std::io::Error),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(error) => error.fmt(f),
            Self::Problem(problem) => writeln!(f, "error: {problem}"),
            Self::Unreadable(path, error) => writeln!(f, "error: cannot read {}: {error}", path.display()),
        }
    }
}

impl Suite {
    /// Reads the suite below a root.
    ///
    /// # Errors
    /// Every [`Mistake`] in any of its files.
    pub fn load(root: &Path) -> Result<Self, Vec<Mistake>> {
        Self::read(root, script::load)
    }

    /// The same with one script of all: enough to judge one of its cases.
    ///
    /// # Errors
    /// Every [`Mistake`] in that script and in the other files.
    pub fn load_with(root: &Path, script: &str) -> Result<Self, Vec<Mistake>> {
        Self::read(root, |cases, rules| script::load_one(cases, script, rules))
    }

    fn read(root: &Path, scripts: impl FnOnce(&Path, Option<&[&str]>) -> Loaded) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let rules = parse(&root.join(RULES), Rules::parse, &mut mistakes);
        let ids: Option<Vec<&str>> = rules.as_ref().map(|rules| rules.ids().collect());
        let loaded = scripts(&root.join(CASES), ids.as_deref());
        mistakes.extend(loaded.errors.into_iter().map(Mistake::Script));
        let sentences = parse(&root.join(SENTENCES), Sentences::parse, &mut mistakes);
        if let (Some(rules), Some(sentences)) = (&rules, &sentences) {
            mistakes.extend(sentences.unknown_rules(rules).into_iter().map(Mistake::Problem));
        }
        let uncovered = parse(&root.join(UNCOVERED), Reasons::parse, &mut mistakes);
        let expectations = parse(&root.join(EXPECTATIONS), Expectations::parse, &mut mistakes);
        let differences = parse(&root.join(DIFFERENCES), Differences::parse, &mut mistakes);
        let known = parse(&root.join(KNOWN), Known::parse, &mut mistakes);
        if let (Some(rules), Some(known)) = (&rules, &known) {
            mistakes.extend(known.without_rule(rules).into_iter().map(Mistake::Problem));
        }
        let goldens = Store::load(&root.join(GOLDEN)).unwrap_or_else(|(path, error)| {
            mistakes.push(Mistake::Unreadable(path, error));
            Store::default()
        });
        match (rules, sentences, uncovered, expectations, differences, known) {
            (Some(rules), Some(sentences), Some(uncovered), Some(expectations), Some(differences), Some(known))
                if mistakes.is_empty() =>
            {
                let scripts = loaded.scripts;
                Ok(Self { scripts, rules, sentences, uncovered, expectations, differences, known, goldens })
            }
            _ => Err(mistakes),
        }
    }

    /// Every case, in the order of its script's name.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.scripts.iter().flat_map(Script::instances)
    }

    /// The case of this name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&Instance> {
        self.instances().find(|instance| instance.name() == name)
    }

    /// Which cases reach what there is to reach, on any of the targets.
    #[must_use]
    pub fn coverage(&self, targets: &[&dyn Target]) -> Coverage {
        let profiles: Vec<_> = targets.iter().map(|target| target.profile()).collect();
        Coverage::of(self.instances(), &profiles)
    }

    /// A [`Problem`] for everything that nobody needs, and for what is missing: the seven kinds below.
    #[must_use]
    pub fn unused(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let mut problems = self.unused_rules();
        problems.extend(self.idle_rules(targets));
        problems.extend(self.uncovered(targets));
        problems.extend(self.unused_expectations(targets));
        problems.extend(self.lost_differences(targets));
        problems.extend(self.lost_known(targets));
        problems.extend(self.unused_goldens(targets));
        problems
    }

    /// A [`Problem`] for every rule that no case cites.
    #[must_use]
    pub fn unused_rules(&self) -> Vec<Problem> {
        let cited: BTreeSet<&str> = self.scripts.iter().flat_map(Script::rules).collect();
        self.rules.unused(&cited)
    }

    /// A [`Problem`] for every rule that no target exercises.
    #[must_use]
    pub fn idle_rules(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        Exercise::of(self.instances(), targets).problems(&self.rules)
    }

    /// A [`Problem`] for every cell without a case or a reason, and for every reason that holds for none.
    #[must_use]
    pub fn uncovered(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        self.coverage(targets).problems(&self.uncovered)
    }

    /// A [`Problem`] for every expectation of what cannot run on any target.
    #[must_use]
    pub fn unused_expectations(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let pairs = targets.iter().flat_map(|target| self.runnable(*target).map(|case| (target.id(), case)));
        self.expectations.unused(pairs)
    }

    /// A [`Problem`] for every difference of targets that do not exist.
    #[must_use]
    pub fn lost_differences(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        self.differences.without_target(targets.iter().map(|target| target.id()))
    }

    /// A [`Problem`] for every known finding on targets that do not exist.
    #[must_use]
    pub fn lost_known(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let ids: Vec<&str> = targets.iter().map(|target| target.id()).collect();
        self.known.without_target(&ids)
    }

    /// A [`Problem`] for every golden that no case on any target finds, and for those that repeat what they override.
    #[must_use]
    pub fn unused_goldens(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let chains: Vec<Vec<String>> = targets.iter().map(|target| target.golden_chain()).collect();
        let uses = targets
            .iter()
            .zip(&chains)
            .flat_map(|(target, chain)| self.runnable(*target).map(move |case| Use { chain: chain.as_slice(), case }));
        self.goldens.problems(uses)
    }

    /// Names of the cases that a target can run, were it here.
    fn runnable(&self, target: &dyn Target) -> impl Iterator<Item = &str> {
        let profile = target.profile();
        self.instances().filter(move |instance| instance.missing(&profile).is_none()).map(Instance::name)
    }
}

fn parse<T>(
    path: &Path,
    parse: impl Fn(&Path, &str) -> Result<T, Vec<Problem>>,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    match std::fs::read_to_string(path) {
        Ok(text) => match parse(path, &text) {
            Ok(parsed) => return Some(parsed),
            Err(problems) => mistakes.extend(problems.into_iter().map(Mistake::Problem)),
        },
        Err(error) => mistakes.push(Mistake::Unreadable(path.to_owned(), error)),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn one_script_can_be_read_without_the_others() {
        let suite = Suite::load_with(&project::root(), "spr/usprg0").expect("nothing is wrong");
        let names: Vec<&str> = suite.instances().map(Instance::name).collect();
        assert_eq!(names, ["spr/usprg0", "spr/usprg0@user"]);
        assert!(suite.goldens.of_case(names[0]).len() > 1, "the goldens are there");
    }

    #[test]
    fn a_script_that_is_not_there_is_a_mistake() {
        let mistakes = Suite::load_with(&project::root(), "spr/no-such").expect_err("there is none");
        assert!(mistakes.iter().any(|mistake| mistake.to_string().contains("spr/no-such.probe")));
    }
}
