//! The way out of the guest and back into it: what the hypervisor takes from the page at an exit, and what the page and
//! the hardware have to hold before the guest continues.
//!
//! Most exits change nothing of that, and writing the same again at entry would be most of their cost: so the entry
//! remembers what the last one was made from.

use sprig_isa::cpu::Family;
use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number;

use super::shared::{self, ByteOrder};
use super::{Design, Deviation, Exit, Hypervisor, deviation};
use crate::cpu::{Core, Interrupt};
use crate::mmu::space;
use crate::sources::Sources;

/// MSR bits of the guest that the hardware has while the guest runs: they act on what problem state does.
const GUEST_OWNED: u64 =
    book3s::SF | book3s::LE | msr::FP | book3s::FE0 | book3s::FE1 | book3s::VEC | book3s::VSX | booke::SPE;

/// The last way out of the guest, and the last one into it.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    /// The guest is not running: it has left and not been entered again.
    pub(super) outside: bool,
    /// The instruction count at the last exit.
    pub(super) exit: u64,
    /// The guest's MSR that the hardware's was last made from.
    pub(super) msr: Option<u64>,
    /// What the last entry has put into the page and into the alias registers is still there if the page is still this
    /// version, and the guest's MSR and what wants to interrupt it are the same.
    pub(super) version: Option<u64>,
    /// What wanted to interrupt the guest when it was last entered.
    pub(super) sources: Sources,
    /// When the guest left, page and alias registers were as the entry had made them.
    pub(super) is_unchanged: bool,
    /// They still are: the guest has left for an instruction that changes nothing which an entry looks at.
    pub(super) is_prepared: bool,
    /// An interrupt became deliverable in the middle of an instruction.
    pub(super) delivery_due: bool,
    /// The next entry does not load the alias registers.
    pub(super) keeps_aliases: bool,
    /// The next entry delivers nothing ([`Deviation::MtmsrdLosesInterrupt`]).
    pub(super) delivers_later: bool,
}

impl Default for Passage {
    /// The guest was never entered.
    fn default() -> Self {
        Self {
            outside: true,
            exit: 0,
            msr: None,
            version: None,
            sources: Sources::NONE,
            is_unchanged: false,
            is_prepared: false,
            delivery_due: false,
            keeps_aliases: false,
            delivers_later: false,
        }
    }
}

impl Hypervisor {
    /// The guest has left. `reason` is counted unless it had left already.
    #[inline(always)]
    pub(super) fn exit(&mut self, core: &mut Core, reason: Exit) {
        if self.last.outside {
            return;
        }
        self.last.outside = true;
        if let Some(deviation) = self.setup.deviation {
            self.exit_otherwise(core, deviation, reason);
        }
        self.exits.count(&core.memory, reason);
        self.last.exit = core.clock.executed();
        self.last.is_unchanged = self.take_from_page(core);
    }

    /// The guest goes on, with an interrupt if one can be delivered.
    #[inline(always)]
    pub(super) fn enter(&mut self, core: &mut Core) {
        let mut sources = self.interrupt_sources(core);
        let is_prepared = std::mem::take(&mut self.last.is_prepared) && self.setup.deviation.is_none();
        if is_prepared && sources.is_empty() && self.last.sources.is_empty() {
            return self.go_on();
        }
        if !sources.is_empty() && !std::mem::take(&mut self.last.delivers_later) {
            // Of an instruction that was emulated, and may have let the interrupts in.
            self.trace(core);
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
        if self.last.msr != Some(self.msr) || self.last.sources != sources || !self.is_page_as_entered(core) {
            self.prepare(core, sources);
        }
        self.go_on();
    }

    #[inline(always)]
    fn go_on(&mut self) {
        self.last.delivery_due = false;
        self.last.outside = false;
    }

    /// True if nobody has written to the page since the last entry.
    #[inline]
    pub(super) fn is_page_as_entered(&self, core: &Core) -> bool {
        self.last.version == Some(self.shared.version(&core.memory))
    }

    #[inline(never)]
    fn prepare(&mut self, core: &mut Core, sources: Sources) {
        let Core { memory, state, .. } = core;
        let order = self.shared.order();
        if let Some(page) = self.shared.page_mut(memory) {
            shared::MSR.set(page, order, self.msr);
            let pending = match self.setup.deviation {
                Some(Deviation::IntPendingZero) => false,
                Some(Deviation::IntPendingOne) => true,
                Some(Deviation::IntPendingWithoutEe) => !sources.is_empty() && self.msr & msr::EE == 0,
                _ => !sources.is_empty(),
            };
            shared::INT_PENDING.set(page, order, pending.into());
        }
        // What problem state reads under an alias is in the hardware what the page says it is, from here on.
        if !self.last.keeps_aliases && !matches!(self.setup.design, Some(Design::AliasOnWrite | Design::AliasNever)) {
            let mut shared = self.shared;
            if self.setup.deviation == Some(Deviation::Sprg3BigEndian) {
                shared.know_order(ByteOrder::Big);
            }
            self.aliases.loaded.iter().for_each(|alias| alias.load(shared, memory, state));
            if self.setup.deviation == Some(Deviation::AliasShowsHost) {
                state.spr.set(number::SPRG3, deviation::HOST_POINTER);
            }
        }
        self.last.version = (!self.last.keeps_aliases).then(|| self.shared.version(&core.memory));
        if self.last.msr != Some(self.msr) {
            core.set_msr(self.hardware_msr(), self.space());
            self.open_facilities(core);
            self.last.msr = Some(self.msr);
        }
        self.last.sources = sources;
    }

    /// The hardware's MSR while the guest runs: problem state, and what acts there. The guest's kernel may lock cache
    /// blocks whatever its UCLE says, which is about its own problem state.
    fn hardware_msr(&self) -> u64 {
        let kernel = self.msr & msr::PR == 0 || self.deviates(Deviation::CacheLockingOpen);
        let locks = if kernel && self.cpu.family == Family::BookeE500 { booke::UCLE } else { self.msr & booke::UCLE };
        self.msr & GUEST_OWNED | msr::PR | locks
    }

    /// Opens POWER8's facilities to the guest: to its kernel all of them, which runs in the state that FSCR closes them
    /// to, to its problem state those that its own FSCR opens.
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
