//! Where the project's files are: cases, goldens, rules, and the folder for what sprig itself writes.

use std::path::{Path, PathBuf};

/// Overrides the root of the project, for a sprig that was built elsewhere.
pub const ROOT_VARIABLE: &str = "SPRIG_ROOT";

/// The project's root: what [`ROOT_VARIABLE`] says, if anything, else the tree this program was built in.
#[must_use]
pub fn root() -> PathBuf {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os(ROOT_VARIABLE)
        .filter(|root| !root.is_empty())
        .map(PathBuf::from)
        .unwrap_or_else(|| built_in.parent().unwrap_or(built_in).to_path_buf())
}

/// Where sprig keeps what it writes besides goldens: below cargo's target folder, so that `cargo clean` removes it.
#[must_use]
pub fn scratch() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(target).join("sprig")
}
