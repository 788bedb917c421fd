//! The observations made so far, and where each of them may be named.
//!
//! An observation is known by its name and the values of the loops around it. A later line may name it if every target
//! that reaches the line has made it: inside the same `on` block, in one that implies it, or anywhere after several
//! blocks that observe under the same name and together cover every target.

use super::lookup::{Lookup, Observations};
use crate::ast::{Expr, Name, Reference};
use crate::diagnostic::Diagnostic;
use crate::guard::Guard;
use crate::limit;
use crate::names;
use crate::program::{Action, Program, Step};
use crate::setting::Meaning;
use crate::span::Span;
use sprig_judge::case::{Part, Term};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// One observation.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    /// Its step; none if the step was wrong, which has been reported.
    pub(super) step: Option<usize>,
    /// The step of its `patched` answer.
    pub(super) patch: Option<usize>,
    pub(super) guard: Guard,
    /// A block around it begins with a line that is wrong: it is not known for which targets it is.
    pub(super) uncertain: bool,
    /// Which race it is in.
    pub(super) race: Option<usize>,
    pub(super) span: Span,
}

/// A name with the values of the loops around it.
type Key = (String, Vec<Meaning>);

/// Every observation made so far.
#[derive(Debug, Default)]
pub(super) struct Scope {
    observations: HashMap<Key, Vec<Observation>>,
    /// Names of which there is some observation, in whatever round.
    names: HashSet<String>,
    /// Answers of [`Scope::covers`].
    covered: RefCell<HashMap<Vec<Guard>, bool>>,
}

impl Scope {
    /// True if every target where `guard` holds makes one of these observations.
    fn covers(&self, guard: &Guard, observations: &[&Observation]) -> bool {
        let guards: Vec<&Guard> = observations.iter().map(|observation| &observation.guard).collect();
        let key = [guard].into_iter().chain(guards.iter().copied()).cloned().collect();
        *self.covered.borrow_mut().entry(key).or_insert_with(|| guard.is_covered_by(&guards))
    }

    /// Adds an observation; gives the place of another one of the same name that a target could make as well.
    pub(super) fn add(&mut self, name: &Name, round: Vec<Meaning>, observation: Observation) -> Option<Span> {
        if !self.names.contains(&name.text) {
            self.names.insert(name.text.clone());
        }
        let known = self.observations.entry((name.text.clone(), round)).or_default();
        let clash = known.iter().find(|known| known.guard.overlaps(&observation.guard));
        let clash = clash.map(|known| (known.span, known.uncertain || observation.uncertain));
        if clash.is_none_or(|(_, uncertain)| uncertain) {
            known.push(observation);
        }
        clash.filter(|(_, uncertain)| !uncertain).map(|(span, _)| span)
    }
}

/// The scope as a statement sees it.
pub(super) struct View<'a> {
    pub(super) scope: &'a Scope,
    pub(super) program: &'a Program,
    /// What the loops around the statement stand at.
    pub(super) round: &'a [Meaning],
    pub(super) guard: &'a Guard,
    pub(super) race: Option<usize>,
    /// In an expectation a race may be spoken of from outside.
    pub(super) in_expectation: bool,
    /// See [`Program::joined`].
    pub(super) joined: RefCell<BTreeMap<usize, Vec<usize>>>,
}

