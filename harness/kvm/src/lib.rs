//! KVM as PowerPC Linux offers it to user space, and how Sprig's VMM runs a batch on it.
//!
//! ```text
//!   image, batch --session--> a machine for each case --frames--> console
//!                                |        ^
//!                     system::Vm | run    | Exit
//!                                v        |
//!                             the program (harness/vmm): system calls, memory, nothing else
//! ```
//!
//! Everything but system calls, so that it is tested where there is no KVM:
//!
//! - the interface: [`ioctl`] numbers, [`registers`] and [`tlb`] layouts, [`exit`] decoding, [`stats`]
//! - the machine: [`image`], [`entry`], [`board`], [`papr`] calls, [`host`] steps, [`other_vm`], [`returns`],
//!   [`watchdog`]
//! - [`options`]: what it is told; [`session`]: a batch from the first frame to the last, on any [`system`]
//!
//! The kernel's structures have the byte order of the program; everything the guest sees is big-endian
//! ([`sprig_wire`]).
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod board;
pub mod coalesced;
pub mod entry;
pub mod exit;
pub mod host;
pub mod htab;
pub mod image;
pub mod ioctl;
pub mod machine;
pub mod options;
pub mod other_vm;
pub mod papr;
pub mod registers;
pub mod report;
pub mod returns;
pub mod session;
pub mod stats;
pub mod system;
#[cfg(test)]
mod testing;
pub mod tlb;
pub mod watchdog;
