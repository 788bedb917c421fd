//! The script language: what is wrong with scripts, what right ones become, and that nothing else can happen.
#![allow(missing_docs)]

mod assemble;
mod conditions;
mod diagnostics;
mod listing;
mod properties;
mod valid;
