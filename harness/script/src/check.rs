//! From a tree to a script's instances: the header's values, what is wrong with the file as a whole, and every instance
//! resolved once to see that it can be.

use super::ast::{BlockHeader, Header, Name, Statement, StatementKind, Tree};
use super::diagnostic::Diagnostic;
use super::guard::Guard;
use super::lexer::BYTE_ORDER_MARK;
use super::limit;
use super::names;
use super::program::Program;
use super::resolve::{self, Need, Shared};
use super::setting::{Binding, BuiltIn, ByteOrder, GuestWord, Meaning, Privilege, Setting};
use super::span::Span;
use sprig_judge::case::PARAMETERS;
use sprig_judge::feature::{Feature, FeatureSet};
use sprig_judge::rules::UNSPECIFIED;
use std::collections::{BTreeSet, HashMap};

/// One instance's parameters, name after the case's, needs, and what it was resolved to.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) setting: Setting,
    /// `@` and the parameters, or empty.
    pub(super) suffix: String,
    pub(super) needs: Vec<(Guard, Need)>,
    pub(super) program: Program,
}

/// Checks everything; what is wrong goes to `errors`.
pub(super) fn check(source: &str, tree: &Tree, errors: &mut Vec<Diagnostic>) -> Vec<Checked> {
    let mut shared = Shared::default();
    let mut declared = HashMap::new();
    resolve::declare(&tree.body, &mut declared);
    whole_file(source, tree, errors);
    header(&tree.header, &declared, errors);
    privilege(tree, errors);
    let mut instances = Vec::new();
    for (setting, suffix) in settings(source, &tree.header, &declared, &mut shared) {
        let (program, needs) = resolve::resolve(source, tree, &declared, &setting, &mut shared);
        instances.push(Checked { setting, suffix, needs, program });
    }
    errors.append(&mut shared.reports.list);
    if errors.is_empty() {
        // A mistake elsewhere may be the reason why something seems unused.
        for parameter in &tree.header.parameters {
            if !shared.used.contains(&parameter.name.text) {
                let message = format!("the parameter `{}` is never used", parameter.name.text);
                errors.push(Diagnostic::error(message).at(parameter.name.span, "every instance would be the same"));
            }
        }
    }
    instances
}

/// A mistake for each rule of a case of the suite, besides the first, by which nothing is expected: no failure of the
/// case could ever be one of that rule. A topic that no document decides may be cited for what the goldens show of it.
pub(super) fn rules_without_expectation(tree: &Tree) -> Vec<Diagnostic> {
    let rules = &tree.header.rules;
    let mut expected = BTreeSet::new();
    expected_by(&tree.body, None, rules.first().map(|rule| rule.text.as_str()), &mut expected);
    let others = rules.iter().skip(1).filter(|rule| !rule.text.starts_with(UNSPECIFIED));
    let silent = others.filter(|rule| !expected.contains(rule.text.as_str()));
    let report = |rule: &Name| {
        let found = Diagnostic::error(format!("nothing is expected `by {}`", rule.text)).at(rule.span, "");
        found.help("say what, or take it out of `rule`")
    };
    silent.map(report).collect()
}

/// The rules by which these statements expect something of a target with these features, or without any of some target;
/// `default` is the rule of an expectation that names none.
pub(super) fn expected_by<'a>(
    body: &'a [Statement],
    features: Option<FeatureSet>,
    default: Option<&'a str>,
    found: &mut BTreeSet<&'a str>,
) {
    for statement in body {
        match &statement.kind {
            StatementKind::Expect(expect) => {
                found.extend(expect.rule.as_ref().map_or(default, |rule| Some(rule.text.as_str())))
            }
            StatementKind::Block(block) => {
                let meant = match &block.header {
                    BlockHeader::On { feature, present } => {
                        features.is_none_or(|features| features.contains(*feature) == *present)
                    }
                    _ => true,
                };
                if meant {
                    expected_by(&block.body, features, default, found);
                }
            }
            StatementKind::Step(_) | StatementKind::Broken(_) => {}
        }
    }
}

/// A mistake for each rule that is not among those that exist. A script that is none of the suite's cases, and leaves
/// no golden, may name a topic of its own.
pub(super) fn unknown_rules(header: &Header, known: &[&str], is_of_suite: bool) -> Vec<Diagnostic> {
    let is_known = |rule: &str| known.contains(&rule) || (!is_of_suite && rule.starts_with(UNSPECIFIED));
    let unknown = header.rules.iter().filter(|rule| !is_known(&rule.text));
    let report = |rule: &Name| names::unknown("rule", &rule.text, rule.span, known.iter().copied());
    unknown.map(report).map(|found| found.note("`sprig list --rules` shows every rule")).collect()
}

