//! What wrong hypervisors do when the guest has left.

use sprig_isa::spr::number;

use super::{Deviation, HOST_POINTER};
use crate::cpu::{Core, Stop};
use crate::hypervisor::{Exit, Hypervisor};

impl Hypervisor {
    #[cold]
    pub(in crate::hypervisor) fn exit_otherwise(&mut self, core: &mut Core, deviation: Deviation, reason: Exit) {
        let by_host = matches!(reason, Exit::Timer | Exit::Host);
        match deviation {
            Deviation::AliasReloadedRarely => self.last.keeps_aliases = !by_host && reason != Exit::Mmio,
            Deviation::AliasLateAfterWrite => self.last.keeps_aliases = false,
            Deviation::AliasStaleInHandler => self.last.keeps_aliases = reason == Exit::Reflected,
            Deviation::AliasClobberedByHost if by_host => {
                if let Some(alias) = self.aliases.loaded.last() {
                    core.state.spr.set(alias.cell, HOST_POINTER);
                }
            }
            Deviation::HostLosesUsprg0 if by_host => core.state.spr.set(number::USPRG0, 0),
            Deviation::ExitStopsHost => core.stop(Stop::GivenUp),
            _ => {}
        }
    }
}
