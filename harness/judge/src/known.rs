//! What `sprig fuzz` finds, somebody has looked into, and stays: `golden/fuzz.toml`.
//!
//! ```toml
//! [[known]]
//! target = "kvm-e500v2"                 # a pattern, or a list of them, as for the other two
//! step = "mfspr r3, 259 (USPRG3)"       # the step that shows it, as transcripts have it
//! rule = "*"                            # the rule it breaks
//! seen = "0xc*"                         # optional: what was seen
//! with = "store32 0x24*"                # optional: another step of the script, without which it would be something else
//! reason = "..."
//! link = "https://..."
//! ```
//!
//! The same that golden/expectations.toml is for cases: a rule stays a rule, and here it is known to be broken. That the hypervisor gave
//! the guest up is known only where `seen` says so, and a death nowhere.

use crate::pattern::{Pattern, Patterns};
use crate::problem::{Lines, Problem, parse_toml};
use crate::rules::Rules;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// One of them.
#[derive(Clone, Debug)]
pub struct Entry {
    targets: Patterns,
    steps: Patterns,
    rules: Patterns,
    seen: Option<Patterns>,
    with: Option<Patterns>,
    line: usize,
    /// Why.
    pub reason: String,
    /// Where to read about it.
    pub link: String,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// On which target.
    pub target: &'a str,
    /// The step that shows it.
    pub step: &'a str,
    /// The rule it breaks.
    pub rule: &'a str,
    /// What was seen.
    pub seen: &'a str,
    /// Whether that is that the hypervisor gave the guest up.
    pub given_up: bool,
    /// All steps.
    pub script: &'a [&'a str],
}

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
    seen: Option<Patterns>,
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
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for Table { target, step, rule, seen, with, reason, link } in file.known {
            let line = lines.number(target.span().start);
            for (what, text) in [("reason", &reason), ("link", &link)] {
                if text.trim().is_empty() {
                    problems.push(Problem::at(path, line, format!("a known finding needs a {what}")));
                }
            }
            let targets = target.into_inner();
            entries.push(Entry { targets, steps: step, rules: rule, seen, with, line, reason, link });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }

    /// A [`Problem`] for every pattern of rules that none is meant by.
    #[must_use]
    pub fn without_rule(&self, rules: &Rules) -> Vec<Problem> {
        let ids: Vec<&str> = rules.ids().collect();
        self.without(|entry| &entry.rules, &ids, "rule")
    }

    /// A [`Problem`] for every pattern of targets that none is meant by.
    #[must_use]
    pub fn without_target(&self, targets: &[&str]) -> Vec<Problem> {
        self.without(|entry| &entry.targets, targets, "target")
    }

    fn without(&self, patterns: impl Fn(&Entry) -> &Patterns, names: &[&str], what: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for entry in &self.entries {
            for pattern in patterns(entry).iter().filter(|pattern| !names.iter().any(|name| pattern.matches(name))) {
                problems.push(Problem::at(&self.path, entry.line, format!("there is no {what} `{pattern}`")));
            }
        }
        problems
    }

    /// Those about this target.
    pub fn about(&self, target: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.targets.matches(target))
    }

    /// The entry about it.
    #[must_use]
    pub fn of(&self, found: &Found<'_>) -> Option<&Entry> {
        self.about(found.target).find(|entry| {
            entry.steps.matches(found.step)
                && entry.rules.matches(found.rule)
                && entry.seen.as_ref().map_or(!found.given_up, |seen| seen.matches(found.seen))
                && entry.is_with(found.script)
        })
    }
}

impl Entry {
    /// Its patterns of steps that are about one of the script, whatever is seen.
    pub fn about<'a>(&'a self, script: &'a [&str]) -> impl Iterator<Item = &'a Pattern> {
        let here = script.iter().filter(|_| self.is_with(script));
        here.flat_map(|step| self.steps.iter().filter(move |pattern| pattern.matches(step)))
    }

    /// Its patterns of steps.
    pub fn steps(&self) -> impl Iterator<Item = &Pattern> {
        self.steps.iter()
    }

    fn is_with(&self, script: &[&str]) -> bool {
        self.with.as_ref().is_none_or(|with| script.iter().any(|step| with.matches(step)))
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

    const ALIAS: &str = "mfspr r3, 259 (USPRG3)";
    const FOUND: Found<'_> = Found {
        target: "kvm-e500v2",
        step: ALIAS,
        rule: "alias.consistent-after-exit",
        seen: "0xc0a0b000",
        given_up: false,
        script: &[ALIAS],
    };

    fn known(text: &str) -> Known {
        Known::parse(Path::new("fuzz.toml"), text).expect("good")
    }

    #[test]
    fn an_entry_is_about_a_step_of_a_target_that_breaks_a_rule() {
        let is_known = |found: &Found<'_>| known(ENTRY).of(found).is_some();
        assert!(is_known(&FOUND));
        assert!(!is_known(&Found { target: "ref-e500v2-pr", ..FOUND }));
        assert!(!is_known(&Found { step: "mfspr r3, 260 (USPRG4)", ..FOUND }));
        assert!(!is_known(&Found { rule: "spr.mfspr-writes-target", ..FOUND }));
    }

    #[test]
    fn an_entry_may_ask_for_another_step() {
        let known = known(&format!("{ENTRY}with = \"hold*\"\n"));
        let (with, without) = (["hold", ALIAS], [ALIAS]);
        assert!(known.of(&Found { script: &with, ..FOUND }).is_some());
        assert!(known.of(&Found { script: &without, ..FOUND }).is_none());
        let entry = known.about("kvm-x").next().expect("one");
        let about = |script: &[&str]| entry.about(script).count();
        assert_eq!((about(&with), about(&without), about(&["hold"])), (1, 0, 0));
    }

    #[test]
    fn an_entry_may_say_what_is_seen_and_must_where_the_guest_was_given_up() {
        let given_up = Found { given_up: true, seen: "KVM_RUN returned: KVM_EXIT_UNKNOWN insn=+0", ..FOUND };
        assert!(known(ENTRY).of(&given_up).is_none());
        let seen = known(&format!("{ENTRY}seen = \"KVM_RUN returned: KVM_EXIT_UNKNOWN*\"\n"));
        assert!(seen.of(&given_up).is_some() && seen.of(&FOUND).is_none());
    }

    #[test]
    fn what_an_entry_is_about_has_to_be_there() {
        let rules = "[[rule]]\nid = \"alias.agrees\"\ntext = \"They agree.\"\nsource = \"kvm_para.h\"\n";
        let rules = Rules::parse(Path::new("rules.toml"), rules).expect("good");
        let shown = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown(known(ENTRY).without_rule(&rules)),
            ["fuzz.toml:3: there is no rule `spr.alias-shows-register`"]
        );
        assert_eq!(shown(known(ENTRY).without_target(&["ref-x"])), ["fuzz.toml:3: there is no target `kvm-*`"]);
        assert!(known(ENTRY).without_target(&["ref-x", "kvm-x"]).is_empty());
    }

    #[test]
    fn an_entry_needs_a_reason_and_a_link() {
        let bad = ENTRY.replace("the host's", " ").replace("https://example.org", "");
        let problems = Known::parse(Path::new("fuzz.toml"), &bad).expect_err("mistakes");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["fuzz.toml:3: a known finding needs a reason", "fuzz.toml:3: a known finding needs a link"]);
    }
}
