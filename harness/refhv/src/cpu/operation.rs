//! Which operation an instruction word is on a CPU: one match over the primary opcode, one each over the extended
//! opcodes of 19 and 31.
//!
//! What a CPU does not have is decided here, so that executing an operation asks no more; operands stay in the word.
//! Words that do the same are one operation.

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::spr::Spr;

use super::opcode::{ds, primary, x19, x31};
use super::{Direction, Insn, Privileged};

/// CPUs with isel.
const ISEL: CpuSet = CpuSet::E500.union(CpuSet::POWER);
/// CPUs with string instructions.
const STRING: CpuSet = CpuSet::all().difference(CpuSet::E500);
/// CPUs with the byte, halfword and count additions of Power ISA 2.06.
const ISA_2_06: CpuSet = CpuSet::POWER.union(CpuSet::E500_HV);
/// CPUs with mftb; the others read the time base by mfspr only (e500 core manual, chapter "Instruction model"; Linux
/// reads it by mfspr for that reason).
const MFTB: CpuSet = CpuSet::all().difference(CpuSet::E500V2);
/// CPUs with dcba.
const DCBA: CpuSet = CpuSet::BOOKE.union(CpuSet::G4_7447);

/// What an instruction does: a byte, which is what the loop looks at each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Operation {
    Addi,
    Addis,
    Addic,
    AddicRecord,
    Subfic,
    Mulli,
    Cmpi,
    Cmpli,
    Ori,
    Oris,
    Xori,
    Xoris,
    AndiRecord,
    AndisRecord,
    Rlwinm,
    Rlwimi,
    Rlwnm,
    RotateDoubleword,
    B,
    Bc,
    /// bc that looks at a bit of CR alone, neither absolute nor with a link.
    BcIf,
    /// bc that counts CTR down and looks at no bit of CR, neither absolute nor with a link.
    BcCount,
    /// The same, to the beginning of a loop in which else nothing is done.
    BcCountIdle,
    Lwz,
    Lbz,
    Lhz,
    Lha,
    Lwzu,
    Lbzu,
    Lhzu,
    Lhau,
    Stw,
    Stb,
    Sth,
    Stwu,
    Stbu,
    Sthu,
    Lmw,
    Stmw,
    Twi,
    Tdi,
    Sc,
    Ld,
    Ldu,
    Lwa,
    Std,
    Stdu,
    Bclr,
    Bcctr,
    Mcrf,
    CrLogical,
    NoOp,
    Cmp,
    Cmpl,
    Add,
    Addc,
    Adde,
    Addme,
    Addze,
    Subf,
    Subfc,
    Subfe,
    Subfme,
    Subfze,
    Neg,
    Mullw,
    Mulhw,
    Mulhwu,
    Divw,
    Divwu,
    And,
    Andc,
    Or,
    Orc,
    Xor,
    Nor,
    Nand,
    Eqv,
    Slw,
    Srw,
    Sraw,
    Srawi,
    Cntlzw,
    Extsb,
    Extsh,
    Mfcr,
    Mtcrf,
    Mcrxr,
    Lwzx,
    Lbzx,
    Lhzx,
    Lhax,
    Lwzux,
    Lbzux,
    Lhzux,
    Lhaux,
    Stwx,
    Stbx,
    Sthx,
    Stwux,
    Stbux,
    Sthux,
    Lhbrx,
    Lwbrx,
    Sthbrx,
    Stwbrx,
    Lwarx,
    Stwcx,
    Dcbz,
    TouchBlock,
    Mfspr,
    Mtspr,
    /// mfspr of a register that the CPU has and problem state may not read.
    MfsprPrivileged,
    /// mtspr of one that problem state may not write.
    MtsprPrivileged,
    Tw,
    Mulld,
    Mulhd,
    Mulhdu,
    Divd,
    Divdu,
    Sld,
    Srd,
    Srad,
    Sradi,
    Cntlzd,
    Extsw,
    Ldx,
    Ldux,
    Lwax,
    Lwaux,
    Stdx,
    Stdux,
    Ldarx,
    Stdcx,
    Td,
    Isel,
    Lswi,
    Lswx,
    Stswi,
    Stswx,
    LockData,
    LockInstruction,
    UnlockData,
    UnlockInstruction,
    Wait,
    Lbarx,
    Lharx,
    Stbcx,
    Sthcx,
    Ldbrx,
    Stdbrx,
    Popcntb,
    Popcntw,
    Popcntd,
    Cmpb,
    Bpermd,
    /// [`Self::AndiRecord`] and five others with [`Self::BcIf`] right after, in a page of code: both at once. A guest's
    /// kernel compares and branches more than it does anything else, and where to go for each operation is what the
    /// host guesses wrong.
    AndiRecordTest,
    AndisRecordTest,
    CmpiTest,
    CmpliTest,
    CmpTest,
    CmplTest,
    /// Not known yet, in a page of code.
    Undecoded,
    /// Privileged, but for moves of special registers: a [`Privileged`].
    Privileged,
    /// Of a unit this model does not have, or no instruction at all.
    Rest,
}

