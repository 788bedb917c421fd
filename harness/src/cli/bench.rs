//! `sprig bench`: what things cost, as ratios of one run.

use super::args;
use super::error::Error;
use super::select::{self, Targets};
use crate::bench::{Figure, operation, suite};
use crate::case::Case;
use crate::judge::Exit;
use crate::suite::Suite;
use crate::target::{self, Target};
use std::io::{self, Write};

/// The targets our own costs are measured with.
const REFERENCE: &str = "ref-e500v2-pr";
const QEMU: &str = "qemu-ppce500-e500v2";

pub(super) fn bench(arguments: &args::Bench, out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let all = target::all();
    let mut figures = Vec::new();
    if arguments.targets.is_empty() {
        let named = |id: &str| all.iter().find(|target| target.id() == id && target.availability().is_yes());
        if let Some(reference) = named(REFERENCE) {
            let cases = runnable(&suite, &**reference);
            if let Some(qemu) = named(QEMU) {
                let qemu_cases = runnable(&suite, &**qemu);
                figures.extend(suite::against_boot((&**reference, &cases), (&**qemu, &qemu_cases)).map_err(os)?);
            } else {
                writeln!(out, "{QEMU} cannot run here: `sprig targets` says why")?;
            }
            figures.extend(suite::growth(&**reference, &cases).map_err(os)?);
            figures.extend(operation::costs(&**reference).map_err(os)?);
        }
    }
    let Targets { here, .. } = select::targets(&all, &arguments.targets)?;
    if !arguments.targets.is_empty() {
        for target in &here {
            figures.extend(operation::costs(&**target).map_err(os)?);
        }
    }
    for figure in &figures {
        writeln!(out, "{figure}")?;
    }
    Ok(if figures.iter().all(Figure::holds) { Exit::AsExpected } else { Exit::Failed })
}

/// Every case that this target has everything for.
fn runnable(suite: &Suite, target: &dyn Target) -> Vec<Case> {
    let profile = target.profile();
    let instances = suite.scripts.iter().flat_map(|script| script.instances());
    instances.filter_map(|instance| instance.assemble(&profile).ok()).collect()
}

fn os(error: nix::Error) -> Error {
    io::Error::from(error).into()
}
