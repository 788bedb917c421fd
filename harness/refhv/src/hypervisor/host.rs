//! The host side: what a user-space program (a VMM) sees and does through KVM's ioctls.
//!
//! KVM_GET/SET_REGS, _SREGS and _ONE_REG reach the same registers the guest does, through the same table; interrupt
//! lines are KVM_INTERRUPT; migration saves what these interfaces carry and nothing else.

mod structures;

use std::mem;
use std::ops::Range;

use sprig_isa::answer::Answerer;
use sprig_isa::capability::{COUNTS, Capability, PPC_OSI, WATCHDOG};
use sprig_isa::cpu::Family;
use sprig_isa::hcall::KVM_SC_SEQUENCE;
use sprig_isa::insn::Insn;
use sprig_isa::one_reg::ONE_REGS;
use sprig_isa::osi::Responder;
use sprig_isa::other_vm;
use sprig_isa::page::PAGE_SIZE;
use sprig_wire::host::{Call, REGS, SLOT_SIZE, SREGS, STATISTICS, VALUES, errno};
use sprig_wire::layout;

use super::shared;
use super::slots::{Slot, Slots};
use super::{Deviation, Exit, Hypervisor, policy};
use crate::cpu::Core;
use crate::host::{Host, Refusal, Values};
use crate::mmu::Searched;

/// Of a log that nobody has asked for (virt/kvm/kvm_main.c, kvm_get_dirty_log_protect).
const ENOENT: u64 = errno::ENOENT as u64;
pub(super) const EINVAL: u64 = errno::EINVAL as u64;
/// KVM_PPC_PVINFO_FLAGS_EV_IDLE (include/uapi/linux/kvm.h): there is the hypercall EV_IDLE.
const PVINFO_FLAGS_EV_IDLE: u64 = 1 << 0;
/// What fills up the four instructions of a hypercall.
const NOP: u32 = Insn::named("nop").word;

/// The immediate operand of an instruction.
const IMMEDIATE: u32 = 0xffff;

/// What user space has asked of the hypervisor and holds until it asks otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The interrupt controller is asked which an external interrupt is, and says so: EPR gets it.
    pub(super) next_vector: Option<u32>,
    /// Who answers the hypercalls of a partition that the hypervisor leaves to user space.
    pub(super) answerer: Answerer,
    /// Who answers Mac-on-Linux' calls, which are hypercalls once there is somebody.
    pub(super) responder: Option<Responder>,
    /// Those that it leaves to user space although it has them.
    pub(super) switched_off: Vec<u64>,
    /// One external interrupt is pending that is over when it has been delivered (KVM_INTERRUPT_SET).
    pub(super) external_once: bool,
    /// The line is forgotten when its interrupt has been delivered ([`Deviation::EdgeLeavesMark`]).
    pub(super) line_once: bool,
    /// How often each page of memory had been written to when user space last looked; empty where nobody logs that.
    logged: Vec<u64>,
    /// Its memory slots.
    slots: Slots,
}

/// The program that owns the guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserSpace;

