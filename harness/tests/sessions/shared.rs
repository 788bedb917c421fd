//! Sessions shared by the processes of one test run, as under cargo-nextest.

use crate::fake::Does;
use crate::stage::{self, Stage, case};
use crate::{role, trials};
use libtest_mimic::Trial;
use sprig::project::ROOT_VARIABLE;
use sprig::session::Pool;
use sprig::target::{Limits, Target};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;

pub(crate) fn trials() -> Vec<Trial> {
    trials![shared:
        many_processes_start_one_session,
        a_lock_whose_owner_died_is_taken_over,
        a_retry_runs_its_case_alone,
        each_round_of_a_stress_run_boots_again,
        a_case_that_is_in_no_session_is_an_error,
        in_one_process_the_session_starts_with_the_first_result,
    ]
}

const RUN: &str = "8e4d2f4e-0000-4000-8000-000000000000";

fn pool(stage: &Stage, cases: &'static [Does]) -> Pool {
    let mut pool = Pool::from_environment(Limits::default());
    let cases = move || cases.iter().copied().map(|does| Arc::new(case(does))).collect();
    pool.add(Arc::new(stage.target()), Box::new(cases));
    pool
}

/// One test of a run: judges one case.
pub(crate) fn test_process() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, case] = &arguments[..] else { return ExitCode::FAILURE };
    let stage = Stage::at(PathBuf::from(folder));
    let pool = pool(&stage, &[Does::Ends, Does::HangsIdleInTheFirstSession, Does::IsKilled]);
    println!("{:?}", pool.result(stage.target().id(), case).fate);
    stage.signal(stage::ENDED);
    ExitCode::SUCCESS
}

fn start(stage: &Stage, case: &str, environment: &[(&str, &str)]) -> Child {
    let mut command = Command::new(stage.path(role::TEST_PROCESS));
    command.arg(stage.path("")).arg(case).stdout(Stdio::piped());
    command.env_remove("NEXTEST_ATTEMPT").env_remove("NEXTEST_STRESS_CURRENT").env_remove("CARGO_TARGET_DIR");
    command.env(ROOT_VARIABLE, stage.path("")).env("NEXTEST_RUN_ID", RUN).envs(environment.iter().copied());
    command.spawn().expect("a test process")
}

fn fate(child: Child) -> String {
    let output = child.wait_with_output().expect("a test process");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// The session in which a case of the pool hangs is over.
fn past_the_first_session(stage: &Stage) {
    stage.write(stage::SESSIONS, "before\n");
}

fn many_processes_start_one_session() {
    let stage = Stage::new();
    past_the_first_session(&stage);
    let cases = ["test/Ends", "test/HangsIdleInTheFirstSession", "test/Ends", "test/IsKilled"];
    let children: Vec<_> = cases.iter().map(|case| start(&stage, case, &[])).collect();
    let fates: Vec<_> = children.into_iter().map(fate).collect();
    assert_eq!(fates[..3], ["Ended"; 3]);
    assert!(fates[3].starts_with("Crashed(\"QEMU was killed by signal 6"), "{fates:?}");
    assert_eq!(stage.sessions(), ["before", "3", "1 loud"]);
    let boots = stage.path("target/sprig/sessions").join(RUN).join("qemu-ppce500-e500v2/boots");
    let boots = std::fs::read_to_string(boots).expect("sessions are counted");
    assert_eq!(boots, "qemu-ppce500-e500v2 3\nqemu-ppce500-e500v2 1\n");
}

fn a_lock_whose_owner_died_is_taken_over() {
    let stage = Stage::new();
    let mut signals = stage.listen();
    let mut first = start(&stage, "test/Ends", &[]);
    let mut signal = [0; 5];
    signals.read_exact(&mut signal).expect("the first process says something");
    assert_eq!(signal, stage::HANGS);
    let second = start(&stage, "test/Ends", &[]);
    first.kill().expect("it waits for its session");
    first.wait().expect("it has been killed");
    assert_eq!(fate(second), "Ended");
    assert_eq!(stage.sessions(), ["3", "3", "1 loud"]);
}

fn a_retry_runs_its_case_alone() {
    let stage = Stage::new();
    past_the_first_session(&stage);
    assert_eq!(fate(start(&stage, "test/Ends", &[])), "Ended");
    assert_eq!(fate(start(&stage, "test/Ends", &[("NEXTEST_ATTEMPT", "1")])), "Ended");
    assert_eq!(fate(start(&stage, "test/Ends", &[("NEXTEST_ATTEMPT", "2")])), "Ended");
    assert_eq!(stage.sessions(), ["before", "3", "1 loud", "1"]);
}

fn each_round_of_a_stress_run_boots_again() {
    let stage = Stage::new();
    past_the_first_session(&stage);
    for round in ["0", "1"] {
        for _ in 0..2 {
            assert_eq!(fate(start(&stage, "test/Ends", &[("NEXTEST_STRESS_CURRENT", round)])), "Ended");
        }
    }
    assert_eq!(stage.sessions(), ["before", "3", "1 loud", "3", "1 loud"]);
}

fn a_case_that_is_in_no_session_is_an_error() {
    let stage = Stage::new();
    past_the_first_session(&stage);
    let fate = fate(start(&stage, "test/Unknown", &[]));
    assert_eq!(fate, "Error(\"no case test/Unknown in this run of qemu-ppce500-e500v2\")");
}

/// This process is none of nextest's, or the pool would share.
fn in_one_process_the_session_starts_with_the_first_result() {
    if std::env::var_os("NEXTEST_RUN_ID").is_some() {
        return;
    }
    let stage = Stage::new();
    past_the_first_session(&stage);
    let pool = pool(&stage, &[Does::Ends, Does::HangsIdleInTheFirstSession]);
    assert_eq!(stage.sessions(), ["before"], "nothing is started before it is asked for");
    std::thread::scope(|scope| {
        for case in ["test/Ends", "test/HangsIdleInTheFirstSession"] {
            scope.spawn(|| assert_eq!(format!("{:?}", pool.result("qemu-ppce500-e500v2", case).fate), "Ended"));
        }
    });
    assert_eq!(stage.sessions(), ["before", "2"]);
}
