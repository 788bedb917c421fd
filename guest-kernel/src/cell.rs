//! State of the kernel's one thread.

use core::cell::UnsafeCell;

/// A static that only the kernel's thread uses, never an interrupt handler.
pub(crate) struct Exclusive<T>(UnsafeCell<T>);

// SAFETY: there is one CPU and one thread; interrupt handlers do not use values of this type.
unsafe impl<T> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Runs `f` on the value. `f` must not come back here for the same value.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: one thread, and no caller nests, so this is the only reference.
        f(unsafe { &mut *self.0.get() })
    }
}
