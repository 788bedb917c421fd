//! Steps of which a document says what comes of them, and that need nothing before them: what they look at they have
//! made themselves.
//!
//! So the contract's word is enough, and a hypervisor is found to be wrong where the reference has the same mistake.
//! Each has places of its own (entries of a TLB, of a table, memory), in which no other step looks.

use super::super::prediction::Part;
use super::{Bits, Laid, Odd, Place, Says};
use crate::feature::Feature;
use sprig_isa::exception::Exception;
use sprig_isa::hcall::papr::{H_NOT_FOUND, H_PTEG_FULL};
use sprig_isa::mmu::hash64;
use sprig_isa::msr::{book3s, booke};
use sprig_isa::syndrome::{dsisr, esr};

const E500: &[Feature] = &[Feature::E500];
const PPC44X: &[Feature] = &[Feature::Ppc44x];
const SERVER_32: &[Feature] = &[Feature::Book3s32];
const SLB: &[Feature] = &[Feature::Book3s64, Feature::Hashed];
const PARTITION: &[Feature] = &[Feature::Power8, Feature::Hashed];
const SERVER_64: &[Feature] = &[Feature::Book3s64];
const SERVER: &[Feature] = &[Feature::Book3s];
const WIDE: &[Feature] = &[Feature::Power8, Feature::Wide];

const fn step(name: &'static str, needs: &'static [Feature], line: &'static str, laid: Laid) -> Odd {
    Odd { name, line, needs, lacks: &[], place: Place::Supervisor, says: Says::Laid(laid) }
}

/// No exception, and these values.
const fn gives(rule: &'static str, values: &'static [(Part, Bits)]) -> Laid {
    Laid { rule, exception: None, values }
}

/// This exception at this offset, with what else of it is laid down.
const fn takes(rule: &'static str, exception: Exception, srr0: u64, values: &'static [(Part, Bits)]) -> Laid {
    Laid { rule, exception: Some((exception, srr0)), values }
}

const fn is(value: u64) -> Bits {
    bits(u64::MAX, value)
}

const fn bits(mask: u64, value: u64) -> Bits {
    Bits { mask, value }
}

/// The index of the first entry of a group of the page table.
const fn group(number: u64) -> u64 {
    number * hash64::PTES_PER_GROUP
}

/// A status of a partition's call as a word: the upper half is cut off, which a 32-bit kernel does not see.
const fn word(status: i64) -> u64 {
    status as u64 & u32::MAX as u64
}

/// R and C in the second doubleword of an entry of the page table.
const HPTE_USED: u64 = hash64::PTE_R | hash64::PTE_C;
/// What ESR and DSISR say of a store, and of protection.
const ESR_ST: u64 = esr::ST as u64;
const DSISR_STORE: u64 = dsisr::STORE as u64;
const DSISR_PROTECTION: u64 = dsisr::PROTECTION as u64;

