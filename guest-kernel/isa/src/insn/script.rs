//! Every instruction that scripts know: those of [`INSNS`], and those that no guest kernel and no reference has to know, in
//! [`ONLY_IN_SCRIPTS`]: the other integer instructions, floating point, vectors, SPE, more loads and stores.
//!
//! The second table is apart, and its fields are none of [`Operand`], because an image has all of a table in which its kernel looks up a
//! single row, and little room.

use super::{INSNS, Insn, LK, Operand, RC, d, x};
use crate::name::is_equal;

/// A field of the instruction word and what it holds. The highest bit of one that is in two parts is elsewhere than its five others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// One that [`INSNS`] has, too.
    Common(Operand),
    /// SH: shift amount of a doubleword, bits 16-20 and 30.
    Sh6,
    /// MB: mask begin in a doubleword, bits 21-25 and 26.
    Mb6,
    /// ME: mask end in a doubleword, at the same place.
    Me6,
    /// UI: unsigned displacement of SPE, a multiple of eight, bits 16-20; written like [`Operand::D`].
    Ui8,
    /// U: unsigned immediate, bits 16-19 (mtfsfi).
    U,
    /// FLM: which fields of the FPSCR are written, bits 7-14 (mtfsf).
    Flm,
    /// BT: bit of the FPSCR or of the condition register, bits 6-10, written (mtfsb1, crand).
    Bt,
    /// BA: bit of the condition register, bits 11-15, read.
    Ba,
    /// BB: bit of the condition register, bits 16-20, read.
    Bb,
    /// BC: bit of the condition register, bits 21-25 (isel).
    Bc,
    /// BFA: condition register field, bits 11-13, read (mcrf).
    Bfa,
    /// L: doublewords are compared, bit 10 (cmp).
    L10,
    /// FRT: floating-point register, bits 6-10, written.
    Frt,
    /// FRS: floating-point register, bits 6-10, read.
    Frs,
    /// FRB: floating-point register, bits 16-20, read.
    Frb,
    /// VRT: vector register, bits 6-10, written.
    Vrt,
    /// VRS: vector register, bits 6-10, read.
    Vrs,
    /// VRA: vector register, bits 11-15, read.
    Vra,
    /// VRB: vector register, bits 16-20, read.
    Vrb,
    /// XT: vector-scalar register, bits 6-10 and 31, written.
    Xt,
    /// XS: vector-scalar register, bits 6-10 and 31, read.
    Xs,
    /// XA: vector-scalar register, bits 11-15 and 29, read.
    Xa,
    /// XB: vector-scalar register, bits 16-20 and 30, read.
    Xb,
}

/// Where the bits of a field are, each counted from the word's lowest.
struct Place {
    /// The lowest five, or all.
    shift: u32,
    width: u32,
    /// The highest one, if it is elsewhere.
    upper: Option<u32>,
}

/// How many bits of a field in two parts are in the lower part.
const LOWER: u32 = 5;
const LOWER_MASK: u32 = (1 << LOWER) - 1;

impl Field {
    /// Where it is; none for one of the other table, which knows itself.
    const fn place(self) -> Option<Place> {
        let (shift, width, upper) = match self {
            Self::Common(_) => return None,
            Self::Frt | Self::Frs | Self::Vrt | Self::Vrs => (21, 5, None),
            Self::Vra => (16, 5, None),
            Self::Frb | Self::Vrb | Self::Ui8 => (11, 5, None),
            Self::U => (12, 4, None),
            Self::Flm => (17, 8, None),
            Self::Bt => (21, 5, None),
            Self::Ba => (16, 5, None),
            Self::Bb => (11, 5, None),
            Self::Bc => (6, 5, None),
            Self::Bfa => (18, 3, None),
            Self::L10 => (21, 1, None),
            Self::Sh6 | Self::Xb => (11, 6, Some(1)),
            Self::Mb6 | Self::Me6 => (6, 6, Some(5)),
            Self::Xt | Self::Xs => (21, 6, Some(0)),
            Self::Xa => (16, 6, Some(2)),
        };
        Some(Place { shift, width, upper })
    }

    /// The lowest and the highest value that it holds, and of what each is a multiple.
    #[must_use]
    pub const fn values(self) -> (i64, i64, i64) {
        let (width, scale, signed) = match (self, self.place()) {
            (Self::Common(operand), _) => (operand.width(), operand.scale(), operand.is_signed()),
            (Self::Ui8, Some(place)) => (place.width, 3, false),
            (_, Some(place)) => (place.width, 0, false),
            (_, None) => (0, 0, false),
        };
        let count = 1i64 << width;
        let low = if signed { -(count / 2) } else { 0 };
        (low << scale, (low + count - 1) << scale, 1 << scale)
    }

    /// The bits of the word that it occupies.
    #[must_use]
    pub const fn mask(self) -> u32 {
        match (self, self.place()) {
            (Self::Common(operand), _) => operand.mask(),
            (_, Some(Place { shift, upper: Some(upper), .. })) => LOWER_MASK << shift | 1 << upper,
            (_, Some(Place { shift, width, upper: None })) => ((1 << width) - 1) << shift,
            (_, None) => 0,
        }
    }

