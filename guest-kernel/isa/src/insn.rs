//! Instructions: mnemonics, encodings and operands, for the assembler of scripts and the words of a failure message.
//!
//! A row gives the fixed bits of an instruction word and the list of its operands in assembler order. From that the
//! assembler encodes, the disassembler names, and both know which general registers an instruction reads and writes.
//!
//! [`INSNS`] is what the guest, the reference and scripts know; [`script`] adds what scripts run besides.

pub mod script;

use crate::branch;
use crate::name::is_equal;

/// A field of the instruction word and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// RT: target register, bits 6-10, written.
    Rt,
    /// RS: source register, bits 6-10, read.
    Rs,
    /// RA: bits 11-15, read.
    Ra,
    /// RA: bits 11-15, read; 0 means the value zero, not register 0.
    RaOrZero,
    /// RA: bits 11-15, written (logical and shift instructions have their target here).
    RaTarget,
    /// RA: bits 11-15, read and written (update forms).
    RaUpdate,
    /// RB: bits 16-20, read.
    Rb,
    /// SI: signed immediate, bits 16-31.
    Si,
    /// UI: unsigned immediate, bits 16-31.
    Ui,
    /// D: signed displacement, bits 16-31, written `d(ra)`; the next operand is the base register.
    D,
    /// DS: signed displacement, a multiple of four, bits 16-29; written like [`Operand::D`].
    Ds,
    /// SPR: split register number, bits 11-20.
    Spr,
    /// SR: segment register, bits 12-15.
    Sr,
    /// SH: shift amount, bits 16-20.
    Sh,
    /// MB: mask begin, bits 21-25.
    Mb,
    /// ME: mask end, bits 26-30.
    Me,
    /// TO: trap condition, bits 6-10.
    To,
    /// FXM: condition register field mask, bits 12-19.
    Fxm,
    /// BF: condition register field, bits 6-8.
    Bf,
    /// BO: branch condition, bits 6-10.
    Bo,
    /// BI: condition register bit, bits 11-15.
    Bi,
    /// E: one bit, bit 16 (wrteei).
    E,
    /// L: one bit, bit 15 (mtmsrd; slbie has none).
    L,
    /// NB or WS: a number, bits 16-20 (lswi; tlbre and tlbwe of 44x).
    Nb,
    /// LI: relative branch target, bits 6-29, multiple of four.
    Li,
    /// BD: relative conditional branch target, bits 16-29, multiple of four.
    Bd,
    /// CT or MO: a number in bits 6-10 (dcbt, mbar).
    Ct,
}

impl Operand {
    const ALL: [Self; 27] = [
        Self::Rt,
        Self::Rs,
        Self::Ra,
        Self::RaOrZero,
        Self::RaTarget,
        Self::RaUpdate,
        Self::Rb,
        Self::Si,
        Self::Ui,
        Self::D,
        Self::Ds,
        Self::Spr,
        Self::Sr,
        Self::Sh,
        Self::Mb,
        Self::Me,
        Self::To,
        Self::Fxm,
        Self::Bf,
        Self::Bo,
        Self::Bi,
        Self::E,
        Self::L,
        Self::Nb,
        Self::Li,
        Self::Bd,
        Self::Ct,
    ];

    /// Position of the field's lowest bit, counted from the word's lowest.
    #[must_use]
    pub const fn shift(self) -> u32 {
        match self {
            Self::Rt | Self::Rs | Self::To | Self::Bo | Self::Ct => 21,
            Self::Bf => 23,
            Self::Ra | Self::RaOrZero | Self::RaTarget | Self::RaUpdate | Self::Bi | Self::L | Self::Sr => 16,
            Self::Rb | Self::Spr | Self::Sh | Self::Nb => 11,
            Self::Fxm => 12,
            Self::E => 15,
            Self::Mb => 6,
            Self::Me => 1,
            Self::Si | Self::Ui | Self::D => 0,
            Self::Ds | Self::Li | Self::Bd => 2,
        }
    }

