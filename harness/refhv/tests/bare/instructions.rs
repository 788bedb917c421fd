//! Privileged instructions: who has which, and what they do to MSR and to translation.

use sprig_isa::insn::INSNS;
use sprig_isa::mmu::mas;
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number as n;
use sprig_isa::syndrome::{esr, srr1};

use crate::{CODE, CPUS, DATA, Rig, asm};

#[test]
fn every_instruction_of_the_table_exists_on_some_cpu() {
    for row in INSNS {
        let exists = CPUS.iter().any(|cpu| {
            // Operands that make a valid form: RA = 4 differs from RT = 3.
            let registers = row.operands.iter().map(|operand| match operand.width() {
                5 if operand.reads_gpr() => 4,
                5 => 3,
                10 => 9,
                _ => 0,
            });
            let word = row.encode(&registers.collect::<Vec<i64>>()).expect("operands that fit");
            let rig = Rig::new(cpu).spr(n::SRR0, DATA).code(&[word]).run(1);
            rig.get(n::ESR) & u64::from(esr::PIL) == 0 && rig.get(n::SRR1) & srr1::ILLEGAL == 0
        });
        assert!(exists, "{}", row.mnemonic);
    }
}

#[test]
fn an_instruction_of_another_family_is_illegal_in_either_state() {
    for (cpu, mnemonic, operands) in [
        ("e500v2", "mfsr", &[3, 0][..]),
        ("e500v2", "rfid", &[]),
        ("7447", "tlbwe", &[]),
        ("7447", "wrteei", &[0]),
        ("7447", "mtmsrd", &[3, 0]),
        ("970", "rfi", &[]),
        ("440", "slbia", &[]),
        ("7447", "ld", &[3, 0, 4]),
    ] {
        for msr in [0, msr::PR] {
            let rig = Rig::new(cpu).msr(msr).gpr(4, DATA).code(&[asm(mnemonic, operands)]).run(1);
            assert_eq!(rig.pc(), rig.vector(0x700, 6), "{cpu} {mnemonic}");
            let privileged =
                if rig.family().is_booke() { rig.get(n::ESR) == 0x0400_0000 } else { rig.get(n::SRR1) & 0x4_0000 != 0 };
            assert!(!privileged, "{cpu} {mnemonic}");
        }
    }
}

#[test]
fn mtmsr_and_mfmsr_carry_the_bits_the_cpu_has() {
    let code = [asm("mtmsr", &[3]), asm("mfmsr", &[4])];
    let rig = Rig::new("e500v2").gpr(3, booke::SPE | booke::CE | msr::ME | 1).code(&code).run(2);
    assert_eq!(rig.machine.core().state.gpr[4], booke::SPE | booke::CE | msr::ME);
    let rig = Rig::new("970").gpr(3, book3s::RI).msr(book3s::SF).code(&code).run(2);
    assert_eq!(rig.machine.core().state.gpr[4], book3s::SF | book3s::RI);
}

#[test]
fn wrtee_takes_ee_from_a_register() {
    let rig = Rig::new("e500v2").msr(0).gpr(3, msr::EE | msr::PR).code(&[asm("wrtee", &[3])]).run(1);
    assert_eq!(rig.machine.core().state.msr(), msr::EE);
}

#[test]
fn a_return_to_32_bit_mode_cuts_addresses() {
    let rig = Rig::new("970").msr(book3s::SF).spr(n::SRR0, 0x1_0000_0000 | DATA).code(&[asm("rfid", &[])]).run(1);
    assert_eq!(rig.pc(), DATA);
}

#[test]
fn a_page_unmapped_is_not_reached_by_an_earlier_translation() {
    // The second load finds the translation gone that the first one used.
    let rig = Rig::new("e500v2").gpr(4, DATA).gpr(5, DATA | mas::TLBIVAX_TLB1);
    let mut rig = rig.code(&[asm("lwz", &[3, 0, 4]), asm("tlbivax", &[0, 5]), asm("lwz", &[3, 0, 4])]);
    // Entry 0 maps all RAM and is protected; this one maps the data first and is not.
    let supervisor = &mut rig.machine.processor.supervisor;
    let state = &mut rig.machine.processor.core.state;
    for (number, value) in [
        (n::MAS0, 1 << mas::TLBSEL_SHIFT | 2 << mas::ESEL_SHIFT),
        (n::MAS1, mas::VALID | mas::TSIZE_4K << mas::TSIZE_SHIFT),
        (n::MAS2, 0x3000_0000),
        (n::MAS3, DATA as u32 | mas::ALL_PERMISSIONS),
    ] {
        supervisor.mmu.mtspr(&mut state.spr, number, u64::from(value));
        state.spr.set(number, u64::from(value));
    }
    let rig = rig.gpr(4, 0x3000_0000).gpr(5, 0x3000_0000 | mas::TLBIVAX_TLB1);
    let rig = rig.at(CODE - 4, &[asm("tlbwe", &[])]);
    let mut rig = rig;
    rig.state().pc = CODE - 4;
    let rig = rig.run(3);
    assert_eq!(rig.pc(), CODE + 8, "mapped, used, unmapped");
    let rig = rig.run(1);
    assert_eq!((rig.pc(), rig.get(n::DEAR)), (rig.vector(0, 13), 0x3000_0000));
}
