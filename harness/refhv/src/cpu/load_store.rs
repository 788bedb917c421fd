//! Loads and stores (Power ISA Books I and II).
//!
//! Every form is an address (D, DS or X form, with or without update of RA) and an operation on a value of one size.

use sprig_isa::config::l1csr;
use sprig_isa::exception::Exception;
use sprig_isa::msr;
use sprig_isa::spr::number;
use sprig_isa::syndrome::esr;

use super::interrupt::Raised;
use super::storage::{Value, known_words};
use super::{Access, Core, Insn, Interrupt, Processor, Reservation, Supervisor, condition::field, xer};

/// L1CSR0\[CUL\], L1CSR1\[ICUL\]: cache unable to lock (EREF, section 3.10).
const L1CSR_CUL: u64 = l1csr::UNABLE_TO_LOCK as u64;

/// How an address is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// (RA|0) + D.
    D,
    /// (RA|0) + DS.
    Ds,
    /// (RA|0) + RB.
    X,
}

/// What a load puts into the upper bits of its target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extend {
    Zero,
    Sign,
}

impl<S: Supervisor> Processor<S> {
    #[inline]
    fn address(&self, insn: Insn, form: Form) -> u64 {
        let state = &self.core.state;
        let displacement = match form {
            Form::D => insn.si(),
            Form::Ds => insn.ds(),
            Form::X => state.gpr[insn.rb()],
        };
        state.base(insn.ra()).wrapping_add(displacement)
    }

    fn illegal(&mut self) -> Raised {
        let illegal = Interrupt::illegal(self.core.state.profile.family);
        self.core.raise(illegal)
    }

    /// lbz, lhz, lha, lwz, lwa, ld and their indexed forms.
    #[inline]
    pub(super) fn load_to<T: Value>(&mut self, insn: Insn, form: Form, extend: Extend) -> Result<(), Raised> {
        let value: T = self.load(self.address(insn, form))?;
        let value = if extend == Extend::Sign { value.sign_extended() } else { value.zero_extended() };
        self.core.state.set_gpr(insn.rt(), value);
        Ok(())
    }

    /// The update forms. RA = 0 and RA = RT are invalid forms, here illegal instructions.
    #[inline]
    pub(super) fn load_update<T: Value>(&mut self, insn: Insn, form: Form, extend: Extend) -> Result<(), Raised> {
        if insn.ra() == 0 || insn.ra() == insn.rt() {
            return Err(self.illegal());
        }
        let address = self.address(insn, form);
        self.load_to::<T>(insn, form, extend)?;
        self.update(insn, address);
        Ok(())
    }

    #[inline]
    fn update(&mut self, insn: Insn, address: u64) {
        let address = self.core.state.effective(address);
        self.core.state.set_gpr(insn.ra(), address);
    }

    /// stb, sth, stw, std and their indexed forms.
    #[inline]
    pub(super) fn store_from<T: Value>(&mut self, insn: Insn, form: Form) -> Result<(), Raised> {
        self.store(self.address(insn, form), T::from_register(self.core.state.gpr[insn.rt()]))
    }

    /// The update forms. RA = 0 is an invalid form, here an illegal instruction.
    #[inline]
    pub(super) fn store_update<T: Value>(&mut self, insn: Insn, form: Form) -> Result<(), Raised> {
        if insn.ra() == 0 {
            return Err(self.illegal());
        }
        let address = self.address(insn, form);
        self.store_from::<T>(insn, form)?;
        self.update(insn, address);
        Ok(())
    }

    /// lhbrx, lwbrx, ldbrx.
    pub(super) fn load_reversed<T: Value>(&mut self, insn: Insn) -> Result<(), Raised> {
        let value: T = self.load(self.address(insn, Form::X))?;
        self.core.state.set_gpr(insn.rt(), value.reversed().zero_extended());
        Ok(())
    }

    /// sthbrx, stwbrx, stdbrx.
    pub(super) fn store_reversed<T: Value>(&mut self, insn: Insn) -> Result<(), Raised> {
        self.store(self.address(insn, Form::X), T::from_register(self.core.state.gpr[insn.rt()]).reversed())
    }

