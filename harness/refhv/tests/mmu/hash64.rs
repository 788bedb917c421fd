use sprig_isa::cpu::Family;
use sprig_isa::hcall::papr::{
    H_ENTER, H_READ, H_REMOVE, H_SET_MODE, SET_MODE_BIG_ENDIAN, SET_MODE_LITTLE_ENDIAN, SET_MODE_RESOURCE_LE,
};
use sprig_isa::mmu::hash64 as h;
use sprig_isa::msr::{self, lpcr};
use sprig_isa::spr::number as n;
use sprig_refhv::cpu::{Fault, Interrupt};

use super::Rig;

const HTAB: u64 = 0x0010_0000;
const TRANSLATED: u64 = msr::book3s::IR | msr::book3s::DR;
const VSID: u64 = 0x00ab_cdef_0123;
const EA: u64 = 0x3123_4567;
/// Page index of `EA` in its segment of 256 MiB.
const PAGE: u64 = 0x1234;
const READ_WRITE: u64 = 2;

fn rig() -> Rig {
    let mut rig = Rig::new("970");
    rig.msr = TRANSLATED;
    rig.mtspr(n::SDR1, HTAB);
    slbmte(&mut rig, VSID << h::SLB_VSID_SHIFT, 0x3000_0000 | h::SLB_V | 1).expect("a segment");
    rig
}

fn slbmte(rig: &mut Rig, rs: u64, rb: u64) -> Result<(), Interrupt> {
    (rig.gpr[5], rig.gpr[6]) = (rs, rb);
    rig.run("slbmte", &[5, 6]).map(|_| ())
}

/// Address of entry `index` of the group for `hash` in the smallest table.
fn entry(hash: u64, index: u64) -> u64 {
    HTAB + (hash & 0x7ff) * 128 + index * 16
}

fn put(rig: &mut Rig, at: u64, word0: u64, word1: u64) {
    rig.memory.write_u64(at, word0).expect("in RAM");
    rig.memory.write_u64(at + 8, word1).expect("in RAM");
}

/// First doubleword of the PTE for `EA` in a 4 KiB segment.
const AVPN: u64 = VSID << 12 | (PAGE << 12) >> 16 & !0x7f;

#[test]
fn real_mode_drops_the_highest_four_bits() {
    let mut rig = rig();
    rig.msr = 0;
    assert_eq!(rig.load(0xc000_0000_0000_1234), Ok(0x1234));
}

#[test]
fn an_address_without_segment_is_no_miss() {
    let mut rig = rig();
    assert_eq!(rig.load(0x4000_0000), Err(Fault::NoSegment));
    assert_eq!(rig.fetch(0x4000_0000), Err(Fault::NoSegment));
    assert_eq!(rig.load(EA), Err(Fault::Miss));
}

#[test]
fn a_page_is_found_by_both_hashes() {
    for (hash, h_bit) in [(VSID ^ PAGE, 0), (!(VSID ^ PAGE), h::PTE_H)] {
        let mut rig = rig();
        put(&mut rig, entry(hash, 7), AVPN | h::PTE_V | h_bit, 0x65_4000 | READ_WRITE);
        assert_eq!(rig.load(EA), Ok(0x65_4567));
    }
}

#[test]
fn use_sets_r_and_a_store_sets_c_in_memory() {
    let mut rig = rig();
    let at = entry(VSID ^ PAGE, 0);
    put(&mut rig, at, AVPN | h::PTE_V, 0x65_4000 | READ_WRITE);
    rig.load(EA).expect("mapped");
    assert_eq!(rig.memory.read_u64(at + 8), Some(0x65_4000 | READ_WRITE | h::PTE_R));
    rig.store(EA).expect("mapped");
    assert_eq!(rig.memory.read_u64(at + 8), Some(0x65_4000 | READ_WRITE | h::PTE_R | h::PTE_C));
}

#[test]
fn protection_follows_key_and_pp() {
    // (key, PP) -> load allowed, store allowed
    let table = [
        (false, 0, true, true),
        (false, 1, true, true),
        (false, 2, true, true),
        (false, 3, true, false),
        (false, 6, true, false),
        (false, 7, false, false),
        (true, 0, false, false),
        (true, 1, true, false),
        (true, 2, true, true),
        (true, 3, true, false),
        (true, 6, false, false),
    ];
    for (key, pp, load, store) in table {
        let mut rig = rig();
        let keys = if key { h::SLB_KP } else { h::SLB_KS };
        slbmte(&mut rig, VSID << h::SLB_VSID_SHIFT | keys, 0x3000_0000 | h::SLB_V | 1).expect("a segment");
        rig.msr |= msr::PR;
        let pp_bits = pp & h::PTE_PP | if pp & 4 != 0 { h::PTE_PP0 } else { 0 };
        put(&mut rig, entry(VSID ^ PAGE, 0), AVPN | h::PTE_V, pp_bits);
        assert_eq!((rig.load(EA).is_ok(), rig.store(EA).is_ok()), (load, store), "key {key} pp {pp}");
    }
}

