//! `cases/uncovered.toml`: cells without a case, and why there is none.
//!
//! ```toml
//! [[uncovered]]
//! cells = ["field/scratch?/*/trap/*"]      # `*` and `?` as in file names; what it is about must be named
//! reason = "it shadows no register, so no instruction traps for it"
//! source = "include/uapi/asm/kvm_para.h, struct kvm_vcpu_arch_shared"
//! ```

use crate::pattern::Pattern;
use crate::problem::{Lines, Problem, parse_toml};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// One reason.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The cells it is about.
    pub cells: Vec<Pattern>,
    /// Why no case reaches them.
    pub reason: String,
    /// Where that stands.
    pub source: String,
    /// Line in the file, from 1.
    pub line: usize,
}

/// Every reason, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Reasons {
    pub(super) path: PathBuf,
    pub(super) entries: Vec<Reason>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    uncovered: Vec<Table>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    cells: Spanned<Vec<String>>,
    reason: String,
    source: String,
}

impl Reasons {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, an entry without cells, a reason or a source, or a pattern
    /// that does not say what it is about.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for Table { cells, reason, source } in file.uncovered {
            let line = lines.number(cells.span().start);
            let cells = cells.into_inner();
            if cells.is_empty() {
                problems.push(Problem::at(path, line, "an entry needs the cells it is about"));
            }
            for (field, content) in [("reason", &reason), ("source", &source)] {
                if content.trim().is_empty() {
                    problems.push(Problem::at(path, line, format!("an entry needs a {field}")));
                }
            }
            for cell in cells.iter().filter(|cell| !names_its_subject(cell)) {
                let message =
                    format!("`{cell}` would excuse anything: begin with the kind and a name, as `spr/TSR/...`");
                problems.push(Problem::at(path, line, message));
            }
            let cells = cells.iter().map(|cell| Pattern::new(cell)).collect();
            entries.push(Reason { cells, reason, source, line });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }
}

/// True if a pattern begins with a kind, and a name that is not any name.
fn names_its_subject(pattern: &str) -> bool {
    let mut parts = pattern.split('/');
    let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_any = |part: &str| part.chars().all(|character| matches!(character, '*' | '?'));
    !kind.contains(['*', '?']) && !is_any(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Reasons::parse(Path::new("u.toml"), text).expect_err("a mistake")[0].to_string()
    }

    #[test]
    fn an_entry_names_what_it_is_about_and_says_why_and_where() {
        let good = "[[uncovered]]\ncells = [\"spr/TSR/*\"]\nreason = \"r\"\nsource = \"s\"\n";
        assert!(Reasons::parse(Path::new("u.toml"), good).is_ok());
        assert_eq!(mistake(&good.replace("\"r\"", "\" \"")), "u.toml:2: an entry needs a reason");
        assert_eq!(mistake(&good.replace("\"s\"", "\"\"")), "u.toml:2: an entry needs a source");
        assert_eq!(mistake(&good.replace("\"spr/TSR/*\"", "")), "u.toml:2: an entry needs the cells it is about");
        for greedy in ["*", "spr/*", "spr/*/read/*", "*/TSR/read/*"] {
            let found = mistake(&good.replace("spr/TSR/*", greedy));
            assert!(found.starts_with(&format!("u.toml:2: `{greedy}` would excuse anything")), "{found}");
        }
    }
}
