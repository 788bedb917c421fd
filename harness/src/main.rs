//! The `sprig` command; everything it does is in the library.
#![forbid(unsafe_code)]

use clap::Parser;
use sprig::cli::{Arguments, main as sprig};
use std::process::ExitCode;

fn main() -> ExitCode {
    sprig(Arguments::parse())
}