#[test]
fn no_execute_by_segment_and_by_page_refuses_fetches_only() {
    for (segment, page) in [(h::SLB_N, 0), (0, h::PTE_N), (0, h::PTE_G)] {
        let mut rig = rig();
        slbmte(&mut rig, VSID << h::SLB_VSID_SHIFT | segment, 0x3000_0000 | h::SLB_V | 1).expect("a segment");
        put(&mut rig, entry(VSID ^ PAGE, 0), AVPN | h::PTE_V, READ_WRITE | page);
        assert_eq!((rig.fetch(EA), rig.load(EA)), (Err(Fault::NoExecute), Ok(0x567)));
    }
}

#[test]
fn a_16_mib_page_is_found_by_its_own_hash() {
    const L: u64 = 0x100;
    let mut rig = rig();
    slbmte(&mut rig, VSID << h::SLB_VSID_SHIFT | L, 0x3000_0000 | h::SLB_V | 1).expect("a segment");
    let page = (EA & 0x0fff_ffff) >> 24;
    let avpn = VSID << 12 | (page << 24) >> 16;
    put(&mut rig, entry(VSID ^ page, 0), avpn | h::PTE_V | h::PTE_L, 0x0500_0000 | READ_WRITE);
    assert_eq!(rig.load(EA), Ok(0x0523_4567));
}

#[test]
fn power8_mixes_64_kib_pages_into_a_4_kib_segment_and_has_1_tib_segments() {
    const LP_64K_IN_4K: u64 = 0x7 << h::PTE_LP_SHIFT;
    const LLP_64K: u64 = 0x110;
    const LP_64K: u64 = 0x1 << h::PTE_LP_SHIFT;
    let mut rig = Rig::new("power8");
    rig.msr = TRANSLATED;
    slbmte(&mut rig, VSID << h::SLB_VSID_SHIFT, 0x3000_0000 | h::SLB_V).expect("a segment of 256 MiB");
    h_enter(&mut rig, VSID ^ PAGE, (AVPN | h::PTE_V | h::PTE_L, 0x20_0000 | LP_64K_IN_4K | READ_WRITE));
    assert_eq!(rig.load(EA), Ok(0x20_4567));

    let (vsid, ea) = (0x1234u64, 0x1_7765_4321u64);
    let offset = ea & 0xff_ffff_0000;
    slbmte(&mut rig, h::SLB_B_1T | vsid << h::SLB_VSID_SHIFT_1T | LLP_64K, h::SLB_V | 1).expect("a segment of 1 TiB");
    let avpn = h::SLB_B_1T | vsid << h::SLB_VSID_SHIFT_1T | offset >> 16 & h::PTE_AVPN;
    h_enter(&mut rig, vsid ^ vsid << 25 ^ offset >> 16, (avpn | h::PTE_V | h::PTE_L, 0x30_0000 | LP_64K | READ_WRITE));
    assert_eq!(rig.load(ea), Ok(0x30_4321));
}

/// A PAPR hypercall: r3 and r4 after it.
fn hcall(rig: &mut Rig, token: u32, arguments: &[u64]) -> (i64, u64) {
    rig.gpr[3] = token.into();
    rig.gpr[4..4 + arguments.len()].copy_from_slice(arguments);
    rig.mmu.papr_call(&mut rig.regs, &mut rig.gpr).expect("POWER8 runs as a partition");
    (rig.gpr[3] as i64, rig.gpr[4])
}

/// H_ENTER into the group for a hash, in the table of 2048 groups.
fn h_enter(rig: &mut Rig, hash: u64, pte: (u64, u64)) {
    let index = (hash & 0x7ff) * h::PTES_PER_GROUP;
    assert_eq!(hcall(rig, H_ENTER, &[0, index, pte.0, pte.1]), (0, index));
}

#[test]
fn a_partition_chooses_the_byte_order_of_its_interrupts() {
    const BIG: u64 = SET_MODE_BIG_ENDIAN as u64;
    const LITTLE: u64 = SET_MODE_LITTLE_ENDIAN as u64;
    const LE: u64 = SET_MODE_RESOURCE_LE as u64;
    let mut rig = Rig::new("power8");
    let mut after = |arguments: &[u64]| {
        let status = hcall(&mut rig, H_SET_MODE, arguments).0;
        (status, rig.regs.get(n::LPCR) & lpcr::ILE != 0)
    };
    assert_eq!(after(&[LITTLE, LE, 0, 0]), (0, true));
    // What is refused changes nothing: an unknown order, a value that is to be zero, another resource.
    for (arguments, status) in
        [([2, LE, 0, 0], -256), ([BIG, LE, 1, 0], -56), ([BIG, LE, 0, 1], -57), ([BIG, LE - 1, 0, 0], -55)]
    {
        assert_eq!(after(&arguments), (status, true), "{arguments:?}");
    }
    assert_eq!(after(&[BIG, LE, 0, 0]), (0, false));
}

