use sprig_isa::mmu::hash32 as h;
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_refhv::cpu::Fault;
use sprig_refhv::mmu::Effect;

use super::Rig;

const HTAB: u32 = 0x0010_0000;
const TRANSLATED: u64 = msr::book3s::IR | msr::book3s::DR;
const VSID: u32 = 0x00ab_cdef;
const EA: u64 = 0x3123_4567;
/// Page index of `EA` in its segment.
const PAGE: u32 = 0x1234;
const READ_ONLY: u32 = 3;
const READ_WRITE: u32 = 2;

fn rig() -> Rig {
    let mut rig = Rig::new("750");
    rig.msr = TRANSLATED;
    rig.mtspr(n::SDR1, HTAB.into());
    segment(&mut rig, VSID);
    rig
}

/// Writes segment register 3.
fn segment(rig: &mut Rig, value: u32) {
    rig.gpr[5] = value.into();
    rig.run("mtsr", &[3, 5]).expect("mtsr never fails");
}

/// Address of entry `index` of the group for `hash` in a table of 64 KiB.
fn entry(hash: u32, index: u32) -> u64 {
    (HTAB + (hash & 0x3ff) * 64 + index * 8).into()
}

fn put(rig: &mut Rig, at: u64, secondary: bool, word1: u32) {
    let word0 = h::PTE_V | VSID << h::PTE_VSID_SHIFT | if secondary { h::PTE_H } else { 0 } | PAGE >> h::API_SHIFT;
    rig.memory.write_u32(at, word0).expect("in RAM");
    rig.memory.write_u32(at + 4, word1).expect("in RAM");
}

#[test]
fn real_mode_leaves_addresses_alone() {
    let mut rig = rig();
    rig.msr = msr::book3s::IR;
    assert_eq!(rig.load(0xfff0_0100), Ok(0xfff0_0100));
    assert_eq!(rig.fetch(0xfff0_0100), Err(Fault::Miss), "fetches are translated");
}

#[test]
fn a_page_is_found_by_the_primary_hash_in_any_slot() {
    for slot in 0..8 {
        let mut rig = rig();
        put(&mut rig, entry(VSID ^ PAGE, slot), false, 0x0065_4000 | READ_WRITE);
        assert_eq!(rig.load(EA), Ok(0x0065_4567));
    }
}

#[test]
fn a_page_is_found_by_the_secondary_hash_with_h_set() {
    let mut rig = rig();
    put(&mut rig, entry(!(VSID ^ PAGE), 2), true, 0x0065_4000 | READ_WRITE);
    assert_eq!(rig.load(EA), Ok(0x0065_4567));
}

#[test]
fn h_must_say_which_hash_was_used() {
    let mut rig = rig();
    put(&mut rig, entry(VSID ^ PAGE, 0), true, 0x0065_4000 | READ_WRITE);
    assert_eq!(rig.load(EA), Err(Fault::Miss));
}

#[test]
fn a_larger_table_is_reached_through_htabmask() {
    let mut rig = rig();
    rig.mtspr(n::SDR1, (HTAB | 1).into());
    let at = u64::from(HTAB) + (u64::from(VSID ^ PAGE) & 0x7ff) * 64;
    put(&mut rig, at, false, 0x0065_4000 | READ_WRITE);
    assert_eq!(rig.load(EA), Ok(0x0065_4567));
}

#[test]
fn use_sets_r_and_a_store_sets_c_in_memory() {
    let mut rig = rig();
    let at = entry(VSID ^ PAGE, 0);
    put(&mut rig, at, false, 0x0065_4000 | READ_WRITE);
    rig.load(EA).expect("mapped");
    assert_eq!(rig.memory.read_u32(at + 4), Some(0x0065_4000 | READ_WRITE | h::PTE_R));
    rig.store(EA).expect("mapped");
    assert_eq!(rig.memory.read_u32(at + 4), Some(0x0065_4000 | READ_WRITE | h::PTE_R | h::PTE_C));
}

#[test]
fn a_refused_access_leaves_r_and_c_alone() {
    let mut rig = rig();
    let at = entry(VSID ^ PAGE, 0);
    put(&mut rig, at, false, 0x0065_4000 | READ_ONLY);
    assert_eq!(rig.store(EA), Err(Fault::Protection));
    assert_eq!(rig.memory.read_u32(at + 4), Some(0x0065_4000 | READ_ONLY));
}

#[test]
fn protection_follows_key_and_pp() {
    // (key, PP) -> load allowed, store allowed
    let table = [
        (false, 0, true, true),
        (false, 1, true, true),
        (false, 2, true, true),
        (false, 3, true, false),
        (true, 0, false, false),
        (true, 1, true, false),
        (true, 2, true, true),
        (true, 3, true, false),
    ];
    for problem in [false, true] {
        for (key, pp, load, store) in table {
            let mut rig = rig();
            let own = if problem { h::SR_KP } else { h::SR_KS };
            let other = (h::SR_KS | h::SR_KP) ^ own;
            segment(&mut rig, VSID | if key { own } else { other });
            rig.msr = TRANSLATED | if problem { msr::PR } else { 0 };
            put(&mut rig, entry(VSID ^ PAGE, 0), false, pp);
            assert_eq!((rig.load(EA).is_ok(), rig.store(EA).is_ok()), (load, store), "key {key} pp {pp} pr {problem}");
        }
    }
}

