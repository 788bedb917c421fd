//! Sprig: a conformance suite for PowerPC hypervisors.
//!
//! ```text
//!   cases/*.probe --script--> Case --target--> RunResult --transcript--> Transcript
//!        --judge(rules, expectations)--> Verdict --golden--> --report--> terminal, KTAP, JUnit, JSON
//! ```
//!
//! Data flows one way, one module per stage. `docs/architecture.md` is the map.
#![forbid(unsafe_code)]

pub mod bench;
pub mod cli;
pub mod coverage;
pub mod exercise;
pub mod exits;
pub mod export;
pub mod fuzz;
pub mod html;
pub mod lockstep;
pub mod mutants;
pub mod project;
pub mod report;
pub mod run;
pub mod sentences;
pub mod session;
pub mod suite;
pub mod target;

// What judges is a crate of its own, and its modules are named as if they were here.
pub use sprig_judge::{
    case, describe, differences, expectations, feature, gate, golden, judge, known, nearest, pattern, problem, rules,
    transcript,
};
// So is what reads scripts: every run and every test reads all of them.
pub use sprig_script as script;
