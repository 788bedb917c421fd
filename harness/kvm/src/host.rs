//! Host steps ([`sprig_wire::host`]) by KVM's ioctls, and the host's side of a case between two of them: the debugger
//! of its guest, and the interrupt controller that is asked for vectors.

use crate::exit::{Hypercall, Stopped};
use crate::other_vm;
use crate::registers::Family;
use crate::system::{Breakpoint, CoalescedZone, Errno, Failure, GuestDebug, Translation, Vm, interrupt};
use crate::tlb::{Entry, Params};
use sprig_isa::answer::Answerer;
use sprig_isa::capability::{PPC_OSI, WATCHDOG};
use sprig_isa::debug::{Debugger, SOFTWARE_BREAKPOINT, Stop};
use sprig_isa::one_reg::{self, LPCR, OF_PARTITION, ONE_REGS};
use sprig_isa::osi::Responder;
use sprig_isa::other_vm::Registers;
use sprig_wire::board::{LATCH, LATCH_SIZE, REGISTERS};
use sprig_wire::host::{
    ARGUMENTS, Call, HostCall, REGS, RESULTS, STATISTICS, STATUS_OK, STATUS_REFUSED, STATUS_UNKNOWN, VALUES,
};
use sprig_wire::layout::HOST_BLOCK;

/// Bytes of a page of the guest's.
const GUEST_PAGE: usize = sprig_isa::mmu::PAGE_SIZE as usize;

/// Why a step was not carried out.
enum Refusal {
    /// There is no such step or register.
    Unknown,
    /// An ioctl failed.
    Errno(Errno),
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Errno(failure.errno)
    }
}

/// Which registers a new machine gets first.
#[derive(Clone, Copy)]
enum First {
    /// Those of KVM_SET_REGS, as QEMU has it (kvm_arch_put_registers).
    Regs,
    /// Those of KVM_SET_SREGS. KVM-PR on Book3S-64 keeps the segments of real mode then (docs/findings).
    Sregs,
}

/// The host's side of a case.
#[derive(Debug, Default)]
pub struct Host {
    debugger: Debugger,
    breakpoints: [Breakpoint; 2],
    more_breakpoints: [Breakpoint; 2],
    /// What the next external interrupt is.
    vector: u32,
    answerer: Answerer,
    /// Who answers Mac-on-Linux' calls, once they are asked for.
    responder: Option<Responder>,
    /// Somebody has asked to be told of the watchdog's last time-out.
    asks_for_watchdog: bool,
    watchdog_exits: u64,
}

impl Host {
    /// Carries out the step the host block describes and writes its status and results there.
    pub fn serve(&mut self, vm: &mut impl Vm) {
        let block = HOST_BLOCK as usize;
        let number = u16::from_be_bytes(field(vm, block));
        let arguments: [u64; VALUES] =
            core::array::from_fn(|index| u64::from_be_bytes(field(vm, block + ARGUMENTS as usize + 8 * index)));
        let call = HostCall::by_number(number).map(|row| row.call);
        let mut results = [0; VALUES];
        let status = match call.map_or(Err(Refusal::Unknown), |call| self.call(vm, call, &arguments, &mut results)) {
            Ok(result) => {
                results[0] = result;
                STATUS_OK
            }
            Err(Refusal::Unknown) => STATUS_UNKNOWN,
            Err(Refusal::Errno(Errno(number))) => {
                results[0] = number.into();
                STATUS_REFUSED
            }
        };
        store(vm, block + size_of::<u32>(), &status.to_be_bytes());
        for (index, result) in results.iter().enumerate() {
            store(vm, block + RESULTS as usize + 8 * index, &result.to_be_bytes());
        }
    }