    /// An alignment interrupt for lmw, stmw and the string instructions in little-endian mode (Power ISA 2.07 Book I,
    /// sections 3.3.6 and 3.3.7).
    fn check_order(&mut self, insn: Insn, access: Access, address: u64) -> Result<(), Raised> {
        if !self.core.state.little_endian {
            return Ok(());
        }
        let address = self.core.state.effective(address);
        let alignment = Interrupt::alignment(self.core.state.profile, insn, access, address);
        Err(self.core.raise(alignment))
    }

    /// lmw. The base register, if among the targets (an invalid form), is not overwritten before the last load.
    pub(super) fn load_multiple(&mut self, insn: Insn) -> Result<(), Raised> {
        let mut address = self.address(insn, Form::D);
        self.check_order(insn, Access::Load, address)?;
        let targets = insn.rt()..32;
        let Core { state, memory, lookaside, .. } = &mut self.core;
        let known = known_words(state, lookaside, address, targets.len(), Access::Load);
        if let Some(words) = known.and_then(|physical| memory.chunks(physical, targets.len())) {
            for (gpr, word) in state.gpr[targets].iter_mut().zip(words) {
                *gpr = u32::from_be_bytes(*word).into();
            }
            return Ok(());
        }
        for register in targets {
            let word: u32 = self.load(address)?;
            self.core.state.set_gpr(register, u64::from(word));
            address = address.wrapping_add(4);
        }
        Ok(())
    }

    /// stmw.
    pub(super) fn store_multiple(&mut self, insn: Insn) -> Result<(), Raised> {
        let mut address = self.address(insn, Form::D);
        self.check_order(insn, Access::Store, address)?;
        let sources = insn.rt()..32;
        let Core { state, memory, lookaside, .. } = &mut self.core;
        let known = known_words(state, lookaside, address, sources.len(), Access::Store);
        if let Some(words) = known.and_then(|physical| memory.chunks_again(physical, sources.len())) {
            for (word, gpr) in words.iter_mut().zip(&state.gpr[sources]) {
                *word = (*gpr as u32).to_be_bytes();
            }
            return Ok(());
        }
        for register in sources {
            self.store(address, self.core.state.gpr[register] as u32)?;
            address = address.wrapping_add(4);
        }
        Ok(())
    }

    /// The address and length of a string instruction.
    fn string_operand(&self, insn: Insn, indexed: bool) -> (u64, usize) {
        if indexed {
            (self.address(insn, Form::X), (self.core.state.xer & xer::COUNT) as usize)
        } else {
            let length = if insn.sh() == 0 { 32 } else { insn.sh() as usize };
            (self.core.state.base(insn.ra()), length)
        }
    }

    /// lswi, lswx: bytes fill registers from the left, starting at RT, around from 31 to 0. Loading over a register
    /// that makes the address is an invalid form, here illegal.
    pub(super) fn load_string(&mut self, insn: Insn, indexed: bool) -> Result<(), Raised> {
        let (address, length) = self.string_operand(insn, indexed);
        self.check_order(insn, Access::Load, address)?;
        let targets = length.div_ceil(4);
        let is_target = |register: usize| (register + 32 - insn.rt()) % 32 < targets;
        if insn.ra() != 0 && is_target(insn.ra()) || indexed && is_target(insn.rb()) {
            return Err(self.illegal());
        }
        for first in (0..length).step_by(4) {
            let mut word = 0;
            for offset in first..(first + 4).min(length) {
                let byte: u8 = self.load(address.wrapping_add(offset as u64))?;
                word |= u64::from(byte) << (24 - 8 * (offset - first));
            }
            self.core.state.set_gpr((insn.rt() + first / 4) % 32, word);
        }
        Ok(())
    }

    /// stswi, stswx.
    pub(super) fn store_string(&mut self, insn: Insn, indexed: bool) -> Result<(), Raised> {
        let (address, length) = self.string_operand(insn, indexed);
        self.check_order(insn, Access::Store, address)?;
        for offset in 0..length {
            let word = self.core.state.gpr[(insn.rt() + offset / 4) % 32];
            let byte = (word >> (24 - 8 * (offset % 4))) as u8;
            self.store(address.wrapping_add(offset as u64), byte)?;
        }
        Ok(())
    }

