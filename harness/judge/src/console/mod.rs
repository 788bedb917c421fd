//! From console bytes to results: what a guest on a serial line says, checked frame by frame.
//!
//! ```text
//!   bytes --lines--> text  (firmware, a hypervisor's last words): the tail is kept for messages
//!               '--> frame --receiver--> sequence, checksum, order checked --> RunResult
//! ```
//!
//! No process in here: the same receiver serves every target that has a console, and its tests need none.

mod aside;
mod fault;
mod lines;
mod receiver;
#[cfg(test)]
mod tests;

pub use fault::Fault;
pub use lines::{Tail, Text};
pub use receiver::{Expected, Heard, Receiver, find_panic};
