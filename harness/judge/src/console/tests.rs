//! The receiver trusts a console only as long as every frame is whole and in its place.

use super::{Expected, Fault, Heard, Receiver, find_panic};
use crate::transcript::{ExitCount, Fate, RunResult};
use proptest::prelude::*;
use sprig_isa::cpu::Cpu;
use sprig_wire::aside;
use sprig_wire::frame::{Line, Record};
use sprig_wire::layout::{KEPT_BASE, KEPT_SIZE, LOG_SIZE};
use sprig_wire::log::State;
use sprig_wire::{CRC, VERSION};
use std::os::unix::fs::FileExt;

/// A console on which everything said so far was right.
#[derive(Default)]
struct Console {
    bytes: Vec<u8>,
    sequence: u16,
}

impl Console {
    fn say(mut self, record: &Record<'_>) -> Self {
        self.bytes.extend(Line::new(self.sequence, record).as_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.bytes.extend(text.as_bytes());
        self
    }

    fn boot(self, cases: u32) -> Self {
        self.say(&Record::Boot { version: VERSION, pvr: cpu().pvr, cases })
    }

    fn end(self, case: u32, entries: &[u8]) -> Self {
        let (length, checksum) = (entries.len() as u32, CRC.checksum(entries));
        self.say(&Record::End { case, state: State::Ended, step: 7, length, checksum })
    }

    /// One whole case.
    fn case(self, case: u32, entries: &[u8]) -> Self {
        self.say(&Record::Case { case }).say(&Record::Log { case, offset: 0, bytes: entries }).end(case, entries)
    }
}

fn cpu() -> &'static Cpu {
    Cpu::by_name("e500v2").expect("a CPU of the table")
}

fn receiver(cases: u32) -> Receiver {
    Receiver::new(Expected { cpu: cpu(), cases, loud: false, hosted: false }, None)
}

fn hear(receiver: &mut Receiver, bytes: &[u8]) -> (Vec<RunResult>, Result<Heard, Fault>) {
    let mut results = Vec::new();
    let heard = receiver.hear(bytes, &mut |result| results.push(result));
    (results, heard)
}

fn fault(receiver: &mut Receiver, console: &Console) -> Fault {
    hear(receiver, &console.bytes).1.expect_err("not a healthy console")
}

fn ended(entries: &[u8]) -> RunResult {
    let entries = entries.to_vec();
    RunResult { fate: Fate::Ended, state: State::Ended as u16, last_step: Some(7), entries, exits: None }
}

#[test]
fn each_case_becomes_a_result_with_its_entries() {
    let console = Console::default().boot(2).case(0, b"first").case(1, b"").say(&Record::Done);
    let (results, heard) = hear(&mut receiver(2), &console.bytes);
    assert_eq!(results, [ended(b"first"), ended(b"")]);
    assert_eq!(heard, Ok(Heard { progress: true, done: true }));
}

/// What a guest has kept in its memory, from this offset on; and a receiver of one case that reads it.
fn receiver_with_memory(offset: u32, kept: &[u8]) -> Receiver {
    let memory = tempfile::tempfile().expect("a temporary file");
    memory.write_all_at(kept, u64::from(KEPT_BASE + offset)).expect("it can be written");
    Receiver::new(Expected { cpu: cpu(), cases: 1, loud: false, hosted: false }, Some(memory))
}

fn kept(offset: u32, entries: &[u8]) -> Record<'static> {
    let (length, checksum) = (entries.len() as u32, CRC.checksum(entries));
    Record::Kept { case: 0, state: State::Ended, step: 7, offset, length, checksum }
}

#[test]
fn entries_that_are_kept_are_read_from_memory() {
    let console = Console::default().boot(1).say(&Record::Case { case: 0 }).say(&kept(3, b"kept")).say(&Record::Done);
    let (results, heard) = hear(&mut receiver_with_memory(3, b"kept"), &console.bytes);
    assert_eq!((results, heard.map(|heard| heard.done)), (vec![ended(b"kept")], Ok(true)));
}

