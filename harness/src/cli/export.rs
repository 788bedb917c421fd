//! `sprig export`: a folder to run by hand on a PowerPC Linux host.

use super::args;
use super::error::Error;
use super::select;
use crate::export::{Batch, Plan, WriteError, write};
use crate::judge::Exit;
use crate::project;
use crate::report::number;
use crate::run::Run;
use crate::target::kvm::Local;
use crate::target::{self, Limits, Target};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

pub(super) fn export(arguments: &args::Export, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let target = target(&arguments.target, arguments.cpu.as_deref())?;
    let profile = target.profile();
    let Some(program) = target.host_program() else {
        let message = format!("{} has no KVM, so there is no host to run it on", target.id());
        return Err(Error::usage(message, "`sprig targets` shows every target; those with KVM begin with kvm-"));
    };
    let names: Vec<String> = arguments.cases.iter().map(|argument| absolute(argument)).collect();
    let cases = select::cases(&suite, &names)?;
    let run = Run { suite: &suite, cases: &cases, limits: &Limits::default(), again: "" };
    let mut left_out = 0;
    let jobs = run.jobs(&profile, |_, _| left_out += 1);
    if jobs.is_empty() {
        let message = format!("{} can run none of these cases", target.id());
        return Err(Error::usage(message, "`sprig run` says of each what is missing"));
    }
    let count = jobs.len();
    let batches = Batch::all(jobs).map_err(|error| {
        Error::not_judged(format!("the cases cannot be put together: {error}"), "leave out what is too large")
    })?;
    let (target, cpu) = (target.id().to_owned(), profile.cpu.name.to_owned());
    let plan = Plan { target, cpu, cases: names, revision: revision() };
    let exported = write(&arguments.folder, program, &plan, &batches).map_err(|error| match error {
        WriteError::NotEmpty(_) => Error::usage(error.to_string(), "name a folder that is not there yet"),
        WriteError::Write { error: ref cause, .. } if cause.kind() == ErrorKind::StorageFull => {
            Error::not_judged(error.to_string(), "make room, or name a folder on another disk")
        }
        WriteError::Write { .. } => Error::usage(error.to_string(), "name another folder"),
        WriteError::Image(_) => Error::not_judged(error.to_string(), format!("fix: {}", target::REBUILD_IMAGES)),
    })?;

    let skipped = if left_out == 0 {
        String::new()
    } else {
        format!("; {left_out} are not written, since it lacks a feature that they need")
    };
    let cases = number(count, "case");
    writeln!(out, "{cases} for {} on a host with {}{skipped}.", plan.target, plan.cpu)?;
    let folder = arguments.folder.to_string_lossy();
    let (run, from) = (exported.run.to_string_lossy(), format!("{} run --from LOG", super::program()));
    writeln!(out, "\nThere, with {} copied to it, as a user who may open /dev/kvm:", shell_words::quote(&folder))?;
    writeln!(out, "  {} >LOG", shell_words::quote(&run))?;
    writeln!(out, "\nHere, with LOG copied back:\n  {from}")?;
    Ok(Exit::AsExpected)
}

/// The target of this name; `kvm-local` of a host with this CPU.
pub(super) fn target(name: &str, cpu: Option<&str>) -> Result<Arc<dyn Target>, Error> {
    let target = select::target(&target::all(), name)?;
    let Some(cpu) = cpu.filter(|cpu| *cpu != target.profile().cpu.name) else { return Ok(target) };
    match Local::on(cpu).filter(|_| name == Local::ID) {
        Some(local) => Ok(Arc::new(local)),
        None => Err(Error::usage(
            format!("{name} has the CPU {}, not {cpu}", target.profile().cpu.name),
            format!("only {} is of several CPUs", Local::ID),
        )),
    }
}

/// A case as it can be found from elsewhere: the path of a script in full.
fn absolute(argument: &str) -> String {
    let is_script = argument.contains(select::EXTENSION);
    let path = is_script.then(|| std::path::absolute(Path::new(argument)).ok()).flatten();
    path.map_or_else(|| argument.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// The commit that the scripts are from, for later reference; the digests decide.
fn revision() -> String {
    // Not a tag, which says as little of it as a branch does. `-dirty` says that its scripts are not all in it.
    let describe = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
    let git = Command::new("git").arg("-C").arg(project::root()).args(describe).output();
    let commit =
        git.ok().filter(|output| output.status.success()).and_then(|output| String::from_utf8(output.stdout).ok());
    commit
        .map(|commit| commit.trim().to_owned())
        .filter(|commit| !commit.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}
