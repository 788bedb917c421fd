//! The work of a campaign: drawing, running, judging, telling apart, shrinking.

use super::action::Step;
use super::campaign::{Budget, Campaign, Error, Outcome, Shrunk, Times};
use super::cover::Coverage;
use super::disturbed::Cases;
use super::environment::{Environment, PATIENCE};
use super::generate::Generator;
use super::judge::{Candidate, Finding, Judge, Witness, are_comparable};
use super::prediction::Part;
use super::shrink::simpler;
use crate::bench::cpu_time;
use crate::case::{Case, Profile};
use crate::known::{Entry, Found};
use crate::script::Instance;
use crate::session::{self, Unwatched};
use crate::target::{Limits, Target};
use crate::transcript::{Fate, RunResult};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// Scripts that run together where each has a machine of its own, and where a session is dear.
const BATCH: usize = 64;
const LARGE_BATCH: usize = 4000;
/// This many different findings are shrunk; the rest is counted.
const SHRUNK: usize = 8;
/// And this many, different or not.
const ATTEMPTS: usize = 24;
/// At most this many variants of a round run, the smallest.
const VARIANTS: usize = 160;

/// What tells findings apart before they are shrunk.
pub(super) type Key = (Witness, &'static str, &'static str, String);

pub(super) struct Runner<'a> {
    pub(super) campaign: &'a Campaign<'a>,
    pub(super) profile: Profile,
    pub(super) reference: Option<Profile>,
    /// Who is asked in place of the reference for the moment.
    pub(super) stand_in: Option<(&'a dyn Target, Profile)>,
    pub(super) outcome: Outcome,
    pub(super) seen: BTreeSet<Key>,
    /// What is wrong by itself.
    pub(super) avoided: BTreeSet<(&'static str, String, bool)>,
}

/// A script before it runs.
pub(super) struct Drawn<'a> {
    pub(super) number: u64,
    pub(super) environment: &'a Environment,
    pub(super) steps: Vec<Step>,
}

/// A script that ran.
pub(super) struct Ran {
    pub(super) candidate: Candidate,
    result: RunResult,
    pub(super) other: Option<(Case, RunResult)>,
    pub(super) findings: Option<Vec<Finding>>,
}

