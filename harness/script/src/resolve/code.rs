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
use sprig_isa::insn::script::Row;
use sprig_wire::bytecode::Register;

/// An instruction, bytes.
const WORD: u64 = size_of::<u32>() as u64;
/// The smallest block of a cache among the CPUs, bytes (e500 core manual, 11.1; 7450 manual, 3.1); others clean theirs
/// more than once.
const CACHE_BLOCK: u64 = 32;
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
        let marks = (step.may_trap.is_some(), step.varying.is_some());
        let places = (address..).step_by(WORD as usize);
        let end = address.saturating_add(WORD * words.len() as u64);
        for (place, word) in places.zip(words) {
            let store = Action::Store(Size::Word, Value::Constant(place), Value::Constant(word));
            self.push(step.span, line, None, store, vec![], marks);
        }
        if let Some(clean) = clean(address, end) {
            self.push(step.span, line, None, clean, vec![], marks);
        }
    }
}

/// What writes the blocks of the data cache between two addresses to memory and drops what the instruction cache has of
/// them (Power ISA 2.07 Book II, 1.8); none if an instruction is missing.
fn clean(start: u64, end: u64) -> Option<Action> {
    let blocks = (start & !(CACHE_BLOCK - 1)..end).step_by(CACHE_BLOCK as usize);
    let blocks: Vec<(u8, u64)> = (FIRST_BLOCK..).zip(blocks.map(|block| block.max(start))).collect();
    let each = |mnemonic| blocks.iter().map(move |(register, _)| (mnemonic, vec![0, i64::from(*register)]));
    let alone = |mnemonic| [(mnemonic, vec![])];
    let all = each("dcbst").chain(alone("sync")).chain(each("icbi")).chain(alone("sync")).chain(alone("isync"));
    let row = |(mnemonic, operands)| Some(Instruction::Row { row: Row::by_mnemonic(mnemonic)?, operands, spr: None });
    let with = blocks.iter().map(|(register, block)| (Register::gpr(*register), Value::Constant(*block))).collect();
    Some(Action::Run { instructions: all.map(row).collect::<Option<_>>()?, with, gives: vec![] })
}
