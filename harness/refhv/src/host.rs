//! Host steps: what a script asks of the host side while the guest waits ([`sprig_wire::host`]).

use sprig_wire::host::{ARGUMENTS, Call, HostCall, RESULTS, STATUS_OK, STATUS_REFUSED, STATUS_UNKNOWN, VALUES};
use sprig_wire::layout::HOST_BLOCK;

use crate::cpu::Core;

/// Why a host step did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such step, or no such register, on this machine.
    Unknown,
    /// The step was refused with this errno.
    Errno(u64),
}

/// Values of a host step: its arguments, or its results; those it does not have are zero.
pub type Values = [u64; VALUES];

/// The host side of a machine with this supervisor.
pub trait Host<S> {
    /// Carries out a host step.
    ///
    /// # Errors
    /// Why it did not happen.
    fn call(&mut self, core: &mut Core, supervisor: &mut S, call: Call, arguments: &Values) -> Result<Values, Refusal>;
}

/// Carries out the step the host block describes and writes its status and results there.
pub(crate) fn serve<S>(host: &mut dyn Host<S>, core: &mut Core, supervisor: &mut S) {
    /// The call number is the upper half of the block's first word.
    const CALL_SHIFT: u32 = 16;
    const STATUS: u64 = 4;
    let block = u64::from(HOST_BLOCK);
    let number = core.memory.read_u32(block).unwrap_or(0) >> CALL_SHIFT;
    let at = |offset: u32, index: usize| block + u64::from(offset) + 8 * index as u64;
    let arguments: Values = std::array::from_fn(|index| core.memory.read_u64(at(ARGUMENTS, index)).unwrap_or(0));
    let answer = match u16::try_from(number).ok().and_then(HostCall::by_number) {
        Some(row) => host.call(core, supervisor, row.call, &arguments),
        None => Err(Refusal::Unknown),
    };
    let (status, results) = match answer {
        Ok(results) => (STATUS_OK, results),
        Err(Refusal::Unknown) => (STATUS_UNKNOWN, [0; VALUES]),
        Err(Refusal::Errno(errno)) => (STATUS_REFUSED, [errno, 0, 0, 0, 0, 0, 0, 0]),
    };
    // The block lies in RAM, which is larger than the layout: the writes cannot fail.
    let _ = core.memory.write_u32(block + STATUS, status);
    for (index, value) in results.iter().enumerate() {
        let _ = core.memory.write_u64(at(RESULTS, index), *value);
    }
}
