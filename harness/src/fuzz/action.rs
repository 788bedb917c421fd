//! What a step of a random script does, and the line of the script language that does it.
//!
//! An action stands for itself: whatever stands around it, its line is a valid one. So a script stays valid whichever
//! of its steps are removed, and [`super::contract`] says what a step does there.

use super::bystanders::{self, Instruction};
use super::environment::Environment;
use super::execution::Execution;
use super::odd::Odd;
pub(super) use super::operand::{Line, Rights, Size, enabling_bit};
use crate::describe;

pub(super) use crate::script::ExitKind;
use sprig_isa::bit;
use sprig_isa::cpu::Family;
use sprig_isa::exception::{Class, Exception};
use sprig_isa::msr;
use sprig_isa::one_reg::OneReg;
use sprig_isa::page::Field;
use sprig_isa::spr::Spr;
use sprig_isa::timer::tcr::DIE;

/// Rounds that any decrementer of these scripts runs out in.
const EXPIRED: u32 = 20_000;
/// The same, where a round is a single instruction: a `bdnz` on the emulated host of a 7447 takes a nanosecond, and a
/// tick 40.
const EXPIRED_BDNZ: u32 = 10 * EXPIRED;
/// What `critical` and r1 have in common where they do; no stack of the guest kernel's is there.
pub(super) const STACK: u64 = 0x00a0_1000;
/// From after the `bl` of a return to after the return itself, in bytes; and from the step's beginning to what only a
/// kernel may do.
const RETURNED_TO: u32 = 24;
pub(super) const RETURN_PRIVILEGED: u64 = 8;
/// The register with the address of a load or store with update.
pub(super) const BASE: u8 = 4;
/// How far it is moved on.
pub(super) const UPDATE: u64 = 4;
/// What a step's register holds before it is read into (docs/language.md, `POISON`).
const POISON: &str = "POISON";

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// In problem state.
    pub user: bool,
    /// What it does.
    pub action: Action,
}

/// How the MSR is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsrWriter {
    /// `mtmsr`.
    Mtmsr,
    /// `wrtee`: EE alone.
    Wrtee,
    /// `wrteei`: EE alone, from the instruction.
    Wrteei,
    /// `mtmsrd` with L = 1: EE and RI alone.
    MtmsrdL1,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // `text` shows each