    /// `value` in its place, or none if it does not fit.
    #[must_use]
    pub const fn insert(self, value: i64) -> Option<u32> {
        if let Self::Common(operand) = self {
            return operand.insert(value);
        }
        let (low, high, multiple) = self.values();
        let Some(Place { shift, upper, .. }) = self.place() else { return None };
        if value < low || value > high || value % multiple != 0 {
            return None;
        }
        let raw = (value / multiple) as u32;
        Some(match upper {
            Some(upper) => (raw & LOWER_MASK) << shift | (raw >> LOWER) << upper,
            None => raw << shift,
        })
    }

    /// True if the next field is the base register of this one: `d(ra)`.
    #[must_use]
    pub const fn is_displacement(self) -> bool {
        matches!(self, Self::Common(Operand::D | Operand::Ds) | Self::Ui8)
    }

    /// True if it names a general register.
    #[must_use]
    pub const fn is_gpr(self) -> bool {
        matches!(self, Self::Common(operand) if operand.is_gpr())
    }

    /// True if it names a general register that the instruction writes.
    #[must_use]
    pub const fn writes_gpr(self) -> bool {
        matches!(self, Self::Common(operand) if operand.writes_gpr())
    }

    /// What the names of the registers begin with that it names, if those are no general ones.
    #[must_use]
    pub const fn register_file(self) -> Option<&'static str> {
        match self {
            Self::Frt | Self::Frs | Self::Frb => Some("f"),
            Self::Vrt | Self::Vrs | Self::Vra | Self::Vrb => Some("v"),
            Self::Xt | Self::Xs | Self::Xa | Self::Xb => Some("vs"),
            _ => None,
        }
    }
}

/// An instruction that only scripts know.
#[derive(Debug)]
pub struct OnlyInScripts {
    /// The mnemonic.
    pub mnemonic: &'static str,
    /// The fixed bits.
    pub word: u32,
    fields: &'static [Field],
}

impl OnlyInScripts {
    /// The word of the instruction of this mnemonic, with all operands zero, for constants.
    ///
    /// # Panics
    /// If the table has none: when the constant is evaluated, at compile time.
    #[must_use]
    pub const fn word_of(mnemonic: &str) -> u32 {
        let mut row = 0;
        while row < ONLY_IN_SCRIPTS.len() {
            if is_equal(ONLY_IN_SCRIPTS[row].mnemonic, mnemonic) {
                return ONLY_IN_SCRIPTS[row].word;
            }
            row += 1;
        }
        panic!("no such instruction in the table")
    }
}

/// An instruction of either table.
#[derive(Clone, Copy, Debug)]
pub enum Row {
    /// Of [`INSNS`].
    Common(&'static Insn),
    /// Of [`ONLY_IN_SCRIPTS`].
    Only(&'static OnlyInScripts),
}

impl Row {
    /// Every instruction.
    pub fn all() -> impl Iterator<Item = Self> {
        INSNS.iter().map(Self::Common).chain(ONLY_IN_SCRIPTS.iter().map(Self::Only))
    }

    /// The instruction of this mnemonic.
    #[must_use]
    pub fn by_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::all().find(|row| row.mnemonic() == mnemonic)
    }

    /// Its mnemonic.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        match self {
            Self::Common(insn) => insn.mnemonic,
            Self::Only(row) => row.mnemonic,
        }
    }

    /// Its operands in assembler order.
    pub fn fields(self) -> impl ExactSizeIterator<Item = Field> {
        let count = match self {
            Self::Common(insn) => insn.operands.len(),
            Self::Only(row) => row.fields.len(),
        };
        (0..count).map(move |index| match self {
            Self::Common(insn) => Field::Common(insn.operands[index]),
            Self::Only(row) => row.fields[index],
        })
    }

    /// The instruction word with these operand values, in assembler order; none if their number or one's range is off.
    #[must_use]
    pub fn encode(self, values: &[i64]) -> Option<u32> {
        if values.len() != self.fields().len() {
            return None;
        }
        let word = match self {
            Self::Common(insn) => insn.word,
            Self::Only(row) => row.word,
        };
        self.fields().zip(values).try_fold(word, |word, (field, value)| Some(word | field.insert(*value)?))
    }
}

const fn row(mnemonic: &'static str, word: u32, fields: &'static [Field]) -> OnlyInScripts {
    OnlyInScripts { mnemonic, word, fields }
}

/// A rotate of a doubleword, by the opcode in bits 27-29.
const fn md(extended: u32) -> u32 {
    d(30) | extended << 2
}

/// The same, by a register, with the opcode in bits 27-30.
const fn mds(extended: u32) -> u32 {
    d(30) | extended << 1
}

/// A vector or SPE instruction, by the opcode in bits 21-31.
const fn vx(extended: u32) -> u32 {
    d(4) | extended
}

