//! Every target: CPUs x platforms.

use super::Target;
use super::qemu::{MACHINES, Qemu};
use std::sync::Arc;

/// Every target, in the order in which they are listed.
#[must_use]
pub fn all() -> Vec<Arc<dyn Target>> {
    let mut targets: Vec<Arc<dyn Target>> = Vec::new();
    for machine in MACHINES {
        for model in machine.models {
            if let Some(target) = Qemu::new(machine, model) {
                targets.push(Arc::new(target));
            }
        }
    }
    targets
}

/// The target of this name.
#[must_use]
pub fn by_id(id: &str) -> Option<Arc<dyn Target>> {
    all().into_iter().find(|target| target.id() == id)
}
