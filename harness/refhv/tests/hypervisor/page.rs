//! The magic page: where it is seen, and that it is the same state the traps act on.

use sprig_isa::hcall::{EV_SUCCESS, papr};
use sprig_isa::mmu::{hash32, mas};
use sprig_isa::msr::{self, book3s, booke};
use sprig_isa::page::{DEFAULT_EA, FIELDS};
use sprig_isa::spr::{SPRS, Write, number as n};
use sprig_refhv::cpu::Supervisor;

use super::{CPUS, DATA, Guest, SCRATCH, asm, at};

#[test]
fn every_register_in_the_page_is_read_and_written_by_trap_and_by_page_alike() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        let set = guest.core().state.profile.set;
        let rows = SPRS.iter().filter(|row| row.cpus.intersects(set) && !row.is_alias() && row.write == Write::Plain);
        for (row, field) in rows.filter_map(|row| Some((row, row.page_field?))) {
            guest.mtspr(row.number, 0x0123_4564);
            assert_eq!(guest.page(field.name), 0x0123_4564, "{cpu} {} by trap", row.name);
            guest.store(field.name, 0x89ab_cde8);
            assert_eq!(guest.mfspr(row.number), 0x89ab_cde8, "{cpu} {} by page", row.name);
        }
    }
}

#[test]
fn writing_a_register_changes_one_field() {
    let mut guest = Guest::mapped("e500v2");
    let fields = || FIELDS.iter().filter(|field| !matches!(field.name, "msr" | "int_pending"));
    for (index, field) in fields().enumerate() {
        guest.store(field.name, 0x1000 + index as u64);
    }
    guest.mtspr(n::MAS3, 0xdead_0000);
    guest.mtspr(n::SPRG5, 0xbeef_0000);
    for (index, field) in fields().enumerate() {
        let expected = match field.name {
            "mas3" => 0xdead_0000,
            "sprg5" => 0xbeef_0000,
            _ => 0x1000 + index as u64,
        };
        assert_eq!(guest.page(field.name), expected, "{}", field.name);
    }
}

#[test]
fn registers_stand_in_the_low_word_and_clear_the_high_one() {
    for cpu in ["e500v2", "7447"] {
        let mut guest = Guest::mapped(cpu);
        let high = at("sprg1") - 4;
        guest.set_gpr(SCRATCH, 0xffff_ffff);
        guest.run(&[asm("stw", &[SCRATCH as i64, high, 0])]);
        guest.mtspr(n::SPRG1, 0x8000_0001);
        guest.run(&[asm("lwz", &[3, high, 0])]);
        assert_eq!((guest.gpr(3), guest.page("sprg1")), (0, 0x8000_0001), "{cpu}");
    }
}

#[test]
fn a_64_bit_guest_has_whole_registers_in_the_page() {
    let mut guest = Guest::mapped("970");
    guest.mtspr(n::SPRG0, 0x0123_4567_89ab_cdef);
    guest.run(&[asm("ld", &[3, at("sprg0") - 4, 0])]);
    assert_eq!(guest.gpr(3), 0x0123_4567_89ab_cdef);
}

#[test]
fn mapping_it_puts_it_in_the_byte_order_of_the_guests_interrupts() {
    let mut guest = Guest::new("power8");
    let take_interrupts = |guest: &mut Guest, order: u32| {
        for (register, value) in [(3, papr::H_SET_MODE), (4, order), (5, papr::SET_MODE_RESOURCE_LE), (6, 0), (7, 0)] {
            guest.set_gpr(register, value.into());
        }
        guest.run(&[asm("sc1", &[])]);
        assert_eq!(guest.gpr(3), 0);
    };
    let bytes = |guest: &mut Guest| {
        guest.run(&[asm("ld", &[3, at("sprg0") - 4, 0]), asm("lwz", &[4, at("dsisr"), 0])]);
        (guest.gpr(3), guest.gpr(4))
    };
    let (sprg0, dsisr) = (0x0123_4567_89ab_cdef_u64, 0x4200_0000_u32);
    guest.mtspr(n::SPRG0, sprg0);
    guest.mtspr(n::DSISR, dsisr.into());
    let mut guest = guest.map();
    assert_eq!(bytes(&mut guest), (sprg0, dsisr.into()));
    // Nothing changes before the guest maps the page again; then everything but what is the guest's own.
    take_interrupts(&mut guest, papr::SET_MODE_LITTLE_ENDIAN);
    guest.store("scratch1", 0x5c5c_0001);
    assert_eq!(bytes(&mut guest), (sprg0, dsisr.into()));
    guest = guest.map_again();
    assert_eq!(bytes(&mut guest), (sprg0.swap_bytes(), dsisr.swap_bytes().into()));
    assert_eq!((guest.mfspr(n::SPRG0), guest.mfspr(n::DSISR)), (sprg0, dsisr.into()));
    assert_eq!(guest.page("scratch1"), 0x5c5c_0001);
    // Traps, stores and the alias go on being about one register.
    guest.mtspr(n::SPRG3, sprg0 + 1);
    guest.run(&[asm("ld", &[3, at("sprg3") - 4, 0]), asm("mfspr", &[4, n::USPRG3.into()])]);
    assert_eq!((guest.gpr(3), guest.gpr(4)), ((sprg0 + 1).swap_bytes(), sprg0 + 1));
    take_interrupts(&mut guest, papr::SET_MODE_BIG_ENDIAN);
    guest = guest.map_again();
    assert_eq!(bytes(&mut guest), (sprg0, dsisr.into()));
}

