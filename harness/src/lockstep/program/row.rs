//! What programs are made of: every instruction that the interpreter has on the CPUs that are compared, one row each.
//!
//! The opcodes are the interpreter's own constants; [`super::super::tests`] makes sure that none is left out, and that
//! the rows which [`sprig_isa::insn`] has too are the same there. Fields that have no [`Operand`] of their own are
//! written as one at the same place: BT, BA and BB of CR logic as TO, BI and SH; BC of isel as MB; BFA as BI.

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::insn::{Insn, Operand};
use sprig_refhv::cpu::opcode::{ds as o, md30, primary as p, x19, x31};

/// Rc: set CR0.
const RC: u32 = 1;
/// The highest bits of a shift amount and of the begin or end of a mask, 64-bit rotates.
pub(super) const SH5: u32 = 1 << 1;
pub(super) const MB5: u32 = 1 << 5;
/// L: compare all 64 bits.
const WIDE: u32 = 1 << 21;
/// LK: set LR.
const LK: u32 = 1;
/// AA: the target is absolute.
const AA: u32 = 2;
/// The bit that tells mtocrf from mtcrf, mfocrf from mfcr.
const ONE_FIELD: u32 = 1 << 20;

/// Which variants a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// The word as it is.
    One,
    /// Without and with Rc.
    Rc,
    /// All four of OE and Rc.
    OeRc,
    /// Without and with Rc, each with a shift below 32 and of more: the amount's highest bit has a place of its own.
    ShRc,
    /// Without and with Rc, each with the mask's begin or end below 32 and beyond.
    MbRc,
    /// All of these.
    ShMbRc,
}

/// What has to be done around an instruction so that a program survives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it computes, or does nothing, or traps.
    Compute,
    /// Its FXM must have one bit set.
    OneField,
    /// Its BFA is the BI operand.
    CopyField,
    /// It accesses storage at any address.
    Storage,
    /// It accesses storage at a multiple of four, or takes an alignment interrupt.
    Reservation,
    /// It locks or unlocks a line of a cache.
    CacheLock,
    /// It moves registers up to r31.
    Multiple,
    /// It moves as many bytes as its NB says (`false`), or XER (`true`).
    String(bool),
    /// It branches to a displacement or address in the word.
    Branch,
    /// It branches to LR.
    BranchToLr,
    /// It branches to CTR.
    BranchToCtr,
    /// It calls the system.
    SystemCall,
    /// It reads a special-purpose register.
    FromSpr,
    /// It writes one.
    ToSpr,
    /// It writes the MSR.
    ToMsr,
    /// It returns from an interrupt: by SRR, CSRR or MCSRR.
    Return,
    /// It belongs to the TLB of e500.
    Tlb,
    /// It belongs to segments and the hashed page table.
    Segment,
}

/// One instruction.
#[derive(Debug)]
pub struct Row {
    /// Encoding and operands.
    pub insn: Insn,
    /// Its variants.
    pub forms: Forms,
    /// How it has to be used.
    pub kind: Kind,
    /// True if it is one of 64-bit CPUs only. For the others the word is undefined.
    pub wide: bool,
}

impl Row {
    /// The bits that its variants set in the word, and what they add to the mnemonic.
    #[must_use]
    pub const fn variants(&self) -> &'static [(u32, &'static str)] {
        const ALL: &[(u32, &str)] = &[(0, ""), (RC, "."), (x31::OE << 1, "o"), (x31::OE << 1 | RC, "o.")];
        const PLAIN_AND_RC: &[(u32, &str)] = &[(0, ""), (RC, ".")];
        const PLAIN: &[(u32, &str)] = &[(0, "")];
        const SHIFT: &[(u32, &str)] = &[(0, ""), (RC, "."), (SH5, " +32"), (SH5 | RC, ". +32")];
        const MASK: &[(u32, &str)] = &[(0, ""), (RC, "."), (MB5, " 32.."), (MB5 | RC, ". 32..")];
        const SHIFT_AND_MASK: &[(u32, &str)] = &[
            (0, ""),
            (RC, "."),
            (SH5, " +32"),
            (SH5 | RC, ". +32"),
            (MB5, " 32.."),
            (MB5 | RC, ". 32.."),
            (MB5 | SH5, " +32 32.."),
            (MB5 | SH5 | RC, ". +32 32.."),
        ];
        match self.forms {
            Forms::ShRc => SHIFT,
            Forms::MbRc => MASK,
            Forms::ShMbRc => SHIFT_AND_MASK,
            Forms::One => PLAIN,
            Forms::Rc => PLAIN_AND_RC,
            Forms::OeRc => ALL,
        }
    }

    /// The row and the variant's suffix that an instruction word is; operands that are names for special cases of an
    /// encoding are not told apart from it.
    #[must_use]
    pub fn decode(word: u32) -> Option<(&'static Self, &'static str)> {
        ROWS.iter().find_map(|row| {
            let fixed = row.insn.fixed_mask;
            let is_word = |(bits, _): &&(u32, &str)| word & fixed == row.insn.word | bits;
            row.variants().iter().find(is_word).map(|(_, suffix)| (row, *suffix))
        })
    }

    /// The instruction as an assembler would write it.
    #[must_use]
    pub fn disassemble(word: u32) -> String {
        let Some((row, suffix)) = Self::decode(word) else { return format!(".long {word:#010x}") };
        let operands: Vec<_> = row
            .insn
            .operands
            .iter()
            .map(|operand| {
                let value = operand.extract(word);
                if operand.is_gpr() { format!("r{value}") } else { value.to_string() }
            })
            .collect();
        format!("{}{suffix} {}", row.insn.mnemonic, operands.join(",")).trim_end().to_owned()
    }
}

