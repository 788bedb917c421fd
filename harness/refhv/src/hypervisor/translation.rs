//! What the guest's accesses reach: the page, or what the guest's own tables say, through the shadow TLB.

use sprig_isa::cpu::Family;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_isa::msr::{self, book3s};

use super::{Deviation, Exit, HOST_PAGE, Hypervisor, Mapping, policy};
use crate::cpu::{Access, Core, Fault, Translation};
use crate::mmu::{Mmu, relocated};

/// Where the guest's address leads in the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    host: u64,
    whole_page: bool,
}

impl Reach {
    /// Its address in the host.
    pub(super) const fn host(self) -> u64 {
        self.host
    }
}

/// A host address that is neither memory nor a device.
const NOWHERE: u64 = !(PAGE_SIZE - 1);

impl Hypervisor {
    /// An access the hardware has no translation for: known to the shadow TLB, or an exit.
    pub(super) fn guest_access(&mut self, core: &mut Core, address: u64, access: Access) -> Result<Translation, Fault> {
        let space = self.space();
        if let Some(physical) = self.shadow.find(address, space, access) {
            return Ok(Translation { physical, whole_page: true });
        }
        let is_known = self.is_known_otherwise(address, access);
        match self.resolve(core, address, access) {
            Ok(reach) if is_known && reach.whole_page => {
                self.shadow.insert(address, space, access, reach.host);
                Ok(Translation { physical: reach.host, whole_page: true })
            }
            Ok(reach) => {
                let was_outside = self.last.outside;
                self.exit(core, Exit::ShadowMiss);
                self.fill(core, address, access, reach);
                if !was_outside {
                    // The instruction goes on, so that an interrupt has to wait until it is done.
                    self.resume(core, self.interrupt_sources(core));
                    if self.deliverable(core).is_some() {
                        self.last.delivery_due = true;
                        core.clock.wake_now();
                    }
                }
                Ok(Translation { physical: reach.host, whole_page: reach.whole_page })
            }
            Err(fault) => {
                // The guest's own fault: the CPU makes it an interrupt, which is the exit.
                let mut registers = self.registers.view(&mut core.memory);
                self.mmu.note_fault(&mut registers, self.msr, address, access, fault);
                Err(fault)
            }
        }
    }

    /// True if the hardware has a translation of the page that serves this access as well, which is not known yet: it
    /// was made for another kind, and working it out for this one has no effect the guest could see.
    fn is_known_otherwise(&self, address: u64, access: Access) -> bool {
        let space = self.space();
        let kinds = [Access::Fetch, Access::Load, Access::Store];
        kinds.into_iter().any(|other| self.shadow.find(address, space, other).is_some())
            && !self.is_recorded(address, access)
    }

    /// Remembers a translation. Who loads from a page soon stores to it: that is remembered as well.
    fn fill(&mut self, core: &mut Core, address: u64, access: Access, reach: Reach) {
        if !reach.whole_page {
            return;
        }
        let space = self.space();
        self.shadow.insert(address, space, access, reach.host);
        let other = match access {
            Access::Fetch => return,
            Access::Load => Access::Store,
            Access::Store => Access::Load,
        };
        if !self.is_recorded(address, other)
            && let Ok(reach) = self.resolve(core, address, other)
            && reach.whole_page
        {
            self.shadow.insert(address, space, other, reach.host);
            core.lookaside.insert(address, other, reach.host);
        }
    }

    /// True if translating this access leaves a trace in the guest's page table. The access that was made has set the
    /// referenced bit; a store sets the changed bit as well.
    fn is_recorded(&self, address: u64, access: Access) -> bool {
        let hashed = matches!(self.mmu, Mmu::Hash32(_) | Mmu::Hash64(_));
        access == Access::Store && hashed && relocated(self.msr, access) && !self.is_page(address, access)
    }

    fn is_page(&self, address: u64, access: Access) -> bool {
        let embedded = self.cpu.family.is_booke();
        let (shown, hidden) = match self.setup.deviation {
            Some(Deviation::PageInProblemState) => (self.msr & !msr::PR, false),
            Some(Deviation::PageReadOnly) => (self.msr, access == Access::Store),
            Some(Deviation::PageMissingInRealMode) => (self.msr, !embedded && !relocated(self.msr, access)),
            Some(Deviation::PageInOneSpace) => (self.msr, embedded && relocated(self.msr, access)),
            _ => (self.msr, false),
        };
        !hidden
            && self
                .mapping
                .is_some_and(|mapping| mapping.is_reached(self.cpu.family, self.setup.design, shown, address, access))
    }

    /// Where an access to the page leads.
    fn reach_page(&self, address: u64) -> Reach {
        let slice = match self.mapping {
            // What of a large page of the host's the guest sees.
            Some(Mapping { pa, .. }) if self.deviates(Deviation::PageSliceWrong) => pa & (HOST_PAGE as u64 - 1),
            _ => 0,
        };
        Reach { host: self.shared.base() + slice + address % PAGE_SIZE, whole_page: true }
    }

    /// Where an access of the guest leads.
    pub(super) fn resolve(&mut self, core: &mut Core, address: u64, access: Access) -> Result<Reach, Fault> {
        let base = self.shared.base();
        if self.is_page(address, access) {
            return Ok(self.reach_page(address));
        }
        let translation = match self.walk(core, self.msr, address, access) {
            // What it may load it may execute. A fetch is translated whether or not data is.
            Err(Fault::NoExecute) if self.may_execute_anything() => {
                self.walk(core, self.msr | book3s::DR, address, Access::Load)?
            }
            result => result?,
        };
        let is_magic = |mapping: &Mapping| mapping.pa ^ translation.physical < PAGE_SIZE;
        let behind = policy::PAGE_BEHIND_TRANSLATION || self.deviates(Deviation::PageBehindTranslation);
        if behind && self.mapping.as_ref().is_some_and(is_magic) {
            return Ok(self.reach_page(address));
        }
        let behind_ram = (base..base + PAGE_SIZE).contains(&translation.physical);
        let host = if behind_ram { NOWHERE | translation.physical & (PAGE_SIZE - 1) } else { translation.physical };
        Ok(Reach { host, whole_page: translation.whole_page })
    }

    fn walk(&mut self, core: &mut Core, msr: u64, address: u64, access: Access) -> Result<Translation, Fault> {
        self.mmu.translate(&self.registers.cells, &mut core.memory, msr, address, access)
    }

    /// A kernel that maps the page without MAGIC_PAGE_FLAG_NOT_MAPPED_NX may have its trampolines in no-execute pages.
    fn may_execute_anything(&self) -> bool {
        let kernel = self.msr & msr::PR == 0 || self.deviates(Deviation::NoExecuteLiftedForPrograms);
        kernel && self.cpu.family == Family::Book3s64 && self.mapping.is_some_and(|mapping| !mapping.keeps_no_execute)
    }

    /// The guest's translations have changed.
    pub(super) fn flush(&mut self, core: &mut Core) {
        self.shadow.flush();
        core.lookaside.flush();
    }
}