    /// A step; its first result. The others are put in their places.
    fn call(
        &mut self,
        vm: &mut impl Vm,
        call: Call,
        arguments: &[u64; VALUES],
        results: &mut [u64; VALUES],
    ) -> Result<u64, Refusal> {
        // The guest's store to the board is not over until then.
        vm.complete()?;
        let [first, second, third, ..] = *arguments;
        match call {
            Call::Pvinfo => {
                let info = vm.pvinfo()?;
                for (result, word) in results[1..].iter_mut().zip(info.hcall) {
                    *result = u32::from_be_bytes(word).into();
                }
                Ok(info.flags.into())
            }
            Call::SetGuestDebug => {
                let [_, of_two @ .., _, _, _] = *arguments;
                self.debugger = Debugger::new(first as u32);
                self.breakpoints = breakpoints(of_two);
                Ok(self.debug(vm).map(|()| 0)?)
            }
            Call::MoreBreakpoints => {
                let [of_two @ .., _, _, _, _] = *arguments;
                self.more_breakpoints = breakpoints(of_two);
                Ok(0)
            }
            Call::DebugStops => {
                let seen = self.debugger.seen();
                results[..seen.len()].copy_from_slice(&seen);
                Ok(seen[0])
            }
            Call::Translate => {
                // What the kernel does not set is seen.
                let mut translation =
                    Translation { linear_address: first, physical_address: !0, valid: !0, ..Translation::default() };
                vm.translate(&mut translation)?;
                results[1] = translation.valid.into();
                Ok(translation.physical_address)
            }
            Call::GetWideReg => {
                let [value, behind] = vm.wide_reg(first)?;
                results[1] = behind;
                Ok(value)
            }
            Call::SetWideReg => Ok(vm.set_wide_reg(first, [second, third]).map(|()| 0)?),
            Call::ExternalProxy => {
                self.vector = second as u32;
                Ok(vm.enable_external_proxy(first != 0).map(|()| 0)?)
            }
            Call::EnableHcall => Ok(vm.enable_hypercall(first, second).map(|()| 0)?),
            Call::AnswerHcall => {
                self.answerer = Answerer::new(first, second as i64, third);
                Ok(0)
            }
            Call::HcallArgument => {
                let seen = self.answerer.seen(first).ok_or(Refusal::Unknown)?;
                results[..seen.len()].copy_from_slice(&seen);
                Ok(seen[0])
            }
            Call::AnswerOsi => {
                vm.enable_capability(PPC_OSI, 0, 0)?;
                self.responder = Some(Responder::new(first));
                Ok(0)
            }
            Call::OsiRegister => {
                let seen = self.responder.and_then(|responder| responder.seen(first)).ok_or(Refusal::Unknown)?;
                results[..seen.len()].copy_from_slice(&seen);
                Ok(seen[0])
            }
            Call::Capability => Ok(vm.capability(first as u32)?.into()),
            Call::EnableCapability => {
                vm.enable_capability(first as u32, second as u32, third)?;
                self.asks_for_watchdog |= first == u64::from(WATCHDOG);
                Ok(0)
            }
            Call::WatchdogExits => Ok(self.watchdog_exits),
            Call::GetTlb => {
                let entry = *entry(vm, first)?;
                results[1..3].copy_from_slice(&[entry.mas2, entry.mas7_3]);
                Ok(entry.mas1.into())
            }
            Call::SetTlb => {
                let [_, mas1, mas2, mas7_3, ..] = *arguments;
                *entry(vm, first)? = Entry { mas8: 0, mas1: mas1 as u32, mas2, mas7_3 };
                Ok(vm.dirty_tlb().map(|()| 0)?)
            }
            Call::ConfigureTlb if vm.family() == Family::Embedded => {
                let [entries0, ways0, entries1, ways1, ..] = arguments.map(|value| value as u32);
                vm.configure_tlb(Params::of([entries0, entries1], [ways0, ways1]))?;
                Ok(vm.dirty_tlb().map(|()| 0)?)
            }
            Call::ReplaceMemory => {
                let [first, length] = [first, second].map(|value| usize::try_from(value).unwrap_or(usize::MAX));
                let start = first & !(GUEST_PAGE - 1);
                let end = first.saturating_add(length).checked_next_multiple_of(GUEST_PAGE).unwrap_or(usize::MAX);
                vm.replace(start..end)?;
                for word in (start..end).step_by(size_of::<u32>()) {
                    store(vm, word, &(third as u32).to_be_bytes());
                }
                Ok(0)
            }
            Call::ReplaceSlot => {
                let at = usize::try_from(first).unwrap_or(usize::MAX);
                Ok(vm.replace_slot(at, second as u32).map(|()| 0)?)
            }
            Call::CoalesceMmio => {
                let latch = CoalescedZone { addr: (REGISTERS + LATCH).into(), size: LATCH_SIZE, pio: 0 };
                Ok(vm.collect_stores(latch, first != 0).map(|()| 0)?)
            }
            Call::GiveSlot => {
                let [_, address, length, flags, ..] = *arguments;
                Ok(vm.give_slot(first as u32, address, length, flags as u32).map(|()| 0)?)
            }
            Call::Statistic => {
                let name = usize::try_from(first).ok().and_then(|index| STATISTICS.get(index));
                Ok(vm.statistic(name.ok_or(Refusal::Unknown)?).ok_or(Refusal::Unknown)?)
            }
            Call::LogDirty => Ok(vm.log_dirty(first != 0).map(|()| 0)?),
            Call::Dirty => Ok(vm.is_dirty(usize::try_from(first).unwrap_or(usize::MAX))?.into()),
            _ => call_vm(vm, call, [first, second]),
        }
    }

