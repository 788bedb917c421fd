//! A hypervisor like KVM-PR: the guest kernel runs in real problem state.
//!
//! ```text
//!   guest  --- exit ---------------------------------------------------------------> hypervisor
//!              privileged instruction, sc, fault, shadow TLB miss, device, timer, host   |
//!                                                                                        | take EE and RI from the page
//!                                                                                        | emulate, or inject an interrupt
//!          <-- entry ----------------------------------------------------------------    |
//!              deliver what is pending; MSR, int_pending to the page; page's SPRGs to the hardware's aliases
//! ```
//!
//! A guest reads USPRG4 and the like from the hardware without an exit, and writes SPRG4 through the page without one.
//! So the two agree after the next exit and not before: that is what Sprig is about. Everything a guest must never
//! notice is decided in one place each:
//!
//! | layer | file | decides |
//! |---|---|---|
//! | emulation | `emulation.rs`, `registers.rs` | what a privileged instruction does, where a register is |
//! | exit, entry | `entry.rs` | what is taken from the page, and what page and hardware get |
//! | page | `page.rs`, `shared.rs` | where the page is seen, what is in it |
//! | hypercall | `hypercall.rs`, `partition.rs` | who may call, and what the calls answer |
//! | interrupt | `interrupt.rs`, `sources.rs` | what is pending, enabled, withheld, delivered |
//! | mmu | `translation.rs`, `shadow.rs` | what the guest's accesses reach |
//! | host | `host.rs`, `debug.rs`, `other_vm.rs` | what user space sees and does; debugging the guest; another guest on the CPU |
//!
//! What the contract leaves open is in `policy.rs`; what another design would do in `design.rs`; what a wrong
//! hypervisor does instead in `deviation.rs`.

mod debug;
mod design;
mod deviation;
mod emulation;
mod entry;
mod exits;
mod host;
mod hypercall;
mod interrupt;
mod other_vm;
mod page;
mod partition;
pub mod policy;
mod registers;
mod shadow;
mod shared;
mod slots;
mod translation;

pub use design::{DESIGNS, Design, Row as DesignRow};
pub use deviation::{Applies, DEVIATIONS, Description, Deviation, GuestKernel, INEXPRESSIBLE, Inexpressible, Layer};
pub use exits::{Counts, Exit, Exits, Step};
pub use host::UserSpace;
pub use page::Mapping;

use sprig_isa::cpu::Cpu;
use sprig_isa::exception::Exception;
use sprig_isa::hcall::EV_UNIMPLEMENTED;
use sprig_isa::msr;
use sprig_isa::page::{Field, PAGE_SIZE};
use sprig_isa::spr::{Rows, number};

use crate::bare::Timers;
use crate::clock::INSTRUCTIONS_PER_TICK;
use crate::cpu::{
    Access, Core, Direction, Fault, Interrupt, Pause, Privileged, Processor, Refused, Supervisor, Translation,
};
use crate::mmu::Mmu;
use crate::sources::Sources;
use crate::trace::Tracer;
use entry::Passage;
use host::Asked;
use other_vm::OtherVm;
use registers::{Aliases, RegisterFile};
use shadow::ShadowTlb;
use shared::{Segments, Shared, Slot};

/// A page of a host that has large ones, for [`Deviation::PageSliceWrong`].
const HOST_PAGE: usize = 0x1_0000;

/// How a hypervisor is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The guest may map the magic page. Without, it is told so, and every privileged instruction traps for ever.
    pub offers_page: bool,
    /// Number of the guest's CPU.
    pub vcpu_id: u32,
    /// How this hypervisor is designed; none: by the contract.
    pub design: Option<Design>,
    /// What this hypervisor does otherwise than it should.
    pub deviation: Option<Deviation>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { offers_page: true, vcpu_id: 0, design: None, deviation: None }
    }
}

/// The hypervisor, with its one guest CPU.
#[derive(Clone)]
pub struct Hypervisor {
    cpu: &'static Cpu,
    /// What special-purpose registers that CPU has.
    special: Option<Rows>,
    /// The guest's MMU.
    pub mmu: Mmu,
    /// The guest's timers.
    timers: Timers,
    /// The guest's special-purpose registers.
    registers: RegisterFile,
    shared: Shared,
    /// The guest's MSR as of the last exit. The page shows it, and may have another EE and RI meanwhile.
    msr: u64,
    /// The page's segment registers as of the last exit.
    segments: Segments,
    setup: Setup,
    /// Where the guest has asked for the page.
    mapping: Option<Mapping>,
    shadow: ShadowTlb,
    aliases: Aliases,
    exits: Exits,
    last: Passage,
    tracer: Tracer,
    /// Another guest that has the CPU by turns with this one.
    other: Option<Box<OtherVm>>,
    debug: debug::Debugging,
    asked: Asked,
}