#[test]
fn entries_that_are_not_where_they_should_be_are_an_error() {
    let running = || Console::default().boot(1).say(&Record::Case { case: 0 });
    let changed = fault(&mut receiver_with_memory(0, b"kepT"), &running().say(&kept(0, b"kept")));
    assert_eq!(changed, Fault::Log { received: 4, sent: 4, checksum: false });
    let short = fault(&mut receiver_with_memory(0, b"ke"), &running().say(&kept(0, b"kept")));
    assert!(matches!(short, Fault::Memory(_)), "{short}");
    let unshared = fault(&mut receiver(1), &running().say(&kept(0, b"kept")));
    assert_eq!(unshared, Fault::Memory("it is not shared".to_owned()));
    for offset in [KEPT_SIZE - 3, u32::MAX] {
        let outside = fault(&mut receiver_with_memory(0, b"kept"), &running().say(&kept(offset, b"kept")));
        assert!(matches!(outside, Fault::Order { .. }), "{outside}");
    }
    for fault in [changed, short, unshared] {
        assert!(matches!(fault.fate(), Fate::Error(_)));
    }
}

/// A host's console that says no more than where its frames are; and its memory, in which they are.
fn put_aside(frames: &Console) -> (Console, std::fs::File) {
    let memory = tempfile::tempfile().expect("a temporary file");
    let page = [&aside::head(0)[..], &frames.bytes].concat();
    memory.write_all_at(&page, 3 * aside::PAGE as u64).expect("it can be written");
    memory.set_len(8 * aside::PAGE as u64).expect("it can be made larger");
    let (length, checksum) = (frames.bytes.len() as u32, CRC.checksum(&frames.bytes));
    (Console::default().say(&Record::Aside { offset: 0, length, checksum }), memory)
}

fn by_host() -> Expected {
    Expected { cpu: cpu(), cases: 1, loud: false, hosted: true }
}

#[test]
fn frames_that_a_host_has_put_aside_are_heard_as_if_they_came() {
    let frames = Console::default().boot(1).case(0, b"x").say(&Record::Done);
    let (console, memory) = put_aside(&frames);
    let (results, heard) = hear(&mut Receiver::new(by_host(), Some(memory)), &console.bytes);
    let exits = Some(Vec::new());
    assert_eq!(results, [RunResult { exits, ..ended(b"x") }]);
    assert_eq!(heard, Ok(Heard { progress: true, done: true }));
}

#[test]
fn frames_that_are_not_what_was_put_aside_are_an_error() {
    let (console, memory) = put_aside(&Console::default().boot(1));
    assert!(matches!(fault(&mut Receiver::new(by_host(), None), &console), Fault::Memory(_)));
    // A guest that speaks for itself has nothing to say by a host's memory.
    let guest = Receiver::new(Expected { hosted: false, ..by_host() }, Some(memory.try_clone().expect("a file")));
    assert!(matches!(fault(&mut { guest }, &console), Fault::Order { .. }));
    memory.write_all_at(b"?", 3 * aside::PAGE as u64 + aside::HEAD as u64).expect("it can be written");
    let changed = fault(&mut Receiver::new(by_host(), Some(memory)), &console);
    assert!(matches!(&changed, Fault::Memory(_)), "{changed}");
    assert!(matches!(changed.fate(), Fate::Error(_)));
    // Nor is there anything aside of what is aside.
    let inner = Record::Aside { offset: 0, length: 0, checksum: 0 };
    let (console, memory) = put_aside(&Console::default().say(&inner));
    assert!(matches!(fault(&mut Receiver::new(by_host(), Some(memory)), &console), Fault::Order { .. }));
}

#[test]
fn a_firmware_may_say_anything_before_the_guest_speaks() {
    let mut receiver = receiver(1);
    let console = Console::default().text("SLOF\r\n#define\n# 0000 B\n").boot(1).case(0, b"x").say(&Record::Done);
    let (results, heard) = hear(&mut receiver, &console.bytes);
    assert_eq!((results, heard.map(|heard| heard.done)), (vec![ended(b"x")], Ok(true)));
    assert_eq!(receiver.text().to_string(), "SLOF\n#define\n# 0000 B");
}

