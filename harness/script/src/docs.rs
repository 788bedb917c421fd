//! The tables of `docs/language.md` say what the source says.

use super::ast::ExitKind;
use super::guard::has_register;
use super::limit;
use super::names::{self, Place, WORDS};
use sprig_isa::cpu::CPUS;
use sprig_isa::exception::EXCEPTIONS;
use sprig_isa::insn::script::Row;
use sprig_isa::page;
use sprig_judge::feature::FEATURES;
use sprig_wire::firmware::SERVICES;
use sprig_wire::host::{HOST_CALLS, REGS, SREGS};
use std::collections::BTreeSet;

const LANGUAGE: &str = include_str!("../../../docs/language.md");

/// The text between a heading (or bold words) and the next heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = LANGUAGE.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    rest.split("\n#").next().unwrap_or(rest)
}

/// The cells of the rows of a section's tables, without their headings.
fn rows(section: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = section.lines().peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some_and(|next| next.starts_with("|---")) {
            lines.next();
        } else if let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix('|')) {
            rows.push(row.trim_end().split(" | ").map(|cell| cell.trim().to_owned()).collect());
        }
    }
    assert!(!rows.is_empty());
    rows
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The first words of what stands in backquotes.
fn first_words(text: &str) -> Vec<String> {
    let first = |quoted: &String| quoted.split([' ', '.']).next().unwrap_or_default().to_owned();
    quoted(text).iter().map(first).collect()
}

fn set<T: Into<String>>(items: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    items.into_iter().map(Into::into).collect()
}

#[test]
fn features_are_those_of_the_source() {
    let expected: Vec<_> = FEATURES.iter().map(|row| vec![format!("`{}`", row.name), row.meaning.to_owned()]).collect();
    assert_eq!(rows(section("## Features")), expected);
}

#[test]
fn every_named_constant_is_in_the_table_and_no_other() {
    let table = section("## Lines, names, numbers");
    let documented = rows(table).iter().flat_map(|row| quoted(&row[0])).collect::<BTreeSet<_>>();
    assert_eq!(documented, set(names::constant_names()));
    assert!(table.contains(&format!("{:#x}: what a register holds", names::POISON)));
}

/// The first fenced block of a text, whatever its info string says it is.
fn fenced(text: &str) -> &str {
    let (_, block) = text.split_once("```").and_then(|(_, block)| block.split_once('\n')).expect("an example");
    block.split_once("```").expect("its end").0
}

#[test]
fn every_step_block_and_header_line_is_described() {
    let begins = |place: Place| set(WORDS.iter().filter(|(_, at)| *at == place).map(|(word, _)| *word));
    let first_cells =
        |heading| rows(section(heading)).iter().flat_map(|row| first_words(&row[0])).collect::<BTreeSet<_>>();
    let mut steps = begins(Place::Step);
    assert!(steps.remove("expect") && LANGUAGE.contains("\n## expect\n"));
    assert_eq!(first_cells("## Steps"), steps);
    assert_eq!(first_cells("## Header"), begins(Place::Header));
    let example = fenced(section("## Blocks"));
    let blocks = set(example.lines().filter_map(|line| line.split(' ').next()));
    assert_eq!(blocks, begins(Place::Block));
}

#[test]
fn words_that_cannot_be_names_are_listed() {
    let (_, list) = LANGUAGE.split_once("named constants and the words `").expect("the list");
    let (list, _) = list.split_once('`').expect("its end");
    let taken = WORDS.iter().map(|(word, _)| *word).filter(|word| names::taken_by_language(word).is_some());
    assert_eq!(set(list.split(' ')), set(taken));
}

