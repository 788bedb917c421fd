//! The pages.

use super::cell::Cell;
use super::{Matrix, Outcome};
use crate::judge::Status;
use crate::rules::Rule;
use crate::script::{Instance, Script};
use maud::{DOCTYPE, Markup, html};
use similar::{ChangeTag, TextDiff};
use std::sync::Arc;

/// A page that is this far below the report's folder.
fn page(title: &str, up: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href={ (up) "style.css" };
            }
            body { (body) }
        }
    }
}

/// A link to a page below this one that shows how a target holds something.
fn place(cell: Option<Cell>, link: &str, what: &str) -> Markup {
    html! {
        @match cell {
            Some(cell) => td class=(cell.class()) { a href=(link) title={ (what) ": " (cell.meaning()) } { (cell.symbol()) } },
            None => td {},
        }
    }
}

/// The head of a table with a column for each target.
fn heads(matrix: &Matrix<'_>, targets: &[usize], first: &str) -> Markup {
    html! {
        thead {
            tr {
                th { (first) }
                @for target in targets.iter().filter_map(|target| matrix.targets.get(*target)) {
                    th class="target" title=[target.version.as_deref()] { span { (target.target) } }
                }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        ul class="legend" {
            @for cell in Cell::ALL {
                li { span class=(cell.class()) { (cell.symbol()) } " " (cell.meaning()) }
            }
            li { span {} " no case that cites the rule runs there" }
        }
    }
}

/// Rules by targets.
pub(super) fn index(matrix: &Matrix<'_>) -> Markup {
    let targets: Vec<usize> = (0..matrix.targets.len()).collect();
    let cases = matrix.outcomes.len();
    let (tested, others): (Vec<&Rule>, Vec<&Rule>) =
        matrix.suite.rules.iter().partition(|rule| matrix.cases_of(&rule.id).next().is_some());
    page(
        "Sprig: rules and targets",
        "",
        &html! {
            h1 { "Rules and targets" }
            p {
                (cases) " cases on " (targets.len()) " targets. A row is a rule that hypervisors have to hold, a column what \
                 ran. Each place leads to the rule's cases."
            }
            (legend())
            table class="matrix" {
                (heads(matrix, &targets, "rule"))
                tbody {
                    @for rule in tested {
                        @let link = format!("rules/{}.html", rule.id);
                        tr {
                            th title=(rule.text) { a href=(link) { (rule.id) } }
                            @for target in &targets {
                                (place(matrix.cell(rule, *target), &link, name(matrix, *target)))
                            }
                        }
                    }
                }
            }
            @if !others.is_empty() {
                details {
                    summary { (others.len()) " rules that no case has tested here" }
                    ul { @for rule in others { li title=(rule.text) { a href={ "rules/" (rule.id) ".html" } { (rule.id) } } } }
                }
            }
        },
    )
}

fn name<'m>(matrix: &'m Matrix<'_>, target: usize) -> &'m str {
    matrix.targets.get(target).map_or("", |report| &report.target)
}

/// A rule, and its cases by targets.
pub(super) fn rule(matrix: &Matrix<'_>, rule: &Rule) -> Markup {
    let cases: Vec<&Instance> = matrix.cases_of(&rule.id).collect();
    let runs_on = |target: &usize| cases.iter().any(|case| matrix.on(case.name()).any(|(on, _)| on == *target));
    let targets: Vec<usize> = (0..matrix.targets.len()).filter(runs_on).collect();
    page(
        &rule.id,
        "../",
        &html! {
            p { a href="../index.html" { "All rules" } }
            h1 { (rule.id) }
            p class="sentence" { (rule.text) }
            p class="source" { (rule.source) }
            @if cases.is_empty() {
                p { "No case that cites it has run." }
            } @else {
                (legend())
                table class="matrix" {
                    (heads(matrix, &targets, "case"))
                    tbody {
                        @for case in cases {
                            @let link = link_to(case.name());
                            tr {
                                th { a href=(link) { (case.name()) } }
                                @for target in &targets {
                                    @let outcome = matrix.outcomes.get(case.name()).and_then(|on| on.get(target));
                                    @let cell = Cell::of(&rule.id, outcome.into_iter());
                                    (place(cell, &link, name(matrix, *target)))
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The page of a case, as seen from a rule's.
fn link_to(case: &str) -> String {
    let script = case.split_once('@').map_or(case, |(script, _)| script);
    // What a name may have besides letters means something in an address.
    format!("../cases/{script}.html#{}", case.replace('%', "%25"))
}

/// The name of a script, which its cases have in front of their parameters.
pub(super) fn script_name(script: &Script) -> Option<&str> {
    let case = script.instances().first()?.name();
    Some(case.split_once('@').map_or(case, |(name, _)| name))
}

/// A script, and what each of its cases showed.
pub(super) fn script(matrix: &Matrix<'_>, script: &Script, name: &str) -> Markup {
    let up = "../".repeat(1 + name.matches('/').count());
    let source = script.instances().first().map_or("", |case| case.source().text.as_str());
    let rules = script.instances().first().into_iter().flat_map(Instance::rules);
    page(
        name,
        &up,
        &html! {
            p { a href={ (up) "index.html" } { "All rules" } }
            h1 { (name) }
            p {
                "Tests "
                @for (index, rule) in rules.enumerate() {
                    @if index > 0 { ", " }
                    a href={ (up) "rules/" (rule) ".html" } { (rule) }
                }
                "."
            }
            pre class="script" { (source) }
            @for case in script.instances() {
                @let groups = groups(matrix, case.name());
                @if !groups.is_empty() {
                    h2 id=(case.name()) { (case.name()) }
                    div class="side-by-side" {
                        @let first = groups.first().and_then(|group| group.outcome.transcript.clone());
                        @for group in &groups {
                            (column(matrix, group, first.as_ref()))
                        }
                    }
                }
            }
        },
    )
}

/// Targets on which a case did the same.
struct Group<'m> {
    targets: Vec<usize>,
    outcome: &'m Outcome,
}

/// In the order of their first targets.
fn groups<'m>(matrix: &'m Matrix<'_>, case: &str) -> Vec<Group<'m>> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    for (target, outcome) in matrix.on(case) {
        let is_same = |group: &&mut Group<'_>| {
            let other = group.outcome;
            other.status == outcome.status && other.transcript == outcome.transcript && other.detail == outcome.detail
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.targets.push(target),
            None => groups.push(Group { targets: vec![target], outcome }),
        }
    }
    groups
}

/// What a group showed; lines that the first one does not have are marked.
fn column(matrix: &Matrix<'_>, group: &Group<'_>, first: Option<&Arc<str>>) -> Markup {
    let Outcome { status, failures, detail, listed, transcript } = group.outcome;
    html! {
        section {
            h3 class=(Cell::of_status(*status).class()) {
                (Cell::of_status(*status).symbol()) " " (status.name())
            }
            p class="targets" {
                @for (index, target) in group.targets.iter().enumerate() {
                    @if index > 0 { ", " }
                    (name(matrix, *target))
                }
            }
            @if let Some(listed) = listed { p { (listed.reason) } }
            @if let Some(detail) = detail { p { (detail) } }
            @for failure in failures {
                p class="failure" {
                    (failure.rule) ", line " (failure.line) ": " code { (failure.statement) }
                    @for finding in &failure.findings {
                        br; "expected " code { (finding.observed) " " (finding.expected) } ", seen " code { (finding.actual) }
                    }
                }
            }
            @if let Some(text) = transcript { pre { (marked(text, first)) } }
            @else if *status != Status::Skip { p { "There is no transcript: the case did not come to its end." } }
        }
    }
}

fn marked(text: &str, first: Option<&Arc<str>>) -> Markup {
    let Some(first) = first.filter(|first| ***first != *text) else { return html! { (text) } };
    let diff = TextDiff::from_lines(&**first, text);
    html! {
        @for change in diff.iter_all_changes() {
            @match change.tag() {
                ChangeTag::Equal => (change.value()),
                ChangeTag::Insert => mark { (change.value()) },
                ChangeTag::Delete => {},
            }
        }
    }
}
