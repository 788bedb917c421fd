//! Records and logs to the byte: their limits, their numbers, and what is malformed.
#![cfg(feature = "alloc")]
#![allow(missing_docs)]

use sprig_wire::frame::{self, EXIT_REASON, FATE_TEXT, LINE, LOG_CHUNK, Line, PAYLOAD, Record};
use sprig_wire::log::{self, Entries, Header, Interrupt, Kind, NO_STEP, State, Width};
use sprig_wire::{CRC, Malformed, VERSION};

const STATES: [State; 8] = [
    State::Idle,
    State::Running,
    State::Ended,
    State::Stray,
    State::BadBytecode,
    State::Full,
    State::Unsupported,
    State::Resetting,
];

/// What is left of a record that was sent.
fn received(record: &Record<'_>, tell: impl FnOnce(&Record<'_>)) {
    let line = Line::new(0, record);
    let text = line.as_bytes().strip_suffix(b"\n").expect("ends with a newline");
    tell(&frame::decode(text, &mut [0; PAYLOAD]).expect("a frame").1);
}

#[test]
fn the_longest_line_has_room_for_the_longest_payload_and_no_more() {
    let record = Record::Log { case: 1, offset: 2, bytes: &[0xa5; LOG_CHUNK] };
    assert_eq!(Line::new(u16::MAX, &record).as_bytes().len(), LINE);
    received(&record, |seen| assert_eq!(*seen, record));
}

/// Where a kind stands in the list below: a new one has no place until it is listed.
fn place(record: &Record<'_>) -> usize {
    match record {
        Record::Boot { .. } => 0,
        Record::Case { .. } => 1,
        Record::Step { .. } => 2,
        Record::Log { .. } => 3,
        Record::End { .. } => 4,
        Record::Kept { .. } => 5,
        Record::Done => 6,
        Record::Panic(_) => 7,
        Record::Fate { .. } => 8,
        Record::Exits { .. } => 9,
        Record::Unfit(_) => 10,
        Record::Aside { .. } => 11,
    }
}

#[test]
fn each_record_is_received_as_it_was_sent() {
    let (case, step, state, checksum) = (0x0102_0304, 0x0506_0708, State::Full, 0x8765_4321);
    let records = [
        Record::Boot { version: VERSION, pvr: 0x8021_0030, cases: 7 },
        Record::Case { case },
        Record::Step { case, step },
        Record::Log { case, offset: 9, bytes: b"entries" },
        Record::End { case, state, step, length: 10, checksum },
        Record::Kept { case, state, step, offset: 11, length: 12, checksum },
        Record::Done,
        Record::Panic(b"no memory"),
        Record::Fate { case, hung: true, how: b"no progress" },
        Record::Exits { case, count: 1 << 40, reason: b"mmio" },
        Record::Unfit(b"no KVM"),
        Record::Aside { offset: 13, length: 14, checksum },
    ];
    assert!(records.iter().map(place).eq(0..12));
    for record in records {
        received(&record, |seen| assert_eq!(*seen, record));
    }
}

#[test]
fn text_that_is_too_long_is_cut_where_the_payload_ends() {
    let long = [b'x'; 2 * PAYLOAD];
    received(&Record::Panic(&long), |seen| assert_eq!(*seen, Record::Panic(&long[..PAYLOAD])));
    received(&Record::Unfit(&long), |seen| assert_eq!(*seen, Record::Unfit(&long[..PAYLOAD])));
    for hung in [false, true] {
        let fate = |how| Record::Fate { case: 9, hung, how };
        received(&fate(&long), |seen| assert_eq!(*seen, fate(&long[..FATE_TEXT])));
    }
    let exits = |reason| Record::Exits { case: 9, count: 1 << 33, reason };
    received(&exits(&long), |seen| assert_eq!(*seen, exits(&long[..EXIT_REASON])));
    let log = |bytes| Record::Log { case: 9, offset: 4, bytes };
    received(&log(&long), |seen| assert_eq!(*seen, log(&long[..LOG_CHUNK])));
}

#[test]
fn a_frame_is_written_as_it_is_described() {
    let line = Line::new(0x0a1f, &Record::Case { case: 1 });
    let covered = "0a1f C AAAAAQ";
    let expected = format!("#{covered} {:08x}\n", CRC.checksum(covered.as_bytes()));
    assert_eq!(std::str::from_utf8(line.as_bytes()), Ok(&*expected));
}

/// A frame with this between `#` and its checksum.
fn framed(covered: &str) -> Vec<u8> {
    format!("#{covered} {:08x}", CRC.checksum(covered.as_bytes())).into_bytes()
}

#[test]
fn what_is_no_frame_is_malformed_however_right_its_checksum() {
    let decode = |line: &[u8]| frame::decode(line, &mut [0; PAYLOAD]).map(|(sequence, _)| sequence);
    assert_eq!(decode(&framed("00ff D ")), Ok(0xff));
    for covered in ["00fF D ", "0g00 D ", "00ff D", "00ff  D ", "00ff Q ", "00ff C AAAA", "00ff D AA", "00ff C !"] {
        assert!(decode(&framed(covered)).is_err(), "{covered}");
    }
    let mut other = framed("00ff D ");
    other[0] = b'$';
    assert_eq!(decode(&other), Err(Malformed { what: "frame", at: 0 }));
    let state = framed("0000 E AAAAAAAJAAAAAAAAAAAAAAAAAAA");
    assert!(decode(&state).is_err(), "a state that there is not");
    assert!(decode(b"#").is_err() && decode(b"").is_err());
}

