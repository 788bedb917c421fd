//! From what the user typed to cases and targets.

use super::error::{self, Error};
use crate::case::PARAMETERS;
use crate::nearest::suggestion;
use crate::pattern::{Pattern, is_glob};
use crate::report::named;
use crate::run::Selected;
use crate::script::{Instance, LoadError, Script, load_file};
use crate::suite::Suite;
use crate::target::{self, DEVIATES, Target};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Patterns of the targets of the main job.
const DEFAULT_TARGETS: [&str; 2] = ["ref-*-bare", "ref-*-pr"];
/// How script files end.
pub(super) const EXTENSION: &str = ".probe";

/// The cases that these arguments name, in the order of the suite, each once; all if there is no argument.
///
/// # Errors
/// [`Error`] where an argument names nothing, or the file it names is not a script.
pub(super) fn cases(suite: &Suite, arguments: &[String]) -> Result<Vec<Selected>, Error> {
    let own =
        |instance: &Instance| Selected { instance: instance.clone(), argument: instance.name().to_owned(), own: true };
    if arguments.is_empty() {
        return Ok(suite.instances().map(own).collect());
    }
    let mut selected: Vec<Selected> = Vec::new();
    let mut mistakes = String::new();
    for argument in arguments {
        let found = match path_and_parameters(argument) {
            Some((path, parameters)) => match from_file(suite, path, parameters) {
                Err(Error::Mistakes(text)) => {
                    mistakes += &text;
                    continue;
                }
                found => found?,
            },
            None => suite.instances().filter(|instance| names(argument, instance.name())).map(own).collect(),
        };
        if found.is_empty() {
            return Err(unknown_case(suite, argument));
        }
        for case in found {
            let of_name = |known: &&Selected| known.instance.name() == case.instance.name() && known.own == case.own;
            match selected.iter().find(of_name) {
                None => selected.push(case),
                Some(known) if is_same_file(known, &case) => {}
                Some(known) => return Err(two_of_a_name(known, &case)),
            }
        }
    }
    if mistakes.is_empty() { Ok(selected) } else { Err(Error::Mistakes(mistakes)) }
}

fn is_same_file(one: &Selected, other: &Selected) -> bool {
    let path = |case: &Selected| std::fs::canonicalize(&case.instance.source().path).ok();
    one.instance.source().path == other.instance.source().path || path(one).is_some_and(|one| path(other) == Some(one))
}

/// No report could tell them apart.
fn two_of_a_name(one: &Selected, other: &Selected) -> Error {
    let path = |case: &Selected| case.instance.source().path.display().to_string();
    let message = format!("two scripts are called `{}`: {} and {}", one.instance.name(), path(one), path(other));
    Error::usage(message, "give one of them another name, or run them one after the other")
}

/// The one case that an argument names.
///
/// # Errors
/// [`Error`] where it names none, or several.
pub(super) fn one_case(suite: &Suite, argument: &str) -> Result<Selected, Error> {
    let mut cases = cases(suite, &[argument.to_owned()])?;
    // A script's name is also that of its case without parameters, where it has such a case.
    let exact = cases.iter().position(|case| case.argument == argument);
    match (exact, cases.len()) {
        (Some(index), _) => Ok(cases.swap_remove(index)),
        (None, 1) => Ok(cases.swap_remove(0)),
        (None, count) => {
            let names: Vec<String> = cases.into_iter().map(|case| case.argument).collect();
            Err(Error::usage(format!("`{argument}` names {count} cases"), format!("choose one: {}", named(&names))))
        }
    }
}

/// True if the argument names the case: itself, its script, its area, or by a glob.
fn names(argument: &str, case: &str) -> bool {
    if is_glob(argument) {
        return Pattern::new(argument).matches(case);
    }
    let below = |rest: &str| rest.is_empty() || rest.starts_with(['/', PARAMETERS]);
    case.strip_prefix(argument.trim_end_matches('/')).is_some_and(below)
}

/// The file of an argument like `dir/mine.probe` or `dir/mine.probe@user`.
fn path_and_parameters(argument: &str) -> Option<(&Path, Option<&str>)> {
    if argument.ends_with(EXTENSION) {
        return Some((Path::new(argument), None));
    }
    let at = argument.find(&format!("{EXTENSION}{PARAMETERS}"))? + EXTENSION.len();
    let (path, parameters) = argument.split_at_checked(at)?;
    Some((Path::new(path), Some(parameters)))
}

fn from_file(suite: &Suite, path: &Path, parameters: Option<&str>) -> Result<Vec<Selected>, Error> {
    let rules: Vec<&str> = suite.rules.ids().collect();
    let script = load_file(path, Some(&rules)).map_err(|error| not_a_script(path, error))?;
    let base = script.name().len();
    let matching = |instance: &&Instance| parameters.is_none_or(|wanted| instance.name().get(base..) == Some(wanted));
    let selected = |instance: &Instance| {
        let own_parameters = instance.name().get(base..).unwrap_or_default();
        let argument = format!("{}{own_parameters}", path.display());
        Selected { instance: instance.clone(), argument, own: false }
    };
    Ok(script.instances().iter().filter(matching).map(selected).collect())
}

