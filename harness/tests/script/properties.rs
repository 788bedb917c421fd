//! No input makes the script language panic, and whatever it accepts can be assembled. `harness/fuzz` looks for inputs
//! that show otherwise; what it found is kept in its corpus, which is run here.

use crate::valid::anything_goes;
use proptest::prelude::*;
use std::path::Path;

/// Every script of this repository, right and wrong, and what the fuzzer found.
fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in ["tests/script", "fuzz/corpus/script", "../cases"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    assert!(!files.is_empty());
    files
}

fn collect(folder: &Path, files: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "probe") {
            files.push(std::fs::read(path).expect("a file"));
        }
    }
}

#[test]
fn every_script_there_is_goes() {
    corpus().iter().for_each(|bytes| anything_goes(bytes));
}

/// Words and symbols of the language, and some that are none.
fn token() -> impl Strategy<Value = String> {
    let words = sprig::script::names::WORDS.iter().map(|(word, _)| (*word).to_owned());
    let others = [
        "SPRG0",
        "SPRG4",
        "USPRG4",
        "PIR",
        "r0",
        "r3",
        "cr",
        "x",
        "y",
        "x",
        "reg",
        "0",
        "1",
        "0xffffffff",
        "~0",
        "1023",
        "MSR.EE",
        "MAS1.TSIZE(1)",
        "insn(nop)",
        "f1",
        "MAGIC_PAGE",
        "SCRATCH",
        "sprg0",
        "program",
        "none",
        "booke",
        "magic-page",
        "host",
        "mtspr",
        "addi",
        "lwz",
        "srw,ur",
        "a.b",
        "=",
        "=",
        ",",
        ",",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "+",
        "-",
        "*",
        "&",
        "|",
        "<<",
        "==",
        "!=",
        "<",
        "..",
        ".",
        ";",
        "#",
        "\t",
        "'",
        "é",
    ];
    let all: Vec<_> = words.chain(others.map(str::to_owned)).collect();
    prop::sample::select(all)
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop::collection::vec(token(), 0..9).prop_map(|tokens| tokens.join(" "));
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.join("\n"))
}

/// A change of one line: gone, doubled, or with a token in the place of one of its words.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Double,
    Replace(prop::sample::Index, String),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Remove),
        Just(Change::Double),
        (any::<prop::sample::Index>(), token()).prop_map(|(at, token)| Change::Replace(at, token)),
    ]
}

fn changed(bytes: &[u8], changes: &[(prop::sample::Index, Change)]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (at, change) in changes {
        if lines.is_empty() {
            break;
        }
        let at = at.index(lines.len());
        match change {
            Change::Remove => {
                lines.remove(at);
            }
            Change::Double => lines.insert(at, lines[at].clone()),
            Change::Replace(word, token) => {
                let mut words: Vec<&str> = lines[at].split(' ').collect();
                let word = word.index(words.len());
                words[word] = token;
                lines[at] = words.join(" ");
            }
        }
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn any_bytes_go(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        anything_goes(&bytes);
    }

    #[test]
    fn any_text_goes(text in any::<String>()) {
        anything_goes(text.as_bytes());
    }

    #[test]
    fn any_words_go(text in lines()) {
        anything_goes(format!("# What fails.\nrule a.b\n{text}").as_bytes());
    }

    #[test]
    fn any_script_goes_with_a_few_changes(
        script in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..6),
    ) {
        thread_local!(static CORPUS: Vec<Vec<u8>> = corpus());
        CORPUS.with(|corpus| anything_goes(changed(script.get::<Vec<u8>>(corpus), &changes).as_bytes()));
    }
}