#[test]
fn text_is_no_progress() {
    assert_eq!(hear(&mut receiver(1), b"text\n").1, Ok(Heard::default()));
}

#[test]
fn a_lost_line_is_a_gap() {
    let console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let lost = Console { sequence: console.sequence + 1, ..console }.end(0, b"");
    assert_eq!(fault(&mut receiver(1), &lost), Fault::Gap { expected: 2, found: 3 });
}

#[test]
fn a_changed_character_is_noticed() {
    let whole = Console::default().boot(1).case(0, b"entries");
    for at in Console::default().boot(1).bytes.len()..whole.bytes.len() {
        let mut bytes = whole.bytes.clone();
        if bytes[at] == b'#' || bytes[at] == b'\n' {
            continue;
        }
        bytes[at] ^= 1;
        let (results, heard) = hear(&mut receiver(1), &bytes);
        assert!(matches!(heard, Err(Fault::Garbled { .. })), "byte {at}: {heard:?}");
        assert_eq!(results, []);
    }
}

#[test]
fn entries_that_are_not_all_there_are_an_error() {
    let console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let console = console.say(&Record::Log { case: 0, offset: 0, bytes: b"half" }).end(0, b"half and half");
    let expected = Fault::Log { received: 4, sent: 13, checksum: false };
    assert_eq!(fault(&mut receiver(1), &console), expected);
    assert!(matches!(expected.fate(), Fate::Error(_)));
}

#[test]
fn a_log_larger_than_the_guests_is_refused() {
    let mut console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let chunk = [0; sprig_wire::frame::LOG_CHUNK];
    for offset in (0..=LOG_SIZE).step_by(chunk.len()) {
        console = console.say(&Record::Log { case: 0, offset, bytes: &chunk });
    }
    assert!(matches!(fault(&mut receiver(1), &console), Fault::Order { .. }));
}

#[test]
fn the_sequence_wraps() {
    let cases = 30_000; // of three frames each
    let mut console = Console::default().boot(cases);
    for case in 0..cases {
        console = console.case(case, b"x");
    }
    let console = console.say(&Record::Done);
    let (results, heard) = hear(&mut receiver(cases), &console.bytes);
    assert_eq!((results.len(), heard.map(|heard| heard.done)), (30_000, Ok(true)));
}

#[test]
fn a_guest_that_starts_over_has_crashed() {
    let console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let over = Console { sequence: 0, ..console }.boot(1);
    let fault = fault(&mut receiver(1), &over);
    assert_eq!(fault, Fault::Restarted);
    assert!(matches!(fault.fate(), Fate::Crashed(_)));
}

#[test]
fn behind_a_stray_exception_nothing_more_is_expected() {
    let console = Console::default().boot(2).say(&Record::Case { case: 0 });
    let checksum = CRC.checksum(b"");
    let end = Record::End { case: 0, state: State::Stray, step: 7, length: 0, checksum };
    let (results, heard) = hear(&mut receiver(2), &console.say(&end).bytes);
    assert_eq!(results.first().and_then(RunResult::state), Some(State::Stray));
    assert_eq!(heard, Ok(Heard { progress: true, done: true }));
}

#[test]
fn a_guest_that_gives_up_says_why() {
    let fault = fault(&mut receiver(1), &Console::default().say(&Record::Panic(b"unknown PVR")));
    assert_eq!(fault.fate(), Fate::Crashed("the guest gave up: unknown PVR".to_owned()));
}

#[test]
fn the_right_guest_on_the_right_cpu_with_the_right_batch() {
    let boot = |version, pvr, cases| Console::default().say(&Record::Boot { version, pvr, cases });
    let pvr = cpu().pvr;
    assert_eq!(fault(&mut receiver(1), &boot(VERSION + 1, pvr, 1)), Fault::Version(VERSION + 1));
    assert_eq!(fault(&mut receiver(1), &boot(VERSION, 0x1234, 1)), Fault::Cpu { found: 0x1234, expected: "e500v2" });
    assert_eq!(fault(&mut receiver(1), &boot(VERSION, pvr, 2)), Fault::Cases { found: 2, expected: 1 });
    assert_eq!(hear(&mut receiver(1), &boot(VERSION, pvr ^ 1, 1).bytes).1, Ok(Heard { progress: true, done: false }));
}

