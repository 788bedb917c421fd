//! A log: what a host printed, cut into sessions, each heard as far as it goes.
//!
//! A log is a file, and all there will ever be: nothing is run again. What is missing or garbled leaves the cases
//! concerned without a verdict, and never gives them a wrong one; only a kernel that says that it panics is taken at
//! its word.

use super::label::Damaged;
use super::{Batch, Label, Plan};
use crate::case::Case;
use crate::session::not_run;
use crate::target::console::{Expected, Fault, Heard, Receiver};
use crate::target::{Stop, kvm};
use crate::transcript::{Fate, RunResult};
use sprig_isa::cpu::Cpu;
use std::borrow::Borrow;

/// What a session's end is called that the log does not have.
const CUT: &str = "the log ends here";

/// A log that cannot be judged at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No export has printed it.
    #[error("there is no label in it, so it is not what an export prints")]
    NoLabel,
    /// A label cannot be read.
    #[error("line {line}: {error}")]
    Damaged {
        /// Where.
        line: usize,
        /// What is wrong.
        error: Damaged,
    },
    /// Several runs in one file.
    #[error("line {line}: batch {number} starts a second time: the log holds several runs")]
    Several {
        /// Where.
        line: usize,
        /// Which.
        number: usize,
    },
    /// The scripts are not those that ran.
    #[error(
        "recorded from other scripts: batch {number} has checksum {ran:08x} (exported at revision {revision}), and \
            {here:08x} in this tree"
    )]
    Other {
        /// Which batch.
        number: usize,
        /// What ran.
        ran: u32,
        /// What would run now.
        here: u32,
        /// The commit it was exported from.
        revision: String,
    },
    /// So are they if there are fewer or more of them.
    #[error("recorded from other scripts: {ran} batches (exported at revision {revision}), and {here} in this tree")]
    Count {
        /// Then.
        ran: usize,
        /// Now.
        here: usize,
        /// The commit it was exported from.
        revision: String,
    },
}

/// One run of the VMM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    label: Label,
    bytes: &'a [u8],
}

/// A log, cut into its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log<'a> {
    sessions: Vec<Session<'a>>,
    plan: Plan,
    of: usize,
}

impl<'a> Log<'a> {
    /// Finds the sessions. What was printed before the first is not ours.
    ///
    /// # Errors
    /// [`LogError`], where it is not the log of one run of one export.
    pub fn open(bytes: &'a [u8]) -> Result<Self, LogError> {
        let mut sessions: Vec<Session<'a>> = Vec::new();
        let mut at = 0;
        for (line, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let begun = at;
            at += text.len();
            if !Label::begins(text) {
                if let Some(last) = sessions.last_mut() {
                    last.bytes = bytes.get(begun - last.bytes.len()..at).unwrap_or_default();
                }
                continue;
            }
            let text = String::from_utf8_lossy(text);
            let label: Label = text.trim_end().parse().map_err(|error| LogError::Damaged { line, error })?;
            let same = |known: &Label| known.plan == label.plan && known.of == label.of && known.number < label.number;
            if sessions.last().is_some_and(|last| !same(&last.label)) {
                return Err(LogError::Several { line, number: label.number });
            }
            sessions.push(Session { label, bytes: &[] });
        }
        let first = &sessions.first().ok_or(LogError::NoLabel)?.label;
        Ok(Self { plan: first.plan.clone(), of: first.of, sessions })
    }

    /// What was exported.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// True if these are the batches that ran.
    ///
    /// # Errors
    /// [`LogError::Other`] and [`LogError::Count`].
    pub fn check<C: Borrow<Case>>(&self, batches: &[Batch<C>]) -> Result<(), LogError> {
        let revision = || self.plan.revision.clone();
        for session in &self.sessions {
            let Label { number, digest, .. } = session.label;
            let here = batches.get(number - 1).map(Batch::digest).filter(|here| *here != digest);
            if let Some(here) = here {
                return Err(LogError::Other { number, ran: digest, here, revision: revision() });
            }
        }
        if self.of != batches.len() {
            return Err(LogError::Count { ran: self.of, here: batches.len(), revision: revision() });
        }
        Ok(())
    }

