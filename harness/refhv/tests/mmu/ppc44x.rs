use sprig_isa::mmu::tlb44x;
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_refhv::cpu::Fault;
use sprig_wire::board::TRANSLATIONS;

use super::Rig;

const SIZE_16M: u32 = 7;

/// Writes the three words of an entry.
fn write(rig: &mut Rig, entry: u64, words: [u32; 3]) {
    for (word, value) in words.into_iter().enumerate() {
        rig.gpr[3] = value.into();
        rig.gpr[4] = entry;
        rig.run("tlbwe44", &[3, 4, word as i64]).expect("word 0, 1 or 2");
    }
}

fn read(rig: &mut Rig, entry: u64) -> [u64; 3] {
    [0, 1, 2].map(|word| {
        rig.gpr[4] = entry;
        rig.run("tlbre44", &[3, 4, word]).expect("word 0, 1 or 2");
        rig.gpr[3]
    })
}

fn word0(ea: u32, size: u32) -> u32 {
    ea | tlb44x::VALID | size << tlb44x::SIZE_SHIFT
}

#[test]
fn an_entry_maps_its_page_into_36_bits() {
    let mut rig = Rig::new("440");
    write(&mut rig, 63, [word0(0xe000_0000, SIZE_16M), 0xef00_0001, tlb44x::SR | tlb44x::SW]);
    assert_eq!(rig.load(0xe060_0300), Ok(0x1_ef60_0300));
    assert_eq!(rig.load(0xe100_0000), Err(Fault::Miss));
    assert_eq!(rig.fetch(0xe060_0300), Err(Fault::Protection));
}

#[test]
fn a_page_smaller_than_4_kib_is_not_taken_for_a_whole_page() {
    let mut rig = Rig::new("440");
    write(&mut rig, 0, [word0(0x4400, 0), 0x8000, tlb44x::SR]);
    assert_eq!(rig.load(0x4404), Ok(0x8004));
    assert_eq!(rig.load(0x4000), Err(Fault::Miss));
    let translation =
        rig.mmu.translate(&rig.regs, &mut rig.memory, 0, 0x4404, sprig_refhv::cpu::Access::Load).expect("mapped");
    assert!(!translation.whole_page);
}

#[test]
fn the_entry_takes_its_tid_from_mmucr_and_translation_compares_it_with_pid() {
    let mut rig = Rig::new("440");
    rig.mtspr(n::MMUCR, 0x0001_0007);
    write(&mut rig, 0, [word0(0x4000, 1), 0x4000, tlb44x::SR]);
    assert_eq!(rig.load(0x4000), Err(Fault::Miss));
    rig.mtspr(n::PID, 7);
    assert_eq!(rig.load(0x4000), Ok(0x4000));
    rig.mtspr(n::MMUCR, 0);
    assert_eq!(read(&mut rig, 0)[0], word0(0x4000, 1).into());
    assert_eq!(rig.regs.get(n::MMUCR), 7, "tlbre of word 0 gives the TID back");
}

#[test]
fn permissions_and_address_space_are_those_of_the_access() {
    let mut rig = Rig::new("440");
    write(&mut rig, 0, [word0(0x4000, 1) | tlb44x::TS, 0x4000, tlb44x::UR | tlb44x::SX]);
    rig.msr = msr::booke::DS | msr::booke::IS;
    assert_eq!((rig.load(0x4000), rig.fetch(0x4000)), (Err(Fault::Protection), Ok(0x4000)));
    rig.msr |= msr::PR;
    assert_eq!((rig.load(0x4000), rig.fetch(0x4000)), (Ok(0x4000), Err(Fault::Protection)));
    rig.msr = msr::PR;
    assert_eq!(rig.load(0x4000), Err(Fault::Miss));
}

#[test]
fn tlbre_returns_the_words_tlbwe_wrote_without_reserved_bits() {
    let mut rig = Rig::new("440");
    write(&mut rig, 17, [0xffff_ffff; 3]);
    assert_eq!(read(&mut rig, 17), [0xffff_fff0, 0xffff_fc0f, 0xffbf]);
}

#[test]
fn tlbsx_searches_for_stid_in_sts_and_its_record_form_says_whether_it_found() {
    const CR0_EQ: u32 = 0x2000_0000;
    const TLBSX_RECORD_R3_R0_R4: u32 = 0x7c60_2725;
    let mut rig = Rig::new("440");
    rig.mtspr(n::MMUCR, 5);
    write(&mut rig, 40, [word0(0x8000, 1) | tlb44x::TS, 0, tlb44x::SR]);
    rig.gpr[4] = 0x8123;
    rig.word(TLBSX_RECORD_R3_R0_R4).expect("tlbsx never fails");
    assert_eq!((rig.gpr[3], rig.cr), (0xffff_ffff, 0), "other address space");
    rig.mtspr(n::MMUCR, (5 | tlb44x::MMUCR_STS).into());
    rig.word(TLBSX_RECORD_R3_R0_R4).expect("tlbsx never fails");
    assert_eq!((rig.gpr[3], rig.cr), (40, CR0_EQ));
}

#[test]
fn an_entry_made_invalid_no_longer_maps() {
    let mut rig = Rig::new("440");
    rig.mmu.map_initially(0, &TRANSLATIONS[0]);
    assert_eq!(rig.fetch(0x1000), Ok(0x1000));
    write(&mut rig, 0, [0, 0, 0]);
    assert_eq!(rig.fetch(0x1000), Err(Fault::Miss));
}
