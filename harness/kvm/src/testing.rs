//! A system without KVM: machines whose guests are closures, and what was said on its console.

mod vm;

pub(crate) use vm::{Act, FakeVm};

use crate::exit::{Exit, HEAD, Mmio};
use crate::system::{Errno, Failure, System};
use core::ops::Range;
use sprig_wire::CRC;
use sprig_wire::aside::{self, Page};
use sprig_wire::board::{CONSOLE, POWER_OFF, REGISTERS};
use sprig_wire::frame::{PAYLOAD, Record, decode};
use sprig_wire::layout::LOG_BASE;
use sprig_wire::log::{self, State};
use std::boxed::Box;
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

pub(crate) const ENODEV: Errno = Errno(sprig_wire::host::errno::ENODEV);
/// The PVR of every fake.
pub(crate) const PVR: u32 = 0x8021_0022;

/// The head of a `struct kvm_run` for an MMIO exit.
pub(crate) fn mmio(address: u64, length: u32, stored: Option<[u8; 8]>) -> [u8; HEAD] {
    let mut run = [0; HEAD];
    run[0x08..0x0c].copy_from_slice(&6u32.to_ne_bytes());
    run[0x20..0x28].copy_from_slice(&address.to_ne_bytes());
    run[0x28..0x30].copy_from_slice(&stored.unwrap_or_default());
    run[0x30..0x34].copy_from_slice(&length.to_ne_bytes());
    run[0x34] = stored.is_some().into();
    run
}

/// The head of a `struct kvm_run` for a hypervisor that does not know on.
pub(crate) fn unknown(hardware: u64) -> [u8; HEAD] {
    let mut run = [0; HEAD];
    run[0x20..0x28].copy_from_slice(&hardware.to_ne_bytes());
    run
}

/// An ELF file of one segment: these bytes at this address, and as many in memory.
pub(crate) fn elf(address: u32, data: &[u8], in_memory: u32) -> Vec<u8> {
    const HEADER: u32 = 52;
    const PROGRAM_HEADER: u32 = 32;
    let mut file = Vec::from(*b"\x7fELF\x01\x02\x01\0\0\0\0\0\0\0\0\0");
    file.extend([0, 2, 0, 20]);
    for word in [1, address, HEADER, 0, 0] {
        file.extend(u32::to_be_bytes(word));
    }
    for half in [HEADER as u16, PROGRAM_HEADER as u16, 1, 40, 0, 0] {
        file.extend(half.to_be_bytes());
    }
    let size = data.len() as u32;
    for word in [1, HEADER + PROGRAM_HEADER, address, address, size, in_memory, 7, 4] {
        file.extend(u32::to_be_bytes(word));
    }
    file.extend(data);
    file
}

/// A system.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) console: Vec<u8>,
    /// What the guests of the next machines do; the first machine only proves that there are any.
    pub(crate) guests: VecDeque<Vec<Act>>,
    /// KVM_CREATE_VM fails.
    pub(crate) has_no_kvm: bool,
    pub(crate) ticks: Rc<Cell<u32>>,
    /// Where frames are put aside.
    pub(crate) aside: Vec<Page>,
}

impl System for Fake {
    type Vm = FakeVm;

    fn create_vm(&mut self, kept: Range<usize>) -> Result<FakeVm, Failure> {
        if self.has_no_kvm {
            return Err(ENODEV.of("KVM_CREATE_VM"));
        }
        let acts = self.guests.pop_front().unwrap_or_default().into();
        let (ticks, counters) = (Rc::clone(&self.ticks), Vec::from([("mmio", 2)]));
        let mut vm = FakeVm { acts, ticks, counters, ..FakeVm::default() };
        // The worst that a machine before can have left.
        vm.ram[kept].fill(0xff);
        Ok(vm)
    }

    fn console(&mut self, bytes: &[u8]) {
        self.console.extend(bytes);
    }

    fn aside(&mut self) -> &mut [Page] {
        &mut self.aside
    }

