//! State of the kernel's one thread.

use core::cell::UnsafeCell;

/// A static that the kernel's thread uses, one function at a time. A check of that would make the image a fortieth
/// larger.
pub(crate) struct Exclusive<T>(UnsafeCell<T>);

// SAFETY: there is one CPU and one thread. The only interrupt handlers that use values of this type are those that end
// the kernel (`report::stray_interrupt`): what they have interrupted never goes on, whatever it had borrowed.
unsafe impl<T> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Runs `f` on the value. `f` must not come back here for the same value: each is private to a module, whose
    /// closures call nothing that uses it.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: one thread, and no caller nests, so this is the only reference that is used.
        f(unsafe { &mut *self.0.get() })
    }
}
