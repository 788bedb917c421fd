//! Single sessions: each way to go wrong has the right fate and a message that says what was seen.

use crate::fake::{Does, ENTRIES, STEP, sick};
use crate::stage::{self, Stage, case};
use crate::trials;
use libtest_mimic::Trial;
use sprig::case::Case;
use sprig::session::{self, EMPTY_GUEST, Unwatched};
use sprig::target::{Availability, Boot, Limits, Target};
use sprig::transcript::{Fate, RunResult};
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials![boot:
        every_case_ends_in_one_session,
        a_log_that_is_not_in_memory_is_an_error,
        a_log_outside_memory_is_an_error,
        an_exit_status_is_a_crash,
        a_signal_is_a_crash,
        a_power_off_is_a_crash,
        a_busy_hang_is_told_by_its_cpu_time,
        an_idle_hang_is_told_by_its_sleep,
        a_flood_is_a_hang_and_takes_no_memory,
        a_flood_without_lines_is_a_hang,
        a_garbled_line_is_an_error,
        a_lost_line_is_an_error,
        a_truncated_log_is_an_error,
        a_truncated_line_belongs_to_the_crash_behind_it,
        a_machine_that_starts_over_has_crashed,
        a_guest_that_cannot_go_on_is_followed_by_another,
        a_guest_that_gives_up_has_crashed,
        last_words_on_standard_error_are_shown,
        the_others_go_on_in_a_new_session,
        a_qemu_that_refuses_to_start_is_an_error,
        a_machine_that_dies_at_once_is_an_empty_guest_that_crashes,
        another_cpu_is_an_error,
        a_machine_that_never_speaks_hangs,
        a_console_can_be_copied,
        an_old_qemu_is_not_available,
        a_missing_qemu_is_not_available,
        goldens_are_keyed_by_the_releases_since_the_floor,
        a_session_can_be_run_by_hand,
    ]
}

/// Limits small enough to wait for where the fake is sure to reach them.
const HURRIED: Limits = Limits {
    case_cpu: Duration::from_millis(200),
    idle: Duration::from_millis(200),
    sample: Duration::from_millis(10),
    boot_cpu: Limits::BOOT_CPU,
    output: 1 << 20,
    instructions: None,
};

fn run_with(stage: &Stage, limits: &Limits, cases: &[Does]) -> Vec<RunResult> {
    let cases: Vec<Case> = cases.iter().copied().map(case).collect();
    session::run_all(&stage.target(), &cases, limits, &Unwatched).0
}

fn run(does: Does) -> RunResult {
    run_with(&Stage::new(), &Limits::default(), &[Does::Ends, does]).swap_remove(1)
}

fn hurried(limits: Limits, does: Does) -> RunResult {
    run_with(&Stage::new(), &limits, &[Does::Ends, does]).swap_remove(1)
}

/// The case crashed, at the step the loud session told of, with this in the message.
#[track_caller]
fn assert_crashed(result: &RunResult, message: &str) {
    assert!(matches!(&result.fate, Fate::Crashed(how) if how.contains(message)), "{result:?}");
    assert_eq!(result.last_step, Some(STEP));
}

#[track_caller]
fn assert_hung(result: &RunResult, message: &str) {
    assert!(matches!(&result.fate, Fate::Hung(how) if how.contains(message)), "{result:?}");
    assert_eq!(result.last_step, Some(STEP));
}

#[track_caller]
fn assert_error(result: &RunResult, message: &str) {
    assert!(matches!(&result.fate, Fate::Error(how) if how.contains(message)), "{result:?}");
}

fn every_case_ends_in_one_session() {
    let stage = Stage::new();
    for result in run_with(&stage, &Limits::default(), &[Does::Ends; 3]) {
        assert_eq!((result.fate, &*result.entries, result.last_step), (Fate::Ended, ENTRIES, Some(STEP)));
    }
    assert_eq!(stage.sessions(), ["3"]);
}

fn a_log_that_is_not_in_memory_is_an_error() {
    let length = ENTRIES.len();
    assert_error(
        &run(Does::KeepsNothing),
        &format!("the log of a case arrived incomplete: {length} of {length} bytes, checksum wrong"),
    );
}