impl Hypervisor {
    /// A hypervisor with a guest on this CPU, switched on. Takes a page of memory after the guest's RAM.
    #[must_use]
    pub fn new(core: &mut Core, setup: Setup) -> Self {
        let cpu = core.state.profile;
        let shared = Shared::allocate(&mut core.memory, Design::layout_offset(setup.design));
        if setup.deviation == Some(Deviation::PageSliceWrong) {
            core.memory.append(HOST_PAGE - PAGE_SIZE as usize);
        }
        let mut registers = RegisterFile::new(cpu, shared);
        let mut hypervisor = Self {
            cpu,
            special: Rows::of(cpu),
            mmu: Mmu::new(cpu, &mut registers.cells),
            timers: Timers::new(cpu.family, &core.clock),
            registers,
            shared,
            msr: 0,
            segments: shared.segments(&core.memory),
            setup,
            mapping: None,
            shadow: ShadowTlb::new(),
            aliases: Aliases::new(cpu, setup.deviation),
            exits: Exits::default(),
            last: Passage::default(),
            tracer: Tracer::default(),
            other: None,
            debug: debug::Debugging::default(),
            asked: Asked::default(),
        };
        hypervisor.reset(core);
        hypervisor
    }

    /// Writes the guest CPU's number where the guest looks for it.
    fn identify(&mut self, core: &mut Core) {
        let id = u64::from(self.setup.vcpu_id);
        self.registers.cells.set(number::BOOK3S_PIR, id);
        self.shared.set(&mut core.memory, shared::PIR, id);
    }

    /// Every exit so far.
    #[must_use]
    pub fn exits(&self) -> &Exits {
        &self.exits
    }

    /// Where the guest has the magic page, if it has.
    #[must_use]
    pub fn mapping(&self) -> Option<Mapping> {
        self.mapping
    }

    /// The value of a field of the shared state, mapped or not.
    #[must_use]
    pub fn shared_field(&self, core: &Core, field: &Field) -> u64 {
        self.shared.get(&core.memory, Slot::of(field))
    }

    /// True if privileged instructions are emulated where the guest is: in its kernel.
    #[inline]
    fn emulates(&self) -> bool {
        self.msr & msr::PR == 0 || self.deviates(Deviation::EmulatedInProblemState)
    }

    /// The guest continues after the instruction that has been emulated, or with the interrupt that it causes.
    #[inline(always)]
    fn go_behind(&mut self, core: &mut Core, done: Result<(), Interrupt>) {
        match done {
            Ok(()) => {
                if self.has_design(Design::HypervisorPatches) {
                    self.patch_guest(core, core.state.pc, core.insn.0);
                }
                core.state.pc = core.state.nia;
            }
            Err(interrupt) => self.inject(core, interrupt, core.state.pc),
        }
    }

    /// A register has been written that problem state reads in the hardware and that is not in the page.
    fn mirror(&self, core: &mut Core, cell: u16) {
        if self.aliases.mirrored.contains(&cell) {
            core.state.spr.set(cell, self.registers.get(&core.memory, cell));
        }
    }

    /// The tick before which the host does not come in by itself.
    fn slice_end(&self) -> u64 {
        (self.last.exit + policy::HOST_SLICE) / INSTRUCTIONS_PER_TICK
    }
}

impl Supervisor for Hypervisor {
    fn run(processor: &mut Processor<Self>, limit: u64) -> Pause {
        processor.run_loop(limit)
    }

    /// The guest's CPU starts again: registers, translations, timers, page. An embedded guest gets its initial
    /// translations.
    fn reset(&mut self, core: &mut Core) {
        let mut registers = RegisterFile::new(self.cpu, self.shared);
        core.state.spr = registers.cells.clone();
        core.state.cache_block = Design::cache_block(self.setup.design, self.cpu);
        self.mmu = Mmu::new(self.cpu, &mut registers.cells);
        self.mmu.map_board();
        self.registers = registers;
        self.timers = Timers::new(self.cpu.family, &core.clock);
        // A partition is entered with machine checks enabled (LoPAR, "Processor state at entry"), an embedded CPU by
        // the board.
        self.msr = if self.mmu.is_partition() || self.cpu.family.is_booke() { msr::ME } else { 0 };
        self.last.msr = None;
        self.last.version = None;
        self.tracer = Tracer::default();
        if !policy::PAGE_SURVIVES_RESET && !self.deviates(Deviation::PageSurvivesReset) {
            self.mapping = Design::initial_mapping(self.setup.design);
            self.shared.clear(&mut core.memory);
        }
        if self.has_design(Design::CodeInPage) {
            design::install_code(&mut core.memory, self.shared.base());
        }
        if self.deviates(Deviation::PageAtZero) && self.cpu.family.is_booke() {
            self.mapping = Some(Mapping { ea: 0, pa: 0, keeps_no_execute: true });
        }
        self.segments = self.shared.segments(&core.memory);
        core.waiting = false;
        self.identify(core);
        self.flush(core);
        self.enter(core);
    }

