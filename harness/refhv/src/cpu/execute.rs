//! Executing an operation: one match over all of them.
//!
//! The model has no floating-point, vector, vector-scalar or SPE unit. With the unit's MSR bit clear its instructions
//! take the unavailable interrupt, as on hardware; with the bit set they are illegal.

use sprig_isa::cpu::CpuSet;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::syndrome::esr;

use super::code::Page;
use super::interrupt::Raised;
use super::load_store::{CacheLock, Extend, Form};
use super::logical::{popcntb, popcntw};
use super::opcode::{primary, x31};
use super::operation::Operation;
use super::{Access, Core, Direction, INSTRUCTION, Insn, Interrupt, Privileged, Processor, Refused, Supervisor};

/// CPUs with a classic floating-point unit.
const FLOATING_POINT: CpuSet = CpuSet::all().difference(CpuSet::E500V2);
/// CPUs with a vector unit.
const VECTOR: CpuSet = CpuSet::G4_7447.union(CpuSet::BOOK3S64).union(CpuSet::E6500);
/// Where execution goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// After the instruction, and nothing has happened to translation.
    Next,
    /// After the instruction at `state.pc`, which was executed together with the one before it; nothing has happened to
    /// translation.
    Tested,
    /// At `state.nia`, and nothing has happened to translation.
    Branch,
    /// At `state.nia`, perhaps in another world.
    Jump,
    /// At `state.pc`, where the supervisor has put it.
    Elsewhere,
    /// With this instruction, once it is decoded.
    Again,
}

type Outcome = Result<Flow, Raised>;

