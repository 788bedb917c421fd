//! Special-purpose registers: which numbers there are, who may use them, what they keep.

use std::ops::RangeInclusive;

use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_isa::syndrome::{esr, srr1};

use crate::{CODE, Rig, asm};

/// What a register holds before a mfspr that does nothing.
const POISON: u64 = 0xdead_beef;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Read,
    Nothing,
    Privileged,
    Illegal,
}

fn mfspr(cpu: &str, number: u16, msr: u64) -> Seen {
    let rig = Rig::new(cpu).msr(msr).gpr(3, POISON).code(&[asm("mfspr", &[3, number.into()])]).run(1);
    if rig.pc() == CODE + 4 {
        return if rig.machine.core().state.gpr[3] == POISON { Seen::Nothing } else { Seen::Read };
    }
    assert_eq!(rig.pc(), rig.vector(0x700, 6), "{cpu} {number}");
    let why = if rig.family().is_booke() {
        rig.get(n::ESR) & u64::from(esr::PPR) != 0
    } else {
        rig.get(n::SRR1) & srr1::PRIVILEGED != 0
    };
    if why { Seen::Privileged } else { Seen::Illegal }
}

/// The numbers mfspr reads in supervisor state, those it reads in problem state, and those that can only be written.
/// Measured on QEMU 10.0.2 (ppce500 with e500v2, mac99 with 7447, g3beige with 750).
struct Numbers {
    cpu: &'static str,
    supervisor: &'static [RangeInclusive<u16>],
    problem: &'static [RangeInclusive<u16>],
    write_only: &'static [RangeInclusive<u16>],
}

const NUMBERS: [Numbers; 3] = [
    Numbers {
        cpu: "e500v2",
        supervisor: &[
            1..=1,
            8..=9,
            22..=22,
            26..=27,
            48..=48,
            58..=59,
            61..=63,
            256..=256,
            259..=263,
            268..=269,
            272..=279,
            286..=287,
            304..=304,
            308..=310,
            312..=313,
            316..=317,
            336..=336,
            340..=340,
            400..=415,
            512..=517,
            526..=531,
            570..=575,
            604..=605,
            624..=628,
            630..=630,
            633..=634,
            688..=689,
            702..=702,
            944..=944,
            947..=948,
            1008..=1013,
            1015..=1015,
            1023..=1023,
        ],
        problem: &[1..=1, 8..=9, 256..=256, 259..=263, 268..=269, 512..=512, 515..=516, 526..=527],
        write_only: &[54..=54, 284..=285],
    },
    Numbers {
        cpu: "7447",
        supervisor: &[
            1..=1,
            8..=9,
            18..=19,
            22..=22,
            25..=27,
            256..=256,
            260..=263,
            268..=269,
            272..=279,
            282..=282,
            287..=287,
            528..=543,
            560..=575,
            928..=930,
            936..=942,
            944..=946,
            951..=958,
            1008..=1011,
            1013..=1017,
            1019..=1019,
            1023..=1023,
        ],
        problem: &[1..=1, 8..=9, 256..=256, 260..=263, 268..=269, 928..=930, 936..=942],
        write_only: &[284..=285],
    },
    Numbers {
        cpu: "750",
        supervisor: &[
            1..=1,
            8..=9,
            18..=19,
            22..=22,
            25..=27,
            268..=269,
            272..=275,
            282..=282,
            287..=287,
            528..=543,
            936..=942,
            952..=958,
            1008..=1010,
            1013..=1013,
            1017..=1017,
            1019..=1022,
        ],
        problem: &[1..=1, 8..=9, 268..=269, 936..=942],
        write_only: &[284..=285],
    },
];

fn contains(ranges: &[RangeInclusive<u16>], number: u16) -> bool {
    ranges.iter().any(|range| range.contains(&number))
}

#[test]
fn in_supervisor_state_every_number_is_read_write_only_or_ignored() {
    for Numbers { cpu, supervisor, write_only, .. } in NUMBERS {
        for number in 0..1024 {
            let expected = match number {
                _ if contains(supervisor, number) => Seen::Read,
                _ if contains(write_only, number) => Seen::Privileged,
                // arch/powerpc/kvm/book3s_emulate.c, by default: these four numbers are of POWER.
                0 | 4 | 5 | 6 => Seen::Illegal,
                _ => Seen::Nothing,
            };
            assert_eq!(mfspr(cpu, number, 0), expected, "{cpu} {number}");
        }
    }
}

#[test]
fn in_problem_state_every_number_is_read_or_refused() {
    const PRIVILEGED: u16 = 0x10;
    for Numbers { cpu, supervisor, problem, write_only } in NUMBERS {
        for number in 0..1024 {
            let expected = match number {
                _ if contains(problem, number) => Seen::Read,
                _ if contains(supervisor, number) || contains(write_only, number) => Seen::Privileged,
                _ if number & PRIVILEGED != 0 => Seen::Privileged,
                _ => Seen::Illegal,
            };
            assert_eq!(mfspr(cpu, number, msr::PR), expected, "{cpu} {number}");
        }
    }
}

