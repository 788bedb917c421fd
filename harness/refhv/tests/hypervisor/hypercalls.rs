//! Hypercalls: who may make them, and what they answer.

use sprig_isa::hcall::papr::H_ENTER;
use sprig_isa::hcall::{
    EV_IDLE, EV_SUCCESS, EV_UNIMPLEMENTED, HYPERCALLS, KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE, KVM_SC_MAGIC_R0,
};
use sprig_isa::page::DEFAULT_EA;
use sprig_isa::spr::number as n;
use sprig_refhv::hypervisor::{Exit, Setup};

use super::{CODE, CPUS, Guest, asm};

const MAGIC_PAGE: u64 = 1 << 1;
const BOTH_FEATURES: u64 = 3;

#[test]
fn features_name_the_magic_page() {
    for cpu in CPUS {
        let [status, features, ..] = Guest::new(cpu).hypercall(KVM_HC_FEATURES, &[]);
        assert_eq!((status, features), (EV_SUCCESS.into(), MAGIC_PAGE), "{cpu}");
    }
}

#[test]
fn mapping_reports_what_the_page_holds() {
    for cpu in CPUS {
        let answer = Guest::new(cpu).hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &[DEFAULT_EA, DEFAULT_EA | 1]);
        assert_eq!(answer[..2], [EV_SUCCESS.into(), BOTH_FEATURES], "{cpu}");
    }
}

#[test]
fn r3_is_the_physical_address_and_r4_the_effective_one() {
    let mut guest = Guest::new("7447");
    guest.hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &[0x0060_0abc, 0xffff_f001]);
    let mapping = guest.processor.supervisor.mapping().expect("mapped");
    assert_eq!((mapping.pa, mapping.ea), (0x0060_0000, 0xffff_f000));
}

#[test]
fn outside_64_bit_mode_the_upper_halves_of_arguments_do_not_count() {
    const GARBAGE: u64 = 0xdead_beef_0000_0000;
    let arguments = [GARBAGE | 0x0060_0000, GARBAGE | 0xffff_f001];
    let mut guest = Guest::new("970");
    guest.set_gpr(0, GARBAGE | u64::from(KVM_SC_MAGIC_R0));
    guest.set_gpr(11, KVM_HC_PPC_MAP_MAGIC_PAGE.into());
    guest.core().state.gpr[3..5].copy_from_slice(&arguments);
    guest.run(&[asm("sc", &[])]);
    let mapping = guest.processor.supervisor.mapping().expect("mapped");
    assert_eq!((mapping.pa, mapping.ea), (0x0060_0000, 0xffff_f000));
    let mut wide = Guest::new("970");
    wide.mtmsr(sprig_isa::msr::book3s::SF);
    wide.hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &arguments);
    let mapping = wide.processor.supervisor.mapping().expect("mapped");
    assert_eq!((mapping.pa, mapping.ea), (arguments[0], arguments[1] & !0xfff));
}

#[test]
fn the_flag_is_the_effective_addresss_lowest_bit_and_the_physical_ones_means_nothing() {
    for (physical, effective, keeps) in [(1, 0, false), (0, 1, true), (0xfff, 0xffe, false)] {
        let mut guest = Guest::new("970");
        guest.hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &[0xffff_f000 | physical, 0xffff_f000 | effective]);
        let mapping = guest.processor.supervisor.mapping().expect("mapped");
        assert_eq!(mapping.keeps_no_execute, keeps, "{physical:#x}, {effective:#x}");
        assert_eq!((mapping.pa, mapping.ea), (0xffff_f000, 0xffff_f000));
    }
}

#[test]
fn a_hypervisor_without_the_page_says_so_and_goes_on_trapping() {
    for cpu in CPUS {
        let mut guest = Guest::with(cpu, Setup { offers_page: false, ..Setup::default() });
        assert_eq!(guest.hypercall(KVM_HC_FEATURES, &[])[..2], [EV_SUCCESS.into(), 0], "{cpu}");
        let answer = guest.hypercall(KVM_HC_PPC_MAP_MAGIC_PAGE, &[DEFAULT_EA, DEFAULT_EA]);
        assert_eq!(answer[..2], [EV_UNIMPLEMENTED.into(), 0], "{cpu}");
        guest.mtspr(n::SPRG0, 0x77);
        assert_eq!(guest.mfspr(n::SPRG0), 0x77, "{cpu}");
    }
}