const fn row(mnemonic: &'static str, word: u32, operands: &'static [Operand], kind: Kind) -> Row {
    Row { insn: Insn::new(mnemonic, word, operands), forms: Forms::One, kind, wide: false }
}

const fn d(mnemonic: &'static str, primary: u32, operands: &'static [Operand], kind: Kind) -> Row {
    row(mnemonic, primary << 26, operands, kind)
}

const fn md(mnemonic: &'static str, extended: u32, forms: Forms) -> Row {
    const OPERANDS: &[Operand] = &[Operand::RaTarget, Operand::Rs, Operand::Sh, Operand::Mb];
    Row { forms, ..row(mnemonic, p::MD30 << 26 | extended << 2, OPERANDS, Kind::Compute).wide() }
}

const fn mds(mnemonic: &'static str, extended: u32) -> Row {
    const OPERANDS: &[Operand] = &[Operand::RaTarget, Operand::Rs, Operand::Rb, Operand::Mb];
    Row { forms: Forms::MbRc, ..row(mnemonic, p::MD30 << 26 | extended << 1, OPERANDS, Kind::Compute).wide() }
}

const fn ds(mnemonic: &'static str, primary: u32, extended: u32, operands: &'static [Operand]) -> Row {
    row(mnemonic, primary << 26 | extended, operands, Kind::Storage).wide()
}

const fn xl(mnemonic: &'static str, extended: u32, operands: &'static [Operand], kind: Kind) -> Row {
    row(mnemonic, p::X19 << 26 | extended << 1, operands, kind)
}

const fn x(mnemonic: &'static str, extended: u32, operands: &'static [Operand], kind: Kind) -> Row {
    row(mnemonic, p::X31 << 26 | extended << 1, operands, kind)
}

impl Row {
    const fn rc(self) -> Self {
        Self { forms: Forms::Rc, ..self }
    }

    const fn oe_rc(self) -> Self {
        Self { forms: Forms::OeRc, ..self }
    }

    const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    const fn with(self, bits: u32) -> Self {
        Self { insn: Insn { word: self.insn.word | bits, ..self.insn }, ..self }
    }
}

/// What programs leave out, and why.
static LEFT_OUT: &[(CpuSet, &str, &str)] = &[(
    CpuSet::G5_970,
    "sc1",
    "QEMU 10.0.2 aborts: it would set MSR[HV], which its 970 does not have (powerpc_set_excp_state of excp_helper.c)",
)];

/// The rows that programs for a CPU are made of: those that mean something to it.
pub fn rows(cpu: &Cpu) -> impl Iterator<Item = &'static Row> + use<> {
    let (set, is_64bit) = (cpu.set, cpu.is_64bit);
    let left_out =
        move |row: &Row| LEFT_OUT.iter().any(|(cpus, name, _)| cpus.intersects(set) && *name == row.insn.mnemonic);
    ROWS.iter().filter(move |row| (is_64bit || !row.wide) && !left_out(row))
}

