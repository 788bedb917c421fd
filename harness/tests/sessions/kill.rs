//! No process outlives the harness, whatever kills it.

use crate::fake::Does;
use crate::stage::{self, Stage, case};
use crate::{role, trials};
use libtest_mimic::Trial;
use rustix::fs::{FlockOperation, flock};
use sprig::target::{Boot, Limits, Target};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

pub(crate) fn trials() -> Vec<Trial> {
    trials![kill: a_harness_killed_outright_takes_its_qemu_along, a_harness_that_panics_takes_its_qemu_along]
}

const PANIC: &str = "panic";

/// A harness: runs a session whose second case hangs, and tells when the first has ended.
pub(crate) fn harness() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let stage = Stage::at(PathBuf::from(arguments.next().expect("a stage")));
    let panics = arguments.next().as_deref() == Some(PANIC);
    let (first, second) = (case(Does::Ends), case(Does::HangsIdle));
    let cases = [&first, &second];
    // From a thread that is not the main one: the process must end with the harness, not before.
    let run = || {
        stage.target().run(Boot::new(&cases, &Limits::default()), &mut |_| {
            println!("ended");
            assert!(!panics, "as the test wants it");
        })
    };
    let stopped = std::thread::scope(|scope| scope.spawn(run).join());
    ExitCode::from(u8::from(stopped.is_err()))
}

/// Waits until no fake of this stage lives; each of them either was killed or has left a note.
fn assert_none_left(stage: &Stage) {
    let alive = File::open(stage.path(stage::ALIVE)).expect("the stage is set");
    flock(&alive, FlockOperation::LockExclusive).expect("a lock can be waited for");
    assert_eq!(stage.sessions(), ["2"], "the fake has run");
    assert!(!stage.path(stage::ORPHANED).exists(), "QEMU outlived its harness");
}

fn a_harness_killed_outright_takes_its_qemu_along() {
    let stage = Stage::new();
    let mut harness = Command::new(stage.path(role::HARNESS));
    let mut harness = harness.arg(stage.path("")).stdout(Stdio::piped()).spawn().expect("a harness");
    let mut line = String::new();
    BufReader::new(harness.stdout.take().expect("a pipe")).read_line(&mut line).expect("the harness speaks");
    assert_eq!(line, "ended\n");
    harness.kill().expect("it hangs until it is killed");
    harness.wait().expect("it has been killed");
    assert_none_left(&stage);
}

fn a_harness_that_panics_takes_its_qemu_along() {
    let stage = Stage::new();
    let output = Command::new(stage.path(role::HARNESS)).arg(stage.path("")).arg(PANIC).output().expect("a harness");
    assert_eq!(output.status.code(), Some(1), "the panic is the thread's");
    assert_none_left(&stage);
}
