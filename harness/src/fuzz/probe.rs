//! A finding as a file: the smallest script that shows it, readable and ready for `sprig run`.

use super::campaign::{Campaign, Shrunk};
use super::judge::{Judge, Witness};
use super::prediction::{Allowed, Expectation, Part};
use super::render::{Frame, render};
use crate::case::Case;
use crate::target::Target;
use crate::transcript::{Outcome, RunResult, Transcript};

/// Columns of a comment.
pub(super) const WIDTH: usize = 120;

impl Shrunk {
    /// The file.
    #[must_use]
    pub fn probe(&self, campaign: &Campaign<'_>) -> String {
        let profile = campaign.target.profile();
        let judge = Judge { suite: campaign.suite, target: campaign.target.id(), profile: &profile };
        let frame = Frame {
            prose: self.prose(campaign),
            instead: Some(self.expectations()),
            rule: Some(self.finding.rule),
            behind: self.transcripts(campaign, &judge),
        };
        render(&self.environment, &self.candidate.steps, &frame).text
    }

    fn prose(&self, campaign: &Campaign<'_>) -> Vec<String> {
        let finding = &self.finding;
        let target = campaign.target.id();
        let sentence = campaign.suite.rules.get(finding.rule).map_or("", |rule| rule.text.as_str());
        let what = match finding.witness {
            Witness::Contract => format!("{target} breaks {}: {sentence}", finding.rule),
            Witness::Reference => format!(
                "{target} does otherwise than {}, where no rule decides; {} comes closest: {sentence}",
                campaign.reference.map_or("the reference", Target::id),
                finding.rule
            ),
        };
        let (before, after) = (self.steps_before, self.steps());
        let shrunk = if before > after { format!(", shrunk from {before} steps to {after}") } else { String::new() };
        let found = format!(
            "Found by `sprig fuzz {} --seed {}`, script {}{shrunk}. Expected {}; seen: {}.",
            campaign.subject(),
            campaign.seed,
            self.number,
            finding.expected,
            finding.actual
        );
        [what, found].iter().flat_map(|text| textwrap::wrap(text, WIDTH)).map(Into::into).collect()
    }

    /// What the script says: of a rule what the contract does, else what the reference did.
    fn expectations(&self) -> Vec<(usize, Expectation)> {
        let finding = &self.finding;
        match finding.witness {
            Witness::Contract => {
                let said = self.candidate.rendered.expectations.iter();
                let broken = said.filter(|(_, step, said)| *step == finding.step && said.part == finding.part);
                broken.map(|(_, step, said)| (*step, said.clone())).collect()
            }
            Witness::Reference => self.as_the_reference().into_iter().collect(),
        }
    }

    fn as_the_reference(&self) -> Option<(usize, Expectation)> {
        let (case, result) = self.results.1.as_ref()?;
        let (outputs, outcome) = self.outcome(case, result)?;
        let taken = outcome.taken;
        let allowed = match self.finding.part {
            Part::Exception => Allowed::Exception(taken.map(|taken| taken.exception)),
            Part::Srr0 => Allowed::OneOf(vec![taken?.offset?]),
            Part::Srr1 => Allowed::OneOf(vec![taken?.srr1]),
            Part::Syndrome => Allowed::OneOf(vec![taken?.syndrome.into()]),
            Part::Dar => Allowed::OneOf(vec![taken?.dar]),
            part @ (Part::Value | Part::Register(_) | Part::Special(_) | Part::Result(_)) => {
                let index = outputs.iter().position(|name| Part::of_output(name) == Some(part))?;
                Allowed::OneOf(vec![*outcome.values.get(index)?])
            }
            // The contract's to say, and no expectation's.
            Part::GivenUp | Part::Fate => return None,
        };
        Some((self.finding.step, Expectation { part: self.finding.part, allowed, rule: self.finding.rule }))
    }

    /// What a result says of the step, with the names of its values.
    fn outcome<'c>(&self, case: &'c Case, result: &RunResult) -> Option<(&'c [String], Outcome)> {
        let line = self.candidate.rendered.lines.get(self.finding.step)?.number;
        let index = case.steps.iter().position(|step| step.line == line)?;
        let transcript = Transcript::decode(case, result).ok()?;
        Some((&case.steps.get(index)?.outputs, transcript.outcomes.get(&index)?.first()?.clone()))
    }

    /// The pair of transcripts, as comments.
    fn transcripts(&self, campaign: &Campaign<'_>, judge: &Judge<'_>) -> Vec<String> {
        let mut lines = vec![format!("{}:", campaign.target.id())];
        let mut say = |text: &str| lines.extend(text.lines().map(|line| format!("  {line}")));
        say(&judge.transcript(&self.candidate.case, &self.results.0));
        if let (Some(reference), Some((case, result))) = (campaign.reference, &self.results.1) {
            let text = judge.transcript(case, result);
            lines.push(format!("{}:", reference.id()));
            lines.extend(text.lines().map(|line| format!("  {line}")));
        }
        lines
    }
}
