//! Snippets that go elsewhere: branches, system calls, returns from interrupts, changes of the MSR.

use super::builder::Builder;
use super::handlers::{ALWAYS, assemble};
use super::row::AA;
use super::{Row, layout};
use sprig_isa::cpu::Family;
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::Field;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number;

/// MSR bits a program sets on e500, where FE0 and FE1 are at the same places as on the server family. Not SPE: the
/// reference has no such unit; not WE: there is nothing to wait for.
const MSR_E500: u64 = booke::UCLE
    | booke::CE
    | msr::EE
    | msr::PR
    | msr::ME
    | book3s::FE0
    | booke::DE
    | book3s::FE1
    | booke::IS
    | booke::DS;
/// The same on 7447. Not FP and VEC: the reference has no such units; not SE and BE: it has no trace interrupt; not
/// POW; not IP, ILE and LE, with which the handlers would not be found.
const MSR_7447: u64 =
    msr::EE | msr::PR | msr::ME | book3s::FE0 | book3s::FE1 | book3s::IR | book3s::DR | book3s::PMM | book3s::RI;

/// The same on 970, in either mode.
const MSR_970: u64 =
    book3s::SF | msr::EE | msr::PR | msr::ME | book3s::FE0 | book3s::FE1 | book3s::IR | book3s::DR | book3s::RI;

impl Builder {
    /// Instructions that a branch may skip: they do not trap.
    fn skipped(&mut self, count: u32) {
        for _ in 0..count {
            let register = self.register().into();
            self.op("addi", &[register, register, 1]);
        }
    }

    /// A register gets the address of the instruction `ahead` words after the next mtspr, and goes to LR or CTR.
    fn set_target(&mut self, number: u16, ahead: u32) {
        /// Words [`Builder::set_spr`] takes.
        const WORDS: u32 = 3;
        let target = self.here() + 4 * (WORDS + ahead);
        self.set_spr(number, target);
    }

    pub(super) fn branch(&mut self, row: &Row, bits: u32) {
        let absolute = row.word & AA != 0;
        let skipped = self.rng.u32(1..4);
        if self.once_in(2) {
            let value = self.value();
            self.set_spr_value(number::CTR, value);
        }
        let target = if absolute {
            // From there the way back is by LR: the branch sets it, or it is set before.
            self.set_target(number::LR, 1);
            layout::LOW_RETURNS + 4 * self.rng.u32(0..layout::LOW_RETURNS_SIZE / 4)
        } else {
            4 * (skipped + 1)
        };
        let operands: Vec<i64> = row
            .fields
            .iter()
            .map(|operand| match operand {
                Field::Common(Operand::Li | Operand::Bd) => target.into(),
                other => self.operand(*other),
            })
            .collect();
        self.encode(row, bits, &operands);
        if !absolute {
            self.skipped(skipped);
        }
    }

    pub(super) fn branch_to_lr(&mut self, row: &Row, bits: u32) {
        if self.once_in(2) {
            let value = self.value();
            self.set_spr_value(number::CTR, value);
        }
        self.branch_to(number::LR, row, bits);
    }

    /// Invalid with a BO that decrements CTR, which is tried too.
    pub(super) fn branch_to_ctr(&mut self, row: &Row, bits: u32) {
        self.branch_to(number::CTR, row, bits);
    }

    fn branch_to(&mut self, number: u16, row: &Row, bits: u32) {
        let skipped = self.rng.u32(0..4);
        self.set_target(number, skipped + 1);
        let operands: Vec<i64> = row.fields.iter().map(|field| self.operand(*field)).collect();
        self.encode(row, bits, &operands);
        self.skipped(skipped);
    }

    /// Calls a return in the window, whether it is mapped or not.
    pub(super) fn call_window(&mut self) {
        if self.is_e500() || self.msr & book3s::IR != 0 {
            let address = self.window_returns_address();
            self.set_spr(number::CTR, address);
            let link = 1;
            let word = assemble("bcctr", &[ALWAYS, 0]) | link;
            self.word(word);
        }
    }

    pub(super) fn system_call(&mut self, row: &Row, bits: u32) {
        self.encode(row, bits, &[]);
        self.msr &= !msr::PR;
    }

    /// To supervisor state, if not there.
    pub(super) fn supervisor(&mut self) {
        if self.in_problem_state() {
            self.op("sc", &[]);
            self.msr &= !msr::PR;
        }
    }

    /// From supervisor to problem state and back.
    pub(super) fn change_state(&mut self) {
        if self.in_problem_state() {
            return self.supervisor();
        }
        let value = self.random_msr() | msr::PR;
        self.set_spr_value(number::SRR1, value);
        self.set_target(number::SRR0, 1);
        self.op(if self.is_64bit() { "rfid" } else { "rfi" }, &[]);
        self.msr = value;
    }

    fn random_msr(&mut self) -> u64 {
        let bits = match self.cpu.family {
            Family::BookeE500 => MSR_E500,
            _ if self.is_64bit() => MSR_970,
            _ => MSR_7447,
        };
        self.rng.u64(..) & bits
    }

    pub(super) fn write_msr(&mut self, row: &Row, bits: u32) {
        let (register, value) = (self.register(), self.random_msr());
        self.set_value(register, value);
        let mut operands = vec![register.into()];
        let only_ee_and_ri = row.has(Operand::L) && self.once_in(4);
        if row.has(Operand::L) {
            operands.push(only_ee_and_ri.into());
        }
        self.encode(row, bits, &operands);
        if !self.in_problem_state() && !only_ee_and_ri {
            self.msr = value;
        }
    }

    /// rfi, rfci, rfmci to the next instruction, with another MSR. Nothing happens where the instruction is not
    /// allowed.
    pub(super) fn return_from_interrupt(&mut self, row: &Row, bits: u32) {
        // Of rfmci and rfdi QEMU's e500v2 has the wrong one, and QEMU's state is the one that goes on.
        let (srr0, srr1, exists) = match row.mnemonic {
            "rfci" => (number::CSRR0, number::CSRR1, self.is_e500()),
            "rfmci" => (number::MCSRR0, number::MCSRR1, false),
            "rfdi" => (number::DSRR0, number::DSRR1, self.is_e500()),
            "rfi" => (number::SRR0, number::SRR1, !self.is_64bit()),
            // The 970 of a guest is no hypervisor.
            "hrfid" => (number::SRR0, number::SRR1, false),
            _ => (number::SRR0, number::SRR1, true),
        };
        let value = self.random_msr();
        self.set_spr_value(srr1, value);
        self.set_target(srr0, 1);
        self.encode(row, bits, &[]);
        if exists && !self.in_problem_state() {
            self.msr = value;
        }
    }
}
