//! memcpy of the 32-bit guest kernels (`guest-kernel/src/asm/copy.s`), as it stands in an image: the compiler calls it for whatever a
//! kernel copies, and the cases copy few lengths.

use crate::{CODE, CPUS, DATA, Rig, asm};

const IMAGE: &[u8] = include_bytes!("../../../../golden/guest/board.elf");
/// Its first instructions: or r0,r3,r4; or r0,r0,r5; andi. r0,r0,3.
const BEGINNING: [u32; 3] = [0x7c60_2378, 0x7c00_2b78, 0x7000_0003];
/// More than its words.
const WORDS: usize = 40;
const STACK: u64 = DATA + 0x1000;
/// Instructions that the longest copy here does not take.
const ENOUGH: u64 = 2000;

fn routine() -> Vec<u32> {
    let words = IMAGE.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect::<Vec<_>>();
    let places: Vec<_> = words.windows(3).enumerate().filter(|(_, at)| **at == BEGINNING).map(|(at, _)| at).collect();
    let [place] = places[..] else { panic!("it is there once: {places:?}") };
    words[place..place + WORDS].to_vec()
}

#[test]
fn memcpy_copies_so_many_bytes_whatever_they_lie_at() {
    let words = routine();
    let end = CODE + 4 * WORDS as u64;
    let memory: Vec<u8> = (0..0x400).map(|byte: u32| (byte * 7 + byte / 256) as u8).collect();
    // Kernels of 32 bits run on 64-bit CPUs as well.
    for cpu in CPUS {
        for (to, from) in [(0x200, 0), (0x203, 0), (0x200, 2), (0x201, 1), (0x204, 8)] {
            for length in (0..=76).chain([128, 131, 256]) {
                let registers = |at: usize| DATA + at as u64;
                let mut rig = Rig::new(cpu).code(&words).at(end, &[asm("b", &[0])]);
                rig.state().lr = end;
                let rig = rig.gpr(1, STACK).gpr(3, registers(to)).gpr(4, registers(from)).gpr(5, length as u64);
                let rig = (24..32).fold(rig, |rig, gpr| rig.gpr(gpr, 0x1000 + gpr as u64));
                let words: Vec<_> = memory.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
                let rig = rig.at(DATA, &words).run(ENOUGH);
                let mut expected = memory.clone();
                expected.copy_within(from..from + length, to);
                let core = rig.machine.core();
                let what = format!("{cpu}: {length} bytes from {from:#x} to {to:#x}");
                assert_eq!(core.memory.slice(DATA, memory.len()), Some(&expected[..]), "{what}");
                assert_eq!((rig.pc(), core.state.gpr[3], core.state.gpr[1]), (end, registers(to), STACK), "{what}");
                assert!(
                    (24..32).all(|gpr| core.state.gpr[gpr] == 0x1000 + gpr as u64),
                    "{what}: non-volatile registers"
                );
            }
        }
    }
}
