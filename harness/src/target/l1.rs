//! The L1 kernels: what `ci/l1/kernels.toml` says of each, and where `ci/setup kvm` has put it.
//!
//! Built kernels lie outside the tree, in a cache that all checkouts share, each next to the recipe it was made from. A
//! kernel whose recipe is not what this tree says is a different kernel of the same name, and not used: checkouts with
//! different recipes each find their own.

use crate::problem::{Problem, parse_toml};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The folder of the table, the configurations and the patches, below the project's root.
pub const FOLDER: &str = "ci/l1";

/// The cache, below the user's folder for caches. `ci/l1-build` fills it.
const CACHE: &str = "sprig/l1";

/// A kernel source package, at one version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    package: String,
    version: String,
}

/// A processor's configuration and cross compiler.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flavour {
    name: String,
    config: Vec<String>,
    cross: String,
    /// For the progress that `ci/l1-build` shows.
    #[serde(rename = "minutes")]
    _minutes: u32,
}

/// A kernel: a source, a flavour, a series of patches.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kernel {
    name: String,
    flavour: String,
    source: String,
    patches: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: Vec<Source>,
    flavour: Vec<Flavour>,
    kernel: Vec<Kernel>,
}

/// Why there is no kernel to boot. [`Missing::remedy`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The table cannot be used.
    #[error("{0}")]
    Table(String),
    /// It was never built here.
    #[error("the L1 kernel {name} is not built: it is not in {}", .cache.display())]
    NotBuilt {
        /// Its name.
        name: String,
        /// Where kernels are.
        cache: PathBuf,
    },
    /// What is built was made from another source, configuration or patches than this tree's.
    #[error("the L1 kernel {0} was built from another version of {FOLDER}")]
    Stale(String),
}

impl Missing {
    /// The command that makes it available.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Table(_) => format!("correct {FOLDER}/kernels.toml"),
            Self::NotBuilt { name, .. } | Self::Stale(name) => format!("ci/setup kvm {name}"),
        }
    }
}

/// The table, read.
#[derive(Debug)]
pub struct Kernels {
    folder: PathBuf,
    table: Table,
}

impl Kernels {
    /// Reads the table of the project at `root`.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn load(root: &Path) -> Result<Self, Problem> {
        let folder = root.join(FOLDER);
        let path = folder.join("kernels.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| Problem::of(&path, error.to_string()))?;
        let kernels = Self { table: parse_toml(&path, &text)?, folder };
        for kernel in &kernels.table.kernel {
            kernels.recipe_of(kernel).map_err(|reason| Problem::of(&path, format!("{}: {reason}", kernel.name)))?;
        }
        Ok(kernels)
    }

    /// Their names, in the table's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.table.kernel.iter().map(|kernel| kernel.name.as_str())
    }

    /// The kernel of this name, to boot.
    ///
    /// # Errors
    /// [`Missing`], if it is not in `cache`, or made from something else.
    pub fn find(&self, name: &str, cache: &Path) -> Result<PathBuf, Missing> {
        let recipe = self.recipe(name).map_err(Missing::Table)?;
        let is_made_from = |folder: &PathBuf| std::fs::read(folder.join("recipe")).is_ok_and(|made| made == recipe);
        let asked_for_last = cache.join(name);
        let is_built = asked_for_last.is_dir();
        match std::iter::once(asked_for_last).chain(by_hash(name, cache)).find(is_made_from) {
            Some(folder) => Ok(folder.join("vmlinux")),
            None if is_built => Err(Missing::Stale(name.to_owned())),
            None => Err(Missing::NotBuilt { name: name.to_owned(), cache: cache.to_owned() }),
        }
    }

    /// All that this tree says about a kernel: the text that `ci/l1-build` puts next to it.
    ///
    /// # Errors
    /// What the table lacks, or cannot be read.
    pub fn recipe(&self, name: &str) -> Result<Vec<u8>, String> {
        let kernel = self.table.kernel.iter().find(|kernel| kernel.name == name);
        self.recipe_of(kernel.ok_or_else(|| format!("there is no L1 kernel {name}"))?)
    }

    fn recipe_of(&self, kernel: &Kernel) -> Result<Vec<u8>, String> {
        let source = self.table.source.iter().find(|source| source.name == kernel.source);
        let flavour = self.table.flavour.iter().find(|flavour| flavour.name == kernel.flavour);
        let source = source.ok_or_else(|| format!("there is no source {}", kernel.source))?;
        let flavour = flavour.ok_or_else(|| format!("there is no flavour {}", kernel.flavour))?;
        let (name, cross) = (&kernel.name, &flavour.cross);
        let mut recipe =
            format!("kernel {name}\nsource {} {}\ncross {cross}\n", source.package, source.version).into_bytes();
        let patches = kernel.patches.iter().map(|patch| Path::new("patches").join(patch));
        for file in flavour.config.iter().map(PathBuf::from).chain(patches) {
            let text =
                std::fs::read(self.folder.join(&file)).map_err(|error| format!("{}: {error}", file.display()))?;
            recipe.extend(text);
        }
        Ok(recipe)
    }
}

