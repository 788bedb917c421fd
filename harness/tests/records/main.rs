//! Nothing a guest says makes the harness panic, and nothing broken becomes a verdict. `harness/fuzz` looks for bytes
//! that show otherwise; what it found is kept in its corpus, which is run here.

mod hostile;

use hostile::anything_goes;
use proptest::prelude::*;
use std::path::Path;

/// What the fuzzer found worth keeping.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/records");
    let paths = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path());
    let kept = paths.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    kept.map(|path| std::fs::read(path).expect("a file")).collect()
}

#[test]
fn what_the_fuzzer_found_goes() {
    let corpus = corpus();
    assert!(!corpus.is_empty());
    corpus.iter().for_each(|bytes| anything_goes(bytes));
}

proptest! {
    #[test]
    fn any_bytes_go(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        anything_goes(&bytes);
    }

    #[test]
    fn what_the_fuzzer_found_goes_with_a_few_changes(
        bytes in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        thread_local!(static CORPUS: Vec<Vec<u8>> = corpus());
        let mut bytes = CORPUS.with(|corpus| bytes.get::<Vec<u8>>(corpus).clone());
        for (at, value) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        anything_goes(&bytes);
    }
}
