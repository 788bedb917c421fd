//! The guest images in golden/guest, and the VMM, are what the sources build with the recorded toolchain, byte for
//! byte.
//!
//! Builds them with ci/guest-build, or takes the folder that SPRIG_GUEST_DIR names as built. Where there is no compiler
//! for the guest the trials are listed as ignored, with the reason.
//!
//! To record what this machine builds: UPDATE_GOLDENFILES=1 cargo test --test guest_images

use goldenfile::Mint;
use libtest_mimic::{Arguments, Failed, Trial};
use object::{Architecture, Endianness, Object};
use sprig::project;
use sprig::target::image::{self, Image};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Which toolchain built them.
const TOOLCHAIN: &str = "toolchain";
/// No guest kernel is larger, bytes: what it takes of the guest's memory its cases do not have.
const LARGEST: usize = 64 * 1024;
/// The VMM is a Linux program, and its host has memory enough: a limit that says when it has grown to something else
/// than it is.
const LARGEST_VMM: usize = 128 * 1024;
/// What the VMM's images are called, by the beginning.
const VMM: &str = "vmm";
const RECORD: &str = "UPDATE_GOLDENFILES=1 cargo test --test guest_images";

/// What an image is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    architecture: Architecture,
    endianness: Endianness,
}

impl Kind {
    const BIG_32: Self = Self { architecture: Architecture::PowerPc, endianness: Endianness::Big };
    const BIG_64: Self = Self { architecture: Architecture::PowerPc64, endianness: Endianness::Big };
    const LITTLE_64: Self = Self { architecture: Architecture::PowerPc64, endianness: Endianness::Little };

    fn of(image: &Image) -> Result<Self, Failed> {
        match image.compiler_target() {
            "powerpc-sprig" => Ok(Self::BIG_32),
            "powerpc64-sprig" => Ok(Self::BIG_64),
            "powerpc64le-sprig" => Ok(Self::LITTLE_64),
            other => Err(Failed::from(format!("what {other} is for is not known here"))),
        }
    }
}

/// The folder of a fresh image.
struct Built {
    folder: PathBuf,
    /// Removes the folder in the end, unless it was there before.
    _temporary: Option<TempDir>,
}

fn main() {
    let arguments = Arguments::from_args();
    let builder = project::root().join("ci").join("guest-build");
    let given = std::env::var_os(image::FOLDER_VARIABLE).map(PathBuf::from);
    let missing = if given.is_some() { None } else { no_compiler(&builder) };
    let trials = image::ALL.iter().map(|image| {
        let (builder, given) = (builder.clone(), given.clone());
        let trial = Trial::test(format!("guest::{}", image.name), move || {
            let built = match given {
                Some(folder) => Built { folder, _temporary: None },
                None => build(&builder, image).map_err(|error| error.to_string())?,
            };
            same_bytes(&built.folder, image)
        });
        match &missing {
            Some(reason) => trial.with_ignored_flag(true).with_kind(reason.clone()),
            None => trial,
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Why there is no compiler for the guest here, if there is none.
fn no_compiler(builder: &Path) -> Option<String> {
    let run = duct::cmd!(builder, "toolchain").stderr_to_stdout().stdout_capture().unchecked().run();
    match run {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(error) => Some(format!("{}: {error}", builder.display())),
    }
}

/// Builds one image, so that a trial costs no more where each is a process; the builder lets one at a time have the
/// target folder.
fn build(builder: &Path, image: &Image) -> Result<Built, Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().to_path_buf();
    let output = duct::cmd!(builder, &folder, image.name).stderr_to_stdout().stdout_capture().unchecked().run()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into());
    }
    Ok(Built { folder, _temporary: Some(temporary) })
}

fn same_bytes(folder: &Path, image: &Image) -> Result<(), Failed> {
    let name = image.name;
    let recorded = project::root().join("golden").join("guest");
    let bytes = fs::read(folder.join(name).with_extension("elf"))?;
    let largest = if name.starts_with(VMM) { LARGEST_VMM } else { LARGEST };
    is_a_small_image(&bytes, Kind::of(image)?, largest)?;
    let toolchain = fs::read_to_string(folder.join(TOOLCHAIN))?;
    let updating = std::env::var_os("UPDATE_GOLDENFILES").is_some();
    let expected = fs::read_to_string(recorded.join(TOOLCHAIN))?;
    if toolchain != expected && !updating {
        return Err(Failed::from(format!(
            "this machine builds guests with\n{toolchain}golden/guest was recorded with\n{expected}record it again: \
                {RECORD}"
        )));
    }
    // Everything is at hand by now: a mint that is dropped half-way would record half an image.
    let mut mint = Mint::new(&recorded);
    mint.new_goldenfile_with_differ(format!("{name}.elf"), Box::new(differ))?.write_all(&bytes)?;
    mint.new_goldenfile(TOOLCHAIN)?.write_all(toolchain.as_bytes())?;
    Ok(())
}

fn differ(recorded: &Path, fresh: &Path) {
    let (Ok(old), Ok(new)) = (fs::read(recorded), fs::read(fresh)) else {
        panic!("no recorded image {}: {RECORD}", recorded.display());
    };
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    assert!(
        old == new,
        "the sources build another image than {}: {} bytes instead of {}, different from byte {same:#x} on; if that is \
            meant: {RECORD}",
        recorded.display(),
        new.len(),
        old.len(),
    );
}

fn is_a_small_image(bytes: &[u8], kind: Kind, largest: usize) -> Result<(), Failed> {
    if bytes.len() >= largest {
        return Err(Failed::from(format!("{} bytes, but this one has less than {largest}", bytes.len())));
    }
    let file = object::File::parse(bytes).map_err(|error| Failed::from(error.to_string()))?;
    let found = Kind { architecture: file.architecture(), endianness: file.endianness() };
    if found != kind {
        return Err(Failed::from(format!("it is for {found:?}, not for {kind:?}")));
    }
    Ok(())
}
