//! How a machine's run ends, and what the board does.

use sprig_isa::exception::Exception;
use sprig_isa::msr::{self, booke};
use sprig_refhv::bare::Wires;
use sprig_refhv::cpu::Stop;
use sprig_refhv::machine::{Limits, Outcome};
use sprig_wire::{board, host, layout, log};

use crate::{BUDGET, CODE, CPUS, Rig, VECTORS, asm};

/// lis r4 with the upper half of the board's registers.
fn board_base() -> u32 {
    asm("addis", &[4, 0, i64::from(board::REGISTERS >> 16)])
}

#[test]
fn the_console_gets_bytes_and_power_off_ends_the_run() {
    for cpu in CPUS {
        let mut rig = Rig::new(cpu).code(&[
            board_base(),
            asm("addi", &[3, 0, i64::from(b'k')]),
            asm("stb", &[3, board::CONSOLE.into(), 4]),
            asm("addi", &[3, 0, 7]),
            asm("stw", &[3, board::POWER_OFF.into(), 4]),
            asm("b", &[0]),
        ]);
        assert_eq!(rig.finish(), Outcome::PoweredOff(7), "{cpu}");
        assert_eq!(rig.machine.console(), b"k", "{cpu}");
    }
}

#[test]
fn a_reset_starts_again_and_keeps_the_memory_that_is_not_of_the_program() {
    const COUNTER: i64 = 0x4000;
    // Counts its starts, destroys its first instruction, and resets the machine until the third time.
    let mut rig = Rig::new("e500v2").code(&[
        asm("lwz", &[5, COUNTER, 0]),
        asm("addi", &[5, 5, 1]),
        asm("stw", &[5, COUNTER, 0]),
        board_base(),
        asm("addis", &[7, 0, (CODE >> 16) as i64]),
        asm("stw", &[5, 0, 7]),
        asm("addi", &[6, 0, 3]),
        asm("cmpw", &[0, 5, 6]),
        asm("bc", &[4, 2, 8]),
        asm("stw", &[5, board::POWER_OFF.into(), 4]),
        asm("stw", &[5, board::RESET.into(), 4]),
    ]);
    assert_eq!(rig.finish(), Outcome::PoweredOff(3));
}

#[test]
fn the_probe_register_reads_as_documented() {
    let rig = Rig::new("e500v2").code(&[board_base(), asm("lwz", &[3, board::PROBE.into(), 4])]).run(2);
    assert_eq!(rig.machine.core().state.gpr[3], board::PROBE_VALUE.into());
}

#[test]
fn a_guest_that_makes_no_progress_hangs() {
    let mut rig = Rig::new("e500v2").code(&[asm("b", &[0])]);
    assert_eq!(rig.finish(), Outcome::Hang { pc: CODE });
    assert_eq!(rig.machine.core().clock.executed(), BUDGET);
}

#[test]
fn a_guest_that_makes_progress_may_take_as_long_as_the_total() {
    // r3 counts the steps: stw r3,AT_BEGUN(r4); addi r3,r3,1; b -8
    let words = [asm("stw", &[3, log::AT_BEGUN.into(), 4]), asm("addi", &[3, 3, 1]), asm("b", &[-8])];
    let mut rig = Rig::new("e500v2").gpr(4, layout::LOG_BASE.into()).code(&words);
    let outcome = rig.machine.run(Limits { step: 100, total: 5000 }, &mut Wires);
    assert!(matches!(outcome, Outcome::Hang { .. }), "{outcome}");
    assert_eq!(rig.machine.core().clock.executed(), 5000);
}

#[test]
fn waiting_for_what_never_comes_is_a_hang() {
    let mut rig = Rig::new("e500v2").gpr(3, booke::WE | msr::EE).code(&[asm("mtmsr", &[3]), asm("b", &[0])]);
    assert_eq!(rig.finish(), Outcome::Hang { pc: CODE + 4 });
}

#[test]
fn leaving_ram_is_a_checkstop_where_machine_checks_are_disabled() {
    let mut rig = Rig::new("7447").code(&[asm("b", &[0x0100_0000])]);
    assert_eq!(rig.finish(), Outcome::Crash { stop: Stop::Checkstop, pc: CODE + 0x0100_0000 });
    let rig = Rig::new("7447").msr(msr::ME).code(&[asm("b", &[0x0100_0000])]).run(2);
    assert_eq!(rig.pc(), 0x200, "and a machine check where they are enabled");
}

#[test]
fn a_handler_that_causes_its_own_interrupt_is_a_crash() {
    let mut rig = Rig::new("e500v2").at(VECTORS + 0x600, &[0]).code(&[0]);
    let stop = Stop::HandlerFaults(Exception::Program);
    assert_eq!(rig.finish(), Outcome::Crash { stop, pc: VECTORS + 0x600 });
}

/// A program that makes one host step and switches off.
fn host_step(call: &str) -> Rig {
    let call = host::HostCall::by_name(call).expect("a step of the table");
    Rig::new("e500v2").at(layout::HOST_BLOCK.into(), &[u32::from(call.call as u16) << 16]).code(&[
        board_base(),
        asm("stw", &[3, board::HOST_CALL.into(), 4]),
        asm("stw", &[3, board::POWER_OFF.into(), 4]),
    ])
}

fn status(rig: &Rig) -> Option<u32> {
    rig.machine.core().memory.read_u32(u64::from(layout::HOST_BLOCK) + 4)
}

#[test]
fn a_host_step_raises_a_line_and_the_guest_lowers_it() {
    let mut rig = host_step("raise-external");
    assert_eq!(rig.finish(), Outcome::PoweredOff(0));
    assert!(rig.machine.core().board.external);
    assert_eq!(status(&rig), Some(host::STATUS_OK));
    let mut rig = rig.code(&[asm("stw", &[3, board::EXTERNAL_ACK.into(), 4])]);
    rig.machine.core_mut().board.powered_off = None;
    rig.state().pc = CODE;
    let rig = rig.run(1);
    assert!(!rig.machine.core().board.external);
}

#[test]
fn a_host_step_this_machine_does_not_have_says_so() {
    let mut rig = host_step("migrate");
    assert_eq!(rig.finish(), Outcome::PoweredOff(0));
    assert_eq!(status(&rig), Some(host::STATUS_UNKNOWN));
}
