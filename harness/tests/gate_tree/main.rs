//! `ci/gate-tree`: which kernel it builds from which tree, what it does to the tree, and what its exit status says.
//!
//! [`logic`] runs it on a tree of four files with a compiler, a make and a sprig of its own. [`bisect`] is the real
//! thing: a history of kernels, built, booted and judged.

mod bisect;
mod logic;
mod stage;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let has_git = duct::cmd!("git", "--version").stdout_null().stderr_null().run().is_ok();
    let trials = logic::trials().into_iter().chain([bisect::trial()]);
    let without_git =
        |trial: Trial| trial.with_ignored_flag(true).with_kind("git is not installed; to add it: ci/setup");
    let trials: Vec<Trial> = trials.map(|trial| if has_git { trial } else { without_git(trial) }).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
