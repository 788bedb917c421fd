//! User space debugs the guest: KVM_SET_GUEST_DEBUG and KVM_EXIT_DEBUG, with [`sprig_isa::debug`] as the debugger; and
//! the guest itself, by trace interrupts.
//!
//! | what stops the guest | noticed |
//! |---|---|
//! | a software breakpoint | as an illegal instruction: user space gets it, not the guest |
//! | a step | by the clock, after each instruction, one that the hypervisor emulates among them |
//! | a hardware breakpoint | never: the registers are set, and the reference's CPUs have no debug interrupts |

use sprig_isa::debug::{self, Debugger, SOFTWARE_BREAKPOINT, Stop, dbcr0};
use sprig_isa::msr;
use sprig_isa::spr::number as n;

use super::host::EINVAL;
use super::{Deviation, Exit, Hypervisor};
use crate::cpu::{Core, INSTRUCTION};
use crate::host::Refusal;

/// Type and address of a hardware breakpoint, as user space gives it.
pub(super) type Breakpoint = (u32, u64);

/// User space as the guest's debugger.
#[derive(Clone, Debug, Default)]
pub(super) struct Debugging {
    pub(super) debugger: Debugger,
    /// Hardware breakpoints that each KVM_SET_GUEST_DEBUG has besides its own.
    pub(super) more_breakpoints: [Breakpoint; 2],
    /// The events of DBCR0 that its hardware breakpoints are.
    events: u32,
    /// The instruction count at which it has stopped the guest last.
    last_stop: u64,
}

/// The registers that are user space's while it debugs ("If userspace is debugging guest then guest can not access
/// debug registers", arch/powerpc/kvm/booke_emulate.c).
const REGISTERS: [u16; 10] =
    [n::IAC1, n::IAC2, n::IAC3, n::IAC4, n::DAC1, n::DAC2, n::DBCR0, n::DBCR1, n::DBCR2, n::DBSR];

/// The bits that a guest sets of a register. By those of DBCR0 that are left out it would stop its hypervisor, or reset
/// the machine (arch/powerpc/kvm/booke_emulate.c, kvmppc_booke_emulate_mtspr).
pub(super) const fn of_guest(cell: u16) -> u64 {
    if cell == n::DBCR0 { CONTROL_OF_GUEST as u64 } else { u64::MAX }
}

const CONTROL_OF_GUEST: u32 = {
    use dbcr0::*;
    /// IAC3 and IAC4.
    const MORE_IAC: u32 = IAC[1] >> 1 | IAC[1] >> 2;
    let data = DAC_READ[0] | DAC_WRITE[0] | DAC_READ[1] | DAC_WRITE[1];
    IDM | ICMP | BRT | TRAP | IAC[0] | IAC[1] | MORE_IAC | data
};

impl Hypervisor {
    /// True if the guest cannot change this register, of a CPU that user space debugs.
    #[inline(never)]
    pub(super) fn is_user_spaces(&self, cell: u16) -> bool {
        self.cpu.family.is_booke() && REGISTERS.contains(&cell) && !self.deviates(Deviation::DebugRegistersAreGuests)
    }

    /// KVM_SET_GUEST_DEBUG.
    ///
    /// # Errors
    /// If there are not so many hardware breakpoints, or one is of a kind that is not known.
    pub(super) fn set_guest_debug(
        &mut self,
        core: &mut Core,
        control: u32,
        breakpoints: [Breakpoint; 2],
    ) -> Result<u64, Refusal> {
        self.debug.debugger = Debugger::new(control);
        if self.cpu.family.is_booke() {
            let all = breakpoints.into_iter().chain(self.debug.more_breakpoints);
            self.debug.events = if control & debug::USE_HW_BP != 0 { self.set_breakpoints(all)? } else { 0 };
            self.registers.cells.set(n::DBCR0, self.debug_control().into());
        }
        core.clock.wake_now();
        Ok(0)
    }

