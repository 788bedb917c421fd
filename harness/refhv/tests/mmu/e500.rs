use sprig_isa::cpu::Family;
use sprig_isa::mmu::mas;
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_refhv::cpu::{Fault, Interrupt};
use sprig_wire::board::TRANSLATIONS;

use super::Rig;

const TLB0: u32 = 0;
const TLB1: u32 = 1;
const TSIZE_16M: u32 = 7;
const SUPERVISOR_DATA: u32 = mas::SR | mas::SW;

fn select(rig: &mut Rig, tlb: u32, esel: u32) {
    rig.mtspr(n::MAS0, (tlb << mas::TLBSEL_SHIFT | esel << mas::ESEL_SHIFT).into());
}

/// Writes an entry that maps `ea` to `pa`.
fn write(rig: &mut Rig, (tlb, esel): (u32, u32), mas1: u32, ea: u64, pa: u64, permissions: u32) {
    select(rig, tlb, esel);
    rig.mtspr(n::MAS1, (mas1 | mas::VALID).into());
    rig.mtspr(n::MAS2, ea);
    rig.mtspr(n::MAS3, pa & 0xffff_f000 | u64::from(permissions));
    rig.mtspr(n::MAS7, pa >> 32);
    rig.run("tlbwe", &[]).expect("an entry e500v2 has");
}

fn tsize(tsize: u32) -> u32 {
    tsize << mas::TSIZE_SHIFT
}

#[test]
fn the_configuration_registers_describe_an_e500v2() {
    let rig = Rig::new("e500v2");
    assert_eq!(rig.regs.get(n::TLB0CFG), 0x0411_0200, "4 ways, 4 KiB only, 512 entries");
    assert_eq!(rig.regs.get(n::TLB1CFG), 0x101c_c010, "16 ways, 4 KiB to 16 GiB, IPROT, 16 entries");
}

#[test]
fn an_entry_of_tlb1_maps_every_byte_of_its_page_and_none_beside_it() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 3), tsize(TSIZE_16M), 0x1000_0000, 0xf_e000_0000, SUPERVISOR_DATA);
    assert_eq!(rig.load(0x1000_0000), Ok(0xf_e000_0000));
    assert_eq!(rig.load(0x10ff_ffff), Ok(0xf_e0ff_ffff));
    assert_eq!(rig.load(0x1100_0000), Err(Fault::Miss));
    assert_eq!(rig.load(0x0fff_ffff), Err(Fault::Miss));
}

#[test]
fn address_bits_below_the_page_size_are_dropped_when_an_entry_is_written() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 0), tsize(TSIZE_16M), 0x1012_3000, 0x0012_3000, SUPERVISOR_DATA);
    assert_eq!(rig.load(0x1000_0004), Ok(4));
}

#[test]
fn tlb0_holds_four_pages_of_a_set_and_always_4_kib() {
    let mut rig = Rig::new("e500v2");
    // EA bits 12-18 choose the set: these all fall into set 5.
    for way in 0..4u32 {
        let ea = 0x5000 + u64::from(way) * 0x8_0000;
        write(&mut rig, (TLB0, way), tsize(TSIZE_16M) | mas::IPROT, ea, 0x10_0000 * u64::from(way), SUPERVISOR_DATA);
    }
    for way in 0..4 {
        assert_eq!(rig.load(0x5010 + way * 0x8_0000), Ok(0x10_0000 * way + 0x10));
        assert_eq!(rig.load(0x6000 + way * 0x8_0000), Err(Fault::Miss));
    }
    select(&mut rig, TLB0, 2);
    rig.mtspr(n::MAS2, 0x5000);
    rig.run("tlbre", &[]).expect("tlbre never fails");
    let mas1 = rig.regs.get(n::MAS1) as u32;
    assert_eq!(mas1, mas::VALID | tsize(mas::TSIZE_4K), "TSIZE forced, IPROT not kept");
}

#[test]
fn an_entry_belongs_to_its_address_space() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 0), tsize(1) | mas::TS, 0x4000, 0x4000, mas::ALL_PERMISSIONS);
    assert_eq!(rig.load(0x4000), Err(Fault::Miss));
    rig.msr = msr::booke::DS;
    assert_eq!(rig.load(0x4000), Ok(0x4000));
    assert_eq!(rig.fetch(0x4000), Err(Fault::Miss), "MSR[IS] is still 0");
}

