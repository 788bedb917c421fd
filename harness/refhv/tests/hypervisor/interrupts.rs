//! The guest's interrupts: pending, enabled, withheld, delivered.

use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::spr::number as n;
use sprig_isa::timer::{tcr, tsr};
use sprig_refhv::clock::INSTRUCTIONS_PER_TICK;

use super::{CODE, CPUS, Guest, asm};

/// A guest with the page, whose decrementer has run out.
fn with_decrementer_pending(cpu: &str) -> Guest {
    let mut guest = Guest::mapped(cpu);
    if guest.family().is_booke() {
        guest.mtspr(n::TCR, tcr::DIE.into());
    }
    guest.mtspr(n::DEC, 1);
    guest.run(&[asm("nop", &[]); 32]);
    guest
}

#[test]
fn int_pending_says_that_an_interrupt_waits_for_ee() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        assert_eq!(guest.page("int_pending"), 0, "{cpu}");
        let mut guest = with_decrementer_pending(cpu);
        assert_ne!(guest.page("int_pending"), 0, "{cpu}");
    }
}

#[test]
fn a_pending_decrementer_is_delivered_when_ee_is_set_by_the_instruction() {
    for cpu in CPUS {
        let mut guest = with_decrementer_pending(cpu);
        guest.mtmsr(msr::EE);
        assert_eq!(guest.pc(), guest.vector(0x900, 10), "{cpu}");
        assert_eq!(guest.field("srr0"), CODE + 4, "{cpu}");
        assert_ne!(guest.field("srr1") & msr::EE, 0, "{cpu}");
        assert_eq!(guest.field("msr") & msr::EE, 0, "{cpu}");
    }
}

#[test]
fn a_pending_decrementer_is_delivered_at_the_exit_after_ee_is_stored_to_the_page() {
    for cpu in CPUS {
        let mut guest = with_decrementer_pending(cpu);
        let old = guest.page("msr");
        guest.store("msr", old | msr::EE);
        assert_eq!(guest.pc(), CODE + 4, "{cpu}: not before");
        guest.exit();
        assert_eq!(guest.pc(), guest.vector(0x900, 10), "{cpu}");
        assert_eq!(guest.field("srr0"), CODE + 4, "{cpu}: behind the instruction that trapped");
    }
}

#[test]
fn wrteei_delivers_what_is_pending() {
    let mut guest = with_decrementer_pending("e500v2");
    guest.run(&[asm("wrteei", &[1])]);
    assert_eq!(guest.pc(), guest.vector(0, 10));
}

#[test]
fn int_pending_is_cleared_when_the_interrupt_is_acknowledged() {
    let mut guest = with_decrementer_pending("e500v2");
    guest.mtspr(n::TSR, tsr::DIS.into());
    assert_eq!(guest.page("int_pending"), 0);
    let mut guest = with_decrementer_pending("970");
    guest.mtspr(n::DEC, 0x7fff_ffff);
    assert_eq!(guest.page("int_pending"), 0);
}

#[test]
fn a_decrementer_interrupt_comes_by_itself_when_enabled() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        if guest.family().is_booke() {
            guest.mtspr(n::TCR, tcr::DIE.into());
        }
        guest.mtmsr(msr::EE);
        guest.mtspr(n::DEC, 50);
        guest.place(guest.vector(0x900, 10), &[asm("b", &[0])]);
        guest.run(&[asm("b", &[0])]);
        guest.steps(2000);
        assert_eq!(guest.pc(), guest.vector(0x900, 10), "{cpu}");
    }
}

#[test]
fn in_a_critical_section_nothing_is_delivered_until_it_is_left() {
    for cpu in CPUS {
        let mut guest = with_decrementer_pending(cpu);
        guest.set_gpr(1, 0x00a0_1000);
        guest.store("critical", 0x00a0_1000);
        guest.mtmsr(msr::EE);
        assert_eq!(guest.pc(), CODE + 4, "{cpu}: withheld");
        assert_ne!(guest.page("int_pending"), 0, "{cpu}");
        guest.store("critical", 0x00a0_1001);
        guest.exit();
        assert_eq!(guest.pc(), guest.vector(0x900, 10), "{cpu}");
    }
}

