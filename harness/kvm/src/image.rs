//! The guest image: an ELF file, put into the guest's memory.

use elf::ElfBytes;
use elf::abi::{EM_PPC, PT_LOAD};
use elf::endian::BigEndian;
use elf::file::Class;

/// A guest image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    file: &'a [u8],
    entry: u64,
}

/// The image is no 32-bit big-endian PowerPC program, is cut short, or does not lie in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadImage;

impl From<elf::ParseError> for BadImage {
    fn from(_: elf::ParseError) -> Self {
        Self
    }
}

impl<'a> Image<'a> {
    /// Looks at a file.
    ///
    /// # Errors
    /// [`BadImage`] where it is none.
    pub fn open(file: &'a [u8]) -> Result<Self, BadImage> {
        let header = ElfBytes::<BigEndian>::minimal_parse(file)?.ehdr;
        let is_ours = header.e_machine == EM_PPC && header.class == Class::ELF32;
        if is_ours { Ok(Self { file, entry: header.e_entry }) } else { Err(BadImage) }
    }

    /// Where execution begins.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// Puts it into memory; what a segment has more of memory than of the file is zero.
    ///
    /// # Errors
    /// [`BadImage`] where it does not fit.
    pub fn load(&self, ram: &mut [u8]) -> Result<(), BadImage> {
        let file = ElfBytes::<BigEndian>::minimal_parse(self.file)?;
        for segment in file.segments().ok_or(BadImage)?.iter().filter(|segment| segment.p_type == PT_LOAD) {
            let data = file.segment_data(&segment)?;
            let start = usize::try_from(segment.p_vaddr).map_err(|_| BadImage)?;
            let size = usize::try_from(segment.p_memsz).map_err(|_| BadImage)?;
            let end = start.checked_add(size).ok_or(BadImage)?;
            let place = ram.get_mut(start..end).and_then(|place| place.split_at_mut_checked(data.len()));
            let (filled, zero) = place.ok_or(BadImage)?;
            filled.copy_from_slice(data);
            zero.fill(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::elf;
    use sprig_wire::layout::{IMAGE_BASE, RAM_SIZE};

    #[test]
    fn a_segment_lies_at_its_address_and_is_filled_up_with_zeros() {
        let file = elf(IMAGE_BASE, b"code", 8);
        let mut ram = std::vec![0xff; RAM_SIZE as usize];
        let image = Image::open(&file).expect("an image");
        assert_eq!(image.load(&mut ram), Ok(()));
        let start = IMAGE_BASE as usize;
        assert_eq!(&ram[start - 1..start + 9], b"\xffcode\0\0\0\0\xff");
        assert_eq!(image.entry(), IMAGE_BASE.into());
    }

    #[test]
    fn what_does_not_fit_or_is_cut_short_is_refused() {
        let mut ram = std::vec![0; 64];
        assert_eq!(Image::open(&elf(62, b"code", 4)).and_then(|image| image.load(&mut ram)), Err(BadImage));
        let file = elf(0, b"code", 4);
        for length in 0..file.len() {
            let cut = Image::open(&file[..length]).and_then(|image| image.load(&mut ram));
            assert_eq!(cut, Err(BadImage), "{length} bytes");
        }
    }

    #[test]
    fn a_program_for_another_machine_is_refused() {
        const E_MACHINE: usize = 18;
        let mut file = elf(0, b"code", 4);
        file[E_MACHINE + 1] = 3;
        assert_eq!(Image::open(&file).err(), Some(BadImage));
    }
}