impl Host<Hypervisor> for UserSpace {
    fn call(
        &mut self,
        core: &mut Core,
        hypervisor: &mut Hypervisor,
        call: Call,
        arguments: &Values,
    ) -> Result<Values, Refusal> {
        let [first, second, ..] = *arguments;
        let name = |names: &[&'static str]| {
            usize::try_from(first).ok().and_then(|index| names.get(index).copied()).ok_or(Refusal::Unknown)
        };
        let mut results = [0; VALUES];
        let result = match call {
            Call::GetRegs => hypervisor.get_regs(core, name(REGS)?)?,
            Call::SetRegs => hypervisor.set_regs(core, name(REGS)?, second).map(|()| 0)?,
            Call::GetSregs => hypervisor.get_sregs(core, name(SREGS)?)?,
            Call::SetSregs => hypervisor.set_sregs(core, name(SREGS)?, second).map(|()| 0)?,
            Call::GetOneReg => hypervisor.get_one_reg(core, first)?,
            Call::SetOneReg => hypervisor.set_one_reg(core, first, second).map(|()| 0)?,
            // Which of its structures comes first makes no difference here.
            Call::Migrate | Call::MigrateSregsFirst => {
                hypervisor.migrate(core)?;
                0
            }
            Call::RaiseExternal => wire(&mut core.board.external, true),
            Call::LowerExternal => {
                let taken_back = mem::take(&mut hypervisor.asked.external_once);
                hypervisor.asked.line_once |= taken_back && hypervisor.deviates(Deviation::EdgeLeavesMark);
                wire(&mut core.board.external, false)
            }
            Call::RaiseExternalOnce => {
                hypervisor.asked.external_once = true;
                0
            }
            Call::RaiseCritical => wire(&mut core.board.critical, true),
            Call::LowerCritical => wire(&mut core.board.critical, false),
            Call::VcpuId => hypervisor.setup.vcpu_id.into(),
            Call::OtherVm => hypervisor.run_other(
                core,
                first as u32,
                other_vm::Registers::from_bits(second as u32).without_units(),
            )?,
            Call::StartOtherVm => {
                hypervisor.start_other(first as u32, other_vm::Registers::from_bits(second as u32).without_units())?
            }
            Call::EndOtherVm => hypervisor.end_other(core)?,
            Call::Pvinfo => {
                let mut sequence = KVM_SC_SEQUENCE;
                if hypervisor.deviates(Deviation::PvinfoLowHalfTwice) {
                    sequence[0] = sequence[0] & !IMMEDIATE | sequence[1] & IMMEDIATE;
                }
                for (result, word) in results[1..].iter_mut().zip(sequence.into_iter().chain([NOP])) {
                    *result = word.into();
                }
                PVINFO_FLAGS_EV_IDLE
            }
            Call::SetGuestDebug => {
                let [control, of_two @ .., _, _, _] = *arguments;
                hypervisor.set_guest_debug(core, control as u32, breakpoints(of_two))?
            }
            Call::MoreBreakpoints => {
                let [of_two @ .., _, _, _, _] = *arguments;
                hypervisor.debug.more_breakpoints = breakpoints(of_two);
                0
            }
            Call::DebugStops => {
                let seen = hypervisor.debug.debugger.seen();
                results[..seen.len()].copy_from_slice(&seen);
                seen[0]
            }
            Call::Translate => {
                let process = (!hypervisor.deviates(Deviation::TranslateAnyProcess)).then_some((first >> 32) as u8);
                let (physical, valid) = match hypervisor.mmu.search(first, process) {
                    Searched::Unsupported => return Err(Refusal::Unknown),
                    // What is not set is as user space has put it there (sprig_kvm::host).
                    Searched::NotLookedFor => (u64::MAX, u8::MAX),
                    Searched::NotMapped => (u64::MAX, 0),
                    Searched::At(physical) => (physical, 1),
                };
                results[1] = valid.into();
                physical
            }
            Call::ExternalProxy => {
                hypervisor.asked.next_vector = (first != 0).then_some(second as u32);
                0
            }
            Call::EnableHcall => hypervisor.enable_hypercall(first, second).map(|()| 0)?,
            Call::AnswerHcall => {
                hypervisor.asked.answerer = Answerer::new(first, second as i64, arguments[2]);
                0
            }
            Call::HcallArgument => {
                let seen = hypervisor.asked.answerer.seen(first).ok_or(Refusal::Unknown)?;
                results[..seen.len()].copy_from_slice(&seen);
                seen[0]
            }
            Call::AnswerOsi if Capability::by_number(PPC_OSI).is_some_and(|osi| osi.is_of(hypervisor.cpu.family)) => {
                hypervisor.asked.responder = Some(Responder::new(first));
                0
            }
            Call::AnswerOsi => return Err(Refusal::Errno(EINVAL)),
            Call::OsiRegister => {
                let seen = hypervisor.asked.responder.and_then(|responder| responder.seen(first));
                let seen = seen.ok_or(Refusal::Unknown)?;
                results[..seen.len()].copy_from_slice(&seen);
                seen[0]
            }
            // Beside it nothing is touched that it does not name.
            Call::SetSregsBeside => hypervisor.set_sregs(core, name(SREGS)?, second).map(|()| 0)?,
            Call::Capability => hypervisor.capability(first),
            Call::EnableCapability => hypervisor.enable_capability(first, second).map(|()| 0)?,
            Call::WatchdogExits => {
                hypervisor.timers.advance(&core.clock, &mut hypervisor.registers.cells);
                hypervisor.watchdog_exits()
            }
            Call::GetTlb => {
                let [mas1, mas2, mas7_3] = hypervisor.mmu.tlb_entry(first).ok_or(Refusal::Unknown)?;
                results[1..3].copy_from_slice(&[mas2, mas7_3]);
                mas1
            }
            Call::SetTlb => {
                let [_, mas1, mas2, mas7_3, ..] = *arguments;
                hypervisor.mmu.set_tlb_entry(first, [mas1, mas2, mas7_3]).ok_or(Refusal::Unknown)?;
                hypervisor.flush(core);
                0
            }
            Call::ConfigureTlb if hypervisor.cpu.family == Family::BookeE500 => {
                let [geometry @ .., _, _, _, _] = *arguments;
                let mut registers = hypervisor.registers.view(&mut core.memory);
                let configured = hypervisor.mmu.configure_tlb(&mut registers, geometry);
                configured.ok_or(Refusal::Errno(EINVAL))?;
                hypervisor.flush(core);
                0
            }
            Call::ConfigureTlb => return Err(Refusal::Unknown),
            Call::ReplaceMemory => {
                let [_, length, word, ..] = *arguments;
                replace(core, first & !(PAGE_SIZE - 1)..first.saturating_add(length), word as u32)?
            }
            // The reference has no unit whose registers have as many bits.
            Call::GetWideReg | Call::SetWideReg => return Err(Refusal::Unknown),
            Call::ReplaceSlot => replace_slot(core, first, second as u32)?,
            // Who sees a store that only changes what a later load gets, and when, makes no difference here.
            Call::CoalesceMmio => 0,
            Call::GiveSlot => {
                let [_, address, length, flags, ..] = *arguments;
                let given = hypervisor.asked.slots.give(Slot { number: first, address, length, flags });
                given.map(|()| 0).map_err(|errno| Refusal::Errno(errno.into()))?
            }
            Call::Statistic => {
                let reason = match name(STATISTICS)? {
                    "MMIO_EXITS" => Exit::Mmio,
                    "EMULATED_INST_EXITS" => Exit::Emulated,
                    "SYSCALL_EXITS" => Exit::Hypercall,
                    _ => return Err(Refusal::Unknown),
                };
                hypervisor.exits.total_of(reason)
            }
            Call::LogDirty => {
                let pages = if first == 0 { 0 } else { core.memory.size() / PAGE_SIZE };
                hypervisor.asked.logged = (0..pages).map(|page| core.memory.writes(page * PAGE_SIZE)).collect();
                0
            }
            Call::Dirty => {
                let before =
                    usize::try_from(first / PAGE_SIZE).ok().and_then(|page| hypervisor.asked.logged.get_mut(page));
                let before = before.ok_or(Refusal::Errno(ENOENT))?;
                let now = core.memory.writes(first);
                u64::from(std::mem::replace(before, now) != now)
            }
        };
        results[0] = result;
        Ok(results)
    }
}

