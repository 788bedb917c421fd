//! memcpy and memset of the 32-bit guest kernels (`guest-kernel/src/asm/copy.s`), as they stand in an image: the
//! compiler calls them for whatever a kernel copies and fills, and the cases do it with few lengths.

use crate::{CODE, CPUS, DATA, Rig, asm};

const IMAGE: &[u8] = include_bytes!("../../../../golden/guest/board.elf");
/// The first instructions of memcpy: or r0,r3,r4; or r0,r0,r5; andi. r0,r0,3.
const MEMCPY: [u32; 3] = [0x7c60_2378, 0x7c00_2b78, 0x7000_0003];
/// Those of memset: andi. r0,r3,3; mr r6,r3; bne.
const MEMSET: [u32; 3] = [0x7060_0003, 0x7c66_1b78, 0x4082_007c];
/// More than the words of either.
const WORDS: usize = 48;
const STACK: u64 = DATA + 0x1000;
/// Instructions that the longest copy here does not take.
const ENOUGH: u64 = 2000;

fn routine(beginning: [u32; 3]) -> Vec<u32> {
    let words = IMAGE.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect::<Vec<_>>();
    let places: Vec<_> = words.windows(3).enumerate().filter(|(_, at)| **at == beginning).map(|(at, _)| at).collect();
    let [place] = places[..] else { panic!("it is there once: {places:?}") };
    words[place..place + WORDS].to_vec()
}

/// Memory of this many different bytes.
fn bytes() -> Vec<u8> {
    (0..0x400).map(|byte: u32| (byte * 7 + byte / 256) as u8).collect()
}

/// Calls a routine with r3, the place in memory that it writes to, r4 and r5, and says what memory holds then. It
/// returns r3, and leaves alone what a callee has to.
fn call(cpu: &str, words: &[u32], to: usize, [r4, r5]: [u64; 2], what: &str) -> Vec<u8> {
    let end = CODE + 4 * WORDS as u64;
    let mut rig = Rig::new(cpu).code(words).at(end, &[asm("b", &[0])]);
    rig.state().lr = end;
    let r3 = DATA + to as u64;
    let rig = rig.gpr(1, STACK).gpr(3, r3).gpr(4, r4).gpr(5, r5);
    let rig = (24..32).fold(rig, |rig, gpr| rig.gpr(gpr, 0x1000 + gpr as u64));
    let words: Vec<_> = bytes().as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
    let rig = rig.at(DATA, &words).run(ENOUGH);
    let core = rig.machine.core();
    assert_eq!((rig.pc(), core.state.gpr[3], core.state.gpr[1]), (end, r3, STACK), "{what}");
    assert!((24..32).all(|gpr| core.state.gpr[gpr] == 0x1000 + gpr as u64), "{what}: non-volatile registers");
    core.memory.slice(DATA, bytes().len()).expect("RAM").to_vec()
}

fn lengths() -> impl Iterator<Item = usize> {
    (0..=76).chain([128, 131, 256])
}

// Kernels of 32 bits run on 64-bit CPUs as well.

#[test]
fn memcpy_copies_so_many_bytes_whatever_they_lie_at() {
    let words = routine(MEMCPY);
    for cpu in CPUS {
        for (to, from) in [(0x200, 0), (0x203, 0), (0x200, 2), (0x201, 1), (0x204, 8)] {
            for length in lengths() {
                let what = format!("{cpu}: {length} bytes from {from:#x} to {to:#x}");
                let mut expected = bytes();
                expected.copy_within(from..from + length, to);
                assert_eq!(call(cpu, &words, to, [DATA + from as u64, length as u64], &what), expected, "{what}");
            }
        }
    }
}

#[test]
fn memset_fills_so_many_bytes_whatever_they_lie_at() {
    let words = routine(MEMSET);
    // The argument is an int, of which the last byte counts.
    for (argument, byte) in [(0, 0), (0x5a, 0x5a), (0xffff_ff81, 0x81)] {
        for cpu in CPUS {
            for to in 0x200..0x204 {
                for length in lengths() {
                    let what = format!("{cpu}: {length} bytes {byte:#x} at {to:#x}");
                    let mut expected = bytes();
                    expected[to..to + length].fill(byte);
                    assert_eq!(call(cpu, &words, to, [argument, length as u64], &what), expected, "{what}");
                }
            }
        }
    }
}
