//! A machine at one moment of its life, to make others that continue from there.
//!
//! Every case has a machine of its own, and each of them boots the same kernel. What the kernel does before it looks at
//! what has been put into its memory for the case is the same each time, so it is done once:
//!
//! ```text
//!   power-on --boot--> before the first access to a page --case 1--> end
//!                                  |
//!                               Snapshot --to_machine--> the same --case 2--> end
//! ```

use std::fmt;
use std::sync::Arc;

use crate::cpu::{Access, Core, Pause, Supervisor};
use crate::image::{Image, ImageError};
use crate::machine::Machine;
use crate::moment::Moment;

/// Everything a machine is.
pub struct Snapshot<S> {
    moment: Moment<S>,
    image: Arc<Image>,
}

impl<S> fmt::Debug for Snapshot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("executed", &self.moment.executed()).finish_non_exhaustive()
    }
}

impl<S: Supervisor + Clone> Snapshot<S> {
    /// A machine as `make` gives it, just before the first instruction that loads from the page around an effective
    /// address. None if it does not come so far within `limit` instructions, or stops or asks something of its board
    /// before.
    ///
    /// # Errors
    /// That of `make`.
    pub fn before_load(
        make: impl Fn() -> Result<Machine<S>, ImageError>,
        address: u64,
        limit: u64,
    ) -> Result<Option<Self>, ImageError> {
        let Some(first) = first_load(make()?, address, limit) else { return Ok(None) };
        let mut machine = make()?;
        let paused = machine.processor.run(first - 1);
        Ok((paused == Pause::Limit).then(|| Self::of(&machine)))
    }

    fn of(machine: &Machine<S>) -> Self {
        Self { moment: Moment::of(&machine.processor), image: machine.image() }
    }

    /// A machine that goes on from here. Its lookaside is empty, as it may be at any time.
    #[must_use]
    pub fn to_machine(&self) -> Machine<S> {
        Machine::going_on(self.moment.to_processor(), Arc::clone(&self.image))
    }
}

/// The number of the first instruction that loads from the page around an address.
fn first_load<S: Supervisor>(mut machine: Machine<S>, address: u64, limit: u64) -> Option<u64> {
    let is_known = |core: &Core| core.lookaside.find(address, 1, Access::Load).is_some();
    (1..=limit)
        .map_while(|number| (machine.processor.run(number) == Pause::Limit).then(|| is_known(machine.core())))
        .position(|known| known)
        .map(|before| before as u64 + 1)
}