    /// Width of the field, bits.
    #[must_use]
    pub const fn width(self) -> u32 {
        match self {
            Self::Si | Self::Ui | Self::D => 16,
            Self::Ds | Self::Bd => 14,
            Self::Li => 24,
            Self::Spr => 10,
            Self::Fxm => 8,
            Self::Sr => 4,
            Self::Bf => 3,
            Self::E | Self::L => 1,
            _ => 5,
        }
    }

    /// True if the field holds a signed number.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Si | Self::D | Self::Ds | Self::Li | Self::Bd)
    }

    /// Lowest bits of the written value that the field does not keep (displacements in words).
    #[must_use]
    pub const fn scale(self) -> u32 {
        match self {
            Self::Ds | Self::Li | Self::Bd => 2,
            _ => 0,
        }
    }

    /// True if the field names a general register that the instruction reads.
    #[must_use]
    pub const fn reads_gpr(self) -> bool {
        matches!(self, Self::Rs | Self::Ra | Self::RaOrZero | Self::RaUpdate | Self::Rb)
    }

    /// True if the field names a general register that the instruction writes.
    #[must_use]
    pub const fn writes_gpr(self) -> bool {
        matches!(self, Self::Rt | Self::RaTarget | Self::RaUpdate)
    }

    /// True if the field names a general register.
    #[must_use]
    pub const fn is_gpr(self) -> bool {
        self.reads_gpr() || self.writes_gpr()
    }

    /// The bits of the word that this field occupies.
    #[must_use]
    pub const fn mask(self) -> u32 {
        ((1 << self.width()) - 1) << self.shift()
    }

    /// The field of `word` that holds this operand's value, as written in assembler.
    #[must_use]
    pub fn extract(self, word: u32) -> i64 {
        let form = self.form();
        let raw = (word & form.mask) >> form.shift;
        if let Self::Spr = self {
            return i64::from(swap_spr(raw));
        }
        let raw = raw as i32;
        let value = if raw > form.highest { raw - form.highest - 1 + form.lowest } else { raw };
        i64::from(value << form.scale)
    }

    /// `value` in this operand's place, or none if it does not fit the field.
    #[must_use]
    pub const fn insert(self, value: i64) -> Option<u32> {
        let form = self.form();
        let word = value as i32;
        let scaled = word >> form.scale;
        if word as i64 != value || scaled << form.scale != word || scaled < form.lowest || scaled > form.highest {
            return None;
        }
        // In range, so the field's own bits are all that the mask leaves.
        let raw = scaled as u32;
        let raw = if let Self::Spr = self { swap_spr(raw) } else { raw };
        Some(raw << form.shift & form.mask)
    }

    const fn form(self) -> &'static Form {
        &FORMS[self as usize]
    }
}

/// What a field holds and where, worked out when this is built: the guest's patcher asks again and again.
struct Form {
    mask: u32,
    shift: u8,
    scale: u8,
    /// The values the field can hold, without the bits it does not keep.
    lowest: i32,
    highest: i32,
}

/// By the operand's number.
static FORMS: [Form; Operand::ALL.len()] = {
    const EMPTY: Form = Form { mask: 0, shift: 0, scale: 0, lowest: 0, highest: 0 };
    let mut forms = [EMPTY; Operand::ALL.len()];
    let mut index = 0;
    while index < forms.len() {
        let operand = Operand::ALL[index];
        // No field is wider than LI.
        let values = 1i32 << operand.width();
        let lowest = if operand.is_signed() { -(values / 2) } else { 0 };
        forms[operand as usize] = Form {
            mask: operand.mask(),
            shift: operand.shift() as u8,
            scale: operand.scale() as u8,
            lowest,
            highest: lowest + (values - 1),
        };
        index += 1;
    }
    forms
};

/// An SPR number stands in the word with its two halves of five bits exchanged.
const fn swap_spr(number: u32) -> u32 {
    (number & 0x1f) << 5 | (number >> 5) & 0x1f
}

