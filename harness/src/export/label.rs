//! The line with which each batch's part of a log begins: the VMM prints what it was given, `run` has it from here.

use std::fmt;
use std::str::FromStr;

/// How a label begins. No kernel's message does.
const PREFIX: &str = "sprig-export: ";

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The target's name.
    pub target: String,
    /// The CPU of the host that it is for.
    pub cpu: String,
    /// The cases, as they were named; all if there is none.
    pub cases: Vec<String>,
    /// The commit of the scripts, where they were in a repository.
    pub revision: String,
}

/// What one batch of it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Of what.
    pub plan: Plan,
    /// Which of its batches, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// The checksum of the batch's bytes.
    pub digest: u32,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan: Plan { target, cpu, cases, revision }, number, of, digest } = self;
        write!(
            f,
            "{PREFIX}batch {number} of {of}, digest {digest:08x}, revision {revision}, {target} on {cpu}, cases"
        )?;
        cases.iter().try_for_each(|case| write!(f, " {}", shell_words::quote(case)))
    }
}

impl Label {
    /// True if a line is meant to be one.
    #[must_use]
    pub fn begins(line: &[u8]) -> bool {
        line.starts_with(PREFIX.as_bytes())
    }
}

/// A line that begins like a label and is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the label is damaged, or of another version of sprig")]
pub struct Damaged;

impl FromStr for Label {
    type Err = Damaged;

    fn from_str(line: &str) -> Result<Self, Damaged> {
        let parts = || {
            let (head, cases) = line.strip_prefix(PREFIX)?.split_once(", cases")?;
            let (batch, rest) = head.strip_prefix("batch ")?.split_once(", digest ")?;
            let (number, of) = batch.split_once(" of ")?;
            let (digest, rest) = rest.split_once(", revision ")?;
            let (revision, rest) = rest.split_once(", ")?;
            let (target, cpu) = rest.split_once(" on ")?;
            let plan = Plan {
                target: target.to_owned(),
                cpu: cpu.to_owned(),
                cases: shell_words::split(cases).ok()?,
                revision: revision.to_owned(),
            };
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            let digest = u32::from_str_radix(digest, 16).ok()?;
            (1..=of).contains(&number).then_some(Self { plan, number, of, digest })
        };
        parts().ok_or(Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(cases: &[&str]) -> Label {
        let cases = cases.iter().map(|case| (*case).to_owned()).collect();
        let plan = Plan { target: "kvm-local".into(), cpu: "e500v2".into(), cases, revision: "3c5bd08".into() };
        Label { plan, number: 1, of: 2, digest: 0x00ab_cdef }
    }

    #[test]
    fn a_label_is_read_as_it_was_written() {
        for cases in [&[][..], &["alias", "/a b/it's.probe@user", "spr/*"]] {
            assert_eq!(label(cases).to_string().parse(), Ok(label(cases)));
        }
        assert_eq!(
            label(&["alias"]).to_string(),
            "sprig-export: batch 1 of 2, digest 00abcdef, revision 3c5bd08, kvm-local on e500v2, cases alias"
        );
    }

    #[test]
    fn a_damaged_label_is_none() {
        let whole = label(&["alias"]).to_string();
        for end in PREFIX.len()..=whole.find(", cases").expect("it ends so") {
            assert_eq!(whole[..end].parse::<Label>(), Err(Damaged), "{}", &whole[..end]);
        }
        assert_eq!(whole.replace("1 of 2", "3 of 2").parse::<Label>(), Err(Damaged));
    }
}