impl Operation {
    /// The operation of a word.
    pub(super) fn decode(insn: Insn, cpu: &Cpu) -> Self {
        match Self::decode_open(insn, cpu) {
            Self::Rest if Privileged::decode(insn, cpu).is_some() => Self::Privileged,
            operation => operation,
        }
    }

    /// The same operation with [`Self::BcIf`] after it, where there is one.
    pub(super) const fn with_test(self) -> Option<Self> {
        Some(match self {
            Self::AndiRecord => Self::AndiRecordTest,
            Self::AndisRecord => Self::AndisRecordTest,
            Self::Cmpi => Self::CmpiTest,
            Self::Cmpli => Self::CmpliTest,
            Self::Cmp => Self::CmpTest,
            Self::Cmpl => Self::CmplTest,
            _ => return None,
        })
    }

    /// That of an instruction of problem state.
    fn decode_open(insn: Insn, cpu: &Cpu) -> Self {
        match insn.primary() {
            primary::ADDI => Self::Addi,
            primary::ADDIS => Self::Addis,
            primary::ADDIC => Self::Addic,
            primary::ADDIC_RECORD => Self::AddicRecord,
            primary::SUBFIC => Self::Subfic,
            primary::MULLI => Self::Mulli,
            primary::CMPI => Self::Cmpi,
            primary::CMPLI => Self::Cmpli,
            primary::ORI => Self::Ori,
            primary::ORIS => Self::Oris,
            primary::XORI => Self::Xori,
            primary::XORIS => Self::Xoris,
            primary::ANDI_RECORD => Self::AndiRecord,
            primary::ANDIS_RECORD => Self::AndisRecord,
            primary::RLWINM => Self::Rlwinm,
            primary::RLWIMI => Self::Rlwimi,
            primary::RLWNM => Self::Rlwnm,
            primary::MD30 if cpu.is_64bit => Self::RotateDoubleword,
            primary::B => Self::B,
            primary::BC if insn.is_plain_condition() => Self::BcIf,
            primary::BC if insn.is_plain_count() => Self::BcCount,
            primary::BC => Self::Bc,
            primary::X19 => Self::decode_19(insn),
            primary::X31 => Self::decode_31(insn, cpu),
            primary::LWZ => Self::Lwz,
            primary::LBZ => Self::Lbz,
            primary::LHZ => Self::Lhz,
            primary::LHA => Self::Lha,
            primary::LWZU => Self::Lwzu,
            primary::LBZU => Self::Lbzu,
            primary::LHZU => Self::Lhzu,
            primary::LHAU => Self::Lhau,
            primary::STW => Self::Stw,
            primary::STB => Self::Stb,
            primary::STH => Self::Sth,
            primary::STWU => Self::Stwu,
            primary::STBU => Self::Stbu,
            primary::STHU => Self::Sthu,
            primary::LMW => Self::Lmw,
            primary::STMW => Self::Stmw,
            primary::TWI => Self::Twi,
            primary::TDI if cpu.is_64bit => Self::Tdi,
            primary::SC if insn.0 & 2 != 0 => Self::Sc,
            primary::DS58 | primary::DS62 if cpu.is_64bit => Self::decode_ds(insn),
            _ => Self::Rest,
        }
    }

