//! A session: a batch from the first frame to the last, a machine for each case.
//!
//! ```text
//!   B  { C  { S }  { X }  [ F ]  { L }  E }  D        or  U  where nothing can be run here
//!                           F  and nothing more, where a guest does not even come as far as its case
//! ```

use crate::exit::{Unexpected, reason_name};
use crate::image::Image;
use crate::machine::{End, Machine, Program, SetupError, read_log};
use crate::registers::Regs;
use crate::report::Reporter;
use crate::returns::Returns;
use crate::system::{System, Vm};
use core::fmt;
use sprig_wire::VERSION;
use sprig_wire::batch::Batch;
use sprig_wire::frame::Record;
use sprig_wire::log::{Header, NO_STEP, State};

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The guest image, an ELF file.
    pub image: &'a [u8],
    /// The batch.
    pub batch: &'a [u8],
    /// Tenths of a second that a machine may be without progress.
    pub patience: u32,
    /// The host's clock counts instructions.
    pub counted: bool,
}

/// Runs a batch and reports every case. `returns` is room for what is noted of one.
///
/// # Errors
/// [`SetupError`] where nothing, or nothing more, can be run here; that has been reported then.
pub fn run(system: &mut impl System, job: Job<'_>, returns: &mut Returns) -> Result<(), SetupError> {
    // What used the console before us, such as a firmware, may have left it in the middle of a line.
    system.console(b"\n");
    let mut reporter = Reporter::new(system);
    run_all(&mut reporter, job, returns).inspect_err(|error| reporter.unfit(error))
}

fn run_all<S: System>(reporter: &mut Reporter<'_, S>, job: Job<'_>, returns: &mut Returns) -> Result<(), SetupError> {
    let (image, batch) = (Image::open(job.image)?, Batch::open(job.batch)?);
    let Job { patience, counted, .. } = job;
    // What the guest will find is what the first machine has: that it can be made is the proof that there is KVM at
    // all.
    let kept = image.pages()?;
    let pvr = reporter.system.create_vm(kept.clone())?.sregs().map_err(|errno| errno.of("KVM_GET_SREGS"))?.pvr;
    reporter.send(&Record::Boot { version: VERSION, pvr, cases: batch.len() });
    let mut hung = Hung::default();
    for index in 0..batch.len() {
        let case = batch.case(index)?.id;
        reporter.send(&Record::Case { case });
        let patience = hung.patience(patience);
        let machine =
            Machine::new(reporter.system.create_vm(kept.clone())?, Program { image, batch, index, patience, counted })?;
        let ran = run_case(reporter, machine, case, returns)?;
        if !ran.begun {
            // That is hardly the case's doing: the others would fare no better, and each takes as long.
            return Ok(());
        }
        hung.note(ran.hung);
    }
    reporter.send(&Record::Done);
    Ok(())
}

/// How many cases have hung.
#[derive(Clone, Copy, Debug, Default)]
struct Hung {
    in_a_row: u32,
    in_all: u32,
}

impl Hung {
    /// So many in a row, and the next case is not waited for as long as they were.
    const IN_A_ROW: u32 = 4;
    /// So many in all, and no case is any more.
    const IN_ALL: u32 = 12;

    fn note(&mut self, hung: bool) {
        self.in_a_row = if hung { self.in_a_row + 1 } else { 0 };
        self.in_all += u32::from(hung);
    }

    /// Tenths of a second that the next machine may be without progress: a kernel on which every case hangs, or every other, would
    /// take an hour to say so.
    const fn patience(self, patience: u32) -> u32 {
        if self.in_a_row < Self::IN_A_ROW && self.in_all < Self::IN_ALL { patience } else { patience.div_ceil(10) }
    }
}

/// How a case went.
struct Ran {
    /// Its guest has come as far as the case.
    begun: bool,
    /// It got nowhere any more.
    hung: bool,
}

