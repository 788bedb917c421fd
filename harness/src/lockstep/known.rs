//! Differences that are not mistakes of the reference: what the architecture leaves open, and what QEMU gets wrong.
//!
//! Each row says precisely when it holds and for which bits of which register, and why. A row that no program needs any
//! more is an error.

use super::executed::Executed;
use super::register::Register;
use super::trace::NO_RESERVATION;
use sprig_isa::config::l1csr;
use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::Exception;
use sprig_isa::insn::Operand;
use sprig_isa::mmu::{hash32, mas};
use sprig_isa::msr;
use sprig_isa::spr::number as n;
use sprig_isa::syndrome::{dsisr, esr, srr1};
use sprig_isa::timer::tsr;
use std::fmt;

/// Why there is a difference that is not a mistake of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The architecture leaves the result open, or it depends on the host's clock.
    Open,
    /// The manuals decide, and QEMU does otherwise.
    Qemu,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "left open",
            Self::Qemu => "QEMU is wrong",
        })
    }
}

/// A difference on record.
#[derive(Debug)]
pub struct Known {
    /// A name for reports.
    pub name: &'static str,
    /// Whose doing it is.
    pub cause: Cause,
    /// Why it is right that there is one, with the source.
    pub why: &'static str,
    /// The CPUs it is seen on.
    pub cpus: CpuSet,
    /// The bits of a register that may differ after an instruction.
    pub differing: fn(&Executed, Register) -> u64,
}

/// Every bit, if a condition holds.
const fn all_if(condition: bool) -> u64 {
    bits_if(condition, u64::MAX)
}

const fn bits_if(condition: bool, bits: u64) -> u64 {
    if condition { bits } else { 0 }
}

const SRR0: Register = Register::Spr(n::SRR0);
const SRR1: Register = Register::Spr(n::SRR1);
const ESR: Register = Register::Spr(n::ESR);
const DEAR: Register = Register::Spr(n::DEAR);
const DAR: Register = Register::Spr(n::DAR);
const DSISR: Register = Register::Spr(n::DSISR);
const MAS0: Register = Register::Spr(n::MAS0);
/// What SRR1 says of a program interrupt on the server families, by the same place on all of them.
const SRR1_PROGRAM: u64 = srr1::ILLEGAL | srr1::PRIVILEGED | srr1::TRAP;

impl Known {
    /// The difference of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }
}

