//! The guest's own translations through the shadow TLB.

use sprig_isa::hcall::papr::H_ENTER;
use sprig_isa::mmu::{hash32, hash64};
use sprig_isa::msr::{self, book3s};
use sprig_isa::page::DEFAULT_EA;
use sprig_isa::spr::number as n;
use sprig_refhv::hypervisor::Exit;

use super::{DATA, Guest, asm};

const HTAB: u64 = 0x30_0000;
const READ_WRITE: u64 = 2;

/// A 32-bit server guest whose data accesses are translated: segment 9 has VSID 9, and EA 0x90000000 is at `DATA`.
fn hashed_32() -> (Guest, u64) {
    let mut guest = Guest::new("7447");
    guest.mtspr(n::SDR1, HTAB);
    guest.set_gpr(3, 9);
    guest.run(&[asm("mtsr", &[9, 3])]);
    let pte = HTAB + 9 * 64;
    let words = [hash32::PTE_V | 9 << hash32::PTE_VSID_SHIFT, DATA as u32 | READ_WRITE as u32];
    guest.place(pte, &words);
    guest.mtmsr(book3s::DR);
    (guest, pte)
}

fn load(guest: &mut Guest, ea: u64) -> u64 {
    guest.set_gpr(4, ea);
    guest.run(&[asm("lwz", &[3, 0, 4])]);
    guest.gpr(3)
}

#[test]
fn a_hashed_page_is_reached_and_its_use_recorded() {
    let (mut guest, pte) = hashed_32();
    guest.core().memory.write_u32(DATA, 0x1234).expect("in RAM");
    assert_eq!(load(&mut guest, 0x9000_0000), 0x1234);
    let word1 = |guest: &mut Guest| guest.core().memory.read_u32(pte + 4).expect("in RAM");
    assert_eq!(word1(&mut guest) & (hash32::PTE_R | hash32::PTE_C), hash32::PTE_R, "a load does not set C");
    guest.run(&[asm("stw", &[3, 4, 4])]);
    assert_eq!(word1(&mut guest) & hash32::PTE_C, hash32::PTE_C);
}

#[test]
fn tlbie_makes_a_changed_entry_count() {
    let (mut guest, pte) = hashed_32();
    guest.core().memory.write_u32(DATA + 0x1000, 0x5678).expect("in RAM");
    load(&mut guest, 0x9000_0000);
    guest.core().memory.write_u32(pte + 4, (DATA + 0x1000) as u32 | READ_WRITE as u32).expect("in RAM");
    guest.set_gpr(4, 0x9000_0000);
    guest.run(&[asm("tlbie", &[4])]);
    assert_eq!(load(&mut guest, 0x9000_0000), 0x5678);
}

#[test]
fn a_translation_is_filled_once() {
    let (mut guest, _) = hashed_32();
    load(&mut guest, 0x9000_0000);
    let before = guest.exits_for(Exit::ShadowMiss);
    load(&mut guest, 0x9000_0008);
    assert_eq!(guest.exits_for(Exit::ShadowMiss), before);
}

/// A POWER8 partition with translated fetches: EA 0x90000000 is at `DATA`, in a page with these bits.
fn partition(bits: u64, flag: u64) -> Guest {
    const VSID: u64 = 9;
    let mut guest = Guest::new("power8");
    guest.map_page(DEFAULT_EA, DEFAULT_EA | flag);
    let pte0 = VSID << hash64::SLB_VSID_SHIFT | hash64::PTE_V;
    for (register, value) in [(3, H_ENTER.into()), (4, 0), (5, VSID * 8), (6, pte0), (7, DATA | READ_WRITE | bits)] {
        guest.set_gpr(register, value);
    }
    guest.run(&[asm("sc1", &[])]);
    assert_eq!(guest.gpr(3), 0, "H_ENTER");
    guest.set_gpr(5, VSID << hash64::SLB_VSID_SHIFT);
    guest.set_gpr(6, 0x9000_0000 | hash64::SLB_V);
    guest.run(&[asm("slbmte", &[5, 6])]);
    guest.mtspr(n::SRR0, 0x9000_0000);
    guest.mtspr(n::SRR1, book3s::IR | msr::ME);
    guest.place(DATA, &[asm("addi", &[8, 0, 77])]);
    guest.run(&[asm("rfid", &[]), asm("nop", &[])]);
    guest
}

#[test]
fn a_partition_fetches_through_its_page_table() {
    let guest = partition(0, 1);
    assert_eq!((guest.pc(), guest.gpr(8)), (0x9000_0004, 77));
}

#[test]
fn a_kernel_that_maps_the_page_without_the_flag_may_execute_from_no_execute_pages() {
    assert_eq!(partition(hash64::PTE_N, 0).pc(), 0x9000_0004);
    assert_eq!(partition(hash64::PTE_N, 1).pc(), 0x400, "with the flag: an instruction storage interrupt");
}

#[test]
fn problem_state_never_may() {
    let mut guest = partition(hash64::PTE_N, 0);
    guest.mtmsr(0);
    guest.mtspr(n::SRR0, 0x9000_0000);
    guest.mtspr(n::SRR1, msr::PR);
    guest.run(&[asm("rfid", &[]), asm("nop", &[])]);
    assert_eq!(guest.pc(), 0x400);
}