#[test]
fn a_section_is_told_by_as_much_of_r1_as_the_mode_has() {
    // critical == r1 in the low word only.
    for (mode, withheld) in [(0, true), (book3s::SF, false)] {
        let mut guest = with_decrementer_pending("970");
        guest.store("critical", 0x00a0_1000);
        guest.mtmsr(mode);
        guest.set_gpr(1, 0xdead_beef_00a0_1000);
        guest.mtmsr(mode | msr::EE);
        assert_eq!(guest.pc() == CODE + 4, withheld, "{mode:#x}");
    }
}

#[test]
fn problem_state_has_no_critical_section() {
    let mut guest = with_decrementer_pending("e500v2");
    guest.set_gpr(1, 0x00a0_1000);
    guest.store("critical", 0x00a0_1000);
    guest.enter_problem_state(msr::EE);
    assert_eq!(guest.pc(), guest.vector(0, 10));
}

#[test]
fn before_the_page_is_mapped_there_is_no_critical_section() {
    let mut guest = Guest::new("e500v2");
    guest.set_gpr(1, 0);
    guest.mtspr(n::TCR, tcr::DIE.into());
    guest.mtspr(n::DEC, 1);
    guest.run(&[asm("nop", &[]); 32]);
    guest.mtmsr(msr::EE);
    assert_eq!(guest.pc(), guest.vector(0, 10), "r1 and the hidden field are both zero");
}

#[test]
fn an_external_interrupt_is_a_level() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        guest.core().board.external = true;
        guest.exit();
        assert_ne!(guest.page("int_pending"), 0, "{cpu}");
        guest.mtmsr(msr::EE);
        assert_eq!(guest.pc(), guest.vector(0x500, 4), "{cpu}");
        guest.core().board.external = false;
        guest.exit();
        assert_eq!(guest.field("int_pending"), 0, "{cpu}");
        guest.mtmsr(msr::EE);
        assert_eq!(guest.pc(), CODE + 4, "{cpu}");
    }
}

#[test]
fn the_critical_input_has_its_own_enable_and_registers() {
    let mut guest = Guest::mapped("440");
    guest.core().board.critical = true;
    guest.mtmsr(msr::EE);
    assert_eq!(guest.pc(), CODE + 4, "CE = 0");
    guest.mtmsr(booke::CE | msr::ME);
    assert_eq!(guest.pc(), guest.vector(0, 0));
    assert_eq!(guest.mfspr(n::CSRR0), CODE + 4);
    assert_eq!(guest.mfspr(n::CSRR1), booke::CE | msr::ME);
    assert_eq!(guest.mfmsr(), msr::ME);
    guest.core().board.critical = false;
    guest.run(&[asm("rfci", &[])]);
    assert_eq!((guest.pc(), guest.mfmsr()), (CODE + 4, booke::CE | msr::ME));
}

/// TCR for a short period, in ticks, of e500: FPEXT || FP and WPEXT || WP = 57, the time base bit worth 64.
const SHORT_PERIOD: u64 = 128;
const SHORT_FIXED_INTERVAL: u32 = tcr::FIE | 14 << tcr::FPEXT_SHIFT | 1 << tcr::FP_SHIFT;
const SHORT_WATCHDOG: u32 = tcr::WIE | 14 << tcr::WPEXT_SHIFT | 1 << tcr::WP_SHIFT;

/// An e500 guest that has spent so many instructions in a loop under this TCR, both of its interrupts disabled.
fn after(control: u32, instructions: u64) -> Guest {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::TCR, control.into());
    guest.run(&[asm("b", &[0])]);
    guest.steps(instructions);
    guest
}

