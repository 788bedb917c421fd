//! Every kind of mistake, and how it is shown. `UPDATE_GOLDENFILES=1` rewrites the expected texts.

use goldenfile::Mint;
use sprig::script::{self, Diagnostics};
use std::io::Write;
use std::path::Path;

/// The diagnostics of a file that has some.
fn diagnose(path: &Path, bytes: Vec<u8>) -> Diagnostics {
    match script::source(path, bytes).and_then(script::parse) {
        Ok(_) => panic!("{} has no mistake", path.display()),
        Err(diagnostics) => diagnostics,
    }
}

fn one_message(text: impl Into<Vec<u8>>) -> String {
    let found = diagnose(Path::new("case.probe"), text.into());
    assert_eq!(found.list().len(), 1, "{found}");
    found.list()[0].message().to_owned()
}

const HEADER: &str = "# What fails.\nrule unspecified.test\n";

#[test]
fn every_mistake_is_shown_as_it_was_reviewed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/script/diagnostics");
    let mut mint = Mint::new(&folder);
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "probe") {
            continue;
        }
        files += 1;
        let name = path.file_name().expect("a name");
        let diagnostics = diagnose(Path::new(name), std::fs::read(&path).expect("a file"));
        let mut golden = mint.new_goldenfile(Path::new(name).with_extension("txt")).expect("a golden file");
        golden.write_all(diagnostics.render(false).as_bytes()).expect("a golden file");
    }
    assert!(files >= 20);
}

