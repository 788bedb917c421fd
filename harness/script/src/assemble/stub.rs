//! The instructions of one step, and the registers of their inputs and outputs.
//!
//! | step | stub |
//! |---|---|
//! | `mfspr` | `mfspr r3, n`, r3 poisoned before |
//! | `mtspr` | `mtspr n, r3` |
//! | `page.f`, `page.f =` | `lwz r3, f-4096(0)`, `stw r3, f-4096(0)`, as a patched kernel does it |
//! | `load`, `store` | r3 the value, r4 the address; 64 bits on a 32-bit guest: r3 high, r5 low |
//! | `hcall` | KVM_SC_SEQUENCE, r11 the token |
//! | `map-page` | the same, then a load from the page by r13, which the call preserves |
//! | `exit rfi` | SRR0 and SRR1 set to continue after the rfi with the same MSR |

use crate::ast::{ExitKind, Size};
use crate::guard::number_on;
use crate::names::POISON;
use crate::program::{Action, Instruction, SprRef, Value};
use crate::setting::{BuiltIn, ByteOrder, GuestWord};
use sprig_isa::cpu::Family;
use sprig_isa::hcall::{KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE, KVM_SC_SEQUENCE, TOKEN_REGISTER, papr};
use sprig_isa::insn::{Operand, script, word};
use sprig_isa::page::{Field, PAGE_SIZE};
use sprig_isa::spr::number;
use sprig_judge::case::Profile;
use sprig_judge::feature::Feature;
use sprig_wire::board;
use sprig_wire::bytecode::{Part, Register};
use sprig_wire::layout::UNMAPPED_EA;

/// The register of a step's value.
const VALUE: u8 = 3;
/// The register of an address.
const ADDRESS: u8 = 4;
/// The register of a 64-bit value's low half on a 32-bit guest.
const LOW: u8 = 5;
/// A register that hypercalls preserve (ppc-pv.rst: r0 and r3 to r12 are volatile).
const PRESERVED: u8 = 13;
/// First register of a hypercall's arguments and results.
const FIRST_ARGUMENT: u8 = 3;
/// Last register of a hypercall's results.
const LAST_RESULT: u8 = 12;

/// No instruction: what a word is that cannot be encoded. Every operand has been checked before.
const ILLEGAL: u32 = 0;

/// A step's machine code.
#[derive(Debug, Default)]
pub(super) struct Stub {
    pub(super) words: Vec<u32>,
    pub(super) inputs: Vec<(Register, Part, Value)>,
    /// In the order of the step's outputs; a high half follows the low half it completes.
    pub(super) outputs: Vec<(Register, Part)>,
}

impl Stub {
    fn insn(mut self, mnemonic: &str, operands: &[i64]) -> Self {
        self.words.push(word::assemble(mnemonic, operands).unwrap_or(ILLEGAL));
        self
    }

    fn given(mut self, register: u8, value: Value) -> Self {
        self.inputs.push((Register::gpr(register), Part::Native, value));
        self
    }

    fn poisoned(self, register: u8) -> Self {
        self.given(register, Value::Constant(POISON))
    }

    fn gives(mut self, register: u8) -> Self {
        self.outputs.push((Register::gpr(register), Part::Native));
        self
    }
}

/// What stubs depend on in addition to the step.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) profile: &'a Profile,
    pub(super) built_in: &'a BuiltIn,
}

