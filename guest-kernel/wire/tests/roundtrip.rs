//! What one side writes the other reads, and no input makes a decoder panic.
#![cfg(feature = "alloc")]
#![allow(missing_docs)]

use proptest::prelude::*;
use sprig_wire::batch::{Batch, BatchBuilder, CaseParts, SILENT};
use sprig_wire::bytecode::{self, Alu, Encoder, Op, Part, Register, Transfer};
use sprig_wire::effect;
use sprig_wire::frame::{self, Line, Record};
use sprig_wire::host::Call;
use sprig_wire::log::{self, Entries, Interrupt, Kind, State};

/// A no-op.
const STUB: u32 = 0x6000_0000;
const TLBWE: u32 = 0x7c00_07a4;

#[test]
fn an_exec_decodes_as_it_was_encoded() {
    let inputs = [Transfer { register: Register::gpr(30), part: Part::Native, slot: 7 }];
    let outputs = [
        Transfer { register: Register::gpr(3), part: Part::Native, slot: 8 },
        Transfer { register: Register::CR, part: Part::High, slot: 9 },
    ];
    let mut encoder = Encoder::default();
    encoder.exec(5, true, 0x40, &[STUB; 2], &inputs, &outputs);
    encoder.compute(6, false, Alu::Xor, 1, 2, 3);
    let bytes = encoder.into_bytes();
    let (step, used) = bytecode::decode(&bytes).expect("an exec");
    assert_eq!((step.step, step.is_observed(), step.is_plain()), (5, true, true));
    let Op::Exec { stub: 0x40, words: 2, inputs: i, outputs: o } = step.op else { panic!("{step:?}") };
    assert!(i.iter().eq(inputs.map(Some)));
    assert!(o.iter().eq(outputs.map(Some)));
    assert!(o.registers().eq([Register::gpr(3), Register::CR]));
    assert!(o.native_slots().eq([8]));
    let (step, _) = bytecode::decode(&bytes[used..]).expect("a compute");
    assert_eq!(step.op, Op::Compute { alu: Alu::Xor, to: 1, a: 2, b: 3 });
}

