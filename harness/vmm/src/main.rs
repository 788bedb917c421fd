//! The VMM: runs a batch of cases on /dev/kvm, a virtual machine for each, and reports over standard output.
//!
//! ```text
//!   L1, Linux:  kernel --execs--> /init = this program --ioctls--> /dev/kvm --> L2, the guest kernel
//!                                   reads /guest.elf, /batch
//!                                   frames --> /dev/console --> the harness
//! ```
//!
//! As process 1 it mounts nothing, takes its files from the initial root file system and ends by restarting the machine; what
//! the kernel's command line has behind `--` is the watchdog's patience. By hand it is `sprig-vmm GUEST.elf BATCH [PATIENCE]`,
//! on any host that has /dev/kvm. Without libc, and without a floating-point
//! instruction: KVM-HV loses a user's floating-point registers over KVM_RUN.
//!
//! Only system calls are here; what they are for is [`sprig_kvm`].
#![no_std]
#![no_main]

mod entry;
mod file;
mod linux;
mod memory;
mod panic;
mod signals;
mod vm;

use core::ffi::CStr;
use entry::Arguments;
use sprig_kvm::returns::Returns;
use sprig_kvm::session::Job;
use sprig_kvm::system::{Failure, System};
use sprig_kvm::watchdog::PATIENCE;
use vm::{Kvm, Machine};

/// Where process 1 finds the guest image.
const IMAGE: &CStr = c"/guest.elf";
/// And the batch.
const BATCH: &CStr = c"/batch";

/// Exit status where nothing, or not everything, could be run.
const FAILED: usize = 1;
/// Exit status where the command line is wrong.
const USAGE: usize = 2;

/// The system calls behind [`sprig_kvm::session`].
struct Linux {
    kvm: Option<Kvm>,
}

impl System for Linux {
    type Vm = Machine;

    fn create_vm(&mut self) -> Result<Machine, Failure> {
        let kvm = match self.kvm {
            Some(kvm) => kvm,
            None => *self.kvm.insert(Kvm::open()?),
        };
        Machine::new(kvm)
    }

    fn console(&mut self, bytes: &[u8]) {
        linux::write_all(linux::STDOUT, bytes);
        linux::drain(linux::STDOUT);
    }

    fn ticks(&self) -> u32 {
        signals::ticks()
    }
}

/// Called by the entry code.
fn main(arguments: &Arguments) -> usize {
    let is_init = linux::is_process_1();
    let (files, patience) = if is_init {
        (Some((IMAGE, BATCH)), arguments.get(1))
    } else {
        (arguments.get(1).zip(arguments.get(2)), arguments.get(3))
    };
    let patience = patience.map_or(Some(PATIENCE), |argument| argument.to_str().ok()?.parse().ok());
    let (Some((image, batch)), Some(patience)) = (files, patience) else {
        linux::write_all(linux::STDERR, b"usage: sprig-vmm GUEST.elf BATCH [PATIENCE]\n");
        return USAGE;
    };
    signals::install();
    let status = match session(image, batch, patience) {
        Ok(()) => 0,
        Err(()) => FAILED,
    };
    if is_init {
        linux::restart();
    }
    status
}

fn session(image: &CStr, batch: &CStr, patience: u32) -> Result<(), ()> {
    let files = file::read(image).and_then(|image| Ok((image, file::read(batch)?)));
    let (image, batch) = files.map_err(|failure| panic::unfit(&failure))?;
    sprig_kvm::session::run(&mut Linux { kvm: None }, Job { image, batch, patience }, returns()).map_err(|_| ())
}

/// Room for what is noted of a case: too large for the stack.
fn returns() -> &'static mut Returns {
    static mut RETURNS: Returns = Returns::new();
    // SAFETY: called once, by the only thread.
    unsafe { &mut *(&raw mut RETURNS) }
}
