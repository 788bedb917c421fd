//! The script language: text to cases.
//!
//! ```text
//!   bytes --source--> SourceFile --parse--> tree --check--> Script --instances--> Instance --assemble(profile)--> Case
//!                        lexer, parse        resolve, for every instance             resolve, assemble
//! ```
//!
//! `docs/language.md` is the reference. What can be wrong with a script whatever the target is found by [`parse()`],
//! all of it at once, also in the `on` blocks that this or that target does not take. So assembling fails for two
//! reasons only: the target lacks something the case needs, or the case is too large for the guest.

#![forbid(unsafe_code)]

mod assemble;
mod ast;
mod check;
mod diagnostic;
#[cfg(test)]
mod docs;
mod gpr;
mod guard;
mod instance;
mod lexer;
pub mod limit;
mod load;
pub mod names;
mod parse;
mod program;
mod resolve;
mod setting;
mod source;
mod span;

pub use ast::ExitKind;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use instance::{AssembleError, Assembler, Instance, Missing};
pub use load::{LoadError, Loaded, load, load_file, load_one};
pub use resolve::are_rights_known;
pub use setting::{BuiltIn, ByteOrder, GuestWord, Privilege};
pub use source::source;
pub use span::Span;

use ast::Tree;
use sprig_judge::case::SourceFile;
use sprig_judge::feature::Feature;
use std::ffi::OsStr;
use std::path::{Component, Path};
use std::sync::Arc;

/// The folder whose structure names cases.
const CASES: &str = "cases";

/// A script that has been read and checked.
#[derive(Clone, Debug)]
pub struct Script {
    text: Arc<Text>,
    instances: Vec<Instance>,
}

/// What a script's instances share.
#[derive(Debug)]
struct Text {
    source: Arc<SourceFile>,
    name: String,
    tree: Tree,
}

/// Reads and checks a script, whatever rules it cites.
///
/// # Errors
/// [`Diagnostics`] with everything that is wrong with the file.
pub fn parse(source: Arc<SourceFile>) -> Result<Script, Diagnostics> {
    read(source, None)
}

/// Reads and checks a script that may cite these rules.
///
/// # Errors
/// [`Diagnostics`] with everything that is wrong with the file.
pub fn parse_citing(source: Arc<SourceFile>, rules: &[&str]) -> Result<Script, Diagnostics> {
    read(source, Some(rules))
}

fn read(source: Arc<SourceFile>, rules: Option<&[&str]>) -> Result<Script, Diagnostics> {
    let mut errors = Vec::new();
    if source.text.len() > limit::SOURCE_BYTES {
        // A text from `source()` never gets here.
        errors.push(Diagnostic::error(format!("a script has at most {} bytes", limit::SOURCE_BYTES)));
        return Err(Diagnostics::new(source, errors));
    }
    let name = name(&source.path).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    let tree = parse::parse(&source.text, &mut errors);
    let is_of_suite = below_cases(&source.path).is_some();
    if let Some(rules) = rules {
        errors.extend(check::unknown_rules(&tree.header, rules, is_of_suite));
    }
    let checked =
        if errors.len() < limit::MISTAKES { check::check(&source.text, &tree, &mut errors) } else { Vec::new() };
    if rules.is_some() && is_of_suite && errors.is_empty() {
        errors = check::rules_without_expectation(&tree);
    }
    if !errors.is_empty() {
        return Err(Diagnostics::new(source, errors));
    }
    let text = Arc::new(Text { source, name, tree });
    let instances = checked.into_iter().map(|checked| Instance::new(Arc::clone(&text), checked)).collect();
    Ok(Script { text, instances })
}

/// The folders between `cases/` and a file; none if it is not below such a folder.
fn below_cases(path: &Path) -> Option<Vec<&OsStr>> {
    let folders: Vec<&OsStr> = path
        .parent()?
        .components()
        .filter_map(|component| if let Component::Normal(name) = component { Some(name) } else { None })
        .collect();
    let cases = folders.iter().rposition(|folder| *folder == CASES)?;
    Some(folders[cases + 1..].to_vec())
}

/// The case's name: the path below `cases/`, or the file's own name.
fn name(path: &Path) -> Result<String, Diagnostic> {
    let stem = path.file_stem().unwrap_or_default();
    let mut parts = Vec::new();
    for part in below_cases(path).unwrap_or_default().into_iter().chain([stem]) {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        match part.to_str() {
            Some(part) if !part.is_empty() && part.chars().all(allowed) => parts.push(part),
            _ => {
                let message = format!("`{}` cannot be the name of a case", part.to_string_lossy());
                return Err(
                    Diagnostic::error(message).note("names of cases are made of letters, digits, `-`, `_` and `.`")
                );
            }
        }
    }
    Ok(parts.join("/"))
}

impl Script {
    /// `area/case`, without parameters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text.name
    }

    /// The file.
    #[must_use]
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.text.source
    }

    /// The comment at the beginning: what goes wrong in a kernel if the case fails.
    #[must_use]
    pub fn prose(&self) -> &str {
        &self.text.tree.header.prose
    }

    /// The rules it tests, the default one first.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.text.tree.header.rules.iter().map(|rule| rule.text.as_str())
    }

    /// What every instance needs of a target.
    pub fn needs(&self) -> impl Iterator<Item = Feature> {
        self.text.tree.header.needs.iter().map(|(feature, _)| *feature)
    }

    /// It is known to end some target: runs alone, last.
    #[must_use]
    pub fn kills(&self) -> bool {
        self.text.tree.header.kills.is_some()
    }

    /// The case with every combination of its parameters' values, in the order of the header.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }
}
