//! Which instructions there are, with their forms and what computes them. Encodings and operands are those that scripts have
//! (`sprig_isa::insn::script`).

use super::given::Given;
use super::rtl::{self, Effect};
use sprig_isa::cpu::CpuSet;

/// One instruction with its forms.
#[derive(Debug)]
pub(super) struct Instruction {
    /// The mnemonic of its plain form; of its only one, if that records.
    pub(super) mnemonic: &'static str,
    pub(super) does: Does,
    pub(super) forms: Forms,
    /// It is one of 64-bit kernels.
    pub(super) wide: bool,
    /// The CPUs that have it.
    pub(super) cpus: CpuSet,
}

/// What it does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    /// Its target becomes something, XER's bits and CR0 with it.
    Compute(fn(&Given) -> Effect),
    /// The condition register becomes this.
    Decide(fn(&Given) -> u32),
    /// It traps, or does not.
    Trap(fn(&Given) -> bool),
    /// SO, OV and CA go into a field of the condition register and become zero (mcrxr).
    TakeXer,
}

/// The forms that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forms {
    /// One, without Rc.
    Plain,
    /// One, which records.
    Recording,
    /// Without and with Rc.
    Rc,
    /// The same with OE.
    OeRc,
}

const fn compute(mnemonic: &'static str, by: fn(&Given) -> Effect) -> Instruction {
    instruction(mnemonic, Does::Compute(by))
}

const fn decide(mnemonic: &'static str, by: fn(&Given) -> u32) -> Instruction {
    instruction(mnemonic, Does::Decide(by))
}

const fn trap(mnemonic: &'static str, by: fn(&Given) -> bool) -> Instruction {
    instruction(mnemonic, Does::Trap(by))
}

const fn instruction(mnemonic: &'static str, does: Does) -> Instruction {
    Instruction { mnemonic, does, forms: Forms::Plain, wide: false, cpus: CpuSet::all() }
}

impl Instruction {
    const fn recording(self) -> Self {
        Self { forms: Forms::Recording, ..self }
    }

    const fn rc(self) -> Self {
        Self { forms: Forms::Rc, ..self }
    }

    const fn oe_rc(self) -> Self {
        Self { forms: Forms::OeRc, ..self }
    }

    const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    const fn on(self, cpus: CpuSet) -> Self {
        Self { cpus, ..self }
    }
}

/// All of them.
pub(super) static INSTRUCTIONS: &[Instruction] = &[
    compute("addi", rtl::addi),
    compute("addis", rtl::addis),
    compute("addic", rtl::addic),
    compute("addic.", rtl::addic).recording(),
    compute("subfic", rtl::subfic),
    compute("mulli", rtl::mulli),
    compute("add", rtl::add).oe_rc(),
    compute("addc", rtl::addc).oe_rc(),
    compute("adde", rtl::adde).oe_rc(),
    compute("addme", rtl::addme).oe_rc(),
    compute("addze", rtl::addze).oe_rc(),
    compute("subf", rtl::subf).oe_rc(),
    compute("subfc", rtl::subfc).oe_rc(),
    compute("subfe", rtl::subfe).oe_rc(),
    compute("subfme", rtl::subfme).oe_rc(),
    compute("subfze", rtl::subfze).oe_rc(),
    compute("neg", rtl::neg).oe_rc(),
    compute("mullw", rtl::mullw).oe_rc(),
    compute("mulhw", rtl::mulhw).rc(),
    compute("mulhwu", rtl::mulhwu).rc(),
    compute("divw", rtl::divw).oe_rc(),
    compute("divwu", rtl::divwu).oe_rc(),
    compute("mulld", rtl::mulld).oe_rc().wide(),
    compute("mulhd", rtl::mulhd).rc().wide(),
    compute("mulhdu", rtl::mulhdu).rc().wide(),
    compute("divd", rtl::divd).oe_rc().wide(),
    compute("divdu", rtl::divdu).oe_rc().wide(),
    compute("ori", rtl::ori),
    compute("oris", rtl::oris),
    compute("xori", rtl::xori),
    compute("xoris", rtl::xoris),
    compute("andi.", rtl::andi).recording(),
    compute("andis.", rtl::andis).recording(),
    compute("and", rtl::and).rc(),
    compute("andc", rtl::andc).rc(),
    compute("or", rtl::or).rc(),
    compute("orc", rtl::orc).rc(),
    compute("xor", rtl::xor).rc(),
    compute("nor", rtl::nor).rc(),
    compute("nand", rtl::nand).rc(),
    compute("eqv", rtl::eqv).rc(),
    compute("extsb", rtl::extsb).rc(),
    compute("extsh", rtl::extsh).rc(),
    compute("extsw", rtl::extsw).rc().wide(),
    compute("cntlzw", rtl::cntlzw).rc(),
    compute("cntlzd", rtl::cntlzd).rc().wide(),
    compute("slw", rtl::slw).rc(),
    compute("srw", rtl::srw).rc(),
    compute("sraw", rtl::sraw).rc(),
    compute("srawi", rtl::srawi).rc(),
    compute("sld", rtl::sld).rc().wide(),
    compute("srd", rtl::srd).rc().wide(),
    compute("srad", rtl::srad).rc().wide(),
    compute("sradi", rtl::sradi).rc().wide(),
    compute("rlwinm", rtl::rlwinm).rc(),
    compute("rlwnm", rtl::rlwnm).rc(),
    compute("rlwimi", rtl::rlwimi).rc(),
    compute("rldicl", rtl::rldicl).rc().wide(),
    compute("rldicr", rtl::rldicr).rc().wide(),
    compute("rldic", rtl::rldic).rc().wide(),
    compute("rldimi", rtl::rldimi).rc().wide(),
    compute("rldcl", rtl::rldcl).rc().wide(),
    compute("rldcr", rtl::rldcr).rc().wide(),
    // Of e500 (e500 manual, table 3-39) and of Power ISA 2.03 and later.
    compute("isel", rtl::isel).on(CpuSet::E500.union(CpuSet::POWER)),
    // Of Power ISA 2.02, 2.05 and 2.06.
    compute("popcntb", rtl::popcntb).on(CpuSet::POWER),
    compute("popcntw", rtl::popcntw).on(CpuSet::POWER),
    compute("popcntd", rtl::popcntd).wide().on(CpuSet::POWER),
    compute("cmpb", rtl::cmpb).on(CpuSet::POWER),
    compute("bpermd", rtl::bpermd).wide().on(CpuSet::POWER),
    compute("mfcr", rtl::mfcr),
    compute("mfocrf", rtl::mfocrf),
    decide("mtcrf", rtl::mtcrf),
    decide("mtocrf", rtl::mtcrf),
    decide("mcrf", rtl::mcrf),
    decide("cmp", rtl::cmp),
    decide("cmpi", rtl::cmpi),
    decide("cmpl", rtl::cmpl),
    decide("cmpli", rtl::cmpli),
    decide("crand", rtl::crand),
    decide("cror", rtl::cror),
    decide("crxor", rtl::crxor),
    decide("crnand", rtl::crnand),
    decide("crnor", rtl::crnor),
    decide("creqv", rtl::creqv),
    decide("crandc", rtl::crandc),
    decide("crorc", rtl::crorc),
    // The architecture of 64-bit CPUs has no mcrxr (Power ISA 2.07 Book I, appendix on phased-out instructions).
    instruction("mcrxr", Does::TakeXer).on(CpuSet::BOOK3S64.complement()),
    trap("tw", rtl::tw),
    trap("twi", rtl::twi),
    trap("td", rtl::td).wide(),
    trap("tdi", rtl::tdi).wide(),
];