#[test]
fn kinds_of_exit_host_calls_and_services_are_those_of_the_source() {
    let kinds: Vec<_> = rows(section("### exit")).iter().map(|row| quoted(&row[0]).concat()).collect();
    assert_eq!(kinds, ExitKind::ALL.map(|(name, _)| name));
    let calls = rows(section("### host and firmware"));
    let documented = calls.iter().flat_map(|row| first_words(&row[0])).collect::<BTreeSet<_>>();
    let known = HOST_CALLS.iter().map(|call| call.name).chain(SERVICES.iter().map(|service| service.name));
    assert_eq!(documented, set(known));
    let registers = |call: &str| {
        let row = calls.iter().find(|row| row[0].starts_with(call)).unwrap_or_else(|| panic!("no {call}"));
        quoted(&row[1]).last().cloned().unwrap_or_default()
    };
    assert_eq!(registers("`get-regs"), REGS.join(" "));
    assert_eq!(registers("`get-sregs"), SREGS.join(" "));
}

#[test]
fn every_instruction_is_in_the_table_and_no_other() {
    let documented: Vec<String> = rows(section("### run")).iter().flat_map(|row| quoted(&row[0])).collect();
    assert_eq!(set(documented.iter().cloned()), set(Row::all().map(Row::mnemonic)));
    assert_eq!(documented.len(), Row::all().count());
}

#[test]
fn exceptions_are_those_of_the_source() {
    let table = rows(section("## Exceptions"));
    for (row, asynchronous) in table.iter().zip([false, true]) {
        let names = EXCEPTIONS.iter().filter(|row| row.asynchronous == asynchronous).map(|row| row.name);
        assert_eq!(set(quoted(&row[1])), set(names));
    }
}

#[test]
fn every_special_register_is_in_the_table_with_its_cpus_and_no_other() {
    let mut expected: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for name in names::spr_names() {
        if expected.iter().any(|(known, _)| known.contains(&name)) {
            continue;
        }
        let cpus: Vec<_> = CPUS.iter().filter(|cpu| has_register(cpu, name)).map(|cpu| cpu.name).collect();
        match expected.iter_mut().find(|(_, known)| *known == cpus) {
            Some((names, _)) => names.push(name),
            None => expected.push((vec![name], cpus)),
        }
    }
    let all = |cpus: &[&str]| if cpus.len() == CPUS.len() { "every CPU".to_owned() } else { cpus.join(" ") };
    let expected: Vec<_> =
        expected.iter().map(|(names, cpus)| vec![format!("`{}`", names.join("` `")), all(cpus)]).collect();
    assert_eq!(rows(section("## Special registers")), expected);
}

#[test]
fn every_field_of_the_page_is_named() {
    let step = rows(section("## Steps")).into_iter().find(|row| row[0].starts_with("`page.FIELD` ")).expect("the step");
    for field in page::FIELDS {
        let kind = field.name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let of_kind = |quoted: &String| quoted.trim_end_matches(|letter: char| letter.is_ascii_digit()) == kind;
        assert!(quoted(&step[1]).iter().any(of_kind), "{}", field.name);
    }
}

#[test]
fn limits_are_those_of_the_source() {
    let documented: Vec<u64> = rows(section("## Limits")).iter().map(|row| row[1].parse().expect("a number")).collect();
    let limits = [
        limit::SOURCE_BYTES,
        limit::LINE_BYTES,
        limit::WORD_BYTES,
        limit::BLOCK_DEPTH,
        limit::EXPRESSION_DEPTH,
        limit::EXPRESSION_NODES,
        limit::VALUES,
        limit::INSTANCES,
        limit::STEPS,
        limit::CHECKS,
        limit::WORK,
        limit::MISTAKES,
    ];
    let mut expected: Vec<u64> = limits.iter().map(|limit| *limit as u64).collect();
    let [outcomes, instructions, pages] =
        [sprig_wire::log::RACE_OUTCOMES, limit::INSTRUCTIONS, limit::MAPPED_PAGES].map(|limit| limit as u64);
    let others = [limit::RACE_ROUNDS, limit::SPIN_ROUNDS, outcomes, instructions, pages];
    expected.extend(others);
    assert_eq!(documented, expected);
}
