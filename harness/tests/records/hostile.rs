//! Any bytes as the output of a guest or its console: none makes the harness panic or believe what it should
//! not. The fuzz target includes this file.

use sprig::case::{Case, Hold, Profile};
use sprig::feature::{Feature, FeatureSet};
use sprig::judge::{Golden, Status, Subject, judge};
use sprig::report::Record as Report;
use sprig::rules::Rules;
use sprig::script;
use sprig::target::console::{Expected, Fault, Heard, Receiver};
use sprig::transcript::{Fate, RunResult, Transcript};
use sprig_isa::cpu::Cpu;
use sprig_wire::batch::{Batch, BatchBuilder, CaseParts};
use sprig_wire::frame::{self, LOG_CHUNK, Line, PAYLOAD, Record};
use sprig_wire::layout::{KEPT_BASE, KEPT_SIZE, LOG_SIZE};
use sprig_wire::log::{self, Entries, State};
use sprig_wire::{CRC, VERSION, bytecode};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;

/// Cases of the batch that the guest is thought to have.
const CASES: u32 = 3;

/// Whatever the bytes are, as each of the things they could be.
pub(crate) fn anything_goes(bytes: &[u8]) {
    decoders(bytes);
    as_batch(bytes);
    judged(&RunResult {
        fate: Fate::Ended,
        state: State::Ended as u16,
        last_step: None,
        entries: bytes.to_vec(),
        exits: None,
    });
    for console in [bytes.to_vec(), spoken(bytes)] {
        for (loud, shared) in [(false, false), (true, false), (false, true)] {
            heard(&console, loud, shared).iter().for_each(judged);
        }
    }
}

/// Each decoder of the protocol, on bytes that nobody encoded.
fn decoders(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = frame::decode(line, &mut [0; PAYLOAD]);
    }
    if let Ok((_, entries)) = log::open(bytes) {
        assert!(Entries::new(entries).count() <= entries.len());
    }
    assert!(Entries::new(bytes).count() <= bytes.len());
    let mut rest = bytes;
    while let Ok((_, used)) = bytecode::decode(rest) {
        assert!((1..=rest.len()).contains(&used), "{used} of {}", rest.len());
        rest = &rest[used..];
    }
    if let Ok(batch) = Batch::open(bytes) {
        assert!((0..batch.len()).filter(|index| batch.case(*index).is_ok()).count() <= bytes.len());
    }
}

/// A batch whose envelope is right: its cases have to come out as they went in, whatever is in them.
fn as_batch(bytes: &[u8]) {
    let (code, ops) = bytes.split_at(bytes.len() / 2);
    let code = code.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect();
    let parts = CaseParts { slots: 1, constants: vec![bytes.len() as u64], ops: ops.to_vec(), code };
    let mut builder = BatchBuilder::new(false);
    builder.push(CASES, &parts);
    // Larger than the guest's memory is no batch.
    let Ok(encoded) = builder.finish() else { return };
    let batch = Batch::open(&encoded).expect("its own encoding");
    let case = batch.case(0).expect("the case");
    assert_eq!((batch.len(), case.id, case.ops), (1, CASES, ops));
    assert!(batch.case(1).is_err());
}

/// A console whose frames are whole and in sequence, and say what the bytes choose.
fn spoken(bytes: &[u8]) -> Vec<u8> {
    let (mut console, mut sequence, mut entries) = (Vec::new(), 0u16, Vec::new());
    let mut rest = bytes.iter().copied();
    while let Some(choice) = rest.next() {
        let argument = rest.next().unwrap_or_default();
        let case = u32::from(argument) % (CASES + 1);
        let chunk: Vec<u8>;
        let record = match choice % 9 {
            0 => Record::Boot { version: VERSION + u16::from(argument >> 7), pvr: cpu().pvr, cases: CASES },
            1 => {
                entries.clear();
                Record::Case { case }
            }
            2 => Record::Step { case, step: choice.into() },
            3 => {
                let offset = entries.len() as u32 + u32::from(argument >> 7);
                chunk = rest.by_ref().take(usize::from(choice) % LOG_CHUNK).collect();
                entries.extend(&chunk);
                Record::Log { case, offset, bytes: &chunk }
            }
            4 => {
                let state = State::from_number(u16::from(choice >> 3)).unwrap_or(State::Ended);
                let checksum = CRC.checksum(&entries) + u32::from(argument >> 7);
                Record::End { case, state, step: choice.into(), length: entries.len() as u32, checksum }
            }
            5 => Record::Done,
            6 => {
                chunk = rest.by_ref().take(usize::from(argument) % PAYLOAD).collect();
                Record::Panic(&chunk)
            }
            7 => {
                let state = State::from_number(u16::from(choice >> 3)).unwrap_or(State::Ended);
                let (offset, length) = (u32::from(argument & 0xf), rest.next().unwrap_or_default().into());
                let there = MEMORY.get(offset as usize..(offset + length) as usize).unwrap_or(&[]);
                let checksum = CRC.checksum(there) + u32::from(argument >> 7);
                let offset = if argument & 0x40 == 0 { offset } else { KEPT_SIZE - offset };
                Record::Kept { case, state, step: choice.into(), offset, length, checksum }
            }
            // A firmware's text, or a frame that nothing is right of.
            _ => {
                console.extend(rest.by_ref().take(argument.into()));
                console.push(b'\n');
                continue;
            }
        };
        console.extend(Line::new(sequence, &record).as_bytes());
        sequence = sequence.wrapping_add(1);
    }
    console
}

