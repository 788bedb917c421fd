//! Findings that somebody has looked into and that stay: `golden/fuzz.toml`.
//!
//! ```toml
//! [[known]]
//! target = "kvm-e500v2"                 # a pattern, or a list of them, as for the other two
//! step = "mfspr r3, 259 (USPRG3)"       # the step that shows it, as transcripts have it
//! rule = "*"                            # the rule it breaks
//! with = "store32 0x24*"                # optional: another step of the script, without which it would be something else
//! reason = "..."
//! link = "https://..."
//! ```
//!
//! The same that golden/expectations.toml is for cases: a rule stays a rule, and here it is known to be broken.

use crate::pattern::Patterns;
use crate::problem::{Problem, line_of, parse_toml};
use std::path::Path;
use toml::Spanned;

/// Below the root.
pub const KNOWN: &str = "golden/fuzz.toml";

/// One of them.
#[derive(Clone, Debug)]
pub struct Entry {
    targets: Patterns,
    steps: Patterns,
    rules: Patterns,
    with: Option<Patterns>,
    /// Why.
    pub reason: String,
    /// Where to read about it.
    pub link: String,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<Entry>);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Table>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Spanned<Patterns>,
    step: Patterns,
    rule: Patterns,
    with: Option<Patterns>,
    reason: String,
    link: String,
}

impl Known {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`]: what the TOML parser says, or an entry without a reason or a link.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for Table { target, step, rule, with, reason, link } in file.known {
            let line = line_of(text, target.span().start);
            for (what, text) in [("reason", &reason), ("link", &link)] {
                if text.trim().is_empty() {
                    problems.push(Problem::at(path, line, format!("a known finding needs a {what}")));
                }
            }
            entries.push(Entry { targets: target.into_inner(), steps: step, rules: rule, with, reason, link });
        }
        if problems.is_empty() { Ok(Self(entries)) } else { Err(problems) }
    }

    /// The entry about this step of a script with these steps.
    #[must_use]
    pub fn of(&self, target: &str, step: &str, rule: &str, script: &[&str]) -> Option<&Entry> {
        self.0.iter().find(|entry| {
            let with = |patterns: &Patterns| script.iter().any(|other| patterns.matches(other));
            entry.targets.matches(target)
                && entry.steps.matches(step)
                && entry.rules.matches(rule)
                && entry.with.as_ref().is_none_or(with)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"
[[known]]
target = "kvm-*"
step = "mfspr r*, 259 (USPRG3)"
rule = ["alias.*", "spr.alias-shows-register"]
reason = "the host's"
link = "https://example.org"
"#;

    #[test]
    fn an_entry_is_about_a_step_of_a_target_that_breaks_a_rule() {
        let known = Known::parse(Path::new("fuzz.toml"), ENTRY).expect("good");
        let of = |target, step, rule| known.of(target, step, rule, &[step]).is_some();
        assert!(of("kvm-e500v2", "mfspr r3, 259 (USPRG3)", "alias.consistent-after-exit"));
        assert!(!of("ref-e500v2-pr", "mfspr r3, 259 (USPRG3)", "alias.consistent-after-exit"));
        assert!(!of("kvm-e500v2", "mfspr r3, 260 (USPRG4)", "alias.consistent-after-exit"));
        assert!(!of("kvm-e500v2", "mfspr r3, 259 (USPRG3)", "spr.mfspr-writes-target"));
    }

    #[test]
    fn an_entry_may_ask_for_another_step() {
        let with = format!("{ENTRY}with = \"hold*\"\n");
        let known = Known::parse(Path::new("fuzz.toml"), &with).expect("good");
        let of = |script: &[&str]| known.of("kvm-x", "mfspr r3, 259 (USPRG3)", "alias.x", script).is_some();
        assert!(of(&["hold", "mfspr r3, 259 (USPRG3)"]) && !of(&["mfspr r3, 259 (USPRG3)"]));
    }

    #[test]
    fn an_entry_needs_a_reason_and_a_link() {
        let bad = ENTRY.replace("the host's", " ").replace("https://example.org", "");
        let problems = Known::parse(Path::new("fuzz.toml"), &bad).expect_err("mistakes");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["fuzz.toml:3: a known finding needs a reason", "fuzz.toml:3: a known finding needs a link"]);
    }
}
