//! Each action by the contract.

use super::super::action::{Action, ExitKind, MsrWriter, RETURN_PRIVILEGED, Step};
use super::super::bystanders::{self, Instruction};
use super::super::execution::{self, Execution, Outcome};
use super::super::prediction::{Allowed, Part, Prediction, Trap};
use super::Contract;
use super::exception::Cause;
use super::memory::Mapped;
use super::registers::Way;
use crate::feature::Feature;
use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::Class;
use sprig_isa::hcall::{EV_SUCCESS, EV_UNIMPLEMENTED, KVM_FEATURE_MAGIC_PAGE, KVM_HC_FEATURES, KVM_MAGIC_FEAT_SR};
use sprig_isa::msr;
use sprig_isa::spr::{Access, Spr, Undefined, Write, number, undefined};

/// Bytes of an instruction.
const WORD: u64 = 4;
/// Registers of facilities that a kernel opens to problem state, or does not (POWER8, FSCR).
const FACILITIES: [&str; 5] = ["TAR", "EBBHR", "EBBRR", "BESCR", "DSCR"];
/// Offset of the last instruction of the call's sequence (`lis, ori, sc`), and of the next one.
const BEHIND_CALL: u64 = 3 * WORD;

impl Contract<'_> {
    /// What the contract says of the next step.
    pub(super) fn step(&mut self, step: &Step) -> Prediction {
        self.change_privilege(step.user);
        let prediction = self.act(&step.action);
        self.run_interrupts();
        self.looped = matches!(step.action, Action::Loop(_));
        prediction
    }

    fn act(&mut self, action: &Action) -> Prediction {
        match *action {
            Action::ReadSpr(spr) => self.read(spr),
            Action::WriteSpr(spr, value) => self.write(spr, value),
            Action::Through { spr, value, .. } => self.write_and_read(spr, value),
            Action::Exchange(spr, value) => self.exchange(spr, value),
            Action::Around(instruction, first) => self.around(instruction, first),
            Action::Return { .. } if self.user => self.takes(Cause::Privileged, RETURN_PRIVILEGED),
            Action::Return { class, value } => self.return_to(class, value),
            Action::ReadMsr | Action::ReadMsrInto(_) if self.user => self.takes(Cause::Privileged, 0),
            Action::ReadMsr | Action::ReadMsrInto(_) => {
                let stored = self.stored_msr.is_some();
                self.exit();
                let rule = match (self.is_paged(), stored) {
                    (true, _) if self.msr.is_none() => "unspecified.msr-unsafe-bits",
                    (true, true) => "page.msr-safe-bits",
                    (true, false) => "page.msr-shows-guest-msr",
                    _ => "spr.mfspr-writes-target",
                };
                Prediction::value(rule, self.msr.map(|state| vec![self.environment.cut(state)]))
            }
            Action::WriteMsr { .. } if self.user => self.takes(Cause::Privileged, 0),
            Action::WriteMsr { by, value, .. } => {
                self.registers.exit();
                self.settle_before_msr_write();
                self.write_msr(by, value);
                Prediction::done("irq.wrteei-changes-ee-only")
            }
            Action::LoadField(field) => self.access_field(field, None),
            Action::StoreField(field, value) => self.access_field(field, Some(value)),
            Action::Load(size, ea) => self.access(size, ea, None),
            Action::Store(size, ea, value) => self.access(size, ea, Some(value)),
            Action::LoadUpdate(ea) => self.access_and_update(ea, None),
            Action::StoreUpdate(ea, value) => self.access_and_update(ea, Some(value)),
            Action::Hcall(..) | Action::HcallPreserves(..) | Action::MapPage(_) if self.user => {
                // map-page looks at the page in the same stub, after the call.
                self.takes_by(Cause::SystemCall, BEHIND_CALL, "hcall.supervisor-only")
            }
            Action::Hcall(token, _) => self.hypercall(token),
            Action::HcallPreserves(token, first) => {
                let mut prediction = self.hypercall(token);
                prediction.expectations.retain(|expectation| expectation.part == Part::Value);
                prediction.expectations.extend(bystanders::unchanged_by_call(first));
                prediction
            }
            Action::MapPage(ea) => self.map_page(ea),
            Action::Exit(kind) => self.exit_by(kind),
            Action::Illegal => self.takes(Cause::Illegal, 0),
            Action::PatchedRead(spr, _) => self.patched(spr, None),
            Action::PatchedWrite(spr, _, value) => self.patched(spr, Some(value)),
            Action::PatchedMfmsr(_) => self.patched_mfmsr(),
            Action::PatchedWriteMsr(by, _, value) => self.patched_write_msr(by, value),
            Action::Segment { .. } if self.user => self.takes(Cause::Privileged, 0),
            Action::Segment { value, .. } => {
                self.exit();
                Prediction::value("page.traps-act-on-page", Some(vec![value]))
            }
            Action::Map(ea, pa, rights) => {
                self.memory.map(ea, pa, rights);
                self.kernel_translates();
                Prediction::done("mmu.mapped-page-is-reached")
            }
            Action::Unmap(ea) => {
                self.memory.unmap(ea);
                self.kernel_translates();
                Prediction::done("mmu.unmapped-page-interrupts")
            }
            Action::Arm(_)
            | Action::Spin
            | Action::Loop(_)
            | Action::Taken(_)
            | Action::Line(..)
            | Action::CriticalSection => self.interrupt_step(action),
            Action::GetRegs(spr) => self.host_read(spr, "host.get-regs"),
            Action::SetRegs(spr, value) => self.host_write(spr, value, "host.set-regs"),
            Action::GetSregs(spr) => self.host_read(spr, "host.get-sregs"),
            Action::SetSregs(spr, value) => self.host_write(spr, value, "host.set-sregs"),
            Action::GetOneReg(_, spr) => self.host_read(spr, "host.get-one-reg"),
            Action::SetOneReg(_, spr, value) => self.host_write(spr, value, "host.set-one-reg"),
            Action::Migrate => {
                self.exit();
                // No ioctl carries the mapping, and what the page held apart from registers is lost
                // (unspecified.page-after-migration).
                if self.memory.mapped != Mapped::No {
                    self.memory.mapped = Mapped::Unknown;
                }
                self.fields.clear();
                for exception in super::ASKED {
                    self.source(exception).doubt();
                }
                Prediction::done("host.migrate")
            }
            Action::ReadNumber(_) | Action::WriteNumber(_) => {
                self.exit();
                Prediction { rule: "unspecified.spr-undefined-in-supervisor-state", ..self.open_access() }
            }
            Action::Odd(odd) => self.odd(odd),
            Action::Execute(execution) => self.execute(&execution),
            Action::Hold | Action::OtherVm(_) => {
                self.exit();
                // Time passes.
                for exception in super::ASKED {
                    self.source(exception).doubt();
                }
                Prediction::done("alias.own-to-each-guest")
            }
        }
    }

    /// No exit: what is stale stays so.
    fn execute(&mut self, execution: &Execution) -> Prediction {
        match execution.outcome(self.environment) {
            Outcome::Trap => self.takes(Cause::Trap, 0),
            Outcome::Values(values) => {
                let mut prediction =
                    Prediction { varies: execution.varies(self.environment), ..Prediction::done(execution::RULE) };
                for (index, (name, allowed)) in values.into_iter().enumerate() {
                    // The first is the value of the step.
                    if let Some(part) = Part::of_output(if index == 0 { "" } else { &name }) {
                        prediction = prediction.with(part, Some(allowed));
                    }
                }
                prediction
            }
        }
    }

    /// Whether an instruction may use the register, and what it causes if not.
    pub(super) fn access_of(&self, spr: &Spr, write: bool) -> Result<(), Option<Cause>> {
        if self.user && FACILITIES.contains(&spr.name) {
            return Err(None);
        }
        let allows = |access: Access| if write { access.can_write() } else { access.can_read() };
        if allows(if self.user { spr.problem } else { spr.supervisor }) {
            return Ok(());
        }
        // A number that can only be read is undefined for mtspr: what the supervisor gets of it no document says.
        // Nor does one say what problem state gets of a register that is not its own under a number that does not look
        // privileged.
        Err(match undefined(self.environment.cpu, spr.number, true, write) {
            _ if !self.user => None,
            Undefined::Privileged => Some(Cause::Privileged),
            Undefined::Illegal | Undefined::NoOp => (!spr.is_defined_for(write)).then_some(Cause::NoSuchRegister),
        })
    }

    fn refused(&mut self, cause: Option<Cause>) -> Prediction {
        match cause {
            Some(Cause::Privileged) => self.takes_by(Cause::Privileged, 0, "spr.privileged-in-problem-state"),
            Some(cause) => self.takes(cause, 0),
            None => {
                self.exit();
                self.registers.may_change(number::SRR0);
                self.registers.may_change(number::SRR1);
                self.registers.may_change(if self.environment.family().is_booke() {
                    number::ESR
                } else {
                    number::DSISR
                });
                Prediction::open("spr.mfspr-writes-target")
            }
        }
    }

    /// True if the instruction is an exit: problem state reads and writes some registers in the hardware.
    fn traps(&self, spr: &Spr) -> bool {
        spr.number & sprig_isa::spr::PRIVILEGED_BIT != 0
    }

    pub(super) fn read(&mut self, spr: &'static Spr) -> Prediction {
        if let Err(cause) = self.access_of(spr, false) {
            return self.refused(cause);
        }
        if self.traps(spr) {
            self.exit();
        }
        let (user, paged) = (self.user, self.is_paged());
        let register = self.registers.of(spr.cell);
        if spr.is_alias() && self.environment.field_of(spr).is_some() {
            let rule = match register.way {
                _ if !paged => "spr.alias-shows-register",
                _ if user => "alias.consistent-in-problem-state",
                _ if register.is_between() => "alias.old-or-new-before-exit",
                Way::Page => "alias.consistent-after-exit",
                Way::Trap | Way::Interrupt => "alias.trapping-write-is-seen-at-once",
            };
            // What it held before it was written is as allowed as what it gets, and is not known.
            let varies = register.open || register.alias().is_none() && register.is_between();
            return Prediction { varies, ..Prediction::value(rule, register.alias()) };
        }
        let rule = read_rule(spr, register.way, paged);
        let varies = register.open;
        Prediction { varies, ..Prediction::value(rule, register.value.map(|value| vec![value])) }
    }

    pub(super) fn write(&mut self, spr: &'static Spr, value: u64) -> Prediction {
        if let Err(cause) = self.access_of(spr, true) {
            return self.refused(cause);
        }
        if self.traps(spr) {
            self.exit();
        }
        self.put(spr, value);
        Prediction::done(read_rule(spr, Way::Trap, false))
    }

    /// What mtspr leaves in the register.
    pub(super) fn put(&mut self, spr: &Spr, value: u64) {
        let old = self.registers.of(spr.cell).value;
        let new = match spr.write {
            Write::Plain | Write::Mask(_) => Some(spr.write.apply(0, value)),
            Write::SetOnes | Write::ClearOnes => old.map(|old| spr.write.apply(old, value)),
            Write::Ignored => old,
        };
        self.registers.of(spr.cell).set(new, Way::Trap);
    }

    fn write_and_read(&mut self, spr: &'static Spr, value: u64) -> Prediction {
        if let Err(cause) = self.access_of(spr, true).and(self.access_of(spr, false)) {
            return self.refused(cause);
        }
        self.write(spr, value);
        self.read(spr)
    }

    fn around(&mut self, instruction: Instruction, first: u8) -> Prediction {
        let mut prediction = match instruction {
            Instruction::Read(spr) => self.read(spr),
            Instruction::Write(spr, value) => {
                self.write(spr, value).with(Part::Value, Some(Allowed::OneOf(vec![value])))
            }
            Instruction::ReadMsr => self.act(&Action::ReadMsr),
        };
        // The stub begins with something else, and what an exception in it leaves alone others look at.
        if prediction.trap != Trap::Never {
            return Prediction::open(prediction.rule);
        }
        prediction.expectations.extend(bystanders::unchanged(first));
        prediction
    }

    /// A return from an interrupt that the guest kernel has made up.
    fn return_to(&mut self, class: Class, value: u64) -> Prediction {
        self.registers.exit();
        self.settle_before_msr_write();
        let (address, state) = match class {
            Class::Base => (number::SRR0, number::SRR1),
            Class::Critical => (number::CSRR0, number::CSRR1),
            Class::MachineCheck => (number::MCSRR0, number::MCSRR1),
        };
        self.registers.forget(address);
        self.registers.forget(state);
        self.msr = Some(value);
        Prediction::value("exception.return-sets-msr", Some(vec![self.environment.cut(value)]))
    }

    fn exchange(&mut self, spr: &'static Spr, value: u64) -> Prediction {
        if let Err(cause) = self.access_of(spr, false).and(self.access_of(spr, true)) {
            return self.refused(cause);
        }
        if self.traps(spr) {
            self.exit();
        }
        if spr.write.apply(0, value) != value {
            return Prediction::done("unspecified.reserved-bits");
        }
        Prediction::value("spr.mfspr-writes-target", Some(vec![value]))
    }

    pub(super) fn write_msr(&mut self, by: MsrWriter, value: u64) {
        let Some(old) = self.msr else {
            // What one of them leaves alone is as unknown as before.
            if by == MsrWriter::Mtmsr && self.environment.family().is_booke() {
                self.msr = Some(value);
            }
            return;
        };
        let changes = match by {
            MsrWriter::Mtmsr if self.environment.cpu.set.intersects(CpuSet::BOOK3S64) => !(msr::ME | msr::book3s::SF),
            MsrWriter::Mtmsr => u64::MAX,
            MsrWriter::Wrtee | MsrWriter::Wrteei => msr::EE,
            MsrWriter::MtmsrdL1 => msr::EE | msr::book3s::RI,
        };
        self.msr = Some(old & !changes | value & changes);
    }

    fn hypercall(&mut self, token: u32) -> Prediction {
        self.exit();
        let status = |rule, status: u32| Prediction::value(rule, Some(vec![status.into()]));
        match token {
            KVM_HC_FEATURES if self.is_paged() => {
                let page = 1 << KVM_FEATURE_MAGIC_PAGE;
                status("hcall.features", EV_SUCCESS).with(Part::Register(4), Some(Allowed::Bits(page, page)))
            }
            KVM_HC_FEATURES => status("hcall.features", EV_SUCCESS),
            _ => status("hcall.unknown-is-unimplemented", EV_UNIMPLEMENTED),
        }
    }

    pub(super) fn map_page(&mut self, ea: u64) -> Prediction {
        self.exit();
        self.memory.map_magic(ea);
        let features = u64::from(KVM_MAGIC_FEAT_SR | sprig_isa::hcall::KVM_MAGIC_FEAT_MAS0_TO_SPRG7);
        Prediction::value("hcall.map-reports-page-features", Some(vec![EV_SUCCESS.into()]))
            .with(Part::Register(4), Some(Allowed::Bits(features, features)))
    }

    fn exit_by(&mut self, kind: ExitKind) -> Prediction {
        let privileged = matches!(kind, ExitKind::Mfpvr | ExitKind::Mfmsr);
        match kind {
            // Its first privileged instruction is somewhere in its sequence.
            ExitKind::Rfi if self.user => self.open_access(),
            _ if privileged && self.user => self.takes(Cause::Privileged, 0),
            ExitKind::Hcall if self.user => self.takes_by(Cause::SystemCall, BEHIND_CALL, "hcall.supervisor-only"),
            ExitKind::Hcall if !self.environment.has(Feature::Hypercall) => {
                self.takes_by(Cause::SystemCall, BEHIND_CALL, "hcall.bare-sc-is-a-system-call")
            }
            ExitKind::Sc => self.takes(Cause::SystemCall, WORD),
            ExitKind::Trap => self.takes(Cause::Trap, 0),
            ExitKind::TlbMiss => {
                self.exit();
                self.open_access()
            }
            ExitKind::Rfi => {
                self.exit();
                self.registers.forget(number::SRR0);
                self.registers.forget(number::SRR1);
                Prediction::done("page.rfi-takes-srr-from-page")
            }
            ExitKind::Mfpvr | ExitKind::Mfmsr | ExitKind::Hcall | ExitKind::Mmio => {
                self.exit();
                Prediction::done("page.access-ends")
            }
        }
    }

    fn host_read(&mut self, spr: &'static Spr, rule: &'static str) -> Prediction {
        self.exit();
        let register = self.registers.of(spr.cell);
        let varies = register.open;
        Prediction { varies, ..Prediction::value(rule, register.value.map(|value| vec![value])) }
    }

    fn host_write(&mut self, spr: &'static Spr, value: u64, rule: &'static str) -> Prediction {
        self.exit();
        self.put(spr, value);
        Prediction::done(rule)
    }
}