#[test]
fn the_key_is_that_of_the_privilege_state() {
    let mut rig = rig();
    segment(&mut rig, VSID | h::SR_KP);
    put(&mut rig, entry(VSID ^ PAGE, 0), false, 0);
    assert!(rig.store(EA).is_ok(), "Ks = 0");
    rig.msr |= msr::PR;
    assert_eq!(rig.load(EA), Err(Fault::Protection), "Kp = 1");
}

#[test]
fn no_execute_segments_and_guarded_pages_refuse_fetches_only() {
    let mut rig = rig();
    put(&mut rig, entry(VSID ^ PAGE, 0), false, READ_WRITE);
    assert!(rig.fetch(EA).is_ok());
    segment(&mut rig, VSID | h::SR_N);
    assert_eq!((rig.fetch(EA), rig.load(EA)), (Err(Fault::NoExecute), Ok(0x567)));
    segment(&mut rig, VSID);
    put(&mut rig, entry(VSID ^ PAGE, 0), false, READ_WRITE | h::PTE_G);
    assert_eq!((rig.fetch(EA), rig.load(EA)), (Err(Fault::NoExecute), Ok(0x567)));
}

#[test]
fn direct_store_segments_are_not_supported() {
    let mut rig = rig();
    segment(&mut rig, h::SR_T);
    assert_eq!(rig.load(EA), Err(Fault::Unsupported));
    assert_eq!(rig.fetch(EA), Err(Fault::NoExecute));
}

#[test]
fn a_bat_maps_its_block_before_the_page_table_is_asked() {
    let mut rig = rig();
    put(&mut rig, entry(VSID ^ PAGE, 0), false, 0x0065_4000 | READ_WRITE);
    // 256 KiB at 0x31200000 to 0x00200000, supervisor only.
    rig.mtspr(n::DBAT0U + 4, u64::from(0x3120_0000 | 1 << h::BATU_BL_SHIFT | h::BATU_VS));
    rig.mtspr(n::DBAT0U + 5, u64::from(0x0020_0000 | READ_WRITE));
    assert_eq!(rig.store(EA), Ok(0x0023_4567 & 0x0023_ffff));
    assert_eq!(rig.load(0x3124_0000), Err(Fault::Miss), "outside the block");
    rig.msr |= msr::PR;
    assert_eq!(rig.load(EA), Ok(0x0065_4567), "Vp = 0");
}

#[test]
fn bats_for_instructions_and_data_are_apart() {
    let mut rig = rig();
    rig.mtspr(n::IBAT0U, u64::from(0x3120_0000 | 1 << h::BATU_BL_SHIFT | h::BATU_VS));
    rig.mtspr(n::IBAT0U + 1, u64::from(READ_ONLY));
    assert!(rig.fetch(EA).is_ok());
    assert_eq!(rig.load(EA), Err(Fault::Miss));
}

#[test]
fn bat_protection_follows_pp() {
    for (pp, load, store) in [(0, false, false), (1, true, false), (2, true, true), (3, true, false)] {
        let mut rig = rig();
        rig.mtspr(n::DBAT0U, u64::from(0x3120_0000 | 1 << h::BATU_BL_SHIFT | h::BATU_VS));
        rig.mtspr(n::DBAT0U + 1, pp);
        assert_eq!((rig.load(EA).is_ok(), rig.store(EA).is_ok()), (load, store), "PP {pp}");
    }
}

#[test]
fn only_the_7447_has_eight_bats() {
    for (cpu, mapped) in [("750", false), ("7447", true)] {
        let mut rig = Rig::new(cpu);
        rig.msr = TRANSLATED;
        rig.mtspr(n::DBAT4U + 6, u64::from(0x3120_0000 | 1 << h::BATU_BL_SHIFT | h::BATU_VS));
        rig.mtspr(n::DBAT4U + 7, u64::from(READ_WRITE));
        assert_eq!(rig.load(EA).is_ok(), mapped, "{cpu}");
    }
}

#[test]
fn segment_registers_read_back_by_number_and_by_address() {
    let mut rig = rig();
    rig.gpr[6] = 0x3000_0000;
    rig.run("mfsrin", &[7, 6]).expect("mfsrin never fails");
    assert_eq!(rig.gpr[7], VSID.into());
    rig.gpr[8] = 0x1234;
    rig.run("mtsrin", &[8, 6]).expect("mtsrin never fails");
    rig.run("mfsr", &[9, 3]).expect("mfsr never fails");
    assert_eq!(rig.gpr[9], 0x1234);
}

#[test]
fn translation_depends_on_every_block_register_and_on_where_the_table_is() {
    const PAIRS_750: u16 = 4;
    const PAIRS_7447: u16 = 8;
    for (cpu, pairs) in [("750", PAIRS_750), ("7447", PAIRS_7447)] {
        let mut rig = Rig::new(cpu);
        let low = n::IBAT0U..n::IBAT0U + 4 * PAIRS_750;
        let high = n::IBAT4U..n::IBAT4U + 4 * (pairs - PAIRS_750);
        for number in low.chain(high).chain([n::SDR1]) {
            assert_eq!(rig.mmu.mtspr(&mut rig.regs, number, 0), Some(Effect::Changed), "{number} of a {cpu}");
        }
        for number in [n::IBAT0U - 1, n::IBAT0U + 4 * PAIRS_750, n::IBAT4U + 4 * (pairs - PAIRS_750)] {
            assert_eq!(rig.mmu.mtspr(&mut rig.regs, number, 0), None, "{number} of a {cpu}");
        }
    }
}
