//! The cases' part of a campaign: running them, telling what is known, making simpler what is not.

use super::cases::Cases;
use super::finding::{Broken, Shrunk};
use super::text::Text;
use crate::case::{Case, Profile};
use crate::fuzz::campaign::Times;
use crate::fuzz::dice::Dice;
use crate::fuzz::prediction::Part;
use crate::fuzz::runner::Runner;
use crate::judge::{self, Golden, Status, Subject};
use crate::known::Found;
use crate::mutants;
use crate::script::Instance;
use crate::target::Limits;
use crate::transcript::RunResult;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::iter::repeat;

/// Cases that run together.
const BATCH: usize = 64;
/// One script in so many is a case with exits in between; fewer on an emulated host, where a case costs as much as many
/// random scripts.
const ONE_IN: usize = 8;
const ONE_IN_ON_HOST: usize = 50;
/// At most this many simpler texts of a round run, the simplest.
const VARIANTS: usize = 160;
/// And this many where the machine dies or hangs, which costs boots or seconds each time.
const DEADLY_VARIANTS: usize = 16;
/// For so many of them somebody stands in for the reference, at most: each variant is a session of theirs.
const STOOD_IN: usize = 3;
/// This many rules are looked into, and this many findings shown.
const ATTEMPTS: usize = 24;
const SHRUNK: usize = 8;

/// Of so many simpler texts that show the same a stand-in is asked in one session.
const ASKED_AT_ONCE: usize = 32;
/// Of texts each simpler than the one before it is asked about so many.
const QUARTERS: usize = 4;

/// A case that may have been changed, ready to run.
#[derive(Debug)]
struct Attempt {
    text: Text,
    instance: Instance,
    case: Case,
}

impl Borrow<Case> for Attempt {
    fn borrow(&self) -> &Case {
        &self.case
    }
}

/// A case that ran.
struct Ran {
    attempt: Attempt,
    /// None if nothing can be said.
    broken: Option<Vec<Broken>>,
    /// Whether the reference holds everything; none if it cannot run this.
    reference_holds: Option<bool>,
}

impl Ran {
    /// The case, if it shows something like this.
    fn like(self, broken: &Broken) -> Option<(Attempt, Broken)> {
        let shown = self.broken?.into_iter().find(|other| other.is_like(broken))?;
        Some((self.attempt, shown))
    }
}

impl<'a> Runner<'a> {
    /// Every case as it is.
    pub(in crate::fuzz) fn cases(&mut self, cases: &mut Cases<'a>) {
        if cases.has_host {
            return;
        }
        let texts: Vec<Text> = cases.instances.iter().map(|instance| Text::of(instance)).collect();
        let size = if self.campaign.target.cases_per_session() > 1 { texts.len() } else { BATCH };
        for batch in texts.chunks(size.max(1)) {
            self.case_batch(cases, batch.to_vec(), false);
        }
    }

    /// Some cases with exits in between, as many as there should be beside so many random scripts, the first of which
    /// has this number.
    pub(in crate::fuzz) fn disturbed_cases(&mut self, cases: &mut Cases<'a>, number: u64, scripts: usize) {
        if !cases.has_exits {
            return;
        }
        let mut dice = Dice::of_script(!self.campaign.seed, number);
        let mut texts = Vec::new();
        let one_in = if cases.has_host { ONE_IN_ON_HOST } else { ONE_IN };
        for _ in 0..scripts / one_in {
            if let Some(instance) = dice.pick(&cases.instances) {
                texts.push(Text::of(instance).disturbed(&mut dice, &cases.kinds));
            }
        }
        self.case_batch(cases, texts, true);
    }

    fn case_batch(&mut self, cases: &mut Cases<'a>, texts: Vec<Text>, is_disturbed: bool) {
        if self.outcome.dead.is_some() {
            return;
        }
        let attempts: Vec<Attempt> = texts.into_iter().filter_map(|text| self.attempt(cases, text)).collect();
        self.outcome.scripts += attempts.len() as u64;
        for ran in self.run_cases(attempts, is_disturbed) {
            if self.outcome.dead.is_some() {
                return;
            }
            self.outcome.compared += u64::from(ran.broken.is_some() && ran.reference_holds.is_some());
            self.case_verdict(cases, ran);
        }
    }