    /// An alignment interrupt unless the address is a multiple of the size.
    fn check_alignment<T: Value>(&mut self, insn: Insn, access: Access, address: u64) -> Result<(), Raised> {
        if address.is_multiple_of(T::SIZE as u64) {
            Ok(())
        } else {
            let alignment = Interrupt::alignment(self.core.state.profile, insn, access, address);
            Err(self.core.raise(alignment))
        }
    }

    /// lbarx, lharx, lwarx, ldarx.
    pub(super) fn load_reserve<T: Value>(&mut self, insn: Insn) -> Result<(), Raised> {
        let address = self.core.state.effective(self.address(insn, Form::X));
        self.check_alignment::<T>(insn, Access::Load, address)?;
        let value: T = self.load(address)?;
        self.core.state.set_gpr(insn.rt(), value.zero_extended());
        self.core.state.reservation = Some(Reservation { address, size: T::SIZE });
        Ok(())
    }

    /// stbcx., sthcx., stwcx., stdcx.
    pub(super) fn store_conditional<T: Value>(&mut self, insn: Insn) -> Result<(), Raised> {
        let address = self.core.state.effective(self.address(insn, Form::X));
        self.check_alignment::<T>(insn, Access::Store, address)?;
        let reserved = self.core.state.reservation == Some(Reservation { address, size: T::SIZE });
        if reserved {
            self.store(address, T::from_register(self.core.state.gpr[insn.rt()]))?;
        } else {
            // Without a reservation too, the address must be one that could be stored to.
            self.probe(address, Access::Store)?;
        }
        let state = &mut self.core.state;
        state.reservation = None;
        let bits = state.summary() | if reserved { field::EQ } else { 0 };
        state.set_cr_field(0, bits);
        Ok(())
    }

    /// dcbz: clears a cache block.
    pub(super) fn dcbz(&mut self, insn: Insn) -> Result<(), Raised> {
        let block = u64::from(self.core.state.cache_block);
        let start = self.core.state.effective(self.address(insn, Form::X)) & !(block - 1);
        for offset in (0..block).step_by(8) {
            self.store(start.wrapping_add(offset), 0u64)?;
        }
        Ok(())
    }

    /// Cache instructions that do nothing to a coherent memory but need a valid address.
    pub(super) fn touch_block(&mut self, insn: Insn, access: Access) -> Result<(), Raised> {
        self.probe(self.address(insn, Form::X), access)
    }

    /// dcbtls, dcbtstls, icbtls (`on`), dcblc, icblc on e500: loads as far as translation goes; in problem state they
    /// need MSR\[UCLE\]. This model has no cache to lock in, which is allowed (EREF, section 6.3.1.2.2): it says so by
    /// CUL.
    pub(super) fn lock_block(&mut self, insn: Insn, cache: CacheLock, on: bool) -> Result<(), Raised> {
        let address = self.core.state.effective(self.address(insn, Form::X));
        let (syndrome, register) = match cache {
            CacheLock::Data => (esr::DLK, number::L1CSR0),
            CacheLock::Instruction => (esr::ILK, number::L1CSR1),
        };
        if self.core.state.in_problem_state() && self.core.state.msr() & msr::booke::UCLE == 0 {
            let locking = Interrupt { exception: Exception::DataStorage, syndrome, address: Some(address) };
            return Err(self.core.raise(locking));
        }
        self.probe(address, Access::Load)?;
        if on {
            let spr = &mut self.core.state.spr;
            spr.set(register, spr.get(register) | L1CSR_CUL);
        }
        Ok(())
    }
}

/// Which cache an instruction locks a line in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CacheLock {
    Data,
    Instruction,
}

#[cfg(test)]
mod tests {
    use sprig_isa::cpu::Family;

    use super::super::opcode::x31;
    use super::super::testing::{Run, asm};
    use super::*;

    const DATA: u64 = 0x8000;

    fn bytes(cpu: &Processor<super::super::testing::Flat>, address: u64, len: usize) -> Vec<u8> {
        cpu.core.memory.slice(address, len).expect("in RAM").to_vec()
    }

