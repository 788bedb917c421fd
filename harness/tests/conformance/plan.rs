//! What each case is on each target before anything runs, and the sessions the filter leaves.

use crate::{Context, agreement, goldens};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use sprig::golden::{case_name, trial_name};
use sprig::judge::Status;
use sprig::pattern::Pattern;
use sprig::project;
use sprig::script::{self, Instance, Script};
use sprig::session::Pool;
use sprig::suite::CASES;
use sprig::target::{Availability, Target};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names the targets that must be there, separated by commas.
const REQUIRE: &str = "SPRIG_REQUIRE";

/// Every case on every target.
pub(crate) struct Plan {
    entries: Vec<Entry>,
    /// By target, as the context has them.
    pub(crate) standing: Vec<Standing>,
}

struct Entry {
    target: usize,
    instance: Instance,
    /// Why the target cannot run it, wherever it is.
    skip: Option<String>,
}

/// Whether a target's trials run.
#[derive(Clone)]
pub(crate) enum Standing {
    Here,
    /// It is not here, and need not be.
    Missing(String),
    /// It is not here, and must be.
    RequiredButMissing(String),
}

impl Plan {
    /// Puts the plan together. To list is to start nothing, not even to ask a QEMU for its version, unless the list has
    /// to say what is ignored. A process that runs one trial plans for its targets alone.
    pub(crate) fn new(context: &Context, arguments: &Arguments) -> Result<Self, String> {
        let ask = !arguments.list || is_nextest();
        let concerned = concerned(context, arguments);
        let required = std::env::var(REQUIRE).unwrap_or_default();
        let required: Vec<&str> = required.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let matches = |name: &str, id: &str| Pattern::new(name).matches(id);
        if let Some(unknown) =
            required.iter().find(|name| !context.targets.iter().any(|target| matches(name, target.id())))
        {
            return Err(format!("{REQUIRE} names `{unknown}`, and there is no such target"));
        }
        let availability = |(target, concerned): (&Arc<dyn Target>, &bool)| {
            if ask && *concerned { target.availability() } else { Availability::Yes }
        };
        let each = context.targets.iter().zip(&concerned);
        let standing = each.map(|(target, concerned)| match availability((target, concerned)) {
            Availability::Yes => Standing::Here,
            Availability::No { reason, remedy } => {
                let reason = format!("{reason}; to add it: {remedy}");
                if required.iter().any(|name| matches(name, target.id())) {
                    Standing::RequiredButMissing(reason)
                } else {
                    Standing::Missing(reason)
                }
            }
        });
        let standing = standing.collect();
        let mut entries = Vec::new();
        let all = context.targets.iter().enumerate().zip(&concerned);
        for (target, profile) in
            all.filter(|(_, concerned)| **concerned).map(|((index, target), _)| (index, target.profile()))
        {
            entries.extend(context.suite.instances().map(|instance| Entry {
                target,
                instance: instance.clone(),
                skip: instance.missing(&profile).map(|missing| missing.to_string()),
            }));
        }
        Ok(Self { entries, standing })
    }

    /// A trial for each case on each target.
    pub(crate) fn trials(&self, context: &Arc<Context>) -> Vec<Trial> {
        let trial = |entry: &Entry| {
            let name = entry.name(context);
            match (&entry.skip, &self.standing[entry.target]) {
                (Some(reason), _) | (None, Standing::Missing(reason)) => ignored(&name, reason),
                (None, Standing::RequiredButMissing(reason)) => {
                    let reason = reason.clone();
                    Trial::test(name, move || Err(Failed::from(format!("required, and not here: {reason}"))))
                }
                (None, Standing::Here) => {
                    let (context, target, instance) = (Arc::clone(context), entry.target, entry.instance.clone());
                    Trial::test(name, move || run(&context, target, &instance))
                }
            }
        };
        self.entries.iter().map(trial).collect()
    }

