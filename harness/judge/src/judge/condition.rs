//! Evaluating an expectation over what was observed.
//!
//! A term may have no value: `x.srr1` of a step that took no exception. Such a comparison is neither true nor false,
//! and `and`, `or` and `not` treat it as Kleene's logic does; an expectation holds only if it is true.

use crate::case::{Case, Comparison, Condition, Part, Step, Term};
use crate::describe;
use crate::transcript::{Outcome, Transcript};
use sprig_isa::cpu::Family;
use std::collections::{BTreeMap, BTreeSet};

/// Most combinations of outcomes of raced steps that one expectation is evaluated over.
const COMBINATIONS: usize = 1 << 16;

/// One outcome for each step.
pub(super) type Choice<'a> = BTreeMap<usize, &'a Outcome>;

/// Why an expectation cannot be evaluated at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// The step left no entry.
    NotObserved(usize),
    /// It speaks of too many raced steps at once.
    TooManyCombinations,
}

/// What of a condition is not true, each with a choice of outcomes that shows it; empty if it always holds.
pub(super) fn counterexamples<'c, 'a>(
    condition: &'c Condition,
    transcript: &'a Transcript,
) -> Result<Vec<(&'c Condition, Choice<'a>)>, Unclear> {
    // Each operand of `and` has to hold for all its own combinations, and has fewer of them.
    if let Condition::And(operands) = condition {
        let mut all = Vec::new();
        for operand in operands {
            all.extend(counterexamples(operand, transcript)?);
        }
        return Ok(all);
    }
    let mut steps = BTreeSet::new();
    mentioned(condition, &mut steps);
    let mut raced = Vec::new();
    let mut combinations = 1usize;
    for step in steps {
        let outcomes = transcript.outcomes.get(&step).filter(|outcomes| !outcomes.is_empty());
        let outcomes = outcomes.ok_or(Unclear::NotObserved(step))?;
        combinations = combinations.saturating_mul(outcomes.len());
        raced.push((step, outcomes));
    }
    if combinations > COMBINATIONS {
        return Err(Unclear::TooManyCombinations);
    }
    for number in 0..combinations {
        let mut rest = number;
        let mut choice = Choice::new();
        for (step, outcomes) in &raced {
            if let Some(outcome) = outcomes.get(rest % outcomes.len()) {
                choice.insert(*step, outcome);
            }
            rest /= outcomes.len();
        }
        if evaluate(condition, &choice) != Some(true) {
            return Ok(vec![(condition, choice)]);
        }
    }
    Ok(Vec::new())
}

fn mentioned(condition: &Condition, steps: &mut BTreeSet<usize>) {
    match condition {
        Condition::And(operands) | Condition::Or(operands) => {
            operands.iter().for_each(|operand| mentioned(operand, steps));
        }
        Condition::Not(operand) => mentioned(operand, steps),
        Condition::Compare(_, a, b) => {
            in_term(a, steps);
            in_term(b, steps);
        }
        Condition::In(term, _) => in_term(term, steps),
        Condition::Exception { step, .. } => {
            steps.insert(*step);
        }
    }
}

fn in_term(term: &Term, steps: &mut BTreeSet<usize>) {
    match term {
        Term::Constant(_) => {}
        Term::Observed { step, .. } => {
            steps.insert(*step);
        }
        Term::Binary(_, a, b) => {
            in_term(a, steps);
            in_term(b, steps);
        }
        Term::Complement(a) => in_term(a, steps),
    }
}

fn evaluate(condition: &Condition, choice: &Choice<'_>) -> Option<bool> {
    match condition {
        Condition::And(operands) => all(operands.iter().map(|operand| evaluate(operand, choice))),
        Condition::Or(operands) => {
            all(operands.iter().map(|operand| evaluate(operand, choice).map(|v| !v))).map(|v| !v)
        }
        Condition::Not(operand) => evaluate(operand, choice).map(|value| !value),
        Condition::Compare(comparison, a, b) => Some(comparison.holds(value(a, choice)?, value(b, choice)?)),
        Condition::In(term, ranges) => {
            let value = value(term, choice)?;
            Some(ranges.iter().any(|(low, high)| (*low..=*high).contains(&value)))
        }
        Condition::Exception { step, exception, equal } => {
            let taken = choice.get(step)?.taken.map(|taken| taken.exception);
            Some((taken == *exception) == *equal)
        }
    }
}

