//! Addresses that both sides of the kernel name: what is inside the CPU (`family`) and what is outside (`platform`).

/// An effective address, as wide as the kernel's registers.
#[cfg(target_pointer_width = "32")]
pub(crate) type Ea = u32;
/// An effective address, as wide as the kernel's registers.
#[cfg(target_pointer_width = "64")]
pub(crate) type Ea = u64;

/// Device registers a platform wants mapped, cache-inhibited and guarded.
pub(crate) struct IoWindow {
    /// Effective address. Equal to the physical one where that fits.
    pub(crate) ea: u32,
    /// Physical address.
    pub(crate) pa: u64,
    /// log2 of the size; even, since TLBs have pages of powers of four.
    pub(crate) log2_size: u32,
    /// Open to problem state as well.
    pub(crate) user: bool,
}