/// All of them.
pub(super) static STEPS: &[Odd] = &[
    step(
        "tlb0-entry-read",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r8; isync; tlbwe; isync; \
            mtspr MAS1, r9; mtspr MAS3, r9; mtspr MAS7, r9; tlbre; mfspr r3, MAS1; mfspr r10, MAS2; mfspr r11, MAS3; \
            mfspr r12, MAS7 with r4 = MAS0.ESEL(1), r5 = MAS1.V | MAS1.TID(0xaa) | MAS1.TSIZE(1), \
            r6 = 0xd0067000 | MAS2.M | MAS2.G, r7 = 0x00a50000 | MAS3.U1 | MAS3.U3 | MAS3.SX | MAS3.SW | MAS3.SR, \
            r8 = 0x5, r9 = 0 gives r3, r10, r11, r12",
        gives(
            "mmu.search-finds-entry",
            &[
                (Part::Value, is(0x80aa_0100)),
                (Part::Register(10), is(0xd006_7006)),
                (Part::Register(11), is(0x00a5_0155)),
                (Part::Register(12), is(5)),
            ],
        ),
    ),
    step(
        "tlb1-entry-read",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r8; isync; tlbwe; isync; \
            mtspr MAS1, r9; mtspr MAS2, r9; mtspr MAS3, r9; mtspr MAS7, r9; tlbre; mfspr r3, MAS1; mfspr r10, MAS2; \
            mfspr r11, MAS3 with r4 = MAS0.TLBSEL(1) | MAS0.ESEL(15), \
            r5 = MAS1.V | MAS1.IPROT | MAS1.TID(0x55) | MAS1.TS | MAS1.TSIZE(3), \
            r6 = 0xd0460000 | MAS2.W | MAS2.I | MAS2.M | MAS2.G | MAS2.E, \
            r7 = 0x80a50000 | MAS3.U0 | MAS3.U2 | MAS3.UX | MAS3.UW | MAS3.UR, r8 = 0xa, r9 = 0 gives r3, r10, r11",
        gives(
            "mmu.search-finds-entry",
            &[
                (Part::Value, is(0xc055_1300)),
                (Part::Register(10), is(0xd046_001f)),
                (Part::Register(11), is(0x80a5_02aa)),
            ],
        ),
    ),
    step(
        "tlb-searched",
        E500,
        // In the other process nothing is found; what is left then in the registers no document says, so that comes
        // first.
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; tlbwe; isync; \
            mtspr MAS6, r12; tlbsx 0, r9; mfspr r13, MAS1; rlwinm r13, r13, 0, 0, 0; mtspr MAS6, r8; tlbsx 0, r9; \
            mfspr r3, MAS1; mfspr r10, MAS2; mfspr r11, MAS3 with r4 = 0, r5 = MAS1.V | MAS1.TID(5) | MAS1.TSIZE(1), \
            r6 = 0xd0069000 | MAS2.M, r7 = SCRATCH + 0x14000 | MAS3.SW | MAS3.SR, r8 = MAS6.SPID(5), r9 = 0xd0069123, \
            r12 = MAS6.SPID(6) gives r3, r10, r11, r13",
        gives(
            "mmu.search-finds-entry",
            &[
                (Part::Value, is(0x8005_0100)),
                (Part::Register(10), is(0xd006_9004)),
                (Part::Register(11), is(0x00a1_4005)),
                (Part::Register(13), is(0)),
            ],
        ),
    ),
    step(
        "tlb-searched-in-other-space",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; isync; tlbwe; isync; \
            mtspr MAS6, r4; tlbsx 0, r6; mfspr r10, MAS1; rlwinm r10, r10, 0, 0, 0; mtspr MAS6, r8; tlbsx 0, r6; \
            mfspr r3, MAS1 with r4 = 0, r5 = MAS1.V | MAS1.TS | MAS1.TSIZE(1), r6 = 0xd006b000, \
            r7 = SCRATCH + 0x14000 | MAS3.SR, r8 = MAS6.SPID(7) | MAS6.SAS gives r3, r10",
        gives("mmu.search-finds-entry", &[(Part::Value, is(0x8000_1100)), (Part::Register(10), is(0))]),
    ),
    step(
        "tlb-invalidated",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; isync; tlbwe; isync; \
            lwz r3, 0x20(r6); tlbivax 0, r6; tlbsync; isync; lwz r3, 0x24(r6) with r4 = 0, \
            r5 = MAS1.V | MAS1.TSIZE(1), r6 = 0xd006d000, r7 = SCRATCH + 0x14000 | MAS3.SW | MAS3.SR",
        takes("mmu.invalidated-is-forgotten", Exception::DataTlbError, 48, &[(Part::Dar, is(0xd006_d024))]),
    ),
    step(
        "tlb-read-only",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; isync; tlbwe; isync; \
            lwz r3, 0x20(r6); stw r3, 0x24(r6) with r4 = 0, r5 = MAS1.V | MAS1.TSIZE(1), r6 = 0xd006f000, \
            r7 = SCRATCH + 0x14000 | MAS3.SR | MAS3.UR | MAS3.UW",
        takes(
            "mmu.protection",
            Exception::DataStorage,
            36,
            &[(Part::Dar, is(0xd006_f024)), (Part::Syndrome, bits(ESR_ST, ESR_ST))],
        ),
    ),
    step(
        "tlb-stored-through",
        E500,
        "run mtspr MAS0, r4; mtspr MAS1, r5; mtspr MAS2, r6; mtspr MAS3, r7; mtspr MAS7, r4; isync; tlbwe; isync; \
            stw r8, 0x48(r6); lwz r3, 0x48(r9); stw r4, 0x48(r9); lwz r10, 0x48(r6) with r4 = 0, \
            r5 = MAS1.V | MAS1.TSIZE(1), r6 = 0xd0071000, r7 = SCRATCH + 0x14000 | MAS3.SR | MAS3.SW, r8 = 0x89abcdef, \
            r9 = SCRATCH + 0x14000 gives r3, r10",
        gives("mmu.mapped-page-is-reached", &[(Part::Value, is(0x89ab_cdef)), (Part::Register(10), is(0))]),
    ),
    step(
        "machine-check-syndrome-cleared",
        E500,
        "run mtspr MCSR, r4; mfspr r3, MCSR with r4 = 0xffffffff gives r3",
        gives("spr.mcsr-is-cleared-by-ones", &[(Part::Value, is(0))]),
    ),
    step(
        "44x-entry-read",
        PPC44X,
        "run mtspr MMUCR, r8; tlbwe44 r7, r4, 2; tlbwe44 r6, r4, 1; tlbwe44 r5, r4, 0; mtspr MMUCR, r9; \
            tlbre44 r3, r4, 0; mfspr r10, MMUCR; tlbre44 r11, r4, 1; tlbre44 r12, r4, 2; mtspr MMUCR, r10; \
            tlbsx 0, r13 with r0 = 0x99, r4 = 42, r5 = 0xd0460330, r6 = 0x5aa5000a, r7 = 0xff3f, r8 = 0xb5, \
            r9 = 0x00010000, r13 = 0xd046f123 gives r3, r10, r11, r12, r0",
        gives(
            "mmu.entry-of-44x",
            &[
                (Part::Value, is(0xd046_0330)),
                (Part::Register(10), is(0x0001_00b5)),
                (Part::Register(11), is(0x5aa5_000a)),
                (Part::Register(12), is(0xff3f)),
                (Part::Register(0), is(42)),
            ],
        ),
    ),
    step(
        "44x-entry-searched",
        PPC44X,
        "run mtspr MMUCR, r8; tlbwe44 r7, r4, 2; tlbwe44 r6, r4, 1; tlbwe44 r5, r4, 0; isync; mtspr MMUCR, r9; \
            tlbsx. r3, 0, r13; mfcr r10; mtspr MMUCR, r11; tlbsx. r12, 0, r13; mfcr r12 with r3 = 0x99, r4 = 43, \
            r5 = 0xd0470310, r6 = SCRATCH, r7 = 0x1b, r8 = 0xc5, r9 = 0x000100c5, r11 = 0x000100c4, \
            r13 = 0xd0470123, cr = 0xffffffff, xer = 0 gives r3, r10, r12",
        gives(
            "mmu.search-of-44x-tells",
            &[(Part::Value, is(43)), (Part::Register(10), is(0x2fff_ffff)), (Part::Register(12), is(0x0fff_ffff))],
        ),
    ),
    step(
        "44x-entry-gone",
        PPC44X,
        "run mtspr MMUCR, r4; tlbwe44 r7, r8, 2; tlbwe44 r6, r8, 1; tlbwe44 r5, r8, 0; isync; stw r9, 0x48(r5); \
            lwz r3, 0x48(r5); tlbwe44 r4, r8, 0; isync; lwz r3, 0x4c(r5) with r4 = 0, r5 = 0xd0480210, \
            r6 = SCRATCH + 0x14000, r7 = 0x03, r8 = 44, r9 = 0x77",
        takes("mmu.entry-of-44x", Exception::DataTlbError, 36, &[(Part::Dar, is(0xd048_025c))]),
    ),
    step(
        "block-made",
        SERVER_32,
        "run mtspr DBAT3U, r8; mtspr DBAT3L, r5; mtspr DBAT3U, r4; isync; stw r9, 0x48(r10); lwz r3, 0x48(r11); \
            stw r8, 0x4c(r11); lwz r12, 0x4c(r10); mtspr DBAT3U, r8; isync with r8 = 0, r4 = 0xb0000000 | BATU.VS, \
            r5 = SCRATCH | BATL.PP(2), r9 = 0x89abcdef, r10 = SCRATCH + 0x14000, r11 = 0xb0014000, r12 = 0x99 \
            gives r3, r12",
        gives("mmu.block", &[(Part::Value, is(0x89ab_cdef)), (Part::Register(12), is(0))]),
    ),
    step(
        "block-read-only",
        SERVER_32,
        "run mtspr DBAT3U, r8; mtspr DBAT3L, r5; mtspr DBAT3U, r4; isync; lwz r3, 0x48(r11); stw r9, 0x48(r11) \
            with r8 = 0, r4 = 0xb0000000 | BATU.VS, r5 = SCRATCH | BATL.PP(1), r9 = 0xbad, r11 = 0xb0014000",
        takes(
            "mmu.protection",
            Exception::DataStorage,
            20,
            &[(Part::Dar, is(0xb001_4048)), (Part::Syndrome, is(DSISR_STORE | DSISR_PROTECTION))],
        ),
    ),
    step(
        "performance-counters-shown",
        SERVER_32,
        // The counters stand meanwhile.
        "run mfspr r14, MMCR0; mtspr MMCR0, r4; mtspr PMC1, r5; mtspr PMC2, r6; mtspr PMC3, r7; mtspr PMC4, r8; \
            mfspr r9, UPMC1; mfspr r10, UPMC2; mfspr r11, UPMC3; mfspr r12, UPMC4; mtspr MMCR0, r14 \
            with r4 = MMCR0.FC, r5 = 0x11111111, r6 = 0x22222222, r7 = 0x33333333, r8 = 0x44444444 \
            gives r9, r10, r11, r12",
        gives(
            "spr.performance-monitor-alias",
            &[
                (Part::Value, is(0x1111_1111)),
                (Part::Register(10), is(0x2222_2222)),
                (Part::Register(11), is(0x3333_3333)),
                (Part::Register(12), is(0x4444_4444)),
            ],
        ),
    ),
    step(
        "segment-entry-read",
        SLB,
        // Of an entry that is not valid V alone is looked at.
        "run slbie r8; slbmte r6, r7; isync; slbmfee r3, r4; slbmfev r5, r4; slbie r8; isync; slbmfee r9, r4; \
            rlwinm r9, r9, 0, 4, 4 with r4 = 19, r6 = SLB.VSID(0x123) | SLB.KP, \
            r7 = 0x60000000 | SLB.V | SLB.INDEX(19), r8 = 0x60000000 gives r3, r5, r9",
        gives(
            "mmu.segment-entry",
            &[(Part::Value, is(0x6800_0000)), (Part::Register(5), is(0x0012_3400)), (Part::Register(9), is(0))],
        ),
    ),
    step(
        "page-entered-and-removed",
        PARTITION,
        "run papr; or r20, r3, r3; rlwinm r21, r4, 0, 0, 28; or r5, r4, r4; addi r3, 0, H_REMOVE; addi r4, 0, 0; papr; \
            rlwinm r4, r4, 0, 0, 24 with r3 = H_ENTER, r4 = 0, r5 = 41 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(0x5a5) | HPTE.V, r7 = SCRATCH | HPTE.M | HPTE.PP(2) gives r3, r4, r5, r20, r21",
        gives(
            "hcall.remove",
            // But for R and C, which somebody may have set, and the bits that are for software, of which QEMU has one
            // of its own.
            &[
                (Part::Value, is(0)),
                (Part::Register(4), is(0x0002_d280)),
                (Part::Register(5), bits(!HPTE_USED, 0x00a0_0012)),
                (Part::Register(20), is(0)),
                (Part::Register(21), is(group(41))),
            ],
        ),
    ),
    step(
        "block-of-cache-cleared",
        &[],
        "run stw r9, -4(r4); stw r9, 0(r4); stw r9, 28(r4); stw r9, 128(r4); dcbz 0, r10; lwz r3, -4(r4); \
            lwz r5, 0(r4); lwz r6, 28(r4); lwz r7, 128(r4) with r4 = SCRATCH + 0x14400, r9 = 0x600d600d, \
            r10 = SCRATCH + 0x14414 gives r3, r5, r6, r7",
        gives(
            "mmu.dcbz-clears-a-block",
            &[
                (Part::Value, is(0x600d_600d)),
                (Part::Register(5), is(0)),
                (Part::Register(6), is(0)),
                (Part::Register(7), is(0x600d_600d)),
            ],
        ),
    ),
    step(
        "large-block-of-cache-cleared",
        SERVER_64,
        "run stw r9, 0(r4); stw r9, 124(r4); dcbz 0, r10; lwz r3, 0(r4); lwz r5, 124(r4) with r4 = SCRATCH + 0x14600, \
            r9 = 0x600d600d, r10 = SCRATCH + 0x14654 gives r3, r5",
        gives("mmu.dcbz-clears-a-block", &[(Part::Value, is(0)), (Part::Register(5), is(0))]),
    ),
    step(
        "reservation-not-aligned",
        &[Feature::Booke],
        "run lwz r3, 0x40(r4); lwarx r3, 0, r5 with r4 = SCRATCH + 0x14000, r5 = SCRATCH + 0x14202",
        takes("exception.alignment", Exception::Alignment, 4, &[(Part::Dar, is(0x00a1_4202))]),
    ),
    step(
        "vector-switched-off",
        SERVER_64,
        "run addi r5, r5, 1; stvx v1, 0, r4 with r4 = SCRATCH + 0x14000, r5 = 0 gives r5",
        takes("exception.vector-unavailable", Exception::VectorUnavailable, 4, &[(Part::Value, is(1))]),
    ),
    step(
        "page-entered-twice",
        PARTITION,
        // The second time with H_EXACT, which is in the upper half of r4.
        "run papr; or r21, r4, r4; addi r3, 0, H_ENTER; addi r4, 0, 1; rldicr r4, r4, 39, 24; or r5, r21, r21; \
            or r6, r24, r24; or r7, r25, r25; papr; or r22, r3, r3; addi r3, 0, H_REMOVE; addi r4, 0, 0; \
            or r5, r21, r21; papr; rlwinm r21, r21, 0, 0, 28; rlwinm r22, r22, 0, 0, 31 with r3 = H_ENTER, r4 = 0, \
            r5 = 42 * HPTES_PER_GROUP, r6 = HPTE.AVPN(0x5a6) | HPTE.V, r7 = SCRATCH | HPTE.M | HPTE.PP(2), \
            r24 = HPTE.AVPN(0x5a6) | HPTE.V, r25 = SCRATCH | HPTE.M | HPTE.PP(2) gives r3, r21, r22",
        gives(
            "hcall.enter",
            &[(Part::Value, is(0)), (Part::Register(21), is(group(42))), (Part::Register(22), is(word(H_PTEG_FULL)))],
        ),
    ),
    step(
        "page-protected-and-removed",
        PARTITION,
        "run papr; or r21, r4, r4; addi r3, 0, H_PROTECT; addi r4, 0, HPTE.N | HPTE.PP(3); or r5, r21, r21; papr; \
            or r22, r3, r3; addi r3, 0, H_PROTECT; addi r4, 0, HPTE.PP(1); or r5, r21, r21; papr; \
            addi r3, 0, H_REMOVE; addi r4, 0, 0; or r5, r21, r21; papr with r3 = H_ENTER, r4 = 0, \
            r5 = 43 * HPTES_PER_GROUP, r6 = HPTE.AVPN(0x5a7) | HPTE.V, r7 = SCRATCH | HPTE.M | HPTE.PP(2) \
            gives r3, r5, r22",
        gives(
            "hcall.protect",
            &[(Part::Value, is(0)), (Part::Register(5), bits(!HPTE_USED, 0x00a0_0011)), (Part::Register(22), is(0))],
        ),
    ),
    step(
        "page-kept-by-condition",
        PARTITION,
        // H_ANDCOND with V and L: one of them suffices.
        "run papr; or r21, r4, r4; addi r3, 0, H_REMOVE; addis r4, 0, H_ANDCOND >> 16; or r5, r21, r21; \
            addi r6, 0, HPTE.L | HPTE.V; papr; rlwinm r22, r3, 0, 0, 31; addi r3, 0, H_REMOVE; addi r4, 0, 0; \
            or r5, r21, r21; papr with r3 = H_ENTER, r4 = 0, r5 = 44 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(0x5a8) | HPTE.V, r7 = SCRATCH | HPTE.M | HPTE.PP(2) gives r3, r22",
        gives("hcall.remove", &[(Part::Value, is(0)), (Part::Register(22), is(word(H_NOT_FOUND)))]),
    ),
    // Page 0x77 of segment 13, whose VSID is 14: group 0x79.
    step(
        "page-read-again",
        PARTITION,
        "run papr; or r21, r4, r4; lwz r22, 0x40(r23); lwz r22, 0x40(r23); addi r3, 0, H_REMOVE; addi r4, 0, 0; \
            or r5, r21, r21; papr with r3 = H_ENTER, r4 = 0, r5 = 0x79 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x14000 | HPTE.M | HPTE.R | HPTE.PP(2), r23 = 0xd0077000 \
            gives r3, r5",
        gives("mmu.reference-and-change", &[(Part::Value, is(0)), (Part::Register(5), bits(HPTE_USED, hash64::PTE_R))]),
    ),
    step(
        "page-written",
        PARTITION,
        "run papr; or r21, r4, r4; stw r22, 0x40(r23); lwz r24, 0x40(r25); addi r3, 0, H_REMOVE; addi r4, 0, 0; \
            or r5, r21, r21; papr with r3 = H_ENTER, r4 = 0, r5 = 0x79 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x14000 | HPTE.M | HPTE.PP(2), r22 = 0x89abcdef, \
            r23 = 0xd0077000, r25 = SCRATCH + 0x14000 gives r3, r5, r24",
        gives(
            "mmu.reference-and-change",
            &[
                (Part::Value, is(0)),
                (Part::Register(5), bits(HPTE_USED, HPTE_USED)),
                (Part::Register(24), is(0x89ab_cdef)),
            ],
        ),
    ),
    step(
        "page-used-and-removed",
        PARTITION,
        "run papr; or r21, r4, r4; lwz r24, 0x40(r23); addi r3, 0, H_REMOVE; addi r4, 0, 0; or r5, r21, r21; papr; \
            lwz r22, 0x44(r23) with r22 = 0, r3 = H_ENTER, r4 = 0, r5 = 0x79 * HPTES_PER_GROUP, \
            r6 = HPTE.AVPN(14 << 5) | HPTE.V, r7 = SCRATCH + 0x14000 | HPTE.M | HPTE.PP(2), r23 = 0xd0077000",
        takes("hcall.remove", Exception::DataStorage, 28, &[(Part::Dar, is(0xd007_7044))]),
    ),
    step(
        "return-traced",
        SERVER,
        "run bl 4; mfspr r4, LR; addi r4, r4, 28; mtspr SRR0, r4; mfmsr r5; ori r5, r5, MSR.BE; mtspr SRR1, r5; \
            {return}; addi r6, r6, 1; b 8; addi r6, r6, 2; addi r6, r6, 4 with r6 = 0 gives r6",
        takes("exception.trace", Exception::Trace, 44, &[(Part::Value, is(1))]),
    ),
    step(
        "return-to-other-mode",
        WIDE,
        // The upper half of an address is nothing to 32-bit code.
        "run bl 4; mfspr r4, LR; addi r4, r4, 32; rldimi r4, r6, 32, 0; mtspr SRR0, r4; mfmsr r5; rldicl r5, r5, 0, 1; \
            mtspr SRR1, r5; rfid; trap with r6 = 0x1234",
        takes("exception.return-sets-msr", Exception::Program, 36, &[(Part::Srr1, bits(book3s::SF, 0))]),
    ),
    Odd {
        lacks: &[Feature::LittleEndian],
        ..step(
            "return-to-other-order",
            WIDE,
            // The word is a trap that little-endian code has.
            "run bl 4; mfspr r4, LR; addi r4, r4, 28; mtspr SRR0, r4; mfmsr r5; ori r5, r5, MSR.LE; mtspr SRR1, r5; \
                rfid; word 0x0800e07f",
            takes(
                "exception.interrupt-sets-order",
                Exception::Program,
                32,
                &[(Part::Srr1, bits(book3s::LE, book3s::LE))],
            ),
        )
    },
    step(
        "machine-checks-switched-off",
        &[Feature::Power8],
        "run mfmsr r5; xori r4, r5, MSR.ME; mtmsr r4; mfmsr r3; mtmsr r5; xor r3, r3, r5 gives r3",
        gives("exception.mtmsr-leaves-me", &[(Part::Value, is(0))]),
    ),
    step(
        "critical-return-to-debug",
        E500,
        "run bl 4; mfspr r4, LR; addi r4, r4, 28; mtspr CSRR0, r4; mfmsr r5; ori r6, r5, MSR.DE; mtspr CSRR1, r6; \
            rfci; mfmsr r3; mtmsr r5; xor r3, r3, r5 gives r3",
        gives("exception.return-sets-msr", &[(Part::Value, is(booke::DE))]),
    ),
    step(
        "wide-magic",
        &[Feature::Hypercall, Feature::Book3s64],
        "run addis r0, 0, 0x4b56; ori r0, r0, 0x4d21; rldimi r0, r6, 32, 0; sc with r6 = 0x1234, r11 = KVM_HC_FEATURES \
            gives r3",
        gives("hcall.magic-r0-is-a-word", &[(Part::Value, is(0))]),
    ),
];
