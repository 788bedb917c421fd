//! Where the reference in bare mode and QEMU of the same CPU differ, and who is right (`golden/differences.toml`).
//!
//! ```toml
//! [[difference]]
//! target = "qemu-mac99-7447"            # a pattern, or a list of them; every target of it differs like this
//! case = "spr/all-numbers@user"
//! observation = ["v[259]", "v[26?]"]
//! reference = "program srr0=* srr1=ILLEGAL|*"       # `*`: any text, the same on both sides
//! qemu = "program srr0=* srr1=PRIVILEGED|*"
//! right = "reference"                   # reference, qemu, or both where the manual leaves it open
//! reason = "QEMU gives the number to every 7450-class model; the manual lists none"
//! source = "7400 manual, table 2-46"
//! ```
//!
//! Everything else has to be equal. An entry that meets no difference is as wrong as a difference without an entry.

mod value;

use crate::case::Case;
use crate::golden::render::{Observation, observations};
use crate::pattern::{Pattern, Patterns};
use crate::problem::{Lines, Problem, parse_toml};
use crate::transcript::Transcript;
use sprig_isa::cpu::{Cpu, CpuSet};
use sprig_isa::insn::{Insn, Operand};
use sprig_isa::spr::Spr;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use toml::Spanned;
use value::Sides;

/// On these CPUs every number is compared; on the others those of registers they have. What a core without a register
/// does with its number is each model's own affair, and two models are enough to keep the reference honest.
const ALL_NUMBERS: CpuSet = CpuSet::E500V2.union(CpuSet::G4_7447);

/// Who does what the manual says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Sprig's reference.
    Reference,
    /// QEMU.
    Qemu,
    /// The manual allows either.
    Both,
}

/// One reviewed difference.
#[derive(Clone, Debug)]
pub struct Difference {
    targets: Patterns,
    case: Pattern,
    observations: Patterns,
    sides: Sides,
    /// Who is right.
    pub right: Right,
    /// Why.
    pub reason: String,
    /// Where the manual says so.
    pub source: String,
    line: usize,
}

/// Every difference, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    path: PathBuf,
    entries: Vec<Difference>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    difference: Vec<Table>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Spanned<Patterns>,
    case: Pattern,
    observation: Patterns,
    reference: String,
    qemu: String,
    right: Right,
    reason: String,
    source: String,
}

impl Difference {
    fn is_about(&self, target: &str) -> bool {
        self.targets.matches(target)
    }
}

/// The two sides disagree, and no entry says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The case.
    pub case: String,
    /// The observation; of a step without a name, the step.
    pub observation: String,
    /// What the reference observed.
    pub reference: Option<String>,
    /// What QEMU observed.
    pub qemu: Option<String>,
}

/// Entries that met a difference, by their place in the file.
pub type Met = BTreeSet<usize>;