#[test]
fn msr_in_the_page_is_what_mfmsr_reads() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        guest.mtmsr(msr::FP);
        assert_eq!(guest.mfmsr() & 0xffff_ffff, guest.page("msr"), "{cpu}");
        assert_eq!(guest.page("msr") & msr::FP, msr::FP, "{cpu}");
    }
}

#[test]
fn ee_stored_to_the_page_is_the_guests_ee_at_the_next_exit() {
    for cpu in CPUS {
        let mut guest = Guest::mapped(cpu);
        let old = guest.page("msr");
        guest.store("msr", old | msr::EE);
        assert_eq!(guest.mfmsr() & 0xffff_ffff, old | msr::EE, "{cpu}");
        guest.store("msr", old);
        assert_eq!(guest.mfmsr() & 0xffff_ffff, old, "{cpu}");
    }
}

#[test]
fn ri_is_taken_from_the_page_where_there_is_one() {
    // The board enters an embedded CPU with machine checks enabled.
    for (cpu, expected) in [("7447", book3s::RI), ("e500v2", msr::ME)] {
        let mut guest = Guest::mapped(cpu);
        guest.store("msr", book3s::RI);
        assert_eq!(guest.mfmsr(), expected, "{cpu}");
    }
}

#[test]
fn other_msr_bits_are_not_taken_and_the_page_is_put_right() {
    let mut guest = Guest::mapped("e500v2");
    guest.store("msr", msr::PR | booke::DS | booke::CE | msr::EE);
    assert_eq!(guest.mfmsr(), msr::ME | msr::EE, "ME as at entry");
    assert_eq!(guest.page("msr"), msr::ME | msr::EE);
}

#[test]
fn scratch_and_the_rest_of_the_page_are_the_guests() {
    let mut guest = Guest::mapped("e500v2");
    let rest = DEFAULT_EA as i32 as i64 + 0x800;
    guest.store("scratch1", 1);
    guest.store("scratch2", 2);
    guest.store("scratch3", 3);
    guest.set_gpr(4, 4);
    guest.run(&[asm("stw", &[4, rest, 0])]);
    guest.exit();
    guest.run(&[asm("lwz", &[5, rest, 0])]);
    assert_eq!(["scratch1", "scratch2", "scratch3"].map(|field| guest.page(field)), [1, 2, 3]);
    assert_eq!(guest.gpr(5), 4);
}

#[test]
fn the_page_tells_the_guest_its_number() {
    for cpu in CPUS {
        let setup = sprig_refhv::hypervisor::Setup { vcpu_id: 3, ..Default::default() };
        let mut guest = Guest::with(cpu, setup).map();
        assert_eq!(guest.page("pir"), 3, "{cpu}");
    }
    let setup = sprig_refhv::hypervisor::Setup { vcpu_id: 3, ..Default::default() };
    assert_eq!(Guest::with("e500v2", setup).mfspr(n::BOOKE_PIR), 3);
    assert_eq!(Guest::with("power8", setup).mfspr(n::BOOK3S_PIR), 3);
}

#[test]
fn before_it_is_mapped_the_page_is_nowhere() {
    for cpu in ["e500v2", "440"] {
        let mut guest = Guest::new(cpu);
        guest.run(&[asm("lwz", &[3, at("sprg0"), 0])]);
        assert_eq!(guest.pc(), guest.vector(0, 13), "{cpu}: data TLB miss at -4096");
        guest.mtspr(n::SPRG0, 0x77);
        guest.run(&[asm("lwz", &[3, 0x24, 0])]);
        assert_eq!(guest.gpr(3), 0, "{cpu}: nor at 0");
    }
}

