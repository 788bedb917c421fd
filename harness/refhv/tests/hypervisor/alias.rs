//! What problem state reads under an alias number, against the page and the trapping instruction.

use sprig_isa::spr::number as n;
use sprig_refhv::hypervisor::{Deviation, Setup, policy};

use super::{CPUS, Guest, asm};

/// The aliases each CPU has: alias, register, page field.
fn aliases(cpu: &str) -> Vec<(u16, u16, &'static str)> {
    let third = (n::USPRG3, n::SPRG3, "sprg3");
    let others = [
        (n::USPRG4, n::SPRG4, "sprg4"),
        (n::USPRG5, n::SPRG5, "sprg5"),
        (n::USPRG6, n::SPRG6, "sprg6"),
        (n::USPRG7, n::SPRG7, "sprg7"),
    ];
    match cpu {
        "e500v2" => [third].into_iter().chain(others).collect(),
        "440" | "7447" => others.into(),
        "970" | "power8" => vec![third],
        _ => vec![],
    }
}

fn each(mut test: impl FnMut(Guest, u16, u16, &str)) {
    for cpu in CPUS {
        for (alias, register, field) in aliases(cpu) {
            test(Guest::mapped(cpu), alias, register, field);
        }
    }
}

#[test]
fn a_trapping_write_is_seen_at_once() {
    each(|mut guest, alias, register, field| {
        guest.mtspr(register, 0xa000_0004);
        assert_eq!(guest.mfspr(alias), 0xa000_0004, "{field}");
        assert_eq!(guest.page(field), 0xa000_0004, "{field}");
    });
}

#[test]
fn a_store_to_the_page_is_seen_after_the_next_exit_and_not_before() {
    each(|mut guest, alias, register, field| {
        guest.mtspr(register, 0xa000_0004);
        guest.store(field, 0xb000_0004);
        assert_eq!(guest.mfspr(alias), 0xa000_0004, "{field} before");
        guest.exit();
        assert_eq!(guest.mfspr(alias), 0xb000_0004, "{field} after");
    });
}

#[test]
fn a_store_to_the_page_and_a_read_of_the_alias_cost_no_exit() {
    each(|mut guest, alias, _, field| {
        let before = guest.exits();
        guest.store(field, 0xb000_0004);
        guest.mfspr(alias);
        assert_eq!(guest.exits(), before, "{field}");
    });
}

#[test]
fn each_alias_shows_its_own_register() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        for (_, _, field) in aliases(cpu) {
            let digit = u64::from(field.as_bytes()[4]);
            guest.store(field, 0xc000_0000 | digit);
        }
        guest.exit();
        for (alias, _, field) in aliases(cpu) {
            let digit = u64::from(field.as_bytes()[4]);
            assert_eq!(guest.mfspr(alias), 0xc000_0000 | digit, "{cpu} {field}");
        }
    }
}

#[test]
fn in_problem_state_the_alias_is_always_right_since_getting_there_is_an_exit() {
    each(|mut guest, alias, register, field| {
        guest.mtspr(register, 0xa000_0004);
        guest.store(field, 0xb000_0004);
        guest.enter_problem_state(0);
        let translated = matches!(guest.family(), sprig_isa::cpu::Family::Book3s64);
        if translated {
            // Problem state of a 64-bit server CPU is translated, and this guest has no translations.
            assert_eq!(guest.core().state.spr.get(register), 0xb000_0004, "{field}");
        } else {
            assert_eq!(guest.mfspr(alias), 0xb000_0004, "{field}");
        }
    });
}

#[test]
fn a_guest_that_runs_long_enough_sees_the_store_without_an_exit_of_its_own() {
    each(|mut guest, alias, register, field| {
        guest.mtspr(register, 0xa000_0004);
        guest.store(field, 0xb000_0004);
        guest.run(&[asm("b", &[0])]);
        guest.steps(policy::HOST_SLICE);
        assert_eq!(guest.mfspr(alias), 0xb000_0004, "{field}");
    });
}

#[test]
fn usprg0_is_the_guests_own_in_both_states() {
    let mut guest = Guest::mapped("e500v2");
    let before = guest.exits();
    guest.mtspr(n::USPRG0, 0x1234);
    assert_eq!(guest.mfspr(n::USPRG0), 0x1234);
    assert_eq!(guest.exits(), before);
}

#[test]
fn without_the_reload_no_exit_helps() {
    let deviation = Some(Deviation::AliasNotReloaded);
    let mut guest = Guest::with("e500v2", Setup { deviation, ..Setup::default() }).map();
    guest.mtspr(n::SPRG4, 0xa000_0004);
    guest.exit();
    assert_eq!(guest.mfspr(n::USPRG4), 0);
    assert_eq!(guest.mfspr(n::SPRG4), 0xa000_0004, "only the alias is wrong");
}

#[test]
fn swapped_aliases_show_each_others_register() {
    let deviation = Some(Deviation::AliasesSwapped);
    let mut guest = Guest::with("e500v2", Setup { deviation, ..Setup::default() }).map();
    guest.mtspr(n::SPRG5, 5);
    guest.mtspr(n::SPRG6, 6);
    assert_eq!([n::USPRG5, n::USPRG6, n::USPRG4].map(|alias| guest.mfspr(alias)), [6, 5, 0]);
}
