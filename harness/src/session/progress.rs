//! What can be watched while sessions run.

use crate::case::Case;
use crate::target::Target;

/// Is told what happens, as it happens.
pub trait Progress: Sync {
    /// A session of this many cases is about to start.
    fn session_starts(&self, target: &dyn Target, cases: usize) {
        let _ = (target, cases);
    }

    /// A case has run to its end in a session.
    fn case_ended(&self, target: &dyn Target, case: &Case) {
        let _ = (target, case);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {}