    /// What is known of the cases of the batch with this place; a result for each, in their order.
    #[must_use]
    pub fn results(&self, place: usize, cases: usize, cpu: &'static Cpu) -> Vec<RunResult> {
        let session = self.sessions.iter().find(|session| session.label.number == place + 1);
        let Some(session) = session else {
            return vec![not_run(Fate::Error("the log ends before this batch was run".to_owned())); cases];
        };
        session.results(cases, cpu)
    }
}

impl Session<'_> {
    fn results(&self, cases: usize, cpu: &'static Cpu) -> Vec<RunResult> {
        let expected = u32::try_from(cases).unwrap_or(u32::MAX);
        let mut receiver = Receiver::new(Expected { cpu, cases: expected, loud: false, hosted: true }, None);
        let mut results = Vec::new();
        let fate = match listen(&mut receiver, self.bytes, &mut results) {
            Ok(heard) if heard.done => Fate::Ended,
            Ok(_) => {
                receiver.end();
                let crashed = Fate::Crashed(CUT.to_owned());
                match kvm::died(Stop { fate: crashed.clone(), running: None }, receiver.text()).fate {
                    fate if fate == crashed => Fate::Error(CUT.to_owned()),
                    Fate::Crashed(how) => Fate::Crashed(format!("{how}\nconsole:\n{}", receiver.text())),
                    fate => fate,
                }
            }
            Err(fault) => fault.fate(),
        };
        let running = receiver.interrupted(&fate);
        // A kernel that panics between two cases, or after the last, died of the one before.
        if running.is_none()
            && matches!(fate, Fate::Crashed(_))
            && let Some(last) = results.last_mut()
        {
            last.fate = fate.clone();
        }
        results.extend(running);
        let rest = match fate {
            Fate::Error(how) => Fate::Error(format!("not run: {how}")),
            Fate::Crashed(how) | Fate::Hung(how) => {
                let line = how.lines().next().unwrap_or_default();
                Fate::Error(format!("not run: before it, {line}"))
            }
            Fate::Ended => Fate::Error("the log has no result of it".to_owned()),
        };
        results.resize(cases, not_run(rest));
        results
    }
}

