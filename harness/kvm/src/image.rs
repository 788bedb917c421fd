//! The guest image: an ELF file, of either word size and byte order, put into the guest's memory.

use core::ops::Range;
use elf::ElfBytes;
use elf::abi::{EM_PPC, EM_PPC64, PT_LOAD};
use elf::endian::AnyEndian;
use elf::segment::ProgramHeader;
use sprig_isa::mmu::PAGE_SIZE;
use sprig_wire::layout::RAM_SIZE;

/// A guest image.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    file: &'a [u8],
    entry: u64,
}

/// The image is no PowerPC program, is cut short, or does not lie in RAM.
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
        let header = ElfBytes::<AnyEndian>::minimal_parse(file)?.ehdr;
        if matches!(header.e_machine, EM_PPC | EM_PPC64) {
            Ok(Self { file, entry: header.e_entry })
        } else {
            Err(BadImage)
        }
    }

    /// Where execution begins.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }

    /// The pages of memory that [`Self::load`] fills with the file's first segment, all of each.
    ///
    /// # Errors
    /// [`BadImage`] where the file is cut short, or does not lie in RAM.
    pub fn pages(&self) -> Result<Range<usize>, BadImage> {
        const PAGE: usize = PAGE_SIZE as usize;
        let Some(segment) = self.segments()?.next() else { return Ok(0..0) };
        let (start, size) = (usize::try_from(segment.p_vaddr), usize::try_from(segment.p_filesz));
        let (start, size) = (start.map_err(|_| BadImage)?, size.map_err(|_| BadImage)?);
        let first = start.checked_next_multiple_of(PAGE).ok_or(BadImage)?;
        let end = start.checked_add(size).filter(|end| *end <= RAM_SIZE as usize).ok_or(BadImage)? / PAGE * PAGE;
        Ok(first..end.max(first))
    }

    fn segments(&self) -> Result<impl Iterator<Item = ProgramHeader>, BadImage> {
        let segments = ElfBytes::<AnyEndian>::minimal_parse(self.file)?.segments().ok_or(BadImage)?;
        Ok(segments.into_iter().filter(|segment| segment.p_type == PT_LOAD))
    }

    /// Puts it into memory; what a segment has more of memory than of the file is zero. What is there already is not
    /// written again: where the host is emulated, each page of code that is written to is translated again. Nor are
    /// zeros, where that memory `is_new`: it is zero then, and the host has no pages for it yet.
    ///
    /// # Errors
    /// [`BadImage`] where it does not fit.
    pub fn load(&self, ram: &mut [u8], is_new: bool) -> Result<(), BadImage> {
        let file = ElfBytes::<AnyEndian>::minimal_parse(self.file)?;
        for segment in self.segments()? {
            let data = file.segment_data(&segment)?;
            let start = usize::try_from(segment.p_vaddr).map_err(|_| BadImage)?;
            let size = usize::try_from(segment.p_memsz).map_err(|_| BadImage)?;
            let end = start.checked_add(size).ok_or(BadImage)?;
            let place = ram.get_mut(start..end).and_then(|place| place.split_at_mut_checked(data.len()));
            let (filled, zero) = place.ok_or(BadImage)?;
            put(data, filled);
            if !is_new {
                zero.fill(0);
            }
        }
        Ok(())
    }
}

/// Makes memory hold these bytes, as many, and stores only where it does not.
fn put(bytes: &[u8], memory: &mut [u8]) {
    let ((words, rest), (places, others)) = (bytes.as_chunks::<8>(), memory.as_chunks_mut());
    for (place, word) in places.iter_mut().zip(words) {
        if place != word {
            *place = *word;
        }
    }
    others.copy_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::elf;
    use sprig_wire::layout::IMAGE_BASE;

    #[test]
    fn a_segment_lies_at_its_address_and_is_filled_up_with_zeros() {
        let file = elf(IMAGE_BASE, b"code", 8);
        let mut ram = std::vec![0xff; RAM_SIZE as usize];
        let image = Image::open(&file).expect("an image");
        assert_eq!(image.load(&mut ram, false), Ok(()));
        let start = IMAGE_BASE as usize;
        assert_eq!(&ram[start - 1..start + 9], b"\xffcode\0\0\0\0\xff");
        assert_eq!(image.entry(), IMAGE_BASE.into());
    }

    #[test]
    fn memory_that_is_new_is_zero_already() {
        let file = elf(IMAGE_BASE, b"code", 8);
        let mut ram = std::vec![0xff; RAM_SIZE as usize];
        assert_eq!(Image::open(&file).expect("an image").load(&mut ram, true), Ok(()));
        let start = IMAGE_BASE as usize;
        assert_eq!(&ram[start..start + 9], b"code\xff\xff\xff\xff\xff", "not written to");
    }

    #[test]
    fn whole_pages_of_the_file_are_filled_whatever_they_held() {
        const PAGE: usize = PAGE_SIZE as usize;
        let data: std::vec::Vec<u8> = (0..3 * PAGE + 5).map(|byte| byte as u8).collect();
        // Not on a page boundary at either end: the pages between are the file's alone.
        let file = elf(IMAGE_BASE + 8, &data, 4 * PAGE as u32);
        let image = Image::open(&file).expect("an image");
        let pages = image.pages().expect("whole");
        assert_eq!(pages, IMAGE_BASE as usize + PAGE..IMAGE_BASE as usize + 3 * PAGE);
        let mut ram = std::vec![0; RAM_SIZE as usize];
        ram[pages].fill(0xff);
        assert_eq!(image.load(&mut ram, false), Ok(()));
        assert!(ram[IMAGE_BASE as usize + 8..][..data.len()] == data, "every byte");
        assert_eq!(
            Image::open(&elf(IMAGE_BASE, b"code", 8)).and_then(|image| image.pages()),
            Ok(IMAGE_BASE as usize..IMAGE_BASE as usize)
        );
    }

    #[test]
    fn what_does_not_fit_or_is_cut_short_is_refused() {
        let mut ram = std::vec![0; 64];
        assert_eq!(Image::open(&elf(62, b"code", 4)).and_then(|image| image.load(&mut ram, false)), Err(BadImage));
        let file = elf(0, b"code", 4);
        for length in 0..file.len() {
            let cut = Image::open(&file[..length]).and_then(|image| image.load(&mut ram, false));
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
