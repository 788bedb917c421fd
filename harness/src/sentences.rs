//! What the documents say, sentence by sentence, and the rules that cover each (`cases/sentences.toml`).
//!
//! ```toml
//! [[document]]
//! name = "kvm_para.h"
//! edition = "arch/powerpc/include/uapi/asm/kvm_para.h, Linux 6.12"
//! sentence = [
//!     { at = "comment above sprg4", says = "After an exit page and registers agree.", rules = ["alias.consistent-after-exit"] },
//!     { at = "comment above the struct", says = "Fields are added at its end.", outside = "it addresses those who change it" },
//! ]
//! ```
//!
//! A rule names its source; this shows, conversely, that no sentence of a document was passed over. Sentences
//! are in our own words, in the order of the document.

use crate::problem::{Lines, Problem, parse_toml};
use crate::rules::Rules;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A document that was gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// As rules call it.
    pub name: String,
    /// Which text was read.
    pub edition: String,
    /// What it says that a guest, or the user space of a hypervisor, could rely on.
    pub sentences: Vec<Sentence>,
}

/// A normative sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where in the document.
    pub at: String,
    /// What it says.
    pub says: String,
    /// How it is covered.
    pub fate: Fate,
    /// Line in the file, from 1.
    pub line: usize,
}

/// How a sentence is covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// These rules, or topics, hold it.
    Rules(Vec<String>),
    /// No case can test it, or none needs to, for this reason.
    Outside(String),
}

/// Every document, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Sentences {
    path: PathBuf,
    documents: Vec<Document>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    document: Vec<DocumentTable>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentTable {
    name: String,
    edition: String,
    sentence: Vec<SentenceTable>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SentenceTable {
    at: Spanned<String>,
    says: String,
    #[serde(default)]
    rules: Vec<String>,
    outside: Option<String>,
}

impl Sentences {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, or a sentence that ends without a full stop, or one that
    /// became neither a rule nor a reason, or both.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut documents = Vec::new();
        for DocumentTable { name, edition, sentence } in file.document {
            let mut sentences = Vec::new();
            for table in sentence {
                match sentence_of(&lines, table) {
                    Ok(sentence) => sentences.push(sentence),
                    Err((line, message)) => problems.push(Problem::at(path, line, message)),
                }
            }
            documents.push(Document { name, edition, sentences });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), documents }) } else { Err(problems) }
    }

    /// Every document.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter()
    }

    /// A [`Problem`] for every rule named here that is not there.
    #[must_use]
    pub fn unknown_rules(&self, rules: &Rules) -> Vec<Problem> {
        let mut problems = Vec::new();
        for sentence in self.documents.iter().flat_map(|document| &document.sentences) {
            let Fate::Rules(ids) = &sentence.fate else { continue };
            for id in ids.iter().filter(|id| rules.get(id).is_none()) {
                problems.push(Problem::at(&self.path, sentence.line, rules.unknown(id)));
            }
        }
        problems
    }
}

fn sentence_of(lines: &Lines, table: SentenceTable) -> Result<Sentence, (usize, String)> {
    let line = lines.number(table.at.span().start);
    let at = table.at.into_inner();
    let fate = match (table.rules.is_empty(), table.outside) {
        (false, None) => Fate::Rules(table.rules),
        (true, Some(reason)) if !reason.trim().is_empty() => Fate::Outside(reason),
        (true, _) => {
            return Err((line, format!("`{at}`: name the rules that hold it, or say in `outside` why none does")));
        }
        (false, Some(_)) => {
            return Err((line, format!("`{at}` is held by rules, so it is not outside: remove one of the two")));
        }
    };
    if !table.says.ends_with('.') {
        return Err((line, format!("what `{at}` says is not a sentence that ends with a full stop")));
    }
    Ok(Sentence { at, says: table.says, fate, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[document]]
name = "kvm_para.h"
edition = "Linux 6.12"
sentence = [
    { at = "sprg4", says = "They agree.", rules = ["alias.agree"] },
    { at = "struct", says = "It grows at its end.", outside = "it addresses those who change it" },
]
"#;

    fn parse(text: &str) -> Result<Sentences, Vec<String>> {
        Sentences::parse(Path::new("s.toml"), text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_sentence_became_rules_or_is_outside_for_a_reason() {
        let read = parse(GOOD).expect("good");
        let fates: Vec<&Fate> =
            read.iter().flat_map(|document| &document.sentences).map(|sentence| &sentence.fate).collect();
        let outside = "it addresses those who change it".to_owned();
        assert_eq!(fates, [&Fate::Rules(vec!["alias.agree".to_owned()]), &Fate::Outside(outside)]);
        let neither = GOOD.replace("[\"alias.agree\"]", "[]");
        assert_eq!(
            parse(&neither).expect_err("neither"),
            ["s.toml:6: `sprg4`: name the rules that hold it, or say in `outside` why none does"]
        );
        let both = GOOD.replace("outside =", "rules = [\"a.b\"], outside =");
        assert_eq!(
            parse(&both).expect_err("both"),
            ["s.toml:7: `struct` is held by rules, so it is not outside: remove one of the two"]
        );
        let open = GOOD.replace("They agree.", "They agree");
        assert!(parse(&open).expect_err("open")[0].contains("full stop"));
    }

    #[test]
    fn a_rule_that_is_not_there_is_answered_with_the_nearest() {
        let rules = "[[rule]]\nid = \"alias.agrees\"\ntext = \"They agree.\"\nsource = \"kvm_para.h\"\n";
        let rules = Rules::parse(Path::new("rules.toml"), rules).expect("good");
        let found = parse(GOOD).expect("good").unknown_rules(&rules);
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["s.toml:6: there is no rule `alias.agree` in rules.toml; did you mean `alias.agrees`?"]
        );
    }
}