#[test]
fn an_entry_with_a_tid_needs_that_value_in_one_of_three_pids() {
    for pid in [n::PID, n::PID1, n::PID2] {
        let mut rig = Rig::new("e500v2");
        write(&mut rig, (TLB1, 0), tsize(1) | 7 << mas::TID_SHIFT, 0x4000, 0x4000, mas::ALL_PERMISSIONS);
        assert_eq!(rig.load(0x4000), Err(Fault::Miss));
        rig.mtspr(pid, 7);
        assert_eq!(rig.load(0x4000), Ok(0x4000), "SPR {pid}");
    }
}

#[test]
fn each_permission_bit_allows_one_access_of_one_privilege() {
    for bit in [mas::UX, mas::SX, mas::UW, mas::SW, mas::UR, mas::SR] {
        for problem in [false, true] {
            let mut rig = Rig::new("e500v2");
            write(&mut rig, (TLB1, 0), tsize(1), 0x4000, 0x4000, bit);
            rig.msr = if problem { msr::PR } else { 0 };
            let allowed = [rig.fetch(0x4000), rig.load(0x4000), rig.store(0x4000)].map(|result| result.is_ok());
            let own = if problem { [mas::UX, mas::UR, mas::UW] } else { [mas::SX, mas::SR, mas::SW] };
            assert_eq!(allowed, own.map(|own| own == bit), "bit {bit:#x}, problem state {problem}");
        }
    }
}

#[test]
fn a_page_that_is_there_but_forbids_the_access_is_no_miss() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 0), tsize(1), 0x4000, 0x4000, mas::SR);
    assert_eq!(rig.store(0x4000), Err(Fault::Protection));
    assert_eq!(rig.fetch(0x4000), Err(Fault::Protection));
}

#[test]
fn a_miss_prepares_the_mas_registers_from_mas4() {
    let mut rig = Rig::new("e500v2");
    rig.mtspr(n::MAS4, u64::from(TLB1 << mas::TLBSEL_SHIFT | 1 << mas::TIDSELD_SHIFT | tsize(4) | 0x0a));
    rig.mtspr(n::PID, 0x21);
    rig.mtspr(n::PID1, 0x22);
    rig.mtspr(n::MAS3, 0xffff_ffff);
    rig.mtspr(n::MAS7, 0xf);
    rig.msr = msr::booke::DS;
    assert_eq!(rig.store(0x1234_5678), Err(Fault::Miss));
    let mas1 = mas::VALID | 0x22 << mas::TID_SHIFT | mas::TS | tsize(4);
    assert_eq!(rig.regs.get(n::MAS0), 0x1000_0001, "TLBSELD, victim 0, next victim 1");
    assert_eq!(rig.regs.get(n::MAS1), mas1.into(), "TIDSELD = 1 takes PID1");
    assert_eq!(rig.regs.get(n::MAS2), 0x1234_500a);
    assert_eq!(rig.regs.get(n::MAS3), 0);
    assert_eq!(rig.regs.get(n::MAS6), 0x0021_0001, "PID0, and the address space of the access");
    assert_eq!(rig.regs.get(n::MAS7), 0);
}

#[test]
fn misses_propose_the_ways_of_tlb0_in_turn() {
    let proposed = |rig: &mut Rig| {
        assert_eq!(rig.load(0), Err(Fault::Miss));
        rig.regs.get(n::MAS0) >> mas::ESEL_SHIFT & u64::from(mas::ESEL)
    };
    let mut rig = Rig::new("e500v2");
    let ways = [(); 7].map(|()| proposed(&mut rig));
    assert_eq!(ways, [0, 1, 2, 3, 0, 1, 2]);
    rig.mmu.configure_tlb(&mut rig.regs, [256, 2, 16, 16]).expect("a TLB that can be");
    let of_two = [(); 3].map(|()| proposed(&mut rig));
    assert_eq!(of_two, [1, 0, 1], "the fourth way is not there any more");
}

#[test]
fn tlbre_shows_what_tlbwe_wrote() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 9), tsize(1) | 5 << mas::TID_SHIFT | mas::TS, 0xabcd_e00a, 0x3_1234_5000, SUPERVISOR_DATA);
    for mas in [n::MAS1, n::MAS2, n::MAS3, n::MAS7] {
        rig.mtspr(mas, 0);
    }
    select(&mut rig, TLB1, 9);
    rig.run("tlbre", &[]).expect("tlbre never fails");
    assert_eq!(rig.regs.get(n::MAS1), (mas::VALID | 5 << mas::TID_SHIFT | mas::TS | tsize(1)).into());
    assert_eq!(rig.regs.get(n::MAS2), 0xabcd_e00a);
    assert_eq!(rig.regs.get(n::MAS3), 0x1234_5000 | u64::from(SUPERVISOR_DATA));
    assert_eq!(rig.regs.get(n::MAS7), 3);
}

