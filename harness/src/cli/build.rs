//! A build that is tried: another kernel, QEMU or firmware in the place of a target's own.

use super::args;
use super::error::Error;
use super::run::here;
use crate::report::named;
use crate::target::{self, Availability, Part, Target};
use std::path::Path;
use std::sync::Arc;

impl args::Build {
    /// The part that was built, and the file; none if the target is to be as it is.
    pub(super) fn part(&self) -> Option<(Part, &Path)> {
        match (&self.kernel, &self.qemu, &self.firmware) {
            (Some(path), _, _) => Some((Part::Kernel, path)),
            (_, Some(path), _) => Some((Part::Qemu, path)),
            (_, _, Some(path)) => Some((Part::Firmware, path)),
            (None, None, None) => None,
        }
    }

    /// The target with what was built, or as it is. It can run here.
    pub(super) fn instead(&self, target: Arc<dyn Target>) -> Result<Arc<dyn Target>, Error> {
        match self.part() {
            Some((part, path)) => built(&*target, part, path),
            None => here(target),
        }
    }

    /// The command line that does something (`sprig gate`) to a case on the target with the build again.
    pub(super) fn again(&self, command: &str, case: &str, target: &str) -> String {
        let words = [case, "--target", target].map(str::to_owned).into_iter().chain(self.words());
        format!("{command} {}", shell_words::join(words))
    }

    /// What names the build on a command line; nothing if there is none.
    pub(super) fn words(&self) -> Vec<String> {
        let part = self.part().into_iter();
        part.flat_map(|(part, path)| [option(part).to_owned(), path.to_string_lossy().into_owned()]).collect()
    }
}

const NAME_THE_FILE: &str = "name the file that was built";

const fn option(part: Part) -> &'static str {
    match part {
        Part::Kernel => "--kernel",
        Part::Qemu => "--qemu",
        Part::Firmware => "--firmware",
    }
}

/// The target with this build of one of its parts. A file that is not there, or is none, is a build that cannot be
/// judged: `git bisect run` skips such a commit, whose build may have failed.
pub(super) fn built(target: &dyn Target, part: Part, path: &Path) -> Result<Arc<dyn Target>, Error> {
    let id = target.id();
    let readable = |path: &Path| {
        let path = std::path::absolute(path)?;
        std::fs::File::open(&path).map(|_| path)
    };
    let path = readable(path).map_err(|error| {
        Error::not_judged(format!("cannot read the {} {}: {error}", part.name(), path.display()), NAME_THE_FILE)
    })?;
    if part != Part::Qemu && !path.is_file() {
        let message = format!("{} is not a regular file, as the {} has to be", path.display(), part.name());
        return Err(Error::not_judged(message, NAME_THE_FILE));
    }
    // QEMU starts an empty one, and waits.
    if part == Part::Firmware && path.metadata().is_ok_and(|file| file.len() == 0) {
        let message = format!("the firmware {} is empty", path.display());
        return Err(Error::not_judged(message, NAME_THE_FILE));
    }
    let Some(build) = target.with_part(part, &path) else {
        let message = format!("{id} has no {} that another could stand in for", part.name());
        let others = target::all().into_iter().filter(|other| other.with_part(part, &path).is_some());
        let others: Vec<String> = others.map(|other| other.id().to_owned()).collect();
        return Err(Error::usage(message, format!("these have: {}", named(&others))));
    };
    match build.availability() {
        Availability::Yes => Ok(build),
        Availability::No { reason, remedy } => {
            let message = format!("{id} cannot run with this build: {reason}");
            Err(Error::not_judged(message, format!("fix: {remedy}")))
        }
    }
}