/// The rule about reading a register that was written this way.
fn read_rule(spr: &Spr, way: Way, paged: bool) -> &'static str {
    match way {
        Way::Page => "page.traps-act-on-page",
        Way::Interrupt if paged => "page.interrupt-writes-srr",
        _ if spr.name.starts_with("SPRG") => "spr.sprg-holds-value",
        _ if ["SRR0", "SRR1", "DAR", "DEAR"].contains(&spr.name) => "spr.interrupt-registers-hold-value",
        _ => "spr.mfspr-writes-target",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::environment::WINDOW;
    use super::super::predict;
    use super::*;
    use crate::fuzz::action::Size;
    use crate::fuzz::testing::environment;
    use sprig_isa::one_reg::ONE_REGS;

    #[test]
    fn what_is_left_open_is_so_for_user_space_too() {
        let environment = environment("ref-e500v2-pr");
        let mas0 = Spr::lookup(environment.cpu, number::MAS0).expect("a register");
        let register = ONE_REGS.iter().find(|register| register.name == "KVM_REG_PPC_MAS0").expect("an identifier");
        let varies = |actions: &[Action]| {
            let steps: Vec<Step> = actions.iter().map(|action| Step { user: false, action: *action }).collect();
            predict(&environment, &steps).last().expect("of each step one").varies
        };
        let missed = Action::Load(Size::Word, WINDOW);
        for read in [Action::ReadSpr(mas0), Action::GetOneReg(register, mas0), Action::GetSregs(mas0)] {
            assert!(!varies(&[read]) && varies(&[missed, read]));
            assert!(!varies(&[missed, Action::WriteSpr(mas0, 0), read]), "it is the guest's again");
        }
    }
}
