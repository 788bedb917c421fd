//! Real KVM on an emulated host that counts instructions: the same session gives the same bytes, races and timers and
//! all.
//!
//! Ignored, with the reason, if there is no host kernel, or if this is known not to hold.

use libtest_mimic::{Arguments, Failed, Trial};
use sprig::case::Case;
use sprig::expectations::Deviation;
use sprig::project;
use sprig::suite::Suite;
use sprig::target::kvm::{Clock, Kvm, MACHINES};
use sprig::target::{Availability, Boot, Limits, Target};
use sprig_wire::frame::{self, PAYLOAD, Record};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (index, machine) in MACHINES.iter().enumerate() {
        // One guest a host: what could differ is the host's.
        if MACHINES.iter().take(index).any(|other| std::ptr::eq(other.host, machine.host)) {
            continue;
        }
        // The first kernel of a machine is the one that runs its guests.
        let Some(target) = machine.kernels.first().and_then(|kernel| Kvm::new(machine, kernel)) else { continue };
        let target = target.with_clock(Clock::Instructions);
        let name = format!("{}::the_same_session_gives_the_same_bytes", target.id());
        let reason = match target.availability() {
            Availability::Yes => machine.host.unrepeatable.map(str::to_owned),
            Availability::No { reason, remedy } => Some(format!("{reason}; to add it: {remedy}")),
        };
        let trial = Trial::test(name, move || same_bytes(&target));
        trials.push(match reason {
            Some(reason) => trial.with_ignored_flag(true).with_kind(reason),
            None => trial,
        });
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn same_bytes(target: &Kvm) -> Result<(), Failed> {
    let suite = Suite::load(&project::root())
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<String>())?;
    let profile = target.profile();
    // What is known to end the host ends the session.
    let expected = |name: &str| suite.expectations.of(target.id(), name).map(|entry| entry.outcome);
    let lives = |name: &str| !matches!(expected(name), Some(Deviation::Crash | Deviation::Hang));
    let runnable = suite.instances().filter(|instance| instance.missing(&profile).is_none() && lives(instance.name()));
    let cases: Vec<Case> = runnable.filter_map(|instance| instance.assemble(&profile).ok()).collect();
    let (first, second) = (session(target, &cases)?, session(target, &cases)?);
    match first.iter().zip(&second).find(|(one, other)| one != other) {
        None if first.len() == second.len() => Ok(()),
        differs => Err(Failed::from(format!("two sessions of the same cases differ: {differs:?}"))),
    }
}

/// Everything the console says in a session of these cases, up to its end; what comes after may or may not have been
/// read.
fn session(target: &Kvm, cases: &[Case]) -> Result<Vec<String>, Failed> {
    let (mut console, limits) = (Vec::new(), Limits::default());
    let cases: Vec<&Case> = cases.iter().collect();
    let boot = Boot { console: Some(&mut console), ..Boot::new(&cases, &limits) };
    let mut ended = 0;
    target.run(boot, &mut |_| ended += 1).map_err(|stop| format!("{:?}", stop.fate))?;
    assert_eq!(ended, cases.len());
    let mut lines: Vec<String> = String::from_utf8_lossy(&console).lines().map(str::to_owned).collect();
    let is_done = |line: &String| matches!(frame::decode(line.as_bytes(), &mut [0; PAYLOAD]), Ok((_, Record::Done)));
    let done = lines.iter().position(is_done).ok_or("the session has no end")?;
    lines.truncate(done + 1);
    Ok(lines)
}
