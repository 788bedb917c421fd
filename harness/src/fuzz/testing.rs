//! For the tests of this module.

use super::environment::Environment;
use crate::target;

/// The environment of a target.
pub(super) fn environment(id: &str) -> Environment {
    let target = target::by_id(id).expect("a target");
    Environment::new(&target.profile(), 100_000)
}
