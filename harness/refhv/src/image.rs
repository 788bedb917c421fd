//! The guest kernel as a file: which bytes go where.

use std::fmt;

use object::{Architecture, Object, ObjectSegment};

use crate::memory::Memory;

/// Why a file is not a guest kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// It is no ELF file.
    NotElf(object::Error),
    /// It is an ELF file for another machine.
    NotPowerPc,
    /// It does not lie in RAM.
    OutsideRam {
        /// Where the segment begins.
        address: u64,
        /// Its length, bytes.
        size: u64,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf(error) => write!(f, "not an ELF file: {error}"),
            Self::NotPowerPc => write!(f, "not a PowerPC program"),
            Self::OutsideRam { address, size } => write!(f, "a segment of {size} bytes at {address:#x} is outside RAM"),
        }
    }
}

impl std::error::Error for ImageError {}

#[derive(Clone, Debug)]
struct Segment {
    address: u64,
    /// Bytes it takes in memory; what is more than its data is zero.
    size: u64,
    data: Vec<u8>,
}

/// A program with its place in memory. Effective addresses are physical ones.
#[derive(Clone, Debug)]
pub struct Image {
    entry: u64,
    segments: Vec<Segment>,
}

impl Image {
    /// An image of nothing, for a machine whose program is put into memory by hand.
    #[must_use]
    pub fn empty(entry: u64) -> Self {
        Self { entry, segments: Vec::new() }
    }

    /// Reads an ELF file.
    ///
    /// # Errors
    /// If it is not a PowerPC program. In which byte order its code runs is its own business.
    pub fn parse(file: &[u8]) -> Result<Self, ImageError> {
        let file = object::File::parse(file).map_err(ImageError::NotElf)?;
        if !matches!(file.architecture(), Architecture::PowerPc | Architecture::PowerPc64) {
            return Err(ImageError::NotPowerPc);
        }
        let segment = |segment: object::Segment<'_, '_>| {
            let data = segment.data().map_err(ImageError::NotElf)?.to_vec();
            Ok(Segment { address: segment.address(), size: segment.size(), data })
        };
        let segments = file.segments().map(segment).collect::<Result<_, _>>()?;
        Ok(Self { entry: file.entry(), segments })
    }

    /// Where execution begins.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// Puts the image into memory.
    ///
    /// # Errors
    /// If it does not fit there; what fits has been put there then.
    pub fn load(&self, memory: &mut Memory) -> Result<(), ImageError> {
        for Segment { address, size, data } in &self.segments {
            let outside = ImageError::OutsideRam { address: *address, size: *size };
            let rest = usize::try_from(*size).ok().and_then(|size| size.checked_sub(data.len()));
            let (Some(rest), Some(behind)) = (rest, address.checked_add(data.len() as u64)) else {
                return Err(outside);
            };
            if memory.clear(behind, rest).is_none() {
                return Err(outside);
            }
            memory.slice_mut(*address, data.len()).ok_or(outside)?.copy_from_slice(data);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_elf_file_is_refused() {
        assert!(matches!(Image::parse(b"no").err(), Some(ImageError::NotElf(_))));
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
        assert_eq!(Image::parse(&elf).err(), Some(ImageError::NotPowerPc));
    }

    #[test]
    fn a_segment_is_filled_up_with_zeros_and_must_fit() {
        let segment = |address, size| Segment { address, size, data: vec![1, 2] };
        let mut memory = Memory::new(16);
        memory.slice_mut(0, 16).expect("in RAM").fill(0xff);
        let image = Image { entry: 0, segments: vec![segment(4, 4)] };
        assert_eq!(image.load(&mut memory), Ok(()));
        assert_eq!(memory.read_u64(0), Some(0xffff_ffff_0102_0000));
        let image = Image { entry: 0, segments: vec![segment(14, 4)] };
        assert_eq!(image.load(&mut memory), Err(ImageError::OutsideRam { address: 14, size: 4 }));
    }
}
