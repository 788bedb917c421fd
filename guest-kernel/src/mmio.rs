//! Device registers.

/// One access, then everything before what follows: device registers are guarded, but loads could still pass stores.
fn order() {
    // SAFETY: ordering only.
    unsafe { core::arch::asm!("eieio", options(nostack)) };
}

macro_rules! access {
    ($read:ident, $write:ident, $width:ident, $what:literal) => {
        #[doc = concat!("Reads ", $what, ".")]
        ///
        /// # Safety
        /// A device register that is mapped, and reading it does no harm to the kernel.
        #[allow(dead_code)] // which widths are used depends on the platform
        pub(crate) unsafe fn $read(address: u32) -> $width {
            // SAFETY: the caller's duty.
            let value = unsafe { (address as *const $width).read_volatile() };
            order();
            $width::from_be(value)
        }

        #[doc = concat!("Writes ", $what, ".")]
        ///
        /// # Safety
        /// A device register that is mapped, and what the device then does does no harm to the kernel.
        #[allow(dead_code)] // which widths are used depends on the platform
        pub(crate) unsafe fn $write(address: u32, value: $width) {
            // SAFETY: the caller's duty.
            unsafe { (address as *mut $width).write_volatile(value.to_be()) };
            order();
        }
    };
}

access!(read8, write8, u8, "a byte");
access!(read32, write32, u32, "a word, big-endian");
