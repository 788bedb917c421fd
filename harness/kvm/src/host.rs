//! Host steps ([`sprig_wire::host`]) by KVM's ioctls, and the host's side of a case between two of them: the debugger of its guest, and the
//! interrupt controller that is asked for vectors.

use crate::exit::{Hypercall, Stopped};
use crate::other_vm;
use crate::registers::Family;
use crate::system::{Breakpoint, Errno, Failure, GuestDebug, Translation, Vm, interrupt};
use crate::tlb::Entry;
use sprig_isa::answer::Answerer;
use sprig_isa::capability::WATCHDOG;
use sprig_isa::debug::{Debugger, SOFTWARE_BREAKPOINT, Stop};
use sprig_isa::one_reg::{LPCR, ONE_REGS};
use sprig_isa::other_vm::Registers;
use sprig_wire::host::{ARGUMENTS, Call, HostCall, REGS, RESULTS, STATUS_OK, STATUS_REFUSED, STATUS_UNKNOWN, VALUES};
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
    /// What the next external interrupt is.
    vector: u32,
    answerer: Answerer,
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
                let [_, kind0, addr0, kind1, addr1, ..] = *arguments;
                let breakpoint = |kind, addr| Breakpoint { addr, kind: kind as u32, reserved: 0 };
                self.debugger = Debugger::new(first as u32);
                self.breakpoints = [breakpoint(kind0, addr0), breakpoint(kind1, addr1)];
                Ok(self.debug(vm).map(|()| 0)?)
            }
            Call::DebugStops => {
                let seen = self.debugger.seen();
                results[..seen.len()].copy_from_slice(&seen);
                Ok(seen[0])
            }
            Call::Translate => {
                let mut translation = Translation { linear_address: first, ..Translation::default() };
                vm.translate(&mut translation)?;
                results[1] = translation.valid.into();
                Ok(translation.physical_address)
            }
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
            Call::ReplacePage => {
                let at = usize::try_from(first).unwrap_or(usize::MAX);
                let page = at & !(GUEST_PAGE - 1);
                vm.replace_page(page)?;
                for word in (page..page + GUEST_PAGE).step_by(size_of::<u32>()) {
                    store(vm, word, &(second as u32).to_be_bytes());
                }
                Ok(0)
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
        debug.bp[..self.breakpoints.len()].copy_from_slice(&self.breakpoints);
        vm.set_guest_debug(&debug)
    }

    /// The guest has stopped. True if somebody debugs it; where nobody does it goes on, too: behind a software breakpoint, which it would not
    /// come past otherwise.
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
            regs.set_pc(pc + size_of_val(&word) as u64);
            vm.set_regs(&regs)?;
        }
        Ok(is_debugged)
    }

    /// The guest has made a hypercall that the kernel leaves to user space. False if the case does not say what it answers.
    pub fn answer(&mut self, vm: &mut impl Vm, call: &Hypercall) -> bool {
        let answer = self.answerer.answer(call.token, &call.arguments);
        if let Some(answer) = answer {
            vm.answer_hypercall(answer.status);
            vm.answer_registers(&answer.registers);
        }
        answer.is_some()
    }

    /// The kernel has delivered an external interrupt and asks which it is.
    pub fn tell_vector(&mut self, vm: &mut impl Vm) {
        vm.answer_vector(self.vector);
        self.vector = self.vector.wrapping_add(1);
    }
}

/// An entry of the TLB by its number, TLB0's first.
fn entry(vm: &mut impl Vm, index: u64) -> Result<&mut Entry, Refusal> {
    if vm.family() != Family::Embedded {
        return Err(Refusal::Unknown);
    }
    usize::try_from(index).ok().and_then(|index| vm.tlb().get_mut(index)).ok_or(Refusal::Unknown)
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
        | Call::DebugStops
        | Call::Translate
        | Call::ExternalProxy
        | Call::AnswerHcall
        | Call::HcallArgument
        | Call::EnableHcall
        | Call::Capability
        | Call::EnableCapability
        | Call::WatchdogExits
        | Call::GetTlb
        | Call::SetTlb
        | Call::ReplacePage
        | Call::LogDirty
        | Call::Dirty => Err(Refusal::Unknown),
    }
}

