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

/// What ends a target.
#[derive(Debug)]
pub(super) enum Death {
    /// Nothing.
    Never,
    /// It cannot run anything.
    AtOnce,
    /// This step.
    At(&'static str),
}

/// A target like another.
#[derive(Debug)]
pub(super) struct Like {
    other: Arc<dyn Target>,
    death: Death,
    cases_per_session: usize,
}

impl Like {
    /// One that dies.
    pub(super) fn dying(other: &str, death: Death) -> Self {
        Self { other: target::by_id(other).expect("a target"), death, cases_per_session: 1 }
    }

    /// One of which a session runs many cases, each in a machine of its own, as an emulated host does.
    pub(super) fn host(other: Arc<dyn Target>) -> Self {
        Self { other, death: Death::Never, cases_per_session: usize::MAX }
    }

    /// What ends it, if the case does.
    fn step_of_death(&self, case: &Case) -> Option<u32> {
        match self.death {
            Death::Never => None,
            Death::AtOnce => Some(0),
            Death::At(at) => {
                case.steps.iter().position(|step| step.text == at).and_then(|step| u32::try_from(step).ok())
            }
        }
    }

    fn run_case(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        let Some(step) = boot.cases.first().and_then(|case| self.step_of_death(case)) else {
            return self.other.run(boot, ended);
        };
        let fate = Fate::Crashed("bang".to_owned());
        let (state, last_step) = (State::Running as u16, Some(step));
        let running = RunResult { fate: fate.clone(), state, last_step, entries: Vec::new(), exits: None };
        Err(Stop { fate, running: Some(Box::new(running)) })
    }
}

impl Target for Like {
    fn id(&self) -> &str {
        if matches!(self.death, Death::Never) { self.other.id() } else { "dying" }
    }

    fn profile(&self) -> Profile {
        self.other.profile()
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
        self.cases_per_session
    }

    fn run(&self, boot: Boot<'_>, ended: &mut dyn FnMut(RunResult)) -> Result<(), Stop> {
        boot.cases.iter().try_for_each(|case| self.run_case(Boot::new(&[case], boot.limits), ended))
    }

    fn by_hand(&self, _: &Path, _: &[&Case], _: &ByHand) -> Result<Option<String>, Unprepared> {
        Ok(None)
    }
}
