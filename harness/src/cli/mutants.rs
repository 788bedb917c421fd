//! `sprig mutants`: which wrong hypervisors does the suite notice, and by which case?

use super::args::{self, OutcomeFormat};
use super::error::Error;
use super::progress::Bar;
use super::run::workers;
use super::select;
use crate::judge::Exit;
use crate::mutants::{Fate, Plan, Unanswered, limits, report};
use crate::nearest::suggestion;
use crate::pattern::Pattern;
use crate::run::Run;
use crate::target::Model;
use sprig_refhv::hypervisor::{DEVIATIONS, Description};
use std::io::Write;

pub(super) fn mutants(arguments: &args::Mutants, out: &mut dyn Write) -> Result<Exit, Error> {
    let mutants = selected(&arguments.mutants)?;
    if arguments.list {
        report::list(out, &mutants)?;
        return Ok(Exit::AsExpected);
    }
    let suite = super::suite()?;
    let cases = select::without(&suite, select::cases(&suite, &[])?, &arguments.without)?;
    let again = format!("{} repro", super::program());
    let limits = limits();
    let asked = |model: &&Model| arguments.cpus.is_empty() || arguments.cpus.iter().any(|cpu| cpu == model.label);
    let plan = Plan {
        mutants,
        models: Model::all().filter(asked).collect(),
        run: Run { suite: &suite, cases: &cases, limits: &limits, again: &again },
        jobs: workers(arguments.jobs),
    };
    let bar = Bar::of_mutants(plan.mutants.len() as u64);
    let matrix = plan.carry_out(&|| bar.advance()).map_err(unanswered)?;
    bar.end();
    match arguments.format {
        OutcomeFormat::Human => report::human(out, &matrix, &super::program())?,
        OutcomeFormat::Json => report::json(out, &matrix)?,
    }
    let is_untried = matrix.of(Fate::NotTried).count() == matrix.mutants.len();
    Ok(match matrix.is_complete() {
        false => Exit::Failed,
        true if is_untried => Exit::NotJudged,
        true => Exit::AsExpected,
    })
}

/// The mutants that these arguments name, in the order of their table; all if there is no argument.
fn selected(arguments: &[String]) -> Result<Vec<&'static Description>, Error> {
    let names =
        |argument: &str, row: &Description| argument == row.layer.name() || Pattern::new(argument).matches(row.id);
    for argument in arguments {
        if !DEVIATIONS.iter().any(|row| names(argument, row)) {
            let nearest = suggestion(argument, DEVIATIONS.iter().map(|row| row.id));
            let advice = "`sprig mutants --list` shows every mutant";
            return Err(Error::usage(format!("there is no mutant `{argument}`{nearest}"), advice));
        }
    }
    let is_named = |row: &&Description| arguments.is_empty() || arguments.iter().any(|argument| names(argument, row));
    Ok(DEVIATIONS.iter().filter(is_named).collect())
}

fn unanswered(why: Unanswered) -> Error {
    match why {
        Unanswered::Red(_) => Error::not_judged(why.to_string(), "`sprig run` says what is wrong with them"),
        Unanswered::Clock(error) => std::io::Error::from(error).into(),
        Unanswered::Threads(error) => std::io::Error::other(error).into(),
    }
}