    /// The watchdog's last time-out has come. True if somebody has asked to be told.
    pub fn hears_watchdog(&mut self) -> bool {
        self.watchdog_exits += 1;
        self.asks_for_watchdog
    }

    /// Tells the kernel what is debugged now.
    fn debug(&self, vm: &mut impl Vm) -> Result<(), Errno> {
        let mut debug = GuestDebug { control: self.debugger.control(), ..GuestDebug::default() };
        let all = self.breakpoints.iter().chain(&self.more_breakpoints);
        debug.bp.iter_mut().zip(all).for_each(|(place, breakpoint)| *place = *breakpoint);
        vm.set_guest_debug(&debug)
    }

    /// The guest has stopped. True if somebody debugs it; where nobody does it goes on, too: behind a software
    /// breakpoint, which it would not come past otherwise.
    ///
    /// # Errors
    /// The kernel's.
    pub fn stopped(&mut self, vm: &mut impl Vm, why: Stopped) -> Result<bool, Errno> {
        let mut regs = vm.regs()?;
        let pc = regs.pc();
        // Steps run where their addresses are physical ones.
        let word: [u8; 4] = usize::try_from(pc).map(|at| field(vm, at)).unwrap_or_default();
        let is_breakpoint = [u32::from_be_bytes(word), u32::from_le_bytes(word)].contains(&SOFTWARE_BREAKPOINT);
        let is_debugged = self.debugger.is_enabled();
        if is_debugged {
            let before = self.debugger.control();
            self.debugger.note(&Stop { pc, address: why.address, status: why.status, is_breakpoint });
            if self.debugger.control() != before {
                self.debug(vm)?;
            }
        }
        if is_breakpoint {
            regs.set_pc(pc.wrapping_add(size_of_val(&word) as u64));
            vm.set_regs(&regs)?;
        }
        Ok(is_debugged)
    }

    /// The guest has made a hypercall that the kernel leaves to user space. False if the case does not say what it
    /// answers.
    pub fn answer(&mut self, vm: &mut impl Vm, call: &Hypercall) -> bool {
        let answer = self.answerer.answer(call.token, &call.arguments);
        if let Some(answer) = answer {
            vm.answer_hypercall(answer.status);
            vm.answer_registers(&answer.registers);
        }
        answer.is_some()
    }

    /// The guest has made a call of Mac-on-Linux. False if the case does not say what is answered.
    pub fn answers_osi(&mut self, vm: &mut impl Vm) -> bool {
        if let Some(responder) = &mut self.responder {
            let mut gprs = vm.osi_registers();
            responder.answer(&mut gprs);
            vm.answer_osi(&gprs);
        }
        self.responder.is_some()
    }