    fn case_verdict(&mut self, cases: &mut Cases<'a>, ran: Ran) {
        let Some(broken) = &ran.broken else {
            self.outcome.unjudged += 1;
            return;
        };
        let Some(first) = broken.iter().find(|broken| !self.is_known_of(&ran.attempt, broken)).cloned() else { return };
        let has_found = |rule: &str| self.outcome.findings.iter().any(|known| known.finding.rule == rule);
        let is_new = cases.seen.insert((first.rule.clone(), first.part.name())) && !has_found(&first.rule);
        if !is_new || self.outcome.broken.len() >= SHRUNK || cases.seen.len() > ATTEMPTS {
            let like = self.outcome.broken.iter_mut().find(|known| known.broken.is_like(&first));
            if let Some(known) = like {
                known.also.insert(ran.attempt.text.origin().to_owned());
            }
            self.outcome.repeated += 1;
            return;
        }
        let before = Text::steps(&ran.attempt.text);
        let is_held = ran.reference_holds == Some(true)
            || self.outcome.broken.len() < STOOD_IN && self.is_held_by_stand_in(cases, &ran.attempt.text, &first);
        let (text, broken) = self.simplest(cases, ran.attempt.text, first, is_held);
        self.stand_in = None;
        let steps = (text.steps(), before);
        self.outcome.broken.push(Shrunk { broken, text, steps, also: BTreeSet::new() });
    }

    /// Whether somebody else with this CPU holds what the reference does not, or cannot run: who does is asked in its
    /// place from here on.
    fn is_held_by_stand_in(&mut self, cases: &Cases<'a>, text: &Text, broken: &Broken) -> bool {
        for stand_in in self.campaign.stand_ins {
            self.stand_in = Some((&**stand_in, stand_in.profile()));
            let attempts = self.attempt(cases, text.clone()).into_iter().collect();
            let shown = self.run_cases(attempts, true).into_iter().filter_map(|ran| ran.broken).flatten();
            if shown.into_iter().any(|other| other.is_like(broken)) {
                return true;
            }
        }
        self.stand_in = None;
        false
    }

    /// The simplest text that shows it, and how it does.
    fn simplest(&mut self, cases: &Cases<'a>, text: Text, broken: Broken, is_compared: bool) -> (Text, Broken) {
        let (mut text, mut broken) = (text, broken);
        let cut = text.cut_behind(broken.seen, broken.shows);
        let cut = if is_compared { self.first_held(cases, cut, &broken) } else { self.first_of(cases, cut, &broken) };
        if let Some(cut) = cut {
            (text, broken) = cut;
        }
        text = self.decided(cases, text);
        if is_compared && self.stand_in.is_some() {
            return self.simplest_of_stand_in(cases, text, broken);
        }
        while is_compared && let Some(simpler) = self.first_held(cases, text.simpler(), &broken) {
            (text, broken) = simpler;
        }
        (text, broken)
    }

    /// The text without choices that this target makes in any case: it has the same steps, and nobody needs to be asked.
    fn decided(&self, cases: &Cases<'a>, mut text: Text) -> Text {
        let steps = |text: &Text| {
            let steps = self.attempt(cases, text.clone())?.case.steps;
            Some(steps.into_iter().map(|step| step.text).collect::<Vec<String>>())
        };
        let same = steps(&text);
        while same.is_some()
            && let Some(next) = text.decided().into_iter().find(|decided| steps(decided) == same)
        {
            text = next;
        }
        text
    }