impl<S: Supervisor> Processor<S> {
    /// Executes one instruction, that at `pc` in a page.
    #[inline]
    pub(super) fn execute(&mut self, page: &Page, operation: Operation, insn: Insn) -> Outcome {
        let state = &mut self.core.state;
        match operation {
            Operation::Addi => state.set_gpr(insn.rt(), state.base(insn.ra()).wrapping_add(insn.si())),
            Operation::Addis => state.set_gpr(insn.rt(), state.base(insn.ra()).wrapping_add(insn.si() << 16)),
            Operation::Addic => state.addic(insn, false),
            Operation::AddicRecord => state.addic(insn, true),
            Operation::Subfic => state.subfic(insn),
            Operation::Mulli => state.mulli(insn),
            Operation::Cmpi => state.compare_signed(insn, state.gpr[insn.ra()], insn.si()),
            Operation::Cmpli => state.compare_unsigned(insn, state.gpr[insn.ra()], insn.ui()),
            Operation::Ori => state.logical_immediate(insn, state.gpr[insn.rt()] | insn.ui(), false),
            Operation::Oris => state.logical_immediate(insn, state.gpr[insn.rt()] | insn.ui() << 16, false),
            Operation::Xori => state.logical_immediate(insn, state.gpr[insn.rt()] ^ insn.ui(), false),
            Operation::Xoris => state.logical_immediate(insn, state.gpr[insn.rt()] ^ insn.ui() << 16, false),
            Operation::AndiRecord => state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui(), true),
            Operation::AndisRecord => state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui() << 16, true),
            Operation::Rlwinm => state.rlwinm(insn),
            Operation::Rlwimi => state.rlwimi(insn),
            Operation::Rlwnm => state.rlwnm(insn),
            Operation::RotateDoubleword => {
                if !state.rotate_doubleword(insn) {
                    return self.execute_rest(insn);
                }
            }
            Operation::B => return Ok(state.branch(insn)),
            Operation::BcIf => return Ok(state.branch_if(insn)),
            Operation::BcCount => return Ok(state.branch_counting(insn)),
            Operation::BcCountIdle => {
                let flow = state.branch_counting(insn);
                if let Flow::Branch = flow {
                    self.core.skip_rounds(insn.bd().wrapping_neg() / INSTRUCTION + 1);
                    return Ok(Flow::Jump);
                }
                return Ok(flow);
            }
            Operation::Bc => return Ok(state.branch_conditional(insn)),
            Operation::Lwz => self.load_to::<u32>(insn, Form::D, Extend::Zero)?,
            Operation::Lbz => self.load_to::<u8>(insn, Form::D, Extend::Zero)?,
            Operation::Lhz => self.load_to::<u16>(insn, Form::D, Extend::Zero)?,
            Operation::Lha => self.load_to::<u16>(insn, Form::D, Extend::Sign)?,
            Operation::Lwzu => self.load_update::<u32>(insn, Form::D, Extend::Zero)?,
            Operation::Lbzu => self.load_update::<u8>(insn, Form::D, Extend::Zero)?,
            Operation::Lhzu => self.load_update::<u16>(insn, Form::D, Extend::Zero)?,
            Operation::Lhau => self.load_update::<u16>(insn, Form::D, Extend::Sign)?,
            Operation::Stw => self.store_from::<u32>(insn, Form::D)?,
            Operation::Stb => self.store_from::<u8>(insn, Form::D)?,
            Operation::Sth => self.store_from::<u16>(insn, Form::D)?,
            Operation::Stwu => self.store_update::<u32>(insn, Form::D)?,
            Operation::Stbu => self.store_update::<u8>(insn, Form::D)?,
            Operation::Sthu => self.store_update::<u16>(insn, Form::D)?,
            Operation::Lmw => self.load_multiple(insn)?,
            Operation::Stmw => self.store_multiple(insn)?,
            Operation::Twi => {
                let trapped = state.trap(insn, state.word_operand(insn.ra()), insn.si());
                self.core.raise_any(trapped)?;
            }
            Operation::Tdi => {
                let trapped = state.trap(insn, state.gpr[insn.ra()], insn.si());
                self.core.raise_any(trapped)?;
            }
            Operation::Sc => {
                let trapped = state.system_call(insn);
                self.core.raise_any(trapped)?;
            }
            Operation::Ld => self.load_to::<u64>(insn, Form::Ds, Extend::Zero)?,
            Operation::Ldu => self.load_update::<u64>(insn, Form::Ds, Extend::Zero)?,
            Operation::Lwa => self.load_to::<u32>(insn, Form::Ds, Extend::Sign)?,
            Operation::Std => self.store_from::<u64>(insn, Form::Ds)?,
            Operation::Stdu => self.store_update::<u64>(insn, Form::Ds)?,
            Operation::Bclr => return Ok(state.branch_to_lr(insn)),
            Operation::Bcctr => {
                let flow = state.branch_to_ctr(insn);
                return self.core.raise_any(flow);
            }
            Operation::Mcrf => state.mcrf(insn),
            Operation::CrLogical => state.cr_logical(insn),
            Operation::NoOp => {}
            Operation::Cmp => state.compare_signed(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]),
            Operation::Cmpl => state.compare_unsigned(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]),
            Operation::Add => state.add(insn),
            Operation::Addc => state.addc(insn),
            Operation::Adde => state.adde(insn),
            Operation::Addme => state.addme(insn),
            Operation::Addze => state.addze(insn),
            Operation::Subf => state.subf(insn),
            Operation::Subfc => state.subfc(insn),
            Operation::Subfe => state.subfe(insn),
            Operation::Subfme => state.subfme(insn),
            Operation::Subfze => state.subfze(insn),
            Operation::Neg => state.neg(insn),
            Operation::Mullw => state.mullw(insn),
            Operation::Mulhw => state.mulhw(insn),
            Operation::Mulhwu => state.mulhwu(insn),
            Operation::Divw => state.divw(insn),
            Operation::Divwu => state.divwu(insn),
            Operation::And => state.logical(insn, |s, b| s & b),
            Operation::Andc => state.logical(insn, |s, b| s & !b),
            Operation::Or => state.logical(insn, |s, b| s | b),
            Operation::Orc => state.logical(insn, |s, b| s | !b),
            Operation::Xor => state.logical(insn, |s, b| s ^ b),
            Operation::Nor => state.logical(insn, |s, b| !(s | b)),
            Operation::Nand => state.logical(insn, |s, b| !(s & b)),
            Operation::Eqv => state.logical(insn, |s, b| !(s ^ b)),
            Operation::Slw => state.slw(insn),
            Operation::Srw => state.srw(insn),
            Operation::Sraw => state.sraw(insn),
            Operation::Srawi => state.srawi(insn),
            Operation::Cntlzw => state.unary(insn, |s| u64::from((s as u32).leading_zeros())),
            Operation::Extsb => state.unary(insn, |s| s as i8 as u64),
            Operation::Extsh => state.unary(insn, |s| s as i16 as u64),
            Operation::Mfcr => state.mfcr(insn),
            Operation::Mtcrf => state.mtcrf(insn),
            Operation::Mcrxr => state.mcrxr(insn),
            Operation::Lwzx => self.load_to::<u32>(insn, Form::X, Extend::Zero)?,
            Operation::Lbzx => self.load_to::<u8>(insn, Form::X, Extend::Zero)?,
            Operation::Lhzx => self.load_to::<u16>(insn, Form::X, Extend::Zero)?,
            Operation::Lhax => self.load_to::<u16>(insn, Form::X, Extend::Sign)?,
            Operation::Lwzux => self.load_update::<u32>(insn, Form::X, Extend::Zero)?,
            Operation::Lbzux => self.load_update::<u8>(insn, Form::X, Extend::Zero)?,
            Operation::Lhzux => self.load_update::<u16>(insn, Form::X, Extend::Zero)?,
            Operation::Lhaux => self.load_update::<u16>(insn, Form::X, Extend::Sign)?,
            Operation::Stwx => self.store_from::<u32>(insn, Form::X)?,
            Operation::Stbx => self.store_from::<u8>(insn, Form::X)?,
            Operation::Sthx => self.store_from::<u16>(insn, Form::X)?,
            Operation::Stwux => self.store_update::<u32>(insn, Form::X)?,
            Operation::Stbux => self.store_update::<u8>(insn, Form::X)?,
            Operation::Sthux => self.store_update::<u16>(insn, Form::X)?,
            Operation::Lhbrx => self.load_reversed::<u16>(insn)?,
            Operation::Lwbrx => self.load_reversed::<u32>(insn)?,
            Operation::Sthbrx => self.store_reversed::<u16>(insn)?,
            Operation::Stwbrx => self.store_reversed::<u32>(insn)?,
            Operation::Lwarx => self.load_reserve::<u32>(insn)?,
            Operation::Stwcx => self.store_conditional::<u32>(insn)?,
            Operation::Dcbz => self.dcbz(insn)?,
            Operation::TouchBlock => self.touch_block(insn, Access::Load)?,
            Operation::Mfspr => return self.move_special(insn, Direction::Read),
            Operation::Mtspr => return self.move_special(insn, Direction::Write),
            Operation::MfsprPrivileged => return self.move_privileged(insn, Direction::Read),
            Operation::MtsprPrivileged => return self.move_privileged(insn, Direction::Write),
            Operation::Tw => {
                let trapped = state.trap(insn, state.word_operand(insn.ra()), state.word_operand(insn.rb()));
                self.core.raise_any(trapped)?;
            }
            Operation::Mulld => state.mulld(insn),
            Operation::Mulhd => state.mulhd(insn),
            Operation::Mulhdu => state.mulhdu(insn),
            Operation::Divd => state.divd(insn),
            Operation::Divdu => state.divdu(insn),
            Operation::Sld => state.sld(insn),
            Operation::Srd => state.srd(insn),
            Operation::Srad => state.srad(insn),
            Operation::Sradi => state.sradi(insn),
            Operation::Cntlzd => state.unary(insn, |s| u64::from(s.leading_zeros())),
            Operation::Extsw => state.unary(insn, |s| s as i32 as u64),
            Operation::Ldx => self.load_to::<u64>(insn, Form::X, Extend::Zero)?,
            Operation::Ldux => self.load_update::<u64>(insn, Form::X, Extend::Zero)?,
            Operation::Lwax => self.load_to::<u32>(insn, Form::X, Extend::Sign)?,
            Operation::Lwaux => self.load_update::<u32>(insn, Form::X, Extend::Sign)?,
            Operation::Stdx => self.store_from::<u64>(insn, Form::X)?,
            Operation::Stdux => self.store_update::<u64>(insn, Form::X)?,
            Operation::Ldarx => self.load_reserve::<u64>(insn)?,
            Operation::Stdcx => self.store_conditional::<u64>(insn)?,
            Operation::Td => {
                let trapped = state.trap(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]);
                self.core.raise_any(trapped)?;
            }
            Operation::Isel => state.isel(insn),
            Operation::Lswi => self.load_string(insn, false)?,
            Operation::Lswx => self.load_string(insn, true)?,
            Operation::Stswi => self.store_string(insn, false)?,
            Operation::Stswx => self.store_string(insn, true)?,
            Operation::LockData => self.lock_block(insn, CacheLock::Data, true)?,
            Operation::LockInstruction => self.lock_block(insn, CacheLock::Instruction, true)?,
            Operation::UnlockData => self.lock_block(insn, CacheLock::Data, false)?,
            Operation::UnlockInstruction => self.lock_block(insn, CacheLock::Instruction, false)?,
            Operation::Wait => self.core.waiting = true,
            Operation::Lbarx => self.load_reserve::<u8>(insn)?,
            Operation::Lharx => self.load_reserve::<u16>(insn)?,
            Operation::Stbcx => self.store_conditional::<u8>(insn)?,
            Operation::Sthcx => self.store_conditional::<u16>(insn)?,
            Operation::Ldbrx => self.load_reversed::<u64>(insn)?,
            Operation::Stdbrx => self.store_reversed::<u64>(insn)?,
            Operation::Popcntb => state.count(insn, popcntb),
            Operation::Popcntw => state.count(insn, popcntw),
            Operation::Popcntd => state.count(insn, |s| u64::from(s.count_ones())),
            Operation::Cmpb => state.cmpb(insn),
            Operation::Bpermd => state.bpermd(insn),
            Operation::AndiRecordTest => {
                state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui(), true);
                return Ok(self.core.test(page));
            }
            Operation::AndisRecordTest => {
                state.logical_immediate(insn, state.gpr[insn.rt()] & insn.ui() << 16, true);
                return Ok(self.core.test(page));
            }
            Operation::CmpiTest => {
                state.compare_signed(insn, state.gpr[insn.ra()], insn.si());
                return Ok(self.core.test(page));
            }
            Operation::CmpliTest => {
                state.compare_unsigned(insn, state.gpr[insn.ra()], insn.ui());
                return Ok(self.core.test(page));
            }
            Operation::CmpTest => {
                state.compare_signed(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]);
                return Ok(self.core.test(page));
            }
            Operation::CmplTest => {
                state.compare_unsigned(insn, state.gpr[insn.ra()], state.gpr[insn.rb()]);
                return Ok(self.core.test(page));
            }
            Operation::Undecoded => return Ok(Flow::Again),
            Operation::Privileged => {
                let Some(instruction) = page.privileged(state.pc) else { return self.execute_rest(insn) };
                return self.execute_privileged(insn, instruction);
            }
            Operation::Rest => return self.execute_rest(insn),
        }
        Ok(Flow::Next)
    }

    /// A privileged instruction.
    #[inline]
    fn execute_privileged(&mut self, insn: Insn, instruction: Privileged) -> Outcome {
        if self.core.state.in_problem_state() {
            return Ok(self.refuse(insn, Refused::Privileged(instruction)));
        }
        self.execute_in_supervisor(insn, instruction)
    }

    /// A privileged instruction in problem state. Most often it is emulated and that is all: then the stretch goes on.
    #[inline(always)]
    pub(super) fn refuse(&mut self, insn: Insn, instruction: Refused) -> Flow {
        self.core.announce(insn);
        let (following, alarm) = (self.core.state.nia, self.core.clock.alarm());
        self.supervisor.refused(&mut self.core, instruction);
        self.core.update_code();
        let Core { state, clock, lookaside, .. } = &self.core;
        let goes_on = state.pc == following && clock.alarm() == alarm && lookaside.is_in_last_page(following);
        if goes_on { Flow::Next } else { Flow::Elsewhere }
    }

    fn execute_in_supervisor(&mut self, insn: Insn, instruction: Privileged) -> Outcome {
        self.core.begin(insn);
        let done = self.supervisor.privileged(&mut self.core, instruction);
        self.core.raise_any(done)?;
        self.core.update_code();
        Ok(Flow::Jump)
    }

    /// What is no instruction, or of a unit that is switched off or missing.
    #[cold]
    fn execute_rest(&mut self, insn: Insn) -> Outcome {
        let illegal = Interrupt::illegal(self.core.state.profile.family);
        let interrupt = self.unavailable(insn).unwrap_or(illegal);
        Err(self.core.raise(interrupt))
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
        if cpu.intersects(CpuSet::POWER) && is_vector_scalar(insn) && off(msr::book3s::VSX) {
            return Some(Interrupt::new(Exception::VsxUnavailable));
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

fn is_vector_scalar(insn: Insn) -> bool {
    insn.primary() == primary::VECTOR_SCALAR
        || insn.primary() == primary::X31
            && matches!(
                insn.extended(),
                x31::LXSIWZX
                    | x31::LXSIWAX
                    | x31::STXSIWX
                    | x31::LXVDSX
                    | x31::LXSSPX
                    | x31::LXSDX
                    | x31::STXSSPX
                    | x31::STXSDX
                    | x31::LXVW4X
                    | x31::LXVD2X
                    | x31::STXVW4X
                    | x31::STXVD2X
            )
}
