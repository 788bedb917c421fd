//! The interpreter on a machine of the test's own: what reaches the machine, the log and the console.
#![allow(missing_docs)]

mod fake;

use fake::{Fake, Registers};
use sprig_interpreter::{Memory, report_stray, run_batch};
use sprig_wire::batch::{BatchBuilder, CaseParts};
use sprig_wire::bytecode::{Alu, Encoder, Part, Register, Transfer};
use sprig_wire::effect::WRITES_TLB;
use sprig_wire::frame::{self, Record};
use sprig_wire::host::Call;
use sprig_wire::layout::LOG_SIZE;
use sprig_wire::log::{self, Entries, Interrupt, Kind, State};

const INTERRUPT: Interrupt = Interrupt { exception: 9, syndrome: 5, srr0: 6, srr1: 7, dar: 8 };

struct Ran {
    calls: Vec<&'static str>,
    effects: Vec<u32>,
    plain: Vec<bool>,
    spun: u32,
    states: Vec<State>,
    log: Vec<u8>,
    lines: Vec<Vec<u8>>,
}

fn run<F: FnMut(u32, &mut Registers) -> Option<Interrupt>>(cases: &[CaseParts], loud: bool, stub: F) -> Ran {
    let mut machine = Fake::new(stub);
    machine.interrupts = vec![11];
    run_on(machine, cases, loud)
}

fn run_on<F: FnMut(u32, &mut Registers) -> Option<Interrupt>>(
    mut machine: Fake<F>,
    cases: &[CaseParts],
    loud: bool,
) -> Ran {
    let mut builder = BatchBuilder::new(loud);
    for (id, case) in cases.iter().enumerate() {
        builder.push(id as u32, case);
    }
    let batch = builder.finish().expect("small");
    let mut memory = vec![0; LOG_SIZE as usize];
    let mut slots = vec![0; 100];
    run_batch(&mut machine, Memory { batch: &batch, log: &mut memory, kept: &mut [], slots: &mut slots })
        .expect("a batch");
    let lines: Vec<Vec<u8>> = machine.console.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut states = Vec::new();
    for line in &lines {
        if let Ok((_, Record::End { state, .. })) = frame::decode(line, &mut [0; frame::PAYLOAD]) {
            states.push(state);
        }
    }
    let (_, entries) = log::open(&memory).expect("a log");
    let Fake { calls, effects, plain, spun, .. } = machine;
    Ran { calls, effects, plain, spun, states, log: entries.to_vec(), lines }
}

/// The word of most stubs here, a no-op: what they do the machine says.
const STUB: u32 = 0x6000_0000;

fn gpr(number: u8, part: Part, slot: u16) -> Transfer {
    Transfer { register: Register::gpr(number), part, slot }
}

fn case(slots: u16, constants: &[u64], encoder: Encoder) -> CaseParts {
    CaseParts { slots, constants: constants.to_vec(), ops: encoder.into_bytes(), code: vec![STUB] }
}

#[test]
fn an_observed_step_logs_its_outputs_and_an_unobserved_one_logs_nothing() {
    let mut ops = Encoder::default();
    ops.exec(0, false, 0, &[STUB], &[gpr(3, Part::Native, 0)], &[gpr(3, Part::Native, 1)]);
    ops.exec(1, true, 4, &[STUB], &[gpr(4, Part::Native, 1)], &[gpr(5, Part::Native, 2)]);
    ops.compute(2, true, Alu::Add, 3, 2, 0);
    let ran = run(&[case(4, &[40], ops)], false, |stub, registers| {
        match stub {
            0 => registers.gpr[3] += 1,
            _ => registers.gpr[5] = registers.gpr[4] + 1,
        }
        None
    });
    let entries: Vec<_> = Entries::new(&ran.log).map(|entry| entry.expect("well formed")).collect();
    assert_eq!(entries.len(), 2);
    assert!(entries[0].values().eq([42]));
    assert!(entries[1].values().eq([82]));
    assert_eq!(ran.states, [State::Ended]);
}

#[test]
fn two_registers_make_one_64_bit_value_on_a_32_bit_guest() {
    let mut ops = Encoder::default();
    let both = [gpr(3, Part::Native, 0), gpr(4, Part::High, 0)];
    ops.exec(0, true, 0, &[STUB], &both, &[gpr(3, Part::Native, 1), gpr(4, Part::High, 1)]);
    let ran = run(&[case(2, &[0x1111_2222_3333_4444], ops)], false, |_, registers| {
        assert_eq!((registers.gpr[3] as u32, registers.gpr[4]), (0x3333_4444, 0x1111_2222));
        None
    });
    let entry = Entries::new(&ran.log).next().expect("one").expect("well formed");
    assert!(entry.values().eq([0x1111_2222_3333_4444]));
}

