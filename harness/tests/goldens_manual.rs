//! The samples in docs/goldens.md are what the suite has and says.

use duct::cmd;
use std::fs;
use std::path::{Path, PathBuf};

const SPRIG: &str = env!("CARGO_BIN_EXE_sprig");
const TARGET: &str = "ref-e500v2-pr";
const CASE: &str = "alias/after-exit@SPRG4";
const GOLDEN: &str = "golden/pr/alias/after-exit@SPRG4.snap";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn manual() -> String {
    fs::read_to_string(root().join("docs/goldens.md")).expect("the manual")
}

/// Copies the texts of a folder: not the guest images.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let copied = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &copied);
        } else if entry.extension().is_some_and(|extension| extension != "elf") {
            fs::copy(&entry, copied).expect("a copy");
        }
    }
}

#[test]
fn the_golden_shown_is_the_one_there() {
    let golden = fs::read_to_string(root().join(GOLDEN)).expect("a golden");
    let (_, text) = golden.strip_prefix("---\n").and_then(|rest| rest.split_once("---\n")).expect("a header");
    assert!(manual().contains(&format!("`{GOLDEN}`")) && manual().contains(&format!("```\n{text}```\n")), "{text}");
}

#[test]
fn the_change_shown_is_what_a_run_says() {
    let suite = tempfile::tempdir().expect("a temporary folder");
    for folder in ["cases", "golden"] {
        copy(&root().join(folder), &suite.path().join(folder));
    }
    let path = suite.path().join(GOLDEN);
    let golden = fs::read_to_string(&path).expect("a golden");
    let (head, last) = golden.rsplit_once("0xb0000004").expect("the value read after the exit");
    fs::write(&path, format!("{head}0xb0000005{last}")).expect("a golden");
    let run = cmd!(SPRIG, "run", CASE, "--target", TARGET).env("SPRIG_ROOT", suite.path()).env_remove("CARGO");
    let said = run.stdout_capture().unchecked().run().expect("it starts");
    let said = String::from_utf8_lossy(&said.stdout).replace(SPRIG, "sprig");
    let (change, _) = said.split_once("\n\n").expect("a blank line behind it");
    assert!(manual().contains(&format!("```\n{change}\n```\n")), "{said}");
}