#[test]
fn an_empty_file_is_one_mistake() {
    for text in ["", "\n\n", "\u{feff}", " \t\r\n"] {
        assert_eq!(one_message(text), "this file is empty", "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_text_are_one_mistake_at_their_place() {
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(b"x = mfspr SPRG0 # caf\xe9\n");
    let found = diagnose(Path::new("case.probe"), bytes);
    let shown = found.render(false);
    assert!(shown.starts_with("error: this file is not UTF-8 text\n --> case.probe:3:22\n"), "{shown}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let text = format!("{HEADER}{}", "exit\n".repeat(100_000));
    assert_eq!(one_message(text), "a script has at most 262144 bytes, this file has more");
}

#[test]
fn line_ends_and_their_absence_mean_nothing() {
    let text = "# What fails.\nrule unspecified.test\n\nx = mfspr SPRG0\nexpect x == 0";
    for text in [text.to_owned(), format!("{text}\n"), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let script = script::source(Path::new("case.probe"), text.clone().into_bytes()).and_then(script::parse);
        let script = script.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(script.prose(), "What fails.");
    }
}

#[test]
fn a_mistake_is_at_its_column_whatever_the_line_ends_are() {
    let text = format!("\u{feff}{HEADER}\tx = mfspr SPGR0\n").replace('\n', "\r\n");
    let shown = diagnose(Path::new("case.probe"), text.into_bytes()).render(false);
    assert!(shown.contains("--> case.probe:3:12\n"), "{shown}");
}

#[test]
fn colour_is_there_only_when_asked_for() {
    let found = diagnose(Path::new("case.probe"), b"exti\n".to_vec());
    assert!(!found.render(false).contains('\u{1b}'));
    assert!(found.render(true).contains('\u{1b}'));
}

#[test]
fn every_mistake_is_shown_up_to_a_limit_that_is_named() {
    let shown = |mistakes: usize| {
        let text = format!("{HEADER}{}", "mtspr SPGR0, 1\nexti\n".repeat(mistakes / 2));
        diagnose(Path::new("case.probe"), text.into_bytes()).to_string()
    };
    let most = script::limit::MISTAKES;
    let limit = format!("error: case.probe: there may be more, nothing is looked for after {most} mistakes\n\n");
    for (mistakes, found, is_limited) in [(most - 2, most - 2, false), (most, most, true), (10 * most, most, true)] {
        let shown = shown(mistakes);
        assert_eq!(shown.matches("--> case.probe:").count(), found);
        assert_eq!(shown.ends_with(&limit), is_limited);
    }
}

#[test]
fn names_come_from_the_path_below_cases() {
    for (path, name) in [
        ("cases/alias/after-exit.probe", "alias/after-exit"),
        ("/home/me/sprig/cases/alias/after-exit.probe", "alias/after-exit"),
        ("alias/after-exit.probe", "after-exit"),
        ("mine.probe", "mine"),
    ] {
        let text = format!("{HEADER}exit\n");
        let script = script::source(Path::new(path), text.into_bytes()).and_then(script::parse).expect("a script");
        assert_eq!(script.name(), name);
    }
    let found = diagnose(Path::new("cases/alias/after exit.probe"), format!("{HEADER}exit\n").into_bytes());
    assert_eq!(found.list()[0].message(), "`after exit` cannot be the name of a case");
}

#[test]
fn rules_are_looked_up_among_those_that_exist() {
    let text = "# What fails.\nrule alias.one alias.tow\nx = mfspr SPRG0\nexpect x == 0 by alias.tow\n";
    let read = |rules: &[&str], text: &str| {
        let source = script::source(Path::new("case.probe"), text.into());
        source.and_then(|source| script::parse_citing(source, rules))
    };
    let known = ["alias.one", "alias.two"];
    let found = read(&known, text).expect_err("one is unknown");
    assert_eq!(found.list().len(), 1);
    let shown = found.render(false);
    assert!(shown.contains("unknown rule `alias.tow`") && shown.contains("similar name: `alias.two`"), "{shown}");
    assert!(read(&["alias.tow", "alias.one"], text).is_ok());
    let found = read(&known, &format!("{text}exti\n")).expect_err("that, and a step that is none");
    assert_eq!(found.list().len(), 2, "{found}");
}

#[test]
fn a_case_of_the_suite_expects_something_by_each_rule_that_it_names() {
    let text = "# What fails.\nrule alias.one alias.two unspecified.mine\nx = mfspr SPRG0\nexpect x == 0\n";
    let read = |path: &str, text: &str| {
        let source = script::source(Path::new(path), text.into());
        source.and_then(|source| script::parse_citing(source, &["alias.one", "alias.two", "unspecified.mine"]))
    };
    let found = read("cases/alias/case.probe", text).expect_err("one is named for nothing");
    let shown = found.render(false);
    assert_eq!(found.list().len(), 1, "{shown}");
    assert!(shown.contains("nothing is expected `by alias.two`") && shown.contains(":2:16"), "{shown}");
    assert!(read("cases/alias/case.probe", &format!("{text}expect x == 0 by alias.two\n")).is_ok());
    assert!(read("case.probe", text).is_ok(), "anybody may look at more than they expect");
}

#[test]
fn a_script_outside_the_suite_may_name_a_topic_of_its_own() {
    let text = "# What fails.\nrule unspecified.mine\nexit\n";
    let read = |path: &str| {
        let source = script::source(Path::new(path), text.into());
        source.and_then(|source| script::parse_citing(source, &["alias.one"]))
    };
    assert!(read("mine.probe").is_ok() && read("/tmp/mine.probe").is_ok());
    let found = read("cases/alias/mine.probe").expect_err("it is not listed");
    assert_eq!(found.list()[0].message(), "unknown rule `unspecified.mine`");
}

#[test]
fn too_many_instances_hide_no_other_mistake() {
    let text = format!("{HEADER}param a = 0..99\nparam b = 0..99\nmtspr SPGR0, a + b\n");
    let found = diagnose(Path::new("case.probe"), text.into_bytes());
    let messages: Vec<_> = found.list().iter().map(script::Diagnostic::message).collect();
    assert_eq!(messages, ["the parameters make more than 4096 instances", "unknown register `SPGR0`"]);
}

#[test]
fn the_built_in_parameters_make_instances_too() {
    let text = |most: u32| {
        let body = "in privilege {\n    mtspr SPRG0, v\n}\n";
        format!("{HEADER}param v = 1..{most}\nprivilege supervisor user\nword 32 64\norder be le\n{body}")
    };
    let most = u32::try_from(script::limit::INSTANCES).expect("a number") / 8;
    let source = script::source(Path::new("case.probe"), text(most).into_bytes()).expect("a script");
    assert_eq!(script::parse(source).expect("as many as there can be").instances().len(), script::limit::INSTANCES);
    let shown = diagnose(Path::new("case.probe"), text(most + 1).into_bytes()).render(false);
    let expected = "error: the parameters make more than 4096 instances\n --> case.probe:6:1\n";
    assert!(shown.starts_with(expected), "{shown}");
}