#[test]
fn an_exception_is_logged_even_if_the_step_is_not_observed() {
    let mut ops = Encoder::default();
    ops.exec(0, false, 0, &[STUB], &[], &[gpr(3, Part::Native, 0)]);
    let ran = run(&[case(1, &[], ops)], false, |_, _| Some(INTERRUPT));
    let entry = Entries::new(&ran.log).next().expect("one").expect("well formed");
    assert_eq!((entry.kind, entry.interrupt), (Kind::Exception, Some(INTERRUPT)));
}

/// A race in which one step is observed: what it gives, by the round from 1 on. What was logged, and how many rounds
/// there were.
fn race(rounds: u32, outcome: impl Fn(u64) -> u64) -> (Vec<u8>, u64) {
    let mut ops = Encoder::default();
    ops.race_begin(0, rounds);
    ops.exec(1, true, 0, &[STUB], &[], &[gpr(3, Part::Native, 0)]);
    ops.race_end(2);
    let mut round = 0;
    let ran = run(&[case(1, &[], ops)], false, |_, registers| {
        round += 1;
        registers.gpr[3] = outcome(round);
        None
    });
    (ran.log, round)
}

#[test]
fn a_race_keeps_each_outcome_once_and_counts_none() {
    let (log, rounds) = race(100, |round| round % 3);
    let seen: Vec<u64> = Entries::new(&log).flat_map(|entry| entry.expect("well formed").values()).collect();
    assert_eq!(seen, [1, 2, 0]);
    assert_eq!(rounds, 100);
}

#[test]
fn a_race_with_too_many_outcomes_says_so_once() {
    let (seen, _) = race(50, |round| round);
    let kinds: Vec<Kind> = Entries::new(&seen).map(|entry| entry.expect("well formed").kind).collect();
    assert_eq!(kinds.len(), log::RACE_OUTCOMES + 1);
    assert_eq!(kinds.last(), Some(&Kind::Overflow));
}

#[test]
fn a_step_starts_from_zeroed_registers_but_for_its_inputs_and_the_stack_pointer() {
    let mut ops = Encoder::default();
    ops.exec(0, false, 0, &[STUB], &[], &[]);
    ops.exec(1, false, 4, &[STUB], &[gpr(7, Part::Native, 0)], &[]);
    run(&[case(1, &[70], ops)], false, |stub, registers| {
        if stub == 0 {
            *registers = Registers { gpr: [99; 32], cr: 99, xer: 99, lr: 99 };
        } else {
            let mut expected = Registers::default();
            (expected.gpr[1], expected.gpr[7]) = (0x1000, 70);
            assert_eq!(*registers, expected);
        }
        None
    });
}

#[test]
fn a_silent_batch_leaves_its_log_in_memory_and_sends_nothing() {
    let mut ops = Encoder::default();
    ops.exec(0, true, 0, &[STUB], &[], &[gpr(3, Part::Native, 0)]);
    let parts = case(1, &[], ops);
    let mut builder = BatchBuilder::new(false).silent();
    builder.push(3, &parts);
    let batch = builder.finish().expect("small");
    let mut memory = vec![0; 4096];
    let mut machine = Fake::new(|_, _: &mut Registers| None);
    run_batch(&mut machine, Memory { batch: &batch, log: &mut memory, kept: &mut [], slots: &mut [0; 4] })
        .expect("a batch");
    assert!(machine.console.is_empty());
    let (header, entries) = log::open(&memory).expect("a log");
    assert_eq!((header.state, header.case), (State::Ended, 3));
    assert_eq!(Entries::new(entries).count(), 1);
}

