//! Privileged instructions of the guest kernel, and the same in problem state.

use sprig_isa::cpu::Family;
use sprig_isa::mmu::{mas, tlb44x};
use sprig_isa::msr::{self, booke};
use sprig_isa::spr::{Spr, number as n};
use sprig_isa::syndrome::{esr, srr1};

use super::{CODE, CPUS, Guest, SCRATCH, asm};

/// Why the guest's program interrupt came: ESR or SRR1.
fn program_syndrome(guest: &mut Guest) -> u64 {
    assert_eq!(guest.pc(), guest.vector(0x700, 6), "a program interrupt");
    assert_eq!(guest.mfspr(n::SRR0), CODE);
    if guest.family().is_booke() { guest.mfspr(n::ESR) } else { guest.mfspr(n::SRR1) & srr1::REASON }
}

fn privileged(family: Family) -> u64 {
    if family.is_booke() { esr::PPR.into() } else { srr1::PRIVILEGED }
}

fn illegal(family: Family) -> u64 {
    if family.is_booke() { esr::PIL.into() } else { srr1::ILLEGAL }
}

#[test]
fn sprg8_and_9_are_registers_of_embedded_cpus() {
    for cpu in ["e500v2", "440"] {
        let mut guest = Guest::new(cpu);
        guest.mtspr(n::SPRG8, 8);
        guest.mtspr(n::SPRG9, 9);
        assert_eq!((guest.mfspr(n::SPRG8), guest.mfspr(n::SPRG9)), (8, 9), "{cpu}");
    }
}

#[test]
fn sprg4_to_7_are_read_under_their_own_numbers() {
    for cpu in ["e500v2", "440", "7447"] {
        let mut guest = Guest::new(cpu);
        for number in n::SPRG4..=n::SPRG7 {
            guest.mtspr(number, 0x4000 + u64::from(number));
        }
        for number in n::SPRG4..=n::SPRG7 {
            assert_eq!(guest.mfspr(number), 0x4000 + u64::from(number), "{cpu}");
        }
    }
}

#[test]
fn an_undefined_number_does_what_hardware_does_and_stops_nothing() {
    for cpu in CPUS {
        for number in [1000, 700, 0x3c8, 4] {
            let mut guest = Guest::new(cpu);
            if Spr::lookup(guest.core().state.profile, number).is_some() {
                continue;
            }
            guest.set_gpr(3, 0x5a5a);
            guest.run(&[asm("mfspr", &[3, number.into()])]);
            assert_eq!(guest.gpr(3), 0x5a5a, "{cpu} {number}");
            if number == 4 {
                assert_eq!(program_syndrome(&mut guest), illegal(guest.family()), "{cpu}: an old number of POWER");
            } else {
                assert_eq!(guest.pc(), CODE + 4, "{cpu} {number}");
            }
        }
    }
}

#[test]
fn writing_a_read_only_number_is_a_privileged_instruction() {
    let mut guest = Guest::new("e500v2");
    guest.run(&[asm("mtspr", &[n::USPRG4.into(), 3])]);
    assert_eq!(program_syndrome(&mut guest), esr::PPR.into());
}

#[test]
fn a_register_keeps_what_hardware_keeps_of_a_value() {
    let mut guest = Guest::new("e500v2");
    guest.mtspr(n::IVPR, 0x1234_5678);
    assert_eq!(guest.mfspr(n::IVPR), 0x1234_0000);
    assert_eq!(guest.mfspr(n::PVR), 0x8021_0022);
}

#[test]
fn problem_state_gets_program_interrupts_for_privileged_instructions() {
    for cpu in ["e500v2", "440", "7447"] {
        for word in [asm("mfmsr", &[3]), asm("mfspr", &[3, n::SPRG0.into()]), asm("tlbsync", &[])] {
            let mut guest = Guest::new(cpu);
            guest.enter_problem_state(msr::ME);
            guest.run(&[word]);
            assert_eq!(program_syndrome(&mut guest), privileged(guest.family()), "{cpu} {word:#x}");
            assert_eq!(guest.mfspr(n::SRR1) & msr::PR, msr::PR, "{cpu}");
        }
    }
}

