//! A campaign: scripts in batches on the target and on the reference, judged, and what is wrong shrunk.
//!
//! ```text
//!   singles, then random scripts --batch--> target --judge--> findings --known?--> counted
//!                                    '----> reference ---'        |
//!                                                                 '--first of its kind--> shrunk, batch by batch --> a .probe file
//! ```

use super::action::Step;
use super::cover::Coverage;
use super::environment::Environment;
use super::generate::Generator;
use super::judge::{Candidate, Finding, Invalid, Judge, Witness};
use super::known::Known;
use super::prediction::Part;
use super::shrink::simpler;
use crate::bench::cpu_time;
use crate::case::{Case, Profile};
use crate::session::{self, Progress};
use crate::suite::Suite;
use crate::target::{Limits, Target};
use crate::transcript::RunResult;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Scripts that run together where each has a machine of its own, and where a session is dear.
const BATCH: usize = 64;
const LARGE_BATCH: usize = 400;
/// So many different findings are shrunk; the rest is counted.
const SHRUNK: usize = 12;
/// And so many, different or not.
const ATTEMPTS: usize = 40;
/// So many variants of a round run at most, the smallest.
const VARIANTS: usize = 160;

/// When a campaign ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// After so many scripts.
    Scripts(u64),
    /// When so much CPU time has been used, the targets' included.
    Cpu(Duration),
}

/// What a campaign is made of.
pub struct Campaign<'a> {
    /// Rules and reviewed differences.
    pub suite: &'a Suite,
    /// What is known to be wrong.
    pub known: &'a Known,
    /// What is tried.
    pub target: &'a dyn Target,
    /// What it is compared with; without, the contract alone judges.
    pub reference: Option<&'a dyn Target>,
    /// Decides what the scripts are.
    pub seed: u64,
    /// When to stop.
    pub budget: Budget,
    /// What counts as a hang.
    pub limits: &'a Limits,
    /// Is told of sessions and cases.
    pub progress: &'a dyn Progress,
}

/// A finding with the smallest script that shows it.
#[derive(Debug)]
pub struct Shrunk {
    /// What is wrong.
    pub finding: Finding,
    /// The script.
    pub(super) candidate: Candidate,
    /// For these it was written.
    pub(super) environment: Environment,
    /// What the target and the reference made of it.
    pub(super) results: (RunResult, Option<(Case, RunResult)>),
    /// Number of the script it was found in.
    pub number: u64,
    /// Steps of that.
    pub steps_before: usize,
    /// Operations and registers that show the same in scripts of the same shape.
    pub also: BTreeSet<String>,
}

impl Shrunk {
    /// Steps of the smallest script.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.candidate.steps.len()
    }
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Outcome {
    /// Scripts that ran.
    pub scripts: u64,
    /// Of these, on the reference too.
    pub compared: u64,
    /// Of these, about which nothing could be said: an error of ours or the environment's.
    pub unjudged: u64,
    /// Sessions of the target.
    pub sessions: u32,
    /// Every kind of finding, shrunk.
    pub findings: Vec<Shrunk>,
    /// Findings that are as these, or beyond what is shrunk.
    pub repeated: u64,
    /// Findings that were known: how often, by the reason.
    pub known: BTreeMap<String, u64>,
    /// What the scripts have done.
    pub coverage: Coverage,
    /// CPU seconds.
    pub cpu: f64,
    /// The target cannot even run nothing.
    pub dead: Option<String>,
}

/// A campaign could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The generator made a script that is none.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The operating system does not say how much CPU time was used.
    #[error("cannot read the CPU time: {0}")]
    CpuTime(#[from] nix::Error),
}

/// What tells findings apart before they are shrunk.
type Key = (Witness, &'static str, &'static str, String);

struct Runner<'a> {
    campaign: &'a Campaign<'a>,
    profile: Profile,
    reference: Option<Profile>,
    outcome: Outcome,
    seen: BTreeSet<Key>,
    /// What is wrong by itself.
    avoided: BTreeSet<(&'static str, String, bool)>,
}

/// A script that ran.
struct Ran {
    candidate: Candidate,
    result: RunResult,
    other: Option<(Case, RunResult)>,
    findings: Option<Vec<Finding>>,
}

