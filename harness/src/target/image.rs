//! The guest images, one ELF for each platform, and the VMM, as recorded in golden/guest.
//!
//! They are part of this program, so that an installed sprig needs no other file. Fresh ones, as ci/guest-build makes
//! them, are used instead where a folder is named.

use crate::project;
use object::{Object, ObjectSegment};
use std::borrow::Cow;
use std::path::PathBuf;

/// Names a folder whose images are used instead of the recorded ones.
pub const FOLDER_VARIABLE: &str = "SPRIG_GUEST_DIR";

/// Where ci/guest-build leaves the images with symbols, below cargo's target folder: a folder for each compiler target.
const SYMBOLS: &str = "guest";

/// An image that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the guest image {path}: {error}")]
pub struct ImageError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub error: std::io::Error,
}

/// A platform's guest image.
#[derive(Clone, Copy)]
pub struct Image {
    /// The platform: the name of the file without `.elf`.
    pub name: &'static str,
    recorded: &'static [u8],
}

macro_rules! images {
    ($($constant:ident = $name:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: Image = Image {
                name: $name,
                recorded: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../golden/guest/", $name, ".elf")),
            };
        )*

        /// All there are, whatever is made of them.
        pub static ALL: &[Image] = &[$($constant),*];
    };
}

images! {
    BOARD = "board", "For the minimal board of the reference hypervisor and the VMM.";
    BOARD_64 = "board-64", "The same, 64-bit big-endian.";
    BOARD_64LE = "board-64le", "The same, 64-bit little-endian.";
    PPCE500 = "ppce500", "For QEMU's ppce500.";
    BAMBOO = "bamboo", "For QEMU's bamboo.";
    MAC = "mac", "For QEMU's Power Macintosh machines.";
    MAC_OPENBIOS = "mac-openbios", "For the same machines, started by OpenBIOS.";
    PSERIES = "pseries", "For QEMU's pseries.";
    PSERIES_64 = "pseries-64", "The same, 64-bit big-endian.";
    PSERIES_64LE = "pseries-64le", "The same, 64-bit little-endian.";
    VMM = "vmm", "No guest, but the VMM that runs the board's under KVM.";
    VMM_64LE = "vmm-64le", "The same for 64-bit little-endian hosts.";
}

impl Image {
    /// Its bytes.
    ///
    /// # Errors
    /// [`ImageError`] where a folder is named in [`FOLDER_VARIABLE`] and does not have it.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, ImageError> {
        let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return Ok(Cow::Borrowed(self.recorded)) };
        let path = PathBuf::from(folder).join(self.name).with_extension("elf");
        std::fs::read(&path).map(Cow::Owned).map_err(|error| ImageError { path, error })
    }

    /// What the end of its name says it was built for (guest-kernel/targets).
    #[must_use]
    pub fn compiler_target(&self) -> &'static str {
        match self.name.rsplit_once('-') {
            Some((_, "64")) => "powerpc64-sprig",
            Some((_, "64le")) => "powerpc64le-sprig",
            _ => "powerpc-sprig",
        }
    }

    /// The same with symbols, where ci/guest-build has left it: if what is loaded of it is what is loaded of the image.
    #[must_use]
    pub fn with_symbols(&self) -> Option<PathBuf> {
        let folder = project::scratch().parent()?.join(SYMBOLS).join(self.compiler_target()).join("release");
        let path = folder.join(self.name).with_extension("debug");
        is_same_program(&std::fs::read(&path).ok()?, &self.bytes().ok()?).then_some(path)
    }
}

/// True if two ELF files put the same bytes into memory.
fn is_same_program(one: &[u8], other: &[u8]) -> bool {
    let [one, other] = [one, other].map(object::File::parse);
    let (Ok(one), Ok(other)) = (one, other) else { return false };
    one.segments()
        .map(|part| (part.address(), part.data().ok()))
        .eq(other.segments().map(|part| (part.address(), part.data().ok())))
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Image").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_by_what_is_loaded_of_it() {
        let board = BOARD.bytes().expect("an image");
        assert!(is_same_program(&board, &board));
        assert!(!is_same_program(&board, &PPCE500.bytes().expect("an image")));
        assert!(!is_same_program(&board, b"no program") && !is_same_program(b"", b""));
    }
}