/// Runs a case and reports it.
fn run_case<S: System>(
    reporter: &mut Reporter<'_, S>,
    mut machine: Machine<'_, S::Vm>,
    case: u32,
    returns: &mut Returns,
) -> Result<Ran, SetupError> {
    returns.clear();
    let end = machine.run(reporter, returns)?;
    machine.vm.counters(&mut |reason, count| reporter.add(&Record::Exits { case, count, reason }));
    let nothing = Header { state: State::Idle, case, step: NO_STEP, length: 0 };
    let found = read_log(machine.log(), case);
    let begun = found.is_some() || matches!(end, End::PoweredOff(_));
    let (header, entries) = found.unwrap_or((nothing, &[]));
    match &end {
        End::PoweredOff(words) => match header.state {
            State::Idle | State::Running | State::Resetting if words.is_empty() => {
                reporter.fate(case, false, "the machine was powered off");
            }
            State::Idle | State::Running | State::Resetting => {
                reporter.fate(case, false, format_args!("the guest gave up: {words}"));
            }
            _ => {}
        },
        End::Hung(registers) => reporter.fate(case, true, NoProgress(registers.as_ref())),
        End::Failed(errno) => reporter.fate(case, false, format_args!("{}", errno.of("KVM_RUN"))),
        End::GivenUp(what) => reporter.fate(case, false, format_args!("KVM_RUN returned: {}", Returned(*what))),
        End::TooManyReturns(last) => {
            let last = Returned(*last);
            reporter.fate(
                case,
                false,
                format_args!("KVM_RUN returned for more reasons than are kept, the last {last}"),
            );
        }
    }
    if begun {
        reporter.log(&header, entries, returns);
    } else {
        reporter.flush();
    }
    Ok(Ran { begun, hung: matches!(end, End::Hung(_)) })
}

/// What is said of a guest that gets nowhere. Whoever looks for the bug asks first where it is.
struct NoProgress<'a>(Option<&'a Regs>);

impl fmt::Display for NoProgress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no step of progress")?;
        let mut place = self.0.into_iter().flat_map(Regs::place);
        place.try_for_each(|(name, value)| write!(f, ", {name} {value:#x}"))
    }
}