#[test]
fn the_fixed_interval_timer_waits_for_ee_and_until_its_status_is_cleared() {
    let mut guest = after(SHORT_FIXED_INTERVAL, SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    assert_ne!(guest.page("int_pending"), 0);
    assert_eq!(guest.mfspr(n::TSR), tsr::FIS.into());
    guest.mtmsr(booke::CE);
    assert_eq!(guest.pc(), CODE + 4, "it is not of the critical class");
    guest.mtmsr(msr::EE);
    assert_eq!((guest.pc(), guest.field("srr0")), (guest.vector(0, 11), CODE + 4));
    guest.mtspr(n::TCR, 0);
    guest.mtspr(n::TSR, tsr::FIS.into());
    assert_eq!(guest.page("int_pending"), 0);
}

#[test]
fn the_watchdog_interrupts_at_its_second_time_out_as_the_critical_class() {
    let mut guest = after(SHORT_WATCHDOG, SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    assert_eq!((guest.mfspr(n::TSR), guest.page("int_pending")), (tsr::ENW.into(), 0));
    let mut guest = after(SHORT_WATCHDOG, 2 * SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    assert_eq!(guest.mfspr(n::TSR), u64::from(tsr::ENW | tsr::WIS));
    assert_ne!(guest.page("int_pending"), 0);
    guest.mtmsr(msr::EE);
    assert_eq!(guest.pc(), CODE + 4, "CE = 0");
    guest.mtmsr(booke::CE);
    assert_eq!((guest.pc(), guest.mfspr(n::CSRR0)), (guest.vector(0, 12), CODE + 4));
}

#[test]
fn a_timer_that_is_not_enabled_is_not_pending() {
    let mut guest = after((SHORT_FIXED_INTERVAL | SHORT_WATCHDOG) & !(tcr::FIE | tcr::WIE), 4 * 1024);
    assert_eq!(guest.mfspr(n::TSR), u64::from(tsr::ENW | tsr::WIS | tsr::FIS));
    assert_eq!(guest.page("int_pending"), 0);
}

#[test]
fn the_timers_come_by_themselves_and_in_their_order() {
    // FIT and decrementer at once: FIT first, its handler keeps EE off.
    let mut guest = after(SHORT_FIXED_INTERVAL | tcr::DIE, SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    guest.mtspr(n::DEC, 1);
    guest.run(&[asm("nop", &[]); 32]);
    guest.mtmsr(msr::EE);
    assert_eq!(guest.pc(), guest.vector(0, 11));
    // Watchdog before both.
    let mut guest = after(SHORT_WATCHDOG | SHORT_FIXED_INTERVAL, 2 * SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    guest.mtmsr(msr::EE | booke::CE);
    assert_eq!(guest.pc(), guest.vector(0, 12));
    // Enabled beforehand, without an exit of the guest's own.
    let mut guest = Guest::mapped("e500v2");
    guest.mtmsr(msr::EE);
    guest.mtspr(n::TCR, SHORT_FIXED_INTERVAL.into());
    guest.place(guest.vector(0, 11), &[asm("b", &[0])]);
    guest.run(&[asm("b", &[0])]);
    guest.steps(SHORT_PERIOD * INSTRUCTIONS_PER_TICK);
    assert_eq!(guest.pc(), guest.vector(0, 11));
}

#[test]
fn a_server_cpu_has_no_critical_input() {
    let mut guest = Guest::mapped("7447");
    guest.core().board.critical = true;
    guest.exit();
    assert_eq!(guest.page("int_pending"), 0);
}

#[test]
fn a_fault_leaves_address_and_syndrome_in_the_page() {
    let mut guest = Guest::mapped("440");
    guest.set_gpr(4, 0x4000_0000);
    guest.run(&[asm("stw", &[3, 8, 4])]);
    assert_eq!(guest.pc(), guest.vector(0, 13));
    assert_eq!(guest.page("dar"), 0x4000_0008);
    assert_eq!(guest.page("esr"), sprig_isa::syndrome::esr::ST.into());

    let mut guest = Guest::mapped("7447");
    guest.mtmsr(book3s::DR);
    guest.set_gpr(4, 0x4000_0000);
    guest.run(&[asm("stw", &[3, 8, 4])]);
    assert_eq!(guest.pc(), 0x300);
    guest.mtmsr(0);
    assert_eq!((guest.page("dar"), guest.page("dsisr")), (0x4000_0008, 0x4200_0000));
}

#[test]
fn waiting_ends_with_an_interrupt_which_saves_we_and_switches_it_off() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::TCR, tcr::DIE.into());
    guest.mtspr(n::DEC, 1000);
    guest.mtmsr(msr::EE | booke::WE);
    assert!(guest.core().waiting);
    guest.place(guest.vector(0, 10), &[asm("b", &[0])]);
    guest.steps(100_000);
    assert_eq!(guest.pc(), guest.vector(0, 10));
    assert_eq!((guest.page("srr1"), guest.page("msr")), (msr::EE | booke::WE, 0));
}
