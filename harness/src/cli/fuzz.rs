//! `sprig fuzz`: random scripts, judged by the contract and compared with a reference.

use super::args::{self, OutcomeFormat};
use super::error::Error;
use super::progress::Bar;
use super::run::here;
use super::select;
use crate::case::Profile;
use crate::feature::Feature;
use crate::fuzz::{Budget, Campaign, Error as FuzzError, Outcome, limits, report};
use crate::judge::Exit;
use crate::suite::Suite;
use crate::target::{self, Target};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The default number of scripts.
const COUNT: u64 = 4000;

/// How many are asked where the reference is wrong as well: a machine of QEMU's, one with firmware, and KVM.
const STAND_INS: usize = 3;

/// Others of the same CPU and kernel as a target: machines of QEMU's first, which boot no host, then the hosts with the
/// fewest known deviations, which hold most and do not panic.
fn stand_ins(suite: &Suite, all: &[Arc<dyn Target>], target: &dyn Target) -> Vec<Arc<dyn Target>> {
    let kind = |target: &dyn Target| {
        let Profile { cpu, features, .. } = target.profile();
        (cpu.name, [Feature::Wide, Feature::LittleEndian].map(|feature| features.contains(feature)))
    };
    let others = all.iter().filter(|other| !other.is_reference() && other.id() != target.id());
    let others = others.filter(|other| kind(&***other) == kind(target) && other.availability().is_yes());
    let mut others: Vec<Arc<dyn Target>> = others.cloned().collect();
    others.sort_by_cached_key(|other| rank(suite, &**other));
    others.truncate(STAND_INS);
    others
}

/// Whether it boots a host, and how many deviations are known of that: who is less is asked first.
fn rank(suite: &Suite, target: &dyn Target) -> (bool, usize) {
    match target.host_kernel() {
        Some(_) => (true, suite.known_deviations(target)),
        None => (false, 0),
    }
}

pub(super) fn fuzz(arguments: &args::Fuzz, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let all = target::all();
    let target = arguments.build.instead(select::target(&all, &arguments.target)?)?;
    let reference = match &arguments.against {
        Some(name) => Some(here(select::target(&all, name)?)?),
        None => target.counterpart().map(|reference| Arc::new(reference) as Arc<dyn Target>),
    };
    if let Some(reference) = &reference
        && reference.profile().cpu.name != target.profile().cpu.name
    {
        let (reference, target) = (reference.id(), target.id());
        return Err(Error::usage(
            format!("{reference} and {target} have different CPUs"),
            "`sprig targets` shows every target; a script is for one CPU",
        ));
    }
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u32(..).into());
    let budget = match (arguments.count, arguments.cpu_seconds) {
        (_, Some(seconds)) => Budget::Cpu(Duration::from_secs(seconds)),
        (count, None) => Budget::Scripts(count.unwrap_or(COUNT)),
    };
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder).map_err(|cause| writing(folder, cause))?;
        // Better now than when there is something to write.
        tempfile::tempfile_in(folder).map_err(|cause| writing(folder, cause))?;
    }
    if arguments.format == OutcomeFormat::Human {
        let against = reference.as_ref().map_or_else(String::new, |reference| format!(" against {}", reference.id()));
        writeln!(out, "fuzzing {}{against}, seed {seed}", target.id())?;
        out.flush()?;
    }
    let stand_ins = stand_ins(&suite, &all, &*target);
    let bar = Bar::new(if let Budget::Scripts(count) = budget { count } else { 0 });
    let build = shell_words::join(arguments.build.words());
    let campaign = Campaign {
        suite: &suite,
        known: &suite.known,
        target: &*target,
        program: &super::program(),
        build: &build,
        reference: reference.as_deref(),
        stand_ins: &stand_ins,
        seed,
        budget,
        limits: &limits(),
        progress: &bar,
    };
    let outcome = campaign.run().map_err(stopped)?;
    bar.end();
    let written = arguments.out.as_ref().map_or(Ok(Vec::new()), |folder| write(&campaign, &outcome, folder));
    // What could not be written is printed.
    let files = written.as_deref().unwrap_or_default();
    match arguments.format {
        OutcomeFormat::Human => report::human(&campaign, &outcome, files, out)?,
        OutcomeFormat::Json => report::json(&campaign, &outcome, files, out)?,
    }
    match written {
        Ok(_) => Ok(report::exit(&outcome)),
        // It was no wrong usage when the campaign began.
        Err(error) => Err(error.ending_with(Exit::Failed)),
    }
}

/// Writes each finding into a file of its own.
fn write(campaign: &Campaign<'_>, outcome: &Outcome, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for told in outcome.told(campaign) {
        let plain = |text: &str| text.replace(['.', '/'], "-").replace(['@', ','], "_");
        let name = format!("{}-{}-{}.probe", plain(&told.rule), campaign.seed, plain(&told.origin));
        let path = folder.join(name);
        std::fs::write(&path, told.probe).map_err(|cause| writing(&path, cause))?;
        files.push(path);
    }
    Ok(files)
}

fn writing(path: &Path, cause: std::io::Error) -> Error {
    Error::usage(
        format!("cannot write {}: {cause}", path.display()),
        "--out DIR is a folder for the scripts that are found",
    )
}

fn stopped(error: FuzzError) -> Error {
    Error::not_judged(error.to_string(), "this is a mistake in sprig: please report it with the seed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn what_boots_no_host_is_asked_first_and_then_the_kernel_that_deviates_least() {
        let suite = Suite::load(&project::root()).expect("the suite has no mistakes");
        let ranks = ["qemu-ppce500-e500v2", "kvm-cured-e500v2", "kvm-e500v2", "kvm-e500v2-unpatched"];
        let ranks = ranks.map(|id| rank(&suite, &*target::by_id(id).expect("a target of the list")));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }
}
