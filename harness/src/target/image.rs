//! The guest images, one ELF for each platform, and the VMM, as recorded in golden/guest.
//!
//! They are part of this program, so that an installed sprig needs no file beside it. Fresh ones, as ci/guest-build makes
//! them, are used instead where a folder is named.

use std::borrow::Cow;
use std::path::PathBuf;

/// Names a folder whose images are used instead of the recorded ones.
pub const FOLDER_VARIABLE: &str = "SPRIG_GUEST_DIR";

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
    };
}

images! {
    BOARD = "board", "For the minimal board of the reference hypervisor and the VMM.";
    PPCE500 = "ppce500", "For QEMU's ppce500.";
    BAMBOO = "bamboo", "For QEMU's bamboo.";
    MAC = "mac", "For QEMU's Power Macintosh machines.";
    MAC_OPENBIOS = "mac-openbios", "For the same machines, started by OpenBIOS.";
    PSERIES = "pseries", "For QEMU's pseries.";
    VMM = "vmm", "No guest, but the VMM that runs the board's under KVM.";
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
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Image").field(&self.name).finish()
    }
}
