//! mfspr, mtspr and mftb; traps and system calls.
//!
//! Which register a number means, and who may use it, is said by one table for reads and writes alike. Registers open
//! to problem state are done here, in any state: this is why a hypervisor cannot see a read of USPRG4. The others go to
//! the supervisor, or cause an interrupt.

use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::exception::Exception;
use sprig_isa::msr::fscr;
use sprig_isa::spr::{self, Spr, Undefined, number};

use super::execute::Flow;
use super::interrupt::Raised;
use super::{Core, Direction, Insn, Interrupt, Processor, Refused, State, Supervisor};

impl Core {
    /// The value of a register open to reading, by the number of its cell.
    #[must_use]
    pub fn read_spr_cell(&self, cell: u16) -> u64 {
        let state = &self.state;
        let time_base = self.clock.time_base();
        match cell {
            number::XER => u64::from(state.xer),
            number::LR => state.lr,
            number::CTR => state.ctr,
            // On a 64-bit CPU the number of the lower half reads the whole (Power ISA Book II, "Time Base").
            number::TBL => state.register(time_base),
            number::TBU => time_base >> 32,
            // The alternate time base counts core clocks (e500 core manual, "Alternate Time Base").
            number::ATBL => state.register(self.clock.executed()),
            number::ATBU => self.clock.executed() >> 32,
            _ => state.spr.get(cell),
        }
    }

    /// Writes a register open to writing in problem state.
    fn write_open_spr(&mut self, row: &Spr, value: u64) {
        match row.cell {
            number::XER => self.state.xer = row.write.apply(u64::from(self.state.xer), value) as u32,
            number::LR => self.state.lr = value,
            number::CTR => self.state.ctr = value,
            cell => self.state.spr.set(cell, row.write.apply(self.state.spr.get(cell), value)),
        }
    }
}

impl<S: Supervisor> Processor<S> {
    /// mfspr, mtspr; mftb is mfspr under another opcode.
    #[inline]
    pub(super) fn move_special(&mut self, insn: Insn, direction: Direction) -> Result<Flow, Raised> {
        let number = insn.spr();
        let state = &mut self.core.state;
        match (direction, number) {
            (Direction::Read, number::LR) => state.set_gpr(insn.rt(), state.lr),
            (Direction::Read, number::CTR) => state.set_gpr(insn.rt(), state.ctr),
            (Direction::Write, number::LR) => state.lr = state.gpr[insn.rt()],
            (Direction::Write, number::CTR) => state.ctr = state.gpr[insn.rt()],
            _ => return self.move_special_by_table(insn, direction, number),
        }
        Ok(Flow::Next)
    }

    /// mfspr or mtspr of a register that problem state may not use.
    #[inline(always)]
    pub(super) fn move_privileged(&mut self, insn: Insn, direction: Direction) -> Result<Flow, Raised> {
        if self.core.state.in_problem_state() {
            return Ok(self.refuse(insn, Refused::Move(direction)));
        }
        self.move_special_by_table(insn, direction, insn.spr())
    }

    #[inline(never)]
    fn move_special_by_table(&mut self, insn: Insn, direction: Direction, number: u16) -> Result<Flow, Raised> {
        self.core.settle();
        let row = Spr::lookup(self.core.state.profile, number);
        if let Some(row) = row {
            let open = self.core.state.check_facility(row);
            self.core.raise_any(open)?;
            match direction {
                Direction::Read if row.problem.can_read() => {
                    let value = self.core.read_spr_cell(row.cell);
                    self.core.state.set_gpr(insn.rt(), value);
                    return Ok(Flow::Next);
                }
                Direction::Write if row.problem.can_write() => {
                    let value = self.core.state.gpr[insn.rt()];
                    self.core.write_open_spr(row, value);
                    return Ok(Flow::Next);
                }
                _ => {}
            }
        }
        if self.core.state.in_problem_state() {
            let refused = refused_in_problem_state(self.core.state.profile, row, number, direction);
            self.core.raise_any(refused)?;
            return Ok(Flow::Next);
        }
        self.core.begin(insn);
        let done = self.supervisor.special(&mut self.core, direction, number);
        self.core.raise_any(done)?;
        self.core.update_code();
        Ok(Flow::Jump)
    }
}

