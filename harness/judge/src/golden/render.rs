//! A transcript as people review it: one line per observation, in the order of the script.
//!
//! ```text
//!   before: mfspr r3, 260 (USPRG4) -> in {0xa0000004, 0xb0000004}
//!   after: mfspr r3, 260 (USPRG4) -> 0xb0000004
//!   v: mfspr r3, *
//!     0: program ESR=PIL srr0=+0 srr1=ME
//!     1: 0x0
//!     286-287: program ESR=PPR srr0=+0 srr1=PR|ME
//! ```
//!
//! Nothing in it may change from one correct run or build to the next: a race shows the set a rule allows, or the
//! sorted set of what was seen; what varies is not shown, nor are addresses in the guest kernel, nor exit counts.

use crate::case::{Case, Condition, Part, Step, Term};
use crate::describe::{self, Shown};
use crate::pattern::Patterns;
use crate::transcript::{Outcome, Transcript};
use sprig_isa::cpu::Family;
use std::collections::BTreeMap;

/// One observation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its name, with the loop's value; of a step without a name that took an exception, empty.
    pub name: String,
    /// The step.
    pub step: String,
    /// Its outcome, or all of them.
    pub outcome: String,
}

/// Every observation of a case, in order; the values of those that match one of `varies` are not shown. And of a step
/// without a name what should not have happened there: an exception, a call that was refused, that the guest was given
/// up.
#[must_use]
pub fn observations(case: &Case, transcript: &Transcript, family: Family, varies: &Patterns) -> Vec<Observation> {
    let constrained = constrained(case);
    let steps = case.steps.iter().enumerate().filter_map(|(index, step)| {
        let outcomes = transcript.outcomes.get(&index).map_or(&[][..], Vec::as_slice);
        let given_up = transcript.given_up.get(&index);
        let name = step.observation.as_deref().unwrap_or_default();
        let sets = if step.varying || varies.matches(name) { None } else { Some(&constrained) };
        let is_seen = step.observation.is_some() && !outcomes.is_empty();
        let has_trapped = outcomes.iter().any(|outcome| outcome.taken.is_some());
        let is_told = given_up.is_some() || has_trapped || transcript.refused_unseen(index, step).is_some();
        (is_seen || is_told).then(|| Observation {
            name: name.to_owned(),
            step: step.text.clone(),
            outcome: all_outcomes(index, step, outcomes, sets, family)
                + &describe::given_up_behind(given_up, case, step),
        })
    });
    steps.collect()
}

/// The whole transcript in words, as its golden keeps it.
#[must_use]
pub fn transcript(case: &Case, transcript: &Transcript, family: Family, varies: &Patterns) -> String {
    let mut groups: Vec<Group> = Vec::new();
    for observation in observations(case, transcript, family, varies) {
        let (base, index) = split_index(&observation.name);
        let known =
            index.is_some().then(|| groups.iter().position(|group| group.indexed && group.base == base)).flatten();
        let member = Member {
            index: index.unwrap_or_default().to_owned(),
            step: observation.step,
            outcome: observation.outcome,
        };
        match known.and_then(|at| groups.get_mut(at)) {
            Some(group) => group.members.push(member),
            None => groups.push(Group { base: base.to_owned(), indexed: index.is_some(), members: vec![member] }),
        }
    }
    if groups.is_empty() {
        return "(no observations)\n".to_owned();
    }
    groups.iter().map(Group::text).collect()
}

/// The sets that rules allow, by step and output.
type Constrained = BTreeMap<(usize, usize), Vec<(u64, u64)>>;

fn constrained(case: &Case) -> Constrained {
    let mut sets = Constrained::new();
    for check in &case.checks {
        let operands = match &check.condition {
            Condition::And(operands) => operands.as_slice(),
            condition => std::slice::from_ref(condition),
        };
        for operand in operands {
            if let Condition::In(Term::Observed { step, part: Part::Output(output) }, ranges) = operand {
                sets.entry((*step, *output)).or_insert_with(|| ranges.clone());
            }
        }
    }
    sets
}

/// The outcomes of a step; without sets, its values vary.
fn all_outcomes(index: usize, step: &Step, outcomes: &[Outcome], sets: Option<&Constrained>, family: Family) -> String {
    let show = |output: usize, value: u64| {
        let Some(sets) = sets else { return Shown::Varies };
        let set_of = sets.get(&(index, output));
        match set_of.filter(|ranges| ranges.iter().any(|(low, high)| (*low..=*high).contains(&value))) {
            Some(ranges) => Shown::Member(describe::set(ranges)),
            None => Shown::Value(describe::value(value)),
        }
    };
    if outcomes.is_empty() {
        return "no outcome".to_owned();
    }
    let mut texts: Vec<String> = outcomes
        .iter()
        .map(|outcome| describe::outcome(outcome, (&step.outputs, sets.is_none()), family, show))
        .collect();
    texts.sort();
    texts.dedup();
    texts.join(" or ")
}

