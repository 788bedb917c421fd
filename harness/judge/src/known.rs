//! Findings of `sprig fuzz` that were looked into and stay: `golden/fuzz.toml`.
//!
//! ```toml
//! [[known]]
//! target = "kvm-e500v2"                 # a pattern, or a list of them, as for the other two
//! step = "mfspr r3, 259 (USPRG3)"       # the step that shows it, as transcripts have it
//! rule = "*"                            # the rule it breaks
//! seen = "0xc*"                         # optional: what was seen
//! with = "store32 0x24*"                # optional: another step of the script, without which it would be something else
//! bits = 0x1000                         # optional: what is expected and what is seen differ in these bits alone
//! then = "mfspr r*, 62 (ESR)*"          # optional: after it in the script these steps may show its consequence
//! reason = "..."
//! link = "https://..."
//! ```
//!
//! It is to scripts what golden/expectations.toml is to cases: the rule holds, and is known to be broken here. That the
//! hypervisor gave up the guest is known only if `seen` says so, and the death of a target never. If several causes
//! change bits of one register, each has an entry with its own, and what is seen is known if they explain all of it.
//!
//! ```toml
//! [[deadly]]
//! target = "qemu-bamboo-*"              # a pattern, or a list of them
//! register = "DVC1"
//! bits = 0x20000                        # written to the register, sooner or later these end the target
//! step = "run mtmsr r4; isync; *"       # or, in their place: a step that does, as scripts have it
//! reason = "..."
//! link = "https://..."
//! ```
//!
//! What ends a target is a case's to show. A campaign leaves it out, for it would hide the rest.

use crate::pattern::{Pattern, Patterns};
use crate::problem::{Lines, Problem, parse_toml};
use crate::rules::Rules;
use sprig_isa::spr::Spr;
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
    bits: Option<u64>,
    then: Option<Patterns>,
    line: usize,
    /// Why.
    pub reason: String,
    /// Where to read about it.
    pub link: String,
}

/// What scripts are not to write.
#[derive(Clone, Debug)]
struct Deadly {
    targets: Patterns,
    what: Cause,
    line: usize,
}

/// What ends a target.
#[derive(Clone, Debug)]
pub enum Cause {
    /// These bits, written to the register of this name.
    Bits(String, u64),
    /// These steps.
    Steps(Patterns),
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    path: PathBuf,
    entries: Vec<Entry>,
    deadly: Vec<Deadly>,
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
    /// The bits in which it is not what was expected, where both are numbers.
    pub bits: Option<u64>,
    /// All steps.
    pub script: &'a [&'a str],
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Table>,
    #[serde(default)]
    deadly: Vec<DeadlyTable>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlyTable {
    target: Spanned<Patterns>,
    register: Option<String>,
    bits: Option<u64>,
    step: Option<Patterns>,
    reason: String,
    link: String,
}