fn not_a_script(path: &Path, error: LoadError) -> Error {
    match &error {
        LoadError::Io { error, .. } => {
            Error::usage(format!("cannot read {}: {error}", path.display()), "CASE is a name, a glob, or a .probe file")
        }
        LoadError::Script(_) => Error::Mistakes(error::shown(&error)),
    }
}

fn unknown_case(suite: &Suite, argument: &str) -> Error {
    let scripts = suite.scripts.iter().map(Script::name);
    let names = suite.instances().map(Instance::name);
    let areas: BTreeSet<&str> = scripts.clone().filter_map(|name| name.split_once('/')).map(|(area, _)| area).collect();
    let nearest = suggestion(argument, names.chain(scripts).chain(areas));
    let advice = if Path::new(argument).exists() {
        "a script is given as the path of a file that ends in `.probe`"
    } else {
        "`sprig list` shows every case"
    };
    Error::usage(format!("there is no case `{argument}`{nearest}"), advice)
}

/// These cases without those that the arguments name.
///
/// # Errors
/// [`Error`] where an argument names nothing.
pub(super) fn without(suite: &Suite, cases: Vec<Selected>, arguments: &[String]) -> Result<Vec<Selected>, Error> {
    for argument in arguments {
        if !cases.iter().any(|case| names(argument, case.instance.name())) {
            return Err(unknown_case(suite, argument));
        }
    }
    let is_named = |case: &Selected| arguments.iter().any(|argument| names(argument, case.instance.name()));
    Ok(cases.into_iter().filter(|case| !is_named(case)).collect())
}

/// The targets that were asked for.
#[derive(Debug)]
pub(super) struct Targets {
    /// Those that can run.
    pub(super) here: Vec<Arc<dyn Target>>,
    /// Those that were named, and cannot.
    pub(super) named_but_missing: Vec<Arc<dyn Target>>,
}

/// The targets that these arguments name or match; those of the main job if there is none.
///
/// # Errors
/// [`Error`] where an argument names nothing.
pub(super) fn targets(all: &[Arc<dyn Target>], arguments: &[String]) -> Result<Targets, Error> {
    let defaults = DEFAULT_TARGETS.map(str::to_owned);
    let arguments = if arguments.is_empty() { &defaults } else { arguments };
    let all = &with_deviating(all, arguments);
    let patterns: Vec<Pattern> = arguments.iter().map(|argument| Pattern::new(argument)).collect();
    for (argument, pattern) in arguments.iter().zip(&patterns) {
        if !all.iter().any(|target| pattern.matches(target.id())) {
            return Err(unknown_target(all, argument));
        }
    }
    let asked = all.iter().filter(|target| patterns.iter().any(|pattern| pattern.matches(target.id())));
    let (here, missing): (Vec<_>, Vec<_>) = asked.cloned().partition(|target| target.availability().is_yes());
    // Where none of those that a pattern matches is here, it asked for them all the same.
    let is_named =
        |target: &Arc<dyn Target>| here.is_empty() || arguments.iter().any(|argument| argument == target.id());
    let named_but_missing = missing.into_iter().filter(is_named).collect();
    Ok(Targets { here, named_but_missing })
}

/// The target of this name.
///
/// # Errors
/// [`Error`] where there is none.
pub(super) fn target(all: &[Arc<dyn Target>], name: &str) -> Result<Arc<dyn Target>, Error> {
    let all = with_deviating(all, &[name.to_owned()]);
    all.iter().find(|target| target.id() == name).cloned().ok_or_else(|| {
        if is_glob(name) {
            let message = format!("`{name}` may name several targets: one is wanted here");
            return Error::usage(message, "`sprig targets` shows every target");
        }
        unknown_target(&all, name)
    })
}

/// The targets; with the hypervisors that are wrong on purpose if an argument speaks of these.
fn with_deviating(all: &[Arc<dyn Target>], arguments: &[String]) -> Vec<Arc<dyn Target>> {
    let mut targets = all.to_vec();
    if arguments.iter().any(|argument| argument.contains(DEVIATES)) {
        targets.extend(target::deviating());
    }
    targets
}

fn unknown_target(all: &[Arc<dyn Target>], name: &str) -> Error {
    let nearest = suggestion(name, all.iter().map(|target| target.id()));
    Error::usage(format!("there is no target `{name}`{nearest}"), "`sprig targets` shows every target")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_named_by_itself_its_script_its_area_and_by_globs() {
        let name = "alias/after-exit@user,le";
        for argument in ["alias/after-exit@user,le", "alias/after-exit", "alias", "alias/", "alias/*@user*", "*"] {
            assert!(names(argument, name), "{argument}");
        }
        for argument in ["alias/after", "after-exit", "alias/after-exit@user", "ali", "alias/*@supervisor"] {
            assert!(!names(argument, name), "{argument}");
        }
    }

    #[test]
    fn a_file_may_have_parameters_behind_it() {
        let split = |argument| path_and_parameters(argument).map(|(path, rest)| (path.to_str().unwrap_or("?"), rest));
        assert_eq!(split("a/b.probe"), Some(("a/b.probe", None)));
        assert_eq!(split("a@b/c.probe@user,le"), Some(("a@b/c.probe", Some("@user,le"))));
        assert_eq!(split("alias/after-exit@user"), None);
    }
}
