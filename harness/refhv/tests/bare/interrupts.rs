//! Where interrupts go, what they save, and the way back.

use sprig_isa::cpu::Family;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number as n;
use sprig_isa::syndrome::{esr, srr1};

use crate::{CODE, CPUS, DATA, Rig, asm};

/// The save registers of a rig: SRR0 and SRR1.
fn saved(rig: &Rig) -> (u64, u64) {
    (rig.get(n::SRR0), rig.get(n::SRR1))
}

#[test]
fn a_program_interrupt_says_why_on_every_family() {
    for cpu in CPUS {
        for (what, word, problem, in_esr, in_srr1) in [
            ("illegal", 0, false, esr::PIL, srr1::ILLEGAL),
            ("privileged", asm("mfmsr", &[3]), true, esr::PPR, srr1::PRIVILEGED),
            ("trap", asm("trap", &[]), false, esr::PTR, srr1::TRAP),
        ] {
            // Server CPUs translate in problem state only if told to.
            let msr = if problem { msr::PR } else { 0 };
            let rig = Rig::new(cpu).msr(msr).code(&[word]).run(1);
            assert_eq!(rig.pc(), rig.vector(0x700, 6), "{cpu} {what}");
            let status = if rig.family().is_booke() { 0 } else { in_srr1 };
            assert_eq!(saved(&rig), (CODE, msr | status), "{cpu} {what}");
            if rig.family().is_booke() {
                assert_eq!(rig.get(n::ESR), in_esr.into(), "{cpu} {what}");
            }
        }
    }
}

#[test]
fn a_system_call_returns_behind_itself() {
    for cpu in CPUS {
        let rfi = if Rig::new(cpu).family() == Family::Book3s64 { "rfid" } else { "rfi" };
        let rig = Rig::new(cpu).msr(msr::PR).code(&[asm("sc", &[]), asm("addi", &[3, 0, 5])]);
        let handler = rig.vector(0xc00, 8);
        let rig = rig.at(handler, &[asm(rfi, &[])]).run(1);
        assert_eq!(rig.pc(), handler, "{cpu}");
        assert_eq!(saved(&rig), (CODE + 4, msr::PR), "{cpu}");
        assert!(!rig.machine.core().state.in_problem_state(), "{cpu}");
        if rig.family() != Family::Book3s64 {
            // Problem state of a 64-bit server CPU is translated, and here is nothing to translate by.
            let rig = rig.run(2);
            assert_eq!((rig.machine.core().state.gpr[3], rig.machine.core().state.msr()), (5, msr::PR), "{cpu}");
        }
    }
}

#[test]
fn a_handler_runs_with_what_its_class_leaves_enabled() {
    let all = msr::EE | msr::ME | booke::CE | booke::DE | booke::SPE;
    let rig = Rig::new("e500v2").msr(all).code(&[asm("sc", &[])]).run(1);
    assert_eq!(rig.machine.core().state.msr(), msr::ME | booke::CE | booke::DE);
    let mut rig = Rig::new("e500v2").msr(all).code(&[asm("nop", &[])]);
    rig.machine.core_mut().board.critical = true;
    let rig = rig.run(1);
    assert_eq!((rig.get(n::CSRR0), rig.get(n::CSRR1)), (CODE, all));
    assert_eq!(rig.machine.core().state.msr(), msr::ME);
    let rig = Rig::new("7447").msr(msr::EE | msr::ME | book3s::RI | book3s::IP).code(&[asm("sc", &[])]).run(1);
    assert_eq!((rig.pc(), rig.machine.core().state.msr()), (0xfff0_0c00, msr::ME | book3s::IP));
    let rig = Rig::new("970").msr(msr::ME | book3s::RI).code(&[asm("sc", &[])]).run(1);
    assert_eq!(rig.machine.core().state.msr(), msr::ME | book3s::SF);
}

#[test]
fn an_access_without_translation_says_where() {
    let rig = Rig::new("e500v2").gpr(4, 0x2000_0000).code(&[asm("stw", &[3, 8, 4])]).run(1);
    assert_eq!(rig.pc(), rig.vector(0, 13));
    assert_eq!((rig.get(n::DEAR), rig.get(n::ESR)), (0x2000_0008, esr::ST.into()));
    let rig = Rig::new("7447").gpr(4, 0x2000_0000).msr(book3s::DR).code(&[asm("lwz", &[3, 8, 4])]).run(1);
    assert_eq!((rig.pc(), rig.get(n::DAR), rig.get(n::DSISR)), (0x300, 0x2000_0008, 0x4000_0000));
    let rig = Rig::new("970").gpr(4, 0x2000_0000).msr(book3s::DR).code(&[asm("lwz", &[3, 8, 4])]).run(1);
    assert_eq!((rig.pc(), rig.get(n::DAR)), (0x380, 0x2000_0008), "no segment");
    let mut rig = Rig::new("440").code(&[asm("blr", &[])]);
    rig.state().lr = 0x2000_0000;
    let rig = rig.run(2);
    assert_eq!((rig.pc(), rig.get(n::SRR0)), (rig.vector(0, 14), 0x2000_0000));
}