/// Two cases with a log of one entry each, of which one has room.
#[test]
fn a_batch_that_keeps_its_logs_says_where_and_sends_what_has_no_room() {
    let mut ops = Encoder::default();
    ops.exec(0, true, 0, &[STUB], &[], &[gpr(3, Part::Native, 0)]);
    let parts = case(1, &[], ops);
    let mut builder = BatchBuilder::new(false).keep();
    builder.push(0, &parts);
    builder.push(1, &parts);
    let batch = builder.finish().expect("small");
    let (mut memory, mut kept) = (vec![0; 4096], [0xee; 9]);
    let mut machine = Fake::new(|_, _: &mut Registers| None);
    run_batch(&mut machine, Memory { batch: &batch, log: &mut memory, kept: &mut kept, slots: &mut [0; 4] })
        .expect("a batch");
    let (_, entries) = log::open(&memory).expect("a log");
    let (length, checksum) = (entries.len() as u32, sprig_wire::CRC.checksum(entries));
    let said: Vec<String> = machine
        .console
        .split(|byte| *byte == b'\n')
        .filter_map(|line| Some(format!("{:?}", frame::decode(line, &mut [0; frame::PAYLOAD]).ok()?.1)))
        .collect();
    let expected = [
        Record::Boot { version: sprig_wire::VERSION, pvr: 0x8021_0022, cases: 2 },
        Record::Case { case: 0 },
        Record::Kept { case: 0, state: State::Ended, step: 1, offset: 0, length, checksum },
        Record::Case { case: 1 },
        Record::Log { case: 1, offset: 0, bytes: entries },
        Record::End { case: 1, state: State::Ended, step: 1, length, checksum },
        Record::Done,
    ];
    assert_eq!(said, expected.map(|record| format!("{record:?}")));
    let (first, free) = kept.split_at(entries.len());
    assert_eq!((first, free.len() < entries.len()), (entries, true));
    assert!(free.iter().all(|byte| *byte == 0xee));
}

#[test]
fn everything_is_touched_again_after_each_change_of_privilege_or_translation_and_where_asked_for() {
    let mut ops = Encoder::default();
    ops.enter_user(0);
    ops.touch(0);
    ops.leave_user(1);
    ops.restore(2);
    let ran = run(&[case(0, &[], ops)], false, |_, _| None);
    let begin = ["reset_guest_state", "load_code", "touch"];
    let expected = [&begin[..], &["enter_user", "touch", "touch", "leave_user", "touch", "restore", "touch"]].concat();
    assert_eq!(ran.calls, expected);
}

#[test]
fn the_machine_is_told_what_code_and_stubs_do() {
    let (tlbwe, addi) = (0x7c00_07a4, 0x3863_0001);
    let mut ops = Encoder::default();
    ops.exec(0, false, 0, &[STUB], &[], &[]);
    ops.exec(1, false, 4, &[STUB, addi], &[], &[]);
    let first = CaseParts { code: vec![STUB, STUB, addi, tlbwe], ..case(0, &[], ops) };
    let ran = run(&[first, case(0, &[], Encoder::default())], false, |_, _| None);
    assert_eq!((ran.effects, ran.plain), (vec![WRITES_TLB, 0], vec![true, false]));
}

#[test]
fn a_transfer_of_what_does_not_exist_is_no_bytecode() {
    // Register and part of the input, and of the output; slots of both.
    for (at, wrong) in [(12, 35), (13, 2), (16, 0xff), (17, 2), (15, 200), (19, 200)] {
        for (observe, has_word_registers) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut ops = Encoder::default();
            ops.exec(0, observe, 0, &[STUB], &[gpr(3, Part::Native, 0)], &[gpr(3, Part::Native, 1)]);
            let mut parts = case(2, &[1], ops);
            parts.ops[at] = wrong;
            let machine = Fake { has_word_registers, ..Fake::new(|_, _: &mut Registers| None) };
            let what = format!("{wrong} at {at}, observed: {observe}, word registers: {has_word_registers}");
            assert_eq!(run_on(machine, &[parts], false).states, [State::BadBytecode], "{what}");
        }
    }
}

/// An operation says if it has halves of values: the flag is what a guest goes by.
#[test]
fn a_half_that_no_flag_tells_of_is_no_bytecode_for_word_registers() {
    let mut ops = Encoder::default();
    ops.exec(0, false, 0, &[STUB], &[], &[gpr(3, Part::Native, 0), gpr(4, Part::High, 0)]);
    let mut parts = case(1, &[], ops);
    assert_eq!(run(&[parts.clone()], false, |_, _| None).states, [State::Ended]);
    parts.ops[1] = 0;
    assert_eq!(run(&[parts], false, |_, _| None).states, [State::BadBytecode]);
}

