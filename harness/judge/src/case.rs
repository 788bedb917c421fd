//! A case ready to run: what the script language makes, what targets run, what the judge reads.
//!
//! ```text
//!   script::parse --> Script --instances--> Instance --assemble(profile)--> Case --parts--> Target
//!                                                                            '--steps, checks--> Transcript, judge
//! ```

use crate::feature::FeatureSet;
use sprig_isa::cpu::Cpu;
use sprig_isa::exception::Exception;
use sprig_wire::batch::CaseParts;
use std::path::PathBuf;
use std::sync::Arc;

/// What separates a script's name from its parameters in a case's: `area/script@parameters`.
pub const PARAMETERS: char = '@';

/// The script of a case, both by name.
#[must_use]
pub fn script_of(case: &str) -> &str {
    case.split_once(PARAMETERS).map_or(case, |(script, _)| script)
}

/// What assembling needs to know of a target: everything else is the same everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// The CPU, for registers whose number differs and for what `on` blocks choose.
    pub cpu: &'static Cpu,
    /// Everything the target declares, the CPU's features included.
    pub features: FeatureSet,
    /// What `hold` is there.
    pub hold: Hold,
}

/// How long is long enough for the host's timer to have interrupted the guest several times.
///
/// Only a host that shares the CPU with the guest does that, and there the time that counts is the host's. A CPU that
/// is emulated without a hypervisor has no such host: whatever interrupts the emulator itself, its guest cannot see, so
/// waiting for it only costs time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Rounds of `spin`, for `hold`.
    pub spin: u32,
    /// Rounds of a `race hold`.
    pub race: u32,
    /// How many rounds each round that a script waits stands for: as long as the target counts time by the guest's
    /// instructions, or has nobody to be kept from its timers by, one.
    pub stretch: u32,
}

impl Hold {
    /// A host whose time is a nanosecond for each instruction: the loop takes 33 ms; so do the rounds of a race in
    /// which something traps.
    pub const COUNTED_HOST: Self = Self { spin: 0x0080_0000, race: 2000, stretch: 1 };
    /// A host on a CPU, or on an emulator without such a clock. The loop takes 67 ms at 4 GHz, six ticks at 100 Hz, and
    /// more where the CPU is slower. What a script waits for may be a tenth of a second late: a timer of the emulator's
    /// waits for a thread of its own.
    pub const TICKING_HOST: Self = Self { spin: 0x0400_0000, race: 20_000, stretch: 1024 };
    /// No hypervisor: enough rounds for what happens once to happen again.
    pub const NO_HOST: Self = Self { spin: 0x1000, race: 64, stretch: 1 };
}

/// The file a case was read from.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As given by the user or found under `cases/`.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A case, assembled for one profile.
#[derive(Clone, Debug)]
pub struct Case {
    /// `area/case` or `area/case@parameters`.
    pub name: String,
    /// Where it comes from.
    pub source: Arc<SourceFile>,
    /// The rules it cites, the default one first.
    pub rules: Vec<String>,
    /// It is known to end some target: runs alone, last.
    pub kills: bool,
    /// Its steps; a log entry's step number is an index here.
    pub steps: Vec<Step>,
    /// Its expectations, in the order of the file.
    pub checks: Vec<Check>,
    /// What the guest gets.
    pub parts: CaseParts,
}

/// One step of a case.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line in the source, from 1.
    pub line: usize,
    /// What it does, in assembler or the script's words with all names resolved: `mfspr r3, 260 (USPRG4)`.
    pub text: String,
    /// Name under which it is observed, with the loop's value: `old[SPRG4]`.
    pub observation: Option<String>,
    /// Names of its logged values: empty for the value itself, else the part after the dot (`r4`, `cr`, `patched`).
    pub outputs: Vec<String>,
    /// Its stub: offset in the case's code in bytes, and number of words.
    pub stub: Option<(u32, u8)>,
    /// An exception does not fail the case.
    pub may_trap: bool,
    /// Another correct run may give another value.
    pub varying: bool,
    /// It is inside a race: it may have several outcomes.
    pub in_race: bool,
}

impl Step {
    /// The output that says how a call went, the last one of calls and of nothing else.
    pub const STATUS: &'static str = "status";

    /// It calls the host's side or the firmware.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.outputs.last().is_some_and(|output| output == Self::STATUS)
    }
}

/// One expectation of a script.
#[derive(Clone, Debug)]
pub struct Check {
    /// Line in the source, from 1.
    pub line: usize,
    /// As it stands in the source, without `expect`.
    pub text: String,
    /// Index into [`Case::rules`].
    pub rule: usize,
    /// The condition.
    pub condition: Condition,
}

/// A condition over observations.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All hold.
    And(Vec<Condition>),
    /// At least one holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Two values compare.
    Compare(Comparison, Term, Term),
    /// The value is in one of the ranges, both ends included.
    In(Term, Vec<(u64, u64)>),
    /// The step took this exception (or none).
    Exception {
        /// Index into [`Case::steps`].
        step: usize,
        /// The exception, or none.
        exception: Option<Exception>,
        /// True for `==`, false for `!=`.
        equal: bool,
    },
}

/// How two values compare, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Known when the script was assembled.
    Constant(u64),
    /// Something a step observed.
    Observed {
        /// Index into [`Case::steps`].
        step: usize,
        /// What of it.
        part: Part,
    },
    /// Computed from two.
    Binary(sprig_wire::bytecode::Alu, Box<Term>, Box<Term>),
    /// Bitwise complement.
    Complement(Box<Term>),
}

/// What of a step's outcome a term speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The logged value at this index in [`Step::outputs`].
    Output(usize),
    /// SRR0 as bytes from the stub's first instruction.
    Srr0,
    /// SRR1.
    Srr1,
    /// ESR or DSISR.
    Syndrome,
    /// DEAR or DAR.
    Dar,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn a_case_is_its_script_s_with_or_without_parameters() {
        assert_eq!(script_of("alias/after-exit@SPRG4"), "alias/after-exit");
        assert_eq!(script_of("alias/held"), "alias/held");
    }

    #[test]
    fn a_step_is_a_call_by_its_last_output() {
        let is_call = |outputs: &[&str]| {
            let outputs = outputs.iter().map(|output| (*output).to_owned()).collect();
            Step { outputs, ..example::alias().steps.remove(0) }.is_call()
        };
        assert!(is_call(&["", Step::STATUS]));
        assert!(!is_call(&["", "r4"]) && !is_call(&[]));
    }
}