#[test]
fn an_unknown_call_is_unimplemented_and_clears_r4_only() {
    let known = [KVM_HC_FEATURES, KVM_HC_PPC_MAP_MAGIC_PAGE, EV_IDLE];
    let named = HYPERCALLS.iter().map(|call| call.token).filter(|token| !known.contains(token));
    for token in named.chain([0, 1, 0x2a_0005, 0x29_0003, 3, 0xffff_ffff]) {
        let mut guest = Guest::new("e500v2");
        let answer = guest.hypercall(token, &[0x33, 0x44, 0x55, 0x66, 0x77]);
        assert_eq!(answer[..5], [EV_UNIMPLEMENTED.into(), 0, 0x55, 0x66, 0x77], "{token:#x}");
        assert_eq!(guest.pc(), CODE + 4);
    }
}

#[test]
fn a_token_is_the_low_word_of_r11() {
    let mut guest = Guest::new("970");
    guest.set_gpr(0, KVM_SC_MAGIC_R0.into());
    guest.set_gpr(11, 0xdead_beef_0000_0000 | u64::from(KVM_HC_FEATURES));
    guest.run(&[asm("sc", &[])]);
    assert_eq!((guest.gpr(3), guest.gpr(4)), (0, MAGIC_PAGE));
}

#[test]
fn a_hypercall_keeps_the_other_registers() {
    let mut guest = Guest::new("e500v2");
    for register in [1, 2].into_iter().chain(13..32) {
        guest.set_gpr(register, 0x100 + register as u64);
    }
    guest.core().state.lr = 0x1111;
    guest.hypercall(KVM_HC_FEATURES, &[]);
    for register in [1, 2].into_iter().chain(13..32) {
        assert_eq!(guest.gpr(register), 0x100 + register as u64);
    }
    assert_eq!(guest.core().state.lr, 0x1111);
}

#[test]
fn without_the_magic_number_sc_is_the_guests_own() {
    for cpu in CPUS {
        let mut guest = Guest::new(cpu);
        guest.set_gpr(0, 0x4b56_4d20);
        guest.run(&[asm("sc", &[])]);
        assert_eq!(guest.pc(), guest.vector(0xc00, 8), "{cpu}");
        assert_eq!(guest.mfspr(n::SRR0), CODE + 4, "{cpu}");
        assert_eq!(guest.exits_for(Exit::Hypercall), 0, "{cpu}");
    }
}

#[test]
fn in_problem_state_the_sequence_is_the_guests_own_system_call() {
    for cpu in ["e500v2", "440", "7447"] {
        let mut guest = Guest::new(cpu);
        guest.enter_problem_state(0);
        guest.hypercall(KVM_HC_FEATURES, &[]);
        assert_eq!(guest.pc(), guest.vector(0xc00, 8), "{cpu}");
        assert_eq!(guest.gpr(11), KVM_HC_FEATURES.into(), "{cpu}");
    }
}

#[test]
fn sc_with_a_level_is_a_partitions_and_an_ordinary_one_elsewhere() {
    const H_SUCCESS: u64 = 0;
    let mut guest = Guest::new("power8");
    guest.set_gpr(3, H_ENTER.into());
    for (register, value) in [(4, 0), (5, 8), (6, 0x1001), (7, 2)] {
        guest.set_gpr(register, value);
    }
    guest.run(&[asm("sc1", &[])]);
    assert_eq!((guest.gpr(3), guest.gpr(4), guest.pc()), (H_SUCCESS, 8, CODE + 4));

    let mut guest = Guest::new("970");
    guest.run(&[asm("sc1", &[])]);
    assert_eq!(guest.pc(), 0xc00);
}

#[test]
fn idle_returns_at_once_when_an_interrupt_waits_and_else_when_one_comes() {
    let mut guest = Guest::new("e500v2");
    guest.core().board.external = true;
    assert_eq!(guest.hypercall(EV_IDLE, &[9, 9])[..2], [EV_SUCCESS.into(), 0]);
    assert!(!guest.core().waiting);

    let mut guest = Guest::new("970");
    guest.mtspr(n::DEC, 100_000);
    let start = guest.core().clock.ticks();
    guest.hypercall(EV_IDLE, &[]);
    assert!(guest.core().waiting);
    guest.run(&[asm("nop", &[])]);
    guest.steps(10_000_000);
    assert!(!guest.core().waiting);
    assert!(guest.core().clock.ticks() - start >= 100_000);
}
