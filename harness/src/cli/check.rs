//! `sprig check`: reports everything that is wrong and runs nothing.

use super::args;
use super::error::{self, Error};
use crate::judge::Exit;
use crate::report::number;
use crate::rules::Rules;
use crate::script::load_file;
use crate::suite::RULES;
use crate::target;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) fn check(arguments: &args::Check, out: &mut dyn Write) -> Result<Exit, Error> {
    if arguments.files.is_empty() { whole_suite(out) } else { files(&arguments.files, out) }
}

fn whole_suite(out: &mut dyn Write) -> Result<Exit, Error> {
    let suite = super::suite()?;
    let all = target::all();
    let targets: Vec<_> = all.iter().map(|target| &**target).collect();
    let problems = suite.unused(&targets);
    if !problems.is_empty() {
        return Err(Error::Mistakes(problems.iter().map(|problem| format!("error: {problem}\n")).collect()));
    }
    let scripts = number(suite.scripts.len(), "script");
    let (cases, rules) = (number(suite.instances().count(), "case"), number(suite.rules.iter().count(), "rule"));
    writeln!(out, "{scripts} with {cases}, {rules}: nothing is wrong")?;
    Ok(Exit::AsExpected)
}

fn files(files: &[PathBuf], out: &mut dyn Write) -> Result<Exit, Error> {
    let rules = rules()?;
    let rules: Vec<&str> = rules.ids().collect();
    let mut mistakes = String::new();
    for file in files {
        match load_file(file, Some(&rules)) {
            Ok(script) => {
                let cases = number(script.instances().len(), "case");
                writeln!(out, "{}: {cases}, nothing is wrong", file.display())?;
            }
            Err(error) => mistakes += &error::shown(&error),
        }
    }
    if mistakes.is_empty() { Ok(Exit::AsExpected) } else { Err(Error::Mistakes(mistakes)) }
}

fn rules() -> Result<Rules, Error> {
    let path = super::root().join(RULES);
    let read = |path: &Path| std::fs::read_to_string(path);
    let text = read(&path).map_err(|cause| Error::Internal { doing: format!("reading {}", path.display()), cause })?;
    Rules::parse(&path, &text)
        .map_err(|problems| Error::Mistakes(problems.iter().map(|problem| format!("error: {problem}\n")).collect()))
}