    fn tick_soon(&mut self) {}

    fn ticks(&self) -> u32 {
        self.ticks.get()
    }
}

/// A record, with its own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Boot { pvr: u32, cases: u32 },
    Case(u32),
    Step(u32),
    Log(Vec<u8>),
    End { state: State, step: u32, length: u32, checksum: u32 },
    Done,
    Fate { hung: bool, how: String },
    Exits(String, u64),
    Unfit(String),
    Panic,
}

impl Said {
    pub(crate) fn log_bytes(&self) -> &[u8] {
        if let Self::Log(bytes) = self { bytes } else { &[] }
    }
}

impl Fake {
    /// Everything that was said; each frame has the next number.
    pub(crate) fn said(&self) -> Vec<Said> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(Vec::from).collect()
        };
        let there = |line: Vec<u8>| match decode(&line, &mut [0; PAYLOAD]) {
            Ok((_, Record::Aside { offset, length, checksum })) => {
                let pieces = aside::pieces(offset as usize, length as usize);
                let frames: Vec<u8> =
                    pieces.flat_map(|(page, at, size)| self.aside[page][at..at + size].to_vec()).collect();
                assert_eq!(CRC.checksum(&frames), checksum);
                lines(&frames)
            }
            _ => Vec::from([line]),
        };
        lines(&self.console)
            .into_iter()
            .flat_map(there)
            .enumerate()
            .map(|(index, line)| {
                let mut payload = [0; PAYLOAD];
                let (sequence, record) = decode(&line, &mut payload).expect("a frame");
                assert_eq!(usize::from(sequence), index);
                match record {
                    Record::Boot { pvr, cases, .. } => Said::Boot { pvr, cases },
                    Record::Case { case } => Said::Case(case),
                    Record::Step { step, .. } => Said::Step(step),
                    Record::Log { bytes, .. } => Said::Log(bytes.to_vec()),
                    Record::End { state, step, length, checksum, .. } => Said::End { state, step, length, checksum },
                    Record::Done => Said::Done,
                    Record::Fate { hung, how, .. } => Said::Fate { hung, how: text(how) },
                    Record::Exits { count, reason, .. } => Said::Exits(text(reason), count),
                    Record::Unfit(why) => Said::Unfit(text(why)),
                    Record::Panic(_) => Said::Panic,
                    Record::Kept { .. } | Record::Aside { .. } => panic!("nobody reads this host's memory"),
                }
            })
            .collect()
    }
}

/// The guest stores to a register of the board.
pub(crate) fn stores(offset: u32, length: usize, data: &[u8]) -> Act {
    let mut stored = [0; 8];
    stored[..data.len()].copy_from_slice(data);
    let access = Mmio { address: u64::from(REGISTERS + offset), length, stored: Some(stored) };
    Box::new(move |_| Ok(Exit::Mmio(access)))
}

/// The guest switches its machine off.
pub(crate) fn powers_off() -> Act {
    stores(POWER_OFF, 4, &[0; 4])
}

/// The guest prints bytes.
pub(crate) fn prints(bytes: &[u8]) -> Vec<Act> {
    bytes.iter().map(|byte| stores(CONSOLE, 1, &[*byte])).collect()
}

/// The guest writes its log, and leaves in the given way.
pub(crate) fn logs(case: u32, state: State, step: u32, entries: &[u8], exit: Result<Exit, Errno>) -> Act {
    let entries = Vec::from(entries);
    Box::new(move |vm| {
        let log = &mut vm.ram[LOG_BASE as usize..];
        let versions = u32::from(sprig_wire::VERSION) << 16 | state as u32;
        for (field, value) in log.chunks_exact_mut(4).zip([log::MAGIC, versions, case, step, entries.len() as u32]) {
            field.copy_from_slice(&value.to_be_bytes());
        }
        log[log::ENTRIES as usize..][..entries.len()].copy_from_slice(&entries);
        exit
    })
}
