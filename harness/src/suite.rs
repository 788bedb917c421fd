//! The suite: cases, rules, and everything that was reviewed, read once and checked against each other.

use crate::case::script_of;
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
/// Below the root: known findings of `sprig fuzz`.
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
    /// Known findings of random scripts.
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

/// What finds everything that breaks an invariant of the suite, on all targets that there are.
pub type Find = fn(&Suite, &[&dyn Target]) -> Vec<Problem>;

/// That nothing in the suite is unused or missing, by kind.
pub const INVARIANTS: [(&str, Find); 7] = [
    ("every-rule-has-a-case", |suite, _| suite.unused_rules()),
    ("every-rule-is-exercised", Suite::unexercised_rules),
    ("every-cell-has-a-case-or-a-reason", Suite::uncovered),
    ("every-expectation-is-used", Suite::unused_expectations),
    ("every-golden-is-used", Suite::unused_goldens),
    ("every-difference-has-a-target", Suite::differences_without_target),
    ("every-known-finding-has-a-target", Suite::known_without_target),
];

impl Suite {
    /// Reads the suite below a root.
    ///
    /// # Errors
    /// Every [`Mistake`] in any of its files.
    pub fn load(root: &Path) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading { root, mistakes: Vec::new() };
        let rules = reading.file(RULES, Rules::parse);
        let scripts = reading.scripts(rules.as_ref(), script::load);
        let sentences = reading.file(SENTENCES, Sentences::parse);
        if let (Some(rules), Some(sentences)) = (&rules, &sentences) {
            reading.problems(sentences.unknown_rules(rules));
        }
        let uncovered = reading.file(UNCOVERED, Reasons::parse);
        let expectations = reading.file(EXPECTATIONS, Expectations::parse);
        let differences = reading.file(DIFFERENCES, Differences::parse);
        let known = reading.file(KNOWN, Known::parse);
        if let (Some(rules), Some(known)) = (&rules, &known) {
            reading.problems(known.without_rule(rules));
        }
        let goldens = reading.goldens(Store::load);
        reading.end(Self {
            scripts,
            rules: rules.unwrap_or_default(),
            sentences: sentences.unwrap_or_default(),
            uncovered: uncovered.unwrap_or_default(),
            expectations: expectations.unwrap_or_default(),
            differences: differences.unwrap_or_default(),
            known: known.unwrap_or_default(),
            goldens,
        })
    }

    /// Reads of it what a verdict on one case needs: its script, the rules, what is expected, and its own goldens. The
    /// rest is empty.
    ///
    /// # Errors
    /// Every [`Mistake`] in that.
    pub fn load_case(root: &Path, case: &str) -> Result<Self, Vec<Mistake>> {
        let mut reading = Reading { root, mistakes: Vec::new() };
        let rules = reading.file(RULES, Rules::parse);
        let script = |cases: &Path, rules: Option<&[&str]>| script::load_one(cases, script_of(case), rules);
        let scripts = reading.scripts(rules.as_ref(), script);
        let expectations = reading.file(EXPECTATIONS, Expectations::parse);
        let goldens = reading.goldens(|root| Store::load_case(root, case));
        let (rules, expectations) = (rules.unwrap_or_default(), expectations.unwrap_or_default());
        reading.end(Self { scripts, rules, expectations, goldens, ..Self::default() })
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

    /// A [`Problem`] for everything that is unused, and for what is missing: all [`INVARIANTS`].
    #[must_use]
    pub fn unused(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        INVARIANTS.iter().flat_map(|(_, find)| find(self, targets)).collect()
    }

    /// A [`Problem`] for every rule that no case cites.
    #[must_use]
    pub fn unused_rules(&self) -> Vec<Problem> {
        let cited: BTreeSet<&str> = self.scripts.iter().flat_map(Script::rules).collect();
        self.rules.unused(&cited)
    }

    /// A [`Problem`] for every rule that no target exercises.
    #[must_use]
    pub fn unexercised_rules(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        Exercise::of(self.instances(), targets).problems(&self.rules)
    }

    /// A [`Problem`] for every cell without a case or a reason, and for every reason that holds for none.
    #[must_use]
    pub fn uncovered(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        self.coverage(targets).problems(&self.uncovered)
    }

    /// How many of the cases that a target can run are listed as deviating on it.
    #[must_use]
    pub fn known_deviations(&self, target: &dyn Target) -> usize {
        let is_listed = |case: &&str| self.expectations.of(target.id(), case).is_some();
        self.runnable(target).filter(is_listed).count()
    }

    /// A [`Problem`] for every expectation of what cannot run on any target.
    #[must_use]
    pub fn unused_expectations(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        let pairs = targets.iter().flat_map(|target| self.runnable(*target).map(|case| (target.id(), case)));
        self.expectations.unused(pairs)
    }

    /// A [`Problem`] for every difference of targets that do not exist.
    #[must_use]
    pub fn differences_without_target(&self, targets: &[&dyn Target]) -> Vec<Problem> {
        self.differences.without_target(targets.iter().map(|target| target.id()))
    }

    /// A [`Problem`] for every known finding on targets that do not exist.
    #[must_use]
    pub fn known_without_target(&self, targets: &[&dyn Target]) -> Vec<Problem> {
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

/// A suite being read: what is wrong with one file does not keep the others from being read.
struct Reading<'a> {
    root: &'a Path,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    fn file<T>(&mut self, name: &str, parse: impl Fn(&Path, &str) -> Result<T, Vec<Problem>>) -> Option<T> {
        let path = self.root.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => parse(&path, &text).map_err(|problems| self.problems(problems)).ok(),
            Err(error) => {
                self.mistakes.push(Mistake::Unreadable(path, error));
                None
            }
        }
    }

    /// The scripts; they may cite any rule if the rules are not known.
    fn scripts(&mut self, rules: Option<&Rules>, load: impl FnOnce(&Path, Option<&[&str]>) -> Loaded) -> Vec<Script> {
        let ids: Option<Vec<&str>> = rules.map(|rules| rules.ids().collect());
        let loaded = load(&self.root.join(CASES), ids.as_deref());
        self.mistakes.extend(loaded.errors.into_iter().map(Mistake::Script));
        loaded.scripts
    }

    fn goldens(&mut self, load: impl FnOnce(&Path) -> Result<Store, (PathBuf, std::io::Error)>) -> Store {
        load(&self.root.join(GOLDEN)).unwrap_or_else(|(path, error)| {
            self.mistakes.push(Mistake::Unreadable(path, error));
            Store::default()
        })
    }

    fn problems(&mut self, problems: Vec<Problem>) {
        self.mistakes.extend(problems.into_iter().map(Mistake::Problem));
    }

    fn end(self, suite: Suite) -> Result<Suite, Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(suite) } else { Err(self.mistakes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn what_a_verdict_on_one_case_needs_can_be_read_without_the_rest() {
        let (root, case) = (project::root(), "spr/usprg0@user");
        let one = Suite::load_case(&root, case).expect("nothing is wrong");
        let names: Vec<&str> = one.instances().map(Instance::name).collect();
        assert_eq!(names, ["spr/usprg0", case]);
        let all = Suite::load(&root).expect("nothing is wrong");
        assert!(one.rules.ids().eq(all.rules.ids()));
        assert!(!one.goldens.of_case(case).is_empty());
        assert_eq!(one.goldens.of_case(case), all.goldens.of_case(case));
        for target in crate::target::all() {
            let of = |suite: &Suite| suite.expectations.of(target.id(), case).cloned();
            assert_eq!(of(&one), of(&all));
        }
    }

    #[test]
    fn a_script_that_is_not_there_is_a_mistake() {
        let mistakes = Suite::load_case(&project::root(), "spr/no-such@user").expect_err("there is none");
        assert!(mistakes.iter().any(|mistake| mistake.to_string().contains("spr/no-such.probe")));
    }
}
