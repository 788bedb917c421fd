//! Every instruction that scripts know: those of [`INSNS`], and those that no guest kernel and no reference has to know, in
//! [`ONLY_IN_SCRIPTS`]: floating point, vectors, SPE, rotates of doublewords, more loads and stores.
//!
//! The second table is apart, and its fields are none of [`Operand`], because an image has all of a table in which its kernel looks up a
//! single row, and little room.

use super::{INSNS, Insn, Operand, RC, d, x};
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
    /// BT: bit of the FPSCR, bits 6-10 (mtfsb1).
    Bt,
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

/// A vector or SPE instruction, by the opcode in bits 21-31.
const fn vx(extended: u32) -> u32 {
    d(4) | extended
}

/// Opcodes: Power ISA 2.07, appendix "Opcode maps"; of the SPE: its programming environments manual, appendix "Opcode listings".
pub static ONLY_IN_SCRIPTS: &[OnlyInScripts] = {
    use Field::{Bt, Flm, Frb, Frs, Frt, Mb6, Me6, Sh6, U, Ui8, Vra, Vrb, Vrs, Vrt, Xa, Xb, Xs, Xt};
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