/// What comes of a number that problem state may not use: one that the kernel may use so is privileged, and writing
/// USPRG4 is as illegal as writing a number that no CPU has (PPC440x5 user manual, section 6.5.7).
fn refused_in_problem_state(cpu: &Cpu, row: Option<&Spr>, number: u16, direction: Direction) -> Result<(), Interrupt> {
    if row.is_some_and(|row| row.is_defined_for(direction == Direction::Write)) {
        return Err(Interrupt::privileged(cpu.family));
    }
    undefined_spr(cpu, number, true, direction)
}

/// mfspr or mtspr of a number that the CPU does not have for it.
pub(crate) fn undefined_spr(
    cpu: &Cpu,
    number: u16,
    problem_state: bool,
    direction: Direction,
) -> Result<(), Interrupt> {
    match spr::undefined(cpu, number, problem_state, direction == Direction::Write) {
        Undefined::NoOp => Ok(()),
        Undefined::Illegal => Err(Interrupt::illegal(cpu.family)),
        Undefined::Privileged => Err(Interrupt::privileged(cpu.family)),
    }
}

impl State {
    /// A facility unavailable interrupt if problem state uses a register of a facility that FSCR has closed (Power ISA
    /// 2.07 Book III-S, "Facility Status and Control Register").
    fn check_facility(&mut self, row: &Spr) -> Result<(), Interrupt> {
        let facility = match row.number {
            _ if !row.cpus.intersects(CpuSet::POWER) || !self.in_problem_state() => return Ok(()),
            number::BESCRS..=number::BESCR => fscr::EBB,
            number::TAR => fscr::TAR,
            _ => return Ok(()),
        };
        let control = self.spr.get(number::FSCR);
        if control & facility != 0 {
            return Ok(());
        }
        // A facility's bit has the number by which the cause names it.
        let cause = u64::from(facility.trailing_zeros()) << fscr::IC.trailing_zeros();
        self.spr.set(number::FSCR, control & !fscr::IC | cause);
        Err(Interrupt::new(Exception::FacilityUnavailable))
    }
}

/// Bits of the TO field.
mod to {
    pub(super) const LESS: u32 = 16;
    pub(super) const GREATER: u32 = 8;
    pub(super) const EQUAL: u32 = 4;
    pub(super) const BELOW: u32 = 2;
    pub(super) const ABOVE: u32 = 1;
}

impl State {
    /// tw, twi, td, tdi: a trap if any of the conditions TO names holds. Operands are sign-extended from their size.
    pub(super) fn trap(&self, insn: Insn, a: u64, b: u64) -> Result<(), Interrupt> {
        let (signed_a, signed_b) = (a as i64, b as i64);
        let holds = (if signed_a < signed_b { to::LESS } else { 0 })
            | (if signed_a > signed_b { to::GREATER } else { 0 })
            | (if a == b { to::EQUAL } else { 0 })
            | (if a < b { to::BELOW } else { 0 })
            | (if a > b { to::ABOVE } else { 0 });
        if insn.to() & holds != 0 { Err(Interrupt::trap(self.profile.family)) } else { Ok(()) }
    }

    /// A register's low word as an operand of tw: sign extension keeps both orders, signed and unsigned.
    pub(super) fn word_operand(&self, register: usize) -> u64 {
        self.gpr[register] as i32 as u64
    }

    /// sc. The level goes to the supervisor as syndrome; the interrupt's return address is the next instruction.
    pub(super) fn system_call(&self, insn: Insn) -> Result<(), Interrupt> {
        Err(Interrupt { syndrome: insn.lev(), ..Interrupt::new(Exception::SystemCall) })
    }
}