/// `old[SPRG4]` is `old` and `SPRG4`.
fn split_index(name: &str) -> (&str, Option<&str>) {
    match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        Some((base, index)) => (base, Some(index)),
        None => (name, None),
    }
}

/// The observations of one name.
struct Group {
    base: String,
    indexed: bool,
    members: Vec<Member>,
}

struct Member {
    index: String,
    step: String,
    outcome: String,
}

impl Group {
    fn text(&self) -> String {
        match self.members.as_slice() {
            [only] if !self.indexed && self.base.is_empty() => format!("({}) -> {}\n", only.step, only.outcome),
            [only] if !self.indexed => format!("{}: {} -> {}\n", self.base, only.step, only.outcome),
            members => {
                let steps = members.iter().map(|member| member.step.as_str());
                let mut text = format!("{}: {}\n", self.base, common(steps));
                for run in runs(members) {
                    text += &format!("  {}: {}\n", run.0, run.1);
                }
                text
            }
        }
    }
}

/// What the steps of a loop have in common: words that differ become `*`.
fn common<'a>(mut steps: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = steps.next().unwrap_or_default().split(' ').collect();
    for step in steps {
        let other: Vec<&str> = step.split(' ').collect();
        for (index, word) in words.iter_mut().enumerate() {
            if other.get(index) != Some(word) {
                *word = "*";
            }
        }
        if other.len() > words.len() {
            words.push("*");
        }
    }
    words.dedup_by(|a, b| *a == "*" && *b == "*");
    words.join(" ")
}

/// Consecutive indices with equal outcomes, as `first-last`.
fn runs(members: &[Member]) -> Vec<(String, &str)> {
    let mut runs: Vec<(&Member, &Member)> = Vec::new();
    for member in members {
        match runs.last_mut() {
            Some((_, last)) if last.outcome == member.outcome && follows(&last.index, &member.index) => *last = member,
            _ => runs.push((member, member)),
        }
    }
    let name = |(first, last): &(&Member, &Member)| {
        if std::ptr::eq(*first, *last) { first.index.clone() } else { format!("{}-{}", first.index, last.index) }
    };
    runs.iter().map(|run| (name(run), run.0.outcome.as_str())).collect()
}

