//! What costs an exit, what kind, and which step of a script caused it.

use sprig_isa::hcall::KVM_HC_FEATURES;
use sprig_isa::spr::number as n;
use sprig_refhv::hypervisor::{Exit, Step, policy};
use sprig_wire::{board, layout, log};

use super::{CPUS, Guest, asm};

#[test]
fn each_reason_is_counted_apart() {
    let mut guest = Guest::mapped("e500v2");
    let expect = |guest: &mut Guest, reason: Exit, action: &mut dyn FnMut(&mut Guest)| {
        let (of_reason, all) = (guest.exits_for(reason), guest.exits());
        action(guest);
        assert_eq!((guest.exits_for(reason) - of_reason, guest.exits() - all), (1, 1), "{}", reason.name());
    };
    expect(&mut guest, Exit::Emulated, &mut |guest| guest.exit());
    expect(&mut guest, Exit::Hypercall, &mut |guest| {
        guest.hypercall(KVM_HC_FEATURES, &[]);
    });
    expect(&mut guest, Exit::ShadowMiss, &mut |guest| {
        guest.set_gpr(4, 0x90_0000);
        guest.run(&[asm("lwz", &[3, 0, 4])]);
    });
    guest.set_gpr(4, (board::REGISTERS + board::PROBE).into());
    guest.run(&[asm("lwz", &[3, 0, 4])]);
    expect(&mut guest, Exit::Mmio, &mut |guest| {
        guest.run(&[asm("lwz", &[3, 0, 4])]);
        assert_eq!(guest.gpr(3), board::PROBE_VALUE.into());
    });
    expect(&mut guest, Exit::Reflected, &mut |guest| guest.run(&[asm("trap", &[])]));
}

#[test]
fn a_page_that_was_touched_costs_no_exit_and_a_fetched_one_may_be_loaded_from() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        let before = guest.exits();
        for _ in 0..3 {
            guest.page("sprg4");
            guest.store("critical", 3);
            guest.set_gpr(4, super::CODE);
            guest.run(&[asm("lwz", &[3, 0, 4]), asm("stw", &[3, 0, 4])]);
        }
        assert_eq!(guest.exits(), before, "{cpu}");
    }
}

#[test]
fn an_exit_belongs_to_the_step_the_log_names() {
    let mut guest = Guest::mapped("7447");
    let note = |guest: &mut Guest, case: u32, step: u32| {
        let base = u64::from(layout::LOG_BASE);
        guest.core().memory.write_u32(base + u64::from(log::AT_CASE), case).expect("in RAM");
        guest.core().memory.write_u32(base + u64::from(log::AT_STEP), step).expect("in RAM");
    };
    note(&mut guest, 7, 1);
    guest.exit();
    note(&mut guest, 7, 2);
    guest.exit();
    guest.mtspr(n::SPRG0, 1);
    note(&mut guest, 7, 1);
    guest.exit();
    let exits = guest.processor.supervisor.exits();
    let of = |step| exits.of_step(Step { case: 7, step }).of(Exit::Emulated);
    assert_eq!((of(1), of(2), of(3)), (2, 2, 0));
}

#[test]
fn the_host_comes_in_after_a_slice_without_exits() {
    let mut guest = Guest::mapped("e500v2");
    guest.exit();
    guest.run(&[asm("b", &[0])]);
    guest.steps(policy::HOST_SLICE - 100);
    assert_eq!(guest.exits_for(Exit::Host), 0);
    guest.steps(200);
    assert_eq!(guest.exits_for(Exit::Host), 1);
    guest.steps(policy::HOST_SLICE / 2);
    guest.exit();
    guest.run(&[asm("b", &[0])]);
    guest.steps(policy::HOST_SLICE - 100);
    assert_eq!(guest.exits_for(Exit::Host), 1, "an exit of the guest's own starts a new slice");
}

#[test]
fn a_decrementer_that_expires_is_an_exit_only_if_it_can_interrupt() {
    let mut guest = Guest::mapped("7447");
    guest.mtspr(n::DEC, 10);
    guest.run(&[asm("b", &[0])]);
    guest.steps(1000);
    assert_eq!(guest.exits_for(Exit::Timer), 1);
}
