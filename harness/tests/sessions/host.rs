//! Sessions of a Linux host: what its kernel prints, how it dies, and what that says about the case that ran.

use crate::fake::{Does, sick};
use crate::stage::{self, Stage, case};
use crate::trials;
use libtest_mimic::Trial;
use object::elf;
use sprig::case::Case;
use sprig::session::{self, EMPTY_GUEST, Summary, Unwatched};
use sprig::target::kvm::Clock;
use sprig::target::{Availability, ByHand, Limits, Part, Target};
use sprig::transcript::{Fate, RunResult};

pub(crate) fn trials() -> Vec<Trial> {
    trials![host:
        every_case_ends_in_one_session_with_its_exits,
        a_guest_that_goes_astray_takes_nobody_along,
        a_machine_that_ends_is_a_crash_and_the_host_goes_on,
        a_host_that_panics_has_last_words_and_is_blamed_on_the_case,
        a_kernel_that_prints_garbage_is_heard_all_the_same,
        a_host_that_dies_of_any_guest_is_reported_once,
        a_host_that_does_not_come_up_says_nothing_about_its_kvm,
        a_host_without_kvm_is_an_error,
        another_kernel_can_be_named,
        a_kernel_that_is_not_there_is_said,
        a_kernel_of_another_architecture_is_said,
        a_session_can_be_run_by_hand,
        a_debugger_gets_the_kernel_and_the_guest,
        a_vmm_on_this_machine_is_a_host_without_qemu,
        a_vmm_that_is_killed_crashed_in_its_case,
    ]
}

fn run_on(stage: &Stage, cases: &[Does]) -> (Vec<RunResult>, Summary) {
    let cases: Vec<Case> = cases.iter().copied().map(case).collect();
    session::run_all(&stage.host(), &cases, &Limits::default(), &Unwatched)
}

fn run_sick(sick: &str, cases: &[Does]) -> (Vec<RunResult>, Summary, Stage) {
    let stage = Stage::new();
    stage.write(stage::SICK, sick);
    let (results, summary) = run_on(&stage, cases);
    (results, summary, stage)
}

fn every_case_ends_in_one_session_with_its_exits() {
    let stage = Stage::new();
    let (results, _) = run_on(&stage, &[Does::Ends; 3]);
    for result in results {
        let exits = result.exits.expect("a host counts them");
        let exits: Vec<_> = exits.iter().map(|exit| (exit.step, &*exit.reason, exit.count)).collect();
        assert_eq!((result.fate, &exits[..]), (Fate::Ended, &[(None, "mmio", 3)][..]));
    }
    assert_eq!(stage.sessions(), ["3"]);
}

fn a_guest_that_goes_astray_takes_nobody_along() {
    let stage = Stage::new();
    let (results, _) = run_on(&stage, &[Does::GoesAstray, Does::Ends]);
    assert!(results.iter().all(|result| result.fate == Fate::Ended), "{results:?}");
    assert_eq!(stage.sessions(), ["2"]);
}

fn a_machine_that_ends_is_a_crash_and_the_host_goes_on() {
    let stage = Stage::new();
    let (results, _) = run_on(&stage, &[Does::EndsItsMachine, Does::Ends]);
    assert_eq!(results[0].fate, Fate::Crashed("KVM_RUN: errno 14".to_owned()));
    assert_eq!(results[1].fate, Fate::Ended);
    assert_eq!(stage.sessions(), ["2"]);
}

fn a_host_that_panics_has_last_words_and_is_blamed_on_the_case() {
    let stage = Stage::new();
    let (results, summary) = run_on(&stage, &[Does::Ends, Does::PanicsTheHost, Does::Ends]);
    let Fate::Crashed(how) = &results[1].fate else { panic!("{results:?}") };
    assert!(how.starts_with("the host kernel panicked (Fatal exception): "), "{how}");
    assert!(how.contains("NIP [c002ee7c] kvmppc_handle_exit+0x240/0x808"), "{how}");
    assert_eq!((&results[0].fate, &results[2].fate), (&Fate::Ended, &Fate::Ended));
    assert_eq!(results[1].last_step, Some(crate::fake::STEP), "the loud session told it");
    assert!(summary.boots);
    assert_eq!(stage.sessions(), ["3", "1 loud", "1"]);
}

fn a_kernel_that_prints_garbage_is_heard_all_the_same() {
    let (results, ..) = run_sick(sick::PRINTS_GARBAGE, &[Does::Ends; 2]);
    assert!(results.iter().all(|result| result.fate == Fate::Ended), "{results:?}");
}

fn a_host_that_dies_of_any_guest_is_reported_once() {
    let (results, summary, stage) = run_sick(sick::DIES_OF_ANY_GUEST, &[Does::Ends; 5]);
    for result in results {
        let start = format!("{EMPTY_GUEST}: the host kernel panicked (Fatal exception)");
        assert!(matches!(&result.fate, Fate::Crashed(how) if how.starts_with(&start)), "{result:?}");
    }
    assert!(summary.boots, "the host came up, so that its KVM can be judged");
    assert_eq!(stage.sessions(), ["5", "1 loud", "1"]);
}

fn a_host_that_does_not_come_up_says_nothing_about_its_kvm() {
    let (results, summary, _) = run_sick(sick::DOES_NOT_COME_UP, &[Does::Ends; 2]);
    for result in results {
        let Fate::Error(how) = &result.fate else { panic!("{result:?}") };
        assert!(how.contains("the host kernel does not come up"), "{how}");
        assert!(how.contains("Kernel panic - not syncing: Fatal exception"), "{how}");
    }
    assert!(!summary.boots);
}