fn a_log_outside_memory_is_an_error() {
    assert_error(&run(Does::KeepsItElsewhere), "the guest says 'case 1 has ended, its log is kept' where it cannot");
}

fn an_exit_status_is_a_crash() {
    assert_crashed(&run(Does::ExitsWithStatus), "QEMU ended with exit status 3");
}

fn a_signal_is_a_crash() {
    assert_crashed(&run(Does::IsKilled), "QEMU was killed by signal 6");
}

fn a_power_off_is_a_crash() {
    assert_crashed(&run(Does::PowersOff), "the machine was powered off or reset");
}

fn a_busy_hang_is_told_by_its_cpu_time() {
    assert_hung(
        &hurried(Limits { idle: Limits::IDLE, ..HURRIED }, Does::HangsBusy),
        "of CPU time without a step of progress",
    );
}

fn an_idle_hang_is_told_by_its_sleep() {
    assert_hung(&hurried(Limits { case_cpu: Limits::CASE_CPU, ..HURRIED }, Does::HangsIdle), "it was asleep for");
}

fn a_flood_is_a_hang_and_takes_no_memory() {
    let result = hurried(Limits { case_cpu: Limits::CASE_CPU, idle: Limits::IDLE, ..HURRIED }, Does::Floods);
    assert_hung(&result, "bytes without a step of progress");
    assert!(matches!(&result.fate, Fate::Hung(how) if how.len() < 10_000), "the message does not hold the flood");
}

fn a_flood_without_lines_is_a_hang() {
    let limits = Limits { case_cpu: Limits::CASE_CPU, idle: Limits::IDLE, ..HURRIED };
    assert_hung(&hurried(limits, Does::FloodsWithoutLines), "bytes without a step of progress");
}

fn a_garbled_line_is_an_error() {
    assert_error(&run(Does::GarblesALine), "a console line is garbled");
}

fn a_lost_line_is_an_error() {
    assert_error(&run(Does::LosesALine), "console lines are lost");
}

fn a_truncated_log_is_an_error() {
    assert_error(
        &run(Does::TruncatesTheLog),
        &format!("the log of a case arrived incomplete: 0 of {} bytes", ENTRIES.len()),
    );
}

fn a_truncated_line_belongs_to_the_crash_behind_it() {
    let result = run(Does::TruncatesALine);
    assert_crashed(&result, "exit status 1");
    assert_crashed(&result, "#0002 L 00");
}

fn a_machine_that_starts_over_has_crashed() {
    assert_crashed(&run(Does::StartsOver), "the machine was reset and started over");
}

fn a_guest_that_cannot_go_on_is_followed_by_another() {
    let stage = Stage::new();
    let results = run_with(&stage, &Limits::default(), &[Does::GoesAstray, Does::Ends]);
    assert!(results.iter().all(|result| result.fate == Fate::Ended), "{results:?}");
    assert_eq!(stage.sessions(), ["2", "1"]);
}

fn a_guest_that_gives_up_has_crashed() {
    assert_crashed(&run(Does::GivesUp), "the guest gave up: no memory");
}

fn last_words_on_standard_error_are_shown() {
    assert_crashed(&run(Does::Complains), "QEMU's messages:\nqemu: assertion failed\nconsole:\nfirmware: hello");
}

fn the_others_go_on_in_a_new_session() {
    let stage = Stage::new();
    let cases = [Does::Ends, Does::IsKilled, Does::Ends, Does::GarblesALine, Does::Ends];
    let fates: Vec<_> = run_with(&stage, &Limits::default(), &cases).into_iter().map(|result| result.fate).collect();
    assert!(
        matches!(&fates[..], [Fate::Ended, Fate::Crashed(_), Fate::Ended, Fate::Error(_), Fate::Ended]),
        "{fates:?}"
    );
    assert_eq!(stage.sessions(), ["5", "1 loud", "3", "1"]);
}

fn run_sick(sick: &str, limits: &Limits) -> (Vec<RunResult>, Stage) {
    let stage = Stage::new();
    stage.write(stage::SICK, sick);
    (run_with(&stage, limits, &[Does::Ends; 5]), stage)
}

