//! Any bytes as a log, a console, a batch:
//!
//! ```text
//! cd harness && cargo +nightly fuzz run --dev -s none records
//! ```
//!
//! An input that shows a mistake goes to `corpus/records` as `NAME.bin`, where `tests/records` runs it again.
#![no_main]

#[path = "../../tests/records/hostile.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hostile::anything_goes(bytes));