    fn decode_ds(insn: Insn) -> Self {
        match (insn.primary(), insn.0 & 3) {
            (primary::DS58, ds::LD) => Self::Ld,
            (primary::DS58, ds::LDU) => Self::Ldu,
            (primary::DS58, ds::LWA) => Self::Lwa,
            (primary::DS62, ds::STD) => Self::Std,
            (primary::DS62, ds::STDU) => Self::Stdu,
            _ => Self::Rest,
        }
    }

    fn decode_19(insn: Insn) -> Self {
        match insn.extended() {
            x19::BCLR => Self::Bclr,
            x19::BCCTR => Self::Bcctr,
            x19::MCRF => Self::Mcrf,
            x19::CRNOR | x19::CRANDC | x19::CRXOR | x19::CRNAND | x19::CRAND | x19::CREQV | x19::CRORC | x19::CROR => {
                Self::CrLogical
            }
            x19::ISYNC => Self::NoOp,
            _ => Self::Rest,
        }
    }

    fn decode_31(insn: Insn, cpu: &Cpu) -> Self {
        match insn.extended() {
            x31::CMP => Self::Cmp,
            x31::CMPL => Self::Cmpl,
            x31::ADD | x31::ADDO => Self::Add,
            x31::ADDC | x31::ADDCO => Self::Addc,
            x31::ADDE | x31::ADDEO => Self::Adde,
            x31::ADDME | x31::ADDMEO => Self::Addme,
            x31::ADDZE | x31::ADDZEO => Self::Addze,
            x31::SUBF | x31::SUBFO => Self::Subf,
            x31::SUBFC | x31::SUBFCO => Self::Subfc,
            x31::SUBFE | x31::SUBFEO => Self::Subfe,
            x31::SUBFME | x31::SUBFMEO => Self::Subfme,
            x31::SUBFZE | x31::SUBFZEO => Self::Subfze,
            x31::NEG | x31::NEGO => Self::Neg,
            x31::MULLW | x31::MULLWO => Self::Mullw,
            x31::MULHW => Self::Mulhw,
            x31::MULHWU => Self::Mulhwu,
            x31::DIVW | x31::DIVWO => Self::Divw,
            x31::DIVWU | x31::DIVWUO => Self::Divwu,
            x31::AND => Self::And,
            x31::ANDC => Self::Andc,
            x31::OR => Self::Or,
            x31::ORC => Self::Orc,
            x31::XOR => Self::Xor,
            x31::NOR => Self::Nor,
            x31::NAND => Self::Nand,
            x31::EQV => Self::Eqv,
            x31::SLW => Self::Slw,
            x31::SRW => Self::Srw,
            x31::SRAW => Self::Sraw,
            x31::SRAWI => Self::Srawi,
            x31::CNTLZW => Self::Cntlzw,
            x31::EXTSB => Self::Extsb,
            x31::EXTSH => Self::Extsh,
            x31::MFCR => Self::Mfcr,
            x31::MTCRF => Self::Mtcrf,
            x31::MCRXR => Self::Mcrxr,
            x31::LWZX => Self::Lwzx,
            x31::LBZX => Self::Lbzx,
            x31::LHZX => Self::Lhzx,
            x31::LHAX => Self::Lhax,
            x31::LWZUX => Self::Lwzux,
            x31::LBZUX => Self::Lbzux,
            x31::LHZUX => Self::Lhzux,
            x31::LHAUX => Self::Lhaux,
            x31::STWX => Self::Stwx,
            x31::STBX => Self::Stbx,
            x31::STHX => Self::Sthx,
            x31::STWUX => Self::Stwux,
            x31::STBUX => Self::Stbux,
            x31::STHUX => Self::Sthux,
            x31::LHBRX => Self::Lhbrx,
            x31::LWBRX => Self::Lwbrx,
            x31::STHBRX => Self::Sthbrx,
            x31::STWBRX => Self::Stwbrx,
            x31::LWARX => Self::Lwarx,
            x31::STWCX => Self::Stwcx,
            x31::DCBZ => Self::Dcbz,
            x31::DCBST | x31::DCBF | x31::ICBI => Self::TouchBlock,
            x31::SYNC | x31::EIEIO | x31::DCBT | x31::DCBTST => Self::NoOp,
            x31::MFSPR if is_privileged(insn, cpu, Direction::Read) => Self::MfsprPrivileged,
            x31::MTSPR if is_privileged(insn, cpu, Direction::Write) => Self::MtsprPrivileged,
            x31::MFSPR => Self::Mfspr,
            x31::MFTB if MFTB.intersects(cpu.set) => Self::Mfspr,
            x31::MTSPR => Self::Mtspr,
            x31::TW => Self::Tw,
            _ if cpu.is_64bit => Self::decode_31_wide(insn, cpu),
            _ => Self::decode_31_optional(insn, cpu),
        }
    }