#[test]
fn frames_out_of_place_are_refused() {
    let booted = || Console::default().boot(2);
    let running = || booted().say(&Record::Case { case: 0 });
    let consoles = [
        ("a case before the boot", Console::default().say(&Record::Case { case: 0 })),
        ("a second boot in the same sequence", booted().boot(2)),
        ("the second case first", booted().say(&Record::Case { case: 1 })),
        ("a case in a case", running().say(&Record::Case { case: 1 })),
        ("the end of another case", running().end(1, b"")),
        ("a log with a hole", running().say(&Record::Log { case: 0, offset: 1, bytes: b"x" })),
        ("a step nobody asked for", running().say(&Record::Step { case: 0, step: 1 })),
        ("done too early", booted().say(&Record::Done)),
        ("done in a case", running().say(&Record::Done)),
        ("a case too many", booted().case(0, b"").case(1, b"").say(&Record::Case { case: 2 })),
        ("a log of another case", running().say(&Record::Log { case: 1, offset: 0, bytes: b"x" })),
    ];
    for (what, console) in consoles {
        let fault = fault(&mut receiver(2), &console);
        assert!(matches!(fault, Fault::Order { .. }), "{what}: {fault:?}");
        assert!(matches!(fault.fate(), Fate::Error(_)), "{what}");
    }
}

#[test]
fn what_a_frame_out_of_place_came_behind_is_told() {
    let booted = || Console::default().boot(1);
    let rows = [
        ("it has not said that it is up", Console::default()),
        ("no case is running", booted()),
        ("a case is running", booted().say(&Record::Case { case: 0 })),
    ];
    for (expected, console) in rows {
        let fault = fault(&mut receiver(1), &console.say(&Record::Done));
        assert!(matches!(fault, Fault::Order { place, .. } if place == expected), "{expected}: {fault}");
    }
}

#[test]
fn what_is_said_of_another_case_than_the_one_that_runs_is_refused() {
    let loud = || Receiver::new(Expected { cpu: cpu(), cases: 2, loud: true, hosted: false }, None);
    let rows = [
        (loud(), Record::Step { case: 1, step: 1 }),
        (host(2), Record::Step { case: 1, step: 1 }),
        (host(2), Record::Exits { case: 1, count: 1, reason: b"mmio" }),
        (host(2), Record::Fate { case: 1, hung: false, how: b"" }),
        (
            receiver_with_memory(0, b""),
            Record::Kept { case: 1, state: State::Ended, step: 7, offset: 0, length: 0, checksum: CRC.checksum(b"") },
        ),
    ];
    for (mut receiver, record) in rows {
        let cases = if matches!(record, Record::Kept { .. }) { 1 } else { 2 };
        let console = Console::default().boot(cases).say(&Record::Case { case: 0 }).say(&record);
        assert!(matches!(fault(&mut receiver, &console), Fault::Order { .. }), "{record:?}");
    }
}

#[test]
fn entries_are_either_sent_or_kept() {
    let sent = Record::Log { case: 0, offset: 0, bytes: b"sent" };
    let console = Console::default().boot(1).say(&Record::Case { case: 0 }).say(&sent).say(&kept(0, b"kept"));
    assert!(matches!(fault(&mut receiver_with_memory(0, b"kept"), &console), Fault::Order { .. }));
}

#[test]
fn a_log_and_what_is_kept_may_be_as_large_as_their_place() {
    let mut console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let whole = vec![0; LOG_SIZE as usize];
    for (index, bytes) in whole.chunks(sprig_wire::frame::LOG_CHUNK).enumerate() {
        let offset = (index * sprig_wire::frame::LOG_CHUNK) as u32;
        console = console.say(&Record::Log { case: 0, offset, bytes });
    }
    assert_eq!(hear(&mut receiver(1), &console.end(0, &whole).bytes).0, [ended(&whole)]);
    let last = KEPT_SIZE - 4;
    let console = Console::default().boot(1).say(&Record::Case { case: 0 }).say(&kept(last, b"kept"));
    assert_eq!(hear(&mut receiver_with_memory(last, b"kept"), &console.bytes).0, [ended(b"kept")]);
}

