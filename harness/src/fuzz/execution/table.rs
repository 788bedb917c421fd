//! What computes each instruction. Encodings and operands are those that scripts have (`sprig_isa::insn::script`);
//! variants and whether one is a 64-bit CPU's, those that lockstep has ([`Row`]).

use super::given::Given;
use super::rtl::{self, Effect};
use super::{decisions, is_wide, row};
use crate::lockstep::program::{Kind, Row};
use sprig_isa::cpu::CpuSet;

/// One instruction with its variants.
#[derive(Debug)]
pub(super) struct Instruction {
    /// The mnemonic, without the suffixes of its variants.
    pub(super) mnemonic: &'static str,
    pub(super) does: Does,
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
    Instruction { mnemonic, does, cpus: CpuSet::all() }
}

impl Instruction {
    const fn on(self, cpus: CpuSet) -> Self {
        Self { cpus, ..self }
    }

    /// Bits in the word beside those of the mnemonic, each with what they add to it.
    pub(super) fn variants(&self) -> &'static [(u32, &'static str)] {
        row(self.mnemonic).map_or(&[(0, "")], Row::variants)
    }

    /// True if 64-bit kernels alone try it.
    pub(super) fn is_wide(&self) -> bool {
        is_wide(self.mnemonic)
    }

    /// True if its FXM must have one bit set.
    pub(super) fn is_of_one_field(&self) -> bool {
        row(self.mnemonic).is_some_and(|row| row.kind == Kind::OneField)
    }
}

/// All of them.
pub(super) static INSTRUCTIONS: &[Instruction] = &[
    compute("addi", rtl::addi),
    compute("addis", rtl::addis),
    compute("addic", rtl::addic),
    compute("addic.", rtl::addic),
    compute("subfic", rtl::subfic),
    compute("mulli", rtl::mulli),
    compute("add", rtl::add),
    compute("addc", rtl::addc),
    compute("adde", rtl::adde),
    compute("addme", rtl::addme),
    compute("addze", rtl::addze),
    compute("subf", rtl::subf),
    compute("subfc", rtl::subfc),
    compute("subfe", rtl::subfe),
    compute("subfme", rtl::subfme),
    compute("subfze", rtl::subfze),
    compute("neg", rtl::neg),
    compute("mullw", rtl::mullw),
    compute("mulhw", rtl::mulhw),
    compute("mulhwu", rtl::mulhwu),
    compute("divw", rtl::divw),
    compute("divwu", rtl::divwu),
    compute("mulld", rtl::mulld),
    compute("mulhd", rtl::mulhd),
    compute("mulhdu", rtl::mulhdu),
    compute("divd", rtl::divd),
    compute("divdu", rtl::divdu),
    compute("ori", rtl::ori),
    compute("oris", rtl::oris),
    compute("xori", rtl::xori),
    compute("xoris", rtl::xoris),
    compute("andi.", rtl::andi),
    compute("andis.", rtl::andis),
    compute("and", rtl::and),
    compute("andc", rtl::andc),
    compute("or", rtl::or),
    compute("orc", rtl::orc),
    compute("xor", rtl::xor),
    compute("nor", rtl::nor),
    compute("nand", rtl::nand),
    compute("eqv", rtl::eqv),
    compute("extsb", rtl::extsb),
    compute("extsh", rtl::extsh),
    compute("extsw", rtl::extsw),
    compute("cntlzw", rtl::cntlzw),
    compute("cntlzd", rtl::cntlzd),
    compute("slw", rtl::slw),
    compute("srw", rtl::srw),
    compute("sraw", rtl::sraw),
    compute("srawi", rtl::srawi),
    compute("sld", rtl::sld),
    compute("srd", rtl::srd),
    compute("srad", rtl::srad),
    compute("sradi", rtl::sradi),
    compute("rlwinm", rtl::rlwinm),
    compute("rlwnm", rtl::rlwnm),
    compute("rlwimi", rtl::rlwimi),
    compute("rldicl", rtl::rldicl),
    compute("rldicr", rtl::rldicr),
    compute("rldic", rtl::rldic),
    compute("rldimi", rtl::rldimi),
    compute("rldcl", rtl::rldcl),
    compute("rldcr", rtl::rldcr),
    compute("isel", rtl::isel).on(CpuSet::E500.union(CpuSet::POWER)),
    // Which lockstep has not, since it has no CPU with them.
    compute("popcntb", rtl::popcntb).on(CpuSet::POWER),
    compute("popcntw", rtl::popcntw).on(CpuSet::POWER),
    compute("popcntd", rtl::popcntd).on(CpuSet::POWER),
    compute("cmpb", rtl::cmpb).on(CpuSet::POWER),
    compute("bpermd", rtl::bpermd).on(CpuSet::POWER),
    compute("mfcr", rtl::mfcr),
    compute("mfocrf", rtl::mfocrf),
    decide("mtcrf", decisions::mtcrf),
    decide("mtocrf", decisions::mtcrf),
    decide("mcrf", decisions::mcrf),
    decide("cmp", decisions::cmp),
    decide("cmpi", decisions::cmpi),
    decide("cmpl", decisions::cmpl),
    decide("cmpli", decisions::cmpli),
    decide("crand", decisions::crand),
    decide("cror", decisions::cror),
    decide("crxor", decisions::crxor),
    decide("crnand", decisions::crnand),
    decide("crnor", decisions::crnor),
    decide("creqv", decisions::creqv),
    decide("crandc", decisions::crandc),
    decide("crorc", decisions::crorc),
    // 64-bit server CPUs have none.
    instruction("mcrxr", Does::TakeXer).on(CpuSet::BOOK3S64.complement()),
    trap("tw", decisions::tw),
    trap("twi", decisions::twi),
    trap("td", decisions::td),
    trap("tdi", decisions::tdi),
];