    /// Instructions of 64-bit CPUs.
    fn decode_31_wide(insn: Insn, cpu: &Cpu) -> Self {
        match insn.extended() {
            x31::MULLD | x31::MULLDO => Self::Mulld,
            x31::MULHD => Self::Mulhd,
            x31::MULHDU => Self::Mulhdu,
            x31::DIVD | x31::DIVDO => Self::Divd,
            x31::DIVDU | x31::DIVDUO => Self::Divdu,
            x31::SLD => Self::Sld,
            x31::SRD => Self::Srd,
            x31::SRAD => Self::Srad,
            x31::SRADI | x31::SRADI_32 => Self::Sradi,
            x31::CNTLZD => Self::Cntlzd,
            x31::EXTSW => Self::Extsw,
            x31::LDX => Self::Ldx,
            x31::LDUX => Self::Ldux,
            x31::LWAX => Self::Lwax,
            x31::LWAUX => Self::Lwaux,
            x31::STDX => Self::Stdx,
            x31::STDUX => Self::Stdux,
            x31::LDARX => Self::Ldarx,
            x31::STDCX => Self::Stdcx,
            x31::TD => Self::Td,
            _ => Self::decode_31_optional(insn, cpu),
        }
    }

    /// Instructions some CPUs have and others do not.
    fn decode_31_optional(insn: Insn, cpu: &Cpu) -> Self {
        let on = |cpus: CpuSet| cpus.intersects(cpu.set);
        match insn.extended() {
            extended if extended & 0x1f == x31::ISEL && on(ISEL) => Self::Isel,
            x31::LSWI if on(STRING) => Self::Lswi,
            x31::LSWX if on(STRING) => Self::Lswx,
            x31::STSWI if on(STRING) => Self::Stswi,
            x31::STSWX if on(STRING) => Self::Stswx,
            x31::DCBA if on(DCBA) => Self::NoOp,
            x31::ICBT if on(CpuSet::BOOKE) => Self::NoOp,
            x31::DCBTLS | x31::DCBTSTLS if on(CpuSet::E500) => Self::LockData,
            x31::ICBTLS if on(CpuSet::E500) => Self::LockInstruction,
            x31::DCBLC if on(CpuSet::E500) => Self::UnlockData,
            x31::ICBLC if on(CpuSet::E500) => Self::UnlockInstruction,
            x31::WAIT if on(CpuSet::E500_HV) => Self::Wait,
            x31::LBARX if on(ISA_2_06) => Self::Lbarx,
            x31::LHARX if on(ISA_2_06) => Self::Lharx,
            x31::STBCX if on(ISA_2_06) => Self::Stbcx,
            x31::STHCX if on(ISA_2_06) => Self::Sthcx,
            x31::LDBRX if on(CpuSet::POWER) => Self::Ldbrx,
            x31::STDBRX if on(CpuSet::POWER) => Self::Stdbrx,
            x31::POPCNTB if on(ISA_2_06) => Self::Popcntb,
            x31::POPCNTW if on(CpuSet::POWER) => Self::Popcntw,
            x31::POPCNTD if on(CpuSet::POWER) => Self::Popcntd,
            x31::CMPB if on(CpuSet::POWER) => Self::Cmpb,
            x31::BPERMD if on(CpuSet::POWER) => Self::Bpermd,
            _ => Self::Rest,
        }
    }
}

/// True if mfspr or mtspr of this number is a privileged instruction.
fn is_privileged(insn: Insn, cpu: &Cpu, direction: Direction) -> bool {
    Spr::lookup(cpu, insn.spr()).is_some_and(|row| match direction {
        Direction::Read => row.is_defined_for(false) && !row.problem.can_read(),
        Direction::Write => row.is_defined_for(true) && !row.problem.can_write(),
    })
}