/// False if one is false, else unknown if one is unknown, else true.
fn all(operands: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for operand in operands {
        match operand {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

impl Comparison {
    /// Whether two values compare so.
    #[must_use]
    pub const fn holds(self, a: u64, b: u64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }

    /// The same with its sides exchanged.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// As scripts write it.
    const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    const fn inverse(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

fn value(term: &Term, choice: &Choice<'_>) -> Option<u64> {
    match term {
        Term::Constant(value) => Some(*value),
        Term::Observed { step, part } => {
            let outcome = choice.get(step)?;
            match part {
                Part::Output(index) => outcome.values.get(*index).copied(),
                Part::Srr0 => outcome.taken?.offset,
                Part::Srr1 => Some(outcome.taken?.srr1),
                Part::Syndrome => Some(outcome.taken?.syndrome.into()),
                Part::Dar => Some(outcome.taken?.dar),
            }
        }
        Term::Binary(alu, a, b) => Some(alu.apply(value(a, choice)?, value(b, choice)?)),
        Term::Complement(a) => Some(!value(a, choice)?),
    }
}

/// One comparison of an expectation that did not come out as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The step it speaks of.
    pub(super) step: Option<usize>,
    /// What was compared.
    pub(super) term: String,
    /// What it should have been.
    pub(super) expected: String,
    /// What it was.
    pub(super) actual: String,
    /// [`super::Finding::compared`].
    pub(super) compared: Option<String>,
}

/// Puts the comparisons of a condition that is not true into words.
pub(super) struct Explainer<'a> {
    pub(super) case: &'a Case,
    pub(super) choice: &'a Choice<'a>,
    pub(super) family: Family,
}

impl Explainer<'_> {
    /// The comparisons that keep the condition from being `wanted`.
    pub(super) fn leaves(&self, condition: &Condition, wanted: bool) -> Vec<Leaf> {
        let is_wanted = |operand: &Condition| evaluate(operand, self.choice) == Some(wanted);
        match condition {
            Condition::And(operands) | Condition::Or(operands) => {
                let wrong = operands.iter().filter(|operand| !is_wanted(operand));
                wrong.flat_map(|operand| self.leaves(operand, wanted)).collect()
            }
            Condition::Not(operand) => self.leaves(operand, !wanted),
            Condition::Compare(comparison, a, b) => {
                let comparison = if wanted { *comparison } else { comparison.inverse() };
                // The side that was observed is the one to speak of.
                let (a, b, symbol) = match (a, b) {
                    (Term::Constant(_), Term::Observed { .. }) => (b, a, comparison.mirrored().symbol()),
                    _ => (a, b, comparison.symbol()),
                };
                vec![self.leaf(a, format!("{symbol} {}", self.with_value(b)))]
            }
            Condition::In(term, ranges) => {
                let not = if wanted { "" } else { "not " };
                vec![self.leaf(term, format!("{not}in {}", describe::set(ranges)))]
            }
            Condition::Exception { step, exception, equal } => {
                let name = exception.map_or("none", sprig_isa::exception::Exception::name);
                let taken = self.choice.get(step).and_then(|outcome| outcome.taken);
                let actual = taken.map_or_else(|| "none".to_owned(), |taken| describe::exception(&taken, self.family));
                let symbol = if *equal == wanted { "==" } else { "!=" };
                vec![Leaf {
                    step: Some(*step),
                    term: format!("{}.exception", self.name(*step)),
                    expected: format!("{symbol} {name}"),
                    actual,
                    compared: taken.map(|taken| describe::exception_in_short(&taken, self.family)),
                }]
            }
        }
    }

    fn leaf(&self, term: &Term, expected: String) -> Leaf {
        let mut steps = BTreeSet::new();
        in_term(term, &mut steps);
        let actual = value(term, self.choice).map_or_else(|| self.why_none(term), |value| self.shown(term, value));
        Leaf { step: steps.first().copied(), term: self.text(term), expected, actual, compared: None }
    }

    /// Some registers are read by their bits.
    fn shown(&self, term: &Term, value: u64) -> String {
        let plain = describe::value(value);
        let Term::Observed { step, part } = term else { return plain };
        let Some(taken) = self.choice.get(step).and_then(|outcome| outcome.taken) else { return plain };
        match part {
            Part::Srr1 => format!("{plain} ({})", describe::srr1(&taken, self.family)),
            Part::Syndrome => format!("{plain} ({})", describe::syndrome(&taken, self.family)),
            Part::Output(_) | Part::Srr0 | Part::Dar => plain,
        }
    }

    fn why_none(&self, term: &Term) -> String {
        let mut steps = BTreeSet::new();
        in_term(term, &mut steps);
        for step in steps {
            match self.choice.get(&step).map(|outcome| outcome.taken) {
                Some(None) => return format!("no value: `{}` took no exception", self.name(step)),
                Some(Some(taken)) => {
                    return format!(
                        "no value: `{}` took {}",
                        self.name(step),
                        describe::exception(&taken, self.family)
                    );
                }
                None => {}
            }
        }
        "no value".to_owned()
    }

    fn with_value(&self, term: &Term) -> String {
        match (term, value(term, self.choice)) {
            (Term::Constant(constant), _) => describe::value(*constant),
            (term, Some(value)) => format!("{} ({})", self.text(term), describe::value(value)),
            (term, None) => self.text(term),
        }
    }

    fn name(&self, step: usize) -> String {
        let step: Option<&Step> = self.case.steps.get(step);
        step.map(|step| step.observation.clone().unwrap_or_else(|| step.text.clone())).unwrap_or_default()
    }

    fn text(&self, term: &Term) -> String {
        match term {
            Term::Constant(value) => describe::value(*value),
            Term::Observed { step, part } => {
                let name = self.name(*step);
                let output = |index: &usize| self.case.steps.get(*step)?.outputs.get(*index).map(String::as_str);
                let part = match part {
                    Part::Output(index) => output(index).unwrap_or_default(),
                    Part::Srr0 => "srr0",
                    Part::Srr1 => "srr1",
                    Part::Syndrome => "syndrome",
                    Part::Dar => "dar",
                };
                if part.is_empty() { name } else { format!("{name}.{part}") }
            }
            Term::Binary(alu, a, b) => format!("({} {} {})", self.text(a), describe::operator(*alu), self.text(b)),
            Term::Complement(a) => format!("~{}", self.text(a)),
        }
    }
}

#[cfg(test)]
mod tests;