/// What a guest has kept: entries of steps that ended without a value, the first bytes of them at least.
const MEMORY: &[u8] = &[0; 64];

/// The guest's memory, shorter than it should be.
fn memory() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = tempfile::tempfile().expect("a temporary file");
        file.write_all_at(MEMORY, KEPT_BASE.into()).expect("it can be written");
        file
    })
}

/// The results of a console; the same however its bytes arrive.
fn heard(console: &[u8], loud: bool, shared: bool) -> Vec<RunResult> {
    let memory = || shared.then(|| memory().try_clone().expect("a file can be opened twice"));
    let hear = |chunks: &mut dyn Iterator<Item = &[u8]>| -> (Vec<RunResult>, Result<bool, Fault>) {
        let mut receiver = Receiver::new(Expected { cpu: cpu(), cases: CASES, loud, hosted: false }, memory());
        let mut results = Vec::new();
        let mut last = Ok(Heard::default());
        for chunk in chunks {
            last = receiver.hear(chunk, &mut |result| results.push(result));
            if last.is_err() {
                break;
            }
        }
        receiver.end();
        let _ = (receiver.text().to_string(), receiver.interrupted(&Fate::Ended));
        (results, last.map(|heard| heard.done))
    };
    let whole = hear(&mut [console].into_iter());
    assert_eq!(whole, hear(&mut console.chunks(7)), "in pieces");
    let (results, end) = whole;
    assert!(results.len() <= CASES as usize && results.iter().all(|result| result.entries.len() <= LOG_SIZE as usize));
    if let Err(fault) = end {
        assert_ne!(fault.fate(), Fate::Ended);
    }
    results
}

/// What the judge and a report make of a result.
fn judged(result: &RunResult) {
    let (case, profile) = every_step();
    let rules = Rules::default();
    let golden = Golden::Missing;
    let verdict = judge(&Subject { case, result, profile, rules: &rules, expectation: None, golden });
    if Transcript::decode(case, result).is_err() {
        assert!(!matches!(verdict.status, Status::Pass | Status::Changed), "{:?} of a broken log", verdict.status);
    }
    let _ = Report::new("target", &case.name, "case.probe", verdict).explain();
}

fn cpu() -> &'static Cpu {
    Cpu::by_name("e500v2").expect("a CPU of the table")
}

/// A case with a step of each kind, so that there is something to get wrong.
fn every_step() -> &'static (Case, Profile) {
    static CASE: OnceLock<(Case, Profile)> = OnceLock::new();
    CASE.get_or_init(|| {
        let text = include_str!("../script/listings/every-step.probe");
        let source = script::source(Path::new("every-step.probe"), text.into());
        let script = source.and_then(script::parse).unwrap_or_else(|error| panic!("{error}"));
        let platform = [
            Feature::Hypercall,
            Feature::MagicPage,
            Feature::Host,
            Feature::Ioctl,
            Feature::Reset,
            Feature::External,
            Feature::Firmware,
        ];
        let features = FeatureSet::of_cpu(cpu()).union(FeatureSet::of(&platform));
        let profile = Profile { cpu: cpu(), features, hold: Hold::NO_HOST };
        (script.instances()[0].assemble(&profile).expect("nothing is missing"), profile)
    })
}
