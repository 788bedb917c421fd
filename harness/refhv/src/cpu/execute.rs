//! Decode and execute: one match over the primary opcode, one each over the extended opcodes of 19 and 31.
//!
//! There is no decode cache: a guest that rewrites its own code is right without further care. The model has no
//! floating-point, vector or SPE unit. With the unit's MSR bit clear its instructions take the unavailable interrupt, as
//! on hardware; with the bit set they are illegal.

use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::syndrome::esr;

use super::load_store::{CacheLock, Extend, Form};
use super::logical::{popcntb, popcntw};
use super::opcode::{ds, primary, x19, x31};
use super::{Access, Direction, Insn, Interrupt, Privileged, Processor, Supervisor};

/// CPUs with a classic floating-point unit.
const FLOATING_POINT: CpuSet = CpuSet::all().difference(CpuSet::E500V2);
/// CPUs with a vector unit.
const VECTOR: CpuSet = CpuSet::G4_7447.union(CpuSet::BOOK3S64).union(CpuSet::E6500);
/// CPUs with isel.
const ISEL: CpuSet = CpuSet::E500.union(CpuSet::POWER);
/// CPUs with string instructions.
const STRING: CpuSet = CpuSet::all().difference(CpuSet::E500);
/// CPUs with the byte, halfword and count additions of Power ISA 2.06.
const ISA_2_06: CpuSet = CpuSet::POWER.union(CpuSet::E500_HV);
/// CPUs with mftb; the others read the time base by mfspr only (e500 core manual, chapter "Instruction model"; Linux reads it
/// by mfspr for that reason).
const MFTB: CpuSet = CpuSet::all().difference(CpuSet::E500V2);
/// CPUs with dcba.
const DCBA: CpuSet = CpuSet::BOOKE.union(CpuSet::G4_7447);

type Outcome = Result<(), Interrupt>;

