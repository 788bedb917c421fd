//! The `sprig` command.

mod args;
mod bench;
mod build;
mod check;
mod error;
mod export;
mod from;
mod fuzz;
mod gate;
mod list;
mod lockstep;
mod mutants;
mod progress;
mod report;
mod repro;
mod run;
mod select;
mod steps;
mod story;

pub use args::Arguments;
pub use error::Error;

use crate::judge::Exit;
use crate::project;
use crate::suite::{Mistake, Suite};
use args::Command;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Does what the arguments say and tells how it went.
#[must_use]
pub fn main(arguments: Arguments) -> ExitCode {
    // Colours are for terminals that want them; what else reads the output gets plain text.
    let mut out = anstream::stdout().lock();
    let code = match dispatch(arguments, &mut out) {
        Ok(exit) => exit.code(),
        Err(error) if error.is_broken_pipe() => OUTPUT_CLOSED,
        Err(error) => {
            // If this cannot be printed, there is nowhere to report it; the exit status says it.
            let _ = writeln!(anstream::stderr(), "{error}");
            error.exit().code()
        }
    };
    ExitCode::from(code)
}

/// The exit status where whoever read the output has closed it: that of a program which SIGPIPE has ended, and no
/// verdict.
const OUTPUT_CLOSED: u8 = 128 + 13;

fn dispatch(arguments: Arguments, out: &mut dyn Write) -> Result<Exit, Error> {
    match arguments.command.unwrap_or(Command::Run(args::Run::default())) {
        Command::Run(arguments) => run::run(&arguments, out),
        Command::Targets(arguments) => list::targets(&arguments, out),
        Command::List(arguments) => list::list(&arguments, out),
        Command::Check(arguments) => check::check(&arguments, out),
        Command::Report(arguments) => report::report(&arguments, out),
        Command::Repro(arguments) => repro::repro(&arguments, out),
        Command::Bench(arguments) => bench::bench(&arguments, out),
        Command::Gate(arguments) => gate::gate(&arguments, out),
        Command::Export(arguments) => export::export(&arguments, out),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments, out),
        Command::Lockstep(arguments) => lockstep::lockstep(&arguments, out),
        Command::Mutants(arguments) => mutants::mutants(&arguments, out),
    }
}

/// The project's root, as short as it can be written from here.
fn root() -> PathBuf {
    let root = project::root();
    match std::env::current_dir() {
        Ok(here) if here == root => PathBuf::new(),
        _ => root,
    }
}

/// The suite, if there is nothing wrong with it.
fn suite() -> Result<Suite, Error> {
    let root = root();
    if !root.join("cases").is_dir() {
        let message = format!("there is no suite in {}", project::root().display());
        let advice = format!(
            "{} names a checkout; without it, it is the one that this program was built in",
            project::ROOT_VARIABLE
        );
        return Err(Error::usage(message, advice));
    }
    let shown = |mistake: &Mistake| match mistake {
        Mistake::Script(mistake) => error::shown(mistake),
        mistake => mistake.to_string(),
    };
    Suite::load(&root).map_err(|mistakes| Error::Mistakes(mistakes.iter().map(shown).collect()))
}

/// How this program is called: what to write in front of a command that is to be typed.
fn program() -> String {
    // Set by `cargo run`, whose users have no `sprig` in their path.
    if std::env::var_os("CARGO").is_some() {
        return "cargo run -q --".to_owned();
    }
    std::env::args().next().map_or_else(|| "sprig".to_owned(), |program| shell_words::quote(&program).into_owned())
}