impl DeadlyTable {
    /// What ends the target, or what is wrong with what it says about that.
    fn cause(register: Option<String>, bits: Option<u64>, step: Option<Patterns>) -> Result<Cause, String> {
        match (register, bits, step) {
            (Some(register), ..) if Spr::by_name(&register).next().is_none() => {
                Err(format!("there is no register `{register}`"))
            }
            (Some(register), Some(bits), None) => Ok(Cause::Bits(register, bits)),
            (None, None, Some(steps)) => Ok(Cause::Steps(steps)),
            _ => Err("what is deadly is bits of a register, or a step".to_owned()),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Spanned<Patterns>,
    step: Patterns,
    rule: Patterns,
    seen: Option<Patterns>,
    with: Option<Patterns>,
    bits: Option<u64>,
    then: Option<Patterns>,
    reason: String,
    link: String,
}

/// What an entry lacks that somebody could follow.
fn unfounded(path: &Path, line: usize, reason: &str, link: &str) -> Vec<Problem> {
    let empty = [("reason", reason), ("link", link)].into_iter().filter(|(_, text)| text.trim().is_empty());
    empty.map(|(what, _)| Problem::at(path, line, format!("a known finding needs a {what}"))).collect()
}

impl Known {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`]: what the TOML parser says, an entry without a reason or a link, or a register that there is
    /// not.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for Table { target, step, rule, seen, with, bits, then, reason, link } in file.known {
            let line = lines.number(target.span().start);
            problems.extend(unfounded(path, line, &reason, &link));
            let targets = target.into_inner();
            entries.push(Entry { targets, steps: step, rules: rule, seen, with, bits, then, line, reason, link });
        }
        let mut deadly = Vec::new();
        for DeadlyTable { target, register, bits, step, reason, link } in file.deadly {
            let line = lines.number(target.span().start);
            problems.extend(unfounded(path, line, &reason, &link));
            match DeadlyTable::cause(register, bits, step) {
                Ok(what) => deadly.push(Deadly { targets: target.into_inner(), what, line }),
                Err(wrong) => problems.push(Problem::at(path, line, wrong)),
            }
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries, deadly }) } else { Err(problems) }
    }

    /// A [`Problem`] for every pattern of rules that none is meant by.
    #[must_use]
    pub fn without_rule(&self, rules: &Rules) -> Vec<Problem> {
        let ids: Vec<&str> = rules.ids().collect();
        let rules = self.entries.iter().map(|entry| (entry.line, &entry.rules));
        self.without(rules, &ids, "rule")
    }

    /// A [`Problem`] for every pattern of targets that none is meant by.
    #[must_use]
    pub fn without_target(&self, targets: &[&str]) -> Vec<Problem> {
        let known = self.entries.iter().map(|entry| (entry.line, &entry.targets));
        let deadly = self.deadly.iter().map(|deadly| (deadly.line, &deadly.targets));
        self.without(known.chain(deadly), targets, "target")
    }

    fn without<'a>(
        &self,
        all: impl Iterator<Item = (usize, &'a Patterns)>,
        names: &[&str],
        what: &str,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (line, patterns) in all {
            for pattern in patterns.iter().filter(|pattern| !names.iter().any(|name| pattern.matches(name))) {
                problems.push(Problem::at(&self.path, line, format!("there is no {what} `{pattern}`")));
            }
        }
        problems
    }

    /// What ends this target.
    pub fn deadly(&self, target: &str) -> impl Iterator<Item = &Cause> {
        self.deadly.iter().filter(move |deadly| deadly.targets.matches(target)).map(|deadly| &deadly.what)
    }

    /// Those about this target.
    pub fn about(&self, target: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.targets.matches(target))
    }

    /// The entry about it.
    #[must_use]
    pub fn of(&self, found: &Found<'_>) -> Option<&Entry> {
        let of_some_bits = || {
            let differing = found.bits?;
            let entries = || self.matching(found).filter_map(|entry| Some((entry, entry.bits?)));
            let explained = entries().fold(0, |all, (_, bits)| all | bits);
            let (entry, _) = entries().find(|(_, bits)| differing & bits != 0)?;
            (differing & !explained == 0).then_some(entry)
        };
        self.matching(found).find(|entry| entry.bits.is_none()).or_else(of_some_bits)
    }

    /// The entries about it, whichever bits they are about.
    fn matching(&self, found: &Found<'_>) -> impl Iterator<Item = &Entry> {
        self.about(found.target).filter(|entry| {
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
        let first = script.iter().position(|step| self.is_with(script) && self.steps.matches(step));
        let here = script.iter().filter(move |_| first.is_some());
        let behind = script.iter().skip(first.map_or(script.len(), |first| first + 1));
        let matching =
            |patterns: &'a Patterns, step: &'a str| patterns.iter().filter(move |pattern| pattern.matches(step));
        let consequences =
            self.then.iter().flat_map(move |then| behind.clone().flat_map(move |step| matching(then, step)));
        here.flat_map(move |step| matching(&self.steps, step)).chain(consequences)
    }

    /// Its patterns of steps, those of its consequences included.
    pub fn steps(&self) -> impl Iterator<Item = &Pattern> {
        self.steps.iter().chain(self.then.iter().flat_map(Patterns::iter))
    }

    /// Whether what this step shows after it may be its consequence. That the guest is given up never is.
    #[must_use]
    pub fn explains(&self, found: &Found<'_>) -> bool {
        !found.given_up && self.then.as_ref().is_some_and(|then| then.matches(found.step))
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
        bits: None,
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
    fn entries_about_bits_explain_together_what_differs_and_nothing_else() {
        let both = known(&format!("{ENTRY}bits = 0x1000\n{ENTRY}bits = 0x20000\n"));
        let line = |bits| both.of(&Found { bits, ..FOUND }).map(|entry| entry.line);
        assert_eq!((line(Some(0x1000)), line(Some(0x20000)), line(Some(0x21000))), (Some(3), Some(11), Some(3)));
        assert_eq!((line(Some(0x8000)), line(Some(0x9000)), line(None)), (None, None, None));
        let overlapping = known(&format!("{ENTRY}bits = 0x1000\n{ENTRY}bits = 0x3000\n"));
        assert!(overlapping.of(&Found { bits: Some(0x3000), ..FOUND }).is_some());
    }

    #[test]
    fn what_comes_behind_it_may_be_its_consequence() {
        let known = known(&format!("{ENTRY}then = \"mfspr r*, 62 (ESR)\"\n"));
        let entry = known.of(&FOUND).expect("one");
        let behind = Found { step: "mfspr r3, 62 (ESR)", ..FOUND };
        assert!(entry.explains(&behind) && known.of(&behind).is_none());
        assert!(!entry.explains(&Found { given_up: true, ..behind }) && !entry.explains(&FOUND));
        let about = |script: &[&str]| entry.about(script).count();
        assert_eq!((about(&[ALIAS, behind.step]), about(&[behind.step, ALIAS]), about(&[behind.step])), (2, 1, 0));
    }

    #[test]
    fn no_step_is_its_own_consequence() {
        let known = known(&format!("{ENTRY}then = \"mfspr *\"\n"));
        let entry = known.of(&FOUND).expect("one");
        assert_eq!((entry.about(&[ALIAS]).count(), entry.about(&[ALIAS, ALIAS]).count()), (1, 3));
        let patterns = ["mfspr r3, 259 (USPRG3)", "mfspr r3, 62 (ESR)"];
        let matching = patterns.map(|step| entry.steps().filter(|pattern| pattern.matches(step)).count());
        assert_eq!(matching, [2, 1], "of the step's own pattern and its consequence's");
    }

    #[test]
    fn what_ends_a_target_is_bits_of_a_register_there() {
        let entry = "[[deadly]]\ntarget = \"qemu-*\"\nregister = \"DVC1\"\nbits = 6\nreason = \"it dies\"\nlink = \
            \"https://example.org\"\n";
        let both = known(entry);
        let bits = |cause: &Cause| matches!(cause, Cause::Bits(register, 6) if register == "DVC1");
        assert!(both.deadly("qemu-x").all(bits) && both.deadly("qemu-x").count() == 1);
        assert_eq!(both.deadly("kvm-x").count(), 0);
        assert!(both.without_target(&["qemu-x"]).is_empty());
        assert_eq!(both.without_target(&["kvm-x"]).len(), 1);
        for (right, wrong) in [("DVC1", "DVC9"), ("it dies", " "), ("https://example.org", "")] {
            assert_eq!(
                Known::parse(Path::new("fuzz.toml"), &entry.replace(right, wrong)).map_err(|all| all.len()).err(),
                Some(1)
            );
        }
    }

    #[test]
    fn what_ends_a_target_may_be_a_step() {
        let parsed = |what: &str| {
            let entry = format!(
                "[[deadly]]\ntarget = \"kvm-x\"\n{what}reason = \"it hangs\"\nlink = \"https://example.org\"\n"
            );
            Known::parse(Path::new("fuzz.toml"), &entry)
        };
        let step = parsed("step = \"run sc*\"\n").expect("good");
        let is_meant = |cause: &Cause| matches!(cause, Cause::Steps(steps) if steps.matches("run sc1"));
        assert!(step.deadly("kvm-x").all(is_meant) && step.deadly("kvm-x").count() == 1);
        for wrong in ["", "bits = 1\n", "register = \"DVC1\"\n", "register = \"DVC1\"\nbits = 1\nstep = \"x\"\n"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
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