#[test]
fn it_is_mapped_where_the_guest_asks_and_moves_when_it_asks_again() {
    let mut guest = Guest::new("e500v2");
    let map = |guest: &mut Guest, ea: u64| assert_eq!(guest.map_page(0, ea), EV_SUCCESS);
    let load = |guest: &mut Guest, ea: u64| {
        guest.set_gpr(4, ea);
        guest.run(&[asm("lwz", &[3, 0x24, 4])]);
        guest.gpr(3)
    };
    guest.mtspr(n::SPRG0, 0x77);
    map(&mut guest, DATA);
    assert_eq!(load(&mut guest, DATA), 0x77);
    map(&mut guest, 0x8000_0000);
    assert_eq!((load(&mut guest, DATA), load(&mut guest, 0x8000_0000)), (0, 0x77));
}

#[test]
fn mapping_over_memory_that_was_used_shows_the_page_with_and_without_the_flag() {
    for cpu in ["e500v2", "440", "750", "970"] {
        for flag in [0, 1] {
            let mut guest = Guest::new(cpu);
            guest.set_gpr(4, DATA);
            guest.set_gpr(5, 0xf00d);
            guest.run(&[asm("stw", &[5, 0x24, 4]), asm("lwz", &[3, 0x24, 4])]);
            guest.mtspr(n::SPRG0, 0x77);
            guest.map_page(DATA, DATA | flag);
            guest.set_gpr(4, DATA);
            guest.run(&[asm("lwz", &[3, 0x24, 4])]);
            assert_eq!(guest.gpr(3), 0x77, "{cpu} flag {flag}");
        }
    }
}

#[test]
fn problem_state_does_not_reach_it() {
    for cpu in ["e500v2", "440"] {
        let mut guest = Guest::mapped(cpu);
        guest.enter_problem_state(0);
        guest.run(&[asm("lwz", &[3, at("sprg0"), 0])]);
        assert_eq!(guest.pc(), guest.vector(0, 13), "{cpu}");
    }
    let mut guest = Guest::mapped("7447");
    guest.mtspr(n::SPRG0, 0x77);
    guest.enter_problem_state(msr::ME);
    guest.run(&[asm("lwz", &[3, at("sprg0"), 0])]);
    assert_eq!(guest.pc(), 0x200, "real mode: there is no memory at the physical address, a machine check");
}

#[test]
fn on_embedded_cpus_it_is_data_in_both_address_spaces() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::SPRG0, 0x77);
    guest.mtmsr(booke::DS);
    assert_eq!(guest.page("sprg0"), 0x77);
    guest.mtmsr(0);
    guest.core().state.pc = DEFAULT_EA;
    guest.steps(1);
    assert_eq!(guest.pc(), guest.vector(0, 14), "instruction TLB miss");
}

/// Gives a 32-bit server guest BATs that map the first 256 MiB and the last to themselves, for the kernel.
fn with_bats(mut guest: Guest) -> Guest {
    const WHOLE_SEGMENT: u64 = (hash32::BATU_BL as u64) << hash32::BATU_BL_SHIFT;
    const READ_WRITE: u64 = 2;
    for (pair, ea) in [(0, 0), (2, 0xf000_0000u64)] {
        for first in [n::IBAT0U, n::DBAT0U] {
            guest.mtspr(first + pair, ea | WHOLE_SEGMENT | u64::from(hash32::BATU_VS));
            guest.mtspr(first + pair + 1, READ_WRITE);
        }
    }
    guest.mtmsr(book3s::IR | book3s::DR);
    guest
}

#[test]
fn on_server_cpus_it_comes_before_the_guests_translations() {
    let mut guest = with_bats(Guest::mapped("750"));
    guest.mtspr(n::SPRG0, 0x77);
    assert_eq!(guest.page("sprg0"), 0x77, "the BAT maps -4096 to 0x0ffff000");
}

#[test]
fn on_server_cpus_it_is_at_its_physical_address_in_real_mode_and_only_there() {
    const PHYSICAL: u64 = 0x0060_0000;
    let mut guest = Guest::new("750");
    guest.map_page(PHYSICAL, DEFAULT_EA);
    guest.mtspr(n::SPRG0, 0x77);
    let load = |guest: &mut Guest, ea: u64| {
        guest.set_gpr(4, ea);
        guest.run(&[asm("lwz", &[3, 0x24, 4])]);
        guest.gpr(3)
    };
    assert_eq!(load(&mut guest, PHYSICAL), 0x77);
    let mut guest = with_bats(guest);
    assert_eq!(load(&mut guest, DEFAULT_EA), 0x77);
    assert_eq!(load(&mut guest, PHYSICAL), 0, "translated, the address is RAM");
}

