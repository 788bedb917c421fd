//! A program as an ELF file that QEMU's loaders take: a header, and a segment for each piece of memory.

use object::BigEndian;
use object::elf;
use object::endian::{U16, U32};
use object::pod::bytes_of;
use std::mem::size_of;

/// Bytes at a physical address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where they go.
    pub address: u32,
    /// What.
    pub bytes: Vec<u8>,
}

type Header = elf::FileHeader32<BigEndian>;
type ProgramHeader = elf::ProgramHeader32<BigEndian>;

/// A 32-bit big-endian executable of these segments; none if it would be larger than a field of ELF can say.
#[must_use]
pub fn executable(entry: u32, segments: &[Segment]) -> Option<Vec<u8>> {
    let half = |value: usize| u16::try_from(value).ok().map(|value| U16::new(BigEndian, value));
    let word = |value: usize| u32::try_from(value).ok().map(|value| U32::new(BigEndian, value));
    let header = Header {
        e_ident: elf::Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS32,
            data: elf::ELFDATA2MSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(BigEndian, elf::ET_EXEC),
        e_machine: U16::new(BigEndian, elf::EM_PPC),
        e_version: U32::new(BigEndian, u32::from(elf::EV_CURRENT.0)),
        e_entry: U32::new(BigEndian, entry),
        e_phoff: word(size_of::<Header>())?,
        e_shoff: U32::new(BigEndian, 0),
        e_flags: U32::new(BigEndian, elf::FileFlags(0)),
        e_ehsize: half(size_of::<Header>())?,
        e_phentsize: half(size_of::<ProgramHeader>())?,
        e_phnum: half(segments.len())?,
        e_shentsize: U16::new(BigEndian, 0),
        e_shnum: U16::new(BigEndian, 0),
        e_shstrndx: U16::new(BigEndian, elf::SymbolSection(0)),
    };
    let mut file = bytes_of(&header).to_vec();
    let mut offset = size_of::<Header>() + segments.len() * size_of::<ProgramHeader>();
    for segment in segments {
        let address = U32::new(BigEndian, segment.address);
        let size = word(segment.bytes.len())?;
        file.extend_from_slice(bytes_of(&ProgramHeader {
            p_type: U32::new(BigEndian, elf::PT_LOAD),
            p_offset: word(offset)?,
            p_vaddr: address,
            p_paddr: address,
            p_filesz: size,
            p_memsz: size,
            p_flags: U32::new(BigEndian, elf::PF_R | elf::PF_W | elf::PF_X),
            p_align: U32::new(BigEndian, 1),
        }));
        offset += segment.bytes.len();
    }
    for segment in segments {
        file.extend_from_slice(&segment.bytes);
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{Object, ObjectSegment};

    #[test]
    fn an_elf_reader_finds_entry_and_segments() {
        let segments = [(0x100u32, vec![1, 2, 3]), (0x10_0000, vec![4; 100])];
        let segments = segments.map(|(address, bytes)| Segment { address, bytes });
        let file = executable(0x10_0004, &segments).expect("it is small");
        let read = object::File::parse(&*file).expect("an ELF file");
        assert_eq!((read.entry(), read.is_little_endian(), read.is_64()), (0x10_0004, false, false));
        let found: Vec<_> = read.segments().map(|segment| (segment.address(), segment.data())).collect();
        let expected: Vec<_> = segments.iter().map(|s| (u64::from(s.address), Ok(&s.bytes[..]))).collect();
        assert_eq!(found, expected);
    }
}