/// The folders of what was ever built by this name, and of other names that begin with it, in the order of their names.
fn by_hash(name: &str, cache: &Path) -> Vec<PathBuf> {
    let prefix = format!("{name}-");
    let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    let mut folders: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

/// Where `ci/l1-build` puts kernels, for a user with such an environment.
#[must_use]
pub fn cache(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> PathBuf {
    let named = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache"))).unwrap_or_default().join(CACHE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;
    use std::collections::BTreeSet;
    use std::process::Command;

    fn kernels() -> Kernels {
        Kernels::load(&project::root()).expect("the table is right")
    }

    /// A cache with one kernel in it, made from `recipe`.
    fn cache_with(name: &str, recipe: &[u8]) -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        put(cache.path(), name, recipe);
        cache
    }

    fn put(cache: &Path, folder: &str, recipe: &[u8]) {
        std::fs::create_dir(cache.join(folder)).unwrap();
        std::fs::write(cache.join(folder).join("recipe"), recipe).unwrap();
    }

    #[test]
    fn a_kernel_is_found_by_its_recipe() {
        let kernels = kernels();
        let name = kernels.names().next().unwrap();
        let recipe = kernels.recipe(name).unwrap();
        let cache = cache_with(name, &recipe);
        assert_eq!(kernels.find(name, cache.path()), Ok(cache.path().join(name).join("vmlinux")));
    }

    #[test]
    fn a_kernel_of_another_recipe_is_stale() {
        let kernels = kernels();
        let name = kernels.names().next().unwrap();
        let mut recipe = kernels.recipe(name).unwrap();
        recipe.push(b'\n');
        let missing = kernels.find(name, cache_with(name, &recipe).path()).unwrap_err();
        assert_eq!(missing, Missing::Stale(name.to_owned()));
        assert_eq!(missing.remedy(), format!("ci/setup kvm {name}"));
    }

    #[test]
    fn what_another_checkout_has_built_by_the_name_since_does_not_hide_ours() {
        let kernels = kernels();
        let name = kernels.names().next().unwrap();
        let cache = cache_with(name, b"of another checkout");
        let (theirs, ours) = (format!("{name}-0123"), format!("{name}-4567"));
        put(cache.path(), &theirs, b"of another checkout");
        put(cache.path(), &ours, &kernels.recipe(name).unwrap());
        assert_eq!(kernels.find(name, cache.path()), Ok(cache.path().join(ours).join("vmlinux")));
    }

    #[test]
    fn a_kernel_that_is_not_there_is_not_built() {
        let kernels = kernels();
        let name = kernels.names().next().unwrap();
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(
            kernels.find(name, cache.path()),
            Err(Missing::NotBuilt { name: name.to_owned(), cache: cache.path().to_owned() })
        );
    }

    #[test]
    fn the_builder_makes_kernels_from_the_same_recipes() {
        let kernels = kernels();
        for name in kernels.names() {
            let output = Command::new(project::root().join("ci/l1-build")).args(["recipe", name]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.stdout, kernels.recipe(name).unwrap(), "{name}");
        }
    }

    #[test]
    fn every_source_flavour_configuration_and_patch_is_used() {
        let kernels = kernels();
        let table = &kernels.table;
        let used: BTreeSet<_> = table.kernel.iter().flat_map(|kernel| &kernel.patches).map(String::as_str).collect();
        let folder = kernels.folder.join("patches");
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            assert!(used.contains(file.as_str()), "no kernel has {file}");
        }
        for entry in std::fs::read_dir(&kernels.folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let named = table.flavour.iter().any(|flavour| flavour.config.contains(&file));
            assert!(named || !file.ends_with(".config"), "no flavour has {file}");
        }
        for Source { name, .. } in &table.source {
            assert!(table.kernel.iter().any(|kernel| kernel.source == *name), "no kernel of source {name}");
        }
        for Flavour { name, .. } in &table.flavour {
            assert!(table.kernel.iter().any(|kernel| kernel.flavour == *name), "no kernel of flavour {name}");
        }
    }

    /// What `ci/l1-mutants` and its reader rely on.
    #[test]
    fn every_mutant_says_what_it_is_and_how_it_ended() {
        let table = std::fs::read_to_string(project::root().join("docs/mutants-l1.md")).unwrap();
        // Two kernels may have the same one.
        let mut rows: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let Kernels { folder, table } = kernels();
        let entries = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let kernels: Vec<PathBuf> = entries(&folder.join("mutants"));
        let has_row = |path: &PathBuf| table.kernel.iter().any(|kernel| path.ends_with(&kernel.name));
        assert!(kernels.iter().all(has_row), "{kernels:?}: a folder for a kernel");
        for path in kernels.iter().flat_map(|kernel: &PathBuf| -> Vec<PathBuf> { entries(kernel) }) {
            let (name, text) = (path.file_stem().unwrap().to_string_lossy(), std::fs::read_to_string(&path).unwrap());
            let (head, change) = text.split_once("\n---\n").unwrap();
            for line in ["Subject: [PATCH] MUTANT: ", "SPDX-License-Identifier: GPL-2.0-only", "Shown-by: "] {
                assert!(head.lines().any(|found| found.starts_with(line)), "{name}: {line}");
            }
            let mut files = change.lines().filter_map(|line| line.strip_prefix("+++ b/"));
            let kvm = ["arch/powerpc/kvm/", "arch/powerpc/include/asm/kvm_"];
            assert!(files.all(|file| kvm.iter().any(|start| file.starts_with(start))), "{name}: a bug in KVM");
            let row = rows.iter().position(|row| *row == name);
            rows.swap_remove(row.unwrap_or_else(|| panic!("docs/mutants-l1.md has no row of {name}")));
        }
        assert!(rows.is_empty(), "docs/mutants-l1.md has rows of no mutant: {rows:?}");
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let with = |cache: Option<&'static str>| {
            super::cache(move |name| match name {
                "XDG_CACHE_HOME" => cache.map(Into::into),
                _ => Some("/home/me".into()),
            })
        };
        assert_eq!(with(Some("/c")), Path::new("/c/sprig/l1"));
        assert_eq!(with(Some("")), Path::new("/home/me/.cache/sprig/l1"));
        assert_eq!(with(None), Path::new("/home/me/.cache/sprig/l1"));
    }
}
