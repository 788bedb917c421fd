//! A case reaches what it is said to reach: scripts followed for one CPU, compared with the cells written down here.

use sprig::coverage::{Coverage, Reasons};
use sprig::script;
use sprig::target;
use std::path::Path;

const PR: &str = "ref-e500v2-pr";

fn coverage(steps: &str, on: &str) -> Coverage {
    let text = format!("# Prose.\nrule t.rule\n\n{steps}\n");
    let script = script::source(Path::new("case.probe"), text.into_bytes()).and_then(script::parse);
    let script = script.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let profile = target::by_id(on).expect("a target").profile();
    Coverage::of(script.instances().iter(), &[profile])
}

/// The cells that steps reach on a target.
#[track_caller]
fn reach(on: &str, steps: &str, expected: &[&str]) {
    let coverage = coverage(steps, on);
    let cells = coverage.reached.iter().filter(|(_, cases)| !cases.is_empty());
    let mut cells: Vec<String> = cells.map(|(cell, _)| cell.to_string()).collect();
    cells.sort();
    assert_eq!(cells, expected);
}

#[test]
fn a_value_written_and_read_by_instructions_reaches_both_ends() {
    let both = ["spr/SPRG0/read/supervisor/trap/before", "spr/SPRG0/write/supervisor/trap/before"];
    reach(PR, "mtspr SPRG0, 1\na = mfspr SPRG0", &both);
    reach("qemu-mac99-7447", "mtspr SPRG0, 1\na = mfspr SPRG0", &both);
}

#[test]
fn what_nobody_observes_reaches_nothing() {
    reach(PR, "mtspr SPRG0, 1\nmfspr SPRG0", &[]);
}

#[test]
fn an_exit_between_write_and_read_is_after() {
    let after = ["spr/SPRG0/read/supervisor/trap/after", "spr/SPRG0/write/supervisor/trap/after"];
    for exit in ["exit", "exit sc", "exit hcall", "run mfmsr r3", "user {\n    spin 1\n}", "restore", "host vcpu-id"] {
        let steps = format!("needs host\n\nmtspr SPRG0, 1\n{exit}\na = mfspr SPRG0");
        reach(PR, &steps, &after);
    }
    for none in ["spin 10", "hold", "nothing = let 1", "load32 SCRATCH"] {
        let steps = format!("mtspr SPRG0, 1\n{none}\na = mfspr SPRG0");
        reach(PR, &steps, &["spr/SPRG0/read/supervisor/trap/before", "spr/SPRG0/write/supervisor/trap/before"]);
    }
}

#[test]
fn a_store_to_the_page_is_one_where_the_page_is_mapped() {
    let cells = ["field/sprg4/write/supervisor/trap/before", "spr/USPRG4/read/supervisor/page/before"];
    reach(PR, "map-page\npage.sprg4 = 1\na = mfspr USPRG4", &cells);
    reach(PR, "map-page at 0xe0000000\nstore32 0xe00000d4, 1\na = mfspr USPRG4", &cells);
    reach(PR, "page.sprg4 = 1\na = mfspr USPRG4", &[]);
    reach(PR, "map-page at 0xe0000000\npage.sprg4 = 1\na = mfspr USPRG4", &[]);
}

#[test]
fn halves_of_a_field_are_apart() {
    let cells = ["field/mas3/read/supervisor/page/before", "field/mas3/write/supervisor/page/before"];
    reach(PR, "map-page\npage.mas7 = 1\npage.mas3 = 2\na = page.mas3", &cells);
}

#[test]
fn in_problem_state_what_is_refused_is_reached_by_trying() {
    reach(PR, "user {\n    a = try mfspr SPRG0\n}", &["spr/SPRG0/read/problem"]);
    reach(PR, "user {\n    a = try mtspr USPRG4, 1\n}", &["spr/USPRG4/write/problem"]);
    let page = "map-page\nuser {\n    a = try load32 MAGIC_PAGE + 0x24\n}";
    reach(PR, page, &["field/sprg0/read/problem"]);
    let own = ["spr/USPRG0/read/problem/trap/before", "spr/USPRG0/write/problem/trap/before"];
    reach(PR, "user {\n    mtspr USPRG0, 1\n    a = try mfspr USPRG0\n}", &own);
}

#[test]
fn a_hypercall_is_one_with_the_magic_value_only() {
    let sequence = |low: &str| {
        format!(
            "a = try run addis r0, 0, 0x4b56 ; ori r0, r0, {low} ; sc with r11 = EV_IDLE gives r3\n\
             b = hcall KVM_HC_FEATURES"
        )
    };
    reach(PR, &sequence("0x4d21"), &["hcall/EV_IDLE/call/supervisor", "hcall/KVM_HC_FEATURES/call/supervisor"]);
    reach(PR, &sequence("0x4d22"), &["hcall/KVM_HC_FEATURES/call/supervisor"]);
}

#[test]
fn a_patched_instruction_is_an_access_to_the_page() {
    let cells = [
        "field/sprg0/write/supervisor/trap/before",
        "patch/mtspr SPRG0/patched/supervisor/trap/before",
        "patch/mtspr SPRG0/with-r31/supervisor",
        "spr/SPRG0/read/supervisor/page/before",
    ];
    reach(PR, "map-page\npatched mtspr SPRG0, r31 with r31 = 1\na = mfspr SPRG0", &cells);
    let unpatched = ["spr/SPRG0/read/supervisor/trap/before", "spr/SPRG0/write/supervisor/trap/before"];
    reach(PR, "patched mtspr SPRG0, r31 with r31 = 1\na = mfspr SPRG0", &unpatched);
}

#[test]
fn an_interrupt_writes_its_registers() {
    // What was written before is gone.
    reach(PR, "mtspr SRR0, 0x1000\nexit sc\na = mfspr SRR0", &["spr/SRR0/read/supervisor/trap/before"]);
}

#[test]
fn what_is_missing_and_what_is_excused_for_nothing_is_said() {
    let steps = "mtspr SPRG0, 1\na = mfspr SPRG0";
    let said = |reasons: &str| {
        let reasons = Reasons::parse(Path::new("u.toml"), reasons).expect("good");
        let problems = coverage(steps, PR).problems(&reasons);
        problems.iter().map(|problem| format!("{problem}\n")).collect::<String>()
    };
    let missing =
        "u.toml: no case reaches spr/SPRG1/read/supervisor/trap/after: write one, or say here why there is none\n";
    assert!(said("").contains(missing));
    assert!(!said("").contains("spr/SPRG0/read/supervisor/trap/before"));
    let entry = |cells: &str| format!("[[uncovered]]\ncells = ['{cells}']\nreason = 'r'\nsource = 's'\n");
    assert!(!said(&entry("spr/SPRG1/read/*")).contains(missing));
    let lost = "u.toml:2: there is no cell `spr/SPRG1/red/*`: remove it\n";
    assert!(said(&entry("spr/SPRG1/red/*")).contains(lost));
    let wrong = "u.toml:2: `spr/SPRG0/read/*` excuses spr/SPRG0/read/supervisor/trap/before, which case reaches: \
                 make it narrower, or remove it\n";
    let text = said(&entry("spr/SPRG0/read/*"));
    assert!(text.contains(wrong), "{}", text.lines().last().unwrap_or_default());
}
