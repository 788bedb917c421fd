//! Goldens: what each implementation did when last reviewed, exactly.
//!
//! ```text
//!   golden/bare/alias/trapping-write.snap              every bare target, unless
//!   golden/e500v2-bare/alias/trapping-write.snap       its CPU behaves in its own way, or
//!   golden/qemu-ppce500-e500v2/alias/...               one implementation does
//! ```
//!
//! A target declares its chain of folders, most specific first, and the first file found is its golden. So each
//! behaviour is kept once, and an override says that an implementation differs. Files are insta's; `docs/goldens.md`
//! says how to review them.

pub mod place;
pub mod render;

use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// The ending of a golden's file name.
const SUFFIX: &str = ".snap";
/// What separates a folder's name from the version it holds from.
const SINCE: &str = ">=";

/// Every golden there is.
#[derive(Clone, Debug, Default)]
pub struct Store {
    root: PathBuf,
    /// By folder and case.
    texts: BTreeMap<(String, String), String>,
}

/// A target's claim to a golden: its chain and the case.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Folders, most specific first.
    pub chain: &'a [String],
    /// The case.
    pub case: &'a str,
}

/// A golden that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The folder it is in.
    pub element: &'a str,
    /// What it says.
    pub text: &'a str,
}

impl Store {
    /// Reads every golden below a folder.
    ///
    /// # Errors
    /// The file or folder that could not be read.
    pub fn load(root: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let mut store = Self { root: root.to_owned(), texts: BTreeMap::new() };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let failed = |error| (folder.clone(), error);
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = entry.path();
                if entry.file_type().map_err(failed)?.is_dir() {
                    folders.push(path);
                } else if let Some(key) = key(root, &path) {
                    let text = std::fs::read_to_string(&path).map_err(|error| (path.clone(), error))?;
                    store.texts.insert(key, contents(&text).to_owned());
                }
            }
        }
        Ok(store)
    }

    /// Reads the goldens of one case, as [`Store::load`] reads all: a look into each folder, and not at each of some
    /// thousand files.
    ///
    /// # Errors
    /// The file or folder that could not be read.
    pub fn load_case(root: &Path, case: &str) -> Result<Self, (PathBuf, io::Error)> {
        let mut store = Self { root: root.to_owned(), texts: BTreeMap::new() };
        let failed = |error| (root.to_owned(), error);
        for entry in std::fs::read_dir(root).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some(element) = name.to_str() else { continue };
            let path = store.path(element, case);
            match std::fs::read_to_string(&path) {
                Ok(text) => drop(store.texts.insert((element.to_owned(), case.to_owned()), contents(&text).to_owned())),
                // The folder has none, or what lies there is no folder.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
                Err(error) => return Err((path, error)),
            }
        }
        Ok(store)
    }

    /// The file of a golden.
    #[must_use]
    pub fn path(&self, element: &str, case: &str) -> PathBuf {
        self.root.join(element).join(format!("{case}{SUFFIX}"))
    }

    /// What a folder says of a case.
    #[must_use]
    pub fn text(&self, element: &str, case: &str) -> Option<&str> {
        // The map's key is owned, and a lookup is too rare to be clever about it.
        self.texts.get(&(element.to_owned(), case.to_owned())).map(String::as_str)
    }

    /// Every golden of a case, by folder.
    #[must_use]
    pub fn of_case(&self, case: &str) -> BTreeMap<String, String> {
        let own = self.texts.iter().filter(|((_, of), _)| of == case);
        own.map(|((element, _), text)| (element.clone(), text.clone())).collect()
    }

    /// The golden of a case for a chain.
    #[must_use]
    pub fn find<'a>(&'a self, chain: &'a [String], case: &str) -> Option<Found<'a>> {
        chain.iter().find_map(|element| self.text(element, case).map(|text| Found { element, text }))
    }

    /// A [`Problem`] for each golden that none of these finds, and for each that says what it overrides says already.
    #[must_use]
    pub fn problems<'a>(&self, uses: impl IntoIterator<Item = Use<'a>>) -> Vec<Problem> {
        let mut used = BTreeSet::new();
        let mut repeated = BTreeSet::new();
        // By case, since there are many uses and many texts.
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (element, case) in self.texts.keys().filter(|(element, _)| element.contains(SINCE)) {
            versions.entry(case).or_default().push(element);
        }
        for Use { chain, case } in uses {
            let mut holders = chain.iter().filter_map(|element| Some((element, self.text(element, case)?)));
            if let Some((element, text)) = holders.next() {
                used.insert((element.clone(), case.to_owned()));
                if let Some((general, overridden)) = holders.next()
                    && same(text, overridden)
                {
                    repeated.insert((element.clone(), case.to_owned(), general.clone()));
                }
            }
            // Another version than the one installed here may need these, and the one they all started from.
            let versions = versions.get(case).into_iter().flatten();
            let of_chain = versions.filter(|element| {
                element.split_once(SINCE).is_some_and(|(name, _)| chain.iter().any(|link| link == name))
            });
            used.extend(of_chain.map(|element| ((*element).to_owned(), case.to_owned())));
            let mut plain = chain.iter().filter(|element| !element.contains(SINCE));
            let oldest = plain.find(|element| self.text(element, case).is_some());
            used.extend(oldest.map(|element| (element.clone(), case.to_owned())));
        }
        let unused = self.texts.keys().filter(|key| !used.contains(*key)).map(|(element, case)| {
            Problem::of(&self.path(element, case), "no target's case has this golden: remove it")
        });
        let repeated = repeated.iter().map(|(element, case, general)| {
            let message = format!("says what {} says already: remove it", self.path(general, case).display());
            Problem::of(&self.path(element, case), message)
        });
        unused.chain(repeated).collect()
    }
}