#[test]
fn tlbsx_finds_an_entry_by_spid_and_sas_or_leaves_defaults() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB1, 6), tsize(1) | 5 << mas::TID_SHIFT | mas::TS, 0x8000, 0x9000, SUPERVISOR_DATA);
    rig.gpr[4] = 0x8abc;
    rig.mtspr(n::MAS6, (5 << mas::SPID_SHIFT | mas::SAS).into());
    rig.run("tlbsx", &[0, 4]).expect("tlbsx never fails");
    assert_eq!(rig.regs.get(n::MAS0), 0x1006_0000);
    assert_eq!(rig.regs.get(n::MAS3) & 0xffff_f000, 0x9000);

    rig.mtspr(n::MAS6, (6u32 << mas::SPID_SHIFT).into());
    rig.run("tlbsx", &[0, 4]).expect("tlbsx never fails");
    assert_eq!(rig.regs.get(n::MAS1), 6 << mas::TID_SHIFT, "not valid: nothing found");
}

#[test]
fn tlbivax_takes_one_page_of_one_tlb_or_all_of_it() {
    let mut rig = Rig::new("e500v2");
    let pages = [((TLB0, 0), 0x4000), ((TLB0, 0), 0x5000), ((TLB1, 0), 0x6000), ((TLB1, 1), 0x7000)];
    for (place, ea) in pages {
        write(&mut rig, place, tsize(1), ea, ea, SUPERVISOR_DATA);
    }
    let mapped = |rig: &mut Rig| pages.map(|(_, ea)| rig.load(ea).is_ok());
    let invalidate = |rig: &mut Rig, address: u64| {
        rig.gpr[4] = address;
        rig.run("tlbivax", &[0, 4]).expect("tlbivax never fails");
        mapped(rig)
    };
    assert_eq!(invalidate(&mut rig, 0x7000), [true, true, true, true], "TLB0 has no such page");
    assert_eq!(invalidate(&mut rig, 0x4000), [false, true, true, true]);
    assert_eq!(invalidate(&mut rig, 0x7000 | mas::TLBIVAX_TLB1), [false, true, true, false]);
    assert_eq!(invalidate(&mut rig, mas::TLBIVAX_ALL), [false, false, true, false]);
    assert_eq!(invalidate(&mut rig, mas::TLBIVAX_ALL | mas::TLBIVAX_TLB1), [false; 4]);
}

#[test]
fn mmucsr0_flushes_the_tlb_it_names_spares_protected_entries_and_reads_zero() {
    let mut rig = Rig::new("e500v2");
    write(&mut rig, (TLB0, 0), tsize(1), 0x4000, 0x4000, SUPERVISOR_DATA);
    write(&mut rig, (TLB1, 0), tsize(1), 0x5000, 0x5000, SUPERVISOR_DATA);
    write(&mut rig, (TLB1, 1), tsize(1) | mas::IPROT, 0x6000, 0x6000, SUPERVISOR_DATA);
    rig.mtspr(n::MMUCSR0, mas::MMUCSR0_TLB1_FI.into());
    assert_eq!([0x4000, 0x5000, 0x6000].map(|ea| rig.load(ea).is_ok()), [true, false, true]);
    rig.mtspr(n::MMUCSR0, mas::MMUCSR0_TLB0_FI.into());
    assert_eq!([0x4000, 0x6000].map(|ea| rig.load(ea).is_ok()), [false, true]);
    assert_eq!(rig.regs.get(n::MMUCSR0), 0);
}

#[test]
fn a_tlb_or_a_page_size_that_is_not_there_is_an_illegal_instruction() {
    let illegal = Err(Interrupt::illegal(Family::BookeE500));
    let mut rig = Rig::new("e500v2");
    select(&mut rig, 2, 0);
    rig.mtspr(n::MAS1, (mas::VALID | tsize(1)).into());
    assert_eq!(rig.run("tlbwe", &[]), illegal, "TLB2");
    select(&mut rig, TLB1, 0);
    rig.mtspr(n::MAS1, (mas::VALID | tsize(0)).into());
    assert_eq!(rig.run("tlbwe", &[]), illegal, "1 KiB");
}

#[test]
fn firmware_leaves_a_page_open_to_everybody() {
    let mut rig = Rig::new("e500v2");
    rig.mmu.map_initially(0, &TRANSLATIONS[0]);
    assert_eq!(rig.fetch(0xff_fffc), Ok(0xff_fffc));
    rig.msr = msr::PR;
    assert_eq!(rig.store(0x1000), Ok(0x1000));
    assert_eq!(rig.load(0x100_0000), Err(Fault::Miss));
}