    /// The simplest text, if who holds it boots for each session, and may hang in what does not make sense: most of
    /// the way is gone with one question, and a change that was no good is not tried again.
    fn simplest_of_stand_in(&mut self, cases: &Cases<'a>, text: Text, broken: Broken) -> (Text, Broken) {
        let (mut text, mut broken) = (text, broken);
        let mut ever_simpler = self.ever_simpler(cases, &text, &broken);
        let count = ever_simpler.len();
        let places: BTreeSet<usize> =
            (1..=QUARTERS).filter_map(|part| (count * part / QUARTERS).checked_sub(1)).collect();
        let attempt = |place: usize| Some((place, self.attempt(cases, ever_simpler[place].0.clone())?));
        let (places, attempts): (Vec<usize>, Vec<Attempt>) = places.into_iter().filter_map(attempt).unzip();
        let held = self.reference_holds(&attempts);
        if let Some((place, _)) = places.into_iter().zip(held).rfind(|(_, held)| *held == Some(true)) {
            (text, broken) = ever_simpler.swap_remove(place);
        }
        let mut no_good = BTreeSet::new();
        loop {
            let simpler = text.simpler().into_iter().filter(|simpler| !no_good.contains(&text.change_to(simpler)));
            let shown = self.like(cases, simpler.collect(), &broken);
            let (texts, shown): (Vec<Attempt>, Vec<Broken>) = shown.into_iter().take(ASKED_AT_ONCE).unzip();
            let holds = self.reference_holds(&texts);
            let mut next = None;
            for ((attempt, shown), holds) in texts.into_iter().zip(shown).zip(holds) {
                if holds != Some(true) {
                    no_good.insert(text.change_to(&attempt.text));
                } else if next.is_none() {
                    next = Some((attempt.text, shown));
                }
            }
            match next {
                Some(simpler) => (text, broken) = simpler,
                None => return (text, broken),
            }
        }
    }

    /// Texts that show the same value on the target, each simpler than the one before; the reference may hold none.
    fn ever_simpler(&mut self, cases: &Cases<'a>, text: &Text, broken: &Broken) -> Vec<(Text, Broken)> {
        let mut texts: Vec<(Text, Broken)> = Vec::new();
        loop {
            let (text, broken) = texts.last().map_or((text, broken), |(text, broken)| (text, broken));
            match self.first_of(cases, text.simpler(), broken) {
                Some(simpler) => texts.push(simpler),
                None => return texts,
            }
        }
    }

    /// The first of these texts that shows it on the target, and that the reference holds.
    fn first_held(&mut self, cases: &Cases<'a>, texts: Vec<Text>, broken: &Broken) -> Option<(Text, Broken)> {
        let attempts = self.attempts(cases, texts, broken);
        let shown = self.run_cases(attempts, true).into_iter().filter_map(|ran| ran.like(broken));
        shown.map(|(attempt, shown)| (attempt.text, shown)).next()
    }

    /// The first of these texts that shows the same value on the target.
    fn first_of(&mut self, cases: &Cases<'a>, texts: Vec<Text>, broken: &Broken) -> Option<(Text, Broken)> {
        let shown = self.like(cases, texts, broken).into_iter().find(|(_, shown)| shown.actual == broken.actual);
        shown.map(|(attempt, shown)| (attempt.text, shown))
    }

    /// Those of these texts that show it on the target.
    fn like(&mut self, cases: &Cases<'a>, texts: Vec<Text>, broken: &Broken) -> Vec<(Attempt, Broken)> {
        let attempts = self.attempts(cases, texts, broken);
        self.run_cases_here(attempts, repeat(None)).into_iter().filter_map(|ran| ran.like(broken)).collect()
    }

    fn attempts(&self, cases: &Cases<'a>, texts: Vec<Text>, broken: &Broken) -> Vec<Attempt> {
        let most = if broken.part == Part::Fate { DEADLY_VARIANTS } else { VARIANTS };
        texts.into_iter().filter_map(|text| self.attempt(cases, text)).take(most).collect()
    }

    fn attempt(&self, cases: &Cases<'a>, text: Text) -> Option<Attempt> {
        let instance = text.instance(&cases.rules)?;
        let case = instance.assemble(&self.profile).ok()?;
        Some(Attempt { text, instance, case })
    }