pub enum Action {
    ReadSpr(&'static Spr),
    WriteSpr(&'static Spr, u64),
    /// Written from one general register and read into another.
    Through {
        spr: &'static Spr,
        from: u8,
        to: u8,
        value: u64,
    },
    /// Written, read and put back, in one stub: for registers without which the guest kernel does not live long.
    Exchange(&'static Spr, u64),
    /// An instruction with everything it must leave alone, general registers from one of them on.
    Around(Instruction, u8),
    /// A return from an interrupt of this class into this MSR.
    Return {
        class: Class,
        value: u64,
    },
    ReadMsr,
    /// Into a general register that is not the first.
    ReadMsrInto(u8),
    WriteMsr {
        by: MsrWriter,
        from: u8,
        value: u64,
    },
    LoadField(&'static Field),
    StoreField(&'static Field, u64),
    Load(Size, u64),
    Store(Size, u64, u64),
    /// Of a word, with the address moved on to it in its register.
    LoadUpdate(u64),
    StoreUpdate(u64, u64),
    Hcall(u32, u64),
    /// The call, with general registers that it must leave alone, from one of them on.
    HcallPreserves(u32, u8),
    MapPage(u64),
    Exit(ExitKind),
    Illegal,
    PatchedRead(&'static Spr, u8),
    PatchedWrite(&'static Spr, u8, u64),
    PatchedMfmsr(u8),
    PatchedWriteMsr(MsrWriter, u8, u64),
    Segment {
        register: u8,
        value: u64,
        indirect: bool,
    },
    Arm(u64),
    Spin,
    /// The same with the counter as the only thing that moves, and r1 as given.
    Loop(u64),
    Taken(Exception),
    Line(Line, bool),
    /// What a patched kernel's trampolines do: `critical` is r1 while interrupts are on.
    CriticalSection,
    Map(u64, u64, Rights),
    Unmap(u64),
    GetRegs(&'static Spr),
    SetRegs(&'static Spr, u64),
    GetSregs(&'static Spr),
    SetSregs(&'static Spr, u64),
    GetOneReg(&'static OneReg, &'static Spr),
    SetOneReg(&'static OneReg, &'static Spr, u64),
    Migrate,
    /// The host has the CPU for a while.
    Hold,
    /// Another virtual machine has it, with this in its SPRG0.
    OtherVm(u32),
    /// Of a number that the CPU does not have.
    ReadNumber(u16),
    WriteNumber(u16),
    Odd(&'static Odd),
    /// An instruction that no hypervisor is asked about.
    Execute(Execution),
}

impl Action {
    /// The line, without a name and `try`.
    pub(super) fn text(&self, environment: &Environment) -> String {
        let named = |value: u64| named(environment, value);
        match *self {
            Self::ReadSpr(spr) => format!("mfspr {}", spr.name),
            Self::WriteSpr(spr, value) => format!("mtspr {}, {value:#x}", spr.name),
            Self::Through { spr: Spr { name, .. }, from, to, value } => {
                format!(
                    "run mtspr {name}, r{from}; mfspr r{to}, {name} with r{from} = {value:#x}, r{to} = {POISON} \
                        gives r{to}"
                )
            }
            Self::Exchange(Spr { name, .. }, value) => {
                format!(
                    "run mfspr r5, {name}; mtspr {name}, r4; mfspr r3, {name}; mtspr {name}, r5 with r4 = {value:#x} \
                        gives r3"
                )
            }
            Self::Around(instruction, first) => bystanders::text(instruction, first),
            Self::Return { class, value } => {
                let save = save_registers(class);
                let back = match (class, environment.family()) {
                    (Class::MachineCheck, _) => "rfmci",
                    (Class::Critical, _) => "rfci",
                    (Class::Base, Family::Book3s64) => "rfid",
                    (Class::Base, _) => "rfi",
                };
                // An interrupt after the first `mtspr` would take the register for itself, so a kernel lets none in
                // from there on.
                format!(
                    "run bl 4; mfspr r4, LR; mtmsr r6; addi r4, r4, {RETURNED_TO}; mtspr {save}0, r4; \
                        mtspr {save}1, r5; {back}; mfmsr r3 with r5 = {}, r6 = {} gives r3",
                    named(value),
                    named(environment.msr())
                )
            }
            Self::ReadMsr => "mfmsr".to_owned(),
            Self::ReadMsrInto(to) => format!("run mfmsr r{to} with r{to} = {POISON}"),
            Self::WriteMsr { by: MsrWriter::Mtmsr, from: 3, value } => format!("mtmsr {}", named(value)),
            Self::WriteMsr { by, from, value } => format!("run {}", write_msr(by, from, value, &named)),
            Self::LoadField(field) => format!("page.{}", field.name),
            Self::StoreField(field, value) if field.name == "msr" => format!("page.msr = {}", named(value)),
            Self::StoreField(field, value) => format!("page.{} = {value:#x}", field.name),
            Self::Load(size, address) => format!("load{} {}", 8 * size.bytes(), environment.address(address)),
            Self::Store(size, address, value) => {
                format!("store{} {}, {value:#x}", 8 * size.bytes(), environment.address(address))
            }
            Self::LoadUpdate(ea) => {
                let base = environment.address(ea - UPDATE);
                format!("run lwzu r3, {UPDATE}(r{BASE}) with r3 = {POISON}, r{BASE} = {base} gives r3, r{BASE}")
            }
            Self::StoreUpdate(ea, value) => {
                let base = environment.address(ea - UPDATE);
                format!("run stwu r3, {UPDATE}(r{BASE}) with r3 = {value:#x}, r{BASE} = {base} gives r3, r{BASE}")
            }
            Self::Hcall(token, argument) => {
                // A call without a result leaves nothing of it in r4 (arch/powerpc/kvm/powerpc.c, kvmppc_kvm_pv).
                format!("hcall {}, r3 = {argument:#x}, r4 = {POISON}", bystanders::call_name(token))
            }
            Self::HcallPreserves(token, first) => bystanders::call(token, first),
            Self::MapPage(ea) if ea == environment.page() => "map-page".to_owned(),
            Self::MapPage(ea) => format!("map-page at {ea:#x}"),
            Self::Exit(kind) => format!("exit {}", kind.name()),
            Self::Illegal => "run word 0x00000000".to_owned(),
            Self::PatchedRead(spr, to) => format!("patched mfspr r{to}, {}", spr.name),
            Self::PatchedWrite(spr, from, value) => {
                format!("patched mtspr {}, r{from} with r{from} = {value:#x}", spr.name)
            }
            Self::PatchedMfmsr(to) => format!("patched mfmsr r{to}"),
            Self::PatchedWriteMsr(by, from, value) => format!("patched {}", write_msr(by, from, value, &named)),
            Self::Segment { register, value, indirect: false } => {
                format!("run mtsr {register}, r4; mfsr r3, {register} with r4 = {value:#x} gives r3")
            }
            Self::Segment { register, value, indirect: true } => {
                let address = u64::from(register) << 28;
                format!("run mtsrin r4, r5; mfsrin r3, r5 with r4 = {value:#x}, r5 = {address:#x} gives r3")
            }
            Self::Arm(ticks) if environment.family().is_booke() => {
                format!("run mtspr TCR, r4; mtspr DEC, r5 with r4 = {DIE:#010x}, r5 = {ticks:#x}    # DIE")
            }
            Self::Arm(ticks) => format!("mtspr DEC, {ticks:#x}"),
            Self::Spin => format!("spin {EXPIRED}"),
            Self::Loop(stack) => {
                format!("run mtspr CTR, r3; bc 16, 0, 0 with r1 = {stack:#010x}, r3 = {EXPIRED_BDNZ}    # bdnz")
            }
            Self::Taken(exception) => format!("taken {}", exception.name()),
            Self::Line(line, raised) => {
                let verb = if raised { "raise" } else { "lower" };
                format!("host {verb}-{}", line.name())
            }
            Self::CriticalSection => {
                let (on, off) = (named(environment.msr() | msr::EE), named(environment.msr()));
                format!(
                    "run stw r1, -4068(r0); mtmsr r4; mfmsr r3; mtmsr r5; stw r2, -4068(r0) with r1 = {STACK:#010x}, \
                        r2 = 1, r4 = {on}, r5 = {off} gives r3"
                )
            }
            Self::Map(ea, pa, rights) => {
                format!("map {} to {} as {}", environment.address(ea), environment.address(pa), rights.name())
            }
            Self::Unmap(ea) => format!("unmap {}", environment.address(ea)),
            Self::GetRegs(spr) => format!("host get-regs {}", spr.name),
            Self::SetRegs(spr, value) => format!("host set-regs {}, {value:#x}", spr.name),
            Self::GetSregs(spr) => format!("host get-sregs {}", sreg(spr)),
            Self::SetSregs(spr, value) => format!("host set-sregs {}, {value:#x}", sreg(spr)),
            Self::GetOneReg(register, _) => format!("host get-one-reg {}", register.name),
            Self::SetOneReg(register, _, value) => format!("host set-one-reg {}, {value:#x}", register.name),
            Self::Migrate => "host migrate".to_owned(),
            Self::Hold => "hold".to_owned(),
            Self::OtherVm(value) => format!("host other-vm {value:#x}"),
            Self::ReadNumber(number) => format!("mfspr {number}"),
            Self::WriteNumber(number) => format!("mtspr {number}, 0"),
            Self::Odd(odd) => odd.text(environment),
            Self::Execute(execution) => execution.text(environment),
        }
    }

    /// Whether it gives a value that is worth a name.
    pub(super) fn gives_value(&self) -> bool {
        if let Self::Odd(odd) = self {
            return odd.gives_value();
        }
        if let Self::Execute(execution) = self {
            return execution.gives_value();
        }
        matches!(
            self,
            Self::ReadSpr(_)
                | Self::Through { .. }
                | Self::Exchange(..)
                | Self::Around(..)
                | Self::Return { .. }
                | Self::ReadMsr
                | Self::ReadMsrInto(_)
                | Self::LoadField(_)
                | Self::Load(..)
                | Self::LoadUpdate(..)
                | Self::Hcall(..)
                | Self::HcallPreserves(..)
                | Self::MapPage(_)
                | Self::PatchedRead(..)
                | Self::PatchedMfmsr(_)
                | Self::Segment { .. }
                | Self::Taken(_)
                | Self::CriticalSection
                | Self::GetRegs(_)
                | Self::GetSregs(_)
                | Self::GetOneReg(..)
                | Self::ReadNumber(_)
        )
    }

    /// Operation and register, field or call, as coverage counts them and findings are told apart.
    pub(super) fn subject(&self) -> (&'static str, String) {
        match *self {
            Self::ReadSpr(spr) => ("mfspr", spr.name.to_owned()),
            Self::WriteSpr(spr, _) => ("mtspr", spr.name.to_owned()),
            Self::Through { spr, .. } => ("mtspr mfspr", spr.name.to_owned()),
            Self::Exchange(spr, _) => ("exchange", spr.name.to_owned()),
            Self::Around(Instruction::Read(spr), _) => ("around mfspr", spr.name.to_owned()),
            Self::Around(Instruction::Write(spr, _), _) => ("around mtspr", spr.name.to_owned()),
            Self::Around(Instruction::ReadMsr, _) => ("around mfmsr", "MSR".to_owned()),
            Self::Return { class, .. } => ("return", save_registers(class).to_owned()),
            Self::ReadMsr | Self::ReadMsrInto(_) => ("mfmsr", "MSR".to_owned()),
            Self::WriteMsr { by, .. } => (by.mnemonic(), "MSR".to_owned()),
            Self::LoadField(field) => ("page load", field.name.to_owned()),
            Self::StoreField(field, _) => ("page store", field.name.to_owned()),
            Self::Load(size, address) => ("load", format!("{} {}", size.bytes(), region(address))),
            Self::Store(size, address, _) => ("store", format!("{} {}", size.bytes(), region(address))),
            Self::LoadUpdate(ea) => ("load update", region(ea).to_owned()),
            Self::StoreUpdate(ea, _) => ("store update", region(ea).to_owned()),
            Self::Hcall(token, _) => ("hcall", format!("{token:#x}")),
            Self::HcallPreserves(token, _) => ("around hcall", format!("{token:#x}")),
            Self::MapPage(ea) => ("hcall", format!("map-page {}", region(ea))),
            Self::Exit(kind) => ("exit", kind.name().to_owned()),
            Self::Illegal => ("illegal", "0".to_owned()),
            Self::PatchedRead(spr, _) => ("patched mfspr", spr.name.to_owned()),
            Self::PatchedWrite(spr, ..) => ("patched mtspr", spr.name.to_owned()),
            Self::PatchedMfmsr(_) => ("patched mfmsr", "MSR".to_owned()),
            Self::PatchedWriteMsr(by, ..) => ("patched", by.mnemonic().to_owned()),
            Self::Segment { register, .. } => ("segment", format!("SR{register}")),
            Self::Arm(_) => ("interrupt", "arm decrementer".to_owned()),
            Self::Spin | Self::Loop(_) => ("interrupt", "wait".to_owned()),
            Self::Taken(exception) => ("taken", exception.name().to_owned()),
            Self::Line(line, raised) => ("line", format!("{line:?} {raised}")),
            Self::CriticalSection => ("interrupt", "critical section".to_owned()),
            Self::Map(_, _, rights) => ("map", rights.name().to_owned()),
            Self::Unmap(_) => ("unmap", "page".to_owned()),
            Self::GetRegs(spr) => ("get-regs", spr.name.to_owned()),
            Self::SetRegs(spr, _) => ("set-regs", spr.name.to_owned()),
            Self::GetSregs(spr) => ("get-sregs", spr.name.to_owned()),
            Self::SetSregs(spr, _) => ("set-sregs", spr.name.to_owned()),
            Self::GetOneReg(_, spr) => ("get-one-reg", spr.name.to_owned()),
            Self::SetOneReg(_, spr, _) => ("set-one-reg", spr.name.to_owned()),
            Self::Migrate => ("host", "migrate".to_owned()),
            Self::Hold => ("host", "hold".to_owned()),
            Self::OtherVm(_) => ("host", "other-vm".to_owned()),
            Self::ReadNumber(number) => ("mfspr", number.to_string()),
            Self::WriteNumber(number) => ("mtspr", number.to_string()),
            Self::Odd(odd) => ("odd", odd.name.to_owned()),
            Self::Execute(execution) => ("execute", execution.name()),
        }
    }
}

/// What the names of a class's save registers begin with.
const fn save_registers(class: Class) -> &'static str {
    match class {
        Class::Base => "SRR",
        Class::Critical => "CSRR",
        Class::MachineCheck => "MCSRR",
    }
}

impl MsrWriter {
    /// Its mnemonic.
    const fn mnemonic(self) -> &'static str {
        match self {
            Self::Mtmsr => "mtmsr",
            Self::Wrtee => "wrtee",
            Self::Wrteei => "wrteei",
            Self::MtmsrdL1 => "mtmsrd 1",
        }
    }
}

fn write_msr(by: MsrWriter, from: u8, value: u64, named: &dyn Fn(u64) -> String) -> String {
    match by {
        MsrWriter::Mtmsr => format!("mtmsr r{from} with r{from} = {}", named(value)),
        MsrWriter::Wrtee => format!("wrtee r{from} with r{from} = {}", named(value)),
        MsrWriter::Wrteei => format!("wrteei {}", u8::from(value & msr::EE != 0)),
        MsrWriter::MtmsrdL1 => format!("mtmsrd r{from}, 1 with r{from} = {}", named(value)),
    }
}

/// A value of the MSR with its bits by name.
fn named(environment: &Environment, value: u64) -> String {
    let family = environment.family();
    let text = describe::bits(value, bit::msr(family).iter().copied());
    let with_owner = |part: &str| if part.starts_with("0x") { part.to_owned() } else { format!("MSR.{part}") };
    text.split('|').map(with_owner).collect::<Vec<_>>().join(" | ")
}

/// The name of a register in `struct kvm_sregs`: VRSAVE is USPRG0 there.
pub(super) fn sreg(spr: &Spr) -> &'static str {
    if spr.number == sprig_isa::spr::number::USPRG0 { "VRSAVE" } else { spr.name }
}

/// Where an address is, roughly.
pub(super) const fn region(address: u64) -> &'static str {
    match address as u32 {
        0..0x1000 => "zero",
        0x00a0_0000..0x00b0_0000 => "memory",
        0xffff_f000.. => "page",
        _ => "window",
    }
}
