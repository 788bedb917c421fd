//! The path from an effective address to a byte: lookaside, translation, RAM or board.

use std::rc::Rc;

use sprig_isa::exception::Exception;
use sprig_isa::mmu::PAGE_SIZE;

use super::code::{Code, Page};
use super::interrupt::Raised;
use super::{Access, Core, INSTRUCTION, Insn, Interrupt, Lookaside, Processor, State, Supervisor, Translation};
use crate::board::Board;
use crate::memory::Memory;

/// A value as it goes between a register and storage.
pub(super) trait Value: Copy {
    /// Bytes.
    const SIZE: usize;
    /// From big-endian bytes in memory, if all of them are RAM.
    fn read(memory: &Memory, physical: u64) -> Option<Self>;
    /// To big-endian bytes in memory; none, and nothing written, unless all of them are RAM.
    fn write(self, memory: &mut Memory, physical: u64) -> Option<()>;
    /// [`Self::read`] in this byte order at a multiple of the size.
    fn read_aligned(memory: &Memory, physical: u64, little_endian: bool) -> Option<Self>;
    /// [`Self::write`] in this byte order at a multiple of the size, but for what [`Memory::write_aligned_again`]
    /// leaves.
    fn write_aligned(self, memory: &mut Memory, physical: u64, little_endian: bool) -> Option<()>;
    /// From the low bits of a register.
    fn from_register(value: u64) -> Self;
    /// Zero-extended.
    fn zero_extended(self) -> u64;
    /// Sign-extended.
    fn sign_extended(self) -> u64;
    /// With its bytes reversed.
    fn reversed(self) -> Self;
}

macro_rules! value {
    ($unsigned:ty, $signed:ty) => {
        impl Value for $unsigned {
            const SIZE: usize = size_of::<$unsigned>();

            #[inline]
            fn read(memory: &Memory, physical: u64) -> Option<Self> {
                memory.read(physical).map(Self::from_be_bytes)
            }

            #[inline]
            fn write(self, memory: &mut Memory, physical: u64) -> Option<()> {
                memory.write(physical, self.to_be_bytes())
            }

            #[inline]
            fn read_aligned(memory: &Memory, physical: u64, little_endian: bool) -> Option<Self> {
                let bytes = memory.read_aligned(physical)?;
                Some(if little_endian { Self::from_le_bytes(bytes) } else { Self::from_be_bytes(bytes) })
            }

            #[inline]
            fn write_aligned(self, memory: &mut Memory, physical: u64, little_endian: bool) -> Option<()> {
                let bytes = if little_endian { self.to_le_bytes() } else { self.to_be_bytes() };
                memory.write_aligned_again(physical, bytes)
            }

            #[inline]
            fn from_register(value: u64) -> Self {
                value as Self
            }

            #[inline]
            fn zero_extended(self) -> u64 {
                u64::from(self)
            }

            #[inline]
            fn sign_extended(self) -> u64 {
                self as $signed as u64
            }

            #[inline]
            fn reversed(self) -> Self {
                self.swap_bytes()
            }
        }
    };
}

value!(u8, i8);
value!(u16, i16);
value!(u32, i32);
value!(u64, i64);

impl<S: Supervisor> Processor<S> {
    /// The guest-physical address of a load or store that does not cross a page.
    fn translate(&mut self, address: u64, access: Access) -> Result<u64, Raised> {
        if let Some(physical) = self.core.lookaside.find(address, 1, access) {
            return Ok(physical);
        }
        let Translation { physical, whole_page } = self.translate_anew(address, access)?;
        if whole_page {
            self.core.lookaside.insert(address, access, physical);
        }
        Ok(physical)
    }

    fn translate_anew(&mut self, address: u64, access: Access) -> Result<Translation, Raised> {
        self.core.settle();
        let result = self.supervisor.translate(&mut self.core, address, access);
        self.core.update_code();
        result.map_err(|fault| {
            let interrupt = Interrupt::storage(self.core.state.profile.family, fault, access, address);
            self.core.raise(interrupt)
        })
    }

    /// Checks that an access would be allowed, without making it: cache instructions.
    pub(super) fn probe(&mut self, address: u64, access: Access) -> Result<(), Raised> {
        self.translate(self.core.state.effective(address), access).map(|_| ())
    }

    /// The page with the instruction at `pc`.
    pub(super) fn turn_page(&mut self) -> Result<Rc<Page>, Raised> {
        let address = self.core.state.pc;
        self.core.update_code();
        if let Some(page) = self.core.lookaside.find_code(address) {
            return Ok(page);
        }
        self.core.lookaside.forget_last_page();
        let Translation { physical, whole_page } = self.translate_anew(address, Access::Fetch)?;
        let Core { state, memory, lookaside, code, .. } = &mut self.core;
        if whole_page
            && address.is_multiple_of(INSTRUCTION)
            && let Some(page) = code.page(memory, state.profile, state.little_endian, physical)
        {
            lookaside.insert_code(address, &page);
            return Ok(page);
        }
        let Some(word) = memory.read_u32(physical) else {
            return Err(self.core.raise(Interrupt::new(Exception::MachineCheck)));
        };
        let insn = Insn(if state.little_endian { word.swap_bytes() } else { word });
        Ok(Code::single(state.profile, address, insn))
    }