/// What is said of a return of KVM_RUN that nobody asked for.
struct Returned(Unexpected);

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unexpected { reason, detail } = self.0;
        write!(f, "KVM_EXIT_{} ({reason}) {detail:#x}", reason_name(reason).unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Exit, Mmio};
    use crate::returns::MOST;
    use crate::system::{EINTR, Errno};
    use crate::testing::{Act, Fake, FakeVm, PVR, Said, elf, logs, powers_off, prints, stores};
    use crate::watchdog::PATIENCE;
    use sprig_isa::msr;
    use sprig_wire::CRC;
    use sprig_wire::batch::{BatchBuilder, CaseParts};
    use sprig_wire::board::{LATCH, REGISTERS, RESET};
    use sprig_wire::frame::Line;
    use sprig_wire::layout::{BATCH_BASE, IMAGE_BASE};
    use sprig_wire::log::{Kind, encode};
    use std::boxed::Box;
    use std::format;
    use std::vec;
    use std::vec::Vec;

    /// include/uapi/linux/kvm.h.
    const KVM_EXIT_MMIO: u64 = 6;
    const ENTRY: [u8; 4] = [0, 1, Kind::Completed as u8, 0];
    const UNKNOWN: Unexpected = Unexpected { reason: 0, detail: 7 };

    fn batch(cases: u32, loud: bool) -> Vec<u8> {
        let parts = CaseParts { slots: 1, constants: vec![1], ops: vec![3, 0, 0, 1], code: vec![7] };
        let mut builder = BatchBuilder::new(loud);
        (0..cases).for_each(|id| builder.push(id, &parts));
        builder.finish().expect("small")
    }

    /// What is said of these guests, one case each, by a host that has what they need.
    fn said(guests: Vec<Vec<Act>>, loud: bool) -> Vec<Said> {
        let batch = batch(guests.len() as u32, loud);
        let mut fake = Fake::default();
        fake.guests.push_back(Vec::new());
        fake.guests.extend(guests);
        let job = Job { image: &elf(IMAGE_BASE, b"code", 8), batch: &batch, patience: PATIENCE, counted: false };
        assert_eq!(run(&mut fake, job, &mut Returns::new()), Ok(()));
        fake.said()
    }

    fn end(state: State, step: u32, entries: &[u8]) -> Said {
        Said::End { state, step, length: entries.len() as u32, checksum: CRC.checksum(entries) }
    }

    fn exits() -> Said {
        Said::Exits("mmio".into(), 2)
    }

    fn fate(hung: bool, how: &str) -> Said {
        Said::Fate { hung, how: how.into() }
    }

    /// What is said of one case between its beginning and the end of the session.
    fn of_one(guest: Vec<Act>) -> Vec<Said> {
        let mut said = said(vec![guest], false);
        assert_eq!((said.remove(0), said.remove(0)), (Said::Boot { pvr: PVR, cases: 1 }, Said::Case(0)));
        assert_eq!(said.pop(), Some(Said::Done));
        said
    }

    #[test]
    fn each_case_runs_in_a_machine_of_its_own_and_its_log_is_sent() {
        let guest = |case| vec![logs(case, State::Ended, 1, &ENTRY, Err(EINTR)), powers_off()];
        let of_case = |case| [Said::Case(case), exits(), Said::Log(ENTRY.into()), end(State::Ended, 1, &ENTRY)];
        let expected =
            [vec![Said::Boot { pvr: PVR, cases: 2 }], of_case(0).into(), of_case(1).into(), vec![Said::Done]];
        assert_eq!(said(vec![guest(0), guest(1)], false), expected.concat());
    }

    #[test]
    fn a_machine_has_the_board_it_expects_and_a_batch_of_its_one_case() {
        let looks: Act = Box::new(|vm| {
            let batch = Batch::open(&vm.ram[BATCH_BASE as usize..]).expect("a batch");
            assert_eq!((batch.len(), batch.is_silent(), batch.case(0).map(|case| case.id)), (1, true, Ok(0)));
            assert_eq!(vm.ram[IMAGE_BASE as usize..][..4], *b"code");
            assert_eq!((vm.regs.named[0], vm.regs.gpr[6]), (IMAGE_BASE.into(), 0x4550_4150));
            assert!(vm.is_tlb_dirty && vm.tlb.iter().any(|entry| entry.mas1 != 0));
            Err(EINTR)
        });
        of_one(vec![looks, powers_off()]);
    }

    #[test]
    fn stores_that_were_collected_come_before_the_access_that_ends_that() {
        let at = |offset| u64::from(REGISTERS + LATCH + offset);
        let collects_and_loads: Act = Box::new(move |vm| {
            let store = |offset, data| Mmio { address: at(offset), length: 4, stored: Some(data) };
            vm.collected.extend([store(0, *b"abcd...."), store(4, *b"efgh...."), store(0, *b"xy......")]);
            Ok(Exit::Mmio(Mmio { address: at(0), length: 8, stored: None }))
        });
        let looks: Act = Box::new(|vm| {
            assert_eq!(vm.answers, [*b"xy..efgh"]);
            Err(EINTR)
        });
        of_one(vec![collects_and_loads, looks, powers_off()]);
    }

    #[test]
    fn a_guest_that_gives_up_has_last_words() {
        let panic = Line::new(0, &Record::Panic(b"no memory"));
        let mut guest = prints(panic.as_bytes());
        guest.push(powers_off());
        assert_eq!(
            of_one(guest),
            [exits(), fate(false, "the guest gave up: no memory"), end(State::Idle, NO_STEP, &[])]
        );
        let guest = vec![logs(0, State::Running, 3, &ENTRY, Err(EINTR)), powers_off()];
        let fate = fate(false, "the machine was powered off");
        assert_eq!(of_one(guest), [exits(), fate, Said::Log(ENTRY.into()), end(State::Running, 3, &ENTRY)]);
    }

    #[test]
    fn a_guest_that_gets_nowhere_is_ended_and_the_next_case_runs() {
        let next = vec![logs(1, State::Ended, 1, &[], Err(EINTR)), powers_off()];
        // In a handler that is none: as [`REGS`] has them, PC, and then MSR, SRR0 and SRR1.
        let strays: Act = Box::new(|vm| {
            vm.regs.named[0] = 0x700;
            vm.regs.named[5..8].copy_from_slice(&[0x1000, 0x12_3450, 0x2_9200]);
            Err(EINTR)
        });
        let said = said(vec![vec![logs(0, State::Running, 3, &[], Err(EINTR)), strays], next], false);
        // It got somewhere before, which is said.
        let hung = fate(true, "no step of progress, PC 0x700, MSR 0x1000, SRR0 0x123450, SRR1 0x29200");
        let first = [Said::Case(0), Said::Step(3), exits(), hung, end(State::Running, 3, &[])];
        assert_eq!(said[1..6], first);
        assert_eq!(said[6..], [Said::Case(1), exits(), end(State::Ended, 1, &[]), Said::Done]);
    }

    #[test]
    fn who_comes_after_many_that_hang_is_given_less_time_and_one_that_does_not_ends_that() {
        let after = |in_a_row, in_all, patience| Hung { in_a_row, in_all }.patience(patience);
        assert_eq!([0, 3, 4, 400].map(|hung| after(hung, hung, 20)), [20, 20, 2, 2]);
        assert_eq!([11, 12].map(|hung| after(1, hung, 20)), [20, 2]);
        assert_eq!(after(4, 4, 1), 1);
        let hangs = |case| vec![logs(case, State::Running, 3, &[], Err(EINTR))];
        let ends = |case| vec![logs(case, State::Ended, 1, &[], Err(EINTR)), powers_off()];
        let ticks_of = |guests: Vec<Vec<Act>>| {
            let batch = batch(guests.len() as u32, false);
            let mut fake = Fake::default();
            fake.guests.push_back(Vec::new());
            fake.guests.extend(guests);
            let job = Job { image: &elf(IMAGE_BASE, b"code", 8), batch: &batch, patience: PATIENCE, counted: false };
            assert_eq!(run(&mut fake, job, &mut Returns::new()), Ok(()));
            fake.ticks.get()
        };
        let one = ticks_of(vec![hangs(0)]);
        // Five with all of it, and one with a tenth.
        let seven = ticks_of(vec![hangs(0), hangs(1), hangs(2), hangs(3), hangs(4), ends(5), hangs(6)]);
        assert_eq!(seven, 5 * one + one / 10);
    }

    #[test]
    fn where_a_dozen_hang_every_other_one_nobody_is_given_all_the_time_any_more() {
        let mut hung = Hung::default();
        let given = [true, false].repeat(13).into_iter().map(|hangs| {
            let patience = hung.patience(20);
            hung.note(hangs);
            patience
        });
        assert_eq!(given.collect::<Vec<_>>(), [vec![20; 23], vec![2; 3]].concat());
    }

    #[test]
    fn a_return_nobody_asked_for_is_an_observation_and_the_guest_goes_on() {
        let guest = vec![
            logs(0, State::Running, 1, &[], Ok(Exit::Unexpected(UNKNOWN))),
            logs(0, State::Ended, 1, &ENTRY, Err(EINTR)),
            powers_off(),
        ];
        let given_up = encode(1, Kind::GivenUp, None, &[0, 7]);
        let entries = [&given_up[..], &ENTRY].concat();
        assert_eq!(of_one(guest), [exits(), Said::Log(entries.clone()), end(State::Ended, 1, &entries)]);
    }

    #[test]
    fn of_more_returns_than_are_kept_the_last_is_told() {
        let returned = |detail| Ok(Exit::Unexpected(Unexpected { reason: 0, detail }));
        let mut guest = vec![logs(0, State::Running, 1, &[], returned(0))];
        guest.extend((1..=MOST as u64).map(|detail| Box::new(move |_: &mut FakeVm| returned(detail)) as Act));
        let said = of_one(guest);
        let told = format!("KVM_RUN returned for more reasons than are kept, the last KVM_EXIT_UNKNOWN (0) {MOST:#x}");
        assert!(said.contains(&fate(false, &told)), "{:?}", said.get(1));
    }

    #[test]
    fn a_guest_that_does_not_come_as_far_as_its_case_ends_the_session() {
        let ends = |first: Vec<Act>, how: &str, hung| {
            let expected = [Said::Boot { pvr: PVR, cases: 2 }, Said::Case(0), exits(), fate(hung, how)];
            assert_eq!(said(vec![first, vec![powers_off()]], false), expected);
        };
        let given_up: Act = Box::new(|_| Ok(Exit::Unexpected(UNKNOWN)));
        ends(vec![given_up], "KVM_RUN returned: KVM_EXIT_UNKNOWN (0) 0x7", false);
        ends(vec![Box::new(|_| Err(Errno(14)))], "KVM_RUN: errno 14", false);
        ends(vec![], &format!("no step of progress, PC {IMAGE_BASE:#x}, MSR {:#x}, SRR0 0x0, SRR1 0x0", msr::ME), true);
    }

    #[test]
    fn an_access_to_nowhere_reads_zero_and_is_noted() {
        let access = crate::exit::Mmio { address: 0x4000_0000, length: 4, stored: None };
        let guest = vec![
            logs(0, State::Ended, 2, &[], Ok(Exit::Mmio(access))),
            Box::new(|vm: &mut FakeVm| {
                assert_eq!(vm.answers, [[0; 8]]);
                Err(EINTR)
            }),
            powers_off(),
        ];
        let noted = encode(2, Kind::GivenUp, None, &[KVM_EXIT_MMIO, 0x4000_0000]);
        assert_eq!(of_one(guest), [exits(), Said::Log(noted.clone()), end(State::Ended, 2, &noted)]);
    }

    #[test]
    fn a_reset_starts_the_image_again_and_keeps_the_rest_of_memory() {
        let changes: Act = Box::new(|vm| {
            vm.ram[IMAGE_BASE as usize] = 0;
            (vm.regs.named[0], vm.sregs.ivpr) = (7, 7);
            Err(EINTR)
        });
        let looks: Act = Box::new(|vm| {
            assert_eq!(vm.ram[IMAGE_BASE as usize..][..4], *b"code");
            assert_eq!((vm.regs.named[0], vm.sregs.ivpr), (IMAGE_BASE.into(), 0));
            Err(EINTR)
        });
        let guest =
            vec![logs(0, State::Ended, 1, &ENTRY, Err(EINTR)), changes, stores(RESET, 4, &[0; 4]), looks, powers_off()];
        assert_eq!(of_one(guest), [exits(), Said::Log(ENTRY.into()), end(State::Ended, 1, &ENTRY)]);
    }

    #[test]
    fn in_a_loud_batch_each_step_is_told_in_the_hosts_own_sequence() {
        let mut guest = Vec::new();
        for record in [Record::Case { case: 0 }, Record::Step { case: 0, step: 4 }] {
            guest.extend(prints(Line::new(77, &record).as_bytes()));
        }
        guest.extend([logs(0, State::Ended, 4, &[], Err(EINTR)), powers_off()]);
        let expected = [Said::Boot { pvr: PVR, cases: 1 }, Said::Case(0), Said::Step(4), exits()];
        assert_eq!(said(vec![guest], true)[..4], expected);
    }

    #[test]
    fn a_host_that_cannot_run_anything_says_so() {
        let unfit = |fake: &mut Fake, image: &[u8], batch: &[u8]| {
            assert!(run(fake, Job { image, batch, patience: PATIENCE, counted: false }, &mut Returns::new()).is_err());
            fake.said()
        };
        let image = elf(IMAGE_BASE, b"code", 8);
        let mut without_kvm = Fake { has_no_kvm: true, ..Fake::default() };
        let said = unfit(&mut without_kvm, &image, &batch(1, false));
        assert_eq!(said, [Said::Unfit("KVM_CREATE_VM: errno 19".into())]);
        let said = unfit(&mut Fake::default(), b"no image", &batch(1, false));
        assert_eq!(said, [Said::Unfit("the guest image is damaged".into())]);
        let said = unfit(&mut Fake::default(), &image, b"no batch");
        assert_eq!(said, [Said::Unfit("malformed batch at byte 8".into())]);
    }
}