    /// Puts hardware breakpoints into the registers; the events of DBCR0 that belong to them.
    fn set_breakpoints(&mut self, breakpoints: impl Iterator<Item = Breakpoint>) -> Result<u32, Refusal> {
        const ADDRESSES: [[u16; 2]; 2] = [[n::IAC1, n::IAC2], [n::DAC1, n::DAC2]];
        const KNOWN: u32 = debug::BREAKPOINT | debug::WATCH_READ | debug::WATCH_WRITE;
        let mut used = [0; 2];
        let mut events = 0;
        for (kind, address) in breakpoints.filter(|(kind, _)| *kind != 0) {
            if kind & !KNOWN != 0 {
                return Err(Refusal::Errno(EINVAL));
            }
            let is_watch = usize::from(kind & debug::BREAKPOINT == 0);
            let index = used[is_watch];
            used[is_watch] += 1;
            let register = ADDRESSES[is_watch].get(index).ok_or(Refusal::Errno(EINVAL))?;
            self.registers.cells.set(*register, address & u64::from(u32::MAX));
            events |= match is_watch {
                0 => dbcr0::IAC[index],
                _ => {
                    let of = |wanted, event| if kind & wanted != 0 { event } else { 0 };
                    of(debug::WATCH_READ, dbcr0::DAC_READ[index]) | of(debug::WATCH_WRITE, dbcr0::DAC_WRITE[index])
                }
            };
        }
        Ok(events)
    }

    /// What the guest reads in DBCR0.
    fn debug_control(&self) -> u32 {
        let events = self.debug.events;
        let control = self.debug.debugger.control();
        if control & debug::ENABLE == 0 {
            return 0;
        }
        let steps = if control & debug::SINGLESTEP != 0 { dbcr0::ICMP } else { 0 };
        let interrupts = if steps | events != 0 { dbcr0::IDM } else { 0 };
        dbcr0::EDM | interrupts | steps | events
    }

    /// True if the guest has come to a software breakpoint of its debugger.
    pub(super) fn stops_at(&self, core: &Core) -> bool {
        let is_reflected = self.deviates(Deviation::BreakpointReflected) && self.msr & msr::PR != 0;
        self.debug.debugger.uses_breakpoints() && core.insn.0 == SOFTWARE_BREAKPOINT && !is_reflected
    }

    /// It continues after it.
    pub(super) fn stop_at_breakpoint(&mut self, core: &mut Core) {
        self.stop(core, true);
        core.clock.wake_now();
    }

    /// The guest has executed another instruction: that is a stop. If the next one is a breakpoint, it is one at that.
    pub(super) fn stop_behind_step(&mut self, core: &mut Core) {
        if core.clock.executed() == self.debug.last_stop {
            return;
        }
        if self.deviates(Deviation::StepOverEmulated) && self.has_emulated(core) {
            return;
        }
        let word = core.memory.read_u32(core.state.pc).unwrap_or(0);
        self.stop(core, [word, word.swap_bytes()].contains(&SOFTWARE_BREAKPOINT));
    }

    /// True if the last instruction is one that it emulates.
    fn has_emulated(&self, core: &Core) -> bool {
        self.emulates() && self.emulated(core.insn).is_some()
    }

    /// MSR\[SE\] or MSR\[BE\] of the guest may ask for a trace interrupt behind the last instruction.
    pub(super) fn trace(&mut self, core: &mut Core) {
        let Some(trace) = self.tracer.due(core) else { return };
        if self.deviates(Deviation::TraceOverEmulated) && self.has_emulated(core) {
            return;
        }
        self.exit(core, Exit::Reflected);
        self.inject(core, trace, core.state.pc);
    }

    fn stop(&mut self, core: &mut Core, is_breakpoint: bool) {
        self.exit(core, Exit::Debug);
        let pc = core.state.pc;
        self.debug.debugger.note(&Stop { pc, address: pc, status: 0, is_breakpoint });
        self.debug.last_stop = core.clock.executed();
        if is_breakpoint {
            core.state.pc = core.state.effective(pc.wrapping_add(INSTRUCTION));
        }
        if self.cpu.family.is_booke() {
            self.registers.cells.set(n::DBCR0, self.debug_control().into());
        }
    }
}