impl Campaign<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error`]: a mistake of ours.
    pub fn run(&self) -> Result<Outcome, Error> {
        let own = Generator::new(Environment::of(self.target).sparing(self.target, self.known));
        let mut runner = Runner::new(self, &own);
        let shared = runner.reference.as_ref().map(|other| Generator::new(own.environment().shared_with(other)));
        let mut cases = Cases::new(self, &own);
        runner.all(&own, shared.as_ref(), &mut cases)?;
        Ok(runner.outcome)
    }
}

/// What counts as a hang: no script needs more than a few waits.
#[must_use]
pub fn limits() -> Limits {
    Limits { instructions: Some(20 * u64::from(PATIENCE)), ..Limits::default() }
}

impl Ran {
    /// True if it ran to its end on the target and on the reference.
    pub(super) fn is_compared(&self) -> bool {
        self.other.as_ref().is_some_and(|(_, other)| are_comparable(&self.result, other))
    }
}

impl<'a> Runner<'a> {
    /// Before anything has run.
    fn new(campaign: &'a Campaign<'a>, own: &Generator) -> Self {
        Self {
            campaign,
            outcome: Outcome {
                scripts: 0,
                compared: 0,
                unjudged: 0,
                sessions: 0,
                findings: Vec::new(),
                broken: Vec::new(),
                repeated: 0,
                known: BTreeMap::new(),
                coverage: Coverage::of(own),
                cpu: 0.0,
                boot: 0.0,
                dead: None,
            },
            profile: campaign.target.profile(),
            reference: campaign.reference.map(Target::profile),
            stand_in: None,
            seen: BTreeSet::new(),
            avoided: BTreeSet::new(),
        }
    }
}

impl<'a> Runner<'a> {
    fn all(&mut self, own: &Generator, shared: Option<&Generator>, cases: &mut Cases<'a>) -> Result<(), Error> {
        self.outcome.boot = cpu_time::of(|| {
            session::run_all(self.campaign.target, &[session::empty_guest()], self.campaign.limits, &Unwatched);
        })?;
        let start = cpu_time::now()?;
        let size = if self.campaign.target.cases_per_session() == 1 { BATCH } else { LARGE_BATCH };
        let mut number = 0;
        let singles = own.singles();
        let everything = own.everything();
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
                let (generator, steps) = match (singles.get(at), everything.get(at.saturating_sub(singles.len()))) {
                    (Some(steps), _) => (own, steps.clone()),
                    // What is wrong by itself is to be known before anything else is done with it.
                    (None, _) if alone => break,
                    (None, Some(steps)) => (own, self.without_wrong(steps.clone())),
                    (None, None) => self.draw(own, shared, number),
                };
                batch.push(Drawn { number, environment: generator.environment(), steps });
                number += 1;
            }
            let scripts = batch.len();
            self.batch(batch, alone)?;
            if !alone {
                self.disturbed_cases(cases, number, scripts);
            } else if number >= singles.len() as u64 {
                self.cases(cases);
            }
            self.outcome.cpu = cpu_time::now()? - start;
        }
        Ok(())
    }
}

impl<'a> Runner<'a> {
    /// A random script: where the reference cannot do all that the target can, every other one is for both.
    fn draw<'g>(&self, own: &'g Generator, shared: Option<&'g Generator>, number: u64) -> (&'g Generator, Vec<Step>) {
        let differ = |shared: &&Generator| shared.environment().features != own.environment().features;
        let generator = shared.filter(differ).filter(|_| number % 2 == 1).unwrap_or(own);
        (generator, self.without_wrong(generator.script(self.campaign.seed, number)))
    }

    /// The script without what is wrong by itself.
    fn without_wrong(&self, mut steps: Vec<Step>) -> Vec<Step> {
        steps.retain(|step| !self.is_wrong(step));
        steps
    }

    fn is_wrong(&self, step: &Step) -> bool {
        let (operation, register) = step.action.subject();
        self.avoided.contains(&(operation, register, step.user))
    }

    fn batch(&mut self, batch: Vec<Drawn<'_>>, alone: bool) -> Result<(), Error> {
        let batch: Vec<Drawn<'_>> = batch.into_iter().filter(|drawn| !drawn.steps.is_empty()).collect();
        for drawn in &batch {
            self.outcome.coverage.add(&drawn.steps);
        }
        self.outcome.scripts += batch.len() as u64;
        self.run_batch(batch, alone)
    }

    /// The verdict on a script that ran by itself.
    pub(super) fn verdict(&mut self, drawn: &Drawn<'_>, ran: Ran, alone: bool) -> Result<(), Error> {
        self.outcome.compared += u64::from(ran.is_compared());
        let Some(findings) = &ran.findings else {
            self.outcome.unjudged += 1;
            return Ok(());
        };
        if alone {
            // What is known is told from everything else wherever it comes, unless it changes what comes after it.
            let hides = |finding: &&Finding| !self.changes_nothing(&ran.candidate, finding);
            let hidden: Vec<&Finding> = findings.iter().filter(hides).collect();
            for finding in hidden {
                if let Some(step) = ran.candidate.steps.get(finding.step) {
                    let (operation, register) = step.action.subject();
                    self.avoided.insert((operation, register, step.user));
                }
            }
        }
        let (known, unknown) = self.told_apart(&ran.candidate, findings);
        // What comes after the first thing that is wrong may be its consequence.
        let unknown = unknown.first().map(|finding| (*finding).clone());
        for Entry { reason, link, .. } in known.into_iter().cloned().collect::<Vec<_>>() {
            self.count(reason, link);
        }
        match unknown {
            Some(finding) => self.found(drawn, ran, finding),
            None => Ok(()),
        }
    }

    fn found(&mut self, drawn: &Drawn<'_>, ran: Ran, finding: Finding) -> Result<(), Error> {
        let key = key(&ran.candidate, &finding);
        if self.seen.contains(&key) || self.seen.len() >= ATTEMPTS || self.outcome.findings.len() >= SHRUNK {
            self.outcome.repeated += 1;
            return Ok(());
        }
        self.seen.insert(key);
        let steps_before = ran.candidate.steps.len();
        let (ran, finding) = self.shrink(drawn.environment, ran, finding)?;
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
            environment: drawn.environment.clone(),
            results: (ran.result, ran.other),
            number: drawn.number,
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
            let variants = simpler(environment, &ran.candidate.steps).into_iter();
            // None gets by simplifying what is wrong by itself.
            let wrong = |steps: &[Step]| steps.iter().filter(|step| self.is_wrong(step)).count();
            let own = wrong(&ran.candidate.steps);
            for steps in variants.filter(|steps| wrong(steps) <= own).take(VARIANTS) {
                candidates.push(self.judge().candidate(environment, &steps)?);
            }
            let compare = finding.witness == Witness::Reference;
            let found = self.run(candidates, compare).into_iter().find_map(|variant| {
                let (_, unknown) = self.told_apart(&variant.candidate, variant.findings.as_deref()?);
                let shown = unknown.into_iter().find(|other| other.is_like(&finding)).cloned()?;
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
    pub(super) fn run(&mut self, candidates: Vec<Candidate>, compare: bool) -> Vec<Ran> {
        let limits = self.campaign.limits;
        let results = self.on_target(&candidates, limits);
        let instances: Vec<&Instance> = candidates.iter().map(|candidate| &candidate.instance).collect();
        let others =
            if compare { self.on_reference(&instances, limits) } else { instances.iter().map(|_| None).collect() };
        let judge = self.judge();
        let all = candidates.into_iter().zip(results).zip(others);
        all.map(|((candidate, result), other)| {
            let pair = other.as_ref().map(|(case, result)| (case, result));
            let findings = judge.findings(&candidate, &result, pair);
            Ran { candidate, result, other, findings }
        })
        .collect()
    }

    /// What the target makes of them.
    pub(super) fn on_target<C: Borrow<Case>>(&mut self, candidates: &[C], limits: &Limits) -> Vec<RunResult> {
        let Campaign { target, progress, .. } = *self.campaign;
        let cases = candidates.iter().map(Borrow::borrow).collect::<Vec<&Case>>();
        let (results, summary) = session::run_all(target, &cases, limits, progress);
        self.outcome.sessions += summary.sessions;
        self.note_death("target", target, summary);
        results
    }

    /// The reference, or who stands in for it.
    pub(super) fn referee(&self) -> Option<(&'a dyn Target, &Profile)> {
        match &self.stand_in {
            Some((target, profile)) => Some((*target, profile)),
            None => self.campaign.reference.zip(self.reference.as_ref()),
        }
    }

    /// What the reference makes of those that it has everything for.
    pub(super) fn on_reference(&mut self, instances: &[&Instance], limits: &Limits) -> Vec<Option<(Case, RunResult)>> {
        let mut others: Vec<Option<(Case, RunResult)>> = instances.iter().map(|_| None).collect();
        let Some((reference, profile)) = self.referee() else { return others };
        let assembled = instances.iter().enumerate();
        let cases: Vec<(usize, Case)> =
            assembled.filter_map(|(index, instance)| Some((index, instance.assemble(profile).ok()?))).collect();
        let (places, cases): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        let (results, summary) = session::run_all(reference, &cases, limits, self.campaign.progress);
        self.note_death("reference", reference, summary);
        for ((place, case), result) in places.into_iter().zip(cases).zip(results) {
            if let Some(other) = others.get_mut(place) {
                *other = Some((case, result));
            }
        }
        others
    }

    /// Notes it if one of the two cannot even run nothing.
    fn note_death(&mut self, role: &str, target: &dyn Target, summary: session::Summary) {
        if let Some(how) = summary.dead.and_then(Fate::how) {
            self.outcome.dead = Some(format!("the {role} {} cannot run anything: {how}", target.id()));
        }
    }

    pub(super) fn judge(&self) -> Judge<'_> {
        Judge { suite: self.campaign.suite, target: self.campaign.target.id(), profile: &self.profile }
    }

    /// True if it is known, and what comes after it is as it would be without it.
    pub(super) fn changes_nothing(&self, candidate: &Candidate, finding: &Finding) -> bool {
        !matches!(finding.part, Part::Fate | Part::GivenUp | Part::Exception) && self.is_known(candidate, finding)
    }

    fn is_known(&self, candidate: &Candidate, finding: &Finding) -> bool {
        self.known(candidate, finding).is_some()
    }

    /// The entries about what is known of these, and what is not: neither by itself nor as the consequence of something
    /// known before it.
    fn told_apart<'f>(&self, candidate: &Candidate, findings: &'f [Finding]) -> (Vec<&Entry>, Vec<&'f Finding>) {
        let (mut known, mut unknown): (Vec<&Entry>, Vec<&Finding>) = (Vec::new(), Vec::new());
        let mut before: Vec<(usize, &Entry)> = Vec::new();
        for finding in findings {
            let entry = self.known(candidate, finding);
            before.extend(entry.map(|entry| (finding.step, entry)));
            let explains = |entry: &Entry| {
                finding.part != Part::Fate
                    && self.asked(candidate, finding, |found| entry.explains(found)) == Some(true)
            };
            let cause = || before.iter().find(|(step, entry)| *step < finding.step && explains(entry));
            match entry.or_else(|| cause().map(|(_, entry)| *entry)) {
                Some(entry) => known.push(entry),
                None => unknown.push(finding),
            }
        }
        (known, unknown)
    }

    /// The entry about it. None is about a death: whatever else a step does, it must not end the target.
    fn known(&self, candidate: &Candidate, finding: &Finding) -> Option<&Entry> {
        if finding.part == Part::Fate {
            return None;
        }
        self.asked(candidate, finding, |found| self.campaign.known.of(found))?
    }

    /// What is asked about a finding as entries see it; nothing if it is about no step.
    fn asked<T>(&self, candidate: &Candidate, finding: &Finding, ask: impl FnOnce(&Found<'_>) -> T) -> Option<T> {
        let line = candidate.rendered.lines.get(finding.step)?.number;
        let step = candidate.case.steps.iter().find(|step| step.line == line)?;
        let script: Vec<&str> = candidate.case.steps.iter().map(|step| step.text.as_str()).collect();
        Some(ask(&Found {
            target: self.campaign.target.id(),
            step: &step.text,
            rule: finding.rule,
            seen: &finding.actual,
            given_up: finding.part == Part::GivenUp,
            bits: finding.bits,
            script: &script,
        }))
    }

    pub(super) fn count_known(&mut self, candidate: &Candidate, finding: &Finding) {
        if let Some(Entry { reason, link, .. }) = self.known(candidate, finding).cloned() {
            self.count(reason, link);
        }
    }

    fn count(&mut self, reason: String, link: String) {
        self.outcome.known.entry(reason).or_insert(Times { count: 0, link }).count += 1;
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
