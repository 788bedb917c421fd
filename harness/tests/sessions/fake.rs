//! The fake QEMU: takes the real one's arguments, reads the batch, and does what each case's first constant says. Where
//! it is given a root file system it plays a Linux host with its VMM.

use crate::stage::{self, Stage};
use rustix::fs::{FlockOperation, flock};
use sprig_isa::cpu::Cpu;
use sprig_wire::VERSION;
use sprig_wire::aside;
use sprig_wire::batch::Batch;
use sprig_wire::frame::{Line, Record};
use sprig_wire::layout::{BATCH_BASE, KEPT_BASE, KEPT_SIZE};
use sprig_wire::log::State;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write, stderr, stdout};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, abort, exit};
use std::time::Duration;

/// What a case does to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Does {
    Ends,
    ExitsWithStatus,
    IsKilled,
    PowersOff,
    HangsBusy,
    HangsIdle,
    HangsIdleInTheFirstSession,
    Floods,
    FloodsWithoutLines,
    GarblesALine,
    LosesALine,
    TruncatesTheLog,
    TruncatesALine,
    /// What it says is kept in memory is not there.
    KeepsNothing,
    /// What it says is kept comes after the memory it has.
    KeepsItElsewhere,
    StartsOver,
    GoesAstray,
    GivesUp,
    Complains,
    /// Only as a host: its kernel panics.
    PanicsTheHost,
    /// Only as a host: the case's machine ends, and the host goes on.
    EndsItsMachine,
}

impl Does {
    const ALL: [Self; 21] = [
        Self::Ends,
        Self::ExitsWithStatus,
        Self::IsKilled,
        Self::PowersOff,
        Self::HangsBusy,
        Self::HangsIdle,
        Self::HangsIdleInTheFirstSession,
        Self::Floods,
        Self::FloodsWithoutLines,
        Self::GarblesALine,
        Self::LosesALine,
        Self::TruncatesTheLog,
        Self::TruncatesALine,
        Self::KeepsNothing,
        Self::KeepsItElsewhere,
        Self::StartsOver,
        Self::GoesAstray,
        Self::GivesUp,
        Self::Complains,
        Self::PanicsTheHost,
        Self::EndsItsMachine,
    ];

    fn from_number(number: u64) -> Self {
        Self::ALL.into_iter().find(|does| *does as u64 == number).expect("a case of these tests")
    }
}

/// What is wrong with the machine itself.
pub(crate) mod sick {
    pub(crate) const REFUSES: &str = "refuses";
    pub(crate) const DIES_AT_ONCE: &str = "dies at once";
    pub(crate) const OTHER_CPU: &str = "other CPU";
    pub(crate) const NEVER_SPEAKS: &str = "never speaks";
    /// Of a host: its kernel panics before there is a VMM.
    pub(crate) const DOES_NOT_COME_UP: &str = "does not come up";
    /// Of a host: there is no /dev/kvm.
    pub(crate) const HAS_NO_KVM: &str = "has no KVM";
    /// Of a host: its kernel panics when the first guest is entered.
    pub(crate) const DIES_OF_ANY_GUEST: &str = "dies of any guest";
    /// Of a host: its kernel prints what it likes.
    pub(crate) const PRINTS_GARBAGE: &str = "prints garbage";
}

/// The step every case is in when it does what it does.
pub(crate) const STEP: u32 = 4;
/// The entries of every case that ends: no real ones, but the receiver does not look into them. They take more than one
/// frame.
pub(crate) const ENTRIES: &[u8] = &[b'e'; sprig_wire::frame::LOG_CHUNK + 9];

struct Guest {
    /// Its memory, if the harness reads it.
    memory: Option<File>,
    /// Bytes it has kept there.
    kept: u32,
    /// Bytes that it has put aside there, as a host.
    aside: usize,
    sequence: u16,
    session: usize,
    loud: bool,
    /// This is a host that speaks for its guests.
    hosted: bool,
    /// Its kernel prints between the frames.
    garbage: bool,
}

