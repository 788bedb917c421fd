//! The rules: what is allowed, one normative sentence each, with the document that says so (`cases/rules.toml`).
//!
//! ```toml
//! [[rule]]
//! id = "alias.consistent-after-exit"
//! text = "After an exit ... the alias equals the page's field."
//! source = "include/uapi/asm/kvm_para.h, comment above sprg4"
//!
//! [[unspecified]]                       # cited as unspecified.page-after-reset
//! topic = "page-after-reset"
//! reason = "No document says whether the page survives a reset."
//! searched = "kvm_para.h; ppc-pv.rst; arch/powerpc/kvm/powerpc.c"
//! ```

use crate::nearest::suggestion;
use crate::problem::{Lines, Problem, parse_toml};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// In front of a topic's name where a case cites it.
pub const UNSPECIFIED: &str = "unspecified.";

/// Something a case can cite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As cases cite it.
    pub id: String,
    /// The sentence; of an unspecified topic, why there is none.
    pub text: String,
    /// Document and section, or file; of an unspecified topic, the places searched.
    pub source: String,
    /// Line in the file, from 1.
    pub line: usize,
}

impl Rule {
    /// True if this is a topic about which no document speaks, so that goldens alone judge.
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        self.id.starts_with(UNSPECIFIED)
    }
}

/// Every rule, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    path: PathBuf,
    rules: Vec<Rule>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleTable>,
    #[serde(default)]
    unspecified: Vec<TopicTable>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    id: Spanned<String>,
    text: String,
    source: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicTable {
    topic: Spanned<String>,
    reason: String,
    searched: String,
}

impl Rules {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, or names that are malformed or given twice, or sentences
    /// that are missing or not one sentence.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let named = |name: &Spanned<String>| lines.number(name.span().start);
        let mut rules: Vec<Rule> = file
            .rule
            .into_iter()
            .map(|rule| Rule { line: named(&rule.id), id: rule.id.into_inner(), text: rule.text, source: rule.source })
            .collect();
        rules.extend(file.unspecified.into_iter().map(|topic| Rule {
            line: named(&topic.topic),
            id: format!("{UNSPECIFIED}{}", topic.topic.into_inner()),
            text: topic.reason,
            source: topic.searched,
        }));
        let problems = check(path, &rules);
        if problems.is_empty() { Ok(Self { path: path.to_owned(), rules }) } else { Err(problems) }
    }

    /// The rule with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Every rule.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The name of every rule.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }

    /// What to say about a citation of something that is not here.
    #[must_use]
    pub fn unknown(&self, id: &str) -> String {
        let suggestion = suggestion(id, self.iter().map(|rule| rule.id.as_str()));
        format!("there is no rule `{id}` in {}{suggestion}", self.path.display())
    }

    /// What is wrong with a rule of these.
    pub fn problem(&self, rule: &Rule, message: impl Into<String>) -> Problem {
        Problem::at(&self.path, rule.line, message)
    }

    /// A [`Problem`] for every rule that no case cites.
    #[must_use]
    pub fn unused(&self, cited: &BTreeSet<&str>) -> Vec<Problem> {
        let unused = self.iter().filter(|rule| !cited.contains(rule.id.as_str()));
        unused.map(|rule| self.problem(rule, format!("no case cites `{}`: write one or remove it", rule.id))).collect()
    }
}

fn check(path: &Path, rules: &[Rule]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut say = |message: String| problems.push(Problem::at(path, rule.line, message));
        if !is_well_formed(&rule.id) {
            say(format!("`{}` is not of the form `area.lower-case-words`", rule.id));
        }
        if let Some(first) = rules[..index].iter().find(|earlier| earlier.id == rule.id) {
            say(format!("`{}` stands already in line {}", rule.id, first.line));
        }
        if !rule.text.ends_with('.') {
            say(format!("the text of `{}` is not a sentence that ends with a full stop", rule.id));
        }
        if rule.source.trim().is_empty() {
            say(format!("`{}` names no source", rule.id));
        }
    }
    problems
}

fn is_well_formed(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    id.split_once('.').is_some_and(|(area, name)| word(area) && word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[rule]]
id = "alias.consistent"
text = "They agree."
source = "kvm_para.h"

[[unspecified]]
topic = "after-reset"
reason = "Nobody says."
searched = "ePAPR"
"#;

    fn parse(text: &str) -> Result<Rules, Vec<String>> {
        Rules::parse(Path::new("rules.toml"), text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn rules_and_topics_are_found_by_the_id_cases_cite() {
        let rules = parse(GOOD).expect("good");
        assert_eq!(rules.get("alias.consistent").map(|rule| rule.line), Some(3));
        assert!(rules.get("unspecified.after-reset").is_some_and(Rule::is_unspecified));
        assert!(rules.get("after-reset").is_none());
    }

    #[test]
    fn a_rule_no_case_cites_is_a_problem_of_its_line() {
        let rules = parse(GOOD).expect("good");
        let unused = rules.unused(&BTreeSet::from(["unspecified.after-reset"]));
        assert_eq!(unused.len(), 1);
        assert_eq!(unused[0].to_string(), "rules.toml:3: no case cites `alias.consistent`: write one or remove it");
    }

    #[test]
    fn an_unknown_rule_is_answered_with_the_nearest() {
        let rules = parse(GOOD).expect("good");
        assert_eq!(
            rules.unknown("alias.consistant"),
            "there is no rule `alias.consistant` in rules.toml; did you mean `alias.consistent`?"
        );
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let twice = format!("{GOOD}\n[[rule]]\nid = \"alias.consistent\"\ntext = \"no stop\"\nsource = \" \"\n");
        assert_eq!(
            parse(&twice).expect_err("mistakes"),
            [
                "rules.toml:13: `alias.consistent` stands already in line 3",
                "rules.toml:13: the text of `alias.consistent` is not a sentence that ends with a full stop",
                "rules.toml:13: `alias.consistent` names no source",
            ]
        );
        let shouting = GOOD.replace("alias.consistent", "Alias");
        assert!(parse(&shouting).expect_err("form")[0].contains("`Alias` is not of the form"));
    }

    #[test]
    fn a_rule_is_named_by_its_area_and_lower_case_words() {
        for good in ["alias.consistent", "spr.all-64-bits", "unspecified.0a-b"] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in ["alias", "alias.", ".consistent", "Alias.x", "alias.X", "alias.a b", "alias.a.b", "a_b.c", ""] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    #[test]
    fn every_rule_is_there_in_the_order_of_the_file() {
        let rules = parse(GOOD).expect("good");
        assert!(rules.ids().eq(["alias.consistent", "unspecified.after-reset"]));
        let [rule, topic] = rules.iter().collect::<Vec<_>>()[..] else { panic!("two") };
        assert!(!rule.is_unspecified() && topic.is_unspecified());
        assert_eq!((&*topic.text, &*topic.source), ("Nobody says.", "ePAPR"));
        assert_eq!(rules.problem(topic, "what").to_string(), "rules.toml:8: what");
    }

    #[test]
    fn what_the_toml_parser_finds_has_its_line_too() {
        let typo = GOOD.replace("source = ", "sauce = ");
        let problems = parse(&typo).expect_err("unknown field");
        assert!(problems[0].starts_with("rules.toml:5: unknown field `sauce`"), "{problems:?}");
    }
}
