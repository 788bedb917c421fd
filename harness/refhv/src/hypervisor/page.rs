//! The magic page: where the guest sees the shared state.
//!
//! ```text
//!               supervisor, translated     supervisor, real mode      problem state
//!   embedded    data at the EA             (there is none)            nowhere
//!   server      data and code at the EA    at the physical address    nowhere
//! ```
//!
//! The page is checked before the guest's own translations: it is there whatever else the guest has mapped.

use sprig_isa::cpu::Family;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_isa::msr::{self, book3s};

use super::design::Design;
use super::policy;
use crate::cpu::Access;
use crate::mmu::{REAL_MODE_ADDRESS, relocated};

/// Where the guest has asked for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Effective address.
    pub ea: u64,
    /// Guest-physical address.
    pub pa: u64,
    /// The guest maps nothing no-execute that it executes (MAGIC_PAGE_FLAG_NOT_MAPPED_NX): pages keep their N bit.
    /// Without the flag a 64-bit server guest's kernel may execute from any page.
    pub keeps_no_execute: bool,
}

impl Mapping {
    /// True if this access reaches the page.
    pub(super) fn is_reached(
        &self,
        family: Family,
        design: Option<Design>,
        msr: u64,
        address: u64,
        access: Access,
    ) -> bool {
        if msr & msr::PR != 0 {
            return false;
        }
        let in_space = relocated(msr, access);
        if family.is_booke() {
            let executable = access != Access::Fetch || Design::is_executable(design);
            let space = !in_space || policy::PAGE_IN_BOTH_ADDRESS_SPACES;
            return executable && space && is_same_page(msr, address, self.ea);
        }
        if in_space {
            is_same_page(msr, address, self.ea)
        } else {
            is_same_page(msr, address & REAL_MODE_ADDRESS, self.pa & REAL_MODE_ADDRESS)
        }
    }
}

/// True if two addresses are in one page; outside 64-bit mode only their low words count.
const fn is_same_page(msr: u64, a: u64, b: u64) -> bool {
    let mask = if msr & book3s::SF != 0 { !(PAGE_SIZE - 1) } else { 0xffff_ffff & !(PAGE_SIZE - 1) };
    (a ^ b) & mask == 0
}
