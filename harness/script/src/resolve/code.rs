//! `code`: instructions that are stored, and what makes them those that a CPU fetches from there.
//!
//! ```text
//! code A, I ; J        store32 A, I          store32 A + 4, J
//!                      run dcbst 0, r3 ; sync ; icbi 0, r3 ; sync ; isync with r3 = A
//! ```

use super::Resolver;
use crate::ast::{self, Expr, Size};
use crate::diagnostic::Diagnostic;
use crate::program::{Action, Instruction, Value};
use sprig_isa::cpu::CPUS;
use sprig_isa::insn::Insn;
use sprig_isa::insn::script::Row;
use sprig_wire::bytecode::Register;

/// An instruction, bytes.
const WORD: u64 = size_of::<u32>() as u64;
const DCBST: &Insn = Insn::named("dcbst");
const ICBI: &Insn = Insn::named("icbi");
const SYNC: &Insn = Insn::named("sync");
const ISYNC: &Insn = Insn::named("isync");
/// The first register that holds the address of a block.
const FIRST_BLOCK: u8 = 3;

impl Resolver<'_, '_> {
    pub(super) fn code(&mut self, step: &ast::Step, line: u32, address: &Expr, instructions: &[ast::Instruction]) {
        if let Some(name) = &step.name {
            let message = format!("`{}` would observe nothing", name.text);
            self.lookup.report(Diagnostic::error(message).at(name.span, "").at(step.span, "has no value"));
            self.observe(name, None, None);
        }
        let at = address.span;
        let address = self.constant_value(address, self.lookup.word.bits(), "an address");
        let words: Vec<_> =
            instructions.iter().map(|instruction| self.lookup.word_of(instruction, step.span)).collect();
        let words = words.into_iter().collect::<Option<Vec<u64>>>();
        let (Some(Value::Constant(address)), Some(words)) = (address, words) else { return };
        if !address.is_multiple_of(WORD) {
            let found = Diagnostic::error(format!("{address:#x} is not the address of an instruction"));
            return self.lookup.report(found.at(at, "instructions are at multiples of 4"));
        }
        let size = WORD * words.len() as u64;
        let highest = u64::MAX >> (u64::BITS - self.lookup.word.bits());
        let Some(last) = address.checked_add(size - 1).filter(|last| *last <= highest) else {
            let found = Diagnostic::error(format!("there are no {size} bytes from {address:#x} on"));
            return self.lookup.report(found.at(at, "the code would go on behind the last address"));
        };
        let marks = (step.may_trap.is_some(), step.varying.is_some());
        for (place, word) in (address..=last).step_by(WORD as usize).zip(words) {
            let store = Action::Store(Size::Word, Value::Constant(place), Value::Constant(word));
            self.push(step.span, line, None, store, vec![], marks);
        }
        self.push(step.span, line, None, clean(address, last), vec![], marks);
    }
}

/// What writes the blocks of the data cache with the bytes from one to another to memory and drops what the instruction
/// cache has of them (Power ISA 2.07 Book II, 1.8). The blocks are the smallest that a CPU has: others clean theirs more than once.
fn clean(first: u64, last: u64) -> Action {
    let block = CPUS.iter().map(|cpu| cpu.cache_block).min().map_or(WORD, u64::from);
    let blocks = (first - first % block..=last).step_by(block as usize);
    let blocks: Vec<(u8, u64)> = (FIRST_BLOCK..).zip(blocks.map(|block| block.max(first))).collect();
    let each = |insn| blocks.iter().map(move |(register, _)| row(insn, vec![0, i64::from(*register)]));
    let alone = |insn| [row(insn, vec![])];
    let all = each(DCBST).chain(alone(SYNC)).chain(each(ICBI)).chain(alone(SYNC)).chain(alone(ISYNC));
    let with = blocks.iter().map(|(register, block)| (Register::gpr(*register), Value::Constant(*block))).collect();
    Action::Run { instructions: all.collect(), with, gives: vec![] }
}

const fn row(insn: &'static Insn, operands: Vec<i64>) -> Instruction {
    Instruction::Row { row: Row::Common(insn), operands, spr: None }
}