/// One instruction.
#[derive(Debug)]
pub struct Insn {
    /// The mnemonic.
    pub mnemonic: &'static str,
    /// The fixed bits.
    pub word: u32,
    /// The bits that are not operands.
    pub fixed_mask: u32,
    /// The operands in assembler order.
    pub operands: &'static [Operand],
}

impl Insn {
    /// A row of such a table.
    #[must_use]
    pub const fn new(mnemonic: &'static str, word: u32, operands: &'static [Operand]) -> Self {
        let (mut fixed_mask, mut index) = (u32::MAX, 0);
        while index < operands.len() {
            fixed_mask &= !operands[index].mask();
            index += 1;
        }
        Self { mnemonic, word, fixed_mask, operands }
    }

    /// The row of this mnemonic.
    #[must_use]
    pub fn by_mnemonic(mnemonic: &str) -> Option<&'static Self> {
        INSNS.iter().find(|insn| insn.mnemonic == mnemonic)
    }

    /// The row of a mnemonic that is known at build time: no search when it runs. One that is not in the table does not
    /// compile.
    #[must_use]
    pub const fn named(mnemonic: &str) -> &'static Self {
        let mut row = 0;
        while row < INSNS.len() {
            if is_equal(INSNS[row].mnemonic, mnemonic) {
                return &INSNS[row];
            }
            row += 1;
        }
        panic!("no such instruction in the table")
    }

    /// The row that an instruction word matches, if it is in the table.
    #[must_use]
    pub fn decode(word: u32) -> Option<&'static Self> {
        INSNS.iter().find(|insn| insn.is(word))
    }

    /// True if a word is this instruction.
    #[must_use]
    pub const fn is(&self, word: u32) -> bool {
        word & self.fixed_mask == self.word
    }

    /// The instruction word with these operand values, in assembler order; none if their number or one's range is off.
    #[must_use]
    pub fn encode(&self, values: &[i64]) -> Option<u32> {
        if values.len() != self.operands.len() {
            return None;
        }
        let mut word = self.word;
        for (operand, value) in self.operands.iter().zip(values) {
            word |= operand.insert(*value)?;
        }
        Some(word)
    }
}

const fn d(primary: u32) -> u32 {
    primary << 26
}

/// An instruction of primary opcode `primary` with an extended opcode in bits 21-30.
const fn x(primary: u32, extended: u32) -> u32 {
    primary << 26 | extended << 1
}

const fn insn(mnemonic: &'static str, word: u32, operands: &'static [Operand]) -> Insn {
    Insn::new(mnemonic, word, operands)
}

/// Record bit: the instruction sets CR0.
const RC: u32 = 1;
/// Link bit of branches.
const LK: u32 = 1;
/// A branch that is always taken.
const ALWAYS: u32 = (branch::ALWAYS as u32) << 21;

