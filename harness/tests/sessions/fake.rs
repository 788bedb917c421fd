//! The fake QEMU: takes the real one's arguments, reads the batch, and does what each case's first constant says.

use crate::stage::{self, Stage};
use rustix::fs::{FlockOperation, flock};
use sprig_isa::cpu::Cpu;
use sprig_wire::VERSION;
use sprig_wire::batch::Batch;
use sprig_wire::frame::{Line, Record};
use sprig_wire::log::State;
use std::fs::{File, OpenOptions};
use std::io::{Write, stderr, stdout};
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
    StartsOver,
    GoesAstray,
    GivesUp,
    Complains,
}

impl Does {
    const ALL: [Self; 17] = [
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
        Self::StartsOver,
        Self::GoesAstray,
        Self::GivesUp,
        Self::Complains,
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
}

/// The step every case is in when it does what it does.
pub(crate) const STEP: u32 = 4;
/// The entries of every case that ends.
pub(crate) const ENTRIES: &[u8] =
    b"these are not entries, but the receiver does not look into them. They take more than one frame.";

struct Guest {
    sequence: u16,
    session: usize,
    loud: bool,
}

impl Guest {
    fn say(&mut self, record: &Record<'_>) {
        let line = Line::new(self.sequence, record);
        self.sequence = self.sequence.wrapping_add(1);
        print(line.as_bytes());
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

    fn end_as(&mut self, case: u32, state: State, entries: &[u8]) {
        let (length, checksum) = (entries.len() as u32, sprig_wire::CRC.checksum(entries));
        self.say(&Record::End { case, state, step: STEP, length, checksum });
    }

    fn case(&mut self, case: u32, cases: u32, does: Does) {
        self.say(&Record::Case { case });
        if self.loud {
            self.say(&Record::Step { case, step: STEP });
        }
        match does {
            Does::Ends => {}
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
                print(&line.as_bytes().iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect::<Vec<_>>());
            }
            Does::LosesALine => self.sequence += 1,
            Does::TruncatesTheLog => return self.end(case),
            Does::TruncatesALine => {
                print(b"#0002 L 00");
                exit(1);
            }
            Does::StartsOver => {
                self.sequence = 0;
                self.boot(cases);
            }
            Does::GoesAstray => {
                self.end_as(case, State::Stray, &[]);
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
        self.log(case);
        self.end(case);
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
        loader.strip_suffix(",addr=0x400000,force-raw=on").map(Path::new)
    })
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
    let bytes = std::fs::read(batch_path(&arguments).expect("a batch")).expect("the batch can be read");
    let batch = Batch::open(&bytes).expect("a batch");
    let loud = if batch.is_loud() { " loud" } else { "" };
    let mut log = OpenOptions::new().append(true).open(stage.path(stage::SESSIONS)).expect("the stage is set");
    log.write_all(format!("{}{loud}\n", batch.len()).as_bytes()).expect("the stage can be written");
    let session = stage.sessions().len();
    println!("firmware: hello");
    let mut guest = Guest { sequence: 0, session, loud: batch.is_loud() };
    match &*sick {
        sick::DIES_AT_ONCE => abort(),
        sick::NEVER_SPEAKS => idle(),
        sick::OTHER_CPU => guest.boot_as("750", batch.len()),
        _ => guest.boot(batch.len()),
    }
    for index in 0..batch.len() {
        let case = batch.case(index).expect("a case");
        guest.case(index, batch.len(), Does::from_number(case.constants().next().unwrap_or(Does::Ends as u64)));
    }
    guest.say(&Record::Done);
    // A machine whose power-off does not work: the harness must not wait for it.
    idle()
}