/// Type and address of each.
fn breakpoints([kind0, address0, kind1, address1]: [u64; 4]) -> [(u32, u64); 2] {
    [(kind0 as u32, address0), (kind1 as u32, address1)]
}

/// Other memory, with this word throughout, where the guest has these addresses: whole pages, of which the first begins
/// there.
fn replace(core: &mut Core, bytes: Range<u64>, word: u32) -> Result<u64, Refusal> {
    let end = bytes.end.checked_next_multiple_of(PAGE_SIZE);
    // Behind the guest's memory lies what the hypervisor keeps for itself.
    let end = end.filter(|end| *end <= u64::from(layout::RAM_SIZE)).ok_or(Refusal::Errno(EINVAL))?;
    for at in (bytes.start..end).step_by(size_of::<u32>()) {
        core.memory.write_u32(at, word).ok_or(Refusal::Errno(EINVAL))?;
    }
    Ok(0)
}

fn replace_slot(core: &mut Core, address: u64, word: u32) -> Result<u64, Refusal> {
    let size = u64::from(SLOT_SIZE);
    // There is a slot in front of it, and one behind.
    if address < size || address >= u64::from(layout::RAM_SIZE) - size {
        return Err(Refusal::Errno(EINVAL));
    }
    let start = address & !(size - 1);
    replace(core, start..start + size, word)
}