    /// The cases that each target's session is to run: those whose trials the filter leaves, or all where every test
    /// has a process of its own and this one cannot know what the others are.
    pub(crate) fn sessions(&self, context: &Context, arguments: &Arguments, trials: &[Trial]) -> Sessions {
        let mut sessions = Sessions::new();
        let left = |trial: &Trial| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial);
        let compared: Vec<usize> = trials
            .iter()
            .filter(|trial| left(trial))
            .flat_map(|trial| agreement::targets(context, trial.name()))
            .collect();
        for (entry, trial) in self.entries.iter().zip(trials) {
            let here = matches!(self.standing[entry.target], Standing::Here) && entry.skip.is_none();
            if here && (left(trial) || compared.contains(&entry.target) || is_nextest()) {
                sessions.entry(entry.target).or_default().push(entry.instance.clone());
            }
        }
        sessions
    }

    /// The cases that a target can run.
    pub(crate) fn runnable(&self, target: usize) -> impl Iterator<Item = &Instance> {
        let of_target = self.entries.iter().filter(move |entry| entry.target == target && entry.skip.is_none());
        of_target.map(|entry| &entry.instance)
    }
}

/// The one trial that this process has been told to run, where every test has a process of its own.
fn only_trial(arguments: &Arguments) -> Option<&str> {
    arguments.filter.as_deref().filter(|_| is_nextest() && arguments.exact && !arguments.list)
}

/// The one case that this process is to run on one target.
pub(crate) fn only_case(targets: &[Arc<dyn Target>], arguments: &Arguments) -> Option<String> {
    let trial = only_trial(arguments)?;
    let case = targets.iter().find_map(|target| trial.strip_prefix(target.id())?.strip_prefix("::"))?;
    Some(case_name(case))
}

/// Which targets the trials of this process are about: all, unless it has been told the one trial it is to run.
fn concerned(context: &Context, arguments: &Arguments) -> Vec<bool> {
    let targets = &context.targets;
    let Some(trial) = only_trial(arguments) else { return vec![true; targets.len()] };
    let compared = agreement::targets(context, trial);
    let own = |id: &str| trial.strip_prefix(id).is_some_and(|rest| rest.starts_with("::"));
    targets.iter().enumerate().map(|(index, target)| own(target.id()) || compared.contains(&index)).collect()
}

impl Entry {
    fn name(&self, context: &Context) -> String {
        format!("{}::{}", context.targets[self.target].id(), trial_name(self.instance.name()))
    }
}

/// Cases by target.
pub(crate) type Sessions = BTreeMap<usize, Vec<Instance>>;

/// Does something with the sessions at hand, which start at their first trial, a target on each core.
pub(crate) fn with_sessions<T>(context: &Arc<Context>, sessions: Sessions, action: impl FnOnce() -> T) -> T {
    let mut pool = Pool::from_environment(context.limits);
    let mut first = Vec::new();
    for (target, instances) in sessions {
        first.extend(instances.first().map(|instance| (target, instance.name().to_owned())));
        let profile = context.targets[target].profile();
        let is_partial = context.is_partial;
        let assemble = move || {
            // A mistake in a script is an error of its own trials, and of what reads the whole suite.
            let all = if is_partial { script::load(&project::root().join(CASES), None).scripts } else { Vec::new() };
            let cases = instances.iter().filter(|_| !is_partial).chain(all.iter().flat_map(Script::instances));
            // What cannot be assembled is an error of its own trial.
            cases.filter_map(|instance| instance.assemble(&profile).ok()).map(Arc::new).collect()
        };
        pool.add(Arc::clone(&context.targets[target]), Box::new(assemble));
    }
    assert!(context.pool.set(pool).is_ok(), "set once");
    if is_nextest() {
        return action();
    }
    // Trials of one target stand together, and all of them wait for its session: others can run meanwhile.
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((target, case)) = first.get(next.fetch_add(1, Ordering::Relaxed)) {
                    context.result(*target, case);
                }
            });
        }
        action()
    })
}

fn run(context: &Context, target: usize, instance: &Instance) -> Result<(), Failed> {
    let (verdict, failure) = context.verdict(target, instance);
    if verdict.status == Status::Changed
        && let Some(text) = verdict.transcript
    {
        let changed = goldens::Changed { case: instance.name().to_owned(), target, text };
        context.changed.lock().expect("nothing panics with it").push(changed);
        if goldens::is_recording() {
            return Ok(());
        }
    }
    failure.map_or(Ok(()), |failure| Err(Failed::from(failure)))
}

/// A trial that does not run, and says why where the harness can.
pub(crate) fn ignored(name: &str, reason: &str) -> Trial {
    let reason = reason.to_owned();
    Trial::ignorable_test(name, move || Ok(Completion::ignored_with(reason))).with_ignored_flag(is_nextest())
}

/// True if every test has a process of its own.
pub(crate) fn is_nextest() -> bool {
    std::env::var_os("NEXTEST").is_some_and(|value| value == "1")
}