fn whole_file(source: &str, tree: &Tree, errors: &mut Vec<Diagnostic>) {
    let form = "a case is a comment that says what goes wrong in a kernel if it fails, `rule` with the rules it tests, \
        and steps";
    let is_space = |letter: char| letter.is_whitespace() || letter == BYTE_ORDER_MARK;
    if source.trim_matches(is_space).is_empty() {
        errors.push(Diagnostic::error("this file is empty").note(form));
        return;
    }
    let end = Span::new(source.trim_end().len(), source.trim_end().len());
    if tree.header.prose.is_empty() {
        let first = source.len() - source.trim_start_matches(is_space).len();
        let found = Diagnostic::error("a case begins with a comment");
        let is_there = source.get(first..).is_some_and(|text| text.starts_with('#'));
        let label = if is_there { "this one says nothing" } else { "expected a comment" };
        let found = found.at(Span::new(first, first), label);
        errors.push(found.help("say what goes wrong in a kernel if this case fails"));
    }
    if tree.header.rules.is_empty() && !tree.header.broken {
        let place = tree.body.first().map_or(end, |first| line_start(source, first.line));
        let found = Diagnostic::error("this case tests no rule").at(place, "expected `rule` before this");
        let found =
            found.note("cases/rules.toml lists them; where no document speaks, `unspecified.TOPIC` names the topic");
        errors.push(found.help("add a line `rule ID` to the header"));
    }
    if !does_something(&tree.body) {
        errors.push(Diagnostic::error("this case has no step").at(end, "expected a step").note(form));
    }
}

/// Where the text of a line begins.
fn line_start(source: &str, line: u32) -> Span {
    let before = source.split_inclusive('\n').take((line as usize).saturating_sub(1)).map(str::len).sum();
    let text = source.get(before..).unwrap_or_default();
    let start = before + text.len() - text.trim_start().len();
    Span::new(start, start)
}

fn does_something(body: &[Statement]) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StatementKind::Step(_) | StatementKind::Broken(_) => true,
        StatementKind::Expect(_) => false,
        StatementKind::Block(block) => does_something(&block.body),
    })
}

fn header(header: &Header, declared: &HashMap<&str, Span>, errors: &mut Vec<Diagnostic>) {
    let mut guard = Guard::default();
    for (feature, span) in &header.needs {
        let with = guard.and(*feature, true);
        if guard.is_possible() && !with.is_possible() {
            let message = format!("no target has `{feature}` and the other features that are needed");
            errors.push(Diagnostic::error(message).at(*span, "excluded by another feature of this case"));
            continue;
        }
        guard = with;
    }
    kernels(header, &guard, errors);
    for parameter in &header.parameters {
        if let Some(observed) = declared.get(parameter.name.text.as_str()) {
            let message = format!("`{}` is a parameter and an observation", parameter.name.text);
            errors.push(
                Diagnostic::error(message).at(*observed, "observed here").at(parameter.name.span, "the parameter"),
            );
        }
    }
}

/// Whether some target has a guest kernel of each word size and byte order.
fn kernels(header: &Header, needed: &Guard, errors: &mut Vec<Diagnostic>) {
    let word = |guard: &Guard, word: Option<GuestWord>| match word {
        Some(word) => guard.and(Feature::Wide, word == GuestWord::Bits64),
        None => guard.clone(),
    };
    let mut report = |span, kernel| {
        let message = format!("no target has a {kernel} guest kernel and the other features that are needed");
        errors.push(Diagnostic::error(message).at(span, "excluded by the rest of the header"));
    };
    for (size, span) in header.word.iter().flat_map(|(sizes, span)| sizes.iter().map(move |size| (*size, *span))) {
        if needed.is_possible() && !word(needed, Some(size)).is_possible() {
            report(span, if size == GuestWord::Bits64 { "64-bit" } else { "32-bit" });
        }
    }
    let words: Vec<_> = choices(header.word.as_ref()).into_iter().map(|size| word(needed, size)).collect();
    for (order, span) in header.order.iter().flat_map(|(orders, span)| orders.iter().map(move |order| (*order, *span)))
    {
        let mut possible = words.iter().filter(|guard| guard.is_possible()).peekable();
        let is_little = order == ByteOrder::Little;
        if possible.peek().is_some() && !possible.any(|guard| guard.and(Feature::LittleEndian, is_little).is_possible())
        {
            report(span, if is_little { "little-endian" } else { "big-endian" });
        }
    }
}

/// Whether `in privilege` and the header's `privilege` line agree.
fn privilege(tree: &Tree, errors: &mut Vec<Diagnostic>) {
    let block = privilege_block(&tree.body);
    match (&tree.header.privilege, block) {
        (Some((_, span)), None) => {
            let found = Diagnostic::error("`privilege` is never used").at(*span, "every instance would be the same");
            errors.push(found.help("`in privilege { }` encloses the steps that are done in either state"));
        }
        (None, Some(span)) if !tree.header.broken => {
            let found = Diagnostic::error("the header does not say which states there are").at(span, "");
            errors.push(found.help("add `privilege supervisor user` to the header"));
        }
        _ => {}
    }
}

