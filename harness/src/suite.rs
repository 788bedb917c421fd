//! The suite: cases, rules, and everything people have reviewed, read once and checked against each other.

use crate::differences::Differences;
use crate::expectations::Expectations;
use crate::golden::{Store, Use};
use crate::problem::Problem;
use crate::rules::Rules;
use crate::script::{self, Instance, LoadError, Script};
use crate::target::Target;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Below the root: the cases.
pub const CASES: &str = "cases";
/// Below the root: the rules.
pub const RULES: &str = "cases/rules.toml";
/// Below the root: the goldens.
pub const GOLDEN: &str = "golden";
/// Below the root: the expectations.
pub const EXPECTATIONS: &str = "golden/expectations.toml";
/// Below the root: the differences.
pub const DIFFERENCES: &str = "golden/differences.toml";

/// Everything a run is judged by.
#[derive(Debug, Default)]
pub struct Suite {
    /// Every script below `cases/`, by name.
    pub scripts: Vec<Script>,
    /// What they may cite.
    pub rules: Rules,
    /// Known deviations.
    pub expectations: Expectations,
    /// Where the reference and QEMU differ.
    pub differences: Differences,
    /// What every target did when last reviewed.
    pub goldens: Store,
}

/// Something that keeps the suite from being used.
#[derive(Debug)]
pub enum Mistake {
    /// In a script.
    Script(LoadError),
    /// In a file of rules, expectations or differences.
    Problem(Problem),
    /// A file could not be read.
    Unreadable(PathBuf, std::io::Error),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(error) => error.fmt(f),
            Self::Problem(problem) => writeln!(f, "error: {problem}"),
            Self::Unreadable(path, error) => writeln!(f, "error: {}: {error}", path.display()),
        }
    }
}

impl Suite {
    /// Reads the suite below a root.
    ///
    /// # Errors
    /// Every [`Mistake`] in any of its files.
    pub fn load(root: &Path) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let loaded = script::load(&root.join(CASES));
        mistakes.extend(loaded.errors.into_iter().map(Mistake::Script));
        let rules = parse(&root.join(RULES), Rules::parse, &mut mistakes);
        let expectations = parse(&root.join(EXPECTATIONS), Expectations::parse, &mut mistakes);
        let differences = parse(&root.join(DIFFERENCES), Differences::parse, &mut mistakes);
        let goldens = Store::load(&root.join(GOLDEN)).unwrap_or_else(|(path, error)| {
            mistakes.push(Mistake::Unreadable(path, error));
            Store::default()
        });
        if let Some(rules) = &rules {
            for script in &loaded.scripts {
                if let Err(unknown) = check_rules(script, rules) {
                    mistakes.push(Mistake::Script(unknown));
                }
            }
        }
        match (rules, expectations, differences) {
            (Some(rules), Some(expectations), Some(differences)) if mistakes.is_empty() => {
                Ok(Self { scripts: loaded.scripts, rules, expectations, differences, goldens })
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

    /// What nobody needs: rules without a case; expectations and goldens for what cannot run; goldens that repeat what
    /// they override; differences of targets that do not exist.
    #[must_use]
    pub fn unused(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let cited: BTreeSet<&str> = self.scripts.iter().flat_map(Script::rules).collect();
        let mut problems = self.rules.unused(&cited);
        let mut pairs = Vec::new();
        let chains: Vec<Vec<String>> = targets.iter().map(|target| target.golden_chain()).collect();
        for (target, chain) in targets.iter().zip(&chains) {
            let profile = target.profile();
            let runs = self.instances().filter(|instance| instance.missing(&profile).is_none());
            pairs.extend(runs.map(|instance| (target.id(), chain, instance.name())));
        }
        problems.extend(self.expectations.unused(pairs.iter().map(|(target, _, case)| (*target, *case))));
        problems.extend(self.differences.without_target(targets.iter().map(|target| target.id())));
        problems
            .extend(self.goldens.problems(pairs.iter().map(|(_, chain, case)| Use { chain: chain.as_slice(), case })));
        problems
    }
}

/// Looks a script's rules up.
///
/// # Errors
/// [`LoadError`] that points to each rule that does not exist.
pub fn check_rules(script: &Script, rules: &Rules) -> Result<(), LoadError> {
    let known: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    script.check_rules(known.iter().copied()).map_err(LoadError::Script)
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