/// Every row. mcrxr and icbt and the like, which only some CPUs have, are there for all: the others have to refuse
/// them.
pub static ROWS: &[Row] = {
    use Kind::*;
    use Operand::*;
    const TAB: &[Operand] = &[Rt, Ra, Rb];
    const TA: &[Operand] = &[Rt, Ra];
    const ASB: &[Operand] = &[RaTarget, Rs, Rb];
    const AS: &[Operand] = &[RaTarget, Rs];
    const CR_BITS: &[Operand] = &[To, Bi, Sh];
    const LOAD: &[Operand] = &[Rt, D, RaOrZero];
    const LOAD_UPDATE: &[Operand] = &[Rt, D, RaUpdate];
    const LOAD_X: &[Operand] = &[Rt, RaOrZero, Rb];
    const LOAD_UPDATE_X: &[Operand] = &[Rt, RaUpdate, Rb];
    const STORE: &[Operand] = &[Rs, D, RaOrZero];
    const STORE_UPDATE: &[Operand] = &[Rs, D, RaUpdate];
    const STORE_X: &[Operand] = &[Rs, RaOrZero, Rb];
    const STORE_UPDATE_X: &[Operand] = &[Rs, RaUpdate, Rb];
    const BLOCK: &[Operand] = &[RaOrZero, Rb];
    const LOCK: &[Operand] = &[Ct, RaOrZero, Rb];
    &[
        // Arithmetic.
        d("addi", p::ADDI, &[Rt, RaOrZero, Si], Compute),
        d("addis", p::ADDIS, &[Rt, RaOrZero, Si], Compute),
        d("addic", p::ADDIC, &[Rt, Ra, Si], Compute),
        d("addic.", p::ADDIC_RECORD, &[Rt, Ra, Si], Compute),
        d("subfic", p::SUBFIC, &[Rt, Ra, Si], Compute),
        d("mulli", p::MULLI, &[Rt, Ra, Si], Compute),
        x("add", x31::ADD, TAB, Compute).oe_rc(),
        x("addc", x31::ADDC, TAB, Compute).oe_rc(),
        x("adde", x31::ADDE, TAB, Compute).oe_rc(),
        x("addme", x31::ADDME, TA, Compute).oe_rc(),
        x("addze", x31::ADDZE, TA, Compute).oe_rc(),
        x("subf", x31::SUBF, TAB, Compute).oe_rc(),
        x("subfc", x31::SUBFC, TAB, Compute).oe_rc(),
        x("subfe", x31::SUBFE, TAB, Compute).oe_rc(),
        x("subfme", x31::SUBFME, TA, Compute).oe_rc(),
        x("subfze", x31::SUBFZE, TA, Compute).oe_rc(),
        x("neg", x31::NEG, TA, Compute).oe_rc(),
        x("mullw", x31::MULLW, TAB, Compute).oe_rc(),
        x("mulhw", x31::MULHW, TAB, Compute).rc(),
        x("mulhwu", x31::MULHWU, TAB, Compute).rc(),
        x("divw", x31::DIVW, TAB, Compute).oe_rc(),
        x("divwu", x31::DIVWU, TAB, Compute).oe_rc(),
        // Logic, shifts, rotates.
        d("ori", p::ORI, &[RaTarget, Rs, Ui], Compute),
        d("oris", p::ORIS, &[RaTarget, Rs, Ui], Compute),
        d("xori", p::XORI, &[RaTarget, Rs, Ui], Compute),
        d("xoris", p::XORIS, &[RaTarget, Rs, Ui], Compute),
        d("andi.", p::ANDI_RECORD, &[RaTarget, Rs, Ui], Compute),
        d("andis.", p::ANDIS_RECORD, &[RaTarget, Rs, Ui], Compute),
        x("and", x31::AND, ASB, Compute).rc(),
        x("andc", x31::ANDC, ASB, Compute).rc(),
        x("or", x31::OR, ASB, Compute).rc(),
        x("orc", x31::ORC, ASB, Compute).rc(),
        x("xor", x31::XOR, ASB, Compute).rc(),
        x("nor", x31::NOR, ASB, Compute).rc(),
        x("nand", x31::NAND, ASB, Compute).rc(),
        x("eqv", x31::EQV, ASB, Compute).rc(),
        x("slw", x31::SLW, ASB, Compute).rc(),
        x("srw", x31::SRW, ASB, Compute).rc(),
        x("sraw", x31::SRAW, ASB, Compute).rc(),
        x("srawi", x31::SRAWI, &[RaTarget, Rs, Sh], Compute).rc(),
        x("cntlzw", x31::CNTLZW, AS, Compute).rc(),
        x("extsb", x31::EXTSB, AS, Compute).rc(),
        x("extsh", x31::EXTSH, AS, Compute).rc(),
        d("rlwimi", p::RLWIMI, &[RaTarget, Rs, Sh, Mb, Me], Compute).rc(),
        d("rlwinm", p::RLWINM, &[RaTarget, Rs, Sh, Mb, Me], Compute).rc(),
        d("rlwnm", p::RLWNM, &[RaTarget, Rs, Rb, Mb, Me], Compute).rc(),
        // The condition register.
        d("cmpwi", p::CMPI, &[Bf, Ra, Si], Compute),
        d("cmplwi", p::CMPLI, &[Bf, Ra, Ui], Compute),
        x("cmpw", x31::CMP, &[Bf, Ra, Rb], Compute),
        x("cmplw", x31::CMPL, &[Bf, Ra, Rb], Compute),
        x("isel", x31::ISEL, &[Rt, RaOrZero, Rb, Mb], Compute),
        xl("crand", x19::CRAND, CR_BITS, Compute),
        xl("crandc", x19::CRANDC, CR_BITS, Compute),
        xl("creqv", x19::CREQV, CR_BITS, Compute),
        xl("crnand", x19::CRNAND, CR_BITS, Compute),
        xl("crnor", x19::CRNOR, CR_BITS, Compute),
        xl("cror", x19::CROR, CR_BITS, Compute),
        xl("crorc", x19::CRORC, CR_BITS, Compute),
        xl("crxor", x19::CRXOR, CR_BITS, Compute),
        xl("mcrf", x19::MCRF, &[Bf, Bi], CopyField),
        x("mcrxr", x31::MCRXR, &[Bf], Compute),
        x("mfcr", x31::MFCR, &[Rt], Compute),
        x("mfocrf", x31::MFCR, &[Rt, Fxm], OneField).with(ONE_FIELD),
        x("mtcrf", x31::MTCRF, &[Fxm, Rs], Compute),
        x("mtocrf", x31::MTCRF, &[Fxm, Rs], OneField).with(ONE_FIELD),
        // Loads and stores.
        d("lbz", p::LBZ, LOAD, Storage),
        d("lhz", p::LHZ, LOAD, Storage),
        d("lha", p::LHA, LOAD, Storage),
        d("lwz", p::LWZ, LOAD, Storage),
        d("lbzu", p::LBZU, LOAD_UPDATE, Storage),
        d("lhzu", p::LHZU, LOAD_UPDATE, Storage),
        d("lhau", p::LHAU, LOAD_UPDATE, Storage),
        d("lwzu", p::LWZU, LOAD_UPDATE, Storage),
        x("lbzx", x31::LBZX, LOAD_X, Storage),
        x("lhzx", x31::LHZX, LOAD_X, Storage),
        x("lhax", x31::LHAX, LOAD_X, Storage),
        x("lwzx", x31::LWZX, LOAD_X, Storage),
        x("lbzux", x31::LBZUX, LOAD_UPDATE_X, Storage),
        x("lhzux", x31::LHZUX, LOAD_UPDATE_X, Storage),
        x("lhaux", x31::LHAUX, LOAD_UPDATE_X, Storage),
        x("lwzux", x31::LWZUX, LOAD_UPDATE_X, Storage),
        x("lhbrx", x31::LHBRX, LOAD_X, Storage),
        x("lwbrx", x31::LWBRX, LOAD_X, Storage),
        d("stb", p::STB, STORE, Storage),
        d("sth", p::STH, STORE, Storage),
        d("stw", p::STW, STORE, Storage),
        d("stbu", p::STBU, STORE_UPDATE, Storage),
        d("sthu", p::STHU, STORE_UPDATE, Storage),
        d("stwu", p::STWU, STORE_UPDATE, Storage),
        x("stbx", x31::STBX, STORE_X, Storage),
        x("sthx", x31::STHX, STORE_X, Storage),
        x("stwx", x31::STWX, STORE_X, Storage),
        x("stbux", x31::STBUX, STORE_UPDATE_X, Storage),
        x("sthux", x31::STHUX, STORE_UPDATE_X, Storage),
        x("stwux", x31::STWUX, STORE_UPDATE_X, Storage),
        x("sthbrx", x31::STHBRX, STORE_X, Storage),
        x("stwbrx", x31::STWBRX, STORE_X, Storage),
        d("lmw", p::LMW, LOAD, Multiple),
        d("stmw", p::STMW, STORE, Multiple),
        x("lswi", x31::LSWI, &[Rt, RaOrZero, Nb], String(false)),
        x("lswx", x31::LSWX, LOAD_X, String(true)),
        x("stswi", x31::STSWI, &[Rs, RaOrZero, Nb], String(false)),
        x("stswx", x31::STSWX, STORE_X, String(true)),
        x("lwarx", x31::LWARX, LOAD_X, Reservation),
        x("stwcx.", x31::STWCX, STORE_X, Reservation).with(RC),
        x("lbarx", x31::LBARX, LOAD_X, Reservation),
        x("lharx", x31::LHARX, LOAD_X, Reservation),
        x("stbcx.", x31::STBCX, STORE_X, Reservation).with(RC),
        x("sthcx.", x31::STHCX, STORE_X, Reservation).with(RC),
        // Caches and ordering.
        x("dcbz", x31::DCBZ, BLOCK, Storage),
        x("dcbst", x31::DCBST, BLOCK, Storage),
        x("dcbf", x31::DCBF, BLOCK, Storage),
        x("dcbi", x31::DCBI, BLOCK, Storage),
        x("dcba", x31::DCBA, BLOCK, Storage),
        x("icbi", x31::ICBI, BLOCK, Storage),
        x("dcbt", x31::DCBT, LOCK, Storage),
        x("dcbtst", x31::DCBTST, LOCK, Storage),
        x("icbt", x31::ICBT, LOCK, Storage),
        x("dcbtls", x31::DCBTLS, LOCK, CacheLock),
        x("dcbtstls", x31::DCBTSTLS, LOCK, CacheLock),
        x("icbtls", x31::ICBTLS, LOCK, CacheLock),
        x("dcblc", x31::DCBLC, LOCK, CacheLock),
        x("icblc", x31::ICBLC, LOCK, CacheLock),
        x("sync", x31::SYNC, &[], Compute),
        x("eieio", x31::EIEIO, &[], Compute),
        xl("isync", x19::ISYNC, &[], Compute),
        x("wait", x31::WAIT, &[], Compute),
        // Branches, traps, system calls.
        d("b", p::B, &[Li], Branch),
        d("bl", p::B, &[Li], Branch).with(LK),
        d("ba", p::B, &[Li], Branch).with(AA),
        d("bla", p::B, &[Li], Branch).with(AA | LK),
        d("bc", p::BC, &[Bo, Bi, Bd], Branch),
        d("bcl", p::BC, &[Bo, Bi, Bd], Branch).with(LK),
        d("bca", p::BC, &[Bo, Bi, Bd], Branch).with(AA),
        d("bcla", p::BC, &[Bo, Bi, Bd], Branch).with(AA | LK),
        xl("bclr", x19::BCLR, &[Bo, Bi], BranchToLr),
        xl("bclrl", x19::BCLR, &[Bo, Bi], BranchToLr).with(LK),
        xl("bcctr", x19::BCCTR, &[Bo, Bi], BranchToCtr),
        xl("bcctrl", x19::BCCTR, &[Bo, Bi], BranchToCtr).with(LK),
        x("tw", x31::TW, &[To, Ra, Rb], Compute),
        d("twi", p::TWI, &[To, Ra, Si], Compute),
        d("sc", p::SC, &[], SystemCall).with(2),
        d("sc1", p::SC, &[], SystemCall).with(1 << 5 | 2),
        // Special registers and machine state.
        x("mfspr", x31::MFSPR, &[Rt, Spr], FromSpr),
        x("mftb", x31::MFTB, &[Rt, Spr], FromSpr),
        x("mtspr", x31::MTSPR, &[Spr, Rs], ToSpr),
        x("mfmsr", x31::MFMSR, &[Rt], Compute),
        x("mtmsr", x31::MTMSR, &[Rs], ToMsr),
        x("wrtee", x31::WRTEE, &[Rs], Compute),
        x("wrteei", x31::WRTEEI, &[E], Compute),
        xl("rfi", x19::RFI, &[], Return),
        xl("rfci", x19::RFCI, &[], Return),
        xl("rfmci", x19::RFMCI, &[], Return),
        xl("rfdi", x19::RFDI, &[], Return),
        // Translation.
        x("tlbwe", x31::TLBWE, &[], Tlb),
        x("tlbre", x31::TLBRE, &[], Tlb),
        x("tlbsx", x31::TLBSX, BLOCK, Tlb),
        x("tlbivax", x31::TLBIVAX, BLOCK, Tlb),
        x("tlbsync", x31::TLBSYNC, &[], Compute),
        x("mtsr", x31::MTSR, &[Sr, Rs], Segment),
        x("mtsrin", x31::MTSRIN, &[Rs, Rb], Segment),
        x("mfsr", x31::MFSR, &[Rt, Sr], Compute),
        x("mfsrin", x31::MFSRIN, &[Rt, Rb], Compute),
        x("tlbie", x31::TLBIE, &[Rb], Segment),
        // Those of 64-bit CPUs.
        x("mulld", x31::MULLD, TAB, Compute).oe_rc().wide(),
        x("mulhd", x31::MULHD, TAB, Compute).rc().wide(),
        x("mulhdu", x31::MULHDU, TAB, Compute).rc().wide(),
        x("divd", x31::DIVD, TAB, Compute).oe_rc().wide(),
        x("divdu", x31::DIVDU, TAB, Compute).oe_rc().wide(),
        x("sld", x31::SLD, ASB, Compute).rc().wide(),
        x("srd", x31::SRD, ASB, Compute).rc().wide(),
        x("srad", x31::SRAD, ASB, Compute).rc().wide(),
        Row { forms: Forms::ShRc, ..x("sradi", x31::SRADI, &[RaTarget, Rs, Sh], Compute).wide() },
        x("cntlzd", x31::CNTLZD, AS, Compute).rc().wide(),
        x("extsw", x31::EXTSW, AS, Compute).rc().wide(),
        md("rldicl", md30::RLDICL, Forms::ShMbRc),
        md("rldicr", md30::RLDICR, Forms::ShMbRc),
        md("rldic", md30::RLDIC, Forms::ShMbRc),
        md("rldimi", md30::RLDIMI, Forms::ShMbRc),
        mds("rldcl", md30::RLDCL),
        mds("rldcr", md30::RLDCR),
        d("cmpdi", p::CMPI, &[Bf, Ra, Si], Compute).with(WIDE).wide(),
        d("cmpldi", p::CMPLI, &[Bf, Ra, Ui], Compute).with(WIDE).wide(),
        x("cmpd", x31::CMP, &[Bf, Ra, Rb], Compute).with(WIDE).wide(),
        x("cmpld", x31::CMPL, &[Bf, Ra, Rb], Compute).with(WIDE).wide(),
        x("td", x31::TD, &[To, Ra, Rb], Compute).wide(),
        d("tdi", p::TDI, &[To, Ra, Si], Compute).wide(),
        ds("ld", p::DS58, o::LD, &[Rt, Ds, RaOrZero]),
        ds("ldu", p::DS58, o::LDU, &[Rt, Ds, RaUpdate]),
        ds("lwa", p::DS58, o::LWA, &[Rt, Ds, RaOrZero]),
        ds("std", p::DS62, o::STD, &[Rs, Ds, RaOrZero]),
        ds("stdu", p::DS62, o::STDU, &[Rs, Ds, RaUpdate]),
        x("ldx", x31::LDX, LOAD_X, Storage).wide(),
        x("ldux", x31::LDUX, LOAD_UPDATE_X, Storage).wide(),
        x("lwax", x31::LWAX, LOAD_X, Storage).wide(),
        x("lwaux", x31::LWAUX, LOAD_UPDATE_X, Storage).wide(),
        x("stdx", x31::STDX, STORE_X, Storage).wide(),
        x("stdux", x31::STDUX, STORE_UPDATE_X, Storage).wide(),
        x("ldarx", x31::LDARX, LOAD_X, Reservation).wide(),
        x("stdcx.", x31::STDCX, STORE_X, Reservation).with(RC).wide(),
        x("mtmsrd", x31::MTMSRD, &[Rs, Operand::L], ToMsr).wide(),
        xl("rfid", x19::RFID, &[], Return).wide(),
        xl("hrfid", x19::HRFID, &[], Return).wide(),
        x("slbmte", x31::SLBMTE, &[Rs, Rb], Segment).wide(),
        x("slbmfee", x31::SLBMFEE, &[Rt, Rb], Segment).wide(),
        x("slbmfev", x31::SLBMFEV, &[Rt, Rb], Segment).wide(),
        x("slbie", x31::SLBIE, &[Rb], Segment).wide(),
        x("slbia", x31::SLBIA, &[], Segment).wide(),
        x("tlbiel", x31::TLBIEL, &[Rb], Segment).wide(),
    ]
};
