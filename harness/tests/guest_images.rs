//! The guest images in golden/guest, and the VMM, are what the sources build with the recorded toolchain, byte for byte.
//!
//! Builds them with ci/guest-build, or takes the folder that SPRIG_GUEST_DIR names as built. Where there is no compiler
//! for the guest the trials are listed as ignored, with the reason.
//!
//! To record what this machine builds: UPDATE_GOLDENFILES=1 cargo test --test guest_images

use goldenfile::Mint;
use libtest_mimic::{Arguments, Failed, Trial};
use object::{Architecture, Endianness, Object};
use sprig::{project, target::image};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// Whatever the guest build gives, one file each.
const IMAGES: &[(&str, Kind)] = &[
    ("board", Kind::BIG_32),
    ("ppce500", Kind::BIG_32),
    ("bamboo", Kind::BIG_32),
    ("mac", Kind::BIG_32),
    ("mac-openbios", Kind::BIG_32),
    ("pseries", Kind::BIG_32),
    ("board-64", Kind::BIG_64),
    ("board-64le", Kind::LITTLE_64),
    ("pseries-64", Kind::BIG_64),
    ("pseries-64le", Kind::LITTLE_64),
    ("vmm", Kind::BIG_32),
];
/// Which toolchain built them.
const TOOLCHAIN: &str = "toolchain";
/// No image is larger, bytes.
const LARGEST: usize = 64 * 1024;
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
}

/// The folder of fresh images, built when the first trial wants one.
type Fresh = Arc<LazyLock<Result<Built, String>, Box<dyn FnOnce() -> Result<Built, String> + Send>>>;

struct Built {
    folder: PathBuf,
    /// Removes the folder in the end, unless it was there before.
    _temporary: Option<tempfile::TempDir>,
}

fn main() {
    let arguments = Arguments::from_args();
    let builder = project::root().join("ci").join("guest-build");
    let given = std::env::var_os(image::FOLDER_VARIABLE).map(PathBuf::from);
    let missing = if given.is_some() { None } else { no_compiler(&builder) };
    let fresh: Fresh = Arc::new(LazyLock::new(Box::new(move || match given {
        Some(folder) => Ok(Built { folder, _temporary: None }),
        None => build(&builder).map_err(|error| error.to_string()),
    })));
    let mut trials = Vec::new();
    for (name, kind) in IMAGES {
        let fresh = Arc::clone(&fresh);
        trials.push(Trial::test(format!("guest::{name}"), move || same_bytes(&fresh, name, *kind)));
    }
    let trials = trials.into_iter().map(|trial| match &missing {
        Some(reason) => trial.with_ignored_flag(true).with_kind(reason.clone()),
        None => trial,
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

fn build(builder: &Path) -> Result<Built, Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path().to_path_buf();
    duct::cmd!(builder, &folder).stderr_capture().run()?;
    Ok(Built { folder, _temporary: Some(temporary) })
}

fn same_bytes(fresh: &Fresh, name: &str, kind: Kind) -> Result<(), Failed> {
    let built = fresh.as_ref().as_ref().map_err(Failed::from)?;
    let recorded = project::root().join("golden").join("guest");
    let bytes = fs::read(built.folder.join(name).with_extension("elf"))?;
    is_a_small_image(&bytes, kind)?;
    let toolchain = fs::read_to_string(built.folder.join(TOOLCHAIN))?;
    let updating = std::env::var_os("UPDATE_GOLDENFILES").is_some();
    let expected = fs::read_to_string(recorded.join(TOOLCHAIN))?;
    if toolchain != expected && !updating {
        return Err(Failed::from(format!(
            "this machine builds guests with\n{toolchain}golden/guest was recorded with\n{expected}record it anew: {RECORD}"
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
        "the sources build another image than {}: {} bytes instead of {}, different from byte {same:#x} on; if that is meant: {RECORD}",
        recorded.display(),
        new.len(),
        old.len(),
    );
}

fn is_a_small_image(bytes: &[u8], kind: Kind) -> Result<(), Failed> {
    if bytes.len() >= LARGEST {
        return Err(Failed::from(format!("{} bytes, but an image has less than {LARGEST}", bytes.len())));
    }
    let file = object::File::parse(bytes).map_err(|error| Failed::from(error.to_string()))?;
    let found = Kind { architecture: file.architecture(), endianness: file.endianness() };
    if found != kind {
        return Err(Failed::from(format!("it is for {found:?}, not for {kind:?}")));
    }
    Ok(())
}
