//! Cases to run elsewhere, by hand, on a PowerPC Linux host: a folder to take there, and the judging of what it prints.
//!
//! ```text
//!   cases --batches--> DIR: sprig-vmm  guest.elf  batch-1 ...  run     --copied, run on a host with /dev/kvm-->  log
//!                                                                                                                 |
//!   the same cases, assembled again --digests agree?- label of each batch <--read-- sessions <--------------------'
//!                                                                             '--frames--> results --> judge
//! ```
//!
//! Nothing but the log comes back. Each batch in it begins with a [`Label`]: which cases of which target it holds, and
//! the checksum of the bytes that ran. The judging side assembles the same cases again, and refuses a log of others.

mod folder;
mod label;
mod log;
mod recorded;

pub use folder::{Exported, WriteError, write};
pub use label::{Label, Plan};
pub use log::{Log, LogError, Session};
pub use recorded::plain;

use crate::case::Case;
use crate::session;
use crate::target;
use sprig_wire::CRC;
use sprig_wire::batch::TooLarge;
use std::borrow::Borrow;
use std::collections::VecDeque;

/// Cases that go together into one run of the VMM.
#[derive(Debug)]
pub struct Batch<C> {
    /// The cases; a case's number is its place.
    pub cases: VecDeque<C>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl<C: Borrow<Case>> Batch<C> {
    /// Cuts cases into batches, as sessions of a target would have them.
    ///
    /// # Errors
    /// [`TooLarge`] where a single case does not fit the guest's memory.
    pub fn all(cases: impl IntoIterator<Item = C>) -> Result<Vec<Self>, TooLarge> {
        session::batches(cases.into_iter(), usize::MAX)
            .map(|cases| {
                let parts: Vec<&Case> = cases.iter().map(Borrow::borrow).collect();
                let bytes = target::batch(&parts, false)?;
                Ok(Self { cases, bytes })
            })
            .collect()
    }

    /// What tells the batch from one of other scripts.
    #[must_use]
    pub fn digest(&self) -> u32 {
        CRC.checksum(&self.bytes)
    }
}
