//! Any bytes as a script:
//!
//! ```text
//! cd harness && cargo +nightly fuzz run --dev -s none script fuzz/corpus/script ../cases tests/script -- -dict=fuzz/script.dict
//! ```
//!
//! An input that shows a mistake goes to `corpus/script` as `NAME.probe`, where `tests/script/properties.rs` runs it
//! again.
#![no_main]

#[path = "../../tests/script/valid.rs"]
mod valid;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| valid::anything_goes(bytes));
