//! Findings as reports want them, whichever way they were found.

use super::campaign::{Campaign, Outcome};
use super::disturbed;
use super::judge::Witness;
use super::probe::WIDTH;
use std::collections::BTreeSet;

/// A finding as reports want it.
#[derive(Debug)]
pub struct Told {
    /// The rule that is broken, or that comes closest.
    pub rule: String,
    /// Who says so.
    pub witness: Witness,
    /// What of a step.
    pub part: &'static str,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// The script it was found in: its number, or a case of the suite.
    pub origin: String,
    /// Steps of the smallest script, and of that one.
    pub steps: usize,
    /// The same of the one it was found in.
    pub steps_before: usize,
    /// What else shows the same.
    pub also: BTreeSet<String>,
    /// The smallest script.
    pub probe: String,
    /// Which of its cases shows it: `@SPRG4`; empty if it has one.
    pub parameters: String,
}

impl Outcome {
    /// Every finding.
    #[must_use]
    pub fn told(&self, campaign: &Campaign<'_>) -> Vec<Told> {
        let random = self.findings.iter().map(|shrunk| Told {
            rule: shrunk.finding.rule.to_owned(),
            witness: shrunk.finding.witness,
            part: shrunk.finding.part.name(),
            expected: shrunk.finding.expected.clone(),
            actual: shrunk.finding.actual.clone(),
            origin: shrunk.number.to_string(),
            steps: shrunk.steps(),
            steps_before: shrunk.steps_before,
            also: shrunk.also.clone(),
            probe: shrunk.probe(campaign),
            parameters: String::new(),
        });
        random.chain(self.broken.iter().map(|shrunk| shrunk.told(campaign))).collect()
    }
}

impl disturbed::Shrunk {
    /// As reports want it. Who says that it is wrong is the case.
    fn told(&self, campaign: &Campaign<'_>) -> Told {
        let disturbed::Broken { part, rule, expected, actual, .. } = &self.broken;
        let (steps, steps_before) = self.steps;
        Told {
            rule: rule.clone(),
            witness: Witness::Contract,
            part: part.name(),
            expected: expected.clone(),
            actual: actual.clone(),
            origin: self.text.origin().to_owned(),
            steps,
            steps_before,
            also: self.also.clone(),
            probe: self.probe(campaign),
            parameters: self.text.parameters().to_owned(),
        }
    }

    /// The file.
    fn probe(&self, campaign: &Campaign<'_>) -> String {
        let disturbed::Broken { rule, expected, actual, .. } = &self.broken;
        let sentence = campaign.suite.rules.get(rule).map_or("", |rule| rule.text.as_str());
        let (steps, before) = self.steps;
        let case = self.text.origin();
        let prose = [
            format!("{} breaks {rule}: {sentence}", campaign.target.id()),
            format!(
                "Found by `sprig fuzz {} --seed {}` in {case}, shrunk from {before} steps to {steps}. Expected \
                    {expected}; seen: {actual}.",
                campaign.subject(),
                campaign.seed
            ),
        ];
        let lines: Vec<String> = prose.iter().flat_map(|text| textwrap::wrap(text, WIDTH)).map(Into::into).collect();
        self.text.with_prose(&lines)
    }
}