impl View<'_> {
    /// The observations a name stands for: one, or several of which each target makes one. None if that is wrong, which
    /// then has been reported.
    fn find(&self, lookup: &mut Lookup<'_>, reference: &Reference) -> Option<Vec<&Observation>> {
        let said: Option<Vec<Meaning>> = reference.round.iter().map(|value| lookup.meaning(value)).collect();
        let said = said?;
        if said.contains(&Meaning::Unknown) || self.round.contains(&Meaning::Unknown) {
            return None;
        }
        // The rounds of loops around both need not be said.
        let candidates = (0..=self.round.len()).rev().filter_map(|common| {
            let round = self.round.iter().take(common).chain(&said).copied().collect();
            self.scope.observations.get(&(reference.name.clone(), round))
        });
        let mut elsewhere = None;
        for known in candidates {
            if let Some(one) = known.iter().find(|observation| self.guard.implies(&observation.guard)) {
                return self.allowed(lookup, reference, vec![one]);
            }
            let some: Vec<_> = known.iter().filter(|observation| self.guard.overlaps(&observation.guard)).collect();
            if self.scope.covers(self.guard, &some) {
                return self.allowed(lookup, reference, some);
            }
            if known.iter().any(|observation| observation.uncertain) {
                return None;
            }
            elsewhere = known.first().map(|observation| observation.span);
        }
        let found = self.not_found(lookup, reference, said.is_empty(), elsewhere);
        lookup.report(found);
        None
    }

    fn not_found(
        &self,
        lookup: &mut Lookup<'_>,
        reference: &Reference,
        plain: bool,
        elsewhere: Option<Span>,
    ) -> Diagnostic {
        let (name, span) = (&reference.name, reference.name_span);
        if let Some(first) = elsewhere {
            return Diagnostic::error(format!("`{name}` is not observed on every target that reaches this line"))
                .at(span, "used here")
                .at(first, "observed in an `on` block");
        }
        if self.scope.names.contains(name) && plain {
            return Diagnostic::error(format!("`{name}` is observed in a loop: which round is meant?"))
                .at(span, "")
                .help(format!("the round stands in brackets: `{name}[SPRG4]`, `{name}[7]`"));
        }
        if self.scope.names.contains(name) {
            lookup.depends_on_everything();
            return Diagnostic::error(format!("`{name}` is not observed in this round")).at(span, "");
        }
        let found = Diagnostic::error(format!("`{name}` is used before it is observed")).at(span, "used here");
        match lookup.declared.get(name.as_str()).copied() {
            Some(declared) => found.at(declared, "observed here"),
            None => found,
        }
    }

    fn allowed<'o>(
        &self,
        lookup: &mut Lookup<'_>,
        reference: &Reference,
        observations: Vec<&'o Observation>,
    ) -> Option<Vec<&'o Observation>> {
        let outside = |observation: &&Observation| observation.race.is_some() && observation.race != self.race;
        if !self.in_expectation && observations.iter().any(outside) {
            let message = format!("`{}` has an outcome in each round of the race", reference.name);
            let found = Diagnostic::error(message).at(reference.name_span, "which of them is not said");
            lookup.report(found.note("outside the race only `expect` can name it"));
            return None;
        }
        Some(observations)
    }

    /// The step a name stands for. One that stands for several, of which each target runs one, is noted in the program.
    fn step(&self, lookup: &mut Lookup<'_>, reference: &Reference, patch: bool) -> Option<(usize, &Step)> {
        let observations = self.find(lookup, reference)?;
        let steps = observations.iter().map(|one| if patch { one.patch } else { one.step });
        let steps = steps.collect::<Option<Vec<usize>>>()?;
        let (first, others) = steps.split_first()?;
        let step = self.program.steps.get(*first)?;
        let differs = |other: &&usize| {
            self.program.steps.get(**other).is_none_or(|other| {
                let same = |get: fn(&Step) -> bool| get(step) == get(other);
                step.outputs != other.outputs || !same(|step| step.may_trap) || !same(|step| step.action.has_stub())
            })
        };
        if let Some(other) = others.iter().find(differs).and_then(|other| self.program.steps.get(*other)) {
            let message = format!("`{}` is not the same kind of observation in all `on` blocks", reference.name);
            let found = Diagnostic::error(message).at(reference.name_span, "used here");
            lookup.report(found.at(step.span, "observed here").at(other.span, "and here"));
            return None;
        }
        if !others.is_empty() {
            self.joined.borrow_mut().insert(*first, others.to_vec());
        }
        Some((*first, step))
    }

    /// The step of an observation whose exception is named.
    pub(super) fn exception(&self, lookup: &mut Lookup<'_>, reference: &Reference) -> Option<usize> {
        let (index, step) = self.step(lookup, reference, false)?;
        if !step.action.has_stub() {
            let message = format!("`{}` cannot take an exception", reference.name);
            lookup.report(Diagnostic::error(message).at(reference.name_span, "runs no instruction of the guest"));
            return None;
        }
        if !step.may_trap {
            let message = format!("an exception of `{}` fails the case", reference.name);
            let found = Diagnostic::error(message).at(reference.name_span, "so nothing can be said about it");
            lookup.report(found.at(step.span, "write `try` before this step"));
            return None;
        }
        Some(index)
    }

    fn part(&self, lookup: &mut Lookup<'_>, reference: &Reference, part: &Name) -> Option<Term> {
        let observed = |step, part| Some(Term::Observed { step, part });
        match part.text.as_str() {
            "srr0" => return observed(self.exception(lookup, reference)?, Part::Srr0),
            "srr1" => return observed(self.exception(lookup, reference)?, Part::Srr1),
            "syndrome" => return observed(self.exception(lookup, reference)?, Part::Syndrome),
            "dar" => return observed(self.exception(lookup, reference)?, Part::Dar),
            "exception" => {
                let found = Diagnostic::error("an exception is not a value").at(part.span, "");
                let name = &reference.name;
                lookup.report(found.help(format!("compare it with a name: `{name}.exception == program`")));
                return None;
            }
            _ => {}
        }
        let is_patched = self.find(lookup, reference)?.iter().all(|observation| observation.patch.is_some());
        if part.text == "patched" && is_patched {
            return observed(self.step(lookup, reference, true)?.0, Part::Output(0));
        }
        let (index, step) = self.step(lookup, reference, false)?;
        let outputs = || step.outputs.iter();
        let found =
            outputs().position(|output| output.name == part.text || output.register == Some(part.text.as_str()));
        if let Some(output) = found {
            return observed(index, Part::Output(output));
        }
        let own =
            outputs().flat_map(|output| [Some(output.name), output.register]).flatten().filter(|name| !name.is_empty());
        let patched = is_patched.then_some("patched");
        let trapped = ["exception", "srr0", "srr1", "syndrome", "dar"].into_iter().filter(|_| step.may_trap);
        let known: Vec<_> = own.chain(patched).chain(trapped).collect();
        let message = format!("`{}` has no part `{}`", reference.name, part.text);
        let diagnostic = Diagnostic::error(message).at(part.span, "no such part");
        let diagnostic = diagnostic.maybe_help(names::similar("a part", &part.text, known.iter().copied()));
        lookup.report(match known.as_slice() {
            [] => diagnostic,
            known => diagnostic.note(format!("it has {}", known.join(", "))),
        });
        None
    }
}