    /// The kernel has delivered an external interrupt and asks which it is.
    pub fn tell_vector(&mut self, vm: &mut impl Vm) {
        vm.answer_vector(self.vector);
        self.vector = self.vector.wrapping_add(1);
    }
}

/// Type and address of each.
fn breakpoints([kind0, addr0, kind1, addr1]: [u64; 4]) -> [Breakpoint; 2] {
    [(kind0, addr0), (kind1, addr1)].map(|(kind, addr)| Breakpoint { addr, kind: kind as u32, reserved: 0 })
}

/// An entry of the TLB by its number, TLB0's first.
fn entry(vm: &mut impl Vm, index: u64) -> Result<&mut Entry, Refusal> {
    if vm.family() != Family::Embedded {
        return Err(Refusal::Unknown);
    }
    usize::try_from(index).ok().and_then(|index| vm.tlb().entry(index)).ok_or(Refusal::Unknown)
}

/// A step that is the virtual machine's alone.
fn call_vm(vm: &mut impl Vm, call: Call, [first, second]: [u64; 2]) -> Result<u64, Refusal> {
    let index = usize::try_from(first).unwrap_or(usize::MAX);
    match call {
        Call::GetRegs => {
            let regs = vm.regs()?;
            regs.named.get(index).copied().ok_or(Refusal::Unknown)
        }
        Call::SetRegs => {
            let mut regs = vm.regs()?;
            *regs.named.get_mut(index).filter(|_| index < REGS.len()).ok_or(Refusal::Unknown)? = second;
            Ok(vm.set_regs(&regs).map(|()| 0)?)
        }
        Call::GetSregs => vm.sregs()?.get(vm.family(), index).ok_or(Refusal::Unknown),
        Call::SetSregs => {
            let mut sregs = vm.sregs()?;
            if !sregs.set(vm.family(), index, second) {
                return Err(Refusal::Unknown);
            }
            Ok(vm.set_sregs(&sregs).map(|()| 0)?)
        }
        Call::SetSregsBeside => {
            let mut sregs = vm.sregs()?;
            if !sregs.set(vm.family(), index, second) {
                return Err(Refusal::Unknown);
            }
            Ok(vm.set_sregs(&sregs.beside(vm.family())).map(|()| 0)?)
        }
        Call::GetOneReg => Ok(vm.one_reg(first)?),
        Call::SetOneReg => Ok(vm.set_one_reg(first, second).map(|()| 0)?),
        Call::Migrate => migrate(vm, First::Regs),
        Call::MigrateSregsFirst => migrate(vm, First::Sregs),
        Call::RaiseExternal => Ok(vm.interrupt(interrupt::SET_LEVEL).map(|()| 0)?),
        Call::RaiseExternalOnce => Ok(vm.interrupt(interrupt::SET).map(|()| 0)?),
        Call::LowerExternal => Ok(vm.interrupt(interrupt::UNSET).map(|()| 0)?),
        Call::VcpuId => Ok(vm.vcpu_id().into()),
        Call::OtherVm => Ok(other_vm::run(vm, first as u32, Registers::from_bits(second as u32))?),
        Call::StartOtherVm => Ok(vm.start_other(first as u32, Registers::from_bits(second as u32)).map(|()| 0)?),
        Call::EndOtherVm => Ok(vm.end_other()?),
        // KVM_INTERRUPT knows the external line only.
        Call::RaiseCritical | Call::LowerCritical => Err(Refusal::Unknown),
        // Those of `Host::call`.
        Call::Pvinfo
        | Call::SetGuestDebug
        | Call::MoreBreakpoints
        | Call::DebugStops
        | Call::Translate
        | Call::GetWideReg
        | Call::SetWideReg
        | Call::ExternalProxy
        | Call::AnswerHcall
        | Call::HcallArgument
        | Call::EnableHcall
        | Call::AnswerOsi
        | Call::OsiRegister
        | Call::Capability
        | Call::EnableCapability
        | Call::WatchdogExits
        | Call::GetTlb
        | Call::SetTlb
        | Call::ReplaceMemory
        | Call::ReplaceSlot
        | Call::CoalesceMmio
        | Call::ConfigureTlb
        | Call::GiveSlot
        | Call::Statistic
        | Call::LogDirty
        | Call::Dirty => Err(Refusal::Unknown),
    }
}

