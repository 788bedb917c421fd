//! The platforms: what is outside the CPU. One image each, chosen by a cargo feature.
//!
//! | feature | file | started by | console | power-off |
//! |---|---|---|---|---|
//! | `board` | `board.rs` | the reference hypervisor, the KVM VMM | a register | a register, with a status |
//! | `ppce500` | `ppce500.rs` | QEMU `-M ppce500 -kernel` | 16550 in CCSR | GPIO pin 0 |
//! | `bamboo` | `bamboo.rs` | QEMU `-M bamboo -no-reboot -kernel` | 16550 | system reset |
//! | `mac` | `mac.rs` | QEMU `-M mac99 -device loader,cpu-num=0`, or `-kernel` through OpenBIOS | ESCC | CUDA |
//! | `pseries` | `pseries.rs` | QEMU `-M pseries,x-vof=on,kernel-addr=0 -kernel` | H_PUT_TERM_CHAR | RTAS power-off |
//!
//! [`Platform`] says what each has to provide; a new one starts as a copy of the one nearest to it.

use crate::address::IoWindow;
use sprig_interpreter::{CallResult, Unsupported};
use sprig_isa::cpu::{CPUS, Cpu};

/// r3 to r7 as they were at entry.
#[derive(Clone, Copy)]
#[allow(dead_code)] // which registers mean something depends on the platform
pub(crate) struct EntryRegisters {
    pub(crate) r3: u32,
    pub(crate) r4: u32,
    pub(crate) r5: u32,
    pub(crate) r6: u32,
    pub(crate) r7: u32,
}

#[cfg(any(all(feature = "board", target_pointer_width = "32"), feature = "mac", feature = "pseries"))]
mod client;
#[cfg(any(feature = "ppce500", feature = "bamboo"))]
mod ns16550;

#[cfg(feature = "bamboo")]
mod bamboo;
#[cfg(feature = "board")]
mod board;
#[cfg(feature = "mac")]
mod mac;
#[cfg(feature = "mac")]
mod openbios;
#[cfg(feature = "ppce500")]
mod ppce500;
#[cfg(feature = "pseries")]
mod pseries;
#[cfg(all(feature = "board", target_pointer_width = "32"))]
mod stand_in;

#[cfg(feature = "bamboo")]
pub(crate) use bamboo::Bamboo as Here;
#[cfg(feature = "board")]
pub(crate) use board::Board as Here;
#[cfg(feature = "mac")]
pub(crate) use mac::Mac as Here;
#[cfg(feature = "ppce500")]
pub(crate) use ppce500::Ppce500 as Here;
#[cfg(feature = "pseries")]
pub(crate) use pseries::Pseries as Here;

/// What is outside the CPU.
pub(crate) trait Platform {
    /// The CPU that is most often run here, by its name in [`CPUS`].
    const USUAL_CPU: &str;
    /// The CPU is entered as the kernel would have it (`sprig_wire::board`). What else starts us may leave anything in
    /// it.
    const ENTERS_CLEAR: bool = false;

    /// The device registers to map.
    fn io() -> Option<IoWindow>;

    /// Before vectors and translation are set up.
    fn prepare(_entry: EntryRegisters) {}

    /// When translation is set up.
    fn start() {}

    /// Writes to the console.
    fn write(bytes: &[u8]);

    /// Ends the session, with a status where the machine can hand one on.
    fn power_off(status: u32) -> !;

    /// Resets the machine; returns where that cannot be done without its end. QEMU puts image and batch back as they
    /// were and leaves other memory alone.
    fn reset() -> Unsupported;

    /// Has the host side carry out a step, where there is one.
    ///
    /// # Errors
    /// [`Unsupported`] where there is none.
    fn host(_call: u16, _arguments: &[u64]) -> Result<CallResult, Unsupported> {
        Err(Unsupported)
    }

    /// Calls the firmware, where one is left when the guest runs.
    ///
    /// # Errors
    /// [`Unsupported`] where none is.
    fn firmware(_service: u16, _arguments: &[u64]) -> Result<CallResult, Unsupported> {
        Err(Unsupported)
    }

    /// Lowers the external interrupt line; false if the platform does not know how.
    fn acknowledge_external() -> bool {
        false
    }

    /// The same of the critical line.
    fn acknowledge_critical() -> bool {
        false
    }

    /// Size of a partition's hashed page table, as log2 of its groups; 0 where no CPU is a partition.
    fn hash_table_log2_groups() -> u32 {
        0
    }

    /// True if the partition translates by a radix tree.
    fn is_radix() -> bool {
        false
    }

    /// True if time is a number of instructions.
    fn is_counted() -> bool {
        false
    }
}

/// The CPU to take an unknown one for, so that it can say so.
pub(crate) fn usual_cpu() -> &'static Cpu {
    Cpu::by_name(Here::USUAL_CPU).unwrap_or(&CPUS[0])
}

/// Stays where it is: what is left when power-off did not end it.
pub(crate) fn hang() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