/// True if two goldens say the same.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

/// The command that records the goldens of a case.
#[must_use]
pub fn record_command(case: &str) -> String {
    format!("INSTA_UPDATE=always cargo test --test conformance -- {}", trial_name(case))
}

/// A case as the test harness names it.
#[must_use]
pub fn trial_name(case: &str) -> String {
    case.replace('/', "::")
}

/// The case of what [`trial_name`] gives.
#[must_use]
pub fn case_name(trial: &str) -> String {
    trial.replace("::", "/")
}

/// Folder and case of a golden's path.
fn key(root: &Path, path: &Path) -> Option<(String, String)> {
    let relative = path.strip_prefix(root).ok()?.to_str()?.strip_suffix(SUFFIX)?;
    let (element, case) = relative.split_once('/')?;
    Some((element.to_owned(), case.to_owned()))
}

/// What is after insta's header.
fn contents(text: &str) -> &str {
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(text, |(_, body)| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(files: &[(&str, &str)]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, format!("---\nsource: x\n---\n{text}\n")).expect("a file");
        }
        let store = Store::load(folder.path()).expect("readable");
        (folder, store)
    }

    fn chain(elements: &[&str]) -> Vec<String> {
        elements.iter().map(|element| (*element).to_owned()).collect()
    }

    fn messages(store: &Store, uses: &[Use<'_>]) -> Vec<String> {
        let relative = |problem: Problem| {
            let path = problem.path.strip_prefix(&store.root).expect("below").display().to_string();
            format!("{path}: {}", problem.message.replace(&format!("{}/", store.root.display()), ""))
        };
        store.problems(uses.iter().copied()).into_iter().map(relative).collect()
    }

    #[test]
    fn the_first_file_in_the_chain_is_the_golden() {
        let (_folder, store) = store(&[("bare/spr/a.snap", "general"), ("e500v2-bare/spr/a.snap", "own")]);
        let element = |links: &[&str]| store.find(&chain(links), "spr/a").map(|found| found.text.trim().to_owned());
        assert_eq!(element(&["ref", "e500v2-bare", "bare"]).as_deref(), Some("own"));
        assert_eq!(element(&["ref", "440-bare", "bare"]).as_deref(), Some("general"));
        assert_eq!(element(&["ref", "440-pr"]), None);
    }

    #[test]
    fn every_golden_of_a_case_is_found_by_its_folder() {
        let (_folder, store) = store(&[("bare/spr/a.snap", "x"), ("own/spr/a.snap", "y"), ("own/spr/b.snap", "z")]);
        let of_case = store.of_case("spr/a").into_iter().map(|(folder, text)| (folder, text.trim_end().to_owned()));
        assert!(of_case.eq([("bare".to_owned(), "x".to_owned()), ("own".to_owned(), "y".to_owned())]));
    }

    #[test]
    fn the_goldens_of_one_case_are_read_without_the_others() {
        let all =
            [("bare/spr/a.snap", "x"), ("own/spr/a.snap", "y"), ("own/spr/b.snap", "z"), ("pr/spr/a@user.snap", "z")];
        let (folder, store) = store(&all);
        // There are other files next to the folders.
        std::fs::write(folder.path().join("expectations.toml"), "").expect("a file");
        let one = Store::load_case(folder.path(), "spr/a").expect("readable");
        assert_eq!(one.texts.len(), 2);
        assert_eq!(one.of_case("spr/a"), store.of_case("spr/a"));
    }

    #[test]
    fn a_golden_that_cannot_be_read_is_not_one_that_is_missing() {
        let (folder, store) = store(&[]);
        let path = store.path("bare", "a/b");
        std::fs::create_dir_all(&path).expect("a folder in the golden's place");
        let (found, error) = Store::load_case(folder.path(), "a/b").expect_err("it is no file");
        assert_eq!((found, error.kind()), (path, io::ErrorKind::IsADirectory));
    }

    #[test]
    fn a_trial_s_name_leads_back_to_the_case() {
        let case = "alias/after-exit@SPRG4,user";
        assert_eq!(case_name(&trial_name(case)), case);
    }

    #[test]
    fn the_command_that_records_names_the_case_as_the_tests_do() {
        let command = "INSTA_UPDATE=always cargo test --test conformance -- alias::after-exit@SPRG4";
        assert_eq!(record_command("alias/after-exit@SPRG4"), command);
    }

    #[test]
    fn a_golden_that_no_case_finds_is_a_problem() {
        let (_folder, store) = store(&[("bare/spr/a.snap", "x"), ("bare/spr/b.snap", "x"), ("own/spr/a.snap", "y")]);
        let own = chain(&["own", "bare"]);
        let a = Use { chain: &own, case: "spr/a" };
        assert_eq!(
            messages(&store, &[a]),
            [
                "bare/spr/a.snap: no target's case has this golden: remove it",
                "bare/spr/b.snap: no target's case has this golden: remove it",
            ]
        );
        let other = chain(&["other", "bare"]);
        assert_eq!(
            messages(&store, &[a, Use { chain: &other, case: "spr/a" }, Use { chain: &own, case: "spr/b" }]),
            [""; 0]
        );
    }

    #[test]
    fn an_override_that_repeats_what_it_overrides_is_a_problem() {
        let (_folder, store) = store(&[("bare/spr/a.snap", "x"), ("own/spr/a.snap", "x")]);
        let (own, other) = (chain(&["own", "bare"]), chain(&["other", "bare"]));
        let uses = [Use { chain: &own, case: "spr/a" }, Use { chain: &other, case: "spr/a" }];
        assert_eq!(messages(&store, &uses), ["own/spr/a.snap: says what bare/spr/a.snap says already: remove it"]);
    }

    #[test]
    fn a_version_that_is_not_here_keeps_its_golden_and_leaves_the_older_one_alone() {
        let (_folder, store) = store(&[("q>=11.0/spr/a.snap", "new"), ("q/spr/a.snap", "old")]);
        let (old, new) = (chain(&["q"]), chain(&["q>=11.0", "q"]));
        assert_eq!(messages(&store, &[Use { chain: &old, case: "spr/a" }]), [""; 0]);
        assert_eq!(messages(&store, &[Use { chain: &new, case: "spr/a" }]), [""; 0]);
        assert_eq!(store.find(&new, "spr/a").map(|found| found.element), Some("q>=11.0"));
        assert_eq!(messages(&store, &[Use { chain: &old, case: "spr/b" }]).len(), 2);
    }
}
