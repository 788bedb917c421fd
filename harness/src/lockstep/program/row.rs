//! What programs are made of: every instruction that the interpreter has on the CPUs that are compared, one row each.
//!
//! Encodings and operands are those that scripts have ([`script::Row`]). Here stands what a program has to know
//! besides: which variants there are, what has to be around one, and which CPUs have it. `lockstep::tests` makes sure
//! that no instruction of the interpreter is left out.

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::insn::Operand;
use sprig_isa::insn::script::{self, Field};
use sprig_refhv::cpu::opcode::x31;
use std::sync::LazyLock;

/// Rc: set CR0.
const RC: u32 = 1;
/// AA: the target is absolute.
pub(super) const AA: u32 = 2;

/// Which variants a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    /// The word as it is.
    One,
    /// Without and with Rc.
    Rc,
    /// All four of OE and Rc.
    OeRc,
}

/// What has to be done around an instruction so that a program survives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it computes, or does nothing, or traps.
    Compute,
    /// Its FXM must have one bit set.
    OneField,
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

/// A line of the table.
#[derive(Debug)]
struct Entry {
    /// The mnemonic that scripts know.
    known_as: &'static str,
    /// Its own, if scripts have none for it.
    mnemonic: &'static str,
    /// What it has in addition to the word of that instruction.
    bits: u32,
    forms: Forms,
    kind: Kind,
    wide: bool,
}

/// One instruction.
#[derive(Debug)]
pub struct Row {
    /// Its mnemonic, without the suffixes of its variants.
    pub mnemonic: &'static str,
    /// Its word with all operands zero.
    pub word: u32,
    /// The bits that are not operands.
    pub fixed_mask: u32,
    /// The operands in assembler order.
    pub fields: Vec<Field>,
    /// Its variants.
    pub forms: Forms,
    /// How it has to be used.
    pub kind: Kind,
    /// True if it is one of 64-bit CPUs only. For the others the word is undefined.
    pub wide: bool,
    encoding: script::Row,
    bits: u32,
}

impl Row {
    /// None if scripts know no such instruction.
    fn of(entry: &Entry) -> Option<Self> {
        let Entry { known_as, mnemonic, bits, forms, kind, wide } = *entry;
        let encoding = script::Row::by_mnemonic(known_as)?;
        let fields: Vec<Field> = encoding.fields().collect();
        let fixed_mask = fields.iter().fold(u32::MAX, |mask, field| mask & !field.mask());
        Some(Self { mnemonic, word: encoding.word() | bits, fixed_mask, fields, forms, kind, wide, encoding, bits })
    }

    /// True if this is one of its operands.
    #[must_use]
    pub fn has(&self, operand: Operand) -> bool {
        self.fields.contains(&Field::Common(operand))
    }

    /// The word with these operands, in assembler order; none if their number or one's range is off.
    #[must_use]
    pub fn encode(&self, values: &[i64]) -> Option<u32> {
        Some(self.encoding.encode(values)? | self.bits)
    }

    /// The bits that its variants set in the word, and what they add to the mnemonic.
    #[must_use]
    pub const fn variants(&self) -> &'static [(u32, &'static str)] {
        const ALL: &[(u32, &str)] = &[(0, ""), (RC, "."), (x31::OE << 1, "o"), (x31::OE << 1 | RC, "o.")];
        const PLAIN_AND_RC: &[(u32, &str)] = &[(0, ""), (RC, ".")];
        const PLAIN: &[(u32, &str)] = &[(0, "")];
        match self.forms {
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
            let is_word = |(bits, _): &&(u32, &str)| word & row.fixed_mask == row.word | bits;
            row.variants().iter().find(is_word).map(|(_, suffix)| (row, *suffix))
        })
    }

    /// The instruction as an assembler would write it.
    #[must_use]
    pub fn disassemble(word: u32) -> String {
        let Some((row, suffix)) = Self::decode(word) else { return format!(".long {word:#010x}") };
        let operand = |field: &Field| {
            let value = field.extract(word);
            if field.is_gpr() { format!("r{value}") } else { value.to_string() }
        };
        let operands: Vec<_> = row.fields.iter().map(operand).collect();
        format!("{}{suffix} {}", row.mnemonic, operands.join(",")).trim_end().to_owned()
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
        move |row: &Row| LEFT_OUT.iter().any(|(cpus, name, _)| cpus.intersects(set) && *name == row.mnemonic);
    ROWS.iter().filter(move |row| (is_64bit || !row.wide) && !left_out(row))
}

