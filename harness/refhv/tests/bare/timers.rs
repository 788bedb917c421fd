//! Decrementer, fixed-interval timer, watchdog and time base, as programs see them.

use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number as n;
use sprig_isa::timer::{tcr, tsr};
use sprig_refhv::clock::INSTRUCTIONS_PER_TICK;

use crate::{CODE, CPUS, Rig, asm};

fn mtspr(number: u16, register: i64) -> u32 {
    asm("mtspr", &[number.into(), register])
}

fn mfspr(register: i64, number: u16) -> u32 {
    asm("mfspr", &[register, number.into()])
}

/// A loop of one instruction.
const HERE: u32 = 18 << 26;

#[test]
fn the_decrementer_interrupts_on_every_family() {
    for cpu in CPUS {
        let rig = Rig::new(cpu).gpr(3, 20).gpr(4, u64::from(tcr::DIE));
        let set_up = if rig.family().is_booke() { mtspr(n::TCR, 4) } else { asm("nop", &[]) };
        let rig = rig.code(&[set_up, mtspr(n::DEC, 3), HERE]).run(2).msr(msr::EE).run(19 * INSTRUCTIONS_PER_TICK);
        assert_eq!(rig.pc(), CODE + 8, "{cpu}: not yet");
        let handler = rig.vector(0x900, 10);
        let rig = rig.at(handler, &[HERE]).run(3 * INSTRUCTIONS_PER_TICK);
        assert_eq!((rig.pc(), rig.get(n::SRR0)), (handler, CODE + 8), "{cpu}");
    }
}

#[test]
fn an_embedded_decrementer_interrupt_comes_back_until_its_status_is_cleared() {
    let rig = Rig::new("e500v2").gpr(3, 1).gpr(4, u64::from(tcr::DIE)).gpr(5, u64::from(tsr::DIS));
    let handler = rig.vector(0, 10);
    let program = [mtspr(n::TCR, 4), mtspr(n::DEC, 3), HERE];
    // The handler returns without clearing, and with.
    let again = rig.code(&program).at(handler, &[asm("addi", &[6, 6, 1]), asm("rfi", &[])]);
    let again = again.run(2).msr(msr::EE).run(100);
    assert!(again.machine.core().state.gpr[6] > 10);
    let once = again.gpr(6, 0).at(handler, &[asm("addi", &[6, 6, 1]), mtspr(n::TSR, 5), asm("rfi", &[])]).run(100);
    assert!(once.machine.core().state.gpr[6] <= 2);
    assert_eq!(once.get(n::TSR), 0);
}

#[test]
fn the_decrementer_counts_down_as_the_time_base_counts_up() {
    for cpu in CPUS {
        let rig = Rig::new(cpu).gpr(3, 0x1000).code(&[mtspr(n::DEC, 3), HERE]).run(1);
        let rig = rig.run(10 * INSTRUCTIONS_PER_TICK - 1).at(CODE + 4, &[mfspr(5, n::DEC), mfspr(6, n::TBL)]).run(2);
        assert_eq!(rig.machine.core().state.gpr[5..7], [0x1000 - 10, 10], "{cpu}");
    }
}

#[test]
fn the_time_base_can_be_set_and_is_64_bits_wide() {
    let set = [mtspr(n::TBWU, 3), mtspr(n::TBWL, 4), mfspr(5, n::TBU), mfspr(6, n::TBL)];
    let rig = Rig::new("7447").gpr(3, 0x1234).gpr(4, 0xffff_0000).code(&set).run(4);
    assert_eq!(rig.machine.core().state.gpr[5..7], [0x1234, 0xffff_0000]);
    let rig = Rig::new("970").gpr(3, 0x1234).gpr(4, 0xffff_0000).code(&set).run(4);
    assert_eq!(rig.machine.core().state.gpr[6], 0x1234_ffff_0000, "TBL is the whole on a 64-bit CPU");
}

#[test]
fn fixed_interval_and_watchdog_interrupt_by_their_periods() {
    // FPEXT || FP = 59: the bit worth 16.
    let control = u64::from(tcr::FIE | 14 << tcr::FPEXT_SHIFT | 3 << tcr::FP_SHIFT);
    let rig = Rig::new("e500v2").gpr(4, control).code(&[mtspr(n::TCR, 4), HERE]);
    let handler = rig.vector(0, 11);
    let rig = rig.at(handler, &[HERE]).msr(msr::EE).run(17 * INSTRUCTIONS_PER_TICK);
    assert_eq!((rig.pc(), rig.get(n::TSR)), (handler, tsr::FIS.into()));
    // WP = 0 on 440: the bit worth 2^20.
    let rig = Rig::new("440").gpr(4, u64::from(tcr::WIE)).gpr(3, 1 << 20).code(&[mtspr(n::TCR, 4), HERE]);
    let handler = rig.vector(0, 12);
    let rig = rig.at(handler, &[HERE]).spr(n::TSR, tsr::ENW.into()).msr(booke::CE);
    let rig = rig.run((1 << 20) * INSTRUCTIONS_PER_TICK + 2);
    assert_eq!((rig.pc(), rig.get(n::CSRR0)), (handler, CODE + 4));
}

#[test]
fn the_watchdog_s_reset_control_cannot_be_taken_back() {
    let rig = Rig::new("440").gpr(3, 1 << 28).gpr(4, 0).code(&[mtspr(n::TCR, 3), mtspr(n::TCR, 4)]).run(2);
    assert_eq!(rig.get(n::TCR), 1 << 28);
}

#[test]
fn a_cpu_asleep_wakes_for_the_decrementer() {
    for (cpu, bit) in [("e500v2", booke::WE), ("7447", book3s::POW)] {
        let rig = Rig::new(cpu).gpr(3, 1000).gpr(4, u64::from(tcr::DIE)).gpr(5, msr::EE | bit);
        let set_up = if rig.family().is_booke() { mtspr(n::TCR, 4) } else { asm("nop", &[]) };
        let handler = rig.vector(0x900, 10);
        let rig = rig.at(handler, &[HERE]).code(&[set_up, mtspr(n::DEC, 3), asm("mtmsr", &[5]), asm("nop", &[])]);
        let rig = rig.run(2000 * INSTRUCTIONS_PER_TICK);
        assert_eq!((rig.pc(), rig.get(n::SRR0)), (handler, CODE + 12), "{cpu}");
        assert!(!rig.machine.core().waiting, "{cpu}");
    }
}