#[test]
fn an_external_interrupt_waits_for_ee_and_goes_on_until_it_is_lowered() {
    for cpu in CPUS {
        let mut rig = Rig::new(cpu).code(&[asm("nop", &[]); 4]);
        rig.machine.core_mut().board.external = true;
        let rig = rig.run(2);
        assert_eq!(rig.pc(), CODE + 8, "{cpu}: disabled");
        let rig = rig.msr(msr::EE).run(0);
        let mut rig = rig.run(1);
        let handler = rig.vector(0x500, 4);
        assert_eq!((rig.pc(), rig.get(n::SRR0)), (handler + 4, CODE + 8), "{cpu}: delivered before the next");
        rig.machine.core_mut().board.external = false;
        let rig = rig.msr(msr::EE).run(1);
        assert_eq!(rig.pc(), handler + 8, "{cpu}: gone");
    }
}

#[test]
fn enabling_by_instruction_lets_a_pending_interrupt_in_before_the_next() {
    for (cpu, enable) in [
        ("e500v2", asm("wrteei", &[1])),
        ("440", asm("wrteei", &[1])),
        ("7447", asm("mtmsr", &[3])),
        ("970", asm("mtmsrd", &[3, 1])),
    ] {
        let mut rig = Rig::new(cpu).gpr(3, msr::EE).code(&[enable, asm("addi", &[5, 0, 1])]);
        rig.machine.core_mut().board.external = true;
        let rig = rig.run(2);
        assert_eq!((rig.get(n::SRR0), rig.machine.core().state.gpr[5]), (CODE + 4, 0), "{cpu}");
    }
}

#[test]
fn critical_input_comes_before_external() {
    let mut rig = Rig::new("440").msr(msr::EE | booke::CE).code(&[asm("nop", &[])]);
    rig.machine.core_mut().board.external = true;
    rig.machine.core_mut().board.critical = true;
    let rig = rig.run(1);
    assert_eq!(rig.pc(), rig.vector(0, 0) + 4);
    assert_eq!(rig.get(n::SRR0), 0, "the external interrupt has not been taken");
}

#[test]
fn a_critical_interrupt_within_an_interrupt_leaves_its_save_registers() {
    let rfci = asm("rfci", &[]);
    let rig = Rig::new("e500v2").msr(booke::CE).spr(n::SRR0, 0x1234).spr(n::SRR1, 0x5678);
    let handler = rig.vector(0, 0);
    let mut rig = rig.at(handler, &[rfci]).code(&[asm("nop", &[]); 2]);
    rig.machine.core_mut().board.critical = true;
    let mut rig = rig.run(1);
    rig.machine.core_mut().board.critical = false;
    assert_eq!((rig.pc(), rig.machine.core().state.msr()), (CODE, booke::CE));
    let rig = rig.run(1);
    assert_eq!((rig.pc(), saved(&rig)), (CODE + 4, (0x1234, 0x5678)));
}

#[test]
fn units_that_are_off_say_so() {
    let (lfd, vector, spe) = (50 << 26, 4 << 26, 4 << 26);
    let rig = Rig::new("7447").code(&[lfd]).run(1);
    assert_eq!(rig.pc(), 0x800);
    let rig = Rig::new("7447").code(&[vector]).run(1);
    assert_eq!(rig.pc(), 0xf20);
    let rig = Rig::new("e500v2").code(&[spe]).run(1);
    assert_eq!((rig.pc(), rig.get(n::ESR)), (rig.vector(0, 32), esr::SPV.into()));
    let rig = Rig::new("e500v2").code(&[lfd]).run(1);
    assert_eq!((rig.pc(), rig.get(n::ESR)), (rig.vector(0, 6), esr::PIL.into()), "no such unit");
}

#[test]
fn an_unaligned_reservation_is_an_alignment_interrupt() {
    for cpu in CPUS {
        let rig = Rig::new(cpu).gpr(4, DATA + 1).code(&[asm("lwarx", &[3, 0, 4])]).run(1);
        assert_eq!(rig.pc(), rig.vector(0x600, 5), "{cpu}");
        let address = if rig.family().is_booke() { n::DEAR } else { n::DAR };
        assert_eq!(rig.get(address), DATA + 1, "{cpu}");
    }
}

#[test]
fn a_doorbell_rings_for_the_processor_it_names() {
    const MSGSND: u32 = 31 << 26 | 4 << 11 | 206 << 1;
    let rig = Rig::new("e500mc").msr(msr::EE).code(&[MSGSND, asm("nop", &[])]);
    let rig = rig.gpr(4, 0).run(2);
    assert_eq!(rig.pc(), rig.vector(0, 36) + 4);
    let rig = Rig::new("e500mc").msr(msr::EE).code(&[MSGSND, asm("nop", &[])]).gpr(4, 1).run(2);
    assert_eq!(rig.pc(), CODE + 8, "PIR is 0");
}