impl Campaign<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error`]: a mistake of ours.
    pub fn run(&self) -> Result<Outcome, Error> {
        let profile = self.target.profile();
        let reference = self.reference.map(Target::profile);
        let own = Generator::new(Environment::new(&profile, patience(self.target)));
        let shared = reference.as_ref().map(|other| Generator::new(own.environment().shared_with(other)));
        let mut runner = Runner {
            campaign: self,
            outcome: Outcome {
                scripts: 0,
                compared: 0,
                unjudged: 0,
                sessions: 0,
                findings: Vec::new(),
                repeated: 0,
                known: BTreeMap::new(),
                coverage: Coverage::of(&own),
                cpu: 0.0,
                dead: None,
            },
            profile,
            reference,
            seen: BTreeSet::new(),
            avoided: BTreeSet::new(),
        };
        runner.all(&own, shared.as_ref())?;
        Ok(runner.outcome)
    }
}

/// Rounds after which an interrupt that is due has been taken: an emulator's timers may have a thread of their own.
fn patience(target: &dyn Target) -> u32 {
    if target.cases_per_session() == 1 { 100_000 } else { 10_000_000 }
}

impl Runner<'_> {
    fn all(&mut self, own: &Generator, shared: Option<&Generator>) -> Result<(), Error> {
        let start = cpu_time::now()?;
        let size = if self.campaign.target.cases_per_session() == 1 { BATCH } else { LARGE_BATCH };
        let mut number = 0;
        let singles = own.singles();
        let most = match self.campaign.budget {
            Budget::Scripts(count) => count,
            Budget::Cpu(_) => u64::MAX,
        };
        let ended = |cpu: f64| matches!(self.campaign.budget, Budget::Cpu(budget) if cpu >= budget.as_secs_f64());
        while number < most && self.outcome.dead.is_none() && !ended(self.outcome.cpu) {
            let mut batch = Vec::new();
            let alone = usize::try_from(number).is_ok_and(|at| at < singles.len());
            while batch.len() < size && number < most {
                let at = usize::try_from(number).unwrap_or(usize::MAX);
                let (generator, steps) = match singles.get(at) {
                    Some(steps) => (own, steps.clone()),
                    // What is wrong by itself is to be known before anything is drawn.
                    None if alone => break,
                    None => self.draw(own, shared, number),
                };
                batch.push((number, generator.environment(), steps));
                number += 1;
            }
            self.batch(batch, alone)?;
            self.outcome.cpu = cpu_time::now()? - start;
        }
        Ok(())
    }

    /// A random script: where the reference cannot do all that the target can, every other one is for both.
    fn draw<'g>(&self, own: &'g Generator, shared: Option<&'g Generator>, number: u64) -> (&'g Generator, Vec<Step>) {
        let differ = |shared: &&Generator| shared.environment().features != own.environment().features;
        let generator = shared.filter(differ).filter(|_| number % 2 == 1).unwrap_or(own);
        let mut steps = generator.script(self.campaign.seed, number);
        steps.retain(|step| {
            let (operation, register) = step.action.subject();
            !self.avoided.contains(&(operation, register, step.user))
        });
        (generator, steps)
    }

    fn batch(&mut self, batch: Vec<(u64, &Environment, Vec<Step>)>, alone: bool) -> Result<(), Error> {
        let mut candidates = Vec::new();
        for (number, environment, steps) in batch.into_iter().filter(|(.., steps)| !steps.is_empty()) {
            self.outcome.coverage.add(&steps);
            candidates.push((number, environment, self.judge().candidate(environment, &steps)?));
        }
        let (places, candidates): (Vec<_>, Vec<_>) =
            candidates.into_iter().map(|(number, environment, candidate)| ((number, environment), candidate)).unzip();
        self.outcome.scripts += candidates.len() as u64;
        let ran = self.run(candidates, true);
        for ((number, environment), ran) in places.into_iter().zip(ran) {
            self.outcome.compared += u64::from(ran.other.is_some());
            let Some(findings) = &ran.findings else {
                self.outcome.unjudged += 1;
                continue;
            };
            if alone {
                // What is known is told from everything else wherever it comes, unless nothing comes after it.
                let hides = |finding: &&Finding| finding.part == Part::Fate || !self.is_known(&ran.candidate, finding);
                let hidden: Vec<&Finding> = findings.iter().filter(hides).collect();
                for finding in hidden {
                    if let Some(step) = ran.candidate.steps.get(finding.step) {
                        let (operation, register) = step.action.subject();
                        self.avoided.insert((operation, register, step.user));
                    }
                }
            }
            let unknown = findings.iter().filter(|finding| !self.is_known(&ran.candidate, finding)).cloned();
            // What comes behind the first thing that is wrong may be its consequence.
            let unknown: Vec<Finding> = unknown.collect();
            for finding in findings.iter().filter(|finding| !unknown.contains(finding)) {
                self.count_known(&ran.candidate, finding);
            }
            if let Some(finding) = unknown.into_iter().next() {
                self.found(number, environment, ran, finding)?;
            }
        }
        Ok(())
    }

    fn found(&mut self, number: u64, environment: &Environment, ran: Ran, finding: Finding) -> Result<(), Error> {
        let key = key(&ran.candidate, &finding);
        if self.seen.contains(&key) || self.seen.len() >= ATTEMPTS || self.outcome.findings.len() >= SHRUNK {
            self.outcome.repeated += 1;
            return Ok(());
        }
        self.seen.insert(key);
        let steps_before = ran.candidate.steps.len();
        let (ran, finding) = self.shrink(environment, ran, finding)?;
        // Two that begin differently may end the same.
        let key = key_of_shrunk(&ran.candidate, &finding);
        let same = |known: &&mut Shrunk| key_of_shrunk(&known.candidate, &known.finding) == key;
        if let Some(known) = self.outcome.findings.iter_mut().find(same) {
            known.also.insert(subject(&ran.candidate, &finding));
            self.outcome.repeated += 1;
            return Ok(());
        }
        self.outcome.findings.push(Shrunk {
            finding,
            candidate: ran.candidate,
            environment: environment.clone(),
            results: (ran.result, ran.other),
            number,
            steps_before,
            also: BTreeSet::new(),
        });
        Ok(())
    }

    /// The smallest script that shows it, and how it does.
    fn shrink(
        &mut self,
        environment: &Environment,
        mut ran: Ran,
        mut finding: Finding,
    ) -> Result<(Ran, Finding), Error> {
        loop {
            let mut candidates = Vec::new();
            for steps in simpler(environment, &ran.candidate.steps).into_iter().take(VARIANTS) {
                candidates.push(self.judge().candidate(environment, &steps)?);
            }
            let compare = finding.witness == Witness::Reference;
            let shows =
                |variant: &Ran| variant.findings.iter().flatten().find(|other| other.is_like(&finding)).cloned();
            let found = self.run(candidates, compare).into_iter().find_map(|variant| {
                let shown = shows(&variant).filter(|shown| !self.is_known(&variant.candidate, shown))?;
                Some((variant, shown))
            });
            match found {
                Some(smaller) => (ran, finding) = smaller,
                None => return Ok((self.completed(ran), finding)),
            }
        }
    }

    /// With what the reference makes of it, if that has not been asked.
    fn completed(&mut self, ran: Ran) -> Ran {
        if ran.other.is_some() { ran } else { self.run(vec![ran.candidate], true).remove(0) }
    }

    /// Runs scripts on the target, and on the reference what it can run.
    fn run(&mut self, candidates: Vec<Candidate>, compare: bool) -> Vec<Ran> {
        let Campaign { target, reference, limits, progress, .. } = *self.campaign;
        let (results, summary) = session::run_all(target, &candidates, limits, progress);
        self.outcome.sessions += summary.sessions;
        if let Some(dead) = summary.dead {
            self.outcome.dead = Some(format!("{dead:?}"));
        }
        let mut others: Vec<Option<(Case, RunResult)>> = candidates.iter().map(|_| None).collect();
        if let (Some(reference), Some(profile), true) = (reference, &self.reference, compare) {
            let assembled = candidates.iter().enumerate();
            let cases: Vec<(usize, Case)> = assembled
                .filter_map(|(index, candidate)| Some((index, candidate.instance.assemble(profile).ok()?)))
                .collect();
            let (places, cases): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
            let (results, _) = session::run_all(reference, &cases, limits, progress);
            for ((place, case), result) in places.into_iter().zip(cases).zip(results) {
                if let Some(other) = others.get_mut(place) {
                    *other = Some((case, result));
                }
            }
        }
        let judge = self.judge();
        let all = candidates.into_iter().zip(results).zip(others);
        all.map(|((candidate, result), other)| {
            let pair = other.as_ref().map(|(case, result)| (case, result));
            let findings = judge.findings(&candidate, &result, pair);
            Ran { candidate, result, other, findings }
        })
        .collect()
    }

    fn judge(&self) -> Judge<'_> {
        Judge { suite: self.campaign.suite, target: self.campaign.target.id(), profile: &self.profile }
    }

    fn is_known(&self, candidate: &Candidate, finding: &Finding) -> bool {
        self.known(candidate, finding).is_some()
    }

    fn known(&self, candidate: &Candidate, finding: &Finding) -> Option<&super::known::Entry> {
        let line = candidate.rendered.lines.get(finding.step)?.number;
        let step = candidate.case.steps.iter().find(|step| step.line == line)?;
        self.campaign.known.of(self.campaign.target.id(), &step.text, finding.rule)
    }

    fn count_known(&mut self, candidate: &Candidate, finding: &Finding) {
        if let Some(reason) = self.known(candidate, finding).map(|entry| entry.reason.clone()) {
            *self.outcome.known.entry(reason).or_default() += 1;
        }
    }
}

/// Operation and register of the step that shows it.
fn subject(candidate: &Candidate, finding: &Finding) -> String {
    let subject = candidate.steps.get(finding.step).map(|step| step.action.subject());
    subject.map_or_else(String::new, |(operation, register)| format!("{operation} {register}"))
}

fn key(candidate: &Candidate, finding: &Finding) -> Key {
    (finding.witness, finding.rule, finding.part.name(), subject(candidate, finding))
}

/// Of a small script its operations are what it is.
fn key_of_shrunk(candidate: &Candidate, finding: &Finding) -> (Key, Vec<&'static str>) {
    let operations = candidate.steps.iter().map(|step| step.action.subject().0).collect();
    ((finding.witness, finding.rule, finding.part.name(), String::new()), operations)
}
