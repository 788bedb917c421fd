//! A machine at power-on: the guest kernel in memory, the registers as [`sprig_wire::board`] promises them.

use std::fmt;

use object::{Architecture, Endianness, Object, ObjectSegment};
use sprig_isa::cpu::Cpu;
use sprig_wire::{board, layout};

use crate::cpu::Core;
use crate::memory::Memory;

/// The register that holds the ePAPR magic at entry.
const MAGIC_REGISTER: usize = 6;

/// Why a file is not a guest kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// It is no ELF file.
    NotElf(object::Error),
    /// It is an ELF file for another machine.
    NotPowerPc,
    /// A segment does not lie in RAM.
    OutsideRam {
        /// Where it begins.
        address: u64,
        /// Its length, bytes.
        size: u64,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf(error) => write!(f, "not an ELF file: {error}"),
            Self::NotPowerPc => write!(f, "not a big-endian PowerPC program"),
            Self::OutsideRam { address, size } => write!(f, "a segment of {size} bytes at {address:#x} is outside RAM"),
        }
    }
}

impl std::error::Error for ImageError {}

/// A CPU of this model with an ELF image in its RAM, about to execute its first instruction in supervisor state with
/// everything off. Effective addresses of the image are physical ones.
///
/// # Errors
/// If the image is not a PowerPC ELF program that fits the RAM.
pub fn load(profile: &'static Cpu, image: &[u8]) -> Result<Core, ImageError> {
    let file = object::File::parse(image).map_err(ImageError::NotElf)?;
    let powerpc = matches!(file.architecture(), Architecture::PowerPc | Architecture::PowerPc64);
    if !powerpc || file.endianness() != Endianness::Big {
        return Err(ImageError::NotPowerPc);
    }
    let mut core = Core::new(profile, Memory::new(layout::RAM_SIZE as usize));
    for segment in file.segments() {
        let (address, size) = (segment.address(), segment.size());
        let outside = ImageError::OutsideRam { address, size };
        let data = segment.data().map_err(ImageError::NotElf)?;
        // The rest of a segment that is longer than its data is zero already.
        let whole = usize::try_from(size).ok().and_then(|size| core.memory.slice_mut(address, size));
        let Some(place) = whole.and_then(|whole| whole.get_mut(..data.len())) else { return Err(outside) };
        place.copy_from_slice(data);
    }
    core.state.pc = core.state.register(file.entry());
    core.state.gpr[MAGIC_REGISTER] = u64::from(board::EPAPR_MAGIC);
    Ok(core)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu() -> &'static Cpu {
        Cpu::by_name("e500v2").expect("a CPU of the table")
    }

    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(matches!(load(cpu(), b"no").err(), Some(ImageError::NotElf(_))));
    }

    #[test]
    fn a_program_for_another_machine_is_refused() {
        // The smallest ELF header: 32-bit, little-endian, machine 3 (80386).
        let mut elf = [0; 52];
        elf[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 1, 1, 1]);
        elf[16] = 2;
        elf[18] = 3;
        elf[20] = 1;
        elf[40] = 52;
        assert_eq!(load(cpu(), &elf).err(), Some(ImageError::NotPowerPc));
    }
}