    #[test]
    fn loads_are_big_endian_and_extend_as_they_say() {
        let run = Run::new("970").gpr(4, DATA).data(DATA, &[0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88]);
        // lwa r3,0(r4) ; ldx r3,0,r4
        let (lwa, ldx) = (58 << 26 | 3 << 21 | 4 << 16 | 2, 31 << 26 | 3 << 21 | 4 << 11 | 21 << 1);
        for (word, value) in [
            (asm("lbz", &[3, 1, 4]), 0x82),
            (asm("lhz", &[3, 0, 4]), 0x8182),
            (asm("lha", &[3, 0, 4]), 0xffff_ffff_ffff_8182),
            (asm("lwz", &[3, 4, 4]), 0x8586_8788),
            (lwa, 0xffff_ffff_8182_8384),
            (asm("ld", &[3, 0, 4]), 0x8182_8384_8586_8788),
            (ldx, 0x8182_8384_8586_8788),
        ] {
            assert_eq!(run.clone().step(word).gpr[3], value, "{word:#x}");
        }
    }

    #[test]
    fn register_zero_as_base_means_zero() {
        let run = Run::new("e500v2").gpr(0, 0x4000).data(0x4000, &[1; 4]).data(0x20, &[2; 4]);
        assert_eq!(run.clone().step(asm("lwz", &[3, 0x20, 0])).gpr[3], 0x0202_0202);
        assert_eq!(run.gpr(5, 0x20).step(asm("lwzx", &[3, 0, 5])).gpr[3], 0x0202_0202);
    }

    #[test]
    fn update_forms_leave_the_address_and_refuse_bad_registers() {
        let state = Run::new("e500v2").gpr(4, DATA).step(asm("lwzu", &[3, 8, 4]));
        assert_eq!(state.gpr[4], DATA + 8);
        let cpu = Run::new("e500v2").gpr(1, DATA).run(&[asm("stwu", &[1, -16, 1])]);
        assert_eq!(cpu.core.state.gpr[1], DATA - 16);
        assert_eq!(cpu.core.memory.read_u32(DATA - 16), Some(DATA as u32), "the old value is stored");
        let illegal = Interrupt::illegal(Family::BookeE500);
        assert_eq!(Run::new("e500v2").interrupt(asm("lwzu", &[3, 8, 3])), illegal);
        assert_eq!(Run::new("e500v2").interrupt(asm("stwu", &[3, 8, 0])), illegal);
    }

    #[test]
    fn an_access_across_a_page_boundary_is_whole() {
        let run = Run::new("e500v2").gpr(4, 0x8ffe).gpr(3, 0x1122_3344);
        let cpu = run.run(&[asm("stw", &[3, 0, 4]), asm("lwz", &[5, 0, 4])]);
        assert_eq!(cpu.core.state.gpr[5], 0x1122_3344);
        assert_eq!(bytes(&cpu, 0x8ffe, 4), [0x11, 0x22, 0x33, 0x44]);
    }

    #[test]
    fn byte_reversed_accesses() {
        let lwbrx = 31 << 26 | 5 << 21 | 4 << 11 | 534 << 1;
        let sthbrx = 31 << 26 | 3 << 21 | 4 << 11 | 918 << 1;
        let cpu = Run::new("e500v2").gpr(4, DATA).gpr(3, 0x1234).data(DATA, &[1, 2, 3, 4]).run(&[lwbrx, sthbrx]);
        assert_eq!(cpu.core.state.gpr[5], 0x0403_0201);
        assert_eq!(bytes(&cpu, DATA, 4), [0x34, 0x12, 3, 4]);
    }

    #[test]
    fn little_endian_mode_reverses_every_access() {
        let run = Run::new("power8").gpr(4, DATA).gpr(3, 0x1122_3344);
        let cpu = run.msr(sprig_isa::msr::book3s::LE).run(&[asm("stw", &[3, 0, 4]).swap_bytes()]);
        assert_eq!(bytes(&cpu, DATA, 4), [0x44, 0x33, 0x22, 0x11]);
    }

    #[test]
    fn multiple_moves_registers_up_to_31() {
        // stmw r30,0(r4) ; lmw r29,0(r4)
        let (stmw, lmw) = (47 << 26 | 30 << 21 | 4 << 16, 46 << 26 | 29 << 21 | 4 << 16);
        let cpu = Run::new("e500v2").gpr(4, DATA).gpr(30, 0x30).gpr(31, 0x31).run(&[stmw, lmw]);
        assert_eq!(cpu.core.state.gpr[29..], [0x30, 0x31, 0]);
    }

