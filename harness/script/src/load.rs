//! Scripts from files.

use super::{Diagnostics, Script, limit, read, source};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file could not be made a script.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It is not a script.
    #[error(transparent)]
    Script(#[from] Diagnostics),
}

/// Scripts of a tree of folders.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Those without a mistake, by name.
    pub scripts: Vec<Script>,
    /// What is wrong with the others, by path.
    pub errors: Vec<LoadError>,
}

/// The extension of script files.
const EXTENSION: &str = "probe";

/// Reads one file; it may cite these rules, or any if they are not known.
///
/// # Errors
/// [`LoadError`] where it cannot be read or is not a script.
pub fn load_file(path: &Path, rules: Option<&[&str]>) -> Result<Script, LoadError> {
    // What is too large for a script may have no end.
    let most = limit::SOURCE_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| LoadError::Io { path: path.to_owned(), error })?;
    Ok(read(source(path, bytes)?, rules)?)
}

/// Reads every `*.probe` file below a folder, as [`load_file`] does. Symbolic links to folders are not followed.
#[must_use]
pub fn load(folder: &Path, rules: Option<&[&str]>) -> Loaded {
    let mut loaded = Loaded::default();
    let mut files = Vec::new();
    collect(folder, &mut files, &mut loaded.errors);
    files.sort();
    for file in files {
        match load_file(&file, rules) {
            Ok(script) => loaded.scripts.push(script),
            Err(error) => loaded.errors.push(error),
        }
    }
    loaded.scripts.sort_by(|a, b| a.name().cmp(b.name()));
    loaded
}

/// Reads the one script with this name below a folder, as [`load`] reads them all.
#[must_use]
pub fn load_one(folder: &Path, name: &str, rules: Option<&[&str]>) -> Loaded {
    match load_file(&folder.join(format!("{name}.{EXTENSION}")), rules) {
        Ok(script) => Loaded { scripts: vec![script], errors: Vec::new() },
        Err(error) => Loaded { scripts: Vec::new(), errors: vec![error] },
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, errors: &mut Vec<LoadError>) {
    let mut failed = |path: &Path, error| errors.push(LoadError::Io { path: path.to_owned(), error });
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return failed(folder, error),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let found = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
        match found {
            Err(error) => failed(folder, error),
            Ok((path, kind)) if kind.is_dir() => folders.push(path),
            Ok((path, _)) if path.extension().is_some_and(|extension| extension == EXTENSION) => files.push(path),
            Ok(_) => {}
        }
    }
    folders.sort();
    for folder in folders {
        collect(&folder, files, errors);
    }
}