/// Saves what the interface can save and goes on in a new VM with the same memory, TLB or page table. Of the registers
/// of KVM_GET_ONE_REG those are set again that could be read: each CPU has some of them.
fn migrate(vm: &mut impl Vm, first: First) -> Result<u64, Refusal> {
    let (regs, sregs) = (vm.regs()?, vm.sregs()?);
    let lpcr = if vm.is_partition() { Some(vm.one_reg(LPCR)?) } else { None };
    let values: [_; ONE_REGS.len()] = core::array::from_fn(|index| &ONE_REGS[index])
        .map(|register| register.is_state().then(|| vm.one_reg(register.id)));
    let of_partition = OF_PARTITION.map(|(_, id)| (id, vm.one_reg(id)));
    let units = Units::of(vm);
    vm.renew()?;
    if let Some(lpcr) = lpcr {
        vm.set_one_reg(LPCR, lpcr)?;
    }
    let sregs = sregs.complete(vm.family());
    match first {
        First::Regs => vm.set_regs(&regs).and_then(|()| vm.set_sregs(&sregs))?,
        First::Sregs => vm.set_sregs(&sregs).and_then(|()| vm.set_regs(&regs))?,
    }
    for (register, value) in ONE_REGS.iter().zip(values) {
        if let Some(Ok(value)) = value {
            vm.set_one_reg(register.id, value)?;
        }
    }
    for (id, value) in of_partition {
        if let Ok(value) = value {
            vm.set_one_reg(id, value)?;
        }
    }
    units.give(vm)?;
    if vm.family() == Family::Embedded {
        vm.dirty_tlb()?;
    }
    Ok(0)
}

/// The registers of the floating-point and vector units. Of the vector-scalar registers the first half is a
/// floating-point register, so that it is the whole one where there is one, as for QEMU (kvm_put_fp).
struct Units {
    floating: [Result<[u64; 2], Errno>; UNIT],
    vector: [Result<[u64; 2], Errno>; UNIT],
    is_vector_scalar: bool,
}

/// How many registers a unit has.
const UNIT: usize = one_reg::REGISTERS as usize;

impl Units {
    fn of(vm: &mut impl Vm) -> Self {
        let is_vector_scalar = vm.wide_reg(one_reg::VSR0).is_ok();
        let floating = core::array::from_fn(|number| match is_vector_scalar {
            true => vm.wide_reg(one_reg::VSR0 + number as u64),
            false => vm.one_reg(one_reg::FPR0 + number as u64).map(|value| [value, 0]),
        });
        let vector = core::array::from_fn(|number| vm.wide_reg(one_reg::VR0 + number as u64));
        Self { floating, vector, is_vector_scalar }
    }

    fn give(self, vm: &mut impl Vm) -> Result<(), Errno> {
        for (number, value) in (0..).zip(self.floating) {
            match value {
                Ok(value) if self.is_vector_scalar => vm.set_wide_reg(one_reg::VSR0 + number, value)?,
                Ok([value, _]) => vm.set_one_reg(one_reg::FPR0 + number, value)?,
                Err(_) => {}
            }
        }
        for (number, value) in (0..).zip(self.vector) {
            if let Ok(value) = value {
                vm.set_wide_reg(one_reg::VR0 + number, value)?;
            }
        }
        Ok(())
    }
}

fn field<const N: usize>(vm: &mut impl Vm, at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(field) = at.checked_add(N).and_then(|end| vm.ram().get(at..end)) {
        bytes.copy_from_slice(field);
    }
    bytes
}

fn store(vm: &mut impl Vm, at: usize, bytes: &[u8]) {
    if let Some(place) = at.checked_add(bytes.len()).and_then(|end| vm.ram().get_mut(at..end)) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
