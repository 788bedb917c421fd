//! One session of a QEMU process: listen to it, watch it, say how it ended.

use super::process::Process;
use super::watch::{Sample, Watch};
use crate::target::console::{Receiver, Tail, Text};
use crate::target::{Boot, Stop};
use crate::transcript::{Fate, RunResult};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

/// How long output gathers before it is read. An emulated UART hands on each byte by itself, and waking the reader
/// costs more than the byte does.
const GATHER: Duration = Duration::from_millis(2);

/// Listens until the guest has run its batch or the session ends otherwise.
pub(super) fn listen(
    process: &mut Process,
    receiver: &mut Receiver,
    boot: Boot<'_>,
    ended: &mut dyn FnMut(RunResult),
) -> Result<(), Stop> {
    let mut stderr = Text::default();
    let title = process.title();
    let fate = match follow(process, receiver, &mut stderr, boot, ended) {
        Ok(()) => return Ok(()),
        Err(fate) => with_last_words(title, fate, receiver.text(), &stderr.finish()),
    };
    let running = receiver.interrupted(&fate).map(Box::new);
    let fate = running.as_ref().map_or(fate, |running| running.fate.clone());
    Err(Stop { running, fate })
}

fn follow(
    process: &mut Process,
    receiver: &mut Receiver,
    stderr: &mut Text,
    boot: Boot<'_>,
    ended: &mut dyn FnMut(RunResult),
) -> Result<(), Fate> {
    let title = process.title();
    let environment = |error: std::io::Error| Fate::Error(format!("cannot follow the process of {title}: {error}"));
    let Boot { limits, mut console, .. } = boot;
    let mut watch = Watch::new(*limits);
    let mut sampled = Instant::now();
    let mut quiet = true;
    loop {
        let found = process.wait(limits.sample.saturating_sub(sampled.elapsed())).map_err(environment)?;
        stderr.hear(&found.stderr);
        if !found.stdout.is_empty() {
            quiet = false;
            if let Some(console) = &mut console {
                console
                    .write_all(&found.stdout)
                    .map_err(|error| Fate::Error(format!("cannot copy the console: {error}")))?;
            }
            let heard = receiver.hear(&found.stdout, ended).map_err(|fault| fault.fate())?;
            if heard.done {
                return Ok(());
            }
            if heard.progress {
                watch.progress();
            }
            watch.output(receiver.silent()).map_err(|hang| Fate::Hung(hang.to_string()))?;
            thread::sleep(GATHER);
        }
        if found.ended {
            receiver.end();
            return Err(died(title, process.status().map_err(environment)?, receiver.has_booted()));
        }
        if sampled.elapsed() >= limits.sample {
            if let Some(sample) = Sample::take(process.id()) {
                watch.sample(sample, receiver.has_booted(), quiet).map_err(|hang| Fate::Hung(hang.to_string()))?;
            }
            sampled = Instant::now();
            quiet = true;
        }
    }
}

/// What the end of the process means, before the guest was done.
fn died(title: &str, status: ExitStatus, booted: bool) -> Fate {
    match (status.code(), status.signal()) {
        (Some(0), _) => Fate::Crashed("the machine was powered off or reset".to_owned()),
        // Before the guest's first word an exit of its own will is a refusal: an argument, a missing file.
        (Some(code), _) if !booted => Fate::Error(format!("{title} does not start: exit status {code}")),
        (Some(code), _) => Fate::Crashed(format!("{title} ended with exit status {code}")),
        (None, signal) => Fate::Crashed(format!("{title} was killed by signal {}", signal.unwrap_or_default())),
    }
}

/// Appends what was said last to a message.
fn with_last_words(title: &str, fate: Fate, console: &Tail, stderr: &Tail) -> Fate {
    let complete = |mut message: String| {
        for (name, tail) in [(&*format!("{title}'s messages"), stderr), ("console", console)] {
            if !tail.is_empty() {
                message = format!("{message}\n{name}:\n{tail}");
            }
        }
        message
    };
    match fate {
        Fate::Ended => Fate::Ended,
        Fate::Crashed(message) => Fate::Crashed(complete(message)),
        Fate::Hung(message) => Fate::Hung(complete(message)),
        Fate::Error(message) => Fate::Error(complete(message)),
    }
}