    #[test]
    fn strings_fill_registers_from_the_left_and_wrap_around() {
        // lswi r31,r4,6
        let lswi = 31 << 26 | 31 << 21 | 4 << 16 | 6 << 11 | 597 << 1;
        let state = Run::new("7447").gpr(4, DATA).data(DATA, &[1, 2, 3, 4, 5, 6]).step(lswi);
        assert_eq!((state.gpr[31], state.gpr[0]), (0x0102_0304, 0x0506_0000));
        // stswx r3,0,r4 with five bytes
        let stswx = 31 << 26 | 3 << 21 | 4 << 11 | 661 << 1;
        let cpu = Run::new("7447").gpr(3, 0x0102_0304).gpr(4, DATA).xer(5).gpr(5, 0).run(&[stswx]);
        assert_eq!(bytes(&cpu, DATA, 5), [1, 2, 3, 4, 0]);
        assert_eq!(Run::new("e500v2").interrupt(lswi), Interrupt::illegal(Family::BookeE500));
    }

    #[test]
    fn a_store_conditional_needs_a_reservation_for_its_address() {
        let (lwarx, stwcx) = (asm("lwarx", &[5, 0, 4]), asm("stwcx.", &[3, 0, 4]));
        let run = Run::new("e500v2").gpr(4, DATA).gpr(3, 7).xer(xer::SO);
        let cpu = run.clone().run(&[lwarx, stwcx]);
        assert_eq!((cpu.core.state.cr >> 28, bytes(&cpu, DATA, 4)), (field::EQ | field::SO, vec![0, 0, 0, 7]));
        let cpu = run.clone().run(&[stwcx]);
        assert_eq!((cpu.core.state.cr >> 28, bytes(&cpu, DATA, 4)), (field::SO, vec![0; 4]));
        let cpu = run.gpr(6, DATA + 4).run(&[lwarx, asm("stwcx.", &[3, 0, 6]), stwcx]);
        assert_eq!((cpu.core.state.cr >> 28, bytes(&cpu, DATA, 8)), (field::SO, vec![0; 8]));
    }

    #[test]
    fn reservations_of_unaligned_words_are_refused() {
        let interrupt = Run::new("7447").gpr(4, DATA + 2).interrupt(asm("lwarx", &[5, 0, 4]));
        assert_eq!((interrupt.exception, interrupt.address), (Exception::Alignment, Some(DATA + 2)));
        // lwarx is 31/20: opcode bits 24 and 21-24 of the syndrome, then RT and RA.
        assert_eq!(interrupt.syndrome & 0x3ff, 5 << 5);
    }

    #[test]
    fn dcbz_clears_a_block_of_the_cpu_s_size() {
        for (cpu, block) in [("e500v2", 32), ("e500mc", 64), ("970", 128)] {
            let cpu = Run::new(cpu).gpr(4, DATA + 0x7f).data(DATA, &[0xff; 0x100]).run(&[asm("dcbz", &[0, 4])]);
            assert_eq!(bytes(&cpu, DATA, 0x100).iter().filter(|byte| **byte == 0).count(), block);
            assert_eq!(bytes(&cpu, DATA + 0x80 - block as u64, block), vec![0; block]);
        }
    }

    #[test]
    fn locking_a_line_from_problem_state_needs_permission() {
        let block = |extended: u32| 31 << 26 | 4 << 11 | extended << 1;
        for (extended, syndrome, after) in [
            (x31::DCBTLS, esr::DLK, [L1CSR_CUL, 0]),
            (x31::DCBTSTLS, esr::DLK, [L1CSR_CUL, 0]),
            (x31::DCBLC, esr::DLK, [0, 0]),
            (x31::ICBTLS, esr::ILK, [0, L1CSR_CUL]),
            (x31::ICBLC, esr::ILK, [0, 0]),
        ] {
            let run = Run::new("e500v2").gpr(4, DATA);
            let interrupt = run.clone().problem().interrupt(block(extended));
            assert_eq!((interrupt.exception, interrupt.syndrome), (Exception::DataStorage, syndrome), "{extended}");
            let state = run.msr(sprig_isa::msr::PR | msr::booke::UCLE).step(block(extended));
            assert_eq!([number::L1CSR0, number::L1CSR1].map(|number| state.spr.get(number)), after, "{extended}");
        }
    }
}