/// What a kernel prints that has too much to say.
const GARBAGE: &[u8] = b"[    1.000000] kvm: emulation at 920000 failed (7c7043a6)\n\xff\xfe\x1b[2J\n\n";
/// What a kernel prints when it dies.
const PANIC: &[u8] = b"[    1.000000] Oops: Exception in kernel mode, sig: 5 [#1]\n\
    [    1.000000] NIP [c002ee7c] kvmppc_handle_exit+0x240/0x808\n\
    [    1.000000] Kernel panic - not syncing: Fatal exception\n";

impl Guest {
    fn say(&mut self, record: &Record<'_>) {
        let line = Line::new(self.sequence, record);
        let line = line.as_bytes();
        // A host puts aside what is long.
        if self.hosted && matches!(record, Record::Log { .. }) && self.put_aside(line) {
            let (offset, length) = (self.aside as u32, line.len() as u32);
            let there = Record::Aside { offset, length, checksum: sprig_wire::CRC.checksum(line) };
            print(Line::new(self.sequence, &there).as_bytes());
            self.aside += line.len();
        } else {
            print(line);
        }
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Puts bytes into memory, in every other page; false if nobody reads it.
    fn put_aside(&self, mut bytes: &[u8]) -> bool {
        let Some(memory) = &self.memory else { return false };
        for (page, within, size) in aside::pieces(self.aside, bytes.len()) {
            let (piece, rest) = bytes.split_at(size);
            let start = (2 * page as u64 + 7) * aside::PAGE as u64;
            memory.write_all_at(&aside::head(page as u32), start).expect("the memory can be written");
            memory.write_all_at(piece, start + within as u64).expect("the memory can be written");
            bytes = rest;
        }
        true
    }

    fn boot(&mut self, cases: u32) {
        self.boot_as("e500v2", cases);
    }

    fn boot_as(&mut self, cpu: &str, cases: u32) {
        let pvr = Cpu::by_name(cpu).expect("a CPU").pvr;
        self.say(&Record::Boot { version: VERSION, pvr, cases });
    }

    fn log(&mut self, case: u32) {
        let mut offset = 0;
        for bytes in ENTRIES.chunks(sprig_wire::frame::LOG_CHUNK) {
            self.say(&Record::Log { case, offset, bytes });
            offset += bytes.len() as u32;
        }
    }

    fn end(&mut self, case: u32) {
        self.end_as(case, State::Ended, ENTRIES);
    }

    fn kept_at(&mut self, case: u32, offset: u32) {
        let (length, checksum) = (ENTRIES.len() as u32, sprig_wire::CRC.checksum(ENTRIES));
        self.say(&Record::Kept { case, state: State::Ended, step: STEP, offset, length, checksum });
    }

    /// Keeps the entries in memory; false if nobody reads it.
    fn keep(&mut self, case: u32) -> bool {
        let Some(memory) = self.memory.as_ref().filter(|_| !self.hosted) else { return false };
        memory.write_all_at(ENTRIES, u64::from(KEPT_BASE + self.kept)).expect("the memory can be written");
        self.kept_at(case, self.kept);
        self.kept += ENTRIES.len() as u32;
        true
    }

    fn end_as(&mut self, case: u32, state: State, entries: &[u8]) {
        let (length, checksum) = (entries.len() as u32, sprig_wire::CRC.checksum(entries));
        self.say(&Record::End { case, state, step: STEP, length, checksum });
    }

    fn case(&mut self, case: u32, cases: u32, does: Does) {
        self.say(&Record::Case { case });
        if self.loud {
            self.say(&Record::Step { case, step: STEP });
        }
        if self.garbage {
            print(GARBAGE);
        }
        if self.hosted {
            self.say(&Record::Exits { case, count: 3, reason: b"mmio" });
        }
        match does {
            Does::Ends => {}
            Does::PanicsTheHost => {
                print(PANIC);
                exit(0);
            }
            Does::EndsItsMachine => self.say(&Record::Fate { case, hung: false, how: b"KVM_RUN: errno 14" }),
            Does::ExitsWithStatus => exit(3),
            Does::IsKilled => abort(),
            Does::PowersOff => exit(0),
            Does::HangsBusy => loop {
                std::hint::spin_loop();
            },
            Does::HangsIdle => idle(),
            Does::HangsIdleInTheFirstSession => {
                if self.session == 1 {
                    Stage::at(folder()).signal(stage::HANGS);
                    idle();
                }
            }
            Does::Floods => loop {
                print(b"the same line again\n");
            },
            Does::FloodsWithoutLines => loop {
                print(b"no end of line, ");
            },
            Does::GarblesALine => {
                let line = Line::new(
                    self.sequence,
                    &Record::Log { case, offset: 0, bytes: ENTRIES.get(..9).unwrap_or(ENTRIES) },
                );
                self.sequence += 1;
                let mut bytes = line.as_bytes().to_vec();
                // The first character of the payload: '#', sequence, blank, verb, blank stand before it.
                bytes[8] = if bytes[8] == b'A' { b'B' } else { b'A' };
                print(&bytes);
            }
            Does::LosesALine => self.sequence += 1,
            Does::TruncatesTheLog => return self.end(case),
            Does::TruncatesALine => {
                print(b"#0002 L 00");
                exit(1);
            }
            Does::KeepsNothing => return self.kept_at(case, self.kept),
            Does::KeepsItElsewhere => return self.kept_at(case, KEPT_SIZE),
            Does::StartsOver => {
                self.sequence = 0;
                self.boot(cases);
            }
            Does::GoesAstray => {
                self.end_as(case, State::Stray, &[]);
                if self.hosted {
                    return;
                }
                exit(1);
            }
            Does::GivesUp => {
                self.say(&Record::Panic(b"no memory"));
                exit(0);
            }
            Does::Complains => {
                let _ = stderr().write_all(b"qemu: assertion failed\n");
                abort();
            }
        }
        if !self.keep(case) {
            self.log(case);
            self.end(case);
        }
    }
}

fn print(bytes: &[u8]) {
    // The reader is gone: so is the reason to go on.
    if stdout().write_all(bytes).and_then(|()| stdout().flush()).is_err() {
        exit(1);
    }
}

/// Sleeps as a machine does that waits for an interrupt. One that outlives its harness leaves a note.
fn idle() -> ! {
    let parent = rustix::process::getppid();
    let tick = Duration::from_millis(10);
    while rustix::process::getppid() == parent {
        std::thread::sleep(tick);
    }
    // The signal that ends an orphan is on its way when the parent changes; this is ample time for it.
    std::thread::sleep(100 * tick);
    let _ = std::fs::write(folder().join(stage::ORPHANED), "");
    exit(1);
}

/// The folder of the link this was started under: the stage.
fn folder() -> PathBuf {
    let program = PathBuf::from(std::env::args_os().next().expect("a program has a name"));
    program.parent().expect("started by its whole path").to_path_buf()
}

/// The file given by `-device loader,...,force-raw=on`.
fn batch_path(arguments: &[String]) -> Option<&Path> {
    arguments.windows(2).find_map(|pair| {
        let [option, value] = pair else { return None };
        let loader = value.strip_prefix("loader,file=").filter(|_| option == "-device")?;
        loader.strip_suffix(&format!(",addr={BATCH_BASE:#x},force-raw=on")).map(Path::new)
    })
}

/// The file given by `-object memory-backend-file`, if the batch says that it is read, or the VMM is told so; it is
/// shared, and the machine's memory.
fn memory(arguments: &[String], batch: &Batch<'_>) -> Option<File> {
    let backend = arguments.iter().find_map(|argument| argument.strip_prefix("memory-backend-file,id=memory,"));
    let is_told = arguments.iter().any(|argument| argument.ends_with(" aside=1"));
    assert_eq!(backend.is_some(), batch.keeps() || is_told, "{arguments:?}");
    let path =
        backend?.strip_prefix("size=134217728,share=on,mem-path=").expect("the size of ppce500's memory, a path");
    assert!(arguments.windows(2).any(|pair| pair == ["-machine", "memory-backend=memory"]), "{arguments:?}");
    Some(OpenOptions::new().read(true).write(true).open(path).expect("the memory can be opened"))
}

/// The batch in a root file system that has what the VMM expects.
fn batch_in(mut archive: &[u8]) -> Vec<u8> {
    let (mut names, mut batch) = (Vec::new(), Vec::new());
    loop {
        let mut reader = cpio::newc::Reader::new(archive).expect("an entry");
        if reader.entry().is_trailer() {
            break;
        }
        names.push(reader.entry().name().to_owned());
        if reader.entry().name() == "batch" {
            reader.read_to_end(&mut batch).expect("the batch can be read");
        }
        archive = reader.finish().expect("the next entry");
    }
    assert_eq!(names, ["dev", "dev/console", "dev/kvm", "init", "guest.elf", "batch"]);
    batch
}

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let stage = Stage::at(folder());
    if arguments == ["--version"] {
        let version = stage.read(stage::VERSION).unwrap_or_else(|| "10.0.2".to_owned());
        println!("QEMU emulator version {version} (fake)");
        return ExitCode::SUCCESS;
    }
    // Held as long as this process lives.
    let alive = File::open(stage.path(stage::ALIVE)).expect("the stage is set");
    flock(&alive, FlockOperation::LockShared).expect("nobody else holds it while this runs");
    let sick = stage.read(stage::SICK).unwrap_or_default();
    if sick == sick::REFUSES {
        eprintln!("qemu-system-ppc: unsupported machine type");
        return ExitCode::FAILURE;
    }
    let root = arguments.iter().position(|argument| argument == "-initrd").map(|at| arguments[at + 1].as_str());
    // The VMM is given the guest image, the batch and the watchdog's patience.
    let vmm = match &arguments[..] {
        [guest, batch, patience] if guest.ends_with("/guest.elf") && patience == "patience=300" => Some(batch.as_str()),
        _ => None,
    };
    let hosted = root.is_some() || vmm.is_some();
    let bytes = match root {
        None if vmm.is_some() => std::fs::read(vmm.unwrap_or_default()).expect("the batch can be read"),
        Some(root) => batch_in(&std::fs::read(root).expect("the root file system can be read")),
        None => std::fs::read(batch_path(&arguments).expect("a batch")).expect("the batch can be read"),
    };
    let batch = Batch::open(&bytes).expect("a batch");
    let loud = if batch.is_loud() { " loud" } else { "" };
    let mut log = OpenOptions::new().append(true).open(stage.path(stage::SESSIONS)).expect("the stage is set");
    log.write_all(format!("{}{loud}\n", batch.len()).as_bytes()).expect("the stage can be written");
    let session = stage.sessions().len();
    println!("firmware: hello");
    let garbage = sick == sick::PRINTS_GARBAGE;
    let memory = memory(&arguments, &batch);
    let mut guest = Guest { memory, kept: 0, aside: 0, sequence: 0, session, loud: batch.is_loud(), hosted, garbage };
    match &*sick {
        sick::DOES_NOT_COME_UP => {
            print(PANIC);
            exit(0);
        }
        sick::HAS_NO_KVM => {
            guest.say(&Record::Unfit(b"no KVM: open /dev/kvm: errno 2"));
            exit(0);
        }

        sick::DIES_AT_ONCE => abort(),
        sick::NEVER_SPEAKS => idle(),
        sick::OTHER_CPU => guest.boot_as("750", batch.len()),
        _ => guest.boot(batch.len()),
    }
    for index in 0..batch.len() {
        let case = batch.case(index).expect("a case");
        let does = Does::from_number(case.constants().next().unwrap_or(Does::Ends as u64));
        let does = if sick == sick::DIES_OF_ANY_GUEST { Does::PanicsTheHost } else { does };
        guest.case(index, batch.len(), does);
    }
    guest.say(&Record::Done);
    // A machine whose power-off does not work: the harness must not wait for it.
    idle()
}