#[test]
fn only_a_boot_can_start_over_and_only_behind_one() {
    let booted = Console::default().boot(1);
    let again = Console { sequence: 0, ..booted }.say(&Record::Case { case: 0 });
    assert_eq!(fault(&mut receiver(1), &again), Fault::Gap { expected: 1, found: 0 });
    let late = Console { sequence: 5, ..Console::default() }.boot(1);
    assert_eq!(fault(&mut receiver(1), &late), Fault::Gap { expected: 0, found: 5 });
}

/// A guest that hangs is told from one that works by what it says, and steps and entries are not all of that.
#[test]
fn bytes_since_a_case_began_or_ended_are_silence() {
    let mut receiver = Receiver::new(Expected { cpu: cpu(), cases: 1, loud: true, hosted: false }, None);
    assert_eq!((receiver.has_booted(), receiver.silent()), (false, 0));
    assert!(receiver.hear(b"hello\nwor", &mut |_| ()).is_ok_and(|heard| !heard.progress));
    assert_eq!((receiver.has_booted(), receiver.silent()), (false, 9));
    let booted = Console::default().text("ld\n").boot(1).say(&Record::Case { case: 0 });
    assert!(receiver.hear(&booted.bytes, &mut |_| ()).is_ok_and(|heard| heard.progress));
    assert_eq!((receiver.has_booted(), receiver.silent()), (true, 0));
    let step = Line::new(2, &Record::Step { case: 0, step: 1 });
    let more = [step.as_bytes(), &b"text\n"[..]].concat();
    assert!(receiver.hear(&more, &mut |_| ()).is_ok_and(|heard| heard.progress), "by the step, not the text");
    assert_eq!(receiver.silent(), more.len() as u64);
}

#[test]
fn the_last_words_need_no_newline() {
    let mut receiver = receiver(1);
    assert_eq!(hear(&mut receiver, b"one\ntwo").0, []);
    receiver.end();
    assert_eq!(receiver.text().to_string(), "one\ntwo");
}

#[test]
fn how_a_guest_s_machine_ended_is_how_the_case_did_whatever_ends_the_session() {
    let mut receiver = host(1);
    let console = Console::default().boot(1).say(&Record::Case { case: 0 }).say(&Record::Step { case: 0, step: 3 });
    let console = console.say(&Record::Fate { case: 0, hung: true, how: b"no progress" });
    assert_eq!(hear(&mut receiver, &console.bytes).0, []);
    let interrupted = receiver.interrupted(&Fate::Error("cut".to_owned())).expect("it was running");
    assert_eq!((interrupted.fate, interrupted.last_step), (Fate::Hung("no progress".to_owned()), Some(3)));
}

#[test]
fn a_panic_is_found_in_whatever_a_console_says() {
    let panic = Console::default().text("garbage\n#\n").say(&Record::Done).say(&Record::Panic(b"no memory"));
    assert_eq!(find_panic(&panic.bytes).as_deref(), Some("no memory"));
    assert_eq!(find_panic(&Console::default().text("x\n").boot(1).bytes), None);
}

#[test]
fn in_loud_mode_the_last_step_is_known() {
    let mut receiver = Receiver::new(Expected { cpu: cpu(), cases: 1, loud: true, hosted: false }, None);
    let console = Console::default().boot(1).say(&Record::Case { case: 0 });
    let console = console.say(&Record::Step { case: 0, step: 3 }).say(&Record::Step { case: 0, step: 4 });
    assert_eq!(hear(&mut receiver, &console.bytes).0, []);
    let fate = Fate::Crashed("bang".to_owned());
    let interrupted = receiver.interrupted(&fate).expect("a case was running");
    assert_eq!((interrupted.last_step, interrupted.state()), (Some(4), Some(State::Running)));
}