/// Opcodes: Power ISA 2.07, appendix F; embedded ones: EREF, appendix A; tlbwe and tlbre of 44x: PPC440 user manual.
pub static INSNS: &[Insn] = {
    use Operand::*;
    &[
        // Integer arithmetic and logic.
        insn("addi", d(14), &[Rt, RaOrZero, Si]),
        insn("addis", d(15), &[Rt, RaOrZero, Si]),
        insn("addic", d(12), &[Rt, Ra, Si]),
        insn("subfic", d(8), &[Rt, Ra, Si]),
        insn("mulli", d(7), &[Rt, Ra, Si]),
        insn("add", x(31, 266), &[Rt, Ra, Rb]),
        insn("subf", x(31, 40), &[Rt, Ra, Rb]),
        insn("neg", x(31, 104), &[Rt, Ra]),
        insn("mullw", x(31, 235), &[Rt, Ra, Rb]),
        insn("divw", x(31, 491), &[Rt, Ra, Rb]),
        insn("divwu", x(31, 459), &[Rt, Ra, Rb]),
        insn("nop", d(24), &[]),
        insn("ori", d(24), &[RaTarget, Rs, Ui]),
        insn("oris", d(25), &[RaTarget, Rs, Ui]),
        insn("xori", d(26), &[RaTarget, Rs, Ui]),
        insn("andi.", d(28), &[RaTarget, Rs, Ui]),
        insn("and", x(31, 28), &[RaTarget, Rs, Rb]),
        insn("or", x(31, 444), &[RaTarget, Rs, Rb]),
        insn("xor", x(31, 316), &[RaTarget, Rs, Rb]),
        insn("nor", x(31, 124), &[RaTarget, Rs, Rb]),
        insn("slw", x(31, 24), &[RaTarget, Rs, Rb]),
        insn("srw", x(31, 536), &[RaTarget, Rs, Rb]),
        insn("sraw", x(31, 792), &[RaTarget, Rs, Rb]),
        insn("srawi", x(31, 824), &[RaTarget, Rs, Sh]),
        insn("cntlzw", x(31, 26), &[RaTarget, Rs]),
        insn("rlwinm", d(21), &[RaTarget, Rs, Sh, Mb, Me]),
        insn("cmpw", x(31, 0), &[Bf, Ra, Rb]),
        insn("cmplw", x(31, 32), &[Bf, Ra, Rb]),
        insn("mfcr", x(31, 19), &[Rt]),
        insn("mtcrf", x(31, 144), &[Fxm, Rs]),
        // Loads and stores.
        insn("lbz", d(34), &[Rt, D, RaOrZero]),
        insn("lhz", d(40), &[Rt, D, RaOrZero]),
        insn("lha", d(42), &[Rt, D, RaOrZero]),
        insn("lwz", d(32), &[Rt, D, RaOrZero]),
        insn("lwzu", d(33), &[Rt, D, RaUpdate]),
        insn("lwzx", x(31, 23), &[Rt, RaOrZero, Rb]),
        insn("ld", d(58), &[Rt, Ds, RaOrZero]),
        insn("stb", d(38), &[Rs, D, RaOrZero]),
        insn("sth", d(44), &[Rs, D, RaOrZero]),
        insn("stw", d(36), &[Rs, D, RaOrZero]),
        insn("stwu", d(37), &[Rs, D, RaUpdate]),
        insn("stwx", x(31, 151), &[Rs, RaOrZero, Rb]),
        insn("std", d(62), &[Rs, Ds, RaOrZero]),
        insn("lwarx", x(31, 20), &[Rt, RaOrZero, Rb]),
        insn("stwcx.", x(31, 150) | RC, &[Rs, RaOrZero, Rb]),
        // Branches, traps and system calls.
        insn("b", d(18), &[Li]),
        insn("bl", d(18) | LK, &[Li]),
        insn("blr", x(19, 16) | ALWAYS, &[]),
        insn("bctr", x(19, 528) | ALWAYS, &[]),
        insn("bctrl", x(19, 528) | ALWAYS | LK, &[]),
        insn("bc", d(16), &[Bo, Bi, Bd]),
        insn("trap", x(31, 4) | 31 << 21, &[]),
        insn("tw", x(31, 4), &[To, Ra, Rb]),
        insn("twi", d(3), &[To, Ra, Si]),
        insn("sc", d(17) | 2, &[]),
        // The LEV field is 1: a call to the hypervisor.
        insn("sc1", d(17) | 1 << 5 | 2, &[]),
        // Special registers and machine state.
        insn("mfspr", x(31, 339), &[Rt, Spr]),
        insn("mtspr", x(31, 467), &[Spr, Rs]),
        insn("mftb", x(31, 371), &[Rt, Spr]),
        insn("mfmsr", x(31, 83), &[Rt]),
        insn("mtmsr", x(31, 146), &[Rs]),
        insn("mtmsrd", x(31, 178), &[Rs, L]),
        insn("wrtee", x(31, 131), &[Rs]),
        insn("wrteei", x(31, 163), &[E]),
        insn("rfi", x(19, 50), &[]),
        insn("rfid", x(19, 18), &[]),
        insn("rfci", x(19, 51), &[]),
        insn("rfmci", x(19, 38), &[]),
        // Translation.
        insn("mtsr", x(31, 210), &[Sr, Rs]),
        insn("mfsr", x(31, 595), &[Rt, Sr]),
        insn("mtsrin", x(31, 242), &[Rs, Rb]),
        insn("mfsrin", x(31, 659), &[Rt, Rb]),
        insn("tlbie", x(31, 306), &[Rb]),
        insn("tlbsync", x(31, 566), &[]),
        insn("tlbre", x(31, 946), &[]),
        insn("tlbwe", x(31, 978), &[]),
        insn("tlbsx", x(31, 914), &[RaOrZero, Rb]),
        insn("tlbivax", x(31, 786), &[RaOrZero, Rb]),
        insn("tlbre44", x(31, 946), &[Rt, Ra, Nb]),
        insn("tlbwe44", x(31, 978), &[Rs, Ra, Nb]),
        insn("slbmte", x(31, 402), &[Rs, Rb]),
        insn("slbmfee", x(31, 915), &[Rt, Rb]),
        insn("slbmfev", x(31, 851), &[Rt, Rb]),
        insn("slbie", x(31, 434), &[Rb]),
        insn("slbia", x(31, 498), &[]),
        // Caches and ordering.
        insn("sync", x(31, 598), &[]),
        insn("isync", x(19, 150), &[]),
        insn("eieio", x(31, 854), &[]),
        insn("dcbz", x(31, 1014), &[RaOrZero, Rb]),
        insn("dcbst", x(31, 54), &[RaOrZero, Rb]),
        insn("dcbf", x(31, 86), &[RaOrZero, Rb]),
        insn("dcbi", x(31, 470), &[RaOrZero, Rb]),
        insn("icbi", x(31, 982), &[RaOrZero, Rb]),
        insn("dcbtls", x(31, 166), &[Ct, RaOrZero, Rb]),
        insn("wait", x(31, 62), &[]),
    ]
};

