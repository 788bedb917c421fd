use super::cell::Cell;
use super::*;
use crate::project;
use crate::run::{Event, Run, Selected};
use crate::session::Unwatched;
use crate::target::{self, Limits};
use std::fs;
use std::path::{Path, PathBuf};

fn outcome(status: Status, rules: &[&str]) -> Outcome {
    let failure = |rule: &&str| Failure {
        line: 1,
        rule: (*rule).to_owned(),
        sentence: String::new(),
        source: String::new(),
        statement: String::new(),
        findings: Vec::new(),
        is_given_up: false,
    };
    let failures = rules.iter().map(failure).collect();
    Outcome { status, failures, detail: None, listed: None, transcript: None }
}

#[test]
fn a_failure_counts_for_the_rule_that_it_breaks_and_a_death_for_each() {
    let cell = |outcomes: &[Outcome]| Cell::of("a.rule", outcomes.iter());
    assert_eq!(cell(&[]), None);
    assert_eq!(cell(&[outcome(Status::Fail, &["another.rule"])]), Some(Cell::Held));
    assert_eq!(cell(&[outcome(Status::Pass, &[]), outcome(Status::Fail, &["a.rule"])]), Some(Cell::Broken));
    assert_eq!(cell(&[outcome(Status::ExpectedFail, &["a.rule"])]), Some(Cell::Listed));
    assert_eq!(cell(&[outcome(Status::Crash, &[])]), Some(Cell::Broken));
    // A listed crash has no failures.
    assert_eq!(cell(&[outcome(Status::ExpectedFail, &[])]), Some(Cell::Listed));
}

/// Cases of aliases on a target that holds their rules and on one that breaks them as is listed.
fn report(suite: &Suite) -> tempfile::TempDir {
    let selected = |instance: &Instance| {
        let argument = instance.name().to_owned();
        Selected { instance: instance.clone(), argument, own: true }
    };
    let cases: Vec<_> =
        suite.instances().filter(|case| case.name().starts_with("alias/after-exit")).map(selected).collect();
    let targets: Vec<_> = target::all()
        .into_iter()
        .filter(|target| ["ref-e500v2-pr", "ref-alias-never"].contains(&target.id()))
        .collect();
    let run = Run { suite, cases: &cases, limits: &Limits::default(), again: "" };
    let mut matrix = Matrix::new(suite);
    run.on_all(&targets, 1, &Unwatched, |event| -> Result<(), std::convert::Infallible> {
        match event {
            Event::Begins(_) => {}
            Event::Record(record) => matrix.record(*record),
            Event::Ends(report) => matrix.target_ends(report),
        }
        Ok(())
    })
    .expect("nothing fails here");
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &matrix).expect("it is written");
    folder
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "html") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn each_link_leads_somewhere() {
    let suite = Suite::load(&project::root()).expect("nothing is wrong");
    let folder = report(&suite);
    let mut links = 0;
    for page in pages(folder.path()) {
        let text = fs::read_to_string(&page).expect("text");
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, place) = link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)));
            let target = page.parent().expect("a folder").join(file);
            let there =
                fs::read_to_string(&target).unwrap_or_else(|error| panic!("{}: {link}: {error}", page.display()));
            if let Some(place) = place {
                assert!(there.contains(&format!("id=\"{place}\"")), "{}: {link}", page.display());
            }
            links += 1;
        }
    }
    assert!(links > suite.rules.iter().count(), "each rule has a page");
}

#[test]
fn targets_that_did_not_do_the_same_are_side_by_side_and_what_differs_is_marked() {
    let suite = Suite::load(&project::root()).expect("nothing is wrong");
    let folder = report(&suite);
    let page = fs::read_to_string(folder.path().join("cases/alias/after-exit.html")).expect("a page");
    let case = page.split("<h2").nth(1).expect("a case");
    assert_eq!(case.matches("<section>").count(), 2, "{case}");
    assert_eq!(case.matches("<mark>").count(), 2, "the alias, before and after the exit: {case}");
    let index = fs::read_to_string(folder.path().join("index.html")).expect("a page");
    let row = index.split("<tr>").find(|row| row.contains(">alias.consistent-after-exit<")).expect("a row");
    let classes: Vec<_> = row.split("<td class=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(classes, ["held", "listed"]);
}

#[test]
fn an_earlier_report_is_replaced_and_nothing_else() {
    let suite = Suite::load(&project::root()).expect("nothing is wrong");
    let folder = report(&suite);
    claim(folder.path()).expect("it is ours");
    assert!(folder.path().join("cases").is_dir(), "a run that does not end leaves the report before");
    write(folder.path(), &Matrix::new(&suite)).expect("it is ours");
    assert!(!folder.path().join("cases").exists(), "of the report before");
    let other = tempfile::tempdir().expect("a folder");
    fs::write(other.path().join("thesis.txt"), "mine").expect("a file");
    let error = write(other.path(), &Matrix::new(&suite)).expect_err("it is not ours");
    assert!(matches!(error, WriteError::NotOurs(_)), "{error}");
    assert_eq!(fs::read_dir(other.path()).expect("a folder").count(), 1);
}
