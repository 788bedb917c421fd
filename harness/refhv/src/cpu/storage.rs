//! The path from an effective address to a byte: lookaside, translation, RAM or board.

use sprig_isa::exception::Exception;

use super::lookaside::PAGE;
use super::{Access, Interrupt, Processor, Supervisor};
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
    /// The guest-physical address of an access that does not cross a page.
    fn translate(&mut self, address: u64, access: Access) -> Result<u64, Interrupt> {
        if let Some(physical) = self.core.lookaside.find(address, 1, access) {
            return Ok(physical);
        }
        match self.supervisor.translate(&mut self.core, address, access) {
            Ok(translation) => {
                if translation.whole_page {
                    self.core.lookaside.insert(address, access, translation.physical);
                }
                Ok(translation.physical)
            }
            Err(fault) => Err(Interrupt::storage(self.core.state.profile.family, fault, access, address)),
        }
    }

    /// Checks that an access would be allowed, without making it: cache instructions.
    pub(super) fn probe(&mut self, address: u64, access: Access) -> Result<(), Interrupt> {
        self.translate(self.core.state.effective(address), access).map(|_| ())
    }

    /// The instruction word at an address.
    #[inline]
    pub(super) fn fetch(&mut self, address: u64) -> Result<u32, Interrupt> {
        let known = self.core.lookaside.find_again(address);
        let word = match known.and_then(|physical| self.core.memory.read_u32(physical)) {
            Some(word) => word,
            None => self.fetch_slowly(address)?,
        };
        Ok(if self.core.state.little_endian { word.swap_bytes() } else { word })
    }

    #[cold]
    fn fetch_slowly(&mut self, address: u64) -> Result<u32, Interrupt> {
        let physical = match self.core.lookaside.find_fetch(address) {
            Some(physical) => physical,
            None => self.translate(address, Access::Fetch)?,
        };
        self.core.memory.read_u32(physical).ok_or(Interrupt::new(Exception::MachineCheck))
    }

    /// Loads a value in the byte order of the mode.
    #[inline]
    pub(super) fn load<T: Value>(&mut self, address: u64) -> Result<T, Interrupt> {
        let address = self.core.state.effective(address);
        let known = self.core.lookaside.find(address, T::SIZE, Access::Load);
        let value = match known.and_then(|physical| T::read(&self.core.memory, physical)) {
            Some(value) => value,
            None => self.load_slowly(address)?,
        };
        Ok(if self.core.state.little_endian { value.reversed() } else { value })
    }

    #[cold]
    fn load_slowly<T: Value>(&mut self, address: u64) -> Result<T, Interrupt> {
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
                self.supervisor.device_access(&mut self.core);
                Ok(T::from_register(self.core.board.load(offset, T::SIZE)))
            }
            None => Err(Interrupt { address: Some(address), ..Interrupt::new(Exception::MachineCheck) }),
        }
    }

    /// Stores a value in the byte order of the mode.
    #[inline]
    pub(super) fn store<T: Value>(&mut self, address: u64, value: T) -> Result<(), Interrupt> {
        let address = self.core.state.effective(address);
        let value = if self.core.state.little_endian { value.reversed() } else { value };
        let known = self.core.lookaside.find(address, T::SIZE, Access::Store);
        match known.and_then(|physical| value.write(&mut self.core.memory, physical)) {
            Some(()) => Ok(()),
            None => self.store_slowly(address, value),
        }
    }

    #[cold]
    fn store_slowly<T: Value>(&mut self, address: u64, value: T) -> Result<(), Interrupt> {
        if crosses_page(address, T::SIZE) {
            // Both pages first: a store that faults has stored nothing.
            self.translate(address, Access::Store)?;
            self.translate(self.core.state.effective(address.wrapping_add(T::SIZE as u64 - 1)), Access::Store)?;
            for offset in 0..T::SIZE as u64 {
                let byte = (value.zero_extended() >> (8 * (T::SIZE as u64 - 1 - offset))) as u8;
                self.store_slowly(self.core.state.effective(address.wrapping_add(offset)), byte)?;
            }
            return Ok(());
        }
        let physical = self.translate(address, Access::Store)?;
        if value.write(&mut self.core.memory, physical).is_some() {
            return Ok(());
        }
        match Board::offset(physical) {
            Some(offset) => {
                self.supervisor.device_access(&mut self.core);
                self.core.board.store(offset, T::SIZE, value.zero_extended());
                // The run loop looks at the board, the supervisor at the interrupt lines.
                self.core.clock.wake_now();
                Ok(())
            }
            None => Err(Interrupt { address: Some(address), ..Interrupt::new(Exception::MachineCheck) }),
        }
    }
}

/// True if an access of `size` bytes does not lie within one 4 KiB page.
#[inline]
fn crosses_page(address: u64, size: usize) -> bool {
    address % PAGE > PAGE - size as u64
}
