//! The generator's table against the interpreter that it has to cover. Needs no QEMU.

use super::image::{self, ImageSubjectError};
use super::program::{ROWS, Row};
use super::run::MODELS;
use crate::project;
use sprig_isa::cpu::{Cpu, Family};
use sprig_isa::exception::Exception;
use sprig_refhv::bare::Bare;
use sprig_refhv::cpu::opcode::{primary as p, x31};
use sprig_refhv::cpu::{Core, Pause, Processor};
use sprig_refhv::memory::Memory;
use sprig_wire::board::Translation;

/// Else a slip in `--area` would compare nothing, and find no difference.
#[test]
fn an_area_without_cases_is_a_mistake() {
    let found = image::subject(&project::root(), &["spr", "sprs"]).expect_err("there are no cases in sprs/");
    assert!(matches!(&found, ImageSubjectError::Area(area) if area == "sprs"), "{found}");
}

const RAM: usize = 1 << 20;
const CODE: u64 = 0x8000;
/// Where handlers of embedded CPUs are, this far apart.
const HANDLERS: u64 = 0x1000;
const HANDLER_SIZE: u64 = 0x100;

fn processor(cpu: &'static Cpu) -> Processor<Bare> {
    let mut core = Core::new(cpu, Memory::new(RAM));
    let mut bare = Bare::new(&mut core);
    bare.mmu.map_initially(0, &Translation { address: 0, size: RAM as u32, space: 0, device: false });
    for (ivor, number) in (0..).zip(sprig_isa::spr::number::IVOR0..).take(16) {
        if cpu.family == Family::BookeE500 {
            core.state.spr.set(number, HANDLERS + HANDLER_SIZE * ivor);
        }
    }
    Processor::new(core, bare)
}

/// True if the interpreter takes a program interrupt for this word in supervisor state, every register zero.
fn refuses(processor: &mut Processor<Bare>, word: u32) -> bool {
    let cpu = processor.core.state.profile;
    processor.supervisor.set_msr(&mut processor.core, 0);
    let core = &mut processor.core;
    core.state.gpr = [0; 32];
    (core.state.cr, core.state.xer, core.state.lr, core.state.ctr) = (0, 0, 0, 0);
    core.state.pc = CODE;
    core.memory.write_u32(CODE, word).expect("code lies in RAM");
    let next = core.clock.executed() + 1;
    assert_eq!(processor.run(next), Pause::Limit, "{word:#010x}");
    let row = Exception::Program.description();
    let handler = if cpu.family.is_booke() {
        HANDLERS + HANDLER_SIZE * u64::from(row.ivor_on(cpu.set).expect("it has one"))
    } else {
        row.vector.expect("it has one").into()
    };
    processor.core.state.pc == handler
}

#[test]
fn every_instruction_the_interpreter_executes_has_a_row() {
    for model in MODELS {
        let mut processor = processor(model.cpu().expect("a CPU of the table"));
        for primary in 0..64 {
            // Elsewhere these bits are operands, or reserved.
            let opcodes = if matches!(primary, p::X19 | p::X31) { 0..1024 } else { 0..1 };
            for extended in opcodes {
                for record in [0, 1] {
                    let word = primary << 26 | extended << 1 | record;
                    // Where there is one form only, the interpreter does not look at the lowest bit.
                    let has_row = Row::decode(word).or(Row::decode(word ^ 1)).is_some();
                    if !has_row && !is_of_unit(primary, extended) {
                        assert!(refuses(&mut processor, word), "{}: {word:#010x} has no row", model.name);
                    }
                }
            }
        }
    }
}

/// Instructions of units the model does not have: they are unavailable rather than illegal.
fn is_of_unit(primary: u32, extended: u32) -> bool {
    let indexed = [
        x31::LFSX,
        x31::LFSUX,
        x31::LFDX,
        x31::LFDUX,
        x31::STFSX,
        x31::STFSUX,
        x31::STFDX,
        x31::STFDUX,
        x31::STFIWX,
        x31::LVSL,
        x31::LVSR,
        x31::LVEBX,
        x31::LVEHX,
        x31::LVEWX,
        x31::LVX,
        x31::LVXL,
        x31::STVEBX,
        x31::STVEHX,
        x31::STVEWX,
        x31::STVX,
        x31::STVXL,
    ];
    matches!(primary, p::VECTOR | p::LFS..=p::STFDU | p::FP59 | p::FP63)
        || primary == p::X31 && indexed.contains(&extended)
}

#[test]
fn no_word_belongs_to_two_rows() {
    for (index, row) in ROWS.iter().enumerate() {
        for (bits, suffix) in row.variants() {
            let word = row.word | bits;
            let found = Row::decode(word).map(|(found, suffix)| (found.mnemonic, suffix));
            assert_eq!(found, Some((row.mnemonic, *suffix)), "row {index}");
        }
    }
}
