//! The suite's own cases: as they are, and with exits in between.
//!
//! A random script knows no more than the contract's model and the themes. A case knows what its author has found in a
//! document, about anything; an exit between any two of its steps must not change what it expects.
//!
//! ```text
//!   case -------------------run--> an expectation broken that is not listed      whatever the reference does
//!     '--disturb--> text ---run--> an expectation broken, and the reference holds it
//!                                    '--simpler texts, as long as both is so--> a .probe file
//! ```
//!
//! Where the reference is wrong in the same way nobody can say of a simpler text whether it still makes sense: then
//! only other expectations, and what comes later, are left out.

mod cases;
mod finding;
mod run;
mod text;

pub(super) use cases::Cases;
pub(super) use finding::Broken;
pub(super) use finding::Shrunk;
