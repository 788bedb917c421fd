//! The suite under `cargo test`: every case on every target as `<target>::<area>::<case>`.
//!
//! ```text
//!   list of trials (starts nothing) --filter--> sessions (one boot a target) --> judge --> pass, fail, ignored
//!                                                                                  '--> goldens that changed, put
//!                                                                                       together when all have run
//! ```
//!
//! A target or feature that is missing makes its trials ignored, with the reason. `SPRIG_REQUIRE=NAME,...` (globs
//! allowed) names the targets that must be there: a missing one fails.

mod agreement;
mod documents;
mod goldens;
mod invariants;
mod itself;
mod plan;
#[path = "../small/mod.rs"]
mod small;

use libtest_mimic::{Arguments, Trial};
use plan::Plan;
use sprig::judge::Verdict;
use sprig::project;
use sprig::run::{On, Run, Selected};
use sprig::script::Instance;
use sprig::session::Pool;
use sprig::suite::Suite;
use sprig::target::{self, Limits, Target};
use sprig::transcript::RunResult;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock};

/// In front of a case and a target, the command that shows a failure again.
const AGAIN: &str = "cargo run -q -- repro";

/// What every trial needs.
struct Context {
    suite: Suite,
    /// The suite has what the one trial to run needs, and no more.
    is_partial: bool,
    targets: Vec<Arc<dyn Target>>,
    /// What judging needs of each target, once a trial of it runs.
    on: Vec<OnceLock<On>>,
    limits: Limits,
    /// Set before the first trial runs.
    pool: OnceLock<Pool>,
    changed: Mutex<Vec<goldens::Changed>>,
}

impl Context {
    fn on(&self, target: usize) -> &On {
        self.on[target].get_or_init(|| On::new(&*self.targets[target]))
    }

    /// The result of a case on a target, from the session that the first of a target's trials starts.
    fn result(&self, target: usize, case: &str) -> RunResult {
        self.pool.get().expect("set before trials run").result(self.targets[target].id(), case)
    }

    /// The verdict on a case, and the same as a report shows it if it fails.
    fn verdict(&self, target: usize, instance: &Instance) -> (Verdict, Option<String>) {
        let on = self.on(target);
        let selected = Selected { instance: instance.clone(), argument: instance.name().to_owned(), own: true };
        let run = Run { suite: &self.suite, cases: &[], limits: &self.limits, again: AGAIN };
        let verdict = match instance.assemble(&on.profile) {
            Ok(case) => run.verdict(on, &selected, &case, &self.result(target, instance.name())),
            Err(error) => Verdict::error(error.to_string()),
        };
        let record = run.record(on, &selected, verdict.clone());
        let failure = record.status.fails().then(|| format!("{}\n{}", record.status, record.explain()));
        (verdict, failure)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // So that paths in messages start at the root.
    if std::env::var_os(project::ROOT_VARIABLE).is_none()
        && let Err(error) = std::env::set_current_dir(project::root())
    {
        eprintln!("error: {}: {error}", project::root().display());
        return ExitCode::FAILURE;
    }
    let targets = target::all();
    // A process that runs one case reads what that needs; if it has to run the target's session, it reads the other
    // scripts then.
    let root = project::root();
    let case = plan::only_case(&targets, &arguments);
    let suite = match case.as_ref().map_or_else(|| Suite::load(&root), |case| Suite::load_case(&root, case)) {
        Ok(suite) => suite,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprint!("{mistake}"));
            return ExitCode::FAILURE;
        }
    };
    let on = targets.iter().map(|_| OnceLock::new()).collect();
    let (limits, pool, changed) = (Limits::default(), OnceLock::new(), Mutex::new(Vec::new()));
    let context = Arc::new(Context { suite, is_partial: case.is_some(), targets, on, limits, pool, changed });
    let plan = match Plan::new(&context, &arguments) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> = plan.trials(&context);
    trials.extend(agreement::trials(&context, &plan));
    trials.extend(invariants::trials(&context));
    trials.extend(documents::trials(&arguments));
    trials.extend(itself::trials());
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let sessions = plan.sessions(&context, &arguments, &trials);
    let conclusion = plan::with_sessions(&context, sessions, || libtest_mimic::run(&arguments, trials));
    goldens::record(&context);
    conclusion.exit_code()
}