    fn translate(&mut self, core: &mut Core, address: u64, access: Access) -> Result<Translation, Fault> {
        self.guest_access(core, address, access)
    }

    /// The hardware is in problem state throughout, so it never executes a privileged instruction.
    fn privileged(&mut self, _core: &mut Core, _instruction: Privileged) -> Result<(), Interrupt> {
        Err(Interrupt::privileged(self.cpu.family))
    }

    /// See [`Self::privileged`].
    fn special(&mut self, _core: &mut Core, _direction: Direction, _number: u16) -> Result<(), Interrupt> {
        Err(Interrupt::privileged(self.cpu.family))
    }

    fn interrupt(&mut self, core: &mut Core, interrupt: Interrupt) {
        let is_program = interrupt.exception == Exception::Program;
        let emulated = (is_program && self.emulates()).then(|| self.emulated(core.insn)).flatten();
        match emulated {
            _ if interrupt.exception == Exception::SystemCall => self.system_call(core, interrupt),
            _ if self.deviates(Deviation::ReversedCallSkips) && hypercall::is_reversed(core.insn) => {
                self.exit(core, Exit::Hypercall);
                core.state.gpr[hypercall::STATUS] = EV_UNIMPLEMENTED.into();
                core.state.pc = core.state.nia.wrapping_add(4);
            }
            Some(instruction) => {
                self.exit(core, Exit::Emulated);
                let done = self.emulate(core, instruction);
                self.go_behind(core, done);
            }
            None if is_program && self.stops_at(core) => self.stop_at_breakpoint(core),
            None => {
                self.exit(core, Exit::Reflected);
                if interrupt.exception == Exception::FacilityUnavailable {
                    // Where the hardware says which facility it was.
                    self.registers.cells.set(number::FSCR, core.state.spr.get(number::FSCR));
                }
                let interrupt = match interrupt.exception {
                    Exception::VectorUnavailable if self.deviates(Deviation::VectorUnavailableIllegal) => {
                        Interrupt::illegal(self.cpu.family)
                    }
                    _ => interrupt,
                };
                self.inject(core, interrupt, core.state.pc);
            }
        }
        self.enter(core);
    }

    fn refused(&mut self, core: &mut Core, instruction: Refused) {
        if !self.emulates() {
            return self.interrupt(core, Interrupt::privileged(self.cpu.family));
        }
        self.exit(core, Exit::Emulated);
        let done = match instruction {
            Refused::Move(direction) => self.move_special(core, direction),
            Refused::Privileged(instruction) => self.privileged_instruction(core, instruction),
        };
        self.go_behind(core, done);
        self.enter(core);
    }

    fn poll(&mut self, core: &mut Core) {
        if self.debug.debugger.is_stepping() {
            self.stop_behind_step(core);
        }
        self.trace(core);
        self.timers.advance(&core.clock, &mut self.registers.cells);
        if core.waiting {
            // The guest waits in the hypervisor: nothing takes it out.
            self.last.exit = core.clock.executed();
            let deaf =
                if self.deviates(Deviation::IdleDeafToCritical) { Sources::CRITICAL_CLASS } else { Sources::NONE };
            if !self.interrupt_sources(core).without(deaf).is_empty() {
                core.waiting = false;
                self.last.delivery_due = true;
            }
        } else {
            let now = self.interrupt_sources(core);
            if !now.without(self.last.sources).both(Sources::TIMERS).is_empty() {
                self.exit(core, Exit::Timer);
            } else if core.clock.ticks() >= self.slice_end()
                || now.without(Sources::TIMERS) != self.last.sources.without(Sources::TIMERS)
            {
                self.exit(core, Exit::Host);
                self.schedule_other(core);
            }
        }
        if self.last.delivery_due && !self.last.outside {
            self.take_from_page(core);
        }
        if self.last.outside || self.last.delivery_due {
            self.enter(core);
        }
        let event = self.timers.next_event(&core.clock, &self.registers.cells);
        core.clock.wake_at_tick(event.min(self.slice_end()));
        self.tracer.begins(core, self.msr);
        if self.debug.debugger.is_stepping() {
            core.clock.wake_behind_next();
        }
    }

    fn device_access(&mut self, core: &mut Core) {
        self.exit(core, Exit::Mmio);
        // The access is not done yet: the guest is entered again before the next instruction.
        core.clock.wake_now();
    }
}