fn a_qemu_that_refuses_to_start_is_an_error() {
    for result in run_sick(sick::REFUSES, &Limits::default()).0 {
        assert_error(&result, EMPTY_GUEST);
        assert_error(
            &result,
            "QEMU does not start: exit status 1\nQEMU's messages:\nqemu-system-ppc: unsupported machine type",
        );
    }
}

fn a_machine_that_dies_at_once_is_an_empty_guest_that_crashes() {
    let (results, stage) = run_sick(sick::DIES_AT_ONCE, &Limits::default());
    for result in results {
        assert!(matches!(&result.fate, Fate::Crashed(how) if how.starts_with(EMPTY_GUEST)), "{result:?}");
    }
    assert_eq!(stage.sessions(), ["5", "5", "1"]);
}

fn another_cpu_is_an_error() {
    for result in run_sick(sick::OTHER_CPU, &Limits::default()).0 {
        assert_error(&result, "the machine has PVR 0x00080301, which is no e500v2");
    }
}

fn a_machine_that_never_speaks_hangs() {
    let (results, stage) = run_sick(sick::NEVER_SPEAKS, &Limits { case_cpu: Limits::CASE_CPU, ..HURRIED });
    for result in results {
        assert!(matches!(&result.fate, Fate::Hung(how) if how.starts_with(EMPTY_GUEST)), "{result:?}");
    }
    assert_eq!(stage.sessions(), ["5", "1"], "a boot that hangs is dear: two of them say it");
}

fn a_console_can_be_copied() {
    let (mut copy, case, limits) = (Vec::new(), case(Does::Ends), Limits::default());
    let cases = [&case];
    let boot = Boot { console: Some(&mut copy), ..Boot::new(&cases, &limits) };
    assert_eq!(Stage::new().target().run(boot, &mut |_| ()), Ok(()));
    let copy = String::from_utf8_lossy(&copy);
    assert!(copy.starts_with("firmware: hello\n#0000 B "), "{copy}");
    assert!(copy.contains("\n#0002 L "), "a reader of the console finds the log there: {copy}");
}

fn an_old_qemu_is_not_available() {
    let stage = Stage::new();
    stage.write(stage::VERSION, "7.2.22");
    let Availability::No { reason, remedy } = stage.target().availability() else { panic!("version 7 is too old") };
    assert!(reason.ends_with("is version 7.2.22, older than 10"), "{reason}");
    // It was named: another one that is installed would not be taken.
    assert_eq!(remedy, "name a qemu-system-ppc of version 10 or later");
}

fn a_missing_qemu_is_not_available() {
    let stage = Stage::new();
    let target = stage.target().with_binary(stage.path("no-such-file"));
    assert!(!target.availability().is_yes());
    let case = case(Does::Ends);
    let (results, _) = session::run_all(&target, &[case], &Limits::default(), &Unwatched);
    assert_error(&results[0], "QEMU does not start: exit status 127");
}

fn goldens_are_keyed_by_the_releases_since_the_floor() {
    let stage = Stage::new();
    stage.write(stage::VERSION, "10.1.3");
    let chain = ["qemu-ppce500-e500v2>=10.1", "qemu-ppce500-e500v2", "e500v2-bare", "booke-bare", "bare"];
    assert_eq!(stage.target().golden_chain(), chain);
    assert_eq!(stage.target().version(), Some("QEMU 10.1.3".to_owned()));
}

/// The fake takes the command as it stands, so the files are where it says.
fn a_session_can_be_run_by_hand() {
    let (stage, case) = (Stage::new(), case(Does::PowersOff));
    let folder = stage.path("by hand, and with a comma");
    let command = stage.target().by_hand(&folder, &[&case], &sprig::target::ByHand::default());
    let command = command.expect("the folder can be written").expect("QEMU is a program");
    assert!(command.contains(" -M ppce500 -cpu e500v2 "), "{command}");
    let batch = std::fs::read(folder.join("batch.bin")).expect("the batch is there");
    assert_eq!(Ok(batch), sprig::target::batch(&[&case], false));
    assert!(command.contains("'loader,file="), "a name with blanks is quoted: {command}");
    assert!(command.contains("by hand,, and with a comma/batch.bin,addr=0x430000,force-raw=on'"), "{command}");
}