#[test]
fn illegal_and_trap_instructions_are_the_guests() {
    for cpu in CPUS {
        let mut guest = Guest::new(cpu);
        guest.run(&[0]);
        assert_eq!(program_syndrome(&mut guest), illegal(guest.family()), "{cpu}");
        guest.run(&[asm("trap", &[])]);
        let trap = if guest.family().is_booke() { esr::PTR.into() } else { srr1::TRAP };
        assert_eq!(program_syndrome(&mut guest), trap, "{cpu}");
    }
}

#[test]
fn an_instruction_of_another_family_is_illegal() {
    for (cpu, word) in [("7447", asm("wrteei", &[1])), ("e500v2", asm("mtsr", &[3, 3])), ("440", asm("slbia", &[]))] {
        let mut guest = Guest::new(cpu);
        guest.run(&[word]);
        assert_eq!(program_syndrome(&mut guest), illegal(guest.family()), "{cpu}");
    }
}

#[test]
fn wrtee_and_wrteei_change_ee_only() {
    let mut guest = Guest::new("e500v2");
    guest.mtmsr(booke::CE | msr::ME);
    guest.set_gpr(4, 0xffff_ffff);
    guest.run(&[asm("wrtee", &[4])]);
    assert_eq!(guest.mfmsr(), booke::CE | msr::ME | msr::EE);
    guest.run(&[asm("wrteei", &[0])]);
    assert_eq!(guest.mfmsr(), booke::CE | msr::ME);
}

#[test]
fn rfi_takes_what_the_guest_stored_to_the_page() {
    let mut guest = Guest::mapped("e500v2");
    guest.store("srr0", CODE + 0x100);
    guest.store("srr1", booke::CE);
    guest.run(&[asm("rfi", &[])]);
    assert_eq!((guest.pc(), guest.mfmsr()), (CODE + 0x100, booke::CE));
}

#[test]
fn the_hardware_runs_in_problem_state_whatever_the_guest_believes() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtmsr(0);
    assert_eq!(guest.core().state.msr() & msr::PR, msr::PR);
    assert_eq!(guest.mfmsr() & msr::PR, 0);
}

#[test]
fn a_guest_writes_its_tlb_and_uses_it_at_once() {
    const EA: u64 = 0x9000_0000;
    let mut guest = Guest::new("e500v2");
    guest.mtspr(n::MAS0, (1u32 << mas::TLBSEL_SHIFT | 5 << mas::ESEL_SHIFT).into());
    guest.mtspr(n::MAS1, (mas::VALID | mas::TSIZE_4K << mas::TSIZE_SHIFT).into());
    guest.mtspr(n::MAS2, EA);
    guest.mtspr(n::MAS3, super::DATA | u64::from(mas::SR | mas::SW));
    guest.run(&[asm("tlbwe", &[])]);
    guest.core().memory.write_u32(super::DATA + 4, 0x1234).expect("lies in RAM");
    guest.set_gpr(4, EA);
    guest.run(&[asm("lwz", &[3, 4, 4])]);
    assert_eq!(guest.gpr(3), 0x1234);
    // Invalidated, the entry is gone at once too.
    guest.mtspr(n::MAS1, 0);
    guest.run(&[asm("tlbwe", &[])]);
    guest.run(&[asm("lwz", &[3, 4, 4])]);
    assert_eq!(guest.pc(), guest.vector(0, 13));
}