fn privilege_block(body: &[Statement]) -> Option<Span> {
    body.iter().find_map(|statement| match &statement.kind {
        StatementKind::Block(block) if matches!(block.header, BlockHeader::Privilege) => Some(block.span),
        StatementKind::Block(block) => privilege_block(&block.body),
        _ => None,
    })
}

/// Every combination of the parameters' values, with the part of the name that tells them apart.
fn settings(
    source: &str,
    header: &Header,
    declared: &HashMap<&str, Span>,
    shared: &mut Shared,
) -> Vec<(Setting, String)> {
    let unknown = Binding { meaning: Meaning::Unknown, text: String::new() };
    let mut parameters: Vec<(&str, Vec<Binding>)> = Vec::new();
    for parameter in &header.parameters {
        // A value that is wrong has been reported; the steps that use the name are checked all the same.
        let values = resolve::parameter(source, header, &parameter.values, declared, shared);
        let values = values.unwrap_or_else(|| vec![unknown.clone()]);
        parameters.push((&parameter.name.text, values));
    }
    if let Some(span) = too_many(header, parameters.iter().map(|(_, values)| values.len())) {
        let message = format!("the parameters make more than {} instances", limit::INSTANCES);
        shared.reports.push(Diagnostic::error(message).at(span, "too many with these"));
        // One instance finds the other mistakes of the file.
        parameters.iter_mut().for_each(|(_, values)| values.truncate(1));
    }
    let privileges = header.privilege.as_ref().map_or(&[Privilege::Supervisor][..], |(values, _)| values);
    let words = choices(header.word.as_ref());
    let orders = choices(header.order.as_ref());
    let lost: Vec<_> = header.unknown.iter().map(|name| (name.clone(), unknown.clone())).collect();
    let mut settings = vec![(lost, Vec::new())];
    for (name, values) in parameters {
        settings = product(&settings, &values, |(bound, names), value| {
            bound.push((name.to_owned(), value.clone()));
            names.push(value.text.clone());
        });
    }
    let mut settings: Vec<_> = settings.into_iter().map(|(bound, names)| (bound, BuiltIn::default(), names)).collect();
    // The first value is the default and does not appear in names.
    settings = product(&settings, privileges, |(_, built_in, names), value| {
        built_in.privilege = *value;
        let name = if *value == Privilege::User { "user" } else { "supervisor" };
        names.extend((privileges.first() != Some(value)).then(|| name.to_owned()));
    });
    settings = product(&settings, &words, |(_, built_in, names), value| {
        built_in.word = *value;
        names.extend(value.filter(|_| words.first() != Some(value)).map(|word| word.bits().to_string()));
    });
    settings = product(&settings, &orders, |(_, built_in, names), value| {
        built_in.order = *value;
        let name = |order| if order == ByteOrder::Little { "le" } else { "be" };
        names.extend(value.filter(|_| orders.first() != Some(value)).map(|order| name(order).to_owned()));
    });
    let finish = |(parameters, built_in, names): (_, _, Vec<String>)| {
        let suffix = if names.is_empty() { String::new() } else { format!("{PARAMETERS}{}", names.join(",")) };
        (Setting { parameters, built_in }, suffix)
    };
    settings.into_iter().map(finish).collect()
}

/// The line of the header with which there are more instances than a script may have; `sizes` are those of the
/// parameters.
fn too_many(header: &Header, sizes: impl Iterator<Item = usize>) -> Option<Span> {
    let parameters = header.parameters.iter().map(|parameter| parameter.values.span).zip(sizes);
    let privilege = header.privilege.iter().map(|(values, span)| (*span, values.len()));
    let word = header.word.iter().map(|(values, span)| (*span, values.len()));
    let order = header.order.iter().map(|(values, span)| (*span, values.len()));
    let mut count: usize = 1;
    let mut lines = parameters.chain(privilege).chain(word).chain(order);
    lines.find_map(|(span, size)| {
        count = count.saturating_mul(size);
        (count > limit::INSTANCES).then_some(span)
    })
}

/// The values of `word` or `order`; without the line there is one, the target's.
fn choices<T: Copy, S>(line: Option<&(Vec<T>, S)>) -> Vec<Option<T>> {
    line.map_or_else(|| vec![None], |(values, _)| values.iter().copied().map(Some).collect())
}

fn product<S: Clone, V>(settings: &[S], values: &[V], set: impl Fn(&mut S, &V)) -> Vec<S> {
    let mut all = Vec::with_capacity(settings.len() * values.len());
    for setting in settings {
        for value in values {
            let mut next = setting.clone();
            set(&mut next, value);
            all.push(next);
        }
    }
    all
}