impl Context<'_> {
    /// The number of a special register here.
    pub(super) fn number(self, spr: SprRef) -> u16 {
        match spr {
            SprRef::Number(number) => number,
            // A case that names a register the CPU lacks is not assembled for it.
            SprRef::Named(name) => number_on(self.profile.cpu, name).unwrap_or_default(),
        }
    }

    fn is_wide(self) -> bool {
        self.built_in.word == Some(GuestWord::Bits64)
    }

    /// The instruction that writes all of the MSR: mtmsr changes the low word only on 64-bit server cores.
    pub(super) fn mtmsr(self) -> &'static str {
        let server = self.profile.cpu.family == Family::Book3s64;
        if self.is_wide() && server { "mtmsrd" } else { "mtmsr" }
    }

    /// The word of an instruction.
    pub(super) fn encode(self, instruction: &Instruction) -> u32 {
        match instruction {
            Instruction::Word(word) => *word,
            Instruction::Papr if self.profile.features.contains(Feature::FakeSc1) => papr::FAKE_SC_1,
            Instruction::Papr => word::assemble("sc1", &[]).unwrap_or(ILLEGAL),
            Instruction::Row { row, .. } => row.encode(&self.operands(instruction)).unwrap_or(ILLEGAL),
        }
    }

    /// An instruction's operands with the number of a named special register in its place.
    pub(super) fn operands(self, instruction: &Instruction) -> Vec<i64> {
        match instruction {
            Instruction::Word(_) | Instruction::Papr => Vec::new(),
            Instruction::Row { row, operands, spr } => {
                let number = spr.map(|name| i64::from(self.number(SprRef::Named(name))));
                let operand = |(field, value): (script::Field, &i64)| match number {
                    Some(number) if field == script::Field::Common(Operand::Spr) => number,
                    _ => *value,
                };
                row.fields().zip(operands).map(operand).collect()
            }
        }
    }

    /// Mnemonics of the load and store of a field, and its displacement from register 0.
    pub(super) fn field_access(self, field: &Field) -> (&'static str, &'static str, i64) {
        let wide = self.is_wide() && field.size == 8;
        // The low word of a 64-bit field is the first one where the page is little-endian.
        let offset = if wide || self.built_in.order == Some(ByteOrder::Little) { field.offset } else { field.offset32 };
        let displacement = i64::from(offset) - PAGE_SIZE.cast_signed();
        if wide { ("ld", "std", displacement) } else { ("lwz", "stw", displacement) }
    }

    /// The stub of a step, if it has one.
    pub(super) fn stub(self, action: &Action) -> Option<Stub> {
        let stub = Stub::default();
        let r3 = i64::from(VALUE);
        Some(match action {
            Action::Mfspr(spr) => stub.poisoned(VALUE).insn("mfspr", &[r3, self.number(*spr).into()]).gives(VALUE),
            Action::Mtspr(spr, value) => stub.given(VALUE, *value).insn("mtspr", &[self.number(*spr).into(), r3]),
            Action::Mfmsr => stub.poisoned(VALUE).insn("mfmsr", &[r3]).gives(VALUE),
            Action::Mtmsr(value) => match self.mtmsr() {
                mnemonic @ "mtmsrd" => stub.given(VALUE, *value).insn(mnemonic, &[r3, 0]),
                mnemonic => stub.given(VALUE, *value).insn(mnemonic, &[r3]),
            },
            Action::LoadField(field) => {
                let (load, _, displacement) = self.field_access(field);
                stub.poisoned(VALUE).insn(load, &[r3, displacement, 0]).gives(VALUE)
            }
            Action::StoreField(field, value) => {
                let (_, store, displacement) = self.field_access(field);
                stub.given(VALUE, *value).insn(store, &[r3, displacement, 0])
            }
            Action::Load(size, address) => self.load(*size, *address),
            Action::Store(size, address, value) => self.store(*size, *address, *value),
            Action::Hcall { token, arguments } => hypercall(*token, arguments),
            Action::MapPage { ea, pa, flags } => {
                let arguments =
                    [(FIRST_ARGUMENT, Value::Constant(*pa)), (FIRST_ARGUMENT + 1, Value::Constant(ea | flags))];
                let call = hypercall(Value::Constant(KVM_HC_PPC_MAP_MAGIC_PAGE.into()), &arguments);
                call.given(PRESERVED, Value::Constant(*ea)).insn("lwz", &[0, 0, PRESERVED.into()])
            }
            Action::Exit(kind) => self.exit(*kind),
            Action::Run { instructions, with, gives } => Stub {
                words: instructions.iter().map(|instruction| self.encode(instruction)).collect(),
                inputs: with.iter().map(|(register, value)| (*register, Part::Native, *value)).collect(),
                outputs: gives.iter().map(|register| (*register, Part::Native)).collect(),
            },
            _ => return None,
        })
    }

    /// Offsets of the high and the low word of a doubleword in memory.
    fn halves(self) -> (i64, i64) {
        match self.built_in.order {
            Some(ByteOrder::Little) => (4, 0),
            _ => (0, 4),
        }
    }

    fn load(self, size: Size, address: Value) -> Stub {
        let stub = Stub::default().given(ADDRESS, address).poisoned(VALUE);
        let (r3, r4) = (i64::from(VALUE), i64::from(ADDRESS));
        let one = |mnemonic| (mnemonic, [r3, 0, r4]);
        let (mnemonic, operands) = match size {
            Size::Byte => one("lbz"),
            Size::Half => one("lhz"),
            Size::Word => one("lwz"),
            Size::Double if self.is_wide() => one("ld"),
            Size::Double => {
                let (high, low) = self.halves();
                let stub = stub.poisoned(LOW).insn("lwz", &[r3, high, r4]).insn("lwz", &[LOW.into(), low, r4]);
                let mut stub = stub.gives(LOW);
                stub.outputs.push((Register::gpr(VALUE), Part::High));
                return stub;
            }
        };
        stub.insn(mnemonic, &operands).gives(VALUE)
    }

    fn store(self, size: Size, address: Value, value: Value) -> Stub {
        let stub = Stub::default().given(ADDRESS, address);
        let (r3, r4) = (i64::from(VALUE), i64::from(ADDRESS));
        let mnemonic = match size {
            Size::Byte => "stb",
            Size::Half => "sth",
            Size::Word => "stw",
            Size::Double if self.is_wide() => "std",
            Size::Double => {
                let (high, low) = self.halves();
                let mut stub = stub.insn("stw", &[r3, high, r4]).insn("stw", &[LOW.into(), low, r4]);
                stub.inputs.push((Register::gpr(VALUE), Part::High, value));
                return stub.given(LOW, value);
            }
        };
        stub.given(VALUE, value).insn(mnemonic, &[r3, 0, r4])
    }

    fn exit(self, kind: ExitKind) -> Stub {
        let stub = Stub::default();
        let (r3, r4) = (i64::from(VALUE), i64::from(ADDRESS));
        let load_from = |address: u32| {
            let stub = Stub::default().given(ADDRESS, Value::Constant(address.into()));
            stub.insn("lwz", &[r3, 0, r4])
        };
        match kind {
            ExitKind::Mfpvr => stub.insn("mfspr", &[r3, number::PVR.into()]),
            ExitKind::Mfmsr => stub.insn("mfmsr", &[r3]),
            ExitKind::Hcall => hypercall(Value::Constant(KVM_HC_FEATURES.into()), &[]).without_results(),
            ExitKind::Sc => stub.insn("sc", &[]),
            ExitKind::Trap => stub.insn("trap", &[]),
            ExitKind::Mmio => load_from(board::REGISTERS + board::PROBE),
            ExitKind::TlbMiss => load_from(UNMAPPED_EA),
            ExitKind::Rfi => {
                /// From the instruction after `bl`, whose address LR holds, to the one after `rfi`.
                const BEHIND: i64 = 16;
                let rfi = if self.profile.cpu.family == Family::Book3s64 { "rfid" } else { "rfi" };
                stub.insn("mfmsr", &[r3])
                    .insn("mtspr", &[number::SRR1.into(), r3])
                    .insn("bl", &[4])
                    .insn("mfspr", &[r4, number::LR.into()])
                    .insn("addi", &[r4, r4, BEHIND])
                    .insn("mtspr", &[number::SRR0.into(), r4])
                    .insn(rfi, &[])
            }
        }
    }
}

impl Stub {
    fn without_results(mut self) -> Self {
        self.outputs.clear();
        self
    }
}

/// A hypercall with its token, arguments and results.
fn hypercall(token: Value, arguments: &[(u8, Value)]) -> Stub {
    let mut stub = Stub { words: KVM_SC_SEQUENCE.to_vec(), ..Stub::default() };
    for (register, value) in arguments {
        stub = stub.given(*register, *value);
    }
    stub = stub.given(TOKEN_REGISTER, token);
    (FIRST_ARGUMENT..=LAST_RESULT).fold(stub, Stub::gives)
}