/// Every known difference.
pub static KNOWN: &[Known] = &[
    Known {
        name: "time",
        cause: Cause::Open,
        why: "QEMU's time base and decrementer follow the host's clock, the reference's the instruction count",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let time = [n::TBL, n::TBU, n::DEC, n::ATBL, n::ATBU];
            let reads = time.iter().any(|time| insn.moves("mfspr", *time) || insn.moves("mftb", *time));
            // A timer that has run out says so at any instruction.
            let runs_out = register == Register::Spr(n::TSR) && !insn.moves("mtspr", n::TSR);
            all_if(reads && register == insn.target()) | bits_if(runs_out, timer_status(insn))
        },
    },
    Known {
        name: "reservation-lost",
        cause: Cause::Open,
        why: "QEMU gives up the reservation at every interrupt and return, and at a dcbz of the same block; it may be \
              lost for an implementation's own reasons (Power ISA 2.07 Book II, section 1.7.3.1, item 11)",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let lost = insn.after.get(Register::Reservation) == Some(NO_RESERVATION);
            let returns = ["rfi", "rfid", "rfci", "rfmci", "rfdi"].iter().any(|mnemonic| insn.is(mnemonic));
            let moment = insn.interrupted() || returns || insn.is("dcbz");
            all_if(register == Register::Reservation && lost && moment)
        },
    },
    Known {
        name: "store-conditional-not-done",
        cause: Cause::Open,
        why: "a store conditional that stores nothing may or may not check the address for protection and \
              translation (Power ISA 2.07 Book III-S, 6.5.3 and 6.5.4; Book III-E, 7.6.4); QEMU does not",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let stores = insn.before.get(Register::Reservation) == Some(insn.indexed_address());
            let affected = matches!(register, Register::Cr | Register::Reservation) || set_by_data_interrupt(register);
            let conditional = insn.is("stwcx.") || insn.is("stdcx.");
            all_if(conditional && !stores && !insn.interrupted() && affected)
        },
    },
    Known {
        name: "bcctrl-invalid",
        cause: Cause::Open,
        why: "bcctrl with a BO that decrements CTR is an invalid form (Power ISA 2.07 Book I, \"Branch \
              Conditional to Count Register\"); QEMU sets LR before it finds out",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let link = insn.word & 1 != 0;
            all_if(insn.is("bcctrl") && link && insn.caused(Exception::Program) && register == Register::Spr(n::LR))
        },
    },
    Known {
        name: "bcctr-counts",
        cause: Cause::Open,
        why: "the same form without link; QEMU's 970 decrements CTR and may branch, as it says of 64-bit server CPUs \
            before ISA 3.0",
        cpus: CpuSet::G5_970,
        differing: |insn, register| {
            let affected = set_by_program(register) || matches!(register, Register::Spr(n::CTR | n::LR));
            all_if((insn.is("bcctr") || insn.is("bcctrl")) && insn.decrements_ctr() && affected)
        },
    },
    Known {
        name: "dcbi-of-970",
        cause: Cause::Open,
        why: "dcbi is described in the manuals of embedded and of 32-bit server CPUs; the reference takes it for illegal on \
              970, QEMU has it",
        cpus: CpuSet::G5_970,
        differing: |insn, register| all_if(insn.is("dcbi") && set_by_program(register)),
    },
    Known {
        name: "hrfid-of-970",
        cause: Cause::Open,
        why: "a program that is no hypervisor has no use for hrfid; the reference takes it for a privileged instruction, \
              QEMU's 970 does not have it",
        cpus: CpuSet::G5_970,
        differing: |insn, register| bits_if(insn.is("hrfid") && register == SRR1, SRR1_PROGRAM),
    },
    Known {
        name: "mfsr-of-slb",
        cause: Cause::Open,
        why: "mfsr and mfsrin read the SLB entry of the segment (Power ISA 2.07 Book III-S, \"Bridge to SLB \
              Architecture\"), and are left open in 64-bit mode and for entries that mtsr does not make; QEMU's 64-bit \
              CPUs give zero",
        cpus: CpuSet::BOOK3S64,
        differing: |insn, register| all_if((insn.is("mfsr") || insn.is("mfsrin")) && register == insn.target()),
    },
    Known {
        name: "mtmsr-me",
        cause: Cause::Qemu,
        why: "mtmsr writes ME too (EREF; 750 manual, table 4-9); QEMU follows the 64-bit server family, where only a \
              return from interrupt does",
        cpus: CpuSet::all(),
        differing: |insn, register| bits_if(insn.is("mtmsr") && register == Register::Msr, msr::ME),
    },
    Known {
        name: "dcbi-is-a-store",
        cause: Cause::Qemu,
        why: "dcbi is a store as far as translation and protection go (440 and 750GX manuals); QEMU loads first",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let bits = match register {
                ESR => u64::from(esr::ST),
                DSISR => u64::from(dsisr::STORE),
                _ => 0,
            };
            // A page that may be stored to and not be loaded from.
            let refused = insn.caused_in_qemu_alone(Exception::DataStorage) && set_by_data_interrupt(register);
            bits_if(insn.is("dcbi") && insn.interrupted(), bits) | all_if(insn.is("dcbi") && refused)
        },
    },
    Known {
        name: "icbi-address",
        cause: Cause::Open,
        why: "the data address of an interrupt is that of any byte accessed in the page at fault (Power ISA 2.07 \
              Book III-S, section 6.5.3: in the block; Book III-E, section 7.6.4); QEMU \
              gives the block's first",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let within_block = u64::from(insn.reference.cpu().cache_block) - 1;
            bits_if(insn.is("icbi") && insn.interrupted() && matches!(register, DEAR | DAR), within_block)
        },
    },
    Known {
        name: "undefined-spr-syndrome",
        cause: Cause::Qemu,
        why: "an undefined number with spr0 = 0 is an illegal instruction (e500 core manual, table 5-17; the 7400 \
              manual, section 4.6.7, has a program exception of no given kind); QEMU calls it a privileged one",
        cpus: CpuSet::all(),
        differing: |insn, register| {
            let refused = insn.names_undefined_open_spr() && insn.caused(Exception::Program);
            let bits = match register {
                SRR1 => SRR1_PROGRAM,
                ESR => u64::from(esr::PIL | esr::PPR),
                _ => 0,
            };
            bits_if(refused, bits)
        },
    },
    Known {
        name: "undefined-spr",
        cause: Cause::Open,
        why: "a number that a CPU does not have is illegal or boundedly undefined (Power ISA 2.03, \"Move To Special \
              Purpose Register\"); QEMU's 970 has BATs and more of a performance monitor, and a store to PIR does nothing",
        cpus: CpuSet::G5_970,
        differing: |insn, register| {
            let all = insn.names_undefined_spr() && !insn.interrupted();
            all_if(all && (register == insn.target() && insn.is("mfspr") || set_by_program(register)))
        },
    },
    Known {
        name: "pir-of-970",
        cause: Cause::Open,
        why: "whether a CPU that is alone has a PIR is up to it; QEMU's 970 has none, and mfspr leaves the register as \
            it is",
        cpus: CpuSet::G5_970,
        differing: |insn, register| all_if(insn.moves("mfspr", n::BOOK3S_PIR) && register == insn.target()),
    },
    Known {
        name: "ctrl-of-970",
        cause: Cause::Open,
        why: "of CTRL the ISA defines the run latch, its lowest bit, and which threads run; QEMU's 970 has just these",
        cpus: CpuSet::G5_970,
        differing: |insn, register| {
            const RUN: u64 = 1;
            bits_if(insn.moves("mfspr", n::CTRL_READ) && register == insn.target(), !RUN)
        },
    },
    Known {
        name: "booke-srr1-syndrome",
        cause: Cause::Qemu,
        why: "SRR1 is the MSR on embedded CPUs, ESR says the cause (PPC440x5 user manual, section 6.5.7, and \
              e500 core manual, table 5-18); QEMU puts the server families' bits into SRR1 too",
        cpus: CpuSet::BOOKE,
        differing: |insn, register| bits_if(insn.caused(Exception::Program) && register == SRR1, SRR1_PROGRAM),
    },
    Known {
        name: "booke-ce-de-after-interrupt",
        cause: Cause::Qemu,
        why: "CE and DE stay as they are when an interrupt of the base class is taken (e500 core manual, \
              table 5-19: CE, ME and DE are unchanged); QEMU clears them",
        cpus: CpuSet::BOOKE,
        differing: |insn, register| {
            bits_if(insn.interrupted() && register == Register::Msr, msr::booke::CE | msr::booke::DE)
        },
    },
    Known {
        name: "instruction-tlb-error-esr-dear",
        cause: Cause::Qemu,
        why: "an instruction TLB error sets neither ESR (e500 core manual, table 5-6) nor DEAR (PPC440x5 user \
              manual, section 6.4.8); QEMU sets both",
        cpus: CpuSet::BOOKE,
        differing: |insn, register| {
            all_if(insn.caused(Exception::InstructionTlbError) && matches!(register, ESR | DEAR))
        },
    },
    Known {
        name: "alignment-dsisr",
        cause: Cause::Qemu,
        why: "DSISR describes the instruction after an alignment interrupt (Power ISA 2.07 Book III-S, 6.5.8); QEMU \
              adds RT and RA to what was there",
        cpus: CpuSet::BOOK3S,
        differing: |insn, register| {
            const RT_AND_RA: u64 = 0x3ff;
            let there = insn.before.get(DSISR).unwrap_or_default();
            bits_if(insn.caused(Exception::Alignment) && register == DSISR, !RT_AND_RA | there)
        },
    },
    Known {
        name: "l2cr",
        cause: Cause::Qemu,
        why: "L2CR can be read and written (7400 manual, table 2-46); QEMU's stays \
              zero",
        cpus: CpuSet::G4_7447,
        differing: |insn, register| all_if(insn.moves("mfspr", n::L2CR) && register == insn.target()),
    },
    Known {
        name: "bat-bits",
        cause: Cause::Open,
        why: "bits of BEPI that BL covers have to be zero, and some bits of the lower BATs are reserved (G2 manual, \
              2.1.2.8; kvmppc_set_bat); QEMU clears the former and keeps the latter when they are not",
        cpus: CpuSet::BOOK3S32,
        differing: |insn, register| {
            let in_block = |first| move |number: &u16| (first..first + BAT_NUMBERS).contains(number);
            let number = Operand::Spr.extract(insn.word) as u16;
            let is_bat = in_block(n::IBAT0U)(&number) || in_block(n::IBAT4U)(&number);
            let bits = if number.is_multiple_of(2) { BEPI_UNDER_BL } else { BAT_LOWER_RESERVED };
            bits_if(insn.is("mfspr") && is_bat && register == insn.target(), bits)
        },
    },
    Known {
        name: "alignment-esr",
        cause: Cause::Qemu,
        why: "an alignment interrupt sets ESR[ST] or clears it, and clears the rest (e500 core manual, table 5-6 \
              and page 1-23); QEMU leaves ESR as it is",
        cpus: CpuSet::BOOKE,
        differing: |insn, register| all_if(insn.caused(Exception::Alignment) && register == ESR),
    },
    Known {
        name: "cache-locking-missing",
        cause: Cause::Qemu,
        why: "e500v2 has dcbtstls, icbtls and icblc (e500 manual, 11.7.2 and 13.5.2); QEMU does not",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let locks = insn.is("dcbtstls") || insn.is("icbtls") || insn.is("icblc");
            all_if(locks && insn.caused(Exception::Program) && set_by_program(register))
        },
    },
    Known {
        name: "cache-locking-open",
        cause: Cause::Qemu,
        why: "a program that may not lock the cache, MSR[UCLE] = 0, gets a data storage interrupt (IBM A2 user's manual, \
              page 180); QEMU executes what it has of these instructions",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let locks = ["dcbtls", "dcbtstls", "dcblc", "icbtls", "icblc"].iter().any(|mnemonic| insn.is(mnemonic));
            let may_not =
                insn.before.get(Register::Msr).is_some_and(|msr| msr & (msr::PR | msr::booke::UCLE) == msr::PR);
            all_if(locks && may_not && (set_by_program(register) || register == DEAR))
        },
    },
    Known {
        name: "unable-to-lock",
        cause: Cause::Open,
        why: "whether a lock fails is up to the cache (EREF, section 6.3.1.2.2): the reference has no lines \
              to lock, QEMU lacks most of the instructions",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let reads = insn.moves("mfspr", n::L1CSR0) || insn.moves("mfspr", n::L1CSR1);
            bits_if(reads && register == insn.target(), l1csr::UNABLE_TO_LOCK.into())
        },
    },
    Known {
        name: "tlb0-victim",
        cause: Cause::Open,
        why: "which way of TLB0 is proposed next is the implementation's choice (EREF, table 3-54)",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let shows = insn.is("tlbre") || insn.is("tlbsx");
            let misses = insn.caused(Exception::DataTlbError) || insn.caused(Exception::InstructionTlbError);
            let found = insn.after.get(Register::Spr(n::MAS1)).is_some_and(|mas1| mas1 & u64::from(mas::VALID) != 0);
            let proposes = misses || insn.is("tlbsx") && !found;
            let esel = bits_if(proposes, u64::from(mas::ESEL << mas::ESEL_SHIFT));
            bits_if(register == MAS0 && (shows || misses), esel | u64::from(mas::NV))
        },
    },
    Known {
        name: "mas2-default-x0-x1",
        cause: Cause::Qemu,
        why: "a miss and a search without success take X0 and X1 from MAS4 like the other attributes (EREF, \
              table 6-11); QEMU clears them",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let misses = insn.caused(Exception::DataTlbError) || insn.caused(Exception::InstructionTlbError);
            bits_if(register == Register::Spr(n::MAS2) && (misses || insn.is("tlbsx")), u64::from(mas::X0 | mas::X1))
        },
    },
    Known {
        name: "pir-writes-svr",
        cause: Cause::Qemu,
        why: "PIR and SVR are two registers (e500 core manual, chapter \"Register model\"); QEMU's write of PIR \
              goes to the number that is PIR on the server family and SVR here",
        cpus: CpuSet::E500,
        differing: |insn, register| all_if(insn.moves("mtspr", n::BOOKE_PIR) && register == Register::Spr(n::SVR)),
    },
    Known {
        name: "ivor-low-bits",
        cause: Cause::Open,
        why: "an IVOR has bits 48-59 only (e500 core manual, section 2.7.1.5); QEMU keeps three of those below",
        cpus: CpuSet::E500,
        differing: |insn, register| {
            let reads = (n::IVOR32..n::IVOR32 + 4).any(|number| insn.moves("mfspr", number));
            bits_if(reads && register == insn.target(), 0x7)
        },
    },
    Known {
        name: "mcsr-write",
        cause: Cause::Qemu,
        why: "ones clear bits of MCSR (e500 core manual, \"Machine Check Syndrome Register\"); QEMU's MCSR takes \
              what is written",
        cpus: CpuSet::E500,
        differing: |insn, register| all_if(insn.moves("mtspr", n::MCSR) && register == Register::Spr(n::MCSR)),
    },
    Known {
        name: "rfmci-rfdi",
        cause: Cause::Qemu,
        why: "e500v2 has rfmci and no rfdi (e500 core manual, chapter \"Instruction model\"); QEMU has them the \
              other way round",
        cpus: CpuSet::E500V2,
        differing: |insn, register| all_if((insn.is("rfmci") || insn.is("rfdi")) && set_by_program(register)),
    },
];