fn wire(line: &mut bool, level: bool) -> u64 {
    *line = level;
    0
}

impl Hypervisor {
    /// What KVM_CHECK_EXTENSION answers. How many CPUs there may be is one: no script can make another.
    fn capability(&self, number: u64) -> u64 {
        let number = number as u32;
        if COUNTS.iter().any(|(_, count)| *count == number) {
            return 1;
        }
        Capability::by_number(number).is_some_and(|capability| capability.is_of(self.cpu.family)).into()
    }

    /// KVM_ENABLE_CAP: of those that a script may ask for, whoever is told of the watchdog has it.
    fn enable_capability(&mut self, number: u64, flags: u64) -> Result<(), Refusal> {
        let is_watchdog = number as u32 == WATCHDOG && self.cpu.family.is_booke();
        if flags != 0 || !is_watchdog {
            return Err(Refusal::Errno(EINVAL));
        }
        self.timers.count_last_time_outs();
        Ok(())
    }

    /// How often user space was told of the watchdog's last time-out.
    fn watchdog_exits(&self) -> u64 {
        self.timers.last_time_outs()
    }

    /// Saves the guest through these interfaces and restores it into a fresh VM with the same memory. What is not a
    /// register is lost with the old VM's shared state: where the page was, what the guest stored to `critical` and
    /// `scratch`. Translations go along (the TLB of e500 is user space's, KVM_CAP_SW_TLB; the others' are in `struct
    /// kvm_sregs`), and so does every register, also where KVM's structures have no member for it (SPRG8).
    ///
    /// # Errors
    /// If the fresh VM refuses what the old one has saved.
    pub fn migrate(&mut self, core: &mut Core) -> Result<(), Refusal> {
        let regs: Vec<_> = REGS.iter().map(|name| (*name, self.get_regs(core, name))).collect();
        let sregs: Vec<_> = SREGS.iter().map(|name| (*name, self.get_sregs(core, name))).collect();
        let ids = ONE_REGS.iter().filter(|register| register.is_state()).map(|register| register.id);
        let one_regs: Vec<_> = ids.map(|id| (id, self.get_one_reg(core, id))).collect();
        let segments = self.segments;

        self.asked.switched_off.clear();
        self.asked.responder = None;
        self.shared.clear(&mut core.memory);
        self.identify(core);
        self.mapping = self.mapping.filter(|_| policy::PAGE_SURVIVES_MIGRATION);
        self.shared.set_segments(&mut core.memory, &shared::segment_values(&segments));
        for (name, value) in regs {
            if let Ok(value) = value {
                self.set_regs(core, name, value)?;
            }
        }
        for (name, value) in sregs {
            if let Ok(value) = value {
                self.set_sregs(core, name, value)?;
            }
        }
        for (id, value) in one_regs {
            if let Ok(value) = value {
                self.set_one_reg(core, id, value)?;
            }
        }
        self.flush(core);
        Ok(())
    }
}
