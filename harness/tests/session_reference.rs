//! The reference as a target: what happens to cases that end their machine, and what it counts.

use sprig::case::{Case, SourceFile};
use sprig::project;
use sprig::script;
use sprig::session::{self, Unwatched, empty_guest};
use sprig::suite::Suite;
use sprig::target::{self, Boot, Limits, Mode, Model, Reference, Target};
use sprig::transcript::{Fate, RunResult};
use sprig_isa::cpu::CpuSet;
use sprig_isa::spr::{SPRS, Spr, number};
use sprig_wire::log::State;
use std::path::PathBuf;
use std::sync::Arc;

/// No step of these cases needs more.
const LIMITS: Limits = Limits {
    instructions: Some(1_000_000),
    boot_cpu: Limits::BOOT_CPU,
    case_cpu: Limits::CASE_CPU,
    idle: Limits::IDLE,
    sample: Limits::SAMPLE,
    output: Limits::OUTPUT,
};

fn target(id: &str) -> Arc<dyn Target> {
    target::by_id(id).expect("a target of the list")
}

fn case(target: &dyn Target, steps: &str) -> Case {
    let text = format!("# A test of the target.\nrule spr.sprg-holds-value\n\n{steps}\n");
    let source = Arc::new(SourceFile { path: PathBuf::from("cases/test/case.probe"), text });
    let script = script::parse(source).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    script.instances()[0].assemble(&target.profile()).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn run(id: &str, steps: &str) -> RunResult {
    let target = target(id);
    let case = case(&*target, steps);
    session::run_all(&*target, &[case], &LIMITS, &Unwatched).0.swap_remove(0)
}

#[test]
fn an_empty_case_ends_on_every_reference() {
    for target in target::all().iter().filter(|target| target.id().starts_with("ref-")) {
        let (results, _) = session::run_all(&**target, &[empty_guest()], &LIMITS, &Unwatched);
        let result = &results[0];
        assert_eq!((&result.fate, result.state()), (&Fate::Ended, Some(State::Ended)), "{}", target.id());
    }
}

#[test]
fn the_same_case_gives_the_same_bytes() {
    let steps = "a = mfspr TBL\nmtspr SPRG0, 0x1234\nb = mfspr SPRG0";
    assert_eq!(run("ref-e500v2-pr", steps), run("ref-e500v2-pr", steps));
}

#[test]
fn a_machine_that_goes_on_from_a_booted_one_does_what_one_that_boots_does() {
    /// Of how many cases one is run on each target: another on each.
    const ONE_OF: usize = 8;
    let suite = Suite::load(&project::root()).expect("the suite has no mistakes");
    let instances: Vec<_> = suite.scripts.iter().flat_map(|script| script.instances()).collect();
    let targets = |model| Mode::all().map(|mode| Reference::new(model, mode).expect("the tables know its CPU"));
    let pairs = Model::all().flat_map(|model| targets(model).into_iter().zip(targets(model)));
    for (index, (going_on, booting)) in pairs.enumerate() {
        let booting = booting.booting_each();
        let profile = going_on.profile();
        let here = instances.iter().skip(index % ONE_OF).step_by(ONE_OF);
        let cases: Vec<Case> = here.filter_map(|instance| instance.assemble(&profile).ok()).collect();
        let [expected, seen] =
            [&booting, &going_on].map(|target| session::run_all(target, &cases, &Limits::default(), &Unwatched).0);
        for (case, (expected, seen)) in cases.iter().zip(expected.iter().zip(&seen)) {
            assert_eq!(seen, expected, "{} on {}", case.name, going_on.id());
        }
    }
}

#[test]
fn one_case_cannot_see_what_another_left_in_memory() {
    let target = target("ref-e500v2-bare");
    let write = case(&*target, "store32 SCRATCH, 0x12345678\nmtspr SPRG0, 0x12345678");
    let read = case(&*target, "memory = load32 SCRATCH\nregister = mfspr SPRG0");
    let (alone, _) = session::run_all(&*target, &[&read], &LIMITS, &Unwatched);
    let (results, _) = session::run_all(&*target, &[&write, &read], &LIMITS, &Unwatched);
    assert_eq!(results[1], alone[0]);
}

#[test]
fn a_guest_that_makes_no_progress_hangs_at_its_step() {
    let result = run("ref-e500v2-bare", "mtspr SPRG0, 1\nrun b 0\nmtspr SPRG0, 2");
    assert!(matches!(&result.fate, Fate::Hung(how) if how.contains("within 1000000 instructions")), "{result:?}");
    assert_eq!((result.state(), result.last_step), (Some(State::Running), Some(1)));
}

#[test]
fn a_wait_and_a_race_as_long_as_a_script_may_ask_for_come_to_their_end() {
    use sprig::script::limit::{RACE_ROUNDS, SPIN_ROUNDS};
    let target = target("ref-e500v2-bare");
    for steps in [
        format!("spin {SPIN_ROUNDS}"),
        format!("x = taken external within {SPIN_ROUNDS}"),
        format!("race {RACE_ROUNDS} {{\nx = let 1\ny = let 2\n}}"),
        format!("race 100 {{\nspin {}\n}}", SPIN_ROUNDS / 64),
    ] {
        let case = case(&*target, &steps);
        let (results, _) = session::run_all(&*target, &[case], &Limits::default(), &Unwatched);
        assert_eq!(results[0].fate, Fate::Ended, "{steps}");
    }
}

#[test]
fn a_case_that_gets_on_for_ever_is_told_apart_from_one_that_does_not() {
    let target = target("ref-e500v2-bare");
    let case = case(&*target, "race 1000000 {\nx = let 1\n}");
    let limits = Limits { instructions: Some(10_000), ..LIMITS };
    let (results, _) = session::run_all(&*target, &[case], &limits, &Unwatched);
    let fate = &results[0].fate;
    assert!(matches!(fate, Fate::Hung(how) if how.contains("no end within 1000000 instructions")), "{fate:?}");
}

#[test]
fn a_machine_switched_off_in_a_case_has_crashed_at_its_step() {
    let result = run("ref-e500v2-bare", "mtspr SPRG0, 1\nstore32 BOARD + 4, 0");
    assert_eq!(result.fate, Fate::Crashed("the machine was powered off".to_owned()));
    assert_eq!(result.last_step, Some(1));
}

#[test]
fn a_cpu_that_cannot_go_on_has_crashed_and_what_it_observed_is_kept() {
    let steps = "mtspr SPRG0, 0x55\na = mfspr SPRG0\nmtspr IVPR, 0xf0000000\nrun trap";
    let result = run("ref-e500v2-bare", steps);
    assert!(matches!(&result.fate, Fate::Crashed(_)), "{result:?}");
    assert_eq!(result.last_step, Some(3));
    assert!(!result.entries.is_empty(), "the observation of step 1 is in the log");
}

#[test]
fn a_page_store_and_a_read_of_the_alias_cost_no_exit() {
    for (id, number) in
        [("ref-e500v2-pr", 4), ("ref-440-pr", 4), ("ref-7447-pr", 4), ("ref-970-pr", 3), ("ref-power8-pr", 3)]
    {
        let pair = format!("page.sprg{number} = 0xb0000004\nx = mfspr USPRG{number}");
        let again = format!("page.sprg{number} = 0xc0000004\ny = mfspr USPRG{number}");
        let exits = run(id, &format!("map-page\nexit\n{pair}\n{again}\nexit")).exits.expect("this target counts them");
        let of = |step: u32| exits.iter().filter(|exit| exit.step == Some(step)).map(|exit| exit.count).sum::<u64>();
        assert_eq!([1, 2, 3, 4, 5].map(of), [1, 0, 0, 0, 0], "{id}: {exits:?}");
    }
}

#[test]
fn what_a_step_cannot_have_changed_is_put_back_without_an_exit() {
    let exits_of_second_restore = |between: &str| {
        let exits =
            run("ref-e500v2-pr", &format!("restore\n{between}\nrestore")).exits.expect("this target counts them");
        let step = Some(1 + between.lines().count() as u32);
        exits.iter().filter(|exit| exit.step == step && exit.reason == "emulated").map(|exit| exit.count).sum::<u64>()
    };
    for harmless in [
        "mtspr SPRG0, 1",
        "mtspr SPRG0, 1\nmtspr SPRG1, 2",
        "mtspr SRR1, 0x8000",
        "try run mfspr r3, 20 ; mtspr 20, r3 gives r3",
    ] {
        assert_eq!(exits_of_second_restore(harmless), 0, "{harmless}");
    }
    for changing in [
        "mtspr IVOR6, 0x3000",
        "mtspr IVPR, 0x10000",
        "mtspr TCR, 0x400",
        "mtspr DEC, 1",
        "mtspr PID, 1",
        "run mtmsr r3 with r3 = 0x3000",
        "run wrteei 1",
        "run b 4",
        "map 0xd0000000 to SCRATCH as srw",
        // Not what was done last alone.
        "run b 4\nmtspr SPRG0, 2",
    ] {
        assert!(exits_of_second_restore(changing) > 20, "{changing}");
    }
}

/// The kernel has a list of the registers that it puts back, and code that does: they have to be of the same ones.
#[test]
fn what_one_write_has_changed_is_put_back_as_behind_many() {
    // In fields of processes, vectors, timers and debug events alike, and no bit that resets or ends anything.
    const VALUE: &str = "0x410";
    let is_tested = |row: &&Spr| {
        let Spr { cpus, supervisor, number, .. } = row;
        let runs = matches!(*number, number::TBWL | number::TBWU);
        cpus.intersects(CpuSet::E500V2) && supervisor.can_read() && supervisor.can_write() && !runs
    };
    for Spr { name, .. } in SPRS.iter().filter(is_tested) {
        let behind =
            |before: &str| run("ref-e500v2-pr", &format!("{before}\nmtspr {name}, {VALUE}\nrestore\nx = mfspr {name}"));
        // A branch may change anything: after it everything is put back.
        let [one, many] = ["run b 4\nrestore", "restore\nrun b 4"].map(behind);
        assert_eq!((&one.fate, &one.entries), (&many.fate, &many.entries), "{name}");
        assert!(!one.entries.is_empty(), "{name}");
    }
}

#[test]
fn a_hold_lasts_until_the_host_comes_in() {
    for target in target::all().iter().filter(|target| target.id().starts_with("ref-") && target.id().contains("-pr")) {
        // With the page still unmapped, no step here is an exit by itself.
        let exits = run(target.id(), "a = let 1\nhold\nb = let 1").exits.expect("this target counts them");
        let host = exits.iter().any(|exit| exit.step == Some(1) && exit.reason == "host");
        assert!(host, "{}: {exits:?}", target.id());
    }
}

#[test]
fn a_bare_machine_has_no_exits_to_count() {
    assert_eq!(run("ref-e500v2-bare", "mtspr SPRG0, 1").exits, None);
}

#[test]
fn in_loud_mode_the_console_tells_every_step() {
    let target = target("ref-e500v2-bare");
    let case = case(&*target, "mtspr SPRG0, 1\nmtspr SPRG1, 2");
    let (mut said, cases) = (Vec::new(), [&case]);
    let boot = Boot { loud: true, console: Some(&mut said), ..Boot::new(&cases, &LIMITS) };
    assert_eq!(target.run(boot, &mut |_| ()), Ok(()));
    let steps = said.split(|byte| *byte == b'\n').filter(|line| line.get(5..8) == Some(b" S ")).count();
    assert_eq!(steps, 2, "{}", String::from_utf8_lossy(&said));
}