/// Numbers of a block of instruction and data BATs.
const BAT_NUMBERS: u16 = 16;
/// Upper BAT: what BL may cover of BEPI.
const BEPI_UNDER_BL: u64 = (hash32::BATU_BL << hash32::BATU_BEPI.trailing_zeros()) as u64;
/// Lower BAT: everything but BRPN, WIMG and PP.
const BAT_LOWER_RESERVED: u64 = !hash32::BATL as u64;

/// True if a program interrupt changes this register: what there is to put right where only one side takes one.
const fn set_by_program(register: Register) -> bool {
    matches!(register, Register::Nip | Register::Msr | SRR0 | SRR1 | ESR)
}

/// The same of data storage, alignment and TLB miss interrupts.
fn set_by_data_interrupt(register: Register) -> bool {
    match register {
        Register::Nip | Register::Msr => true,
        Register::Spr(number) => SET_BY_DATA_INTERRUPTS.contains(&number),
        _ => false,
    }
}

/// Special-purpose registers that data storage, alignment and TLB miss interrupts set.
const SET_BY_DATA_INTERRUPTS: [u16; 13] = [
    n::SRR0,
    n::SRR1,
    n::ESR,
    n::DEAR,
    n::DSISR,
    n::DAR,
    n::MAS0,
    n::MAS1,
    n::MAS2,
    n::MAS3,
    n::MAS6,
    n::MAS7,
    n::MAS4,
];

/// TSR\[DIS\] and \[FIS\] on the embedded families, which have them.
fn timer_status(insn: &Executed) -> u64 {
    bits_if(insn.reference.cpu().family.is_booke(), u64::from(tsr::DIS | tsr::FIS))
}