impl Differences {
    /// Reads the file.
    ///
    /// # Errors
    /// Every [`Problem`] found: what the TOML parser says, or an entry without a reason or a source, or whose two sides
    /// are the same.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let file: File = parse_toml(path, text).map_err(|problem| vec![problem])?;
        let lines = Lines::of(text);
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for table in file.difference {
            let line = lines.number(table.target.span().start);
            let mut say = |message: &str| problems.push(Problem::at(path, line, message));
            if table.reason.trim().is_empty() {
                say("a difference needs a reason");
            }
            if table.source.trim().is_empty() {
                say("a difference needs a source: the section of the manual");
            }
            let Table { target, case, observation, reference, qemu, right, reason, source } = table;
            let sides = Sides::new(reference, qemu);
            if let Some(mistake) = sides.mistake() {
                say(mistake);
            }
            let (targets, observations) = (target.into_inner(), observation);
            entries.push(Difference { targets, case, observations, sides, right, reason, source, line });
        }
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(problems) }
    }

    /// Compares what the reference and a QEMU target of the same CPU observed in a case. Notes in `met` which entries
    /// met a difference.
    #[must_use]
    pub fn compare(
        &self,
        target: &str,
        cpu: &Cpu,
        reference: (&Case, &Transcript),
        qemu: (&Case, &Transcript),
        met: &mut Met,
    ) -> Vec<Disagreement> {
        let case = reference.0.name.as_str();
        let reference = compared(reference, cpu);
        let mut qemu = compared(qemu, cpu);
        let mut disagreements = Vec::new();
        let mut disagree = |observation: &Observation, reference: Option<&str>, qemu: Option<&str>| {
            let named = if observation.name.is_empty() { &observation.step } else { &observation.name };
            let entry = self.entries.iter().position(|entry| {
                entry.is_about(target)
                    && entry.case.matches(case)
                    && entry.observations.iter().any(|pattern| pattern.matches(named))
                    && reference.zip(qemu).is_some_and(|(reference, qemu)| entry.sides.are(reference, qemu))
            });
            match entry {
                Some(index) => {
                    met.insert(index);
                }
                None => disagreements.push(Disagreement {
                    case: case.to_owned(),
                    observation: named.clone(),
                    reference: reference.map(str::to_owned),
                    qemu: qemu.map(str::to_owned),
                }),
            }
        };
        for ours in &reference {
            let at = qemu.iter().position(|theirs| theirs.name == ours.name && theirs.step == ours.step);
            match at.map(|at| qemu.remove(at)) {
                Some(theirs) if theirs.outcome == ours.outcome => {}
                Some(theirs) => disagree(ours, Some(&ours.outcome), Some(&theirs.outcome)),
                None => disagree(ours, Some(&ours.outcome), None),
            }
        }
        for theirs in &qemu {
            disagree(theirs, None, Some(&theirs.outcome));
        }
        disagreements
    }

    /// A [`Problem`] for every entry about this target that met no difference.
    #[must_use]
    pub fn unused(&self, target: &str, met: &Met) -> Vec<Problem> {
        let about = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_about(target));
        about
            .filter(|(index, _)| !met.contains(index))
            .map(|(_, entry)| {
                let message =
                    format!("{target} and the reference do not differ like this: remove or correct this entry");
                Problem::at(&self.path, entry.line, message)
            })
            .collect()
    }

    /// A [`Problem`] for every entry with a pattern that matches no target.
    #[must_use]
    pub fn without_target<'a>(&self, targets: impl IntoIterator<Item = &'a str> + Clone) -> Vec<Problem> {
        let patterns = self.entries.iter().flat_map(|entry| entry.targets.iter().map(move |pattern| (entry, pattern)));
        let lost = patterns.filter(|(_, pattern)| !targets.clone().into_iter().any(|id| pattern.matches(id)));
        lost.map(|(entry, pattern)| Problem::at(&self.path, entry.line, format!("there is no target `{pattern}`")))
            .collect()
    }
}

/// The observations that are compared.
fn compared((case, transcript): (&Case, &Transcript), cpu: &Cpu) -> Vec<Observation> {
    if cpu.set.intersects(ALL_NUMBERS) {
        return observations(case, transcript, cpu.family, &Patterns::default());
    }
    let mut transcript = transcript.clone();
    transcript.outcomes.retain(|step, _| !names_foreign_spr(case, *step, cpu));
    observations(case, &transcript, cpu.family, &Patterns::default())
}