    /// Runs them on the reference, and on the target; if only what the reference holds is of use, nothing else runs
    /// there: it may wait for what an exit has kept from coming.
    fn run_cases(&mut self, mut attempts: Vec<Attempt>, must_hold: bool) -> Vec<Ran> {
        let mut holds = self.reference_holds(&attempts);
        if must_hold {
            let mut each = holds.iter();
            attempts.retain(|_| each.next() == Some(&Some(true)));
            holds.retain(|holds| *holds == Some(true));
        }
        self.run_cases_here(attempts, holds)
    }

    /// Of each, whether the reference holds it.
    fn reference_holds(&mut self, attempts: &[Attempt]) -> Vec<Option<bool>> {
        let instances: Vec<&Instance> = attempts.iter().map(|attempt| &attempt.instance).collect();
        let others = self.on_reference(&instances, &limits());
        others.into_iter().map(|other| self.holds(other)).collect()
    }

    /// Runs them on the target.
    fn run_cases_here(&mut self, attempts: Vec<Attempt>, holds: impl IntoIterator<Item = Option<bool>>) -> Vec<Ran> {
        let results = self.on_target(&attempts, &limits());
        let ran = attempts.into_iter().zip(results).zip(holds);
        ran.map(|((attempt, result), reference_holds)| {
            let broken = self.broken(&attempt.case, &result, &self.profile);
            Ran { attempt, broken, reference_holds }
        })
        .collect()
    }

    /// Whether the reference holds everything that this case expects; none if that is not known.
    fn holds(&self, other: Option<(Case, RunResult)>) -> Option<bool> {
        let ((_, profile), (case, result)) = self.referee().zip(other)?;
        self.broken(&case, &result, profile).map(|broken| broken.is_empty())
    }

    /// What of a case is broken; none if nothing can be said.
    fn broken(&self, case: &Case, result: &RunResult, profile: &Profile) -> Option<Vec<Broken>> {
        let rules = &self.campaign.suite.rules;
        let subject = Subject { case, result, profile, rules, expectation: None, golden: Golden::NotKept };
        let verdict = judge::judge(&subject);
        match verdict.status {
            Status::Error | Status::Skip => None,
            Status::Crash | Status::Hang => {
                let last = result.last_step.and_then(|step| case.steps.get(step as usize)).or(case.steps.last());
                let line = last.map_or(0, |step| step.line);
                Some(vec![Broken {
                    part: Part::Fate,
                    rule: case.rules.first().cloned().unwrap_or_default(),
                    expected: "the guest goes on".to_owned(),
                    actual: verdict.detail.unwrap_or_default().lines().next().unwrap_or_default().to_owned(),
                    step: last.map_or_else(String::new, |step| step.text.clone()),
                    seen: line,
                    shows: line,
                }])
            }
            _ => Some(verdict.failures.into_iter().map(Broken::by).collect()),
        }
    }

    /// Counts it, if it is.
    fn is_known_of(&mut self, attempt: &Attempt, broken: &Broken) -> bool {
        let script: Vec<&str> = attempt.case.steps.iter().map(|step| step.text.as_str()).collect();
        let found = Found {
            target: self.campaign.target.id(),
            step: &broken.step,
            rule: &broken.rule,
            seen: &broken.actual,
            given_up: broken.part == Part::GivenUp,
            bits: None,
            script: &script,
        };
        let entry = if broken.part == Part::Fate { None } else { self.campaign.known.of(&found) };
        if let Some(entry) = entry {
            let times = || Times { count: 0, link: entry.link.clone() };
            self.outcome.known.entry(entry.reason.clone()).or_insert_with(times).count += 1;
        }
        entry.is_some()
    }
}

/// Unlike a random script a case may wait for long, but on the reference no step does.
fn limits() -> Limits {
    Limits { instructions: Some(mutants::STEP), ..Limits::default() }
}