#[test]
fn between_cases_nobody_is_interrupted() {
    let mut receiver = receiver(2);
    assert_eq!(hear(&mut receiver, &Console::default().boot(2).case(0, b"").bytes).0.len(), 1);
    assert_eq!(receiver.interrupted(&Fate::Ended), None);
}

fn host(cases: u32) -> Receiver {
    Receiver::new(Expected { cpu: cpu(), cases, loud: false, hosted: true }, None)
}

#[test]
fn a_host_tells_the_exits_of_a_case_and_how_its_machine_ended() {
    let mut console = Console::default().boot(3);
    for (case, fate) in [(0, None), (1, Some((false, "KVM_RUN: errno 14"))), (2, Some((true, "no progress")))] {
        console = console.say(&Record::Case { case });
        console = console.say(&Record::Exits { case, count: 1 << 40, reason: b"mmio" });
        if let Some((hung, how)) = fate {
            console = console.say(&Record::Fate { case, hung, how: how.as_bytes() });
        }
        console = console.say(&Record::Log { case, offset: 0, bytes: b"x" }).end(case, b"x");
    }
    let (results, heard) = hear(&mut host(3), &console.say(&Record::Done).bytes);
    assert_eq!(heard, Ok(Heard { progress: true, done: true }));
    let exits = Some(vec![ExitCount { step: None, reason: "mmio".into(), count: 1 << 40 }]);
    let result = |fate| RunResult { fate, exits: exits.clone(), ..ended(b"x") };
    let (crashed, hung) = (Fate::Crashed("KVM_RUN: errno 14".to_owned()), Fate::Hung("no progress".to_owned()));
    assert_eq!(results, [result(Fate::Ended), result(crashed), result(hung)]);
}

#[test]
fn a_host_goes_on_after_a_guest_that_cannot() {
    let stray = Record::End { case: 0, state: State::Stray, step: 1, length: 0, checksum: CRC.checksum(b"") };
    let console = Console::default().boot(2).say(&Record::Case { case: 0 }).say(&stray).case(1, b"").say(&Record::Done);
    let (results, heard) = hear(&mut host(2), &console.bytes);
    assert_eq!((results.len(), heard), (2, Ok(Heard { progress: true, done: true })));
}

#[test]
fn a_host_that_can_run_nothing_is_believed_whatever_the_number_of_its_frame() {
    for console in [Console::default(), Console::default().boot(1).say(&Record::Case { case: 0 })] {
        let unfit = Console { sequence: 0, ..console }.say(&Record::Unfit(b"no KVM"));
        let fault = fault(&mut host(1), &unfit);
        assert_eq!(fault, Fault::Unfit("no KVM".to_owned()));
        assert!(matches!(fault.fate(), Fate::Error(how) if how == "nothing can be run on this host: no KVM"));
    }
}

#[test]
fn a_guest_that_speaks_for_itself_says_nothing_that_only_a_host_can() {
    let records = [
        Record::Exits { case: 0, count: 1, reason: b"mmio" },
        Record::Fate { case: 0, hung: true, how: b"" },
        Record::Unfit(b""),
    ];
    for record in records {
        let console = Console::default().boot(1).say(&Record::Case { case: 0 }).say(&record);
        assert!(matches!(fault(&mut receiver(1), &console), Fault::Order { .. }), "{record:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_receiver_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let _ = hear(&mut receiver(1), &bytes);
    }

    #[test]
    fn it_hears_the_same_however_the_bytes_arrive(sizes in prop::collection::vec(1_usize..40, 0..60)) {
        let console = Console::default().text("hello\n").boot(2).case(0, b"one").case(1, b"two").say(&Record::Done);
        let (mut receiver, mut results, mut rest) = (receiver(2), Vec::new(), &console.bytes[..]);
        for size in sizes {
            let (now, later) = rest.split_at(size.min(rest.len()));
            prop_assert!(receiver.hear(now, &mut |result| results.push(result)).is_ok());
            rest = later;
        }
        prop_assert!(receiver.hear(rest, &mut |result| results.push(result)).is_ok());
        prop_assert_eq!(results, vec![ended(b"one"), ended(b"two")]);
    }
}
