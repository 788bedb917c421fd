//! The host's root file system: the VMM as first process, guest image and batch, and the two devices it needs. An
//! archive that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst).

use cpio::newc::{Builder, ModeFileType};
use std::io::{self, Write};

/// The files of a session. Their names are the VMM's (harness/vmm/src/main.rs).
#[derive(Clone, Copy, Debug)]
pub(super) struct Contents<'a> {
    pub(super) vmm: &'a [u8],
    pub(super) guest: &'a [u8],
    pub(super) batch: &'a [u8],
}

/// What an entry is.
enum Kind<'a> {
    Folder,
    Program(&'a [u8]),
    File(&'a [u8]),
    /// A character device with its numbers (Documentation/admin-guide/devices.txt).
    Device(u32, u32),
}

/// The archive.
pub(super) fn archive(contents: &Contents<'_>) -> io::Result<Vec<u8>> {
    let entries = [
        ("dev", Kind::Folder),
        ("dev/console", Kind::Device(5, 1)),
        ("dev/kvm", Kind::Device(10, 232)),
        ("init", Kind::Program(contents.vmm)),
        ("guest.elf", Kind::File(contents.guest)),
        ("batch", Kind::File(contents.batch)),
    ];
    let mut archive = Vec::new();
    for (number, (name, kind)) in (1..).zip(entries) {
        let (kind, permissions, device, data) = match kind {
            Kind::Folder => (ModeFileType::Directory, 0o755, (0, 0), &[][..]),
            Kind::Program(data) => (ModeFileType::Regular, 0o755, (0, 0), data),
            Kind::File(data) => (ModeFileType::Regular, 0o644, (0, 0), data),
            Kind::Device(major, minor) => (ModeFileType::Char, 0o600, (major, minor), &[][..]),
        };
        let entry = Builder::new(name).ino(number).mode(permissions).set_mode_file_type(kind);
        let entry = entry.rdev_major(device.0).rdev_minor(device.1);
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        let mut writer = entry.write(&mut archive, length);
        writer.write_all(data)?;
        writer.finish()?;
    }
    cpio::newc::trailer(&mut archive)?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpio::newc::Reader;
    use std::io::Read;

    #[test]
    fn the_host_finds_its_first_process_its_devices_and_the_files() {
        let contents = Contents { vmm: b"program", guest: b"guest", batch: b"" };
        let archive = archive(&contents).expect("memory takes it");
        assert!(archive.len().is_multiple_of(4), "the kernel reads words");
        let (mut rest, mut found) = (&archive[..], Vec::new());
        loop {
            let mut reader = Reader::new(rest).expect("an entry");
            if reader.entry().is_trailer() {
                break;
            }
            let mut data = String::new();
            reader.read_to_string(&mut data).expect("text");
            let entry = reader.entry();
            let device = (entry.rdev_major(), entry.rdev_minor());
            found.push((entry.name().to_owned(), entry.mode(), device, data));
            rest = reader.finish().expect("the next entry");
        }
        let entry = |name: &str, mode, device, data: &str| (name.to_owned(), mode, device, data.to_owned());
        let expected = [
            entry("dev", 0o040_755, (0, 0), ""),
            entry("dev/console", 0o020_600, (5, 1), ""),
            entry("dev/kvm", 0o020_600, (10, 232), ""),
            entry("init", 0o100_755, (0, 0), "program"),
            entry("guest.elf", 0o100_644, (0, 0), "guest"),
            entry("batch", 0o100_644, (0, 0), ""),
        ];
        assert_eq!(found, expected);
    }
}