    /// Loads a value in the byte order of the mode.
    #[inline]
    pub(super) fn load<T: Value>(&mut self, address: u64) -> Result<T, Raised> {
        let address = self.core.state.effective(address);
        let Core { memory, lookaside, state, .. } = &self.core;
        let known = lookaside.find(address, T::SIZE, Access::Load);
        if let Some(value) = known.and_then(|physical| T::read_aligned(memory, physical, state.little_endian)) {
            return Ok(value);
        }
        let value: T = self.load_slowly(address)?;
        Ok(if self.core.state.little_endian { value.reversed() } else { value })
    }

    #[cold]
    fn load_slowly<T: Value>(&mut self, address: u64) -> Result<T, Raised> {
        if crosses_page(address, T::SIZE) {
            let mut value = 0;
            for offset in 0..T::SIZE as u64 {
                let byte: u8 = self.load_slowly(self.core.state.effective(address.wrapping_add(offset)))?;
                value = value << 8 | u64::from(byte);
            }
            return Ok(T::from_register(value));
        }
        let physical = self.translate(address, Access::Load)?;
        if let Some(value) = T::read(&self.core.memory, physical) {
            return Ok(value);
        }
        match Board::offset(physical) {
            Some(offset) => {
                self.core.settle();
                self.supervisor.device_access(&mut self.core);
                Ok(T::from_register(self.core.board.load(offset, T::SIZE)))
            }
            None => Err(self.machine_check(address)),
        }
    }

    /// Nothing is at the address that an effective one leads to.
    fn machine_check(&mut self, address: u64) -> Raised {
        self.core.raise(Interrupt { address: Some(address), ..Interrupt::new(Exception::MachineCheck) })
    }

    /// Stores a value in the byte order of the mode.
    #[inline]
    pub(super) fn store<T: Value>(&mut self, address: u64, value: T) -> Result<(), Raised> {
        let address = self.core.state.effective(address);
        let Core { memory, lookaside, state, .. } = &mut self.core;
        let known = lookaside.find(address, T::SIZE, Access::Store);
        if known.and_then(|physical| value.write_aligned(memory, physical, state.little_endian)).is_some() {
            return Ok(());
        }
        self.store_slowly(address, if self.core.state.little_endian { value.reversed() } else { value })
    }

    #[cold]
    fn store_slowly<T: Value>(&mut self, address: u64, value: T) -> Result<(), Raised> {
        if crosses_page(address, T::SIZE) {
            // Both pages first: a store that faults has stored nothing. What it cannot reach of the second begins with
            // the page.
            let second = address.wrapping_add(T::SIZE as u64 - 1) & !(PAGE_SIZE - 1);
            self.translate(address, Access::Store)?;
            self.translate(self.core.state.effective(second), Access::Store)?;
            for offset in 0..T::SIZE as u64 {
                let byte = (value.zero_extended() >> (8 * (T::SIZE as u64 - 1 - offset))) as u8;
                self.store_slowly(self.core.state.effective(address.wrapping_add(offset)), byte)?;
            }
            return Ok(());
        }
        let physical = self.translate(address, Access::Store)?;
        if value.write(&mut self.core.memory, physical).is_some() {
            self.core.update_code();
            return Ok(());
        }
        match Board::offset(physical) {
            Some(offset) => {
                self.core.settle();
                self.supervisor.device_access(&mut self.core);
                self.core.board.store(offset, T::SIZE, value.zero_extended());
                // The run loop looks at the board, the supervisor at the interrupt lines.
                self.core.clock.wake_now();
                Ok(())
            }
            None => Err(self.machine_check(address)),
        }
    }
}

/// The guest-physical address of big-endian words that lie one after the other in a page, if that is known.
#[inline]
pub(super) fn known_words(
    state: &State,
    lookaside: &Lookaside,
    address: u64,
    words: usize,
    access: Access,
) -> Option<u64> {
    let address = state.effective(address);
    let are_plain = !state.little_endian && !crosses_page(address, words * size_of::<u32>());
    are_plain.then(|| lookaside.find(address, size_of::<u32>(), access)).flatten()
}

/// True if an access of `size` bytes does not lie within one 4 KiB page.
#[inline]
fn crosses_page(address: u64, size: usize) -> bool {
    address % PAGE_SIZE > PAGE_SIZE - size as u64
}
