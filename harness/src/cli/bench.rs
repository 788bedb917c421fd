//! `sprig bench`: what things cost, as ratios of one run.

use super::args;
use super::error::Error;
use super::select::{self, Targets};
use crate::bench::cost;
use crate::bench::suite::{self, Boots, QEMU_LIMIT, REFERENCE_LIMIT};
use crate::bench::{Figure, Unmeasured};
use crate::case::Case;
use crate::judge::Exit;
use crate::run::Run;
use crate::suite::Suite;
use crate::target::{self, Limits, Target};
use std::io::{self, Write};
use std::sync::Arc;

/// The targets our own costs are measured with.
const REFERENCE: &str = "ref-e500v2-pr";
const QEMU: &str = "qemu-ppce500-e500v2";
const KVM: &str = "kvm-e500v2";

/// Prints each figure as soon as it is known.
struct Report<'a> {
    out: &'a mut dyn Write,
    all_hold: bool,
    /// Everything that was asked for could be measured.
    is_complete: bool,
}

impl Report<'_> {
    fn line(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{line}")?;
        Ok(self.out.flush()?)
    }

    fn show(&mut self, figure: Result<Figure, Unmeasured>) -> Result<(), Error> {
        self.print(&figure.map_err(unmeasured)?)
    }

    fn print(&mut self, figure: &Figure) -> Result<(), Error> {
        self.all_hold &= figure.holds();
        self.line(&figure.to_string())
    }

    fn operations(&mut self, target: &dyn Target) -> Result<(), Error> {
        let figures = cost::costs(target).map_err(unmeasured)?;
        figures.map(|figure| figure.map_err(unmeasured)).try_for_each(|figure| self.print(&figure?))
    }

    /// What the gate costs on an emulated host, if there is one.
    fn gate(&mut self, suite: &Suite, all: &[Arc<dyn Target>]) -> Result<(), Error> {
        let host = all.iter().find(|target| target.id() == KVM && target.availability().is_yes());
        let Some(host) = host else { return self.line(&format!("{KVM} cannot run here: `sprig targets` says why")) };
        let cases = select::cases(suite, &[])?;
        let run = Run { suite, cases: &cases, limits: &Limits::default(), again: "" };
        suite::gate(&run, &**host).map_err(unmeasured)?.into_iter().try_for_each(|figure| self.show(Ok(figure)))
    }

    /// What the suite costs on the two targets, as far as they are here.
    fn own_costs(&mut self, all: &[Arc<dyn Target>]) -> Result<(), Error> {
        let suite = super::suite()?;
        let named = |id: &str| all.iter().find(|target| target.id() == id && target.availability().is_yes());
        let Some(reference) = named(REFERENCE) else {
            return self.line(&format!("{REFERENCE} cannot run here: `sprig targets` says why"));
        };
        let cases = runnable(&suite, &**reference);
        if let Some(qemu) = named(QEMU) {
            let boots = Boots { qemu: &**qemu };
            self.show(boots.figure())?;
            self.show(boots.count(&**reference, &cases, REFERENCE_LIMIT))?;
            self.show(boots.count(&**qemu, &runnable(&suite, &**qemu), QEMU_LIMIT))?;
        } else {
            self.line(&format!("{QEMU} cannot run here: `sprig targets` says why"))?;
        }
        self.gate(&suite, all)?;
        suite::growth(&**reference, &cases)
            .map_err(unmeasured)?
            .into_iter()
            .try_for_each(|figure| self.show(Ok(figure)))?;
        self.operations(&**reference)
    }
}

pub(super) fn bench(arguments: &args::Bench, out: &mut dyn Write) -> Result<Exit, Error> {
    let all = target::all();
    let Targets { here, named_but_missing } = select::targets(&all, &arguments.targets)?;
    let mut report = Report { out, all_hold: true, is_complete: true };
    report.line("Each line is the median of several measurements; together they take a minute or two.")?;
    if arguments.targets.is_empty() {
        report.own_costs(&all)?;
    } else {
        here.iter().try_for_each(|target| report.operations(&**target))?;
    }
    for target in &named_but_missing {
        report.line(&format!("{} cannot run here: `sprig targets` says why", target.id()))?;
        report.is_complete = false;
    }
    Ok(match report {
        Report { all_hold: false, .. } => Exit::Failed,
        Report { is_complete: false, .. } => Exit::NotJudged,
        _ => Exit::AsExpected,
    })
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

fn unmeasured(error: Unmeasured) -> Error {
    match error {
        Unmeasured::CpuTime(error) => os(error),
        Unmeasured::Memory(error) => error.into(),
        Unmeasured::Unfinished { .. } => Error::not_judged(error.to_string(), "`sprig targets` shows every target"),
    }
}
