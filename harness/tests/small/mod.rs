//! A suite of three cases in a folder of its own, for tests that break it: one holds, one breaks its rule, one ends the
//! machine; the last two are listed.
#![allow(dead_code)] // each test binary uses its part

use sprig::coverage::universe;
use std::fs;
use std::path::{Path, PathBuf};

/// A target that needs nothing but this program.
pub(crate) const TARGET: &str = "ref-e500v2-bare";

const RULES: &str = r#"
[[rule]]
id = "t.holds"
text = "What is written is read."
source = "a manual, section 1"

[[rule]]
id = "t.breaks"
text = "What is written is not read."
source = "another manual, section 2"
"#;

const SENTENCES: &str = r#"
[[document]]
name = "a manual"
edition = "first"
sentence = [
    { at = "section 1", says = "What is written is read.", rules = ["t.holds"] },
    { at = "section 2", says = "The cover is blue.", outside = "no guest sees it" },
]
"#;

const GOOD: &str = "\
# A kernel loses what it keeps in SPRG0.
rule t.holds

mtspr SPRG0, 0x1234
read = mfspr SPRG0

expect read == 0x1234
";

const BROKEN: &str = "\
# Nothing: no CPU does this.
rule t.breaks

mtspr SPRG0, 0x1
read = mfspr SPRG0

expect read == 0x2
";

const DEAD: &str = "\
# Nothing: the machine is told to switch itself off.
rule t.holds
kills

store32 BOARD + 4, 0
";

const EXPECTATIONS: &str = r#"
[[expectation]]
target = "ref-*"
case = "t/broken"
outcome = "fail"
reason = "it expects nonsense"
link = "https://example.org/broken"

[[expectation]]
target = "ref-*"
case = "t/dead"
outcome = "crash"
reason = "it switches the machine off"
link = "https://example.org/dead"
"#;

const GOLDENS: [(&str, &str); 2] =
    [("t/good", "read: mfspr r3, 272 (SPRG0) -> 0x1234"), ("t/broken", "read: mfspr r3, 272 (SPRG0) -> 0x1")];

/// A cell that the suite reaches.
pub(crate) const REACHED: &str = "spr/SPRG0/read/supervisor/trap/before";
/// And the other end.
const WRITTEN: &str = "spr/SPRG0/write/supervisor/trap/before";

/// A reason for every other cell.
fn uncovered() -> String {
    let others =
        universe().into_iter().map(|cell| cell.to_string()).filter(|cell| ![REACHED, WRITTEN].contains(&&**cell));
    let cells: String = others.map(|cell| format!("    \"{cell}\",\n")).collect();
    format!("[[uncovered]]\ncells = [\n{cells}]\nreason = \"three cases are enough here\"\nsource = \"none\"\n")
}

/// The suite.
pub(crate) struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    /// A suite with nothing wrong.
    pub(crate) fn new() -> Self {
        let small = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        small.write("cases/rules.toml", RULES);
        small.write("cases/t/good.probe", GOOD);
        small.write("cases/t/broken.probe", BROKEN);
        small.write("cases/t/dead.probe", DEAD);
        small.write("cases/sentences.toml", SENTENCES);
        small.write("cases/uncovered.toml", &uncovered());
        small.write("golden/expectations.toml", EXPECTATIONS);
        small.write("golden/differences.toml", "");
        small.write("golden/fuzz.toml", "");
        for (case, text) in GOLDENS {
            for modes in ["bare", "pr", "pr-nopage"] {
                small.write(&format!("golden/{modes}/{case}.snap"), &format!("---\nsource: by hand\n---\n{text}\n"));
            }
        }
        small
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn append(&self, relative: &str, text: &str) {
        let old = fs::read_to_string(self.path(relative)).expect("a file of the suite");
        self.write(relative, &format!("{old}{text}"));
    }

    pub(crate) fn replace(&self, relative: &str, from: &str, to: &str) {
        let old = fs::read_to_string(self.path(relative)).expect("a file of the suite");
        assert!(old.contains(from), "{relative} has no {from}");
        self.write(relative, &old.replace(from, to));
    }

    pub(crate) fn remove(&self, relative: &str) {
        fs::remove_file(self.path(relative)).expect("a file of the suite");
    }
}
