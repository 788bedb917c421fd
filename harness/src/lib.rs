//! Sprig: a conformance suite for PowerPC hypervisors.
//!
//! ```text
//!   cases/*.probe --script--> Case --target--> RunResult --transcript--> Transcript
//!        --judge(rules, expectations)--> Verdict --golden--> --report--> terminal, KTAP, JUnit, JSON
//! ```
//!
//! Data flows one way, one module a stage. `docs/architecture.md` is the map.
#![forbid(unsafe_code)]

pub mod bench;
pub mod case;
pub mod cli;
pub mod coverage;
pub mod describe;
pub mod differences;
#[cfg(test)]
pub(crate) mod example;
pub mod exercise;
pub mod expectations;
pub mod export;
pub mod feature;
pub mod fuzz;
pub mod gate;
pub mod golden;
pub mod judge;
pub mod known;
pub mod lockstep;
pub mod mutants;
pub mod nearest;
pub mod pattern;
pub mod problem;
pub mod project;
pub mod report;
pub mod rules;
pub mod run;
pub mod script;
pub mod sentences;
pub mod session;
pub mod suite;
pub mod target;
pub mod transcript;
