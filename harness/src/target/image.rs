//! The guest images: one ELF for each platform, as recorded in golden/guest, or fresh from ci/guest-build.

use crate::project;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The platform: the name of the file without `.elf`.
    pub name: &'static str,
}

impl Image {
    /// Its bytes.
    ///
    /// # Errors
    /// [`ImageError`] where it cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>, ImageError> {
        let folder = std::env::var_os(FOLDER_VARIABLE)
            .map_or_else(|| project::root().join("golden").join("guest"), PathBuf::from);
        let path = folder.join(self.name).with_extension("elf");
        std::fs::read(&path).map_err(|error| ImageError { path, error })
    }
}