/// Saves what the interface can save and goes on in a new VM with the same memory, TLB or page table. Of the registers of
/// KVM_GET_ONE_REG those are set again that could be read: each CPU has some of them.
fn migrate(vm: &mut impl Vm, first: First) -> Result<u64, Refusal> {
    let (regs, sregs) = (vm.regs()?, vm.sregs()?);
    let lpcr = if vm.is_partition() { Some(vm.one_reg(LPCR)?) } else { None };
    let values: [_; ONE_REGS.len()] = core::array::from_fn(|index| &ONE_REGS[index])
        .map(|register| register.is_state().then(|| vm.one_reg(register.id)));
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
    if vm.family() == Family::Embedded {
        vm.dirty_tlb()?;
    }
    Ok(0)
}

fn field<const N: usize>(vm: &mut impl Vm, at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(field) = vm.ram().get(at..at + N) {
        bytes.copy_from_slice(field);
    }
    bytes
}

fn store(vm: &mut impl Vm, at: usize, bytes: &[u8]) {
    if let Some(place) = vm.ram().get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registers::Regs;
    use crate::system::EINVAL;
    use crate::testing::FakeVm;
    use sprig_isa::debug::{ENABLE, SINGLESTEP, USE_SW_BP};
    use sprig_wire::host::{HostCall, SREGS};
    use std::vec::Vec;

    /// Rings the bell with these arguments; status and first result.
    fn ask(vm: &mut FakeVm, name: &str, arguments: &[u64]) -> (u32, u64) {
        let call = HostCall::by_name(name).expect("a call");
        let block = HOST_BLOCK as usize;
        store(vm, block, &(call.call as u16).to_be_bytes());
        for (index, argument) in arguments.iter().enumerate() {
            store(vm, block + ARGUMENTS as usize + 8 * index, &argument.to_be_bytes());
        }
        Host::default().serve(vm);
        let results = block + RESULTS as usize;
        (u32::from_be_bytes(field(vm, block + 4)), u64::from_be_bytes(field(vm, results)))
    }

    fn index(names: &[&str], name: &str) -> u64 {
        names.iter().position(|known| *known == name).expect("a register") as u64
    }

    #[test]
    fn a_register_is_set_and_read_back() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "set-regs", &[index(REGS, "SPRG4"), 0x1234]), (STATUS_OK, 0));
        assert_eq!(vm.regs.named[13], 0x1234);
        assert_eq!(ask(&mut vm, "get-regs", &[index(REGS, "SPRG4")]), (STATUS_OK, 0x1234));
        assert_eq!(ask(&mut vm, "set-sregs", &[index(SREGS, "DEC"), 7]), (STATUS_OK, 0));
        assert_eq!((vm.sregs.dec, vm.sregs.update_special), (7, 4));
        assert_eq!(ask(&mut vm, "get-sregs", &[index(SREGS, "DEC")]), (STATUS_OK, 7));
        assert_eq!(ask(&mut vm, "get-regs", &[99]), (STATUS_UNKNOWN, 0));
        assert_eq!(ask(&mut vm, "set-sregs", &[u64::MAX, 0]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn an_ioctl_that_fails_is_refused_with_its_errno() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "get-one-reg", &[1]), (STATUS_REFUSED, EINVAL.0.into()));
    }

    #[test]
    fn the_external_line_is_a_level_and_there_is_no_critical_one() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "raise-external", &[]), (STATUS_OK, 0));
        assert_eq!(ask(&mut vm, "lower-external", &[]), (STATUS_OK, 0));
        assert_eq!(vm.interrupts, [interrupt::SET_LEVEL, interrupt::UNSET]);
        assert_eq!(ask(&mut vm, "raise-critical", &[]), (STATUS_UNKNOWN, 0));
        assert_eq!(ask(&mut vm, "raise-external-once", &[]), (STATUS_OK, 0));
        assert_eq!(vm.interrupts.last(), Some(&interrupt::SET));
    }

    #[test]
    fn what_changes_by_itself_is_set_only_beside_what_is_asked_for() {
        let mut vm = FakeVm::default();
        vm.sregs.tsr = 5;
        assert_eq!(ask(&mut vm, "set-sregs-beside", &[index(SREGS, "ESR"), 7]), (STATUS_OK, 0));
        assert_eq!((vm.sregs.esr, vm.sregs.tsr, vm.sregs.update_special), (7, !5, 0));
        assert_eq!(ask(&mut vm, "set-sregs-beside", &[99, 0]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn capabilities_are_asked_for_and_switched_on() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "capability", &[70]), (STATUS_OK, 71));
        assert_eq!(ask(&mut vm, "enable-capability", &[83, 0, 9]), (STATUS_OK, 0));
        assert_eq!(ask(&mut vm, "enable-capability", &[83, 1, 9]), (STATUS_REFUSED, EINVAL.0.into()));
        assert_eq!(vm.capabilities, [(83, 9)]);
    }

    #[test]
    fn the_watchdogs_last_time_out_is_heard_by_whoever_has_asked() {
        let mut vm = FakeVm::default();
        let mut host = Host::default();
        assert!(!host.hears_watchdog());
        results(&mut host, &mut vm, "enable-capability", &[WATCHDOG.into()]);
        assert!(host.hears_watchdog());
        assert_eq!(results(&mut host, &mut vm, "watchdog-exits", &[])[0], 2);
    }

    #[test]
    fn user_space_reads_and_writes_the_tlb() {
        let mut vm = FakeVm::default();
        let mut host = Host::default();
        results(&mut host, &mut vm, "set-tlb", &[513, 0x8000_0100, 0xd005_a000, 0x5_00a0_0005]);
        assert_eq!((vm.tlb[513].mas1, vm.is_tlb_dirty), (0x8000_0100, true));
        assert_eq!(results(&mut host, &mut vm, "get-tlb", &[513])[..3], [0x8000_0100, 0xd005_a000, 0x5_00a0_0005]);
        assert_eq!(ask(&mut vm, "get-tlb", &[9999]), (STATUS_UNKNOWN, 0));
        vm.family = Family::Server;
        assert_eq!(ask(&mut vm, "get-tlb", &[0]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn a_page_is_replaced_and_its_guest_has_other_words_there() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "replace-page", &[0x2004, 0x600d_0001]), (STATUS_OK, 0));
        assert_eq!(vm.replaced, [0x2000]);
        assert_eq!((vm.ram[0x1fff], &vm.ram[0x2ffc..0x3004]), (0, &[0x60, 0x0d, 0, 1, 0, 0, 0, 0][..]));
    }

    #[test]
    fn pages_that_were_written_to_are_logged_where_that_is_asked_for() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "dirty", &[0x1000]), (STATUS_REFUSED, EINVAL.0.into()));
        assert_eq!(ask(&mut vm, "log-dirty", &[1]), (STATUS_OK, 0));
        assert_eq!(ask(&mut vm, "dirty", &[0x1000]), (STATUS_OK, 1));
        assert_eq!(ask(&mut vm, "dirty", &[0x2000]), (STATUS_OK, 0));
    }

    #[test]
    fn a_migrated_guest_has_its_registers_and_a_new_machine() {
        for (name, order) in [("migrate", ["regs", "sregs"]), ("migrate-sregs-first", ["sregs", "regs"])] {
            let mut vm = FakeVm::default();
            let vrsave = ONE_REGS.iter().find(|register| register.name == "KVM_REG_PPC_VRSAVE").expect("a register").id;
            vm.one_regs.insert(vrsave, 5);
            vm.regs = Regs { gpr: [3; 32], ..Regs::at(0x100) };
            vm.sregs.ivpr = 0x2000;
            vm.tlb[0].mas1 = 9;
            let before = (vm.regs, vm.sregs.ivpr);
            assert_eq!(ask(&mut vm, name, &[]), (STATUS_OK, 0));
            assert_eq!((vm.regs, vm.sregs.ivpr), before);
            assert_eq!(vm.one_regs.get(&vrsave), Some(&5));
            assert_eq!((vm.renewed, vm.tlb[0].mas1, vm.is_tlb_dirty), (1, 9, true));
            assert_eq!(vm.sregs.update_special, u32::MAX, "nothing is left alone");
            assert_eq!(vm.set, order, "{name}");
        }
    }

    #[test]
    fn a_step_begins_when_the_store_that_asked_for_it_is_over() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "vcpu-id", &[]), (STATUS_OK, 0));
        assert_eq!(vm.completed, 1);
    }

    /// Rings the bell of this host; every result.
    fn results(host: &mut Host, vm: &mut FakeVm, name: &str, arguments: &[u64]) -> [u64; VALUES] {
        let block = HOST_BLOCK as usize;
        store(vm, block, &(HostCall::by_name(name).expect("a call").call as u16).to_be_bytes());
        for (index, argument) in arguments.iter().enumerate() {
            store(vm, block + ARGUMENTS as usize + 8 * index, &argument.to_be_bytes());
        }
        host.serve(vm);
        assert_eq!(u32::from_be_bytes(field(vm, block + 4)), STATUS_OK, "{name}");
        core::array::from_fn(|index| u64::from_be_bytes(field(vm, block + RESULTS as usize + 8 * index)))
    }

    #[test]
    fn what_a_hypercall_is_is_told_word_by_word() {
        let (mut host, mut vm) = (Host::default(), FakeVm::default());
        let told = results(&mut host, &mut vm, "pvinfo", &[]);
        assert_eq!(told, [1, 0x3c00_4b56, 0x6000_4d21, 0x4400_0002, 7, 0, 0, 0]);
        assert_eq!(results(&mut host, &mut vm, "translate", &[0x5_0000_1234])[..2], [0x5_0000_2234, 1]);
    }

    #[test]
    fn a_guest_goes_on_behind_a_breakpoint_and_is_stepped_through_up_to_the_next() {
        let (mut host, mut vm) = (Host::default(), FakeVm::default());
        let control = ENABLE | SINGLESTEP | USE_SW_BP;
        results(&mut host, &mut vm, "set-guest-debug", &[control.into(), 2, 0x40, 8, 0x50]);
        let set = vm.debugged.pop().expect("KVM_SET_GUEST_DEBUG");
        assert_eq!((set.control, set.bp[0].kind, set.bp[1].addr), (ENABLE | USE_SW_BP, 2, 0x50));
        vm.ram[0x100..0x104].copy_from_slice(&SOFTWARE_BREAKPOINT.to_be_bytes());
        // The other byte order's.
        vm.ram[0x10c..0x110].copy_from_slice(&SOFTWARE_BREAKPOINT.to_le_bytes());
        for (pc, address) in [(0x100, 0x100), (0x108, 0x108), (0x10c, 0x104)] {
            vm.regs.set_pc(pc);
            assert_eq!(host.stopped(&mut vm, Stopped { address, status: 0 }), Ok(true));
        }
        assert_eq!(vm.regs.pc(), 0x110);
        let controls: Vec<u32> = vm.debugged.iter().map(|debug| debug.control).collect();
        assert_eq!(controls, [control, ENABLE | USE_SW_BP]);
        assert_eq!(results(&mut host, &mut vm, "debug-stops", &[])[..4], [3, 0, 0b1101, 0b111]);
    }

    #[test]
    fn a_breakpoint_of_nobody_is_passed_and_said_to_be_nobodys() {
        let (mut host, mut vm) = (Host::default(), FakeVm::default());
        vm.ram[..4].copy_from_slice(&SOFTWARE_BREAKPOINT.to_be_bytes());
        assert_eq!(host.stopped(&mut vm, Stopped { address: 0, status: 0 }), Ok(false));
        assert_eq!((vm.regs.pc(), vm.debugged.len()), (4, 0));
    }

    #[test]
    fn a_hypercall_is_answered_in_every_register_and_its_own_are_told() {
        let (mut host, mut vm) = (Host::default(), FakeVm::default());
        let call = Hypercall { token: 0x58, arguments: [4, 5, 6, 7, 8, 9, 10, 11, 12] };
        assert!(!host.answer(&mut vm, &call));
        results(&mut host, &mut vm, "answer-hcall", &[0x58, -4_i64 as u64, 0x70]);
        assert!(host.answer(&mut vm, &call));
        assert_eq!(vm.statuses, [-4]);
        assert_eq!(vm.registers, [[0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78]]);
        assert_eq!(results(&mut host, &mut vm, "hcall-argument", &[8])[..2], [12, 1]);
        assert_eq!(ask(&mut vm, "hcall-argument", &[9]), (STATUS_UNKNOWN, 0));
    }

    #[test]
    fn a_hypercall_is_switched_on_and_off_as_the_case_says() {
        let mut vm = FakeVm::default();
        assert_eq!(ask(&mut vm, "enable-hcall", &[0x2c, 1]), (STATUS_OK, 0));
        assert_eq!(ask(&mut vm, "enable-hcall", &[8, 2]), (STATUS_REFUSED, EINVAL.0.into()));
        assert_eq!(vm.enabled_hypercalls, [(0x2c, 1), (8, 2)]);
    }

    #[test]
    fn each_interrupt_has_a_vector_of_its_own() {
        let (mut host, mut vm) = (Host::default(), FakeVm::default());
        results(&mut host, &mut vm, "external-proxy", &[1, 0x41]);
        assert!(vm.asks_for_vectors);
        (0..2).for_each(|_| host.tell_vector(&mut vm));
        assert_eq!(vm.vectors, [0x41, 0x42]);
    }
}