#[test]
fn words_are_moved_and_logged_alike_whatever_the_width_of_the_registers() {
    let special = |register, slot| Transfer { register, part: Part::Native, slot };
    let [first, second] = [true, false].map(|has_word_registers| {
        let mut ops = Encoder::default();
        let inputs = [gpr(3, Part::Native, 0), special(Register::CR, 1)];
        let outputs = [gpr(4, Part::Native, 2), special(Register::LR, 3), gpr(31, Part::Native, 4)];
        ops.exec(0, true, 0, &[STUB], &inputs, &outputs);
        ops.exec(1, false, 4, &[STUB], &inputs, &outputs);
        ops.exec(2, true, 8, &[STUB], &[], &outputs);
        for slot in 2..5 {
            ops.compute(3, true, Alu::Add, 5, slot, 0);
        }
        let machine = Fake::new(|stub, registers: &mut Registers| {
            registers.lr = registers.gpr[3] + u64::from(stub);
            registers.gpr[4] = registers.cr + u64::from(stub);
            registers.gpr[31] = 0xffff_ffff;
            (stub > 0).then_some(INTERRUPT)
        });
        let cases = [case(6, &[0x8000_0001, 0x1234], ops)];
        run_on(Fake { has_word_registers, ..machine }, &cases, false)
    });
    assert_eq!((&first.states, &first.log), (&second.states, &second.log));
    let values: Vec<Vec<u64>> =
        Entries::new(&first.log).map(|entry| entry.expect("well formed").values().collect()).collect();
    let (observed, unobserved, interrupted) = (&values[0], &values[1], &values[2]);
    assert_eq!(*observed, [0x1234, 0x8000_0001, 0xffff_ffff]);
    assert!(unobserved.is_empty());
    assert_eq!(*interrupted, [8, 8, 0xffff_ffff]);
    assert_eq!(values[3..], [[0x8000_0009], [0x8000_0009], [0x1_8000_0000]]);
}

#[test]
fn nothing_is_touched_where_there_was_nothing_to_put_back() {
    let mut ops = Encoder::default();
    ops.restore(0);
    ops.restore(1);
    let machine = Fake { restores: false, ..Fake::new(|_, _| None) };
    let ran = run_on(machine, &[case(0, &[], ops)], false);
    assert_eq!(ran.calls, ["reset_guest_state", "load_code", "touch", "restore", "restore"]);
}

#[test]
fn a_case_that_ends_in_problem_state_is_brought_back() {
    let mut ops = Encoder::default();
    ops.enter_user(0);
    let ran = run(&[case(0, &[], ops)], false, |_, _| None);
    assert_eq!(ran.calls.last(), Some(&"leave_user"));
}

#[test]
fn an_interrupt_is_told_once() {
    let mut ops = Encoder::default();
    ops.taken(0, true, 11, 3, 0);
    ops.taken(1, true, 11, 3, 0);
    let ran = run(&[case(1, &[], ops)], false, |_, _| None);
    let seen: Vec<u64> = Entries::new(&ran.log).flat_map(|entry| entry.expect("well formed").values()).collect();
    assert_eq!(seen, [1, 0]);
}

#[test]
fn a_wait_ends_soon_after_the_interrupt_and_lasts_as_long_as_it_may_without_one() {
    let waited = |rounds, comes_after| {
        let mut ops = Encoder::default();
        ops.taken(0, true, 11, rounds, 0);
        let mut machine = Fake::new(|_, _: &mut Registers| None);
        machine.comes_after = Some((11, comes_after));
        let ran = run_on(machine, &[case(1, &[], ops)], false);
        let entry = Entries::new(&ran.log).next().expect("one").expect("well formed");
        (entry.values().next(), ran.spun)
    };
    let (longest_without, per_round) = (waited(1000, u32::MAX), 2);
    assert_eq!(longest_without, (Some(0), 1000 * per_round));
    for comes_after in [1, 2, 10, 100, 1500] {
        let (taken, spun) = waited(1000, comes_after);
        assert_eq!(taken, Some(1), "after {comes_after}");
        assert!(
            (comes_after..=comes_after + comes_after / 8 + per_round).contains(&spun),
            "after {comes_after}: {spun}"
        );
    }
}

#[test]
fn a_host_step_logs_results_and_status() {
    let mut ops = Encoder::default();
    ops.host(0, true, Call::GetOneReg, &[0, 1], &[2]);
    let ran = run(&[case(3, &[10, 20], ops)], false, |_, _| None);
    let entry = Entries::new(&ran.log).next().expect("one").expect("well formed");
    assert!(entry.values().eq([35, 0]));
}