/// Hears the lines of a session. A fault of the line leaves without a result the case that ran, and those up to the
/// next one that begins.
fn listen(receiver: &mut Receiver, bytes: &[u8], results: &mut Vec<RunResult>) -> Result<Heard, Fault> {
    let mut heard = Heard::default();
    let mut lost: Option<Fault> = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if lost.is_none() {
            match receiver.hear(line, &mut |result| results.push(result)) {
                Ok(so_far) => heard = so_far,
                Err(fault) if fault.is_of_the_line() => lost = Some(fault),
                Err(fault) => return Err(fault),
            }
        }
        // The line that shows the gap may begin a case itself.
        let Some(fault) = &lost else { continue };
        let running = receiver.interrupted(&fault.fate());
        let Some(case) = receiver.resume(line) else { continue };
        results.extend(running);
        results.resize(case as usize, not_run(fault.fate()));
        heard = receiver.hear(line, &mut |result| results.push(result))?;
        lost = None;
    }
    lost.map_or(Ok(heard), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::empty_guest;
    use sprig_isa::cpu::CPUS;
    use sprig_wire::frame::{Line, Record};
    use sprig_wire::log::State;
    use sprig_wire::{CRC, VERSION};

    const PANIC: &str = "[    1.0] Kernel panic - not syncing: Fatal exception\n";

    fn cpu() -> &'static Cpu {
        CPUS.iter().find(|cpu| cpu.name == "e500v2").expect("a CPU of the table")
    }

    fn batches(of: usize) -> Vec<Batch<Case>> {
        // Each known killer is in a batch of its own.
        Batch::all((0..of).map(|_| Case { kills: true, ..empty_guest() })).expect("small")
    }

    fn label(number: usize, of: usize) -> String {
        let plan =
            Plan { target: "kvm-local".into(), cpu: "e500v2".into(), cases: Vec::new(), revision: "1234567".into() };
        format!("{}\n", Label { plan, number, of, digest: batches(of)[number - 1].digest() })
    }

    /// What the VMM says about this many cases, line by line.
    fn session(cases: u32) -> Vec<String> {
        let mut records = vec![Record::Boot { version: VERSION, pvr: cpu().pvr, cases }];
        for case in 0..cases {
            records.push(Record::Case { case });
            let checksum = CRC.checksum(&[]);
            records.push(Record::End { case, state: State::Ended, step: 0, length: 0, checksum });
        }
        records.push(Record::Done);
        let line = |(number, record)| String::from_utf8(Line::new(number, record).as_bytes().to_vec()).expect("ASCII");
        (0..).zip(&records).map(line).collect()
    }

    /// The fates of this many cases in a log of one batch.
    fn fates(lines: &[String], cases: usize) -> Vec<Fate> {
        let bytes = format!("login: root\n{}{}", label(1, 1), lines.concat());
        let log = Log::open(bytes.as_bytes()).expect("a log");
        log.results(0, cases, cpu()).into_iter().map(|result| result.fate).collect()
    }

    fn error(how: &str) -> Fate {
        Fate::Error(how.to_owned())
    }

    #[test]
    fn a_whole_log_has_a_result_of_every_case() {
        let lines: Vec<String> = session(3).iter().map(|line| line.replace('\n', "\r\n")).collect();
        assert_eq!(fates(&lines, 3), [Fate::Ended, Fate::Ended, Fate::Ended], "a serial line adds carriage returns");
    }

    #[test]
    fn a_log_that_breaks_off_is_judged_as_far_as_it_goes() {
        let lines = session(3);
        // Boot, begin and end of the first, begin of the second.
        let cut = "not run: the log ends here";
        assert_eq!(fates(&lines[..4], 3), [Fate::Ended, error(CUT), error(cut)]);
        assert_eq!(fates(&lines[..3], 3), [Fate::Ended, error(cut), error(cut)]);
        assert_eq!(fates(&[], 1), [error(cut)]);
        let mut torn = lines[..4].to_vec();
        torn[3].truncate(6);
        assert_eq!(fates(&torn, 3), [Fate::Ended, error(cut), error(cut)]);
    }

    #[test]
    fn a_garbled_or_lost_line_costs_its_own_case_alone() {
        let mut lines = session(3);
        lines[4] = lines[4].replace('E', "F");
        let fates_of_garbled = fates(&lines, 3);
        assert_eq!([&fates_of_garbled[0], &fates_of_garbled[2]], [&Fate::Ended; 2]);
        assert!(matches!(&fates_of_garbled[1], Fate::Error(how) if how.starts_with("a console line is garbled")));
        // The next case's first line shows that the one before it is lost.
        lines.remove(4);
        let fates_of_lost = fates(&lines, 3);
        assert_eq!([&fates_of_lost[0], &fates_of_lost[2]], [&Fate::Ended; 2]);
        assert!(matches!(&fates_of_lost[1], Fate::Error(how) if how.starts_with("console lines are lost")));
    }

    #[test]
    fn a_hole_in_a_log_leaves_the_cases_in_it_open() {
        // From the first line of the second case to that of the fourth.
        let with_hole = |rest: &[String]| fates(&[&session(5)[..3], rest].concat(), 5);
        let lost = |fate: &Fate| matches!(fate, Fate::Error(how) if how.starts_with("console lines are lost"));
        let behind = with_hole(&session(5)[8..]);
        assert!(behind[0] == Fate::Ended && behind[1..4].iter().all(lost) && behind[4] == Fate::Ended, "{behind:?}");
        let none_behind = with_hole(&session(5)[10..]);
        assert!(
            none_behind[0] == Fate::Ended && none_behind[1..].iter().all(|fate| *fate != Fate::Ended),
            "{none_behind:?}"
        );
    }

    #[test]
    fn a_log_does_not_go_on_with_a_case_that_was_heard_or_before_its_machine_is_known() {
        let lines = session(3);
        let hung = Line::new(2, &Record::Fate { case: 0, hung: true, how: b"heard already" });
        let again = [lines[1].clone(), String::from_utf8(hung.as_bytes().to_vec()).expect("ASCII")];
        assert_eq!(fates(&[&lines[..5], &again, &lines[5..]].concat(), 3), [Fate::Ended, Fate::Ended, Fate::Ended]);
        assert!(fates(&lines[1..], 3).iter().all(|fate| *fate != Fate::Ended), "nobody has said what CPU it is");
    }

    #[test]
    fn a_kernel_that_says_that_it_panics_crashed_in_the_case_that_ran() {
        let mut lines = session(3)[..4].to_vec();
        lines.push(PANIC.to_owned());
        let [ran, died, rest] = &fates(&lines, 3)[..] else { panic!("three cases") };
        assert_eq!(ran, &Fate::Ended);
        let how = "the host kernel panicked (Fatal exception): the log ends here";
        assert!(matches!(died, Fate::Crashed(text) if text.starts_with(how) && text.contains("[    1.0]")), "{died:?}");
        assert_eq!(rest, &error(&format!("not run: before it, {how}")));
    }

    #[test]
    fn a_kernel_that_panics_between_two_cases_died_of_the_first() {
        for end in [3, 5] {
            let mut lines = session(2)[..end].to_vec();
            lines.push(PANIC.to_owned());
            let fates = fates(&lines, 2);
            assert!(matches!(fates[end / 2 - 1], Fate::Crashed(_)), "{fates:?}");
        }
    }

    #[test]
    fn a_host_without_kvm_leaves_every_case_open() {
        let why = "no KVM: open /dev/kvm: errno 13";
        let line = String::from_utf8(Line::new(0, &Record::Unfit(why.as_bytes())).as_bytes().to_vec()).expect("ASCII");
        let expected = error(&format!("not run: nothing can be run on this host: {why}"));
        assert_eq!(fates(&[line], 2), [expected.clone(), expected]);
    }

    #[test]
    fn each_batch_is_judged_for_itself() {
        let (whole, torn) = (session(1).concat(), session(1)[..2].concat());
        let bytes = [label(1, 3), torn, "hangup\n".to_owned(), label(2, 3), whole].concat();
        let log = Log::open(bytes.as_bytes()).expect("a log");
        assert_eq!(log.check(&batches(3)), Ok(()));
        let fate = |place| log.results(place, 1, cpu()).remove(0).fate;
        assert_eq!([fate(0), fate(1)], [error(CUT), Fate::Ended]);
        assert_eq!(fate(2), error("the log ends before this batch was run"));
    }

    #[test]
    fn what_is_no_log_of_one_export_is_refused() {
        let refused = |bytes: &str| Log::open(bytes.as_bytes()).expect_err("no log");
        assert_eq!(refused("hello\n"), LogError::NoLabel);
        assert_eq!(refused("\nsprig-export: batch 1"), LogError::Damaged { line: 2, error: Damaged });
        let twice = [label(1, 1), session(1).concat(), label(1, 1)].concat();
        assert_eq!(refused(&twice), LogError::Several { line: 6, number: 1 });
    }

    #[test]
    fn a_log_of_other_scripts_is_refused() {
        let bytes = label(1, 1);
        let log = Log::open(bytes.as_bytes()).expect("a log");
        let mut other = empty_guest();
        other.parts.constants = vec![7];
        let other = Batch::all([other]).expect("small");
        let (ran, here) = (batches(1)[0].digest(), other[0].digest());
        assert_ne!(ran, here);
        let revision = || "1234567".to_owned();
        assert_eq!(log.check(&other), Err(LogError::Other { number: 1, ran, here, revision: revision() }));
        assert_eq!(log.check(&batches(2)), Err(LogError::Count { ran: 1, here: 2, revision: revision() }));
    }
}