#[test]
fn a_64_bit_guest_in_32_bit_mode_finds_it_by_the_low_word() {
    let mut guest = Guest::new("970");
    guest.mtmsr(book3s::SF);
    guest.map_page(DEFAULT_EA as i32 as u64, DEFAULT_EA as i32 as u64);
    guest.mtspr(n::SPRG0, 0x77);
    assert_eq!(guest.page("sprg0"), 0x77, "64-bit mode");
    guest.mtmsr(0);
    assert_eq!(guest.page("sprg0"), 0x77, "32-bit mode");
}

#[test]
fn zero_unmaps_it_on_server_cpus() {
    let mut guest = Guest::mapped("7447");
    assert_eq!(guest.map_page(0, 0), EV_SUCCESS);
    assert_eq!(guest.processor.supervisor.mapping(), None);
}

#[test]
fn on_embedded_cpus_zero_is_an_address_like_any_other() {
    for cpu in ["e500v2", "440"] {
        let mut guest = Guest::new(cpu);
        guest.mtspr(n::SPRG0, 0x77);
        guest.run(&[asm("lwz", &[3, 0x24, 0])]);
        assert_eq!(guest.gpr(3), 0, "{cpu}: nothing is there before");
        assert_eq!(guest.map_page(0, 0), EV_SUCCESS);
        guest.run(&[asm("lwz", &[3, 0x24, 0])]);
        assert_eq!(guest.gpr(3), 0x77, "{cpu}");
    }
}

#[test]
fn a_reset_takes_it_away() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::SPRG4, 4);
    let super::Processor { core, supervisor } = &mut guest.processor;
    supervisor.reset(core);
    guest.mtspr(n::IVPR, super::VECTORS);
    guest.mtspr(n::IVOR0 + 13, 13 * super::VECTOR_STEP);
    guest.run(&[asm("lwz", &[3, at("sprg4"), 0])]);
    assert_eq!(guest.pc(), guest.vector(0, 13));
    assert_eq!((guest.mfspr(n::SPRG4), guest.mfspr(n::USPRG4)), (0, 0));
}

#[test]
fn segment_registers_are_in_the_page_and_taken_from_it_at_exits() {
    let mut guest = Guest::mapped("750");
    guest.set_gpr(3, 0x0012_3456);
    guest.run(&[asm("mtsr", &[5, 3])]);
    assert_eq!(guest.page("sr5"), 0x0012_3456);
    guest.store("sr5", 0x0065_4321);
    guest.run(&[asm("mfsr", &[4, 5])]);
    assert_eq!(guest.gpr(4), 0x0065_4321);
}

#[test]
fn mas7_3_is_two_registers() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::MAS3, 0xaaaa_a000);
    guest.mtspr(n::MAS7, 0xb);
    assert_eq!((guest.page("mas7"), guest.page("mas3")), (0xb, 0xaaaa_a000));
    guest.mtspr(n::MAS3, 0);
    assert_eq!((guest.page("mas7"), guest.page("mas3")), (0xb, 0));
}

#[test]
fn a_tlb_miss_fills_the_pages_mas_fields() {
    let mut guest = Guest::mapped("e500v2");
    guest.mtspr(n::MAS4, u64::from(1 << mas::TLBSEL_SHIFT | mas::TSIZE_4K << mas::TSIZE_SHIFT));
    guest.set_gpr(4, 0x4000_0000);
    guest.run(&[asm("lwz", &[3, 0, 4])]);
    assert_eq!(guest.pc(), guest.vector(0, 13));
    assert_eq!(guest.page("mas2"), 0x4000_0000);
    assert_eq!(guest.page("mas1"), u64::from(mas::VALID | mas::TSIZE_4K << mas::TSIZE_SHIFT));
    assert_eq!(guest.page("dar"), 0x4000_0000);
}

#[test]
fn no_guest_address_reaches_the_page_from_behind_the_ram() {
    let mut guest = Guest::mapped("7447");
    guest.mtmsr(msr::ME);
    guest.set_gpr(4, sprig_wire::layout::RAM_SIZE.into());
    guest.run(&[asm("lwz", &[3, 0x24, 4])]);
    assert_eq!(guest.pc(), 0x200, "a machine check");
}
