//! Fuzzing: random scripts against a target, judged by the contract, compared with a reference, and shrunk.
//!
//! ```text
//!   seed --generate--> steps --contract--> what each may show --render--> .probe text --script--> Case
//!                        ^                                                                         |
//!                        |          golden/fuzz.toml: known                                    target, reference
//!                        '--shrink-- finding <--judge-- rules broken, differences <----------------'
//!                                       '--probe--> a file with its comments and transcripts
//! ```
//!
//! Two witnesses, in this order: the *contract*, a model of what the rules allow that knows no hypervisor (stale or new
//! before an exit, equal after it), whose word is an `expect` with its rule; and the *reference*, where the contract is
//! silent. So a mistake is found in the reference too, and what no document specifies is not taken for one. The suite's
//! own cases are run as well, with exits in between (`disturbed`).

mod action;
mod bundle;
mod bystanders;
mod campaign;
mod contract;
mod cover;
mod dice;
mod disturbed;
mod draw;
mod environment;
mod execution;
mod generate;
mod judge;
mod odd;
mod operand;
mod phrase;
mod prediction;
mod probe;
mod render;
pub mod report;
mod runner;
mod seldom;
mod shrink;
mod singles;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod themed;
mod told;
mod vocabulary;

pub use campaign::{Budget, Campaign, Error, Outcome};
pub use runner::limits;
