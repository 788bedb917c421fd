//! The VMM: runs a batch of cases on /dev/kvm, a virtual machine for each, and reports over standard output.
//!
//! ```text
//!   L1, Linux:  kernel --execs--> /init = this program --ioctls--> /dev/kvm --> L2, the guest kernel
//!                                   reads /guest.elf, /batch
//!                                   frames --> /dev/console --> the harness
//! ```
//!
//! As process 1 it mounts nothing, takes its files from the initial root file system and ends by restarting the
//! machine; what the kernel's command line has after `--` are its options ([`sprig_kvm::options`]). By hand it is
//! `sprig-vmm GUEST.elf BATCH [OPTION...]`, on any host that has /dev/kvm: it prints its label first, for later readers
//! of the log, and leaves the machine alone. Without libc, and without a floating-point instruction: KVM-HV loses a
//! user's floating-point registers over KVM_RUN.
//!
//! Only system calls are here; what they are for is [`sprig_kvm`].
#![no_std]
#![no_main]

mod beside;
mod entry;
mod file;
mod kernel;
mod linux;
mod memory;
mod panic;
mod pieces;
mod signals;
mod vm;

use core::ffi::CStr;
use core::ops::Range;
use entry::Arguments;
use kernel::Kvm;
use sprig_kvm::machine::SetupError;
use sprig_kvm::options::{Kind, Options};
use sprig_kvm::report::Text;
use sprig_kvm::returns::Returns;
use sprig_kvm::session::Job;
use sprig_kvm::system::{Failure, System};
use sprig_wire::aside::{PAGES, Page};
use vm::Machine;

/// Where process 1 finds the guest image.
const IMAGE: &CStr = c"/guest.elf";
/// And the batch.
const BATCH: &CStr = c"/batch";

/// Exit status where nothing, or not everything, could be run.
const FAILED: usize = 1;
/// Exit status where the command line is wrong.
const USAGE: usize = 2;
/// What a command line is.
const USAGE_TEXT: &[u8] =
    b"usage: sprig-vmm GUEST.elf BATCH [patience=TENTHS_OF_A_SECOND] [counted=1] [aside=1] [type=NUMBER] [pvr=0xNUMBER] [papr=1] [radix=1] [label=TEXT]\n";

/// The system calls behind [`sprig_kvm::session`].
struct Linux {
    kind: Kind,
    page_size: usize,
    kvm: Option<Kvm>,
    aside: &'static mut [Page],
}

impl System for Linux {
    type Vm = Machine;

    fn create_vm(&mut self, kept: Range<usize>) -> Result<Machine, Failure> {
        let kvm = match self.kvm {
            Some(kvm) => kvm,
            None => *self.kvm.insert(Kvm::open(self.kind, self.page_size)?),
        };
        Machine::new(kvm, kept)
    }

    fn console(&mut self, bytes: &[u8]) {
        if !linux::write_all(linux::STDOUT, bytes) && !linux::is_process_1() {
            // What is written to has no room, or nobody reads it: running the rest would be for nothing. The log tells
            // where it ends.
            linux::write_all(linux::STDERR, b"sprig-vmm: the log cannot be written\n");
            linux::exit(FAILED);
        }
        linux::drain(linux::STDOUT);
    }

    fn aside(&mut self) -> &mut [Page] {
        self.aside
    }

    fn tick_soon(&mut self) {
        signals::tick_soon();
    }

    fn ticks(&self) -> u32 {
        signals::ticks()
    }
}

/// Called by the entry code.
fn main(arguments: &Arguments) -> usize {
    let is_init = linux::is_process_1();
    let (files, first_option) =
        if is_init { (Some((IMAGE, BATCH)), 1) } else { (arguments.get(1).zip(arguments.get(2)), 3) };
    let Some((image, batch)) = files else { return wrong_usage(None) };
    let options = match options(arguments, first_option) {
        Ok(options) => options,
        // The end of process 1 is the end of the kernel: whoever listens is told why.
        Err(argument) if is_init => panic::end(format_args!("the VMM knows no option {argument}")),
        Err(argument) => return wrong_usage(Some(argument)),
    };
    if let Some(label) = options.label {
        // What used the console before may have left it in the middle of a line.
        linux::write_all(linux::STDOUT, b"\n");
        linux::write_all(linux::STDOUT, label.as_bytes());
        linux::write_all(linux::STDOUT, b"\n");
    }
    // What one machine leaves in the CPU's registers the next one finds.
    linux::stay_on_this_cpu();
    signals::install();
    let status = match session(image, batch, options, arguments.page_size()) {
        Ok(()) => 0,
        Err(()) => FAILED,
    };
    if is_init {
        linux::restart();
    }
    status
}

/// Tells whoever started this by hand which argument is none, if it is one, and what a command line is. The exit
/// status.
fn wrong_usage(argument: Option<&str>) -> usize {
    if let Some(argument) = argument {
        for part in ["sprig-vmm: there is no option ", argument, "\n"] {
            linux::write_all(linux::STDERR, part.as_bytes());
        }
    }
    linux::write_all(linux::STDERR, USAGE_TEXT);
    USAGE
}

/// The arguments from the one with this number on.
///
/// # Errors
/// The first that is no option.
fn options(arguments: &Arguments, first: usize) -> Result<Options<'_>, &str> {
    // What is no text is no option either.
    Options::parse(
        (first..).map_while(|index| arguments.get(index)).map(|argument| argument.to_str().unwrap_or_default()),
    )
}

fn session(image: &CStr, batch: &CStr, options: Options<'_>, page_size: usize) -> Result<(), ()> {
    let files = file::read(image).and_then(|image| Ok((image, file::read(batch)?)));
    let (image, batch) = files.map_err(|failure| {
        panic::unfit(&failure);
        complain(&SetupError::Call(failure));
    })?;
    let job = Job { image, batch, patience: options.patience, counted: options.counted };
    let aside = if options.aside { aside() } else { &mut [] };
    let mut system = Linux { kind: options.kind, page_size, kvm: None, aside };
    sprig_kvm::session::run(&mut system, job, returns()).map_err(|error| complain(&error))
}

/// Tells a user who started this by hand why nothing was run: the frame that says it is not for reading.
fn complain(error: &SetupError) {
    if linux::is_process_1() {
        return;
    }
    let write = |text: &[u8]| linux::write_all(linux::STDERR, text);
    write(b"sprig-vmm: ");
    write(Text::of(error).as_bytes());
    if let Some(advice) = error.advice() {
        write(b"\n  ");
        write(advice.as_bytes());
    }
    write(b"\n");
}

/// Room for what is noted of a case: too large for the stack.
fn returns() -> &'static mut Returns {
    static mut RETURNS: Returns = Returns::new();
    let place = &raw mut RETURNS;
    // SAFETY: called once, before another process shares this memory (`beside`); nothing else names the static.
    unsafe { &mut *place }
}

/// Memory in which frames are put aside. Of what is not used the kernel has no pages.
fn aside() -> &'static mut [Page] {
    #[repr(align(4096))]
    struct Aligned([Page; PAGES]);
    static mut ASIDE: Aligned = Aligned([[0; sprig_wire::aside::PAGE]; PAGES]);
    let place = &raw mut ASIDE;
    // SAFETY: as for `returns`.
    unsafe { &mut (*place).0 }
}