/// Opcodes: Power ISA 2.07, appendix "Opcode maps"; of the SPE: its programming environments manual, appendix "Opcode listings".
pub static ONLY_IN_SCRIPTS: &[OnlyInScripts] = {
    use Field::{Ba, Bb, Bc, Bfa, Bt, L10};
    use Field::{Flm, Frb, Frs, Frt, Mb6, Me6, Sh6, U, Ui8, Vra, Vrb, Vrs, Vrt, Xa, Xb, Xs, Xt};
    const RT: Field = Field::Common(Operand::Rt);
    const RS: Field = Field::Common(Operand::Rs);
    const RA: Field = Field::Common(Operand::Ra);
    const RB: Field = Field::Common(Operand::Rb);
    const RA_OR_ZERO: Field = Field::Common(Operand::RaOrZero);
    const RA_TARGET: Field = Field::Common(Operand::RaTarget);
    const RA_UPDATE: Field = Field::Common(Operand::RaUpdate);
    const D: Field = Field::Common(Operand::D);
    const DS: Field = Field::Common(Operand::Ds);
    const SI: Field = Field::Common(Operand::Si);
    const UI: Field = Field::Common(Operand::Ui);
    const TO: Field = Field::Common(Operand::To);
    const BF: Field = Field::Common(Operand::Bf);
    const CT: Field = Field::Common(Operand::Ct);
    const SH: Field = Field::Common(Operand::Sh);
    const MB: Field = Field::Common(Operand::Mb);
    const ME: Field = Field::Common(Operand::Me);
    const NB: Field = Field::Common(Operand::Nb);
    const BO: Field = Field::Common(Operand::Bo);
    const BI: Field = Field::Common(Operand::Bi);
    const BD: Field = Field::Common(Operand::Bd);
    &[
        // Integer arithmetic and logic, traps.
        row("andis.", d(29), &[RA_TARGET, RS, UI]),
        row("rldicl", md(0), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldicr", md(1), &[RA_TARGET, RS, Sh6, Me6]),
        row("tdi", d(2), &[TO, RA, SI]),
        row("td", x(31, 68), &[TO, RA, RB]),
        // Loads and stores.
        row("lbzu", d(35), &[RT, D, RA_UPDATE]),
        row("lhzu", d(41), &[RT, D, RA_UPDATE]),
        row("lhau", d(43), &[RT, D, RA_UPDATE]),
        row("lwzux", x(31, 55), &[RT, RA_UPDATE, RB]),
        row("lhax", x(31, 343), &[RT, RA_OR_ZERO, RB]),
        row("lwa", d(58) | 2, &[RT, DS, RA_OR_ZERO]),
        row("lhbrx", x(31, 790), &[RT, RA_OR_ZERO, RB]),
        row("lwbrx", x(31, 534), &[RT, RA_OR_ZERO, RB]),
        row("ldbrx", x(31, 532), &[RT, RA_OR_ZERO, RB]),
        row("lmw", d(46), &[RT, D, RA_OR_ZERO]),
        row("stbu", d(39), &[RS, D, RA_UPDATE]),
        row("sthu", d(45), &[RS, D, RA_UPDATE]),
        row("stwux", x(31, 183), &[RS, RA_UPDATE, RB]),
        row("sthbrx", x(31, 918), &[RS, RA_OR_ZERO, RB]),
        row("stwbrx", x(31, 662), &[RS, RA_OR_ZERO, RB]),
        row("sthcx.", x(31, 726) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stdbrx", x(31, 660), &[RS, RA_OR_ZERO, RB]),
        row("stmw", d(47), &[RS, D, RA_OR_ZERO]),
        // Machine state, translation, caches.
        row("hrfid", x(19, 274), &[]),
        // Of 4xx cores; `tlbsx` without Rc is the kernel's own, as e500 has it.
        row("tlbsx.", x(31, 914) | RC, &[RT, RA_OR_ZERO, RB]),
        row("slbfee.", x(31, 979) | RC, &[RT, RB]),
        row("dcbt", x(31, 278), &[CT, RA_OR_ZERO, RB]),
        row("tlbiel", x(31, 274), &[RB]),
        row("tlbia", x(31, 370), &[]),
        // Of 4xx cores (arch/powerpc/xmon/ppc-opc.c).
        row("dccci", x(31, 454), &[RA_OR_ZERO, RB]),
        row("iccci", x(31, 966), &[RA_OR_ZERO, RB]),
        // Cache lines to lock and unlock, of e500 (arch/powerpc/xmon/ppc-opc.c); `dcbtls` is the kernel's own.
        row("dcbtstls", x(31, 134), &[CT, RA_OR_ZERO, RB]),
        row("dcblc", x(31, 390), &[CT, RA_OR_ZERO, RB]),
        row("icbtls", x(31, 486), &[CT, RA_OR_ZERO, RB]),
        row("icblc", x(31, 230), &[CT, RA_OR_ZERO, RB]),
        // Floating point.
        row("lfs", d(48), &[Frt, D, RA_OR_ZERO]),
        row("lfsu", d(49), &[Frt, D, RA_UPDATE]),
        row("lfd", d(50), &[Frt, D, RA_OR_ZERO]),
        row("lfdu", d(51), &[Frt, D, RA_UPDATE]),
        row("lfdx", x(31, 599), &[Frt, RA_OR_ZERO, RB]),
        row("lfiwax", x(31, 855), &[Frt, RA_OR_ZERO, RB]),
        row("lfiwzx", x(31, 887), &[Frt, RA_OR_ZERO, RB]),
        row("stfs", d(52), &[Frs, D, RA_OR_ZERO]),
        row("stfsu", d(53), &[Frs, D, RA_UPDATE]),
        row("stfd", d(54), &[Frs, D, RA_OR_ZERO]),
        row("stfdu", d(55), &[Frs, D, RA_UPDATE]),
        row("stfiwx", x(31, 983), &[Frs, RA_OR_ZERO, RB]),
        row("fmr", x(63, 72), &[Frt, Frb]),
        row("mffs", x(63, 583), &[Frt]),
        row("mtfsfi", x(63, 134), &[BF, U]),
        row("mtfsf", x(63, 711), &[Flm, Frb]),
        row("mtfsb1", x(63, 38), &[Bt]),
        // Vectors.
        row("lvebx", x(31, 7), &[Vrt, RA_OR_ZERO, RB]),
        row("lvehx", x(31, 39), &[Vrt, RA_OR_ZERO, RB]),
        row("lvewx", x(31, 71), &[Vrt, RA_OR_ZERO, RB]),
        row("lvx", x(31, 103), &[Vrt, RA_OR_ZERO, RB]),
        row("stvebx", x(31, 135), &[Vrs, RA_OR_ZERO, RB]),
        row("stvehx", x(31, 167), &[Vrs, RA_OR_ZERO, RB]),
        row("stvewx", x(31, 199), &[Vrs, RA_OR_ZERO, RB]),
        row("stvx", x(31, 231), &[Vrs, RA_OR_ZERO, RB]),
        row("vor", vx(0x484), &[Vrt, Vra, Vrb]),
        row("mfvscr", vx(0x604), &[Vrt]),
        row("mtvscr", vx(0x644), &[Vrb]),
        // Vectors and scalars in one file (VSX).
        row("lxsdx", x(31, 588), &[Xt, RA_OR_ZERO, RB]),
        row("lxvd2x", x(31, 844), &[Xt, RA_OR_ZERO, RB]),
        row("lxvdsx", x(31, 332), &[Xt, RA_OR_ZERO, RB]),
        row("lxvw4x", x(31, 780), &[Xt, RA_OR_ZERO, RB]),
        row("stxsdx", x(31, 716), &[Xs, RA_OR_ZERO, RB]),
        row("stxvd2x", x(31, 972), &[Xs, RA_OR_ZERO, RB]),
        row("stxvw4x", x(31, 908), &[Xs, RA_OR_ZERO, RB]),
        row("xxlor", d(60) | 146 << 3, &[Xt, Xa, Xb]),
        // SPE.
        row("evxor", vx(0x216), &[RT, RA, RB]),
        row("evmergehi", vx(0x22c), &[RT, RA, RB]),
        row("evmergelo", vx(0x22d), &[RT, RA, RB]),
        row("evstdd", vx(0x321), &[RS, Ui8, RA_OR_ZERO]),
        row("evmra", vx(0x4c4), &[RT, RA]),
        row("evmwumiaa", vx(0x558), &[RT, RA, RB]),
        // Record forms of what the guest kernel knows, and the other arithmetic and logic of integers.
        row("addic.", d(13), &[RT, RA, SI]),
        row("add.", x(31, 266) | RC, &[RT, RA, RB]),
        row("subf.", x(31, 40) | RC, &[RT, RA, RB]),
        row("mullw.", x(31, 235) | RC, &[RT, RA, RB]),
        row("divw.", x(31, 491) | RC, &[RT, RA, RB]),
        row("divwu.", x(31, 459) | RC, &[RT, RA, RB]),
        row("neg.", x(31, 104) | RC, &[RT, RA]),
        row("addc", x(31, 10), &[RT, RA, RB]),
        row("addc.", x(31, 10) | RC, &[RT, RA, RB]),
        row("adde", x(31, 138), &[RT, RA, RB]),
        row("adde.", x(31, 138) | RC, &[RT, RA, RB]),
        row("subfc", x(31, 8), &[RT, RA, RB]),
        row("subfc.", x(31, 8) | RC, &[RT, RA, RB]),
        row("subfe", x(31, 136), &[RT, RA, RB]),
        row("subfe.", x(31, 136) | RC, &[RT, RA, RB]),
        row("mulhw", x(31, 75), &[RT, RA, RB]),
        row("mulhw.", x(31, 75) | RC, &[RT, RA, RB]),
        row("mulhwu", x(31, 11), &[RT, RA, RB]),
        row("mulhwu.", x(31, 11) | RC, &[RT, RA, RB]),
        row("mulld", x(31, 233), &[RT, RA, RB]),
        row("mulld.", x(31, 233) | RC, &[RT, RA, RB]),
        row("mulhd", x(31, 73), &[RT, RA, RB]),
        row("mulhd.", x(31, 73) | RC, &[RT, RA, RB]),
        row("mulhdu", x(31, 9), &[RT, RA, RB]),
        row("mulhdu.", x(31, 9) | RC, &[RT, RA, RB]),
        row("divd", x(31, 489), &[RT, RA, RB]),
        row("divd.", x(31, 489) | RC, &[RT, RA, RB]),
        row("divdu", x(31, 457), &[RT, RA, RB]),
        row("divdu.", x(31, 457) | RC, &[RT, RA, RB]),
        row("addme", x(31, 234), &[RT, RA]),
        row("addme.", x(31, 234) | RC, &[RT, RA]),
        row("addze", x(31, 202), &[RT, RA]),
        row("addze.", x(31, 202) | RC, &[RT, RA]),
        row("subfme", x(31, 232), &[RT, RA]),
        row("subfme.", x(31, 232) | RC, &[RT, RA]),
        row("subfze", x(31, 200), &[RT, RA]),
        row("subfze.", x(31, 200) | RC, &[RT, RA]),
        row("xoris", d(27), &[RA_TARGET, RS, UI]),
        row("and.", x(31, 28) | RC, &[RA_TARGET, RS, RB]),
        row("or.", x(31, 444) | RC, &[RA_TARGET, RS, RB]),
        row("xor.", x(31, 316) | RC, &[RA_TARGET, RS, RB]),
        row("nor.", x(31, 124) | RC, &[RA_TARGET, RS, RB]),
        row("slw.", x(31, 24) | RC, &[RA_TARGET, RS, RB]),
        row("srw.", x(31, 536) | RC, &[RA_TARGET, RS, RB]),
        row("sraw.", x(31, 792) | RC, &[RA_TARGET, RS, RB]),
        row("andc", x(31, 60), &[RA_TARGET, RS, RB]),
        row("andc.", x(31, 60) | RC, &[RA_TARGET, RS, RB]),
        row("orc", x(31, 412), &[RA_TARGET, RS, RB]),
        row("orc.", x(31, 412) | RC, &[RA_TARGET, RS, RB]),
        row("nand", x(31, 476), &[RA_TARGET, RS, RB]),
        row("nand.", x(31, 476) | RC, &[RA_TARGET, RS, RB]),
        row("eqv", x(31, 284), &[RA_TARGET, RS, RB]),
        row("eqv.", x(31, 284) | RC, &[RA_TARGET, RS, RB]),
        row("sld", x(31, 27), &[RA_TARGET, RS, RB]),
        row("sld.", x(31, 27) | RC, &[RA_TARGET, RS, RB]),
        row("srd", x(31, 539), &[RA_TARGET, RS, RB]),
        row("srd.", x(31, 539) | RC, &[RA_TARGET, RS, RB]),
        row("srad", x(31, 794), &[RA_TARGET, RS, RB]),
        row("srad.", x(31, 794) | RC, &[RA_TARGET, RS, RB]),
        row("srawi.", x(31, 824) | RC, &[RA_TARGET, RS, SH]),
        row("sradi", x(31, 826), &[RA_TARGET, RS, Sh6]),
        row("sradi.", x(31, 826) | RC, &[RA_TARGET, RS, Sh6]),
        row("cntlzw.", x(31, 26) | RC, &[RA_TARGET, RS]),
        row("cntlzd", x(31, 58), &[RA_TARGET, RS]),
        row("cntlzd.", x(31, 58) | RC, &[RA_TARGET, RS]),
        row("extsb", x(31, 954), &[RA_TARGET, RS]),
        row("extsb.", x(31, 954) | RC, &[RA_TARGET, RS]),
        row("extsh", x(31, 922), &[RA_TARGET, RS]),
        row("extsh.", x(31, 922) | RC, &[RA_TARGET, RS]),
        row("extsw", x(31, 986), &[RA_TARGET, RS]),
        row("extsw.", x(31, 986) | RC, &[RA_TARGET, RS]),
        row("popcntb", x(31, 122), &[RA_TARGET, RS]),
        row("popcntw", x(31, 378), &[RA_TARGET, RS]),
        row("popcntd", x(31, 506), &[RA_TARGET, RS]),
        row("cmpb", x(31, 508), &[RA_TARGET, RS, RB]),
        row("bpermd", x(31, 252), &[RA_TARGET, RS, RB]),
        row("rlwinm.", d(21) | RC, &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwimi", d(20), &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwimi.", d(20) | RC, &[RA_TARGET, RS, SH, MB, ME]),
        row("rlwnm", d(23), &[RA_TARGET, RS, RB, MB, ME]),
        row("rlwnm.", d(23) | RC, &[RA_TARGET, RS, RB, MB, ME]),
        row("rldicl.", md(0) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldicr.", md(1) | RC, &[RA_TARGET, RS, Sh6, Me6]),
        row("rldic", md(2), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldic.", md(2) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldimi", md(3), &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldimi.", md(3) | RC, &[RA_TARGET, RS, Sh6, Mb6]),
        row("rldcl", mds(8), &[RA_TARGET, RS, RB, Mb6]),
        row("rldcl.", mds(8) | RC, &[RA_TARGET, RS, RB, Mb6]),
        row("rldcr", mds(9), &[RA_TARGET, RS, RB, Me6]),
        row("rldcr.", mds(9) | RC, &[RA_TARGET, RS, RB, Me6]),
        row("isel", x(31, 15), &[RT, RA_OR_ZERO, RB, Bc]),
        // Comparisons and the condition register. `cmpw` and `cmplw`, with L = 0, are the kernel's own.
        row("cmp", x(31, 0), &[BF, L10, RA, RB]),
        row("cmpl", x(31, 32), &[BF, L10, RA, RB]),
        row("cmpi", d(11), &[BF, L10, RA, SI]),
        row("cmpli", d(10), &[BF, L10, RA, UI]),
        row("crand", x(19, 257), &[Bt, Ba, Bb]),
        row("cror", x(19, 449), &[Bt, Ba, Bb]),
        row("crxor", x(19, 193), &[Bt, Ba, Bb]),
        row("crnand", x(19, 225), &[Bt, Ba, Bb]),
        row("crnor", x(19, 33), &[Bt, Ba, Bb]),
        row("creqv", x(19, 289), &[Bt, Ba, Bb]),
        row("crandc", x(19, 129), &[Bt, Ba, Bb]),
        row("crorc", x(19, 417), &[Bt, Ba, Bb]),
        row("mcrf", x(19, 0), &[BF, Bfa]),
        row("mcrxr", x(31, 512), &[BF]),
        // Branches: to the link or the count register under a condition, and with the link bit. BH is 0.
        row("bcl", d(16) | LK, &[BO, BI, BD]),
        row("bclr", x(19, 16), &[BO, BI]),
        row("bclrl", x(19, 16) | LK, &[BO, BI]),
        row("bcctr", x(19, 528), &[BO, BI]),
        row("bcctrl", x(19, 528) | LK, &[BO, BI]),
        // Loads and stores.
        row("lbzx", x(31, 87), &[RT, RA_OR_ZERO, RB]),
        row("lhzx", x(31, 279), &[RT, RA_OR_ZERO, RB]),
        row("lwax", x(31, 341), &[RT, RA_OR_ZERO, RB]),
        row("ldx", x(31, 21), &[RT, RA_OR_ZERO, RB]),
        row("lbarx", x(31, 52), &[RT, RA_OR_ZERO, RB]),
        row("lharx", x(31, 116), &[RT, RA_OR_ZERO, RB]),
        row("ldarx", x(31, 84), &[RT, RA_OR_ZERO, RB]),
        row("lswx", x(31, 533), &[RT, RA_OR_ZERO, RB]),
        row("lbzux", x(31, 119), &[RT, RA_UPDATE, RB]),
        row("lhzux", x(31, 311), &[RT, RA_UPDATE, RB]),
        row("lhaux", x(31, 375), &[RT, RA_UPDATE, RB]),
        row("lwaux", x(31, 373), &[RT, RA_UPDATE, RB]),
        row("ldux", x(31, 53), &[RT, RA_UPDATE, RB]),
        row("ldu", d(58) | 1, &[RT, DS, RA_UPDATE]),
        row("lswi", x(31, 597), &[RT, RA_OR_ZERO, NB]),
        row("stbx", x(31, 215), &[RS, RA_OR_ZERO, RB]),
        row("sthx", x(31, 407), &[RS, RA_OR_ZERO, RB]),
        row("stdx", x(31, 149), &[RS, RA_OR_ZERO, RB]),
        row("stswx", x(31, 661), &[RS, RA_OR_ZERO, RB]),
        row("stbcx.", x(31, 694) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stdcx.", x(31, 214) | RC, &[RS, RA_OR_ZERO, RB]),
        row("stbux", x(31, 247), &[RS, RA_UPDATE, RB]),
        row("sthux", x(31, 439), &[RS, RA_UPDATE, RB]),
        row("stdux", x(31, 181), &[RS, RA_UPDATE, RB]),
        row("stdu", d(62) | 1, &[RS, DS, RA_UPDATE]),
        row("stswi", x(31, 725), &[RS, RA_OR_ZERO, NB]),
        // Hints for caches.
        row("dcbtst", x(31, 246), &[CT, RA_OR_ZERO, RB]),
        row("dcba", x(31, 758), &[RA_OR_ZERO, RB]),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_encode_as_binutils_does() {
        for (mnemonic, values, word) in [
            ("mtspr", &[272, 30][..], 0x7fd0_43a6),
            ("andis.", &[5, 3, 0xc000], 0x7465_c000),
            ("rldicl", &[3, 3, 32, 32], 0x7863_0022),
            ("rldicr", &[4, 4, 32, 31], 0x7884_07c6),
            ("rldicr", &[8, 8, 63, 0], 0x7908_f806),
            ("tdi", &[4, 3, 5], 0x0883_0005),
            ("lwa", &[3, 32, 4], 0xe864_0022),
            ("stwux", &[5, 4, 6], 0x7ca4_316e),
            ("slbfee.", &[3, 4], 0x7c60_27a7),
            ("hrfid", &[], 0x4c00_0224),
            ("sthcx.", &[7, 6, 4], 0x7ce6_25ad),
            ("tlbsx.", &[3, 0, 4], 0x7c60_2725),
            ("dcblc", &[0, 0, 4], 0x7c00_230c),
            ("icbtls", &[0, 0, 4], 0x7c00_23cc),
            ("lfd", &[1, 32, 4], 0xc824_0020),
            ("mtfsfi", &[7, 1], 0xff80_110c),
            ("mtfsf", &[255, 1], 0xfdfe_0d8e),
            ("mtfsb1", &[24], 0xff00_004c),
            ("lvx", &[1, 0, 4], 0x7c20_20ce),
            ("vor", &[1, 2, 2], 0x1022_1484),
            ("lxvd2x", &[33, 0, 4], 0x7c20_2699),
            ("stxvw4x", &[1, 0, 5], 0x7c20_2f18),
            ("xxlor", &[33, 2, 34], 0xf022_1493),
            ("xxlor", &[1, 34, 2], 0xf022_1494),
            ("evmwumiaa", &[9, 10, 10], 0x112a_5558),
            ("evstdd", &[4, 8, 5], 0x1085_0b21),
            ("addic.", &[3, 4, -5], 0x3464_fffb),
            ("add.", &[3, 4, 5], 0x7c64_2a15),
            ("subf.", &[3, 4, 5], 0x7c64_2851),
            ("mullw.", &[3, 4, 5], 0x7c64_29d7),
            ("divw.", &[3, 4, 5], 0x7c64_2bd7),
            ("divwu.", &[3, 4, 5], 0x7c64_2b97),
            ("neg.", &[3, 4], 0x7c64_00d1),
            ("addc", &[3, 4, 5], 0x7c64_2814),
            ("addc.", &[3, 4, 5], 0x7c64_2815),
            ("adde", &[3, 4, 5], 0x7c64_2914),
            ("adde.", &[3, 4, 5], 0x7c64_2915),
            ("subfc", &[3, 4, 5], 0x7c64_2810),
            ("subfc.", &[3, 4, 5], 0x7c64_2811),
            ("subfe", &[3, 4, 5], 0x7c64_2910),
            ("subfe.", &[3, 4, 5], 0x7c64_2911),
            ("mulhw", &[3, 4, 5], 0x7c64_2896),
            ("mulhw.", &[3, 4, 5], 0x7c64_2897),
            ("mulhwu", &[3, 4, 5], 0x7c64_2816),
            ("mulhwu.", &[3, 4, 5], 0x7c64_2817),
            ("mulld", &[3, 4, 5], 0x7c64_29d2),
            ("mulld.", &[3, 4, 5], 0x7c64_29d3),
            ("mulhd", &[3, 4, 5], 0x7c64_2892),
            ("mulhd.", &[3, 4, 5], 0x7c64_2893),
            ("mulhdu", &[3, 4, 5], 0x7c64_2812),
            ("mulhdu.", &[3, 4, 5], 0x7c64_2813),
            ("divd", &[3, 4, 5], 0x7c64_2bd2),
            ("divd.", &[3, 4, 5], 0x7c64_2bd3),
            ("divdu", &[3, 4, 5], 0x7c64_2b92),
            ("divdu.", &[3, 4, 5], 0x7c64_2b93),
            ("addme", &[3, 4], 0x7c64_01d4),
            ("addme.", &[3, 4], 0x7c64_01d5),
            ("addze", &[3, 4], 0x7c64_0194),
            ("addze.", &[3, 4], 0x7c64_0195),
            ("subfme", &[3, 4], 0x7c64_01d0),
            ("subfme.", &[3, 4], 0x7c64_01d1),
            ("subfze", &[3, 4], 0x7c64_0190),
            ("subfze.", &[3, 4], 0x7c64_0191),
            ("xoris", &[3, 4, 5], 0x6c83_0005),
            ("and.", &[3, 4, 5], 0x7c83_2839),
            ("or.", &[3, 4, 5], 0x7c83_2b79),
            ("xor.", &[3, 4, 5], 0x7c83_2a79),
            ("nor.", &[3, 4, 5], 0x7c83_28f9),
            ("slw.", &[3, 4, 5], 0x7c83_2831),
            ("srw.", &[3, 4, 5], 0x7c83_2c31),
            ("sraw.", &[3, 4, 5], 0x7c83_2e31),
            ("andc", &[3, 4, 5], 0x7c83_2878),
            ("andc.", &[3, 4, 5], 0x7c83_2879),
            ("orc", &[3, 4, 5], 0x7c83_2b38),
            ("orc.", &[3, 4, 5], 0x7c83_2b39),
            ("nand", &[3, 4, 5], 0x7c83_2bb8),
            ("nand.", &[3, 4, 5], 0x7c83_2bb9),
            ("eqv", &[3, 4, 5], 0x7c83_2a38),
            ("eqv.", &[3, 4, 5], 0x7c83_2a39),
            ("sld", &[3, 4, 5], 0x7c83_2836),
            ("sld.", &[3, 4, 5], 0x7c83_2837),
            ("srd", &[3, 4, 5], 0x7c83_2c36),
            ("srd.", &[3, 4, 5], 0x7c83_2c37),
            ("srad", &[3, 4, 5], 0x7c83_2e34),
            ("srad.", &[3, 4, 5], 0x7c83_2e35),
            ("srawi.", &[3, 4, 5], 0x7c83_2e71),
            ("sradi", &[3, 4, 37], 0x7c83_2e76),
            ("sradi.", &[3, 4, 37], 0x7c83_2e77),
            ("cntlzw.", &[3, 4], 0x7c83_0035),
            ("cntlzd", &[3, 4], 0x7c83_0074),
            ("cntlzd.", &[3, 4], 0x7c83_0075),
            ("extsb", &[3, 4], 0x7c83_0774),
            ("extsb.", &[3, 4], 0x7c83_0775),
            ("extsh", &[3, 4], 0x7c83_0734),
            ("extsh.", &[3, 4], 0x7c83_0735),
            ("extsw", &[3, 4], 0x7c83_07b4),
            ("extsw.", &[3, 4], 0x7c83_07b5),
            ("popcntb", &[3, 4], 0x7c83_00f4),
            ("popcntw", &[3, 4], 0x7c83_02f4),
            ("popcntd", &[3, 4], 0x7c83_03f4),
            ("cmpb", &[3, 4, 5], 0x7c83_2bf8),
            ("bpermd", &[3, 4, 5], 0x7c83_29f8),
            ("rlwinm.", &[3, 4, 5, 6, 7], 0x5483_298f),
            ("rlwimi", &[3, 4, 5, 6, 7], 0x5083_298e),
            ("rlwimi.", &[3, 4, 5, 6, 7], 0x5083_298f),
            ("rlwnm", &[3, 4, 5, 6, 7], 0x5c83_298e),
            ("rlwnm.", &[3, 4, 5, 6, 7], 0x5c83_298f),
            ("rldicl.", &[3, 4, 37, 38], 0x7883_29a3),
            ("rldicr.", &[3, 4, 37, 38], 0x7883_29a7),
            ("rldic", &[3, 4, 37, 16], 0x7883_2c0a),
            ("rldic.", &[3, 4, 37, 16], 0x7883_2c0b),
            ("rldimi", &[3, 4, 37, 16], 0x7883_2c0e),
            ("rldimi.", &[3, 4, 37, 16], 0x7883_2c0f),
            ("rldcl", &[3, 4, 5, 38], 0x7883_29b0),
            ("rldcl.", &[3, 4, 5, 38], 0x7883_29b1),
            ("rldcr", &[3, 4, 5, 38], 0x7883_29b2),
            ("rldcr.", &[3, 4, 5, 38], 0x7883_29b3),
            ("isel", &[3, 4, 5, 6], 0x7c64_299e),
            ("cmp", &[2, 1, 4, 5], 0x7d24_2800),
            ("cmpl", &[2, 1, 4, 5], 0x7d24_2840),
            ("cmpi", &[2, 1, 4, -5], 0x2d24_fffb),
            ("cmpli", &[2, 1, 4, 5], 0x2924_0005),
            ("crand", &[1, 2, 3], 0x4c22_1a02),
            ("cror", &[1, 2, 3], 0x4c22_1b82),
            ("crxor", &[1, 2, 3], 0x4c22_1982),
            ("crnand", &[1, 2, 3], 0x4c22_19c2),
            ("crnor", &[1, 2, 3], 0x4c22_1842),
            ("creqv", &[1, 2, 3], 0x4c22_1a42),
            ("crandc", &[1, 2, 3], 0x4c22_1902),
            ("crorc", &[1, 2, 3], 0x4c22_1b42),
            ("mcrf", &[1, 2], 0x4c88_0000),
            ("mcrxr", &[1], 0x7c80_0400),
            ("bcl", &[12, 2, 8], 0x4182_0009),
            ("bclr", &[12, 2], 0x4d82_0020),
            ("bclrl", &[12, 2], 0x4d82_0021),
            ("bcctr", &[12, 2], 0x4d82_0420),
            ("bcctrl", &[12, 2], 0x4d82_0421),
            ("lbzx", &[3, 4, 5], 0x7c64_28ae),
            ("lhzx", &[3, 4, 5], 0x7c64_2a2e),
            ("lwax", &[3, 4, 5], 0x7c64_2aaa),
            ("ldx", &[3, 4, 5], 0x7c64_282a),
            ("lbarx", &[3, 4, 5], 0x7c64_2868),
            ("lharx", &[3, 4, 5], 0x7c64_28e8),
            ("ldarx", &[3, 4, 5], 0x7c64_28a8),
            ("lswx", &[3, 4, 5], 0x7c64_2c2a),
            ("lbzux", &[3, 4, 5], 0x7c64_28ee),
            ("lhzux", &[3, 4, 5], 0x7c64_2a6e),
            ("lhaux", &[3, 4, 5], 0x7c64_2aee),
            ("lwaux", &[3, 4, 5], 0x7c64_2aea),
            ("ldux", &[3, 4, 5], 0x7c64_286a),
            ("ldu", &[3, 8, 4], 0xe864_0009),
            ("lswi", &[3, 20, 5], 0x7c74_2caa),
            ("stbx", &[3, 4, 5], 0x7c64_29ae),
            ("sthx", &[3, 4, 5], 0x7c64_2b2e),
            ("stdx", &[3, 4, 5], 0x7c64_292a),
            ("stswx", &[3, 4, 5], 0x7c64_2d2a),
            ("stbcx.", &[3, 4, 5], 0x7c64_2d6d),
            ("stdcx.", &[3, 4, 5], 0x7c64_29ad),
            ("stbux", &[3, 4, 5], 0x7c64_29ee),
            ("sthux", &[3, 4, 5], 0x7c64_2b6e),
            ("stdux", &[3, 4, 5], 0x7c64_296a),
            ("stdu", &[3, 8, 4], 0xf864_0009),
            ("stswi", &[3, 4, 5], 0x7c64_2daa),
            ("dcbtst", &[0, 4, 5], 0x7c04_29ec),
            ("dcba", &[4, 5], 0x7c04_2dec),
        ] {
            assert_eq!(Row::by_mnemonic(mnemonic).and_then(|row| row.encode(values)), Some(word), "{mnemonic}");
        }
    }

    #[test]
    fn a_mnemonic_stands_once_in_both_tables() {
        for (index, row) in Row::all().enumerate() {
            assert!(Row::all().skip(index + 1).all(|other| other.mnemonic() != row.mnemonic()), "{}", row.mnemonic());
        }
    }

    #[test]
    fn no_operand_has_bits_of_the_opcode_or_of_another_one() {
        for row in ONLY_IN_SCRIPTS {
            let mut taken = row.word;
            for field in row.fields {
                assert_eq!(taken & field.mask(), 0, "{} {field:?}", row.mnemonic);
                taken |= field.mask();
            }
        }
    }

    #[test]
    fn a_field_holds_each_of_its_values_and_no_other() {
        for row in ONLY_IN_SCRIPTS {
            for field in row.fields.iter().filter(|field| field.place().is_some()) {
                let (low, high, multiple) = field.values();
                let mut seen = 0;
                for value in (low..=high).step_by(multiple as usize) {
                    let word = field.insert(value).expect("it fits");
                    assert!(word & !field.mask() == 0 && (value == low || word != field.insert(low).expect("it fits")));
                    seen |= word;
                }
                assert_eq!(seen, field.mask(), "{field:?}");
                assert_eq!((field.insert(low - multiple), field.insert(high + multiple)), (None, None), "{field:?}");
                assert!(multiple == 1 || field.insert(1).is_none(), "{field:?}");
            }
        }
    }
}
