//! The judge: from what a guest recorded to a verdict.
//!
//! ```text
//!   console bytes --console--> RunResult --transcript--> Transcript --judge(rules, expectations, golden)--> Verdict --gate--> Concern
//!                                            '--differences--> does the reference agree with QEMU?
//! ```
//!
//! Nothing in here knows a target, a script or a session, and no process is started: this has to be right for
//! everything else to mean anything. So it is a crate of its own, small enough that `ci/judge-mutants` can try every
//! mistake in it.
#![forbid(unsafe_code)]

pub mod case;
pub mod console;
pub mod describe;
pub mod differences;
#[cfg(test)]
pub(crate) mod example;
pub mod expectations;
pub mod feature;
pub mod gate;
pub mod golden;
pub mod judge;
pub mod known;
pub mod nearest;
pub mod pattern;
pub mod problem;
pub mod rules;
pub mod transcript;