#[test]
fn a_state_has_the_number_it_is_sent_as() {
    for (number, state) in (0..).zip(STATES) {
        assert_eq!((state as u16, State::from_number(number)), (number, Some(state)));
        let end = Record::End { case: 1, state, step: 2, length: 3, checksum: 4 };
        received(&end, |seen| assert_eq!(*seen, end));
    }
    assert_eq!(State::from_number(STATES.len() as u16), None);
}

#[test]
fn only_a_guest_of_this_version_is_understood() {
    assert!(frame::is_our_version(VERSION) && !frame::is_our_version(VERSION + 1));
}

#[test]
fn before_the_first_step_none_has_begun() {
    assert_eq!([NO_STEP, 0, 1, 7].map(log::begun), [None, Some(0), Some(1), Some(7)]);
}

/// A log in memory: its header, by what is in it, these entries, and something after.
fn memory(magic: u32, version: u16, state: u16, length: u32, entries: &[u8]) -> Vec<u8> {
    let mut bytes = [&magic.to_be_bytes()[..], &version.to_be_bytes(), &state.to_be_bytes()].concat();
    for number in [5, 6, length] {
        bytes.extend(u32::to_be_bytes(number));
    }
    bytes.resize(log::ENTRIES as usize, 0xee);
    bytes.extend(entries);
    bytes
}

#[test]
fn a_log_is_opened_if_it_is_one_of_this_version_and_all_there() {
    let ended = State::Ended as u16;
    let good = memory(log::MAGIC, VERSION, ended, 3, b"abcd");
    let header = Header { state: State::Ended, case: 5, step: 6, length: 3 };
    assert_eq!(log::open(&good), Ok((header, &b"abc"[..])));
    let bad = [
        ("magic", memory(log::MAGIC + 1, VERSION, ended, 3, b"abcd")),
        ("version", memory(log::MAGIC, VERSION + 1, ended, 3, b"abcd")),
        ("state", memory(log::MAGIC, VERSION, 99, 3, b"abcd")),
        ("length", memory(log::MAGIC, VERSION, ended, 5, b"abcd")),
        ("header", good[..19].to_vec()),
    ];
    for (what, bytes) in bad {
        assert!(log::open(&bytes).is_err(), "{what}");
    }
}

#[test]
fn each_kind_of_entry_is_told_from_the_others() {
    let kinds = [Kind::Completed, Kind::Exception, Kind::Stray, Kind::Overflow, Kind::GivenUp];
    for (number, kind) in (0..).zip(kinds) {
        assert_eq!(kind as u8, number);
        let has_exception = matches!(kind, Kind::Exception | Kind::Stray);
        let interrupt = Interrupt { exception: 4, syndrome: 0, srr0: 0, srr1: 0, dar: 0 };
        for (width, bytes) in [(Width::Narrow, 4), (Width::Wide, 8)] {
            let described = if has_exception { [&[4, 0, 0, 0][..], &vec![0; 4 * bytes]].concat() } else { vec![] };
            let mut values = vec![0; 2 * bytes];
            values[2 * bytes - 1] = 9;
            let bytes = [&[0, 7, width.with_kind(kind), 2][..], &described, &values].concat();
            let entries: Vec<_> = Entries::new(&bytes).collect::<Result<_, _>>().expect("well formed");
            let [entry] = entries[..] else { panic!("one entry") };
            assert_eq!((entry.step, entry.kind, entry.size), (7, kind, bytes.len()));
            assert_eq!(entry.interrupt, has_exception.then_some(interrupt));
            assert!(entry.values().eq([0, 9]), "{kind:?}");
        }
    }
    assert!(Entries::new(&[0, 7, 5, 0]).next().is_some_and(|entry| entry.is_err()));
}

#[test]
fn values_of_64_bits_keep_their_upper_halves_though_these_are_alike() {
    let values = [0x0000_0001_2345_6789, 0x0000_0001_2345_6789];
    let bytes = log::encode(7, Kind::Completed, None, &values);
    let read = Entries::new(&bytes).next().expect("an entry").expect("well formed");
    assert!(read.values().eq(values));
}

#[test]
fn entries_end_at_the_first_that_is_none() {
    let bytes = [0, 1, 0, 0, 0, 2, 9, 0, 0, 3, 0, 0];
    let steps: Vec<_> = Entries::new(&bytes).map(|entry| entry.map(|entry| entry.step).ok()).collect();
    assert_eq!(steps, [Some(1), None]);
}

#[test]
fn an_interrupt_of_the_largest_numbers_takes_the_most_bytes() {
    let entry = [&[0, 7, Width::Wide.with_kind(Kind::Exception), 0, 9, 0, 0, 0][..], &[0; 4], &[0xff; 28]].concat();
    let read = Entries::new(&entry).next().expect("an entry").expect("well formed");
    assert_eq!(read.size, log::ENTRY_HEADER + Interrupt::MOST);
    let most = Interrupt { exception: 9, syndrome: u32::MAX, srr0: u64::MAX, srr1: u64::MAX, dar: u64::MAX };
    assert_eq!(read.interrupt, Some(most));
}
