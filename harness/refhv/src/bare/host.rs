//! The host side of a bare machine: the interrupt lines. Registers and migration belong to a hypervisor's user
//! interface, which a bare machine does not have.

use sprig_wire::host::{Call, VALUES};

use super::Bare;
use crate::cpu::Core;
use crate::host::{Host, Refusal, Values};

/// The host side of a bare machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wires;

impl Host<Bare> for Wires {
    fn call(
        &mut self,
        core: &mut Core,
        _supervisor: &mut Bare,
        call: Call,
        _arguments: &Values,
    ) -> Result<Values, Refusal> {
        match call {
            Call::RaiseExternal => core.board.external = true,
            Call::LowerExternal => core.board.external = false,
            Call::RaiseCritical => core.board.critical = true,
            Call::LowerCritical => core.board.critical = false,
            // A machine has one CPU, whose number is zero.
            Call::VcpuId => {}
            _ => return Err(Refusal::Unknown),
        }
        Ok([0; VALUES])
    }
}
