//! Recording goldens, when every trial has run: only then is it known what is common and what is one target's own.
//!
//! insta does the writing, and its environment says what is written: nothing by default (`.config/insta.yaml`), with
//! `INSTA_UPDATE=always` the goldens themselves, with `new` proposals next to them. `docs/goldens.md` is the workflow.

use crate::Context;
use crate::plan::is_nextest;
use sprig::expectations::Deviation;
use sprig::golden::place::{Change, Wish, place};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

/// A transcript that is not its golden.
pub(crate) struct Changed {
    pub(crate) case: String,
    pub(crate) target: usize,
    pub(crate) text: String,
}

/// True if goldens are written at once, so that a change is no failure.
pub(crate) fn is_recording() -> bool {
    !is_nextest() && std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always")
}

/// Writes what changed, or proposes it.
pub(crate) fn record(context: &Context) {
    // A process that runs one trial knows nothing of the others.
    if is_nextest() {
        return;
    }
    let changed = context.changed.lock().expect("nothing panics with it");
    let cases: BTreeSet<&str> = changed.iter().map(|changed| changed.case.as_str()).collect();
    for case in cases {
        let seen: BTreeMap<usize, &str> = changed
            .iter()
            .filter(|changed| changed.case == case)
            .map(|changed| (changed.target, changed.text.as_str()))
            .collect();
        record_case(context, case, &seen);
    }
}

fn record_case(context: &Context, case: &str, seen: &BTreeMap<usize, &str>) {
    let Some(instance) = context.suite.instance(case) else { return };
    let mut wishes = Vec::new();
    for (index, target) in context.targets.iter().enumerate() {
        // What dies there has no transcript, and so no golden.
        let expectation = context.suite.expectations.of(target.id(), case);
        let dies = expectation.is_some_and(|entry| entry.outcome != Deviation::Fail);
        if instance.missing(&target.profile()).is_none() && !dies {
            let text = seen.get(&index).map(|text| (*text).to_owned());
            wishes.push(Wish { chain: context.on(index).chain.clone(), text, leads: target.leads() });
        }
    }
    for change in place(&wishes, &context.suite.goldens.of_case(case)) {
        match change {
            Change::Write { element, text } => write(context, &instance.source().path, &element, case, &text),
            Change::Remove { element } if is_recording() => {
                let path = context.suite.goldens.path(&element, case);
                if let Err(error) = std::fs::remove_file(&path) {
                    eprintln!("error: {}: {error}", path.display());
                }
            }
            // The trial of unused goldens says so.
            Change::Remove { .. } => {}
        }
    }
}

fn write(context: &Context, source: &Path, element: &str, case: &str, text: &str) {
    let path = context.suite.goldens.path(element, case);
    let (Some(folder), Some(name)) = (path.parent(), Path::new(case).file_name().and_then(|name| name.to_str())) else {
        return;
    };
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_input_file(source);
    settings.set_omit_expression(true);
    // A proposal is a failed assertion to insta; that this trial failed has been said already.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let written = panic::catch_unwind(AssertUnwindSafe(|| settings.bind(|| insta::assert_snapshot!(name, text))));
    panic::set_hook(hook);
    match written {
        Ok(()) => println!("recorded {}", path.display()),
        Err(_) => {
            let proposal = path.with_extension("snap.new");
            if proposal.exists() {
                println!("proposed {}", proposal.display());
            }
        }
    }
}
