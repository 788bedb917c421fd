//! For the tests of this module.

use super::environment::Environment;
use crate::case::{Case, Profile};
use crate::target::{self, Availability, Boot, ByHand, Stop, Target, Unprepared};
use crate::transcript::{Fate, RunResult};
use sprig_wire::log::State;
use std::path::Path;
use std::sync::Arc;

/// The environment of a target.
pub(super) fn environment(id: &str) -> Environment {
    Environment::of(&*target::by_id(id).expect("a target"))
}

/// A target that dies.
#[derive(Debug)]
pub(super) struct Dying {
    like: Arc<dyn Target>,
    at: Option<&'static str>,
}

impl Dying {
    /// As the target of this name, but that this step ends it; without one it cannot run anything.
    pub(super) fn new(like: &str, at: Option<&'static str>) -> Self {
        Self { like: target::by_id(like).expect("a target"), at }
    }

    /// What ends it, if the case does.
    fn step_of_death(&self, case: &Case) -> Option<u32> {
        let Some(at) = self.at else { return Some(0) };
        case.steps.iter().position(|step| step.text == at).and_then(|step| u32::try_from(step).ok())
    }
}

impl Target for Dying {
    fn id(&self) -> &str {
        "dying"
    }

    fn profile(&self) -> Profile {
        self.like.profile()
    }

    fn availability(&self) -> Availability {
        Availability::Yes
    }

    fn golden_chain(&self) -> Vec<String> {
        Vec::new()
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn cases_per_session(&self) -> usize {
        1
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let Some(step) = boot.cases.first().and_then(|case| self.step_of_death(case)) else {
            return self.like.run(boot, ended);
        };
        let fate = Fate::Crashed("bang".to_owned());
        let (state, last_step) = (State::Running as u16, Some(step));
        let running = RunResult { fate: fate.clone(), state, last_step, entries: Vec::new(), exits: None };
        Err(Stop { fate, running: Some(Box::new(running)) })
    }

    fn by_hand(&self, _: &Path, _: &[&Case], _: &ByHand) -> Result<Option<String>, Unprepared> {
        Ok(None)
    }
}

/// A target of which a session runs many cases, each in a machine of its own, as an emulated host does.
#[derive(Debug)]
pub(super) struct Host(pub(super) Arc<dyn Target>);

impl Target for Host {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn availability(&self) -> Availability {
        Availability::Yes
    }

    fn golden_chain(&self) -> Vec<String> {
        Vec::new()
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        boot.cases.iter().try_for_each(|case| self.0.run(Boot::new(&[case], boot.limits), ended))
    }

    fn by_hand(&self, _: &Path, _: &[&Case], _: &ByHand) -> Result<Option<String>, Unprepared> {
        Ok(None)
    }
}
