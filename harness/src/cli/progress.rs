//! The progress bar: on standard error, and only where that is a terminal.

use crate::case::Case;
use crate::session::Progress;
use crate::target::Target;
use indicatif::{ProgressBar, ProgressStyle};

/// The target's name is cut where the terminal is too narrow for it: a bar of two lines would not be taken away whole.
const TEMPLATE: &str = "{bar:16} {pos}/{len} cases, {elapsed} {wide_msg}";

/// The same for mutants.
const MUTANTS: &str = "{bar:16} {pos}/{len} mutants, {elapsed}";

/// Shows how many cases have run.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar for this many cases. It draws nothing if standard error is not a terminal.
    pub(super) fn new(cases: u64) -> Self {
        let bar = ProgressBar::new(cases);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// A bar for this many mutants.
    pub(super) fn of_mutants(mutants: u64) -> Self {
        let bar = ProgressBar::new(mutants);
        if let Ok(style) = ProgressStyle::with_template(MUTANTS) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// One more is done.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Prints something without tearing the bar.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn session_starts(&self, target: &dyn Target, _: usize) {
        self.0.set_message(target.id().to_owned());
    }

    fn case_ended(&self, _: &dyn Target, _: &Case) {
        self.0.inc(1);
    }
}