#[cfg(test)]
mod tests {
    use sprig_isa::cpu::Family;

    use super::super::testing::{Run, asm};
    use super::*;

    #[test]
    fn registers_of_problem_state_move_both_ways() {
        let state = Run::new("e500v2").gpr(3, 0x1234_5678).problem().steps(&[
            asm("mtspr", &[9, 3]),
            asm("mtspr", &[8, 3]),
            asm("mtspr", &[256, 3]),
            asm("mfspr", &[4, 9]),
            asm("mfspr", &[5, 8]),
            asm("mfspr", &[6, 256]),
        ]);
        assert_eq!(state.gpr[4..7], [0x1234_5678; 3]);
    }

    #[test]
    fn a_user_alias_shows_the_supervisor_register() {
        let run = Run::new("e500v2").spr(number::SPRG4, 0xa000_0004).problem();
        assert_eq!(run.clone().step(asm("mfspr", &[3, 260])).gpr[3], 0xa000_0004);
        let family = Family::BookeE500;
        assert_eq!(run.clone().interrupt(asm("mtspr", &[260, 3])), Interrupt::illegal(family));
        assert_eq!(run.interrupt(asm("mfspr", &[3, 276])), Interrupt::privileged(family));
    }

    #[test]
    fn e500v2_has_no_mftb() {
        let mftb = asm("mftb", &[3, 268]);
        assert_eq!(Run::new("e500v2").interrupt(mftb), Interrupt::illegal(Family::BookeE500));
        assert_eq!(Run::new("7447").gpr(3, 7).step(mftb).gpr[3], 0);
    }

    #[test]
    fn an_undefined_number_is_privileged_or_illegal_by_one_of_its_bits() {
        let run = Run::new("7447").problem();
        assert_eq!(run.clone().interrupt(asm("mfspr", &[3, 259])), Interrupt::illegal(Family::Book3s32));
        assert_eq!(run.interrupt(asm("mfspr", &[3, 0x3d0])), Interrupt::privileged(Family::Book3s32));
    }

    #[test]
    fn a_closed_facility_is_unavailable_to_problem_state_only() {
        let mftar = asm("mfspr", &[3, number::TAR.into()]);
        let run = Run::new("power8").spr(number::TAR, 5);
        assert_eq!(run.clone().problem().interrupt(mftar), Interrupt::new(Exception::FacilityUnavailable));
        assert_eq!(run.clone().step(mftar).gpr[3], 5);
        assert_eq!(run.spr(number::FSCR, fscr::TAR).problem().step(mftar).gpr[3], 5);
    }

    #[test]
    fn xer_has_no_ov32_and_ca32_before_isa_3_0() {
        let state = Run::new("7447").gpr(3, 0xffff_ffff).step(asm("mtspr", &[1, 3]));
        assert_eq!(state.xer, 0xfff3_ffff);
    }

    #[test]
    fn traps_compare_signed_and_unsigned_words() {
        let trap = Interrupt::trap(Family::BookeE500);
        let run = Run::new("e500v2").gpr(3, 0xffff_ffff).gpr(4, 1);
        for (to, expected) in [(16, true), (8, false), (4, false), (2, false), (1, true)] {
            let word = asm("tw", &[to, 3, 4]);
            if expected {
                assert_eq!(run.clone().interrupt(word), trap, "TO = {to}");
            } else {
                assert_eq!(run.clone().step(word).gpr[3], 0xffff_ffff, "TO = {to}");
            }
        }
        assert_eq!(run.interrupt(asm("twi", &[4, 3, -1])), trap);
    }

    #[test]
    fn a_system_call_carries_its_level() {
        let call = |word| Run::new("e500v2").problem().interrupt(word);
        assert_eq!(call(asm("sc", &[])), Interrupt::new(Exception::SystemCall));
        assert_eq!(call(asm("sc1", &[])).syndrome, 1);
    }
}