#[test]
fn what_the_platform_lacks_or_the_guest_does_not_understand_ends_the_case_only() {
    let mut unsupported = Encoder::default();
    unsupported.map(0, 0, 0, 0);
    let garbage = CaseParts { slots: 0, constants: vec![], ops: vec![0xff; 8], code: vec![] };
    let cases = [case(1, &[0], unsupported), garbage, case(0, &[], Encoder::default())];
    let ran = run(&cases, false, |_, _| None);
    assert_eq!(ran.states, [State::Unsupported, State::BadBytecode, State::Ended]);
}

#[test]
fn frames_are_numbered_without_a_gap_and_loud_mode_names_every_step() {
    let mut ops = Encoder::default();
    ops.spin(7, 1);
    let ran = run(&[case(0, &[], ops)], true, |_, _| None);
    let mut steps = 0;
    for (expected, line) in (0..).zip(ran.lines.iter().filter(|line| !line.is_empty())) {
        let mut payload = [0; frame::PAYLOAD];
        let (sequence, record) = frame::decode(line, &mut payload).expect("a frame");
        assert_eq!(sequence, expected);
        steps += usize::from(record == Record::Step { case: 0, step: 7 });
    }
    assert_eq!(steps, 1);
}

#[test]
fn a_stray_exception_is_reported_with_what_was_observed_before_it() {
    let mut memory = vec![0; 4096];
    let mut ops = Encoder::default();
    ops.exec(0, true, 0, &[STUB], &[], &[gpr(3, Part::Native, 0)]);
    let parts = case(1, &[], ops);
    let mut builder = BatchBuilder::new(false);
    builder.push(3, &parts);
    let batch = builder.finish().expect("small");
    let mut machine = Fake::new(|_, _: &mut Registers| None);
    run_batch(&mut machine, Memory { batch: &batch, log: &mut memory, kept: &mut [], slots: &mut [0; 4] })
        .expect("a batch");
    report_stray(&mut machine, &mut memory, &INTERRUPT);
    let (header, entries) = log::open(&memory).expect("a log");
    assert_eq!((header.state, header.case), (State::Stray, 3));
    let kinds: Vec<Kind> = Entries::new(entries).map(|entry| entry.expect("well formed").kind).collect();
    assert_eq!(kinds, [Kind::Completed, Kind::Stray]);
}

#[test]
fn a_batch_that_is_none_is_reported_and_nothing_is_run() {
    let mut memory = vec![0; 4096];
    let mut machine = Fake::new(|_, _: &mut Registers| None);
    let result = run_batch(&mut machine, Memory { batch: &[0; 64], log: &mut memory, kept: &mut [], slots: &mut [] });
    assert_eq!(result.expect_err("not a batch").what, "batch");
    let line = machine.console.strip_suffix(b"\n").expect("a line");
    assert_eq!(frame::decode(line, &mut [0; frame::PAYLOAD]).expect("a frame"), (0, Record::Panic(b"batch")));
    assert!(machine.calls.is_empty());
}

#[test]
fn a_case_goes_on_behind_its_reset_with_its_slots_and_without_a_reset_guest_state() {
    let mut ops = Encoder::default();
    ops.compute(0, false, Alu::Add, 1, 0, 0);
    ops.reset(1);
    ops.compute(2, true, Alu::Add, 2, 1, 0);
    let parts = case(3, &[20], ops);
    let mut builder = BatchBuilder::new(false);
    builder.push(3, &parts);
    let batch = builder.finish().expect("small");
    let (mut memory, mut slots) = (vec![0; 4096], [0; 4]);
    // What the machine leaves in memory when it resets in the middle of `run_batch`.
    let mut before = Fake::new(|_, _: &mut Registers| None);
    let reset = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        before.resets = true;
        run_batch(&mut before, Memory { batch: &batch, log: &mut memory, kept: &mut [], slots: &mut slots })
    }));
    assert!(reset.is_err());
    let mut behind = Fake::new(|_, _: &mut Registers| None);
    run_batch(&mut behind, Memory { batch: &batch, log: &mut memory, kept: &mut [], slots: &mut slots })
        .expect("a batch");
    assert_eq!(behind.calls, ["load_code", "touch"]);
    let (header, entries) = log::open(&memory).expect("a log");
    assert_eq!(header.state, State::Ended);
    let entry = Entries::new(entries).next().expect("one").expect("well formed");
    assert!(entry.values().eq([60]));
}
