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
//! A platform provides `USUAL_CPU`, `ENTERS_CLEAR`, `io`, `prepare`, `start`, `write`, `power_off`, `reset`, `host`, `firmware`,
//! `acknowledge_external`, `acknowledge_critical`, `hash_table_log2_groups`, `is_radix` and `is_counted`; a new one starts as a copy
//! of the one nearest to it.

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
pub(crate) use bamboo::*;
#[cfg(feature = "board")]
pub(crate) use board::*;
#[cfg(feature = "mac")]
pub(crate) use mac::*;
#[cfg(feature = "ppce500")]
pub(crate) use ppce500::*;
#[cfg(feature = "pseries")]
pub(crate) use pseries::*;

/// The CPU to take an unknown one for, so that it can say so.
pub(crate) fn usual_cpu() -> &'static Cpu {
    Cpu::by_name(USUAL_CPU).unwrap_or(&CPUS[0])
}

/// Stays where it is: what is left when power-off did not end it.
pub(crate) fn hang() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
