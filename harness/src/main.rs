//! The sprig command.
fn main() {}