/// Power ISA 3.0B Book III, section 4.4.4: these are reserved as no-operations.
#[test]
fn numbers_that_are_reserved_do_nothing_in_either_state() {
    for number in 808..=811 {
        assert_eq!([0, msr::PR].map(|state| mfspr("power8", number, state)), [Seen::Nothing; 2], "{number}");
    }
    assert_eq!([807, 812].map(|number| mfspr("power8", number, msr::PR)), [Seen::Illegal; 2]);
}

/// What a register holds after mtspr of a value over all ones.
fn written(cpu: &str, number: u16, value: u64) -> u64 {
    let mtspr = asm("mtspr", &[number.into(), 3]);
    Rig::new(cpu).spr(number, 0xffff_ffff).gpr(3, value).code(&[mtspr]).run(1).get(number)
}

#[test]
fn registers_keep_the_bits_they_have() {
    for (cpu, number, value, kept) in [
        ("e500v2", n::IVPR, 0x1234_5678, 0x1234_0000),
        ("e500v2", n::IVOR0 + 3, 0x1234_5678, 0x5670),
        ("e500v2", n::L1CSR0, 0xffff_ffff, 0x0001_0001),
        ("e500v2", n::TSR, 0x0800_0000, 0xf7ff_ffff),
        ("440", n::DBSR, 0x1, 0xffff_fffe),
        ("e500v2", n::SPRG4, 0x1234_5678, 0x1234_5678),
        ("7447", n::IBAT0U, 0xffff_ffff, 0xfffe_1fff),
        ("7447", n::BOOK3S_PIR, 0x15, 0x5),
        ("440", n::BOOKE_PIR, 0, 0xffff_ffff),
    ] {
        assert_eq!(written(cpu, number, value), kept, "{cpu} {number}");
    }
}

#[test]
fn a_read_only_number_cannot_be_written_even_by_the_supervisor() {
    for (cpu, number) in [("e500v2", 260), ("e500v2", 259), ("e500v2", 287), ("7447", 263), ("power8", 259)] {
        let rig = Rig::new(cpu).code(&[asm("mtspr", &[number, 3])]).run(1);
        assert_eq!(rig.pc(), rig.vector(0x700, 6), "{cpu} {number}");
    }
}

#[test]
fn in_problem_state_a_read_only_number_is_as_illegal_to_write_as_one_that_nobody_has() {
    for (cpu, number) in [("440", n::USPRG4), ("e500v2", n::USPRG4), ("7447", n::USPRG7), ("power8", n::USPRG3)] {
        let rig = Rig::new(cpu).msr(msr::PR).code(&[asm("mtspr", &[number.into(), 3])]).run(1);
        assert_eq!(rig.pc(), rig.vector(0x700, 6), "{cpu} {number}");
        let (register, illegal) =
            if rig.family().is_booke() { (n::ESR, esr::PIL.into()) } else { (n::SRR1, srr1::ILLEGAL) };
        assert_ne!(rig.get(register) & illegal, 0, "{cpu} {number}");
    }
}

#[test]
fn a_user_alias_reads_what_was_written_to_its_register() {
    for (cpu, alias, register) in [
        ("e500v2", 259, 275),
        ("e500v2", 260, 276),
        ("440", 263, 279),
        ("7447", 261, 277),
        ("970", 259, 275),
        ("7447", 936, 952),
    ] {
        let words = [asm("mtspr", &[register, 3]), asm("mfspr", &[4, alias])];
        let rig = Rig::new(cpu).gpr(3, 0xa000_0004).code(&words).run(2);
        assert_eq!(rig.machine.core().state.gpr[4], 0xa000_0004, "{cpu} {alias}");
    }
}

#[test]
fn registers_that_identify_the_cpu_are_there_from_the_start() {
    let read =
        |cpu: &str, number: i64| Rig::new(cpu).code(&[asm("mfspr", &[3, number])]).run(1).machine.core().state.gpr[3];
    assert_eq!(read("e500v2", 287), 0x8021_0022);
    assert_eq!(read("7447", 287), 0x8002_0101);
    assert_eq!(read("e500v2", 515), 0x3820);
    // TLB0CFG and TLB1CFG as QEMU 10.0.2 has them.
    assert_eq!((read("e500v2", 688), read("e500v2", 689)), (0x0411_0200, 0x101c_c010));
}

#[test]
fn what_belongs_to_the_hypervisor_is_privileged_in_a_partition() {
    let rig = Rig::new("power8").code(&[asm("mfspr", &[3, n::LPCR.into()])]).run(1);
    assert_eq!((rig.pc(), rig.get(n::SRR1) & srr1::PRIVILEGED), (0x700, srr1::PRIVILEGED));
    let rig = Rig::new("power8").code(&[asm("tlbie", &[3])]).run(1);
    assert_eq!((rig.pc(), rig.get(n::SRR1) & srr1::PRIVILEGED), (0x700, srr1::PRIVILEGED));
    let rig = Rig::new("970").code(&[asm("tlbie", &[3])]).run(1);
    assert_eq!(rig.pc(), CODE + 4);
}
