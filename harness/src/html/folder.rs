//! The folder that the pages are in.

use super::{Matrix, pages};
use crate::script::Script;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that only a report has: a folder with it may be written again.
const MARK: &str = ".sprig-report";
/// What else a report has in its folder.
const INDEX: &str = "index.html";
const STYLE: &str = "style.css";
const RULES: &str = "rules";
const CASES: &str = "cases";

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It is somebody's folder.
    #[error("{0} is not empty, and no earlier report")]
    NotOurs(PathBuf),
    /// It, or a file in it, cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Writes a report. The folder is created, or must be empty or an earlier report, which is replaced.
///
/// # Errors
/// [`WriteError`].
pub fn write(folder: &Path, matrix: &Matrix<'_>) -> Result<(), WriteError> {
    claim(folder)?;
    clear(folder)?;
    put(folder, STYLE, include_str!("style.css"))?;
    for rule in matrix.suite.rules.iter() {
        put(folder, &format!("{RULES}/{}.html", rule.id), &pages::rule(matrix, rule).into_string())?;
    }
    for script in matrix.suite.scripts.iter().filter(|script| has_run(matrix, script)) {
        if let Some(name) = pages::script_name(script) {
            put(folder, &format!("{CASES}/{name}.html"), &pages::script(matrix, script, name).into_string())?;
        }
    }
    // Last: whoever finds it finds the others.
    put(folder, INDEX, &pages::index(matrix).into_string())
}

fn has_run(matrix: &Matrix<'_>, script: &Script) -> bool {
    script.instances().iter().any(|instance| matrix.on(instance.name()).next().is_some())
}

/// Makes the folder a report's, without a change to an earlier one: what cannot be written shows before the run.
///
/// # Errors
/// [`WriteError`].
pub fn claim(folder: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let is_empty = fs::read_dir(folder).map_err(failed(folder))?.next().is_none();
    if !is_empty && !folder.join(MARK).is_file() {
        return Err(WriteError::NotOurs(folder.to_path_buf()));
    }
    put(folder, MARK, "")
}

/// Takes an earlier report away.
fn clear(folder: &Path) -> Result<(), WriteError> {
    for part in [INDEX, STYLE, RULES, CASES].map(|part| folder.join(part)) {
        let removed = if part.is_dir() { fs::remove_dir_all(&part) } else { fs::remove_file(&part) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&part)(error)),
            _ => {}
        }
    }
    Ok(())
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), WriteError> {
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
    written.map_err(failed(&path))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    move |error| WriteError::Write { path, error }
}