#[test]
fn every_operation_begins_at_a_multiple_of_four_bytes() {
    let mut encoder = Encoder::default();
    encoder.map(0, 1, 2, 3);
    encoder.taken(1, true, 10, 7, 8);
    encoder.patch(2, false, 4, 8, 3, 5, 6);
    encoder.host(3, true, Call::SetRegs, &[1, 2, 3], &[4]);
    encoder.unmap(4, 1);
    encoder.exec(5, true, 0, &[STUB], &[], &[]);
    encoder.touch(6);
    let (bytes, mut at) = (encoder.into_bytes(), 0_usize);
    for expected in 0..=6 {
        assert!(at.is_multiple_of(4), "{at}");
        let (step, used) = bytecode::decode(&bytes[at..]).expect("as it was encoded");
        assert_eq!(step.step, expected);
        at += used;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_batch_gives_back_its_cases() {
    let first = CaseParts { slots: 3, constants: vec![1, u64::MAX], ops: vec![3, 0, 0, 1, 9], code: vec![STUB, TLBWE] };
    let second = CaseParts { slots: 0, constants: vec![], ops: vec![], code: vec![1, 2, 3] };
    let mut builder = BatchBuilder::new(false);
    builder.push(11, &first);
    builder.push(22, &second);
    let bytes = builder.finish().expect("small");
    let batch = Batch::open(&bytes).expect("well formed");
    assert_eq!(batch.len(), 2);
    for (index, (id, parts)) in [(11, &first), (22, &second)].into_iter().enumerate() {
        let case = batch.case(index as u32).expect("in the batch");
        assert_eq!((case.id, case.slots, case.ops), (id, parts.slots, &parts.ops[..]));
        assert!(case.constants().eq(parts.constants.iter().copied()));
        assert!(case.code.chunks(4).eq(parts.code.iter().map(|word| word.to_be_bytes())));
        assert_eq!(case.effects, effect::of(&parts.code));
    }
}

#[test]
fn a_case_of_a_batch_becomes_a_batch_of_its_own() {
    let first = CaseParts { slots: 3, constants: vec![1, u64::MAX], ops: vec![3, 0, 0, 1, 9], code: vec![STUB, TLBWE] };
    let second = CaseParts { slots: 0, constants: vec![], ops: vec![], code: vec![1, 2, 3] };
    let mut builder = BatchBuilder::new(false);
    builder.push(11, &first);
    builder.push(22, &second);
    let bytes = builder.finish().expect("small");
    let batch = Batch::open(&bytes).expect("well formed");
    for (index, (id, parts)) in [(11, &first), (22, &second)].into_iter().enumerate() {
        let mut builder = BatchBuilder::new(false).silent();
        builder.push(id, parts);
        let expected = builder.finish().expect("small");
        let mut room = vec![0xee; expected.len() + 8];
        assert_eq!(batch.write_single(index as u32, SILENT, &mut room), Ok(()));
        assert_eq!(room[..expected.len()], expected);
        assert_eq!(room[expected.len()..], [0xee; 8], "nothing behind it is touched");
        assert!(batch.write_single(index as u32, SILENT, &mut room[..expected.len() - 1]).is_err());
    }
    assert!(batch.write_single(2, SILENT, &mut vec![0; 1000]).is_err());
}

#[test]
fn a_changed_byte_of_a_batch_is_noticed() {
    let case = CaseParts { slots: 1, constants: vec![5], ops: vec![3, 0, 0, 1], code: vec![7] };
    let mut builder = BatchBuilder::new(true);
    builder.push(0, &case);
    let mut bytes = builder.finish().expect("small");
    assert!(Batch::open(&bytes).expect("well formed").is_loud());
    *bytes.last_mut().expect("not empty") ^= 1;
    assert!(Batch::open(&bytes).is_err());
}

fn record() -> impl Strategy<Value = (u16, Vec<u8>, u8, [u32; 4])> {
    (any::<u16>(), prop::collection::vec(any::<u8>(), 0..frame::LOG_CHUNK), 0u8..12, any::<[u32; 4]>())
}

proptest! {
    #[test]
    fn every_record_survives_the_line((sequence, bytes, verb, [a, b, c, d]) in record()) {
        let record = match verb {
            0 => Record::Boot { version: a as u16, pvr: b, cases: c },
            1 => Record::Case { case: a },
            2 => Record::Step { case: a, step: b },
            3 => Record::Log { case: a, offset: b, bytes: &bytes },
            4 => Record::End { case: a, state: State::Ended, step: b, length: c, checksum: d },
            5 => Record::Done,
            6 => Record::Fate { case: a, hung: b & 1 != 0, how: &bytes },
            7 => {
                let reason = &bytes[..bytes.len().min(frame::EXIT_REASON)];
                Record::Exits { case: a, count: u64::from(b) << 32 | u64::from(c), reason }
            }
            8 => Record::Unfit(&bytes),
            10 => Record::Aside { offset: a, length: b, checksum: c },
            9 => Record::Kept { case: a, state: State::Full, step: b, offset: c, length: d, checksum: !a },
            _ => Record::Panic(&bytes),
        };
        let line = Line::new(sequence, &record);
        let text = line.as_bytes().strip_suffix(b"\n").expect("ends with a newline");
        let mut payload = [0; frame::PAYLOAD];
        prop_assert_eq!(frame::decode(text, &mut payload), Ok((sequence, record)));
    }

    #[test]
    fn one_flipped_bit_makes_a_frame_malformed(bytes in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let line = Line::new(1, &Record::Log { case: 0, offset: 0, bytes: &bytes });
        let mut text = line.as_bytes().strip_suffix(b"\n").expect("ends with a newline").to_vec();
        let index = at.index(text.len());
        text[index] ^= 1 << bit;
        prop_assert!(frame::decode(&text, &mut [0; frame::PAYLOAD]).is_err());
    }

    #[test]
    fn no_input_makes_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = bytecode::decode(&bytes);
        let _ = frame::decode(&bytes, &mut [0; frame::PAYLOAD]);
        let _ = sprig_wire::log::open(&bytes);
        prop_assert!(Entries::new(&bytes).count() <= bytes.len());
        if let Ok(batch) = Batch::open(&bytes) {
            let _ = batch.case(0);
        }
    }
}

#[test]
fn a_transfer_of_what_does_not_exist_is_none() {
    // An exec of one word with an input and three outputs, as in the module's description.
    let transfers = [[34, 0, 0, 1], [35, 0, 0, 2], [3, 2, 0, 3], [3, 1, 0, 4]];
    let bytes = [&[1, 0, 0, 7, 0, 0, 0, 0, 1, 1, 3, 0], transfers.as_flattened()].concat();
    let (step, _) = bytecode::decode(&bytes).expect("an exec");
    let Op::Exec { inputs, outputs, .. } = step.op else { panic!("{step:?}") };
    let lr = Transfer { register: Register::LR, part: Part::Native, slot: 1 };
    assert!(inputs.iter().eq([Some(lr)]));
    let upper = Transfer { register: Register::gpr(3), part: Part::High, slot: 4 };
    assert!(outputs.iter().eq([None, None, Some(upper)]));
}

#[test]
fn a_log_entry_reads_back_with_its_interrupt_and_values() {
    let interrupt = Interrupt { exception: 9, syndrome: 0x0400_0000, srr0: 0x40_0040, srr1: 0x1000, dar: 0xdead };
    for (value, size) in [(0, 28), (0xffff_ffff, 28), (0x1_0000_0000, 48), (u64::MAX, 48)] {
        let bytes = log::encode(3, Kind::Exception, Some(&interrupt), &[value]);
        assert_eq!(bytes.len(), size, "{value:#x}");
        let entries: Vec<_> = Entries::new(&bytes).collect::<Result<_, _>>().expect("well formed");
        let [entry] = entries[..] else { panic!("one entry") };
        assert_eq!((entry.step, entry.interrupt, entry.size), (3, Some(interrupt), size));
        assert!(entry.values().eq([value]), "{value:#x}");
    }
}

#[test]
fn a_syndrome_of_more_than_32_bits_is_malformed() {
    let interrupt = Interrupt { exception: 9, syndrome: 0, srr0: u64::MAX, srr1: 0, dar: 0 };
    let mut bytes = log::encode(3, Kind::Exception, Some(&interrupt), &[]);
    bytes[8 + 3] = 1;
    assert!(Entries::new(&bytes).next().expect("an entry").is_err());
}