/// Instruction words the harness and the guest put together themselves.
pub mod word {
    use super::{Insn, d};

    /// `ba target`: branch to an absolute address below 32 MiB (AA = 1).
    #[must_use]
    pub const fn branch_absolute(target: u32) -> u32 {
        d(18) | target & 0x03ff_fffc | 2
    }

    /// The word for a mnemonic and its operands, or none if there is no such row or an operand does not fit.
    #[must_use]
    pub fn assemble(mnemonic: &str, values: &[i64]) -> Option<u32> {
        Insn::by_mnemonic(mnemonic)?.encode(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_encode_as_binutils_does() {
        for (mnemonic, values, word) in [
            ("mtspr", &[272, 30][..], 0x7fd0_43a6),
            ("mfspr", &[3, 260], 0x7c64_42a6),
            ("lwz", &[31, -3884, 0], 0x83e0_f0d4),
            ("stw", &[4, -4028, 0], 0x9080_f044),
            ("wrteei", &[1], 0x7c00_8146),
            ("sc", &[], 0x4400_0002),
            ("rlwinm", &[3, 4, 5, 6, 7], 0x5483_298e),
            ("tlbsync", &[], 0x7c00_046c),
        ] {
            assert_eq!(word::assemble(mnemonic, values), Some(word), "{mnemonic}");
        }
    }

    #[test]
    fn every_row_decodes_to_a_row_with_the_same_word() {
        for insn in INSNS {
            let found = Insn::decode(insn.word).map(|found| found.word);
            assert_eq!(found, Some(insn.word), "{}", insn.mnemonic);
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused() {
        assert_eq!(Operand::Si.insert(0x8000), None);
        assert_eq!(Operand::Rt.insert(32), None);
        assert_eq!(Operand::Ds.insert(2), None);
        assert_eq!(Operand::Spr.insert(1024), None);
    }
}
