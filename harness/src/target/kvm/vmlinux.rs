//! What is no kernel that QEMU can boot. QEMU says of it no more than that it cannot load it, or loads it and waits for
//! what never comes.

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use std::fs::File;
use std::io::Read;
use std::mem::offset_of;
use std::path::Path;

/// The header of a file and those of its segments are within so many bytes.
const HEADERS: u64 = 64 << 10;
/// What `gzip` begins with, and a uImage of U-Boot (include/image.h, IH_MAGIC), which QEMU loads too.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const UIMAGE: [u8; 4] = [0x27, 0x05, 0x19, 0x56];

/// Why an image is no kernel for a PowerPC host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is for another architecture, as of a build for this machine.
    Foreign,
    /// It is for CPUs of the other width.
    OtherWidth,
    /// It is packed.
    Compressed,
    /// It is no program.
    NoElf,
    /// Something of it is missing.
    Truncated,
}

impl Unfit {
    /// What is wrong with the file, as the end of a sentence that begins with its name.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Foreign => "is built for another architecture than PowerPC",
            Self::OtherWidth => "is built for CPUs of the other width, 32 or 64 bits, than this target's host has",
            Self::Compressed => "is compressed",
            Self::NoElf => "is no kernel: it is neither an ELF file nor a uImage",
            Self::Truncated => "is damaged: not all of its segments are in the file",
        }
    }

    /// What to do.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::Foreign => "name the vmlinux of a build with ARCH=powerpc",
            Self::OtherWidth => "name the vmlinux of a build for this host: ci/l1 has a configuration for each",
            Self::Compressed | Self::NoElf => "name the vmlinux of a build",
            Self::Truncated => "name a vmlinux that is whole",
        }
    }
}

/// Why QEMU cannot boot this on a host of this width, if that shows. What cannot be read is somebody else's to report.
pub(super) fn unfit(image: &Path, is_64bit: bool) -> Option<Unfit> {
    let file = File::open(image).ok()?;
    let size = file.metadata().ok()?.len();
    let mut head = Vec::new();
    file.take(HEADERS).read_to_end(&mut head).ok()?;
    if head.starts_with(&UIMAGE) {
        return None;
    }
    if !head.starts_with(&elf::ELFMAG) {
        return Some(if head.starts_with(&GZIP) { Unfit::Compressed } else { Unfit::NoElf });
    }
    if machine(&head).is_some_and(|machine| ![elf::EM_PPC, elf::EM_PPC64].contains(&machine)) {
        return Some(Unfit::Foreign);
    }
    let width = if is_64bit { elf::ELFCLASS64 } else { elf::ELFCLASS32 };
    if head.get(offset_of!(elf::Ident, class)).is_some_and(|class| *class != width.0) {
        return Some(Unfit::OtherWidth);
    }
    let end = end::<FileHeader32<Endianness>>(&head).or_else(|| end::<FileHeader64<Endianness>>(&head));
    let is_whole = end.is_some_and(|end| (1..=size).contains(&end));
    (!is_whole).then_some(Unfit::Truncated)
}

/// What machine an ELF file is for: at the same place in each class.
fn machine(head: &[u8]) -> Option<elf::Machine> {
    const MACHINE: usize = offset_of!(FileHeader32<Endianness>, e_machine);
    let bytes = *head.get(MACHINE..)?.first_chunk()?;
    let is_little = elf::DataEncoding(*head.get(offset_of!(elf::Ident, data))?) == elf::ELFDATA2LSB;
    Some(elf::Machine(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }))
}

/// Where the last segment of an ELF file of this class ends.
fn end<E: FileHeader<Endian = Endianness>>(head: &[u8]) -> Option<u64> {
    let header = E::parse(head).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, head).ok()?;
    let end =
        |segment: &E::ProgramHeader| segment.p_offset(endian).into().saturating_add(segment.p_filesz(endian).into());
    let in_file = |segment: &&E::ProgramHeader| segment.p_filesz(endian).into() != 0;
    segments.iter().filter(in_file).map(end).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel of the reference's guest is as good a program as any.
    fn program() -> Vec<u8> {
        std::fs::read(crate::project::root().join("golden/guest/ppce500.elf")).expect("it is there")
    }

    fn of(bytes: &[u8]) -> Option<Unfit> {
        on_host(bytes, false)
    }

    fn on_host(bytes: &[u8], is_64bit: bool) -> Option<Unfit> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let image = folder.path().join("vmlinux");
        std::fs::write(&image, bytes).expect("it is ours");
        unfit(&image, is_64bit)
    }

    #[test]
    fn a_program_for_powerpc_is_fit_and_so_is_a_uimage() {
        assert_eq!(of(&program()), None);
        assert_eq!(of(&[&UIMAGE[..], b"anything"].concat()), None);
    }

    #[test]
    fn a_program_of_the_other_width_is_told_apart() {
        let wide = std::fs::read(crate::project::root().join("golden/guest/vmm-64le.elf")).expect("it is there");
        assert_eq!([on_host(&wide, true), on_host(&wide, false)], [None, Some(Unfit::OtherWidth)]);
        assert_eq!(on_host(&program(), true), Some(Unfit::OtherWidth));
    }

    #[test]
    fn what_qemu_would_say_little_about_is_told_apart() {
        let program = program();
        let mut foreign = program.clone();
        let machine = offset_of!(FileHeader32<Endianness>, e_machine);
        foreign[machine..machine + 2].copy_from_slice(&[0, 62]);
        // The header of the file, and half of one of a segment's.
        let zeros = [&program[..64], &[0; 4096]].concat();
        let cases = [
            (&foreign[..], Unfit::Foreign),
            (&[0x1f, 0x8b, 8, 0], Unfit::Compressed),
            (b"a text", Unfit::NoElf),
            (b"", Unfit::NoElf),
            (&program[..60], Unfit::Truncated),
            (&program[..program.len() / 2], Unfit::Truncated),
            (&zeros, Unfit::Truncated),
        ];
        for (index, (bytes, expected)) in cases.into_iter().enumerate() {
            assert_eq!(of(bytes), Some(expected), "case {index}");
        }
    }
}