fn a_host_without_kvm_is_an_error() {
    let (results, summary, _) = run_sick(sick::HAS_NO_KVM, &[Does::Ends; 2]);
    for result in results {
        let Fate::Error(how) = &result.fate else { panic!("{result:?}") };
        assert!(how.contains("nothing can be run on this host: no KVM: open /dev/kvm: errno 2"), "{how}");
    }
    assert!(!summary.boots);
}

fn another_kernel_can_be_named() {
    let stage = Stage::new();
    let (host, other) = (stage.host(), stage.path("other"));
    std::fs::copy(stage.path(stage::KERNEL), &other).expect("the stage can be written");
    let target = host.with_part(Part::Kernel, &other).expect("it has a kernel");
    assert!(target.availability().is_yes());
    assert_eq!(target.version(), Some(format!("Linux {}, QEMU 10.0.2", other.display())));
    assert!(host.with_part(Part::Firmware, &other).is_none());
}

fn a_kernel_that_is_not_there_is_said() {
    let stage = Stage::new();
    let Availability::No { reason, .. } = stage.host().with_kernel(stage.path("none")).availability() else {
        panic!("there is no such file")
    };
    assert_eq!(reason, format!("there is no kernel {}", stage.path("none").display()));
}

/// As somebody has it who forgot ARCH=powerpc, or has a kernel for another target.
fn a_kernel_of_another_architecture_is_said() {
    const FOREIGN: &str = "built for another architecture than PowerPC";
    const OTHER_WIDTH: &str = "built for CPUs of the other width, 32 or 64 bits, than this target's host has";
    // There is no more than the header.
    const DAMAGED: &str = "damaged: not all of its segments are in the file";
    let stage = Stage::new();
    let image = stage.path("other");
    for (class, data, machine, why) in [
        (elf::ELFCLASS64, elf::ELFDATA2LSB, elf::EM_X86_64.0.to_le_bytes(), FOREIGN),
        (elf::ELFCLASS64, elf::ELFDATA2MSB, elf::EM_S390.0.to_be_bytes(), FOREIGN),
        (elf::ELFCLASS32, elf::ELFDATA2MSB, elf::EM_PPC.0.to_be_bytes(), DAMAGED),
        (elf::ELFCLASS64, elf::ELFDATA2LSB, elf::EM_PPC64.0.to_le_bytes(), OTHER_WIDTH),
    ] {
        let ident = [&elf::ELFMAG[..], &[class.0, data.0, elf::EV_CURRENT.0], &[0; 9]].concat();
        let head = [ident, vec![0; 2], machine.to_vec()].concat();
        std::fs::write(&image, head).expect("the stage can be written");
        match stage.host().with_kernel(image.clone()).availability() {
            Availability::Yes => panic!("{machine:?}: there is no more than the header"),
            Availability::No { reason, .. } => assert_eq!(reason, format!("{} is {why}", image.display())),
        }
    }
}

fn a_session_can_be_run_by_hand() {
    let (stage, case) = (Stage::new(), case(Does::Ends));
    let command = |clock| {
        let target = stage.host().with_clock(clock);
        let command = target.by_hand(&stage.path("by hand"), &[&case], &ByHand::default());
        command.expect("the folder can be written").expect("QEMU is a program")
    };
    let counted = command(Clock::Instructions);
    assert!(counted.contains(" -M ppce500 -m 128 -cpu e500v2 -no-reboot -accel tcg -icount "), "{counted}");
    assert!(counted.contains("/by hand/initramfs.cpio' -append 'console=ttyS0 "), "{counted}");
    assert!(
        counted.ends_with(" -- patience=20 counted=1'"),
        "the watchdog's patience is two seconds of instructions: {counted}"
    );
    assert!(!command(Clock::Free).contains("-icount"));
}

fn a_vmm_on_this_machine_is_a_host_without_qemu() {
    let stage = Stage::new();
    let cases: Vec<Case> = [Does::Ends, Does::EndsItsMachine, Does::Ends].map(case).into();
    let (results, _) = session::run_all(&stage.local(), &cases, &Limits::default(), &Unwatched);
    assert_eq!(results[1].fate, Fate::Crashed("KVM_RUN: errno 14".to_owned()));
    assert_eq!((&results[0].fate, &results[2].fate), (&Fate::Ended, &Fate::Ended));
    assert_eq!(stage.sessions(), ["3"]);
}

fn a_vmm_that_is_killed_crashed_in_its_case() {
    let stage = Stage::new();
    let cases: Vec<Case> = [Does::Ends, Does::IsKilled].map(case).into();
    let (results, _) = session::run_all(&stage.local(), &cases, &Limits::default(), &Unwatched);
    let Fate::Crashed(how) = &results[1].fate else { panic!("{results:?}") };
    assert!(how.starts_with("the VMM was killed by signal 6"), "{how}");
}

fn a_debugger_gets_the_kernel_and_the_guest() {
    let (stage, case) = (Stage::new(), case(Does::Ends));
    let folder = stage.path("by hand");
    let how = ByHand { gdb: true, trace: true, ..ByHand::default() };
    let command = stage.host().by_hand(&folder, &[&case], &how).expect("the folder can be written");
    let command = command.expect("QEMU is a program");
    assert!(command.ends_with(" -S -gdb tcp:127.0.0.1:1234") && command.contains("/trace.log"), "{command}");
    let symbols = stage.host().symbols(&folder);
    // The guest's image, or the same with symbols.
    assert_eq!((symbols.len(), &symbols[0]), (2, &stage.path(stage::KERNEL)));
    assert!(symbols.iter().all(|program| program.is_file()), "{symbols:?}");
}
