//! Another machine at the same time: in a process of its own, which alternates with this one on the CPU as the host's
//! scheduler decides.
//!
//! ```text
//!   one address space:   | ... this program's ... | Shared |   <- stack of the other process |
//!                                                     ^ both: the machine, what it has seen; "end"
//! ```
//!
//! A process and not a thread: what belongs to a process, like its timer and its vCPU, stays apart. But KVM runs a
//! machine only in the address space of the process that made it.

use crate::linux::{self, Backing};
use crate::memory::Mapping;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use sprig_kvm::other_vm::{ETIME, OtherVm, PATIENCE};
use sprig_kvm::system::{EINTR, Failure, Vm};

/// Bytes of the other process's stack, with what both share.
const MEMORY: usize = 64 << 10;

struct Shared<V> {
    machine: OtherVm<V>,
    is_to_end: AtomicBool,
    /// What has come of it, once the process has ended.
    outcome: Option<Result<u64, Failure>>,
}

/// The other process.
pub(crate) struct Beside<V> {
    memory: Mapping,
    process: usize,
    machine: PhantomData<OtherVm<V>>,
}

impl<V: Vm> Beside<V> {
    pub(crate) fn start(machine: OtherVm<V>) -> Result<Self, Failure> {
        let memory = Mapping::new(MEMORY, Backing::Nothing).map_err(|errno| errno.of("mmap of memory"))?;
        let shared = memory.at::<Shared<V>>(0);
        // SAFETY: new memory, whole pages, of which the stack does not need the lowest; `end` drops what is written.
        let process = unsafe {
            shared.write(Shared { machine, is_to_end: AtomicBool::new(false), outcome: None });
            linux::start_beside(memory.address() + MEMORY, run::<V>, shared as usize)
        };
        match process {
            Ok(process) => Ok(Self { memory, process, machine: PhantomData }),
            Err(errno) => {
                // SAFETY: written above, and used by nothing else.
                unsafe { ptr::drop_in_place(shared) };
                Err(errno.of("clone"))
            }
        }
    }

    /// Has it end; what has come of it.
    pub(crate) fn end(self) -> Result<u64, Failure> {
        let shared = self.memory.at::<Shared<V>>(0);
        // SAFETY: the other process only reads it.
        unsafe { (*shared).is_to_end.store(true, Relaxed) };
        let mut ticks = 0;
        while linux::wait_for(self.process) == Err(EINTR) {
            ticks += 1;
            if ticks == PATIENCE {
                linux::kill(self.process);
            }
        }
        // SAFETY: the other process is no more.
        let Shared { outcome, .. } = unsafe { shared.read() };
        outcome.unwrap_or(Err(ETIME.of("turns of the other machine")))
    }
}

/// The other process from its beginning to its end.
extern "C" fn run<V: Vm>(shared: usize) -> ! {
    let shared = shared as *mut Shared<V>;
    // SAFETY: until this has ended, the process that has started it only stores to `is_to_end`.
    unsafe {
        let outcome = (*shared).machine.run_until(&(*shared).is_to_end);
        (*shared).outcome = Some(outcome);
    }
    linux::exit(0)
}
