//! The way out of the guest and back into it: what the hypervisor takes from the page at an exit, and what the page and the
//! hardware have to hold before the guest continues.
//!
//! Most exits change nothing of that, and writing the same again at entry would be most of their cost: so the entry
//! remembers what the last one was made from.

use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number;

use super::shared::{self, ByteOrder};
use super::sources::Sources;
use super::{Design, Deviation, Exit, Hypervisor, deviation};
use crate::cpu::{Core, Interrupt};
use crate::mmu::space;

/// MSR bits of the guest that the hardware has while the guest runs: they act on what problem state does.
const GUEST_OWNED: u64 =
    book3s::SF | book3s::LE | msr::FP | book3s::FE0 | book3s::FE1 | book3s::VEC | book3s::VSX | booke::SPE;

impl Hypervisor {
    /// The guest has left. `reason` is counted unless it had left already.
    #[inline(always)]
    pub(super) fn exit(&mut self, core: &mut Core, reason: Exit) {
        if self.outside {
            return;
        }
        self.outside = true;
        if let Some(deviation) = self.deviation {
            self.exit_otherwise(core, deviation, reason);
        }
        self.exits.count(&core.memory, reason);
        self.last_exit = core.clock.executed();
        self.is_as_entered = self.take_from_page(core);
    }

    /// The guest goes on, with an interrupt if one can be delivered.
    #[inline(always)]
    pub(super) fn enter(&mut self, core: &mut Core) {
        let mut sources = self.interrupt_sources(core);
        let is_prepared = std::mem::take(&mut self.is_prepared) && self.deviation.is_none();
        if is_prepared && sources.is_empty() && self.sources.is_empty() {
            return self.go_on();
        }
        if !sources.is_empty() && !std::mem::take(&mut self.delivers_later) {
            sources = self.deliver(core);
        }
        if self.deviates(Deviation::ResetAtEntry) {
            self.inject(core, Interrupt::new(Exception::SystemReset), core.state.pc);
        }
        self.resume(core, sources);
    }

    /// The guest goes on where it is: the page and the hardware get what they have to have while it runs.
    #[inline(always)]
    pub(super) fn resume(&mut self, core: &mut Core, sources: Sources) {
        if self.entered_msr != Some(self.msr) || self.sources != sources || !self.is_page_as_entered(core) {
            self.prepare(core, sources);
        }
        self.go_on();
    }

    #[inline(always)]
    fn go_on(&mut self) {
        self.delivery_due = false;
        self.outside = false;
    }

    /// True if nobody has written to the page since the last entry.
    #[inline]
    pub(super) fn is_page_as_entered(&self, core: &Core) -> bool {
        self.entered_version == Some(self.shared.version(&core.memory))
    }

    #[inline(never)]
    fn prepare(&mut self, core: &mut Core, sources: Sources) {
        let Core { memory, state, .. } = core;
        let order = self.shared.order();
        if let Some(page) = self.shared.page_mut(memory) {
            shared::MSR.set(page, order, self.msr);
            let pending = match self.deviation {
                Some(Deviation::IntPendingZero) => false,
                Some(Deviation::IntPendingOne) => true,
                _ => !sources.is_empty(),
            };
            shared::INT_PENDING.set(page, order, pending.into());
            // What problem state reads under an alias is in the hardware what the page says it is, from here on.
            if !self.keeps_aliases && !matches!(self.design, Some(Design::AliasOnWrite | Design::AliasNever)) {
                let order = if self.deviation == Some(Deviation::Sprg3BigEndian) { ByteOrder::Big } else { order };
                self.aliases.iter().for_each(|alias| alias.load(page, order, state));
                if self.deviation == Some(Deviation::AliasShowsHost) {
                    state.spr.set(number::SPRG3, deviation::HOST_POINTER);
                }
            }
        }
        self.entered_version = (!self.keeps_aliases).then(|| self.shared.version(&core.memory));
        if self.entered_msr != Some(self.msr) {
            core.set_msr(self.hardware_msr(), self.space());
            self.open_facilities(core);
            self.entered_msr = Some(self.msr);
        }
        self.sources = sources;
    }

    /// The hardware's MSR while the guest runs: problem state, and what acts there. The guest's kernel may lock cache blocks
    /// whatever its UCLE says, which is about its own problem state.
    fn hardware_msr(&self) -> u64 {
        let kernel = self.msr & msr::PR == 0;
        let locks = if kernel && self.cpu.family == Family::BookeE500 { booke::UCLE } else { self.msr & booke::UCLE };
        self.msr & GUEST_OWNED | msr::PR | locks
    }

    /// Opens POWER8's facilities to the guest: to its kernel all of them, which runs in the state that FSCR closes them to, to
    /// its problem state those that its own FSCR opens.
    fn open_facilities(&self, core: &mut Core) {
        if self.mmu.is_partition() {
            let kernel = self.msr & msr::PR == 0;
            core.state.spr.set(number::FSCR, if kernel { u64::MAX } else { self.registers.cells.get(number::FSCR) });
        }
    }

    /// What the guest's translations depend on, as the lookaside and the shadow TLB tell them apart.
    pub(super) fn space(&self) -> u8 {
        const WIDE: u8 = 1 << 3;
        space(self.msr) | if self.msr & book3s::SF != 0 { WIDE } else { 0 }
    }
}