/// True if the step's instructions name an SPR that the CPU does not have.
fn names_foreign_spr(case: &Case, step: usize, cpu: &Cpu) -> bool {
    let stub = case.steps.get(step).and_then(|step| step.stub);
    let Some((offset, words)) = stub else { return false };
    let start = offset as usize / 4;
    let code = case.parts.code.get(start..start + usize::from(words)).unwrap_or_default();
    code.iter().any(|word| {
        let Some(insn) = Insn::decode(*word) else { return false };
        let mut numbers = insn.operands.iter().filter(|operand| **operand == Operand::Spr);
        numbers.any(|operand| {
            let number = u16::try_from(operand.extract(*word)).ok();
            number.is_some_and(|number| Spr::lookup(cpu, number).is_none())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{alias, alias_transcript, looped};
    use sprig_isa::exception::Exception;

    const ENTRY: &str = r#"
[[difference]]
target = "qemu-*"
case = "alias/*"
observation = "after"
reference = "0x1"
qemu = "0x2"
right = "qemu"
reason = "ours is wrong"
source = "EREF"
"#;

    fn parse(text: &str) -> Result<Differences, Vec<String>> {
        Differences::parse(Path::new("d.toml"), text)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn compare(list: &str, reference: u64, qemu: u64) -> (Vec<Disagreement>, Vec<usize>, usize) {
        let list = parse(list).expect("good");
        let cpu = Cpu::by_name("e500v2").expect("a CPU");
        let case = alias();
        let sides = (alias_transcript(0xa000_0004, reference), alias_transcript(0xb000_0004, qemu));
        let mut met = Met::new();
        let found = list.compare("qemu-ppce500-e500v2", cpu, (&case, &sides.0), (&case, &sides.1), &mut met);
        let unused = list.unused("qemu-ppce500-e500v2", &met).len();
        (found, met.into_iter().collect(), unused)
    }

    #[test]
    fn equal_transcripts_agree_and_an_allowed_set_has_no_difference() {
        assert_eq!(compare("", 1, 1), (vec![], vec![], 0));
    }

    #[test]
    fn a_difference_needs_an_entry_with_both_values() {
        let (found, ..) = compare("", 1, 2);
        let sides = (found[0].reference.as_deref(), found[0].qemu.as_deref());
        assert_eq!((found[0].observation.as_str(), sides), ("after", (Some("0x1"), Some("0x2"))));
        assert_eq!(compare(ENTRY, 1, 2), (vec![], vec![0], 0));
        assert_eq!(compare(ENTRY, 1, 3).0.len(), 1);
    }

    #[test]
    fn an_entry_that_meets_no_difference_is_unused() {
        assert_eq!(compare(ENTRY, 1, 1), (vec![], vec![], 1));
        let elsewhere = ENTRY.replace("qemu-*", "qemu-bamboo-440");
        assert_eq!(compare(&elsewhere, 1, 1).2, 0);
        let list = parse(&elsewhere).expect("good");
        assert_eq!(
            list.without_target(["qemu-ppce500-e500v2"])[0].to_string(),
            "d.toml:3: there is no target `qemu-bamboo-440`"
        );
        assert_eq!(list.without_target(["qemu-bamboo-440"]), []);
    }

    #[test]
    fn an_observation_only_one_side_made_is_a_difference() {
        let list = parse("").expect("good");
        let cpu = Cpu::by_name("e500v2").expect("a CPU");
        let (case, whole) = looped(&[1, 2], Ok);
        let mut part = whole.clone();
        part.outcomes.remove(&1);
        let one = list.compare("q", cpu, (&case, &whole), (&case, &part), &mut Met::new());
        assert_eq!((one[0].observation.as_str(), one[0].qemu.as_deref()), ("v[2]", None));
        let other = list.compare("q", cpu, (&case, &part), (&case, &whole), &mut Met::new());
        assert_eq!((other[0].observation.as_str(), other[0].reference.as_deref()), ("v[2]", None));
    }

    #[test]
    fn what_one_side_did_not_observe_is_not_compared_with_the_next_time_of_the_same_step() {
        let list = parse("").expect("good");
        let cpu = Cpu::by_name("e500v2").expect("a CPU");
        let (case, whole) = (alias(), alias_transcript(0xa000_0004, 1));
        let mut part = whole.clone();
        part.outcomes.remove(&2);
        let found = list.compare("q", cpu, (&case, &whole), (&case, &part), &mut Met::new());
        let seen: Vec<_> = found.iter().map(|found| (found.observation.as_str(), found.qemu.as_deref())).collect();
        assert_eq!(seen, [("before", None)]);
    }

    #[test]
    fn numbers_a_cpu_does_not_have_are_compared_on_two_cpus_only() {
        let list = parse("").expect("good");
        let (mut case, ours) = looped(&[276], Ok);
        let word = Insn::by_mnemonic("mfspr").and_then(|insn| insn.encode(&[3, 276])).expect("an instruction");
        // Behind the code of another step.
        case.steps[0].stub = Some((8, 1));
        case.parts.code = vec![0, 0, word];
        let (_, theirs) = looped(&[276], |_| Err(Exception::Program));
        let differ = |cpu: &str| {
            let cpu = Cpu::by_name(cpu).expect("a CPU");
            list.compare("q", cpu, (&case, &ours), (&case, &theirs), &mut Met::new()).len()
        };
        assert_eq!((differ("e500v2"), differ("7447"), differ("440"), differ("970")), (1, 1, 1, 0));
    }

    #[test]
    fn an_entry_needs_a_reason_a_source_and_two_sides() {
        let bad = ENTRY.replace("ours is wrong", "").replace("EREF", " ").replace("0x2", "0x1");
        assert_eq!(
            parse(&bad).expect_err("mistakes"),
            [
                "d.toml:3: a difference needs a reason",
                "d.toml:3: a difference needs a source: the section of the manual",
                "d.toml:3: both sides of this difference are the same",
            ]
        );
    }
}