impl<S: Supervisor> Processor<S> {
    /// Executes one instruction; `state.nia` is the address of the next, which branches change.
    #[inline]
    pub(super) fn execute(&mut self, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        match insn.primary() {
            primary::ADDI => state.set_gpr(insn.rt(), state.base(insn.ra()).wrapping_add(insn.si())),
            primary::ADDIS => state.set_gpr(insn.rt(), state.base(insn.ra()).wrapping_add(insn.si() << 16)),
            primary::ADDIC => state.addic(insn, false),
            primary::ADDIC_RECORD => state.addic(insn, true),
            primary::SUBFIC => state.subfic(insn),
            primary::MULLI => state.mulli(insn),
            primary::CMPI => state.compare_signed(insn, state.gpr[insn.ra()], insn.si()),
            primary::CMPLI => state.compare_unsigned(insn, state.gpr[insn.ra()], insn.ui()),
            primary::ORI => state.logical_immediate(insn, state.gpr[insn.rt()] | insn.ui(), false),
            primary::ORIS => state.logical_immediate(insn, state.gpr[insn.rt()] | insn.ui() << 16, false),
            primary::XORI => state.logical_immediate(insn, state.gpr[insn.rt()] ^ insn.ui(), false),
            primary::XORIS => state.logical_immediate(insn, state.gpr[insn.rt()] ^ insn.ui() << 16, false),
            primary::ANDI_RECORD => state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui(), true),
            primary::ANDIS_RECORD => state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui() << 16, true),
            primary::RLWINM => state.rlwinm(insn),
            primary::RLWIMI => state.rlwimi(insn),
            primary::RLWNM => state.rlwnm(insn),
            primary::MD30 if state.profile.is_64bit && state.rotate_doubleword(insn) => {}
            primary::B => state.branch(insn),
            primary::BC => state.branch_conditional(insn),
            primary::X19 => return self.execute_19(insn),
            primary::X31 => return self.execute_31(insn),
            primary::LWZ => return self.load_to::<u32>(insn, Form::D, Extend::Zero),
            primary::LBZ => return self.load_to::<u8>(insn, Form::D, Extend::Zero),
            primary::LHZ => return self.load_to::<u16>(insn, Form::D, Extend::Zero),
            primary::LHA => return self.load_to::<u16>(insn, Form::D, Extend::Sign),
            primary::LWZU => return self.load_update::<u32>(insn, Form::D, Extend::Zero),
            primary::LBZU => return self.load_update::<u8>(insn, Form::D, Extend::Zero),
            primary::LHZU => return self.load_update::<u16>(insn, Form::D, Extend::Zero),
            primary::LHAU => return self.load_update::<u16>(insn, Form::D, Extend::Sign),
            primary::STW => return self.store_from::<u32>(insn, Form::D),
            primary::STB => return self.store_from::<u8>(insn, Form::D),
            primary::STH => return self.store_from::<u16>(insn, Form::D),
            primary::STWU => return self.store_update::<u32>(insn, Form::D),
            primary::STBU => return self.store_update::<u8>(insn, Form::D),
            primary::STHU => return self.store_update::<u16>(insn, Form::D),
            primary::LMW => return self.load_multiple(insn),
            primary::STMW => return self.store_multiple(insn),
            primary::DS58 | primary::DS62 if state.profile.is_64bit => return self.execute_ds(insn),
            primary::TWI => return state.trap(insn, state.word_operand(insn.ra()), insn.si()),
            primary::TDI if state.profile.is_64bit => return state.trap(insn, state.gpr[insn.ra()], insn.si()),
            primary::SC if insn.0 & 2 != 0 => return state.system_call(insn),
            _ => return self.execute_rest(insn),
        }
        Ok(())
    }

    fn execute_ds(&mut self, insn: Insn) -> Outcome {
        match (insn.primary(), insn.0 & 3) {
            (primary::DS58, ds::LD) => self.load_to::<u64>(insn, Form::Ds, Extend::Zero),
            (primary::DS58, ds::LDU) => self.load_update::<u64>(insn, Form::Ds, Extend::Zero),
            (primary::DS58, ds::LWA) => self.load_to::<u32>(insn, Form::Ds, Extend::Sign),
            (primary::DS62, ds::STD) => self.store_from::<u64>(insn, Form::Ds),
            (primary::DS62, ds::STDU) => self.store_update::<u64>(insn, Form::Ds),
            _ => self.execute_rest(insn),
        }
    }

    #[inline]
    fn execute_19(&mut self, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        match insn.extended() {
            x19::BCLR => state.branch_to_lr(insn),
            x19::BCCTR if state.branch_to_ctr(insn) => {}
            x19::MCRF => state.mcrf(insn),
            x19::CRNOR | x19::CRANDC | x19::CRXOR | x19::CRNAND | x19::CRAND | x19::CREQV | x19::CRORC | x19::CROR => {
                state.cr_logical(insn)
            }
            x19::ISYNC => {}
            _ => return self.execute_rest(insn),
        }
        Ok(())
    }

    #[inline]
    fn execute_31(&mut self, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        match insn.extended() {
            x31::CMP => state.compare_signed(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]),
            x31::CMPL => state.compare_unsigned(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]),
            x31::ADD | x31::ADDO => state.add(insn),
            x31::ADDC | x31::ADDCO => state.addc(insn),
            x31::ADDE | x31::ADDEO => state.adde(insn),
            x31::ADDME | x31::ADDMEO => state.addme(insn),
            x31::ADDZE | x31::ADDZEO => state.addze(insn),
            x31::SUBF | x31::SUBFO => state.subf(insn),
            x31::SUBFC | x31::SUBFCO => state.subfc(insn),
            x31::SUBFE | x31::SUBFEO => state.subfe(insn),
            x31::SUBFME | x31::SUBFMEO => state.subfme(insn),
            x31::SUBFZE | x31::SUBFZEO => state.subfze(insn),
            x31::NEG | x31::NEGO => state.neg(insn),
            x31::MULLW | x31::MULLWO => state.mullw(insn),
            x31::MULHW => state.mulhw(insn),
            x31::MULHWU => state.mulhwu(insn),
            x31::DIVW | x31::DIVWO => state.divw(insn),
            x31::DIVWU | x31::DIVWUO => state.divwu(insn),
            x31::AND => state.logical(insn, |s, b| s & b),
            x31::ANDC => state.logical(insn, |s, b| s & !b),
            x31::OR => state.logical(insn, |s, b| s | b),
            x31::ORC => state.logical(insn, |s, b| s | !b),
            x31::XOR => state.logical(insn, |s, b| s ^ b),
            x31::NOR => state.logical(insn, |s, b| !(s | b)),
            x31::NAND => state.logical(insn, |s, b| !(s & b)),
            x31::EQV => state.logical(insn, |s, b| !(s ^ b)),
            x31::SLW => state.slw(insn),
            x31::SRW => state.srw(insn),
            x31::SRAW => state.sraw(insn),
            x31::SRAWI => state.srawi(insn),
            x31::CNTLZW => state.unary(insn, |s| u64::from((s as u32).leading_zeros())),
            x31::EXTSB => state.unary(insn, |s| s as i8 as u64),
            x31::EXTSH => state.unary(insn, |s| s as i16 as u64),
            x31::MFCR => state.mfcr(insn),
            x31::MTCRF => state.mtcrf(insn),
            x31::MCRXR => state.mcrxr(insn),
            x31::LWZX => return self.load_to::<u32>(insn, Form::X, Extend::Zero),
            x31::LBZX => return self.load_to::<u8>(insn, Form::X, Extend::Zero),
            x31::LHZX => return self.load_to::<u16>(insn, Form::X, Extend::Zero),
            x31::LHAX => return self.load_to::<u16>(insn, Form::X, Extend::Sign),
            x31::LWZUX => return self.load_update::<u32>(insn, Form::X, Extend::Zero),
            x31::LBZUX => return self.load_update::<u8>(insn, Form::X, Extend::Zero),
            x31::LHZUX => return self.load_update::<u16>(insn, Form::X, Extend::Zero),
            x31::LHAUX => return self.load_update::<u16>(insn, Form::X, Extend::Sign),
            x31::STWX => return self.store_from::<u32>(insn, Form::X),
            x31::STBX => return self.store_from::<u8>(insn, Form::X),
            x31::STHX => return self.store_from::<u16>(insn, Form::X),
            x31::STWUX => return self.store_update::<u32>(insn, Form::X),
            x31::STBUX => return self.store_update::<u8>(insn, Form::X),
            x31::STHUX => return self.store_update::<u16>(insn, Form::X),
            x31::LHBRX => return self.load_reversed::<u16>(insn),
            x31::LWBRX => return self.load_reversed::<u32>(insn),
            x31::STHBRX => return self.store_reversed::<u16>(insn),
            x31::STWBRX => return self.store_reversed::<u32>(insn),
            x31::LWARX => return self.load_reserve::<u32>(insn),
            x31::STWCX => return self.store_conditional::<u32>(insn),
            x31::DCBZ => return self.dcbz(insn),
            x31::DCBST | x31::DCBF | x31::ICBI => return self.touch_block(insn, Access::Load),
            x31::SYNC | x31::EIEIO | x31::DCBT | x31::DCBTST => {}
            x31::MFSPR => return self.move_special(insn, Direction::Read),
            x31::MFTB if MFTB.intersects(state.profile.set) => return self.move_special(insn, Direction::Read),
            x31::MTSPR => return self.move_special(insn, Direction::Write),
            x31::TW => return state.trap(insn, state.word_operand(insn.ra()), state.word_operand(insn.rb())),
            _ if state.profile.is_64bit => return self.execute_31_wide(insn),
            _ => return self.execute_31_optional(insn),
        }
        Ok(())
    }

    /// Instructions of 64-bit CPUs.
    fn execute_31_wide(&mut self, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        match insn.extended() {
            x31::MULLD | x31::MULLDO => state.mulld(insn),
            x31::MULHD => state.mulhd(insn),
            x31::MULHDU => state.mulhdu(insn),
            x31::DIVD | x31::DIVDO => state.divd(insn),
            x31::DIVDU | x31::DIVDUO => state.divdu(insn),
            x31::SLD => state.sld(insn),
            x31::SRD => state.srd(insn),
            x31::SRAD => state.srad(insn),
            x31::SRADI | x31::SRADI_32 => state.sradi(insn),
            x31::CNTLZD => state.unary(insn, |s| u64::from(s.leading_zeros())),
            x31::EXTSW => state.unary(insn, |s| s as i32 as u64),
            x31::LDX => return self.load_to::<u64>(insn, Form::X, Extend::Zero),
            x31::LDUX => return self.load_update::<u64>(insn, Form::X, Extend::Zero),
            x31::LWAX => return self.load_to::<u32>(insn, Form::X, Extend::Sign),
            x31::LWAUX => return self.load_update::<u32>(insn, Form::X, Extend::Sign),
            x31::STDX => return self.store_from::<u64>(insn, Form::X),
            x31::STDUX => return self.store_update::<u64>(insn, Form::X),
            x31::LDARX => return self.load_reserve::<u64>(insn),
            x31::STDCX => return self.store_conditional::<u64>(insn),
            x31::TD => return state.trap(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]),
            _ => return self.execute_31_optional(insn),
        }
        Ok(())
    }

    /// Instructions some CPUs have and others do not.
    fn execute_31_optional(&mut self, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        let cpu = state.profile.set;
        let on = |cpus: CpuSet| cpus.intersects(cpu);
        match insn.extended() {
            extended if extended & 0x1f == x31::ISEL && on(ISEL) => state.isel(insn),
            x31::LSWI if on(STRING) => return self.load_string(insn, false),
            x31::LSWX if on(STRING) => return self.load_string(insn, true),
            x31::STSWI if on(STRING) => return self.store_string(insn, false),
            x31::STSWX if on(STRING) => return self.store_string(insn, true),
            x31::DCBA if on(DCBA) => {}
            x31::ICBT if on(CpuSet::BOOKE) => {}
            x31::DCBTLS | x31::DCBTSTLS if on(CpuSet::E500) => return self.lock_block(insn, CacheLock::Data, true),
            x31::ICBTLS if on(CpuSet::E500) => return self.lock_block(insn, CacheLock::Instruction, true),
            x31::DCBLC if on(CpuSet::E500) => return self.lock_block(insn, CacheLock::Data, false),
            x31::ICBLC if on(CpuSet::E500) => return self.lock_block(insn, CacheLock::Instruction, false),
            x31::WAIT if on(CpuSet::E500_HV) => self.core.waiting = true,
            x31::LBARX if on(ISA_2_06) => return self.load_reserve::<u8>(insn),
            x31::LHARX if on(ISA_2_06) => return self.load_reserve::<u16>(insn),
            x31::STBCX if on(ISA_2_06) => return self.store_conditional::<u8>(insn),
            x31::STHCX if on(ISA_2_06) => return self.store_conditional::<u16>(insn),
            x31::LDBRX if on(CpuSet::POWER) => return self.load_reversed::<u64>(insn),
            x31::STDBRX if on(CpuSet::POWER) => return self.store_reversed::<u64>(insn),
            x31::POPCNTB if on(ISA_2_06) => state.count(insn, popcntb),
            x31::POPCNTW if on(CpuSet::POWER) => state.count(insn, popcntw),
            x31::POPCNTD if on(CpuSet::POWER) => state.count(insn, |s| u64::from(s.count_ones())),
            x31::CMPB if on(CpuSet::POWER) => state.cmpb(insn),
            x31::BPERMD if on(CpuSet::POWER) => state.bpermd(insn),
            _ => return self.execute_rest(insn),
        }
        Ok(())
    }

    /// What is no instruction of problem state: privileged, of a unit that is switched off, or none at all.
    #[cold]
    fn execute_rest(&mut self, insn: Insn) -> Outcome {
        let state = &self.core.state;
        let family = state.profile.family;
        if let Some(instruction) = Privileged::decode(insn, state.profile) {
            if state.in_problem_state() {
                return Err(Interrupt::privileged(family));
            }
            return self.supervisor.privileged(&mut self.core, instruction);
        }
        Err(self.unavailable(insn).unwrap_or(Interrupt::illegal(family)))
    }

    /// The interrupt for an instruction of a unit that MSR has switched off.
    fn unavailable(&self, insn: Insn) -> Option<Interrupt> {
        let state = &self.core.state;
        let cpu = state.profile.set;
        let off = |bit: u64| state.msr() & bit == 0;
        if FLOATING_POINT.intersects(cpu) && is_floating_point(insn) && off(msr::FP) {
            return Some(Interrupt::new(Exception::FloatingPointUnavailable));
        }
        if VECTOR.intersects(cpu) && is_vector(insn) && off(msr::book3s::VEC) {
            return Some(Interrupt::new(Exception::VectorUnavailable));
        }
        if cpu.intersects(CpuSet::E500V2) && insn.primary() == primary::VECTOR && off(msr::booke::SPE) {
            return Some(Interrupt { syndrome: esr::SPV, ..Interrupt::new(Exception::VectorUnavailable) });
        }
        None
    }
}

fn is_floating_point(insn: Insn) -> bool {
    match insn.primary() {
        primary::LFS..=primary::STFDU | primary::FP59 | primary::FP63 => true,
        primary::X31 => matches!(
            insn.extended(),
            x31::LFSX
                | x31::LFSUX
                | x31::LFDX
                | x31::LFDUX
                | x31::STFSX
                | x31::STFSUX
                | x31::STFDX
                | x31::STFDUX
                | x31::STFIWX
        ),
        _ => false,
    }
}

fn is_vector(insn: Insn) -> bool {
    insn.primary() == primary::VECTOR
        || insn.primary() == primary::X31
            && matches!(
                insn.extended(),
                x31::LVSL
                    | x31::LVSR
                    | x31::LVEBX
                    | x31::LVEHX
                    | x31::LVEWX
                    | x31::LVX
                    | x31::LVXL
                    | x31::STVEBX
                    | x31::STVEHX
                    | x31::STVEWX
                    | x31::STVX
                    | x31::STVXL
            )
}