#[test]
fn a_partition_writes_its_page_table_by_hypercalls() {
    const H_FUNCTION: i64 = -2;
    const H_PARAMETER: i64 = -4;
    const H_PTEG_FULL: i64 = -6;
    const H_NOT_FOUND: i64 = -7;
    const AVPN_MUST_MATCH: u64 = 1 << 31;
    let mut rig = Rig::new("power8");
    let valid = |n: u64| n << 12 | h::PTE_V;
    for n in 0..8 {
        assert_eq!(hcall(&mut rig, H_ENTER, &[0, 19, valid(n), n]), (0, 16 + n), "any entry of the group");
    }
    assert_eq!(hcall(&mut rig, H_ENTER, &[0, 16, valid(8), 8]).0, H_PTEG_FULL);
    assert_eq!(hcall(&mut rig, H_READ, &[0, 18]), (0, valid(2)));
    assert_eq!(hcall(&mut rig, H_REMOVE, &[AVPN_MUST_MATCH, 18, 3 << 12]).0, H_NOT_FOUND);
    assert_eq!(hcall(&mut rig, H_REMOVE, &[AVPN_MUST_MATCH, 18, 2 << 12]), (0, valid(2)));
    assert_eq!(rig.gpr[5], 2);
    assert_eq!(hcall(&mut rig, H_REMOVE, &[0, 18, 0]).0, H_NOT_FOUND, "it is gone");
    assert_eq!(hcall(&mut rig, H_ENTER, &[0, 1 << 20, valid(0), 0]).0, H_PARAMETER, "no such group");
    assert_eq!(hcall(&mut rig, 0xfffc, &[]).0, H_FUNCTION);
}

#[test]
fn the_slb_reads_back_and_forgets() {
    let mut rig = rig();
    rig.gpr[6] = 1;
    rig.run("slbmfee", &[7, 6]).expect("entry 1");
    rig.run("slbmfev", &[8, 6]).expect("entry 1");
    assert_eq!((rig.gpr[7], rig.gpr[8]), (0x3000_0000 | h::SLB_V, VSID << h::SLB_VSID_SHIFT));
    rig.gpr[6] = EA;
    rig.run("slbie", &[6]).expect("slbie never fails");
    assert_eq!(rig.load(EA), Err(Fault::NoSegment));
}

#[test]
fn slbia_spares_entry_0() {
    let mut rig = rig();
    slbmte(&mut rig, 0x7000, 0x5000_0000 | h::SLB_V).expect("entry 0");
    rig.run("slbia", &[]).expect("slbia never fails");
    assert_eq!((rig.load(0x5000_0000), rig.load(EA)), (Err(Fault::Miss), Err(Fault::NoSegment)));
}

#[test]
fn slbmte_of_what_the_cpu_does_not_have_is_illegal() {
    let illegal = Err(Interrupt::illegal(Family::Book3s64));
    let mut rig = rig();
    assert_eq!(slbmte(&mut rig, 0, h::SLB_V | 64), illegal, "entry 64 of 64");
    assert_eq!(slbmte(&mut rig, h::SLB_B_1T, h::SLB_V), illegal, "1 TiB on a 970");
    assert_eq!(slbmte(&mut rig, 0x110, h::SLB_V), illegal, "64 KiB on a 970");
    assert_eq!(slbmte(&mut rig, 0, h::SLB_V | 1 << 12), illegal, "reserved bit");
}

#[test]
fn mtsr_writes_the_slb_entry_of_its_number() {
    let mut rig = rig();
    rig.gpr[5] = 0x6000_0000 | 0x0012_3456;
    rig.run("mtsr", &[4, 5]).expect("a segment");
    rig.run("mfsr", &[7, 4]).expect("mfsr never fails");
    assert_eq!(rig.gpr[7], 0x6012_3456);
    rig.gpr[6] = 4;
    rig.run("slbmfev", &[8, 6]).expect("entry 4");
    assert_eq!(rig.gpr[8], 0x0012_3456 << h::SLB_VSID_SHIFT | h::SLB_KS | h::SLB_KP);
}

#[test]
fn sdr1_keeps_only_its_fields_and_refuses_a_table_that_is_too_large() {
    let mut rig = rig();
    rig.mtspr(n::SDR1, !h::SDR1_HTABSIZE | 3);
    assert_eq!(rig.regs.get(n::SDR1), h::SDR1_HTABORG | 3);
    rig.mtspr(n::SDR1, 29);
    assert_eq!(rig.regs.get(n::SDR1), h::SDR1_HTABORG | 3);
}
