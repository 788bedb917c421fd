//! Runs Sprig's script bytecode: the logic of the guest kernel, apart from the machine.
//!
//! ```text
//!   run_batch --- for each case ---> case::run --- for each operation ---> Machine (executes, maps, calls the host)
//!       |                                 '--> log::Log   (plain stores, no exit)
//!       '--> console: frames, between cases only
//! ```
//!
//! The guest kernel implements [`Machine`] with a few lines of assembler each; everything else is here, where it can be
//! tested on any host. Between the first and the last operation of a case nothing in this crate calls a [`Machine`]
//! method that causes an exit, except those whose operation is one.
#![no_std]
#![forbid(unsafe_code)]

mod batch;
mod case;
mod console;
mod log;
mod machine;
pub mod patcher;

pub use batch::{report_stray, run_batch};
pub use machine::{CallResult, Kernel, Machine, Memory, Unsupported, Used};