const fn row(mnemonic: &'static str, kind: Kind) -> Entry {
    Entry { known_as: mnemonic, mnemonic, bits: 0, forms: Forms::One, kind, wide: false }
}

impl Entry {
    const fn rc(self) -> Self {
        Self { forms: Forms::Rc, ..self }
    }

    const fn oe_rc(self) -> Self {
        Self { forms: Forms::OeRc, ..self }
    }

    const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    /// The same branch to an absolute address.
    const fn absolute(self, mnemonic: &'static str) -> Self {
        Self { mnemonic, bits: AA, ..self }
    }
}

/// Every row.
pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TABLE.iter().filter_map(Row::of).collect());

/// mcrxr and icbt and the like, which only some CPUs have, are there for all: the others have to refuse them.
static TABLE: &[Entry] = {
    use Kind::*;
    &[
        // Arithmetic.
        row("addi", Compute),
        row("addis", Compute),
        row("addic", Compute),
        row("addic.", Compute),
        row("subfic", Compute),
        row("mulli", Compute),
        row("add", Compute).oe_rc(),
        row("addc", Compute).oe_rc(),
        row("adde", Compute).oe_rc(),
        row("addme", Compute).oe_rc(),
        row("addze", Compute).oe_rc(),
        row("subf", Compute).oe_rc(),
        row("subfc", Compute).oe_rc(),
        row("subfe", Compute).oe_rc(),
        row("subfme", Compute).oe_rc(),
        row("subfze", Compute).oe_rc(),
        row("neg", Compute).oe_rc(),
        row("mullw", Compute).oe_rc(),
        row("mulhw", Compute).rc(),
        row("mulhwu", Compute).rc(),
        row("divw", Compute).oe_rc(),
        row("divwu", Compute).oe_rc(),
        // Logic, shifts, rotates.
        row("ori", Compute),
        row("oris", Compute),
        row("xori", Compute),
        row("xoris", Compute),
        row("andi.", Compute),
        row("andis.", Compute),
        row("and", Compute).rc(),
        row("andc", Compute).rc(),
        row("or", Compute).rc(),
        row("orc", Compute).rc(),
        row("xor", Compute).rc(),
        row("nor", Compute).rc(),
        row("nand", Compute).rc(),
        row("eqv", Compute).rc(),
        row("slw", Compute).rc(),
        row("srw", Compute).rc(),
        row("sraw", Compute).rc(),
        row("srawi", Compute).rc(),
        row("cntlzw", Compute).rc(),
        row("extsb", Compute).rc(),
        row("extsh", Compute).rc(),
        row("rlwimi", Compute).rc(),
        row("rlwinm", Compute).rc(),
        row("rlwnm", Compute).rc(),
        // The condition register.
        row("cmpi", Compute),
        row("cmpli", Compute),
        row("cmp", Compute),
        row("cmpl", Compute),
        row("isel", Compute),
        row("crand", Compute),
        row("crandc", Compute),
        row("creqv", Compute),
        row("crnand", Compute),
        row("crnor", Compute),
        row("cror", Compute),
        row("crorc", Compute),
        row("crxor", Compute),
        row("mcrf", Compute),
        row("mcrxr", Compute),
        row("mfcr", Compute),
        row("mfocrf", OneField),
        row("mtcrf", Compute),
        row("mtocrf", OneField),
        // Loads and stores.
        row("lbz", Storage),
        row("lhz", Storage),
        row("lha", Storage),
        row("lwz", Storage),
        row("lbzu", Storage),
        row("lhzu", Storage),
        row("lhau", Storage),
        row("lwzu", Storage),
        row("lbzx", Storage),
        row("lhzx", Storage),
        row("lhax", Storage),
        row("lwzx", Storage),
        row("lbzux", Storage),
        row("lhzux", Storage),
        row("lhaux", Storage),
        row("lwzux", Storage),
        row("lhbrx", Storage),
        row("lwbrx", Storage),
        row("stb", Storage),
        row("sth", Storage),
        row("stw", Storage),
        row("stbu", Storage),
        row("sthu", Storage),
        row("stwu", Storage),
        row("stbx", Storage),
        row("sthx", Storage),
        row("stwx", Storage),
        row("stbux", Storage),
        row("sthux", Storage),
        row("stwux", Storage),
        row("sthbrx", Storage),
        row("stwbrx", Storage),
        row("lmw", Multiple),
        row("stmw", Multiple),
        row("lswi", String(false)),
        row("lswx", String(true)),
        row("stswi", String(false)),
        row("stswx", String(true)),
        row("lwarx", Reservation),
        row("stwcx.", Reservation),
        row("lbarx", Reservation),
        row("lharx", Reservation),
        row("stbcx.", Reservation),
        row("sthcx.", Reservation),
        // Caches and ordering.
        row("dcbz", Storage),
        row("dcbst", Storage),
        row("dcbf", Storage),
        row("dcbi", Storage),
        row("dcba", Storage),
        row("icbi", Storage),
        row("dcbt", Storage),
        row("dcbtst", Storage),
        row("icbt", Storage),
        row("dcbtls", CacheLock),
        row("dcbtstls", CacheLock),
        row("icbtls", CacheLock),
        row("dcblc", CacheLock),
        row("icblc", CacheLock),
        row("sync", Compute),
        row("eieio", Compute),
        row("isync", Compute),
        row("wait", Compute),
        // Branches, traps, system calls.
        row("b", Branch),
        row("bl", Branch),
        row("b", Branch).absolute("ba"),
        row("bl", Branch).absolute("bla"),
        row("bc", Branch),
        row("bcl", Branch),
        row("bc", Branch).absolute("bca"),
        row("bcl", Branch).absolute("bcla"),
        row("bclr", BranchToLr),
        row("bclrl", BranchToLr),
        row("bcctr", BranchToCtr),
        row("bcctrl", BranchToCtr),
        row("tw", Compute),
        row("twi", Compute),
        row("sc", SystemCall),
        row("sc1", SystemCall),
        // Special registers and machine state.
        row("mfspr", FromSpr),
        row("mftb", FromSpr),
        row("mtspr", ToSpr),
        row("mfmsr", Compute),
        row("mtmsr", ToMsr),
        row("wrtee", Compute),
        row("wrteei", Compute),
        row("rfi", Return),
        row("rfci", Return),
        row("rfmci", Return),
        row("rfdi", Return),
        // Translation.
        row("tlbwe", Tlb),
        row("tlbre", Tlb),
        row("tlbsx", Tlb),
        row("tlbivax", Tlb),
        row("tlbsync", Compute),
        row("mtsr", Segment),
        row("mtsrin", Segment),
        row("mfsr", Compute),
        row("mfsrin", Compute),
        row("tlbie", Segment),
        // Those of 64-bit CPUs.
        row("mulld", Compute).oe_rc().wide(),
        row("mulhd", Compute).rc().wide(),
        row("mulhdu", Compute).rc().wide(),
        row("divd", Compute).oe_rc().wide(),
        row("divdu", Compute).oe_rc().wide(),
        row("sld", Compute).rc().wide(),
        row("srd", Compute).rc().wide(),
        row("srad", Compute).rc().wide(),
        row("sradi", Compute).rc().wide(),
        row("cntlzd", Compute).rc().wide(),
        row("extsw", Compute).rc().wide(),
        row("rldicl", Compute).rc().wide(),
        row("rldicr", Compute).rc().wide(),
        row("rldic", Compute).rc().wide(),
        row("rldimi", Compute).rc().wide(),
        row("rldcl", Compute).rc().wide(),
        row("rldcr", Compute).rc().wide(),
        row("td", Compute).wide(),
        row("tdi", Compute).wide(),
        row("ld", Storage).wide(),
        row("ldu", Storage).wide(),
        row("lwa", Storage).wide(),
        row("std", Storage).wide(),
        row("stdu", Storage).wide(),
        row("ldx", Storage).wide(),
        row("ldux", Storage).wide(),
        row("lwax", Storage).wide(),
        row("lwaux", Storage).wide(),
        row("stdx", Storage).wide(),
        row("stdux", Storage).wide(),
        row("ldarx", Reservation).wide(),
        row("stdcx.", Reservation).wide(),
        row("mtmsrd", ToMsr).wide(),
        row("rfid", Return).wide(),
        row("hrfid", Return).wide(),
        row("slbmte", Segment).wide(),
        row("slbmfee", Segment).wide(),
        row("slbmfev", Segment).wide(),
        row("slbie", Segment).wide(),
        row("slbia", Segment).wide(),
        row("tlbiel", Segment).wide(),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_an_instruction_that_scripts_know() {
        let unknown: Vec<&str> =
            TABLE.iter().filter(|entry| Row::of(entry).is_none()).map(|entry| entry.known_as).collect();
        assert_eq!(unknown, [""; 0]);
    }
}