impl Observations for View<'_> {
    fn observed(&self, lookup: &mut Lookup<'_>, reference: &Reference, _: Span) -> Option<Term> {
        if let Some(part) = &reference.part {
            return self.part(lookup, reference, part);
        }
        let (index, step) = self.step(lookup, reference, false)?;
        if step.outputs.first().is_some_and(|output| output.name.is_empty()) {
            return Some(Term::Observed { step: index, part: Part::Output(0) });
        }
        let message = format!("`{}` has no value", reference.name);
        let found = Diagnostic::error(message).at(reference.name_span, "").at(step.span, "gives none");
        let help = match step.action {
            Action::Run { .. } => Some("`gives REG` says which register is its value".to_owned()),
            _ if step.may_trap => Some(format!("`{}.exception` says what became of it", reference.name)),
            _ => None,
        };
        lookup.report(found.maybe_help(help));
        None
    }
}

/// True if an expression names an observation's exception.
pub(super) fn as_exception<'e>(lookup: &Lookup<'_>, expr: &'e Expr) -> Option<&'e Reference> {
    match &expr.kind {
        crate::ast::ExprKind::Name(reference)
            if reference.part.as_ref().is_some_and(|part| part.text == "exception")
                && lookup.declared.contains_key(reference.name.as_str()) =>
        {
            Some(reference)
        }
        _ => None,
    }
}

/// A full name for logs and messages: `old[SPRG4,1]`.
pub(super) fn full_name(name: &str, rounds: &[String]) -> String {
    debug_assert!(name.len() <= limit::WORD_BYTES);
    if rounds.is_empty() { name.to_owned() } else { format!("{name}[{}]", rounds.join(",")) }
}