#[test]
fn a_44x_guest_writes_its_tlb_word_by_word() {
    const EA: u64 = 0x9000_0000;
    let mut guest = Guest::new("440");
    let words = [EA as u32 | tlb44x::VALID | tlb44x::SIZE_4K << tlb44x::SIZE_SHIFT, super::DATA as u32, tlb44x::SR];
    for (word, value) in words.into_iter().enumerate() {
        guest.set_gpr(5, value.into());
        guest.set_gpr(6, 9);
        guest.run(&[asm("tlbwe44", &[5, 6, word as i64])]);
    }
    guest.core().memory.write_u32(super::DATA, 0x1234).expect("lies in RAM");
    guest.set_gpr(4, EA);
    guest.run(&[asm("lwz", &[3, 0, 4])]);
    assert_eq!(guest.gpr(3), 0x1234);
    guest.run(&[asm("tlbre44", &[7, 6, 1])]);
    assert_eq!(guest.gpr(7), super::DATA);
}

#[test]
fn an_illegal_tlb_entry_is_the_guests_program_interrupt() {
    let mut guest = Guest::new("e500v2");
    guest.mtspr(n::MAS0, (2u32 << mas::TLBSEL_SHIFT).into());
    guest.run(&[asm("tlbwe", &[])]);
    assert_eq!(program_syndrome(&mut guest), esr::PIL.into());
}

#[test]
fn what_belongs_to_the_hypervisor_is_privileged_in_a_partition() {
    let mut guest = Guest::new("power8");
    guest.run(&[asm("tlbie", &[3])]);
    assert_eq!(program_syndrome(&mut guest), srr1::PRIVILEGED);
}

#[test]
fn the_kernel_locks_cache_blocks_and_problem_state_if_ucle_lets_it() {
    let dcbtls = asm("dcbtls", &[0, 0, 4]);
    let mut guest = Guest::new("e500v2");
    guest.set_gpr(4, super::DATA);
    guest.run(&[dcbtls]);
    assert_eq!(guest.pc(), CODE + 4);
    for (ucle, allowed) in [(booke::UCLE, true), (0, false)] {
        guest.enter_problem_state(ucle);
        guest.run(&[dcbtls]);
        assert_eq!(guest.pc() == CODE + 4, allowed, "UCLE {ucle:#x}");
        guest.run(&[asm("sc", &[])]);
    }
}

#[test]
fn a_partitions_kernel_uses_every_facility_and_its_problem_state_those_the_kernel_opens() {
    const TAR_OPEN: u64 = 1 << 8;
    let mut guest = Guest::mapped("power8");
    let before = guest.exits();
    guest.mtspr(n::TAR, 0x1000);
    assert_eq!((guest.mfspr(n::TAR), guest.exits()), (0x1000, before));
    for (fscr, open) in [(0, false), (TAR_OPEN, true)] {
        guest.mtspr(n::FSCR, fscr);
        guest.enter_problem_state(0);
        assert_eq!(guest.core().state.spr.get(n::FSCR) & TAR_OPEN != 0, open, "the hardware's while the guest runs");
        guest.core().state.pc = 0x9000_0000;
        guest.steps(1);
        assert_eq!(guest.pc(), 0x480, "no segment: back in the kernel");
    }
}

#[test]
fn every_mfspr_replaces_its_target_register() {
    for cpu in CPUS {
        let mut guest = Guest::new(cpu);
        let profile = guest.core().state.profile;
        for number in (0..1024).filter(|number| {
            Spr::lookup(profile, *number).is_some_and(|row| row.supervisor.can_read() && row.number == row.cell)
        }) {
            let value = guest.mfspr(number);
            guest.set_gpr(SCRATCH, 0x5a5a_5a5a_5a5a_5a5a & if profile.is_64bit { u64::MAX } else { 0xffff_ffff });
            let again = guest.mfspr(number);
            if !matches!(number, n::TBL | n::TBU | n::ATBL | n::ATBU | n::DEC) {
                assert_eq!(again, value, "{cpu} {number}");
            }
            assert_eq!(guest.pc(), CODE + 4, "{cpu} {number}");
        }
    }
}