/// True for 286 and 287, and for SPRG4 and SPRG5.
fn follows(earlier: &str, later: &str) -> bool {
    let split = |text: &str| {
        let digits = text.len() - text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let number: Option<u64> = text.get(digits..)?.parse().ok();
        Some((text.get(..digits)?.to_owned(), number?))
    };
    match (split(earlier), split(later)) {
        (Some((a, first)), Some((b, second))) => a == b && first.checked_add(1) == Some(second),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::transcript::GivenUp;
    use sprig_isa::exception::Exception;

    fn rendered(case: &Case, transcript: &Transcript) -> String {
        super::transcript(case, transcript, Family::BookeE500, &Patterns::default())
    }

    #[test]
    fn a_member_of_an_allowed_set_is_shown_as_the_set_whichever_it_is() {
        let case = example::alias();
        let text = rendered(&case, &example::alias_transcript(0xa000_0004, 0xb000_0004));
        assert_eq!(
            text,
            "before: mfspr r3, 260 (USPRG4) -> in {0xa0000004, 0xb0000004}\n\
             after: mfspr r3, 260 (USPRG4) -> 0xb0000004\n"
        );
        assert_eq!(text, rendered(&case, &example::alias_transcript(0xb000_0004, 0xb000_0004)));
        assert!(
            rendered(&case, &example::alias_transcript(0x1, 0xb000_0004))
                .starts_with("before: mfspr r3, 260 (USPRG4) -> 0x1\n")
        );
    }

    #[test]
    fn a_loop_is_shown_as_runs_of_equal_outcomes() {
        let numbers = [1u64, 2, 3, 286, 287, 289];
        let (case, transcript) =
            example::looped(&numbers, |number| if number < 4 { Ok(number / 3) } else { Err(Exception::Program) });
        assert_eq!(
            rendered(&case, &transcript),
            "v: mfspr r3, *\n  1-2: 0x0\n  3: 0x1\n  286-287: program ESR=PIL srr0=+0 srr1=ME\n  \
             289: program ESR=PIL srr0=+0 srr1=ME\n"
        );
    }

    #[test]
    fn an_observation_beside_a_loop_is_none_of_its_rounds() {
        let numbers = [1u64, 2, 3, 4];
        let (mut case, transcript) = example::looped(&numbers, Ok);
        for (step, name) in case.steps.iter_mut().zip(["v[1]", "v", "w[1]", "v[2]"]) {
            step.observation = Some(name.to_owned());
        }
        assert_eq!(
            rendered(&case, &transcript),
            "v: mfspr r3, *\n  1: 0x1\n  2: 0x4\nv: mfspr r3, 2 -> 0x2\nw: mfspr r3, 3\n  1: 0x3\n"
        );
    }

    #[test]
    fn a_step_that_left_nothing_is_not_shown() {
        let case = example::alias();
        let mut transcript = example::alias_transcript(0xa000_0004, 7);
        transcript.outcomes.insert(2, Vec::new());
        assert_eq!(rendered(&case, &transcript), "after: mfspr r3, 260 (USPRG4) -> 0x7\n");
        transcript.outcomes.clear();
        assert_eq!(rendered(&case, &transcript), "(no observations)\n");
    }

    #[test]
    fn registers_follow_each_other_by_their_number() {
        assert!(follows("SPRG4", "SPRG5") && !follows("SPRG3", "SPRG5") && !follows("SPRG3", "DAR4"));
        assert!(follows("286", "287") && !follows("DAR", "SRR0"));
    }

    #[test]
    fn a_varying_value_is_not_shown_but_its_exception_is() {
        let mut case = example::alias();
        let mut transcript = example::alias_transcript(0xa000_0004, 7);
        case.steps[4].varying = true;
        assert!(rendered(&case, &transcript).ends_with("after: mfspr r3, 260 (USPRG4) -> (varies)\n"));
        transcript.outcomes.insert(4, vec![example::trapped(Exception::Program)]);
        assert!(rendered(&case, &transcript).ends_with("-> program ESR=PIL srr0=+0 srr1=ME\n"));
    }

    #[test]
    fn what_an_expectation_says_to_vary_is_not_shown() {
        let (case, transcript) = (example::alias(), example::alias_transcript(0xa000_0004, 7));
        let text = super::transcript(&case, &transcript, Family::BookeE500, &Patterns::from("aft*"));
        assert!(text.ends_with("after: mfspr r3, 260 (USPRG4) -> (varies)\n"), "{text}");
        assert!(text.starts_with("before: mfspr r3, 260 (USPRG4) -> in {"), "{text}");
    }

    #[test]
    fn that_the_guest_was_given_up_is_shown_behind_what_came_of_it() {
        let case = example::alias();
        let mut transcript = example::alias_transcript(0xa000_0004, 7);
        transcript.given_up.insert(4, vec![GivenUp { reason: 0, detail: 5 }]);
        let text = rendered(&case, &transcript);
        assert!(text.ends_with("-> 0x7, given up: KVM_EXIT_UNKNOWN 0x5\n"), "{text}");
        transcript.given_up.insert(0, vec![GivenUp { reason: 0, detail: 5 }]);
        let text = rendered(&case, &transcript);
        let unseen = "(mtspr 276 (SPRG4), r3) -> no outcome, given up: KVM_EXIT_UNKNOWN 0x5\n";
        assert!(text.starts_with(unseen), "{text}");
    }

    #[test]
    fn a_call_that_nobody_looks_at_is_shown_if_it_was_refused() {
        let mut case = example::alias();
        case.steps[0].outputs = vec![Step::STATUS.to_owned()];
        let mut transcript = example::alias_transcript(0xa000_0004, 7);
        for (status, is_shown) in [(0, false), (2, true)] {
            transcript.outcomes.insert(0, vec![Outcome { taken: None, values: vec![status] }]);
            let text = rendered(&case, &transcript);
            assert_eq!(text.starts_with("(mtspr 276 (SPRG4), r3) -> status=0x2\n"), is_shown, "{text}");
        }
    }

    #[test]
    fn a_race_shows_the_sorted_set_of_outcomes_once_each() {
        let mut case = example::alias();
        case.checks.clear();
        let mut transcript = example::alias_transcript(0xb, 1);
        let outcome = |value| Outcome { taken: None, values: vec![value] };
        transcript.outcomes.insert(2, vec![outcome(0xb), outcome(0xa), outcome(0xb)]);
        assert!(rendered(&case, &transcript).starts_with("before: mfspr r3, 260 (USPRG4) -> 0xa or 0xb\n"));
    }

    #[test]
    fn an_exception_of_a_step_without_a_name_is_shown() {
        let case = example::alias();
        let mut transcript = example::alias_transcript(0xa000_0004, 0xb000_0004);
        transcript.outcomes.insert(0, vec![example::trapped(Exception::Program)]);
        assert!(rendered(&case, &transcript).starts_with("(mtspr 276 (SPRG4), r3) -> program ESR=PIL"));
    }

    #[test]
    fn the_words_that_differ_in_a_loop_become_a_star() {
        assert_eq!(common(["mfspr r3, 272 (SPRG0)", "mfspr r3, 273 (SPRG1)"].into_iter()), "mfspr r3, *");
        assert_eq!(common(["lwz r3, 8(r4)"].into_iter()), "lwz r3, 8(r4)");
        assert_eq!(common(["a b", "a b c"].into_iter()), "a b *");
        assert_eq!(common(["a b c", "x b c"].into_iter()), "* b c");
        assert_eq!(common(["a b c", "x y c"].into_iter()), "* c");
    }
}
